(** Laws of openings: names are a function of the operations, and no fork is missed.

    What happened to one object is a forest. An operation follows the one that was last of its
    origin where it was performed, or is the first of an origin; it goes on under the opening of
    the operation that it follows, or begins an opening. Two operations that follow the same one
    are a fork. A branch is [cut] from what it follows if its opening names an origin: its
    operations are then counted from 1. So a set of cut openings gives each operation a name
    ([name]), and renaming cuts one opening more ([renaming_cuts_an_opening]). Among operations
    that follow the same one all are to be cut but one: the one that begins no opening, or the
    one with the least opening ([overtakes]). That is a function of the operations alone.

    The argument: two replicas cut only what is to be cut in the union of what they know, and at
    least what is to be cut in what each knows. While they differ on an operation that both know,
    or give one name to two operations, [next_renaming] finds an opening to be cut
    ([the_next_renaming_is_due]); if it finds none, both have cut all of the union that they know
    ([without_a_renaming_all_is_cut]). So the end is what the union names
    ([reconciling_cuts_all]). *)

From Coq Require Import List Bool NArith Lia.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof openings.
From Rejoin Require version_vector version_vector_proof.
From Rejoin Require Import openings_names_proof openings_forks_proof.
Import ListNotations.
Open Scope N_scope.

Section Openings.
Context {Name Content : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Local Notation compare_origin := (compare_origin compare_name).
Local Notation compare_dot := (compare_dot compare_name).
Local Notation knowledge := (knowledge Name).
Local Notation held := (held Name Content).
Local Notation contains := (version_vector.contains compare_name).
Local Notation path := (path (Name := Name) (Content := Content)).
Local Notation represents := (represents (Content := Content) compare_name).
Local Notation openings_are_sorted := (openings_are_sorted compare_name).
Local Notation an_operation_of_a_dot := (an_operation_of_a_dot compare_name).
Local Notation an_opening_of_a_dot := (an_opening_of_a_dot compare_name).

Section Forest.
Context (T : list path) (grown : forest T).
Local Notation overtakes := (overtakes (Name := Name) (Content := Content)).
Local Notation known_operations_are_operations := (known_operations_are_operations T grown).
Local Notation first_names := (first_names T grown).
Local Notation renamed_knowledge := (renamed_knowledge compare_name T grown).
Local Notation an_opening_begins_there := (an_opening_begins_there compare_name T grown).
Local Notation earlier_operations_of_an_origin := (earlier_operations_of_an_origin T grown).
Local Notation named_in := (named_in compare_name T).
Local Notation side_is_known := (side_is_known compare_name T).
Local Notation side_is_enough := (side_is_enough compare_name T).
Local Notation side_is_due := (side_is_due compare_name T).
Local Notation side_is_held := (side_is_held compare_name T).
Local Notation one_dot_is_one_operation_where_they_agree :=
  (one_dot_is_one_operation_where_they_agree compare_name T grown).
Local Notation a_known_branch_is_due := (a_known_branch_is_due compare_name T grown).
Local Notation the_first_fork_is_one := (the_first_fork_is_one compare_name T grown).
Local Notation a_fork_is_due := (a_fork_is_due compare_name T grown).

(** ** Where no renaming is due *)

Lemma the_next_renaming_is_due U A B HA HB a b s r :
  named_in U A HA a ->
  named_in U B HB b ->
  next_renaming compare_name a b = Some (s, r) ->
  match s with
  | Ours => due_on U A HA r
  | Theirs => due_on U B HB r
  end.
Proof using grown lawful_names.
  intros ours theirs. unfold next_renaming.
  destruct (known_branch compare_name a b) as [r1 |] eqn:branch.
  { intros [= <- <-].
    destruct (a_known_branch_is_due U A B HA HB a b ours theirs _ branch)
      as (p & q & x & there & is_r & uncut & _ & over).
    now exists p, q, x. }
  destruct (known_branch compare_name b a) as [r1 |] eqn:branch'.
  { intros [= <- <-].
    destruct (a_known_branch_is_due U B A HB HA b a theirs ours _ branch')
      as (p & q & x & there & is_r & uncut & _ & over).
    now exists p, q, x. }
  destruct (first_fork compare_name a b) as [d |] eqn:fork; [| discriminate].
  now apply (a_fork_is_due U A B HA HB a b ours theirs d).
Qed.

Lemma a_fork_has_a_later_branch U A B HA HB a b d :
  named_in U A HA a ->
  named_in U B HB b ->
  first_fork compare_name a b = Some d ->
  later_branch compare_name a b d <> None.
Proof using grown lawful_names.
  intros ours theirs fork.
  destruct (the_first_fork_is_one U A B HA HB a b ours theirs d fork)
    as (p & q & q' & b1 & b2 & x & x' & [in_a in_b named_a named_b _ _ apart]).
  destruct ours as [known_a part_a enough_a due_a begun_a held_a].
  destruct theirs as [known_b part_b enough_b due_b begun_b held_b].
  pose proof (an_opening_begins_there A HA a known_a enough_a held_a _ _ _ _ in_a) as at_a.
  pose proof (an_opening_begins_there B HB b known_b enough_b held_b _ _ _ _ in_b) as at_b.
  rewrite named_a in at_a. rewrite named_b in at_b. unfold later_branch. rewrite at_a, at_b.
  destruct b1, b2; try discriminate.
  - destruct (q <? q'); discriminate.
  - exfalso. apply apart. apply (openings_go_on_once _ grown);
      [now apply (known_happened _ _ known_a) | now apply (known_happened _ _ known_b)].
Qed.

Lemma an_origin_that_an_opening_names_is_cut S H k p q x w r :
  known_of T S ->
  enough S H ->
  represents S H k ->
  In (Follows p q true x) T ->
  In w S ->
  dot_origin (name H w) = Origin r q ->
  In q H.
Proof using grown.
  intros known all held begun there named.
  destruct (known_operations_are_operations S w known there) as (p' & q' & b' & x' & is_w).
  assert (1 <= counter (name H w)) as positive by (rewrite is_w; apply counters_start_at_1).
  destruct (earlier_operations_of_an_origin S H known all (counter (name H w) - 1) w 1 there)
    as (u & u_in & named_u); [apply dots_are_equal; [reflexivity | cbn [counter]; lia] | lia |].
  rewrite named in named_u.
  destruct (first_names S H u _ known u_in named_u) as [p1 q1 x1 -> is_cut same | q1 b1 x1 -> _].
  - now injection same as _ ->.
  - destruct (openings_are_no_first_incarnations _ grown p q x
      (Follows (Root (Origin r q)) q1 b1 x1)); [exact begun | | reflexivity].
    now apply (known_happened _ _ known).
Qed.

Section At_rest.
Context (U A B : list path) (HA HB : list N) (a b : knowledge).
Context (ours : named_in U A HA a) (theirs : named_in U B HB b).
Context (together : forall u, In u U <-> In u A \/ In u B).
Context (rest : next_renaming compare_name a b = None).

Lemma no_branch_is_known :
  known_branch compare_name a b = None /\ known_branch compare_name b a = None.
Proof using rest.
  unfold next_renaming in rest.
  destruct (known_branch compare_name a b); [discriminate |].
  destruct (known_branch compare_name b a); [discriminate | easy].
Qed.

Lemma no_fork_is_left : first_fork compare_name a b = None.
Proof using grown lawful_names ours rest theirs.
  destruct no_branch_is_known as [none none']. unfold next_renaming in rest.
  rewrite none, none' in rest.
  destruct (first_fork compare_name a b) as [d |] eqn:fork; [| reflexivity].
  now destruct (a_fork_has_a_later_branch U A B HA HB a b d ours theirs fork).
Qed.
End At_rest.

Lemma what_one_cut_the_other_did U A B HA HB a b p q x :
  named_in U A HA a ->
  named_in U B HB b ->
  known_branch compare_name a b = None ->
  In (Follows p q true x) A ->
  In (Follows p q true x) B ->
  In q HA ->
  In q HB.
Proof using grown lawful_names.
  intros ours theirs none in_a in_b is_cut.
  destruct ours as [known_a part_a enough_a due_a begun_a held_a].
  destruct theirs as [known_b part_b enough_b due_b begun_b held_b].
  set (d := name HB (Follows p q true x)).
  pose proof (an_opening_begins_there B HB b known_b enough_b held_b _ _ _ _ in_b) as begins.
  apply (found_means_in compare_dot) in begins; [| apply (openings_are_sorted B HB b held_b)].
  pose proof (find_none _ _ none _ begins) as all. unfold renamed_origin in all. cbn [fst snd] in all.
  assert (contains (Dot (Origin (replica (root p)) q) 1) (counts a) = true) as has.
  { apply (an_operation_of_a_dot A HA a held_a). exists (Follows p q true x).
    split; [exact in_a | now apply cut_names]. }
  apply (version_vector_proof.contains_means_counted compare_name) in has. cbn [dot_origin counter] in has.
  rewrite names_keep_the_replica in all. cbn [root] in all.
  destruct (equal_is_equality compare_origin (Origin (replica (root p)) q)
    (dot_origin (name HB (Follows p q true x)))) as [same | other].
  - apply (an_origin_that_an_opening_names_is_cut B HB b p q x (Follows p q true x)
      (replica (root p)) known_b enough_b held_b); auto.
    now apply (known_happened _ _ known_b).
  - cbn [negb andb] in all. apply N.leb_gt in all. lia.
Qed.

Lemma overtaking_is_transitive u v w : overtakes u v -> overtakes v w -> overtakes u w.
Proof.
  intros first second. inversion second; subst; inversion first; subst; constructor. lia.
Qed.

Lemma nothing_overtakes_itself u : ~ overtakes u u.
Proof. intros over. inversion over. lia. Qed.

Section At_rest.
Context (U A B : list path) (HA HB : list N) (a b : knowledge).
Context (ours : named_in U A HA a) (theirs : named_in U B HB b).
Context (together : forall u, In u U <-> In u A \/ In u B).
Context (rest : next_renaming compare_name a b = None).

Lemma what_both_know_is_cut_by_both p q x :
  In (Follows p q true x) A ->
  In (Follows p q true x) B ->
  In q HA <-> In q HB.
Proof using grown lawful_names ours rest theirs.
  intros in_a in_b. destruct (no_branch_is_known a b rest) as [none none']. split.
  - now apply (what_one_cut_the_other_did U A B HA HB a b p q x).
  - now apply (what_one_cut_the_other_did U B A HB HA b a p q x).
Qed.

Lemma what_both_know_has_one_name w :
  In w A ->
  In w B ->
  name HA w = name HB w.
Proof using grown lawful_names ours rest theirs.
  induction w as [o | p IH q b' x]; intros in_a in_b; [reflexivity |].
  assert (name HA p = name HB p) as same.
  { destruct (known_with_what_is_followed _ _ (side_is_known _ _ _ _ ours) _ _ _ _ in_a)
      as [p_in | (o & ->)]; [| reflexivity].
    destruct (known_with_what_is_followed _ _ (side_is_known _ _ _ _ theirs) _ _ _ _ in_b)
      as [p_in' | (o & ->)]; [now apply IH | reflexivity]. }
  cbn [name]. rewrite same. destruct b'; [| reflexivity].
  pose proof (what_both_know_is_cut_by_both p q x in_a in_b) as both.
  rewrite <- !cut_means_in in both. destruct (cut HA q), (cut HB q); cbn; intuition congruence.
Qed.

Theorem without_a_renaming_all_is_cut p q x v :
  In (Follows p q true x) A ->
  In v U ->
  overtakes v (Follows p q true x) ->
  In q HA.
Proof using grown lawful_names ours rest theirs together.
  intros u_in v_in over. destruct (in_dec N.eq_dec q HA) as [| uncut]; [assumption | exfalso].
  assert (exists n, n = match v with
    | Follows _ q' true _ => q' + 1
    | _ => 0
    end) as (n & measure) by eauto.
  revert v v_in over measure. induction n as [n IH] using (well_founded_induction N.lt_wf_0).
  intros v v_in over measure.
  apply together in v_in as [v_in | v_in].
  { apply uncut. now apply (side_is_enough _ _ _ _ ours p q x v). }
  assert (exists q' b' x', v = Follows p q' b' x') as (q' & b' & x' & ->)
    by (inversion over; subst; eauto).
  destruct (b' && cut HB q') eqn:is_cut.
  - apply andb_prop in is_cut as [-> is_cut]. apply cut_means_in in is_cut.
    destruct (side_is_due _ _ _ _ theirs p q' x' v_in is_cut) as (w & w_in & over').
    refine (IH _ _ w w_in (overtaking_is_transitive _ _ _ over' over) eq_refl).
    subst n. inversion over'; subst; lia.
  - assert (name HA p = name HB p) as same.
    { destruct (known_with_what_is_followed _ _ (side_is_known _ _ _ _ ours) _ _ _ _ u_in)
        as [p_in | (o & ->)]; [| reflexivity].
      destruct (known_with_what_is_followed _ _ (side_is_known _ _ _ _ theirs) _ _ _ _ v_in)
        as [p_in' | (o & ->)]; [now apply what_both_know_has_one_name | reflexivity]. }
    assert (true && cut HA q = false) as uncut'
      by (apply not_true_is_false; cbn [andb]; now rewrite cut_means_in).
    pose proof (uncut_names HA p q true x uncut') as named_u.
    pose proof (uncut_names HB p q' b' x' is_cut) as named_v.
    rewrite <- same in named_v.
    set (d := Dot (dot_origin (name HA p)) (counter (name HA p) + 1)) in *.
    assert (agree_at compare_name a b (dot_origin d) (counter d) = false) as differ.
    { apply not_true_is_false. intros agree. rewrite <- named_u in agree.
      apply (one_dot_is_one_operation_where_they_agree U A B HA HB a b ours theirs
        _ (Follows p q' b' x')) in agree; [| assumption.. | congruence].
      rewrite <- agree in over. now apply nothing_overtakes_itself in over. }
    pose proof (no_fork_is_left U A B HA HB a b ours theirs rest) as none.
    destruct ours as [known_a part_a enough_a due_a begun_a held_a].
    destruct theirs as [known_b part_b enough_b due_b begun_b held_b].
    assert (In d (set_of compare_dot (keys (openings a) ++ keys (openings b)))) as listed.
    { apply (in_set_of compare_dot), in_app_iff. left.
      apply (found_means_key compare_dot); [apply (openings_are_sorted A HA a held_a) |].
      rewrite <- named_u. now rewrite (an_opening_begins_there A HA a known_a enough_a held_a). }
    pose proof (find_none _ _ none d listed) as no. cbv beta in no.
    assert (contains d (counts a) = true) as has_a
      by (apply (an_operation_of_a_dot A HA a held_a); now exists (Follows p q true x)).
    assert (contains d (counts b) = true) as has_b
      by (apply (an_operation_of_a_dot B HB b held_b); now exists (Follows p q' b' x')).
    rewrite has_a, has_b, differ in no. discriminate.
Qed.
End At_rest.

(** ** Renaming until no renaming is due *)

Inductive makes (U : list path) : list N -> list (renaming (Name := Name)) -> list N -> Prop :=
| Rests H : makes U H [] H
| Renames H p q x rs H' :
    In (Follows p q true x) U -> ~ In q H -> makes U (q :: H) rs H' ->
    makes U H ((name H (Follows p q true x), q) :: rs) H'.

Lemma a_renaming_that_is_due_keeps_names U S H k r :
  named_in U S H k ->
  due_on U S H r ->
  exists q, In q (map snd (openings k)) /\ ~ In q H /\ named_in U S (q :: H) (rename compare_name r k) /\
    forall rs H', makes S (q :: H) rs H' -> makes S H (r :: rs) H'.
Proof using grown lawful_names.
  intros [known part all is_due begun held] (p & q & x & there & -> & uncut & over).
  exists q. split; [| split; [exact uncut | split; [split |]]].
  - apply in_map_iff. exists (name H (Follows p q true x), q). split; [reflexivity |].
    apply (found_means_in compare_dot); [apply (openings_are_sorted S H k held) |].
    now rewrite (an_opening_begins_there S H k known all held).
  - exact known.
  - exact part.
  - now apply cutting_more_is_enough.
  - intros p' q' x' there' [<- | is_cut]; [| now apply (is_due p' q' x')].
    now rewrite (openings_begin_once _ grown p' p q x' x (known_happened _ _ known _ there')
      (known_happened _ _ known _ there)).
  - intros q' [<- | is_cut]; [now exists p, x | now apply begun].
  - now apply (renamed_knowledge S S).
  - intros rs H' more. now constructor.
Qed.

Definition uncut_among (Q H : list N) : nat := length (filter (fun q => negb (cut H q)) Q).

Lemma cutting_leaves_fewer Q H q :
  In q Q ->
  ~ In q H ->
  (uncut_among Q (q :: H) < uncut_among Q H)%nat.
Proof.
  intros there uncut. unfold uncut_among.
  assert (forall Q, (length (filter (fun p => negb (cut (q :: H) p)) Q)
    <= length (filter (fun p => negb (cut H p)) Q))%nat) as no_more.
  { clear. induction Q as [| p Q IH]; [reflexivity |]. cbn [filter].
    destruct (cut H p) eqn:e.
    - cbn [negb]. assert (cut (q :: H) p = true) as ->
        by (apply cut_means_in; right; now apply cut_means_in).
      exact IH.
    - destruct (cut (q :: H) p); cbn [negb length]; lia. }
  induction Q as [| p Q IH]; [easy |]. cbn [filter]. destruct there as [-> | there].
  - assert (cut H q = false) as -> by (apply not_true_is_false; now rewrite cut_means_in).
    assert (cut (q :: H) q = true) as -> by (apply cut_means_in; now left).
    cbn [negb length]. specialize (no_more Q). lia.
  - specialize (IH there). destruct (cut H p) eqn:e.
    + assert (cut (q :: H) p = true) as -> by (apply cut_means_in; right; now apply cut_means_in).
      exact IH.
    + destruct (cut (q :: H) p); cbn [negb length]; lia.
Qed.

Definition after (rs : list (renaming (Name := Name))) (k : knowledge) : knowledge :=
  fold_left (fun k r => rename compare_name r k) rs k.

Lemma openings_are_those_begun S H k q :
  represents S H k ->
  In q (map snd (openings k)) <-> exists p x, In (Follows p q true x) S.
Proof using lawful_names.
  intros held. rewrite in_map_iff. split.
  - intros ([d q'] & <- & there). apply (found_means_in compare_dot) in there;
      [| apply (openings_are_sorted S H k held)].
    apply (an_opening_of_a_dot S H k held) in there as (p & x & there & _). now exists p, x.
  - intros (p & x & there). exists (name H (Follows p q true x), q). split; [reflexivity |].
    apply (found_means_in compare_dot); [apply (openings_are_sorted S H k held) |].
    apply (an_opening_of_a_dot S H k held). now exists p, x.
Qed.

Theorem reconciling_cuts_all_within fuel U A B QA QB : forall HA HB a b,
  named_in U A HA a ->
  named_in U B HB b ->
  (forall p q x, In (Follows p q true x) A -> In q QA) ->
  (forall p q x, In (Follows p q true x) B -> In q QB) ->
  (uncut_among QA HA + uncut_among QB HB <= fuel)%nat ->
  let (rs, ss) := reconcile_within compare_name fuel a b in
  exists HA' HB', makes A HA rs HA' /\ makes B HB ss HB' /\
    named_in U A HA' (after rs a) /\ named_in U B HB' (after ss b) /\
    next_renaming compare_name (after rs a) (after ss b) = None.
Proof using grown lawful_names.
  induction fuel as [| fuel IH]; intros HA HB a b ours theirs in_qa in_qb bound; cbn [reconcile_within].
  - exists HA, HB.
    refine (conj (Rests _ _) (conj (Rests _ _) (conj ours (conj theirs _)))). cbn [after fold_left].
    destruct (next_renaming compare_name a b) as [[s r] |] eqn:next; [exfalso | reflexivity].
    apply (the_next_renaming_is_due U A B HA HB a b s r ours theirs) in next.
    destruct s; destruct next as (p & q & x & there & _ & uncut & _).
    + pose proof (cutting_leaves_fewer QA HA q (in_qa _ _ _ there) uncut). lia.
    + pose proof (cutting_leaves_fewer QB HB q (in_qb _ _ _ there) uncut). lia.
  - destruct (next_renaming compare_name a b) as [[s r] |] eqn:next.
    2: { exists HA, HB.
      exact (conj (Rests _ _) (conj (Rests _ _) (conj ours (conj theirs next)))). }
    apply (the_next_renaming_is_due U A B HA HB a b s r ours theirs) in next. destruct s.
    + destruct (a_renaming_that_is_due_keeps_names U A HA a r ours next)
        as (q & listed & uncut & ours' & more).
      apply (openings_are_those_begun A HA a q (side_is_held _ _ _ _ ours)) in listed as (p & x & there).
      pose proof (cutting_leaves_fewer QA HA q (in_qa _ _ _ there) uncut).
      specialize (IH (q :: HA) HB _ b ours' theirs in_qa in_qb ltac:(lia)).
      destruct (reconcile_within compare_name fuel (rename compare_name r a) b) as [rs ss].
      destruct IH as (HA' & HB' & makes_a & makes_b & named_a & named_b & rests).
      exists HA', HB'.
      exact (conj (more _ _ makes_a) (conj makes_b (conj named_a (conj named_b rests)))).
    + destruct (a_renaming_that_is_due_keeps_names U B HB b r theirs next)
        as (q & listed & uncut & theirs' & more).
      apply (openings_are_those_begun B HB b q (side_is_held _ _ _ _ theirs)) in listed as (p & x & there).
      pose proof (cutting_leaves_fewer QB HB q (in_qb _ _ _ there) uncut).
      specialize (IH HA (q :: HB) a _ ours theirs' in_qa in_qb ltac:(lia)).
      destruct (reconcile_within compare_name fuel a (rename compare_name r b)) as [rs ss].
      destruct IH as (HA' & HB' & makes_a & makes_b & named_a & named_b & rests).
      exists HA', HB'.
      exact (conj makes_a (conj (more _ _ makes_b) (conj named_a (conj named_b rests)))).
Qed.

Theorem reconciling_cuts_all U A B HA HB a b :
  named_in U A HA a ->
  named_in U B HB b ->
  let (rs, ss) := reconcile compare_name a b in
  exists HA' HB', makes A HA rs HA' /\ makes B HB ss HB' /\
    named_in U A HA' (after rs a) /\ named_in U B HB' (after ss b) /\
    next_renaming compare_name (after rs a) (after ss b) = None.
Proof using grown lawful_names.
  intros ours theirs.
  apply (reconciling_cuts_all_within _ U A B (map snd (openings a)) (map snd (openings b)));
    try assumption.
  - intros p q x there. apply (openings_are_those_begun A HA a q (side_is_held _ _ _ _ ours)).
    now exists p, x.
  - intros p q x there. apply (openings_are_those_begun B HB b q (side_is_held _ _ _ _ theirs)).
    now exists p, x.
  - unfold uncut_among. rewrite <- (map_length snd (openings a)), <- (map_length snd (openings b)).
    assert (forall (p : N -> bool) Q, (length (filter p Q) <= length Q)%nat) as le.
    { clear. induction Q as [| q Q IH]; [reflexivity |]. cbn. destruct (p q); cbn; lia. }
    pose proof (le (fun q => negb (cut HA q)) (map snd (openings a))).
    pose proof (le (fun q => negb (cut HB q)) (map snd (openings b))). lia.
Qed.

End Forest.
End Openings.
