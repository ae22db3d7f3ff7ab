(** Recording: the trace of a run of the network, with what its replicas answer.

    Meaning: each step of the network is one line: an operation, a message, a receipt, a backup, a
    restore. A message holds what its sender had seen, of all objects or of those that a delta is
    of; what the delta leaves out is what its receiver has seen before. Between the steps anyone may
    ask a replica for the value of an object, its merge decisions, the notices of a user, or its
    state vector, and the line has what the engine answers. The numbers of messages and backups go by
    the order in which they were made. The latest line comes first.
    Laws: whatever is recorded so conforms, and with one answer replaced by another the judge finds
    that line and no other ([recording_proof.v]).
    Source: this project; trace-format.md, sections 2 and 4. *)

From Coq Require Import List Bool NArith Permutation.
From Rejoin Require Import order sorted_map dot definition network trace.
From Rejoin Require replica.
Import ListNotations.
Open Scope N_scope.

Section Recording.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_value : Value -> Value -> comparison).
Context (null : Value).
Context (types : replica.schema (Name := Name)).
(** The name in the file of the message, or the backup, that was made after so many others. *)
Context (label : nat -> Name).
Local Notation world := (world Name Value).
Local Notation line := (line Name Value).
Local Notation claim := (claim Name Value).
Local Notation find := (find compare_name).

(** What a replica holds. *)
Definition held_by (r : Name) (w : world) : replica.objects Name Value :=
  replica.held (running (nodes w r)).

(** The line of a step, and the world after it. *)
Inductive records (w : world) : line -> world -> Prop :=
| An_operation name object op user r :
    valid op = true ->
    replica.perform compare_name compare_value object op user (running (nodes w name))
      = Some r ->
    let e := next_event compare_name object op user (nodes w name) in
    records w (Operates name object op None user)
      (World (e :: happened w)
        (with_node compare_name name (Node r (e :: seen (nodes w name))) (nodes w)) (sent w)
        (backups w))
| A_state name :
    records w (Sends name (label (length (sent w))) (Within None))
      (World (happened w) (nodes w)
        (Full (held_by name w) (seen (nodes w name)) :: sent w) (backups w))
| A_delta name vs :
    sorted compare_name vs = true ->
    let ds := replica.deltas_since compare_name vs (held_by name w) in
    records w (Sends name (label (length (sent w))) (Within (Some (keys ds))))
      (World (happened w) (nodes w)
        (Changes ds (on_objects_of compare_name vs (seen (nodes w name))) :: sent w) (backups w))
| A_receipt name later xs events earlier :
    let n := nodes w name in
    sent w = later ++ Full xs events :: earlier ->
    records w (Receives name (label (length earlier)))
      (World (happened w)
        (with_node compare_name name
          (Node (replica.Replica (replica.self (running n))
              (replica.join compare_name compare_value (replica.held (running n)) xs))
            (union_events compare_name (seen n) events)) (nodes w)) (sent w) (backups w))
| A_receipt_of_changes name later ds events earlier xs :
    let n := nodes w name in
    sent w = later ++ Changes ds events :: earlier ->
    replica.apply compare_name compare_value ds (replica.held (running n)) = Some xs ->
    records w (Receives name (label (length earlier)))
      (World (happened w)
        (with_node compare_name name
          (Node (replica.Replica (replica.self (running n)) xs)
            (union_events compare_name (seen n) events)) (nodes w)) (sent w) (backups w))
| A_backup name :
    records w (Saves name (label (length (backups w))))
      (World (happened w) (nodes w) (sent w) ((name, nodes w name) :: backups w))
| A_restore name later backup earlier fresh :
    backups w = later ++ (name, backup) :: earlier ->
    (forall e, In e (happened w) -> dot_origin (dot_of e) <> Origin name fresh) ->
    records w (Restores name (label (length earlier)))
      (World (happened w)
        (with_node compare_name name
          (Node (replica.restore (Origin name fresh) (replica.held (running backup)))
            (seen backup)) (nodes w)) (sent w) (backups w)).

(** What the engines answer, in a world. *)
Definition answers (w : world) (c : claim) : Prop :=
  match c with
  | Reads r o (Some value) =>
      exists x, find o (held_by r w) = Some x /\ value = replica.value compare_value null x
  | Decides r o (Some open) =>
      exists x,
        find o (held_by r w) = Some x /\
        has_decisions (replica.type_of x) = true /\
        open = replica.merge_decisions compare_name compare_value null x
  | Tells r user (Some notices) =>
      notices = replica.notices compare_name compare_value null user (held_by r w)
  | Counts r None (Some vector) => vector = replica.vector_of compare_name (held_by r w)
  | _ => False
  end.

(** The lines of a run, and the world that it came to. *)
Inductive recording : list line -> world -> Prop :=
| Nothing_yet : recording [] (start types)
| One_step past w l w' : recording past w -> records w l w' -> recording (l :: past) w'
| One_answer past w c : recording past w -> answers w c -> recording (Claims c :: past) w.

(** Whom a line names as acting or asked. *)
Definition acting (l : line) : list Name :=
  match l with
  | Operates r _ _ _ _ | Sends r _ _ | Receives r _ | Saves r _ | Restores r _
  | Claims (Reads r _ _) | Claims (Decides r _ _) | Claims (Tells r _ _) | Claims (Counts r _ _)
      => [r]
  | _ => []
  end.

(** The header of the file: all who act, and the schema. *)
Definition header_of (past : list line) : header Name :=
  Header (set_of compare_name (flat_map acting past)) types.

(** ** Another answer to the same question *)

Definition counted (vector : list (Name * N)) (name : Name) : N :=
  match find name vector with
  | Some n => n
  | None => 0
  end.

(** A replica of which nothing was seen may be left out. *)
Definition same_counts (claimed actual : list (Name * N)) : Prop :=
  forall name,
    (forall n, In (name, n) claimed -> n = counted actual name) /\
    (counted actual name <> 0 -> exists n, In (name, n) claimed).

(** [None] is an answer without the shape that was asked for. *)
Definition unlike {A : Type} (same : A -> A -> Prop) (claimed : option A) (actual : A) : Prop :=
  match claimed with
  | Some claimed => ~ same claimed actual
  | None => True
  end.

Definition another (c c' : claim) : Prop :=
  match c, c' with
  | Reads r o (Some actual), Reads r' o' claimed =>
      r' = r /\ o' = o /\ unlike same_answer claimed actual
  | Decides r o (Some actual), Decides r' o' claimed =>
      r' = r /\ o' = o /\ unlike (rearranged same_decision) claimed actual
  | Tells r user (Some actual), Tells r' user' claimed =>
      r' = r /\ user' = user /\ unlike (@Permutation _) claimed actual
  | Counts r None (Some actual), Counts r' None claimed =>
      r' = r /\ unlike same_counts claimed actual
  | _, _ => False
  end.

Definition rule_of (c : claim) : rule :=
  match c with
  | Decides _ _ _ => Decisions_rule
  | Tells _ _ _ => Notices_rule
  | Counts _ _ _ => Vector_rule
  | _ => Value_rule
  end.
End Recording.
