(** Decisions: the keyed store of frontiers that registers, maps and sets build on.

    Meaning: per key the maximal decisions, those that no other decision on that key saw. A
    decision replaces all that its replica had seen on its key; concurrent decisions stay side
    by side until someone who saw them decides.
    Laws: the join is a semilattice for every pair of states. Per key and decision it is the
    maximum of: unknown < listed, not covered < listed and covered < covered, not listed
    ([decisions_proof.v]).
    Cost: the join is linear in keys and decisions, times a look-up in a version vector.
    Source: Almeida et al., Delta State Replicated Data Types, JPDC 2018 (causal stores of
    dots). *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot.
From Rejoin Require version_vector definition.
Import ListNotations.
Open Scope N_scope.

Section Decisions.
Context {Name K Effect : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_key : K -> K -> comparison).
Context (compare_effect : Effect -> Effect -> comparison).

(** What one operation decided about its key; [timestamp] is 0 where time plays no part. *)
Record decision := Decision {
  dot_of : dot Name;
  seq_of : N;
  timestamp : N;
  user_of : option Name;
  effect : Effect
}.

(** The order of writes, made total on the whole record. *)
Definition compare_decision : decision -> decision -> comparison :=
  compare_by
    (fun d => (timestamp d, (replica (dot_origin (dot_of d)), (seq_of d, (effect d,
      (incarnation (dot_origin (dot_of d)), (counter (dot_of d), user_of d)))))))
    (compare_pair N.compare (compare_pair compare_name (compare_pair N.compare
      (compare_pair compare_effect (compare_pair N.compare (compare_pair N.compare
        (compare_option compare_name))))))).

(** No key has an empty set. *)
Record state := State {
  seen : version_vector.state Name;
  maximal : sorted_map K (sorted_set decision)
}.

Definition well_formed_frontiers (m : sorted_map K (sorted_set decision)) : bool :=
  sorted compare_key m &&
  forallb (fun entry =>
    match snd entry with
    | [] => false
    | ds => rising compare_decision ds
    end) m.

Definition well_formed (s : state) : bool :=
  version_vector.well_formed compare_name (seen s) && well_formed_frontiers (maximal s).

Definition bottom : state := State version_vector.bottom [].

(** The maximal decisions on a key. *)
Definition frontier (k : K) (s : state) : sorted_set decision :=
  or_empty (find compare_key k (maximal s)).

(** Whether every decision that is listed has been seen. Not needed for the join; it holds of
    every state that operations and joins make. *)
Definition covered (s : state) : bool :=
  forallb (fun entry =>
    forallb (fun d => version_vector.contains compare_name (dot_of d) (seen s)) (snd entry))
    (maximal s).

(** Keeps a decision that both list, or that one lists and the other has not seen. *)
Definition join_frontiers (seen_a seen_b : version_vector.state Name)
    (a b : sorted_set decision) : sorted_set decision :=
  merge_sets compare_decision
    (fun d => negb (version_vector.contains compare_name (dot_of d) seen_b))
    (fun d => negb (version_vector.contains compare_name (dot_of d) seen_a)) a b.

Definition join (a b : state) : state :=
  State (version_vector.join compare_name (seen a) (seen b))
    (merge compare_key (fun left right =>
      if_any (join_frontiers (seen a) (seen b) (or_empty left) (or_empty right)))
      (maximal a) (maximal b)).

(** The new decision replaces the whole frontier of its key: it saw them all. *)
Definition decide (k : K) (d : decision) (s : state) : state :=
  State (version_vector.see_dot compare_name (dot_of d) (seen s))
    (set compare_key k [d] (maximal s)).

(** The next decision of [o]. *)
Definition next (o : origin Name) (seq time : N) (user : option Name) (e : Effect)
    (s : state) : decision :=
  Decision (version_vector.next compare_name o (seen s)) seq time user e.

(** ** Open merge decisions: some maximal decision's effect is not the current one. *)

Definition name_of (d : decision) : Name * N := (replica (dot_origin (dot_of d)), seq_of d).

Definition takes_effect (current : Effect) (d : decision) : bool :=
  equal compare_effect (effect d) current.

(** Two rules by which concurrent decisions have one effect together: it wins where some maximal
    decision has it, or it loses where some has another. *)
Definition some_take_effect (wanted : Effect) (ds : sorted_set decision) : bool :=
  existsb (takes_effect wanted) ds.

Definition all_take_effect (wanted : Effect) (ds : sorted_set decision) : bool :=
  match ds with
  | [] => false
  | _ => forallb (takes_effect wanted) ds
  end.

Definition names (ds : list decision) : list (Name * N) :=
  sort (definition.compare_event_name compare_name) (map name_of ds).

Definition overruled (current : Effect) (ds : sorted_set decision) : list decision :=
  filter (fun d => negb (takes_effect current d)) ds.

Definition open_decision (current : K -> Effect) (entry : K * sorted_set decision)
    : list (definition.merge_decision Name K) :=
  let (k, ds) := entry in
  match overruled (current k) ds with
  | [] => []
  | losers =>
      [definition.Merge_decision k (names (filter (takes_effect (current k)) ds)) (names losers)]
  end.

Definition merge_decisions (current : K -> Effect) (s : state)
    : list (definition.merge_decision Name K) :=
  flat_map (open_decision current) (maximal s).

Definition notices (current : K -> Effect) (user : Name) (s : state)
    : list (K * (Name * N)) :=
  flat_map (fun entry => map (pair (fst entry))
    (names (filter (fun d => equal (compare_option compare_name) (user_of d) (Some user))
      (overruled (current (fst entry)) (snd entry))))) (maximal s).

(** ** Deltas: the whole frontier of every key that has a maximal decision outside a vector.

    A key left out needs nothing: what was superseded there is below a maximal decision that the
    receiver has seen. *)

Definition part_since (v : version_vector.state Name) (s : state) : state :=
  State (seen s)
    (filter (fun entry =>
      existsb (fun d => negb (version_vector.contains compare_name (dot_of d) v)) (snd entry))
      (maximal s)).

(** The join, on the keys that the part lists. *)
Definition take_part (part s : state) : state :=
  State (version_vector.join compare_name (seen s) (seen part))
    (merge compare_key (fun own listed =>
      match listed with
      | Some ds => if_any (join_frontiers (seen s) (seen part) (or_empty own) ds)
      | None => own
      end) (maximal s) (maximal part)).

(** ** The state of a replica that has seen the events [E] *)

Section Meaning.
Context {Value : Type}.
Context (reading : definition.operation Name Value -> option (K * (N * Effect))).

Definition decision_of (e : definition.event Name Value) : option (K * decision) :=
  match reading (definition.operation_of e) with
  | Some (k, (time, effect)) =>
      Some (k, Decision (definition.dot_of e) (definition.seq_of e) time
                 (definition.user_of e) effect)
  | None => None
  end.

Definition frontiers_of (E : list (definition.event Name Value))
    : sorted_map K (sorted_set decision) :=
  fold_right (fun e m =>
    match decision_of e with
    | Some (k, d) =>
        if definition.maximal compare_name compare_key reading E k e
        then set compare_key k (insert compare_decision d (or_empty (find compare_key k m))) m
        else m
    | None => m
    end) [] E.

Definition meaning (E : list (definition.event Name Value)) : state :=
  State (version_vector.of_dots compare_name (map definition.dot_of E)) (frontiers_of E).
End Meaning.
End Decisions.

Arguments decision : clear implicits.
Arguments state : clear implicits.
