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
Import ListNotations.
Open Scope N_scope.

Section Openings.
Context {Name Content : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Local Notation compare_origin := (compare_origin compare_name).
Local Notation compare_dot := (compare_dot compare_name).
Local Notation dot := (dot Name).
Local Notation origin := (origin Name).
Local Notation knowledge := (knowledge Name).
Local Notation held := (held Name Content).
Local Notation delta := (delta Name Content).
Local Notation contains := (version_vector.contains compare_name).
Local Notation get := (version_vector.get compare_name).
Local Notation well_formed := (version_vector.well_formed compare_name).

(** ** What happened *)

(** An operation with all that it follows, back to the first of its origin. *)
Inductive path :=
| Root (o : origin)
| Follows (before : path) (opening : N) (begins : bool) (operation : Content).

Fixpoint root (p : path) : origin :=
  match p with
  | Root o => o
  | Follows p _ _ _ => root p
  end.

Definition opening_of (p : path) : N :=
  match p with
  | Root o => incarnation o
  | Follows _ q _ _ => q
  end.

(** The truth: openings were distinct when they were drawn, also from the incarnations of first
    origins, and one process wrote under each, one operation after the other. *)
Record forest (T : list path) : Prop := {
  operations_happened : forall o, ~ In (Root o) T;
  what_is_followed_happened : forall p q b x, In (Follows p q b x) T ->
    In p T \/ exists o, p = Root o;
  openings_begin_once : forall p p' q x x',
    In (Follows p q true x) T -> In (Follows p' q true x') T ->
    Follows p q true x = Follows p' q true x';
  openings_go_on : forall p q x, In (Follows p q false x) T ->
    exists p' b x', p = Follows p' q b x';
  openings_go_on_once : forall p q q' x x',
    In (Follows p q false x) T -> In (Follows p q' false x') T ->
    Follows p q false x = Follows p q' false x';
  openings_are_no_first_incarnations : forall p q x u,
    In (Follows p q true x) T -> In u T -> incarnation (root u) <> q;
  operations_are_distinct : forall p q b p' q' b' x,
    In (Follows p q b x) T -> In (Follows p' q' b' x) T ->
    Follows p q b x = Follows p' q' b' x
}.

(** What a replica knows: with each operation, what it follows. *)
Record known_of (T S : list path) : Prop := {
  known_happened : incl S T;
  known_with_what_is_followed : forall p q b x, In (Follows p q b x) S ->
    In p S \/ exists o, p = Root o
}.

(** ** Names *)

Definition cut (H : list N) (q : N) : bool := existsb (N.eqb q) H.

Lemma cut_means_in H q : cut H q = true <-> In q H.
Proof.
  unfold cut. rewrite existsb_exists. split.
  - now intros (p & there & ->%N.eqb_eq).
  - intros there. exists q. now rewrite N.eqb_refl.
Qed.

Fixpoint name (H : list N) (p : path) : dot :=
  match p with
  | Root o => Dot o 0
  | Follows p q b _ =>
      let d := name H p in
      if b && cut H q then Dot (Origin (replica (dot_origin d)) q) 1
      else Dot (dot_origin d) (counter d + 1)
  end.

(** [v] keeps the name where both follow the same. *)
Inductive overtakes : path -> path -> Prop :=
| Going_on p q x q' x' : overtakes (Follows p q' false x') (Follows p q true x)
| Lesser p q x q' x' : q' < q -> overtakes (Follows p q' true x') (Follows p q true x).

(** All that is to be cut in [S] is cut. *)
Definition enough (S : list path) (H : list N) : Prop :=
  forall p q x v, In (Follows p q true x) S -> In v S -> overtakes v (Follows p q true x) ->
  In q H.

(** What is cut is to be cut in [U]. *)
Definition due (S U : list path) (H : list N) : Prop :=
  forall p q x, In (Follows p q true x) S -> In q H ->
  exists v, In v U /\ overtakes v (Follows p q true x).

(** Nothing else is cut than what is known. *)
Definition begun_in (S : list path) (H : list N) : Prop :=
  forall q, In q H -> exists p x, In (Follows p q true x) S.

Lemma dots_are_equal (d e : dot) :
  dot_origin d = dot_origin e ->
  counter d = counter e ->
  d = e.
Proof. destruct d, e. cbn. congruence. Qed.

Section Forest.
Context (T : list path) (grown : forest T).

Lemma known_operations_are_operations S u :
  known_of T S ->
  In u S ->
  exists p q b x, u = Follows p q b x.
Proof using grown.
  intros [happened _] there. destruct u as [o | p q b x]; [| now exists p, q, b, x].
  destruct (operations_happened T grown o). now apply happened.
Qed.

Lemma counters_start_at_1 H p q b x : 1 <= counter (name H (Follows p q b x)).
Proof. cbn. destruct (b && cut H q); cbn; lia. Qed.

Lemma names_keep_the_replica H p :
  replica (dot_origin (name H p)) = replica (root p).
Proof. induction p as [| p IH q b x]; [reflexivity |]. cbn. now destruct (b && cut H q). Qed.

Lemma uncut_names H p q b x :
  b && cut H q = false ->
  name H (Follows p q b x) = Dot (dot_origin (name H p)) (counter (name H p) + 1).
Proof. intros uncut. cbn. now rewrite uncut. Qed.

Lemma cut_names H p q x :
  In q H ->
  name H (Follows p q true x) = Dot (Origin (replica (root p)) q) 1.
Proof.
  intros there. apply cut_means_in in there. cbn. now rewrite there, names_keep_the_replica.
Qed.

Lemma a_name_that_counts_nothing_is_a_root S H p :
  known_of T S ->
  In p S \/ (exists o, p = Root o) ->
  counter (name H p) = 0 ->
  p = Root (dot_origin (name H p)).
Proof using grown.
  intros known [there | (o & ->)] zero; [| reflexivity].
  destruct (known_operations_are_operations S p known there) as (p' & q & b & x & ->).
  pose proof (counters_start_at_1 H p' q b x). lia.
Qed.

(** An operation that counts 1 begins an opening that is cut, or is the first of an origin. *)
Inductive first_named (H : list N) (u : path) (o : origin) : Prop :=
| Of_a_branch p q x :
    u = Follows p q true x -> In q H -> o = Origin (replica (root p)) q -> first_named H u o
| Of_a_root q b x :
    u = Follows (Root o) q b x -> b && cut H q = false -> first_named H u o.

Lemma first_names S H u o :
  known_of T S ->
  In u S ->
  name H u = Dot o 1 ->
  first_named H u o.
Proof using grown.
  intros known there named.
  destruct (known_operations_are_operations S u known there) as (p & q & b & x & ->).
  destruct (b && cut H q) eqn:is_cut.
  - apply andb_prop in is_cut as [-> is_cut]. apply cut_means_in in is_cut.
    rewrite cut_names in named by exact is_cut. injection named as <-.
    now apply (Of_a_branch _ _ _ p q x).
  - rewrite uncut_names in named by exact is_cut. injection named as <- zero.
    pose proof (a_name_that_counts_nothing_is_a_root S H p known
      (known_with_what_is_followed _ _ known _ _ _ _ there) ltac:(lia)) as is_root.
    apply (Of_a_root _ _ _ q b x); [now rewrite <- is_root | exact is_cut].
Qed.

(** An operation that counts more follows the one that counts one less. *)
Lemma later_names S H u o n :
  known_of T S ->
  In u S ->
  name H u = Dot o (n + 1) ->
  1 <= n ->
  exists p q b x, u = Follows p q b x /\ In p S /\ name H p = Dot o n /\ b && cut H q = false.
Proof using grown.
  intros known there named more.
  destruct (known_operations_are_operations S u known there) as (p & q & b & x & ->).
  exists p, q, b, x. destruct (b && cut H q) eqn:is_cut.
  - apply andb_prop in is_cut as [-> is_cut]. apply cut_means_in in is_cut.
    rewrite cut_names in named by exact is_cut. injection named. lia.
  - rewrite uncut_names in named by exact is_cut. injection named as <- same.
    assert (counter (name H p) = n) as counted by lia.
    repeat split.
    + destruct (known_with_what_is_followed _ _ known _ _ _ _ there) as [| (o & ->)];
        [assumption | cbn in counted; lia].
    + now apply dots_are_equal.
Qed.

Lemma what_follows_the_same_is_one_unless_cut S H p q b x q' b' x' :
  known_of T S ->
  enough S H ->
  In (Follows p q b x) S ->
  In (Follows p q' b' x') S ->
  b && cut H q = false ->
  b' && cut H q' = false ->
  Follows p q b x = Follows p q' b' x'.
Proof using grown.
  intros [happened _] all here there uncut uncut'.
  assert (forall q, ~ (In q H /\ cut H q = false)) as contrary.
  { intros r [r_in%cut_means_in r_cut]. congruence. }
  destruct b, b'; cbn in uncut, uncut'.
  - destruct (N.lt_trichotomy q q') as [lt | [-> | lt]].
    + destruct (contrary q'). split; [| assumption].
      apply (all p q' x' _ there here). now constructor.
    + now apply (openings_begin_once _ grown); apply happened.
    + destruct (contrary q). split; [| assumption].
      apply (all p q x _ here there). now constructor.
  - destruct (contrary q). split; [| assumption].
    apply (all p q x _ here there). constructor.
  - destruct (contrary q'). split; [| assumption].
    apply (all p q' x' _ there here). constructor.
  - now apply (openings_go_on_once _ grown); apply happened.
Qed.

Theorem a_name_names_one_operation S H u v :
  known_of T S ->
  enough S H ->
  In u S ->
  In v S ->
  name H u = name H v ->
  u = v.
Proof using grown.
  intros known all. revert v.
  assert (forall p q b x p' q' b' x', In (Follows p q b x) S -> In (Follows p' q' b' x') S ->
    name H (Follows p q b x) = name H (Follows p' q' b' x') ->
    b && cut H q = true -> Follows p q b x = Follows p' q' b' x') as begin.
  { intros p q b x p' q' b' x' here there same is_cut.
    apply andb_prop in is_cut as [-> is_cut]. apply cut_means_in in is_cut.
    rewrite cut_names in same by exact is_cut. symmetry in same.
    destruct (first_names S H _ _ known there same) as [p1 q1 x1 [= <- <- -> <-] is_cut' heads
      | q1 b1 x1 [= -> <- <- <-] uncut].
    - injection heads as _ <-.
      apply (openings_begin_once _ grown); now apply (known_happened _ _ known).
    - destruct (openings_are_no_first_incarnations _ grown p q x
        (Follows (Root (Origin (replica (root p)) q)) q' b' x')); [| | reflexivity];
        now apply (known_happened _ _ known). }
  induction u as [o | p IH q b x]; intros v here there same.
  { destruct (operations_happened _ grown o). now apply (known_happened _ _ known). }
  destruct (known_operations_are_operations S v known there) as (p' & q' & b' & x' & ->).
  destruct (b && cut H q) eqn:is_cut; [now apply begin |].
  destruct (b' && cut H q') eqn:is_cut'; [symmetry; now apply begin |].
  rewrite !uncut_names in same by assumption. injection same as same_origin same_counter.
  assert (p = p') as <-.
  { destruct (N.eq_dec (counter (name H p)) 0) as [zero | some].
    - rewrite (a_name_that_counts_nothing_is_a_root S H p known
        (known_with_what_is_followed _ _ known _ _ _ _ here) zero).
      rewrite (a_name_that_counts_nothing_is_a_root S H p' known
        (known_with_what_is_followed _ _ known _ _ _ _ there) ltac:(lia)).
      now rewrite same_origin.
    - apply IH.
      + destruct (known_with_what_is_followed _ _ known _ _ _ _ here) as [| (o & ->)];
          [assumption | cbn in some; lia].
      + destruct (known_with_what_is_followed _ _ known _ _ _ _ there) as [| (o & ->)];
          [assumption | cbn in same_counter; lia].
      + apply dots_are_equal; [exact same_origin | lia]. }
  now apply (what_follows_the_same_is_one_unless_cut S H).
Qed.

(** *** Cutting one opening more renames the dots of its branch. *)

Lemma renaming_cuts_an_opening S H p q x w :
  known_of T S ->
  enough S H ->
  In (Follows p q true x) S ->
  ~ In q H ->
  In w S ->
  name (q :: H) w = rename_dot compare_name (name H (Follows p q true x), q) (name H w).
Proof using grown lawful_names.
  intros known all here uncut. set (u := Follows p q true x) in *.
  assert (forall w, In w S -> name H w = name H u -> w = u) as only
    by (intros; now apply (a_name_names_one_operation S H)).
  assert (cut H q = false) as not_cut by (apply not_true_is_false; now rewrite cut_means_in).
  induction w as [o | p' IH q' b' x']; intros there.
  { destruct (operations_happened _ grown o). now apply (known_happened _ _ known). }
  destruct (b' && cut H q') eqn:is_cut.
  - apply andb_prop in is_cut as [-> is_cut]. apply cut_means_in in is_cut.
    rewrite !cut_names by (now right || exact is_cut).
    unfold rename_dot. cbn [fst snd dot_origin counter].
    destruct (equal_is_equality compare_origin (Origin (replica (root p')) q')
      (dot_origin (name H u))) as [same |]; [| reflexivity].
    destruct (N.leb_spec (counter (name H u)) 1) as [low |]; [| reflexivity]. exfalso.
    pose proof (counters_start_at_1 H p q true x). fold u in H0.
    assert (Follows p' q' true x' = u) as is_u.
    { apply only; [exact there |]. rewrite cut_names by exact is_cut.
      apply dots_are_equal; [exact same | cbn [counter]; lia]. }
    injection is_u as _ -> _. contradiction.
  - rewrite (uncut_names H) by exact is_cut.
    destruct (b' && cut (q :: H) q') eqn:is_cut'.
    + apply andb_prop in is_cut' as [-> is_cut']. apply cut_means_in in is_cut'.
      destruct is_cut' as [<- | is_cut'].
      * assert (Follows p' q true x' = u) as is_u
          by (apply (openings_begin_once _ grown); now apply (known_happened _ _ known)).
        injection is_u as -> ->. subst u.
        rewrite cut_names by now left. rewrite (uncut_names H) by exact is_cut.
        unfold rename_dot, renamed_origin. cbn [fst snd dot_origin counter].
        rewrite (equal_to_itself compare_origin), N.leb_refl, names_keep_the_replica. cbn.
        f_equal. lia.
      * apply cut_means_in in is_cut'. rewrite is_cut' in is_cut. discriminate.
    + rewrite (uncut_names (q :: H)) by exact is_cut'.
      assert (Follows p' q' b' x' <> u) as other.
      { intros [= -> -> -> ->]. cbn in is_cut'. now rewrite N.eqb_refl in is_cut'. }
      assert (name H (Follows p' q' b' x') <> name H u) as named_apart
        by (intros same; now apply other, only).
      rewrite (uncut_names H) in named_apart by exact is_cut.
      pose proof (counters_start_at_1 H p q true x) as positive. fold u in positive.
      destruct (known_with_what_is_followed _ _ known _ _ _ _ there) as [p'_in | (o & ->)].
      * rewrite (IH p'_in). unfold rename_dot. cbn [fst snd dot_origin counter].
        destruct (equal_is_equality compare_origin (dot_origin (name H p'))
          (dot_origin (name H u))) as [same |]; cbn [andb dot_origin counter]; [| reflexivity].
        destruct (N.leb_spec (counter (name H u)) (counter (name H p'))) as [le | lt];
          destruct (N.leb_spec (counter (name H u)) (counter (name H p') + 1)) as [le' | lt'];
          cbn [dot_origin counter]; try lia.
        -- f_equal. lia.
        -- exfalso. apply named_apart. apply dots_are_equal; [exact same | cbn [counter]; lia].
        -- reflexivity.
      * cbn [name dot_origin counter]. unfold rename_dot. cbn [fst snd dot_origin counter].
        destruct (equal_is_equality compare_origin o (dot_origin (name H u))) as [same |];
          [| reflexivity].
        destruct (N.leb_spec (counter (name H u)) (0 + 1)) as [le |]; [| reflexivity].
        exfalso. apply named_apart. apply dots_are_equal; [exact same | cbn [counter name]; lia].
Qed.

(** ** States that hold what is known, under these names *)

(** The same for any map by dots: of each operation in [S] that [value] gives one, its value. *)
Definition holds {V : Type} (value : path -> option V) (S : list path) (H : list N)
    (m : sorted_map dot V) : Prop :=
  sorted compare_dot m = true /\
  forall d v, find compare_dot d m = Some v <->
    exists u, In u S /\ name H u = d /\ value u = Some v.

Definition counts_of (S : list path) (H : list N) (v : version_vector.state Name) : Prop :=
  well_formed v = true /\
  forall d, contains d v = true <-> exists u, In u S /\ name H u = d.

Definition opening_begun (u : path) : option N :=
  match u with
  | Follows _ q true _ => Some q
  | _ => None
  end.

Definition content_of (u : path) : option Content :=
  match u with
  | Follows _ _ _ x => Some x
  | Root _ => None
  end.

Record represents (S : list path) (H : list N) (k : knowledge) : Prop := {
  counts_are_known : counts_of S H (counts k);
  openings_are_known : holds opening_begun S H (openings k)
}.

Lemma rename_keys_is_sorted {V : Type} r (m : sorted_map dot V) :
  sorted compare_dot (rename_keys compare_name r m) = true.
Proof using lawful_names.
  unfold rename_keys. induction m as [| [d v] m IH]; [reflexivity |]. now apply set_is_sorted.
Qed.

Lemma find_in_renamed_keys {V : Type} r (m : sorted_map dot V) d v :
  sorted compare_dot m = true ->
  (forall d d', In d (keys m) -> In d' (keys m) ->
    rename_dot compare_name r d = rename_dot compare_name r d' -> d = d') ->
  find compare_dot d (rename_keys compare_name r m) = Some v <->
  exists d', find compare_dot d' m = Some v /\ rename_dot compare_name r d' = d.
Proof using lawful_names.
  induction m as [| [e w] m IH]; intros sorts injective.
  { cbn. split; [easy | now intros (? & ? & _)]. }
  apply (sorted_means_keys_above_the_first compare_dot) in sorts as [above sorts].
  cbn [rename_keys fold_right fst snd]. fold (rename_keys compare_name r m).
  rewrite (find_in_set compare_dot) by apply rename_keys_is_sorted.
  specialize (IH sorts ltac:(intros; apply injective; cbn; auto)).
  destruct (equal_is_equality compare_dot d (rename_dot compare_name r e)) as [-> | other].
  - split.
    + intros [= ->]. exists e. rewrite (find_in_first_and_rest compare_dot) by exact above.
      now rewrite (equal_to_itself compare_dot).
    + intros (d' & found & same). rewrite (find_in_first_and_rest compare_dot) in found by exact above.
      destruct (equal_is_equality compare_dot d' e) as [is_e | different]; [subst; congruence |].
      exfalso. apply different, injective; [right | now left | exact same].
      apply (found_means_key compare_dot); [exact sorts | congruence].
  - rewrite IH. split; intros (d' & found & same); exists d'; split; try exact same.
    + rewrite (find_in_first_and_rest compare_dot) by exact above.
      destruct (equal_is_equality compare_dot d' e) as [is_e |]; [subst; congruence | exact found].
    + rewrite (find_in_first_and_rest compare_dot) in found by exact above.
      destruct (equal_is_equality compare_dot d' e) as [is_e |]; [subst; congruence | exact found].
Qed.

Lemma contained_means_listed d (v : version_vector.state Name) :
  well_formed v = true ->
  contains d v = true <-> exists n, In (dot_origin d, n) v /\ 1 <= counter d <= n.
Proof using lawful_names.
  intros good. pose proof (version_vector_proof.well_formed_vectors_are_sorted _ v good) as sorts.
  rewrite (version_vector_proof.contains_means_counted compare_name). unfold version_vector.get.
  assert (forall n, find compare_origin (dot_origin d) v = Some n <-> In (dot_origin d, n) v)
    as found by (intros; now apply (found_means_in compare_origin)).
  split.
  - destruct (find compare_origin (dot_origin d) v) as [n |]; [| lia].
    intros bounds. exists n. split; [now apply found | exact bounds].
  - intros (n & there%found & bounds). now rewrite there.
Qed.

Lemma contains_after_seeing d o n (v : version_vector.state Name) :
  well_formed v = true ->
  contains d (version_vector.see compare_name o n v) = true <->
  dot_origin d = o /\ 1 <= counter d <= n \/ contains d v = true.
Proof using lawful_names.
  intros good. rewrite !(version_vector_proof.contains_means_counted compare_name).
  rewrite (version_vector_proof.get_of_see compare_name) by exact good.
  destruct (equal_is_equality compare_origin (dot_origin d) o) as [<- |]; [| tauto].
  split; [| lia]. intros bounds. destruct (N.le_gt_cases (counter d) n); [left; split; [reflexivity |] | right]; lia.
Qed.

Lemma rename_counts_is_well_formed r (v : version_vector.state Name) :
  well_formed (rename_counts compare_name r v) = true.
Proof using lawful_names.
  induction v as [| [o n] v IH]; [reflexivity |]. cbn.
  now repeat apply version_vector_proof.see_is_well_formed.
Qed.

Lemma contains_in_renamed_counts r (v : version_vector.state Name) d :
  well_formed v = true ->
  1 <= counter (fst r) ->
  contains d (rename_counts compare_name r v) = true <->
  exists d', contains d' v = true /\ rename_dot compare_name r d' = d.
Proof using lawful_names.
  intros good positive.
  transitivity (exists d', (exists n, In (dot_origin d', n) v /\ 1 <= counter d' <= n) /\
    rename_dot compare_name r d' = d).
  2: { split; intros (d' & here & same); exists d'; split; try exact same;
    now apply (contained_means_listed d' v good). }
  clear good. induction v as [| [o n] v IH].
  { pose proof (version_vector_proof.bottom_contains_nothing compare_name d) as none.
    change (contains d version_vector.bottom = true <-> exists d', (exists n,
      In (dot_origin d', n) [] /\ 1 <= counter d' <= n) /\ rename_dot compare_name r d' = d).
    rewrite none. split; [easy | now intros (d' & (m & [] & _) & _)]. }
  cbn [rename_counts fold_right]. fold (rename_counts compare_name r v).
  unfold version_vector.see_dot. rewrite !contains_after_seeing
    by (try apply version_vector_proof.see_is_well_formed; try exact _;
      apply rename_counts_is_well_formed).
  rewrite IH. clear IH. destruct r as [[o' f] q]. unfold rename_dot, renamed_origin.
  cbn [fst snd dot_origin counter] in *. split.
  - intros [here | [here | (d' & (m & there & bounds) & same)]].
    + destruct (equal_is_equality compare_origin o o') as [-> |]; cbn [andb] in *.
      * destruct (N.leb_spec f n) as [le |]; cbn [dot_origin counter] in *.
        -- exists (Dot o' (counter d + f - 1)). cbn [dot_origin counter].
           rewrite (equal_to_itself compare_origin). split; [exists n; split; [now left | lia] |].
           destruct (N.leb_spec f (counter d + f - 1)); [| lia].
           apply dots_are_equal; cbn; [easy | lia].
        -- exists d. split; [exists n; destruct here as [-> ?]; split; [now left | lia] |].
           destruct (N.leb_spec f (counter d)); [lia | now rewrite andb_false_r].
      * cbn [dot_origin counter] in *. exists d. destruct here as [-> ?].
        split; [exists n; split; [now left | lia] |].
        now destruct (equal_is_equality compare_origin o o').
    + exists d. destruct here as [-> here]. split.
      * exists n. split; [now left |]. destruct (equal _ _ _); lia.
      * destruct (equal_is_equality compare_origin o o') as [-> |]; [| reflexivity]. cbn [andb].
        destruct (N.leb_spec f (counter d)); [lia | reflexivity].
    + exists d'. split; [exists m; split; [now right | exact bounds] | exact same].
  - intros (d' & (m & [[= same_o <-] | there] & bounds) & same).
    + rewrite <- same_o in same. destruct d' as [o1 k]. cbn [dot_origin counter] in *. subst o1.
      destruct (equal_is_equality compare_origin o o') as [-> |]; cbn [andb] in *.
      * destruct (N.leb_spec f k) as [le |].
        -- left. destruct (N.leb_spec f n); [| lia]. rewrite <- same. cbn. split; [easy | lia].
        -- right. left. rewrite <- same. cbn. split; [easy | lia].
      * left. rewrite <- same. cbn. split; [easy | lia].
    + right. right. exists d'. split; [exists m; split; [exact there | exact bounds] | exact same].
Qed.

Lemma renamed_counts S U H p q x v :
  known_of T U ->
  incl S U ->
  enough U H ->
  In (Follows p q true x) U ->
  ~ In q H ->
  counts_of S H v ->
  counts_of S (q :: H) (rename_counts compare_name (name H (Follows p q true x), q) v).
Proof using grown lawful_names.
  intros known part all here uncut [good counted]. split; [apply rename_counts_is_well_formed |].
  intros d. rewrite contains_in_renamed_counts by (exact good || apply counters_start_at_1).
  split.
  - intros (d' & (u & u_in & <-)%counted & <-). exists u. split; [exact u_in |].
    apply (renaming_cuts_an_opening U H p q x); auto.
  - intros (u & u_in & <-). exists (name H u). split; [apply counted; now exists u |].
    symmetry. apply (renaming_cuts_an_opening U H p q x); auto.
Qed.

Lemma cutting_more_is_enough S H q : enough S H -> enough S (q :: H).
Proof. intros all p q' x v here there over. right. now apply (all p q' x v). Qed.

Lemma renamed_values {V : Type} (value : path -> option V) S U H p q x m :
  known_of T U ->
  incl S U ->
  enough U H ->
  In (Follows p q true x) U ->
  ~ In q H ->
  holds value S H m ->
  holds value S (q :: H) (rename_keys compare_name (name H (Follows p q true x), q) m).
Proof using grown lawful_names.
  intros known part all here uncut [sorts held]. split; [apply rename_keys_is_sorted |].
  assert (forall w, In w S -> name (q :: H) w
    = rename_dot compare_name (name H (Follows p q true x), q) (name H w)) as renamed
    by (intros; apply (renaming_cuts_an_opening U H p q x); auto).
  intros d v. rewrite find_in_renamed_keys; [| exact sorts |].
  - split.
    + intros (d' & (u & u_in & <- & at_u)%held & <-). exists u. auto.
    + intros (u & u_in & <- & at_u). exists (name H u). split; [| now rewrite renamed].
      apply held. now exists u.
  - assert (forall d, In d (keys m) -> exists u, In u S /\ name H u = d) as named.
    { intros d' there. apply (found_means_key compare_dot) in there; [| exact sorts].
      destruct (find compare_dot d' m) as [w |] eqn:found; [| easy].
      apply held in found as (u & u_in & same & _). now exists u. }
    intros d1 d2 (u1 & in1 & <-)%named (u2 & in2 & <-)%named same.
    rewrite <- !renamed in same by assumption.
    now rewrite (a_name_names_one_operation U (q :: H) u1 u2 known
      (cutting_more_is_enough U H q all) (part _ in1) (part _ in2) same).
Qed.

Lemma renamed_knowledge S U H p q x k :
  known_of T U ->
  incl S U ->
  enough U H ->
  In (Follows p q true x) U ->
  ~ In q H ->
  represents S H k ->
  represents S (q :: H) (rename compare_name (name H (Follows p q true x), q) k).
Proof using grown lawful_names.
  intros known part all here uncut [counts_known openings_known].
  split; [apply (renamed_counts S U) | apply (renamed_values opening_begun S U)]; auto.
Qed.

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
