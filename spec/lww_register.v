(** LWW-Register: the last writer wins, and what it overruled is not lost.

    Meaning: the value of the write that is greatest by its stamp, of all that were seen. The
    winner is kept beside the frontier: a clock that runs behind makes it non-maximal.
    Laws: the join is a semilattice; [write] equals joining its delta ([lww_register_proof.v]).
    Cost: join linear in the size of the frontier.
    Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 9. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot.
From Rejoin Require version_vector definition decisions.
Import ListNotations.

Section Lww_register.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_value : Value -> Value -> comparison).
Context (null : Value).
Local Notation decision := (decisions.decision Name Value).
Local Notation compare_decision := (decisions.compare_decision compare_name compare_value).

Record state := State {
  decisions : decisions.state Name unit Value;
  winner : option decision
}.

Definition well_formed (s : state) : bool :=
  decisions.well_formed compare_name compare_unit compare_value (decisions s).

(** Each operation that it lists was seen. *)
Definition covered (s : state) : bool := decisions.covered compare_name (decisions s).

Definition bottom : state := State decisions.bottom None.

Definition join (a b : state) : state :=
  State (decisions.join compare_name compare_unit compare_value (decisions a) (decisions b))
    (greater_option compare_decision (winner a) (winner b)).

Definition write (o : origin Name) (seq time : N) (user : option Name) (v : Value)
    (s : state) : state :=
  let d := decisions.next compare_name o seq time user v (decisions s) in
  State (decisions.decide compare_name compare_unit tt d (decisions s))
    (greater_option compare_decision (winner s) (Some d)).

Definition seen (s : state) : version_vector.state Name := decisions.seen (decisions s).

Definition value (s : state) : Value :=
  match winner s with
  | Some d => decisions.effect d
  | None => null
  end.

Definition current (s : state) (k : unit) : Value := value s.

Definition merge_decisions (s : state) : list (definition.merge_decision Name unit) :=
  decisions.merge_decisions compare_name compare_value (current s) (decisions s).

Definition notices (user : Name) (s : state) : list (unit * (Name * N)) :=
  decisions.notices compare_name compare_value (current s) user (decisions s).

(** The winner goes with the frontier. *)
Definition part_since (v : version_vector.state Name) (s : state) : state :=
  let part := decisions.part_since compare_name v (decisions s) in
  State part
    (match find compare_unit tt (decisions.maximal part) with
     | Some _ => winner s
     | None => None
     end).

Definition take_part (part s : state) : state :=
  State (decisions.take_part compare_name compare_unit compare_value
      (decisions part) (decisions s))
    (greater_option compare_decision (winner s) (winner part)).

Definition winner_of (E : list (definition.event Name Value)) : option decision :=
  fold_right (fun e w =>
    match decisions.decision_of definition.register_reading e with
    | Some (_, d) => greater_option compare_decision (Some d) w
    | None => w
    end) None E.

Definition meaning (E : list (definition.event Name Value)) : state :=
  State (decisions.meaning compare_name compare_unit compare_value
      definition.register_reading E) (winner_of E).
End Lww_register.

Arguments state : clear implicits.
