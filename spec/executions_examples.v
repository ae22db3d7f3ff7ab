(** Computed executions: both engines run them, refuse the same, and answer the same; and engines
    that forget what they must keep do not. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot delta.
From Rejoin Require version_vector definition decisions indexed_decisions or_set lww_map.
From Rejoin Require Import executions examples.
Import definition (Write, Add, Remove, Put, operation, Merge_decision).
Import ListNotations.
Open Scope N_scope.

Local Notation step := (step N N).
Local Notation after := (after (Value := N) N.compare).
Local Notation index := (indexed_map (Value := N) N.compare N.compare).
Local Notation reference := (reference_map (Value := N) N.compare N.compare).
Local Notation value_of_index := (map_value N.compare N.compare 0).
Local Notation value_of_reference := (lww_map.value N.compare 0).

Definition put (name seq time k v : N) : step := Perform name seq None (Put k time v).
Definition forget (name : N) : step := Compact name (fun _ => false).

(** Replica 2 sees the first put and puts by a clock that runs behind; meanwhile replica 1 puts
    again and forgets what is stale. Then each sends what the other may lack. *)
Definition exchange : list step := [
  put 1 1 10 5 40;
  Send 1 []; Receive 2 0;
  put 2 2 9 5 50;
  put 1 2 11 5 41; put 1 3 11 6 60; forget 1;
  Send 2 [(one, 1)]; Receive 1 1;
  Send 1 [(one, 1)]; Receive 2 2].

Example both_engines_answer_the_same :
  after index exchange 1 value_of_index = Some [(5, 41); (6, 60)]
  /\ after reference exchange 1 value_of_reference = Some [(5, 41); (6, 60)]
  /\ after index exchange 2 value_of_index = Some [(5, 41); (6, 60)]
  /\ after index exchange 2 (map_merge_decisions N.compare N.compare 0)
     = Some [Merge_decision 5 [(1, 2)] [(2, 2)]]
  /\ after reference exchange 2 (lww_map.merge_decisions N.compare N.compare 0)
     = Some [Merge_decision 5 [(1, 2)] [(2, 2)]].
Proof. repeat split; vm_compute; reflexivity. Qed.

Example keys_go_by_creation_dots_that_were_seen :
  option_map (fun w => map (fun m : delta N (indexed_decisions.part N N N) =>
      map fst (indexed_decisions.items (part m))) (sent w))
    (run N.compare index exchange (start index))
  = Some [[indexed_decisions.By_key 5];
          [indexed_decisions.By_creation_dot (Dot one 1)];
          [indexed_decisions.By_creation_dot (Dot one 1); indexed_decisions.By_key 6]].
Proof. vm_compute. reflexivity. Qed.

(** Messages come twice, late, and to whom they were not meant for. *)
Example messages_come_again :
  let again := exchange ++ [Receive 2 0; Receive 1 1; Receive 2 2; Receive 3 0] in
  after index again 2 value_of_index = after index exchange 2 value_of_index
  /\ after index again 3 value_of_index = Some [(5, 40)]
  /\ after reference again 3 value_of_reference = Some [(5, 40)].
Proof. repeat split; vm_compute; reflexivity. Qed.

(** Replica 3 has not seen what the message builds on. *)
Example a_gap_ends_the_execution :
  after index (exchange ++ [Receive 3 1]) 3 value_of_index = None
  /\ after reference (exchange ++ [Receive 3 1]) 3 value_of_reference = None.
Proof. split; vm_compute; reflexivity. Qed.

(** Replica 1 is set back to before its last puts, and goes on. *)
Definition set_back : list step :=
  [put 1 1 10 5 40; Save 1; put 1 2 11 5 41; Send 1 [];
   Restore 1 0 1; put 1 2 12 5 42; Receive 1 0].

Example a_replica_is_set_back :
  after index set_back 1 value_of_index = Some [(5, 42)]
  /\ after reference set_back 1 value_of_reference = Some [(5, 42)]
  /\ after index set_back 1 indexed_decisions.seen = Some [(one, 2); (Origin 1 1, 1)]
  /\ after index [put 1 1 10 5 40; Save 1; Restore 1 0 0] 1 value_of_index = None.
Proof. repeat split; vm_compute; reflexivity. Qed.

(** ** Engines that forget too much *)

Local Notation state := (indexed_decisions.state N N N).

(** The index, but for what it forgets. *)
Definition forgetting (f : state -> state) :=
  Engine (untouched index) (perform index) (send index) (receive index) (fun _ => f).

(** It keeps what is maximal, and no creation dots. *)
Definition forget_creation_dots (s : state) : state :=
  indexed_decisions.State (indexed_decisions.seen s)
    (map (fun item => (fst item, indexed_decisions.Entry (indexed_decisions.first (snd item))
      (indexed_decisions.further (snd item)) (indexed_decisions.apart (snd item)) []))
      (indexed_decisions.entries s))
    (indexed_decisions.changes s).

(** It drops the whole log. *)
Definition forget_changes (s : state) : state :=
  indexed_decisions.State (indexed_decisions.seen s) (indexed_decisions.entries s) [].

Example who_forgets_creation_dots_refuses_names :
  after (forgetting forget_creation_dots) exchange 1 value_of_index = None.
Proof. vm_compute. reflexivity. Qed.

Example who_forgets_changes_does_not_send_them :
  let sts := [put 1 1 10 5 40; forget 1; Send 1 []; Receive 2 0] in
  after (forgetting forget_changes) sts 2 value_of_index = Some []
  /\ after index sts 2 value_of_index = Some [(5, 40)]
  /\ after reference sts 2 value_of_reference = Some [(5, 40)].
Proof. repeat split; vm_compute; reflexivity. Qed.
