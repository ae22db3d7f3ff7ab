(** The engines with an index of changes refine the reference: after every execution both hold
    the same and answer the same.

    Both are the state of the events that the replica has seen ([what_agrees]): the reference by
    what was proved of its types, the index by [indexed_decisions_meaning_proof.v]. *)

From Coq Require Import List Bool NArith Lia.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof delta.
From Rejoin Require Import definition definition_proof version_vector_meaning_proof.
From Rejoin Require Import network_proof.
From Rejoin Require Import indexed_decisions_proof indexed_decisions_meaning_proof.
From Rejoin Require version_vector decisions decisions_meaning_proof indexed_decisions.
From Rejoin Require lww_register or_set lww_map.
From Rejoin Require Import lww_register_meaning_proof or_set_meaning_proof lww_map_meaning_proof.
From Rejoin Require Import executions.
Import ListNotations.
Open Scope N_scope.

(** ** Any engine whose states mean the events seen *)

Section Refinement.
Context {Name K Effect Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_key : K -> K -> comparison) {lawful_keys : ordered compare_key}.
Context (compare_effect : Effect -> Effect -> comparison).
Context {lawful_effects : ordered compare_effect}.
Context (keeps_winner : bool).
Context (reading : operation Name Value -> option (K * (N * Effect))).
Context (readable_is_valid : forall op, reading op <> None -> valid op = true).
Local Notation event := (event Name Value).
Local Notation vector E := (version_vector.of_dots compare_name (map dot_of E)).
Local Notation covers := (version_vector.covers compare_name).
Local Notation union_events := (union_events compare_name).
Local Notation index :=
  (indexed compare_name compare_key compare_effect keeps_winner reading).
Local Notation represents :=
  (indexed_decisions.represents compare_name compare_key compare_effect keeps_winner reading).
Local Notation index_state := (indexed_decisions.state Name K Effect).
Local Notation index_message := (delta Name (indexed_decisions.part Name K Effect)).
Local Notation take_step := (take_step compare_name).
Local Notation run := (run compare_name).

(** The other engine, and the state of the events that were seen. *)
Context {Held Sent : Type}.
Context (reference : engine Name Value Held Sent) (meaning : list event -> Held).

Record means : Prop := {
  nothing_is_untouched : untouched reference = meaning [];
  unreadable_is_refused : forall o seq user op s,
    reading op = None ->
    perform reference o seq user op s = None;
  performing_adds : forall H E e,
    history compare_name H ->
    cut H E ->
    In e H ->
    saw_exactly compare_name e E ->
    reading (operation_of e) <> None ->
    perform reference (dot_origin (dot_of e)) (seq_of e) (user_of e) (operation_of e) (meaning E)
      = Some (meaning (e :: E));
  receiving_adds : forall H E F v,
    history compare_name H ->
    cut H E ->
    cut H F ->
    receive reference (send reference v (meaning E)) (meaning F)
      = if covers (vector F) v then Some (meaning (union_events E F)) else None;
  compacting_is_nothing : forall keep s, compact reference keep s = s
}.

Context (it_means : means).

(** Both are the state of the events [E]. *)
Definition hold_alike (H E : list event) (s : index_state) (x : Held) : Prop :=
  cut H E /\ represents E s /\ x = meaning E.

Definition sent_alike (H : list event) (m : index_message) (m' : Sent) : Prop :=
  exists v E s,
    cut H E /\ represents E s /\ m = send index v s /\ m' = send reference v (meaning E).

Definition saved_alike (H : list event) (b : Name * index_state) (b' : Name * Held)
    : Prop :=
  fst b = fst b' /\ exists E, hold_alike H E (snd b) (snd b').

(** Whatever happened, both engines have come to what it means. *)
Record what_agrees (H : list event) (seen : Name -> list event)
    (w : world index) (w' : world reference) : Prop := {
  it_is_a_history : history compare_name H;
  all_seen_happened : closed H;
  same_used : used w = used w';
  all_are_used : forall e, In e H -> In (dot_origin (dot_of e)) (used w);
  same_origins : forall name, fst (nodes w name) = fst (nodes w' name);
  origins_are_named : forall name, replica (fst (nodes w name)) = name;
  nodes_hold_alike : forall name,
    hold_alike H (seen name) (snd (nodes w name)) (snd (nodes w' name));
  own_is_seen : forall name e,
    In e H -> dot_origin (dot_of e) = fst (nodes w name) -> In e (seen name);
  messages_are_alike : Forall2 (sent_alike H) (sent w) (sent w');
  backups_are_alike : Forall2 (saved_alike H) (backups w) (backups w')
}.

Definition agree (w : world index) (w' : world reference) : Prop :=
  exists H seen, what_agrees H seen w w'.

Lemma they_start_alike : agree (start index) (start reference).
Proof using it_means.
  exists [], (fun _ => []). split; cbn; try easy; try now constructor.
  - split; easy || constructor.
  - intros name. split; [apply the_empty_cut | split].
    + apply bottom_has_seen_nothing.
    + apply it_means.
Qed.

Lemma related_lists_have_related_places {A B : Type} (R : A -> B -> Prop) a b n :
  Forall2 R a b ->
  match nth_error a n, nth_error b n with
  | Some x, Some y => R x y
  | None, None => True
  | _, _ => False
  end.
Proof.
  intros alike. revert n.
  induction alike as [| x y a b this _ IH]; intros [| n]; cbn; easy || apply IH.
Qed.

Lemma more_is_a_cut (H E : list event) e :
  cut H E ->
  cut (e :: H) E.
Proof. intros [past distinct complete]. split; auto. intros f there. right. auto. Qed.

Lemma still_hold_alike H E s x e :
  hold_alike H E s x ->
  hold_alike (e :: H) E s x.
Proof. intros (is_cut & rest). exact (conj (more_is_a_cut H E e is_cut) rest). Qed.

Lemma related_lists_stay_related {A B : Type} (R R' : A -> B -> Prop) a b :
  (forall x y, R x y -> R' x y) ->
  Forall2 R a b ->
  Forall2 R' a b.
Proof. intros more. induction 1; constructor; auto. Qed.

Lemma reading_nodes {S : Type} name other (n : origin Name * S) ns :
  executions.with_node compare_name name n ns other
  = if equal compare_name other name then n else ns other.
Proof. reflexivity. Qed.

(** A replica that holds other states, both of the same events. *)
Lemma holding_alike H seen (w : world index) (w' : world reference) name E s x :
  what_agrees H seen w w' ->
  hold_alike H E s x ->
  incl (seen name) E ->
  option_map (fun w => agree w) (holding compare_name name (Some s) w) <> None ->
  match holding compare_name name (Some s) w, holding compare_name name (Some x) w' with
  | Some w, Some w' => agree w w'
  | _, _ => False
  end.
Proof using lawful_names.
  intros [] alike more _. cbn [holding].
  exists H, (fun other => if equal compare_name other name then E else seen other).
  split; cbn [used nodes sent backups]; auto; intros other; rewrite ?reading_nodes;
    destruct (equal_is_equality compare_name other name) as [-> |]; cbn [fst snd]; auto.
Qed.

(** Sketch: where the operation is none of the type's, both refuse. Otherwise the event is that of one that
    saw exactly [E], so the history may go on by it, and [E] with it is a cut; the reference adds it
    to the meaning, and the index to what it represents. Other replicas, messages and backups are cuts
    of the longer history as well. Its origin has seen it, and it is nobody else's. *)
Lemma performing_alike H seen (w : world index) (w' : world reference) name seq user op :
  what_agrees H seen w w' ->
  match take_step index (Perform name seq user op) w,
    take_step reference (Perform name seq user op) w' with
  | Some w, Some w' => agree w w'
  | None, None => True
  | _, _ => False
  end.
Proof using it_means lawful_effects lawful_keys lawful_names readable_is_valid.
  intros agreed. pose proof agreed as [].
  cbn [executions.take_step].
  pose proof (same_origins0 name) as same_origin. pose proof (origins_are_named0 name) as named.
  pose proof (nodes_hold_alike0 name) as (is_cut & rep & means_it).
  pose proof (own_is_seen0 name) as own.
  destruct (nodes w name) as [o s] eqn:at_w, (nodes w' name) as [o' x] eqn:at_w'.
  cbn [fst snd] in *. subst o' x.
  cbn [executions.perform executions.indexed].
  destruct (reading op) as [[k [time effect]] |] eqn:read.
  2: { rewrite (unreadable_is_refused it_means) by exact read. exact I. }
  set (E := seen name) in *.
  set (e := Event name (version_vector.next compare_name o (vector E)) seq user op
    (sorted_map.set_of (compare_dot compare_name) (map dot_of E))).
  assert (valid op = true) as is_valid by (apply readable_is_valid; congruence).
  assert (history compare_name (e :: H)) as extended
    by now apply (a_new_event_extends_the_history compare_name H E) with (o := o).
  assert (closed (e :: H)) as still_complete
    by now apply (a_new_event_leaves_all_seen compare_name H E).
  assert (saw_exactly compare_name e E) as saw_it
    by now apply (a_new_event_saw_exactly_the_cut compare_name E).
  pose proof (more_is_a_cut H E e is_cut) as cut_here.
  assert (cut (e :: H) (e :: E)) as cut_more.
  { destruct is_cut as [past distinct closed_e]. split.
    - intros f [<- | there]; [now left | right; now apply past].
    - constructor; [| exact distinct]. intros there. apply past in there.
      pose proof (events_are_distinct _ _ extended) as new. inversion new. contradiction.
    - intros f d [<- | there] seen_d.
      + destruct saw_it as [_ listed]. apply listed, in_map_iff in seen_d as (g & same & g_in).
        exists g. split; [now right | exact same].
      + destruct (closed_e f d there seen_d) as (g & g_in & same).
        exists g. split; [now right | exact same]. }
  rewrite (it_has_seen_its_events compare_name compare_key compare_effect keeps_winner reading
    E s rep).
  pose proof (performing_adds it_means (e :: H) E e extended cut_here (or_introl eq_refl) saw_it)
    as performed.
  cbn [operation_of dot_of seq_of user_of dot_origin version_vector.next e] in performed.
  rewrite performed by congruence.
  cbn [holding fst snd nodes used sent backups]. rewrite at_w, at_w'. cbn [fst].
  exists (e :: H), (fun other => if equal compare_name other name then e :: E else seen other).
  split; cbn [used nodes sent backups]; auto.
  - now f_equal.
  - intros f [<- | there]; [now left | right; auto].
  - intros other. rewrite !reading_nodes.
    now destruct (equal_is_equality compare_name other name).
  - intros other. rewrite !reading_nodes.
    now destruct (equal_is_equality compare_name other name) as [-> |].
  - intros other. rewrite !reading_nodes.
    destruct (equal_is_equality compare_name other name) as [-> |]; [| now apply still_hold_alike].
    cbn [snd]. split; [exact cut_more | split; [| reflexivity]].
    pose proof (deciding_adds_the_event_to_the_index compare_name compare_key compare_effect
      keeps_winner reading (e :: H) extended E e k time effect s cut_here (or_introl eq_refl)
      saw_it read rep) as decided.
    unfold decisions.next in decided.
    cbn [operation_of dot_of seq_of user_of dot_origin version_vector.next e
      decisions.seen indexed_decisions.decisions_of] in decided.
    now rewrite (it_has_seen_its_events compare_name compare_key compare_effect keeps_winner
      reading E s rep) in decided.
  - intros other f. rewrite reading_nodes.
    destruct (equal_is_equality compare_name other name) as [-> | different]; cbn [fst].
    + intros [<- | there] by_it; [now left | right; auto].
    + intros [<- | there] by_it; [exfalso | now apply own_is_seen0].
      apply different. rewrite <- (origins_are_named0 other), <- by_it. exact named.
  - revert messages_are_alike0. apply related_lists_stay_related.
    intros m m' (v & E' & s' & cut' & rest). exists v, E', s'.
    exact (conj (more_is_a_cut H E' e cut') rest).
  - revert backups_are_alike0. apply related_lists_stay_related.
    intros b b' (same & E' & alike).
    exact (conj same (ex_intro _ E' (still_hold_alike _ _ _ _ e alike))).
Qed.

(** Sketch: a step at a time. What is sent or saved is the same cut on both sides. What is received is
    looked up at the same place of two related lists; both accept it exactly if the vector covers
    that of the delta, and then both have the union of two cuts. A backup is of one cut too; as no
    event has its fresh origin, that has seen all its own. Compaction keeps what is represented. *)
Lemma steps_are_taken_alike (w : world index) (w' : world reference) st :
  agree w w' ->
  match take_step index st w, take_step reference st w' with
  | Some w, Some w' => agree w w'
  | None, None => True
  | _, _ => False
  end.
Proof using it_means lawful_effects lawful_keys lawful_names readable_is_valid.
  intros (H & seen & agreed).
  destruct st as [name seq user op | name since | name number | name | name number fresh
    | name keep].
  - now apply (performing_alike H seen).
  - cbn [executions.take_step]. destruct agreed. exists H, seen.
    split; cbn [used nodes sent backups]; auto.
    apply Forall2_app; [assumption |]. constructor; [| constructor].
    destruct (nodes_hold_alike0 name) as (is_cut & rep & ->).
    exists since, (seen name), (snd (nodes w name)). auto.
  - cbn [executions.take_step].
    pose proof (related_lists_have_related_places _ _ _ number (messages_are_alike _ _ _ _ agreed))
      as this.
    destruct (nth_error (sent w) number) as [m |], (nth_error (sent w') number) as [m' |];
      try easy.
    destruct this as (v & E & s & cut_e & rep_e & -> & ->).
    destruct (nodes_hold_alike _ _ _ _ agreed name) as (cut_f & rep_f & means_it).
    rewrite means_it, (receiving_adds it_means H) by (assumption || apply agreed).
    cbn [executions.receive executions.send executions.indexed].
    rewrite (a_delta_is_received_as_it_was_sent compare_name compare_key compare_effect
      keeps_winner reading H (it_is_a_history _ _ _ _ agreed) E (seen name)) by assumption.
    rewrite (it_has_seen_its_events compare_name compare_key compare_effect keeps_winner reading
      (seen name) (snd (nodes w name)) rep_f).
    destruct (covers (vector (seen name)) v) eqn:covered; [| exact I].
    apply (holding_alike H seen w w' name (union_events E (seen name))); [exact agreed | | | easy].
    + split; [| split; [| reflexivity]].
      * apply (the_union_of_cuts_is_a_cut compare_name H); auto. apply agreed.
      * apply (taking_the_changes_adds_the_events compare_name compare_key compare_effect
          keeps_winner reading H); auto; [apply agreed |].
        now rewrite (it_has_seen_its_events compare_name compare_key compare_effect keeps_winner
          reading (seen name) _ rep_f).
    + intros f there.
      apply (a_union_has_the_events_of_both compare_name H (it_is_a_history _ _ _ _ agreed));
        [apply (cut_happened _ _ cut_e) | apply (cut_happened _ _ cut_f) | now right].
  - cbn [executions.take_step]. destruct agreed. exists H, seen.
    split; cbn [used nodes sent backups]; auto.
    apply Forall2_app; [assumption |]. constructor; [| constructor].
    split; [reflexivity |]. exists (seen name). apply nodes_hold_alike0.
  - cbn [executions.take_step].
    pose proof (related_lists_have_related_places _ _ _ number (backups_are_alike _ _ _ _ agreed))
      as this.
    destruct (nth_error (backups w) number) as [[of s] |],
      (nth_error (backups w') number) as [[of' x] |]; try easy.
    destruct this as (same & E & alike). cbn [fst snd] in *. subst of'.
    rewrite <- (same_used _ _ _ _ agreed).
    destruct (equal_is_equality compare_name of name) as [-> |]; [| exact I].
    destruct (existsb _ (used w)) eqn:is_used; [exact I |]. cbn [andb negb].
    destruct agreed.
    exists H, (fun other => if equal compare_name other name then E else seen other).
    split; cbn [used nodes sent backups]; auto; intros other; rewrite ?reading_nodes;
      destruct (equal_is_equality compare_name other name) as [-> |]; cbn [fst snd]; auto.
    intros e there by_it. exfalso.
    apply all_are_used0 in there. rewrite by_it in there.
    enough (false = true) by easy. rewrite <- is_used. apply existsb_exists.
    exists (Origin name fresh). split; [exact there |].
    apply (equal_to_itself (compare_origin compare_name)).
  - cbn [executions.take_step]. rewrite (compacting_is_nothing it_means).
    destruct (nodes_hold_alike _ _ _ _ agreed name) as (is_cut & rep & means_it).
    apply (holding_alike H seen w w' name (seen name)); [exact agreed | | easy | easy].
    split; [exact is_cut | split; [| exact means_it]].
    now apply compacting_keeps_the_events.
Qed.

Theorem executions_run_alike sts (w : world index) (w' : world reference) :
  agree w w' ->
  match run index sts w, run reference sts w' with
  | Some w, Some w' => agree w w'
  | None, None => True
  | _, _ => False
  end.
Proof using it_means lawful_effects lawful_keys lawful_names readable_is_valid.
  revert w w'. induction sts as [| st sts IH]; intros w w' agreed; [exact agreed |].
  cbn [executions.run]. pose proof (steps_are_taken_alike w w' st agreed) as this.
  destruct (take_step index st w) as [v |], (take_step reference st w') as [v' |]; try easy.
  now apply IH.
Qed.

(** Queries that agree on every cut agree after every execution. *)
Theorem queries_agree_after_every_execution {A : Type}
    (query : index_state -> A) (query' : Held -> A) sts name :
  (forall E s, represents E s -> query s = query' (meaning E)) ->
  after compare_name index sts name query = after compare_name reference sts name query'.
Proof using it_means lawful_effects lawful_keys lawful_names readable_is_valid.
  intros same. unfold after.
  pose proof (executions_run_alike sts _ _ they_start_alike) as alike.
  destruct (run index sts (start index)) as [w |],
    (run reference sts (start reference)) as [w' |]; try easy.
  destruct alike as (H & seen & agreed). cbn [option_map]. f_equal.
  destruct (nodes_hold_alike _ _ _ _ agreed name) as (_ & rep & ->). now apply same.
Qed.

Lemma what_is_refused_has_a_gap sts name number (w : world index) m :
  run index sts (start index) = Some w ->
  nth_error (sent w) number = Some m ->
  take_step index (Receive name number) w = None <->
  accepts compare_name (indexed_decisions.seen (snd (nodes w name))) m = false.
Proof using it_means lawful_effects lawful_keys lawful_names readable_is_valid.
  intros ran found.
  pose proof (executions_run_alike sts _ _ they_start_alike) as alike. rewrite ran in alike.
  destruct (run reference sts (start reference)) as [w' |]; [| easy].
  destruct alike as (H & seen & agreed).
  pose proof (related_lists_have_related_places _ _ _ number (messages_are_alike _ _ _ _ agreed))
    as this.
  cbn [executions.take_step]. rewrite found in *.
  destruct (nth_error (sent w') number) as [m' |]; [| easy].
  destruct this as (v & E & s & cut_e & rep_e & -> & _).
  destruct (nodes_hold_alike _ _ _ _ agreed name) as (cut_f & rep_f & _).
  cbn [executions.receive executions.send executions.indexed].
  rewrite (a_delta_is_received_as_it_was_sent compare_name compare_key compare_effect
    keeps_winner reading H (it_is_a_history _ _ _ _ agreed) E (seen name)) by assumption.
  unfold accepts. cbn [since indexed_decisions.delta_since].
  now destruct (covers _ v).
Qed.
End Refinement.

(** ** The store itself *)

Section Store.
Context {Name K Effect Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_key : K -> K -> comparison) {lawful_keys : ordered compare_key}.
Context (compare_effect : Effect -> Effect -> comparison).
Context {lawful_effects : ordered compare_effect}.
Context (keeps_winner : bool).
Context (reading : operation Name Value -> option (K * (N * Effect))).
Context (readable_is_valid : forall op, reading op <> None -> valid op = true).
Local Notation index :=
  (indexed compare_name compare_key compare_effect keeps_winner reading).

(** The engine that [decisions.v] makes. *)
Definition store :=
  with_parts compare_name decisions.bottom
    (fun o seq user op s =>
      match reading op with
      | Some (k, (time, effect)) => Some (decisions.decide compare_name compare_key k
          (decisions.next compare_name o seq time user effect s) s)
      | None => None
      end)
    decisions.seen (decisions.part_since compare_name)
    (decisions.take_part compare_name compare_key compare_effect).

Lemma stores_mean :
  means compare_name reading store
    (decisions.meaning compare_name compare_key compare_effect reading).
Proof using lawful_effects lawful_keys lawful_names.
  split.
  - reflexivity.
  - intros o seq user op s read. cbn. now rewrite read.
  - intros H E e happened is_cut e_in saw_it read. cbn [perform store with_parts].
    destruct (reading (operation_of e)) as [[k [time effect]] |] eqn:read_e; [| easy]. f_equal.
    now apply (decisions_meaning_proof.deciding_adds_the_event
      compare_name compare_key compare_effect reading H).
  - intros H E F v happened cut_e cut_f. cbn [receive send store with_parts].
    unfold accepts. cbn [since part].
    change (decisions.seen (decisions.meaning compare_name compare_key compare_effect reading F))
      with (version_vector.of_dots compare_name (map dot_of F)).
    destruct (version_vector.covers _ _ _) eqn:covered; [| reflexivity]. f_equal.
    now apply (decisions_meaning_proof.taking_a_delta_adds_the_events
      compare_name compare_key compare_effect reading H).
  - reflexivity.
Qed.

(** Nothing that can be sent is ever refused for a name. *)
Theorem only_a_gap_is_refused sts name number (w : world index) m :
  run compare_name index sts (start index) = Some w ->
  nth_error (sent w) number = Some m ->
  take_step compare_name index (Receive name number) w = None <->
  accepts compare_name (indexed_decisions.seen (snd (nodes w name))) m = false.
Proof using lawful_effects lawful_keys lawful_names readable_is_valid.
  apply (what_is_refused_has_a_gap compare_name compare_key compare_effect keeps_winner reading
    readable_is_valid store _ stores_mean).
Qed.
End Store.

(** ** The types *)

Section Types.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Context (null : Value).
Local Notation event := (event Name Value).

Lemma registers_mean :
  means (Value := Value) compare_name register_reading
    (reference_register compare_name compare_value)
    (lww_register.meaning compare_name compare_value).
Proof using lawful_names lawful_values.
  split.
  - reflexivity.
  - intros o seq user op s. now destruct op.
  - intros H E e happened is_cut e_in saw_it. cbn.
    destruct (operation_of e) eqn:op; try easy. intros _. f_equal.
    now apply (writing_adds_the_event compare_name compare_value H).
  - intros H E F v happened cut_e cut_f. unfold reference_register, with_parts.
    cbn [executions.receive executions.send]. unfold accepts. cbn [since part].
    change (lww_register.seen (lww_register.meaning compare_name compare_value F))
      with (version_vector.of_dots compare_name (map dot_of F)).
    destruct (version_vector.covers _ _ _) eqn:covered; [| reflexivity]. f_equal.
    now apply (taking_a_delta_of_a_register_adds_its_events compare_name compare_value H).
  - reflexivity.
Qed.

Lemma sets_mean :
  means (Value := Value) compare_name set_reading (reference_set compare_name)
    (or_set.meaning compare_name).
Proof using lawful_names.
  split.
  - reflexivity.
  - intros o seq user op s. now destruct op.
  - intros H E e happened is_cut e_in saw_it. cbn.
    destruct (operation_of e) eqn:op; try easy; intros _; f_equal.
    + now apply (adding_adds_the_event compare_name H).
    + now apply (removing_adds_the_event compare_name H).
  - intros H E F v happened cut_e cut_f. unfold reference_set, with_parts.
    cbn [executions.receive executions.send]. unfold accepts. cbn [since part].
    change (or_set.seen (or_set.meaning compare_name F))
      with (version_vector.of_dots compare_name (map dot_of F)).
    destruct (version_vector.covers _ _ _) eqn:covered; [| reflexivity]. f_equal.
    now apply (taking_a_delta_of_a_set_adds_its_events compare_name H).
  - reflexivity.
Qed.

Lemma maps_mean :
  means (Value := Value) compare_name map_reading (reference_map compare_name compare_value)
    (lww_map.meaning compare_name compare_value).
Proof using lawful_names lawful_values.
  split.
  - reflexivity.
  - intros o seq user op s. now destruct op.
  - intros H E e happened is_cut e_in saw_it. cbn.
    destruct (operation_of e) eqn:op; try easy. intros _. f_equal.
    now apply (putting_adds_the_event compare_name compare_value H).
  - intros H E F v happened cut_e cut_f. unfold reference_map, with_parts.
    cbn [executions.receive executions.send]. unfold accepts. cbn [since part].
    change (lww_map.seen (lww_map.meaning compare_name compare_value F))
      with (version_vector.of_dots compare_name (map dot_of F)).
    destruct (version_vector.covers _ _ _) eqn:covered; [| reflexivity]. f_equal.
    now apply (taking_a_delta_of_a_map_adds_its_events compare_name compare_value H).
  - reflexivity.
Qed.
(** *** Registers *)

Local Notation register_represents :=
  (indexed_decisions.represents (Value := Value) compare_name compare_unit compare_value true
    register_reading).

Lemma the_register_of_events E s :
  register_represents E s ->
  register_of compare_name compare_value s = lww_register.meaning compare_name compare_value E.
Proof using lawful_names lawful_values.
  intros rep. unfold register_of, lww_register.meaning.
  rewrite (indexed_decisions.it_keeps_the_store _ _ _ _ _ _ _ rep). f_equal.
  rewrite (indexed_decisions.it_keeps_the_winners _ _ _ _ _ _ _ rep eq_refl).
  symmetry. now apply the_winner_is_the_greatest_decision.
Qed.

Lemma a_register_is_read_of_its_record E s :
  register_represents E s ->
  register_value compare_name compare_value null s
  = lww_register.value null (register_of compare_name compare_value s).
Proof using lawful_names lawful_values.
  intros rep. unfold register_value, register_current, indexed_decisions.content_at,
    lww_register.value, register_of. cbn [lww_register.winner].
  now rewrite (the_winner_is_that_of_the_record compare_name compare_unit compare_value true)
    by apply rep.
Qed.

Theorem indexed_registers_refine_the_reference sts name :
  let engine := indexed_register compare_name compare_value in
  let reference := reference_register compare_name compare_value in
  after compare_name engine sts name (register_of compare_name compare_value)
    = after compare_name reference sts name (fun s => s)
  /\ after compare_name engine sts name (register_value compare_name compare_value null)
    = after compare_name reference sts name (lww_register.value null)
  /\ after compare_name engine sts name (register_merge_decisions compare_name compare_value null)
    = after compare_name reference sts name
        (lww_register.merge_decisions compare_name compare_value null)
  /\ forall user,
      after compare_name engine sts name (register_notices compare_name compare_value null user)
      = after compare_name reference sts name
          (lww_register.notices compare_name compare_value null user).
Proof using lawful_names lawful_values.
  cbn zeta.
  assert (forall op : operation Name Value, register_reading op <> None -> valid op = true)
    as readable by now intros [].
  assert (forall E s, register_represents E s ->
    forall k, register_current compare_name compare_value null s k
      = lww_register.current null (lww_register.meaning compare_name compare_value E) k) as current.
  { intros E s rep []. rewrite <- (the_register_of_events E s rep).
    now apply (a_register_is_read_of_its_record E). }
  split; [| split; [| split; [| intros user]]];
    (apply (queries_agree_after_every_execution compare_name compare_unit compare_value true
      register_reading readable _ _ registers_mean); intros E s rep).
  - now apply the_register_of_events.
  - rewrite <- (the_register_of_events E s rep). now apply (a_register_is_read_of_its_record E).
  - unfold register_merge_decisions. rewrite merge_decisions_are_read_of_the_records.
    unfold lww_register.merge_decisions.
    rewrite (indexed_decisions.it_keeps_the_store _ _ _ _ _ _ _ rep).
    apply flat_map_ext. intros [k ds]. unfold decisions.open_decision.
    now rewrite (current E s rep k).
  - unfold register_notices. rewrite notices_are_read_of_the_records.
    unfold lww_register.notices.
    rewrite (indexed_decisions.it_keeps_the_store _ _ _ _ _ _ _ rep).
    apply flat_map_ext. intros [k ds]. cbn [fst snd].
    now rewrite (current E s rep k).
Qed.

(** *** Sets *)

Local Notation set_represents :=
  (indexed_decisions.represents (Value := Value) compare_name compare_name compare_presence false
    set_reading).

Theorem indexed_sets_refine_the_reference sts name :
  let engine := indexed_set (Value := Value) compare_name in
  let reference := reference_set (Value := Value) compare_name in
  after compare_name engine sts name set_of = after compare_name reference sts name (fun s => s)
  /\ after compare_name engine sts name set_value
    = after compare_name reference sts name or_set.value
  /\ after compare_name engine sts name (set_merge_decisions compare_name)
    = after compare_name reference sts name (or_set.merge_decisions compare_name)
  /\ forall user,
      after compare_name engine sts name (set_notices compare_name user)
      = after compare_name reference sts name (or_set.notices compare_name user).
Proof using lawful_names.
  cbn zeta.
  assert (forall op : operation Name Value, set_reading op <> None -> valid op = true)
    as readable by now intros [].
  assert (forall E s, set_represents E s ->
    set_of s = or_set.meaning compare_name E) as same
    by (intros E s rep; exact (indexed_decisions.it_keeps_the_store _ _ _ _ _ _ _ rep)).
  assert (forall E s, set_represents E s ->
    forall x, set_current compare_name s x
      = or_set.current compare_name (or_set.meaning compare_name E) x) as current.
  { intros E s rep x. unfold set_current, or_set.current, or_set.contains.
    rewrite <- (same E s rep). unfold set_of.
    now rewrite (the_frontier_is_that_of_the_record compare_name compare_name compare_presence
      false) by apply rep. }
  split; [| split; [| split; [| intros user]]];
    (apply (queries_agree_after_every_execution compare_name compare_name compare_presence false
      set_reading readable _ _ sets_mean); intros E s rep).
  - now apply same.
  - rewrite <- (same E s rep). apply keys_are_read_of_the_records.
  - unfold set_merge_decisions. rewrite merge_decisions_are_read_of_the_records.
    unfold or_set.merge_decisions. rewrite <- (same E s rep) at 1 2.
    apply flat_map_ext. intros [k ds]. unfold decisions.open_decision.
    rewrite (current E s rep k). now rewrite (same E s rep).
  - unfold set_notices. rewrite notices_are_read_of_the_records.
    unfold or_set.notices.
    change (indexed_decisions.decisions_of s) with (set_of s). rewrite (same E s rep).
    apply flat_map_ext. intros [k ds]. cbn [fst snd].
    now rewrite (current E s rep k).
Qed.

(** *** Maps *)

Local Notation map_represents :=
  (indexed_decisions.represents (Value := Value) compare_name compare_name compare_value true
    map_reading).

Lemma the_map_of_events E s :
  map_represents E s ->
  map_of compare_name compare_value s = lww_map.meaning compare_name compare_value E.
Proof using lawful_names lawful_values.
  intros rep. unfold map_of, lww_map.meaning.
  rewrite (indexed_decisions.it_keeps_the_store _ _ _ _ _ _ _ rep). f_equal.
  apply (equal_winners_make_equal_maps compare_name compare_value).
  - apply (winners_are_sorted compare_name compare_name compare_value).
    apply (indexed_decisions.it_is_sound _ _ _ _ _ _ _ rep).
  - exact (indexed_decisions.it_keeps_the_winners _ _ _ _ _ _ _ rep eq_refl).
Qed.

Theorem indexed_maps_refine_the_reference sts name :
  let engine := indexed_map compare_name compare_value in
  let reference := reference_map compare_name compare_value in
  after compare_name engine sts name (map_of compare_name compare_value)
    = after compare_name reference sts name (fun s => s)
  /\ after compare_name engine sts name (map_value compare_name compare_value null)
    = after compare_name reference sts name (lww_map.value compare_value null)
  /\ after compare_name engine sts name (map_merge_decisions compare_name compare_value null)
    = after compare_name reference sts name
        (lww_map.merge_decisions compare_name compare_value null)
  /\ forall user,
      after compare_name engine sts name (map_notices compare_name compare_value null user)
      = after compare_name reference sts name
          (lww_map.notices compare_name compare_value null user).
Proof using lawful_names lawful_values.
  cbn zeta.
  assert (forall op : operation Name Value, map_reading op <> None -> valid op = true)
    as readable by now intros [].
  assert (forall E s, map_represents E s ->
    forall k, map_current compare_name compare_value null s k
      = lww_map.get compare_name null (lww_map.meaning compare_name compare_value E) k) as current.
  { intros E s rep k. rewrite <- (the_map_of_events E s rep).
    unfold map_current, indexed_decisions.content_at, lww_map.get, map_of.
    cbn [lww_map.winners].
    now rewrite (the_winner_is_that_of_the_record compare_name compare_name compare_value true)
      by apply rep. }
  split; [| split; [| split; [| intros user]]];
    (apply (queries_agree_after_every_execution compare_name compare_name compare_value true
      map_reading readable _ _ maps_mean); intros E s rep).
  - now apply the_map_of_events.
  - rewrite <- (the_map_of_events E s rep). unfold map_value, lww_map.value.
    now rewrite contents_are_read_of_the_records.
  - unfold map_merge_decisions. rewrite merge_decisions_are_read_of_the_records.
    unfold lww_map.merge_decisions.
    rewrite (indexed_decisions.it_keeps_the_store _ _ _ _ _ _ _ rep).
    apply flat_map_ext. intros [k ds]. unfold decisions.open_decision.
    now rewrite (current E s rep k).
  - unfold map_notices. rewrite notices_are_read_of_the_records.
    unfold lww_map.notices.
    rewrite (indexed_decisions.it_keeps_the_store _ _ _ _ _ _ _ rep).
    apply flat_map_ext. intros [k ds]. cbn [fst snd].
    now rewrite (current E s rep k).
Qed.
End Types.
