(** The DW-Flag means what the definition says, in every cut of every history.

    [meaning E] is the state of a replica that has seen the events [E]. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof.
From Rejoin Require Import definition_proof decisions_meaning_proof presences_proof.
From Rejoin Require version_vector decisions or_set_proof.
From Rejoin Require Import definition dw_flag.
Import ListNotations.
Import or_set_proof (presences_are_ordered).
Open Scope N_scope.

Section Dw_flag.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Local Notation event := (event Name Value).
Local Notation meaning := (meaning compare_name (Value := Value)).
Local Notation reading := (flag_reading (Name := Name) (Value := Value)).
Context (H : list event) (happened : history compare_name H).

Theorem joining_flags_unites_their_events E F :
  cut H E ->
  cut H F ->
  join compare_name (meaning E) (meaning F) = meaning (union_events compare_name E F).
Proof using happened lawful_names.
  now apply (the_join_of_meanings_is_the_meaning_of_the_union
    compare_name compare_unit compare_presence reading H).
Qed.

Theorem deciding_a_flag_adds_the_event E e p :
  cut H E ->
  In e H ->
  saw_exactly compare_name e E ->
  reading (operation_of e) = Some (tt, (0, p)) ->
  decide compare_name (dot_origin (dot_of e)) (seq_of e) (user_of e) p (meaning E)
  = meaning (e :: E).
Proof using happened lawful_names.
  now apply (deciding_adds_the_event compare_name compare_unit compare_presence reading H).
Qed.

(** ** Queries *)

Lemma the_rule_of_the_flag E :
  dw_enabled compare_name E = no_remove_wins compare_name compare_unit reading E tt.
Proof.
  assert (forall e : event,
    is_enable e = has_effect compare_unit compare_presence reading tt Added e
    /\ is_disable e = has_effect compare_unit compare_presence reading tt Removed e) as same.
  { intros e. unfold is_enable, is_disable, has_effect, effect_on, flag_reading.
    now destruct (operation_of e). }
  unfold dw_enabled, no_remove_wins. f_equal.
  - apply same_members_exist_by. intros e. apply (same e).
  - apply forallb_ext. intros r. rewrite (proj2 (same r)). f_equal.
    apply same_members_exist_by. intros e. now rewrite (proj1 (same e)).
Qed.

Theorem the_flag_is_that_of_the_definition E :
  incl E H ->
  value (meaning E) = dw_enabled compare_name E.
Proof using happened lawful_names.
  intros past. rewrite the_rule_of_the_flag.
  now apply (no_remove_wins_as_the_frontier_says compare_name compare_unit reading H).
Qed.

Theorem merge_decisions_of_a_flag_are_as_defined E :
  incl E H ->
  NoDup E ->
  merge_decisions compare_name (meaning E)
  = definition.merge_decisions compare_name compare_unit compare_presence reading
      (fun _ => presence_of (dw_enabled compare_name E)) E.
Proof using happened lawful_names.
  intros past distinct.
  apply (merge_decisions_are_those_of_the_definition
    compare_name compare_unit compare_presence reading H); auto.
  intros k. unfold current. now rewrite the_flag_is_that_of_the_definition.
Qed.

Theorem notices_of_a_flag_are_as_defined user E :
  incl E H ->
  NoDup E ->
  notices compare_name user (meaning E)
  = definition.notices compare_name compare_unit compare_presence reading
      (fun _ => presence_of (dw_enabled compare_name E)) user E.
Proof using happened lawful_names.
  intros past distinct.
  apply (notices_are_those_of_the_definition
    compare_name compare_unit compare_presence reading H); auto.
  intros k. unfold current. now rewrite the_flag_is_that_of_the_definition.
Qed.

(** ** Deltas *)

Theorem taking_a_delta_of_a_flag_adds_its_events E F v :
  cut H E ->
  cut H F ->
  version_vector.covers compare_name (seen (meaning F)) v = true ->
  take_part compare_name (part_since compare_name v (meaning E)) (meaning F)
  = meaning (union_events compare_name E F).
Proof using happened lawful_names.
  now apply (taking_a_delta_adds_the_events
    compare_name compare_unit compare_presence reading H).
Qed.

(** Whichever the decision is. *)
Theorem a_decision_that_saw_all_others_closes_the_flag E e :
  incl E H ->
  In e E ->
  decides compare_unit reading tt e = true ->
  (forall f, In f E -> decides compare_unit reading tt f = true ->
    f = e \/ sees compare_name e f = true) ->
  open compare_name compare_unit compare_presence reading
    (fun _ => presence_of (dw_enabled compare_name E)) E tt = false.
Proof using happened lawful_names.
  intros. rewrite <- (a_decision_that_saw_all_others_closes_its_key compare_name compare_unit
    reading H happened (no_remove_wins compare_name compare_unit reading) E tt e); auto.
  apply same_members_exist_by. intros f. now rewrite the_rule_of_the_flag.
Qed.
End Dw_flag.

(** ** Computed *)

Section Examples.
Local Definition one : origin N := Origin 1 0.
Local Definition two : origin N := Origin 2 0.
Local Definition enabled : event N N := Event 0 (Dot one 1) 1 None Enable [].
Local Definition disabled : event N N := Event 0 (Dot two 1) 1 (Some 7) Disable [].
Local Definition again : event N N := Event 0 (Dot one 2) 2 None Enable [Dot one 1; Dot two 1].

Example a_disable_wins_over_a_concurrent_enable :
  value (meaning N.compare [enabled; disabled]) = false
  /\ merge_decisions N.compare (meaning N.compare [enabled; disabled])
     = [Merge_decision tt [(2, 1)] [(1, 1)]]
  /\ value (meaning N.compare [again; enabled; disabled]) = true.
Proof. now repeat split. Qed.
End Examples.
