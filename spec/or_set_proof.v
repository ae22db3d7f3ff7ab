(** OR-Sets are a lattice; adding and removing equal joining their deltas. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order lattice sorted_map dot or_set.
From Rejoin Require Import order_proof sorted_map_proof lattice_proof decisions_proof.
From Rejoin Require version_vector definition decisions.
Import ListNotations.
Local Open Scope N_scope.

Global Instance presences_are_ordered : ordered definition.compare_presence.
Proof. split; [now intros [] []; split | now intros [] [] | now intros [] [] []]. Qed.

Section Or_set.
Context {Name : Type}.
Context (compare_name : Name -> Name -> comparison) {name_lawful : ordered compare_name}.
Local Notation compare_presence := definition.compare_presence.
Local Notation state := (state Name).
Local Notation well_formed := (well_formed compare_name).
Local Notation join := (join compare_name).
Local Notation decide := (decide compare_name).
Local Notation add := (add compare_name).
Local Notation remove := (remove compare_name).
Local Notation part_since := (part_since compare_name).
Local Notation take_part := (take_part compare_name).
Local Notation covered := (decisions.covered compare_name).

(** ** T1 *)

Theorem or_sets_are_a_lattice : lattice well_formed bottom join.
Proof. exact (decisions_are_a_lattice compare_name compare_name compare_presence). Qed.

Theorem the_join_is_covered (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  covered a = true ->
  covered b = true ->
  covered (join a b) = true.
Proof. apply (the_join_is_covered compare_name compare_name compare_presence). Qed.

(** ** T2 *)

Lemma decide_is_well_formed o seq user p x (s : state) :
  well_formed s = true ->
  well_formed (decide o seq user p x s) = true.
Proof. apply (decide_is_well_formed compare_name compare_name compare_presence). Qed.

Lemma decide_is_covered o seq user p x (s : state) :
  well_formed s = true ->
  covered s = true ->
  covered (decide o seq user p x s) = true.
Proof. apply (the_next_decision_is_covered compare_name compare_name compare_presence). Qed.

Lemma decide_is_inflationary o seq user p x (s : state) :
  well_formed s = true ->
  covered s = true ->
  join s (decide o seq user p x s) = decide o seq user p x s.
Proof. apply (the_next_decision_is_inflationary compare_name compare_name compare_presence). Qed.

Lemma decide_equals_its_delta o seq user p x (s : state) :
  well_formed s = true ->
  covered s = true ->
  take_part (part_since (seen s) (decide o seq user p x s)) s = decide o seq user p x s.
Proof. apply (the_next_decision_equals_its_delta compare_name compare_name compare_presence). Qed.

Theorem add_is_well_formed o seq user x (s : state) :
  well_formed s = true ->
  well_formed (add o seq user x s) = true.
Proof. apply decide_is_well_formed. Qed.

Theorem add_is_covered o seq user x (s : state) :
  well_formed s = true ->
  covered s = true ->
  covered (add o seq user x s) = true.
Proof. apply decide_is_covered. Qed.

Theorem add_is_inflationary o seq user x (s : state) :
  well_formed s = true ->
  covered s = true ->
  join s (add o seq user x s) = add o seq user x s.
Proof. apply decide_is_inflationary. Qed.

Theorem add_equals_its_delta o seq user x (s : state) :
  well_formed s = true ->
  covered s = true ->
  take_part (part_since (seen s) (add o seq user x s)) s = add o seq user x s.
Proof. apply decide_equals_its_delta. Qed.

Theorem remove_is_well_formed o seq user x (s : state) :
  well_formed s = true ->
  well_formed (remove o seq user x s) = true.
Proof. apply decide_is_well_formed. Qed.

Theorem remove_is_covered o seq user x (s : state) :
  well_formed s = true ->
  covered s = true ->
  covered (remove o seq user x s) = true.
Proof. apply decide_is_covered. Qed.

Theorem remove_is_inflationary o seq user x (s : state) :
  well_formed s = true ->
  covered s = true ->
  join s (remove o seq user x s) = remove o seq user x s.
Proof. apply decide_is_inflationary. Qed.

Theorem remove_equals_its_delta o seq user x (s : state) :
  well_formed s = true ->
  covered s = true ->
  take_part (part_since (seen s) (remove o seq user x s)) s = remove o seq user x s.
Proof. apply decide_equals_its_delta. Qed.

(** ** Deltas *)

Theorem part_since_is_well_formed u (s : state) :
  well_formed s = true ->
  well_formed (part_since u s) = true.
Proof. apply (part_since_is_well_formed compare_name compare_name compare_presence). Qed.

Theorem take_part_is_well_formed (part s : state) :
  well_formed part = true ->
  well_formed s = true ->
  well_formed (take_part part s) = true.
Proof. apply (take_part_is_well_formed compare_name compare_name compare_presence). Qed.

Theorem part_since_is_covered u (s : state) :
  well_formed s = true ->
  covered s = true ->
  covered (part_since u s) = true.
Proof. apply (part_since_is_covered compare_name compare_name compare_presence). Qed.

Theorem take_part_is_covered (part s : state) :
  well_formed part = true ->
  well_formed s = true ->
  covered part = true ->
  covered s = true ->
  covered (take_part part s) = true.
Proof. apply (take_part_is_covered compare_name compare_name compare_presence). Qed.

Theorem taking_a_part_is_inflationary (part s : state) :
  well_formed part = true ->
  well_formed s = true ->
  join s (take_part part s) = take_part part s.
Proof. apply (taking_a_part_is_inflationary compare_name compare_name compare_presence). Qed.

Theorem taking_part_of_itself_changes_nothing u (s : state) :
  well_formed s = true ->
  take_part (part_since u s) s = s.
Proof.
  apply (taking_part_of_itself_changes_nothing compare_name compare_name compare_presence).
Qed.
End Or_set.

(** ** Computed *)

Section Examples.
Local Definition added : state N := add N.compare (Origin 1 0) 1 (Some 7) 5 bottom.

Example a_well_formed_and_covered_state :
  well_formed N.compare added = true
  /\ decisions.covered N.compare added = true
  /\ value added = [5].
Proof. now repeat split. Qed.

Example a_removal_is_a_record :
  remove N.compare (Origin 2 0) 1 None 5 added
  = decisions.State [(Origin 1 0, 1); (Origin 2 0, 1)]
      [(5, [decisions.Decision (Dot (Origin 2 0) 1) 1 0 None definition.Removed])].
Proof. reflexivity. Qed.
End Examples.
