(** Computed examples of sync: what the theorems ask of a way to cut deltas can be met, two
    replicas meet, and a piece must not be taken alone. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot delta definition.
From Rejoin Require version_vector decisions or_set replica.
From Rejoin Require Import network network_proof network_examples examples.
From Rejoin Require Import state_hash state_hash_proof state_hash_examples sync sync_proof.
Import ListNotations.
Open Scope N_scope.

Local Notation object := (replica.object N N).
Local Notation world := (network.world N N).

(** A set goes element by element, all else in one piece. *)
Definition cut_sets (x : object) : list object :=
  match x with
  | replica.A_set s =>
      match decisions.maximal s with
      | [] => [x]
      | entries => map (fun entry => replica.A_set (decisions.State (decisions.seen s) [entry])) entries
      end
  | _ => [x]
  end.

Definition entries_of (x : object) : sorted_map N (sorted_set (decisions.decision N presence)) :=
  match x with
  | replica.A_set s => decisions.maximal s
  | _ => []
  end.

Definition assemble_sets (pieces : list object) : object :=
  match pieces with
  | replica.A_set s :: _ =>
      replica.A_set (decisions.State (decisions.seen s) (flat_map entries_of pieces))
  | x :: _ => x
  | [] => replica.bottom_object G_counter
  end.

Lemma every_delta_is_cut x : cut_sets x <> [].
Proof. now destruct x as [| | [seen [| entry entries]] | |]. Qed.

Lemma every_delta_is_assembled x : assemble_sets (cut_sets x) = x.
Proof.
  destruct x as [s | s | [seen [| entry entries]] | s | s]; try reflexivity.
  cbn [cut_sets decisions.maximal map assemble_sets decisions.seen flat_map entries_of app].
  do 3 f_equal. induction entries as [| other entries IH]; [reflexivity |]. cbn. now rewrite IH.
Qed.

(** What is compared: both state hashes, here by the toy hash, and the vectors. *)
Definition summarize (xs : replica.objects N N) : bytes :=
  let hash_of := replica_hash N.compare N.compare 0 uv uv toy in
  hash_of false xs ++ hash_of true xs
  ++ flat_map (fun entry => uv (fst entry)
       ++ flat_map (fun counted => origin_bytes uv (fst counted) ++ uv (snd counted))
            (replica.seen_object (snd entry))) xs.

Local Notation begin := (begin (Summary := bytes) N.compare).
Local Notation undisturbed :=
  (undisturbed N.compare N.compare compare_bytes cut_sets assemble_sets summarize).

(** What the set of some objects has. *)
Definition in_set (xs : replica.objects N N) : option (definition.answer N N) :=
  match find N.compare 2 xs with
  | Some x => Some (replica.value N.compare 0 x)
  | None => None
  end.

(** Replica 1 adds 5 and 6 to the set, replica 2 adds 7; then a session over the set begins, goes
    on to its end, and both show all three. *)
Example two_replicas_meet :
  exists w w' : world, exists s',
    steps N.compare N.compare (start types) w
    /\ set_at w 1 = Some (Elements [5; 6])
    /\ set_at w 2 = Some (Elements [7])
    /\ undisturbed w (begin [2] 1 2 w) w' s'
    /\ finished s'
    /\ set_at w' 1 = Some (Elements [5; 6; 7])
    /\ set_at w' 2 = Some (Elements [5; 6; 7])
    /\ agrees (at_left s') = true
    /\ agrees (at_right s') = true.
Proof.
  assert (exists w : world,
    steps N.compare N.compare (start types) w
    /\ set_at w 1 = Some (Elements [5; 6])
    /\ set_at w 2 = Some (Elements [7])
    /\ in_set (replica.join N.compare N.compare (held w 1) (held w 2))
       = Some (Elements [5; 6; 7])) as (w & reached & at_1 & at_2 & joined).
  { eexists. split.
    - eapply step_first.
      { apply (Operate _ _ _ 1 2 (Add 5) None); [reflexivity | vm_compute; reflexivity]. }
      eapply step_first.
      { apply (Operate _ _ _ 1 2 (Add 6) None); [reflexivity | vm_compute; reflexivity]. }
      eapply step_first.
      { apply (Operate _ _ _ 2 2 (Add 7) None); [reflexivity | vm_compute; reflexivity]. }
      apply Nothing.
    - repeat split; vm_compute; reflexivity. }
  assert (sorted N.compare types = true) as typed by reflexivity.
  destruct (a_session_can_go_on_to_its_end N.compare N.compare compare_bytes types typed cut_sets
    assemble_sets every_delta_is_cut every_delta_is_assembled summarize w w [2] 1 2
    (begin [2] 1 2 w) reached (Begun _ _ _ _ _ _ w _)) as (w' & s' & run & ended).
  destruct (an_uncut_session_ends_at_the_join N.compare N.compare compare_bytes types typed cut_sets
    assemble_sets every_delta_is_cut every_delta_is_assembled summarize w w' [2] 1 2 s'
    reached ltac:(easy) run ended) as (at_1' & at_2' & agree_1 & agree_2).
  assert (forall xs ys : replica.objects N N, of_class N.compare [2] xs = of_class N.compare [2] ys ->
    sorted N.compare xs = true -> sorted N.compare ys = true -> in_set xs = in_set ys) as from_class.
  { intros xs ys same sorts sorts'. unfold in_set.
    pose proof (find_in_class N.compare [2] 2 xs sorts) as found.
    pose proof (find_in_class N.compare [2] 2 ys sorts') as found'.
    cbn in found, found'. now rewrite <- found, <- found', same. }
  pose proof (what_is_held_is_sorted N.compare N.compare types typed) as sorts.
  assert (reachable N.compare N.compare types w') as reached'.
  { apply (a_reachable_world_stays_reachable N.compare N.compare types w); [exact reached |].
    now apply an_undisturbed_session_takes_steps in run. }
  assert (sorted N.compare (replica.join N.compare N.compare (held w 1) (held w 2)) = true)
    as sorts_join by (apply (merge_is_sorted N.compare); now apply sorts).
  exists w, w', s'.
  change (set_at w' 1) with (in_set (held w' 1)). change (set_at w' 2) with (in_set (held w' 2)).
  rewrite (from_class _ _ at_1' (sorts w' 1 reached') sorts_join).
  rewrite (from_class _ _ at_2' (sorts w' 2 reached') sorts_join).
  exact (conj reached (conj at_1 (conj at_2 (conj run (conj ended
    (conj joined (conj joined (conj agree_1 agree_2)))))))).
Qed.

(** ** A piece alone: its vector claims what it does not have

    Replica 2 takes the first of two pieces as if it were the delta. It then says that it has seen
    all, and what it lacks is never sent again. *)

Definition two_adds : replica.objects N N :=
  replica.meaning N.compare N.compare types
    [Event 2 (Dot one 2) 2 None (Add 6) [Dot one 1]; Event 2 (Dot one 1) 1 None (Add 5) []].

Example the_delta_goes_in_two_pieces :
  map (fun m : message (Summary := bytes) =>
      match m with
      | Piece name since p is_last => Some (name, keys (entries_of p), is_last)
      | _ => None
      end)
    (answer N.compare cut_sets [(2, [])] two_adds)
  = [Some (2, [5], false); Some (2, [6], true)].
Proof. vm_compute. reflexivity. Qed.

Example a_piece_alone_leaves_a_hole :
  exists piece holed,
    hd_error (answer (Summary := bytes) N.compare cut_sets [(2, [])] two_adds)
      = Some (Piece 2 [] piece false)
    /\ replica.apply N.compare N.compare (one_delta 2 [] piece) (replica.untouched types)
       = Some holed
    /\ in_set holed = Some (Elements [5])
    /\ vectors N.compare [2] holed = vectors N.compare [2] two_adds
    /\ map (fun entry => entries_of (part (snd entry)))
         (replica.deltas_since N.compare (vectors N.compare [2] holed) two_adds) = [[]].
Proof. eexists _, _. repeat split; vm_compute; reflexivity. Qed.
