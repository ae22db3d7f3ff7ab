(** Laws of dots: origins and dots are ordered. *)

From Coq Require Import NArith.
From Rejoin Require Import order dot order_proof.
Local Open Scope N_scope.

Global Instance origins_are_ordered {Name : Type} (compare_name : Name -> Name -> comparison) :
  ordered compare_name ->
  ordered (compare_origin compare_name).
Proof.
  intros lawful. apply injections_are_ordered; [| exact _].
  intros [] []; cbn. congruence.
Qed.

Global Instance dots_are_ordered {Name : Type} (compare_name : Name -> Name -> comparison) :
  ordered compare_name ->
  ordered (compare_dot compare_name).
Proof.
  intros lawful. apply injections_are_ordered; [| exact _].
  intros [] []; cbn. congruence.
Qed.

Example later_dots_are_greater :
  compare_dot N.compare (Dot (Origin 1 0) 2) (Dot (Origin 1 1) 1) = Lt.
Proof. reflexivity. Qed.
