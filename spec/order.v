(** Comparisons: every carrier is ordered by a comparison that is passed in.

    Meaning: a comparison is lawful ([ordered]) when it is a total order whose equality is
    plain equality. Lawful comparisons are closed under pairs, options and injections, so the
    order of a whole record is written as the tuple of its fields. *)

From Coq Require Import NArith.

Record ordered {A : Type} (compare : A -> A -> comparison) : Prop := {
  equal_means_same : forall x y, compare x y = Eq <-> x = y;
  turned_around : forall x y, compare y x = CompOpp (compare x y);
  transitive : forall x y z, compare x y = Lt -> compare y z = Lt -> compare x z = Lt
}.

Definition compare_by {A B : Type} (part : A -> B) (compare : B -> B -> comparison)
    (x y : A) : comparison :=
  compare (part x) (part y).

Definition compare_pair {A B : Type} (compare_a : A -> A -> comparison)
    (compare_b : B -> B -> comparison) (x y : A * B) : comparison :=
  match compare_a (fst x) (fst y) with
  | Eq => compare_b (snd x) (snd y)
  | unequal => unequal
  end.

Definition compare_option {A : Type} (compare : A -> A -> comparison)
    (x y : option A) : comparison :=
  match x, y with
  | None, None => Eq
  | None, Some _ => Lt
  | Some _, None => Gt
  | Some x, Some y => compare x y
  end.

Definition compare_unit (x y : unit) : comparison := Eq.

(** The same order, the other way round. *)
Definition turned {A : Type} (compare : A -> A -> comparison) (x y : A) : comparison :=
  compare y x.

Definition equal {A : Type} (compare : A -> A -> comparison) (x y : A) : bool :=
  match compare x y with
  | Eq => true
  | _ => false
  end.

Definition below {A : Type} (compare : A -> A -> comparison) (x y : A) : bool :=
  match compare x y with
  | Lt => true
  | _ => false
  end.

Definition greater {A : Type} (compare : A -> A -> comparison) (x y : A) : A :=
  if below compare x y then y else x.

(** The greater of two that may be missing; missing is least. *)
Definition greater_option {A : Type} (compare : A -> A -> comparison)
    (x y : option A) : option A :=
  match x, y with
  | None, y => y
  | x, None => x
  | Some x, Some y => Some (greater compare x y)
  end.
