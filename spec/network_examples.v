(** Computed executions: the transition system has runs, and refuses what it must. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order order_proof sorted_map dot delta definition.
From Rejoin Require replica or_set.
From Rejoin Require Import network network_proof examples.
Import ListNotations.
Open Scope N_scope.

Local Notation world := (world N N).
Local Notation steps := (steps N.compare N.compare).

(** What the set at a replica has. *)
Definition set_at (w : world) (name : N) : option (answer N N) :=
  match find N.compare 2 (replica.held (running (nodes w name))) with
  | Some x => Some (replica.value N.compare 0 x)
  | None => None
  end.

Definition nothing_of_the_set : sorted_map N (version_vector.state N) := [(2, [])].

Definition one_add_of_1 : sorted_map N (version_vector.state N) := [(2, [(one, 1)])].

Lemma step_first (w w' w'' : world) :
  step N.compare N.compare w w' ->
  steps w' w'' ->
  steps w w''.
Proof.
  intros first rest. induction rest as [| x y _ IH taken].
  - exact (Then _ _ _ w w' (Nothing _ _ _) first).
  - exact (Then _ _ _ x y IH taken).
Qed.

(** Replica 1 adds, and replica 2 receives a delta of it. *)
Example a_delta_is_received :
  exists w : world,
    steps (start types) w
    /\ set_at w 2 = Some (Elements [5])
    /\ map dot_of (seen (nodes w 2)) = [Dot one 1].
Proof.
  eexists. split.
  - eapply step_first.
    { apply (Operate _ _ _ 1 2 (Add 5) None); [reflexivity | vm_compute; reflexivity]. }
    eapply step_first.
    { apply (Send_changes _ _ _ 1 nothing_of_the_set); reflexivity. }
    eapply step_first.
    { eapply (Receive_changes _ _ _ 2); [left; reflexivity | vm_compute; reflexivity]. }
    apply Nothing.
  - split; vm_compute; reflexivity.
Qed.

(** Replica 1 saves, adds, and is set back to the backup. *)
Example a_replica_is_restored :
  exists w : world,
    steps (start types) w
    /\ set_at w 1 = Some (Elements [])
    /\ replica.self (running (nodes w 1)) = Origin 1 1
    /\ map dot_of (happened w) = [Dot one 1].
Proof.
  eexists. split.
  - eapply step_first.
    { apply (Save _ _ _ 1). }
    eapply step_first.
    { apply (Operate _ _ _ 1 2 (Add 5) None); [reflexivity | vm_compute; reflexivity]. }
    eapply step_first.
    { eapply (Restore _ _ _ 1 _ 1); [left; reflexivity |].
      intros e [<- | []]. vm_compute. discriminate. }
    apply Nothing.
  - repeat split; vm_compute; reflexivity.
Qed.

(** Replica 1 adds, and replica 2 receives all that it holds, twice. *)
Example a_full_state_is_received :
  exists w : world,
    steps (start types) w
    /\ set_at w 2 = Some (Elements [5])
    /\ map dot_of (seen (nodes w 2)) = [Dot one 1].
Proof.
  eexists. split.
  - eapply step_first.
    { apply (Operate _ _ _ 1 2 (Add 5) None); [reflexivity | vm_compute; reflexivity]. }
    eapply step_first.
    { apply (Send _ _ _ 1). }
    eapply step_first.
    { eapply (Receive _ _ _ 2). left. reflexivity. }
    eapply step_first.
    { eapply (Receive _ _ _ 2). left. reflexivity. }
    apply Nothing.
  - split; vm_compute; reflexivity.
Qed.

(** Replica 1 sends, adds and sends again; the newer state arrives first, and the older one after it. *)
Example an_older_state_arrives_late :
  exists w : world,
    steps (start types) w
    /\ set_at w 2 = Some (Elements [5])
    /\ length (sent w) = 2%nat.
Proof.
  eexists. split.
  - eapply step_first.
    { apply (Send _ _ _ 1). }
    eapply step_first.
    { apply (Operate _ _ _ 1 2 (Add 5) None); [reflexivity | vm_compute; reflexivity]. }
    eapply step_first.
    { apply (Send _ _ _ 1). }
    eapply step_first.
    { eapply (Receive _ _ _ 2). left. reflexivity. }
    eapply step_first.
    { eapply (Receive _ _ _ 2). right. left. reflexivity. }
    apply Nothing.
  - split; vm_compute; reflexivity.
Qed.

(** Replica 1 saves, adds and saves again, and is set back to the first backup. *)
Example an_older_backup_is_restored :
  exists w : world,
    steps (start types) w
    /\ set_at w 1 = Some (Elements [])
    /\ length (backups w) = 2%nat.
Proof.
  eexists. split.
  - eapply step_first.
    { apply (Save _ _ _ 1). }
    eapply step_first.
    { apply (Operate _ _ _ 1 2 (Add 5) None); [reflexivity | vm_compute; reflexivity]. }
    eapply step_first.
    { apply (Save _ _ _ 1). }
    eapply step_first.
    { eapply (Restore _ _ _ 1 _ 1); [right; left; reflexivity |].
      intros e [<- | []]. vm_compute. discriminate. }
    apply Nothing.
  - split; vm_compute; reflexivity.
Qed.

(** The later delta builds on what replica 2 has not seen. *)
Example a_delta_that_comes_too_early_is_refused :
  let sender := replica.Replica one (replica.meaning N.compare N.compare types
    [Event 2 (Dot one 2) 2 None (Add 6) [Dot one 1]; Event 2 (Dot one 1) 1 None (Add 5) []]) in
  replica.apply N.compare N.compare
    (replica.deltas_since N.compare one_add_of_1 (replica.held sender))
    (replica.untouched types) = None.
Proof. vm_compute. reflexivity. Qed.
