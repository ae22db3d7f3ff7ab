(** Nothing is lost silently, and only what is overruled is reported.

    Above each decision of a finite history there is a maximal one ([definition_proof.v]). So a
    decision that nobody decided anew is maximal itself; if it is not shown either, its key is open,
    and the decision is listed there as superseded. The reports hold nothing else. *)

From Coq Require Import List Bool NArith BinInt Permutation Lia.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot delta definition.
From Rejoin Require Import definition_proof nothing_is_lost.
From Rejoin Require version_vector version_vector_meaning_proof.
From Rejoin Require replica replica_meaning_proof state_hash_meaning_proof.
From Rejoin Require network network_proof.
From Rejoin Require decisions mv_map decisions_meaning_proof mv_register_meaning_proof.
From Rejoin Require mv_map_meaning_proof max_register_meaning_proof.
Import ListNotations.
Open Scope N_scope.

Section Nothing_is_lost.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Context (null : Value).
Local Notation event := (event Name Value).
Local Notation sees := (sees compare_name).
Local Notation shows := (shows compare_name compare_value null).

(** ** Decisions of one reading

    [label] is how merge decisions name a key. *)

Lemma or_assoc_left (P Q R : Prop) : (P \/ Q \/ R) <-> ((P \/ Q) \/ R).
Proof. tauto. Qed.

Section Keys.
Context {K Effect : Type}.
Context (compare_key : K -> K -> comparison) {lawful_keys : ordered compare_key}.
Context (compare_effect : Effect -> Effect -> comparison).
Context (reading : operation Name Value -> option (K * (N * Effect))).
Context (label : K -> option Name) (type : object_type).
Local Notation decides_on := (decides_on type).
Local Notation stands := (stands compare_name type).
Local Notation overruled := (overruled compare_name compare_value null type).
Context (labels_are_keys : forall k (e : event),
  decides_on (label k) e <-> decides compare_key reading k e = true).
Local Notation maximal := (maximal compare_name compare_key reading).
Local Notation has_effect := (has_effect compare_key compare_effect reading).

Lemma a_decision_stands_exactly_if_it_is_maximal E k e :
  decides_on (label k) e ->
  stands E (label k) e <-> maximal E k e = true.
Proof using labels_are_keys.
  intros decided. rewrite maximal_means_seen_by_no_decision. rewrite labels_are_keys in decided.
  unfold nothing_is_lost.stands. split.
  - intros unseen. split; [exact decided |]. intros f there f_decides. apply unseen; auto.
    now apply labels_are_keys.
  - intros [_ unseen] f there f_decides. apply unseen; auto. now apply labels_are_keys.
Qed.

Context (H E : list event) (happened : history compare_name H) (is_cut : cut H E).
Context (current : K -> Effect) (answer : answer Name Value).
Context (answers : forall k e,
  In e E -> decides compare_key reading k e = true ->
  shows answer (operation_of e) = has_effect k (current k) e).
Local Notation superseded_at :=
  (superseded_at compare_name compare_key compare_effect reading current E).
Local Notation listed :=
  (map (under_name label)
    (merge_decisions compare_name compare_key compare_effect reading current E)).
Local Notation notices user :=
  (map (fun notice => (label (fst notice), snd notice))
    (notices compare_name compare_key compare_effect reading current user E)).

Lemma names_are_sorted_with_their_events (p : event -> bool) n events :
  In n (sort (compare_event_name compare_name) (map name_of (filter p events)))
  <-> exists e : event, In e events /\ p e = true /\ name_of e = n.
Proof.
  split.
  - intros there. eapply Permutation_in in there; [| apply sorting_keeps_the_items].
    apply in_map_iff in there as (e & named & [e_in passes]%filter_In). eauto.
  - intros (e & e_in & passes & <-).
    eapply Permutation_in; [symmetry; apply sorting_keeps_the_items |].
    now apply in_map, filter_In.
Qed.

Lemma overruled_means_superseded k e :
  overruled E answer (label k) e <-> In e (superseded_at k).
Proof using answers labels_are_keys.
  unfold nothing_is_lost.overruled, definition.superseded_at.
  rewrite filter_In, andb_true_iff, negb_true_iff.
  split.
  - intros (e_in & decided & unseen & hidden).
    rewrite <- (answers k e) by (auto; now apply labels_are_keys).
    split; [exact e_in |]. split; [| exact hidden].
    now apply a_decision_stands_exactly_if_it_is_maximal.
  - intros (e_in & is_max & hidden).
    assert (decides compare_key reading k e = true) as decided.
    { now apply maximal_means_seen_by_no_decision in is_max. }
    assert (decides_on (label k) e) as decided_on by now apply labels_are_keys.
    rewrite (answers k e) by assumption. repeat split; auto.
    now apply a_decision_stands_exactly_if_it_is_maximal.
Qed.

Lemma a_key_of_a_superseded_decision_is_open k e :
  In e (superseded_at k) ->
  In k (filter (open compare_name compare_key compare_effect reading current E)
    (decided_keys compare_key reading E)).
Proof using lawful_keys.
  intros [e_in [is_max hidden]%andb_prop]%filter_In. apply filter_In. split.
  - apply maximal_means_seen_by_no_decision in is_max as [decided _].
    apply (in_set_of compare_key), in_flat_map. exists e. split; [exact e_in |].
    unfold decides, effect_on in decided.
    destruct (reading (operation_of e)) as [[k' [t effect]] |]; [| easy].
    destruct (equal_is_equality compare_key k k') as [-> |]; [now left | easy].
  - apply existsb_exists. exists e. now rewrite is_max, hidden.
Qed.

Lemma a_decision_is_accounted_for k e :
  In e E ->
  decides compare_key reading k e = true ->
  shows answer (operation_of e) = true
  \/ (exists f, In f E /\ decides_on (label k) f /\ sees f e = true /\ stands E (label k) f)
  \/ (exists d,
       In d listed /\ key d = label k /\ In (name_of e) (superseded d)
       /\ forall user, user_of e = Some user -> In (label k, name_of e) (notices user)).
Proof using answers happened is_cut labels_are_keys lawful_keys lawful_names.
  intros e_in decided. pose proof (cut_happened _ _ is_cut) as past.
  destruct (shows answer (operation_of e)) eqn:shown; [now left | right].
  destruct (every_decision_is_below_a_maximal_one compare_name H happened compare_key reading E k e)
    as (m & m_in & is_max & [-> | seen]); auto.
  - right. assert (In e (superseded_at k)) as lost.
    { apply overruled_means_superseded. unfold nothing_is_lost.overruled.
      assert (decides_on (label k) e) as decided_on by now apply labels_are_keys.
      repeat split; auto. now apply a_decision_stands_exactly_if_it_is_maximal. }
    pose proof (a_key_of_a_superseded_decision_is_open k e lost) as is_open.
    apply filter_In in lost as [_ lost]. eexists. split; [| split; [| split]].
    + apply in_map, in_map. exact is_open.
    + reflexivity.
    + apply names_are_sorted_with_their_events. eauto.
    + intros user theirs. apply (in_map (fun notice => (label (fst notice), snd notice))
        _ (k, name_of e)).
      apply in_flat_map. exists k. split; [exact is_open |]. apply in_map.
      apply names_are_sorted_with_their_events. exists e. split; [| split; [| reflexivity]].
      * apply filter_In. now split.
      * unfold by_user. now rewrite theirs, (equal_to_itself (compare_option compare_name)).
  - left. exists m.
    assert (decides_on (label k) m) as m_decides
      by (now apply labels_are_keys; apply maximal_means_seen_by_no_decision in is_max).
    repeat split; auto. now apply a_decision_stands_exactly_if_it_is_maximal.
Qed.

(** Where every decision that stands is shown, none is overruled. *)
Lemma a_decision_is_shown_or_decided_anew k e :
  (forall m, In m E -> maximal E k m = true -> shows answer (operation_of m) = true) ->
  In e E ->
  decides compare_key reading k e = true ->
  shows answer (operation_of e) = true
  \/ (exists f, In f E /\ decides_on (label k) f /\ sees f e = true /\ stands E (label k) f).
Proof using happened is_cut labels_are_keys.
  intros all_shown e_in decided. pose proof (cut_happened _ _ is_cut) as past.
  destruct (every_decision_is_below_a_maximal_one compare_name H happened compare_key reading E k e)
    as (m & m_in & is_max & [-> | seen]); auto.
  right. exists m.
  assert (decides_on (label k) m) as m_decides
    by (now apply labels_are_keys; apply maximal_means_seen_by_no_decision in is_max).
  repeat split; auto. now apply a_decision_stands_exactly_if_it_is_maximal.
Qed.

Lemma what_is_listed_is_overruled d n :
  In d listed ->
  In n (superseded d) ->
  exists e, name_of e = n /\ overruled E answer (key d) e.
Proof using answers labels_are_keys.
  intros (d' & <- & (k & <- & _)%in_map_iff)%in_map_iff. cbn [under_name superseded key].
  intros there. apply names_are_sorted_with_their_events in there as (e & e_in & lost & named).
  exists e. split; [exact named |]. apply overruled_means_superseded. now apply filter_In.
Qed.

Lemma what_is_notified_is_overruled user k n :
  In (k, n) (notices user) ->
  exists e, name_of e = n /\ user_of e = Some user /\ overruled E answer k e.
Proof using answers labels_are_keys lawful_names.
  intros ([k' n'] & [= <- <-] & (k0 & _ & (n0 & [= <- <-] & there)%in_map_iff)%in_flat_map)
    %in_map_iff.
  apply names_are_sorted_with_their_events in there as (e & lost & theirs & named).
  exists e. split; [exact named |]. split.
  - unfold by_user in theirs.
    now destruct (equal_is_equality (compare_option compare_name) (user_of e) (Some user)).
  - now apply overruled_means_superseded.
Qed.
End Keys.

(** ** Each type *)

Section Types.
Context (H E : list event) (happened : history compare_name H) (is_cut : cut H E).

Ltac by_operation e :=
  unfold decides_on, decided_key, decides, effect_on, register_reading, set_reading, map_reading,
    flag_reading, mv_register_reading, mv_map_reading;
  destruct (operation_of e); cbn -[equal];
  try (split; congruence);
  match goal with
  | |- context [equal compare_name ?k ?x] =>
      destruct (equal_is_equality compare_name k x); split; congruence
  | _ => now cbn
  end.

Lemma register_keys (k : unit) (e : event) :
  decides_on Lww_register None e <-> decides compare_unit register_reading k e = true.
Proof. by_operation e. Qed.

Lemma set_keys k (e : event) :
  decides_on Or_set (Some k) e <-> decides compare_name set_reading k e = true.
Proof using lawful_names. by_operation e. Qed.

Lemma map_keys k (e : event) :
  decides_on Lww_map (Some k) e <-> decides compare_name map_reading k e = true.
Proof using lawful_names. by_operation e. Qed.

Lemma rw_set_keys k (e : event) :
  decides_on Rw_set (Some k) e <-> decides compare_name set_reading k e = true.
Proof using lawful_names. by_operation e. Qed.

Lemma ew_flag_keys (k : unit) (e : event) :
  decides_on Ew_flag None e <-> decides compare_unit flag_reading k e = true.
Proof. by_operation e. Qed.

Lemma dw_flag_keys (k : unit) (e : event) :
  decides_on Dw_flag None e <-> decides compare_unit flag_reading k e = true.
Proof. by_operation e. Qed.

Lemma mv_register_keys (k : unit) (e : event) :
  decides_on Mv_register None e <-> decides compare_unit mv_register_reading k e = true.
Proof. by_operation e. Qed.

Lemma mv_map_keys k (e : event) :
  decides_on Mv_map (Some k) e <-> decides compare_name mv_map_reading k e = true.
Proof using lawful_names. by_operation e. Qed.

Lemma a_register_shows_its_content k e :
  decides compare_unit register_reading k e = true ->
  shows (Content (content compare_name compare_value null E)) (operation_of e)
  = has_effect compare_unit compare_value register_reading k
      (current_content compare_name compare_value null E k) e.
Proof.
  unfold decides, has_effect, effect_on, register_reading.
  now destruct (operation_of e).
Qed.

Lemma a_set_shows_its_elements (contains : list event -> Name -> bool) x e :
  (contains E x = true -> exists a, In a E /\ is_add compare_name x a = true) ->
  In e E ->
  decides compare_name set_reading x e = true ->
  shows (Elements (elements_by compare_name contains E)) (operation_of e)
  = has_effect compare_name compare_presence set_reading x (presence_of (contains E x)) e.
Proof using lawful_names.
  intros was_added e_in. unfold decides, has_effect, effect_on, set_reading, presence_of.
  assert (member compare_name x (elements_by compare_name contains E) = contains E x) as inside.
  { unfold elements_by.
    rewrite (member_of_filter compare_name) by apply (set_of_is_rising compare_name).
    destruct (contains E x) eqn:inside; [| apply andb_false_r].
    rewrite andb_true_r. apply (member_means_in compare_name), (in_set_of compare_name);
      [apply (set_of_is_rising compare_name) |].
    destruct (was_added eq_refl) as (a & a_in & adds).
    apply in_flat_map. exists a. split; [exact a_in |]. unfold is_add, added in *.
    destruct (operation_of a) as [| | y | | | | | | |]; try easy.
    destruct (equal_is_equality compare_name x y) as [-> |]; [now left | easy]. }
  destruct (operation_of e) as [| | y | y | | | | | |]; try easy;
    destruct (equal_is_equality compare_name x y) as [-> |]; try easy;
    intros _; cbn [nothing_is_lost.shows]; rewrite inside; now destruct (contains E _).
Qed.

Lemma an_or_set_shows_its_elements x e :
  In e E ->
  decides compare_name set_reading x e = true ->
  shows (Elements (elements compare_name E)) (operation_of e)
  = has_effect compare_name compare_presence set_reading x
      (current_presence compare_name E x) e.
Proof using lawful_names.
  apply (a_set_shows_its_elements (in_set compare_name)).
  intros (a & a_in & [adds _]%andb_prop)%existsb_exists. eauto.
Qed.

Lemma an_rw_set_shows_its_elements x e :
  In e E ->
  decides compare_name set_reading x e = true ->
  shows (Elements (elements_by compare_name (in_rw_set compare_name) E)) (operation_of e)
  = has_effect compare_name compare_presence set_reading x
      (presence_of (in_rw_set compare_name E x)) e.
Proof using lawful_names.
  apply a_set_shows_its_elements.
  intros [(a & a_in & adds)%existsb_exists _]%andb_prop. eauto.
Qed.

Lemma a_flag_shows_its_value (enabled : bool) k (e : event) :
  decides compare_unit flag_reading k e = true ->
  shows (Enabled enabled) (operation_of e)
  = has_effect compare_unit compare_presence flag_reading k (presence_of enabled) e.
Proof.
  unfold decides, has_effect, effect_on, flag_reading, presence_of.
  now destruct (operation_of e), enabled.
Qed.

Lemma a_register_shows_its_concurrent_values (k : unit) m :
  In m E ->
  maximal compare_name compare_unit mv_register_reading E k m = true ->
  shows (Values (concurrent_values compare_name compare_value null E)) (operation_of m) = true.
Proof using lawful_values.
  intros m_in is_max.
  pose proof (mv_register_meaning_proof.a_maximal_write_is_unseen compare_name compare_unit
    mv_register_reading written E k m) as unseen.
  assert (forall e : event, written e = effect_on compare_unit mv_register_reading k e) as reads.
  { intros e. unfold written, effect_on, mv_register_reading. now destruct (operation_of e), k. }
  pose proof is_max as [decided _]%andb_prop. unfold decides in decided.
  rewrite <- reads in decided. destruct (written m) as [v |] eqn:wrote; [| easy].
  specialize (unseen v reads m_in is_max eq_refl). unfold written in wrote.
  destruct (operation_of m); try easy. injection wrote as ->.
  now apply mv_register_meaning_proof.what_was_written_is_listed.
Qed.

Lemma a_map_shows_its_concurrent_values k m :
  In m E ->
  maximal compare_name compare_name mv_map_reading E k m = true ->
  shows (Value_sets (concurrent_entries compare_name compare_value null E)) (operation_of m)
  = true.
Proof using lawful_names lawful_values.
  intros m_in is_max.
  pose proof (mv_register_meaning_proof.a_maximal_write_is_unseen compare_name compare_name
    mv_map_reading (put_at compare_name k) E k m) as unseen.
  assert (forall e : event, put_at compare_name k e = effect_on compare_name mv_map_reading k e)
    as reads.
  { intros e. unfold put_at, effect_on, mv_map_reading. now destruct (operation_of e). }
  pose proof is_max as [decided _]%andb_prop. unfold decides in decided.
  rewrite <- reads in decided. destruct (put_at compare_name k m) as [v |] eqn:wrote; [| easy].
  specialize (unseen v reads m_in is_max eq_refl). unfold put_at in wrote.
  destruct (operation_of m) as [| | | | k' time v' | | | | |] eqn:puts; try easy.
  destruct (equal_is_equality compare_name k k') as [<- |]; [| easy]. injection wrote as ->.
  apply (mv_register_meaning_proof.what_was_written_is_listed compare_value null) in unseen.
  cbn [nothing_is_lost.shows].
  pose proof (mv_map_meaning_proof.the_entries_are_those_of_the_definition compare_name
    compare_value null E) as entries.
  pose proof (mv_map_meaning_proof.the_values_at_a_key_are_those_of_the_definition compare_name
    compare_value null E k) as at_k.
  destruct (equal compare_value v null) eqn:deleted; [reflexivity | cbn [orb] in *].
  rewrite <- entries. unfold mv_map.value.
  pose proof (decisions_meaning_proof.frontiers_are_well_formed compare_name compare_name
    compare_value mv_map_reading E) as [sorts _]%andb_prop.
  rewrite (find_in_map_some compare_name) by exact sorts.
  change (set_of_values compare_value null (unseen_values compare_name (put_at compare_name k) E))
    with (concurrent_values_at compare_name compare_value null E k) in unseen.
  rewrite <- at_k in unseen. unfold mv_map.get, decisions.frontier, sorted_set in *.
  destruct (find (V := list (decisions.decision Name Value)) compare_name k
    (decisions.maximal (mv_map.meaning compare_name compare_value E))) as [ds |];
    cbn [or_empty] in unseen; [| easy].
  destruct (mv_map.values_of compare_value null ds) eqn:values; [easy | exact unseen].
Qed.

Lemma a_map_shows_its_entries k e :
  In e E ->
  decides compare_name map_reading k e = true ->
  shows (Entries (entries compare_name compare_value null E)) (operation_of e)
  = has_effect compare_name compare_value map_reading k
      (content_at compare_name compare_value null E k) e.
Proof using lawful_names lawful_values.
  intros e_in. unfold decides, has_effect, effect_on, map_reading.
  destruct (operation_of e) as [| | | | k' time v | | | | |] eqn:puts; try easy.
  destruct (equal_is_equality compare_name k k') as [-> |]; [| easy]. intros _.
  assert (member compare_name k' (set_of compare_name (flat_map put_key E)) = true) as is_key.
  { apply (member_means_in compare_name), (in_set_of compare_name);
      [apply (set_of_is_rising compare_name) |].
    apply in_flat_map. exists e. split; [exact e_in |]. unfold put_key. rewrite puts. now left. }
  cbn [nothing_is_lost.shows]. unfold entries. rewrite (find_in_filter compare_name).
  - rewrite (find_in_a_map_made_from_keys compare_name), is_key. cbn [snd].
    now destruct (equal_is_equality compare_value (content_at compare_name compare_value null E k')
      null) as [-> |].
  - rewrite (a_map_made_from_keys_is_sorted compare_name). apply (set_of_is_rising compare_name).
Qed.

Lemma an_event_and_the_others e :
  In e E ->
  Permutation E (e :: the_others compare_name e E).
Proof using happened is_cut lawful_names.
  intros there. unfold the_others. destruct is_cut as [past distinct _].
  apply NoDup_Permutation; [exact distinct | |].
  - constructor; [| now apply NoDup_filter]. intros [_ other]%filter_In.
    unfold same_event in other.
    now rewrite (equal_to_itself compare_name), (equal_to_itself (compare_dot compare_name))
      in other.
  - intros f. split.
    + intros f_in. destruct (same_event compare_name e f) eqn:same.
      * left. apply (same_events_are_equal compare_name H happened); auto.
      * right. apply filter_In. now rewrite same.
    + intros [<- | [f_in _]%filter_In]; assumption.
Qed.

Lemma counts_add_up (F G : list event) : Permutation F G -> count F = count G.
Proof.
  unfold count. induction 1; cbn; congruence || (rewrite !N.add_assoc; f_equal; apply N.add_comm).
Qed.

Lemma counts_down_add_up (F G : list event) : Permutation F G -> count_down F = count_down G.
Proof.
  unfold count_down.
  induction 1; cbn; congruence || (rewrite !N.add_assoc; f_equal; apply N.add_comm).
Qed.

Lemma a_balance_has_the_event_and_the_others e :
  In e E ->
  balance E = (Z.of_N (amount_of e) - Z.of_N (decrement_of e)
    + balance (the_others compare_name e E))%Z.
Proof using happened is_cut lawful_names.
  intros there. unfold balance at 1.
  rewrite (counts_add_up _ _ (an_event_and_the_others e there)),
    (counts_down_add_up _ _ (an_event_and_the_others e there)).
  unfold count, count_down, balance. cbn [map fold_right].
  fold (count (the_others compare_name e E)) (count_down (the_others compare_name e E)).
  lia.
Qed.

(** Sketch: an operation and a type that allows it at a time. Sums and lists: all events are this one
    and the others. Integers: the extreme is one that was written, and reaches all. Decisions: by
    [a_decision_is_accounted_for] for the reading of the type, once it is said of which key the event
    decides, and that the type's answer shows what is current there. *)
Theorem every_operation_is_accounted_for type e :
  In e E ->
  allows type (operation_of e) = true ->
  accounted_for compare_name compare_value null type E
    (read compare_name compare_value null type E)
    (decisions compare_name compare_value null type E)
    (fun user k n => In (k, n) (object_notices compare_name compare_value null type user E)) e.
Proof using happened is_cut lawful_names lawful_values.
  intros e_in allowed. unfold accounted_for.
  destruct (operation_of e)
    as [amount | time v | x | x | k time v | time v | amount | | | n] eqn:performs;
    destruct type; try easy; cbn [read].
  - rewrite (counts_add_up _ _ (an_event_and_the_others e e_in)). cbn. unfold amount_of at 1.
    now rewrite performs.
  - rewrite (a_balance_has_the_event_and_the_others e e_in).
    unfold amount_of, decrement_of. rewrite performs. lia.
  - exists None. split; [unfold decides_on; now rewrite performs |]. rewrite <- performs.
    apply (a_decision_is_accounted_for compare_unit compare_value register_reading
      (fun _ => None) Lww_register register_keys H E happened is_cut
      (current_content compare_name compare_value null E)) with (k := tt); auto.
    + intros k f _. apply a_register_shows_its_content.
    + apply (register_keys tt). unfold decides_on. now rewrite performs.
  - exists None. split; [unfold decides_on; now rewrite performs |]. rewrite <- performs.
    rewrite or_assoc_left. left.
    apply (a_decision_is_shown_or_decided_anew compare_unit mv_register_reading
      (fun _ => None) Mv_register mv_register_keys H E happened is_cut) with (k := tt); auto.
    + intros m. apply a_register_shows_its_concurrent_values.
    + apply (mv_register_keys tt). unfold decides_on. now rewrite performs.
  - exists (Some x). split; [unfold decides_on; now rewrite performs |]. rewrite <- performs.
    apply (a_decision_is_accounted_for compare_name compare_presence set_reading
      Some Or_set set_keys H E happened is_cut (current_presence compare_name E)); auto.
    + intros k f. apply an_or_set_shows_its_elements.
    + apply set_keys. unfold decides_on. now rewrite performs.
  - exists (Some x). split; [unfold decides_on; now rewrite performs |]. rewrite <- performs.
    apply (a_decision_is_accounted_for compare_name compare_presence set_reading
      Some Rw_set rw_set_keys H E happened is_cut
      (fun x => presence_of (in_rw_set compare_name E x))); auto.
    + intros k f. apply an_rw_set_shows_its_elements.
    + apply rw_set_keys. unfold decides_on. now rewrite performs.
  - exists (Some x). split; [unfold decides_on; now rewrite performs |]. rewrite <- performs.
    apply (a_decision_is_accounted_for compare_name compare_presence set_reading
      Some Or_set set_keys H E happened is_cut (current_presence compare_name E)); auto.
    + intros k f. apply an_or_set_shows_its_elements.
    + apply set_keys. unfold decides_on. now rewrite performs.
  - exists (Some x). split; [unfold decides_on; now rewrite performs |]. rewrite <- performs.
    apply (a_decision_is_accounted_for compare_name compare_presence set_reading
      Some Rw_set rw_set_keys H E happened is_cut
      (fun x => presence_of (in_rw_set compare_name E x))); auto.
    + intros k f. apply an_rw_set_shows_its_elements.
    + apply rw_set_keys. unfold decides_on. now rewrite performs.
  - exists (Some k). split; [unfold decides_on; now rewrite performs |]. rewrite <- performs.
    apply (a_decision_is_accounted_for compare_name compare_value map_reading
      Some Lww_map map_keys H E happened is_cut
      (content_at compare_name compare_value null E)); auto.
    + intros k' f. apply a_map_shows_its_entries.
    + apply map_keys. unfold decides_on. now rewrite performs.
  - exists (Some k). split; [unfold decides_on; now rewrite performs |]. rewrite <- performs.
    rewrite or_assoc_left. left.
    apply (a_decision_is_shown_or_decided_anew compare_name mv_map_reading
      Some Mv_map mv_map_keys H E happened is_cut); auto.
    + intros m. apply a_map_shows_its_concurrent_values.
    + apply mv_map_keys. unfold decides_on. now rewrite performs.
  - unfold items.
    assert (Permutation (flat_map entry_stamps E)
      (stamp_of e time v :: flat_map entry_stamps (the_others compare_name e E))) as stamps.
    { rewrite (Permutation_flat_map entry_stamps (an_event_and_the_others e e_in)).
      cbn [flat_map]. unfold entry_stamps at 1. now rewrite performs. }
    rewrite (Permutation_map entry_of (sorting_keeps_the_items
      (compare_stamp compare_name compare_value) _)), stamps.
    cbn [map]. apply perm_skip, Permutation_map. symmetry. apply sorting_keeps_the_items.
  - rewrite (a_balance_has_the_event_and_the_others e e_in).
    unfold amount_of, decrement_of. rewrite performs. lia.
  - exists None. split; [unfold decides_on; now rewrite performs |]. rewrite <- performs.
    apply (a_decision_is_accounted_for compare_unit compare_presence flag_reading
      (fun _ => None) Ew_flag ew_flag_keys H E happened is_cut
      (fun _ => presence_of (ew_enabled compare_name E))) with (k := tt); auto.
    + intros k f _. apply a_flag_shows_its_value.
    + apply (ew_flag_keys tt). unfold decides_on. now rewrite performs.
  - exists None. split; [unfold decides_on; now rewrite performs |]. rewrite <- performs.
    apply (a_decision_is_accounted_for compare_unit compare_presence flag_reading
      (fun _ => None) Dw_flag dw_flag_keys H E happened is_cut
      (fun _ => presence_of (dw_enabled compare_name E))) with (k := tt); auto.
    + intros k f _. apply a_flag_shows_its_value.
    + apply (dw_flag_keys tt). unfold decides_on. now rewrite performs.
  - exists None. split; [unfold decides_on; now rewrite performs |]. rewrite <- performs.
    apply (a_decision_is_accounted_for compare_unit compare_presence flag_reading
      (fun _ => None) Ew_flag ew_flag_keys H E happened is_cut
      (fun _ => presence_of (ew_enabled compare_name E))) with (k := tt); auto.
    + intros k f _. apply a_flag_shows_its_value.
    + apply (ew_flag_keys tt). unfold decides_on. now rewrite performs.
  - exists None. split; [unfold decides_on; now rewrite performs |]. rewrite <- performs.
    apply (a_decision_is_accounted_for compare_unit compare_presence flag_reading
      (fun _ => None) Dw_flag dw_flag_keys H E happened is_cut
      (fun _ => presence_of (dw_enabled compare_name E))) with (k := tt); auto.
    + intros k f _. apply a_flag_shows_its_value.
    + apply (dw_flag_keys tt). unfold decides_on. now rewrite performs.
  - destruct (max_register_meaning_proof.every_integer_is_reached Z.compare E n)
      as (m & is_greatest & reached);
      [apply in_flat_map; exists e; rewrite performs; split; [assumption | now left] |].
    rewrite is_greatest.
    split; [now apply (max_register_meaning_proof.the_extreme_was_written Z.compare) |].
    unfold Z.le. rewrite Z.compare_antisym. now destruct (m ?= n)%Z.
  - destruct (max_register_meaning_proof.every_integer_is_reached (turned Z.compare)
      (lawful_integers := turned_orders_are_ordered _ integers_are_ordered) E n)
      as (m & is_least & reached);
      [apply in_flat_map; exists e; rewrite performs; split; [assumption | now left] |].
    rewrite is_least.
    split; [now apply (max_register_meaning_proof.the_extreme_was_written (turned Z.compare)) |].
    unfold turned in reached. unfold Z.le. rewrite Z.compare_antisym. now destruct (n ?= m)%Z.
Qed.

Theorem what_is_reported_is_overruled type d n :
  In d (decisions compare_name compare_value null type E) ->
  In n (superseded d) ->
  exists e, name_of e = n
    /\ overruled compare_name compare_value null type E
         (read compare_name compare_value null type E) (key d) e.
Proof using lawful_names lawful_values.
  destruct type; cbn [decisions read]; try easy.
  - apply (what_is_listed_is_overruled compare_unit compare_value register_reading
      (fun _ => None) Lww_register register_keys E
      (current_content compare_name compare_value null E)).
    intros k f _. apply a_register_shows_its_content.
  - apply (what_is_listed_is_overruled compare_name compare_presence set_reading
      Some Or_set set_keys E (current_presence compare_name E)).
    intros k f. apply an_or_set_shows_its_elements.
  - apply (what_is_listed_is_overruled compare_name compare_value map_reading
      Some Lww_map map_keys E (content_at compare_name compare_value null E)).
    intros k f. apply a_map_shows_its_entries.
  - apply (what_is_listed_is_overruled compare_name compare_presence set_reading
      Some Rw_set rw_set_keys E (fun x => presence_of (in_rw_set compare_name E x))).
    intros k f. apply an_rw_set_shows_its_elements.
  - apply (what_is_listed_is_overruled compare_unit compare_presence flag_reading
      (fun _ => None) Ew_flag ew_flag_keys E (fun _ => presence_of (ew_enabled compare_name E))).
    intros k f _. apply a_flag_shows_its_value.
  - apply (what_is_listed_is_overruled compare_unit compare_presence flag_reading
      (fun _ => None) Dw_flag dw_flag_keys E (fun _ => presence_of (dw_enabled compare_name E))).
    intros k f _. apply a_flag_shows_its_value.
Qed.

Theorem who_is_notified_was_overruled type user k n :
  In (k, n) (object_notices compare_name compare_value null type user E) ->
  exists e, name_of e = n /\ user_of e = Some user
    /\ overruled compare_name compare_value null type E
         (read compare_name compare_value null type E) k e.
Proof using lawful_names lawful_values.
  destruct type; cbn [object_notices read]; try easy.
  - apply (what_is_notified_is_overruled compare_unit compare_value register_reading
      (fun _ => None) Lww_register register_keys E
      (current_content compare_name compare_value null E)).
    intros k' f _. apply a_register_shows_its_content.
  - apply (what_is_notified_is_overruled compare_name compare_presence set_reading
      Some Or_set set_keys E (current_presence compare_name E)).
    intros k' f. apply an_or_set_shows_its_elements.
  - apply (what_is_notified_is_overruled compare_name compare_value map_reading
      Some Lww_map map_keys E (content_at compare_name compare_value null E)).
    intros k' f. apply a_map_shows_its_entries.
  - apply (what_is_notified_is_overruled compare_name compare_presence set_reading
      Some Rw_set rw_set_keys E (fun x => presence_of (in_rw_set compare_name E x))).
    intros k' f. apply an_rw_set_shows_its_elements.
  - apply (what_is_notified_is_overruled compare_unit compare_presence flag_reading
      (fun _ => None) Ew_flag ew_flag_keys E (fun _ => presence_of (ew_enabled compare_name E))).
    intros k' f _. apply a_flag_shows_its_value.
  - apply (what_is_notified_is_overruled compare_unit compare_presence flag_reading
      (fun _ => None) Dw_flag dw_flag_keys E (fun _ => presence_of (dw_enabled compare_name E))).
    intros k' f _. apply a_flag_shows_its_value.
Qed.
End Types.

(** ** Every replica of every world *)

Context (types : replica.schema (Name := Name)).
Context (typed : sorted compare_name types = true).

Theorem every_operation_is_accounted_for_in_every_world (w : network.world Name Value) name e :
  network.reachable compare_name compare_value types w ->
  let E := network.seen (network.nodes w name) in
  let xs := replica.held (network.running (network.nodes w name)) in
  In e E ->
  exists type x,
    find compare_name (object_of e) types = Some type
    /\ find compare_name (object_of e) xs = Some x
    /\ accounted_for compare_name compare_value null type
         (of_object compare_name (object_of e) E)
         (replica.value compare_value null x)
         (replica.merge_decisions compare_name compare_value null x)
         (fun user k n =>
           In (object_of e, (k, n)) (replica.notices compare_name compare_value null user xs))
         e.
Proof using lawful_names lawful_values typed.
  intros reached E xs there.
  pose proof (network_proof.reachable_worlds_are_sound compare_name compare_value types typed w
    reached) as is_sound.
  pose proof (network_proof.histories_hold _ _ _ _ is_sound) as happened.
  destruct (network_proof.nodes_are_sound _ _ _ _ is_sound name)
    as (state & (cuts_e & declared) & _).
  fold E in state, cuts_e, declared. fold xs in state.
  pose proof (declared e there) as at_key.
  apply (found_means_key compare_name) in at_key; [| exact typed].
  destruct (find compare_name (object_of e) types) as [type |] eqn:found; [| easy].
  assert (In e (of_object compare_name (object_of e) E)) as e_in.
  { apply filter_In. split; [exact there | apply (equal_to_itself compare_name)]. }
  assert (allows type (operation_of e) = true) as allowed.
  { apply (state_hash_meaning_proof.events_of_a_world_are_allowed compare_name compare_value types
      typed w); auto.
    apply (cut_happened _ _ (cuts_e (object_of e))) in e_in.
    now apply filter_In in e_in as []. }
  exists type, (replica.object_meaning compare_name compare_value type
    (of_object compare_name (object_of e) E)).
  split; [reflexivity |]. split.
  { rewrite state, replica_meaning_proof.an_object_is_found_with_its_meaning by assumption.
    now rewrite found. }
  destruct (cuts_e (object_of e)) as [past distinct complete] eqn:is_cut. clear is_cut.
  rewrite (replica_meaning_proof.an_object_is_read_as_defined compare_name compare_value null
    _ (happened (object_of e))) by assumption.
  rewrite (replica_meaning_proof.merge_decisions_of_an_object_are_as_defined compare_name
    compare_value null _ (happened (object_of e))) by assumption.
  pose proof (every_operation_is_accounted_for _ _ (happened (object_of e)) (cuts_e (object_of e))
    type e e_in allowed) as accounted.
  unfold accounted_for in *.
  assert (forall user k n,
    In (k, n) (object_notices compare_name compare_value null type user
      (of_object compare_name (object_of e) E)) ->
    In (object_of e, (k, n)) (replica.notices compare_name compare_value null user xs)) as more.
  { intros user k n listed. rewrite state.
    rewrite (replica_meaning_proof.notices_of_a_replica_are_as_defined compare_name compare_value
      null _ happened) by exact cuts_e.
    apply in_flat_map. exists (object_of e, type). split.
    - now apply (found_means_in compare_name).
    - now apply in_map. }
  destruct (operation_of e),
    (read compare_name compare_value null type _) as [| | | | | | | | | []]; auto;
    destruct accounted as (k & decided & [shown | [again | (d & d_in & at_k & lost & users)]]);
    exists k; (split; [exact decided |]); auto; right; right; exists d; auto 10.
Qed.
End Nothing_is_lost.
