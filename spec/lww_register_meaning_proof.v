(** The LWW-Register means what the definition says, in every cut of every history.

    [meaning E] is the state of a replica that has seen the events [E]. Clocks may run behind. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof.
From Rejoin Require Import version_vector_meaning_proof definition_proof decisions_greatest_proof decisions_meaning_proof.
From Rejoin Require version_vector decisions.
From Rejoin Require Import definition lww_register.
Import ListNotations.
Open Scope N_scope.

Section Lww_register.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Context (null : Value).
Local Notation event := (event Name Value).
Local Notation compare_decision := (decisions.compare_decision compare_name compare_value).
Local Notation meaning := (meaning compare_name compare_value).
Local Notation on_key := (on_key compare_unit register_reading tt).
Local Notation greatest_decision := (greatest_decision compare_name compare_value).

Theorem the_unwritten_register_has_seen_nothing : meaning [] = bottom.
Proof. reflexivity. Qed.

Lemma the_winner_is_the_greatest_decision E :
  winner_of compare_name compare_value E = greatest_decision (on_key E).
Proof using lawful_names lawful_values.
  induction E as [| e E IH]; [reflexivity |].
  unfold decisions_greatest_proof.on_key. cbn [winner_of flat_map fold_right].
  fold (winner_of compare_name compare_value E) (on_key E). rewrite IH.
  destruct (decisions.decision_of register_reading e) as [[[] d] |]; [| reflexivity].
  reflexivity.
Qed.

Context (H : list event) (happened : history compare_name H).

Theorem the_register_depends_only_on_the_events E F :
  (forall e, In e E <-> In e F) ->
  meaning E = meaning F.
Proof using lawful_names lawful_values.
  intros same. unfold lww_register.meaning. f_equal.
  - now apply (the_meaning_depends_only_on_the_events
      compare_name compare_unit compare_value register_reading).
  - rewrite !the_winner_is_the_greatest_decision.
    apply (the_greatest_depends_only_on_the_members compare_name compare_value). intros d.
    rewrite !(on_key_has_the_decisions_on_it compare_unit register_reading).
    split; intros (e & there & read); exists e; split; auto; now apply same.
Qed.

Theorem joining_registers_unites_their_events E F :
  cut H E ->
  cut H F ->
  join compare_name compare_value (meaning E) (meaning F)
  = meaning (union_events compare_name E F).
Proof using happened lawful_names lawful_values.
  intros cut_e cut_f. unfold join, lww_register.meaning. cbn [decisions winner]. f_equal.
  - now apply (the_join_of_meanings_is_the_meaning_of_the_union
      compare_name compare_unit compare_value register_reading H).
  - rewrite !the_winner_is_the_greatest_decision.
    apply (the_greatest_of_both compare_name compare_unit compare_value register_reading).
    intros e. apply (a_union_has_the_events_of_both compare_name H happened);
      now apply cut_happened.
Qed.

Theorem writing_adds_the_event E e time v :
  cut H E ->
  In e H ->
  saw_exactly compare_name e E ->
  operation_of e = Write time v ->
  write compare_name compare_value (dot_origin (dot_of e)) (seq_of e) time (user_of e) v
    (meaning E)
  = meaning (e :: E).
Proof using happened lawful_names lawful_values.
  intros is_cut e_in saw_it writes.
  assert (register_reading (operation_of e) = Some (tt, (time, v))) as read
    by now rewrite writes.
  unfold write, lww_register.meaning. cbn [decisions winner]. f_equal.
  - now apply (deciding_adds_the_event compare_name compare_unit compare_value
      register_reading H).
  - cbn [winner_of fold_right].
    rewrite (the_next_decision_is_that_of_the_event compare_name compare_unit compare_value
      register_reading H E e tt time v) by assumption.
    apply (greater_option_is_commutative compare_decision).
Qed.

(** ** Queries *)

Theorem the_content_is_that_of_the_definition E :
  value null (meaning E) = content compare_name compare_value null E.
Proof using lawful_names lawful_values.
  unfold value, content. cbn [winner lww_register.meaning].
  rewrite the_winner_is_the_greatest_decision.
  assert (flat_map register_stamps E = map stamp_of_decision (on_key E)) as ->.
  { unfold decisions_greatest_proof.on_key. rewrite !flat_map_concat_map, concat_map, map_map.
    f_equal. apply map_ext. intros e.
    unfold register_stamps, decisions.decision_of, register_reading.
    now destruct (operation_of e). }
  rewrite <- (the_greatest_decision_has_the_greatest_stamp compare_name compare_value).
  now destruct (greatest_decision (on_key E)).
Qed.

Theorem merge_decisions_of_a_register_are_as_defined E :
  incl E H ->
  NoDup E ->
  merge_decisions compare_name compare_value null (meaning E)
  = definition.merge_decisions compare_name compare_unit compare_value register_reading
      (current_content compare_name compare_value null E) E.
Proof using happened lawful_names lawful_values.
  intros past distinct.
  apply (merge_decisions_are_those_of_the_definition
    compare_name compare_unit compare_value register_reading H); auto.
  intros k. apply the_content_is_that_of_the_definition.
Qed.

Theorem notices_of_a_register_are_as_defined user E :
  incl E H ->
  NoDup E ->
  notices compare_name compare_value null user (meaning E)
  = definition.notices compare_name compare_unit compare_value register_reading
      (current_content compare_name compare_value null E) user E.
Proof using happened lawful_names lawful_values.
  intros past distinct.
  apply (notices_are_those_of_the_definition
    compare_name compare_unit compare_value register_reading H); auto.
  intros k. apply the_content_is_that_of_the_definition.
Qed.

(** ** Deltas *)

Theorem taking_a_delta_of_a_register_adds_its_events E F v :
  cut H E ->
  cut H F ->
  version_vector.covers compare_name (seen (meaning F)) v = true ->
  take_part compare_name compare_value (part_since compare_name v (meaning E)) (meaning F)
  = meaning (union_events compare_name E F).
Proof using happened lawful_names lawful_values.
  intros cut_e cut_f covered.
  assert (forall e, In e (union_events compare_name E F) <-> In e E \/ In e F) as both.
  { intros e. apply (a_union_has_the_events_of_both compare_name H happened);
      now apply cut_happened. }
  unfold take_part, part_since, lww_register.meaning. cbn [decisions winner]. f_equal.
  - now apply (taking_a_delta_adds_the_events
      compare_name compare_unit compare_value register_reading H).
  - rewrite (what_a_part_lists compare_name compare_unit compare_value register_reading).
    rewrite !the_winner_is_the_greatest_decision.
    destruct (existsb _ _) eqn:listed.
    + destruct (find compare_unit tt _) eqn:found;
        [| unfold decisions.frontier in listed; now rewrite found in listed].
      apply (the_greatest_of_both compare_name compare_unit compare_value register_reading).
      intros e. rewrite both. tauto.
    + rewrite (missing_is_least compare_decision).
      apply (the_greatest_of_a_key_that_is_left_out
        compare_name compare_unit compare_value register_reading E F); [exact both |].
      now apply (a_key_that_is_left_out_was_seen
        compare_name compare_unit compare_value register_reading H happened E F v tt).
Qed.
End Lww_register.
