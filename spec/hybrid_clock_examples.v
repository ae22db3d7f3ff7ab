(** Computed stamps, and what goes wrong without them. *)

From Coq Require Import List Bool NArith Lia.
From Rejoin Require Import order sorted_map dot delta definition hybrid_clock.
From Rejoin Require lww_register replica network.
Import ListNotations.
Open Scope N_scope.

(** A clock that is behind what was seen, and one that went back. *)
Example stamps_are_above_what_was_seen_and_given :
  stamp 0 100 None = 100 /\ stamp 0 100 (Some 5000) = 5001 /\ stamp 100 40 None = 101
  /\ stamp 7 100 (Some 3) = 100.
Proof. now vm_compute. Qed.

Definition ahead : event N N := Event 1 (Dot (Origin 1 0) 1) 1 None (Write 5000 10) [].
(** Replica 2 saw that write, and overwrites it; its clock tells 100. *)
Definition overwrites (time : N) : event N N :=
  Event 1 (Dot (Origin 2 0) 1) 1 None (Write time 20) [Dot (Origin 1 0) 1].

(** By its clock alone it loses against what it overwrote, whenever it tries; the premise that
    writes are stamped by what was seen is needed. *)
Theorem a_clock_that_sees_nothing_loses_what_was_decided_last :
  content N.compare N.compare 0 [overwrites (stamp 0 100 None); ahead] = 10
  /\ content N.compare N.compare 0
      [overwrites (stamp 0 100 (greatest_time (flat_map (time_at N.compare None) [ahead]))); ahead]
    = 20
  /\ lww_register.merge_decisions N.compare N.compare 0
      (lww_register.meaning N.compare N.compare
        [overwrites (stamp 0 100 (greatest_time (flat_map (time_at N.compare None) [ahead]))); ahead])
    = [].
Proof. now vm_compute. Qed.

(** There are worlds with stamped writes: replica 1, whose clock is ahead, writes; replica 2 receives
    that, and writes above it. *)
Example stamped_writes_are_reachable :
  exists w : network.world N N,
    reachable N.compare N.compare [(1, Lww_register)] w
    /\ map operation_of (network.happened w) = [Write 5001 20; Write 5000 10].
Proof.
  eexists. split.
  - eapply (Operates _ _ _ _ 2 1 (Write 5001 20) None).
    + eapply Otherwise.
      * eapply Otherwise.
        -- eapply (Operates _ _ _ _ 1 1 (Write 5000 10) None).
           ++ apply At_start.
           ++ reflexivity.
           ++ vm_compute. reflexivity.
           ++ exists 0, 5000. vm_compute. reflexivity.
        -- apply (network.Send _ _ _ 1).
        -- reflexivity.
      * eapply (network.Receive _ _ _ 2). left. reflexivity.
      * reflexivity.
    + reflexivity.
    + vm_compute. reflexivity.
    + exists 0, 100. vm_compute. reflexivity.
  - reflexivity.
Qed.

(** A write below what was seen has no such stamp. *)
Example a_write_below_what_was_seen_is_not_stamped :
  stamped N.compare (Write 5001 20) [ahead]
  /\ ~ stamped N.compare (Write 100 20) [ahead].
Proof.
  split; [exists 0, 100; vm_compute; reflexivity |].
  intros (last & now & is_stamp).
  change (100 = stamp last now (Some 5000)) in is_stamp. unfold stamp in is_stamp. lia.
Qed.

(** In a map each key has its own times: replica 2 receives a put on key 5 from a clock that is ahead,
    puts above it, and then puts on key 6 by its own clock, which tells 100. *)
Example stamped_puts_are_reachable :
  exists w : network.world N N,
    reachable N.compare N.compare [(1, Lww_map)] w
    /\ map operation_of (network.happened w) = [Put 6 100 30; Put 5 5001 20; Put 5 5000 10]
    /\ map saw (network.happened w)
       = [[Dot (Origin 1 0) 1; Dot (Origin 2 0) 1]; [Dot (Origin 1 0) 1]; []].
Proof.
  eexists. split.
  - eapply (Operates _ _ _ _ 2 1 (Put 6 100 30) None).
    + eapply (Operates _ _ _ _ 2 1 (Put 5 5001 20) None).
      * eapply Otherwise.
        -- eapply Otherwise.
           ++ eapply (Operates _ _ _ _ 1 1 (Put 5 5000 10) None).
              ** apply At_start.
              ** reflexivity.
              ** vm_compute. reflexivity.
              ** exists 0, 5000. vm_compute. reflexivity.
           ++ apply (network.Send _ _ _ 1).
           ++ reflexivity.
        -- eapply (network.Receive _ _ _ 2). left. reflexivity.
        -- reflexivity.
      * reflexivity.
      * vm_compute. reflexivity.
      * exists 0, 100. vm_compute. reflexivity.
    + reflexivity.
    + vm_compute. reflexivity.
    + exists 0, 100. vm_compute. reflexivity.
  - repeat split; vm_compute; reflexivity.
Qed.

(** A put below what was seen of its key has no such stamp; what was seen of other keys does not matter. *)
Example a_put_below_what_was_seen_of_its_key_is_not_stamped :
  let ahead_on_5 := Event 1 (Dot (Origin 1 0) 1) 1 None (Put 5 5000 10) [] in
  stamped N.compare (Put 5 5001 20) [ahead_on_5]
  /\ ~ stamped N.compare (Put 5 100 20) [ahead_on_5]
  /\ stamped N.compare (Put 6 100 20) [ahead_on_5].
Proof.
  intros ahead_on_5. split; [exists 0, 100; vm_compute; reflexivity |].
  split; [| exists 0, 100; vm_compute; reflexivity].
  intros (last & now & is_stamp).
  change (100 = stamp last now (Some 5000)) in is_stamp. unfold stamp in is_stamp. lia.
Qed.
