(** Hybrid clocks: a decision after seeing all others wins.

    Meaning: a write is stamped with the present, but above all stamps that the clock gave before,
    and above all that the writer has seen for the key. Nobody is refused a write for somebody
    else's clock. In the network of stamped writes the clock may tell any time, go back, and
    forget what it gave; what counts is what was seen for the key. A log's order asks for no
    stamps above what was seen, so appends are free.
    Laws: stamps rise along causality, key by key ([hybrid_clock_proof.v]).
    Source: Kulkarni et al., Logical Physical Clocks, OPODIS 2014. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot delta definition.
From Rejoin Require replica network.
Import ListNotations.
Open Scope N_scope.

(** [last] is the stamp that the clock gave before, [now] the present, [seen] the greatest stamp
    that was seen for the key. *)
Definition stamp (last now : N) (seen : option N) : N :=
  N.max now (N.max (last + 1)
    (match seen with
     | Some s => s + 1
     | None => 0
     end)).

Section Network.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_value : Value -> Value -> comparison).
Context (types : replica.schema (Name := Name)).
Local Notation event := (event Name Value).
Local Notation world := (network.world Name Value).

(** The key that an operation writes, and its stamp; the only key of a register has no name. *)
Definition timed (op : operation Name Value) : option (option Name * N) :=
  match op with
  | Write time _ => Some (None, time)
  | Put k time _ => Some (Some k, time)
  | _ => None
  end.

Definition time_at (key : option Name) (e : event) : list N :=
  match timed (operation_of e) with
  | Some (k, time) => if equal (compare_option compare_name) k key then [time] else []
  | None => []
  end.

Definition greatest_time (times : list N) : option N :=
  fold_right (fun time => greater_option N.compare (Some time)) None times.

(** A clock gave the operation its stamp, for one who has seen [E]. *)
Definition stamped (op : operation Name Value) (E : list event) : Prop :=
  match timed op with
  | Some (key, time) => exists last now,
      time = stamp last now (greatest_time (flat_map (time_at key) E))
  | None => True
  end.

(** The worlds of [network.v] in which every write was stamped so. *)
Inductive reachable : world -> Prop :=
| At_start : reachable (network.start types)
| Operates w name object op user r :
    reachable w ->
    valid op = true ->
    replica.perform compare_name compare_value object op user
      (network.running (network.nodes w name)) = Some r ->
    stamped op (of_object compare_name object (network.seen (network.nodes w name))) ->
    let e := network.next_event compare_name object op user (network.nodes w name) in
    reachable (network.World (e :: network.happened w)
      (network.with_node compare_name name
        (network.Node r (e :: network.seen (network.nodes w name))) (network.nodes w))
      (network.sent w) (network.backups w))
| Otherwise w w' :
    reachable w ->
    network.step compare_name compare_value w w' ->
    network.happened w' = network.happened w ->
    reachable w'.
End Network.
