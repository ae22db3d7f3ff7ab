(** Strong eventual consistency, of every execution of the network.

    In every reachable world each replica's state is the meaning of what it has seen
    ([every_state_is_the_meaning_of_what_was_seen]). So replicas that have seen the same hold the
    same, however it reached them. *)

From Coq Require Import List Bool NArith Lia.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof delta.
From Rejoin Require Import definition definition_proof version_vector_meaning_proof.
From Rejoin Require version_vector version_vector_proof replica.
From Rejoin Require Import replica_meaning_proof network.
Import ListNotations.
Open Scope N_scope.

(** ** A new event extends a history. *)

Section One_object.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Local Notation event := (event Name Value).
Local Notation vector E := (version_vector.of_dots compare_name (map dot_of E)).
Context (H E : list event) (happened : history compare_name H).
Context (complete : closed H) (is_cut : cut H E).
Context (e : event) (o : origin Name).
Context (own : forall f, In f H -> dot_origin (dot_of f) = o -> In f E).
Context (named : dot_of e = version_vector.next compare_name o (vector E)).
Context (saw_it : saw e = set_of (compare_dot compare_name) (map dot_of E)).
Context (is_valid : valid (operation_of e) = true).

Lemma the_dot_is_new f :
  In f H ->
  dot_of f <> dot_of e.
Proof using is_cut lawful_names named own.
  intros there same.
  assert (In f E) as f_in by (apply own; [exact there | now rewrite same, named]).
  apply (in_map dot_of) in f_in. apply (every_dot_is_counted compare_name) in f_in.
  rewrite same, named in f_in. cbn in f_in. lia.
Qed.

Lemma the_event_saw_the_cut d :
  member (compare_dot compare_name) d (saw e) = true <-> In d (map dot_of E).
Proof using lawful_names saw_it.
  rewrite saw_it, (member_means_in (compare_dot compare_name))
    by apply (set_of_is_rising (compare_dot compare_name)).
  apply (in_set_of (compare_dot compare_name)).
Qed.

Lemma a_new_event_saw_exactly_the_cut : saw_exactly compare_name e E.
Proof using lawful_names saw_it.
  split.
  - intros f there. apply the_event_saw_the_cut. now apply in_map.
  - intros d there. rewrite saw_it in there. now apply (in_set_of (compare_dot compare_name)).
Qed.

Lemma nothing_saw_the_new_event f :
  In f (e :: H) ->
  sees compare_name f e = false.
Proof using complete is_cut lawful_names named own saw_it.
  intros there. apply not_true_iff_false. intros seen. destruct there as [<- | there].
  - apply the_event_saw_the_cut, in_map_iff in seen as (f & same & f_in).
    apply (the_dot_is_new f); [now apply (cut_happened _ _ is_cut) | exact same].
  - apply (what_is_seen_is_listed compare_name) in seen.
    destruct (complete f _ there seen) as (g & g_in & same). now apply (the_dot_is_new g).
Qed.

Lemma a_new_event_extends_the_history : history compare_name (e :: H).
Proof using complete happened is_cut is_valid lawful_names named own saw_it.
  split.
  - intros f g [<- | f_in] [<- | g_in] same; auto.
    + now destruct (the_dot_is_new g g_in).
    + now destruct (the_dot_is_new f f_in).
    + now apply (dots_are_unique _ _ happened).
  - constructor; [| apply (events_are_distinct _ _ happened)].
    intros there. now apply (the_dot_is_new e).
  - intros f [<- | f_in]; [rewrite named; cbn; lia |].
    now apply (counters_start_at_1 _ _ happened).
  - intros f [<- | f_in]; [exact is_valid | now apply (operations_are_valid _ _ happened)].
  - intros f n [<- | f_in] bounds; [| now apply (origins_see_their_own _ _ happened)].
    apply the_event_saw_the_cut.
    apply (the_vector_of_a_cut_has_exactly_its_events compare_name H happened E _ is_cut).
    apply (version_vector_proof.contains_means_counted compare_name).
    rewrite named in *. cbn in *. lia.
  - intros f g d f_in [<- | g_in] seen earlier.
    + now rewrite nothing_saw_the_new_event in seen.
    + destruct f_in as [<- | f_in]; [| now apply (seeing_is_transitive _ _ happened f g)].
      apply the_event_saw_the_cut in seen. apply the_event_saw_the_cut.
      apply in_map_iff in seen as (g' & same & g'_in).
      assert (g' = g) as -> by (apply (dots_are_unique _ _ happened); auto;
        now apply (cut_happened _ _ is_cut)).
      apply a_member_is_in_the_list in earlier; [| exact _].
      destruct (cut_is_closed _ _ is_cut g d g'_in earlier) as (x & x_in & <-).
      now apply in_map.
  - intros f [<- | f_in]; [apply nothing_saw_the_new_event; now left |].
    now apply (nothing_sees_itself _ _ happened).
Qed.

Lemma a_new_event_leaves_all_seen : closed (e :: H).
Proof using complete is_cut lawful_names saw_it.
  intros f d [<- | f_in] seen.
  - rewrite saw_it in seen. apply (in_set_of (compare_dot compare_name)), in_map_iff in seen
      as (g & same & g_in).
    exists g. split; [right; now apply (cut_happened _ _ is_cut) | exact same].
  - destruct (complete f d f_in seen) as (g & g_in & same). exists g.
    split; [now right | exact same].
Qed.
End One_object.

(** ** Every step keeps what is sound. *)

Section Network.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Context (types : replica.schema (Name := Name)).
Context (typed : sorted compare_name types = true).
Local Notation event := (event Name Value).
Local Notation node := (node Name Value).
Local Notation message := (message Name Value).
Local Notation world := (world Name Value).
Local Notation meaning := (replica.meaning compare_name compare_value types).
Local Notation of_object := (of_object compare_name).
Local Notation cuts := (cuts compare_name).
Local Notation step := (step compare_name compare_value).
Local Notation steps := (steps compare_name compare_value).
Local Notation reachable := (reachable compare_name compare_value types).
Local Notation union_events := (union_events compare_name).

(** A replica has declared events that happened, with all that these saw. *)
Definition can_be_seen (H E : list event) : Prop := cuts H E /\ declared types E.

Definition sound_node (H : list event) (name : Name) (n : node) : Prop :=
  replica.held (running n) = meaning (seen n) /\
  can_be_seen H (seen n) /\
  replica (replica.self (running n)) = name.

Definition sound_message (H : list event) (m : message) : Prop :=
  match m with
  | Full xs E => xs = meaning E /\ can_be_seen H E
  | Changes ds E => exists vs E',
      sorted compare_name vs = true /\
      can_be_seen H E' /\
      ds = replica.deltas_since compare_name vs (meaning E') /\
      E = on_objects_of compare_name vs E'
  end.

Record sound (w : world) : Prop := {
  histories_hold : histories compare_name (happened w);
  all_seen_happened : forall name, closed (of_object name (happened w));
  nodes_are_sound : forall name, sound_node (happened w) name (nodes w name);
  origins_have_seen_their_own : forall name e,
    In e (happened w) ->
    dot_origin (dot_of e) = replica.self (running (nodes w name)) ->
    In e (seen (nodes w name));
  messages_are_sound : forall m, In m (sent w) -> sound_message (happened w) m;
  backups_are_sound : forall name n, In (name, n) (backups w) -> sound_node (happened w) name n
}.

Lemma more_may_happen H E e :
  can_be_seen H E ->
  can_be_seen (e :: H) E.
Proof.
  intros [cuts_e all]. split; [| exact all]. intros name.
  destruct (cuts_e name) as [past distinct complete]. split; auto.
  intros f there. unfold definition.of_object. cbn [filter].
  destruct (equal _ _ _); [right |]; now apply past.
Qed.

Lemma a_union_can_be_seen H E F :
  histories compare_name H ->
  can_be_seen H E ->
  can_be_seen H F ->
  can_be_seen H (union_events E F).
Proof using lawful_names.
  intros happened can_e can_f. split.
  - intros name. rewrite (the_union_of_one_object compare_name).
    apply (the_union_of_cuts_is_a_cut compare_name _ (happened name)); [apply can_e | apply can_f].
  - intros e [there | [there _]%filter_In]%in_app_iff; [now apply can_e | now apply can_f].
Qed.

Lemma one_object_of_some {V : Type} name (vs : sorted_map Name V) (E : list event) :
  of_object name (on_objects_of compare_name vs E)
  = match find compare_name name vs with
    | Some _ => of_object name E
    | None => []
    end.
Proof using lawful_names.
  unfold on_objects_of, definition.of_object. rewrite filtering_twice.
  destruct (find compare_name name vs) as [v |] eqn:listed.
  - apply filter_ext. intros e.
    destruct (equal_is_equality compare_name (object_of e) name) as [-> |];
      [now rewrite listed | apply andb_false_r].
  - apply filtering_none. intros e _.
    destruct (equal_is_equality compare_name (object_of e) name) as [-> |];
      [now rewrite listed | apply andb_false_r].
Qed.

Lemma some_objects_can_be_seen {V : Type} H (vs : sorted_map Name V) E :
  can_be_seen H E ->
  can_be_seen H (on_objects_of compare_name vs E).
Proof using lawful_names.
  intros [cuts_e all]. split.
  - intros name. rewrite one_object_of_some.
    destruct (find compare_name name vs); [apply cuts_e | split; easy || constructor].
  - intros e [there _]%filter_In. auto.
Qed.

Lemma equal_seen_is_equal_meaning H E F :
  can_be_seen H E ->
  can_be_seen H F ->
  (forall e, In e E <-> In e F) ->
  meaning E = meaning F.
Proof using lawful_names lawful_values.
  intros [cuts_e _] [cuts_f _].
  now apply (replicas_depend_only_on_the_events compare_name compare_value H).
Qed.

Lemma members_of_a_union H E F e :
  histories compare_name H ->
  can_be_seen H E ->
  can_be_seen H F ->
  In e (union_events E F) <-> In e E \/ In e F.
Proof using lawful_names.
  intros happened can_e can_f. split.
  - intros [| [there _]%filter_In]%in_app_iff; auto.
  - intros there.
    assert (forall X, In e X -> In e (of_object (object_of e) X)) as here
      by (intros; apply filter_In; split; [assumption | apply (equal_to_itself compare_name)]).
    assert (In e (of_object (object_of e) (union_events E F))) as found.
    { rewrite (the_union_of_one_object compare_name).
      apply (a_union_has_the_events_of_both compare_name _ (happened (object_of e)));
        [apply (cut_happened _ _ (proj1 can_e (object_of e)))
        | apply (cut_happened _ _ (proj1 can_f (object_of e))) |].
      destruct there; [left | right]; now apply here. }
    now apply filter_In in found as [].
Qed.

Lemma the_start_is_sound : sound (start types).
Proof.
  assert (forall name, sound_node [] name (Node (replica.start (Origin name 0) types) [])).
  { intros name. split; [| repeat split; easy || constructor].
    symmetry. apply a_replica_that_has_seen_nothing_is_untouched. }
  split; cbn; try easy. intros name. split; easy || constructor.
Qed.

Lemma a_sound_node_stays_sound H name n e :
  sound_node H name n ->
  sound_node (e :: H) name n.
Proof. intros (state & can & own). exact (conj state (conj (more_may_happen _ _ _ can) own)). Qed.

Lemma a_sound_message_stays_sound H m e :
  sound_message H m ->
  sound_message (e :: H) m.
Proof.
  destruct m as [xs E | ds E]; cbn.
  - intros [state can]. split; [exact state | now apply more_may_happen].
  - intros (vs & E' & sorts & can & sent & events). exists vs, E'.
    exact (conj sorts (conj (more_may_happen _ _ _ can) (conj sent events))).
Qed.

Lemma reading_nodes name other n (ns : Name -> node) :
  with_node compare_name name n ns other = if equal compare_name other name then n else ns other.
Proof. reflexivity. Qed.
Lemma a_changed_node_is_sound H name n (ns : Name -> node) :
  (forall other, sound_node H other (ns other)) ->
  sound_node H name n ->
  forall other, sound_node H other (with_node compare_name name n ns other).
Proof using lawful_names.
  intros all this other. rewrite reading_nodes.
  now destruct (equal_is_equality compare_name other name) as [-> |].
Qed.

(** Seeing more, a replica has still seen its own operations. *)
Lemma a_node_that_saw_more_has_seen_its_own H name n (ns : Name -> node) :
  replica.self (running n) = replica.self (running (ns name)) ->
  (forall e, In e (seen (ns name)) -> In e (seen n)) ->
  (forall other e, In e H -> dot_origin (dot_of e) = replica.self (running (ns other)) ->
    In e (seen (ns other))) ->
  forall other e, In e H ->
    dot_origin (dot_of e) = replica.self (running (with_node compare_name name n ns other)) ->
    In e (seen (with_node compare_name name n ns other)).
Proof using lawful_names.
  intros same more own other e. rewrite reading_nodes.
  destruct (equal_is_equality compare_name other name) as [-> |]; [| apply own].
  rewrite same. intros there by_it. apply more. now apply own.
Qed.

Lemma receiving_a_state_is_sound H name n E :
  histories compare_name H ->
  sound_node H name n ->
  can_be_seen H E ->
  sound_node H name
    (Node (replica.Replica (replica.self (running n))
        (replica.join compare_name compare_value (replica.held (running n)) (meaning E)))
      (union_events (seen n) E)).
Proof using lawful_names lawful_values typed.
  intros happened (state & can & own) can_e. split; [| split].
  - cbn. rewrite state.
    apply (joining_replicas_unites_their_events compare_name compare_value H happened);
      [exact typed | apply can | apply can_e].
  - now apply a_union_can_be_seen.
  - exact own.
Qed.

Lemma receiving_changes_is_sound H name n vs E xs :
  histories compare_name H ->
  sound_node H name n ->
  can_be_seen H E ->
  sorted compare_name vs = true ->
  replica.apply compare_name compare_value
    (replica.deltas_since compare_name vs (meaning E)) (replica.held (running n)) = Some xs ->
  sound_node H name
    (Node (replica.Replica (replica.self (running n)) xs)
      (union_events (seen n) (on_objects_of compare_name vs E))).
Proof using lawful_names lawful_values typed.
  intros happened (state & can & own) can_e sorts applied.
  assert (can_be_seen H (on_objects_of compare_name vs E)) as can_some
    by now apply some_objects_can_be_seen.
  split; [| split; [now apply a_union_can_be_seen | exact own]]. cbn [running seen replica.held].
  rewrite state in applied.
  rewrite (applying_deltas_adds_the_events compare_name compare_value H happened types vs
    E (seen n)) in applied; auto; try apply can; try apply can_e.
  - injection applied as <-. apply (equal_seen_is_equal_meaning H);
      try now apply a_union_can_be_seen.
    intros e. rewrite !(members_of_a_union H) by assumption. tauto.
  - intros object v declared_object listed.
    unfold replica.apply in applied.
    destruct (replica.accepts_all compare_name
      (replica.deltas_since compare_name vs (meaning E)) (meaning (seen n))) eqn:accepted;
      [| discriminate].
    assert (sorted compare_name (replica.deltas_since compare_name vs (meaning E)) = true)
      as sorts_ds by (apply (merge_is_sorted compare_name);
        [now rewrite (a_meaning_is_sorted compare_name compare_value) | exact sorts]).
    unfold replica.accepts_all in accepted.
    rewrite (forallb_means_all_found compare_name) in accepted by exact sorts_ds.
    apply (found_means_key compare_name) in declared_object; [| exact typed].
    destruct (find compare_name object types) as [type |] eqn:of_type; [| easy].
    specialize (accepted object (Delta v (replica.part_since compare_name v
      (replica.object_meaning compare_name compare_value type (of_object object E))))).
    cbn [fst snd] in accepted.
    rewrite (an_object_is_found_with_its_meaning compare_name compare_value), of_type in accepted.
    rewrite <- (an_object_has_seen_its_events compare_name compare_value type).
    apply accepted. unfold replica.deltas_since.
    rewrite (find_in_merge compare_name)
      by (reflexivity || exact sorts
        || now rewrite (a_meaning_is_sorted compare_name compare_value)).
    now rewrite (an_object_is_found_with_its_meaning compare_name compare_value), of_type,
      listed.
Qed.

(** Sketch: a replica has seen all of its origin's own events, so that the next dot is new, and its event
    saw exactly a cut of one object: the history of that object goes on, and the others are as they
    were. What the replica has seen and the event are a cut again, and the engine's state is the
    meaning of that. Other nodes, messages and backups stay cuts; the event is no other origin's. *)
Lemma operating_is_sound (w : world) name object op user r :
  sound w ->
  valid op = true ->
  replica.perform compare_name compare_value object op user (running (nodes w name)) = Some r ->
  let e := next_event compare_name object op user (nodes w name) in
  sound (World (e :: happened w)
    (with_node compare_name name (Node r (e :: seen (nodes w name))) (nodes w))
    (sent w) (backups w)).
Proof using lawful_names lawful_values typed.
  intros [histories_hold complete nodes_sound own messages_sound backups_sound]
    is_valid performed e.
  destruct (nodes_sound name) as (state & can & named).
  set (n := nodes w name) in *. set (E := seen n) in *. set (H := happened w) in *.
  set (o := replica.self (running n)) in *.
  assert (forall f, In f (of_object object H) -> dot_origin (dot_of f) = o ->
    In f (of_object object E)) as own_here.
  { intros f [there on_it]%filter_In by_o. apply filter_In. split; [| exact on_it].
    now apply (own name). }
  pose proof (proj1 can object) as is_cut.
  assert (history compare_name (e :: of_object object H)) as extended
    by (now apply (a_new_event_extends_the_history compare_name (of_object object H)
      (of_object object E)) with (o := o)).
  assert (closed (e :: of_object object H)) as still_complete
    by (now apply (a_new_event_leaves_all_seen compare_name (of_object object H)
      (of_object object E))).
  assert (saw_exactly compare_name e (of_object object E)) as saw_it
    by (now apply (a_new_event_saw_exactly_the_cut compare_name (of_object object E))).
  assert (forall f, of_object object (e :: f) = e :: of_object object f) as on_object.
  { intros f. unfold definition.of_object. cbn [filter].
    change (object_of e) with object. now rewrite (equal_to_itself compare_name). }
  assert (forall other f, other <> object -> of_object other (e :: f) = of_object other f)
    as elsewhere.
  { intros other f different. unfold definition.of_object. cbn [filter].
    change (object_of e) with object.
    now destruct (equal_is_equality compare_name object other) as [<- |]. }
  assert (histories compare_name (e :: H)) as all_histories.
  { intros other. destruct (equal_is_equality compare_name other object) as [-> | different].
    - now rewrite on_object.
    - now rewrite elsewhere. }
  assert (exists type, find compare_name object types = Some type /\ allows type op = true)
    as (type & of_type & allowed).
  { unfold replica.perform in performed. fold o in performed. rewrite state in performed.
    rewrite (an_object_is_found_with_its_meaning compare_name compare_value) in performed.
    destruct (find compare_name object types) as [type |]; [| discriminate].
    exists type. split; [reflexivity |].
    destruct (allows type op) eqn:allowed; [reflexivity |].
    now destruct op, type. }
  assert (In object (keys types)) as declared_object
    by (apply (found_means_key compare_name); [exact typed | congruence]).
  assert (can_be_seen (e :: H) (e :: E)) as can_more.
  { split.
    - intros other. destruct (equal_is_equality compare_name other object) as [-> | different].
      + rewrite !on_object. destruct is_cut as [past distinct closed_e]. split.
        * intros f [<- | there]; [now left | right; now apply past].
        * constructor; [| exact distinct]. intros there.
          apply past in there. pose proof (events_are_distinct _ _ extended) as new.
          inversion new. contradiction.
        * intros f d [<- | there] seen_d.
          -- destruct saw_it as [_ listed]. apply listed, in_map_iff in seen_d
               as (g & same & g_in). exists g. split; [now right | exact same].
          -- destruct (closed_e f d there seen_d) as (g & g_in & same).
             exists g. split; [now right | exact same].
      + rewrite !elsewhere by exact different. apply can.
    - intros f [<- | there]; [exact declared_object | now apply (proj2 can)]. }
  assert (r = replica.Replica o (meaning (e :: E))) as ->.
  { assert (running n = replica.Replica o (meaning E)) as running_n
      by (unfold o; destruct (running n); cbn in *; congruence).
    rewrite running_n in performed.
    assert (replica.perform compare_name compare_value object op user
      (replica.Replica o (meaning E)) = Some (replica.Replica o (meaning (e :: E)))) as this;
      [| congruence].
    apply (performing_adds_the_event compare_name compare_value (e :: H) all_histories
      types type E e); auto.
    - apply (more_may_happen H E e can).
    - apply can.
    - now left. }
  split; cbn [happened nodes sent backups].
  - exact all_histories.
  - intros other. destruct (equal_is_equality compare_name other object) as [-> | different].
    + now rewrite on_object.
    + rewrite elsewhere by exact different. apply complete.
  - apply a_changed_node_is_sound.
    + intros other. now apply a_sound_node_stays_sound.
    + split; [reflexivity | split; [exact can_more | exact named]].
  - intros other f [<- | there].
    + rewrite reading_nodes.
      destruct (equal_is_equality compare_name other name) as [-> | different].
      * intros _. now left.
      * intros by_other. exfalso. apply different.
        rewrite <- (proj2 (proj2 (nodes_sound other))), <- by_other. exact named.
    + apply (a_node_that_saw_more_has_seen_its_own H); auto. intros g g_in. now right.
  - intros m there. now apply a_sound_message_stays_sound, messages_sound.
  - intros other b there. now apply a_sound_node_stays_sound, backups_sound.
Qed.

Theorem every_step_keeps_soundness (w w' : world) :
  sound w ->
  step w w' ->
  sound w'.
Proof using lawful_names lawful_values typed.
  intros is_sound taken.
  destruct taken as [name object op user r is_valid performed e | name n | name vs n sorts
    | name xs E n there | name ds E xs n there applied | name | name b fresh there new].
  - now apply operating_is_sound.
  - destruct is_sound as [histories_hold complete nodes_sound own messages_sound backups_sound].
    split; auto. intros m [<- | there]; [| now apply messages_sound].
    destruct (nodes_sound name) as (state & can & _). now split.
  - destruct is_sound as [histories_hold complete nodes_sound own messages_sound backups_sound].
    split; auto. intros m [<- | there]; [| now apply messages_sound].
    destruct (nodes_sound name) as (state & can & _). exists vs, (seen (nodes w name)).
    rewrite <- state. auto.
  - destruct is_sound as [histories_hold complete nodes_sound own messages_sound backups_sound].
    destruct (messages_sound _ there) as [-> can].
    split; auto; cbn [happened nodes sent backups].
    + apply a_changed_node_is_sound; [exact nodes_sound |].
      apply receiving_a_state_is_sound;
        [exact histories_hold | apply nodes_sound | exact can].
    + apply a_node_that_saw_more_has_seen_its_own; [reflexivity | | exact own].
      intros e e_in. apply in_app_iff. now left.
  - destruct is_sound as [histories_hold complete nodes_sound own messages_sound backups_sound].
    destruct (messages_sound _ there) as (vs & E' & sorts & can & -> & ->).
    split; auto; cbn [happened nodes sent backups].
    + apply a_changed_node_is_sound; [exact nodes_sound |].
      apply receiving_changes_is_sound;
        [exact histories_hold | apply nodes_sound | exact can | exact sorts | exact applied].
    + apply a_node_that_saw_more_has_seen_its_own; [reflexivity | | exact own].
      intros e e_in. apply in_app_iff. now left.
  - destruct is_sound as [histories_hold complete nodes_sound own messages_sound backups_sound].
    split; auto. intros other b [[= <- <-] | there]; [apply nodes_sound |].
    now apply backups_sound.
  - destruct is_sound as [histories_hold complete nodes_sound own messages_sound backups_sound].
    destruct (backups_sound _ _ there) as (state & can & named).
    split; auto; cbn [happened nodes sent backups].
    + apply a_changed_node_is_sound; [exact nodes_sound |].
      split; [exact state | split; [exact can | reflexivity]].
    + intros other e e_in. rewrite reading_nodes.
      destruct (equal_is_equality compare_name other name) as [-> |]; [| now apply own].
      intros by_it. now destruct (new e e_in).
Qed.

(** ** Strong eventual consistency *)

Theorem reachable_worlds_are_sound (w : world) :
  reachable w ->
  sound w.
Proof using lawful_names lawful_values typed.
  intros reached. induction reached as [| w' w'' _ IH taken]; [apply the_start_is_sound |].
  now apply (every_step_keeps_soundness w').
Qed.

Theorem every_history_that_happens_is_one (w : world) :
  reachable w ->
  histories compare_name (happened w).
Proof using lawful_names lawful_values typed.
  intros reached. apply (histories_hold _ (reachable_worlds_are_sound w reached)).
Qed.

Theorem every_state_is_the_meaning_of_what_was_seen (w : world) name :
  reachable w ->
  replica.held (running (nodes w name)) = meaning (seen (nodes w name)).
Proof using lawful_names lawful_values typed.
  intros reached. apply (nodes_are_sound _ (reachable_worlds_are_sound w reached)).
Qed.

Theorem what_was_seen_is_a_cut_of_what_happened (w : world) name :
  reachable w ->
  cuts (happened w) (seen (nodes w name)).
Proof using lawful_names lawful_values typed.
  intros reached. apply (nodes_are_sound _ (reachable_worlds_are_sound w reached) name).
Qed.

Theorem replicas_that_have_seen_the_same_hold_the_same (w : world) a b :
  reachable w ->
  (forall e, In e (seen (nodes w a)) <-> In e (seen (nodes w b))) ->
  replica.held (running (nodes w a)) = replica.held (running (nodes w b)).
Proof using lawful_names lawful_values typed.
  intros reached same. rewrite !every_state_is_the_meaning_of_what_was_seen by exact reached.
  pose proof (reachable_worlds_are_sound w reached) as is_sound.
  apply (equal_seen_is_equal_meaning (happened w)); [| | exact same];
    apply (nodes_are_sound _ is_sound).
Qed.

Theorem what_is_seen_never_shrinks_but_by_restore (w w' : world) name :
  step w w' ->
  incl (seen (nodes w name)) (seen (nodes w' name)) \/
  exists backup fresh,
    In (name, backup) (backups w) /\
    (forall e, In e (happened w) -> dot_origin (dot_of e) <> Origin name fresh) /\
    nodes w' name
    = Node (replica.restore (Origin name fresh) (replica.held (running backup))) (seen backup).
Proof using lawful_names.
  intros taken.
  destruct taken as [at_name object op user r is_valid performed e | at_name n | at_name vs n sorts
    | at_name xs E n there | at_name ds E xs n there applied | at_name
    | at_name b fresh there new];
    cbn [nodes]; try (left; exact (incl_refl _)); rewrite ?reading_nodes;
    destruct (equal_is_equality compare_name name at_name) as [-> |];
    try (left; exact (incl_refl _)).
  - left. intros f f_in. now right.
  - left. intros f f_in. apply in_app_iff. now left.
  - left. intros f f_in. apply in_app_iff. now left.
  - right. now exists b, fresh.
Qed.

Theorem a_complete_exchange_equalizes (w : world) a b :
  reachable w ->
  a <> b ->
  exists w',
    steps w w' /\
    happened w' = happened w /\
    (forall e, In e (seen (nodes w' a)) <-> In e (seen (nodes w a)) \/ In e (seen (nodes w b))) /\
    (forall e, In e (seen (nodes w' b)) <-> In e (seen (nodes w a)) \/ In e (seen (nodes w b))) /\
    replica.held (running (nodes w' a)) = replica.held (running (nodes w' b)).
Proof using lawful_names lawful_values typed.
  intros reached different.
  pose proof (reachable_worlds_are_sound w reached) as is_sound.
  pose proof (histories_hold _ is_sound) as all_histories.
  destruct (nodes_are_sound _ is_sound a) as (_ & can_a & _).
  destruct (nodes_are_sound _ is_sound b) as (_ & can_b & _).
  pose proof (Send compare_name compare_value w a) as send_a. cbn zeta in send_a.
  set (w1 := World _ _ _ _) in send_a.
  pose proof (Receive compare_name compare_value w1 b _ _ (or_introl eq_refl)) as receive_b.
  cbn zeta in receive_b. set (w2 := World _ _ _ _) in receive_b.
  pose proof (Send compare_name compare_value w2 b) as send_b. cbn zeta in send_b.
  set (w3 := World _ _ _ _) in send_b.
  pose proof (Receive compare_name compare_value w3 a _ _ (or_introl eq_refl)) as receive_a.
  cbn zeta in receive_a. set (w4 := World _ _ _ _) in receive_a.
  assert (steps w w4) as run.
  { apply (Then _ _ _ w3 w4); [| exact receive_a]. apply (Then _ _ _ w2 w3); [| exact send_b].
    apply (Then _ _ _ w1 w2); [| exact receive_b]. apply (Then _ _ _ w w1); [| exact send_a].
    constructor. }
  assert (reachable w4) as reached'.
  { unfold network.reachable. clear - run reached.
    induction run as [| x y _ IH taken]; [exact reached | exact (Then _ _ _ x y IH taken)]. }
  assert (seen (nodes w4 b) = union_events (seen (nodes w b)) (seen (nodes w a))) as at_b.
  { cbn. rewrite !reading_nodes. rewrite (equal_to_itself compare_name).
    now destruct (equal_is_equality compare_name b a) as [-> |]. }
  assert (seen (nodes w4 a) = union_events (seen (nodes w a)) (seen (nodes w4 b))) as at_a.
  { rewrite at_b. cbn. rewrite !reading_nodes, !(equal_to_itself compare_name).
    now destruct (equal_is_equality compare_name a b). }
  assert (forall e, In e (seen (nodes w4 b)) <->
    In e (seen (nodes w a)) \/ In e (seen (nodes w b))) as has_b.
  { intros e. rewrite at_b, (members_of_a_union (happened w)) by assumption. tauto. }
  assert (forall e, In e (seen (nodes w4 a)) <->
    In e (seen (nodes w a)) \/ In e (seen (nodes w b))) as has_a.
  { intros e. rewrite at_a, (members_of_a_union (happened w)), has_b; [tauto | assumption.. |].
    rewrite at_b. now apply a_union_can_be_seen. }
  exists w4. repeat split; try apply has_a; try apply has_b; auto.
  apply (replicas_that_have_seen_the_same_hold_the_same w4 a b reached').
  intros e. now rewrite has_a, has_b.
Qed.

(** ** Vectors tell what was seen, at whatever times of one run *)

Lemma what_happened_stays_seen (w w' : world) E :
  steps w w' ->
  can_be_seen (happened w) E ->
  can_be_seen (happened w') E.
Proof.
  intros run can. induction run as [| w1 w2 _ IH taken]; [exact can |].
  destruct taken; try exact IH. now apply more_may_happen.
Qed.

(** [some_types] are all objects, or those of a class; [w'] is where the run has got to. *)
Lemma equal_vectors_mean_equal_parts (some_types : replica.schema) (w1 w2 w' : world) a b :
  reachable w1 ->
  reachable w2 ->
  steps w1 w' ->
  steps w2 w' ->
  let part_of n := replica.meaning compare_name compare_value some_types (seen n) in
  let vectors xs := map (fun entry => (fst entry, replica.seen_object (snd entry))) xs in
  vectors (part_of (nodes w1 a)) = vectors (part_of (nodes w2 b)) ->
  part_of (nodes w1 a) = part_of (nodes w2 b).
Proof using lawful_names lawful_values typed.
  intros reached1 reached2 run1 run2 part_of vectors same.
  assert (reachable w') as reached'.
  { unfold network.reachable. clear - run1 reached1.
    induction run1 as [| x y _ IH taken]; [exact reached1 | exact (Then _ _ _ x y IH taken)]. }
  pose proof (reachable_worlds_are_sound w1 reached1) as is_sound1.
  pose proof (reachable_worlds_are_sound w2 reached2) as is_sound2.
  pose proof (reachable_worlds_are_sound w' reached') as is_sound'.
  apply (equal_vectors_mean_equal_objects compare_name compare_value (happened w'));
    [apply (histories_hold _ is_sound') | | | exact same].
  - apply (what_happened_stays_seen w1 w' _ run1). apply (nodes_are_sound _ is_sound1).
  - apply (what_happened_stays_seen w2 w' _ run2). apply (nodes_are_sound _ is_sound2).
Qed.

Theorem equal_vectors_mean_equal_states (w w' : world) a b :
  reachable w ->
  steps w w' ->
  let held n := replica.held (running n) in
  let vectors xs := map (fun entry => (fst entry, replica.seen_object (snd entry))) xs in
  vectors (held (nodes w a)) = vectors (held (nodes w' b)) ->
  held (nodes w a) = held (nodes w' b).
Proof using lawful_names lawful_values typed.
  intros reached run held vectors.
  assert (reachable w') as reached'.
  { unfold network.reachable. clear - run reached.
    induction run as [| x y _ IH taken]; [exact reached | exact (Then _ _ _ x y IH taken)]. }
  unfold held. rewrite !every_state_is_the_meaning_of_what_was_seen by assumption.
  apply (equal_vectors_mean_equal_parts types w w' w' a b); auto. constructor.
Qed.
End Network.
