(** The log means what the definition says, in every cut of every history.

    [meaning E] is the state of a replica that has seen the events [E]. *)

From Coq Require Import List Bool NArith Permutation.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof.
From Rejoin Require Import version_vector_meaning_proof definition_proof.
From Rejoin Require version_vector version_vector_proof log_proof.
From Rejoin Require Import definition log.
Import ListNotations.
Open Scope N_scope.

Section Log.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Local Notation event := (event Name Value).
Local Notation entry := (entry Name Value).
Local Notation compare_entry := (compare_entry compare_name compare_value).
Local Notation compare_stamp := (compare_stamp compare_name compare_value).
Local Notation meaning := (meaning compare_name compare_value).
Local Notation entries_of E := (set_of compare_entry (flat_map entry_of E)).
Local Notation vector E := (version_vector.of_dots compare_name (map definition.dot_of E)).

Theorem the_empty_log_has_seen_nothing : meaning [] = bottom.
Proof. reflexivity. Qed.

Lemma equal_entries_make_equal_sets (s : sorted_set entry) (E : list event) :
  rising compare_entry s = true ->
  (forall x, In x s <-> exists e, In e E /\ In x (entry_of e)) ->
  s = entries_of E.
Proof using lawful_names lawful_values.
  intros rises same. apply (equal_content_makes_equal_rising_lists compare_entry);
    [exact rises | apply (set_of_is_rising compare_entry) |].
  intros x. now rewrite same, (in_set_of compare_entry), in_flat_map.
Qed.

Lemma an_entry_has_the_dot_of_its_event x (e : event) :
  In x (entry_of e) ->
  dot_of x = definition.dot_of e.
Proof. unfold entry_of. destruct (operation_of e); try easy. now intros [<- | []]. Qed.

Context (H : list event) (happened : history compare_name H).

Theorem the_log_depends_only_on_the_events E F :
  (forall e, In e E <-> In e F) ->
  meaning E = meaning F.
Proof using lawful_names lawful_values.
  intros same. unfold log.meaning. f_equal.
  - now apply the_vector_depends_only_on_the_events.
  - apply equal_entries_make_equal_sets; [apply (set_of_is_rising compare_entry) |].
    intros x. rewrite (in_set_of compare_entry), in_flat_map.
    split; intros (e & there & read); exists e; split; auto; now apply same.
Qed.

Theorem joining_logs_unites_their_events E F :
  cut H E ->
  cut H F ->
  join compare_name compare_value (meaning E) (meaning F)
  = meaning (union_events compare_name E F).
Proof using happened lawful_names lawful_values.
  intros cut_e cut_f.
  assert (forall e, In e (union_events compare_name E F) <-> In e E \/ In e F) as both.
  { intros e. apply (a_union_has_the_events_of_both compare_name H happened);
      now apply cut_happened. }
  unfold join, log.meaning. cbn [seen entries]. f_equal.
  - now apply (the_join_of_vectors_is_the_vector_of_both compare_name).
  - pose proof (set_of_is_rising compare_entry) as rises.
    apply equal_entries_make_equal_sets; [now apply (union_is_rising compare_entry) |].
    intros x. rewrite <- (member_means_in compare_entry), (member_of_union compare_entry),
      orb_true_iff, !(member_means_in compare_entry), !(in_set_of compare_entry), !in_flat_map
      by auto using (union_is_rising compare_entry).
    split; [intros [(e & there & this) | (e & there & this)] | intros (e & there & this)].
    + exists e. rewrite both. auto.
    + exists e. rewrite both. auto.
    + apply both in there as [there | there]; [left | right]; exists e; auto.
Qed.

Theorem appending_adds_the_event E e time v :
  cut H E ->
  In e H ->
  saw_exactly compare_name e E ->
  operation_of e = Append time v ->
  append compare_name compare_value (dot_origin (definition.dot_of e)) (definition.seq_of e)
    time v (meaning E)
  = meaning (e :: E).
Proof using happened lawful_names.
  intros is_cut e_in saw_it appends. unfold append, log.meaning. cbn [seen entries].
  rewrite (the_next_dot_is_that_of_an_event_that_saw_exactly_this compare_name H happened)
    by assumption.
  f_equal. cbn [flat_map]. unfold entry_of at 2. now rewrite appends.
Qed.

(** ** Queries *)

Definition stamp_of_entry (x : entry) : stamp (Name := Name) (Value := Value) :=
  (timestamp x, (replica (dot_origin (dot_of x)), (seq_of x, content x))).

Lemma a_greater_entry_has_no_lesser_stamp x y :
  compare_entry x y = Lt ->
  compare_stamp (stamp_of_entry y) (stamp_of_entry x) <> Lt.
Proof using lawful_names lawful_values.
  unfold log.compare_entry, compare_by, definition.compare_stamp, stamp_of_entry, compare_pair.
  cbn [fst snd]. intros less. rewrite (turned_around _ numbers_are_ordered (timestamp x)).
  destruct (N.compare (timestamp x) (timestamp y)); [| easy | easy]. cbn [CompOpp].
  rewrite (turned_around _ lawful_names (replica (dot_origin (dot_of x)))).
  destruct (compare_name (replica (dot_origin (dot_of x))) _); [| easy | easy]. cbn [CompOpp].
  rewrite (turned_around _ numbers_are_ordered (seq_of x)).
  destruct (N.compare (seq_of x) _); [| easy | easy]. cbn [CompOpp].
  rewrite (turned_around _ lawful_values (content x)).
  destruct (compare_value (content x) _); easy.
Qed.

Lemma the_stamps_of_rising_entries_are_sorted xs :
  rising compare_entry xs = true ->
  sort compare_stamp (map stamp_of_entry xs) = map stamp_of_entry xs.
Proof using lawful_names lawful_values.
  induction xs as [| x xs IH]; intros rises; [reflexivity |].
  apply (rising_means_all_above_the_first compare_entry) in rises as [above rises].
  cbn [map sort fold_right]. fold (sort compare_stamp (map stamp_of_entry xs)).
  rewrite (IH rises). destruct above as [| y xs less above]; [reflexivity |].
  cbn [map place].
  apply a_greater_entry_has_no_lesser_stamp in less. unfold below.
  now destruct (compare_stamp (stamp_of_entry y) (stamp_of_entry x)).
Qed.

Theorem the_items_are_those_of_the_definition E :
  incl E H ->
  NoDup E ->
  value (meaning E) = items compare_name compare_value E.
Proof using happened lawful_names lawful_values.
  intros past distinct. unfold value, items. cbn [entries log.meaning].
  assert (flat_map entry_stamps E = map stamp_of_entry (flat_map entry_of E)) as ->.
  { rewrite !flat_map_concat_map, concat_map, map_map. f_equal. apply map_ext. intros e.
    unfold entry_stamps, entry_of. now destruct (operation_of e). }
  pose proof (set_of_is_rising compare_entry (flat_map entry_of E)) as rises.
  assert (Permutation (flat_map entry_of E) (entries_of E)) as same.
  { apply NoDup_Permutation.
    - apply NoDup_flat_map_if_disjoint; [exact distinct | |].
      + intros e _. unfold entry_of. destruct (operation_of e); repeat constructor; easy.
      + intros e f x e_in f_in in_e in_f. apply (dots_are_unique _ _ happened); auto.
        now rewrite <- (an_entry_has_the_dot_of_its_event x e in_e),
          <- (an_entry_has_the_dot_of_its_event x f in_f).
    - now apply (rising_lists_have_no_repeats compare_entry).
    - intros x. now rewrite (in_set_of compare_entry). }
  rewrite (equal_items_are_sorted_equally compare_stamp _ _ (Permutation_map _ same)).
  rewrite the_stamps_of_rising_entries_are_sorted by exact rises.
  now rewrite map_map.
Qed.

(** ** Deltas *)

Theorem taking_a_delta_of_a_log_adds_its_events E F v :
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
  unfold take_part, join, part_since, log.meaning. cbn [seen entries]. f_equal.
  - apply (the_join_of_vectors_is_the_vector_of_both compare_name).
    intros e. rewrite both. tauto.
  - pose proof (set_of_is_rising compare_entry) as rises.
    assert (forall p s, rising compare_entry s = true ->
      rising compare_entry (filter p s) = true) as filtered
      by (intros; now apply (filter_is_rising compare_entry)).
    apply equal_entries_make_equal_sets; [apply (union_is_rising compare_entry); auto |].
    intros x. rewrite <- (member_means_in compare_entry), (member_of_union compare_entry),
      orb_true_iff, !(member_means_in compare_entry), filter_In,
      !(in_set_of compare_entry), !in_flat_map
      by auto using (union_is_rising compare_entry).
    split; [intros [(e & there & this) | [(e & there & this) _]] | intros (e & there & this)].
    + exists e. rewrite both. auto.
    + exists e. rewrite both. auto.
    + apply both in there as [there | there]; [| left; eauto].
      destruct (version_vector.contains compare_name (dot_of x) v) eqn:known;
        [left | right; eauto].
      exists e. split; [| exact this].
      apply (what_is_covered_is_contained compare_name v (vector F)) in known;
        [| exact covered].
      rewrite (an_entry_has_the_dot_of_its_event x e this) in known.
      apply (an_event_is_in_a_cut_exactly_if_its_vector_has_it compare_name H happened F e)
        in known; auto.
      now apply (cut_happened _ _ cut_e).
Qed.
End Log.
