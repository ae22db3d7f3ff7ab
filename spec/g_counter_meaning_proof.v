(** The G-Counter means what the definition says, in every cut of every history.

    [meaning E] is the state of a replica that has seen the events [E]. Of two cuts, one has
    all the events of an origin that the other has; so the greater share is that of the union. *)

From Coq Require Import List Bool NArith Lia Permutation.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof.
From Rejoin Require Import version_vector_meaning_proof definition_proof.
From Rejoin Require version_vector version_vector_proof.
From Rejoin Require Import definition g_counter.
Import ListNotations.
Open Scope N_scope.

Section G_counter.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Local Notation event := (event Name Value).
Local Notation compare_origin := (compare_origin compare_name).
Local Notation meaning := (meaning compare_name (Value := Value)).
Local Notation vector E := (version_vector.of_dots compare_name (map dot_of E)).
Local Notation get := (version_vector.get compare_name).

Theorem the_empty_counter_has_seen_nothing : meaning [] = bottom.
Proof. reflexivity. Qed.

Definition increments (e : event) : bool :=
  match operation_of e with
  | Increment _ => true
  | _ => false
  end.

(** The increments of one origin. *)
Definition of_origin (o : origin Name) (E : list event) : list event :=
  filter (fun e => increments e && equal compare_origin o (dot_origin (dot_of e))) E.

Definition share_in (o : origin Name) (E : list event) : option N :=
  match of_origin o E with
  | [] => None
  | these => Some (count these)
  end.

Lemma one_more_event_adds_to_its_share e E :
  shares (meaning (e :: E)) =
  if increments e
  then set compare_origin (dot_origin (dot_of e))
    (share compare_name (dot_origin (dot_of e)) (meaning E) + amount_of e) (shares (meaning E))
  else shares (meaning E).
Proof. unfold increments, amount_of. cbn. now destruct (operation_of e). Qed.

Lemma the_shares_are_the_counts_by_origin E :
  sorted compare_origin (shares (meaning E)) = true /\
  forall o, find compare_origin o (shares (meaning E)) = share_in o E.
Proof using lawful_names.
  induction E as [| e E [sorts found]]; [now split |].
  rewrite one_more_event_adds_to_its_share. unfold share_in, of_origin. cbn [filter].
  destruct (increments e); [| now split]. cbn [andb].
  split; [now apply (set_is_sorted compare_origin) |]. intros o.
  rewrite (find_in_set compare_origin) by exact sorts. unfold share. rewrite found.
  unfold share_in, of_origin.
  destruct (equal_is_equality compare_origin o (dot_origin (dot_of e))) as [-> | other];
    [| apply found].
  unfold count. cbn [map fold_right]. f_equal.
  destruct (filter _ E); cbn [map fold_right]; lia.
Qed.

Lemma equal_shares_make_equal_maps m E :
  sorted compare_origin m = true ->
  (forall o, find compare_origin o m = share_in o E) ->
  m = shares (meaning E).
Proof using lawful_names.
  intros sorts same. destruct (the_shares_are_the_counts_by_origin E) as [sorts' same'].
  apply (equal_finds_make_equal_maps compare_origin); auto.
  intros o. now rewrite same, same'.
Qed.

(** No share is 0. *)
Lemma a_counter_of_valid_events_is_well_formed E :
  (forall e, In e E -> valid (operation_of e) = true) ->
  well_formed compare_name (meaning E) = true.
Proof using lawful_names.
  intros all_valid. destruct (the_shares_are_the_counts_by_origin E) as [sorts found].
  unfold well_formed. rewrite !andb_true_iff. split; [split; [| exact sorts] |].
  - now apply version_vector_proof.of_dots_is_well_formed.
  - apply (forallb_means_all_found compare_origin); [exact sorts |].
    intros o n at_o. rewrite found in at_o. unfold share_in in at_o.
    destruct (of_origin o E) as [| e these] eqn:by_o; [easy |].
    injection at_o as <-. cbn [snd]. apply N.leb_le.
    assert (In e (of_origin o E)) as there by (rewrite by_o; now left).
    apply filter_In in there as [there [is_one _]%andb_prop]. specialize (all_valid e there).
    unfold count. cbn [map fold_right]. unfold amount_of, increments in *.
    destruct (operation_of e); try easy. cbn in all_valid. apply N.leb_le in all_valid. lia.
Qed.

Lemma counts_add_up (a b : list event) : count (a ++ b) = count a + count b.
Proof. unfold count. induction a as [| e a IH]; cbn; [reflexivity |]. rewrite IH. lia. Qed.

Lemma more_events_count_no_less (a b : list event) :
  NoDup a ->
  incl a b ->
  count a <= count b.
Proof.
  intros distinct. revert b. induction distinct as [| e a new _ IH]; intros b part.
  - unfold count. cbn. lia.
  - assert (In e b) as (b1 & b2 & ->)%in_split by (apply part; now left).
    assert (incl a (b1 ++ b2)) as rest.
    { intros f there. assert (In f (b1 ++ e :: b2)) as this by (apply part; now right).
      apply in_app_iff in this as [| [<- |]]; [apply in_app_iff; auto | contradiction |].
      apply in_app_iff. auto. }
    specialize (IH _ rest). rewrite !counts_add_up in *.
    unfold count in *. cbn [map fold_right]. lia.
Qed.

Lemma the_share_of_more_events_is_greater o E F :
  NoDup E ->
  (forall e, In e E -> dot_origin (dot_of e) = o -> In e F) ->
  greater_option N.compare (share_in o E) (share_in o F) = share_in o F.
Proof using lawful_names.
  intros distinct part. unfold share_in.
  assert (incl (of_origin o E) (of_origin o F)) as here.
  { intros e [there by_o]%filter_In. apply filter_In. split; [| exact by_o].
    apply andb_prop in by_o as [_ by_o].
    destruct (equal_is_equality compare_origin o (dot_origin (dot_of e))) as [-> |]; auto.
    easy. }
  assert (NoDup (of_origin o E)) as distinct_here by now apply NoDup_filter.
  pose proof (more_events_count_no_less _ _ distinct_here here) as no_less.
  destruct (of_origin o E) as [| e these]; [now destruct (of_origin o F) |].
  destruct (of_origin o F) as [| f those]; [now destruct (here e (or_introl eq_refl)) |].
  cbn [greater_option]. f_equal. unfold greater.
  destruct (below_means_less N.compare (count (e :: these)) (count (f :: those))) as [| less];
    [reflexivity |]. rewrite N.compare_lt_iff in less. lia.
Qed.

Lemma the_share_depends_only_on_the_events_of_its_origin o E F :
  NoDup E ->
  NoDup F ->
  (forall e, dot_origin (dot_of e) = o -> In e E <-> In e F) ->
  share_in o E = share_in o F.
Proof using lawful_names.
  intros distinct_e distinct_f same.
  rewrite <- (the_share_of_more_events_is_greater o F E distinct_f),
    (greater_option_is_commutative N.compare) by (intros e there by_o; now apply same).
  apply the_share_of_more_events_is_greater; [exact distinct_e |].
  intros e there by_o. now apply same.
Qed.

Context (H : list event) (happened : history compare_name H).

Theorem the_counter_depends_only_on_the_events E F :
  NoDup E ->
  NoDup F ->
  (forall e, In e E <-> In e F) ->
  meaning E = meaning F.
Proof using lawful_names.
  intros distinct_e distinct_f same.
  transitivity (State (vector E) (shares (meaning F))).
  - unfold g_counter.meaning at 1. f_equal.
    change (shares (meaning E) = shares (meaning F)).
    destruct (the_shares_are_the_counts_by_origin E) as [sorts found].
    apply equal_shares_make_equal_maps; [exact sorts |]. intros o. rewrite found.
    now apply the_share_depends_only_on_the_events_of_its_origin.
  - unfold g_counter.meaning. cbn [shares]. f_equal.
    now apply the_vector_depends_only_on_the_events.
Qed.

(** Of two cuts, the one that counts more operations of an origin has all that the other has. *)
Lemma what_counts_less_has_less E F o :
  cut H E ->
  cut H F ->
  get o (vector E) <= get o (vector F) ->
  forall e, In e E -> dot_origin (dot_of e) = o -> In e F.
Proof using happened lawful_names.
  intros cut_e cut_f less e there <-.
  assert (In e H) as past by now apply (cut_happened _ _ cut_e).
  apply (an_event_is_in_a_cut_exactly_if_its_vector_has_it compare_name H happened F); auto.
  unfold version_vector.contains. rewrite andb_true_iff, !N.leb_le.
  pose proof (counters_start_at_1 _ _ happened e past).
  assert (counter (dot_of e) <= get (dot_origin (dot_of e)) (vector E)); [| lia].
  apply every_dot_is_counted; [assumption |]. now apply in_map.
Qed.

Lemma the_greater_share_is_that_of_both E F G o :
  cut H E ->
  cut H F ->
  NoDup G ->
  (forall e, In e G <-> In e E \/ In e F) ->
  greater_option N.compare (share_in o E) (share_in o F) = share_in o G.
Proof using happened lawful_names.
  intros cut_e cut_f distinct both.
  destruct (N.le_ge_cases (get o (vector E)) (get o (vector F))) as [less | less].
  - pose proof (what_counts_less_has_less E F o cut_e cut_f less) as part.
    rewrite the_share_of_more_events_is_greater by (auto; apply (cut_is_distinct _ _ cut_e)).
    apply the_share_depends_only_on_the_events_of_its_origin;
      [apply (cut_is_distinct _ _ cut_f) | exact distinct |].
    intros e by_o. rewrite both. intuition.
  - pose proof (what_counts_less_has_less F E o cut_f cut_e less) as part.
    rewrite (greater_option_is_commutative N.compare).
    rewrite the_share_of_more_events_is_greater by (auto; apply (cut_is_distinct _ _ cut_f)).
    apply the_share_depends_only_on_the_events_of_its_origin;
      [apply (cut_is_distinct _ _ cut_e) | exact distinct |].
    intros e by_o. rewrite both. intuition.
Qed.

Theorem joining_counters_unites_their_events E F :
  cut H E ->
  cut H F ->
  join compare_name (meaning E) (meaning F) = meaning (union_events compare_name E F).
Proof using happened lawful_names.
  intros cut_e cut_f. set (G := union_events compare_name E F).
  assert (forall e, In e G <-> In e E \/ In e F) as both.
  { intros e. apply (a_union_has_the_events_of_both compare_name H happened);
      now apply cut_happened. }
  assert (NoDup G) as distinct
    by (apply (cut_is_distinct H), (the_union_of_cuts_is_a_cut compare_name H happened); auto).
  transitivity (State (vector G) (shares (meaning G))); [| reflexivity].
  unfold join. f_equal; [now apply (the_join_of_vectors_is_the_vector_of_both compare_name) |].
  destruct (the_shares_are_the_counts_by_origin E) as [sorts_e found_e].
  destruct (the_shares_are_the_counts_by_origin F) as [sorts_f found_f].
  apply equal_shares_make_equal_maps; [now apply (merge_is_sorted compare_origin) |].
  intros o. rewrite (find_in_merge compare_origin) by (reflexivity || assumption).
  rewrite found_e, found_f. now apply the_greater_share_is_that_of_both.
Qed.

Theorem incrementing_adds_the_event E e amount :
  cut H E ->
  In e H ->
  saw_exactly compare_name e E ->
  operation_of e = Increment amount ->
  increment compare_name (dot_origin (dot_of e)) amount (meaning E) = meaning (e :: E).
Proof using happened lawful_names.
  intros is_cut e_in saw_it increments.
  unfold increment, share, g_counter.meaning. cbn [seen shares].
  rewrite (the_next_dot_is_that_of_an_event_that_saw_exactly_this compare_name H happened)
    by assumption.
  f_equal. cbn [fold_right]. now rewrite increments.
Qed.

(** ** Queries *)

Lemma setting_a_share_adds_to_the_total o n (m : sorted_map (origin Name) N) :
  fold_right N.add 0 (map snd (set compare_origin o n m))
    + match find compare_origin o m with Some old => old | None => 0 end
  = fold_right N.add 0 (map snd m) + n.
Proof using lawful_names.
  assert (forall m : sorted_map (origin Name) N, map_some Some m = m) as unchanged
    by (intros m'; induction m' as [| [] ? IH]; cbn; congruence).
  unfold set. induction m as [| [o' n'] m IH]; [cbn; lia |].
  rewrite merging_maps_steps. cbn [find].
  rewrite (turned_around compare_origin (origins_are_ordered _ lawful_names) o' o).
  destruct (compare_origin o' o); cbn [CompOpp cons_some map snd fold_right].
  - rewrite merging_no_map_right, unchanged. lia.
  - lia.
  - rewrite merging_no_map_right, unchanged. cbn [map snd fold_right]. lia.
Qed.

Theorem the_value_is_the_count_of_the_definition E :
  value (meaning E) = count E.
Proof using lawful_names.
  unfold value. induction E as [| e E IH]; [reflexivity |].
  rewrite one_more_event_adds_to_its_share.
  unfold count. cbn [map fold_right]. fold (count E).
  destruct (increments e) eqn:is_one; unfold increments in is_one.
  2: { unfold amount_of. now destruct (operation_of e). }
  rewrite <- IH.
  pose proof (setting_a_share_adds_to_the_total (dot_origin (dot_of e))
    (share compare_name (dot_origin (dot_of e)) (meaning E) + amount_of e)
    (shares (meaning E))) as total.
  fold (share compare_name (dot_origin (dot_of e)) (meaning E)) in total. lia.
Qed.

(** ** Deltas *)

Theorem taking_a_delta_of_a_counter_adds_its_events E F v :
  cut H E ->
  cut H F ->
  version_vector.covers compare_name (seen (meaning F)) v = true ->
  take_part compare_name (part_since compare_name v (meaning E)) (meaning F)
  = meaning (union_events compare_name E F).
Proof using happened lawful_names.
  intros cut_e cut_f covered. set (G := union_events compare_name E F).
  assert (forall e, In e G <-> In e E \/ In e F) as both.
  { intros e. apply (a_union_has_the_events_of_both compare_name H happened);
      now apply cut_happened. }
  assert (forall e, In e G <-> In e F \/ In e E) as both' by (intros; rewrite both; tauto).
  assert (NoDup G) as distinct
    by (apply (cut_is_distinct H), (the_union_of_cuts_is_a_cut compare_name H happened); auto).
  transitivity (State (vector G) (shares (meaning G))); [| reflexivity].
  unfold take_part, join.
  f_equal; [now apply (the_join_of_vectors_is_the_vector_of_both compare_name) |].
  destruct (the_shares_are_the_counts_by_origin E) as [sorts_e found_e].
  destruct (the_shares_are_the_counts_by_origin F) as [sorts_f found_f].
  assert (sorted compare_origin (shares (part_since compare_name v (meaning E))) = true)
    as sorts_part by now apply (filter_is_sorted compare_origin).
  apply equal_shares_make_equal_maps; [now apply (merge_is_sorted compare_origin) |].
  intros o. rewrite (find_in_merge compare_origin) by (reflexivity || assumption).
  rewrite <- (the_greater_share_is_that_of_both F E G o) by assumption.
  unfold part_since. cbn [shares]. rewrite (find_in_filter compare_origin) by exact sorts_e.
  rewrite found_e, found_f. cbn [fst]. change (seen (meaning E)) with (vector E).
  destruct (share_in o E) as [n |] eqn:some; [| reflexivity]. rewrite <- some.
  destruct (N.ltb_spec (get o v) (get o (vector E))) as [| known]; [now rewrite some |].
  assert (get o v <= get o (vector F)) as counted by now apply what_is_covered_is_counted.
  rewrite (missing_is_least N.compare), (greater_option_is_commutative N.compare).
  symmetry. apply the_share_of_more_events_is_greater; [apply (cut_is_distinct _ _ cut_e) |].
  apply what_counts_less_has_less; auto. lia.
Qed.
End G_counter.
