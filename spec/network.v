(** The network: replicas that operate, send, receive, save and restore.

    Meaning: the network holds every message that was ever sent, a full state or a delta. Any
    replica may receive any of them, any number of times, in any order, or never: so messages
    are lost, repeated, reordered and delayed without a word about it. A replica that is set
    back to a backup goes on under an incarnation whose name no operation has.
    What was [seen], and what [happened], is written down beside the states, for the theorems
    only: no step looks at it ([network_proof.v]).
    Source: Gomes et al., Verifying Strong Eventual Consistency in Distributed Systems,
    OOPSLA 2017. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot delta definition.
From Rejoin Require version_vector replica.
Import ListNotations.
Open Scope N_scope.

Section Network.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_value : Value -> Value -> comparison).
Context (types : replica.schema (Name := Name)).
Local Notation event := (event Name Value).
Local Notation objects := (replica.objects Name Value).

(** A replica as it runs, and what it has seen. *)
Record node := Node { running : replica.state Name Value; seen : list event }.

(** What was sent, and the events that it holds. *)
Inductive message :=
| Full (xs : objects) (events : list event)
| Changes (ds : replica.deltas Name Value) (events : list event).

Record world := World {
  happened : list event;
  nodes : Name -> node;
  sent : list message;
  backups : list (Name * node)
}.

Definition start : world :=
  World [] (fun name => Node (replica.start (Origin name 0) types) []) [] [].

Definition with_node (name : Name) (n : node) (ns : Name -> node) : Name -> node :=
  fun other => if equal compare_name other name then n else ns other.

(** The operation that a node would perform, as an event. *)
Definition next_event (object : Name) (op : operation Name Value) (user : option Name)
    (n : node) : event :=
  let o := replica.self (running n) in
  let here := of_object compare_name object (seen n) in
  Event object
    (version_vector.next compare_name o
      (version_vector.of_dots compare_name (map dot_of here)))
    (seen_of compare_name (replica o) (seen n) + 1) user op
    (set_of (compare_dot compare_name) (map dot_of here)).

Inductive step (w : world) : world -> Prop :=
| Operate name object op user r :
    valid op = true ->
    replica.perform compare_name compare_value object op user (running (nodes w name))
      = Some r ->
    let e := next_event object op user (nodes w name) in
    step w (World (e :: happened w)
      (with_node name (Node r (e :: seen (nodes w name))) (nodes w)) (sent w) (backups w))
| Send name :
    let n := nodes w name in
    step w (World (happened w) (nodes w)
      (Full (replica.held (running n)) (seen n) :: sent w) (backups w))
| Send_changes name vs :
    let n := nodes w name in
    sorted compare_name vs = true ->
    step w (World (happened w) (nodes w)
      (Changes (replica.deltas_since compare_name vs (replica.held (running n)))
        (on_objects_of compare_name vs (seen n)) :: sent w) (backups w))
| Receive name xs events :
    let n := nodes w name in
    In (Full xs events) (sent w) ->
    step w (World (happened w)
      (with_node name
        (Node (replica.Replica (replica.self (running n))
            (replica.join compare_name compare_value (replica.held (running n)) xs))
          (union_events compare_name (seen n) events)) (nodes w)) (sent w) (backups w))
| Receive_changes name ds events xs :
    let n := nodes w name in
    In (Changes ds events) (sent w) ->
    replica.apply compare_name compare_value ds (replica.held (running n)) = Some xs ->
    step w (World (happened w)
      (with_node name
        (Node (replica.Replica (replica.self (running n)) xs)
          (union_events compare_name (seen n) events)) (nodes w)) (sent w) (backups w))
| Save name :
    step w (World (happened w) (nodes w) (sent w) ((name, nodes w name) :: backups w))
| Restore name backup fresh :
    In (name, backup) (backups w) ->
    (forall e, In e (happened w) -> dot_origin (dot_of e) <> Origin name fresh) ->
    step w (World (happened w)
      (with_node name
        (Node (replica.restore (Origin name fresh) (replica.held (running backup)))
          (seen backup)) (nodes w)) (sent w) (backups w)).

Inductive steps (w : world) : world -> Prop :=
| Nothing : steps w w
| Then w' w'' : steps w w' -> step w' w'' -> steps w w''.

Definition reachable (w : world) : Prop := steps start w.
End Network.

Arguments node : clear implicits.
Arguments message : clear implicits.
Arguments world : clear implicits.
