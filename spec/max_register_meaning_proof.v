(** A max-register means what the definition says, in every cut of every history, for every
    order. *)

From Coq Require Import List Bool NArith BinInt.
From Rejoin Require Import order order_proof sorted_map dot.
From Rejoin Require Import version_vector_meaning_proof definition_proof.
From Rejoin Require version_vector.
From Rejoin Require Import definition max_register.
Import ListNotations.

Section Max_register.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare : Z -> Z -> comparison) {lawful_integers : ordered compare}.
Local Notation event := (event Name Value).
Local Notation meaning := (meaning compare_name compare (Value := Value)).
Local Notation extreme := (extreme (Name := Name) (Value := Value) compare).

Theorem the_empty_max_register_has_seen_nothing : meaning [] = bottom.
Proof. reflexivity. Qed.

(** The greatest of some integers depends on which they are. *)
Definition greatest_of (ns : list Z) : option Z :=
  fold_right (fun n => greater_option compare (Some n)) None ns.

Lemma the_greatest_of_two_lists a b :
  greatest_of (a ++ b) = greater_option compare (greatest_of a) (greatest_of b).
Proof using lawful_integers.
  induction a as [| n a IH]; [reflexivity |]. cbn [app greatest_of fold_right].
  fold (greatest_of (a ++ b)) (greatest_of a).
  now rewrite IH, (greater_option_is_associative compare).
Qed.

Lemma the_greatest_absorbs_parts a b :
  incl a b ->
  greater_option compare (greatest_of a) (greatest_of b) = greatest_of b.
Proof using lawful_integers.
  assert (forall n, In n b ->
    greater_option compare (Some n) (greatest_of b) = greatest_of b) as members.
  { intros n (b1 & b2 & ->)%in_split. rewrite the_greatest_of_two_lists.
    cbn [greatest_of fold_right]. fold (greatest_of b2).
    rewrite (greater_option_is_commutative compare (greatest_of b1)).
    rewrite <- !(greater_option_is_associative compare).
    now rewrite (greater_option_is_idempotent compare). }
  induction a as [| n a IH]; intros part; [reflexivity |].
  cbn [greatest_of fold_right]. fold (greatest_of a).
  rewrite (greater_option_is_associative compare), IH.
  - apply members, part. now left.
  - intros m there. apply part. now right.
Qed.

(** The greatest is one of them. *)
Lemma the_extreme_was_written (E : list event) m :
  extreme E = Some m ->
  exists f, In f E /\ operation_of f = Write_integer m.
Proof.
  intros is_extreme. assert (In m (written_integers E)) as wrote.
  { revert is_extreme. unfold definition.extreme.
    induction (written_integers E) as [| n ns IH]; [easy |]. cbn [fold_right]. revert IH.
    destruct (fold_right (fun n => greater_option compare (Some n)) None ns) as [m' |];
      cbn [greater_option].
    - unfold greater. destruct (below compare n m'); intros IH [= <-];
        [right; now apply IH | now left].
    - intros _ [= <-]. now left. }
  apply in_flat_map in wrote as (f & f_in & wrote). exists f. split; [exact f_in |].
  destruct (operation_of f); try easy. now destruct wrote as [<- | []].
Qed.

(** The greatest is at least each of them. *)
Lemma every_integer_is_reached (E : list event) n :
  In n (written_integers E) ->
  exists m, extreme E = Some m /\ compare m n <> Lt.
Proof using lawful_integers.
  unfold definition.extreme. induction (written_integers E) as [| n' ns IH]; [easy |].
  cbn [fold_right]. intros there.
  destruct (fold_right (fun n => greater_option compare (Some n)) None ns) as [m |] eqn:rest;
    cbn [greater_option].
  - exists (greater compare n' m). split; [reflexivity |]. unfold greater.
    destruct (below_means_less compare n' m) as [less | not_less].
    + destruct there as [-> | there].
      * now apply (nothing_is_below_both_ways compare).
      * destruct (IH there) as (m' & [= <-] & reached). exact reached.
    + destruct there as [-> | there]; [apply (nothing_is_below_itself compare) |].
      destruct (IH there) as (m' & [= <-] & reached). intros less. apply reached.
      destruct (any_two_compare compare n' m) as [same | lt | gt].
      * now subst.
      * easy.
      * apply (below_is_transitive compare) with n'; assumption.
  - exists n'. split; [reflexivity |]. destruct there as [-> | there].
    + apply (nothing_is_below_itself compare).
    + now destruct (IH there) as (m' & none & _).
Qed.

Lemma the_greatest_of_both (E F G : list event) :
  (forall e, In e G <-> In e E \/ In e F) ->
  greater_option compare (extreme E) (extreme F) = extreme G.
Proof using lawful_integers.
  intros both. unfold definition.extreme.
  change (greater_option compare (greatest_of (written_integers E))
    (greatest_of (written_integers F)) = greatest_of (written_integers G)).
  assert (forall n, In n (written_integers G) <->
    In n (written_integers E ++ written_integers F)) as same.
  { intros n. unfold written_integers. rewrite in_app_iff, !in_flat_map. split.
    - intros (e & there%both & wrote). destruct there; [left | right]; eauto.
    - intros [(e & there & wrote) | (e & there & wrote)]; exists e; rewrite both; auto. }
  rewrite <- the_greatest_of_two_lists.
  rewrite <- (the_greatest_absorbs_parts (written_integers G)) by (intros n; apply same).
  rewrite (greater_option_is_commutative compare).
  apply the_greatest_absorbs_parts. intros n. apply same.
Qed.

Context (H : list event) (happened : history compare_name H).

Theorem the_max_register_depends_only_on_the_events E F :
  (forall e, In e E <-> In e F) ->
  meaning E = meaning F.
Proof using lawful_integers lawful_names.
  intros same. unfold max_register.meaning. f_equal.
  - now apply the_vector_depends_only_on_the_events.
  - rewrite <- (the_greatest_of_both F F E) by (intros; rewrite same; tauto).
    apply (greater_option_is_idempotent compare).
Qed.

Theorem joining_max_registers_unites_their_events E F :
  cut H E ->
  cut H F ->
  join compare_name compare (meaning E) (meaning F) = meaning (union_events compare_name E F).
Proof using happened lawful_integers lawful_names.
  intros cut_e cut_f.
  assert (forall e, In e (union_events compare_name E F) <-> In e E \/ In e F) as both.
  { intros e. apply (a_union_has_the_events_of_both compare_name H happened);
      now apply cut_happened. }
  unfold join, max_register.meaning. cbn [seen greatest]. f_equal.
  - now apply (the_join_of_vectors_is_the_vector_of_both compare_name).
  - now apply the_greatest_of_both.
Qed.

Theorem writing_an_integer_adds_the_event E e n :
  cut H E ->
  In e H ->
  saw_exactly compare_name e E ->
  operation_of e = Write_integer n ->
  write compare_name compare (dot_origin (dot_of e)) n (meaning E) = meaning (e :: E).
Proof using happened lawful_integers lawful_names.
  intros is_cut e_in saw_it writes.
  unfold write, max_register.meaning. cbn [seen greatest].
  rewrite (the_next_dot_is_that_of_an_event_that_saw_exactly_this compare_name H happened)
    by assumption.
  f_equal. unfold definition.extreme, written_integers. cbn [flat_map]. rewrite writes.
  apply (greater_option_is_commutative compare).
Qed.

Theorem the_value_is_the_extreme_of_the_definition E : value (meaning E) = extreme E.
Proof. reflexivity. Qed.

Theorem taking_a_delta_of_a_max_register_adds_its_events E F v :
  cut H E ->
  cut H F ->
  version_vector.covers compare_name (seen (meaning F)) v = true ->
  take_part compare_name compare (part_since compare_name v (meaning E)) (meaning F)
  = meaning (union_events compare_name E F).
Proof using happened lawful_integers lawful_names.
  intros cut_e cut_f known.
  assert (forall e, In e (union_events compare_name E F) <-> In e F \/ In e E) as both.
  { intros e. rewrite (a_union_has_the_events_of_both compare_name H happened)
      by now apply cut_happened. tauto. }
  unfold take_part, part_since, join. cbn [seen greatest].
  destruct (version_vector.covers compare_name v (seen (meaning E))) eqn:nothing_new;
    unfold max_register.meaning; f_equal;
    try (now apply (the_join_of_vectors_is_the_vector_of_both compare_name));
    try (now apply the_greatest_of_both).
  assert (forall e, In e E -> In e F) as less.
  { intros e there. apply (cut_happened _ _ cut_e) in there as past.
    apply (an_event_is_in_a_cut_exactly_if_its_vector_has_it compare_name H happened F);
      [assumption .. |].
    apply (what_is_covered_is_contained compare_name v); [exact known |].
    apply (what_is_covered_is_contained compare_name (seen (meaning E))); [exact nothing_new |].
    now apply (an_event_is_in_a_cut_exactly_if_its_vector_has_it compare_name H happened E). }
  rewrite (missing_is_least compare), <- (the_greatest_of_both F F (union_events compare_name E F)).
  - symmetry. apply (greater_option_is_idempotent compare).
  - intros e. rewrite both. pose proof (less e). tauto.
Qed.
End Max_register.
