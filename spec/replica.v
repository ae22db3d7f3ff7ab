(** Replica: all objects of one replica, as one product.

    Meaning: each object is seen for itself and has a version vector of its own, so that some
    objects may be synchronized before others.
    Laws: the product of semilattices is one ([replica_proof.v]).
    Cost: that of the objects.
    Source: Almeida et al., Delta State Replicated Data Types, JPDC 2018, section 4. *)

From Coq Require Import List Bool NArith BinInt.
From Rejoin Require Import order sorted_map dot delta.
From Rejoin Require version_vector definition.
From Rejoin Require g_counter lww_register or_set lww_map log.
From Rejoin Require pn_counter rw_set ew_flag dw_flag mv_register mv_map.
From Rejoin Require max_register min_register.
Import definition (object_type, G_counter, Lww_register, Or_set, Lww_map, Log,
  Pn_counter, Rw_set, Ew_flag, Dw_flag, Mv_register, Mv_map, Max_register, Min_register,
  Count, Content, Elements, Entries, Items, Balance, Enabled, Values, Value_sets, Integer).
Import ListNotations.
Open Scope N_scope.

Section Replica.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_value : Value -> Value -> comparison).
Context (null : Value).
Local Notation vector := (version_vector.state Name).

(** The state of one object. *)
Inductive object :=
| A_counter (s : g_counter.state Name)
| A_register (s : lww_register.state Name Value)
| A_set (s : or_set.state Name)
| A_map (s : lww_map.state Name Value)
| A_log (s : log.state Name Value)
| A_pn_counter (s : pn_counter.state Name)
| An_rw_set (s : rw_set.state Name)
| An_ew_flag (s : ew_flag.state Name)
| A_dw_flag (s : dw_flag.state Name)
| An_mv_register (s : mv_register.state Name Value)
| An_mv_map (s : mv_map.state Name Value)
| A_max_register (s : max_register.state Name)
| A_min_register (s : min_register.state Name).

(** The states of all objects, or of some. *)
Definition objects : Type := sorted_map Name object.

(** Who it is, and what it has seen. *)
Record state := Replica { self : origin Name; held : objects }.

(** Which objects there are. *)
Definition schema : Type := sorted_map Name object_type.

Definition type_of (x : object) : object_type :=
  match x with
  | A_counter _ => G_counter
  | A_register _ => Lww_register
  | A_set _ => Or_set
  | A_map _ => Lww_map
  | A_log _ => Log
  | A_pn_counter _ => Pn_counter
  | An_rw_set _ => Rw_set
  | An_ew_flag _ => Ew_flag
  | A_dw_flag _ => Dw_flag
  | An_mv_register _ => Mv_register
  | An_mv_map _ => Mv_map
  | A_max_register _ => Max_register
  | A_min_register _ => Min_register
  end.

Definition same_type (s t : object_type) : bool :=
  match s, t with
  | G_counter, G_counter | Lww_register, Lww_register | Or_set, Or_set
  | Lww_map, Lww_map | Log, Log
  | Pn_counter, Pn_counter | Rw_set, Rw_set | Ew_flag, Ew_flag | Dw_flag, Dw_flag
  | Mv_register, Mv_register | Mv_map, Mv_map
  | Max_register, Max_register | Min_register, Min_register => true
  | _, _ => false
  end.

Definition well_formed_object (x : object) : bool :=
  match x with
  | A_counter s => g_counter.well_formed compare_name s
  | A_register s => lww_register.well_formed compare_name compare_value s
  | A_set s => or_set.well_formed compare_name s
  | A_map s => lww_map.well_formed compare_name compare_value s
  | A_log s => log.well_formed compare_name compare_value s
  | A_pn_counter s => pn_counter.well_formed compare_name s
  | An_rw_set s => rw_set.well_formed compare_name s
  | An_ew_flag s => ew_flag.well_formed compare_name s
  | A_dw_flag s => dw_flag.well_formed compare_name s
  | An_mv_register s => mv_register.well_formed compare_name compare_value s
  | An_mv_map s => mv_map.well_formed compare_name compare_value s
  | A_max_register s => max_register.well_formed compare_name s
  | A_min_register s => min_register.well_formed compare_name s
  end.

(** Every object is declared with its type. *)
Definition fits (types : schema) (entry : Name * object) : bool :=
  match find compare_name (fst entry) types with
  | Some type => same_type type (type_of (snd entry))
  | None => false
  end.

Definition well_formed (types : schema) (xs : objects) : bool :=
  sorted compare_name xs &&
  forallb (fun entry => well_formed_object (snd entry) && fits types entry) xs.

(** Each operation that an object lists was seen. *)
Definition covered_object (x : object) : bool :=
  match x with
  | A_counter _ => true
  | A_register s => lww_register.covered compare_name s
  | A_set s => decisions.covered compare_name s
  | A_map s => lww_map.covered compare_name s
  | A_log s => log.covered compare_name s
  | An_rw_set s => decisions.covered compare_name s
  | An_ew_flag s => decisions.covered compare_name s
  | A_dw_flag s => decisions.covered compare_name s
  | An_mv_register s => decisions.covered compare_name s
  | An_mv_map s => decisions.covered compare_name s
  | A_pn_counter _ | A_max_register _ | A_min_register _ => true
  end.

Definition covered (xs : objects) : bool := forallb (fun entry => covered_object (snd entry)) xs.

Definition bottom_object (type : object_type) : object :=
  match type with
  | G_counter => A_counter g_counter.bottom
  | Lww_register => A_register lww_register.bottom
  | Or_set => A_set or_set.bottom
  | Lww_map => A_map lww_map.bottom
  | Log => A_log log.bottom
  | Pn_counter => A_pn_counter pn_counter.bottom
  | Rw_set => An_rw_set rw_set.bottom
  | Ew_flag => An_ew_flag ew_flag.bottom
  | Dw_flag => A_dw_flag dw_flag.bottom
  | Mv_register => An_mv_register mv_register.bottom
  | Mv_map => An_mv_map mv_map.bottom
  | Max_register => A_max_register max_register.bottom
  | Min_register => A_min_register min_register.bottom
  end.

(** No object at all. *)
Definition bottom : objects := [].

(** Every object of the schema, untouched. *)
Definition untouched (types : schema) : objects :=
  map (fun entry => (fst entry, bottom_object (snd entry))) types.

Definition start (o : origin Name) (types : schema) : state := Replica o (untouched types).

(** Objects of one schema never differ in type. *)
Definition join_object (a b : object) : object :=
  match a, b with
  | A_counter a, A_counter b => A_counter (g_counter.join compare_name a b)
  | A_register a, A_register b =>
      A_register (lww_register.join compare_name compare_value a b)
  | A_set a, A_set b => A_set (or_set.join compare_name a b)
  | A_map a, A_map b => A_map (lww_map.join compare_name compare_value a b)
  | A_log a, A_log b => A_log (log.join compare_name compare_value a b)
  | A_pn_counter a, A_pn_counter b => A_pn_counter (pn_counter.join compare_name a b)
  | An_rw_set a, An_rw_set b => An_rw_set (rw_set.join compare_name a b)
  | An_ew_flag a, An_ew_flag b => An_ew_flag (ew_flag.join compare_name a b)
  | A_dw_flag a, A_dw_flag b => A_dw_flag (dw_flag.join compare_name a b)
  | An_mv_register a, An_mv_register b =>
      An_mv_register (mv_register.join compare_name compare_value a b)
  | An_mv_map a, An_mv_map b => An_mv_map (mv_map.join compare_name compare_value a b)
  | A_max_register a, A_max_register b =>
      A_max_register (max_register.join compare_name Z.compare a b)
  | A_min_register a, A_min_register b => A_min_register (min_register.join compare_name a b)
  | a, _ => a
  end.

Definition join (a b : objects) : objects :=
  merge compare_name (fun x y =>
    match x, y with
    | Some x, Some y => Some (join_object x y)
    | Some x, None => Some x
    | None, y => y
    end) a b.

(** The backup's objects under a new incarnation, one that was never used. *)
Definition restore (o : origin Name) (backup : objects) : state := Replica o backup.

Definition seen_object (x : object) : vector :=
  match x with
  | A_counter s => g_counter.seen s
  | A_register s => lww_register.seen s
  | A_set s => or_set.seen s
  | A_map s => lww_map.seen s
  | A_log s => log.seen s
  | A_pn_counter s => pn_counter.seen s
  | An_rw_set s => rw_set.seen s
  | An_ew_flag s => ew_flag.seen s
  | A_dw_flag s => dw_flag.seen s
  | An_mv_register s => mv_register.seen s
  | An_mv_map s => mv_map.seen s
  | A_max_register s => max_register.seen s
  | A_min_register s => min_register.seen s
  end.

(** What each object has seen. *)
Definition vectors (xs : objects) : sorted_map Name (version_vector.state Name) :=
  map (fun entry => (fst entry, seen_object (snd entry))) xs.

(** How many operations of one replica have been seen, over all objects and incarnations. *)
Definition seen_of (name : Name) (xs : objects) : N :=
  fold_right (fun entry total =>
    version_vector.seen_of compare_name name (seen_object (snd entry)) + total) 0 xs.

(** Nothing, where the type lacks the operation. *)
Definition perform_on (x : object) (o : origin Name) (seq : N) (user : option Name)
    (op : definition.operation Name Value) : option object :=
  match x, op with
  | A_counter s, definition.Increment amount =>
      Some (A_counter (g_counter.increment compare_name o amount s))
  | A_register s, definition.Write time v =>
      Some (A_register (lww_register.write compare_name compare_value o seq time user v s))
  | A_set s, definition.Add x => Some (A_set (or_set.add compare_name o seq user x s))
  | A_set s, definition.Remove x => Some (A_set (or_set.remove compare_name o seq user x s))
  | A_map s, definition.Put k time v =>
      Some (A_map (lww_map.put compare_name compare_value o seq time user k v s))
  | A_log s, definition.Append time v =>
      Some (A_log (log.append compare_name compare_value o seq time v s))
  | A_pn_counter s, definition.Increment amount =>
      Some (A_pn_counter (pn_counter.increment compare_name o amount s))
  | A_pn_counter s, definition.Decrement amount =>
      Some (A_pn_counter (pn_counter.decrement compare_name o amount s))
  | An_rw_set s, definition.Add x => Some (An_rw_set (rw_set.add compare_name o seq user x s))
  | An_rw_set s, definition.Remove x =>
      Some (An_rw_set (rw_set.remove compare_name o seq user x s))
  | An_ew_flag s, definition.Enable =>
      Some (An_ew_flag (ew_flag.enable compare_name o seq user s))
  | An_ew_flag s, definition.Disable =>
      Some (An_ew_flag (ew_flag.disable compare_name o seq user s))
  | A_dw_flag s, definition.Enable => Some (A_dw_flag (dw_flag.enable compare_name o seq user s))
  | A_dw_flag s, definition.Disable =>
      Some (A_dw_flag (dw_flag.disable compare_name o seq user s))
  | An_mv_register s, definition.Write _ v =>
      Some (An_mv_register (mv_register.write compare_name o seq user v s))
  | An_mv_map s, definition.Put k _ v =>
      Some (An_mv_map (mv_map.put compare_name o seq user k v s))
  | A_max_register s, definition.Write_integer n =>
      Some (A_max_register (max_register.write compare_name Z.compare o n s))
  | A_min_register s, definition.Write_integer n =>
      Some (A_min_register (min_register.write compare_name o n s))
  | _, _ => None
  end.

(** Nothing, where there is no such object, or its type lacks the operation. *)
Definition perform (name : Name) (op : definition.operation Name Value)
    (user : option Name) (r : state) : option state :=
  match find compare_name name (held r) with
  | None => None
  | Some x =>
      match perform_on x (self r) (seen_of (replica (self r)) (held r) + 1) user op with
      | None => None
      | Some x => Some (Replica (self r) (set compare_name name x (held r)))
      end
  end.

(** ** Queries *)

Definition value (x : object) : definition.answer Name Value :=
  match x with
  | A_counter s => Count (g_counter.value s)
  | A_register s => Content (lww_register.value null s)
  | A_set s => Elements (or_set.value s)
  | A_map s => Entries (lww_map.value compare_value null s)
  | A_log s => Items (log.value s)
  | A_pn_counter s => Balance (pn_counter.value s)
  | An_rw_set s => Elements (rw_set.value s)
  | An_ew_flag s => Enabled (ew_flag.value s)
  | A_dw_flag s => Enabled (dw_flag.value s)
  | An_mv_register s => Values (mv_register.value compare_value null s)
  | An_mv_map s => Value_sets (mv_map.value compare_value null s)
  | A_max_register s => Integer (max_register.value s)
  | A_min_register s => Integer (min_register.value s)
  end.

(** The replicas whose operations have been seen. *)
Definition known (xs : objects) : sorted_set Name :=
  set_of compare_name
    (flat_map (fun entry =>
      map (fun counted => replica (fst counted)) (seen_object (snd entry))) xs).

(** The state vector: how many operations of each replica have been seen. *)
Definition vector_of (xs : objects) : sorted_map Name N :=
  map (fun name => (name, seen_of name xs)) (known xs).

(** The open merge decisions of an object. *)
Definition merge_decisions (x : object)
    : list (definition.merge_decision Name (option Name)) :=
  match x with
  | A_register s =>
      map (definition.under_name (fun _ => None))
        (lww_register.merge_decisions compare_name compare_value null s)
  | A_set s =>
      map (definition.under_name Some) (or_set.merge_decisions compare_name s)
  | A_map s =>
      map (definition.under_name Some)
        (lww_map.merge_decisions compare_name compare_value null s)
  | An_rw_set s =>
      map (definition.under_name Some) (rw_set.merge_decisions compare_name s)
  | An_ew_flag s =>
      map (definition.under_name (fun _ => None)) (ew_flag.merge_decisions compare_name s)
  | A_dw_flag s =>
      map (definition.under_name (fun _ => None)) (dw_flag.merge_decisions compare_name s)
  | A_counter _ | A_log _ | A_pn_counter _ | An_mv_register _ | An_mv_map _
  | A_max_register _ | A_min_register _ => []
  end.

(** The notices of a user on an object. *)
Definition object_notices (user : Name) (x : object) : list (option Name * (Name * N)) :=
  match x with
  | A_register s =>
      map (fun notice => (None, snd notice))
        (lww_register.notices compare_name compare_value null user s)
  | A_set s =>
      map (fun notice => (Some (fst notice), snd notice)) (or_set.notices compare_name user s)
  | A_map s =>
      map (fun notice => (Some (fst notice), snd notice))
        (lww_map.notices compare_name compare_value null user s)
  | An_rw_set s =>
      map (fun notice => (Some (fst notice), snd notice)) (rw_set.notices compare_name user s)
  | An_ew_flag s => map (fun notice => (None, snd notice)) (ew_flag.notices compare_name user s)
  | A_dw_flag s => map (fun notice => (None, snd notice)) (dw_flag.notices compare_name user s)
  | A_counter _ | A_log _ | A_pn_counter _ | An_mv_register _ | An_mv_map _
  | A_max_register _ | A_min_register _ => []
  end.

(** The notices of a user, over all objects. *)
Definition notices (user : Name) (xs : objects)
    : list (Name * (option Name * (Name * N))) :=
  flat_map (fun entry => map (pair (fst entry)) (object_notices user (snd entry))) xs.

(** ** Deltas *)

Definition part_since (v : vector) (x : object) : object :=
  match x with
  | A_counter s => A_counter (g_counter.part_since compare_name v s)
  | A_register s => A_register (lww_register.part_since compare_name v s)
  | A_set s => A_set (or_set.part_since compare_name v s)
  | A_map s => A_map (lww_map.part_since compare_name v s)
  | A_log s => A_log (log.part_since compare_name v s)
  | A_pn_counter s => A_pn_counter (pn_counter.part_since compare_name v s)
  | An_rw_set s => An_rw_set (rw_set.part_since compare_name v s)
  | An_ew_flag s => An_ew_flag (ew_flag.part_since compare_name v s)
  | A_dw_flag s => A_dw_flag (dw_flag.part_since compare_name v s)
  | An_mv_register s => An_mv_register (mv_register.part_since compare_name v s)
  | An_mv_map s => An_mv_map (mv_map.part_since compare_name v s)
  | A_max_register s => A_max_register (max_register.part_since compare_name v s)
  | A_min_register s => A_min_register (min_register.part_since compare_name v s)
  end.

Definition take_part (part x : object) : object :=
  match part, x with
  | A_counter part, A_counter s => A_counter (g_counter.take_part compare_name part s)
  | A_register part, A_register s =>
      A_register (lww_register.take_part compare_name compare_value part s)
  | A_set part, A_set s => A_set (or_set.take_part compare_name part s)
  | A_map part, A_map s => A_map (lww_map.take_part compare_name compare_value part s)
  | A_log part, A_log s => A_log (log.take_part compare_name compare_value part s)
  | A_pn_counter part, A_pn_counter s => A_pn_counter (pn_counter.take_part compare_name part s)
  | An_rw_set part, An_rw_set s => An_rw_set (rw_set.take_part compare_name part s)
  | An_ew_flag part, An_ew_flag s => An_ew_flag (ew_flag.take_part compare_name part s)
  | A_dw_flag part, A_dw_flag s => A_dw_flag (dw_flag.take_part compare_name part s)
  | An_mv_register part, An_mv_register s =>
      An_mv_register (mv_register.take_part compare_name compare_value part s)
  | An_mv_map part, An_mv_map s =>
      An_mv_map (mv_map.take_part compare_name compare_value part s)
  | A_max_register part, A_max_register s =>
      A_max_register (max_register.take_part compare_name Z.compare part s)
  | A_min_register part, A_min_register s =>
      A_min_register (min_register.take_part compare_name part s)
  | _, x => x
  end.

(** A delta of each object that is to be sent. *)
Definition deltas : Type := sorted_map Name (delta Name object).

(** Of each object that has a vector in [vs], what a replica that has seen it may lack. *)
Definition deltas_since (vs : sorted_map Name vector) (xs : objects) : deltas :=
  merge compare_name (fun x v =>
    match x, v with
    | Some x, Some v => Some (Delta v (part_since v x))
    | _, _ => None
    end) xs vs.

(** Whether the objects are there, and have seen all that the deltas build on. *)
Definition accepts_all (ds : deltas) (xs : objects) : bool :=
  forallb (fun entry =>
    match find compare_name (fst entry) xs with
    | Some x => accepts compare_name (seen_object x) (snd entry)
    | None => false
    end) ds.

(** Nothing, where a delta is refused: then none of them is applied. *)
Definition apply (ds : deltas) (xs : objects) : option objects :=
  if accepts_all ds xs
  then Some (merge compare_name (fun x d =>
    match x, d with
    | Some x, Some d => Some (take_part (part d) x)
    | x, _ => x
    end) xs ds)
  else None.

(** ** The objects of a replica that has seen the events [E] *)

Definition object_meaning (type : object_type) (E : list (definition.event Name Value)) : object :=
  match type with
  | G_counter => A_counter (g_counter.meaning compare_name E)
  | Lww_register => A_register (lww_register.meaning compare_name compare_value E)
  | Or_set => A_set (or_set.meaning compare_name E)
  | Lww_map => A_map (lww_map.meaning compare_name compare_value E)
  | Log => A_log (log.meaning compare_name compare_value E)
  | Pn_counter => A_pn_counter (pn_counter.meaning compare_name E)
  | Rw_set => An_rw_set (rw_set.meaning compare_name E)
  | Ew_flag => An_ew_flag (ew_flag.meaning compare_name E)
  | Dw_flag => A_dw_flag (dw_flag.meaning compare_name E)
  | Mv_register => An_mv_register (mv_register.meaning compare_name compare_value E)
  | Mv_map => An_mv_map (mv_map.meaning compare_name compare_value E)
  | Max_register => A_max_register (max_register.meaning compare_name Z.compare E)
  | Min_register => A_min_register (min_register.meaning compare_name E)
  end.

Definition meaning (types : schema) (E : list (definition.event Name Value)) : objects :=
  map (fun entry =>
    (fst entry, object_meaning (snd entry) (definition.of_object compare_name (fst entry) E)))
    types.
End Replica.

Arguments object : clear implicits.
Arguments objects : clear implicits.
Arguments state : clear implicits.
Arguments deltas : clear implicits.
