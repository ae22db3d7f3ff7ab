(** Records of keys can be read back.

    What is shown: the bytes of a record tell its key, its decisions and its winner; so two stores of
    decisions with the same records are equal. Definitions: [state_hash.v]. *)

From Coq Require Import List Bool NArith BinInt Lia Permutation.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof state_hash.
From Rejoin Require definition_proof.
From Rejoin Require version_vector decisions g_counter lww_register or_set lww_map log replica.
From Rejoin Require definition decisions_proof.
From Rejoin Require Import or_set_proof log_proof.
From Rejoin Require Import state_hash_codes_proof.
Import ListNotations.
Open Scope N_scope.

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
Existing Instance messages_are_ordered.
Local Notation dots_can_be_read := (dots_can_be_read name_bytes names_differ).

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
End State_hash.
