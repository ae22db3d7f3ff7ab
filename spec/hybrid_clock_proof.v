(** Stamps rise along causality, so the premise of T9 that a write is the greatest one holds of
    a replica that has seen all others. *)

From Coq Require Import List Bool NArith Lia.
From Rejoin Require Import order order_proof sorted_map dot dot_proof delta.
From Rejoin Require Import definition definition_proof hybrid_clock.
From Rejoin Require version_vector_proof replica network network_proof.
Import ListNotations.
Open Scope N_scope.

(** ** Stamps *)

Theorem a_stamp_is_above_all_that_counts last now seen :
  now <= stamp last now seen /\ last < stamp last now seen /\
  (forall s, seen = Some s -> s < stamp last now seen).
Proof. unfold stamp. destruct seen; repeat split; try lia; intros s [= ->]; lia. Qed.

Lemma the_greatest_time_is_above_all times time :
  In time times ->
  exists most, greatest_time times = Some most /\ time <= most.
Proof.
  induction times as [| t times IH]; [easy |]. cbn [greatest_time fold_right].
  fold (greatest_time times). intros [-> | there].
  - destruct (greatest_time times) as [most |]; cbn; [| exists time; split; [reflexivity | lia]].
    eexists. split; [reflexivity |]. rewrite version_vector_proof.greater_number_is_max. lia.
  - destruct (IH there) as (most & -> & le). cbn. eexists. split; [reflexivity |].
    rewrite version_vector_proof.greater_number_is_max. lia.
Qed.

(** *** The greatest of some stamps *)

Section Greatest.
Context {A : Type} (compare : A -> A -> comparison) {lawful : ordered compare}.

Lemma one_above_all_is_the_greatest x items :
  In x items ->
  (forall y, In y items -> y = x \/ compare y x = Lt) ->
  fold_right (fun y => greater_option compare (Some y)) None items = Some x.
Proof using lawful.
  assert (forall y, y = x \/ compare y x = Lt -> greater compare y x = x) as below_it.
  { intros y [-> | lt]; [apply (greater_is_idempotent compare) |].
    unfold greater, below. now rewrite lt. }
  assert (forall items, (forall y, In y items -> y = x \/ compare y x = Lt) ->
    greater_option compare (Some x) (fold_right (fun y => greater_option compare (Some y)) None items)
    = Some x) as all.
  { clear items. induction items as [| y items IH]; intros bound; [reflexivity |].
    cbn [fold_right]. rewrite <- (greater_option_is_associative compare). cbn [greater_option].
    rewrite (greater_is_commutative compare x y), below_it by (apply bound; now left).
    apply IH. intros z there. apply bound. now right. }
  induction items as [| y items IH]; [easy |]. intros there bound. cbn [fold_right].
  destruct there as [-> | there].
  - apply all. intros z z_in. apply bound. now right.
  - rewrite IH; [| exact there | intros z z_in; apply bound; now right].
    cbn. now rewrite below_it by (apply bound; now left).
Qed.
End Greatest.

Section Network.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Context (types : replica.schema (Name := Name)).
Context (typed : sorted compare_name types = true).
Local Notation event := (event Name Value).
Local Notation sees := (sees compare_name).
Local Notation of_object := (of_object compare_name).
Local Notation reachable := (reachable compare_name compare_value types).

Theorem stamped_worlds_are_reachable (w : network.world Name Value) :
  reachable w ->
  network.reachable compare_name compare_value types w.
Proof.
  intros reached. induction reached as [| w name object op user r _ IH is_valid performed is_stamped e
    | w w' _ IH taken _]; [constructor | |].
  - apply (network.Then _ _ _ w); [exact IH |]. now apply network.Operate.
  - exact (network.Then _ _ _ w w' IH taken).
Qed.

(** A write of a key is stamped above each write of it that it saw. *)
Definition rises (H : list event) : Prop :=
  forall e f key time time',
    In e H -> In f H -> object_of e = object_of f -> sees e f = true ->
    timed (operation_of e) = Some (key, time) ->
    timed (operation_of f) = Some (key, time') ->
    time' < time.

Theorem stamps_rise_along_causality (w : network.world Name Value) :
  reachable w ->
  rises (network.happened w).
Proof using lawful_names lawful_values typed.
  intros reached. induction reached as [| w name object op user r reached IH is_valid performed is_stamped e
    | w w' _ IH _ same]; [easy | | now rewrite same].
  assert (network.reachable compare_name compare_value types w) as reached_w
    by now apply stamped_worlds_are_reachable.
  pose proof (network_proof.reachable_worlds_are_sound compare_name compare_value types typed w
    reached_w) as is_sound.
  pose proof (network_proof.histories_hold _ _ _ _ is_sound object) as happened_once.
  destruct (network_proof.nodes_are_sound _ _ _ _ is_sound name) as (state & (cuts_here & _) & named).
  assert (forall f, In f (network.happened w) -> object_of e = object_of f -> sees e f = true ->
    In f (of_object object (network.seen (network.nodes w name)))) as known.
  { intros f there same saw.
    assert (In f (of_object object (network.happened w))) as f_in.
    { apply filter_In. split; [exact there |]. rewrite <- same. apply (equal_to_itself compare_name). }
    apply (network_proof.the_event_saw_the_cut compare_name
      (of_object object (network.seen (network.nodes w name))) e eq_refl) in saw.
    apply in_map_iff in saw as (g & same_dot & g_in).
    assert (g = f) as <-; [| exact g_in].
    apply (dots_are_unique _ _ happened_once); auto.
    now apply (cut_happened _ _ (cuts_here object)). }
  assert (forall f, In f (e :: network.happened w) -> object_of f = object_of e ->
    sees f e = false) as unseen.
  { intros f there same.
    apply (network_proof.nothing_saw_the_new_event compare_name
      (of_object object (network.happened w))
      (of_object object (network.seen (network.nodes w name))))
      with (o := replica.self (network.running (network.nodes w name))).
    - apply (network_proof.all_seen_happened _ _ _ _ is_sound).
    - apply cuts_here.
    - intros g [g_in on_it]%filter_In by_it. apply filter_In. split; [| exact on_it].
      now apply (network_proof.origins_have_seen_their_own _ _ _ _ is_sound name).
    - reflexivity.
    - reflexivity.
    - destruct there as [-> | there]; [now left | right]. apply filter_In. split; [exact there |].
      rewrite same. apply (equal_to_itself compare_name). }
  intros e' f key time time' e'_in f_in same saw at_e at_f. cbn [network.happened] in e'_in, f_in.
  destruct f_in as [<- | f_in].
  - rewrite unseen in saw; [discriminate | exact e'_in | exact same].
  - destruct e'_in as [<- | e'_in]; [| now apply (IH e' f key)].
    specialize (known f f_in same saw). unfold stamped in is_stamped.
    change (operation_of e) with op in at_e. rewrite at_e in is_stamped.
    destruct is_stamped as (last & now & ->).
    destruct (the_greatest_time_is_above_all
      (flat_map (time_at compare_name key)
        (of_object object (network.seen (network.nodes w name)))) time') as (most & is_most & le).
    { apply in_flat_map. exists f. split; [exact known |]. unfold time_at. rewrite at_f.
      rewrite (equal_to_itself (compare_option compare_name)). now left. }
    pose proof (proj2 (proj2 (a_stamp_is_above_all_that_counts last now
      (greatest_time (flat_map (time_at compare_name key)
        (of_object object (network.seen (network.nodes w name))))))) most is_most). lia.
Qed.

(** ** A decision after seeing all others wins *)

Lemma a_later_stamp_is_greater (e f : event) time time' v v' :
  time' < time ->
  compare_stamp compare_name compare_value (stamp_of f time' v') (stamp_of e time v) = Lt.
Proof.
  intros lt. unfold compare_stamp, stamp_of, compare_pair at 1. cbn [fst snd].
  apply N.compare_lt_iff in lt. now rewrite lt.
Qed.

Theorem who_puts_after_seeing_all_is_the_greatest (H E : list event) k e time v :
  rises H ->
  incl E H ->
  (forall f, In f E -> object_of f = object_of e) ->
  In e E ->
  operation_of e = Put k time v ->
  (forall f time' v', In f E -> operation_of f = Put k time' v' -> f = e \/ sees e f = true) ->
  greatest compare_name compare_value (flat_map (key_stamps compare_name k) E)
  = Some (stamp_of e time v).
Proof using lawful_names lawful_values.
  intros rising past one_object e_in puts saw_all.
  apply one_above_all_is_the_greatest; [exact _ | |].
  - apply in_flat_map. exists e. split; [exact e_in |]. unfold key_stamps. rewrite puts.
    rewrite (equal_to_itself compare_name). now left.
  - intros s (f & f_in & at_f)%in_flat_map. unfold key_stamps in at_f.
    destruct (operation_of f) as [| | | | k' time' v' | | | | |] eqn:f_puts; try easy.
    destruct (equal_is_equality compare_name k k') as [<- |]; [| easy].
    destruct at_f as [<- | []].
    destruct (saw_all f time' v' f_in f_puts) as [-> | saw].
    + left. rewrite puts in f_puts. now injection f_puts as <- <-.
    + right. apply a_later_stamp_is_greater.
      apply (rising e f (Some k)); auto.
      * symmetry. now apply one_object.
      * now rewrite puts.
      * now rewrite f_puts.
Qed.

Theorem who_writes_after_seeing_all_is_the_greatest (H E : list event) e time v :
  rises H ->
  incl E H ->
  (forall f, In f E -> object_of f = object_of e) ->
  In e E ->
  operation_of e = Write time v ->
  (forall f time' v', In f E -> operation_of f = Write time' v' -> f = e \/ sees e f = true) ->
  greatest compare_name compare_value (flat_map register_stamps E) = Some (stamp_of e time v).
Proof using lawful_names lawful_values.
  intros rising past one_object e_in writes saw_all.
  apply one_above_all_is_the_greatest; [exact _ | |].
  - apply in_flat_map. exists e. split; [exact e_in |]. unfold register_stamps. rewrite writes.
    now left.
  - intros s (f & f_in & at_f)%in_flat_map. unfold register_stamps in at_f.
    destruct (operation_of f) as [| time' v' | | | | | | | |] eqn:f_writes; try easy.
    destruct at_f as [<- | []].
    destruct (saw_all f time' v' f_in f_writes) as [-> | saw].
    + left. rewrite writes in f_writes. now injection f_writes as <- <-.
    + right. apply a_later_stamp_is_greater.
      apply (rising e f None); auto.
      * symmetry. now apply one_object.
      * now rewrite writes.
      * now rewrite f_writes.
Qed.
End Network.
