(** G-Counters are a lattice, and an increment equals joining its delta. *)

From Coq Require Import List Bool NArith Lia.
From Rejoin Require Import order lattice sorted_map dot g_counter.
From Rejoin Require Import order_proof sorted_map_proof lattice_proof dot_proof.
From Rejoin Require version_vector version_vector_proof.
Import ListNotations.
Local Open Scope N_scope.

Section G_counter.
Context {Name : Type} (compare_name : Name -> Name -> comparison).
Context {lawful : ordered compare_name}.
Local Notation compare_origin := (compare_origin compare_name).
Local Notation state := (state Name).
Local Notation well_formed := (well_formed compare_name).
Local Notation join := (join compare_name).
Local Notation share := (share compare_name).
Local Notation increment := (increment compare_name).
Local Notation part_since := (part_since compare_name).
Local Notation take_part := (take_part compare_name).
Local Notation get := (version_vector.get compare_name).
Local Notation well_formed_vector := (version_vector.well_formed compare_name).
Local Notation well_formed_shares :=
  (well_formed_map compare_origin (fun entry : origin Name * N => 1 <=? snd entry)).
Local Notation join_shares := (merge compare_origin (greater_option N.compare)).

(** ** T1 *)

Lemma shares_are_a_lattice : lattice well_formed_shares [] join_shares.
Proof.
  apply (maps_are_a_lattice compare_origin). intros o.
  exact (options_are_a_lattice N.compare _).
Qed.

Theorem g_counters_are_a_lattice : lattice well_formed bottom join.
Proof.
  eapply lattices_depend_on_what_is_well_formed;
    [| exact (records_are_a_lattice State seen shares
        (fun _ _ => eq_refl) (fun _ _ => eq_refl) (fun '(State _ _) => eq_refl)
        (version_vector_proof.version_vectors_are_a_lattice compare_name)
        shares_are_a_lattice)].
  intros s. unfold g_counter.well_formed, well_formed_map. apply andb_assoc.
Qed.

(** ** What a state is *)

Lemma well_formed_means (s : state) :
  well_formed s = true <->
  well_formed_vector (seen s) = true /\ well_formed_shares (shares s) = true.
Proof.
  unfold g_counter.well_formed, well_formed_map. rewrite !andb_true_iff. tauto.
Qed.

Lemma seen_is_well_formed (s : state) :
  well_formed s = true ->
  well_formed_vector (seen s) = true.
Proof. intros good. now apply well_formed_means in good. Qed.

Lemma shares_are_well_formed (s : state) :
  well_formed s = true ->
  well_formed_shares (shares s) = true.
Proof. intros good. now apply well_formed_means in good. Qed.

Lemma shares_are_sorted (s : state) :
  well_formed s = true ->
  sorted compare_origin (shares s) = true.
Proof. intros good. now apply shares_are_well_formed, well_formed_maps_are_sorted in good. Qed.

Local Hint Resolve seen_is_well_formed shares_are_well_formed shares_are_sorted : core.

Lemma shares_are_not_zero (s : state) o n :
  well_formed s = true ->
  find compare_origin o (shares s) = Some n ->
  1 <= n.
Proof.
  intros good found.
  pose proof (well_formed_maps_have_well_formed_values compare_origin
    (fun entry => 1 <=? snd entry) (shares s) o) as one.
  rewrite found in one. apply N.leb_le. cbn in one. auto.
Qed.

Theorem equal_shares_make_equal_states (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  seen a = seen b ->
  (forall o, share o a = share o b) ->
  a = b.
Proof.
  intros good_a good_b same_seen same. destruct a as [v m], b as [w m']. cbn in same_seen.
  f_equal; [exact same_seen |].
  apply (equal_finds_make_equal_maps compare_origin);
    [exact (shares_are_sorted _ good_a) | exact (shares_are_sorted _ good_b) |].
  intros o. specialize (same o). unfold g_counter.share in same. cbn in same.
  pose proof (fun n => shares_are_not_zero _ o n good_a) as not_zero_a.
  pose proof (fun n => shares_are_not_zero _ o n good_b) as not_zero_b. cbn in *.
  destruct (find compare_origin o m) as [n |], (find compare_origin o m') as [n' |].
  - congruence.
  - specialize (not_zero_a n eq_refl). lia.
  - specialize (not_zero_b n' eq_refl). lia.
  - reflexivity.
Qed.

Lemma share_of_join o (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  share o (join a b) = N.max (share o a) (share o b).
Proof.
  intros. unfold g_counter.share. cbn [shares g_counter.join].
  rewrite (find_in_merge compare_origin) by auto.
  destruct (find compare_origin o (shares a)), (find compare_origin o (shares b));
    cbn; rewrite ?version_vector_proof.greater_number_is_max; lia.
Qed.

(** ** T2 *)

Lemma share_of_increment o o' amount (s : state) :
  well_formed s = true ->
  share o (increment o' amount s) =
  if equal compare_origin o o' then share o s + amount else share o s.
Proof.
  intros good. unfold g_counter.share at 1. cbn [shares g_counter.increment].
  rewrite (find_in_set compare_origin) by auto.
  destruct (equal_is_equality compare_origin o o') as [-> |]; reflexivity.
Qed.

Theorem increment_is_well_formed o amount (s : state) :
  1 <= amount ->
  well_formed s = true ->
  well_formed (increment o amount s) = true.
Proof.
  intros some good. apply well_formed_means. cbn [seen shares g_counter.increment].
  split; [apply version_vector_proof.see_dot_is_well_formed; auto |].
  apply maps_with_well_formed_values_are_well_formed; [auto | apply set_is_sorted; auto |].
  intros o'. rewrite (find_in_set compare_origin) by auto.
  destruct (equal compare_origin o' o); [apply N.leb_le; cbn; lia |].
  apply (well_formed_maps_have_well_formed_values compare_origin
    (fun entry => 1 <=? snd entry)); auto.
Qed.

Theorem increment_is_inflationary o amount (s : state) :
  1 <= amount ->
  well_formed s = true ->
  join s (increment o amount s) = increment o amount s.
Proof.
  intros some good. pose proof (increment_is_well_formed o amount s some good).
  apply equal_shares_make_equal_states; [| assumption | |].
  - now apply (join_is_well_formed _ _ _ g_counters_are_a_lattice).
  - apply version_vector_proof.seeing_is_inflationary; auto.
  - intros o'. rewrite share_of_join, share_of_increment by assumption.
    destruct (equal compare_origin o' o); lia.
Qed.

(** ** Deltas *)

Lemma share_of_part_since v o (s : state) :
  well_formed s = true ->
  share o (part_since v s) = if get o v <? get o (seen s) then share o s else 0.
Proof.
  intros good. unfold g_counter.share. cbn [shares g_counter.part_since].
  rewrite (find_in_filter compare_origin) by auto. cbn.
  destruct (find compare_origin o (shares s)), (get o v <? get o (seen s)); reflexivity.
Qed.

Theorem part_since_is_well_formed v (s : state) :
  well_formed s = true ->
  well_formed (part_since v s) = true.
Proof.
  intros good. apply well_formed_means. cbn [seen shares g_counter.part_since].
  split; [auto |].
  apply maps_with_well_formed_values_are_well_formed;
    [auto | apply (filter_is_sorted compare_origin); auto |].
  intros o. rewrite (find_in_filter compare_origin) by auto.
  pose proof (well_formed_maps_have_well_formed_values compare_origin
    (fun entry => 1 <=? snd entry) (shares s) o) as fine.
  destruct (find compare_origin o (shares s)) as [n |]; [| reflexivity].
  destruct (_ <? _); [now apply fine; auto | reflexivity].
Qed.

Theorem take_part_is_well_formed (part s : state) :
  well_formed part = true ->
  well_formed s = true ->
  well_formed (take_part part s) = true.
Proof. intros. now apply (join_is_well_formed _ _ _ g_counters_are_a_lattice). Qed.

(** A part does what the whole does, if the shares left out are no greater than one's own. *)
Theorem a_part_joins_like_the_whole v (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  (forall o, get o (seen b) <= get o v -> share o b <= share o a) ->
  take_part (part_since v b) a = join a b.
Proof.
  intros good_a good_b no_greater. pose proof (part_since_is_well_formed v b good_b).
  apply equal_shares_make_equal_states.
  - now apply take_part_is_well_formed.
  - now apply (join_is_well_formed _ _ _ g_counters_are_a_lattice).
  - reflexivity.
  - intros o. unfold g_counter.take_part. rewrite !share_of_join, share_of_part_since by assumption.
    specialize (no_greater o). destruct (N.ltb_spec (get o v) (get o (seen b))); lia.
Qed.

Theorem taking_a_part_is_inflationary (part s : state) :
  well_formed part = true ->
  well_formed s = true ->
  join s (take_part part s) = take_part part s.
Proof. intros. now apply (a_join_is_above_the_left g_counters_are_a_lattice). Qed.

Theorem taking_part_of_itself_changes_nothing v (s : state) :
  well_formed s = true ->
  take_part (part_since v s) s = s.
Proof.
  intros good. rewrite a_part_joins_like_the_whole by (assumption || lia).
  now apply (join_is_idempotent _ _ _ g_counters_are_a_lattice).
Qed.

Theorem increment_equals_its_delta o amount (s : state) :
  1 <= amount ->
  well_formed s = true ->
  take_part (part_since (seen s) (increment o amount s)) s = increment o amount s.
Proof.
  intros some good. rewrite a_part_joins_like_the_whole.
  - now apply increment_is_inflationary.
  - assumption.
  - now apply increment_is_well_formed.
  - intros o'. rewrite share_of_increment by assumption. cbn [seen g_counter.increment].
    rewrite version_vector_proof.get_of_see_next by auto.
    destruct (equal compare_origin o' o); lia.
Qed.
End G_counter.

(** ** Computed *)

Section Examples.
Local Definition counted : state N := State [(Origin 1 0, 2)] [(Origin 1 0, 5)].

Example a_well_formed_state : well_formed N.compare counted = true.
Proof. reflexivity. Qed.

Example an_increment_and_its_delta :
  increment N.compare (Origin 2 0) 4 counted
  = State [(Origin 1 0, 2); (Origin 2 0, 1)] [(Origin 1 0, 5); (Origin 2 0, 4)]
  /\ shares (part_since N.compare (seen counted)
       (increment N.compare (Origin 2 0) 4 counted)) = [(Origin 2 0, 4)].
Proof. now split. Qed.

Example an_increment_by_nothing_is_not_well_formed :
  well_formed N.compare (increment N.compare (Origin 2 0) 0 counted) = false.
Proof. reflexivity. Qed.
End Examples.
