(** The MV-Map means what the definition says, in every cut of every history.

    [meaning E] is the state of a replica that has seen the events [E]. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof.
From Rejoin Require Import definition_proof decisions_meaning_proof mv_register_meaning_proof.
From Rejoin Require version_vector decisions.
From Rejoin Require Import definition mv_map.
Import ListNotations.
Open Scope N_scope.

Section Mv_map.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Context (null : Value).
Local Notation event := (event Name Value).
Local Notation meaning := (meaning compare_name compare_value).
Local Notation reading := (mv_map_reading (Name := Name) (Value := Value)).
Context (H : list event) (happened : history compare_name H).

Theorem joining_mv_maps_unites_their_events E F :
  cut H E ->
  cut H F ->
  join compare_name compare_value (meaning E) (meaning F)
  = meaning (union_events compare_name E F).
Proof using happened lawful_names lawful_values.
  now apply (the_join_of_meanings_is_the_meaning_of_the_union
    compare_name compare_name compare_value reading H).
Qed.

Theorem putting_a_value_adds_the_event E e k time v :
  cut H E ->
  In e H ->
  saw_exactly compare_name e E ->
  operation_of e = Put k time v ->
  put compare_name (dot_origin (dot_of e)) (seq_of e) (user_of e) k v (meaning E)
  = meaning (e :: E).
Proof using happened lawful_names lawful_values.
  intros is_cut e_in saw_it puts.
  apply (deciding_adds_the_event compare_name compare_name compare_value reading H); auto.
  now rewrite puts.
Qed.

(** ** Queries *)

Theorem the_values_at_a_key_are_those_of_the_definition E k :
  get compare_name compare_value null (meaning E) k
  = concurrent_values_at compare_name compare_value null E k.
Proof using lawful_names lawful_values.
  apply (the_values_of_a_frontier compare_name compare_name compare_value null reading).
  intros e. unfold put_at, effect_on, mv_map_reading. now destruct (operation_of e).
Qed.

Lemma nothing_is_written_where_nothing_was_put E k :
  ~ In k (set_of compare_name (flat_map put_key E)) ->
  concurrent_values_at compare_name compare_value null E k = [].
Proof using lawful_names.
  intros missing. unfold concurrent_values_at, unseen_values.
  enough (flat_map (fun e =>
    match put_at compare_name k e with
    | Some value =>
        if existsb (fun f =>
          match put_at compare_name k f with
          | Some _ => sees compare_name f e
          | None => false
          end) E then [] else [value]
    | None => []
    end) E = []) as -> by reflexivity.
  assert (forall e, In e E -> put_at compare_name k e = None) as none.
  { intros e e_in. unfold put_at. destruct (operation_of e) eqn:puts; try reflexivity.
    destruct (equal_is_equality compare_name k element) as [-> |]; [| reflexivity].
    exfalso. apply missing, (in_set_of compare_name), in_flat_map. exists e.
    split; [exact e_in |]. unfold put_key. rewrite puts. now left. }
  generalize E at 1 as all. intros all. induction E as [| e E' IH]; [reflexivity |].
  cbn [flat_map]. rewrite (none e) by now left. cbn [app]. apply IH.
  - intros there. apply missing. apply (in_set_of compare_name), in_flat_map.
    apply (in_set_of compare_name), in_flat_map in there as (f & f_in & this). exists f.
    split; [now right | exact this].
  - intros f f_in. apply none. now right.
Qed.

Theorem the_entries_are_those_of_the_definition E :
  value compare_value null (meaning E) = concurrent_entries compare_name compare_value null E.
Proof using lawful_names lawful_values.
  pose proof (frontiers_are_well_formed compare_name compare_name compare_value reading E)
    as [sorts _]%andb_prop.
  set (ks := set_of compare_name (flat_map put_key E)).
  set (m := map (fun k => (k, concurrent_values_at compare_name compare_value null E k)) ks).
  assert (sorted compare_name m = true) as sorts_m.
  { unfold m, sorted, keys. rewrite map_map. cbn [fst]. rewrite map_id.
    apply (set_of_is_rising compare_name). }
  apply (equal_finds_make_equal_maps compare_name).
  - now apply (map_some_is_sorted compare_name).
  - now apply (map_some_is_sorted compare_name).
  - intros k. unfold value, concurrent_entries. fold ks. fold m.
    rewrite !(find_in_map_some compare_name) by assumption.
    pose proof (the_values_at_a_key_are_those_of_the_definition E k) as at_k.
    unfold get, decisions.frontier in at_k.
    assert (find compare_name k m = Some (concurrent_values_at compare_name compare_value null E k)
      \/ find compare_name k m = None /\
         concurrent_values_at compare_name compare_value null E k = []) as in_m.
    { destruct (find compare_name k m) as [vs |] eqn:found; [left | right; split; [reflexivity |]].
      - apply (found_means_in compare_name) in found; [| exact sorts_m].
        unfold m in found. apply in_map_iff in found as (k' & [= -> <-] & _). reflexivity.
      - apply nothing_is_written_where_nothing_was_put. fold ks. intros there.
        assert (In (k, concurrent_values_at compare_name compare_value null E k) m) as this
          by (unfold m; apply in_map_iff; eauto).
        apply (found_means_in compare_name) in this; [congruence | exact sorts_m]. }
    unfold sorted_set in *.
    destruct (find (V := list (decisions.decision Name Value)) compare_name k
      (decisions.maximal (meaning E))) as [ds |]; cbn [or_empty] in at_k.
    + rewrite at_k. destruct in_m as [-> | [-> ->]]; reflexivity.
    + change (values_of compare_value null []) with (@nil Value) in at_k.
      destruct in_m as [-> | [-> _]]; [now rewrite <- at_k | reflexivity].
Qed.

(** ** Deltas *)

Theorem taking_a_delta_of_an_mv_map_adds_its_events E F v :
  cut H E ->
  cut H F ->
  version_vector.covers compare_name (seen (meaning F)) v = true ->
  take_part compare_name compare_value (part_since compare_name v (meaning E)) (meaning F)
  = meaning (union_events compare_name E F).
Proof using happened lawful_names lawful_values.
  now apply (taking_a_delta_adds_the_events
    compare_name compare_name compare_value reading H).
Qed.
End Mv_map.

(** ** Computed: a key whose writes are all deletions is absent. *)

Section Examples.
Local Definition one : origin N := Origin 1 0.
Local Definition two : origin N := Origin 2 0.
Local Definition wrote (o : origin N) (n k v : N) (saw : list (dot N)) : event N N :=
  Event 0 (Dot o n) n None (Put k 0 v) saw.
Local Notation shown E := (value N.compare 0 (meaning N.compare N.compare E)).

Example concurrent_puts_are_kept :
  shown [wrote one 1 6 40 []; wrote two 1 6 30 []; wrote two 2 7 9 [Dot two 1]]
    = [(6, [30; 40]); (7, [9])]
  /\ shown [wrote one 1 6 40 []; wrote two 1 6 0 [Dot one 1]] = [].
Proof. now repeat split. Qed.
End Examples.
