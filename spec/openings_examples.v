(** Computed examples of openings: an execution that forks and heals, and designs that do not work.

    Disks 0 and 1 are copies of one image: both write under the origin [laptop] at first. Each
    design that is refuted meets the definitions in all but one point. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order order_proof sorted_map dot openings openings_network.
From Rejoin Require version_vector.
Import ListNotations.
Open Scope N_scope.

Local Notation held := (held N N).
Local Notation delta := (delta N N).
Local Notation perform := (perform N.compare).
Local Notation apply := (apply N.compare).
Local Notation delta_for := (delta_for N.compare).

Definition laptop : origin N := Origin 1 0.
(** The branch of the laptop that begins an opening. *)
Definition branch (opening : N) : origin N := Origin 1 opening.

Definition unwritten : held := untouched laptop.

(** ** A fork is found and healed *)

(** One image on two devices: each draws an opening and writes. *)
Definition on_disk_0 : held := perform 5 1 unwritten.
Definition on_disk_1 : held := perform 3 2 unwritten.

Example one_dot_names_two_operations_until_they_meet :
  content on_disk_0 = [(Dot laptop 1, 1)] /\ content on_disk_1 = [(Dot laptop 1, 2)].
Proof. now vm_compute. Qed.

Example the_check_finds_the_fork :
  agree N.compare (known on_disk_0) (known on_disk_1) = false
  /\ reconcile N.compare (known on_disk_0) (known on_disk_1) = ([(Dot laptop 1, 5)], []).
Proof. now vm_compute. Qed.

(** The branch with the greater opening is renamed, on whichever side it is. *)
Definition both : sorted_map (dot N) N := [(Dot laptop 1, 2); (Dot (branch 5) 1, 1)].

Example a_fork_heals_on_either_side :
  option_map content (apply (delta_for (known on_disk_0) on_disk_1) on_disk_0) = Some both
  /\ option_map content (apply (delta_for (known on_disk_1) on_disk_0) on_disk_1) = Some both.
Proof. now vm_compute. Qed.

(** Disk 0 performs its next operation on the branch. *)
Example the_renamed_branch_goes_on :
  option_map (fun h => content (perform 5 3 h))
    (apply (delta_for (known on_disk_0) on_disk_1) on_disk_0)
  = Some [(Dot laptop 1, 2); (Dot (branch 5) 1, 1); (Dot (branch 5) 2, 3)].
Proof. now vm_compute. Qed.

(** A disk that was put back goes on; who holds what it wrote before keeps the name. *)
Definition before_the_copy : held := perform 5 1 unwritten.
Definition went_on : held := perform 5 2 before_the_copy.
Definition put_back : held := perform 3 3 before_the_copy.

Example the_branch_that_begins_an_opening_is_renamed :
  option_map content (apply (delta_for (known went_on) put_back) went_on)
  = Some [(Dot laptop 1, 1); (Dot laptop 2, 2); (Dot (branch 3) 1, 3)].
Proof. now vm_compute. Qed.

(** A delta that builds on what is lacking is refused. *)
Example a_delta_with_a_gap_is_refused :
  apply (delta_for (known before_the_copy) went_on) unwritten = None.
Proof. now vm_compute. Qed.

(** The same in the network: the premises of its theorems are met. *)
Definition from_one_image (disk : N) : origin N := laptop.

Ltac reaches reached taken :=
  eapply Then in reached; [| taken];
  cbn [disks backups sent drawn performed process objects start] in reached.

Theorem a_fork_heals_in_the_network :
  exists w : world N,
    reachable N.compare from_one_image w
    /\ content (objects (disks w 1) 7) = both
    /\ content (objects (disks w 0) 7) = [(Dot laptop 1, 1)].
Proof.
  pose proof (At_start N.compare from_one_image) as reached.
  reaches reached ltac:(apply (Open _ _ _ 0 5); [easy | discriminate]).
  reaches reached ltac:(apply (Write _ _ _ 0 7 5); reflexivity).
  reaches reached ltac:(apply (Open _ _ _ 1 3); [intros [e | []] |]; discriminate).
  reaches reached ltac:(apply (Write _ _ _ 1 7 3); reflexivity).
  reaches reached ltac:(apply (Announce _ _ _ 1 7)).
  reaches reached ltac:(eapply (Send _ _ _ 0 7); left; reflexivity).
  reaches reached ltac:(eapply (Receive _ _ _ 1 7); [left; reflexivity | vm_compute; reflexivity]).
  eexists. split; [exact reached |]. split; vm_compute; reflexivity.
Qed.

(** A disk is copied, goes on, is put back, and writes what it writes next under the dot that the
    write after the copy had. *)
Example a_disk_is_put_back_in_the_network :
  exists w : world N,
    reachable N.compare from_one_image w
    /\ content (objects (disks w 0) 7) = [(Dot laptop 1, 1); (Dot laptop 2, 3)].
Proof.
  pose proof (At_start N.compare from_one_image) as reached.
  reaches reached ltac:(apply (Open _ _ _ 0 5); [easy | discriminate]).
  reaches reached ltac:(apply (Write _ _ _ 0 7 5); reflexivity).
  reaches reached ltac:(apply (Copy _ _ _ 0)).
  reaches reached ltac:(apply (Write _ _ _ 0 7 5); reflexivity).
  reaches reached ltac:(eapply (Put_back _ _ _ 0); left; reflexivity).
  reaches reached ltac:(apply (Open _ _ _ 0 3); [intros [e | []] |]; discriminate).
  reaches reached ltac:(apply (Write _ _ _ 0 7 3); reflexivity).
  eexists. split; [exact reached |]. vm_compute. reflexivity.
Qed.

(** What is on a disk, or in a copy of one, is stored. *)
Example what_is_stored :
  let w := World (disks (start from_one_image)) [fun _ => on_disk_1] [] [] 0 in
  stored w 7 unwritten /\ stored w 7 on_disk_1 /\ ~ stored w 7 on_disk_0.
Proof.
  intros w. split; [| split].
  - left. now exists 0.
  - right. exists (fun _ => on_disk_1). split; [now left | reflexivity].
  - intros [[i same] | (b & [<- | []] & same)]; discriminate same.
Qed.

(** ** Designs that do not work *)

(** Renaming before the delta comes, as a step of its own. *)
Definition rename_first (theirs : knowledge N) (h : held) : held :=
  fold_left (fun h r => rename_held N.compare r h)
    (fst (reconcile N.compare (known h) theirs)) h.

(** Equal operations have two names if the connection is cut between the two steps. *)
Theorem renaming_apart_from_the_delta_gives_two_names :
  let renamed := rename_first (known on_disk_1) on_disk_0 in
  content on_disk_0 = [(Dot laptop 1, 1)]
  /\ content renamed = [(Dot (branch 5) 1, 1)].
Proof. now vm_compute. Qed.

(** A process that writes on under its opening after a living copy went on under its name. *)
Definition write_on (operation : N) (h : held) : held :=
  let d := version_vector.next N.compare (own h) (counts (known h)) in
  Held (own h)
    (Knowledge (version_vector.see_dot N.compare d (counts (known h))) (openings (known h)))
    (set (compare_dot N.compare) d operation (content h)).

Definition copy_went_on : held := perform 3 2 (perform 5 1 unwritten).
Definition learned : option held := apply (delta_for (known on_disk_0) copy_went_on) on_disk_0.

(** The definition asks it to draw; if it does not, one dot is two operations and no check sees
    it: both count as written under the copy's opening. *)
Theorem who_writes_on_after_a_copy_mixes_two_branches :
  option_map (must_draw N.compare 5) learned = Some true
  /\ option_map (fun h =>
      (agree N.compare (known (write_on 3 h)) (known (perform 3 4 copy_went_on)),
       find (compare_dot N.compare) (Dot laptop 3) (content (write_on 3 h)),
       find (compare_dot N.compare) (Dot laptop 3) (content (perform 3 4 copy_went_on)))) learned
    = Some (true, Some 3, Some 4).
Proof. now vm_compute. Qed.

(** With a new opening the fork is seen. *)
Example who_draws_anew_does_not :
  option_map (fun h =>
    agree N.compare (known (perform 8 3 h)) (known (perform 3 4 copy_went_on))) learned
  = Some false.
Proof. now vm_compute. Qed.

(** Deltas by counters alone, as if every dot named one operation. *)
Definition apply_by_counters (d : delta) (h : held) : option held :=
  if version_vector.covers N.compare (counts (known h)) (since d)
  then Some (Held (own h) (join N.compare (known h) (seen d))
    (merge (compare_dot N.compare) (fun x y =>
      match x with
      | Some _ => x
      | None => y
      end) (content h) (brings d)))
  else None.

Definition delta_by_counters (theirs : knowledge N) (h : held) : delta :=
  Delta (counts theirs) (known h)
    (filter (fun entry => negb (version_vector.contains N.compare (fst entry) (counts theirs)))
      (content h)).

(** What the other branch did never comes, though the counters are equal; and what comes later is
    put on top of another operation than the one that it followed. *)
Theorem counters_alone_lose_operations :
  option_map content
    (apply_by_counters (delta_by_counters (known on_disk_0) (perform 3 4 on_disk_1)) on_disk_0)
  = Some [(Dot laptop 1, 1); (Dot laptop 2, 4)]
  /\ option_map content
    (apply (delta_for (known on_disk_0) (perform 3 4 on_disk_1)) on_disk_0)
  = Some [(Dot laptop 1, 2); (Dot laptop 2, 4); (Dot (branch 5) 1, 1)].
Proof. now vm_compute. Qed.

(** What cannot be seen: the snapshot of a machine that resumes inside a process, so that two
    processes have one opening. The premise that openings are new is needed. *)
Theorem one_opening_for_two_processes_is_not_seen :
  let one := perform 5 2 before_the_copy in
  let other := perform 5 3 before_the_copy in
  agree N.compare (known one) (known other) = true
  /\ find (compare_dot N.compare) (Dot laptop 2) (content one) = Some 2
  /\ find (compare_dot N.compare) (Dot laptop 2) (content other) = Some 3.
Proof. now vm_compute. Qed.
