(** The greatest decision on a key, by events.

    What is shown: it depends on the events only, that of a union is the greater one of both, and its
    stamp is the greatest stamp. Definitions: [decisions.v]. *)

From Coq Require Import List Bool NArith Lia Permutation.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof.
From Rejoin Require Import version_vector_meaning_proof definition_proof.
From Rejoin Require version_vector.
From Rejoin Require Import definition decisions.
From Rejoin Require decisions_proof.
From Rejoin Require Import decisions_meaning_proof.
Import ListNotations.
Open Scope N_scope.

Section Frontiers.
Context {Name K Effect Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_key : K -> K -> comparison) {lawful_keys : ordered compare_key}.
Context (compare_effect : Effect -> Effect -> comparison).
Context {lawful_effects : ordered compare_effect}.
Context (reading : operation Name Value -> option (K * (N * Effect))).
Local Notation event := (event Name Value).
Local Notation decision := (decision Name Effect).
Local Notation compare_decision := (compare_decision compare_name compare_effect).
Local Notation decision_of := (decision_of reading).
Local Notation decides := (decides compare_key reading).
Local Notation frontier := (frontier compare_key).
Local Notation meaning := (meaning compare_name compare_key compare_effect reading).
Local Notation a_decision_is_on_its_key := (a_decision_is_on_its_key compare_key reading).
Local Notation frontiers_are_well_formed :=
  (frontiers_are_well_formed compare_name compare_key compare_effect reading).

(** ** The greatest decision on a key *)

Definition greatest_decision (ds : list decision) : option decision :=
  fold_right (fun d w => greater_option compare_decision (Some d) w) None ds.

Definition on_key (k : K) (E : list event) : list decision :=
  flat_map (fun e =>
    match decision_of e with
    | Some (k', d) => if equal compare_key k k' then [d] else []
    | None => []
    end) E.

Lemma on_key_has_the_decisions_on_it k d E :
  In d (on_key k E) <-> exists e, In e E /\ decision_of e = Some (k, d).
Proof.
  unfold on_key. rewrite in_flat_map. split; intros (e & there & this); exists e;
    (split; [exact there |]).
  - destruct (decision_of e) as [[k' d'] |]; [| easy].
    destruct (equal_is_equality compare_key k k') as [-> |]; [| easy].
    now destruct this as [-> | []].
  - rewrite this, (equal_to_itself compare_key). now left.
Qed.

Lemma the_greatest_of_two_lists a b :
  greatest_decision (a ++ b)
  = greater_option compare_decision (greatest_decision a) (greatest_decision b).
Proof.
  induction a as [| d a IH]; cbn [app greatest_decision fold_right]; [reflexivity |].
  fold (greatest_decision (a ++ b)) (greatest_decision a).
  now rewrite IH, (greater_option_is_associative compare_decision).
Qed.

Lemma the_greatest_absorbs_its_members d ds :
  In d ds ->
  greater_option compare_decision (Some d) (greatest_decision ds) = greatest_decision ds.
Proof.
  induction ds as [| d' ds IH]; [easy |]. cbn [greatest_decision fold_right].
  fold (greatest_decision ds). intros [-> | there].
  - now rewrite <- (greater_option_is_associative compare_decision),
      (greater_option_is_idempotent compare_decision).
  - rewrite <- (greater_option_is_associative compare_decision),
      (greater_option_is_commutative compare_decision (Some d) (Some d')),
      (greater_option_is_associative compare_decision).
    now rewrite IH.
Qed.

Lemma the_greatest_absorbs_parts a b :
  incl a b ->
  greater_option compare_decision (greatest_decision a) (greatest_decision b)
  = greatest_decision b.
Proof.
  induction a as [| d a IH]; intros part; [reflexivity |].
  cbn [greatest_decision fold_right]. fold (greatest_decision a).
  rewrite (greater_option_is_associative compare_decision), IH.
  - apply the_greatest_absorbs_its_members, part. now left.
  - intros x there. apply part. now right.
Qed.

Lemma the_greatest_depends_only_on_the_members a b :
  (forall d, In d a <-> In d b) ->
  greatest_decision a = greatest_decision b.
Proof.
  intros same.
  rewrite <- (the_greatest_absorbs_parts b a), (greater_option_is_commutative compare_decision)
    by (intros d; apply same).
  apply the_greatest_absorbs_parts. intros d. apply same.
Qed.

Lemma the_greatest_of_both E F G k :
  (forall e, In e G <-> In e E \/ In e F) ->
  greater_option compare_decision (greatest_decision (on_key k E))
    (greatest_decision (on_key k F))
  = greatest_decision (on_key k G).
Proof.
  intros both. rewrite <- the_greatest_of_two_lists.
  apply the_greatest_depends_only_on_the_members. intros d.
  rewrite in_app_iff, !on_key_has_the_decisions_on_it.
  split; [intros [(e & there & read) | (e & there & read)] | intros (e & there & read)].
  - exists e. rewrite both. auto.
  - exists e. rewrite both. auto.
  - apply both in there as [there | there]; [left | right]; exists e; auto.
Qed.

Lemma the_greatest_of_a_key_that_is_left_out E F G k :
  (forall e, In e G <-> In e E \/ In e F) ->
  (forall e, In e E -> decides k e = true -> In e F) ->
  greatest_decision (on_key k F) = greatest_decision (on_key k G).
Proof.
  intros both seen. rewrite <- (the_greatest_of_both E F G k both).
  symmetry. apply the_greatest_absorbs_parts. intros d.
  rewrite !on_key_has_the_decisions_on_it. intros (e & there & read). exists e.
  split; [| exact read]. apply seen; [exact there |].
  apply a_decision_is_on_its_key. eauto.
Qed.

(** A part lists a key exactly if some maximal decision on it lies outside the vector. *)
Lemma what_a_part_lists v E k :
  find compare_key k (decisions.maximal (part_since compare_name v (meaning E))) =
  if existsb (fun d => negb (version_vector.contains compare_name (decisions.dot_of d) v))
       (frontier k (meaning E))
  then find compare_key k (decisions.maximal (meaning E)) else None.
Proof.
  pose proof (frontiers_are_well_formed E) as [sorts _]%andb_prop.
  unfold part_since. cbn [decisions.maximal].
  rewrite (find_in_filter compare_key) by exact sorts. unfold decisions.frontier.
  destruct (find compare_key k (decisions.maximal (meaning E))) as [ds |]; [| reflexivity].
  cbn [snd or_empty]. now destruct (existsb _ ds).
Qed.

(** *** The stamp of the greatest decision is the greatest stamp. *)

Definition stamp_of_decision (d : decision) : N * (Name * (N * Effect)) :=
  (timestamp d, (replica (dot_origin (decisions.dot_of d)), (decisions.seq_of d, effect d))).

Lemma the_greater_decision_has_the_greater_stamp d d' :
  stamp_of_decision (greater compare_decision d d')
  = greater (compare_stamp compare_name compare_effect)
      (stamp_of_decision d) (stamp_of_decision d').
Proof.
  unfold greater, below, decisions.compare_decision, compare_by, compare_stamp,
    stamp_of_decision, compare_pair. cbn [fst snd].
  destruct (any_two_compare N.compare (timestamp d) (timestamp d')) as [? | |];
    [| reflexivity..].
  destruct (any_two_compare compare_name (replica (dot_origin (decisions.dot_of d)))
    (replica (dot_origin (decisions.dot_of d')))) as [? | |]; [| reflexivity..].
  destruct (any_two_compare N.compare (decisions.seq_of d) (decisions.seq_of d')) as [? | |];
    [| reflexivity..].
  destruct (any_two_compare compare_effect (effect d) (effect d')) as [? | |];
    [| reflexivity..].
  destruct (N.compare (incarnation _) _); [| congruence..].
  destruct (N.compare _ _); [| congruence..].
  destruct (compare_option _ _ _); congruence.
Qed.

Lemma the_greatest_decision_has_the_greatest_stamp ds :
  option_map stamp_of_decision (greatest_decision ds)
  = greatest compare_name compare_effect (map stamp_of_decision ds).
Proof.
  induction ds as [| d ds IH]; [reflexivity |].
  cbn [map greatest_decision greatest fold_right].
  fold (greatest_decision ds) (greatest compare_name compare_effect (map stamp_of_decision ds)).
  rewrite <- IH. destruct (greatest_decision ds) as [w |]; cbn [option_map greater_option];
    [| reflexivity].
  now rewrite the_greater_decision_has_the_greater_stamp.
Qed.

(** The next decision is that of the event. *)
Lemma the_next_decision_is_that_of_the_event H E e k time effect :
  history compare_name H ->
  cut H E ->
  In e H ->
  saw_exactly compare_name e E ->
  reading (operation_of e) = Some (k, (time, effect)) ->
  decision_of e = Some (k, decisions.next compare_name (dot_origin (definition.dot_of e))
    (definition.seq_of e) time (definition.user_of e) effect (meaning E)).
Proof.
  intros happened is_cut e_in saw_it read. unfold decisions.decision_of, decisions.next.
  cbn [decisions.seen decisions.meaning].
  rewrite (the_next_dot_is_that_of_an_event_that_saw_exactly_this compare_name H happened)
    by assumption.
  now rewrite read.
Qed.
End Frontiers.
