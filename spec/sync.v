(** Sync: a session of two replicas over one class of objects.

    Meaning: each side first states a summary of what it holds; where both are equal, the class is
    done. Otherwise in phase 1 each side announces its vectors, in phase 2 each sends of every
    object of the class what the other one lacks, in pieces, and in phase 3 they compare summaries
    of what they then hold. The pieces of an object are applied together, when the last one is
    there: a vector moves forward only with the whole of what it claims. Messages of a session
    arrive in order, or the session is cut; a session that is cut is one in which nothing is
    delivered any more. Nothing of it needs to be kept, a new one simply begins.
    A delta is made at one moment, when the vectors of the other side arrive; afterwards both
    sides may go on working. How a delta is cut ([cut], [assemble]), and what is compared
    ([summarize]), is for the caller to choose.
    Laws: a session does nothing that replicas may not do anyway; what it says of both sides is what
    comparing their summaries says; if it is not cut, and nothing else touches the class, it ends
    with both at the join ([sync_proof.v]).
    Source: Almeida et al., Delta State Replicated Data Types, JPDC 2018, section 7. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot delta definition.
From Rejoin Require version_vector replica network.
Import ListNotations.
Open Scope N_scope.

Section Sync.
Context {Name Value Summary : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_value : Value -> Value -> comparison).
Context (compare_summary : Summary -> Summary -> comparison).
Local Notation object := (replica.object Name Value).
Local Notation objects := (replica.objects Name Value).
Local Notation vector := (version_vector.state Name).
Local Notation world := (network.world Name Value).

(** What is sent of an object, in pieces, and the whole again. *)
Context (cut : object -> list object) (assemble : list object -> object).

(** What is compared at the beginning and at the end: vectors and hashes. *)
Context (summarize : objects -> Summary).

Inductive message :=
| Hello (summary : Summary)
| Vectors (vs : sorted_map Name vector)
| Piece (name : Name) (since : vector) (piece : object) (is_last : bool)
| All_sent
| Check (summary : Summary).

(** [Opening] has the summary that this side has stated, which stays what it is, whatever is written
    later. [Closed] has whether both sides hold the same. *)
Inductive phase :=
| Opening (stated : Summary)
| Greeting
| Taking
| Checking
| Closed (agrees : bool).

(** [taken] has the pieces of the object that is just being received. *)
Record side := Side { at_phase : phase; taken : list object }.

Definition fresh (stated : Summary) : side := Side (Opening stated) [].

Definition of_class {V : Type} (class : sorted_set Name) (m : sorted_map Name V)
    : sorted_map Name V :=
  filter (fun entry => member compare_name (fst entry) class) m.

Definition vectors (class : sorted_set Name) (xs : objects) : sorted_map Name vector :=
  map (fun entry => (fst entry, replica.seen_object (snd entry))) (of_class class xs).

Fixpoint in_pieces (name : Name) (since : vector) (ps : list object) : list message :=
  match ps with
  | [] => []
  | [p] => [Piece name since p true]
  | p :: ps => Piece name since p false :: in_pieces name since ps
  end.

(** What one side sends when it knows the vectors of the other. *)
Definition answer (vs : sorted_map Name vector) (xs : objects) : list message :=
  flat_map (fun entry =>
    match find compare_name (fst entry) xs with
    | Some x =>
        in_pieces (fst entry) (snd entry)
          (cut (replica.part_since compare_name (snd entry) x))
    | None => []
    end) vs.

(** The delta of one object. *)
Definition one_delta (name : Name) (since : vector) (part : object)
    : replica.deltas Name Value :=
  [(name, Delta since part)].

(** The delta that is complete with this message, if one is. *)
Definition completes (class : sorted_set Name) (s : side) (m : message)
    : option (replica.deltas Name Value) :=
  match m with
  | Piece name since piece true =>
      if member compare_name name class
      then Some (one_delta name since (assemble (taken s ++ [piece])))
      else None
  | _ => None
  end.

(** What a replica holds after a message: a delta that is refused changes nothing. *)
Definition take (class : sorted_set Name) (s : side) (m : message) (xs : objects) : objects :=
  match completes class s m with
  | Some ds =>
      match replica.apply compare_name compare_value ds xs with
      | Some xs => xs
      | None => xs
      end
  | None => xs
  end.

(** The side after a message, which came to one that holds [xs]. *)
Definition turn (class : sorted_set Name) (s : side) (m : message) (xs : objects) : side :=
  match m, at_phase s with
  | Hello summary, Opening stated =>
      Side (if equal compare_summary summary stated then Closed true else Greeting) (taken s)
  | Vectors _, Greeting => Side Taking (taken s)
  | Piece _ _ piece is_last, phase => Side phase (if is_last then [] else taken s ++ [piece])
  | All_sent, Taking => Side Checking (taken s)
  | Check summary, Checking =>
      Side (Closed (equal compare_summary summary (summarize (of_class class xs)))) (taken s)
  | _, _ => s
  end.

(** What it replies. *)
Definition reply (class : sorted_set Name) (s : side) (m : message) (xs : objects)
    : list message :=
  match m, at_phase s with
  | Hello summary, Opening stated =>
      if equal compare_summary summary stated then [] else [Vectors (vectors class xs)]
  | Vectors vs, Greeting => answer vs (of_class class xs) ++ [All_sent]
  | All_sent, Taking => [Check (summarize (of_class class xs))]
  | _, _ => []
  end.

(** ** A session in a world *)

Record session := Session {
  class : sorted_set Name;
  left : Name;
  right : Name;
  at_left : side;
  at_right : side;
  to_left : list message;
  to_right : list message
}.

Definition held (w : world) (name : Name) : objects :=
  replica.held (network.running (network.nodes w name)).

Definition begin (class : sorted_set Name) (left right : Name) (w : world) : session :=
  let stated name := summarize (of_class class (held w name)) in
  Session class left right (fresh (stated left)) (fresh (stated right))
    [Hello (stated right)] [Hello (stated left)].

(** The session, seen from the other side. *)
Definition flip (s : session) : session :=
  Session (class s) (right s) (left s) (at_right s) (at_left s) (to_right s) (to_left s).

(** The deltas that a message makes a node send, as the network has them. *)
Definition offers (s : side) (m : message) (n : network.node Name Value)
    : list (network.message Name Value) :=
  match m, at_phase s with
  | Vectors vs, Greeting =>
      map (fun entry =>
        network.Changes
          (replica.deltas_since compare_name [entry] (replica.held (network.running n)))
          (on_objects_of compare_name [entry] (network.seen n))) (rev vs)
  | _, _ => []
  end.

(** The nodes after a message came to one of them. The [events] of a delta are those that the
    network has noted with it. *)
Inductive taken_in (w : world) (c : sorted_set Name) (s : side) (m : message) (name : Name)
    : (Name -> network.node Name Value) -> Prop :=
| Taken ds events xs :
    let n := network.nodes w name in
    completes c s m = Some ds ->
    In (network.Changes ds events) (network.sent w) ->
    replica.apply compare_name compare_value ds (held w name) = Some xs ->
    taken_in w c s m name
      (network.with_node compare_name name
        (network.Node (replica.Replica (replica.self (network.running n)) xs)
          (union_events compare_name (network.seen n) events)) (network.nodes w))
| Refused ds :
    completes c s m = Some ds ->
    replica.apply compare_name compare_value ds (held w name) = None ->
    taken_in w c s m name (network.nodes w)
| Incomplete :
    completes c s m = None ->
    taken_in w c s m name (network.nodes w).

Inductive deliver_left (w : world) (s : session) : world -> session -> Prop :=
| Deliver_left m rest nodes :
    to_left s = m :: rest ->
    taken_in w (class s) (at_left s) m (left s) nodes ->
    let xs := held w (left s) in
    deliver_left w s
      (network.World (network.happened w) nodes
        (offers (at_left s) m (network.nodes w (left s)) ++ network.sent w)
        (network.backups w))
      (Session (class s) (left s) (right s)
        (turn (class s) (at_left s) m xs) (at_right s)
        rest (to_right s ++ reply (class s) (at_left s) m xs)).

Inductive deliver (w : world) (s : session) : world -> session -> Prop :=
| To_left w' s' : deliver_left w s w' s' -> deliver w s w' s'
| To_right w' s' : deliver_left w (flip s) w' s' -> deliver w s w' (flip s').

(** Everything that can go on: replicas do what they do, sessions begin, and messages of sessions
    are delivered. A session that is cut stays as it is. *)
Inductive moves (w : world) (ss : list session) : world -> list session -> Prop :=
| Elsewhere w' : network.step compare_name compare_value w w' -> moves w ss w' ss
| Begin c a b : moves w ss w (begin c a b w :: ss)
| Deliver before s after w' s' :
    ss = before ++ s :: after ->
    deliver w s w' s' ->
    moves w ss w' (before ++ s' :: after).

Inductive goes_on (w : world) (ss : list session) : world -> list session -> Prop :=
| Stays : goes_on w ss w ss
| Goes_on w' ss' w'' ss'' :
    goes_on w ss w' ss' -> moves w' ss' w'' ss'' -> goes_on w ss w'' ss''.

(** One session that goes on while nothing else touches its class at its two replicas: no writes
    there, and no other messages that would change anything. *)
Inductive undisturbed (w : world) (s : session) : world -> session -> Prop :=
| Begun : undisturbed w s w s
| Delivered w' s' w'' s'' :
    undisturbed w s w' s' -> deliver w' s' w'' s'' -> undisturbed w s w'' s''
| Aside w' s' w'' :
    undisturbed w s w' s' ->
    network.steps compare_name compare_value w' w'' ->
    of_class (class s) (held w'' (left s)) = of_class (class s) (held w' (left s)) ->
    of_class (class s) (held w'' (right s)) = of_class (class s) (held w' (right s)) ->
    undisturbed w s w'' s'.

(** Nothing is under way. *)
Definition finished (s : session) : Prop := to_left s = [] /\ to_right s = [].

Definition agrees (s : side) : bool :=
  match at_phase s with
  | Closed agrees => agrees
  | _ => false
  end.
End Sync.
