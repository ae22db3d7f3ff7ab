(** The store of decisions is a lattice, and a decision equals joining its delta.

    A state is what it has seen, and per key and decision whether it lists it
    ([equal_lists_make_equal_states]). The join is the maximum, per key and decision, of
    unknown < listed, not covered < listed and covered < covered, not listed
    ([the_join_takes_the_greater_status]): so it is a join for every pair of states, also of
    states that list what they have not seen. *)

From Coq Require Import List Bool NArith Lia.
From Rejoin Require Import order lattice sorted_map dot decisions.
From Rejoin Require Import order_proof sorted_map_proof lattice_proof dot_proof.
From Rejoin Require version_vector version_vector_proof.
Import ListNotations.
Local Open Scope N_scope.

Global Instance decisions_are_ordered {Name Effect : Type}
    (compare_name : Name -> Name -> comparison)
    (compare_effect : Effect -> Effect -> comparison) :
  ordered compare_name ->
  ordered compare_effect ->
  ordered (compare_decision compare_name compare_effect).
Proof.
  intros. apply injections_are_ordered; [| exact _].
  intros [[[] ] ] [[[] ] ]; cbn. congruence.
Qed.

Section Decisions.
Context {Name K Effect : Type}.
Context (compare_name : Name -> Name -> comparison) {name_lawful : ordered compare_name}.
Context (compare_key : K -> K -> comparison) {key_lawful : ordered compare_key}.
Context (compare_effect : Effect -> Effect -> comparison) {effect_lawful : ordered compare_effect}.
Local Notation compare_decision := (compare_decision compare_name compare_effect).
Local Notation decision := (decision Name Effect).
Local Notation state := (state Name K Effect).
Local Notation well_formed := (well_formed compare_name compare_key compare_effect).
Local Notation well_formed_frontiers :=
  (well_formed_frontiers compare_name compare_key compare_effect).
Local Notation join := (join compare_name compare_key compare_effect).
Local Notation join_frontiers := (join_frontiers compare_name compare_effect).
Local Notation frontier := (frontier compare_key).
Local Notation covered := (covered compare_name).
Local Notation decide := (decide compare_name compare_key).
Local Notation next := (next compare_name).
Local Notation part_since := (part_since compare_name).
Local Notation take_part := (take_part compare_name compare_key compare_effect).
Local Notation contains := (version_vector.contains compare_name).
Local Notation join_vectors := (version_vector.join compare_name).
Local Notation well_formed_vector := (version_vector.well_formed compare_name).

(** ** Frontiers *)

(** Whether a state lists the decision on the key. *)
Definition lists (k : K) (d : decision) (s : state) : bool :=
  member compare_decision d (frontier k s).

Lemma well_formed_means (s : state) :
  well_formed s = true <->
  well_formed_vector (seen s) = true /\ well_formed_frontiers (maximal s) = true.
Proof. apply andb_true_iff. Qed.

Lemma well_formed_frontiers_mean (m : sorted_map K (sorted_set decision)) :
  well_formed_frontiers m = true <->
  sorted compare_key m = true
  /\ (forall k, find compare_key k m <> Some [])
  /\ (forall k, rising compare_decision (or_empty (find compare_key k m)) = true).
Proof.
  unfold decisions.well_formed_frontiers. rewrite andb_true_iff. split.
  - intros [sorts all].
    rewrite (forallb_means_all_found (V := sorted_set decision) compare_key) in all
      by exact sorts.
    split; [exact sorts |].
    split; intros k; [intros at_k; now apply all in at_k |].
    destruct (find compare_key k m) as [[| d ds] |] eqn:at_k; try reflexivity.
    now apply all in at_k.
  - intros (sorts & not_empty & rises). split; [exact sorts |].
    apply (forallb_means_all_found (V := sorted_set decision) compare_key); [exact sorts |].
    intros k ds found.
    specialize (not_empty k). specialize (rises k). rewrite found in not_empty, rises.
    now destruct ds.
Qed.

Lemma seen_is_well_formed (s : state) :
  well_formed s = true ->
  well_formed_vector (seen s) = true.
Proof. intros good. now apply well_formed_means in good. Qed.

Lemma keys_are_sorted (s : state) :
  well_formed s = true ->
  sorted compare_key (maximal s) = true.
Proof.
  intros good. apply well_formed_means in good as [_ good].
  now apply well_formed_frontiers_mean in good as [sorts _].
Qed.

Lemma frontiers_are_not_empty k (s : state) :
  well_formed s = true ->
  find compare_key k (maximal s) <> Some [].
Proof.
  intros good. apply well_formed_means in good as [_ good].
  apply well_formed_frontiers_mean in good as (_ & not_empty & _). apply not_empty.
Qed.

Lemma frontiers_are_rising k (s : state) :
  well_formed s = true ->
  rising compare_decision (frontier k s) = true.
Proof.
  intros good. apply well_formed_means in good as [_ good].
  apply well_formed_frontiers_mean in good as (_ & _ & rises). apply rises.
Qed.

Local Hint Resolve seen_is_well_formed keys_are_sorted frontiers_are_rising : core.

(** A key is absent exactly where its frontier is empty. *)
Lemma find_is_the_frontier_if_any k (s : state) :
  well_formed s = true ->
  find compare_key k (maximal s) = if_any (frontier k s).
Proof.
  intros good. symmetry. apply if_any_of_or_empty. now apply frontiers_are_not_empty.
Qed.

Theorem equal_frontiers_make_equal_states (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  seen a = seen b ->
  (forall k, frontier k a = frontier k b) ->
  a = b.
Proof.
  intros good_a good_b same_seen same. destruct a as [v m], b as [w m']. cbn in same_seen.
  f_equal; [exact same_seen |].
  apply (equal_finds_make_equal_maps compare_key);
    [exact (keys_are_sorted _ good_a) | exact (keys_are_sorted _ good_b) |].
  intros k. pose proof (find_is_the_frontier_if_any k _ good_a) as at_a.
  pose proof (find_is_the_frontier_if_any k _ good_b) as at_b.
  cbn in at_a, at_b. now rewrite at_a, at_b, same.
Qed.

Theorem equal_lists_make_equal_states (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  seen a = seen b ->
  (forall k d, lists k d a = lists k d b) ->
  a = b.
Proof.
  intros good_a good_b same_seen same.
  apply equal_frontiers_make_equal_states; [assumption.. |]. intros k.
  apply (equal_members_make_equal_sets compare_decision); [auto.. |]. apply same.
Qed.

Lemma listed_means_in k d (s : state) :
  well_formed s = true ->
  lists k d s = true <-> In d (frontier k s).
Proof. intros good. apply member_means_in; auto. Qed.

(** ** T1: the join *)

Lemma join_frontiers_is_rising v w a b :
  rising compare_decision a = true ->
  rising compare_decision b = true ->
  rising compare_decision (join_frontiers v w a b) = true.
Proof. now apply merge_sets_is_rising. Qed.

Lemma member_of_join_frontiers v w a b d :
  rising compare_decision a = true ->
  rising compare_decision b = true ->
  member compare_decision d (join_frontiers v w a b) =
  if member compare_decision d a
  then member compare_decision d b || negb (contains (dot_of d) w)
  else member compare_decision d b && negb (contains (dot_of d) v).
Proof. intros. now apply (member_of_merge_sets compare_decision). Qed.

Lemma frontier_of_join k (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  frontier k (join a b) = join_frontiers (seen a) (seen b) (frontier k a) (frontier k b).
Proof.
  intros good_a good_b. unfold decisions.frontier at 1. cbn [maximal decisions.join].
  rewrite (find_in_merge compare_key) by auto. apply or_empty_of_if_any.
Qed.

Theorem lists_of_join k d (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  lists k d (join a b) =
  if lists k d a
  then lists k d b || negb (contains (dot_of d) (seen b))
  else lists k d b && negb (contains (dot_of d) (seen a)).
Proof.
  intros. unfold lists. rewrite frontier_of_join by assumption.
  apply member_of_join_frontiers; auto.
Qed.

Theorem the_join_is_well_formed (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  well_formed (join a b) = true.
Proof.
  intros good_a good_b. apply well_formed_means. split.
  - apply (join_is_well_formed _ _ _ (version_vector_proof.version_vectors_are_a_lattice _));
      auto.
  - apply well_formed_frontiers_mean. cbn [maximal decisions.join].
    split; [apply merge_is_sorted; auto | split; intros k].
    + rewrite (find_in_merge compare_key) by auto.
      now destruct (join_frontiers _ _ _ _).
    + rewrite (find_in_merge compare_key), or_empty_of_if_any by auto.
      apply join_frontiers_is_rising; apply (frontiers_are_rising k); assumption.
Qed.

(** What a state knows of a decision on a key. *)
Inductive status := Unknown | Listed_not_covered | Listed_and_covered | Covered_not_listed.

Definition rank (x : status) : N :=
  match x with
  | Unknown => 0
  | Listed_not_covered => 1
  | Listed_and_covered => 2
  | Covered_not_listed => 3
  end.

Definition status_of (k : K) (d : decision) (s : state) : status :=
  match lists k d s, contains (dot_of d) (seen s) with
  | false, false => Unknown
  | true, false => Listed_not_covered
  | true, true => Listed_and_covered
  | false, true => Covered_not_listed
  end.

Theorem the_join_takes_the_greater_status k d (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  rank (status_of k d (join a b)) = N.max (rank (status_of k d a)) (rank (status_of k d b)).
Proof.
  intros. unfold status_of. rewrite lists_of_join by assumption.
  cbn [seen decisions.join].
  rewrite (version_vector_proof.contains_of_join compare_name) by auto.
  destruct (lists k d a), (lists k d b), (contains (dot_of d) (seen a)),
    (contains (dot_of d) (seen b)); reflexivity.
Qed.

Lemma bottom_knows_nothing k d : status_of k d bottom = Unknown.
Proof.
  unfold status_of. cbn [seen decisions.bottom].
  now rewrite version_vector_proof.bottom_contains_nothing.
Qed.

Lemma equal_ranks_make_equal_states (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  seen a = seen b ->
  (forall k d, rank (status_of k d a) = rank (status_of k d b)) ->
  a = b.
Proof.
  intros good_a good_b same_seen same. apply equal_lists_make_equal_states; [assumption.. |].
  intros k d. specialize (same k d). unfold status_of in same. rewrite same_seen in same.
  now destruct (lists k d a), (lists k d b), (contains (dot_of d) (seen b)).
Qed.

Local Hint Resolve the_join_is_well_formed : core.

Theorem decisions_are_a_lattice : lattice well_formed bottom join.
Proof.
  pose proof (version_vector_proof.version_vectors_are_a_lattice compare_name) as vectors.
  split; auto; intros; apply equal_ranks_make_equal_states; auto.
  - now apply (join_is_commutative _ _ _ vectors); auto.
  - intros. rewrite !the_join_takes_the_greater_status by auto. apply N.max_comm.
  - now apply (join_is_associative _ _ _ vectors); auto.
  - intros. rewrite !the_join_takes_the_greater_status by auto.
    symmetry. apply N.max_assoc.
  - now apply (join_is_idempotent _ _ _ vectors); auto.
  - intros. rewrite the_join_takes_the_greater_status by auto. apply N.max_id.
  - now apply (bottom_is_neutral _ _ _ vectors); auto.
  - intros. rewrite the_join_takes_the_greater_status, bottom_knows_nothing by auto.
    apply N.max_0_r.
Qed.

(** ** Covered states: what a state lists, it has seen. *)

Theorem covered_means_what_is_listed_was_seen (s : state) :
  well_formed s = true ->
  covered s = true <->
  (forall k d, lists k d s = true -> contains (dot_of d) (seen s) = true).
Proof.
  intros good. unfold decisions.covered.
  rewrite (forallb_means_all_found (V := sorted_set decision) compare_key) by auto.
  split; intros all k.
  - intros d listed. apply listed_means_in in listed; [| assumption].
    unfold decisions.frontier in listed. specialize (all k).
    destruct (find compare_key k (maximal s)) as [ds |]; [| easy].
    now apply (proj1 (forallb_forall _ ds) (all ds eq_refl)).
  - intros ds found. cbn. apply forallb_forall. intros d d_in. apply (all k).
    apply listed_means_in; [assumption |]. unfold decisions.frontier. now rewrite found.
Qed.

Theorem bottom_is_covered : covered (bottom (Name := Name) (K := K) (Effect := Effect)) = true.
Proof. reflexivity. Qed.

Theorem the_join_is_covered (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  covered a = true ->
  covered b = true ->
  covered (join a b) = true.
Proof.
  intros good_a good_b. rewrite !covered_means_what_is_listed_was_seen by auto.
  intros all_a all_b k d. specialize (all_a k d). specialize (all_b k d).
  rewrite lists_of_join by assumption. cbn [seen decisions.join].
  rewrite (version_vector_proof.contains_of_join compare_name) by auto.
  destruct (lists k d a), (lists k d b); intros; try easy;
    rewrite ?all_a, ?all_b by reflexivity; now rewrite ?orb_true_r.
Qed.

(** ** T2: a new decision *)

Lemma decide_is_well_formed k d (s : state) :
  well_formed s = true ->
  well_formed (decide k d s) = true.
Proof.
  intros good. apply well_formed_means. cbn [seen maximal decisions.decide].
  split; [apply version_vector_proof.see_dot_is_well_formed; auto |].
  apply well_formed_frontiers_mean. split; [apply set_is_sorted; auto | split]; intros k';
    rewrite (find_in_set compare_key) by auto; destruct (equal compare_key k' k);
    try easy.
  - now apply frontiers_are_not_empty.
  - now apply frontiers_are_rising.
Qed.

Local Hint Resolve decide_is_well_formed : core.

Lemma frontier_of_decide k k' d (s : state) :
  well_formed s = true ->
  frontier k' (decide k d s) = if equal compare_key k' k then [d] else frontier k' s.
Proof.
  intros good. unfold decisions.frontier. cbn [maximal decisions.decide].
  rewrite (find_in_set compare_key) by auto. now destruct (equal compare_key k' k).
Qed.

Lemma lists_of_decide k k' d d' (s : state) :
  well_formed s = true ->
  lists k' d' (decide k d s) =
  if equal compare_key k' k then equal compare_decision d' d else lists k' d' s.
Proof.
  intros good. unfold lists. rewrite frontier_of_decide by assumption.
  destruct (equal compare_key k' k); [| reflexivity].
  cbn. unfold equal. now destruct (compare_decision d' d).
Qed.

Theorem decide_is_covered k d (s : state) :
  well_formed s = true ->
  covered s = true ->
  1 <= counter (dot_of d) ->
  covered (decide k d s) = true.
Proof.
  intros good. rewrite !covered_means_what_is_listed_was_seen by auto.
  intros all is_dot k' d'. rewrite lists_of_decide by assumption. cbn [seen decisions.decide].
  destruct (equal compare_key k' k).
  - destruct (equal_is_equality compare_decision d' d) as [-> |]; [intros _ | discriminate].
    apply version_vector_proof.seen_dots_are_contained; auto.
  - intros listed. apply version_vector_proof.seeing_forgets_nothing; auto. now apply (all k').
Qed.

Theorem a_new_decision_is_inflationary k d (s : state) :
  well_formed s = true ->
  covered s = true ->
  contains (dot_of d) (seen s) = false ->
  join s (decide k d s) = decide k d s.
Proof.
  intros good all_seen new.
  apply equal_lists_make_equal_states; auto.
  - apply version_vector_proof.seeing_is_inflationary; auto.
  - intros k' d'. rewrite lists_of_join, lists_of_decide by auto.
    rewrite covered_means_what_is_listed_was_seen in all_seen by exact good.
    specialize (all_seen k' d').
    destruct (lists k' d' s) eqn:listed.
    + cbn [seen decisions.decide].
      rewrite version_vector_proof.seeing_forgets_nothing by auto. apply orb_false_r.
    + destruct (equal compare_key k' k); [| reflexivity].
      destruct (equal_is_equality compare_decision d' d) as [-> |]; [| reflexivity].
      now rewrite new.
Qed.

Theorem the_next_decision_is_new o seq time user e (s : state) :
  contains (dot_of (next o seq time user e s)) (seen s) = false.
Proof. apply version_vector_proof.the_next_dot_is_new. Qed.

Theorem the_next_decision_is_inflationary k o seq time user e (s : state) :
  well_formed s = true ->
  covered s = true ->
  join s (decide k (next o seq time user e s) s) = decide k (next o seq time user e s) s.
Proof.
  intros. apply a_new_decision_is_inflationary; auto using the_next_decision_is_new.
Qed.

Theorem the_next_decision_is_covered k o seq time user e (s : state) :
  well_formed s = true ->
  covered s = true ->
  covered (decide k (next o seq time user e s) s) = true.
Proof.
  intros. apply decide_is_covered; [assumption.. |].
  apply version_vector_proof.the_next_dot_is_a_dot.
Qed.

(** ** Deltas *)

(** Whether some decision of the key is outside the vector: then its whole frontier is sent. *)
Definition sends (v : version_vector.state Name) (k : K) (s : state) : bool :=
  existsb (fun d => negb (contains (dot_of d) v)) (frontier k s).

Lemma find_in_part_since v k (s : state) :
  well_formed s = true ->
  find compare_key k (maximal (part_since v s)) =
  if sends v k s then find compare_key k (maximal s) else None.
Proof.
  intros good. unfold sends, decisions.frontier. cbn [maximal decisions.part_since].
  rewrite (find_in_filter compare_key) by auto.
  now destruct (find compare_key k (maximal s)).
Qed.

Lemma frontier_of_part_since v k (s : state) :
  well_formed s = true ->
  frontier k (part_since v s) = if sends v k s then frontier k s else [].
Proof.
  intros good. unfold decisions.frontier at 1. rewrite find_in_part_since by assumption.
  now destruct (sends v k s).
Qed.

Theorem part_since_is_well_formed v (s : state) :
  well_formed s = true ->
  well_formed (part_since v s) = true.
Proof.
  intros good. apply well_formed_means. split; [cbn; auto |].
  apply well_formed_frontiers_mean.
  split; [apply (filter_is_sorted compare_key); auto | split]; intros k;
    rewrite find_in_part_since by assumption; destruct (sends v k s); try easy.
  - now apply frontiers_are_not_empty.
  - now apply frontiers_are_rising.
Qed.

Lemma find_in_take_part k (part s : state) :
  well_formed part = true ->
  well_formed s = true ->
  find compare_key k (maximal (take_part part s)) =
  match frontier k part with
  | [] => find compare_key k (maximal s)
  | ds => if_any (join_frontiers (seen s) (seen part) (frontier k s) ds)
  end.
Proof.
  intros good_part good. cbn [maximal decisions.take_part].
  rewrite (find_in_merge compare_key) by auto.
  rewrite (find_is_the_frontier_if_any k part) by assumption.
  now destruct (frontier k part).
Qed.

Lemma frontier_of_take_part k (part s : state) :
  well_formed part = true ->
  well_formed s = true ->
  frontier k (take_part part s) =
  match frontier k part with
  | [] => frontier k s
  | ds => join_frontiers (seen s) (seen part) (frontier k s) ds
  end.
Proof.
  intros. unfold decisions.frontier at 1. rewrite find_in_take_part by assumption.
  destruct (frontier k part); [reflexivity | apply or_empty_of_if_any].
Qed.

Theorem take_part_is_well_formed (part s : state) :
  well_formed part = true ->
  well_formed s = true ->
  well_formed (take_part part s) = true.
Proof.
  intros good_part good. apply well_formed_means. split.
  - apply (join_is_well_formed _ _ _ (version_vector_proof.version_vectors_are_a_lattice _));
      auto.
  - apply well_formed_frontiers_mean.
    split; [apply merge_is_sorted; auto | split]; intros k;
      rewrite find_in_take_part by assumption;
      destruct (frontier k part) as [| d ds] eqn:listed.
    + now apply frontiers_are_not_empty.
    + now destruct (join_frontiers _ _ _ _).
    + now apply frontiers_are_rising.
    + rewrite or_empty_of_if_any, <- listed. apply join_frontiers_is_rising; auto.
Qed.

Local Hint Resolve part_since_is_well_formed take_part_is_well_formed : core.

Lemma lists_of_part_since v k d (s : state) :
  well_formed s = true ->
  lists k d (part_since v s) = sends v k s && lists k d s.
Proof.
  intros good. unfold lists. rewrite frontier_of_part_since by assumption.
  now destruct (sends v k s).
Qed.

Theorem part_since_is_covered v (s : state) :
  well_formed s = true ->
  covered s = true ->
  covered (part_since v s) = true.
Proof.
  intros good. rewrite !covered_means_what_is_listed_was_seen by auto.
  intros all k d. rewrite lists_of_part_since, andb_true_iff by assumption.
  intros [_ listed]. now apply (all k).
Qed.

Theorem take_part_is_covered (part s : state) :
  well_formed part = true ->
  well_formed s = true ->
  covered part = true ->
  covered s = true ->
  covered (take_part part s) = true.
Proof.
  intros good_part good. rewrite !covered_means_what_is_listed_was_seen by auto.
  intros all_part all k d. specialize (all_part k d). specialize (all k d).
  cbn [seen decisions.take_part].
  rewrite (version_vector_proof.contains_of_join compare_name) by auto.
  intros listed. unfold lists in *. rewrite frontier_of_take_part in listed by assumption.
  destruct (frontier k part) as [| d' ds] eqn:at_part; [now rewrite all |].
  rewrite member_of_join_frontiers in listed
    by (try rewrite <- at_part; now apply frontiers_are_rising).
  destruct (member compare_decision d (frontier k s)); [now rewrite all |].
  apply andb_true_iff in listed as [listed _]. rewrite all_part by exact listed.
  apply orb_true_r.
Qed.

(** Of any part, also a forged one: nothing that was known is lost. *)
Theorem taking_a_part_is_inflationary (part s : state) :
  well_formed part = true ->
  well_formed s = true ->
  join s (take_part part s) = take_part part s.
Proof.
  intros good_part good. apply equal_lists_make_equal_states; auto.
  - apply (a_join_is_above_the_left
      (version_vector_proof.version_vectors_are_a_lattice compare_name)); auto.
  - intros k d. rewrite lists_of_join by auto. cbn [seen decisions.take_part].
    rewrite (version_vector_proof.contains_of_join compare_name) by auto.
    unfold lists. rewrite frontier_of_take_part by assumption.
    destruct (frontier k part) as [| d' ds] eqn:at_part;
      [now destruct (member compare_decision d (frontier k s)) |].
    rewrite member_of_join_frontiers
      by (try rewrite <- at_part; now apply frontiers_are_rising).
    destruct (member compare_decision d (frontier k s)),
      (member compare_decision d (d' :: ds)),
      (contains (dot_of d) (seen s)), (contains (dot_of d) (seen part)); reflexivity.
Qed.

(** A part does what the whole does, if the keys left out would change nothing. *)
Theorem a_part_joins_like_the_whole v (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  (forall k, sends v k b = false ->
    join_frontiers (seen a) (seen b) (frontier k a) (frontier k b) = frontier k a) ->
  take_part (part_since v b) a = join a b.
Proof.
  intros good_a good_b unchanged. apply equal_frontiers_make_equal_states; auto.
  intros k. rewrite frontier_of_take_part, frontier_of_part_since, frontier_of_join by auto.
  destruct (sends v k b) eqn:sent.
  - cbn [seen decisions.part_since]. destruct (frontier k b) as [| d ds] eqn:at_b; [| reflexivity].
    unfold sends in sent. now rewrite at_b in sent.
  - symmetry. now apply unchanged.
Qed.

Lemma a_frontier_joined_with_itself_stays v w ds :
  rising compare_decision ds = true ->
  join_frontiers v w ds ds = ds.
Proof.
  intros rises. apply (equal_members_make_equal_sets compare_decision);
    [now apply join_frontiers_is_rising | assumption |].
  intros d. rewrite member_of_join_frontiers by assumption.
  now destruct (member compare_decision d ds).
Qed.

Theorem taking_part_of_itself_changes_nothing v (s : state) :
  well_formed s = true ->
  take_part (part_since v s) s = s.
Proof.
  intros good. rewrite a_part_joins_like_the_whole by
    auto using a_frontier_joined_with_itself_stays.
  now apply (join_is_idempotent _ _ _ decisions_are_a_lattice).
Qed.

Theorem the_delta_of_a_new_decision_joins_like_its_state k d (s : state) :
  well_formed s = true ->
  contains (dot_of d) (seen s) = false ->
  take_part (part_since (seen s) (decide k d s)) s = join s (decide k d s).
Proof.
  intros good new. apply a_part_joins_like_the_whole; auto. intros k'.
  unfold sends. rewrite frontier_of_decide by assumption.
  destruct (equal compare_key k' k).
  - cbn. now rewrite new.
  - intros _. apply a_frontier_joined_with_itself_stays; auto.
Qed.

Theorem a_new_decision_equals_its_delta k d (s : state) :
  well_formed s = true ->
  covered s = true ->
  contains (dot_of d) (seen s) = false ->
  take_part (part_since (seen s) (decide k d s)) s = decide k d s.
Proof.
  intros. rewrite the_delta_of_a_new_decision_joins_like_its_state by assumption.
  now apply a_new_decision_is_inflationary.
Qed.

Theorem the_next_decision_equals_its_delta k o seq time user e (s : state) :
  well_formed s = true ->
  covered s = true ->
  take_part (part_since (seen s) (decide k (next o seq time user e s) s)) s
  = decide k (next o seq time user e s) s.
Proof. intros. apply a_new_decision_equals_its_delta; auto using the_next_decision_is_new. Qed.
End Decisions.

(** ** Computed: the hypotheses hold of some states, and [covered] is needed where it is asked. *)

Section Examples.
Local Definition origin_1 : origin N := Origin 1 0.
Local Definition origin_2 : origin N := Origin 2 0.
Local Definition one : decision N N := Decision (Dot origin_1 1) 1 9 (Some 7) 40.
Local Definition two : decision N N := Decision (Dot origin_2 1) 1 9 None 50.
Local Definition honest : state N N N := State [(origin_1, 1)] [(5, [one])].
Local Definition hostile : state N N N := State [(origin_1, 1)] [(5, [two])].
Local Notation join := (join N.compare N.compare N.compare).
Local Notation decide := (decide N.compare N.compare).
Local Notation next := (next N.compare).

Example an_honest_state :
  well_formed N.compare N.compare N.compare honest = true
  /\ covered N.compare honest = true.
Proof. now split. Qed.

Example a_hostile_state :
  well_formed N.compare N.compare N.compare hostile = true
  /\ covered N.compare hostile = false.
Proof. now split. Qed.

Example the_join_is_the_same_from_both_sides_for_hostile_states :
  join honest hostile = State [(origin_1, 1)] [(5, [two])]
  /\ join hostile honest = State [(origin_1, 1)] [(5, [two])].
Proof. now split. Qed.

Example a_decision_on_a_hostile_state_is_not_inflationary :
  let d := next origin_1 2 9 None 60 hostile in
  join hostile (decide 5 d hostile) <> decide 5 d hostile.
Proof. intros d same. discriminate same. Qed.
End Examples.
