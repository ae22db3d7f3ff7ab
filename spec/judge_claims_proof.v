(** The judge decides each claim, and whether a line is possible.

    What is shown: by what it keeps ([models]), the judge decides state hashes, claims and possible
    lines as the definition does. Definitions: [judge.v], [trace.v]. *)

From Coq Require Import List Bool NArith BinInt Permutation Lia.
From Rejoin Require Import order sorted_map dot definition trace judge.
From Rejoin Require Import order_proof sorted_map_proof dot_proof trace_proof.
From Rejoin Require Import judge_answers_proof judge_state_proof.
Import ListNotations.
Open Scope N_scope.

Section Judge.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_name : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_value : ordered compare_value}.
Context (null : Value).
Local Notation event := (event Name Value).
Local Notation line := (line Name Value).
Local Notation claim := (claim Name Value).
Local Notation answer := (answer Name Value).
Local Notation state := (state (Name := Name) (Value := Value)).
Local Notation hashed := (hashed (Name := Name) (Value := Value)).
Local Notation find := (find compare_name).
Local Notation lists := (lists compare_name).
Local Notation shows := (shows compare_name compare_value null).
Local Notation step := (step compare_name compare_value null).
Local Notation agrees := (agrees compare_name compare_value null).
Local Notation breaks := (breaks compare_name compare_value null).
Local Notation possible := (possible compare_name).
Local Notation obeys := (obeys compare_name compare_value null).
Local Notation judge_claim := (judge_claim compare_name compare_value null).
Local Notation events_on := (events_on compare_name).
Local Notation value_at := (value_at compare_name compare_value null).
Implicit Types past before : list line.
Implicit Types h : header Name.
Implicit Types s : state.
Local Notation same_value_means_equal := (same_value_means_equal compare_name compare_value).
Local Notation sets_decide_same_members := (sets_decide_same_members compare_value).
Local Notation answers_decides_same_answer :=
  (answers_decides_same_answer compare_name compare_value).
Local Notation same_decisions_decides_rearranged :=
  (same_decisions_decides_rearranged compare_name).
Local Notation models := (models compare_name).
Local Notation models_seen := (models_seen compare_name).
Local Notation one_of_means_in := (one_of_means_in compare_name).
Local Notation within_keeps_what_is_about := (within_keeps_what_is_about compare_name).
Local Notation events_on_list_what_was_seen := (events_on_list_what_was_seen compare_name).
Local Notation what_is_shown := (what_is_shown compare_name compare_value null).

(** ** State hashes *)

(** What the judge keeps of a state hash. *)
Definition records h (x : hashed) (t : true_hash) : Prop :=
  of_what t = hashed_object x /\
  by_which t = hashed_algorithm x /\
  hash_value t = hash x /\
  keep (covers t) (fun p => has_seen (hashed_past x) (hashed_replica x) p /\
    about (hashed_past x) (only (hashed_object x)) p) /\
  Forall2 (fun entry v => forall a,
    shows (hashed_past x) (hashed_replica x) (fst entry) (snd entry) a <-> a = snd v)
    (hashed_objects compare_name h (hashed_object x)) (values t).

Local Notation hashed_now := (hashed_now compare_name compare_value null).

Lemma the_hash_is_recorded h past s r object algorithm digest :
  models past s ->
  records h (Hashed past r object algorithm digest) (hashed_now h r object algorithm digest s).
Proof.
  intros is_model. do 3 (split; [reflexivity |]). split; cbn.
  - exact (within_keeps_what_is_about past s (only object) _ _ is_model
      (proj2 (models_seen _ _ is_model) r)).
  - induction (hashed_objects compare_name h object) as [| entry entries IH]; cbn; constructor;
      [| exact IH].
    intros a. now apply what_is_shown.
Qed.

Lemma equal_covers_mean_same_seen h x y t u :
  records h x t ->
  records h y u ->
  equal (compare_list N.compare) (covers t) (covers u) = true <-> same_seen x y.
Proof.
  intros (_ & _ & _ & (rises & all) & _) (_ & _ & _ & (rises' & all') & _).
  rewrite (equal_means_equal _). unfold same_seen. split.
  - intros same p. now rewrite <- all, <- all', same.
  - intros same. apply (equal_content_makes_equal_rising_lists N.compare); try assumption.
    intros p. rewrite all, all'. apply same.
Qed.

Lemma same_values_means_one_by_one {Entry : Type} (X Y : Entry -> answer -> Prop) entries vs ws :
  Forall2 (fun entry (v : Name * answer) => forall a, X entry a <-> a = snd v) entries vs ->
  Forall2 (fun entry (w : Name * answer) => forall a, Y entry a <-> a = snd w) entries ws ->
  same_values compare_name compare_value vs ws = true <->
  forall entry a b, In entry entries -> X entry a -> Y entry b -> a = b.
Proof.
  intros all_X. revert ws. induction all_X as [| entry [o v] entries vs is_v all_X IH];
    intros ws all_Y; inversion all_Y as [| ? [o' w] ? ws' is_w all_Y']; subst; clear all_Y.
  - easy.
  - cbn. rewrite andb_true_iff, same_value_means_equal, (IH ws' all_Y'). split.
    + intros [-> rest] e a b [<- | e_in] shows_a shows_b; [| now apply (rest e)].
      apply is_v in shows_a. apply is_w in shows_b. cbn in *. congruence.
    + intros all. split.
      * apply (all entry); [now left | now apply is_v | now apply is_w].
      * intros e a b e_in. apply all. now right.
Qed.

Lemma hashed_objects_are_declared h object entry :
  sorted compare_name (objects h) = true ->
  In entry (hashed_objects compare_name h object) <->
  declares compare_name h (fst entry) (snd entry) /\
  (forall o, object = Some o -> fst entry = o).
Proof.
  intros sorts. destruct entry as [o type]. unfold hashed_objects, declares. cbn.
  rewrite filter_In, (found_means_in compare_name) by exact sorts.
  apply and_iff_compat_l. cbn. destruct object as [o' |]; [| easy].
  rewrite (equal_means_equal _). split; [congruence | auto].
Qed.

Lemma same_values_means_no_different_value h x y t u :
  sorted compare_name (objects h) = true ->
  hashed_object x = hashed_object y ->
  records h x t ->
  records h y u ->
  same_values compare_name compare_value (values t) (values u) = true <->
  ~ different_value compare_name compare_value null h x y.
Proof.
  intros sorts same_object (_ & _ & _ & _ & all) (_ & _ & _ & _ & all').
  rewrite <- same_object in all'.
  rewrite (same_values_means_one_by_one _ _ _ _ _ all all'). split.
  - intros same (o & type & a & b & is_declared & covered & shows_a & shows_b & different).
    apply different, (same (o, type)); [| exact shows_a | exact shows_b].
    now apply hashed_objects_are_declared.
  - intros none [o type] a b e_in shows_a shows_b.
    apply hashed_objects_are_declared in e_in as [is_declared covered]; [| exact sorts].
    destruct (same_value compare_name compare_value a b) eqn:same;
      [now apply same_value_means_equal |].
    exfalso. apply none. exists o, type, a, b. repeat split; try assumption.
    intros ->. apply not_true_iff_false in same. now apply same, same_value_means_equal.
Qed.

Definition knows_hashes h past s : Prop :=
  exists xs,
    Forall2 (records h) xs (hashes s) /\
    forall law x,
      obeys h law x past <->
      forall y, In y xs -> hashed_object x = hashed_object y ->
        hashed_algorithm x = hashed_algorithm y -> law x y.

Lemma no_other_hash_means_obeyed h x t xs ts test (law : hashed -> hashed -> Prop) :
  records h x t ->
  Forall2 (records h) xs ts ->
  (forall y u, records h y u -> hashed_object x = hashed_object y -> test u = false <-> law x y) ->
  existsb test (filter (comparable compare_name t) ts) = false <->
  forall y, In y xs -> hashed_object x = hashed_object y ->
    hashed_algorithm x = hashed_algorithm y -> law x y.
Proof.
  intros (same_object & same_algorithm & _) all decides.
  induction all as [| y u ys us is_u all IH]; [easy |].
  pose proof is_u as (same_object' & same_algorithm' & _). cbn. unfold comparable at 1.
  rewrite same_object, same_object', same_algorithm, same_algorithm'.
  destruct (equal_is_equality (compare_option compare_name) (hashed_object x) (hashed_object y))
    as [on_same | on_other];
    [destruct (equal_is_equality (compare_option compare_name) (hashed_algorithm x)
      (hashed_algorithm y)) as [by_same | by_other] |]; cbn.
  - rewrite orb_false_iff, IH, (decides y u is_u on_same). split.
    + intros [here rest] z [<- | z_in]; [auto | now apply rest].
    + intros obeyed. split; [now apply (obeyed y); [left | |] |].
      intros z z_in. apply obeyed. now right.
  - rewrite IH. split; [intros rest z [<- | z_in]; [easy | now apply rest] |].
    intros obeyed z z_in. apply obeyed. now right.
  - rewrite IH. split; [intros rest z [<- | z_in]; [easy | now apply rest] |].
    intros obeyed z z_in. apply obeyed. now right.
Qed.

Lemma judging_a_hash h past s x t :
  sorted compare_name (objects h) = true ->
  knows_hashes h past s ->
  records h x t ->
  (judge_hash compare_name compare_value t (hashes s) = None <->
    obeys h (both_hold compare_name compare_value null h) x past) /\
  forall broken,
    judge_hash compare_name compare_value t (hashes s) = Some broken <->
    broken = Digest_equal /\ ~ obeys h equal_where_seen_equal x past \/
    broken = Digest_distinct /\ obeys h equal_where_seen_equal x past /\
      ~ obeys h (distinct_where_values_differ compare_name compare_value null h) x past.
Proof.
  intros sorts (xs & all & known) is_t. pose proof is_t as (_ & _ & same_hash & _).
  assert (by_equal : existsb (fun y => equal (compare_list N.compare) (covers t) (covers y) &&
      negb (judge.same_hash compare_value t y)) (filter (comparable compare_name t) (hashes s))
      = false <-> obeys h equal_where_seen_equal x past).
  { rewrite known. apply (no_other_hash_means_obeyed h x t); try assumption.
    intros y u is_u _. pose proof is_u as (_ & _ & same_hash' & _).
    rewrite andb_false_iff, negb_false_iff, <- not_true_iff_false.
    rewrite (equal_covers_mean_same_seen h x y t u is_t is_u).
    unfold judge.same_hash. rewrite same_hash, same_hash', (equal_means_equal _).
    unfold equal_where_seen_equal.
    pose proof (equal_covers_mean_same_seen h x y t u is_t is_u) as decided.
    destruct (equal (compare_list N.compare) (covers t) (covers u)); intuition congruence. }
  assert (by_distinct : existsb (fun y => negb (same_values compare_name compare_value (values t)
      (values y)) && judge.same_hash compare_value t y)
      (filter (comparable compare_name t) (hashes s)) = false <->
      obeys h (distinct_where_values_differ compare_name compare_value null h) x past).
  { rewrite known. apply (no_other_hash_means_obeyed h x t); try assumption.
    intros y u is_u same_object. pose proof is_u as (_ & _ & same_hash' & _).
    rewrite andb_false_iff, negb_false_iff.
    rewrite (same_values_means_no_different_value h x y t u sorts same_object is_t is_u).
    unfold judge.same_hash. rewrite same_hash, same_hash', <- not_true_iff_false,
      (equal_means_equal _).
    unfold distinct_where_values_differ.
    pose proof (same_values_means_no_different_value h x y t u sorts same_object is_t is_u)
      as decided.
    destruct (equal_is_equality compare_value (hash x) (hash y)); intuition congruence. }
  assert (both : obeys h (both_hold compare_name compare_value null h) x past <->
    obeys h equal_where_seen_equal x past /\
    obeys h (distinct_where_values_differ compare_name compare_value null h) x past).
  { rewrite !known. unfold both_hold. split.
    - intros obeyed. split; intros y y_in same_o same_a; now apply obeyed.
    - intros [equals distincts] y y_in same_o same_a. auto. }
  unfold judge_hash. rewrite both, <- by_equal, <- by_distinct.
  destruct existsb, existsb; (split; [| intros broken]); intuition congruence.
Qed.

Lemma hashes_are_kept h past l s :
  sorted compare_name (objects h) = true ->
  models past s ->
  knows_hashes h past s ->
  knows_hashes h (l :: past) (step h l s).
Proof.
  intros sorts is_model knows. pose proof knows as (xs & all & known).
  assert (unchanged : hashes (step h l s) = hashes s ->
    (forall law x, obeys h law x (l :: past) <-> obeys h law x past) ->
    knows_hashes h (l :: past) (step h l s)).
  { intros same_hashes same_obeys. exists xs. rewrite same_hashes. split; [exact all |].
    intros law x. rewrite same_obeys. apply known. }
  destruct l as [| | | | | | r b | | c]; try (apply unchanged; [reflexivity | cbn; tauto]).
  - apply unchanged; [| cbn; tauto]. cbn. unfold restore.
    now destruct (find b (snapshots s)) as [[] |].
  - destruct c as [| | | | r object algorithm digest | | | |];
      try (apply unchanged; [reflexivity | cbn; tauto]).
    set (y := Hashed past r object algorithm digest).
    destruct (judging_a_hash h past s y _ sorts knows
      (the_hash_is_recorded h past s r object algorithm digest is_model)) as [if_true if_false].
    cbn. unfold knows_hashes, remember. cbn.
    destruct judge_hash as [broken |] eqn:judged_as.
    + exists xs. split; [exact all |]. intros law x. cbn. fold y.
      rewrite <- if_true, known. intuition congruence.
    + exists (y :: xs). split.
      * constructor; [| exact all]. now apply the_hash_is_recorded.
      * intros law x. cbn. fold y. rewrite <- if_true, known. split.
        -- intros [rest here] z [<- | z_in]; auto.
        -- intros obeyed. split; [auto |]. intros _ same_o same_a. apply obeyed; auto.
Qed.

(** ** Claims *)

(** A test that does not depend on the order of what was seen may be made on what the judge
    lists. *)
Lemma a_list_will_do past s r object (test : list event -> Prop) :
  models past s ->
  (forall E F, Permutation E F -> test E -> test F) ->
  (exists E, lists past r object E /\ test E) <-> test (events_on object r s).
Proof.
  intros is_model invariant.
  pose proof (events_on_list_what_was_seen past s r object is_model) as listed. split.
  - intros (E & lists_E & holds). refine (invariant _ _ _ holds).
    exact (what_was_seen_is_listed_once compare_name past r object _ _ lists_E listed).
  - intros holds. now exists (events_on object r s).
Qed.

Lemma same_vector_decides past s h r object claimed :
  models past s ->
  same_vector compare_name h claimed (events_on object r s) = true <->
  agrees h past (Counts r object (Some claimed)).
Proof.
  intros is_model. cbn.
  rewrite (a_list_will_do past s r object (fun E =>
    (forall name n, In (name, n) claimed ->
      In name (replicas h) /\ n = seen_of compare_name name E) /\
    (forall name, In name (replicas h) -> seen_of compare_name name E <> 0 ->
      exists n, In (name, n) claimed)) is_model).
  - unfold same_vector. rewrite andb_true_iff, !forallb_forall. apply both_parts_alike.
    + split.
      * intros all name n listed. specialize (all _ listed). cbn in all.
        now rewrite andb_true_iff, one_of_means_in, N.eqb_eq in all.
      * intros all [name n] listed. cbn. rewrite andb_true_iff, one_of_means_in, N.eqb_eq.
        now apply all.
    + split.
      * intros all name listed some. specialize (all _ listed).
        rewrite orb_true_iff, N.eqb_eq, one_of_means_in, in_map_iff in all.
        destruct all as [none | ([name' n] & [= ->] & found)]; [contradiction | eauto].
      * intros all name listed. rewrite orb_true_iff, N.eqb_eq, one_of_means_in, in_map_iff.
        destruct (N.eq_dec (seen_of compare_name name (events_on object r s)) 0) as [| some];
          [now left | right].
        destruct (all name listed some) as [n found]. now exists (name, n).
  - intros E F reordered.
    setoid_rewrite (seen_of_is_independent_of_order compare_name E F reordered). tauto.
Qed.

Lemma all_alike_decides past s h r rest :
  sorted compare_name (objects h) = true ->
  models past s ->
  all_alike compare_name compare_value null h (r :: rest) s = true <->
  agrees h past (Converged (r :: rest)).
Proof.
  intros sorts is_model. cbn. rewrite forallb_forall. split.
  - intros all r1 r2 o type a b in_1 in_2 is_declared shows_a shows_b.
    apply (found_means_in compare_name) in is_declared; [| exact sorts].
    specialize (all _ is_declared). cbn in all. rewrite forallb_forall in all.
    assert (alike : forall r', r = r' \/ In r' rest -> value_at r' o type s = value_at r o type s).
    { intros r' [<- | r'_in]; [reflexivity |].
      apply (same_value_means_equal (value_at r' o type s)). now apply all. }
    rewrite (what_is_shown past s) in shows_a, shows_b by exact is_model.
    now rewrite shows_a, shows_b, (alike r1 in_1), (alike r2 in_2).
  - intros all [o type] found. apply forallb_forall. intros r' r'_in.
    apply same_value_means_equal. apply (all r' r o type); auto.
    + now apply (found_means_in compare_name).
    + now apply (what_is_shown past s).
    + now apply (what_is_shown past s).
Qed.

Lemma unless_judges holds broken (meant : Prop) :
  (holds = true <-> meant) ->
  (unless holds broken = None <-> meant) /\
  forall found, unless holds broken = Some found <-> found = broken /\ ~ meant.
Proof.
  intros decides. destruct holds; cbn; (split; [| intros found]); intuition congruence.
Qed.

(** Sketch: a claim at a time. The judge keeps one list of the events that a replica has seen, the
    definition allows any; the answer does not depend on the order of the list, so that one will do
    ([a_list_will_do]). What is left is that the judge's comparison of two answers decides whether
    they are the same. *)
Theorem each_claim_is_judged h past s c :
  sorted compare_name (objects h) = true ->
  possible_claim compare_name h c ->
  models past s ->
  knows_hashes h past s ->
  (judge_claim h c s = None <-> agrees h past c) /\
  forall broken, judge_claim h c s = Some broken <-> breaks h past c broken.
Proof.
  intros sorts is_possible is_model knows.
  destruct c as [r o claimed | r o x claimed | r o k claimed | r object claimed
    | r object algorithm digest | rs | r o claimed | r user claimed | r o k claimed].
  - apply unless_judges. destruct is_possible as (_ & type & is_declared).
    unfold declares in is_declared. rewrite is_declared.
    destruct claimed as [claimed |]; [| easy]. cbn. rewrite answers_decides_same_answer. split.
    + intros same. exists type, (value_at r o type s). repeat split; try assumption.
      now apply (what_is_shown past s).
    + intros (type' & actual & is_declared' & is_shown & same).
      unfold declares in is_declared'. rewrite is_declared in is_declared'.
      injection is_declared' as <-. apply (what_is_shown past s) in is_shown; [| exact is_model].
      now rewrite <- is_shown.
  - apply unless_judges. destruct is_possible as (_ & type & is_declared & _).
    unfold declares in is_declared. rewrite is_declared.
    destruct claimed as [claimed |]; [| easy]. cbn. rewrite eqb_true_iff.
    rewrite <- (a_list_will_do past s r (Some o)
      (fun E => claimed = contains compare_name type E x) is_model).
    + split; [intros (E & both); now exists type, E |].
      intros (type' & E & is_declared' & both). exists E.
      unfold declares in is_declared'. rewrite is_declared in is_declared'.
      now injection is_declared' as <-.
    + intros E F reordered ->. now apply contains_is_independent_of_order.
  - apply unless_judges. cbn.
    rewrite (a_list_will_do past s r (Some o)
      (fun E => claimed = content_at compare_name compare_value null E k) is_model).
    + apply (equal_means_equal compare_value).
    + intros E F reordered ->. now apply content_at_is_independent_of_order.
  - apply unless_judges. destruct claimed as [claimed |]; [| easy]. now apply same_vector_decides.
  - apply (judging_a_hash h past s (Hashed past r object algorithm digest)); try assumption.
    now apply the_hash_is_recorded.
  - apply unless_judges. destruct rs as [| r rest]; [cbn; firstorder lia |].
    now apply all_alike_decides.
  - apply unless_judges. destruct is_possible as (_ & type & is_declared & _).
    unfold declares in is_declared. rewrite is_declared.
    destruct claimed as [claimed |]; [| easy]. cbn.
    rewrite same_decisions_decides_rearranged.
    rewrite <- (a_list_will_do past s r (Some o) (fun E => rearranged same_decision claimed
      (decisions compare_name compare_value null type E)) is_model).
    + split; [intros (E & both); now exists type, E |].
      intros (type' & E & is_declared' & both). exists E.
      unfold declares in is_declared'. rewrite is_declared in is_declared'.
      now injection is_declared' as <-.
    + intros E F reordered.
      now rewrite (decisions_are_independent_of_order compare_name compare_value null
        E F reordered).
  - apply unless_judges. destruct claimed as [claimed |]; [| easy]. cbn.
    unfold same_notices. rewrite (sorting_decides_reordering _).
    rewrite (a_list_will_do past s r None (fun E => Permutation claimed
      (all_notices compare_name compare_value null (objects h) user E)) is_model).
    + reflexivity.
    + intros E F reordered.
      now rewrite (all_notices_are_independent_of_order compare_name compare_value null
        (objects h) user E F reordered).
  - apply unless_judges. destruct claimed as [claimed |]; [| easy].
    etransitivity; [apply sets_decide_same_members |]. symmetry.
    apply (a_list_will_do past s r (Some o) (fun E => same_members claimed
      (concurrent_values_at compare_name compare_value null E k)) is_model).
    + intros E F reordered.
      now rewrite (concurrent_values_at_are_independent_of_order compare_name compare_value null
        E F reordered).
Qed.

(** ** Possible lines *)

Lemma known_means_found {V : Type} k (m : sorted_map Name V) :
  known compare_name k m = true <-> find k m <> None.
Proof. unfold known. now destruct (find k m). Qed.

Lemma declares_replica_decides h r :
  rising compare_name (replicas h) = true ->
  declares_replica compare_name h r = true <-> In r (replicas h).
Proof. apply member_means_in. exact _. Qed.

Lemma of_type_decides h o accepts (accepted : object_type -> Prop) :
  (forall type, accepts type = true <-> accepted type) ->
  of_type compare_name h o accepts = true <->
  exists type, declares compare_name h o type /\ accepted type.
Proof.
  intros decides. unfold of_type, declares. destruct (find o (objects h)) as [type |].
  - rewrite decides. split; [eauto |]. intros (type' & [= <-] & holds). exact holds.
  - split; [easy | now intros (type & [=] & _)].
Qed.

Lemma known_object_decides h o :
  known compare_name o (objects h) = true <-> exists type, declares compare_name h o type.
Proof.
  rewrite known_means_found. unfold declares.
  destruct (find o (objects h)) as [type |]; [| now split; [| intros [? [=]]]].
  split; [eauto | easy].
Qed.

Lemma declares_all_decides h names :
  declares_all compare_name h names = true <-> declared compare_name h names.
Proof.
  unfold declared. destruct names as [names |]; cbn.
  - rewrite forallb_forall. split.
    + intros all o (names' & [= <-] & o_in). now apply known_object_decides, all.
    + intros all o o_in. apply known_object_decides. eauto.
  - split; [now intros _ o (names & [=] & _) | reflexivity].
Qed.

Lemma distinct_decides names : distinct compare_name names = true <-> NoDup names.
Proof.
  induction names as [| x names IH]; cbn.
  - split; [constructor | reflexivity].
  - rewrite andb_true_iff, negb_true_iff, <- not_true_iff_false, one_of_means_in, IH.
    symmetry. apply NoDup_cons_iff.
Qed.

Lemma claim_is_possible_decides h (c : claim) :
  rising compare_name (replicas h) = true ->
  claim_is_possible compare_name h c = true <-> possible_claim compare_name h c.
Proof.
  intros rises. destruct c as [r o claimed | r o x claimed | r o k claimed | r object claimed
    | r object algorithm digest | rs | r o claimed | r user claimed | r o k claimed]; cbn;
    rewrite ?andb_true_iff, ?(declares_replica_decides _ _ rises), ?known_object_decides,
      ?declares_all_decides; try reflexivity.
  - apply and_iff_compat_l. now apply of_type_decides.
  - rewrite (of_type_decides h o is_lww_map (fun type => type = Lww_map)) by (now intros []).
    apply and_iff_compat_l. split; [now intros (type & is_declared & ->) | eauto].
  - rewrite forallb_forall, distinct_decides, and_assoc. apply both_parts_alike.
    + unfold incl. split; intros all r r_in; apply (declares_replica_decides _ _ rises); auto.
    + apply and_iff_compat_l. destruct rs as [| r [| r' rest]]; cbn; split; try easy; lia.
  - apply and_iff_compat_l. now apply of_type_decides.
  - rewrite (of_type_decides h o is_mv_map (fun type => type = Mv_map)) by (now intros []).
    apply and_iff_compat_l. split; [now intros (type & is_declared & ->) | eauto].
Qed.

Lemma is_possible_decides h past l s :
  rising compare_name (replicas h) = true ->
  models past s ->
  is_possible compare_name h l s = true <-> possible h past l.
Proof.
  intros rises [_ [_ all_named] [_ all_seen] (_ & all_sent & _) (_ & all_saved & _)].
  destruct l as [r o op id user | r m what | r m | r from names | r other names | r b | r b | | c];
    cbn; rewrite ?andb_true_iff, ?(declares_replica_decides _ _ rises), ?declares_all_decides,
      ?negb_true_iff, <- ?not_true_iff_false, ?known_means_found, ?all_sent, ?and_assoc;
    try reflexivity.
  - apply and_iff_compat_l. rewrite (of_type_decides h o _ (fun type => allows type op = true))
      by reflexivity.
    do 2 apply and_iff_compat_l. destruct id as [i |]; [| now split].
    rewrite negb_true_iff, <- not_true_iff_false, known_means_found. split.
    + intros fresh i' [= <-] (p & is_named). apply all_named in is_named.
      apply fresh. now rewrite is_named.
    + intros fresh found. destruct (find i (ids s)) as [p |] eqn:at_i; [| easy].
      apply (fresh i eq_refl). exists p. now apply all_named.
  - do 2 apply and_iff_compat_l. destruct what as [names | ms | names].
    + apply declares_all_decides.
    + rewrite forallb_forall. split; intros all m' m'_in; specialize (all m' m'_in);
        [rewrite known_means_found, all_sent in all | rewrite known_means_found, all_sent];
        exact all.
    + rewrite forallb_forall. split; intros all i i_in; specialize (all i i_in).
      * destruct (find i (ids s)) as [p |] eqn:at_i; [| easy]. exists p.
        split; [now apply all_named |]. now apply (in_kept _ _ _ (all_seen r)).
      * destruct all as (p & is_named & is_seen). apply all_named in is_named.
        rewrite is_named. now apply (in_kept _ _ _ (all_seen r)).
  - do 2 apply and_iff_compat_l. apply and_iff_compat_r.
    now rewrite (equal_means_equal compare_name).
  - apply and_iff_compat_l. split.
    + intros fresh (r' & saved). apply all_saved in saved as [ps found].
      apply fresh. now rewrite found.
    + intros fresh found. destruct (find b (snapshots s)) as [[r' ps] |] eqn:at_b; [| easy].
      apply fresh. exists r'. apply all_saved. eauto.
  - apply and_iff_compat_l. rewrite <- all_saved.
    destruct (find b (snapshots s)) as [[r' ps] |]; [| now split; [| intros [? [=]]]].
    rewrite (equal_means_equal compare_name). split; [intros ->; eauto | now intros [? [= ->]]].
  - easy.
  - now apply claim_is_possible_decides.
Qed.
End Judge.
