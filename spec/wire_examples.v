(** Computed messages: the one of [wire.md], others of the same vector, and bytes that are refused. *)

From Coq Require Import List NArith.
From Rejoin Require Import dot wire.
From Rejoin Require state_hash version_vector.
Import ListNotations.
Open Scope N_scope.

(** Replicas [a] and [b] have made one operation each. *)
Definition of_a_and_b : version_vector.state state_hash.bytes :=
  [(Origin [97] 0, 1); (Origin [98] 0, 1)].

Example the_example_of_the_page :
  encode choose_short of_a_and_b = [1; 1; 3; 1; 97; 1; 98; 0; 64; 1]
  /\ decode [1; 1; 3; 1; 97; 1; 98; 0; 64; 1] = Some of_a_and_b.
Proof. split; vm_compute; reflexivity. Qed.

(** Shows bounds of what is computed, one after the other. *)
Local Ltac fit_one := vm_compute; repeat split; (reflexivity || discriminate || auto 10 with arith).

Local Ltac fit_all :=
  match goal with
  | |- Forall ?p ?xs => let computed := eval vm_compute in xs in change (Forall p computed)
  end;
  repeat (constructor; [fit_one |]); constructor.

Local Ltac fit := split; [fit_one | fit_all].

(** What a sender writes is canonical. *)
Example what_is_written_is_canonical : canonical choose_short [1; 1; 3; 1; 97; 1; 98; 0; 64; 1].
Proof. exists of_a_and_b. split; [reflexivity | split; [fit | vm_compute; reflexivity]]. Qed.

(** The premises of the theorem are met. *)
Definition many : version_vector.state state_hash.bytes :=
  [(Origin [97] 0, 1); (Origin [97; 98; 99] 18446744073709551615, 300);
   (Origin [97; 98; 99; 100] 7, 18446744073709551615)]
  ++ map (fun n => (Origin [98] n, 1)) (map N.of_nat (seq 0 60)).

Example many_origins_are_read :
  version_vector.well_formed state_hash.compare_bytes many = true
  /\ fits many
  /\ decode (encode choose_short many) = Some many.
Proof.
  split; [vm_compute; reflexivity |]. split; [fit | vm_compute; reflexivity].
Qed.

(** Another sender may choose whole numbers: other bytes, and the same vector. *)
Definition whole_numbers (ns : list N) : N * nat := (0, 64%nat).

Example another_choice_is_read :
  decode (encode whole_numbers of_a_and_b) = Some of_a_and_b
  /\ encode whole_numbers of_a_and_b <> encode choose_short of_a_and_b.
Proof. split; [vm_compute; reflexivity | vm_compute; discriminate]. Qed.

Example whole_numbers_are_a_sound_choice : sound_choice whole_numbers.
Proof.
  intros ns _ _. split; [| now right].
  apply Forall_forall. intros n _. apply N.le_0_l.
Qed.

Example a_minimum_above_a_number_is_not_sound : ~ sound_choice (fun _ => (5, 0%nat)).
Proof.
  intros sound. destruct (sound [1]) as [all _]; [discriminate | fit_all |].
  inversion all as [| n ns above others]. now apply above.
Qed.

(** A minimum above a number loses it: so a choice has to be sound. *)
Example an_unsound_choice_loses_numbers :
  decode (encode (fun _ => (5, 0%nat)) of_a_and_b) <> Some of_a_and_b.
Proof. vm_compute. discriminate. Qed.

(** 300, and 1 in two bytes where one is enough; 2^64. *)
Example a_longer_form_is_refused :
  read_number [172; 2] = Some (300, [])
  /\ read_number [129; 0] = None
  /\ read_number [128; 128; 128; 128; 128; 128; 128; 128; 128; 2] = None.
Proof. repeat split; vm_compute; reflexivity. Qed.

(** A vector has no padding: its names are worth its counts. So any byte that is left over is refused. *)
Example padding_is_looked_at :
  decode [1; 1; 2; 1; 97; 0; 64; 1] = Some [(Origin [97] 0, 1)]
  /\ decode [1; 1; 2; 1; 97; 0; 64; 1; 0] = None.
Proof. repeat split; vm_compute; reflexivity. Qed.

(** Out of order, twice, and a count of 0. *)
Example what_is_no_vector_is_refused :
  decode [1; 1; 3; 1; 98; 1; 97; 0; 64; 1] = None
  /\ decode [1; 1; 3; 1; 97; 16; 0; 64; 1] = None
  /\ decode [1; 1; 2; 1; 97; 0; 0] = None.
Proof. repeat split; vm_compute; reflexivity. Qed.
