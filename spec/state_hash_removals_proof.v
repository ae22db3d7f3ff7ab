(** Records of removals and the state hash.

    What is shown: the content hash stays when the records of a removed key are dropped, and no value,
    open merge decision or notice shows that they were. Definitions: [state_hash.v]. *)

From Coq Require Import List Bool NArith BinInt Lia Permutation.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof state_hash.
From Rejoin Require definition_proof.
From Rejoin Require version_vector decisions g_counter lww_register or_set lww_map log replica.
From Rejoin Require definition decisions_proof.
From Rejoin Require Import or_set_proof log_proof.
From Rejoin Require Import state_hash_codes_proof state_hash_records_proof state_hash_tree_proof state_hash_objects_proof.
Import ListNotations.
Open Scope N_scope.

Section State_hash.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Context (null : Value).
Context (name_bytes : Name -> bytes) (value_bytes : Value -> bytes).
Context (hash : domain -> bytes -> bytes).
Context (names_differ : forall a b, name_bytes a = name_bytes b -> a = b).
Context (values_differ : forall a b, value_bytes a = value_bytes b -> a = b).
Context (one_length : forall d m, length (hash d m) = digest_length).
Existing Instance messages_are_ordered.
Local Notation object_hash :=
  (object_hash compare_name compare_value null name_bytes value_bytes hash).
Local Notation well_formed_object := (replica.well_formed_object compare_name compare_value).
Local Notation known_of_register := (known_of_register (Name := Name) (Value := Value)).

(** ** Records of removals may go, and the hash of the content stays *)

Lemma dropping_removals_keeps_the_content rs ss :
  (forall r, In (false, r) rs <-> In (false, r) ss) ->
  select false rs = select false ss.
Proof.
  intros same. apply (equal_content_makes_equal_rising_lists compare_record);
    try apply select_is_rising.
  intros r. now rewrite !in_select.
Qed.

Section Dropping.
Context {Effect : Type}.
Local Notation decision := (decisions.decision Name Effect).

Lemma filtering_knowledge (keeps : Name -> bool)
    (m : sorted_map Name (sorted_set decision)) (w : sorted_map Name decision) :
  sorted compare_name m = true ->
  sorted compare_name w = true ->
  known_of compare_name (filter (fun entry => keeps (fst entry)) m)
    (filter (fun entry => keeps (fst entry)) w)
  = filter (fun entry => keeps (fst entry)) (known_of compare_name m w).
Proof using lawful_names.
  intros sorts sorts'. apply (equal_finds_make_equal_maps compare_name).
  - apply known_is_sorted; auto using filter_is_sorted.
  - apply filter_is_sorted; auto using known_is_sorted.
  - intros k. rewrite known_is_found by auto using filter_is_sorted.
    rewrite !(find_in_filter compare_name), known_is_found by auto using known_is_sorted.
    cbn [fst].
    now destruct (find compare_name k m), (find compare_name k w); destruct (keeps k).
Qed.

Lemma dropping_a_removal_keeps_the_content compare_effect effect_bytes
    (is_gone : Effect -> bool) key (m : sorted_map Name (known (Effect := Effect))) r :
  sorted compare_name m = true ->
  (forall x, find compare_name key m = Some x -> is_removal is_gone x = true) ->
  let to_records :=
    keyed_records compare_name name_bytes compare_effect name_bytes effect_bytes is_gone in
  In (false, r)
    (to_records (filter (fun entry => negb (equal compare_name (fst entry) key)) m))
  <-> In (false, r) (to_records m).
Proof using lawful_names.
  intros sorts gone. cbv zeta. unfold keyed_records. rewrite !in_map_iff.
  split; intros (entry & same & there).
  - apply filter_In in there as [there _]. now exists entry.
  - exists entry. split; [exact same |]. apply filter_In. split; [exact there |].
    destruct entry as [k x]. cbn [fst snd] in *.
    destruct (equal_is_equality compare_name k key) as [-> | _]; [| reflexivity].
    rewrite gone in same; [easy |]. now apply (found_means_in compare_name).
Qed.
End Dropping.

Theorem the_content_hash_stays_when_removals_are_dropped key x :
  well_formed_object x = true ->
  only_removals_at compare_name compare_value null key x = true ->
  object_hash false (drop compare_name key x) = object_hash false x.
Proof using lawful_names lawful_values.
  intros good gone. unfold state_hash.object_hash.
  assert (tag (drop compare_name key x) = tag x) as ->.
  { now destruct x, key. }
  do 2 f_equal. f_equal. apply dropping_removals_keeps_the_content. intros r.
  destruct x as [s | s | s | s | s | | | | | | | |], key as [k |]; try reflexivity;
    cbn [only_removals_at] in gone.
  - cbn [drop state_hash.records]. split; [easy |]. intros there. unfold keyed_records in there.
    apply in_map_iff in there as ([[] known] & same & there).
    pose proof (proj2 (proj1 (decisions_proof.well_formed_means compare_name compare_unit
      compare_value (lww_register.decisions s)) good)) as keys.
    assert (sorted compare_unit (known_of_register s) = true) as sorts.
    { apply (known_is_sorted compare_unit); [exact (proj1 (andb_prop _ _ keys)) |].
      now destruct (lww_register.winner s). }
    apply (found_means_in compare_unit) in there; [| exact sorts].
    rewrite there in gone. injection same as removal _. cbn [snd] in removal. congruence.
  - pose proof (proj2 (proj1 (decisions_proof.well_formed_means compare_name compare_name
      definition.compare_presence s) good)) as keys.
    pose proof (proj1 (andb_prop _ _ keys)) as sorts.
    cbn [drop state_hash.records]. unfold state_hash.known_of_set. cbn [decisions.maximal].
    pose proof (filtering_knowledge (fun name => negb (equal compare_name name k))
      (decisions.maximal s) [] sorts eq_refl) as filtered.
    cbn [filter] in filtered. rewrite filtered.
    apply dropping_a_removal_keeps_the_content; [now apply known_is_sorted |].
    intros found at_k. unfold state_hash.known_of_set in gone. now rewrite at_k in gone.
  - pose proof (andb_prop _ _ good) as [good_keys sorts'].
    pose proof (proj2 (proj1 (decisions_proof.well_formed_means compare_name compare_name
      compare_value (lww_map.decisions s)) good_keys)) as keys.
    pose proof (proj1 (andb_prop _ _ keys)) as sorts.
    cbn [drop state_hash.records]. unfold state_hash.known_of_map.
    cbn [lww_map.decisions lww_map.winners decisions.maximal].
    rewrite (filtering_knowledge (fun name => negb (equal compare_name name k))
      (decisions.maximal (lww_map.decisions s)) (lww_map.winners s) sorts sorts').
    apply dropping_a_removal_keeps_the_content; [now apply known_is_sorted |].
    intros found at_k. unfold state_hash.known_of_map in gone. now rewrite at_k in gone.
Qed.

(** *** What is dropped shows in no answer *)

Lemma filtered_parts_are_enough {A B : Type} (f g : A -> list B) (keeps : A -> bool) items :
  (forall x, In x items -> keeps x = true -> f x = g x) ->
  (forall x, In x items -> keeps x = false -> g x = []) ->
  flat_map f (filter keeps items) = flat_map g items.
Proof.
  induction items as [| x items IH]; intros same none; [reflexivity |]. cbn [filter flat_map].
  rewrite <- IH by (intros y there; (apply same || apply none); now right).
  destruct (keeps x) eqn:kept; cbn [flat_map].
  - now rewrite (same x (or_introl eq_refl) kept).
  - now rewrite (none x (or_introl eq_refl) kept).
Qed.

Lemma filtering_what_is_kept {A : Type} (p q : A -> bool) items :
  (forall x, In x items -> q x = false -> p x = false) ->
  filter p (filter q items) = filter p items.
Proof.
  induction items as [| x items IH]; intros same; [reflexivity |]. cbn [filter].
  destruct (q x) eqn:kept; cbn [filter]; rewrite IH by (intros y there; apply same; now right);
    [reflexivity |].
  now rewrite (same x (or_introl eq_refl) kept).
Qed.

Lemma flat_map_nothing {A B : Type} (f : A -> list B) items :
  (forall x, In x items -> f x = []) -> flat_map f items = [].
Proof.
  induction items as [| x items IH]; intros none; [reflexivity |]. cbn [flat_map].
  rewrite none by now left. apply IH. intros y there. apply none. now right.
Qed.

Section Unseen.
Context {K Effect : Type}.
Context (compare_key : K -> K -> comparison) {lawful_keys : ordered compare_key}.
Context (compare_effect : Effect -> Effect -> comparison) {lawful_effects : ordered compare_effect}.
Local Notation decision := (decisions.decision Name Effect).

Lemma removals_of_a_key_are_gone (is_gone : Effect -> bool)
    (m : sorted_map K (sorted_set decision)) (w : sorted_map K decision) k :
  sorted compare_key m = true ->
  sorted compare_key w = true ->
  match find compare_key k (known_of compare_key m w) with
  | Some found => is_removal is_gone found
  | None => true
  end = true ->
  (forall ds d, In (k, ds) m -> In d ds -> is_gone (decisions.effect d) = true)
  /\ (forall d, In (k, d) w -> is_gone (decisions.effect d) = true).
Proof using lawful_keys.
  intros sorts sorts'. rewrite known_is_found by assumption.
  unfold is_removal, all_of. intros gone. split.
  - intros ds d there d_in. apply (found_means_in compare_key) in there; [| exact sorts].
    rewrite there in gone. cbn [fst snd or_empty] in gone.
    rewrite forallb_forall in gone. apply gone, in_app_iff. now left.
  - intros d there. apply (found_means_in compare_key) in there; [| exact sorts'].
    rewrite there in gone.
    destruct (find compare_key k m); cbn [fst snd or_empty] in gone;
      rewrite forallb_forall in gone; apply gone, in_app_iff; right; now left.
Qed.

Lemma effects_that_are_current_are_not_overruled (current : Effect) (ds : list decision) :
  (forall d, In d ds -> decisions.effect d = current) ->
  decisions.overruled compare_effect current ds = [].
Proof using lawful_effects.
  intros all. unfold decisions.overruled. induction ds as [| d ds IH]; [reflexivity |].
  cbn [filter]. unfold decisions.takes_effect at 1.
  rewrite (all d (or_introl eq_refl)), (equal_to_itself compare_effect). cbn [negb].
  apply IH. intros d' there. apply all. now right.
Qed.
End Unseen.

Lemma a_null_is_the_null v : is_null compare_value null v = true -> v = null.
Proof using lawful_values.
  unfold is_null. now destruct (equal_is_equality compare_value v null).
Qed.

(** Sketch: of the key all that is left are removals, so that its current effect is that there is nothing.
    Each removal has this effect, so none is overruled and none is reported; without the key the
    answer there is the same, and at other keys nothing changes. *)
Theorem what_is_dropped_shows_in_no_answer key user x :
  well_formed_object x = true ->
  only_removals_at compare_name compare_value null key x = true ->
  let after := drop compare_name key x in
  replica.value compare_value null after = replica.value compare_value null x
  /\ replica.merge_decisions compare_name compare_value null after
     = replica.merge_decisions compare_name compare_value null x
  /\ replica.object_notices compare_name compare_value null user after
     = replica.object_notices compare_name compare_value null user x.
Proof using lawful_names lawful_values.
  intros good gone.
  destruct x as [s | s | s | s | s | | | | | | | |], key as [k |]; try (now cbn);
    cbn [only_removals_at] in gone.
  - pose proof (proj2 (proj1 (decisions_proof.well_formed_means compare_name compare_unit
      compare_value (lww_register.decisions s)) good)) as keys.
    apply (removals_of_a_key_are_gone compare_unit) in gone as [gone gone_winner];
      [| exact (proj1 (andb_prop _ _ keys)) | now destruct (lww_register.winner s)].
    assert (lww_register.value null s = null) as is_null_now.
    { unfold lww_register.value. destruct (lww_register.winner s) as [w |]; [| reflexivity].
      apply a_null_is_the_null, gone_winner. now left. }
    assert (forall k ds, In (k, ds) (decisions.maximal (lww_register.decisions s)) ->
      decisions.overruled compare_value (lww_register.current null s k) ds = []) as none.
    { intros [] ds there. apply (effects_that_are_current_are_not_overruled compare_value).
      intros d d_in. unfold lww_register.current. rewrite is_null_now.
      apply a_null_is_the_null. now apply (gone ds). }
    cbn [drop replica.value replica.merge_decisions replica.object_notices].
    unfold lww_register.merge_decisions, lww_register.notices, decisions.merge_decisions,
      decisions.notices.
    rewrite is_null_now. split; [reflexivity |].
    cbn [lww_register.decisions decisions.maximal flat_map map].
    split.
    + rewrite flat_map_nothing; [reflexivity |].
      intros [k ds] there. unfold decisions.open_decision. now rewrite (none k ds there).
    + rewrite flat_map_nothing; [reflexivity |].
      intros [k ds] there. cbn [fst snd]. now rewrite (none k ds there).
  - pose proof (proj2 (proj1 (decisions_proof.well_formed_means compare_name compare_name
      definition.compare_presence s) good)) as keys.
    pose proof (proj1 (andb_prop _ _ keys)) as sorts.
    apply (removals_of_a_key_are_gone compare_name) in gone as [gone _]; [| exact sorts | reflexivity].
    set (keeps := fun entry : Name * list (decisions.decision Name definition.presence) =>
      negb (equal compare_name (fst entry) k)).
    set (after := decisions.State (or_set.seen s) (filter keeps (decisions.maximal s))).
    assert (forall ds, In (k, ds) (decisions.maximal s) ->
      existsb (or_set.is_add (Name := Name)) ds = false) as no_add.
    { intros ds there. apply not_true_iff_false. intros added.
      apply existsb_exists in added as (d & d_in & added). specialize (gone ds d there d_in).
      unfold or_set.is_add, decisions.takes_effect in added.
      now destruct (decisions.effect d). }
    assert (or_set.contains compare_name k s = false) as absent.
    { unfold or_set.contains, decisions.frontier.
      destruct (find compare_name k (decisions.maximal s)) as [ds |] eqn:there; [| reflexivity].
      apply no_add. now apply (found_means_in compare_name). }
    assert (forall ds, In (k, ds) (decisions.maximal s) ->
      decisions.overruled definition.compare_presence (or_set.current compare_name s k) ds = [])
      as none.
    { intros ds there. apply (effects_that_are_current_are_not_overruled definition.compare_presence).
      intros d d_in. unfold or_set.current. rewrite absent. specialize (gone ds d there d_in).
      now destruct (decisions.effect d). }
    assert (forall entry, keeps entry = true ->
      or_set.current compare_name after (fst entry) = or_set.current compare_name s (fst entry))
      as same.
    { intros entry kept. unfold or_set.current, or_set.contains, decisions.frontier.
      cbn [decisions.maximal after]. rewrite (find_in_filter compare_name) by exact sorts.
      unfold keeps in kept |- *. cbn [fst].
      destruct (find compare_name (fst entry) (decisions.maximal s)); [| reflexivity].
      now rewrite kept. }
    assert (forall entry, keeps entry = false -> fst entry = k) as dropped.
    { intros entry kept. unfold keeps in kept.
      now destruct (equal_is_equality compare_name (fst entry) k). }
    change (drop compare_name (Some k) (replica.A_set s))
      with (replica.A_set (Value := Value) after).
    cbn [replica.value replica.merge_decisions replica.object_notices].
    split; [| split].
    + f_equal. unfold or_set.value. f_equal. apply filtering_what_is_kept.
      intros [k' ds] there kept.
      apply dropped in kept. cbn [fst] in kept. subst k'. now apply no_add.
    + f_equal. apply filtered_parts_are_enough; intros [k' ds] there kept.
      * pose proof (same (k', ds) kept) as current. cbn [fst] in current.
        unfold decisions.open_decision. now rewrite current.
      * apply dropped in kept. cbn [fst] in kept. subst k'. unfold decisions.open_decision.
        now rewrite (none ds there).
    + f_equal. apply filtered_parts_are_enough; intros [k' ds] there kept.
      * pose proof (same (k', ds) kept) as current. cbn [fst snd] in *. now rewrite current.
      * apply dropped in kept. cbn [fst snd] in *. subst k'. now rewrite (none ds there).
  - pose proof (andb_prop _ _ good) as [good_keys sorts'].
    pose proof (proj2 (proj1 (decisions_proof.well_formed_means compare_name compare_name
      compare_value (lww_map.decisions s)) good_keys)) as keys.
    pose proof (proj1 (andb_prop _ _ keys)) as sorts.
    apply (removals_of_a_key_are_gone compare_name) in gone as [gone gone_winner];
      [| exact sorts | exact sorts'].
    set (after := drop compare_name (Some k) (replica.A_map s)).
    assert (forall name, name <> k -> find compare_name name
      (filter (fun entry => negb (equal compare_name (fst entry) k)) (lww_map.winners s))
      = find compare_name name (lww_map.winners s)) as finds.
    { intros name other. rewrite (find_in_filter compare_name) by exact sorts'. cbn [fst].
      destruct (find compare_name name (lww_map.winners s)); [| reflexivity].
      now destruct (equal_is_equality compare_name name k). }
    assert (lww_map.get compare_name null s k = null) as absent.
    { unfold lww_map.get. destruct (find compare_name k (lww_map.winners s)) as [d |] eqn:there;
        [| reflexivity].
      apply a_null_is_the_null, gone_winner. now apply (found_means_in compare_name). }
    assert (forall ds, In (k, ds) (decisions.maximal (lww_map.decisions s)) ->
      decisions.overruled compare_value (lww_map.get compare_name null s k) ds = []) as none.
    { intros ds there. apply (effects_that_are_current_are_not_overruled compare_value).
      intros d d_in. rewrite absent. apply a_null_is_the_null. now apply (gone ds). }
    subst after.
    cbn [drop replica.value replica.merge_decisions replica.object_notices].
    split; [| split].
    + f_equal. unfold lww_map.value. cbn [lww_map.winners]. clear - lawful_names lawful_values gone_winner.
      induction (lww_map.winners s) as [| [k' d] w IH]; [reflexivity |]. cbn [filter map fst snd].
      rewrite <- IH by (intros d' there; apply gone_winner; now right).
      destruct (equal_is_equality compare_name k' k) as [-> |]; cbn [negb]; [| reflexivity].
      pose proof (gone_winner d (or_introl eq_refl)) as is_gone. unfold is_null in is_gone.
      now rewrite is_gone.
    + f_equal. apply filtered_parts_are_enough; intros [k' ds] there kept; cbn [fst] in kept.
      * destruct (equal_is_equality compare_name k' k) as [| other]; [easy |].
        unfold decisions.open_decision, lww_map.get. cbn [lww_map.winners]. now rewrite finds.
      * destruct (equal_is_equality compare_name k' k) as [-> |]; [| easy].
        unfold decisions.open_decision. now rewrite (none ds there).
    + f_equal. apply filtered_parts_are_enough; intros [k' ds] there kept; cbn [fst snd] in *.
      * destruct (equal_is_equality compare_name k' k) as [| other]; [easy |].
        unfold lww_map.get. cbn [lww_map.winners]. now rewrite finds.
      * destruct (equal_is_equality compare_name k' k) as [-> |]; [| easy].
        now rewrite (none ds there).
Qed.
End State_hash.
