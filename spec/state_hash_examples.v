(** Computed examples of the state hash: the premises of its theorems can be met, and are needed.

    The hash here is a toy. It has the length of a real one, and spreads paths enough to split
    buckets; a collision of it is easy to make. *)

From Coq Require Import List Bool NArith Lia.
From Rejoin Require Import order order_proof sorted_map dot state_hash state_hash_proof.
From Rejoin Require decisions g_counter or_set lww_map log replica definition.
Import ListNotations.
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
