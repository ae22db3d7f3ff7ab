(** Computed deltas of maps and sets: keys by creation dots alone, siblings, winners, and bytes that are refused. *)

From Coq Require Import List NArith.
From Rejoin Require Import dot wire wire_delta wire_keyed.
From Rejoin Require state_hash version_vector.
Import ListNotations.
Open Scope N_scope.

Local Notation vector := (version_vector.state state_hash.bytes).
Local Notation a := (Origin (Name := state_hash.bytes) [97] 0).
Local Notation b := (Origin (Name := state_hash.bytes) [98] 0).

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
