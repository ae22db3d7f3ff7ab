(** Lines and worlds of one run.

    What is shown: every run is recorded; and what a line of the file lists, events, messages and
    backups, is what the world has ([follows]), under the names that the file gives them.
    Definitions: [recording.v]. *)

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
Local Notation step := (network.step compare_name compare_value).
Local Notation reachable := (reachable compare_name compare_value types).
Local Notation sound := (sound compare_name compare_value types).
Local Notation records := (records compare_name compare_value label).
Local Notation recording := (recording compare_name compare_value null types label).
Local Notation of_object := (of_object compare_name).
Local Notation sees := (sees compare_name).
Local Notation made := (made compare_name).
Local Notation lists := (lists compare_name).
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
End Recording.
