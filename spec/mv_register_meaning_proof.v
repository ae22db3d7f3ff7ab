(** The MV-Register means what the definition says, in every cut of every history; what it shows
    of a frontier holds of each key of an MV-Map as well.

    [meaning E] is the state of a replica that has seen the events [E]. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof.
From Rejoin Require Import definition_proof decisions_meaning_proof.
From Rejoin Require version_vector decisions.
From Rejoin Require Import definition mv_register.
Import ListNotations.
Open Scope N_scope.

(** ** The values of a frontier *)

Section Values.
Context {Name K Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_key : K -> K -> comparison) {lawful_keys : ordered compare_key}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Context (null : Value).
Context (reading : operation Name Value -> option (K * (N * Value))).
Local Notation event := (event Name Value).

Lemma values_with_equal_members_are_equal vs ws :
  (forall v, In v vs <-> In v ws) ->
  set_of_values compare_value null vs = set_of_values compare_value null ws.
Proof using lawful_values.
  intros same. unfold set_of_values. f_equal.
  apply (equal_content_makes_equal_rising_lists compare_value);
    try apply (set_of_is_rising compare_value).
  intros v. now rewrite !(in_set_of compare_value).
Qed.

Lemma the_values_of_a_frontier (writes : event -> option Value) E k :
  (forall e, writes e = effect_on compare_key reading k e) ->
  set_of_values compare_value null
    (map (fun d => decisions.effect d) (decisions.frontier compare_key k
      (decisions.meaning compare_name compare_key compare_value reading E)))
  = set_of_values compare_value null (unseen_values compare_name writes E).
Proof using lawful_keys lawful_names lawful_values.
  intros reads. apply values_with_equal_members_are_equal. intros v.
  rewrite in_map_iff. unfold unseen_values. rewrite in_flat_map.
  assert (forall e, maximal compare_name compare_key reading E k e
    = match writes e with
      | Some _ => negb (existsb (fun f =>
          match writes f with
          | Some _ => sees compare_name f e
          | None => false
          end) E)
      | None => false
      end) as unseen.
  { intros e. unfold maximal, decides. rewrite <- reads. destruct (writes e); [| reflexivity].
    cbn [andb]. f_equal. induction E as [| f E' IH]; [reflexivity |]. cbn [existsb].
    rewrite IH, <- reads. now destruct (writes f). }
  split.
  - intros (d & <- & listed).
    apply (a_frontier_has_the_maximal_decisions compare_name compare_key compare_value reading)
      in listed as (e & e_in & read & is_max).
    exists e. split; [exact e_in |]. rewrite unseen in is_max.
    unfold decisions.decision_of in read. rewrite reads in *. unfold effect_on in *.
    destruct (reading (operation_of e)) as [[k' [time w]] |]; [| easy].
    injection read as -> <-. rewrite (equal_to_itself compare_key) in *.
    apply negb_true_iff in is_max. rewrite is_max. now left.
  - intros (e & e_in & wrote). specialize (unseen e). pose proof (reads e) as read.
    destruct (writes e) as [w |] eqn:writes_e; [| easy].
    destruct (existsb _ E); [easy |]. destruct wrote as [-> | []]. cbn [negb] in unseen.
    unfold effect_on in read.
    destruct (reading (operation_of e)) as [[k' [time w]] |] eqn:read_e; [| easy].
    destruct (equal_is_equality compare_key k k') as [<- |]; [| easy]. injection read as ->.
    eexists. split; [| apply (a_frontier_has_the_maximal_decisions compare_name compare_key
      compare_value reading); exists e; split; [exact e_in |]; split; [| exact unseen];
      unfold decisions.decision_of; now rewrite read_e]. reflexivity.
Qed.
(** What a maximal write wrote is listed, or it is the tombstone. *)
Lemma a_maximal_write_is_unseen (writes : event -> option Value) E k m v :
  (forall e, writes e = effect_on compare_key reading k e) ->
  In m E ->
  maximal compare_name compare_key reading E k m = true ->
  writes m = Some v ->
  In v (unseen_values compare_name writes E).
Proof.
  intros reads m_in [_ unseen]%andb_prop wrote. apply in_flat_map. exists m.
  split; [exact m_in |]. rewrite wrote. apply negb_true_iff in unseen.
  assert (existsb (fun f =>
    match writes f with
    | Some _ => sees compare_name f m
    | None => false
    end) E = false) as ->; [| now left].
  etransitivity; [| exact unseen]. clear unseen m_in. unfold decides.
  induction E as [| f E' IH]; [reflexivity |]. cbn [existsb]. rewrite IH, <- reads.
  now destruct (writes f).
Qed.

Lemma what_was_written_is_listed v vs :
  In v vs ->
  equal compare_value v null || member compare_value v (set_of_values compare_value null vs)
  = true.
Proof using lawful_values.
  intros there. unfold set_of_values.
  destruct (equal compare_value v null) eqn:deleted; [reflexivity | cbn [orb]].
  apply (member_means_in compare_value).
  - apply (filter_is_rising compare_value), (set_of_is_rising compare_value).
  - apply filter_In. rewrite deleted. split; [now apply (in_set_of compare_value) | reflexivity].
Qed.
End Values.

Section Mv_register.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Context (null : Value).
Local Notation event := (event Name Value).
Local Notation meaning := (meaning compare_name compare_value).
Local Notation reading := (mv_register_reading (Name := Name) (Value := Value)).
Context (H : list event) (happened : history compare_name H).

Theorem joining_mv_registers_unites_their_events E F :
  cut H E ->
  cut H F ->
  join compare_name compare_value (meaning E) (meaning F)
  = meaning (union_events compare_name E F).
Proof using happened lawful_names lawful_values.
  now apply (the_join_of_meanings_is_the_meaning_of_the_union
    compare_name compare_unit compare_value reading H).
Qed.

Theorem writing_a_value_adds_the_event E e time v :
  cut H E ->
  In e H ->
  saw_exactly compare_name e E ->
  operation_of e = Write time v ->
  write compare_name (dot_origin (dot_of e)) (seq_of e) (user_of e) v (meaning E)
  = meaning (e :: E).
Proof using happened lawful_names lawful_values.
  intros is_cut e_in saw_it writes.
  apply (deciding_adds_the_event compare_name compare_unit compare_value reading H); auto.
  now rewrite writes.
Qed.

Theorem the_values_are_those_of_the_definition E :
  value compare_value null (meaning E) = concurrent_values compare_name compare_value null E.
Proof using lawful_names lawful_values.
  apply (the_values_of_a_frontier compare_name compare_unit compare_value null reading).
  intros e. unfold written, effect_on, mv_register_reading. now destruct (operation_of e).
Qed.

Theorem taking_a_delta_of_an_mv_register_adds_its_events E F v :
  cut H E ->
  cut H F ->
  version_vector.covers compare_name (seen (meaning F)) v = true ->
  take_part compare_name compare_value (part_since compare_name v (meaning E)) (meaning F)
  = meaning (union_events compare_name E F).
Proof using happened lawful_names lawful_values.
  now apply (taking_a_delta_adds_the_events
    compare_name compare_unit compare_value reading H).
Qed.
End Mv_register.

(** ** Computed: concurrent values are both there; equal ones once; a deletion is none. *)

Section Examples.
Local Definition one : origin N := Origin 1 0.
Local Definition two : origin N := Origin 2 0.
Local Definition wrote (o : origin N) (n v : N) (saw : list (dot N)) : event N N :=
  Event 0 (Dot o n) n None (Write 0 v) saw.
Local Notation shown E := (value N.compare 0 (meaning N.compare N.compare E)).

Example concurrent_values_are_kept :
  shown [wrote one 1 40 []; wrote two 1 30 []] = [30; 40]
  /\ shown [wrote one 1 40 []; wrote two 1 40 []] = [40]
  /\ shown [wrote one 1 40 []; wrote two 1 0 []] = [40]
  /\ shown [wrote one 2 50 [Dot one 1; Dot two 1]; wrote one 1 40 []; wrote two 1 30 []] = [50].
Proof. now repeat split. Qed.
End Examples.
