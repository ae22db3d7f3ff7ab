(** Computed examples: two replicas of one history, by hand.

    Names are numbers: replicas 1 and 2, users 7 and 8, object 0. Values are numbers, and 0 is
    the null. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order lattice sorted_map dot delta.
From Rejoin Require version_vector definition decisions.
From Rejoin Require g_counter lww_register or_set lww_map log replica.
Import definition.
Import ListNotations.
Open Scope N_scope.

Local Notation event := (event N N).
Local Notation seen_by d := (set_of (compare_dot N.compare) d).
Definition one : origin N := Origin 1 0.
Definition two : origin N := Origin 2 0.

(** ** OR-Set: add wins over a concurrent remove. *)

Definition add_1 : event := Event 0 (Dot one 1) 1 (Some 7) (Add 5) [].
Definition remove_2 : event := Event 0 (Dot two 1) 1 (Some 8) (Remove 5) [Dot one 1].
Definition add_again : event := Event 0 (Dot one 2) 2 (Some 7) (Add 5) [Dot one 1].
Definition set_events : list event := [add_1; remove_2; add_again].

Example the_add_that_no_remove_saw_wins :
  or_set.value (or_set.meaning N.compare set_events) = [5]
  /\ elements N.compare set_events = [5].
Proof. split; vm_compute; reflexivity. Qed.

Example a_remove_of_all_that_it_saw_empties :
  or_set.value (or_set.meaning N.compare [add_1; remove_2]) = []
  /\ elements N.compare [add_1; remove_2] = [].
Proof. split; vm_compute; reflexivity. Qed.

Definition set_at_one : or_set.state N :=
  or_set.add N.compare one 2 (Some 7) 5 (or_set.add N.compare one 1 (Some 7) 5 or_set.bottom).
Definition set_at_two : or_set.state N :=
  or_set.remove N.compare two 1 (Some 8) 5 (or_set.add N.compare one 1 (Some 7) 5 or_set.bottom).

Example the_join_is_the_meaning_of_the_union :
  or_set.join N.compare set_at_one set_at_two = or_set.meaning N.compare set_events.
Proof. vm_compute. reflexivity. Qed.

Example the_remover_is_told :
  or_set.notices N.compare 8 (or_set.join N.compare set_at_one set_at_two) = [(5, (2, 1))].
Proof. vm_compute. reflexivity. Qed.

Example nobody_else_is_notified :
  or_set.notices N.compare 7 (or_set.join N.compare set_at_one set_at_two) = []
  /\ or_set.notices N.compare 9 (or_set.join N.compare set_at_one set_at_two) = [].
Proof. split; vm_compute; reflexivity. Qed.

Example the_overruled_remove_is_an_open_decision :
  or_set.merge_decisions N.compare (or_set.join N.compare set_at_one set_at_two)
  = [Merge_decision 5 [(1, 2)] [(2, 1)]].
Proof. vm_compute. reflexivity. Qed.

(** ** LWW-Map: a write by a clock that runs behind does not win, and is not lost. *)

Definition put_1 : event := Event 0 (Dot one 1) 1 (Some 7) (Put 5 100 40) [].
Definition late : event := Event 0 (Dot two 1) 1 (Some 8) (Put 5 90 50) [Dot one 1].

Example the_greater_stamp_wins_over_the_later_write :
  lww_map.value N.compare 0 (lww_map.meaning N.compare N.compare [put_1; late]) = [(5, 40)]
  /\ lww_map.merge_decisions N.compare N.compare 0
       (lww_map.meaning N.compare N.compare [put_1; late])
     = [Merge_decision 5 [] [(2, 1)]]
  /\ decisions N.compare N.compare 0 Lww_map [put_1; late]
     = [Merge_decision (Some 5) [] [(2, 1)]].
Proof. repeat split; vm_compute; reflexivity. Qed.

(** ** What is possible at all *)

Example an_increment_is_at_least_one :
  valid (Increment 0 : operation N N) = false
  /\ valid (Increment 1 : operation N N) = true.
Proof. split; vm_compute; reflexivity. Qed.

Example any_timestamp_is_possible :
  forallb (fun time => forallb valid [Write time 5; Put 5 time 5; Append time 5 : operation N N])
    [0; 1706789300; 2 ^ 64 - 1] = true.
Proof. vm_compute. reflexivity. Qed.

(** ** Replicas: a counter, a register, a set, a map and a log. *)

Definition types : replica.schema :=
  [(0, G_counter); (1, Lww_register); (2, Or_set); (3, Lww_map); (4, Log)].

Definition try (name : N) (op : operation N N) (r : replica.state N N) : replica.state N N :=
  match replica.perform N.compare N.compare name op (Some 7) r with
  | Some r => r
  | None => r
  end.

Definition at_one : replica.state N N :=
  try 4 (Append 9 33) (try 3 (Put 6 10 60) (try 2 (Add 5) (try 1 (Write 10 20)
    (try 0 (Increment 3) (replica.start one types))))).
Definition at_two : replica.state N N :=
  try 4 (Append 8 32) (try 3 (Put 6 11 0) (try 1 (Write 9 21)
    (try 0 (Increment 4) (replica.start two types)))).
Definition joined : replica.objects N N :=
  replica.join N.compare N.compare (replica.held at_one) (replica.held at_two).

Example all_types_are_read :
  map (fun entry => replica.value N.compare 0 (snd entry)) joined
  = [Count 7; Content 20; Elements [5]; Entries []; Items [32; 33]].
Proof. vm_compute. reflexivity. Qed.

Example sequence_numbers_run_over_all_objects :
  replica.vector_of N.compare joined = [(1, 5); (2, 4)].
Proof. vm_compute. reflexivity. Qed.

Example joined_replicas_are_well_formed :
  replica.well_formed N.compare N.compare types joined = true.
Proof. vm_compute. reflexivity. Qed.

Definition nothing_seen : sorted_map N (version_vector.state N) :=
  map (fun entry => (fst entry, [])) types.

Example deltas_do_what_joins_do :
  replica.apply N.compare N.compare
    (replica.deltas_since N.compare nothing_seen (replica.held at_two)) (replica.held at_one)
  = Some joined.
Proof. vm_compute. reflexivity. Qed.

Example a_delta_with_a_gap_is_refused :
  replica.apply N.compare N.compare
    (replica.deltas_since N.compare [(0, [(two, 1)])] (replica.held at_two))
    (replica.held at_one)
  = None.
Proof. vm_compute. reflexivity. Qed.

Example joined_replicas_are_covered :
  replica.covered N.compare joined = true
  /\ replica.covered N.compare
       ([(2, replica.A_set (decisions.State [] (decisions.maximal
         (or_set.add N.compare one 1 None 5 or_set.bottom))))] : replica.objects N N) = false.
Proof. split; vm_compute; reflexivity. Qed.

(** ** What is no lattice, and no order: each law rules something out. *)

(** The first of both that is not bottom. *)
Definition the_left_one (a b : N) : N := if a =? 0 then b else a.

(** Of 1, 2 and 3 each loses against the next one, and 3 against 1. *)
Definition in_a_circle (a b : N) : N :=
  match a, b with
  | 0, x | x, 0 => x
  | 1, 3 | 3, 1 => 1
  | _, _ => N.max a b
  end.

Example each_law_of_lattices_is_needed :
  ~ lattice (fun _ => true) 0 the_left_one
  /\ ~ lattice (fun _ => true) 0 in_a_circle
  /\ ~ lattice (fun _ => true) 0 N.add
  /\ ~ lattice (fun _ => true) 1 N.max
  /\ ~ lattice (fun n => negb (n =? 0)) 0 N.max
  /\ ~ lattice (fun n => negb (n =? 3)) 0 N.lor.
Proof.
  repeat split; intros law.
  - discriminate (join_is_commutative _ _ _ law 1 2 eq_refl eq_refl).
  - discriminate (join_is_associative _ _ _ law 1 2 3 eq_refl eq_refl eq_refl).
  - discriminate (join_is_idempotent _ _ _ law 1 eq_refl).
  - discriminate (bottom_is_neutral _ _ _ law 0 eq_refl).
  - discriminate (bottom_is_well_formed _ _ _ law).
  - discriminate (join_is_well_formed _ _ _ law 1 2 eq_refl eq_refl).
Qed.

Definition compare_in_a_circle (a b : N) : comparison :=
  if a =? b then Eq else if in_a_circle a b =? b then Lt else Gt.

Example each_law_of_orders_is_needed :
  ~ ordered (fun a b : N => Eq)
  /\ ~ ordered (fun a b : N => if a =? b then Eq else Lt)
  /\ (forall a b, In a [1; 2; 3] -> In b [1; 2; 3] ->
       compare_in_a_circle b a = CompOpp (compare_in_a_circle a b))
  /\ ~ ordered compare_in_a_circle.
Proof.
  repeat split.
  - intros law. discriminate (proj1 (equal_means_same _ law 1 2) eq_refl).
  - intros law. discriminate (turned_around _ law 1 2).
  - intros a b a_in b_in.
    repeat destruct a_in as [<- | a_in]; repeat destruct b_in as [<- | b_in]; easy.
  - intros law. discriminate (transitive _ law 1 2 3 eq_refl eq_refl).
Qed.
