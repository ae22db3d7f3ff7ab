(** Executions: what an engine does with one object, at all replicas, step by step.

    Meaning: an execution is a list of steps, which say nothing of states. Any engine runs it: it
    operates, sends what a replica that has seen a vector may lack, receives any message ever
    sent, any number of times, in any order or never, saves and restores. A step that is not
    possible, or that the engine refuses, ends the run. So two engines can be held against each
    other on the same execution.
    Here are the engines of registers, sets and maps: those of the reference, and those with an
    index of changes ([indexed_decisions.v]).
    Laws: after every execution both engines hold and answer the same ([executions_proof.v]).
    Source: this project; the network is that of [network.v]. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot delta.
From Rejoin Require version_vector definition decisions indexed_decisions.
From Rejoin Require lww_register or_set lww_map.
Import definition (operation, Write, Add, Remove, Put, Added, Removed, presence,
  compare_presence).
Import ListNotations.
Open Scope N_scope.

Section Executions.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_value : Value -> Value -> comparison).
Context (null : Value).
Local Notation vector := (version_vector.state Name).
Local Notation compare_origin := (compare_origin compare_name).

(** ** Engines *)

(** An operation is given to the replica's origin with its sequence number and user. *)
Record engine (State Message : Type) := Engine {
  untouched : State;
  perform : origin Name -> N -> option Name -> operation Name Value -> State -> option State;
  send : vector -> State -> Message;
  receive : Message -> State -> option State;
  compact : (dot Name -> bool) -> State -> State
}.

Arguments Engine {State Message}.
Arguments untouched {State Message}.
Arguments perform {State Message}.
Arguments send {State Message}.
Arguments receive {State Message}.
Arguments compact {State Message}.

(** ** Steps *)

(** Messages and backups go by their place, from 0, among all that were sent or saved.
    [Compact] forgets what the engine may, but what it is asked to keep. *)
Inductive step :=
| Perform (name : Name) (seq : N) (user : option Name) (op : operation Name Value)
| Send (name : Name) (since : vector)
| Receive (name : Name) (number : nat)
| Save (name : Name)
| Restore (name : Name) (number : nat) (fresh : N)
| Compact (name : Name) (keep : dot Name -> bool).

(** [used] are the origins of all operations. *)
Record world {State Message : Type} (en : engine State Message) := World {
  used : list (origin Name);
  nodes : Name -> origin Name * State;
  sent : list Message;
  backups : list (Name * State)
}.

Arguments World {State Message en}.
Arguments used {State Message en}.
Arguments nodes {State Message en}.
Arguments sent {State Message en}.
Arguments backups {State Message en}.

Definition start {State Message : Type} (en : engine State Message) : world en :=
  World [] (fun name => (Origin name 0, untouched en)) [] [].

Definition with_node {State : Type} (name : Name) (n : origin Name * State)
    (ns : Name -> origin Name * State) : Name -> origin Name * State :=
  fun other => if equal compare_name other name then n else ns other.

(** The world in which a replica holds another state, if there is one. *)
Definition holding {State Message : Type} {en : engine State Message} (name : Name)
    (s : option State) (w : world en) : option (world en) :=
  match s with
  | Some s =>
      Some (World (used w) (with_node name (fst (nodes w name), s) (nodes w)) (sent w) (backups w))
  | None => None
  end.

Definition take_step {State Message : Type} (en : engine State Message) (st : step) (w : world en) : option (world en) :=
  match st with
  | Perform name seq user op =>
      let (o, s) := nodes w name in
      holding name (perform en o seq user op s)
        (World (o :: used w) (nodes w) (sent w) (backups w))
  | Send name since =>
      Some (World (used w) (nodes w) (sent w ++ [send en since (snd (nodes w name))]) (backups w))
  | Receive name number =>
      match nth_error (sent w) number with
      | Some m => holding name (receive en m (snd (nodes w name))) w
      | None => None
      end
  | Save name =>
      Some (World (used w) (nodes w) (sent w) (backups w ++ [(name, snd (nodes w name))]))
  | Restore name number fresh =>
      match nth_error (backups w) number with
      | Some (of, s) =>
          if equal compare_name of name
            && negb (existsb (equal compare_origin (Origin name fresh)) (used w))
          then Some (World (used w) (with_node name (Origin name fresh, s) (nodes w)) (sent w)
            (backups w))
          else None
      | None => None
      end
  | Compact name keep => holding name (Some (compact en keep (snd (nodes w name)))) w
  end.

(** To be kept in a compaction: these. *)
Definition keeping (ds : sorted_set (dot Name)) (d : dot Name) : bool :=
  member (compare_dot compare_name) d ds.

(** Nothing, where a step is not possible. *)
Fixpoint run {State Message : Type} (en : engine State Message) (sts : list step) (w : world en)
    : option (world en) :=
  match sts with
  | [] => Some w
  | st :: rest =>
      match take_step en st w with
      | Some w => run en rest w
      | None => None
      end
  end.

(** What a replica holds, and what was sent last. *)
Definition state_at {State Message : Type} {en : engine State Message} (name : Name) (w : world en)
    : State := snd (nodes w name).

Definition last_sent {State Message : Type} {en : engine State Message} (w : world en)
    : option Message := hd_error (rev (sent w)).

(** What a replica answers to a query after an execution. *)
Definition after {State Message : Type} (en : engine State Message) (sts : list step) (name : Name)
    {A : Type} (query : State -> A) : option A :=
  option_map (fun w => query (snd (nodes w name))) (run en sts (start en)).

(** ** The reference *)

(** An engine that sends parts as they are, and has nothing to forget. *)
Definition with_parts {S : Type} (bottom : S)
    (perform : origin Name -> N -> option Name -> operation Name Value -> S -> option S)
    (seen : S -> vector) (part_since : vector -> S -> S) (take_part : S -> S -> S)
    : engine S (delta Name S) :=
  Engine bottom perform (fun v s => Delta v (part_since v s))
    (fun d s => if accepts compare_name (seen s) d then Some (take_part (part d) s) else None)
    (fun _ s => s).

Definition reference_register :=
  with_parts lww_register.bottom
    (fun o seq user op s =>
      match op with
      | Write time v =>
          Some (lww_register.write compare_name compare_value o seq time user v s)
      | _ => None
      end)
    lww_register.seen (lww_register.part_since compare_name)
    (lww_register.take_part compare_name compare_value).

Definition reference_set :=
  with_parts or_set.bottom
    (fun o seq user op s =>
      match op with
      | Add x => Some (or_set.add compare_name o seq user x s)
      | Remove x => Some (or_set.remove compare_name o seq user x s)
      | _ => None
      end)
    or_set.seen (or_set.part_since compare_name) (or_set.take_part compare_name).

Definition reference_map :=
  with_parts lww_map.bottom
    (fun o seq user op s =>
      match op with
      | Put k time v => Some (lww_map.put compare_name compare_value o seq time user k v s)
      | _ => None
      end)
    lww_map.seen (lww_map.part_since compare_name) (lww_map.take_part compare_name compare_value).

(** ** Engines with an index of changes *)

Definition indexed {K Effect : Type} (compare_key : K -> K -> comparison)
    (compare_effect : Effect -> Effect -> comparison) (keeps_winner : bool)
    (reading : operation Name Value -> option (K * (N * Effect)))
    : engine (indexed_decisions.state Name K Effect)
        (delta Name (indexed_decisions.part Name K Effect)) :=
  Engine indexed_decisions.bottom
    (fun o seq user op s =>
      match reading op with
      | Some (k, (time, effect)) =>
          let d := decisions.Decision
            (version_vector.next compare_name o (indexed_decisions.seen s)) seq time user effect in
          Some (indexed_decisions.decide compare_name compare_key compare_effect keeps_winner k d s)
      | None => None
      end)
    (indexed_decisions.delta_since compare_name compare_key)
    (indexed_decisions.receive compare_name compare_key compare_effect keeps_winner)
    (indexed_decisions.compact compare_name compare_key).

Definition indexed_register :=
  indexed compare_unit compare_value true definition.register_reading.

Definition indexed_set :=
  indexed compare_name compare_presence false definition.set_reading.

Definition indexed_map :=
  indexed compare_name compare_value true definition.map_reading.

(** The state of the reference that each keeps. *)

Definition register_of (s : indexed_decisions.state Name unit Value)
    : lww_register.state Name Value :=
  lww_register.State (indexed_decisions.decisions_of s)
    (find compare_unit tt (indexed_decisions.winners_of compare_name compare_value s)).

Definition set_of (s : indexed_decisions.state Name Name presence) : or_set.state Name :=
  indexed_decisions.decisions_of s.

Definition map_of (s : indexed_decisions.state Name Name Value) : lww_map.state Name Value :=
  lww_map.State (indexed_decisions.decisions_of s)
    (indexed_decisions.winners_of compare_name compare_value s).

(** What each answers, read from its records. *)

Definition register_current (s : indexed_decisions.state Name unit Value) (k : unit) : Value :=
  indexed_decisions.content_at compare_name compare_unit compare_value null k s.

Definition register_value (s : indexed_decisions.state Name unit Value) : Value :=
  register_current s tt.

Definition register_merge_decisions (s : indexed_decisions.state Name unit Value) :=
  indexed_decisions.merge_decisions compare_name compare_value (register_current s) s.

Definition register_notices (user : Name) (s : indexed_decisions.state Name unit Value) :=
  indexed_decisions.notices compare_name compare_value (register_current s) user s.

Definition set_value (s : indexed_decisions.state Name Name presence) : sorted_set Name :=
  indexed_decisions.keys_with compare_presence Added s.

Definition set_current (s : indexed_decisions.state Name Name presence) (x : Name) : presence :=
  if existsb (decisions.takes_effect compare_presence Added)
      (indexed_decisions.listed (indexed_decisions.entry_at compare_name x s))
  then Added else Removed.

Definition set_merge_decisions (s : indexed_decisions.state Name Name presence) :=
  indexed_decisions.merge_decisions compare_name compare_presence (set_current s) s.

Definition set_notices (user : Name) (s : indexed_decisions.state Name Name presence) :=
  indexed_decisions.notices compare_name compare_presence (set_current s) user s.

Definition map_current (s : indexed_decisions.state Name Name Value) (k : Name) : Value :=
  indexed_decisions.content_at compare_name compare_name compare_value null k s.

Definition map_value (s : indexed_decisions.state Name Name Value) : sorted_map Name Value :=
  filter (fun entry => negb (equal compare_value (snd entry) null))
    (indexed_decisions.contents compare_name compare_value s).

Definition map_merge_decisions (s : indexed_decisions.state Name Name Value) :=
  indexed_decisions.merge_decisions compare_name compare_value (map_current s) s.

Definition map_notices (user : Name) (s : indexed_decisions.state Name Name Value) :=
  indexed_decisions.notices compare_name compare_value (map_current s) user s.
End Executions.

Arguments engine : clear implicits.
Arguments step : clear implicits.
Arguments Engine {Name Value State Message}.
Arguments untouched {Name Value State Message}.
Arguments perform {Name Value State Message}.
Arguments send {Name Value State Message}.
Arguments receive {Name Value State Message}.
Arguments compact {Name Value State Message}.
Arguments world {Name Value State Message} en.
Arguments World {Name Value State Message en}.
Arguments used {Name Value State Message en}.
Arguments nodes {Name Value State Message en}.
Arguments sent {Name Value State Message en}.
Arguments backups {Name Value State Message en}.
