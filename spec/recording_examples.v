(** Computed: a run with a delta of one object, an overruled removal and a restored backup; the trace
    of it, which conforms; and other answers, each of which is found. *)

From Coq Require Import List Bool NArith Lia Permutation.
From Rejoin Require Import order sorted_map dot definition network trace judge recording.
From Rejoin Require version_vector replica.
Import ListNotations.
Open Scope N_scope.

(** Object 10 is a set and 11 a counter; values are numbers, and 0 is the null. *)
Local Definition types : sorted_map N object_type := [(10, Or_set); (11, G_counter)].
Local Definition label (n : nat) : N := 100 + N.of_nat n.
Local Notation recording := (recording N.compare N.compare 0 types label).
Local Notation judged past := (judge N.compare N.compare 0 (header_of N.compare types past) (rev past)).

(** Replica 1 adds 5 and sends its state; replica 2 joins it, saves, removes 5 and counts; meanwhile 1
    adds 5 again. Then 1 receives what changed on the set alone. Replica 2 is set back. *)
Definition lines : list (line N N) :=
  [ Restores 2 (label 0);
    Claims (Tells 1 2 (Some [(10, (Some 5, (2, 1)))]));
    Claims (Decides 1 10 (Some [Merge_decision (Some 5) [(1, 2)] [(2, 1)]]));
    Claims (Counts 1 None (Some [(1, 2); (2, 1)]));
    Claims (Reads 1 10 (Some (Elements [5])));
    Receives 1 (label 1);
    Sends 2 (label 1) (Within (Some [10]));
    Operates 1 10 (Add 5) None (Some 1);
    Claims (Reads 2 11 (Some (Count 3)));
    Operates 2 11 (Increment 3) None None;
    Operates 2 10 (Remove 5) None (Some 2);
    Saves 2 (label 0);
    Receives 2 (label 0);
    Sends 1 (label 0) (Within None);
    Operates 1 10 (Add 5) None (Some 1) ].

Example the_trace_of_a_run_conforms :
  judged lines = Report 5 [] None /\ verdict_of (judged lines) = Conforms.
Proof. split; vm_compute; reflexivity. Qed.

(** Another value is found at its line, which is line 12; so is one without a shape. *)
Example another_value_is_found :
  let replaced claim := map (fun l =>
    match l with
    | Claims (Reads 1 10 _) => Claims claim
    | l => l
    end) lines in
  findings (judged (replaced (Reads 1 10 (Some (Elements []))))) = [(12, Value_rule)]
  /\ findings (judged (replaced (Reads 1 10 None))) = [(12, Value_rule)]
  /\ findings (judged (replaced (Reads 1 10 (Some (Count 5))))) = [(12, Value_rule)].
Proof. repeat split; vm_compute; reflexivity. Qed.

(** A vector may leave out whom nothing was seen of, and may not count one too many. *)
Example what_another_vector_is :
  let actual := [(1, 2); (2, 1)] in
  same_counts N.compare [(2, 1); (1, 2); (3, 0)] actual
  /\ ~ same_counts N.compare [(1, 2)] actual
  /\ ~ same_counts N.compare [(1, 2); (2, 2)] actual.
Proof.
  split; [| split].
  - intros name. split.
    + intros n [[= <- <-] | [[= <- <-] | [[= <- <-] | []]]]; reflexivity.
    + intros some. destruct (N.eq_dec name 1) as [first |]; [exists 2; rewrite first; cbn; auto |].
      destruct (N.eq_dec name 2) as [second |]; [exists 1; rewrite second; cbn; auto |].
      destruct some. unfold counted. cbn [find].
      destruct (N.compare_spec name 1); [contradiction | reflexivity |].
      destruct (N.compare_spec name 2); [contradiction | reflexivity | reflexivity].
  - intros same. destruct (same 2) as [_ there].
    assert (counted N.compare [(1, 2); (2, 1)] 2 <> 0) as some by (vm_compute; discriminate).
    destruct (there some) as (n & [other | []]). discriminate other.
  - intros same. destruct (same 2) as [right_ones _].
    specialize (right_ones 2 (or_intror (or_introl eq_refl))). discriminate.
Qed.

(** What leaves a step out does not conform: without the backup that replica 2 was set back to, or
    with the delta taken for the whole state, in which case line 10 says too much. *)
Example a_trace_that_leaves_something_out_does_not_conform :
  let whole := map (fun l =>
    match l with
    | Sends 2 m (Within (Some _)) => Sends 2 m (Within None)
    | l => l
    end) lines in
  stopped_at (judged (filter (fun l => match l with Saves _ _ => false | _ => true end) lines))
    = Some 15
  /\ findings (judged whole) = [(13, Vector_rule)].
Proof. split; vm_compute; reflexivity. Qed.

(** A run is recorded, with an answer to each question; and to each there is another answer. *)
Example a_short_run_is_recorded :
  exists w, recording
    [ Claims (Counts 1 None (Some [(1, 1)])); Claims (Tells 1 2 (Some []));
      Claims (Decides 1 10 (Some [])); Claims (Reads 1 10 (Some (Elements [5])));
      Operates 1 10 (Add 5) None (Some 1) ] w.
Proof.
  eexists. eapply One_answer.
  - eapply One_answer.
    + eapply One_answer.
      * eapply One_answer.
        -- eapply One_step.
           ++ apply Nothing_yet.
           ++ apply An_operation; [reflexivity | vm_compute; reflexivity].
        -- eexists. split; vm_compute; reflexivity.
      * eexists. repeat split; vm_compute; reflexivity.
    + vm_compute. reflexivity.
  - vm_compute. reflexivity.
Qed.

Example each_question_has_another_answer :
  let shown : claim N N := Reads 1 10 (Some (Elements [5])) in
  let told : claim N N := Tells 1 2 (Some []) in
  let open : claim N N := Decides 1 10 (Some []) in
  let counted : claim N N := Counts 1 None (Some [(1, 1)]) in
  another N.compare shown (Reads 1 10 (Some (Elements [])))
  /\ another N.compare shown (Reads 1 10 None)
  /\ another N.compare told (Tells 1 2 (Some [(10, (Some 5, (2, 1)))]))
  /\ another N.compare open (Decides 1 10 (Some [Merge_decision (Some 5) [(1, 2)] [(2, 1)]]))
  /\ another N.compare counted (Counts 1 None (Some [(1, 2)]))
  /\ ~ another N.compare shown (Reads 1 10 (Some (Elements [5])))
  /\ ~ another N.compare shown (Reads 2 10 (Some (Elements []))).
Proof.
  repeat split; try exact I.
  - intros same. now apply Permutation_length in same.
  - intros same. now apply Permutation_length in same.
  - intros (zs & same & alike). inversion alike; subst. now apply Permutation_length in same.
  - intros same. destruct (same 1) as [right_ones _].
    specialize (right_ones 2 (or_introl eq_refl)). discriminate.
  - intros (_ & _ & other). apply other. apply Permutation_refl.
  - intros (other & _). discriminate.
Qed.
