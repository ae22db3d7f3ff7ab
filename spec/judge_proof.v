(** The judge finds exactly the claims that disagree with the definitions.

    What the judge keeps is shown to be what a replica has seen, what a message holds and what a
    backup keeps, line by line ([models]); so each test that it computes decides the statement it
    is for. *)

From Coq Require Import List Bool NArith BinInt Permutation Lia.
From Rejoin Require Import order sorted_map dot definition trace judge.
From Rejoin Require Import order_proof sorted_map_proof dot_proof trace_proof.
From Rejoin Require Import judge_state_proof judge_claims_proof.
Import ListNotations.
Open Scope N_scope.

Section Judge.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_name : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_value : ordered compare_value}.
Context (null : Value).
Local Notation line := (line Name Value).
Local Notation state := (state (Name := Name) (Value := Value)).
Local Notation step := (step compare_name compare_value null).
Local Notation agrees := (agrees compare_name compare_value null).
Local Notation breaks := (breaks compare_name compare_value null).
Local Notation possible := (possible compare_name).
Local Notation judge_claim := (judge_claim compare_name compare_value null).
Implicit Types past before : list line.
Implicit Types h : header Name.
Implicit Types s : state.
Local Notation models := (models compare_name).
Local Notation the_start_models_nothing := (the_start_models_nothing compare_name).
Local Notation each_line_is_modelled := (each_line_is_modelled compare_name compare_value null).
Local Notation knows_hashes := (knows_hashes compare_name compare_value null).
Local Notation hashes_are_kept := (hashes_are_kept compare_name compare_value null).
Local Notation each_claim_is_judged := (each_claim_is_judged compare_name compare_value null).
Local Notation is_possible_decides := (is_possible_decides compare_name).

(** ** Traces *)

Definition possible_after h past (ls : list line) : Prop :=
  forall before l after, ls = before ++ l :: after -> possible h (rev before ++ past) l.

Lemma the_past_of_a_later_line (l : line) before past :
  rev (l :: before) ++ past = rev before ++ l :: past.
Proof. cbn. now rewrite <- app_assoc. Qed.

Lemma possible_after_each_line h past l ls :
  possible_after h past (l :: ls) <-> possible h past l /\ possible_after h (l :: past) ls.
Proof.
  split.
  - intros all. split; [exact (all [] l ls eq_refl) |]. intros before l' after ->.
    rewrite <- the_past_of_a_later_line. now apply (all (l :: before) l' after).
  - intros [here rest] [| l' before] l'' after whole; injection whole as <- whole; [exact here |].
    rewrite the_past_of_a_later_line. eapply rest, whole.
Qed.

Lemma nothing_is_always_possible h past : possible_after h past [].
Proof. intros [| l' before] l after [=]. Qed.

Lemma possible_lines_are_possible_after_nothing h ls :
  trace.possible_lines compare_name h ls <-> possible_after h [] ls.
Proof.
  unfold trace.possible_lines, possible_after.
  split; intros all before l after whole; specialize (all before l after whole);
    rewrite app_nil_r in *; exact all.
Qed.

Local Notation judge_lines := (judge_lines compare_name compare_value null).
Local Notation found := (found compare_name compare_value null).

Section Lines.
Context (h : header Name).
Context (is_well_formed : well_formed_header compare_name h = true).

Local Lemma replicas_rise : rising compare_name (replicas h) = true.
Proof. now apply andb_true_iff in is_well_formed. Qed.

Local Lemma objects_are_sorted : sorted compare_name (objects h) = true.
Proof. now apply andb_true_iff in is_well_formed. Qed.

Definition stands past s : Prop := models past s /\ knows_hashes h past s.

Lemma the_start_stands : stands [] start.
Proof.
  split; [apply the_start_models_nothing |]. exists []. split; [constructor |].
  now intros law x.
Qed.

Lemma each_line_stands past l s :
  possible h past l ->
  stands past s ->
  stands (l :: past) (step h l s).
Proof.
  intros is_possible [is_model knows]. split; [now apply each_line_is_modelled |].
  now apply hashes_are_kept; try apply objects_are_sorted.
Qed.

Lemma possible_lines_stand ls past s :
  possible_after h past ls ->
  stands past s ->
  exists s', stands (rev ls ++ past) s'.
Proof.
  revert past s. induction ls as [| l ls IH]; intros past s all is_standing; [now exists s |].
  apply possible_after_each_line in all as [here rest]. rewrite the_past_of_a_later_line.
  apply (IH _ (step h l s) rest). now apply each_line_stands.
Qed.

Lemma findings_here_or_later l past s rest p broken :
  possible h past l ->
  stands past s ->
  In (p, broken) (findings (found l h s rest)) <->
  (exists c, l = Claims c /\ p = number past /\ breaks h past c broken) \/
  In (p, broken) (findings rest).
Proof.
  intros is_possible [is_model knows].
  destruct l as [| | | | | | | | c]; cbn;
    try (split; [now right | intros [(c & [=] & _) | later]; exact later]).
  destruct (each_claim_is_judged h past s c objects_are_sorted is_possible is_model knows)
    as [_ if_false].
  pose proof is_model as [(at_number & _) _ _ _ _]. rewrite at_number.
  destruct (judge_claim h c s) as [broken' |].
  - cbn. split.
    + intros [[= <- <-] | later]; [left | now right]. exists c.
      repeat split. now apply if_false.
    + intros [(c' & [= <-] & -> & is_broken) | later]; [left | now right].
      apply if_false in is_broken. congruence.
  - split; [now right |]. intros [(c' & [= <-] & -> & is_broken) | later]; [| exact later].
    now apply if_false in is_broken.
Qed.

Lemma findings_of_lines ls past s p broken :
  stands past s ->
  In (p, broken) (findings (judge_lines h ls s)) <->
  exists before c after,
    ls = before ++ Claims c :: after /\
    p = number (rev before ++ past) /\
    possible_after h past (before ++ [Claims c]) /\
    breaks h (rev before ++ past) c broken.
Proof.
  revert past s. induction ls as [| l ls IH]; intros past s is_standing; cbn.
  - split; [easy |]. now intros ([| ? ?] & c & after & [=] & _).
  - pose proof (is_possible_decides h past l s replicas_rise (proj1 is_standing)) as decides.
    destruct (is_possible compare_name h l s).
    + pose proof (proj1 decides eq_refl) as is_possible.
      rewrite (findings_here_or_later l past) by assumption.
      rewrite (IH (l :: past)) by now apply each_line_stands. split.
      * intros [(c & -> & -> & is_broken) | (before & c & after & -> & -> & all & is_broken)].
        -- exists [], c, ls. repeat split; [| exact is_broken].
           apply possible_after_each_line. split; [exact is_possible |].
           apply nothing_is_always_possible.
        -- exists (l :: before), c, after. rewrite the_past_of_a_later_line.
           repeat split; [| exact is_broken]. now apply possible_after_each_line.
      * intros ([| l' before] & c & after & whole & -> & all & is_broken);
          injection whole as -> ->.
        -- left. now exists c.
        -- right. rewrite the_past_of_a_later_line in *. exists before, c, after.
           repeat split; [| exact is_broken]. now apply possible_after_each_line in all.
    + split; [easy |].
      intros ([| l' before] & c & after & whole & -> & all & is_broken); injection whole as -> ->;
        apply possible_after_each_line in all as [here _]; now apply decides in here.
Qed.

Lemma stopping_of_lines ls past s p :
  stands past s ->
  stopped_at (judge_lines h ls s) = Some p <->
  exists before l after,
    ls = before ++ l :: after /\
    p = number (rev before ++ past) /\
    possible_after h past before /\
    ~ possible h (rev before ++ past) l.
Proof.
  revert past s. induction ls as [| l ls IH]; intros past s is_standing; cbn.
  - split; [easy |]. now intros ([| l' before] & l & after & [=] & _).
  - pose proof (is_possible_decides h past l s replicas_rise (proj1 is_standing)) as decides.
    destruct (is_possible compare_name h l s).
    + pose proof (proj1 decides eq_refl) as is_possible.
      replace (stopped_at (found l h s (judge_lines h ls (step h l s))))
        with (stopped_at (judge_lines h ls (step h l s))) by now destruct l.
      rewrite (IH (l :: past)) by now apply each_line_stands. split.
      * intros (before & l' & after & -> & -> & all & is_not). exists (l :: before), l', after.
        rewrite the_past_of_a_later_line. repeat split; [| exact is_not].
        now apply possible_after_each_line.
      * intros ([| l' before] & l'' & after & whole & -> & all & is_not); injection whole as -> ->;
          [contradiction |].
        rewrite the_past_of_a_later_line in *. exists before, l'', after.
        repeat split; [| exact is_not]. now apply possible_after_each_line in all.
    + assert (is_not : ~ possible h past l) by (intros here; now apply decides in here).
      pose proof (proj1 is_standing) as [(at_number & _) _ _ _ _]. cbn. rewrite at_number. split.
      * intros [= <-]. exists [], l, ls. repeat split; [| exact is_not].
        apply nothing_is_always_possible.
      * intros ([| l' before] & l'' & after & whole & -> & all & _); [reflexivity |].
        injection whole as -> ->. now apply possible_after_each_line in all.
Qed.

Lemma not_stopping_at_lines ls past s :
  stands past s ->
  stopped_at (judge_lines h ls s) = None <-> possible_after h past ls.
Proof.
  revert past s. induction ls as [| l ls IH]; intros past s is_standing; cbn.
  - split; [intros _; apply nothing_is_always_possible | reflexivity].
  - pose proof (is_possible_decides h past l s replicas_rise (proj1 is_standing)) as decides.
    rewrite possible_after_each_line. destruct (is_possible compare_name h l s).
    + replace (stopped_at (found l h s (judge_lines h ls (step h l s))))
        with (stopped_at (judge_lines h ls (step h l s))) by now destruct l.
      rewrite (IH (l :: past)) by (apply each_line_stands; [now apply decides | assumption]).
      tauto.
    + split; [easy |]. intros [here _]. now apply decides in here.
Qed.

Lemma claims_of_lines ls s :
  stopped_at (judge_lines h ls s) = None ->
  judged (judge_lines h ls s) = 0 <-> ~ exists c, In (Claims c) ls.
Proof.
  revert s. induction ls as [| l ls IH]; intros s; cbn.
  - now split; [intros _ (c & []) |].
  - destruct (is_possible compare_name h l s); [| easy].
    destruct l as [| | | | | | | | c]; cbn; intros not_stopped;
      try (rewrite (IH _ not_stopped); split; intros none (c & found); apply none; exists c;
        [now destruct found | now right]).
    split; [lia |]. intros none. destruct none. exists c. now left.
Qed.
End Lines.

Local Notation judge := (judge compare_name compare_value null).
Local Notation possible_lines := (possible_lines compare_name).
Local Notation well_formed_header := (well_formed_header compare_name).

(** The findings are exactly the false claims, each under the rule that it breaks, up to where
    the history stops being possible. *)
Theorem the_judge_finds_exactly_the_false_claims h ls p broken :
  well_formed_header h = true ->
  In (p, broken) (findings (judge h ls)) <->
  exists before c after,
    ls = before ++ Claims c :: after /\
    p = number (rev before) /\
    possible_lines h (before ++ [Claims c]) /\
    breaks h (rev before) c broken.
Proof.
  intros is_well_formed. unfold judge.judge. rewrite is_well_formed.
  rewrite (findings_of_lines h is_well_formed ls [] start p broken (the_start_stands h)).
  split; intros (before & c & after & whole & at_p & all & is_broken); exists before, c, after;
    rewrite app_nil_r, possible_lines_are_possible_after_nothing in *; auto.
Qed.

(** The judge stops exactly at the first line that is not possible. *)
Theorem the_judge_stops_at_the_first_impossible_line h ls p :
  well_formed_header h = true ->
  stopped_at (judge h ls) = Some p <->
  exists before l after,
    ls = before ++ l :: after /\
    p = number (rev before) /\
    possible_lines h before /\
    ~ possible h (rev before) l.
Proof.
  intros is_well_formed. unfold judge.judge. rewrite is_well_formed.
  rewrite (stopping_of_lines h is_well_formed ls [] start p (the_start_stands h)).
  split; intros (before & l & after & whole & at_p & all & is_not); exists before, l, after;
    rewrite app_nil_r, possible_lines_are_possible_after_nothing in *; auto.
Qed.

Lemma a_claim_agrees_or_breaks_a_rule h before c :
  well_formed_header h = true ->
  possible_lines h (before ++ [Claims c]) ->
  agrees h (rev before) c /\ (forall broken, ~ breaks h (rev before) c broken) \/
  ~ agrees h (rev before) c /\ exists broken, breaks h (rev before) c broken.
Proof.
  intros is_well_formed all.
  assert (here : possible_claim compare_name h c).
  { exact (all before (Claims c) [] eq_refl). }
  assert (earlier : possible_after h [] before).
  { apply possible_lines_are_possible_after_nothing. intros b l a ->.
    apply (all b l (a ++ [Claims c])). now rewrite <- app_assoc. }
  destruct (possible_lines_stand h is_well_formed before [] start earlier (the_start_stands h))
    as (s & is_model & knows).
  rewrite app_nil_r in is_model, knows.
  destruct (each_claim_is_judged h (rev before) s c (objects_are_sorted h is_well_formed)
    here is_model knows) as [if_true if_false].
  rewrite <- if_true. destruct (judge_claim h c s) as [broken |]; [right | left].
  - split; [easy |]. exists broken. now apply if_false.
  - split; [reflexivity |]. intros broken is_broken. now apply if_false in is_broken.
Qed.

(** A claim of a possible trace agrees with the definitions exactly if it breaks no rule. *)
Theorem a_claim_agrees_if_it_breaks_no_rule h before c :
  well_formed_header h = true ->
  possible_lines h (before ++ [Claims c]) ->
  agrees h (rev before) c <-> forall broken, ~ breaks h (rev before) c broken.
Proof.
  intros is_well_formed all.
  destruct (a_claim_agrees_or_breaks_a_rule h before c is_well_formed all)
    as [both | [is_false (broken & is_broken)]]; [tauto |].
  split; [contradiction |]. intros none. destruct (none broken is_broken).
Qed.

Lemma lines_up_to_one_are_possible h ls before c after :
  possible_lines h ls ->
  ls = before ++ Claims c :: after ->
  possible_lines h (before ++ [Claims c]).
Proof.
  intros all -> b l a whole. apply (all b l (a ++ after)).
  change (before ++ Claims c :: after) with (before ++ [Claims c] ++ after).
  now rewrite app_assoc, whole, <- app_assoc.
Qed.

(** A trace is ill-formed exactly if something in it is not possible. *)
Theorem a_trace_is_ill_formed_if_it_is_impossible h ls :
  verdict_of (judge h ls) = Ill_formed <->
  ~ (well_formed_header h = true /\ possible_lines h ls).
Proof.
  unfold judge.judge. destruct (well_formed_header h) eqn:is_well_formed; [| cbn; easy].
  pose proof (not_stopping_at_lines h is_well_formed ls [] start (the_start_stands h)) as goes_on.
  rewrite <- possible_lines_are_possible_after_nothing in goes_on.
  unfold verdict_of. destruct (stopped_at (judge_lines h ls start)) as [p |].
  - split; [intros _ [_ all] | reflexivity]. now apply goes_on in all.
  - split; [| intros impossible; destruct impossible; split; [reflexivity | now apply goes_on]].
    destruct (findings _); [destruct (_ =? _) |]; easy.
Qed.

Lemma findings_of_a_possible_trace h ls :
  well_formed_header h = true ->
  possible_lines h ls ->
  findings (judge h ls) = [] <->
  forall before c after, ls = before ++ Claims c :: after -> agrees h (rev before) c.
Proof.
  intros is_well_formed all.
  pose proof (fun p broken =>
    the_judge_finds_exactly_the_false_claims h ls p broken is_well_formed) as finds.
  split.
  - intros none before c after whole.
    pose proof (lines_up_to_one_are_possible h ls before c after all whole) as up_to.
    apply (a_claim_agrees_if_it_breaks_no_rule h before c is_well_formed up_to).
    intros broken is_broken.
    assert (found : In (number (rev before), broken) (findings (judge h ls))).
    { apply finds. now exists before, c, after. }
    now rewrite none in found.
  - intros all_agree. destruct (findings (judge h ls)) as [| [p broken] rest]; [reflexivity |].
    destruct (proj1 (finds p broken) (or_introl eq_refl))
      as (before & c & after & whole & _ & up_to & is_broken).
    destruct (proj1 (a_claim_agrees_if_it_breaks_no_rule h before c is_well_formed up_to)
      (all_agree before c after whole) broken is_broken).
Qed.

(** A possible trace is a discrepancy exactly if a claim of it does not agree. *)
Theorem a_trace_is_a_discrepancy_if_a_claim_disagrees h ls :
  verdict_of (judge h ls) = Discrepancy <->
  well_formed_header h = true /\
  possible_lines h ls /\
  exists before c after, ls = before ++ Claims c :: after /\ ~ agrees h (rev before) c.
Proof.
  destruct (well_formed_header h) eqn:is_well_formed;
    [| unfold judge.judge; rewrite is_well_formed; now split; [| intros [? _]]].
  pose proof (a_trace_is_ill_formed_if_it_is_impossible h ls) as ill_formed.
  rewrite is_well_formed in ill_formed.
  pose proof (fun p broken =>
    the_judge_finds_exactly_the_false_claims h ls p broken is_well_formed) as finds.
  pose proof (findings_of_a_possible_trace h ls is_well_formed) as no_findings.
  pose proof (not_stopping_at_lines h is_well_formed ls [] start (the_start_stands h)) as goes_on.
  rewrite <- possible_lines_are_possible_after_nothing in goes_on.
  assert (unfolded : judge h ls = judge_lines h ls start)
    by (unfold judge.judge; now rewrite is_well_formed).
  rewrite <- unfolded in goes_on. unfold verdict_of.
  destruct (stopped_at (judge h ls)) as [p |].
  { split; [easy |]. intros (_ & all & _). now apply goes_on in all. }
  pose proof (proj1 goes_on eq_refl) as all.
  destruct (findings (judge h ls)) as [| [p broken] rest].
  - split; [now destruct (_ =? _) |]. intros (_ & _ & before & c & after & whole & is_false).
    destruct is_false. now apply (proj1 (no_findings all) eq_refl before c after).
  - split; [intros _ | reflexivity]. repeat split; [exact all |].
    destruct (proj1 (finds p broken) (or_introl eq_refl))
      as (before & c & after & whole & _ & up_to & is_broken).
    exists before, c, after. split; [exact whole |]. intros does_agree.
    now apply (proj1 (a_claim_agrees_if_it_breaks_no_rule h before c is_well_formed up_to)
      does_agree broken).
Qed.

(** T10: a trace conforms exactly if its history is possible, it makes a claim, and every claim
    agrees with the definitions. *)
Theorem a_trace_conforms_if_every_claim_agrees h ls :
  verdict_of (judge h ls) = Conforms <->
  well_formed_header h = true /\
  possible_lines h ls /\
  (exists c, In (Claims c) ls) /\
  (forall before c after, ls = before ++ Claims c :: after -> agrees h (rev before) c).
Proof.
  destruct (well_formed_header h) eqn:is_well_formed;
    [| unfold judge.judge; rewrite is_well_formed; now split; [| intros [? _]]].
  pose proof (findings_of_a_possible_trace h ls is_well_formed) as no_findings.
  pose proof (not_stopping_at_lines h is_well_formed ls [] start (the_start_stands h)) as goes_on.
  rewrite <- possible_lines_are_possible_after_nothing in goes_on.
  pose proof (claims_of_lines h ls start) as claims.
  assert (unfolded : judge h ls = judge_lines h ls start)
    by (unfold judge.judge; now rewrite is_well_formed).
  rewrite <- unfolded in goes_on, claims. unfold verdict_of.
  destruct (stopped_at (judge h ls)) as [p |].
  { split; [easy |]. intros (_ & all & _). now apply goes_on in all. }
  pose proof (proj1 goes_on eq_refl) as all. specialize (claims eq_refl).
  specialize (no_findings all).
  destruct (findings (judge h ls)) as [| finding rest].
  - destruct (N.eqb_spec (judged (judge h ls)) 0) as [none | some].
    + split; [easy |]. intros (_ & _ & some & _). now apply claims in none.
    + split; [intros _ | reflexivity]. repeat split; [exact all | | now apply no_findings].
      destruct (existsb (fun l => match l with Claims _ => true | _ => false end) ls) eqn:any.
      * apply existsb_exists in any as (l & l_in & is_claim). destruct l; try easy. now exists c.
      * exfalso. apply some, claims. intros (c & c_in). apply not_true_iff_false in any.
        apply any, existsb_exists. now exists (Claims c).
  - split; [easy |]. intros (_ & _ & _ & all_agree). now apply no_findings in all_agree.
Qed.
End Judge.
