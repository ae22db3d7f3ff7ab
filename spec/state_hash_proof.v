(** Laws of the state hash.

    What is hashed can be read back: encodings are prefix-free. So equal hashes mean equal records,
    unless two messages that were hashed have one digest; and the tree that is kept and updated is
    the tree that is made from nothing but the records. *)

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
Local Notation object := (replica.object Name Value).
Local Notation objects := (replica.objects Name Value).
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

(** ** Records of keys *)

Section Keyed.
Context {K Effect : Type}.
Context (compare_key : K -> K -> comparison) {lawful_keys : ordered compare_key}.
Context (compare_effect : Effect -> Effect -> comparison) {lawful_effects : ordered compare_effect}.
Context (key_bytes : K -> bytes) (keys_differ : forall a b, key_bytes a = key_bytes b -> a = b).
Context (effect_bytes : Effect -> bytes).
Context (is_gone : Effect -> bool).
Context (readable : Effect -> Prop).
Context (effects_can_be_read : prefix_free readable effect_bytes).
Local Notation decision := (decisions.decision Name Effect).
Local Notation known := (known (Name := Name) (Effect := Effect)).
Local Notation compare_decision := (decisions.compare_decision compare_name compare_effect).
Local Notation decision_bytes := (decision_bytes name_bytes effect_bytes).
Local Notation in_dot_order := (in_dot_order name_bytes).
Local Notation winner_bytes := (winner_bytes compare_name name_bytes compare_effect effect_bytes).
Local Notation body_bytes := (body_bytes compare_name name_bytes compare_effect effect_bytes).
Local Notation is_settled := (is_settled compare_name compare_effect).
Local Notation keyed_records :=
  (keyed_records compare_name name_bytes compare_effect key_bytes effect_bytes is_gone).

Lemma users_can_be_read u u' r s :
  user_bytes name_bytes u ++ r = user_bytes name_bytes u' ++ s -> u = u' /\ r = s.
Proof using names_differ.
  destruct u as [u |], u' as [u' |]; cbn [user_bytes]; try easy.
  - rewrite <- !app_comm_cons. intros same. apply (f_equal (@tl N)) in same. cbn [tl] in same.
    apply strings_can_be_read in same as [same ->]. now apply names_differ in same as ->.
  - now intros [= ->].
Qed.

Lemma decisions_can_be_read :
  prefix_free (fun d => readable (decisions.effect d)) decision_bytes.
Proof using effects_can_be_read names_differ.
  intros d d' r s good good'. unfold state_hash.decision_bytes. rewrite <- !app_assoc.
  intros same.
  apply dots_can_be_read in same as [dots same].
  apply numbers_can_be_read in same as [seqs same].
  apply numbers_can_be_read in same as [times same].
  apply users_can_be_read in same as [users same].
  apply effects_can_be_read in same as [effects ->]; [| assumption | assumption].
  destruct d, d'. cbn in *. now subst.
Qed.

(** What is known of a key, in a type with winners or without. *)
Definition canonical (has_winners : bool) (x : known) : Prop :=
  rising compare_decision (fst x) = true
  /\ (forall d, In d (all_of x) -> readable (decisions.effect d))
  /\ if has_winners then is_settled x = true else snd x = None.

Lemma dot_order_keeps_the_decisions (ds : list decision) : Permutation (in_dot_order ds) ds.
Proof. apply sorting_keeps_the_items. Qed.

Lemma maximal_decisions_are_readable has_winners x d :
  canonical has_winners x ->
  In d (in_dot_order (fst x)) ->
  readable (decisions.effect d).
Proof.
  intros (_ & good & _) there. apply good. apply in_app_iff. left.
  exact (Permutation_in d (dot_order_keeps_the_decisions (fst x)) there).
Qed.

Lemma bodies_can_be_read has_winners : prefix_free (canonical has_winners) body_bytes.
Proof using effects_can_be_read lawful_effects lawful_names names_differ.
  intros [ds w] [ds' w'] r s good good'.
  pose proof (fun d => maximal_decisions_are_readable has_winners (ds, w) d good) as each_ds.
  pose proof (fun d => maximal_decisions_are_readable has_winners (ds', w') d good') as each_ds'.
  cbn [fst] in *.
  destruct good as (rises & good & winner), good' as (rises' & good' & winner').
  unfold state_hash.body_bytes. rewrite <- !app_assoc. cbn [fst snd] in *. intros same.
  apply numbers_can_be_read in same as [counts same].
  pose proof dot_order_keeps_the_decisions as permuted.
  assert (ds = ds' /\ winner_bytes (ds, w) ++ r = winner_bytes (ds', w') ++ s) as [<- rest].
  { apply (lists_can_be_read (fun d => readable (decisions.effect d))) in same as [ordered rest];
      [| apply decisions_can_be_read | exact each_ds | exact each_ds' |].
    - split; [| exact rest].
      apply (equal_content_makes_equal_rising_lists compare_decision); auto.
      intros d. split; intros there.
      + apply (Permutation_in d (permuted ds')). rewrite <- ordered.
        apply (Permutation_in d (Permutation_sym (permuted ds))), there.
      + apply (Permutation_in d (permuted ds)). rewrite ordered.
        apply (Permutation_in d (Permutation_sym (permuted ds'))), there.
    - rewrite !(Permutation_length (permuted _)). lia. }
  destruct has_winners.
  - unfold state_hash.is_settled in winner, winner'. cbn [snd fst] in winner, winner'.
    destruct w as [w |]; [| easy]. destruct w' as [w' |]; [| easy].
    rewrite forallb_forall in winner, winner'.
    unfold state_hash.winner_bytes in rest. cbn [snd fst] in rest.
    pose proof (member_means_in compare_decision w ds rises) as inside.
    pose proof (member_means_in compare_decision w' ds rises) as inside'.
    destruct (member compare_decision w ds), (member compare_decision w' ds); try easy.
    + injection rest as ->. split; [| reflexivity].
      specialize (winner w' (proj1 inside' eq_refl)).
      specialize (winner' w (proj1 inside eq_refl)).
      destruct (below_means_less compare_decision w w'); [easy |].
      destruct (below_means_less compare_decision w' w); [easy |].
      now destruct (any_two_compare compare_decision w w') as [-> | |].
    + rewrite <- !app_comm_cons in rest. apply (f_equal (@tl N)) in rest. cbn [tl] in rest.
      apply decisions_can_be_read in rest as [-> ->]; [easy | |];
        [apply good | apply good']; apply in_app_iff; right; now left.
  - subst w w'. cbn in rest. now injection rest as ->.
Qed.

(** The records of keys of which [P] is known. *)
Definition of_keys (P : known -> Prop) (r : record) : Prop :=
  exists k x, r = (key_bytes k, body_bytes x) /\ P x.

Lemma records_of_keys_can_be_read has_winners :
  prefix_free (of_keys (canonical has_winners)) encode_record.
Proof using effects_can_be_read lawful_effects lawful_names names_differ.
  intros a b r s (k & x & -> & good) (k' & y & -> & good').
  unfold encode_record. cbn [fst snd]. rewrite <- !app_assoc. intros same.
  apply strings_can_be_read in same as [-> same].
  apply (bodies_can_be_read has_winners) in same as [-> ->]; auto.
Qed.

Lemma equal_records_make_equal_keys has_winners (m m' : sorted_map K known) :
  sorted compare_key m = true ->
  sorted compare_key m' = true ->
  (forall entry, In entry m -> canonical has_winners (snd entry)) ->
  (forall entry, In entry m' -> canonical has_winners (snd entry)) ->
  (forall r, In r (map snd (keyed_records m)) <-> In r (map snd (keyed_records m'))) ->
  m = m'.
Proof using effects_can_be_read keys_differ lawful_effects lawful_keys lawful_names names_differ.
  intros sorts sorts' good good' same.
  assert (forall m m' : sorted_map K known,
    (forall entry, In entry m -> canonical has_winners (snd entry)) ->
    (forall entry, In entry m' -> canonical has_winners (snd entry)) ->
    (forall r, In r (map snd (keyed_records m)) -> In r (map snd (keyed_records m'))) ->
    forall entry, In entry m -> In entry m') as half.
  { clear m m' sorts sorts' good good' same. intros m m' good good' part [k x] there.
    specialize (part (key_bytes k, body_bytes x)).
    unfold state_hash.keyed_records in part. rewrite !map_map in part. cbn [snd fst] in part.
    assert (In (key_bytes k, body_bytes x)
      (map (fun entry => (key_bytes (fst entry), body_bytes (snd entry))) m')) as found.
    { apply part. apply in_map_iff. now exists (k, x). }
    apply in_map_iff in found as ([k' x'] & [= keys bodies] & there'). cbn [fst snd] in *.
    apply keys_differ in keys as ->.
    destruct (bodies_can_be_read has_winners x' x [] []) as [-> _]; auto.
    - now apply (good' (k, x')).
    - now apply (good (k, x)).
    - now rewrite !app_nil_r. }
  apply (equal_content_makes_equal_maps compare_key); auto.
  intros entry. split; [apply half | apply half]; auto; intros r; apply same.
Qed.

(** Maximal decisions and winners, from what is known of each key. *)
Lemma known_is_found (maximal : sorted_map K (sorted_set decision)) winners k :
  sorted compare_key maximal = true ->
  sorted compare_key winners = true ->
  find compare_key k (known_of compare_key maximal winners) =
  match find compare_key k maximal, find compare_key k winners with
  | None, None => None
  | ds, w => Some (or_empty ds, w)
  end.
Proof using lawful_keys.
  intros. unfold known_of. rewrite (find_in_merge compare_key) by auto.
  now destruct (find compare_key k maximal), (find compare_key k winners).
Qed.

Lemma known_is_sorted (maximal : sorted_map K (sorted_set decision)) winners :
  sorted compare_key maximal = true ->
  sorted compare_key winners = true ->
  sorted compare_key (known_of compare_key maximal winners) = true.
Proof using lawful_keys. intros. now apply (merge_is_sorted compare_key). Qed.

Lemma equal_knowledge_makes_equal_keys (m m' : sorted_map K (sorted_set decision)) w w' :
  decisions.well_formed_frontiers compare_name compare_key compare_effect m = true ->
  decisions.well_formed_frontiers compare_name compare_key compare_effect m' = true ->
  sorted compare_key w = true ->
  sorted compare_key w' = true ->
  known_of compare_key m w = known_of compare_key m' w' ->
  m = m' /\ w = w'.
Proof using lawful_effects lawful_keys lawful_names.
  intros good good' sorts sorts' same.
  apply decisions_proof.well_formed_frontiers_mean in good as (sorts_m & some & _);
    [| exact _ ..].
  apply decisions_proof.well_formed_frontiers_mean in good' as (sorts_m' & some' & _);
    [| exact _ ..].
  assert (forall k,
    find compare_key k (known_of compare_key m w)
    = find compare_key k (known_of compare_key m' w')) as finds by now rewrite same.
  split; apply (equal_finds_make_equal_maps compare_key); auto; intros k;
    specialize (finds k); rewrite !known_is_found in finds by assumption;
    specialize (some k); specialize (some' k);
    destruct (find compare_key k m) as [ds |], (find compare_key k m') as [ds' |],
      (find compare_key k w) as [d |], (find compare_key k w') as [d' |];
    unfold sorted_set, or_empty in *; congruence.
Qed.

Lemma well_formed_keys_are_canonical (has_winners : bool)
    (m : sorted_map K (sorted_set decision)) (w : sorted_map K decision) entry :
  decisions.well_formed_frontiers compare_name compare_key compare_effect m = true ->
  sorted compare_key w = true ->
  (forall entry, In entry (known_of compare_key m w) ->
    (forall d, In d (all_of (snd entry)) -> readable (decisions.effect d))
    /\ if has_winners then is_settled (snd entry) = true else snd (snd entry) = None) ->
  In entry (known_of compare_key m w) ->
  canonical has_winners (snd entry).
Proof using lawful_effects lawful_keys lawful_names.
  intros good sorts rest there. split; [| now apply rest].
  apply decisions_proof.well_formed_frontiers_mean in good as (sorts_m & _ & rises);
    [| exact _ ..].
  destruct entry as [k x]. apply (found_means_in compare_key) in there;
    [| now apply known_is_sorted].
  rewrite known_is_found in there by assumption. specialize (rises k). cbn [snd].
  now destruct (find compare_key k m) as [ds |], (find compare_key k w) as [d |];
    try discriminate; injection there as <-.
Qed.

(** A store alone: there are no winners. *)
Lemma a_stores_keys_are_canonical (m : sorted_map K (sorted_set decision)) entry :
  decisions.well_formed_frontiers compare_name compare_key compare_effect m = true ->
  (forall entry d, In entry (known_of compare_key m []) -> In d (all_of (snd entry)) ->
    readable (decisions.effect d)) ->
  In entry (known_of compare_key m []) ->
  canonical false (snd entry).
Proof using lawful_effects lawful_keys lawful_names.
  intros good all_readable.
  apply well_formed_keys_are_canonical; [exact good | reflexivity |].
  intros [k x] there. split; [intros d; now apply all_readable |].
  apply decisions_proof.well_formed_frontiers_mean in good as (sorts & _); [| exact _ ..].
  apply (found_means_in compare_key) in there; [| now apply known_is_sorted].
  rewrite known_is_found in there by auto. cbn [find] in there.
  destruct (find compare_key k m); [| easy]. now injection there as <-.
Qed.

Lemma equal_records_make_equal_stores (m m' : sorted_map K (sorted_set decision)) :
  decisions.well_formed_frontiers compare_name compare_key compare_effect m = true ->
  decisions.well_formed_frontiers compare_name compare_key compare_effect m' = true ->
  (forall entry d, In entry (known_of compare_key m []) -> In d (all_of (snd entry)) ->
    readable (decisions.effect d)) ->
  (forall entry d, In entry (known_of compare_key m' []) -> In d (all_of (snd entry)) ->
    readable (decisions.effect d)) ->
  (forall r, In r (map snd (keyed_records (known_of compare_key m []))) <->
    In r (map snd (keyed_records (known_of compare_key m' [])))) ->
  m = m'.
Proof using effects_can_be_read keys_differ lawful_effects lawful_keys lawful_names names_differ.
  intros good good' all all' same.
  apply (equal_knowledge_makes_equal_keys m m' [] []); auto.
  apply (equal_records_make_equal_keys false); auto.
  - apply known_is_sorted; [exact (proj1 (andb_prop _ _ good)) | reflexivity].
  - apply known_is_sorted; [exact (proj1 (andb_prop _ _ good')) | reflexivity].
  - intros entry. now apply a_stores_keys_are_canonical.
  - intros entry. now apply a_stores_keys_are_canonical.
Qed.
End Keyed.

(** ** Trees *)

Local Notation path_of := (path_of hash).
Local Notation way := (way hash).
Local Notation child := (child hash).
Local Notation bucket_hash := (bucket_hash hash).
Local Notation tree := (tree hash).
Local Notation leaf := (leaf hash).
Local Notation branch := (branch hash).
Local Notation build := (build hash).
Local Notation update := (update hash).
Local Notation rising := (rising compare_record).

Lemma in_union (r : record) a b :
  rising a = true ->
  rising b = true ->
  In r (union compare_record a b) <-> In r a \/ In r b.
Proof.
  intros. rewrite <- !(member_means_in compare_record) by auto using (union_is_rising compare_record).
  rewrite (member_of_union compare_record), orb_true_iff by assumption. reflexivity.
Qed.

Lemma in_child levels i r rs : In r (child levels i rs) <-> In r rs /\ way levels r = i.
Proof. unfold state_hash.child. now rewrite filter_In, N.eqb_eq. Qed.

Lemma children_are_rising levels i rs : rising rs = true -> rising (child levels i rs) = true.
Proof. now apply (filter_is_rising compare_record). Qed.
Hint Resolve children_are_rising : core.

Lemma there_are_four_ways levels r :
  way levels r = 0 \/ way levels r = 1 \/ way levels r = 2 \/ way levels r = 3.
Proof.
  unfold state_hash.way, turn.
  assert (forall n, n < 4 -> n = 0 \/ n = 1 \/ n = 2 \/ n = 3) as four by lia.
  now apply four, N.mod_lt.
Qed.

Lemma children_share_the_records levels rs :
  (length (child levels 0 rs) + length (child levels 1 rs) + length (child levels 2 rs)
   + length (child levels 3 rs) = length rs)%nat.
Proof.
  unfold state_hash.child. induction rs as [| r rs IH]; [reflexivity |].
  cbn [filter length].
  destruct (there_are_four_ways levels r) as [-> | [-> | [-> | ->]]]; cbn [N.eqb Pos.eqb length];
    lia.
Qed.

Lemma equal_children_make_equal_records levels rs ss :
  rising rs = true ->
  rising ss = true ->
  child levels 0 rs = child levels 0 ss ->
  child levels 1 rs = child levels 1 ss ->
  child levels 2 rs = child levels 2 ss ->
  child levels 3 rs = child levels 3 ss ->
  rs = ss.
Proof.
  intros rises rises' same_0 same_1 same_2 same_3.
  apply (equal_content_makes_equal_rising_lists compare_record); auto. intros r.
  assert (forall i, child levels i rs = child levels i ss -> way levels r = i ->
    In r rs <-> In r ss) as on_way.
  { intros i same goes.
    assert (In r (child levels i rs) <-> In r (child levels i ss)) by now rewrite same.
    rewrite !in_child in *. tauto. }
  destruct (there_are_four_ways levels r) as [goes | [goes | [goes | goes]]];
    revert goes; now apply on_way.
Qed.

Theorem the_kept_root_is_the_hash_of_the_records levels rs : root (build levels rs) = tree levels rs.
Proof.
  revert rs. induction levels as [| levels IH]; intros rs; [reflexivity |].
  cbn [state_hash.build state_hash.tree]. destruct (is_small rs); [reflexivity |].
  cbn [root state_hash.branch]. now rewrite !IH.
Qed.

Lemma a_tree_has_the_length_of_a_digest levels rs : length (tree levels rs) = digest_length.
Proof using one_length.
  destruct levels as [| levels]; cbn [state_hash.tree]; [| destruct (is_small rs)];
    try apply one_length; destruct rs; cbn [state_hash.bucket_hash]; reflexivity || apply one_length.
Qed.

Lemma the_kept_count_is_right levels rs : size (build levels rs) = length rs.
Proof.
  revert rs. induction levels as [| levels IH]; intros rs; [reflexivity |].
  cbn [state_hash.build]. destruct (is_small rs); [reflexivity |].
  cbn [size state_hash.branch]. rewrite !IH. apply children_share_the_records.
Qed.

Lemma children_gather_to_the_whole levels (rs : sorted_set record) a b c d :
  rising rs = true ->
  gather a = child levels 0 rs ->
  gather b = child levels 1 rs ->
  gather c = child levels 2 rs ->
  gather d = child levels 3 rs ->
  gather (branch a b c d) = rs.
Proof.
  intros rises in_a in_b in_c in_d. cbn [gather state_hash.branch].
  rewrite in_a, in_b, in_c, in_d.
  apply (equal_content_makes_equal_rising_lists compare_record); auto;
    repeat apply (union_is_rising compare_record); auto.
  intros r. rewrite !in_union, !in_child
    by auto 6 using (union_is_rising compare_record).
  destruct (there_are_four_ways levels r) as [-> | [-> | [-> | ->]]]; intuition easy.
Qed.

Lemma the_tree_has_its_records levels rs : rising rs = true -> gather (build levels rs) = rs.
Proof.
  revert rs. induction levels as [| levels IH]; intros rs rises; [reflexivity |].
  cbn [state_hash.build]. destruct (is_small rs); [reflexivity |].
  apply (children_gather_to_the_whole (S levels)); auto.
Qed.

(** *** The tree that is updated is the tree that is made anew *)

Lemma in_replace old new r rs :
  rising rs = true ->
  In r (replace old new rs) <-> new = Some r \/ (In r rs /\ old <> Some r).
Proof.
  intros rises. unfold replace.
  rewrite in_union by (first [now destruct new | now apply (filter_is_rising compare_record)]).
  rewrite filter_In, negb_true_iff.
  assert (In r (one_or_none new) <-> new = Some r) as ->.
  { destruct new as [r' |]; cbn; [| easy]. split; [intros [-> |]; easy | intros [= ->]; auto]. }
  assert (existsb (equal compare_record r) (one_or_none old) = false <-> old <> Some r) as ->.
  { destruct old as [r' |]; cbn; [| easy].
    destruct (equal_is_equality compare_record r r') as [-> | different]; cbn; [easy |].
    split; congruence. }
  reflexivity.
Qed.

Lemma replace_is_rising old new rs : rising rs = true -> rising (replace old new rs) = true.
Proof.
  intros rises. apply (union_is_rising compare_record).
  - now destruct new.
  - now apply (filter_is_rising compare_record).
Qed.

Definition is_on (path : bytes) (r : option record) : Prop :=
  match r with
  | Some r => path_of r = path
  | None => True
  end.

Lemma a_replacement_changes_one_child levels i path old new rs :
  rising rs = true ->
  is_on path old ->
  is_on path new ->
  child levels i (replace old new rs)
  = if turn (depth_limit - levels) path =? i then replace old new (child levels i rs)
    else child levels i rs.
Proof.
  intros rises on_old on_new.
  apply (equal_content_makes_equal_rising_lists compare_record).
  - apply children_are_rising, replace_is_rising, rises.
  - destruct (_ =? i); [now apply replace_is_rising, children_are_rising |].
    now apply children_are_rising.
  - intros r. rewrite in_child, in_replace by assumption.
    destruct (N.eqb_spec (turn (depth_limit - levels) path) i) as [<- | elsewhere].
    + rewrite in_replace, in_child by auto.
      assert (new = Some r -> way levels r = turn (depth_limit - levels) path).
      { intros ->. cbn in on_new. unfold state_hash.way. now rewrite on_new. }
      tauto.
    + rewrite in_child. split; [| intros [there goes]; split; [right; split |]; auto].
      * intros [[-> | [there _]] goes]; [| now split].
        cbn in on_new. unfold state_hash.way in goes. now rewrite on_new in goes.
      * intros ->. cbn in on_old. unfold state_hash.way in goes. now rewrite on_old in goes.
Qed.

Theorem an_update_makes_the_tree_of_the_new_records levels path old new rs :
  rising rs = true ->
  is_on path old ->
  is_on path new ->
  update levels path (replace old new) (build levels rs) = build levels (replace old new rs).
Proof.
  intros rises on_old on_new. revert rs rises.
  induction levels as [| levels IH]; intros rs rises; [reflexivity |].
  cbn [state_hash.build]. destruct (is_small rs); [reflexivity |].
  unfold state_hash.branch at 1. cbn [state_hash.update].
  assert (forall i,
    (if turn (depth_limit - S levels) path =? i
     then update levels path (replace old new) (build levels (child (S levels) i rs))
     else build levels (child (S levels) i rs))
    = build levels (child (S levels) i (replace old new rs))) as each.
  { intros i. rewrite (a_replacement_changes_one_child _ _ path) by assumption.
    destruct (_ =? i); [| reflexivity]. apply IH. auto. }
  rewrite !each. clear each.
  set (rs' := replace old new rs).
  assert (rising rs' = true) as rises' by now apply replace_is_rising.
  unfold collapse, is_small. cbn [size state_hash.branch].
  rewrite !the_kept_count_is_right, children_share_the_records.
  destruct (Nat.leb (length rs') bucket_limit) eqn:few; [| reflexivity].
  f_equal. apply (children_gather_to_the_whole (S levels)); auto using the_tree_has_its_records.
Qed.

(** *** Equal hashes mean equal records *)

Lemma bucket_hashes_are_hashes r rs : bucket_hash (r :: rs) = digest (Buckets, bucket_bytes (r :: rs)).
Proof. reflexivity. Qed.

Section Free.
Context (ms : list message) (free : clash_free ms).
Context (P : record -> Prop) (can_be_read : prefix_free P encode_record).

Lemma equal_buckets_have_equal_records rs ss :
  incl (trie_messages (leaf rs)) ms ->
  incl (trie_messages (leaf ss)) ms ->
  (forall r, In r rs -> P r) ->
  (forall r, In r ss -> P r) ->
  bucket_hash rs = bucket_hash ss ->
  rs = ss.
Proof using can_be_read free.
  destruct free as [alone something].
  destruct rs as [| r rs], ss as [| s ss]; intros hashed hashed' good good' same.
  - reflexivity.
  - rewrite bucket_hashes_are_hashes in same. symmetry in same.
    apply something in same; [easy | apply hashed'; now left | reflexivity].
  - rewrite bucket_hashes_are_hashes in same.
    apply something in same; [easy | apply hashed; now left | reflexivity].
  - rewrite !bucket_hashes_are_hashes in same.
    apply alone in same; [| apply hashed; now left | apply hashed'; now left].
    injection same as same.
    apply (lists_to_the_end_can_be_read P encode_record); auto. apply records_are_something.
Qed.

Lemma a_bucket_is_no_node rs m :
  incl (trie_messages (leaf rs)) ms ->
  In (Nodes, m) ms ->
  bucket_hash rs <> hash Nodes m.
Proof using free.
  destruct free as [alone something]. intros hashed hashed' same.
  change (hash Nodes m) with (digest (Nodes, m)) in same.
  destruct rs as [| r rs]; [now apply (something (Nodes, m)) |].
  rewrite bucket_hashes_are_hashes in same. apply alone in same; [easy | | assumption].
  apply hashed. now left.
Qed.

Theorem equal_trees_have_equal_records levels rs ss :
  rising rs = true ->
  rising ss = true ->
  (forall r, In r rs -> P r) ->
  (forall r, In r ss -> P r) ->
  incl (trie_messages (build levels rs)) ms ->
  incl (trie_messages (build levels ss)) ms ->
  tree levels rs = tree levels ss ->
  rs = ss.
Proof using can_be_read free one_length.
  revert rs ss. induction levels as [| levels IH]; intros rs ss rises rises' good good';
    cbn [state_hash.build state_hash.tree].
  - intros. now apply equal_buckets_have_equal_records.
  - destruct (is_small rs), (is_small ss); intros hashed hashed' same.
    + now apply equal_buckets_have_equal_records.
    + apply a_bucket_is_no_node in same; [easy | assumption |].
      rewrite <- !the_kept_root_is_the_hash_of_the_records. apply hashed'. now left.
    + symmetry in same. apply a_bucket_is_no_node in same; [easy | assumption |].
      rewrite <- !the_kept_root_is_the_hash_of_the_records. apply hashed. now left.
    + cbn [trie_messages state_hash.branch] in hashed, hashed'.
      rewrite !the_kept_root_is_the_hash_of_the_records in hashed, hashed'.
      apply incl_cons_inv in hashed as [here below], hashed' as [here' below'].
      apply incl_app_inv in below as [a below], below' as [a' below'].
      apply incl_app_inv in below as [b below], below' as [b' below'].
      apply incl_app_inv in below as [c d], below' as [c' d'].
      match type of same with
      | hash _ ?m = hash _ ?m' => apply (proj1 free (Nodes, m) (Nodes, m') here here') in same
      end.
      injection same as same.
      apply equal_lengths_split in same as [same_a same];
        [| now rewrite !a_tree_has_the_length_of_a_digest].
      apply equal_lengths_split in same as [same_b same];
        [| now rewrite !a_tree_has_the_length_of_a_digest].
      apply equal_lengths_split in same as [same_c same_d];
        [| now rewrite !a_tree_has_the_length_of_a_digest].
      apply (equal_children_make_equal_records (S levels)); auto; apply IH; auto;
        intros r there; apply in_child in there as [there _]; auto.
Qed.

(** *** Going down where hashes differ *)

Lemma differing_steps s t :
  differing s t =
  if equal compare_bytes (root s) (root t) then []
  else match s, t with
       | Branch _ _ a b c d, Branch _ _ a' b' c' d' =>
           differing a a' ++ differing b b' ++ differing c c' ++ differing d d'
       | _, _ => [(gather s, gather t)]
       end.
Proof. now destruct s. Qed.

Definition swap {A B : Type} (p : A * B) : B * A := (snd p, fst p).

Lemma differing_either_way s t : differing t s = map swap (differing s t).
Proof.
  revert t. induction s as [x rs | n x a IHa b IHb c IHc d IHd]; intros t;
    rewrite (differing_steps t), (differing_steps _ t), (equal_either_way compare_bytes (root t));
    destruct (equal compare_bytes _ (root t)); try reflexivity; destruct t; try reflexivity.
  now rewrite IHa, IHb, IHc, IHd, !map_app.
Qed.

(** What is compared is what both have there, and it differs. *)
Lemma what_is_compared_differs levels rs ss p :
  rising rs = true ->
  rising ss = true ->
  In p (differing (build levels rs) (build levels ss)) ->
  fst p <> snd p
  /\ (forall r, In r (fst p) -> In r rs)
  /\ (forall r, In r (fst p) -> In r ss -> In r (snd p)).
Proof.
  revert rs ss. induction levels as [| levels IH]; intros rs ss rises rises';
    rewrite differing_steps;
    match goal with
    | |- context [equal compare_bytes ?x ?y] =>
        destruct (equal_is_equality compare_bytes x y) as [| different]
    end; try easy.
  - intros [<- | []]. cbn [fst snd gather state_hash.build state_hash.leaf].
    repeat split; auto. intros ->. now apply different.
  - assert (rs <> ss) as unequal by (intros ->; now apply different). clear different.
    pose proof (the_tree_has_its_records (S levels) rs rises) as all.
    pose proof (the_tree_has_its_records (S levels) ss rises') as all'.
    revert all all'. cbn [state_hash.build].
    assert (forall s t, gather s = rs -> gather t = ss -> p = (gather s, gather t) ->
      fst p <> snd p
      /\ (forall r, In r (fst p) -> In r rs)
      /\ (forall r, In r (fst p) -> In r ss -> In r (snd p))) as whole.
    { intros s t -> -> ->. cbn [fst snd]. auto. }
    destruct (is_small rs), (is_small ss); intros all all' there;
      try (destruct there as [<- | []]; now apply whole with (1 := all) (2 := all')).
    cbn [state_hash.branch] in there. rewrite !in_app_iff in there.
    assert (forall i,
      In p (differing (build levels (child (S levels) i rs))
              (build levels (child (S levels) i ss))) ->
      fst p <> snd p
      /\ (forall r, In r (fst p) -> In r rs)
      /\ (forall r, In r (fst p) -> In r ss -> In r (snd p))) as below.
    { intros i there_i. apply IH in there_i as (unequal_i & part & common); auto.
      split; [exact unequal_i |]. split; intros r r_in.
      - apply part in r_in. now apply in_child in r_in.
      - intros r_in'. apply common; [exact r_in |]. apply in_child. split; [exact r_in' |].
        apply part in r_in. now apply in_child in r_in. }
    destruct there as [there | [there | [there | there]]]; eapply below; exact there.
Qed.

Local Notation within := (within hash).
Local Notation ends_at := (ends_at hash).
Local Notation differ_at := (differ_at hash).
Local Notation compared_at := (compared_at hash).

Lemma comparing_at_the_top levels rs ss :
  compared_at levels rs ss [] <->
  differ_at levels [] rs ss = true /\ ends_at levels [] rs || ends_at levels [] ss = true.
Proof.
  split; [now intros [differ ends _] |]. intros [differ ends]. split; auto.
  intros before below split some. symmetry in split. now apply app_eq_nil in split as [_ ->].
Qed.

Lemma comparing_further_down levels rs ss i place :
  compared_at (S levels) rs ss (i :: place) <->
  (differ_at (S levels) [] rs ss = true
   /\ ends_at (S levels) [] rs = false
   /\ ends_at (S levels) [] ss = false)
  /\ compared_at levels (child (S levels) i rs) (child (S levels) i ss) place.
Proof.
  split.
  - intros [differ ends above]. split.
    + now apply (above [] (i :: place)).
    + split; auto. intros before below -> some. now apply (above (i :: before) below).
  - intros [top [differ ends above]]. split; auto. intros [| i' before] below split some.
    + exact top.
    + injection split as <- split. now apply (above before below).
Qed.

Lemma nothing_is_within_nothing levels place : within levels place [] = [].
Proof. revert levels. induction place; intros levels; [reflexivity | apply IHplace]. Qed.

Lemma only_four_ways_are_compared levels rs ss i place :
  compared_at levels (child (S levels) i rs) (child (S levels) i ss) place ->
  i = 0 \/ i = 1 \/ i = 2 \/ i = 3.
Proof.
  intros [differ _ _]. destruct (N.lt_ge_cases i 4) as [|]; [lia |]. exfalso.
  assert (forall rs, child (S levels) i rs = []) as none.
  { intros rs'. unfold state_hash.child. apply definition_proof.filtering_none. intros r _. apply N.eqb_neq.
    destruct (there_are_four_ways (S levels) r) as [-> | [-> | [-> | ->]]]; lia. }
  rewrite !none in differ. unfold state_hash.differ_at in differ.
  rewrite nothing_is_within_nothing, (equal_to_itself compare_bytes) in differ. easy.
Qed.

(** What is compared is exactly what is there, at the places to which going down leads. *)
Theorem going_down_compares_exactly_there levels rs ss p :
  rising rs = true ->
  rising ss = true ->
  In p (differing (build levels rs) (build levels ss)) <->
  exists place,
    compared_at levels rs ss place /\ p = (within levels place rs, within levels place ss).
Proof.
  revert rs ss. induction levels as [| levels IH]; intros rs ss rises rises';
    rewrite differing_steps, !the_kept_root_is_the_hash_of_the_records.
  - split.
    + destruct (equal compare_bytes (tree 0 rs) (tree 0 ss)) eqn:same; [easy |].
      intros [<- | []]. exists []. split; [| reflexivity]. apply comparing_at_the_top.
      split; [| reflexivity]. unfold state_hash.differ_at. cbn [length Nat.sub state_hash.within].
      now rewrite same.
    + intros ([| i place] & [differ _ above] & ->).
      * unfold state_hash.differ_at in differ. cbn [length Nat.sub state_hash.within] in differ.
        apply negb_true_iff in differ. rewrite differ. now left.
      * destruct (above [] (i :: place)) as (_ & ends & _); easy.
  - assert (differ_at (S levels) [] rs ss
      = negb (equal compare_bytes (tree (S levels) rs) (tree (S levels) ss))) as top by reflexivity.
    destruct (equal compare_bytes (tree (S levels) rs) (tree (S levels) ss)) eqn:same;
      cbn [negb] in top.
    { split; [easy |]. intros ([| i place] & compared & _).
      - apply comparing_at_the_top in compared as [differ _]. congruence.
      - apply comparing_further_down in compared as [[differ _] _]. congruence. }
    pose proof (the_tree_has_its_records (S levels) rs rises) as all.
    pose proof (the_tree_has_its_records (S levels) ss rises') as all'.
    revert all all'. cbn [state_hash.build].
    assert (forall s t, gather s = rs -> gather t = ss ->
      is_small rs = true \/ is_small ss = true ->
      In p [(gather s, gather t)] <->
      exists place, compared_at (S levels) rs ss place
        /\ p = (within (S levels) place rs, within (S levels) place ss)) as whole.
    { intros s t -> -> ends. split.
      - intros [<- | []]. exists []. split; [| reflexivity]. apply comparing_at_the_top.
        split; [exact top |]. apply orb_true_iff.
        destruct ends as [small | small]; [left | right]; exact small.
      - intros ([| i place] & compared & ->); [now left |].
        apply comparing_further_down in compared as [(_ & go & go') _].
        change (is_small rs = false) in go. change (is_small ss = false) in go'.
        destruct ends; congruence. }
    destruct (is_small rs) eqn:small, (is_small ss) eqn:small'; intros all all';
      try (exact (whole _ _ all all' ltac:(auto))).
    clear whole all all'. cbn [state_hash.branch]. rewrite !in_app_iff, !IH by auto.
    split.
    + assert (forall i,
        (exists place, compared_at levels (child (S levels) i rs) (child (S levels) i ss) place
          /\ p = (within levels place (child (S levels) i rs),
                within levels place (child (S levels) i ss))) ->
        exists place, compared_at (S levels) rs ss place
          /\ p = (within (S levels) place rs, within (S levels) place ss)) as below.
      { intros i (place & compared & ->). exists (i :: place). split; [| reflexivity].
        apply comparing_further_down. split; [| exact compared]. repeat split.
        - exact top.
        - exact small.
        - exact small'. }
      intros [there | [there | [there | there]]]; eapply below; exact there.
    + intros ([| i place] & compared & ->).
      * apply comparing_at_the_top in compared as [_ ends].
        change (is_small rs || is_small ss = true) in ends. now rewrite small, small' in ends.
      * apply comparing_further_down in compared as [_ compared].
        destruct (only_four_ways_are_compared _ _ _ _ _ compared) as [-> | [-> | [-> | ->]]];
          eauto 8.
Qed.

Lemma what_differs_is_compared levels rs ss r :
  rising rs = true ->
  rising ss = true ->
  (forall r, In r rs -> P r) ->
  (forall r, In r ss -> P r) ->
  incl (trie_messages (build levels rs)) ms ->
  incl (trie_messages (build levels ss)) ms ->
  In r rs ->
  ~ In r ss ->
  exists p, In p (differing (build levels rs) (build levels ss)) /\ In r (fst p).
Proof using can_be_read free one_length.
  revert rs ss. induction levels as [| levels IH]; intros rs ss rises rises' good good' hashed
    hashed' here not_there;
    rewrite differing_steps;
    match goal with
    | |- context [equal compare_bytes ?x ?y] =>
        destruct (equal_is_equality compare_bytes x y) as [same | _]
    end;
    try (rewrite !the_kept_root_is_the_hash_of_the_records in same;
      apply equal_trees_have_equal_records in same; auto; now rewrite same in here).
  - exists (rs, ss). split; [now left | exact here].
  - pose proof (the_tree_has_its_records (S levels) rs rises) as all.
    pose proof (the_tree_has_its_records (S levels) ss rises') as all'.
    assert (In r (gather (build (S levels) rs))) as here' by now rewrite all.
    clear all all'. revert hashed hashed' here'. cbn [state_hash.build].
    destruct (is_small rs), (is_small ss); intros hashed hashed' here';
      try (eexists; split; [left; reflexivity | exact here']).
    clear here'. cbn [trie_messages state_hash.branch] in hashed, hashed' |- *.
    apply incl_cons_inv in hashed as [_ below], hashed' as [_ below'].
    apply incl_app_inv in below as [a below], below' as [a' below'].
    apply incl_app_inv in below as [b below], below' as [b' below'].
    apply incl_app_inv in below as [c d], below' as [c' d'].
    assert (forall i, way (S levels) r = i ->
      incl (trie_messages (build levels (child (S levels) i rs))) ms ->
      incl (trie_messages (build levels (child (S levels) i ss))) ms ->
      exists p, In p (differing (build levels (child (S levels) i rs))
                        (build levels (child (S levels) i ss))) /\ In r (fst p)) as on_way.
    { intros i goes part part'. apply IH; auto.
      - intros s s_in. apply in_child in s_in as [s_in _]. auto.
      - intros s s_in. apply in_child in s_in as [s_in _]. auto.
      - now apply in_child.
      - now rewrite in_child. }
    destruct (there_are_four_ways (S levels) r) as [goes | [goes | [goes | goes]]];
      (apply on_way in goes as (p & there & r_in); [| assumption | assumption]);
      exists p; rewrite !in_app_iff; auto.
Qed.

(** The buckets that are reached are exactly those that hold the records in which the trees
    differ. *)
Theorem going_down_finds_what_differs levels rs ss r :
  rising rs = true ->
  rising ss = true ->
  (forall r, In r rs -> P r) ->
  (forall r, In r ss -> P r) ->
  incl (trie_messages (build levels rs)) ms ->
  incl (trie_messages (build levels ss)) ms ->
  (In r rs /\ ~ In r ss <->
    exists p, In p (differing (build levels rs) (build levels ss))
      /\ In r (fst p) /\ ~ In r (snd p))
  /\ (In r ss /\ ~ In r rs <->
    exists p, In p (differing (build levels rs) (build levels ss))
      /\ In r (snd p) /\ ~ In r (fst p)).
Proof using can_be_read free one_length.
  assert (forall rs ss, rising rs = true -> rising ss = true ->
    (forall r, In r rs -> P r) ->
    (forall r, In r ss -> P r) ->
    incl (trie_messages (build levels rs)) ms ->
    incl (trie_messages (build levels ss)) ms ->
    In r rs /\ ~ In r ss <->
    exists p, In p (differing (build levels rs) (build levels ss))
      /\ In r (fst p) /\ ~ In r (snd p)) as half.
  { intros xs ys rises rises' good good' hashed hashed'. split.
    - intros [here not_there].
      destruct (what_differs_is_compared levels xs ys r) as (p & there & r_in); auto.
      exists p. split; [exact there |]. split; [exact r_in |]. intros r_in'. apply not_there.
      rewrite differing_either_way in there. apply in_map_iff in there as (q & <- & there).
      now apply what_is_compared_differs in there as (_ & part & _); auto.
    - intros (p & there & r_in & not_in).
      apply what_is_compared_differs in there as (_ & part & common); auto. }
  intros. split; [now apply half |]. rewrite (half ss rs) by assumption.
  split; intros (p & there & r_in & not_in); exists (swap p); (split; [| now split]).
  - rewrite differing_either_way. now apply in_map.
  - rewrite (differing_either_way (build levels rs)). now apply in_map.
Qed.
End Free.

(** ** Objects *)

Local Notation records := (records compare_name compare_value null name_bytes value_bytes hash).
Local Notation value_messages :=
  (value_messages compare_name compare_value null value_bytes).
Local Notation object_hash :=
  (object_hash compare_name compare_value null name_bytes value_bytes hash).
Local Notation object_messages :=
  (object_messages compare_name compare_value null name_bytes value_bytes hash).
Local Notation replica_bytes :=
  (replica_bytes compare_name compare_value null name_bytes value_bytes hash).
Local Notation replica_hash :=
  (replica_hash compare_name compare_value null name_bytes value_bytes hash).
Local Notation replica_messages :=
  (replica_messages compare_name compare_value null name_bytes value_bytes hash).
Local Notation settled := (settled compare_name compare_value).
Local Notation well_formed_object := (replica.well_formed_object compare_name compare_value).
Local Notation known_of_register := (known_of_register (Name := Name) (Value := Value)).
Local Notation known_of_set := (known_of_set compare_name).
Local Notation known_of_map := (known_of_map compare_name (Value := Value)).

Lemma in_select b r rs : In r (select b rs) <-> In (b, r) rs.
Proof.
  unfold select. rewrite (in_set_of compare_record), in_map_iff. split.
  - intros ([b' r'] & <- & there). apply filter_In in there as [there same].
    cbn in *. now apply eqb_prop in same as ->.
  - intros there. exists (b, r). split; [reflexivity |]. apply filter_In.
    split; [exact there |]. apply eqb_reflx.
Qed.

Lemma select_is_rising b rs : rising (select b rs) = true.
Proof. apply (set_of_is_rising compare_record). Qed.

Lemma a_record_is_selected_once rs r :
  In r (map snd rs) <-> In r (select false rs) \/ In r (select true rs).
Proof.
  rewrite !in_select, in_map_iff. split.
  - intros ([[|] r'] & <- & there); auto.
  - intros [there | there]; [exists (false, r) | exists (true, r)]; now split.
Qed.

Section Free.
Context (ms : list message) (free : clash_free ms).

Definition readable_value (v : Value) : Prop := incl (written_messages v) ms.

Definition readable_presence (p : definition.presence) : Prop := True.

Local Notation of_value_keys key_bytes :=
  (of_keys compare_value key_bytes written_bytes (canonical compare_value readable_value true)).

Local Notation of_stored_value_keys key_bytes :=
  (of_keys compare_value key_bytes written_bytes (canonical compare_value readable_value false)).

Local Notation of_presence_keys key_bytes :=
  (of_keys definition.compare_presence key_bytes presence_bytes
    (canonical definition.compare_presence readable_presence false)).

(** The records of one type. *)
Definition of_type (type : definition.object_type) (r : record) : Prop :=
  match type with
  | definition.G_counter => exists o n, r = (origin_bytes o, uv n)
  | definition.Lww_register => of_value_keys no_bytes r
  | definition.Or_set =>
      of_keys definition.compare_presence name_bytes presence_bytes
        (canonical definition.compare_presence readable_presence false) r
  | definition.Lww_map => of_value_keys name_bytes r
  | definition.Log =>
      exists d seq time v,
        r = (dot_bytes d, uv seq ++ uv time ++ content_bytes v)
        /\ incl (content_messages v) ms
  | definition.Pn_counter => exists side o n, r = (side :: origin_bytes o, uv n)
  | definition.Rw_set => of_presence_keys name_bytes r
  | definition.Ew_flag | definition.Dw_flag => of_presence_keys no_bytes r
  | definition.Mv_register => of_stored_value_keys no_bytes r
  | definition.Mv_map => of_stored_value_keys name_bytes r
  | definition.Max_register | definition.Min_register => exists n, r = ([], integer_bytes n)
  end.

Lemma integers_can_be_read n n' r s :
  integer_bytes n ++ r = integer_bytes n' ++ s -> n = n' /\ r = s.
Proof.
  destruct n as [| p | p], n' as [| p' | p']; cbn [integer_bytes app]; try easy;
    intros same; injection same as same; [now subst | |];
    apply numbers_can_be_read in same as [[= ->] ->]; now split.
Qed.

Lemma records_of_a_type_can_be_read type : prefix_free (of_type type) encode_record.
Proof using free lawful_names lawful_values names_differ one_length values_differ.
  destruct type.
  - intros a b r s (o & n & ->) (o' & n' & ->). unfold encode_record. cbn [fst snd].
    rewrite <- !app_assoc. intros same. apply strings_can_be_read in same as [-> same].
    now apply numbers_can_be_read in same as [-> ->].
  - apply records_of_keys_can_be_read; [exact _ |].
    intros v v' r s. now apply (written_values_can_be_read ms).
  - apply records_of_keys_can_be_read; [exact _ |].
    intros v v' r s _ _. apply presences_can_be_read.
  - apply records_of_keys_can_be_read; [exact _ |].
    intros v v' r s. now apply (written_values_can_be_read ms).
  - intros a b r s (d & n & t & v & -> & good) (d' & n' & t' & v' & -> & good').
    unfold encode_record. cbn [fst snd]. rewrite <- !app_assoc. intros same.
    apply strings_can_be_read in same as [-> same].
    apply numbers_can_be_read in same as [-> same].
    apply numbers_can_be_read in same as [-> same].
    now apply (contents_can_be_read ms free) in same as [-> ->].
  - intros a b r s (i & o & n & ->) (i' & o' & n' & ->). unfold encode_record. cbn [fst snd].
    rewrite <- !app_assoc. intros same. apply strings_can_be_read in same as [-> same].
    now apply numbers_can_be_read in same as [-> ->].
  - apply records_of_keys_can_be_read; [exact _ |].
    intros v v' r s _ _. apply presences_can_be_read.
  - apply records_of_keys_can_be_read; [exact _ |].
    intros v v' r s _ _. apply presences_can_be_read.
  - apply records_of_keys_can_be_read; [exact _ |].
    intros v v' r s _ _. apply presences_can_be_read.
  - apply records_of_keys_can_be_read; [exact _ |].
    intros v v' r s. now apply (written_values_can_be_read ms).
  - apply records_of_keys_can_be_read; [exact _ |].
    intros v v' r s. now apply (written_values_can_be_read ms).
  - intros a b r s (n & ->) (n' & ->). unfold encode_record. cbn [fst snd].
    rewrite <- !app_assoc. intros same. apply strings_can_be_read in same as [_ same].
    now apply integers_can_be_read in same as [-> ->].
  - intros a b r s (n & ->) (n' & ->). unfold encode_record. cbn [fst snd].
    rewrite <- !app_assoc. intros same. apply strings_can_be_read in same as [_ same].
    now apply integers_can_be_read in same as [-> ->].
Qed.

(** *** What is known of the keys of a well-formed object *)

Lemma a_registers_keys_are_canonical s entry :
  lww_register.well_formed compare_name compare_value s = true ->
  settled (replica.A_register s) = true ->
  incl (value_messages (replica.A_register s)) ms ->
  In entry (known_of_register s) ->
  canonical compare_value readable_value true (snd entry).
Proof using lawful_names lawful_values.
  intros good fine hashed.
  apply decisions_proof.well_formed_means in good as [_ good].
  apply (well_formed_keys_are_canonical compare_unit compare_value); [exact good | |].
  - now destruct (lww_register.winner s).
  - intros entry' there. split.
    + intros d d_in m m_in. apply hashed. apply in_flat_map. exists entry'.
      split; [exact there |]. apply in_flat_map. now exists d.
    + unfold state_hash.settled, settled_keys in fine. rewrite forallb_forall in fine.
      now apply fine.
Qed.

Lemma a_maps_keys_are_canonical s entry :
  lww_map.well_formed compare_name compare_value s = true ->
  settled (replica.A_map s) = true ->
  incl (value_messages (replica.A_map s)) ms ->
  In entry (known_of_map s) ->
  canonical compare_value readable_value true (snd entry).
Proof using lawful_names lawful_values.
  intros good fine hashed.
  apply andb_prop in good as [good sorts].
  apply decisions_proof.well_formed_means in good as [_ good].
  apply (well_formed_keys_are_canonical compare_name compare_value); [exact good | exact sorts |].
  intros entry' there. split.
  - intros d d_in m m_in. apply hashed. apply in_flat_map. exists entry'.
    split; [exact there |]. apply in_flat_map. now exists d.
  - unfold state_hash.settled, settled_keys in fine. rewrite forallb_forall in fine.
    now apply fine.
Qed.

Lemma a_sets_keys_are_canonical s entry :
  or_set.well_formed compare_name s = true ->
  In entry (known_of_set s) ->
  canonical definition.compare_presence readable_presence false (snd entry).
Proof using lawful_names.
  intros good. apply decisions_proof.well_formed_means in good as [_ good].
  apply (well_formed_keys_are_canonical compare_name definition.compare_presence);
    [exact good | reflexivity |].
  intros [k x] there. split; [now intros |].
  pose proof (decisions_proof.well_formed_frontiers_mean compare_name compare_name
    definition.compare_presence (decisions.maximal s)) as [means _].
  apply means in good as (sorts & _).
  apply (found_means_in compare_name) in there; [| now apply known_is_sorted].
  rewrite known_is_found in there by auto. cbn [find] in there.
  destruct (find compare_name k (decisions.maximal s)); [| easy]. now injection there as <-.
Qed.

(** The values that a store has written can be read where their messages were hashed. *)
Lemma stored_values_can_be_read {K : Type} (compare_key : K -> K -> comparison)
    (s : decisions.state Name K Value) entry d :
  incl (keyed_messages written_messages
    (state_hash.known_of_store compare_key s)) ms ->
  In entry (known_of compare_key (decisions.maximal s) []) ->
  In d (all_of (snd entry)) ->
  readable_value (decisions.effect d).
Proof.
  intros hashed there d_in m m_in. apply hashed. apply in_flat_map. exists entry.
  split; [exact there |]. apply in_flat_map. now exists d.
Qed.

Lemma stores_are_well_formed {K Effect : Type} (compare_key : K -> K -> comparison)
    (compare_effect : Effect -> Effect -> comparison) {lawful_keys : ordered compare_key}
    {lawful_effects : ordered compare_effect} (s : decisions.state Name K Effect) :
  decisions.well_formed compare_name compare_key compare_effect s = true ->
  decisions.well_formed_frontiers compare_name compare_key compare_effect (decisions.maximal s)
  = true.
Proof using lawful_names. now intros [_ good]%andb_prop. Qed.

Lemma records_of_a_store {K Effect : Type} (compare_key : K -> K -> comparison)
    (compare_effect : Effect -> Effect -> comparison) {lawful_keys : ordered compare_key}
    {lawful_effects : ordered compare_effect} (key_bytes : K -> bytes)
    (effect_bytes : Effect -> bytes) (readable : Effect -> Prop)
    (s : decisions.state Name K Effect) item :
  decisions.well_formed compare_name compare_key compare_effect s = true ->
  (forall entry d, In entry (known_of compare_key (decisions.maximal s) []) ->
    In d (all_of (snd entry)) -> readable (decisions.effect d)) ->
  In item (state_hash.known_of_store compare_key s) ->
  of_keys compare_effect key_bytes effect_bytes (canonical compare_effect readable false)
    (key_bytes (fst item), body_bytes compare_name name_bytes compare_effect effect_bytes
      (snd item)).
Proof using lawful_names.
  intros good all there. exists (fst item), (snd item). split; [reflexivity |].
  apply (a_stores_keys_are_canonical compare_key compare_effect readable
    (decisions.maximal s)); auto. now apply stores_are_well_formed.
Qed.

Lemma records_are_of_their_type x r :
  well_formed_object x = true ->
  settled x = true ->
  incl (value_messages x) ms ->
  In r (map snd (records x)) ->
  of_type (replica.type_of x) r.
Proof using lawful_names lawful_values.
  intros good fine hashed there. apply in_map_iff in there as (entry & <- & there).
  destruct x as [s | s | s | s | s | s | s | s | s | s | s | s | s];
    try (apply in_map_iff in there as (item & <- & there)); cbn [snd].
  - now exists (fst item), (snd item).
  - exists (fst item), (snd item). split; [reflexivity |].
    now apply a_registers_keys_are_canonical with s.
  - exists (fst item), (snd item). split; [reflexivity |].
    now apply a_sets_keys_are_canonical with s.
  - exists (fst item), (snd item). split; [reflexivity |].
    now apply a_maps_keys_are_canonical with s.
  - exists (log.dot_of item), (log.seq_of item), (log.timestamp item), (log.content item).
    split; [reflexivity |]. intros m m_in. apply hashed. apply in_flat_map. now exists item.
  - apply in_app_iff in there as [there | there];
      apply in_map_iff in there as (item & <- & there); cbn [snd].
    + now exists 0, (fst item), (snd item).
    + now exists 1, (fst item), (snd item).
  - now apply (records_of_a_store compare_name definition.compare_presence) with s.
  - now apply (records_of_a_store compare_unit definition.compare_presence) with s.
  - now apply (records_of_a_store compare_unit definition.compare_presence) with s.
  - apply (records_of_a_store compare_unit compare_value) with s; auto.
    intros entry' d. now apply (stored_values_can_be_read compare_unit s).
  - apply (records_of_a_store compare_name compare_value) with s; auto.
    intros entry' d. now apply (stored_values_can_be_read compare_name s).
  - cbn [state_hash.records] in there. unfold integer_records in there.
    destruct (max_register.greatest s) as [n |]; [| easy].
    destruct there as [<- | []]. now exists n.
  - cbn [state_hash.records] in there. unfold integer_records in there.
    destruct (max_register.greatest s) as [n |]; [| easy].
    destruct there as [<- | []]. now exists n.
Qed.

(** Shares are read from their records. *)
Lemma equal_share_records_make_equal_shares (side : N) (m m' : sorted_map (origin Name) N) :
  sorted (compare_origin compare_name) m = true ->
  sorted (compare_origin compare_name) m' = true ->
  (forall o n, In (side :: origin_bytes o, uv n)
      (map snd (share_records name_bytes side m)) <->
    In (side :: origin_bytes o, uv n) (map snd (share_records name_bytes side m'))) ->
  m = m'.
Proof using lawful_names names_differ.
  intros sorts sorts' same.
  apply (equal_content_makes_equal_maps (compare_origin compare_name)); auto.
  assert (forall (m m' : sorted_map (origin Name) N) entry,
    (forall o n, In (side :: origin_bytes o, uv n)
        (map snd (share_records name_bytes side m)) ->
      In (side :: origin_bytes o, uv n) (map snd (share_records name_bytes side m'))) ->
    In entry m -> In entry m') as half.
  { intros m1 m2 [o n] part there. specialize (part o n). unfold share_records in part.
    rewrite !map_map, !in_map_iff in part. cbn [fst snd] in part.
    destruct part as ([o' n'] & [= origins counts] & there'); [now exists (o, n) |].
    cbn [fst snd] in *.
    destruct (origins_can_be_read o' o [] []) as [-> _]; [now rewrite !app_nil_r |].
    destruct (numbers_can_be_read n' n [] []) as [-> _]; [now rewrite !app_nil_r |].
    exact there'. }
  intros entry. split; apply half; intros o n; apply same.
Qed.

Lemma share_records_are_on_their_side (side other : N) (m : sorted_map (origin Name) N) key body :
  In (other :: key, body) (map snd (share_records name_bytes side m)) -> other = side.
Proof.
  unfold share_records. rewrite map_map. now intros (entry & [= -> _ _] & _)%in_map_iff.
Qed.

Lemma equal_records_make_equal_sides s s' :
  pn_counter.well_formed compare_name s = true ->
  pn_counter.well_formed compare_name s' = true ->
  (forall r, In r (map snd (records (replica.A_pn_counter s))) <->
    In r (map snd (records (replica.A_pn_counter s')))) ->
  pn_counter.increments s = pn_counter.increments s'
  /\ pn_counter.decrements s = pn_counter.decrements s'.
Proof using lawful_names names_differ.
  intros [up down]%andb_prop [up' down']%andb_prop same.
  assert (forall c : g_counter.state Name, g_counter.well_formed compare_name c = true ->
    sorted (compare_origin compare_name) (g_counter.shares c) = true) as sorts
    by (intros c [[_ good]%andb_prop _]%andb_prop; exact good).
  cbn [state_hash.records] in same.
  assert (forall r, In r (map snd (share_records name_bytes 0 (pn_counter.increments s)))
      \/ In r (map snd (share_records name_bytes 1 (pn_counter.decrements s))) <->
    In r (map snd (share_records name_bytes 0 (pn_counter.increments s')))
      \/ In r (map snd (share_records name_bytes 1 (pn_counter.decrements s')))) as both
    by (intros r; specialize (same r); now rewrite !map_app, !in_app_iff in same).
  assert (forall m key body, In (0 :: key, body) (map snd (share_records name_bytes 1 m)) -> False)
    as zero by (intros m key body there; now apply share_records_are_on_their_side in there).
  assert (forall m key body, In (1 :: key, body) (map snd (share_records name_bytes 0 m)) -> False)
    as one by (intros m key body there; now apply share_records_are_on_their_side in there).
  split.
  - apply (equal_share_records_make_equal_shares 0); [now apply (sorts (pn_counter.up s))
      | now apply (sorts (pn_counter.up s')) |].
    intros o n. specialize (both (0 :: origin_bytes o, uv n)).
    split; intros there; destruct both as [half half'];
      [destruct half | destruct half']; auto; exfalso; eapply zero; eassumption.
  - apply (equal_share_records_make_equal_shares 1); [now apply (sorts (pn_counter.down s))
      | now apply (sorts (pn_counter.down s')) |].
    intros o n. specialize (both (1 :: origin_bytes o, uv n)).
    split; intros there; destruct both as [half half'];
      [destruct half | destruct half']; auto; exfalso; eapply one; eassumption.
Qed.

Lemma equal_records_make_equal_integers (n n' : option Z) :
  (forall r, In r (map snd (integer_records n)) <-> In r (map snd (integer_records n'))) ->
  n = n'.
Proof.
  destruct n as [n |], n' as [n' |]; cbn; intros same; [| | | reflexivity].
  - destruct (proj1 (same _) (or_introl eq_refl)) as [[= bytes] | []].
    destruct (integers_can_be_read n' n [] []) as [-> _]; [now rewrite !app_nil_r | reflexivity].
  - now destruct (proj1 (same _) (or_introl eq_refl)).
  - now destruct (proj2 (same _) (or_introl eq_refl)).
Qed.

(** Sketch: a type at a time. Keys and bodies of records can be read back, so that equal records are equal
    entries: of a counter its shares, of a log its entries, of the others what is known of each key
    ([equal_records_make_equal_keys]), whose maximal decisions and winner are those of the state. *)
Theorem equal_records_make_equal_objects x y :
  replica.type_of x = replica.type_of y ->
  well_formed_object x = true ->
  well_formed_object y = true ->
  settled x = true ->
  settled y = true ->
  incl (value_messages x) ms ->
  incl (value_messages y) ms ->
  (forall r, In r (map snd (records x)) <-> In r (map snd (records y))) ->
  without_vector x = without_vector y.
Proof using free lawful_names lawful_values names_differ one_length values_differ.
  destruct x as [s | s | s | s | s | s | s | s | s | s | s | s | s],
    y as [s' | s' | s' | s' | s' | s' | s' | s' | s' | s' | s' | s' | s'];
    try discriminate; intros _ good good' fine fine' hashed hashed' same.
  - cbn [without_vector]. do 2 f_equal.
    apply andb_prop in good as [good _], good' as [good' _].
    apply andb_prop in good as [_ sorts], good' as [_ sorts'].
    apply (equal_content_makes_equal_maps (compare_origin compare_name)); auto.
    assert (forall (m m' : sorted_map (origin Name) N) entry,
      (forall r, In r (map (fun e => (origin_bytes (fst e), uv (snd e))) m) ->
         In r (map (fun e => (origin_bytes (fst e), uv (snd e))) m')) ->
      In entry m -> In entry m') as half.
    { intros m m' [o n] part there. specialize (part (origin_bytes o, uv n)).
      rewrite !in_map_iff in part. destruct part as ([o' n'] & [= origins counts] & there').
      - now exists (o, n).
      - cbn [fst snd] in *.
        destruct (origins_can_be_read o' o [] []) as [-> _]; [now rewrite !app_nil_r |].
        destruct (numbers_can_be_read n' n [] []) as [-> _]; [now rewrite !app_nil_r |].
        exact there'. }
    unfold state_hash.records in same.
    intros entry. split; apply half; intros r; specialize (same r); rewrite !map_map in same;
      apply same.
  - pose proof (decisions_proof.well_formed_means compare_name compare_unit compare_value) as means.
    pose proof (proj2 (proj1 (means _) good)) as keys.
    pose proof (proj2 (proj1 (means _) good')) as keys'. clear means.
    assert (known_of_register s = known_of_register s') as known.
    { eapply (equal_records_make_equal_keys compare_unit compare_value no_bytes) with
        (readable := readable_value) (has_winners := true); [now intros [] [] | | | | | | exact same].
      - intros v v' r t. now apply (written_values_can_be_read ms).
      - apply (known_is_sorted compare_unit); [exact (proj1 (andb_prop _ _ keys)) | now destruct (lww_register.winner s)].
      - apply (known_is_sorted compare_unit); [exact (proj1 (andb_prop _ _ keys')) | now destruct (lww_register.winner s')].
      - intros entry. now apply a_registers_keys_are_canonical.
      - intros entry. now apply a_registers_keys_are_canonical. }
    apply (equal_knowledge_makes_equal_keys compare_unit compare_value) in known as [same_keys winners]; auto;
      [| now destruct (lww_register.winner s) | now destruct (lww_register.winner s')].
    cbn [without_vector]. rewrite same_keys. do 2 f_equal.
    destruct (lww_register.winner s), (lww_register.winner s'); congruence.
  - pose proof (decisions_proof.well_formed_means compare_name compare_name
      definition.compare_presence) as means.
    pose proof (proj2 (proj1 (means _) good)) as keys.
    pose proof (proj2 (proj1 (means _) good')) as keys'. clear means.
    assert (known_of_set s = known_of_set s') as known.
    { eapply (equal_records_make_equal_keys compare_name definition.compare_presence name_bytes)
        with (readable := readable_presence) (has_winners := false);
        [exact names_differ | | | | | | exact same].
      - intros p p' r t _ _. apply presences_can_be_read.
      - apply (known_is_sorted compare_name); [exact (proj1 (andb_prop _ _ keys)) | reflexivity].
      - apply (known_is_sorted compare_name); [exact (proj1 (andb_prop _ _ keys')) | reflexivity].
      - intros entry. now apply a_sets_keys_are_canonical.
      - intros entry. now apply a_sets_keys_are_canonical. }
    apply (equal_knowledge_makes_equal_keys compare_name definition.compare_presence) in known as [same_keys _]; auto.
    cbn [without_vector]. now rewrite same_keys.
  - apply andb_prop in good as good_and_sorts, good' as good_and_sorts'.
    destruct good_and_sorts as [good_keys sorts], good_and_sorts' as [good_keys' sorts'].
    apply decisions_proof.well_formed_means in good_keys as [_ keys], good_keys' as [_ keys'].
    assert (known_of_map s = known_of_map s') as known.
    { eapply (equal_records_make_equal_keys compare_name compare_value name_bytes) with
        (readable := readable_value) (has_winners := true);
        [exact names_differ | | | | | | exact same].
      - intros v v' r t. now apply (written_values_can_be_read ms).
      - apply (known_is_sorted compare_name); [exact (proj1 (andb_prop _ _ keys)) | exact sorts].
      - apply (known_is_sorted compare_name); [exact (proj1 (andb_prop _ _ keys')) | exact sorts'].
      - intros entry. now apply a_maps_keys_are_canonical.
      - intros entry. now apply a_maps_keys_are_canonical. }
    apply (equal_knowledge_makes_equal_keys compare_name compare_value) in known as [same_keys winners]; auto.
    cbn [without_vector]. now rewrite same_keys, winners.
  - cbn [without_vector]. do 2 f_equal.
    apply andb_prop in good as [_ rises], good' as [_ rises'].
    apply (equal_content_makes_equal_rising_lists
      (log.compare_entry compare_name compare_value)); auto.
    set (of_entry := fun e : log.entry Name Value => (dot_bytes (log.dot_of e),
      uv (log.seq_of e) ++ uv (log.timestamp e) ++ content_bytes (log.content e))).
    assert (forall (m m' : list (log.entry Name Value)),
      (forall e, In e m -> incl (content_messages (log.content e)) ms) ->
      (forall e, In e m' -> incl (content_messages (log.content e)) ms) ->
      (forall r, In r (map of_entry m) -> In r (map of_entry m')) ->
      forall e, In e m -> In e m') as half.
    { intros m m' readable readable' part e there.
      assert (In (of_entry e) (map of_entry m')) as found by now apply part, in_map.
      apply in_map_iff in found as (e' & [= dots rest] & there').
      destruct (dots_can_be_read (log.dot_of e') (log.dot_of e) [] []) as [same_dot _];
        [now rewrite !app_nil_r |].
      apply numbers_can_be_read in rest as [same_seq rest].
      apply numbers_can_be_read in rest as [same_time rest].
      destruct (contents_can_be_read ms free (log.content e') (log.content e) [] [])
        as [same_content _]; [auto | auto | now rewrite !app_nil_r |].
      destruct e, e'. cbn in *. now subst. }
    unfold state_hash.records in same.
    assert (forall e, In e (log.entries s) -> incl (content_messages (log.content e)) ms) as all.
    { intros e there m m_in. apply hashed. apply in_flat_map. now exists e. }
    assert (forall e, In e (log.entries s') -> incl (content_messages (log.content e)) ms) as all'.
    { intros e there m m_in. apply hashed'. apply in_flat_map. now exists e. }
    intros e. split; apply half; auto; intros r; specialize (same r); rewrite !map_map in same;
      apply same.
  - destruct (equal_records_make_equal_sides s s' good good' same) as [up down].
    cbn [without_vector]. now rewrite up, down.
  - cbn [without_vector]. do 2 f_equal.
    eapply (equal_records_make_equal_stores compare_name definition.compare_presence name_bytes)
      with (readable := readable_presence);
      [exact names_differ | | now apply stores_are_well_formed | now apply stores_are_well_formed | | |
       exact same].
    + intros p p' r t _ _. apply presences_can_be_read.
    + now intros.
    + now intros.
  - cbn [without_vector]. do 2 f_equal.
    eapply (equal_records_make_equal_stores compare_unit definition.compare_presence no_bytes)
      with (readable := readable_presence);
      [now intros [] [] | | now apply stores_are_well_formed | now apply stores_are_well_formed | | |
       exact same].
    + intros p p' r t _ _. apply presences_can_be_read.
    + now intros.
    + now intros.
  - cbn [without_vector]. do 2 f_equal.
    eapply (equal_records_make_equal_stores compare_unit definition.compare_presence no_bytes)
      with (readable := readable_presence);
      [now intros [] [] | | now apply stores_are_well_formed | now apply stores_are_well_formed | | |
       exact same].
    + intros p p' r t _ _. apply presences_can_be_read.
    + now intros.
    + now intros.
  - cbn [without_vector]. do 2 f_equal.
    eapply (equal_records_make_equal_stores compare_unit compare_value no_bytes)
      with (readable := readable_value);
      [now intros [] [] | | now apply stores_are_well_formed | now apply stores_are_well_formed | | |
       exact same].
    + intros v v' r t. now apply (written_values_can_be_read ms).
    + intros entry d. now apply (stored_values_can_be_read compare_unit s).
    + intros entry d. now apply (stored_values_can_be_read compare_unit s').
  - cbn [without_vector]. do 2 f_equal.
    eapply (equal_records_make_equal_stores compare_name compare_value name_bytes)
      with (readable := readable_value);
      [exact names_differ | | now apply stores_are_well_formed | now apply stores_are_well_formed | | |
       exact same].
    + intros v v' r t. now apply (written_values_can_be_read ms).
    + intros entry d. now apply (stored_values_can_be_read compare_name s).
    + intros entry d. now apply (stored_values_can_be_read compare_name s').
  - cbn [without_vector]. do 2 f_equal. now apply equal_records_make_equal_integers.
  - cbn [without_vector]. do 2 f_equal. now apply equal_records_make_equal_integers.
Qed.

(** Told apart without a look into what is hashed. *)
Lemma equal_lists_are_equal_in_parts {A : Type} (x y : A) xs ys :
  x :: xs = y :: ys -> x = y /\ xs = ys.
Proof. now intros [= -> ->]. Qed.

Lemma equal_tags_are_equal_types (x y : object) :
  tag x = tag y -> replica.type_of x = replica.type_of y.
Proof. destruct x, y; easy. Qed.

Lemma the_messages_of_a_part b x :
  incl ((Objects, tag x :: tree depth_limit (select b (records x)))
    :: trie_messages (build depth_limit (select b (records x)))) (object_messages x).
Proof.
  intros m m_in. apply in_app_iff. left. cbn [flat_map].
  rewrite app_nil_r. apply in_app_iff. destruct b; [right | left]; exact m_in.
Qed.

(** The hash of the content means the content, and that of the removals the removals. *)
Theorem an_object_hash_means_its_records b x y :
  well_formed_object x = true ->
  well_formed_object y = true ->
  settled x = true ->
  settled y = true ->
  incl (object_messages x) ms ->
  incl (object_messages y) ms ->
  object_hash b x = object_hash b y ->
  replica.type_of x = replica.type_of y /\ select b (records x) = select b (records y).
Proof using free lawful_names lawful_values names_differ one_length values_differ.
  intros good good' fine fine' hashed hashed' same.
  pose proof (incl_tran (the_messages_of_a_part b x) hashed) as part.
  pose proof (incl_tran (the_messages_of_a_part b y) hashed') as part'.
  apply incl_cons_inv in part as [here below], part' as [here' below'].
  unfold state_hash.object_hash in same.
  apply (proj1 free (Objects, _) (Objects, _) here here') in same.
  apply (f_equal snd) in same. cbn [snd] in same.
  apply equal_lists_are_equal_in_parts in same as [tags trees].
  apply equal_tags_are_equal_types in tags.
  split; [exact tags |].
  assert (incl (value_messages x) ms) as values.
  { intros m m_in. apply hashed, in_app_iff. now right. }
  assert (incl (value_messages y) ms) as values'.
  { intros m m_in. apply hashed', in_app_iff. now right. }
  apply (equal_trees_have_equal_records ms free (of_type (replica.type_of x))
    (records_of_a_type_can_be_read _) depth_limit); auto using select_is_rising.
  - intros r there. apply records_are_of_their_type; auto.
    apply a_record_is_selected_once. destruct b; auto.
  - intros r there. rewrite tags. apply records_are_of_their_type; auto.
    apply a_record_is_selected_once. destruct b; auto.
Qed.

Theorem equal_object_hashes_mean_equal_records x y :
  well_formed_object x = true ->
  well_formed_object y = true ->
  settled x = true ->
  settled y = true ->
  incl (object_messages x) ms ->
  incl (object_messages y) ms ->
  object_hash false x = object_hash false y ->
  object_hash true x = object_hash true y ->
  without_vector x = without_vector y.
Proof using free lawful_names lawful_values names_differ one_length values_differ.
  intros good good' fine fine' hashed hashed' content removals.
  apply an_object_hash_means_its_records in content as [same_type content]; auto.
  apply an_object_hash_means_its_records in removals as [_ removals]; auto.
  apply equal_records_make_equal_objects; auto.
  - intros m m_in. apply hashed, in_app_iff. now right.
  - intros m m_in. apply hashed', in_app_iff. now right.
  - intros r. rewrite !a_record_is_selected_once. now rewrite content, removals.
Qed.

(** *** Replicas *)

Definition named_hash (b : bool) (entry : Name * object) : bytes * bytes :=
  (name_bytes (fst entry), object_hash b (snd entry)).

Lemma replica_bytes_are_those_of_named_hashes b xs :
  replica_bytes b xs = flat_map (fun p => str (fst p) ++ snd p) (map (named_hash b) xs).
Proof. unfold state_hash.replica_bytes. induction xs; cbn; congruence. Qed.

Lemma replica_bytes_can_be_read b xs ys :
  replica_bytes b xs = replica_bytes b ys ->
  map (named_hash b) xs = map (named_hash b) ys.
Proof using one_length.
  rewrite !replica_bytes_are_those_of_named_hashes.
  apply (lists_to_the_end_can_be_read (fun p => length (snd p) = digest_length)).
  - intros [n h] [n' h'] r s. cbn [fst snd]. intros fits fits'. rewrite <- !app_assoc.
    intros same. apply strings_can_be_read in same as [-> same].
    apply equal_lengths_split in same as [-> ->]; [easy | congruence].
  - intros p none. apply app_eq_nil in none as [none _]. now apply strings_are_something in none.
  - intros p there. apply in_map_iff in there as (entry & <- & _). apply one_length.
  - intros p there. apply in_map_iff in there as (entry & <- & _). apply one_length.
Qed.

Definition all_fine (xs : objects) : Prop :=
  forall entry, In entry xs ->
    well_formed_object (snd entry) = true /\ settled (snd entry) = true.

Theorem equal_replica_hashes_mean_equal_records xs ys :
  all_fine xs ->
  all_fine ys ->
  incl (replica_messages xs) ms ->
  incl (replica_messages ys) ms ->
  replica_hash false xs = replica_hash false ys ->
  replica_hash true xs = replica_hash true ys ->
  without_vectors xs = without_vectors ys.
Proof using free lawful_names lawful_values names_differ one_length values_differ.
  intros good good' hashed hashed' content removals.
  apply incl_cons_inv in hashed as [here hashed], hashed' as [here' hashed'].
  apply incl_cons_inv in hashed as [also objects_hashed], hashed' as [also' objects_hashed'].
  apply (proj1 free (Replicas, _) (Replicas, _) here here') in content.
  apply (proj1 free (Replicas, _) (Replicas, _) also also') in removals.
  apply (f_equal snd) in content, removals. cbn [snd] in content, removals.
  apply replica_bytes_can_be_read in content, removals.
  clear here here' also also'. revert ys good' objects_hashed' content removals.
  induction xs as [| [n x] xs IH]; intros [| [n' y] ys] good' objects_hashed' content removals;
    try easy.
  cbn [flat_map app snd] in objects_hashed, objects_hashed'.
  apply incl_app_inv in objects_hashed as [first rest], objects_hashed' as [first' rest'].
  cbn [map] in content, removals.
  apply equal_lists_are_equal_in_parts in content as [first_content content].
  apply equal_lists_are_equal_in_parts in removals as [first_removals removals].
  pose proof (f_equal fst first_content) as names.
  apply (f_equal snd) in first_content, first_removals.
  cbn [named_hash fst snd] in names, first_content, first_removals.
  unfold without_vectors. cbn [map fst snd]. apply names_differ in names as ->.
  f_equal.
  - f_equal. destruct (good (n', x)) as [fine set], (good' (n', y)) as [fine' set'];
      try (now left).
    now apply equal_object_hashes_mean_equal_records.
  - apply IH; auto; intros entry there; [apply good | apply good']; now right.
Qed.
End Free.

(** ** What a whole state is, from its records and its vector *)

Lemma records_and_vector_make_the_object (x y : object) :
  without_vector x = without_vector y ->
  replica.seen_object x = replica.seen_object y ->
  x = y.
Proof.
  destruct x as [[] | [[] ] | [] | [[] ] | [] | [] | [] | [] | [] | [] | [] | [] | []],
    y as [[] | [[] ] | [] | [[] ] | [] | [] | [] | [] | [] | [] | [] | [] | []];
    try discriminate; cbn; intros same vectors; congruence.
Qed.

Lemma records_and_vectors_make_the_objects (xs ys : objects) :
  without_vectors xs = without_vectors ys ->
  map (fun entry => (fst entry, replica.seen_object (snd entry))) xs
  = map (fun entry => (fst entry, replica.seen_object (snd entry))) ys ->
  xs = ys.
Proof.
  revert ys. induction xs as [| [n x] xs IH]; intros [| [n' y] ys]; try easy.
  cbn. intros [= _ same rest] [= -> vectors others]. f_equal; [| now apply IH].
  f_equal. now apply records_and_vector_make_the_object.
Qed.

(** ** Equal hashes, or a clash that is found *)

Theorem equal_hashes_of_objects_mean_equal_records_or_a_clash x y :
  well_formed_object x = true ->
  well_formed_object y = true ->
  settled x = true ->
  settled y = true ->
  object_hash false x = object_hash false y ->
  object_hash true x = object_hash true y ->
  without_vector x = without_vector y
  \/ exists c, find_clash hash (object_messages x ++ object_messages y) = Some c
       /\ is_clash hash c.
Proof using lawful_names lawful_values names_differ one_length values_differ.
  intros. destruct (find_clash hash (object_messages x ++ object_messages y)) as [c |] eqn:found.
  - right. exists c. split; [reflexivity |]. now apply what_is_found_is_a_clash in found.
  - left. apply nothing_found_means_free in found.
    apply (equal_object_hashes_mean_equal_records (object_messages x ++ object_messages y) found);
      try assumption; [apply incl_appl, incl_refl | apply incl_appr, incl_refl].
Qed.

Theorem equal_hashes_mean_equal_records_or_a_clash xs ys :
  all_fine xs ->
  all_fine ys ->
  replica_hash false xs = replica_hash false ys ->
  replica_hash true xs = replica_hash true ys ->
  without_vectors xs = without_vectors ys
  \/ exists c, find_clash hash (replica_messages xs ++ replica_messages ys) = Some c
       /\ is_clash hash c.
Proof using lawful_names lawful_values names_differ one_length values_differ.
  intros. destruct (find_clash hash (replica_messages xs ++ replica_messages ys)) as [c |]
    eqn:found.
  - right. exists c. split; [reflexivity |]. now apply what_is_found_is_a_clash in found.
  - left. apply nothing_found_means_free in found.
    apply (equal_replica_hashes_mean_equal_records
        (replica_messages xs ++ replica_messages ys) found);
      try assumption; [apply incl_appl, incl_refl | apply incl_appr, incl_refl].
Qed.

(** ** Equal records have equal hashes: vectors are not hashed *)

Lemma records_are_without_vector x : records (without_vector x) = records x.
Proof. now destruct x. Qed.

Theorem equal_records_have_equal_hashes b x y :
  without_vector x = without_vector y ->
  object_hash b x = object_hash b y.
Proof.
  intros same. unfold state_hash.object_hash.
  assert (tag x = tag y) as -> by now destruct x, y.
  now rewrite <- (records_are_without_vector x), same, records_are_without_vector.
Qed.

Theorem replicas_with_equal_records_have_equal_hashes b xs ys :
  without_vectors xs = without_vectors ys ->
  replica_hash b xs = replica_hash b ys.
Proof.
  intros same. unfold state_hash.replica_hash. f_equal. revert ys same.
  induction xs as [| [n x] xs IH]; intros [| [n' y] ys]; try easy.
  cbn [without_vectors map fst snd]. intros same.
  apply equal_lists_are_equal_in_parts in same as [first rest].
  injection first as -> first. unfold state_hash.replica_bytes. cbn [flat_map fst snd].
  rewrite (equal_records_have_equal_hashes b x y first). f_equal. now apply IH.
Qed.

(** ** Going down the trees of two objects *)

Theorem going_down_finds_what_differs_or_a_clash b x y :
  replica.type_of x = replica.type_of y ->
  well_formed_object x = true ->
  well_formed_object y = true ->
  settled x = true ->
  settled y = true ->
  let rs := select b (records x) in
  let ss := select b (records y) in
  let reached := differing (build depth_limit rs) (build depth_limit ss) in
  (forall r,
    (In r rs /\ ~ In r ss <-> exists p, In p reached /\ In r (fst p) /\ ~ In r (snd p))
    /\ (In r ss /\ ~ In r rs <-> exists p, In p reached /\ In r (snd p) /\ ~ In r (fst p)))
  \/ exists c, find_clash hash (object_messages x ++ object_messages y) = Some c
       /\ is_clash hash c.
Proof using lawful_names lawful_values names_differ one_length values_differ.
  intros same_type good good' fine fine'.
  destruct (find_clash hash (object_messages x ++ object_messages y)) as [c |] eqn:found;
    cbv zeta.
  - right. exists c. split; [reflexivity |]. now apply what_is_found_is_a_clash in found.
  - left. apply nothing_found_means_free in found. intros r.
    set (ms := object_messages x ++ object_messages y) in *.
    assert (incl (object_messages x) ms) as hashed by apply incl_appl, incl_refl.
    assert (incl (object_messages y) ms) as hashed' by apply incl_appr, incl_refl.
    apply (going_down_finds_what_differs ms found (of_type ms (replica.type_of x))
      (records_of_a_type_can_be_read ms found _) depth_limit); try apply select_is_rising.
    + intros r' there. apply records_are_of_their_type; try assumption.
      * intros m m_in. apply hashed, in_app_iff. now right.
      * apply a_record_is_selected_once. destruct b; [now right | now left].
    + intros r' there. rewrite same_type. apply records_are_of_their_type; try assumption.
      * intros m m_in. apply hashed', in_app_iff. now right.
      * apply a_record_is_selected_once. destruct b; [now right | now left].
    + refine (incl_tran _ hashed). refine (incl_tran _ (the_messages_of_a_part b x)).
      apply incl_tl, incl_refl.
    + refine (incl_tran _ hashed'). refine (incl_tran _ (the_messages_of_a_part b y)).
      apply incl_tl, incl_refl.
Qed.

(** ** Records of removals may go, and the hash of the content stays *)

Lemma dropping_removals_keeps_the_content rs ss :
  (forall r, In (false, r) rs <-> In (false, r) ss) ->
  select false rs = select false ss.
Proof.
  intros same. apply (equal_content_makes_equal_rising_lists compare_record);
    try apply select_is_rising.
  intros r. now rewrite !in_select.
Qed.

Section Dropping.
Context {Effect : Type}.
Local Notation decision := (decisions.decision Name Effect).

Lemma filtering_knowledge (keeps : Name -> bool)
    (m : sorted_map Name (sorted_set decision)) (w : sorted_map Name decision) :
  sorted compare_name m = true ->
  sorted compare_name w = true ->
  known_of compare_name (filter (fun entry => keeps (fst entry)) m)
    (filter (fun entry => keeps (fst entry)) w)
  = filter (fun entry => keeps (fst entry)) (known_of compare_name m w).
Proof using lawful_names.
  intros sorts sorts'. apply (equal_finds_make_equal_maps compare_name).
  - apply known_is_sorted; auto using filter_is_sorted.
  - apply filter_is_sorted; auto using known_is_sorted.
  - intros k. rewrite known_is_found by auto using filter_is_sorted.
    rewrite !(find_in_filter compare_name), known_is_found by auto using known_is_sorted.
    cbn [fst].
    now destruct (find compare_name k m), (find compare_name k w); destruct (keeps k).
Qed.

Lemma dropping_a_removal_keeps_the_content compare_effect effect_bytes
    (is_gone : Effect -> bool) key (m : sorted_map Name (known (Effect := Effect))) r :
  sorted compare_name m = true ->
  (forall x, find compare_name key m = Some x -> is_removal is_gone x = true) ->
  let to_records :=
    keyed_records compare_name name_bytes compare_effect name_bytes effect_bytes is_gone in
  In (false, r)
    (to_records (filter (fun entry => negb (equal compare_name (fst entry) key)) m))
  <-> In (false, r) (to_records m).
Proof using lawful_names.
  intros sorts gone. cbv zeta. unfold keyed_records. rewrite !in_map_iff.
  split; intros (entry & same & there).
  - apply filter_In in there as [there _]. now exists entry.
  - exists entry. split; [exact same |]. apply filter_In. split; [exact there |].
    destruct entry as [k x]. cbn [fst snd] in *.
    destruct (equal_is_equality compare_name k key) as [-> | _]; [| reflexivity].
    rewrite gone in same; [easy |]. now apply (found_means_in compare_name).
Qed.
End Dropping.

Theorem the_content_hash_stays_when_removals_are_dropped key x :
  well_formed_object x = true ->
  only_removals_at compare_name compare_value null key x = true ->
  object_hash false (drop compare_name key x) = object_hash false x.
Proof using lawful_names lawful_values.
  intros good gone. unfold state_hash.object_hash.
  assert (tag (drop compare_name key x) = tag x) as ->.
  { now destruct x, key. }
  do 2 f_equal. f_equal. apply dropping_removals_keeps_the_content. intros r.
  destruct x as [s | s | s | s | s | | | | | | | |], key as [k |]; try reflexivity;
    cbn [only_removals_at] in gone.
  - cbn [drop state_hash.records]. split; [easy |]. intros there. unfold keyed_records in there.
    apply in_map_iff in there as ([[] known] & same & there).
    pose proof (proj2 (proj1 (decisions_proof.well_formed_means compare_name compare_unit
      compare_value (lww_register.decisions s)) good)) as keys.
    assert (sorted compare_unit (known_of_register s) = true) as sorts.
    { apply (known_is_sorted compare_unit); [exact (proj1 (andb_prop _ _ keys)) |].
      now destruct (lww_register.winner s). }
    apply (found_means_in compare_unit) in there; [| exact sorts].
    rewrite there in gone. injection same as removal _. cbn [snd] in removal. congruence.
  - pose proof (proj2 (proj1 (decisions_proof.well_formed_means compare_name compare_name
      definition.compare_presence s) good)) as keys.
    pose proof (proj1 (andb_prop _ _ keys)) as sorts.
    cbn [drop state_hash.records]. unfold state_hash.known_of_set. cbn [decisions.maximal].
    pose proof (filtering_knowledge (fun name => negb (equal compare_name name k))
      (decisions.maximal s) [] sorts eq_refl) as filtered.
    cbn [filter] in filtered. rewrite filtered.
    apply dropping_a_removal_keeps_the_content; [now apply known_is_sorted |].
    intros found at_k. unfold state_hash.known_of_set in gone. now rewrite at_k in gone.
  - pose proof (andb_prop _ _ good) as [good_keys sorts'].
    pose proof (proj2 (proj1 (decisions_proof.well_formed_means compare_name compare_name
      compare_value (lww_map.decisions s)) good_keys)) as keys.
    pose proof (proj1 (andb_prop _ _ keys)) as sorts.
    cbn [drop state_hash.records]. unfold state_hash.known_of_map.
    cbn [lww_map.decisions lww_map.winners decisions.maximal].
    rewrite (filtering_knowledge (fun name => negb (equal compare_name name k))
      (decisions.maximal (lww_map.decisions s)) (lww_map.winners s) sorts sorts').
    apply dropping_a_removal_keeps_the_content; [now apply known_is_sorted |].
    intros found at_k. unfold state_hash.known_of_map in gone. now rewrite at_k in gone.
Qed.

(** *** What is dropped shows in no answer *)

Lemma filtered_parts_are_enough {A B : Type} (f g : A -> list B) (keeps : A -> bool) items :
  (forall x, In x items -> keeps x = true -> f x = g x) ->
  (forall x, In x items -> keeps x = false -> g x = []) ->
  flat_map f (filter keeps items) = flat_map g items.
Proof.
  induction items as [| x items IH]; intros same none; [reflexivity |]. cbn [filter flat_map].
  rewrite <- IH by (intros y there; (apply same || apply none); now right).
  destruct (keeps x) eqn:kept; cbn [flat_map].
  - now rewrite (same x (or_introl eq_refl) kept).
  - now rewrite (none x (or_introl eq_refl) kept).
Qed.

Lemma filtering_what_is_kept {A : Type} (p q : A -> bool) items :
  (forall x, In x items -> q x = false -> p x = false) ->
  filter p (filter q items) = filter p items.
Proof.
  induction items as [| x items IH]; intros same; [reflexivity |]. cbn [filter].
  destruct (q x) eqn:kept; cbn [filter]; rewrite IH by (intros y there; apply same; now right);
    [reflexivity |].
  now rewrite (same x (or_introl eq_refl) kept).
Qed.

Lemma flat_map_nothing {A B : Type} (f : A -> list B) items :
  (forall x, In x items -> f x = []) -> flat_map f items = [].
Proof.
  induction items as [| x items IH]; intros none; [reflexivity |]. cbn [flat_map].
  rewrite none by now left. apply IH. intros y there. apply none. now right.
Qed.

Section Unseen.
Context {K Effect : Type}.
Context (compare_key : K -> K -> comparison) {lawful_keys : ordered compare_key}.
Context (compare_effect : Effect -> Effect -> comparison) {lawful_effects : ordered compare_effect}.
Local Notation decision := (decisions.decision Name Effect).

Lemma removals_of_a_key_are_gone (is_gone : Effect -> bool)
    (m : sorted_map K (sorted_set decision)) (w : sorted_map K decision) k :
  sorted compare_key m = true ->
  sorted compare_key w = true ->
  match find compare_key k (known_of compare_key m w) with
  | Some found => is_removal is_gone found
  | None => true
  end = true ->
  (forall ds d, In (k, ds) m -> In d ds -> is_gone (decisions.effect d) = true)
  /\ (forall d, In (k, d) w -> is_gone (decisions.effect d) = true).
Proof using lawful_keys.
  intros sorts sorts'. rewrite known_is_found by assumption.
  unfold is_removal, all_of. intros gone. split.
  - intros ds d there d_in. apply (found_means_in compare_key) in there; [| exact sorts].
    rewrite there in gone. cbn [fst snd or_empty] in gone.
    rewrite forallb_forall in gone. apply gone, in_app_iff. now left.
  - intros d there. apply (found_means_in compare_key) in there; [| exact sorts'].
    rewrite there in gone.
    destruct (find compare_key k m); cbn [fst snd or_empty] in gone;
      rewrite forallb_forall in gone; apply gone, in_app_iff; right; now left.
Qed.

Lemma effects_that_are_current_are_not_overruled (current : Effect) (ds : list decision) :
  (forall d, In d ds -> decisions.effect d = current) ->
  decisions.overruled compare_effect current ds = [].
Proof using lawful_effects.
  intros all. unfold decisions.overruled. induction ds as [| d ds IH]; [reflexivity |].
  cbn [filter]. unfold decisions.takes_effect at 1.
  rewrite (all d (or_introl eq_refl)), (equal_to_itself compare_effect). cbn [negb].
  apply IH. intros d' there. apply all. now right.
Qed.
End Unseen.

Lemma a_null_is_the_null v : is_null compare_value null v = true -> v = null.
Proof using lawful_values.
  unfold is_null. now destruct (equal_is_equality compare_value v null).
Qed.

(** Sketch: of the key all that is left are removals, so that its current effect is that there is nothing.
    Each removal has this effect, so none is overruled and none is reported; without the key the
    answer there is the same, and at other keys nothing changes. *)
Theorem what_is_dropped_shows_in_no_answer key user x :
  well_formed_object x = true ->
  only_removals_at compare_name compare_value null key x = true ->
  let after := drop compare_name key x in
  replica.value compare_value null after = replica.value compare_value null x
  /\ replica.merge_decisions compare_name compare_value null after
     = replica.merge_decisions compare_name compare_value null x
  /\ replica.object_notices compare_name compare_value null user after
     = replica.object_notices compare_name compare_value null user x.
Proof using lawful_names lawful_values.
  intros good gone.
  destruct x as [s | s | s | s | s | | | | | | | |], key as [k |]; try (now cbn);
    cbn [only_removals_at] in gone.
  - pose proof (proj2 (proj1 (decisions_proof.well_formed_means compare_name compare_unit
      compare_value (lww_register.decisions s)) good)) as keys.
    apply (removals_of_a_key_are_gone compare_unit) in gone as [gone gone_winner];
      [| exact (proj1 (andb_prop _ _ keys)) | now destruct (lww_register.winner s)].
    assert (lww_register.value null s = null) as is_null_now.
    { unfold lww_register.value. destruct (lww_register.winner s) as [w |]; [| reflexivity].
      apply a_null_is_the_null, gone_winner. now left. }
    assert (forall k ds, In (k, ds) (decisions.maximal (lww_register.decisions s)) ->
      decisions.overruled compare_value (lww_register.current null s k) ds = []) as none.
    { intros [] ds there. apply (effects_that_are_current_are_not_overruled compare_value).
      intros d d_in. unfold lww_register.current. rewrite is_null_now.
      apply a_null_is_the_null. now apply (gone ds). }
    cbn [drop replica.value replica.merge_decisions replica.object_notices].
    unfold lww_register.merge_decisions, lww_register.notices, decisions.merge_decisions,
      decisions.notices.
    rewrite is_null_now. split; [reflexivity |].
    cbn [lww_register.decisions decisions.maximal flat_map map].
    split.
    + rewrite flat_map_nothing; [reflexivity |].
      intros [k ds] there. unfold decisions.open_decision. now rewrite (none k ds there).
    + rewrite flat_map_nothing; [reflexivity |].
      intros [k ds] there. cbn [fst snd]. now rewrite (none k ds there).
  - pose proof (proj2 (proj1 (decisions_proof.well_formed_means compare_name compare_name
      definition.compare_presence s) good)) as keys.
    pose proof (proj1 (andb_prop _ _ keys)) as sorts.
    apply (removals_of_a_key_are_gone compare_name) in gone as [gone _]; [| exact sorts | reflexivity].
    set (keeps := fun entry : Name * list (decisions.decision Name definition.presence) =>
      negb (equal compare_name (fst entry) k)).
    set (after := decisions.State (or_set.seen s) (filter keeps (decisions.maximal s))).
    assert (forall ds, In (k, ds) (decisions.maximal s) ->
      existsb (or_set.is_add (Name := Name)) ds = false) as no_add.
    { intros ds there. apply not_true_iff_false. intros added.
      apply existsb_exists in added as (d & d_in & added). specialize (gone ds d there d_in).
      unfold or_set.is_add, decisions.takes_effect in added.
      now destruct (decisions.effect d). }
    assert (or_set.contains compare_name k s = false) as absent.
    { unfold or_set.contains, decisions.frontier.
      destruct (find compare_name k (decisions.maximal s)) as [ds |] eqn:there; [| reflexivity].
      apply no_add. now apply (found_means_in compare_name). }
    assert (forall ds, In (k, ds) (decisions.maximal s) ->
      decisions.overruled definition.compare_presence (or_set.current compare_name s k) ds = [])
      as none.
    { intros ds there. apply (effects_that_are_current_are_not_overruled definition.compare_presence).
      intros d d_in. unfold or_set.current. rewrite absent. specialize (gone ds d there d_in).
      now destruct (decisions.effect d). }
    assert (forall entry, keeps entry = true ->
      or_set.current compare_name after (fst entry) = or_set.current compare_name s (fst entry))
      as same.
    { intros entry kept. unfold or_set.current, or_set.contains, decisions.frontier.
      cbn [decisions.maximal after]. rewrite (find_in_filter compare_name) by exact sorts.
      unfold keeps in kept |- *. cbn [fst].
      destruct (find compare_name (fst entry) (decisions.maximal s)); [| reflexivity].
      now rewrite kept. }
    assert (forall entry, keeps entry = false -> fst entry = k) as dropped.
    { intros entry kept. unfold keeps in kept.
      now destruct (equal_is_equality compare_name (fst entry) k). }
    change (drop compare_name (Some k) (replica.A_set s))
      with (replica.A_set (Value := Value) after).
    cbn [replica.value replica.merge_decisions replica.object_notices].
    split; [| split].
    + f_equal. unfold or_set.value. f_equal. apply filtering_what_is_kept.
      intros [k' ds] there kept.
      apply dropped in kept. cbn [fst] in kept. subst k'. now apply no_add.
    + f_equal. apply filtered_parts_are_enough; intros [k' ds] there kept.
      * pose proof (same (k', ds) kept) as current. cbn [fst] in current.
        unfold decisions.open_decision. now rewrite current.
      * apply dropped in kept. cbn [fst] in kept. subst k'. unfold decisions.open_decision.
        now rewrite (none ds there).
    + f_equal. apply filtered_parts_are_enough; intros [k' ds] there kept.
      * pose proof (same (k', ds) kept) as current. cbn [fst snd] in *. now rewrite current.
      * apply dropped in kept. cbn [fst snd] in *. subst k'. now rewrite (none ds there).
  - pose proof (andb_prop _ _ good) as [good_keys sorts'].
    pose proof (proj2 (proj1 (decisions_proof.well_formed_means compare_name compare_name
      compare_value (lww_map.decisions s)) good_keys)) as keys.
    pose proof (proj1 (andb_prop _ _ keys)) as sorts.
    apply (removals_of_a_key_are_gone compare_name) in gone as [gone gone_winner];
      [| exact sorts | exact sorts'].
    set (after := drop compare_name (Some k) (replica.A_map s)).
    assert (forall name, name <> k -> find compare_name name
      (filter (fun entry => negb (equal compare_name (fst entry) k)) (lww_map.winners s))
      = find compare_name name (lww_map.winners s)) as finds.
    { intros name other. rewrite (find_in_filter compare_name) by exact sorts'. cbn [fst].
      destruct (find compare_name name (lww_map.winners s)); [| reflexivity].
      now destruct (equal_is_equality compare_name name k). }
    assert (lww_map.get compare_name null s k = null) as absent.
    { unfold lww_map.get. destruct (find compare_name k (lww_map.winners s)) as [d |] eqn:there;
        [| reflexivity].
      apply a_null_is_the_null, gone_winner. now apply (found_means_in compare_name). }
    assert (forall ds, In (k, ds) (decisions.maximal (lww_map.decisions s)) ->
      decisions.overruled compare_value (lww_map.get compare_name null s k) ds = []) as none.
    { intros ds there. apply (effects_that_are_current_are_not_overruled compare_value).
      intros d d_in. rewrite absent. apply a_null_is_the_null. now apply (gone ds). }
    subst after.
    cbn [drop replica.value replica.merge_decisions replica.object_notices].
    split; [| split].
    + f_equal. unfold lww_map.value. cbn [lww_map.winners]. clear - lawful_names lawful_values gone_winner.
      induction (lww_map.winners s) as [| [k' d] w IH]; [reflexivity |]. cbn [filter map fst snd].
      rewrite <- IH by (intros d' there; apply gone_winner; now right).
      destruct (equal_is_equality compare_name k' k) as [-> |]; cbn [negb]; [| reflexivity].
      pose proof (gone_winner d (or_introl eq_refl)) as is_gone. unfold is_null in is_gone.
      now rewrite is_gone.
    + f_equal. apply filtered_parts_are_enough; intros [k' ds] there kept; cbn [fst] in kept.
      * destruct (equal_is_equality compare_name k' k) as [| other]; [easy |].
        unfold decisions.open_decision, lww_map.get. cbn [lww_map.winners]. now rewrite finds.
      * destruct (equal_is_equality compare_name k' k) as [-> |]; [| easy].
        unfold decisions.open_decision. now rewrite (none ds there).
    + f_equal. apply filtered_parts_are_enough; intros [k' ds] there kept; cbn [fst snd] in *.
      * destruct (equal_is_equality compare_name k' k) as [| other]; [easy |].
        unfold lww_map.get. cbn [lww_map.winners]. now rewrite finds.
      * destruct (equal_is_equality compare_name k' k) as [-> |]; [| easy].
        now rewrite (none ds there).
Qed.

(** ** What is hashed are bytes *)

Definition are_bytes (b : bytes) : Prop := Forall (fun n => n < 256) b.

Lemma items_are_bytes {A : Type} (encode : A -> bytes) items :
  (forall x, are_bytes (encode x)) -> are_bytes (flat_map encode items).
Proof.
  intros all. induction items as [| x items IH]; [constructor |]. cbn [flat_map].
  apply Forall_app. split; [apply all | exact IH].
Qed.

Lemma numbers_are_bytes n : are_bytes (uv n).
Proof.
  unfold uv. pose proof (every_number_has_enough_digits n) as fits.
  revert fits. generalize (N.to_nat (N.size n)) as most. intros most. revert n.
  induction most as [most IH] using (well_founded_induction Wf_nat.lt_wf). intros n fits.
  destruct (N.lt_ge_cases n 128) as [small | large].
  - rewrite small_numbers_have_one_digit by assumption. repeat constructor. lia.
  - apply large_numbers_have_more_digits in fits as (fewer & -> & -> & fits); [| assumption].
    constructor; [| apply IH; [lia | exact fits]].
    pose proof (N.mod_lt n 128 ltac:(easy)) as low. change 256 with (128 + 128).
    now apply N.add_lt_mono_l.
Qed.

Lemma strings_are_bytes b : are_bytes b -> are_bytes (str b).
Proof. intros. apply Forall_app. split; [apply numbers_are_bytes | assumption]. Qed.

Section Bytes.
Context (names_are_bytes : forall name, are_bytes (name_bytes name)).
Context (values_are_bytes : forall v, are_bytes (value_bytes v)).
Context (digests_are_bytes : forall d m, are_bytes (hash d m)).

Lemma origins_are_bytes o : are_bytes (origin_bytes o).
Proof using names_are_bytes.
  apply Forall_app. split; [now apply strings_are_bytes | apply numbers_are_bytes].
Qed.

Lemma dots_are_bytes d : are_bytes (dot_bytes d).
Proof using names_are_bytes.
  apply Forall_app. split; [apply origins_are_bytes | apply numbers_are_bytes].
Qed.

Lemma contents_are_bytes v : are_bytes (content_bytes v).
Proof using digests_are_bytes values_are_bytes.
  unfold state_hash.content_bytes. destruct (is_long (value_bytes v)); (constructor; [easy |]).
  - apply digests_are_bytes.
  - apply strings_are_bytes, values_are_bytes.
Qed.

Lemma written_values_are_bytes v : are_bytes (written_bytes v).
Proof using digests_are_bytes values_are_bytes.
  unfold state_hash.written_bytes. destruct (is_null _ _ v); [repeat constructor |].
  apply contents_are_bytes.
Qed.

Lemma presences_are_bytes p : are_bytes (presence_bytes p).
Proof. now destruct p; repeat constructor. Qed.

Lemma bodies_are_bytes {Effect : Type} compare_effect (effect_bytes : Effect -> bytes) x :
  (forall e, are_bytes (effect_bytes e)) ->
  are_bytes (body_bytes compare_name name_bytes compare_effect effect_bytes x).
Proof using names_are_bytes.
  intros effects.
  assert (forall d, are_bytes (decision_bytes name_bytes effect_bytes d)) as decisions.
  { intros d. apply Forall_app. split; [apply dots_are_bytes |].
    apply Forall_app. split; [apply numbers_are_bytes |].
    apply Forall_app. split; [apply numbers_are_bytes |].
    apply Forall_app. split; [| apply effects].
    destruct (decisions.user_of d); [| repeat constructor].
    constructor; [easy | now apply strings_are_bytes]. }
  apply Forall_app. split; [apply numbers_are_bytes |].
  apply Forall_app. split; [now apply items_are_bytes |].
  unfold winner_bytes. destruct (snd x); [| repeat constructor].
  destruct (member _ _ _); [repeat constructor |]. constructor; [easy | apply decisions].
Qed.

Lemma integers_are_bytes n : are_bytes (integer_bytes n).
Proof.
  destruct n; [repeat constructor | |]; (constructor; [easy | apply numbers_are_bytes]).
Qed.

Lemma records_are_bytes x r : In r (map snd (records x)) -> are_bytes (encode_record r).
Proof using digests_are_bytes names_are_bytes values_are_bytes.
  intros there.
  assert (are_bytes (fst r) /\ are_bytes (snd r)) as [key body].
  { apply in_map_iff in there as (entry & <- & there).
    destruct x as [s | s | s | s | s | s | s | s | s | s | s | s | s];
      try (apply in_map_iff in there as (item & <- & there); cbn [fst snd]; split;
        auto using origins_are_bytes, dots_are_bytes, numbers_are_bytes;
        try (apply bodies_are_bytes;
          auto using written_values_are_bytes, presences_are_bytes)).
    - constructor.
    - apply Forall_app. split; [apply numbers_are_bytes |].
      apply Forall_app. split; [apply numbers_are_bytes | apply contents_are_bytes].
    - apply in_app_iff in there as [there | there];
        apply in_map_iff in there as (item & <- & there); cbn [fst snd];
        (split; [constructor; [easy | apply origins_are_bytes] | apply numbers_are_bytes]).
    - constructor.
    - constructor.
    - constructor.
    - cbn [state_hash.records] in there. unfold integer_records in there.
      destruct (max_register.greatest s); [| easy]. destruct there as [<- | []].
      split; [constructor | apply integers_are_bytes].
    - cbn [state_hash.records] in there. unfold integer_records in there.
      destruct (max_register.greatest s); [| easy]. destruct there as [<- | []].
      split; [constructor | apply integers_are_bytes]. }
  apply Forall_app. split; [now apply strings_are_bytes | exact body].
Qed.

Lemma trees_are_bytes levels rs : are_bytes (tree levels rs).
Proof using digests_are_bytes.
  assert (forall rs, are_bytes (bucket_hash rs)) as buckets.
  { intros [| r' rs']; [| apply digests_are_bytes]. now repeat constructor. }
  destruct levels; cbn [state_hash.tree]; [apply buckets |].
  destruct (is_small rs); [apply buckets | apply digests_are_bytes].
Qed.

Lemma messages_of_trees_are_bytes levels rs m :
  (forall r, In r rs -> are_bytes (encode_record r)) ->
  In m (trie_messages (build levels rs)) ->
  are_bytes (snd m).
Proof using digests_are_bytes.
  assert (forall rs, (forall r, In r rs -> are_bytes (encode_record r)) ->
    In m (trie_messages (leaf rs)) -> are_bytes (snd m)) as leaves.
  { intros [| r rs'] all; [easy |]. intros [<- | []]. cbn [snd].
    assert (forall r', In r' (r :: rs') -> are_bytes (encode_record r')) as each by exact all.
    unfold bucket_bytes. clear all. induction (r :: rs') as [| r' rest IH]; [constructor |].
    cbn [flat_map]. apply Forall_app. split; [apply each; now left |].
    apply IH. intros r'' there. apply each. now right. }
  revert rs. induction levels as [| levels IH]; intros rs all; cbn [state_hash.build];
    [now apply leaves |].
  destruct (is_small rs); [now apply leaves |].
  cbn [trie_messages state_hash.branch]. rewrite !the_kept_root_is_the_hash_of_the_records.
  intros [<- | there].
  - cbn [snd]. apply Forall_app. split; [apply trees_are_bytes |].
    apply Forall_app. split; [apply trees_are_bytes |].
    apply Forall_app. split; apply trees_are_bytes.
  - rewrite !in_app_iff in there.
    assert (forall i, In m (trie_messages (build levels (child (S levels) i rs))) ->
      are_bytes (snd m)) as below.
    { intros i. apply IH. intros r r_in. apply in_child in r_in as [r_in _]. auto. }
    destruct there as [there | [there | [there | there]]]; eapply below; exact there.
Qed.

Lemma messages_of_a_part_are_bytes levels rs t m :
  t < 256 ->
  (forall r, In r rs -> are_bytes (encode_record r)) ->
  In m ((Objects, t :: tree levels rs) :: trie_messages (build levels rs)) ->
  are_bytes (snd m).
Proof using digests_are_bytes.
  intros small all [<- | there].
  - constructor; [exact small | apply trees_are_bytes].
  - now apply messages_of_trees_are_bytes in there.
Qed.

(** Names and values being bytes, all messages that are hashed are. *)
Theorem what_is_hashed_are_bytes xs m : In m (replica_messages xs) -> are_bytes (snd m).
Proof using digests_are_bytes names_are_bytes values_are_bytes.
  assert (forall b, are_bytes (replica_bytes b xs)) as whole.
  { intros b. apply items_are_bytes. intros [n x]. cbn [fst snd]. apply Forall_app.
    split; [now apply strings_are_bytes | apply digests_are_bytes]. }
  intros [<- | [<- | there]]; [apply whole | apply whole |].
  apply in_flat_map in there as ([n x] & _ & there). cbn [snd] in there.
  assert (forall v, In m (content_messages v) -> are_bytes (snd m)) as contents.
  { intros v. unfold state_hash.content_messages.
    destruct (is_long (value_bytes v)); [| easy]. intros [<- | []]. apply values_are_bytes. }
  assert (forall v, In m (written_messages v) -> are_bytes (snd m)) as written.
  { intros v. unfold state_hash.written_messages. destruct (is_null _ _ v); [easy |].
    apply contents. }
  apply in_app_iff in there as [there | there].
  - apply in_flat_map in there as (b & _ & there).
    refine (messages_of_a_part_are_bytes depth_limit (select b (records x)) (tag x) m _ _ there).
    + now destruct x.
    + intros r r_in. apply (records_are_bytes x). apply a_record_is_selected_once.
      destruct b; [now right | now left].
  - destruct x as [s | s | s | s | s | s | s | s | s | s | s | s | s]; try easy;
      cbn [state_hash.value_messages] in there.
    + apply in_flat_map in there as (entry & _ & there).
      apply in_flat_map in there as (d & _ & there). now apply written in there.
    + apply in_flat_map in there as (entry & _ & there).
      apply in_flat_map in there as (d & _ & there). now apply written in there.
    + apply in_flat_map in there as (e & _ & there). now apply contents in there.
    + apply in_flat_map in there as (entry & _ & there).
      apply in_flat_map in there as (d & _ & there). now apply written in there.
    + apply in_flat_map in there as (entry & _ & there).
      apply in_flat_map in there as (d & _ & there). now apply written in there.
Qed.
End Bytes.
End State_hash.
