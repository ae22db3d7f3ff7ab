(** Laws of the binary format: a delta of a register, a map, a set or a flag is read as it was written.

    Sketch. A delta is turned into rows of numbers and into texts, and the rows into bytes, column by column
    within each group of 128. Readers of blocks make readers of rows, and these of tables, as for
    logs; what is left to show is that rows and texts give the delta again. There are five such
    steps, each undone by the reader: a key shares bytes with the key before it; the counters of the first
    decisions of an origin are sums of differences; seqs and timestamps are differences from the counter, and
    these differences again; numbers of keys are sums of differences; and a value is as long as its effect says.
    What a receiver must check makes each difference a number, none of them below 0. *)

From Coq Require Import List Bool NArith Arith Lia.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof.
From Rejoin Require version_vector version_vector_proof state_hash state_hash_codes_proof.
From Rejoin Require Import wire wire_proof wire_delta wire_delta_proof wire_keyed.
Import ListNotations.
Open Scope N_scope.

Local Notation bytes := state_hash.bytes.
Local Notation vector := (version_vector.state bytes).
Local Notation compare_bytes := state_hash.compare_bytes.

Local Notation is_number := (fun n => n < no_number).

(** ** Lists by number *)

Lemma the_list_by_number {A : Type} n (items : list A) : at_number n items = nth_error items (N.to_nat n).
Proof.
  revert n. induction items as [| x items IH]; intros n; cbn [at_number]; [now destruct (N.to_nat n) |].
  destruct (N.eqb_spec n 0) as [-> | some]; [reflexivity |].
  replace (N.to_nat n) with (S (N.to_nat (n - 1))) by lia. apply IH.
Qed.

Lemma one_of_the_list {A : Type} n (items : list A) x :
  at_number n items = Some x -> n < N.of_nat (length items) /\ In x items.
Proof.
  rewrite the_list_by_number. intros there. split; [| exact (nth_error_In _ _ there)].
  assert (N.to_nat n < length items)%nat by (apply nth_error_Some; now rewrite there). lia.
Qed.

Lemma a_number_at_a_place n ns : 1 <= number_at n ns -> n < N.of_nat (length ns).
Proof.
  unfold number_at. destruct (at_number n ns) as [x |] eqn:there; [| lia].
  intros _. now apply one_of_the_list in there.
Qed.

Lemma numbers_at_places_are_numbers n ns : Forall is_number ns -> number_at n ns < no_number.
Proof.
  intros all. unfold number_at. destruct (at_number n ns) as [x |] eqn:there; [| reflexivity].
  apply one_of_the_list in there as [_ there]. rewrite Forall_forall in all. now apply all.
Qed.

(** ** Names in groups *)

Definition fits_raw (raw : raw_name) : Prop :=
  match raw with
  | Raw_dot p n => p + 1 < no_number /\ n < no_number
  | Raw_text s own => s < no_number /\ own < no_number
  end.

Lemma a_block_reads_back choose :
  sound_choice choose -> reads_back is_number (write_block choose) read_block.
Proof. intros sound rows rest some few all. now apply a_block_is_read. Qed.

Lemma some_rows_are_read {Row : Type} fit (write : list Row -> bytes) read rows rest :
  reads_back fit write read ->
  (length rows <= block)%nat ->
  Forall fit rows ->
  read_if_some read (length rows) (if_some write rows ++ rest) = Some (rows, rest).
Proof.
  intros back few all. destruct rows as [| row rows]; [reflexivity |].
  cbn [length read_if_some if_some]. now apply (back (row :: rows)).
Qed.

Lemma names_are_rejoined raws :
  rejoin_names (map place_code raws) (flat_map dot_counters raws) (flat_map text_lengths raws) = raws.
Proof.
  induction raws as [| [p n | s own] raws IH]; [reflexivity | |]; cbn [map flat_map place_code dot_counters text_lengths app rejoin_names].
  - destruct (N.eqb_spec (p + 1) 0); [lia |]. rewrite IH. f_equal. f_equal. lia.
  - cbn [N.eqb]. now rewrite IH.
Qed.

Lemma dots_and_texts_are_all raws :
  length (filter (fun code => negb (code =? 0)) (map place_code raws)) = length (flat_map dot_counters raws)
  /\ (length (flat_map dot_counters raws) + length (flat_map text_lengths raws))%nat = length raws.
Proof.
  induction raws as [| [p n | s own] raws [dots all]]; [auto | |];
    cbn [map flat_map place_code dot_counters text_lengths app filter].
  - destruct (N.eqb_spec (p + 1) 0); [lia |]. cbn [negb length]. lia.
  - cbn [N.eqb negb length]. lia.
Qed.

Lemma a_name_group_reads_back choose :
  sound_choice choose -> reads_back fits_raw (write_name_group choose) read_name_group.
Proof.
  intros sound raws rest some few fits. unfold read_name_group, write_name_group. rewrite <- !app_assoc.
  rewrite <- (map_length place_code raws) at 1.
  destruct (dots_and_texts_are_all raws) as [dots all].
  rewrite (a_block_reads_back choose sound); [| now destruct raws | now rewrite map_length |].
  2: { apply Forall_map. refine (Forall_impl _ _ fits). intros [p n | s own] fit; cbn in *; [easy | reflexivity]. }
  rewrite dots.
  rewrite (some_rows_are_read is_number _ _ _ _ (a_block_reads_back choose sound)).
  2: { lia. }
  2: { apply Forall_flat_map. refine (Forall_impl _ _ fits). intros [p n | s own] fit; cbn in *; [| constructor].
       constructor; [easy | constructor]. }
  replace (length raws - length (flat_map dot_counters raws))%nat
    with (length (flat_map text_lengths raws)) by lia.
  rewrite (some_rows_are_read _ _ _ _ _
    (both_are_read _ _ _ _ _ _ (a_block_reads_back choose sound) (a_block_reads_back choose sound))).
  - now rewrite names_are_rejoined.
  - lia.
  - apply Forall_flat_map. refine (Forall_impl _ _ fits). intros [p n | s own] fit; cbn in *; [constructor |].
    constructor; [easy | constructor].
Qed.

(** ** Keys *)

Definition fits_key (name : key_name) : Prop :=
  match name with
  | By_creation_dot p n => p + 1 < no_number /\ n < no_number
  | By_bytes key => N.of_nat (length key) < no_number
  end.

Lemma what_keys_share before key s :
  shared_key before key = s ->
  firstn (N.to_nat s) before = firstn (N.to_nat s) key
  /\ s <= N.of_nat (length before)
  /\ s <= N.of_nat (length key)
  /\ s <= 8 * (N.of_nat (length key) - s).
Proof.
  unfold shared_key. set (ninth := (N.of_nat (length key) + 8) / 9). intros <-.
  assert (N.of_nat (length key) <= 9 * ninth) as enough.
  { pose proof (N.div_mod (N.of_nat (length key) + 8) 9 ltac:(lia)) as parts.
    pose proof (N.mod_upper_bound (N.of_nat (length key) + 8) 9 ltac:(lia)) as low.
    fold ninth in parts. revert parts low. generalize ((N.of_nat (length key) + 8) mod 9). lia. }
  destruct (what_is_common_is_the_same before key
    (N.to_nat (N.min (common before key) (N.of_nat (length key) - ninth)))) as (same & in_a & in_b); [lia |].
  split; [exact same |]. lia.
Qed.

Lemma keys_are_read before names :
  read_keys before (raw_names before names) (own_texts before names) = Some names.
Proof.
  revert before. induction names as [| [p n | key] names IH]; intros before; [reflexivity | |];
    cbn [raw_names own_texts read_keys].
  - now rewrite IH.
  - remember (shared_key before key) as s eqn:is_shared.
    destruct (what_keys_share before key s (eq_sym is_shared)) as (same & in_before & in_key & may).
    clear is_shared.
    assert (length (skipn (N.to_nat s) key) = N.to_nat (N.of_nat (length key) - s)) as own
      by (rewrite skipn_length; lia).
    rewrite app_length, own.
    destruct (N.leb_spec (N.of_nat (length key) - s)
      (N.of_nat (N.to_nat (N.of_nat (length key) - s) + length (own_texts key names)))); [| lia].
    destruct (N.leb_spec s (N.of_nat (length before))); [| lia].
    destruct (N.leb_spec s (8 * (N.of_nat (length key) - s))); [| lia]. cbn [andb].
    rewrite <- own, firstn_app, skipn_app, Nat.sub_diag, firstn_all, skipn_all.
    cbn [firstn skipn app]. now rewrite app_nil_r, same, firstn_skipn, IH.
Qed.

Lemma raw_names_fit before names : Forall fits_key names -> Forall fits_raw (raw_names before names).
Proof.
  intros all. revert before. induction all as [| [p n | key] names fit _ IH]; intros before; [constructor | |];
    cbn [raw_names]; constructor; try apply IH; cbn in *; [exact fit |].
  pose proof (what_keys_share before key _ eq_refl). lia.
Qed.

Lemma as_many_raw_names before names : length (raw_names before names) = length names.
Proof.
  revert before. induction names as [| [p n | key] names IH]; intros before; cbn; [| rewrite IH..]; reflexivity.
Qed.

(** ** Decisions *)

Definition fits_row (f : family) (r : row) : Prop :=
  fst r < no_number /\ fst (snd r) < no_number /\ fst (snd (snd r)) < no_number
  /\ (if is_timed f then fst (snd (snd (snd r))) < no_number else fst (snd (snd (snd r))) = 0)
  /\ snd (snd (snd (snd r))) < no_number.

Lemma no_column_reads_back : reads_back (fun n => n = 0) no_column read_no_column.
Proof.
  intros rows rest _ _ zeros. unfold read_no_column, no_column. cbn [app]. do 2 f_equal.
  induction zeros as [| n rows -> _ IH]; [reflexivity |]. cbn. now rewrite IH.
Qed.

Lemma rows_read_back choose f :
  sound_choice choose -> reads_back (fits_row f) (write_rows choose f) (read_rows f).
Proof.
  intros sound. pose proof (a_block_reads_back choose sound) as one.
  assert (reads_back (fun n => if is_timed f then n < no_number else n = 0)
    (if is_timed f then write_block choose else no_column)
    (if is_timed f then read_block else read_no_column)) as times.
  { destruct (is_timed f); [exact one | exact no_column_reads_back]. }
  exact (both_are_read _ _ _ _ _ _ one (both_are_read _ _ _ _ _ _ one (both_are_read _ _ _ _ _ _ one
    (both_are_read _ _ _ _ _ _ times one)))).
Qed.

(** What the format can say of a decision. *)
Definition fits_decision (x : decision) : Prop :=
  count x < no_number /\ seq_of x < no_number /\ author_of x < no_number.

Lemma effects_are_read f xs rest :
  forallb (fits_family f) xs = true ->
  read_effects f (map (effect_code f) xs) (values_of xs ++ rest) = Some (map effect xs, rest).
Proof.
  induction xs as [| [c s a t e] xs IH]; [reflexivity |]. cbn [forallb]. rewrite andb_true_iff.
  unfold fits_family at 1. cbn [time effect]. rewrite andb_true_iff. intros [[_ fit] all].
  specialize (IH all). cbn [map values_of flat_map]. unfold effect_code at 1. cbn [effect].
  rewrite <- app_assoc. fold (values_of xs). destruct e as [value |]; cbn [read_effects].
  - destruct (has_values f) eqn:valued.
    + apply N.ltb_lt in fit.
      destruct (N.eqb_spec (N.of_nat (length value) + 1) 0); [lia |].
      rewrite !app_length.
      destruct (N.leb_spec (N.of_nat (length value) + 1)
        (N.of_nat (length value + (length (values_of xs) + length rest)) + 1)); [| lia].
      destruct (N.leb_spec (N.of_nat (length value) + 1) no_length); [| lia]. cbn [andb].
      replace (N.to_nat (N.of_nat (length value) + 1 - 1)) with (length value) by lia.
      rewrite firstn_app, skipn_app, Nat.sub_diag, firstn_all, skipn_all. cbn [firstn skipn app].
      now rewrite app_nil_r, IH.
    + destruct value; [| easy]. cbn [N.eqb Pos.eqb app]. now rewrite IH.
  - cbn [N.eqb app]. now rewrite IH.
Qed.

Lemma as_many_rows f told xs :
  length told = length xs ->
  length (rows_of f told xs) = length xs.
Proof.
  intros same. unfold rows_of, row. cbv zeta. rewrite !combine_length, as_many_steps, combine_length, !map_length, same.
  assert (length (if is_timed f then steps 0 (combine (map count xs) (map time xs)) else map (fun _ => 0) xs)
    = length xs) as ->.
  { destruct (is_timed f); [rewrite as_many_steps, combine_length |]; rewrite !map_length; lia. }
  lia.
Qed.

(** The columns of rows are what was put into them. *)
Lemma columns_of_rows f told xs :
  length told = length xs ->
  map fst (rows_of f told xs) = map author_of xs
  /\ map (fun r => fst (snd r)) (rows_of f told xs) = told
  /\ map (fun r => fst (snd (snd r))) (rows_of f told xs) = steps 0 (combine (map count xs) (map seq_of xs))
  /\ map (fun r => fst (snd (snd (snd r)))) (rows_of f told xs)
     = (if is_timed f then steps 0 (combine (map count xs) (map time xs)) else map (fun _ => 0) xs)
  /\ map (fun r => snd (snd (snd (snd r)))) (rows_of f told xs) = map (effect_code f) xs.
Proof.
  intros same. unfold rows_of, row. cbv zeta.
  assert (length (steps 0 (combine (map count xs) (map seq_of xs))) = length xs) as many_seqs
    by (rewrite as_many_steps, combine_length, !map_length; lia).
  assert (length (if is_timed f then steps 0 (combine (map count xs) (map time xs)) else map (fun _ => 0) xs)
    = length xs) as many_times.
  { destruct (is_timed f); [rewrite as_many_steps, combine_length |]; rewrite !map_length; lia. }
  set (seqs := steps 0 (combine (map count xs) (map seq_of xs))) in *.
  set (times := if is_timed f then _ else _) in *.
  assert (length (map (effect_code f) xs) = length xs) as many_codes by apply map_length.
  assert (length (map author_of xs) = length xs) as many_authors by apply map_length.
  set (codes := map (effect_code f) xs) in *. set (all := map author_of xs) in *.
  assert (map snd (combine all (combine told (combine seqs (combine times codes))))
    = combine told (combine seqs (combine times codes))) as second
    by (apply the_right_parts; rewrite !combine_length; lia).
  assert (map snd (combine told (combine seqs (combine times codes))) = combine seqs (combine times codes)) as third
    by (apply the_right_parts; rewrite !combine_length; lia).
  assert (map snd (combine seqs (combine times codes)) = combine times codes) as fourth
    by (apply the_right_parts; rewrite !combine_length; lia).
  repeat split.
  - apply the_left_parts. rewrite !combine_length. lia.
  - rewrite <- (map_map snd fst), second. apply the_left_parts. rewrite !combine_length. lia.
  - rewrite <- (map_map snd (fun r => fst (snd r))), second, <- (map_map snd fst), third.
    apply the_left_parts. rewrite !combine_length. lia.
  - rewrite <- (map_map snd (fun r => fst (snd (snd r)))), second,
      <- (map_map snd (fun r => fst (snd r))), third, <- (map_map snd fst), fourth.
    apply the_left_parts. lia.
  - rewrite <- (map_map snd (fun r => snd (snd (snd r)))), second,
      <- (map_map snd (fun r => snd (snd r))), third, <- (map_map snd snd), fourth.
    apply the_right_parts. lia.
Qed.

Lemma decisions_are_read f told xs rest :
  length told = length xs ->
  forallb (fits_family f) xs = true ->
  Forall fits_decision xs ->
  decisions_of f (map count xs) (rows_of f told xs) (values_of xs ++ rest) = Some (xs, rest).
Proof.
  intros same fit all. destruct (columns_of_rows f told xs same) as (authors & _ & seqs & times & codes).
  unfold decisions_of. rewrite codes, effects_are_read, authors, seqs, times by exact fit.
  assert (Forall is_number (map count xs)) as counts
    by (apply Forall_map; refine (Forall_impl _ _ all); now intros x []).
  rewrite steps_are_undone; [| now rewrite !map_length | reflexivity | exact counts |].
  2: { apply Forall_map. refine (Forall_impl _ _ all). now intros x (_ & ? & _). }
  assert ((if is_timed f then unstep 0 (combine (map count xs)
      (if is_timed f then steps 0 (combine (map count xs) (map time xs)) else map (fun _ => 0) xs))
    else (if is_timed f then steps 0 (combine (map count xs) (map time xs)) else map (fun _ => 0) xs))
    = map time xs) as ->.
  { rewrite forallb_forall in fit. destruct (is_timed f) eqn:timed.
    - apply steps_are_undone; [now rewrite !map_length | reflexivity | exact counts |].
      apply Forall_map, Forall_forall. intros x there. apply fit in there. unfold fits_family in there.
      rewrite timed in there. apply andb_true_iff in there as [low%N.ltb_lt _].
      pose proof twice_half_way. lia.
    - apply map_ext_in. intros x there. apply fit in there. unfold fits_family in there.
      rewrite timed in there. apply andb_true_iff in there as [->%N.eqb_eq _]. reflexivity. }
  do 2 f_equal. clear. induction xs as [| [c s a t e] xs IH]; [reflexivity |].
  cbn [map combine fst snd count seq_of author_of time effect]. now rewrite IH.
Qed.

Lemma rows_fit f told xs :
  length told = length xs ->
  Forall is_number told ->
  forallb (fits_family f) xs = true ->
  Forall fits_decision xs ->
  Forall (fits_row f) (rows_of f told xs).
Proof.
  intros same fit_told fit all. unfold rows_of, fits_row, row. cbv zeta.
  refine (all_of_both is_number (fun r => fst r < no_number /\ fst (snd r) < no_number
    /\ (if is_timed f then fst (snd (snd r)) < no_number else fst (snd (snd r)) = 0)
    /\ snd (snd (snd r)) < no_number) _ _ _ _);
    [apply Forall_map; refine (Forall_impl _ _ all); now intros x (_ & _ & ?) |].
  refine (all_of_both is_number (fun r => fst r < no_number
    /\ (if is_timed f then fst (snd r) < no_number else fst (snd r) = 0)
    /\ snd (snd r) < no_number) _ _ fit_told _).
  refine (all_of_both is_number (fun r => (if is_timed f then fst r < no_number else fst r = 0)
    /\ snd r < no_number) _ _ (steps_are_numbers _ _) _).
  apply (all_of_both (fun n => if is_timed f then n < no_number else n = 0) is_number).
  - destruct (is_timed f); [apply steps_are_numbers |]. apply Forall_map, Forall_forall. easy.
  - apply Forall_map, Forall_forall. intros x there. rewrite forallb_forall in fit. apply fit in there.
    unfold fits_family in there. apply andb_true_iff in there as [_ short]. unfold effect_code.
    assert (no_length + 1 < no_number) as room by reflexivity.
    destruct (effect x) as [value |]; [| reflexivity]. destruct (has_values f); [| reflexivity].
    apply N.ltb_lt in short. lia.
Qed.

Lemma counters_are_counted_up last ops :
  first_ones_rise last ops = true ->
  count_up last (combine (map fst ops) (count_steps last ops)) = map snd ops.
Proof.
  revert last. induction ops as [| [p n] ops IH]; intros last rise; [reflexivity |].
  cbn [first_ones_rise map combine fst snd count_steps count_up] in *.
  apply andb_true_iff in rise as [more%N.ltb_lt rise].
  replace (number_at p last + (n - number_at p last)) with n by lia. now rewrite IH.
Qed.

Lemma as_many_count_steps last ops : length (count_steps last ops) = length ops.
Proof. revert last. induction ops as [| [p n] ops IH]; intros; cbn; [| rewrite IH]; reflexivity. Qed.

Lemma count_steps_are_numbers last ops :
  Forall is_number (map snd ops) -> Forall is_number (count_steps last ops).
Proof.
  revert last. induction ops as [| [p n] ops IH]; intros last all; [constructor |].
  inversion all; subst. cbn [count_steps]. constructor; [lia | now apply IH].
Qed.

(** Numbers of keys that do not fall. *)
Fixpoint do_not_fall (last : N) (keys : list N) : Prop :=
  match keys with
  | [] => True
  | key :: keys => last <= key /\ do_not_fall key keys
  end.

Lemma keys_are_summed last keys : do_not_fall last keys -> sums last (key_steps last keys) = keys.
Proof.
  revert last. induction keys as [| key keys IH]; intros last; [reflexivity |].
  intros [more others]. cbn [key_steps sums]. replace (last + (key - last)) with key by lia. now rewrite IH.
Qed.

Lemma as_many_key_steps last keys : length (key_steps last keys) = length keys.
Proof. revert last. induction keys as [| key keys IH]; intros; cbn; [| rewrite IH]; reflexivity. Qed.

Lemma key_steps_are_numbers last keys : Forall is_number keys -> Forall is_number (key_steps last keys).
Proof.
  revert last. induction keys as [| key keys IH]; intros last all; [constructor |].
  inversion all; subst. cbn [key_steps]. constructor; [lia | now apply IH].
Qed.

Lemma rising_numbers_do_not_fall keys : rising N.compare keys = true -> do_not_fall 0 keys.
Proof.
  intros rises. assert (match keys with [] => True | key :: _ => 0 <= key end) as first by (destruct keys; lia).
  revert first rises. generalize 0 as last. induction keys as [| key keys IH]; intros last first rises; [exact I |].
  split; [exact first |]. destruct keys as [| next keys]; [exact I |]. cbn [rising] in rises.
  apply andb_true_iff in rises as [less rises]. apply IH; [| exact rises].
  assert ((key ?= next) = Lt) as lt
    by (revert less; now destruct (below_means_less N.compare key next)).
  rewrite N.compare_lt_iff in lt. lia.
Qed.

Lemma rising_operations_do_not_fall ops : rising compare_named ops = true -> do_not_fall 0 (map fst ops).
Proof.
  intros rises. assert (match ops with [] => True | op :: _ => 0 <= fst op end) as first by (destruct ops; lia).
  revert first rises. generalize 0 as last. induction ops as [| op ops IH]; intros last first rises; [exact I |].
  split; [exact first |]. destruct ops as [| next ops]; [exact I |]. cbn [rising] in rises.
  apply andb_true_iff in rises as [less rises]. apply IH; [| exact rises].
  unfold below, compare_named, compare_pair in less. destruct op as [k o], next as [k' o'].
  cbn [fst snd] in *. destruct (N.compare_spec k k'); [lia | lia | easy].
Qed.

(** ** Users and authors *)

Lemma the_user_of_a_number u users :
  In u users -> at_number (user_number u users - 1) users = Some u /\ 1 <= user_number u users.
Proof.
  induction users as [| v users IH]; [easy |]. intros there. cbn [user_number at_number].
  destruct (equal_is_equality compare_bytes u v) as [-> | other]; [split; [reflexivity | lia] |].
  destruct there as [-> | there]; [easy |]. destruct (IH there) as [found positive].
  destruct (N.eqb_spec (1 + user_number u users - 1) 0); [lia |].
  replace (1 + user_number u users - 1 - 1) with (user_number u users - 1) by lia. split; [exact found | lia].
Qed.

Lemma user_numbers_are_few u users : user_number u users <= N.of_nat (length users).
Proof.
  induction users as [| v users IH]; cbn [user_number length]; [lia |]. destruct (equal _ u v); lia.
Qed.

Lemma a_user_is_listed (all : list author) a u : In a all -> user a = Some u -> In u (users_of all).
Proof.
  intros there is_there. unfold users_of. apply (in_set_of compare_bytes), in_flat_map.
  exists a. split; [exact there |]. rewrite is_there. now left.
Qed.

Lemma authors_are_read_of users (all : list author) :
  (forall a u, In a all -> user a = Some u -> In u users) ->
  read_authors_of users (combine (map place all) (map (user_code users) all)) = Some all.
Proof.
  induction all as [| [p u] all IH]; intros listed; [reflexivity |].
  cbn [map combine read_authors_of place]. rewrite IH by (intros a u' there; apply listed; now right).
  unfold user_code. cbn [user]. destruct u as [u |]; [| reflexivity].
  destruct (the_user_of_a_number u users) as [found positive]; [now apply (listed (Author p (Some u)) u); [left |] |].
  destruct (N.eqb_spec (user_number u users) 0); [lia |]. now rewrite found.
Qed.

Section Messages.
Context (choose : list N -> N * nat) (sound : sound_choice choose) (f : family) (worth : nat).

Lemma authors_are_read (all : list author) origins rest :
  (length (users_of all) <= worth)%nat ->
  (length all <= worth)%nat ->
  N.of_nat (length (users_of all)) + 1 < no_number ->
  N.of_nat (length all) < no_number ->
  N.of_nat origins < no_number ->
  Forall fits_name (users_of all) ->
  forallb (fun a => place a <? N.of_nat origins) all = true ->
  read_authors worth origins (write_authors choose all ++ rest)
  = Some (all, (length (users_of all) + length all)%nat, rest).
Proof using sound.
  intros few_users few fit_users fit fit_origins names inside. unfold read_authors, write_authors.
  rewrite <- !app_assoc, a_count_is_read by (assumption || lia). rewrite names_are_read by exact names.
  rewrite a_count_is_read by assumption.
  rewrite <- (map_length place all) at 1.
  rewrite a_column_is_read with (choose := choose); [| exact sound |].
  2: { apply Forall_map, Forall_forall. intros a there. rewrite forallb_forall in inside.
       apply inside in there. apply N.ltb_lt in there. lia. }
  pose proof (authors_are_read_of (users_of all) all (fun a u => a_user_is_listed all a u)) as read.
  assert (forall more, (match length (users_of all) with
    | O => Some (repeat 0 (length all), (match users_of all with [] => [] | _ => write_column choose (map (user_code (users_of all)) all) end) ++ more)
    | S _ => read_column (length all) ((match users_of all with [] => [] | _ => write_column choose (map (user_code (users_of all)) all) end) ++ more)
    end) = Some (map (user_code (users_of all)) all, more)) as codes.
  { intros more. destruct (users_of all) as [| u users] eqn:are; cbn [length].
    - cbn [app]. do 2 f_equal. clear - are. assert (forall a, In a all -> user_code [] a = 0) as zeros.
      { intros a there. unfold user_code. now destruct (user a). }
      clear are. induction all as [| a all IH]; [reflexivity |]. cbn [length repeat map].
      rewrite zeros by now left. f_equal. apply IH. intros. apply zeros. now right.
    - rewrite <- (map_length (user_code (u :: users)) all) at 1.
      apply a_column_is_read; [exact sound |]. apply Forall_map, Forall_forall. intros a _.
      unfold user_code. destruct (user a) as [v |]; [| reflexivity].
      pose proof (user_numbers_are_few v (u :: users)). cbn [length] in *. lia. }
  rewrite codes, read, inside. reflexivity.
Qed.

(** What the format can say of decisions of keys that are listed: numbers of keys do not fall, and no more of
    them come than the message is worth. *)
Definition fits_further (xs : list (N * decision)) : Prop :=
  (length xs <= worth)%nat /\ N.of_nat (length xs) < no_number
  /\ do_not_fall 0 (map fst xs) /\ Forall is_number (map fst xs)
  /\ forallb (fits_family f) (map snd xs) = true /\ Forall fits_decision (map snd xs).

Lemma further_decisions_are_read (xs : list (N * decision)) texts rest :
  fits_further xs ->
  read_further f worth (values_of (map snd xs) ++ texts) (write_further choose f xs ++ rest)
  = Some (xs, texts, rest).
Proof using sound.
  intros (few & fit & rise & keys & fit_family & all). unfold read_further, write_further.
  rewrite <- app_assoc, a_count_is_read by assumption.
  set (steps := key_steps 0 (map fst xs)). set (rows := rows_of f _ _).
  assert (length rows = length xs) as many_rows
    by (unfold rows; rewrite as_many_rows, !map_length; now rewrite ?map_length).
  assert (length steps = length xs) as many_steps by (unfold steps; now rewrite as_many_key_steps, map_length).
  assert (length (combine steps rows) = length xs) as many by (rewrite combine_length; lia).
  rewrite <- many at 1.
  rewrite (a_table_is_read _ _ _ _ _ (both_are_read _ _ _ _ _ _ (a_block_reads_back choose sound)
    (rows_read_back choose f sound))).
  2: { apply (all_of_both is_number (fits_row f)); [now apply key_steps_are_numbers |].
       apply rows_fit; try assumption; [now rewrite !map_length |].
       apply Forall_map. refine (Forall_impl _ _ all). now intros x []. }
  assert (map snd (combine steps rows) = rows) as right by (apply the_right_parts; lia).
  rewrite <- (map_map snd (fun r => fst (snd r))), right.
  destruct (columns_of_rows f (map count (map snd xs)) (map snd xs)) as (_ & counts & _); [now rewrite map_length |].
  fold rows in counts.
  match goal with |- context [decisions_of f ?all _ _] => replace all with (map count (map snd xs)) end.
  2: { symmetry. exact (eq_trans (f_equal (map (fun r : row => fst (snd r))) right) counts). }
  unfold rows at 1. rewrite decisions_are_read; try assumption; [| now rewrite map_length].
  rewrite the_left_parts by lia. unfold steps. rewrite keys_are_summed by exact rise.
  now rewrite combined_again.
Qed.

Lemma winners_are_read (xs : list (N * decision)) rest :
  fits_further xs ->
  (is_timed f = false -> xs = []) ->
  (if is_timed f
   then read_further f worth (values_of (map snd xs)) ((if is_timed f then write_further choose f xs else []) ++ rest)
   else Some ([], values_of (map snd xs), (if is_timed f then write_further choose f xs else []) ++ rest))
  = Some (xs, [], rest).
Proof using sound.
  intros fit none. destruct (is_timed f) eqn:has_times; [| now rewrite none].
  rewrite <- (app_nil_r (values_of (map snd xs))). now apply further_decisions_are_read.
Qed.

Lemma operations_are_read (ops : list (N * (N * N))) rest :
  (length ops <= worth)%nat ->
  N.of_nat (length ops) < no_number ->
  do_not_fall 0 (map fst ops) ->
  Forall is_number (map fst ops) ->
  Forall (fun op => fst op < no_number /\ snd op < no_number) (map snd ops) ->
  read_operations worth (write_operations choose ops ++ rest) = Some (ops, rest).
Proof using sound.
  intros few fit rise keys all. unfold read_operations, write_operations.
  rewrite <- app_assoc, a_count_is_read by assumption.
  set (steps := key_steps 0 (map fst ops)).
  assert (length steps = length ops) as many_steps by (unfold steps; now rewrite as_many_key_steps, map_length).
  assert (length (combine steps (map snd ops)) = length ops) as many by (rewrite combine_length, map_length; lia).
  rewrite <- many at 1. pose proof (a_block_reads_back choose sound) as one.
  rewrite (a_table_is_read _ _ _ _ _ (both_are_read _ _ _ _ _ _ one (both_are_read _ _ _ _ _ _ one one))).
  2: { apply (all_of_both is_number (fun op => fst op < no_number /\ snd op < no_number));
         [now apply key_steps_are_numbers | exact all]. }
  rewrite the_left_parts, the_right_parts by (rewrite map_length; lia).
  unfold steps. rewrite keys_are_summed by exact rise. now rewrite combined_again.
Qed.

Lemma listed_keys_are_read since seen (all : list author) (keys : list (key_name * decision)) texts rest :
  (length keys <= worth)%nat ->
  N.of_nat (length keys) < no_number ->
  N.of_nat (length (own_texts [] (map fst keys))) < no_number ->
  Forall fits_key (map fst keys) ->
  forallb (fits_family f) (map snd keys) = true ->
  Forall fits_decision (map snd keys) ->
  first_ones_rise (counts_before since seen) (map (operation all) (map snd keys)) = true ->
  (has_values f = false -> values_of (map snd keys) ++ texts = []) ->
  read_listed f worth since seen all (own_texts [] (map fst keys) ++ values_of (map snd keys) ++ texts)
    (write_listed choose f (Keyed_delta since seen all keys [] [] [] []) ++ rest)
  = Some (keys, texts, rest).
Proof using sound.
  intros few fit fit_texts names fit_family all_fit rise no_texts. unfold read_listed, write_listed.
  cbn [wire_keyed.since wire_keyed.seen authors listed].
  set (xs := map snd keys) in *. set (own := own_texts [] (map fst keys)) in *.
  set (told := count_steps _ _). rewrite <- !app_assoc, a_count_is_read by assumption.
  assert (forall more, read_key_texts f (own ++ values_of xs ++ texts)
      ((if has_values f then write_number (N.of_nat (length own)) else []) ++ more)
    = Some (own, values_of xs ++ texts, more)) as ->.
  { intros more. unfold read_key_texts. destruct (has_values f).
    - rewrite a_number_is_read by exact fit_texts. rewrite app_length.
      destruct (N.leb_spec (N.of_nat (length own)) (N.of_nat (length own + length (values_of xs ++ texts)))); [| lia].
      rewrite Nat2N.id, firstn_app, skipn_app, Nat.sub_diag, firstn_all, skipn_all. cbn [firstn skipn app].
      now rewrite app_nil_r.
    - now rewrite no_texts, app_nil_r. }
  assert (length xs = length keys) as many_xs by apply map_length.
  assert (length told = length xs) as many_told by (unfold told; now rewrite as_many_count_steps, map_length).
  assert (length (rows_of f told xs) = length xs) as many_rows by now apply as_many_rows.
  assert (length (raw_names [] (map fst keys)) = length keys) as many_names
    by now rewrite as_many_raw_names, map_length.
  assert (length (combine (raw_names [] (map fst keys)) (rows_of f told xs)) = length keys) as many
    by (rewrite combine_length; lia).
  rewrite <- many at 1.
  rewrite (a_table_is_read _ _ _ _ _ (both_are_read _ _ _ _ _ _ (a_name_group_reads_back choose sound)
    (rows_read_back choose f sound))).
  2: { apply (all_of_both fits_raw (fits_row f)); [now apply raw_names_fit |]. apply rows_fit; try assumption.
       apply count_steps_are_numbers. rewrite map_map. apply Forall_map. refine (Forall_impl _ _ all_fit).
       now intros x []. }
  rewrite the_left_parts by lia. cbn [fst snd]. unfold own. rewrite keys_are_read.
  assert (map snd (combine (raw_names [] (map fst keys)) (rows_of f told xs)) = rows_of f told xs) as right
    by (apply the_right_parts; lia).
  rewrite <- (map_map snd (fun r => (place_at (fst r) all, fst (snd r)))), right.
  destruct (columns_of_rows f told xs many_told) as (of_authors & of_counts & _).
  assert (map (fun r : row => (place_at (fst r) all, fst (snd r))) (rows_of f told xs)
    = combine (map fst (map (operation all) xs)) told) as of_both.
  { assert (map fst (map (operation all) xs) = map (fun a => place_at a all) (map author_of xs)) as ->
      by (rewrite !map_map; reflexivity).
    rewrite <- of_authors.
    transitivity (combine (map (fun a => place_at a all) (map fst (rows_of f told xs)))
      (map (fun r : row => fst (snd r)) (rows_of f told xs))).
    - generalize (rows_of f told xs). clear. intros rows.
      induction rows as [| r rows IH]; [reflexivity |]. cbn [map combine]. now rewrite IH.
    - f_equal. exact of_counts. }
  match goal with
  | |- context [count_up _ ?all_told] => replace all_told with (combine (map fst (map (operation all) xs)) told)
  end.
  2: { symmetry. exact (eq_trans (f_equal (map (fun r : row => (place_at (fst r) all, fst (snd r)))) right) of_both). }
  unfold told at 1. rewrite counters_are_counted_up by exact rise. fold told.
  rewrite (map_map (operation all) snd). change (map (fun x => snd (operation all x)) xs) with (map count xs).
  rewrite decisions_are_read by assumption. unfold xs. now rewrite combined_again.
Qed.
End Messages.

(** ** Whole deltas *)

Lemma counted_operations_fit (seen : vector) (op : N * N) :
  fits seen ->
  1 <= snd op ->
  snd op <= number_at (fst op) (map snd seen) ->
  fst op < N.of_nat (length seen) /\ snd op < no_number.
Proof.
  intros [_ all] some few.
  assert (Forall is_number (map snd seen)) as counts
    by (apply Forall_map; refine (Forall_impl _ _ all); now intros entry (_ & _ & ?)).
  pose proof (numbers_at_places_are_numbers (fst op) _ counts).
  pose proof (a_number_at_a_place (fst op) (map snd seen)) as inside. rewrite map_length in inside. lia.
Qed.

Lemma new_operations_fit since seen op :
  fits seen ->
  is_new since seen op = true ->
  fst op < N.of_nat (length seen) /\ snd op < no_number.
Proof.
  intros fit new. unfold is_new in new. apply andb_true_iff in new as [more%N.ltb_lt few%N.leb_le].
  apply counted_operations_fit; [exact fit | lia | exact few].
Qed.

Lemma old_operations_fit since seen op :
  fits seen ->
  is_old since seen op = true ->
  fst op < N.of_nat (length seen) /\ snd op < no_number.
Proof.
  intros fit old. unfold is_old in old. rewrite !andb_true_iff in old.
  destruct old as [[some%N.leb_le _] few%N.leb_le]. now apply counted_operations_fit.
Qed.

Lemma presences_have_no_texts f xs :
  has_values f = false -> forallb (fits_family f) xs = true -> values_of xs = [].
Proof.
  intros none all. induction xs as [| x xs IH]; [reflexivity |]. cbn [forallb] in all.
  apply andb_true_iff in all as [fit all]. unfold fits_family in fit. apply andb_true_iff in fit as [_ fit].
  unfold values_of. cbn [flat_map]. fold (values_of xs). rewrite IH by exact all.
  destruct (effect x) as [value |]; [| reflexivity]. rewrite none in fit. now destruct value.
Qed.

Lemma decisions_fit authors since seen f xs :
  fits seen ->
  N.of_nat (length authors) < no_number ->
  Forall (fun x => seq_of x < no_number) xs ->
  forallb (fun x => (author_of x <? N.of_nat (length authors)) && fits_family f x) xs = true ->
  forallb (fun op => is_new since seen op) (map (operation authors) xs) = true ->
  Forall fits_decision xs /\ forallb (fits_family f) xs = true.
Proof.
  intros fit few seqs all new. rewrite forallb_forall in all, new. rewrite Forall_forall in seqs. split.
  - apply Forall_forall. intros x there. pose proof (all x there) as known.
    apply andb_true_iff in known as [author%N.ltb_lt _].
    pose proof (new_operations_fit since seen (operation authors x) fit (new _ (in_map _ _ _ there))) as [_ counts].
    cbn [snd operation] in counts. pose proof (seqs x there). repeat split; try assumption; lia.
  - apply forallb_forall. intros x there. now apply all, andb_true_iff in there.
Qed.

Lemma names_of_decisions authors (xs : list (N * decision)) :
  map snd (named authors xs) = map (operation authors) (map snd xs)
  /\ map fst (named authors xs) = map fst xs.
Proof. unfold named. now rewrite !map_map. Qed.

Lemma numbered_items {A : Type} (xs : list A) : map snd (numbered xs) = xs.
Proof. apply the_right_parts. now rewrite map_length, seq_length. Qed.

Lemma keys_are_numbers {A : Type} n (xs : list (N * A)) :
  n < no_number -> forallb (fun x => fst x <? n) xs = true -> Forall is_number (map fst xs).
Proof.
  intros few all. apply Forall_map, Forall_forall. intros x there. rewrite forallb_forall in all.
  apply all in there. apply N.ltb_lt in there. lia.
Qed.

Lemma all_of_both_lists {A : Type} (p : A -> bool) xs ys :
  forallb p (xs ++ ys) = true -> forallb p xs = true /\ forallb p ys = true.
Proof. rewrite forallb_app. apply andb_true_iff. Qed.

Lemma all_of_seconds {A B : Type} (p : B -> bool) (xs : list (A * B)) :
  forallb (fun x => p (snd x)) xs = forallb p (map snd xs).
Proof. induction xs as [| x xs IH]; cbn; [| rewrite IH]; reflexivity. Qed.

(** Sketch. What a receiver must check is taken apart, and says of each part that its numbers fit and that its
    lists rise. The message is opened and its texts are split off; then each part is read as it was written, and
    hands on the texts that are left: of keys, of first decisions, of further ones, of winners. Of a family
    without timestamps there are no winners, and of one without values no texts of values. The padding
    ends the message. *)
Theorem a_keyed_delta_is_read_as_it_was_written choose f chosen knows d :
  sound_choice choose ->
  well_formed_keyed f d = true ->
  fits_keyed d ->
  is_known chosen knows (since d) ->
  decode_keyed f knows (encode_keyed choose f chosen d) = Some d.
Proof.
  intros sound good ([fit fit_seen] & fit_users & fit_seqs & fit_keys & few) is_there.
  destruct d as [since seen authors listed others inside winners dots].
  pose proof good as all. unfold well_formed_keyed in all. rewrite !andb_true_iff in all.
  destruct all as ((((((((((((((((good_since & good_seen) & places) & all) & old_names) & rise) & new)
    & old) & keys) & rise_others) & rise_inside) & rise_dots) & rise_winners) & timed) & _) & _) & _).
  cbn [wire_keyed.since wire_keyed.seen wire_keyed.authors wire_keyed.listed wire_keyed.others
    wire_keyed.inside wire_keyed.winners creation_dots] in *.
  apply all_of_both_lists in all as [all_first all]. apply all_of_both_lists in all as [all_others all_winners].
  apply all_of_both_lists in new as [new_first new]. apply all_of_both_lists in new as [new_others new].
  apply all_of_both_lists in new as [new_winners new_dots].
  apply all_of_both_lists in keys as [keys_others keys]. apply all_of_both_lists in keys as [keys_winners keys].
  apply all_of_both_lists in keys as [keys_inside keys_dots].
  apply Forall_app in fit_seqs as [seqs_first fit_seqs]. apply Forall_app in fit_seqs as [seqs_others seqs_winners].
  assert (is_timed f = false -> winners = []) as no_winners.
  { intros none. rewrite none in timed. now destruct winners. }
  set (texts := own_texts [] (map fst listed) ++ _) in few.
  rewrite !all_of_seconds in new_first, new_others, new_winners, new_dots, old.
  rewrite (proj1 (names_of_decisions _ (numbered _))), numbered_items in new_first, rise.
  rewrite (proj1 (names_of_decisions _ others)) in new_others.
  rewrite (proj1 (names_of_decisions _ winners)) in new_winners.
  apply rising_operations_do_not_fall in rise_others.
  apply rising_operations_do_not_fall in rise_inside.
  apply rising_operations_do_not_fall in rise_dots.
  apply rising_numbers_do_not_fall in rise_winners.
  rewrite (proj2 (names_of_decisions _ others)) in rise_others.
  rewrite (proj2 (names_of_decisions _ winners)) in rise_winners.
  assert (N.of_nat (length listed) < no_number) as few_keys by lia.
  apply (keys_are_numbers _ _ few_keys) in keys_others.
  apply (keys_are_numbers _ _ few_keys) in keys_winners.
  apply (keys_are_numbers _ _ few_keys) in keys_inside.
  apply (keys_are_numbers _ _ few_keys) in keys_dots.
  rewrite (proj2 (names_of_decisions _ others)) in keys_others.
  rewrite (proj2 (names_of_decisions _ winners)) in keys_winners.
  assert (N.of_nat (length authors) < no_number) as few_authors by lia.
  destruct (decisions_fit authors since seen f _ fit_seen few_authors seqs_first all_first new_first) as [fit_first family_first].
  destruct (decisions_fit authors since seen f _ fit_seen few_authors seqs_others all_others new_others) as [fit_others family_others].
  destruct (decisions_fit authors since seen f _ fit_seen few_authors seqs_winners all_winners new_winners) as [fit_winners family_winners].
  assert (N.of_nat (length seen) + 1 < no_number) as few_seen by apply fit_seen.
  assert (Forall (fun op => fst op < no_number /\ snd op < no_number) (map snd dots)) as fit_dots.
  { apply Forall_forall. intros op there. rewrite forallb_forall in new_dots.
    apply new_dots, (new_operations_fit _ _ _ fit_seen) in there. lia. }
  assert (Forall (fun op => fst op < no_number /\ snd op < no_number) (map snd inside)) as fit_inside.
  { apply Forall_forall. intros op there. rewrite forallb_forall in old.
    apply old, (old_operations_fit _ _ _ fit_seen) in there. lia. }
  assert (Forall fits_key (map fst listed)) as fit_names.
  { apply Forall_map, Forall_forall. intros [name x] there. cbn [fst].
    rewrite forallb_forall in old_names. pose proof (old_names _ there) as is_there'. cbn [fst] in is_there'.
    rewrite Forall_map, Forall_forall in fit_keys. pose proof (fit_keys _ there) as short. cbn [fst] in short.
    destruct name as [p n | key]; cbn [fits_key]; [| exact short].
    apply (old_operations_fit _ _ _ fit_seen) in is_there'. cbn [fst snd] in is_there'. lia. }
  unfold decode_keyed, encode_keyed.
  cbn [wire_keyed.since wire_keyed.seen wire_keyed.authors wire_keyed.listed wire_keyed.others
    wire_keyed.inside wire_keyed.winners creation_dots].
  fold texts. set (counted := (_ + length dots)%nat).
  set (inner := write_span _ _ _ _ ++ _). set (fields := write_number _ ++ inner).
  rewrite a_message_is_opened.
  assert (fields ++ padding counted ((1 :: kind_of f :: fields) ++ texts) ++ texts
    = write_number (N.of_nat (length texts)) ++ (inner ++ padding counted ((1 :: kind_of f :: fields) ++ texts)) ++ texts)
    as -> by (unfold fields at 1; now rewrite <- !app_assoc).
  rewrite texts_are_read by lia. unfold inner at 1. rewrite <- !app_assoc.
  pose proof (counts_are_worth_a_message (kind_of f) counted fields texts) as worth.
  set (long := length (message _ _ _ _)) in *. unfold counted in worth.
  rewrite a_span_is_read by (try assumption; lia).
  rewrite authors_are_read; try assumption; try lia. cbn [fst snd].
  change (write_listed choose f (Keyed_delta since seen authors listed others inside winners dots))
    with (write_listed choose f (Keyed_delta since seen authors listed [] [] [] [])).
  unfold texts at 1. rewrite listed_keys_are_read; try assumption; try lia.
  2: { unfold texts in few. rewrite app_length in few. lia. }
  2: { intros none. rewrite (presences_have_no_texts f (map snd listed) none family_first).
       rewrite (presences_have_no_texts f (map snd others) none family_others).
       now rewrite (presences_have_no_texts f (map snd winners) none family_winners). }
  cbn [fst snd]. rewrite further_decisions_are_read by (first [exact sound | repeat split; try assumption; lia]).
  cbn [fst snd].
  rewrite operations_are_read; try assumption; try lia.
  rewrite winners_are_read by (first [exact sound | exact no_winners | repeat split; try assumption; lia]).
  cbn [fst snd].
  rewrite operations_are_read; try assumption; try lia.
  cbn [fst snd wire_keyed.listed wire_keyed.others wire_keyed.winners].
  match goal with |- context [ends long ?all_counts _] => replace all_counts with counted by (unfold counted; lia) end.
  unfold long. now rewrite padding_ends_a_message, good.
Qed.

(** What a sender writes is written again of what is read of it. *)
Theorem canonical_keyed_deltas_are_written_again choose f chosen knows d d' :
  sound_choice choose ->
  well_formed_keyed f d' = true ->
  fits_keyed d' ->
  is_known chosen knows (since d') ->
  decode_keyed f knows (encode_keyed choose f chosen d') = Some d ->
  encode_keyed choose f chosen d = encode_keyed choose f chosen d'.
Proof.
  intros sound good fit is_there. rewrite a_keyed_delta_is_read_as_it_was_written by assumption.
  now intros [= <-].
Qed.

(** Whatever bytes there are. *)
Theorem what_is_read_is_a_keyed_delta f knows bs d :
  decode_keyed f knows bs = Some d -> well_formed_keyed f d = true.
Proof.
  unfold decode_keyed. destruct (open _ bs) as [fields |]; [| easy].
  destruct (read_texts fields) as [[texts fields'] |]; [| easy].
  destruct (read_span _ _ _) as [[[[since seen] counted] rest] |]; [| easy].
  destruct (read_authors _ _ rest) as [[of_authors rest1] |]; [| easy]. cbv zeta.
  destruct (read_listed _ _ _ _ _ _ rest1) as [[of_listed rest2] |]; [| easy].
  destruct (read_further _ _ _ rest2) as [[of_others rest3] |]; [| easy].
  destruct (read_operations _ rest3) as [[inside rest4] |]; [| easy].
  destruct (if is_timed f then _ else _) as [[of_winners rest5] |]; [| easy].
  destruct (read_operations _ rest5) as [[dots rest6] |]; [| easy].
  destruct (snd of_winners); [| easy].
  destruct (well_formed_keyed f _) eqn:good; rewrite ?andb_false_r; [| easy].
  destruct (ends _ _ _); [| easy]. now intros [= <-].
Qed.

(** ** Keys by creation dots alone *)

Lemma old_operations_were_seen (since seen : vector) p n :
  version_vector.well_formed compare_bytes seen = true ->
  is_old since seen (p, n) = true ->
  exists o, nth_error (map fst seen) (N.to_nat p) = Some o
    /\ version_vector.contains compare_bytes (Dot o n) since = true
    /\ version_vector.contains compare_bytes (Dot o n) seen = true.
Proof.
  intros good old. unfold is_old, number_at, counts_before in old. cbn [fst snd] in old.
  rewrite !the_list_by_number, !nth_error_map in old. rewrite nth_error_map.
  rewrite !andb_true_iff in old. destruct old as [[some before] now_seen].
  destruct (nth_error seen (N.to_nat p)) as [[o m] |] eqn:there; cbn [option_map fst snd] in *.
  - exists o. split; [reflexivity |]. unfold version_vector.contains. cbn [counter dot_origin].
    rewrite some, before. split; [reflexivity |]. cbn [andb].
    assert (version_vector.get compare_bytes o seen = m) as ->; [| exact now_seen].
    unfold version_vector.get. apply nth_error_In in there.
    apply (found_means_in (compare_origin compare_bytes)) in there; [now rewrite there |].
    now apply version_vector_proof.well_formed_vectors_are_sorted.
  - apply N.leb_le in some, before. lia.
Qed.

(** A creation dot that names a key is inside the delta's base, and the sender has seen it. What a receiver that
    has the base then knows of the key is said of the index ([indexed_decisions_meaning_proof.v]). *)
Theorem a_creation_dot_that_names_a_key_was_seen f knows bs d p n x :
  decode_keyed f knows bs = Some d ->
  In (By_creation_dot p n, x) (listed d) ->
  exists o, nth_error (map fst (seen d)) (N.to_nat p) = Some o
    /\ version_vector.contains compare_bytes (Dot o n) (since d) = true
    /\ version_vector.contains compare_bytes (Dot o n) (seen d) = true.
Proof.
  intros read there. apply what_is_read_is_a_keyed_delta in read.
  destruct d as [since seen authors keys others inside winners dots]. unfold well_formed_keyed in read.
  rewrite !andb_true_iff in read.
  destruct read as ((((((((((((((((_ & good_seen) & _) & _) & old_names) & _) & _) & _) & _) & _) & _) & _) & _)
    & _) & _) & _) & _).
  cbn [wire_keyed.since wire_keyed.seen listed] in *. rewrite forallb_forall in old_names.
  apply old_names in there. cbn [fst] in there. now apply old_operations_were_seen.
Qed.

(** It adds nothing to the texts of keys. *)
Theorem a_key_by_its_creation_dot_has_no_texts before names :
  own_texts before names = own_texts before (filter goes_by_bytes names).
Proof.
  revert before. induction names as [| [p n | key] names IH]; intros before; [reflexivity | |];
    cbn [own_texts filter goes_by_bytes]; now rewrite IH.
Qed.
