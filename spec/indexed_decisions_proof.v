(** What the index keeps is the store of decisions: deciding, compacting, joining a part and
    finding the changes since a vector do there what they do in [decisions.v].

    That the log has all maximal decisions is what makes its walk find every key that has changed
    ([the_changes_are_the_part_of_the_store]). *)

From Coq Require Import List Bool NArith Lia.
From Rejoin Require Import order order_proof lattice sorted_map sorted_map_proof dot dot_proof.
From Rejoin Require Import delta.
From Rejoin Require Import indexed_decisions.
From Rejoin Require version_vector version_vector_proof decisions decisions_proof.
From Rejoin Require decisions_meaning_proof.
From Rejoin Require Import indexed_decisions_logs_proof.
Import ListNotations.
Local Open Scope N_scope.

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
Local Notation contains := (version_vector.contains compare_name).
Local Notation entry := (entry Name Effect).
Local Notation state := (state Name K Effect).
Local Notation winner := (winner compare_name compare_effect).
Local Notation entry_at := (entry_at compare_key).
Local Notation entry_of := (entry_of compare_name compare_effect keeps_winner).
Local Notation sound_entry := (sound_entry compare_name compare_effect keeps_winner).
Local Notation sound := (sound compare_name compare_key compare_effect keeps_winner).
Local Notation sound_items := (sound_items compare_name compare_key compare_effect keeps_winner).
Local Notation decide := (decide compare_name compare_key compare_effect keeps_winner).
Local Notation compact := (compact compare_name compare_key).
Local Notation changed := (changed compare_name compare_key).
Local Notation shown_to := (shown_to compare_name).
Local Notation take := (take compare_name compare_key compare_effect keeps_winner).
Local Notation join_entry := (join_entry compare_name compare_effect keeps_winner).
Local Notation winners := (winners compare_name compare_effect).
Local Notation winners_of := (winners_of compare_name compare_effect).
Local Notation log_of := (log_of compare_name).
Local Notation none_above := (none_above compare_name compare_effect).
Local Notation none_is_above_the_winner :=
  (none_is_above_the_winner compare_name compare_effect keeps_winner).
Local Notation none_is_above_the_greater := (none_is_above_the_greater compare_name compare_effect).
Local Notation listed_of_entry := (listed_of_entry compare_name compare_effect keeps_winner).
Local Notation winner_of_entry := (winner_of_entry compare_name compare_effect keeps_winner).
Local Notation more_is_seen := (more_is_seen compare_name compare_effect keeps_winner).
Local Notation no_entry_is_sound := (no_entry_is_sound compare_name compare_effect keeps_winner).
Local Notation entry_of_is_sound := (entry_of_is_sound compare_name compare_effect keeps_winner).
Local Notation logs_of_a_sound_state :=
  (logs_of_a_sound_state compare_name compare_key compare_effect keeps_winner).
Local Notation note_is_well_formed := (note_is_well_formed compare_name compare_key).
Local Notation what_was_noted := (what_was_noted compare_name compare_key).
Local Notation note_items_is_well_formed := (note_items_is_well_formed compare_name compare_key).
Local Notation what_was_noted_of_items := (what_was_noted_of_items compare_name compare_key).
Local Notation what_is_unseen := (what_is_unseen compare_name).

(** ** The state that is kept *)

Lemma find_in_frontiers k (m : sorted_map K entry) :
  sorted compare_key m = true ->
  find compare_key k (frontiers m) =
  match find compare_key k m with
  | Some e => if_any (listed e)
  | None => None
  end.
Proof. intros. now apply (find_in_map_some compare_key). Qed.

Lemma frontiers_are_sorted (m : sorted_map K entry) :
  sorted compare_key m = true ->
  sorted compare_key (frontiers m) = true.
Proof. intros. now apply (map_some_is_sorted compare_key). Qed.

Lemma find_in_winners k (m : sorted_map K entry) :
  sorted compare_key m = true ->
  find compare_key k (winners m) =
  match find compare_key k m with
  | Some e => winner e
  | None => None
  end.
Proof. intros. now apply (find_in_map_some compare_key). Qed.

Lemma winners_are_sorted (m : sorted_map K entry) :
  sorted compare_key m = true ->
  sorted compare_key (winners m) = true.
Proof. intros. now apply (map_some_is_sorted compare_key). Qed.

Lemma the_winner_is_that_of_the_record k (s : state) :
  sound s ->
  find compare_key k (winners_of s) = winner (entry_at k s).
Proof.
  intros good. unfold indexed_decisions.winners_of, indexed_decisions.entry_at.
  rewrite find_in_winners by apply good. now destruct (find compare_key k (entries s)).
Qed.

Lemma the_frontier_is_that_of_the_record k (s : state) :
  sound s ->
  decisions.frontier compare_key k (decisions_of s) = listed (entry_at k s).
Proof.
  intros good. unfold decisions.frontier, indexed_decisions.entry_at. cbn.
  rewrite find_in_frontiers by apply good.
  destruct (find compare_key k (entries s)); [apply or_empty_of_if_any | reflexivity].
Qed.

Lemma an_entry_that_is_found_is_sound k e (s : state) :
  sound s ->
  find compare_key k (entries s) = Some e ->
  sound_entry (seen s) e.
Proof.
  intros good found. pose proof (entries_are_sound _ _ _ _ _ good k) as this.
  unfold indexed_decisions.entry_at in this. now rewrite found in this.
Qed.

Theorem what_is_kept_is_well_formed (s : state) :
  sound s ->
  decisions.well_formed compare_name compare_key compare_effect (decisions_of s) = true.
Proof.
  intros good. apply decisions_proof.well_formed_means. split; [apply good |].
  apply (decisions_proof.well_formed_frontiers_mean compare_name compare_key compare_effect).
  split; [apply frontiers_are_sorted, good |].
  cbn [decisions.maximal decisions_of]. split; intros k; rewrite find_in_frontiers by apply good;
    destruct (find compare_key k (entries s)) as [e |] eqn:found; try easy.
  - now destruct (listed e).
  - rewrite or_empty_of_if_any.
    apply (listed_is_rising _ _ _ _ _ (an_entry_that_is_found_is_sound k e s good found)).
Qed.

(** ** Bottom *)

Theorem bottom_is_sound : sound bottom.
Proof. split; intros; try reflexivity; easy || apply no_entry_is_sound. Qed.

Theorem bottom_keeps_bottom :
  decisions_of (bottom (Name := Name) (K := K) (Effect := Effect)) = decisions.bottom
  /\ winners_of (bottom (Name := Name) (K := K) (Effect := Effect)) = [].
Proof. now split. Qed.

(** ** Deciding *)

Lemma entry_at_of_decide k d k' (s : state) :
  sound s ->
  entry_at k' (decide k d s)
  = if equal compare_key k' k
    then entry_of [d] (greater_option compare_decision (winner (entry_at k s)) (Some d))
      (match first (entry_at k s) with
       | None => insert compare_dot (decisions.dot_of d) (creation_dots (entry_at k s))
       | Some _ => creation_dots (entry_at k s)
       end)
    else entry_at k' s.
Proof.
  intros good. unfold indexed_decisions.entry_at at 1. cbn [entries indexed_decisions.decide].
  rewrite (find_in_set compare_key) by apply good.
  now destruct (equal compare_key k' k).
Qed.

Lemma none_is_above_the_new_winner d w :
  none_above [d] (greater_option compare_decision w (Some d)).
Proof.
  intros d' [<- | []]. rewrite (greater_option_is_commutative compare_decision w).
  now rewrite <- (greater_option_is_associative compare_decision),
    (greater_option_is_idempotent compare_decision).
Qed.

Theorem deciding_decides_in_the_store k d (s : state) :
  sound s ->
  decisions_of (decide k d s) = decisions.decide compare_name compare_key k d (decisions_of s).
Proof.
  intros good. unfold decisions_of, decisions.decide.
  cbn [seen entries indexed_decisions.decide decisions.seen decisions.maximal]. f_equal.
  apply (equal_finds_make_equal_maps compare_key).
  - apply frontiers_are_sorted, (set_is_sorted compare_key), good.
  - apply (set_is_sorted compare_key), frontiers_are_sorted, good.
  - intros k'. rewrite find_in_frontiers by apply (set_is_sorted compare_key), good.
    rewrite !(find_in_set compare_key) by (try apply frontiers_are_sorted; apply good).
    rewrite find_in_frontiers by apply good.
    destruct (equal compare_key k' k); [| reflexivity]. now rewrite listed_of_entry.
Qed.

Theorem deciding_decides_the_winners k d (s : state) :
  keeps_winner = true ->
  sound s ->
  winners_of (decide k d s)
  = merge compare_key (greater_option compare_decision) (winners_of s) [(k, d)].
Proof.
  intros keeps good. unfold indexed_decisions.winners_of. cbn [entries indexed_decisions.decide].
  apply (equal_finds_make_equal_maps compare_key).
  - apply winners_are_sorted, (set_is_sorted compare_key), good.
  - apply (merge_is_sorted compare_key); [apply winners_are_sorted, good | reflexivity].
  - intros k'. rewrite find_in_winners by apply (set_is_sorted compare_key), good.
    rewrite (find_in_merge compare_key)
      by (try reflexivity; apply winners_are_sorted, good).
    rewrite (find_in_set compare_key), find_in_winners by apply good. cbn [find].
    unfold equal. destruct (any_two_compare compare_key k' k) as [-> | |].
    + rewrite winner_of_entry by
        (exact keeps || reflexivity || apply none_is_above_the_new_winner).
      unfold indexed_decisions.entry_at. now destruct (find compare_key k (entries s)).
    + now rewrite (missing_is_least compare_decision).
    + now rewrite (missing_is_least compare_decision).
Qed.

Theorem deciding_is_sound k d (s : state) :
  sound s ->
  1 <= counter (decisions.dot_of d) ->
  sound (decide k d s).
Proof.
  intros good is_dot.
  pose proof (seen_is_well_formed _ _ _ _ _ good) as good_seen.
  assert (forall x, contains x (seen s) = true ->
    contains x (version_vector.see_dot compare_name (decisions.dot_of d) (seen s)) = true) as more
    by (intros; now apply version_vector_proof.seeing_forgets_nothing).
  assert (contains (decisions.dot_of d)
    (version_vector.see_dot compare_name (decisions.dot_of d) (seen s)) = true) as new
    by (now apply version_vector_proof.seen_dots_are_contained).
  pose proof (logs_of_a_sound_state s good) as good_logs.
  pose proof (entries_are_sound _ _ _ _ _ good k) as sound_k.
  set (bs := match first (entry_at k s) with
    | None => insert compare_dot (decisions.dot_of d) (creation_dots (entry_at k s))
    | Some _ => creation_dots (entry_at k s)
    end).
  assert (rising compare_dot bs = true) as rises.
  { unfold bs. destruct (first (entry_at k s)); [apply sound_k |].
    apply (insert_is_rising compare_dot), sound_k. }
  assert (forall b, In b bs -> b = decisions.dot_of d \/ In b (creation_dots (entry_at k s))) as only.
  { intros b. unfold bs. destruct (first (entry_at k s)); [tauto |].
    rewrite (in_insert compare_dot) by apply sound_k. tauto. }
  split; cbn [seen entries changes indexed_decisions.decide].
  - now apply version_vector_proof.see_dot_is_well_formed.
  - apply (set_is_sorted compare_key), good.
  - intros k'. rewrite entry_at_of_decide by exact good. fold bs.
    destruct (equal compare_key k' k);
      [| now apply (more_is_seen (seen s)), (entries_are_sound _ _ _ _ _ good)].
    apply entry_of_is_sound; [reflexivity | apply none_is_above_the_new_winner | exact rises | |].
    + intros d' [<- | []]. exact new.
    + intros b [-> | there]%only; [exact new |].
      now apply more, (creation_dots_were_seen _ _ _ _ _ sound_k).
  - now apply note_is_well_formed.
  - now apply note_is_well_formed.
  - intros o change [there | [_ is_new]]%what_was_noted; [| | exact good_logs].
    + now apply more, (changes_were_seen _ _ _ _ _ good).
    + now rewrite is_new.
  - intros k' d'. rewrite entry_at_of_decide by exact good. fold bs. intros there.
    apply what_was_noted; [exact good_logs |]. cbn [fst snd].
    destruct (equal_is_equality compare_key k' k) as [-> |].
    + rewrite listed_of_entry in there. destruct there as [<- | []]. right. split; [reflexivity |].
      now destruct (decisions.dot_of d).
    + left. now apply (maximal_decisions_are_logged _ _ _ _ _ good).
  - intros k' b. rewrite entry_at_of_decide by exact good. fold bs. intros there.
    apply what_was_noted; [exact good_logs |]. cbn [fst snd].
    destruct (equal_is_equality compare_key k' k) as [-> |].
    + apply only in there as [-> | there].
      * right. split; [reflexivity |]. now destruct (decisions.dot_of d).
      * left. now apply (creation_dots_are_logged _ _ _ _ _ good).
    + left. now apply (creation_dots_are_logged _ _ _ _ _ good).
Qed.

(** ** Compaction *)

Theorem compacting_changes_nothing keep (s : state) :
  decisions_of (compact keep s) = decisions_of s
  /\ winners_of (compact keep s) = winners_of s.
Proof. now split. Qed.

Lemma log_of_compact keep (s : state) o :
  log_of o (compact keep s)
  = filter (fun change => is_live compare_name compare_key o change s
      || is_creation_dot compare_name compare_key o change s
      || keep (Dot o (fst change))) (log_of o s).
Proof.
  unfold indexed_decisions.log_of, indexed_decisions.compact. cbn [changes].
  rewrite (find_in_mapped_values (V := sorted_set (N * K)) compare_origin
    (fun line => filter _ (snd line))).
  now destruct (find compare_origin o (changes s)).
Qed.

Theorem compacting_is_sound keep (s : state) :
  sound s ->
  sound (compact keep s).
Proof.
  intros good. split; try apply good.
  - cbn [changes indexed_decisions.compact].
    rewrite (mapped_values_are_sorted compare_origin (fun line => filter _ (snd line))).
    apply good.
  - intros o. rewrite log_of_compact. apply (filter_is_rising compare_change).
    apply (logs_are_rising _ _ _ _ _ good).
  - intros o change. rewrite log_of_compact, filter_In. intros [there _].
    now apply (changes_were_seen _ _ _ _ _ good).
  - intros k d there. rewrite log_of_compact, filter_In.
    split; [now apply (maximal_decisions_are_logged _ _ _ _ _ good) |].
    unfold is_live. cbn [fst snd].
    replace (existsb _ _) with true; [reflexivity |]. symmetry. apply existsb_exists.
    exists d. split; [exact there |]. destruct (decisions.dot_of d).
    apply (equal_to_itself compare_dot).
  - intros k b there. rewrite log_of_compact, filter_In.
    split; [now apply (creation_dots_are_logged _ _ _ _ _ good) |].
    unfold is_creation_dot. cbn [fst snd].
    replace (member _ _ _) with true; [now rewrite orb_true_r |]. symmetry.
    apply (member_means_in compare_dot);
      [apply (creation_dots_are_rising _ _ _ _ _ (entries_are_sound _ _ _ _ _ good k)) |].
    now destruct b.
Qed.

(** ** Changes since a vector *)

Lemma what_comes_after n (log : sorted_set (N * K)) change :
  rising compare_change log = true ->
  In change (after n log) <-> In change log /\ n < fst change.
Proof.
  induction log as [| c log IH]; intros rises; [cbn; tauto |].
  apply (rising_means_all_above_the_first compare_change) in rises as [above rises].
  cbn [after]. destruct (N.leb_spec (fst c) n) as [low | high].
  - rewrite IH by exact rises. cbn [In]. split; [tauto |].
    intros [[-> | there] greater]; [lia | tauto].
  - split; [| tauto]. intros there. split; [exact there |].
    destruct there as [-> | there]; [exact high |].
    unfold all_above in above. rewrite Forall_forall in above. specialize (above _ there).
    destruct c as [c k], change as [c' k'].
    unfold indexed_decisions.compare_change, compare_pair in above.
    cbn [fst snd] in *. destruct (N.compare_spec c c'); [lia | lia | easy].
Qed.

(** The walk finds exactly the keys that have a maximal decision outside the vector. *)
Lemma what_has_changed v k (s : state) :
  sound s ->
  In k (changed_keys compare_name compare_key v s) <->
  decisions_proof.sends compare_name compare_key v k (decisions_of s) = true.
Proof.
  intros good. unfold changed_keys, decisions_proof.sends.
  rewrite (in_set_of compare_key), in_flat_map, existsb_exists,
    the_frontier_is_that_of_the_record by exact good.
  split.
  - intros ([o log] & there & ([c k'] & <- & [walked live]%filter_In)%in_map_iff).
    cbn [fst snd] in *.
    apply (found_means_in compare_origin) in there; [| apply good].
    pose proof (logs_are_rising _ _ _ _ _ good o) as rises.
    unfold indexed_decisions.log_of in rises.
    assert (or_empty (find compare_origin o (changes s)) = log) as this
      by exact (f_equal or_empty there).
    rewrite this in rises.
    apply existsb_exists in live as (d & d_in & same). cbn [fst snd] in *.
    exists d. split; [exact d_in |].
    destruct (equal_is_equality compare_dot (decisions.dot_of d) (Dot o c)) as [-> |]; [| easy].
    apply what_comes_after in walked; [| exact rises].
    cbn [fst] in walked. apply negb_true_iff, not_true_iff_false.
    rewrite (version_vector_proof.contains_means_counted compare_name). cbn. lia.
  - intros (d & there & outside).
    pose proof (maximal_decisions_are_logged _ _ _ _ _ good k d there) as logged.
    pose proof (listed_was_seen _ _ _ _ _ (entries_are_sound _ _ _ _ _ good k) d there) as was.
    apply (version_vector_proof.contains_means_counted compare_name) in was.
    destruct (decisions.dot_of d) as [o c] eqn:named. cbn [dot_origin counter] in *.
    pose proof (logs_are_rising _ _ _ _ _ good o) as rises.
    unfold indexed_decisions.log_of in logged, rises.
    destruct (find compare_origin o (changes s)) as [log |] eqn:found; [| easy].
    cbn [or_empty] in logged, rises.
    exists (o, log).
    split; [apply (found_means_in compare_origin); [apply good | exact found] |].
    apply in_map_iff. exists (c, k). split; [reflexivity |]. apply filter_In. cbn [fst snd].
    split.
    + apply what_comes_after; [exact rises |].
      split; [exact logged |]. cbn [fst].
      apply negb_true_iff, not_true_iff_false in outside.
      rewrite (version_vector_proof.contains_means_counted compare_name) in outside.
      cbn in outside. lia.
    + apply existsb_exists. exists d. split; [exact there |]. cbn [fst]. rewrite named.
      apply (equal_to_itself compare_dot).
Qed.

Lemma changed_is_sorted v (s : state) : sorted compare_key (changed v s) = true.
Proof.
  apply (map_some_is_sorted compare_key).
  rewrite (a_map_made_from_keys_is_sorted compare_key (fun k => k)).
  apply (set_of_is_rising compare_key).
Qed.

Lemma find_in_changed v k (s : state) :
  sound s ->
  find compare_key k (changed v s)
  = if decisions_proof.sends compare_name compare_key v k (decisions_of s)
    then find compare_key k (entries s) else None.
Proof.
  intros good. unfold indexed_decisions.changed.
  assert (rising compare_key (changed_keys compare_name compare_key v s) = true) as rises
    by apply (set_of_is_rising compare_key).
  rewrite (find_in_map_some compare_key)
    by now rewrite (a_map_made_from_keys_is_sorted compare_key (fun k => k)).
  rewrite (find_in_a_map_made_from_keys compare_key (fun k => k)).
  replace (member compare_key k (changed_keys compare_name compare_key v s))
    with (decisions_proof.sends compare_name compare_key v k (decisions_of s)).
  - now destruct (decisions_proof.sends _ _ _ _ _).
  - apply eq_iff_eq_true. rewrite <- (what_has_changed v k s good).
    symmetry. now apply (member_means_in compare_key).
Qed.

Lemma find_in_shown v k (m : sorted_map K entry) :
  find compare_key k (shown_to v m)
  = match find compare_key k m with
    | Some e => Some (shown compare_name v e)
    | None => None
    end.
Proof.
  apply (find_in_mapped_values compare_key (fun item => shown compare_name v (snd item))).
Qed.

Lemma shown_is_sorted v (m : sorted_map K entry) :
  sorted compare_key (shown_to v m) = sorted compare_key m.
Proof.
  apply (mapped_values_are_sorted compare_key (fun item => shown compare_name v (snd item))).
Qed.

Theorem the_changes_are_the_part_of_the_store v (s : state) :
  sound s ->
  decisions.State (seen s) (frontiers (shown_to v (changed v s)))
  = decisions.part_since compare_name v (decisions_of s).
Proof.
  intros good. pose proof (what_is_kept_is_well_formed s good) as kept.
  assert (decisions.maximal (decisions.part_since compare_name v (decisions_of s))
    = frontiers (shown_to v (changed v s))) as same.
  { apply (equal_finds_make_equal_maps compare_key).
    - apply (filter_is_sorted compare_key), frontiers_are_sorted, good.
    - apply frontiers_are_sorted. rewrite shown_is_sorted. apply changed_is_sorted.
    - intros k. rewrite find_in_frontiers, find_in_shown, find_in_changed
        by (exact good || (rewrite shown_is_sorted; apply changed_is_sorted)).
      rewrite (decisions_proof.find_in_part_since compare_name compare_key compare_effect)
        by exact kept.
      cbn [decisions.maximal decisions_of]. rewrite find_in_frontiers by apply good.
      destruct (decisions_proof.sends _ _ _ _ _); [| reflexivity].
      now destruct (find compare_key k (entries s)). }
  rewrite <- same. reflexivity.
Qed.

Theorem the_changes_have_the_winners_of_the_part v (s : state) :
  sound s ->
  winners (shown_to v (changed v s))
  = restrict compare_key (winners_of s)
      (decisions.maximal (decisions.part_since compare_name v (decisions_of s))).
Proof.
  intros good. pose proof (what_is_kept_is_well_formed s good) as kept.
  assert (sorted compare_key (decisions.maximal
    (decisions.part_since compare_name v (decisions_of s))) = true) as sorts
    by (apply (filter_is_sorted compare_key), frontiers_are_sorted, good).
  apply (equal_finds_make_equal_maps compare_key).
  - apply winners_are_sorted. rewrite shown_is_sorted. apply changed_is_sorted.
  - apply (restrict_is_sorted compare_key); [apply winners_are_sorted, good | exact sorts].
  - intros k. rewrite find_in_winners, find_in_shown, find_in_changed
      by (exact good || (rewrite shown_is_sorted; apply changed_is_sorted)).
    rewrite (find_in_restrict compare_key)
      by (exact sorts || apply winners_are_sorted, good).
    rewrite (decisions_proof.find_in_part_since compare_name compare_key compare_effect)
      by exact kept.
    unfold indexed_decisions.winners_of. rewrite find_in_winners by apply good.
    destruct (decisions_proof.sends _ _ _ _ _) eqn:sent; [| reflexivity].
    unfold decisions_proof.sends, decisions.frontier in sent.
    cbn [decisions.maximal decisions_of] in *. rewrite find_in_frontiers in * by apply good.
    destruct (find compare_key k (entries s)) as [e |]; [| easy].
    now destruct (if_any (listed e)).
Qed.

Theorem the_changes_are_sound v (s : state) :
  sound s ->
  sound_items (seen s) (shown_to v (changed v s)).
Proof.
  intros good. split; [apply good | rewrite shown_is_sorted; apply changed_is_sorted | |];
    intros k e; rewrite find_in_shown, find_in_changed by exact good;
    destruct (decisions_proof.sends _ _ _ _ _) eqn:sent; try easy;
    destruct (find compare_key k (entries s)) as [e' |] eqn:found; try easy; intros [= <-].
  - pose proof (an_entry_that_is_found_is_sound k e' s good found) as this.
    split; try apply this; cbn [creation_dots shown].
    + apply (filter_is_rising compare_dot), this.
    + intros b [there _]%filter_In. now apply this.
  - unfold decisions_proof.sends in sent.
    rewrite the_frontier_is_that_of_the_record in sent by exact good.
    unfold indexed_decisions.entry_at in sent. rewrite found in sent. cbn [first shown].
    unfold listed in sent. now destruct (first e').
Qed.

(** ** Joining a part *)

Lemma entry_at_of_take v m k (s : state) :
  sound s ->
  sorted compare_key m = true ->
  entry_at k (take v m s)
  = match find compare_key k m with
    | Some e => join_entry (seen s) v (entry_at k s) e
    | None => entry_at k s
    end.
Proof.
  intros good sorts. unfold indexed_decisions.entry_at. cbn [entries indexed_decisions.take].
  rewrite (find_in_merge compare_key) by (reflexivity || exact sorts || apply good).
  destruct (find compare_key k m); [reflexivity |].
  now destruct (find compare_key k (entries s)).
Qed.

Lemma joined_is_rising (s : state) v m k e :
  sound s ->
  sound_items v m ->
  find compare_key k m = Some e ->
  rising compare_decision (decisions.join_frontiers compare_name compare_effect (seen s) v
    (listed (entry_at k s)) (listed e)) = true.
Proof.
  intros good good_m found. apply (decisions_proof.join_frontiers_is_rising _ _ (seen s) v).
  - apply (entries_are_sound _ _ _ _ _ good).
  - apply (items_are_sound _ _ _ _ _ _ good_m k e found).
Qed.

Lemma what_is_joined_was_listed (s : state) v m k e d :
  sound s ->
  sound_items v m ->
  find compare_key k m = Some e ->
  In d (decisions.join_frontiers compare_name compare_effect (seen s) v
    (listed (entry_at k s)) (listed e)) ->
  In d (listed (entry_at k s)) \/
  (In d (listed e) /\ contains (decisions.dot_of d) (seen s) = false).
Proof.
  intros good good_m found.
  pose proof (listed_is_rising _ _ _ _ _ (entries_are_sound _ _ _ _ _ good k)) as rises.
  pose proof (listed_is_rising _ _ _ _ _ (items_are_sound _ _ _ _ _ _ good_m k e found)) as rises'.
  rewrite <- !(member_means_in compare_decision)
    by (exact rises || exact rises' || now apply (joined_is_rising s v m k e)).
  rewrite (decisions_proof.member_of_join_frontiers compare_name compare_effect)
    by assumption.
  destruct (member compare_decision d (listed (entry_at k s))); [tauto |].
  rewrite andb_true_iff, negb_true_iff. tauto.
Qed.

Lemma none_is_above_the_joined_winner (s : state) v m k e :
  sound s ->
  sound_items v m ->
  find compare_key k m = Some e ->
  none_above (decisions.join_frontiers compare_name compare_effect (seen s) v
    (listed (entry_at k s)) (listed e))
    (greater_option compare_decision (winner (entry_at k s)) (winner e)).
Proof.
  intros good good_m found d there.
  apply (what_is_joined_was_listed s v m k e d good good_m found) in there as [there | [there _]].
  - refine (none_is_above_the_greater _ _ _ _ d there).
    apply (none_is_above_the_winner (seen s)), good.
  - rewrite (greater_option_is_commutative compare_decision (winner (entry_at k s))).
    refine (none_is_above_the_greater _ _ _ _ d there).
    apply (none_is_above_the_winner v), (items_are_sound _ _ _ _ _ _ good_m k e found).
Qed.

Theorem taking_takes_the_part_in_the_store v m (s : state) :
  sound s ->
  sound_items v m ->
  decisions_of (take v m s)
  = decisions.take_part compare_name compare_key compare_effect
      (decisions.State v (frontiers m)) (decisions_of s).
Proof.
  intros good good_m. pose proof (items_are_sorted _ _ _ _ _ _ good_m) as sorts.
  unfold decisions_of, decisions.take_part.
  cbn [seen entries indexed_decisions.take decisions.seen decisions.maximal].
  f_equal. apply (equal_finds_make_equal_maps compare_key).
  - apply frontiers_are_sorted, (merge_is_sorted compare_key); [apply good | exact sorts].
  - apply (merge_is_sorted compare_key); apply frontiers_are_sorted; [apply good | exact sorts].
  - intros k.
    rewrite find_in_frontiers by (apply (merge_is_sorted compare_key); [apply good | exact sorts]).
    rewrite !(find_in_merge compare_key)
      by (reflexivity || exact sorts || apply frontiers_are_sorted, sorts
        || apply frontiers_are_sorted, good || apply good).
    rewrite !find_in_frontiers by (exact sorts || apply good).
    destruct (find compare_key k m) as [e |] eqn:found; [| reflexivity].
    pose proof (items_are_not_empty _ _ _ _ _ _ good_m k e found) as some.
    assert (if_any (listed e) = Some (listed e)) as ->
      by (unfold listed; now destruct (first e)).
    unfold indexed_decisions.join_entry. rewrite listed_of_entry.
    destruct (find compare_key k (entries s)); [| reflexivity].
    now rewrite or_empty_of_if_any.
Qed.

Theorem taking_takes_the_winners v m (s : state) :
  keeps_winner = true ->
  sound s ->
  sound_items v m ->
  winners_of (take v m s)
  = merge compare_key (greater_option compare_decision) (winners_of s) (winners m).
Proof.
  intros keeps good good_m. pose proof (items_are_sorted _ _ _ _ _ _ good_m) as sorts.
  unfold indexed_decisions.winners_of. cbn [entries indexed_decisions.take].
  apply (equal_finds_make_equal_maps compare_key).
  - apply winners_are_sorted, (merge_is_sorted compare_key); [apply good | exact sorts].
  - apply (merge_is_sorted compare_key); apply winners_are_sorted; [apply good | exact sorts].
  - intros k.
    rewrite find_in_winners by (apply (merge_is_sorted compare_key); [apply good | exact sorts]).
    rewrite !(find_in_merge compare_key)
      by (reflexivity || exact sorts || apply winners_are_sorted, sorts
        || apply winners_are_sorted, good || apply good).
    rewrite !find_in_winners by (exact sorts || apply good).
    destruct (find compare_key k m) as [e |] eqn:found.
    + pose proof (joined_is_rising s v m k e good good_m found) as rises.
      pose proof (none_is_above_the_joined_winner s v m k e good good_m found) as none.
      unfold indexed_decisions.entry_at in *. unfold indexed_decisions.join_entry.
      destruct (find compare_key k (entries s)); now rewrite winner_of_entry.
    + rewrite (missing_is_least compare_decision). now destruct (find compare_key k (entries s)).
Qed.

Lemma creation_dots_of_joined (s : state) v m k e b :
  sound s ->
  sound_items v m ->
  find compare_key k m = Some e ->
  In b (creation_dots (join_entry (seen s) v (entry_at k s) e)) <->
  In b (creation_dots (entry_at k s)) \/ (In b (creation_dots e) /\ contains b (seen s) = false).
Proof.
  intros good good_m found.
  pose proof (creation_dots_are_rising _ _ _ _ _ (entries_are_sound _ _ _ _ _ good k)) as rises.
  pose proof (creation_dots_are_rising _ _ _ _ _ (items_are_sound _ _ _ _ _ _ good_m k e found)) as rises'.
  assert (rising compare_dot (new_creation_dots compare_name (seen s) e) = true) as rises_new
    by now apply (filter_is_rising compare_dot).
  cbn [creation_dots indexed_decisions.join_entry indexed_decisions.entry_of].
  rewrite <- (member_means_in compare_dot) by now apply (union_is_rising compare_dot).
  rewrite (member_of_union compare_dot), orb_true_iff by assumption.
  rewrite !(member_means_in compare_dot) by assumption.
  unfold new_creation_dots. rewrite filter_In, negb_true_iff. tauto.
Qed.

(** Sketch: an entry that was sent is joined with the receiver's, and each thing in it was listed by one
    of the two: hence seen, since the vector becomes the join. All else is as it was. What was listed
    by the receiver is in its log already; what is new to it is noted now. *)
Theorem taking_is_sound v m (s : state) :
  sound s ->
  sound_items v m ->
  sound (take v m s).
Proof.
  intros good good_m. pose proof (items_are_sorted _ _ _ _ _ _ good_m) as sorts.
  pose proof (logs_of_a_sound_state s good) as good_logs.
  assert (forall d, contains d (version_vector.join compare_name (seen s) v)
    = contains d (seen s) || contains d v) as both.
  { intros d. apply (version_vector_proof.contains_of_join compare_name);
      [apply good | apply good_m]. }
  assert (forall k e, find compare_key k m = Some e -> sound_entry v e) as sound_m
    by apply (items_are_sound _ _ _ _ _ _ good_m).
  split; cbn [seen entries changes indexed_decisions.take].
  - apply (join_is_well_formed _ _ _ (version_vector_proof.version_vectors_are_a_lattice _));
      [apply good | apply good_m].
  - apply (merge_is_sorted compare_key); [apply good | exact sorts].
  - intros k. rewrite entry_at_of_take by assumption.
    destruct (find compare_key k m) as [e |] eqn:found.
    + apply entry_of_is_sound.
      * now apply (joined_is_rising s v m k e).
      * now apply (none_is_above_the_joined_winner s v m k e).
      * apply (union_is_rising compare_dot);
          [apply (entries_are_sound _ _ _ _ _ good) |].
        apply (filter_is_rising compare_dot), (sound_m k e found).
      * intros d there. rewrite both.
        apply (what_is_joined_was_listed s v m k e d good good_m found) in there
          as [there | [there _]].
        -- now rewrite (listed_was_seen _ _ _ _ _ (entries_are_sound _ _ _ _ _ good k)).
        -- rewrite (listed_was_seen _ _ _ _ _ (sound_m k e found)) by exact there.
           apply orb_true_r.
      * intros b there. rewrite both.
        apply (creation_dots_of_joined s v m k e b good good_m found) in there
          as [there | [there _]].
        -- now rewrite (creation_dots_were_seen _ _ _ _ _ (entries_are_sound _ _ _ _ _ good k)).
        -- rewrite (creation_dots_were_seen _ _ _ _ _ (sound_m k e found)) by exact there.
           apply orb_true_r.
    + apply (more_is_seen (seen s)); [| apply (entries_are_sound _ _ _ _ _ good)].
      intros d known. now rewrite both, known.
  - now apply note_items_is_well_formed.
  - now apply note_items_is_well_formed.
  - intros o change there. rewrite both.
    apply (what_was_noted_of_items (seen s) m (changes s) o change good_logs) in there
      as [there | (e & there & [is_new _]%what_is_unseen)].
    + now rewrite (changes_were_seen _ _ _ _ _ good).
    + apply (found_means_in compare_key) in there; [| exact sorts].
      specialize (sound_m _ e there).
      destruct is_new as [(d & <- & d_in)%in_map_iff | b_in].
      * rewrite (listed_was_seen _ _ _ _ _ sound_m d d_in). apply orb_true_r.
      * rewrite (creation_dots_were_seen _ _ _ _ _ sound_m _ b_in). apply orb_true_r.
  - intros k d. rewrite entry_at_of_take by assumption. intros there.
    apply (what_was_noted_of_items (seen s) m (changes s)); [exact good_logs |]. cbn [fst snd].
    destruct (find compare_key k m) as [e |] eqn:found.
    + unfold indexed_decisions.join_entry in there. rewrite listed_of_entry in there.
      apply (what_is_joined_was_listed s v m k e d good good_m found) in there
        as [there | [there is_new]].
      * left. now apply (maximal_decisions_are_logged _ _ _ _ _ good).
      * right. exists e. split; [now apply (found_means_in compare_key) |].
        apply what_is_unseen. replace (Dot _ _) with (decisions.dot_of d)
          by now destruct (decisions.dot_of d).
        split; [left; now apply in_map | exact is_new].
    + left. now apply (maximal_decisions_are_logged _ _ _ _ _ good).
  - intros k b. rewrite entry_at_of_take by assumption. intros there.
    apply (what_was_noted_of_items (seen s) m (changes s)); [exact good_logs |]. cbn [fst snd].
    destruct (find compare_key k m) as [e |] eqn:found.
    + apply (creation_dots_of_joined s v m k e b good good_m found) in there as [there | [there is_new]].
      * left. now apply (creation_dots_are_logged _ _ _ _ _ good).
      * right. exists e. split; [now apply (found_means_in compare_key) |].
        apply what_is_unseen. replace (Dot _ _) with b by now destruct b. tauto.
    + left. now apply (creation_dots_are_logged _ _ _ _ _ good).
Qed.

(** What a part adds to a log comes after all that is there, so it can be appended. *)
Theorem what_is_noted_comes_last v m (s : state) o old new :
  sound s ->
  sound_items v m ->
  In old (log_of o s) ->
  In new (log_of o (take v m s)) ->
  ~ In new (log_of o s) ->
  fst old < fst new.
Proof.
  intros good good_m there noted not_there.
  apply (what_was_noted_of_items (seen s) m (changes s) o new (logs_of_a_sound_state s good))
    in noted as [| (e & e_in & [is_new outside]%what_is_unseen)]; [easy |].
  apply (changes_were_seen _ _ _ _ _ good) in there.
  apply (found_means_in compare_key) in e_in; [| apply good_m].
  pose proof (items_are_sound _ _ _ _ _ _ good_m _ e e_in) as this.
  assert (contains (Dot o (fst new)) v = true) as is_dot.
  { destruct is_new as [(d & <- & d_in)%in_map_iff | b_in];
      [now apply (listed_was_seen _ _ _ _ _ this) | now apply (creation_dots_were_seen _ _ _ _ _ this)]. }
  apply not_true_iff_false in outside.
  rewrite (version_vector_proof.contains_means_counted compare_name) in *.
  cbn [dot_origin counter] in *. lia.
Qed.

(** ** Queries *)

Lemma what_is_read_of_the_records {A : Type} (f : K * list decision -> list A)
    (m : sorted_map K entry) :
  (forall k, f (k, []) = []) ->
  flat_map (fun item => f (fst item, listed (snd item))) m = flat_map f (frontiers m).
Proof.
  intros nothing. induction m as [| [k e] m IH]; [reflexivity |].
  cbn [flat_map fst snd]. rewrite IH. unfold frontiers. cbn [map_some].
  destruct (listed e) as [| d ds]; cbn [if_any cons_some flat_map]; [| reflexivity].
  now rewrite nothing.
Qed.

Theorem merge_decisions_are_read_of_the_records current (s : state) :
  indexed_decisions.merge_decisions compare_name compare_effect current s
  = decisions.merge_decisions compare_name compare_effect current (decisions_of s).
Proof. now apply what_is_read_of_the_records. Qed.

Theorem notices_are_read_of_the_records current user (s : state) :
  indexed_decisions.notices compare_name compare_effect current user s
  = decisions.notices compare_name compare_effect current user (decisions_of s).
Proof.
  apply (what_is_read_of_the_records (fun entry => map (pair (fst entry))
    (decisions.names compare_name
      (filter (fun d => equal (compare_option compare_name) (decisions.user_of d) (Some user))
        (decisions.overruled compare_effect (current (fst entry)) (snd entry)))))).
  reflexivity.
Qed.

Theorem keys_are_read_of_the_records e (s : state) :
  keys_with compare_effect e s
  = map fst (filter (fun entry => existsb (decisions.takes_effect compare_effect e) (snd entry))
      (decisions.maximal (decisions_of s))).
Proof.
  unfold keys_with. cbn [decisions.maximal decisions_of].
  induction (entries s) as [| [k e'] m IH]; [reflexivity |].
  unfold frontiers. cbn [filter fst snd map_some]. fold (frontiers m).
  destruct (listed e') as [| d ds] eqn:same; cbn [if_any cons_some filter snd existsb];
    [exact IH |].
  destruct (_ || _); cbn [map fst]; [f_equal |]; exact IH.
Qed.

Theorem contents_are_read_of_the_records (s : state) :
  contents compare_name compare_effect s
  = map (fun entry => (fst entry, decisions.effect (snd entry))) (winners_of s).
Proof.
  unfold contents, indexed_decisions.winners_of, indexed_decisions.winners.
  induction (entries s) as [| [k e] m IH]; [reflexivity |].
  cbn [map_some]. destruct (winner e); cbn [option_map cons_some map fst snd]; [f_equal |];
    exact IH.
Qed.
End Indexed_decisions.
