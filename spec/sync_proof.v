(** Laws of sync: a session does nothing that replicas may not do anyway, it ends, what it says of
    both sides is what comparing their summaries says, and if it is not cut and nothing else touches
    its class, it ends with both sides at the join. *)

From Coq Require Import List Bool NArith Lia Wellfounded.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot delta definition.
From Rejoin Require Import definition_proof replica_meaning_proof network_proof sync.
From Rejoin Require version_vector version_vector_proof replica replica_proof network.
From Rejoin Require state_hash_meaning_proof.
From Rejoin Require Import sync_delivery_proof sync_feed_proof.
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
Local Notation session := (session (Name := Name) (Value := Value) (Summary := Summary)).
Local Notation of_class := (of_class compare_name).
Local Notation answer := (answer (Summary := Summary) compare_name cut).
Local Notation completes := (completes (Summary := Summary) compare_name assemble).
Local Notation take := (take (Summary := Summary) compare_name compare_value assemble).
Local Notation offers := (offers (Summary := Summary) compare_name).
Local Notation taken_in := (taken_in (Summary := Summary) compare_name compare_value assemble).
Local Notation deliver_left :=
  (deliver_left compare_name compare_value compare_summary cut assemble summarize).
Local Notation deliver :=
  (deliver compare_name compare_value compare_summary cut assemble summarize).
Local Notation undisturbed :=
  (undisturbed compare_name compare_value compare_summary cut assemble summarize).
Local Notation begin := (begin compare_name summarize).
Local Notation steps := (network.steps compare_name compare_value).
Local Notation reachable := (network.reachable compare_name compare_value types).
Local Notation steps_in_a_row := (steps_in_a_row compare_name compare_value).
Local Notation a_reachable_world_stays_reachable :=
  (a_reachable_world_stays_reachable compare_name compare_value types).
Local Notation a_delivery_takes_steps :=
  (a_delivery_takes_steps compare_name compare_value compare_summary cut assemble summarize).
Local Notation sessions_end :=
  (sessions_end compare_name compare_value compare_summary cut assemble summarize).
Local Notation feed := (feed compare_name compare_value compare_summary cut assemble summarize).
Local Notation feeding_more :=
  (feeding_more compare_name compare_value compare_summary cut assemble summarize).
Local Notation class_of_class := (class_of_class compare_name).
Local Notation find_in_class := (find_in_class compare_name).
Local Notation class_is_sorted := (class_is_sorted compare_name).
Local Notation applying_one_delta := (applying_one_delta compare_name compare_value).
Local Notation what_is_complete := (what_is_complete compare_name assemble).
Local Notation taking_keeps_sorted := (taking_keeps_sorted compare_name compare_value assemble).
Local Notation taking_in_the_class := (taking_in_the_class compare_name compare_value assemble).
Local Notation turning_in_the_class :=
  (turning_in_the_class compare_name compare_summary summarize).
Local Notation replying_in_the_class :=
  (replying_in_the_class compare_name compare_summary cut summarize).
Local Notation feeding_an_answer :=
  (feeding_an_answer compare_name compare_value compare_summary cut assemble cut_is_some
    the_whole_is_assembled summarize).
Local Notation two_sides_that_have_received_everything :=
  (two_sides_that_have_received_everything compare_name compare_value compare_summary cut
    assemble summarize).
Local Notation what_follows_the_opening :=
  (what_follows_the_opening compare_name compare_value compare_summary cut assemble summarize).

(** *** Along a run *)

Lemma what_is_held_is_sorted (w : world) name :
  reachable w ->
  sorted compare_name (held w name) = true.
Proof using lawful_names lawful_values typed.
  intros reached. unfold held.
  rewrite (every_state_is_the_meaning_of_what_was_seen compare_name compare_value types typed)
    by exact reached.
  now rewrite (a_meaning_is_sorted compare_name compare_value).
Qed.

Lemma nodes_after_a_message (w : world) c s m name nodes :
  taken_in w c s m name nodes ->
  replica.held (network.running (nodes name)) = take c s m (held w name)
  /\ forall other, other <> name -> nodes other = network.nodes w other.
Proof using lawful_names.
  intros [ds events xs n complete there applied | ds complete refused | incomplete];
    unfold sync.take.
  - rewrite complete, applied. unfold network.with_node. split.
    + now rewrite (equal_to_itself compare_name).
    + intros other different. now destruct (equal_is_equality compare_name other name).
  - now rewrite complete, refused.
  - now rewrite incomplete.
Qed.

(** Each side is what its messages made of it, and the other one has sent what is under way. *)
Definition received (c : sorted_set Name) (xa xb : objects) (sa sb : Summary)
    (w : world) (s : session) : Prop :=
  exists in_a in_b,
    fst (feed c xa (fresh sa) in_a) = (of_class c (held w (left s)), at_left s)
    /\ fst (feed c xb (fresh sb) in_b) = (of_class c (held w (right s)), at_right s)
    /\ in_a ++ to_left s = Hello sb :: snd (feed c xb (fresh sb) in_b)
    /\ in_b ++ to_right s = Hello sa :: snd (feed c xa (fresh sa) in_a).

Lemma received_on_both_sides c xa xb sa sb w s :
  received c xa xb sa sb w s -> received c xb xa sb sa w (flip s).
Proof.
  intros (in_a & in_b & state_a & state_b & queue_a & queue_b). exists in_b, in_a. cbn. auto.
Qed.

Lemma received_after_a_delivery_left c xa xb sa sb (w w' : world) (s s' : session) :
  reachable w ->
  class s = c ->
  left s <> right s ->
  deliver_left w s w' s' ->
  received c xa xb sa sb w s ->
  received c xa xb sa sb w' s'.
Proof using lawful_names lawful_values typed.
  intros reached is_class different [m rest nodes queued taken xs]. subst xs.
  intros (in_a & in_b & state_a & state_b & queue_a & queue_b).
  apply nodes_after_a_message in taken as [here others]. rewrite is_class in *.
  pose proof (what_is_held_is_sorted w (left s) reached) as sorts.
  exists (in_a ++ [m]), in_b. rewrite feeding_more. cbv zeta. rewrite state_a. cbn [fst snd feed].
  unfold held in *. cbn [left right at_left at_right to_left to_right network.nodes].
  split; [| split; [| split]].
  - rewrite here, taking_in_the_class, turning_in_the_class by exact sorts. reflexivity.
  - rewrite others by congruence. exact state_b.
  - rewrite <- app_assoc. cbn [app]. now rewrite <- queued.
  - rewrite replying_in_the_class, app_nil_r, app_assoc, queue_b. reflexivity.
Qed.

Lemma a_delivery_keeps_the_class_and_the_sides (w w' : world) (s s' : session) :
  deliver w s w' s' -> class s' = class s /\ left s' = left s /\ right s' = right s.
Proof. intros [w1 s1 [m rest nodes] | w1 s1 [m rest nodes]]; now cbn. Qed.

Lemma received_along_a_run (w w' : world) (s s' : session) c xa xb sa sb :
  reachable w ->
  class s = c ->
  left s <> right s ->
  received c xa xb sa sb w s ->
  undisturbed w s w' s' ->
  (reachable w' /\ class s' = c /\ left s' = left s /\ right s' = right s)
  /\ received c xa xb sa sb w' s'.
Proof using lawful_names lawful_values typed.
  intros reached is_class different first run.
  induction run as [| w1 s1 w2 s2 run IH taken | w1 s1 w2 run IH aside at_left at_right];
    [easy | |].
  - destruct IH as ((reached1 & is_class1 & is_left & is_right) & received1).
    pose proof (a_delivery_keeps_the_class_and_the_sides _ _ _ _ taken) as (-> & -> & ->).
    split.
    { repeat split; try assumption.
      apply (a_reachable_world_stays_reachable w1); [exact reached1 |].
      now apply a_delivery_takes_steps in taken. }
    destruct taken as [w2 s2 taken | w2 s2 taken].
    + apply (received_after_a_delivery_left c xa xb sa sb w1 w2 s1 s2); congruence.
    + apply received_on_both_sides.
      apply (received_after_a_delivery_left c xb xa sb sa w1 w2 (flip s1) s2); try assumption.
      * cbn. congruence.
      * now apply received_on_both_sides.
  - destruct IH as ((reached1 & is_class1 & is_left & is_right) & received1).
    split; [split; [exact (steps_in_a_row _ _ _ reached1 aside) | auto] |].
    destruct received1 as (in_a & in_b & state_a & state_b & queue_a & queue_b).
    exists in_a, in_b. rewrite is_left, is_right in *. rewrite is_class in at_left, at_right.
    rewrite at_left, at_right. auto.
Qed.

Lemma vectors_are_found c (xs : objects) name :
  sorted compare_name xs = true ->
  find compare_name name (vectors compare_name c xs)
  = option_map replica.seen_object (find compare_name name (of_class c xs)).
Proof using lawful_names.
  intros sorts. unfold vectors.
  rewrite (find_in_mapped_values compare_name (fun entry => replica.seen_object (snd entry))).
  now destruct (find compare_name name (of_class c xs)).
Qed.

Lemma a_vector_covers_itself v :
  version_vector.well_formed compare_name v = true ->
  version_vector.covers compare_name v v = true.
Proof using lawful_names.
  intros good. unfold version_vector.covers.
  apply (forallb_means_all_found (compare_origin compare_name)).
  - now apply (version_vector_proof.well_formed_vectors_are_sorted compare_name).
  - intros o n found. unfold version_vector.get. cbn [fst snd]. rewrite found.
    apply N.leb_refl.
Qed.

(** What each side takes of the other is the join, in a reachable world. *)
Lemma one_side_takes_the_join (w : world) c a b :
  reachable w ->
  let xs := of_class c (held w a) in
  let ys := of_class c (held w b) in
  feed c xs (Side Taking []) (answer (vectors compare_name c (held w a)) ys)
  = ((of_class c (replica.join compare_name compare_value (held w a) (held w b)),
      Side Taking []), []).
Proof using cut_is_some lawful_names lawful_values the_whole_is_assembled typed.
  intros reached xs ys.
  pose proof (what_is_held_is_sorted w a reached) as sorts_a.
  pose proof (what_is_held_is_sorted w b reached) as sorts_b.
  pose proof (reachable_worlds_are_sound compare_name compare_value types typed w reached)
    as is_sound.
  pose proof (histories_hold _ _ _ _ is_sound) as happened.
  destruct (nodes_are_sound _ _ _ _ is_sound a) as (state_a & (cuts_a & _) & _).
  destruct (nodes_are_sound _ _ _ _ is_sound b) as (state_b & (cuts_b & _) & _).
  assert (forall name, find compare_name name (held w a)
    = match find compare_name name types with
      | Some type => Some (replica.object_meaning compare_name compare_value type
          (of_object compare_name name (network.seen (network.nodes w a))))
      | None => None
      end) as find_a.
  { intros name. unfold held. rewrite state_a.
    apply (an_object_is_found_with_its_meaning compare_name compare_value). }
  assert (forall name, find compare_name name (held w b)
    = match find compare_name name types with
      | Some type => Some (replica.object_meaning compare_name compare_value type
          (of_object compare_name name (network.seen (network.nodes w b))))
      | None => None
      end) as find_b.
  { intros name. unfold held. rewrite state_b.
    apply (an_object_is_found_with_its_meaning compare_name compare_value). }
  assert (forall type E, version_vector.covers compare_name
    (replica.seen_object (replica.object_meaning compare_name compare_value type E))
    (replica.seen_object (replica.object_meaning compare_name compare_value type E)) = true)
    as covered.
  { intros type E. rewrite (an_object_has_seen_its_events compare_name compare_value).
    now apply a_vector_covers_itself, version_vector_proof.of_dots_is_well_formed. }
  assert (sorted compare_name (vectors compare_name c (held w a)) = true) as sorts_v.
  { unfold vectors.
    rewrite (mapped_values_are_sorted compare_name (fun entry => replica.seen_object (snd entry))).
    now apply class_is_sorted. }
  destruct (feeding_an_answer c xs ys (vectors compare_name c (held w a)) Taking)
    as (zs & fed & sorts_z & finds); [now apply class_is_sorted | exact sorts_v | |].
  - intros name v. rewrite vectors_are_found by exact sorts_a. unfold xs.
    rewrite find_in_class by exact sorts_a.
    destruct (member compare_name name c); [| easy]. rewrite find_a.
    destruct (find compare_name name types) as [type |]; [| easy].
    intros [= <-]. split; [reflexivity |]. intros x [= <-]. apply covered.
  - rewrite fed. do 3 f_equal. apply (equal_finds_make_equal_maps compare_name).
    + exact sorts_z.
    + apply class_is_sorted. now apply (merge_is_sorted compare_name).
    + intros name. rewrite finds, vectors_are_found by exact sorts_a. unfold xs, ys.
      rewrite !find_in_class by (auto; now apply (merge_is_sorted compare_name)).
      destruct (member compare_name name c); [| reflexivity].
      unfold replica.join. rewrite (find_in_merge compare_name) by auto.
      rewrite find_a, find_b.
      destruct (find compare_name name types) as [type |]; [| reflexivity].
      cbn [option_map]. f_equal.
      rewrite (taking_a_delta_of_an_object_adds_its_events compare_name compare_value
        (of_object compare_name name (network.happened w)) (happened name));
        [| apply cuts_b | apply cuts_a | apply covered].
      rewrite (joining_objects_unites_their_events compare_name compare_value
        (of_object compare_name name (network.happened w)) (happened name));
        [| apply cuts_a | apply cuts_b].
      apply (an_object_depends_only_on_its_events compare_name compare_value).
      * apply (cut_is_distinct (of_object compare_name name (network.happened w))).
        now apply (the_union_of_cuts_is_a_cut compare_name _ (happened name)).
      * apply (cut_is_distinct (of_object compare_name name (network.happened w))).
        now apply (the_union_of_cuts_is_a_cut compare_name _ (happened name)).
      * intros e. rewrite !(a_union_has_the_events_of_both compare_name _ (happened name))
          by (apply (cut_happened _ _ (cuts_a name)) || apply (cut_happened _ _ (cuts_b name))).
        tauto.
Qed.

Lemma joins_commute (w : world) a b :
  reachable w ->
  replica.join compare_name compare_value (held w b) (held w a)
  = replica.join compare_name compare_value (held w a) (held w b).
Proof using lawful_names lawful_values typed.
  intros reached.
  pose proof (reachable_worlds_are_sound compare_name compare_value types typed w reached)
    as is_sound.
  pose proof (histories_hold _ _ _ _ is_sound) as happened.
  destruct (nodes_are_sound _ _ _ _ is_sound a) as (state_a & can_a & _).
  destruct (nodes_are_sound _ _ _ _ is_sound b) as (state_b & can_b & _).
  unfold held. rewrite state_a, state_b.
  rewrite !(joining_replicas_unites_their_events compare_name compare_value
    (network.happened w) happened types) by (exact typed || apply can_a || apply can_b).
  apply (equal_seen_is_equal_meaning compare_name compare_value types (network.happened w));
    try now apply a_union_can_be_seen.
  intros e. rewrite !(members_of_a_union compare_name types (network.happened w)) by assumption.
  tauto.
Qed.

(** Where both hold the same of a class, the join has that too. *)
Lemma a_class_that_is_the_same_is_joined (w : world) c a b :
  reachable w ->
  of_class c (held w a) = of_class c (held w b) ->
  of_class c (replica.join compare_name compare_value (held w a) (held w b))
  = of_class c (held w a).
Proof using lawful_names lawful_values typed.
  intros reached same.
  pose proof (what_is_held_is_sorted w a reached) as sorts_a.
  pose proof (what_is_held_is_sorted w b reached) as sorts_b.
  assert (sorted compare_name (replica.join compare_name compare_value (held w a) (held w b))
    = true) as sorts by now apply (merge_is_sorted compare_name).
  apply (equal_finds_make_equal_maps compare_name); try now apply class_is_sorted.
  intros name. pose proof (f_equal (find compare_name name) same) as found.
  rewrite !find_in_class in * by assumption.
  destruct (member compare_name name c); [| reflexivity].
  unfold replica.join. rewrite (find_in_merge compare_name) by auto. rewrite <- found.
  destruct (find compare_name name (held w a)) as [x |] eqn:there; [| reflexivity]. f_equal.
  apply (replica_proof.an_object_joined_with_itself_stays compare_name compare_value).
  apply (found_means_in compare_name) in there; [| exact sorts_a].
  now apply (state_hash_meaning_proof.objects_of_a_world_are_fine compare_name compare_value types
    typed w a reached) in there as [].
Qed.

(** If it is not cut, and nothing else touches the class, both sides end at the join of what they
    held when it began, and both say so. Where it ends early, the stated summaries were equal. *)
Theorem an_uncut_session_ends_at_the_join (w w' : world) c a b (s' : session) :
  reachable w ->
  a <> b ->
  (summarize (of_class c (held w a)) = summarize (of_class c (held w b)) ->
   of_class c (held w a) = of_class c (held w b)) ->
  undisturbed w (begin c a b w) w' s' ->
  finished s' ->
  let joined := replica.join compare_name compare_value (held w a) (held w b) in
  of_class c (held w' a) = of_class c joined
  /\ of_class c (held w' b) = of_class c joined
  /\ agrees (at_left s') = true
  /\ agrees (at_right s') = true.
Proof using cut_is_some lawful_names lawful_summaries lawful_values the_whole_is_assembled typed.
  intros reached different early run [none_left none_right] joined.
  destruct (received_along_a_run w w' (begin c a b w) s' c
    (of_class c (held w a)) (of_class c (held w b))
    (summarize (of_class c (held w a))) (summarize (of_class c (held w b)))
    reached eq_refl different) as ((_ & _ & is_left & is_right) & in_a & in_b & state_a & state_b
      & queue_a & queue_b); [| exact run |].
  { now exists [], []. }
  rewrite none_left, app_nil_r in queue_a. rewrite none_right, app_nil_r in queue_b.
  cbn [left right begin] in is_left, is_right. rewrite is_left in state_a.
  rewrite is_right in state_b.
  destruct (what_follows_the_opening c _ _ _ _ in_a in_b (class_of_class c (held w a))
    (class_of_class c (held w b)) queue_a queue_b)
    as [(stated & end_a & end_b) | (rest_a & rest_b & fed_a & fed_b & end_a & end_b)];
    rewrite end_a in state_a; rewrite end_b in state_b.
  - injection state_a as held_a side_a. injection state_b as held_b side_b.
    pose proof (early stated) as same.
    pose proof (a_class_that_is_the_same_is_joined w c a b reached same) as at_join.
    unfold joined. rewrite <- held_a, <- held_b, <- side_a, <- side_b, at_join.
    now repeat split.
  - pose proof (one_side_takes_the_join w c a b reached) as takes_a.
    pose proof (one_side_takes_the_join w c b a reached) as takes_b. cbv zeta in takes_a, takes_b.
    assert (replica.join compare_name compare_value (held w b) (held w a) = joined) as commutes.
    { now apply joins_commute. }
    rewrite commutes in takes_b. fold joined in takes_a.
    assert (forall xs : objects, vectors compare_name c (of_class c xs) = vectors compare_name c xs)
      as in_class by (intros; unfold vectors; now rewrite class_of_class).
    rewrite in_class in fed_a, fed_b.
    pose proof (two_sides_that_have_received_everything c _ _ rest_a rest_b _ _ _ _
      (class_of_class c (held w a)) (class_of_class c (held w b))
      (class_of_class c joined) (class_of_class c joined)
      fed_a fed_b takes_a takes_b) as closed_a.
    pose proof (two_sides_that_have_received_everything c _ _ rest_b rest_a _ _ _ _
      (class_of_class c (held w b)) (class_of_class c (held w a))
      (class_of_class c joined) (class_of_class c joined)
      fed_b fed_a takes_b takes_a) as closed_b.
    rewrite state_a in closed_a. rewrite state_b in closed_b.
    injection closed_a as held_a side_a. injection closed_b as held_b side_b.
    rewrite held_a, held_b, side_a, side_b. unfold agrees. cbn [at_phase].
    now rewrite (equal_to_itself compare_summary).
Qed.

(** ** Classes do not wait for each other *)

Lemma another_class_is_left_alone c c' s m xs :
  sorted compare_name xs = true ->
  (forall name, member compare_name name c' = true -> member compare_name name c = false) ->
  of_class c (take c' s m xs) = of_class c xs.
Proof using lawful_names.
  intros sorts apart. pose proof (taking_keeps_sorted c' s m xs sorts) as sorts'.
  apply (equal_finds_make_equal_maps compare_name); try now apply class_is_sorted.
  intros name. rewrite !find_in_class by assumption.
  destruct (member compare_name name c) eqn:inside; [| reflexivity].
  unfold sync.take in *. destruct (completes c' s m) as [ds |] eqn:complete; [| reflexivity].
  apply what_is_complete in complete as (other & since & part & -> & inside').
  rewrite applying_one_delta in * by exact sorts.
  destruct (find compare_name other xs) as [x |]; [| reflexivity].
  destruct (version_vector.covers compare_name (replica.seen_object x) since); [| reflexivity].
  rewrite (find_in_set compare_name) by exact sorts.
  destruct (equal_is_equality compare_name name other) as [-> |]; [| reflexivity].
  apply apart in inside'. congruence.
Qed.

Lemma a_delivery_leaves_other_classes_alone c (w w' : world) (s s' : session) name :
  reachable w ->
  (forall object, member compare_name object (class s) = true ->
    member compare_name object c = false) ->
  deliver w s w' s' ->
  of_class c (held w' name) = of_class c (held w name).
Proof using lawful_names lawful_values typed.
  intros reached.
  assert (forall w' s s', (forall object, member compare_name object (class s) = true ->
      member compare_name object c = false) ->
    deliver_left w s w' s' -> of_class c (held w' name) = of_class c (held w name)) as half.
  { clear w' s s'. intros w' s s' apart [m rest nodes queued taken xs].
    apply nodes_after_a_message in taken as [here others].
    unfold held at 1. cbn [network.nodes].
    destruct (equal_is_equality compare_name name (left s)) as [-> | other].
    - rewrite here. apply another_class_is_left_alone; [| exact apart].
      now apply what_is_held_is_sorted.
    - now rewrite others. }
  intros apart [w1 s1 taken | w1 s1 taken]; [now apply (half w1 s s1) |].
  now apply (half w1 (flip s) s1).
Qed.

Lemma an_undisturbed_session_takes_steps (w w' : world) (s s' : session) :
  undisturbed w s w' s' -> steps w w'.
Proof.
  intros run. induction run as [| w1 s1 w2 s2 _ IH taken | w1 s1 w2 _ IH aside _ _];
    [constructor | |].
  - apply (steps_in_a_row _ _ _ IH). now apply a_delivery_takes_steps in taken.
  - exact (steps_in_a_row _ _ _ IH aside).
Qed.

(** So a session of one class is undisturbed by those of other ones, however far they get. *)
Theorem another_class_does_not_disturb (w w' w'' : world) (s s' t t' : session) :
  reachable w ->
  undisturbed w s w' s' ->
  (forall object, member compare_name object (class t) = true ->
    member compare_name object (class s) = false) ->
  deliver w' t w'' t' ->
  undisturbed w s w'' s'.
Proof using lawful_names lawful_values typed.
  intros reached run apart taken.
  assert (reachable w') as reached'.
  { apply (a_reachable_world_stays_reachable w); [exact reached |].
    now apply an_undisturbed_session_takes_steps in run. }
  apply (Aside _ _ _ _ _ _ _ _ w' s' w'' run).
  - now apply a_delivery_takes_steps in taken.
  - now apply (a_delivery_leaves_other_classes_alone (class s) w' w'' t t').
  - now apply (a_delivery_leaves_other_classes_alone (class s) w' w'' t t').
Qed.

(** ** A session can go on to its end *)

(** Of what is under way each delta is one that the network has noted. *)
Fixpoint promised (c : sorted_set Name) (sent : list (network.message Name Value))
    (pieces : list object) (ms : list message) : Prop :=
  match ms with
  | [] => pieces = []
  | Piece name since p true :: ms =>
      (exists events,
        In (network.Changes (one_delta name since (assemble (pieces ++ [p]))) events) sent)
      /\ promised c sent [] ms
  | Piece name since p false :: ms => promised c sent (pieces ++ [p]) ms
  | _ :: ms => promised c sent pieces ms
  end.

Lemma more_is_promised c sent pieces ms ms' :
  promised c sent pieces ms ->
  promised c sent [] ms' ->
  promised c sent pieces (ms ++ ms').
Proof.
  revert pieces. induction ms as [| [| | name since p [|] | |] ms IH]; intros pieces; cbn;
    try (intros; now apply IH).
  - now intros ->.
  - intros [noted rest] more. split; [exact noted | now apply IH].
Qed.

Lemma what_is_promised_stays_promised c sent sent' pieces ms :
  incl sent sent' ->
  promised c sent pieces ms ->
  promised c sent' pieces ms.
Proof.
  intros more. revert pieces. induction ms as [| [| | name since p [|] | |] ms IH]; intros pieces;
    cbn; auto.
  intros [[events noted] rest]. split; [| now apply IH]. exists events. now apply more.
Qed.

Lemma pieces_of_a_noted_delta_are_promised c sent pieces name since ps events :
  ps <> [] ->
  In (network.Changes (one_delta name since (assemble (pieces ++ ps))) events) sent ->
  promised c sent pieces (in_pieces name since ps).
Proof.
  intros some. revert pieces. induction ps as [| p [| p' ps] IH]; intros pieces noted; [easy | |].
  - cbn. split; [now exists events | reflexivity].
  - change (promised c sent (pieces ++ [p]) (in_pieces name since (p' :: ps))).
    apply IH; [easy |]. now rewrite <- app_assoc.
Qed.

Lemma the_changes_of_one_object name since (xs : objects) x :
  sorted compare_name xs = true ->
  find compare_name name xs = Some x ->
  replica.deltas_since compare_name [(name, since)] xs
  = one_delta name since (replica.part_since compare_name since x).
Proof using lawful_names.
  intros sorts there. unfold replica.deltas_since, one_delta.
  apply (equal_finds_make_equal_maps compare_name); [now apply (merge_is_sorted compare_name) |
    reflexivity |].
  intros other. rewrite (find_in_merge compare_name) by auto. cbn [find].
  destruct (compare_name other name) eqn:which; try now destruct (find compare_name other xs).
  apply (equal_means_same _ lawful_names) in which. subst other. now rewrite there.
Qed.

Lemma an_answer_is_promised c sent (vs : sorted_map Name vector) (n : network.node Name Value) :
  let xs := replica.held (network.running n) in
  sorted compare_name xs = true ->
  (forall entry, In entry vs ->
    In (network.Changes (replica.deltas_since compare_name [entry] xs)
      (on_objects_of compare_name [entry] (network.seen n))) sent) ->
  promised c sent [] (answer vs (of_class c xs)).
Proof using cut_is_some lawful_names the_whole_is_assembled.
  intros xs sorts noted. unfold sync.answer.
  induction vs as [| [name since] vs IH]; [reflexivity |]. cbn [flat_map fst snd].
  apply more_is_promised; [| apply IH; intros entry there; apply noted; now right].
  rewrite find_in_class by exact sorts.
  destruct (member compare_name name c); [| reflexivity].
  destruct (find compare_name name xs) as [x |] eqn:there; [| reflexivity].
  eapply pieces_of_a_noted_delta_are_promised; [apply cut_is_some |]. cbn [app].
  rewrite the_whole_is_assembled.
  rewrite <- (the_changes_of_one_object name since xs x sorts there).
  apply noted. now left.
Qed.

Definition all_promised (w : world) (s : session) : Prop :=
  promised (class s) (network.sent w) (taken (at_left s)) (to_left s)
  /\ promised (class s) (network.sent w) (taken (at_right s)) (to_right s).

Lemma what_is_promised_can_be_delivered (w : world) (s : session) m rest :
  to_left s = m :: rest ->
  all_promised w s ->
  exists w' s', deliver_left w s w' s'.
Proof.
  intros queued [noted _]. rewrite queued in noted.
  assert (exists nodes, taken_in w (class s) (at_left s) m (left s) nodes) as [nodes taken].
  { destruct (completes (class s) (at_left s) m) as [ds |] eqn:complete;
      [| eexists; now apply Incomplete].
    destruct (replica.apply compare_name compare_value ds (held w (left s))) as [xs |]
      eqn:applied; [| eexists; now apply (Refused _ _ _ _ _ _ _ _ ds)].
    destruct m as [| | name since p [|] | |]; try easy. cbn in complete.
    destruct (member compare_name name (class s)) eqn:inside; [| easy].
    injection complete as <-. destruct noted as [[events there] _].
    eexists. eapply Taken with (events := events) (xs := xs);
      [cbn; now rewrite inside | exact there | exact applied]. }
  eexists _, _. exact (Deliver_left _ _ _ _ _ _ w s m rest nodes queued taken).
Qed.

Lemma a_delivery_keeps_promises_left (w w' : world) (s s' : session) :
  reachable w ->
  deliver_left w s w' s' ->
  all_promised w s ->
  all_promised w' s'.
Proof using cut_is_some lawful_names lawful_values the_whole_is_assembled typed.
  intros reached [m rest nodes queued taken_m xs] [noted noted'].
  unfold all_promised. cbn [class at_left at_right to_left to_right network.sent].
  assert (incl (network.sent w)
    (offers (at_left s) m (network.nodes w (left s)) ++ network.sent w)) as more
    by apply incl_appr, incl_refl.
  split.
  - rewrite queued in noted. apply (what_is_promised_stays_promised _ _ _ _ _ more).
    destruct m as [stated | vs | name since p [|] | | summary]; cbn in noted |- *.
    + now destruct (at_phase (at_left s)).
    + now destruct (at_phase (at_left s)).
    + apply noted.
    + exact noted.
    + now destruct (at_phase (at_left s)).
    + now destruct (at_phase (at_left s)).
  - apply more_is_promised; [now apply (what_is_promised_stays_promised _ _ _ _ _ more) |].
    destruct m as [stated | vs | name since p is_last | | summary]; cbn;
      try (now destruct (at_phase (at_left s))).
    { destruct (at_phase (at_left s)); try reflexivity. now destruct (equal compare_summary _ _). }
    destruct (at_phase (at_left s)); try reflexivity.
    apply more_is_promised; [| reflexivity].
    apply an_answer_is_promised; [now apply (what_is_held_is_sorted w) |].
    intros entry there. apply in_app_iff. left.
    apply (in_map (fun entry => network.Changes
      (replica.deltas_since compare_name [entry]
        (replica.held (network.running (network.nodes w (left s)))))
      (on_objects_of compare_name [entry] (network.seen (network.nodes w (left s)))))).
    now apply in_rev in there.
Qed.

Lemma promised_on_both_sides w s : all_promised w s -> all_promised w (flip s).
Proof. intros [noted noted']. now split. Qed.

(** What is under way of a session that began can be delivered, whatever else goes on; with
    [sessions_end] it can be brought to its end. *)
Theorem a_session_can_go_on_to_its_end (w w1 : world) c a b (s1 : session) :
  reachable w ->
  undisturbed w (begin c a b w) w1 s1 ->
  exists w' s', undisturbed w (begin c a b w) w' s' /\ finished s'.
Proof using cut_is_some lawful_names lawful_values the_whole_is_assembled typed.
  intros reached run.
  assert (forall w1 s1, undisturbed w (begin c a b w) w1 s1 -> reachable w1 /\ all_promised w1 s1)
    as kept.
  { clear w1 s1 run. intros w1 s1 run.
    induction run as [| w1 s1 w2 s2 _ [reached1 noted] taken_m | w1 s1 w2 _ [reached1 noted] aside _ _].
    - split; [exact reached | now split].
    - split; [apply (a_reachable_world_stays_reachable w1); [exact reached1 |];
        now apply a_delivery_takes_steps in taken_m |].
      destruct taken_m as [w2 s2 taken_m | w2 s2 taken_m].
      + now apply (a_delivery_keeps_promises_left w1 w2 s1 s2).
      + apply promised_on_both_sides.
        apply (a_delivery_keeps_promises_left w1 w2 (flip s1) s2); auto.
        now apply promised_on_both_sides.
    - split; [exact (steps_in_a_row _ _ _ reached1 aside) |].
      assert (incl (network.sent w1) (network.sent w2)) as more.
      { clear - aside. induction aside as [| w2 w3 _ IH taken_step]; [apply incl_refl |].
        destruct taken_step; cbn [network.sent]; try exact IH; now apply incl_tl. }
      destruct noted as [noted noted'].
      split; now apply (what_is_promised_stays_promised _ _ _ _ _ more). }
  revert w1 run.
  induction s1 as [s1 IH] using (well_founded_induction sessions_end). intros w1 run.
  destruct (kept w1 s1 run) as [reached1 noted].
  destruct (to_left s1) as [| m rest] eqn:queue_left.
  - destruct (to_right s1) as [| m rest] eqn:queue_right; [now exists w1, s1 |].
    destruct (what_is_promised_can_be_delivered w1 (flip s1) m rest) as (w2 & s2 & taken_m);
      [exact queue_right | now apply promised_on_both_sides |].
    assert (deliver w1 s1 w2 (flip s2)) as taken_s by now apply To_right.
    apply (IH (flip s2)) with w2; [now exists w1, w2 |].
    exact (Delivered _ _ _ _ _ _ _ _ w1 s1 w2 (flip s2) run taken_s).
  - destruct (what_is_promised_can_be_delivered w1 s1 m rest queue_left noted) as (w2 & s2 & taken_m).
    assert (deliver w1 s1 w2 s2) as taken_s by now apply To_left.
    apply (IH s2) with w2; [now exists w1, w2 |].
    exact (Delivered _ _ _ _ _ _ _ _ w1 s1 w2 s2 run taken_s).
Qed.
End Sync.
