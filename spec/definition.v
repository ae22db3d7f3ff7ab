(** The meaning of every type, on events and what each saw.

    Meaning: an object means a function of [E], the events of that object that a replica has
    seen. The functions here are the contract written down as directly as possible; they
    quantify over [E] only, which need not be closed under what its events saw. Nothing here
    is incremental; the replicated types are, and are proved equal to this where [E] is closed.
    Source: Burckhardt et al., Replicated Data Types: Specification, Verification, Optimality,
    POPL 2014 (meaning as a function of visible events). *)

From Coq Require Import List Bool NArith BinInt.
From Rejoin Require Import order sorted_map dot.
From Rejoin Require version_vector.
Import ListNotations.
Open Scope N_scope.

Inductive object_type :=
| G_counter | Lww_register | Or_set | Lww_map | Log
| Pn_counter | Rw_set | Ew_flag | Dw_flag | Mv_register | Mv_map | Max_register | Min_register.

(** The effect of a decision on a member of a set, or on a flag: enabling adds, disabling
    removes. *)
Inductive presence := Removed | Added.

Definition compare_presence (x y : presence) : comparison :=
  match x, y with
  | Removed, Added => Lt
  | Added, Removed => Gt
  | _, _ => Eq
  end.

(** What a type answers when it is read: a count, a register's value, a set's elements, a
    map's entries without deleted keys, a log's entries in order; a balance, whether a flag is
    enabled, the concurrent values of a register, those of each key of a map, the greatest or
    the least integer. *)
Inductive answer (Name Value : Type) :=
| Count (total : N)
| Content (value : Value)
| Elements (elements : sorted_set Name)
| Entries (entries : sorted_map Name Value)
| Items (items : list Value)
| Balance (total : Z)
| Enabled (enabled : bool)
| Values (values : sorted_set Value)
| Value_sets (entries : sorted_map Name (sorted_set Value))
| Integer (extreme : option Z).

Arguments Count {Name Value}.
Arguments Content {Name Value}.
Arguments Elements {Name Value}.
Arguments Entries {Name Value}.
Arguments Items {Name Value}.
Arguments Balance {Name Value}.
Arguments Enabled {Name Value}.
Arguments Values {Name Value}.
Arguments Value_sets {Name Value}.
Arguments Integer {Name Value}.

(** An open merge decision: the operations whose effect was kept, and the maximal decisions that
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

(** A multi-value register and a multi-value map have [Write] and [Put] too, and leave the
    timestamp out of account. *)
Inductive operation :=
| Increment (amount : N)
| Write (timestamp : N) (value : Value)
| Add (element : Name)
| Remove (element : Name)
| Put (element : Name) (timestamp : N) (value : Value)
| Append (timestamp : N) (entry : Value)
| Decrement (amount : N)
| Enable
| Disable
| Write_integer (integer : Z).

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

(** ** PN-Counter *)

Definition decrement_of (e : event) : N :=
  match operation_of e with
  | Decrement amount => amount
  | _ => 0
  end.

Definition count_down (E : list event) : N := fold_right N.add 0 (map decrement_of E).

Definition balance (E : list event) : Z := (Z.of_N (count E) - Z.of_N (count_down E))%Z.

(** ** Sets of other rules; the G-Set and the 2P-Set have no engine. *)

Definition in_g_set (E : list event) (x : Name) : bool := existsb (is_add x) E.

Definition in_2p_set (E : list event) (x : Name) : bool :=
  existsb (is_add x) E && negb (existsb (is_remove x) E).

(** Remove wins: each remove is seen by some add. *)
Definition in_rw_set (E : list event) (x : Name) : bool :=
  existsb (is_add x) E &&
  forallb (fun remove => implb (is_remove x remove)
    (existsb (fun add => is_add x add && sees add remove) E)) E.

Definition elements_by (contains : list event -> Name -> bool) (E : list event)
    : sorted_set Name :=
  filter (contains E) (set_of compare_name (flat_map added E)).

(** ** Flags *)

Definition is_enable (e : event) : bool :=
  match operation_of e with
  | Enable => true
  | _ => false
  end.

Definition is_disable (e : event) : bool :=
  match operation_of e with
  | Disable => true
  | _ => false
  end.

(** Enable wins: some enable is seen by no disable. *)
Definition ew_enabled (E : list event) : bool :=
  existsb (fun enable => is_enable enable &&
    negb (existsb (fun disable => is_disable disable && sees disable enable) E)) E.

(** Disable wins: each disable is seen by some enable. *)
Definition dw_enabled (E : list event) : bool :=
  existsb is_enable E &&
  forallb (fun disable => implb (is_disable disable)
    (existsb (fun enable => is_enable enable && sees enable disable) E)) E.

(** ** Multi-value: what was written by those writes that no other write saw. *)

Definition written (e : event) : option Value :=
  match operation_of e with
  | Write _ value => Some value
  | _ => None
  end.

Definition put_at (k : Name) (e : event) : option Value :=
  match operation_of e with
  | Put k' _ value => if equal compare_name k k' then Some value else None
  | _ => None
  end.

(** [writes] says what an event wrote. *)
Definition unseen_values (writes : event -> option Value) (E : list event) : list Value :=
  flat_map (fun e =>
    match writes e with
    | Some value =>
        if existsb (fun f =>
          match writes f with
          | Some _ => sees f e
          | None => false
          end) E then [] else [value]
    | None => []
    end) E.

Definition set_of_values (values : list Value) : sorted_set Value :=
  filter (fun value => negb (equal compare_value value null)) (set_of compare_value values).

Definition concurrent_values (E : list event) : sorted_set Value :=
  set_of_values (unseen_values written E).

Definition concurrent_values_at (E : list event) (k : Name) : sorted_set Value :=
  set_of_values (unseen_values (put_at k) E).

Definition concurrent_entries (E : list event) : sorted_map Name (sorted_set Value) :=
  map_some if_any
    (map (fun k => (k, concurrent_values_at E k)) (set_of compare_name (flat_map put_key E))).

(** ** Max- and min-register *)

Definition written_integers (E : list event) : list Z :=
  flat_map (fun e =>
    match operation_of e with
    | Write_integer n => [n]
    | _ => []
    end) E.

(** The greatest by a comparison, if there is any. *)
Definition extreme (compare : Z -> Z -> comparison) (E : list event) : option Z :=
  fold_right (fun n => greater_option compare (Some n)) None (written_integers E).

Definition read (type : object_type) (E : list event) : answer Name Value :=
  match type with
  | G_counter => Count (count E)
  | Lww_register => Content (content E)
  | Or_set => Elements (elements E)
  | Lww_map => Entries (entries E)
  | Log => Items (items E)
  | Pn_counter => Balance (balance E)
  | Rw_set => Elements (elements_by in_rw_set E)
  | Ew_flag => Enabled (ew_enabled E)
  | Dw_flag => Enabled (dw_enabled E)
  | Mv_register => Values (concurrent_values E)
  | Mv_map => Value_sets (concurrent_entries E)
  | Max_register => Integer (extreme Z.compare E)
  | Min_register => Integer (extreme (turned Z.compare) E)
  end.

(** Whether a set of the type has the element. *)
Definition contains (type : object_type) (E : list event) (x : Name) : bool :=
  match type with
  | Rw_set => in_rw_set E x
  | _ => in_set E x
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

(** The notices of a user: each superseded decision of theirs, by key. *)
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

Definition flag_reading (op : operation) : option (unit * (N * presence)) :=
  match op with
  | Enable => Some (tt, (0, Added))
  | Disable => Some (tt, (0, Removed))
  | _ => None
  end.

Definition mv_register_reading (op : operation) : option (unit * (N * Value)) :=
  match op with
  | Write _ value => Some (tt, (0, value))
  | _ => None
  end.

Definition mv_map_reading (op : operation) : option (Name * (N * Value)) :=
  match op with
  | Put k _ value => Some (k, (0, value))
  | _ => None
  end.

Definition current_content (E : list event) (k : unit) : Value := content E.

Definition presence_of (there : bool) : presence := if there then Added else Removed.

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
  | Rw_set =>
      map (under_name Some)
        (merge_decisions compare_name compare_presence set_reading
          (fun x => presence_of (in_rw_set E x)) E)
  | Ew_flag =>
      map (under_name (fun _ => None))
        (merge_decisions compare_unit compare_presence flag_reading
          (fun _ => presence_of (ew_enabled E)) E)
  | Dw_flag =>
      map (under_name (fun _ => None))
        (merge_decisions compare_unit compare_presence flag_reading
          (fun _ => presence_of (dw_enabled E)) E)
  | G_counter | Log | Pn_counter | Mv_register | Mv_map | Max_register | Min_register => []
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
  | Rw_set =>
      map (fun notice => (Some (fst notice), snd notice))
        (notices compare_name compare_presence set_reading
          (fun x => presence_of (in_rw_set E x)) user E)
  | Ew_flag =>
      map (fun notice => (None, snd notice))
        (notices compare_unit compare_presence flag_reading
          (fun _ => presence_of (ew_enabled E)) user E)
  | Dw_flag =>
      map (fun notice => (None, snd notice))
        (notices compare_unit compare_presence flag_reading
          (fun _ => presence_of (dw_enabled E)) user E)
  | G_counter | Log | Pn_counter | Mv_register | Mv_map | Max_register | Min_register => []
  end.

(** The notices of a user, over all objects. *)
Definition all_notices (types : sorted_map Name object_type) (user : Name) (E : list event)
    : list (Name * (option Name * (Name * N))) :=
  flat_map (fun entry => map (pair (fst entry))
    (object_notices (snd entry) user (of_object (fst entry) E))) types.

(** ** Histories *)

(** An increment or a decrement is at least 1. *)
Definition valid (op : operation) : bool :=
  match op with
  | Increment amount | Decrement amount => 1 <=? amount
  | _ => true
  end.

(** Whether objects of the type have the operation. *)
Definition allows (type : object_type) (op : operation) : bool :=
  match type, op with
  | G_counter, Increment _
  | Lww_register, Write _ _
  | Or_set, (Add _ | Remove _)
  | Lww_map, Put _ _ _
  | Log, Append _ _
  | Pn_counter, (Increment _ | Decrement _)
  | Rw_set, (Add _ | Remove _)
  | (Ew_flag | Dw_flag), (Enable | Disable)
  | Mv_register, Write _ _
  | Mv_map, Put _ _ _
  | (Max_register | Min_register), Write_integer _ => true
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
