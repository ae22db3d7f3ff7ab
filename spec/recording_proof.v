(** A recorded run conforms, and another answer is found.

    Sketch. The trace knows an operation by the number of its line, the network by its origin and
    counter on one object, and an origin has many incarnations. Let [at_line] be the number of the
    line of each event of the network, by object and dot; [as_line e] is the event [e] with all dots,
    its own and those that it saw, replaced by these numbers.
    1. Values, merge decisions, notices and counts look at dots only to ask who saw whom. So they are
       the same of some events as of the same events under other names ([renaming_proof.v]).
    2. Along the run, for each line: what the trace says that a replica has seen, a message holds and a
       backup keeps are the numbers of exactly those events which the network writes down beside its
       states ([follows]). Each line is possible where it stands.
    3. So the trace lists [as_line e] for the events [e] that the replica has seen, the network says
       that its state means these ([network_proof.v]), and the engine reads a meaning as defined
       ([replica_meaning_proof.v]). Hence what the engine answers agrees; and as the trace shows one
       value only, another answer disagrees. The judge finds exactly what disagrees
       ([judge_proof.v]). *)

From Coq Require Import List Bool NArith BinInt Permutation Lia.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof delta.
From Rejoin Require Import definition definition_proof network network_proof trace trace_proof.
From Rejoin Require Import recording renaming_proof.
From Rejoin Require version_vector replica replica_proof replica_meaning_proof judge judge_proof.
From Rejoin Require Import recording_lines_proof recording_steps_proof.
Import ListNotations.
Open Scope N_scope.

Section Recording.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Context (null : Value).
Context (types : replica.schema (Name := Name)) (typed : sorted compare_name types = true).
Context (label : nat -> Name) (labels_differ : forall i j, label i = label j -> i = j).
Local Notation world := (world Name Value).
Local Notation line := (line Name Value).
Local Notation claim := (claim Name Value).
Local Notation sound := (sound compare_name compare_value types).
Local Notation records := (records compare_name compare_value label).
Local Notation recording := (recording compare_name compare_value null types label).
Local Notation answers := (answers compare_name compare_value null).
Local Notation of_object := (of_object compare_name).
Local Notation possible := (possible compare_name).
Local Notation agrees := (agrees compare_name compare_value null).
Local Notation find := (find compare_name).
Local Notation every_record_is_a_step := (every_record_is_a_step compare_name compare_value label).
Local Notation as_line := (as_line compare_name).
Local Notation events_are_made := (events_are_made compare_name).
Local Notation follows := (follows compare_name label).
Local Notation what_a_node_saw_happened :=
  (what_a_node_saw_happened compare_name compare_value types).
Local Notation the_trace_lists_what_was_seen :=
  (the_trace_lists_what_was_seen compare_name compare_value types).
Local Notation the_trace_lists_one_object :=
  (the_trace_lists_one_object compare_name compare_value types).
Local Notation an_object_of_a_node := (an_object_of_a_node compare_name compare_value null types).
Local Notation the_notices_of_a_node :=
  (the_notices_of_a_node compare_name compare_value null types).
Local Notation the_vector_of_a_node :=
  (the_vector_of_a_node compare_name compare_value types typed).
Local Notation a_vector_counts := (a_vector_counts compare_name).
Local Notation a_claim_follows := (a_claim_follows compare_name label).
Local Notation each_record_follows :=
  (each_record_follows compare_name compare_value types typed label labels_differ).

Section A_file.
Context (h : header Name) (same_types : objects h = types).
Local Notation each_record_is_possible :=
  (each_record_is_possible compare_name compare_value types typed label labels_differ h
    same_types).

(** ** 3. What is answered agrees, and nothing else does *)

Lemma what_is_named l (past : list line) R :
  incl (flat_map acting (l :: past)) R -> incl (acting l) R /\ incl (flat_map acting past) R.
Proof.
  intros named.
  split; intros r there; apply named; cbn [flat_map]; apply in_or_app; [now left | now right].
Qed.

Lemma another_asks_the_same (c c' : claim) :
  another compare_name c c' -> acting (Claims c') = acting (Claims c).
Proof.
  destruct c as [r o [a |] | | | r [|] [a |] | | | r o [a |] | r o [a |] |];
    destruct c' as [| | | r' [|] a' | | | | |]; cbn [another]; try easy; now intros (-> & _).
Qed.

(** Sketch: for values, vectors, merge decisions and notices alike. The trace lists the events that the
    replica has seen, as lines; the engine's answer is the definition's of these, so that it agrees.
    Whatever list the trace allows is a rearrangement of this one, and so has the same answer: one
    that differs disagrees, and breaks the rule of its claim. *)
Lemma an_answer_agrees (w : world) past at_line c :
  incl (flat_map acting (Claims c :: past)) (replicas h) ->
  sound w ->
  follows at_line past w ->
  answers w c ->
  possible_claim compare_name h c /\ agrees h past c
  /\ forall c', another compare_name c c' ->
      possible_claim compare_name h c' /\ ~ agrees h past c'
      /\ forall broken, breaks compare_name compare_value null h past c' broken
           <-> broken = rule_of c.
Proof.
  intros named is_sound [events_ok seen_ok _ _] answered.
  apply what_is_named in named as [named_here named_before].
  assert (forall (broken found : rule) (P : Prop),
    ~ P -> (broken = found /\ ~ P <-> broken = found)) as breaking by tauto.
  assert (forall r name,
    seen_of compare_name name (map (as_line at_line) (seen (nodes w r))) <> 0 ->
    In name (replicas h)) as all_are_declared.
  { intros r name. rewrite counts_are_renamed by easy. unfold seen_of.
    destruct (filter _ (seen (nodes w r))) as [| e es] eqn:some; [intros none; now destruct none |].
    intros _.
    assert (In e (filter (fun e => equal compare_name (replica_of e) name) (seen (nodes w r))))
      as e_in by (rewrite some; now left).
    apply filter_In in e_in as [e_in same].
    destruct (equal_is_equality compare_name (replica_of e) name) as [<- |]; [| easy].
    pose proof (events_are_made _ _ _ events_ok e (what_a_node_saw_happened w is_sound r e e_in))
      as is_made.
    apply what_is_made_is_an_operation in is_made as [operated _].
    apply named_before. exact (who_operates_acts _ _ _ _ operated). }
  destruct c as [r o [a |] | | | r [|] [a |] | | | r o [a |] | r user [a |] |];
    cbn [recording.answers] in answered; try contradiction;
    assert (In r (replicas h)) as r_in by (apply named_here; now left).
  - destruct answered as (x & found & ->).
    destruct (an_object_of_a_node w is_sound past at_line events_ok r o x found)
      as (type & declared & _ & value_is & _).
    pose proof (the_trace_lists_one_object w is_sound past at_line events_ok seen_ok r o) as listed.
    assert (shows compare_name compare_value null past r o type
      (replica.value compare_value null x)) as shown
      by (exists (of_object o (map (as_line at_line) (seen (nodes w r)))); now split).
    assert (declares compare_name h o type) as declares_it
      by (unfold declares; now rewrite same_types).
    split; [split; [exact r_in | now exists type] |]. split.
    + exists type, (replica.value compare_value null x).
      split; [exact declares_it |]. split; [exact shown | apply an_answer_is_itself].
    + intros c' differs. destruct c' as [r' o' claimed | | | | | | | |];
        cbn [another] in differs; try contradiction.
      destruct differs as (-> & -> & differs).
      assert (~ agrees h past (Reads r o claimed)) as disagrees.
      { destruct claimed as [claimed |]; [| intros []]. cbn [unlike] in differs.
        intros (type' & actual & declares' & shown' & same).
        unfold declares in *. assert (type' = type) as -> by congruence.
        apply differs. rewrite (an_object_shows_one_value compare_name compare_value null
          past r o type _ _ shown shown'). exact same. }
      split; [split; [exact r_in | now exists type] |]. split; [exact disagrees |].
      intros broken. exact (breaking broken Value_rule _ disagrees).
  - subst a. rewrite (the_vector_of_a_node w is_sound r).
    pose proof (the_trace_lists_what_was_seen w is_sound past at_line events_ok seen_ok r) as listed.
    set (v := vector compare_name (seen (nodes w r))).
    assert (forall name, counted compare_name v name
      = seen_of compare_name name (map (as_line at_line) (seen (nodes w r)))) as counts
      by (intros name; apply a_vector_counts).
    assert (sorted compare_name v = true) as sorts.
    { unfold v, definition.vector. rewrite (a_map_made_from_keys_is_sorted compare_name).
      apply (set_of_is_rising compare_name). }
    assert (forall name n, In (name, n) v <-> find name v = Some n) as in_v
      by (intros; symmetry; now apply (found_means_in compare_name)).
    assert (forall claimed, possible_claim compare_name h (Counts r None claimed : claim))
      as is_possible
      by (intros claimed; split; [exact r_in | intros o (all & none & _); cbn in none; discriminate]).
    split; [apply is_possible |]. split.
    + exists (map (as_line at_line) (seen (nodes w r))). split; [exact listed |]. split.
      * intros name n there. pose proof there as found. apply in_v in found.
        assert (n = seen_of compare_name name (map (as_line at_line) (seen (nodes w r)))) as n_is.
        { rewrite <- counts. unfold counted. now rewrite found. }
        split; [| exact n_is]. apply (all_are_declared r). unfold v, definition.vector in there.
        apply in_map_iff in there as (name' & same & there). injection same as <- _.
        apply (in_set_of compare_name), in_map_iff in there as (e & <- & e_in).
        rewrite counts_are_renamed by easy. unfold seen_of.
        assert (In e (filter (fun f => equal compare_name (replica_of f) (replica_of e))
          (seen (nodes w r)))) as some
          by (apply filter_In; split; [exact e_in | apply (equal_to_itself compare_name)]).
        revert some. destruct (filter _ (seen (nodes w r))); [intros [] |].
        intros _ none. cbn in none. discriminate none.
      * intros name _ some. rewrite <- counts in some. unfold counted in some.
        destruct (find name v) as [n |] eqn:found.
        -- exists n. now apply in_v.
        -- rewrite ?found in some. now destruct some.
    + intros c' differs. destruct c' as [| | | r' [|] claimed | | | | |];
        cbn [another] in differs; try contradiction.
      destruct differs as (-> & differs).
      assert (~ agrees h past (Counts r None claimed)) as disagrees.
      { destruct claimed as [claimed |]; [| intros []]. cbn [unlike] in differs.
        intros (E & listed_too & right_ones & all_there).
        assert (forall name, seen_of compare_name name E = counted compare_name v name) as counts_too.
        { intros name. rewrite counts. apply seen_of_is_independent_of_order.
          now apply (what_was_seen_is_listed_once compare_name past r None). }
        apply differs. intros name. split.
        - intros n there. apply right_ones in there as [_ ->]. apply counts_too.
        - intros some. apply all_there; [| now rewrite counts_too].
          apply (all_are_declared r). now rewrite <- counts. }
      split; [apply is_possible |]. split; [exact disagrees |].
      intros broken. exact (breaking broken Vector_rule _ disagrees).
  - destruct answered as (x & found & decides & ->).
    destruct (an_object_of_a_node w is_sound past at_line events_ok r o x found)
      as (type & declared & is_type & _ & open_is).
    pose proof (the_trace_lists_one_object w is_sound past at_line events_ok seen_ok r o) as listed.
    assert (declares compare_name h o type) as declares_it
      by (unfold declares; now rewrite same_types).
    assert (forall claimed, possible_claim compare_name h (Decides r o claimed : claim))
      as is_possible.
    { intros claimed. split; [exact r_in |]. exists type. split; [exact declares_it |].
      rewrite <- is_type. exact decides. }
    split; [apply is_possible |]. split.
    + exists type, (of_object o (map (as_line at_line) (seen (nodes w r)))).
      split; [exact declares_it |]. split; [exact listed |]. rewrite open_is.
      apply rearranged_as_it_is. intros d. split; [reflexivity |]. split; reflexivity.
    + intros c' differs. destruct c' as [| | | | | | r' o' claimed | |];
        cbn [another] in differs; try contradiction.
      destruct differs as (-> & -> & differs).
      assert (~ agrees h past (Decides r o claimed)) as disagrees.
      { destruct claimed as [claimed |]; [| intros []]. cbn [unlike] in differs.
        intros (type' & E & declares' & listed_too & same).
        unfold declares in *. assert (type' = type) as -> by congruence.
        apply differs. rewrite open_is.
        rewrite (decisions_are_independent_of_order compare_name compare_value null _ E);
          [exact same |].
        now apply (what_was_seen_is_listed_once compare_name past r (Some o)). }
      split; [apply is_possible |]. split; [exact disagrees |].
      intros broken. exact (breaking broken Decisions_rule _ disagrees).
  - subst a. rewrite (the_notices_of_a_node w is_sound past at_line events_ok r user).
    pose proof (the_trace_lists_what_was_seen w is_sound past at_line events_ok seen_ok r) as listed.
    split; [exact r_in |]. split.
    + exists (map (as_line at_line) (seen (nodes w r))). split; [exact listed |].
      rewrite same_types. apply Permutation_refl.
    + intros c' differs. destruct c' as [| | | | | | | r' user' claimed |];
        cbn [another] in differs; try contradiction.
      destruct differs as (-> & -> & differs).
      assert (~ agrees h past (Tells r user claimed)) as disagrees.
      { destruct claimed as [claimed |]; [| intros []]. cbn [unlike] in differs.
        intros (E & listed_too & same). apply differs. rewrite same_types in same.
        rewrite (all_notices_are_independent_of_order compare_name compare_value null types user _ E);
          [exact same |].
        now apply (what_was_seen_is_listed_once compare_name past r None). }
      split; [exact r_in |]. split; [exact disagrees |].
      intros broken. exact (breaking broken Notices_rule _ disagrees).
Qed.

(** *** The whole file *)

Definition followed (past : list line) (w : world) : Prop :=
  sound w /\ exists at_line, follows at_line past w.

Definition good (earlier : list line) (l : line) : Prop :=
  possible h earlier l /\ forall c, l = Claims c -> agrees h earlier c.

Lemma the_start_is_followed : followed [] (start types).
Proof.
  split; [apply (the_start_is_sound compare_name compare_value types) |].
  exists (fun _ _ => 0). split.
  - split; easy.
  - intros r p. split; [easy |]. intros (e & [] & _).
  - split.
    + intros later m earlier split_so. destruct (app_cons_not_nil _ _ _ split_so).
    + intros later m earlier split_so. destruct (app_cons_not_nil _ _ _ split_so).
    + intros m (r & what & []).
  - split.
    + intros later r n earlier split_so. destruct (app_cons_not_nil _ _ _ split_so).
    + intros later r n earlier split_so. destruct (app_cons_not_nil _ _ _ split_so).
    + intros r s [].
Qed.

Lemma each_record_is_followed past (w w' : world) l :
  followed past w -> records w l w' -> followed (l :: past) w'.
Proof.
  intros [is_sound (at_line & w_follows)] this. split.
  - apply (every_step_keeps_soundness compare_name compare_value types typed w);
      [exact is_sound | now apply every_record_is_a_step with l].
  - now apply (each_record_follows w w' past at_line l).
Qed.

Lemma each_claim_is_followed past w c : followed past w -> followed (Claims c :: past) w.
Proof.
  intros [is_sound (at_line & w_follows)]. split; [exact is_sound |].
  exists at_line. now apply a_claim_follows.
Qed.

Lemma no_step_is_a_claim (w w' : world) c : ~ records w (Claims c) w'.
Proof. intros this. inversion this. Qed.

Lemma recorded_lines_are_good past w :
  incl (flat_map acting past) (replicas h) ->
  recording past w ->
  followed past w /\ each_line past good.
Proof.
  intros named recorded. induction recorded as [| past w l w' _ IH this | past w c _ IH answered].
  - split; [exact the_start_is_followed |]. intros later l earlier split_so.
    destruct (app_cons_not_nil _ _ _ split_so).
  - destruct (what_is_named _ _ _ named) as [named_here named_before].
    destruct (IH named_before) as [is_followed all_good].
    split; [now apply each_record_is_followed with w |]. apply one_more_line; [exact all_good |].
    destruct is_followed as [is_sound (at_line & w_follows)]. split.
    + now apply (each_record_is_possible w w' past at_line l).
    + intros c ->. now apply no_step_is_a_claim in this.
  - destruct (what_is_named _ _ _ named) as [named_here named_before].
    destruct (IH named_before) as [is_followed all_good].
    split; [now apply each_claim_is_followed |]. apply one_more_line; [exact all_good |].
    destruct is_followed as [is_sound (at_line & w_follows)].
    destruct (an_answer_agrees w past at_line c named is_sound w_follows answered)
      as (is_possible & agrees_so & _).
    split; [exact is_possible |]. now intros c' [= <-].
Qed.

(** With the answer [c] replaced by [c']. *)
Lemma replaced_lines_are_good_but_one after before c c' w :
  incl (flat_map acting (after ++ Claims c :: before)) (replicas h) ->
  another compare_name c c' ->
  recording (after ++ Claims c :: before) w ->
  followed (after ++ Claims c' :: before) w
  /\ (forall broken,
       breaks compare_name compare_value null h before c' broken <-> broken = rule_of c)
  /\ each_line (after ++ Claims c' :: before) (fun earlier l =>
       possible h earlier l
       /\ ((l = Claims c' /\ earlier = before) \/ forall c0, l = Claims c0 -> agrees h earlier c0)).
Proof.
  intros named differs. revert w.
  induction after as [| first after IH]; intros w recorded; cbn [app] in *;
    destruct (what_is_named _ _ _ named) as [named_here named_before].
  - inversion recorded as [| past w0 l w' _ this | past w0 c0 before_recorded answered]; subst.
    + now apply no_step_is_a_claim in this.
    + destruct (recorded_lines_are_good before w named_before before_recorded)
        as [is_followed all_good].
      split; [now apply each_claim_is_followed |].
      destruct is_followed as [is_sound (at_line & w_follows)].
      destruct (an_answer_agrees w before at_line c named is_sound w_follows answered)
        as (_ & _ & replaced).
      destruct (replaced c' differs) as (is_possible & _ & breaks_so).
      split; [exact breaks_so |]. apply one_more_line.
      * intros later l earlier split_so.
        destruct (all_good later l earlier split_so) as [possible_so agrees_so].
        split; [exact possible_so | right; exact agrees_so].
      * split; [exact is_possible |]. left. now split.
  - assert (flat_map acting (after ++ Claims c' :: before)
      = flat_map acting (after ++ Claims c :: before)) as same_names.
    { rewrite !flat_map_app. cbn [flat_map]. now rewrite (another_asks_the_same c c' differs). }
    inversion recorded as [| past w0 l w' before_recorded this | past w0 c0 before_recorded answered];
      subst.
    + destruct (IH named_before _ before_recorded) as (is_followed & breaks_so & all_good).
      split; [now apply each_record_is_followed with w0 |]. split; [exact breaks_so |].
      destruct is_followed as [is_sound (at_line & w_follows)].
      apply one_more_line; [exact all_good |]. split.
      * now apply (each_record_is_possible w0 w _ at_line first).
      * right. intros c0 ->. now apply no_step_is_a_claim in this.
    + destruct (IH named_before _ before_recorded) as (is_followed & breaks_so & all_good).
      split; [now apply each_claim_is_followed |]. split; [exact breaks_so |].
      destruct is_followed as [is_sound (at_line & w_follows)].
      apply one_more_line; [exact all_good |].
      assert (incl (flat_map acting (Claims c0 :: after ++ Claims c' :: before)) (replicas h))
        as named_too by (cbn [flat_map] in named |- *; now rewrite same_names).
      destruct (an_answer_agrees w _ at_line c0 named_too is_sound w_follows answered)
        as (is_possible & agrees_so & _).
      split; [exact is_possible |]. right. now intros c1 [= <-].
Qed.
End A_file.

Lemma the_header_is_well_formed (past : list line) :
  well_formed_header compare_name (header_of compare_name types past) = true.
Proof.
  unfold well_formed_header. cbn [header_of replicas objects].
  now rewrite typed, (set_of_is_rising compare_name).
Qed.

Lemma who_acts_is_declared (past : list line) :
  incl (flat_map acting past) (replicas (header_of compare_name types past)).
Proof. intros r there. now apply (in_set_of compare_name). Qed.

Theorem a_recorded_run_conforms past w c :
  recording past w ->
  In (Claims c) past ->
  judge.verdict_of (judge.judge compare_name compare_value null (header_of compare_name types past)
    (rev past)) = judge.Conforms.
Proof.
  intros recorded there.
  destruct (recorded_lines_are_good (header_of compare_name types past) eq_refl past w
    (who_acts_is_declared past) recorded) as [_ all_good].
  pose proof (lines_in_the_order_of_the_file past _ all_good) as in_order.
  apply (judge_proof.a_trace_conforms_if_every_claim_agrees compare_name compare_value null).
  split; [apply the_header_is_well_formed |]. split; [| split].
  - intros before l after split_so.
    now destruct (in_order before l after split_so) as [is_possible _].
  - exists c. now apply in_rev in there.
  - intros before c0 after split_so.
    destruct (in_order before (Claims c0) after split_so) as [_ agrees_so]. now apply agrees_so.
Qed.

Theorem another_answer_is_found after before c c' w :
  recording (after ++ Claims c :: before) w ->
  another compare_name c c' ->
  let h := header_of compare_name types (after ++ Claims c :: before) in
  let report := judge.judge compare_name compare_value null h
    (rev (after ++ Claims c' :: before)) in
  judge.stopped_at report = None
  /\ forall p broken,
       In (p, broken) (judge.findings report) <-> p = number before /\ broken = rule_of c.
Proof.
  intros recorded differs h report.
  destruct (replaced_lines_are_good_but_one h eq_refl after before c c' w
    (who_acts_is_declared _) differs recorded) as (_ & exactly & all_good).
  assert (well_formed_header compare_name h = true) as is_well_formed
    by apply the_header_is_well_formed.
  pose proof (lines_in_the_order_of_the_file _ _ all_good) as in_order. cbn beta in in_order.
  assert (possible_lines compare_name h (rev (after ++ Claims c' :: before))) as all_possible.
  { intros before0 l after0 split_so.
    now destruct (in_order before0 l after0 split_so) as [is_possible _]. }
  split.
  - destruct (judge.stopped_at report) as [p |] eqn:stopped; [| reflexivity].
    apply (judge_proof.the_judge_stops_at_the_first_impossible_line compare_name compare_value null
      h _ p is_well_formed) in stopped.
    destruct stopped as (before0 & l & after0 & split_so & _ & _ & impossible).
    destruct impossible. now apply (all_possible before0 l after0).
  - intros p broken. unfold report.
    rewrite (judge_proof.the_judge_finds_exactly_the_false_claims compare_name compare_value null
      h _ p broken is_well_formed). split.
    + intros (before0 & c0 & after0 & split_so & -> & possible_so & breaks_so).
      destruct (in_order before0 (Claims c0) after0 split_so)
        as [_ [[same at_it] | agrees_so]].
      * injection same as ->. rewrite at_it in breaks_so |- *.
        split; [reflexivity | now apply exactly].
      * specialize (agrees_so c0 eq_refl).
        destruct (proj1 (judge_proof.a_claim_agrees_if_it_breaks_no_rule compare_name compare_value
          null h before0 c0 is_well_formed possible_so) agrees_so broken breaks_so).
    + intros [-> ->]. exists (rev before), c', (rev after).
      assert (rev (after ++ Claims c' :: before) = rev before ++ Claims c' :: rev after) as split_so
        by (rewrite rev_app_distr; cbn [rev]; now rewrite <- app_assoc).
      split; [exact split_so |]. rewrite rev_involutive. split; [reflexivity |]. split.
      * eapply judge_proof.lines_up_to_one_are_possible; [exact all_possible | exact split_so].
      * now apply exactly.
Qed.
End Recording.
