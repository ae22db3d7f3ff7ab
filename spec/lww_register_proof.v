(** LWW-Registers are a lattice, and a write equals joining its delta. *)

From Coq Require Import List Bool NArith Lia.
From Rejoin Require Import order lattice sorted_map dot lww_register.
From Rejoin Require Import order_proof sorted_map_proof lattice_proof dot_proof decisions_proof.
From Rejoin Require version_vector decisions.
Import ListNotations.
Local Open Scope N_scope.

Section Lww_register.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {name_lawful : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {value_lawful : ordered compare_value}.
Local Notation compare_decision := (decisions.compare_decision compare_name compare_value).
Local Notation state := (state Name Value).
Local Notation well_formed := (well_formed compare_name compare_value).
Local Notation covered := (covered compare_name).
Local Notation join := (join compare_name compare_value).
Local Notation write := (write compare_name compare_value).
Local Notation part_since := (part_since compare_name).
Local Notation take_part := (take_part compare_name compare_value).
Local Notation frontier := (decisions.frontier compare_unit tt).
Local Notation join_frontiers := (decisions.join_frontiers compare_name compare_value).
Local Notation sends v s := (sends compare_name compare_unit v tt s).

(** ** T1 *)

Theorem lww_registers_are_a_lattice : lattice well_formed bottom join.
Proof.
  eapply lattices_depend_on_what_is_well_formed;
    [| exact (records_are_a_lattice State decisions winner
        (fun _ _ => eq_refl) (fun _ _ => eq_refl) (fun '(State _ _) => eq_refl)
        (decisions_are_a_lattice compare_name compare_unit compare_value)
        (options_are_a_lattice compare_decision (fun _ => true)))].
  intros s. cbn. destruct (winner s); apply andb_true_r.
Qed.

(** ** T2 *)

Theorem the_join_is_covered (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  covered a = true ->
  covered b = true ->
  covered (join a b) = true.
Proof. apply (decisions_proof.the_join_is_covered compare_name compare_unit compare_value). Qed.

Theorem write_is_well_formed o seq time user v (s : state) :
  well_formed s = true ->
  well_formed (write o seq time user v s) = true.
Proof. apply (decide_is_well_formed compare_name compare_unit compare_value). Qed.

Theorem write_is_covered o seq time user v (s : state) :
  well_formed s = true ->
  covered s = true ->
  covered (write o seq time user v s) = true.
Proof. apply (the_next_decision_is_covered compare_name compare_unit compare_value). Qed.

Theorem write_is_inflationary o seq time user v (s : state) :
  well_formed s = true ->
  covered s = true ->
  join s (write o seq time user v s) = write o seq time user v s.
Proof.
  intros. unfold lww_register.join, lww_register.write. cbn [decisions winner]. f_equal.
  - now apply the_next_decision_is_inflationary.
  - now apply greater_option_is_inflationary.
Qed.

(** ** Deltas *)

Theorem part_since_is_well_formed u (s : state) :
  well_formed s = true ->
  well_formed (part_since u s) = true.
Proof. apply (part_since_is_well_formed compare_name compare_unit compare_value). Qed.

Theorem take_part_is_well_formed (part s : state) :
  well_formed part = true ->
  well_formed s = true ->
  well_formed (take_part part s) = true.
Proof. apply (take_part_is_well_formed compare_name compare_unit compare_value). Qed.

Theorem part_since_is_covered u (s : state) :
  well_formed s = true ->
  covered s = true ->
  covered (part_since u s) = true.
Proof. apply (decisions_proof.part_since_is_covered compare_name compare_unit compare_value). Qed.

Theorem take_part_is_covered (part s : state) :
  well_formed part = true ->
  well_formed s = true ->
  covered part = true ->
  covered s = true ->
  covered (take_part part s) = true.
Proof. apply (decisions_proof.take_part_is_covered compare_name compare_unit compare_value). Qed.

Lemma the_winner_is_sent_with_the_frontier u (s : state) :
  well_formed s = true ->
  winner (part_since u s) = if sends u (decisions s) then winner s else None.
Proof.
  intros good. cbn [winner lww_register.part_since].
  rewrite (find_in_part_since compare_name compare_unit compare_value) by exact good.
  destruct (sends u (decisions s)) eqn:sent; [| reflexivity].
  unfold decisions_proof.sends, decisions.frontier in sent.
  now destruct (find compare_unit tt _).
Qed.

(** A part does what the whole does, if what it leaves out would change nothing. *)
Theorem a_part_joins_like_the_whole u (a b : state) :
  well_formed a = true ->
  well_formed b = true ->
  (sends u (decisions b) = false ->
    join_frontiers (seen a) (seen b) (frontier (decisions a)) (frontier (decisions b))
      = frontier (decisions a)
    /\ greater_option compare_decision (winner a) (winner b) = winner a) ->
  take_part (part_since u b) a = join a b.
Proof.
  intros good_a good_b unchanged. unfold lww_register.take_part, lww_register.join.
  rewrite the_winner_is_sent_with_the_frontier by assumption. f_equal.
  - apply (a_part_joins_like_the_whole compare_name compare_unit compare_value);
      [assumption.. |]. intros [] left_out. now apply unchanged.
  - destruct (sends u (decisions b)); [reflexivity |].
    rewrite missing_is_least. symmetry. now apply unchanged.
Qed.

Theorem taking_a_part_is_inflationary (part s : state) :
  well_formed part = true ->
  well_formed s = true ->
  join s (take_part part s) = take_part part s.
Proof.
  intros. unfold lww_register.join, lww_register.take_part. cbn [decisions winner]. f_equal.
  - now apply taking_a_part_is_inflationary.
  - now apply greater_option_is_inflationary.
Qed.

Theorem taking_part_of_itself_changes_nothing u (s : state) :
  well_formed s = true ->
  take_part (part_since u s) s = s.
Proof.
  intros good. rewrite a_part_joins_like_the_whole; [| assumption.. |].
  - now apply (join_is_idempotent _ _ _ lww_registers_are_a_lattice).
  - split.
    + apply a_frontier_joined_with_itself_stays; [auto.. |].
      now apply (frontiers_are_rising compare_name compare_unit compare_value).
    + now apply greater_option_is_idempotent.
Qed.

Theorem write_equals_its_delta o seq time user v (s : state) :
  well_formed s = true ->
  covered s = true ->
  take_part (part_since (seen s) (write o seq time user v s)) s = write o seq time user v s.
Proof.
  intros good all_seen. rewrite a_part_joins_like_the_whole.
  - now apply write_is_inflationary.
  - assumption.
  - now apply write_is_well_formed.
  - unfold decisions_proof.sends. cbn [decisions lww_register.write].
    rewrite (frontier_of_decide compare_name compare_unit compare_value) by exact good.
    change (equal compare_unit tt tt) with true. cbn [existsb].
    unfold seen. now rewrite (the_next_decision_is_new compare_name).
Qed.
End Lww_register.

(** ** Computed *)

Section Examples.
Local Definition written : state N N :=
  write N.compare N.compare (Origin 1 0) 1 9 (Some 7) 40 bottom.

Example a_well_formed_and_covered_state :
  well_formed N.compare N.compare written = true
  /\ covered N.compare written = true.
Proof. now split. Qed.

Example the_winner_goes_with_the_delta_of_a_write_that_loses :
  let after := write N.compare N.compare (Origin 2 0) 1 8 None 50 written in
  part_since N.compare (seen written) after
  = State
      (decisions.State [(Origin 1 0, 1); (Origin 2 0, 1)]
        [(tt, [decisions.Decision (Dot (Origin 2 0) 1) 1 8 None 50])])
      (Some (decisions.Decision (Dot (Origin 1 0) 1) 1 9 (Some 7) 40)).
Proof. reflexivity. Qed.
End Examples.
