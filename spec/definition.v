(** The meaning of every type, on events and what each saw.

    Meaning: an object means a function of [E], the events of that object that a replica has
    seen. The functions here are the contract written down as directly as possible; they
    quantify over [E] only, which need not be closed under what its events saw. Nothing here
    is incremental; the replicated types are, and are proved equal to this where [E] is closed.
    Source: Burckhardt et al., Replicated Data Types: Specification, Verification, Optimality,
    POPL 2014 (meaning as a function of visible events). *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot.
From Rejoin Require version_vector.
Import ListNotations.
Open Scope N_scope.

Inductive object_type := G_counter | Lww_register | Or_set | Lww_map | Log.

(** The effect of a decision on a member of a set. *)
Inductive presence := Removed | Added.

Definition compare_presence (x y : presence) : comparison :=
  match x, y with
  | Removed, Added => Lt
  | Added, Removed => Gt
  | _, _ => Eq
  end.

(** What a type answers when it is read: a count, a register's value, a set's elements, a
    map's entries without deleted keys, a log's entries in order. *)
Inductive answer (Name Value : Type) :=
| Count (total : N)
| Content (value : Value)
| Elements (elements : sorted_set Name)
| Entries (entries : sorted_map Name Value)
| Items (items : list Value).

Arguments Count {Name Value}.
Arguments Content {Name Value}.
Arguments Elements {Name Value}.
Arguments Entries {Name Value}.
Arguments Items {Name Value}.

(** An open merge decision: the operations whose effect was kept, and the latest words that
    were overruled, each named by replica and sequence number, sorted, with repeats. *)
Record merge_decision (Name K : Type) := Merge_decision {
  key : K;
  kept : list (Name * N);
  superseded : list (Name * N)
}.

Arguments Merge_decision {Name K}.
Arguments key {Name K}.
Arguments kept {Name K}.
Arguments superseded {Name K}.

Section Definition_.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_value : Value -> Value -> comparison).
(** Writing [null] to a register or a key deletes. *)
Context (null : Value).
Local Notation compare_dot := (compare_dot compare_name).

Inductive operation :=
| Increment (amount : N)
| Write (timestamp : N) (value : Value)
| Add (element : Name)
| Remove (element : Name)
| Put (element : Name) (timestamp : N) (value : Value)
| Append (timestamp : N) (entry : Value).

(** One operation as it happened. [seq_of] is 1 + the number of events of the same replica,
    over all objects, that it had seen; [saw] are the events of the same object that it had
    seen. *)
Record event := Event {
  object_of : Name;
  dot_of : dot Name;
  seq_of : N;
  user_of : option Name;
  operation_of : operation;
  saw : sorted_set (dot Name)
}.

Definition sees (f e : event) : bool := member compare_dot (dot_of e) (saw f).

Definition replica_of (e : event) : Name := replica (dot_origin (dot_of e)).

(** The events of one object. *)
Definition of_object (name : Name) (events : list event) : list event :=
  filter (fun e => equal compare_name (object_of e) name) events.

(** The events on the objects that [names] has. *)
Definition on_objects_of {V : Type} (names : sorted_map Name V) (events : list event)
    : list event :=
  filter (fun e =>
    match find compare_name (object_of e) names with
    | Some _ => true
    | None => false
    end) events.

(** ** G-Counter *)

Definition amount_of (e : event) : N :=
  match operation_of e with
  | Increment amount => amount
  | _ => 0
  end.

Definition count (E : list event) : N := fold_right N.add 0 (map amount_of E).

(** ** OR-Set: an add counts until a remove that saw it. *)

Definition is_add (x : Name) (e : event) : bool :=
  match operation_of e with
  | Add y => equal compare_name x y
  | _ => false
  end.

Definition is_remove (x : Name) (e : event) : bool :=
  match operation_of e with
  | Remove y => equal compare_name x y
  | _ => false
  end.

Definition in_set (E : list event) (x : Name) : bool :=
  existsb (fun add => is_add x add &&
    negb (existsb (fun remove => is_remove x remove && sees remove add) E)) E.

Definition added (e : event) : list Name :=
  match operation_of e with
  | Add x => [x]
  | _ => []
  end.

Definition elements (E : list event) : sorted_set Name :=
  filter (in_set E) (set_of compare_name (flat_map added E)).

(** ** LWW: the write that is greatest by timestamp, replica, sequence number and value. *)

Definition stamp : Type := N * (Name * (N * Value)).

Definition compare_stamp : stamp -> stamp -> comparison :=
  compare_pair N.compare (compare_pair compare_name (compare_pair N.compare compare_value)).

Definition stamp_of (e : event) (timestamp : N) (value : Value) : stamp :=
  (timestamp, (replica_of e, (seq_of e, value))).

Definition value_of (greatest : option stamp) : Value :=
  match greatest with
  | Some (_, (_, (_, value))) => value
  | None => null
  end.

Definition greatest (stamps : list stamp) : option stamp :=
  fold_right (fun s => greater_option compare_stamp (Some s)) None stamps.

Definition register_stamps (e : event) : list stamp :=
  match operation_of e with
  | Write timestamp value => [stamp_of e timestamp value]
  | _ => []
  end.

Definition content (E : list event) : Value := value_of (greatest (flat_map register_stamps E)).

Definition key_stamps (k : Name) (e : event) : list stamp :=
  match operation_of e with
  | Put k' timestamp value =>
      if equal compare_name k k' then [stamp_of e timestamp value] else []
  | _ => []
  end.

Definition content_at (E : list event) (k : Name) : Value :=
  value_of (greatest (flat_map (key_stamps k) E)).

Definition put_key (e : event) : list Name :=
  match operation_of e with
  | Put k _ _ => [k]
  | _ => []
  end.

Definition entries (E : list event) : sorted_map Name Value :=
  filter (fun entry => negb (equal compare_value (snd entry) null))
    (map (fun k => (k, content_at E k)) (set_of compare_name (flat_map put_key E))).

(** ** Log: all entries in the order of their stamps. *)

Definition entry_stamps (e : event) : list stamp :=
  match operation_of e with
  | Append timestamp entry => [stamp_of e timestamp entry]
  | _ => []
  end.

Definition entry_of (s : stamp) : Value := snd (snd (snd s)).

Definition items (E : list event) : list Value :=
  map entry_of (sort compare_stamp (flat_map entry_stamps E)).

Definition read (type : object_type) (E : list event) : answer Name Value :=
  match type with
  | G_counter => Count (count E)
  | Lww_register => Content (content E)
  | Or_set => Elements (elements E)
  | Lww_map => Entries (entries E)
  | Log => Items (items E)
  end.

(** ** State vector: the number of events seen of each replica. *)

Definition seen_of (name : Name) (E : list event) : N :=
  N.of_nat (length (filter (fun e => equal compare_name (replica_of e) name) E)).

Definition vector (E : list event) : sorted_map Name N :=
  map (fun name => (name, seen_of name E)) (set_of compare_name (map replica_of E)).

(** ** Merge decisions and notices

    A decision on a key is an operation on it. A reading says which key an operation decides,
    at what time (0 where time plays no part), and to what effect. *)

Section Decisions.
Context {K Effect : Type}.
Context (compare_key : K -> K -> comparison).
Context (compare_effect : Effect -> Effect -> comparison).
Context (reading : operation -> option (K * (N * Effect))).

Definition effect_on (k : K) (e : event) : option Effect :=
  match reading (operation_of e) with
  | Some (k', (_, effect)) => if equal compare_key k k' then Some effect else None
  | None => None
  end.

Definition decides (k : K) (e : event) : bool :=
  match effect_on k e with
  | Some _ => true
  | None => false
  end.

(** No decision on that key saw it. *)
Definition maximal (E : list event) (k : K) (e : event) : bool :=
  decides k e && negb (existsb (fun f => decides k f && sees f e) E).

Definition has_effect (k : K) (current : Effect) (e : event) : bool :=
  match effect_on k e with
  | Some effect => equal compare_effect effect current
  | None => false
  end.

(** The current effect and those of the maximal decisions are not all the same. *)
Definition open (current : K -> Effect) (E : list event) (k : K) : bool :=
  existsb (fun e => maximal E k e && negb (has_effect k (current k) e)) E.

Definition name_of (e : event) : Name * N := (replica_of e, seq_of e).

Definition compare_event_name : Name * N -> Name * N -> comparison :=
  compare_pair compare_name N.compare.

Definition decided_keys (E : list event) : sorted_set K :=
  set_of compare_key (flat_map (fun e =>
    match reading (operation_of e) with
    | Some (k, _) => [k]
    | None => []
    end) E).

Definition kept_at (current : K -> Effect) (E : list event) (k : K) : list event :=
  filter (fun e => maximal E k e && has_effect k (current k) e) E.

Definition superseded_at (current : K -> Effect) (E : list event) (k : K) : list event :=
  filter (fun e => maximal E k e && negb (has_effect k (current k) e)) E.

Definition merge_decisions (current : K -> Effect) (E : list event)
    : list (merge_decision Name K) :=
  map (fun k => Merge_decision k
      (sort compare_event_name (map name_of (kept_at current E k)))
      (sort compare_event_name (map name_of (superseded_at current E k))))
    (filter (open current E) (decided_keys E)).

Definition by_user (user : Name) (e : event) : bool :=
  equal (compare_option compare_name) (user_of e) (Some user).

(** What a user is to be told: each superseded decision of theirs, by key. *)
Definition notices (current : K -> Effect) (user : Name) (E : list event)
    : list (K * (Name * N)) :=
  flat_map (fun k => map (pair k)
      (sort compare_event_name
        (map name_of (filter (by_user user) (superseded_at current E k)))))
    (filter (open current E) (decided_keys E)).
End Decisions.

Definition register_reading (op : operation) : option (unit * (N * Value)) :=
  match op with
  | Write timestamp value => Some (tt, (timestamp, value))
  | _ => None
  end.

Definition set_reading (op : operation) : option (Name * (N * presence)) :=
  match op with
  | Add x => Some (x, (0, Added))
  | Remove x => Some (x, (0, Removed))
  | _ => None
  end.

Definition map_reading (op : operation) : option (Name * (N * Value)) :=
  match op with
  | Put k timestamp value => Some (k, (timestamp, value))
  | _ => None
  end.

Definition current_content (E : list event) (k : unit) : Value := content E.

Definition current_presence (E : list event) (x : Name) : presence :=
  if in_set E x then Added else Removed.

(** A register's only key has no name. *)
Definition under_name {A : Type} (name : A -> option Name) (d : merge_decision Name A)
    : merge_decision Name (option Name) :=
  Merge_decision (name (key d)) (kept d) (superseded d).

Definition decisions (type : object_type) (E : list event)
    : list (merge_decision Name (option Name)) :=
  match type with
  | Lww_register =>
      map (under_name (fun _ => None))
        (merge_decisions compare_unit compare_value register_reading (current_content E) E)
  | Or_set =>
      map (under_name Some)
        (merge_decisions compare_name compare_presence set_reading (current_presence E) E)
  | Lww_map =>
      map (under_name Some)
        (merge_decisions compare_name compare_value map_reading (content_at E) E)
  | G_counter | Log => []
  end.

Definition object_notices (type : object_type) (user : Name) (E : list event)
    : list (option Name * (Name * N)) :=
  match type with
  | Lww_register =>
      map (fun notice => (None, snd notice))
        (notices compare_unit compare_value register_reading (current_content E) user E)
  | Or_set =>
      map (fun notice => (Some (fst notice), snd notice))
        (notices compare_name compare_presence set_reading (current_presence E) user E)
  | Lww_map =>
      map (fun notice => (Some (fst notice), snd notice))
        (notices compare_name compare_value map_reading (content_at E) user E)
  | G_counter | Log => []
  end.

(** What a user is to be told, over all objects. *)
Definition all_notices (types : sorted_map Name object_type) (user : Name) (E : list event)
    : list (Name * (option Name * (Name * N))) :=
  flat_map (fun entry => map (pair (fst entry))
    (object_notices (snd entry) user (of_object (fst entry) E))) types.

(** ** Histories *)

(** An increment is at least 1. *)
Definition valid (op : operation) : bool :=
  match op with
  | Increment amount => 1 <=? amount
  | _ => true
  end.

(** Whether objects of the type have the operation. *)
Definition allows (type : object_type) (op : operation) : bool :=
  match type, op with
  | G_counter, Increment _
  | Lww_register, Write _ _
  | Or_set, (Add _ | Remove _)
  | Lww_map, Put _ _ _
  | Log, Append _ _ => true
  | _, _ => false
  end.

(** One history of one object: what can have happened on it where every replica has seen, of
    all it has seen, also what that had seen. Dots are unique; an origin sees its own earlier
    operations; seeing is transitive; nothing sees itself. *)
Record history (H : list event) : Prop := {
  dots_are_unique : forall e f,
    In e H -> In f H -> dot_of e = dot_of f -> e = f;
  events_are_distinct : NoDup H;
  counters_start_at_1 : forall e, In e H -> 1 <= counter (dot_of e);
  operations_are_valid : forall e, In e H -> valid (operation_of e) = true;
  origins_see_their_own : forall e n,
    In e H -> 1 <= n < counter (dot_of e) ->
    member compare_dot (Dot (dot_origin (dot_of e)) n) (saw e) = true;
  seeing_is_transitive : forall e f d,
    In e H -> In f H -> sees e f = true ->
    member compare_dot d (saw f) = true -> member compare_dot d (saw e) = true;
  nothing_sees_itself : forall e, In e H -> sees e e = false
}.

(** All that the events of [E] saw is in [E]. *)
Definition closed (E : list event) : Prop :=
  forall e d, In e E -> In d (saw e) -> exists f, In f E /\ dot_of f = d.

(** What a replica can have seen of the history [H]: what it saw, with all that this saw. *)
Record cut (H E : list event) : Prop := {
  cut_happened : incl E H;
  cut_is_distinct : NoDup E;
  cut_is_closed : closed E
}.

(** Many objects: each has a history of its own, and is seen for itself. *)
Definition histories (H : list event) : Prop := forall name, history (of_object name H).

Definition cuts (H E : list event) : Prop :=
  forall name, cut (of_object name H) (of_object name E).

(** All that [e] saw is [E]. *)
Definition saw_exactly (e : event) (E : list event) : Prop :=
  (forall f, In f E -> sees e f = true) /\ incl (saw e) (map dot_of E).

Definition same_event (e f : event) : bool :=
  equal compare_name (object_of e) (object_of f) &&
  equal compare_dot (dot_of e) (dot_of f).

Definition has_event (E : list event) (e : event) : bool := existsb (same_event e) E.

Definition union_events (E F : list event) : list event :=
  E ++ filter (fun f => negb (has_event E f)) F.
End Definition_.

Arguments operation : clear implicits.
Arguments event : clear implicits.
