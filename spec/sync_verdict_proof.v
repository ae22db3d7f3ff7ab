(** What a session says is what comparing two summaries says, and equal summaries mean equal states
    or a collision.

    Along a run each summary under way is one of what its sender held at some moment since the
    session began, and so is each that a side has stated. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot definition.
From Rejoin Require Import sync sync_delivery_proof sync_proof sync_verdict.
From Rejoin Require version_vector replica network network_proof.
From Rejoin Require state_hash state_hash_proof state_hash_meaning_proof.
Import ListNotations.
Open Scope N_scope.

Section Session.
Context {Name Value Summary : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_value : Value -> Value -> comparison).
Context (compare_summary : Summary -> Summary -> comparison).
Local Notation object := (replica.object Name Value).
Local Notation objects := (replica.objects Name Value).
Local Notation world := (network.world Name Value).
Context (cut : object -> list object) (assemble : list object -> object).
Context (summarize : objects -> Summary).
Local Notation session := (session (Name := Name) (Value := Value) (Summary := Summary)).
Local Notation side := (side (Name := Name) (Value := Value) (Summary := Summary)).
Local Notation message := (message (Name := Name) (Value := Value) (Summary := Summary)).
Local Notation of_class := (of_class compare_name).
Local Notation deliver_left :=
  (deliver_left compare_name compare_value compare_summary cut assemble summarize).
Local Notation deliver :=
  (deliver compare_name compare_value compare_summary cut assemble summarize).
Local Notation goes_on :=
  (goes_on compare_name compare_value compare_summary cut assemble summarize).
Local Notation follows :=
  (follows compare_name compare_value compare_summary cut assemble summarize).
Local Notation begin := (begin compare_name summarize).
Local Notation steps := (network.steps compare_name compare_value).
Local Notation between := (between compare_name compare_value).
Local Notation step := (network.step compare_name compare_value).

Lemma steps_in_a_row (w w' w'' : world) : steps w w' -> steps w' w'' -> steps w w''.
Proof. apply (sync_delivery_proof.steps_in_a_row compare_name compare_value). Qed.

(** ** Each session of a run was begun, and is followed since *)

Theorem every_session_was_begun (w w' : world) ss' s :
  goes_on w [] w' ss' ->
  In s ss' ->
  exists c a b w0, between w w0 w' /\ follows w0 (begin c a b w0) w' s.
Proof.
  intros run. revert s. remember [] as ss eqn:none.
  induction run as [| w1 ss1 w2 ss2 run IH move]; intros s there; [now subst |].
  assert (steps w w1) as before
    by now apply sync_delivery_proof.sessions_take_steps in run.
  assert (forall s, In s ss1 -> steps w1 w2 ->
    exists c a b w0, between w w0 w2 /\ follows w0 (begin c a b w0) w2 s) as others.
  { intros s0 there0 more. destruct (IH s0 there0) as (c & a & b & w0 & [begun since] & followed).
    exists c, a, b, w0. split; [split; [exact begun | exact (steps_in_a_row _ _ _ since more)] |].
    exact (Meanwhile _ _ _ _ _ _ _ _ w1 s0 w2 followed more). }
  destruct move as [w3 taken | c a b | front s1 back w3 s3 -> taken].
  - apply others; [exact there |]. exact (network.Then _ _ _ _ _ (network.Nothing _ _ w1) taken).
  - destruct there as [<- | there]; [| apply others; [exact there | constructor]].
    exists c, a, b, w1. split; [split; [exact before | constructor] | constructor].
  - pose proof (sync_delivery_proof.a_delivery_takes_steps _ _ _ _ _ _ _ _ _ _ taken) as more.
    apply in_app_iff in there as [there | [<- | there]].
    { apply others; [apply in_app_iff; now left | exact more]. }
    2: { apply others; [apply in_app_iff; right; now right | exact more]. }
    destruct (IH s1) as (c & a & b & w0 & [begun since] & followed); [apply in_elt |].
    exists c, a, b, w0. split; [split; [exact begun | exact (steps_in_a_row _ _ _ since more)] |].
    exact (Delivered _ _ _ _ _ _ _ _ w1 s1 w3 s3 followed taken).
Qed.

(** ** What is compared was held *)

Section One_session.
Context (c : sorted_set Name) (w0 : world).

Definition summary_at (w : world) (name : Name) : Summary := summarize (of_class c (held w name)).

(** What one side knows and will learn, in the world [w]. *)
Record sound_half (w : world) (me peer : Name) (s : side) (queue : list message) : Prop := {
  what_is_stated : forall stated, at_phase s = Opening stated -> stated = summary_at w0 me;
  greetings_are_true : forall summary, In (Hello summary) queue -> summary = summary_at w0 peer;
  checks_are_true : forall summary, In (Check summary) queue ->
    exists w1, between w0 w1 w /\ summary = summary_at w1 peer;
  verdicts_are_true : forall agrees, at_phase s = Closed agrees ->
    exists w1 w2, between w0 w1 w /\ between w0 w2 w
    /\ agrees = equal compare_summary (summary_at w1 peer) (summary_at w2 me)
}.

Definition sound_session (w : world) (a b : Name) (s : session) : Prop :=
  class s = c /\ left s = a /\ right s = b
  /\ sound_half w a b (at_left s) (to_left s)
  /\ sound_half w b a (at_right s) (to_right s).

Lemma a_later_half_is_sound w w' me peer s queue :
  steps w w' ->
  sound_half w me peer s queue ->
  sound_half w' me peer s queue.
Proof.
  intros more [stated greetings checks verdicts]. split; auto.
  - intros summary there. destruct (checks summary there) as (w1 & [first rest] & same).
    exists w1. split; [split; [exact first | exact (steps_in_a_row _ _ _ rest more)] | exact same].
  - intros agrees closed.
    destruct (verdicts agrees closed) as (w1 & w2 & [first rest] & [first' rest'] & same).
    exists w1, w2. repeat split; auto; now apply (steps_in_a_row _ w).
Qed.

Lemma a_delivery_to_the_left_is_sound (w w' : world) a b (s s' : session) :
  steps w0 w ->
  sound_session w a b s ->
  deliver_left w s w' s' ->
  sound_session w' a b s'.
Proof.
  intros before (is_class & is_left & is_right & here & there) taken.
  pose proof (sync_delivery_proof.a_delivery_takes_steps_left _ _ _ _ _ _ _ _ _ _ taken) as more.
  destruct taken as [m rest nodes queued taken xs].
  unfold sound_session. cbn [class left right at_left at_right to_left to_right].
  split; [exact is_class |]. split; [exact is_left |]. split; [exact is_right |].
  rewrite queued in here. subst xs. rewrite is_class, is_left in *.
  split; apply (a_later_half_is_sound w _ _ _ _ _ more).
  - destruct here as [stated greetings checks verdicts].
    split; try (intros; apply greetings || apply checks; now right).
    + intros st. destruct m as [| | name since p [|] | |], (at_phase (at_left s)) eqn:phase;
        cbn; rewrite ?phase; try discriminate; try (intros; apply stated; congruence).
      now destruct (equal compare_summary summary stated0).
    + intros agrees. destruct m as [sm | vs | name since p [|] | | sm],
        (at_phase (at_left s)) as [st | | | | v] eqn:phase;
        cbn; rewrite ?phase; try discriminate; try (intros; apply verdicts; congruence).
      * pose proof (stated st eq_refl) as own. pose proof (greetings sm (or_introl eq_refl)) as its.
        destruct (equal compare_summary sm st) eqn:same; [| discriminate]. intros [= <-].
        exists w0, w0. repeat split; try exact before; try constructor. congruence.
      * intros [= <-]. destruct (checks sm (or_introl eq_refl)) as (w1 & bounds & ->).
        exists w1, w. split; [exact bounds |]. split; [split; [exact before | constructor] |].
        reflexivity.
  - destruct there as [stated greetings checks verdicts]. split; auto.
    + intros sm [queue | new]%in_app_iff; [now apply greetings |]. exfalso. revert new.
      unfold sync.reply.
      destruct m as [own | vs | | |], (at_phase (at_left s)); cbn; try tauto.
      * destruct (equal compare_summary own stated0); cbn; [tauto | now intros [|]].
      * intros [new | [new | []]]%in_app_iff; [| discriminate].
        unfold sync.answer in new. apply in_flat_map in new as (entry & _ & new).
        destruct (find compare_name (fst entry) (of_class c (held w a))) as [x |]; [| easy].
        revert new. generalize (cut (replica.part_since compare_name (snd entry) x)).
        induction l as [| p [| p' l] IH]; cbn; [easy | now intros [|] | intros [| new]; auto].
        discriminate.
      * now intros [|].
    + intros sm [queue | new]%in_app_iff; [now apply checks |]. revert new.
      unfold sync.reply.
      destruct m as [own | vs | | |], (at_phase (at_left s)); cbn; try tauto.
      * destruct (equal compare_summary own stated0); cbn; [tauto | now intros [|]].
      * intros [new | [new | []]]%in_app_iff; [| discriminate].
        exfalso. unfold sync.answer in new. apply in_flat_map in new as (entry & _ & new).
        destruct (find compare_name (fst entry) (of_class c (held w a))) as [x |]; [| easy].
        revert new. generalize (cut (replica.part_since compare_name (snd entry) x)).
        induction l as [| p [| p' l] IH]; cbn; [easy | now intros [|] | intros [| new]; auto].
        discriminate.
      * intros [[= <-] | []]. exists w. split; [split; [exact before | constructor] | reflexivity].
Qed.

Lemma a_sound_session_is_sound_from_the_other_side w a b s :
  sound_session w a b s -> sound_session w b a (flip s).
Proof.
  intros (is_class & is_left & is_right & here & there). unfold sound_session. cbn. auto.
Qed.
End One_session.

Theorem a_followed_session_is_sound (w w' : world) c a b (s' : session) :
  follows w (begin c a b w) w' s' ->
  steps w w' /\ sound_session c w w' a b s'.
Proof.
  intros run. remember (begin c a b w) as s eqn:begun.
  induction run as [| w1 s1 w2 s2 _ IH taken | w1 s1 w2 _ IH more].
  - subst s. split; [constructor |].
    assert (forall me peer,
      sound_half c w w me peer (fresh (summary_at c w me)) [Hello (summary_at c w peer)]) as first.
    { intros me peer. split; cbn.
      - now intros stated [= <-].
      - now intros summary [[= <-] | []].
      - now intros summary [| []].
      - easy. }
    unfold sound_session. cbn. repeat (split; [reflexivity |]). split; apply first.
  - destruct IH as [before is_sound].
    pose proof (sync_delivery_proof.a_delivery_takes_steps _ _ _ _ _ _ _ _ _ _ taken) as more.
    split; [exact (steps_in_a_row _ _ _ before more) |].
    destruct taken as [w2 s2 taken | w2 s2 taken].
    + now apply (a_delivery_to_the_left_is_sound c w w1 w2 a b s1 s2).
    + apply a_sound_session_is_sound_from_the_other_side.
      apply (a_delivery_to_the_left_is_sound c w w1 w2 b a (flip s1) s2); auto.
      now apply a_sound_session_is_sound_from_the_other_side.
  - destruct IH as [before (is_class & is_left & is_right & here & there)].
    split; [exact (steps_in_a_row _ _ _ before more) |].
    repeat (split; [assumption |]). split; now apply (a_later_half_is_sound c w w1).
Qed.

Context {lawful_summaries : ordered compare_summary}.

(** The left side; the right one is the left one of the session from the other side. *)
Theorem a_verdict_compares_what_was_held (w w' : world) c a b (s' : session) agrees :
  follows w (begin c a b w) w' s' ->
  let summary_at w name := summarize (of_class c (held w name)) in
  (at_phase (at_left s') = Closed agrees ->
   exists w1 w2, between w w1 w' /\ between w w2 w'
   /\ (agrees = true <-> summary_at w1 b = summary_at w2 a))
  /\ (at_phase (at_right s') = Closed agrees ->
   exists w1 w2, between w w1 w' /\ between w w2 w'
   /\ (agrees = true <-> summary_at w1 a = summary_at w2 b)).
Proof using lawful_summaries.
  intros run at_moment. apply a_followed_session_is_sound in run as [_ (_ & _ & _ & here & there)].
  assert (forall x y, equal compare_summary x y = true <-> x = y) as means.
  { intros x y. now destruct (equal_is_equality compare_summary x y). }
  split; intros closed.
  - apply here in closed as (w1 & w2 & first & second & ->). exists w1, w2. auto.
  - apply there in closed as (w1 & w2 & first & second & ->). exists w1, w2. auto.
Qed.
End Session.

Section Summary.
Context {Name Value Fingerprint : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Context (compare_fingerprint : Fingerprint -> Fingerprint -> comparison).
Context {lawful_fingerprints : ordered compare_fingerprint}.
Context (fingerprint : sorted_map Name (version_vector.state Name) -> Fingerprint).
Context (null : Value).
Context (name_bytes : Name -> state_hash.bytes) (value_bytes : Value -> state_hash.bytes).
Context (hash : state_hash.domain -> state_hash.bytes -> state_hash.bytes).
Context (names_differ : forall a b, name_bytes a = name_bytes b -> a = b).
Context (values_differ : forall a b, value_bytes a = value_bytes b -> a = b).
Context (one_length : forall d m, length (hash d m) = state_hash.digest_length).
Local Notation object := (replica.object Name Value).
Local Notation objects := (replica.objects Name Value).
Local Notation vector := (version_vector.state Name).
Local Notation of_class := (of_class compare_name).
Local Notation fingerprints_collide := (fingerprints_collide fingerprint).
Local Notation hashes_clash :=
  (hashes_clash compare_name compare_value null name_bytes value_bytes hash).
Local Notation summary_of :=
  (summary_of compare_name compare_value fingerprint null name_bytes value_bytes hash).
Local Notation compare_summary := (compare_summary compare_fingerprint).

Global Instance summaries_are_ordered : ordered compare_summary.
Proof. unfold sync_verdict.compare_summary. typeclasses eauto. Qed.

Lemma equal_or_not {A : Type} (compare : A -> A -> comparison) {lawful : ordered compare} (x y : A) :
  {x = y} + {x <> y}.
Proof. destruct (equal_is_equality compare x y); auto. Qed.

Lemma equal_vectors_or_not (u v : sorted_map Name vector) : {u = v} + {u <> v}.
Proof using lawful_names.
  apply list_eq_dec. intros [n x] [n' x'].
  destruct (equal_or_not compare_name n n') as [-> |]; [| right; congruence].
  destruct (list_eq_dec (equal_or_not (compare_pair (compare_origin compare_name) N.compare)) x x')
    as [-> |]; [now left | right; congruence].
Qed.

Lemma equal_fingerprints_mean_equal_vectors_or_collide (xs ys : objects) :
  fingerprint (vectors_of xs) = fingerprint (vectors_of ys) ->
  vectors_of xs = vectors_of ys \/ fingerprints_collide xs ys.
Proof using lawful_names.
  intros same. destruct (equal_vectors_or_not (vectors_of xs) (vectors_of ys)); [now left |].
  right. now split.
Qed.

Lemma fine_means_all_fine (xs : objects) :
  fine compare_name compare_value xs = true ->
  state_hash_proof.all_fine compare_name compare_value xs.
Proof.
  unfold fine. rewrite forallb_forall. intros all entry there.
  now apply all, andb_prop in there.
Qed.

(** Of every two states that are well-formed and settled, whether any history makes them or not. *)
Theorem equal_summaries_mean_equal_states_or_a_collision (xs ys : objects) :
  fine compare_name compare_value xs = true ->
  fine compare_name compare_value ys = true ->
  summary_of xs = summary_of ys ->
  xs = ys \/ fingerprints_collide xs ys \/ hashes_clash xs ys.
Proof using lawful_names lawful_values names_differ one_length values_differ.
  intros fine%fine_means_all_fine fine'%fine_means_all_fine [= same content removals].
  destruct (state_hash_proof.equal_hashes_mean_equal_records_or_a_clash compare_name compare_value
    null name_bytes value_bytes hash names_differ values_differ one_length xs ys
    fine fine' content removals) as [records | found]; [| auto].
  destruct (equal_fingerprints_mean_equal_vectors_or_collide xs ys same) as [vectors |]; auto.
  left. now apply state_hash_proof.records_and_vectors_make_the_objects.
Qed.

(** ** In the worlds that replicas can reach vectors are enough *)

Context (types : replica.schema (Name := Name)) (typed : sorted compare_name types = true).
Local Notation world := (network.world Name Value).
Local Notation reachable := (network.reachable compare_name compare_value types).
Local Notation between := (between compare_name compare_value).
Context (cut : object -> list object) (assemble : list object -> object).
Local Notation follows :=
  (follows compare_name compare_value compare_summary cut assemble summary_of).
Local Notation begin := (begin compare_name summary_of).

Lemma a_class_of_a_meaning c (E : list (event Name Value)) :
  of_class c (replica.meaning compare_name compare_value types E)
  = replica.meaning compare_name compare_value (of_class c types) E.
Proof.
  clear typed. unfold sync.of_class, replica.meaning. induction types as [| [n type] rest IH]; [reflexivity |].
  cbn [map filter fst snd]. rewrite IH. now destruct (member compare_name n c).
Qed.

Lemma equal_vectors_of_a_class_mean_equal_states c (w w1 w2 w' : world) a b :
  reachable w ->
  between w w1 w' ->
  between w w2 w' ->
  vectors_of (of_class c (held w1 a)) = vectors_of (of_class c (held w2 b)) ->
  of_class c (held w1 a) = of_class c (held w2 b).
Proof using lawful_names lawful_values typed.
  intros reached [before1 after1] [before2 after2].
  assert (reachable w1) as reached1
    by exact (sync_delivery_proof.a_reachable_world_stays_reachable _ _ types w w1 reached before1).
  assert (reachable w2) as reached2
    by exact (sync_delivery_proof.a_reachable_world_stays_reachable _ _ types w w2 reached before2).
  unfold held.
  rewrite !(network_proof.every_state_is_the_meaning_of_what_was_seen compare_name compare_value
    types typed) by assumption.
  rewrite !a_class_of_a_meaning.
  now apply (network_proof.equal_vectors_mean_equal_parts compare_name compare_value types typed
    (of_class c types) w1 w2 w').
Qed.

Definition true_of (c : sorted_set Name) (w w' : world) (me peer : Name) : Prop :=
  exists w1 w2, between w w1 w' /\ between w w2 w'
  /\ let xs := of_class c (held w1 peer) in
     let ys := of_class c (held w2 me) in
     (fine compare_name compare_value xs = true ->
      fine compare_name compare_value ys = true ->
      xs = ys \/ fingerprints_collide xs ys \/ hashes_clash xs ys)
     /\ (reachable w -> xs = ys \/ fingerprints_collide xs ys).

Theorem agreement_means_equal_states_or_a_collision (w w' : world) c a b s' :
  follows w (begin c a b w) w' s' ->
  (agrees (at_left s') = true -> true_of c w w' a b)
  /\ (agrees (at_right s') = true -> true_of c w w' b a).
Proof using lawful_fingerprints lawful_names lawful_values names_differ one_length typed
    values_differ.
  intros run.
  pose proof (a_verdict_compares_what_was_held compare_name compare_value compare_summary cut
    assemble summary_of w w' c a b s' true run) as [left_compares right_compares].
  assert (forall me peer,
    (exists w1 w2, between w w1 w' /\ between w w2 w'
     /\ (true = true <-> summary_of (of_class c (held w1 peer))
           = summary_of (of_class c (held w2 me)))) ->
    true_of c w w' me peer) as is_true.
  { intros me peer (w1 & w2 & bounds1 & bounds2 & same). exists w1, w2.
    split; [exact bounds1 |]. split; [exact bounds2 |]. intros xs ys.
    pose proof (proj1 same eq_refl) as equal. split.
    - intros. now apply equal_summaries_mean_equal_states_or_a_collision.
    - intros reached. injection equal as vectors _ _.
      destruct (equal_fingerprints_mean_equal_vectors_or_collide xs ys vectors); [left | auto].
      now apply (equal_vectors_of_a_class_mean_equal_states c w w1 w2 w'). }
  unfold agrees. split; intros agreed; apply is_true.
  - apply left_compares. destruct (at_phase (at_left s')) as [| | | | []]; congruence.
  - apply right_compares. destruct (at_phase (at_right s')) as [| | | | []]; congruence.
Qed.
End Summary.
