(** The LWW-Map means what the definition says, in every cut of every history.

    [meaning E] is the state of a replica that has seen the events [E]. Clocks may run behind. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof.
From Rejoin Require Import version_vector_meaning_proof definition_proof decisions_greatest_proof decisions_meaning_proof.
From Rejoin Require version_vector decisions decisions_proof.
From Rejoin Require Import definition lww_map.
Import ListNotations.
Open Scope N_scope.

Section Lww_map.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Context (null : Value).
Local Notation event := (event Name Value).
Local Notation compare_decision := (decisions.compare_decision compare_name compare_value).
Local Notation meaning := (meaning compare_name compare_value).
Local Notation winners_of := (winners_of compare_name compare_value).
Local Notation on_key := (on_key compare_name map_reading).
Local Notation greatest_decision := (greatest_decision compare_name compare_value).

Theorem the_unwritten_map_has_seen_nothing : meaning [] = bottom.
Proof. reflexivity. Qed.

Lemma the_winners_are_the_greatest_decisions E :
  sorted compare_name (winners_of E) = true /\
  forall k, find compare_name k (winners_of E) = greatest_decision (on_key k E).
Proof using lawful_names lawful_values.
  induction E as [| e E [sorts winners]]; [now split |].
  cbn [lww_map.winners_of fold_right]. fold (winners_of E).
  unfold decisions_greatest_proof.on_key. cbn [flat_map].
  destruct (decisions.decision_of map_reading e) as [[k' d] |]; [| now split].
  split; [now apply (merge_is_sorted compare_name) |]. intros k. fold (on_key k E).
  unfold join_winners. rewrite (find_in_merge compare_name) by (reflexivity || assumption).
  rewrite winners. cbn [find]. unfold equal.
  destruct (compare_name k k'); [reflexivity | apply missing_is_least_too..].
Qed.

Lemma equal_winners_make_equal_maps (m : sorted_map Name (decisions.decision Name Value)) E :
  sorted compare_name m = true ->
  (forall k, find compare_name k m = greatest_decision (on_key k E)) ->
  m = winners_of E.
Proof using lawful_names lawful_values.
  intros sorts winners. destruct (the_winners_are_the_greatest_decisions E) as [sorts' winners'].
  apply (equal_finds_make_equal_maps compare_name); auto.
  intros k. now rewrite winners, winners'.
Qed.

Context (H : list event) (happened : history compare_name H).

Theorem the_map_depends_only_on_the_events E F :
  (forall e, In e E <-> In e F) ->
  meaning E = meaning F.
Proof using lawful_names lawful_values.
  intros same. unfold lww_map.meaning. f_equal.
  - now apply (the_meaning_depends_only_on_the_events
      compare_name compare_name compare_value map_reading).
  - destruct (the_winners_are_the_greatest_decisions E) as [sorts winners].
    apply equal_winners_make_equal_maps; [exact sorts |]. intros k. rewrite winners.
    apply (the_greatest_depends_only_on_the_members compare_name compare_value). intros d.
    rewrite !(on_key_has_the_decisions_on_it compare_name map_reading).
    split; intros (e & there & read); exists e; split; auto; now apply same.
Qed.

Theorem joining_maps_unites_their_events E F :
  cut H E ->
  cut H F ->
  join compare_name compare_value (meaning E) (meaning F)
  = meaning (union_events compare_name E F).
Proof using happened lawful_names lawful_values.
  intros cut_e cut_f. unfold join, lww_map.meaning. cbn [decisions winners]. f_equal.
  - now apply (the_join_of_meanings_is_the_meaning_of_the_union
      compare_name compare_name compare_value map_reading H).
  - destruct (the_winners_are_the_greatest_decisions E) as [sorts_e winners_e].
    destruct (the_winners_are_the_greatest_decisions F) as [sorts_f winners_f].
    apply equal_winners_make_equal_maps; [now apply (merge_is_sorted compare_name) |].
    intros k. unfold join_winners.
    rewrite (find_in_merge compare_name) by (reflexivity || assumption).
    rewrite winners_e, winners_f.
    apply (the_greatest_of_both compare_name compare_name compare_value map_reading).
    intros e. apply (a_union_has_the_events_of_both compare_name H happened);
      now apply cut_happened.
Qed.

(** A deletion puts [null]. *)
Theorem putting_adds_the_event E e k time v :
  cut H E ->
  In e H ->
  saw_exactly compare_name e E ->
  operation_of e = Put k time v ->
  put compare_name compare_value (dot_origin (dot_of e)) (seq_of e) time (user_of e) k v
    (meaning E)
  = meaning (e :: E).
Proof using happened lawful_names lawful_values.
  intros is_cut e_in saw_it writes.
  assert (map_reading (operation_of e) = Some (k, (time, v))) as read by now rewrite writes.
  unfold put, lww_map.meaning. cbn [decisions winners]. f_equal.
  - now apply (deciding_adds_the_event compare_name compare_name compare_value
      map_reading H).
  - cbn [lww_map.winners_of fold_right]. fold (winners_of E).
    rewrite (the_next_decision_is_that_of_the_event compare_name compare_name compare_value
      map_reading H E e k time v) by assumption.
    destruct (the_winners_are_the_greatest_decisions E) as [sorts _].
    unfold join_winners.
    apply (equal_finds_make_equal_maps compare_name);
      [now apply (merge_is_sorted compare_name).. |].
    intros k'. rewrite !(find_in_merge compare_name) by (reflexivity || assumption).
    apply (greater_option_is_commutative compare_decision).
Qed.

(** ** Queries *)

Lemma the_stamps_of_a_key_are_those_of_its_decisions (E : list event) k :
  flat_map (key_stamps compare_name k) E = map stamp_of_decision (on_key k E).
Proof.
  unfold decisions_greatest_proof.on_key. rewrite !flat_map_concat_map, concat_map, map_map.
  f_equal. apply map_ext. intros e.
  unfold key_stamps, decisions.decision_of, map_reading.
  destruct (operation_of e); try reflexivity. now destruct (equal compare_name k element).
Qed.

Theorem the_content_of_a_key_is_that_of_the_definition E k :
  get compare_name null (meaning E) k = content_at compare_name compare_value null E k.
Proof using lawful_names lawful_values.
  unfold get, content_at. cbn [winners lww_map.meaning].
  rewrite (proj2 (the_winners_are_the_greatest_decisions E)).
  rewrite the_stamps_of_a_key_are_those_of_its_decisions.
  rewrite <- (the_greatest_decision_has_the_greatest_stamp compare_name compare_value).
  now destruct (greatest_decision (on_key k E)).
Qed.

Lemma a_key_has_a_winner_exactly_if_it_was_put E k :
  In k (set_of compare_name (flat_map put_key E)) <->
  find compare_name k (winners_of E) <> None.
Proof using lawful_names lawful_values.
  rewrite (proj2 (the_winners_are_the_greatest_decisions E)).
  rewrite (in_set_of compare_name), in_flat_map. split.
  - intros (e & there & puts). unfold put_key in puts.
    destruct (operation_of e) as [| | | | k' time v | | | | |] eqn:performed; try easy.
    destruct puts as [-> | []].
    set (d := decisions.Decision (dot_of e) (seq_of e) time (user_of e) v).
    assert (In d (on_key k E)) as listed.
    { apply (on_key_has_the_decisions_on_it compare_name map_reading). exists e.
      split; [exact there |]. unfold decisions.decision_of. now rewrite performed. }
    apply (the_greatest_absorbs_its_members compare_name compare_value) in listed.
    destruct (greatest_decision (on_key k E)); easy.
  - intros some. destruct (on_key k E) as [| d ds] eqn:listed; [easy |].
    assert (In d (on_key k E)) as there by (rewrite listed; now left).
    apply (on_key_has_the_decisions_on_it compare_name map_reading) in there
      as (e & there & read).
    exists e. split; [exact there |]. unfold decisions.decision_of, map_reading, put_key in *.
    destruct (operation_of e); try easy. left. congruence.
Qed.

Theorem the_entries_are_those_of_the_definition E :
  value compare_value null (meaning E) = entries compare_name compare_value null E.
Proof using lawful_names lawful_values.
  destruct (the_winners_are_the_greatest_decisions E) as [sorts _].
  unfold value, entries. cbn [winners lww_map.meaning]. f_equal.
  apply (equal_finds_make_equal_maps compare_name).
  - now rewrite mapped_values_are_sorted.
  - rewrite a_map_made_from_keys_is_sorted. apply (set_of_is_rising compare_name).
  - intros k.
    rewrite (find_in_mapped_values compare_name (fun entry => decisions.effect (snd entry))).
    rewrite (find_in_a_map_made_from_keys compare_name)
      by apply (set_of_is_rising compare_name).
    rewrite <- the_content_of_a_key_is_that_of_the_definition. unfold get.
    cbn [winners lww_map.meaning].
    pose proof (a_key_has_a_winner_exactly_if_it_was_put E k) as put.
    rewrite <- (member_means_in compare_name) in put by apply (set_of_is_rising compare_name).
    destruct (find compare_name k (winners_of E)) as [w |], (member compare_name k _);
      try reflexivity.
    + enough (false = true) by easy. now apply put.
    + now destruct (proj1 put eq_refl).
Qed.

Theorem merge_decisions_of_a_map_are_as_defined E :
  incl E H ->
  NoDup E ->
  merge_decisions compare_name compare_value null (meaning E)
  = definition.merge_decisions compare_name compare_name compare_value map_reading
      (content_at compare_name compare_value null E) E.
Proof using happened lawful_names lawful_values.
  intros past distinct.
  apply (merge_decisions_are_those_of_the_definition
    compare_name compare_name compare_value map_reading H); auto.
  intros k. apply the_content_of_a_key_is_that_of_the_definition.
Qed.

Theorem notices_of_a_map_are_as_defined user E :
  incl E H ->
  NoDup E ->
  notices compare_name compare_value null user (meaning E)
  = definition.notices compare_name compare_name compare_value map_reading
      (content_at compare_name compare_value null E) user E.
Proof using happened lawful_names lawful_values.
  intros past distinct.
  apply (notices_are_those_of_the_definition
    compare_name compare_name compare_value map_reading H); auto.
  intros k. apply the_content_of_a_key_is_that_of_the_definition.
Qed.

(** ** Deltas *)

Theorem taking_a_delta_of_a_map_adds_its_events E F v :
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
  destruct (the_winners_are_the_greatest_decisions E) as [sorts_e winners_e].
  destruct (the_winners_are_the_greatest_decisions F) as [sorts_f winners_f].
  pose proof (frontiers_are_well_formed compare_name compare_name compare_value map_reading E)
    as [sorts _]%andb_prop.
  set (part := part_since compare_name v (meaning E)).
  assert (sorted compare_name (decisions.maximal (decisions part)) = true) as sorts_part
    by now apply (filter_is_sorted compare_name).
  assert (sorted compare_name (winners part) = true) as sorts_winners
    by now apply (restrict_is_sorted compare_name).
  assert (taken : take_part compare_name compare_value part (meaning F)
    = State (decisions.meaning compare_name compare_name compare_value map_reading
        (union_events compare_name E F)) (winners_of (union_events compare_name E F)));
    [| exact taken].
  unfold take_part. f_equal.
  - now apply (taking_a_delta_adds_the_events
      compare_name compare_name compare_value map_reading H).
  - apply equal_winners_make_equal_maps; [now apply (merge_is_sorted compare_name) |].
    intros k. unfold join_winners.
    rewrite (find_in_merge compare_name) by (reflexivity || assumption).
    unfold part, part_since. cbn [winners lww_map.meaning decisions].
    rewrite (find_in_restrict compare_name) by
      (assumption || exact sorts_part).
    rewrite (what_a_part_lists compare_name compare_name compare_value map_reading).
    rewrite winners_e, winners_f.
    destruct (existsb _ _) eqn:listed.
    + destruct (find compare_name k _) eqn:found;
        [| unfold decisions.frontier in listed; now rewrite found in listed].
      apply (the_greatest_of_both compare_name compare_name compare_value map_reading).
      intros e. rewrite both. tauto.
    + rewrite (missing_is_least compare_decision).
      apply (the_greatest_of_a_key_that_is_left_out
        compare_name compare_name compare_value map_reading E F); [exact both |].
      now apply (a_key_that_is_left_out_was_seen
        compare_name compare_name compare_value map_reading H happened E F v k).
Qed.
End Lww_map.
