(** The judge compares answers as the definition does.

    What is shown: values, merge decisions, notices and vectors that the judge finds equal are equal,
    up to the orders that the format leaves open. Definitions: [judge.v], [trace.v]. *)

From Coq Require Import List Bool NArith BinInt Permutation Lia.
From Rejoin Require Import order sorted_map dot definition trace judge.
From Rejoin Require Import order_proof sorted_map_proof dot_proof trace_proof.
Import ListNotations.
Open Scope N_scope.

Lemma both_parts_alike (A B C D : Prop) : (A <-> C) -> (B <-> D) -> A /\ B <-> C /\ D.
Proof. tauto. Qed.

(** ** Comparisons of answers *)

Lemma mapped_equally_means_one_by_one {A B : Type} (f : A -> B) xs ys :
  map f xs = map f ys <-> Forall2 (fun x y => f x = f y) xs ys.
Proof.
  split.
  - revert ys. induction xs as [| x xs IH]; intros [| y ys] same; try easy; constructor;
      injection same; auto.
  - induction 1; cbn; congruence.
Qed.

Global Instance lists_are_ordered {A : Type} (compare : A -> A -> comparison) :
  ordered compare ->
  ordered (compare_list compare).
Proof.
  intros lawful. split.
  - intros xs. induction xs as [| x xs IH]; intros [| y ys]; cbn; try easy.
    destruct (any_two_compare compare x y) as [-> | lt | gt].
    + rewrite IH. split; congruence.
    + split; [easy |]. intros [= -> _]. now apply (nothing_is_below_itself compare) in lt.
    + split; [easy |]. intros [= -> _]. now apply (nothing_is_below_itself compare) in gt.
  - intros xs. induction xs as [| x xs IH]; intros [| y ys]; cbn; try easy.
    rewrite (turned_around _ lawful x y). destruct (compare x y); cbn; [apply IH | easy..].
  - intros xs. induction xs as [| x xs IH]; intros [| y ys] [| z zs]; cbn; try easy.
    destruct (any_two_compare compare x y) as [-> | xy |]; [| | discriminate];
      destruct (any_two_compare compare y z) as [-> | yz |]; try discriminate; intros.
    + eapply IH; eassumption.
    + reflexivity.
    + now rewrite xy.
    + now rewrite (transitive _ lawful _ _ _ xy yz).
Qed.

Section Sorting.
Context {A : Type} (compare : A -> A -> comparison) {lawful : ordered compare}.

Lemma equal_means_equal x y : equal compare x y = true <-> x = y.
Proof. destruct (equal_is_equality compare x y); split; congruence. Qed.

Lemma sorted_equally_means_reordered xs ys :
  sort compare xs = sort compare ys <-> Permutation xs ys.
Proof.
  split.
  - intros same. now rewrite <- (sorting_keeps_the_items compare xs), same, sorting_keeps_the_items.
  - now apply equal_items_are_sorted_equally.
Qed.

Lemma sorting_decides_reordering xs ys :
  equal (compare_list compare) (sort compare xs) (sort compare ys) = true <-> Permutation xs ys.
Proof.
  rewrite <- sorted_equally_means_reordered.
  destruct (equal_is_equality (compare_list compare) (sort compare xs) (sort compare ys));
    split; congruence.
Qed.
End Sorting.

Section Judge.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_name : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_value : ordered compare_value}.
Context (null : Value).
Local Notation line := (line Name Value).
Local Notation answer := (answer Name Value).
Local Notation decision := (merge_decision Name (option Name)).
Local Notation state := (state (Name := Name) (Value := Value)).
Implicit Types past before : list line.
Implicit Types h : header Name.
Implicit Types s : state.

Local Instance event_names_are_ordered : ordered (compare_event_name compare_name).
Proof. unfold compare_event_name. exact _. Qed.

Local Instance decisions_are_ordered : ordered (compare_merge_decision compare_name).
Proof.
  apply injections_are_ordered; [| exact _]. intros [] []; cbn. congruence.
Qed.

Local Instance notices_are_ordered : ordered (compare_notice compare_name).
Proof. unfold compare_notice. exact _. Qed.

Lemma same_value_means_equal (a b : answer) :
  same_value compare_name compare_value a b = true <-> a = b.
Proof.
  destruct a, b; cbn; try easy;
    rewrite ?N.eqb_eq, ?Z.eqb_eq, ?eqb_true_iff, ?(equal_means_equal _); split; congruence.
Qed.

Lemma equal_sets_have_the_same_members (vs ws : list Value) :
  set_of compare_value vs = set_of compare_value ws <-> same_members vs ws.
Proof.
  split.
  - intros same v. rewrite <- (in_set_of compare_value v vs), same.
    apply (in_set_of compare_value).
  - intros same. apply (equal_content_makes_equal_rising_lists compare_value);
      try apply (set_of_is_rising compare_value). intros v. rewrite !(in_set_of compare_value). apply same.
Qed.

Lemma sets_decide_same_members (vs ws : list Value) :
  equal (compare_list compare_value) (set_of compare_value vs) (set_of compare_value ws) = true
  <-> same_members vs ws.
Proof.
  rewrite (equal_means_equal (compare_list compare_value)).
  apply equal_sets_have_the_same_members.
Qed.

Lemma entries_are_rearranged (xs ys : list (Name * list Value)) :
  let order := compare_pair compare_name (compare_list compare_value) in
  equal (compare_list order) (sort order (map (without_repeats compare_value) xs))
    (sort order (map (without_repeats compare_value) ys)) = true
  <-> rearranged same_entry xs ys.
Proof.
  cbv zeta. rewrite (sorting_decides_reordering _).
  assert (forall x y : Name * list Value,
    without_repeats compare_value x = without_repeats compare_value y <-> same_entry x y) as one.
  { intros [k vs] [k' ws]. unfold without_repeats, same_entry. cbn [fst snd].
    rewrite <- equal_sets_have_the_same_members. split; [now intros [= -> ->] |].
    now intros [-> ->]. }
  split.
  - intros reordered. apply Permutation_sym, Permutation_map_inv in reordered
      as (zs & same & reordered).
    exists zs. split; [exact reordered |].
    symmetry in same. apply mapped_equally_means_one_by_one in same.
    clear reordered. induction same; constructor; auto; now apply one.
  - intros (zs & reordered & same). rewrite reordered. apply Permutation_refl'.
    apply mapped_equally_means_one_by_one.
    clear reordered. induction same; constructor; auto; now apply one.
Qed.

Lemma answers_decides_same_answer (a b : answer) :
  answers compare_name compare_value a b = true <-> same_answer a b.
Proof.
  destruct a, b; cbn; try easy; try (rewrite (sorting_decides_reordering _); reflexivity);
    try apply sets_decide_same_members; try apply entries_are_rearranged;
    rewrite ?N.eqb_eq, ?Z.eqb_eq, ?eqb_true_iff, ?(equal_means_equal _); split; congruence.
Qed.

Lemma in_order_decides_same_decision (d d' : decision) :
  in_order compare_name d = in_order compare_name d' <-> same_decision d d'.
Proof.
  destruct d as [k ks ss], d' as [k' ks' ss'].
  unfold in_order, same_decision. cbn [key kept superseded].
  rewrite <- !(sorted_equally_means_reordered (compare_event_name compare_name)).
  split; [intros same; now injection same | now intros (-> & -> & ->)].
Qed.

Lemma same_decisions_decides_rearranged (ds ds' : list decision) :
  same_decisions compare_name ds ds' = true <-> rearranged same_decision ds ds'.
Proof.
  unfold same_decisions. rewrite (sorting_decides_reordering _). split.
  - intros reordered. apply Permutation_sym, Permutation_map_inv in reordered
      as (zs & same & reordered).
    exists zs. split; [exact reordered |].
    symmetry in same. apply mapped_equally_means_one_by_one in same.
    clear reordered.
    induction same; constructor; auto; now apply in_order_decides_same_decision.
  - intros (zs & reordered & same). rewrite reordered. apply Permutation_refl'.
    apply mapped_equally_means_one_by_one.
    clear reordered.
    induction same; constructor; auto; now apply in_order_decides_same_decision.
Qed.
End Judge.
