(** Lattices from lattices: options, maps, sets and records. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order lattice sorted_map order_proof sorted_map_proof.
Import ListNotations.

(** Union is a join of sets. *)
Theorem sets_are_a_lattice {A : Type} (compare : A -> A -> comparison)
    {lawful : ordered compare} :
  lattice (rising compare) [] (union compare).
Proof.
  split; intros.
  - reflexivity.
  - now apply union_is_rising.
  - apply (equal_members_make_equal_sets compare); try now apply union_is_rising.
    intros x. rewrite !member_of_union by assumption. apply orb_comm.
  - apply (equal_members_make_equal_sets compare); try now repeat apply union_is_rising.
    intros x. rewrite !member_of_union by (try assumption; now apply union_is_rising).
    symmetry. apply orb_assoc.
  - apply (equal_members_make_equal_sets compare); try assumption; try now apply union_is_rising.
    intros x. rewrite member_of_union by assumption. apply orb_diag.
  - apply (equal_members_make_equal_sets compare); try assumption; try now apply union_is_rising.
    intros x. rewrite member_of_union by easy. apply orb_false_r.
Qed.

(** Whether a value that is there is well-formed. *)
Definition well_formed_option {V : Type} (well_formed : V -> bool) (value : option V) : bool :=
  match value with
  | Some value => well_formed value
  | None => true
  end.

(** The greater of two that may be missing is a join. *)
Theorem options_are_a_lattice {A : Type}
    (compare : A -> A -> comparison) {lawful : ordered compare} (well_formed : A -> bool) :
  lattice (well_formed_option well_formed) None (greater_option compare).
Proof.
  split; intros.
  - reflexivity.
  - destruct a as [x |], b as [y |]; cbn; auto.
    now destruct (greater_is_one_of_both compare x y) as [-> | ->].
  - now apply greater_option_is_commutative.
  - now apply greater_option_is_associative.
  - now apply greater_option_is_idempotent.
  - apply missing_is_least.
Qed.

(** Well-formedness may be written in another way. *)
Lemma lattices_depend_on_what_is_well_formed {State : Type}
    (well_formed well_formed' : State -> bool) bottom join :
  (forall s, well_formed s = well_formed' s) ->
  lattice well_formed bottom join ->
  lattice well_formed' bottom join.
Proof. intros same lawful. split; intros *; rewrite <- !same; apply lawful. Qed.

(** What takes the greater in is above it already. *)
Lemma greater_option_is_inflationary {A : Type}
    (compare : A -> A -> comparison) {lawful : ordered compare} x y :
  greater_option compare x (greater_option compare x y) = greater_option compare x y.
Proof.
  rewrite <- greater_option_is_associative by exact _. now rewrite greater_option_is_idempotent.
Qed.

(** The merge of maps is a join, if under each key what merges the values is one. *)
Section Maps.
Context {K V : Type} (compare : K -> K -> comparison) {lawful : ordered compare}.
Context (well_formed_entry : K * V -> bool) (f : option V -> option V -> option V).
Context (values_are_a_lattice : forall k,
  lattice (well_formed_option (fun v => well_formed_entry (k, v))) None f).

Definition well_formed_map (m : sorted_map K V) : bool :=
  sorted compare m && forallb well_formed_entry m.

Lemma well_formed_maps_have_well_formed_values m k :
  well_formed_map m = true ->
  well_formed_option (fun v => well_formed_entry (k, v)) (find compare k m) = true.
Proof.
  unfold well_formed_map. rewrite andb_true_iff. intros [sorts all].
  rewrite (forallb_means_all_found compare) in all by exact sorts.
  specialize (all k). destruct (find compare k m); [now apply all | reflexivity].
Qed.

Lemma well_formed_maps_are_sorted m :
  well_formed_map m = true ->
  sorted compare m = true.
Proof. unfold well_formed_map. rewrite andb_true_iff. tauto. Qed.

Lemma maps_with_well_formed_values_are_well_formed m :
  sorted compare m = true ->
  (forall k, well_formed_option (fun v => well_formed_entry (k, v)) (find compare k m) = true) ->
  well_formed_map m = true.
Proof.
  intros sorts all. unfold well_formed_map. rewrite sorts.
  apply (forallb_means_all_found compare); [exact sorts |]. intros k v found.
  specialize (all k). now rewrite found in all.
Qed.

Lemma maps_of_anything_are_well_formed_when_sorted (m : sorted_map K V) :
  (forall entry, well_formed_entry entry = true) ->
  well_formed_map m = sorted compare m.
Proof.
  intros any. unfold well_formed_map.
  rewrite (proj2 (forallb_forall well_formed_entry m)) by auto. apply andb_true_r.
Qed.

Lemma a_join_of_nothing_is_nothing : K -> f None None = None.
Proof. intros k. now apply (join_is_idempotent _ _ _ (values_are_a_lattice k)). Qed.

Lemma find_in_join a b k :
  sorted compare a = true ->
  sorted compare b = true ->
  find compare k (merge compare f a b) = f (find compare k a) (find compare k b).
Proof. apply find_in_merge; [assumption | now apply a_join_of_nothing_is_nothing]. Qed.

Theorem maps_are_a_lattice : lattice well_formed_map [] (merge compare f).
Proof.
  assert (join_is_well_formed : forall a b,
    well_formed_map a = true ->
    well_formed_map b = true ->
    well_formed_map (merge compare f a b) = true).
  { intros a b good_a good_b. apply maps_with_well_formed_values_are_well_formed.
    - apply merge_is_sorted; auto using well_formed_maps_are_sorted.
    - intros k. rewrite find_in_join by auto using well_formed_maps_are_sorted.
      apply (join_is_well_formed _ _ _ (values_are_a_lattice k));
        auto using well_formed_maps_have_well_formed_values. }
  assert (pointwise : forall a b,
    well_formed_map a = true ->
    well_formed_map b = true ->
    (forall k, find compare k a = find compare k b) ->
    a = b).
  { intros a b good_a good_b.
    apply equal_finds_make_equal_maps; auto using well_formed_maps_are_sorted. }
  split.
  - reflexivity.
  - exact join_is_well_formed.
  - intros. apply pointwise; auto. intros k.
    rewrite !find_in_join by auto using well_formed_maps_are_sorted.
    apply (join_is_commutative _ _ _ (values_are_a_lattice k));
      auto using well_formed_maps_have_well_formed_values.
  - intros. apply pointwise; auto. intros k.
    rewrite !find_in_join by auto using well_formed_maps_are_sorted.
    apply (join_is_associative _ _ _ (values_are_a_lattice k));
      auto using well_formed_maps_have_well_formed_values.
  - intros. apply pointwise; auto. intros k.
    rewrite !find_in_join by auto using well_formed_maps_are_sorted.
    apply (join_is_idempotent _ _ _ (values_are_a_lattice k));
      auto using well_formed_maps_have_well_formed_values.
  - intros. apply pointwise; auto. intros k.
    rewrite find_in_join by auto using well_formed_maps_are_sorted.
    apply (bottom_is_neutral _ _ _ (values_are_a_lattice k));
      auto using well_formed_maps_have_well_formed_values.
Qed.
End Maps.

(** A record of two parts, each with a join, has a join. *)
Section Records.
Context {A B State : Type} (make : A -> B -> State) (first : State -> A) (second : State -> B).
Context (first_of_make : forall a b, first (make a b) = a).
Context (second_of_make : forall a b, second (make a b) = b).
Context (make_of_parts : forall s, make (first s) (second s) = s).
Context {well_formed_a : A -> bool} {bottom_a : A} {join_a : A -> A -> A}.
Context {well_formed_b : B -> bool} {bottom_b : B} {join_b : B -> B -> B}.

Theorem records_are_a_lattice :
  lattice well_formed_a bottom_a join_a ->
  lattice well_formed_b bottom_b join_b ->
  lattice (fun s => well_formed_a (first s) && well_formed_b (second s))
    (make bottom_a bottom_b)
    (fun s t => make (join_a (first s) (first t)) (join_b (second s) (second t))).
Proof.
  intros lattice_a lattice_b.
  split; intros; repeat match goal with
    H : _ && _ = true |- _ => apply andb_true_iff in H as [] end;
    rewrite ?first_of_make, ?second_of_make.
  - now rewrite (bottom_is_well_formed _ _ _ lattice_a), (bottom_is_well_formed _ _ _ lattice_b).
  - now rewrite (join_is_well_formed _ _ _ lattice_a), (join_is_well_formed _ _ _ lattice_b).
  - now rewrite (join_is_commutative _ _ _ lattice_a), (join_is_commutative _ _ _ lattice_b).
  - now rewrite (join_is_associative _ _ _ lattice_a), (join_is_associative _ _ _ lattice_b).
  - rewrite (join_is_idempotent _ _ _ lattice_a), (join_is_idempotent _ _ _ lattice_b);
      auto.
  - rewrite (bottom_is_neutral _ _ _ lattice_a), (bottom_is_neutral _ _ _ lattice_b); auto.
Qed.
End Records.

(** A lattice under a constructor. *)
Theorem wrapped_lattices_are_a_lattice {A State : Type} (wrap : A -> State)
    (well_formed : State -> bool) (join : State -> State -> State)
    {well_formed_a : A -> bool} {bottom_a : A} {join_a : A -> A -> A} :
  (forall s, well_formed s = true -> exists a, s = wrap a) ->
  (forall a, well_formed (wrap a) = well_formed_a a) ->
  (forall a b, join (wrap a) (wrap b) = wrap (join_a a b)) ->
  lattice well_formed_a bottom_a join_a ->
  lattice well_formed (wrap bottom_a) join.
Proof.
  intros all_wrapped well_formed_wrapped join_wrapped lawful.
  split; intros;
    repeat match goal with
    | good : well_formed ?s = true |- _ =>
        is_var s; destruct (all_wrapped s good) as [? ->]; rewrite well_formed_wrapped in good
    end;
    rewrite ?join_wrapped, ?well_formed_wrapped; try f_equal; now apply lawful.
Qed.

(** What is missing adds nothing: a join of values that may be missing. *)
Theorem values_that_may_be_missing_are_a_lattice {State : Type}
    {well_formed : State -> bool} {bottom : State} {join : State -> State -> State} :
  lattice well_formed bottom join ->
  lattice (well_formed_option well_formed) None
    (fun x y =>
      match x, y with
      | Some x, Some y => Some (join x y)
      | Some x, None => Some x
      | None, y => y
      end).
Proof.
  intros lawful.
  split; intros;
    repeat match goal with x : option State |- _ => destruct x end; cbn in *;
    try reflexivity; try assumption; try f_equal; now apply lawful.
Qed.

(** ** What follows for every lattice

    [a] is below [b] exactly if [join a b = b]. *)
Section Order.
Context {State : Type} {well_formed : State -> bool} {bottom : State}.
Context {join : State -> State -> State}.
Context (lawful : lattice well_formed bottom join).

Theorem a_join_is_above_the_left a b :
  well_formed a = true ->
  well_formed b = true ->
  join a (join a b) = join a b.
Proof.
  intros. rewrite <- (join_is_associative _ _ _ lawful) by assumption.
  now rewrite (join_is_idempotent _ _ _ lawful).
Qed.

Theorem a_join_is_above_the_right a b :
  well_formed a = true ->
  well_formed b = true ->
  join b (join a b) = join a b.
Proof.
  intros. rewrite (join_is_commutative _ _ _ lawful a b) by assumption.
  now apply a_join_is_above_the_left.
Qed.

Theorem a_join_is_the_least_above_both a b c :
  well_formed a = true ->
  well_formed b = true ->
  well_formed c = true ->
  join a c = c ->
  join b c = c ->
  join (join a b) c = c.
Proof.
  intros ? ? ? above_a above_b. rewrite (join_is_associative _ _ _ lawful) by assumption.
  now rewrite above_b.
Qed.

Theorem the_order_of_joins_is_antisymmetric a b :
  well_formed a = true ->
  well_formed b = true ->
  join a b = b ->
  join b a = a ->
  a = b.
Proof.
  intros ? ? below above. rewrite <- above, (join_is_commutative _ _ _ lawful) by assumption.
  exact below.
Qed.

Theorem the_order_of_joins_is_transitive a b c :
  well_formed a = true ->
  well_formed b = true ->
  well_formed c = true ->
  join a b = b ->
  join b c = c ->
  join a c = c.
Proof.
  intros ? ? ? ab bc. rewrite <- bc, <- (join_is_associative _ _ _ lawful) by assumption.
  now rewrite ab.
Qed.
End Order.

Example some_maps_are_well_formed :
  well_formed_map N.compare (fun entry => N.leb 1 (snd entry)) [(1, 5); (3, 4)]%N = true.
Proof. reflexivity. Qed.
