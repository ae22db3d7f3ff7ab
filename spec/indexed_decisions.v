(** Decisions with an index of changes: how the optimized engine keeps the store of decisions.

    Meaning: per key one record, which keeps one maximal decision in place, further ones in a
    list, and the greatest decision ever seen apart from them only if it is not maximal. Beside
    the records a log per origin says which key each operation decided, so that what a replica
    lacks is found without a look at the other keys.
    The first decisions on a key, those that saw no other on it, have its [creation_dots]. Whether a
    dot is one never changes, so every replica that has seen it knows its key: in a delta a key goes
    by a creation dot if the receiver has seen one, and in full only if not.
    Laws: every operation does what it does in [decisions.v], and deltas have the same parts
    ([indexed_decisions_proof.v]); names are understood where deltas are not refused
    ([indexed_decisions_meaning_proof.v]).
    Cost: finding the changes since a vector is linear in the entries of the log after it.
    Source: this project. Naming operations, and walking what is after a vector: Almeida et al.,
    Delta State Replicated Data Types, JPDC 2018. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot delta.
From Rejoin Require version_vector definition decisions.
Import ListNotations.
Open Scope N_scope.

Section Indexed_decisions.
Context {Name K Effect : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_key : K -> K -> comparison).
Context (compare_effect : Effect -> Effect -> comparison).
(** Whether the greatest decision on a key matters: registers and maps keep it, sets do not. *)
Context (keeps_winner : bool).
Local Notation decision := (decisions.decision Name Effect).
Local Notation compare_decision := (decisions.compare_decision compare_name compare_effect).
Local Notation compare_origin := (compare_origin compare_name).
Local Notation compare_dot := (compare_dot compare_name).
Local Notation vector := (version_vector.state Name).
Local Notation contains := (version_vector.contains compare_name).

(** [apart] is the greatest decision ever seen on the key, if it is not maximal. *)
Record entry := Entry {
  first : option decision;
  further : list decision;
  apart : option decision;
  creation_dots : sorted_set (dot Name)
}.

(** [changes] has per origin the numbers of its operations, each with the key that it decided:
    those of all maximal decisions and creation dots, and perhaps of others, which are stale. *)
Record state := State {
  seen : vector;
  entries : sorted_map K entry;
  changes : sorted_map (origin Name) (sorted_set (N * K))
}.

Definition compare_change : N * K -> N * K -> comparison := compare_pair N.compare compare_key.

Definition bottom : state := State version_vector.bottom [] [].

(** ** Reading a record *)

Definition no_entry : entry := Entry None [] None [].

Definition listed (e : entry) : sorted_set decision :=
  match first e with
  | Some d => d :: further e
  | None => []
  end.

Definition greatest (ds : list decision) : option decision :=
  fold_right (fun d w => greater_option compare_decision (Some d) w) None ds.

Definition winner (e : entry) : option decision :=
  match apart e with
  | Some w => Some w
  | None => greatest (listed e)
  end.

Definition entry_at (k : K) (s : state) : entry :=
  match find compare_key k (entries s) with
  | Some e => e
  | None => no_entry
  end.

Definition log_of (o : origin Name) (s : state) : sorted_set (N * K) :=
  or_empty (find compare_origin o (changes s)).

(** The record of these maximal decisions, of this winner, and of these creation dots. *)
Definition entry_of (ds : sorted_set decision) (w : option decision)
    (bs : sorted_set (dot Name)) : entry :=
  Entry (hd_error ds) (tl ds)
    (match w with
     | Some w => if keeps_winner && negb (member compare_decision w ds) then Some w else None
     | None => None
     end) bs.

(** ** Writing to the log *)

Definition note (k : K) (d : dot Name) (m : sorted_map (origin Name) (sorted_set (N * K)))
    : sorted_map (origin Name) (sorted_set (N * K)) :=
  set compare_origin (dot_origin d)
    (insert compare_change (counter d, k) (or_empty (find compare_origin (dot_origin d) m))) m.

Definition note_all (k : K) (ds : list (dot Name))
    (m : sorted_map (origin Name) (sorted_set (N * K)))
    : sorted_map (origin Name) (sorted_set (N * K)) :=
  fold_right (note k) m ds.

(** ** Deciding *)

(** A decision where nothing is maximal is a creation dot. *)
Definition decide (k : K) (d : decision) (s : state) : state :=
  let old := entry_at k s in
  State (version_vector.see_dot compare_name (decisions.dot_of d) (seen s))
    (set compare_key k
      (entry_of [d] (greater_option compare_decision (winner old) (Some d))
        (match first old with
         | None => insert compare_dot (decisions.dot_of d) (creation_dots old)
         | Some _ => creation_dots old
         end)) (entries s))
    (note k (decisions.dot_of d) (changes s)).

(** ** Compaction: stale numbers of the log may be forgotten at any time, but not creation dots. *)

Definition is_live (o : origin Name) (change : N * K) (s : state) : bool :=
  existsb (fun d => equal compare_dot (decisions.dot_of d) (Dot o (fst change)))
    (listed (entry_at (snd change) s)).

Definition is_creation_dot (o : origin Name) (change : N * K) (s : state) : bool :=
  member compare_dot (Dot o (fst change)) (creation_dots (entry_at (snd change) s)).

(** Forgets stale numbers, but those that [keep] says to keep. *)
Definition compact (keep : dot Name -> bool) (s : state) : state :=
  State (seen s) (entries s)
    (map (fun line => (fst line, filter (fun change =>
        is_live (fst line) change s || is_creation_dot (fst line) change s
          || keep (Dot (fst line) (fst change))) (snd line))) (changes s)).

(** ** Changes since a vector *)

(** What comes after the number [n]. A log rises, so it can be read from its end. *)
Fixpoint after (n : N) (log : sorted_set (N * K)) : sorted_set (N * K) :=
  match log with
  | [] => []
  | change :: rest => if fst change <=? n then after n rest else log
  end.

(** The keys that have a maximal decision after the vector, each once. *)
Definition changed_keys (v : vector) (s : state) : sorted_set K :=
  set_of compare_key (flat_map (fun line =>
    map snd (filter (fun change => is_live (fst line) change s)
      (after (version_vector.get compare_name (fst line) v) (snd line)))) (changes s)).

Definition changed (v : vector) (s : state) : sorted_map K entry :=
  map_some (fun k => find compare_key k (entries s))
    (map (fun k => (k, k)) (changed_keys v s)).

(** ** Deltas *)

(** How a key is named to someone who has seen a vector. *)
Inductive name := By_creation_dot (b : dot Name) | By_key (k : K).

(** [holder] is what the sender has seen. *)
Record part := Part { holder : vector; items : list (name * entry) }.

Definition new_creation_dots (v : vector) (e : entry) : sorted_set (dot Name) :=
  filter (fun b => negb (contains b v)) (creation_dots e).

(** The whole record, but the creation dots that the receiver has seen. *)
Definition shown (v : vector) (e : entry) : entry :=
  Entry (first e) (further e) (apart e) (new_creation_dots v e).

Definition shown_to (v : vector) (m : sorted_map K entry) : sorted_map K entry :=
  map (fun item => (fst item, shown v (snd item))) m.

Definition name_for (v : vector) (k : K) (e : entry) : name :=
  match filter (fun b => contains b v) (creation_dots e) with
  | b :: _ => By_creation_dot b
  | [] => By_key k
  end.

Definition item_for (v : vector) (item : K * entry) : name * entry :=
  (name_for v (fst item) (snd item), shown v (snd item)).

Definition part_since (v : vector) (s : state) : part :=
  Part (seen s) (map (item_for v) (changed v s)).

(** Which key a name is for: a creation dot is found in the log. *)
Definition understand (n : name) (s : state) : option K :=
  match n with
  | By_key k => Some k
  | By_creation_dot b =>
      match filter (fun change =>
        (fst change =? counter b) && is_creation_dot (dot_origin b) change s)
              (log_of (dot_origin b) s) with
      | change :: _ => Some (snd change)
      | [] => None
      end
  end.

(** Nothing, if a name is not understood or two are for the same key. *)
Definition understand_all (is : list (name * entry)) (s : state) : option (sorted_map K entry) :=
  fold_right (fun item rest =>
    match understand (fst item) s, rest with
    | Some k, Some m =>
        match find compare_key k m with
        | Some _ => None
        | None => Some (set compare_key k (snd item) m)
        end
    | _, _ => None
    end) (Some []) is.

(** A creation dot that was seen is known. *)
Definition join_entry (own_seen their_seen : vector) (own theirs : entry) : entry :=
  entry_of
    (decisions.join_frontiers compare_name compare_effect own_seen their_seen
      (listed own) (listed theirs))
    (greater_option compare_decision (winner own) (winner theirs))
    (union compare_dot (creation_dots own) (new_creation_dots own_seen theirs)).

(** The operations of a record that are to be noted: those that were not seen. *)
Definition unseen (v : vector) (e : entry) : list (dot Name) :=
  filter (fun d => negb (contains d v)) (map decisions.dot_of (listed e) ++ creation_dots e).

Definition take (their_seen : vector) (m : sorted_map K entry) (s : state) : state :=
  State (version_vector.join compare_name (seen s) their_seen)
    (merge compare_key (fun own theirs =>
      match theirs with
      | Some theirs => Some (join_entry (seen s) their_seen
          (match own with Some own => own | None => no_entry end) theirs)
      | None => own
      end) (entries s) m)
    (fold_right (fun item => note_all (fst item) (unseen (seen s) (snd item))) (changes s) m).

Definition delta_since (v : vector) (s : state) : delta Name part := Delta v (part_since v s).

(** Nothing, if the delta builds on what was not seen or a name is not understood. *)
Definition receive (d : delta Name part) (s : state) : option state :=
  if accepts compare_name (seen s) d
  then
    match understand_all (items (delta.part d)) s with
    | Some m => Some (take (holder (delta.part d)) m s)
    | None => None
    end
  else None.

(** ** Queries, read from the records *)

(** What was written under a key. *)
Definition content_at (null : Effect) (k : K) (s : state) : Effect :=
  match winner (entry_at k s) with
  | Some d => decisions.effect d
  | None => null
  end.

Definition contents (s : state) : sorted_map K Effect :=
  map_some (fun e => option_map decisions.effect (winner e)) (entries s).

(** The keys with a maximal decision of this effect. *)
Definition keys_with (e : Effect) (s : state) : sorted_set K :=
  map fst (filter (fun item => existsb (decisions.takes_effect compare_effect e)
    (listed (snd item))) (entries s)).

Definition merge_decisions (current : K -> Effect) (s : state)
    : list (definition.merge_decision Name K) :=
  flat_map (fun item =>
    decisions.open_decision compare_name compare_effect current (fst item, listed (snd item)))
    (entries s).

Definition notices (current : K -> Effect) (user : Name) (s : state)
    : list (K * (Name * N)) :=
  flat_map (fun item => map (pair (fst item))
    (decisions.names compare_name
      (filter (fun d => equal (compare_option compare_name) (decisions.user_of d) (Some user))
        (decisions.overruled compare_effect (current (fst item)) (listed (snd item))))))
    (entries s).

(** ** The state of [decisions.v] that is kept so, and the winners *)

Definition frontiers (m : sorted_map K entry) : sorted_map K (sorted_set decision) :=
  map_some (fun e => if_any (listed e)) m.

Definition winners (m : sorted_map K entry) : sorted_map K decision := map_some winner m.

Definition decisions_of (s : state) : decisions.state Name K Effect :=
  decisions.State (seen s) (frontiers (entries s)).

Definition winners_of (s : state) : sorted_map K decision := winners (entries s).

(** ** What all states fulfil *)

(** A record: a winner that is apart is above all that are maximal; all of it was seen. *)
Record sound_entry (v : vector) (e : entry) : Prop := {
  listed_is_rising : rising compare_decision (listed e) = true;
  apart_is_greater : forall w d,
    apart e = Some w -> In d (listed e) -> compare_decision d w = Lt;
  apart_if_kept : apart e <> None -> keeps_winner = true;
  creation_dots_are_rising : rising compare_dot (creation_dots e) = true;
  listed_was_seen : forall d, In d (listed e) -> contains (decisions.dot_of d) v = true;
  creation_dots_were_seen : forall b, In b (creation_dots e) -> contains b v = true
}.

Record sound (s : state) : Prop := {
  seen_is_well_formed : version_vector.well_formed compare_name (seen s) = true;
  entries_are_sorted : sorted compare_key (entries s) = true;
  entries_are_sound : forall k, sound_entry (seen s) (entry_at k s);
  changes_are_sorted : sorted compare_origin (changes s) = true;
  logs_are_rising : forall o, rising compare_change (log_of o s) = true;
  changes_were_seen : forall o change,
    In change (log_of o s) -> contains (Dot o (fst change)) (seen s) = true;
  maximal_decisions_are_logged : forall k d,
    In d (listed (entry_at k s)) ->
    In (counter (decisions.dot_of d), k) (log_of (dot_origin (decisions.dot_of d)) s);
  creation_dots_are_logged : forall k b,
    In b (creation_dots (entry_at k s)) -> In (counter b, k) (log_of (dot_origin b) s)
}.

(** A part that an honest sender made. The vector is what it has seen. *)
Record sound_items (their_seen : vector) (m : sorted_map K entry) : Prop := {
  holder_is_well_formed : version_vector.well_formed compare_name their_seen = true;
  items_are_sorted : sorted compare_key m = true;
  items_are_sound : forall k e, find compare_key k m = Some e -> sound_entry their_seen e;
  items_are_not_empty : forall k e, find compare_key k m = Some e -> first e <> None
}.

(** ** The index of a replica that has seen the events [E] *)

Section Meaning.
Context {Value : Type}.
Context (reading : definition.operation Name Value -> option (K * (N * Effect))).
Local Notation event := (definition.event Name Value).

(** It decided the key, and saw no decision on it. *)
Definition is_first (E : list event) (k : K) (e : event) : Prop :=
  definition.decides compare_key reading k e = true
  /\ forall f,
      In f E ->
      definition.decides compare_key reading k f = true ->
      definition.sees compare_name e f = false.

Definition decided_on (k : K) (E : list event) : list decision :=
  flat_map (fun e =>
    match decisions.decision_of reading e with
    | Some (k', d) => if equal compare_key k k' then [d] else []
    | None => []
    end) E.

(** There are many, as logs may have stale numbers. *)
Record represents (E : list event) (s : state) : Prop := {
  it_is_sound : sound s;
  it_keeps_the_store :
    decisions_of s = decisions.meaning compare_name compare_key compare_effect reading E;
  it_keeps_the_winners :
    keeps_winner = true ->
    forall k, find compare_key k (winners_of s) = greatest (decided_on k E);
  it_knows_the_creation_dots : forall k b,
    In b (creation_dots (entry_at k s)) <->
    exists e, In e E /\ definition.dot_of e = b /\ is_first E k e
}.
End Meaning.
End Indexed_decisions.

Arguments entry : clear implicits.
Arguments state : clear implicits.
Arguments name : clear implicits.
Arguments part : clear implicits.
