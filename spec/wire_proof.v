(** Laws of the binary format: what was written is read back, whatever the sender chooses.

    Sketch. Each reader answers what its writer was given, and what stands after it untouched; so
    readers of parts make readers of the whole. A block is where something is to be shown: a number
    is its minimum, its low bits and its high part. The low bits of all numbers are one row of bits,
    which is cut into bytes and from there into pieces of the width again; the high parts that are
    not 0 stand with their places, and at each place there is one at most. *)

From Coq Require Import List Bool NArith Arith Lia.
From Rejoin Require Import order order_proof sorted_map dot dot_proof.
From Rejoin Require version_vector state_hash state_hash_codes_proof.
From Rejoin Require Import wire.
Import ListNotations.
Open Scope N_scope.

Local Notation bytes := state_hash.bytes.
Local Notation vector := (version_vector.state bytes).

(** ** Numbers *)

Lemma digits_are_read most n rest :
  n < 128 * 128 ^ N.of_nat most ->
  read_digits most (state_hash.digits most n ++ rest) = Some (n, rest).
Proof.
  revert n. induction most as [| most IH]; intros n fits.
  - cbn in *. destruct (N.ltb_spec n 128); [reflexivity | lia].
  - cbn [state_hash.digits]. destruct (N.ltb_spec n 128) as [small | great].
    + cbn [app read_digits]. destruct (N.ltb_spec n 128); [reflexivity | lia].
    + cbn [app read_digits].
      pose proof (N.div_mod n 128 ltac:(lia)) as parts.
      pose proof (N.mod_upper_bound n 128 ltac:(lia)) as low.
      assert (1 <= n / 128) as positive by (apply N.div_le_lower_bound; lia).
      assert (n / 128 < 128 * 128 ^ N.of_nat most) as fewer.
      { apply N.div_lt_upper_bound; [lia |].
        rewrite Nat2N.inj_succ, N.pow_succ_r' in fits. lia. }
      rewrite IH by exact fewer. clear fits fewer IH.
      generalize dependent (n mod 128). generalize dependent (n / 128). intros q positive r parts low.
      destruct (N.ltb_spec (128 + r) 128); [lia |].
      destruct (N.eqb_spec q 0); [lia |]. do 2 f_equal. lia.
Qed.

Theorem a_number_is_read n rest :
  n < no_number ->
  read_number (write_number n ++ rest) = Some (n, rest).
Proof.
  intros fits. unfold read_number, write_number. rewrite digits_are_read.
  - destruct (N.ltb_spec n no_number); [reflexivity | lia].
  - apply (N.lt_trans _ no_number); [exact fits | reflexivity].
Qed.

(** The shortest form only: who reads a number can write the bytes again. *)
Lemma read_digits_are_the_shortest most bs n rest :
  Forall (fun b => b < 256) bs ->
  read_digits most bs = Some (n, rest) ->
  bs = state_hash.digits most n ++ rest.
Proof.
  revert bs n. induction most as [| most IH]; intros [| b bs] n are_bytes; cbn [read_digits];
    try easy; inversion are_bytes as [| b' bs' is_byte others]; subst.
  - destruct (N.ltb_spec b 128); [| easy]. now intros [= -> ->].
  - destruct (N.ltb_spec b 128) as [small | great].
    + intros [= -> ->]. cbn. destruct (N.ltb_spec n 128); [reflexivity | lia].
    + destruct (read_digits most bs) as [[m bs'] |] eqn:read; [| easy].
      destruct (N.eqb_spec m 0) as [| some]; [easy |]. intros [= first <-].
      change (b - 128 + 128 * m = n) in first. subst n.
      apply IH in read; [| exact others]. cbn [state_hash.digits].
      destruct (N.ltb_spec (b - 128 + 128 * m) 128) as [| _]; [lia |].
      assert ((b - 128 + 128 * m) / 128 = m) as ->.
      { symmetry. apply (N.div_unique _ _ _ (b - 128)); lia. }
      assert ((b - 128 + 128 * m) mod 128 = b - 128) as ->.
      { symmetry. apply (N.mod_unique _ _ m); lia. }
      cbn [app]. rewrite <- read. f_equal. lia.
Qed.

Theorem a_number_has_one_form bs n rest :
  Forall (fun b => b < 256) bs ->
  read_number bs = Some (n, rest) ->
  bs = write_number n ++ rest.
Proof.
  intros are_bytes. unfold read_number. destruct (read_digits 9 bs) as [[m bs'] |] eqn:read; [| easy].
  destruct (m <? no_number); [| easy]. intros [= <- <-].
  now apply read_digits_are_the_shortest.
Qed.

Lemma the_first_are_taken (n : nat) (bs rest : bytes) :
  length bs = n ->
  take n (bs ++ rest) = Some (bs, rest).
Proof.
  intros <-. unfold take. rewrite app_length, firstn_app, skipn_app, Nat.sub_diag, firstn_all, skipn_all.
  destruct (Nat.leb_spec (length bs) (length bs + length rest)); [| lia]. cbn. now rewrite app_nil_r.
Qed.

Lemma numbers_are_read (ns : list N) rest :
  Forall (fun n => n < no_number) ns ->
  read_numbers (length ns) (flat_map write_number ns ++ rest) = Some (ns, rest).
Proof.
  induction ns as [| n ns IH]; [reflexivity |]. intros all. inversion all; subst.
  cbn [length read_numbers flat_map]. rewrite <- app_assoc, a_number_is_read by assumption.
  now rewrite IH.
Qed.

(** ** Bits *)

Lemma some_bits w n : length (bits w n) = w.
Proof. revert n. induction w as [| w IH]; intros; cbn; [| rewrite IH]; reflexivity. Qed.

Lemma a_number_is_its_low_and_its_high_part w n : of_bits (bits w n) + power w * high w n = n.
Proof.
  revert n. induction w as [| w IH]; intros n; cbn [bits of_bits power high]; [lia |].
  specialize (IH (N.div2 n)). pose proof (N.div2_odd n) as parts.
  rewrite (N.double_spec (power w)).
  destruct (N.odd n).
  - rewrite N.succ_double_spec. cbn [N.b2n] in parts. lia.
  - rewrite (N.double_spec (of_bits _)). cbn [N.b2n] in parts. lia.
Qed.

Lemma power_of_two w : power w = 2 ^ N.of_nat w.
Proof.
  induction w as [| w IH]; [reflexivity |]. cbn [power].
  now rewrite IH, N.double_spec, Nat2N.inj_succ, N.pow_succ_r'.
Qed.

Lemma few_bits_have_no_high_part w n : n < power w -> high w n = 0.
Proof.
  intros fits. pose proof (a_number_is_its_low_and_its_high_part w n).
  destruct (N.eq_dec (high w n) 0) as [| some]; [assumption |]. nia.
Qed.

Lemma no_bits more : bits more 0 = repeat false more.
Proof. induction more as [| more IH]; [reflexivity |]. cbn [bits repeat]. f_equal. exact IH. Qed.

Lemma bits_of_bits (bs : list bool) more :
  bits (length bs + more) (of_bits bs) = bs ++ repeat false more.
Proof.
  induction bs as [| b bs IH]; [apply no_bits |].
  cbn [length Nat.add bits of_bits app].
  destruct b.
  - rewrite N.div2_succ_double, IH. f_equal. now destruct (of_bits bs).
  - rewrite N.div2_double, IH. f_equal. now destruct (of_bits bs).
Qed.

Lemma eight_bits (bs : list bool) :
  bits 8 (of_bits (firstn 8 bs)) = firstn 8 bs ++ repeat false (8 - length bs).
Proof.
  pose proof (bits_of_bits (firstn 8 bs) (8 - length bs)) as whole. rewrite firstn_length in whole.
  now replace (Nat.min 8 (length bs) + (8 - length bs))%nat with 8%nat in whole by lia.
Qed.

Lemma bytes_have_the_bits n (bs : list bool) :
  (length bs <= 8 * n)%nat ->
  exists more, flat_map (bits 8) (to_bytes n bs) = bs ++ more.
Proof.
  revert bs. induction n as [| n IH]; intros bs enough.
  - exists []. now destruct bs; cbn in *; [| lia].
  - cbn [to_bytes flat_map]. rewrite eight_bits.
    destruct (IH (skipn 8 bs)) as (more & ->); [rewrite skipn_length; lia |].
    destruct (Nat.le_gt_cases 8 (length bs)) as [many | few].
    + exists more. replace (8 - length bs)%nat with O by lia. cbn [repeat].
      now rewrite app_nil_r, app_assoc, firstn_skipn.
    + rewrite (skipn_all2 bs), (firstn_all2 bs) by lia.
      exists (repeat false (8 - length bs) ++ more). now rewrite <- app_assoc.
Qed.

Lemma enough_bytes n : (n <= 8 * eighths n)%nat.
Proof.
  induction n as [n IH] using (well_founded_induction lt_wf).
  do 8 (destruct n as [| n]; [cbn; lia |]).
  cbn [eighths]. specialize (IH n ltac:(lia)). lia.
Qed.

Lemma some_bytes n (bs : list bool) : length (to_bytes n bs) = n.
Proof. revert bs. induction n as [| n IH]; intros; cbn; [| rewrite IH]; reflexivity. Qed.

Lemma pieces_are_the_numbers w (xs : list N) more :
  chop (length xs) w (flat_map (bits w) xs ++ more) = map (fun x => of_bits (bits w x)) xs.
Proof.
  induction xs as [| x xs IH]; [reflexivity |]. cbn [length chop flat_map map].
  rewrite <- app_assoc, firstn_app, skipn_app, some_bits, Nat.sub_diag.
  rewrite firstn_all2, skipn_all2 by (rewrite some_bits; lia). cbn [firstn skipn app].
  now rewrite app_nil_r, IH.
Qed.

Lemma all_bits w (xs : list N) : length (flat_map (bits w) xs) = (length xs * w)%nat.
Proof. induction xs as [| x xs IH]; cbn; [| rewrite app_length, some_bits, IH]; reflexivity. Qed.

(** ** Blocks *)

Lemma nothing_is_added_before w place p xs :
  p < place -> added p (highs w place xs) = 0.
Proof.
  revert place. induction xs as [| x xs IH]; intros place before; cbn [highs]; [reflexivity |].
  destruct (high w x =? 0); cbn [added]; [apply IH; lia |].
  destruct (N.eqb_spec place p); [lia |]. apply IH. lia.
Qed.

Lemma what_was_before_adds_nothing minimum w p h hs place ls :
  p < place ->
  raise minimum w ((p, h) :: hs) place ls = raise minimum w hs place ls.
Proof.
  revert place. induction ls as [| l ls IH]; intros place before; cbn [raise]; [reflexivity |].
  rewrite IH by lia. cbn [added]. destruct (N.eqb_spec p place); [lia | reflexivity].
Qed.

Lemma raising_gives_the_numbers minimum w place xs :
  Forall (fun x => minimum + x < no_number) xs ->
  raise minimum w (highs w place xs) place (map (fun x => of_bits (bits w x)) xs)
  = map (fun x => minimum + x) xs.
Proof.
  revert place. induction xs as [| x xs IH]; intros place fit; [reflexivity |].
  inversion fit as [| x' xs' this others]; subst. cbn [highs map].
  pose proof (a_number_is_its_low_and_its_high_part w x) as parts.
  destruct (N.eqb_spec (high w x) 0) as [none | some]; cbn [raise].
  - rewrite nothing_is_added_before by lia. rewrite IH by exact others. f_equal.
    rewrite N.mod_small; rewrite none in parts; lia.
  - rewrite what_was_before_adds_nothing by lia. rewrite IH by exact others. f_equal.
    cbn [added]. rewrite N.eqb_refl, nothing_is_added_before by lia.
    rewrite N.mod_small; rewrite N.add_0_r; lia.
Qed.

Lemma places_are_in_the_block w place xs :
  Forall (fun h => fst h < place + N.of_nat (length xs)) (highs w place xs).
Proof.
  revert place. induction xs as [| x xs IH]; intros place; [constructor |]. cbn [highs length].
  assert (Forall (fun h => fst h < place + N.of_nat (S (length xs))) (highs w (place + 1) xs)) as later.
  { refine (Forall_impl _ _ (IH (place + 1))). intros. lia. }
  destruct (high w x =? 0); [exact later |]. constructor; [cbn; lia | exact later].
Qed.

Lemma few_numbers_are_high w place xs : (length (highs w place xs) <= length xs)%nat.
Proof.
  revert place. induction xs as [| x xs IH]; intros place; [reflexivity |]. cbn [highs length].
  specialize (IH (place + 1)). destruct (high w x =? 0); cbn [length]; lia.
Qed.

Lemma high_parts_are_no_greater w n : high w n <= n.
Proof.
  pose proof (a_number_is_its_low_and_its_high_part w n). assert (1 <= power w); [| nia].
  rewrite power_of_two. assert (2 ^ N.of_nat w <> 0) by (apply N.pow_nonzero; lia). lia.
Qed.

Lemma high_parts_are_numbers w place xs :
  Forall (fun x => x < no_number) xs ->
  Forall (fun h => h < no_number) (map snd (highs w place xs)).
Proof.
  revert place. induction xs as [| x xs IH]; intros place fit; [constructor |].
  inversion fit; subst. cbn [highs]. destruct (high w x =? 0); [now apply IH |].
  constructor; [| now apply IH]. change (high w x < no_number). pose proof (high_parts_are_no_greater w x). lia.
Qed.

Lemma combined_again {A B : Type} (l : list (A * B)) : combine (map fst l) (map snd l) = l.
Proof. induction l as [| [a b] l IH]; cbn; [| rewrite IH]; reflexivity. Qed.

Lemma some_highs_are_written hs :
  hs <> [] ->
  write_highs hs = N.of_nat (length hs) :: map fst hs ++ flat_map write_number (map snd hs).
Proof.
  intros some.
  assert (flat_map (fun h => write_number (snd h)) hs = flat_map write_number (map snd hs)) as same.
  { clear some. induction hs as [| h hs IH]; [reflexivity |]. cbn [flat_map map]. now rewrite IH. }
  destruct hs as [| h hs]; [easy |]. unfold write_highs. now rewrite same.
Qed.

Lemma highs_are_read w xs rest :
  Forall (fun x => x < no_number) xs ->
  highs w 0 xs <> [] ->
  read_highs (length xs) (write_highs (highs w 0 xs) ++ rest) = Some (highs w 0 xs, rest).
Proof.
  intros fit some. rewrite some_highs_are_written by exact some.
  remember (highs w 0 xs) as hs eqn:are.
  cbn [app read_highs]. rewrite Nat2N.id, <- app_assoc, the_first_are_taken by apply map_length.
  replace (length hs) with (length (map snd hs)) by apply map_length.
  rewrite numbers_are_read by (subst; now apply high_parts_are_numbers).
  rewrite combined_again.
  assert (forallb (fun place => place <? N.of_nat (length xs)) (map fst hs) = true) as ->; [| reflexivity].
  apply forallb_forall. intros p (h & <- & there)%in_map_iff. apply N.ltb_lt. subst hs.
  pose proof (places_are_in_the_block w 0 xs) as inside. rewrite Forall_forall in inside.
  now apply inside in there.
Qed.

Section Columns.
Context (choose : list N -> N * nat) (sound : sound_choice choose).

Lemma a_block_is_read ns rest :
  ns <> [] ->
  (length ns <= block)%nat ->
  Forall (fun n => n < no_number) ns ->
  read_block (length ns) (write_block choose ns ++ rest) = Some (ns, rest).
Proof using sound.
  intros some short fit. unfold write_block. destruct (sound ns some fit) as [above widths].
  destruct (choose ns) as [minimum w]. cbn [fst snd] in *.
  set (xs := map (fun n => n - minimum) ns).
  assert (length xs = length ns) as as_many by apply map_length.
  assert (map (fun x => minimum + x) xs = ns) as back.
  { unfold xs. rewrite map_map. transitivity (map (fun n => n) ns); [| apply map_id].
    apply map_ext_in. intros n there.
    rewrite Forall_forall in above. specialize (above n there). lia. }
  assert (Forall (fun x => minimum + x < no_number) xs) as fit_xs.
  { apply Forall_forall. intros x there. rewrite Forall_forall in fit. apply fit. rewrite <- back.
    now apply (in_map (fun x => minimum + x)). }
  assert (minimum < no_number) as fits.
  { destruct ns as [| n ns]; [easy |]. inversion above; inversion fit; subst. lia. }
  assert (Forall (fun x => x < no_number) xs) as fit_alone
    by (refine (Forall_impl _ _ fit_xs); intros; lia).
  set (code := if Nat.eqb w whole then 63 else N.of_nat w).
  assert (code <= 63) as few_codes by (unfold code; destruct (Nat.eqb_spec w whole); lia).
  assert ((if code =? 63 then whole else N.to_nat code) = w) as same_width.
  { unfold code. destruct (Nat.eqb_spec w whole) as [-> |]; [reflexivity |].
    destruct (N.eqb_spec (N.of_nat w) 63); [lia | apply Nat2N.id]. }
  cbn [app]. rewrite <- !app_assoc. unfold read_block.
  set (has_minimum := if minimum =? 0 then 0 else 64).
  set (has_high := match highs w 0 xs with [] => 0 | _ => 128 end).
  assert (has_minimum = 0 \/ has_minimum = 64) as two_minima
    by (unfold has_minimum; destruct (minimum =? 0); auto).
  assert ((128 <=? code + has_minimum + has_high)
    = match highs w 0 xs with [] => false | _ => true end) as ->.
  { unfold has_high. destruct (highs w 0 xs).
    - apply N.leb_gt. lia.
    - apply N.leb_le. lia. }
  assert ((if match highs w 0 xs with [] => false | _ => true end
    then code + has_minimum + has_high - 128 else code + has_minimum + has_high)
    = code + has_minimum) as ->.
  { unfold has_high. destruct (highs w 0 xs); lia. }
  cbv zeta.
  assert ((64 <=? code + has_minimum) = negb (minimum =? 0)) as ->.
  { unfold has_minimum. destruct (minimum =? 0); [apply N.leb_gt | apply N.leb_le]; lia. }
  assert ((if negb (minimum =? 0) then code + has_minimum - 64 else code + has_minimum) = code) as ->.
  { unfold has_minimum. destruct (minimum =? 0); cbn [negb]; lia. }
  rewrite same_width.
  assert (forall more, (if negb (minimum =? 0)
    then read_number ((if minimum =? 0 then [] else write_number minimum) ++ more)
    else Some (0, (if minimum =? 0 then [] else write_number minimum) ++ more)) = Some (minimum, more)) as ->.
  { intros more. destruct (N.eqb_spec minimum 0) as [-> |]; [reflexivity |].
    cbn [negb]. now apply a_number_is_read. }
  rewrite the_first_are_taken by apply some_bytes.
  destruct (bytes_have_the_bits (eighths (length ns * w)) (flat_map (bits w) xs)) as (more & ->).
  { rewrite all_bits, as_many. apply enough_bytes. }
  rewrite <- as_many, pieces_are_the_numbers.
  destruct (highs w 0 xs) as [| h hs] eqn:are.
  - cbn [write_highs app]. rewrite <- are, raising_gives_the_numbers, back by exact fit_xs. reflexivity.
  - destruct (Nat.eqb_spec w whole) as [all_bits_there | _].
    + exfalso. assert (highs w 0 xs = []) as none; [| congruence]. clear - fit_alone all_bits_there.
      generalize 0 as place. induction fit_alone as [| x xs this _ IH]; intros place; [reflexivity |].
      cbn [highs]. rewrite few_bits_have_no_high_part; [apply IH |].
      rewrite all_bits_there. exact this.
    + rewrite <- are, highs_are_read, raising_gives_the_numbers, back; auto. rewrite are. easy.
Qed.

Lemma a_column_is_read ns rest :
  Forall (fun n => n < no_number) ns ->
  read_column (length ns) (write_column choose ns ++ rest) = Some (ns, rest).
Proof using sound.
  unfold read_column, write_column.
  enough (forall most ns, (length ns <= most)%nat -> Forall (fun n => n < no_number) ns ->
    read_blocks most (length ns) (write_blocks choose most ns ++ rest) = Some (ns, rest)) as all
    by (intros; now apply all).
  clear ns. induction most as [| most IH]; intros [| n ns] enough fit; try (cbn in *; (reflexivity || lia)).
  cbn [write_blocks]. rewrite <- app_assoc. cbn [length read_blocks].
  change (S (length ns)) with (length (n :: ns)). rewrite <- firstn_length.
  rewrite a_block_is_read.
  - replace (length (n :: ns) - block)%nat with (length (skipn block (n :: ns))) by apply skipn_length.
    rewrite IH.
    + now rewrite firstn_skipn.
    + rewrite skipn_length. cbn [length] in *. unfold block. lia.
    + rewrite <- (firstn_skipn block (n :: ns)) in fit. now apply Forall_app in fit as [].
  - easy.
  - rewrite firstn_length. lia.
  - rewrite <- (firstn_skipn block (n :: ns)) in fit. now apply Forall_app in fit as [].
Qed.
End Columns.

(** ** What Rejoin's sender chooses *)

Lemma the_least_is_no_greater ns : Forall (fun n => least ns <= n) ns.
Proof.
  destruct ns as [| n ns]; [constructor |]. unfold least.
  assert (fold_right N.min n ns <= n /\ Forall (fun x => fold_right N.min n ns <= x) ns) as [this all].
  { induction ns as [| x ns [this all]]; cbn [fold_right]; [split; [lia | constructor] |].
    split; [lia |]. constructor; [lia |]. refine (Forall_impl _ _ all). intros. lia. }
  now constructor.
Qed.

Theorem the_short_choice_is_sound : sound_choice choose_short.
Proof.
  intros ns _ _. unfold choose_short. cbn [fst snd]. split; [apply the_least_is_no_greater |].
  generalize (if N.size (greatest ns - least ns) =? 0 then 0
    else best_width (map (fun n => N.size (n - least ns)) ns) (N.size (greatest ns - least ns))).
  intros w. destruct (N.leb_spec 63 w); [now right | left; lia].
Qed.

(** ** Names *)

Lemma more_is_read n rest :
  n < no_number ->
  read_more (half n) (write_more n ++ rest) = Some (n, rest).
Proof.
  intros fits. unfold half, write_more, read_more.
  destruct (N.ltb_spec n 15) as [few | many].
  - rewrite N.min_l by lia. destruct (N.eqb_spec n 15); [lia | reflexivity].
  - rewrite N.min_r by lia. cbn [N.eqb Pos.eqb]. rewrite a_number_is_read by lia.
    do 2 f_equal. lia.
Qed.

Lemma what_is_common_is_the_same (a b : bytes) s :
  N.of_nat s <= common a b ->
  firstn s a = firstn s b /\ (s <= length a)%nat /\ (s <= length b)%nat.
Proof.
  revert b s. induction a as [| x a IH]; intros [| y b] [| s] few; cbn [common firstn length] in *;
    try (split; [reflexivity | lia]); try lia.
  destruct (N.eqb_spec x y) as [-> |]; [| lia].
  destruct (IH b s) as (same & in_a & in_b); [lia |]. split; [now rewrite same | lia].
Qed.

Lemma what_is_shared before name s :
  shared before name = s ->
  firstn (N.to_nat s) before = firstn (N.to_nat s) name
  /\ s <= N.of_nat (length before)
  /\ s <= N.of_nat (length name)
  /\ ((N.of_nat (length name) - s =? 0) && (s =? N.of_nat (length before))
      || (s <=? 8 * (N.of_nat (length name) - s))) = true.
Proof.
  unfold shared. destruct (equal_is_equality state_hash.compare_bytes before name) as [-> | _].
  - intros <-. split; [reflexivity |]. split; [lia |]. split; [lia |].
    rewrite N.sub_diag, !N.eqb_refl. reflexivity.
  - set (ninth := (N.of_nat (length name) + 8) / 9). intros <-.
    assert (N.of_nat (length name) <= 9 * ninth) as enough.
    { pose proof (N.div_mod (N.of_nat (length name) + 8) 9 ltac:(lia)) as parts.
      pose proof (N.mod_upper_bound (N.of_nat (length name) + 8) 9 ltac:(lia)) as low.
      fold ninth in parts. revert parts low. generalize ((N.of_nat (length name) + 8) mod 9). lia. }
    destruct (what_is_common_is_the_same before name
      (N.to_nat (N.min (common before name) (N.of_nat (length name) - ninth)))) as (same & in_a & in_b);
      [lia |].
    split; [exact same |]. split; [lia |]. split; [lia |].
    apply orb_true_iff. right. apply N.leb_le. lia.
Qed.

Lemma a_name_is_read before name rest :
  (1 <= length name)%nat ->
  N.of_nat (length name) <= longest_name ->
  read_name before (write_name before name ++ rest) = Some (name, rest).
Proof.
  intros some short. unfold longest_name in *. unfold write_name.
  remember (shared before name) as s eqn:is_shared.
  destruct (what_is_shared before name s (eq_sym is_shared)) as (same & in_before & in_name & may).
  clear is_shared.
  set (own := N.of_nat (length name) - s) in *. cbn [app read_name].
  assert (half own < 16 /\ half s < 16) as [small _] by (unfold half; lia).
  assert ((16 * half s + half own) / 16 = half s) as ->.
  { symmetry. apply (N.div_unique _ _ _ (half own)); lia. }
  assert ((16 * half s + half own) mod 16 = half own) as ->.
  { symmetry. apply (N.mod_unique _ _ (half s)); lia. }
  assert (s < no_number /\ own < no_number) as [fits fits_own].
  { unfold own, no_number. lia. }
  rewrite <- !app_assoc, more_is_read, more_is_read by assumption.
  unfold longest_name.
  assert ((s <=? N.of_nat (length before)) = true) as -> by (apply N.leb_le; exact in_before).
  rewrite may.
  assert ((1 <=? s + own) = true) as -> by (apply N.leb_le; unfold own; lia).
  assert ((s + own <=? 1024) = true) as -> by (apply N.leb_le; unfold own; lia).
  cbn [andb]. rewrite the_first_are_taken.
  - now rewrite same, firstn_skipn.
  - rewrite skipn_length. unfold own. lia.
Qed.

Lemma names_are_read names before rest :
  Forall fits_name names ->
  read_names (length names) before (write_names before names ++ rest) = Some (names, rest).
Proof.
  revert before. induction names as [| name names IH]; intros before fit; [reflexivity |].
  inversion fit as [| name' names' [some short] others]; subst. cbn [length read_names write_names].
  rewrite <- app_assoc, a_name_is_read by assumption. now rewrite IH.
Qed.

(** ** Vectors *)

Section Vectors.
Context (choose : list N -> N * nat) (sound : sound_choice choose).

Lemma a_vector_in_a_message_is_read (v : vector) worth rest :
  version_vector.well_formed state_hash.compare_bytes v = true ->
  fits v ->
  (length v <= worth)%nat ->
  read_vector worth (write_vector choose v ++ rest) = Some (v, rest).
Proof using sound.
  intros good [few all] enough. unfold write_vector, read_vector.
  rewrite <- !app_assoc, a_number_is_read by exact few.
  replace (N.of_nat (length v) + 1 - 1) with (N.of_nat (length v)) by lia.
  destruct (N.eqb_spec (N.of_nat (length v) + 1) 0); [lia |].
  destruct (N.ltb_spec (N.of_nat worth) (N.of_nat (length v))); [lia |]. cbn [orb]. rewrite Nat2N.id.
  assert (forall {A : Type} (f : origin bytes * N -> A), length (map f v) = length v) as as_many
    by (intros; apply map_length).
  rewrite <- (as_many _ (fun entry => replica (fst entry))) at 1. rewrite names_are_read.
  2: { apply Forall_map. refine (Forall_impl _ _ all). now intros entry (? & _). }
  rewrite <- (as_many _ (fun entry => incarnation (fst entry))) at 1.
  rewrite a_column_is_read with (choose := choose); [| exact sound |].
  2: { apply Forall_map. refine (Forall_impl _ _ all). now intros entry (_ & ? & _). }
  rewrite <- (as_many _ snd) at 1. rewrite a_column_is_read with (choose := choose); [| exact sound |].
  2: { apply Forall_map. refine (Forall_impl _ _ all). now intros entry (_ & _ & ?). }
  assert (map (fun entry => entry_of (fst entry) (snd entry))
    (combine (map (fun entry : origin bytes * N => replica (fst entry)) v)
      (combine (map (fun entry => incarnation (fst entry)) v) (map snd v))) = v) as ->.
  { clear. induction v as [| [[name own] count] v IH]; [reflexivity |]. cbn. now rewrite IH. }
  now rewrite good.
Qed.

(** Whatever the sender chooses. *)
Theorem a_vector_is_read_as_it_was_written (v : vector) :
  version_vector.well_formed state_hash.compare_bytes v = true ->
  fits v ->
  decode (encode choose v) = Some v.
Proof using sound.
  intros good fit. unfold encode, decode. cbn [app].
  set (fields := 1 :: 1 :: write_vector choose v).
  assert (length (1 :: 1 :: write_vector choose v ++ padding (length v) fields)
    = (length fields + length (padding (length v) fields))%nat) as whole.
  { unfold fields. cbn [length]. now rewrite app_length. }
  rewrite a_vector_in_a_message_is_read; [| exact good | exact fit |].
  - rewrite whole, Nat.add_sub. unfold padding. now rewrite (equal_to_itself state_hash.compare_bytes).
  - rewrite whole. unfold padding. rewrite repeat_length. lia.
Qed.

Theorem canonical_bytes_are_written_again bs v :
  canonical choose bs ->
  decode bs = Some v ->
  encode choose v = bs.
Proof using sound.
  intros (v' & good & fit & ->). rewrite a_vector_is_read_as_it_was_written by assumption.
  now intros [= <-].
Qed.
End Vectors.

(** Whatever bytes there are. *)
Theorem what_is_read_is_well_formed bs v :
  decode bs = Some v ->
  version_vector.well_formed state_hash.compare_bytes v = true.
Proof.
  unfold decode. destruct bs as [| [| [| |]] [| [| [| |]] fields]]; try easy.
  destruct (read_vector _ fields) as [[v' rest] |] eqn:read; [| easy].
  destruct (equal _ _ _); [| easy]. intros [= <-]. revert read. unfold read_vector.
  destruct (read_number fields) as [[more bs] |]; [| easy]. destruct (_ || _); [easy |].
  destruct (read_names _ _ _) as [[names bs'] |]; [| easy].
  destruct (read_column _ bs') as [[incarnations bs''] |]; [| easy].
  destruct (read_column _ bs'') as [[counts bs'''] |]; [| easy].
  destruct (version_vector.well_formed _ _) eqn:good; [| easy]. now intros [= <- <-].
Qed.
