(** The RW-Set means what the definition says, in every cut of every history.

    [meaning E] is the state of a replica that has seen the events [E]. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof.
From Rejoin Require Import definition_proof decisions_meaning_proof presences_proof.
From Rejoin Require version_vector decisions or_set_proof.
From Rejoin Require Import definition rw_set.
Import ListNotations.
Import or_set_proof (presences_are_ordered).
Open Scope N_scope.

Section Rw_set.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Local Notation event := (event Name Value).
Local Notation meaning := (meaning compare_name (Value := Value)).
Local Notation reading := (set_reading (Name := Name) (Value := Value)).
Context (H : list event) (happened : history compare_name H).

Theorem joining_rw_sets_unites_their_events E F :
  cut H E ->
  cut H F ->
  join compare_name (meaning E) (meaning F) = meaning (union_events compare_name E F).
Proof using happened lawful_names.
  now apply (the_join_of_meanings_is_the_meaning_of_the_union
    compare_name compare_name compare_presence reading H).
Qed.

Theorem deciding_an_element_adds_the_event E e p x :
  cut H E ->
  In e H ->
  saw_exactly compare_name e E ->
  reading (operation_of e) = Some (x, (0, p)) ->
  decide compare_name (dot_origin (dot_of e)) (seq_of e) (user_of e) p x (meaning E)
  = meaning (e :: E).
Proof using happened lawful_names.
  now apply (deciding_adds_the_event compare_name compare_name compare_presence reading H).
Qed.

(** ** Queries *)

Lemma a_remove_that_wins E x :
  in_rw_set compare_name E x = no_remove_wins compare_name compare_name reading E x.
Proof.
  unfold in_rw_set, no_remove_wins. f_equal.
  - apply same_members_exist_by. intros e. apply an_add_has_the_effect_added.
  - apply forallb_ext. intros r. rewrite a_remove_has_the_effect_removed. f_equal.
    apply same_members_exist_by. intros a. now rewrite an_add_has_the_effect_added.
Qed.

Theorem an_element_is_contained_as_defined E x :
  incl E H ->
  contains compare_name x (meaning E) = in_rw_set compare_name E x.
Proof using happened lawful_names.
  intros past. rewrite a_remove_that_wins.
  now apply (no_remove_wins_as_the_frontier_says compare_name compare_name reading H).
Qed.

Theorem the_elements_are_those_of_the_definition E :
  incl E H ->
  value (meaning E) = elements_by compare_name (in_rw_set compare_name) E.
Proof using happened lawful_names.
  intros past.
  pose proof (frontiers_are_well_formed compare_name compare_name compare_presence
    (reading) E) as [sorts _]%andb_prop.
  apply (equal_content_makes_equal_rising_lists compare_name).
  - now apply (filter_is_sorted compare_name).
  - apply (filter_is_rising compare_name), (set_of_is_rising compare_name).
  - intros x. unfold elements_by.
    rewrite filter_In, <- (an_element_is_contained_as_defined E x past).
    unfold value. rewrite in_map_iff. unfold contains, decisions.frontier. split.
    + intros ([x' ds] & <- & [there adds]%filter_In). cbn [fst snd] in *.
      apply (found_means_in compare_name) in there; [| exact sorts].
      assert (contains compare_name x' (meaning E) = true) as inside
        by (unfold contains, decisions.frontier, sorted_set in *; now rewrite there).
      split; [| exact inside].
      rewrite an_element_is_contained_as_defined in inside by exact past.
      apply andb_prop in inside as [inside _].
      apply existsb_exists in inside as (e & e_in & is_added).
      apply (in_set_of compare_name), in_flat_map. exists e. split; [exact e_in |].
      unfold definition.is_add, added in *. destruct (operation_of e); try easy.
      destruct (equal_is_equality compare_name x' element) as [-> |]; [now left | easy].
    + intros [_ adds].
      destruct (find compare_name x (decisions.maximal (meaning E))) as [ds |] eqn:found;
        [| easy].
      exists (x, ds). split; [reflexivity |]. apply filter_In. split; [| exact adds].
      now apply (found_means_in compare_name).
Qed.

Theorem merge_decisions_of_an_rw_set_are_as_defined E :
  incl E H ->
  NoDup E ->
  merge_decisions compare_name (meaning E)
  = definition.merge_decisions compare_name compare_name compare_presence reading
      (fun x => presence_of (in_rw_set compare_name E x)) E.
Proof using happened lawful_names.
  intros past distinct.
  apply (merge_decisions_are_those_of_the_definition
    compare_name compare_name compare_presence reading H); auto.
  intros x. unfold current. now rewrite an_element_is_contained_as_defined.
Qed.

Theorem notices_of_an_rw_set_are_as_defined user E :
  incl E H ->
  NoDup E ->
  notices compare_name user (meaning E)
  = definition.notices compare_name compare_name compare_presence reading
      (fun x => presence_of (in_rw_set compare_name E x)) user E.
Proof using happened lawful_names.
  intros past distinct.
  apply (notices_are_those_of_the_definition
    compare_name compare_name compare_presence reading H); auto.
  intros x. unfold current. now rewrite an_element_is_contained_as_defined.
Qed.

(** ** Deltas *)

Theorem taking_a_delta_of_an_rw_set_adds_its_events E F v :
  cut H E ->
  cut H F ->
  version_vector.covers compare_name (seen (meaning F)) v = true ->
  take_part compare_name (part_since compare_name v (meaning E)) (meaning F)
  = meaning (union_events compare_name E F).
Proof using happened lawful_names.
  now apply (taking_a_delta_adds_the_events
    compare_name compare_name compare_presence reading H).
Qed.

(** Whichever the decision is. *)
Theorem a_decision_that_saw_all_others_on_an_element_closes_it E x e :
  incl E H ->
  In e E ->
  decides compare_name reading x e = true ->
  (forall f, In f E -> decides compare_name reading x f = true ->
    f = e \/ sees compare_name e f = true) ->
  open compare_name compare_name compare_presence reading
    (fun x => presence_of (in_rw_set compare_name E x)) E x = false.
Proof using happened lawful_names.
  intros. rewrite <- (a_decision_that_saw_all_others_closes_its_key compare_name compare_name
    reading H happened (no_remove_wins compare_name compare_name reading) E x e); auto.
  apply same_members_exist_by. intros f. now rewrite a_remove_that_wins.
Qed.
End Rw_set.

(** ** Computed: concurrent with a remove, an add has no effect; an add that saw it has. *)

Section Examples.
Local Definition one : origin N := Origin 1 0.
Local Definition two : origin N := Origin 2 0.
Local Definition added : event N N := Event 0 (Dot one 1) 1 (Some 7) (Add 5) [].
Local Definition removed : event N N := Event 0 (Dot two 1) 1 None (Remove 5) [].
Local Definition again : event N N := Event 0 (Dot one 2) 2 None (Add 5) [Dot one 1; Dot two 1].

Example a_remove_wins_over_a_concurrent_add :
  value (meaning N.compare [added; removed]) = []
  /\ merge_decisions N.compare (meaning N.compare [added; removed])
     = [Merge_decision 5 [(2, 1)] [(1, 1)]]
  /\ notices N.compare 7 (meaning N.compare [added; removed]) = [(5, (1, 1))]
  /\ value (meaning N.compare [again; removed; added]) = [5].
Proof. now repeat split. Qed.
End Examples.
