(** Computed examples of the state hash: the premises of its theorems can be met, and are needed, and
    what is hashed is what [state-hash.md] says, byte for byte.

    The hash here is a toy. It has the length of a real one, and spreads paths enough to split
    buckets; a collision of it is easy to make. Where bytes are shown, the hash is the message
    itself behind a byte for its purpose, so that what comes out is all that is hashed. *)

From Coq Require Import Ascii String List Bool NArith Lia Datatypes.
From Rejoin Require Import order order_proof sorted_map dot state_hash state_hash_codes_proof state_hash_tree_proof state_hash_proof.
From Rejoin Require decisions g_counter lww_register or_set lww_map log replica definition.
Import ListNotations.
Open Scope list_scope.
Open Scope N_scope.

(** A number as bytes, the lowest first. *)
Fixpoint number_bytes (count : nat) (n : N) : bytes :=
  match count with
  | O => []
  | S count => n mod 256 :: number_bytes count (n / 256)
  end.

Definition toy (d : domain) (m : bytes) : bytes :=
  number_bytes 8
    (fold_left (fun h b => (h * 1000003 + N.shiftr h 9 + b + 1) mod 2 ^ 64) m
      (domain_number d + 77) * 11400714819323198485 mod 2 ^ 64)
  ++ repeat 1 24.

Lemma the_toy_has_one_length d m : length (toy d m) = digest_length.
Proof. unfold toy. rewrite app_length, repeat_length. reflexivity. Qed.

Lemma numbers_differ_as_bytes a b : uv a = uv b -> a = b.
Proof.
  intros same. apply (numbers_can_be_read a b [] []). now rewrite same.
Qed.

(** Numbered records, each with a body of one byte. *)
Definition numbered (count : nat) : sorted_set record :=
  map (fun i => ([N.of_nat i], [7])) (seq 0 count).

Fixpoint sizes (t : trie) : list nat :=
  match t with
  | Leaf _ rs => [length rs]
  | Branch _ _ a b c d => sizes a ++ sizes b ++ sizes c ++ sizes d
  end.

Local Notation build := (build toy depth_limit).

(** ** Trees *)

Definition changed (old new : option record) (key : bytes) (t : trie) : trie :=
  update toy depth_limit (toy Paths key) (replace old new) t.

Example a_bucket_splits_at_the_ninth_record_and_collapses_without_it :
  sizes (build (numbered 8)) = [8%nat]
  /\ sizes (build (numbered 9)) = [0; 3; 3; 3]%nat
  /\ changed None (Some ([8], [7])) [8] (build (numbered 8)) = build (numbered 9)
  /\ changed (Some ([8], [7])) None [8] (build (numbered 9)) = build (numbered 8).
Proof. now vm_compute. Qed.

(** A tree of two levels, one record of which has another body. *)
Example an_update_makes_the_tree_anew :
  let before := numbered 40 in
  let after := replace (Some ([3], [7])) (Some ([3], [9])) before in
  length (sizes (build before)) = 16%nat
  /\ changed (Some ([3], [7])) (Some ([3], [9])) [3] (build before) = build after
  /\ root (build after) = tree toy depth_limit after
  /\ equal compare_bytes (root (build after)) (root (build before)) = false.
Proof. now vm_compute. Qed.

Example going_down_reaches_one_bucket :
  let after := replace (Some ([3], [7])) (Some ([3], [9])) (numbered 40) in
  map (fun p => (filter (fun r => negb (member compare_record r (snd p))) (fst p),
      length (fst p)))
    (differing (build (numbered 40)) (build after))
  = [([([3], [7])], 2%nat)].
Proof. now vm_compute. Qed.

(** Handing back all records of both is not going down: that is not what is compared anywhere. *)
Example all_records_are_compared_nowhere :
  let before := numbered 40 in
  let after := replace (Some ([3], [7])) (Some ([3], [9])) before in
  ~ exists place,
      compared_at toy depth_limit before after place
      /\ (before, after) = (within toy depth_limit place before, within toy depth_limit place after).
Proof.
  intros before after there.
  apply (going_down_compares_exactly_there toy depth_limit before after (before, after)) in there;
    [| reflexivity..].
  revert there. vm_compute. intros [same | []]. discriminate same.
Qed.

(** Records of one path share a bucket, however many they are, at the depth limit. *)
Example the_depth_has_a_limit :
  sizes (state_hash.build (fun d m => match d with
    | Paths => repeat 0 32
    | _ => toy d m
    end) 2 (numbered 9)) = [9; 0; 0; 0; 0; 0; 0]%nat.
Proof. now vm_compute. Qed.

(** ** Objects: a set of twelve elements, one of which was removed, and a map *)

Local Notation A := (Origin 1 0).
Local Notation B := (Origin 2 0).
Local Notation object_hash := (object_hash N.compare N.compare 0 uv uv toy).
Local Notation object_messages := (object_messages N.compare N.compare 0 uv uv toy).
Local Notation well_formed := (replica.well_formed_object N.compare N.compare).
Local Notation settled := (settled N.compare N.compare).
Local Notation set_object s := (@replica.A_set N N s).
Local Notation map_object s := (@replica.A_map N N s).

Definition twelve : or_set.state N :=
  fold_left (fun s i => or_set.add N.compare A (i + 1) None i s)
    (map N.of_nat (seq 0 12)) or_set.bottom.

Definition eleven : or_set.state N := or_set.remove N.compare B 1 (Some 5) 3 twelve.

Example the_premises_are_met :
  well_formed (set_object twelve) = true
  /\ well_formed (set_object eleven) = true
  /\ settled (set_object eleven) = true
  /\ find_clash toy (object_messages (set_object twelve) ++ object_messages (set_object eleven))
     = None.
Proof. now vm_compute. Qed.

(** What a record looks like: key 3, one decision, of replica 2, its first, by user 5. *)
Example the_record_of_a_removal :
  select true (records N.compare N.compare 0 uv uv toy (set_object eleven))
  = [([3], [1; 1; 2; 0; 1; 1; 0; 1; 1; 5; 0; 0])].
Proof. now vm_compute. Qed.

Example the_content_stays_when_the_removal_goes :
  only_removals_at N.compare N.compare 0 (Some 3) (set_object eleven) = true
  /\ object_hash false (drop N.compare (Some 3) (set_object eleven))
     = object_hash false (set_object eleven)
  /\ equal compare_bytes (object_hash true (drop N.compare (Some 3) (set_object eleven)))
       (object_hash true (set_object eleven)) = false.
Proof. now vm_compute. Qed.

(** An addition is content. *)
Example a_record_that_is_no_removal_may_not_go :
  only_removals_at N.compare N.compare 0 (Some 4) (set_object eleven) = false
  /\ equal compare_bytes (object_hash false (drop N.compare (Some 4) (set_object eleven)))
       (object_hash false (set_object eleven)) = false.
Proof. now vm_compute. Qed.

(** An add and a remove that did not see each other: an open decision, and content. *)
Definition disputed : or_set.state N :=
  or_set.join N.compare eleven (or_set.add N.compare A 13 None 3 twelve).

Example an_open_decision_is_content :
  only_removals_at N.compare N.compare 0 (Some 3) (set_object disputed) = false
  /\ or_set.merge_decisions N.compare disputed = [definition.Merge_decision 3 [(1, 13)] [(2, 1)]]
  /\ select true (records N.compare N.compare 0 uv uv toy (set_object disputed)) = [].
Proof. now vm_compute. Qed.

(** A clock runs behind: the winner is not maximal, and stands apart in the record. *)
Definition overtaken : lww_map.state N N :=
  lww_map.put N.compare N.compare B 1 3 None 7 60
    (lww_map.put N.compare N.compare A 1 9 None 7 50 lww_map.bottom).

Example a_winner_stands_apart :
  records N.compare N.compare 0 uv uv toy (map_object overtaken)
  = [(false, ([7],
      [1; 1; 2; 0; 1; 1; 3; 0; 2; 1; 60; 1; 1; 1; 0; 1; 1; 9; 0; 2; 1; 50]))]
  /\ settled (map_object overtaken) = true.
Proof. now vm_compute. Qed.

(** ** Vectors count: two increments by 1 leave the records of one by 2 *)

Example equal_records_with_different_vectors :
  let twice := g_counter.increment N.compare A 1 (g_counter.increment N.compare A 1
    g_counter.bottom) in
  let once := g_counter.increment N.compare A 2 g_counter.bottom in
  twice <> once
  /\ object_hash false (replica.A_counter twice) = object_hash false (replica.A_counter once).
Proof. cbv zeta. split; [| now vm_compute]. intros same. vm_compute in same. discriminate. Qed.

(** ** Premises that are needed *)

(** A forged map that names the lesser of two maximal decisions as the greatest write: settled it
    would be one state, so this one has the hash of another. *)
Definition forged (w : decisions.decision N N) : lww_map.state N N :=
  lww_map.State
    (decisions.State [(A, 1); (B, 1)]
      [(7, [decisions.Decision (Dot A 1) 1 3 None 50; decisions.Decision (Dot B 1) 1 9 None 60])])
    [(7, w)].

Example unsettled_states_are_not_told_apart :
  let lesser := map_object (forged (decisions.Decision (Dot A 1) 1 3 None 50)) in
  let greater := map_object (forged (decisions.Decision (Dot B 1) 1 9 None 60)) in
  well_formed lesser = true
  /\ settled lesser = false
  /\ settled greater = true
  /\ object_hash false lesser = object_hash false greater
  /\ object_hash true lesser = object_hash true greater
  /\ find_clash toy (object_messages lesser ++ object_messages greater) = None
  /\ lesser <> greater.
Proof. repeat (split; [now vm_compute |]). discriminate. Qed.

(** ** Clashes *)

(** A hash that is the same for all objects: two messages with one digest are found. *)
Example a_clash_is_found :
  let hash := fun d m =>
    match d with
    | Objects => repeat 5 32
    | _ => toy d m
    end in
  let hashed := state_hash.object_hash N.compare N.compare 0 uv uv hash in
  let messages := state_hash.object_messages N.compare N.compare 0 uv uv hash in
  hashed false (set_object twelve) = hashed false (set_object eleven)
  /\ hashed true (set_object twelve) = hashed true (set_object eleven)
  /\ option_map (fun c => map fst (parts_of c))
       (find_clash hash (messages (set_object twelve) ++ messages (set_object eleven)))
     = Some [Objects; Objects].
Proof. now vm_compute. Qed.

(** What is no clash: one message twice, two messages of two digests, and the digest of no records
    outside a tree. *)
Example what_is_no_clash :
  let m := (Buckets, [1]) in
  ~ is_clash toy (Same_digest m m)
  /\ ~ is_clash toy (Same_digest m (Buckets, [2]))
  /\ ~ is_clash (fun _ _ => nothing) (Digest_of_nothing (Objects, [1]))
  /\ ~ is_clash toy (Digest_of_nothing m).
Proof.
  repeat split; intros [one other].
  - now apply one.
  - vm_compute in other. discriminate.
  - discriminate.
  - vm_compute in other. discriminate.
Qed.

(** A bucket whose digest is that of no records: two sets have one hash, and no two messages one
    digest. *)
Example a_digest_of_nothing_is_found :
  let hash := fun d m =>
    match d with
    | Buckets => nothing
    | _ => toy d m
    end in
  let one := set_object (or_set.add N.compare A 1 None 3 or_set.bottom) in
  let none := set_object or_set.bottom in
  let hashed := state_hash.object_hash N.compare N.compare 0 uv uv hash in
  let messages := state_hash.object_messages N.compare N.compare 0 uv uv hash in
  hashed false one = hashed false none
  /\ hashed true one = hashed true none
  /\ clashes hash (messages one ++ messages none)
     = [Digest_of_nothing (Buckets, [1; 3; 1; 1; 1; 0; 1; 1; 0; 0; 1; 0])].
Proof. now vm_compute. Qed.

(** A bucket and a node of one digest: two trees have one hash, and no two messages of one purpose
    have one digest. *)
Example a_bucket_may_clash_with_a_node :
  let hash := fun d m =>
    match d with
    | Nodes => toy Buckets (bucket_bytes (numbered 1))
    | _ => toy d m
    end in
  let of_tree := fun count => state_hash.build hash depth_limit (numbered count) in
  root (of_tree 1%nat) = root (of_tree 9%nat)
  /\ map (fun c => map fst (parts_of c))
       (clashes hash (trie_messages (of_tree 1%nat) ++ trie_messages (of_tree 9%nat)))
     = [[Buckets; Nodes]; [Nodes; Buckets]].
Proof. now vm_compute. Qed.

(** ** The format, byte for byte *)

(** Numbers: seven bits a byte, the lowest first. *)
Example numbers_are_leb128 :
  map uv [0; 127; 128; 300; 2 ^ 64 - 1]
  = [[0]; [127]; [128; 1]; [172; 2]; [255; 255; 255; 255; 255; 255; 255; 255; 255; 1]].
Proof. now vm_compute. Qed.

(** The message behind a byte for its purpose; a path is the key itself. *)
Definition shown (d : domain) (m : bytes) : bytes :=
  match d with
  | Paths => m
  | Values => 201 :: m
  | Buckets => 202 :: m
  | Nodes => 203 :: m
  | Objects => 204 :: m
  | Replicas => 205 :: m
  end.

Local Notation shown_object := (state_hash.object_hash N.compare N.compare 0 uv uv shown).
Local Notation shown_replica := (state_hash.replica_hash N.compare N.compare 0 uv uv shown).

(** A tree without records is 32 zeros, and behind the number of its type. *)
Example the_types_are_numbered_from_one :
  map (fun type => shown_object false (replica.bottom_object type))
    [definition.G_counter; definition.Lww_register; definition.Or_set; definition.Lww_map;
      definition.Log]
  = map (fun number => 204 :: number :: repeat 0 32) [1; 2; 3; 4; 5].
Proof. now vm_compute. Qed.

(** Two bits a level, the top ones of the first byte first; behind the end a path goes the first
    way. 27 is 00 01 10 11 in bits. *)
Example paths_are_read_from_the_top_bits :
  map (fun depth => turn depth [27; 228]) (seq 0 9) = [0; 1; 2; 3; 3; 2; 1; 0; 0].
Proof. now vm_compute. Qed.

Definition keyed (keys : list N) : sorted_set record := map (fun k => ([k], [7])) keys.

(** Eight records are a bucket; nine are a node over its four ways. *)
Example eight_records_are_one_bucket :
  tree shown depth_limit (keyed [1; 2; 3; 4; 5; 6; 7; 8])
  = 202 :: flat_map (fun k => [1; k; 7]) [1; 2; 3; 4; 5; 6; 7; 8].
Proof. now vm_compute. Qed.

Example nine_records_are_a_node :
  tree shown depth_limit (keyed [1; 2; 65; 66; 67; 68; 69; 192; 193])
  = 203 :: (202 :: [1; 1; 7; 1; 2; 7])
    ++ (202 :: flat_map (fun k => [1; k; 7]) [65; 66; 67; 68; 69])
    ++ repeat 0 32
    ++ (202 :: [1; 192; 7; 1; 193; 7]).
Proof. now vm_compute. Qed.

(** A node has at most 32 levels above the bucket, which holds what is left. *)
Fixpoint levels_of (t : trie) : nat :=
  match t with
  | Leaf _ _ => 0
  | Branch _ _ a _ _ _ => S (levels_of a)
  end.

Example a_tree_has_at_most_32_levels :
  levels_of (state_hash.build (fun d m => match d with
    | Paths => []
    | _ => toy d m
    end) depth_limit (numbered 9)) = 32%nat.
Proof. now vm_compute. Qed.

(** A value of 64 bytes stands itself, and of a longer one its hash. *)
Example values_of_65_bytes_are_hashed :
  let bytes_of := fun count => repeat 7 (N.to_nat count) in
  content_bytes bytes_of shown 64 = 2 :: 64 :: repeat 7 64
  /\ content_bytes bytes_of shown 65 = 3 :: 201 :: repeat 7 65.
Proof. now vm_compute. Qed.

(** Digests of objects behind their names: those of the content, or those of the removals. *)
Example a_replica_is_its_objects_by_name :
  let xs := [(1, replica.bottom_object definition.Log);
    (300, set_object (or_set.remove N.compare B 1 None 3 or_set.bottom))] in
  let empty := fun number => 204 :: number :: repeat 0 32 in
  let removed := [204; 3; 202; 1; 3; 1; 1; 2; 0; 1; 1; 0; 0; 0; 0] in
  shown_replica false xs = 205 :: ([1; 1] ++ empty 5) ++ ([2; 172; 2] ++ empty 3)
  /\ shown_replica true xs = 205 :: ([1; 1] ++ empty 5) ++ ([2; 172; 2] ++ removed).
Proof. now vm_compute. Qed.

(** ** Records of [state-hash-vectors.jsonl], which a program in Python made from sets of events

    Names are their UTF-8, values their canonical bytes. *)

Definition text (s : string) : bytes := map N_of_ascii (list_ascii_of_string s).

Definition digit_of (c : ascii) : N :=
  let n := N_of_ascii c in
  if n <? 97 then n - 48 else n - 87.

Fixpoint from_hex (s : string) : bytes :=
  match s with
  | String a (String b rest) => 16 * digit_of a + digit_of b :: from_hex rest
  | _ => []
  end.

Local Notation by_text name := (Origin (text name) 0).

Definition records_in_bytes (of_removals : bool) (x : replica.object bytes bytes) : list bytes :=
  map encode_record (select of_removals
    (records compare_bytes compare_bytes (text "null") (fun b => b) (fun b => b) toy x)).

Example the_worked_example :
  let add := or_set.add compare_bytes in
  let remove := or_set.remove compare_bytes in
  let both := add (by_text "ann") 2 None (text "old")
    (add (by_text "ann") 1 (Some (text "ann")) (text "new") or_set.bottom) in
  let anns := add (by_text "ann") 3 (Some (text "ann")) (text "new") both in
  let bobs := remove (by_text "bob") 2 None (text "new")
    (remove (by_text "bob") 1 None (text "old") both) in
  let x := replica.A_set (or_set.join compare_bytes anns bobs) in
  records_in_bytes false x
    = [from_hex "036e65770203616e6e000303000103616e6e0103626f6200020200000000"]
  /\ records_in_bytes true x = [from_hex "036f6c640103626f6200010100000000"].
Proof. now vm_compute. Qed.

Example shares_of_two_replicas_one_above_64_bits :
  let increment name := g_counter.increment compare_bytes (by_text name) in
  let x := replica.A_counter (increment "server"%string 300
    (increment "laptop"%string (2 ^ 64 - 1) (increment "laptop"%string (2 ^ 64 - 1) g_counter.bottom))) in
  records_in_bytes false x
  = [from_hex "08066c6170746f7000feffffffffffffffff03"; from_hex "080673657276657200ac02"].
Proof. now vm_compute. Qed.

Example a_value_written_by_someone :
  let x := replica.A_register (lww_register.write compare_bytes compare_bytes (by_text "laptop")
    1 1706789300 (Some (text "ada")) (text """mapping""") lww_register.bottom) in
  records_in_bytes false x
  = [from_hex "0001066c6170746f70000101b493eead0601036164610209226d617070696e672200"].
Proof. now vm_compute. Qed.

Example the_winner_stands_apart_where_a_later_write_lost :
  let write := lww_register.write compare_bytes compare_bytes in
  let x := replica.A_register (write (by_text "b") 1 7 (Some (text "bob"))
    (text """latest word""")
    (write (by_text "a") 1 100 (Some (text "ann")) (text """fast clock""") lww_register.bottom)) in
  records_in_bytes false x
  = [from_hex "00010162000101070103626f62020d226c617465737420776f726422"
      ++ from_hex "010161000101640103616e6e020c226661737420636c6f636b22"].
Proof. now vm_compute. Qed.

Example entries_of_two_replicas_one_null :
  let append := log.append compare_bytes compare_bytes in
  let x := replica.A_log (append (by_text "bob") 1 10 (text "null")
    (append (by_text "ann") 1 20 (text """shall we?""") log.bottom)) in
  records_in_bytes false x
  = [from_hex "0603616e6e00010114020b227368616c6c2077653f22"; from_hex "0603626f620001010a02046e756c6c"].
Proof. now vm_compute. Qed.
