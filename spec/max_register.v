(** Max-register: keeps the greatest integer that was written.

    Meaning: the greatest of all integers that were seen. [compare] is the order of the integers;
    with that order turned round it is the min-register ([min_register.v]).
    Laws: the join is a semilattice; [write] equals joining its delta ([max_register_proof.v]).
    Cost: that of the vectors.
    Source: Baquero et al., Composition in state-based replicated data types, BEATCS 123
    (2017). *)

From Coq Require Import List Bool NArith BinInt.
From Rejoin Require Import order sorted_map dot.
From Rejoin Require version_vector definition.
Import ListNotations.

Section Max_register.
Context {Name : Type} (compare_name : Name -> Name -> comparison).
Context (compare : Z -> Z -> comparison).

Record state := State {
  seen : version_vector.state Name;
  greatest : option Z
}.

Definition well_formed (s : state) : bool := version_vector.well_formed compare_name (seen s).

Definition bottom : state := State version_vector.bottom None.

Definition join (a b : state) : state :=
  State (version_vector.join compare_name (seen a) (seen b))
    (greater_option compare (greatest a) (greatest b)).

Definition write (o : origin Name) (n : Z) (s : state) : state :=
  State (version_vector.see_dot compare_name
      (version_vector.next compare_name o (seen s)) (seen s))
    (greater_option compare (greatest s) (Some n)).

(** None, where nothing was written. *)
Definition value (s : state) : option Z := greatest s.

(** The integer, if some write lies outside [v]. *)
Definition part_since (v : version_vector.state Name) (s : state) : state :=
  State (seen s) (if version_vector.covers compare_name v (seen s) then None else greatest s).

Definition take_part (part s : state) : state := join s part.

(** The state of a replica that has seen the events [E]. *)
Definition meaning {Value : Type} (E : list (definition.event Name Value)) : state :=
  State (version_vector.of_dots compare_name (map definition.dot_of E))
    (definition.extreme compare E).
End Max_register.

Arguments state : clear implicits.
