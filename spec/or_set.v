(** OR-Set: an add wins over a concurrent remove; a remove affects only what it saw.

    Meaning: an element is in the set exactly if some maximal decision on it is an add.
    Laws: the join is a semilattice; [add] and [remove] equal joining their delta
    ([or_set_proof.v]).
    Cost: as the store of decisions.
    Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 15;
    Bieniusa et al., An optimized conflict-free replicated set, INRIA RR-8083 (2012). *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot.
From Rejoin Require version_vector definition decisions.
Import ListNotations.

Section Or_set.
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

Definition is_add (d : decisions.decision Name presence) : bool :=
  decisions.takes_effect compare_presence Added d.

Definition contains (x : Name) (s : state) : bool :=
  existsb is_add (decisions.frontier compare_name x s).

Definition value (s : state) : sorted_set Name :=
  map fst (filter (fun entry => existsb is_add (snd entry)) (decisions.maximal s)).

Definition current (s : state) (x : Name) : presence :=
  if contains x s then Added else Removed.

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
End Or_set.

Arguments state : clear implicits.
