(** Computed witnesses: the hypotheses of the theorems about meaning hold of real histories,
    and are needed. *)

From Coq Require Import List Bool NArith Lia.
From Rejoin Require Import order order_proof sorted_map dot delta definition.
From Rejoin Require version_vector decisions g_counter lww_register or_set lww_map log replica.
From Rejoin Require delta_content.
From Rejoin Require Import replica_meaning_proof examples.
Import ListNotations.
Open Scope N_scope.

Local Notation event := (event N N).
Local Notation history := (history N.compare (Value := N)).
Local Notation cut := (cut (Name := N) (Value := N)).
Local Notation saw_exactly := (saw_exactly N.compare (Value := N)).

Lemma what_is_found_is_there (E : list event) d :
  existsb (fun f => equal (compare_dot N.compare) (dot_of f) d) E = true ->
  exists f, In f E /\ dot_of f = d.
Proof.
  intros (f & there & same)%existsb_exists. exists f. split; [exact there |].
  now destruct (equal_is_equality (compare_dot N.compare) (dot_of f) d).
Qed.

(** Goes through the events of a list. *)
Ltac each_event :=
  repeat match goal with
  | listed : In _ _ |- _ =>
      cbn in listed;
      (destruct listed as [<- | listed]; repeat destruct listed as [<- | listed];
        try destruct listed) || destruct listed
  end.

Ltac show_history := split;
  [ intros e f e_in f_in same; each_event;
    reflexivity || (vm_compute in same; discriminate same)
  | repeat apply NoDup_cons; try apply NoDup_nil; intros listed; cbn in listed;
    repeat (destruct listed as [same | listed]; [vm_compute in same; discriminate same |]);
    destruct listed
  | intros e e_in; each_event; vm_compute; discriminate
  | intros e e_in; each_event; reflexivity
  | intros e n e_in bounds; each_event; cbn in bounds; try lia;
    (assert (n = 1 \/ n = 2) as [-> | ->] by lia); reflexivity || lia
  | intros e f d e_in f_in seen earlier;
    each_event; try (vm_compute in seen; discriminate seen);
    (apply definition_proof.a_member_is_in_the_list in earlier; [| exact _]);
    each_event; reflexivity
  | intros e e_in; each_event; reflexivity ].

Ltac show_cut := split;
  [ intros e e_in; each_event; cbn; auto 10
  | repeat apply NoDup_cons; try apply NoDup_nil; intros listed; cbn in listed;
    repeat (destruct listed as [same | listed]; [vm_compute in same; discriminate same |]);
    destruct listed
  | intros e d e_in seen; each_event; apply what_is_found_is_there; reflexivity ].

(** ** An OR-Set: an add and a concurrent remove, and a decision that closes it. *)

Definition closing : event :=
  Event 0 (Dot one 3) 3 (Some 7) (Remove 5) [Dot one 1; Dot one 2; Dot two 1].
Definition set_history : list event := [add_1; remove_2; add_again; closing].

Example a_set_has_a_history : history set_history.
Proof. show_history. Qed.

Example the_remover_has_seen_a_cut : cut set_history [add_1; remove_2].
Proof. show_cut. Qed.

Example the_adder_has_seen_a_cut : cut set_history [add_1; add_again].
Proof. show_cut. Qed.

Example all_before_the_closing_is_a_cut : cut set_history set_events.
Proof. show_cut. Qed.

Example the_closing_remove_saw_exactly_the_rest : saw_exactly closing set_events.
Proof. split; [intros e e_in; each_event; reflexivity | intros d seen; each_event; cbn; auto]. Qed.

Example the_cuts_join_to_their_union :
  or_set.join N.compare (or_set.meaning N.compare [add_1; remove_2])
    (or_set.meaning N.compare [add_1; add_again])
  = or_set.meaning N.compare (union_events N.compare [add_1; remove_2] [add_1; add_again])
  /\ or_set.value (or_set.meaning N.compare
       (union_events N.compare [add_1; remove_2] [add_1; add_again])) = [5].
Proof. split; vm_compute; reflexivity. Qed.

Example the_key_is_open_until_it_is_closed :
  let is_open E := open N.compare N.compare compare_presence set_reading
    (current_presence N.compare E) E 5 in
  is_open set_events = true /\ is_open set_history = false.
Proof. split; vm_compute; reflexivity. Qed.

(** A delta that is less than the state, and is enough. *)
Example a_delta_carries_only_what_may_be_lacking :
  let other := Event 0 (Dot two 2) 2 None (Add 6) [Dot one 1; Dot two 1] : event in
  let E := [add_1; remove_2; other] in
  let F := [add_1; remove_2; add_again] in
  let v := [(one, 1); (two, 1)] in
  let part := or_set.part_since N.compare v (or_set.meaning N.compare E) in
  version_vector.covers N.compare (or_set.seen (or_set.meaning N.compare F)) v = true
  /\ map fst (decisions.maximal part) = [6]
  /\ delta_content.listed N.compare (Value := N) (replica.A_set part) = [[Dot two 2]]
  /\ or_set.take_part N.compare part (or_set.meaning N.compare F)
     = or_set.meaning N.compare (union_events N.compare E F).
Proof. repeat split; vm_compute; reflexivity. Qed.

(** A delta that is the whole state lists what was seen as well. *)
Example the_whole_state_is_not_what_a_delta_lists :
  let whole := replica.A_set (or_set.meaning (Value := N) N.compare [add_1; remove_2]) in
  let v := [(one, 1); (two, 1)] in
  delta_content.listed N.compare (Value := N) (replica.part_since N.compare v whole) = []
  /\ delta_content.listed N.compare (Value := N) whole = [[Dot two 1]].
Proof. split; vm_compute; reflexivity. Qed.

Example a_counter_sends_only_new_shares :
  let s := g_counter.increment N.compare two 4 (g_counter.increment N.compare one 3
    g_counter.bottom) in
  g_counter.shares (g_counter.part_since N.compare [(one, 1)] s) = [(two, 4)]
  /\ g_counter.shares (g_counter.part_since N.compare [] s) = [(one, 3); (two, 4)].
Proof. split; vm_compute; reflexivity. Qed.

Example a_log_sends_only_new_entries :
  let s := log.append N.compare N.compare two 1 8 32 (log.append N.compare N.compare one 1 9 33
    log.bottom) in
  log.value (log.part_since N.compare [(one, 1)] s) = [32]
  /\ log.value (log.part_since N.compare [] s) = [32; 33].
Proof. split; vm_compute; reflexivity. Qed.

(** A vector claims what is missing from events that are no cut, and so removes it. *)
Example without_a_cut_a_join_loses_events :
  let later := Event 0 (Dot one 2) 2 None (Add 6) [Dot one 1] : event in
  or_set.value (or_set.join N.compare (or_set.meaning N.compare [later])
    (or_set.meaning N.compare [add_1])) = [6]
  /\ elements N.compare (union_events N.compare [later] [add_1]) = [5; 6].
Proof. split; vm_compute; reflexivity. Qed.

(** ** An LWW-Map: a clock that runs behind, and a write that closes the key. *)

Definition last_put : event :=
  Event 0 (Dot one 2) 2 (Some 7) (Put 5 101 60) [Dot one 1; Dot two 1].
Definition map_history : list event := [put_1; late; last_put].

Example a_map_has_a_history : history map_history.
Proof. show_history. Qed.

Example a_clock_may_run_behind_in_a_cut : cut map_history [put_1; late].
Proof. show_cut. Qed.

Example the_greatest_write_closes_the_key :
  let is_open E := open N.compare N.compare N.compare map_reading
    (content_at N.compare N.compare 0 E) E 5 in
  is_open [put_1; late] = true
  /\ greatest N.compare N.compare (flat_map (key_stamps N.compare 5) map_history)
     = Some (stamp_of last_put 101 60)
  /\ is_open map_history = false.
Proof. repeat split; vm_compute; reflexivity. Qed.

(** ** A counter, a register and a log, in one history of several objects. *)

Definition all_events : list event := [
  Event 0 (Dot one 1) 1 None (Increment 3) [];
  Event 1 (Dot one 1) 2 None (Write 10 20) [];
  Event 4 (Dot one 1) 3 None (Append 9 33) [];
  Event 0 (Dot two 1) 1 None (Increment 4) [Dot one 1];
  Event 1 (Dot two 1) 2 None (Write 9 21) [Dot one 1];
  Event 4 (Dot two 1) 3 None (Append 8 32) [];
  Event 0 (Dot one 2) 4 None (Increment 5) [Dot one 1]].

Ltac each_object name :=
  unfold of_object; cbn [filter object_of all_events firstn skipn];
  destruct (equal_is_equality N.compare 0 name) as [<- | _];
  [| destruct (equal_is_equality N.compare 1 name) as [<- | _];
     [| destruct (equal_is_equality N.compare 4 name) as [<- | _]]];
  cbn.

Example several_objects_have_histories : histories N.compare all_events.
Proof. intros name. each_object name; show_history. Qed.

Example the_first_six_are_cuts : cuts N.compare all_events (firstn 6 all_events).
Proof. intros name. each_object name; show_cut. Qed.

Example the_first_three_are_cuts : cuts N.compare all_events (firstn 3 all_events).
Proof. intros name. each_object name; show_cut. Qed.

Example all_objects_are_declared : declared types all_events.
Proof. intros e e_in. each_event; cbn; auto 10. Qed.

Example the_last_increment_is_performed_as_numbered :
  let e := Event 0 (Dot one 2) 4 None (Increment 5) [Dot one 1] : event in
  let E := firstn 3 all_events in
  saw_exactly e (of_object N.compare 0 E)
  /\ seq_of e = seen_of N.compare 1 E + 1
  /\ replica.perform N.compare N.compare 0 (Increment 5) None
       (replica.Replica one (replica.meaning N.compare N.compare types E))
     = Some (replica.Replica one (replica.meaning N.compare N.compare types (e :: E))).
Proof.
  repeat split; try (vm_compute; reflexivity).
  - intros f f_in. each_event; reflexivity.
  - intros d seen. each_event; cbn; auto.
Qed.

Example values_are_those_of_the_definition :
  map (fun entry => replica.value N.compare 0 (snd entry))
    (replica.meaning N.compare N.compare types all_events)
  = [Count 12; Content 20; Elements []; Entries []; Items [32; 33]].
Proof. vm_compute. reflexivity. Qed.

Example the_vector_counts_over_all_objects :
  replica.vector_of N.compare (replica.meaning N.compare N.compare types all_events)
  = [(1, 4); (2, 3)]
  /\ vector N.compare all_events = [(1, 4); (2, 3)].
Proof. split; vm_compute; reflexivity. Qed.
