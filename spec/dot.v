(** Dots: the names of operations.

    Meaning: a dot names one operation on one object, for ever. It is never reused, because a
    replica that was set back to a backup goes on under a new incarnation.
    Source: Almeida et al., Scalable and Accurate Causality Tracking for Eventually Consistent
    Stores, DAIS 2014 (dots); basho/riak_kv#679 (why incarnations). *)

From Coq Require Import NArith.
From Rejoin Require Import order.

Section Dot.
Context {Name : Type} (compare_name : Name -> Name -> comparison).

(** One incarnation of a replica: from one opening, or restore from a backup, to the next. *)
Record origin := Origin { replica : Name; incarnation : N }.

(** The name of one operation on one object; [counter] is its place among the operations of
    that origin on that object, from 1, without gaps. *)
Record dot := Dot { dot_origin : origin; counter : N }.

Definition compare_origin : origin -> origin -> comparison :=
  compare_by (fun o => (replica o, incarnation o)) (compare_pair compare_name N.compare).

Definition compare_dot : dot -> dot -> comparison :=
  compare_by (fun d => (dot_origin d, counter d)) (compare_pair compare_origin N.compare).
End Dot.

Arguments origin : clear implicits.
Arguments dot : clear implicits.
