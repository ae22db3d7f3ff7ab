(** Version vectors are a lattice; seeing more only grows them.

    A vector is what [get] says of each origin ([equal_counts_make_equal_vectors]). *)

From Coq Require Import List Bool NArith Lia.
From Rejoin Require Import order lattice sorted_map dot.
From Rejoin Require Import order_proof sorted_map_proof lattice_proof dot_proof.
From Rejoin Require Import version_vector.
Import ListNotations.
Local Open Scope N_scope.

Section Version_vector.
Context {Name : Type} (compare_name : Name -> Name -> comparison).
Context {lawful : ordered compare_name}.
Local Notation compare_origin := (compare_origin compare_name).
Local Notation compare_dot := (compare_dot compare_name).
Local Notation state := (state Name).
Local Notation well_formed := (well_formed compare_name).
Local Notation join := (join compare_name).
Local Notation get := (get compare_name).
Local Notation see := (see compare_name).
Local Notation see_dot := (see_dot compare_name).
Local Notation contains := (contains compare_name).
Local Notation next := (next compare_name).
Local Notation covers := (covers compare_name).
Local Notation of_dots := (of_dots compare_name).

(** ** T1 *)

Theorem version_vectors_are_a_lattice : lattice well_formed bottom join.
Proof.
  apply (maps_are_a_lattice compare_origin (fun entry => 1 <=? snd entry)). intros o.
  exact (options_are_a_lattice N.compare _).
Qed.

(** ** What a vector has seen *)

Lemma well_formed_vectors_are_sorted (v : state) :
  well_formed v = true ->
  sorted compare_origin v = true.
Proof. apply well_formed_maps_are_sorted. Qed.

Lemma well_formed_vectors_have_no_zero (v : state) o n :
  well_formed v = true ->
  find compare_origin o v = Some n ->
  1 <= n.
Proof.
  intros good found.
  pose proof (well_formed_maps_have_well_formed_values compare_origin _ v o good) as one.
  rewrite found in one. now apply N.leb_le.
Qed.

Lemma vectors_without_zero_are_well_formed (v : state) :
  sorted compare_origin v = true ->
  (forall o n, find compare_origin o v = Some n -> 1 <= n) ->
  well_formed v = true.
Proof.
  intros sorts no_zero.
  apply (maps_with_well_formed_values_are_well_formed compare_origin); [exact sorts |].
  intros o. specialize (no_zero o).
  destruct (find compare_origin o v); [now apply N.leb_le, no_zero | reflexivity].
Qed.

Lemma equal_counts_make_equal_vectors (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  (forall o, get o a = get o b) ->
  a = b.
Proof.
  intros good_a good_b same.
  apply (equal_finds_make_equal_maps compare_origin);
    [now apply well_formed_vectors_are_sorted.. |]. intros o.
  specialize (same o). unfold version_vector.get in same.
  pose proof (fun n => well_formed_vectors_have_no_zero a o n good_a).
  pose proof (fun n => well_formed_vectors_have_no_zero b o n good_b).
  destruct (find compare_origin o a) as [n |], (find compare_origin o b) as [m |].
  - congruence.
  - specialize (H n eq_refl). lia.
  - specialize (H0 m eq_refl). lia.
  - reflexivity.
Qed.

Lemma contains_means_counted d (v : state) :
  contains d v = true <-> 1 <= counter d <= get (dot_origin d) v.
Proof. unfold version_vector.contains. now rewrite andb_true_iff, !N.leb_le. Qed.

Lemma bottom_contains_nothing d : contains d bottom = false.
Proof. apply not_true_iff_false. rewrite contains_means_counted. cbn. lia. Qed.

Lemma equal_contents_make_equal_vectors (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  (forall d, contains d a = contains d b) ->
  a = b.
Proof.
  intros good_a good_b same. apply equal_counts_make_equal_vectors; [assumption.. |].
  assert (half : forall v w, (forall d, contains d v = contains d w) ->
    forall o, get o v <= get o w).
  { intros v w same_v o. destruct (N.eq_dec (get o v) 0) as [-> |]; [lia |].
    pose proof (proj2 (contains_means_counted (Dot o (get o v)) v)) as has.
    rewrite same_v, contains_means_counted in has. cbn [dot_origin counter] in has. lia. }
  intros o. apply N.le_antisymm; apply half; congruence.
Qed.

(** *** Join *)

Lemma greater_number_is_max x y : greater N.compare x y = N.max x y.
Proof.
  unfold greater. destruct (below_means_less N.compare x y) as [lt | lt];
    rewrite N.compare_lt_iff in lt; lia.
Qed.

Lemma get_of_join o (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  get o (join a b) = N.max (get o a) (get o b).
Proof.
  intros. unfold version_vector.get, version_vector.join.
  rewrite (find_in_merge compare_origin) by auto using well_formed_vectors_are_sorted.
  destruct (find compare_origin o a), (find compare_origin o b);
    cbn; rewrite ?greater_number_is_max; lia.
Qed.

Lemma contains_of_join d (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  contains d (join a b) = contains d a || contains d b.
Proof.
  intros. apply eq_iff_eq_true.
  rewrite orb_true_iff, !contains_means_counted, get_of_join by assumption. lia.
Qed.

(** *** Seeing more *)

Lemma see_is_well_formed o n (v : state) :
  well_formed v = true ->
  well_formed (see o n v) = true.
Proof.
  intros good. unfold version_vector.see.
  destruct (N.leb_spec n (get o v)) as [| more]; [assumption |].
  pose proof (well_formed_vectors_are_sorted v good).
  apply vectors_without_zero_are_well_formed; [now apply set_is_sorted |].
  intros o' m. rewrite (find_in_set compare_origin) by assumption.
  destruct (equal compare_origin o' o).
  - intros [= <-]. lia.
  - now apply well_formed_vectors_have_no_zero.
Qed.

Lemma get_of_see o o' n (v : state) :
  well_formed v = true ->
  get o (see o' n v) = if equal compare_origin o o' then N.max n (get o v) else get o v.
Proof.
  intros good. unfold version_vector.see.
  destruct (N.leb_spec n (get o' v)) as [seen | more].
  - destruct (equal_is_equality compare_origin o o') as [-> |]; lia.
  - unfold version_vector.get at 1.
    rewrite (find_in_set compare_origin) by now apply well_formed_vectors_are_sorted.
    destruct (equal_is_equality compare_origin o o') as [-> |]; [lia | reflexivity].
Qed.

Lemma see_dot_is_well_formed d (v : state) :
  well_formed v = true ->
  well_formed (see_dot d v) = true.
Proof. apply see_is_well_formed. Qed.

Lemma seen_dots_are_contained d (v : state) :
  well_formed v = true ->
  1 <= counter d ->
  contains d (see_dot d v) = true.
Proof.
  intros. apply contains_means_counted. unfold version_vector.see_dot.
  rewrite get_of_see, equal_to_itself by (assumption || exact _). lia.
Qed.

Lemma seeing_forgets_nothing d d' (v : state) :
  well_formed v = true ->
  contains d v = true ->
  contains d (see_dot d' v) = true.
Proof.
  intros good. rewrite !contains_means_counted. unfold version_vector.see_dot.
  rewrite get_of_see by exact good. destruct (equal _ _ _); lia.
Qed.

Lemma the_next_dot_is_new o (v : state) : contains (next o v) v = false.
Proof.
  apply not_true_iff_false. rewrite contains_means_counted. cbn. lia.
Qed.

Lemma the_next_dot_is_a_dot o (v : state) : 1 <= counter (next o v).
Proof. cbn. lia. Qed.

Lemma get_of_see_next o o' (v : state) :
  well_formed v = true ->
  get o (see_dot (next o' v) v) = get o v + (if equal compare_origin o o' then 1 else 0).
Proof.
  intros good. unfold version_vector.see_dot. rewrite get_of_see by exact good. cbn.
  destruct (equal_is_equality compare_origin o o') as [-> |]; lia.
Qed.

(** Taking the next dot sees that dot and nothing else. *)
Lemma contains_of_see_next d o (v : state) :
  well_formed v = true ->
  contains d (see_dot (next o v) v) = contains d v || equal compare_dot d (next o v).
Proof.
  intros good. apply eq_iff_eq_true.
  rewrite orb_true_iff, !contains_means_counted, get_of_see_next by exact good.
  destruct d as [o' n]. cbn.
  destruct (equal_is_equality compare_dot (Dot o' n) (next o v)) as [same | different].
  - injection same as -> ->. rewrite equal_to_itself by exact _. split; [auto | lia].
  - destruct (equal_is_equality compare_origin o' o) as [-> |].
    + assert (n <> get o v + 1) by (intros ->; now apply different).
      split; [left; lia | intros [| [=]]; lia].
    + split; [left; lia | intros [| [=]]; lia].
Qed.

(** ** T2 *)

Theorem seeing_is_inflationary o n (v : state) :
  well_formed v = true ->
  join v (see o n v) = see o n v.
Proof.
  intros good. pose proof (see_is_well_formed o n v good).
  apply equal_counts_make_equal_vectors;
    [now apply (join_is_well_formed _ _ _ version_vectors_are_a_lattice) | assumption |].
  intros o'. rewrite get_of_join, get_of_see by assumption.
  destruct (equal _ _ _); lia.
Qed.

(** ** Covering *)

Lemma covers_means_counts_as_much (a b : state) :
  well_formed b = true ->
  covers a b = true <-> (forall o, get o b <= get o a).
Proof.
  intros good. unfold version_vector.covers.
  rewrite (forallb_means_all_found compare_origin)
    by now apply well_formed_vectors_are_sorted.
  split; intros all o.
  - specialize (all o). unfold version_vector.get at 1.
    destruct (find compare_origin o b) as [n |]; [| lia].
    now apply N.leb_le, all.
  - intros n found. cbn. apply N.leb_le. specialize (all o).
    unfold version_vector.get at 1 in all. now rewrite found in all.
Qed.

Lemma covers_means_contains_as_much (a b : state) :
  well_formed b = true ->
  covers a b = true <-> (forall d, contains d b = true -> contains d a = true).
Proof.
  intros good. rewrite covers_means_counts_as_much by exact good.
  setoid_rewrite contains_means_counted. split; intros all.
  - intros d. specialize (all (dot_origin d)). lia.
  - intros o. destruct (N.eq_dec (get o b) 0) as [-> |]; [lia |].
    specialize (all (Dot o (get o b))). cbn in all. lia.
Qed.

Lemma covers_means_above (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  covers a b = true <-> join a b = a.
Proof.
  intros good_a good_b. rewrite covers_means_counts_as_much by exact good_b. split.
  - intros all.
    apply equal_counts_make_equal_vectors;
      [now apply (join_is_well_formed _ _ _ version_vectors_are_a_lattice) | assumption |].
    intros o. rewrite get_of_join by assumption. specialize (all o). lia.
  - intros same o. rewrite <- same. rewrite get_of_join by assumption. lia.
Qed.

Lemma a_vector_covers_itself (v : state) :
  well_formed v = true ->
  covers v v = true.
Proof. intros. apply covers_means_counts_as_much; [assumption |]. intros. lia. Qed.

(** ** Of dots *)

Lemma of_dots_is_well_formed dots : well_formed (of_dots dots) = true.
Proof. induction dots; [reflexivity | now apply see_dot_is_well_formed]. Qed.
End Version_vector.

(** ** Computed *)

Example some_vectors_are_well_formed :
  well_formed N.compare [(Origin 1 0, 3); (Origin 2 0, 1)] = true.
Proof. reflexivity. Qed.

Example vectors_join_by_maximum :
  join N.compare [(Origin 1 0, 3); (Origin 2 0, 1)] [(Origin 1 0, 2); (Origin 2 1, 4)]
  = [(Origin 1 0, 3); (Origin 2 0, 1); (Origin 2 1, 4)].
Proof. reflexivity. Qed.
