(** RW-Set: a remove wins over a concurrent add; an add affects only the removes that it saw.

    Meaning: an element is in the set exactly if there are maximal decisions on it and each is an
    add. The state is that of an OR-Set, read by another rule.
    Laws: the join is a semilattice; [add] and [remove] equal joining their delta
    ([decisions_proof.v]).
    Cost: as the store of decisions.
    Source: Bieniusa et al., Brief announcement: semantics of eventually consistent replicated
    sets, DISC 2012. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot.
From Rejoin Require version_vector definition decisions.
Import ListNotations.

Section Rw_set.
Context {Name : Type} (compare_name : Name -> Name -> comparison).
Import definition (presence, Added, Removed, compare_presence).

Definition state : Type := decisions.state Name Name presence.

Definition well_formed (s : state) : bool :=
  decisions.well_formed compare_name compare_name compare_presence s.

Definition bottom : state := decisions.bottom.

Definition join (a b : state) : state :=
  decisions.join compare_name compare_name compare_presence a b.

Definition decide (o : origin Name) (seq : N) (user : option Name) (p : presence) (x : Name)
    (s : state) : state :=
  decisions.decide compare_name compare_name x
    (decisions.next compare_name o seq 0 user p s) s.

Definition add (o : origin Name) (seq : N) (user : option Name) (x : Name) (s : state) : state :=
  decide o seq user Added x s.

Definition remove (o : origin Name) (seq : N) (user : option Name) (x : Name) (s : state)
    : state :=
  decide o seq user Removed x s.

Definition seen (s : state) : version_vector.state Name := decisions.seen s.

Definition contains (x : Name) (s : state) : bool :=
  decisions.all_take_effect compare_presence Added (decisions.frontier compare_name x s).

Definition value (s : state) : sorted_set Name :=
  map fst (filter (fun entry =>
    decisions.all_take_effect compare_presence Added (snd entry)) (decisions.maximal s)).

Definition current (s : state) (x : Name) : presence :=
  definition.presence_of (contains x s).

Definition merge_decisions (s : state) : list (definition.merge_decision Name Name) :=
  decisions.merge_decisions compare_name compare_presence (current s) s.

Definition notices (user : Name) (s : state) : list (Name * (Name * N)) :=
  decisions.notices compare_name compare_presence (current s) user s.

Definition part_since (v : version_vector.state Name) (s : state) : state :=
  decisions.part_since compare_name v s.

Definition take_part (part s : state) : state :=
  decisions.take_part compare_name compare_name compare_presence part s.

Definition meaning {Value : Type} (E : list (definition.event Name Value)) : state :=
  decisions.meaning compare_name compare_name compare_presence definition.set_reading E.
End Rw_set.

Arguments state : clear implicits.
