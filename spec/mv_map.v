(** MV-Map: each key is a multi-value register of its own.

    Meaning: per key the values of the maximal writes; [null] is the tombstone, and a key without
    another value is absent, but keeps its record.
    Laws: the join is a semilattice; [put] and [delete] equal joining their delta
    ([decisions_proof.v]).
    Cost: join linear in the keys and their frontiers.
    Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 10. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot.
From Rejoin Require version_vector definition decisions.
Import ListNotations.

Section Mv_map.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_value : Value -> Value -> comparison).
Context (null : Value).

Definition state : Type := decisions.state Name Name Value.

Definition well_formed (s : state) : bool :=
  decisions.well_formed compare_name compare_name compare_value s.

Definition bottom : state := decisions.bottom.

Definition join (a b : state) : state :=
  decisions.join compare_name compare_name compare_value a b.

Definition put (o : origin Name) (seq : N) (user : option Name) (k : Name) (v : Value)
    (s : state) : state :=
  decisions.decide compare_name compare_name k
    (decisions.next compare_name o seq 0 user v s) s.

Definition delete (o : origin Name) (seq : N) (user : option Name) (k : Name) (s : state)
    : state :=
  put o seq user k null s.

Definition seen (s : state) : version_vector.state Name := decisions.seen s.

Definition values_of (ds : sorted_set (decisions.decision Name Value)) : sorted_set Value :=
  definition.set_of_values compare_value null (map (fun d => decisions.effect d) ds).

Definition get (s : state) (k : Name) : sorted_set Value :=
  values_of (decisions.frontier compare_name k s).

Definition value (s : state) : sorted_map Name (sorted_set Value) :=
  map_some (fun ds => if_any (values_of ds)) (decisions.maximal s).

Definition part_since (v : version_vector.state Name) (s : state) : state :=
  decisions.part_since compare_name v s.

Definition take_part (part s : state) : state :=
  decisions.take_part compare_name compare_name compare_value part s.

Definition meaning (E : list (definition.event Name Value)) : state :=
  decisions.meaning compare_name compare_name compare_value definition.mv_map_reading E.
End Mv_map.

Arguments state : clear implicits.
