(** Computed deltas of counters, integers and logs: the one of [wire.md], others, and bytes that are refused. *)

From Coq Require Import List NArith BinInt.
From Rejoin Require Import dot wire wire_delta.
From Rejoin Require state_hash version_vector wire_examples.
Import ListNotations.
Open Scope N_scope.

Local Notation vector := (version_vector.state state_hash.bytes).
Local Notation a := (Origin (Name := state_hash.bytes) [97] 0).
Local Notation b := (Origin (Name := state_hash.bytes) [98] 0).

(** The receiver has asked with one increment of [a] and one of [b]. *)
Definition knows : known := Known (Some wire_examples.of_a_and_b) [(repeat 7 16, wire_examples.of_a_and_b)].
Definition nobody_asked : known := Known None [].

Definition a_million : counter_delta :=
  Counter_delta wire_examples.of_a_and_b [(a, 1000001); (b, 1)] [1000001] [].

(** Rejoin's sender does not look for the width of two numbers; the page has the least bytes. *)
Example the_example_of_the_page :
  decode_counter false knows [1; 3; 7; 8; 47; 128; 1; 0; 128; 137; 122; 0; 0] = Some a_million
  /\ decode_counter false nobody_asked [1; 3; 7; 8; 47; 128; 1; 0; 128; 137; 122; 0; 0] = None
  /\ encode_counter_short false As_asked a_million
     = [1; 3; 7; 8; 47; 21; 128; 132; 30; 0; 0; 0; 0; 0]
  /\ decode_counter false knows [1; 3; 7; 8; 47; 21; 128; 132; 30; 0; 0; 0; 0; 0] = Some a_million.
Proof. cbv zeta. repeat apply conj; vm_compute; reflexivity. Qed.

(** Each way to name the base is read: written out, by a fingerprint, and as the one asked with. A
    fingerprint is not where the base is as short. *)
Definition of_many : vector := map (fun n => (Origin [98] (N.of_nat n * 1000), N.of_nat n + 1)) (seq 0 9).
Definition knows_many : known := Known (Some of_many) [(repeat 7 16, of_many)].

Definition more_of_many : counter_delta :=
  Counter_delta of_many ((a, 4) :: map (fun entry => (fst entry, snd entry + 1)) of_many)
    (4 :: map (fun n => N.of_nat n * 4294967296 * 4294967296 + 10) (seq 0 9)) [].

Example every_base_is_read :
  map (fun chosen => decode_counter false knows_many (encode_counter_short false chosen more_of_many))
    [Inline; By_fingerprint (repeat 7 16); As_asked] = repeat (Some more_of_many) 3
  /\ map (fun chosen => length (encode_counter_short false chosen more_of_many))
       [Inline; By_fingerprint (repeat 7 16); As_asked] <> repeat (length (encode_counter_short false Inline more_of_many)) 3.
Proof. apply conj; [vm_compute; reflexivity | vm_compute; discriminate]. Qed.

(** The premises of the theorem are met: by a counter of two sides whose origin went, and another came. *)
Definition up_and_down : counter_delta :=
  Counter_delta [(a, 3); (b, 2)] [(a, 5); (Origin [99] 7, 1)] [greatest_share; 0] [0; 12].

Example a_counter_of_two_sides_is_read :
  well_formed_counter true up_and_down = true
  /\ decode_counter true nobody_asked (encode_counter_short true Inline up_and_down) = Some up_and_down
  /\ well_formed_counter true (Counter_delta [] [(a, 5)] [2] [2]) = false
  /\ well_formed_counter true (Counter_delta [] [(a, 5)] [2] [3]) = true
  /\ well_formed_counter false (Counter_delta [] [(a, 5)] [4] []) = false.
Proof. cbv zeta. repeat apply conj; vm_compute; reflexivity. Qed.

(** Shows bounds of what is computed, one after the other. *)
Local Ltac fit_one := vm_compute; repeat split; (reflexivity || discriminate || auto 10 with arith).

Local Ltac fit_all :=
  match goal with
  | |- Forall ?p ?xs => let computed := eval vm_compute in xs in change (Forall p computed)
  end;
  repeat (constructor; [fit_one |]); constructor.

Local Ltac fit := split; [fit_one | fit_all].

(** The other premises: all fits, and the receiver knows the base, however it is named; and not every receiver does. *)
Example the_bounds_are_met :
  fits_span (counter_since up_and_down) (counter_seen up_and_down)
  /\ fits_span (counter_since more_of_many) (counter_seen more_of_many)
  /\ is_known Inline nobody_asked (counter_since up_and_down)
  /\ is_known (By_fingerprint (repeat 7 16)) knows_many (counter_since more_of_many)
  /\ is_known As_asked knows_many (counter_since more_of_many)
  /\ ~ is_known (By_fingerprint (repeat 7 16)) nobody_asked (counter_since more_of_many)
  /\ ~ is_known As_asked nobody_asked (counter_since more_of_many).
Proof.
  split; [split; fit |]. split; [split; fit |]. split; [exact I |].
  split; [split; vm_compute; reflexivity |]. split; [vm_compute; reflexivity |].
  split; [intros [_ known] | intros known]; vm_compute in known; discriminate known.
Qed.

(** Small from either side of 0; and modulo 2^64. *)
Example differences_are_small :
  map zigzag [0; 18446744073709551615; 1; 18446744073709551614; 2] = [0; 1; 2; 3; 4]
  /\ map unzigzag [0; 1; 2; 3; 4] = [0; 18446744073709551615; 1; 18446744073709551614; 2]
  /\ minus 1 3 = 18446744073709551614
  /\ plus 3 (minus 1 3) = 1.
Proof. cbv zeta. repeat apply conj; vm_compute; reflexivity. Qed.

(** A further origin that the base has; a share that is too great for 128 bits; a byte after the end. *)
Example what_is_no_delta_is_refused :
  decode_counter false nobody_asked [1; 3; 9; 2; 1; 97; 0; 64; 1; 0; 1; 1; 98; 0; 64; 2; 0; 0]
    = Some (Counter_delta [(a, 1)] [(a, 1); (b, 2)] [2] [])
  /\ decode_counter false nobody_asked [1; 3; 9; 2; 1; 97; 0; 64; 1; 64; 1; 1; 1; 97; 0; 64; 2; 0; 0] = None
  /\ decode_counter false nobody_asked [1; 3; 9; 2; 1; 97; 0; 64; 1; 0; 1; 1; 98; 0; 64; 2; 0; 0; 0] = None
  /\ decode_counter false nobody_asked
       ([1; 3; 8; 1; 1; 97; 0; 64; 1] ++ flat_map (fun _ => 64 :: repeat 255 9 ++ [1]) [1; 2]) = None.
Proof. cbv zeta. repeat apply conj; vm_compute; reflexivity. Qed.

(** Integers: the least, 0, the greatest; none where the receiver lacks no write, and only there. *)
Definition an_integer (z : option Z) : integer_delta := Integer_delta [] [(a, 1)] z.

Example integers_are_read :
  map (fun z => decode_integer nobody_asked (encode_integer_short Inline (an_integer (Some z))))
    [(-9223372036854775808)%Z; (-1)%Z; 0%Z; 1%Z; 18446744073709551615%Z]
  = map (fun z => Some (an_integer (Some z)))
    [(-9223372036854775808)%Z; (-1)%Z; 0%Z; 1%Z; 18446744073709551615%Z]
  /\ encode_integer_short Inline (an_integer (Some (-1)%Z)) = [1; 13; 8; 1; 1; 97; 0; 64; 1; 3; 1]
  /\ decode_integer nobody_asked [1; 13; 8; 1; 1; 97; 0; 64; 1; 3; 0] = None
  /\ decode_integer nobody_asked (encode_integer_short Inline (an_integer None)) = None
  /\ decode_integer nobody_asked (encode_integer_short Inline (an_integer (Some (-9223372036854775809)%Z))) = None
  /\ decode_integer nobody_asked [1; 13; 0; 0] = Some (Integer_delta [] [] None)
  /\ decode_integer nobody_asked [1; 13; 0; 1] = None.
Proof. cbv zeta. repeat apply conj; vm_compute; reflexivity. Qed.

(** A log of 130 entries of [a], in two groups, and one of [b] that a clock behind it has stamped. *)
Definition many_entries : log_delta :=
  Log_delta [(a, 2)] [(a, 132); (b, 1)]
    (map (fun n => Entry (N.of_nat n * 3) (1000 + N.of_nat n) (repeat 120 (Nat.modulo n 5))) (seq 0 130)
      ++ [Entry 18446744073709551615 0 [1; 2; 3]]).

Example a_log_is_read :
  well_formed_log many_entries = true
  /\ decode_log nobody_asked (encode_log_short Inline many_entries) = Some many_entries
  /\ encode_log_short Inline (Log_delta [] [(a, 1)] [Entry 1 1000 [120; 121]])
     = [1; 4; 2; 8; 1; 1; 97; 0; 64; 1; 0; 64; 206; 15; 64; 2; 120; 121].
Proof. cbv zeta. repeat apply conj; vm_compute; reflexivity. Qed.

Example a_log_fits : fits_log many_entries /\ is_known Inline nobody_asked (log_since many_entries).
Proof. split; [split; [split; fit | split; [fit_all | fit_one]] | exact I]. Qed.

(** An entry more or less than the vectors say; texts that are left over; a timestamp of 2^63. *)
Example what_is_no_log_is_refused :
  well_formed_log (Log_delta [] [(a, 2)] [Entry 1 1000 [120]]) = false
  /\ decode_log nobody_asked [1; 4; 2; 8; 1; 1; 97; 0; 64; 1; 0; 64; 206; 15; 64; 1; 120; 121] = None
  /\ decode_log nobody_asked (encode_log_short Inline (Log_delta [] [(a, 1)] [Entry 1 half_way []])) = None
  /\ decode_log nobody_asked (encode_log_short Inline (Log_delta [] [(a, 1)] [Entry 1 (half_way - 1) []]))
     = Some (Log_delta [] [(a, 1)] [Entry 1 (half_way - 1) []]).
Proof. cbv zeta. repeat apply conj; vm_compute; reflexivity. Qed.

(** No bytes pad a message whose fields are worth its counts; a log of empty entries is padded, since a block of
    equal numbers takes few bytes. *)
Example counts_are_padded :
  let d := Log_delta [] [(a, 100)] (map (fun n => Entry (N.of_nat n + 1) (N.of_nat n + 1) []) (seq 0 100)) in
  length (encode_log_short Inline d) = 101%nat
  /\ decode_log nobody_asked (encode_log_short Inline d) = Some d
  /\ decode_log nobody_asked (encode_log_short Inline d ++ [0]) = None
  /\ decode_log nobody_asked (removelast (encode_log_short Inline d)) = None.
Proof. cbv zeta. repeat apply conj; vm_compute; reflexivity. Qed.
