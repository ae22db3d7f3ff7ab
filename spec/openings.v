(** Openings: forks are seen before anything is applied, and healed by renaming.

    Meaning: a disk may be put back, or a file copied to two devices, and nobody says so. Then two
    processes go on under one origin, and one dot would name two operations. So a process that
    opens a store for writing draws an opening, a number that nobody drew before; it enters an
    object with the first operation that the process performs there. What is known of an object
    is then a version vector and, for some dots, the opening that begins with that operation: the
    openings of one origin, in order, are its chain. Two replicas that both know [m] operations
    of an origin know the same ones exactly if the same opening, begun by the same dot, covers
    [m] in both. Where they differ, the origin forks, and one branch is renamed: its operations
    go to the origin of the same replica whose incarnation is the opening that begins the branch,
    and count from 1 there. It is the branch that begins a new opening at the fork; if both do,
    the one with the greater opening. A replica that applies a delta renames what it holds, or
    translates what it receives, and applies the delta, in one step.
    Here a state is its operations by dot; a type keeps of them what it needs, and renames the
    dots that it keeps. Everything is per object.
    Laws: equal operations have equal names, whatever way they came; applying a delta unites the
    operations ([openings_proof.v]).
    Cost: the check compares one opening an origin; renaming is linear in what is known. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot.
From Rejoin Require version_vector.
Import ListNotations.
Open Scope N_scope.

(** Whose names change: those that the receiver holds, or those of what it receives. *)
Inductive side := Ours | Theirs.

Section Openings.
Context {Name Content : Type}.
Context (compare_name : Name -> Name -> comparison).
Local Notation compare_origin := (compare_origin compare_name).
Local Notation compare_dot := (compare_dot compare_name).
Local Notation dot := (dot Name).
Local Notation origin := (origin Name).
Local Notation vector := (version_vector.state Name).

(** ** What is known of an object *)

(** How many operations of each origin, and which of them began which opening. *)
Record knowledge := Knowledge { counts : vector; openings : sorted_map dot N }.

Definition bottom : knowledge := Knowledge version_vector.bottom [].

(** The opening under which the operation of [o] with counter [m] happened, with the dot that
    began it: the last one that began up to there. *)
Fixpoint covering (o : origin) (m : N) (begun : sorted_map dot N) : option (dot * N) :=
  match begun with
  | [] => None
  | (d, q) :: rest =>
      match covering o m rest with
      | Some later => Some later
      | None =>
          if equal compare_origin (dot_origin d) o && (counter d <=? m) then Some (d, q) else None
      end
  end.

Definition agree_at (a b : knowledge) (o : origin) (m : N) : bool :=
  equal (compare_option (compare_pair compare_dot N.compare))
    (covering o m (openings a)) (covering o m (openings b)).

(** The check that is made of every origin before a delta is applied: at the last operation that
    both know, the same opening covers it. *)
Definition agree_on (a b : knowledge) (o : origin) : bool :=
  agree_at a b o
    (N.min (version_vector.get compare_name o (counts a))
      (version_vector.get compare_name o (counts b))).

Definition agree (a b : knowledge) : bool :=
  forallb (fun entry => agree_on a b (fst entry)) (counts a).

(** What is known where both are. *)
Definition join (a b : knowledge) : knowledge :=
  Knowledge (version_vector.join compare_name (counts a) (counts b))
    (merge compare_dot (fun x y =>
      match x with
      | Some _ => x
      | None => y
      end) (openings a) (openings b)).

(** ** Renaming *)

(** The branch that begins with a dot goes to the origin whose incarnation is its opening. *)
Definition renaming : Type := dot * N.

Definition renamed_origin (r : renaming) : origin :=
  Origin (replica (dot_origin (fst r))) (snd r).

Definition rename_dot (r : renaming) (d : dot) : dot :=
  if equal compare_origin (dot_origin d) (dot_origin (fst r)) && (counter (fst r) <=? counter d)
  then Dot (renamed_origin r) (counter d - counter (fst r) + 1)
  else d.

Definition rename_keys {V : Type} (r : renaming) (m : sorted_map dot V) : sorted_map dot V :=
  fold_right (fun entry => set compare_dot (rename_dot r (fst entry)) (snd entry)) [] m.

(** Of each origin what stays, and under its new name what does not. *)
Definition rename_counts (r : renaming) (v : vector) : vector :=
  fold_right (fun entry rest =>
    let (o, n) := entry : origin * N in
    let stays :=
      if equal compare_origin o (dot_origin (fst r)) then N.min n (counter (fst r) - 1) else n in
    version_vector.see_dot compare_name (rename_dot r (Dot o n))
      (version_vector.see compare_name o stays rest)) version_vector.bottom v.

Definition rename (r : renaming) (k : knowledge) : knowledge :=
  Knowledge (rename_counts r (counts k)) (rename_keys r (openings k)).

(** ** What two know, under common names *)

(** An opening in [theirs] that names an origin in [ours]: the branch was renamed here already. *)
Definition known_branch (ours theirs : knowledge) : option renaming :=
  List.find (fun entry =>
    let branch := renamed_origin entry in
    negb (equal compare_origin branch (dot_origin (fst entry))) &&
    (1 <=? version_vector.get compare_name branch (counts ours))) (openings theirs).

(** The first dot of an origin that names two operations: one of the two begins an opening. *)
Definition first_fork (a b : knowledge) : option dot :=
  List.find (fun d =>
    version_vector.contains compare_name d (counts a) &&
    version_vector.contains compare_name d (counts b) &&
    negb (agree_at a b (dot_origin d) (counter d)))
    (set_of compare_dot (keys (openings a) ++ keys (openings b))).

(** Which of the two branches that begin with [d] is renamed. *)
Definition later_branch (ours theirs : knowledge) (d : dot) : option (side * renaming) :=
  match find compare_dot d (openings ours), find compare_dot d (openings theirs) with
  | Some p, Some q => if p <? q then Some (Theirs, (d, q)) else Some (Ours, (d, p))
  | Some p, None => Some (Ours, (d, p))
  | None, Some q => Some (Theirs, (d, q))
  | None, None => None
  end.

Definition next_renaming (ours theirs : knowledge) : option (side * renaming) :=
  match known_branch ours theirs, known_branch theirs ours with
  | Some r, _ => Some (Theirs, r)
  | None, Some r => Some (Ours, r)
  | None, None =>
      match first_fork ours theirs with
      | Some d => later_branch ours theirs d
      | None => None
      end
  end.

(** The renamings of what we hold and of what they know, in the order in which they are made.
    Each leaves one opening less that does not name its origin, so [fuel] suffices. *)
Fixpoint reconcile_within (fuel : nat) (ours theirs : knowledge)
    : list renaming * list renaming :=
  match fuel with
  | O => ([], [])
  | S fuel =>
      match next_renaming ours theirs with
      | None => ([], [])
      | Some (Ours, r) =>
          let rest := reconcile_within fuel (rename r ours) theirs in
          (r :: fst rest, snd rest)
      | Some (Theirs, r) =>
          let rest := reconcile_within fuel ours (rename r theirs) in
          (fst rest, r :: snd rest)
      end
  end.

Definition reconcile (ours theirs : knowledge) : list renaming * list renaming :=
  reconcile_within (length (openings ours) + length (openings theirs)) ours theirs.

(** ** What a replica holds of an object *)

(** [own] is the origin under which it performs its next operation. *)
Record held := Held { own : origin; known : knowledge; content : sorted_map dot Content }.

Definition untouched (o : origin) : held := Held o bottom [].

Definition rename_own (r : renaming) (o : origin) : origin :=
  if equal compare_origin o (dot_origin (fst r)) then renamed_origin r else o.

Definition rename_held (r : renaming) (h : held) : held :=
  Held (rename_own r (own h)) (rename r (known h)) (rename_keys r (content h)).

(** Whether the last operation of its own origin happened under [opening]. *)
Definition goes_on (opening : N) (h : held) : bool :=
  match covering (own h) (version_vector.get compare_name (own h) (counts (known h)))
    (openings (known h)) with
  | Some (_, last) => last =? opening
  | None => false
  end.

(** Whether the process must draw a new opening before it writes: it wrote under [opening]
    already, and a living copy went on since. *)
Definition must_draw (opening : N) (h : held) : bool :=
  negb (goes_on opening h) && existsb (fun entry => snd entry =? opening) (openings (known h)).

Definition perform (opening : N) (operation : Content) (h : held) : held :=
  let d := version_vector.next compare_name (own h) (counts (known h)) in
  Held (own h)
    (Knowledge (version_vector.see_dot compare_name d (counts (known h)))
      (if goes_on opening h then openings (known h)
       else set compare_dot d opening (openings (known h))))
    (set compare_dot d operation (content h)).

(** ** Deltas *)

(** What a replica that knows [since] lacks: it then knows [seen]. *)
Record delta := Delta {
  since : vector;
  seen : knowledge;
  brings : sorted_map dot Content
}.

Definition rename_delta (r : renaming) (d : delta) : delta :=
  Delta (rename_counts r (since d)) (rename r (seen d)) (rename_keys r (brings d)).

(** For one who announced [theirs]. What they know is renamed as well: under which names it
    reaches them, they find out from [seen]. *)
Definition delta_for (theirs : knowledge) (h : held) : delta :=
  let (rs, ss) := reconcile (known h) theirs in
  let h' := fold_left (fun h r => rename_held r h) rs h in
  let theirs' := fold_left (fun k r => rename r k) ss theirs in
  Delta (counts theirs') (join (known h') theirs')
    (filter (fun entry => negb (version_vector.contains compare_name (fst entry)
      (counts theirs'))) (content h')).

(** Renames both sides, and applies, in one step. [None] if the delta builds on operations that
    are lacking here; then nothing changes. *)
Definition apply (d : delta) (h : held) : option held :=
  let (rs, ss) := reconcile (known h) (seen d) in
  let h' := fold_left (fun h r => rename_held r h) rs h in
  let d' := fold_left (fun d r => rename_delta r d) ss d in
  if version_vector.covers compare_name (counts (known h')) (since d')
  then Some (Held (own h') (join (known h') (seen d'))
    (merge compare_dot (fun x y =>
      match x with
      | Some _ => x
      | None => y
      end) (content h') (brings d')))
  else None.
End Openings.

Arguments knowledge : clear implicits.
Arguments held : clear implicits.
Arguments delta : clear implicits.
