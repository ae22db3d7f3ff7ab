(** The judge finds exactly the claims that disagree with the definitions.

    What the judge keeps is shown to be what a replica has seen, what a message holds and what a
    backup keeps, line by line ([models]); so each test that it computes decides the statement it
    is for. *)

From Coq Require Import List Bool NArith BinInt Permutation Lia.
From Rejoin Require Import order sorted_map dot definition trace judge.
From Rejoin Require Import order_proof sorted_map_proof dot_proof trace_proof.
Import ListNotations.
Open Scope N_scope.

Local Lemma both_parts_alike (A B C D : Prop) : (A <-> C) -> (B <-> D) -> A /\ B <-> C /\ D.
Proof. tauto. Qed.

(** ** Comparisons of answers *)

Lemma mapped_equally_means_one_by_one {A B : Type} (f : A -> B) xs ys :
  map f xs = map f ys <-> Forall2 (fun x y => f x = f y) xs ys.
Proof.
  split.
  - revert ys. induction xs as [| x xs IH]; intros [| y ys] same; try easy; constructor;
      injection same; auto.
  - induction 1; cbn; congruence.
Qed.

Global Instance lists_are_ordered {A : Type} (compare : A -> A -> comparison) :
  ordered compare ->
  ordered (compare_list compare).
Proof.
  intros lawful. split.
  - intros xs. induction xs as [| x xs IH]; intros [| y ys]; cbn; try easy.
    destruct (any_two_compare compare x y) as [-> | lt | gt].
    + rewrite IH. split; congruence.
    + split; [easy |]. intros [= -> _]. now apply (nothing_is_below_itself compare) in lt.
    + split; [easy |]. intros [= -> _]. now apply (nothing_is_below_itself compare) in gt.
  - intros xs. induction xs as [| x xs IH]; intros [| y ys]; cbn; try easy.
    rewrite (turned_around _ lawful x y). destruct (compare x y); cbn; [apply IH | easy..].
  - intros xs. induction xs as [| x xs IH]; intros [| y ys] [| z zs]; cbn; try easy.
    destruct (any_two_compare compare x y) as [-> | xy |]; [| | discriminate];
      destruct (any_two_compare compare y z) as [-> | yz |]; try discriminate; intros.
    + eapply IH; eassumption.
    + reflexivity.
    + now rewrite xy.
    + now rewrite (transitive _ lawful _ _ _ xy yz).
Qed.

Section Sorting.
Context {A : Type} (compare : A -> A -> comparison) {lawful : ordered compare}.

Lemma equal_means_equal x y : equal compare x y = true <-> x = y.
Proof. destruct (equal_is_equality compare x y); split; congruence. Qed.

Lemma sorted_equally_means_reordered xs ys :
  sort compare xs = sort compare ys <-> Permutation xs ys.
Proof.
  split.
  - intros same. now rewrite <- (sorting_keeps_the_items compare xs), same, sorting_keeps_the_items.
  - now apply equal_items_are_sorted_equally.
Qed.

Lemma sorting_decides_reordering xs ys :
  equal (compare_list compare) (sort compare xs) (sort compare ys) = true <-> Permutation xs ys.
Proof.
  rewrite <- sorted_equally_means_reordered.
  destruct (equal_is_equality (compare_list compare) (sort compare xs) (sort compare ys));
    split; congruence.
Qed.
End Sorting.

Section Judge.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_name : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_value : ordered compare_value}.
Context (null : Value).
Local Notation event := (event Name Value).
Local Notation line := (line Name Value).
Local Notation claim := (claim Name Value).
Local Notation answer := (answer Name Value).
Local Notation decision := (merge_decision Name (option Name)).
Local Notation state := (state (Name := Name) (Value := Value)).
Local Notation hashed := (hashed (Name := Name) (Value := Value)).
Local Notation find := (find compare_name).
Local Notation find_place := (sorted_map.find N.compare).
Local Notation made := (made compare_name).
Local Notation lists := (lists compare_name).
Local Notation shows := (shows compare_name compare_value null).
Local Notation step := (step compare_name compare_value null).
Local Notation agrees := (agrees compare_name compare_value null).
Local Notation breaks := (breaks compare_name compare_value null).
Local Notation possible := (possible compare_name).
Local Notation obeys := (obeys compare_name compare_value null).
Local Notation judge_claim := (judge_claim compare_name compare_value null).
Local Notation seen_by := (seen_by compare_name).
Local Notation held := (held compare_name).
Local Notation within := (within compare_name).
Local Notation events_of := (events_of compare_name).
Local Notation events_on := (events_on compare_name).
Local Notation value_at := (value_at compare_name compare_value null).
Implicit Types past before : list line.
Implicit Types h : header Name.
Implicit Types s : state.

Local Instance event_names_are_ordered : ordered (compare_event_name compare_name).
Proof. unfold compare_event_name. exact _. Qed.

Local Instance decisions_are_ordered : ordered (compare_merge_decision compare_name).
Proof.
  apply injections_are_ordered; [| exact _]. intros [] []; cbn. congruence.
Qed.

Local Instance notices_are_ordered : ordered (compare_notice compare_name).
Proof. unfold compare_notice. exact _. Qed.

Lemma same_value_means_equal (a b : answer) :
  same_value compare_name compare_value a b = true <-> a = b.
Proof.
  destruct a, b; cbn; try easy;
    rewrite ?N.eqb_eq, ?Z.eqb_eq, ?eqb_true_iff, ?(equal_means_equal _); split; congruence.
Qed.

Lemma equal_sets_have_the_same_members (vs ws : list Value) :
  set_of compare_value vs = set_of compare_value ws <-> same_members vs ws.
Proof.
  split.
  - intros same v. rewrite <- (in_set_of compare_value v vs), same.
    apply (in_set_of compare_value).
  - intros same. apply (equal_content_makes_equal_rising_lists compare_value);
      try apply (set_of_is_rising compare_value). intros v. rewrite !(in_set_of compare_value). apply same.
Qed.

Lemma sets_decide_same_members (vs ws : list Value) :
  equal (compare_list compare_value) (set_of compare_value vs) (set_of compare_value ws) = true
  <-> same_members vs ws.
Proof.
  rewrite (equal_means_equal (compare_list compare_value)).
  apply equal_sets_have_the_same_members.
Qed.

Lemma entries_are_rearranged (xs ys : list (Name * list Value)) :
  let order := compare_pair compare_name (compare_list compare_value) in
  equal (compare_list order) (sort order (map (without_repeats compare_value) xs))
    (sort order (map (without_repeats compare_value) ys)) = true
  <-> rearranged same_entry xs ys.
Proof.
  cbv zeta. rewrite (sorting_decides_reordering _).
  assert (forall x y : Name * list Value,
    without_repeats compare_value x = without_repeats compare_value y <-> same_entry x y) as one.
  { intros [k vs] [k' ws]. unfold without_repeats, same_entry. cbn [fst snd].
    rewrite <- equal_sets_have_the_same_members. split; [now intros [= -> ->] |].
    now intros [-> ->]. }
  split.
  - intros reordered. apply Permutation_sym, Permutation_map_inv in reordered
      as (zs & same & reordered).
    exists zs. split; [exact reordered |].
    symmetry in same. apply mapped_equally_means_one_by_one in same.
    clear reordered. induction same; constructor; auto; now apply one.
  - intros (zs & reordered & same). rewrite reordered. apply Permutation_refl'.
    apply mapped_equally_means_one_by_one.
    clear reordered. induction same; constructor; auto; now apply one.
Qed.

Lemma answers_decides_same_answer (a b : answer) :
  answers compare_name compare_value a b = true <-> same_answer a b.
Proof.
  destruct a, b; cbn; try easy; try (rewrite (sorting_decides_reordering _); reflexivity);
    try apply sets_decide_same_members; try apply entries_are_rearranged;
    rewrite ?N.eqb_eq, ?Z.eqb_eq, ?eqb_true_iff, ?(equal_means_equal _); split; congruence.
Qed.

Lemma in_order_decides_same_decision (d d' : decision) :
  in_order compare_name d = in_order compare_name d' <-> same_decision d d'.
Proof.
  destruct d as [k ks ss], d' as [k' ks' ss'].
  unfold in_order, same_decision. cbn [key kept superseded].
  rewrite <- !(sorted_equally_means_reordered (compare_event_name compare_name)).
  split; [intros same; now injection same | now intros (-> & -> & ->)].
Qed.

Lemma same_decisions_decides_rearranged (ds ds' : list decision) :
  same_decisions compare_name ds ds' = true <-> rearranged same_decision ds ds'.
Proof.
  unfold same_decisions. rewrite (sorting_decides_reordering _). split.
  - intros reordered. apply Permutation_sym, Permutation_map_inv in reordered
      as (zs & same & reordered).
    exists zs. split; [exact reordered |].
    symmetry in same. apply mapped_equally_means_one_by_one in same.
    clear reordered.
    induction same; constructor; auto; now apply in_order_decides_same_decision.
  - intros (zs & reordered & same). rewrite reordered. apply Permutation_refl'.
    apply mapped_equally_means_one_by_one.
    clear reordered.
    induction same; constructor; auto; now apply in_order_decides_same_decision.
Qed.
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

(** ** State hashes *)

(** What the judge keeps of a state hash. *)
Definition records h (x : hashed) (t : true_hash) : Prop :=
  of_what t = hashed_object x /\
  by_which t = hashed_algorithm x /\
  hash_value t = hash x /\
  keep (covers t) (fun p => has_seen (hashed_past x) (hashed_replica x) p /\
    about (hashed_past x) (only (hashed_object x)) p) /\
  Forall2 (fun entry v => forall a,
    shows (hashed_past x) (hashed_replica x) (fst entry) (snd entry) a <-> a = snd v)
    (hashed_objects compare_name h (hashed_object x)) (values t).

Local Notation hashed_now := (hashed_now compare_name compare_value null).

Lemma the_hash_is_recorded h past s r object algorithm digest :
  models past s ->
  records h (Hashed past r object algorithm digest) (hashed_now h r object algorithm digest s).
Proof.
  intros is_model. do 3 (split; [reflexivity |]). split; cbn.
  - exact (within_keeps_what_is_about past s (only object) _ _ is_model
      (proj2 (models_seen _ _ is_model) r)).
  - induction (hashed_objects compare_name h object) as [| entry entries IH]; cbn; constructor;
      [| exact IH].
    intros a. now apply what_is_shown.
Qed.

Lemma equal_covers_mean_same_seen h x y t u :
  records h x t ->
  records h y u ->
  equal (compare_list N.compare) (covers t) (covers u) = true <-> same_seen x y.
Proof.
  intros (_ & _ & _ & (rises & all) & _) (_ & _ & _ & (rises' & all') & _).
  rewrite (equal_means_equal _). unfold same_seen. split.
  - intros same p. now rewrite <- all, <- all', same.
  - intros same. apply (equal_content_makes_equal_rising_lists N.compare); try assumption.
    intros p. rewrite all, all'. apply same.
Qed.

Lemma same_values_means_one_by_one {Entry : Type} (X Y : Entry -> answer -> Prop) entries vs ws :
  Forall2 (fun entry (v : Name * answer) => forall a, X entry a <-> a = snd v) entries vs ->
  Forall2 (fun entry (w : Name * answer) => forall a, Y entry a <-> a = snd w) entries ws ->
  same_values compare_name compare_value vs ws = true <->
  forall entry a b, In entry entries -> X entry a -> Y entry b -> a = b.
Proof.
  intros all_X. revert ws. induction all_X as [| entry [o v] entries vs is_v all_X IH];
    intros ws all_Y; inversion all_Y as [| ? [o' w] ? ws' is_w all_Y']; subst; clear all_Y.
  - easy.
  - cbn. rewrite andb_true_iff, same_value_means_equal, (IH ws' all_Y'). split.
    + intros [-> rest] e a b [<- | e_in] shows_a shows_b; [| now apply (rest e)].
      apply is_v in shows_a. apply is_w in shows_b. cbn in *. congruence.
    + intros all. split.
      * apply (all entry); [now left | now apply is_v | now apply is_w].
      * intros e a b e_in. apply all. now right.
Qed.

Lemma hashed_objects_are_declared h object entry :
  sorted compare_name (objects h) = true ->
  In entry (hashed_objects compare_name h object) <->
  declares compare_name h (fst entry) (snd entry) /\
  (forall o, object = Some o -> fst entry = o).
Proof.
  intros sorts. destruct entry as [o type]. unfold hashed_objects, declares. cbn.
  rewrite filter_In, (found_means_in compare_name) by exact sorts.
  apply and_iff_compat_l. cbn. destruct object as [o' |]; [| easy].
  rewrite (equal_means_equal _). split; [congruence | auto].
Qed.

Lemma same_values_means_no_different_value h x y t u :
  sorted compare_name (objects h) = true ->
  hashed_object x = hashed_object y ->
  records h x t ->
  records h y u ->
  same_values compare_name compare_value (values t) (values u) = true <->
  ~ different_value compare_name compare_value null h x y.
Proof.
  intros sorts same_object (_ & _ & _ & _ & all) (_ & _ & _ & _ & all').
  rewrite <- same_object in all'.
  rewrite (same_values_means_one_by_one _ _ _ _ _ all all'). split.
  - intros same (o & type & a & b & is_declared & covered & shows_a & shows_b & different).
    apply different, (same (o, type)); [| exact shows_a | exact shows_b].
    now apply hashed_objects_are_declared.
  - intros none [o type] a b e_in shows_a shows_b.
    apply hashed_objects_are_declared in e_in as [is_declared covered]; [| exact sorts].
    destruct (same_value compare_name compare_value a b) eqn:same;
      [now apply same_value_means_equal |].
    exfalso. apply none. exists o, type, a, b. repeat split; try assumption.
    intros ->. apply not_true_iff_false in same. now apply same, same_value_means_equal.
Qed.

Definition knows_hashes h past s : Prop :=
  exists xs,
    Forall2 (records h) xs (hashes s) /\
    forall law x,
      obeys h law x past <->
      forall y, In y xs -> hashed_object x = hashed_object y ->
        hashed_algorithm x = hashed_algorithm y -> law x y.

Lemma no_other_hash_means_obeyed h x t xs ts test (law : hashed -> hashed -> Prop) :
  records h x t ->
  Forall2 (records h) xs ts ->
  (forall y u, records h y u -> hashed_object x = hashed_object y -> test u = false <-> law x y) ->
  existsb test (filter (comparable compare_name t) ts) = false <->
  forall y, In y xs -> hashed_object x = hashed_object y ->
    hashed_algorithm x = hashed_algorithm y -> law x y.
Proof.
  intros (same_object & same_algorithm & _) all decides.
  induction all as [| y u ys us is_u all IH]; [easy |].
  pose proof is_u as (same_object' & same_algorithm' & _). cbn. unfold comparable at 1.
  rewrite same_object, same_object', same_algorithm, same_algorithm'.
  destruct (equal_is_equality (compare_option compare_name) (hashed_object x) (hashed_object y))
    as [on_same | on_other];
    [destruct (equal_is_equality (compare_option compare_name) (hashed_algorithm x)
      (hashed_algorithm y)) as [by_same | by_other] |]; cbn.
  - rewrite orb_false_iff, IH, (decides y u is_u on_same). split.
    + intros [here rest] z [<- | z_in]; [auto | now apply rest].
    + intros obeyed. split; [now apply (obeyed y); [left | |] |].
      intros z z_in. apply obeyed. now right.
  - rewrite IH. split; [intros rest z [<- | z_in]; [easy | now apply rest] |].
    intros obeyed z z_in. apply obeyed. now right.
  - rewrite IH. split; [intros rest z [<- | z_in]; [easy | now apply rest] |].
    intros obeyed z z_in. apply obeyed. now right.
Qed.

Lemma judging_a_hash h past s x t :
  sorted compare_name (objects h) = true ->
  knows_hashes h past s ->
  records h x t ->
  (judge_hash compare_name compare_value t (hashes s) = None <->
    obeys h (both_hold compare_name compare_value null h) x past) /\
  forall broken,
    judge_hash compare_name compare_value t (hashes s) = Some broken <->
    broken = Digest_equal /\ ~ obeys h equal_where_seen_equal x past \/
    broken = Digest_distinct /\ obeys h equal_where_seen_equal x past /\
      ~ obeys h (distinct_where_values_differ compare_name compare_value null h) x past.
Proof.
  intros sorts (xs & all & known) is_t. pose proof is_t as (_ & _ & same_hash & _).
  assert (by_equal : existsb (fun y => equal (compare_list N.compare) (covers t) (covers y) &&
      negb (judge.same_hash compare_value t y)) (filter (comparable compare_name t) (hashes s))
      = false <-> obeys h equal_where_seen_equal x past).
  { rewrite known. apply (no_other_hash_means_obeyed h x t); try assumption.
    intros y u is_u _. pose proof is_u as (_ & _ & same_hash' & _).
    rewrite andb_false_iff, negb_false_iff, <- not_true_iff_false.
    rewrite (equal_covers_mean_same_seen h x y t u is_t is_u).
    unfold judge.same_hash. rewrite same_hash, same_hash', (equal_means_equal _).
    unfold equal_where_seen_equal.
    pose proof (equal_covers_mean_same_seen h x y t u is_t is_u) as decided.
    destruct (equal (compare_list N.compare) (covers t) (covers u)); intuition congruence. }
  assert (by_distinct : existsb (fun y => negb (same_values compare_name compare_value (values t)
      (values y)) && judge.same_hash compare_value t y)
      (filter (comparable compare_name t) (hashes s)) = false <->
      obeys h (distinct_where_values_differ compare_name compare_value null h) x past).
  { rewrite known. apply (no_other_hash_means_obeyed h x t); try assumption.
    intros y u is_u same_object. pose proof is_u as (_ & _ & same_hash' & _).
    rewrite andb_false_iff, negb_false_iff.
    rewrite (same_values_means_no_different_value h x y t u sorts same_object is_t is_u).
    unfold judge.same_hash. rewrite same_hash, same_hash', <- not_true_iff_false,
      (equal_means_equal _).
    unfold distinct_where_values_differ.
    pose proof (same_values_means_no_different_value h x y t u sorts same_object is_t is_u)
      as decided.
    destruct (equal_is_equality compare_value (hash x) (hash y)); intuition congruence. }
  assert (both : obeys h (both_hold compare_name compare_value null h) x past <->
    obeys h equal_where_seen_equal x past /\
    obeys h (distinct_where_values_differ compare_name compare_value null h) x past).
  { rewrite !known. unfold both_hold. split.
    - intros obeyed. split; intros y y_in same_o same_a; now apply obeyed.
    - intros [equals distincts] y y_in same_o same_a. auto. }
  unfold judge_hash. rewrite both, <- by_equal, <- by_distinct.
  destruct existsb, existsb; (split; [| intros broken]); intuition congruence.
Qed.

Lemma hashes_are_kept h past l s :
  sorted compare_name (objects h) = true ->
  models past s ->
  knows_hashes h past s ->
  knows_hashes h (l :: past) (step h l s).
Proof.
  intros sorts is_model knows. pose proof knows as (xs & all & known).
  assert (unchanged : hashes (step h l s) = hashes s ->
    (forall law x, obeys h law x (l :: past) <-> obeys h law x past) ->
    knows_hashes h (l :: past) (step h l s)).
  { intros same_hashes same_obeys. exists xs. rewrite same_hashes. split; [exact all |].
    intros law x. rewrite same_obeys. apply known. }
  destruct l as [| | | | | | r b | | c]; try (apply unchanged; [reflexivity | cbn; tauto]).
  - apply unchanged; [| cbn; tauto]. cbn. unfold restore.
    now destruct (find b (snapshots s)) as [[] |].
  - destruct c as [| | | | r object algorithm digest | | | |];
      try (apply unchanged; [reflexivity | cbn; tauto]).
    set (y := Hashed past r object algorithm digest).
    destruct (judging_a_hash h past s y _ sorts knows
      (the_hash_is_recorded h past s r object algorithm digest is_model)) as [if_true if_false].
    cbn. unfold knows_hashes, remember. cbn.
    destruct judge_hash as [broken |] eqn:judged_as.
    + exists xs. split; [exact all |]. intros law x. cbn. fold y.
      rewrite <- if_true, known. intuition congruence.
    + exists (y :: xs). split.
      * constructor; [| exact all]. now apply the_hash_is_recorded.
      * intros law x. cbn. fold y. rewrite <- if_true, known. split.
        -- intros [rest here] z [<- | z_in]; auto.
        -- intros obeyed. split; [auto |]. intros _ same_o same_a. apply obeyed; auto.
Qed.

(** ** Claims *)

(** A test that does not depend on the order of what was seen may be made on what the judge
    lists. *)
Lemma a_list_will_do past s r object (test : list event -> Prop) :
  models past s ->
  (forall E F, Permutation E F -> test E -> test F) ->
  (exists E, lists past r object E /\ test E) <-> test (events_on object r s).
Proof.
  intros is_model invariant.
  pose proof (events_on_list_what_was_seen past s r object is_model) as listed. split.
  - intros (E & lists_E & holds). refine (invariant _ _ _ holds).
    exact (what_was_seen_is_listed_once compare_name past r object _ _ lists_E listed).
  - intros holds. now exists (events_on object r s).
Qed.

Lemma same_vector_decides past s h r object claimed :
  models past s ->
  same_vector compare_name h claimed (events_on object r s) = true <->
  agrees h past (Counts r object (Some claimed)).
Proof.
  intros is_model. cbn.
  rewrite (a_list_will_do past s r object (fun E =>
    (forall name n, In (name, n) claimed ->
      In name (replicas h) /\ n = seen_of compare_name name E) /\
    (forall name, In name (replicas h) -> seen_of compare_name name E <> 0 ->
      exists n, In (name, n) claimed)) is_model).
  - unfold same_vector. rewrite andb_true_iff, !forallb_forall. apply both_parts_alike.
    + split.
      * intros all name n listed. specialize (all _ listed). cbn in all.
        now rewrite andb_true_iff, one_of_means_in, N.eqb_eq in all.
      * intros all [name n] listed. cbn. rewrite andb_true_iff, one_of_means_in, N.eqb_eq.
        now apply all.
    + split.
      * intros all name listed some. specialize (all _ listed).
        rewrite orb_true_iff, N.eqb_eq, one_of_means_in, in_map_iff in all.
        destruct all as [none | ([name' n] & [= ->] & found)]; [contradiction | eauto].
      * intros all name listed. rewrite orb_true_iff, N.eqb_eq, one_of_means_in, in_map_iff.
        destruct (N.eq_dec (seen_of compare_name name (events_on object r s)) 0) as [| some];
          [now left | right].
        destruct (all name listed some) as [n found]. now exists (name, n).
  - intros E F reordered.
    setoid_rewrite (seen_of_is_independent_of_order compare_name E F reordered). tauto.
Qed.

Lemma all_alike_decides past s h r rest :
  sorted compare_name (objects h) = true ->
  models past s ->
  all_alike compare_name compare_value null h (r :: rest) s = true <->
  agrees h past (Converged (r :: rest)).
Proof.
  intros sorts is_model. cbn. rewrite forallb_forall. split.
  - intros all r1 r2 o type a b in_1 in_2 is_declared shows_a shows_b.
    apply (found_means_in compare_name) in is_declared; [| exact sorts].
    specialize (all _ is_declared). cbn in all. rewrite forallb_forall in all.
    assert (alike : forall r', r = r' \/ In r' rest -> value_at r' o type s = value_at r o type s).
    { intros r' [<- | r'_in]; [reflexivity |].
      apply (same_value_means_equal (value_at r' o type s)). now apply all. }
    rewrite (what_is_shown past s) in shows_a, shows_b by exact is_model.
    now rewrite shows_a, shows_b, (alike r1 in_1), (alike r2 in_2).
  - intros all [o type] found. apply forallb_forall. intros r' r'_in.
    apply same_value_means_equal. apply (all r' r o type); auto.
    + now apply (found_means_in compare_name).
    + now apply (what_is_shown past s).
    + now apply (what_is_shown past s).
Qed.

Lemma unless_judges holds broken (meant : Prop) :
  (holds = true <-> meant) ->
  (unless holds broken = None <-> meant) /\
  forall found, unless holds broken = Some found <-> found = broken /\ ~ meant.
Proof.
  intros decides. destruct holds; cbn; (split; [| intros found]); intuition congruence.
Qed.

(** Sketch: a claim at a time. The judge keeps one list of the events that a replica has seen, the
    definition allows any; the answer does not depend on the order of the list, so that one will do
    ([a_list_will_do]). What is left is that the judge's comparison of two answers decides whether
    they are the same. *)
Theorem each_claim_is_judged h past s c :
  sorted compare_name (objects h) = true ->
  possible_claim compare_name h c ->
  models past s ->
  knows_hashes h past s ->
  (judge_claim h c s = None <-> agrees h past c) /\
  forall broken, judge_claim h c s = Some broken <-> breaks h past c broken.
Proof.
  intros sorts is_possible is_model knows.
  destruct c as [r o claimed | r o x claimed | r o k claimed | r object claimed
    | r object algorithm digest | rs | r o claimed | r user claimed | r o k claimed].
  - apply unless_judges. destruct is_possible as (_ & type & is_declared).
    unfold declares in is_declared. rewrite is_declared.
    destruct claimed as [claimed |]; [| easy]. cbn. rewrite answers_decides_same_answer. split.
    + intros same. exists type, (value_at r o type s). repeat split; try assumption.
      now apply (what_is_shown past s).
    + intros (type' & actual & is_declared' & is_shown & same).
      unfold declares in is_declared'. rewrite is_declared in is_declared'.
      injection is_declared' as <-. apply (what_is_shown past s) in is_shown; [| exact is_model].
      now rewrite <- is_shown.
  - apply unless_judges. destruct is_possible as (_ & type & is_declared & _).
    unfold declares in is_declared. rewrite is_declared.
    destruct claimed as [claimed |]; [| easy]. cbn. rewrite eqb_true_iff.
    rewrite <- (a_list_will_do past s r (Some o)
      (fun E => claimed = contains compare_name type E x) is_model).
    + split; [intros (E & both); now exists type, E |].
      intros (type' & E & is_declared' & both). exists E.
      unfold declares in is_declared'. rewrite is_declared in is_declared'.
      now injection is_declared' as <-.
    + intros E F reordered ->. now apply contains_is_independent_of_order.
  - apply unless_judges. cbn.
    rewrite (a_list_will_do past s r (Some o)
      (fun E => claimed = content_at compare_name compare_value null E k) is_model).
    + apply (equal_means_equal compare_value).
    + intros E F reordered ->. now apply content_at_is_independent_of_order.
  - apply unless_judges. destruct claimed as [claimed |]; [| easy]. now apply same_vector_decides.
  - apply (judging_a_hash h past s (Hashed past r object algorithm digest)); try assumption.
    now apply the_hash_is_recorded.
  - apply unless_judges. destruct rs as [| r rest]; [cbn; firstorder lia |].
    now apply all_alike_decides.
  - apply unless_judges. destruct is_possible as (_ & type & is_declared & _).
    unfold declares in is_declared. rewrite is_declared.
    destruct claimed as [claimed |]; [| easy]. cbn.
    rewrite same_decisions_decides_rearranged.
    rewrite <- (a_list_will_do past s r (Some o) (fun E => rearranged same_decision claimed
      (decisions compare_name compare_value null type E)) is_model).
    + split; [intros (E & both); now exists type, E |].
      intros (type' & E & is_declared' & both). exists E.
      unfold declares in is_declared'. rewrite is_declared in is_declared'.
      now injection is_declared' as <-.
    + intros E F reordered.
      now rewrite (decisions_are_independent_of_order compare_name compare_value null
        E F reordered).
  - apply unless_judges. destruct claimed as [claimed |]; [| easy]. cbn.
    unfold same_notices. rewrite (sorting_decides_reordering _).
    rewrite (a_list_will_do past s r None (fun E => Permutation claimed
      (all_notices compare_name compare_value null (objects h) user E)) is_model).
    + reflexivity.
    + intros E F reordered.
      now rewrite (all_notices_are_independent_of_order compare_name compare_value null
        (objects h) user E F reordered).
  - apply unless_judges. destruct claimed as [claimed |]; [| easy].
    etransitivity; [apply sets_decide_same_members |]. symmetry.
    apply (a_list_will_do past s r (Some o) (fun E => same_members claimed
      (concurrent_values_at compare_name compare_value null E k)) is_model).
    + intros E F reordered.
      now rewrite (concurrent_values_at_are_independent_of_order compare_name compare_value null
        E F reordered).
Qed.

(** ** Possible lines *)

Lemma known_means_found {V : Type} k (m : sorted_map Name V) :
  known compare_name k m = true <-> find k m <> None.
Proof. unfold known. now destruct (find k m). Qed.

Lemma declares_replica_decides h r :
  rising compare_name (replicas h) = true ->
  declares_replica compare_name h r = true <-> In r (replicas h).
Proof. apply member_means_in. exact _. Qed.

Lemma of_type_decides h o accepts (accepted : object_type -> Prop) :
  (forall type, accepts type = true <-> accepted type) ->
  of_type compare_name h o accepts = true <->
  exists type, declares compare_name h o type /\ accepted type.
Proof.
  intros decides. unfold of_type, declares. destruct (find o (objects h)) as [type |].
  - rewrite decides. split; [eauto |]. intros (type' & [= <-] & holds). exact holds.
  - split; [easy | now intros (type & [=] & _)].
Qed.

Lemma known_object_decides h o :
  known compare_name o (objects h) = true <-> exists type, declares compare_name h o type.
Proof.
  rewrite known_means_found. unfold declares.
  destruct (find o (objects h)) as [type |]; [| now split; [| intros [? [=]]]].
  split; [eauto | easy].
Qed.

Lemma declares_all_decides h names :
  declares_all compare_name h names = true <-> declared compare_name h names.
Proof.
  unfold declared. destruct names as [names |]; cbn.
  - rewrite forallb_forall. split.
    + intros all o (names' & [= <-] & o_in). now apply known_object_decides, all.
    + intros all o o_in. apply known_object_decides. eauto.
  - split; [now intros _ o (names & [=] & _) | reflexivity].
Qed.

Lemma distinct_decides names : distinct compare_name names = true <-> NoDup names.
Proof.
  induction names as [| x names IH]; cbn.
  - split; [constructor | reflexivity].
  - rewrite andb_true_iff, negb_true_iff, <- not_true_iff_false, one_of_means_in, IH.
    symmetry. apply NoDup_cons_iff.
Qed.

Lemma claim_is_possible_decides h (c : claim) :
  rising compare_name (replicas h) = true ->
  claim_is_possible compare_name h c = true <-> possible_claim compare_name h c.
Proof.
  intros rises. destruct c as [r o claimed | r o x claimed | r o k claimed | r object claimed
    | r object algorithm digest | rs | r o claimed | r user claimed | r o k claimed]; cbn;
    rewrite ?andb_true_iff, ?(declares_replica_decides _ _ rises), ?known_object_decides,
      ?declares_all_decides; try reflexivity.
  - apply and_iff_compat_l. now apply of_type_decides.
  - rewrite (of_type_decides h o is_lww_map (fun type => type = Lww_map)) by (now intros []).
    apply and_iff_compat_l. split; [now intros (type & is_declared & ->) | eauto].
  - rewrite forallb_forall, distinct_decides, and_assoc. apply both_parts_alike.
    + unfold incl. split; intros all r r_in; apply (declares_replica_decides _ _ rises); auto.
    + apply and_iff_compat_l. destruct rs as [| r [| r' rest]]; cbn; split; try easy; lia.
  - apply and_iff_compat_l. now apply of_type_decides.
  - rewrite (of_type_decides h o is_mv_map (fun type => type = Mv_map)) by (now intros []).
    apply and_iff_compat_l. split; [now intros (type & is_declared & ->) | eauto].
Qed.

Lemma is_possible_decides h past l s :
  rising compare_name (replicas h) = true ->
  models past s ->
  is_possible compare_name h l s = true <-> possible h past l.
Proof.
  intros rises [_ [_ all_named] [_ all_seen] (_ & all_sent & _) (_ & all_saved & _)].
  destruct l as [r o op id user | r m what | r m | r from names | r other names | r b | r b | | c];
    cbn; rewrite ?andb_true_iff, ?(declares_replica_decides _ _ rises), ?declares_all_decides,
      ?negb_true_iff, <- ?not_true_iff_false, ?known_means_found, ?all_sent, ?and_assoc;
    try reflexivity.
  - apply and_iff_compat_l. rewrite (of_type_decides h o _ (fun type => allows type op = true))
      by reflexivity.
    do 2 apply and_iff_compat_l. destruct id as [i |]; [| now split].
    rewrite negb_true_iff, <- not_true_iff_false, known_means_found. split.
    + intros fresh i' [= <-] (p & is_named). apply all_named in is_named.
      apply fresh. now rewrite is_named.
    + intros fresh found. destruct (find i (ids s)) as [p |] eqn:at_i; [| easy].
      apply (fresh i eq_refl). exists p. now apply all_named.
  - do 2 apply and_iff_compat_l. destruct what as [names | ms | names].
    + apply declares_all_decides.
    + rewrite forallb_forall. split; intros all m' m'_in; specialize (all m' m'_in);
        [rewrite known_means_found, all_sent in all | rewrite known_means_found, all_sent];
        exact all.
    + rewrite forallb_forall. split; intros all i i_in; specialize (all i i_in).
      * destruct (find i (ids s)) as [p |] eqn:at_i; [| easy]. exists p.
        split; [now apply all_named |]. now apply (in_kept _ _ _ (all_seen r)).
      * destruct all as (p & is_named & is_seen). apply all_named in is_named.
        rewrite is_named. now apply (in_kept _ _ _ (all_seen r)).
  - do 2 apply and_iff_compat_l. apply and_iff_compat_r.
    now rewrite (equal_means_equal compare_name).
  - apply and_iff_compat_l. split.
    + intros fresh (r' & saved). apply all_saved in saved as [ps found].
      apply fresh. now rewrite found.
    + intros fresh found. destruct (find b (snapshots s)) as [[r' ps] |] eqn:at_b; [| easy].
      apply fresh. exists r'. apply all_saved. eauto.
  - apply and_iff_compat_l. rewrite <- all_saved.
    destruct (find b (snapshots s)) as [[r' ps] |]; [| now split; [| intros [? [=]]]].
    rewrite (equal_means_equal compare_name). split; [intros ->; eauto | now intros [? [= ->]]].
  - easy.
  - now apply claim_is_possible_decides.
Qed.

(** ** Traces *)

Definition possible_after h past (ls : list line) : Prop :=
  forall before l after, ls = before ++ l :: after -> possible h (rev before ++ past) l.

Lemma the_past_of_a_later_line (l : line) before past :
  rev (l :: before) ++ past = rev before ++ l :: past.
Proof. cbn. now rewrite <- app_assoc. Qed.

Lemma possible_after_each_line h past l ls :
  possible_after h past (l :: ls) <-> possible h past l /\ possible_after h (l :: past) ls.
Proof.
  split.
  - intros all. split; [exact (all [] l ls eq_refl) |]. intros before l' after ->.
    rewrite <- the_past_of_a_later_line. now apply (all (l :: before) l' after).
  - intros [here rest] [| l' before] l'' after whole; injection whole as <- whole; [exact here |].
    rewrite the_past_of_a_later_line. eapply rest, whole.
Qed.

Lemma nothing_is_always_possible h past : possible_after h past [].
Proof. intros [| l' before] l after [=]. Qed.

Lemma possible_lines_are_possible_after_nothing h ls :
  trace.possible_lines compare_name h ls <-> possible_after h [] ls.
Proof.
  unfold trace.possible_lines, possible_after.
  split; intros all before l after whole; specialize (all before l after whole);
    rewrite app_nil_r in *; exact all.
Qed.

Local Notation judge_lines := (judge_lines compare_name compare_value null).
Local Notation found := (found compare_name compare_value null).

Section Lines.
Context (h : header Name).
Context (is_well_formed : well_formed_header compare_name h = true).

Local Lemma replicas_rise : rising compare_name (replicas h) = true.
Proof. now apply andb_true_iff in is_well_formed. Qed.

Local Lemma objects_are_sorted : sorted compare_name (objects h) = true.
Proof. now apply andb_true_iff in is_well_formed. Qed.

Definition stands past s : Prop := models past s /\ knows_hashes h past s.

Lemma the_start_stands : stands [] start.
Proof.
  split; [apply the_start_models_nothing |]. exists []. split; [constructor |].
  now intros law x.
Qed.

Lemma each_line_stands past l s :
  possible h past l ->
  stands past s ->
  stands (l :: past) (step h l s).
Proof.
  intros is_possible [is_model knows]. split; [now apply each_line_is_modelled |].
  now apply hashes_are_kept; try apply objects_are_sorted.
Qed.

Lemma possible_lines_stand ls past s :
  possible_after h past ls ->
  stands past s ->
  exists s', stands (rev ls ++ past) s'.
Proof.
  revert past s. induction ls as [| l ls IH]; intros past s all is_standing; [now exists s |].
  apply possible_after_each_line in all as [here rest]. rewrite the_past_of_a_later_line.
  apply (IH _ (step h l s) rest). now apply each_line_stands.
Qed.

Lemma findings_here_or_later l past s rest p broken :
  possible h past l ->
  stands past s ->
  In (p, broken) (findings (found l h s rest)) <->
  (exists c, l = Claims c /\ p = number past /\ breaks h past c broken) \/
  In (p, broken) (findings rest).
Proof.
  intros is_possible [is_model knows].
  destruct l as [| | | | | | | | c]; cbn;
    try (split; [now right | intros [(c & [=] & _) | later]; exact later]).
  destruct (each_claim_is_judged h past s c objects_are_sorted is_possible is_model knows)
    as [_ if_false].
  pose proof is_model as [(at_number & _) _ _ _ _]. rewrite at_number.
  destruct (judge_claim h c s) as [broken' |].
  - cbn. split.
    + intros [[= <- <-] | later]; [left | now right]. exists c.
      repeat split. now apply if_false.
    + intros [(c' & [= <-] & -> & is_broken) | later]; [left | now right].
      apply if_false in is_broken. congruence.
  - split; [now right |]. intros [(c' & [= <-] & -> & is_broken) | later]; [| exact later].
    now apply if_false in is_broken.
Qed.

Lemma findings_of_lines ls past s p broken :
  stands past s ->
  In (p, broken) (findings (judge_lines h ls s)) <->
  exists before c after,
    ls = before ++ Claims c :: after /\
    p = number (rev before ++ past) /\
    possible_after h past (before ++ [Claims c]) /\
    breaks h (rev before ++ past) c broken.
Proof.
  revert past s. induction ls as [| l ls IH]; intros past s is_standing; cbn.
  - split; [easy |]. now intros ([| ? ?] & c & after & [=] & _).
  - pose proof (is_possible_decides h past l s replicas_rise (proj1 is_standing)) as decides.
    destruct (is_possible compare_name h l s).
    + pose proof (proj1 decides eq_refl) as is_possible.
      rewrite (findings_here_or_later l past) by assumption.
      rewrite (IH (l :: past)) by now apply each_line_stands. split.
      * intros [(c & -> & -> & is_broken) | (before & c & after & -> & -> & all & is_broken)].
        -- exists [], c, ls. repeat split; [| exact is_broken].
           apply possible_after_each_line. split; [exact is_possible |].
           apply nothing_is_always_possible.
        -- exists (l :: before), c, after. rewrite the_past_of_a_later_line.
           repeat split; [| exact is_broken]. now apply possible_after_each_line.
      * intros ([| l' before] & c & after & whole & -> & all & is_broken);
          injection whole as -> ->.
        -- left. now exists c.
        -- right. rewrite the_past_of_a_later_line in *. exists before, c, after.
           repeat split; [| exact is_broken]. now apply possible_after_each_line in all.
    + split; [easy |].
      intros ([| l' before] & c & after & whole & -> & all & is_broken); injection whole as -> ->;
        apply possible_after_each_line in all as [here _]; now apply decides in here.
Qed.

Lemma stopping_of_lines ls past s p :
  stands past s ->
  stopped_at (judge_lines h ls s) = Some p <->
  exists before l after,
    ls = before ++ l :: after /\
    p = number (rev before ++ past) /\
    possible_after h past before /\
    ~ possible h (rev before ++ past) l.
Proof.
  revert past s. induction ls as [| l ls IH]; intros past s is_standing; cbn.
  - split; [easy |]. now intros ([| l' before] & l & after & [=] & _).
  - pose proof (is_possible_decides h past l s replicas_rise (proj1 is_standing)) as decides.
    destruct (is_possible compare_name h l s).
    + pose proof (proj1 decides eq_refl) as is_possible.
      replace (stopped_at (found l h s (judge_lines h ls (step h l s))))
        with (stopped_at (judge_lines h ls (step h l s))) by now destruct l.
      rewrite (IH (l :: past)) by now apply each_line_stands. split.
      * intros (before & l' & after & -> & -> & all & is_not). exists (l :: before), l', after.
        rewrite the_past_of_a_later_line. repeat split; [| exact is_not].
        now apply possible_after_each_line.
      * intros ([| l' before] & l'' & after & whole & -> & all & is_not); injection whole as -> ->;
          [contradiction |].
        rewrite the_past_of_a_later_line in *. exists before, l'', after.
        repeat split; [| exact is_not]. now apply possible_after_each_line in all.
    + assert (is_not : ~ possible h past l) by (intros here; now apply decides in here).
      pose proof (proj1 is_standing) as [(at_number & _) _ _ _ _]. cbn. rewrite at_number. split.
      * intros [= <-]. exists [], l, ls. repeat split; [| exact is_not].
        apply nothing_is_always_possible.
      * intros ([| l' before] & l'' & after & whole & -> & all & _); [reflexivity |].
        injection whole as -> ->. now apply possible_after_each_line in all.
Qed.

Lemma not_stopping_at_lines ls past s :
  stands past s ->
  stopped_at (judge_lines h ls s) = None <-> possible_after h past ls.
Proof.
  revert past s. induction ls as [| l ls IH]; intros past s is_standing; cbn.
  - split; [intros _; apply nothing_is_always_possible | reflexivity].
  - pose proof (is_possible_decides h past l s replicas_rise (proj1 is_standing)) as decides.
    rewrite possible_after_each_line. destruct (is_possible compare_name h l s).
    + replace (stopped_at (found l h s (judge_lines h ls (step h l s))))
        with (stopped_at (judge_lines h ls (step h l s))) by now destruct l.
      rewrite (IH (l :: past)) by (apply each_line_stands; [now apply decides | assumption]).
      tauto.
    + split; [easy |]. intros [here _]. now apply decides in here.
Qed.

Lemma claims_of_lines ls s :
  stopped_at (judge_lines h ls s) = None ->
  judged (judge_lines h ls s) = 0 <-> ~ exists c, In (Claims c) ls.
Proof.
  revert s. induction ls as [| l ls IH]; intros s; cbn.
  - now split; [intros _ (c & []) |].
  - destruct (is_possible compare_name h l s); [| easy].
    destruct l as [| | | | | | | | c]; cbn; intros not_stopped;
      try (rewrite (IH _ not_stopped); split; intros none (c & found); apply none; exists c;
        [now destruct found | now right]).
    split; [lia |]. intros none. destruct none. exists c. now left.
Qed.
End Lines.

Local Notation judge := (judge compare_name compare_value null).
Local Notation possible_lines := (possible_lines compare_name).
Local Notation well_formed_header := (well_formed_header compare_name).

(** The findings are exactly the false claims, each under the rule that it breaks, up to where
    the history stops being possible. *)
Theorem the_judge_finds_exactly_the_false_claims h ls p broken :
  well_formed_header h = true ->
  In (p, broken) (findings (judge h ls)) <->
  exists before c after,
    ls = before ++ Claims c :: after /\
    p = number (rev before) /\
    possible_lines h (before ++ [Claims c]) /\
    breaks h (rev before) c broken.
Proof.
  intros is_well_formed. unfold judge.judge. rewrite is_well_formed.
  rewrite (findings_of_lines h is_well_formed ls [] start p broken (the_start_stands h)).
  split; intros (before & c & after & whole & at_p & all & is_broken); exists before, c, after;
    rewrite app_nil_r, possible_lines_are_possible_after_nothing in *; auto.
Qed.

(** The judge stops exactly at the first line that is not possible. *)
Theorem the_judge_stops_at_the_first_impossible_line h ls p :
  well_formed_header h = true ->
  stopped_at (judge h ls) = Some p <->
  exists before l after,
    ls = before ++ l :: after /\
    p = number (rev before) /\
    possible_lines h before /\
    ~ possible h (rev before) l.
Proof.
  intros is_well_formed. unfold judge.judge. rewrite is_well_formed.
  rewrite (stopping_of_lines h is_well_formed ls [] start p (the_start_stands h)).
  split; intros (before & l & after & whole & at_p & all & is_not); exists before, l, after;
    rewrite app_nil_r, possible_lines_are_possible_after_nothing in *; auto.
Qed.

Lemma a_claim_agrees_or_breaks_a_rule h before c :
  well_formed_header h = true ->
  possible_lines h (before ++ [Claims c]) ->
  agrees h (rev before) c /\ (forall broken, ~ breaks h (rev before) c broken) \/
  ~ agrees h (rev before) c /\ exists broken, breaks h (rev before) c broken.
Proof.
  intros is_well_formed all.
  assert (here : possible_claim compare_name h c).
  { exact (all before (Claims c) [] eq_refl). }
  assert (earlier : possible_after h [] before).
  { apply possible_lines_are_possible_after_nothing. intros b l a ->.
    apply (all b l (a ++ [Claims c])). now rewrite <- app_assoc. }
  destruct (possible_lines_stand h is_well_formed before [] start earlier (the_start_stands h))
    as (s & is_model & knows).
  rewrite app_nil_r in is_model, knows.
  destruct (each_claim_is_judged h (rev before) s c (objects_are_sorted h is_well_formed)
    here is_model knows) as [if_true if_false].
  rewrite <- if_true. destruct (judge_claim h c s) as [broken |]; [right | left].
  - split; [easy |]. exists broken. now apply if_false.
  - split; [reflexivity |]. intros broken is_broken. now apply if_false in is_broken.
Qed.

(** A claim of a possible trace agrees with the definitions exactly if it breaks no rule. *)
Theorem a_claim_agrees_if_it_breaks_no_rule h before c :
  well_formed_header h = true ->
  possible_lines h (before ++ [Claims c]) ->
  agrees h (rev before) c <-> forall broken, ~ breaks h (rev before) c broken.
Proof.
  intros is_well_formed all.
  destruct (a_claim_agrees_or_breaks_a_rule h before c is_well_formed all)
    as [both | [is_false (broken & is_broken)]]; [tauto |].
  split; [contradiction |]. intros none. destruct (none broken is_broken).
Qed.

Lemma lines_up_to_one_are_possible h ls before c after :
  possible_lines h ls ->
  ls = before ++ Claims c :: after ->
  possible_lines h (before ++ [Claims c]).
Proof.
  intros all -> b l a whole. apply (all b l (a ++ after)).
  change (before ++ Claims c :: after) with (before ++ [Claims c] ++ after).
  now rewrite app_assoc, whole, <- app_assoc.
Qed.

(** A trace is ill-formed exactly if something in it is not possible. *)
Theorem a_trace_is_ill_formed_if_it_is_impossible h ls :
  verdict_of (judge h ls) = Ill_formed <->
  ~ (well_formed_header h = true /\ possible_lines h ls).
Proof.
  unfold judge.judge. destruct (well_formed_header h) eqn:is_well_formed; [| cbn; easy].
  pose proof (not_stopping_at_lines h is_well_formed ls [] start (the_start_stands h)) as goes_on.
  rewrite <- possible_lines_are_possible_after_nothing in goes_on.
  unfold verdict_of. destruct (stopped_at (judge_lines h ls start)) as [p |].
  - split; [intros _ [_ all] | reflexivity]. now apply goes_on in all.
  - split; [| intros impossible; destruct impossible; split; [reflexivity | now apply goes_on]].
    destruct (findings _); [destruct (_ =? _) |]; easy.
Qed.

Lemma findings_of_a_possible_trace h ls :
  well_formed_header h = true ->
  possible_lines h ls ->
  findings (judge h ls) = [] <->
  forall before c after, ls = before ++ Claims c :: after -> agrees h (rev before) c.
Proof.
  intros is_well_formed all.
  pose proof (fun p broken =>
    the_judge_finds_exactly_the_false_claims h ls p broken is_well_formed) as finds.
  split.
  - intros none before c after whole.
    pose proof (lines_up_to_one_are_possible h ls before c after all whole) as up_to.
    apply (a_claim_agrees_if_it_breaks_no_rule h before c is_well_formed up_to).
    intros broken is_broken.
    assert (found : In (number (rev before), broken) (findings (judge h ls))).
    { apply finds. now exists before, c, after. }
    now rewrite none in found.
  - intros all_agree. destruct (findings (judge h ls)) as [| [p broken] rest]; [reflexivity |].
    destruct (proj1 (finds p broken) (or_introl eq_refl))
      as (before & c & after & whole & _ & up_to & is_broken).
    destruct (proj1 (a_claim_agrees_if_it_breaks_no_rule h before c is_well_formed up_to)
      (all_agree before c after whole) broken is_broken).
Qed.

(** A possible trace is a discrepancy exactly if a claim of it does not agree. *)
Theorem a_trace_is_a_discrepancy_if_a_claim_disagrees h ls :
  verdict_of (judge h ls) = Discrepancy <->
  well_formed_header h = true /\
  possible_lines h ls /\
  exists before c after, ls = before ++ Claims c :: after /\ ~ agrees h (rev before) c.
Proof.
  destruct (well_formed_header h) eqn:is_well_formed;
    [| unfold judge.judge; rewrite is_well_formed; now split; [| intros [? _]]].
  pose proof (a_trace_is_ill_formed_if_it_is_impossible h ls) as ill_formed.
  rewrite is_well_formed in ill_formed.
  pose proof (fun p broken =>
    the_judge_finds_exactly_the_false_claims h ls p broken is_well_formed) as finds.
  pose proof (findings_of_a_possible_trace h ls is_well_formed) as no_findings.
  pose proof (not_stopping_at_lines h is_well_formed ls [] start (the_start_stands h)) as goes_on.
  rewrite <- possible_lines_are_possible_after_nothing in goes_on.
  assert (unfolded : judge h ls = judge_lines h ls start)
    by (unfold judge.judge; now rewrite is_well_formed).
  rewrite <- unfolded in goes_on. unfold verdict_of.
  destruct (stopped_at (judge h ls)) as [p |].
  { split; [easy |]. intros (_ & all & _). now apply goes_on in all. }
  pose proof (proj1 goes_on eq_refl) as all.
  destruct (findings (judge h ls)) as [| [p broken] rest].
  - split; [now destruct (_ =? _) |]. intros (_ & _ & before & c & after & whole & is_false).
    destruct is_false. now apply (proj1 (no_findings all) eq_refl before c after).
  - split; [intros _ | reflexivity]. repeat split; [exact all |].
    destruct (proj1 (finds p broken) (or_introl eq_refl))
      as (before & c & after & whole & _ & up_to & is_broken).
    exists before, c, after. split; [exact whole |]. intros does_agree.
    now apply (proj1 (a_claim_agrees_if_it_breaks_no_rule h before c is_well_formed up_to)
      does_agree broken).
Qed.

(** T10: a trace conforms exactly if its history is possible, it makes a claim, and every claim
    agrees with the definitions. *)
Theorem a_trace_conforms_if_every_claim_agrees h ls :
  verdict_of (judge h ls) = Conforms <->
  well_formed_header h = true /\
  possible_lines h ls /\
  (exists c, In (Claims c) ls) /\
  (forall before c after, ls = before ++ Claims c :: after -> agrees h (rev before) c).
Proof.
  destruct (well_formed_header h) eqn:is_well_formed;
    [| unfold judge.judge; rewrite is_well_formed; now split; [| intros [? _]]].
  pose proof (findings_of_a_possible_trace h ls is_well_formed) as no_findings.
  pose proof (not_stopping_at_lines h is_well_formed ls [] start (the_start_stands h)) as goes_on.
  rewrite <- possible_lines_are_possible_after_nothing in goes_on.
  pose proof (claims_of_lines h ls start) as claims.
  assert (unfolded : judge h ls = judge_lines h ls start)
    by (unfold judge.judge; now rewrite is_well_formed).
  rewrite <- unfolded in goes_on, claims. unfold verdict_of.
  destruct (stopped_at (judge h ls)) as [p |].
  { split; [easy |]. intros (_ & all & _). now apply goes_on in all. }
  pose proof (proj1 goes_on eq_refl) as all. specialize (claims eq_refl).
  specialize (no_findings all).
  destruct (findings (judge h ls)) as [| finding rest].
  - destruct (N.eqb_spec (judged (judge h ls)) 0) as [none | some].
    + split; [easy |]. intros (_ & _ & some & _). now apply claims in none.
    + split; [intros _ | reflexivity]. repeat split; [exact all | | now apply no_findings].
      destruct (existsb (fun l => match l with Claims _ => true | _ => false end) ls) eqn:any.
      * apply existsb_exists in any as (l & l_in & is_claim). destruct l; try easy. now exists c.
      * exfalso. apply some, claims. intros (c & c_in). apply not_true_iff_false in any.
        apply any, existsb_exists. now exists (Claims c).
  - split; [easy |]. intros (_ & _ & _ & all_agree). now apply no_findings in all_agree.
Qed.
End Judge.
