(** Winners and logs of the index.

    What is shown: the winner of a record is the greatest decision on its key; the log has exactly the
    decisions that were noted, each at its number. Definitions: [indexed_decisions.v]. *)

From Coq Require Import List Bool NArith Lia.
From Rejoin Require Import order order_proof lattice sorted_map sorted_map_proof dot dot_proof.
From Rejoin Require Import delta.
From Rejoin Require Import indexed_decisions.
From Rejoin Require version_vector version_vector_proof decisions decisions_proof.
From Rejoin Require decisions_greatest_proof decisions_meaning_proof.
Import ListNotations.
Local Open Scope N_scope.

Global Instance changes_are_ordered {K : Type} (compare_key : K -> K -> comparison) :
  ordered compare_key ->
  ordered (compare_change compare_key).
Proof. intros. unfold compare_change. exact _. Qed.

Lemma in_insert {A : Type} (compare : A -> A -> comparison) {lawful : ordered compare} x y s :
  rising compare s = true ->
  In x (insert compare y s) <-> x = y \/ In x s.
Proof.
  intros rises.
  rewrite <- !(member_means_in compare) by (exact rises || now apply insert_is_rising).
  rewrite (member_of_insert compare), orb_true_iff by exact rises.
  destruct (equal_is_equality compare x y); intuition congruence.
Qed.

Section Indexed_decisions.
Context {Name K Effect : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_key : K -> K -> comparison) {lawful_keys : ordered compare_key}.
Context (compare_effect : Effect -> Effect -> comparison).
Context {lawful_effects : ordered compare_effect}.
Context (keeps_winner : bool).
Local Notation decision := (decisions.decision Name Effect).
Local Notation compare_decision := (decisions.compare_decision compare_name compare_effect).
Local Notation compare_origin := (compare_origin compare_name).
Local Notation compare_dot := (compare_dot compare_name).
Local Notation compare_change := (compare_change compare_key).
Local Notation vector := (version_vector.state Name).
Local Notation contains := (version_vector.contains compare_name).
Local Notation entry := (entry Name Effect).
Local Notation state := (state Name K Effect).
Local Notation winner := (winner compare_name compare_effect).
Local Notation greatest := (greatest compare_name compare_effect).
Local Notation entry_of := (entry_of compare_name compare_effect keeps_winner).
Local Notation sound_entry := (sound_entry compare_name compare_effect keeps_winner).
Local Notation sound := (sound compare_name compare_key compare_effect keeps_winner).
Local Notation note := (note compare_name compare_key).
Local Notation note_all := (note_all compare_name compare_key).
Local Notation logs := (sorted_map (origin Name) (sorted_set (N * K))).

(** ** Winners *)

(** No decision of the record is above its winner. *)
Definition none_above (ds : list decision) (w : option decision) : Prop :=
  forall d, In d ds -> greater_option compare_decision (Some d) w = w.

Lemma none_is_above_the_greatest ds : none_above ds (greatest ds).
Proof.
  intros d. apply (decisions_greatest_proof.the_greatest_absorbs_its_members
    compare_name compare_effect).
Qed.

Lemma none_is_above_the_winner v e :
  sound_entry v e ->
  none_above (listed e) (winner e).
Proof.
  intros good d there. unfold indexed_decisions.winner.
  destruct (apart e) as [w |] eqn:is_apart; [| now apply none_is_above_the_greatest].
  cbn [greater_option]. unfold greater, below.
  now rewrite (apart_is_greater _ _ _ _ _ good w d is_apart there).
Qed.

Lemma none_is_above_the_greater ds w w' :
  none_above ds w ->
  none_above ds (greater_option compare_decision w w').
Proof.
  intros none d there.
  now rewrite <- (greater_option_is_associative compare_decision), (none d there).
Qed.

Lemma what_is_above_all_is_the_greatest ds w :
  In w ds ->
  none_above ds (Some w) ->
  greatest ds = Some w.
Proof.
  intros there none.
  assert (forall part, incl part ds ->
    greater_option compare_decision (greatest part) (Some w) = Some w) as under.
  { induction part as [| d part IH]; intros sub; [reflexivity |].
    cbn [indexed_decisions.greatest fold_right]. fold (greatest part).
    rewrite (greater_option_is_associative compare_decision), IH
      by (intros x x_in; apply sub; now right).
    apply none, sub. now left. }
  rewrite <- (none_is_above_the_greatest ds w there),
    (greater_option_is_commutative compare_decision).
  apply under. now intros x.
Qed.

Lemma listed_of_entry ds w bs : listed (entry_of ds w bs) = ds.
Proof. now destruct ds. Qed.

Lemma winner_of_entry ds w bs :
  keeps_winner = true ->
  rising compare_decision ds = true ->
  none_above ds w ->
  winner (entry_of ds w bs) = w.
Proof.
  intros keeps rises none. unfold indexed_decisions.winner. rewrite listed_of_entry.
  unfold indexed_decisions.entry_of. cbn [apart]. rewrite keeps. cbn [andb].
  destruct w as [w |].
  - destruct (member compare_decision w ds) eqn:is_in; cbn [negb]; [| reflexivity].
    apply (member_means_in compare_decision) in is_in; [| exact rises].
    now apply what_is_above_all_is_the_greatest.
  - destruct ds as [| d ds]; [reflexivity |]. now specialize (none d (or_introl eq_refl)).
Qed.

Lemma more_is_seen v v' e :
  (forall d, contains d v = true -> contains d v' = true) ->
  sound_entry v e ->
  sound_entry v' e.
Proof. intros more []. split; auto. Qed.

Lemma no_entry_is_sound v : sound_entry v no_entry.
Proof. split; cbn; easy. Qed.

Lemma entry_of_is_sound v ds w bs :
  rising compare_decision ds = true ->
  none_above ds w ->
  rising compare_dot bs = true ->
  (forall d, In d ds -> contains (decisions.dot_of d) v = true) ->
  (forall b, In b bs -> contains b v = true) ->
  sound_entry v (entry_of ds w bs).
Proof.
  intros rises none rises_b seen_d seen_b. split; rewrite ?listed_of_entry; auto.
  - intros w' d. cbn [apart indexed_decisions.entry_of]. destruct w as [w |]; [| easy].
    destruct keeps_winner; cbn [andb]; [| easy].
    destruct (member compare_decision w ds) eqn:absent; cbn [negb]; [easy |].
    intros [= <-] there. specialize (none d there). cbn [greater_option] in none.
    unfold greater, below in none. revert none.
    destruct (any_two_compare compare_decision d w) as [-> | lt | gt];
      [| reflexivity |]; intros none; exfalso.
    + apply (member_means_in compare_decision) in there; [congruence | exact rises].
    + injection none as ->. now apply (nothing_is_below_itself compare_decision w).
  - cbn [apart indexed_decisions.entry_of]. destruct w, keeps_winner; cbn [andb]; easy.
Qed.

(** ** Logs *)

Definition log_in (o : origin Name) (m : logs) : sorted_set (N * K) :=
  or_empty (find compare_origin o m).

Definition well_formed_logs (m : logs) : Prop :=
  sorted compare_origin m = true /\ forall o, rising compare_change (log_in o m) = true.

Lemma logs_of_a_sound_state (s : state) :
  sound s ->
  well_formed_logs (changes s).
Proof. intros good. split; [apply good | apply (logs_are_rising _ _ _ _ _ good)]. Qed.

Lemma log_of_note k d m o :
  well_formed_logs m ->
  log_in o (note k d m)
  = if equal compare_origin o (dot_origin d)
    then insert compare_change (counter d, k) (log_in o m) else log_in o m.
Proof.
  intros [sorts _]. unfold log_in, indexed_decisions.note.
  rewrite (find_in_set compare_origin) by exact sorts.
  now destruct (equal_is_equality compare_origin o (dot_origin d)) as [-> |].
Qed.

Lemma note_is_well_formed k d m :
  well_formed_logs m ->
  well_formed_logs (note k d m).
Proof.
  intros good. split; [apply (set_is_sorted compare_origin), good |].
  intros o. rewrite log_of_note by exact good.
  destruct (equal _ _ _); [apply (insert_is_rising compare_change) |]; apply good.
Qed.

Lemma what_was_noted k d m o change :
  well_formed_logs m ->
  In change (log_in o (note k d m)) <->
  In change (log_in o m) \/ (snd change = k /\ Dot o (fst change) = d).
Proof.
  intros good. rewrite log_of_note by exact good. destruct change as [c k'], d as [o' c'].
  cbn [fst snd dot_origin counter].
  destruct (equal_is_equality compare_origin o o') as [-> | other].
  - pose proof (proj2 good o') as rises.
    rewrite (in_insert compare_change) by exact rises. intuition congruence.
  - split; [tauto |]. intros [| [_ [= ? ?]]]; [assumption | congruence].
Qed.

Lemma note_all_is_well_formed k ds m :
  well_formed_logs m ->
  well_formed_logs (note_all k ds m).
Proof.
  intros good. induction ds as [| d ds IH]; [exact good | now apply note_is_well_formed].
Qed.

Lemma what_all_was_noted k ds m o change :
  well_formed_logs m ->
  In change (log_in o (note_all k ds m)) <->
  In change (log_in o m) \/ (snd change = k /\ In (Dot o (fst change)) ds).
Proof.
  intros good. induction ds as [| d ds IH]; [cbn; tauto |].
  cbn [indexed_decisions.note_all fold_right In]. fold (note_all k ds m).
  rewrite what_was_noted by now apply note_all_is_well_formed.
  rewrite IH. split; intuition congruence.
Qed.

Definition note_items (v : vector) (items : list (K * entry)) (m : logs) : logs :=
  fold_right (fun item => note_all (fst item) (unseen compare_name v (snd item))) m items.

Lemma note_items_is_well_formed v items m :
  well_formed_logs m ->
  well_formed_logs (note_items v items m).
Proof.
  intros good. induction items as [| item items IH]; [exact good |].
  now apply note_all_is_well_formed.
Qed.

Lemma what_was_noted_of_items v items m o change :
  well_formed_logs m ->
  In change (log_in o (note_items v items m)) <->
  In change (log_in o m) \/
  exists e, In (snd change, e) items /\ In (Dot o (fst change)) (unseen compare_name v e).
Proof.
  intros good. induction items as [| [k e] items IH].
  - cbn. split; [tauto |]. intros [| (e & [] & _)]; assumption.
  - cbn [note_items fold_right fst snd]. fold (note_items v items m).
    rewrite what_all_was_noted by now apply note_items_is_well_formed.
    rewrite IH. split.
    + intros [[there | (f & there & noted)] | [<- noted]]; [now left | right.. ].
      * exists f. split; [now right | exact noted].
      * exists e. split; [now left | exact noted].
    + intros [there | (f & [[= <- <-] | there] & noted)]; [tauto | tauto |].
      left. right. now exists f.
Qed.

Lemma what_is_unseen v (e : entry) d :
  In d (unseen compare_name v e) <->
  (In d (map decisions.dot_of (listed e)) \/ In d (creation_dots e)) /\ contains d v = false.
Proof.
  unfold unseen. rewrite filter_In, in_app_iff, negb_true_iff. tauto.
Qed.
End Indexed_decisions.
