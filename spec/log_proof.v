(** Logs are a lattice, and appending equals joining its delta. *)

From Coq Require Import List Bool NArith Lia.
From Rejoin Require Import order lattice sorted_map dot log.
From Rejoin Require Import order_proof sorted_map_proof lattice_proof dot_proof.
From Rejoin Require version_vector version_vector_proof.
Import ListNotations.
Local Open Scope N_scope.

Global Instance entries_are_ordered {Name Value : Type}
    (compare_name : Name -> Name -> comparison)
    (compare_value : Value -> Value -> comparison) :
  ordered compare_name ->
  ordered compare_value ->
  ordered (compare_entry compare_name compare_value).
Proof.
  intros. apply injections_are_ordered; [| exact _].
  intros [[[] ] ] [[[] ] ]; cbn. congruence.
Qed.

Section Log.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {name_lawful : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {value_lawful : ordered compare_value}.
Local Notation compare_entry := (compare_entry compare_name compare_value).
Local Notation state := (state Name Value).
Local Notation well_formed := (well_formed compare_name compare_value).
Local Notation covered := (covered compare_name).
Local Notation join := (join compare_name compare_value).
Local Notation append := (append compare_name compare_value).
Local Notation part_since := (part_since compare_name).
Local Notation take_part := (take_part compare_name compare_value).
Local Notation contains := (version_vector.contains compare_name).
Local Notation well_formed_vector := (version_vector.well_formed compare_name).

(** ** T1 *)

Theorem logs_are_a_lattice : lattice well_formed bottom join.
Proof.
  exact (records_are_a_lattice State seen entries
    (fun _ _ => eq_refl) (fun _ _ => eq_refl) (fun '(State _ _) => eq_refl)
    (version_vector_proof.version_vectors_are_a_lattice compare_name)
    (sets_are_a_lattice compare_entry)).
Qed.

(** ** What a state is *)

(** Whether a state lists the entry. *)
Definition lists (e : entry Name Value) (s : state) : bool := member compare_entry e (entries s).

Lemma well_formed_means (s : state) :
  well_formed s = true <->
  well_formed_vector (seen s) = true /\ rising compare_entry (entries s) = true.
Proof. apply andb_true_iff. Qed.

Lemma seen_is_well_formed (s : state) :
  well_formed s = true ->
  well_formed_vector (seen s) = true.
Proof. intros good. now apply well_formed_means in good. Qed.

Lemma entries_are_rising (s : state) :
  well_formed s = true ->
  rising compare_entry (entries s) = true.
Proof. intros good. now apply well_formed_means in good. Qed.

Local Hint Resolve seen_is_well_formed entries_are_rising : core.

Theorem equal_lists_make_equal_states (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  seen a = seen b ->
  (forall e, lists e a = lists e b) ->
  a = b.
Proof.
  intros good_a good_b same_seen same. destruct a as [v s], b as [w s']. cbn in same_seen.
  f_equal; [exact same_seen |].
  apply (equal_members_make_equal_sets compare_entry);
    [exact (entries_are_rising _ good_a) | exact (entries_are_rising _ good_b) | exact same].
Qed.

Lemma lists_of_join e (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  lists e (join a b) = lists e a || lists e b.
Proof. intros. apply (member_of_union compare_entry); auto. Qed.

(** ** T2 *)

Lemma lists_of_append e o seq time v (s : state) :
  well_formed s = true ->
  lists e (append o seq time v s)
  = equal compare_entry e (Entry (version_vector.next compare_name o (seen s)) seq time v)
    || lists e s.
Proof. intros. apply (member_of_insert compare_entry); auto. Qed.

Theorem append_is_well_formed o seq time v (s : state) :
  well_formed s = true ->
  well_formed (append o seq time v s) = true.
Proof.
  intros good. apply well_formed_means. cbn [seen entries log.append]. split.
  - apply version_vector_proof.see_dot_is_well_formed; auto.
  - apply insert_is_rising; auto.
Qed.

Local Hint Resolve append_is_well_formed : core.

Theorem append_is_inflationary o seq time v (s : state) :
  well_formed s = true ->
  join s (append o seq time v s) = append o seq time v s.
Proof.
  intros good. apply equal_lists_make_equal_states; auto.
  - apply (join_is_well_formed _ _ _ logs_are_a_lattice); auto.
  - apply version_vector_proof.seeing_is_inflationary; auto.
  - intros e. rewrite lists_of_join, lists_of_append by auto.
    now destruct (lists e s), (equal _ _ _).
Qed.

(** ** Deltas *)

Lemma lists_of_part_since u e (s : state) :
  well_formed s = true ->
  lists e (part_since u s) = lists e s && negb (contains (dot_of e) u).
Proof. intros. apply (member_of_filter compare_entry); auto. Qed.

Theorem part_since_is_well_formed u (s : state) :
  well_formed s = true ->
  well_formed (part_since u s) = true.
Proof.
  intros good. apply well_formed_means. cbn [seen entries log.part_since].
  split; [auto | apply filter_is_rising; auto].
Qed.

Theorem take_part_is_well_formed (part s : state) :
  well_formed part = true ->
  well_formed s = true ->
  well_formed (take_part part s) = true.
Proof. intros. now apply (join_is_well_formed _ _ _ logs_are_a_lattice). Qed.

Local Hint Resolve part_since_is_well_formed take_part_is_well_formed : core.

(** A part does what the whole does, if the entries left out are listed already. *)
Theorem a_part_joins_like_the_whole u (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  (forall e, lists e b = true -> contains (dot_of e) u = true -> lists e a = true) ->
  take_part (part_since u b) a = join a b.
Proof.
  intros good_a good_b known. apply equal_lists_make_equal_states; auto.
  - apply (join_is_well_formed _ _ _ logs_are_a_lattice); auto.
  - intros e. unfold log.take_part. rewrite !lists_of_join, lists_of_part_since by auto.
    specialize (known e).
    destruct (lists e a), (lists e b), (contains (dot_of e) u); try reflexivity.
    now apply known.
Qed.

Theorem taking_a_part_is_inflationary (part s : state) :
  well_formed part = true ->
  well_formed s = true ->
  join s (take_part part s) = take_part part s.
Proof. intros. now apply (a_join_is_above_the_left logs_are_a_lattice). Qed.

Theorem taking_part_of_itself_changes_nothing u (s : state) :
  well_formed s = true ->
  take_part (part_since u s) s = s.
Proof.
  intros good. rewrite a_part_joins_like_the_whole by auto.
  now apply (join_is_idempotent _ _ _ logs_are_a_lattice).
Qed.

Theorem append_equals_its_delta o seq time v (s : state) :
  well_formed s = true ->
  take_part (part_since (seen s) (append o seq time v s)) s = append o seq time v s.
Proof.
  intros good. rewrite a_part_joins_like_the_whole;
    [now apply append_is_inflationary | auto.. |].
  intros e. rewrite lists_of_append, orb_true_iff by assumption.
  destruct (equal_is_equality compare_entry e
    (Entry (version_vector.next compare_name o (seen s)) seq time v)) as [-> |].
  - cbn [dot_of]. now rewrite version_vector_proof.the_next_dot_is_new.
  - now intros [|].
Qed.

(** ** Covered states: what a log lists, it has seen. *)

Theorem covered_means_what_is_listed_was_seen (s : state) :
  well_formed s = true ->
  covered s = true <->
  (forall e, lists e s = true -> contains (dot_of e) (seen s) = true).
Proof.
  intros good. unfold log.covered, lists. rewrite forallb_forall.
  split; intros all e listed; apply all; apply (member_means_in compare_entry); auto.
Qed.

Theorem the_join_is_covered (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  covered a = true ->
  covered b = true ->
  covered (join a b) = true.
Proof.
  intros good_a good_b.
  rewrite !covered_means_what_is_listed_was_seen
    by (auto; now apply (join_is_well_formed _ _ _ logs_are_a_lattice)).
  intros all_a all_b e. rewrite lists_of_join, orb_true_iff by assumption.
  cbn [seen log.join]. rewrite (version_vector_proof.contains_of_join compare_name) by auto.
  rewrite orb_true_iff. intuition.
Qed.

Theorem append_is_covered o seq time v (s : state) :
  well_formed s = true ->
  covered s = true ->
  covered (append o seq time v s) = true.
Proof.
  intros good. rewrite !covered_means_what_is_listed_was_seen by auto.
  intros all e. rewrite lists_of_append, orb_true_iff by assumption. cbn [seen log.append].
  destruct (equal_is_equality compare_entry e
    (Entry (version_vector.next compare_name o (seen s)) seq time v)) as [-> |].
  - intros _. apply (version_vector_proof.seen_dots_are_contained compare_name);
      [auto | apply version_vector_proof.the_next_dot_is_a_dot].
  - intros [| listed]; [discriminate |].
    apply version_vector_proof.seeing_forgets_nothing; auto.
Qed.
Theorem part_since_is_covered u (s : state) :
  well_formed s = true ->
  covered s = true ->
  covered (part_since u s) = true.
Proof.
  intros good. rewrite !covered_means_what_is_listed_was_seen by auto.
  intros all e. rewrite lists_of_part_since, andb_true_iff by assumption.
  intros [listed _]. now apply all.
Qed.

Theorem take_part_is_covered (part s : state) :
  well_formed part = true ->
  well_formed s = true ->
  covered part = true ->
  covered s = true ->
  covered (take_part part s) = true.
Proof. intros. now apply the_join_is_covered. Qed.
End Log.

(** ** Computed *)

Section Examples.
Local Definition written : state N N :=
  State [(Origin 1 0, 1)] [Entry (Dot (Origin 1 0) 1) 1 9 40].

Example a_well_formed_state :
  well_formed N.compare N.compare written = true
  /\ covered N.compare written = true.
Proof. now split. Qed.

Example an_entry_with_an_earlier_stamp_goes_first :
  value (append N.compare N.compare (Origin 2 0) 1 8 50 written) = [50; 40]
  /\ entries (part_since N.compare (seen written)
       (append N.compare N.compare (Origin 2 0) 1 8 50 written))
     = [Entry (Dot (Origin 2 0) 1) 1 8 50].
Proof. now split. Qed.
End Examples.
