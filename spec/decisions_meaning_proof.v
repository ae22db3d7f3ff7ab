(** The frontiers of a cut: its maximal decisions, key by key.

    A cut joins another by the rule of the store: a decision that one side lists and the other
    has not seen is maximal in the union, and one that the other has seen and no longer lists
    was decided over.

    Sketch of [the_join_of_meanings_is_the_meaning_of_the_union], that a join is a union. The vector
    of a cut contains exactly the dots of its events. So what [join_frontiers] asks of a vector,
    whether the other side has seen a decision, asks whether its event is in the other cut. Let [e]
    decide on [k], in the cuts [E] and [F] or in one of them. If it is in [E] alone, no event of [F]
    saw it, as [F] is closed; so it is maximal in the union exactly if it is in [E]: the join keeps it
    exactly if [E] lists it. If it is in both, it is maximal in the union exactly if it is in each:
    the join keeps it exactly if both list it. This is [maximal_in_a_union] against
    [joined_frontiers], key by key; equal frontiers make equal maps, and the vectors of both join to
    that of the union. *)

From Coq Require Import List Bool NArith Lia Permutation.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof.
From Rejoin Require Import version_vector_meaning_proof definition_proof.
From Rejoin Require version_vector.
From Rejoin Require Import definition decisions.
From Rejoin Require decisions_proof.
Import ListNotations.
Open Scope N_scope.

Section Frontiers.
Context {Name K Effect Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_key : K -> K -> comparison) {lawful_keys : ordered compare_key}.
Context (compare_effect : Effect -> Effect -> comparison).
Context {lawful_effects : ordered compare_effect}.
Context (reading : operation Name Value -> option (K * (N * Effect))).
Local Notation event := (event Name Value).
Local Notation decision := (decision Name Effect).
Local Notation state := (state Name K Effect).
Local Notation compare_decision := (compare_decision compare_name compare_effect).
Local Notation decision_of := (decision_of reading).
Local Notation maximal := (definition.maximal compare_name compare_key reading).
Local Notation decides := (decides compare_key reading).
Local Notation frontier := (frontier compare_key).
Local Notation well_formed := (well_formed_frontiers compare_name compare_key compare_effect).
Local Notation meaning := (meaning compare_name compare_key compare_effect reading).

(** ** Frontiers are equal where they list the same. *)

Definition frontier_in (k : K) (m : sorted_map K (sorted_set decision)) : sorted_set decision :=
  or_empty (find compare_key k m).

Lemma frontier_is_rising k m :
  well_formed m = true ->
  rising compare_decision (frontier_in k m) = true.
Proof.
  intros [sorts all]%andb_prop. unfold frontier_in.
  rewrite (forallb_means_all_found compare_key) in all by assumption.
  specialize (all k). destruct (find compare_key k m) as [[| d ds] |] eqn:found;
    [reflexivity | exact (all _ found) | reflexivity].
Qed.

Lemma equal_frontiers_make_equal_maps a b :
  well_formed a = true ->
  well_formed b = true ->
  (forall k d, In d (frontier_in k a) <-> In d (frontier_in k b)) ->
  a = b.
Proof.
  intros wa wb same.
  assert (forall k, frontier_in k a = frontier_in k b) as equal_frontiers.
  { intros k. apply (equal_content_makes_equal_rising_lists compare_decision);
      auto using frontier_is_rising. }
  apply andb_prop in wa as [sa alla]. apply andb_prop in wb as [sb allb].
  rewrite (forallb_means_all_found compare_key) in alla, allb by assumption.
  apply (equal_finds_make_equal_maps compare_key); auto. intros k.
  specialize (equal_frontiers k). specialize (alla k). specialize (allb k).
  unfold frontier_in in *.
  destruct (find compare_key k a) as [[| d ds] |] eqn:at_a;
    [now specialize (alla _ at_a) | |];
    (destruct (find compare_key k b) as [[| d' ds'] |] eqn:at_b;
      [now specialize (allb _ at_b) | |]); cbn in equal_frontiers; congruence.
Qed.

Lemma well_formed_if_no_frontier_is_empty m :
  sorted compare_key m = true ->
  (forall k, rising compare_decision (frontier_in k m) = true) ->
  (forall k, find compare_key k m <> Some []) ->
  well_formed m = true.
Proof.
  intros sorts rises no_empty. unfold well_formed_frontiers. rewrite sorts. cbn [andb].
  apply (forallb_means_all_found compare_key); [exact sorts |]. intros k ds found.
  specialize (rises k). specialize (no_empty k). unfold frontier_in, sorted_set in *.
  rewrite found in rises, no_empty. now destruct ds.
Qed.

(** ** The frontiers of events *)

Lemma a_decision_is_on_its_key k e :
  decides k e = true <-> exists d, decision_of e = Some (k, d).
Proof.
  unfold definition.decides, effect_on, decisions.decision_of.
  destruct (reading (operation_of e)) as [[k' [time effect]] |].
  - destruct (equal_is_equality compare_key k k') as [-> | other].
    + split; eauto.
    + split; [easy |]. intros [d [= -> <-]]. congruence.
  - split; [easy | now intros []].
Qed.

Lemma a_decision_has_the_dot_of_its_event k d e :
  decision_of e = Some (k, d) ->
  decisions.dot_of d = definition.dot_of e.
Proof.
  unfold decisions.decision_of. destruct (reading (operation_of e)) as [[k' [time effect]] |];
    [| easy]. now intros [= _ <-].
Qed.

(** The decisions of [L] that are maximal in [E]. *)
Definition listing (E L : list event) : sorted_map K (sorted_set decision) :=
  fold_right (fun e m =>
    match decision_of e with
    | Some (k, d) =>
        if maximal E k e
        then set compare_key k (insert compare_decision d (or_empty (find compare_key k m))) m
        else m
    | None => m
    end) [] L.

Lemma a_listing_has_the_maximal_decisions E L :
  well_formed (listing E L) = true /\
  forall k d,
    In d (frontier_in k (listing E L)) <->
    exists e, In e L /\ decision_of e = Some (k, d) /\ maximal E k e = true.
Proof.
  induction L as [| e L [wm listed]].
  - split; [reflexivity |]. intros k d. split; [easy | now intros (e & [] & _)].
  - cbn [listing fold_right]. fold (listing E L).
    set (m := listing E L) in *. clearbody m.
    destruct (decision_of e) as [[k d] |] eqn:read; [destruct (maximal E k e) eqn:is_max |].
    + pose proof wm as [sorts all]%andb_prop.
      pose proof (frontier_is_rising k m wm) as rises. unfold frontier_in in rises.
      assert (rising compare_decision
        (insert compare_decision d (or_empty (find compare_key k m))) = true) as rises'
        by now apply (insert_is_rising compare_decision).
      split.
      * unfold well_formed_frontiers.
        rewrite (set_is_sorted compare_key) by assumption. cbn [andb].
        rewrite (forallb_means_all_found compare_key) in all by assumption.
        apply (forallb_means_all_found compare_key); [now apply (set_is_sorted compare_key) |].
        intros k' ds. rewrite (find_in_set compare_key) by assumption.
        destruct (equal_is_equality compare_key k' k) as [-> | other]; [| apply all].
        intros [= <-]. cbn [snd].
        assert (In d (insert compare_decision d (or_empty (find compare_key k m)))) as there.
        { apply (member_means_in compare_decision); [exact rises' |].
          rewrite (member_of_insert compare_decision) by exact rises.
          now rewrite (equal_to_itself compare_decision). }
        destruct (insert compare_decision d _); [easy | exact rises'].
      * intros k' d'. unfold frontier_in. rewrite (find_in_set compare_key) by assumption.
        destruct (equal_is_equality compare_key k' k) as [-> | other].
        -- cbn [or_empty]. rewrite <- (member_means_in compare_decision) by exact rises'.
           rewrite (member_of_insert compare_decision), orb_true_iff by exact rises.
           rewrite (member_means_in compare_decision) by exact rises.
           change (or_empty (find compare_key k m)) with (frontier_in k m). rewrite listed.
           destruct (equal_is_equality compare_decision d' d) as [-> | new].
           ++ split; [| auto]. intros _. exists e. cbn. auto.
           ++ split.
              ** intros [[=] | (f & f_in & f_read & f_max)]. exists f. cbn. auto.
              ** intros (f & [<- | f_in] & f_read & f_max); [congruence |].
                 right. exists f. auto.
        -- change (or_empty (find compare_key k' m)) with (frontier_in k' m).
           rewrite listed. split.
           ++ intros (f & f_in & f_read & f_max). exists f. cbn. auto.
           ++ intros (f & [<- | f_in] & f_read & f_max); [congruence |]. exists f. auto.
    + split; [exact wm |]. intros k' d'. rewrite listed. split.
      * intros (f & f_in & f_read & f_max). exists f. cbn. auto.
      * intros (f & [<- | f_in] & f_read & f_max); [congruence |]. exists f. auto.
    + split; [exact wm |]. intros k' d'. rewrite listed. split.
      * intros (f & f_in & f_read & f_max). exists f. cbn. auto.
      * intros (f & [<- | f_in] & f_read & f_max); [congruence |]. exists f. auto.
Qed.

Lemma frontiers_are_well_formed E :
  well_formed (decisions.maximal (meaning E)) = true.
Proof. apply a_listing_has_the_maximal_decisions. Qed.

Lemma a_frontier_has_the_maximal_decisions E k d :
  In d (frontier k (meaning E)) <->
  exists e, In e E /\ decision_of e = Some (k, d) /\ maximal E k e = true.
Proof. apply a_listing_has_the_maximal_decisions. Qed.

Lemma equal_frontiers_make_equal_meanings E (s : state) :
  decisions.seen s = version_vector.of_dots compare_name (map definition.dot_of E) ->
  well_formed (decisions.maximal s) = true ->
  (forall k d,
    In d (frontier k s) <->
    exists e, In e E /\ decision_of e = Some (k, d) /\ maximal E k e = true) ->
  s = meaning E.
Proof.
  destruct s as [seen ms]. cbn. intros -> wm listed. unfold decisions.meaning. f_equal.
  apply equal_frontiers_make_equal_maps; auto.
  - apply a_listing_has_the_maximal_decisions.
  - intros k d. etransitivity; [apply listed |]. symmetry.
    apply a_listing_has_the_maximal_decisions.
Qed.

Theorem the_meaning_of_nothing_is_bottom : meaning [] = decisions.bottom.
Proof. reflexivity. Qed.

(** ** Within one history *)

Section History.
Context (H : list event) (happened : history compare_name H).
Local Notation vector E := (version_vector.of_dots compare_name (map definition.dot_of E)).
Local Notation contains := (version_vector.contains compare_name).

Theorem the_meaning_depends_only_on_the_events E F :
  (forall e, In e E <-> In e F) ->
  meaning E = meaning F.
Proof.
  intros same. apply equal_frontiers_make_equal_meanings.
  - now apply the_vector_depends_only_on_the_events.
  - apply frontiers_are_well_formed.
  - intros k d. rewrite a_frontier_has_the_maximal_decisions.
    assert (forall e, maximal E k e = maximal F k e) as equal_maximal
      by (intros; now apply maximal_depends_only_on_the_decisions).
    split; intros (e & there & read & is_max); exists e; rewrite same, equal_maximal in *; auto.
Qed.

Lemma a_listed_decision_is_covered_exactly_if_its_event_is_there E k d e :
  cut H E ->
  In e H ->
  decision_of e = Some (k, d) ->
  contains (decisions.dot_of d) (vector E) = true <-> In e E.
Proof.
  intros is_cut e_in read. rewrite (a_decision_has_the_dot_of_its_event k d e read).
  now apply (an_event_is_in_a_cut_exactly_if_its_vector_has_it compare_name H happened).
Qed.

(** A decision is maximal in a union exactly if it is so on every side that has it. *)
Lemma maximal_in_a_union E F G k e :
  cut H E ->
  cut H F ->
  (forall f, In f G <-> In f E \/ In f F) ->
  In e G ->
  maximal G k e = true <->
  (In e E -> maximal E k e = true) /\ (In e F -> maximal F k e = true).
Proof.
  intros cut_e cut_f both e_in.
  assert (forall E f, cut H E -> In f E -> In f H) as past
    by (intros ? ? [] ?; auto).
  assert (In e H) as e_past by (apply both in e_in as []; eauto).
  split.
  - intros [decision unseen]%(maximal_means_seen_by_no_decision).
    split; intros there; apply maximal_means_seen_by_no_decision; split; auto;
      intros f f_in; apply unseen; apply both; auto.
  - intros [in_e in_f]. apply maximal_means_seen_by_no_decision.
    assert (decides k e = true) as decision.
    { apply both in e_in as [there | there];
        [apply in_e in there | apply in_f in there];
        now apply maximal_means_seen_by_no_decision in there. }
    split; [exact decision |]. intros f f_in f_decides.
    destruct (sees compare_name f e) eqn:seen; [| reflexivity].
    apply both in f_in as [there | there].
    + assert (In e E) as e_there
        by (eapply (what_a_cut_saw_is_in_it compare_name H happened E f e); eauto).
      apply in_e, maximal_means_seen_by_no_decision in e_there as [_ unseen].
      rewrite <- seen. auto.
    + assert (In e F) as e_there
        by (eapply (what_a_cut_saw_is_in_it compare_name H happened F f e); eauto).
      apply in_f, maximal_means_seen_by_no_decision in e_there as [_ unseen].
      rewrite <- seen. auto.
Qed.

Lemma joined_frontiers seen_a seen_b a b d :
  rising compare_decision a = true ->
  rising compare_decision b = true ->
  In d (join_frontiers compare_name compare_effect seen_a seen_b a b) <->
  (In d a /\ (In d b \/ contains (decisions.dot_of d) seen_b = false)) \/
  (In d b /\ (In d a \/ contains (decisions.dot_of d) seen_a = false)).
Proof.
  intros rises_a rises_b. unfold join_frontiers.
  rewrite <- !(member_means_in compare_decision)
    by (auto; now apply (merge_sets_is_rising compare_decision)).
  rewrite (member_of_merge_sets compare_decision) by auto.
  destruct (member compare_decision d a), (member compare_decision d b),
    (contains (decisions.dot_of d) seen_a), (contains (decisions.dot_of d) seen_b); cbn;
    intuition congruence.
Qed.

(** What a join lists under a key, when it is the join of two cuts. *)
Lemma joined_frontiers_of_cuts E F G k d :
  cut H E ->
  cut H F ->
  (forall f, In f G <-> In f E \/ In f F) ->
  In d (join_frontiers compare_name compare_effect (vector E) (vector F)
    (frontier k (meaning E)) (frontier k (meaning F))) <->
  exists e, In e G /\ decision_of e = Some (k, d) /\ maximal G k e = true.
Proof.
  intros cut_e cut_f both.
  assert (forall e, In e G -> In e H) as past
    by (intros e there; apply both in there as [];
        [now apply (cut_happened _ _ cut_e) | now apply (cut_happened _ _ cut_f)]).
  rewrite joined_frontiers by (apply frontier_is_rising, frontiers_are_well_formed).
  rewrite !a_frontier_has_the_maximal_decisions.
  assert (forall e f, In e G -> In f G -> decision_of e = Some (k, d) ->
    decision_of f = Some (k, d) -> e = f) as unique.
  { intros e f e_in f_in read_e read_f. apply (dots_are_unique _ _ happened); auto.
    now rewrite <- (a_decision_has_the_dot_of_its_event _ _ _ read_e),
      <- (a_decision_has_the_dot_of_its_event _ _ _ read_f). }
  split.
  - intros listed.
    assert (exists e, In e G /\ decision_of e = Some (k, d)) as (e & e_in & read).
    { destruct listed as [[(e & there & read & _) _] | [(e & there & read & _) _]];
        exists e; rewrite both; auto. }
    exists e. repeat split; auto. apply (maximal_in_a_union E F); auto.
    pose proof (a_listed_decision_is_covered_exactly_if_its_event_is_there E k d e) as in_e.
    pose proof (a_listed_decision_is_covered_exactly_if_its_event_is_there F k d e) as in_f.
    assert (forall X, (forall f, In f X -> In f G) ->
      (exists f, In f X /\ decision_of f = Some (k, d) /\ maximal X k f = true) ->
      maximal X k e = true) as here.
    { intros X sub (f & there & read_f & is_max). rewrite (unique e f); auto. }
    assert (forall f, In f E -> In f G) by (intros; apply both; auto).
    assert (forall f, In f F -> In f G) by (intros; apply both; auto).
    destruct listed as [[in_this [in_that | unknown]] | [in_this [in_that | unknown]]];
      split; intros there; auto.
    + apply in_f in there; auto. congruence.
    + apply in_e in there; auto. congruence.
  - intros (e & e_in & read & is_max).
    apply (maximal_in_a_union E F) in is_max as [in_e in_f]; auto.
    pose proof (a_listed_decision_is_covered_exactly_if_its_event_is_there E k d e cut_e
      (past e e_in) read) as known_e.
    pose proof (a_listed_decision_is_covered_exactly_if_its_event_is_there F k d e cut_f
      (past e e_in) read) as known_f.
    destruct (contains (decisions.dot_of d) (vector E)),
      (contains (decisions.dot_of d) (vector F)).
    + left. split; [| left]; exists e; intuition.
    + left. split; [exists e; intuition | auto].
    + right. split; [exists e; intuition | auto].
    + apply both in e_in as [there | there]; [apply known_e in there | apply known_f in there];
        congruence.
Qed.

Lemma a_join_of_cuts_is_a_cut_of_both E F G :
  cut H E ->
  cut H F ->
  (forall f, In f G <-> In f E \/ In f F) ->
  join compare_name compare_key compare_effect (meaning E) (meaning F) = meaning G.
Proof.
  intros cut_e cut_f both.
  pose proof (frontiers_are_well_formed E) as [sorts_e _]%andb_prop.
  pose proof (frontiers_are_well_formed F) as [sorts_f _]%andb_prop.
  set (joined := join compare_name compare_key compare_effect (meaning E) (meaning F)).
  assert (forall k, frontier_in k (decisions.maximal joined)
    = join_frontiers compare_name compare_effect (vector E) (vector F)
        (frontier k (meaning E)) (frontier k (meaning F))) as pointwise.
  { intros k. unfold frontier_in, joined, join. cbn [decisions.maximal].
    rewrite (find_in_merge compare_key) by (reflexivity || assumption).
    apply or_empty_of_if_any. }
  apply equal_frontiers_make_equal_meanings.
  - apply (the_join_of_vectors_is_the_vector_of_both compare_name); auto.
  - apply well_formed_if_no_frontier_is_empty.
    + now apply (merge_is_sorted compare_key).
    + intros k. rewrite pointwise. apply (merge_sets_is_rising compare_decision);
        apply frontier_is_rising, frontiers_are_well_formed.
    + intros k. cbn. rewrite (find_in_merge compare_key) by (reflexivity || assumption).
      now destruct (join_frontiers _ _ _ _ _ _).
  - intros k d. change (frontier k joined) with (frontier_in k (decisions.maximal joined)).
    rewrite pointwise. now apply joined_frontiers_of_cuts.
Qed.

Theorem the_join_of_meanings_is_the_meaning_of_the_union E F :
  cut H E ->
  cut H F ->
  join compare_name compare_key compare_effect (meaning E) (meaning F)
  = meaning (union_events compare_name E F).
Proof.
  intros cut_e cut_f. apply a_join_of_cuts_is_a_cut_of_both; auto.
  intros f. apply (a_union_has_the_events_of_both compare_name H happened);
    now apply cut_happened.
Qed.

(** ** Deciding *)

Theorem deciding_adds_the_event E e k time effect :
  cut H E ->
  In e H ->
  saw_exactly compare_name e E ->
  reading (operation_of e) = Some (k, (time, effect)) ->
  decide compare_name compare_key k
    (decisions.next compare_name (dot_origin (definition.dot_of e)) (definition.seq_of e) time
      (definition.user_of e) effect (meaning E))
    (meaning E)
  = meaning (e :: E).
Proof.
  intros is_cut e_in saw_it read.
  unfold decisions.next, decide. cbn [decisions.seen decisions.meaning].
  rewrite (the_next_dot_is_that_of_an_event_that_saw_exactly_this compare_name H happened) by auto.
  set (d := Decision _ _ _ _ _).
  assert (decision_of e = Some (k, d)) as read_e
    by (unfold decisions.decision_of; now rewrite read).
  assert (~ In e E) as new.
  { intros there. pose proof (nothing_sees_itself _ _ happened e e_in).
    destruct saw_it as [saw_all _]. now rewrite (saw_all e there) in *. }
  assert (forall f, In f E -> sees compare_name f e = false) as unseen.
  { intros f there. destruct (sees compare_name f e) eqn:seen; [| reflexivity].
    exfalso. apply new. apply (what_a_cut_saw_is_in_it compare_name H happened E f); auto. }
  pose proof (frontiers_are_well_formed E) as wm. pose proof wm as [sorts all]%andb_prop.
  apply equal_frontiers_make_equal_meanings.
  - reflexivity.
  - unfold well_formed_frontiers. cbn [decisions.maximal].
    rewrite (set_is_sorted compare_key) by exact sorts. cbn [andb].
    rewrite (forallb_means_all_found compare_key) in all by exact sorts.
    apply (forallb_means_all_found compare_key); [now apply (set_is_sorted compare_key) |].
    intros k' ds. rewrite (find_in_set compare_key) by exact sorts.
    destruct (equal compare_key k' k); [now intros [= <-] | apply all].
  - intros k' d'. unfold decisions.frontier. cbn [decisions.maximal].
    rewrite (find_in_set compare_key) by exact sorts.
    destruct (equal_is_equality compare_key k' k) as [-> | other].
    + cbn. split.
      * intros [<- | []]. exists e. repeat split; auto.
        apply maximal_means_seen_by_no_decision. split.
        -- apply a_decision_is_on_its_key. eauto.
        -- intros f [<- | there] _; [now apply (nothing_sees_itself _ _ happened) | auto].
      * intros (f & [<- | there] & read_f & is_max); [left; congruence |].
        apply maximal_means_seen_by_no_decision in is_max as [_ is_max].
        assert (sees compare_name e f = false) as not_seen
          by (apply is_max; [now left | apply a_decision_is_on_its_key; eauto]).
        now rewrite (proj1 saw_it f there) in not_seen.
    + change (or_empty (find compare_key k' (decisions.maximal (meaning E))))
        with (frontier k' (meaning E)).
      rewrite a_frontier_has_the_maximal_decisions.
      assert (forall f, maximal (e :: E) k' f = maximal E k' f) as equal_maximal.
      { intros f. apply maximal_depends_only_on_the_decisions. intros g g_decides. cbn.
        split; [intros [<- |]; [exfalso | auto] | auto].
        apply a_decision_is_on_its_key in g_decides as [dg read_g]. congruence. }
      split.
      * intros (f & there & read_f & is_max). exists f. rewrite equal_maximal. cbn. auto.
      * intros (f & [<- | there] & read_f & is_max); [congruence |].
        exists f. rewrite <- equal_maximal. auto.
Qed.

(** ** Deltas *)

(** A key is left out of a delta only if all decisions on it were seen. *)
Lemma a_key_that_is_left_out_was_seen E F v k :
  cut H E ->
  cut H F ->
  version_vector.covers compare_name (vector F) v = true ->
  existsb (fun d => negb (contains (decisions.dot_of d) v)) (frontier k (meaning E)) = false ->
  forall e, In e E -> decides k e = true -> In e F.
Proof.
  intros cut_e cut_f covered left_out e e_in decision.
  destruct (every_decision_is_below_a_maximal_one compare_name H happened compare_key reading
    E k e) as (m & m_in & m_max & above); auto; [now apply cut_happened |].
  assert (In m H) as m_past by now apply (cut_happened _ _ cut_e).
  assert (In m F) as m_in_f.
  { pose proof (proj1 (maximal_means_seen_by_no_decision _ _ _ _ _ _) m_max) as [m_decides _].
    apply a_decision_is_on_its_key in m_decides as [d read].
    apply (a_listed_decision_is_covered_exactly_if_its_event_is_there F k d m); auto.
    apply (what_is_covered_is_contained compare_name v); [exact covered |].
    destruct (contains (decisions.dot_of d) v) eqn:known; [reflexivity |].
    rewrite <- left_out. apply existsb_exists. exists d. rewrite known. split; [| reflexivity].
    apply a_frontier_has_the_maximal_decisions. eauto. }
  destruct above as [-> | seen]; [exact m_in_f |].
  apply (what_a_cut_saw_is_in_it compare_name H happened F m e); auto.
  now apply (cut_happened _ _ cut_e).
Qed.

Theorem taking_a_delta_adds_the_events E F v :
  cut H E ->
  cut H F ->
  version_vector.covers compare_name (vector F) v = true ->
  take_part compare_name compare_key compare_effect
    (part_since compare_name v (meaning E)) (meaning F)
  = meaning (union_events compare_name E F).
Proof.
  intros cut_e cut_f covered.
  set (G := union_events compare_name E F).
  assert (forall f, In f G <-> In f E \/ In f F) as both.
  { intros f. apply (a_union_has_the_events_of_both compare_name H happened);
      now apply cut_happened. }
  assert (forall f, In f G <-> In f F \/ In f E) as both' by (intros; rewrite both; tauto).
  pose proof (frontiers_are_well_formed E) as [sorts_e _]%andb_prop.
  pose proof (frontiers_are_well_formed F) as [sorts_f all_f]%andb_prop.
  set (taken := take_part compare_name compare_key compare_effect
    (part_since compare_name v (meaning E)) (meaning F)).
  assert (forall k, find compare_key k (decisions.maximal taken) =
    if existsb (fun d => negb (contains (decisions.dot_of d) v)) (frontier k (meaning E))
    then if_any (join_frontiers compare_name compare_effect (vector F) (vector E)
      (frontier k (meaning F)) (frontier k (meaning E)))
    else find compare_key k (decisions.maximal (meaning F))) as at_key.
  { intros k. unfold taken, take_part, part_since. cbn [decisions.maximal].
    rewrite (find_in_merge compare_key)
      by (reflexivity || assumption || now apply (filter_is_sorted compare_key)).
    rewrite (find_in_filter compare_key) by exact sorts_e. unfold decisions.frontier.
    destruct (find compare_key k (decisions.maximal (meaning E))) as [ds |]; [| reflexivity].
    cbn [snd or_empty]. now destruct (existsb _ ds). }
  apply equal_frontiers_make_equal_meanings.
  - now apply (the_join_of_vectors_is_the_vector_of_both compare_name).
  - apply well_formed_if_no_frontier_is_empty.
    + apply (merge_is_sorted compare_key); [exact sorts_f |].
      now apply (filter_is_sorted compare_key).
    + intros k. unfold frontier_in. rewrite at_key. destruct (existsb _ _).
      * rewrite or_empty_of_if_any. apply (merge_sets_is_rising compare_decision);
          apply frontier_is_rising, frontiers_are_well_formed.
      * apply frontier_is_rising, frontiers_are_well_formed.
    + intros k. rewrite at_key. destruct (existsb _ _).
      * now destruct (join_frontiers _ _ _ _ _ _).
      * intros empty. rewrite (forallb_means_all_found compare_key) in all_f by exact sorts_f.
        now specialize (all_f _ _ empty).
  - intros k d. unfold decisions.frontier at 1. rewrite at_key.
    destruct (existsb _ _) eqn:some.
    + rewrite or_empty_of_if_any. now apply joined_frontiers_of_cuts.
    + change (or_empty (find compare_key k (decisions.maximal (meaning F))))
        with (frontier k (meaning F)).
      rewrite a_frontier_has_the_maximal_decisions.
      pose proof (a_key_that_is_left_out_was_seen E F v k cut_e cut_f covered some) as seen.
      assert (forall f, maximal F k f = maximal G k f) as equal_maximal.
      { intros f. apply maximal_depends_only_on_the_decisions. intros g g_decides.
        rewrite both. intuition. }
      split; intros (e & there & read & is_max); exists e; rewrite equal_maximal in *;
        repeat split; auto.
      * apply both. auto.
      * apply both in there as [there |]; [| assumption]. apply seen; auto.
        apply a_decision_is_on_its_key. eauto.
Qed.
End History.
(** ** Open merge decisions and notices *)

Section Queries.
Context (H : list event) (happened : history compare_name H).

(** The decision that an event made. *)
Definition made (e : event) : list decision :=
  match decision_of e with
  | Some (_, d) => [d]
  | None => []
  end.

Lemma a_frontier_is_made_by_the_maximal_decisions E k :
  incl E H ->
  NoDup E ->
  Permutation (frontier k (meaning E)) (flat_map made (filter (maximal E k) E)).
Proof.
  intros past distinct. apply NoDup_Permutation.
  - apply (rising_lists_have_no_repeats compare_decision), frontier_is_rising,
      frontiers_are_well_formed.
  - apply NoDup_flat_map_if_disjoint.
    + now apply NoDup_filter.
    + intros e _. unfold made. destruct (decision_of e) as [[] |]; constructor; easy || constructor.
    + intros e f d [e_in _]%filter_In [f_in _]%filter_In. unfold made.
      destruct (decision_of e) as [[ke de] |] eqn:read_e; [| easy].
      destruct (decision_of f) as [[kf df] |] eqn:read_f; [| easy].
      intros [<- | []] [-> | []]. apply (dots_are_unique _ _ happened); auto.
      now rewrite <- (a_decision_has_the_dot_of_its_event _ _ _ read_e),
        <- (a_decision_has_the_dot_of_its_event _ _ _ read_f).
  - intros d. rewrite a_frontier_has_the_maximal_decisions, in_flat_map. split.
    + intros (e & there & read & is_max). exists e. rewrite filter_In. unfold made.
      rewrite read. cbn. auto.
    + intros (e & [there is_max]%filter_In & by_e). exists e. repeat split; auto.
      pose proof (proj1 (maximal_means_seen_by_no_decision _ _ _ _ _ _) is_max) as [on_k _].
      apply a_decision_is_on_its_key in on_k as [d' read]. unfold made in by_e.
      rewrite read in *. now destruct by_e as [<- | []].
Qed.

Lemma what_holds_of_decisions_names_their_events k
    (p : decision -> bool) (q : event -> bool) events :
  (forall e d, decision_of e = Some (k, d) -> p d = q e) ->
  (forall e, In e events -> decides k e = true) ->
  map (name_of (Effect := Effect)) (filter p (flat_map made events))
  = map (definition.name_of (Value := Value)) (filter q events).
Proof.
  intros same all. induction events as [| e events IH]; [reflexivity |].
  assert (decides k e = true) as (d & read)%a_decision_is_on_its_key by (apply all; now left).
  cbn [flat_map filter]. rewrite <- (same e d read). unfold made at 1. rewrite read.
  cbn [app filter].
  destruct (p d); [| apply IH; intros; apply all; now right].
  cbn [map]. f_equal; [| apply IH; intros; apply all; now right].
  unfold decisions.decision_of in read.
  destruct (reading (operation_of e)) as [[k' [time effect]] |]; [| easy].
  now injection read as _ <-.
Qed.

Lemma names_of_a_frontier E k (p : decision -> bool) (q : event -> bool) :
  incl E H ->
  NoDup E ->
  (forall e d, decision_of e = Some (k, d) -> p d = q e) ->
  names compare_name (filter p (frontier k (meaning E)))
  = sort (compare_event_name compare_name)
      (map (definition.name_of (Value := Value)) (filter (fun e => maximal E k e && q e) E)).
Proof.
  intros past distinct same. unfold names.
  apply equal_items_are_sorted_equally; [typeclasses eauto |].
  rewrite <- filtering_twice.
  rewrite <- (what_holds_of_decisions_names_their_events k p q) by
    (auto; intros e [_ is_max]%filter_In;
     now apply maximal_means_seen_by_no_decision in is_max as [decision _]).
  apply Permutation_map, filtering_keeps_permutations.
  now apply a_frontier_is_made_by_the_maximal_decisions.
Qed.

Lemma an_effect_is_that_of_its_event k c e d :
  decision_of e = Some (k, d) ->
  takes_effect compare_effect c d = has_effect compare_key compare_effect reading k c e.
Proof.
  unfold decisions.decision_of, has_effect, effect_on.
  destruct (reading (operation_of e)) as [[k' [time effect]] |]; [| easy].
  intros [= -> <-]. now rewrite (equal_to_itself compare_key).
Qed.

Lemma a_user_is_that_of_the_event k user e d :
  decision_of e = Some (k, d) ->
  equal (compare_option compare_name) (decisions.user_of d) (Some user)
  = by_user compare_name user e.
Proof.
  unfold decisions.decision_of.
  destruct (reading (operation_of e)) as [[k' [time effect]] |]; [| easy].
  now intros [= _ <-].
Qed.

(** Some maximal decision is overruled exactly if the key is open. *)
Lemma overruled_means_open (current : K -> Effect) E k :
  incl E H ->
  NoDup E ->
  overruled compare_effect (current k) (frontier k (meaning E)) <> [] <->
  definition.open compare_name compare_key compare_effect reading current E k = true.
Proof.
  intros past distinct. unfold overruled, definition.open. rewrite existsb_exists. split.
  - intros some.
    destruct (filter _ (frontier k (meaning E))) as [| d ds] eqn:these; [easy |].
    assert (In d (d :: ds)) as there by now left.
    rewrite <- these, filter_In, a_frontier_has_the_maximal_decisions in there.
    destruct there as [(e & e_in & read & is_max) other].
    exists e. now rewrite is_max, <- (an_effect_is_that_of_its_event k (current k) e d read).
  - intros (e & e_in & [is_max other]%andb_prop) none.
    pose proof is_max as [decision _]%maximal_means_seen_by_no_decision.
    apply a_decision_is_on_its_key in decision as [d read].
    apply (in_nil (a := d)). rewrite <- none. apply filter_In.
    rewrite (an_effect_is_that_of_its_event k (current k) e d read). split; [| exact other].
    apply a_frontier_has_the_maximal_decisions. eauto.
Qed.

Definition is_open (current : K -> Effect) (s : state) (k : K) : bool :=
  match overruled compare_effect (current k) (frontier k s) with
  | [] => false
  | _ => true
  end.

Lemma the_open_keys_are_those_of_the_definition (current : K -> Effect) E :
  incl E H ->
  NoDup E ->
  filter (is_open current (meaning E)) (keys (decisions.maximal (meaning E)))
  = filter (definition.open compare_name compare_key compare_effect reading current E)
      (decided_keys compare_key reading E).
Proof.
  intros past distinct.
  pose proof (frontiers_are_well_formed E) as [sorts _]%andb_prop.
  assert (forall k, is_open current (meaning E) k = true <->
    definition.open compare_name compare_key compare_effect reading current E k = true) as same.
  { intros k. rewrite <- overruled_means_open by assumption. unfold is_open.
    now destruct (overruled _ _ _). }
  apply (equal_content_makes_equal_rising_lists compare_key).
  - now apply (filter_is_rising compare_key).
  - apply (filter_is_rising compare_key), (set_of_is_rising compare_key).
  - intros k. rewrite !filter_In, same.
    enough (definition.open compare_name compare_key compare_effect reading current E k = true ->
      In k (keys (decisions.maximal (meaning E))) /\
      In k (decided_keys compare_key reading E)) by tauto.
    intros is_open_k. split.
    + apply (found_means_key compare_key); [exact sorts |]. intros none.
      apply same in is_open_k. unfold is_open, decisions.frontier in is_open_k.
      now rewrite none in is_open_k.
    + apply existsb_exists in is_open_k as (e & e_in & [is_max _]%andb_prop).
      apply maximal_means_seen_by_no_decision in is_max as [decision _].
      apply (in_set_of compare_key), in_flat_map. exists e. split; [exact e_in |].
      unfold definition.decides, effect_on in decision.
      destruct (reading (operation_of e)) as [[k' [time effect]] |]; [| easy].
      destruct (equal_is_equality compare_key k k') as [-> |]; [now left | easy].
Qed.

Lemma flat_map_of_singletons {A B : Type} (f : A -> B) items :
  flat_map (fun x => [f x]) items = map f items.
Proof. induction items; cbn; congruence. Qed.

(** A map is read key by key. *)
Lemma reading_by_keys {A : Type} (f : K * sorted_set decision -> list A) (g : K -> list A) s :
  sorted compare_key (decisions.maximal s) = true ->
  (forall k, f (k, frontier k s) = g k) ->
  flat_map f (decisions.maximal s) = flat_map g (keys (decisions.maximal s)).
Proof.
  intros sorts same. unfold keys. rewrite !flat_map_concat_map, map_map. f_equal.
  apply map_ext_in. intros [k ds] there. cbn.
  apply (found_means_in compare_key) in there; [| exact sorts].
  rewrite <- same. unfold decisions.frontier. now rewrite there.
Qed.

Lemma only_the_open_keys_count {A : Type} (p : K -> bool) (g : K -> list A) ks :
  (forall k, p k = false -> g k = []) ->
  flat_map g ks = flat_map g (filter p ks).
Proof.
  intros nothing. induction ks as [| k ks IH]; [reflexivity |]. cbn.
  destruct (p k) eqn:is_open_k; cbn; [| rewrite (nothing k is_open_k)]; cbn; congruence.
Qed.

Theorem merge_decisions_are_those_of_the_definition (current current' : K -> Effect) E :
  (forall k, current k = current' k) ->
  incl E H ->
  NoDup E ->
  decisions.merge_decisions compare_name compare_effect current (meaning E)
  = definition.merge_decisions compare_name compare_key compare_effect reading current' E.
Proof.
  intros same past distinct. unfold decisions.merge_decisions, definition.merge_decisions.
  pose proof (frontiers_are_well_formed E) as [sorts _]%andb_prop.
  set (answer := fun k => Merge_decision k
    (names compare_name (filter (takes_effect compare_effect (current k))
      (frontier k (meaning E))))
    (names compare_name (overruled compare_effect (current k) (frontier k (meaning E))))).
  rewrite (reading_by_keys _
    (fun k => if is_open current (meaning E) k then [answer k] else []) _ sorts).
  2: { intros k. unfold is_open, answer. cbn. now destruct (overruled _ _ _). }
  rewrite (only_the_open_keys_count (is_open current (meaning E)))
    by (intros k closed; now rewrite closed).
  rewrite the_open_keys_are_those_of_the_definition by assumption.
  replace (filter (definition.open compare_name compare_key compare_effect reading current' E)
      (decided_keys compare_key reading E))
    with (filter (definition.open compare_name compare_key compare_effect reading current E)
      (decided_keys compare_key reading E)).
  2: { apply filter_ext. intros k. unfold definition.open. now rewrite same. }
  rewrite flat_map_concat_map.
  rewrite (map_ext_in _ (fun k => [answer k])).
  2: { intros k [_ is_open_k]%filter_In.
    apply overruled_means_open in is_open_k; auto. unfold is_open.
    now destruct (overruled _ _ _). }
  rewrite <- flat_map_concat_map, flat_map_of_singletons. apply map_ext. intros k.
  unfold answer, kept_at, superseded_at, overruled. rewrite <- same. f_equal.
  - apply names_of_a_frontier; auto. intros. now apply an_effect_is_that_of_its_event.
  - apply names_of_a_frontier; auto. intros. f_equal. now apply an_effect_is_that_of_its_event.
Qed.

Theorem notices_are_those_of_the_definition (current current' : K -> Effect) user E :
  (forall k, current k = current' k) ->
  incl E H ->
  NoDup E ->
  decisions.notices compare_name compare_effect current user (meaning E)
  = definition.notices compare_name compare_key compare_effect reading current' user E.
Proof.
  intros same past distinct. unfold decisions.notices, definition.notices.
  pose proof (frontiers_are_well_formed E) as [sorts _]%andb_prop.
  rewrite (reading_by_keys _ (fun k => map (pair k)
    (names compare_name (filter (fun d => equal (compare_option compare_name)
        (decisions.user_of d) (Some user))
      (overruled compare_effect (current k) (frontier k (meaning E)))))) _ sorts)
    by reflexivity.
  rewrite (only_the_open_keys_count (is_open current (meaning E))).
  2: { intros k. unfold is_open. now destruct (overruled _ _ _). }
  rewrite the_open_keys_are_those_of_the_definition by assumption.
  replace (filter (definition.open compare_name compare_key compare_effect reading current' E)
      (decided_keys compare_key reading E))
    with (filter (definition.open compare_name compare_key compare_effect reading current E)
      (decided_keys compare_key reading E)).
  2: { apply filter_ext. intros k. unfold definition.open. now rewrite same. }
  rewrite !flat_map_concat_map. f_equal. apply map_ext. intros k. f_equal.
  unfold superseded_at, overruled. rewrite !filtering_twice, <- same.
  rewrite (names_of_a_frontier E k _ (fun e =>
    negb (has_effect compare_key compare_effect reading k (current k) e) &&
    by_user compare_name user e)); auto.
  - do 2 f_equal. apply filter_ext. intros. now rewrite andb_assoc.
  - intros e d read. now rewrite (an_effect_is_that_of_its_event k (current k) e d read),
      (a_user_is_that_of_the_event k user e d read).
Qed.
End Queries.
End Frontiers.
