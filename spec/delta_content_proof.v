(** What a delta leaves out: exactly what its receiver has seen. *)

From Coq Require Import List Bool NArith Lia.
From Rejoin Require Import order sorted_map sorted_map_proof dot delta_content.
From Rejoin Require version_vector decisions g_counter lww_register or_set lww_map log replica.
From Rejoin Require state_hash.
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

Theorem a_delta_lists_exactly_what_is_new v (x : object) :
  listed (replica.part_since compare_name v x) = filter (is_new_to v) (listed x).
Proof.
  destruct x as [s | s | s | s | s]; cbn [replica.part_since delta_content.listed].
  - apply mapping_what_passes. intros [o n]. cbn [fst]. unfold delta_content.is_new_to.
    cbn [g_counter.part_since g_counter.seen].
    set (last := version_vector.get compare_name o (g_counter.seen s)).
    destruct (N.eqb_spec last 0) as [-> | some]; [now destruct (version_vector.get _ _ _) |].
    cbn [existsb]. unfold version_vector.contains. cbn [dot_origin counter]. rewrite orb_false_r.
    replace (1 <=? last) with true by (symmetry; apply N.leb_le; lia). apply N.ltb_antisym.
  - apply keys_are_listed_if_something_is_new.
  - apply keys_are_listed_if_something_is_new.
  - apply keys_are_listed_if_something_is_new.
  - apply mapping_what_passes. intros e. unfold delta_content.is_new_to. cbn.
    now rewrite orb_false_r.
Qed.

Theorem a_delta_that_lists_nothing_is_a_vector v (x : object) :
  listed (replica.part_since compare_name v x) = [] ->
  state_hash.without_vector (replica.part_since compare_name v x)
  = replica.bottom_object (replica.type_of x).
Proof.
  destruct x as [s | s | s | s | s]; cbn [replica.part_since delta_content.listed];
    intros none; apply map_eq_nil in none; cbn; f_equal.
  - unfold g_counter.part_since in none. cbn in none. now rewrite none.
  - cbn in none. unfold lww_register.bottom. f_equal; now rewrite none.
  - cbn in none. now rewrite none.
  - cbn in none. unfold lww_map.bottom. f_equal.
    + now rewrite none.
    + rewrite none. unfold restrict. rewrite merging_no_map_right.
      now induction (lww_map.winners s) as [| [k w] ws IH].
  - cbn in none. now rewrite none.
Qed.
End Delta_content.
