(** Laws of the binary format: a delta of a counter, of an integer or of a log is read as it was written.

    Sketch. As for vectors, each reader answers what its writer was given, and what stands after it
    untouched. What is new are differences: numbers modulo 2^64, of which a difference is added to what it
    was taken from. [seen] is put together of what the origins of the base count now and of further
    origins; both count as [seen] does, at disjoint origins, so that their join is [seen]. *)

From Coq Require Import List Bool NArith BinInt Arith Lia.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof.
From Rejoin Require version_vector version_vector_proof state_hash state_hash_codes_proof.
From Rejoin Require Import wire wire_proof wire_delta.
Import ListNotations.
Open Scope N_scope.

Local Notation bytes := state_hash.bytes.
Local Notation vector := (version_vector.state bytes).
Local Notation compare_bytes := state_hash.compare_bytes.
Local Notation well_formed_vector := (version_vector.well_formed compare_bytes).
Local Notation count_of := (version_vector.get compare_bytes).

(** ** Numbers near each other *)

Lemma twice_half_way : no_number = 2 * half_way.
Proof. reflexivity. Qed.

Lemma half_way_is_positive : 0 < half_way.
Proof. reflexivity. Qed.

Lemma zigzag_is_undone n : n < no_number -> unzigzag (zigzag n) = n.
Proof.
  pose proof twice_half_way as whole. pose proof half_way_is_positive. intros fits. unfold zigzag, unzigzag.
  destruct (N.ltb_spec n half_way) as [low | high].
  - rewrite N.even_mul. cbn [N.even orb]. rewrite N.mul_comm. now apply N.div_mul.
  - assert (2 * (no_number - n) - 1 = 2 * (no_number - n - 1) + 1) as -> by lia.
    rewrite N.even_add, N.even_mul. cbn [N.even orb Bool.eqb].
    assert ((2 * (no_number - n - 1) + 1 + 1) / 2 = no_number - n) as ->; [| lia].
    symmetry. apply (N.div_unique _ _ _ 0); lia.
Qed.

Lemma zigzag_is_a_number n : n < no_number -> zigzag n < no_number.
Proof.
  pose proof twice_half_way. intros fits. unfold zigzag. destruct (N.ltb_spec n half_way); lia.
Qed.

Lemma a_difference_is_a_number a b : minus a b < no_number.
Proof. apply N.mod_upper_bound. discriminate. Qed.

Lemma a_sum_either_way a b : plus a b = plus b a.
Proof. unfold plus. now rewrite N.add_comm. Qed.

Lemma a_difference_is_added_again a b : a < no_number -> b < no_number -> plus b (minus a b) = a.
Proof.
  intros fits fits_b. unfold plus, minus. rewrite N.add_mod_idemp_r by discriminate.
  replace (b + (a + no_number - b)) with (a + 1 * no_number) by lia.
  rewrite N.mod_add by discriminate. now apply N.mod_small.
Qed.

(** ** Whole messages *)

Lemma a_message_is_opened kind counted fields texts :
  open kind (message kind counted fields texts)
  = Some (fields ++ padding counted ((1 :: kind :: fields) ++ texts) ++ texts).
Proof. unfold open, message. cbn [app]. now rewrite !N.eqb_refl. Qed.

Lemma length_of_a_message kind counted fields texts :
  length (message kind counted fields texts)
  = (length (1 :: kind :: fields)%N + length texts
     + length (padding counted ((1 :: kind :: fields)%N ++ texts)))%nat.
Proof. unfold message. rewrite !app_length. lia. Qed.

Lemma counts_are_worth_a_message kind counted fields texts :
  (counted <= length (message kind counted fields texts))%nat.
Proof.
  rewrite length_of_a_message. unfold padding. rewrite repeat_length, app_length. lia.
Qed.

Lemma padding_ends_a_message kind counted fields texts :
  ends (length (message kind counted fields texts)) counted
    (padding counted ((1 :: kind :: fields) ++ texts)) = true.
Proof.
  unfold ends. rewrite length_of_a_message, Nat.add_sub, <- app_length.
  apply (equal_to_itself compare_bytes).
Qed.

Lemma a_count_is_read n worth rest :
  (n <= worth)%nat ->
  N.of_nat n < no_number ->
  read_count worth (write_number (N.of_nat n) ++ rest) = Some (n, rest).
Proof.
  intros enough fits. unfold read_count. rewrite a_number_is_read by exact fits.
  destruct (N.leb_spec (N.of_nat n) (N.of_nat worth)); [| lia]. now rewrite Nat2N.id.
Qed.

(** ** Groups *)

Section Groups.
Context {Row : Type}.

(** What is read of a group is what was written, where all rows fit. *)
Definition reads_back (fit : Row -> Prop) (write : list Row -> bytes)
    (read : nat -> bytes -> option (list Row * bytes)) : Prop :=
  forall rows rest, rows <> [] -> (length rows <= block)%nat -> Forall fit rows ->
    read (length rows) (write rows ++ rest) = Some (rows, rest).

Lemma a_table_is_read fit write read rows rest :
  reads_back fit write read ->
  Forall fit rows ->
  read_table read (length rows) (write_table write rows ++ rest) = Some (rows, rest).
Proof.
  intros back. unfold read_table, write_table.
  enough (forall most rows, (length rows <= most)%nat -> Forall fit rows ->
    read_groups read most (length rows) (write_groups write most rows ++ rest) = Some (rows, rest)) as all
    by (intros; now apply all).
  clear rows. induction most as [| most IH]; intros [| row rows] enough fits;
    try (cbn in *; (reflexivity || lia)).
  cbn [write_groups]. rewrite <- app_assoc. cbn [length read_groups].
  change (S (length rows)) with (length (row :: rows)). rewrite <- firstn_length.
  assert (Forall fit (firstn block (row :: rows)) /\ Forall fit (skipn block (row :: rows))) as [].
  { rewrite <- (firstn_skipn block (row :: rows)) in fits. now apply Forall_app in fits. }
  rewrite back by (try assumption; try easy; rewrite firstn_length; lia).
  replace (length (row :: rows) - block)%nat with (length (skipn block (row :: rows)))
    by apply skipn_length.
  rewrite IH; [now rewrite firstn_skipn | | assumption].
  rewrite skipn_length. cbn [length] in *. unfold block. lia.
Qed.
End Groups.

Lemma both_are_read {A B : Type} fit_left fit_right (left : list A -> bytes) (right : list B -> bytes)
    read_left read_right :
  reads_back fit_left left read_left ->
  reads_back fit_right right read_right ->
  reads_back (fun row => fit_left (fst row) /\ fit_right (snd row)) (write_both left right)
    (read_both read_left read_right).
Proof.
  intros back_left back_right rows rest some few fits. unfold write_both, read_both.
  rewrite <- app_assoc.
  rewrite <- (map_length fst) at 1. rewrite back_left.
  - rewrite <- (map_length snd). rewrite back_right; [now rewrite combined_again | | |].
    + now destruct rows.
    + now rewrite map_length.
    + apply Forall_map. refine (Forall_impl _ _ fits). now intros row [].
  - now destruct rows.
  - now rewrite map_length.
  - apply Forall_map. refine (Forall_impl _ _ fits). now intros row [].
Qed.

Lemma the_left_parts {A B : Type} (xs : list A) (ys : list B) :
  length xs = length ys -> map fst (combine xs ys) = xs.
Proof.
  revert ys. induction xs as [| x xs IH]; intros [| y ys] same; try easy.
  cbn. now rewrite IH by now injection same.
Qed.

Lemma the_right_parts {A B : Type} (xs : list A) (ys : list B) :
  length xs = length ys -> map snd (combine xs ys) = ys.
Proof.
  revert ys. induction xs as [| x xs IH]; intros [| y ys] same; try easy.
  cbn. now rewrite IH by now injection same.
Qed.

Lemma all_of_both {A B : Type} (P : A -> Prop) (Q : B -> Prop) xs ys :
  Forall P xs -> Forall Q ys -> Forall (fun both => P (fst both) /\ Q (snd both)) (combine xs ys).
Proof.
  intros all. revert ys. induction all as [| x xs this _ IH]; intros [| y ys] all_ys; try constructor.
  - inversion all_ys; auto.
  - apply IH. now inversion all_ys.
Qed.

(** ** Where a delta starts and ends *)

Lemma what_is_further o (since seen : vector) :
  well_formed_vector seen = true ->
  count_of o (further since seen) = if count_of o since =? 0 then count_of o seen else 0.
Proof.
  intros good. unfold version_vector.get at 1, further.
  rewrite (find_in_filter (compare_origin compare_bytes))
    by now apply version_vector_proof.well_formed_vectors_are_sorted.
  unfold version_vector.get at 3.
  destruct (find (compare_origin compare_bytes) o seen); cbn [fst]; destruct (_ =? 0); reflexivity.
Qed.

Lemma further_is_well_formed (since seen : vector) :
  well_formed_vector seen = true -> well_formed_vector (further since seen) = true.
Proof.
  unfold version_vector.well_formed, further. rewrite !andb_true_iff. intros [sorts all]. split.
  - now apply (filter_is_sorted (compare_origin compare_bytes)).
  - apply forallb_forall. intros entry [there _]%filter_In. rewrite forallb_forall in all. now apply all.
Qed.

(** What the origins of the base count now. *)
Definition kept (since seen : vector) : vector :=
  filter (fun entry => negb (snd entry =? 0))
    (map (fun entry => (fst entry, count_of (fst entry) seen)) since).

Lemma kept_is_well_formed (since seen : vector) :
  well_formed_vector since = true -> well_formed_vector (kept since seen) = true.
Proof.
  unfold version_vector.well_formed, kept. rewrite !andb_true_iff. intros [sorts _]. split.
  - apply (filter_is_sorted (compare_origin compare_bytes)).
    now rewrite (mapped_values_are_sorted (compare_origin compare_bytes)
      (fun entry => count_of (fst entry) seen)).
  - apply forallb_forall. intros entry [_ some]%filter_In.
    destruct (N.eqb_spec (snd entry) 0); [easy |]. apply N.leb_le. lia.
Qed.

Lemma what_is_kept o (since seen : vector) :
  well_formed_vector since = true ->
  count_of o (kept since seen) = if count_of o since =? 0 then 0 else count_of o seen.
Proof.
  intros good. unfold version_vector.get at 1, kept.
  assert (sorted (compare_origin compare_bytes) since = true) as sorts
    by now apply version_vector_proof.well_formed_vectors_are_sorted.
  rewrite (find_in_filter (compare_origin compare_bytes))
    by (rewrite (mapped_values_are_sorted (compare_origin compare_bytes)
          (fun entry => count_of (fst entry) seen)); exact sorts).
  rewrite (find_in_mapped_values (compare_origin compare_bytes) (fun entry => count_of (fst entry) seen)).
  unfold version_vector.get at 2.
  pose proof (fun n => version_vector_proof.well_formed_vectors_have_no_zero compare_bytes since o n good)
    as positive.
  destruct (find (compare_origin compare_bytes) o since) as [n |]; [| reflexivity].
  specialize (positive n eq_refl). destruct (N.eqb_spec n 0); [lia |]. cbn [fst snd].
  destruct (N.eqb_spec (count_of o seen) 0) as [-> |]; reflexivity.
Qed.

Lemma kept_and_further_are_all (since seen : vector) :
  well_formed_vector since = true ->
  well_formed_vector seen = true ->
  version_vector.join compare_bytes (kept since seen) (further since seen) = seen.
Proof.
  intros good good_seen.
  assert (well_formed_vector (kept since seen) = true) by now apply kept_is_well_formed.
  assert (well_formed_vector (further since seen) = true) by now apply further_is_well_formed.
  apply (version_vector_proof.equal_counts_make_equal_vectors compare_bytes).
  - now apply (version_vector_proof.version_vectors_are_a_lattice compare_bytes).
  - assumption.
  - intros o. rewrite version_vector_proof.get_of_join, what_is_kept, what_is_further by (assumption || typeclasses eauto).
    destruct (count_of o since =? 0); lia.
Qed.

Lemma nothing_further_is_kept (since seen : vector) :
  well_formed_vector since = true ->
  well_formed_vector seen = true ->
  further since seen = [] ->
  kept since seen = seen.
Proof.
  intros good good_seen none. apply (version_vector_proof.equal_counts_make_equal_vectors compare_bytes);
    [now apply kept_is_well_formed | assumption |].
  intros o. rewrite what_is_kept by assumption. pose proof (what_is_further o since seen good_seen) as all.
  rewrite none in all. destruct (count_of o since =? 0); [exact all | reflexivity].
Qed.

Lemma nothing_further_or_other_is_the_same (since seen : vector) :
  well_formed_vector since = true ->
  well_formed_vector seen = true ->
  further since seen = [] ->
  forallb (fun entry => count_of (fst entry) seen =? snd entry) since = true ->
  since = seen.
Proof.
  intros good good_seen none same. rewrite <- (nothing_further_is_kept since seen) by assumption.
  unfold kept. clear none. symmetry.
  unfold version_vector.well_formed in good. apply andb_true_iff in good as [_ positive].
  induction since as [| [o n] since IH]; [reflexivity |]. cbn [map forallb fst snd] in *.
  apply andb_true_iff in same as [->%N.eqb_eq same]. apply andb_true_iff in positive as [some positive].
  apply N.leb_le in some. cbn [filter snd]. destruct (N.eqb_spec n 0); [lia |]. cbn [negb].
  now rewrite IH.
Qed.

Lemma a_count_is_a_number o (v : vector) : fits v -> count_of o v < no_number.
Proof.
  intros [_ all]. unfold version_vector.get.
  destruct (find (compare_origin compare_bytes) o v) as [n |] eqn:found; [| reflexivity].
  enough (exists o', In (o', n) v) as (o' & there).
  { rewrite Forall_forall in all. now apply all in there as (_ & _ & ?). }
  clear all. induction v as [| [o' m] v IH]; [easy |]. cbn in found.
  destruct (compare_origin compare_bytes o o'); [| easy |].
  - injection found as ->. exists o'. now left.
  - destruct (IH found) as (o'' & there). exists o''. now right.
Qed.

Lemma filtering_makes_no_more {A : Type} (p : A -> bool) items :
  (length (filter p items) <= length items)%nat.
Proof. induction items as [| x items IH]; cbn; [lia |]. destruct (p x); cbn; lia. Qed.

Section Spans.
Context (choose : list N -> N * nat) (sound : sound_choice choose).
Context (knows : known) (worth : nat).

Lemma a_base_is_read chosen since rest :
  well_formed_vector since = true ->
  fits since ->
  is_known chosen knows since ->
  (snd (write_base choose chosen since) <= worth)%nat ->
  read_base knows worth (fst (fst (write_base choose chosen since)))
    (snd (fst (write_base choose chosen since)) ++ rest)
  = Some (since, snd (write_base choose chosen since), rest)
  /\ fst (fst (write_base choose chosen since)) < 4.
Proof using sound.
  intros good fit is_there. unfold write_base. destruct since as [| entry since]; [easy |].
  remember (entry :: since) as v eqn:is_v. clear is_v entry since.
  assert (forall rest', (length v <= worth)%nat ->
    read_base knows worth 1 (write_vector choose v ++ rest') = Some (v, length v, rest')) as inline.
  { intros rest' enough. unfold read_base. cbn [N.eqb Pos.eqb].
    now rewrite a_vector_in_a_message_is_read by assumption. }
  destruct chosen as [| fingerprint |]; cbn [is_known] in *.
  - cbn [fst snd]. intros enough. split; [now apply inline | reflexivity].
  - destruct is_there as [long there]. destruct (Nat.leb _ _); cbn [fst snd].
    { intros enough. split; [now apply inline | reflexivity]. }
    intros _. split; [| reflexivity]. unfold read_base. cbn [N.eqb Pos.eqb].
    now rewrite the_first_are_taken, there by exact long.
  - cbn [fst snd]. intros _. split; [| reflexivity]. unfold read_base. cbn [N.eqb Pos.eqb].
    rewrite the_first_are_taken by reflexivity. rewrite is_there.
    now rewrite (equal_to_itself compare_bytes).
Qed.

Lemma differences_are_read since seen rest :
  fits since ->
  fits seen ->
  read_differences since (write_differences choose since seen ++ rest) = Some (kept since seen, rest).
Proof using sound.
  intros fit fit_seen. unfold read_differences, write_differences.
  rewrite <- (map_length (fun entry => zigzag (minus (count_of (fst entry) seen) (snd entry))) since) at 1.
  rewrite a_column_is_read by (try assumption;
    apply Forall_map, Forall_forall; intros; apply zigzag_is_a_number, a_difference_is_a_number).
  do 3 f_equal. unfold kept. f_equal. destruct fit as [_ all].
  induction all as [| [o n] since (_ & _ & fits) _ IH]; [reflexivity |]. cbn [map combine fst snd] in *.
  rewrite zigzag_is_undone by apply a_difference_is_a_number.
  rewrite a_difference_is_added_again; [now rewrite IH | now apply a_count_is_a_number | exact fits].
Qed.

Lemma origins_are_read (os : list (origin bytes)) rest :
  Forall (fun o => fits_name (replica o) /\ incarnation o < no_number) os ->
  read_origins (length os) (write_origins choose os ++ rest) = Some (os, rest).
Proof using sound.
  intros fit. unfold read_origins, write_origins. rewrite <- app_assoc.
  rewrite <- (map_length (@replica bytes) os) at 1. rewrite names_are_read.
  2: { apply Forall_map. refine (Forall_impl _ _ fit). now intros o []. }
  rewrite <- (map_length (@incarnation bytes) os) at 1. rewrite a_column_is_read with (choose := choose); [| exact sound |].
  2: { apply Forall_map. refine (Forall_impl _ _ fit). now intros o []. }
  do 2 f_equal. clear. induction os as [| [name own] os IH]; [reflexivity |]. cbn. now rewrite IH.
Qed.

Lemma what_is_seen_is_read since seen rest :
  well_formed_vector since = true ->
  well_formed_vector seen = true ->
  fits since ->
  fits seen ->
  (length (further since seen) <= worth)%nat ->
  read_seen worth (fst (write_seen choose since seen)) since
    (snd (write_seen choose since seen) ++ rest) = Some (seen, length (further since seen), rest).
Proof using sound.
  intros good good_seen fit fit_seen enough. unfold write_seen.
  pose proof (nothing_further_is_kept since seen good good_seen) as all_kept.
  pose proof (nothing_further_or_other_is_the_same since seen good good_seen) as same.
  pose proof (further_is_well_formed since seen good_seen) as good_further.
  pose proof (kept_and_further_are_all since seen good good_seen) as whole.
  assert (forallb (fun entry => count_of (fst entry) since =? 0) (further since seen) = true) as apart.
  { apply forallb_forall. now intros entry [_ ?]%filter_In. }
  assert (Forall (fun entry => (fits_name (replica (fst entry)) /\ incarnation (fst entry) < no_number)
    /\ snd entry < no_number) (further since seen)) as fit_further.
  { apply Forall_forall. intros entry [there _]%filter_In. destruct fit_seen as [_ all].
    rewrite Forall_forall in all. apply all in there as (? & ? & ?). auto. }
  assert (N.of_nat (length (further since seen)) < no_number) as few.
  { destruct fit_seen as [few _]. assert (length (further since seen) <= length seen)%nat; [| lia].
    apply filtering_makes_no_more. }
  destruct (further since seen) as [| entry new].
  - destruct (forallb _ since); cbn [fst snd]; unfold read_seen; cbn [N.eqb Pos.eqb].
    + now rewrite same.
    + rewrite differences_are_read by assumption. now rewrite all_kept by reflexivity.
  - remember (entry :: new) as new' eqn:is_new. clear is_new entry new. rename new' into new.
    cbn [fst snd]. unfold read_seen. cbn [N.eqb Pos.eqb]. rewrite <- !app_assoc.
    rewrite differences_are_read by assumption. rewrite a_count_is_read by assumption.
    rewrite <- (map_length fst new) at 1. rewrite origins_are_read.
    2: { apply Forall_map. refine (Forall_impl _ _ fit_further). now intros x []. }
    rewrite <- (map_length snd new) at 1.
    rewrite a_column_is_read with (choose := choose); [| exact sound |].
    2: { apply Forall_map. refine (Forall_impl _ _ fit_further). now intros x []. }
    rewrite combined_again, good_further, apart. cbn [andb]. now rewrite whole.
Qed.

Lemma a_span_is_read chosen since seen rest :
  well_formed_vector since = true ->
  well_formed_vector seen = true ->
  fits since ->
  fits seen ->
  is_known chosen knows since ->
  (span_counted choose chosen since seen <= worth)%nat ->
  read_span knows worth (write_span choose chosen since seen ++ rest)
  = Some (since, seen, span_counted choose chosen since seen, rest).
Proof using sound.
  intros good good_seen fit fit_seen is_there enough. unfold span_counted in *.
  pose proof (fun rest => a_base_is_read chosen since rest good fit is_there ltac:(lia)) as read.
  pose proof (what_is_seen_is_read since seen rest good good_seen fit fit_seen ltac:(lia)) as read_all.
  unfold write_span. destruct (write_base choose chosen since) as [[lower of_base] counted].
  destruct (write_seen choose since seen) as [upper of_seen]. cbn [fst snd] in *. cbn [app read_span].
  rewrite <- app_assoc. destruct (read (of_seen ++ rest)) as [read_base low].
  assert ((4 * upper + lower) mod 4 = lower) as ->.
  { symmetry. apply (N.mod_unique _ _ upper); lia. }
  assert ((4 * upper + lower) / 4 = upper) as ->.
  { symmetry. apply (N.div_unique _ _ _ lower); lia. }
  rewrite read_base. cbn [fst snd]. now rewrite read_all.
Qed.
End Spans.

(** ** Deltas of counters *)

Lemma shares_are_read choose shares rest :
  sound_choice choose ->
  Forall (fun share => share <= greatest_share) shares ->
  read_shares (length shares) (write_shares choose shares ++ rest) = Some (shares, rest).
Proof.
  intros sound fit. unfold read_shares, write_shares. rewrite <- app_assoc.
  rewrite <- (map_length (fun share => share mod no_number) shares) at 1.
  rewrite a_column_is_read with (choose := choose); [| exact sound |].
  2: { apply Forall_map, Forall_forall. intros. now apply N.mod_upper_bound. }
  rewrite <- (map_length (fun share => share / no_number) shares) at 1.
  rewrite a_column_is_read with (choose := choose); [| exact sound |].
  2: { apply Forall_map. refine (Forall_impl _ _ fit). intros share fits.
       apply N.div_lt_upper_bound; [discriminate |]. unfold greatest_share in fits.
       pose proof half_way_is_positive. pose proof twice_half_way. revert fits.
       generalize dependent no_number. intros. nia. }
  do 2 f_equal. clear. induction shares as [| share shares IH]; [reflexivity |]. cbn [map combine fst snd].
  rewrite IH. f_equal. rewrite N.add_comm. symmetry. now apply N.div_mod.
Qed.

(** A share is what is told, added to what was taken from it. *)
Lemma shares_are_told_again (least shares : list N) :
  Forall2 N.le least shares ->
  map (fun of => fst of + snd of)
    (combine least (map (fun of => snd of - fst of) (combine least shares))) = shares.
Proof.
  induction 1 as [| l share ls shares enough _ IH]; [reflexivity |]. cbn. rewrite IH. f_equal. lia.
Qed.

Lemma what_is_told_fits (least shares : list N) :
  Forall2 N.le least shares ->
  Forall (fun share => share <= greatest_share) shares ->
  forallb (fun of => snd of <=? greatest_share - fst of)
    (combine least (map (fun of => snd of - fst of) (combine least shares))) = true.
Proof.
  induction 1 as [| l share ls shares enough _ IH]; intros fit; [reflexivity |].
  inversion fit; subst. cbn [combine map forallb fst snd]. apply andb_true_iff. split; [| now apply IH].
  apply N.leb_le. lia.
Qed.

Lemma what_is_told_is_no_share_more (least shares : list N) :
  Forall (fun share => share <= greatest_share) shares ->
  Forall (fun share => share <= greatest_share)
    (map (fun of => snd of - fst of) (combine least shares)).
Proof.
  revert shares. induction least as [| l least IH]; intros [| share shares] fit; try constructor.
  - inversion fit; subst. cbn [fst snd]. generalize dependent greatest_share. intros. lia.
  - apply IH. now inversion fit.
Qed.

Lemma increments_are_at_least_the_count (counts shares : list N) :
  length shares = length counts ->
  forallb (fun of => fst (fst of) - snd (fst of) <=? snd of)
    (combine (combine counts shares) (repeat 0 (length counts))) = true ->
  Forall2 N.le counts shares.
Proof.
  revert shares. induction counts as [| n counts IH]; intros [| share shares] as_many all; try easy.
  cbn [combine repeat length forallb fst snd] in all. apply andb_true_iff in all as [this%N.leb_le others].
  constructor; [lia |]. apply IH; [now injection as_many | exact others].
Qed.

Theorem a_counter_is_read_as_it_was_written choose is_pn chosen knows d :
  sound_choice choose ->
  well_formed_counter is_pn d = true ->
  fits_span (counter_since d) (counter_seen d) ->
  is_known chosen knows (counter_since d) ->
  decode_counter is_pn knows (encode_counter choose is_pn chosen d) = Some d.
Proof.
  intros sound good [fit fit_seen] is_there. destruct d as [since seen up down].
  pose proof good as all. unfold well_formed_counter in all. cbn [counter_since counter_seen increments decrements] in *.
  rewrite !andb_true_iff in all.
  destruct all as ((((((good_since & good_seen) & many%Nat.eqb_eq) & many_down%Nat.eqb_eq) & fit_up) & fit_down) & enough).
  rewrite map_length in many, many_down.
  assert (Forall (fun share => share <= greatest_share) up) as up_fits.
  { apply Forall_forall. intros x there. rewrite forallb_forall in fit_up. now apply N.leb_le, fit_up. }
  assert (Forall (fun share => share <= greatest_share) down) as down_fits.
  { apply Forall_forall. intros x there. rewrite forallb_forall in fit_down. now apply N.leb_le, fit_down. }
  assert (Forall2 N.le (least_shares is_pn since seen) up) as above.
  { unfold least_shares. destruct is_pn.
    - clear - many. revert up many. induction (beyond since seen) as [| c cs IH]; intros [| x up] many; try easy;
        [constructor |]. cbn [map]. constructor; [lia |]. apply IH. now injection many.
    - apply increments_are_at_least_the_count; [now rewrite map_length | exact enough]. }
  unfold decode_counter, encode_counter. cbn [counter_since counter_seen increments decrements].
  set (fields := write_span _ _ _ _ ++ _). set (kind := kind_of_counter is_pn).
  set (counted := span_counted choose chosen since seen).
  rewrite a_message_is_opened, app_nil_r. unfold fields at 2. rewrite <- !app_assoc.
  rewrite a_span_is_read by (try assumption; apply counts_are_worth_a_message).
  set (excess := map _ (combine _ up)).
  assert (length excess = length (beyond since seen)) as as_many.
  { unfold excess, least_shares. rewrite map_length, combine_length, map_length. lia. }
  rewrite <- as_many, shares_are_read by (try assumption; now apply what_is_told_is_no_share_more).
  assert (forall more, (if is_pn then read_shares (length excess)
      ((if is_pn then write_shares choose down else []) ++ more)
    else Some ([], (if is_pn then write_shares choose down else []) ++ more)) = Some (down, more)) as ->.
  { intros more. destruct is_pn; [| now destruct down].
    rewrite as_many, <- many_down. now apply shares_are_read. }
  rewrite padding_ends_a_message. unfold excess. rewrite what_is_told_fits by assumption. cbn [andb].
  rewrite shares_are_told_again by assumption. now rewrite good.
Qed.

(** ** Deltas of max- and min-registers *)

Lemma an_integer_above_0_is_read p bs rest :
  read_number bs = Some (N.pos p, rest) -> read_integer (2 :: bs) = Some (Some (Zpos p), rest).
Proof. intros read. unfold read_integer. cbn [N.eqb Pos.eqb]. now rewrite read. Qed.

Lemma an_integer_below_0_is_read p bs rest :
  read_number bs = Some (N.pos p, rest) -> read_integer (3 :: bs) = Some (Some (Zneg p), rest).
Proof. intros read. unfold read_integer. cbn [N.eqb Pos.eqb]. now rewrite read. Qed.

Lemma an_integer_above_0_fits p : is_integer (Zpos p) = true -> N.pos p < no_number.
Proof.
  unfold is_integer. destruct (N.ltb_spec (N.pos p) no_number) as [less |]; [| discriminate].
  intros _. exact less.
Qed.

Lemma an_integer_below_0_fits p : is_integer (Zneg p) = true -> N.pos p < no_number.
Proof.
  unfold is_integer. destruct (N.leb_spec (N.pos p) half_way) as [few |]; [| discriminate].
  intros _. rewrite twice_half_way. pose proof half_way_is_positive. revert few. generalize (N.pos p). lia.
Qed.

Lemma an_integer_is_read z rest :
  match z with None => True | Some z => is_integer z = true end ->
  read_integer (write_integer z ++ rest) = Some (z, rest).
Proof.
  destruct z as [[| p | p] |]; intros fits; [reflexivity | | | reflexivity].
  - change (write_integer (Some (Zpos p)) ++ rest) with (2 :: write_number (N.pos p) ++ rest).
    apply an_integer_above_0_is_read, a_number_is_read, an_integer_above_0_fits, fits.
  - change (write_integer (Some (Zneg p)) ++ rest) with (3 :: write_number (N.pos p) ++ rest).
    apply an_integer_below_0_is_read, a_number_is_read, an_integer_below_0_fits, fits.
Qed.

Theorem an_integer_is_read_as_it_was_written choose chosen knows d :
  sound_choice choose ->
  well_formed_integer d = true ->
  fits_span (integer_since d) (integer_seen d) ->
  is_known chosen knows (integer_since d) ->
  decode_integer knows (encode_integer choose chosen d) = Some d.
Proof.
  intros sound good [fit fit_seen] is_there. destruct d as [since seen z].
  pose proof good as all. unfold well_formed_integer in all. cbn [integer_since integer_seen the_integer] in *.
  rewrite !andb_true_iff in all. destruct all as ((good_since & good_seen) & fits_z).
  unfold decode_integer, encode_integer. cbn [integer_since integer_seen the_integer].
  set (fields := write_span _ _ _ _ ++ _).
  rewrite a_message_is_opened, app_nil_r. unfold fields at 2. rewrite <- !app_assoc.
  rewrite a_span_is_read by (try assumption; apply counts_are_worth_a_message).
  rewrite an_integer_is_read.
  - now rewrite padding_ends_a_message, good.
  - destruct z; [| exact I]. now apply andb_true_iff in fits_z.
Qed.

(** ** Deltas of logs *)

Lemma as_many_steps last times : length (steps last times) = length times.
Proof. revert last. induction times as [| [c t] times IH]; intros; cbn; [| rewrite IH]; reflexivity. Qed.

Lemma steps_are_numbers last times : Forall (fun n => n < no_number) (steps last times).
Proof.
  revert last. induction times as [| [c t] times IH]; intros; constructor; [| apply IH].
  apply zigzag_is_a_number, a_difference_is_a_number.
Qed.

Lemma steps_are_undone last (counters times : list N) :
  length counters = length times ->
  last < no_number ->
  Forall (fun n => n < no_number) counters ->
  Forall (fun n => n < no_number) times ->
  unstep last (combine counters (steps last (combine counters times))) = times.
Proof.
  revert last times. induction counters as [| c counters IH]; intros last [| t times] as_many low all_c all_t;
    try easy.
  inversion all_c; inversion all_t; subst. cbn [combine steps unstep].
  pose proof (a_difference_is_a_number t c).
  rewrite zigzag_is_undone, a_difference_is_added_again by (assumption || apply a_difference_is_a_number).
  rewrite a_sum_either_way, a_difference_is_added_again by assumption.
  rewrite IH by (auto; now injection as_many). reflexivity.
Qed.

Lemma texts_are_cut (texts : list bytes) :
  cut (map (fun text => N.of_nat (length text)) texts) (concat texts) = Some texts.
Proof.
  induction texts as [| text texts IH]; [reflexivity |]. cbn [map concat cut].
  rewrite app_length. destruct (N.leb_spec (N.of_nat (length text)) (N.of_nat (length text + length (concat texts)))); [| lia].
  rewrite Nat2N.id, skipn_app, skipn_all, Nat.sub_diag, firstn_app, firstn_all, Nat.sub_diag.
  cbn [firstn skipn app]. now rewrite app_nil_r, IH.
Qed.

Lemma texts_are_read fields texts :
  N.of_nat (length texts) < no_number ->
  read_texts (write_number (N.of_nat (length texts)) ++ fields ++ texts) = Some (texts, fields).
Proof.
  intros fits. unfold read_texts. rewrite a_number_is_read by exact fits. rewrite Nat2N.id, app_length.
  destruct (N.leb_spec (N.of_nat (length texts)) (N.of_nat (length fields + length texts))); [| lia].
  rewrite Nat.add_sub, skipn_app, skipn_all, Nat.sub_diag, firstn_app, firstn_all, Nat.sub_diag.
  cbn [firstn skipn app]. now rewrite app_nil_r.
Qed.

Lemma as_many_counters (since seen : vector) :
  N.of_nat (length (counters since seen)) = lacking since seen.
Proof.
  unfold counters, lacking, sum. induction (beyond since seen) as [| c cs IH]; [reflexivity |].
  cbn [flat_map map fold_right]. rewrite app_length, map_length, seq_length. lia.
Qed.

Lemma counters_are_numbers (since seen : vector) :
  fits seen -> Forall (fun n => n < no_number) (counters since seen).
Proof.
  intros [_ all]. apply Forall_forall. intros n (c & there & inside)%in_flat_map.
  apply filter_In in there as [there _]. apply in_map_iff in there as (entry & <- & there).
  rewrite Forall_forall in all. apply all in there as (_ & _ & fits). cbn [fst snd] in *.
  apply in_map_iff in inside as (i & <- & below%in_seq). lia.
Qed.

(** Sketch. There are as many entries as counters between the two vectors, so that the reader knows how many
    rows there are. A row is a step of the seqs, a step of the timestamps and a length; each column of the rows is
    what was put into it. The steps are undone with the same counters, the lengths cut the texts where the
    entries end, and what is put together again is each entry. The padding ends the message. *)
Theorem a_log_is_read_as_it_was_written choose chosen knows d :
  sound_choice choose ->
  well_formed_log d = true ->
  fits_log d ->
  is_known chosen knows (log_since d) ->
  decode_log knows (encode_log choose chosen d) = Some d.
Proof.
  intros sound good ([fit fit_seen] & fit_seqs & fit_texts) is_there. destruct d as [since seen es].
  pose proof good as all. unfold well_formed_log in all. cbn [log_since log_seen log_entries] in *.
  rewrite !andb_true_iff in all. destruct all as (((good_since & good_seen) & many%N.eqb_eq) & fits).
  assert (length (counters since seen) = length es) as as_many.
  { pose proof (as_many_counters since seen). lia. }
  pose proof (counters_are_numbers since seen fit_seen) as fit_counters.
  assert (Forall (fun e => entry_time e < no_number /\ N.of_nat (length (entry_text e)) < no_number) es) as fit_es.
  { apply Forall_forall. intros e there. rewrite forallb_forall in fits. apply fits in there.
    apply andb_true_iff in there as [time%N.ltb_lt short%N.ltb_lt].
    pose proof twice_half_way. unfold no_length in short. split; [lia |].
    apply (N.lt_trans _ 4294967296); [exact short | reflexivity]. }
  unfold decode_log, encode_log. cbn [log_since log_seen log_entries].
  set (cs := counters since seen) in *.
  set (seqs := steps 0 (combine cs (map entry_seq es))).
  set (times := steps 0 (combine cs (map entry_time es))).
  set (lengths := map (fun e => N.of_nat (length (entry_text e))) es).
  set (rows := combine seqs (combine times lengths)).
  set (fields := write_number _ ++ _ ++ _). set (texts := flat_map entry_text es) in *.
  rewrite a_message_is_opened. unfold fields at 1. rewrite <- !app_assoc.
  rewrite (app_assoc (write_span _ _ _ _)), (app_assoc (_ ++ _)), texts_are_read by exact fit_texts.
  rewrite <- !app_assoc.
  pose proof (counts_are_worth_a_message kind_of_logs (span_counted choose chosen since seen + length es) fields texts)
    as worth.
  rewrite a_span_is_read by (try assumption; lia).
  rewrite <- many, Nat2N.id.
  destruct (N.ltb_spec (N.of_nat (length (message kind_of_logs
    (span_counted choose chosen since seen + length es) fields texts))) (N.of_nat (length es))); [lia |].
  assert (length seqs = length es /\ length times = length es) as [many_seqs many_times].
  { unfold seqs, times. rewrite !as_many_steps, !combine_length, !map_length. lia. }
  assert (length lengths = length es) as many_lengths by apply map_length.
  assert (map fst rows = seqs) as of_seqs.
  { unfold rows. apply the_left_parts. rewrite combine_length. lia. }
  assert (map snd rows = combine times lengths) as of_others.
  { unfold rows. apply the_right_parts. rewrite combine_length. lia. }
  assert (map (fun row => fst (snd row)) rows = times) as of_times.
  { rewrite <- (map_map snd fst), of_others. apply the_left_parts. lia. }
  assert (map (fun row => snd (snd row)) rows = lengths) as of_lengths.
  { rewrite <- (map_map snd snd), of_others. apply the_right_parts. lia. }
  assert (length rows = length es) as many_rows.
  { rewrite <- (map_length fst rows), of_seqs. exact many_seqs. }
  rewrite <- many_rows at 1.
  rewrite (a_table_is_read (fun row => fst row < no_number /\ fst (snd row) < no_number /\ snd (snd row) < no_number)).
  2: { apply both_are_read with (fit_left := fun n => n < no_number)
         (fit_right := fun row => fst row < no_number /\ snd row < no_number).
       - intros ns more some few all. now apply a_block_is_read.
       - apply both_are_read with (fit_left := fun n => n < no_number) (fit_right := fun n => n < no_number);
           intros ns more some few all; now apply a_block_is_read. }
  2: { refine (all_of_both (fun n => n < no_number) (fun r => fst r < no_number /\ snd r < no_number) _ _
         (steps_are_numbers _ _)
         (all_of_both (fun n => n < no_number) (fun n => n < no_number) _ _ (steps_are_numbers _ _) _)).
       apply Forall_map. refine (Forall_impl _ _ fit_es). now intros e []. }
  rewrite of_seqs, of_times, of_lengths. unfold texts, lengths.
  rewrite flat_map_concat_map. rewrite <- (map_map entry_text (fun text => N.of_nat (length text))).
  rewrite texts_are_cut. unfold seqs, times.
  rewrite !steps_are_undone; try (rewrite map_length; exact as_many); try exact fit_counters;
    try exact (eq_refl : 0 < no_number).
  2: { apply Forall_map. refine (Forall_impl _ _ fit_es). now intros e []. }
  2: { apply Forall_map. exact fit_seqs. }
  match goal with
  | |- context [map ?make (combine (map entry_seq es) ?others)] =>
      replace (map make (combine (map entry_seq es) others)) with es
        by (clear; induction es as [| [s t x] es IH]; [reflexivity |]; cbn; f_equal; exact IH)
  end.
  rewrite padding_ends_a_message. now rewrite good.
Qed.

(** ** What holds of all of them *)

(** What a sender writes, and no other bytes of the same meaning. *)
Theorem canonical_deltas_are_written_again choose chosen knows :
  sound_choice choose ->
  (forall is_pn d d',
    well_formed_counter is_pn d' = true -> fits_span (counter_since d') (counter_seen d') ->
    is_known chosen knows (counter_since d') ->
    decode_counter is_pn knows (encode_counter choose is_pn chosen d') = Some d ->
    encode_counter choose is_pn chosen d = encode_counter choose is_pn chosen d')
  /\ (forall d d',
    well_formed_integer d' = true -> fits_span (integer_since d') (integer_seen d') ->
    is_known chosen knows (integer_since d') ->
    decode_integer knows (encode_integer choose chosen d') = Some d ->
    encode_integer choose chosen d = encode_integer choose chosen d')
  /\ (forall d d',
    well_formed_log d' = true -> fits_log d' ->
    is_known chosen knows (log_since d') ->
    decode_log knows (encode_log choose chosen d') = Some d ->
    encode_log choose chosen d = encode_log choose chosen d').
Proof.
  intros sound. split; [| split].
  - intros is_pn d d' good fit is_there. rewrite a_counter_is_read_as_it_was_written by assumption.
    now intros [= <-].
  - intros d d' good fit is_there. rewrite an_integer_is_read_as_it_was_written by assumption.
    now intros [= <-].
  - intros d d' good fit is_there. rewrite a_log_is_read_as_it_was_written by assumption.
    now intros [= <-].
Qed.

(** Whatever bytes there are. *)
Theorem what_is_read_is_a_delta knows bs :
  (forall is_pn d, decode_counter is_pn knows bs = Some d -> well_formed_counter is_pn d = true)
  /\ (forall d, decode_integer knows bs = Some d -> well_formed_integer d = true)
  /\ (forall d, decode_log knows bs = Some d -> well_formed_log d = true).
Proof.
  split; [| split].
  - intros is_pn d. unfold decode_counter. destruct (open _ bs) as [fields |]; [| easy].
    destruct (read_span _ _ _) as [[[[since seen] counted] rest] |]; [| easy].
    destruct (read_shares _ rest) as [[excess rest'] |]; [| easy].
    destruct (if is_pn then _ else _) as [[down rest''] |]; [| easy].
    destruct (_ && _); [| easy]. cbv zeta.
    destruct (well_formed_counter _ _) eqn:good; [| easy]. now intros [= <-].
  - intros d. unfold decode_integer. destruct (open _ bs) as [fields |]; [| easy].
    destruct (read_span _ _ _) as [[[[since seen] counted] rest] |]; [| easy].
    destruct (read_integer rest) as [[z rest'] |]; [| easy]. cbv zeta.
    destruct (well_formed_integer _) eqn:good; rewrite ?andb_false_r; [| easy].
    destruct (ends _ _ _); [| easy]. now intros [= <-].
  - intros d. unfold decode_log. destruct (open _ bs) as [fields |]; [| easy].
    destruct (read_texts fields) as [[texts fields'] |]; [| easy].
    destruct (read_span _ _ _) as [[[[since seen] counted] rest] |]; [| easy].
    destruct (_ <? _); [easy |]. cbv zeta.
    destruct (read_table _ _ rest) as [[rows rest'] |]; [| easy].
    destruct (cut _ texts) as [texts_of |]; [| easy].
    destruct (well_formed_log _) eqn:good; rewrite ?andb_false_r; [| easy].
    destruct (ends _ _ _); [| easy]. now intros [= <-].
Qed.
