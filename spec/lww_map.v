(** LWW-Map: each key is a register of its own.

    Meaning: per key the value of the greatest write that was seen; [null] is the tombstone, and
    a deleted key keeps its record, so that it still beats an older concurrent write.
    Laws: the join is a semilattice; [put] and [delete] equal joining their delta
    ([lww_map_proof.v]).
    Cost: join linear in the keys and their frontiers.
    Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011). *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot.
From Rejoin Require version_vector definition decisions.
Import ListNotations.

Section Lww_map.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_value : Value -> Value -> comparison).
Context (null : Value).
Local Notation decision := (decisions.decision Name Value).
Local Notation compare_decision := (decisions.compare_decision compare_name compare_value).

(** [winners] has the greatest write ever seen of each key. *)
Record state := State {
  decisions : decisions.state Name Name Value;
  winners : sorted_map Name decision
}.

Definition well_formed (s : state) : bool :=
  decisions.well_formed compare_name compare_name compare_value (decisions s) &&
  sorted compare_name (winners s).

(** Each operation that it lists was seen. *)
Definition covered (s : state) : bool := decisions.covered compare_name (decisions s).

Definition bottom : state := State decisions.bottom [].

Definition join_winners (a b : sorted_map Name decision) : sorted_map Name decision :=
  merge compare_name (greater_option compare_decision) a b.

Definition join (a b : state) : state :=
  State (decisions.join compare_name compare_name compare_value (decisions a) (decisions b))
    (join_winners (winners a) (winners b)).

Definition put (o : origin Name) (seq time : N) (user : option Name) (k : Name) (v : Value)
    (s : state) : state :=
  let d := decisions.next compare_name o seq time user v (decisions s) in
  State (decisions.decide compare_name compare_name k d (decisions s))
    (join_winners (winners s) [(k, d)]).

Definition delete (o : origin Name) (seq time : N) (user : option Name) (k : Name)
    (s : state) : state :=
  put o seq time user k null s.

Definition seen (s : state) : version_vector.state Name := decisions.seen (decisions s).

Definition get (s : state) (k : Name) : Value :=
  match find compare_name k (winners s) with
  | Some d => decisions.effect d
  | None => null
  end.

Definition value (s : state) : sorted_map Name Value :=
  filter (fun entry => negb (equal compare_value (snd entry) null))
    (map (fun entry => (fst entry, decisions.effect (snd entry))) (winners s)).

Definition merge_decisions (s : state) : list (definition.merge_decision Name Name) :=
  decisions.merge_decisions compare_name compare_value (get s) (decisions s).

Definition notices (user : Name) (s : state) : list (Name * (Name * N)) :=
  decisions.notices compare_name compare_value (get s) user (decisions s).

(** A winner goes with the frontier of its key. *)
Definition part_since (v : version_vector.state Name) (s : state) : state :=
  let part := decisions.part_since compare_name v (decisions s) in
  State part (restrict compare_name (winners s) (decisions.maximal part)).

Definition take_part (part s : state) : state :=
  State (decisions.take_part compare_name compare_name compare_value
      (decisions part) (decisions s))
    (join_winners (winners s) (winners part)).

Definition winners_of (E : list (definition.event Name Value)) : sorted_map Name decision :=
  fold_right (fun e m =>
    match decisions.decision_of definition.map_reading e with
    | Some (k, d) => join_winners [(k, d)] m
    | None => m
    end) [] E.

Definition meaning (E : list (definition.event Name Value)) : state :=
  State (decisions.meaning compare_name compare_name compare_value
      definition.map_reading E) (winners_of E).
End Lww_map.

Arguments state : clear implicits.
