(** Laws of sorted maps and sets: what is found in each, and that this determines them.

    A set is what [member] says of it ([equal_members_make_equal_sets]), a map what [find]
    finds in it ([equal_finds_make_equal_maps]). So each operation is described once, by what
    [member] or [find] says of its result, and every equation between sets or maps is proved
    point by point. *)

From Coq Require Import List Bool NArith Permutation.
From Rejoin Require Import order sorted_map order_proof.
Import ListNotations.

(** ** Rising lists *)

Section Rising.
Context {A : Type} (compare : A -> A -> comparison) {lawful : ordered compare}.
Local Notation rising := (rising compare).

Definition all_above (x : A) (items : list A) : Prop := Forall (fun y => compare x y = Lt) items.

Lemma all_above_a_greater_are_above x y items :
  compare x y = Lt ->
  all_above y items ->
  all_above x items.
Proof.
  intros lt above. eapply Forall_impl; [| exact above].
  cbn. intros z. now apply below_is_transitive.
Qed.

Lemma rising_means_all_above_the_first x items :
  rising (x :: items) = true <-> all_above x items /\ rising items = true.
Proof.
  revert x. induction items as [| y rest IH]; intros x.
  - repeat split. constructor.
  - change (rising (x :: y :: rest)) with (below compare x y && rising (y :: rest)).
    rewrite andb_true_iff.
    destruct (below_means_less compare x y) as [lt | not_lt].
    + split; [intros [_ rises] | intros [_ rises]; auto].
      split; [| exact rises]. constructor; [exact lt |].
      apply (all_above_a_greater_are_above x y); [exact lt | now apply IH].
    + split; [now intros [[=] _] | intros [above _]]. now inversion above.
Qed.

Lemma the_first_is_not_below x items :
  all_above x items ->
  ~ In x items.
Proof.
  intros above found. apply (nothing_is_below_itself compare x).
  now apply (proj1 (Forall_forall _ items) above x found).
Qed.

Lemma equal_content_makes_equal_rising_lists a b :
  rising a = true ->
  rising b = true ->
  (forall x, In x a <-> In x b) ->
  a = b.
Proof.
  revert b. induction a as [| x a IH]; intros [| y b] rises_a rises_b same.
  - reflexivity.
  - exfalso. now apply (same y); left.
  - exfalso. now apply (same x); left.
  - apply rising_means_all_above_the_first in rises_a as [above_x rises_a].
    apply rising_means_all_above_the_first in rises_b as [above_y rises_b].
    assert (x = y) as <-.
    { destruct (proj1 (same x) (or_introl eq_refl)) as [| x_in_b]; [congruence |].
      destruct (proj2 (same y) (or_introl eq_refl)) as [| y_in_a]; [congruence |].
      exfalso. apply (nothing_is_below_both_ways compare x y).
      - now apply (proj1 (Forall_forall _ a) above_x y y_in_a).
      - now apply (proj1 (Forall_forall _ b) above_y x x_in_b). }
    f_equal. apply IH; [exact rises_a | exact rises_b |]. intros z. split; intros z_in.
    + destruct (proj1 (same z) (or_intror z_in)) as [-> |]; [| assumption].
      now apply the_first_is_not_below in above_x.
    + destruct (proj2 (same z) (or_intror z_in)) as [-> |]; [| assumption].
      now apply the_first_is_not_below in above_y.
Qed.

Lemma rising_lists_have_no_repeats items :
  rising items = true ->
  NoDup items.
Proof.
  induction items as [| x rest IH]; intros rises; constructor;
    apply rising_means_all_above_the_first in rises as [above rises].
  - now apply the_first_is_not_below.
  - now apply IH.
Qed.

Lemma filter_is_rising p items :
  rising items = true ->
  rising (filter p items) = true.
Proof.
  induction items as [| x rest IH]; intros rises; [reflexivity |].
  apply rising_means_all_above_the_first in rises as [above rises]. cbn.
  destruct (p x); [| now apply IH].
  apply rising_means_all_above_the_first. split; [| now apply IH].
  apply Forall_forall. intros y y_in. apply filter_In in y_in as [y_in _].
  now apply (proj1 (Forall_forall _ rest) above).
Qed.
End Rising.

Arguments all_above {A}.

(** ** Sets *)

Section Sets.
Context {A : Type} (compare : A -> A -> comparison) {lawful : ordered compare}.
Local Notation rising := (rising compare).
Local Notation member := (member compare).
Local Notation merge_sets := (merge_sets compare).
Local Notation union := (union compare).
Local Notation insert := (insert compare).
Local Notation set_of := (set_of compare).

Lemma below_all_is_no_member x s :
  all_above compare x s ->
  member x s = false.
Proof. intros above. now destruct above as [| y s lt above]; cbn; [| rewrite lt]. Qed.

Lemma member_of_first_and_rest x y s :
  all_above compare y s ->
  member x (y :: s) = equal compare x y || member x s.
Proof.
  intros above. cbn. unfold equal.
  destruct (any_two_compare compare x y) as [-> | lt | gt]; [reflexivity | | reflexivity].
  symmetry. apply below_all_is_no_member.
  now apply (all_above_a_greater_are_above compare x y).
Qed.

Lemma member_means_in x s :
  rising s = true ->
  member x s = true <-> In x s.
Proof.
  induction s as [| y s IH]; intros rises; [easy |].
  apply (rising_means_all_above_the_first compare) in rises as [above rises].
  rewrite (member_of_first_and_rest _ _ _ above), orb_true_iff, (IH rises).
  cbn. destruct (equal_is_equality compare x y); intuition congruence.
Qed.

Lemma equal_members_make_equal_sets a b :
  rising a = true ->
  rising b = true ->
  (forall x, member x a = member x b) ->
  a = b.
Proof.
  intros rises_a rises_b same.
  apply (equal_content_makes_equal_rising_lists compare); [assumption | assumption |].
  intros x. now rewrite <- (member_means_in x a), <- (member_means_in x b), same.
Qed.

Lemma member_of_filter p x s :
  rising s = true ->
  member x (filter p s) = member x s && p x.
Proof.
  intros rises. apply eq_iff_eq_true.
  rewrite andb_true_iff, !member_means_in, filter_In;
    [reflexivity | assumption | now apply filter_is_rising].
Qed.

(** *** Merging *)

Lemma merging_nothing_left left right b : merge_sets left right [] b = filter right b.
Proof. now destruct b. Qed.

Lemma merging_nothing_right left right a : merge_sets left right a [] = filter left a.
Proof. now destruct a. Qed.

Lemma merging_sets_steps left right x a y b :
  merge_sets left right (x :: a) (y :: b) =
  match compare x y with
  | Lt => if left x then x :: merge_sets left right a (y :: b)
          else merge_sets left right a (y :: b)
  | Eq => x :: merge_sets left right a b
  | Gt => if right y then y :: merge_sets left right (x :: a) b
          else merge_sets left right (x :: a) b
  end.
Proof. reflexivity. Qed.

Lemma merged_sets_have_nothing_else left right a b x :
  In x (merge_sets left right a b) ->
  In x a \/ In x b.
Proof.
  revert b. induction a as [| y a IHa]; intros b; [| induction b as [| z b IHb]].
  - rewrite merging_nothing_left, filter_In. tauto.
  - rewrite merging_nothing_right, filter_In. tauto.
  - rewrite merging_sets_steps. specialize (IHa (z :: b)) as IHa'. specialize (IHa b).
    destruct (compare y z), (left y), (right z); cbn in *; tauto.
Qed.

Lemma merged_sets_are_above left right x a b :
  all_above compare x a ->
  all_above compare x b ->
  all_above compare x (merge_sets left right a b).
Proof.
  unfold all_above. rewrite !Forall_forall. intros above_a above_b y y_in.
  apply merged_sets_have_nothing_else in y_in as []; auto.
Qed.

Lemma merge_sets_is_rising left right a b :
  rising a = true ->
  rising b = true ->
  rising (merge_sets left right a b) = true.
Proof.
  revert b. induction a as [| x a IHa]; intros b rises_a rises_b;
    [| induction b as [| y b IHb]].
  - rewrite merging_nothing_left. now apply filter_is_rising.
  - rewrite merging_nothing_right. now apply filter_is_rising.
  - rewrite merging_sets_steps.
    pose proof rises_a as rises_xa. pose proof rises_b as rises_yb.
    apply (rising_means_all_above_the_first compare) in rises_a as [above_x rises_a].
    apply (rising_means_all_above_the_first compare) in rises_b as [above_y rises_b].
    specialize (IHb rises_b).
    destruct (any_two_compare compare x y) as [<- | lt | gt].
    + apply (rising_means_all_above_the_first compare).
      split; [now apply merged_sets_are_above | now apply IHa].
    + destruct (left x); [| now apply IHa].
      apply (rising_means_all_above_the_first compare).
      split; [| now apply IHa]. apply merged_sets_are_above; [assumption |].
      constructor; [| eapply all_above_a_greater_are_above]; eassumption.
    + destruct (right y); [| assumption].
      apply (rising_means_all_above_the_first compare).
      split; [| assumption]. apply merged_sets_are_above; [| assumption].
      constructor; [| eapply all_above_a_greater_are_above]; eassumption.
Qed.

Lemma member_of_merge_sets left right a b x :
  rising a = true ->
  rising b = true ->
  member x (merge_sets left right a b) =
  if member x a then member x b || left x else member x b && right x.
Proof.
  revert b. induction a as [| y a IHa]; intros b rises_a rises_b;
    [| induction b as [| z b IHb]].
  - rewrite merging_nothing_left. now apply member_of_filter.
  - rewrite merging_nothing_right, member_of_filter by assumption.
    now destruct (member x (y :: a)).
  - pose proof rises_a as rises_ya. pose proof rises_b as rises_zb.
    apply (rising_means_all_above_the_first compare) in rises_a as [above_y rises_a].
    apply (rising_means_all_above_the_first compare) in rises_b as [above_z rises_b].
    specialize (IHb rises_b).
    pose proof (IHa b rises_a rises_b) as IHab.
    pose proof (IHa (z :: b) rises_a rises_zb) as IHazb.
    rewrite merging_sets_steps.
    destruct (any_two_compare compare y z) as [<- | lt | gt].
    + rewrite !member_of_first_and_rest, IHab by auto using merged_sets_are_above.
      now destruct (equal compare x y).
    + assert (above_yzb : all_above compare y (z :: b)).
      { constructor; [| eapply all_above_a_greater_are_above]; eassumption. }
      rewrite (member_of_first_and_rest x y a) by assumption.
      destruct (left y) eqn:left_y;
        [rewrite member_of_first_and_rest by auto using merged_sets_are_above |];
        rewrite IHazb; destruct (equal_is_equality compare x y) as [-> | _]; try reflexivity;
        cbn [orb].
      * now rewrite left_y, orb_true_r.
      * rewrite (below_all_is_no_member y a), (below_all_is_no_member y (z :: b)) by assumption.
        now rewrite left_y.
    + assert (above_zya : all_above compare z (y :: a)).
      { constructor; [| eapply all_above_a_greater_are_above]; eassumption. }
      rewrite (member_of_first_and_rest x z b) by assumption.
      destruct (right z) eqn:right_z;
        [rewrite member_of_first_and_rest by auto using merged_sets_are_above |];
        rewrite IHb; destruct (equal_is_equality compare x z) as [-> | _]; try reflexivity;
        cbn [orb];
        rewrite (below_all_is_no_member z (y :: a)), ?(below_all_is_no_member z b) by assumption;
        now rewrite right_z.
Qed.

Lemma union_is_rising a b :
  rising a = true ->
  rising b = true ->
  rising (union a b) = true.
Proof. apply merge_sets_is_rising. Qed.

Lemma member_of_union a b x :
  rising a = true ->
  rising b = true ->
  member x (union a b) = member x a || member x b.
Proof.
  intros. unfold sorted_map.union. rewrite member_of_merge_sets by assumption.
  now destruct (member x a), (member x b).
Qed.

Lemma insert_is_rising x s :
  rising s = true ->
  rising (insert x s) = true.
Proof. now apply union_is_rising. Qed.

Lemma member_of_insert x y s :
  rising s = true ->
  member x (insert y s) = equal compare x y || member x s.
Proof.
  intros. unfold sorted_map.insert. rewrite member_of_union by easy. cbn. unfold equal.
  now destruct (compare x y).
Qed.

Lemma set_of_is_rising items : rising (set_of items) = true.
Proof. induction items; [reflexivity | now apply insert_is_rising]. Qed.

Lemma member_of_set_of x items :
  member x (set_of items) = existsb (equal compare x) items.
Proof.
  induction items as [| y items IH]; [reflexivity |]. cbn [sorted_map.set_of fold_right].
  rewrite member_of_insert by apply set_of_is_rising. cbn. f_equal. exact IH.
Qed.

Lemma in_set_of x items : In x (set_of items) <-> In x items.
Proof.
  rewrite <- member_means_in, member_of_set_of, existsb_exists by apply set_of_is_rising.
  split.
  - intros (y & y_in & same). now destruct (equal_is_equality compare x y) as [-> |].
  - intros x_in. exists x. now rewrite equal_to_itself.
Qed.
End Sets.

(** ** Maps *)

Section Maps.
Context {K : Type} (compare : K -> K -> comparison) {lawful : ordered compare}.

Definition keys_above {V : Type} (k : K) (m : sorted_map K V) : Prop :=
  all_above compare k (keys m).

Lemma sorted_means_keys_above_the_first {V : Type} k (v : V) m :
  sorted compare ((k, v) :: m) = true <-> keys_above k m /\ sorted compare m = true.
Proof. apply rising_means_all_above_the_first. assumption. Qed.

Lemma below_all_keys_nothing_is_found {V : Type} k (m : sorted_map K V) :
  keys_above k m ->
  find compare k m = None.
Proof.
  destruct m as [| [k' v] m]; intros above; [reflexivity |].
  inversion above as [| ? ? lt]. cbn in *. now rewrite lt.
Qed.

Lemma find_in_first_and_rest {V : Type} k k' (v : V) m :
  keys_above k' m ->
  find compare k ((k', v) :: m) = if equal compare k k' then Some v else find compare k m.
Proof.
  intros above. cbn. unfold equal.
  destruct (any_two_compare compare k k') as [-> | lt | gt]; [reflexivity | | reflexivity].
  symmetry. apply below_all_keys_nothing_is_found.
  now apply (all_above_a_greater_are_above compare k k').
Qed.

Lemma found_means_in {V : Type} k (v : V) m :
  sorted compare m = true ->
  find compare k m = Some v <-> In (k, v) m.
Proof.
  induction m as [| [k' v'] m IH]; intros sorts; [easy |].
  apply sorted_means_keys_above_the_first in sorts as [above sorts].
  rewrite (find_in_first_and_rest _ _ _ _ above). cbn. rewrite <- (IH sorts).
  destruct (equal_is_equality compare k k') as [-> | different].
  - split; [intros [= ->]; auto | intros [[= ->] | found]; [reflexivity |]].
    now rewrite below_all_keys_nothing_is_found in found.
  - split; [auto | intros [[= -> ->] |]]; [contradiction | assumption].
Qed.

Lemma found_means_key {V : Type} k (m : sorted_map K V) :
  sorted compare m = true ->
  find compare k m <> None <-> In k (keys m).
Proof.
  intros sorts. unfold keys. rewrite in_map_iff. split.
  - intros found. destruct (find compare k m) as [v |] eqn:at_k; [| contradiction].
    apply found_means_in in at_k; [| assumption]. now exists (k, v).
  - intros ([k' v] & [= ->] & found). apply found_means_in in found; [congruence | assumption].
Qed.

Lemma equal_finds_make_equal_maps {V : Type} (a b : sorted_map K V) :
  sorted compare a = true ->
  sorted compare b = true ->
  (forall k, find compare k a = find compare k b) ->
  a = b.
Proof.
  revert b. induction a as [| [k v] a IH]; intros [| [k' v'] b] sorts_a sorts_b same.
  - reflexivity.
  - specialize (same k'). cbn in same. now rewrite (all_equal_themselves compare) in same.
  - specialize (same k). cbn in same. now rewrite (all_equal_themselves compare) in same.
  - apply sorted_means_keys_above_the_first in sorts_a as [above_a sorts_a].
    apply sorted_means_keys_above_the_first in sorts_b as [above_b sorts_b].
    assert (k = k') as <-.
    { pose proof (same k) as at_k. pose proof (same k') as at_k'. cbn in at_k, at_k'.
      rewrite (all_equal_themselves compare) in at_k, at_k'.
      destruct (any_two_compare compare k k') as [| lt | gt]; [assumption | |].
      - now rewrite lt in at_k.
      - now rewrite gt in at_k'. }
    assert (v = v') as <-.
    { specialize (same k). cbn in same.
      rewrite (all_equal_themselves compare) in same. congruence. }
    f_equal. apply IH; [assumption | assumption |]. intros q. specialize (same q).
    rewrite !find_in_first_and_rest in same by assumption.
    revert same. destruct (equal_is_equality compare q k) as [-> |]; [intros _ | auto].
    now rewrite !below_all_keys_nothing_is_found.
Qed.

(** A test of all entries is one of all that is found. *)
Lemma forallb_means_all_found {V : Type} (p : K * V -> bool) m :
  sorted compare m = true ->
  forallb p m = true <-> (forall k v, find compare k m = Some v -> p (k, v) = true).
Proof.
  intros sorts. rewrite forallb_forall. split.
  - intros all k v found. apply all. now apply found_means_in.
  - intros all [k v] found. apply all. now apply found_means_in.
Qed.

(** *** Filtering *)

Lemma filter_keeps_keys_above {V : Type} p k (m : sorted_map K V) :
  keys_above k m ->
  keys_above k (filter p m).
Proof.
  unfold keys_above, all_above, keys. rewrite !Forall_forall. intros above k' k'_in.
  apply above. apply in_map_iff in k'_in as (entry & <- & found).
  apply filter_In in found as [found _]. now apply in_map.
Qed.

Lemma filter_is_sorted {V : Type} p (m : sorted_map K V) :
  sorted compare m = true ->
  sorted compare (filter p m) = true.
Proof.
  induction m as [| [k v] m IH]; intros sorts; [reflexivity |].
  apply sorted_means_keys_above_the_first in sorts as [above sorts]. cbn.
  destruct (p (k, v)); [| now apply IH].
  apply sorted_means_keys_above_the_first. split; [| now apply IH].
  now apply filter_keeps_keys_above.
Qed.

Lemma find_in_filter {V : Type} (p : K * V -> bool) k m :
  sorted compare m = true ->
  find compare k (filter p m) =
  match find compare k m with
  | Some v => if p (k, v) then Some v else None
  | None => None
  end.
Proof.
  induction m as [| [k' v] m IH]; intros sorts; [reflexivity |].
  apply sorted_means_keys_above_the_first in sorts as [above sorts].
  rewrite find_in_first_and_rest by assumption. cbn [filter].
  destruct (p (k', v)) eqn:holds.
  - rewrite find_in_first_and_rest by now apply filter_keeps_keys_above.
    destruct (equal_is_equality compare k k') as [-> |]; [now rewrite holds | now apply IH].
  - destruct (equal_is_equality compare k k') as [-> |]; [| now apply IH].
    rewrite holds. apply below_all_keys_nothing_is_found. now apply filter_keeps_keys_above.
Qed.

(** *** Changing each value *)

Lemma mapped_values_keep_keys {V W : Type} (f : K * V -> W) m :
  keys (map (fun entry => (fst entry, f entry)) m) = keys m.
Proof. unfold keys. rewrite map_map. now apply map_ext. Qed.

Lemma mapped_values_are_sorted {V W : Type} (f : K * V -> W) m :
  sorted compare (map (fun entry => (fst entry, f entry)) m) = sorted compare m.
Proof. unfold sorted. now rewrite mapped_values_keep_keys. Qed.

Lemma find_in_mapped_values {V W : Type} (f : K * V -> W) k m :
  find compare k (map (fun entry => (fst entry, f entry)) m) =
  match find compare k m with
  | Some v => Some (f (k, v))
  | None => None
  end.
Proof.
  induction m as [| [k' v] m IH]; [reflexivity |]. cbn.
  now destruct (any_two_compare compare k k') as [<- | |].
Qed.

(** A map that is made from its keys. *)
Lemma find_in_a_map_made_from_keys {V : Type} (f : K -> V) k ks :
  find compare k (map (fun k => (k, f k)) ks) = if member compare k ks then Some (f k) else None.
Proof.
  induction ks as [| k' ks IH]; [reflexivity |]. cbn.
  now destruct (any_two_compare compare k k') as [<- | |].
Qed.

Lemma a_map_made_from_keys_is_sorted {V : Type} (f : K -> V) ks :
  sorted compare (map (fun k => (k, f k)) ks) = rising compare ks.
Proof. unfold sorted, keys. now rewrite map_map, map_id. Qed.

(** *** Merging *)

Lemma cons_some_keeps_keys_above {V : Type} k k' (v : option V) m :
  compare k k' = Lt ->
  keys_above k m ->
  keys_above k (cons_some k' v m).
Proof. destruct v; [now constructor | auto]. Qed.

Lemma cons_some_is_sorted {V : Type} k (v : option V) m :
  keys_above k m ->
  sorted compare m = true ->
  sorted compare (cons_some k v m) = true.
Proof.
  destruct v; intros above sorts; [| exact sorts].
  now apply sorted_means_keys_above_the_first.
Qed.

Lemma find_in_cons_some {V : Type} k k' (v : option V) m :
  keys_above k' m ->
  find compare k (cons_some k' v m) = if equal compare k k' then v else find compare k m.
Proof.
  intros above. destruct v as [v |].
  - now apply find_in_first_and_rest.
  - cbn. destruct (equal_is_equality compare k k') as [-> |]; [| reflexivity].
    now apply below_all_keys_nothing_is_found.
Qed.

Lemma map_some_keeps_keys_above {A B : Type} (f : A -> option B) k m :
  keys_above k m ->
  keys_above k (map_some f m).
Proof.
  induction m as [| [k' v] m IH]; intros above; [constructor |].
  inversion above. cbn. apply cons_some_keeps_keys_above; auto.
Qed.

Lemma map_some_is_sorted {A B : Type} (f : A -> option B) m :
  sorted compare m = true ->
  sorted compare (map_some f m) = true.
Proof.
  induction m as [| [k v] m IH]; intros sorts; [reflexivity |].
  apply sorted_means_keys_above_the_first in sorts as [above sorts].
  apply cons_some_is_sorted; [now apply map_some_keeps_keys_above | now apply IH].
Qed.

Lemma find_in_map_some {A B : Type} (f : A -> option B) k m :
  sorted compare m = true ->
  find compare k (map_some f m) =
  match find compare k m with
  | Some v => f v
  | None => None
  end.
Proof.
  induction m as [| [k' v] m IH]; intros sorts; [reflexivity |].
  apply sorted_means_keys_above_the_first in sorts as [above sorts].
  cbn [map_some]. rewrite find_in_cons_some by now apply map_some_keeps_keys_above.
  rewrite find_in_first_and_rest, (IH sorts) by assumption.
  now destruct (equal compare k k').
Qed.

Section Merge.
Context {A B C : Type} (f : option A -> option B -> option C).

Lemma merging_no_map_left b :
  merge compare f [] b = map_some (fun v => f None (Some v)) b.
Proof. now destruct b. Qed.

Lemma merging_no_map_right a :
  merge compare f a [] = map_some (fun v => f (Some v) None) a.
Proof. now destruct a as [| []]. Qed.

Lemma merging_maps_steps k v a k' v' b :
  merge compare f ((k, v) :: a) ((k', v') :: b) =
  match compare k k' with
  | Lt => cons_some k (f (Some v) None) (merge compare f a ((k', v') :: b))
  | Eq => cons_some k (f (Some v) (Some v')) (merge compare f a b)
  | Gt => cons_some k' (f None (Some v')) (merge compare f ((k, v) :: a) b)
  end.
Proof. reflexivity. Qed.

Lemma merge_keeps_keys_above k a b :
  keys_above k a ->
  keys_above k b ->
  keys_above k (merge compare f a b).
Proof.
  revert b. induction a as [| [k1 v1] a IHa]; intros b; [| induction b as [| [k2 v2] b IHb]];
    intros above_a above_b.
  - rewrite merging_no_map_left. now apply map_some_keeps_keys_above.
  - rewrite merging_no_map_right. now apply map_some_keeps_keys_above.
  - rewrite merging_maps_steps.
    pose proof above_a as above_a'. pose proof above_b as above_b'.
    inversion above_a'; subst. inversion above_b'; subst.
    destruct (compare k1 k2); apply cons_some_keeps_keys_above; auto.
Qed.

Lemma merge_is_sorted a b :
  sorted compare a = true ->
  sorted compare b = true ->
  sorted compare (merge compare f a b) = true.
Proof.
  revert b. induction a as [| [k1 v1] a IHa]; intros b; [| induction b as [| [k2 v2] b IHb]];
    intros sorts_a sorts_b.
  - rewrite merging_no_map_left. now apply map_some_is_sorted.
  - rewrite merging_no_map_right. now apply map_some_is_sorted.
  - rewrite merging_maps_steps.
    pose proof sorts_a as sorts_1a. pose proof sorts_b as sorts_2b.
    apply sorted_means_keys_above_the_first in sorts_a as [above_1 sorts_a].
    apply sorted_means_keys_above_the_first in sorts_b as [above_2 sorts_b].
    destruct (any_two_compare compare k1 k2) as [<- | lt | gt];
      apply cons_some_is_sorted; auto; apply merge_keeps_keys_above; auto.
    + constructor; [| eapply all_above_a_greater_are_above]; eassumption.
    + constructor; [| eapply all_above_a_greater_are_above]; eassumption.
Qed.

Lemma find_in_merge a b k :
  f None None = None ->
  sorted compare a = true ->
  sorted compare b = true ->
  find compare k (merge compare f a b) = f (find compare k a) (find compare k b).
Proof.
  intros nothing.
  revert b. induction a as [| [k1 v1] a IHa]; intros b; [| induction b as [| [k2 v2] b IHb]];
    intros sorts_a sorts_b.
  - rewrite merging_no_map_left, find_in_map_some by assumption. cbn.
    now destruct (find compare k b).
  - rewrite merging_no_map_right, find_in_map_some by assumption.
    now destruct (find compare k ((k1, v1) :: a)).
  - rewrite merging_maps_steps.
    pose proof sorts_a as sorts_1a. pose proof sorts_b as sorts_2b.
    apply sorted_means_keys_above_the_first in sorts_a as [above_1 sorts_a].
    apply sorted_means_keys_above_the_first in sorts_b as [above_2 sorts_b].
    destruct (any_two_compare compare k1 k2) as [<- | lt | gt].
    + rewrite find_in_cons_some by now apply merge_keeps_keys_above.
      rewrite !find_in_first_and_rest, IHa by assumption.
      now destruct (equal compare k k1).
    + assert (keys_above k1 ((k2, v2) :: b)).
      { constructor; [| eapply all_above_a_greater_are_above]; eassumption. }
      rewrite find_in_cons_some by now apply merge_keeps_keys_above.
      rewrite IHa, (find_in_first_and_rest k k1) by assumption.
      destruct (equal_is_equality compare k k1) as [-> |]; [| reflexivity].
      now rewrite below_all_keys_nothing_is_found.
    + assert (keys_above k2 ((k1, v1) :: a)).
      { constructor; [| eapply all_above_a_greater_are_above]; eassumption. }
      rewrite find_in_cons_some by now apply merge_keeps_keys_above.
      rewrite IHb, (find_in_first_and_rest k k2) by assumption.
      destruct (equal_is_equality compare k k2) as [-> |]; [| reflexivity].
      now rewrite below_all_keys_nothing_is_found.
Qed.
End Merge.

(** *** Setting and restricting *)

Lemma set_is_sorted {V : Type} k (v : V) m :
  sorted compare m = true ->
  sorted compare (set compare k v m) = true.
Proof. intros. now apply merge_is_sorted. Qed.

Lemma find_in_set {V : Type} k k' (v : V) m :
  sorted compare m = true ->
  find compare k (set compare k' v m) = if equal compare k k' then Some v else find compare k m.
Proof.
  intros. unfold set. rewrite find_in_merge by easy. cbn. unfold equal.
  now destruct (compare k k').
Qed.

Lemma restrict_is_sorted {V W : Type} (m : sorted_map K V) (listed : sorted_map K W) :
  sorted compare m = true ->
  sorted compare listed = true ->
  sorted compare (restrict compare m listed) = true.
Proof. apply merge_is_sorted. Qed.

Lemma find_in_restrict {V W : Type} k (m : sorted_map K V) (listed : sorted_map K W) :
  sorted compare m = true ->
  sorted compare listed = true ->
  find compare k (restrict compare m listed) =
  match find compare k listed with
  | Some _ => find compare k m
  | None => None
  end.
Proof. intros. unfold restrict. now rewrite find_in_merge. Qed.
End Maps.

(** ** Sets under keys: no key has an empty set. *)

Lemma if_any_of_or_empty {A : Type} (items : option (list A)) :
  items <> Some [] ->
  if_any (or_empty items) = items.
Proof. now destruct items as [[|] |]. Qed.

Lemma or_empty_of_if_any {A : Type} (items : list A) : or_empty (if_any items) = items.
Proof. now destruct items. Qed.

(** ** Sorting with repeats *)

Section Sort.
Context {A : Type} (compare : A -> A -> comparison) {lawful : ordered compare}.
Local Notation place := (place compare).
Local Notation sort := (sort compare).

Lemma placing_adds_one x items : Permutation (place x items) (x :: items).
Proof.
  induction items as [| y rest IH]; cbn; [reflexivity |].
  destruct (below compare y x); [| reflexivity].
  rewrite IH. apply perm_swap.
Qed.

Lemma sorting_keeps_the_items items : Permutation (sort items) items.
Proof.
  induction items as [| x rest IH]; cbn; [reflexivity |].
  now rewrite placing_adds_one, IH.
Qed.

Lemma places_are_independent x y items :
  place x (place y items) = place y (place x items).
Proof.
  assert (ordered_pair : forall x y items, compare x y = Lt ->
    place x (place y items) = place y (place x items)).
  { clear x y items. intros x y items lt. induction items as [| z rest IH]; cbn.
    - destruct (below_means_less compare x y), (below_means_less compare y x) as [gt |];
        try contradiction; [| reflexivity].
      now apply nothing_is_below_both_ways in lt.
    - destruct (below_means_less compare z y) as [zy | zy],
        (below_means_less compare z x) as [zx | zx]; cbn.
      + destruct (below_means_less compare z x), (below_means_less compare z y);
          try contradiction. now rewrite IH.
      + destruct (below_means_less compare z x), (below_means_less compare x y),
          (below_means_less compare z y); try contradiction. reflexivity.
      + exfalso. apply zy. eapply below_is_transitive; eassumption.
      + destruct (below_means_less compare y x) as [gt |];
          [now apply nothing_is_below_both_ways in lt |].
        destruct (below_means_less compare x y), (below_means_less compare z y);
          try contradiction. reflexivity. }
  destruct (any_two_compare compare x y) as [-> | lt | gt];
    [reflexivity | now apply ordered_pair | symmetry; now apply ordered_pair].
Qed.

Lemma equal_items_are_sorted_equally a b :
  Permutation a b ->
  sort a = sort b.
Proof.
  unfold sorted_map.sort.
  induction 1; cbn; [reflexivity | congruence | apply places_are_independent | congruence].
Qed.

Lemma a_rising_list_is_sorted items :
  rising compare items = true ->
  sort items = items.
Proof.
  induction items as [| x rest IH]; intros rises; [reflexivity |].
  apply (rising_means_all_above_the_first compare) in rises as [above rises]. cbn.
  fold (sort rest). rewrite (IH rises). destruct above as [| y rest lt above]; [reflexivity |].
  cbn. destruct (below_means_less compare y x) as [gt |]; [| reflexivity].
  now apply nothing_is_below_both_ways in lt.
Qed.
End Sort.

(** ** The hypotheses hold of some maps and sets, and are needed. *)

Section Examples.
Local Open Scope N_scope.
Local Notation numbers := (sorted_map N N).

Example some_maps_are_sorted : sorted N.compare ([(1, 5); (3, 4)] : numbers) = true.
Proof. reflexivity. Qed.

Example some_sets_are_rising : rising N.compare [1; 3; 4] = true.
Proof. reflexivity. Qed.

Example without_order_equal_finds_do_not_make_equal_maps :
  let a := [(2, 5); (1, 4)] : numbers in
  let b := [(2, 5)] : numbers in
  find N.compare 1 a = find N.compare 1 b
  /\ find N.compare 2 a = find N.compare 2 b
  /\ a <> b.
Proof. repeat split. discriminate. Qed.
End Examples.
