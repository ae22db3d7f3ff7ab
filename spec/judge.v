(** The judge: one pass over the lines of a trace, which finds every claim that is false.

    Meaning: a report says how many claims were judged, which are false and by which rule, and
    at which line the history stops being possible, if it does; what was found before it stays.
    Laws: it finds exactly the claims that disagree with the definitions ([judge_proof.v]).
    Cost: per line linear in the operations, and for a claim what the definitions cost.
    Source: trace-format.md, sections 2 to 4 and 6. *)

From Coq Require Import List Bool NArith BinInt.
From Rejoin Require Import order sorted_map dot definition trace.
Import ListNotations.
Open Scope N_scope.

(** Lists are ordered by their first difference. *)
Fixpoint compare_list {A : Type} (compare : A -> A -> comparison) (xs ys : list A) : comparison :=
  match xs, ys with
  | [], [] => Eq
  | [], _ => Lt
  | _, [] => Gt
  | x :: xs, y :: ys =>
      match compare x y with
      | Eq => compare_list compare xs ys
      | unequal => unequal
      end
  end.

Section Judge.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_value : Value -> Value -> comparison).
Context (null : Value).
Local Notation event := (event Name Value).
Local Notation answer := (answer Name Value).
Local Notation decision := (merge_decision Name (option Name)).
Local Notation line := (line Name Value).
Local Notation claim := (claim Name Value).
Local Notation compare_event_name := (compare_event_name compare_name).
(** Operations, by the numbers of their lines. *)
Local Notation places := (sorted_set N).

(** A state hash that was found true, with what it is compared by. *)
Record true_hash := True_hash {
  of_what : option Name;
  by_which : option Name;
  hash_value : Value;
  covers : places;
  values : list (Name * answer)
}.

Record state := State {
  next : N;
  events : sorted_map N event;
  ids : sorted_map Name N;
  seen : sorted_map Name places;
  messages : sorted_map Name places;
  snapshots : sorted_map Name (Name * places);
  hashes : list true_hash
}.

Definition start : state := State 2 [] [] [] [] [] [].

(** ** Queries *)

Definition seen_by (r : Name) (s : state) : places := or_empty (find compare_name r (seen s)).

Definition known {V : Type} (k : Name) (m : sorted_map Name V) : bool :=
  match find compare_name k m with
  | Some _ => true
  | None => false
  end.

Definition one_of (names : list Name) (x : Name) : bool := existsb (equal compare_name x) names.

(** Those that are on these objects. *)
Definition within (names : option (list Name)) (ps : places) (s : state) : places :=
  match names with
  | Some names =>
      filter (fun p =>
        match find N.compare p (events s) with
        | Some e => one_of names (object_of e)
        | None => false
        end) ps
  | None => ps
  end.

(** The events of what a replica has seen. *)
Definition events_of (r : Name) (s : state) : list event :=
  let ps := seen_by r s in
  map snd (filter (fun entry => member N.compare (fst entry) ps) (events s)).

(** Those of one object, or all. *)
Definition events_on (object : option Name) (r : Name) (s : state) : list event :=
  match object with
  | Some o => of_object compare_name o (events_of r s)
  | None => events_of r s
  end.

Definition value_at (r o : Name) (type : object_type) (s : state) : answer :=
  read compare_name compare_value null type (events_on (Some o) r s).

(** ** What an operation is as an event *)

Definition event_of (r o : Name) (op : operation Name Value) (user : option Name) (s : state)
    : event :=
  let all := events_of r s in
  Event o (dot_at r (next s))
    (N.of_nat (length (filter (fun e => equal compare_name (replica_of e) r) all)) + 1)
    user op
    (set_of (compare_dot compare_name) (map dot_of (of_object compare_name o all))).

(** ** What a line does *)

Definition learn (r : Name) (ps : places) (s : state) : state :=
  State (next s) (events s) (ids s)
    (set compare_name r (union N.compare (seen_by r s) ps) (seen s))
    (messages s) (snapshots s) (hashes s).

(** What a message holds, or nothing where there is no such message. *)
Definition held (m : Name) (s : state) : places := or_empty (find compare_name m (messages s)).

Definition named_places (names : list Name) (s : state) : places :=
  set_of N.compare (flat_map (fun i =>
    match find compare_name i (ids s) with
    | Some p => [p]
    | None => []
    end) names).

Definition pack (r : Name) (what : payload) (s : state) : places :=
  match what with
  | Within names => within names (seen_by r s) s
  | Since ms =>
      filter (fun p => negb (existsb (fun m => member N.compare p (held m s)) ms)) (seen_by r s)
  | Operations names => named_places names s
  end.

Definition perform (r o : Name) (op : operation Name Value) (id user : option Name) (s : state)
    : state :=
  let p := next s in
  learn r [p]
    (State p (set N.compare p (event_of r o op user s) (events s))
      (match id with
       | Some i => set compare_name i p (ids s)
       | None => ids s
       end)
      (seen s) (messages s) (snapshots s) (hashes s)).

Definition send (r m : Name) (what : payload) (s : state) : state :=
  State (next s) (events s) (ids s) (seen s)
    (set compare_name m (pack r what s) (messages s)) (snapshots s) (hashes s).

Definition synchronize (r other : Name) (names : option (list Name)) (s : state) : state :=
  let both := within names (union N.compare (seen_by r s) (seen_by other s)) s in
  learn r both (learn other both s).

Definition save (r b : Name) (s : state) : state :=
  State (next s) (events s) (ids s) (seen s) (messages s)
    (set compare_name b (r, seen_by r s) (snapshots s)) (hashes s).

Definition restore (r b : Name) (s : state) : state :=
  match find compare_name b (snapshots s) with
  | Some (_, ps) =>
      State (next s) (events s) (ids s) (set compare_name r ps (seen s)) (messages s)
        (snapshots s) (hashes s)
  | None => s
  end.

(** ** State hashes *)

(** The objects that a state hash covers. *)
Definition hashed_objects (h : header Name) (object : option Name)
    : sorted_map Name object_type :=
  filter (fun entry =>
    match object with
    | Some o => equal compare_name (fst entry) o
    | None => true
    end) (objects h).

Definition hashed_now (h : header Name) (r : Name) (object algorithm : option Name)
    (digest : Value) (s : state) : true_hash :=
  True_hash object algorithm digest
    (within (only object) (seen_by r s) s)
    (map (fun entry => (fst entry, value_at r (fst entry) (snd entry) s))
      (hashed_objects h object)).

Definition same_value (x y : answer) : bool :=
  match x, y with
  | Count n, Count m => n =? m
  | Content v, Content w => equal compare_value v w
  | Elements xs, Elements ys => equal (compare_list compare_name) xs ys
  | Entries xs, Entries ys =>
      equal (compare_list (compare_pair compare_name compare_value)) xs ys
  | Items xs, Items ys => equal (compare_list compare_value) xs ys
  | Balance n, Balance m => Z.eqb n m
  | Enabled x, Enabled y => eqb x y
  | Values xs, Values ys => equal (compare_list compare_value) xs ys
  | Value_sets xs, Value_sets ys =>
      equal (compare_list (compare_pair compare_name (compare_list compare_value))) xs ys
  | Integer n, Integer m => equal (compare_option Z.compare) n m
  | _, _ => false
  end.

Fixpoint same_values (xs ys : list (Name * answer)) : bool :=
  match xs, ys with
  | [], [] => true
  | (_, x) :: xs, (_, y) :: ys => same_value x y && same_values xs ys
  | _, _ => false
  end.

Definition comparable (x y : true_hash) : bool :=
  equal (compare_option compare_name) (of_what x) (of_what y) &&
  equal (compare_option compare_name) (by_which x) (by_which y).

Definition same_hash (x y : true_hash) : bool :=
  equal compare_value (hash_value x) (hash_value y).

(** The rule that a state hash breaks towards the true ones before it. *)
Definition judge_hash (x : true_hash) (earlier : list true_hash) : option rule :=
  let others := filter (comparable x) earlier in
  if existsb (fun y =>
      equal (compare_list N.compare) (covers x) (covers y) && negb (same_hash x y)) others
  then Some Digest_equal
  else if existsb (fun y => negb (same_values (values x) (values y)) && same_hash x y) others
  then Some Digest_distinct
  else None.

(** ** Claims *)

Definition unless (holds : bool) (broken : rule) : option rule :=
  if holds then None else Some broken.

(** In order, and each once. *)
Definition without_repeats (entry : Name * list Value) : Name * list Value :=
  (fst entry, set_of compare_value (snd entry)).

(** Sets and maps are compared in any order, concurrent values with any repeats as well. *)
Definition answers (claimed actual : answer) : bool :=
  match claimed, actual with
  | Elements xs, Elements ys =>
      same_value (Elements (sort compare_name xs)) (Elements (sort compare_name ys))
  | Entries xs, Entries ys =>
      let order := compare_pair compare_name compare_value in
      same_value (Entries (sort order xs)) (Entries (sort order ys))
  | Values xs, Values ys =>
      same_value (Values (set_of compare_value xs)) (Values (set_of compare_value ys))
  | Value_sets xs, Value_sets ys =>
      let order := compare_pair compare_name (compare_list compare_value) in
      same_value (Value_sets (sort order (map without_repeats xs)))
        (Value_sets (sort order (map without_repeats ys)))
  | _, _ => same_value claimed actual
  end.

Definition in_order (d : decision) : decision :=
  Merge_decision (key d) (sort compare_event_name (kept d))
    (sort compare_event_name (superseded d)).

Definition compare_merge_decision : decision -> decision -> comparison :=
  compare_by (fun d => (key d, (kept d, superseded d)))
    (compare_pair (compare_option compare_name)
      (compare_pair (compare_list compare_event_name) (compare_list compare_event_name))).

Definition same_decisions (claimed actual : list decision) : bool :=
  equal (compare_list compare_merge_decision)
    (sort compare_merge_decision (map in_order claimed))
    (sort compare_merge_decision (map in_order actual)).

Definition compare_notice : notice -> notice -> comparison :=
  compare_pair compare_name (compare_pair (compare_option compare_name) compare_event_name).

Definition same_notices (claimed actual : list notice) : bool :=
  equal (compare_list compare_notice) (sort compare_notice claimed) (sort compare_notice actual).

Definition same_vector (h : header Name) (claimed : list (Name * N)) (E : list event) : bool :=
  forallb (fun entry =>
    one_of (replicas h) (fst entry) && (snd entry =? seen_of compare_name (fst entry) E)) claimed &&
  forallb (fun r =>
    (seen_of compare_name r E =? 0) || one_of (map fst claimed) r) (replicas h).

Definition all_alike (h : header Name) (rs : list Name) (s : state) : bool :=
  match rs with
  | first :: rest =>
      forallb (fun entry =>
        let value := value_at first (fst entry) (snd entry) s in
        forallb (fun r => same_value (value_at r (fst entry) (snd entry) s) value) rest)
        (objects h)
  | [] => true
  end.

(** The rule that a claim breaks, if it is false. *)
Definition judge_claim (h : header Name) (c : claim) (s : state) : option rule :=
  match c with
  | Reads r o claimed =>
      unless
        match claimed, find compare_name o (objects h) with
        | Some claimed, Some type => answers claimed (value_at r o type s)
        | _, _ => false
        end Value_rule
  | Reads_element r o x claimed =>
      unless
        match claimed, find compare_name o (objects h) with
        | Some claimed, Some type =>
            eqb claimed (contains compare_name type (events_on (Some o) r s) x)
        | _, _ => false
        end Value_rule
  | Reads_key r o k claimed =>
      unless
        (equal compare_value claimed
          (content_at compare_name compare_value null (events_on (Some o) r s) k)) Value_rule
  | Counts r object claimed =>
      unless
        match claimed with
        | Some claimed => same_vector h claimed (events_on object r s)
        | None => false
        end Vector_rule
  | Hashes r object algorithm digest =>
      judge_hash (hashed_now h r object algorithm digest s) (hashes s)
  | Converged rs => unless (all_alike h rs s) Converged_rule
  | Decides r o claimed =>
      unless
        match claimed, find compare_name o (objects h) with
        | Some claimed, Some type =>
            same_decisions claimed
              (decisions compare_name compare_value null type (events_on (Some o) r s))
        | _, _ => false
        end Decisions_rule
  | Tells r user claimed =>
      unless
        match claimed with
        | Some claimed =>
            same_notices claimed
              (all_notices compare_name compare_value null (objects h) user (events_of r s))
        | None => false
        end Notices_rule
  | Reads_values r o k claimed =>
      unless
        match claimed with
        | Some claimed =>
            equal (compare_list compare_value) (set_of compare_value claimed)
              (set_of compare_value
                (concurrent_values_at compare_name compare_value null (events_on (Some o) r s) k))
        | None => false
        end Value_rule
  end.

(** A state hash that was found true binds later ones. *)
Definition remember (h : header Name) (c : claim) (s : state) : state :=
  match c, judge_claim h c s with
  | Hashes r object algorithm digest, None =>
      State (next s) (events s) (ids s) (seen s) (messages s) (snapshots s)
        (hashed_now h r object algorithm digest s :: hashes s)
  | _, _ => s
  end.

Definition step (h : header Name) (l : line) (s : state) : state :=
  let s' :=
    match l with
    | Operates r o op id user => perform r o op id user s
    | Sends r m what => send r m what s
    | Receives r m => learn r (held m s) s
    | Merges r from names => learn r (within names (seen_by from s) s) s
    | Syncs r other names => synchronize r other names s
    | Saves r b => save r b s
    | Restores r b => restore r b s
    | Notes => s
    | Claims c => remember h c s
    end in
  State (next s + 1) (events s') (ids s') (seen s') (messages s') (snapshots s') (hashes s').

(** ** Possible lines *)

Definition declares_replica (h : header Name) (r : Name) : bool :=
  member compare_name r (replicas h).

Definition declares_all (h : header Name) (names : option (list Name)) : bool :=
  match names with
  | Some names => forallb (fun o => known o (objects h)) names
  | None => true
  end.

Fixpoint distinct (names : list Name) : bool :=
  match names with
  | [] => true
  | x :: rest => negb (one_of rest x) && distinct rest
  end.

Definition of_type (h : header Name) (o : Name) (accepts : object_type -> bool) : bool :=
  match find compare_name o (objects h) with
  | Some type => accepts type
  | None => false
  end.

Definition is_lww_map (type : object_type) : bool :=
  match type with
  | Lww_map => true
  | _ => false
  end.

Definition is_mv_map (type : object_type) : bool :=
  match type with
  | Mv_map => true
  | _ => false
  end.

Definition claim_is_possible (h : header Name) (c : claim) : bool :=
  match c with
  | Reads r o _ => declares_replica h r && known o (objects h)
  | Reads_element r o _ _ => declares_replica h r && of_type h o has_elements
  | Reads_key r o _ _ => declares_replica h r && of_type h o is_lww_map
  | Counts r object _ | Hashes r object _ _ =>
      declares_replica h r && declares_all h (only object)
  | Converged rs =>
      forallb (declares_replica h) rs && distinct rs &&
      match rs with
      | _ :: _ :: _ => true
      | _ => false
      end
  | Decides r o _ => declares_replica h r && of_type h o has_decisions
  | Tells r _ _ => declares_replica h r
  | Reads_values r o _ _ => declares_replica h r && of_type h o is_mv_map
  end.

Definition is_possible (h : header Name) (l : line) (s : state) : bool :=
  match l with
  | Operates r o op id _ =>
      declares_replica h r && of_type h o (fun type => allows type op) && valid op &&
      match id with
      | Some i => negb (known i (ids s))
      | None => true
      end
  | Sends r m what =>
      declares_replica h r && negb (known m (messages s)) &&
      match what with
      | Within names => declares_all h names
      | Since ms => forallb (fun m => known m (messages s)) ms
      | Operations names =>
          forallb (fun i =>
            match find compare_name i (ids s) with
            | Some p => member N.compare p (seen_by r s)
            | None => false
            end) names
      end
  | Receives r m => declares_replica h r && known m (messages s)
  | Merges r from names =>
      declares_replica h r && declares_replica h from && declares_all h names
  | Syncs r other names =>
      declares_replica h r && declares_replica h other && negb (equal compare_name r other) &&
      declares_all h names
  | Saves r b => declares_replica h r && negb (known b (snapshots s))
  | Restores r b =>
      declares_replica h r &&
      match find compare_name b (snapshots s) with
      | Some (owner, _) => equal compare_name owner r
      | None => false
      end
  | Notes => true
  | Claims c => claim_is_possible h c
  end.

(** ** Reports *)

(** How many claims were judged; the false ones, by line and rule, in order; and the line that
    is not possible, if there is one. *)
Record report := Report {
  judged : N;
  findings : list (N * rule);
  stopped_at : option N
}.

Definition found (l : line) (h : header Name) (s : state) (rest : report) : report :=
  match l with
  | Claims c =>
      Report (judged rest + 1)
        (match judge_claim h c s with
         | Some broken => (next s, broken) :: findings rest
         | None => findings rest
         end)
        (stopped_at rest)
  | _ => rest
  end.

Fixpoint judge_lines (h : header Name) (ls : list line) (s : state) : report :=
  match ls with
  | [] => Report 0 [] None
  | l :: rest =>
      if is_possible h l s then found l h s (judge_lines h rest (step h l s))
      else Report 0 [] (Some (next s))
  end.

(** A header that declares something twice is not possible; it is line 1. *)
Definition judge (h : header Name) (ls : list line) : report :=
  if well_formed_header compare_name h then judge_lines h ls start else Report 0 [] (Some 1).

(** Ill-formed, before all; a discrepancy, where a claim is false; inconclusive, where there is
    no claim. *)
Inductive verdict := Conforms | Discrepancy | Inconclusive | Ill_formed.

Definition verdict_of (r : report) : verdict :=
  match stopped_at r, findings r with
  | Some _, _ => Ill_formed
  | None, _ :: _ => Discrepancy
  | None, [] => if judged r =? 0 then Inconclusive else Conforms
  end.
End Judge.
