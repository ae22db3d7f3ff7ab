(** PN-Counter: a counter that increments and decrements change.

    Meaning: the value is the sum of all increments that were seen less that of all decrements.
    Both sums are kept as a G-Counter keeps its own, with one vector over both.
    Laws: the join is a semilattice; [increment] and [decrement] equal joining their delta
    ([pn_counter_proof.v]).
    Cost: join and value are linear in the number of origins.
    Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 7. *)

From Coq Require Import List Bool NArith BinInt.
From Rejoin Require Import order sorted_map dot.
From Rejoin Require version_vector definition g_counter.
Import ListNotations.

Section Pn_counter.
Context {Name : Type} (compare_name : Name -> Name -> comparison).

(** Per origin the total of its increments, and that of its decrements. *)
Record state := State {
  seen : version_vector.state Name;
  increments : sorted_map (origin Name) N;
  decrements : sorted_map (origin Name) N
}.

(** The increments alone, and the decrements alone, as a G-Counter. *)
Definition up (s : state) : g_counter.state Name := g_counter.State (seen s) (increments s).
Definition down (s : state) : g_counter.state Name := g_counter.State (seen s) (decrements s).

(** Of two that have seen the same. *)
Definition both (a b : g_counter.state Name) : state :=
  State (g_counter.seen a) (g_counter.shares a) (g_counter.shares b).

Definition well_formed (s : state) : bool :=
  g_counter.well_formed compare_name (up s) && g_counter.well_formed compare_name (down s).

Definition bottom : state := both g_counter.bottom g_counter.bottom.

Definition join (a b : state) : state :=
  both (g_counter.join compare_name (up a) (up b))
    (g_counter.join compare_name (down a) (down b)).

(** [amount] is at least 1. *)
Definition increment (o : origin Name) (amount : N) (s : state) : state :=
  both (g_counter.increment compare_name o amount (up s)) (down s).

(** [amount] is at least 1. *)
Definition decrement (o : origin Name) (amount : N) (s : state) : state :=
  let after := g_counter.increment compare_name o amount (down s) in
  State (g_counter.seen after) (increments s) (g_counter.shares after).

Definition value (s : state) : Z :=
  (Z.of_N (g_counter.value (up s)) - Z.of_N (g_counter.value (down s)))%Z.

(** The totals of the origins that have operations beyond [v]. *)
Definition part_since (v : version_vector.state Name) (s : state) : state :=
  both (g_counter.part_since compare_name v (up s))
    (g_counter.part_since compare_name v (down s)).

Definition take_part (part s : state) : state := join s part.

(** An increment where there was a decrement, and the other way round. *)
Definition opposite {Value : Type} (e : definition.event Name Value)
    : definition.event Name Value :=
  definition.Event (definition.object_of e) (definition.dot_of e) (definition.seq_of e)
    (definition.user_of e)
    match definition.operation_of e with
    | definition.Increment amount => definition.Decrement amount
    | definition.Decrement amount => definition.Increment amount
    | op => op
    end (definition.saw e).

(** The state of a replica that has seen the events [E]. *)
Definition meaning {Value : Type} (E : list (definition.event Name Value)) : state :=
  both (g_counter.meaning compare_name E) (g_counter.meaning compare_name (map opposite E)).
End Pn_counter.

Arguments state : clear implicits.
