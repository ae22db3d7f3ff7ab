(** The EW-Flag means what the definition says, in every cut of every history.

    [meaning E] is the state of a replica that has seen the events [E]. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof.
From Rejoin Require Import definition_proof decisions_meaning_proof presences_proof
  presences_flag_proof.
From Rejoin Require version_vector decisions or_set_proof.
From Rejoin Require Import definition ew_flag.
Import ListNotations.
Import or_set_proof (presences_are_ordered).
Open Scope N_scope.

Section Ew_flag.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Local Notation event := (event Name Value).
Local Notation meaning := (meaning compare_name (Value := Value)).
Local Notation reading := (flag_reading (Name := Name) (Value := Value)).
Context (H : list event) (happened : history compare_name H).

Lemma the_rule_of_the_flag E :
  ew_enabled compare_name E = an_add_wins compare_name compare_unit reading E tt.
Proof.
  pose proof (enables_and_disables_are_decisions (Name := Name) (Value := Value)) as same.
  unfold ew_enabled, an_add_wins. apply same_members_exist_by. intros e.
  rewrite (proj1 (same e)). do 2 f_equal. apply same_members_exist_by. intros r.
  now rewrite (proj2 (same r)).
Qed.

Theorem the_flag_is_that_of_the_definition E :
  incl E H ->
  value (meaning E) = ew_enabled compare_name E.
Proof using happened lawful_names.
  intros past. rewrite the_rule_of_the_flag.
  now apply (an_add_wins_as_the_frontier_says compare_name compare_unit reading H).
Qed.

Theorem merge_decisions_of_a_flag_are_as_defined E :
  incl E H ->
  NoDup E ->
  merge_decisions compare_name (meaning E)
  = definition.merge_decisions compare_name compare_unit compare_presence reading
      (fun _ => presence_of (ew_enabled compare_name E)) E.
Proof using happened lawful_names.
  exact (presences_flag_proof.merge_decisions_of_a_flag_are_as_defined compare_name H happened
    value (ew_enabled compare_name) the_flag_is_that_of_the_definition E).
Qed.

Theorem notices_of_a_flag_are_as_defined user E :
  incl E H ->
  NoDup E ->
  notices compare_name user (meaning E)
  = definition.notices compare_name compare_unit compare_presence reading
      (fun _ => presence_of (ew_enabled compare_name E)) user E.
Proof using happened lawful_names.
  exact (presences_flag_proof.notices_of_a_flag_are_as_defined compare_name H happened
    value (ew_enabled compare_name) the_flag_is_that_of_the_definition user E).
Qed.

(** Whichever the decision is. *)
Theorem a_decision_that_saw_all_others_closes_the_flag E e :
  incl E H ->
  In e E ->
  decides compare_unit reading tt e = true ->
  (forall f, In f E -> decides compare_unit reading tt f = true ->
    f = e \/ sees compare_name e f = true) ->
  open compare_name compare_unit compare_presence reading
    (fun _ => presence_of (ew_enabled compare_name E)) E tt = false.
Proof using happened lawful_names.
  intros. rewrite <- (a_decision_that_saw_all_others_closes_its_key compare_name compare_unit
    reading H happened (an_add_wins compare_name compare_unit reading) E tt e); auto.
  apply same_members_exist_by. intros f. now rewrite the_rule_of_the_flag.
Qed.
End Ew_flag.

(** ** Computed *)

Section Examples.
Local Definition one : origin N := Origin 1 0.
Local Definition two : origin N := Origin 2 0.
Local Definition enabled : event N N := Event 0 (Dot one 1) 1 None Enable [].
Local Definition disabled : event N N := Event 0 (Dot two 1) 1 (Some 7) Disable [].

Example an_enable_wins_over_a_concurrent_disable :
  value (meaning N.compare [enabled; disabled]) = true
  /\ merge_decisions N.compare (meaning N.compare [enabled; disabled])
     = [Merge_decision tt [(1, 1)] [(2, 1)]]
  /\ notices N.compare 7 (meaning N.compare [enabled; disabled]) = [(tt, (2, 1))].
Proof. now repeat split. Qed.
End Examples.
