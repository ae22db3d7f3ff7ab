(** Laws of comparisons.

    Pairs, options and injections of lawful comparisons are lawful, so that every record that
    is compared as the tuple of its fields is; and of two, the greater one is a join. *)

From Coq Require Import Bool NArith BinInt.
From Rejoin Require Import order.

Existing Class ordered.
Global Hint Extern 0 (ordered _) => exact _ : core.

Section Ordered.
Context {A : Type} (compare : A -> A -> comparison) {lawful : ordered compare}.

Lemma all_equal_themselves x : compare x x = Eq.
Proof. apply (equal_means_same compare lawful). reflexivity. Qed.

Lemma nothing_is_below_itself x : compare x x <> Lt.
Proof. rewrite all_equal_themselves. discriminate. Qed.

Lemma greater_means_below_turned x y : compare x y = Gt <-> compare y x = Lt.
Proof.
  rewrite (turned_around compare lawful x y).
  destruct (compare x y); cbn; split; congruence.
Qed.

Lemma nothing_is_below_both_ways x y :
  compare x y = Lt ->
  compare y x <> Lt.
Proof. intros lt. rewrite (turned_around compare lawful x y), lt. discriminate. Qed.

Lemma any_two_compare x y :
  CompareSpec (x = y) (compare x y = Lt) (compare y x = Lt) (compare x y).
Proof.
  destruct (compare x y) eqn:case; constructor; auto.
  - now apply (equal_means_same compare lawful).
  - now apply greater_means_below_turned.
Qed.

Lemma below_is_transitive x y z :
  compare x y = Lt ->
  compare y z = Lt ->
  compare x z = Lt.
Proof. apply (transitive compare lawful). Qed.

Lemma equal_is_equality x y : reflect (x = y) (equal compare x y).
Proof.
  unfold equal. destruct (compare x y) eqn:case; constructor.
  - now apply (equal_means_same compare lawful).
  - intros ->. now apply (nothing_is_below_itself y).
  - intros ->. rewrite all_equal_themselves in case. discriminate.
Qed.

Lemma equal_to_itself x : equal compare x x = true.
Proof. destruct (equal_is_equality x x); congruence. Qed.

Lemma equal_either_way x y : equal compare x y = equal compare y x.
Proof. destruct (equal_is_equality x y), (equal_is_equality y x); congruence. Qed.

Lemma below_means_less x y : reflect (compare x y = Lt) (below compare x y).
Proof. unfold below. destruct (compare x y); constructor; congruence. Qed.

(** ** The greater of two *)

Lemma greater_is_idempotent x : greater compare x x = x.
Proof. unfold greater. now destruct (below_means_less x x). Qed.

Lemma greater_is_commutative x y : greater compare x y = greater compare y x.
Proof.
  unfold greater, below.
  rewrite (turned_around compare lawful x y).
  destruct (any_two_compare x y); cbn; congruence.
Qed.

Lemma greater_is_associative x y z :
  greater compare (greater compare x y) z = greater compare x (greater compare y z).
Proof.
  unfold greater.
  destruct (below_means_less x y) as [xy | xy], (below_means_less y z) as [yz | yz].
  - destruct (below_means_less x z) as [xz | xz]; [reflexivity |].
    exfalso. apply xz. eapply below_is_transitive; eassumption.
  - destruct (below_means_less x y); [reflexivity | contradiction].
  - destruct (below_means_less x z); reflexivity.
  - destruct (below_means_less x z) as [xz | xz], (below_means_less x y);
      try reflexivity; try contradiction.
    exfalso. destruct (any_two_compare x y) as [-> | |]; [contradiction | contradiction |].
    apply yz. eapply below_is_transitive; eassumption.
Qed.

Lemma greater_is_one_of_both x y :
  greater compare x y = x \/ greater compare x y = y.
Proof. unfold greater. destruct (below compare x y); auto. Qed.

Lemma missing_is_least (x : option A) : greater_option compare x None = x.
Proof. now destruct x. Qed.

Lemma missing_is_least_too (x : option A) : greater_option compare None x = x.
Proof. now destruct x. Qed.

Lemma greater_option_is_idempotent x : greater_option compare x x = x.
Proof. destruct x; cbn; [now rewrite greater_is_idempotent | reflexivity]. Qed.

Lemma greater_option_is_commutative x y :
  greater_option compare x y = greater_option compare y x.
Proof. destruct x, y; cbn; [now rewrite greater_is_commutative | reflexivity..]. Qed.

Lemma greater_option_is_associative x y z :
  greater_option compare (greater_option compare x y) z
  = greater_option compare x (greater_option compare y z).
Proof. destruct x, y, z; cbn; [now rewrite greater_is_associative | reflexivity..]. Qed.
End Ordered.

(** ** Lawful comparisons *)

Global Instance numbers_are_ordered : ordered N.compare.
Proof.
  split.
  - apply N.compare_eq_iff.
  - intros. now rewrite <- N.compare_antisym.
  - intros x y z. rewrite !N.compare_lt_iff. apply N.lt_trans.
Qed.

Lemma turned_orders_are_ordered {A : Type} (compare : A -> A -> comparison) :
  ordered compare ->
  ordered (turned compare).
Proof.
  intros lawful. unfold turned. split.
  - intros x y. rewrite (equal_means_same _ lawful). split; congruence.
  - intros x y. apply (turned_around _ lawful).
  - intros x y z less more. now apply (transitive _ lawful) with y.
Qed.

Global Instance integers_are_ordered : ordered Z.compare.
Proof.
  split.
  - exact Z.compare_eq_iff.
  - intros x y. apply Z.compare_antisym.
  - exact Z.lt_trans.
Qed.

Global Instance units_are_ordered : ordered compare_unit.
Proof. split; intros; repeat match goal with u : unit |- _ => destruct u end; easy. Qed.

Global Instance pairs_are_ordered {A B : Type}
    (compare_a : A -> A -> comparison) (compare_b : B -> B -> comparison) :
  ordered compare_a ->
  ordered compare_b ->
  ordered (compare_pair compare_a compare_b).
Proof.
  intros lawful_a lawful_b. unfold compare_pair. split.
  - intros [x x'] [y y']; cbn. split.
    + destruct (any_two_compare compare_a x y) as [-> | |]; [| discriminate..].
      intros same. apply (equal_means_same _ lawful_b) in same. congruence.
    + intros [= -> ->].
      now rewrite (all_equal_themselves compare_a), (all_equal_themselves compare_b).
  - intros [x x'] [y y']; cbn. rewrite (turned_around _ lawful_a x y).
    destruct (compare_a x y); cbn; [apply (turned_around _ lawful_b) | reflexivity..].
  - intros [x x'] [y y'] [z z']; cbn.
    destruct (any_two_compare compare_a x y) as [-> | xy |]; [| | discriminate];
      destruct (any_two_compare compare_a y z) as [-> | yz |]; try discriminate; intros.
    + eapply (transitive _ lawful_b); eassumption.
    + reflexivity.
    + now rewrite xy.
    + now rewrite (transitive _ lawful_a _ _ _ xy yz).
Qed.

Global Instance options_are_ordered {A : Type} (compare : A -> A -> comparison) :
  ordered compare ->
  ordered (compare_option compare).
Proof.
  intros lawful. split.
  - intros [x |] [y |]; cbn; try easy.
    rewrite (equal_means_same _ lawful). split; congruence.
  - intros [x |] [y |]; cbn; try easy. apply (turned_around _ lawful).
  - intros [x |] [y |] [z |]; cbn; try easy. apply (transitive _ lawful).
Qed.

Lemma injections_are_ordered {A B : Type}
    (part : A -> B) (compare : B -> B -> comparison) :
  (forall x y, part x = part y -> x = y) ->
  ordered compare ->
  ordered (compare_by part compare).
Proof.
  intros injective lawful. unfold compare_by. split.
  - intros x y. rewrite (equal_means_same _ lawful). split; [apply injective | congruence].
  - intros x y. apply (turned_around _ lawful).
  - intros x y z. apply (transitive _ lawful).
Qed.

Example lawful_comparisons_tell_apart :
  compare_pair N.compare (compare_option N.compare) (1, None)%N (1, Some 0)%N = Lt.
Proof. reflexivity. Qed.
