(** What one delivery of a session does.

    What is shown: sessions take steps of the network, leave each replica between what it held and
    what happened, and end. Definitions: [sync.v]. *)

From Coq Require Import List Bool NArith Lia Wellfounded.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot delta definition.
From Rejoin Require Import definition_proof replica_meaning_proof network_proof sync.
From Rejoin Require version_vector version_vector_proof replica replica_proof network.
From Rejoin Require state_hash_meaning_proof.
Import ListNotations.
Open Scope N_scope.

Section Sync.
Context {Name Value Summary : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Context (compare_summary : Summary -> Summary -> comparison).
Context {lawful_summaries : ordered compare_summary}.
Context (types : replica.schema (Name := Name)).
Context (typed : sorted compare_name types = true).
Local Notation object := (replica.object Name Value).
Local Notation objects := (replica.objects Name Value).
Local Notation vector := (version_vector.state Name).
Local Notation world := (network.world Name Value).
Context (cut : object -> list object) (assemble : list object -> object).
Context (cut_is_some : forall x, cut x <> []).
Context (the_whole_is_assembled : forall x, assemble (cut x) = x).
Context (summarize : objects -> Summary).
Local Notation message := (message (Name := Name) (Value := Value) (Summary := Summary)).
Local Notation side := (side (Name := Name) (Value := Value) (Summary := Summary)).
Local Notation session := (session (Name := Name) (Value := Value) (Summary := Summary)).
Local Notation completes := (completes (Summary := Summary) compare_name assemble).
Local Notation turn := (turn compare_name compare_summary summarize).
Local Notation reply := (reply compare_name compare_summary cut summarize).
Local Notation offers := (offers (Summary := Summary) compare_name).
Local Notation deliver_left :=
  (deliver_left compare_name compare_value compare_summary cut assemble summarize).
Local Notation deliver :=
  (deliver compare_name compare_value compare_summary cut assemble summarize).
Local Notation goes_on :=
  (goes_on compare_name compare_value compare_summary cut assemble summarize).
Local Notation steps := (network.steps compare_name compare_value).
Local Notation reachable := (network.reachable compare_name compare_value types).

(** ** A session does what replicas may do anyway *)

Lemma steps_in_a_row (w w' w'' : world) : steps w w' -> steps w' w'' -> steps w w''.
Proof.
  intros first rest. induction rest as [| x y _ IH taken]; [exact first |].
  exact (network.Then _ _ _ x y IH taken).
Qed.

Lemma a_reachable_world_stays_reachable (w w' : world) : reachable w -> steps w w' -> reachable w'.
Proof. apply steps_in_a_row. Qed.

Lemma offering_takes_steps (w : world) name (vs : sorted_map Name vector) :
  let n := network.nodes w name in
  steps w (network.World (network.happened w) (network.nodes w)
    (map (fun entry =>
       network.Changes
         (replica.deltas_since compare_name [entry] (replica.held (network.running n)))
         (on_objects_of compare_name [entry] (network.seen n))) (rev vs) ++ network.sent w)
    (network.backups w)).
Proof.
  intros n. induction vs as [| entry vs IH] using rev_ind.
  - destruct w. constructor.
  - rewrite rev_unit. cbn [map app].
    refine (network.Then _ _ _ _ _ IH _).
    match goal with
    | |- network.step _ _ ?w' _ =>
        exact (network.Send_changes compare_name compare_value w' name [entry] eq_refl)
    end.
Qed.

Lemma only_complete_pieces_are_taken_in (c : sorted_set Name) (s : side) (m : message) ds n :
  completes c s m = Some ds ->
  offers s m n = [].
Proof. now destruct m. Qed.

Lemma a_delivery_takes_steps_left (w w' : world) (s s' : session) :
  deliver_left w s w' s' -> steps w w'.
Proof.
  intros [m rest nodes queued taken xs].
  destruct taken as [ds events xs' n complete there applied | ds complete refused | incomplete].
  - rewrite (only_complete_pieces_are_taken_in _ _ _ _ _ complete). cbn [app].
    refine (network.Then _ _ _ w _ (network.Nothing _ _ w) _).
    exact (network.Receive_changes compare_name compare_value w (left s) ds events xs'
      there applied).
  - rewrite (only_complete_pieces_are_taken_in _ _ _ _ _ complete). destruct w. constructor.
  - unfold sync.offers. destruct m as [| vs | | |]; try (destruct w; constructor).
    destruct (at_phase (at_left s)); try (destruct w; constructor).
    apply offering_takes_steps.
Qed.

Theorem a_delivery_takes_steps (w w' : world) (s s' : session) :
  deliver w s w' s' -> steps w w'.
Proof. intros [w1 s1 taken | w1 s1 taken]; now apply a_delivery_takes_steps_left in taken. Qed.

Theorem sessions_take_steps (w w' : world) ss ss' :
  goes_on w ss w' ss' -> steps w w'.
Proof.
  intros run. induction run as [| w1 ss1 w2 ss2 _ IH move]; [constructor |].
  destruct move as [w3 taken | | before s after w3 s3 _ taken]; [| exact IH |].
  - exact (network.Then _ _ _ _ _ IH taken).
  - apply (steps_in_a_row _ _ _ IH). now apply a_delivery_takes_steps in taken.
Qed.

(** ** Before, after, and everything *)

Lemma nodes_after_a_delivery (w w' : world) (s s' : session) name :
  deliver w s w' s' ->
  network.happened w' = network.happened w
  /\ incl (network.seen (network.nodes w name)) (network.seen (network.nodes w' name)).
Proof using lawful_names.
  assert (forall w w' s s', deliver_left w s w' s' ->
    network.happened w' = network.happened w
    /\ incl (network.seen (network.nodes w name)) (network.seen (network.nodes w' name))) as half.
  { clear w w' s s'. intros w w' s s' [m rest nodes queued taken xs]. cbn [network.happened network.nodes].
    split; [reflexivity |].
    destruct taken as [ds events xs' n complete there applied | ds complete refused | incomplete];
      try apply incl_refl.
    unfold network.with_node.
    destruct (equal_is_equality compare_name name (left s)) as [-> |]; [| apply incl_refl].
    cbn [network.seen]. unfold union_events. apply incl_appl, incl_refl. }
  intros [w1 s1 taken | w1 s1 taken]; now apply half in taken.
Qed.

Lemma more_seen_is_joined (w w' : world) name :
  reachable w ->
  steps w w' ->
  network.happened w' = network.happened w ->
  incl (network.seen (network.nodes w name)) (network.seen (network.nodes w' name)) ->
  replica.join compare_name compare_value (held w name) (held w' name) = held w' name.
Proof using lawful_names lawful_values typed.
  intros reached run same more.
  pose proof (a_reachable_world_stays_reachable _ _ reached run) as reached'.
  pose proof (reachable_worlds_are_sound compare_name compare_value types typed w reached) as is_sound.
  pose proof (reachable_worlds_are_sound compare_name compare_value types typed w' reached')
    as is_sound'.
  pose proof (histories_hold _ _ _ _ is_sound') as happened.
  destruct (nodes_are_sound _ _ _ _ is_sound name) as (state & can & _).
  destruct (nodes_are_sound _ _ _ _ is_sound' name) as (state' & can' & _).
  unfold held. rewrite state, state'. rewrite <- same in can.
  rewrite (joining_replicas_unites_their_events compare_name compare_value
    (network.happened w') happened types _ _ typed (proj1 can) (proj1 can')).
  apply (equal_seen_is_equal_meaning compare_name compare_value types (network.happened w'));
    [now apply a_union_can_be_seen | exact can' |].
  intros e. rewrite (members_of_a_union compare_name types (network.happened w')) by assumption.
  split; [| now right]. intros [there | there]; [now apply more | exact there].
Qed.

(** What both hold after a message is above what they held before, and no more than what all
    events make. *)
Theorem a_delivery_is_between_before_and_everything (w w' : world) (s s' : session) name :
  reachable w ->
  deliver w s w' s' ->
  network.happened w' = network.happened w
  /\ replica.join compare_name compare_value (held w name) (held w' name) = held w' name
  /\ held w' name
     = replica.meaning compare_name compare_value types (network.seen (network.nodes w' name))
  /\ incl (network.seen (network.nodes w name)) (network.seen (network.nodes w' name))
  /\ (forall object,
       incl (of_object compare_name object (network.seen (network.nodes w' name)))
         (of_object compare_name object (network.happened w))).
Proof using lawful_names lawful_values typed.
  intros reached taken.
  destruct (nodes_after_a_delivery w w' s s' name taken) as [same more].
  pose proof (a_delivery_takes_steps _ _ _ _ taken) as run.
  pose proof (a_reachable_world_stays_reachable _ _ reached run) as reached'.
  split; [exact same |]. split; [now apply more_seen_is_joined |].
  pose proof (reachable_worlds_are_sound compare_name compare_value types typed w' reached')
    as is_sound'.
  destruct (nodes_are_sound _ _ _ _ is_sound' name) as (state' & can' & _).
  split; [exact state' |]. split; [exact more |].
  intros object. rewrite <- same. apply (cut_happened _ _ (proj1 can' object)).
Qed.

(** ** A session ends *)

Definition rank (s : side) : nat :=
  match at_phase s with
  | Opening _ => 4
  | Greeting => 3
  | Taking => 2
  | Checking => 1
  | Closed _ => 0
  end.

Definition to_do (s : session) : nat * nat :=
  (rank (at_left s) + rank (at_right s), length (to_left s) + length (to_right s))%nat.

Definition less (a b : nat * nat) : Prop :=
  (fst a < fst b)%nat \/ (fst a = fst b /\ (snd a < snd b)%nat).

Lemma less_is_well_founded : well_founded less.
Proof.
  intros [n m]. revert m. induction n as [n IHn] using (well_founded_induction Wf_nat.lt_wf).
  intros m. induction m as [m IHm] using (well_founded_induction Wf_nat.lt_wf).
  constructor. intros [n' m'] [lt | [same lt]]; cbn [fst snd] in *.
  - now apply IHn.
  - subst n'. now apply IHm.
Qed.

Lemma a_turn_that_replies_goes_on (c : sorted_set Name) (s : side) (m : message) xs :
  (rank (turn c s m xs) < rank s)%nat
  \/ (rank (turn c s m xs) = rank s /\ reply c s m xs = []).
Proof.
  destruct s as [phase pieces]. destruct m, phase; cbn; auto; try (left; lia).
  left. destruct (equal compare_summary summary stated); cbn; lia.
Qed.

Lemma a_delivery_leaves_less_to_do (w w' : world) (s s' : session) :
  deliver w s w' s' -> less (to_do s') (to_do s).
Proof.
  assert (forall w w' s s', deliver_left w s w' s' -> less (to_do s') (to_do s)) as half.
  { clear w w' s s'. intros w w' s s' [m rest nodes queued taken xs]. unfold less, to_do.
    cbn [fst snd at_left at_right to_left to_right]. rewrite queued, app_length. cbn [length].
    destruct (a_turn_that_replies_goes_on (class s) (at_left s) m xs) as [lt | [same ->]].
    - left. lia.
    - right. rewrite same. cbn [length]. lia. }
  intros [w1 s1 taken | w1 s1 taken]; apply half in taken; [exact taken |].
  assert (forall s : session, to_do (flip s) = to_do s) as same
    by (intros []; unfold to_do; cbn; f_equal; lia).
  now rewrite !same in *.
Qed.

Theorem sessions_end :
  well_founded (fun s' s : session => exists w w' : world, deliver w s w' s').
Proof.
  apply (wf_incl _ _ (fun s' s => less (to_do s') (to_do s))).
  - intros s' s (w & w' & taken). now apply a_delivery_leaves_less_to_do in taken.
  - apply (wf_inverse_image _ _ less to_do), less_is_well_founded.
Qed.
End Sync.
