(** Deltas between replicas whose disks were put back: they unite the operations, under the names
    that the union gives them; and the check finds every fork, and no other.

    [held_of] says what a replica holds, by the operations alone; [delta_of] the same of a delta,
    that brings to one who knows [V] what it lacks of [U]. *)

From Coq Require Import List Bool NArith Lia.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof openings.
From Rejoin Require Import openings_names_proof openings_forks_proof openings_proof.
From Rejoin Require version_vector version_vector_proof version_vector_meaning_proof lattice.
Import ListNotations.
Open Scope N_scope.

Section Deltas.
Context {Name Content : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Local Notation compare_origin := (compare_origin compare_name).
Local Notation compare_dot := (compare_dot compare_name).
Local Notation dot := (dot Name).
Local Notation origin := (origin Name).
Local Notation path := (path (Name := Name) (Content := Content)).
Local Notation knowledge := (knowledge Name).
Local Notation held := (held Name Content).
Local Notation delta := (delta Name Content).
Local Notation contains := (version_vector.contains compare_name).
Local Notation counts_of := (counts_of (Content := Content) compare_name).
Local Notation holds := (holds (Content := Content) compare_name).
Local Notation after := (after compare_name).
Implicit Types A B D R S U V : list path.
Implicit Types H : list N.
Context (T : list path) (grown : forest T).
Local Notation named_in := (named_in compare_name T).
Local Notation known_of := (known_of T).

(** ** Renaming all that a replica keeps *)

Lemma made_cuts_are_enough U H rs H' :
  makes U H rs H' ->
  enough U H ->
  enough U H'.
Proof. intros made. induction made; [easy |]. intros all. now apply IHmade, cutting_more_is_enough. Qed.

Lemma renamed_counts_after S U H rs H' v :
  known_of U ->
  incl S U ->
  enough U H ->
  makes U H rs H' ->
  counts_of S H v ->
  counts_of S H' (fold_left (fun v r => rename_counts compare_name r v) rs v).
Proof using grown lawful_names.
  intros known part all made. revert v.
  induction made as [| H p q x rs H' there uncut made IH]; intros v counts; [exact counts |].
  cbn [fold_left]. apply IH; [now apply cutting_more_is_enough |].
  now apply (renamed_counts compare_name T grown S U).
Qed.

Lemma renamed_values_after {V : Type} (value : path -> option V) S U H rs H' m :
  known_of U ->
  incl S U ->
  enough U H ->
  makes U H rs H' ->
  holds value S H m ->
  holds value S H' (fold_left (fun m r => rename_keys compare_name r m) rs m).
Proof using grown lawful_names.
  intros known part all made. revert m.
  induction made as [| H p q x rs H' there uncut made IH]; intros m values; [exact values |].
  cbn [fold_left]. apply IH; [now apply cutting_more_is_enough |].
  now apply (renamed_values compare_name T grown value S U).
Qed.

Lemma renamed_parts_of_a_state rs (h : held) :
  fold_left (fun h r => rename_held compare_name r h) rs h
  = Held (fold_left (fun o r => rename_own compare_name r o) rs (own h))
      (after rs (known h))
      (fold_left (fun m r => rename_keys compare_name r m) rs (content h)).
Proof. revert h. induction rs as [| r rs IH]; intros h; [now destruct h | apply IH]. Qed.

Lemma renamed_parts_of_a_delta rs (d : delta) :
  fold_left (fun d r => rename_delta compare_name r d) rs d
  = Delta (fold_left (fun v r => rename_counts compare_name r v) rs (since d))
      (after rs (seen d))
      (fold_left (fun m r => rename_keys compare_name r m) rs (brings d)).
Proof. revert d. induction rs as [| r rs IH]; intros d; [now destruct d | apply IH]. Qed.

(** ** The union *)

Lemma operations_are_named_alike {V : Type} (value : path -> option V) S H H' m :
  (forall u, In u S -> name H u = name H' u) ->
  holds value S H m ->
  holds value S H' m.
Proof.
  intros alike [sorts held]. split; [exact sorts |]. intros d v. rewrite held.
  split; intros (u & there & <- & at_u); exists u; rewrite ?alike by exact there; auto.
Qed.

Lemma counts_are_named_alike S H H' v :
  (forall u, In u S -> name H u = name H' u) ->
  counts_of S H v ->
  counts_of S H' v.
Proof.
  intros alike [good counted]. split; [exact good |]. intros d. rewrite counted.
  split; intros (u & there & <-); exists u; rewrite ?alike by exact there; auto.
Qed.

Lemma a_part_is_named_in_more U U' S H k :
  incl U U' ->
  named_in U S H k ->
  named_in U' S H k.
Proof.
  intros more [known part all is_due begun held]. split; auto.
  - intros u there. auto.
  - intros p q x there is_cut. destruct (is_due p q x there is_cut) as (v & v_in & over).
    exists v. auto.
Qed.

Lemma merged_values {V : Type} (value : path -> option V) U S1 S2 H (a b : sorted_map dot V) :
  known_of U ->
  enough U H ->
  incl S1 U ->
  incl S2 U ->
  holds value S1 H a ->
  holds value S2 H b ->
  holds value (S1 ++ S2) H (merge compare_dot (fun x y =>
    match x with
    | Some _ => x
    | None => y
    end) a b).
Proof using grown lawful_names.
  intros known all part1 part2 [sorts1 held1] [sorts2 held2].
  split; [now apply (merge_is_sorted compare_dot) |]. intros d v.
  rewrite (find_in_merge compare_dot) by (reflexivity || assumption).
  destruct (find compare_dot d a) as [v' |] eqn:found.
  - pose proof (proj1 (held1 d v') found) as (u & u_in & named & at_u). split.
    + intros [= ->]. exists u. rewrite in_app_iff. auto.
    + intros (w & [w_in | w_in]%in_app_iff & named' & at_w).
      * rewrite <- found. apply held1. now exists w.
      * rewrite (a_name_names_one_operation T grown U H u w) in at_u; auto; congruence.
  - rewrite held2. split.
    + intros (w & w_in & same & at_w). exists w. rewrite in_app_iff. auto.
    + intros (w & [w_in | w_in]%in_app_iff & same & at_w); [| now exists w].
      assert (find compare_dot d a = Some v) by (apply held1; now exists w). congruence.
Qed.

Lemma holding_depends_on_the_operations {V : Type} (value : path -> option V) S S' H m :
  (forall u, In u S <-> In u S') ->
  holds value S H m ->
  holds value S' H m.
Proof.
  intros same [sorts held]. split; [exact sorts |]. intros d v. rewrite held.
  split; intros (u & there & rest); exists u; (split; [now apply same | exact rest]).
Qed.

Section Union.
Context (A B : list path) (HA HB : list N) (a b : knowledge).
Local Notation U := (A ++ B).
Context (ours : named_in U A HA a) (theirs : named_in U B HB b).
Context (rest : next_renaming compare_name a b = None).

Lemma the_union_is_known : known_of U.
Proof using ours theirs.
  destruct ours as [[happened_a followed_a] _ _ _ _ _], theirs as [[happened_b followed_b] _ _ _ _ _].
  split.
  - intros u [there | there]%in_app_iff; auto.
  - intros p q b' x [there | there]%in_app_iff; rewrite in_app_iff.
    + destruct (followed_a _ _ _ _ there); auto.
    + destruct (followed_b _ _ _ _ there); auto.
Qed.

Lemma cut_in_ours p q x : In (Follows p q true x) A -> In q (HA ++ HB) <-> In q HA.
Proof using grown lawful_names ours rest theirs.
  intros there. rewrite in_app_iff. split; [intros [| is_cut]; [assumption |] | auto].
  destruct (side_is_begun _ _ _ _ _ _ theirs q is_cut) as (p' & x' & there').
  pose proof (openings_begin_once _ grown p p' q x x'
    (known_happened _ _ (side_is_known _ _ _ _ _ _ ours) _ there)
    (known_happened _ _ (side_is_known _ _ _ _ _ _ theirs) _ there')) as same.
  rewrite <- same in there'.
  now apply (what_both_know_is_cut_by_both compare_name T grown U A B HA HB a b ours theirs rest
    p q x).
Qed.

Lemma cut_in_theirs p q x : In (Follows p q true x) B -> In q (HA ++ HB) <-> In q HB.
Proof using grown lawful_names ours rest theirs.
  intros there. rewrite in_app_iff. split; [intros [is_cut |]; [| assumption] | auto].
  destruct (side_is_begun _ _ _ _ _ _ ours q is_cut) as (p' & x' & there').
  pose proof (openings_begin_once _ grown p p' q x x'
    (known_happened _ _ (side_is_known _ _ _ _ _ _ theirs) _ there)
    (known_happened _ _ (side_is_known _ _ _ _ _ _ ours) _ there')) as same.
  rewrite <- same in there'.
  now apply (what_both_know_is_cut_by_both compare_name T grown U A B HA HB a b ours theirs rest
    p q x).
Qed.

Lemma names_depend_on_what_is_cut (S : list path) H H' :
  known_of S ->
  (forall p q x, In (Follows p q true x) S -> In q H <-> In q H') ->
  forall w, In w S -> name H w = name H' w.
Proof.
  intros known same w. induction w as [o | p IH q b' x]; intros there; [reflexivity |].
  assert (name H p = name H' p) as before
    by (destruct (known_with_what_is_followed _ _ known _ _ _ _ there) as [| (o & ->)]; auto).
  cbn [name]. rewrite before. destruct b'; [| reflexivity].
  specialize (same p q x there). rewrite <- !cut_means_in in same.
  destruct (cut H q), (cut H' q); cbn; intuition congruence.
Qed.

Lemma ours_in_the_union w : In w A -> name HA w = name (HA ++ HB) w.
Proof using grown lawful_names ours rest theirs.
  apply names_depend_on_what_is_cut; [apply (side_is_known _ _ _ _ _ _ ours) |].
  intros p q x there. now rewrite (cut_in_ours p q x there).
Qed.

Lemma theirs_in_the_union w : In w B -> name HB w = name (HA ++ HB) w.
Proof using grown lawful_names ours rest theirs.
  apply names_depend_on_what_is_cut; [apply (side_is_known _ _ _ _ _ _ theirs) |].
  intros p q x there. now rewrite (cut_in_theirs p q x there).
Qed.

Lemma enough_is_cut_in_the_union : enough U (HA ++ HB).
Proof using grown lawful_names ours rest theirs.
  intros p q x v [there | there]%in_app_iff v_in over; apply in_app_iff.
  - left. apply (without_a_renaming_all_is_cut compare_name T grown U A B HA HB a b ours theirs)
      with (p := p) (x := x) (v := v); auto. intros u. apply in_app_iff.
  - right. assert (next_renaming compare_name b a = None) as rest'.
    { pose proof (no_branch_is_known compare_name a b rest) as [none none'].
      pose proof (no_fork_is_left compare_name T grown U A B HA HB a b ours theirs rest) as no_fork.
      unfold next_renaming. rewrite none, none'.
      destruct (first_fork compare_name b a) as [d |] eqn:fork; [| reflexivity]. exfalso.
      apply find_some in fork as [there_d [[in_b in_a]%andb_prop differ]%andb_prop].
      assert (In d (set_of compare_dot (keys (openings a) ++ keys (openings b)))) as listed
        by (apply (in_set_of compare_dot), in_app_iff; apply (in_set_of compare_dot), in_app_iff in there_d;
          tauto).
      pose proof (find_none _ _ no_fork d listed) as no. cbv beta in no. rewrite in_a, in_b in no.
      unfold agree_at in no, differ. rewrite (equal_either_way _ _) in no. now rewrite differ in no. }
    apply (without_a_renaming_all_is_cut compare_name T grown U B A HB HA b a theirs ours)
      with (p := p) (x := x) (v := v); auto. intros u. rewrite in_app_iff. tauto.
Qed.

Theorem joining_what_is_reconciled_names_the_union :
  named_in U U (HA ++ HB) (join compare_name a b).
Proof using grown lawful_names ours rest theirs.
  pose proof the_union_is_known as known. pose proof enough_is_cut_in_the_union as all.
  split; [exact known | apply incl_refl | exact all | | |].
  - intros p q x [there | there]%in_app_iff is_cut.
    + apply (side_is_due _ _ _ _ _ _ ours p q x there). now apply (cut_in_ours p q x there).
    + apply (side_is_due _ _ _ _ _ _ theirs p q x there). now apply (cut_in_theirs p q x there).
  - intros q [is_cut | is_cut]%in_app_iff.
    + destruct (side_is_begun _ _ _ _ _ _ ours q is_cut) as (p & x & there).
      exists p, x. apply in_app_iff. now left.
    + destruct (side_is_begun _ _ _ _ _ _ theirs q is_cut) as (p & x & there).
      exists p, x. apply in_app_iff. now right.
  - destruct (side_is_held _ _ _ _ _ _ ours) as [counts_a openings_a].
    destruct (side_is_held _ _ _ _ _ _ theirs) as [counts_b openings_b].
    apply (counts_are_named_alike _ _ (HA ++ HB)) in counts_a; [| apply ours_in_the_union].
    apply (counts_are_named_alike _ _ (HA ++ HB)) in counts_b; [| apply theirs_in_the_union].
    apply (operations_are_named_alike _ _ _ (HA ++ HB)) in openings_a; [| apply ours_in_the_union].
    apply (operations_are_named_alike _ _ _ (HA ++ HB)) in openings_b; [| apply theirs_in_the_union].
    split; cbn [join counts openings].
    + destruct counts_a as [good_a counted_a], counts_b as [good_b counted_b]. split.
      * now apply (lattice.join_is_well_formed _ _ _
          (version_vector_proof.version_vectors_are_a_lattice compare_name)).
      * intros d. rewrite (version_vector_proof.contains_of_join compare_name) by assumption.
        rewrite orb_true_iff, counted_a, counted_b. split.
        -- intros [(u & u_in & same) | (u & u_in & same)]; exists u; rewrite in_app_iff; auto.
        -- intros (u & [u_in | u_in]%in_app_iff & same); [left | right]; now exists u.
    + apply (merged_values opening_begun U); auto; [apply incl_appl | apply incl_appr];
        apply incl_refl.
Qed.
End Union.

(** ** Names are a function of the operations *)

Lemma names_are_those_of_the_operations S S' H H' k k' :
  named_in S S H k ->
  named_in S' S' H' k' ->
  (forall u, In u S <-> In u S') ->
  forall u, In u S -> name H u = name H' u.
Proof using grown.
  intros [known _ all is_due begun _] [known' _ all' is_due' begun' _] same.
  apply names_depend_on_what_is_cut; [exact known |]. intros p q x there. split.
  - intros is_cut. destruct (is_due p q x there is_cut) as (v & v_in & over).
    apply (all' p q x v); [now apply same | now apply same | exact over].
  - intros is_cut. destruct (is_due' p q x (proj1 (same _) there) is_cut) as (v & v_in & over).
    apply (all p q x v); [exact there | now apply same | exact over].
Qed.

Lemma equal_values_are_equal_maps {V : Type} (value : path -> option V) S H m m' :
  holds value S H m ->
  holds value S H m' ->
  m = m'.
Proof using lawful_names.
  intros [sorts held] [sorts' held']. apply (equal_finds_make_equal_maps compare_dot); auto.
  intros d. destruct (find compare_dot d m) as [v |] eqn:found.
  - symmetry. now apply held', held.
  - destruct (find compare_dot d m') as [v |] eqn:found'; [| reflexivity].
    now rewrite (proj2 (held d v) (proj1 (held' d v) found')) in found.
Qed.

Theorem equal_operations_are_known_alike S S' H H' k k' :
  named_in S S H k ->
  named_in S' S' H' k' ->
  (forall u, In u S <-> In u S') ->
  k = k'.
Proof using grown lawful_names.
  intros here there same.
  pose proof (names_are_those_of_the_operations S S' H H' k k' here there same) as alike.
  destruct (side_is_held _ _ _ _ _ _ here) as [[good counted] begun].
  destruct (side_is_held _ _ _ _ _ _ there) as [[good' counted'] begun'].
  destruct k as [v m], k' as [v' m']. cbn [counts openings] in *. f_equal.
  - apply (version_vector_proof.equal_contents_make_equal_vectors compare_name); auto.
    intros d. apply eq_iff_eq_true. rewrite counted, counted'.
    split; intros (u & u_in & <-); exists u.
    + split; [now apply same | symmetry; now apply alike].
    + split; [now apply same | apply alike; now apply same].
  - apply (equal_values_are_equal_maps opening_begun S H); [exact begun |].
    apply (operations_are_named_alike _ _ H'); [intros; symmetry; now apply alike |].
    apply (holding_depends_on_the_operations _ S'); [| exact begun']. intros u. now rewrite same.
Qed.

(** ** What a replica holds, and what a delta brings *)

Context (first : origin -> Prop).

Definition own_fits (S : list path) (H : list N) (o : origin) : Prop :=
  (exists u, In u S /\ dot_origin (name H u) = o) \/ first o.

Definition held_of (S : list path) (h : held) : Prop :=
  exists H, named_in S S H (known h) /\ holds content_of S H (content h) /\ own_fits S H (own h).

Definition delta_of (U V : list path) (d : delta) : Prop :=
  exists H D, named_in U U H (seen d) /\ known_of V /\ incl V U /\ incl D U /\
    (forall u, In u U -> In u V \/ In u D) /\
    counts_of V H (since d) /\ holds content_of D H (brings d).

Lemma a_renamed_replica_keeps_an_origin S H rs H' o :
  known_of S ->
  enough S H ->
  makes S H rs H' ->
  own_fits S H o ->
  own_fits S H' (fold_left (fun o r => rename_own compare_name r o) rs o).
Proof using grown lawful_names.
  intros known all made. revert o.
  induction made as [| H p q x rs H' there uncut made IH]; intros o fits; [exact fits |].
  cbn [fold_left]. apply IH; [now apply cutting_more_is_enough |].
  unfold rename_own. cbn [fst].
  destruct (equal_is_equality compare_origin o (dot_origin (name H (Follows p q true x)))) as [-> | other].
  - left. exists (Follows p q true x). split; [exact there |].
    rewrite cut_names by now left. unfold renamed_origin. cbn [fst snd dot_origin].
    now rewrite names_keep_the_replica.
  - destruct fits as [(u & u_in & named) | is_first]; [left | now right].
    exists u. split; [exact u_in |].
    rewrite (renaming_cuts_an_opening compare_name T grown S H p q x u) by assumption.
    unfold rename_dot. cbn [fst]. rewrite named.
    destruct (equal_is_equality compare_origin o (dot_origin (name H (Follows p q true x)))); easy.
Qed.

Lemma more_fits S S' H H' o :
  incl S S' ->
  (forall u, In u S -> name H u = name H' u) ->
  own_fits S H o ->
  own_fits S' H' o.
Proof.
  intros more alike [(u & u_in & named) | is_first]; [left | now right].
  exists u. split; [now apply more | now rewrite <- alike].
Qed.

(** The renamings of [reconcile], and what they make of two who know [A] and [B]. *)
Lemma reconciling A B HA HB a b rs ss :
  named_in A A HA a ->
  named_in B B HB b ->
  reconcile compare_name a b = (rs, ss) ->
  exists HA' HB', makes A HA rs HA' /\ makes B HB ss HB' /\
    named_in (A ++ B) A HA' (after rs a) /\ named_in (A ++ B) B HB' (after ss b) /\
    next_renaming compare_name (after rs a) (after ss b) = None.
Proof using grown lawful_names.
  intros ours theirs renamed.
  apply (a_part_is_named_in_more A (A ++ B)) in ours; [| apply incl_appl, incl_refl].
  apply (a_part_is_named_in_more B (A ++ B)) in theirs; [| apply incl_appr, incl_refl].
  pose proof (reconciling_cuts_all compare_name T grown (A ++ B) A B HA HB a b ours theirs) as cuts.
  rewrite renamed in cuts. exact cuts.
Qed.

Theorem a_delta_is_made_for_what_is_known S V HV k (h : held) :
  held_of S h ->
  named_in V V HV k ->
  delta_of (S ++ V) V (delta_for compare_name k h).
Proof using grown lawful_names.
  intros (H & names & holds_all & _) theirs. unfold delta_for.
  destruct (reconcile compare_name (known h) k) as [rs ss] eqn:renamed.
  destruct (reconciling S V H HV (known h) k rs ss names theirs renamed)
    as (HS' & HV' & made & made' & ours' & theirs' & rest).
  rewrite renamed_parts_of_a_state. cbn [known content own].
  fold (after ss k).
  assert (known_of (S ++ V)) as known_union
    by (apply (the_union_is_known S V HS' HV' (after rs (known h)) (after ss k)); assumption).
  exists (HS' ++ HV').
  exists (filter (fun u => negb (contains (name (HS' ++ HV') u) (counts (after ss k)))) S).
  cbn [seen since brings].
  assert (counts_of V (HS' ++ HV') (counts (after ss k))) as counts_v.
  { apply (counts_are_named_alike V HV').
    - apply (theirs_in_the_union S V HS' HV' (after rs (known h)) (after ss k)); assumption.
    - apply (side_is_held _ _ _ _ _ _ theirs'). }
  split; [now apply joining_what_is_reconciled_names_the_union |].
  split; [apply (side_is_known _ _ _ _ _ _ theirs') |].
  split; [apply incl_appr, incl_refl |].
  split; [intros u there; apply filter_In in there as [there _]; apply in_app_iff; now left |].
  split; [| split; [exact counts_v |]].
  - intros u [there | there]%in_app_iff; [| now left].
    destruct (contains (name (HS' ++ HV') u) (counts (after ss k))) eqn:has.
    + left. apply counts_v in has as (v & v_in & same).
      rewrite <- (a_name_names_one_operation T grown (S ++ V) (HS' ++ HV') v u known_union); auto.
      * now apply (enough_is_cut_in_the_union S V HS' HV' (after rs (known h)) (after ss k)).
      * apply in_app_iff. now right.
      * apply in_app_iff. now left.
    + right. apply filter_In. now rewrite has.
  - pose proof (renamed_values_after content_of S S H rs HS' _ (side_is_known _ _ _ _ _ _ names)
      (incl_refl _) (side_is_enough _ _ _ _ _ _ names) made holds_all) as values.
    apply (operations_are_named_alike _ S HS' (HS' ++ HV')) in values.
    2: { apply (ours_in_the_union S V HS' HV' (after rs (known h)) (after ss k)); assumption. }
    destruct values as [sorts values]. split; [now apply (filter_is_sorted compare_dot) |].
    intros d x. rewrite (find_in_filter compare_dot) by exact sorts. cbn [fst].
    destruct (find compare_dot d _) as [y |] eqn:found.
    + pose proof (proj1 (values d y) found) as (u & u_in & named & at_u).
      destruct (contains d (counts (after ss k))) eqn:has; cbn [negb]; split; try discriminate.
      * intros (w & [w_in lacks]%filter_In & named_w & _). now rewrite named_w, has in lacks.
      * intros [= <-]. exists u. split; [| split; assumption]. apply filter_In. now rewrite named, has.
      * intros (w & [w_in lacks]%filter_In & named_w & at_w). rewrite <- found. apply values.
        now exists w.
    + split; [discriminate |]. intros (w & [w_in _]%filter_In & named_w & at_w).
      rewrite <- found. apply values. now exists w.
Qed.

Theorem applying_a_delta_unites_the_operations R U V (h : held) (d : delta) :
  held_of R h ->
  delta_of U V d ->
  match apply compare_name d h with
  | Some h' => incl V R /\ held_of (R ++ U) h'
  | None => ~ incl V R
  end.
Proof using grown lawful_names.
  intros (H & names & holds_all & fits) (HU & D & names_u & known_v & part_v & part_d & all_u & counts_v & holds_d).
  unfold apply. destruct (reconcile compare_name (known h) (seen d)) as [rs ss] eqn:renamed.
  destruct (reconciling R U H HU (known h) (seen d) rs ss names names_u renamed)
    as (HR' & HU' & made & made' & ours' & theirs' & rest).
  rewrite renamed_parts_of_a_state, renamed_parts_of_a_delta. cbn [known content own seen since brings].
  pose proof (the_union_is_known R U HR' HU' _ _ ours' theirs') as known.
  pose proof (enough_is_cut_in_the_union R U HR' HU' _ _ ours' theirs' rest) as all.
  pose proof (ours_in_the_union R U HR' HU' _ _ ours' theirs' rest) as ours_alike.
  pose proof (theirs_in_the_union R U HR' HU' _ _ ours' theirs' rest) as theirs_alike.
  assert (counts_of R (HR' ++ HU') (counts (after rs (openings.known h)))) as counts_r.
  { apply (counts_are_named_alike R HR'); [exact ours_alike |].
    apply (side_is_held _ _ _ _ _ _ ours'). }
  assert (counts_of V (HR' ++ HU')
    (fold_left (fun v r => rename_counts compare_name r v) ss (since d))) as counts_v'.
  { apply (counts_are_named_alike V HU'); [intros u there; now apply theirs_alike, part_v |].
    apply (renamed_counts_after V U HU ss HU'); auto; apply names_u. }
  assert (version_vector.covers compare_name (counts (after rs (openings.known h)))
    (fold_left (fun v r => rename_counts compare_name r v) ss (since d)) = true <-> incl V R) as covered.
  { rewrite (version_vector_proof.covers_means_contains_as_much compare_name) by apply counts_v'. split.
    - intros covers u there.
      assert (contains (name (HR' ++ HU') u) (counts (after rs (openings.known h))) = true) as has
        by (apply covers, counts_v'; now exists u).
      apply counts_r in has as (w & w_in & same).
      rewrite <- (a_name_names_one_operation T grown (R ++ U) (HR' ++ HU') w u known all); auto.
      + apply in_app_iff. now left.
      + apply in_app_iff. right. now apply part_v.
    - intros part e (u & u_in & <-)%counts_v'. apply counts_r. exists u. auto. }
  destruct (version_vector.covers _ _ _).
  2: { intros part. now apply covered in part. }
  split; [now apply covered |]. exists (HR' ++ HU'). cbn [openings.known openings.content openings.own].
  split; [now apply joining_what_is_reconciled_names_the_union | split].
  - pose proof (renamed_values_after content_of R R H rs HR' _ (side_is_known _ _ _ _ _ _ names)
      (incl_refl _) (side_is_enough _ _ _ _ _ _ names) made holds_all) as values.
    apply (operations_are_named_alike _ R HR' (HR' ++ HU')) in values; [| exact ours_alike].
    pose proof (renamed_values_after content_of D U HU ss HU' _ (side_is_known _ _ _ _ _ _ names_u)
      part_d (side_is_enough _ _ _ _ _ _ names_u) made' holds_d) as brought.
    apply (operations_are_named_alike _ D HU' (HR' ++ HU')) in brought;
      [| intros u there; now apply theirs_alike, part_d].
    apply (holding_depends_on_the_operations _ (R ++ D)).
    + intros u. rewrite !in_app_iff. split; [intros [| there]; auto |].
      intros [| there]; [now left |]. destruct (all_u u there) as [in_v |]; [left | now right].
      now apply covered.
    + apply (merged_values content_of (R ++ U)); auto.
      * apply incl_appl, incl_refl.
      * intros u there. apply in_app_iff. right. now apply part_d.
  - apply (more_fits R (R ++ U) HR' (HR' ++ HU')); [apply incl_appl, incl_refl | exact ours_alike |].
    apply (a_renamed_replica_keeps_an_origin R H rs HR'); auto; apply names.
Qed.

(** ** The check finds every fork, and no other *)

Lemma one_that_is_not_cut_overtakes S H k p q x :
  named_in S S H k ->
  In (Follows p q true x) S ->
  In q H ->
  exists q' b' x', In (Follows p q' b' x') S /\
    overtakes (Follows p q' b' x') (Follows p q true x) /\ b' && cut H q' = false.
Proof.
  intros names. revert x. induction q as [q IH] using (well_founded_induction N.lt_wf_0).
  intros x there is_cut.
  destruct (side_is_due _ _ _ _ _ _ names p q x there is_cut) as (v & v_in & over).
  inversion over as [p1 q1 x1 q' x' | p1 q1 x1 q' x' less]; subst.
  - exists q', false, x'. now repeat split.
  - destruct (in_dec N.eq_dec q' H) as [is_cut' | uncut].
    + destruct (IH q' less x' v_in is_cut') as (q2 & b2 & x2 & there2 & over2 & uncut2).
      exists q2, b2, x2. split; [exact there2 |]. split; [| exact uncut2].
      now apply (overtaking_is_transitive _ _ _ over2).
    + exists q', true, x'. split; [exact v_in |]. split; [exact over |].
      apply not_true_is_false. cbn [andb]. now rewrite cut_means_in.
Qed.

Definition one_operation_for_each_dot A HA B HB : Prop :=
  forall u v, In u A -> In v B -> name HA u = name HB v -> u = v.

Lemma one_dot_for_each_operation_one_way A B HA HB a p q x :
  named_in A A HA a ->
  one_operation_for_each_dot A HA B HB ->
  In (Follows p q true x) A ->
  In (Follows p q true x) B ->
  name HA p = name HB p ->
  In q HA ->
  In q HB.
Proof.
  intros ours one in_a in_b same is_cut.
  destruct (in_dec N.eq_dec q HB) as [| uncut]; [assumption | exfalso].
  destruct (one_that_is_not_cut_overtakes A HA a p q x ours in_a is_cut)
    as (q' & b' & x' & there & over & uncut').
  assert (true && cut HB q = false) as uncut_b
    by (apply not_true_is_false; cbn [andb]; now rewrite cut_means_in).
  assert (Follows p q' b' x' = Follows p q true x) as is_one
    by (apply one; auto; rewrite !uncut_names by assumption; now rewrite same).
  rewrite is_one in over. now apply nothing_overtakes_itself in over.
Qed.

Lemma one_dot_for_each_operation A B HA HB a b w :
  named_in A A HA a ->
  named_in B B HB b ->
  one_operation_for_each_dot A HA B HB ->
  In w A ->
  In w B ->
  name HA w = name HB w.
Proof.
  intros ours theirs one. induction w as [o | p IH q b' x]; intros in_a in_b; [reflexivity |].
  assert (name HA p = name HB p) as same.
  { destruct (known_with_what_is_followed _ _ (side_is_known _ _ _ _ _ _ ours) _ _ _ _ in_a)
      as [p_in | (o & ->)]; [| reflexivity].
    destruct (known_with_what_is_followed _ _ (side_is_known _ _ _ _ _ _ theirs) _ _ _ _ in_b)
      as [p_in' | (o & ->)]; [now apply IH | reflexivity]. }
  cbn [name]. rewrite same. destruct b'; [| reflexivity].
  assert (In q HA <-> In q HB) as both.
  { split.
    - now apply (one_dot_for_each_operation_one_way A B HA HB a p q x).
    - apply (one_dot_for_each_operation_one_way B A HB HA b p q x); auto.
      intros u v u_in v_in alike. symmetry. now apply one. }
  rewrite <- !cut_means_in in both. destruct (cut HA q), (cut HB q); cbn; intuition congruence.
Qed.

Section Check.
Context (A B : list path) (HA HB : list N) (a b : knowledge).
Context (ours : named_in A A HA a) (theirs : named_in B B HB b).

Let in_union_a : named_in (A ++ B) A HA a :=
  a_part_is_named_in_more A (A ++ B) A HA a (incl_appl _ (incl_refl _)) ours.
Let in_union_b : named_in (A ++ B) B HB b :=
  a_part_is_named_in_more B (A ++ B) B HB b (incl_appr _ (incl_refl _)) theirs.

Theorem the_check_finds_whether_one_dot_names_two_operations :
  agree compare_name a b = true <-> one_operation_for_each_dot A HA B HB.
Proof using grown in_union_a in_union_b lawful_names ours theirs.
  pose proof (one_dot_is_one_operation_where_they_agree compare_name T grown (A ++ B) A B HA HB a b
    in_union_a in_union_b) as one_dot.
  pose proof (earlier_dots_are_the_same_operations compare_name T grown (A ++ B) A B HA HB a b
    in_union_a in_union_b) as earlier.
  destruct (side_is_held _ _ _ _ _ _ ours) as [[good_a counted_a] begun_a].
  destruct (side_is_held _ _ _ _ _ _ theirs) as [[good_b counted_b] begun_b].
  unfold agree, agree_on. rewrite forallb_forall. split.
  - intros all u v u_in v_in same. set (o := dot_origin (name HA u)).
    assert (contains (name HA u) (counts a) = true) as in_a by (apply counted_a; now exists u).
    assert (contains (name HA u) (counts b) = true) as in_b
      by (apply counted_b; exists v; now rewrite same).
    apply (contained_means_listed compare_name) in in_a as (n & listed & bounds); [| exact good_a].
    specialize (all _ listed). cbn [fst] in all. fold o in all.
    apply (version_vector_proof.contains_means_counted compare_name) in in_b.
    assert (contains (name HA u) (counts a) = true) as in_a by (apply counted_a; now exists u).
    apply (version_vector_proof.contains_means_counted compare_name) in in_a.
    fold o in in_a, in_b. set (m := N.min _ _) in all.
    assert (contains (Dot o m) (counts a) = true) as last_a
      by (apply (version_vector_proof.contains_means_counted compare_name); cbn [dot_origin counter]; lia).
    assert (contains (Dot o m) (counts b) = true) as last_b
      by (apply (version_vector_proof.contains_means_counted compare_name); cbn [dot_origin counter]; lia).
    apply counted_a in last_a as (u' & u'_in & named_u). apply counted_b in last_b as (v' & v'_in & named_v).
    assert (u' = v') as <-.
    { apply (one_dot u' v' u'_in v'_in); [congruence |]. rewrite named_u. exact all. }
    destruct (earlier u' u u'_in v'_in) as (in_b' & named_b); auto.
    + congruence.
    + now rewrite named_u.
    + rewrite named_u. cbn [counter]. lia.
    + apply (a_name_names_one_operation T grown B HB); auto; try apply theirs. congruence.
  - intros one [o n] listed. cbn [fst]. set (m := N.min _ _).
    destruct (N.eq_dec m 0) as [-> | some].
    + assert (forall k S H, represents compare_name S H k ->
        covering compare_name o 0 (openings k) = None) as none.
      { intros k S H held. pose proof (what_covers compare_name o 0 (openings k)
          (openings_are_sorted compare_name S H k held)) as what.
        destruct (covering compare_name o 0 (openings k)) as [[d q] |]; [| reflexivity].
        destruct what as (found & _ & zero & _).
        apply (an_opening_of_a_dot compare_name S H k held) in found as (p & x & _ & <-).
        pose proof (counters_start_at_1 H p q true x). lia. }
      unfold agree_at. rewrite (none a A HA), (none b B HB); [reflexivity | apply theirs | apply ours].
    + assert (contains (Dot o m) (counts a) = true) as last_a
        by (apply (version_vector_proof.contains_means_counted compare_name); cbn [dot_origin counter]; lia).
      assert (contains (Dot o m) (counts b) = true) as last_b
        by (apply (version_vector_proof.contains_means_counted compare_name); cbn [dot_origin counter]; lia).
      apply counted_a in last_a as (u & u_in & named_u). apply counted_b in last_b as (v & v_in & named_v).
      assert (u = v) as is_one by (apply one; congruence).
      apply (one_dot u v u_in v_in) in is_one; [| congruence]. now rewrite named_u in is_one.
Qed.

Theorem nothing_is_renamed_exactly_if_the_check_finds_nothing :
  reconcile compare_name a b = ([], []) <-> agree compare_name a b = true.
Proof using grown in_union_a in_union_b lawful_names ours theirs.
  rewrite the_check_finds_whether_one_dot_names_two_operations. split.
  - intros none u v u_in v_in same.
    destruct (reconciling A B HA HB a b [] [] ours theirs none)
      as (HA' & HB' & made & made' & ours' & theirs' & rest).
    inversion made; subst. inversion made'; subst. cbn [openings_proof.after fold_left] in *.
    apply (a_name_names_one_operation T grown (A ++ B) (HA' ++ HB')).
    + exact (the_union_is_known A B HA' HB' a b ours' theirs').
    + exact (enough_is_cut_in_the_union A B HA' HB' a b ours' theirs' rest).
    + apply in_app_iff. now left.
    + apply in_app_iff. now right.
    + rewrite <- (ours_in_the_union A B HA' HB' a b ours' theirs' rest u u_in).
      now rewrite <- (theirs_in_the_union A B HA' HB' a b ours' theirs' rest v v_in).
  - intros one. assert (next_renaming compare_name a b = None) as rest.
    { assert (forall A B HA HB a b, named_in A A HA a -> named_in B B HB b ->
        one_operation_for_each_dot A HA B HB -> known_branch compare_name a b = None) as no_branch.
      { clear - grown lawful_names. intros A B HA HB a b ours theirs one.
        destruct (known_branch compare_name a b) as [r |] eqn:branch; [exfalso | reflexivity].
        destruct (a_known_branch_is_due compare_name T grown (A ++ B) A B HA HB a b) with (r := r)
          as (p & q & x & in_b & _ & uncut & is_cut & _); auto.
        { apply (a_part_is_named_in_more A); [apply incl_appl, incl_refl | exact ours]. }
        { apply (a_part_is_named_in_more B); [apply incl_appr, incl_refl | exact theirs]. }
        destruct (side_is_begun _ _ _ _ _ _ ours q is_cut) as (p' & x' & in_a).
        rewrite (openings_begin_once _ grown p' p q x' x
          (known_happened _ _ (side_is_known _ _ _ _ _ _ ours) _ in_a)
          (known_happened _ _ (side_is_known _ _ _ _ _ _ theirs) _ in_b)) in in_a.
        apply uncut. apply (an_origin_that_an_opening_names_is_cut compare_name T grown B HB b p q x
          (Follows p q true x) (replica (root p))); auto; try apply theirs.
        - exact in_b.
        - rewrite <- (one_dot_for_each_operation A B HA HB a b _ ours theirs one in_a in_b).
          now rewrite cut_names. }
      unfold next_renaming. rewrite (no_branch A B HA HB a b ours theirs one).
      rewrite (no_branch B A HB HA b a theirs ours)
        by (intros u v u_in v_in same; symmetry; now apply one).
      destruct (first_fork compare_name a b) as [d |] eqn:fork; [exfalso | reflexivity].
      destruct (the_first_fork_is_one compare_name T grown (A ++ B) A B HA HB a b
        in_union_a in_union_b d fork)
        as (p & q & q' & b1 & b2 & x & x' & [in_a in_b named_a named_b _ _ apart]).
      apply apart, one; congruence. }
    unfold reconcile. destruct (length (openings a) + length (openings b))%nat; [reflexivity |].
    cbn [reconcile_within]. now rewrite rest.
Qed.
End Check.
End Deltas.
