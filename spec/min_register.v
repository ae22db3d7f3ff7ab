(** Min-register: keeps the least integer that was written.

    Meaning: a max-register over the order turned round.
    Laws: those of the max-register, for every order ([max_register_proof.v]).
    Cost: that of the vectors.
    Source: Baquero et al., Composition in state-based replicated data types, BEATCS 123
    (2017). *)

From Coq Require Import List Bool NArith BinInt.
From Rejoin Require Import order dot.
From Rejoin Require version_vector definition max_register.

Section Min_register.
Context {Name : Type} (compare_name : Name -> Name -> comparison).

(** Below it, an integer is greater. *)
Definition compare : Z -> Z -> comparison := turned Z.compare.

Definition state : Type := max_register.state Name.

Definition well_formed (s : state) : bool := max_register.well_formed compare_name s.

Definition bottom : state := max_register.bottom.

Definition join (a b : state) : state := max_register.join compare_name compare a b.

Definition write (o : origin Name) (n : Z) (s : state) : state :=
  max_register.write compare_name compare o n s.

Definition seen (s : state) : version_vector.state Name := max_register.seen s.

Definition value (s : state) : option Z := max_register.value s.

Definition part_since (v : version_vector.state Name) (s : state) : state :=
  max_register.part_since compare_name v s.

Definition take_part (part s : state) : state :=
  max_register.take_part compare_name compare part s.

Definition meaning {Value : Type} (E : list (definition.event Name Value)) : state :=
  max_register.meaning compare_name compare E.
End Min_register.

Arguments state : clear implicits.
