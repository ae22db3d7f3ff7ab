(** Replicas: the product of lattices is one, and an operation equals applying its deltas. *)

From Coq Require Import List Bool NArith BinInt.
From Rejoin Require Import order lattice sorted_map dot delta replica.
From Rejoin Require Import order_proof sorted_map_proof lattice_proof dot_proof.
From Rejoin Require version_vector definition decisions.
From Rejoin Require g_counter lww_register or_set lww_map log.
From Rejoin Require version_vector_proof decisions_proof.
From Rejoin Require g_counter_proof lww_register_proof or_set_proof lww_map_proof log_proof.
From Rejoin Require pn_counter rw_set ew_flag dw_flag mv_register mv_map.
From Rejoin Require max_register min_register pn_counter_proof max_register_proof.
Import ListNotations.
Local Open Scope N_scope.
Import or_set_proof (presences_are_ordered).

Local Instance least_is_ordered : ordered min_register.compare :=
  turned_orders_are_ordered _ integers_are_ordered.

Section Replica.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {name_lawful : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {value_lawful : ordered compare_value}.
Local Notation object := (object Name Value).
Local Notation objects := (objects Name Value).
Local Notation state := (state Name Value).
Local Notation operation := (definition.operation Name Value).
Local Notation compare_presence := definition.compare_presence.
Local Notation decisions_are_a_lattice := decisions_proof.decisions_are_a_lattice.
Local Notation well_formed_object := (well_formed_object compare_name compare_value).
Local Notation fits := (fits compare_name).
Local Notation well_formed := (well_formed compare_name compare_value).
Local Notation covered_object := (covered_object (Value := Value) compare_name).
Local Notation covered := (covered (Value := Value) compare_name).
Local Notation join_object := (join_object compare_name compare_value).
Local Notation join := (join compare_name compare_value).
Local Notation perform_on := (perform_on compare_name compare_value).
Local Notation perform := (perform compare_name compare_value).
Local Notation part_since := (part_since compare_name).
Local Notation take_part := (take_part compare_name compare_value).
Local Notation deltas_since := (deltas_since compare_name).
Local Notation accepts_all := (accepts_all compare_name).
Local Notation apply_deltas := (replica.apply compare_name compare_value).

(** ** T1 of one object *)

Lemma same_type_means_equal s t : same_type s t = true <-> s = t.
Proof. destruct s, t; cbn; split; congruence. Qed.

(** Whether it is a well-formed object of this type. *)
Definition well_formed_of (type : definition.object_type) (x : object) : bool :=
  well_formed_object x && same_type type (type_of x).

Theorem objects_of_one_type_are_a_lattice type :
  lattice (well_formed_of type) (bottom_object type) join_object.
Proof.
  assert (wrapped : forall x, well_formed_of type x = true ->
    match type with
    | definition.G_counter => exists s, x = A_counter s
    | definition.Lww_register => exists s, x = A_register s
    | definition.Or_set => exists s, x = A_set s
    | definition.Lww_map => exists s, x = A_map s
    | definition.Log => exists s, x = A_log s
    | definition.Pn_counter => exists s, x = A_pn_counter s
    | definition.Rw_set => exists s, x = An_rw_set s
    | definition.Ew_flag => exists s, x = An_ew_flag s
    | definition.Dw_flag => exists s, x = A_dw_flag s
    | definition.Mv_register => exists s, x = An_mv_register s
    | definition.Mv_map => exists s, x = An_mv_map s
    | definition.Max_register => exists s, x = A_max_register s
    | definition.Min_register => exists s, x = A_min_register s
    end).
  { unfold well_formed_of. intros x good. apply andb_true_iff in good as [_ same].
    destruct type, x; try discriminate same; eexists; reflexivity. }
  destruct type; cbn [bottom_object].
  - apply (wrapped_lattices_are_a_lattice A_counter _ _ wrapped (fun _ => andb_true_r _)
      (fun _ _ => eq_refl) (g_counter_proof.g_counters_are_a_lattice compare_name)).
  - apply (wrapped_lattices_are_a_lattice A_register _ _ wrapped (fun _ => andb_true_r _)
      (fun _ _ => eq_refl)
      (lww_register_proof.lww_registers_are_a_lattice compare_name compare_value)).
  - apply (wrapped_lattices_are_a_lattice A_set _ _ wrapped (fun _ => andb_true_r _)
      (fun _ _ => eq_refl) (or_set_proof.or_sets_are_a_lattice compare_name)).
  - apply (wrapped_lattices_are_a_lattice A_map _ _ wrapped (fun _ => andb_true_r _)
      (fun _ _ => eq_refl) (lww_map_proof.lww_maps_are_a_lattice compare_name compare_value)).
  - apply (wrapped_lattices_are_a_lattice A_log _ _ wrapped (fun _ => andb_true_r _)
      (fun _ _ => eq_refl) (log_proof.logs_are_a_lattice compare_name compare_value)).
  - apply (wrapped_lattices_are_a_lattice A_pn_counter _ _ wrapped (fun _ => andb_true_r _)
      (fun _ _ => eq_refl) (pn_counter_proof.pn_counters_are_a_lattice compare_name)).
  - apply (wrapped_lattices_are_a_lattice An_rw_set _ _ wrapped (fun _ => andb_true_r _)
      (fun _ _ => eq_refl)
      (decisions_are_a_lattice compare_name compare_name compare_presence)).
  - apply (wrapped_lattices_are_a_lattice An_ew_flag _ _ wrapped (fun _ => andb_true_r _)
      (fun _ _ => eq_refl)
      (decisions_are_a_lattice compare_name compare_unit compare_presence)).
  - apply (wrapped_lattices_are_a_lattice A_dw_flag _ _ wrapped (fun _ => andb_true_r _)
      (fun _ _ => eq_refl)
      (decisions_are_a_lattice compare_name compare_unit compare_presence)).
  - apply (wrapped_lattices_are_a_lattice An_mv_register _ _ wrapped (fun _ => andb_true_r _)
      (fun _ _ => eq_refl) (decisions_are_a_lattice compare_name compare_unit compare_value)).
  - apply (wrapped_lattices_are_a_lattice An_mv_map _ _ wrapped (fun _ => andb_true_r _)
      (fun _ _ => eq_refl) (decisions_are_a_lattice compare_name compare_name compare_value)).
  - apply (wrapped_lattices_are_a_lattice A_max_register _ _ wrapped (fun _ => andb_true_r _)
      (fun _ _ => eq_refl)
      (max_register_proof.max_registers_are_a_lattice compare_name Z.compare)).
  - apply (wrapped_lattices_are_a_lattice A_min_register _ _ wrapped (fun _ => andb_true_r _)
      (fun _ _ => eq_refl)
      (max_register_proof.max_registers_are_a_lattice compare_name min_register.compare)).
Qed.

(** ** T1 of all objects *)

Lemma an_object_fits_if_it_has_the_declared_type (types : schema) name (x : object) :
  fits types (name, x) = true <-> find compare_name name types = Some (type_of x).
Proof.
  unfold replica.fits. cbn. destruct (find compare_name name types) as [type |].
  - rewrite same_type_means_equal. split; congruence.
  - easy.
Qed.

Theorem objects_are_a_lattice (types : schema) : lattice (well_formed types) bottom join.
Proof.
  apply (maps_are_a_lattice compare_name
    (fun entry => well_formed_object (snd entry) && fits types entry)).
  intros name. destruct (find compare_name name types) as [type |] eqn:declared.
  - eapply lattices_depend_on_what_is_well_formed;
      [| exact (values_that_may_be_missing_are_a_lattice
           (objects_of_one_type_are_a_lattice type))].
    intros [x |]; [| reflexivity]. cbn. unfold replica.fits. cbn. now rewrite declared.
  - split; intros;
      repeat match goal with x : option object |- _ => destruct x as [x |] end;
      cbn in *; try reflexivity;
      unfold replica.fits in *; cbn in *; rewrite declared, andb_false_r in *; discriminate.
Qed.

(** ** What a well-formed state has *)

Lemma names_are_sorted types (xs : objects) :
  well_formed types xs = true ->
  sorted compare_name xs = true.
Proof. apply well_formed_maps_are_sorted. Qed.

Lemma what_is_held_is_well_formed types (xs : objects) name x :
  well_formed types xs = true ->
  find compare_name name xs = Some x ->
  well_formed_object x = true /\ find compare_name name types = Some (type_of x).
Proof.
  intros good found.
  pose proof (well_formed_maps_have_well_formed_values compare_name
    (fun entry => well_formed_object (snd entry) && fits types entry) xs name good) as fine.
  rewrite found in fine. cbn in fine. apply andb_true_iff in fine as [fine fitting].
  now apply an_object_fits_if_it_has_the_declared_type in fitting.
Qed.

Lemma holding_what_is_well_formed_is_well_formed types (xs : objects) :
  sorted compare_name xs = true ->
  (forall name x, find compare_name name xs = Some x ->
    well_formed_object x = true /\ find compare_name name types = Some (type_of x)) ->
  well_formed types xs = true.
Proof.
  intros sorts all.
  apply (maps_with_well_formed_values_are_well_formed compare_name); [exact sorts |].
  intros name. specialize (all name). destruct (find compare_name name xs) as [x |];
    [| reflexivity].
  cbn. apply andb_true_iff. rewrite an_object_fits_if_it_has_the_declared_type. auto.
Qed.

Local Hint Resolve names_are_sorted : core.

Lemma find_in_joined_objects types name (a b : objects) :
  well_formed types a = true ->
  well_formed types b = true ->
  find compare_name name (join a b) =
  match find compare_name name a, find compare_name name b with
  | Some x, Some y => Some (join_object x y)
  | Some x, None => Some x
  | None, y => y
  end.
Proof. intros. unfold replica.join. now rewrite (find_in_merge compare_name) by eauto. Qed.

Lemma bottom_objects_are_well_formed type : well_formed_object (bottom_object type) = true.
Proof. now destruct type. Qed.

Theorem untouched_objects_are_well_formed (types : schema) :
  sorted compare_name types = true ->
  well_formed types (untouched types) = true.
Proof.
  intros sorts. apply holding_what_is_well_formed_is_well_formed.
  - unfold untouched. now rewrite mapped_values_are_sorted.
  - intros name x. unfold untouched. rewrite (find_in_mapped_values compare_name).
    destruct (find compare_name name types) as [type |]; [| discriminate].
    intros [= <-]. cbn [snd]. split; [apply bottom_objects_are_well_formed |].
    now destruct type.
Qed.

(** ** Covered states: what an object lists, it has seen. *)

Lemma covered_means_what_is_held_is_covered (xs : objects) :
  sorted compare_name xs = true ->
  covered xs = true <->
  (forall name x, find compare_name name xs = Some x -> covered_object x = true).
Proof. apply (forallb_means_all_found compare_name (fun entry => covered_object (snd entry))). Qed.

Theorem untouched_objects_are_covered (types : schema) :
  covered (untouched types) = true.
Proof.
  unfold replica.covered, untouched. rewrite forallb_forall. intros entry entry_in.
  apply in_map_iff in entry_in as ([name type] & <- & _). now destruct type.
Qed.

Theorem a_join_of_objects_is_covered (x y : object) :
  type_of x = type_of y ->
  well_formed_object x = true ->
  well_formed_object y = true ->
  covered_object x = true ->
  covered_object y = true ->
  covered_object (join_object x y) = true.
Proof.
  destruct x, y; try discriminate; intros _; cbn; auto.
  - apply (lww_register_proof.the_join_is_covered compare_name compare_value); assumption.
  - apply (or_set_proof.the_join_is_covered compare_name); assumption.
  - apply (lww_map_proof.the_join_is_covered compare_name compare_value); assumption.
  - apply (log_proof.the_join_is_covered compare_name compare_value); assumption.
  - now apply (decisions_proof.the_join_is_covered
      compare_name compare_name compare_presence).
  - now apply (decisions_proof.the_join_is_covered
      compare_name compare_unit compare_presence).
  - now apply (decisions_proof.the_join_is_covered
      compare_name compare_unit compare_presence).
  - now apply (decisions_proof.the_join_is_covered compare_name compare_unit compare_value).
  - now apply (decisions_proof.the_join_is_covered compare_name compare_name compare_value).
Qed.

Theorem the_join_is_covered types (a b : objects) :
  well_formed types a = true ->
  well_formed types b = true ->
  covered a = true ->
  covered b = true ->
  covered (join a b) = true.
Proof.
  intros good_a good_b.
  pose proof (join_is_well_formed _ _ _ (objects_are_a_lattice types) a b good_a good_b).
  rewrite !covered_means_what_is_held_is_covered by eauto. intros all_a all_b name z.
  rewrite (find_in_joined_objects types) by assumption.
  specialize (all_a name). specialize (all_b name).
  destruct (find compare_name name a) as [x |] eqn:at_a,
    (find compare_name name b) as [y |] eqn:at_b; intros [= <-]; auto.
  destruct (what_is_held_is_well_formed types a name x) as [fine_x type_x]; [assumption.. |].
  destruct (what_is_held_is_well_formed types b name y) as [fine_y type_y]; [assumption.. |].
  apply a_join_of_objects_is_covered; auto. congruence.
Qed.

(** ** T2 of one object *)

Lemma performing_keeps_the_type (x y : object) o seq user op :
  perform_on x o seq user op = Some y ->
  type_of y = type_of x.
Proof. destruct x, op; try discriminate; intros [= <-]; reflexivity. Qed.

Theorem performing_is_well_formed (x y : object) o seq user op :
  definition.valid op = true ->
  well_formed_object x = true ->
  perform_on x o seq user op = Some y ->
  well_formed_object y = true.
Proof.
  destruct x, op; try discriminate; intros valid good [= <-]; cbn in *.
  - apply (g_counter_proof.increment_is_well_formed compare_name);
      [now apply N.leb_le | assumption].
  - now apply (lww_register_proof.write_is_well_formed compare_name compare_value).
  - now apply (or_set_proof.add_is_well_formed compare_name).
  - now apply (or_set_proof.remove_is_well_formed compare_name).
  - now apply (lww_map_proof.put_is_well_formed compare_name compare_value).
  - now apply (log_proof.append_is_well_formed compare_name compare_value).
  - apply (pn_counter_proof.increment_is_well_formed compare_name);
      [now apply N.leb_le | assumption].
  - apply (pn_counter_proof.decrement_is_well_formed compare_name);
      [now apply N.leb_le | assumption].
  - now apply (decisions_proof.decide_is_well_formed compare_name compare_name compare_presence).
  - now apply (decisions_proof.decide_is_well_formed compare_name compare_name compare_presence).
  - now apply (decisions_proof.decide_is_well_formed compare_name compare_unit compare_presence).
  - now apply (decisions_proof.decide_is_well_formed compare_name compare_unit compare_presence).
  - now apply (decisions_proof.decide_is_well_formed compare_name compare_unit compare_presence).
  - now apply (decisions_proof.decide_is_well_formed compare_name compare_unit compare_presence).
  - now apply (decisions_proof.decide_is_well_formed compare_name compare_unit compare_value).
  - now apply (decisions_proof.decide_is_well_formed compare_name compare_name compare_value).
  - now apply (max_register_proof.write_is_well_formed compare_name Z.compare).
  - now apply (max_register_proof.write_is_well_formed compare_name min_register.compare).
Qed.

Theorem performing_is_covered (x y : object) o seq user op :
  well_formed_object x = true ->
  covered_object x = true ->
  perform_on x o seq user op = Some y ->
  covered_object y = true.
Proof.
  destruct x, op; try discriminate; intros good all_seen [= <-]; cbn in *.
  - reflexivity.
  - now apply (lww_register_proof.write_is_covered compare_name compare_value).
  - now apply (or_set_proof.add_is_covered compare_name).
  - now apply (or_set_proof.remove_is_covered compare_name).
  - now apply (lww_map_proof.put_is_covered compare_name compare_value).
  - now apply (log_proof.append_is_covered compare_name compare_value).
  - reflexivity.
  - reflexivity.
  - now apply (decisions_proof.the_next_decision_is_covered
      compare_name compare_name compare_presence).
  - now apply (decisions_proof.the_next_decision_is_covered
      compare_name compare_name compare_presence).
  - now apply (decisions_proof.the_next_decision_is_covered
      compare_name compare_unit compare_presence).
  - now apply (decisions_proof.the_next_decision_is_covered
      compare_name compare_unit compare_presence).
  - now apply (decisions_proof.the_next_decision_is_covered
      compare_name compare_unit compare_presence).
  - now apply (decisions_proof.the_next_decision_is_covered
      compare_name compare_unit compare_presence).
  - now apply (decisions_proof.the_next_decision_is_covered
      compare_name compare_unit compare_value).
  - now apply (decisions_proof.the_next_decision_is_covered
      compare_name compare_name compare_value).
  - reflexivity.
  - reflexivity.
Qed.

Theorem performing_is_inflationary (x y : object) o seq user op :
  definition.valid op = true ->
  well_formed_object x = true ->
  covered_object x = true ->
  perform_on x o seq user op = Some y ->
  join_object x y = y.
Proof.
  destruct x, op; try discriminate; intros valid good all_seen [= <-]; cbn in *; f_equal.
  - apply (g_counter_proof.increment_is_inflationary compare_name);
      [now apply N.leb_le | assumption].
  - now apply (lww_register_proof.write_is_inflationary compare_name compare_value).
  - now apply (or_set_proof.add_is_inflationary compare_name).
  - now apply (or_set_proof.remove_is_inflationary compare_name).
  - now apply (lww_map_proof.put_is_inflationary compare_name compare_value).
  - now apply (log_proof.append_is_inflationary compare_name compare_value).
  - apply (pn_counter_proof.increment_is_inflationary compare_name);
      [now apply N.leb_le | assumption].
  - apply (pn_counter_proof.decrement_is_inflationary compare_name);
      [now apply N.leb_le | assumption].
  - now apply (decisions_proof.the_next_decision_is_inflationary
      compare_name compare_name compare_presence).
  - now apply (decisions_proof.the_next_decision_is_inflationary
      compare_name compare_name compare_presence).
  - now apply (decisions_proof.the_next_decision_is_inflationary
      compare_name compare_unit compare_presence).
  - now apply (decisions_proof.the_next_decision_is_inflationary
      compare_name compare_unit compare_presence).
  - now apply (decisions_proof.the_next_decision_is_inflationary
      compare_name compare_unit compare_presence).
  - now apply (decisions_proof.the_next_decision_is_inflationary
      compare_name compare_unit compare_presence).
  - now apply (decisions_proof.the_next_decision_is_inflationary
      compare_name compare_unit compare_value).
  - now apply (decisions_proof.the_next_decision_is_inflationary
      compare_name compare_name compare_value).
  - now apply (max_register_proof.write_is_inflationary compare_name Z.compare).
  - now apply (max_register_proof.write_is_inflationary compare_name min_register.compare).
Qed.

Theorem performing_equals_its_delta (x y : object) o seq user op :
  definition.valid op = true ->
  well_formed_object x = true ->
  covered_object x = true ->
  perform_on x o seq user op = Some y ->
  take_part (part_since (seen_object x) y) x = y.
Proof.
  destruct x, op; try discriminate; intros valid good all_seen [= <-]; cbn in *; f_equal.
  - apply (g_counter_proof.increment_equals_its_delta compare_name);
      [now apply N.leb_le | assumption].
  - now apply (lww_register_proof.write_equals_its_delta compare_name compare_value).
  - now apply (or_set_proof.add_equals_its_delta compare_name).
  - now apply (or_set_proof.remove_equals_its_delta compare_name).
  - now apply (lww_map_proof.put_equals_its_delta compare_name compare_value).
  - now apply (log_proof.append_equals_its_delta compare_name compare_value).
  - apply (pn_counter_proof.increment_equals_its_delta compare_name);
      [now apply N.leb_le | assumption].
  - apply (pn_counter_proof.decrement_equals_its_delta compare_name);
      [now apply N.leb_le | assumption].
  - now apply (decisions_proof.the_next_decision_equals_its_delta
      compare_name compare_name compare_presence).
  - now apply (decisions_proof.the_next_decision_equals_its_delta
      compare_name compare_name compare_presence).
  - now apply (decisions_proof.the_next_decision_equals_its_delta
      compare_name compare_unit compare_presence).
  - now apply (decisions_proof.the_next_decision_equals_its_delta
      compare_name compare_unit compare_presence).
  - now apply (decisions_proof.the_next_decision_equals_its_delta
      compare_name compare_unit compare_presence).
  - now apply (decisions_proof.the_next_decision_equals_its_delta
      compare_name compare_unit compare_presence).
  - now apply (decisions_proof.the_next_decision_equals_its_delta
      compare_name compare_unit compare_value).
  - now apply (decisions_proof.the_next_decision_equals_its_delta
      compare_name compare_name compare_value).
  - now apply (max_register_proof.write_equals_its_delta compare_name Z.compare).
  - now apply (max_register_proof.write_equals_its_delta compare_name min_register.compare).
Qed.

(** ** Deltas of one object *)

Lemma a_part_has_the_type v (x : object) : type_of (part_since v x) = type_of x.
Proof. now destruct x. Qed.

Lemma taking_a_part_keeps_the_type (part x : object) : type_of (take_part part x) = type_of x.
Proof. now destruct part, x. Qed.

Theorem a_part_is_well_formed v (x : object) :
  well_formed_object x = true ->
  well_formed_object (part_since v x) = true.
Proof.
  destruct x; cbn.
  - now apply (g_counter_proof.part_since_is_well_formed compare_name).
  - now apply (lww_register_proof.part_since_is_well_formed compare_name compare_value).
  - now apply (or_set_proof.part_since_is_well_formed compare_name).
  - now apply (lww_map_proof.part_since_is_well_formed compare_name compare_value).
  - now apply (log_proof.part_since_is_well_formed compare_name compare_value).
  - now apply (pn_counter_proof.part_since_is_well_formed compare_name).
  - now apply (decisions_proof.part_since_is_well_formed
      compare_name compare_name compare_presence).
  - now apply (decisions_proof.part_since_is_well_formed
      compare_name compare_unit compare_presence).
  - now apply (decisions_proof.part_since_is_well_formed
      compare_name compare_unit compare_presence).
  - now apply (decisions_proof.part_since_is_well_formed compare_name compare_unit compare_value).
  - now apply (decisions_proof.part_since_is_well_formed compare_name compare_name compare_value).
  - easy.
  - easy.
Qed.

Theorem taking_a_part_is_well_formed (part x : object) :
  well_formed_object part = true ->
  well_formed_object x = true ->
  well_formed_object (take_part part x) = true.
Proof.
  destruct part, x; cbn; try (intros; assumption).
  - now apply (g_counter_proof.take_part_is_well_formed compare_name).
  - now apply (lww_register_proof.take_part_is_well_formed compare_name compare_value).
  - now apply (or_set_proof.take_part_is_well_formed compare_name).
  - now apply (lww_map_proof.take_part_is_well_formed compare_name compare_value).
  - now apply (log_proof.take_part_is_well_formed compare_name compare_value).
  - now apply (pn_counter_proof.take_part_is_well_formed compare_name).
  - now apply (decisions_proof.take_part_is_well_formed compare_name compare_name compare_presence).
  - now apply (decisions_proof.take_part_is_well_formed compare_name compare_unit compare_presence).
  - now apply (decisions_proof.take_part_is_well_formed compare_name compare_unit compare_presence).
  - now apply (decisions_proof.take_part_is_well_formed compare_name compare_unit compare_value).
  - now apply (decisions_proof.take_part_is_well_formed compare_name compare_name compare_value).
  - now apply (max_register_proof.take_part_is_well_formed compare_name Z.compare).
  - now apply (max_register_proof.take_part_is_well_formed compare_name min_register.compare).
Qed.

Theorem a_part_is_covered v (x : object) :
  well_formed_object x = true ->
  covered_object x = true ->
  covered_object (part_since v x) = true.
Proof.
  destruct x; cbn.
  - reflexivity.
  - apply (lww_register_proof.part_since_is_covered compare_name compare_value).
  - apply (or_set_proof.part_since_is_covered compare_name).
  - apply (lww_map_proof.part_since_is_covered compare_name compare_value).
  - apply (log_proof.part_since_is_covered compare_name compare_value).
  - reflexivity.
  - apply (decisions_proof.part_since_is_covered compare_name compare_name compare_presence).
  - apply (decisions_proof.part_since_is_covered compare_name compare_unit compare_presence).
  - apply (decisions_proof.part_since_is_covered compare_name compare_unit compare_presence).
  - apply (decisions_proof.part_since_is_covered compare_name compare_unit compare_value).
  - apply (decisions_proof.part_since_is_covered compare_name compare_name compare_value).
  - reflexivity.
  - reflexivity.
Qed.

Theorem taking_a_part_is_covered (part x : object) :
  well_formed_object part = true ->
  well_formed_object x = true ->
  covered_object part = true ->
  covered_object x = true ->
  covered_object (take_part part x) = true.
Proof.
  destruct part, x; cbn; try (intros; assumption).
  - apply (lww_register_proof.take_part_is_covered compare_name compare_value).
  - apply (or_set_proof.take_part_is_covered compare_name).
  - apply (lww_map_proof.take_part_is_covered compare_name compare_value).
  - apply (log_proof.take_part_is_covered compare_name compare_value).
  - apply (decisions_proof.take_part_is_covered compare_name compare_name compare_presence).
  - apply (decisions_proof.take_part_is_covered compare_name compare_unit compare_presence).
  - apply (decisions_proof.take_part_is_covered compare_name compare_unit compare_presence).
  - apply (decisions_proof.take_part_is_covered compare_name compare_unit compare_value).
  - apply (decisions_proof.take_part_is_covered compare_name compare_name compare_value).
Qed.

Lemma an_object_joined_with_itself_stays (x : object) :
  well_formed_object x = true ->
  join_object x x = x.
Proof.
  intros fine. apply (join_is_idempotent _ _ _ (objects_of_one_type_are_a_lattice (type_of x))).
  unfold well_formed_of. rewrite fine. now destruct x.
Qed.

Theorem taking_a_part_is_inflationary (part x : object) :
  well_formed_object part = true ->
  well_formed_object x = true ->
  join_object x (take_part part x) = take_part part x.
Proof.
  destruct part, x; intros fine_part fine_x;
    try (now apply an_object_joined_with_itself_stays); cbn in *; f_equal.
  - now apply (g_counter_proof.taking_a_part_is_inflationary compare_name).
  - now apply (lww_register_proof.taking_a_part_is_inflationary compare_name compare_value).
  - now apply (or_set_proof.taking_a_part_is_inflationary compare_name).
  - now apply (lww_map_proof.taking_a_part_is_inflationary compare_name compare_value).
  - now apply (log_proof.taking_a_part_is_inflationary compare_name compare_value).
  - now apply (pn_counter_proof.taking_a_part_is_inflationary compare_name).
  - now apply (decisions_proof.taking_a_part_is_inflationary
      compare_name compare_name compare_presence).
  - now apply (decisions_proof.taking_a_part_is_inflationary
      compare_name compare_unit compare_presence).
  - now apply (decisions_proof.taking_a_part_is_inflationary
      compare_name compare_unit compare_presence).
  - now apply (decisions_proof.taking_a_part_is_inflationary
      compare_name compare_unit compare_value).
  - now apply (decisions_proof.taking_a_part_is_inflationary
      compare_name compare_name compare_value).
  - now apply (max_register_proof.taking_a_part_is_inflationary compare_name Z.compare).
  - now apply (max_register_proof.taking_a_part_is_inflationary compare_name min_register.compare).
Qed.

Theorem taking_part_of_itself_changes_nothing v (x : object) :
  well_formed_object x = true ->
  take_part (part_since v x) x = x.
Proof.
  destruct x; cbn; intros; f_equal.
  - now apply (g_counter_proof.taking_part_of_itself_changes_nothing compare_name).
  - now apply (lww_register_proof.taking_part_of_itself_changes_nothing compare_name compare_value).
  - now apply (or_set_proof.taking_part_of_itself_changes_nothing compare_name).
  - now apply (lww_map_proof.taking_part_of_itself_changes_nothing compare_name compare_value).
  - now apply (log_proof.taking_part_of_itself_changes_nothing compare_name compare_value).
  - now apply (pn_counter_proof.taking_part_of_itself_changes_nothing compare_name).
  - now apply (decisions_proof.taking_part_of_itself_changes_nothing
      compare_name compare_name compare_presence).
  - now apply (decisions_proof.taking_part_of_itself_changes_nothing
      compare_name compare_unit compare_presence).
  - now apply (decisions_proof.taking_part_of_itself_changes_nothing
      compare_name compare_unit compare_presence).
  - now apply (decisions_proof.taking_part_of_itself_changes_nothing
      compare_name compare_unit compare_value).
  - now apply (decisions_proof.taking_part_of_itself_changes_nothing
      compare_name compare_name compare_value).
  - now apply (max_register_proof.taking_part_of_itself_changes_nothing compare_name Z.compare).
  - now apply (max_register_proof.taking_part_of_itself_changes_nothing
      compare_name min_register.compare).
Qed.

Lemma what_an_object_has_seen_is_well_formed (x : object) :
  well_formed_object x = true ->
  version_vector.well_formed compare_name (seen_object x) = true.
Proof.
  destruct x; cbn.
  - now apply (g_counter_proof.seen_is_well_formed compare_name).
  - now apply (decisions_proof.seen_is_well_formed compare_name compare_unit compare_value).
  - now apply (decisions_proof.seen_is_well_formed compare_name compare_name
      definition.compare_presence).
  - intros good.
    apply (decisions_proof.seen_is_well_formed compare_name compare_name compare_value).
    now apply (lww_map_proof.decisions_are_well_formed compare_name compare_value).
  - now apply (log_proof.seen_is_well_formed compare_name compare_value).
  - now apply (pn_counter_proof.seen_is_well_formed compare_name).
  - now apply (decisions_proof.seen_is_well_formed compare_name compare_name compare_presence).
  - now apply (decisions_proof.seen_is_well_formed compare_name compare_unit compare_presence).
  - now apply (decisions_proof.seen_is_well_formed compare_name compare_unit compare_presence).
  - now apply (decisions_proof.seen_is_well_formed compare_name compare_unit compare_value).
  - now apply (decisions_proof.seen_is_well_formed compare_name compare_name compare_value).
  - easy.
  - easy.
Qed.

(** ** T2 of a replica *)

Lemma performing_changes_one_object name op user (r r' : state) :
  perform name op user r = Some r' ->
  exists x y,
    find compare_name name (held r) = Some x
    /\ perform_on x (self r) (seen_of compare_name (replica (self r)) (held r) + 1) user op
       = Some y
    /\ r' = Replica (self r) (set compare_name name y (held r)).
Proof.
  unfold replica.perform. intros performed.
  destruct (find compare_name name (held r)) as [x |]; [| discriminate].
  exists x. destruct (perform_on x _ _ _ _) as [y |]; [| discriminate].
  exists y. repeat split. congruence.
Qed.

Theorem operations_are_well_formed types name op user (r r' : state) :
  definition.valid op = true ->
  well_formed types (held r) = true ->
  perform name op user r = Some r' ->
  well_formed types (held r') = true.
Proof.
  intros valid good performed.
  apply performing_changes_one_object in performed as (x & y & found & performed & ->).
  destruct (what_is_held_is_well_formed types _ _ _ good found) as [fine_x type_x].
  cbn [held]. apply holding_what_is_well_formed_is_well_formed.
  - apply (set_is_sorted compare_name); eauto.
  - intros name' z. rewrite (find_in_set compare_name) by eauto.
    destruct (equal_is_equality compare_name name' name) as [-> |].
    + intros [= <-]. rewrite (performing_keeps_the_type _ _ _ _ _ _ performed).
      split; [| exact type_x]. eapply performing_is_well_formed; eassumption.
    + now apply what_is_held_is_well_formed.
Qed.

Theorem operations_are_covered types name op user (r r' : state) :
  well_formed types (held r) = true ->
  covered (held r) = true ->
  perform name op user r = Some r' ->
  covered (held r') = true.
Proof.
  intros good all_seen performed.
  apply performing_changes_one_object in performed as (x & y & found & performed & ->).
  destruct (what_is_held_is_well_formed types _ _ _ good found) as [fine_x _].
  cbn [held].
  rewrite covered_means_what_is_held_is_covered in all_seen |- *
    by (try apply (set_is_sorted compare_name); eauto).
  intros name' z. rewrite (find_in_set compare_name) by eauto.
  destruct (equal_is_equality compare_name name' name) as [-> |].
  - intros [= <-]. eapply performing_is_covered; eauto.
  - apply all_seen.
Qed.

Theorem operations_are_inflationary types name op user (r r' : state) :
  definition.valid op = true ->
  well_formed types (held r) = true ->
  covered (held r) = true ->
  perform name op user r = Some r' ->
  join (held r) (held r') = held r'.
Proof.
  intros valid good all_seen performed.
  pose proof (operations_are_well_formed types _ _ _ _ _ valid good performed) as good'.
  apply performing_changes_one_object in performed as (x & y & found & performed & ->).
  destruct (what_is_held_is_well_formed types _ _ _ good found) as [fine_x _].
  rewrite covered_means_what_is_held_is_covered in all_seen by eauto.
  apply (equal_finds_make_equal_maps compare_name); [| eauto |].
  - apply (names_are_sorted types).
    now apply (join_is_well_formed _ _ _ (objects_are_a_lattice types)).
  - intros name'. rewrite (find_in_joined_objects types) by assumption.
    cbn [held]. rewrite (find_in_set compare_name) by eauto.
    destruct (equal_is_equality compare_name name' name) as [-> |].
    + rewrite found. f_equal. eapply performing_is_inflationary; eauto.
    + destruct (find compare_name name' (held r)) as [z |] eqn:at_name'; [| reflexivity].
      destruct (what_is_held_is_well_formed types _ _ _ good at_name') as [fine_z _].
      f_equal. now apply an_object_joined_with_itself_stays.
Qed.

Lemma find_in_vectors name (xs : objects) :
  find compare_name name (vectors xs) =
  match find compare_name name xs with
  | Some x => Some (seen_object x)
  | None => None
  end.
Proof.
  exact (find_in_mapped_values compare_name (fun entry => seen_object (snd entry)) name xs).
Qed.

Lemma vectors_are_sorted (xs : objects) :
  sorted compare_name (vectors xs) = sorted compare_name xs.
Proof. exact (mapped_values_are_sorted compare_name (fun entry => seen_object (snd entry)) xs). Qed.

Lemma find_in_deltas_since name vs (xs : objects) :
  sorted compare_name vs = true ->
  sorted compare_name xs = true ->
  find compare_name name (deltas_since vs xs) =
  match find compare_name name xs, find compare_name name vs with
  | Some x, Some v => Some (Delta v (part_since v x))
  | _, _ => None
  end.
Proof. intros. unfold replica.deltas_since. now rewrite (find_in_merge compare_name). Qed.

Lemma deltas_since_are_sorted vs (xs : objects) :
  sorted compare_name vs = true ->
  sorted compare_name xs = true ->
  sorted compare_name (deltas_since vs xs) = true.
Proof. intros. now apply (merge_is_sorted compare_name). Qed.

Lemma deltas_are_accepted_where_each_is ds (xs : objects) :
  sorted compare_name ds = true ->
  accepts_all ds xs = true <->
  (forall name d, find compare_name name ds = Some d ->
    exists x, find compare_name name xs = Some x
      /\ accepts compare_name (seen_object x) d = true).
Proof.
  intros sorts. unfold replica.accepts_all.
  rewrite (forallb_means_all_found compare_name) by exact sorts. cbn.
  split; intros all name d found; specialize (all name d found).
  - destruct (find compare_name name xs) as [x |]; [eauto | discriminate].
  - destruct all as (x & -> & accepted). exact accepted.
Qed.

Theorem operations_equal_their_deltas types name op user (r r' : state) :
  definition.valid op = true ->
  well_formed types (held r) = true ->
  covered (held r) = true ->
  perform name op user r = Some r' ->
  apply_deltas (deltas_since (vectors (held r)) (held r')) (held r) = Some (held r').
Proof.
  intros valid good all_seen performed.
  pose proof (operations_are_well_formed types _ _ _ _ _ valid good performed) as good'.
  apply performing_changes_one_object in performed as (x & y & found & performed & ->).
  cbn [held] in *.
  destruct (what_is_held_is_well_formed types _ _ _ good found) as [fine_x _].
  rewrite covered_means_what_is_held_is_covered in all_seen by eauto.
  assert (sorts : sorted compare_name (vectors (held r)) = true).
  { rewrite vectors_are_sorted. eauto. }
  assert (sorts_deltas : sorted compare_name
    (deltas_since (vectors (held r)) (set compare_name name y (held r))) = true).
  { apply deltas_since_are_sorted; eauto. }
  unfold replica.apply.
  replace (accepts_all _ _) with true; symmetry.
  - symmetry. f_equal. apply (equal_finds_make_equal_maps compare_name);
      [apply (merge_is_sorted compare_name); eauto | eauto |].
    intros name'. rewrite (find_in_merge compare_name) by eauto.
    rewrite find_in_deltas_since, find_in_vectors, (find_in_set compare_name) by eauto.
    destruct (equal_is_equality compare_name name' name) as [-> |].
    + rewrite found. cbn [part]. f_equal. eapply performing_equals_its_delta; eauto.
    + destruct (find compare_name name' (held r)) as [z |] eqn:at_name'; [| reflexivity].
      destruct (what_is_held_is_well_formed types _ _ _ good at_name') as [fine_z _].
      cbn [part]. f_equal. now apply taking_part_of_itself_changes_nothing.
  - apply deltas_are_accepted_where_each_is; [exact sorts_deltas |].
    intros name' d. rewrite find_in_deltas_since, find_in_vectors by eauto.
    destruct (find compare_name name' (held r)) as [z |] eqn:at_name'.
    + destruct (what_is_held_is_well_formed types _ _ _ good at_name') as [fine_z _].
      destruct (find compare_name name' (set _ _ _ _)); [| discriminate].
      intros [= <-]. exists z. split; [reflexivity |].
      apply version_vector_proof.a_vector_covers_itself; [exact _ |].
      now apply what_an_object_has_seen_is_well_formed.
    + now destruct (find compare_name name' (set _ _ _ _)).
Qed.

(** Sent deltas are well-formed, and applying any delta keeps a state well-formed. *)
Theorem sent_deltas_are_well_formed types vs (xs : objects) name d :
  well_formed types xs = true ->
  sorted compare_name vs = true ->
  find compare_name name (deltas_since vs xs) = Some d ->
  well_formed_object (part d) = true
  /\ find compare_name name types = Some (type_of (part d)).
Proof.
  intros good sorts. rewrite find_in_deltas_since by eauto.
  destruct (find compare_name name xs) as [x |] eqn:at_name; [| discriminate].
  destruct (find compare_name name vs) as [v |]; [| discriminate]. intros [= <-]. cbn [part].
  destruct (what_is_held_is_well_formed types _ _ _ good at_name) as [fine_x type_x].
  rewrite a_part_has_the_type. split; [now apply a_part_is_well_formed | exact type_x].
Qed.

Theorem applied_deltas_are_well_formed types ds (xs ys : objects) :
  well_formed types xs = true ->
  sorted compare_name ds = true ->
  (forall name d, find compare_name name ds = Some d -> well_formed_object (part d) = true) ->
  apply_deltas ds xs = Some ys ->
  well_formed types ys = true.
Proof.
  intros good sorts fine_parts. unfold replica.apply.
  destruct (accepts_all ds xs); [| discriminate]. intros [= <-].
  apply holding_what_is_well_formed_is_well_formed.
  - apply (merge_is_sorted compare_name); eauto.
  - intros name z. rewrite (find_in_merge compare_name) by eauto.
    specialize (fine_parts name).
    destruct (find compare_name name xs) as [x |] eqn:at_name; [| discriminate].
    destruct (what_is_held_is_well_formed types _ _ _ good at_name) as [fine_x type_x].
    destruct (find compare_name name ds) as [d |]; intros [= <-]; [| now split].
    split; [| now rewrite taking_a_part_keeps_the_type].
    apply taking_a_part_is_well_formed; auto.
Qed.

Theorem applied_deltas_are_covered types ds (xs ys : objects) :
  well_formed types xs = true ->
  covered xs = true ->
  sorted compare_name ds = true ->
  (forall name d, find compare_name name ds = Some d ->
    well_formed_object (part d) = true /\ covered_object (part d) = true) ->
  apply_deltas ds xs = Some ys ->
  covered ys = true.
Proof.
  intros good all_seen sorts fine_parts. unfold replica.apply.
  destruct (accepts_all ds xs); [| discriminate]. intros [= <-].
  rewrite covered_means_what_is_held_is_covered in all_seen |- *
    by (try apply (merge_is_sorted compare_name); eauto).
  intros name z. rewrite (find_in_merge compare_name) by eauto.
  specialize (fine_parts name). specialize (all_seen name).
  destruct (find compare_name name xs) as [x |] eqn:at_name; [| discriminate].
  destruct (what_is_held_is_well_formed types _ _ _ good at_name) as [fine_x _].
  destruct (find compare_name name ds) as [d |]; intros [= <-]; [| auto].
  destruct (fine_parts d eq_refl). apply taking_a_part_is_covered; auto.
Qed.

Theorem applied_deltas_are_inflationary types ds (xs ys : objects) :
  well_formed types xs = true ->
  sorted compare_name ds = true ->
  (forall name d, find compare_name name ds = Some d -> well_formed_object (part d) = true) ->
  apply_deltas ds xs = Some ys ->
  join xs ys = ys.
Proof.
  intros good sorts fine_parts applied.
  pose proof (applied_deltas_are_well_formed types ds xs ys good sorts fine_parts applied) as good'.
  apply (equal_finds_make_equal_maps compare_name); [| eauto |].
  - apply (names_are_sorted types).
    now apply (join_is_well_formed _ _ _ (objects_are_a_lattice types)).
  - intros name. rewrite (find_in_joined_objects types) by assumption.
    unfold replica.apply in applied. destruct (accepts_all ds xs); [| discriminate].
    injection applied as <-. rewrite (find_in_merge compare_name) by eauto.
    specialize (fine_parts name).
    destruct (find compare_name name xs) as [x |] eqn:at_name; [| reflexivity].
    destruct (what_is_held_is_well_formed types _ _ _ good at_name) as [fine_x _].
    destruct (find compare_name name ds) as [d |]; f_equal.
    + apply taking_a_part_is_inflationary; auto.
    + now apply an_object_joined_with_itself_stays.
Qed.

(** Nothing changes where a delta is refused: there is no new state. *)
Theorem a_delta_with_a_gap_is_refused name d ds (xs : objects) x :
  sorted compare_name ds = true ->
  find compare_name name ds = Some d ->
  find compare_name name xs = Some x ->
  version_vector.covers compare_name (seen_object x) (since d) = false ->
  apply_deltas ds xs = None.
Proof.
  intros sorts found at_name gap. unfold replica.apply.
  destruct (accepts_all ds xs) eqn:accepted; [| reflexivity]. exfalso.
  apply (proj1 (deltas_are_accepted_where_each_is ds xs sorts)) with (d := d) (name := name)
    in accepted as (x' & at_name' & covers); [| exact found].
  rewrite at_name in at_name'. injection at_name' as <-.
  unfold accepts in covers. congruence.
Qed.
End Replica.

(** ** Computed *)

Section Examples.
Import definition.
Local Definition types : schema := [(0, G_counter); (1, Lww_register); (2, Or_set)].
Local Definition started : state N N := start (Origin 1 0) types.
Local Notation perform := (perform N.compare N.compare).

Example a_started_replica_is_well_formed_and_covered :
  well_formed N.compare N.compare types (held started) = true
  /\ covered N.compare (held started) = true.
Proof. now split. Qed.

Example an_operation_goes_as_a_delta :
  match perform 2 (Add 5) (Some 7) started with
  | Some after =>
      valid (Value := N) (Add 5) = true
      /\ replica.apply N.compare N.compare
           (deltas_since N.compare (vectors (held started)) (held after)) (held started)
         = Some (held after)
      /\ map (fun entry => value N.compare 0 (snd entry)) (held after)
         = [Count 0; Content 0; Elements [5]]
  | None => False
  end.
Proof. now repeat split. Qed.

Example an_operation_of_another_type_is_refused :
  perform 0 (Add 5) (Some 7) started = None.
Proof. reflexivity. Qed.
End Examples.
