(** What a delta leaves out: exactly what its receiver has seen. *)

From Coq Require Import List Bool NArith Lia.
From Rejoin Require Import order sorted_map sorted_map_proof dot delta_content.
From Rejoin Require version_vector decisions g_counter lww_register or_set lww_map log replica.
From Rejoin Require pn_counter max_register min_register state_hash.
Import ListNotations.
Open Scope N_scope.

Lemma mapping_what_passes {A B : Type} (f : A -> B) (p : A -> bool) (q : B -> bool) items :
  (forall x, p x = q (f x)) ->
  map f (filter p items) = filter q (map f items).
Proof.
  intros same. induction items as [| x items IH]; [reflexivity |]. cbn. rewrite same.
  destruct (q (f x)); cbn; now rewrite IH.
Qed.

Section Delta_content.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison).
Local Notation object := (replica.object Name Value).
Local Notation listed := (listed compare_name).
Local Notation is_new_to := (is_new_to compare_name).

Lemma keys_are_listed_if_something_is_new {K Effect : Type} v
    (s : decisions.state Name K Effect) :
  map (fun entry => map decisions.dot_of (snd entry))
    (decisions.maximal (decisions.part_since compare_name v s))
  = filter (is_new_to v)
      (map (fun entry => map decisions.dot_of (snd entry)) (decisions.maximal s)).
Proof.
  apply mapping_what_passes. intros [k ds]. cbn [snd]. unfold delta_content.is_new_to.
  induction ds as [| d ds IH]; [reflexivity |]. cbn. now rewrite IH.
Qed.

Lemma shares_are_listed_if_something_is_new v (seen : version_vector.state Name) shares :
  map (fun share => last_dot (fst share) (version_vector.get compare_name (fst share) seen))
    (filter (fun share =>
      version_vector.get compare_name (fst share) v
      <? version_vector.get compare_name (fst share) seen) shares)
  = filter (is_new_to v)
      (map (fun share =>
        last_dot (fst share) (version_vector.get compare_name (fst share) seen))
        (shares : sorted_map (origin Name) N)).
Proof.
  apply mapping_what_passes. intros [o n]. cbn [fst]. unfold delta_content.is_new_to, last_dot.
  set (last := version_vector.get compare_name o seen).
  destruct (N.eqb_spec last 0) as [-> | some]; [now destruct (version_vector.get _ _ _) |].
  cbn [existsb]. unfold version_vector.contains. cbn [dot_origin counter]. rewrite orb_false_r.
  replace (1 <=? last) with true by (symmetry; apply N.leb_le; lia). apply N.ltb_antisym.
Qed.

Lemma a_vector_is_new_if_it_is_not_covered v (seen : version_vector.state Name) :
  is_new_to v (flat_map (fun counted => last_dot (fst counted) (snd counted)) seen)
  = negb (version_vector.covers compare_name v seen).
Proof.
  unfold delta_content.is_new_to, version_vector.covers.
  induction seen as [| [o n] seen IH]; [reflexivity |].
  cbn [flat_map forallb fst snd]. rewrite existsb_app, IH, negb_andb. f_equal.
  unfold last_dot. destruct (N.eqb_spec n 0) as [-> | some]; [now destruct (version_vector.get _ _ _) |].
  cbn [existsb]. unfold version_vector.contains. cbn [dot_origin counter]. rewrite orb_false_r.
  now replace (1 <=? n) with true by (symmetry; apply N.leb_le; lia).
Qed.

Lemma an_integer_is_listed_if_something_is_new v (s : max_register.state Name) :
  listed (replica.A_max_register (max_register.part_since compare_name v s) : object)
  = filter (is_new_to v) (listed (replica.A_max_register s : object)).
Proof.
  destruct s as [seen greatest]. unfold max_register.part_since.
  cbn [delta_content.listed max_register.seen max_register.greatest].
  destruct greatest as [n |]; [| now destruct (version_vector.covers compare_name v seen)].
  cbn [filter]. rewrite a_vector_is_new_if_it_is_not_covered.
  now destruct (version_vector.covers compare_name v seen).
Qed.

Theorem a_delta_lists_exactly_what_is_new v (x : object) :
  listed (replica.part_since compare_name v x) = filter (is_new_to v) (listed x).
Proof.
  destruct x as [s | s | s | s | s | s | s | s | s | s | s | s | s];
    cbn [replica.part_since]; try apply keys_are_listed_if_something_is_new.
  - apply shares_are_listed_if_something_is_new.
  - apply mapping_what_passes. intros e. unfold delta_content.is_new_to. cbn.
    now rewrite orb_false_r.
  - cbn [delta_content.listed]. rewrite filter_app.
    f_equal; apply shares_are_listed_if_something_is_new.
  - apply an_integer_is_listed_if_something_is_new.
  - apply an_integer_is_listed_if_something_is_new.
Qed.

Theorem a_delta_that_lists_nothing_is_a_vector v (x : object) :
  listed (replica.part_since compare_name v x) = [] ->
  state_hash.without_vector (replica.part_since compare_name v x)
  = replica.bottom_object (replica.type_of x).
Proof.
  destruct x as [s | s | s | s | s | s | s | s | s | s | s | s | s];
    cbn [replica.part_since delta_content.listed]; intros none;
    try (apply map_eq_nil in none; cbn; f_equal; cbn in none; now rewrite none).
  - apply map_eq_nil in none. cbn. f_equal. cbn in none. unfold lww_map.bottom. f_equal.
    + now rewrite none.
    + rewrite none. unfold restrict. rewrite merging_no_map_right.
      now induction (lww_map.winners s) as [| [k w] ws IH].
  - apply app_eq_nil in none as [up down]. apply map_eq_nil in up, down. cbn in *.
    now rewrite up, down.
  - destruct s as [seen greatest]. unfold max_register.part_since in *.
    cbn [max_register.seen max_register.greatest] in *.
    destruct (version_vector.covers compare_name v seen); [reflexivity | now destruct greatest].
  - destruct s as [seen greatest]. unfold min_register.part_since, max_register.part_since in *.
    cbn [max_register.seen max_register.greatest] in *.
    destruct (version_vector.covers compare_name v seen); [reflexivity | now destruct greatest].
Qed.
End Delta_content.
