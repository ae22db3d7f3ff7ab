(** Under other names: the same events, with other dots, mean the same.

    Values, merge decisions, notices and counts look at dots only to ask who saw whom. So any function
    of events that keeps all else of them, and who saw whom among the events of one object, changes
    none of these. *)

From Coq Require Import List Bool NArith BinInt.
From Rejoin Require Import order sorted_map dot definition.
Import ListNotations.
Open Scope N_scope.

Lemma existsb_of_map {A B : Type} (f : A -> B) p xs :
  existsb p (map f xs) = existsb (fun x => p (f x)) xs.
Proof. induction xs as [| x xs IH]; cbn; [reflexivity | now rewrite IH]. Qed.

Lemma forallb_of_map {A B : Type} (f : A -> B) p xs :
  forallb p (map f xs) = forallb (fun x => p (f x)) xs.
Proof. induction xs as [| x xs IH]; cbn; [reflexivity | now rewrite IH]. Qed.

Lemma filter_of_map {A B : Type} (f : A -> B) p xs :
  filter p (map f xs) = map f (filter (fun x => p (f x)) xs).
Proof.
  induction xs as [| x xs IH]; cbn; [reflexivity |]. rewrite IH. now destruct (p (f x)).
Qed.

Lemma flat_map_of_map {A B C : Type} (f : A -> B) (g : B -> list C) xs :
  flat_map g (map f xs) = flat_map (fun x => g (f x)) xs.
Proof. induction xs as [| x xs IH]; cbn; [reflexivity | now rewrite IH]. Qed.

Lemma existsb_by_members {A : Type} p q (xs : list A) :
  (forall x, In x xs -> p x = q x) -> existsb p xs = existsb q xs.
Proof.
  induction xs as [| x xs IH]; intros same; cbn; [reflexivity |].
  rewrite (same x) by now left. now rewrite IH by (intros; apply same; now right).
Qed.

Lemma forallb_by_members {A : Type} p q (xs : list A) :
  (forall x, In x xs -> p x = q x) -> forallb p xs = forallb q xs.
Proof.
  induction xs as [| x xs IH]; intros same; cbn; [reflexivity |].
  rewrite (same x) by now left. now rewrite IH by (intros; apply same; now right).
Qed.

Lemma filter_by_members {A : Type} p q (xs : list A) :
  (forall x, In x xs -> p x = q x) -> filter p xs = filter q xs.
Proof.
  induction xs as [| x xs IH]; intros same; cbn; [reflexivity |].
  rewrite (same x) by now left. now rewrite IH by (intros; apply same; now right).
Qed.

Lemma flat_map_by_members {A B : Type} (f g : A -> list B) (xs : list A) :
  (forall x, In x xs -> f x = g x) -> flat_map f xs = flat_map g xs.
Proof.
  induction xs as [| x xs IH]; intros same; cbn; [reflexivity |].
  rewrite (same x) by now left. now rewrite IH by (intros; apply same; now right).
Qed.

Section Renaming.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_value : Value -> Value -> comparison).
Context (null : Value).
Local Notation event := (event Name Value).
Local Notation sees := (sees compare_name).
Context (f : event -> event) (E : list event).
Context (same_object : forall e, object_of (f e) = object_of e).
Context (same_replica : forall e, replica_of (f e) = replica_of e).
Context (same_number : forall e, seq_of (f e) = seq_of e).
Context (same_user : forall e, user_of (f e) = user_of e).
Context (same_operation : forall e, operation_of (f e) = operation_of e).
Context (same_sight : forall d e, In d E -> In e E -> sees (f d) (f e) = sees d e).

Lemma lists_are_renamed {B : Type} (g : event -> list B) :
  (forall e, g (f e) = g e) ->
  flat_map g (map f E) = flat_map g E.
Proof. intros same. rewrite flat_map_of_map. apply flat_map_ext, same. Qed.

(** Goes into a formula over the events, as far as it is made of these. *)
Ltac formula :=
  repeat first
    [ rewrite existsb_of_map
    | rewrite forallb_of_map
    | rewrite same_operation
    | rewrite same_sight by assumption
    | match goal with
      | |- existsb _ _ = existsb _ _ => apply existsb_by_members; intros ? ?
      | |- forallb _ _ = forallb _ _ => apply forallb_by_members; intros ? ?
      | |- _ && _ = _ && _ => f_equal
      | |- negb _ = negb _ => f_equal
      | |- implb _ _ = implb _ _ => f_equal
      end
    | reflexivity ].

Lemma in_set_is_renamed x : in_set compare_name (map f E) x = in_set compare_name E x.
Proof. unfold in_set, is_add, is_remove. formula. Qed.

Lemma in_rw_set_is_renamed x : in_rw_set compare_name (map f E) x = in_rw_set compare_name E x.
Proof. unfold in_rw_set, is_add, is_remove. formula. Qed.

Lemma ew_enabled_is_renamed : ew_enabled compare_name (map f E) = ew_enabled compare_name E.
Proof. unfold ew_enabled, is_enable, is_disable. formula. Qed.

Lemma dw_enabled_is_renamed : dw_enabled compare_name (map f E) = dw_enabled compare_name E.
Proof. unfold dw_enabled, is_enable, is_disable. formula. Qed.

Lemma stamps_are_renamed e time v : stamp_of (f e) time v = stamp_of e time v.
Proof. unfold stamp_of. now rewrite same_replica, same_number. Qed.

Lemma content_is_renamed :
  content compare_name compare_value null (map f E) = content compare_name compare_value null E.
Proof.
  unfold content. do 2 f_equal. apply lists_are_renamed. intros e. unfold register_stamps.
  rewrite same_operation. destruct (operation_of e); try reflexivity.
  now rewrite stamps_are_renamed.
Qed.

Lemma content_at_is_renamed k :
  content_at compare_name compare_value null (map f E) k
  = content_at compare_name compare_value null E k.
Proof.
  unfold content_at. do 2 f_equal. apply lists_are_renamed. intros e. unfold key_stamps.
  rewrite same_operation. destruct (operation_of e); try reflexivity.
  now rewrite stamps_are_renamed.
Qed.

Lemma unseen_values_are_renamed (writes : event -> option Value) :
  (forall e, writes (f e) = writes e) ->
  unseen_values compare_name writes (map f E) = unseen_values compare_name writes E.
Proof.
  intros same. unfold unseen_values. rewrite flat_map_of_map. apply flat_map_by_members.
  intros e e_in. rewrite same. destruct (writes e); [| reflexivity].
  replace (existsb _ (map f E)) with (existsb (fun g =>
    match writes g with
    | Some _ => sees g e
    | None => false
    end) E); [reflexivity |].
  rewrite existsb_of_map. apply existsb_by_members. intros g g_in.
  rewrite same. destruct (writes g); [symmetry; now apply same_sight | reflexivity].
Qed.

Lemma concurrent_values_at_are_renamed k :
  concurrent_values_at compare_name compare_value null (map f E) k
  = concurrent_values_at compare_name compare_value null E k.
Proof.
  unfold concurrent_values_at. f_equal. apply unseen_values_are_renamed. intros e. unfold put_at.
  now rewrite same_operation.
Qed.

Theorem what_is_read_is_renamed type :
  read compare_name compare_value null type (map f E)
  = read compare_name compare_value null type E.
Proof.
  assert (flat_map added (map f E) = flat_map added E) as same_added
    by (apply lists_are_renamed; intros e; unfold added; now rewrite same_operation).
  assert (flat_map put_key (map f E) = flat_map put_key E) as same_keys
    by (apply lists_are_renamed; intros e; unfold put_key; now rewrite same_operation).
  assert (count (map f E) = count E) as same_count.
  { unfold count. f_equal. rewrite map_map. apply map_ext. intros e. unfold amount_of.
    now rewrite same_operation. }
  destruct type; cbn [read]; f_equal.
  - exact same_count.
  - apply content_is_renamed.
  - unfold elements. rewrite same_added. apply filter_ext, in_set_is_renamed.
  - unfold entries. rewrite same_keys. f_equal. apply map_ext. intros k.
    now rewrite content_at_is_renamed.
  - unfold items. do 2 f_equal. apply lists_are_renamed. intros e. unfold entry_stamps.
    rewrite same_operation. destruct (operation_of e); try reflexivity.
    now rewrite stamps_are_renamed.
  - unfold balance. rewrite same_count. do 2 f_equal. unfold count_down. f_equal.
    rewrite map_map. apply map_ext. intros e. unfold decrement_of. now rewrite same_operation.
  - unfold elements_by. rewrite same_added. apply filter_ext, in_rw_set_is_renamed.
  - apply ew_enabled_is_renamed.
  - apply dw_enabled_is_renamed.
  - unfold concurrent_values. f_equal. apply unseen_values_are_renamed. intros e. unfold written.
    now rewrite same_operation.
  - unfold concurrent_entries. rewrite same_keys. f_equal. apply map_ext. intros k.
    now rewrite concurrent_values_at_are_renamed.
  - unfold extreme. f_equal. apply lists_are_renamed. intros e. now rewrite same_operation.
  - unfold extreme. f_equal. apply lists_are_renamed. intros e. now rewrite same_operation.
Qed.

Section Decisions.
Context {K Effect : Type}.
Context (compare_key : K -> K -> comparison).
Context (compare_effect : Effect -> Effect -> comparison).
Context (reading : operation Name Value -> option (K * (N * Effect))).
Context (current current' : K -> Effect) (same : forall k, current' k = current k).
Local Notation kept_at := (kept_at compare_name compare_key compare_effect reading).
Local Notation superseded_at := (superseded_at compare_name compare_key compare_effect reading).
Local Notation open := (open compare_name compare_key compare_effect reading).

Lemma effects_are_renamed k e :
  effect_on compare_key reading k (f e) = effect_on compare_key reading k e.
Proof. unfold effect_on. now rewrite same_operation. Qed.

Lemma maximal_ones_are_renamed k e :
  In e E ->
  maximal compare_name compare_key reading (map f E) k (f e)
  = maximal compare_name compare_key reading E k e.
Proof.
  intros e_in. unfold maximal, decides. rewrite effects_are_renamed. do 2 f_equal.
  rewrite existsb_of_map. apply existsb_by_members. intros d d_in.
  now rewrite effects_are_renamed, same_sight.
Qed.

Lemma has_effect_is_renamed k e :
  has_effect compare_key compare_effect reading k (current' k) (f e)
  = has_effect compare_key compare_effect reading k (current k) e.
Proof. unfold has_effect. now rewrite effects_are_renamed, same. Qed.

Lemma kept_ones_are_renamed k : kept_at current' (map f E) k = map f (kept_at current E k).
Proof.
  unfold definition.kept_at. rewrite filter_of_map. f_equal. apply filter_by_members. intros e e_in.
  now rewrite maximal_ones_are_renamed, has_effect_is_renamed.
Qed.

Lemma superseded_ones_are_renamed k :
  superseded_at current' (map f E) k = map f (superseded_at current E k).
Proof.
  unfold definition.superseded_at. rewrite filter_of_map. f_equal. apply filter_by_members.
  intros e e_in. now rewrite maximal_ones_are_renamed, has_effect_is_renamed.
Qed.

Lemma open_keys_are_renamed k : open current' (map f E) k = open current E k.
Proof.
  unfold definition.open. rewrite existsb_of_map. apply existsb_by_members. intros e e_in.
  now rewrite maximal_ones_are_renamed, has_effect_is_renamed.
Qed.

Lemma decided_keys_are_renamed :
  decided_keys compare_key reading (map f E) = decided_keys compare_key reading E.
Proof.
  unfold decided_keys. f_equal. apply lists_are_renamed. intros e. now rewrite same_operation.
Qed.

Lemma names_are_renamed (F : list event) : map name_of (map f F) = map name_of F.
Proof.
  rewrite map_map. apply map_ext. intros e. unfold name_of. now rewrite same_replica, same_number.
Qed.

Lemma merge_decisions_are_renamed :
  merge_decisions compare_name compare_key compare_effect reading current' (map f E)
  = merge_decisions compare_name compare_key compare_effect reading current E.
Proof.
  unfold merge_decisions. rewrite decided_keys_are_renamed.
  rewrite (filter_ext _ _ open_keys_are_renamed). apply map_ext. intros k.
  now rewrite kept_ones_are_renamed, superseded_ones_are_renamed, !names_are_renamed.
Qed.

Lemma notices_are_renamed user :
  notices compare_name compare_key compare_effect reading current' user (map f E)
  = notices compare_name compare_key compare_effect reading current user E.
Proof.
  unfold notices. rewrite decided_keys_are_renamed.
  rewrite (filter_ext _ _ open_keys_are_renamed). apply flat_map_ext. intros k.
  rewrite superseded_ones_are_renamed, filter_of_map, names_are_renamed.
  rewrite (filter_ext (fun e => by_user compare_name user (f e)) (by_user compare_name user));
    [reflexivity |].
  intros e. unfold by_user. now rewrite same_user.
Qed.
End Decisions.

Theorem open_decisions_are_renamed type :
  decisions compare_name compare_value null type (map f E)
  = decisions compare_name compare_value null type E.
Proof.
  destruct type; cbn [decisions]; try reflexivity; f_equal; apply merge_decisions_are_renamed;
    intros k; unfold current_content, current_presence;
    now rewrite ?content_is_renamed, ?content_at_is_renamed, ?in_set_is_renamed,
      ?in_rw_set_is_renamed, ?ew_enabled_is_renamed, ?dw_enabled_is_renamed.
Qed.

Theorem object_notices_are_renamed type user :
  object_notices compare_name compare_value null type user (map f E)
  = object_notices compare_name compare_value null type user E.
Proof.
  destruct type; cbn [object_notices]; try reflexivity; f_equal; apply notices_are_renamed;
    intros k; unfold current_content, current_presence;
    now rewrite ?content_is_renamed, ?content_at_is_renamed, ?in_set_is_renamed,
      ?in_rw_set_is_renamed, ?ew_enabled_is_renamed, ?dw_enabled_is_renamed.
Qed.

Theorem counts_are_renamed r : seen_of compare_name r (map f E) = seen_of compare_name r E.
Proof.
  unfold seen_of. rewrite filter_of_map, map_length. do 2 f_equal. apply filter_ext. intros e.
  now rewrite same_replica.
Qed.

Theorem objects_are_renamed o :
  of_object compare_name o (map f E) = map f (of_object compare_name o E).
Proof.
  unfold of_object. rewrite filter_of_map. f_equal. apply filter_ext. intros e.
  now rewrite same_object.
Qed.
End Renaming.
