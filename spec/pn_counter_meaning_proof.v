(** The PN-Counter means what the definition says, in every cut of every history.

    The decrements of a history are the increments of the opposite one, so each theorem is that
    of the G-Counter, twice. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof.
From Rejoin Require Import definition_proof g_counter_meaning_proof.
From Rejoin Require version_vector g_counter.
From Rejoin Require Import definition pn_counter.
Import ListNotations.
Open Scope N_scope.

Section Pn_counter.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Local Notation event := (event Name Value).
Local Notation meaning := (meaning compare_name (Value := Value)).
Local Notation union_events := (union_events compare_name).
Local Notation opposite := (opposite (Name := Name) (Value := Value)).

Theorem the_empty_pn_counter_has_seen_nothing : meaning [] = bottom.
Proof. reflexivity. Qed.

(** ** The opposite history *)

Lemma the_opposite_of_the_opposite e : opposite (opposite e) = e.
Proof. destruct e as [? ? ? ? [] ?]; reflexivity. Qed.

Lemma opposites_differ e f : opposite e = opposite f -> e = f.
Proof.
  intros same. now rewrite <- (the_opposite_of_the_opposite e), same,
    the_opposite_of_the_opposite.
Qed.

Lemma opposites_are_there e E : In (opposite e) (map opposite E) <-> In e E.
Proof.
  split; [| apply in_map]. intros (f & same & there)%in_map_iff.
  now apply opposites_differ in same as <-.
Qed.

Lemma the_opposite_of_a_history (H : list event) :
  history compare_name H ->
  history compare_name (map opposite H).
Proof.
  intros [unique distinct from_1 valids own transitive itself].
  split.
  - intros ? ? (e & <- & e_in)%in_map_iff (f & <- & f_in)%in_map_iff same. f_equal.
    exact (unique e f e_in f_in same).
  - apply distinct_images; [exact distinct |]. intros ? ? _ _. apply opposites_differ.
  - intros ? (e & <- & e_in)%in_map_iff. exact (from_1 e e_in).
  - intros ? (e & <- & e_in)%in_map_iff. specialize (valids e e_in).
    unfold pn_counter.opposite. cbn [operation_of]. now destruct (operation_of e).
  - intros ? n (e & <- & e_in)%in_map_iff. exact (own e n e_in).
  - intros ? ? d (e & <- & e_in)%in_map_iff (f & <- & f_in)%in_map_iff.
    exact (transitive e f d e_in f_in).
  - intros ? (e & <- & e_in)%in_map_iff. exact (itself e e_in).
Qed.

Lemma the_opposite_of_a_cut (H E : list event) :
  cut H E ->
  cut (map opposite H) (map opposite E).
Proof.
  intros [past distinct complete]. split.
  - intros ? (e & <- & e_in)%in_map_iff. apply in_map. auto.
  - apply distinct_images; [exact distinct |]. intros ? ? _ _. apply opposites_differ.
  - intros ? d (e & <- & e_in)%in_map_iff seen.
    destruct (complete e d e_in seen) as (f & f_in & same).
    exists (opposite f). split; [now apply in_map | exact same].
Qed.

Lemma the_opposite_of_a_union (E F : list event) :
  map opposite (union_events E F) = union_events (map opposite E) (map opposite F).
Proof.
  unfold definition.union_events. rewrite map_app. f_equal.
  induction F as [| f F IH]; [reflexivity |]. cbn [filter map].
  assert (has_event compare_name (map opposite E) (opposite f) = has_event compare_name E f)
    as ->.
  { unfold has_event. clear IH. induction E as [| e E IH]; [reflexivity |].
    cbn [existsb map]. now rewrite IH. }
  destruct (has_event compare_name E f); cbn [negb map]; now rewrite IH.
Qed.

Lemma what_has_seen_the_opposite (E : list event) :
  map (dot_of (Name := Name) (Value := Value)) (map opposite E) = map dot_of E.
Proof. rewrite map_map. reflexivity. Qed.

Lemma the_decrements_are_the_opposite_increments (E : list event) :
  g_counter.State (seen (meaning E)) (decrements (meaning E))
  = g_counter.meaning compare_name (map opposite E).
Proof.
  cbn [seen decrements pn_counter.meaning both]. unfold g_counter.meaning at 1 3.
  now rewrite what_has_seen_the_opposite.
Qed.

(** ** T3 *)

Context (H : list event) (happened : history compare_name H).

Theorem the_pn_counter_depends_only_on_the_events E F :
  NoDup E ->
  NoDup F ->
  (forall e, In e E <-> In e F) ->
  meaning E = meaning F.
Proof using lawful_names.
  intros distinct_e distinct_f same. unfold pn_counter.meaning. f_equal.
  - now apply the_counter_depends_only_on_the_events.
  - apply the_counter_depends_only_on_the_events; [exact _ | | |].
    + apply distinct_images; [exact distinct_e |]. intros ? ? _ _. apply opposites_differ.
    + apply distinct_images; [exact distinct_f |]. intros ? ? _ _. apply opposites_differ.
    + intros e. rewrite <- (the_opposite_of_the_opposite e), !opposites_are_there. apply same.
Qed.

Theorem joining_pn_counters_unites_their_events E F :
  cut H E ->
  cut H F ->
  join compare_name (meaning E) (meaning F) = meaning (union_events E F).
Proof using happened lawful_names.
  intros cut_e cut_f. unfold join. unfold down. rewrite !the_decrements_are_the_opposite_increments.
  unfold pn_counter.meaning at 3. f_equal.
  - exact (joining_counters_unites_their_events compare_name H happened E F cut_e cut_f).
  - rewrite the_opposite_of_a_union.
    apply (joining_counters_unites_their_events compare_name (map opposite H));
      auto using the_opposite_of_a_history, the_opposite_of_a_cut.
Qed.

Theorem incrementing_adds_the_event E e amount :
  cut H E ->
  In e H ->
  saw_exactly compare_name e E ->
  operation_of e = Increment amount ->
  increment compare_name (dot_origin (dot_of e)) amount (meaning E) = meaning (e :: E).
Proof using happened lawful_names.
  intros is_cut e_in saw_it increments. unfold increment.
  pose proof (incrementing_adds_the_event compare_name H happened E e amount is_cut e_in saw_it
    increments) as adds.
  change (up (meaning E)) with (g_counter.meaning compare_name E). rewrite adds.
  unfold pn_counter.meaning at 2, both. f_equal. cbn [map].
  rewrite one_more_event_adds_to_its_share. unfold g_counter_meaning_proof.increments. cbn.
  now rewrite increments.
Qed.

Theorem decrementing_adds_the_event E e amount :
  cut H E ->
  In e H ->
  saw_exactly compare_name e E ->
  operation_of e = Decrement amount ->
  decrement compare_name (dot_origin (dot_of e)) amount (meaning E) = meaning (e :: E).
Proof using happened lawful_names.
  intros is_cut e_in saw_it decrements. unfold decrement, down.
  rewrite the_decrements_are_the_opposite_increments.
  pose proof (g_counter_meaning_proof.incrementing_adds_the_event compare_name
    (map opposite H) (the_opposite_of_a_history H happened) (map opposite E) (opposite e) amount)
    as adds.
  change (dot_of (opposite e)) with (dot_of e) in adds. rewrite adds.
  - unfold pn_counter.meaning at 2, both. f_equal.
    + cbn. unfold version_vector.of_dots. now rewrite what_has_seen_the_opposite.
    + rewrite one_more_event_adds_to_its_share. unfold g_counter_meaning_proof.increments.
      now rewrite decrements.
  - now apply the_opposite_of_a_cut.
  - now apply in_map.
  - destruct saw_it as [saw_all only]. split.
    + intros f (g & <- & there)%in_map_iff. exact (saw_all g there).
    + now rewrite what_has_seen_the_opposite.
  - cbn. now rewrite decrements.
Qed.

Theorem the_value_is_the_balance_of_the_definition E : value (meaning E) = balance E.
Proof using lawful_names.
  unfold value, balance. unfold down. rewrite the_decrements_are_the_opposite_increments.
  change (up (meaning E)) with (g_counter.meaning compare_name E).
  rewrite !(the_value_is_the_count_of_the_definition compare_name). do 2 f_equal.
  unfold count, count_down. rewrite map_map. f_equal. apply map_ext. intros e.
  unfold amount_of, decrement_of. cbn. now destruct (operation_of e).
Qed.

(** ** Deltas *)

Theorem taking_a_delta_of_a_pn_counter_adds_its_events E F v :
  cut H E ->
  cut H F ->
  version_vector.covers compare_name (seen (meaning F)) v = true ->
  take_part compare_name (part_since compare_name v (meaning E)) (meaning F)
  = meaning (union_events E F).
Proof using happened lawful_names.
  intros cut_e cut_f covered.
  transitivity (both
    (g_counter.take_part compare_name
      (g_counter.part_since compare_name v (g_counter.meaning compare_name E))
      (g_counter.meaning compare_name F))
    (g_counter.take_part compare_name
      (g_counter.part_since compare_name v (down (meaning E))) (down (meaning F))));
    [reflexivity |].
  unfold down. rewrite !the_decrements_are_the_opposite_increments.
  unfold pn_counter.meaning at 1. f_equal.
  - exact (taking_a_delta_of_a_counter_adds_its_events compare_name H happened E F v cut_e cut_f
      covered).
  - rewrite the_opposite_of_a_union.
    apply (taking_a_delta_of_a_counter_adds_its_events compare_name (map opposite H));
      auto using the_opposite_of_a_history, the_opposite_of_a_cut.
    cbn [g_counter.seen g_counter.meaning]. rewrite what_has_seen_the_opposite. exact covered.
Qed.
End Pn_counter.
