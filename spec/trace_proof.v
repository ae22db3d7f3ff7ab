(** Laws of traces: what a replica has seen determines its events and all its answers.

    Every definition takes the events that were seen as a list; here it is shown that their order
    does not matter, so that each claim is judged by one answer only. *)

From Coq Require Import List Bool NArith BinInt Permutation Lia.
From Rejoin Require Import order sorted_map dot definition trace.
From Rejoin Require Import order_proof sorted_map_proof dot_proof.
Import ListNotations.
Open Scope N_scope.

(** ** Folds, tests and sets in any order *)

Section Any_order.
Context {A B : Type}.
Implicit Types xs ys : list A.

Lemma folds_are_independent_of_order (f : A -> B -> B) start xs ys :
  (forall x y acc, f x (f y acc) = f y (f x acc)) ->
  Permutation xs ys ->
  fold_right f start xs = fold_right f start ys.
Proof. intros swaps. induction 1; cbn; congruence. Qed.

Lemma existsb_is_independent_of_order (p q : A -> bool) xs ys :
  (forall x, p x = q x) ->
  Permutation xs ys ->
  existsb p xs = existsb q ys.
Proof.
  intros same reordered. apply eq_iff_eq_true. rewrite !existsb_exists.
  split; intros (x & x_in & holds); exists x; split.
  - now apply (Permutation_in _ reordered).
  - now rewrite <- same.
  - now apply (Permutation_in _ (Permutation_sym reordered)).
  - now rewrite same.
Qed.

Lemma forallb_is_independent_of_order (p q : A -> bool) xs ys :
  (forall x, p x = q x) ->
  Permutation xs ys ->
  forallb p xs = forallb q ys.
Proof.
  intros same reordered. apply eq_iff_eq_true. rewrite !forallb_forall.
  split; intros all x x_in; [rewrite <- same | rewrite same]; apply all.
  - now apply (Permutation_in _ (Permutation_sym reordered)).
  - now apply (Permutation_in _ reordered).
Qed.

Lemma filter_keeps_reordering (p q : A -> bool) xs ys :
  (forall x, p x = q x) ->
  Permutation xs ys ->
  Permutation (filter p xs) (filter q ys).
Proof.
  intros same reordered. rewrite (filter_ext p q same). clear p same.
  induction reordered as [| x xs ys _ IH | x y xs | xs ys zs _ IH _ IH']; cbn.
  - reflexivity.
  - destruct (q x); [now constructor | exact IH].
  - destruct (q x), (q y); try reflexivity. apply perm_swap.
  - now rewrite IH.
Qed.

Lemma flat_map_keeps_reordering (f : A -> list B) xs ys :
  Permutation xs ys ->
  Permutation (flat_map f xs) (flat_map f ys).
Proof. apply Permutation_flat_map. Qed.

Lemma sets_are_independent_of_order (compare : A -> A -> comparison) {lawful : ordered compare}
    xs ys :
  Permutation xs ys ->
  set_of compare xs = set_of compare ys.
Proof.
  intros reordered. apply (equal_content_makes_equal_rising_lists compare);
    [apply set_of_is_rising.. |]; try assumption.
  intros x. rewrite !(in_set_of compare).
  split; apply Permutation_in; [assumption | now symmetry].
Qed.
End Any_order.

(** ** Definitions in any order *)

Section Definitions.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_name : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_value : ordered compare_value}.
Context (null : Value).
Local Notation event := (event Name Value).
Context (E F : list event) (reordered : Permutation E F).

Lemma count_is_independent_of_order : count E = count F.
Proof.
  apply folds_are_independent_of_order; [intros; lia |]. now apply Permutation_map.
Qed.

Lemma in_set_is_independent_of_order x : in_set compare_name E x = in_set compare_name F x.
Proof.
  apply existsb_is_independent_of_order; [| assumption]. intros e. do 2 f_equal.
  now apply existsb_is_independent_of_order.
Qed.

Lemma elements_are_independent_of_order : elements compare_name E = elements compare_name F.
Proof.
  unfold elements.
  rewrite (sets_are_independent_of_order compare_name (flat_map added E) (flat_map added F))
    by now apply flat_map_keeps_reordering.
  apply filter_ext, in_set_is_independent_of_order.
Qed.

Lemma greatest_is_independent_of_order xs ys :
  Permutation xs ys ->
  greatest compare_name compare_value xs = greatest compare_name compare_value ys.
Proof.
  apply folds_are_independent_of_order. intros x y acc.
  assert (ordered (compare_stamp compare_name compare_value)) by (unfold compare_stamp; exact _).
  rewrite <- !(greater_option_is_associative _).
  f_equal. now apply greater_option_is_commutative.
Qed.

Lemma content_is_independent_of_order :
  content compare_name compare_value null E = content compare_name compare_value null F.
Proof.
  unfold content. f_equal. now apply greatest_is_independent_of_order, flat_map_keeps_reordering.
Qed.

Lemma content_at_is_independent_of_order k :
  content_at compare_name compare_value null E k = content_at compare_name compare_value null F k.
Proof.
  unfold content_at. f_equal.
  now apply greatest_is_independent_of_order, flat_map_keeps_reordering.
Qed.

Lemma entries_are_independent_of_order :
  entries compare_name compare_value null E = entries compare_name compare_value null F.
Proof.
  unfold entries. f_equal.
  rewrite (sets_are_independent_of_order compare_name (flat_map put_key E) (flat_map put_key F))
    by now apply flat_map_keeps_reordering.
  apply map_ext. intros k. now rewrite content_at_is_independent_of_order.
Qed.

Lemma items_are_independent_of_order :
  items compare_name compare_value E = items compare_name compare_value F.
Proof.
  assert (ordered (compare_stamp compare_name compare_value)) by (unfold compare_stamp; exact _).
  unfold items. f_equal.
  now apply equal_items_are_sorted_equally, flat_map_keeps_reordering.
Qed.

Lemma balance_is_independent_of_order : balance E = balance F.
Proof.
  unfold balance. rewrite count_is_independent_of_order. do 2 f_equal.
  apply folds_are_independent_of_order; [intros; lia |]. now apply Permutation_map.
Qed.

Lemma in_rw_set_is_independent_of_order x :
  in_rw_set compare_name E x = in_rw_set compare_name F x.
Proof.
  unfold in_rw_set. f_equal.
  - now apply existsb_is_independent_of_order.
  - apply forallb_is_independent_of_order; [| assumption]. intros e. f_equal.
    now apply existsb_is_independent_of_order.
Qed.

Lemma contains_is_independent_of_order type x :
  contains compare_name type E x = contains compare_name type F x.
Proof.
  destruct type; try apply in_set_is_independent_of_order.
  apply in_rw_set_is_independent_of_order.
Qed.

Lemma elements_by_are_independent_of_order :
  elements_by compare_name (in_rw_set compare_name) E
  = elements_by compare_name (in_rw_set compare_name) F.
Proof.
  unfold elements_by.
  rewrite (sets_are_independent_of_order compare_name (flat_map added E) (flat_map added F))
    by now apply flat_map_keeps_reordering.
  apply filter_ext, in_rw_set_is_independent_of_order.
Qed.

Lemma ew_enabled_is_independent_of_order : ew_enabled compare_name E = ew_enabled compare_name F.
Proof.
  apply existsb_is_independent_of_order; [| assumption]. intros e. do 2 f_equal.
  now apply existsb_is_independent_of_order.
Qed.

Lemma dw_enabled_is_independent_of_order : dw_enabled compare_name E = dw_enabled compare_name F.
Proof.
  unfold dw_enabled. f_equal.
  - now apply existsb_is_independent_of_order.
  - apply forallb_is_independent_of_order; [| assumption]. intros e. f_equal.
    now apply existsb_is_independent_of_order.
Qed.

Lemma unseen_values_are_independent_of_order (writes : event -> option Value) :
  set_of_values compare_value null (unseen_values compare_name writes E)
  = set_of_values compare_value null (unseen_values compare_name writes F).
Proof.
  unfold set_of_values. f_equal. apply sets_are_independent_of_order; [exact _ |].
  unfold unseen_values.
  transitivity (flat_map (fun e =>
    match writes e with
    | Some value =>
        if existsb (fun f =>
          match writes f with
          | Some _ => sees compare_name f e
          | None => false
          end) E then [] else [value]
    | None => []
    end) F); [now apply flat_map_keeps_reordering |].
  apply Permutation_refl'. apply flat_map_ext. intros e. destruct (writes e); [| reflexivity].
  now rewrite (existsb_is_independent_of_order _ _ E F (fun _ => eq_refl) reordered).
Qed.

Lemma concurrent_values_are_independent_of_order :
  concurrent_values compare_name compare_value null E
  = concurrent_values compare_name compare_value null F.
Proof. apply unseen_values_are_independent_of_order. Qed.

Lemma concurrent_values_at_are_independent_of_order k :
  concurrent_values_at compare_name compare_value null E k
  = concurrent_values_at compare_name compare_value null F k.
Proof. apply unseen_values_are_independent_of_order. Qed.

Lemma concurrent_entries_are_independent_of_order :
  concurrent_entries compare_name compare_value null E
  = concurrent_entries compare_name compare_value null F.
Proof.
  unfold concurrent_entries. f_equal.
  rewrite (sets_are_independent_of_order compare_name (flat_map put_key E) (flat_map put_key F))
    by now apply flat_map_keeps_reordering.
  apply map_ext. intros k. now rewrite concurrent_values_at_are_independent_of_order.
Qed.

Lemma extreme_is_independent_of_order (compare : Z -> Z -> comparison) {lawful : ordered compare} :
  extreme compare E = extreme compare F.
Proof.
  apply folds_are_independent_of_order; [| now apply flat_map_keeps_reordering].
  intros x y acc. rewrite <- !(greater_option_is_associative compare).
  f_equal. apply (greater_option_is_commutative compare).
Qed.

Theorem read_is_independent_of_order type :
  read compare_name compare_value null type E = read compare_name compare_value null type F.
Proof.
  destruct type; cbn.
  - now rewrite count_is_independent_of_order.
  - now rewrite content_is_independent_of_order.
  - now rewrite elements_are_independent_of_order.
  - now rewrite entries_are_independent_of_order.
  - now rewrite items_are_independent_of_order.
  - now rewrite balance_is_independent_of_order.
  - now rewrite elements_by_are_independent_of_order.
  - now rewrite ew_enabled_is_independent_of_order.
  - now rewrite dw_enabled_is_independent_of_order.
  - now rewrite concurrent_values_are_independent_of_order.
  - now rewrite concurrent_entries_are_independent_of_order.
  - f_equal. apply (extreme_is_independent_of_order Z.compare).
  - f_equal. apply (extreme_is_independent_of_order (turned Z.compare)
      (lawful := turned_orders_are_ordered _ integers_are_ordered)).
Qed.

Theorem seen_of_is_independent_of_order r : seen_of compare_name r E = seen_of compare_name r F.
Proof.
  unfold seen_of. f_equal. apply Permutation_length. now apply filter_keeps_reordering.
Qed.

Section Decisions.
Context {K Effect : Type}.
Context (compare_key : K -> K -> comparison) {lawful_key : ordered compare_key}.
Context (compare_effect : Effect -> Effect -> comparison).
Context (reading : operation Name Value -> option (K * (N * Effect))).
Context (current current' : K -> Effect) (same : forall k, current k = current' k).

Lemma maximal_is_independent_of_order k e :
  maximal compare_name compare_key reading E k e = maximal compare_name compare_key reading F k e.
Proof. unfold maximal. do 2 f_equal. now apply existsb_is_independent_of_order. Qed.

Lemma open_is_independent_of_order k :
  open compare_name compare_key compare_effect reading current E k
  = open compare_name compare_key compare_effect reading current' F k.
Proof.
  apply existsb_is_independent_of_order; [| assumption].
  intros e. now rewrite maximal_is_independent_of_order, same.
Qed.

Lemma decided_keys_are_independent_of_order :
  decided_keys compare_key reading E = decided_keys compare_key reading F.
Proof.
  apply sets_are_independent_of_order; [assumption |]. now apply flat_map_keeps_reordering.
Qed.

Lemma kept_is_independent_of_order k :
  Permutation (kept_at compare_name compare_key compare_effect reading current E k)
    (kept_at compare_name compare_key compare_effect reading current' F k).
Proof.
  apply filter_keeps_reordering; [| assumption].
  intros e. now rewrite maximal_is_independent_of_order, same.
Qed.

Lemma superseded_is_independent_of_order k :
  Permutation (superseded_at compare_name compare_key compare_effect reading current E k)
    (superseded_at compare_name compare_key compare_effect reading current' F k).
Proof.
  apply filter_keeps_reordering; [| assumption].
  intros e. now rewrite maximal_is_independent_of_order, same.
Qed.

Local Instance event_names_are_ordered : ordered (compare_event_name compare_name).
Proof. unfold compare_event_name. exact _. Qed.

Lemma merge_decisions_are_independent_of_order :
  merge_decisions compare_name compare_key compare_effect reading current E
  = merge_decisions compare_name compare_key compare_effect reading current' F.
Proof.
  unfold merge_decisions. rewrite decided_keys_are_independent_of_order.
  rewrite (filter_ext _ _ open_is_independent_of_order).
  apply map_ext. intros k. f_equal; apply equal_items_are_sorted_equally; try exact _;
    apply Permutation_map.
  - apply kept_is_independent_of_order.
  - apply superseded_is_independent_of_order.
Qed.

Lemma notices_are_independent_of_order user :
  notices compare_name compare_key compare_effect reading current user E
  = notices compare_name compare_key compare_effect reading current' user F.
Proof.
  unfold notices. rewrite decided_keys_are_independent_of_order.
  rewrite (filter_ext _ _ open_is_independent_of_order).
  apply flat_map_ext. intros k. f_equal. apply equal_items_are_sorted_equally; try exact _.
  apply Permutation_map, filter_keeps_reordering; [reflexivity |].
  apply superseded_is_independent_of_order.
Qed.
End Decisions.

Lemma presence_is_independent_of_order x :
  current_presence compare_name E x = current_presence compare_name F x.
Proof. unfold current_presence. now rewrite in_set_is_independent_of_order. Qed.

Theorem decisions_are_independent_of_order type :
  decisions compare_name compare_value null type E
  = decisions compare_name compare_value null type F.
Proof.
  destruct type; cbn; try reflexivity; f_equal; apply merge_decisions_are_independent_of_order;
    try exact _.
  - intros k. apply content_is_independent_of_order; assumption.
  - apply presence_is_independent_of_order.
  - apply content_at_is_independent_of_order.
  - intros x. now rewrite in_rw_set_is_independent_of_order.
  - intros _. now rewrite ew_enabled_is_independent_of_order.
  - intros _. now rewrite dw_enabled_is_independent_of_order.
Qed.

Theorem object_notices_are_independent_of_order type user :
  object_notices compare_name compare_value null type user E
  = object_notices compare_name compare_value null type user F.
Proof.
  destruct type; cbn; try reflexivity; f_equal; apply notices_are_independent_of_order;
    try exact _.
  - intros k. apply content_is_independent_of_order; assumption.
  - apply presence_is_independent_of_order.
  - apply content_at_is_independent_of_order.
  - intros x. now rewrite in_rw_set_is_independent_of_order.
  - intros _. now rewrite ew_enabled_is_independent_of_order.
  - intros _. now rewrite dw_enabled_is_independent_of_order.
Qed.
End Definitions.

Section Notices.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_name : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_value : ordered compare_value}.
Context (null : Value).

Theorem all_notices_are_independent_of_order types user (E F : list (event Name Value)) :
  Permutation E F ->
  all_notices compare_name compare_value null types user E
  = all_notices compare_name compare_value null types user F.
Proof.
  intros reordered. apply flat_map_ext. intros [o type]. f_equal.
  apply object_notices_are_independent_of_order; try assumption.
  now apply filter_keeps_reordering.
Qed.
End Notices.

(** ** Lines, operations and events *)

Section Trace.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_name : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_value : ordered compare_value}.
Context (null : Value).
Local Notation line := (line Name Value).
Implicit Types past before : list line.
Implicit Types P Q : list line -> line -> Prop.

Lemma somewhere_means_at_some_line P past :
  somewhere P past <-> exists after l before, past = after ++ l :: before /\ P before l.
Proof.
  induction past as [| l past IH]; cbn.
  - split; [easy | intros (after & l & before & whole & _)]. now destruct after.
  - rewrite IH. split.
    + intros [here | (after & l' & before & -> & there)].
      * now exists [], l, past.
      * now exists (l :: after), l', before.
    + intros ([| l' after] & l'' & before & whole & there); injection whole as -> ->; eauto 6.
Qed.

Lemma numbers_rise l past : number (l :: past) = number past + 1.
Proof. unfold number. cbn. lia. Qed.

Lemma earlier_lines_have_lower_numbers P past p :
  somewhere (fun before l => p = number before /\ P before l) past ->
  p < number past.
Proof.
  induction past as [| l past IH]; [easy |]. rewrite numbers_rise.
  intros [[-> _] | there]; [lia |]. apply IH in there. lia.
Qed.

Lemma a_number_names_one_line P Q past p :
  somewhere (fun before l => p = number before /\ P before l) past ->
  somewhere (fun before l => p = number before /\ Q before l) past ->
  exists before l, P before l /\ Q before l.
Proof.
  induction past as [| l past IH]; [easy |].
  intros [[-> here] | there] [[same here'] | there'].
  - eauto.
  - apply earlier_lines_have_lower_numbers in there'. lia.
  - apply earlier_lines_have_lower_numbers in there. lia.
  - now apply IH.
Qed.

Lemma an_operation_has_one_replica_and_object past p r o r' o' :
  operates past p r o ->
  operates past p r' o' ->
  r = r' /\ o = o'.
Proof.
  intros one other. destruct (a_number_names_one_line _ _ _ _ one other)
    as (before & l & (op & id & user & ->) & (op' & id' & user' & [=])). now subst.
Qed.

Lemma what_is_seen_determines_the_event before r o op user e f :
  is_event compare_name before r o op user e ->
  is_event compare_name before r o op user f ->
  e = f.
Proof.
  intros [object dot user_e op_e rises past (own & distinct & all & seq)]
    [object' dot' user_f op_f rises' past' (own' & distinct' & all' & seq')].
  destruct e, f; cbn in *; subst.
  f_equal.
  - do 2 f_equal. apply Permutation_length, NoDup_Permutation; try assumption.
    intros p. now rewrite all, all'.
  - apply (equal_content_makes_equal_rising_lists (compare_dot compare_name)); try assumption.
    intros d. now rewrite past, past'.
Qed.

Lemma an_operation_makes_one_event past p e f :
  made compare_name past p e ->
  made compare_name past p f ->
  e = f.
Proof.
  intros one other. destruct (a_number_names_one_line _ _ _ _ one other)
    as (before & l & (r & o & op & id & user & -> & is_e) & (? & ? & ? & ? & ? & same & is_f)).
  injection same as <- <- <- <- <-.
  now apply (what_is_seen_determines_the_event before r o op user).
Qed.

Lemma what_is_made_is_an_operation past p e :
  made compare_name past p e ->
  operates past p (replica_of e) (object_of e) /\ dot_of e = dot_at (replica_of e) p.
Proof.
  induction past as [| l past IH]; [easy |].
  intros [[-> (r & o & op & id & user & -> & [object dot])] | there].
  - unfold replica_of. rewrite dot, object. cbn. split; [left | reflexivity]. eauto 6.
  - apply IH in there as [there same]. split; [now right | exact same].
Qed.

(** *** What was seen has one list, up to its order, and so one answer. *)

Lemma what_was_seen_is_listed_once past r object E F :
  lists compare_name past r object E ->
  lists compare_name past r object F ->
  Permutation E F.
Proof.
  intros [distinct_E all_E] [distinct_F all_F]. apply NoDup_Permutation; try assumption.
  intros e. now rewrite all_E, all_F.
Qed.

Theorem an_object_shows_one_value past r o type a b :
  shows compare_name compare_value null past r o type a ->
  shows compare_name compare_value null past r o type b ->
  a = b.
Proof.
  intros (E & lists_E & ->) (F & lists_F & ->).
  apply read_is_independent_of_order; try assumption.
  now apply (what_was_seen_is_listed_once past r (Some o)).
Qed.
End Trace.
