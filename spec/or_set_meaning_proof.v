(** The OR-Set means what the definition says, in every cut of every history.

    [meaning E] is the state of a replica that has seen the events [E]. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof.
From Rejoin Require Import version_vector_meaning_proof definition_proof decisions_meaning_proof.
From Rejoin Require version_vector decisions or_set_proof.
From Rejoin Require Import definition or_set.
Import ListNotations.
Open Scope N_scope.

Section Or_set.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Local Notation event := (event Name Value).
Local Notation meaning := (meaning compare_name (Value := Value)).

Theorem the_empty_set_has_seen_nothing : meaning [] = bottom.
Proof. reflexivity. Qed.

Context (H : list event) (happened : history compare_name H).

Theorem the_set_depends_only_on_the_events E F :
  (forall e, In e E <-> In e F) ->
  meaning E = meaning F.
Proof using lawful_names.
  now apply (the_meaning_depends_only_on_the_events
    compare_name compare_name compare_presence set_reading).
Qed.

Theorem joining_sets_unites_their_events E F :
  cut H E ->
  cut H F ->
  join compare_name (meaning E) (meaning F) = meaning (union_events compare_name E F).
Proof using happened lawful_names.
  now apply (the_join_of_meanings_is_the_meaning_of_the_union
    compare_name compare_name compare_presence set_reading H).
Qed.

Theorem adding_adds_the_event E e x :
  cut H E ->
  In e H ->
  saw_exactly compare_name e E ->
  operation_of e = Add x ->
  add compare_name (dot_origin (dot_of e)) (seq_of e) (user_of e) x (meaning E)
  = meaning (e :: E).
Proof using happened lawful_names.
  intros is_cut e_in saw_it adds.
  apply (deciding_adds_the_event compare_name compare_name compare_presence set_reading H);
    auto. now rewrite adds.
Qed.

Theorem removing_adds_the_event E e x :
  cut H E ->
  In e H ->
  saw_exactly compare_name e E ->
  operation_of e = Remove x ->
  remove compare_name (dot_origin (dot_of e)) (seq_of e) (user_of e) x (meaning E)
  = meaning (e :: E).
Proof using happened lawful_names.
  intros is_cut e_in saw_it removes.
  apply (deciding_adds_the_event compare_name compare_name compare_presence set_reading H);
    auto. now rewrite removes.
Qed.

(** ** Queries *)

Lemma a_listed_add_is_a_maximal_add E x :
  contains compare_name x (meaning E) = true <->
  exists e, In e E /\ maximal compare_name compare_name set_reading E x e = true /\
    definition.is_add compare_name x e = true.
Proof using lawful_names.
  unfold contains. rewrite existsb_exists. split.
  - intros (d & listed & adds).
    apply (a_frontier_has_the_maximal_decisions compare_name compare_name compare_presence
      set_reading) in listed as (e & there & read & is_max).
    exists e. repeat split; auto. rewrite an_add_has_the_effect_added, <- adds. symmetry.
    now apply (an_effect_is_that_of_its_event compare_name compare_presence set_reading).
  - intros (e & there & is_max & adds).
    pose proof is_max as [decision _]%maximal_means_seen_by_no_decision.
    apply (a_decision_is_on_its_key compare_name) in decision as [d read].
    exists d. split.
    + apply (a_frontier_has_the_maximal_decisions compare_name compare_name compare_presence
        set_reading). now exists e.
    + rewrite an_add_has_the_effect_added in adds. rewrite <- adds.
      now apply (an_effect_is_that_of_its_event compare_name compare_presence set_reading).
Qed.

Theorem an_element_is_contained_as_defined E x :
  incl E H ->
  contains compare_name x (meaning E) = in_set compare_name E x.
Proof using happened lawful_names.
  intros past. apply eq_true_iff_eq.
  rewrite (an_element_is_in_exactly_if_some_maximal_decision_adds_it compare_name H happened)
    by exact past.
  apply a_listed_add_is_a_maximal_add.
Qed.

Theorem the_elements_are_those_of_the_definition E :
  incl E H ->
  value (meaning E) = elements compare_name E.
Proof using happened lawful_names.
  intros past.
  pose proof (frontiers_are_well_formed compare_name compare_name compare_presence
    (set_reading (Value := Value)) E) as [sorts _]%andb_prop.
  apply (equal_content_makes_equal_rising_lists compare_name).
  - now apply (filter_is_sorted compare_name).
  - apply (filter_is_rising compare_name), (set_of_is_rising compare_name).
  - intros x. unfold elements.
    rewrite filter_In, <- (an_element_is_contained_as_defined E x past).
    unfold value. rewrite in_map_iff. unfold contains, decisions.frontier. split.
    + intros ([x' ds] & <- & [there adds]%filter_In). cbn [fst snd] in *.
      apply (found_means_in compare_name) in there; [| exact sorts].
      assert (contains compare_name x' (meaning E) = true) as inside
        by (unfold contains, decisions.frontier, sorted_set in *; now rewrite there).
      split; [| exact inside].
      apply a_listed_add_is_a_maximal_add in inside as (e & e_in & _ & is_added).
      apply (in_set_of compare_name), in_flat_map. exists e. split; [exact e_in |].
      unfold definition.is_add, added in *. destruct (operation_of e); try easy.
      destruct (equal_is_equality compare_name x' element) as [-> |]; [now left | easy].
    + intros [_ adds].
      destruct (find compare_name x (decisions.maximal (meaning E))) as [ds |] eqn:found;
        [| easy].
      exists (x, ds). split; [reflexivity |]. apply filter_In. split; [| exact adds].
      now apply (found_means_in compare_name).
Qed.

Theorem merge_decisions_of_a_set_are_as_defined E :
  incl E H ->
  NoDup E ->
  merge_decisions compare_name (meaning E)
  = definition.merge_decisions compare_name compare_name compare_presence set_reading
      (current_presence compare_name E) E.
Proof using happened lawful_names.
  intros past distinct.
  apply (merge_decisions_are_those_of_the_definition
    compare_name compare_name compare_presence set_reading H); auto.
  intros x. unfold current, current_presence. now rewrite an_element_is_contained_as_defined.
Qed.

Theorem notices_of_a_set_are_as_defined user E :
  incl E H ->
  NoDup E ->
  notices compare_name user (meaning E)
  = definition.notices compare_name compare_name compare_presence set_reading
      (current_presence compare_name E) user E.
Proof using happened lawful_names.
  intros past distinct.
  apply (notices_are_those_of_the_definition
    compare_name compare_name compare_presence set_reading H); auto.
  intros x. unfold current, current_presence. now rewrite an_element_is_contained_as_defined.
Qed.

(** ** Deltas *)

Theorem taking_a_delta_of_a_set_adds_its_events E F v :
  cut H E ->
  cut H F ->
  version_vector.covers compare_name (seen (meaning F)) v = true ->
  take_part compare_name (part_since compare_name v (meaning E)) (meaning F)
  = meaning (union_events compare_name E F).
Proof using happened lawful_names.
  now apply (taking_a_delta_adds_the_events
    compare_name compare_name compare_presence set_reading H).
Qed.
End Or_set.
