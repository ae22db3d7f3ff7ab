(** A recorded run conforms, and another answer is found.

    Sketch. The trace knows an operation by the number of its line, the network by its origin and
    counter on one object, and an origin has many incarnations. Let [at_line] be the number of the
    line of each event of the network, by object and dot; [as_line e] is the event [e] with all dots,
    its own and those that it saw, replaced by these numbers.
    1. Values, merge decisions, notices and counts look at dots only to ask who saw whom. So they are
       the same of some events as of the same events under other names ([renaming_proof.v]).
    2. Along the run, for each line: what the trace says that a replica has seen, a message holds and a
       backup keeps are the numbers of exactly those events which the network writes down beside its
       states ([follows]). Each line is possible where it stands.
    3. So the trace lists [as_line e] for the events [e] that the replica has seen, the network says
       that its state means these ([network_proof.v]), and the engine reads a meaning as defined
       ([replica_meaning_proof.v]). Hence what the engine answers agrees; and as the trace shows one
       value only, another answer disagrees. The judge finds exactly what disagrees
       ([judge_proof.v]). *)

From Coq Require Import List Bool NArith BinInt Permutation Lia.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof delta.
From Rejoin Require Import definition definition_proof network network_proof trace trace_proof.
From Rejoin Require Import recording renaming_proof.
From Rejoin Require version_vector replica replica_proof replica_meaning_proof judge judge_proof.
Import ListNotations.
Open Scope N_scope.

(** ** 2. The lines follow the run *)

Lemma distinct_things_have_distinct_images {A B : Type} (f : A -> B) xs :
  NoDup xs ->
  (forall x y, In x xs -> In y xs -> f x = f y -> x = y) ->
  NoDup (map f xs).
Proof.
  induction xs as [| x xs IH]; intros distinct injective; [constructor |].
  inversion distinct as [| ? ? fresh rest]; subst. cbn [map]. constructor.
  - intros (y & same & y_in)%in_map_iff. apply fresh.
    replace x with y; [exact y_in |]. apply injective; [now right | now left | exact same].
  - apply IH; [exact rest |]. intros y z y_in z_in. apply injective; now right.
Qed.

(** Of the lines of a list that has the latest first, each with those before it. *)
Definition each_line {L : Type} (past : list L) (good : list L -> L -> Prop) : Prop :=
  forall later l earlier, past = later ++ l :: earlier -> good earlier l.

Lemma one_more_line {L : Type} (past : list L) l (good : list L -> L -> Prop) :
  each_line past good -> good past l -> each_line (l :: past) good.
Proof.
  intros all this [| l' later] l'' earlier split_so; injection split_so as -> ->; [exact this |].
  now apply (all later).
Qed.

Lemma lines_in_the_order_of_the_file {L : Type} (past : list L) (good : list L -> L -> Prop) :
  each_line past good ->
  forall before l after, rev past = before ++ l :: after -> good (rev before) l.
Proof.
  intros all before l after split_so. apply (all (rev after)).
  rewrite <- (rev_involutive past), split_so, rev_app_distr. cbn [rev].
  now rewrite <- app_assoc.
Qed.

Section Recording.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Context (null : Value).
Context (types : replica.schema (Name := Name)) (typed : sorted compare_name types = true).
Context (label : nat -> Name) (labels_differ : forall i j, label i = label j -> i = j).
Local Notation event := (event Name Value).
Local Notation node := (node Name Value).
Local Notation message := (message Name Value).
Local Notation world := (world Name Value).
Local Notation line := (line Name Value).
Local Notation claim := (claim Name Value).
Local Notation step := (network.step compare_name compare_value).
Local Notation reachable := (reachable compare_name compare_value types).
Local Notation sound := (sound compare_name compare_value types).
Local Notation records := (records compare_name compare_value label).
Local Notation recording := (recording compare_name compare_value null types label).
Local Notation answers := (answers compare_name compare_value null).
Local Notation of_object := (of_object compare_name).
Local Notation sees := (sees compare_name).
Local Notation made := (made compare_name).
Local Notation lists := (lists compare_name).
Local Notation possible := (possible compare_name).
Local Notation agrees := (agrees compare_name compare_value null).
Local Notation compare_dot := (compare_dot compare_name).
Local Notation find := (find compare_name).

(** *** Every run is recorded *)

Lemma every_step_is_recorded (w w' : world) : step w w' -> exists l, records w l w'.
Proof.
  intros [name object op user r valid_op performed e | name n | name vs n sorts
    | name xs events n there | name ds events xs n there applied | name
    | name backup fresh there unused].
  - eexists. now apply An_operation.
  - eexists. apply A_state.
  - eexists. now apply A_delta.
  - apply in_split in there as (later & earlier & there). eexists.
    now apply (A_receipt _ _ _ _ name later xs events earlier).
  - apply in_split in there as (later & earlier & there). eexists.
    now apply (A_receipt_of_changes _ _ _ _ name later ds events earlier xs).
  - eexists. apply A_backup.
  - apply in_split in there as (later & earlier & there). eexists.
    now apply (A_restore _ _ _ _ name later backup earlier fresh).
Qed.

Lemma every_record_is_a_step (w w' : world) l : records w l w' -> step w w'.
Proof.
  intros [name object op user r valid_op performed e | name | name vs sorts ds
    | name later xs events earlier n there | name later ds events earlier xs n there applied | name
    | name later backup earlier fresh there unused].
  - now apply Operate.
  - apply Send.
  - now apply Send_changes.
  - apply Receive. rewrite there. apply in_elt.
  - apply (Receive_changes _ _ _ name ds events xs); [| exact applied]. rewrite there.
    apply in_elt.
  - apply Save.
  - apply Restore; [| exact unused]. rewrite there. apply in_elt.
Qed.

Theorem every_run_is_recorded (w : world) : reachable w <-> exists past, recording past w.
Proof.
  split.
  - intros run. induction run as [| w' w'' run (past & recorded) this].
    + exists []. constructor.
    + apply every_step_is_recorded in this as (l & this). exists (l :: past).
      now apply One_step with w'.
  - intros (past & recorded). induction recorded as [| past w l w' _ IH this | past w c _ IH _].
    + constructor.
    + apply Then with w; [exact IH |]. now apply every_record_is_a_step with l.
    + exact IH.
Qed.

(** *** Events and their lines *)

Section Lines.
Context (at_line : Name -> dot Name -> N).

Definition place_of (e : event) : N := at_line (object_of e) (dot_of e).

Definition line_dot (o : Name) (d : dot Name) : dot Name :=
  dot_at (replica (dot_origin d)) (at_line o d).

(** The event as the trace knows it. *)
Definition as_line (e : event) : event :=
  Event (object_of e) (line_dot (object_of e) (dot_of e)) (seq_of e) (user_of e) (operation_of e)
    (set_of compare_dot (map (line_dot (object_of e)) (saw e))).

Definition numbers (E : list event) (p : N) : Prop := exists e, In e E /\ p = place_of e.

Record events_follow (past : list line) (H : list event) : Prop := {
  events_are_made : forall e, In e H -> made past (place_of e) (as_line e);
  operations_are_events : forall p r o, operates past p r o -> numbers H p;
  places_differ : forall e f, In e H -> In f H -> place_of e = place_of f -> e = f;
  pasts_are_sets : forall e, In e H -> rising compare_dot (saw e) = true
}.

Definition seen_follows (past : list line) (ns : Name -> node) : Prop :=
  forall r p, has_seen past r p <-> numbers (seen (ns r)) p.

Definition events_in (m : message) : list event :=
  match m with
  | Full _ E | Changes _ E => E
  end.

Record messages_follow (past : list line) (ms : list message) : Prop := {
  messages_were_sent : forall later m earlier,
    ms = later ++ m :: earlier -> was_sent past (label (length earlier));
  messages_hold : forall later m earlier,
    ms = later ++ m :: earlier ->
    forall p, holds past (label (length earlier)) p <-> numbers (events_in m) p;
  messages_are_numbered : forall m,
    was_sent past m -> exists i, (i < length ms)%nat /\ m = label i
}.

Record backups_follow (past : list line) (bs : list (Name * node)) : Prop := {
  backups_were_saved : forall later r n earlier,
    bs = later ++ (r, n) :: earlier -> In (Saves r (label (length earlier))) past;
  backups_keep : forall later r n earlier,
    bs = later ++ (r, n) :: earlier ->
    forall p, keeps past (label (length earlier)) p <-> numbers (seen n) p;
  backups_are_numbered : forall r s,
    In (Saves r s) past -> exists i, (i < length bs)%nat /\ s = label i
}.

Record follows (past : list line) (w : world) : Prop := {
  the_events : events_follow past (happened w);
  the_seen : seen_follows past (nodes w);
  the_messages : messages_follow past (sent w);
  the_backups : backups_follow past (backups w)
}.
End Lines.

Lemma what_is_held_was_sent (past : list line) m p : holds past m p -> was_sent past m.
Proof.
  induction past as [| l past IH]; [easy |]. cbn. intros [held | now].
  - destruct (IH held) as (r & what & there). exists r, what. now right.
  - destruct l as [| r m' [names | ms | ids] | | | | | | |]; try easy;
      destruct now as (-> & _); eexists _, _; now left.
Qed.

Lemma what_is_kept_was_saved (past : list line) s p :
  keeps past s p -> exists r, In (Saves r s) past.
Proof.
  induction past as [| l past IH]; [easy |]. cbn. intros [kept | now].
  - destruct (IH kept) as (r & there). exists r. now right.
  - destruct l as [| | | | | r s' | | |]; try easy. destruct now as (-> & _). exists r. now left.
Qed.

Lemma events_of_one_object o (E : list event) e :
  In e (of_object o E) <-> In e E /\ object_of e = o.
Proof.
  unfold definition.of_object. rewrite filter_In.
  destruct (equal_is_equality compare_name (object_of e) o); intuition congruence.
Qed.

Lemma what_can_be_seen_happened (H E : list event) :
  can_be_seen compare_name types H E -> incl E H.
Proof.
  intros [are_cuts _] e e_in. destruct (are_cuts (object_of e)) as [past _ _].
  apply (events_of_one_object (object_of e) H e), past. now apply events_of_one_object.
Qed.

Lemma distinct_by_object (E : list event) : (forall o, NoDup (of_object o E)) -> NoDup E.
Proof.
  induction E as [| e E IH]; intros distinct; constructor.
  - intros there. specialize (distinct (object_of e)). unfold definition.of_object in distinct.
    cbn [filter] in distinct. rewrite (equal_to_itself compare_name) in distinct.
    inversion distinct as [| ? ? fresh _]. apply fresh. now apply events_of_one_object.
  - apply IH. intros o. specialize (distinct o). unfold definition.of_object in *.
    cbn [filter] in distinct.
    destruct (equal compare_name (object_of e) o); [now inversion distinct | exact distinct].
Qed.

Lemma what_can_be_seen_is_distinct (H E : list event) : can_be_seen compare_name types H E -> NoDup E.
Proof.
  intros [are_cuts _]. apply distinct_by_object. intros o. apply (cut_is_distinct _ _ (are_cuts o)).
Qed.

Section A_sound_world.
Context (w : world) (is_sound : sound w).

Lemma what_a_node_saw_happened r : incl (seen (nodes w r)) (happened w).
Proof.
  apply what_can_be_seen_happened.
  now apply (nodes_are_sound compare_name compare_value types w is_sound r).
Qed.

Lemma what_a_message_holds_happened m : In m (sent w) -> incl (events_in m) (happened w).
Proof.
  intros there. apply (messages_are_sound compare_name compare_value types w is_sound) in there.
  destruct m as [xs E | ds E]; cbn in there |- *.
  - now apply what_can_be_seen_happened.
  - destruct there as (vs & E' & _ & can_be & _ & ->). intros e [e_in _]%filter_In.
    now apply (what_can_be_seen_happened _ E').
Qed.

Lemma what_a_backup_keeps_happened r n : In (r, n) (backups w) -> incl (seen n) (happened w).
Proof.
  intros there. apply (backups_are_sound compare_name compare_value types w is_sound) in there.
  destruct there as (_ & can_be & _). now apply what_can_be_seen_happened.
Qed.

Lemma one_dot_one_event e f :
  In e (happened w) ->
  In f (happened w) ->
  object_of e = object_of f ->
  dot_of e = dot_of f ->
  e = f.
Proof.
  intros e_in f_in same_object same_dot.
  apply (dots_are_unique compare_name (of_object (object_of f) (happened w))); auto.
  - apply (histories_hold compare_name compare_value types w is_sound).
  - now apply events_of_one_object.
  - now apply events_of_one_object.
Qed.

Lemma what_was_seen_by_an_event_happened e d :
  In e (happened w) ->
  In d (saw e) ->
  exists f, In f (happened w) /\ object_of f = object_of e /\ dot_of f = d.
Proof.
  intros e_in d_in.
  destruct (all_seen_happened compare_name compare_value types w is_sound (object_of e) e d)
    as (f & f_in & named); [now apply events_of_one_object | exact d_in |].
  apply events_of_one_object in f_in as [f_in same]. eauto.
Qed.

(** *** Who saw whom is the same under both names *)

Context (past : list line) (at_line : Name -> dot Name -> N).
Local Notation place := (place_of at_line).
Local Notation line_of := (as_line at_line).
Context (events_ok : events_follow at_line past (happened w)).

Lemma sight_is_the_same d e :
  In d (happened w) ->
  In e (happened w) ->
  object_of d = object_of e ->
  sees (line_of d) (line_of e) = sees d e.
Proof.
  intros d_in e_in same_object. unfold definition.sees. apply eq_true_iff_eq.
  rewrite !(member_means_in compare_dot);
    [| now apply (pasts_are_sets _ _ _ events_ok) | apply (set_of_is_rising compare_dot)].
  cbn [as_line saw dot_of]. rewrite (in_set_of compare_dot), in_map_iff. split.
  - intros (d' & same & d'_in).
    destruct (what_was_seen_by_an_event_happened d d' d_in d'_in) as (f & f_in & object_f & <-).
    replace e with f; [exact d'_in |]. apply (places_differ _ _ _ events_ok); auto.
    apply (f_equal counter) in same. cbn in same. unfold place_of.
    now rewrite object_f.
  - intros there. exists (dot_of e). split; [| exact there]. now rewrite same_object.
Qed.

Lemma a_line_of_an_event_is_about_its_object e names :
  In e (happened w) ->
  about past (Some names) (place e) <-> In (object_of e) names.
Proof.
  intros e_in. pose proof (events_are_made _ _ _ events_ok e e_in) as is_made.
  apply what_is_made_is_an_operation in is_made as [operated _]. split.
  - intros (r & o & o_in & operates_too).
    now destruct (an_operation_has_one_replica_and_object _ _ _ _ _ _ operates_too operated)
      as [_ ->].
  - intros there. eexists _, _. split; [exact there | exact operated].
Qed.

Context (seen_ok : seen_follows at_line past (nodes w)).

(** *** The trace lists what the network has written down *)

Lemma the_trace_lists_what_was_seen r :
  lists past r None (map line_of (seen (nodes w r))).
Proof.
  pose proof (what_a_node_saw_happened r) as happened_all. split.
  - apply distinct_things_have_distinct_images.
    + apply (what_can_be_seen_is_distinct (happened w)).
      now apply (nodes_are_sound compare_name compare_value types w is_sound r).
    + intros e f e_in f_in same. apply (places_differ _ _ _ events_ok); auto.
      apply (f_equal (fun e => counter (dot_of e))) in same. exact same.
  - intros e'. rewrite in_map_iff. split.
    + intros (e & <- & e_in). split; [| easy]. exists (place e). split.
      * apply seen_ok. now exists e.
      * apply (events_are_made _ _ _ events_ok). auto.
    + intros ((p & (e & e_in & ->)%seen_ok & is_made) & _). exists e. split; [| exact e_in].
      apply (an_operation_makes_one_event compare_name past (place e)); [| exact is_made].
      apply (events_are_made _ _ _ events_ok). auto.
Qed.

Lemma the_trace_lists_one_object r o :
  lists past r (Some o) (of_object o (map line_of (seen (nodes w r)))).
Proof.
  destruct (the_trace_lists_what_was_seen r) as [distinct listed]. split.
  - now apply NoDup_filter.
  - intros e. rewrite events_of_one_object, listed. split.
    + intros [[there _] <-]. split; [exact there |]. now intros o' [= <-].
    + intros [there same]. split; [| now apply same]. now split.
Qed.

Lemma sight_on_one_object_is_the_same r o d e :
  In d (of_object o (seen (nodes w r))) ->
  In e (of_object o (seen (nodes w r))) ->
  sees (line_of d) (line_of e) = sees d e.
Proof.
  intros [d_in at_d]%events_of_one_object [e_in at_e]%events_of_one_object.
  apply sight_is_the_same; [now apply (what_a_node_saw_happened r).. | congruence].
Qed.

Lemma a_node_means_what_it_saw r :
  replica.held (running (nodes w r))
  = replica.meaning compare_name compare_value types (seen (nodes w r)).
Proof. now apply (nodes_are_sound compare_name compare_value types w is_sound r). Qed.

Lemma a_node_has_seen_cuts r : cuts compare_name (happened w) (seen (nodes w r)).
Proof. now apply (nodes_are_sound compare_name compare_value types w is_sound r). Qed.

Lemma an_object_of_a_node r o x :
  find o (held_by r w) = Some x ->
  exists type,
    find o types = Some type /\
    replica.type_of x = type /\
    replica.value compare_value null x
    = read compare_name compare_value null type
        (of_object o (map line_of (seen (nodes w r)))) /\
    replica.merge_decisions compare_name compare_value null x
    = decisions compare_name compare_value null type
        (of_object o (map line_of (seen (nodes w r)))).
Proof.
  unfold held_by. rewrite a_node_means_what_it_saw.
  rewrite (replica_meaning_proof.an_object_is_found_with_its_meaning compare_name compare_value).
  destruct (find o types) as [type |]; [| easy]. intros [= <-]. exists type.
  destruct (a_node_has_seen_cuts r o) as [past_all distinct _].
  pose proof (histories_hold compare_name compare_value types w is_sound o) as happened_so.
  rewrite (objects_are_renamed compare_name line_of _ (fun _ => eq_refl)).
  split; [reflexivity |]. split; [now destruct type |]. split.
  - rewrite (replica_meaning_proof.an_object_is_read_as_defined compare_name compare_value null
      _ happened_so) by assumption.
    symmetry. apply what_is_read_is_renamed; try easy. apply sight_on_one_object_is_the_same.
  - rewrite (replica_meaning_proof.merge_decisions_of_an_object_are_as_defined compare_name
      compare_value null _ happened_so) by assumption.
    symmetry. apply open_decisions_are_renamed; try easy. apply sight_on_one_object_is_the_same.
Qed.

Lemma the_notices_of_a_node r user :
  replica.notices compare_name compare_value null user (held_by r w)
  = all_notices compare_name compare_value null types user (map line_of (seen (nodes w r))).
Proof.
  unfold held_by. rewrite a_node_means_what_it_saw.
  rewrite (replica_meaning_proof.notices_of_a_replica_are_as_defined compare_name compare_value
    null (happened w)); [| apply (histories_hold compare_name compare_value types w is_sound)
    | apply a_node_has_seen_cuts].
  unfold all_notices. apply flat_map_ext. intros [o type]. cbn [fst snd]. f_equal.
  rewrite (objects_are_renamed compare_name line_of _ (fun _ => eq_refl)).
  symmetry. apply object_notices_are_renamed; try easy. apply sight_on_one_object_is_the_same.
Qed.

Lemma the_vector_of_a_node r :
  replica.vector_of compare_name (held_by r w) = vector compare_name (seen (nodes w r)).
Proof.
  unfold held_by. rewrite a_node_means_what_it_saw.
  apply (replica_meaning_proof.the_state_vector_is_that_of_the_definition compare_name
    compare_value (happened w)); [| exact typed | apply a_node_has_seen_cuts |].
  - apply (histories_hold compare_name compare_value types w is_sound).
  - now apply (nodes_are_sound compare_name compare_value types w is_sound r).
Qed.

Lemma a_vector_counts E name :
  counted compare_name (vector compare_name E) name = seen_of compare_name name (map line_of E).
Proof.
  rewrite counts_are_renamed by easy. unfold counted, vector.
  rewrite (find_in_a_map_made_from_keys compare_name).
  rewrite (member_of_set_of compare_name). destruct (existsb _ _) eqn:there; [reflexivity |].
  unfold seen_of. replace (filter _ E) with (@nil event); [reflexivity |].
  induction E as [| e E IH]; [reflexivity |]. cbn in *. apply orb_false_iff in there as [no rest].
  destruct (equal_is_equality compare_name (replica_of e) name) as [<- |]; [| now apply IH].
  now rewrite (equal_to_itself compare_name) in no.
Qed.
End A_sound_world.

(** *** Lines that change nothing of one kind *)

Lemma places_stay at_line at_line' E P :
  (forall e, In e E -> place_of at_line' e = place_of at_line e) ->
  (forall p, P p <-> numbers at_line E p) ->
  forall p, P p <-> numbers at_line' E p.
Proof.
  intros same all p. rewrite all.
  split; intros (e & e_in & ->); exists e; (split; [exact e_in |]); now rewrite same.
Qed.

Definition makes_nothing (l : line) : Prop := forall r o op id user, l <> Operates r o op id user.
Definition sends_nothing (l : line) : Prop := forall r m what, l <> Sends r m what.
Definition saves_nothing (l : line) : Prop := forall r s, l <> Saves r s.

Lemma events_stay at_line past H l :
  makes_nothing l ->
  events_follow at_line past H ->
  events_follow at_line (l :: past) H.
Proof.
  intros nothing [are_made are_events differ are_sets]. split; auto.
  - intros e e_in. right. now apply are_made.
  - intros p r o [(_ & op & id & user & ->) | operated]; [| now apply (are_events p r o)].
    now destruct (nothing r o op id user).
Qed.

Lemma messages_stay at_line past ms l :
  sends_nothing l ->
  messages_follow at_line past ms ->
  messages_follow at_line (l :: past) ms.
Proof.
  intros nothing [were_sent hold are_numbered]. split.
  - intros later m earlier split_so. destruct (were_sent later m earlier split_so) as (r & what & ?).
    exists r, what. now right.
  - intros later m earlier split_so p. rewrite <- (hold later m earlier split_so p). cbn [holds].
    destruct l; try tauto. now destruct (nothing replica message what).
  - intros m (r & what & [-> | there]); [now destruct (nothing r m what) |].
    apply are_numbered. now exists r, what.
Qed.

Lemma backups_stay at_line past bs l :
  saves_nothing l ->
  backups_follow at_line past bs ->
  backups_follow at_line (l :: past) bs.
Proof.
  intros nothing [were_saved keep are_numbered]. split.
  - intros later r n earlier split_so. right. now apply (were_saved later r n).
  - intros later r n earlier split_so p. rewrite <- (keep later r n earlier split_so p). cbn [keeps].
    destruct l; try tauto. now destruct (nothing replica snapshot).
  - intros r s [-> | there]; [now destruct (nothing r s) | now apply (are_numbered r)].
Qed.

Lemma a_claim_follows at_line past w c :
  follows at_line past w -> follows at_line (Claims c :: past) w.
Proof.
  intros [events_ok seen_ok messages_ok backups_ok]. split.
  - now apply events_stay.
  - exact seen_ok.
  - now apply messages_stay.
  - now apply backups_stay.
Qed.

(** *** What each line adds *)

Lemma a_new_message_follows at_line past ms r names m :
  messages_follow at_line past ms ->
  (forall p, numbers at_line (events_in m) p <-> has_seen past r p /\ about past names p) ->
  messages_follow at_line (Sends r (label (length ms)) (Within names) :: past) (m :: ms).
Proof.
  intros [were_sent hold are_numbered] holds_so.
  assert (forall p, ~ holds past (label (length ms)) p) as fresh.
  { intros p there. apply what_is_held_was_sent, are_numbered in there as (i & less & same).
    apply labels_differ in same. lia. }
  split.
  - intros [| first later] m' earlier split_so; injection split_so as -> ->.
    + eexists _, _. now left.
    + destruct (were_sent later m' earlier eq_refl) as (r' & what & there).
      exists r', what. now right.
  - intros [| first later] m' earlier split_so p; injection split_so as -> ->; cbn [holds].
    + rewrite holds_so. specialize (fresh p). tauto.
    + rewrite <- (hold later m' earlier eq_refl p).
      split; [intros [there | (same & _)] | now left]; [exact there |].
      apply labels_differ in same. rewrite app_length in same. cbn in same. lia.
  - intros m' (r' & what & [same | there]).
    + injection same as _ <- _. exists (length ms). split; [cbn; lia | reflexivity].
    + destruct (are_numbered m') as (i & less & same); [now exists r', what |].
      exists i. split; [cbn; lia | exact same].
Qed.

Lemma a_new_backup_follows at_line past bs r n :
  backups_follow at_line past bs ->
  (forall p, has_seen past r p <-> numbers at_line (seen n) p) ->
  backups_follow at_line (Saves r (label (length bs)) :: past) ((r, n) :: bs).
Proof.
  intros [were_saved keep are_numbered] seen_so.
  assert (forall p, ~ keeps past (label (length bs)) p) as fresh.
  { intros p there. apply what_is_kept_was_saved in there as (r' & there).
    apply are_numbered in there as (i & less & same). apply labels_differ in same. lia. }
  split.
  - intros [| first later] r' n' earlier split_so; inversion split_so; subst.
    + now left.
    + right. now apply (were_saved later r' n').
  - intros [| first later] r' n' earlier split_so p; inversion split_so; subst; cbn [keeps].
    + rewrite <- seen_so. specialize (fresh p). tauto.
    + rewrite <- (keep later r' n' earlier eq_refl p).
      split; [intros [there | (same & _)] | now left]; [exact there |].
      apply labels_differ in same. rewrite app_length in same. cbn in same. lia.
  - intros r' s [same | there].
    + injection same as _ <-. exists (length bs). split; [cbn; lia | reflexivity].
    + destruct (are_numbered r' s there) as (i & less & same).
      exists i. split; [cbn; lia | exact same].
Qed.

Lemma seen_after_a_change r name n (ns : Name -> node) :
  seen (with_node compare_name name n ns r)
  = if equal compare_name r name then seen n else seen (ns r).
Proof. unfold with_node. now destruct (equal compare_name r name). Qed.

(** What a replica learns. *)
Lemma more_is_seen at_line past past' name n (ns : Name -> node) E :
  seen_follows at_line past ns ->
  (forall e, In e (seen n) <-> In e (seen (ns name)) \/ In e E) ->
  (forall r p, has_seen past' r p <->
    has_seen past r p \/ r = name /\ numbers at_line E p) ->
  seen_follows at_line past' (with_node compare_name name n ns).
Proof.
  intros seen_ok both learns r p. rewrite learns, seen_after_a_change, (seen_ok r p).
  destruct (equal_is_equality compare_name r name) as [-> | differs].
  - unfold numbers. split.
    + intros [(e & e_in & ->) | (_ & e & e_in & ->)]; exists e; rewrite both; auto.
    + intros (e & e_in & ->). apply both in e_in as [e_in | e_in]; [left | right; split; auto]; eauto.
  - split; [intros [there | [same _]]; [exact there | contradiction] | now left].
Qed.

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

(** ** 3. What is answered agrees, and nothing else does *)

Lemma what_is_named l (past : list line) R :
  incl (flat_map acting (l :: past)) R -> incl (acting l) R /\ incl (flat_map acting past) R.
Proof.
  intros named.
  split; intros r there; apply named; cbn [flat_map]; apply in_or_app; [now left | now right].
Qed.

Lemma another_asks_the_same (c c' : claim) :
  another compare_name c c' -> acting (Claims c') = acting (Claims c).
Proof.
  destruct c as [r o [a |] | | | r [|] [a |] | | | r o [a |] | r o [a |] |];
    destruct c' as [| | | r' [|] a' | | | | |]; cbn [another]; try easy; now intros (-> & _).
Qed.

(** Sketch: for values, vectors, merge decisions and notices alike. The trace lists the events that the
    replica has seen, as lines; the engine's answer is the definition's of these, so that it agrees.
    Whatever list the trace allows is a rearrangement of this one, and so has the same answer: one
    that differs disagrees, and breaks the rule of its claim. *)
Lemma an_answer_agrees (w : world) past at_line c :
  incl (flat_map acting (Claims c :: past)) (replicas h) ->
  sound w ->
  follows at_line past w ->
  answers w c ->
  possible_claim compare_name h c /\ agrees h past c
  /\ forall c', another compare_name c c' ->
      possible_claim compare_name h c' /\ ~ agrees h past c'
      /\ forall broken, breaks compare_name compare_value null h past c' broken
           <-> broken = rule_of c.
Proof.
  intros named is_sound [events_ok seen_ok _ _] answered.
  apply what_is_named in named as [named_here named_before].
  assert (forall (broken found : rule) (P : Prop),
    ~ P -> (broken = found /\ ~ P <-> broken = found)) as breaking by tauto.
  assert (forall r name,
    seen_of compare_name name (map (as_line at_line) (seen (nodes w r))) <> 0 ->
    In name (replicas h)) as all_are_declared.
  { intros r name. rewrite counts_are_renamed by easy. unfold seen_of.
    destruct (filter _ (seen (nodes w r))) as [| e es] eqn:some; [intros none; now destruct none |].
    intros _.
    assert (In e (filter (fun e => equal compare_name (replica_of e) name) (seen (nodes w r))))
      as e_in by (rewrite some; now left).
    apply filter_In in e_in as [e_in same].
    destruct (equal_is_equality compare_name (replica_of e) name) as [<- |]; [| easy].
    pose proof (events_are_made _ _ _ events_ok e (what_a_node_saw_happened w is_sound r e e_in))
      as is_made.
    apply what_is_made_is_an_operation in is_made as [operated _].
    apply named_before. exact (who_operates_acts _ _ _ _ operated). }
  destruct c as [r o [a |] | | | r [|] [a |] | | | r o [a |] | r user [a |] |];
    cbn [recording.answers] in answered; try contradiction;
    assert (In r (replicas h)) as r_in by (apply named_here; now left).
  - destruct answered as (x & found & ->).
    destruct (an_object_of_a_node w is_sound past at_line events_ok r o x found)
      as (type & declared & _ & value_is & _).
    pose proof (the_trace_lists_one_object w is_sound past at_line events_ok seen_ok r o) as listed.
    assert (shows compare_name compare_value null past r o type
      (replica.value compare_value null x)) as shown
      by (exists (of_object o (map (as_line at_line) (seen (nodes w r)))); now split).
    assert (declares compare_name h o type) as declares_it
      by (unfold declares; now rewrite same_types).
    split; [split; [exact r_in | now exists type] |]. split.
    + exists type, (replica.value compare_value null x).
      split; [exact declares_it |]. split; [exact shown | apply an_answer_is_itself].
    + intros c' differs. destruct c' as [r' o' claimed | | | | | | | |];
        cbn [another] in differs; try contradiction.
      destruct differs as (-> & -> & differs).
      assert (~ agrees h past (Reads r o claimed)) as disagrees.
      { destruct claimed as [claimed |]; [| intros []]. cbn [unlike] in differs.
        intros (type' & actual & declares' & shown' & same).
        unfold declares in *. assert (type' = type) as -> by congruence.
        apply differs. rewrite (an_object_shows_one_value compare_name compare_value null
          past r o type _ _ shown shown'). exact same. }
      split; [split; [exact r_in | now exists type] |]. split; [exact disagrees |].
      intros broken. exact (breaking broken Value_rule _ disagrees).
  - subst a. rewrite (the_vector_of_a_node w is_sound r).
    pose proof (the_trace_lists_what_was_seen w is_sound past at_line events_ok seen_ok r) as listed.
    set (v := vector compare_name (seen (nodes w r))).
    assert (forall name, counted compare_name v name
      = seen_of compare_name name (map (as_line at_line) (seen (nodes w r)))) as counts
      by (intros name; apply a_vector_counts).
    assert (sorted compare_name v = true) as sorts.
    { unfold v, definition.vector. rewrite (a_map_made_from_keys_is_sorted compare_name).
      apply (set_of_is_rising compare_name). }
    assert (forall name n, In (name, n) v <-> find name v = Some n) as in_v
      by (intros; symmetry; now apply (found_means_in compare_name)).
    assert (forall claimed, possible_claim compare_name h (Counts r None claimed : claim))
      as is_possible
      by (intros claimed; split; [exact r_in | intros o (all & none & _); cbn in none; discriminate]).
    split; [apply is_possible |]. split.
    + exists (map (as_line at_line) (seen (nodes w r))). split; [exact listed |]. split.
      * intros name n there. pose proof there as found. apply in_v in found.
        assert (n = seen_of compare_name name (map (as_line at_line) (seen (nodes w r)))) as n_is.
        { rewrite <- counts. unfold counted. now rewrite found. }
        split; [| exact n_is]. apply (all_are_declared r). unfold v, definition.vector in there.
        apply in_map_iff in there as (name' & same & there). injection same as <- _.
        apply (in_set_of compare_name), in_map_iff in there as (e & <- & e_in).
        rewrite counts_are_renamed by easy. unfold seen_of.
        assert (In e (filter (fun f => equal compare_name (replica_of f) (replica_of e))
          (seen (nodes w r)))) as some
          by (apply filter_In; split; [exact e_in | apply (equal_to_itself compare_name)]).
        revert some. destruct (filter _ (seen (nodes w r))); [intros [] |].
        intros _ none. cbn in none. discriminate none.
      * intros name _ some. rewrite <- counts in some. unfold counted in some.
        destruct (find name v) as [n |] eqn:found.
        -- exists n. now apply in_v.
        -- rewrite ?found in some. now destruct some.
    + intros c' differs. destruct c' as [| | | r' [|] claimed | | | | |];
        cbn [another] in differs; try contradiction.
      destruct differs as (-> & differs).
      assert (~ agrees h past (Counts r None claimed)) as disagrees.
      { destruct claimed as [claimed |]; [| intros []]. cbn [unlike] in differs.
        intros (E & listed_too & right_ones & all_there).
        assert (forall name, seen_of compare_name name E = counted compare_name v name) as counts_too.
        { intros name. rewrite counts. apply seen_of_is_independent_of_order.
          now apply (what_was_seen_is_listed_once compare_name past r None). }
        apply differs. intros name. split.
        - intros n there. apply right_ones in there as [_ ->]. apply counts_too.
        - intros some. apply all_there; [| now rewrite counts_too].
          apply (all_are_declared r). now rewrite <- counts. }
      split; [apply is_possible |]. split; [exact disagrees |].
      intros broken. exact (breaking broken Vector_rule _ disagrees).
  - destruct answered as (x & found & decides & ->).
    destruct (an_object_of_a_node w is_sound past at_line events_ok r o x found)
      as (type & declared & is_type & _ & open_is).
    pose proof (the_trace_lists_one_object w is_sound past at_line events_ok seen_ok r o) as listed.
    assert (declares compare_name h o type) as declares_it
      by (unfold declares; now rewrite same_types).
    assert (forall claimed, possible_claim compare_name h (Decides r o claimed : claim))
      as is_possible.
    { intros claimed. split; [exact r_in |]. exists type. split; [exact declares_it |].
      rewrite <- is_type. exact decides. }
    split; [apply is_possible |]. split.
    + exists type, (of_object o (map (as_line at_line) (seen (nodes w r)))).
      split; [exact declares_it |]. split; [exact listed |]. rewrite open_is.
      apply rearranged_as_it_is. intros d. split; [reflexivity |]. split; reflexivity.
    + intros c' differs. destruct c' as [| | | | | | r' o' claimed | |];
        cbn [another] in differs; try contradiction.
      destruct differs as (-> & -> & differs).
      assert (~ agrees h past (Decides r o claimed)) as disagrees.
      { destruct claimed as [claimed |]; [| intros []]. cbn [unlike] in differs.
        intros (type' & E & declares' & listed_too & same).
        unfold declares in *. assert (type' = type) as -> by congruence.
        apply differs. rewrite open_is.
        rewrite (decisions_are_independent_of_order compare_name compare_value null _ E);
          [exact same |].
        now apply (what_was_seen_is_listed_once compare_name past r (Some o)). }
      split; [apply is_possible |]. split; [exact disagrees |].
      intros broken. exact (breaking broken Decisions_rule _ disagrees).
  - subst a. rewrite (the_notices_of_a_node w is_sound past at_line events_ok r user).
    pose proof (the_trace_lists_what_was_seen w is_sound past at_line events_ok seen_ok r) as listed.
    split; [exact r_in |]. split.
    + exists (map (as_line at_line) (seen (nodes w r))). split; [exact listed |].
      rewrite same_types. apply Permutation_refl.
    + intros c' differs. destruct c' as [| | | | | | | r' user' claimed |];
        cbn [another] in differs; try contradiction.
      destruct differs as (-> & -> & differs).
      assert (~ agrees h past (Tells r user claimed)) as disagrees.
      { destruct claimed as [claimed |]; [| intros []]. cbn [unlike] in differs.
        intros (E & listed_too & same). apply differs. rewrite same_types in same.
        rewrite (all_notices_are_independent_of_order compare_name compare_value null types user _ E);
          [exact same |].
        now apply (what_was_seen_is_listed_once compare_name past r None). }
      split; [exact r_in |]. split; [exact disagrees |].
      intros broken. exact (breaking broken Notices_rule _ disagrees).
Qed.

(** *** The whole file *)

Definition followed (past : list line) (w : world) : Prop :=
  sound w /\ exists at_line, follows at_line past w.

Definition good (earlier : list line) (l : line) : Prop :=
  possible h earlier l /\ forall c, l = Claims c -> agrees h earlier c.

Lemma the_start_is_followed : followed [] (start types).
Proof.
  split; [apply (the_start_is_sound compare_name compare_value types) |].
  exists (fun _ _ => 0). split.
  - split; easy.
  - intros r p. split; [easy |]. intros (e & [] & _).
  - split.
    + intros later m earlier split_so. destruct (app_cons_not_nil _ _ _ split_so).
    + intros later m earlier split_so. destruct (app_cons_not_nil _ _ _ split_so).
    + intros m (r & what & []).
  - split.
    + intros later r n earlier split_so. destruct (app_cons_not_nil _ _ _ split_so).
    + intros later r n earlier split_so. destruct (app_cons_not_nil _ _ _ split_so).
    + intros r s [].
Qed.

Lemma each_record_is_followed past (w w' : world) l :
  followed past w -> records w l w' -> followed (l :: past) w'.
Proof.
  intros [is_sound (at_line & w_follows)] this. split.
  - apply (every_step_keeps_soundness compare_name compare_value types typed w);
      [exact is_sound | now apply every_record_is_a_step with l].
  - now apply (each_record_follows w w' past at_line l).
Qed.

Lemma each_claim_is_followed past w c : followed past w -> followed (Claims c :: past) w.
Proof.
  intros [is_sound (at_line & w_follows)]. split; [exact is_sound |].
  exists at_line. now apply a_claim_follows.
Qed.

Lemma no_step_is_a_claim (w w' : world) c : ~ records w (Claims c) w'.
Proof. intros this. inversion this. Qed.

Lemma recorded_lines_are_good past w :
  incl (flat_map acting past) (replicas h) ->
  recording past w ->
  followed past w /\ each_line past good.
Proof.
  intros named recorded. induction recorded as [| past w l w' _ IH this | past w c _ IH answered].
  - split; [exact the_start_is_followed |]. intros later l earlier split_so.
    destruct (app_cons_not_nil _ _ _ split_so).
  - destruct (what_is_named _ _ _ named) as [named_here named_before].
    destruct (IH named_before) as [is_followed all_good].
    split; [now apply each_record_is_followed with w |]. apply one_more_line; [exact all_good |].
    destruct is_followed as [is_sound (at_line & w_follows)]. split.
    + now apply (each_record_is_possible w w' past at_line l).
    + intros c ->. now apply no_step_is_a_claim in this.
  - destruct (what_is_named _ _ _ named) as [named_here named_before].
    destruct (IH named_before) as [is_followed all_good].
    split; [now apply each_claim_is_followed |]. apply one_more_line; [exact all_good |].
    destruct is_followed as [is_sound (at_line & w_follows)].
    destruct (an_answer_agrees w past at_line c named is_sound w_follows answered)
      as (is_possible & agrees_so & _).
    split; [exact is_possible |]. now intros c' [= <-].
Qed.

(** With the answer [c] replaced by [c']. *)
Lemma replaced_lines_are_good_but_one after before c c' w :
  incl (flat_map acting (after ++ Claims c :: before)) (replicas h) ->
  another compare_name c c' ->
  recording (after ++ Claims c :: before) w ->
  followed (after ++ Claims c' :: before) w
  /\ (forall broken,
       breaks compare_name compare_value null h before c' broken <-> broken = rule_of c)
  /\ each_line (after ++ Claims c' :: before) (fun earlier l =>
       possible h earlier l
       /\ ((l = Claims c' /\ earlier = before) \/ forall c0, l = Claims c0 -> agrees h earlier c0)).
Proof.
  intros named differs. revert w.
  induction after as [| first after IH]; intros w recorded; cbn [app] in *;
    destruct (what_is_named _ _ _ named) as [named_here named_before].
  - inversion recorded as [| past w0 l w' _ this | past w0 c0 before_recorded answered]; subst.
    + now apply no_step_is_a_claim in this.
    + destruct (recorded_lines_are_good before w named_before before_recorded)
        as [is_followed all_good].
      split; [now apply each_claim_is_followed |].
      destruct is_followed as [is_sound (at_line & w_follows)].
      destruct (an_answer_agrees w before at_line c named is_sound w_follows answered)
        as (_ & _ & replaced).
      destruct (replaced c' differs) as (is_possible & _ & breaks_so).
      split; [exact breaks_so |]. apply one_more_line.
      * intros later l earlier split_so.
        destruct (all_good later l earlier split_so) as [possible_so agrees_so].
        split; [exact possible_so | right; exact agrees_so].
      * split; [exact is_possible |]. left. now split.
  - assert (flat_map acting (after ++ Claims c' :: before)
      = flat_map acting (after ++ Claims c :: before)) as same_names.
    { rewrite !flat_map_app. cbn [flat_map]. now rewrite (another_asks_the_same c c' differs). }
    inversion recorded as [| past w0 l w' before_recorded this | past w0 c0 before_recorded answered];
      subst.
    + destruct (IH named_before _ before_recorded) as (is_followed & breaks_so & all_good).
      split; [now apply each_record_is_followed with w0 |]. split; [exact breaks_so |].
      destruct is_followed as [is_sound (at_line & w_follows)].
      apply one_more_line; [exact all_good |]. split.
      * now apply (each_record_is_possible w0 w _ at_line first).
      * right. intros c0 ->. now apply no_step_is_a_claim in this.
    + destruct (IH named_before _ before_recorded) as (is_followed & breaks_so & all_good).
      split; [now apply each_claim_is_followed |]. split; [exact breaks_so |].
      destruct is_followed as [is_sound (at_line & w_follows)].
      apply one_more_line; [exact all_good |].
      assert (incl (flat_map acting (Claims c0 :: after ++ Claims c' :: before)) (replicas h))
        as named_too by (cbn [flat_map] in named |- *; now rewrite same_names).
      destruct (an_answer_agrees w _ at_line c0 named_too is_sound w_follows answered)
        as (is_possible & agrees_so & _).
      split; [exact is_possible |]. right. now intros c1 [= <-].
Qed.
End A_file.

Lemma the_header_is_well_formed (past : list line) :
  well_formed_header compare_name (header_of compare_name types past) = true.
Proof.
  unfold well_formed_header. cbn [header_of replicas objects].
  now rewrite typed, (set_of_is_rising compare_name).
Qed.

Lemma who_acts_is_declared (past : list line) :
  incl (flat_map acting past) (replicas (header_of compare_name types past)).
Proof. intros r there. now apply (in_set_of compare_name). Qed.

Theorem a_recorded_run_conforms past w c :
  recording past w ->
  In (Claims c) past ->
  judge.verdict_of (judge.judge compare_name compare_value null (header_of compare_name types past)
    (rev past)) = judge.Conforms.
Proof.
  intros recorded there.
  destruct (recorded_lines_are_good (header_of compare_name types past) eq_refl past w
    (who_acts_is_declared past) recorded) as [_ all_good].
  pose proof (lines_in_the_order_of_the_file past _ all_good) as in_order.
  apply (judge_proof.a_trace_conforms_if_every_claim_agrees compare_name compare_value null).
  split; [apply the_header_is_well_formed |]. split; [| split].
  - intros before l after split_so.
    now destruct (in_order before l after split_so) as [is_possible _].
  - exists c. now apply in_rev in there.
  - intros before c0 after split_so.
    destruct (in_order before (Claims c0) after split_so) as [_ agrees_so]. now apply agrees_so.
Qed.

Theorem another_answer_is_found after before c c' w :
  recording (after ++ Claims c :: before) w ->
  another compare_name c c' ->
  let h := header_of compare_name types (after ++ Claims c :: before) in
  let report := judge.judge compare_name compare_value null h
    (rev (after ++ Claims c' :: before)) in
  judge.stopped_at report = None
  /\ forall p broken,
       In (p, broken) (judge.findings report) <-> p = number before /\ broken = rule_of c.
Proof.
  intros recorded differs h report.
  destruct (replaced_lines_are_good_but_one h eq_refl after before c c' w
    (who_acts_is_declared _) differs recorded) as (_ & exactly & all_good).
  assert (well_formed_header compare_name h = true) as is_well_formed
    by apply the_header_is_well_formed.
  pose proof (lines_in_the_order_of_the_file _ _ all_good) as in_order. cbn beta in in_order.
  assert (possible_lines compare_name h (rev (after ++ Claims c' :: before))) as all_possible.
  { intros before0 l after0 split_so.
    now destruct (in_order before0 l after0 split_so) as [is_possible _]. }
  split.
  - destruct (judge.stopped_at report) as [p |] eqn:stopped; [| reflexivity].
    apply (judge_proof.the_judge_stops_at_the_first_impossible_line compare_name compare_value null
      h _ p is_well_formed) in stopped.
    destruct stopped as (before0 & l & after0 & split_so & _ & _ & impossible).
    destruct impossible. now apply (all_possible before0 l after0).
  - intros p broken. unfold report.
    rewrite (judge_proof.the_judge_finds_exactly_the_false_claims compare_name compare_value null
      h _ p broken is_well_formed). split.
    + intros (before0 & c0 & after0 & split_so & -> & possible_so & breaks_so).
      destruct (in_order before0 (Claims c0) after0 split_so)
        as [_ [[same at_it] | agrees_so]].
      * injection same as ->. rewrite at_it in breaks_so |- *.
        split; [reflexivity | now apply exactly].
      * specialize (agrees_so c0 eq_refl).
        destruct (proj1 (judge_proof.a_claim_agrees_if_it_breaks_no_rule compare_name compare_value
          null h before0 c0 is_well_formed possible_so) agrees_so broken breaks_so).
    + intros [-> ->]. exists (rev before), c', (rev after).
      assert (rev (after ++ Claims c' :: before) = rev before ++ Claims c' :: rev after) as split_so
        by (rewrite rev_app_distr; cbn [rev]; now rewrite <- app_assoc).
      split; [exact split_so |]. rewrite rev_involutive. split; [reflexivity |]. split.
      * eapply judge_proof.lines_up_to_one_are_possible; [exact all_possible | exact split_so].
      * now apply exactly.
Qed.
End Recording.
