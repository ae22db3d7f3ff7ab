(** Computed: what the index keeps and sends; that the premises of its theorems can be met; and
    what goes wrong without them.

    Names, keys and effects are numbers; [one] and [two] are origins. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order order_proof sorted_map dot delta.
From Rejoin Require Import definition indexed_decisions indexed_decisions_proof.
From Rejoin Require Import indexed_decisions_meaning_proof examples meaning_examples.
From Rejoin Require version_vector decisions.
Import ListNotations.
Open Scope N_scope.

Local Notation state := (indexed_decisions.state N N N).
Local Notation decision := (decisions.decision N N).
Local Notation decide := (decide N.compare N.compare N.compare true).
Local Notation delta_since := (delta_since N.compare N.compare).
Local Notation receive := (receive N.compare N.compare N.compare true).
Local Notation take := (take N.compare N.compare N.compare true).
Local Notation part_since := (part_since N.compare N.compare).
Local Notation sound := (sound N.compare N.compare N.compare true).

Definition by_one (c time effect : N) : decision :=
  decisions.Decision (Dot one c) c time None effect.
Definition by_two (c time effect : N) : decision :=
  decisions.Decision (Dot two c) c time None effect.

(** Replica 1 decides on key 5, on key 6, and on key 5 again. *)
Definition twice : state :=
  decide 5 (by_one 3 12 42) (decide 6 (by_one 2 11 41) (decide 5 (by_one 1 10 40) bottom)).

Example its_records_and_its_log :
  twice
  = State [(one, 3)]
      [(5, Entry (Some (by_one 3 12 42)) [] None [Dot one 1]);
       (6, Entry (Some (by_one 2 11 41)) [] None [Dot one 2])]
      [(one, [(1, 5); (2, 6); (3, 5)])].
Proof. vm_compute. reflexivity. Qed.

(** The first number is stale, but a creation dot: it names the key to who has seen it. *)
Example a_delta_names_a_key_by_a_creation_dot_that_was_seen :
  part_since [(one, 1)] twice
  = Part [(one, 3)]
      [(By_creation_dot (Dot one 1), Entry (Some (by_one 3 12 42)) [] None []);
       (By_key 6, Entry (Some (by_one 2 11 41)) [] None [Dot one 2])].
Proof. vm_compute. reflexivity. Qed.

Example each_key_is_listed_once_and_what_is_stale_is_not :
  map fst (items (part_since [] twice)) = [By_key 5; By_key 6]
  /\ map fst (items (part_since [(one, 2)] twice)) = [By_creation_dot (Dot one 1)]
  /\ items (part_since [(one, 3)] twice) = [].
Proof. repeat split; vm_compute; reflexivity. Qed.

(** A clock runs behind: the winner is kept apart from what is maximal. *)
Definition behind : state := decide 5 (by_two 1 9 50) (decide 5 (by_one 1 10 40) bottom).

Example a_winner_that_is_not_maximal_is_kept_apart :
  entries behind = [(5, Entry (Some (by_two 1 9 50)) [] (Some (by_one 1 10 40)) [Dot one 1])].
Proof. vm_compute. reflexivity. Qed.

(** Both create key 5. The joined record has both creation dots. *)
Example creation_dots_are_joined :
  option_map entries (receive (delta_since [] (decide 5 (by_two 1 9 50) bottom))
    (decide 5 (by_one 1 10 40) bottom))
  = Some [(5, Entry (Some (by_two 1 9 50)) [by_one 1 10 40] None [Dot one 1; Dot two 1])].
Proof. vm_compute. reflexivity. Qed.

(** ** Premises met *)

Example decisions_make_sound_states : sound twice.
Proof. repeat (apply deciding_is_sound; [exact _.. | | discriminate]). apply bottom_is_sound. Qed.

Example compacted_states_are_sound :
  let s := decide 5 (by_one 4 13 43) twice in
  sound (compact N.compare N.compare (fun _ => false) s)
  /\ changes (compact N.compare N.compare (fun _ => false) s) = [(one, [(1, 5); (2, 6); (4, 5)])].
Proof.
  split; [| vm_compute; reflexivity].
  apply compacting_is_sound; [exact _.. |].
  apply deciding_is_sound; [exact _.. | apply decisions_make_sound_states | discriminate].
Qed.

(** The third number is stale and creates no key; the first one is stale, and names key 5. *)
Example compacting_forgets_what_is_stale :
  let s := decide 5 (by_one 4 13 43) twice in
  changes s = [(one, [(1, 5); (2, 6); (3, 5); (4, 5)])]
  /\ changes (compact N.compare N.compare (fun _ => false) s) = [(one, [(1, 5); (2, 6); (4, 5)])]
  /\ changes (compact N.compare N.compare (fun _ => true) s) = changes s.
Proof. repeat split; vm_compute; reflexivity. Qed.

Example what_is_sent_is_sound :
  sound_items N.compare N.compare N.compare true [(one, 3)]
    (shown_to N.compare [(one, 1)] (changed N.compare N.compare [(one, 1)] twice)).
Proof.
  exact (the_changes_are_sound N.compare N.compare N.compare true _ twice
    decisions_make_sound_states).
Qed.

Local Notation represents :=
  (represents (Value := N) N.compare N.compare N.compare true map_reading).

Example nothing_is_a_cut : cut map_history [].
Proof. show_cut. Qed.

Example the_first_put_is_a_cut : cut map_history [put_1].
Proof. show_cut. Qed.

Definition of_the_first : state :=
  decide 5 (decisions.Decision (Dot one 1) 1 100 (Some 7) 40) bottom.

Example it_is_the_index_of_a_cut : represents [put_1] of_the_first.
Proof.
  refine (deciding_adds_the_event_to_the_index N.compare N.compare N.compare true map_reading
    map_history a_map_has_a_history [] put_1 5 100 40 bottom nothing_is_a_cut _ _ eq_refl _).
  - now left.
  - split; [easy | intros d []].
  - apply bottom_has_seen_nothing.
Qed.

Example so_is_that_of_who_saw_it :
  represents [late; put_1]
    (decide 5 (decisions.Decision (Dot two 1) 1 90 (Some 8) 50) of_the_first).
Proof.
  refine (deciding_adds_the_event_to_the_index N.compare N.compare N.compare true map_reading
    map_history a_map_has_a_history [put_1] late 5 90 50 of_the_first the_first_put_is_a_cut
    _ _ eq_refl it_is_the_index_of_a_cut).
  - right. now left.
  - split; [intros f f_in; each_event; reflexivity | intros d seen; each_event; cbn; auto].
Qed.

(** ** Without them *)

(** A name that is not known, a gap, and a key that is named twice: nothing changes. *)
Example deltas_that_are_refused :
  let s := decide 5 (by_one 1 10 40) bottom in
  let e := Entry (Some (by_two 1 9 50)) [] None [] in
  receive (Delta [(one, 1)] (Part [(two, 1)] [(By_creation_dot (Dot two 1), e)])) s = None
  /\ receive (delta_since [(one, 2)] twice) s = None
  /\ receive (Delta [(one, 1)] (Part [(two, 1)] [(By_creation_dot (Dot one 1), e); (By_key 5, e)])) s
     = None.
Proof. repeat split; vm_compute; reflexivity. Qed.

(** Forgets the creation dots that were decided over, as who was restored from the frontiers alone. *)
Definition without_old_creation_dots (s : state) : state :=
  State (seen s)
    (map (fun item => (fst item, Entry (first (snd item)) (further (snd item)) (apart (snd item))
      (filter (fun b => existsb (fun d => equal (compare_dot N.compare) (decisions.dot_of d) b)
        (listed (snd item))) (creation_dots (snd item))))) (entries s))
    (changes s).

(** Its store is the same, and yet it refuses what has no gap. *)
Example who_forgets_creation_dots_does_not_understand_names :
  let s := decide 5 (by_one 4 13 43) twice in
  let r := without_old_creation_dots twice in
  decisions_of r = decisions_of twice
  /\ version_vector.covers N.compare (seen r) [(one, 3)] = true
  /\ receive (delta_since [(one, 3)] s) twice <> None
  /\ receive (delta_since [(one, 3)] s) r = None.
Proof. repeat split; try (vm_compute; reflexivity). vm_compute. discriminate. Qed.

(** A log that lacks the number of a maximal decision does not find its key. *)
Example a_log_without_a_maximal_decision_loses_it :
  let s := State (seen twice) (entries twice) [(one, [(1, 5); (3, 5)])] in
  decisions_of s = decisions_of twice
  /\ items (part_since [(one, 1)] s)
     = [(By_creation_dot (Dot one 1), Entry (Some (by_one 3 12 42)) [] None [])]
  /\ map fst (decisions.maximal (decisions.part_since N.compare [(one, 1)] (decisions_of s)))
     = [5; 6].
Proof. repeat split; vm_compute; reflexivity. Qed.

(** A log that does not rise lists what was seen. *)
Example a_log_that_does_not_rise_lists_too_much :
  let s := State (seen twice) (entries twice) [(one, [(3, 5); (1, 5); (2, 6)])] in
  map fst (items (part_since [(one, 2)] s)) = [By_creation_dot (Dot one 1); By_creation_dot (Dot one 2)]
  /\ map fst (decisions.maximal (decisions.part_since N.compare [(one, 2)] (decisions_of s)))
     = [5].
Proof. split; vm_compute; reflexivity. Qed.

(** A record without a maximal decision lists nothing, and yet it would delete. *)
Example a_part_with_an_empty_record_deletes :
  let m := [(6, no_entry)] in
  map fst (decisions.maximal (decisions_of (take [(one, 3)] m twice))) = [5]
  /\ decisions.take_part N.compare N.compare N.compare
       (decisions.State [(one, 3)] (frontiers m)) (decisions_of twice) = decisions_of twice.
Proof. split; vm_compute; reflexivity. Qed.

(** Nothing tells a winner below a maximal decision from what is maximal. *)
Example a_winner_below_a_maximal_decision_is_lost :
  let s := decide 6 (by_one 1 10 40) bottom in
  let m := [(6, Entry (Some (by_two 1 20 50)) [] (Some (by_one 1 10 40)) [])] in
  winners_of N.compare N.compare (take [(two, 1)] m s) = [(6, by_two 1 20 50)]
  /\ merge N.compare (greater_option (decisions.compare_decision N.compare N.compare))
       (winners_of N.compare N.compare s) (winners N.compare N.compare m)
     = [(6, by_one 1 10 40)].
Proof. split; vm_compute; reflexivity. Qed.
