(** G-Counter: a counter that only grows.

    Meaning: the value is the sum of all increments that were seen.
    Laws: the join is a semilattice; [increment] equals joining its delta ([g_counter_proof.v]).
    Cost: join and value are linear in the number of origins.
    Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 6. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot.
From Rejoin Require version_vector definition.
Import ListNotations.
Open Scope N_scope.

Section G_counter.
Context {Name : Type} (compare_name : Name -> Name -> comparison).
Local Notation compare_origin := (compare_origin compare_name).

(** An origin's share is the total of its increments. *)
Record state := State {
  seen : version_vector.state Name;
  shares : sorted_map (origin Name) N
}.

Definition well_formed (s : state) : bool :=
  version_vector.well_formed compare_name (seen s) &&
  sorted compare_origin (shares s) &&
  forallb (fun entry => 1 <=? snd entry) (shares s).

Definition bottom : state := State version_vector.bottom [].

Definition join (a b : state) : state :=
  State (version_vector.join compare_name (seen a) (seen b))
    (merge compare_origin (greater_option N.compare) (shares a) (shares b)).

Definition share (o : origin Name) (s : state) : N :=
  match find compare_origin o (shares s) with
  | Some n => n
  | None => 0
  end.

(** [amount] is at least 1. *)
Definition increment (o : origin Name) (amount : N) (s : state) : state :=
  State (version_vector.see_dot compare_name
      (version_vector.next compare_name o (seen s)) (seen s))
    (set compare_origin o (share o s + amount) (shares s)).

Definition value (s : state) : N := fold_right N.add 0 (map snd (shares s)).

(** The shares of the origins that have operations beyond [v]. *)
Definition part_since (v : version_vector.state Name) (s : state) : state :=
  State (seen s)
    (filter (fun entry =>
      version_vector.get compare_name (fst entry) v <?
      version_vector.get compare_name (fst entry) (seen s)) (shares s)).

Definition take_part (part s : state) : state := join s part.

(** The state of a replica that has seen the events [E]. *)
Definition meaning {Value : Type} (E : list (definition.event Name Value)) : state :=
  State (version_vector.of_dots compare_name (map definition.dot_of E))
    (fold_right (fun e m =>
      let o := dot_origin (definition.dot_of e) in
      match definition.operation_of e with
      | definition.Increment amount =>
          set compare_origin o
            (match find compare_origin o m with
             | Some n => n
             | None => 0
             end + amount) m
      | _ => m
      end) [] E).
End G_counter.

Arguments state : clear implicits.
