(** Refutations: designs that real systems shipped, and the law that each of them breaks.

    Meaning: each section is one broken design, the statement that it was meant to fulfil, and a
    computed counterexample; beside it stands what the right design makes of the same history.
    Names and values are numbers, and 0 is the null.
    Source: the public trackers named with each design. *)

From Coq Require Import List Bool NArith Lia Permutation.
From Rejoin Require Import order sorted_map dot.
From Rejoin Require version_vector definition decisions.
From Rejoin Require g_counter lww_register or_set lww_map replica state_hash.
Import definition.
Import ListNotations.
Open Scope N_scope.

Local Notation register := (lww_register.state N N).
Local Notation event := (event N N).
Local Notation dot := (dot N).
Local Notation elements := (definition.elements (Value := N) N.compare).
Local Notation vector := (version_vector.state N).
Local Notation total := (definition.count (Name := N) (Value := N)).
Local Notation set_of_events := (or_set.meaning (Value := N) N.compare).

Definition one : origin N := Origin 1 0.
Definition two : origin N := Origin 2 0.
Definition three : origin N := Origin 3 0.
Definition four : origin N := Origin 4 0.
(** Replica 1 after it was set back to a backup. *)
Definition one_restored : origin N := Origin 1 1.

Definition happened (o : origin N) (n seq : N) (op : operation N N) (saw : list dot)
    : event :=
  Event 0 (Dot o n) seq None op (set_of (compare_dot N.compare) saw).

(** ** What the designs were meant to fulfil *)

Definition commutes (join : register -> register -> register) : Prop :=
  forall a b,
    lww_register.well_formed N.compare N.compare a = true ->
    lww_register.well_formed N.compare N.compare b = true ->
    join a b = join b a.

(** Joining what two replicas know means the union of what they have seen. *)
Definition joins_mean_unions {State : Type} (meaning : list event -> State)
    (join : State -> State -> State) (value : State -> sorted_set N) : Prop :=
  forall H E F,
    history N.compare H ->
    incl E H ->
    incl F H ->
    closed E ->
    closed F ->
    value (join (meaning E) (meaning F)) = elements (union_events N.compare E F).

(** *** Checking that the counterexamples are histories *)

Definition checked_history (H : list event) : bool :=
  forallb (fun e =>
    (1 <=? counter (dot_of e)) && valid (operation_of e) && negb (sees N.compare e e) &&
    forallb (fun n => member (compare_dot N.compare)
      (Dot (dot_origin (dot_of e)) (N.of_nat n)) (saw e))
      (seq 1 (N.to_nat (counter (dot_of e)) - 1)) &&
    forallb (fun f => negb (sees N.compare e f) ||
      forallb (fun d => member (compare_dot N.compare) d (saw e)) (saw f)) H) H.

Local Lemma a_member_is_listed (d : dot) s :
  member (compare_dot N.compare) d s = true -> In d s.
Proof.
  induction s as [| d' s IH]; cbn; [discriminate |].
  destruct (compare_dot N.compare d d') eqn:case; [| discriminate | auto].
  intros _. left. destruct d as [[r i] n], d' as [[r' i'] n']. cbn in case.
  unfold compare_dot, compare_origin, compare_by, compare_pair in case. cbn in case.
  destruct (r ?= r') eqn:same_r; try discriminate.
  destruct (i ?= i') eqn:same_i; try discriminate.
  apply N.compare_eq_iff in same_r, same_i, case. now subst.
Qed.

Local Lemma checked_histories_are_histories H :
  NoDup (map dot_of H) -> checked_history H = true -> history N.compare H.
Proof.
  intros unique checked.
  unfold checked_history in checked. rewrite forallb_forall in checked.
  assert (facts : forall e, In e H ->
    1 <= counter (dot_of e) /\ valid (operation_of e) = true /\ sees N.compare e e = false /\
    (forall n, In n (seq 1 (N.to_nat (counter (dot_of e)) - 1)) ->
      member (compare_dot N.compare) (Dot (dot_origin (dot_of e)) (N.of_nat n)) (saw e) = true) /\
    (forall f, In f H -> sees N.compare e f = true -> forall d, In d (saw f) ->
      member (compare_dot N.compare) d (saw e) = true)).
  { intros e in_H. specialize (checked e in_H). rewrite !andb_true_iff in checked.
    destruct checked as [[[[at_1 is_valid] self] own] past].
    rewrite forallb_forall in own, past. repeat split; auto.
    - now apply N.leb_le.
    - now apply negb_true_iff.
    - intros f f_in_H seen d listed. specialize (past f f_in_H). rewrite seen in past.
      cbn in past. rewrite forallb_forall in past. now apply past. }
  split.
  - clear checked facts. intros e f in_e in_f same.
    induction H as [| x H IH]; [easy |].
    apply NoDup_cons_iff in unique. destruct unique as [fresh rest].
    destruct in_e as [<- | in_e], in_f as [<- | in_f]; auto.
    + destruct fresh. rewrite same. now apply in_map.
    + destruct fresh. rewrite <- same. now apply in_map.
  - exact (NoDup_map_inv _ _ unique).
  - intros e in_H. now destruct (facts e in_H).
  - intros e in_H. now destruct (facts e in_H) as (_ & is_valid & _).
  - intros e n in_H [low high]. destruct (facts e in_H) as (_ & _ & _ & own & _).
    rewrite <- (N2Nat.id n). apply own. apply in_seq. lia.
  - intros e f d in_e in_f seen member_d. destruct (facts e in_e) as (_ & _ & _ & _ & past).
    apply (past f in_f seen). now apply a_member_is_listed.
  - intros e in_H. now destruct (facts e in_H) as (_ & _ & self & _).
Qed.

Local Ltac is_history :=
  apply checked_histories_are_histories;
  [repeat constructor; cbn; intuition discriminate | vm_compute; reflexivity].

Local Ltac is_closed :=
  intros e d in_e; cbn in in_e;
  repeat (destruct in_e as [<- | in_e]); try easy; cbn; intros in_d;
  repeat (destruct in_d as [<- | in_d]); try easy; cbn; eauto 8.

Local Ltac is_included := intros e; cbn; intuition.

(** ** 1 and 2: ties of last writes *)

Local Notation decision := (decisions.decision N N).

(** On a tie the greater of two is the left one. *)
Definition register_join_by (compare : decision -> decision -> comparison)
    (a b : register) : register :=
  lww_register.State
    (decisions.join N.compare compare_unit N.compare
      (lww_register.decisions a) (lww_register.decisions b))
    (greater_option compare (lww_register.winner a) (lww_register.winner b)).

Definition written (o : origin N) (seq time v : N) : register :=
  lww_register.write N.compare N.compare o seq time None v lww_register.bottom.

(** Bug 1, CBaquero/delta-enabled-crdts#7: of two writes with equal timestamps the one that
    arrived first wins. *)
Definition first_arrival_wins : register -> register -> register :=
  register_join_by (compare_by decisions.timestamp N.compare).

Theorem first_arrival_wins_does_not_commute : ~ commutes first_arrival_wins.
Proof.
  intros law. specialize (law (written one 1 10 20) (written two 1 10 30) eq_refl eq_refl).
  vm_compute in law. discriminate.
Qed.

Theorem first_arrival_wins_shows_two_values :
  exists a b,
    lww_register.value 0 (first_arrival_wins a b) <> lww_register.value 0 (first_arrival_wins b a)
    /\ lww_register.value 0 (lww_register.join N.compare N.compare a b) = 30
    /\ lww_register.value 0 (lww_register.join N.compare N.compare b a) = 30.
Proof.
  exists (written one 1 10 20), (written two 1 10 30).
  repeat split; vm_compute; [discriminate | reflexivity..].
Qed.

(** Bug 2, pathosDev/actor-ts#950: timestamp and replica both tie, and the join returns its left
    argument. Here a replica wrote once before it was set back, and once after. *)
Definition left_argument_wins : register -> register -> register :=
  register_join_by
    (compare_by (fun d => (decisions.timestamp d, replica (dot_origin (decisions.dot_of d))))
      (compare_pair N.compare N.compare)).

Theorem left_argument_wins_does_not_commute : ~ commutes left_argument_wins.
Proof.
  intros law. specialize (law (written one 1 10 20) (written one_restored 1 10 30) eq_refl eq_refl).
  vm_compute in law. discriminate.
Qed.

Theorem left_argument_wins_shows_two_values :
  exists a b,
    lww_register.value 0 (left_argument_wins a b) <> lww_register.value 0 (left_argument_wins b a)
    /\ lww_register.value 0 (lww_register.join N.compare N.compare a b) = 30
    /\ lww_register.value 0 (lww_register.join N.compare N.compare b a) = 30.
Proof.
  exists (written one 1 10 20), (written one_restored 1 10 30).
  repeat split; vm_compute; [discriminate | reflexivity..].
Qed.

(** ** 7: "the greater clock wins"

    A set whose removes make no dot: its clock counts adds, and it lists the adds that no remove
    saw. Joining is right by the rule of the causal stores ([join_listed]). *)

Record listed_adds := Listed { clock : vector; listed : sorted_set (N * dot) }.

Definition compare_listed : N * dot -> N * dot -> comparison :=
  compare_pair N.compare (compare_dot N.compare).

Definition listed_of (E : list event) : listed_adds :=
  Listed
    (version_vector.of_dots N.compare (flat_map (fun e => map (fun _ => dot_of e) (added e)) E))
    (set_of compare_listed (flat_map (fun e => map (fun x => (x, dot_of e))
      (filter (fun x => negb (existsb (fun f => is_remove N.compare x f && sees N.compare f e) E))
        (added e))) E)).

Definition join_listed (a b : listed_adds) : listed_adds :=
  Listed (version_vector.join N.compare (clock a) (clock b))
    (merge_sets compare_listed
      (fun entry => negb (version_vector.contains N.compare (snd entry) (clock b)))
      (fun entry => negb (version_vector.contains N.compare (snd entry) (clock a)))
      (listed a) (listed b)).

Definition listed_value (s : listed_adds) : sorted_set N :=
  set_of N.compare (map fst (listed s)).

(** Bug 7, basho/riak_dt#78: where one clock is greater, that side is returned as it is, and a
    remove by the other side is missed. *)
Definition greater_clock_wins (a b : listed_adds) : listed_adds :=
  if version_vector.covers N.compare (clock a) (clock b) then a
  else if version_vector.covers N.compare (clock b) (clock a) then b
  else join_listed a b.

Definition add_5 : event := happened one 1 1 (Add 5) [].
Definition add_6 : event := happened one 2 2 (Add 6) [Dot one 1].
Definition remove_5 : event := happened two 1 1 (Remove 5) [Dot one 1].

Theorem the_greater_clock_misses_removes :
  ~ joins_mean_unions listed_of greater_clock_wins listed_value.
Proof.
  intros law.
  specialize (law [add_5; add_6; remove_5] [add_5; add_6] [add_5; remove_5]).
  enough (wrong : [5; 6] = [6]) by discriminate.
  apply law; [is_history | is_included | is_included | is_closed | is_closed].
Qed.

Example without_the_shortcut_the_remove_counts :
  listed_value (join_listed (listed_of [add_5; add_6]) (listed_of [add_5; remove_5])) = [6]
  /\ elements [add_5; add_6; remove_5] = [6].
Proof. split; vm_compute; reflexivity. Qed.

(** ** 8: what both sides list is kept

    Bug 8, basho/riak_dt#82: an element that both sides show is kept with the adds of both, even
    if each side holds the remove of the other's add. *)
Definition kept_if_both_list (a b : or_set.state N) : or_set.state N :=
  decisions.State
    (version_vector.join N.compare (decisions.seen a) (decisions.seen b))
    (merge N.compare (fun left right =>
      match left, right with
      | Some ds, Some ds' =>
          Some (union (decisions.compare_decision N.compare compare_presence) ds ds')
      | _, _ => if_any (decisions.join_frontiers N.compare compare_presence
          (decisions.seen a) (decisions.seen b) (or_empty left) (or_empty right))
      end) (decisions.maximal a) (decisions.maximal b)).

Definition add_by_two : event := happened two 1 1 (Add 5) [].
Definition remove_of_twos : event := happened three 1 1 (Remove 5) [Dot two 1].
Definition remove_of_ones : event := happened four 1 1 (Remove 5) [Dot one 1].
Definition crosswise : list event := [add_5; add_by_two; remove_of_twos; remove_of_ones].

Theorem what_both_sides_list_may_be_removed :
  ~ joins_mean_unions set_of_events kept_if_both_list or_set.value.
Proof.
  intros law.
  specialize (law crosswise
    [add_5; add_by_two; remove_of_twos] [add_5; add_by_two; remove_of_ones]).
  enough (wrong : [5] = []) by discriminate.
  apply law; [is_history | is_included | is_included | is_closed | is_closed].
Qed.

Example removes_crosswise_remove_both :
  or_set.value (or_set.join N.compare
    (set_of_events [add_5; add_by_two; remove_of_twos])
    (set_of_events [add_5; add_by_two; remove_of_ones])) = []
  /\ elements crosswise = [].
Proof. split; vm_compute; reflexivity. Qed.

(** ** 9: deltas with a gap *)

(** Bug 9, akka/akka#22188: a delta is applied although what it builds on was not received. What
    lies in the gap counts as seen, so that not listing it works as a delete: not even a full
    exchange brings it back. *)
Theorem deltas_that_are_not_refused_leave_holes :
  ~ (forall H E F V,
      history N.compare H ->
      incl E H ->
      incl F H ->
      closed E ->
      closed F ->
      or_set.value (or_set.join N.compare
        (or_set.take_part N.compare
          (or_set.part_since N.compare V (set_of_events E))
          (set_of_events F))
        (set_of_events E))
      = elements (union_events N.compare E F)).
Proof.
  intros law. specialize (law [add_5; add_6] [add_5; add_6] [] [(one, 1)]).
  enough (wrong : [6] = [5; 6]) by discriminate.
  apply law; [is_history | is_included | is_included | is_closed | is_closed].
Qed.

Example such_a_delta_is_refused :
  version_vector.covers N.compare (or_set.seen (set_of_events [])) [(one, 1)] = false.
Proof. vm_compute. reflexivity. Qed.

(** ** 11: a partial delta with the full causal context *)

(** Bug 11, derekkraan/delta_crdt_ex#65: a part is joined like a full state, so that what it does
    not mention, and its sender had seen, is deleted. *)
Theorem a_part_joined_as_a_whole_deletes :
  ~ (forall H E F V,
      history N.compare H ->
      incl E H ->
      incl F H ->
      closed E ->
      closed F ->
      version_vector.covers N.compare (or_set.seen (set_of_events F)) V = true ->
      or_set.join N.compare (set_of_events F)
        (or_set.part_since N.compare V (set_of_events E))
      = set_of_events (union_events N.compare E F)).
Proof.
  intros law. specialize (law [add_5; add_6] [add_5; add_6] [add_5] [(one, 1)]).
  apply (f_equal (@or_set.value N)) in law;
    [vm_compute in law; discriminate | is_history | is_included | is_included | is_closed
    | is_closed | vm_compute; reflexivity].
Qed.

Example a_part_taken_by_its_keys_keeps_the_rest :
  or_set.take_part N.compare
    (or_set.part_since N.compare [(one, 1)] (set_of_events [add_5; add_6]))
    (set_of_events [add_5])
  = set_of_events [add_5; add_6].
Proof. vm_compute. reflexivity. Qed.

(** ** 14: a counter as one number *)

(** Bug 14, textbook: the counter is one number, and joining takes the greater. *)
Theorem a_counter_of_one_number_loses_increments :
  ~ (forall H E F,
      history N.compare H ->
      incl E H ->
      incl F H ->
      closed E ->
      closed F ->
      N.max (total E) (total F) = total (union_events N.compare E F)).
Proof.
  intros law.
  specialize (law [happened one 1 1 (Increment 1) []; happened two 1 1 (Increment 1) []]
    [happened one 1 1 (Increment 1) []] [happened two 1 1 (Increment 1) []]).
  enough (wrong : 1 = 2) by discriminate.
  apply law; [is_history | is_included | is_included | is_closed | is_closed].
Qed.

Example shares_by_origin_count_both :
  g_counter.value (g_counter.join N.compare
    (g_counter.increment N.compare one 1 g_counter.bottom)
    (g_counter.increment N.compare two 1 g_counter.bottom)) = 2.
Proof. vm_compute. reflexivity. Qed.

(** ** 16: records of removals that are purged

    Bug 16, several systems: a record of which all that is left to say is that nothing is there is
    purged, since no answer shows it ([records_of_removals_show_in_no_answer] in
    [main_theorems.v]). Then an older put arrives, which the removal would have beaten: it comes
    back, and only where the record was purged. The vectors do not tell: they stay equal. *)

Definition put_20 : event := happened two 1 1 (Put 5 2 20) [].
Definition delete_5 : event := happened two 2 2 (Put 5 2 0) [Dot two 1].
Definition put_10 : event := happened one 1 1 (Put 5 1 10) [].

Local Notation map_of E := (replica.object_meaning N.compare N.compare Lww_map E).
Local Notation joined := (replica.join_object N.compare N.compare).
Local Notation shown := (replica.value N.compare 0).

Theorem purged_removals_come_back :
  ~ (forall H E F key,
      history N.compare H ->
      cut H E ->
      cut H F ->
      state_hash.only_removals_at N.compare N.compare 0 key (map_of E) = true ->
      shown (joined (state_hash.drop N.compare key (map_of E)) (map_of F))
      = shown (joined (map_of E) (map_of F))).
Proof.
  intros law.
  specialize (law [put_20; delete_5; put_10] [put_20; delete_5] [put_10] (Some 5)).
  enough (wrong : Entries [(5, 10)] = Entries []) by discriminate.
  apply law; [is_history | split; [is_included | | is_closed] | split; [is_included | | is_closed]
    | vm_compute; reflexivity].
  - repeat constructor; cbn; intuition discriminate.
  - repeat constructor; cbn; auto.
Qed.

Example where_the_record_is_purged_the_vectors_stay_equal :
  let purged := state_hash.drop N.compare (Some 5) (map_of [put_20; delete_5]) in
  let kept := map_of [put_20; delete_5] in
  shown purged = shown kept
  /\ shown (joined purged (map_of [put_10])) = Entries [(5, 10)]
  /\ shown (joined kept (map_of [put_10])) = Entries []
  /\ replica.seen_object (joined purged (map_of [put_10]))
     = replica.seen_object (joined kept (map_of [put_10])).
Proof. repeat split; vm_compute; reflexivity. Qed.

(** ** 17: removes by timestamp *)

(** Bug 17, PyPI crdts, ORSet: a remove takes every add that is older by its timestamp, also
    those that it never saw. *)
Definition elements_by_time (time : event -> N) (E : list event) : sorted_set N :=
  filter (fun x => existsb (fun add => is_add N.compare x add &&
      negb (existsb (fun remove =>
        is_remove N.compare x remove && (time add <? time remove)) E)) E)
    (set_of N.compare (flat_map added E)).

(** However well the clocks run: a later one of two events of which one saw the other has the
    greater time. *)
Theorem removes_by_time_take_what_they_never_saw :
  ~ (forall H time E,
      history N.compare H ->
      (forall e f, In e H -> In f H -> sees N.compare f e = true -> time e < time f) ->
      incl E H ->
      closed E ->
      elements_by_time time E = elements E).
Proof.
  intros law.
  specialize (law [add_5; happened two 1 1 (Remove 5) []]
    (fun e => match operation_of e with Add _ => 1 | _ => 2 end)
    [add_5; happened two 1 1 (Remove 5) []]).
  enough (wrong : [] = [5]) by discriminate.
  apply law; [is_history | | is_included | is_closed].
  intros e f [<- | [<- | []]] [<- | [<- | []]]; vm_compute; easy.
Qed.

Example by_what_it_saw_the_remove_takes_nothing :
  or_set.value (set_of_events [add_5; happened two 1 1 (Remove 5) []]) = [5].
Proof. vm_compute. reflexivity. Qed.

(** ** 18: a remove that overwrites *)

(** Bug 18, topgun#54: a remove that arrives overwrites the whole record of its element, and the
    concurrent adds with it. *)
Definition overwrite (e : event) (s : or_set.state N) : or_set.state N :=
  match decisions.decision_of set_reading e with
  | Some (x, d) => decisions.decide N.compare N.compare x d s
  | None => s
  end.

(** Even if every event arrives after all that it saw. *)
Theorem overwriting_loses_concurrent_adds :
  ~ (forall H E e,
      history N.compare H ->
      incl E H ->
      In e H ->
      closed E ->
      closed (E ++ [e]) ->
      or_set.value (overwrite e (set_of_events E)) = elements (E ++ [e])).
Proof.
  intros law.
  specialize (law [add_5; add_by_two; remove_of_ones] [add_5; add_by_two] remove_of_ones).
  enough (wrong : [] = [5]) by discriminate.
  apply law; [is_history | is_included | cbn; auto | is_closed | is_closed].
Qed.

Example joining_the_remove_keeps_the_concurrent_add :
  or_set.value (or_set.join N.compare
    (set_of_events [add_5; add_by_two])
    (set_of_events [add_5; remove_of_ones])) = [5].
Proof. vm_compute. reflexivity. Qed.

(** ** 28: a map whose deletes leave nothing behind

    Bug 28, Kleppmann, UCAM-CL-TR-969: a put is stored if no newer one is there; a delete takes
    away the put that it names, and leaves no record. An older concurrent put that arrives
    after the delete is then stored, while those who got it before the delete dropped it. *)

Inductive map_message :=
| Put_message (time k v : N)
| Delete_message (time k : N).

Definition deliver (s : sorted_map N (N * N)) (m : map_message) : sorted_map N (N * N) :=
  match m with
  | Put_message time k v =>
      match find N.compare k s with
      | Some (newest, _) => if time <? newest then s else set N.compare k (time, v) s
      | None => set N.compare k (time, v) s
      end
  | Delete_message time k =>
      filter (fun entry => negb ((fst entry =? k) && (fst (snd entry) =? time))) s
  end.

Definition delivered (ms : list map_message) : sorted_map N (N * N) :=
  fold_left deliver ms [].

(** A delete arrives after the put that it names. *)
Definition in_causal_order (ms : list map_message) : Prop :=
  forall before time k after,
    ms = before ++ Delete_message time k :: after ->
    exists v, In (Put_message time k v) before.

Definition put_before : list map_message :=
  [Put_message 1 5 10; Put_message 2 5 20; Delete_message 2 5].
Definition put_after : list map_message :=
  [Put_message 2 5 20; Delete_message 2 5; Put_message 1 5 10].

Theorem deletes_without_a_record_diverge :
  ~ (forall ms ms',
      Permutation ms ms' ->
      in_causal_order ms ->
      in_causal_order ms' ->
      delivered ms = delivered ms').
Proof.
  intros law. specialize (law put_before put_after).
  enough (wrong : [] = [(5, (1, 10))]) by discriminate.
  apply law.
  - exact (Permutation_app_comm [Put_message 1 5 10] _).
  - intros before time k after split.
    repeat (destruct before as [| ? before];
      [try discriminate | injection split as ? split; subst]);
      try discriminate; try (now destruct before).
    injection split as -> -> _. exists 20. cbn. auto.
  - intros before time k after split.
    repeat (destruct before as [| ? before];
      [try discriminate | injection split as ? split; subst]);
      try discriminate; try (now destruct before).
    injection split as -> -> _. exists 20. cbn. auto.
Qed.

Definition older_put : lww_map.state N N :=
  lww_map.put N.compare N.compare one 1 1 None 5 10 lww_map.bottom.
Definition put_and_deleted : lww_map.state N N :=
  lww_map.delete N.compare N.compare 0 two 2 2 None 5
    (lww_map.put N.compare N.compare two 1 2 None 5 20 lww_map.bottom).

Example a_deleted_key_keeps_its_record :
  lww_map.value N.compare 0 (lww_map.join N.compare N.compare older_put put_and_deleted) = []
  /\ lww_map.value N.compare 0 (lww_map.join N.compare N.compare put_and_deleted older_put) = [].
Proof. split; vm_compute; reflexivity. Qed.
