(** State hash: one short value that tells whether two replicas hold the same.

    Meaning: a function of the records of a state, and of nothing else. Records whose decisions
    are all removals are hashed apart, so that the hash of the content stays when they go.
    State vectors are not hashed; who compares states compares vectors too.
    Laws: equal states have equal hashes; equal hashes mean equal records, or two messages that
    were hashed collide, and [find_clash] finds them ([state_hash_proof.v]).
    Cost: [update] hashes one bucket and the nodes above it; [differing] goes down only where
    hashes differ.
    Source: Merkle, A digital signature based on a conventional encryption function, CRYPTO 1987;
    Leb128 as in the DWARF format, section 7.6. *)

From Coq Require Import List Bool NArith BinInt.
From Rejoin Require Import order sorted_map dot.
From Rejoin Require decisions g_counter lww_register or_set lww_map log replica definition.
From Rejoin Require pn_counter max_register.
Import ListNotations.
Open Scope N_scope.

(** Each byte is below 256. *)
Definition bytes : Type := list N.

Fixpoint compare_bytes (a b : bytes) : comparison :=
  match a, b with
  | [], [] => Eq
  | [], _ => Lt
  | _, [] => Gt
  | x :: a, y :: b =>
      match N.compare x y with
      | Eq => compare_bytes a b
      | unequal => unequal
      end
  end.

(** ** Encodings: no encoding is the start of another one. *)

(** Seven bits a byte, the lowest first; all but the last byte have the top bit set. *)
Fixpoint digits (most : nat) (n : N) : bytes :=
  match most with
  | O => [n]
  | S most => if n <? 128 then [n] else (128 + n mod 128) :: digits most (n / 128)
  end.

Definition uv (n : N) : bytes := digits (N.to_nat (N.size n)) n.

Definition str (b : bytes) : bytes := uv (N.of_nat (length b)) ++ b.

(** What is hashed: each purpose has a hash of its own. *)
Inductive domain := Paths | Values | Buckets | Nodes | Objects | Replicas.

Definition message : Type := domain * bytes.

(** A record of a state: its key and its body. *)
Definition record : Type := bytes * bytes.

Definition compare_record : record -> record -> comparison :=
  compare_pair compare_bytes compare_bytes.

Definition encode_record (r : record) : bytes := str (fst r) ++ snd r.

(** What stands for a tree without records: as long as a hash. *)
Definition nothing : bytes := repeat 0 32.

Definition digest_length : nat := 32.

(** Records of one bucket. *)
Definition bucket_limit : nat := 8.

(** Levels of a tree. *)
Definition depth_limit : nat := 32.

Section State_hash.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_value : Value -> Value -> comparison).
Context (null : Value).
Context (name_bytes : Name -> bytes) (value_bytes : Value -> bytes).
Context (hash : domain -> bytes -> bytes).
Local Notation object := (replica.object Name Value).
Local Notation objects := (replica.objects Name Value).

(** ** Records of a state *)

Definition origin_bytes (o : origin Name) : bytes :=
  str (name_bytes (replica o)) ++ uv (incarnation o).

Definition dot_bytes (d : dot Name) : bytes := origin_bytes (dot_origin d) ++ uv (counter d).

Definition is_long (b : bytes) : bool := 64 <? N.of_nat (length b).

(** A value as it is, or its hash if it is long. *)
Definition content_bytes (v : Value) : bytes :=
  if is_long (value_bytes v) then 3 :: hash Values (value_bytes v)
  else 2 :: str (value_bytes v).

Definition content_messages (v : Value) : list message :=
  if is_long (value_bytes v) then [(Values, value_bytes v)] else [].

Definition is_null (v : Value) : bool := equal compare_value v null.

Definition written_bytes (v : Value) : bytes := if is_null v then [0] else content_bytes v.

Definition written_messages (v : Value) : list message :=
  if is_null v then [] else content_messages v.

Definition is_removed (p : definition.presence) : bool :=
  match p with
  | definition.Added => false
  | definition.Removed => true
  end.

Definition presence_bytes (p : definition.presence) : bytes :=
  if is_removed p then [0] else [1].

Section Keyed.
Context {K Effect : Type}.
Context (compare_key : K -> K -> comparison).
Context (compare_effect : Effect -> Effect -> comparison).
Context (key_bytes : K -> bytes).
Context (effect_bytes : Effect -> bytes).
Context (effect_messages : Effect -> list message).
Context (is_gone : Effect -> bool).
Local Notation decision := (decisions.decision Name Effect).

Definition user_bytes (user : option Name) : bytes :=
  match user with
  | None => [0]
  | Some name => 1 :: str (name_bytes name)
  end.

Definition decision_bytes (d : decision) : bytes :=
  dot_bytes (decisions.dot_of d) ++ uv (decisions.seq_of d) ++ uv (decisions.timestamp d)
  ++ user_bytes (decisions.user_of d) ++ effect_bytes (decisions.effect d).

(** By replica, incarnation and counter. Decisions of one dot, which only a forged state has,
    stay in the order of writes. *)
Definition in_dot_order (ds : sorted_set decision) : list decision :=
  sort (compare_by
    (fun d => (name_bytes (replica (dot_origin (decisions.dot_of d))),
      (incarnation (dot_origin (decisions.dot_of d)), counter (decisions.dot_of d))))
    (compare_pair compare_bytes (compare_pair N.compare N.compare))) ds.

(** What is known of one key: the maximal decisions, and the greatest write where there is one. *)
Definition known : Type := sorted_set decision * option decision.

(** The greatest write only where it is none of the maximal decisions. *)
Definition winner_bytes (x : known) : bytes :=
  match snd x with
  | Some w =>
      if member (decisions.compare_decision compare_name compare_effect) w (fst x) then [0]
      else 1 :: decision_bytes w
  | None => [0]
  end.

Definition body_bytes (x : known) : bytes :=
  uv (N.of_nat (length (fst x))) ++ flat_map decision_bytes (in_dot_order (fst x))
  ++ winner_bytes x.

Definition all_of (x : known) : list decision :=
  fst x ++ match snd x with
           | Some w => [w]
           | None => []
           end.

Definition is_removal (x : known) : bool :=
  forallb (fun d => is_gone (decisions.effect d)) (all_of x).

(** Under each key what is known of it. *)
Definition known_of (maximal : sorted_map K (sorted_set decision))
    (winners : sorted_map K decision) : sorted_map K known :=
  merge compare_key (fun (ds : option (sorted_set decision)) (w : option decision) =>
    match ds, w with
    | None, None => None
    | _, _ => Some (or_empty ds, w)
    end) maximal winners.

Definition keyed_records (m : sorted_map K known) : list (bool * record) :=
  map (fun entry => (is_removal (snd entry), (key_bytes (fst entry), body_bytes (snd entry)))) m.

Definition keyed_messages (m : sorted_map K known) : list message :=
  flat_map (fun entry =>
    flat_map (fun d => effect_messages (decisions.effect d)) (all_of (snd entry))) m.

(** The greatest write is there, and none of the maximal decisions is greater. *)
Definition is_settled (x : known) : bool :=
  match snd x with
  | Some w =>
      forallb (fun d =>
        negb (below (decisions.compare_decision compare_name compare_effect) w d)) (fst x)
  | None => false
  end.

Definition settled_keys (m : sorted_map K known) : bool :=
  forallb (fun entry => is_settled (snd entry)) m.
End Keyed.

(** The register has one key, the set and the map those that were ever used. *)
Definition known_of_register (s : lww_register.state Name Value)
    : sorted_map unit (known (Effect := Value)) :=
  known_of compare_unit (decisions.maximal (lww_register.decisions s))
    (match lww_register.winner s with
     | Some w => [(tt, w)]
     | None => []
     end).

Definition known_of_set (s : or_set.state Name)
    : sorted_map Name (known (Effect := definition.presence)) :=
  known_of compare_name (decisions.maximal s) [].

Definition known_of_map (s : lww_map.state Name Value)
    : sorted_map Name (known (Effect := Value)) :=
  known_of compare_name (decisions.maximal (lww_map.decisions s)) (lww_map.winners s).

(** A type that reads the store alone has no winners. *)
Definition known_of_store {K Effect : Type} (compare_key : K -> K -> comparison)
    (s : decisions.state Name K Effect) : sorted_map K (known (Effect := Effect)) :=
  known_of compare_key (decisions.maximal s) [].

Definition no_bytes (k : unit) : bytes := [].

Definition integer_bytes (n : Z) : bytes :=
  match n with
  | Z0 => [0]
  | Zpos p => 1 :: uv (Npos p)
  | Zneg p => 2 :: uv (Npos p)
  end.

(** The increments of origins under 0, the decrements under 1. *)
Definition share_records (side : N) (shares : sorted_map (origin Name) N)
    : list (bool * record) :=
  map (fun entry => (false, (side :: origin_bytes (fst entry), uv (snd entry)))) shares.

Definition integer_records (n : option Z) : list (bool * record) :=
  match n with
  | Some n => [(false, ([], integer_bytes n))]
  | None => []
  end.

(** All records of an object, each with whether it is of removals only. *)
Definition records (x : object) : list (bool * record) :=
  match x with
  | replica.A_counter s =>
      map (fun entry => (false, (origin_bytes (fst entry), uv (snd entry)))) (g_counter.shares s)
  | replica.A_register s =>
      keyed_records compare_value no_bytes written_bytes is_null (known_of_register s)
  | replica.A_set s =>
      keyed_records definition.compare_presence name_bytes presence_bytes is_removed
        (known_of_set s)
  | replica.A_map s =>
      keyed_records compare_value name_bytes written_bytes is_null (known_of_map s)
  | replica.A_log s =>
      map (fun e => (false, (dot_bytes (log.dot_of e),
          uv (log.seq_of e) ++ uv (log.timestamp e) ++ content_bytes (log.content e))))
        (log.entries s)
  | replica.A_pn_counter s =>
      share_records 0 (pn_counter.increments s) ++ share_records 1 (pn_counter.decrements s)
  | replica.An_rw_set s =>
      keyed_records definition.compare_presence name_bytes presence_bytes is_removed
        (known_of_store compare_name s)
  | replica.An_ew_flag s | replica.A_dw_flag s =>
      keyed_records definition.compare_presence no_bytes presence_bytes is_removed
        (known_of_store compare_unit s)
  | replica.An_mv_register s =>
      keyed_records compare_value no_bytes written_bytes is_null (known_of_store compare_unit s)
  | replica.An_mv_map s =>
      keyed_records compare_value name_bytes written_bytes is_null
        (known_of_store compare_name s)
  | replica.A_max_register s | replica.A_min_register s =>
      integer_records (max_register.greatest s)
  end.

(** The long values of an object, which its records have by their hashes. *)
Definition value_messages (x : object) : list message :=
  match x with
  | replica.A_register s => keyed_messages written_messages (known_of_register s)
  | replica.A_map s => keyed_messages written_messages (known_of_map s)
  | replica.A_log s => flat_map (fun e => content_messages (log.content e)) (log.entries s)
  | replica.An_mv_register s => keyed_messages written_messages (known_of_store compare_unit s)
  | replica.An_mv_map s => keyed_messages written_messages (known_of_store compare_name s)
  | _ => []
  end.

Definition select (of_removals : bool) (rs : list (bool * record)) : sorted_set record :=
  set_of compare_record
    (map snd (filter (fun entry => Bool.eqb of_removals (fst entry)) rs)).

(** ** The tree over records *)

(** Which of four ways a path takes at a depth: two bits, the top ones of the first byte first. *)
Definition turn (depth : nat) (path : bytes) : N :=
  (nth (Nat.div depth 4) path 0 / 4 ^ (3 - N.of_nat (Nat.modulo depth 4))) mod 4.

Definition path_of (r : record) : bytes := hash Paths (fst r).

(** [levels] are left below. *)
Definition way (levels : nat) (r : record) : N := turn (depth_limit - levels) (path_of r).

Definition child (levels : nat) (i : N) (rs : sorted_set record) : sorted_set record :=
  filter (fun r => way levels r =? i) rs.

Definition is_small (rs : sorted_set record) : bool := Nat.leb (length rs) bucket_limit.

Definition bucket_bytes (rs : sorted_set record) : bytes := flat_map encode_record rs.

Definition bucket_hash (rs : sorted_set record) : bytes :=
  match rs with
  | [] => nothing
  | _ => hash Buckets (bucket_bytes rs)
  end.

(** The hash of a set of records, from nothing but the set. *)
Fixpoint tree (levels : nat) (rs : sorted_set record) : bytes :=
  match levels with
  | O => bucket_hash rs
  | S below =>
      if is_small rs then bucket_hash rs
      else hash Nodes (tree below (child levels 0 rs) ++ tree below (child levels 1 rs)
             ++ tree below (child levels 2 rs) ++ tree below (child levels 3 rs))
  end.

(** ** The tree as it is kept: with the hash of each node, and the count of its records *)

Inductive trie :=
| Leaf (digest : bytes) (rs : sorted_set record)
| Branch (count : nat) (digest : bytes) (a b c d : trie).

Definition root (t : trie) : bytes :=
  match t with
  | Leaf digest _ | Branch _ digest _ _ _ _ => digest
  end.

Definition size (t : trie) : nat :=
  match t with
  | Leaf _ rs => length rs
  | Branch count _ _ _ _ _ => count
  end.

Fixpoint gather (t : trie) : sorted_set record :=
  match t with
  | Leaf _ rs => rs
  | Branch _ _ a b c d =>
      union compare_record (gather a)
        (union compare_record (gather b) (union compare_record (gather c) (gather d)))
  end.

Definition leaf (rs : sorted_set record) : trie := Leaf (bucket_hash rs) rs.

Definition branch (a b c d : trie) : trie :=
  Branch (size a + size b + size c + size d)
    (hash Nodes (root a ++ root b ++ root c ++ root d)) a b c d.

Fixpoint build (levels : nat) (rs : sorted_set record) : trie :=
  match levels with
  | O => leaf rs
  | S below =>
      if is_small rs then leaf rs
      else branch (build below (child levels 0 rs)) (build below (child levels 1 rs))
             (build below (child levels 2 rs)) (build below (child levels 3 rs))
  end.

(** Nodes with few records become a bucket again. *)
Definition collapse (t : trie) : trie :=
  if Nat.leb (size t) bucket_limit then leaf (gather t) else t.

(** Changes the records of one path: only the nodes on it are made anew. *)
Fixpoint update (levels : nat) (path : bytes)
    (edit : sorted_set record -> sorted_set record) (t : trie) : trie :=
  match t, levels with
  | Leaf _ rs, _ => build levels (edit rs)
  | Branch _ _ a b c d, O => t
  | Branch _ _ a b c d, S below =>
      let i := turn (depth_limit - levels) path in
      let at_way j t := if i =? j then update below path edit t else t in
      collapse (branch (at_way 0 a) (at_way 1 b) (at_way 2 c) (at_way 3 d))
  end.

Definition one_or_none (r : option record) : sorted_set record :=
  match r with
  | Some r => [r]
  | None => []
  end.

(** The set with one record for another; either may be missing. *)
Definition replace (old new : option record) (rs : sorted_set record) : sorted_set record :=
  union compare_record (one_or_none new)
    (filter (fun r => negb (existsb (equal compare_record r) (one_or_none old))) rs).

(** The buckets where two trees differ, found by going down only where hashes differ. Where one
    tree is a bucket and the other one goes on, all records below are compared. *)
Fixpoint differing (s t : trie) : list (sorted_set record * sorted_set record) :=
  if equal compare_bytes (root s) (root t) then []
  else match s, t with
       | Branch _ _ a b c d, Branch _ _ a' b' c' d' =>
           differing a a' ++ differing b b' ++ differing c c' ++ differing d d'
       | _, _ => [(gather s, gather t)]
       end.

(** A place of a tree is the ways that lead to it from the top, where [levels] are below. These are
    the records there. *)
Fixpoint within (levels : nat) (place : list N) (rs : sorted_set record) : sorted_set record :=
  match place with
  | [] => rs
  | i :: place => within (pred levels) place (child levels i rs)
  end.

(** Whether the tree has no node there but a bucket. *)
Definition ends_at (levels : nat) (place : list N) (rs : sorted_set record) : bool :=
  Nat.eqb (levels - length place) 0 || is_small (within levels place rs).

Definition differ_at (levels : nat) (place : list N) (rs ss : sorted_set record) : bool :=
  let hash_there rs := tree (levels - length place) (within levels place rs) in
  negb (equal compare_bytes (hash_there rs) (hash_there ss)).

(** One comes to a place by going down only where hashes differ and neither tree ends; and one
    compares records there, as hashes differ and a tree ends. *)
Record compared_at (levels : nat) (rs ss : sorted_set record) (place : list N) : Prop := {
  hashes_differ_there : differ_at levels place rs ss = true;
  a_tree_ends_there : ends_at levels place rs || ends_at levels place ss = true;
  both_go_on_above : forall before below,
    place = before ++ below -> below <> [] ->
    differ_at levels before rs ss = true
    /\ ends_at levels before rs = false
    /\ ends_at levels before ss = false
}.

(** ** The hashes *)

Definition tag (x : object) : N :=
  match replica.type_of x with
  | definition.G_counter => 1
  | definition.Lww_register => 2
  | definition.Or_set => 3
  | definition.Lww_map => 4
  | definition.Log => 5
  | definition.Pn_counter => 6
  | definition.Rw_set => 7
  | definition.Ew_flag => 8
  | definition.Dw_flag => 9
  | definition.Mv_register => 10
  | definition.Mv_map => 11
  | definition.Max_register => 12
  | definition.Min_register => 13
  end.

(** The hash of the content, or of the removals. *)
Definition object_hash (of_removals : bool) (x : object) : bytes :=
  hash Objects (tag x :: tree depth_limit (select of_removals (records x))).

Definition replica_bytes (of_removals : bool) (xs : objects) : bytes :=
  flat_map (fun entry =>
    str (name_bytes (fst entry)) ++ object_hash of_removals (snd entry)) xs.

Definition replica_hash (of_removals : bool) (xs : objects) : bytes :=
  hash Replicas (replica_bytes of_removals xs).

(** ** What a hash leaves out, and what it asks for *)

(** An object without its vector. *)
Definition without_vector (x : object) : object :=
  let bare {K Effect : Type} (s : decisions.state Name K Effect) :=
    decisions.State [] (decisions.maximal s) in
  match x with
  | replica.A_counter s => replica.A_counter (g_counter.State [] (g_counter.shares s))
  | replica.A_register s =>
      replica.A_register
        (lww_register.State (bare (lww_register.decisions s)) (lww_register.winner s))
  | replica.A_set s => replica.A_set (bare s)
  | replica.A_map s =>
      replica.A_map (lww_map.State (bare (lww_map.decisions s)) (lww_map.winners s))
  | replica.A_log s => replica.A_log (log.State [] (log.entries s))
  | replica.A_pn_counter s =>
      replica.A_pn_counter
        (pn_counter.State [] (pn_counter.increments s) (pn_counter.decrements s))
  | replica.An_rw_set s => replica.An_rw_set (bare s)
  | replica.An_ew_flag s => replica.An_ew_flag (bare s)
  | replica.A_dw_flag s => replica.A_dw_flag (bare s)
  | replica.An_mv_register s => replica.An_mv_register (bare s)
  | replica.An_mv_map s => replica.An_mv_map (bare s)
  | replica.A_max_register s =>
      replica.A_max_register (max_register.State [] (max_register.greatest s))
  | replica.A_min_register s =>
      replica.A_min_register (max_register.State [] (max_register.greatest s))
  end.

Definition without_vectors (xs : objects) : objects :=
  map (fun entry => (fst entry, without_vector (snd entry))) xs.

(** Whether each key with maximal decisions has a greatest write that none of them exceeds: so it
    is wherever the state is that of events. *)
Definition settled (x : object) : bool :=
  match x with
  | replica.A_register s => settled_keys compare_value (known_of_register s)
  | replica.A_map s => settled_keys compare_value (known_of_map s)
  | _ => true
  end.

(** The object without what it records under a key; the register has none, its record goes
    under [None]. Only LWW-Registers, OR-Sets and LWW-Maps drop records; other objects stay. *)
Definition drop (key : option Name) (x : object) : object :=
  let without {V : Type} (k : Name) (m : sorted_map Name V) :=
    filter (fun entry => negb (equal compare_name (fst entry) k)) m in
  match x, key with
  | replica.A_register s, None =>
      replica.A_register (lww_register.State (decisions.State (lww_register.seen s) []) None)
  | replica.A_set s, Some k =>
      replica.A_set (decisions.State (or_set.seen s) (without k (decisions.maximal s)))
  | replica.A_map s, Some k =>
      replica.A_map
        (lww_map.State
          (decisions.State (lww_map.seen s)
            (without k (decisions.maximal (lww_map.decisions s))))
          (without k (lww_map.winners s)))
  | x, _ => x
  end.

(** Whether what an object records under a key, if anything, is of removals only. *)
Definition only_removals_at (key : option Name) (x : object) : bool :=
  let gone_at {K Effect : Type} (compare_key : K -> K -> comparison) (is_gone : Effect -> bool)
      (k : K) (m : sorted_map K (known (Effect := Effect))) :=
    match find compare_key k m with
    | Some found => is_removal is_gone found
    | None => true
    end in
  match x, key with
  | replica.A_register s, None => gone_at compare_unit is_null tt (known_of_register s)
  | replica.A_set s, Some k => gone_at compare_name is_removed k (known_of_set s)
  | replica.A_map s, Some k => gone_at compare_name is_null k (known_of_map s)
  | _, _ => true
  end.

(** ** Collisions *)

Definition digest (m : message) : bytes := hash (fst m) (snd m).

Fixpoint trie_messages (t : trie) : list message :=
  match t with
  | Leaf _ [] => []
  | Leaf _ rs => [(Buckets, bucket_bytes rs)]
  | Branch _ _ a b c d =>
      (Nodes, root a ++ root b ++ root c ++ root d)
      :: trie_messages a ++ trie_messages b ++ trie_messages c ++ trie_messages d
  end.

(** All that is hashed for the hashes of an object, but for paths: if two keys have one path, they
    are in one bucket. *)
Definition object_messages (x : object) : list message :=
  flat_map (fun of_removals =>
    let rs := select of_removals (records x) in
    (Objects, tag x :: tree depth_limit rs) :: trie_messages (build depth_limit rs))
    [false; true]
  ++ value_messages x.

Definition replica_messages (xs : objects) : list message :=
  [(Replicas, replica_bytes false xs); (Replicas, replica_bytes true xs)]
  ++ flat_map (fun entry => object_messages (snd entry)) xs.

(** How a hash may fail: two messages have one digest, or the digest of a bucket or a node is
    that of no records. *)
Inductive clash :=
| Same_digest (x y : message)
| Digest_of_nothing (x : message).

Definition in_tree (m : message) : bool :=
  match fst m with
  | Buckets | Nodes => true
  | _ => false
  end.

Definition is_clash (c : clash) : Prop :=
  match c with
  | Same_digest x y => x <> y /\ digest x = digest y
  | Digest_of_nothing x => in_tree x = true /\ digest x = nothing
  end.

Definition parts_of (c : clash) : list message :=
  match c with
  | Same_digest x y => [x; y]
  | Digest_of_nothing x => [x]
  end.

Definition domain_number (d : domain) : N :=
  match d with
  | Paths => 0
  | Values => 1
  | Buckets => 2
  | Nodes => 3
  | Objects => 4
  | Replicas => 5
  end.

Definition compare_message : message -> message -> comparison :=
  compare_by (fun m => (domain_number (fst m), snd m)) (compare_pair N.compare compare_bytes).

(** All clashes among some messages. *)
Definition clashes (ms : list message) : list clash :=
  let digested := map (fun m => (m, digest m)) ms in
  flat_map (fun x =>
    (if in_tree (fst x) && equal compare_bytes (snd x) nothing
     then [Digest_of_nothing (fst x)] else [])
    ++ flat_map (fun y =>
         if equal compare_bytes (snd x) (snd y) && negb (equal compare_message (fst x) (fst y))
         then [Same_digest (fst x) (fst y)] else []) digested) digested.

Definition find_clash (ms : list message) : option clash := hd_error (clashes ms).
End State_hash.
