(** The headline theorems, restated in full.

    Meaning: a reader of the definitions (the files without [_proof] in their names) can read
    here what was proved of them, and nothing else is needed to know what that is. Each theorem
    is a sentence; what their proofs rest on, Coq prints in [assumptions.v].
    What a theorem speaks of without naming it is the [Context] of its section: an argument of it.
    [ordered compare] says that a comparison is a total order whose equality is plain equality
    ([order.v]); [lattice] is the law of joins ([lattice.v]); [history], [cut], [closed] and
    [saw_exactly] are at the end of [definition.v].
    That the premises can be met is computed in [meaning_examples.v], [network_examples.v],
    [judge_examples.v], [sync_examples.v], [state_hash_examples.v], [nothing_is_lost_examples.v],
    [definition_examples.v], [recording_examples.v], [eventually_examples.v], [wire_examples.v],
    [wire_delta_examples.v], [wire_keyed_examples.v] and at the end of each [X_proof.v]; the comments say where. *)

From Coq Require Import List Bool NArith Permutation.
From Rejoin Require Import order order_proof sorted_map dot delta definition.
From Rejoin Require version_vector decisions g_counter lww_register or_set lww_map log replica.
From Rejoin Require version_vector_proof decisions_proof g_counter_proof lww_register_proof.
From Rejoin Require or_set_proof lww_map_proof log_proof replica_proof.
From Rejoin Require definition_proof lww_register_meaning_proof or_set_meaning_proof.
From Rejoin Require lww_map_meaning_proof replica_meaning_proof.
From Rejoin Require delta_content delta_content_proof.
From Rejoin Require network network_proof.
From Rejoin Require indexed_decisions indexed_decisions_proof indexed_decisions_meaning_proof.
From Rejoin Require executions executions_proof.
From Rejoin Require nothing_is_lost nothing_is_lost_proof.
From Rejoin Require sync sync_delivery_proof sync_proof sync_verdict sync_verdict_proof.
From Rejoin Require state_hash state_hash_tree_proof state_hash_objects_proof state_hash_removals_proof state_hash_proof state_hash_meaning_proof.
From Rejoin Require examples durable_network durable_network_proof durable_network_examples.
From Rejoin Require hybrid_clock hybrid_clock_proof hybrid_clock_examples.
From Rejoin Require openings openings_network openings_network_proof openings_examples.
From Rejoin Require trace judge judge_proof refutations.
From Rejoin Require recording recording_lines_proof recording_proof.
From Rejoin Require eventually eventually_proof eventually_examples.
From Rejoin Require wire wire_proof wire_delta wire_delta_proof wire_keyed wire_keyed_proof.
From Rejoin Require pn_counter rw_set ew_flag dw_flag mv_register mv_map.
From Rejoin Require max_register min_register pn_counter_proof max_register_proof presences_proof.
From Rejoin Require rw_set_meaning_proof ew_flag_meaning_proof dw_flag_meaning_proof.
Import or_set_proof (presences_are_ordered).
Import ListNotations.
Open Scope N_scope.

(** What follows holds of any names and values, with any comparisons that are total orders, of any
    null, and of any schema. These, as what each section adds, are arguments of the theorems that
    speak of them. The notations are definitions at these arguments. *)

Section Meanings.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Context (null : Value).
Context (types : replica.schema (Name := Name)) (typed : sorted compare_name types = true).
Local Notation history := (history compare_name).
Local Notation histories := (histories compare_name).
Local Notation cuts := (cuts compare_name).
Local Notation of_object := (of_object compare_name).
Local Notation object_meaning := (replica.object_meaning compare_name compare_value).
Local Notation meaning := (replica.meaning compare_name compare_value types).
Local Notation held w name := (replica.held (network.running (network.nodes w name))).
Local Notation seen w name := (network.seen (network.nodes w name)).
Local Notation reachable := (network.reachable compare_name compare_value types).

(** ** T0: nothing is lost silently

    What this project promises. [accounted_for] in [nothing_is_lost.v] says what may become of an
    operation that a replica has seen: an increment or a decrement counts, with all the others; an
    entry of a log is listed, with all the others; an integer is reached by one that was written; a
    decision is shown, or somebody who had seen it decided its
    key anew and that stands, or an open merge decision on its key lists it as superseded and
    notifies its user. What is reported is no more than that. Premises met, each outcome reached,
    and designs that fail: [nothing_is_lost_examples.v], [definition_examples.v]. *)

(** By the definition: at each cut [E] of each history of an object. *)
Theorem nothing_is_lost_silently :
  forall (type : object_type) (H E : list (event Name Value)) e,
  history H ->
  cut H E ->
  In e E ->
  allows type (operation_of e) = true ->
  nothing_is_lost.accounted_for compare_name compare_value null type E
    (read compare_name compare_value null type E)
    (decisions compare_name compare_value null type E)
    (fun user k n => In (k, n) (object_notices compare_name compare_value null type user E)) e.
Proof.
  intros. now apply (nothing_is_lost_proof.every_operation_is_accounted_for compare_name
    compare_value null H).
Qed.

(** By what replicas answer: in every world that the network of T4 can reach, of everything that a
    replica has seen. *)
Theorem nothing_is_lost_silently_at_any_replica :
  forall (w : network.world Name Value) name e,
  reachable w ->
  let E := seen w name in
  let xs := held w name in
  In e E ->
  exists type x,
    find compare_name (object_of e) types = Some type
    /\ find compare_name (object_of e) xs = Some x
    /\ nothing_is_lost.accounted_for compare_name compare_value null type
         (of_object (object_of e) E)
         (replica.value compare_value null x)
         (replica.merge_decisions compare_name compare_value null x)
         (fun user k n =>
           In (object_of e, (k, n)) (replica.notices compare_name compare_value null user xs))
         e.
Proof.
  intros w name e reached.
  exact (nothing_is_lost_proof.every_operation_is_accounted_for_in_every_world compare_name
    compare_value null types typed w name e reached).
Qed.

(** Nobody is bothered for nothing: what an open merge decision lists as superseded, and what a
    user is notified of, is an operation that is not shown and that nobody who had seen it decided
    anew. *)
Theorem only_what_is_overruled_is_reported :
  forall (type : object_type) (H E : list (event Name Value)),
  history H ->
  cut H E ->
  let overruled := nothing_is_lost.overruled compare_name compare_value null type E
    (read compare_name compare_value null type E) in
  (forall d n,
    In d (decisions compare_name compare_value null type E) ->
    In n (superseded d) ->
    exists e, name_of e = n /\ overruled (key d) e)
  /\ (forall user k n,
    In (k, n) (object_notices compare_name compare_value null type user E) ->
    exists e, name_of e = n /\ user_of e = Some user /\ overruled k e).
Proof.
  intros. split; intros.
  - now apply (nothing_is_lost_proof.what_is_reported_is_overruled compare_name compare_value).
  - now apply (nothing_is_lost_proof.who_is_notified_was_overruled compare_name compare_value).
Qed.

(** ** T1: states are lattices

    The join is commutative, associative and idempotent, bottom is neutral, and what is well-formed
    stays so: on every well-formed state, also on such as no operations make. *)

Theorem version_vectors_are_a_lattice :
  lattice.lattice (version_vector.well_formed compare_name)
    version_vector.bottom (version_vector.join compare_name).
Proof. intros. now apply version_vector_proof.version_vectors_are_a_lattice. Qed.

(** Also on states that list decisions which they have not seen: [decisions_proof.v],
    [a_hostile_state]. *)
Theorem decisions_are_a_lattice :
  forall (K Effect : Type) (compare_key : K -> K -> comparison)
    (compare_effect : Effect -> Effect -> comparison),
  ordered compare_key ->
  ordered compare_effect ->
  lattice.lattice (decisions.well_formed compare_name compare_key compare_effect)
    decisions.bottom (decisions.join compare_name compare_key compare_effect).
Proof. intros. now apply decisions_proof.decisions_are_a_lattice. Qed.

Theorem g_counters_are_a_lattice :
  lattice.lattice (g_counter.well_formed compare_name)
    g_counter.bottom (g_counter.join compare_name).
Proof. intros. now apply g_counter_proof.g_counters_are_a_lattice. Qed.

Theorem lww_registers_are_a_lattice :
  lattice.lattice (lww_register.well_formed compare_name compare_value)
    lww_register.bottom (lww_register.join compare_name compare_value).
Proof. intros. now apply lww_register_proof.lww_registers_are_a_lattice. Qed.

Theorem or_sets_are_a_lattice :
  lattice.lattice (or_set.well_formed compare_name) or_set.bottom (or_set.join compare_name).
Proof. intros. now apply or_set_proof.or_sets_are_a_lattice. Qed.

Theorem lww_maps_are_a_lattice :
  lattice.lattice (lww_map.well_formed compare_name compare_value)
    lww_map.bottom (lww_map.join compare_name compare_value).
Proof. intros. now apply lww_map_proof.lww_maps_are_a_lattice. Qed.

Theorem logs_are_a_lattice :
  lattice.lattice (log.well_formed compare_name compare_value)
    log.bottom (log.join compare_name compare_value).
Proof. intros. now apply log_proof.logs_are_a_lattice. Qed.

(** All objects of a replica, of any schema. *)
Theorem replicas_are_a_lattice :
  lattice.lattice (replica.well_formed compare_name compare_value types)
    replica.bottom (replica.join compare_name compare_value).
Proof. intros. now apply replica_proof.objects_are_a_lattice. Qed.

(** ** T2: operations go up, and equal their deltas

    What an operation makes is well-formed, is above what was before ([join s (f s) = f s]), and is
    what applying its delta makes: the part that a replica lacks which has seen what had been
    seen before. Where decisions are kept, this asks that the state has seen what it lists
    ([covered]); [a_decision_on_a_hostile_state_is_not_inflationary] in [decisions_proof.v] shows
    that it is needed, and [replicas_stay_covered] below that it holds wherever it is used.
    Premises met: [a_well_formed_state], [a_well_formed_and_covered_state] and
    [an_operation_goes_as_a_delta] in the [X_proof.v]. *)

Theorem increments_go_up_and_equal_their_deltas :
  forall o amount s,
  1 <= amount ->
  g_counter.well_formed compare_name s = true ->
  let after := g_counter.increment compare_name o amount s in
  g_counter.well_formed compare_name after = true
  /\ g_counter.join compare_name s after = after
  /\ g_counter.take_part compare_name
       (g_counter.part_since compare_name (g_counter.seen s) after) s = after.
Proof.
  intros. repeat split.
  - now apply g_counter_proof.increment_is_well_formed.
  - now apply g_counter_proof.increment_is_inflationary.
  - now apply g_counter_proof.increment_equals_its_delta.
Qed.

Theorem writes_go_up_and_equal_their_deltas :
  forall o seq time user value s,
  lww_register.well_formed compare_name compare_value s = true ->
  decisions.covered compare_name (lww_register.decisions s) = true ->
  let after := lww_register.write compare_name compare_value o seq time user value s in
  lww_register.well_formed compare_name compare_value after = true
  /\ lww_register.join compare_name compare_value s after = after
  /\ lww_register.take_part compare_name compare_value
       (lww_register.part_since compare_name (lww_register.seen s) after) s = after.
Proof.
  intros. repeat split.
  - now apply lww_register_proof.write_is_well_formed.
  - now apply lww_register_proof.write_is_inflationary.
  - now apply lww_register_proof.write_equals_its_delta.
Qed.

Theorem adds_go_up_and_equal_their_deltas :
  forall o seq user x s,
  or_set.well_formed compare_name s = true ->
  decisions.covered compare_name s = true ->
  let after := or_set.add compare_name o seq user x s in
  or_set.well_formed compare_name after = true
  /\ or_set.join compare_name s after = after
  /\ or_set.take_part compare_name
       (or_set.part_since compare_name (or_set.seen s) after) s = after.
Proof.
  intros. repeat split.
  - now apply or_set_proof.add_is_well_formed.
  - now apply or_set_proof.add_is_inflationary.
  - now apply or_set_proof.add_equals_its_delta.
Qed.

Theorem removes_go_up_and_equal_their_deltas :
  forall o seq user x s,
  or_set.well_formed compare_name s = true ->
  decisions.covered compare_name s = true ->
  let after := or_set.remove compare_name o seq user x s in
  or_set.well_formed compare_name after = true
  /\ or_set.join compare_name s after = after
  /\ or_set.take_part compare_name
       (or_set.part_since compare_name (or_set.seen s) after) s = after.
Proof.
  intros. repeat split.
  - now apply or_set_proof.remove_is_well_formed.
  - now apply or_set_proof.remove_is_inflationary.
  - now apply or_set_proof.remove_equals_its_delta.
Qed.

(** [lww_map.delete] is a put of the null, so that this says it of deletes as well. *)
Theorem puts_go_up_and_equal_their_deltas :
  forall o seq time user key value s,
  lww_map.well_formed compare_name compare_value s = true ->
  decisions.covered compare_name (lww_map.decisions s) = true ->
  let after := lww_map.put compare_name compare_value o seq time user key value s in
  lww_map.well_formed compare_name compare_value after = true
  /\ lww_map.join compare_name compare_value s after = after
  /\ lww_map.take_part compare_name compare_value
       (lww_map.part_since compare_name (lww_map.seen s) after) s = after.
Proof.
  intros. repeat split.
  - now apply lww_map_proof.put_is_well_formed.
  - now apply lww_map_proof.put_is_inflationary.
  - now apply lww_map_proof.put_equals_its_delta.
Qed.

Theorem appends_go_up_and_equal_their_deltas :
  forall o seq time value s,
  log.well_formed compare_name compare_value s = true ->
  let after := log.append compare_name compare_value o seq time value s in
  log.well_formed compare_name compare_value after = true
  /\ log.join compare_name compare_value s after = after
  /\ log.take_part compare_name compare_value
       (log.part_since compare_name (log.seen s) after) s = after.
Proof.
  intros. repeat split.
  - now apply log_proof.append_is_well_formed.
  - now apply log_proof.append_is_inflationary.
  - now apply log_proof.append_equals_its_delta.
Qed.

(** An operation of a replica, on whichever object. [replica.vectors] is what each of its
    objects has seen. *)
Theorem operations_go_up_and_equal_their_deltas :
  forall name op user (before after : replica.state Name Value),
  valid op = true ->
  replica.well_formed compare_name compare_value types (replica.held before) = true ->
  replica.covered compare_name (replica.held before) = true ->
  replica.perform compare_name compare_value name op user before = Some after ->
  replica.well_formed compare_name compare_value types (replica.held after) = true
  /\ replica.join compare_name compare_value (replica.held before) (replica.held after)
     = replica.held after
  /\ replica.apply compare_name compare_value
       (replica.deltas_since compare_name
         (replica.vectors (replica.held before)) (replica.held after))
       (replica.held before)
     = Some (replica.held after).
Proof.
  intros. repeat split.
  - eapply replica_proof.operations_are_well_formed; eassumption.
  - eapply replica_proof.operations_are_inflationary; eassumption.
  - eapply replica_proof.operations_equal_their_deltas; eassumption.
Qed.

(** Replicas start covered, and operations, joins and deltas keep them so. *)
Theorem replicas_stay_covered :
  (replica.covered compare_name
     (replica.untouched (Name := Name) (Value := Value) types) = true)
  /\ (forall name op user (before after : replica.state Name Value),
      replica.well_formed compare_name compare_value types (replica.held before) = true ->
      replica.covered compare_name (replica.held before) = true ->
      replica.perform compare_name compare_value name op user before = Some after ->
      replica.covered compare_name (replica.held after) = true)
  /\ (forall a b,
      replica.well_formed compare_name compare_value types a = true ->
      replica.well_formed compare_name compare_value types b = true ->
      replica.covered compare_name a = true ->
      replica.covered compare_name b = true ->
      replica.covered compare_name (replica.join compare_name compare_value a b) = true)
  /\ (forall deltas before after,
      replica.well_formed compare_name compare_value types before = true ->
      replica.covered compare_name before = true ->
      sorted compare_name deltas = true ->
      (forall name d,
        find compare_name name deltas = Some d ->
        replica.well_formed_object compare_name compare_value (part d) = true
        /\ replica.covered_object compare_name (part d) = true) ->
      replica.apply compare_name compare_value deltas before = Some after ->
      replica.covered compare_name after = true).
Proof.
  intros. repeat split.
  - apply replica_proof.untouched_objects_are_covered.
  - intros. eapply replica_proof.operations_are_covered; eassumption.
  - intros. eapply replica_proof.the_join_is_covered; eassumption.
  - intros. eapply replica_proof.applied_deltas_are_covered; eassumption.
Qed.

(** ** T3: a state means the events that were seen

    [replica.object_meaning type E] is the state of an object whose replica has seen the events
    [E]: for an OR-Set it is [or_set.meaning], and so on. So each theorem here speaks of all five
    types; what it says of each has a name of its own in [X_meaning_proof.v].
    A [cut] of a [history] is what a replica can have seen of it: of each event also what that saw.
    Premises met: [meaning_examples.v]; there [without_a_cut_a_join_loses_events] shows that a
    join needs cuts. *)

Theorem an_object_that_has_seen_nothing_is_bottom :
  forall type,
  object_meaning type [] = replica.bottom_object type.
Proof. intros. now apply replica_meaning_proof.an_object_that_has_seen_nothing_is_bottom. Qed.

(** An event that saw exactly [E] is the operation on the state of [E], where the type has it. *)
Theorem an_operation_adds_its_event :
  forall (type : object_type) (H E : list (event Name Value)) (e : event Name Value),
  history H ->
  cut H E ->
  In e H ->
  saw_exactly compare_name e E ->
  allows type (operation_of e) = true ->
  replica.perform_on compare_name compare_value
    (object_meaning type E)
    (dot_origin (dot_of e)) (seq_of e) (user_of e) (operation_of e)
  = Some (object_meaning type (e :: E)).
Proof.
  intros. erewrite replica_meaning_proof.performing_on_an_object_adds_the_event by eassumption.
  now destruct (allows type (operation_of e)).
Qed.

Theorem a_join_unites_the_events :
  forall (type : object_type) (H E F : list (event Name Value)),
  history H ->
  cut H E ->
  cut H F ->
  replica.join_object compare_name compare_value
    (object_meaning type E)
    (object_meaning type F) = object_meaning type (union_events compare_name E F).
Proof. intros. eapply replica_meaning_proof.joining_objects_unites_their_events; eassumption. Qed.

(** So that the theorems can be applied again. *)
Theorem the_union_of_cuts_is_a_cut :
  forall (H E F : list (event Name Value)),
  history H ->
  cut H E ->
  cut H F ->
  cut H (union_events compare_name E F).
Proof. intros. eapply definition_proof.the_union_of_cuts_is_a_cut; eassumption. Qed.

(** What is read is what the definition says, over [E]. *)
Theorem a_value_is_that_of_the_definition :
  forall (type : object_type) (H E : list (event Name Value)),
  history H ->
  cut H E ->
  replica.value compare_value null (object_meaning type E)
  = read compare_name compare_value null type E.
Proof.
  intros type H E happened [].
  now apply (replica_meaning_proof.an_object_is_read_as_defined _ _ null H happened).
Qed.

(** Equal events are equal states, in whatever order they came. *)
Theorem a_state_depends_only_on_the_events :
  forall (type : object_type) (H E F : list (event Name Value)),
  history H ->
  cut H E ->
  cut H F ->
  (forall e, In e E <-> In e F) ->
  object_meaning type E = object_meaning type F.
Proof.
  intros type H E F happened [] [] same.
  eapply replica_meaning_proof.an_object_depends_only_on_its_events; eassumption.
Qed.

(** *** The same of replicas, each object for itself

    [replica.meaning types E] is what a replica holds that has seen [E], of all objects. *)

Theorem a_replica_that_has_seen_nothing_is_untouched :
  meaning [] = replica.untouched types.
Proof. intros. now apply replica_meaning_proof.a_replica_that_has_seen_nothing_is_untouched. Qed.

(** The event saw exactly what its replica had seen of its object, and has the number that the
    trace format gives it. *)
Theorem an_operation_of_a_replica_adds_its_event :
  forall type (H E : list (event Name Value)) (e : event Name Value),
  histories H ->
  cuts H E ->
  (forall f, In f E -> In (object_of f) (keys types)) ->
  find compare_name (object_of e) types = Some type ->
  allows type (operation_of e) = true ->
  In e H ->
  saw_exactly compare_name e (of_object (object_of e) E) ->
  seq_of e = seen_of compare_name (replica_of e) E + 1 ->
  replica.perform compare_name compare_value (object_of e) (operation_of e) (user_of e)
    (replica.Replica (dot_origin (dot_of e)) (meaning E))
  = Some (replica.Replica (dot_origin (dot_of e))
      (meaning (e :: E))).
Proof. intros. eapply replica_meaning_proof.performing_adds_the_event; eassumption. Qed.

Theorem a_join_of_replicas_unites_their_events :
  forall (H E F : list (event Name Value)),
  histories H ->
  cuts H E ->
  cuts H F ->
  replica.join compare_name compare_value
    (meaning E)
    (meaning F) = meaning (union_events compare_name E F).
Proof. intros. eapply replica_meaning_proof.joining_replicas_unites_their_events; eassumption. Qed.

Theorem each_object_of_a_replica_has_the_value_of_the_definition :
  forall name type (H E : list (event Name Value)),
  histories H ->
  cuts H E ->
  find compare_name name types = Some type ->
  exists x,
    find compare_name name (meaning E) = Some x
    /\ replica.value compare_value null x
       = read compare_name compare_value null type (of_object name E).
Proof.
  intros name type H E happened seen found.
  exists (replica.object_meaning compare_name compare_value type (of_object name E)).
  split.
  - rewrite replica_meaning_proof.an_object_is_found_with_its_meaning by assumption.
    now rewrite found.
  - eapply a_value_is_that_of_the_definition; eauto.
Qed.

(** The number of operations seen of each replica, over all objects and incarnations. *)
Theorem the_state_vector_is_that_of_the_definition :
  forall (H E : list (event Name Value)),
  histories H ->
  cuts H E ->
  (forall e, In e E -> In (object_of e) (keys types)) ->
  replica.vector_of compare_name (meaning E)
  = vector compare_name E.
Proof.
  intros. eapply replica_meaning_proof.the_state_vector_is_that_of_the_definition; eassumption.
Qed.

(** ** T4: strong eventual consistency

    In every world that the network of [network.v] can reach: replicas operate, send full states
    and deltas, receive any message ever sent, any number of times and in any order, save, and
    are restored under an incarnation that no operation bears. [seen] is what a replica has seen;
    it is written down for these theorems only, no step looks at it. Premises met: executions in
    [network_examples.v]. *)

Theorem every_state_is_the_meaning_of_what_was_seen :
  forall (w : network.world Name Value) name,
  reachable w ->
  held w name = meaning (seen w name).
Proof. intros. eapply network_proof.every_state_is_the_meaning_of_what_was_seen; eassumption. Qed.

(** So that all that is said of histories and cuts is said of every execution: values, merge
    decisions and notices are those of the definition. *)
Theorem what_was_seen_is_a_cut_of_a_history :
  forall (w : network.world Name Value) name,
  reachable w ->
  histories (network.happened w)
  /\ cuts (network.happened w) (seen w name).
Proof.
  intros. split.
  - eapply network_proof.every_history_that_happens_is_one; eassumption.
  - eapply network_proof.what_was_seen_is_a_cut_of_what_happened; eassumption.
Qed.

Theorem replicas_that_have_seen_the_same_hold_the_same :
  forall (w : network.world Name Value) a b,
  reachable w ->
  (forall e,
    In e (seen w a) <-> In e (seen w b)) ->
  held w a
  = held w b.
Proof.
  intros. eapply network_proof.replicas_that_have_seen_the_same_hold_the_same; eassumption.
Qed.

(** At whatever times of one run: where the vectors of all objects are equal, so are the states. *)
Theorem equal_vectors_mean_equal_states :
  forall (w w' : network.world Name Value) a b,
  reachable w ->
  network.steps compare_name compare_value w w' ->
  let xs := held w a in
  let ys := held w' b in
  let vectors := map (fun entry => (fst entry, replica.seen_object (snd entry))) in
  vectors xs = vectors ys ->
  xs = ys.
Proof.
  intros w w' a b reached run.
  exact (network_proof.equal_vectors_mean_equal_states compare_name compare_value types typed
    w w' a b reached run).
Qed.

Theorem what_is_seen_never_shrinks_but_by_restore :
  forall (w w' : network.world Name Value) name,
  network.step compare_name compare_value w w' ->
  incl (seen w name) (seen w' name)
  \/ exists backup fresh,
      In (name, backup) (network.backups w)
      /\ (forall e, In e (network.happened w) -> dot_origin (dot_of e) <> Origin name fresh)
      /\ network.nodes w' name
         = network.Node
             (replica.restore (Origin name fresh) (replica.held (network.running backup)))
             (network.seen backup).
Proof. intros. eapply network_proof.what_is_seen_never_shrinks_but_by_restore; eassumption. Qed.

(** From wherever they are, two replicas that exchange their states have both seen what either
    had, and hold the same. *)
Theorem a_complete_exchange_equalizes :
  forall (w : network.world Name Value) a b,
  reachable w ->
  a <> b ->
  exists w',
    network.steps compare_name compare_value w w'
    /\ network.happened w' = network.happened w
    /\ (forall e,
        In e (seen w' a) <->
        In e (seen w a) \/ In e (seen w b))
    /\ (forall e,
        In e (seen w' b) <->
        In e (seen w a) \/ In e (seen w b))
    /\ held w' a
       = held w' b.
Proof. intros. eapply network_proof.a_complete_exchange_equalizes; eassumption. Qed.

(** ** T5: a delta does what the whole state would do

    The sender has seen [E], the receiver [F], and the delta was made since [v], any vector that
    the receiver covers. Premises met: [meaning_examples.v],
    [a_delta_carries_only_what_may_be_lacking]. *)

Theorem a_delta_unites_the_events :
  forall (type : object_type) (H E F : list (event Name Value)) v,
  history H ->
  cut H E ->
  cut H F ->
  version_vector.covers compare_name
    (version_vector.of_dots compare_name (map dot_of F)) v = true ->
  replica.take_part compare_name compare_value
    (replica.part_since compare_name v
      (object_meaning type E))
    (object_meaning type F) = object_meaning type (union_events compare_name E F).
Proof.
  intros. eapply replica_meaning_proof.taking_a_delta_of_an_object_adds_its_events; eauto.
  now rewrite replica_meaning_proof.an_object_has_seen_its_events by assumption.
Qed.

(** Deltas of some objects or of all, each since a vector of its own: of the objects that [vs]
    names, the receiver has then seen what the sender had. *)
Theorem deltas_unite_the_events_of_their_objects :
  forall vs (H E F : list (event Name Value)),
  sorted compare_name vs = true ->
  histories H ->
  cuts H E ->
  cuts H F ->
  (forall name v,
    In name (keys types) ->
    find compare_name name vs = Some v ->
    version_vector.covers compare_name
      (version_vector.of_dots compare_name (map dot_of (of_object name F))) v
    = true) ->
  replica.apply compare_name compare_value
    (replica.deltas_since compare_name vs (meaning E))
    (meaning F)
  = Some (meaning (union_events compare_name (on_objects_of compare_name vs E) F)).
Proof. intros. eapply replica_meaning_proof.applying_deltas_adds_the_events; eassumption. Qed.

(** A delta leaves out what its receiver has seen: of any state it lists exactly those things of
    which some dot lies outside the vector ([listed] and [is_new_to] in [delta_content.v]); and where
    it lists nothing, nothing but a vector is sent. So the whole state is no delta:
    [the_whole_state_is_not_what_a_delta_lists] in [meaning_examples.v]. *)
Theorem a_delta_lists_exactly_what_is_new :
  forall v (x : replica.object Name Value),
  let part := replica.part_since compare_name v x in
  let listed := delta_content.listed compare_name in
  listed part = filter (delta_content.is_new_to compare_name v) (listed x)
  /\ (listed part = [] ->
      state_hash.without_vector part = replica.bottom_object (replica.type_of x)).
Proof.
  intros. split.
  - apply delta_content_proof.a_delta_lists_exactly_what_is_new.
  - apply delta_content_proof.a_delta_that_lists_nothing_is_a_vector.
Qed.

(** A delta that builds on what was not seen is refused, on every state; and nothing changes, as
    there is no new state. Premises met: [a_delta_with_a_gap_is_refused] in [examples.v]. *)
Theorem a_delta_with_a_gap_is_refused :
  forall name d ds (xs : replica.objects Name Value) x,
  sorted compare_name ds = true ->
  find compare_name name ds = Some d ->
  find compare_name name xs = Some x ->
  version_vector.covers compare_name (replica.seen_object x) (since d) = false ->
  replica.apply compare_name compare_value ds xs = None.
Proof. intros. eapply replica_proof.a_delta_with_a_gap_is_refused; eassumption. Qed.

(** ** T6: the optimized engine refines the reference

    The optimized engine keeps the store of decisions as records with an index of changes
    ([indexed_decisions.v]): [decisions_of] and [winners_of] are the state of the reference that it
    keeps so. What follows is about its model in Coq; that the Rust does the same is tested.
    Premises met, and what goes wrong without them: [indexed_decisions_examples.v] and
    [executions_examples.v]. *)

Section Index.
Context {K Effect : Type}.
Context (compare_key : K -> K -> comparison) {lawful_keys : ordered compare_key}.
Context (compare_effect : Effect -> Effect -> comparison) {lawful_effects : ordered compare_effect}.
Context (keeps_winner : bool).
Context (reading : operation Name Value -> option (K * (N * Effect))).
Local Notation sound :=
  (indexed_decisions.sound compare_name compare_key compare_effect keeps_winner).
Local Notation winners_of := (indexed_decisions.winners_of compare_name compare_effect).
Local Notation represents :=
  (indexed_decisions.represents compare_name compare_key compare_effect keeps_winner reading).

(** Deciding is deciding in the store, and states stay sound. *)
Theorem an_index_decides_as_the_store_does :
  forall k d (s : indexed_decisions.state Name K Effect),
  sound s ->
  1 <= counter (decisions.dot_of d) ->
  let after :=
    indexed_decisions.decide compare_name compare_key compare_effect keeps_winner k d s in
  sound after
  /\ indexed_decisions.decisions_of after
    = decisions.decide compare_name compare_key k d (indexed_decisions.decisions_of s)
  /\ (keeps_winner = true ->
      winners_of after
      = merge compare_key
          (greater_option (decisions.compare_decision compare_name compare_effect))
          (winners_of s) [(k, d)]).
Proof.
  intros. split; [| split].
  - now apply indexed_decisions_proof.deciding_is_sound.
  - now apply indexed_decisions_proof.deciding_decides_in_the_store.
  - intros. now apply indexed_decisions_proof.deciding_decides_the_winners.
Qed.

(** Joining a part is joining it in the store. [m] has what the part lists, under the keys that
    its names are for, and [v] is what its sender had seen. *)
Theorem an_index_takes_parts_as_the_store_does :
  forall v m (s : indexed_decisions.state Name K Effect),
  sound s ->
  indexed_decisions.sound_items compare_name compare_key compare_effect keeps_winner v m ->
  let after :=
    indexed_decisions.take compare_name compare_key compare_effect keeps_winner v m s in
  sound after
  /\ indexed_decisions.decisions_of after
    = decisions.take_part compare_name compare_key compare_effect
        (decisions.State v (indexed_decisions.frontiers m)) (indexed_decisions.decisions_of s)
  /\ (keeps_winner = true ->
      winners_of after
      = merge compare_key
          (greater_option (decisions.compare_decision compare_name compare_effect))
          (winners_of s)
          (indexed_decisions.winners compare_name compare_effect m)).
Proof.
  intros. split; [| split].
  - now apply indexed_decisions_proof.taking_is_sound.
  - now apply (indexed_decisions_proof.taking_takes_the_part_in_the_store
      compare_name compare_key compare_effect keeps_winner).
  - intros. now apply indexed_decisions_proof.taking_takes_the_winners.
Qed.

(** Whatever [keep] says, and so at any time, compacting the log changes nothing that is kept. *)
Theorem compacting_an_index_changes_nothing :
  forall keep (s : indexed_decisions.state Name K Effect),
  sound s ->
  let after := indexed_decisions.compact compare_name compare_key keep s in
  sound after
  /\ indexed_decisions.seen after = indexed_decisions.seen s
  /\ indexed_decisions.entries after = indexed_decisions.entries s.
Proof.
  intros. split; [now apply indexed_decisions_proof.compacting_is_sound | now split].
Qed.

(** What the log finds is, for every vector, exactly the part of the store since it. *)
Theorem the_log_finds_exactly_the_part_of_the_store :
  forall v (s : indexed_decisions.state Name K Effect),
  sound s ->
  let part := decisions.part_since compare_name v (indexed_decisions.decisions_of s) in
  let found := indexed_decisions.changed compare_name compare_key v s in
  let shown := indexed_decisions.shown_to compare_name v found in
  indexed_decisions.part_since compare_name compare_key v s
    = indexed_decisions.Part (indexed_decisions.seen s)
        (map (indexed_decisions.item_for compare_name v) found)
  /\ decisions.State (indexed_decisions.seen s) (indexed_decisions.frontiers shown) = part
  /\ indexed_decisions.winners compare_name compare_effect shown
    = restrict compare_key (winners_of s)
        (decisions.maximal part)
  /\ indexed_decisions.sound_items compare_name compare_key compare_effect keeps_winner
      (indexed_decisions.seen s) shown.
Proof.
  intros. split; [reflexivity | split; [| split]].
  - now apply (indexed_decisions_proof.the_changes_are_the_part_of_the_store
      compare_name compare_key compare_effect keeps_winner).
  - now apply (indexed_decisions_proof.the_changes_have_the_winners_of_the_part
      compare_name compare_key compare_effect keeps_winner).
  - now apply indexed_decisions_proof.the_changes_are_sound.
Qed.

(** A creation dot of a key at the sender, if its receiver has seen it, names that key there. *)
Theorem a_creation_dot_that_was_seen_names_its_key :
  forall (H E F : list (event Name Value)) sender receiver k b,
  history H ->
  cut H E ->
  cut H F ->
  represents E sender ->
  represents F receiver ->
  In b (indexed_decisions.creation_dots (indexed_decisions.entry_at compare_key k sender)) ->
  version_vector.contains compare_name b (indexed_decisions.seen receiver) = true ->
  indexed_decisions.understand compare_name compare_key (indexed_decisions.By_creation_dot b) receiver
  = Some k.
Proof.
  intros H E F sender receiver k b happened.
  now apply (indexed_decisions_meaning_proof.a_name_is_understood
    compare_name compare_key compare_effect keeps_winner reading H happened E F sender).
Qed.

(** A delta is received unless it builds on what was not seen, and then what is applied is what
    the sender found; and the receiver is then the index of the union of both cuts. *)
Theorem a_delta_of_an_index_unites_the_events :
  forall (H E F : list (event Name Value)) sender receiver v,
  history H ->
  cut H E ->
  cut H F ->
  represents E sender ->
  represents F receiver ->
  version_vector.covers compare_name (indexed_decisions.seen receiver) v = true ->
  exists after,
    indexed_decisions.receive compare_name compare_key compare_effect keeps_winner
      (indexed_decisions.delta_since compare_name compare_key v sender) receiver = Some after
    /\ represents (union_events compare_name E F) after.
Proof.
  intros H E F sender receiver v happened cut_e cut_f rep_e rep_f covered.
  eexists. split.
  - rewrite (indexed_decisions_meaning_proof.a_delta_is_received_as_it_was_sent
      compare_name compare_key compare_effect keeps_winner reading H happened E F) by assumption.
    rewrite covered. reflexivity.
  - now apply (indexed_decisions_meaning_proof.taking_the_changes_adds_the_events
      compare_name compare_key compare_effect keeps_winner reading H).
Qed.

(** In every execution, whatever was sent is refused exactly where it builds on what was not seen,
    and so never for a name. *)
Theorem in_every_execution_only_a_gap_is_refused :
  (forall op, reading op <> None -> valid op = true) ->
  let engine :=
    executions.indexed compare_name compare_key compare_effect keeps_winner reading in
  forall steps name number (w : executions.world engine) m,
  executions.run compare_name engine steps (executions.start engine) = Some w ->
  nth_error (executions.sent w) number = Some m ->
  executions.take_step compare_name engine (executions.Receive name number) w = None <->
  accepts compare_name (indexed_decisions.seen (snd (executions.nodes w name))) m = false.
Proof.
  intros readable engine steps.
  now apply (executions_proof.only_a_gap_is_refused compare_name compare_key compare_effect
    keeps_winner reading).
Qed.

(** After every execution, at every replica, the optimized register keeps the state of the
    reference, and so answers as it does; where one engine refuses a step, so does the other. *)
Theorem optimized_registers_refine_the_reference :
  forall (steps : list (executions.step Name Value)) name,
  let after_optimized {A} := executions.after (A := A) compare_name
    (executions.indexed_register compare_name compare_value) steps name in
  let after_reference {A} := executions.after (A := A) compare_name
    (executions.reference_register compare_name compare_value) steps name in
  after_optimized (executions.register_of compare_name compare_value)
    = after_reference (fun s => s)
  /\ after_optimized (executions.register_value compare_name compare_value null)
    = after_reference (lww_register.value null)
  /\ after_optimized (executions.register_merge_decisions compare_name compare_value null)
    = after_reference (lww_register.merge_decisions compare_name compare_value null)
  /\ forall user,
      after_optimized (executions.register_notices compare_name compare_value null user)
      = after_reference (lww_register.notices compare_name compare_value null user).
Proof. intros. now apply executions_proof.indexed_registers_refine_the_reference. Qed.

Theorem optimized_sets_refine_the_reference :
  forall (steps : list (executions.step Name Value)) name,
  let after_optimized {A} := executions.after (A := A) compare_name
    (executions.indexed_set compare_name) steps name in
  let after_reference {A} := executions.after (A := A) compare_name
    (executions.reference_set compare_name) steps name in
  after_optimized executions.set_of = after_reference (fun s => s)
  /\ after_optimized executions.set_value = after_reference or_set.value
  /\ after_optimized (executions.set_merge_decisions compare_name)
    = after_reference (or_set.merge_decisions compare_name)
  /\ forall user,
      after_optimized (executions.set_notices compare_name user)
      = after_reference (or_set.notices compare_name user).
Proof. intros. now apply executions_proof.indexed_sets_refine_the_reference. Qed.

Theorem optimized_maps_refine_the_reference :
  forall (steps : list (executions.step Name Value)) name,
  let after_optimized {A} := executions.after (A := A) compare_name
    (executions.indexed_map compare_name compare_value) steps name in
  let after_reference {A} := executions.after (A := A) compare_name
    (executions.reference_map compare_name compare_value) steps name in
  after_optimized (executions.map_of compare_name compare_value)
    = after_reference (fun s => s)
  /\ after_optimized (executions.map_value compare_name compare_value null)
    = after_reference (lww_map.value compare_value null)
  /\ after_optimized (executions.map_merge_decisions compare_name compare_value null)
    = after_reference (lww_map.merge_decisions compare_name compare_value null)
  /\ forall user,
      after_optimized (executions.map_notices compare_name compare_value null user)
      = after_reference (lww_map.notices compare_name compare_value null user).
Proof. intros. now apply executions_proof.indexed_maps_refine_the_reference. Qed.
End Index.

(** ** T7: sync sessions

    A session is two replicas, a class of objects and the messages under way ([sync.v]). What it
    compares, and how it cuts deltas into pieces, are parameters; [sync_examples.v] has a way to cut
    that meets the premises, two replicas that meet ([two_replicas_meet]), sessions of two classes
    at once of which one ends early and the other one finds a difference
    ([two_classes_go_on_at_once]), and what goes wrong if a piece is applied alone
    ([a_piece_alone_leaves_a_hole]). *)

Section Sessions.
Context {Summary : Type}.
Context (compare_summary : Summary -> Summary -> comparison).
Context {lawful_summaries : ordered compare_summary}.
Context (cut : replica.object Name Value -> list (replica.object Name Value)).
Context (assemble : list (replica.object Name Value) -> replica.object Name Value).
Context (cut_is_some : forall delta, cut delta <> []).
Context (whole_is_assembled : forall delta, assemble (cut delta) = delta).
Context (summarize : replica.objects Name Value -> Summary).
Local Notation of_class := (sync.of_class compare_name).
Local Notation begin := (sync.begin compare_name summarize).
Local Notation deliver :=
  (sync.deliver compare_name compare_value compare_summary cut assemble summarize).
Local Notation undisturbed :=
  (sync.undisturbed compare_name compare_value compare_summary cut assemble summarize).
Local Notation goes_on :=
  (sync.goes_on compare_name compare_value compare_summary cut assemble summarize).
Local Notation follows :=
  (sync_verdict.follows compare_name compare_value compare_summary cut assemble summarize).
Local Notation between := (sync_verdict.between compare_name compare_value).

(** Whatever goes on: sessions begin, any number at once, and are cut anywhere, which is that
    nothing more of them is delivered; they are repeated; replicas operate, exchange other
    messages and are restored in between. All that sessions do to replicas are steps of the
    network: so T4 holds of every such run. *)
Theorem sessions_do_what_replicas_may_do :
  forall w w' sessions sessions',
  reachable w ->
  goes_on w sessions w' sessions' ->
  network.steps compare_name compare_value w w'
  /\ reachable w'.
Proof.
  intros w w' sessions sessions' reached run.
  apply sync_delivery_proof.sessions_take_steps in run. split; [exact run |].
  now apply (sync_delivery_proof.a_reachable_world_stays_reachable compare_name compare_value types w).
Qed.

(** Each message leaves every replica above what it held before, and with no more than what
    happened: before <= after <= everything, wherever the session is cut. *)
Theorem a_delivery_is_between_before_and_everything :
  forall w w' session session' name,
  reachable w ->
  deliver w session w' session' ->
  network.happened w' = network.happened w
  /\ replica.join compare_name compare_value (sync.held w name) (sync.held w' name)
     = sync.held w' name
  /\ sync.held w' name = meaning (seen w' name)
  /\ incl (seen w name) (seen w' name)
  /\ (forall object,
       incl (of_object object (seen w' name))
         (of_object object (network.happened w))).
Proof.
  intros w w' session session' name reached taken.
  exact (sync_delivery_proof.a_delivery_is_between_before_and_everything compare_name compare_value
    compare_summary types typed cut assemble summarize w w' session session' name reached taken).
Qed.

(** A session that is not cut, and whose class nothing else touches at its two replicas, ends with
    both at the join of what they held when it began, and both say that they hold the same. Where
    equal summaries let it end early, they must not deceive; when they do not is said below
    ([equal_summaries_mean_equal_states_or_a_collision]), and
    [a_summary_that_says_nothing_ends_too_early] shows that it is needed. *)
Theorem an_uncut_session_ends_at_the_join :
  forall w w' class a b session',
  reachable w ->
  a <> b ->
  (summarize (of_class class (sync.held w a))
     = summarize (of_class class (sync.held w b)) ->
   of_class class (sync.held w a) = of_class class (sync.held w b)) ->
  undisturbed w (begin class a b w) w' session' ->
  sync.finished session' ->
  let joined := replica.join compare_name compare_value (sync.held w a) (sync.held w b) in
  of_class class (sync.held w' a) = of_class class joined
  /\ of_class class (sync.held w' b) = of_class class joined
  /\ sync.agrees (sync.at_left session') = true
  /\ sync.agrees (sync.at_right session') = true.
Proof.
  intros w w' class a b session' reached different early run ended.
  exact (sync_proof.an_uncut_session_ends_at_the_join compare_name compare_value compare_summary
    types typed cut assemble cut_is_some whole_is_assembled summarize w w' class a b session'
    reached different early run ended).
Qed.

(** From wherever it has got to, such a session can go on to its end; and no session goes on for
    ever. *)
Theorem a_session_goes_on_to_its_end :
  well_founded (fun later earlier => exists w w', deliver w earlier w' later)
  /\ forall w class a b w1 session,
       reachable w ->
       undisturbed w (begin class a b w) w1 session ->
       exists w' session',
         undisturbed w (begin class a b w) w' session'
         /\ sync.finished session'.
Proof.
  split; [apply sync_delivery_proof.sessions_end |].
  intros w class a b w1 session reached run.
  exact (sync_proof.a_session_can_go_on_to_its_end compare_name compare_value compare_summary
    types typed cut assemble cut_is_some whole_is_assembled summarize w w1 class a b session
    reached run).
Qed.

(** Priority classes finish independently: what a session of another class delivers does not
    disturb one, at whichever point either of them is. *)
Theorem another_class_does_not_disturb :
  forall w w' w'' one one' other other',
  reachable w ->
  undisturbed w one w' one' ->
  (forall object, member compare_name object (sync.class other) = true ->
    member compare_name object (sync.class one) = false) ->
  deliver w' other w'' other' ->
  undisturbed w one w'' one'.
Proof.
  intros w w' w'' one one' other other' reached run apart taken.
  exact (sync_proof.another_class_does_not_disturb compare_name compare_value compare_summary
    types typed cut assemble summarize w w' w'' one one' other other' reached run apart taken).
Qed.

(** *** What a session says

    [sync_verdict.follows] is one session from its beginning on, whatever goes on beside it: writes,
    other messages and sessions, restores; and it may be cut anywhere. So is every session of every
    run. *)

Theorem every_session_of_a_run_is_followed_from_its_beginning :
  forall w w' sessions session,
  goes_on w [] w' sessions ->
  In session sessions ->
  exists class a b begun,
    between w begun w'
    /\ follows begun (begin class a b begun) w' session.
Proof.
  intros w w' sessions session.
  apply sync_verdict_proof.every_session_was_begun.
Qed.

(** A side that has ended says that both agree exactly if two summaries are equal: one of what the
    other side held at some moment since the session began, and one of what this side held at
    some moment. This holds from any world on, also from one that no history makes. A session that
    says so without comparing breaks it. *)
Theorem a_verdict_compares_what_was_held :
  forall w w' class a b session' agrees,
  follows w (begin class a b w) w' session' ->
  let since_then := fun w1 => between w w1 w' in
  let summary_at := fun w1 name =>
    summarize (of_class class (sync.held w1 name)) in
  (sync.at_phase (sync.at_left session') = sync.Closed agrees ->
   exists w1 w2, since_then w1 /\ since_then w2
   /\ (agrees = true <-> summary_at w1 b = summary_at w2 a))
  /\ (sync.at_phase (sync.at_right session') = sync.Closed agrees ->
   exists w1 w2, since_then w1 /\ since_then w2
   /\ (agrees = true <-> summary_at w1 a = summary_at w2 b)).
Proof.
  intros w w' class a b session' agrees run.
  exact (sync_verdict_proof.a_verdict_compares_what_was_held compare_name compare_value
    compare_summary cut assemble summarize w w' class a b session' agrees run).
Qed.

Section Verdicts.
Context {Fingerprint : Type}.
Context (compare_fingerprint : Fingerprint -> Fingerprint -> comparison).
Context {lawful_fingerprints : ordered compare_fingerprint}.
Context (fingerprint : sorted_map Name (version_vector.state Name) -> Fingerprint).
Context (name_bytes : Name -> state_hash.bytes) (value_bytes : Value -> state_hash.bytes).
Context (hash : state_hash.domain -> state_hash.bytes -> state_hash.bytes).
Context (names_differ : forall a b, name_bytes a = name_bytes b -> a = b).
Context (values_differ : forall a b, value_bytes a = value_bytes b -> a = b).
Context (one_length : forall purpose m, length (hash purpose m) = state_hash.digest_length).
Local Notation fine := (sync_verdict.fine compare_name compare_value).
Local Notation summary_of := (sync_verdict.summary_of compare_name compare_value fingerprint null
  name_bytes value_bytes hash).
Local Notation fingerprints_collide := (sync_verdict.fingerprints_collide fingerprint).
Local Notation hashes_clash := (sync_verdict.hashes_clash compare_name compare_value null
  name_bytes value_bytes hash).

(** The summaries that are compared are a fingerprint of the vectors, which is any function of them,
    and the two state hashes of T8. Where they are equal, at the early end or at the last check, the
    states are equal, or a collision is exhibited: different vectors with one fingerprint, or a
    clash of the hash as in T8. *)
Theorem equal_summaries_mean_equal_states_or_a_collision :
  forall xs ys,
  fine xs = true ->
  fine ys = true ->
  summary_of xs = summary_of ys ->
  xs = ys
  \/ fingerprints_collide xs ys
  \/ hashes_clash xs ys.
Proof.
  intros xs ys fine fine'.
  now apply sync_verdict_proof.equal_summaries_mean_equal_states_or_a_collision.
Qed.

(** So what a session says is true, however it was disturbed: if a side says that both agree, there
    are a moment at which the other side held, and one at which this side held, the same of the
    class, or a collision of the two is exhibited. In worlds that replicas can reach fingerprints
    alone would do; the hashes tell when something that is no history has happened. *)
Theorem agreement_means_equal_states_or_a_collision :
  forall w w' class a b session',
  let compare_summary := sync_verdict.compare_summary compare_fingerprint in
  let is_true me peer := exists w1 w2, between w w1 w' /\ between w w2 w'
    /\ let xs := of_class class (sync.held w1 peer) in
       let ys := of_class class (sync.held w2 me) in
       let collide := fingerprints_collide xs ys in
       (fine xs = true -> fine ys = true -> xs = ys \/ collide \/ hashes_clash xs ys)
       /\ (reachable w -> xs = ys \/ collide) in
  sync_verdict.follows compare_name compare_value compare_summary cut assemble summary_of
    w (sync.begin compare_name summary_of class a b w) w' session' ->
  (sync.agrees (sync.at_left session') = true -> is_true a b)
  /\ (sync.agrees (sync.at_right session') = true -> is_true b a).
Proof.
  intros w w' class a b session' compares is_true run.
  exact (sync_verdict_proof.agreement_means_equal_states_or_a_collision compare_name compare_value
    compare_fingerprint fingerprint null name_bytes value_bytes hash names_differ values_differ
    one_length types typed cut assemble w w' class a b session' run).
Qed.
End Verdicts.

End Sessions.

(** ** T8: the state hash

    A hash of fixed length is never injective; so what is proved is that equal hashes mean equal
    records, or that [find_clash] finds two messages that were hashed and have one digest, or a
    bucket or node whose digest is that of no records ([is_clash]). The hash is any function, one
    for each purpose, whose digests have 32 bytes. Names and values are bytes, by functions that
    keep different ones apart.
    That a premise is needed, or an outcome possible, is computed in [state_hash_examples.v]: of
    [settled] by [unsettled_states_are_not_told_apart], of vectors by
    [equal_records_with_different_vectors], of clashes by [a_clash_is_found],
    [a_digest_of_nothing_is_found] and [a_bucket_may_clash_with_a_node]. *)

Section Hashes.
Context (name_bytes : Name -> state_hash.bytes) (value_bytes : Value -> state_hash.bytes).
Context (hash : state_hash.domain -> state_hash.bytes -> state_hash.bytes).
Context (names_differ : forall a b, name_bytes a = name_bytes b -> a = b).
Context (values_differ : forall a b, value_bytes a = value_bytes b -> a = b).
Context (one_length : forall purpose m, length (hash purpose m) = state_hash.digest_length).

(** Equal states, then, have equal hashes; the vectors may even differ. *)
Theorem equal_records_have_equal_hashes :
  forall of_removals xs ys,
  state_hash.without_vectors xs = state_hash.without_vectors ys ->
  let hash_of := state_hash.replica_hash compare_name compare_value null
    name_bytes value_bytes hash of_removals in
  hash_of xs = hash_of ys.
Proof. intros. now apply state_hash_proof.replicas_with_equal_records_have_equal_hashes. Qed.

(** The tree that is kept, of which an update makes anew only the nodes on the path of the
    record, is the tree that is made from nothing but the new records: whatever was done before,
    and also where a bucket overflows, or nodes become a bucket again. *)
Theorem an_update_makes_the_hash_of_the_new_records :
  forall levels path old new rs,
  rising state_hash.compare_record rs = true ->
  (forall r, old = Some r -> state_hash.path_of hash r = path) ->
  (forall r, new = Some r -> state_hash.path_of hash r = path) ->
  let change := state_hash.replace old new in
  let updated := state_hash.update hash levels path change (state_hash.build hash levels rs) in
  updated = state_hash.build hash levels (change rs)
  /\ state_hash.root updated = state_hash.tree hash levels (change rs)
  /\ forall r, In r (change rs) <-> new = Some r \/ (In r rs /\ old <> Some r).
Proof.
  intros levels path old new rs rises on_old on_new. cbv zeta.
  rewrite state_hash_tree_proof.an_update_makes_the_tree_of_the_new_records by
    (assumption || (destruct old, new; cbn; auto)).
  split; [reflexivity |]. split; [apply state_hash_tree_proof.the_kept_root_is_the_hash_of_the_records |].
  intros r. now apply state_hash_tree_proof.in_replace.
Qed.

(** Of every two well-formed states, reachable or not, where the winner of each key is what its
    name says ([settled]). With equal vectors the states are equal. *)
Theorem equal_hashes_mean_equal_records_or_a_clash :
  forall xs ys,
  replica.well_formed compare_name compare_value types xs = true ->
  replica.well_formed compare_name compare_value types ys = true ->
  forallb (fun entry => state_hash.settled compare_name compare_value (snd entry)) xs = true ->
  forallb (fun entry => state_hash.settled compare_name compare_value (snd entry)) ys = true ->
  let hash_of := state_hash.replica_hash compare_name compare_value null
    name_bytes value_bytes hash in
  let messages := state_hash.replica_messages compare_name compare_value null
    name_bytes value_bytes hash in
  let vectors := map (fun entry => (fst entry, replica.seen_object (snd entry))) in
  hash_of false xs = hash_of false ys ->
  hash_of true xs = hash_of true ys ->
  (state_hash.without_vectors xs = state_hash.without_vectors ys
   /\ (vectors xs = vectors ys -> xs = ys))
  \/ exists c,
       state_hash.find_clash hash (messages xs ++ messages ys) = Some c
       /\ state_hash.is_clash hash c.
Proof.
  intros xs ys good good' fine fine' hash_of messages vectors content removals.
  apply andb_prop in good as [_ good], good' as [_ good'].
  rewrite forallb_forall in good, good', fine, fine'.
  assert (state_hash_proof.all_fine compare_name compare_value xs) as all_fine.
  { intros entry there. split; [| now apply fine]. now apply (andb_prop _ _ (good entry there)). }
  assert (state_hash_proof.all_fine compare_name compare_value ys) as all_fine'.
  { intros entry there. split; [| now apply fine']. now apply (andb_prop _ _ (good' entry there)). }
  destruct (state_hash_proof.equal_hashes_mean_equal_records_or_a_clash compare_name compare_value
    null name_bytes value_bytes hash names_differ values_differ one_length xs ys
    all_fine all_fine' content removals) as [same | found].
  - left. split; [exact same |]. intros equal_vectors.
    now apply state_hash_proof.records_and_vectors_make_the_objects.
  - right. exact found.
Qed.

(** Whatever two replicas of one world have been through, these premises hold of them. *)
Theorem equal_hashes_of_replicas_mean_equal_states_or_a_clash :
  forall w a b,
  reachable w ->
  let xs := held w a in
  let ys := held w b in
  let hash_of := state_hash.replica_hash compare_name compare_value null
    name_bytes value_bytes hash in
  let messages := state_hash.replica_messages compare_name compare_value null
    name_bytes value_bytes hash in
  let vectors := map (fun entry => (fst entry, replica.seen_object (snd entry))) in
  hash_of false xs = hash_of false ys ->
  hash_of true xs = hash_of true ys ->
  vectors xs = vectors ys ->
  xs = ys
  \/ exists c,
       state_hash.find_clash hash (messages xs ++ messages ys) = Some c
       /\ state_hash.is_clash hash c.
Proof.
  intros w a b reached xs ys hash_of messages vectors content removals same_vectors.
  exact (state_hash_meaning_proof.equal_hashes_of_replicas_mean_equal_states_or_a_clash
    compare_name compare_value types typed null name_bytes value_bytes hash
    names_differ values_differ one_length w a b reached content removals same_vectors).
Qed.

(** Going down only where hashes differ, one compares records exactly at the places where a tree ends
    and hashes differ ([compared_at]): less would not do, and more is not looked at. What differs
    there is exactly the records in which two objects of one type differ, or a clash is found.
    Handing back all records of both is no such place ([all_records_are_compared_nowhere] in
    [state_hash_examples.v]). *)
Theorem going_down_finds_what_differs_or_a_clash :
  forall of_removals x y,
  replica.type_of x = replica.type_of y ->
  replica.well_formed_object compare_name compare_value x = true ->
  replica.well_formed_object compare_name compare_value y = true ->
  state_hash.settled compare_name compare_value x = true ->
  state_hash.settled compare_name compare_value y = true ->
  let records_of x := state_hash.select of_removals
    (state_hash.records compare_name compare_value null name_bytes value_bytes hash x) in
  let trie_of x := state_hash.build hash state_hash.depth_limit (records_of x) in
  let messages := state_hash.object_messages compare_name compare_value null
    name_bytes value_bytes hash in
  let reached := state_hash.differing (trie_of x) (trie_of y) in
  let within := state_hash.within hash state_hash.depth_limit in
  (forall p,
    In p reached <->
    exists place,
      state_hash.compared_at hash state_hash.depth_limit (records_of x) (records_of y) place
      /\ p = (within place (records_of x), within place (records_of y)))
  /\ ((forall r,
        (In r (records_of x) /\ ~ In r (records_of y)
         <-> exists p, In p reached /\ In r (fst p) /\ ~ In r (snd p))
        /\ (In r (records_of y) /\ ~ In r (records_of x)
            <-> exists p, In p reached /\ In r (snd p) /\ ~ In r (fst p)))
      \/ exists c,
           state_hash.find_clash hash (messages x ++ messages y) = Some c
           /\ state_hash.is_clash hash c).
Proof.
  intros. split.
  - intros p. apply state_hash_tree_proof.going_down_compares_exactly_there;
      apply state_hash_objects_proof.select_is_rising.
  - now apply (state_hash_proof.going_down_finds_what_differs_or_a_clash compare_name
      compare_value).
Qed.

(** The two parts of the hash are apart: dropping a record of removals, which is one part, leaves
    the hash of the content as it is. This does not say that such a record may be dropped: a join
    with an older put brings the key back ([purged_removals_come_back] below). *)
Theorem the_content_hash_stays_when_removals_are_dropped :
  forall key x,
  replica.well_formed_object compare_name compare_value x = true ->
  state_hash.only_removals_at compare_name compare_value null key x = true ->
  let content := state_hash.object_hash compare_name compare_value null
    name_bytes value_bytes hash false in
  content (state_hash.drop compare_name key x) = content x.
Proof.
  intros key x good gone content.
  exact (state_hash_removals_proof.the_content_hash_stays_when_removals_are_dropped compare_name
    compare_value null name_bytes value_bytes hash key x good gone).
Qed.

(** Nor does an answer show such a record, until the next join: no value, no open decision and no
    notice. *)
Theorem records_of_removals_show_in_no_answer :
  forall key user x,
  replica.well_formed_object compare_name compare_value x = true ->
  state_hash.only_removals_at compare_name compare_value null key x = true ->
  let after := state_hash.drop compare_name key x in
  replica.value compare_value null after = replica.value compare_value null x
  /\ replica.merge_decisions compare_name compare_value null after
     = replica.merge_decisions compare_name compare_value null x
  /\ replica.object_notices compare_name compare_value null user after
     = replica.object_notices compare_name compare_value null user x.
Proof. intros. now apply state_hash_removals_proof.what_is_dropped_shows_in_no_answer. Qed.
End Hashes.

(** ** T9: merge decisions and notices

    They are those of the definition; so equal events give equal ones; and they close when a
    decision that saw all others on its key takes effect. Premises met: [meaning_examples.v],
    [the_key_is_open_until_it_is_closed] and [the_greatest_write_closes_the_key]. *)

Theorem merge_decisions_are_those_of_the_definition :
  forall (type : object_type) (H E : list (event Name Value)),
  history H ->
  cut H E ->
  replica.merge_decisions compare_name compare_value null
    (object_meaning type E)
  = decisions compare_name compare_value null type E.
Proof.
  intros type H E happened [].
  now apply (replica_meaning_proof.merge_decisions_of_an_object_are_as_defined _ _ null H happened).
Qed.

(** Over all objects of a replica. *)
Theorem notices_are_those_of_the_definition :
  forall user (H E : list (event Name Value)),
  histories H ->
  cuts H E ->
  replica.notices compare_name compare_value null user
    (meaning E)
  = all_notices compare_name compare_value null types user E.
Proof. intros. eapply replica_meaning_proof.notices_of_a_replica_are_as_defined; eassumption. Qed.

(** In whatever order, and over whichever ways, two replicas came to have seen the same. *)
Theorem merge_decisions_and_notices_converge :
  forall type name user (H E F : list (event Name Value)),
  histories H ->
  cuts H E ->
  cuts H F ->
  (forall e, In e E <-> In e F) ->
  decisions compare_name compare_value null type (of_object name E)
  = decisions compare_name compare_value null type (of_object name F)
  /\ all_notices compare_name compare_value null types user E
     = all_notices compare_name compare_value null types user F.
Proof.
  intros type name user H E F happened cuts_E cuts_F same.
  split.
  - rewrite <- !(merge_decisions_are_those_of_the_definition
      type (of_object name H)) by auto.
    f_equal. apply (a_state_depends_only_on_the_events _ (of_object name H));
      auto.
    intros e. unfold definition.of_object. rewrite !filter_In. now rewrite same.
  - rewrite <- !(notices_are_those_of_the_definition user H) by auto.
    f_equal. eapply replica_meaning_proof.replicas_depend_only_on_the_events; eassumption.
Qed.

(** In a set the decision that saw all others on its element takes effect, whichever it is. *)
Theorem a_decision_that_saw_all_others_closes_the_element :
  forall (H E : list (event Name Value)) x e,
  history H ->
  cut H E ->
  In e E ->
  operation_of e = Add x \/ operation_of e = Remove x ->
  (forall f,
    In f E ->
    operation_of f = Add x \/ operation_of f = Remove x ->
    f = e \/ sees compare_name e f = true) ->
  ~ In x (map key (or_set.merge_decisions compare_name (or_set.meaning compare_name E))).
Proof.
  intros H E x e happened [incl_E distinct _] e_in e_decides saw_all.
  rewrite (or_set_meaning_proof.merge_decisions_of_a_set_are_as_defined compare_name H happened)
    by assumption.
  assert (decides_means : forall f : event Name Value,
    decides compare_name set_reading x f = true <->
    operation_of f = Add x \/ operation_of f = Remove x).
  { intros f. unfold decides, effect_on, set_reading.
    destruct (operation_of f); try (now split; [| intros [|]]);
      destruct (equal_is_equality compare_name x element) as [<- |]; intuition congruence. }
  intros (d & <- & (k & <- & (_ & is_open)%filter_In)%in_map_iff)%in_map_iff. cbn in *.
  rewrite (definition_proof.a_decision_that_saw_all_others_on_an_element_closes_it
    compare_name H happened E k e) in is_open; [discriminate | auto.. |].
  - now apply decides_means.
  - intros f f_in f_decides. apply saw_all; [exact f_in |]. now apply decides_means.
Qed.

(** In a register it does if it is the winner, the greatest of all writes. *)
Theorem a_winner_that_saw_all_others_closes_the_register :
  forall (H E : list (event Name Value)) e time value,
  history H ->
  cut H E ->
  In e E ->
  operation_of e = Write time value ->
  (forall f time' value',
    In f E ->
    operation_of f = Write time' value' ->
    f = e \/ sees compare_name e f = true) ->
  greatest compare_name compare_value (flat_map register_stamps E)
    = Some (stamp_of e time value) ->
  lww_register.merge_decisions compare_name compare_value null
    (lww_register.meaning compare_name compare_value E) = [].
Proof.
  intros H E e time value happened [incl_E distinct _] e_in writes saw_all is_winner.
  rewrite (lww_register_meaning_proof.merge_decisions_of_a_register_are_as_defined
    compare_name compare_value null H happened) by assumption.
  unfold merge_decisions. rewrite definition_proof.filtering_none; [reflexivity |].
  intros [] _.
  eapply (definition_proof.a_greatest_write_that_saw_all_others_closes_the_register
    compare_name H happened compare_value null E e); eauto.
  intros f f_in f_decides. unfold decides, effect_on, register_reading in f_decides.
  destruct (operation_of f) eqn:f_writes; try discriminate. eauto.
Qed.

(** In a map it does, under its key. *)
Theorem a_winner_that_saw_all_others_closes_the_key :
  forall (H E : list (event Name Value)) k e time value,
  history H ->
  cut H E ->
  In e E ->
  operation_of e = Put k time value ->
  (forall f time' value',
    In f E ->
    operation_of f = Put k time' value' ->
    f = e \/ sees compare_name e f = true) ->
  greatest compare_name compare_value (flat_map (key_stamps compare_name k) E)
    = Some (stamp_of e time value) ->
  ~ In k (map key (lww_map.merge_decisions compare_name compare_value null
    (lww_map.meaning compare_name compare_value E))).
Proof.
  intros H E k e time value happened [incl_E distinct _] e_in puts saw_all is_winner.
  rewrite (lww_map_meaning_proof.merge_decisions_of_a_map_are_as_defined
    compare_name compare_value null H happened) by assumption.
  intros (d & <- & (k' & <- & (_ & is_open)%filter_In)%in_map_iff)%in_map_iff. cbn in *.
  erewrite (definition_proof.a_greatest_write_that_saw_all_others_closes_the_key
    compare_name H happened compare_value null E k' e) in is_open; eauto; [discriminate |].
  intros f f_in f_decides. unfold decides, effect_on, map_reading in f_decides.
  destruct (operation_of f) eqn:f_puts; try discriminate.
  destruct (equal_is_equality compare_name k' element) as [<- |]; [eauto | discriminate].
Qed.

(** ** T10: the judge

    [trace.v] says what a replica has seen at each line, which lines are possible, and when a claim
    agrees with the definitions; [judge.v] computes it. Premises met, on either side:
    [judge_examples.v]. *)

Theorem a_trace_conforms_exactly_if_every_claim_agrees :
  forall (h : trace.header Name) (ls : list (trace.line Name Value)),
  judge.verdict_of (judge.judge compare_name compare_value null h ls) = judge.Conforms <->
  trace.well_formed_header compare_name h = true
  /\ trace.possible_lines compare_name h ls
  /\ (exists c, In (trace.Claims c) ls)
  /\ (forall before c after,
      ls = before ++ trace.Claims c :: after ->
      trace.agrees compare_name compare_value null h (rev before) c).
Proof. intros. now apply judge_proof.a_trace_conforms_if_every_claim_agrees. Qed.

Theorem a_trace_is_a_discrepancy_exactly_if_a_claim_disagrees :
  forall (h : trace.header Name) (ls : list (trace.line Name Value)),
  judge.verdict_of (judge.judge compare_name compare_value null h ls) = judge.Discrepancy <->
  trace.well_formed_header compare_name h = true
  /\ trace.possible_lines compare_name h ls
  /\ (exists before c after,
      ls = before ++ trace.Claims c :: after
      /\ ~ trace.agrees compare_name compare_value null h (rev before) c).
Proof. intros. now apply judge_proof.a_trace_is_a_discrepancy_if_a_claim_disagrees. Qed.

Theorem a_trace_is_ill_formed_exactly_if_it_is_impossible :
  forall (h : trace.header Name) (ls : list (trace.line Name Value)),
  judge.verdict_of (judge.judge compare_name compare_value null h ls) = judge.Ill_formed <->
  ~ (trace.well_formed_header compare_name h = true
     /\ trace.possible_lines compare_name h ls).
Proof. intros. now apply judge_proof.a_trace_is_ill_formed_if_it_is_impossible. Qed.

(** Each finding is a false claim, at its line and under the rule that it breaks; and each false
    claim is found, up to where the history stops being possible. *)
Theorem the_judge_finds_exactly_the_false_claims :
  forall (h : trace.header Name) (ls : list (trace.line Name Value)) p broken,
  trace.well_formed_header compare_name h = true ->
  In (p, broken) (judge.findings (judge.judge compare_name compare_value null h ls)) <->
  exists before c after,
    ls = before ++ trace.Claims c :: after
    /\ p = trace.number (rev before)
    /\ trace.possible_lines compare_name h (before ++ [trace.Claims c])
    /\ trace.breaks compare_name compare_value null h (rev before) c broken.
Proof. intros. now apply judge_proof.the_judge_finds_exactly_the_false_claims. Qed.

Theorem the_judge_stops_at_the_first_impossible_line :
  forall (h : trace.header Name) (ls : list (trace.line Name Value)) p,
  trace.well_formed_header compare_name h = true ->
  judge.stopped_at (judge.judge compare_name compare_value null h ls) = Some p <->
  exists before l after,
    ls = before ++ l :: after
    /\ p = trace.number (rev before)
    /\ trace.possible_lines compare_name h before
    /\ ~ trace.possible compare_name h (rev before) l.
Proof. intros. now apply judge_proof.the_judge_stops_at_the_first_impossible_line. Qed.

(** A claim breaks a rule exactly if it disagrees. *)
Theorem a_claim_agrees_exactly_if_it_breaks_no_rule :
  forall (h : trace.header Name) (before : list (trace.line Name Value)) c,
  trace.well_formed_header compare_name h = true ->
  trace.possible_lines compare_name h (before ++ [trace.Claims c]) ->
  trace.agrees compare_name compare_value null h (rev before) c <->
  forall broken, ~ trace.breaks compare_name compare_value null h (rev before) c broken.
Proof. intros. now apply judge_proof.a_claim_agrees_if_it_breaks_no_rule. Qed.

End Meanings.

(** ** T11: refutations

    Designs that real systems shipped, defined in [refutations.v] with their sources; each breaks
    a law above. Names and values are numbers. The premises of what is negated are met by the
    counterexample itself. *)

Theorem first_arrival_wins_does_not_commute :
  ~ (forall a b,
      lww_register.well_formed N.compare N.compare a = true ->
      lww_register.well_formed N.compare N.compare b = true ->
      refutations.first_arrival_wins a b = refutations.first_arrival_wins b a).
Proof. exact refutations.first_arrival_wins_does_not_commute. Qed.

Theorem left_argument_wins_does_not_commute :
  ~ (forall a b,
      lww_register.well_formed N.compare N.compare a = true ->
      lww_register.well_formed N.compare N.compare b = true ->
      refutations.left_argument_wins a b = refutations.left_argument_wins b a).
Proof. exact refutations.left_argument_wins_does_not_commute. Qed.

Theorem the_greater_clock_misses_removes :
  ~ (forall (H E F : list (event N N)),
      history N.compare H ->
      incl E H ->
      incl F H ->
      closed E ->
      closed F ->
      refutations.listed_value
        (refutations.greater_clock_wins (refutations.listed_of E) (refutations.listed_of F))
      = elements N.compare (union_events N.compare E F)).
Proof. exact refutations.the_greater_clock_misses_removes. Qed.

Theorem what_both_sides_list_may_be_removed :
  ~ (forall (H E F : list (event N N)),
      history N.compare H ->
      incl E H ->
      incl F H ->
      closed E ->
      closed F ->
      or_set.value (refutations.kept_if_both_list
        (or_set.meaning N.compare E) (or_set.meaning N.compare F))
      = elements N.compare (union_events N.compare E F)).
Proof. exact refutations.what_both_sides_list_may_be_removed. Qed.

Theorem deltas_that_are_not_refused_leave_holes :
  ~ (forall (H E F : list (event N N)) v,
      history N.compare H ->
      incl E H ->
      incl F H ->
      closed E ->
      closed F ->
      or_set.value (or_set.join N.compare
        (or_set.take_part N.compare
          (or_set.part_since N.compare v (or_set.meaning N.compare E))
          (or_set.meaning N.compare F))
        (or_set.meaning N.compare E))
      = elements N.compare (union_events N.compare E F)).
Proof. exact refutations.deltas_that_are_not_refused_leave_holes. Qed.

Theorem a_part_joined_as_a_whole_deletes :
  ~ (forall (H E F : list (event N N)) v,
      history N.compare H ->
      incl E H ->
      incl F H ->
      closed E ->
      closed F ->
      version_vector.covers N.compare (or_set.seen (or_set.meaning N.compare F)) v = true ->
      or_set.join N.compare (or_set.meaning N.compare F)
        (or_set.part_since N.compare v (or_set.meaning N.compare E))
      = or_set.meaning N.compare (union_events N.compare E F)).
Proof. exact refutations.a_part_joined_as_a_whole_deletes. Qed.

Theorem a_counter_of_one_number_loses_increments :
  ~ (forall (H E F : list (event N N)),
      history N.compare H ->
      incl E H ->
      incl F H ->
      closed E ->
      closed F ->
      N.max (count E) (count F) = count (union_events N.compare E F)).
Proof. exact refutations.a_counter_of_one_number_loses_increments. Qed.

(** That no answer shows a record is no licence to drop it. *)
Theorem purged_removals_come_back :
  ~ (forall (H E F : list (event N N)) key,
      history N.compare H ->
      cut H E ->
      cut H F ->
      let map_of := replica.object_meaning N.compare N.compare Lww_map in
      let join := replica.join_object N.compare N.compare in
      state_hash.only_removals_at N.compare N.compare 0 key (map_of E) = true ->
      replica.value N.compare 0 (join (state_hash.drop N.compare key (map_of E)) (map_of F))
      = replica.value N.compare 0 (join (map_of E) (map_of F))).
Proof. exact refutations.purged_removals_come_back. Qed.

Theorem removes_by_time_take_what_they_never_saw :
  ~ (forall (H : list (event N N)) time E,
      history N.compare H ->
      (forall e f, In e H -> In f H -> sees N.compare f e = true -> time e < time f) ->
      incl E H ->
      closed E ->
      refutations.elements_by_time time E = elements N.compare E).
Proof. exact refutations.removes_by_time_take_what_they_never_saw. Qed.

Theorem overwriting_loses_concurrent_adds :
  ~ (forall (H E : list (event N N)) e,
      history N.compare H ->
      incl E H ->
      In e H ->
      closed E ->
      closed (E ++ [e]) ->
      or_set.value (refutations.overwrite e (or_set.meaning N.compare E))
      = elements N.compare (E ++ [e])).
Proof. exact refutations.overwriting_loses_concurrent_adds. Qed.

Theorem deletes_without_a_record_diverge :
  ~ (forall ms ms',
      Permutation ms ms' ->
      refutations.in_causal_order ms ->
      refutations.in_causal_order ms' ->
      refutations.delivered ms = refutations.delivered ms').
Proof. exact refutations.deletes_without_a_record_diverge. Qed.

Section Networks.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Context (null : Value).
Context (types : replica.schema (Name := Name)) (typed : sorted compare_name types = true).
Local Notation history := (history compare_name).
Local Notation histories := (histories compare_name).
Local Notation cuts := (cuts compare_name).
Local Notation of_object := (of_object compare_name).
Local Notation object_meaning := (replica.object_meaning compare_name compare_value).
Local Notation meaning := (replica.meaning compare_name compare_value types).
Local Notation held w name := (replica.held (network.running (network.nodes w name))).
Local Notation seen w name := (network.seen (network.nodes w name)).

(** ** T12: disks that are put back

    In every world that the network of [openings_network.v] can reach: processes draw openings and
    write, disks are copied and put back without a word, deltas go one way, late, or never.
    [stored w object h] says that [h] is stored of the object, on a disk or in a copy of one; an
    operation is the number that it got when it happened. Premises met: [a_fork_heals_in_the_network],
    below. *)

Section Openings.
Context (first : N -> origin Name).
Local Notation reachable := (openings_network.reachable compare_name first).
Local Notation stored := openings_network.stored.

Theorem no_dot_is_two_operations_and_no_operation_two_dots :
  forall (w : openings_network.world Name) object h d d' x x',
  reachable w ->
  stored w object h ->
  In (d, x) (openings.content h) ->
  In (d', x') (openings.content h) ->
  d = d' <-> x = x'.
Proof. intros. eapply openings_network_proof.no_dot_is_two_operations_and_no_operation_two_dots; eassumption. Qed.

Theorem vectors_count_what_is_held :
  forall (w : openings_network.world Name) object h d,
  reachable w ->
  stored w object h ->
  version_vector.contains compare_name d (openings.counts (openings.known h)) = true <->
  exists x, In (d, x) (openings.content h).
Proof. intros. eapply openings_network_proof.vectors_count_what_is_held; eassumption. Qed.

Theorem equal_operations_have_equal_names :
  forall (w : openings_network.world Name) object h h',
  reachable w ->
  stored w object h ->
  stored w object h' ->
  (forall x,
    In x (openings_network.operations (openings.content h)) <->
    In x (openings_network.operations (openings.content h'))) ->
  openings.known h = openings.known h' /\ openings.content h = openings.content h'.
Proof. intros. eapply openings_network_proof.equal_operations_have_equal_names; eassumption. Qed.

(** Whichever replica meets a fork, and whenever: nothing that either branch did is lost. *)
Theorem an_exchange_unites_the_operations :
  forall (w : openings_network.world Name) object h h',
  reachable w ->
  stored w object h ->
  stored w object h' ->
  exists h'',
    openings.apply compare_name
      (openings.delta_for compare_name (openings.known h) h') h = Some h''
    /\ forall x,
      In x (openings_network.operations (openings.content h'')) <->
      In x (openings_network.operations (openings.content h))
      \/ In x (openings_network.operations (openings.content h')).
Proof. intros. eapply openings_network_proof.an_exchange_unites_the_operations; eassumption. Qed.

Theorem a_delta_that_is_applied_adds_what_it_brings :
  forall (w : openings_network.world Name) i object d h,
  reachable w ->
  In (openings_network.Changes object d) (openings_network.sent w) ->
  openings.apply compare_name d (openings_network.objects (openings_network.disks w i) object)
    = Some h ->
  forall x,
  In x (openings_network.operations (openings.content h)) <->
    In x (openings_network.operations (openings.content
      (openings_network.objects (openings_network.disks w i) object)))
    \/ In x (openings_network.operations (openings.brings d)).
Proof. intros. eapply openings_network_proof.a_delta_that_is_applied_adds_what_it_brings; eassumption. Qed.

Theorem a_disk_loses_operations_only_if_it_is_put_back :
  forall (w w' : openings_network.world Name) i object,
  reachable w ->
  openings_network.step compare_name first w w' ->
  incl
    (openings_network.operations (openings.content
      (openings_network.objects (openings_network.disks w i) object)))
    (openings_network.operations (openings.content
      (openings_network.objects (openings_network.disks w' i) object)))
  \/ exists b,
      In b (openings_network.backups w)
      /\ openings_network.disks w' i = openings_network.Disk None b.
Proof. intros. eapply openings_network_proof.a_disk_loses_operations_only_if_it_is_put_back; eassumption. Qed.

(** No missed fork, and no false alarm. *)
Theorem the_check_finds_every_fork_and_no_other :
  forall (w : openings_network.world Name) object h h',
  reachable w ->
  stored w object h ->
  stored w object h' ->
  openings.agree compare_name (openings.known h) (openings.known h') = true <->
  (forall d x x',
    In (d, x) (openings.content h) ->
    In (d, x') (openings.content h') ->
    x = x').
Proof. intros. eapply openings_network_proof.the_check_finds_every_fork_and_no_other; eassumption. Qed.

Theorem nothing_is_renamed_without_a_fork :
  forall (w : openings_network.world Name) object h h',
  reachable w ->
  stored w object h ->
  stored w object h' ->
  (openings.reconcile compare_name (openings.known h) (openings.known h') = ([], []) <->
    openings.agree compare_name (openings.known h) (openings.known h') = true)
  /\ (openings.agree compare_name (openings.known h) (openings.known h') = true ->
    forall d d' x,
      In (d, x) (openings.content h) ->
      In (d', x) (openings.content h') ->
      d = d').
Proof. intros. eapply openings_network_proof.nothing_is_renamed_without_a_fork; eassumption. Qed.

(** Computed: an execution, and designs that meet the definitions in all but one point. *)
Theorem a_fork_heals_in_the_network :
  exists w : openings_network.world N,
    openings_network.reachable N.compare openings_examples.from_one_image w
    /\ openings.content (openings_network.objects (openings_network.disks w 1) 7) = openings_examples.both
    /\ openings.content (openings_network.objects (openings_network.disks w 0) 7) = [(Dot openings_examples.laptop 1, 1)].
Proof. exact openings_examples.a_fork_heals_in_the_network. Qed.

Theorem renaming_apart_from_the_delta_gives_two_names :
  let renamed := openings_examples.rename_first (openings.known openings_examples.on_disk_1) openings_examples.on_disk_0 in
  openings.content openings_examples.on_disk_0 = [(Dot openings_examples.laptop 1, 1)]
  /\ openings.content renamed = [(Dot (openings_examples.branch 5) 1, 1)].
Proof. exact openings_examples.renaming_apart_from_the_delta_gives_two_names. Qed.

Theorem who_writes_on_after_a_copy_mixes_two_branches :
  option_map (openings.must_draw N.compare 5) openings_examples.learned = Some true
  /\ option_map (fun h =>
      (openings.agree N.compare (openings.known (openings_examples.write_on 3 h)) (openings.known (openings.perform N.compare 3 4 openings_examples.copy_went_on)),
       find (compare_dot N.compare) (Dot openings_examples.laptop 3) (openings.content (openings_examples.write_on 3 h)),
       find (compare_dot N.compare) (Dot openings_examples.laptop 3) (openings.content (openings.perform N.compare 3 4 openings_examples.copy_went_on)))) openings_examples.learned
    = Some (true, Some 3, Some 4).
Proof. exact openings_examples.who_writes_on_after_a_copy_mixes_two_branches. Qed.

Theorem counters_alone_lose_operations :
  option_map openings.content
    (openings_examples.apply_by_counters (openings_examples.delta_by_counters (openings.known openings_examples.on_disk_0) (openings.perform N.compare 3 4 openings_examples.on_disk_1)) openings_examples.on_disk_0)
  = Some [(Dot openings_examples.laptop 1, 1); (Dot openings_examples.laptop 2, 4)]
  /\ option_map openings.content
    (openings.apply N.compare (openings.delta_for N.compare (openings.known openings_examples.on_disk_0) (openings.perform N.compare 3 4 openings_examples.on_disk_1)) openings_examples.on_disk_0)
  = Some [(Dot openings_examples.laptop 1, 2); (Dot openings_examples.laptop 2, 4); (Dot (openings_examples.branch 5) 1, 1)].
Proof. exact openings_examples.counters_alone_lose_operations. Qed.

Theorem one_opening_for_two_processes_is_not_seen :
  let one := openings.perform N.compare 5 2 openings_examples.before_the_copy in
  let other := openings.perform N.compare 5 3 openings_examples.before_the_copy in
  openings.agree N.compare (openings.known one) (openings.known other) = true
  /\ find (compare_dot N.compare) (Dot openings_examples.laptop 2) (openings.content one) = Some 2
  /\ find (compare_dot N.compare) (Dot openings_examples.laptop 2) (openings.content other) = Some 3.
Proof. exact openings_examples.one_opening_for_two_processes_is_not_seen. Qed.
End Openings.

(** ** T13: crashes

    In every world that the network of [durable_network.v] can reach: replicas perform and apply
    in memory, commit, crash, and are reopened under the same incarnation; what they send and
    save is durable. [shown w name n] says that [n] is what the replica holds in memory, or what
    is durable. Premises met: [durable_network_examples.v]. *)

Section Crashes.
Local Notation reachable := (durable_network.reachable compare_name compare_value types).

Theorem every_shown_state_is_the_meaning_of_what_was_seen :
  forall (w : durable_network.world Name Value) name n,
  reachable w ->
  durable_network.shown w name n ->
  replica.held (network.running n) = meaning (network.seen n).
Proof. intros. eapply durable_network_proof.every_shown_state_is_the_meaning_of_what_was_seen; eassumption. Qed.

(** [happened] is what ever was durable. In a history no two events have one dot. *)
Theorem what_is_shown_is_a_cut_of_a_history :
  forall (w : durable_network.world Name Value) name n,
  reachable w ->
  durable_network.shown w name n ->
  (histories (durable_network.happened w)
    /\ cuts (durable_network.happened w)
      (network.seen (durable_network.durable (durable_network.nodes w name))))
  /\ exists H,
      incl (durable_network.happened w) H
      /\ histories H
      /\ cuts H (network.seen n).
Proof.
  intros. split.
  - eapply durable_network_proof.what_is_durable_is_a_cut_of_a_history; eassumption.
  - eapply durable_network_proof.what_is_shown_is_a_cut_of_a_history; eassumption.
Qed.

Theorem who_has_seen_the_same_shows_the_same :
  forall (w : durable_network.world Name Value) a b n m,
  reachable w ->
  durable_network.shown w a n ->
  durable_network.shown w b m ->
  (forall e, In e (network.seen n) <-> In e (network.seen m)) ->
  replica.held (network.running n) = replica.held (network.running m).
Proof. intros. eapply durable_network_proof.who_has_seen_the_same_shows_the_same; eassumption. Qed.

Theorem what_is_durable_never_shrinks_but_by_restore :
  forall (w w' : durable_network.world Name Value) name,
  reachable w ->
  durable_network.step compare_name compare_value w w' ->
  incl
    (network.seen (durable_network.durable (durable_network.nodes w name)))
    (network.seen (durable_network.durable (durable_network.nodes w' name)))
  \/ exists backup fresh,
      In (name, backup) (durable_network.backups w)
      /\ (forall e,
          In e (durable_network.happened w) -> dot_origin (dot_of e) <> Origin name fresh)
      /\ durable_network.durable (durable_network.nodes w' name)
         = network.Node
             (replica.restore (Origin name fresh) (replica.held (network.running backup)))
             (network.seen backup).
Proof. intros. eapply durable_network_proof.what_is_durable_never_shrinks_but_by_restore; eassumption. Qed.

Theorem a_complete_durable_exchange_equalizes :
  forall (w : durable_network.world Name Value) a b,
  reachable w ->
  a <> b ->
  exists w',
    durable_network.steps compare_name compare_value w w'
    /\ (forall e,
        In e (network.seen (durable_network.running (durable_network.nodes w' a))) <->
        In e (network.seen (durable_network.running (durable_network.nodes w a)))
        \/ In e (network.seen (durable_network.running (durable_network.nodes w b))))
    /\ (forall e,
        In e (network.seen (durable_network.running (durable_network.nodes w' b))) <->
        In e (network.seen (durable_network.running (durable_network.nodes w a)))
        \/ In e (network.seen (durable_network.running (durable_network.nodes w b))))
    /\ replica.held (network.running (durable_network.durable (durable_network.nodes w' a)))
       = replica.held (network.running (durable_network.durable (durable_network.nodes w' b)))
    /\ durable_network.durable (durable_network.nodes w' a)
       = durable_network.running (durable_network.nodes w' a)
    /\ durable_network.durable (durable_network.nodes w' b)
       = durable_network.running (durable_network.nodes w' b).
Proof. intros. eapply durable_network_proof.a_complete_exchange_equalizes; eassumption. Qed.

Theorem sending_before_storing_uses_a_dot_twice :
  exists w : durable_network.world N N,
    durable_network_examples.early_steps (durable_network.start examples.types) w
    /\ exists xs E ys F,
        durable_network.sent w = [network.Full xs E; network.Full ys F]
        /\ map dot_of E = map dot_of F
        /\ replica.vector_of N.compare xs = replica.vector_of N.compare ys
        /\ option_map (replica.value N.compare 0) (find N.compare 2 xs) = Some (Elements [6])
        /\ option_map (replica.value N.compare 0) (find N.compare 2 ys) = Some (Elements [5]).
Proof. exact durable_network_examples.sending_before_storing_uses_a_dot_twice. Qed.
End Crashes.

(** ** T14: clocks

    In every world that the network can reach if a hybrid clock stamps each write of a register
    or a map ([hybrid_clock.v]): with whatever time it tells, but above what was seen for the key.
    So a decision after seeing all others wins: the premise of T9 that the write is the greatest
    one is gone. Premises met, and needed: [hybrid_clock_examples.v]. *)

Section Clocks.
Local Notation reachable := (hybrid_clock.reachable compare_name compare_value types).

Theorem a_stamp_is_above_all_that_counts :
  forall last now seen,
  now <= hybrid_clock.stamp last now seen
  /\ last < hybrid_clock.stamp last now seen
  /\ (forall s, seen = Some s -> s < hybrid_clock.stamp last now seen).
Proof. exact hybrid_clock_proof.a_stamp_is_above_all_that_counts. Qed.

Theorem stamps_rise_along_causality :
  forall (w : network.world Name Value) e f key time time',
  reachable w ->
  In e (network.happened w) ->
  In f (network.happened w) ->
  object_of e = object_of f ->
  sees compare_name e f = true ->
  hybrid_clock.timed (operation_of e) = Some (key, time) ->
  hybrid_clock.timed (operation_of f) = Some (key, time') ->
  time' < time.
Proof.
  intros * reached.
  exact (hybrid_clock_proof.stamps_rise_along_causality _ _ _ typed _ reached e f key time time').
Qed.

Theorem who_puts_after_seeing_all_wins :
  forall (w : network.world Name Value) name object e k time value,
  reachable w ->
  let E := of_object object (seen w name) in
  In e E ->
  operation_of e = Put k time value ->
  (forall f time' value',
    In f E ->
    operation_of f = Put k time' value' ->
    f = e \/ sees compare_name e f = true) ->
  content_at compare_name compare_value null E k = value
  /\ ~ In k (map key (lww_map.merge_decisions compare_name compare_value null
    (lww_map.meaning compare_name compare_value E))).
Proof.
  intros * reached E e_in writes saw_all.
  pose proof (hybrid_clock_proof.stamped_worlds_are_reachable _ _ _ _ reached) as reached_w.
  pose proof (hybrid_clock_proof.stamps_rise_along_causality _ _ _ typed _ reached) as rising.
  destruct (what_was_seen_is_a_cut_of_a_history compare_name compare_value types typed
    w name)
    as [happened cuts]; try assumption.
  assert (incl E (network.happened w)) as past.
  { intros f there. apply (cut_happened _ _ (cuts object)) in there.
    now apply filter_In in there. }
  assert (forall f, In f E -> object_of f = object_of e) as one_object.
  { assert (forall f, In f E -> object_of f = object) as here.
    { intros f [_ same]%filter_In.
      now destruct (equal_is_equality compare_name (object_of f) object). }
    intros f there. now rewrite !here. }
  pose proof (hybrid_clock_proof.who_puts_after_seeing_all_is_the_greatest compare_name compare_value
    (network.happened w) E k e time value rising past one_object e_in writes saw_all) as wins.
  split; [unfold content_at; now rewrite wins |].
  eapply (a_winner_that_saw_all_others_closes_the_key compare_name compare_value
    null (of_object object (network.happened w)) E k e); eauto.
Qed.

Theorem who_writes_after_seeing_all_wins :
  forall (w : network.world Name Value) name object e time value,
  reachable w ->
  let E := of_object object (seen w name) in
  In e E ->
  operation_of e = Write time value ->
  (forall f time' value',
    In f E ->
    operation_of f = Write time' value' ->
    f = e \/ sees compare_name e f = true) ->
  content compare_name compare_value null E = value
  /\ lww_register.merge_decisions compare_name compare_value null
    (lww_register.meaning compare_name compare_value E) = [].
Proof.
  intros * reached E e_in writes saw_all.
  pose proof (hybrid_clock_proof.stamped_worlds_are_reachable _ _ _ _ reached) as reached_w.
  pose proof (hybrid_clock_proof.stamps_rise_along_causality _ _ _ typed _ reached) as rising.
  destruct (what_was_seen_is_a_cut_of_a_history compare_name compare_value types typed
    w name)
    as [happened cuts]; try assumption.
  assert (incl E (network.happened w)) as past.
  { intros f there. apply (cut_happened _ _ (cuts object)) in there.
    now apply filter_In in there. }
  assert (forall f, In f E -> object_of f = object_of e) as one_object.
  { assert (forall f, In f E -> object_of f = object) as here.
    { intros f [_ same]%filter_In.
      now destruct (equal_is_equality compare_name (object_of f) object). }
    intros f there. now rewrite !here. }
  pose proof (hybrid_clock_proof.who_writes_after_seeing_all_is_the_greatest compare_name compare_value
    (network.happened w) E e time value rising past one_object e_in writes saw_all) as wins.
  split; [unfold content; now rewrite wins |].
  eapply (a_winner_that_saw_all_others_closes_the_register compare_name compare_value
    null (of_object object (network.happened w)) E e); eauto.
Qed.

Theorem a_clock_that_sees_nothing_loses_what_was_decided_last :
  content N.compare N.compare 0 [hybrid_clock_examples.overwrites (hybrid_clock.stamp 0 100 None); hybrid_clock_examples.ahead] = 10
  /\ content N.compare N.compare 0
      [hybrid_clock_examples.overwrites (hybrid_clock.stamp 0 100 (hybrid_clock.greatest_time (flat_map (hybrid_clock.time_at N.compare None) [hybrid_clock_examples.ahead]))); hybrid_clock_examples.ahead]
    = 20
  /\ lww_register.merge_decisions N.compare N.compare 0
      (lww_register.meaning N.compare N.compare
        [hybrid_clock_examples.overwrites (hybrid_clock.stamp 0 100 (hybrid_clock.greatest_time (flat_map (hybrid_clock.time_at N.compare None) [hybrid_clock_examples.ahead]))); hybrid_clock_examples.ahead])
    = [].
Proof. exact hybrid_clock_examples.a_clock_that_sees_nothing_loses_what_was_decided_last. Qed.
End Clocks.

(** ** T15: more types

    PN-Counters, sets and flags by two rules, multi-value registers and maps, max- and
    min-registers. The theorems of T0, T2 to T5, T8 and T9 that speak of objects speak of these as
    well: [object_type] has them. Here is what is said of each alone. An RW-Set, both flags, and
    the multi-value types are the store of decisions of T1, each read in its own way. Premises
    met, and what each shows: the ends of the [X_meaning_proof.v] and of [pn_counter_proof.v]. *)

Theorem pn_counters_are_a_lattice :
  lattice.lattice (pn_counter.well_formed compare_name)
    pn_counter.bottom (pn_counter.join compare_name).
Proof. intros. now apply pn_counter_proof.pn_counters_are_a_lattice. Qed.

Theorem rw_sets_are_a_lattice :
  lattice.lattice (rw_set.well_formed compare_name) rw_set.bottom (rw_set.join compare_name).
Proof.
  intros. apply (decisions_proof.decisions_are_a_lattice compare_name compare_name
    compare_presence).
Qed.

Theorem flags_are_a_lattice :
  lattice.lattice (ew_flag.well_formed compare_name) ew_flag.bottom (ew_flag.join compare_name)
  /\ lattice.lattice (dw_flag.well_formed compare_name)
       dw_flag.bottom (dw_flag.join compare_name).
Proof.
  intros. split; apply (decisions_proof.decisions_are_a_lattice compare_name compare_unit
    compare_presence).
Qed.

Theorem multi_value_registers_and_maps_are_a_lattice :
  lattice.lattice (mv_register.well_formed compare_name compare_value)
    mv_register.bottom (mv_register.join compare_name compare_value)
  /\ lattice.lattice (mv_map.well_formed compare_name compare_value)
       mv_map.bottom (mv_map.join compare_name compare_value).
Proof.
  intros. split.
  - now apply (decisions_proof.decisions_are_a_lattice compare_name compare_unit compare_value).
  - now apply (decisions_proof.decisions_are_a_lattice compare_name compare_name compare_value).
Qed.

(** By any order of the integers: [Z.compare], or that turned round. *)
Theorem max_and_min_registers_are_a_lattice :
  lattice.lattice (max_register.well_formed compare_name)
    max_register.bottom (max_register.join compare_name BinInt.Z.compare)
  /\ lattice.lattice (min_register.well_formed compare_name)
       min_register.bottom (min_register.join compare_name).
Proof.
  intros. split.
  - now apply (max_register_proof.max_registers_are_a_lattice compare_name BinInt.Z.compare).
  - now apply (max_register_proof.max_registers_are_a_lattice compare_name min_register.compare
      (lawful_integers := turned_orders_are_ordered _ integers_are_ordered)).
Qed.

Theorem increments_and_decrements_go_up_and_equal_their_deltas :
  forall o amount s,
  1 <= amount ->
  pn_counter.well_formed compare_name s = true ->
  forall after,
  after = pn_counter.increment compare_name o amount s
    \/ after = pn_counter.decrement compare_name o amount s ->
  pn_counter.well_formed compare_name after = true
  /\ pn_counter.join compare_name s after = after
  /\ pn_counter.take_part compare_name
       (pn_counter.part_since compare_name (pn_counter.seen s) after) s = after.
Proof.
  intros o amount s ? ? after [-> | ->] ; repeat split.
  - now apply pn_counter_proof.increment_is_well_formed.
  - now apply pn_counter_proof.increment_is_inflationary.
  - now apply pn_counter_proof.increment_equals_its_delta.
  - now apply pn_counter_proof.decrement_is_well_formed.
  - now apply pn_counter_proof.decrement_is_inflationary.
  - now apply pn_counter_proof.decrement_equals_its_delta.
Qed.

(** What the rules say of all events, the maximal decisions say alone; also where [E] is not
    closed. *)
Theorem an_element_is_in_exactly_if_each_maximal_decision_adds_it :
  forall (H E : list (event Name Value)) x,
  history H ->
  incl E H ->
  in_rw_set compare_name E x = true <->
  (exists m, In m E /\ maximal compare_name compare_name set_reading E x m = true) /\
  forall m, In m E -> maximal compare_name compare_name set_reading E x m = true ->
    is_add compare_name x m = true.
Proof.
  intros H E x happened past.
  rewrite rw_set_meaning_proof.a_remove_that_wins.
  rewrite (presences_proof.no_remove_wins_if_all_maximal_decisions_add compare_name compare_name
    set_reading H happened) by exact past.
  split; intros [some all]; split; auto; intros m m_in m_max;
    specialize (all m m_in m_max); rewrite ?definition_proof.an_add_has_the_effect_added in *;
    exact all.
Qed.

(** In a set where removes win, and in both flags, the decision that saw all others takes effect,
    whichever it is. *)
Theorem a_decision_that_saw_all_others_closes_the_element_of_an_rw_set :
  forall (H E : list (event Name Value)) x e,
  history H ->
  cut H E ->
  In e E ->
  decides compare_name set_reading x e = true ->
  (forall f,
    In f E ->
    decides compare_name set_reading x f = true ->
    f = e \/ sees compare_name e f = true) ->
  ~ In x (map key (rw_set.merge_decisions compare_name (rw_set.meaning compare_name E))).
Proof.
  intros H E x e happened [past distinct _] e_in decided saw_all.
  rewrite (rw_set_meaning_proof.merge_decisions_of_an_rw_set_are_as_defined compare_name H happened)
    by assumption.
  unfold merge_decisions. rewrite map_map. cbn [key]. rewrite map_id.
  intros [_ is_open]%filter_In.
  now rewrite (rw_set_meaning_proof.a_decision_that_saw_all_others_on_an_element_closes_it
    compare_name H happened E x e) in is_open.
Qed.

Theorem a_decision_that_saw_all_others_closes_the_flag :
  forall (H E : list (event Name Value)) e,
  history H ->
  cut H E ->
  In e E ->
  decides compare_unit flag_reading tt e = true ->
  (forall f,
    In f E ->
    decides compare_unit flag_reading tt f = true ->
    f = e \/ sees compare_name e f = true) ->
  ew_flag.merge_decisions compare_name (ew_flag.meaning compare_name E) = []
  /\ dw_flag.merge_decisions compare_name (dw_flag.meaning compare_name E) = [].
Proof.
  intros H E e happened [past distinct _] e_in decided saw_all.
  assert (forall p : unit -> bool, p tt = false -> forall ks, filter p ks = []) as none.
  { intros p closed ks. induction ks as [| [] ks IH]; cbn; [reflexivity | now rewrite closed]. }
  rewrite (ew_flag_meaning_proof.merge_decisions_of_a_flag_are_as_defined compare_name H happened),
    (dw_flag_meaning_proof.merge_decisions_of_a_flag_are_as_defined compare_name H happened)
    by assumption.
  unfold merge_decisions. split; rewrite none; try reflexivity.
  - now apply (ew_flag_meaning_proof.a_decision_that_saw_all_others_closes_the_flag
      compare_name H happened E e).
  - now apply (dw_flag_meaning_proof.a_decision_that_saw_all_others_closes_the_flag
      compare_name H happened E e).
Qed.

(** ** T16: a recorded run conforms

    [recording.v] says which lines a run of the network of T4 writes: one for each step, and one for
    each answer, of whichever replica and whenever: a value, the open merge decisions of an object,
    the notices of a user, a state vector. [label] gives messages and backups their names in the
    file. Premises met, and traces that leave something out: [recording_examples.v]. *)

Section Recordings.
Context (label : nat -> Name) (labels_differ : forall i j, label i = label j -> i = j).
Local Notation recording := (recording.recording compare_name compare_value null types label).
Local Notation reachable := (network.reachable compare_name compare_value types).

(** Of every run there is a recording, and each recording is of a run. *)
Theorem every_run_is_recorded :
  forall (w : network.world Name Value),
  reachable w <->
  exists past, recording past w.
Proof. intros. apply recording_lines_proof.every_run_is_recorded. Qed.

(** The judge accepts what the engine answered. *)
Theorem a_recorded_run_conforms :
  forall past (w : network.world Name Value) c,
  recording past w ->
  In (trace.Claims c) past ->
  judge.verdict_of (judge.judge compare_name compare_value null
    (recording.header_of compare_name types past) (rev past)) = judge.Conforms.
Proof. intros. eapply recording_proof.a_recorded_run_conforms; eassumption. Qed.

(** With one answer replaced by another, that line is found and no other, wherever it stands. *)
Theorem another_answer_is_found :
  forall after before c c' (w : network.world Name Value),
  recording (after ++ trace.Claims c :: before) w ->
  recording.another compare_name c c' ->
  let report := judge.judge compare_name compare_value null
    (recording.header_of compare_name types (after ++ trace.Claims c :: before))
    (rev (after ++ trace.Claims c' :: before)) in
  judge.stopped_at report = None
  /\ forall p broken,
       In (p, broken) (judge.findings report) <->
       p = trace.number before /\ broken = recording.rule_of c.
Proof. intros. eapply recording_proof.another_answer_is_found; eassumption. Qed.
End Recordings.

(** ** T17: eventually

    A run has a world at each moment, for ever ([eventually.v]). Sessions of T7 are carried along it,
    whatever goes on beside them: other sessions of the same objects, messages of any age. From the
    moment [t] on the members lose nothing, and see nothing that none of them had seen by then.
    Premises met, and what happens without an edge, or if sessions are cut: [eventually_examples.v]. *)

Section Eventually.
Context {Summary : Type}.
Context (compare_summary : Summary -> Summary -> comparison).
Context {lawful_summaries : ordered compare_summary}.
Context (cut : replica.object Name Value -> list (replica.object Name Value)).
Context (assemble : list (replica.object Name Value) -> replica.object Name Value).
Context (cut_is_some : forall delta, cut delta <> []).
Context (whole_is_assembled : forall delta, assemble (cut delta) = delta).
Context (summarize : replica.objects Name Value -> Summary).

(** What one completed session does, in a run in which its two sides lose nothing. *)
Theorem a_completed_session_brings_all :
  forall (w : nat -> network.world Name Value) c a b first last s object,
  eventually.run compare_name compare_value types w ->
  eventually.summaries_tell_apart compare_name summarize w ->
  (forall n name, (first <= n)%nat -> name = a \/ name = b ->
    incl (eventually.seen_at w n name) (eventually.seen_at w (S n) name)) ->
  eventually.carried compare_name compare_value compare_summary cut assemble summarize w first
    (sync.begin compare_name summarize c a b (w first)) last s ->
  sync.finished s ->
  member compare_name object c = true ->
  (first <= last)%nat
  /\ incl (of_object object (eventually.seen_at w first b))
       (eventually.seen_at w last a)
  /\ incl (of_object object (eventually.seen_at w first a))
       (eventually.seen_at w last b).
Proof.
  intros * runs tells grows carries ends inside.
  eapply (eventually_proof.a_completed_session_brings_all compare_name compare_value compare_summary
    types typed cut assemble cut_is_some whole_is_assembled summarize w runs tells c); eauto.
Qed.

(** So among members whom edges connect, if over each edge sessions of each object are completed again
    and again: from some time on all have seen the same, which is all that any of them had seen when
    the run settled, and hold the same. *)
Theorem members_come_to_hold_the_same :
  forall (w : nat -> network.world Name Value) members edge t,
  eventually.run compare_name compare_value types w ->
  eventually.summaries_tell_apart compare_name summarize w ->
  eventually.settled members w t ->
  eventually.fair compare_name compare_value compare_summary types cut assemble summarize
    members w edge ->
  exists m, (t <= m)%nat /\ forall n, (m <= n)%nat ->
    (forall name e, In name members ->
      In e (eventually.seen_at w n name)
      <-> exists other, In other members /\ In e (eventually.seen_at w t other))
    /\ forall a b, In a members -> In b members ->
         eventually.held_at w n a = eventually.held_at w n b.
Proof.
  intros * runs tells settles is_fair.
  exact (eventually_proof.members_come_to_hold_the_same compare_name compare_value compare_summary
    types typed cut assemble cut_is_some whole_is_assembled summarize w runs tells members edge t settles is_fair).
Qed.

(** All that is asked but one edge: whom nobody meets stays behind for ever. *)
Theorem without_a_connecting_edge_one_stays_behind :
  let w := eventually_examples.at_rest eventually_examples.received in
  let edge := eventually_examples.between_1_and_2 in
  eventually.run N.compare N.compare examples.types w
  /\ eventually.settled [1; 2; 3] w 0
  /\ (forall object n, eventually.meets_after N.compare N.compare eventually_examples.compare_vectors
       eventually_examples.whole eventually_examples.the_first sync_verdict.vectors_of w n object 1 2)
  /\ ~ eventually.connected edge 1 3
  /\ forall n, network_examples.set_at (w n) 2 = Some (Elements [5])
       /\ network_examples.set_at (w n) 3 = Some (Elements []).
Proof. exact eventually_examples.without_a_connecting_edge_one_stays_behind. Qed.

(** All that is asked, but sessions are only begun, again and again, and cut. *)
Theorem a_session_that_is_cut_brings_nothing :
  let w := eventually_examples.at_rest eventually_examples.added in
  let begun n := sync.begin N.compare sync_verdict.vectors_of [2] 1 2 (w n) in
  eventually.run N.compare N.compare examples.types w
  /\ eventually.settled [1; 2] w 0
  /\ eventually.connected eventually_examples.between_1_and_2 1 2
  /\ (forall n m, (n <= m)%nat ->
       eventually.carried N.compare N.compare eventually_examples.compare_vectors
         eventually_examples.whole eventually_examples.the_first sync_verdict.vectors_of w n
         (begun n) m (begun n))
  /\ (forall n, ~ eventually.meets_after N.compare N.compare eventually_examples.compare_vectors
       eventually_examples.whole eventually_examples.the_first sync_verdict.vectors_of w n 2 1 2)
  /\ forall n, network_examples.set_at (w n) 1 = Some (Elements [5])
       /\ network_examples.set_at (w n) 2 = Some (Elements []).
Proof. exact eventually_examples.a_session_that_is_cut_brings_nothing. Qed.
End Eventually.

End Networks.

(** ** T18: the binary format

    Numbers, names, columns and vectors as bytes ([wire.v]): what [wire.md] says, and what the proven
    engine runs. A name is its bytes. [fits] are the bounds of the format: names of 1 to 1024 bytes,
    numbers below 2^64. Messages computed, and bytes refused: [wire_examples.v]. *)

(** Whatever minimum and width the sender chooses for each block, if only that loses nothing. *)
Theorem a_vector_is_read_as_it_was_written :
  forall choose (v : version_vector.state state_hash.bytes),
  wire.sound_choice choose ->
  version_vector.well_formed state_hash.compare_bytes v = true ->
  wire.fits v ->
  wire.decode (wire.encode choose v) = Some v.
Proof. intros. now apply wire_proof.a_vector_is_read_as_it_was_written. Qed.

(** So no two vectors have the same bytes, and the bytes of a sender are those that are written again
    of what was read. *)
Theorem canonical_bytes_are_written_again :
  forall choose bs (v : version_vector.state state_hash.bytes),
  wire.sound_choice choose ->
  wire.canonical choose bs ->
  wire.decode bs = Some v ->
  wire.encode choose v = bs.
Proof. intros. now apply wire_proof.canonical_bytes_are_written_again. Qed.

Theorem the_short_choice_is_sound : wire.sound_choice wire.choose_short.
Proof. exact wire_proof.the_short_choice_is_sound. Qed.

(** Whatever bytes there are: what is read rises, and counts no zeros. *)
Theorem what_is_read_is_well_formed :
  forall bs (v : version_vector.state state_hash.bytes),
  wire.decode bs = Some v ->
  version_vector.well_formed state_hash.compare_bytes v = true.
Proof. exact wire_proof.what_is_read_is_well_formed. Qed.

(** Of a number there is one form: the shortest. *)
Theorem a_number_has_one_form :
  (forall n rest, n < wire.no_number ->
    wire.read_number (wire.write_number n ++ rest) = Some (n, rest))
  /\ forall bs n rest,
       Forall (fun b => b < 256) bs ->
       wire.read_number bs = Some (n, rest) ->
       bs = wire.write_number n ++ rest.
Proof. split; [exact wire_proof.a_number_is_read | exact wire_proof.a_number_has_one_form]. Qed.

(** Deltas of counters, of max- and min-registers, and of logs ([wire_delta.v]): whatever the sender chooses, and
    however it encodes the base, if the receiver knows that. Messages computed, and bytes refused:
    [wire_delta_examples.v]. *)
Theorem a_counter_is_read_as_it_was_written :
  forall choose is_pn chosen knows d,
  wire.sound_choice choose ->
  wire_delta.well_formed_counter is_pn d = true ->
  wire_delta.fits_span (wire_delta.counter_since d) (wire_delta.counter_seen d) ->
  wire_delta.is_known chosen knows (wire_delta.counter_since d) ->
  wire_delta.decode_counter is_pn knows (wire_delta.encode_counter choose is_pn chosen d) = Some d.
Proof. exact wire_delta_proof.a_counter_is_read_as_it_was_written. Qed.

Theorem an_integer_is_read_as_it_was_written :
  forall choose chosen knows d,
  wire.sound_choice choose ->
  wire_delta.well_formed_integer d = true ->
  wire_delta.fits_span (wire_delta.integer_since d) (wire_delta.integer_seen d) ->
  wire_delta.is_known chosen knows (wire_delta.integer_since d) ->
  wire_delta.decode_integer knows (wire_delta.encode_integer choose chosen d) = Some d.
Proof. exact wire_delta_proof.an_integer_is_read_as_it_was_written. Qed.

Theorem a_log_is_read_as_it_was_written :
  forall choose chosen knows d,
  wire.sound_choice choose ->
  wire_delta.well_formed_log d = true ->
  wire_delta.fits_log d ->
  wire_delta.is_known chosen knows (wire_delta.log_since d) ->
  wire_delta.decode_log knows (wire_delta.encode_log choose chosen d) = Some d.
Proof. exact wire_delta_proof.a_log_is_read_as_it_was_written. Qed.

(** The bytes of a sender are those that are written again of what was read. *)
Theorem canonical_deltas_are_written_again :
  forall choose chosen knows,
  wire.sound_choice choose ->
  (forall is_pn d d',
    wire_delta.well_formed_counter is_pn d' = true ->
    wire_delta.fits_span (wire_delta.counter_since d') (wire_delta.counter_seen d') ->
    wire_delta.is_known chosen knows (wire_delta.counter_since d') ->
    wire_delta.decode_counter is_pn knows (wire_delta.encode_counter choose is_pn chosen d') = Some d ->
    wire_delta.encode_counter choose is_pn chosen d = wire_delta.encode_counter choose is_pn chosen d')
  /\ (forall d d',
    wire_delta.well_formed_integer d' = true ->
    wire_delta.fits_span (wire_delta.integer_since d') (wire_delta.integer_seen d') ->
    wire_delta.is_known chosen knows (wire_delta.integer_since d') ->
    wire_delta.decode_integer knows (wire_delta.encode_integer choose chosen d') = Some d ->
    wire_delta.encode_integer choose chosen d = wire_delta.encode_integer choose chosen d')
  /\ (forall d d',
    wire_delta.well_formed_log d' = true ->
    wire_delta.fits_log d' ->
    wire_delta.is_known chosen knows (wire_delta.log_since d') ->
    wire_delta.decode_log knows (wire_delta.encode_log choose chosen d') = Some d ->
    wire_delta.encode_log choose chosen d = wire_delta.encode_log choose chosen d').
Proof. exact wire_delta_proof.canonical_deltas_are_written_again. Qed.

(** Whatever bytes there are: what is read has all that a receiver must check. *)
Theorem what_is_read_is_a_delta :
  forall knows bs,
  (forall is_pn d, wire_delta.decode_counter is_pn knows bs = Some d ->
    wire_delta.well_formed_counter is_pn d = true)
  /\ (forall d, wire_delta.decode_integer knows bs = Some d -> wire_delta.well_formed_integer d = true)
  /\ (forall d, wire_delta.decode_log knows bs = Some d -> wire_delta.well_formed_log d = true).
Proof. exact wire_delta_proof.what_is_read_is_a_delta. Qed.

(** Deltas of registers, maps, sets and flags ([wire_keyed.v]): of every family [f], and with each key by its bytes
    or by a creation dot alone. [fits_keyed] are the bounds of the format: users as names, and numbers, keys and
    all counts together below 2^64. Messages computed, other forms and bytes refused: [wire_keyed_examples.v]. *)
Theorem a_keyed_delta_is_read_as_it_was_written :
  forall choose f chosen knows d,
  wire.sound_choice choose ->
  wire_keyed.well_formed_keyed f d = true ->
  wire_keyed.fits_keyed d ->
  wire_delta.is_known chosen knows (wire_keyed.since d) ->
  wire_keyed.decode_keyed f knows (wire_keyed.encode_keyed choose f chosen d) = Some d.
Proof. exact wire_keyed_proof.a_keyed_delta_is_read_as_it_was_written. Qed.

(** The bytes of a sender are those that are written again of what was read. *)
Theorem canonical_keyed_deltas_are_written_again :
  forall choose f chosen knows d d',
  wire.sound_choice choose ->
  wire_keyed.well_formed_keyed f d' = true ->
  wire_keyed.fits_keyed d' ->
  wire_delta.is_known chosen knows (wire_keyed.since d') ->
  wire_keyed.decode_keyed f knows (wire_keyed.encode_keyed choose f chosen d') = Some d ->
  wire_keyed.encode_keyed choose f chosen d = wire_keyed.encode_keyed choose f chosen d'.
Proof. exact wire_keyed_proof.canonical_keyed_deltas_are_written_again. Qed.

(** Whatever bytes there are: what is read has all that a receiver must check. *)
Theorem what_is_read_is_a_keyed_delta :
  forall f knows bs d,
  wire_keyed.decode_keyed f knows bs = Some d -> wire_keyed.well_formed_keyed f d = true.
Proof. exact wire_keyed_proof.what_is_read_is_a_keyed_delta. Qed.

(** A key that goes by a creation dot alone adds nothing to the texts of a message. And whatever bytes are read,
    the base of the delta has that dot, and so has the sender's vector: who has the base has seen it. *)
Theorem a_key_goes_by_a_creation_dot_that_both_have_seen :
  (forall before names,
    wire_keyed.own_texts before names
    = wire_keyed.own_texts before (filter wire_keyed.goes_by_bytes names))
  /\ forall f knows bs d p n x,
       wire_keyed.decode_keyed f knows bs = Some d ->
       In (wire_keyed.By_creation_dot p n, x) (wire_keyed.listed d) ->
       exists o,
         nth_error (map fst (wire_keyed.seen d)) (N.to_nat p) = Some o
         /\ version_vector.contains state_hash.compare_bytes (Dot o n) (wire_keyed.since d) = true
         /\ version_vector.contains state_hash.compare_bytes (Dot o n) (wire_keyed.seen d) = true.
Proof.
  split; [exact wire_keyed_proof.a_key_by_its_creation_dot_has_no_texts |].
  exact wire_keyed_proof.a_creation_dot_that_names_a_key_was_seen.
Qed.
