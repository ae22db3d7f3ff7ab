(** Computed examples of what becomes of operations: each outcome is reached, and engines that lose
    something fail. *)

From Coq Require Import List Bool NArith BinInt.
From Rejoin Require Import order order_proof sorted_map dot definition nothing_is_lost.
From Rejoin Require Import examples.
Import ListNotations.
Open Scope N_scope.

Local Notation event := (event N N).
Local Notation accounted_for := (accounted_for N.compare N.compare 0).
Local Notation read := (read N.compare N.compare 0).
Local Notation decisions := (decisions N.compare N.compare 0).
Local Notation notified type E :=
  (fun user k n => In (k, n) (object_notices N.compare N.compare 0 type user E)).

(** ** A set: replica 1 adds 5; replica 2, who has seen that, removes it; replica 1 adds it again,
    and has not seen the removal. *)

Definition set_answer : answer N N := read Or_set set_events.

Example the_second_add_is_shown :
  set_answer = Elements [5]
  /\ shows N.compare N.compare 0 set_answer (operation_of add_again) = true.
Proof. split; vm_compute; reflexivity. Qed.

(** The first add is shown too, as the element is there. The remove is neither shown nor decided
    anew: it is overruled, it is listed, and user 8 is notified. *)
Example the_remove_is_overruled_and_reported :
  overruled N.compare N.compare 0 Or_set set_events set_answer (Some 5) remove_2
  /\ decisions Or_set set_events = [Merge_decision (Some 5) [(1, 2)] [(2, 1)]]
  /\ object_notices N.compare N.compare 0 Or_set 8 set_events = [(Some 5, (2, 1))]
  /\ accounted_for Or_set set_events set_answer (decisions Or_set set_events)
       (notified Or_set set_events) remove_2.
Proof.
  split; [| split; [| split]].
  - repeat split; [right; now left |].
    intros f f_in _. repeat destruct f_in as [<- | f_in]; try reflexivity. destruct f_in.
  - vm_compute. reflexivity.
  - vm_compute. reflexivity.
  - exists (Some 5). split; [reflexivity |]. right. right.
    exists (Merge_decision (Some 5) [(1, 2)] [(2, 1)]).
    split; [vm_compute; now left |]. repeat split; [now left |].
    intros user [= <-]. vm_compute. now left.
Qed.

(** After a removal that saw both adds, neither of them is shown: somebody decided anew. *)
Example an_add_is_decided_anew :
  let closing := Event 0 (Dot two 2) 2 (Some 8) (Remove 5) [Dot one 1; Dot one 2; Dot two 1] in
  let E := closing :: set_events in
  shows N.compare N.compare 0 (read Or_set E) (operation_of add_1) = false
  /\ sees N.compare closing add_1 = true
  /\ stands N.compare Or_set E (Some 5) closing
  /\ decisions Or_set E = [].
Proof.
  split; [vm_compute; reflexivity |]. split; [reflexivity |]. split; [| vm_compute; reflexivity].
  intros f f_in _. repeat destruct f_in as [<- | f_in]; try reflexivity. destruct f_in.
Qed.

(** So it is not overruled: its user is not notified. *)
Example what_was_decided_anew_is_not_overruled :
  let closing := Event 0 (Dot two 2) 2 (Some 8) (Remove 5) [Dot one 1; Dot one 2; Dot two 1] in
  let E := closing :: set_events in
  ~ overruled N.compare N.compare 0 Or_set E (read Or_set E) (Some 5) add_1.
Proof.
  intros closing E (_ & _ & stands & _).
  specialize (stands closing (or_introl eq_refl) eq_refl). vm_compute in stands. discriminate.
Qed.

(** ** What would lose something *)

Ltac no_other_outcome :=
  intros (k & decided & [shown | [(f & f_in & _ & seen & _) | (d & d_in & listed)]]);
  [ vm_compute in shown; discriminate shown
  | repeat (destruct f_in as [<- | f_in]; [vm_compute in seen; discriminate seen |]);
    destruct f_in
  | ].

(** An engine that reports no decision has lost the remove. *)
Example without_a_report_the_remove_is_lost :
  ~ accounted_for Or_set set_events set_answer [] (notified Or_set set_events) remove_2.
Proof. no_other_outcome. destruct d_in. Qed.

(** One that lists it and notifies nobody has lost it silently. *)
Example without_a_notice_the_remove_is_lost_silently :
  ~ accounted_for Or_set set_events set_answer (decisions Or_set set_events)
      (fun _ _ _ => False) remove_2.
Proof.
  no_other_outcome. destruct listed as (_ & _ & users). exact (users 8 eq_refl).
Qed.

(** A put by a clock that runs behind is overruled though it came last. *)
Example a_late_put_without_a_report_is_lost :
  read Lww_map [put_1; late] = Entries [(5, 40)]
  /\ ~ accounted_for Lww_map [put_1; late] (read Lww_map [put_1; late]) []
         (notified Lww_map [put_1; late]) late.
Proof. split; [vm_compute; reflexivity |]. no_other_outcome. destruct d_in. Qed.

(** Replica 2 has seen a put on key 5, and puts on key 6. That decides key 5 for nobody: an engine that
    then shows key 6 alone has lost the put. Another put on key 5 does decide it anew. *)
Example a_later_put_on_another_key_decides_nothing_anew :
  let lost := Event 0 (Dot one 1) 1 None (Put 5 1 30) [] in
  let other := Event 0 (Dot two 1) 1 None (Put 6 1 40) [Dot one 1] in
  let again := Event 0 (Dot two 1) 1 None (Put 5 2 40) [Dot one 1] in
  let nobody := fun _ _ _ => False in
  accounted_for Lww_map [other; lost] (Entries [(5, 30); (6, 40)]) [] nobody lost
  /\ ~ accounted_for Lww_map [other; lost] (Entries [(6, 40)]) [] nobody lost
  /\ accounted_for Lww_map [again; lost] (Entries [(5, 40)]) [] nobody lost.
Proof.
  intros lost other again nobody. split; [| split].
  - exists (Some 5). split; [reflexivity |]. left. vm_compute. reflexivity.
  - intros (k & [= <-] & [shown | [(f & [<- | [<- | []]] & on_5 & seen & _) | (d & [] & _)]]);
      [discriminate shown | discriminate on_5 | discriminate seen].
  - exists (Some 5). split; [reflexivity |]. right. left. exists again.
    split; [now left |]. split; [reflexivity |]. split; [reflexivity |].
    intros f [<- | [<- | []]] _; reflexivity.
Qed.

(** A put without a user needs no notice. Only a decision on its key that lists it as
    superseded reports it. *)
Definition overruled_put : event := Event 0 (Dot two 1) 1 None (Put 5 90 50) [Dot one 1].

Example a_decision_that_lists_it_reports_what_is_overruled :
  let E := [put_1; overruled_put] in
  read Lww_map E = Entries [(5, 40)]
  /\ decisions Lww_map E = [Merge_decision (Some 5) [] [(2, 1)]]
  /\ accounted_for Lww_map E (read Lww_map E) (decisions Lww_map E) (fun _ _ _ => False)
       overruled_put.
Proof.
  split; [vm_compute; reflexivity |]. split; [vm_compute; reflexivity |].
  exists (Some 5). split; [reflexivity |]. right. right.
  exists (Merge_decision (Some 5) [] [(2, 1)]). split; [vm_compute; now left |].
  split; [reflexivity |]. split; [now left | discriminate].
Qed.

Example a_decision_on_another_key_reports_nothing :
  let E := [put_1; overruled_put] in
  ~ accounted_for Lww_map E (read Lww_map E) [Merge_decision (Some 6) [] [(2, 1)]]
      (fun _ _ _ => True) overruled_put.
Proof.
  intros E. no_other_outcome. destruct d_in as [<- | []], listed as (on_the_key & _).
  injection decided as <-. discriminate on_the_key.
Qed.

Example a_decision_that_lists_it_as_kept_reports_no_loss :
  let E := [put_1; overruled_put] in
  ~ accounted_for Lww_map E (read Lww_map E) [Merge_decision (Some 5) [(2, 1)] []]
      (fun _ _ _ => True) overruled_put.
Proof.
  intros E. no_other_outcome. destruct d_in as [<- | []], listed as (_ & superseded & _). destruct superseded.
Qed.

(** A counter of one number loses an increment, and a log without repeats an entry. *)
Example a_maximum_loses_an_increment :
  let three := Event 0 (Dot one 1) 1 None (Increment 3) [] in
  let four := Event 0 (Dot two 1) 1 None (Increment 4) [] in
  let E := [three; four] : list event in
  accounted_for G_counter E (Count 7) [] (fun _ _ _ => False) three
  /\ ~ accounted_for G_counter E (Count 4) [] (fun _ _ _ => False) three.
Proof. split; [vm_compute; reflexivity | vm_compute; discriminate]. Qed.

Example a_log_without_repeats_loses_an_entry :
  let once := Event 0 (Dot one 1) 1 None (Append 1 33) [] in
  let again := Event 0 (Dot two 1) 1 None (Append 1 33) [] in
  let E := [once; again] : list event in
  accounted_for Log E (read Log E) [] (fun _ _ _ => False) once
  /\ ~ accounted_for Log E (Items [33]) [] (fun _ _ _ => False) once.
Proof.
  split.
  - vm_compute. apply Permutation.Permutation_refl.
  - intros lost. apply Permutation.Permutation_length in lost. vm_compute in lost. discriminate.
Qed.

(** A counter that goes up and down loses neither: its balance tells both. *)
Definition up : event := Event 0 (Dot one 1) 1 None (Increment 3) [].
Definition down : event := Event 0 (Dot two 1) 1 None (Decrement 5) [].

Example a_balance_tells_what_went_up_and_down :
  let E := [up; down] in
  read Pn_counter E = Balance (-2)%Z
  /\ accounted_for Pn_counter E (Balance (-2)%Z) [] (fun _ _ _ => False) up
  /\ accounted_for Pn_counter E (Balance (-2)%Z) [] (fun _ _ _ => False) down.
Proof. repeat split; vm_compute; reflexivity. Qed.

Example a_balance_may_not_lose_an_increment :
  ~ accounted_for Pn_counter [up; down] (Balance (-5)%Z) [] (fun _ _ _ => False) up.
Proof. vm_compute. discriminate. Qed.

Example a_balance_may_not_lose_a_decrement :
  ~ accounted_for Pn_counter [up; down] (Balance 3%Z) [] (fun _ _ _ => False) down.
Proof. vm_compute. discriminate. Qed.

(** A minimum is at most each integer that was written, and was written itself. *)
Definition lower : event := Event 0 (Dot one 1) 1 None (Write_integer (-3)) [].
Definition higher : event := Event 0 (Dot two 1) 1 None (Write_integer 4) [].

Example a_minimum_accounts_for_all_that_is_not_below_it :
  let E := [lower; higher] in
  read Min_register E = Integer (Some (-3)%Z)
  /\ accounted_for Min_register E (Integer (Some (-3)%Z)) [] (fun _ _ _ => False) lower
  /\ accounted_for Min_register E (Integer (Some (-3)%Z)) [] (fun _ _ _ => False) higher.
Proof.
  split; [vm_compute; reflexivity |].
  split; (split; [exists lower; split; [now left | reflexivity] | discriminate]).
Qed.

Example a_minimum_above_what_was_written_loses_it :
  ~ accounted_for Min_register [lower; higher] (Integer (Some 4%Z)) [] (fun _ _ _ => False) lower.
Proof. intros [_ below]. now apply below. Qed.

Example a_minimum_that_nobody_wrote_accounts_for_none :
  ~ accounted_for Min_register [lower] (Integer (Some (-9)%Z)) [] (fun _ _ _ => False) lower.
Proof. intros [(f & [<- | []] & wrote) _]. discriminate wrote. Qed.
