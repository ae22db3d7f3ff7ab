(** The network of replicas whose disks are put back, and nobody says so.

    Meaning: a disk holds a state of each object. A process opens it and draws an opening, writes
    under it, and ends. A copy of a disk may be made at any time, and put back on the same disk or
    on another one: then one device runs what another one runs as well. Replicas announce what
    they know; a replica that learns it makes a delta for it, of one object at a time; any disk may
    receive any delta, any number of times, or never. So exchanges go one way, and are cut
    anywhere. No step looks at what was copied.
    Premise: an opening that is drawn was not drawn before, and is no incarnation of an origin
    that a disk had at first. Two disks may have the same origin at first: copies of one image.
    Operations are numbered as they happen, and stand for themselves. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot openings.
Import ListNotations.
Open Scope N_scope.

Section Network.
Context {Name : Type}.
Context (compare_name : Name -> Name -> comparison).
(** The origin under which each disk writes at first. *)
Context (first : N -> origin Name).
Local Notation held := (held Name N).
Local Notation knowledge := (knowledge Name).
Local Notation delta := (delta Name N).

(** What is stored, by object, and the opening of the process that writes to it. *)
Record disk := Disk { process : option N; objects : Name -> held }.

Inductive message :=
| Version (object : Name) (k : knowledge)
| Changes (object : Name) (d : delta).

Record world := World {
  disks : N -> disk;
  backups : list (Name -> held);
  sent : list message;
  drawn : list N;
  performed : N
}.

Definition start : world :=
  World (fun i => Disk None (fun _ => untouched (first i))) [] [] [] 0.

Definition with_object (object : Name) (h : held) (hs : Name -> held) : Name -> held :=
  fun other => if equal compare_name other object then h else hs other.

Definition with_disk (i : N) (d : disk) (ds : N -> disk) : N -> disk :=
  fun j => if j =? i then d else ds j.

Inductive step (w : world) : world -> Prop :=
| Open i q :
    ~ In q (drawn w) ->
    (forall j, incarnation (first j) <> q) ->
    step w (World (with_disk i (Disk (Some q) (objects (disks w i))) (disks w))
      (backups w) (sent w) (q :: drawn w) (performed w))
| Write i object q :
    process (disks w i) = Some q ->
    must_draw compare_name q (objects (disks w i) object) = false ->
    step w (World
      (with_disk i (Disk (Some q) (with_object object
        (perform compare_name q (performed w + 1) (objects (disks w i) object))
        (objects (disks w i)))) (disks w))
      (backups w) (sent w) (drawn w) (performed w + 1))
| End i :
    step w (World (with_disk i (Disk None (objects (disks w i))) (disks w))
      (backups w) (sent w) (drawn w) (performed w))
| Copy i :
    step w (World (disks w) (objects (disks w i) :: backups w) (sent w) (drawn w) (performed w))
| Put_back i b :
    In b (backups w) ->
    step w (World (with_disk i (Disk None b) (disks w))
      (backups w) (sent w) (drawn w) (performed w))
| Announce i object :
    step w (World (disks w) (backups w)
      (Version object (known (objects (disks w i) object)) :: sent w) (drawn w) (performed w))
| Send i object k :
    In (Version object k) (sent w) ->
    step w (World (disks w) (backups w)
      (Changes object (delta_for compare_name k (objects (disks w i) object)) :: sent w)
      (drawn w) (performed w))
| Receive i object d h :
    In (Changes object d) (sent w) ->
    apply compare_name d (objects (disks w i) object) = Some h ->
    step w (World
      (with_disk i (Disk (process (disks w i)) (with_object object h (objects (disks w i))))
        (disks w))
      (backups w) (sent w) (drawn w) (performed w)).

Inductive reachable : world -> Prop :=
| At_start : reachable start
| Then w w' : reachable w -> step w w' -> reachable w'.

(** What is stored of an object, on a disk or in a copy of one. *)
Definition stored (w : world) (object : Name) (h : held) : Prop :=
  (exists i, h = objects (disks w i) object) \/ (exists b, In b (backups w) /\ h = b object).

(** The operations of a map by dots. *)
Definition operations (m : sorted_map (dot Name) N) : list N := map snd m.
End Network.

Arguments disk : clear implicits.
Arguments message : clear implicits.
Arguments world : clear implicits.
