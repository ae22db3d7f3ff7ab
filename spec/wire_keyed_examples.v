(** Computed deltas of maps and sets: keys by creation dots alone, siblings, winners, other forms of the same delta,
    and bytes that are refused. *)

From Coq Require Import List NArith.
From Rejoin Require Import dot wire wire_delta wire_keyed.
From Rejoin Require state_hash version_vector.
Import ListNotations.
Open Scope N_scope.

Local Notation vector := (version_vector.state state_hash.bytes).
Local Notation a := (Origin (Name := state_hash.bytes) [97] 0).
Local Notation b := (Origin (Name := state_hash.bytes) [98] 0).
Local Notation c := (Origin (Name := state_hash.bytes) [99] 0).

Definition asks : vector := [(a, 1)].
Definition knows : known := Known (Some asks) [].

(** The receiver has seen that [a] created a key, and goes by that name of it. [a] decided again on it, and on the
    key [m], on which [b] for [ann] decided at the same time; and [b] made the greatest write to the first key. *)
Definition of_a_map : keyed_delta :=
  Keyed_delta asks [(a, 3); (b, 2)] [Author 0 None; Author 1 (Some [97; 110; 110])]
    [(By_creation_dot 0 1, Decision 2 5 0 1000 (Some [120]));
     (By_bytes [109], Decision 3 6 0 1001 None)]
    [(1, Decision 1 1 1 2000 (Some [121; 121]))]
    [(0, (0, 1))]
    [(0, Decision 2 9 1 5000 (Some []))]
    [(1, (1, 1))].

Example a_map_is_read :
  well_formed_keyed Writes of_a_map = true
  /\ map (fun chosen => decode_keyed Writes knows (encode_keyed_short Writes chosen of_a_map)) [Inline; As_asked]
     = [Some of_a_map; Some of_a_map].
Proof. apply conj; vm_compute; reflexivity. Qed.

(** Shows bounds of what is computed, one after the other. *)
Local Ltac fit_one := vm_compute; repeat split; (reflexivity || discriminate || auto 10 with arith).

Local Ltac fit_all :=
  match goal with
  | |- Forall ?p ?xs => let computed := eval vm_compute in xs in change (Forall p computed)
  end;
  repeat (constructor; [fit_one |]); constructor.

Local Ltac fit := split; [fit_one | fit_all].

(** The premises of the theorem are met, by two keys of which one goes by a creation dot: all fits, and the receiver
    knows the base, however it is named. That Rejoin's sender chooses soundly is a theorem. *)
Example the_premises_are_met :
  let receiver := Known (Some asks) [(repeat 7 16, asks)] in
  well_formed_keyed Writes of_a_map = true
  /\ fits_keyed of_a_map
  /\ Forall (fun chosen => is_known chosen receiver (since of_a_map)) [Inline; By_fingerprint (repeat 7 16); As_asked]
  /\ map (fun chosen => decode_keyed Writes receiver (encode_keyed_short Writes chosen of_a_map))
       [Inline; By_fingerprint (repeat 7 16); As_asked] = repeat (Some of_a_map) 3.
Proof.
  cbv zeta. split; [vm_compute; reflexivity |]. split; [| split; [| vm_compute; reflexivity]].
  - split; [split; fit | repeat (split; [fit_all |]); fit_one].
  - repeat (constructor; [fit_one |]). constructor.
Qed.

(** And they are needed: a user without a name does not fit, and is not read. *)
Example a_user_without_a_name_does_not_fit :
  let d := Keyed_delta [] [(a, 1)] [Author 0 (Some [])] [(By_bytes [107], Decision 1 1 0 0 None)] [] [] [] [] in
  well_formed_keyed Presences d = true
  /\ ~ fits_keyed d
  /\ decode_keyed Presences knows (encode_keyed_short Presences Inline d) = None.
Proof.
  cbv zeta. split; [vm_compute; reflexivity | split; [| vm_compute; reflexivity]].
  intros (_ & users & _). vm_compute in users. inversion users as [| u us [some short] others]. inversion some.
Qed.

(** A key by its creation dot takes no bytes of the texts, and by its bytes it does. *)
Definition one_key (name : key_name) : keyed_delta :=
  Keyed_delta asks [(a, 2)] [Author 0 None] [(name, Decision 2 2 0 0 (Some []))] [] [] [] [].

Example a_key_by_its_creation_dot_alone :
  own_texts [] (map fst (listed (one_key (By_creation_dot 0 1)))) = []
  /\ own_texts [] (map fst (listed (one_key (By_bytes [107])))) = [107]
  /\ map (fun name => decode_keyed Presences knows (encode_keyed_short Presences As_asked (one_key name)))
       [By_creation_dot 0 1; By_bytes [107]]
     = [Some (one_key (By_creation_dot 0 1)); Some (one_key (By_bytes [107]))].
Proof. cbv zeta. repeat apply conj; vm_compute; reflexivity. Qed.

Example keys_of_their_own_bytes_share :
  let long := repeat 107 100 in
  let d := Keyed_delta [] [(a, 3)] [Author 0 None]
    [(By_bytes long, Decision 1 1 0 0 None); (By_bytes (long ++ [1]), Decision 2 2 0 0 (Some []));
     (By_bytes [], Decision 3 3 0 0 (Some []))] [] [] [] [] in
  well_formed_keyed Presences d = true
  /\ decode_keyed Presences knows (encode_keyed_short Presences Inline d) = Some d
  /\ own_texts [] (map fst (listed d)) = long ++ repeat 107 11 ++ [1].
Proof. cbv zeta. repeat apply conj; vm_compute; reflexivity. Qed.

(** No creation dot that the receiver has not seen names a key. *)
Example unseen_creation_dots_name_no_key :
  well_formed_keyed Presences (one_key (By_creation_dot 0 2)) = false
  /\ decode_keyed Presences knows (encode_keyed_short Presences Inline (one_key (By_creation_dot 0 2))) = None
  /\ well_formed_keyed Presences (one_key (By_creation_dot 1 1)) = false
  /\ well_formed_keyed Presences (one_key (By_creation_dot 0 0)) = false.
Proof. cbv zeta. repeat apply conj; vm_compute; reflexivity. Qed.

(** A winner is none of the maximal decisions; an operation is on one key; an effect is of the type. *)
Definition with_winner (key : N) (counter : N) : keyed_delta :=
  Keyed_delta [] [(a, 3)] [Author 0 None]
    [(By_bytes [107], Decision 1 1 0 0 None); (By_bytes [109], Decision 2 2 0 0 None)] [] []
    [(key, Decision counter 1 0 9 None)] [].

Example winners_are_apart :
  map (fun x => well_formed_keyed Writes (with_winner (fst x) (snd x))) [(0, 3); (1, 3); (0, 1); (1, 2)]
  = [true; true; false; false].
Proof. vm_compute. reflexivity. Qed.

Example an_operation_is_on_one_key :
  map (fun x => well_formed_keyed Writes (with_winner (fst x) (snd x))) [(0, 3); (0, 2); (1, 1)]
  = [true; false; false].
Proof. vm_compute. reflexivity. Qed.

Example effects_are_of_the_type :
  map (fun f => well_formed_keyed f
      (Keyed_delta [] [(a, 1)] [Author 0 None] [(By_bytes [], Decision 1 1 0 0 (Some [7]))] [] [] [] []))
    [Presences; Writes; Contents] = [false; true; true]
  /\ map (fun f => well_formed_keyed f
      (Keyed_delta [] [(a, 1)] [Author 0 None] [(By_bytes [], Decision 1 1 0 5 None)] [] [] [] []))
    [Presences; Writes; Contents] = [false; true; false].
Proof. apply conj; vm_compute; reflexivity. Qed.

(** A key shares bytes with the last one that has bytes, whatever is between them. *)
Example keys_share_across_creation_dots :
  let long := repeat 107 100 in
  let d := Keyed_delta asks [(a, 4)] [Author 0 None]
    [(By_bytes long, Decision 2 2 0 0 None); (By_creation_dot 0 1, Decision 3 3 0 0 (Some []));
     (By_bytes (long ++ [1]), Decision 4 4 0 0 (Some []))] [] [] [] [] in
  decode_keyed Presences knows (encode_keyed_short Presences As_asked d) = Some d
  /\ own_texts [] (map fst (listed d)) = long ++ repeat 107 11 ++ [1].
Proof. cbv zeta. apply conj; vm_compute; reflexivity. Qed.

(** Each of 130 keys, in two groups, by a creation dot or by its bytes. *)
Definition many_keys : keyed_delta :=
  Keyed_delta [(a, 130)] [(a, 260); (b, 1)] [Author 0 None]
    (map (fun n =>
      (if Nat.even n then By_creation_dot 0 (N.of_nat n + 1) else By_bytes [107; N.of_nat n],
       Decision (131 + N.of_nat n) (500 + N.of_nat n) 0 0 (if Nat.even n then Some (repeat 120 (Nat.modulo n 5)) else None)))
      (seq 0 130)) [] [] [] [].

Example keys_of_two_groups_are_read :
  decode_keyed Contents knows (encode_keyed_short Contents Inline many_keys) = Some many_keys.
Proof. vm_compute. reflexivity. Qed.

(** The counters of first decisions go on from each other by origin. *)
Definition first_decisions (xs : list (N * N)) : keyed_delta :=
  Keyed_delta [] [(a, 3); (b, 3)] [Author 0 None; Author 1 None]
    (map (fun x => (By_bytes [107; fst x; snd x], Decision (snd x) 1 (fst x) 0 None)) xs) [] [] [] [].

Example counters_go_on_by_origin :
  map (fun xs => decode_keyed Presences knows (encode_keyed_short Presences Inline (first_decisions xs)))
    [[(0, 2); (1, 1); (0, 3)]; [(1, 3); (0, 1)]]
  = map (fun xs => Some (first_decisions xs)) [[(0, 2); (1, 1); (0, 3)]; [(1, 3); (0, 1)]].
Proof. vm_compute. reflexivity. Qed.

Example first_decisions_of_an_origin_rise :
  map (fun xs => decode_keyed Presences knows (encode_keyed_short Presences Inline (first_decisions xs)))
    [[(0, 2); (0, 1)]; [(0, 1); (0, 1)]] = [None; None].
Proof. vm_compute. reflexivity. Qed.

(** Each user is listed once; authors refer to users. *)
Example users_are_listed_once :
  let ann := [97; 110; 110] in
  let ben := [98; 101; 110] in
  let d := Keyed_delta [] [(a, 3); (b, 1)]
    [Author 0 (Some ben); Author 1 (Some ann); Author 0 (Some ann); Author 0 None]
    [(By_bytes [1], Decision 1 1 0 0 None); (By_bytes [2], Decision 1 1 1 0 None);
     (By_bytes [3], Decision 2 2 2 0 None); (By_bytes [4], Decision 3 3 3 0 None)] [] [] [] [] in
  users_of (authors d) = [ann; ben]
  /\ decode_keyed Presences knows (encode_keyed_short Presences Inline d) = Some d.
Proof. cbv zeta. apply conj; vm_compute; reflexivity. Qed.

(** Lists have one order: another order, or one of a list twice, is another form of the same delta, and refused. *)
Definition with_siblings (xs : list (N * decision)) : keyed_delta :=
  Keyed_delta [] [(a, 1); (b, 1); (c, 1)] [Author 0 None; Author 1 None; Author 2 None]
    [(By_bytes [107], Decision 1 1 0 0 (Some [120]))] xs [] [] [].

Example siblings_have_one_order :
  let of_b := (0, Decision 1 1 1 0 (Some [121])) in
  let of_c := (0, Decision 1 1 2 0 None) in
  map (fun xs => decode_keyed Contents knows (encode_keyed_short Contents Inline (with_siblings xs)))
    [[of_b; of_c]; [of_c; of_b]; [of_b; of_b]]
  = [Some (with_siblings [of_b; of_c]); None; None].
Proof. vm_compute. reflexivity. Qed.

Definition with_operations (kept dots : list (N * (N * N))) : keyed_delta :=
  Keyed_delta [(a, 1); (b, 1)] [(a, 2); (b, 2)] [Author 0 None] [(By_bytes [107], Decision 2 1 0 0 None)] [] kept []
    dots.

Example names_of_operations_have_one_order :
  let read := fun kept dots =>
    decode_keyed Presences knows (encode_keyed_short Presences Inline (with_operations kept dots)) in
  let kept := [(0, (0, 1)); (0, (1, 1))] in
  let dots := [(0, (0, 2)); (0, (1, 2))] in
  [read kept dots; read (rev kept) dots; read kept (rev dots)]
  = [Some (with_operations kept dots); None; None].
Proof. vm_compute. reflexivity. Qed.

(** Two keys as a group may name them, also as no sender does. *)
Definition of_two_keys (names : list raw_name) (texts : state_hash.bytes) : state_hash.bytes :=
  let xs := [Decision 1 1 0 0 None; Decision 2 2 0 0 None] in
  message 5 0 (write_number (N.of_nat (length texts)) ++ write_span choose_short Inline [] [(a, 2)]
    ++ write_authors choose_short [Author 0 None] ++ write_number 2
    ++ write_table (write_both (write_name_group choose_short) (write_rows choose_short Presences))
         (combine names (rows_of Presences [1; 1] xs))
    ++ [0; 0; 0]) texts.

Definition two_keys (x y : state_hash.bytes) : keyed_delta :=
  Keyed_delta [] [(a, 2)] [Author 0 None]
    [(By_bytes x, Decision 1 1 0 0 None); (By_bytes y, Decision 2 2 0 0 None)] [] [] [] [].

(** A key has one byte of its own at least for 8 that it shares, so that a short message has no long keys. *)
Example a_key_shares_at_most_eight_bytes_for_each_of_its_own :
  let x := repeat 107 9 in
  let read := fun shared own texts => decode_keyed Presences knows (of_two_keys [Raw_text 0 9; Raw_text shared own] texts) in
  [read 8 1 (x ++ [1]); read 9 1 (x ++ [1]); read 10 2 (x ++ [1; 1])]
  = [Some (two_keys x (repeat 107 8 ++ [1])); None; None].
Proof. vm_compute. reflexivity. Qed.

(** A receiver takes a key that shares less than it could; written again, it shares all. *)
Example a_longer_form_is_read_and_written_shorter :
  let x := repeat 107 9 in
  let y := repeat 107 8 ++ [1] in
  let longer := of_two_keys [Raw_text 0 9; Raw_text 0 9] (x ++ y) in
  decode_keyed Presences knows longer = Some (two_keys x y)
  /\ encode_keyed_short Presences Inline (two_keys x y) = of_two_keys [Raw_text 0 9; Raw_text 8 1] (x ++ [1]).
Proof. cbv zeta. apply conj; vm_compute; reflexivity. Qed.

(** One more byte of texts. *)
Definition with_a_text_more (bs : state_hash.bytes) : state_hash.bytes :=
  match bs with
  | version :: kind :: n :: fields => version :: kind :: n + 1 :: fields ++ [7]
  | _ => bs
  end.

Example no_bytes_of_keys_are_left_over :
  let bytes := encode_keyed_short Presences Inline (one_key (By_bytes [107])) in
  decode_keyed Presences knows bytes = Some (one_key (By_bytes [107]))
  /\ map (decode_keyed Presences knows) [with_a_text_more bytes; bytes ++ [0]; removelast bytes] = [None; None; None].
Proof. cbv zeta. apply conj; vm_compute; reflexivity. Qed.

Example no_bytes_of_values_are_left_over :
  let bytes := encode_keyed_short Contents Inline (one_key (By_bytes [107])) in
  decode_keyed Contents knows bytes = Some (one_key (By_bytes [107]))
  /\ decode_keyed Contents knows (with_a_text_more bytes) = None.
Proof. cbv zeta. apply conj; vm_compute; reflexivity. Qed.
