(** Max-registers are a lattice, and a write equals joining its delta, for every order. *)

From Coq Require Import List Bool NArith BinInt.
From Rejoin Require Import order lattice sorted_map dot max_register.
From Rejoin Require Import order_proof lattice_proof.
From Rejoin Require version_vector version_vector_proof.
Import ListNotations.

Section Max_register.
Context {Name : Type} (compare_name : Name -> Name -> comparison) {lawful : ordered compare_name}.
Context (compare : Z -> Z -> comparison) {lawful_integers : ordered compare}.
Local Notation state := (state Name).
Local Notation well_formed := (well_formed compare_name).
Local Notation join := (join compare_name compare).
Local Notation write := (write compare_name compare).
Local Notation part_since := (part_since compare_name).
Local Notation take_part := (take_part compare_name compare).

(** ** T1 *)

Theorem max_registers_are_a_lattice : lattice well_formed bottom join.
Proof.
  eapply lattices_depend_on_what_is_well_formed;
    [| exact (records_are_a_lattice State seen greatest
        (fun _ _ => eq_refl) (fun _ _ => eq_refl) (fun '(State _ _) => eq_refl)
        (version_vector_proof.version_vectors_are_a_lattice compare_name)
        (options_are_a_lattice compare (fun _ => true)))].
  intros s. unfold max_register.well_formed. destruct (greatest s); apply andb_true_r.
Qed.

(** ** T2 *)

Theorem write_is_well_formed o n (s : state) :
  well_formed s = true ->
  well_formed (write o n s) = true.
Proof. now apply version_vector_proof.see_dot_is_well_formed. Qed.

Theorem write_is_inflationary o n (s : state) :
  well_formed s = true ->
  join s (write o n s) = write o n s.
Proof.
  intros good. unfold max_register.join, max_register.write. cbn [seen greatest]. f_equal.
  - now apply version_vector_proof.seeing_is_inflationary.
  - apply (greater_option_is_inflationary compare).
Qed.

Theorem write_equals_its_delta o n (s : state) :
  well_formed s = true ->
  take_part (part_since (seen s) (write o n s)) s = write o n s.
Proof.
  intros good. unfold max_register.part_since.
  replace (version_vector.covers compare_name (seen s) (seen (write o n s))) with false.
  - now apply write_is_inflationary.
  - symmetry. apply not_true_is_false. intros covered.
    apply (version_vector_proof.covers_means_contains_as_much compare_name) with
      (d := version_vector.next compare_name o (seen s)) in covered.
    + now rewrite (version_vector_proof.the_next_dot_is_new compare_name) in covered.
    + now apply write_is_well_formed.
    + apply (version_vector_proof.seen_dots_are_contained compare_name);
        [now apply good | apply version_vector_proof.the_next_dot_is_a_dot].
Qed.

(** ** Deltas *)

Theorem part_since_is_well_formed v (s : state) :
  well_formed s = true ->
  well_formed (part_since v s) = true.
Proof. easy. Qed.

Theorem take_part_is_well_formed (part s : state) :
  well_formed part = true ->
  well_formed s = true ->
  well_formed (take_part part s) = true.
Proof. intros. now apply (join_is_well_formed _ _ _ max_registers_are_a_lattice). Qed.

Theorem taking_a_part_is_inflationary (part s : state) :
  well_formed part = true ->
  well_formed s = true ->
  join s (take_part part s) = take_part part s.
Proof. intros. now apply (a_join_is_above_the_left max_registers_are_a_lattice). Qed.

Theorem taking_part_of_itself_changes_nothing v (s : state) :
  well_formed s = true ->
  take_part (part_since v s) s = s.
Proof.
  intros good. unfold max_register.part_since.
  destruct (version_vector.covers compare_name v (seen s)); destruct s as [vector greatest].
  - unfold max_register.take_part, max_register.join. cbn [seen max_register.greatest].
    rewrite (missing_is_least compare). f_equal.
    now apply (join_is_idempotent _ _ _
      (version_vector_proof.version_vectors_are_a_lattice compare_name)).
  - now apply (join_is_idempotent _ _ _ max_registers_are_a_lattice).
Qed.
End Max_register.

(** ** Computed *)

Example the_greatest_and_the_least :
  value (write N.compare Z.compare (Origin 1%N 0%N) (-3)%Z
    (write N.compare Z.compare (Origin 2%N 0%N) 5%Z bottom)) = Some 5%Z
  /\ value (write N.compare (turned Z.compare) (Origin 1%N 0%N) (-3)%Z
    (write N.compare (turned Z.compare) (Origin 2%N 0%N) 5%Z bottom)) = Some (-3)%Z.
Proof. now split. Qed.
