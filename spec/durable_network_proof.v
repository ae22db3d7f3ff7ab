(** Crashes leave strong eventual consistency as it is.

    What is durable is a world of [network.v], in which only durable operations happened
    ([shows]); what a replica holds in memory is what that world comes to when the replica acts
    ([acting_is_a_run]). So what holds of reachable worlds there holds here, of what is durable
    and of what is in memory. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order order_proof sorted_map dot delta definition definition_proof.
From Rejoin Require version_vector replica replica_meaning_proof network network_proof.
From Rejoin Require Import durable_network.
Import ListNotations.
Open Scope N_scope.

Section Network.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Context (types : replica.schema (Name := Name)).
Context (typed : sorted compare_name types = true).
Local Notation event := (event Name Value).
Local Notation replica_node := (network.node Name Value).
Local Notation message := (network.message Name Value).
Local Notation world := (world Name Value).
Local Notation acts := (acts compare_name compare_value).
Local Notation step := (step compare_name compare_value).
Local Notation steps := (steps compare_name compare_value).
Local Notation reachable := (reachable compare_name compare_value types).
Local Notation meaning := (replica.meaning compare_name compare_value types).
Local Notation cuts := (cuts compare_name).

(** ** What is durable is a world without crashes *)

Record shows (w : world) (v : network.world Name Value) : Prop := {
  shows_happened : network.happened v = happened w;
  shows_nodes : forall name, network.nodes v name = durable (nodes w name);
  shows_sent : network.sent v = sent w;
  shows_backups : network.backups v = backups w
}.

(** Acts one after the other. *)
Inductive run (ms : list message) (n : replica_node) : list event -> replica_node -> Prop :=
| Rests : run ms n [] n
| Goes_on es n' es' n'' : run ms n es n' -> acts ms n' es' n'' -> run ms n (es' ++ es) n''.

Lemma acts_with_more_messages ms ms' n es n' :
  incl ms ms' ->
  acts ms n es n' ->
  acts ms' n es n'.
Proof.
  intros more taken. destruct taken as [object op user r n is_valid performed e | xs E n there
    | ds E xs n there applied].
  - now apply Performs.
  - apply Receives. now apply more.
  - apply Receives_changes with (ds := ds); [now apply more | exact applied].
Qed.

Lemma runs_with_more_messages ms ms' n es n' :
  incl ms ms' ->
  run ms n es n' ->
  run ms' n es n'.
Proof.
  intros more runs. induction runs as [| es n' es' n'' _ IH taken]; [constructor |].
  apply (Goes_on _ _ es n'); [exact IH | now apply (acts_with_more_messages ms)].
Qed.

Lemma steps_go_on (v v' v'' : network.world Name Value) :
  network.steps compare_name compare_value v v' ->
  network.steps compare_name compare_value v' v'' ->
  network.steps compare_name compare_value v v''.
Proof.
  intros first rest. induction rest as [| x y _ IH taken]; [exact first |].
  exact (network.Then _ _ _ x y IH taken).
Qed.

(** What a replica does in memory is a run of the network in which nobody else acts. *)
Lemma acting_is_a_run name ms n es n' (v : network.world Name Value) :
  run ms n es n' ->
  network.nodes v name = n ->
  incl ms (network.sent v) ->
  exists v',
    network.steps compare_name compare_value v v' /\
    network.happened v' = es ++ network.happened v /\
    network.nodes v' name = n' /\
    (forall other, other <> name -> network.nodes v' other = network.nodes v other) /\
    network.sent v' = network.sent v /\
    network.backups v' = network.backups v.
Proof using lawful_names.
  intros runs here more. induction runs as [| es n' es' n'' _ IH taken].
  - exists v. split; [constructor | auto].
  - destruct IH as (v' & run & happened & at_name & others & sent & backups).
    assert (forall n other, other <> name ->
      network.with_node compare_name name n (network.nodes v') other = network.nodes v other) as kept.
    { intros m other different. unfold network.with_node.
      destruct (equal_is_equality compare_name other name); [contradiction | now apply others]. }
    assert (forall n, network.with_node compare_name name n (network.nodes v') name = n) as changed
      by (intros m; unfold network.with_node; now rewrite (equal_to_itself compare_name)).
    destruct taken as [object op user r n' is_valid performed e | xs E n' there
      | ds E xs n' there applied]; subst n'.
    + eexists. split.
      { apply (network.Then _ _ _ v'); [exact run |].
        apply (network.Operate _ _ _ name object op user r is_valid performed). }
      cbn [network.happened network.nodes network.sent network.backups].
      split; [cbn; now rewrite happened |]. auto.
    + eexists. split.
      { apply (network.Then _ _ _ v'); [exact run |].
        apply (network.Receive _ _ _ name xs E). rewrite sent. now apply more. }
      cbn [network.happened network.nodes network.sent network.backups]. auto.
    + eexists. split.
      { apply (network.Then _ _ _ v'); [exact run |].
        apply (network.Receive_changes _ _ _ name ds E xs); [rewrite sent; now apply more |].
        exact applied. }
      cbn [network.happened network.nodes network.sent network.backups]. auto.
Qed.

(** ** Every step keeps that *)

Definition sound (w : world) : Prop :=
  (exists v, network.reachable compare_name compare_value types v /\ shows w v) /\
  forall name, run (sent w) (durable (nodes w name)) (pending (nodes w name)) (running (nodes w name)).

Lemma the_start_is_sound : sound (start types).
Proof.
  split; [| intros name; constructor]. exists (network.start types). split; [constructor | now split].
Qed.

Lemma reading_nodes name other n (ns : Name -> node Name Value) :
  with_node compare_name name n ns other = if equal compare_name other name then n else ns other.
Proof. reflexivity. Qed.

Lemma changed_nodes_run ms name n (ns : Name -> node Name Value) :
  (forall other, run ms (durable (ns other)) (pending (ns other)) (running (ns other))) ->
  run ms (durable n) (pending n) (running n) ->
  forall other, run ms (durable (with_node compare_name name n ns other))
    (pending (with_node compare_name name n ns other))
    (running (with_node compare_name name n ns other)).
Proof. intros all this other. rewrite reading_nodes. now destruct (equal _ _ _). Qed.

Lemma a_message_is_sound w v (m : message) :
  sound w ->
  network.reachable compare_name compare_value types v ->
  shows w v ->
  network.step compare_name compare_value v
    (network.World (network.happened v) (network.nodes v) (m :: network.sent v) (network.backups v)) ->
  sound (World (happened w) (nodes w) (m :: sent w) (backups w)).
Proof.
  intros [_ runs] reached [same_happened same_nodes same_sent same_backups] taken. split.
  - eexists. split; [exact (network.Then _ _ _ v _ reached taken) |].
    split; cbn; auto. now rewrite same_sent.
  - intros name. cbn [sent nodes].
    apply (runs_with_more_messages (sent w)); [| apply runs]. now right.
Qed.

Theorem every_step_keeps_soundness (w w' : world) : sound w -> step w w' -> sound w'.
Proof using lawful_names.
  intros is_sound taken.
  pose proof is_sound as [(v & reached & shown) runs].
  pose proof shown as [same_happened same_nodes same_sent same_backups].
  destruct taken as [name es n' n taken | name n | name n | name n | name vs n sorts | name
    | name b fresh there new n].
  - split.
    + exists v. split; [exact reached |]. split; auto. intros other. cbn [nodes].
      rewrite same_nodes, reading_nodes.
      now destruct (equal_is_equality compare_name other name) as [-> |].
    + apply changed_nodes_run; [exact runs |]. exact (Goes_on _ _ _ _ _ _ (runs name) taken).
  - destruct (acting_is_a_run name (sent w) (durable n) (pending n) (running n) v)
      as (v' & run_v & happened_v & at_name & others & sent_v & backups_v).
    + apply runs.
    + apply same_nodes.
    + rewrite same_sent. apply incl_refl.
    + split.
      * exists v'. split; [exact (steps_go_on _ _ _ reached run_v) |].
        split; cbn [happened nodes sent backups]; try congruence.
        intros other. rewrite reading_nodes.
        destruct (equal_is_equality compare_name other name) as [-> | different]; [exact at_name |].
        now rewrite others, same_nodes.
      * apply changed_nodes_run; [exact runs | constructor].
  - split.
    + exists v. split; [exact reached |]. split; auto. intros other. cbn [nodes].
      rewrite same_nodes, reading_nodes.
      now destruct (equal_is_equality compare_name other name) as [-> |].
    + apply changed_nodes_run; [exact runs | constructor].
  - apply (a_message_is_sound w v); auto. unfold n. rewrite <- same_nodes.
    apply network.Send.
  - apply (a_message_is_sound w v); auto. unfold n. rewrite <- same_nodes.
    now apply network.Send_changes.
  - split; [| exact runs].
    eexists. split; [exact (network.Then _ _ _ v _ reached (network.Save _ _ v name)) |].
    split; auto. cbn. now rewrite same_backups, same_nodes.
  - split.
    + eexists. split.
      * apply (network.Then _ _ _ v _ reached). apply (network.Restore _ _ v name b fresh).
        -- now rewrite same_backups.
        -- now rewrite same_happened.
      * split; cbn [happened nodes sent backups network.happened network.nodes network.sent
          network.backups]; auto.
        intros other. unfold network.with_node. rewrite reading_nodes.
        now destruct (equal compare_name other name).
    + apply changed_nodes_run; [exact runs | constructor].
Qed.

Theorem reachable_worlds_are_sound (w : world) : reachable w -> sound w.
Proof using lawful_names.
  intros reached. induction reached as [| w' w'' _ IH taken]; [apply the_start_is_sound |].
  now apply (every_step_keeps_soundness w').
Qed.

(** ** Both networks have the same worlds *)

(** What is durable is what a network without crashes comes to. *)
Theorem what_is_durable_is_a_world_of_the_network (w : world) :
  reachable w ->
  exists v, network.reachable compare_name compare_value types v /\ shows w v.
Proof using lawful_names.
  intros reached. destruct (reachable_worlds_are_sound w reached) as [shown _]. exact shown.
Qed.

(** Every replica has committed all that it holds. *)
Definition settled (w : world) : Prop :=
  forall name, running (nodes w name) = durable (nodes w name) /\ pending (nodes w name) = [].

Lemma acting_and_committing (w : world) v name es n' :
  reachable w ->
  settled w ->
  shows w v ->
  acts (sent w) (durable (nodes w name)) es n' ->
  exists w', reachable w' /\ settled w' /\
    shows w' (network.World (es ++ network.happened v)
      (network.with_node compare_name name n' (network.nodes v)) (network.sent v)
      (network.backups v)).
Proof using lawful_names.
  intros reached is_settled [same_happened same_nodes same_sent same_backups] taken.
  destruct (is_settled name) as [is_running nothing]. rewrite <- is_running in taken.
  pose proof (Act compare_name compare_value w name es n' taken) as act. cbn zeta in act.
  set (w1 := World _ _ _ _) in act.
  assert (nodes w1 name = Node (durable (nodes w name)) n' es) as here.
  { unfold w1. cbn [nodes]. rewrite reading_nodes, (equal_to_itself compare_name), nothing.
    now rewrite app_nil_r. }
  pose proof (Commit compare_name compare_value w1 name) as commit. cbn zeta in commit.
  rewrite here in commit. cbn [running pending] in commit.
  eexists. split; [exact (Then _ _ _ w1 _ (Then _ _ _ w w1 reached act) commit) |].
  assert (forall other, other <> name -> nodes w1 other = nodes w other) as kept.
  { intros other different. unfold w1. cbn [nodes]. rewrite reading_nodes.
    now destruct (equal_is_equality compare_name other name). }
  split.
  - intros other. cbn [nodes]. rewrite reading_nodes.
    destruct (equal_is_equality compare_name other name) as [-> | different]; [now split |].
    rewrite (kept other different). apply is_settled.
  - split; cbn [happened nodes sent backups network.happened network.nodes network.sent
      network.backups]; [now rewrite same_happened | | exact same_sent | exact same_backups].
    intros other. unfold network.with_node. rewrite reading_nodes.
    destruct (equal_is_equality compare_name other name) as [-> | different]; [reflexivity |].
    rewrite (kept other different). apply same_nodes.
Qed.

(** And each world of that network is what is durable in one here: there every step is committed at
    once. *)
Theorem every_world_of_the_network_is_durable (v : network.world Name Value) :
  network.reachable compare_name compare_value types v ->
  exists w, reachable w /\ settled w /\ shows w v.
Proof using lawful_names.
  intros reached.
  induction reached as [| v v' _ (w & reached & is_settled & shown) taken].
  { exists (start types). split; [constructor |]. split; [now split | now split]. }
  pose proof shown as [same_happened same_nodes same_sent same_backups].
  destruct taken as [name object op user r is_valid performed e | name n | name vs n sorts
    | name xs E n there | name ds E xs n there applied | name | name b fresh there new].
  - apply (acting_and_committing w v name [e] _ reached is_settled shown). rewrite <- same_nodes.
    now apply Performs.
  - pose proof (Send compare_name compare_value w name) as sends. cbn zeta in sends.
    eexists. split; [exact (Then _ _ _ w _ reached sends) |]. split; [exact is_settled |].
    split; auto. cbn. unfold n. now rewrite same_nodes, same_sent.
  - pose proof (Send_changes compare_name compare_value w name vs sorts) as sends. cbn zeta in sends.
    eexists. split; [exact (Then _ _ _ w _ reached sends) |]. split; [exact is_settled |].
    split; auto. cbn. unfold n. now rewrite same_nodes, same_sent.
  - apply (acting_and_committing w v name [] _ reached is_settled shown). unfold n.
    rewrite !same_nodes. apply Receives. now rewrite <- same_sent.
  - apply (acting_and_committing w v name [] _ reached is_settled shown). unfold n in *.
    rewrite !same_nodes. apply Receives_changes with (ds := ds); [now rewrite <- same_sent |].
    now rewrite <- same_nodes.
  - eexists. split; [exact (Then _ _ _ w _ reached (Save _ _ w name)) |].
    split; [exact is_settled |]. split; auto. cbn. now rewrite same_backups, same_nodes.
  - assert (In (name, b) (backups w)) as there_too by now rewrite <- same_backups.
    assert (forall e, In e (happened w) -> dot_origin (dot_of e) <> Origin name fresh) as new_too
      by now rewrite <- same_happened.
    pose proof (Restore compare_name compare_value w name b fresh there_too new_too) as restores.
    cbn zeta in restores. eexists. split; [exact (Then _ _ _ w _ reached restores) |]. split.
    + intros other. cbn [nodes]. rewrite reading_nodes.
      destruct (equal compare_name other name); [now split | apply is_settled].
    + split; auto. intros other. cbn [nodes network.nodes]. unfold network.with_node.
      rewrite reading_nodes. now destruct (equal compare_name other name).
Qed.

(** What two replicas show, each in memory or durably, a world without crashes comes to. *)
Lemma two_replicas_are_shown_together (w : world) a b n m :
  reachable w ->
  shown w a n ->
  shown w b m ->
  (a = b -> n = m) ->
  exists v, network.reachable compare_name compare_value types v /\
    network.nodes v a = n /\ network.nodes v b = m /\ incl (happened w) (network.happened v).
Proof using lawful_names.
  intros reached at_a at_b one.
  destruct (reachable_worlds_are_sound w reached) as [(v & reached_v & shows_v) runs].
  pose proof shows_v as [same_happened same_nodes same_sent same_backups].
  assert (forall name n, shown w name n -> exists es, run (sent w) (durable (nodes w name)) es n)
    as all.
  { intros name x [-> | ->]; [now exists (pending (nodes w name)) | exists []; constructor]. }
  destruct (all a n at_a) as (es & run_a), (all b m at_b) as (es' & run_b).
  destruct (acting_is_a_run a (sent w) _ es n v run_a)
    as (v1 & steps1 & happened1 & at1 & others1 & sent1 & backups1).
  { apply same_nodes. }
  { rewrite same_sent. apply incl_refl. }
  destruct (equal_is_equality compare_name a b) as [<- | different].
  - exists v1. split; [exact (steps_go_on _ _ _ reached_v steps1) |].
    split; [exact at1 |]. split; [now rewrite at1, one |].
    rewrite happened1, same_happened. apply incl_appr, incl_refl.
  - destruct (acting_is_a_run b (sent w) _ es' m v1 run_b)
      as (v2 & steps2 & happened2 & at2 & others2 & sent2 & backups2).
    { now rewrite others1 by congruence. }
    { rewrite sent1, same_sent. apply incl_refl. }
    exists v2. split; [exact (steps_go_on _ _ _ (steps_go_on _ _ _ reached_v steps1) steps2) |].
    split; [now rewrite others2 by congruence |]. split; [exact at2 |].
    rewrite happened2, happened1, same_happened. now apply incl_appr, incl_appr, incl_refl.
Qed.

(** ** Strong eventual consistency, with crashes *)

Theorem every_shown_state_is_the_meaning_of_what_was_seen (w : world) name n :
  reachable w ->
  shown w name n ->
  replica.held (network.running n) = meaning (network.seen n).
Proof using lawful_names lawful_values typed.
  intros reached here.
  destruct (two_replicas_are_shown_together w name name n n reached here here ltac:(auto))
    as (v & reached_v & at_v & _). rewrite <- at_v.
  now apply (network_proof.every_state_is_the_meaning_of_what_was_seen compare_name compare_value types).
Qed.

Theorem what_is_durable_is_a_cut_of_a_history (w : world) name :
  reachable w ->
  histories compare_name (happened w) /\
  cuts (happened w) (network.seen (durable (nodes w name))).
Proof using lawful_names lawful_values typed.
  intros reached. destruct (reachable_worlds_are_sound w reached) as [(v & reached_v & shows_v) _].
  destruct shows_v as [same_happened same_nodes _ _]. rewrite <- same_happened, <- same_nodes. split.
  - now apply (network_proof.every_history_that_happens_is_one compare_name compare_value types).
  - now apply (network_proof.what_was_seen_is_a_cut_of_what_happened compare_name compare_value types).
Qed.

(** What a replica holds in memory extends the history. *)
Theorem what_is_shown_is_a_cut_of_a_history (w : world) name n :
  reachable w ->
  shown w name n ->
  exists H, incl (happened w) H /\ histories compare_name H /\ cuts H (network.seen n).
Proof using lawful_names lawful_values typed.
  intros reached here.
  destruct (two_replicas_are_shown_together w name name n n reached here here ltac:(auto))
    as (v & reached_v & at_v & _ & more). exists (network.happened v). split; [exact more |].
  rewrite <- at_v. split.
  - now apply (network_proof.every_history_that_happens_is_one compare_name compare_value types).
  - now apply (network_proof.what_was_seen_is_a_cut_of_what_happened compare_name compare_value types).
Qed.

Theorem who_has_seen_the_same_shows_the_same (w : world) a b n m :
  reachable w ->
  shown w a n ->
  shown w b m ->
  (forall e, In e (network.seen n) <-> In e (network.seen m)) ->
  replica.held (network.running n) = replica.held (network.running m).
Proof using lawful_names lawful_values typed.
  intros reached at_a at_b same.
  destruct (equal_is_equality compare_name a b) as [<- | different].
  - rewrite !(every_shown_state_is_the_meaning_of_what_was_seen w a) by assumption.
    destruct (reachable_worlds_are_sound w reached) as [(v & reached_v & shows_v) runs].
    pose proof shows_v as [_ same_nodes same_sent _].
    destruct (acting_is_a_run a (sent w) _ _ _ v (runs a))
      as (v' & steps_v & happened_v & at_v & _); [apply same_nodes | rewrite same_sent; apply incl_refl |].
    assert (network.reachable compare_name compare_value types v') as reached_v'
      by exact (steps_go_on _ _ _ reached_v steps_v).
    assert (forall x, shown w a x -> cuts (network.happened v') (network.seen x)) as all.
    { intros x [-> | ->].
      - rewrite <- at_v.
        now apply (network_proof.what_was_seen_is_a_cut_of_what_happened compare_name compare_value types).
      - rewrite <- same_nodes.
        pose proof (network_proof.what_was_seen_is_a_cut_of_what_happened compare_name compare_value
          types typed v a reached_v) as earlier.
        intros object. destruct (earlier object) as [happened distinct complete]. split; auto.
        intros e there. specialize (happened e there). rewrite happened_v.
        unfold of_object. rewrite filter_app. apply in_app_iff. now right. }
    apply (replica_meaning_proof.replicas_depend_only_on_the_events compare_name compare_value
      (network.happened v')); auto.
  - destruct (two_replicas_are_shown_together w a b n m reached at_a at_b ltac:(congruence))
      as (v & reached_v & at_v & at_v' & _).
    rewrite <- at_v, <- at_v' in *.
    now apply (network_proof.replicas_that_have_seen_the_same_hold_the_same compare_name compare_value
      types typed v a b).
Qed.

Lemma acting_sees_more ms n es n' :
  run ms n es n' ->
  incl (network.seen n) (network.seen n').
Proof.
  intros runs. induction runs as [| es n' es' n'' _ IH taken]; [apply incl_refl |].
  apply (incl_tran IH). destruct taken; cbn; intros x there;
    [now right | apply in_app_iff; now left | apply in_app_iff; now left].
Qed.

(** What is durable stays, but where a backup is restored; whatever else happens, a crash
    included. *)
Theorem what_is_durable_never_shrinks_but_by_restore (w w' : world) name :
  reachable w ->
  step w w' ->
  incl (network.seen (durable (nodes w name))) (network.seen (durable (nodes w' name))) \/
  exists backup fresh,
    In (name, backup) (backups w) /\
    (forall e, In e (happened w) -> dot_origin (dot_of e) <> Origin name fresh) /\
    durable (nodes w' name)
    = network.Node (replica.restore (Origin name fresh) (replica.held (network.running backup)))
        (network.seen backup).
Proof using lawful_names.
  intros reached taken. destruct (reachable_worlds_are_sound w reached) as [_ runs].
  destruct taken as [at_name es n' n taken | at_name n | at_name n | at_name n | at_name vs n sorts
    | at_name | at_name b fresh there new n];
    cbn [nodes]; try (left; exact (incl_refl _)); rewrite ?reading_nodes;
    destruct (equal_is_equality compare_name name at_name) as [-> |];
    try (left; exact (incl_refl _)); cbn [durable].
  - left. now apply (acting_sees_more (sent w) _ (pending n)), runs.
  - right. now exists b, fresh.
Qed.

(** ** A complete exchange *)

Lemma more_steps w w' w'' : steps w w' -> step w' w'' -> steps w w''.
Proof. intros taken next. exact (Then _ _ _ w' w'' taken next). Qed.

Lemma a_reached_world_goes_on w w' : reachable w -> steps w w' -> reachable w'.
Proof.
  intros reached more. unfold durable_network.reachable in *.
  induction more as [| x y _ IH taken]; [exact reached | exact (Then _ _ _ x y IH taken)].
Qed.

(** One sends all that it holds to another one, and both have committed. *)
Lemma sending_all (w : world) a b :
  a <> b ->
  exists w',
    steps w w' /\
    running (nodes w' a) = running (nodes w a) /\
    durable (nodes w' a) = running (nodes w a) /\
    durable (nodes w' b) = running (nodes w' b) /\
    network.seen (running (nodes w' b))
    = union_events compare_name (network.seen (running (nodes w b)))
        (network.seen (running (nodes w a))).
Proof using lawful_names.
  intros different.
  pose proof (Commit compare_name compare_value w a) as commit_a. cbn zeta in commit_a.
  set (w1 := World _ _ _ _) in commit_a.
  pose proof (Send compare_name compare_value w1 a) as send_a. cbn zeta in send_a.
  set (w2 := World _ _ _ _) in send_a.
  assert (In (network.Full (replica.held (network.running (durable (nodes w1 a))))
    (network.seen (durable (nodes w1 a)))) (sent w2)) as there by now left.
  pose proof (Act compare_name compare_value w2 b _ _
    (Receives _ _ _ _ _ (running (nodes w2 b)) there)) as act_b. cbn zeta in act_b.
  set (w3 := World _ _ _ _) in act_b.
  pose proof (Commit compare_name compare_value w3 b) as commit_b. cbn zeta in commit_b.
  set (w4 := World _ _ _ _) in commit_b.
  exists w4. split.
  { exact (more_steps _ _ _ (more_steps _ _ _ (more_steps _ _ _ (more_steps _ _ _ (Nothing _ _ _)
      commit_a) send_a) act_b) commit_b). }
  assert (equal compare_name a b = false) as a_b
    by now destruct (equal_is_equality compare_name a b).
  assert (equal compare_name b a = false) as b_a
    by (destruct (equal_is_equality compare_name b a); congruence).
  repeat progress (cbn; unfold with_node; rewrite ?(equal_to_itself compare_name), ?a_b, ?b_a).
  repeat split.
Qed.

Theorem a_complete_exchange_equalizes (w : world) a b :
  reachable w ->
  a <> b ->
  exists w',
    steps w w' /\
    (forall e, In e (network.seen (running (nodes w' a))) <->
      In e (network.seen (running (nodes w a))) \/ In e (network.seen (running (nodes w b)))) /\
    (forall e, In e (network.seen (running (nodes w' b))) <->
      In e (network.seen (running (nodes w a))) \/ In e (network.seen (running (nodes w b)))) /\
    replica.held (network.running (durable (nodes w' a)))
    = replica.held (network.running (durable (nodes w' b))) /\
    durable (nodes w' a) = running (nodes w' a) /\
    durable (nodes w' b) = running (nodes w' b).
Proof using lawful_names lawful_values typed.
  intros reached different.
  assert (forall w a b, reachable w -> a <> b -> forall e,
    In e (union_events compare_name (network.seen (running (nodes w b)))
      (network.seen (running (nodes w a)))) <->
    In e (network.seen (running (nodes w b))) \/ In e (network.seen (running (nodes w a)))) as members.
  { clear - typed lawful_names lawful_values. intros w a b reached different e.
    destruct (two_replicas_are_shown_together w a b _ _ reached (or_introl eq_refl) (or_introl eq_refl)
      ltac:(contradiction)) as (v & reached_v & at_a & at_b & _). rewrite <- at_a, <- at_b.
    pose proof (network_proof.reachable_worlds_are_sound compare_name compare_value types typed v
      reached_v) as is_sound.
    apply (network_proof.members_of_a_union compare_name types (network.happened v));
      apply is_sound. }
  destruct (sending_all w a b different) as (w1 & steps1 & run_a & dur_a & dur_b & seen_b).
  destruct (sending_all w1 b a ltac:(congruence)) as (w2 & steps2 & run_b & dur_b2 & dur_a2 & seen_a).
  pose proof (a_reached_world_goes_on w w1 reached steps1) as reached1.
  pose proof (a_reached_world_goes_on w1 w2 reached1 steps2) as reached2.
  assert (forall e, In e (network.seen (running (nodes w2 b))) <->
    In e (network.seen (running (nodes w a))) \/ In e (network.seen (running (nodes w b)))) as has_b
    by (intros e; rewrite run_b, seen_b, (members w a b reached different); tauto).
  assert (forall e, In e (network.seen (running (nodes w2 a))) <->
    In e (network.seen (running (nodes w a))) \/ In e (network.seen (running (nodes w b)))) as has_a.
  { intros e. rewrite seen_a, (members w1 b a reached1 ltac:(congruence)), run_a, seen_b,
      (members w a b reached different). tauto. }
  exists w2. split.
  { clear - steps1 steps2. induction steps2 as [| x y _ IH taken]; [exact steps1 |].
    exact (Then _ _ _ x y IH taken). }
  split; [exact has_a |]. split; [exact has_b |].
  split; [| split; [exact dur_a2 | congruence]].
  apply (who_has_seen_the_same_shows_the_same w2 a b); auto; [now right | now right |].
  intros e. rewrite dur_a2, dur_b2, <- run_b, has_a, has_b. reflexivity.
Qed.
End Network.
