(** The verdict of a session: whether both sides hold the same.

    Meaning: a session may be disturbed in every way: replicas write and are restored in between,
    other sessions deliver, and nothing more of this one may ever arrive. What a side says in the
    end is what comparing two summaries says: one of what the other side held at some moment since
    the session began, and one of what this side held at some moment.
    A summary is a fingerprint of the vectors, which is any function of them, and the two state
    hashes.
    Laws: equal summaries mean equal states, or a collision is exhibited ([sync_verdict_proof.v]).
    Source: [sync.md], phases 1 and 3. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot sync.
From Rejoin Require version_vector g_counter replica network state_hash.
Import ListNotations.
Open Scope N_scope.

Section Session.
Context {Name Value Summary : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_value : Value -> Value -> comparison).
Context (compare_summary : Summary -> Summary -> comparison).
Local Notation object := (replica.object Name Value).
Local Notation objects := (replica.objects Name Value).
Local Notation world := (network.world Name Value).
Context (cut : object -> list object) (assemble : list object -> object).
Context (summarize : objects -> Summary).
Local Notation session := (session (Name := Name) (Value := Value) (Summary := Summary)).
Local Notation deliver :=
  (deliver compare_name compare_value compare_summary cut assemble summarize).
Local Notation steps := (network.steps compare_name compare_value).

(** One session, whatever goes on beside it. *)
Inductive follows (w : world) (s : session) : world -> session -> Prop :=
| At_first : follows w s w s
| Delivered w' s' w'' s'' :
    follows w s w' s' -> deliver w' s' w'' s'' -> follows w s w'' s''
| Meanwhile w' s' w'' : follows w s w' s' -> steps w' w'' -> follows w s w'' s'.

(** A moment of a run, from one world to another. *)
Definition between (w at_moment w' : world) : Prop := steps w at_moment /\ steps at_moment w'.
End Session.

Section Summary.
Context {Name Value Fingerprint : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_value : Value -> Value -> comparison).
Context (compare_fingerprint : Fingerprint -> Fingerprint -> comparison).
Context (fingerprint : sorted_map Name (version_vector.state Name) -> Fingerprint).
Context (null : Value).
Context (name_bytes : Name -> state_hash.bytes) (value_bytes : Value -> state_hash.bytes).
Context (hash : state_hash.domain -> state_hash.bytes -> state_hash.bytes).
Local Notation objects := (replica.objects Name Value).
Local Notation replica_hash :=
  (state_hash.replica_hash compare_name compare_value null name_bytes value_bytes hash).

Definition vectors_of (xs : objects) : sorted_map Name (version_vector.state Name) :=
  map (fun entry => (fst entry, replica.seen_object (snd entry))) xs.

Definition summary : Type := Fingerprint * (state_hash.bytes * state_hash.bytes).

Definition summary_of (xs : objects) : summary :=
  (fingerprint (vectors_of xs), (replica_hash false xs, replica_hash true xs)).

Definition compare_summary : summary -> summary -> comparison :=
  compare_pair compare_fingerprint
    (compare_pair state_hash.compare_bytes state_hash.compare_bytes).

(** What is asked of a state: it is well-formed, and the winner of each key is the greatest write.
    So it is wherever the state is that of events. *)
Definition fine (xs : objects) : bool :=
  forallb (fun entry =>
    replica.well_formed_object compare_name compare_value (snd entry) &&
    state_hash.settled compare_name compare_value (snd entry)) xs.

(** Different vectors with one fingerprint. *)
Definition fingerprints_collide (xs ys : objects) : Prop :=
  vectors_of xs <> vectors_of ys /\ fingerprint (vectors_of xs) = fingerprint (vectors_of ys).

(** Two messages with one digest, or the digest of no records, among what is hashed of the two. *)
Definition hashes_clash (xs ys : objects) : Prop :=
  let messages :=
    state_hash.replica_messages compare_name compare_value null name_bytes value_bytes hash in
  exists c,
    state_hash.find_clash hash (messages xs ++ messages ys) = Some c
    /\ state_hash.is_clash hash c.
End Summary.

(** ** A session that runs: a delta goes in one piece, and the vectors are their own fingerprint. *)

Section Running.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_value : Value -> Value -> comparison).
Context (null : Value).
Context (name_bytes : Name -> state_hash.bytes) (value_bytes : Value -> state_hash.bytes).
Context (hash : state_hash.domain -> state_hash.bytes -> state_hash.bytes).
Local Notation object := (replica.object Name Value).
Local Notation objects := (replica.objects Name Value).
Local Notation vectors := (sorted_map Name (version_vector.state Name)).

Definition whole (x : object) : list object := [x].

Definition the_whole (pieces : list object) : object :=
  match pieces with
  | x :: _ => x
  | [] => replica.A_counter g_counter.bottom
  end.

Definition bytes_of_vectors (vs : vectors) : state_hash.bytes :=
  flat_map (fun entry =>
    state_hash.str (name_bytes (fst entry)) ++ state_hash.uv (N.of_nat (length (snd entry)))
    ++ flat_map (fun counted =>
         state_hash.origin_bytes name_bytes (fst counted) ++ state_hash.uv (snd counted))
         (snd entry)) vs.

Definition compared : Type := summary (Fingerprint := vectors).

Definition summarize (xs : objects) : compared :=
  summary_of compare_name compare_value (fun vs => vs) null name_bytes value_bytes hash xs.

Definition compare_compared (x y : compared) : comparison :=
  compare_summary (compare_by bytes_of_vectors state_hash.compare_bytes) x y.

Definition summary_of_class (class : sorted_set Name) (xs : objects) : compared :=
  summarize (of_class compare_name class xs).

Definition side_of (class : sorted_set Name) (xs : objects) : side :=
  fresh (Name := Name) (Value := Value) (summary_of_class class xs).

Definition turn_of (class : sorted_set Name) (s : side) (m : message) (xs : objects) : side :=
  turn compare_name compare_compared summarize class s m xs.

Definition reply_of (class : sorted_set Name) (s : side) (m : message) (xs : objects)
    : list message :=
  reply compare_name compare_compared whole summarize class s m xs.

Definition take_of (class : sorted_set Name) (s : side) (m : message (Summary := compared))
    (xs : objects) : objects :=
  take compare_name compare_value the_whole class s m xs.
End Running.
