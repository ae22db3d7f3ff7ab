(** Equal hashes of objects mean equal objects.

    What is shown, type by type: the records of an object can be read back, and with its vector they
    make the object; so equal object hashes mean equal records, where no messages clash.
    Definitions: [state_hash.v]. *)

From Coq Require Import List Bool NArith BinInt Lia Permutation.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof state_hash.
From Rejoin Require definition_proof.
From Rejoin Require version_vector decisions g_counter lww_register or_set lww_map log replica.
From Rejoin Require definition decisions_proof.
From Rejoin Require Import or_set_proof log_proof.
From Rejoin Require Import state_hash_codes_proof state_hash_records_proof state_hash_tree_proof.
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
Local Notation object := (replica.object Name Value).
Local Notation dot_bytes := (dot_bytes name_bytes).
Local Notation origin_bytes := (origin_bytes name_bytes).
Local Notation content_bytes := (content_bytes value_bytes hash).
Local Notation content_messages := (content_messages value_bytes).
Local Notation written_bytes := (written_bytes compare_value null value_bytes hash).
Local Notation written_messages := (written_messages compare_value null value_bytes).
Existing Instance messages_are_ordered.
Local Notation tree := (tree hash).
Local Notation build := (build hash).
Local Notation rising := (rising compare_record).
Local Notation origins_can_be_read := (origins_can_be_read name_bytes names_differ).
Local Notation dots_can_be_read := (dots_can_be_read name_bytes names_differ).
Local Notation clash_free := (clash_free hash).
Local Notation contents_can_be_read :=
  (contents_can_be_read value_bytes hash values_differ one_length).
Local Notation written_values_can_be_read :=
  (written_values_can_be_read compare_value null value_bytes hash values_differ one_length).
Local Notation canonical := (canonical compare_name).
Local Notation of_keys := (of_keys compare_name name_bytes).
Local Notation records_of_keys_can_be_read :=
  (records_of_keys_can_be_read compare_name name_bytes names_differ).
Local Notation equal_records_make_equal_keys :=
  (equal_records_make_equal_keys compare_name name_bytes names_differ).
Local Notation equal_knowledge_makes_equal_keys := (equal_knowledge_makes_equal_keys compare_name).
Local Notation well_formed_keys_are_canonical := (well_formed_keys_are_canonical compare_name).
Local Notation a_stores_keys_are_canonical := (a_stores_keys_are_canonical compare_name).
Local Notation equal_records_make_equal_stores :=
  (equal_records_make_equal_stores compare_name name_bytes names_differ).
Local Notation equal_trees_have_equal_records := (equal_trees_have_equal_records hash one_length).

(** ** Objects *)

Local Notation records := (records compare_name compare_value null name_bytes value_bytes hash).
Local Notation value_messages :=
  (value_messages compare_name compare_value null value_bytes).
Local Notation object_hash :=
  (object_hash compare_name compare_value null name_bytes value_bytes hash).
Local Notation object_messages :=
  (object_messages compare_name compare_value null name_bytes value_bytes hash).
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
End Free.
End State_hash.
