(** Eventual consistency: runs that go on for ever, and what is asked of them.

    Meaning: a run is a world at each moment, each some steps of the network after the one before.
    A session is carried along a run: it begins in the world of one moment, and its messages are
    delivered in the worlds of later ones. Whatever else goes on in between, also sessions of the
    same class at the same replicas, full states and deltas of any age, does not stop it. It is
    uncut if both its queues are empty in the end. [fair] asks that between any two that are
    joined by an edge such a session over each object is completed again and again, and that
    the edges connect the members. [settled] asks that the members lose nothing from some time on, and
    that what any of them sees later some of them had seen by then: so none of them operates.
    Law: from some time on all members hold the same state ([eventually_proof.v]).
    Source: Shapiro et al., Conflict-free Replicated Data Types, SSS 2011: eventual delivery. *)

From Coq Require Import List NArith.
From Rejoin Require Import order sorted_map dot delta definition sync.
From Rejoin Require version_vector replica network.
Import ListNotations.

Section Eventually.
Context {Name Value Summary : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_value : Value -> Value -> comparison).
Context (compare_summary : Summary -> Summary -> comparison).
Context (types : replica.schema (Name := Name)).
Local Notation object := (replica.object Name Value).
Local Notation objects := (replica.objects Name Value).
Local Notation world := (network.world Name Value).
Context (cut : object -> list object) (assemble : list object -> object).
Context (summarize : objects -> Summary).
Local Notation session := (session (Name := Name) (Value := Value) (Summary := Summary)).
Local Notation deliver :=
  (deliver compare_name compare_value compare_summary cut assemble summarize).

(** The world at each moment. A run may also stand still, or end. *)
Definition run (w : nat -> world) : Prop :=
  network.reachable compare_name compare_value types (w 0%nat)
  /\ forall n, network.steps compare_name compare_value (w n) (w (S n)).

(** A session from one moment of a run to another. *)
Inductive carried (w : nat -> world) (first : nat) (s : session) : nat -> session -> Prop :=
| At_first : carried w first s first s
| Delivers n s' s'' :
    carried w first s n s' -> deliver (w n) s' (w (S n)) s'' -> carried w first s (S n) s''
| Meanwhile n s' : carried w first s n s' -> carried w first s (S n) s'.

Definition seen_at (w : nat -> world) (n : nat) (name : Name) : list (event Name Value) :=
  network.seen (network.nodes (w n) name).

Definition held_at (w : nat -> world) (n : nat) (name : Name) : objects := held (w n) name.

(** From the moment [t] on no member loses anything, and nothing comes in that none of them had. *)
Definition settled (members : list Name) (w : nat -> world) (t : nat) : Prop :=
  (forall n name, (t <= n)%nat -> In name members ->
    incl (seen_at w n name) (seen_at w (S n) name))
  /\ forall n name e, (t <= n)%nat -> In name members -> In e (seen_at w n name) ->
       exists other, In other members /\ In e (seen_at w t other).

(** An uncut session of two replicas over a class with the object is completed after [n]. *)
Definition meets_after (w : nat -> world) (n : nat) (object : Name) (a b : Name) : Prop :=
  exists first last class s,
    (n <= first)%nat
    /\ member compare_name object class = true
    /\ carried w first (begin compare_name summarize class a b (w first)) last s
    /\ finished s.

(** Some edges lead from the one to the other, whichever side began. *)
Inductive connected (edge : Name -> Name -> Prop) (a : Name) : Name -> Prop :=
| Itself : connected edge a a
| Over b c : connected edge a b -> edge b c \/ edge c b -> connected edge a c.

Definition fair (members : list Name) (w : nat -> world) (edge : Name -> Name -> Prop) : Prop :=
  (forall a b, edge a b -> In a members /\ In b members)
  /\ (forall a b, edge a b -> forall object, In object (map fst types) ->
       forall n, meets_after w n object a b)
  /\ forall a b, In a members -> In b members -> connected edge a b.

(** Where two sides state equal summaries, they hold the same of the class. *)
Definition summaries_tell_apart (w : nat -> world) : Prop :=
  forall n class a b,
    let of_both name := of_class compare_name class (held_at w n name) in
    summarize (of_both a) = summarize (of_both b) -> of_both a = of_both b.
End Eventually.
