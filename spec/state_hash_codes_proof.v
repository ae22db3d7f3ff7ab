(** Encodings of the state hash can be read back.

    What is shown: numbers, strings, lists, dots and values are read back from their bytes, whatever
    follows them, as long as no two of the messages that were hashed have one digest ([clash_free]);
    and what [find_clash] finds is a clash. Definitions: [state_hash.v]. *)

From Coq Require Import List Bool NArith BinInt Lia Permutation.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof state_hash.
From Rejoin Require definition_proof.
From Rejoin Require version_vector decisions g_counter lww_register or_set lww_map log replica.
From Rejoin Require definition decisions_proof.
From Rejoin Require Import or_set_proof log_proof.
Import ListNotations.
Open Scope N_scope.

(** ** Bytes *)

Global Instance bytes_are_ordered : ordered compare_bytes.
Proof.
  split.
  - induction x as [| a x IH]; intros [| b y]; cbn; try easy.
    destruct (any_two_compare N.compare a b) as [-> | lt | gt].
    + rewrite IH. split; congruence.
    + split; [easy |]. intros [= -> ->]. now apply (nothing_is_below_itself N.compare) in lt.
    + split; [easy |]. intros [= -> ->]. now apply (nothing_is_below_itself N.compare) in gt.
  - induction x as [| a x IH]; intros [| b y]; cbn; try easy.
    rewrite (N.compare_antisym a b). destruct (N.compare a b); cbn; auto.
  - induction x as [| a x IH]; intros [| b y] [| c z]; cbn; try easy.
    destruct (any_two_compare N.compare a b) as [-> | ab | ba]; try easy.
    + destruct (N.compare b c); try easy. apply IH.
    + intros _. destruct (any_two_compare N.compare b c) as [-> | bc | cb]; try easy.
      * now rewrite ab.
      * now rewrite (below_is_transitive N.compare a b c ab bc).
Qed.

Global Instance records_are_ordered : ordered compare_record.
Proof. unfold compare_record. exact _. Qed.

Lemma equal_lengths_split {A : Type} (a b r s : list A) :
  length a = length b ->
  a ++ r = b ++ s ->
  a = b /\ r = s.
Proof.
  revert b. induction a as [| x a IH]; intros [| y b]; cbn; try easy.
  intros [= same] [= -> rest]. now destruct (IH b same rest) as [-> ->].
Qed.

(** ** Encodings can be read back *)

(** Of the items that fulfil [P], none has an encoding that is the start of another one's. *)
Definition prefix_free {A : Type} (P : A -> Prop) (encode : A -> bytes) : Prop :=
  forall x y r s, P x -> P y -> encode x ++ r = encode y ++ s -> x = y /\ r = s.

Lemma small_numbers_have_one_digit most n : n < 128 -> digits most n = [n].
Proof. intros small. destruct most; [easy |]. cbn. now apply N.ltb_lt in small as ->. Qed.

Lemma large_numbers_have_more_digits most n :
  128 <= n ->
  n < 128 ^ N.of_nat (S most) ->
  exists fewer, most = S fewer
    /\ digits most n = (128 + n mod 128) :: digits fewer (n / 128)
    /\ n / 128 < 128 ^ N.of_nat (S fewer).
Proof.
  intros large fits. destruct most as [| fewer].
  - change (n < 128) in fits. exfalso. lia.
  - exists fewer. split; [reflexivity |]. split.
    + cbn [digits]. now apply N.ltb_ge in large as ->.
    + rewrite (Nnat.Nat2N.inj_succ (S fewer)), N.pow_succ_r' in fits.
      apply N.div_lt_upper_bound; [easy | exact fits].
Qed.

Lemma digits_can_be_read most most' n n' r s :
  n < 128 ^ N.of_nat (S most) ->
  n' < 128 ^ N.of_nat (S most') ->
  digits most n ++ r = digits most' n' ++ s ->
  n = n' /\ r = s.
Proof.
  revert most' n n'. induction most as [most IH] using (well_founded_induction Wf_nat.lt_wf).
  intros most' n n' fits fits'.
  destruct (N.lt_ge_cases n 128) as [small | large], (N.lt_ge_cases n' 128) as [small' | large'].
  - rewrite !small_numbers_have_one_digit by assumption. now intros [= -> ->].
  - rewrite (small_numbers_have_one_digit _ n) by assumption.
    apply large_numbers_have_more_digits in fits' as (fewer' & _ & -> & _); [| assumption].
    intros same. apply (f_equal (hd 0)) in same. cbn [app hd] in same.
    exfalso. pose proof (N.le_add_r 128 (n' mod 128)) as large. rewrite <- same in large. lia.
  - rewrite (small_numbers_have_one_digit _ n') by assumption.
    apply large_numbers_have_more_digits in fits as (fewer & _ & -> & _); [| assumption].
    intros same. apply (f_equal (hd 0)) in same. cbn [app hd] in same.
    exfalso. pose proof (N.le_add_r 128 (n mod 128)) as large'. rewrite same in large'. lia.
  - apply large_numbers_have_more_digits in fits as (fewer & -> & -> & fits); [| assumption].
    apply large_numbers_have_more_digits in fits' as (fewer' & -> & -> & fits'); [| assumption].
    rewrite <- !app_comm_cons. intros same.
    apply (f_equal (hd 0)) in same as low. apply (f_equal (@tl N)) in same as high.
    cbn [hd tl] in low, high.
    apply IH in high as [high ->]; [| lia | assumption | assumption].
    split; [| reflexivity].
    rewrite (N.div_mod' n 128), (N.div_mod' n' 128). lia.
Qed.

Lemma every_number_has_enough_digits n : n < 128 ^ N.of_nat (S (N.to_nat (N.size n))).
Proof.
  rewrite Nnat.Nat2N.inj_succ, Nnat.N2Nat.id.
  apply (N.lt_le_trans _ (2 ^ N.size n)); [apply N.size_gt |].
  apply (N.le_trans _ (128 ^ N.size n)); [now apply N.pow_le_mono_l |].
  apply N.pow_le_mono_r; [easy | lia].
Qed.

Lemma numbers_can_be_read n n' r s : uv n ++ r = uv n' ++ s -> n = n' /\ r = s.
Proof. apply digits_can_be_read; apply every_number_has_enough_digits. Qed.

Lemma strings_can_be_read b b' r s : str b ++ r = str b' ++ s -> b = b' /\ r = s.
Proof.
  unfold str. rewrite <- !app_assoc. intros same.
  apply numbers_can_be_read in same as [lengths rest].
  apply equal_lengths_split in rest; [exact rest |]. lia.
Qed.

Lemma lists_can_be_read {A : Type} (P : A -> Prop) (encode : A -> bytes) xs ys r s :
  prefix_free P encode ->
  (forall x, In x xs -> P x) ->
  (forall y, In y ys -> P y) ->
  length xs = length ys ->
  flat_map encode xs ++ r = flat_map encode ys ++ s ->
  xs = ys /\ r = s.
Proof.
  intros readable. revert ys.
  induction xs as [| x xs IH]; intros [| y ys] good good'; cbn; try easy.
  intros [= lengths]. rewrite <- !app_assoc. intros same.
  apply readable in same as [-> rest]; [| apply good; now left | apply good'; now left].
  destruct (IH ys) as [-> ->]; auto; intros z there; [apply good | apply good']; now right.
Qed.

Lemma lists_to_the_end_can_be_read {A : Type} (P : A -> Prop) (encode : A -> bytes) xs ys :
  prefix_free P encode ->
  (forall x, encode x <> []) ->
  (forall x, In x xs -> P x) ->
  (forall y, In y ys -> P y) ->
  flat_map encode xs = flat_map encode ys ->
  xs = ys.
Proof.
  intros readable something. revert ys.
  induction xs as [| x xs IH]; intros [| y ys] good good'; cbn; try easy.
  - intros same. symmetry in same. apply app_eq_nil in same as [none _].
    now apply something in none.
  - intros same. apply app_eq_nil in same as [none _]. now apply something in none.
  - intros same. apply readable in same as [-> rest];
      [| apply good; now left | apply good'; now left].
    f_equal. apply IH; auto; intros z there; [apply good | apply good']; now right.
Qed.

Lemma strings_are_something b : str b <> [].
Proof.
  unfold str, uv. intros none. apply app_eq_nil in none as [none _].
  destruct (N.to_nat (N.size (N.of_nat (length b)))) as [| most]; cbn in none; [easy |].
  now destruct (N.of_nat (length b) <? 128).
Qed.

Lemma records_are_something r : encode_record r <> [].
Proof.
  unfold encode_record. intros none. apply app_eq_nil in none as [none _].
  now apply strings_are_something in none.
Qed.

(** What is equal as a set is equal under its keys. *)
Lemma equal_content_makes_equal_maps {K V : Type} (compare : K -> K -> comparison)
    {lawful : ordered compare} (a b : sorted_map K V) :
  sorted compare a = true ->
  sorted compare b = true ->
  (forall entry, In entry a <-> In entry b) ->
  a = b.
Proof.
  intros sorts sorts' same. apply (equal_finds_make_equal_maps compare); auto.
  assert (forall m m' : sorted_map K V, sorted compare m = true -> sorted compare m' = true ->
    (forall entry, In entry m -> In entry m') ->
    forall k v, find compare k m = Some v -> find compare k m' = Some v) as half.
  { intros m m' sorts_m sorts_m' part k v found.
    apply (found_means_in compare); [assumption |]. apply part.
    now apply (found_means_in compare). }
  intros k. destruct (find compare k a) as [v |] eqn:at_a.
  - symmetry. now apply (half a b sorts sorts' (fun entry => proj1 (same entry))).
  - destruct (find compare k b) as [v |] eqn:at_b; [| reflexivity].
    apply (half b a sorts' sorts (fun entry => proj2 (same entry))) in at_b. congruence.
Qed.

Section State_hash.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Context (null : Value).
Context (name_bytes : Name -> bytes) (value_bytes : Value -> bytes).
Context (hash : domain -> bytes -> bytes).
Context (names_differ : forall a b, name_bytes a = name_bytes b -> a = b).
Context (values_differ : forall a b, value_bytes a = value_bytes b -> a = b).
Context (one_length : forall d m, length (hash d m) = digest_length).
Local Notation digest := (digest hash).
Local Notation dot_bytes := (dot_bytes name_bytes).
Local Notation origin_bytes := (origin_bytes name_bytes).
Local Notation content_bytes := (content_bytes value_bytes hash).
Local Notation content_messages := (content_messages value_bytes).
Local Notation written_bytes := (written_bytes compare_value null value_bytes hash).
Local Notation written_messages := (written_messages compare_value null value_bytes).

Lemma origins_can_be_read o o' r s :
  origin_bytes o ++ r = origin_bytes o' ++ s -> o = o' /\ r = s.
Proof using names_differ.
  unfold state_hash.origin_bytes. rewrite <- !app_assoc. intros same.
  apply strings_can_be_read in same as [names same].
  apply numbers_can_be_read in same as [lives ->].
  destruct o, o'. cbn in *. apply names_differ in names. now subst.
Qed.

Lemma dots_can_be_read d d' r s :
  dot_bytes d ++ r = dot_bytes d' ++ s -> d = d' /\ r = s.
Proof using names_differ.
  unfold state_hash.dot_bytes. rewrite <- !app_assoc. intros same.
  apply origins_can_be_read in same as [origins same].
  apply numbers_can_be_read in same as [counters ->].
  destruct d, d'. cbn in *. now subst.
Qed.

(** ** No clash among some messages *)

Definition clash_free (ms : list message) : Prop :=
  (forall x y, In x ms -> In y ms -> digest x = digest y -> x = y)
  /\ (forall x, In x ms -> in_tree x = true -> digest x <> nothing).

Lemma messages_are_ordered : ordered compare_message.
Proof.
  unfold compare_message. apply injections_are_ordered; [| exact _].
  intros [d m] [d' m']. cbn. intros [= domains ->]. now destruct d, d'.
Qed.
Existing Instance messages_are_ordered.

Lemma what_is_found_is_a_clash ms c :
  find_clash hash ms = Some c ->
  is_clash hash c /\ incl (parts_of c) ms.
Proof.
  intros found.
  assert (In c (clashes hash ms)) as there.
  { unfold find_clash in found. destruct (clashes hash ms); [easy |].
    injection found as ->. now left. }
  unfold clashes in there. apply in_flat_map in there as ([x x_digest] & x_in & there).
  apply in_map_iff in x_in as (x' & [= -> <-] & x_in). cbn [fst snd] in there.
  apply in_app_iff in there as [there | there].
  - destruct (in_tree x) eqn:inside; [| easy].
    destruct (equal_is_equality compare_bytes (digest x) nothing) as [none |]; [| easy].
    destruct there as [<- | []]. split; [now split |]. now intros y [<- | []].
  - apply in_flat_map in there as ([y y_digest] & y_in & there).
    apply in_map_iff in y_in as (y' & [= -> <-] & y_in). cbn [fst snd] in there.
    destruct (equal_is_equality compare_bytes (digest x) (digest y)) as [same |]; [| easy].
    destruct (equal_is_equality compare_message x y) as [| different]; [easy |].
    destruct there as [<- | []]. split; [now split |]. now intros z [<- | [<- | []]].
Qed.

Lemma nothing_found_means_free ms : find_clash hash ms = None -> clash_free ms.
Proof.
  unfold find_clash. intros none.
  assert (clashes hash ms = []) as empty by now destruct (clashes hash ms).
  assert (forall c, ~ In c (clashes hash ms)) as nowhere by (rewrite empty; auto).
  unfold clashes in nowhere. split.
  - intros x y x_in y_in same.
    destruct (equal_is_equality compare_message x y) as [| different]; [assumption |].
    exfalso. apply (nowhere (Same_digest x y)). apply in_flat_map.
    exists (x, digest x). split; [now apply (in_map (fun m => (m, digest m))) |].
    apply in_app_iff. right. apply in_flat_map.
    exists (y, digest y). split; [now apply (in_map (fun m => (m, digest m))) |].
    cbn [fst snd]. rewrite same, (equal_to_itself compare_bytes).
    destruct (equal_is_equality compare_message x y); [contradiction |]. now left.
  - intros x x_in inside none_digest. apply (nowhere (Digest_of_nothing x)).
    apply in_flat_map. exists (x, digest x).
    split; [now apply (in_map (fun m => (m, digest m))) |].
    apply in_app_iff. left. cbn [fst snd].
    rewrite inside, none_digest, (equal_to_itself compare_bytes). now left.
Qed.

(** ** Records can be read back, where long values do not clash *)

Section Free.
Context (ms : list message) (free : clash_free ms).

Lemma contents_can_be_read v v' r s :
  incl (content_messages v) ms ->
  incl (content_messages v') ms ->
  content_bytes v ++ r = content_bytes v' ++ s ->
  v = v' /\ r = s.
Proof using free one_length values_differ.
  unfold state_hash.content_bytes, state_hash.content_messages.
  destruct (is_long (value_bytes v)), (is_long (value_bytes v')); intros there there' same;
    try easy; rewrite <- !app_comm_cons in same; apply (f_equal (@tl N)) in same; cbn [tl] in same.
  - apply equal_lengths_split in same as [same ->]; [| now rewrite !one_length].
    apply (proj1 free (Values, value_bytes v) (Values, value_bytes v')) in same;
      [| apply there; now left | apply there'; now left].
    injection same as same. now apply values_differ in same as ->.
  - apply strings_can_be_read in same as [same ->]. now apply values_differ in same as ->.
Qed.

Lemma written_values_can_be_read v v' r s :
  incl (written_messages v) ms ->
  incl (written_messages v') ms ->
  written_bytes v ++ r = written_bytes v' ++ s ->
  v = v' /\ r = s.
Proof using free lawful_values one_length values_differ.
  unfold state_hash.written_bytes, state_hash.written_messages, is_null.
  destruct (equal_is_equality compare_value v null) as [-> |],
    (equal_is_equality compare_value v' null) as [-> |]; intros there there' same.
  - now injection same.
  - unfold state_hash.content_bytes in same. now destruct (is_long (value_bytes v')).
  - unfold state_hash.content_bytes in same. now destruct (is_long (value_bytes v)).
  - now apply contents_can_be_read in same.
Qed.
End Free.

Lemma presences_can_be_read p p' r s :
  presence_bytes p ++ r = presence_bytes p' ++ s -> p = p' /\ r = s.
Proof. destruct p, p'; cbn; try easy; now intros [= ->]. Qed.
End State_hash.
