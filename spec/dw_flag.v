(** DW-Flag: a disable wins over a concurrent enable; an enable affects only what it saw.

    Meaning: the flag is enabled exactly if it was decided and each maximal decision enables it. It is
    an RW-Set of one element, which has no name.
    Laws: the join is a semilattice; [enable] and [disable] equal joining their delta
    ([decisions_proof.v]).
    Cost: join linear in the size of the frontier.
    Source: Baquero, Almeida and Shoker, Pure Operation-Based Replicated Data Types, 2017. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot.
From Rejoin Require version_vector definition decisions.
Import ListNotations.

Section Dw_flag.
Context {Name : Type} (compare_name : Name -> Name -> comparison).
Import definition (presence, Added, Removed, compare_presence).

Definition state : Type := decisions.state Name unit presence.

Definition well_formed (s : state) : bool :=
  decisions.well_formed compare_name compare_unit compare_presence s.

Definition bottom : state := decisions.bottom.

Definition join (a b : state) : state :=
  decisions.join compare_name compare_unit compare_presence a b.

Definition decide (o : origin Name) (seq : N) (user : option Name) (p : presence) (s : state)
    : state :=
  decisions.decide compare_name compare_unit tt
    (decisions.next compare_name o seq 0 user p s) s.

Definition enable (o : origin Name) (seq : N) (user : option Name) (s : state) : state :=
  decide o seq user Added s.

Definition disable (o : origin Name) (seq : N) (user : option Name) (s : state) : state :=
  decide o seq user Removed s.

Definition seen (s : state) : version_vector.state Name := decisions.seen s.

Definition value (s : state) : bool :=
  decisions.all_take_effect compare_presence Added (decisions.frontier compare_unit tt s).

Definition current (s : state) (k : unit) : presence := definition.presence_of (value s).

Definition merge_decisions (s : state) : list (definition.merge_decision Name unit) :=
  decisions.merge_decisions compare_name compare_presence (current s) s.

Definition notices (user : Name) (s : state) : list (unit * (Name * N)) :=
  decisions.notices compare_name compare_presence (current s) user s.

Definition part_since (v : version_vector.state Name) (s : state) : state :=
  decisions.part_since compare_name v s.

Definition take_part (part s : state) : state :=
  decisions.take_part compare_name compare_unit compare_presence part s.

Definition meaning {Value : Type} (E : list (definition.event Name Value)) : state :=
  decisions.meaning compare_name compare_unit compare_presence definition.flag_reading E.
End Dw_flag.

Arguments state : clear implicits.
