(** The index of a cut: the store of decisions of the cut, with the creation dots that it has.

    Whether a dot is a creation dot depends on what its decision saw alone, so it is one in every cut
    that has it. That is why a key can go by a creation dot that its receiver has seen
    ([a_name_is_understood]).

    Sketch of [taking_the_changes_adds_the_events], that creation dots name keys. Let the receiver
    cover [v]. A key in the delta goes by a creation dot [b] inside [v], or in full. The event of [b]
    is in the receiver's cut, as that covers [v], and saw no other on its key; so [b] is a creation
    dot of the same key there, and its log still has [b], as compaction forgets no creation dots. The
    delta then lists the same keys under their own names, and of these the join of records is the
    join of the store, which is that of the cuts ([decisions_meaning_proof.v]). Creation dots of a
    key are those of both sides: those that the receiver lacks are outside [v] or new to it, and the
    delta has them. Keys that the delta leaves out have no change outside [v]. *)

From Coq Require Import List Bool NArith Lia.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof delta.
From Rejoin Require Import version_vector_meaning_proof definition_proof.
From Rejoin Require Import indexed_decisions indexed_decisions_logs_proof indexed_decisions_proof.
From Rejoin Require version_vector version_vector_proof decisions decisions_proof.
From Rejoin Require Import definition decisions_greatest_proof decisions_meaning_proof.
Import ListNotations.
Open Scope N_scope.

Section Meaning.
Context {Name K Effect Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_key : K -> K -> comparison) {lawful_keys : ordered compare_key}.
Context (compare_effect : Effect -> Effect -> comparison).
Context {lawful_effects : ordered compare_effect}.
Context (keeps_winner : bool).
Context (reading : operation Name Value -> option (K * (N * Effect))).
Local Notation event := (event Name Value).
Local Notation decision := (decisions.decision Name Effect).
Local Notation entry := (entry Name Effect).
Local Notation compare_decision := (decisions.compare_decision compare_name compare_effect).
Local Notation compare_dot := (compare_dot compare_name).
Local Notation contains := (version_vector.contains compare_name).
Local Notation vector E := (version_vector.of_dots compare_name (map dot_of E)).
Local Notation decision_of := (decisions.decision_of reading).
Local Notation decides := (decides compare_key reading).
Local Notation sees := (sees compare_name).
Local Notation meaning := (decisions.meaning compare_name compare_key compare_effect reading).
Local Notation entry_at := (entry_at compare_key).
Local Notation winners_of := (winners_of compare_name compare_effect).
Local Notation decide := (decide compare_name compare_key compare_effect keeps_winner).
Local Notation compact := (compact compare_name compare_key).
Local Notation changed := (changed compare_name compare_key).
Local Notation take := (take compare_name compare_key compare_effect keeps_winner).
Local Notation shown_to := (shown_to compare_name).
Local Notation understand := (understand compare_name compare_key).
Local Notation understand_all := (understand_all compare_name compare_key).
Local Notation delta_since := (delta_since compare_name compare_key).
Local Notation receive := (receive compare_name compare_key compare_effect keeps_winner).
Local Notation union_events := (union_events compare_name).
Local Notation is_first := (is_first compare_name compare_key reading).
Local Notation represents :=
  (represents compare_name compare_key compare_effect keeps_winner reading).

Lemma it_has_seen_its_events E s :
  represents E s ->
  indexed_decisions.seen s = vector E.
Proof.
  intros rep. exact (f_equal decisions.seen (it_keeps_the_store _ _ _ _ _ _ _ rep)).
Qed.

Lemma it_lists_the_maximal_decisions E s k :
  represents E s ->
  listed (entry_at k s) = decisions.frontier compare_key k (meaning E).
Proof.
  intros rep. rewrite <- (it_keeps_the_store _ _ _ _ _ _ _ rep).
  now rewrite (the_frontier_is_that_of_the_record compare_name compare_key compare_effect
    keeps_winner) by apply rep.
Qed.

Lemma an_event_decides_one_key k k' e :
  decides k e = true ->
  decides k' e = true ->
  k = k'.
Proof.
  rewrite !(a_decision_is_on_its_key compare_key reading).
  intros (d & read) (d' & read'). congruence.
Qed.

Theorem bottom_has_seen_nothing : represents [] bottom.
Proof.
  split.
  - apply (bottom_is_sound compare_name compare_key compare_effect keeps_winner).
  - reflexivity.
  - reflexivity.
  - intros k b. split; [easy | now intros (e & [] & _)].
Qed.

Section History.
Context (H : list event) (happened : history compare_name H).

(** ** Deciding *)

Lemma nothing_is_listed_where_nothing_was_decided E s k :
  cut H E ->
  represents E s ->
  first (entry_at k s) = None <-> (forall f, In f E -> decides k f = false).
Proof.
  intros is_cut rep. pose proof (it_lists_the_maximal_decisions E s k rep) as same.
  unfold listed in same. split.
  - intros none f there. rewrite none in same.
    destruct (decides k f) eqn:decision; [exfalso | reflexivity].
    destruct (every_decision_is_below_a_maximal_one compare_name H happened compare_key reading
      E k f) as (m & m_in & m_max & _); auto; [now apply cut_happened |].
    pose proof (proj1 (maximal_means_seen_by_no_decision _ _ _ _ _ _) m_max) as [m_decides _].
    apply (a_decision_is_on_its_key compare_key reading) in m_decides as [d read].
    apply (in_nil (a := d)). rewrite same.
    apply (a_frontier_has_the_maximal_decisions compare_name compare_key compare_effect). eauto.
  - intros none. destruct (first (entry_at k s)) as [d |]; [exfalso | reflexivity].
    assert (In d (decisions.frontier compare_key k (meaning E))) as there
      by (rewrite <- same; now left).
    apply (a_frontier_has_the_maximal_decisions compare_name compare_key compare_effect) in there
      as (e & e_in & read & _).
    enough (false = true) by easy. rewrite <- (none e e_in).
    apply (a_decision_is_on_its_key compare_key reading). eauto.
Qed.

(** Sketch: the four parts of what an index represents. Its decision is that of the event; so the store
    and the winners are those of the reference with the event. Of creation dots only those of the key
    can change: where something was listed, the event saw a decision on the key and is no first one;
    where nothing was, it is the first, and no other is. *)
Theorem deciding_adds_the_event_to_the_index E e k time effect s :
  cut H E ->
  In e H ->
  saw_exactly compare_name e E ->
  reading (operation_of e) = Some (k, (time, effect)) ->
  represents E s ->
  represents (e :: E)
    (decide k (decisions.next compare_name (dot_origin (dot_of e)) (seq_of e) time (user_of e)
      effect (decisions_of s)) s).
Proof.
  intros is_cut e_in saw_it read rep.
  pose proof (it_is_sound _ _ _ _ _ _ _ rep) as good.
  set (d := decisions.next _ _ _ _ _ _ _).
  assert (decision_of e = Some (k, d)) as read_e.
  { unfold d. rewrite (it_keeps_the_store _ _ _ _ _ _ _ rep).
    now apply (the_next_decision_is_that_of_the_event compare_name compare_key compare_effect
      reading H). }
  pose proof (a_decision_has_the_dot_of_its_event reading k d e read_e) as named.
  assert (decides k e = true) as e_decides
    by (apply (a_decision_is_on_its_key compare_key reading); eauto).
  assert (forall f, In f E -> sees f e = false) as unseen.
  { intros f there. destruct (sees f e) eqn:seen; [exfalso | reflexivity].
    assert (In e E) as e_there
      by (eapply (what_a_cut_saw_is_in_it compare_name H happened E f); eauto).
    pose proof (nothing_sees_itself _ _ happened e e_in).
    now rewrite (proj1 saw_it e e_there) in *. }
  split.
  - apply deciding_is_sound; [exact _.. | exact good |].
    rewrite named. now apply (counters_start_at_1 _ _ happened).
  - rewrite deciding_decides_in_the_store by (exact _ || exact good).
    unfold d. rewrite (it_keeps_the_store _ _ _ _ _ _ _ rep).
    now apply (deciding_adds_the_event compare_name compare_key compare_effect reading H).
  - intros keeps k'. rewrite deciding_decides_the_winners by (exact _ || assumption).
    rewrite (find_in_merge compare_key)
      by (reflexivity || apply (winners_are_sorted compare_name compare_key compare_effect), good).
    rewrite (it_keeps_the_winners _ _ _ _ _ _ _ rep keeps). unfold decided_on.
    cbn [flat_map find]. fold (decided_on compare_key reading k' E). rewrite read_e. unfold equal.
    destruct (compare_key k' k); cbn [app];
      [| apply (missing_is_least compare_decision)..].
    apply (greater_option_is_commutative compare_decision).
  - intros k' b.
    rewrite (entry_at_of_decide compare_name compare_key compare_effect keeps_winner)
      by exact good.
    assert (In b (creation_dots (entry_at k' s)) ->
      exists f, In f (e :: E) /\ dot_of f = b /\ is_first (e :: E) k' f) as old.
    { intros (f & f_in & f_named & f_decides & f_first)%(it_knows_the_creation_dots _ _ _ _ _ _ _ rep).
      exists f. split; [now right | split; [exact f_named |]]. split; [exact f_decides |].
      intros g [<- | g_in]; [intros _; now apply unseen | now apply f_first]. }
    assert (forall f, In f E -> dot_of f = b -> is_first (e :: E) k' f ->
      In b (creation_dots (entry_at k' s))) as still.
    { intros f f_in f_named [f_decides f_first]. apply (it_knows_the_creation_dots _ _ _ _ _ _ _ rep).
      exists f. split; [exact f_in | split; [exact f_named |]]. split; [exact f_decides |].
      intros g g_in. apply f_first. now right. }
    pose proof (nothing_is_listed_where_nothing_was_decided E s k is_cut rep) as nothing.
    destruct (equal_is_equality compare_key k' k) as [-> | other].
    + cbn [creation_dots indexed_decisions.entry_of].
      pose proof (creation_dots_are_rising _ _ _ _ _ (entries_are_sound _ _ _ _ _ good k)) as rises.
      destruct (first (entry_at k s)) as [d' |].
      * split; [exact old |]. intros (f & [<- | f_in] & f_named & is_f); [| now apply (still f)].
        exfalso. enough (Some d' = None) by easy. apply nothing. intros g g_in.
        destruct (decides k g) eqn:g_decides; [| reflexivity].
        rewrite <- (proj1 saw_it g g_in). apply (proj2 is_f); [now right | exact g_decides].
      * rewrite (in_insert compare_dot) by exact rises. rewrite named. split.
        -- intros [-> | there]; [| now apply old].
           exists e. split; [now left | split; [reflexivity |]]. split; [exact e_decides |].
           intros g [<- | g_in] g_decides; [now apply (nothing_sees_itself _ _ happened) |].
           now rewrite (proj1 nothing eq_refl g g_in) in g_decides.
        -- intros (f & [<- | f_in] & f_named & is_f); [now left | right; now apply (still f)].
    + split; [exact old |]. intros (f & [<- | f_in] & f_named & is_f); [| now apply (still f)].
      now rewrite (an_event_decides_one_key k k' e e_decides (proj1 is_f)) in other.
Qed.

(** ** Compaction *)

Theorem compacting_keeps_the_events E keep s :
  represents E s ->
  represents E (compact keep s).
Proof.
  intros rep. split; try apply rep. apply compacting_is_sound; [exact _.. | apply rep].
Qed.

(** ** Names *)

(** A creation dot that the receiver has seen names the same key there. *)
Theorem a_name_is_understood E F s r k b :
  cut H E ->
  cut H F ->
  represents E s ->
  represents F r ->
  In b (creation_dots (entry_at k s)) ->
  contains b (indexed_decisions.seen r) = true ->
  understand (By_creation_dot b) r = Some k.
Proof.
  intros cut_e cut_f rep_e rep_f there known.
  apply (it_knows_the_creation_dots _ _ _ _ _ _ _ rep_e) in there as (e & e_in & <- & e_decides & e_first).
  rewrite (it_has_seen_its_events F r rep_f) in known.
  assert (In e H) as e_past by now apply (cut_happened _ _ cut_e).
  apply (an_event_is_in_a_cut_exactly_if_its_vector_has_it compare_name H happened) in known;
    [| exact cut_f | exact e_past].
  assert (In (dot_of e) (creation_dots (entry_at k r))) as creation.
  { apply (it_knows_the_creation_dots _ _ _ _ _ _ _ rep_f). exists e. repeat split; auto.
    intros f f_in f_decides. destruct (sees e f) eqn:seen; [| reflexivity].
    rewrite <- seen. apply e_first; [| exact f_decides].
    apply (what_a_cut_saw_is_in_it compare_name H happened E e f); auto.
    now apply (cut_happened _ _ cut_f). }
  pose proof (it_is_sound _ _ _ _ _ _ _ rep_f) as good.
  pose proof (creation_dots_are_logged _ _ _ _ _ good k _ creation) as logged.
  assert (forall k', is_creation_dot compare_name compare_key (dot_origin (dot_of e))
    (counter (dot_of e), k') r = true -> k' = k) as one.
  { intros k' is_b. unfold is_creation_dot in is_b. cbn [fst snd] in is_b.
    replace (Dot _ _) with (dot_of e) in is_b by now destruct (dot_of e).
    apply (member_means_in compare_dot) in is_b;
      [| apply (creation_dots_are_rising _ _ _ _ _ (entries_are_sound _ _ _ _ _ good k'))].
    apply (it_knows_the_creation_dots _ _ _ _ _ _ _ rep_f) in is_b as (f & f_in & same & f_decides & _).
    assert (f = e) as -> by (apply (dots_are_unique _ _ happened); auto;
      now apply (cut_happened _ _ cut_f)).
    now apply (an_event_decides_one_key k' k e). }
  unfold indexed_decisions.understand.
  destruct (filter _ (log_of _ _ r)) as [| [c k'] rest] eqn:found.
  - exfalso. apply (in_nil (a := (counter (dot_of e), k))). rewrite <- found. apply filter_In.
    split; [exact logged |]. cbn [fst]. rewrite N.eqb_refl. cbn [andb].
    unfold is_creation_dot. cbn [fst snd].
    replace (Dot _ _) with (dot_of e) by now destruct (dot_of e).
    apply (member_means_in compare_dot);
      [apply (creation_dots_are_rising _ _ _ _ _ (entries_are_sound _ _ _ _ _ good k)) | exact creation].
  - assert (In (c, k') ((c, k') :: rest)) as head by now left.
    rewrite <- found in head. apply filter_In in head as [_ [same is_b]%andb_prop].
    cbn [fst] in same. apply N.eqb_eq in same as ->. cbn [snd]. f_equal. now apply one.
Qed.

(** Names are understood wherever the delta does not build on what was not seen. *)
Lemma the_name_for_a_key_is_understood E F s r v k e :
  cut H E ->
  cut H F ->
  represents E s ->
  represents F r ->
  version_vector.covers compare_name (indexed_decisions.seen r) v = true ->
  find compare_key k (indexed_decisions.entries s) = Some e ->
  understand (name_for compare_name v k e) r = Some k.
Proof.
  intros cut_e cut_f rep_e rep_f covered found. unfold name_for.
  destruct (filter _ (creation_dots e)) as [| b bs] eqn:seen_creation_dots; [reflexivity |].
  assert (In b (b :: bs)) as there by now left.
  rewrite <- seen_creation_dots, filter_In in there. destruct there as [there known].
  apply (a_name_is_understood E F s r); auto.
  - unfold indexed_decisions.entry_at. now rewrite found.
  - now apply (what_is_covered_is_contained compare_name v).
Qed.

Lemma all_names_are_understood v (m : sorted_map K entry) r :
  sorted compare_key m = true ->
  (forall k e, find compare_key k m = Some e ->
    understand (name_for compare_name v k e) r = Some k) ->
  understand_all (map (item_for compare_name v) m) r = Some (shown_to v m).
Proof.
  induction m as [| [k e] m IH]; intros sorts all; [reflexivity |].
  pose proof sorts as whole.
  apply (sorted_means_keys_above_the_first compare_key) in sorts as [above sorts].
  cbn [map item_for fst snd indexed_decisions.understand_all fold_right].
  fold (understand_all (map (item_for compare_name v) m) r).
  rewrite (all k e) by
    (rewrite (find_in_first_and_rest compare_key) by exact above;
     now rewrite (equal_to_itself compare_key)).
  rewrite IH.
  - assert (find compare_key k (shown_to v m) = None) as absent.
    { rewrite (find_in_shown compare_name compare_key).
      now rewrite (below_all_keys_nothing_is_found compare_key). }
    rewrite absent. f_equal.
    assert (sorted compare_key (shown_to v ((k, e) :: m)) = true) as sorts_shown
      by now rewrite (shown_is_sorted compare_name compare_key).
    apply (equal_finds_make_equal_maps compare_key).
    + apply (set_is_sorted compare_key). now rewrite (shown_is_sorted compare_name compare_key).
    + exact sorts_shown.
    + intros k'. rewrite (find_in_set compare_key)
        by now rewrite (shown_is_sorted compare_name compare_key).
      cbn [indexed_decisions.shown_to map fst snd].
      apply (sorted_means_keys_above_the_first compare_key) in sorts_shown as [above_shown _].
      now rewrite (find_in_first_and_rest compare_key) by exact above_shown.
  - exact sorts.
  - intros k' e' found. apply all. rewrite (find_in_first_and_rest compare_key) by exact above.
    destruct (equal_is_equality compare_key k' k) as [-> |]; [| exact found].
    now rewrite (below_all_keys_nothing_is_found compare_key) in found.
Qed.

(** A delta is refused only if it builds on what was not seen; then it is applied whole. *)
Theorem a_delta_is_received_as_it_was_sent E F s r v :
  cut H E ->
  cut H F ->
  represents E s ->
  represents F r ->
  receive (delta_since v s) r
  = if version_vector.covers compare_name (indexed_decisions.seen r) v
    then Some (take (indexed_decisions.seen s) (shown_to v (changed v s)) r) else None.
Proof.
  intros cut_e cut_f rep_e rep_f. unfold indexed_decisions.receive, accepts.
  cbn [since delta.part holder indexed_decisions.items indexed_decisions.delta_since
    indexed_decisions.part_since].
  destruct (version_vector.covers compare_name (indexed_decisions.seen r) v) eqn:covered;
    [| reflexivity].
  rewrite all_names_are_understood; [reflexivity | |].
  - apply (changed_is_sorted compare_name compare_key).
  - intros k e. rewrite (find_in_changed compare_name compare_key compare_effect keeps_winner)
      by apply rep_e.
    destruct (decisions_proof.sends _ _ _ _ _); [| easy].
    now apply (the_name_for_a_key_is_understood E F s r v k e).
Qed.

(** ** Applying a delta *)

(** Sketch: the store and the winners take what those of the reference take; a key that is left out
    was seen whole by the receiver, so that its greatest decision is there. An event is a first
    decision among the events of both exactly if it is one in a cut that has it, since a cut has all
    that it saw. So of a key that was sent the creation dots are the receiver's and those new to it;
    of a key that was not, every decision of the sender's was known. *)
Theorem taking_the_changes_adds_the_events E F s r v :
  cut H E ->
  cut H F ->
  represents E s ->
  represents F r ->
  version_vector.covers compare_name (indexed_decisions.seen r) v = true ->
  represents (union_events E F)
    (take (indexed_decisions.seen s) (shown_to v (changed v s)) r).
Proof.
  intros cut_e cut_f rep_e rep_f covered.
  pose proof (it_is_sound _ _ _ _ _ _ _ rep_e) as good_e.
  pose proof (it_is_sound _ _ _ _ _ _ _ rep_f) as good_f.
  pose proof (the_changes_are_sound compare_name compare_key compare_effect keeps_winner v s
    good_e) as good_m.
  pose proof (it_has_seen_its_events E s rep_e) as seen_e.
  pose proof (it_has_seen_its_events F r rep_f) as seen_f.
  assert (forall f, In f (union_events E F) <-> In f E \/ In f F) as both.
  { intros f. apply (a_union_has_the_events_of_both compare_name H happened);
      now apply cut_happened. }
  assert (version_vector.covers compare_name (vector F) v = true) as covered_f
    by now rewrite <- seen_f.
  split.
  - now apply taking_is_sound.
  - rewrite taking_takes_the_part_in_the_store by (exact _ || assumption).
    rewrite (the_changes_are_the_part_of_the_store compare_name compare_key compare_effect
      keeps_winner) by exact good_e.
    rewrite (it_keeps_the_store _ _ _ _ _ _ _ rep_e), (it_keeps_the_store _ _ _ _ _ _ _ rep_f).
    now apply (taking_a_delta_adds_the_events compare_name compare_key compare_effect reading H).
  - intros keeps k. rewrite taking_takes_the_winners by (exact _ || assumption).
    rewrite (the_changes_have_the_winners_of_the_part compare_name compare_key compare_effect
      keeps_winner) by exact good_e.
    assert (sorted compare_key (decisions.maximal
      (decisions.part_since compare_name v (decisions_of s))) = true) as sorts
      by (apply (filter_is_sorted compare_key),
        (frontiers_are_sorted compare_key), good_e).
    assert (sorted compare_key (winners_of s) = true) as sorts_e
      by apply (winners_are_sorted compare_name compare_key compare_effect), good_e.
    assert (sorted compare_key (winners_of r) = true) as sorts_f
      by apply (winners_are_sorted compare_name compare_key compare_effect), good_f.
    rewrite (find_in_merge compare_key)
      by (reflexivity || assumption || now apply (restrict_is_sorted compare_key)).
    rewrite (find_in_restrict compare_key) by assumption.
    rewrite (it_keeps_the_winners _ _ _ _ _ _ _ rep_e keeps),
      (it_keeps_the_winners _ _ _ _ _ _ _ rep_f keeps).
    rewrite (it_keeps_the_store _ _ _ _ _ _ _ rep_e).
    rewrite (what_a_part_lists compare_name compare_key compare_effect reading).
    destruct (existsb _ _) eqn:sent.
    + destruct (find compare_key k _) eqn:found;
        [| unfold decisions.frontier in sent; now rewrite found in sent].
      apply (the_greatest_of_both compare_name compare_key compare_effect reading).
      intros e. rewrite both. tauto.
    + rewrite (missing_is_least compare_decision).
      apply (the_greatest_of_a_key_that_is_left_out
        compare_name compare_key compare_effect reading E F); [exact both |].
      now apply (a_key_that_is_left_out_was_seen
        compare_name compare_key compare_effect reading H happened E F v k).
  - intros k b.
    assert (forall e, In e H -> contains (dot_of e) (indexed_decisions.seen r) = true <-> In e F)
      as known.
    { intros e past. rewrite seen_f.
      now apply (an_event_is_in_a_cut_exactly_if_its_vector_has_it compare_name H happened). }
    assert (forall X e, cut H X -> In e X -> (forall f, In f X -> In f (union_events E F)) ->
      is_first X k e <-> is_first (union_events E F) k e) as first_in.
    { intros X e cut_x e_in sub. split; intros [e_decides e_first]; split; auto.
      intros f f_in f_decides. destruct (sees e f) eqn:seen; [| reflexivity].
      rewrite <- seen. apply e_first; [| exact f_decides].
      apply (what_a_cut_saw_is_in_it compare_name H happened X e f); auto.
      apply both in f_in as [];
        [now apply (cut_happened _ _ cut_e) | now apply (cut_happened _ _ cut_f)]. }
    assert (forall f, In f E -> In f (union_events E F)) as from_e by (intros; apply both; auto).
    assert (forall f, In f F -> In f (union_events E F)) as from_f by (intros; apply both; auto).
    assert (In b (creation_dots (entry_at k r)) ->
      exists e, In e (union_events E F) /\ dot_of e = b /\ is_first (union_events E F) k e) as own.
    { intros (e & e_in & named & is_f)%(it_knows_the_creation_dots _ _ _ _ _ _ _ rep_f).
      refine (ex_intro _ e (conj _ (conj named _))); [auto | now apply (first_in F)]. }
    rewrite (entry_at_of_take compare_name compare_key compare_effect keeps_winner)
      by (exact good_f || apply good_m).
    destruct (find compare_key k (shown_to v (changed v s))) as [theirs |] eqn:sent.
    + rewrite (creation_dots_of_joined compare_name compare_key compare_effect keeps_winner
        r (indexed_decisions.seen s) (shown_to v (changed v s)) k theirs b good_f good_m sent).
      rewrite (find_in_shown compare_name compare_key) in sent.
      rewrite (find_in_changed compare_name compare_key compare_effect keeps_winner) in sent
        by exact good_e.
      destruct (decisions_proof.sends _ _ _ _ _); [| easy].
      destruct (find compare_key k (indexed_decisions.entries s)) as [e' |] eqn:found; [| easy].
      injection sent as <-. cbn [creation_dots shown]. unfold new_creation_dots. rewrite filter_In.
      assert (creation_dots e' = creation_dots (entry_at k s)) as ->
        by (unfold indexed_decisions.entry_at; now rewrite found).
      split.
      * intros [there | [[there _] _]]; [now apply own |].
        apply (it_knows_the_creation_dots _ _ _ _ _ _ _ rep_e) in there as (e & e_in & named & is_f).
        refine (ex_intro _ e (conj _ (conj named _))); [auto | now apply (first_in E)].
      * intros (e & e_in & named & is_f).
        assert (In e H) as past
          by (apply both in e_in as [];
            [now apply (cut_happened _ _ cut_e) | now apply (cut_happened _ _ cut_f)]).
        destruct (contains (dot_of e) (indexed_decisions.seen r)) eqn:is_known.
        -- left. apply known in is_known; [| exact past].
           apply (it_knows_the_creation_dots _ _ _ _ _ _ _ rep_f).
           refine (ex_intro _ e (conj _ (conj named _))); [auto | now apply (first_in F)].
        -- right. rewrite <- named. split; [split |].
           ++ apply both in e_in as [e_in | e_in];
                [| apply known in e_in; [congruence | exact past]].
              apply (it_knows_the_creation_dots _ _ _ _ _ _ _ rep_e).
              refine (ex_intro _ e (conj _ (conj eq_refl _))); [auto | now apply (first_in E)].
           ++ apply negb_true_iff, not_true_iff_false. intros in_v.
              apply (what_is_covered_is_contained compare_name v
                (indexed_decisions.seen r)) in in_v; [congruence | exact covered].
           ++ exact is_known.
    + split; [exact own |]. intros (e & e_in & named & is_f).
      apply (it_knows_the_creation_dots _ _ _ _ _ _ _ rep_f). exists e.
      assert (In e F) as e_in_f.
      { apply both in e_in as [e_in | e_in]; [| exact e_in].
        apply (a_key_that_is_left_out_was_seen
          compare_name compare_key compare_effect reading H happened E F v k);
          [assumption.. | | exact e_in | apply is_f].
        rewrite (find_in_shown compare_name compare_key) in sent.
        rewrite (find_in_changed compare_name compare_key compare_effect keeps_winner) in sent
          by exact good_e.
        unfold decisions_proof.sends in sent.
        rewrite (it_keeps_the_store _ _ _ _ _ _ _ rep_e) in sent.
        destruct (existsb _ _) eqn:sends; [exfalso | reflexivity].
        destruct (find compare_key k (indexed_decisions.entries s)) as [e' |] eqn:found; [easy |].
        rewrite <- (it_lists_the_maximal_decisions E s k rep_e) in sends.
        unfold indexed_decisions.entry_at in sends. now rewrite found in sends. }
      split; [exact e_in_f | split; [exact named | now apply (first_in F)]].
Qed.
End History.
End Meaning.
