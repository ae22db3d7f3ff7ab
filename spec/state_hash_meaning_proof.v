(** The premises of the state hash hold of every state that events make.

    What [settled] asks of registers and maps holds of the state of any events; so in every
    reachable world the hashes of two replicas are equal exactly if their records are, or a
    collision is found. *)

From Coq Require Import List Bool NArith Lia.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot definition.
From Rejoin Require Import decisions_greatest_proof decisions_meaning_proof or_set_proof state_hash state_hash_records_proof state_hash_proof.
From Rejoin Require version_vector version_vector_proof decisions decisions_proof.
From Rejoin Require g_counter lww_register or_set lww_map log replica.
From Rejoin Require g_counter_meaning_proof lww_register_meaning_proof lww_map_meaning_proof.
From Rejoin Require network network_proof.
Import ListNotations.
Open Scope N_scope.

Section Meaning.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Local Notation event := (event Name Value).
Local Notation object := (replica.object Name Value).
Local Notation object_meaning := (replica.object_meaning compare_name compare_value).
Local Notation settled := (settled compare_name compare_value).
Local Notation well_formed_object := (replica.well_formed_object compare_name compare_value).

Section Keyed.
Context {K : Type} (compare_key : K -> K -> comparison) {lawful_keys : ordered compare_key}.
Context (reading : operation Name Value -> option (K * (N * Value))).
Local Notation compare_decision := (decisions.compare_decision compare_name compare_value).
Local Notation on_key := (on_key compare_key reading).

Lemma keys_of_events_are_settled (E : list event)
    (winners : sorted_map K (decisions.decision Name Value)) :
  sorted compare_key winners = true ->
  (forall k, find compare_key k winners
    = greatest_decision compare_name compare_value (on_key k E)) ->
  settled_keys compare_name compare_value
    (known_of compare_key
      (decisions.maximal (decisions.meaning compare_name compare_key compare_value reading E))
      winners) = true.
Proof using lawful_keys lawful_names lawful_values.
  intros sorts greatest.
  pose proof (frontiers_are_well_formed compare_name compare_key compare_value reading E) as good.
  pose proof (proj1 (andb_prop _ _ good)) as sorts_m.
  apply forallb_forall. intros [k x] there. cbn [snd].
  apply (found_means_in compare_key) in there; [| now apply (known_is_sorted compare_key)].
  rewrite (known_is_found compare_key) in there by assumption. rewrite greatest in there.
  pose proof (a_frontier_has_the_maximal_decisions compare_name compare_key compare_value
    reading E k) as made.
  unfold decisions.frontier in made.
  pose proof (decisions_proof.well_formed_frontiers_mean compare_name compare_key compare_value
    (decisions.maximal (decisions.meaning compare_name compare_key compare_value reading E)))
    as [means _].
  apply means in good as (_ & some & _). specialize (some k).
  assert (forall d, In d (or_empty (find compare_key k
    (decisions.maximal (decisions.meaning compare_name compare_key compare_value reading E)))) ->
    In d (on_key k E)) as listed.
  { intros d d_in. apply made in d_in as (e & e_in & read & _).
    apply on_key_has_the_decisions_on_it; [exact _ |]. now exists e. }
  clear made means.
  assert (forall d, In d (on_key k E) ->
    exists w, greatest_decision compare_name compare_value (on_key k E) = Some w
      /\ below compare_decision w d = false) as exceeds.
  { intros d d_in.
    pose proof (the_greatest_absorbs_its_members compare_name compare_value d _ d_in) as absorbed.
    destruct (greatest_decision compare_name compare_value (on_key k E)) as [w |]; [| easy].
    exists w. split; [reflexivity |]. injection absorbed as absorbed.
    destruct (below_means_less compare_decision w d) as [lt |]; [| reflexivity].
    exfalso. unfold greater in absorbed.
    destruct (below_means_less compare_decision d w) as [gt |].
    - now apply (nothing_is_below_both_ways compare_decision) in gt.
    - subst d. now apply (nothing_is_below_itself compare_decision) in lt. }
  unfold is_settled.
  destruct (find compare_key k (decisions.maximal _)) as [ds |]; cbn [or_empty] in *.
  - destruct ds as [| d ds]; [easy |]. injection there as <-. cbn [fst snd].
    destruct (exceeds d) as (w & is_greatest & _); [apply listed; now left |].
    rewrite is_greatest. apply forallb_forall. intros d' d'_in. apply negb_true_iff.
    destruct (exceeds d') as (w' & is_greatest' & this); [now apply listed |].
    rewrite is_greatest in is_greatest'. now injection is_greatest' as <-.
  - destruct (greatest_decision compare_name compare_value (on_key k E)); [| easy].
    now injection there as <-.
Qed.
End Keyed.

Theorem objects_of_events_are_settled type (E : list event) :
  settled (object_meaning type E) = true.
Proof using lawful_names lawful_values.
  destruct type; try reflexivity; cbn [replica.object_meaning state_hash.settled].
  - unfold known_of_register. apply keys_of_events_are_settled; [exact _ | |].
    + now destruct (lww_register.winner _).
    + intros []. cbn [lww_register.meaning lww_register.winner].
      rewrite lww_register_meaning_proof.the_winner_is_the_greatest_decision by exact _.
      now destruct (greatest_decision _ _ _).
  - unfold known_of_map.
    destruct (lww_map_meaning_proof.the_winners_are_the_greatest_decisions
      compare_name compare_value E) as [sorts found].
    now apply keys_of_events_are_settled.
Qed.

Lemma objects_of_events_are_well_formed type (E : list event) :
  (forall e, In e E -> allows type (operation_of e) = true) ->
  (forall e, In e E -> valid (operation_of e) = true) ->
  well_formed_object (object_meaning type E) = true.
Proof using lawful_names lawful_values.
  intros allowed all_valid.
  assert (version_vector.well_formed compare_name
    (version_vector.of_dots compare_name (map dot_of E)) = true) as vectors
    by now apply version_vector_proof.of_dots_is_well_formed.
  destruct type; cbn [replica.object_meaning replica.well_formed_object].
  - now apply (g_counter_meaning_proof.a_counter_of_valid_events_is_well_formed compare_name).
  - unfold lww_register.well_formed, decisions.well_formed.
    cbn [lww_register.meaning lww_register.decisions].
    rewrite frontiers_are_well_formed by exact _. now rewrite andb_true_r.
  - unfold or_set.well_formed, decisions.well_formed.
    cbn [or_set.meaning]. unfold or_set.meaning.
    rewrite frontiers_are_well_formed by exact _. now rewrite andb_true_r.
  - unfold lww_map.well_formed, decisions.well_formed.
    cbn [lww_map.meaning lww_map.decisions lww_map.winners].
    rewrite frontiers_are_well_formed by exact _. rewrite andb_true_r, andb_true_iff.
    split; [exact vectors |].
    now apply lww_map_meaning_proof.the_winners_are_the_greatest_decisions.
  - unfold log.well_formed. cbn [log.meaning log.seen log.entries].
    rewrite (set_of_is_rising (log.compare_entry compare_name compare_value)).
    now rewrite andb_true_r.
  - apply andb_true_iff. split.
    + now apply (g_counter_meaning_proof.a_counter_of_valid_events_is_well_formed compare_name).
    + unfold pn_counter.down.
      rewrite pn_counter_meaning_proof.the_decrements_are_the_opposite_increments.
      apply (g_counter_meaning_proof.a_counter_of_valid_events_is_well_formed compare_name).
      intros ? (e & <- & there)%in_map_iff. specialize (all_valid e there).
      unfold pn_counter.opposite. cbn [operation_of]. now destruct (operation_of e).
  - apply andb_true_iff. split; [exact vectors | now apply frontiers_are_well_formed].
  - apply andb_true_iff. split; [exact vectors | now apply frontiers_are_well_formed].
  - apply andb_true_iff. split; [exact vectors | now apply frontiers_are_well_formed].
  - apply andb_true_iff. split; [exact vectors | now apply frontiers_are_well_formed].
  - apply andb_true_iff. split; [exact vectors | now apply frontiers_are_well_formed].
  - exact vectors.
  - exact vectors.
Qed.
End Meaning.

Section Network.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Context (types : replica.schema (Name := Name)).
Context (typed : sorted compare_name types = true).
Local Notation world := (network.world Name Value).
Local Notation reachable := (network.reachable compare_name compare_value types).
Local Notation step := (network.step compare_name compare_value).

Lemma what_is_performed_is_allowed type E o seq user (op : operation Name Value) x :
  replica.perform_on compare_name compare_value
    (replica.object_meaning compare_name compare_value type E) o seq user op = Some x ->
  allows type op = true.
Proof. destruct type, op; easy. Qed.

Lemma events_of_a_world_are_allowed (w : world) e type :
  reachable w ->
  In e (network.happened w) ->
  find compare_name (object_of e) types = Some type ->
  allows type (operation_of e) = true.
Proof using lawful_names lawful_values typed.
  intros reached. induction reached as [| w w' reached IH taken]; [easy |].
  destruct taken as [name object op user r is_valid performed e' | | | | | |]; auto.
  intros [<- | there]; [| auto]. cbn [object_of operation_of e' network.next_event].
  intros typed_so. unfold replica.perform in performed.
  rewrite (network_proof.every_state_is_the_meaning_of_what_was_seen
    compare_name compare_value types typed) in performed by exact reached.
  rewrite (replica_meaning_proof.an_object_is_found_with_its_meaning compare_name compare_value)
    in performed.
  rewrite typed_so in performed.
  destruct (replica.perform_on _ _ _ _ _ _ op) as [x |] eqn:done; [| easy].
  now apply what_is_performed_is_allowed in done.
Qed.

Theorem objects_of_a_world_are_fine (w : world) name :
  reachable w ->
  all_fine compare_name compare_value
    (replica.held (network.running (network.nodes w name))).
Proof using lawful_names lawful_values typed.
  intros reached entry there.
  pose proof (network_proof.reachable_worlds_are_sound compare_name compare_value types typed w
    reached) as is_sound.
  destruct (network_proof.nodes_are_sound _ _ _ _ is_sound name) as (state & (cuts_e & _) & _).
  rewrite state in there. unfold replica.meaning in there.
  apply in_map_iff in there as ([object type] & <- & there). cbn [fst snd].
  split; [| now apply objects_of_events_are_settled].
  assert (forall e, In e (of_object compare_name object (network.seen (network.nodes w name))) ->
    In e (of_object compare_name object (network.happened w))) as past
    by apply (cut_happened _ _ (cuts_e object)).
  apply objects_of_events_are_well_formed; auto; intros e e_in; apply past in e_in.
  - pose proof e_in as here. apply filter_In in here as [here at_object].
    destruct (equal_is_equality compare_name (object_of e) object) as [<- |]; [| easy].
    apply (events_of_a_world_are_allowed w); auto.
    now apply (found_means_in compare_name).
  - apply (operations_are_valid _ _
      (network_proof.histories_hold _ _ _ _ is_sound object) _ e_in).
Qed.

Context (null : Value).
Context (name_bytes : Name -> bytes) (value_bytes : Value -> bytes).
Context (hash : domain -> bytes -> bytes).
Context (names_differ : forall a b, name_bytes a = name_bytes b -> a = b).
Context (values_differ : forall a b, value_bytes a = value_bytes b -> a = b).
Context (one_length : forall d m, length (hash d m) = digest_length).
Local Notation replica_hash :=
  (replica_hash compare_name compare_value null name_bytes value_bytes hash).
Local Notation replica_messages :=
  (replica_messages compare_name compare_value null name_bytes value_bytes hash).

(** Whatever two replicas have been through. *)
Theorem equal_hashes_of_replicas_mean_equal_states_or_a_clash (w : world) a b :
  reachable w ->
  let xs := replica.held (network.running (network.nodes w a)) in
  let ys := replica.held (network.running (network.nodes w b)) in
  replica_hash false xs = replica_hash false ys ->
  replica_hash true xs = replica_hash true ys ->
  map (fun entry => (fst entry, replica.seen_object (snd entry))) xs
  = map (fun entry => (fst entry, replica.seen_object (snd entry))) ys ->
  xs = ys
  \/ exists c, find_clash hash (replica_messages xs ++ replica_messages ys) = Some c
       /\ is_clash hash c.
Proof using lawful_names lawful_values names_differ one_length typed values_differ.
  intros reached xs ys content removals vectors.
  destruct (equal_hashes_mean_equal_records_or_a_clash compare_name compare_value null name_bytes
    value_bytes hash names_differ values_differ one_length xs ys) as [same | found];
    try assumption; try now apply objects_of_a_world_are_fine.
  - left. now apply records_and_vectors_make_the_objects.
  - right. exact found.
Qed.
End Network.
