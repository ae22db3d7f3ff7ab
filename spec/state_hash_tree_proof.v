(** The hash tree over records.

    What is shown: updating one path makes the tree of the new records; equal roots mean equal
    records, where no messages clash; going down two trees compares exactly the places whose hashes
    differ, and finds every record that differs. Definitions: [state_hash.v]. *)

From Coq Require Import List Bool NArith BinInt Lia Permutation.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof state_hash.
From Rejoin Require definition_proof.
From Rejoin Require version_vector decisions g_counter lww_register or_set lww_map log replica.
From Rejoin Require definition decisions_proof.
From Rejoin Require Import or_set_proof log_proof.
From Rejoin Require Import state_hash_codes_proof.
Import ListNotations.
Open Scope N_scope.

Section State_hash.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Context (null : Value).
Context (name_bytes : Name -> bytes) (value_bytes : Value -> bytes).
Context (hash : domain -> bytes -> bytes).
Context (names_differ : forall a b, name_bytes a = name_bytes b -> a = b).
Context (values_differ : forall a b, value_bytes a = value_bytes b -> a = b).
Context (one_length : forall d m, length (hash d m) = digest_length).
Local Notation digest := (digest hash).
Existing Instance messages_are_ordered.
Local Notation clash_free := (clash_free hash).

(** ** Trees *)

Local Notation path_of := (path_of hash).
Local Notation way := (way hash).
Local Notation child := (child hash).
Local Notation bucket_hash := (bucket_hash hash).
Local Notation tree := (tree hash).
Local Notation leaf := (leaf hash).
Local Notation branch := (branch hash).
Local Notation build := (build hash).
Local Notation update := (update hash).
Local Notation rising := (rising compare_record).

Lemma in_union (r : record) a b :
  rising a = true ->
  rising b = true ->
  In r (union compare_record a b) <-> In r a \/ In r b.
Proof.
  intros. rewrite <- !(member_means_in compare_record) by auto using (union_is_rising compare_record).
  rewrite (member_of_union compare_record), orb_true_iff by assumption. reflexivity.
Qed.

Lemma in_child levels i r rs : In r (child levels i rs) <-> In r rs /\ way levels r = i.
Proof. unfold state_hash.child. now rewrite filter_In, N.eqb_eq. Qed.

Lemma children_are_rising levels i rs : rising rs = true -> rising (child levels i rs) = true.
Proof. now apply (filter_is_rising compare_record). Qed.
Hint Resolve children_are_rising : core.

Lemma there_are_four_ways levels r :
  way levels r = 0 \/ way levels r = 1 \/ way levels r = 2 \/ way levels r = 3.
Proof.
  unfold state_hash.way, turn.
  assert (forall n, n < 4 -> n = 0 \/ n = 1 \/ n = 2 \/ n = 3) as four by lia.
  now apply four, N.mod_lt.
Qed.

Lemma children_share_the_records levels rs :
  (length (child levels 0 rs) + length (child levels 1 rs) + length (child levels 2 rs)
   + length (child levels 3 rs) = length rs)%nat.
Proof.
  unfold state_hash.child. induction rs as [| r rs IH]; [reflexivity |].
  cbn [filter length].
  destruct (there_are_four_ways levels r) as [-> | [-> | [-> | ->]]]; cbn [N.eqb Pos.eqb length];
    lia.
Qed.

Lemma equal_children_make_equal_records levels rs ss :
  rising rs = true ->
  rising ss = true ->
  child levels 0 rs = child levels 0 ss ->
  child levels 1 rs = child levels 1 ss ->
  child levels 2 rs = child levels 2 ss ->
  child levels 3 rs = child levels 3 ss ->
  rs = ss.
Proof.
  intros rises rises' same_0 same_1 same_2 same_3.
  apply (equal_content_makes_equal_rising_lists compare_record); auto. intros r.
  assert (forall i, child levels i rs = child levels i ss -> way levels r = i ->
    In r rs <-> In r ss) as on_way.
  { intros i same goes.
    assert (In r (child levels i rs) <-> In r (child levels i ss)) by now rewrite same.
    rewrite !in_child in *. tauto. }
  destruct (there_are_four_ways levels r) as [goes | [goes | [goes | goes]]];
    revert goes; now apply on_way.
Qed.

Theorem the_kept_root_is_the_hash_of_the_records levels rs : root (build levels rs) = tree levels rs.
Proof.
  revert rs. induction levels as [| levels IH]; intros rs; [reflexivity |].
  cbn [state_hash.build state_hash.tree]. destruct (is_small rs); [reflexivity |].
  cbn [root state_hash.branch]. now rewrite !IH.
Qed.

Lemma a_tree_has_the_length_of_a_digest levels rs : length (tree levels rs) = digest_length.
Proof using one_length.
  destruct levels as [| levels]; cbn [state_hash.tree]; [| destruct (is_small rs)];
    try apply one_length; destruct rs; cbn [state_hash.bucket_hash]; reflexivity || apply one_length.
Qed.

Lemma the_kept_count_is_right levels rs : size (build levels rs) = length rs.
Proof.
  revert rs. induction levels as [| levels IH]; intros rs; [reflexivity |].
  cbn [state_hash.build]. destruct (is_small rs); [reflexivity |].
  cbn [size state_hash.branch]. rewrite !IH. apply children_share_the_records.
Qed.

Lemma children_gather_to_the_whole levels (rs : sorted_set record) a b c d :
  rising rs = true ->
  gather a = child levels 0 rs ->
  gather b = child levels 1 rs ->
  gather c = child levels 2 rs ->
  gather d = child levels 3 rs ->
  gather (branch a b c d) = rs.
Proof.
  intros rises in_a in_b in_c in_d. cbn [gather state_hash.branch].
  rewrite in_a, in_b, in_c, in_d.
  apply (equal_content_makes_equal_rising_lists compare_record); auto;
    repeat apply (union_is_rising compare_record); auto.
  intros r. rewrite !in_union, !in_child
    by auto 6 using (union_is_rising compare_record).
  destruct (there_are_four_ways levels r) as [-> | [-> | [-> | ->]]]; intuition easy.
Qed.

Lemma the_tree_has_its_records levels rs : rising rs = true -> gather (build levels rs) = rs.
Proof.
  revert rs. induction levels as [| levels IH]; intros rs rises; [reflexivity |].
  cbn [state_hash.build]. destruct (is_small rs); [reflexivity |].
  apply (children_gather_to_the_whole (S levels)); auto.
Qed.

(** *** The tree that is updated is the tree that is made anew *)

Lemma in_replace old new r rs :
  rising rs = true ->
  In r (replace old new rs) <-> new = Some r \/ (In r rs /\ old <> Some r).
Proof.
  intros rises. unfold replace.
  rewrite in_union by (first [now destruct new | now apply (filter_is_rising compare_record)]).
  rewrite filter_In, negb_true_iff.
  assert (In r (one_or_none new) <-> new = Some r) as ->.
  { destruct new as [r' |]; cbn; [| easy]. split; [intros [-> |]; easy | intros [= ->]; auto]. }
  assert (existsb (equal compare_record r) (one_or_none old) = false <-> old <> Some r) as ->.
  { destruct old as [r' |]; cbn; [| easy].
    destruct (equal_is_equality compare_record r r') as [-> | different]; cbn; [easy |].
    split; congruence. }
  reflexivity.
Qed.

Lemma replace_is_rising old new rs : rising rs = true -> rising (replace old new rs) = true.
Proof.
  intros rises. apply (union_is_rising compare_record).
  - now destruct new.
  - now apply (filter_is_rising compare_record).
Qed.

Definition is_on (path : bytes) (r : option record) : Prop :=
  match r with
  | Some r => path_of r = path
  | None => True
  end.

Lemma a_replacement_changes_one_child levels i path old new rs :
  rising rs = true ->
  is_on path old ->
  is_on path new ->
  child levels i (replace old new rs)
  = if turn (depth_limit - levels) path =? i then replace old new (child levels i rs)
    else child levels i rs.
Proof.
  intros rises on_old on_new.
  apply (equal_content_makes_equal_rising_lists compare_record).
  - apply children_are_rising, replace_is_rising, rises.
  - destruct (_ =? i); [now apply replace_is_rising, children_are_rising |].
    now apply children_are_rising.
  - intros r. rewrite in_child, in_replace by assumption.
    destruct (N.eqb_spec (turn (depth_limit - levels) path) i) as [<- | elsewhere].
    + rewrite in_replace, in_child by auto.
      assert (new = Some r -> way levels r = turn (depth_limit - levels) path).
      { intros ->. cbn in on_new. unfold state_hash.way. now rewrite on_new. }
      tauto.
    + rewrite in_child. split; [| intros [there goes]; split; [right; split |]; auto].
      * intros [[-> | [there _]] goes]; [| now split].
        cbn in on_new. unfold state_hash.way in goes. now rewrite on_new in goes.
      * intros ->. cbn in on_old. unfold state_hash.way in goes. now rewrite on_old in goes.
Qed.

Theorem an_update_makes_the_tree_of_the_new_records levels path old new rs :
  rising rs = true ->
  is_on path old ->
  is_on path new ->
  update levels path (replace old new) (build levels rs) = build levels (replace old new rs).
Proof.
  intros rises on_old on_new. revert rs rises.
  induction levels as [| levels IH]; intros rs rises; [reflexivity |].
  cbn [state_hash.build]. destruct (is_small rs); [reflexivity |].
  unfold state_hash.branch at 1. cbn [state_hash.update].
  assert (forall i,
    (if turn (depth_limit - S levels) path =? i
     then update levels path (replace old new) (build levels (child (S levels) i rs))
     else build levels (child (S levels) i rs))
    = build levels (child (S levels) i (replace old new rs))) as each.
  { intros i. rewrite (a_replacement_changes_one_child _ _ path) by assumption.
    destruct (_ =? i); [| reflexivity]. apply IH. auto. }
  rewrite !each. clear each.
  set (rs' := replace old new rs).
  assert (rising rs' = true) as rises' by now apply replace_is_rising.
  unfold collapse, is_small. cbn [size state_hash.branch].
  rewrite !the_kept_count_is_right, children_share_the_records.
  destruct (Nat.leb (length rs') bucket_limit) eqn:few; [| reflexivity].
  f_equal. apply (children_gather_to_the_whole (S levels)); auto using the_tree_has_its_records.
Qed.

(** *** Equal hashes mean equal records *)

Lemma bucket_hashes_are_hashes r rs : bucket_hash (r :: rs) = digest (Buckets, bucket_bytes (r :: rs)).
Proof. reflexivity. Qed.

Section Free.
Context (ms : list message) (free : clash_free ms).
Context (P : record -> Prop) (can_be_read : prefix_free P encode_record).

Lemma equal_buckets_have_equal_records rs ss :
  incl (trie_messages (leaf rs)) ms ->
  incl (trie_messages (leaf ss)) ms ->
  (forall r, In r rs -> P r) ->
  (forall r, In r ss -> P r) ->
  bucket_hash rs = bucket_hash ss ->
  rs = ss.
Proof using can_be_read free.
  destruct free as [alone something].
  destruct rs as [| r rs], ss as [| s ss]; intros hashed hashed' good good' same.
  - reflexivity.
  - rewrite bucket_hashes_are_hashes in same. symmetry in same.
    apply something in same; [easy | apply hashed'; now left | reflexivity].
  - rewrite bucket_hashes_are_hashes in same.
    apply something in same; [easy | apply hashed; now left | reflexivity].
  - rewrite !bucket_hashes_are_hashes in same.
    apply alone in same; [| apply hashed; now left | apply hashed'; now left].
    injection same as same.
    apply (lists_to_the_end_can_be_read P encode_record); auto. apply records_are_something.
Qed.

Lemma a_bucket_is_no_node rs m :
  incl (trie_messages (leaf rs)) ms ->
  In (Nodes, m) ms ->
  bucket_hash rs <> hash Nodes m.
Proof using free.
  destruct free as [alone something]. intros hashed hashed' same.
  change (hash Nodes m) with (digest (Nodes, m)) in same.
  destruct rs as [| r rs]; [now apply (something (Nodes, m)) |].
  rewrite bucket_hashes_are_hashes in same. apply alone in same; [easy | | assumption].
  apply hashed. now left.
Qed.

Theorem equal_trees_have_equal_records levels rs ss :
  rising rs = true ->
  rising ss = true ->
  (forall r, In r rs -> P r) ->
  (forall r, In r ss -> P r) ->
  incl (trie_messages (build levels rs)) ms ->
  incl (trie_messages (build levels ss)) ms ->
  tree levels rs = tree levels ss ->
  rs = ss.
Proof using can_be_read free one_length.
  revert rs ss. induction levels as [| levels IH]; intros rs ss rises rises' good good';
    cbn [state_hash.build state_hash.tree].
  - intros. now apply equal_buckets_have_equal_records.
  - destruct (is_small rs), (is_small ss); intros hashed hashed' same.
    + now apply equal_buckets_have_equal_records.
    + apply a_bucket_is_no_node in same; [easy | assumption |].
      rewrite <- !the_kept_root_is_the_hash_of_the_records. apply hashed'. now left.
    + symmetry in same. apply a_bucket_is_no_node in same; [easy | assumption |].
      rewrite <- !the_kept_root_is_the_hash_of_the_records. apply hashed. now left.
    + cbn [trie_messages state_hash.branch] in hashed, hashed'.
      rewrite !the_kept_root_is_the_hash_of_the_records in hashed, hashed'.
      apply incl_cons_inv in hashed as [here below], hashed' as [here' below'].
      apply incl_app_inv in below as [a below], below' as [a' below'].
      apply incl_app_inv in below as [b below], below' as [b' below'].
      apply incl_app_inv in below as [c d], below' as [c' d'].
      match type of same with
      | hash _ ?m = hash _ ?m' => apply (proj1 free (Nodes, m) (Nodes, m') here here') in same
      end.
      injection same as same.
      apply equal_lengths_split in same as [same_a same];
        [| now rewrite !a_tree_has_the_length_of_a_digest].
      apply equal_lengths_split in same as [same_b same];
        [| now rewrite !a_tree_has_the_length_of_a_digest].
      apply equal_lengths_split in same as [same_c same_d];
        [| now rewrite !a_tree_has_the_length_of_a_digest].
      apply (equal_children_make_equal_records (S levels)); auto; apply IH; auto;
        intros r there; apply in_child in there as [there _]; auto.
Qed.

(** *** Going down where hashes differ *)

Lemma differing_steps s t :
  differing s t =
  if equal compare_bytes (root s) (root t) then []
  else match s, t with
       | Branch _ _ a b c d, Branch _ _ a' b' c' d' =>
           differing a a' ++ differing b b' ++ differing c c' ++ differing d d'
       | _, _ => [(gather s, gather t)]
       end.
Proof. now destruct s. Qed.

Definition swap {A B : Type} (p : A * B) : B * A := (snd p, fst p).

Lemma differing_either_way s t : differing t s = map swap (differing s t).
Proof.
  revert t. induction s as [x rs | n x a IHa b IHb c IHc d IHd]; intros t;
    rewrite (differing_steps t), (differing_steps _ t), (equal_either_way compare_bytes (root t));
    destruct (equal compare_bytes _ (root t)); try reflexivity; destruct t; try reflexivity.
  now rewrite IHa, IHb, IHc, IHd, !map_app.
Qed.

(** What is compared is what both have there, and it differs. *)
Lemma what_is_compared_differs levels rs ss p :
  rising rs = true ->
  rising ss = true ->
  In p (differing (build levels rs) (build levels ss)) ->
  fst p <> snd p
  /\ (forall r, In r (fst p) -> In r rs)
  /\ (forall r, In r (fst p) -> In r ss -> In r (snd p)).
Proof.
  revert rs ss. induction levels as [| levels IH]; intros rs ss rises rises';
    rewrite differing_steps;
    match goal with
    | |- context [equal compare_bytes ?x ?y] =>
        destruct (equal_is_equality compare_bytes x y) as [| different]
    end; try easy.
  - intros [<- | []]. cbn [fst snd gather state_hash.build state_hash.leaf].
    repeat split; auto. intros ->. now apply different.
  - assert (rs <> ss) as unequal by (intros ->; now apply different). clear different.
    pose proof (the_tree_has_its_records (S levels) rs rises) as all.
    pose proof (the_tree_has_its_records (S levels) ss rises') as all'.
    revert all all'. cbn [state_hash.build].
    assert (forall s t, gather s = rs -> gather t = ss -> p = (gather s, gather t) ->
      fst p <> snd p
      /\ (forall r, In r (fst p) -> In r rs)
      /\ (forall r, In r (fst p) -> In r ss -> In r (snd p))) as whole.
    { intros s t -> -> ->. cbn [fst snd]. auto. }
    destruct (is_small rs), (is_small ss); intros all all' there;
      try (destruct there as [<- | []]; now apply whole with (1 := all) (2 := all')).
    cbn [state_hash.branch] in there. rewrite !in_app_iff in there.
    assert (forall i,
      In p (differing (build levels (child (S levels) i rs))
              (build levels (child (S levels) i ss))) ->
      fst p <> snd p
      /\ (forall r, In r (fst p) -> In r rs)
      /\ (forall r, In r (fst p) -> In r ss -> In r (snd p))) as below.
    { intros i there_i. apply IH in there_i as (unequal_i & part & common); auto.
      split; [exact unequal_i |]. split; intros r r_in.
      - apply part in r_in. now apply in_child in r_in.
      - intros r_in'. apply common; [exact r_in |]. apply in_child. split; [exact r_in' |].
        apply part in r_in. now apply in_child in r_in. }
    destruct there as [there | [there | [there | there]]]; eapply below; exact there.
Qed.

Local Notation within := (within hash).
Local Notation ends_at := (ends_at hash).
Local Notation differ_at := (differ_at hash).
Local Notation compared_at := (compared_at hash).

Lemma comparing_at_the_top levels rs ss :
  compared_at levels rs ss [] <->
  differ_at levels [] rs ss = true /\ ends_at levels [] rs || ends_at levels [] ss = true.
Proof.
  split; [now intros [differ ends _] |]. intros [differ ends]. split; auto.
  intros before below split some. symmetry in split. now apply app_eq_nil in split as [_ ->].
Qed.

Lemma comparing_further_down levels rs ss i place :
  compared_at (S levels) rs ss (i :: place) <->
  (differ_at (S levels) [] rs ss = true
   /\ ends_at (S levels) [] rs = false
   /\ ends_at (S levels) [] ss = false)
  /\ compared_at levels (child (S levels) i rs) (child (S levels) i ss) place.
Proof.
  split.
  - intros [differ ends above]. split.
    + now apply (above [] (i :: place)).
    + split; auto. intros before below -> some. now apply (above (i :: before) below).
  - intros [top [differ ends above]]. split; auto. intros [| i' before] below split some.
    + exact top.
    + injection split as <- split. now apply (above before below).
Qed.

Lemma nothing_is_within_nothing levels place : within levels place [] = [].
Proof. revert levels. induction place; intros levels; [reflexivity | apply IHplace]. Qed.

Lemma only_four_ways_are_compared levels rs ss i place :
  compared_at levels (child (S levels) i rs) (child (S levels) i ss) place ->
  i = 0 \/ i = 1 \/ i = 2 \/ i = 3.
Proof.
  intros [differ _ _]. destruct (N.lt_ge_cases i 4) as [|]; [lia |]. exfalso.
  assert (forall rs, child (S levels) i rs = []) as none.
  { intros rs'. unfold state_hash.child. apply definition_proof.filtering_none. intros r _. apply N.eqb_neq.
    destruct (there_are_four_ways (S levels) r) as [-> | [-> | [-> | ->]]]; lia. }
  rewrite !none in differ. unfold state_hash.differ_at in differ.
  rewrite nothing_is_within_nothing, (equal_to_itself compare_bytes) in differ. easy.
Qed.

(** What is compared is exactly what is there, at the places to which going down leads. *)
Theorem going_down_compares_exactly_there levels rs ss p :
  rising rs = true ->
  rising ss = true ->
  In p (differing (build levels rs) (build levels ss)) <->
  exists place,
    compared_at levels rs ss place /\ p = (within levels place rs, within levels place ss).
Proof.
  revert rs ss. induction levels as [| levels IH]; intros rs ss rises rises';
    rewrite differing_steps, !the_kept_root_is_the_hash_of_the_records.
  - split.
    + destruct (equal compare_bytes (tree 0 rs) (tree 0 ss)) eqn:same; [easy |].
      intros [<- | []]. exists []. split; [| reflexivity]. apply comparing_at_the_top.
      split; [| reflexivity]. unfold state_hash.differ_at. cbn [length Nat.sub state_hash.within].
      now rewrite same.
    + intros ([| i place] & [differ _ above] & ->).
      * unfold state_hash.differ_at in differ. cbn [length Nat.sub state_hash.within] in differ.
        apply negb_true_iff in differ. rewrite differ. now left.
      * destruct (above [] (i :: place)) as (_ & ends & _); easy.
  - assert (differ_at (S levels) [] rs ss
      = negb (equal compare_bytes (tree (S levels) rs) (tree (S levels) ss))) as top by reflexivity.
    destruct (equal compare_bytes (tree (S levels) rs) (tree (S levels) ss)) eqn:same;
      cbn [negb] in top.
    { split; [easy |]. intros ([| i place] & compared & _).
      - apply comparing_at_the_top in compared as [differ _]. congruence.
      - apply comparing_further_down in compared as [[differ _] _]. congruence. }
    pose proof (the_tree_has_its_records (S levels) rs rises) as all.
    pose proof (the_tree_has_its_records (S levels) ss rises') as all'.
    revert all all'. cbn [state_hash.build].
    assert (forall s t, gather s = rs -> gather t = ss ->
      is_small rs = true \/ is_small ss = true ->
      In p [(gather s, gather t)] <->
      exists place, compared_at (S levels) rs ss place
        /\ p = (within (S levels) place rs, within (S levels) place ss)) as whole.
    { intros s t -> -> ends. split.
      - intros [<- | []]. exists []. split; [| reflexivity]. apply comparing_at_the_top.
        split; [exact top |]. apply orb_true_iff.
        destruct ends as [small | small]; [left | right]; exact small.
      - intros ([| i place] & compared & ->); [now left |].
        apply comparing_further_down in compared as [(_ & go & go') _].
        change (is_small rs = false) in go. change (is_small ss = false) in go'.
        destruct ends; congruence. }
    destruct (is_small rs) eqn:small, (is_small ss) eqn:small'; intros all all';
      try (exact (whole _ _ all all' ltac:(auto))).
    clear whole all all'. cbn [state_hash.branch]. rewrite !in_app_iff, !IH by auto.
    split.
    + assert (forall i,
        (exists place, compared_at levels (child (S levels) i rs) (child (S levels) i ss) place
          /\ p = (within levels place (child (S levels) i rs),
                within levels place (child (S levels) i ss))) ->
        exists place, compared_at (S levels) rs ss place
          /\ p = (within (S levels) place rs, within (S levels) place ss)) as below.
      { intros i (place & compared & ->). exists (i :: place). split; [| reflexivity].
        apply comparing_further_down. split; [| exact compared]. repeat split.
        - exact top.
        - exact small.
        - exact small'. }
      intros [there | [there | [there | there]]]; eapply below; exact there.
    + intros ([| i place] & compared & ->).
      * apply comparing_at_the_top in compared as [_ ends].
        change (is_small rs || is_small ss = true) in ends. now rewrite small, small' in ends.
      * apply comparing_further_down in compared as [_ compared].
        destruct (only_four_ways_are_compared _ _ _ _ _ compared) as [-> | [-> | [-> | ->]]];
          eauto 8.
Qed.

Lemma what_differs_is_compared levels rs ss r :
  rising rs = true ->
  rising ss = true ->
  (forall r, In r rs -> P r) ->
  (forall r, In r ss -> P r) ->
  incl (trie_messages (build levels rs)) ms ->
  incl (trie_messages (build levels ss)) ms ->
  In r rs ->
  ~ In r ss ->
  exists p, In p (differing (build levels rs) (build levels ss)) /\ In r (fst p).
Proof using can_be_read free one_length.
  revert rs ss. induction levels as [| levels IH]; intros rs ss rises rises' good good' hashed
    hashed' here not_there;
    rewrite differing_steps;
    match goal with
    | |- context [equal compare_bytes ?x ?y] =>
        destruct (equal_is_equality compare_bytes x y) as [same | _]
    end;
    try (rewrite !the_kept_root_is_the_hash_of_the_records in same;
      apply equal_trees_have_equal_records in same; auto; now rewrite same in here).
  - exists (rs, ss). split; [now left | exact here].
  - pose proof (the_tree_has_its_records (S levels) rs rises) as all.
    pose proof (the_tree_has_its_records (S levels) ss rises') as all'.
    assert (In r (gather (build (S levels) rs))) as here' by now rewrite all.
    clear all all'. revert hashed hashed' here'. cbn [state_hash.build].
    destruct (is_small rs), (is_small ss); intros hashed hashed' here';
      try (eexists; split; [left; reflexivity | exact here']).
    clear here'. cbn [trie_messages state_hash.branch] in hashed, hashed' |- *.
    apply incl_cons_inv in hashed as [_ below], hashed' as [_ below'].
    apply incl_app_inv in below as [a below], below' as [a' below'].
    apply incl_app_inv in below as [b below], below' as [b' below'].
    apply incl_app_inv in below as [c d], below' as [c' d'].
    assert (forall i, way (S levels) r = i ->
      incl (trie_messages (build levels (child (S levels) i rs))) ms ->
      incl (trie_messages (build levels (child (S levels) i ss))) ms ->
      exists p, In p (differing (build levels (child (S levels) i rs))
                        (build levels (child (S levels) i ss))) /\ In r (fst p)) as on_way.
    { intros i goes part part'. apply IH; auto.
      - intros s s_in. apply in_child in s_in as [s_in _]. auto.
      - intros s s_in. apply in_child in s_in as [s_in _]. auto.
      - now apply in_child.
      - now rewrite in_child. }
    destruct (there_are_four_ways (S levels) r) as [goes | [goes | [goes | goes]]];
      (apply on_way in goes as (p & there & r_in); [| assumption | assumption]);
      exists p; rewrite !in_app_iff; auto.
Qed.

(** The buckets that are reached are exactly those that hold the records in which the trees
    differ. *)
Theorem going_down_finds_what_differs levels rs ss r :
  rising rs = true ->
  rising ss = true ->
  (forall r, In r rs -> P r) ->
  (forall r, In r ss -> P r) ->
  incl (trie_messages (build levels rs)) ms ->
  incl (trie_messages (build levels ss)) ms ->
  (In r rs /\ ~ In r ss <->
    exists p, In p (differing (build levels rs) (build levels ss))
      /\ In r (fst p) /\ ~ In r (snd p))
  /\ (In r ss /\ ~ In r rs <->
    exists p, In p (differing (build levels rs) (build levels ss))
      /\ In r (snd p) /\ ~ In r (fst p)).
Proof using can_be_read free one_length.
  assert (forall rs ss, rising rs = true -> rising ss = true ->
    (forall r, In r rs -> P r) ->
    (forall r, In r ss -> P r) ->
    incl (trie_messages (build levels rs)) ms ->
    incl (trie_messages (build levels ss)) ms ->
    In r rs /\ ~ In r ss <->
    exists p, In p (differing (build levels rs) (build levels ss))
      /\ In r (fst p) /\ ~ In r (snd p)) as half.
  { intros xs ys rises rises' good good' hashed hashed'. split.
    - intros [here not_there].
      destruct (what_differs_is_compared levels xs ys r) as (p & there & r_in); auto.
      exists p. split; [exact there |]. split; [exact r_in |]. intros r_in'. apply not_there.
      rewrite differing_either_way in there. apply in_map_iff in there as (q & <- & there).
      now apply what_is_compared_differs in there as (_ & part & _); auto.
    - intros (p & there & r_in & not_in).
      apply what_is_compared_differs in there as (_ & part & common); auto. }
  intros. split; [now apply half |]. rewrite (half ss rs) by assumption.
  split; intros (p & there & r_in & not_in); exists (swap p); (split; [| now split]).
  - rewrite differing_either_way. now apply in_map.
  - rewrite (differing_either_way (build levels rs)). now apply in_map.
Qed.
End Free.
End State_hash.
