(** Version vectors: which operations on one object a replica has seen.

    Meaning: a number per origin; an origin's operations up to that number have been seen.
    Laws: a lattice under the pointwise maximum.
    Source: Parker et al., Detection of Mutual Inconsistency in Distributed Systems, 1983. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot.
Import ListNotations.
Open Scope N_scope.

Section Version_vector.
Context {Name : Type} (compare_name : Name -> Name -> comparison).
Local Notation compare_origin := (compare_origin compare_name).

(** An absent origin counts 0, and no entry is 0, so that equal knowledge is equal data. *)
Definition state : Type := sorted_map (origin Name) N.

Definition well_formed (v : state) : bool :=
  sorted compare_origin v && forallb (fun entry => 1 <=? snd entry) v.

Definition bottom : state := [].

Definition join (a b : state) : state :=
  merge compare_origin (greater_option N.compare) a b.

(** How many operations of [o] have been seen. *)
Definition get (o : origin Name) (v : state) : N :=
  match find compare_origin o v with
  | Some n => n
  | None => 0
  end.

(** Marks all operations of [o] up to [n] as seen. *)
Definition see (o : origin Name) (n : N) (v : state) : state :=
  if n <=? get o v then v else set compare_origin o n v.

Definition see_dot (d : dot Name) (v : state) : state := see (dot_origin d) (counter d) v.

(** Whether the operation has been seen. *)
Definition contains (d : dot Name) (v : state) : bool :=
  (1 <=? counter d) && (counter d <=? get (dot_origin d) v).

(** The name of the next operation of [o]. *)
Definition next (o : origin Name) (v : state) : dot Name := Dot o (get o v + 1).

(** Whether everything that [b] has seen has been seen in [a]. *)
Definition covers (a b : state) : bool :=
  forallb (fun entry => snd entry <=? get (fst entry) a) b.

(** The least vector that has seen these operations. *)
Definition of_dots (dots : list (dot Name)) : state := fold_right see_dot bottom dots.

(** How many operations of one replica, in all its incarnations, have been seen. *)
Definition seen_of (name : Name) (v : state) : N :=
  fold_right (fun entry total =>
    if equal compare_name (replica (fst entry)) name then snd entry + total else total) 0 v.
End Version_vector.

Arguments state : clear implicits.
