(** What the definitions imply in every history.

    A finite history has, above each decision, a maximal one. So an element is in a set exactly
    if some maximal decision on it is an add, and a decision that saw all others on its key and
    takes effect closes the key. What is seen is a cut of the history, and cuts have unions. *)

From Coq Require Import List Bool NArith Lia Permutation.
From Rejoin Require Import order order_proof sorted_map dot dot_proof definition.
Import ListNotations.
Open Scope N_scope.

Lemma fewer_pass_a_stronger_filter {A : Type} (p q : A -> bool) (items : list A) :
  (forall x, In x items -> p x = true -> q x = true) ->
  (length (filter p items) <= length (filter q items))%nat.
Proof.
  induction items as [| x rest IH]; intros stronger; [easy |].
  assert (length (filter p rest) <= length (filter q rest))%nat
    by (apply IH; intros; apply stronger; cbn; auto).
  cbn. destruct (p x) eqn:px.
  - rewrite (stronger x) by (cbn; auto). cbn. lia.
  - destruct (q x); cbn; lia.
Qed.

Lemma a_witness_makes_it_strictly_fewer {A : Type} (p q : A -> bool) (items : list A) x :
  (forall y, In y items -> p y = true -> q y = true) ->
  In x items ->
  p x = false ->
  q x = true ->
  (length (filter p items) < length (filter q items))%nat.
Proof.
  induction items as [| y rest IH]; intros stronger there px qx; [easy |].
  assert (length (filter p rest) <= length (filter q rest))%nat
    by (apply fewer_pass_a_stronger_filter; intros; apply stronger; cbn; auto).
  destruct there as [-> | there]; cbn.
  - rewrite px, qx. cbn. lia.
  - assert (length (filter p rest) < length (filter q rest))%nat
      by (apply IH; auto; intros; apply stronger; cbn; auto).
    destruct (p y) eqn:py; [rewrite (stronger y) by (cbn; auto) |]; [| destruct (q y)];
      cbn; lia.
Qed.

Lemma same_members_exist {A : Type} (p : A -> bool) (a b : list A) :
  (forall x, p x = true -> In x a <-> In x b) ->
  existsb p a = existsb p b.
Proof.
  intros same. apply Bool.eq_true_iff_eq. rewrite !existsb_exists.
  split; intros (x & there & px); exists x; split; auto; apply (same x px); auto.
Qed.

Lemma NoDup_app_if_disjoint {A : Type} (a b : list A) :
  NoDup a ->
  NoDup b ->
  (forall x, In x a -> ~ In x b) ->
  NoDup (a ++ b).
Proof.
  intros distinct_a distinct_b disjoint. induction distinct_a as [| x a new _ IH]; cbn; auto.
  constructor.
  - rewrite in_app_iff. intros [there | there]; [auto |]. apply (disjoint x); cbn; auto.
  - apply IH. intros y there. apply disjoint. cbn. auto.
Qed.

Lemma NoDup_flat_map_if_disjoint {A B : Type} (f : A -> list B) (items : list A) :
  NoDup items ->
  (forall x, In x items -> NoDup (f x)) ->
  (forall x y b, In x items -> In y items -> In b (f x) -> In b (f y) -> x = y) ->
  NoDup (flat_map f items).
Proof.
  intros distinct each disjoint. induction distinct as [| x items new _ IH]; cbn; [constructor |].
  apply NoDup_app_if_disjoint.
  - apply each. now left.
  - apply IH; intros; [apply each | apply (disjoint _ _ b)]; cbn; auto.
  - intros b in_x (y & y_in & in_y)%in_flat_map. apply new.
    rewrite (disjoint x y b); cbn; auto.
Qed.

Lemma filtering_keeps_permutations {A : Type} (p : A -> bool) (a b : list A) :
  Permutation a b ->
  Permutation (filter p a) (filter p b).
Proof.
  induction 1; cbn; [constructor | | | etransitivity; eassumption].
  - destruct (p x); [now constructor | assumption].
  - destruct (p x), (p y); reflexivity || constructor.
Qed.

Lemma filtering_twice {A : Type} (p q : A -> bool) (items : list A) :
  filter q (filter p items) = filter (fun x => p x && q x) items.
Proof.
  induction items as [| x items IH]; cbn; [reflexivity |].
  destruct (p x); cbn; [destruct (q x) |]; congruence.
Qed.

Lemma filtering_all {A : Type} (p : A -> bool) (items : list A) :
  (forall x, In x items -> p x = true) ->
  filter p items = items.
Proof.
  induction items as [| x items IH]; intros all; [reflexivity |]. cbn.
  rewrite (all x) by now left. f_equal. apply IH. intros. apply all. now right.
Qed.

Lemma filtering_none {A : Type} (p : A -> bool) (items : list A) :
  (forall x, In x items -> p x = false) ->
  filter p items = [].
Proof.
  induction items as [| x items IH]; intros none; [reflexivity |]. cbn.
  rewrite (none x) by now left. apply IH. intros. apply none. now right.
Qed.

Lemma distinct_images {A B : Type} (f : A -> B) (items : list A) :
  NoDup items ->
  (forall x y, In x items -> In y items -> f x = f y -> x = y) ->
  NoDup (map f items).
Proof.
  intros distinct injective. induction distinct as [| x items new _ IH]; cbn; constructor.
  - intros (y & same & there)%in_map_iff. apply new.
    rewrite (injective x y); cbn; auto.
  - apply IH. intros y z y_in z_in. apply injective; now right.
Qed.

Lemma a_member_is_in_the_list {A : Type} (compare : A -> A -> comparison)
    {lawful : ordered compare} x (items : list A) :
  member compare x items = true ->
  In x items.
Proof.
  induction items as [| y rest IH]; cbn; [easy |].
  destruct (any_two_compare compare x y); subst; auto; easy.
Qed.

Section Histories.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Local Notation event := (event Name Value).
Local Notation sees := (sees compare_name).
Context (H : list event) (happened : history compare_name H).

Lemma what_is_seen_is_listed (e f : event) :
  sees e f = true ->
  In (dot_of f) (saw e).
Proof using lawful_names. apply a_member_is_in_the_list. typeclasses eauto. Qed.

Lemma what_a_cut_saw_is_in_it E e f :
  cut H E ->
  In e E ->
  In f H ->
  sees e f = true ->
  In f E.
Proof using happened lawful_names.
  intros [past _ complete] e_in f_in seen.
  destruct (complete e (dot_of f) e_in (what_is_seen_is_listed e f seen)) as (g & g_in & same).
  rewrite <- (dots_are_unique _ _ happened g f); auto.
Qed.

Lemma events_see_transitively e f g :
  In e H ->
  In f H ->
  sees e f = true ->
  sees f g = true ->
  sees e g = true.
Proof using happened. intros. eapply (seeing_is_transitive _ _ happened e f); eauto. Qed.

(** ** Cuts *)

Theorem the_empty_cut : cut H [].
Proof. split; [easy | constructor | easy]. Qed.

Lemma same_events_are_equal e f :
  In e H ->
  In f H ->
  same_event compare_name e f = true ->
  e = f.
Proof using happened lawful_names.
  intros e_in f_in same. apply andb_prop in same as [_ same].
  destruct (equal_is_equality (compare_dot compare_name) (dot_of e) (dot_of f)); [| easy].
  now apply (dots_are_unique _ _ happened).
Qed.

Lemma an_event_is_there_exactly_if_it_is_found E f :
  incl E H ->
  In f H ->
  has_event compare_name E f = true <-> In f E.
Proof using happened lawful_names.
  intros past f_in. unfold has_event. rewrite existsb_exists. split.
  - intros (e & e_in & same). rewrite (same_events_are_equal f e); auto.
  - intros there. exists f. split; [exact there |]. unfold same_event.
    now rewrite (equal_to_itself compare_name), (equal_to_itself (compare_dot compare_name)).
Qed.

Lemma a_union_has_the_events_of_both E F f :
  incl E H ->
  incl F H ->
  In f (union_events compare_name E F) <-> In f E \/ In f F.
Proof using happened lawful_names.
  intros past_e past_f. unfold union_events. rewrite in_app_iff, filter_In.
  split; [tauto |]. intros [there | there]; [tauto |].
  destruct (has_event compare_name E f) eqn:found; [left | right; auto].
  apply (an_event_is_there_exactly_if_it_is_found E f); auto.
Qed.

Theorem the_union_of_cuts_is_a_cut E F :
  cut H E ->
  cut H F ->
  cut H (union_events compare_name E F).
Proof using happened lawful_names.
  intros [past_e distinct_e closed_e] [past_f distinct_f closed_f]. split.
  - intros e. rewrite a_union_has_the_events_of_both by auto. intros []; auto.
  - unfold union_events. apply NoDup_app_if_disjoint; auto.
    + now apply NoDup_filter.
    + intros e there. rewrite filter_In. intros [e_in missing].
      apply an_event_is_there_exactly_if_it_is_found in there; auto.
      now rewrite there in missing.
  - intros e d. rewrite a_union_has_the_events_of_both by auto.
    intros [there | there] seen;
      [destruct (closed_e e d there seen) as (f & f_in & same)
      | destruct (closed_f e d there seen) as (f & f_in & same)];
      exists f; rewrite a_union_has_the_events_of_both by auto; auto.
Qed.

(** ** Maximal decisions *)

Section Decisions.
Context {K Effect : Type}.
Context (compare_key : K -> K -> comparison) {lawful_keys : ordered compare_key}.
Context (compare_effect : Effect -> Effect -> comparison).
Context {lawful_effects : ordered compare_effect}.
Context (reading : operation Name Value -> option (K * (N * Effect))).
Local Notation decides := (decides compare_key reading).
Local Notation maximal := (maximal compare_name compare_key reading).

Lemma maximal_means_seen_by_no_decision E k e :
  maximal E k e = true <->
  decides k e = true /\ forall f, In f E -> decides k f = true -> sees f e = false.
Proof.
  unfold definition.maximal. rewrite andb_true_iff, negb_true_iff. split.
  - intros [decision unseen]. split; [exact decision |]. intros f there f_decides.
    destruct (sees f e) eqn:seen; [| reflexivity].
    rewrite <- unseen. symmetry. apply existsb_exists. exists f. now rewrite f_decides, seen.
  - intros [decision unseen]. split; [exact decision |].
    destruct (existsb _ E) eqn:found; [| reflexivity].
    apply existsb_exists in found as (f & there & both). apply andb_prop in both as [d s].
    now rewrite (unseen f) in s.
Qed.

(** Maximality on a key is a matter of the decisions on it. *)
Lemma maximal_depends_only_on_the_decisions E F k e :
  (forall f, decides k f = true -> In f E <-> In f F) ->
  maximal E k e = maximal F k e.
Proof.
  intros same. unfold definition.maximal. do 2 f_equal. apply same_members_exist.
  intros f both. apply andb_prop in both as [decision _]. auto.
Qed.

Theorem every_decision_is_below_a_maximal_one E k e :
  incl E H ->
  In e E ->
  decides k e = true ->
  exists m,
    In m E /\
    maximal E k m = true /\
    (m = e \/ sees m e = true).
Proof using happened.
  intros past. set (above := fun e f => decides k f && sees f e).
  enough (forall size e,
    (length (filter (above e) E) < size)%nat -> In e E -> decides k e = true ->
    exists m, In m E /\ maximal E k m = true /\ (m = e \/ sees m e = true)) as bounded.
  { intros. apply (bounded (S (length (filter (above e) E)))); auto. }
  clear e. induction size as [| size IH]; intros e small e_in decision; [lia |].
  destruct (existsb (above e) E) eqn:found.
  - apply existsb_exists in found as (f & f_in & [f_decides seen]%andb_prop).
    assert (length (filter (above f) E) < length (filter (above e) E))%nat as fewer.
    { apply a_witness_makes_it_strictly_fewer with (x := f); unfold above; auto.
      - intros g g_in [g_decides sees_f]%andb_prop. rewrite g_decides. cbn.
        apply (events_see_transitively g f e); auto.
      - rewrite f_decides. cbn. apply (nothing_sees_itself _ _ happened). auto.
      - now rewrite f_decides. }
    destruct (IH f) as (m & m_in & m_maximal & m_above); auto; [lia |].
    exists m. repeat split; auto. right.
    destruct m_above as [-> | m_above]; [exact seen |].
    apply (events_see_transitively m f e); auto.
  - exists e. repeat split; auto. unfold definition.maximal, above in *.
    now rewrite decision, found.
Qed.

(** A decision that saw all others on its key, and whose effect is the current one, closes the
    key. *)
Theorem a_decision_that_saw_all_others_and_takes_effect_closes_its_key
    (current : K -> Effect) E k e :
  incl E H ->
  In e E ->
  (forall f, In f E -> decides k f = true -> f = e \/ sees e f = true) ->
  has_effect compare_key compare_effect reading k (current k) e = true ->
  open compare_name compare_key compare_effect reading current E k = false.
Proof using happened.
  intros past e_in saw_all takes_effect. unfold open.
  destruct (existsb _ E) eqn:found; [| reflexivity].
  apply existsb_exists in found as (f & f_in & [f_maximal other]%andb_prop).
  apply maximal_means_seen_by_no_decision in f_maximal as [f_decides unseen].
  destruct (saw_all f f_in f_decides) as [-> | seen]; [now rewrite takes_effect in other |].
  rewrite (unseen e) in seen; auto.
  unfold decides, has_effect in *. now destruct (effect_on compare_key reading k e).
Qed.
End Decisions.
(** ** Sets *)

Local Notation set_decides := (decides compare_name set_reading).
Local Notation maximal_in_set := (maximal compare_name compare_name set_reading).

Lemma an_add_has_the_effect_added (x : Name) (e : event) :
  is_add compare_name x e = has_effect compare_name compare_presence set_reading x Added e.
Proof.
  unfold is_add, has_effect, effect_on, set_reading.
  destruct (operation_of e); try reflexivity; now destruct (equal compare_name x element).
Qed.

Lemma a_remove_has_the_effect_removed (x : Name) (e : event) :
  is_remove compare_name x e = has_effect compare_name compare_presence set_reading x Removed e.
Proof.
  unfold is_remove, has_effect, effect_on, set_reading.
  destruct (operation_of e); try reflexivity; now destruct (equal compare_name x element).
Qed.

Lemma a_set_decision_adds_or_removes (x : Name) (e : event) :
  set_decides x e = is_add compare_name x e || is_remove compare_name x e.
Proof.
  unfold decides, effect_on, is_add, is_remove, set_reading.
  destruct (operation_of e); try reflexivity; now destruct (equal compare_name x element).
Qed.

Theorem an_element_is_in_exactly_if_some_maximal_decision_adds_it E x :
  incl E H ->
  in_set compare_name E x = true <->
  exists e, In e E /\ maximal_in_set E x e = true /\ is_add compare_name x e = true.
Proof using happened.
  intros past. unfold in_set. rewrite existsb_exists. split.
  - intros (a & a_in & [adds no_remove]%andb_prop).
    assert (set_decides x a = true) as decision
      by (rewrite a_set_decision_adds_or_removes, adds; reflexivity).
    destruct (every_decision_is_below_a_maximal_one compare_name set_reading E x a)
      as (m & m_in & m_maximal & above); auto.
    exists m. repeat split; auto. destruct above as [-> | seen]; [exact adds |].
    apply maximal_means_seen_by_no_decision in m_maximal as [m_decides _].
    rewrite a_set_decision_adds_or_removes in m_decides.
    apply orb_prop in m_decides as [| removes]; [assumption |].
    exfalso. apply negb_true_iff in no_remove. rewrite <- not_true_iff_false in no_remove.
    apply no_remove, existsb_exists. exists m. now rewrite removes, seen.
  - intros (a & a_in & is_max & adds). exists a. split; [exact a_in |]. rewrite adds. cbn.
    apply negb_true_iff, not_true_iff_false. intros (r & r_in & [removes seen]%andb_prop)
      %existsb_exists.
    apply maximal_means_seen_by_no_decision in is_max as [_ unseen].
    rewrite (unseen r) in seen; [easy | auto |].
    now rewrite a_set_decision_adds_or_removes, removes, orb_true_r.
Qed.

(** In a set the decision that saw all others takes effect, whichever it is. *)
Theorem a_decision_that_saw_all_others_on_an_element_closes_it E x e :
  incl E H ->
  In e E ->
  set_decides x e = true ->
  (forall f, In f E -> set_decides x f = true -> f = e \/ sees e f = true) ->
  open compare_name compare_name compare_presence set_reading
    (current_presence compare_name E) E x = false.
Proof using happened lawful_names.
  intros past e_in decision saw_all.
  apply a_decision_that_saw_all_others_and_takes_effect_closes_its_key with (e := e); auto.
  assert (maximal_in_set E x e = true) as is_max.
  { apply maximal_means_seen_by_no_decision. split; [exact decision |].
    intros f f_in f_decides. destruct (sees f e) eqn:seen; [| reflexivity].
    destruct (saw_all f f_in f_decides) as [-> | back].
    - rewrite <- seen. apply (nothing_sees_itself _ _ happened). auto.
    - rewrite <- (nothing_sees_itself _ _ happened e); auto. symmetry.
      apply (events_see_transitively e f e); auto. }
  unfold current_presence. rewrite a_set_decision_adds_or_removes in decision.
  destruct (in_set compare_name E x) eqn:inside.
  - apply an_element_is_in_exactly_if_some_maximal_decision_adds_it in inside
      as (a & a_in & a_maximal & adds); auto.
    rewrite <- an_add_has_the_effect_added.
    apply maximal_means_seen_by_no_decision in a_maximal as [a_decides unseen].
    destruct (saw_all a a_in a_decides) as [-> | seen]; [exact adds |].
    rewrite (unseen e) in seen; auto; [easy |].
    now rewrite a_set_decision_adds_or_removes.
  - rewrite <- a_remove_has_the_effect_removed.
    apply orb_prop in decision as [adds |]; [| assumption].
    rewrite <- not_true_iff_false in inside. exfalso. apply inside.
    apply an_element_is_in_exactly_if_some_maximal_decision_adds_it; eauto.
Qed.

(** In a register or under a key, it does if it is the greatest write. *)
Theorem a_greatest_write_that_saw_all_others_closes_the_register
    (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}
    null E e time v :
  incl E H ->
  In e E ->
  operation_of e = Write time v ->
  (forall f, In f E -> decides compare_unit register_reading tt f = true ->
    f = e \/ sees e f = true) ->
  greatest compare_name compare_value (flat_map register_stamps E)
    = Some (stamp_of e time v) ->
  open compare_name compare_unit compare_value register_reading
    (current_content compare_name compare_value null E) E tt = false.
Proof using happened.
  intros past e_in writes saw_all wins.
  apply a_decision_that_saw_all_others_and_takes_effect_closes_its_key with (e := e); auto.
  unfold has_effect, effect_on, current_content, content. rewrite writes, wins. cbn.
  now rewrite (equal_to_itself compare_value).
Qed.

Theorem a_greatest_write_that_saw_all_others_closes_the_key
    (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}
    null E k e time v :
  incl E H ->
  In e E ->
  operation_of e = Put k time v ->
  (forall f, In f E -> decides compare_name map_reading k f = true ->
    f = e \/ sees e f = true) ->
  greatest compare_name compare_value (flat_map (key_stamps compare_name k) E)
    = Some (stamp_of e time v) ->
  open compare_name compare_name compare_value map_reading
    (content_at compare_name compare_value null E) E k = false.
Proof using happened lawful_names.
  intros past e_in writes saw_all wins.
  apply a_decision_that_saw_all_others_and_takes_effect_closes_its_key with (e := e); auto.
  unfold has_effect, effect_on, content_at. rewrite writes, wins. cbn.
  now rewrite (equal_to_itself compare_name), (equal_to_itself compare_value).
Qed.
End Histories.
