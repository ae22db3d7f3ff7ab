(** Two replicas compare what they know of openings.

    What is shown: the opening that covers an operation can be found, and the first fork that two
    replicas find is one: two branches that follow one operation. Definitions: [openings.v]. *)

From Coq Require Import List Bool NArith Lia.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof openings.
From Rejoin Require version_vector version_vector_proof.
From Rejoin Require Import openings_names_proof.
Import ListNotations.
Open Scope N_scope.

Section Openings.
Context {Name Content : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Local Notation compare_origin := (compare_origin compare_name).
Local Notation compare_dot := (compare_dot compare_name).
Local Notation dot := (dot Name).
Local Notation knowledge := (knowledge Name).
Local Notation held := (held Name Content).
Local Notation contains := (version_vector.contains compare_name).
Local Notation path := (path (Name := Name) (Content := Content)).
Local Notation represents := (represents compare_name).
Local Notation counts_are_known := (counts_are_known compare_name).
Local Notation openings_are_known := (openings_are_known compare_name).

Section Forest.
Context (T : list path) (grown : forest T).
Local Notation known_operations_are_operations := (known_operations_are_operations T grown).
Local Notation first_names := (first_names T grown).
Local Notation later_names := (later_names T grown).
Local Notation a_name_names_one_operation := (a_name_names_one_operation T grown).

(** ** The opening that covers an operation *)

(** How many operations ago its opening began. *)
Fixpoint since_begun (u : path) : N :=
  match u with
  | Follows p _ false _ => since_begun p + 1
  | _ => 0
  end.

Lemma greater_dots_of_one_origin_count_more (d e : dot) :
  dot_origin d = dot_origin e ->
  compare_dot d e = Lt ->
  counter d < counter e.
Proof using lawful_names.
  destruct d as [o m], e as [o' n]. cbn. intros <-.
  unfold dot.compare_dot, compare_by, compare_pair. cbn [fst snd dot_origin counter].
  rewrite (all_equal_themselves compare_origin). now rewrite N.compare_lt_iff.
Qed.

Lemma what_covers o m (begun : sorted_map dot N) :
  sorted compare_dot begun = true ->
  match covering compare_name o m begun with
  | Some (d, q) => find compare_dot d begun = Some q /\ dot_origin d = o /\ counter d <= m /\
      forall d', find compare_dot d' begun <> None -> dot_origin d' = o -> counter d' <= m ->
        counter d' <= counter d
  | None => forall d', find compare_dot d' begun <> None -> dot_origin d' = o -> m < counter d'
  end.
Proof using lawful_names.
  induction begun as [| [d q] begun IH]; intros sorts; [cbn; easy |].
  apply (sorted_means_keys_above_the_first compare_dot) in sorts as [above sorts].
  specialize (IH sorts). cbn [covering].
  assert (forall d', find compare_dot d' begun <> None -> dot_origin d' = dot_origin d ->
    counter d < counter d') as later.
  { intros d' found same. apply (found_means_key compare_dot) in found; [| exact sorts].
    apply greater_dots_of_one_origin_count_more; [easy |].
    unfold keys_above, all_above in above. rewrite Forall_forall in above. now apply above. }
  destruct (covering compare_name o m begun) as [[e p] |].
  - destruct IH as (found & same & bound & most). split; [| split; [exact same | split; [exact bound |]]].
    + rewrite (find_in_first_and_rest compare_dot) by exact above.
      destruct (equal_is_equality compare_dot e d) as [-> |]; [| exact found].
      pose proof (later d ltac:(congruence) eq_refl). lia.
    + intros d' found' same' bound'. rewrite (find_in_first_and_rest compare_dot) in found' by exact above.
      destruct (equal_is_equality compare_dot d' d) as [is_d |]; [subst d' | now apply most].
      pose proof (later e ltac:(congruence) ltac:(congruence)). lia.
  - destruct (equal_is_equality compare_origin (dot_origin d) o) as [<- | other]; cbn [andb].
    + destruct (N.leb_spec (counter d) m) as [le | lt].
      * split; [| split; [reflexivity | split; [exact le |]]].
        -- rewrite (find_in_first_and_rest compare_dot) by exact above.
           now rewrite (equal_to_itself compare_dot).
        -- intros d' found' same' bound'.
           rewrite (find_in_first_and_rest compare_dot) in found' by exact above.
           destruct (equal_is_equality compare_dot d' d) as [is_d |]; [subst d'; lia |].
           specialize (IH d' found' same'). lia.
      * intros d' found' same'. rewrite (find_in_first_and_rest compare_dot) in found' by exact above.
        destruct (equal_is_equality compare_dot d' d) as [is_d |]; [subst d'; exact lt | now apply IH].
    + intros d' found' same'. rewrite (find_in_first_and_rest compare_dot) in found' by exact above.
      destruct (equal_is_equality compare_dot d' d) as [is_d |]; [subst d'; easy | now apply IH].
Qed.

Lemma nothing_else_covers o m (begun : sorted_map dot N) d q :
  sorted compare_dot begun = true ->
  find compare_dot d begun = Some q ->
  dot_origin d = o ->
  counter d <= m ->
  (forall d', find compare_dot d' begun <> None -> dot_origin d' = o -> counter d' <= m ->
    counter d' <= counter d) ->
  covering compare_name o m begun = Some (d, q).
Proof using lawful_names.
  intros sorts found same bound most. pose proof (what_covers o m begun sorts) as covers.
  destruct (covering compare_name o m begun) as [[e p] |].
  - destruct covers as (found' & same' & bound' & most').
    assert (e = d) as ->; [| congruence].
    apply dots_are_equal; [congruence |].
    pose proof (most e ltac:(congruence) same' bound').
    pose proof (most' d ltac:(congruence) same bound). lia.
  - specialize (covers d ltac:(congruence) same). lia.
Qed.

Section One_side.
Context (S : list path) (H : list N) (k : knowledge).
Context (known : known_of T S) (all : enough S H) (state : represents S H k).

Lemma openings_are_sorted : sorted compare_dot (openings k) = true.
Proof using state. apply state. Qed.

Lemma an_operation_of_a_dot d :
  contains d (counts k) = true <-> exists u, In u S /\ name H u = d.
Proof using state. apply (counts_are_known _ _ _ state). Qed.

Lemma an_opening_of_a_dot d q :
  find compare_dot d (openings k) = Some q <->
  exists p x, In (Follows p q true x) S /\ name H (Follows p q true x) = d.
Proof using state.
  destruct (openings_are_known _ _ _ state) as [_ held]. rewrite held. split.
  - intros (u & there & same & begins). destruct u as [| p q' [] x]; try easy.
    injection begins as ->. now exists p, x.
  - intros (p & x & there & same). now exists (Follows p q true x).
Qed.

Lemma an_opening_begins_there p q b x :
  In (Follows p q b x) S ->
  find compare_dot (name H (Follows p q b x)) (openings k) = if b then Some q else None.
Proof using all grown known state.
  intros there.
  destruct (find compare_dot (name H (Follows p q b x)) (openings k)) as [q' |] eqn:found.
  - apply an_opening_of_a_dot in found as (p' & x' & there' & same).
    apply (a_name_names_one_operation S H) in same; auto. now injection same as -> -> <- ->.
  - destruct b; [| reflexivity]. exfalso.
    assert (find compare_dot (name H (Follows p q true x)) (openings k) = Some q) as found'
      by (apply an_opening_of_a_dot; now exists p, x).
    congruence.
Qed.

Lemma earlier_operations_have_smaller_dots u : In u S -> since_begun u < counter (name H u).
Proof using grown known.
  induction u as [o | p IH q b x]; intros there.
  { destruct (operations_happened _ grown o). now apply (known_happened _ _ known). }
  destruct b; [pose proof (counters_start_at_1 H p q true x); cbn [since_begun]; lia |].
  rewrite uncut_names by reflexivity. cbn [since_begun counter].
  destruct (openings_go_on _ grown p q x (known_happened _ _ known _ there)) as (p' & b' & x' & ->).
  destruct (known_with_what_is_followed _ _ known _ _ _ _ there) as [p_in | (o & e)]; [| discriminate].
  specialize (IH p_in). lia.
Qed.

Lemma the_covering_opening u :
  In u S ->
  covering compare_name (dot_origin (name H u)) (counter (name H u)) (openings k)
  = Some (Dot (dot_origin (name H u)) (counter (name H u) - since_begun u), opening_of u).
Proof using all grown known lawful_names state.
  induction u as [o | p IH q b x]; intros there.
  { destruct (operations_happened _ grown o). now apply (known_happened _ _ known). }
  destruct b; cbn [since_begun opening_of].
  - rewrite N.sub_0_r. assert (forall d : dot, Dot (dot_origin d) (counter d) = d) as eta
      by now intros [].
    rewrite eta. apply nothing_else_covers; [apply openings_are_sorted | | reflexivity | lia | auto].
    now rewrite an_opening_begins_there.
  - destruct (openings_go_on _ grown p q x (known_happened _ _ known _ there)) as (p' & b' & x' & ->).
    destruct (known_with_what_is_followed _ _ known _ _ _ _ there) as [p_in | (o & e)]; [| discriminate].
    specialize (IH p_in). set (p := Follows p' q b' x') in *.
    pose proof (an_opening_begins_there p q false x there) as none.
    rewrite uncut_names in * by reflexivity. cbn [dot_origin counter] in *.
    pose proof (what_covers (dot_origin (name H p)) (counter (name H p)) (openings k)
      openings_are_sorted) as covers.
    rewrite IH in covers. destruct covers as (found & same & bound & most).
    apply nothing_else_covers; try assumption; cbn [counter dot_origin] in *.
    + apply openings_are_sorted.
    + replace (counter (name H p) + 1 - (since_begun p + 1))
        with (counter (name H p) - since_begun p) by lia. exact found.
    + lia.
    + intros d' found' same' bound'. enough (counter d' <= counter (name H p)) as le
        by (specialize (most d' found' same' le); lia).
      enough (counter d' <> counter (name H p) + 1) by lia. intros last.
      apply found'. rewrite <- none. f_equal. now apply dots_are_equal.
Qed.

Lemma earlier_operations_of_an_origin n : forall u m,
  In u S ->
  name H u = Dot (dot_origin (name H u)) (m + n) ->
  1 <= m ->
  exists w, In w S /\ name H w = Dot (dot_origin (name H u)) m.
Proof using all grown known.
  induction n as [| n IH] using N.peano_ind; intros u m there named positive.
  - exists u. now rewrite named, N.add_0_r.
  - assert (name H u = Dot (dot_origin (name H u)) (m + n + 1)) as named' by (rewrite named; f_equal; lia).
    destruct (later_names S H u _ _ known there named' ltac:(lia))
      as (p & q & b & x & -> & p_in & named_p & _).
    destruct (IH p m p_in) as (w & w_in & named_w).
    + now rewrite named_p.
    + exact positive.
    + exists w. split; [exact w_in |]. now rewrite named_w, named_p.
Qed.
End One_side.

(** ** Two that compare what they know *)

Lemma openings_are_runs u v :
  In u T ->
  In v T ->
  opening_of u = opening_of v ->
  since_begun u = since_begun v ->
  u = v.
Proof using grown.
  revert v. induction u as [o | p IH q b x]; intros v u_in v_in same ago.
  { now destruct (operations_happened _ grown o). }
  destruct v as [o | p' q' b' x']; [now destruct (operations_happened _ grown o) |].
  cbn in same. subst q'. destruct b, b'; cbn in ago; try lia.
  - now apply (openings_begin_once _ grown).
  - destruct (openings_go_on _ grown _ _ _ u_in) as (p1 & b1 & x1 & ->).
    destruct (openings_go_on _ grown _ _ _ v_in) as (p2 & b2 & x2 & ->).
    destruct (what_is_followed_happened _ grown _ _ _ _ u_in) as [in1 | (o & e)]; [| discriminate].
    destruct (what_is_followed_happened _ grown _ _ _ _ v_in) as [in2 | (o & e)]; [| discriminate].
    rewrite (IH _ in1 in2 eq_refl ltac:(lia)) in *.
    now apply (openings_go_on_once _ grown).
Qed.

(** What one replica knows, in names that are right among what is known in [U]. *)
Record named_in (U S : list path) (H : list N) (k : knowledge) : Prop := {
  side_is_known : known_of T S;
  side_is_part : incl S U;
  side_is_enough : enough S H;
  side_is_due : due S U H;
  side_is_begun : begun_in S H;
  side_is_held : represents S H k
}.

Section Two_sides.
Context (U A B : list path) (HA HB : list N) (a b : knowledge).
Context (ours : named_in U A HA a) (theirs : named_in U B HB b).

Lemma one_dot_is_one_operation_where_they_agree u v :
  In u A ->
  In v B ->
  name HA u = name HB v ->
  agree_at compare_name a b (dot_origin (name HA u)) (counter (name HA u)) = true <-> u = v.
Proof using grown lawful_names ours theirs.
  intros u_in v_in same.
  pose proof (the_covering_opening A HA a (side_is_known _ _ _ _ ours)
    (side_is_enough _ _ _ _ ours) (side_is_held _ _ _ _ ours) u u_in) as cover_a.
  pose proof (the_covering_opening B HB b (side_is_known _ _ _ _ theirs)
    (side_is_enough _ _ _ _ theirs) (side_is_held _ _ _ _ theirs) v v_in) as cover_b.
  unfold agree_at. rewrite cover_a, same, cover_b, <- same.
  pose proof (earlier_operations_have_smaller_dots A HA (side_is_known _ _ _ _ ours) u u_in).
  pose proof (earlier_operations_have_smaller_dots B HB (side_is_known _ _ _ _ theirs) v v_in).
  rewrite <- same in *.
  destruct (equal_is_equality (compare_option (compare_pair compare_dot N.compare))
    (Some (Dot (dot_origin (name HA u)) (counter (name HA u) - since_begun u), opening_of u))
    (Some (Dot (dot_origin (name HA u)) (counter (name HA u) - since_begun v), opening_of v)))
    as [equal_covers | different].
  - split; [intros _ | reflexivity]. injection equal_covers as ago opening.
    apply openings_are_runs; [now apply (known_happened _ _ (side_is_known _ _ _ _ ours))
      | now apply (known_happened _ _ (side_is_known _ _ _ _ theirs)) | exact opening | lia].
  - split; [discriminate | now intros ->].
Qed.

Lemma earlier_dots_are_the_same_operations u w :
  In u A ->
  In u B ->
  name HA u = name HB u ->
  In w A ->
  dot_origin (name HA w) = dot_origin (name HA u) ->
  counter (name HA w) <= counter (name HA u) ->
  In w B /\ name HB w = name HA w.
Proof using grown ours theirs.
  destruct ours as [known_a _ enough_a _ _ _], theirs as [known_b _ _ _ _ _].
  induction u as [o | p IH q b' x]; intros in_a in_b same w_in origins bound.
  { destruct (operations_happened _ grown o). now apply (known_happened _ _ known_a). }
  set (u := Follows p q b' x) in *.
  destruct (N.eq_dec (counter (name HA w)) (counter (name HA u))) as [last | earlier].
  - assert (w = u) as ->; [| easy].
    apply (a_name_names_one_operation A HA); auto. now apply dots_are_equal.
  - destruct (known_operations_are_operations A w known_a w_in) as (p' & q' & b'' & x' & ->).
    pose proof (counters_start_at_1 HA p' q' b'' x').
    assert (name HA u = Dot (dot_origin (name HA u)) (counter (name HA u) - 1 + 1)) as named
      by (apply dots_are_equal; cbn [dot_origin counter]; lia || reflexivity).
    destruct (later_names A HA u _ _ known_a in_a named ltac:(lia))
      as (p1 & q1 & b1 & x1 & is_u & p_in & named_p & _).
    injection is_u as <- <- <- <-. rewrite same in named.
    destruct (later_names B HB u _ _ known_b in_b named ltac:(rewrite <- same; lia))
      as (p1 & q1 & b1 & x1 & is_u & p_in' & named_p' & _).
    injection is_u as <- <- <- <-. rewrite <- same in named_p'.
    apply IH; try assumption.
    + now rewrite named_p, named_p'.
    + now rewrite named_p.
    + rewrite named_p. cbn [counter]. lia.
Qed.

Lemma a_known_branch_is_due r :
  known_branch compare_name a b = Some r ->
  exists p q x, In (Follows p q true x) B /\ r = (name HB (Follows p q true x), q) /\
    ~ In q HB /\ In q HA /\ exists v, In v U /\ overtakes v (Follows p q true x).
Proof using grown lawful_names ours theirs.
  destruct ours as [known_a part_a enough_a due_a begun_a held_a].
  destruct theirs as [known_b part_b enough_b due_b begun_b held_b].
  destruct r as [d q]. intros [there [elsewhere counted]%andb_prop]%find_some.
  apply (found_means_in compare_dot) in there; [| apply (openings_are_known _ _ _ held_b)].
  apply (an_opening_of_a_dot B HB b held_b) in there as (p & x & u_in & named).
  apply negb_true_iff in elsewhere. apply N.leb_le in counted.
  unfold renamed_origin in *. cbn [fst snd] in *.
  assert (~ In q HB) as uncut.
  { intros is_cut. rewrite cut_names in named by exact is_cut. subst d.
    cbn [dot_origin] in elsewhere. cbn in elsewhere.
    now rewrite (equal_to_itself compare_origin) in elsewhere. }
  assert (contains (Dot (Origin (replica (dot_origin d)) q) 1) (counts a) = true) as has
    by (apply (version_vector_proof.contains_means_counted compare_name); cbn [counter dot_origin]; lia).
  apply (an_operation_of_a_dot A HA a held_a) in has as (w & w_in & named_w).
  assert (In q HA) as is_cut.
  { destruct (first_names A HA w _ known_a w_in named_w) as [p' q' x' -> is_cut same | q' b' x' -> _].
    - now injection same as _ ->.
    - destruct (openings_are_no_first_incarnations _ grown p q x
        (Follows (Root (Origin (replica (dot_origin d)) q)) q' b' x')); [| | reflexivity].
      + now apply (known_happened _ _ known_b).
      + now apply (known_happened _ _ known_a). }
  exists p, q, x. split; [exact u_in |]. split; [now rewrite named |].
  split; [exact uncut |]. split; [exact is_cut |].
  destruct (begun_a q is_cut) as (p' & x' & w'_in).
  rewrite (openings_begin_once _ grown p p' q x x' (known_happened _ _ known_b _ u_in)
    (known_happened _ _ known_a _ w'_in)).
  now apply due_a.
Qed.

Lemma the_least_dot_is_found (p : dot -> bool) ds d :
  rising compare_dot ds = true ->
  List.find p ds = Some d ->
  forall e, In e ds -> compare_dot e d = Lt -> p e = false.
Proof using lawful_names.
  induction ds as [| d' ds IH]; intros rises found e e_in lt; [easy |].
  apply (rising_means_all_above_the_first compare_dot) in rises as [above rises].
  cbn in found. destruct (p d') eqn:here.
  - injection found as <-. exfalso. destruct e_in as [<- | e_in].
    + now apply (nothing_is_below_itself compare_dot d').
    + unfold all_above in above. rewrite Forall_forall in above. specialize (above e e_in).
      now apply (nothing_is_below_both_ways compare_dot _ _ above).
  - destruct e_in as [<- | e_in]; [exact here | now apply IH].
Qed.

Lemma earlier_dots_are_less (d e : dot) :
  dot_origin d = dot_origin e ->
  counter d < counter e ->
  compare_dot d e = Lt.
Proof using lawful_names.
  destruct d as [o m], e as [o' n]. cbn [dot_origin counter]. intros <- lt.
  unfold dot.compare_dot, compare_by, compare_pair. cbn [fst snd dot_origin counter].
  rewrite (all_equal_themselves compare_origin). now apply N.compare_lt_iff.
Qed.

Lemma an_opening_covers_from_where_it_begins o m n (begun : sorted_map dot N) d q :
  sorted compare_dot begun = true ->
  covering compare_name o m begun = Some (d, q) ->
  counter d <= n <= m ->
  covering compare_name o n begun = Some (d, q).
Proof using lawful_names.
  intros sorts covers bounds. pose proof (what_covers o m begun sorts) as what.
  rewrite covers in what. destruct what as (found & same & bound & most).
  apply nothing_else_covers; try assumption; [lia |].
  intros d' found' same' bound'. apply most; [assumption.. | lia].
Qed.

(** A fork, as [first_fork] finds it: what follows the same operation under the same dot. *)
Record fork_at (d : dot) (p : path) (q q' : N) (b b' : bool) (x x' : Content) : Prop := {
  our_branch : In (Follows p q b x) A;
  their_branch : In (Follows p q' b' x') B;
  our_name : name HA (Follows p q b x) = d;
  their_name : name HB (Follows p q' b' x') = d;
  we_did_not_cut : b && cut HA q = false;
  they_did_not_cut : b' && cut HB q' = false;
  branches_differ : Follows p q b x <> Follows p q' b' x'
}.

(** Sketch: both sides have an operation under the dot, and these differ. If the dot is the first of its
    origin, neither operation began a renamed branch, since an opening begins once and renamed
    origins are no first ones; so both follow the root. Otherwise both follow operations under the
    dot before; these are one, for if not, the openings that cover them differ where the later of the
    two begins, which is a fork at a smaller dot. *)
Lemma the_first_fork_is_one d :
  first_fork compare_name a b = Some d ->
  exists p q q' b b' x x', fork_at d p q q' b b' x x'.
Proof using grown lawful_names ours theirs.
  pose proof one_dot_is_one_operation_where_they_agree as one_dot.
  destruct ours as [known_a part_a enough_a due_a begun_a held_a].
  destruct theirs as [known_b part_b enough_b due_b begun_b held_b].
  intros found. pose proof (the_least_dot_is_found _ _ d
    (set_of_is_rising compare_dot _) found) as least.
  apply find_some in found as [_ [[in_a in_b]%andb_prop differ]%andb_prop].
  pose proof in_a as counted_a. pose proof in_b as counted_b.
  apply (version_vector_proof.contains_means_counted compare_name) in counted_a, counted_b.
  apply negb_true_iff in differ.
  apply (an_operation_of_a_dot A HA a held_a) in in_a as (u & u_in & named_u).
  apply (an_operation_of_a_dot B HB b held_b) in in_b as (v & v_in & named_v).
  assert (u <> v) as apart.
  { intros same. apply (one_dot u v u_in v_in ltac:(congruence)) in same. congruence. }
  destruct (N.eq_dec (counter d) 1) as [first | later].
  - assert (name HA u = Dot (dot_origin d) 1) as name_u by (rewrite named_u; now apply dots_are_equal).
    assert (name HB v = Dot (dot_origin d) 1) as name_v by (rewrite named_v; now apply dots_are_equal).
    destruct (first_names A HA u _ known_a u_in name_u) as [p q x -> is_cut head | q b' x -> uncut];
    destruct (first_names B HB v _ known_b v_in name_v) as [p' q' x' -> is_cut' head' | q' b'' x' -> uncut'].
    + exfalso. apply apart. rewrite head in head'. injection head' as _ <-.
      apply (openings_begin_once _ grown); [now apply (known_happened _ _ known_a)
        | now apply (known_happened _ _ known_b)].
    + exfalso. rewrite head in v_in.
      destruct (openings_are_no_first_incarnations _ grown p q x
        (Follows (Root (Origin (replica (root p)) q)) q' b'' x')); [| | reflexivity].
      * now apply (known_happened _ _ known_a).
      * now apply (known_happened _ _ known_b).
    + exfalso. rewrite head' in u_in.
      destruct (openings_are_no_first_incarnations _ grown p' q' x'
        (Follows (Root (Origin (replica (root p')) q')) q b' x)); [| | reflexivity].
      * now apply (known_happened _ _ known_b).
      * now apply (known_happened _ _ known_a).
    + exists (Root (dot_origin d)), q, q', b', b'', x, x'. now split.
  - set (n := counter d - 1). assert (counter d = n + 1 /\ 1 <= n) as [is_n positive] by lia.
    assert (name HA u = Dot (dot_origin d) (n + 1)) as name_u by (rewrite named_u; now apply dots_are_equal).
    assert (name HB v = Dot (dot_origin d) (n + 1)) as name_v by (rewrite named_v; now apply dots_are_equal).
    destruct (later_names A HA u _ _ known_a u_in name_u positive)
      as (p & q & b' & x & -> & p_in & named_p & uncut).
    destruct (later_names B HB v _ _ known_b v_in name_v positive)
      as (p' & q' & b'' & x' & -> & p'_in & named_p' & uncut').
    assert (p = p') as <-.
    { apply (one_dot p p' p_in p'_in ltac:(congruence)). rewrite named_p. cbn [dot_origin counter].
      apply not_false_is_true. intros forked.
      pose proof (the_covering_opening A HA a known_a enough_a held_a p p_in) as cover_a.
      pose proof (the_covering_opening B HB b known_b enough_b held_b p' p'_in) as cover_b.
      pose proof (earlier_operations_have_smaller_dots A HA known_a p p_in) as ago_a.
      pose proof (earlier_operations_have_smaller_dots B HB known_b p' p'_in) as ago_b.
      rewrite named_p in *. rewrite named_p' in *. cbn [dot_origin counter] in *.
      set (f := n - since_begun p) in *. set (f' := n - since_begun p') in *.
      pose proof (what_covers (dot_origin d) n (openings a) (openings_are_sorted A HA a held_a)) as what_a.
      pose proof (what_covers (dot_origin d) n (openings b) (openings_are_sorted B HB b held_b)) as what_b.
      rewrite cover_a in what_a. rewrite cover_b in what_b.
      destruct what_a as (found_a & _), what_b as (found_b & _).
      specialize (least (Dot (dot_origin d) (N.max f f'))).
      assert (covering compare_name (dot_origin d) (N.max f f') (openings a)
        = Some (Dot (dot_origin d) f, opening_of p)) as at_a
        by (apply (an_opening_covers_from_where_it_begins _ n);
          [apply (openings_are_sorted A HA a held_a) | exact cover_a | cbn [counter]; lia]).
      assert (covering compare_name (dot_origin d) (N.max f f') (openings b)
        = Some (Dot (dot_origin d) f', opening_of p')) as at_b
        by (apply (an_opening_covers_from_where_it_begins _ n);
          [apply (openings_are_sorted B HB b held_b) | exact cover_b | cbn [counter]; lia]).
      enough (negb (agree_at compare_name a b (dot_origin d) (N.max f f')) = true) as differs.
      { cbn [dot_origin counter] in least. rewrite differs in least.
        assert (contains (Dot (dot_origin d) (N.max f f')) (counts a) = true) as has_a
          by (apply (version_vector_proof.contains_means_counted compare_name); cbn [dot_origin counter]; lia).
        assert (contains (Dot (dot_origin d) (N.max f f')) (counts b) = true) as has_b
          by (apply (version_vector_proof.contains_means_counted compare_name); cbn [dot_origin counter]; lia).
        rewrite has_a, has_b in least. discriminate least.
        - apply (in_set_of compare_dot), in_app_iff.
          destruct (N.max_spec f f') as [[_ ->] | [_ ->]]; [right | left];
            apply (found_means_key compare_dot);
            try (apply (openings_are_sorted A HA a held_a) || apply (openings_are_sorted B HB b held_b));
            congruence.
        - apply earlier_dots_are_less; cbn [dot_origin counter]; [reflexivity | lia]. }
      unfold agree_at in forked |- *. now rewrite at_a, at_b, <- cover_a, <- cover_b, forked. }
    exists p, q, q', b', b'', x, x'. now split.
Qed.

(** The opening that [next_renaming] chooses is known on its side, not cut there, and is to be cut. *)
Definition due_on (S : list path) (H : list N) (r : renaming (Name := Name)) : Prop :=
  exists p q x, In (Follows p q true x) S /\ r = (name H (Follows p q true x), q) /\ ~ In q H /\
    exists v, In v U /\ overtakes v (Follows p q true x).

Lemma a_fork_is_due d s r :
  first_fork compare_name a b = Some d ->
  later_branch compare_name a b d = Some (s, r) ->
  match s with
  | Ours => due_on A HA r
  | Theirs => due_on B HB r
  end.
Proof using grown lawful_names ours theirs.
  intros (p & q & q' & b1 & b2 & x & x' & [in_a in_b named_a named_b uncut_a uncut_b apart])%the_first_fork_is_one.
  destruct ours as [known_a part_a enough_a due_a begun_a held_a].
  destruct theirs as [known_b part_b enough_b due_b begun_b held_b].
  assert (forall H q, cut H q = false -> ~ In q H) as not_cut.
  { intros H r' no yes. apply cut_means_in in yes. congruence. }
  unfold later_branch.
  pose proof (an_opening_begins_there A HA a known_a enough_a held_a _ _ _ _ in_a) as at_a.
  pose proof (an_opening_begins_there B HB b known_b enough_b held_b _ _ _ _ in_b) as at_b.
  rewrite named_a in at_a. rewrite named_b in at_b. rewrite at_a, at_b.
  destruct b1, b2; cbn [andb] in *.
  - assert (q <> q') as different.
    { intros <-. apply apart. apply (openings_begin_once _ grown);
        [now apply (known_happened _ _ known_a) | now apply (known_happened _ _ known_b)]. }
    destruct (N.ltb_spec q q') as [lt | le]; intros [= <- <-].
    + exists p, q', x'. rewrite named_b. repeat split; auto.
      exists (Follows p q true x). split; [now apply part_a | now constructor].
    + exists p, q, x. rewrite named_a. repeat split; auto.
      exists (Follows p q' true x'). split; [now apply part_b | constructor; lia].
  - intros [= <- <-]. exists p, q, x. rewrite named_a. repeat split; auto.
    exists (Follows p q' false x'). split; [now apply part_b | constructor].
  - intros [= <- <-]. exists p, q', x'. rewrite named_b. repeat split; auto.
    exists (Follows p q false x). split; [now apply part_a | constructor].
  - discriminate.
Qed.
End Two_sides.
End Forest.
End Openings.
