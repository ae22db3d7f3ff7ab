(** LWW-Maps are a lattice; putting and deleting equal joining their deltas. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order lattice sorted_map dot lww_map.
From Rejoin Require Import order_proof sorted_map_proof lattice_proof dot_proof decisions_proof.
From Rejoin Require version_vector decisions.
Import ListNotations.
Local Open Scope N_scope.

Section Lww_map.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {name_lawful : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {value_lawful : ordered compare_value}.
Context (null : Value).
Local Notation decision := (decisions.decision Name Value).
Local Notation compare_decision := (decisions.compare_decision compare_name compare_value).
Local Notation state := (state Name Value).
Local Notation well_formed := (well_formed compare_name compare_value).
Local Notation well_formed_decisions :=
  (decisions.well_formed compare_name compare_name compare_value).
Local Notation join_winners := (join_winners compare_name compare_value).
Local Notation covered := (covered compare_name).
Local Notation join := (join compare_name compare_value).
Local Notation put := (put compare_name compare_value).
Local Notation delete := (delete compare_name compare_value null).
Local Notation part_since := (part_since compare_name).
Local Notation take_part := (take_part compare_name compare_value).
Local Notation frontier := (decisions.frontier compare_name).
Local Notation join_frontiers := (decisions.join_frontiers compare_name compare_value).
Local Notation sends := (sends compare_name compare_name).

(** ** T1 *)

Lemma winners_are_a_lattice : lattice (sorted compare_name) [] join_winners.
Proof.
  eapply lattices_depend_on_what_is_well_formed;
    [| apply (maps_are_a_lattice compare_name (fun _ => true)); intros k;
       exact (options_are_a_lattice compare_decision _)].
  intros m. now apply maps_of_anything_are_well_formed_when_sorted.
Qed.

Theorem lww_maps_are_a_lattice : lattice well_formed bottom join.
Proof.
  exact (records_are_a_lattice State decisions winners
    (fun _ _ => eq_refl) (fun _ _ => eq_refl) (fun '(State _ _) => eq_refl)
    (decisions_are_a_lattice compare_name compare_name compare_value)
    winners_are_a_lattice).
Qed.

(** ** What a state is *)

Lemma well_formed_means (s : state) :
  well_formed s = true <->
  well_formed_decisions (decisions s) = true /\ sorted compare_name (winners s) = true.
Proof. apply andb_true_iff. Qed.

Lemma decisions_are_well_formed (s : state) :
  well_formed s = true ->
  well_formed_decisions (decisions s) = true.
Proof. intros good. now apply well_formed_means in good. Qed.

Lemma winners_are_sorted (s : state) :
  well_formed s = true ->
  sorted compare_name (winners s) = true.
Proof. intros good. now apply well_formed_means in good. Qed.

Local Hint Resolve decisions_are_well_formed winners_are_sorted : core.

Lemma find_in_join_winners k a b :
  sorted compare_name a = true ->
  sorted compare_name b = true ->
  find compare_name k (join_winners a b)
  = greater_option compare_decision (find compare_name k a) (find compare_name k b).
Proof. intros. now apply (find_in_merge compare_name). Qed.

Theorem the_join_is_covered (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  covered a = true ->
  covered b = true ->
  covered (join a b) = true.
Proof.
  intros. apply (the_join_is_covered compare_name compare_name compare_value); auto.
Qed.

(** ** T2 *)

Theorem put_is_well_formed o seq time user k v (s : state) :
  well_formed s = true ->
  well_formed (put o seq time user k v s) = true.
Proof.
  intros good. apply well_formed_means. split.
  - apply (decide_is_well_formed compare_name compare_name compare_value); auto.
  - apply (join_is_well_formed _ _ _ winners_are_a_lattice); auto.
Qed.

Theorem put_is_covered o seq time user k v (s : state) :
  well_formed s = true ->
  covered s = true ->
  covered (put o seq time user k v s) = true.
Proof.
  intros. apply (the_next_decision_is_covered compare_name compare_name compare_value); auto.
Qed.

Theorem put_is_inflationary o seq time user k v (s : state) :
  well_formed s = true ->
  covered s = true ->
  join s (put o seq time user k v s) = put o seq time user k v s.
Proof.
  intros good all_seen. unfold lww_map.join, lww_map.put. cbn [decisions winners]. f_equal.
  - apply the_next_decision_is_inflationary; auto.
  - apply (a_join_is_above_the_left winners_are_a_lattice); auto.
Qed.

Theorem delete_is_well_formed o seq time user k (s : state) :
  well_formed s = true ->
  well_formed (delete o seq time user k s) = true.
Proof. apply put_is_well_formed. Qed.

Theorem delete_is_covered o seq time user k (s : state) :
  well_formed s = true ->
  covered s = true ->
  covered (delete o seq time user k s) = true.
Proof. apply put_is_covered. Qed.

Theorem delete_is_inflationary o seq time user k (s : state) :
  well_formed s = true ->
  covered s = true ->
  join s (delete o seq time user k s) = delete o seq time user k s.
Proof. apply put_is_inflationary. Qed.

(** ** Deltas *)

Lemma find_in_sent_winners u k (s : state) :
  well_formed s = true ->
  find compare_name k (winners (part_since u s)) =
  if sends u k (decisions s) then find compare_name k (winners s) else None.
Proof.
  intros good. cbn [winners lww_map.part_since].
  rewrite (find_in_restrict compare_name) by
    (auto; apply (keys_are_sorted compare_name compare_name compare_value);
     apply (part_since_is_well_formed compare_name compare_name compare_value); auto).
  rewrite (find_in_part_since compare_name compare_name compare_value) by auto.
  destruct (sends u k (decisions s)) eqn:sent; [| reflexivity].
  unfold decisions_proof.sends, decisions.frontier in sent.
  now destruct (find compare_name k (decisions.maximal (decisions s))).
Qed.

Theorem part_since_is_well_formed u (s : state) :
  well_formed s = true ->
  well_formed (part_since u s) = true.
Proof.
  intros good. apply well_formed_means.
  assert (well_formed_decisions (decisions (part_since u s)) = true).
  { apply (part_since_is_well_formed compare_name compare_name compare_value); auto. }
  split; [assumption |]. apply (restrict_is_sorted compare_name); auto.
  now apply (keys_are_sorted compare_name compare_name compare_value).
Qed.

Theorem take_part_is_well_formed (part s : state) :
  well_formed part = true ->
  well_formed s = true ->
  well_formed (take_part part s) = true.
Proof.
  intros. apply well_formed_means. split.
  - apply (take_part_is_well_formed compare_name compare_name compare_value); auto.
  - apply (join_is_well_formed _ _ _ winners_are_a_lattice); auto.
Qed.

Theorem part_since_is_covered u (s : state) :
  well_formed s = true ->
  covered s = true ->
  covered (part_since u s) = true.
Proof.
  intros. apply (part_since_is_covered compare_name compare_name compare_value); auto.
Qed.

Theorem take_part_is_covered (part s : state) :
  well_formed part = true ->
  well_formed s = true ->
  covered part = true ->
  covered s = true ->
  covered (take_part part s) = true.
Proof.
  intros. apply (take_part_is_covered compare_name compare_name compare_value); auto.
Qed.

(** A part does what the whole does, if the keys left out would change nothing. *)
Theorem a_part_joins_like_the_whole u (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  (forall k, sends u k (decisions b) = false ->
    join_frontiers (seen a) (seen b) (frontier k (decisions a)) (frontier k (decisions b))
      = frontier k (decisions a)
    /\ greater_option compare_decision (find compare_name k (winners a))
         (find compare_name k (winners b)) = find compare_name k (winners a)) ->
  take_part (part_since u b) a = join a b.
Proof.
  intros good_a good_b unchanged. unfold lww_map.take_part, lww_map.join. f_equal.
  - apply (a_part_joins_like_the_whole compare_name compare_name compare_value); auto.
    intros k left_out. now apply unchanged.
  - pose proof (part_since_is_well_formed u b good_b).
    apply (equal_finds_make_equal_maps compare_name);
      try (apply (join_is_well_formed _ _ _ winners_are_a_lattice); auto).
    intros k. rewrite !find_in_join_winners, find_in_sent_winners by auto.
    specialize (unchanged k). destruct (sends u k (decisions b)); [reflexivity |].
    rewrite missing_is_least. symmetry. now apply unchanged.
Qed.

Theorem taking_a_part_is_inflationary (part s : state) :
  well_formed part = true ->
  well_formed s = true ->
  join s (take_part part s) = take_part part s.
Proof.
  intros. unfold lww_map.join, lww_map.take_part. cbn [decisions winners]. f_equal.
  - apply taking_a_part_is_inflationary; auto.
  - apply (a_join_is_above_the_left winners_are_a_lattice); auto.
Qed.

Theorem taking_part_of_itself_changes_nothing u (s : state) :
  well_formed s = true ->
  take_part (part_since u s) s = s.
Proof.
  intros good. rewrite a_part_joins_like_the_whole; [| assumption.. |].
  - now apply (join_is_idempotent _ _ _ lww_maps_are_a_lattice).
  - split.
    + apply a_frontier_joined_with_itself_stays; [auto.. |].
      apply (frontiers_are_rising compare_name compare_name compare_value); auto.
    + now apply greater_option_is_idempotent.
Qed.

Theorem put_equals_its_delta o seq time user k v (s : state) :
  well_formed s = true ->
  covered s = true ->
  take_part (part_since (seen s) (put o seq time user k v s)) s = put o seq time user k v s.
Proof.
  intros good all_seen. rewrite a_part_joins_like_the_whole;
    [now apply put_is_inflationary | assumption | now apply put_is_well_formed |].
  intros k'. unfold decisions_proof.sends. cbn [decisions winners lww_map.put].
  rewrite (frontier_of_decide compare_name compare_name compare_value) by auto.
  rewrite find_in_join_winners by auto. cbn [find].
  unfold equal. destruct (compare_name k' k) eqn:at_k.
  - cbn [existsb]. unfold seen. now rewrite (the_next_decision_is_new compare_name).
  - split; [| now rewrite missing_is_least, greater_option_is_idempotent].
    apply a_frontier_joined_with_itself_stays; [auto.. |].
    apply (frontiers_are_rising compare_name compare_name compare_value); auto.
  - split; [| now rewrite missing_is_least, greater_option_is_idempotent].
    apply a_frontier_joined_with_itself_stays; [auto.. |].
    apply (frontiers_are_rising compare_name compare_name compare_value); auto.
Qed.

Theorem delete_equals_its_delta o seq time user k (s : state) :
  well_formed s = true ->
  covered s = true ->
  take_part (part_since (seen s) (delete o seq time user k s)) s = delete o seq time user k s.
Proof. apply put_equals_its_delta. Qed.
End Lww_map.

(** ** Computed *)

Section Examples.
Local Definition written : state N N :=
  put N.compare N.compare (Origin 1 0) 1 9 (Some 7) 5 40 bottom.

Example a_well_formed_and_covered_state :
  well_formed N.compare N.compare written = true
  /\ covered N.compare written = true.
Proof. now split. Qed.

Example a_deleted_key_keeps_its_record :
  let after := delete N.compare N.compare 0 (Origin 2 0) 1 10 None 5 written in
  value N.compare 0 after = []
  /\ part_since N.compare (seen written) after
     = State
         (decisions.State [(Origin 1 0, 1); (Origin 2 0, 1)]
           [(5, [decisions.Decision (Dot (Origin 2 0) 1) 1 10 None 0])])
         [(5, decisions.Decision (Dot (Origin 2 0) 1) 1 10 None 0)].
Proof. now split. Qed.
End Examples.
