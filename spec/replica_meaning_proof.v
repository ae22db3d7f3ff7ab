(** The replica product means what the definition says, object by object.

    [meaning types E] has the objects of a replica that has seen the events [E]. *)

From Coq Require Import List Bool NArith BinInt Lia.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof delta.
From Rejoin Require Import definition definition_proof version_vector_meaning_proof.
From Rejoin Require version_vector version_vector_proof.
From Rejoin Require g_counter lww_register or_set lww_map log.
From Rejoin Require Import g_counter_meaning_proof lww_register_meaning_proof.
From Rejoin Require Import or_set_meaning_proof lww_map_meaning_proof log_meaning_proof.
From Rejoin Require Import decisions_meaning_proof pn_counter_meaning_proof.
From Rejoin Require Import mv_register_meaning_proof mv_map_meaning_proof.
From Rejoin Require Import max_register_meaning_proof.
From Rejoin Require presences_flag_proof.
From Rejoin Require rw_set_meaning_proof ew_flag_meaning_proof dw_flag_meaning_proof.
From Rejoin Require or_set_proof max_register_proof max_register min_register.
From Rejoin Require Import replica.
Import ListNotations.
Open Scope N_scope.
Import or_set_proof (presences_are_ordered).

Local Instance least_is_ordered : ordered min_register.compare :=
  turned_orders_are_ordered _ integers_are_ordered.

Section Replica.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Context (null : Value).
Local Notation event := (event Name Value).
Local Notation object_meaning := (object_meaning compare_name compare_value).
Local Notation meaning := (meaning compare_name compare_value).
Local Notation of_object := (of_object compare_name).
Local Notation union_events := (union_events compare_name).
Local Notation vector E := (version_vector.of_dots compare_name (map dot_of E)).

(** ** One object *)

Theorem an_object_that_has_seen_nothing_is_bottom type :
  object_meaning type [] = bottom_object type.
Proof. now destruct type. Qed.

Lemma an_object_has_seen_its_events type (E : list event) :
  seen_object (object_meaning type E) = vector E.
Proof. now destruct type. Qed.

Section One_object.
Context (H : list event) (happened : history compare_name H).

Theorem an_object_depends_only_on_its_events type E F :
  NoDup E ->
  NoDup F ->
  (forall e, In e E <-> In e F) ->
  object_meaning type E = object_meaning type F.
Proof using lawful_names lawful_values.
  intros distinct_e distinct_f same. destruct type; cbn [replica.object_meaning]; f_equal.
  - now apply the_counter_depends_only_on_the_events.
  - now apply the_register_depends_only_on_the_events.
  - now apply the_set_depends_only_on_the_events.
  - now apply the_map_depends_only_on_the_events.
  - now apply the_log_depends_only_on_the_events.
  - now apply the_pn_counter_depends_only_on_the_events.
  - now apply (the_meaning_depends_only_on_the_events
      compare_name compare_name compare_presence set_reading).
  - now apply (the_meaning_depends_only_on_the_events
      compare_name compare_unit compare_presence flag_reading).
  - now apply (the_meaning_depends_only_on_the_events
      compare_name compare_unit compare_presence flag_reading).
  - now apply (the_meaning_depends_only_on_the_events
      compare_name compare_unit compare_value mv_register_reading).
  - now apply (the_meaning_depends_only_on_the_events
      compare_name compare_name compare_value mv_map_reading).
  - now apply (the_max_register_depends_only_on_the_events compare_name Z.compare).
  - now apply (the_max_register_depends_only_on_the_events compare_name min_register.compare).
Qed.

Theorem joining_objects_unites_their_events type E F :
  cut H E ->
  cut H F ->
  join_object compare_name compare_value (object_meaning type E) (object_meaning type F)
  = object_meaning type (union_events E F).
Proof using happened lawful_names lawful_values.
  intros cut_e cut_f. destruct type; cbn [replica.object_meaning join_object]; f_equal.
  - now apply (joining_counters_unites_their_events compare_name H).
  - now apply (joining_registers_unites_their_events compare_name compare_value H).
  - now apply (joining_sets_unites_their_events compare_name H).
  - now apply (joining_maps_unites_their_events compare_name compare_value H).
  - now apply (joining_logs_unites_their_events compare_name compare_value H).
  - now apply (joining_pn_counters_unites_their_events compare_name H).
  - now apply (rw_set_meaning_proof.joining_rw_sets_unites_their_events compare_name H).
  - now apply (presences_flag_proof.joining_flags_unites_their_events compare_name H).
  - now apply (presences_flag_proof.joining_flags_unites_their_events compare_name H).
  - now apply (joining_mv_registers_unites_their_events compare_name compare_value H).
  - now apply (joining_mv_maps_unites_their_events compare_name compare_value H).
  - now apply (joining_max_registers_unites_their_events compare_name Z.compare H).
  - now apply (joining_max_registers_unites_their_events compare_name min_register.compare H).
Qed.

Theorem performing_on_an_object_adds_the_event type E e :
  cut H E ->
  In e H ->
  saw_exactly compare_name e E ->
  perform_on compare_name compare_value (object_meaning type E) (dot_origin (dot_of e))
    (seq_of e) (user_of e) (operation_of e)
  = if allows type (operation_of e) then Some (object_meaning type (e :: E)) else None.
Proof using happened lawful_names lawful_values.
  intros is_cut e_in saw_it.
  destruct (operation_of e) eqn:performed, type; try reflexivity;
    cbn [replica.object_meaning perform_on allows]; do 2 f_equal.
  - now apply (g_counter_meaning_proof.incrementing_adds_the_event compare_name H).
  - now apply (pn_counter_meaning_proof.incrementing_adds_the_event compare_name H).
  - now apply (writing_adds_the_event compare_name compare_value H).
  - now apply (writing_a_value_adds_the_event compare_name compare_value H) with timestamp.
  - now apply (adding_adds_the_event compare_name H).
  - apply (rw_set_meaning_proof.deciding_an_element_adds_the_event compare_name H); auto.
    now rewrite performed.
  - now apply (removing_adds_the_event compare_name H).
  - apply (rw_set_meaning_proof.deciding_an_element_adds_the_event compare_name H); auto.
    now rewrite performed.
  - now apply (putting_adds_the_event compare_name compare_value H).
  - now apply (putting_a_value_adds_the_event compare_name compare_value H) with timestamp.
  - now apply (appending_adds_the_event compare_name compare_value H).
  - now apply (decrementing_adds_the_event compare_name H).
  - apply (presences_flag_proof.deciding_a_flag_adds_the_event compare_name H); auto.
    now rewrite performed.
  - apply (presences_flag_proof.deciding_a_flag_adds_the_event compare_name H); auto.
    now rewrite performed.
  - apply (presences_flag_proof.deciding_a_flag_adds_the_event compare_name H); auto.
    now rewrite performed.
  - apply (presences_flag_proof.deciding_a_flag_adds_the_event compare_name H); auto.
    now rewrite performed.
  - now apply (writing_an_integer_adds_the_event compare_name Z.compare H).
  - now apply (writing_an_integer_adds_the_event compare_name min_register.compare H).
Qed.

Theorem an_object_is_read_as_defined type E :
  incl E H ->
  NoDup E ->
  value compare_value null (object_meaning type E)
  = read compare_name compare_value null type E.
Proof using happened lawful_names lawful_values.
  intros past distinct. destruct type; cbn [replica.object_meaning value read]; f_equal.
  - now apply the_value_is_the_count_of_the_definition.
  - now apply the_content_is_that_of_the_definition.
  - now apply (or_set_meaning_proof.the_elements_are_those_of_the_definition compare_name H).
  - now apply lww_map_meaning_proof.the_entries_are_those_of_the_definition.
  - now apply (the_items_are_those_of_the_definition compare_name compare_value H).
  - now apply the_value_is_the_balance_of_the_definition.
  - now apply (rw_set_meaning_proof.the_elements_are_those_of_the_definition compare_name H).
  - now apply (ew_flag_meaning_proof.the_flag_is_that_of_the_definition compare_name H).
  - now apply (dw_flag_meaning_proof.the_flag_is_that_of_the_definition compare_name H).
  - now apply the_values_are_those_of_the_definition.
  - now apply mv_map_meaning_proof.the_entries_are_those_of_the_definition.
Qed.

Theorem merge_decisions_of_an_object_are_as_defined type E :
  incl E H ->
  NoDup E ->
  merge_decisions compare_name compare_value null (object_meaning type E)
  = definition.decisions compare_name compare_value null type E.
Proof using happened lawful_names lawful_values.
  intros past distinct.
  destruct type; cbn [replica.object_meaning merge_decisions definition.decisions];
    try reflexivity; f_equal.
  - now apply (merge_decisions_of_a_register_are_as_defined compare_name compare_value null H).
  - now apply (merge_decisions_of_a_set_are_as_defined compare_name H).
  - now apply (merge_decisions_of_a_map_are_as_defined compare_name compare_value null H).
  - now apply (rw_set_meaning_proof.merge_decisions_of_an_rw_set_are_as_defined compare_name H).
  - now apply (ew_flag_meaning_proof.merge_decisions_of_a_flag_are_as_defined compare_name H).
  - now apply (dw_flag_meaning_proof.merge_decisions_of_a_flag_are_as_defined compare_name H).
Qed.

Theorem notices_of_an_object_are_as_defined user type E :
  incl E H ->
  NoDup E ->
  object_notices compare_name compare_value null user (object_meaning type E)
  = definition.object_notices compare_name compare_value null type user E.
Proof using happened lawful_names lawful_values.
  intros past distinct.
  destruct type; cbn [replica.object_meaning object_notices definition.object_notices];
    try reflexivity; f_equal.
  - now apply (notices_of_a_register_are_as_defined compare_name compare_value null H).
  - now apply (notices_of_a_set_are_as_defined compare_name H).
  - now apply (notices_of_a_map_are_as_defined compare_name compare_value null H).
  - now apply (rw_set_meaning_proof.notices_of_an_rw_set_are_as_defined compare_name H).
  - now apply (ew_flag_meaning_proof.notices_of_a_flag_are_as_defined compare_name H).
  - now apply (dw_flag_meaning_proof.notices_of_a_flag_are_as_defined compare_name H).
Qed.

Theorem taking_a_delta_of_an_object_adds_its_events type E F v :
  cut H E ->
  cut H F ->
  version_vector.covers compare_name (seen_object (object_meaning type F)) v = true ->
  take_part compare_name compare_value
    (part_since compare_name v (object_meaning type E)) (object_meaning type F)
  = object_meaning type (union_events E F).
Proof using happened lawful_names lawful_values.
  intros cut_e cut_f covered.
  destruct type; cbn [replica.object_meaning part_since take_part] in *; f_equal.
  - now apply (taking_a_delta_of_a_counter_adds_its_events compare_name H).
  - now apply (taking_a_delta_of_a_register_adds_its_events compare_name compare_value H).
  - now apply (taking_a_delta_of_a_set_adds_its_events compare_name H).
  - now apply (taking_a_delta_of_a_map_adds_its_events compare_name compare_value H).
  - now apply (taking_a_delta_of_a_log_adds_its_events compare_name compare_value H).
  - now apply (taking_a_delta_of_a_pn_counter_adds_its_events compare_name H).
  - now apply (rw_set_meaning_proof.taking_a_delta_of_an_rw_set_adds_its_events compare_name H).
  - now apply (presences_flag_proof.taking_a_delta_of_a_flag_adds_its_events compare_name H).
  - now apply (presences_flag_proof.taking_a_delta_of_a_flag_adds_its_events compare_name H).
  - now apply (taking_a_delta_of_an_mv_register_adds_its_events compare_name compare_value H).
  - now apply (taking_a_delta_of_an_mv_map_adds_its_events compare_name compare_value H).
  - now apply (taking_a_delta_of_a_max_register_adds_its_events compare_name Z.compare H).
  - now apply (taking_a_delta_of_a_max_register_adds_its_events compare_name
      min_register.compare H).
Qed.

(** What is open is a function of the events, so replicas that have seen the same agree on it. *)
Theorem open_decisions_converge type E F :
  incl E H ->
  NoDup E ->
  NoDup F ->
  (forall e, In e E <-> In e F) ->
  definition.decisions compare_name compare_value null type E
  = definition.decisions compare_name compare_value null type F.
Proof using happened lawful_names lawful_values.
  intros past distinct_e distinct_f same.
  assert (incl F H) as past_f by (intros e there; now apply past, same).
  rewrite <- !merge_decisions_of_an_object_are_as_defined by assumption.
  now rewrite (an_object_depends_only_on_its_events type E F).
Qed.

Theorem notices_converge user type E F :
  incl E H ->
  NoDup E ->
  NoDup F ->
  (forall e, In e E <-> In e F) ->
  definition.object_notices compare_name compare_value null type user E
  = definition.object_notices compare_name compare_value null type user F.
Proof using happened lawful_names lawful_values.
  intros past distinct_e distinct_f same.
  assert (incl F H) as past_f by (intros e there; now apply past, same).
  rewrite <- !notices_of_an_object_are_as_defined by assumption.
  now rewrite (an_object_depends_only_on_its_events type E F).
Qed.
End One_object.

(** ** All objects *)

Lemma the_union_of_one_object name (E F : list event) :
  of_object name (union_events E F) = union_events (of_object name E) (of_object name F).
Proof using lawful_names.
  unfold definition.union_events, definition.of_object. rewrite filter_app. f_equal.
  rewrite !filtering_twice. apply filter_ext. intros f.
  destruct (equal_is_equality compare_name (object_of f) name) as [<- | other];
    [| apply andb_false_r]. rewrite andb_true_r. cbn [andb]. f_equal.
  unfold has_event. induction E as [| e E IH]; [reflexivity |]. cbn [filter existsb].
  destruct (equal_is_equality compare_name (object_of e) (object_of f)) as [same | other].
  - cbn [existsb]. now rewrite IH.
  - rewrite IH. unfold same_event. rewrite (equal_either_way compare_name).
    now destruct (equal_is_equality compare_name (object_of e) (object_of f)).
Qed.

Theorem a_replica_that_has_seen_nothing_is_untouched types :
  meaning types [] = untouched types.
Proof.
  apply map_ext. intros [name type]. now rewrite an_object_that_has_seen_nothing_is_bottom.
Qed.

Lemma an_object_is_found_with_its_meaning types E name :
  find compare_name name (meaning types E)
  = match find compare_name name types with
    | Some type => Some (object_meaning type (of_object name E))
    | None => None
    end.
Proof using lawful_names.
  unfold replica.meaning.
  apply (find_in_mapped_values compare_name
    (fun entry => object_meaning (snd entry) (of_object (fst entry) E))).
Qed.

Lemma a_meaning_is_sorted types E :
  sorted compare_name (meaning types E) = sorted compare_name types.
Proof.
  apply (mapped_values_are_sorted compare_name
    (fun entry => object_meaning (snd entry) (of_object (fst entry) E))).
Qed.

Context (H : list event) (happened : histories compare_name H).

Theorem replicas_depend_only_on_the_events types E F :
  cuts compare_name H E ->
  cuts compare_name H F ->
  (forall e, In e E <-> In e F) ->
  meaning types E = meaning types F.
Proof using lawful_names lawful_values.
  intros cuts_e cuts_f same. apply map_ext. intros [name type]. cbn [fst snd]. f_equal.
  apply an_object_depends_only_on_its_events.
  - apply (cut_is_distinct _ _ (cuts_e name)).
  - apply (cut_is_distinct _ _ (cuts_f name)).
  - intros e. unfold definition.of_object. rewrite !filter_In, same. reflexivity.
Qed.

(** Vectors tell what was seen: where they are equal, so are the events, and hence the objects. *)
Theorem equal_vectors_mean_equal_objects types E F :
  cuts compare_name H E ->
  cuts compare_name H F ->
  map (fun entry => (fst entry, seen_object (snd entry))) (meaning types E)
  = map (fun entry => (fst entry, seen_object (snd entry))) (meaning types F) ->
  meaning types E = meaning types F.
Proof using happened lawful_names lawful_values.
  intros cuts_e cuts_f same. unfold replica.meaning in *. rewrite !map_map in same.
  apply map_ext_in. intros [name type] there. cbn [fst snd]. f_equal.
  assert (vector (of_object name E) = vector (of_object name F)) as vectors.
  { clear - same there. induction types as [| [name' type'] types IH]; [easy |].
    cbn in same. injection same as one rest. destruct there as [[= -> ->] | there]; [| auto].
    now rewrite !an_object_has_seen_its_events in one. }
  pose proof (happened name) as happened_here.
  apply an_object_depends_only_on_its_events;
    [apply (cut_is_distinct _ _ (cuts_e name)) | apply (cut_is_distinct _ _ (cuts_f name)) |].
  assert (forall G G' e, cuts compare_name H G -> cuts compare_name H G' ->
    vector (of_object name G) = vector (of_object name G') ->
    In e (of_object name G) -> In e (of_object name G')) as half.
  { intros G G' e cuts_g cuts_g' equal_vectors e_in.
    pose proof (cut_happened _ _ (cuts_g name) e e_in) as past.
    apply (an_event_is_in_a_cut_exactly_if_its_vector_has_it compare_name _ happened_here _ e
      (cuts_g' name) past).
    rewrite <- equal_vectors.
    now apply (an_event_is_in_a_cut_exactly_if_its_vector_has_it compare_name _ happened_here _ e
      (cuts_g name) past). }
  intros e. split; now apply half.
Qed.

Theorem joining_replicas_unites_their_events types E F :
  sorted compare_name types = true ->
  cuts compare_name H E ->
  cuts compare_name H F ->
  join compare_name compare_value (meaning types E) (meaning types F)
  = meaning types (union_events E F).
Proof using happened lawful_names lawful_values.
  intros sorts cuts_e cuts_f.
  apply (equal_finds_make_equal_maps compare_name).
  - apply (merge_is_sorted compare_name); now rewrite a_meaning_is_sorted.
  - now rewrite a_meaning_is_sorted.
  - intros name. unfold join.
    rewrite (find_in_merge compare_name) by (reflexivity || now rewrite a_meaning_is_sorted).
    rewrite !an_object_is_found_with_its_meaning.
    destruct (find compare_name name types) as [type |]; [| reflexivity]. f_equal.
    rewrite the_union_of_one_object.
    now apply (joining_objects_unites_their_events (of_object name H)).
Qed.

(** ** Counting over all objects *)

(** All events are on objects of the schema. *)
Definition declared (types : schema) (E : list event) : Prop :=
  forall e, In e E -> In (object_of e) (keys types).

Lemma counting_object_by_object (types : @schema Name) (p : event -> bool) E :
  NoDup (keys types) ->
  declared types E ->
  fold_right (fun entry total =>
    N.of_nat (length (filter p (of_object (fst entry) E))) + total) 0 types
  = N.of_nat (length (filter p E)).
Proof using lawful_names.
  intros distinct. induction E as [| e E IH]; intros all.
  - clear. induction types as [| entry types IH]; [reflexivity |]. cbn in *. lia.
  - cbn [filter].
    assert (forall ts : @schema Name, NoDup (keys ts) ->
      fold_right (fun entry total =>
        N.of_nat (length (filter p (of_object (fst entry) (e :: E)))) + total) 0 ts
      = fold_right (fun entry total =>
        N.of_nat (length (filter p (of_object (fst entry) E))) + total) 0 ts
        + (if p e then if existsb (equal compare_name (object_of e)) (keys ts) then 1 else 0
           else 0)) as one_more.
    { clear IH all distinct. induction ts as [| [name type] ts IH]; intros distinct;
        [now destruct (p e) |].
      inversion distinct as [| ? ? new distinct']; subst. specialize (IH distinct').
      cbn [fold_right fst keys map existsb].
      change (map fst ts) with (keys ts) in *.
      rewrite IH. unfold definition.of_object at 1. cbn [filter].
      fold (of_object name E).
      destruct (equal_is_equality compare_name (object_of e) name) as [<- | other].
      - assert (existsb (equal compare_name (object_of e)) (keys ts) = false) as ->.
        { apply not_true_iff_false. rewrite existsb_exists. intros (x & there & same).
          destruct (equal_is_equality compare_name (object_of e) x) as [found |]; [| easy].
          now rewrite found in new. }
        cbn [filter orb]. destruct (p e); cbn [length]; lia.
      - cbn [orb]. destruct (p e); [destruct (existsb _ (keys ts)) |]; lia. }
    rewrite one_more by exact distinct.
    rewrite IH by (intros f there; apply all; now right).
    assert (existsb (equal compare_name (object_of e)) (keys types) = true) as ->.
    { apply existsb_exists. exists (object_of e). split; [apply all; now left |].
      apply (equal_to_itself compare_name). }
    destruct (p e); cbn [length]; lia.
Qed.

Lemma the_objects_count_the_events types E name :
  sorted compare_name types = true ->
  cuts compare_name H E ->
  declared types E ->
  replica.seen_of compare_name name (meaning types E)
  = definition.seen_of compare_name name E.
Proof using happened lawful_names.
  intros sorts cuts_e all. unfold definition.seen_of.
  rewrite <- (counting_object_by_object types) by
    (assumption || now apply (rising_lists_have_no_repeats compare_name)).
  unfold replica.meaning, replica.seen_of. clear sorts all.
  induction types as [| [n type] types IH]; [reflexivity |].
  cbn [map fold_right fst snd]. rewrite IH. f_equal.
  rewrite an_object_has_seen_its_events.
  now apply (the_vector_of_a_cut_counts_its_events compare_name (of_object n H)).
Qed.

Theorem the_state_vector_is_that_of_the_definition types E :
  sorted compare_name types = true ->
  cuts compare_name H E ->
  declared types E ->
  vector_of compare_name (meaning types E) = definition.vector compare_name E.
Proof using happened lawful_names.
  intros sorts cuts_e all. unfold vector_of, definition.vector, known.
  rewrite (map_ext _ (fun name => (name, definition.seen_of compare_name name E)))
    by (intros name; now rewrite the_objects_count_the_events).
  f_equal. apply (equal_content_makes_equal_rising_lists compare_name);
    try apply (set_of_is_rising compare_name).
  intros name. rewrite !(in_set_of compare_name), in_flat_map, in_map_iff. split.
  - intros ([n x] & there & ([o count] & <- & counted)%in_map_iff).
    unfold replica.meaning in there.
    apply in_map_iff in there as ([n' type] & [= -> <-] & _). cbn [fst snd] in *.
    rewrite an_object_has_seen_its_events in counted.
    pose proof (version_vector_proof.of_dots_is_well_formed compare_name
      (map dot_of (of_object n E))) as good.
    apply (found_means_in (compare_origin compare_name)) in counted;
      [| now apply version_vector_proof.well_formed_vectors_are_sorted].
    assert (1 <= count) as positive by
      now apply (version_vector_proof.well_formed_vectors_have_no_zero compare_name _ o _ good).
    assert (In (Dot o (version_vector.get compare_name o (vector (of_object n E))))
      (map dot_of (of_object n E))) as reached.
    { apply every_count_is_reached; [assumption |]. unfold version_vector.get.
      rewrite counted. lia. }
    apply in_map_iff in reached as (e & is_last & [there _]%filter_In).
    exists e. split; [| exact there]. unfold replica_of. now rewrite is_last.
  - intros (e & <- & there).
    pose proof (all e there) as (entry & same & listed)%in_map_iff.
    exists (fst entry, object_meaning (snd entry) (of_object (fst entry) E)). split.
    + unfold replica.meaning. now apply (in_map (fun entry =>
        (fst entry, object_meaning (snd entry) (of_object (fst entry) E)))).
    + cbn [snd]. rewrite an_object_has_seen_its_events.
      assert (In e (of_object (fst entry) E)) as here.
      { apply filter_In. split; [exact there |]. rewrite <- same.
        apply (equal_to_itself compare_name). }
      pose proof (every_dot_is_counted compare_name (map dot_of (of_object (fst entry) E))
        (dot_of e) (in_map dot_of _ _ here)) as counted.
      pose proof (counters_start_at_1 _ _ (happened (fst entry)) e
        (cut_happened _ _ (cuts_e (fst entry)) e here)) as positive.
      unfold version_vector.get in counted.
      destruct (find _ (dot_origin (dot_of e)) _) as [count |] eqn:found; [| lia].
      apply in_map_iff. exists (dot_origin (dot_of e), count). split; [reflexivity |].
      now apply what_is_found_is_there in found.
Qed.

Theorem performing_adds_the_event types type E e :
  sorted compare_name types = true ->
  cuts compare_name H E ->
  declared types E ->
  find compare_name (object_of e) types = Some type ->
  allows type (operation_of e) = true ->
  In e H ->
  saw_exactly compare_name e (of_object (object_of e) E) ->
  seq_of e = definition.seen_of compare_name (replica_of e) E + 1 ->
  perform compare_name compare_value (object_of e) (operation_of e) (user_of e)
    (Replica (dot_origin (dot_of e)) (meaning types E))
  = Some (Replica (dot_origin (dot_of e)) (meaning types (e :: E))).
Proof using happened lawful_names lawful_values.
  intros sorts cuts_e all typed allowed e_in saw_it numbered. unfold perform. cbn [held self].
  rewrite an_object_is_found_with_its_meaning, typed.
  rewrite the_objects_count_the_events by assumption.
  change (replica (dot_origin (dot_of e))) with (replica_of e). rewrite <- numbered.
  assert (In e (of_object (object_of e) H)) as here.
  { apply filter_In. split; [exact e_in |]. apply (equal_to_itself compare_name). }
  rewrite (performing_on_an_object_adds_the_event (of_object (object_of e) H)) by auto.
  rewrite allowed. do 2 f_equal.
  apply (equal_finds_make_equal_maps compare_name).
  - apply (set_is_sorted compare_name). now rewrite a_meaning_is_sorted.
  - now rewrite a_meaning_is_sorted.
  - intros name. rewrite (find_in_set compare_name) by now rewrite a_meaning_is_sorted.
    rewrite !an_object_is_found_with_its_meaning. unfold definition.of_object. cbn [filter].
    rewrite (equal_either_way compare_name name).
    destruct (equal_is_equality compare_name (object_of e) name) as [<- | other];
      [now rewrite typed | reflexivity].
Qed.

Theorem notices_of_a_replica_are_as_defined types user E :
  cuts compare_name H E ->
  notices compare_name compare_value null user (meaning types E)
  = all_notices compare_name compare_value null types user E.
Proof using happened lawful_names lawful_values.
  intros cuts_e. unfold notices, all_notices, replica.meaning.
  rewrite !flat_map_concat_map, map_map. f_equal. apply map_ext. intros [name type].
  cbn [fst snd]. f_equal.
  apply (notices_of_an_object_are_as_defined (of_object name H)); auto.
  - apply (cut_happened _ _ (cuts_e name)).
  - apply (cut_is_distinct _ _ (cuts_e name)).
Qed.

(** ** Deltas *)

Theorem applying_deltas_adds_the_events types vs E F :
  sorted compare_name types = true ->
  sorted compare_name vs = true ->
  cuts compare_name H E ->
  cuts compare_name H F ->
  (forall name v,
    In name (keys types) ->
    find compare_name name vs = Some v ->
    version_vector.covers compare_name (vector (of_object name F)) v = true) ->
  apply compare_name compare_value (deltas_since compare_name vs (meaning types E))
    (meaning types F)
  = Some (meaning types (union_events (on_objects_of compare_name vs E) F)).
Proof using happened lawful_names lawful_values.
  intros sorts sorts_vs cuts_e cuts_f covered.
  assert (forall E, sorted compare_name (meaning types E) = true) as sorts_meaning
    by (intros; now rewrite a_meaning_is_sorted).
  set (ds := deltas_since compare_name vs (meaning types E)).
  assert (sorted compare_name ds = true) as sorts_ds by now apply (merge_is_sorted compare_name).
  assert (forall name, find compare_name name ds =
    match find compare_name name types, find compare_name name vs with
    | Some type, Some v =>
        Some (Delta v (part_since compare_name v (object_meaning type (of_object name E))))
    | _, _ => None
    end) as in_ds.
  { intros name. unfold ds, deltas_since.
    rewrite (find_in_merge compare_name) by (reflexivity || auto).
    rewrite an_object_is_found_with_its_meaning.
    now destruct (find compare_name name types). }
  unfold apply.
  assert (accepts_all compare_name ds (meaning types F) = true) as ->.
  { unfold accepts_all. apply (forallb_means_all_found compare_name); [exact sorts_ds |].
    intros name d. rewrite in_ds. cbn [fst snd].
    rewrite an_object_is_found_with_its_meaning.
    destruct (find compare_name name types) as [type |] eqn:typed; [| easy].
    destruct (find compare_name name vs) as [v |] eqn:listed; [| easy].
    intros [= <-]. unfold accepts. cbn [since]. rewrite an_object_has_seen_its_events.
    apply covered; [| exact listed]. apply (found_means_key compare_name); congruence. }
  f_equal. apply (equal_finds_make_equal_maps compare_name); auto.
  - now apply (merge_is_sorted compare_name).
  - intros name. rewrite (find_in_merge compare_name) by (reflexivity || auto).
    rewrite in_ds, !an_object_is_found_with_its_meaning.
    destruct (find compare_name name types) as [type |] eqn:typed; [| reflexivity].
    rewrite the_union_of_one_object.
    assert (of_object name (on_objects_of compare_name vs E)
      = match find compare_name name vs with
        | Some _ => of_object name E
        | None => []
        end) as ->.
    { unfold on_objects_of, definition.of_object. rewrite filtering_twice.
      destruct (find compare_name name vs) as [v |] eqn:listed.
      - apply filter_ext. intros e.
        destruct (equal_is_equality compare_name (object_of e) name) as [-> |];
          [now rewrite listed | apply andb_false_r].
      - apply filtering_none. intros e _.
        destruct (equal_is_equality compare_name (object_of e) name) as [-> |];
          [now rewrite listed | apply andb_false_r]. }
    destruct (find compare_name name vs) as [v |] eqn:listed; f_equal; cbn [part].
    + apply (taking_a_delta_of_an_object_adds_its_events (of_object name H)); auto.
      rewrite an_object_has_seen_its_events. apply covered; [| exact listed].
      apply (found_means_key compare_name); congruence.
    + unfold definition.union_events. cbn [app]. now rewrite filtering_all.
Qed.
End Replica.
