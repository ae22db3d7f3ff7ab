(** Computed examples of sync: what the theorems ask of a way to cut deltas can be met, two
    replicas meet, sessions of two classes go on at once and say what is true, an early end needs
    summaries that tell states apart, and a piece must not be applied alone. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot delta definition.
From Rejoin Require version_vector decisions or_set replica.
From Rejoin Require Import network network_proof network_examples examples.
From Rejoin Require Import state_hash state_hash_proof state_hash_examples sync sync_delivery_proof sync_feed_proof sync_proof.
From Rejoin Require Import sync_verdict sync_verdict_proof.
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
Proof. now destruct x as [| | [seen [| entry entries]] | | | | | | | | | |]. Qed.

Lemma every_delta_is_assembled x : assemble_sets (cut_sets x) = x.
Proof.
  destruct x as [| | [seen [| entry entries]] | | | | | | | | | |]; try reflexivity.
  cbn [cut_sets decisions.maximal map assemble_sets decisions.seen flat_map entries_of app].
  do 3 f_equal. induction entries as [| other entries IH]; [reflexivity |]. cbn. now rewrite IH.
Qed.

(** A delta in one piece, as sessions have it that run beside the Rust, can be so as well. *)
Example a_delta_in_one_piece_is_cut_and_assembled (x : object) :
  whole x <> [] /\ the_whole (whole x) = x.
Proof. split; [discriminate | reflexivity]. Qed.

(** What is compared: both state hashes, here by the toy hash, and the vectors. *)
Definition summarize (xs : replica.objects N N) : bytes :=
  let hash_of := replica_hash N.compare N.compare 0 uv uv toy in
  hash_of false xs ++ hash_of true xs
  ++ flat_map (fun entry => uv (fst entry)
       ++ flat_map (fun counted => origin_bytes uv (fst counted) ++ uv (snd counted))
            (replica.seen_object (snd entry))) xs.

Local Notation begin := (begin N.compare summarize).
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
       = Some (Elements [5; 6; 7])
    /\ equal compare_bytes (summarize (of_class N.compare [2] (held w 1)))
         (summarize (of_class N.compare [2] (held w 2))) = false)
    as (w & reached & at_1 & at_2 & joined & stated).
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
    reached ltac:(easy) ltac:(intros same; rewrite same, (equal_to_itself compare_bytes) in stated;
      discriminate stated) run ended) as (at_1' & at_2' & agree_1 & agree_2).
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

(** ** Runs that are played

    What was noted with a delta is looked up, so that a run is a list of what is done. *)

Local Notation session := (session (Name := N) (Value := N) (Summary := bytes)).

Definition same_deltas (a b : replica.deltas N N) : {a = b} + {a <> b}.
Proof. repeat decide equality. Defined.

Fixpoint events_noted (ds : replica.deltas N N) (sent : list (network.message N N))
    : option (list (event N N)) :=
  match sent with
  | [] => None
  | Changes ds' events :: sent => if same_deltas ds' ds then Some events else events_noted ds sent
  | Full _ _ :: sent => events_noted ds sent
  end.

Section Play.
Context (summarize : replica.objects N N -> bytes).
Local Notation goes_on :=
  (goes_on N.compare N.compare compare_bytes cut_sets assemble_sets summarize).
Local Notation deliver_left :=
  (deliver_left N.compare N.compare compare_bytes cut_sets assemble_sets summarize).

Definition deliver_now (w : world) (s : session) : option (world * session) :=
  match to_left s with
  | [] => None
  | m :: rest =>
      let xs := held w (left s) in
      let n := nodes w (left s) in
      let after ns :=
        Some (World (happened w) ns (offers N.compare (at_left s) m n ++ sent w) (backups w),
          Session (class s) (left s) (right s)
            (turn N.compare compare_bytes summarize (class s) (at_left s) m xs) (at_right s)
            rest (to_right s ++ reply N.compare compare_bytes cut_sets summarize
              (class s) (at_left s) m xs)) in
      match completes N.compare assemble_sets (class s) (at_left s) m with
      | None => after (nodes w)
      | Some ds =>
          match replica.apply N.compare N.compare ds xs with
          | None => after (nodes w)
          | Some ys =>
              match events_noted ds (sent w) with
              | None => None
              | Some events =>
                  after (with_node N.compare (left s)
                    (Node (replica.Replica (replica.self (running n)) ys)
                      (union_events N.compare (seen n) events)) (nodes w))
              end
          end
      end
  end.

Lemma what_is_noted_was_sent ds ms events :
  events_noted ds ms = Some events -> In (Changes ds events) ms.
Proof.
  induction ms as [| [xs es | ds' es] ms IH]; cbn; [easy | auto |].
  destruct (same_deltas ds' ds) as [-> |]; [| auto]. intros [= ->]. now left.
Qed.

Lemma what_is_delivered_now_is_delivered w s w' s' :
  deliver_now w s = Some (w', s') -> deliver_left w s w' s'.
Proof.
  unfold deliver_now. destruct (to_left s) as [| m rest] eqn:queued; [easy |].
  destruct (completes N.compare assemble_sets (class s) (at_left s) m) as [ds |] eqn:complete;
    [destruct (replica.apply N.compare N.compare ds (held w (left s))) as [ys |] eqn:applied;
      [destruct (events_noted ds (sent w)) as [events |] eqn:noted; [| easy] |] |];
    intros [= <- <-]; apply Deliver_left; auto.
  - apply (Taken _ _ _ w (class s) (at_left s) m (left s) ds events ys); auto.
    now apply what_is_noted_was_sent.
  - now apply (Refused _ _ _ w (class s) (at_left s) m (left s) ds).
  - now apply Incomplete.
Qed.

(** What is done: an operation, the beginning of a session, or a delivery to the left or the right
    side of a session, by its place in the list. *)
Inductive action :=
| Does (name object : N) (op : operation N N)
| Begins (class : sorted_set N) (left right : N)
| To_the_left (at_place : nat)
| To_the_right (at_place : nat).

Definition act (what : action) (now : world * list session) : option (world * list session) :=
  let '(w, ss) := now in
  match what with
  | Does name object op =>
      if valid op then
        match replica.perform N.compare N.compare object op None (running (nodes w name)) with
        | Some r =>
            let e := next_event N.compare object op None (nodes w name) in
            Some (World (e :: happened w)
              (with_node N.compare name (Node r (e :: seen (nodes w name))) (nodes w))
              (sent w) (backups w), ss)
        | None => None
        end
      else None
  | Begins c a b => Some (w, sync.begin N.compare summarize c a b w :: ss)
  | To_the_left i =>
      match skipn i ss with
      | s :: after =>
          match deliver_now w s with
          | Some (w', s') => Some (w', firstn i ss ++ s' :: after)
          | None => None
          end
      | [] => None
      end
  | To_the_right i =>
      match skipn i ss with
      | s :: after =>
          match deliver_now w (flip s) with
          | Some (w', s') => Some (w', firstn i ss ++ flip s' :: after)
          | None => None
          end
      | [] => None
      end
  end.

Fixpoint play (what : list action) (now : world * list session) : option (world * list session) :=
  match what with
  | [] => Some now
  | first :: rest =>
      match act first now with
      | Some later => play rest later
      | None => None
      end
  end.

Lemma what_is_done_goes_on what w ss w' ss' w0 ss0 :
  goes_on w0 ss0 w ss ->
  act what (w, ss) = Some (w', ss') ->
  goes_on w0 ss0 w' ss'.
Proof.
  intros before done. apply (Goes_on _ _ _ _ _ _ _ _ _ _ _ _ before). clear before.
  destruct what as [name object op | c a b | i | i]; cbn in done.
  - destruct (valid op) eqn:is_valid; [| easy].
    destruct (replica.perform _ _ _ _ _ _) as [r |] eqn:performed; [| easy].
    injection done as <- <-. apply Elsewhere. now apply Operate.
  - injection done as <- <-. apply Begin.
  - destruct (skipn i ss) as [| s after] eqn:at_place; [easy |].
    destruct (deliver_now w s) as [[w1 s1] |] eqn:delivered; [| easy]. injection done as <- <-.
    apply (Deliver _ _ _ _ _ _ _ _ (firstn i ss) s after).
    + rewrite <- at_place. symmetry. apply firstn_skipn.
    + now apply To_left, what_is_delivered_now_is_delivered.
  - destruct (skipn i ss) as [| s after] eqn:at_place; [easy |].
    destruct (deliver_now w (flip s)) as [[w1 s1] |] eqn:delivered; [| easy].
    injection done as <- <-.
    apply (Deliver _ _ _ _ _ _ _ _ (firstn i ss) s after).
    + rewrite <- at_place. symmetry. apply firstn_skipn.
    + now apply To_right, what_is_delivered_now_is_delivered.
Qed.

Lemma what_is_played_goes_on what w ss :
  play what (start types, []) = Some (w, ss) ->
  goes_on (start types) [] w ss.
Proof.
  enough (forall what w0 ss0 w ss, goes_on (start types) [] w0 ss0 ->
    play what (w0, ss0) = Some (w, ss) -> goes_on (start types) [] w ss) as more
    by (intros; eapply more; eauto using Stays).
  clear what w ss. induction what as [| first rest IH]; intros w0 ss0 w ss before.
  - now intros [= <- <-].
  - cbn [play]. destruct (act first (w0, ss0)) as [[w1 ss1] |] eqn:done; [| easy]. intros played.
    apply (IH w1 ss1); [| exact played]. now apply (what_is_done_goes_on first w0 ss0).
Qed.
End Play.

(** What a session of a run says on either side, if it has ended there. *)
Definition said (s : session) : option bool * option bool :=
  let of_side (s : side (Name := N) (Value := N) (Summary := bytes)) :=
    match at_phase s with
    | Closed agrees => Some agrees
    | _ => None
    end in
  (of_side (at_left s), of_side (at_right s)).

Definition outcome (run : option (world * list session))
    : option (list (option bool * option bool) * list (option (definition.answer N N))) :=
  match run with
  | Some (w, ss) => Some (map said ss, [set_at w 1; set_at w 2])
  | None => None
  end.

Definition both_ways (place : nat) (times : nat) : list action :=
  flat_map (fun _ => [To_the_left place; To_the_right place]) (seq 0 times).

(** Replica 1 adds 5 to the set. A session over the set begins, and one over the counter, which
    nobody has touched: that one ends early. The other one exchanges all, and both sides have sent
    what they compare, when replica 1 adds 6: its side says that they differ, and they do; the
    side of replica 2 says that they agree, and both of them did hold that. *)
Definition two_classes_at_once : list action :=
  [Does 1 2 (Add 5); Begins [2] 1 2]
  ++ both_ways 0 1
  ++ [Begins [0] 1 2]
  ++ both_ways 0 1
  ++ both_ways 1 3
  ++ [Does 1 2 (Add 6)]
  ++ both_ways 1 1.

Example two_classes_go_on_at_once :
  outcome (play summarize two_classes_at_once (start types, []))
  = Some ([(Some true, Some true); (Some false, Some true)],
      [Some (Elements [5; 6]); Some (Elements [5])]).
Proof. vm_compute. reflexivity. Qed.

Example two_classes_go_on_at_once_in_a_world :
  exists w : world, exists ss,
    goes_on N.compare N.compare compare_bytes cut_sets assemble_sets summarize
      (start types) [] w ss
    /\ map said ss = [(Some true, Some true); (Some false, Some true)].
Proof.
  pose proof two_classes_go_on_at_once as played.
  destruct (play summarize two_classes_at_once (start types, [])) as [[w ss] |] eqn:run; [| easy].
  injection played as verdicts _ _. exists w, ss.
  split; [now apply what_is_played_goes_on in run | exact verdicts].
Qed.

(** Without the write both agree, and hold the same. *)
Example undisturbed_they_agree :
  outcome (play summarize ([Does 1 2 (Add 5); Does 2 2 (Add 7); Begins [2] 1 2] ++ both_ways 0 5)
    (start types, []))
  = Some ([(Some true, Some true)], [Some (Elements [5; 7]); Some (Elements [5; 7])]).
Proof. vm_compute. reflexivity. Qed.

(** Of two pieces neither is applied alone, and both are. *)
Example all_pieces_are_applied :
  outcome (play summarize
    ([Does 1 2 (Add 5); Does 1 2 (Add 6); Begins [2] 1 2] ++ both_ways 0 4
     ++ [To_the_right 0; To_the_left 0; To_the_right 0]) (start types, []))
  = Some ([(Some true, Some true)], [Some (Elements [5; 6]); Some (Elements [5; 6])]).
Proof. vm_compute. reflexivity. Qed.

Example a_piece_that_is_not_the_last_completes_nothing :
  let piece := replica.bottom_object Or_set in
  let side := Side Taking [] : side (Name := N) (Value := N) (Summary := bytes) in
  completes N.compare assemble_sets [2] side (Piece 2 [] piece false) = None
  /\ completes N.compare assemble_sets [2] side (Piece 2 [] piece true)
     = Some (one_delta 2 [] piece)
  /\ completes N.compare assemble_sets [1] side (Piece 2 [] piece true) = None.
Proof. repeat split; vm_compute; reflexivity. Qed.

Example what_is_closed_may_disagree :
  let closed v := Side (Closed v) [] : side (Name := N) (Value := N) (Summary := bytes) in
  agrees (closed true) = true
  /\ agrees (closed false) = false
  /\ agrees (Side Checking [] : side (Name := N) (Value := N) (Summary := bytes)) = false.
Proof. repeat split; reflexivity. Qed.

(** An early end asks for summaries that tell states apart. With one that says nothing both sides
    agree at once, and hold different sets. *)
Example a_summary_that_says_nothing_ends_too_early :
  outcome (play (fun _ => []) ([Does 1 2 (Add 5); Begins [2] 1 2] ++ both_ways 0 1)
    (start types, []))
  = Some ([(Some true, Some true)], [Some (Elements [5]); Some (Elements [])]).
Proof. vm_compute. reflexivity. Qed.

(** The same of the summaries that the theorem speaks of, where the fingerprint says nothing: the
    set of replica 1 has seen more, and records the same. *)
Example fingerprints_that_say_nothing_collide :
  let once := [(2, replica.A_set (or_set.add N.compare one 1 None 5 or_set.bottom))] in
  let more := [(2, replica.A_set (decisions.State [(one, 2)]
    (decisions.maximal (or_set.add N.compare one 1 None 5 or_set.bottom))))] in
  let summary_of :=
    @summary_of N N unit N.compare N.compare (fun _ => tt) 0 uv uv toy in
  summary_of once = summary_of more
  /\ once <> more
  /\ fingerprints_collide (fun _ => tt) once more
  /\ find_clash toy (replica_messages N.compare N.compare 0 uv uv toy once
       ++ replica_messages N.compare N.compare 0 uv uv toy more) = None.
Proof.
  split; [now vm_compute |]. split; [discriminate |]. split; [split; [discriminate | reflexivity] |].
  now vm_compute.
Qed.

(** What the theorem asks of states holds of these, and not of one that is not well-formed; and a
    state does not collide with itself. *)
Example what_is_fine_and_what_does_not_collide :
  let once := [(2, replica.A_set (or_set.add N.compare one 1 None 5 or_set.bottom))] in
  let forged := [(2, replica.A_set (decisions.State [] [(5, [])]))] in
  fine N.compare N.compare once = true
  /\ fine N.compare N.compare forged = false
  /\ ~ fingerprints_collide (fun _ => tt) once once
  /\ ~ hashes_clash N.compare N.compare 0 uv uv toy once once.
Proof.
  split; [now vm_compute |]. split; [now vm_compute |]. split.
  - intros [differ _]. now apply differ.
  - intros (c & found & _). vm_compute in found. discriminate.
Qed.

(** What was held before a session began, or after the moment at which it says something, does not count. *)
Example only_what_was_held_since_then_counts (e : event N N) :
  let before := network.start types in
  let later := network.World [e] (network.nodes before) [] [] in
  ~ between N.compare N.compare later before later
  /\ ~ between N.compare N.compare before later before.
Proof.
  intros before later.
  assert (forall w w' : world, network.steps N.compare N.compare w w' ->
    (length (network.happened w) <= length (network.happened w'))%nat) as more.
  { intros w w' taken. induction taken as [| x y _ IH next]; [apply le_n |].
    destruct next; cbn [network.happened length] in *; auto. }
  split; intros [here there].
  - exact (PeanoNat.Nat.nle_succ_0 0 (more _ _ here)).
  - exact (PeanoNat.Nat.nle_succ_0 0 (more _ _ there)).
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
