(** What the judge keeps while it reads a trace is what the lines so far mean.

    What is shown: events, what each replica has seen, messages and snapshots are kept as the lines
    say ([models]), line by line. Definitions: [judge.v], [trace.v]. *)

From Coq Require Import List Bool NArith BinInt Permutation Lia.
From Rejoin Require Import order sorted_map dot definition trace judge.
From Rejoin Require Import order_proof sorted_map_proof dot_proof trace_proof.
From Rejoin Require Import judge_answers_proof.
Import ListNotations.
Open Scope N_scope.

Section Judge.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_name : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_value : ordered compare_value}.
Context (null : Value).
Local Notation event := (event Name Value).
Local Notation line := (line Name Value).
Local Notation state := (state (Name := Name) (Value := Value)).
Local Notation find := (find compare_name).
Local Notation find_place := (sorted_map.find N.compare).
Local Notation made := (made compare_name).
Local Notation lists := (lists compare_name).
Local Notation shows := (shows compare_name compare_value null).
Local Notation step := (step compare_name compare_value null).
Local Notation possible := (possible compare_name).
Local Notation seen_by := (seen_by compare_name).
Local Notation held := (held compare_name).
Local Notation within := (within compare_name).
Local Notation events_of := (events_of compare_name).
Local Notation events_on := (events_on compare_name).
Local Notation value_at := (value_at compare_name compare_value null).
Implicit Types past before : list line.
Implicit Types h : header Name.
Implicit Types s : state.

(** ** What the judge keeps *)

(** [p] is one of the numbers that are kept for what [meant] says. *)
Definition keep (ps : list N) (meant : N -> Prop) : Prop :=
  rising N.compare ps = true /\ forall p, In p ps <-> meant p.

Definition backup (b : Name) (s : state) : list N :=
  or_empty (option_map snd (find b (snapshots s))).

Definition knows_events past s : Prop :=
  next s = number past /\
  sorted N.compare (events s) = true /\
  (forall p e, find_place p (events s) = Some e <-> made past p e) /\
  (forall p r o, operates past p r o -> exists e, made past p e).

Definition knows_ids past s : Prop :=
  sorted compare_name (ids s) = true /\
  forall i p, find i (ids s) = Some p <-> named past i p.

Definition knows_seen past s : Prop :=
  sorted compare_name (seen s) = true /\
  forall r, keep (seen_by r s) (has_seen past r).

Definition knows_messages past s : Prop :=
  sorted compare_name (messages s) = true /\
  (forall m, find m (messages s) <> None <-> was_sent past m) /\
  forall m, keep (held m s) (holds past m).

Definition knows_snapshots past s : Prop :=
  sorted compare_name (snapshots s) = true /\
  (forall b r, (exists ps, find b (snapshots s) = Some (r, ps)) <-> In (Saves r b) past) /\
  forall b, keep (backup b s) (keeps past b).

Record models past s : Prop := {
  models_events : knows_events past s;
  models_ids : knows_ids past s;
  models_seen : knows_seen past s;
  models_messages : knows_messages past s;
  models_snapshots : knows_snapshots past s
}.

Lemma the_start_models_nothing : models [] start.
Proof.
  split; repeat split; cbn; try easy.
  - now intros (r & what & []).
  - now intros (ps & [=]).
Qed.

(** *** What is computed from it *)

Lemma one_of_means_in names x : one_of compare_name names x = true <-> In x names.
Proof.
  unfold one_of. rewrite existsb_exists. split.
  - intros (y & y_in & same). apply (equal_means_equal _) in same. now subst.
  - intros x_in. exists x. split; [exact x_in | now apply (equal_means_equal _)].
Qed.

Lemma within_keeps_what_is_about past s names ps meant :
  models past s ->
  keep ps meant ->
  keep (within names ps s) (fun p => meant p /\ about past names p).
Proof.
  intros [(_ & _ & all_made & all_exist) _ _ _ _] [rises all].
  destruct names as [names |]; cbn; [| split; [exact rises | intros p; rewrite all; tauto]].
  split; [apply filter_is_rising; [exact _ | exact rises] |]. intros p. rewrite filter_In, all.
  apply and_iff_compat_l. split.
  - destruct (find_place p (events s)) as [e |] eqn:found; [| easy].
    intros listed. apply one_of_means_in in listed.
    apply all_made, what_is_made_is_an_operation in found as [there _]. eauto.
  - intros (r & o & listed & there).
    destruct (all_exist p r o there) as [e is_made].
    pose proof (what_is_made_is_an_operation _ _ _ _ is_made) as [there' _].
    apply all_made in is_made. rewrite is_made.
    destruct (an_operation_has_one_replica_and_object _ _ _ _ _ _ there there') as [_ ->].
    now apply one_of_means_in.
Qed.

Lemma events_of_what_was_seen past s r e :
  models past s ->
  In e (events_of r s) <-> exists p, has_seen past r p /\ made past p e.
Proof.
  intros [(_ & sorts & all_made & _) _ [_ all_seen] _ _]. destruct (all_seen r) as [rises all].
  unfold judge.events_of. rewrite in_map_iff. split.
  - intros ([p e'] & [= ->] & found). apply filter_In in found as [found here]. exists p.
    rewrite <- all_made, <- all, (found_means_in N.compare) by assumption.
    split; [| exact found]. now apply (member_means_in N.compare) in here.
  - intros (p & is_seen & is_made). exists (p, e). split; [reflexivity |].
    rewrite <- all_made, (found_means_in N.compare) in is_made by assumption.
    apply filter_In. split; [exact is_made |].
    apply (member_means_in N.compare); [assumption |]. now apply all.
Qed.

Definition place_of (e : event) : N := counter (dot_of e).

Lemma made_at_its_place past p e : made past p e -> place_of e = p.
Proof.
  intros is_made. apply what_is_made_is_an_operation in is_made as [_ same].
  unfold place_of. now rewrite same.
Qed.

Lemma places_are_distinct past s r :
  models past s ->
  NoDup (map place_of (events_of r s)).
Proof.
  intros [(_ & sorts & all_made & _) _ _ _ _].
  unfold judge.events_of. rewrite map_map.
  rewrite (map_ext_in _ fst).
  - apply (rising_lists_have_no_repeats N.compare), (filter_is_sorted N.compare). exact sorts.
  - intros [p e] found. apply filter_In in found as [found _].
    apply (found_means_in N.compare) in found; [| assumption].
    apply all_made in found. now apply (made_at_its_place past).
Qed.

Lemma of_object_means_its_object (o : Name) (E : list event) e :
  In e (of_object compare_name o E) <-> In e E /\ object_of e = o.
Proof. unfold of_object. now rewrite filter_In, (equal_means_equal _). Qed.

Lemma events_on_list_what_was_seen past s r object :
  models past s ->
  lists past r object (events_on object r s).
Proof.
  intros is_model. split.
  - assert (NoDup (events_of r s)).
    { eapply NoDup_map_inv, places_are_distinct. exact is_model. }
    destruct object; [now apply NoDup_filter | assumption].
  - intros e. rewrite <- (events_of_what_was_seen past s r e is_model). destruct object; cbn.
    + rewrite of_object_means_its_object. apply and_iff_compat_l.
      split; [congruence | intros on_object; now apply on_object].
    + split; [intros is_seen; split; [exact is_seen | easy] | now intros []].
Qed.

Lemma what_is_shown past s r o type a :
  models past s ->
  shows past r o type a <-> a = value_at r o type s.
Proof.
  intros is_model. pose proof (events_on_list_what_was_seen past s r (Some o) is_model) as listed.
  split.
  - intros is_shown. eapply (an_object_shows_one_value compare_name compare_value);
      [exact is_shown |]. now exists (events_on (Some o) r s).
  - intros ->. now exists (events_on (Some o) r s).
Qed.

(** *** What a line does *)

Lemma the_event_is_right past s r o op user :
  models past s ->
  is_event compare_name past r o op user (event_of compare_name r o op user s).
Proof.
  intros is_model. pose proof is_model as [(at_number & _ & all_made & all_exist) _ _ _ _].
  split; cbn; try reflexivity.
  - now rewrite at_number.
  - apply set_of_is_rising. exact _.
  - intros d. rewrite (in_set_of (compare_dot compare_name)), in_map_iff. split.
    + intros (e & <- & on_o). apply of_object_means_its_object in on_o as [is_seen <-].
      apply (events_of_what_was_seen past) in is_seen as (p & is_seen & is_made);
        [| assumption].
      apply what_is_made_is_an_operation in is_made as [there same].
      now exists (replica_of e), p.
    + intros (r' & p & -> & is_seen & there). destruct (all_exist p r' o there) as [e is_made].
      pose proof (what_is_made_is_an_operation _ _ _ _ is_made) as [there' same].
      destruct (an_operation_has_one_replica_and_object _ _ _ _ _ _ there there') as [-> on_o].
      exists e. split; [exact same |]. apply of_object_means_its_object.
      split; [| now symmetry]. apply (events_of_what_was_seen past); [assumption |]. eauto.
  - set (own := filter (fun e => equal compare_name (replica_of e) r) (events_of r s)).
    exists (map place_of own). split; [| split; [| now rewrite map_length]].
    + pose proof (places_are_distinct past s r is_model) as distinct_places.
      unfold own. clear - distinct_places.
      induction (events_of r s) as [| e E IH]; cbn; [constructor |].
      apply NoDup_cons_iff in distinct_places as [fresh distinct_places].
      destruct (equal compare_name (replica_of e) r); [| now apply IH].
      constructor; [| now apply IH]. intros found. apply fresh.
      apply in_map_iff in found as (f & <- & found). apply filter_In in found as [found _].
      now apply in_map.
    + intros p. rewrite in_map_iff. unfold own. split.
      * intros (e & <- & found). apply filter_In in found as [is_seen same].
        apply (equal_means_equal _) in same.
        apply (events_of_what_was_seen past) in is_seen as (p & is_seen & is_made);
          [| assumption].
        rewrite (made_at_its_place _ _ _ is_made).
        apply what_is_made_is_an_operation in is_made as [there _]. rewrite same in there. eauto.
      * intros (is_seen & o' & there). destruct (all_exist p r o' there) as [e is_made].
        exists e. split; [now apply (made_at_its_place past) |]. apply filter_In.
        split; [apply (events_of_what_was_seen past); [assumption | eauto] |].
        apply (equal_means_equal _).
        pose proof (what_is_made_is_an_operation _ _ _ _ is_made) as [there' _].
        now destruct (an_operation_has_one_replica_and_object _ _ _ _ _ _ there there').
Qed.

Lemma events_after h l s :
  events (step h l s) =
  match l with
  | Operates r o op _ user =>
      set N.compare (next s) (event_of compare_name r o op user s) (events s)
  | _ => events s
  end.
Proof.
  destruct l as [| | | | | | r b | | c]; try reflexivity; cbn.
  - unfold restore. now destruct (find b (snapshots s)) as [[] |].
  - unfold remember. destruct c; try reflexivity. now destruct judge.judge_claim.
Qed.

Lemma ids_after h l s :
  ids (step h l s) =
  match l with
  | Operates _ _ _ (Some i) _ => set compare_name i (next s) (ids s)
  | _ => ids s
  end.
Proof.
  destruct l as [r o op [i |] user | | | | | | r b | | c]; try reflexivity; cbn.
  - unfold restore. now destruct (find b (snapshots s)) as [[] |].
  - unfold remember. destruct c; try reflexivity. now destruct judge.judge_claim.
Qed.

Lemma messages_after h l s :
  messages (step h l s) =
  match l with
  | Sends r m what => set compare_name m (pack compare_name r what s) (messages s)
  | _ => messages s
  end.
Proof.
  destruct l as [| | | | | | r b | | c]; try reflexivity; cbn.
  - unfold restore. now destruct (find b (snapshots s)) as [[] |].
  - unfold remember. destruct c; try reflexivity. now destruct judge.judge_claim.
Qed.

Lemma snapshots_after h l s :
  snapshots (step h l s) =
  match l with
  | Saves r b => set compare_name b (r, seen_by r s) (snapshots s)
  | _ => snapshots s
  end.
Proof.
  destruct l as [| | | | | | r b | | c]; try reflexivity; cbn.
  - unfold restore. now destruct (find b (snapshots s)) as [[] |].
  - unfold remember. destruct c; try reflexivity. now destruct judge.judge_claim.
Qed.

Lemma made_after l past p e :
  made (l :: past) p e <->
  match l with
  | Operates r o op _ user =>
      p = number past /\ is_event compare_name past r o op user e \/ made past p e
  | _ => made past p e
  end.
Proof.
  unfold trace.made. cbn. destruct l as [r o op id user | | | | | | | |];
    split; try tauto; try (intros [(_ & ? & ? & ? & ? & ? & [=] & _) | there]; exact there).
  - intros [(same & ? & ? & ? & ? & ? & [= <- <- <- <- <-] & is_e) | there]; auto.
  - intros [[same is_e] | there]; [left; split; [exact same | eauto 9] | now right].
Qed.

Lemma operates_after l past p r o :
  operates (l :: past) p r o <->
  match l with
  | Operates r' o' _ _ _ => p = number past /\ r = r' /\ o = o' \/ operates past p r o
  | _ => operates past p r o
  end.
Proof.
  unfold operates. cbn. destruct l as [r' o' op id user | | | | | | | |];
    split; try tauto; try (intros [(_ & ? & ? & ? & [=]) | there]; exact there).
  - intros [(same & ? & ? & ? & [= <- <- <- <- <-]) | there]; auto.
  - intros [(same & -> & ->) | there]; [left; split; [exact same | eauto 9] | now right].
Qed.

Lemma named_after l past i p :
  named (l :: past) i p <->
  match l with
  | Operates _ _ _ (Some i') _ => p = number past /\ i = i' \/ named past i p
  | _ => named past i p
  end.
Proof.
  unfold named. cbn. destruct l as [r' o' op [i' |] user | | | | | | | |];
    split; try tauto; try (intros [(_ & ? & ? & ? & ? & [=]) | there]; exact there).
  - intros [(same & ? & ? & ? & ? & [= <- <- <- <- <-]) | there]; auto.
  - intros [[same ->] | there]; [left; split; [exact same | eauto 9] | now right].
Qed.

Lemma the_next_number_is_new past :
  (forall e, ~ made past (number past) e) /\
  (forall r o, ~ operates past (number past) r o).
Proof.
  split; [intros e there | intros r o there];
    apply earlier_lines_have_lower_numbers in there; lia.
Qed.

Lemma events_are_kept h past l s :
  models past s ->
  knows_events (l :: past) (step h l s).
Proof.
  intros is_model. pose proof is_model as [(at_number & sorts & all_made & all_exist) _ _ _ _].
  split; [| split; [| split]].
  - rewrite numbers_rise, <- at_number. reflexivity.
  - rewrite events_after. destruct l; try exact sorts. now apply (set_is_sorted N.compare).
  - intros p e. rewrite made_after, events_after. destruct l as [r o op id user | | | | | | | |];
      try apply all_made.
    rewrite (find_in_set N.compare) by exact sorts. rewrite at_number.
    pose proof (the_event_is_right past s r o op user is_model) as right_event.
    destruct (equal_is_equality N.compare p (number past)) as [-> | other].
    + split; [intros [= <-]; auto | intros [[_ is_e] | there]].
      * f_equal. eapply (what_is_seen_determines_the_event compare_name); eassumption.
      * now apply the_next_number_is_new in there.
    + rewrite all_made. intuition congruence.
  - intros p r o there. rewrite operates_after in there.
    assert (earlier : operates past p r o -> exists e, made (l :: past) p e).
    { intros there'. destruct (all_exist p r o there') as [e is_made]. exists e. now right. }
    destruct l as [r' o' op id user | | | | | | | |]; auto.
    destruct there as [(-> & -> & ->) | there]; [| auto].
    exists (event_of compare_name r' o' op user s). apply made_after. left.
    split; [reflexivity |]. now apply the_event_is_right.
Qed.

Lemma ids_are_kept h past l s :
  possible h past l ->
  models past s ->
  knows_ids (l :: past) (step h l s).
Proof.
  intros is_possible [(at_number & _) [sorts all_named] _ _ _].
  split.
  - rewrite ids_after. destruct l as [? ? ? [i |] | | | | | | | |]; try exact sorts.
    now apply (set_is_sorted compare_name).
  - intros i p. rewrite named_after, ids_after.
    destruct l as [r o op [i' |] user | | | | | | | |]; try apply all_named.
    destruct is_possible as (_ & _ & _ & fresh).
    rewrite (find_in_set compare_name) by exact sorts. rewrite at_number.
    destruct (equal_is_equality compare_name i i') as [-> | other].
    + split; [intros [= <-]; auto | intros [[-> _] | there]; [reflexivity |]].
      exfalso. eapply fresh; eauto.
    + rewrite all_named. intuition congruence.
Qed.

(** *** Sets of operations *)

Lemma kept_nothing : keep [] (fun _ => False).
Proof. now split. Qed.

Lemma keep_either ps qs (meant meant' : N -> Prop) :
  keep ps meant ->
  keep qs meant' ->
  keep (union N.compare ps qs) (fun p => meant p \/ meant' p).
Proof.
  intros [rises all] [rises' all']. split; [now apply union_is_rising; try exact _ |].
  intros p. rewrite <- all, <- all', <- !(member_means_in N.compare), member_of_union, orb_true_iff;
    try assumption; try exact _; [reflexivity |]. now apply union_is_rising; try exact _.
Qed.

Lemma keep_the_same ps (meant meant' : N -> Prop) :
  (forall p, meant p <-> meant' p) ->
  keep ps meant ->
  keep ps meant'.
Proof. intros same [rises all]. split; [exact rises | intros p; now rewrite all]. Qed.

Lemma keep_some ps (meant : N -> Prop) test (tested : N -> Prop) :
  (forall p, test p = true <-> tested p) ->
  keep ps meant ->
  keep (filter test ps) (fun p => meant p /\ tested p).
Proof.
  intros same [rises all]. split; [now apply filter_is_rising; try exact _ |].
  intros p. now rewrite filter_In, all, same.
Qed.

Lemma in_kept ps (meant : N -> Prop) p :
  keep ps meant ->
  member N.compare p ps = true <-> meant p.
Proof. intros [rises all]. rewrite (member_means_in N.compare) by exact rises. apply all. Qed.

Lemma what_is_packed past s r what :
  models past s ->
  keep (pack compare_name r what s) (fun p =>
    match what with
    | Within names => has_seen past r p /\ about past names p
    | Since ms => has_seen past r p /\ forall m, In m ms -> ~ holds past m p
    | Operations names => exists i, In i names /\ named past i p
    end).
Proof.
  intros is_model.
  pose proof is_model as [_ [_ all_named] [_ all_seen] (_ & _ & all_hold) _].
  destruct what as [names | ms | names]; cbn.
  - now apply within_keeps_what_is_about.
  - apply keep_some; [| apply all_seen]. intros p.
    rewrite negb_true_iff, <- not_true_iff_false, existsb_exists. split.
    + intros none m m_in holds_m. apply none. exists m. split; [exact m_in |].
      now apply (in_kept _ _ _ (all_hold m)).
    + intros none (m & m_in & held_m). apply (none m m_in).
      now apply (in_kept _ _ _ (all_hold m)).
  - split; [apply set_of_is_rising; exact _ |]. intros p.
    unfold named_places. rewrite (in_set_of N.compare), in_flat_map. split.
    + intros (i & i_in & found). exists i. split; [exact i_in |]. apply all_named.
      destruct (find i (ids s)); [| easy]. now destruct found as [-> |].
    + intros (i & i_in & is_named). exists i. split; [exact i_in |].
      apply all_named in is_named. rewrite is_named. now left.
Qed.

Lemma messages_are_kept h past l s :
  possible h past l ->
  models past s ->
  knows_messages (l :: past) (step h l s).
Proof.
  intros is_possible is_model. pose proof is_model as [_ _ _ (sorts & all_sent & all_hold) _].
  assert (held_after : forall m, held m (step h l s) =
    match l with
    | Sends r m' what =>
        if equal compare_name m m' then pack compare_name r what s else held m s
    | _ => held m s
    end).
  { intros m. unfold judge.held. rewrite messages_after. destruct l; try reflexivity.
    rewrite (find_in_set compare_name) by exact sorts.
    now destruct (equal compare_name m message). }
  split; [| split].
  - rewrite messages_after. destruct l; try exact sorts. now apply (set_is_sorted compare_name).
  - intros m. rewrite messages_after. unfold was_sent. cbn.
    assert (earlier : (exists r what, l = Sends r m what \/ In (Sends r m what) past) <->
      (exists r what, l = Sends r m what) \/ was_sent past m).
    { split.
      - intros (r & what & [here | there]); [left | right]; now exists r, what.
      - intros [(r & what & here) | (r & what & there)]; exists r, what; auto. }
    rewrite earlier, <- all_sent.
    destruct l as [| r m' what | | | | | | |];
      try (split; [auto | intros [(? & ? & [=]) |]; assumption]).
    rewrite (find_in_set compare_name) by exact sorts.
    destruct (equal_is_equality compare_name m m') as [-> | other].
    + split; [intros _; left; eauto | easy].
    + split; [auto | intros [(? & ? & [=]) |]; congruence].
  - intros m. rewrite held_after. destruct l as [| r m' what | | | | | | |];
      try (eapply keep_the_same; [| apply all_hold]; cbn; tauto).
    destruct is_possible as (_ & fresh & _).
    destruct (equal_is_equality compare_name m m') as [-> | other].
    + eapply keep_the_same; [| exact (what_is_packed past s r what is_model)].
      intros p. cbn.
      assert (nothing : ~ holds past m' p).
      { intros holds_m. rewrite <- all_sent in fresh. apply (all_hold m') in holds_m.
        unfold judge.held in holds_m. now destruct (find m' (messages s)); [apply fresh |]. }
      destruct what; tauto.
    + eapply keep_the_same; [| apply all_hold]. intros p. cbn. destruct what; tauto.
Qed.

Lemma snapshots_are_kept h past l s :
  possible h past l ->
  models past s ->
  knows_snapshots (l :: past) (step h l s).
Proof.
  intros is_possible [_ _ [_ all_seen] _ (sorts & all_saved & all_kept)].
  assert (found_after : forall b, find b (snapshots (step h l s)) =
    match l with
    | Saves r b' => if equal compare_name b b' then Some (r, seen_by r s) else find b (snapshots s)
    | _ => find b (snapshots s)
    end).
  { intros b. rewrite snapshots_after. destruct l; try reflexivity.
    now rewrite (find_in_set compare_name) by exact sorts. }
  split; [| split].
  - rewrite snapshots_after. destruct l; try exact sorts. now apply (set_is_sorted compare_name).
  - intros b r. rewrite found_after. cbn. rewrite <- all_saved.
    destruct l as [| | | | | r' b' | | |]; try (split; [auto | intros [[=] |]; assumption]).
    destruct is_possible as (_ & fresh).
    destruct (equal_is_equality compare_name b b') as [-> | other].
    + split.
      * intros (ps & [= <- _]). now left.
      * intros [[= <-] | found]; [eauto |]. exfalso. apply fresh. exists r. now apply all_saved.
    + split; [auto | intros [[=] |]; [congruence | assumption]].
  - intros b. unfold backup. rewrite found_after.
    destruct l as [| | | | | r' b' | | |];
      try (eapply keep_the_same; [| apply all_kept]; cbn; tauto).
    destruct is_possible as (_ & fresh).
    destruct (equal_is_equality compare_name b b') as [-> | other]; cbn.
    + eapply keep_the_same; [| apply all_seen].
      intros p. assert (nothing : ~ keeps past b' p); [| tauto].
      intros kept_b. apply (all_kept b') in kept_b. unfold backup in kept_b.
      destruct (find b' (snapshots s)) as [[r'' ps] |] eqn:found; [| easy].
      apply fresh. exists r''. apply all_saved. eauto.
    + eapply keep_the_same; [| apply all_kept]. tauto.
Qed.

Lemma seen_by_after_setting r r' ps s :
  sorted compare_name (seen s) = true ->
  or_empty (find r (set compare_name r' ps (seen s)))
  = if equal compare_name r r' then ps else seen_by r s.
Proof.
  intros sorts. rewrite (find_in_set compare_name) by exact sorts.
  now destruct (equal compare_name r r').
Qed.

Lemma what_is_learned s r ps (known_before : Name -> N -> Prop) (meant : N -> Prop) :
  (sorted compare_name (seen s) = true /\ forall r', keep (seen_by r' s) (known_before r')) ->
  keep ps meant ->
  sorted compare_name (seen (learn compare_name r ps s)) = true /\
  forall r', keep (seen_by r' (learn compare_name r ps s))
    (fun p => known_before r' p \/ r' = r /\ meant p).
Proof.
  intros [sorts all_seen] keep_ps. split; [now apply (set_is_sorted compare_name) |].
  intros r'. change (seen_by r' (learn compare_name r ps s)) with
    (or_empty (find r' (set compare_name r (union N.compare (seen_by r s) ps) (seen s)))).
  rewrite seen_by_after_setting by exact sorts.
  destruct (equal_is_equality compare_name r' r) as [-> | other].
  - eapply keep_the_same; [| apply keep_either; [apply all_seen | exact keep_ps]]. cbn. tauto.
  - eapply keep_the_same; [| apply all_seen]. cbn. tauto.
Qed.

Lemma seen_are_kept h past l s :
  possible h past l ->
  models past s ->
  knows_seen (l :: past) (step h l s).
Proof.
  intros is_possible is_model.
  pose proof is_model as [(at_number & _) _ knows (_ & _ & all_hold) (_ & all_saved & all_kept)].
  destruct l as [r o op id user | r m what | r m | r from names | r other names | r b | r b | | c];
    try exact knows.
  - destruct (what_is_learned s r [next s] _ (fun p => p = number past) knows) as [sorts all].
    { split; [reflexivity |]. intros p. cbn. rewrite at_number. intuition congruence. }
    split; [exact sorts |]. intros r'. exact (all r').
  - destruct (what_is_learned s r _ _ _ knows (all_hold m)) as [sorts all].
    split; [exact sorts |]. intros r'. exact (all r').
  - destruct (what_is_learned s r _ _ _ knows
      (within_keeps_what_is_about past s names _ _ is_model (proj2 knows from))) as [sorts all].
    split; [exact sorts |]. intros r'. exact (all r').
  - assert (both := within_keeps_what_is_about past s names _ _ is_model
      (keep_either _ _ _ _ (proj2 knows r) (proj2 knows other))).
    pose proof (what_is_learned s other _ _ _ knows both) as learned.
    destruct (what_is_learned _ r _ _ _ learned both) as [sorts all].
    split; [exact sorts |]. intros r'. eapply keep_the_same; [| exact (all r')].
    intros p. cbn. tauto.
  - destruct is_possible as [_ saved]. apply all_saved in saved as [ps found].
    specialize (all_kept b). unfold backup in all_kept. rewrite found in all_kept. cbn in all_kept.
    destruct knows as [sorts all_seen]. split.
    + cbn. unfold restore. rewrite found. now apply (set_is_sorted compare_name).
    + intros r'. unfold judge.seen_by. cbn. unfold restore. rewrite found. cbn.
      rewrite seen_by_after_setting by exact sorts.
      destruct (equal_is_equality compare_name r' r) as [-> | other_r].
      * eapply keep_the_same; [| exact all_kept]. tauto.
      * eapply keep_the_same; [| apply all_seen]. tauto.
  - unfold knows_seen, judge.seen_by. cbn. unfold remember.
    destruct c; try exact knows. destruct judge.judge_claim; exact knows.
Qed.

Lemma each_line_is_modelled h past l s :
  possible h past l ->
  models past s ->
  models (l :: past) (step h l s).
Proof.
  intros is_possible is_model. split.
  - now apply events_are_kept.
  - now apply ids_are_kept.
  - now apply seen_are_kept.
  - now apply messages_are_kept.
  - now apply snapshots_are_kept.
Qed.
End Judge.
