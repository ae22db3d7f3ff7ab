(** The judge finds exactly the claims that disagree with the definitions.

    What the judge keeps is shown to be what a replica has seen, what a message holds and what a
    backup keeps, line by line ([models]); so each test that it computes decides the statement it
    is for. *)

From Coq Require Import List Bool NArith Permutation Lia.
From Rejoin Require Import order sorted_map dot definition trace judge.
From Rejoin Require Import order_proof sorted_map_proof dot_proof trace_proof.
Import ListNotations.
Open Scope N_scope.

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
  destruct a, b; cbn; try easy; rewrite ?N.eqb_eq, ?(equal_means_equal _); split; congruence.
Qed.

Lemma answers_decides_same_answer (a b : answer) :
  answers compare_name compare_value a b = true <-> same_answer a b.
Proof.
  destruct a, b; cbn; try easy; try (rewrite (sorting_decides_reordering _); reflexivity);
    rewrite ?N.eqb_eq, ?(equal_means_equal _); split; congruence.
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
    clear reordered. induction same; constructor; auto; now apply in_order_decides_same_decision.
  - intros (zs & reordered & same). rewrite reordered. apply Permutation_refl'.
    apply mapped_equally_means_one_by_one.
    clear reordered. induction same; constructor; auto; now apply in_order_decides_same_decision.
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
End Judge.
