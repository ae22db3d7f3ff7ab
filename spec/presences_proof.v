(** Two rules for concurrent adds and removes, on events and on maximal decisions.

    Where an add wins, a key is present exactly if some maximal decision on it is an add. Where a
    remove wins, it is present exactly if there are maximal decisions on it and each is an add: a
    remove that some add saw is below a maximal decision, and one that none saw is below itself
    or another remove only. Both hold of all events of a history, closed or not; sets, and flags,
    which are sets of one key, are instances. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof.
From Rejoin Require Import definition_proof decisions_meaning_proof.
From Rejoin Require Import definition.
From Rejoin Require decisions or_set_proof.
Import ListNotations.
Import or_set_proof (presences_are_ordered).

Lemma same_members_exist_by {A : Type} (p q : A -> bool) (items : list A) :
  (forall x, p x = q x) ->
  existsb p items = existsb q items.
Proof. intros same. induction items as [| x items IH]; cbn; [reflexivity | now rewrite same, IH]. Qed.

Lemma forallb_ext {A : Type} (p q : A -> bool) (items : list A) :
  (forall x, p x = q x) ->
  forallb p items = forallb q items.
Proof. intros same. induction items as [| x items IH]; cbn; [reflexivity | now rewrite same, IH]. Qed.

Section Presences.
Context {Name K Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_key : K -> K -> comparison) {lawful_keys : ordered compare_key}.
Context (reading : operation Name Value -> option (K * (N * presence))).
Local Notation event := (event Name Value).
Local Notation sees := (sees compare_name).
Local Notation decides := (decides compare_key reading).
Local Notation maximal := (maximal compare_name compare_key reading).
Local Notation has_effect := (has_effect compare_key compare_presence reading).
Local Notation adds k := (has_effect k Added).
Local Notation removes k := (has_effect k Removed).
Local Notation meaning := (decisions.meaning compare_name compare_key compare_presence reading).
Local Notation frontier := (decisions.frontier compare_key).

(** Some add is seen by no remove. *)
Definition an_add_wins (E : list event) (k : K) : bool :=
  existsb (fun a => adds k a && negb (existsb (fun r => removes k r && sees r a) E)) E.

(** There is an add, and each remove is seen by some add. *)
Definition no_remove_wins (E : list event) (k : K) : bool :=
  existsb (adds k) E &&
  forallb (fun r => implb (removes k r) (existsb (fun a => adds k a && sees a r) E)) E.

Lemma a_decision_adds_or_removes k e : decides k e = adds k e || removes k e.
Proof.
  unfold definition.decides, definition.has_effect.
  destruct (effect_on compare_key reading k e) as [[] |]; reflexivity.
Qed.

Lemma nothing_adds_and_removes k e : adds k e = true -> removes k e = false.
Proof.
  unfold definition.has_effect. now destruct (effect_on compare_key reading k e) as [[] |].
Qed.

Context (H : list event) (happened : history compare_name H).

Lemma an_add_wins_if_some_maximal_decision_adds E k :
  incl E H ->
  an_add_wins E k = true <-> exists m, In m E /\ maximal E k m = true /\ adds k m = true.
Proof using happened.
  intros past. unfold an_add_wins. rewrite existsb_exists. split.
  - intros (a & a_in & [add no_remove]%andb_prop).
    destruct (every_decision_is_below_a_maximal_one compare_name H happened compare_key reading
      E k a) as (m & m_in & m_max & above); auto.
    { now rewrite a_decision_adds_or_removes, add. }
    exists m. repeat split; auto. destruct above as [-> | seen]; [exact add |].
    pose proof m_max as [m_decides _]%maximal_means_seen_by_no_decision.
    rewrite a_decision_adds_or_removes in m_decides.
    apply orb_prop in m_decides as [| remove]; [assumption |].
    exfalso. apply negb_true_iff in no_remove. rewrite <- not_true_iff_false in no_remove.
    apply no_remove, existsb_exists. exists m. now rewrite remove, seen.
  - intros (m & m_in & m_max & add). exists m. split; [exact m_in |]. rewrite add. cbn.
    apply negb_true_iff, not_true_iff_false. intros (r & r_in & [remove seen]%andb_prop)
      %existsb_exists.
    apply maximal_means_seen_by_no_decision in m_max as [_ unseen].
    rewrite (unseen r) in seen; [easy | auto |].
    now rewrite a_decision_adds_or_removes, remove, orb_true_r.
Qed.

Lemma no_remove_wins_if_all_maximal_decisions_add E k :
  incl E H ->
  no_remove_wins E k = true <->
  (exists m, In m E /\ maximal E k m = true) /\
  forall m, In m E -> maximal E k m = true -> adds k m = true.
Proof using happened.
  intros past. unfold no_remove_wins. rewrite andb_true_iff, existsb_exists, forallb_forall.
  split.
  - intros [(a & a_in & add) answered]. split.
    + destruct (every_decision_is_below_a_maximal_one compare_name H happened compare_key
        reading E k a) as (m & m_in & m_max & _); eauto.
      now rewrite a_decision_adds_or_removes, add.
    + intros m m_in m_max. pose proof m_max as [m_decides unseen]
        %maximal_means_seen_by_no_decision.
      rewrite a_decision_adds_or_removes in m_decides.
      apply orb_prop in m_decides as [| remove]; [assumption |].
      specialize (answered m m_in). rewrite remove in answered.
      apply existsb_exists in answered as (b & b_in & [add_b seen]%andb_prop).
      rewrite (unseen b) in seen; [easy | auto |].
      now rewrite a_decision_adds_or_removes, add_b.
  - intros [(m & m_in & m_max) all]. split; [exists m; auto |].
    intros r r_in. destruct (removes k r) eqn:remove; [cbn | reflexivity].
    destruct (every_decision_is_below_a_maximal_one compare_name H happened compare_key reading
      E k r) as (n & n_in & n_max & above); auto.
    { now rewrite a_decision_adds_or_removes, remove, orb_true_r. }
    pose proof (all n n_in n_max) as add. apply existsb_exists. exists n.
    split; [exact n_in |]. rewrite add. destruct above as [-> | seen]; [| exact seen].
    rewrite (nothing_adds_and_removes k r add) in remove. easy.
Qed.

(** ** The same of what the store lists *)

Lemma an_add_wins_as_the_frontier_says E k :
  incl E H ->
  decisions.some_take_effect compare_presence Added (frontier k (meaning E)) = an_add_wins E k.
Proof using happened lawful_keys lawful_names.
  intros past. apply eq_true_iff_eq.
  rewrite an_add_wins_if_some_maximal_decision_adds by exact past.
  unfold decisions.some_take_effect. rewrite existsb_exists. split.
  - intros (d & listed & add).
    apply (a_frontier_has_the_maximal_decisions compare_name compare_key compare_presence
      reading) in listed as (e & there & read & is_max).
    exists e. repeat split; auto. rewrite <- add. symmetry.
    now apply (an_effect_is_that_of_its_event compare_key compare_presence reading).
  - intros (e & there & is_max & add).
    pose proof is_max as [decision _]%maximal_means_seen_by_no_decision.
    apply (a_decision_is_on_its_key compare_key) in decision as [d read].
    exists d. split.
    + apply (a_frontier_has_the_maximal_decisions compare_name compare_key compare_presence
        reading). now exists e.
    + rewrite <- add.
      now apply (an_effect_is_that_of_its_event compare_key compare_presence reading).
Qed.

Lemma no_remove_wins_as_the_frontier_says E k :
  incl E H ->
  decisions.all_take_effect compare_presence Added (frontier k (meaning E)) = no_remove_wins E k.
Proof using happened lawful_keys lawful_names.
  intros past. apply eq_true_iff_eq.
  rewrite no_remove_wins_if_all_maximal_decisions_add by exact past.
  pose proof (a_frontier_has_the_maximal_decisions compare_name compare_key compare_presence
    reading E k) as listed.
  assert (decisions.all_take_effect compare_presence Added (frontier k (meaning E)) = true <->
    (exists d, In d (frontier k (meaning E))) /\
    forall d, In d (frontier k (meaning E)) ->
      decisions.takes_effect compare_presence Added d = true) as ->.
  { unfold decisions.all_take_effect. clear listed.
    destruct (frontier k (meaning E)) as [| d ds]; [split; [easy | now intros [[] _]] |].
    rewrite forallb_forall. split; [intros all; split; [exists d; now left | exact all] | tauto]. }
  split.
  - intros [(d & there) all]. split.
    + apply listed in there as (e & e_in & _ & is_max). eauto.
    + intros m m_in m_max. pose proof m_max as [decision _]%maximal_means_seen_by_no_decision.
      apply (a_decision_is_on_its_key compare_key) in decision as [d' read].
      rewrite <- (an_effect_is_that_of_its_event compare_key compare_presence reading k Added m
        d' read).
      apply all, listed. eauto.
  - intros [(m & m_in & m_max) all]. split.
    + pose proof m_max as [decision _]%maximal_means_seen_by_no_decision.
      apply (a_decision_is_on_its_key compare_key) in decision as [d read].
      exists d. apply listed. eauto.
    + intros d (e & e_in & read & is_max)%listed.
      rewrite (an_effect_is_that_of_its_event compare_key compare_presence reading k Added e
        d read). auto.
Qed.

(** A decision that saw all others on its key takes effect, by either rule. *)
Lemma the_only_maximal_decision_takes_effect E k e f :
  incl E H ->
  In e E ->
  (forall f, In f E -> decides k f = true -> f = e \/ sees e f = true) ->
  In f E ->
  maximal E k f = true ->
  decides k e = true ->
  f = e.
Proof using happened.
  intros past e_in saw_all f_in [f_decides unseen]%maximal_means_seen_by_no_decision decision.
  destruct (saw_all f f_in f_decides) as [| seen]; [assumption |].
  rewrite (unseen e) in seen; auto. easy.
Qed.

Theorem a_decision_that_saw_all_others_closes_its_key rule E k e :
  (rule = an_add_wins \/ rule = no_remove_wins) ->
  incl E H ->
  In e E ->
  decides k e = true ->
  (forall f, In f E -> decides k f = true -> f = e \/ sees e f = true) ->
  open compare_name compare_key compare_presence reading
    (fun k => presence_of (rule E k)) E k = false.
Proof using happened lawful_keys lawful_names.
  intros which past e_in decision saw_all.
  apply (a_decision_that_saw_all_others_and_takes_effect_closes_its_key compare_name H happened
    compare_key compare_presence reading _ E k e); auto.
  assert (maximal E k e = true) as is_max.
  { destruct (every_decision_is_below_a_maximal_one compare_name H happened compare_key reading
      E k e) as (m & m_in & m_max & _); auto.
    now rewrite <- (the_only_maximal_decision_takes_effect E k e m). }
  enough (rule E k = adds k e) as ->.
  { rewrite a_decision_adds_or_removes in decision.
    destruct (adds k e) eqn:add; [exact add | exact decision]. }
  apply eq_true_iff_eq. destruct which as [-> | ->].
  - rewrite an_add_wins_if_some_maximal_decision_adds by exact past. split; [| eauto].
    intros (m & m_in & m_max & add).
    now rewrite <- (the_only_maximal_decision_takes_effect E k e m).
  - rewrite no_remove_wins_if_all_maximal_decisions_add by exact past. split; [firstorder |].
    intros add. split; [eauto |]. intros m m_in m_max.
    now rewrite (the_only_maximal_decision_takes_effect E k e m).
Qed.
End Presences.
