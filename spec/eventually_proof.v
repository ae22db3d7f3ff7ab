(** Eventual consistency: in a fair run that has settled, all members hold the same from some
    time on.

    Sketch. One completed session brings to either side what the other one had when it began,
    whatever else goes on ([a_completed_session_brings_all]). Follow what comes to one side, [me],
    from its [peer]. First [me] waits for the greeting. Then its vectors are under way to the peer, as
    the only thing that the peer will answer by pieces. Then the answer is under way to [me]: of each
    object of the class [me] has what the peer had seen, or the delta of it is still in the queue, and
    the vector it starts from is one that [me] has had, so that it will not be refused. With an empty
    queue there is only the first case left. Since a member loses nothing, along a path of edges what
    the first one had comes to the last one, and then nothing is left that one has and another one lacks. *)

From Coq Require Import List Bool NArith Lia PeanoNat.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot delta definition.
From Rejoin Require Import definition_proof replica_meaning_proof network_proof sync sync_delivery_proof sync_feed_proof sync_proof.
From Rejoin Require Import eventually.
From Rejoin Require version_vector version_vector_proof version_vector_meaning_proof.
From Rejoin Require replica replica_proof network.
Import ListNotations.
Open Scope N_scope.

Section Eventually.
Context {Name Value Summary : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Context (compare_summary : Summary -> Summary -> comparison).
Context {lawful_summaries : ordered compare_summary}.
Context (types : replica.schema (Name := Name)).
Context (typed : sorted compare_name types = true).
Local Notation event := (event Name Value).
Local Notation object := (replica.object Name Value).
Local Notation objects := (replica.objects Name Value).
Local Notation vector := (version_vector.state Name).
Local Notation world := (network.world Name Value).
Context (cut : object -> list object) (assemble : list object -> object).
Context (cut_is_some : forall x, cut x <> []).
Context (the_whole_is_assembled : forall x, assemble (cut x) = x).
Context (summarize : objects -> Summary).
Local Notation message := (message (Name := Name) (Value := Value) (Summary := Summary)).
Local Notation side := (side (Name := Name) (Value := Value) (Summary := Summary)).
Local Notation session := (session (Name := Name) (Value := Value) (Summary := Summary)).
Local Notation of_class := (of_class compare_name).
Local Notation of_object := (of_object compare_name).
Local Notation answer := (answer (Summary := Summary) compare_name cut).
Local Notation completes := (completes (Summary := Summary) compare_name assemble).
Local Notation turn := (turn compare_name compare_summary summarize).
Local Notation reply := (reply compare_name compare_summary cut summarize).
Local Notation taken_in := (taken_in (Summary := Summary) compare_name compare_value assemble).
Local Notation deliver_left :=
  (deliver_left compare_name compare_value compare_summary cut assemble summarize).
Local Notation deliver :=
  (deliver compare_name compare_value compare_summary cut assemble summarize).
Local Notation carried :=
  (carried compare_name compare_value compare_summary cut assemble summarize).
Local Notation begin := (begin compare_name summarize).
Local Notation steps := (network.steps compare_name compare_value).
Local Notation reachable := (network.reachable compare_name compare_value types).
Local Notation object_meaning := (replica.object_meaning compare_name compare_value).
Local Notation can_be_seen := (can_be_seen compare_name types).
Local Notation seen w name := (network.seen (network.nodes w name)).
Local Notation vector_of E := (version_vector.of_dots compare_name (map dot_of E)).

(** ** One delta *)

Lemma more_events_are_covered (E F : list event) :
  incl E F ->
  version_vector.covers compare_name (vector_of F) (vector_of E) = true.
Proof using lawful_names.
  intros more. apply version_vector_proof.covers_means_counts_as_much; try exact _;
    try apply version_vector_proof.of_dots_is_well_formed; try exact _.
  intros o. now apply version_vector_meaning_proof.more_dots_count_no_less, incl_map.
Qed.

Lemma what_can_be_seen_is_here (w : world) name :
  reachable w ->
  can_be_seen (network.happened w) (seen w name)
  /\ held w name = replica.meaning compare_name compare_value types (seen w name).
Proof using lawful_names lawful_values typed.
  intros reached.
  pose proof (reachable_worlds_are_sound compare_name compare_value types typed w reached) as is_sound.
  destruct (nodes_are_sound _ _ _ _ is_sound name) as (state & can & _). now split.
Qed.

(** A delta that is applied brings all the events of which it was made. *)
Lemma an_applied_delta_brings_its_events (w w' : world) me name type E E1 xs :
  reachable w ->
  reachable w' ->
  network.happened w' = network.happened w ->
  find compare_name name types = Some type ->
  can_be_seen (network.happened w) E ->
  incl E1 (seen w me) ->
  replica.apply compare_name compare_value
    (one_delta name (vector_of (of_object name E1))
      (replica.part_since compare_name (vector_of (of_object name E1))
        (object_meaning type (of_object name E)))) (held w me) = Some xs ->
  held w' me = xs ->
  incl (of_object name E) (seen w' me).
Proof using lawful_names lawful_values typed.
  intros reached reached' same_happened of_type can_e old applied after.
  destruct (what_can_be_seen_is_here w me reached) as [can state].
  destruct (what_can_be_seen_is_here w' me reached') as [can' state'].
  rewrite same_happened in can'.
  pose proof (histories_hold _ _ _ _
    (reachable_worlds_are_sound compare_name compare_value types typed w reached)) as happened.
  assert (find compare_name name (held w me)
    = Some (object_meaning type (of_object name (seen w me)))) as before.
  { rewrite state, (an_object_is_found_with_its_meaning compare_name compare_value). now rewrite of_type. }
  assert (sorted compare_name (held w me) = true) as sorts by
    now apply (what_is_held_is_sorted compare_name compare_value types typed).
  rewrite (applying_one_delta compare_name compare_value) in applied by exact sorts.
  rewrite before, (an_object_has_seen_its_events compare_name compare_value) in applied.
  assert (incl (of_object name E1) (of_object name (seen w me))) as older.
  { intros e [there here]%filter_In. apply filter_In. auto. }
  rewrite more_events_are_covered in applied by exact older. injection applied as applied.
  rewrite (taking_a_delta_of_an_object_adds_its_events compare_name compare_value
    (of_object name (network.happened w)) (happened name)) in applied;
    [| apply can_e | apply can
     | rewrite (an_object_has_seen_its_events compare_name compare_value);
       now apply more_events_are_covered].
  assert (find compare_name name (held w' me)
    = Some (object_meaning type (of_object name (seen w' me)))) as found.
  { rewrite state', (an_object_is_found_with_its_meaning compare_name compare_value). now rewrite of_type. }
  rewrite after, <- applied, (find_in_set compare_name), (equal_to_itself compare_name) in found
    by exact sorts.
  injection found as found. apply (f_equal replica.seen_object) in found.
  rewrite !(an_object_has_seen_its_events compare_name compare_value) in found.
  intros e e_in.
  assert (In e (of_object name (network.happened w))) as e_happened
    by now apply (cut_happened _ _ (proj1 can_e name)).
  assert (In e (of_object name (seen w' me))) as there; [| now apply filter_In in there].
  apply (version_vector_meaning_proof.an_event_is_in_a_cut_exactly_if_its_vector_has_it
    compare_name (of_object name (network.happened w)) (happened name)); [apply can' | exact e_happened |].
  rewrite <- found.
  apply (version_vector_meaning_proof.an_event_is_in_a_cut_exactly_if_its_vector_has_it
    compare_name (of_object name (network.happened w)) (happened name)); [| exact e_happened |].
  - apply (the_union_of_cuts_is_a_cut compare_name _ (happened name)); [apply can_e | apply can].
  - apply in_app_iff. now left.
Qed.

(** ** What a queue will bring *)

(** The deltas that get complete when these messages come to a side that has some pieces already, and
    the pieces that are left over then. *)
Fixpoint parts (pieces : list object) (ms : list message) : list (Name * (vector * object)) :=
  match ms with
  | [] => []
  | Piece name since p true :: ms => (name, (since, assemble (pieces ++ [p]))) :: parts [] ms
  | Piece name since p false :: ms => parts (pieces ++ [p]) ms
  | _ :: ms => parts pieces ms
  end.

Fixpoint left_over (pieces : list object) (ms : list message) : list object :=
  match ms with
  | [] => pieces
  | Piece name since p true :: ms => left_over [] ms
  | Piece name since p false :: ms => left_over (pieces ++ [p]) ms
  | _ :: ms => left_over pieces ms
  end.

Lemma more_parts pieces ms ms' :
  parts pieces (ms ++ ms') = parts pieces ms ++ parts (left_over pieces ms) ms'.
Proof.
  revert pieces. induction ms as [| m ms IH]; intros pieces; [reflexivity |].
  destruct m as [| | name since p [|] | |]; cbn; now rewrite IH.
Qed.

Lemma more_is_left_over pieces ms ms' :
  left_over pieces (ms ++ ms') = left_over (left_over pieces ms) ms'.
Proof.
  revert pieces. induction ms as [| m ms IH]; intros pieces; [reflexivity |].
  destruct m as [| | name since p [|] | |]; cbn; now rewrite IH.
Qed.

Lemma parts_of_pieces name since ps pieces ms :
  ps <> [] ->
  parts pieces (in_pieces name since ps ++ ms)
  = (name, (since, assemble (pieces ++ ps))) :: parts [] ms.
Proof.
  revert pieces. induction ps as [| p [| p' ps] IH]; intros pieces some; [easy | reflexivity |].
  cbn [in_pieces app parts]. change (p :: p' :: ps) with ([p] ++ (p' :: ps)).
  rewrite app_assoc. now apply IH.
Qed.

Lemma an_answer_brings_each_part (vs : sorted_map Name vector) (xs : objects) name since x ms :
  In (name, since) vs ->
  find compare_name name xs = Some x ->
  In (name, (since, replica.part_since compare_name since x)) (parts [] (answer vs xs ++ ms)).
Proof using cut_is_some the_whole_is_assembled.
  intros listed there. induction vs as [| [other since'] vs IH]; [easy |].
  unfold sync.answer. cbn [flat_map fst snd]. fold (answer vs xs). rewrite <- app_assoc.
  destruct listed as [[= -> ->] | listed].
  - rewrite there, parts_of_pieces by apply cut_is_some. left. cbn [app].
    now rewrite the_whole_is_assembled.
  - destruct (find compare_name other xs) as [y |]; [| now apply IH].
    rewrite parts_of_pieces by apply cut_is_some. right. now apply IH.
Qed.

Lemma a_turn_takes_the_pieces (c : sorted_set Name) (s : side) m rest xs :
  left_over (taken (turn c s m xs)) rest = left_over (taken s) (m :: rest).
Proof. destruct m as [| | name since p [|] | |], s as [[] pieces]; reflexivity. Qed.

Lemma a_turn_completes_a_part (c : sorted_set Name) (s : side) m rest xs name since part :
  member compare_name name c = true ->
  In (name, (since, part)) (parts (taken s) (m :: rest)) ->
  In (name, (since, part)) (parts (taken (turn c s m xs)) rest)
  \/ completes c s m = Some (one_delta name since part).
Proof.
  intros inside there.
  destruct m as [| | other since' p [|] | |], s as [phase pieces]; cbn [parts taken] in there;
    try (left; destruct phase; exact there).
  destruct there as [[= -> -> <-] | there]; [right | left; destruct phase; exact there].
  cbn. now rewrite inside.
Qed.

(** ** What comes to one side *)

Section One_session.
Context (c : sorted_set Name) (w0 : world) (me peer : Name).
Context (early :
  summarize (of_class c (held w0 me)) = summarize (of_class c (held w0 peer)) ->
  of_class c (held w0 me) = of_class c (held w0 peer)).
Context (reached0 : reachable w0).

Definition stated (name : Name) : Summary := summarize (of_class c (held w0 name)).

(** The side has all of the object that the other one had in the beginning. *)
Definition has_all (w : world) (name : Name) : Prop :=
  incl (of_object name (seen w0 peer)) (seen w me).

(** The delta is of what the other one had in the beginning at least, and will not be refused. *)
Definition brings (w : world) (name : Name) (since : vector) (part : object) : Prop :=
  exists type E E1,
    find compare_name name types = Some type
    /\ can_be_seen (network.happened w) E
    /\ incl (seen w0 peer) E
    /\ incl E1 (seen w me)
    /\ since = vector_of (of_object name E1)
    /\ part = replica.part_since compare_name since (object_meaning type (of_object name E)).

Inductive coming (w : world) (mine its : side) (to_me to_peer : list message) : Prop :=
| Is_done :
    (forall name, member compare_name name c = true -> has_all w name) ->
    coming w mine its to_me to_peer
| Waits rest :
    at_phase mine = Opening (stated me) ->
    to_me = Hello (stated peer) :: rest ->
    left_over (taken mine) to_me = [] ->
    (at_phase its = Opening (stated peer) /\ to_peer = [Hello (stated me)])
    \/ (at_phase its = Greeting /\ to_peer = [] /\ stated me <> stated peer) ->
    coming w mine its to_me to_peer
| Asks w1 rest :
    reachable w1 ->
    incl (seen w1 me) (seen w me) ->
    stated me <> stated peer ->
    left_over (taken mine) to_me = [] ->
    (at_phase its = Greeting /\ to_peer = Vectors (vectors compare_name c (held w1 me)) :: rest)
    \/ (at_phase its = Opening (stated peer)
        /\ to_peer = Hello (stated me) :: Vectors (vectors compare_name c (held w1 me)) :: rest) ->
    coming w mine its to_me to_peer
| Is_answered :
    (forall name, member compare_name name c = true ->
      has_all w name
      \/ exists since part,
          brings w name since part /\ In (name, (since, part)) (parts (taken mine) to_me)) ->
    coming w mine its to_me to_peer.

(** Later the side has seen no less. *)
Lemma still_has_all (w w' : world) name :
  incl (seen w me) (seen w' me) -> has_all w name -> has_all w' name.
Proof. intros more all. exact (incl_tran all more). Qed.

Lemma still_brings (w w' : world) name since part :
  steps w w' ->
  incl (seen w me) (seen w' me) ->
  brings w name since part ->
  brings w' name since part.
Proof.
  intros later more (type & E & E1 & of_type & can & all & old & is_since & is_part).
  exists type, E, E1. repeat split; auto; try apply (incl_tran old more);
    now apply (what_happened_stays_seen compare_name compare_value types w w' E later).
Qed.

Lemma it_still_comes (w w' : world) mine its to_me to_peer :
  steps w w' ->
  incl (seen w me) (seen w' me) ->
  coming w mine its to_me to_peer ->
  coming w' mine its to_me to_peer.
Proof.
  intros later more [all | rest mine_at first none its_at | w1 rest reached1 old differ none its_at | all].
  - apply Is_done. intros name inside. apply (still_has_all w); auto.
  - now apply (Waits w' mine its to_me to_peer rest).
  - apply (Asks w' mine its to_me to_peer w1 rest); auto. exact (incl_tran old more).
  - apply Is_answered. intros name inside.
    destruct (all name inside) as [has | (since & part & brought & queued)];
      [left; now apply (still_has_all w) | right].
    exists since, part. split; [now apply (still_brings w) | exact queued].
Qed.

(** Equal in the beginning: then nothing has to come. *)
Lemma equal_classes_have_all name :
  stated me = stated peer ->
  member compare_name name c = true ->
  has_all w0 name.
Proof using early lawful_names lawful_values reached0 typed.
  intros same inside e e_in.
  pose proof (early same) as equal_parts.
  apply (f_equal (find compare_name name)) in equal_parts.
  rewrite !(find_in_class compare_name), inside in equal_parts
    by now apply (what_is_held_is_sorted compare_name compare_value types typed).
  destruct (what_can_be_seen_is_here w0 me reached0) as [can_me state_me].
  destruct (what_can_be_seen_is_here w0 peer reached0) as [can_peer state_peer].
  pose proof (histories_hold _ _ _ _
    (reachable_worlds_are_sound compare_name compare_value types typed w0 reached0)) as happened.
  rewrite state_me, state_peer, !(an_object_is_found_with_its_meaning compare_name compare_value)
    in equal_parts.
  pose proof e_in as [e_seen is_object]%filter_In.
  destruct (equal_is_equality compare_name (object_of e) name) as [of_name |]; [| easy].
  pose proof (proj2 can_peer e e_seen) as declared. rewrite of_name in declared.
  apply (found_means_key compare_name) in declared; [| exact typed].
  destruct (find compare_name name types) as [type |]; [| easy].
  injection equal_parts as equal_parts. apply (f_equal replica.seen_object) in equal_parts.
  rewrite !(an_object_has_seen_its_events compare_name compare_value) in equal_parts.
  assert (In e (of_object name (network.happened w0))) as e_happened
    by now apply (cut_happened _ _ (proj1 can_peer name)).
  assert (In e (of_object name (seen w0 me))) as there; [| now apply filter_In in there].
  apply (version_vector_meaning_proof.an_event_is_in_a_cut_exactly_if_its_vector_has_it
    compare_name (of_object name (network.happened w0)) (happened name)); [apply can_me | exact e_happened |].
  rewrite equal_parts.
  now apply (version_vector_meaning_proof.an_event_is_in_a_cut_exactly_if_its_vector_has_it
    compare_name (of_object name (network.happened w0)) (happened name)); [apply can_peer | |].
Qed.

Lemma what_brings_is_applied (w : world) name since part :
  reachable w ->
  brings w name since part ->
  replica.apply compare_name compare_value (one_delta name since part) (held w me) <> None.
Proof using lawful_names lawful_values typed.
  intros reached (type & E & E1 & of_type & _ & _ & old & -> & ->).
  destruct (what_can_be_seen_is_here w me reached) as [_ state].
  rewrite (applying_one_delta compare_name compare_value)
    by now apply (what_is_held_is_sorted compare_name compare_value types typed).
  rewrite state, (an_object_is_found_with_its_meaning compare_name compare_value), of_type,
    (an_object_has_seen_its_events compare_name compare_value), more_events_are_covered; [easy |].
  intros e [there here]%filter_In. apply filter_In. auto.
Qed.

Lemma a_delivery_here (w w' : world) (s s' : session) :
  reachable w ->
  incl (seen w0 me) (seen w me) ->
  class s = c ->
  left s = me ->
  deliver_left w s w' s' ->
  coming w (at_left s) (at_right s) (to_left s) (to_right s) ->
  coming w' (at_left s') (at_right s') (to_left s') (to_right s').
Proof using early lawful_names lawful_summaries lawful_values reached0 typed.
  intros reached grown is_class is_left taken comes.
  assert (deliver w s w' s') as delivered by now apply To_left.
  pose proof (a_delivery_takes_steps _ _ _ _ _ _ _ _ _ _ delivered) as later.
  destruct (nodes_after_a_delivery _ _ _ _ _ _ w w' s s' me delivered) as [same more].
  assert (reachable w') as reached' by
    now apply (a_reachable_world_stays_reachable compare_name compare_value types w).
  destruct taken as [m rest nodes queued taken xs]. subst xs.
  cbn [at_left at_right to_left to_right]. rewrite is_class, is_left, queued in *.
  destruct comes as [all | rest' mine_at first none its_at | w1 rest' reached1 old differ none its_at | all].
  - apply Is_done. intros name inside. apply (still_has_all w); auto.
  - injection first as -> <-. cbn [turn reply]. rewrite mine_at.
    rewrite (equal_either_way compare_summary).
    destruct (equal_is_equality compare_summary (stated me) (stated peer)) as [equal_ones | differ].
    + apply Is_done. intros name inside. apply (still_has_all w0); [exact (incl_tran grown more) |].
      now apply equal_classes_have_all.
    + destruct its_at as [[its_at ->] | (its_at & -> & _)].
      * apply (Asks _ _ _ _ _ w []); auto.
      * apply (Asks _ _ _ _ _ w []); auto.
  - apply (Asks _ _ _ _ _ w1 (rest' ++ reply c (at_left s) m (held w me))); auto.
    + exact (incl_tran old more).
    + now rewrite a_turn_takes_the_pieces.
    + destruct its_at as [[its_at ->] | [its_at ->]]; [left | right]; auto.
  - apply Is_answered. intros name inside.
    destruct (all name inside) as [has | (since & part & brought & there)];
      [left; now apply (still_has_all w) |].
    apply (a_turn_completes_a_part c (at_left s) m rest (held w me)) in there as [there | complete];
      [| | exact inside].
    + right. exists since, part. split; [now apply (still_brings w) | exact there].
    + left. destruct taken as [ds events xs n complete' noted applied | ds complete' refused | incomplete].
      * rewrite complete in complete'. injection complete' as <-.
        destruct brought as (type & E & E1 & of_type & can & whole & old & -> & ->).
        apply (incl_tran (m := of_object name E)).
        { intros e [there here]%filter_In. apply filter_In. auto. }
        refine (an_applied_delta_brings_its_events w _ me name type E E1 xs reached reached' same
          of_type can old applied _).
        unfold held. cbn [network.nodes]. unfold network.with_node.
        now rewrite (equal_to_itself compare_name).
      * rewrite complete in complete'. injection complete' as <-.
        now apply what_brings_is_applied in brought.
      * congruence.
Qed.

Lemma an_asked_object_is_listed (w1 : world) name type :
  reachable w1 ->
  member compare_name name c = true ->
  find compare_name name types = Some type ->
  In (name, vector_of (of_object name (seen w1 me))) (vectors compare_name c (held w1 me)).
Proof using lawful_names lawful_values typed.
  intros reached1 inside of_type.
  pose proof (what_is_held_is_sorted compare_name compare_value types typed w1 me reached1) as sorts.
  apply (found_means_in compare_name).
  { unfold vectors.
    rewrite (mapped_values_are_sorted compare_name (fun entry => replica.seen_object (snd entry))).
    now apply (class_is_sorted compare_name). }
  rewrite (vectors_are_found compare_name), (find_in_class compare_name), inside by exact sorts.
  destruct (what_can_be_seen_is_here w1 me reached1) as [_ ->].
  rewrite (an_object_is_found_with_its_meaning compare_name compare_value), of_type. cbn [option_map].
  now rewrite (an_object_has_seen_its_events compare_name compare_value).
Qed.

Lemma a_delivery_there (w w' : world) (s s' : session) :
  reachable w ->
  incl (seen w0 me) (seen w me) ->
  incl (seen w0 peer) (seen w peer) ->
  class s = c ->
  left s = peer ->
  deliver_left w s w' s' ->
  coming w (at_right s) (at_left s) (to_right s) (to_left s) ->
  coming w' (at_right s') (at_left s') (to_right s') (to_left s').
Proof using cut_is_some early lawful_names lawful_summaries lawful_values reached0
    the_whole_is_assembled typed.
  intros reached grown its_grown is_class is_left taken comes.
  assert (deliver w s w' s') as delivered by now apply To_left.
  pose proof (a_delivery_takes_steps _ _ _ _ _ _ _ _ _ _ delivered) as later.
  destruct (nodes_after_a_delivery _ _ _ _ _ _ w w' s s' me delivered) as [same more].
  apply (it_still_comes w w' _ _ _ _ later more) in comes.
  destruct taken as [m rest nodes queued taken xs]. subst xs.
  cbn [at_left at_right to_left to_right]. rewrite is_class, is_left, queued in *.
  destruct comes as [all | rest' mine_at first none its_at | w1 rest' reached1 old differ none its_at | all].
  - now apply Is_done.
  - destruct its_at as [[its_at [= -> ->]] | (_ & [=] & _)]. cbn [turn reply]. rewrite its_at.
    destruct (equal_is_equality compare_summary (stated me) (stated peer)) as [equal_ones | differ].
    + apply Is_done. intros name inside. apply (still_has_all w0); [exact (incl_tran grown more) |].
      now apply equal_classes_have_all.
    + apply (Waits _ _ _ _ _ (rest' ++ [Vectors (vectors compare_name c (held w peer))])); auto.
      * now rewrite first.
      * now rewrite more_is_left_over, none.
  - destruct its_at as [[its_at [= -> ->]] | [its_at [= -> ->]]]; cbn [turn reply]; rewrite its_at.
    + apply Is_answered. intros name inside.
      destruct (what_can_be_seen_is_here w peer reached) as [can state].
      destruct (find compare_name name types) as [type |] eqn:of_type.
      * right. eexists _, _. split.
        { exists type, (seen w peer), (seen w1 me). split; [exact of_type |].
          split; [now apply (what_happened_stays_seen compare_name compare_value types w) |].
          repeat (split; [assumption || reflexivity |]). reflexivity. }
        rewrite more_parts, none. apply in_app_iff. right.
        apply an_answer_brings_each_part.
        { now apply (an_asked_object_is_listed w1 name type). }
        rewrite (find_in_class compare_name), inside
          by now apply (what_is_held_is_sorted compare_name compare_value types typed).
        rewrite state, (an_object_is_found_with_its_meaning compare_name compare_value).
        now rewrite of_type.
      * left. intros e [e_in is_object]%filter_In. exfalso.
        destruct (equal_is_equality compare_name (object_of e) name) as [of_name |]; [| easy].
        pose proof (proj2 can e (its_grown e e_in)) as declared. rewrite of_name in declared.
        now apply (found_means_key compare_name) in declared.
    + destruct (equal_is_equality compare_summary (stated me) (stated peer)) as [equal_ones | _];
        [now destruct differ |].
      apply (Asks _ _ _ _ _ w1 rest'); auto. now rewrite more_is_left_over, none.
  - apply Is_answered. intros name inside.
    destruct (all name inside) as [has | (since & part & brought & there)]; [now left | right].
    exists since, part. split; [exact brought |]. rewrite more_parts. apply in_app_iff. now left.
Qed.
End One_session.

(** ** Along a run *)

Section Run.
Context (w : nat -> world).
Context (runs : run compare_name compare_value types w).
Context (tells : summaries_tell_apart compare_name summarize w).

Lemma each_world_is_reachable n : reachable (w n).
Proof using runs.
  destruct runs as [first rest]. induction n as [| n IH]; [exact first |].
  now apply (a_reachable_world_stays_reachable compare_name compare_value types (w n)).
Qed.

Lemma what_comes_along_a_run c a b first last s :
  (forall n, (first <= n)%nat -> incl (seen_at w n a) (seen_at w (S n) a)) ->
  (forall n, (first <= n)%nat -> incl (seen_at w n b) (seen_at w (S n) b)) ->
  carried w first (begin c a b (w first)) last s ->
  (first <= last)%nat
  /\ (class s = c /\ left s = a /\ right s = b)
  /\ (incl (seen_at w first a) (seen_at w last a) /\ incl (seen_at w first b) (seen_at w last b))
  /\ coming c (w first) a b (w last) (at_left s) (at_right s) (to_left s) (to_right s)
  /\ coming c (w first) b a (w last) (at_right s) (at_left s) (to_right s) (to_left s).
Proof using cut_is_some lawful_names lawful_summaries lawful_values runs tells
    the_whole_is_assembled typed.
  intros grows_a grows_b carries.
  induction carries as [| n s' s'' _ IH taken | n s' _ IH].
  - split; [lia |]. split; [easy |]. split; [split; apply incl_refl |].
    split; eapply Waits; try reflexivity; left; easy.
  - destruct IH as (past & (is_class & is_left & is_right) & (grown_a & grown_b) & comes_a & comes_b).
    pose proof (each_world_is_reachable first) as reached0.
    pose proof (each_world_is_reachable n) as reached.
    pose proof (a_delivery_keeps_the_class_and_the_sides _ _ _ _ _ _ _ _ _ _ taken) as (-> & -> & ->).
    split; [lia |]. split; [easy |].
    split.
    { split; [exact (incl_tran grown_a (grows_a n past)) | exact (incl_tran grown_b (grows_b n past))]. }
    destruct taken as [w2 s2 taken | w2 s2 taken].
    + split.
      * exact (a_delivery_here c (w first) a b (tells first c a b) reached0 (w n) w2 s' s2 reached
          grown_a is_class is_left taken comes_a).
      * exact (a_delivery_there c (w first) b a (tells first c b a) reached0 (w n) w2 s' s2 reached
          grown_b grown_a is_class is_left taken comes_b).
    + split.
      * exact (a_delivery_there c (w first) a b (tells first c a b) reached0 (w n) w2 (flip s') s2 reached
          grown_a grown_b is_class is_right taken comes_a).
      * exact (a_delivery_here c (w first) b a (tells first c b a) reached0 (w n) w2 (flip s') s2 reached
          grown_b is_class is_right taken comes_b).
  - destruct IH as (past & sides & (grown_a & grown_b) & comes_a & comes_b).
    split; [lia |]. split; [exact sides |].
    split.
    { split; [exact (incl_tran grown_a (grows_a n past)) | exact (incl_tran grown_b (grows_b n past))]. }
    split; (eapply it_still_comes; [apply runs | | eassumption]); [now apply grows_a | now apply grows_b].
Qed.

Lemma nothing_under_way_means_all_came c w0 me peer wn mine its name :
  coming c w0 me peer wn mine its [] [] ->
  member compare_name name c = true ->
  has_all w0 me peer wn name.
Proof.
  intros [all | rest _ [=] _ _ | w1 rest _ _ _ _ [[_ [=]] | [_ [=]]] | all] inside.
  - now apply all.
  - now destruct (all name inside) as [| (since & part & _ & [])].
Qed.

(** Whatever goes on beside it, a completed session brings to either side what the other one had. *)
Theorem a_completed_session_brings_all c a b first last s name :
  (forall n, (first <= n)%nat -> incl (seen_at w n a) (seen_at w (S n) a)) ->
  (forall n, (first <= n)%nat -> incl (seen_at w n b) (seen_at w (S n) b)) ->
  carried w first (begin c a b (w first)) last s ->
  finished s ->
  member compare_name name c = true ->
  (first <= last)%nat
  /\ incl (of_object name (seen_at w first b)) (seen_at w last a)
  /\ incl (of_object name (seen_at w first a)) (seen_at w last b).
Proof using cut_is_some lawful_names lawful_summaries lawful_values runs tells
    the_whole_is_assembled typed.
  intros grows_a grows_b carries [none_left none_right] inside.
  apply what_comes_along_a_run in carries as (past & _ & _ & comes_a & comes_b); auto.
  rewrite none_left, none_right in *.
  split; [exact past |].
  split; eapply nothing_under_way_means_all_came; eassumption.
Qed.

(** ** Among all members *)

Context (members : list Name) (edge : Name -> Name -> Prop) (t : nat).
Context (settles : settled members w t).
Context (is_fair : fair compare_name compare_value compare_summary types cut assemble summarize
  members w edge).

Lemma members_lose_nothing name n n' :
  In name members ->
  (t <= n <= n')%nat ->
  incl (seen_at w n name) (seen_at w n' name).
Proof using settles.
  intros inside. induction n' as [| n' IH]; intros bounds.
  - replace n with 0%nat by lia. apply incl_refl.
  - destruct (Nat.eq_dec n (S n')) as [-> |]; [apply incl_refl |].
    apply (incl_tran (m := seen_at w n' name)); [apply IH; lia |].
    apply settles; [lia | exact inside].
Qed.

(** What comes about for each of finitely many things has come about for all of them at some time. *)
Lemma some_time_is_late_enough {A : Type} (P : A -> nat -> Prop) (m : nat) (xs : list A) :
  (forall x n n', In x xs -> (m <= n <= n')%nat -> P x n -> P x n') ->
  (forall x, In x xs -> exists n, (m <= n)%nat /\ P x n) ->
  exists n, (m <= n)%nat /\ forall x, In x xs -> P x n.
Proof.
  intros stays each. induction xs as [| x xs IH]; [now exists m |].
  destruct IH as (n & past & all).
  { intros y n n' there. apply stays. now right. }
  { intros y there. apply each. now right. }
  destruct (each x (or_introl eq_refl)) as (n' & past' & this).
  exists (Nat.max n n'). split; [lia |]. intros y [<- | there].
  - apply (stays x n'); [now left | lia | exact this].
  - apply (stays y n); [now right | lia | now apply all].
Qed.

Lemma over_one_edge a b m :
  (t <= m)%nat ->
  edge a b \/ edge b a ->
  exists n, (m <= n)%nat /\ incl (seen_at w m a) (seen_at w n b).
Proof using cut_is_some is_fair lawful_names lawful_summaries lawful_values runs settles tells
    the_whole_is_assembled typed.
  intros late joined. destruct is_fair as (inside & meet & _).
  assert (In a members /\ In b members) as [in_a in_b]
    by (destruct joined as [joined | joined]; now apply inside in joined).
  destruct (some_time_is_late_enough (fun object n => incl (of_object object (seen_at w m a)) (seen_at w n b))
    m (keys types)) as (n & past & all).
  - intros object n n' _ bounds has. apply (incl_tran has). apply members_lose_nothing; [exact in_b | lia].
  - intros object declared.
    assert (exists first last, (m <= first)%nat /\ (first <= last)%nat
      /\ incl (of_object object (seen_at w first a)) (seen_at w last b))
      as (first & last & later & past & has).
    { assert (forall name n, In name members -> (m <= n)%nat ->
        incl (seen_at w n name) (seen_at w (S n) name)) as grows
        by (intros; apply members_lose_nothing; [assumption | lia]).
      destruct joined as [joined | joined];
        destruct (meet _ _ joined object declared m)
          as (first & last & c & s & later & in_class & carries & ends);
        exists first, last; (split; [exact later |]).
      - destruct (a_completed_session_brings_all c a b first last s object) as (past & _ & brings_b);
          try assumption; try (intros; apply grows; [assumption | lia]). now split.
      - destruct (a_completed_session_brings_all c b a first last s object) as (past & brings_b & _);
          try assumption; try (intros; apply grows; [assumption | lia]). now split. }
    exists last. split; [lia |]. intros e [e_in is_object]%filter_In. apply has, filter_In.
    split; [| exact is_object]. revert e_in.
    apply (members_lose_nothing a m first); [exact in_a | lia].
  - exists n. split; [exact past |]. intros e e_in.
    destruct (what_can_be_seen_is_here (w m) a (each_world_is_reachable m)) as [[_ declared] _].
    apply (all (object_of e)); [now apply declared |].
    apply filter_In. split; [exact e_in | apply (equal_to_itself compare_name)].
Qed.

Lemma along_a_path a b :
  In a members ->
  connected edge a b ->
  exists n, (t <= n)%nat /\ incl (seen_at w t a) (seen_at w n b).
Proof using cut_is_some is_fair lawful_names lawful_summaries lawful_values runs settles tells
    the_whole_is_assembled typed.
  intros in_a path. induction path as [| b c _ IH joined].
  - exists t. split; [lia | apply incl_refl].
  - destruct IH as (m & late & has).
    destruct (over_one_edge b c m late joined) as (n & past & brought).
    exists n. split; [lia |]. exact (incl_tran has brought).
Qed.

(** From some time on all members have seen what any of them had seen when the run settled, no more
    and no less, and hold the same. *)
Theorem members_come_to_hold_the_same :
  exists m, (t <= m)%nat /\ forall n, (m <= n)%nat ->
    (forall name e, In name members ->
      In e (seen_at w n name) <-> exists other, In other members /\ In e (seen_at w t other))
    /\ (forall a b, In a members -> In b members -> held_at w n a = held_at w n b).
Proof using cut_is_some is_fair lawful_names lawful_summaries lawful_values runs settles tells
    the_whole_is_assembled typed.
  destruct (some_time_is_late_enough
    (fun pair n => incl (seen_at w t (fst pair)) (seen_at w n (snd pair))) t (list_prod members members))
    as (m & late & all).
  - intros [a b] n n' [in_a in_b]%in_prod_iff bounds has. cbn [fst snd] in *.
    apply (incl_tran has). apply members_lose_nothing; [exact in_b | lia].
  - intros [a b] [in_a in_b]%in_prod_iff. apply along_a_path; [exact in_a |]. now apply is_fair.
  - exists m. split; [exact late |]. intros n later.
    assert (forall name e, In name members ->
      In e (seen_at w n name) <-> exists other, In other members /\ In e (seen_at w t other)) as same.
    { intros name e inside. split.
      - apply settles; [lia | exact inside].
      - intros (other & in_other & e_in). apply (members_lose_nothing name m n); [exact inside | lia |].
        apply (all (other, name)); [now apply in_prod_iff | exact e_in]. }
    split; [exact same |]. intros a b in_a in_b.
    apply (replicas_that_have_seen_the_same_hold_the_same compare_name compare_value types typed);
      [apply each_world_is_reachable |].
    intros e. pose proof (same a e in_a) as at_a. pose proof (same b e in_b) as at_b.
    unfold seen_at in *. now rewrite at_a, at_b.
Qed.
End Run.
End Eventually.
