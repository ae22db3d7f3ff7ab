(** Computed examples of runs that go on for ever: one that is fair and settles, by sessions that
    compare vectors; and two in which replicas never hold the same: a group that the edges do not
    connect, and a session that is begun at each moment and completed at none. *)

From Coq Require Import List Bool NArith Lia.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot delta definition.
From Rejoin Require version_vector replica judge judge_proof.
From Rejoin Require Import network network_proof network_examples examples.
From Rejoin Require Import sync sync_delivery_proof sync_proof sync_verdict sync_verdict_proof.
From Rejoin Require Import eventually eventually_proof.
Import ListNotations.
Open Scope N_scope.

Local Notation object := (replica.object N N).
Local Notation objects := (replica.objects N N).
Local Notation world := (world N N).
Local Notation steps := (steps N.compare N.compare).
Local Notation reachable := (reachable N.compare N.compare types).

(** A delta goes in one piece, and what is compared are the vectors. *)
Definition whole (x : object) : list object := [x].

Definition the_first (pieces : list object) : object :=
  match pieces with
  | x :: _ => x
  | [] => replica.bottom_object G_counter
  end.

Local Notation summary := (sorted_map N (version_vector.state N)).

Definition compare_vectors : summary -> summary -> comparison :=
  judge.compare_list (compare_pair N.compare
    (judge.compare_list (compare_pair (compare_origin N.compare) N.compare))).

Local Notation session := (session (Name := N) (Value := N) (Summary := summary)).
Local Notation deliver :=
  (deliver N.compare N.compare compare_vectors whole the_first vectors_of).
Local Notation carried :=
  (carried N.compare N.compare compare_vectors whole the_first vectors_of).
Local Notation begin := (begin N.compare vectors_of).
Local Notation meets_after :=
  (meets_after N.compare N.compare compare_vectors whole the_first vectors_of).
Local Notation fair :=
  (fair N.compare N.compare compare_vectors types whole the_first vectors_of).
Local Notation run := (run N.compare N.compare types).
Local Notation summaries_tell_apart := (summaries_tell_apart N.compare vectors_of).

(** Replica 1 adds 5 to the set; then replica 2 receives its state. *)
Definition added : world :=
  let w := start types in
  let n := nodes w 1 in
  let e := next_event N.compare 2 (Add 5) None n in
  match replica.perform N.compare N.compare 2 (Add 5) None (running n) with
  | Some r =>
      World [e] (with_node N.compare 1 (Node r [e]) (nodes w))
        [Full (replica.held r) [e]] []
  | None => w
  end.

Definition received : world :=
  let w := added in
  let n := nodes w 2 in
  World (happened w)
    (with_node N.compare 2
      (Node (replica.Replica (replica.self (running n))
          (replica.join N.compare N.compare (replica.held (running n))
            (replica.held (running (nodes w 1)))))
        (union_events N.compare (seen n) (seen (nodes w 1)))) (nodes w))
    (sent w) (backups w).

Lemma the_add_happens : steps (start types) added.
Proof.
  eapply step_first.
  { apply (Operate _ _ _ 1 2 (Add 5) None); [reflexivity | vm_compute; reflexivity]. }
  eapply step_first; [apply (Send _ _ _ 1) |]. apply Nothing.
Qed.

Lemma the_add_is_received : steps added received.
Proof.
  eapply step_first; [| apply Nothing].
  apply (Receive _ _ added 2 (replica.held (running (nodes added 1))) (seen (nodes added 1))).
  now left.
Qed.

Example replica_2_has_received_it_and_replica_3_has_not :
  set_at added 1 = Some (Elements [5]) /\ set_at added 2 = Some (Elements [])
  /\ set_at received 1 = Some (Elements [5]) /\ set_at received 2 = Some (Elements [5])
  /\ set_at received 3 = Some (Elements []).
Proof. repeat split; vm_compute; reflexivity. Qed.

(** ** Sessions of two who hold the same *)

Lemma a_greeting_is_delivered (x : world) (s : session) h rest :
  to_left s = Hello h :: rest ->
  deliver_left N.compare N.compare compare_vectors whole the_first vectors_of x s x
    (Session (class s) (left s) (right s)
      (turn N.compare compare_vectors vectors_of (class s) (at_left s) (Hello h) (held x (left s)))
      (at_right s) rest
      (to_right s ++ reply N.compare compare_vectors whole vectors_of (class s) (at_left s) (Hello h)
        (held x (left s)))).
Proof.
  intros queued. destruct x as [happened nodes sent backups].
  apply (Deliver_left N.compare N.compare compare_vectors whole the_first vectors_of
    (World happened nodes sent backups) s (Hello h) rest nodes queued).
  now apply Incomplete.
Qed.

Lemma who_hold_the_same_meet (w : nat -> world) n x c a b :
  (forall k, (n <= k)%nat -> w k = x) ->
  of_class N.compare c (held x a) = of_class N.compare c (held x b) ->
  exists s, carried w n (begin c a b (w n)) (S (S n)) s /\ finished s.
Proof.
  intros still same. pose proof (still n (le_n n)) as first.
  assert (w (S n) = x) as second by (apply still; lia).
  assert (w (S (S n)) = x) as third by (apply still; lia).
  pose proof (At_first N.compare N.compare compare_vectors whole the_first vectors_of w n
    (begin c a b x)) as step_0.
  pose proof (a_greeting_is_delivered x (begin c a b x) _ _ eq_refl) as here.
  set (s1 := Session _ _ _ _ _ _ _) in here.
  pose proof (a_greeting_is_delivered x (flip s1)
    (vectors_of (of_class N.compare c (held x a))) []) as there.
  subst s1.
  cbn [flip to_left to_right at_left at_right class left right sync.begin turn reply at_phase fresh] in *.
  rewrite same, (equal_to_itself compare_vectors) in *. cbn [app] in there.
  specialize (there eq_refl).
  eexists. rewrite first. split.
  - eapply Delivers; [eapply Delivers; [exact step_0 |] |].
    + rewrite first, second. apply To_left. exact here.
    + rewrite second, third. apply To_right. exact there.
  - now split.
Qed.

(** ** A fair run that settles *)

Lemma both_hold_the_same : held received 1 = held received 2.
Proof. vm_compute. reflexivity. Qed.

Definition in_two_steps (n : nat) : world :=
  match n with
  | O => added
  | S _ => received
  end.

Definition between_1_and_2 (a b : N) : Prop := a = 1 /\ b = 2.

Lemma the_two_steps_are_a_run : run in_two_steps.
Proof.
  split; [exact the_add_happens |]. intros [|]; [exact the_add_is_received | apply Nothing].
Qed.

Lemma vectors_tell_apart (w : nat -> world) : run w -> summaries_tell_apart w.
Proof.
  intros runs n c a b of_both same.
  pose proof (each_world_is_reachable N.compare N.compare types w runs n) as reached.
  apply (equal_vectors_of_a_class_mean_equal_states N.compare N.compare types eq_refl c
    (w n) (w n) (w n) (w n)); auto; split; apply Nothing.
Qed.

Example a_run_is_fair_and_settles :
  run in_two_steps
  /\ summaries_tell_apart in_two_steps
  /\ settled [1; 2] in_two_steps 0
  /\ fair [1; 2] in_two_steps between_1_and_2
  /\ set_at (in_two_steps 0) 1 = Some (Elements [5])
  /\ set_at (in_two_steps 0) 2 = Some (Elements []).
Proof.
  split; [exact the_two_steps_are_a_run |].
  split; [exact (vectors_tell_apart _ the_two_steps_are_a_run) |].
  split; [split |].
  - intros [|] name _ [<- | [<- | []]]; cbn [in_two_steps]; intros e; vm_compute; tauto.
  - intros [|] name e _ [<- | [<- | []]]; cbn [in_two_steps]; intros there; exists 1;
      (split; [now left |]); revert there; vm_compute; tauto.
  - split; [split; [| split] | split; vm_compute; reflexivity].
    + intros a b [-> ->]. cbn. tauto.
    + intros a b [-> ->] object _ n.
      destruct (who_hold_the_same_meet in_two_steps (S n) received [object] 1 2) as (s & carries & ends).
      * intros [|] late; [lia | reflexivity].
      * exact (f_equal (of_class N.compare [object]) both_hold_the_same).
      * exists (S n), (S (S (S n))), [object], s. split; [lia |]. split; [| now split].
        cbn. now rewrite N.compare_refl.
    + assert (connected between_1_and_2 1 2) as there
        by (apply (Over _ _ 1 2 (Itself _ 1)); left; now split).
      assert (connected between_1_and_2 2 1) as back
        by (apply (Over _ _ 2 1 (Itself _ 2)); right; now split).
      intros a b [<- | [<- | []]] [<- | [<- | []]]; try assumption; apply Itself.
Qed.

(** A path of two edges connects its ends, whichever side began each session. *)
Example a_path_connects_its_ends :
  let edge (a b : N) := (a = 1 /\ b = 2) \/ (a = 3 /\ b = 2) in
  connected edge 1 3 /\ ~ edge 1 3 /\ ~ edge 3 1.
Proof.
  intros edge. split; [| split].
  - apply (Over edge 1 2 3); [apply (Over edge 1 1 2); [apply Itself |] |].
    + left. left. now split.
    + right. right. now split.
  - intros [[_ other] | [other _]]; discriminate other.
  - intros [[other _] | [_ other]]; discriminate other.
Qed.

(** ** A group in two parts

    1 and 2 meet again and again, and nobody meets 3: all that is asked but the edges. *)

Definition at_rest (w : world) (n : nat) : world := w.

(** Who is not connected: by the definitions alone. *)
Example nobody_comes_to_3 : ~ connected between_1_and_2 1 3.
Proof.
  assert (forall x, connected between_1_and_2 1 x -> x = 1 \/ x = 2) as only.
  { intros x path. induction path as [| b c _ IH [[-> ->] | [-> ->]]]; auto. }
  intros path. now destruct (only 3 path).
Qed.

Theorem without_a_connecting_edge_one_stays_behind :
  let w := at_rest received in
  run w
  /\ settled [1; 2; 3] w 0
  /\ (forall object n, meets_after w n object 1 2)
  /\ ~ connected between_1_and_2 1 3
  /\ forall n, set_at (w n) 2 = Some (Elements [5]) /\ set_at (w n) 3 = Some (Elements []).
Proof.
  assert (run (at_rest received)) as runs.
  { split; [| intros; apply Nothing].
    apply (steps_in_a_row N.compare N.compare _ _ _ the_add_happens the_add_is_received). }
  split; [exact runs |]. split; [split |].
  - intros n name _ _. apply incl_refl.
  - intros n name e _ inside there. now exists name.
  - split; [| split].
    + intros object n.
      destruct (who_hold_the_same_meet (at_rest received) n received [object] 1 2)
        as (s & carries & ends); [easy | |].
      * exact (f_equal (of_class N.compare [object]) both_hold_the_same).
      * exists n, (S (S n)), [object], s. split; [lia |]. split; [| now split].
        cbn. now rewrite N.compare_refl.
    + exact nobody_comes_to_3.
    + intros n. split; vm_compute; reflexivity.
Qed.

(** ** A session that is cut for ever

    In a world at rest replica 2 lacks what replica 1 has. A session between them begins at each
    moment, nothing of it is delivered, and none is completed. *)

Theorem a_session_that_is_cut_brings_nothing :
  let w := at_rest added in
  run w
  /\ settled [1; 2] w 0
  /\ connected between_1_and_2 1 2
  /\ (forall n m, (n <= m)%nat -> carried w n (begin [2] 1 2 (w n)) m (begin [2] 1 2 (w n)))
  /\ (forall n, ~ meets_after w n 2 1 2)
  /\ forall n, set_at (w n) 1 = Some (Elements [5]) /\ set_at (w n) 2 = Some (Elements []).
Proof.
  assert (run (at_rest added)) as runs by (split; [exact the_add_happens | intros; apply Nothing]).
  split; [exact runs |]. split; [split |].
  - intros n name _ _. apply incl_refl.
  - intros n name e _ inside there. now exists name.
  - split; [apply (Over _ _ 1 2 (Itself _ 1)); left; now split |]. split; [| split].
    + intros n m late. induction late as [| m _ IH]; [apply At_first | now apply Meanwhile].
    + intros n (first & last & c & s & _ & inside & carries & ends).
      destruct (a_completed_session_brings_all N.compare N.compare compare_vectors types eq_refl
        whole the_first ltac:(easy) ltac:(easy) vectors_of (at_rest added) runs
        (vectors_tell_apart _ runs) c 1 2 first last s 2) as (_ & _ & brought);
        try assumption; try (intros; apply incl_refl).
      pose proof (brought _ (or_introl eq_refl)) as there. vm_compute in there. exact there.
    + intros n. split; vm_compute; reflexivity.
Qed.

(** One queue that is empty is not enough. *)
Example half_a_session_is_not_finished :
  let s := begin [2] 1 2 added in
  ~ finished (Session (class s) (left s) (right s) (at_left s) (at_right s) [] (to_right s)).
Proof. intros s [_ more]. discriminate more. Qed.
