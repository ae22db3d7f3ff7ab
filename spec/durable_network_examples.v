(** Computed executions with crashes, and why a message may hold only what is durable. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order order_proof sorted_map dot delta definition.
From Rejoin Require replica or_set network.
From Rejoin Require Import durable_network examples.
Import ListNotations.
Open Scope N_scope.

Local Notation world := (world N N).
Local Notation step := (step N.compare N.compare).

(** What the set has in a replica's state. *)
Definition set_in (n : network.node N N) : option (answer N N) :=
  match find N.compare 2 (replica.held (network.running n)) with
  | Some x => Some (replica.value N.compare 0 x)
  | None => None
  end.

(** The steps as functions, so that executions can be computed. *)

Definition adds (name x : N) (w : world) : world :=
  let n := nodes w name in
  let e := network.next_event N.compare 2 (Add x) None (running n) in
  match replica.perform N.compare N.compare 2 (Add x) None (network.running (running n)) with
  | Some r =>
      World (happened w)
        (with_node N.compare name
          (Node (durable n) (network.Node r (e :: network.seen (running n))) ([e] ++ pending n))
          (nodes w)) (sent w) (backups w)
  | None => w
  end.

Definition commits (name : N) (w : world) : world :=
  let n := nodes w name in
  World (pending n ++ happened w)
    (with_node N.compare name (Node (running n) (running n) []) (nodes w)) (sent w) (backups w).

Definition crashes (name : N) (w : world) : world :=
  let n := nodes w name in
  World (happened w)
    (with_node N.compare name (Node (durable n) (durable n) []) (nodes w)) (sent w) (backups w).

Definition can_add (name x : N) (w : world) : bool :=
  match replica.perform N.compare N.compare 2 (Add x) None
    (network.running (running (nodes w name))) with
  | Some _ => true
  | None => false
  end.

Lemma adding_is_a_step name x w : can_add name x w = true -> step w (adds name x w).
Proof.
  unfold can_add, adds. destruct (replica.perform _ _ _ _ _ _) as [r |] eqn:performed; [| discriminate].
  intros _. apply Act. now apply Performs.
Qed.

Lemma committing_is_a_step name w : step w (commits name w).
Proof. apply Commit. Qed.

Lemma crashing_is_a_step name w : step w (crashes name w).
Proof. apply Crash. Qed.

(** Replica 1 adds 5, commits, adds 6, and crashes. Then it adds 7 under the dot that 6 had; for
    nobody else ever saw 6. *)
Definition after_a_crash : world :=
  adds 1 7 (crashes 1 (adds 1 6 (commits 1 (adds 1 5 (start types))))).

Example a_crash_takes_back_what_was_not_committed :
  reachable N.compare N.compare types after_a_crash
  /\ set_in (running (nodes after_a_crash 1)) = Some (Elements [5; 7])
  /\ set_in (durable (nodes after_a_crash 1)) = Some (Elements [5])
  /\ map dot_of (network.seen (running (nodes after_a_crash 1))) = [Dot one 2; Dot one 1]
  /\ map dot_of (happened after_a_crash) = [Dot one 1].
Proof.
  split.
  - repeat (eapply Then; [| apply committing_is_a_step || apply crashing_is_a_step
      || (apply adding_is_a_step; vm_compute; reflexivity)]).
    apply Nothing.
  - repeat split; vm_compute; reflexivity.
Qed.

(** Both are shown: what is in memory, and what a crash would leave. *)
Example what_is_shown :
  let shown_sets P := exists n, shown after_a_crash 1 n /\ set_in n = Some (Elements P) in
  shown_sets [5; 7] /\ shown_sets [5] /\ ~ shown_sets [5; 6].
Proof.
  intros shown_sets. split; [| split].
  - exists (running (nodes after_a_crash 1)). split; [now left | vm_compute; reflexivity].
  - exists (durable (nodes after_a_crash 1)). split; [now right | vm_compute; reflexivity].
  - intros (n & [-> | ->] & others); vm_compute in others; discriminate.
Qed.

(** What is durable is sent, received, saved and restored: replica 2 receives what replica 1
    committed, commits, saves, and is restored; replica 1 is not. *)
Example what_is_durable_is_received_and_restored :
  exists w : world,
    reachable N.compare N.compare types w
    /\ set_in (running (nodes w 2)) = Some (Elements [5])
    /\ replica.self (network.running (running (nodes w 2))) = Origin 2 1
    /\ set_in (durable (nodes w 1)) = Some (Elements [5]).
Proof.
  eexists. split.
  - eapply Then.
    + eapply Then.
      * eapply Then.
        -- eapply Then.
           ++ eapply Then.
              ** eapply Then.
                 --- eapply Then; [apply Nothing |].
                     apply (adding_is_a_step 1 5). vm_compute. reflexivity.
                 --- apply (committing_is_a_step 1).
              ** apply (Send _ _ _ 1).
           ++ eapply (Act _ _ _ 2). eapply Receives. left. reflexivity.
        -- apply (committing_is_a_step 2).
      * apply (Save _ _ _ 2).
    + eapply (Restore _ _ _ 2 _ 1); [left; reflexivity |].
      intros e [<- | []]. vm_compute. discriminate.
  - repeat split; vm_compute; reflexivity.
Qed.

(** ** Sending before storing *)

(** The network in which a replica also sends what it only holds in memory. *)
Definition sends_early (name : N) (w : world) : world :=
  let n := running (nodes w name) in
  World (happened w) (nodes w)
    (network.Full (replica.held (network.running n)) (network.seen n) :: sent w) (backups w).

Inductive early_steps (w : world) : world -> Prop :=
| Early_nothing : early_steps w w
| In_order w' w'' : early_steps w w' -> step w' w'' -> early_steps w w''
| Send_early w' name : early_steps w w' -> early_steps w (sends_early name w').

(** Replica 1 adds 5 and sends it, crashes before it stores it, adds 6 and sends that: two states
    with one vector. A replica that receives the one covers the other, and never learns of it. *)
Definition after_early_sending : world :=
  sends_early 1 (adds 1 6 (crashes 1 (sends_early 1 (adds 1 5 (start types))))).

Theorem sending_before_storing_uses_a_dot_twice :
  exists w : world,
    early_steps (start types) w
    /\ exists xs E ys F,
        sent w = [network.Full xs E; network.Full ys F]
        /\ map dot_of E = map dot_of F
        /\ replica.vector_of N.compare xs = replica.vector_of N.compare ys
        /\ option_map (replica.value N.compare 0) (find N.compare 2 xs) = Some (Elements [6])
        /\ option_map (replica.value N.compare 0) (find N.compare 2 ys) = Some (Elements [5]).
Proof.
  exists after_early_sending. split.
  - apply Send_early. eapply In_order; [| apply adding_is_a_step; vm_compute; reflexivity].
    eapply In_order; [| apply crashing_is_a_step]. apply Send_early.
    eapply In_order; [| apply adding_is_a_step; vm_compute; reflexivity].
    apply Early_nothing.
  - do 4 eexists. split; [reflexivity |]. repeat split; vm_compute; reflexivity.
Qed.
