(** PN-Counters are a lattice; an increment and a decrement equal joining their deltas.

    A PN-Counter is two G-Counters over one vector, so each law is that of the G-Counter, twice;
    and a decrement is an increment of the counter turned round. *)

From Coq Require Import List Bool NArith BinInt Lia.
From Rejoin Require Import order lattice sorted_map dot pn_counter.
From Rejoin Require Import order_proof sorted_map_proof lattice_proof dot_proof.
From Rejoin Require version_vector version_vector_proof g_counter.
From Rejoin Require Import g_counter_proof.
Import ListNotations.
Local Open Scope N_scope.

Section Pn_counter.
Context {Name : Type} (compare_name : Name -> Name -> comparison).
Context {lawful : ordered compare_name}.
Local Notation state := (state Name).
Local Notation well_formed := (well_formed compare_name).
Local Notation join := (join compare_name).
Local Notation increment := (increment compare_name).
Local Notation decrement := (decrement compare_name).
Local Notation part_since := (part_since compare_name).
Local Notation take_part := (take_part compare_name).
Local Notation g_counters := (g_counters_are_a_lattice compare_name).

Lemma well_formed_means (s : state) :
  well_formed s = true <->
  g_counter.well_formed compare_name (up s) = true
  /\ g_counter.well_formed compare_name (down s) = true.
Proof. unfold pn_counter.well_formed. apply andb_true_iff. Qed.

Lemma seen_is_well_formed (s : state) :
  well_formed s = true ->
  version_vector.well_formed compare_name (seen s) = true.
Proof. intros [good _]%well_formed_means. exact (seen_is_well_formed compare_name _ good). Qed.

(** ** T1 *)

Theorem pn_counters_are_a_lattice : lattice well_formed bottom join.
Proof.
  split; intros;
    repeat match goal with good : well_formed _ = true |- _ =>
      apply well_formed_means in good as [] end.
  - reflexivity.
  - apply well_formed_means. split.
    + now apply (join_is_well_formed _ _ _ g_counters (up a) (up b)).
    + now apply (join_is_well_formed _ _ _ g_counters (down a) (down b)).
  - unfold pn_counter.join. f_equal; now apply (join_is_commutative _ _ _ g_counters).
  - unfold pn_counter.join. f_equal.
    + now apply (join_is_associative _ _ _ g_counters (up a) (up b) (up c)).
    + now apply (join_is_associative _ _ _ g_counters (down a) (down b) (down c)).
  - transitivity (both (up a) (down a)); [| now destruct a].
    unfold pn_counter.join. f_equal; now apply (join_is_idempotent _ _ _ g_counters).
  - transitivity (both (up a) (down a)); [| now destruct a].
    unfold pn_counter.join. f_equal; now apply (bottom_is_neutral _ _ _ g_counters).
Qed.

(** ** Deltas *)

Theorem part_since_is_well_formed v (s : state) :
  well_formed s = true ->
  well_formed (part_since v s) = true.
Proof.
  intros [good_up good_down]%well_formed_means. apply well_formed_means.
  split; [exact (part_since_is_well_formed compare_name v _ good_up)
         | exact (part_since_is_well_formed compare_name v _ good_down)].
Qed.

Theorem take_part_is_well_formed (part s : state) :
  well_formed part = true ->
  well_formed s = true ->
  well_formed (take_part part s) = true.
Proof. intros. now apply (join_is_well_formed _ _ _ pn_counters_are_a_lattice). Qed.

Theorem taking_a_part_is_inflationary (part s : state) :
  well_formed part = true ->
  well_formed s = true ->
  join s (take_part part s) = take_part part s.
Proof. intros. now apply (a_join_is_above_the_left pn_counters_are_a_lattice). Qed.

Theorem taking_part_of_itself_changes_nothing v (s : state) :
  well_formed s = true ->
  take_part (part_since v s) s = s.
Proof.
  intros [good_up good_down]%well_formed_means. transitivity (both (up s) (down s));
    [| now destruct s].
  unfold pn_counter.take_part, pn_counter.join. f_equal.
  - exact (taking_part_of_itself_changes_nothing compare_name v (up s) good_up).
  - exact (taking_part_of_itself_changes_nothing compare_name v (down s) good_down).
Qed.

(** ** T2 *)

Theorem increment_is_well_formed o amount (s : state) :
  1 <= amount ->
  well_formed s = true ->
  well_formed (increment o amount s) = true.
Proof.
  intros some [good_up good_down]%well_formed_means. apply well_formed_means.
  pose proof (increment_is_well_formed compare_name o amount (up s) some good_up) as good.
  split; [exact good |]. apply g_counter_proof.well_formed_means in good as [vectors _].
  apply g_counter_proof.well_formed_means in good_down as [_ shares].
  apply g_counter_proof.well_formed_means. now split.
Qed.

Theorem increment_is_inflationary o amount (s : state) :
  1 <= amount ->
  well_formed s = true ->
  join s (increment o amount s) = increment o amount s.
Proof.
  intros some [good_up good_down]%well_formed_means.
  unfold pn_counter.increment at 2. unfold pn_counter.join, both.
  pose proof (increment_is_inflationary compare_name o amount (up s) some good_up) as above.
  pose proof (join_is_idempotent _ _ _ g_counters (down s) good_down) as same.
  apply (f_equal g_counter.shares) in same.
  f_equal; [exact (f_equal g_counter.seen above) | exact (f_equal g_counter.shares above)
           | exact same].
Qed.

Theorem increment_equals_its_delta o amount (s : state) :
  1 <= amount ->
  well_formed s = true ->
  take_part (part_since (seen s) (increment o amount s)) s = increment o amount s.
Proof.
  intros some good. pose proof (increment_is_well_formed o amount s some good) as good'.
  pose proof (increment_is_inflationary o amount s some good) as above.
  apply well_formed_means in good as [good_up good_down], good' as [_ good_down'].
  rewrite <- above at 2. unfold pn_counter.take_part, pn_counter.join. f_equal.
  - pose proof (increment_equals_its_delta compare_name o amount (up s) some good_up) as delta.
    pose proof (g_counter_proof.increment_is_inflationary compare_name o amount (up s) some
      good_up) as up_above.
    transitivity (g_counter.increment compare_name o amount (up s)); [exact delta |].
    symmetry. exact up_above.
  - apply (a_part_joins_like_the_whole compare_name (seen s) (down s) _ good_down good_down').
    intros. reflexivity.
Qed.

(** The counter turned round: decrements for increments. *)
Definition turned_round (s : state) : state := State (seen s) (decrements s) (increments s).

Lemma turning_round_is_well_formed (s : state) : well_formed (turned_round s) = well_formed s.
Proof. apply andb_comm. Qed.

Theorem decrement_is_well_formed o amount (s : state) :
  1 <= amount ->
  well_formed s = true ->
  well_formed (decrement o amount s) = true.
Proof.
  intros some good. rewrite <- turning_round_is_well_formed in good |- *.
  exact (increment_is_well_formed o amount _ some good).
Qed.

Theorem decrement_is_inflationary o amount (s : state) :
  1 <= amount ->
  well_formed s = true ->
  join s (decrement o amount s) = decrement o amount s.
Proof.
  intros some good. rewrite <- turning_round_is_well_formed in good.
  exact (f_equal turned_round (increment_is_inflationary o amount _ some good)).
Qed.

Theorem decrement_equals_its_delta o amount (s : state) :
  1 <= amount ->
  well_formed s = true ->
  take_part (part_since (seen s) (decrement o amount s)) s = decrement o amount s.
Proof.
  intros some good. rewrite <- turning_round_is_well_formed in good.
  exact (f_equal turned_round (increment_equals_its_delta o amount _ some good)).
Qed.
End Pn_counter.

(** ** Computed *)

Section Examples.
Local Definition counted : state N :=
  decrement N.compare (Origin 2 0) 7 (increment N.compare (Origin 1 0) 5 bottom).

Example a_well_formed_state : well_formed N.compare counted = true.
Proof. reflexivity. Qed.

Example decrements_go_below_nothing :
  counted = State [(Origin 1 0, 1); (Origin 2 0, 1)] [(Origin 1 0, 5)] [(Origin 2 0, 7)]
  /\ value counted = (-2)%Z.
Proof. now split. Qed.

Example a_delta_has_what_changed :
  part_since N.compare (seen counted) (decrement N.compare (Origin 1 0) 4 counted)
  = State [(Origin 1 0, 2); (Origin 2 0, 1)] [(Origin 1 0, 5)] [(Origin 1 0, 4)].
Proof. reflexivity. Qed.
End Examples.
