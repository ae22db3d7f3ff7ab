(** Traces: the lines of a recorded history, and what its claims mean.

    Meaning: a trace is a header and lines in file order. It says who did what, which messages
    were made and received, and what the implementation answered. Here is written down, without
    any thought of computing it, what a replica has seen at each moment, which lines are possible
    there, and when a claim agrees with the definitions. Wherever the lines so far are meant
    ([past]), the latest comes first.
    Out of scope: explicit states ([load], [state]), own stamps, and the project's own state
    hash. What the grammar alone excludes is excluded before: names of wrong length, numbers out
    of range, and so on. An answer that lacks the shape which its claim asks for is [None].
    Source: trace-format.md, sections 2 to 4. *)

From Coq Require Import List Bool NArith Permutation.
From Rejoin Require Import order sorted_map dot definition.
Import ListNotations.
Open Scope N_scope.

Section Trace.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_value : Value -> Value -> comparison).
Context (null : Value).
Local Notation operation := (operation Name Value).
Local Notation event := (event Name Value).
Local Notation answer := (answer Name Value).
Local Notation decision := (merge_decision Name (option Name)).
Local Notation compare_dot := (compare_dot compare_name).

(** ** Lines *)

(** What is declared, in order. *)
Record header := Header {
  replicas : sorted_set Name;
  objects : sorted_map Name object_type
}.

(** What a message holds of what its sender has seen: all of it, or that on these objects; all
    of it less what these messages hold; exactly these operations. *)
Inductive payload :=
| Within (names : option (list Name))
| Since (messages : list Name)
| Operations (ids : list Name).

(** A notice, of a decision that was superseded: object, key, replica and sequence number. *)
Definition notice : Type := Name * (option Name * (Name * N)).

(** What the implementation answered. A state hash is any value. *)
Inductive claim :=
| Reads (replica object : Name) (value : option answer)
| Reads_element (replica object element : Name) (value : option bool)
| Reads_key (replica object key : Name) (value : Value)
| Counts (replica : Name) (object : option Name) (vector : option (list (Name * N)))
| Hashes (replica : Name) (object algorithm : option Name) (digest : Value)
| Converged (replicas : list Name)
| Decides (replica object : Name) (decisions : option (list decision))
| Tells (replica user : Name) (notices : option (list notice))
| Reads_values (replica object key : Name) (values : option (list Value)).

Inductive line :=
| Operates (replica object : Name) (op : operation) (id user : option Name)
| Sends (replica message : Name) (what : payload)
| Receives (replica message : Name)
| Merges (replica from : Name) (names : option (list Name))
| Syncs (replica other : Name) (names : option (list Name))
| Saves (replica snapshot : Name)
| Restores (replica snapshot : Name)
| Notes
| Claims (c : claim).

(** ** What a replica has seen

    An operation is known by the number of its line in the file; the header is line 1. *)

Definition number (past : list line) : N := N.of_nat (length past) + 2.

(** Whether some line fulfils [P], given the lines before it. *)
Fixpoint somewhere (P : list line -> line -> Prop) (past : list line) : Prop :=
  match past with
  | [] => False
  | l :: before => P before l \/ somewhere P before
  end.

(** Line [p] is an operation of replica [r] on object [o]. *)
Definition operates (past : list line) (p : N) (r o : Name) : Prop :=
  somewhere (fun before l =>
    p = number before /\ exists op id user, l = Operates r o op id user) past.

(** Line [p] is the operation that was given this id. *)
Definition named (past : list line) (id : Name) (p : N) : Prop :=
  somewhere (fun before l =>
    p = number before /\ exists r o op user, l = Operates r o op (Some id) user) past.

(** Line [p] is on one of these objects, or they are all. *)
Definition about (past : list line) (names : option (list Name)) (p : N) : Prop :=
  match names with
  | Some names => exists r o, In o names /\ operates past p r o
  | None => True
  end.

(** Replica [r] has seen operation [p]; message [m] holds it; backup [s] keeps it. *)
Fixpoint has_seen (past : list line) (r : Name) (p : N) {struct past} : Prop :=
  match past with
  | [] => False
  | l :: before =>
      match l with
      | Operates r' _ _ _ _ => has_seen before r p \/ r = r' /\ p = number before
      | Receives r' m => has_seen before r p \/ r = r' /\ holds before m p
      | Merges r' from names =>
          has_seen before r p \/ r = r' /\ has_seen before from p /\ about before names p
      | Syncs r' other names =>
          has_seen before r p \/
          (r = r' \/ r = other) /\ (has_seen before r' p \/ has_seen before other p) /\
          about before names p
      | Restores r' s => r = r' /\ keeps before s p \/ r <> r' /\ has_seen before r p
      | _ => has_seen before r p
      end
  end
with holds (past : list line) (m : Name) (p : N) {struct past} : Prop :=
  match past with
  | [] => False
  | l :: before =>
      holds before m p \/
      match l with
      | Sends r m' (Within names) => m = m' /\ has_seen before r p /\ about before names p
      | Sends r m' (Since ms) =>
          m = m' /\ has_seen before r p /\ forall m'', In m'' ms -> ~ holds before m'' p
      | Sends r m' (Operations ids) => m = m' /\ exists id, In id ids /\ named before id p
      | _ => False
      end
  end
with keeps (past : list line) (s : Name) (p : N) {struct past} : Prop :=
  match past with
  | [] => False
  | l :: before =>
      keeps before s p \/
      match l with
      | Saves r s' => s = s' /\ has_seen before r p
      | _ => False
      end
  end.

(** ** The events of what was seen *)

(** The name of an operation as an event: two operations are two events, whatever a restore
    makes equal between them. *)
Definition dot_at (r : Name) (p : N) : dot Name := Dot (Origin r 0) p.

(** The event that an operation is: what it saw are the operations on its object that its
    replica had seen just before, and its sequence number is one above the number of that
    replica's operations among all that it had seen. *)
Record is_event (before : list line) (r o : Name) (op : operation) (user : option Name)
    (e : event) : Prop := {
  its_object : object_of e = o;
  its_dot : dot_of e = dot_at r (number before);
  its_user : user_of e = user;
  its_operation : operation_of e = op;
  its_past_is_a_set : rising compare_dot (saw e) = true;
  its_past : forall d,
    In d (saw e) <->
    exists r' p, d = dot_at r' p /\ has_seen before r p /\ operates before p r' o;
  its_number : exists own,
    NoDup own /\
    (forall p, In p own <-> has_seen before r p /\ exists o', operates before p r o') /\
    seq_of e = N.of_nat (length own) + 1
}.

(** Line [p] is the operation that [e] stands for. *)
Definition made (past : list line) (p : N) (e : event) : Prop :=
  somewhere (fun before l =>
    p = number before /\
    exists r o op id user, l = Operates r o op id user /\ is_event before r o op user e) past.

(** [E] lists the events that a replica has seen, of one object or of all. *)
Definition lists (past : list line) (r : Name) (object : option Name) (E : list event) : Prop :=
  NoDup E /\
  forall e, In e E <->
    (exists p, has_seen past r p /\ made past p e) /\
    (forall o, object = Some o -> object_of e = o).

(** The object's value at that replica. *)
Definition shows (past : list line) (r o : Name) (type : object_type) (value : answer) : Prop :=
  exists E, lists past r (Some o) E /\ value = read compare_name compare_value null type E.

(** ** Possible lines: the others make a trace ill-formed. *)

Definition declares (h : header) (o : Name) (type : object_type) : Prop :=
  find compare_name o (objects h) = Some type.

Definition declared (h : header) (names : option (list Name)) : Prop :=
  forall o, (exists all, names = Some all /\ In o all) -> exists type, declares h o type.

(** Whether there are decisions on objects of this type. *)
Definition has_decisions (type : object_type) : bool :=
  match type with
  | Lww_register | Or_set | Lww_map | Rw_set | Ew_flag | Dw_flag => true
  | _ => false
  end.

(** Whether objects of this type have elements. *)
Definition has_elements (type : object_type) : bool :=
  match type with
  | Or_set | Rw_set => true
  | _ => false
  end.

Definition only (object : option Name) : option (list Name) := option_map (fun o => [o]) object.

Definition possible_claim (h : header) (c : claim) : Prop :=
  match c with
  | Reads r o _ => In r (replicas h) /\ exists type, declares h o type
  | Reads_element r o _ _ =>
      In r (replicas h) /\ exists type, declares h o type /\ has_elements type = true
  | Reads_key r o _ _ => In r (replicas h) /\ declares h o Lww_map
  | Counts r object _ | Hashes r object _ _ => In r (replicas h) /\ declared h (only object)
  | Converged rs => incl rs (replicas h) /\ NoDup rs /\ (2 <= length rs)%nat
  | Decides r o _ =>
      In r (replicas h) /\ exists type, declares h o type /\ has_decisions type = true
  | Tells r _ _ => In r (replicas h)
  | Reads_values r o _ _ => In r (replicas h) /\ declares h o Mv_map
  end.

Definition was_sent (past : list line) (m : Name) : Prop :=
  exists r what, In (Sends r m what) past.

Definition possible (h : header) (past : list line) (l : line) : Prop :=
  match l with
  | Operates r o op id _ =>
      In r (replicas h) /\
      (exists type, declares h o type /\ allows type op = true) /\
      valid op = true /\
      (forall i, id = Some i -> ~ exists p, named past i p)
  | Sends r m what =>
      In r (replicas h) /\
      ~ was_sent past m /\
      match what with
      | Within names => declared h names
      | Since ms => forall m', In m' ms -> was_sent past m'
      | Operations ids => forall i, In i ids -> exists p, named past i p /\ has_seen past r p
      end
  | Receives r m => In r (replicas h) /\ was_sent past m
  | Merges r from names => In r (replicas h) /\ In from (replicas h) /\ declared h names
  | Syncs r other names =>
      In r (replicas h) /\ In other (replicas h) /\ r <> other /\ declared h names
  | Saves r s => In r (replicas h) /\ ~ exists r', In (Saves r' s) past
  | Restores r s => In r (replicas h) /\ In (Saves r s) past
  | Notes => True
  | Claims c => possible_claim h c
  end.

(** Nothing is declared twice. *)
Definition well_formed_header (h : header) : bool :=
  rising compare_name (replicas h) && sorted compare_name (objects h).

(** Every line is possible after those before it. *)
Definition possible_lines (h : header) (ls : list line) : Prop :=
  forall before l after, ls = before ++ l :: after -> possible h (rev before) l.

(** ** When a claim agrees with the definitions *)

(** Concurrent values are answered in any order and with any repeats. *)
Definition same_members (claimed actual : list Value) : Prop :=
  forall v, In v claimed <-> In v actual.

Definition same_entry (claimed actual : Name * list Value) : Prop :=
  fst claimed = fst actual /\ same_members (snd claimed) (snd actual).

(** Equal up to [same] in some order, with repeats. *)
Definition rearranged {A : Type} (same : A -> A -> Prop) (xs ys : list A) : Prop :=
  exists zs, Permutation xs zs /\ Forall2 same zs ys.

(** Sets and maps are answered in any order. *)
Definition same_answer (claimed actual : answer) : Prop :=
  match claimed, actual with
  | Elements xs, Elements ys => Permutation xs ys
  | Entries xs, Entries ys => Permutation xs ys
  | Values xs, Values ys => same_members xs ys
  | Value_sets xs, Value_sets ys => rearranged same_entry xs ys
  | _, _ => claimed = actual
  end.

(** Both inner lists in any order. *)
Definition same_decision (claimed actual : decision) : Prop :=
  key claimed = key actual /\
  Permutation (kept claimed) (kept actual) /\
  Permutation (superseded claimed) (superseded actual).

(** A state hash as it was claimed: when, where, of what, by which algorithm. *)
Record hashed := Hashed {
  hashed_past : list line;
  hashed_replica : Name;
  hashed_object : option Name;
  hashed_algorithm : option Name;
  hash : Value
}.

(** The same operations had been seen of what was hashed. *)
Definition same_seen (x y : hashed) : Prop :=
  forall p,
    has_seen (hashed_past x) (hashed_replica x) p /\
      about (hashed_past x) (only (hashed_object x)) p <->
    has_seen (hashed_past y) (hashed_replica y) p /\
      about (hashed_past y) (only (hashed_object y)) p.

(** The value of some object that was hashed differs. *)
Definition different_value (h : header) (x y : hashed) : Prop :=
  exists o type a b,
    declares h o type /\
    (forall o', hashed_object x = Some o' -> o = o') /\
    shows (hashed_past x) (hashed_replica x) o type a /\
    shows (hashed_past y) (hashed_replica y) o type b /\
    a <> b.

Definition equal_where_seen_equal (x y : hashed) : Prop := same_seen x y -> hash x = hash y.

Definition distinct_where_values_differ (h : header) (x y : hashed) : Prop :=
  different_value h x y -> hash x <> hash y.

Definition both_hold (h : header) (x y : hashed) : Prop :=
  equal_where_seen_equal x y /\ distinct_where_values_differ h x y.

(** [x] obeys [law] towards every true hash of [past], of the same object by the same algorithm.
    True is what obeys both laws towards the true ones before it. *)
Fixpoint obeys (h : header) (law : hashed -> hashed -> Prop) (x : hashed) (past : list line)
    {struct past} : Prop :=
  match past with
  | [] => True
  | l :: before =>
      obeys h law x before /\
      match l with
      | Claims (Hashes r object algorithm digest) =>
          let y := Hashed before r object algorithm digest in
          obeys h (both_hold h) y before ->
          hashed_object x = object ->
          hashed_algorithm x = algorithm ->
          law x y
      | _ => True
      end
  end.

Definition agrees (h : header) (past : list line) (c : claim) : Prop :=
  match c with
  | Reads r o (Some claimed) =>
      exists type actual,
        declares h o type /\ shows past r o type actual /\ same_answer claimed actual
  | Reads_element r o x (Some claimed) =>
      exists type E,
        declares h o type /\
        lists past r (Some o) E /\
        claimed = contains compare_name type E x
  | Reads_key r o k claimed =>
      exists E, lists past r (Some o) E /\ claimed = content_at compare_name compare_value null E k
  | Counts r object (Some claimed) =>
      exists E,
        lists past r object E /\
        (forall name n, In (name, n) claimed ->
          In name (replicas h) /\ n = seen_of compare_name name E) /\
        (forall name, In name (replicas h) -> seen_of compare_name name E <> 0 ->
          exists n, In (name, n) claimed)
  | Hashes r object algorithm digest =>
      obeys h (both_hold h) (Hashed past r object algorithm digest) past
  | Converged rs =>
      forall r r' o type a b,
        In r rs ->
        In r' rs ->
        declares h o type ->
        shows past r o type a ->
        shows past r' o type b ->
        a = b
  | Decides r o (Some claimed) =>
      exists type E,
        declares h o type /\
        lists past r (Some o) E /\
        rearranged same_decision claimed (decisions compare_name compare_value null type E)
  | Tells r user (Some claimed) =>
      exists E,
        lists past r None E /\
        Permutation claimed (all_notices compare_name compare_value null (objects h) user E)
  | Reads_values r o k (Some claimed) =>
      exists E,
        lists past r (Some o) E /\
        same_members claimed (concurrent_values_at compare_name compare_value null E k)
  | Reads _ _ None | Reads_element _ _ _ None | Counts _ _ None | Decides _ _ None
  | Tells _ _ None | Reads_values _ _ _ None => False
  end.

(** ** The rule under which a false claim is found *)

Inductive rule :=
| Value_rule | Vector_rule | Digest_equal | Digest_distinct | Converged_rule | Decisions_rule
| Notices_rule.

Definition breaks (h : header) (past : list line) (c : claim) (broken : rule) : Prop :=
  match c with
  | Reads _ _ _ | Reads_element _ _ _ _ | Reads_key _ _ _ _ | Reads_values _ _ _ _ =>
      broken = Value_rule /\ ~ agrees h past c
  | Counts _ _ _ => broken = Vector_rule /\ ~ agrees h past c
  | Hashes r object algorithm digest =>
      let x := Hashed past r object algorithm digest in
      broken = Digest_equal /\ ~ obeys h equal_where_seen_equal x past \/
      broken = Digest_distinct /\ obeys h equal_where_seen_equal x past /\
        ~ obeys h (distinct_where_values_differ h) x past
  | Converged _ => broken = Converged_rule /\ ~ agrees h past c
  | Decides _ _ _ => broken = Decisions_rule /\ ~ agrees h past c
  | Tells _ _ _ => broken = Notices_rule /\ ~ agrees h past c
  end.
End Trace.

Arguments header : clear implicits.
Arguments claim : clear implicits.
Arguments line : clear implicits.
