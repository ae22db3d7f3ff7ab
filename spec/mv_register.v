(** MV-Register: concurrent writes are all kept, until someone who saw them writes.

    Meaning: the values of the maximal writes; [null] is the tombstone and never listed.
    Laws: the join is a semilattice; [write] equals joining its delta ([decisions_proof.v]).
    Cost: join linear in the size of the frontier.
    Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 10. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot.
From Rejoin Require version_vector definition decisions.
Import ListNotations.

Section Mv_register.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_value : Value -> Value -> comparison).
Context (null : Value).

Definition state : Type := decisions.state Name unit Value.

Definition well_formed (s : state) : bool :=
  decisions.well_formed compare_name compare_unit compare_value s.

Definition bottom : state := decisions.bottom.

Definition join (a b : state) : state :=
  decisions.join compare_name compare_unit compare_value a b.

Definition write (o : origin Name) (seq : N) (user : option Name) (v : Value) (s : state)
    : state :=
  decisions.decide compare_name compare_unit tt
    (decisions.next compare_name o seq 0 user v s) s.

Definition seen (s : state) : version_vector.state Name := decisions.seen s.

Definition value (s : state) : sorted_set Value :=
  definition.set_of_values compare_value null
    (map (fun d => decisions.effect d) (decisions.frontier compare_unit tt s)).

Definition part_since (v : version_vector.state Name) (s : state) : state :=
  decisions.part_since compare_name v s.

Definition take_part (part s : state) : state :=
  decisions.take_part compare_name compare_unit compare_value part s.

Definition meaning (E : list (definition.event Name Value)) : state :=
  decisions.meaning compare_name compare_unit compare_value definition.mv_register_reading E.
End Mv_register.

Arguments state : clear implicits.
