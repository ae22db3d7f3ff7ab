(** The version vector of a cut: exactly the operations of the cut.

    An origin sees its own earlier operations, so a number per origin says which of its
    operations were seen. *)

From Coq Require Import List Bool NArith Lia Permutation FinFun.
From Rejoin Require Import order order_proof lattice sorted_map sorted_map_proof dot dot_proof.
From Rejoin Require Import definition definition_proof version_vector version_vector_proof.
Import ListNotations.
Open Scope N_scope.

Section Vectors.
Context {Name : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Local Notation compare_origin := (compare_origin compare_name).
Local Notation get := (get compare_name).
Local Notation see := (see compare_name).
Local Notation well_formed := (well_formed compare_name).
Local Notation of_dots := (of_dots compare_name).

Lemma what_is_found_is_there {V : Type} o (n : V) m :
  find compare_origin o m = Some n ->
  In (o, n) m.
Proof.
  induction m as [| [o' n'] m IH]; cbn; [easy |].
  destruct (any_two_compare compare_origin o o') as [-> | |]; [intros [= ->]; auto | easy | auto].
Qed.

(** ** The least vector of some dots *)

Lemma every_dot_is_counted dots d :
  In d dots ->
  counter d <= get (dot_origin d) (of_dots dots).
Proof.
  induction dots as [| d' dots IH]; cbn [In version_vector.of_dots fold_right]; [easy |].
  fold (of_dots dots). unfold see_dot.
  rewrite (get_of_see compare_name) by now apply of_dots_is_well_formed.
  intros [-> | there]; [rewrite (equal_to_itself compare_origin); lia |].
  specialize (IH there). destruct (equal _ _ _); lia.
Qed.

Lemma every_count_is_reached dots o :
  get o (of_dots dots) <> 0 ->
  In (Dot o (get o (of_dots dots))) dots.
Proof.
  induction dots as [| d dots IH]; cbn [In version_vector.of_dots fold_right]; [easy |].
  fold (of_dots dots). unfold see_dot.
  rewrite (get_of_see compare_name) by now apply of_dots_is_well_formed.
  destruct (equal_is_equality compare_origin o (dot_origin d)) as [-> | other];
    intros positive; [| right; auto].
  destruct (N.max_spec (counter d) (get (dot_origin d) (of_dots dots))) as [[lt ->] | [le ->]].
  - right. apply IH. lia.
  - left. now destruct d.
Qed.

Lemma more_dots_count_no_less dots more o :
  incl dots more ->
  get o (of_dots dots) <= get o (of_dots more).
Proof.
  intros there. destruct (N.eq_dec (get o (of_dots dots)) 0) as [-> | positive]; [lia |].
  apply (every_dot_is_counted more (Dot o (get o (of_dots dots)))).
  apply there. now apply every_count_is_reached.
Qed.

Lemma what_is_covered_is_counted v w o :
  covers compare_name w v = true ->
  get o v <= get o w.
Proof.
  unfold covers. rewrite forallb_forall. intros covered. unfold version_vector.get at 1.
  destruct (find compare_origin o v) as [n |] eqn:found; [| lia].
  now apply what_is_found_is_there, covered, N.leb_le in found.
Qed.

Lemma what_is_covered_is_contained v w d :
  covers compare_name w v = true ->
  contains compare_name d v = true ->
  contains compare_name d w = true.
Proof.
  intros covered. apply (what_is_covered_is_counted v w (dot_origin d)) in covered.
  unfold contains. rewrite !andb_true_iff, !N.leb_le. lia.
Qed.

(** ** The vector of a cut *)

Section Cuts.
Context {Value : Type}.
Local Notation event := (event Name Value).
Context (H : list event) (happened : history compare_name H).
Local Notation vector E := (of_dots (map dot_of E)).

Lemma the_vector_depends_only_on_the_events E F :
  (forall e : event, In e E <-> In e F) ->
  vector E = vector F.
Proof.
  intros same. apply (equal_counts_make_equal_vectors compare_name);
    try now apply of_dots_is_well_formed.
  intros o. apply N.le_antisymm; apply more_dots_count_no_less; apply incl_map; intros e there;
    now apply same.
Qed.

Theorem the_vector_of_a_cut_has_exactly_its_events E d :
  cut H E ->
  contains compare_name d (vector E) = true <-> In d (map dot_of E).
Proof.
  intros [past _ complete]. unfold contains. rewrite andb_true_iff, !N.leb_le. split.
  - intros [positive counted].
    assert (In (Dot (dot_origin d) (get (dot_origin d) (vector E))) (map dot_of E)) as last
      by (apply every_count_is_reached; lia).
    destruct (N.eq_dec (counter d) (get (dot_origin d) (vector E))) as [same | different].
    + destruct d; cbn in *. congruence.
    + apply in_map_iff in last as (e & is_last & e_in).
      destruct (complete e d e_in) as (f & f_in & <-); [| now apply in_map].
      apply (a_member_is_in_the_list (compare_dot compare_name)).
      replace d with (Dot (dot_origin (dot_of e)) (counter d)) by (rewrite is_last; now destruct d).
      apply (origins_see_their_own _ _ happened); [now apply past |].
      rewrite is_last. cbn. lia.
  - intros there. split; [| now apply every_dot_is_counted].
    apply in_map_iff in there as (e & <- & e_in).
    now apply (counters_start_at_1 _ _ happened), past.
Qed.

Lemma an_event_is_in_a_cut_exactly_if_its_vector_has_it E e :
  cut H E ->
  In e H ->
  contains compare_name (dot_of e) (vector E) = true <-> In e E.
Proof.
  intros is_cut e_in. rewrite the_vector_of_a_cut_has_exactly_its_events by exact is_cut.
  rewrite in_map_iff. split.
  - intros (f & same & f_in). rewrite <- (dots_are_unique _ _ happened f e); auto.
    now apply (cut_happened _ _ is_cut).
  - now exists e.
Qed.

Lemma the_join_of_vectors_is_the_vector_of_both E F G :
  (forall e : event, In e G <-> In e E \/ In e F) ->
  join compare_name (vector E) (vector F) = vector G.
Proof.
  intros both.
  apply (equal_counts_make_equal_vectors compare_name);
    try apply (join_is_well_formed _ _ _ (version_vectors_are_a_lattice compare_name));
    try now apply of_dots_is_well_formed.
  intros o. rewrite (get_of_join compare_name) by now apply of_dots_is_well_formed.
  apply N.le_antisymm.
  - apply N.max_lub; apply more_dots_count_no_less; apply incl_map; intros e there;
      apply both; auto.
  - set (n := get o (vector G)).
    destruct (N.eq_dec n 0) as [-> | positive]; [lia |].
    apply every_count_is_reached in positive. fold n in positive.
    apply in_map_iff in positive as (e & is_last & there).
    apply both in there as [there | there]; apply (in_map dot_of) in there;
      apply every_dot_is_counted in there; rewrite is_last in there; cbn in there; lia.
Qed.

Theorem the_join_of_vectors_is_the_vector_of_the_union E F :
  incl E H ->
  incl F H ->
  join compare_name (vector E) (vector F) = vector (union_events compare_name E F).
Proof.
  intros past_e past_f. apply the_join_of_vectors_is_the_vector_of_both.
  intros e. now apply (a_union_has_the_events_of_both compare_name H happened).
Qed.

Lemma the_next_dot_is_that_of_an_event_that_saw_exactly_this E e :
  cut H E ->
  In e H ->
  saw_exactly compare_name e E ->
  next compare_name (dot_origin (dot_of e)) (vector E) = dot_of e.
Proof.
  intros is_cut e_in [saw_all nothing_else]. unfold next.
  destruct (dot_of e) as [o n] eqn:named. cbn. f_equal.
  assert (1 <= n) as positive.
  { replace n with (counter (dot_of e)) by now rewrite named.
    now apply (counters_start_at_1 _ _ happened). }
  assert (get o (vector E) < n).
  { apply N.nle_gt. intros counted.
    assert (In (Dot o n) (map dot_of E)) as there.
    { apply (the_vector_of_a_cut_has_exactly_its_events E (Dot o n) is_cut).
      unfold contains. cbn. apply andb_true_intro. now rewrite !N.leb_le. }
    apply in_map_iff in there as (f & same & f_in).
    assert (f = e) as -> by
      (apply (dots_are_unique _ _ happened); [now apply (cut_happened _ _ is_cut) | auto |
        congruence]).
    pose proof (nothing_sees_itself _ _ happened e e_in). now rewrite saw_all in *. }
  assert (n = 1 \/ 1 <= n - 1 < n) as [-> | earlier] by lia; [lia |].
  assert (member (compare_dot compare_name) (Dot o (n - 1)) (saw e) = true) as seen.
  { replace o with (dot_origin (dot_of e)) by now rewrite named.
    apply (origins_see_their_own _ _ happened); [auto | now rewrite named]. }
  apply a_member_is_in_the_list, nothing_else, every_dot_is_counted in seen;
    [cbn in seen; lia | typeclasses eauto].
Qed.

(** ** Counting by replica *)

Definition dots_of (v : version_vector.state Name) : list (dot Name) :=
  flat_map (fun entry => map (fun n => Dot (fst entry) (N.of_nat n))
    (seq 1 (N.to_nat (snd entry)))) v.

Lemma the_dots_of_a_vector_are_those_it_contains v d :
  well_formed v = true ->
  In d (dots_of v) <-> contains compare_name d v = true.
Proof.
  intros good. pose proof (well_formed_vectors_are_sorted compare_name v good) as sorts.
  unfold dots_of, contains. rewrite in_flat_map, andb_true_iff, !N.leb_le. split.
  - intros ([o n] & there & (c & <- & counted%in_seq)%in_map_iff). cbn [fst snd] in *.
    apply (found_means_in compare_origin) in there; [| exact sorts].
    cbn [counter dot_origin]. unfold version_vector.get. rewrite there. lia.
  - unfold version_vector.get. intros [positive counted].
    destruct (find compare_origin (dot_origin d) v) as [n |] eqn:found; [| lia].
    exists (dot_origin d, n). split; [now apply (found_means_in compare_origin) |].
    apply in_map_iff. exists (N.to_nat (counter d)). rewrite N2Nat.id. cbn [fst snd].
    split; [now destruct d |]. apply in_seq. lia.
Qed.

Lemma the_dots_of_a_vector_are_distinct v :
  well_formed v = true ->
  NoDup (dots_of v).
Proof.
  intros good. pose proof (well_formed_vectors_are_sorted compare_name v good) as sorts.
  apply NoDup_flat_map_if_disjoint.
  - apply (NoDup_map_inv fst). now apply (rising_lists_have_no_repeats compare_origin).
  - intros [o n] _. apply FinFun.Injective_map_NoDup; [| apply seq_NoDup].
    intros i j [= same]. now apply Nat2N.inj.
  - intros [o n] [o' n'] d there there' (i & <- & _)%in_map_iff (j & [= -> _] & _)%in_map_iff.
    cbn [fst] in *.
    apply (found_means_in compare_origin) in there; [| exact sorts].
    apply (found_means_in compare_origin) in there'; [| exact sorts]. congruence.
Qed.

Theorem the_vector_of_a_cut_counts_its_events E name :
  cut H E ->
  version_vector.seen_of compare_name name (vector E) = definition.seen_of compare_name name E.
Proof.
  intros is_cut. pose proof (of_dots_is_well_formed compare_name (map dot_of E)) as good.
  assert (Permutation (dots_of (vector E)) (map dot_of E)) as same.
  { apply NoDup_Permutation.
    - now apply the_dots_of_a_vector_are_distinct.
    - apply distinct_images; [apply (cut_is_distinct _ _ is_cut) |].
      intros e f e_in f_in. apply (dots_are_unique _ _ happened);
        now apply (cut_happened _ _ is_cut).
    - intros d. rewrite the_dots_of_a_vector_are_those_it_contains by exact good.
      now apply the_vector_of_a_cut_has_exactly_its_events. }
  set (by_name := fun d : dot Name => equal compare_name (replica (dot_origin d)) name).
  transitivity (N.of_nat (length (filter by_name (dots_of (vector E))))).
  - clear. induction (vector E) as [| [o n] v IH]; [reflexivity |].
    unfold dots_of. cbn [version_vector.seen_of fold_right flat_map fst snd].
    fold (version_vector.seen_of compare_name name v) (dots_of v).
    rewrite filter_app, app_length, Nat2N.inj_add, <- IH.
    destruct (equal compare_name (replica o) name) eqn:mine.
    + f_equal. rewrite filtering_all, map_length, seq_length; [lia |].
      intros d (i & <- & _)%in_map_iff. exact mine.
    + rewrite filtering_none; [reflexivity |].
      intros d (i & <- & _)%in_map_iff. exact mine.
  - unfold definition.seen_of. f_equal.
    rewrite (Permutation_length (filtering_keeps_permutations by_name _ _ same)).
    clear. induction E as [| e E IH]; [reflexivity |]. cbn [map filter].
    unfold by_name at 1. unfold replica_of at 1.
    destruct (equal _ _ _); cbn [length]; congruence.
Qed.
End Cuts.
End Vectors.
