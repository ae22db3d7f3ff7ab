(** Each step of a run adds a line that is possible, and keeps the file true.

    What is shown: the line of an operation, message, receipt, backup or restore leaves the file in
    agreement with the world ([follows]). Definitions: [recording.v]. *)

From Coq Require Import List Bool NArith BinInt Permutation Lia.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof delta.
From Rejoin Require Import definition definition_proof network network_proof trace trace_proof.
From Rejoin Require Import recording renaming_proof.
From Rejoin Require version_vector replica replica_proof replica_meaning_proof judge judge_proof.
From Rejoin Require Import recording_lines_proof.
Import ListNotations.
Open Scope N_scope.

Section Recording.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Context (null : Value).
Context (types : replica.schema (Name := Name)) (typed : sorted compare_name types = true).
Context (label : nat -> Name) (labels_differ : forall i j, label i = label j -> i = j).
Local Notation world := (world Name Value).
Local Notation line := (line Name Value).
Local Notation sound := (sound compare_name compare_value types).
Local Notation records := (records compare_name compare_value label).
Local Notation possible := (possible compare_name).
Local Notation compare_dot := (compare_dot compare_name).
Local Notation find := (find compare_name).
Local Notation as_line := (as_line compare_name).
Local Notation events_are_made := (events_are_made compare_name).
Local Notation operations_are_events := (operations_are_events compare_name).
Local Notation places_differ := (places_differ compare_name).
Local Notation pasts_are_sets := (pasts_are_sets compare_name).
Local Notation messages_follow := (messages_follow label).
Local Notation messages_were_sent := (messages_were_sent label).
Local Notation messages_hold := (messages_hold label).
Local Notation messages_are_numbered := (messages_are_numbered label).
Local Notation backups_follow := (backups_follow label).
Local Notation backups_were_saved := (backups_were_saved label).
Local Notation backups_keep := (backups_keep label).
Local Notation backups_are_numbered := (backups_are_numbered label).
Local Notation follows := (follows compare_name label).
Local Notation events_of_one_object := (events_of_one_object compare_name).
Local Notation distinct_by_object := (distinct_by_object compare_name).
Local Notation what_can_be_seen_is_distinct := (what_can_be_seen_is_distinct compare_name types).
Local Notation what_a_node_saw_happened :=
  (what_a_node_saw_happened compare_name compare_value types).
Local Notation what_a_message_holds_happened :=
  (what_a_message_holds_happened compare_name compare_value types).
Local Notation what_a_backup_keeps_happened :=
  (what_a_backup_keeps_happened compare_name compare_value types).
Local Notation one_dot_one_event := (one_dot_one_event compare_name compare_value types).
Local Notation what_was_seen_by_an_event_happened :=
  (what_was_seen_by_an_event_happened compare_name compare_value types).
Local Notation a_line_of_an_event_is_about_its_object :=
  (a_line_of_an_event_is_about_its_object compare_name).
Local Notation a_node_means_what_it_saw :=
  (a_node_means_what_it_saw compare_name compare_value types).
Local Notation events_stay := (events_stay compare_name).
Local Notation messages_stay := (messages_stay label).
Local Notation backups_stay := (backups_stay label).
Local Notation a_new_message_follows := (a_new_message_follows label labels_differ).
Local Notation a_new_backup_follows := (a_new_backup_follows label labels_differ).
Local Notation seen_after_a_change := (seen_after_a_change compare_name).
Local Notation more_is_seen := (more_is_seen compare_name).

(** *** The line of an operation *)

(** Sketch: [at_line] is extended by the number of this line at the object and dot of the event. No
    earlier event has both, so that all earlier events keep their numbers and their forms as lines.
    What the trace says that the new event saw are the lines of what its replica had seen; all else
    that the trace says is as before, or has this event more. *)
Lemma a_new_event_has_a_line (w : world) past at_line name object op user r :
  sound w ->
  follows at_line past w ->
  valid op = true ->
  replica.perform compare_name compare_value object op user (running (nodes w name)) = Some r ->
  let e := next_event compare_name object op user (nodes w name) in
  exists at_line', follows at_line' (Operates name object op None user :: past)
    (World (e :: happened w)
      (with_node compare_name name (Node r (e :: seen (nodes w name))) (nodes w)) (sent w)
      (backups w)).
Proof.
  intros is_sound [events_ok seen_ok messages_ok backups_ok] valid_op performed e.
  assert (sound (World (e :: happened w)
    (with_node compare_name name (Node r (e :: seen (nodes w name))) (nodes w)) (sent w)
    (backups w))) as sound_after
    by now apply (operating_is_sound compare_name compare_value types typed).
  assert (NoDup (e :: happened w)) as distinct.
  { apply distinct_by_object. intros o. apply (events_are_distinct compare_name).
    apply (histories_hold compare_name compare_value types _ sound_after). }
  destruct (nodes_are_sound compare_name compare_value types w is_sound name)
    as (_ & can_be & self_is).
  set (at_line' := fun o d =>
    if equal compare_name o object && equal compare_dot d (dot_of e) then number past
    else at_line o d).
  assert (place_of at_line' e = number past) as place_of_e.
  { unfold place_of, at_line'. cbn [object_of e next_event].
    now rewrite (equal_to_itself compare_name), (equal_to_itself compare_dot). }
  assert (forall f o d, In f (happened w) -> object_of f = o -> dot_of f = d ->
    at_line' o d = at_line o d) as others.
  { intros f o d f_in <- <-. unfold at_line'.
    destruct (equal_is_equality compare_name (object_of f) object) as [same_object |];
      [| reflexivity].
    destruct (equal_is_equality compare_dot (dot_of f) (dot_of e)) as [same_dot |]; [| reflexivity].
    inversion distinct as [| ? ? fresh _]. destruct fresh.
    replace e with f; [exact f_in |].
    apply (one_dot_one_event _ sound_after);
      [now right | now left | exact same_object | exact same_dot]. }
  assert (forall f, In f (happened w) -> place_of at_line' f = place_of at_line f) as places
    by (intros f f_in; now apply (others f)).
  assert (forall f, In f (happened w) -> as_line at_line' f = as_line at_line f) as lines.
  { intros f f_in. unfold as_line, line_dot. f_equal.
    - now rewrite (others f).
    - f_equal. apply map_ext_in. intros d d_in.
      destruct (what_was_seen_by_an_event_happened w is_sound f d f_in d_in)
        as (g & g_in & same_object & same_dot).
      now rewrite (others g). }
  pose proof (what_a_node_saw_happened w is_sound name) as saw_what_happened.
  assert (forall f, In f (seen (nodes w name)) ->
    operates past (place_of at_line f) (replica_of f) (object_of f)) as operated_there.
  { intros f f_in. apply saw_what_happened in f_in.
    pose proof (events_are_made _ _ _ events_ok f f_in) as is_made.
    now apply what_is_made_is_an_operation in is_made as [operated _]. }
  assert (is_event compare_name past name object op user (as_line at_line' e)) as is_line.
  { split; try reflexivity.
    - change (dot_at (replica (replica.self (running (nodes w name)))) (place_of at_line' e)
        = dot_at name (number past)).
      now rewrite self_is, place_of_e.
    - apply (set_of_is_rising compare_dot).
    - intros d. cbn [as_line saw object_of e next_event].
      rewrite (in_set_of compare_dot), in_map_iff. split.
      + intros (d' & <- & there). apply (in_set_of compare_dot), in_map_iff in there.
        destruct there as (f & <- & f_in). apply events_of_one_object in f_in as [f_in at_f].
        pose proof (saw_what_happened f f_in) as f_past.
        exists (replica_of f), (place_of at_line f). split; [| split].
        * unfold line_dot. rewrite (others f object (dot_of f) f_past at_f eq_refl).
          unfold place_of. now rewrite at_f.
        * apply seen_ok. now exists f.
        * rewrite <- at_f. now apply operated_there.
      + intros (r' & p & -> & there & operated). apply seen_ok in there as (f & f_in & ->).
        pose proof (saw_what_happened f f_in) as f_past.
        destruct (an_operation_has_one_replica_and_object _ _ _ _ _ _ operated
          (operated_there f f_in)) as [same at_f].
        exists (dot_of f). split.
        * unfold line_dot. rewrite (others f object (dot_of f) f_past (eq_sym at_f) eq_refl).
          unfold place_of. now rewrite same, at_f.
        * apply (in_set_of compare_dot), in_map, events_of_one_object.
          split; [exact f_in | now symmetry].
    - exists (map (place_of at_line)
        (filter (fun f => equal compare_name (replica_of f) name) (seen (nodes w name)))).
      split; [| split].
      + apply distinct_things_have_distinct_images.
        * apply NoDup_filter. now apply (what_can_be_seen_is_distinct (happened w)).
        * intros f g f_in g_in same. apply filter_In in f_in as [f_in _].
          apply filter_In in g_in as [g_in _].
          apply (places_differ _ _ _ events_ok);
            [now apply saw_what_happened | now apply saw_what_happened | exact same].
      + intros p. rewrite in_map_iff. split.
        * intros (f & <- & f_in). apply filter_In in f_in as [f_in by_name].
          split; [apply seen_ok; now exists f |]. exists (object_of f).
          destruct (equal_is_equality compare_name (replica_of f) name) as [same |]; [| easy].
          rewrite <- same. now apply operated_there.
        * intros (there & o & operated). apply seen_ok in there as (f & f_in & ->).
          exists f. split; [reflexivity |]. apply filter_In. split; [exact f_in |].
          destruct (an_operation_has_one_replica_and_object _ _ _ _ _ _ operated
            (operated_there f f_in)) as [same _].
          rewrite same. apply (equal_to_itself compare_name).
      + rewrite map_length.
        change (definition.seen_of compare_name (replica (replica.self (running (nodes w name))))
            (seen (nodes w name)) + 1
          = N.of_nat (length (filter (fun f => equal compare_name (replica_of f) name)
              (seen (nodes w name)))) + 1).
        now rewrite self_is. }
  exists at_line'. split.
  - split.
    + intros f [<- | f_in].
      * left. split; [exact place_of_e |]. exists name, object, op, None, user.
        split; [reflexivity | exact is_line].
      * right. rewrite places by exact f_in. rewrite lines by exact f_in.
        now apply (events_are_made _ _ _ events_ok).
    + intros p r' o [(-> & _) | operated].
      * exists e. split; [now left | now symmetry].
      * apply (operations_are_events _ _ _ events_ok) in operated as (f & f_in & ->).
        exists f. split; [now right | symmetry; now apply places].
    + assert (forall f, In f (happened w) -> place_of at_line' f < number past) as less.
      { intros f f_in. rewrite places by exact f_in.
        exact (earlier_lines_have_lower_numbers _ _ _ (events_are_made _ _ _ events_ok f f_in)). }
      intros f g [<- | f_in] [<- | g_in] same; try reflexivity.
      * apply less in g_in. rewrite place_of_e in same. lia.
      * apply less in f_in. rewrite place_of_e in same. lia.
      * rewrite !places in same by assumption. now apply (places_differ _ _ _ events_ok).
    + intros f [<- | f_in].
      * apply (set_of_is_rising compare_dot).
      * now apply (pasts_are_sets _ _ _ events_ok).
  - apply (more_is_seen at_line' past _ name _ (nodes w) [e]).
    + intros r'. apply (places_stay at_line); [| exact (seen_ok r')].
      intros f f_in. apply places. now apply (what_a_node_saw_happened w is_sound r').
    + intros f. cbn [seen In]. tauto.
    + intros r' p. cbn [has_seen]. unfold numbers. cbn [In]. split.
      * intros [there | [-> ->]]; [now left | right]. split; [reflexivity |].
        exists e. split; [now left | now symmetry].
      * intros [there | [-> (f & [<- | []] & ->)]]; [now left | right].
        split; [reflexivity | exact place_of_e].
  - apply messages_stay; [easy |]. change (messages_follow at_line' past (sent w)).
    destruct messages_ok as [were_sent hold are_numbered].
    split; [exact were_sent | | exact are_numbered]. intros later m earlier split_so.
    apply (places_stay at_line); [| now apply (hold later)].
    intros f f_in. apply places. apply (what_a_message_holds_happened w is_sound m); [| exact f_in].
    rewrite split_so. apply in_elt.
  - apply backups_stay; [easy |]. change (backups_follow at_line' past (backups w)).
    destruct backups_ok as [were_saved keep are_numbered].
    split; [exact were_saved | | exact are_numbered]. intros later r' b earlier split_so.
    apply (places_stay at_line); [| now apply (keep later r')].
    intros f f_in. apply places.
    apply (what_a_backup_keeps_happened w is_sound r' b); [| exact f_in].
    rewrite split_so. apply in_elt.
Qed.

(** *** Every line *)

Lemma a_message_can_be_seen (w : world) m :
  sound w -> In m (sent w) -> can_be_seen compare_name types (happened w) (events_in m).
Proof.
  intros is_sound there. apply (messages_are_sound compare_name compare_value types w is_sound) in there.
  destruct m as [xs E | ds E]; cbn in there |- *; [easy |].
  destruct there as (vs & E' & _ & can_be & _ & ->). now apply some_objects_can_be_seen.
Qed.

Lemma the_objects_of_a_delta (w : world) r (vs : sorted_map Name (version_vector.state Name)) o :
  sound w ->
  sorted compare_name vs = true ->
  In o (keys (replica.deltas_since compare_name vs (held_by r w))) <->
  find o types <> None /\ find o vs <> None.
Proof.
  intros is_sound sorts. unfold held_by. rewrite (a_node_means_what_it_saw w is_sound r).
  assert (sorted compare_name
    (replica.meaning compare_name compare_value types (seen (nodes w r))) = true) as sorts_too
    by now rewrite replica_meaning_proof.a_meaning_is_sorted.
  unfold replica.deltas_since. rewrite <- (found_means_key compare_name);
    [| now apply (merge_is_sorted compare_name)].
  rewrite (find_in_merge compare_name); [| reflexivity | exact sorts_too | exact sorts].
  rewrite (replica_meaning_proof.an_object_is_found_with_its_meaning compare_name compare_value).
  destruct (find o types), (find o vs); split; try easy; intros [? ?]; easy.
Qed.

Lemma each_record_follows (w w' : world) past at_line l :
  sound w ->
  follows at_line past w ->
  records w l w' ->
  exists at_line', follows at_line' (l :: past) w'.
Proof.
  intros is_sound w_follows this. pose proof w_follows as [events_ok seen_ok messages_ok backups_ok].
  destruct this as [name object op user r valid_op performed e | name | name vs sorts ds
    | name later xs events earlier n there | name later ds events earlier xs n there applied | name
    | name later backup earlier fresh there unused].
  - now apply (a_new_event_has_a_line w past at_line name object op user r).
  - exists at_line. split; [now apply events_stay | exact seen_ok | | now apply backups_stay].
    apply (a_new_message_follows at_line past (sent w) name None); [exact messages_ok |].
    intros p. cbn [events_in about]. rewrite (seen_ok name p). tauto.
  - exists at_line. split; [now apply events_stay | exact seen_ok | | now apply backups_stay].
    apply (a_new_message_follows at_line past (sent w) name (Some (keys ds))); [exact messages_ok |].
    intros p. cbn [events_in]. rewrite (seen_ok name p). split.
    + intros (e & [e_in on_these]%filter_In & ->). split; [now exists e |].
      pose proof (what_a_node_saw_happened w is_sound name e e_in) as e_happened.
      apply (a_line_of_an_event_is_about_its_object w past at_line events_ok); [exact e_happened |].
      apply (the_objects_of_a_delta w name vs); [exact is_sound | exact sorts |].
      split; [| now destruct (find (object_of e) vs)].
      apply (found_means_key compare_name); [exact typed |].
      destruct (nodes_are_sound compare_name compare_value types w is_sound name)
        as (_ & (_ & are_declared) & _). now apply are_declared.
    + intros [(e & e_in & ->) about_it].
      pose proof (what_a_node_saw_happened w is_sound name e e_in) as e_happened.
      apply (a_line_of_an_event_is_about_its_object w past at_line events_ok) in about_it;
        [| exact e_happened].
      apply (the_objects_of_a_delta w name vs) in about_it as [_ on_these];
        [| exact is_sound | exact sorts].
      exists e. split; [| reflexivity]. apply filter_In. split; [exact e_in |].
      now destruct (find (object_of e) vs).
  - exists at_line.
    split; [now apply events_stay | | now apply messages_stay | now apply backups_stay].
    apply (more_is_seen at_line past _ name _ (nodes w) events seen_ok).
    + intros e. apply (members_of_a_union compare_name types (happened w)).
      * apply (histories_hold compare_name compare_value types w is_sound).
      * now apply (nodes_are_sound compare_name compare_value types w is_sound name).
      * apply (a_message_can_be_seen w (Full xs events)); [exact is_sound |]. rewrite there.
        apply in_elt.
    + intros r p. cbn [has_seen].
      now rewrite (messages_hold _ _ _ messages_ok later (Full xs events) earlier there p).
  - exists at_line.
    split; [now apply events_stay | | now apply messages_stay | now apply backups_stay].
    apply (more_is_seen at_line past _ name _ (nodes w) events seen_ok).
    + intros e. apply (members_of_a_union compare_name types (happened w)).
      * apply (histories_hold compare_name compare_value types w is_sound).
      * now apply (nodes_are_sound compare_name compare_value types w is_sound name).
      * apply (a_message_can_be_seen w (Changes ds events)); [exact is_sound |]. rewrite there.
        apply in_elt.
    + intros r p. cbn [has_seen].
      now rewrite (messages_hold _ _ _ messages_ok later (Changes ds events) earlier there p).
  - exists at_line. split; [now apply events_stay | exact seen_ok | now apply messages_stay |].
    apply (a_new_backup_follows at_line past (backups w) name (nodes w name)); [exact backups_ok |].
    apply seen_ok.
  - exists at_line.
    split; [now apply events_stay | | now apply messages_stay | now apply backups_stay].
    intros r p. cbn [nodes]. rewrite seen_after_a_change. cbn [has_seen].
    rewrite (backups_keep _ _ _ backups_ok later name backup earlier there p).
    destruct (equal_is_equality compare_name r name) as [-> | differs]; cbn [seen].
    + tauto.
    + rewrite (seen_ok r p). tauto.
Qed.

Lemma what_is_performed_is_allowed (w : world) name object op user r :
  sound w ->
  replica.perform compare_name compare_value object op user (running (nodes w name)) = Some r ->
  exists type, find object types = Some type /\ allows type op = true.
Proof.
  intros is_sound. unfold replica.perform. rewrite (a_node_means_what_it_saw w is_sound name).
  rewrite (replica_meaning_proof.an_object_is_found_with_its_meaning compare_name compare_value).
  destruct (find object types) as [type |]; [| easy]. intros performed. exists type.
  split; [reflexivity |]. destruct type, op; try reflexivity; discriminate performed.
Qed.

Lemma who_operates_acts (past : list line) p r o :
  operates past p r o -> In r (flat_map acting past).
Proof.
  induction past as [| l past IH]; [easy |]. cbn [flat_map].
  intros [(_ & op & id & user & ->) | there]; apply in_or_app;
    [left; now left | right; now apply IH].
Qed.

Section A_file.
Context (h : header Name) (same_types : objects h = types).

Lemma each_record_is_possible (w w' : world) past at_line l :
  incl (acting l) (replicas h) ->
  sound w ->
  follows at_line past w ->
  records w l w' ->
  possible h past l.
Proof.
  intros named is_sound [events_ok seen_ok messages_ok backups_ok] this.
  assert (forall r, In r (acting l) -> In r (replicas h)) as are_declared by exact named.
  destruct this as [name object op user r valid_op performed e | name | name vs sorts ds
    | name later xs events earlier n there | name later ds events earlier xs n there applied | name
    | name later backup earlier fresh there unused];
    cbn [possible]; (split; [apply are_declared; now left |]).
  - unfold declares. rewrite same_types. repeat split; try easy.
    now apply (what_is_performed_is_allowed w name object op user r).
  - split; [| now intros o (all & none & _)].
    intros (i & less & same)%(messages_are_numbered _ _ _ messages_ok).
    apply labels_differ in same. lia.
  - split.
    + intros (i & less & same)%(messages_are_numbered _ _ _ messages_ok).
      apply labels_differ in same. lia.
    + intros o (all & [= <-] & there).
      apply (the_objects_of_a_delta w name vs) in there as [found _]; [| exact is_sound | exact sorts].
      unfold declares. rewrite same_types. destruct (find o types) as [type |]; [eauto | easy].
  - now apply (messages_were_sent _ _ _ messages_ok later (Full xs events)).
  - now apply (messages_were_sent _ _ _ messages_ok later (Changes ds events)).
  - intros (r & (i & less & same)%(backups_are_numbered _ _ _ backups_ok)).
    apply labels_differ in same. lia.
  - now apply (backups_were_saved _ _ _ backups_ok later name backup).
Qed.

Lemma rearranged_as_it_is {A : Type} (same : A -> A -> Prop) xs :
  (forall x, same x x) -> rearranged same xs xs.
Proof.
  intros alike. exists xs. split; [reflexivity |].
  induction xs as [| x xs IH]; constructor; auto.
Qed.

Lemma an_answer_is_itself (a : answer Name Value) : same_answer a a.
Proof.
  destruct a; cbn; try reflexivity.
  - intros v. reflexivity.
  - apply rearranged_as_it_is. intros entry. split; [reflexivity | intros v; reflexivity].
Qed.
End A_file.
End Recording.
