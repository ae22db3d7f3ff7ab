(** Flags by either rule: what EW-Flag and DW-Flag have in common.

    Both keep the store of decisions on one key that has no name, and differ only in which maximal
    decisions enable the flag. So joins, decisions and deltas are those of the store; open merge
    decisions and notices follow from what the flag shows ([shown]), if that is [rule] of the events. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order order_proof sorted_map dot.
From Rejoin Require Import definition_proof decisions_meaning_proof presences_proof.
From Rejoin Require version_vector decisions or_set_proof.
From Rejoin Require Import definition.
Import ListNotations.
Import or_set_proof (presences_are_ordered).
Open Scope N_scope.

Section Flags.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Local Notation event := (event Name Value).
Local Notation reading := (flag_reading (Name := Name) (Value := Value)).
Local Notation state := (decisions.state Name unit presence).
Local Notation meaning :=
  (decisions.meaning compare_name compare_unit compare_presence reading).
Context (H : list event) (happened : history compare_name H).

Theorem joining_flags_unites_their_events E F :
  cut H E ->
  cut H F ->
  decisions.join compare_name compare_unit compare_presence (meaning E) (meaning F)
  = meaning (union_events compare_name E F).
Proof using happened lawful_names.
  now apply (the_join_of_meanings_is_the_meaning_of_the_union
    compare_name compare_unit compare_presence reading H).
Qed.

Theorem deciding_a_flag_adds_the_event E e p :
  cut H E ->
  In e H ->
  saw_exactly compare_name e E ->
  reading (operation_of e) = Some (tt, (0, p)) ->
  decisions.decide compare_name compare_unit tt
    (decisions.next compare_name (dot_origin (dot_of e)) (seq_of e) 0 (user_of e) p (meaning E))
    (meaning E)
  = meaning (e :: E).
Proof using happened lawful_names.
  now apply (deciding_adds_the_event compare_name compare_unit compare_presence reading H).
Qed.

Theorem taking_a_delta_of_a_flag_adds_its_events E F v :
  cut H E ->
  cut H F ->
  version_vector.covers compare_name (decisions.seen (meaning F)) v = true ->
  decisions.take_part compare_name compare_unit compare_presence
    (decisions.part_since compare_name v (meaning E)) (meaning F)
  = meaning (union_events compare_name E F).
Proof using happened lawful_names.
  now apply (taking_a_delta_adds_the_events
    compare_name compare_unit compare_presence reading H).
Qed.

(** What events enable and disable, as the rules of presences read it. *)
Lemma enables_and_disables_are_decisions (e : event) :
  is_enable e = has_effect compare_unit compare_presence reading tt Added e
  /\ is_disable e = has_effect compare_unit compare_presence reading tt Removed e.
Proof.
  unfold is_enable, is_disable, has_effect, effect_on, flag_reading.
  now destruct (operation_of e).
Qed.

(** ** Queries *)

Context (shown : state -> bool) (rule : list event -> bool).
Context (shown_by_the_rule : forall E, incl E H -> shown (meaning E) = rule E).

Theorem merge_decisions_of_a_flag_are_as_defined E :
  incl E H ->
  NoDup E ->
  decisions.merge_decisions compare_name compare_presence
    (fun _ => presence_of (shown (meaning E))) (meaning E)
  = definition.merge_decisions compare_name compare_unit compare_presence reading
      (fun _ => presence_of (rule E)) E.
Proof using happened lawful_names shown_by_the_rule.
  intros past distinct.
  apply (merge_decisions_are_those_of_the_definition
    compare_name compare_unit compare_presence reading H); auto.
  intros k. now rewrite shown_by_the_rule.
Qed.

Theorem notices_of_a_flag_are_as_defined user E :
  incl E H ->
  NoDup E ->
  decisions.notices compare_name compare_presence
    (fun _ => presence_of (shown (meaning E))) user (meaning E)
  = definition.notices compare_name compare_unit compare_presence reading
      (fun _ => presence_of (rule E)) user E.
Proof using happened lawful_names shown_by_the_rule.
  intros past distinct.
  apply (notices_are_those_of_the_definition
    compare_name compare_unit compare_presence reading H); auto.
  intros k. now rewrite shown_by_the_rule.
Qed.
End Flags.
