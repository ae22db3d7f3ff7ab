(** The names of operations, as a function of what is known of openings.

    What is shown: one dot names one operation; cutting one opening more renames the dots of its branch
    and no others; a replica that renames what it keeps holds the same operations under their new
    names. Definitions: [openings.v]. *)

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
Local Notation contains := (version_vector.contains compare_name).
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
End Forest.
End Openings.
