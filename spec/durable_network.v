(** The network of replicas that store what they hold, and crash.

    Meaning: a replica performs operations and applies messages in memory, and commits: then all
    that it holds is durable. It may crash at any time; it is reopened under the same incarnation
    with what is durable, and what it did since is gone. Messages and backups hold only what is
    durable: so no operation leaves the replica that a crash could take back, and a dot that is
    given again was never seen elsewhere. For the rest see [network.v].
    [pending] is what was performed since the last commit; like [seen] and [happened] it is
    written down for the theorems only. An operation has happened once it is durable.
    Source: the rules on what is stored before what is sent, in sync-over-tcp.md. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot delta definition.
From Rejoin Require version_vector replica network.
Import ListNotations.
Open Scope N_scope.

Section Network.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_value : Value -> Value -> comparison).
Context (types : replica.schema (Name := Name)).
Local Notation event := (event Name Value).
Local Notation replica_node := (network.node Name Value).
Local Notation message := (network.message Name Value).

(** A replica: what it has stored, what it holds in memory, and what it did in between. *)
Record node := Node {
  durable : replica_node;
  running : replica_node;
  pending : list event
}.

Record world := World {
  happened : list event;
  nodes : Name -> node;
  sent : list message;
  backups : list (Name * replica_node)
}.

Definition start : world :=
  World [] (fun name =>
    let n := network.nodes (network.start types) name in Node n n []) [] [].

Definition with_node (name : Name) (n : node) (ns : Name -> node) : Name -> node :=
  fun other => if equal compare_name other name then n else ns other.

(** What a replica does in memory, given the messages that were sent. *)
Inductive acts (ms : list message) : replica_node -> list event -> replica_node -> Prop :=
| Performs object op user r n :
    valid op = true ->
    replica.perform compare_name compare_value object op user (network.running n) = Some r ->
    let e := network.next_event compare_name object op user n in
    acts ms n [e] (network.Node r (e :: network.seen n))
| Receives xs events n :
    In (network.Full xs events) ms ->
    acts ms n []
      (network.Node
        (replica.Replica (replica.self (network.running n))
          (replica.join compare_name compare_value (replica.held (network.running n)) xs))
        (union_events compare_name (network.seen n) events))
| Receives_changes ds events xs n :
    In (network.Changes ds events) ms ->
    replica.apply compare_name compare_value ds (replica.held (network.running n)) = Some xs ->
    acts ms n []
      (network.Node
        (replica.Replica (replica.self (network.running n)) xs)
        (union_events compare_name (network.seen n) events)).

Inductive step (w : world) : world -> Prop :=
| Act name es n' :
    let n := nodes w name in
    acts (sent w) (running n) es n' ->
    step w (World (happened w)
      (with_node name (Node (durable n) n' (es ++ pending n)) (nodes w)) (sent w) (backups w))
| Commit name :
    let n := nodes w name in
    step w (World (pending n ++ happened w)
      (with_node name (Node (running n) (running n) []) (nodes w)) (sent w) (backups w))
| Crash name :
    let n := nodes w name in
    step w (World (happened w)
      (with_node name (Node (durable n) (durable n) []) (nodes w)) (sent w) (backups w))
| Send name :
    let n := durable (nodes w name) in
    step w (World (happened w) (nodes w)
      (network.Full (replica.held (network.running n)) (network.seen n) :: sent w) (backups w))
| Send_changes name vs :
    let n := durable (nodes w name) in
    sorted compare_name vs = true ->
    step w (World (happened w) (nodes w)
      (network.Changes
        (replica.deltas_since compare_name vs (replica.held (network.running n)))
        (on_objects_of compare_name vs (network.seen n)) :: sent w) (backups w))
| Save name :
    step w (World (happened w) (nodes w) (sent w)
      ((name, durable (nodes w name)) :: backups w))
| Restore name backup fresh :
    In (name, backup) (backups w) ->
    (forall e, In e (happened w) -> dot_origin (dot_of e) <> Origin name fresh) ->
    let n := network.Node
      (replica.restore (Origin name fresh) (replica.held (network.running backup)))
      (network.seen backup) in
    step w (World (happened w) (with_node name (Node n n []) (nodes w)) (sent w) (backups w)).

Inductive steps (w : world) : world -> Prop :=
| Nothing : steps w w
| Then w' w'' : steps w w' -> step w' w'' -> steps w w''.

Definition reachable (w : world) : Prop := steps start w.

(** What a replica may show: what it holds in memory, or what it would hold after a crash. *)
Definition shown (w : world) (name : Name) (n : replica_node) : Prop :=
  n = running (nodes w name) \/ n = durable (nodes w name).
End Network.

Arguments node : clear implicits.
Arguments world : clear implicits.
