(** Traces that the judge accepts, each with a twin of which it rejects one claim.

    The traces are those of spec/scenarios/, by hand: names and values are numbers, and the lines
    are numbered as in the file. *)

From Coq Require Import List NArith.
From Rejoin Require Import order sorted_map dot definition trace judge judge_proof.
Import ListNotations.
Open Scope N_scope.

Local Notation line := (line N N).

Definition judged_by (objects : sorted_map N object_type) (ls : list line) : report :=
  judge N.compare N.compare 0 (Header [1; 2; 3; 4] objects) ls.

Definition all_true (claims : N) : report := Report claims [] None.
Definition one_false (claims p : N) (broken : rule) : report := Report claims [(p, broken)] None.

(** ** delta-after-a-lost-message: a message since a lost one leaves a gap. *)

Definition gap (claimed : N) : list line :=
  [Operates 1 0 (Increment 300) None None;
   Sends 1 11 (Within None);
   Operates 1 0 (Increment 45) None None;
   Sends 1 12 (Since [11]);
   Receives 2 12;
   Claims (Reads 2 0 (Some (Count claimed)));
   Claims (Counts 2 None (Some [(1, 1)]));
   Receives 2 11;
   Claims (Reads 2 0 (Some (Count 345)))].

Example what_the_gap_held_does_not_count :
  judged_by [(0, G_counter)] (gap 45) = all_true 3.
Proof. vm_compute. reflexivity. Qed.

Example counting_it_is_found :
  judged_by [(0, G_counter)] (gap 345) = one_false 3 7 Value_rule.
Proof. vm_compute. reflexivity. Qed.

(** By T10 both say something of the claims themselves. *)
Local Notation declared_counter := (Header [1; 2; 3; 4] [(0, G_counter)]).

Example its_claims_all_agree :
  possible_lines N.compare declared_counter (gap 45) /\
  forall before c after,
    gap 45 = before ++ Claims c :: after ->
    agrees N.compare N.compare 0 declared_counter (rev before) c.
Proof.
  destruct (proj1 (a_trace_conforms_if_every_claim_agrees N.compare N.compare 0
    declared_counter (gap 45)) eq_refl) as (_ & all & _ & all_agree).
  now split.
Qed.

Example a_claim_of_its_twin_does_not :
  exists before c after,
    gap 345 = before ++ Claims c :: after /\
    ~ agrees N.compare N.compare 0 declared_counter (rev before) c.
Proof.
  now destruct (proj1 (a_trace_is_a_discrepancy_if_a_claim_disagrees N.compare N.compare 0
    declared_counter (gap 345)) eq_refl) as (_ & _ & is_false).
Qed.

(** ** gap-between-two-decisions: a decision supersedes all that it saw, also where the decision in
    between never arrived. *)

Definition in_between (claimed : list (merge_decision N (option N))) : list line :=
  [Operates 1 0 (Write 100 21) (Some 31) None;
   Merges 2 1 None;
   Operates 2 0 (Write 200 22) (Some 32) None;
   Merges 3 2 None;
   Operates 3 0 (Write 300 23) (Some 33) None;
   Sends 3 11 (Operations [31; 33]);
   Receives 4 11;
   Claims (Reads 4 0 (Some (Content 23)));
   Claims (Decides 4 0 (Some claimed));
   Claims (Counts 4 None (Some [(1, 1); (3, 1)]))].

Example the_last_decision_supersedes_the_first :
  judged_by [(0, Lww_register)] (in_between []) = all_true 3.
Proof. vm_compute. reflexivity. Qed.

Example an_open_decision_is_found :
  judged_by [(0, Lww_register)] (in_between [Merge_decision None [(3, 1)] [(1, 1)]])
  = one_false 3 10 Decisions_rule.
Proof. vm_compute. reflexivity. Qed.

(** ** two-decisions-of-one-number: two decisions that a restore made share replica and sequence
    number are both listed. *)

Definition after_a_restore (claimed : list (merge_decision N (option N))) : list line :=
  [Saves 1 41;
   Operates 1 0 (Add 5) None (Some 7);
   Merges 2 1 None;
   Restores 1 41;
   Operates 1 0 (Remove 5) None (Some 8);
   Claims (Reads 1 0 (Some (Elements [])));
   Merges 2 1 None;
   Claims (Reads 2 0 (Some (Elements [5])));
   Claims (Decides 2 0 (Some claimed));
   Claims (Tells 2 8 (Some [(0, (Some 5, (1, 1)))]))].

Example both_decisions_are_listed :
  judged_by [(0, Or_set)] (after_a_restore [Merge_decision (Some 5) [(1, 1)] [(1, 1)]])
  = all_true 4.
Proof. vm_compute. reflexivity. Qed.

Example listing_neither_is_found :
  judged_by [(0, Or_set)] (after_a_restore []) = one_false 4 10 Decisions_rule.
Proof. vm_compute. reflexivity. Qed.

(** ** What an operation is as an event: lines are numbered from 2, a replica's operations from 1. *)

Example the_first_operation_is_an_event :
  is_event N.compare [] 1 0 (Add 5) None
    (Event 0 (Dot (Origin 1 0) 2) 1 None (Add 5) [] : definition.event N N).
Proof.
  split; try reflexivity.
  - intros d. split; [easy | now intros (r & p & _ & [] & _)].
  - exists []. split; [constructor |]. split; [| reflexivity].
    intros p. split; [easy | now intros [[] _]].
Qed.

Example operations_are_numbered_from_one :
  judged_by [(0, Or_set)]
    [Operates 1 0 (Add 5) None None;
     Operates 2 0 (Remove 5) None None;
     Syncs 1 2 None;
     Claims (Decides 1 0 (Some [Merge_decision (Some 5) [(1, 1)] [(2, 1)]]))]
  = all_true 1.
Proof. vm_compute. reflexivity. Qed.

(** ** Syncs and merges, of all objects or of some *)

Example a_sync_teaches_both :
  judged_by [(0, G_counter)]
    [Operates 1 0 (Increment 3) None None;
     Operates 2 0 (Increment 4) None None;
     Syncs 1 2 None;
     Claims (Reads 1 0 (Some (Count 7)));
     Claims (Reads 2 0 (Some (Count 7)))]
  = all_true 2.
Proof. vm_compute. reflexivity. Qed.

Example a_partial_merge_takes_its_objects :
  judged_by [(0, G_counter); (1, G_counter)]
    [Operates 1 0 (Increment 3) None None;
     Operates 1 1 (Increment 4) None None;
     Merges 2 1 (Some [0]);
     Claims (Reads 2 0 (Some (Count 3)));
     Claims (Reads 2 1 (Some (Count 0)))]
  = all_true 2.
Proof. vm_compute. reflexivity. Qed.

(** ** digest-of-equal-values-is-free: only equal histories bind the hashes of equal values. *)

Definition empty_sets (claimed : N) : list line :=
  [Operates 1 0 (Add 5) None None;
   Operates 1 0 (Remove 5) None None;
   Notes;
   Merges 3 1 None;
   Claims (Hashes 1 None None 100);
   Claims (Hashes 2 None None 200);
   Claims (Hashes 1 (Some 0) None 200);
   Claims (Hashes 2 (Some 0) None 200);
   Claims (Hashes 3 None None claimed);
   Claims (Converged [1; 2; 3; 4])].

Example equal_values_may_have_any_hashes :
  judged_by [(0, Or_set)] (empty_sets 100) = all_true 6.
Proof. vm_compute. reflexivity. Qed.

Example equal_histories_with_two_hashes_are_found :
  judged_by [(0, Or_set)] (empty_sets 200) = one_false 6 10 Digest_equal.
Proof. vm_compute. reflexivity. Qed.

(** ** digest-echoed-by-the-peer: where two rules forbid a hash, the first is reported. *)

Definition echoed (claimed : N) : list line :=
  [Operates 1 0 (Increment 5) None None;
   Merges 2 1 None;
   Claims (Hashes 1 None None 100);
   Operates 1 0 (Increment 2) None None;
   Claims (Hashes 1 None None 200);
   Notes;
   Claims (Hashes 2 None None claimed)].

Example the_hash_of_what_it_holds_is_true :
  judged_by [(0, G_counter)] (echoed 100) = all_true 3.
Proof. vm_compute. reflexivity. Qed.

Example the_echo_is_found :
  judged_by [(0, G_counter)] (echoed 200) = one_false 3 8 Digest_equal.
Proof. vm_compute. reflexivity. Qed.

(** ** digests-per-object-and-algorithm: other hashes are not compared. *)

Definition per_object (claimed : N) : list line :=
  [Operates 1 0 (Add 5) None None;
   Syncs 1 2 None;
   Operates 2 1 (Increment 1) None None;
   Claims (Hashes 1 (Some 0) None 77);
   Claims (Hashes 2 (Some 0) None 77);
   Claims (Hashes 1 (Some 1) None 77);
   Claims (Hashes 2 (Some 1) (Some 50) 77);
   Claims (Hashes 2 (Some 1) None claimed)].

Example other_hashes_are_not_compared :
  judged_by [(0, Or_set); (1, G_counter)] (per_object 88) = all_true 5.
Proof. vm_compute. reflexivity. Qed.

Example equal_hashes_of_different_values_are_found :
  judged_by [(0, Or_set); (1, G_counter)] (per_object 77) = one_false 5 9 Digest_distinct.
Proof. vm_compute. reflexivity. Qed.

(** ** Of claims of each kind a false one is found, by its rule, and the true one beside it is not. *)

Example a_false_claim_of_each_kind_is_found :
  judged_by [(0, Or_set); (1, Lww_map); (2, Mv_map)]
    [Operates 1 0 (Add 5) None None;
     Operates 1 1 (Put 6 100 21) None (Some 7);
     Operates 2 1 (Put 6 200 22) None None;
     Operates 1 2 (Put 6 100 23) None None;
     Merges 1 2 None;
     Claims (Reads_element 1 0 5 (Some true)); Claims (Reads_element 1 0 5 (Some false));
     Claims (Reads_key 1 1 6 22); Claims (Reads_key 1 1 6 21);
     Claims (Reads_values 1 2 6 (Some [23])); Claims (Reads_values 1 2 6 (Some [22]));
     Claims (Tells 1 7 (Some [(1, (Some 6, (1, 2)))])); Claims (Tells 1 7 (Some []));
     Claims (Counts 1 (Some 0) (Some [(1, 1)])); Claims (Counts 1 (Some 0) (Some [(1, 2)]));
     Claims (Converged [3; 4]); Claims (Converged [1; 2])]
  = Report 12
      [(8, Value_rule); (10, Value_rule); (12, Value_rule); (14, Notices_rule);
       (16, Vector_rule); (18, Converged_rule)] None.
Proof. vm_compute. reflexivity. Qed.

(** ** What is not possible *)

Example what_is_not_possible_ends_the_trace :
  let stops ls := stopped_at (judged_by [(0, G_counter); (1, Or_set)] ls) in
  map stops
    [[Saves 1 41; Restores 2 41];
     [Sends 1 11 (Within None); Sends 2 11 (Within None)];
     [Syncs 1 1 None];
     [Operates 5 0 (Increment 1) None None];
     [Operates 1 0 (Add 5) None None];
     [Operates 1 0 (Increment 1) (Some 31) None; Operates 2 0 (Increment 1) (Some 31) None];
     [Claims (Reads_element 1 0 5 (Some true))];
     [Claims (Converged [1])]]
  = [Some 3; Some 3; Some 2; Some 2; Some 2; Some 3; Some 2; Some 2].
Proof. vm_compute. reflexivity. Qed.

(** ** A hash that was found false binds nothing; what is impossible ends the trace. *)

Example a_false_hash_binds_nothing :
  judged_by [(0, G_counter)]
    (echoed 200 ++ [Claims (Hashes 2 None None 100)]) = one_false 4 8 Digest_equal.
Proof. vm_compute. reflexivity. Qed.

Example an_unknown_message_ends_the_trace :
  judged_by [(0, G_counter)]
    [Claims (Reads 1 0 (Some (Count 1))); Receives 2 11; Claims (Reads 1 0 (Some (Count 0)))]
  = Report 1 [(2, Value_rule)] (Some 3).
Proof. vm_compute. reflexivity. Qed.
