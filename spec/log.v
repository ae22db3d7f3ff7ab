(** Log: entries are appended and never lost; all replicas show one order.

    Meaning: all entries that were seen, in the order of their stamps.
    Laws: the join is the union; [append] equals joining its delta ([log_proof.v]).
    Cost: join and value linear in the number of entries.
    Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 11
    (grow-only sets). *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot.
From Rejoin Require version_vector definition.
Import ListNotations.

Section Log.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_value : Value -> Value -> comparison).

Record entry := Entry {
  dot_of : dot Name;
  seq_of : N;
  timestamp : N;
  content : Value
}.

Definition compare_entry : entry -> entry -> comparison :=
  compare_by
    (fun e => (timestamp e, (replica (dot_origin (dot_of e)), (seq_of e, (content e,
      (incarnation (dot_origin (dot_of e)), counter (dot_of e)))))))
    (compare_pair N.compare (compare_pair compare_name (compare_pair N.compare
      (compare_pair compare_value (compare_pair N.compare N.compare))))).

Record state := State {
  seen : version_vector.state Name;
  entries : sorted_set entry
}.

Definition well_formed (s : state) : bool :=
  version_vector.well_formed compare_name (seen s) && rising compare_entry (entries s).

(** Each operation that it lists was seen. *)
Definition covered (s : state) : bool :=
  forallb (fun e => version_vector.contains compare_name (dot_of e) (seen s)) (entries s).

Definition bottom : state := State version_vector.bottom [].

Definition join (a b : state) : state :=
  State (version_vector.join compare_name (seen a) (seen b))
    (union compare_entry (entries a) (entries b)).

Definition append (o : origin Name) (seq time : N) (v : Value) (s : state) : state :=
  let d := version_vector.next compare_name o (seen s) in
  State (version_vector.see_dot compare_name d (seen s))
    (insert compare_entry (Entry d seq time v) (entries s)).

Definition value (s : state) : list Value := map content (entries s).

(** The entries outside [v]. *)
Definition part_since (v : version_vector.state Name) (s : state) : state :=
  State (seen s)
    (filter (fun e => negb (version_vector.contains compare_name (dot_of e) v)) (entries s)).

Definition take_part (part s : state) : state := join s part.

Definition entry_of (e : definition.event Name Value) : list entry :=
  match definition.operation_of e with
  | definition.Append time v => [Entry (definition.dot_of e) (definition.seq_of e) time v]
  | _ => []
  end.

Definition meaning (E : list (definition.event Name Value)) : state :=
  State (version_vector.of_dots compare_name (map definition.dot_of E))
    (set_of compare_entry (flat_map entry_of E)).
End Log.

Arguments entry : clear implicits.
Arguments state : clear implicits.
