(** What is hashed are bytes.

    What is shown: if names, values and digests are lists of numbers below 256, so is every message
    that the state hash hashes. Definitions: [state_hash.v]. *)

From Coq Require Import List Bool NArith BinInt Lia Permutation.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof state_hash.
From Rejoin Require definition_proof.
From Rejoin Require version_vector decisions g_counter lww_register or_set lww_map log replica.
From Rejoin Require definition decisions_proof.
From Rejoin Require Import or_set_proof log_proof.
From Rejoin Require Import state_hash_codes_proof state_hash_tree_proof state_hash_objects_proof.
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
Local Notation dot_bytes := (dot_bytes name_bytes).
Local Notation origin_bytes := (origin_bytes name_bytes).
Local Notation content_bytes := (content_bytes value_bytes hash).
Local Notation content_messages := (content_messages value_bytes).
Local Notation written_bytes := (written_bytes compare_value null value_bytes hash).
Local Notation written_messages := (written_messages compare_value null value_bytes).
Existing Instance messages_are_ordered.
Local Notation child := (child hash).
Local Notation bucket_hash := (bucket_hash hash).
Local Notation tree := (tree hash).
Local Notation leaf := (leaf hash).
Local Notation build := (build hash).

(** ** Objects *)

Local Notation records := (records compare_name compare_value null name_bytes value_bytes hash).
Local Notation replica_bytes :=
  (replica_bytes compare_name compare_value null name_bytes value_bytes hash).
Local Notation replica_messages :=
  (replica_messages compare_name compare_value null name_bytes value_bytes hash).
Local Notation in_child := (in_child hash).
Local Notation the_kept_root_is_the_hash_of_the_records :=
  (the_kept_root_is_the_hash_of_the_records hash).

(** ** What is hashed are bytes *)

Definition are_bytes (b : bytes) : Prop := Forall (fun n => n < 256) b.

Lemma items_are_bytes {A : Type} (encode : A -> bytes) items :
  (forall x, are_bytes (encode x)) -> are_bytes (flat_map encode items).
Proof.
  intros all. induction items as [| x items IH]; [constructor |]. cbn [flat_map].
  apply Forall_app. split; [apply all | exact IH].
Qed.

Lemma numbers_are_bytes n : are_bytes (uv n).
Proof.
  unfold uv. pose proof (every_number_has_enough_digits n) as fits.
  revert fits. generalize (N.to_nat (N.size n)) as most. intros most. revert n.
  induction most as [most IH] using (well_founded_induction Wf_nat.lt_wf). intros n fits.
  destruct (N.lt_ge_cases n 128) as [small | large].
  - rewrite small_numbers_have_one_digit by assumption. repeat constructor. lia.
  - apply large_numbers_have_more_digits in fits as (fewer & -> & -> & fits); [| assumption].
    constructor; [| apply IH; [lia | exact fits]].
    pose proof (N.mod_lt n 128 ltac:(easy)) as low. change 256 with (128 + 128).
    now apply N.add_lt_mono_l.
Qed.

Lemma strings_are_bytes b : are_bytes b -> are_bytes (str b).
Proof. intros. apply Forall_app. split; [apply numbers_are_bytes | assumption]. Qed.

Section Bytes.
Context (names_are_bytes : forall name, are_bytes (name_bytes name)).
Context (values_are_bytes : forall v, are_bytes (value_bytes v)).
Context (digests_are_bytes : forall d m, are_bytes (hash d m)).

Lemma origins_are_bytes o : are_bytes (origin_bytes o).
Proof using names_are_bytes.
  apply Forall_app. split; [now apply strings_are_bytes | apply numbers_are_bytes].
Qed.

Lemma dots_are_bytes d : are_bytes (dot_bytes d).
Proof using names_are_bytes.
  apply Forall_app. split; [apply origins_are_bytes | apply numbers_are_bytes].
Qed.

Lemma contents_are_bytes v : are_bytes (content_bytes v).
Proof using digests_are_bytes values_are_bytes.
  unfold state_hash.content_bytes. destruct (is_long (value_bytes v)); (constructor; [easy |]).
  - apply digests_are_bytes.
  - apply strings_are_bytes, values_are_bytes.
Qed.

Lemma written_values_are_bytes v : are_bytes (written_bytes v).
Proof using digests_are_bytes values_are_bytes.
  unfold state_hash.written_bytes. destruct (is_null _ _ v); [repeat constructor |].
  apply contents_are_bytes.
Qed.

Lemma presences_are_bytes p : are_bytes (presence_bytes p).
Proof. now destruct p; repeat constructor. Qed.

Lemma bodies_are_bytes {Effect : Type} compare_effect (effect_bytes : Effect -> bytes) x :
  (forall e, are_bytes (effect_bytes e)) ->
  are_bytes (body_bytes compare_name name_bytes compare_effect effect_bytes x).
Proof using names_are_bytes.
  intros effects.
  assert (forall d, are_bytes (decision_bytes name_bytes effect_bytes d)) as decisions.
  { intros d. apply Forall_app. split; [apply dots_are_bytes |].
    apply Forall_app. split; [apply numbers_are_bytes |].
    apply Forall_app. split; [apply numbers_are_bytes |].
    apply Forall_app. split; [| apply effects].
    destruct (decisions.user_of d); [| repeat constructor].
    constructor; [easy | now apply strings_are_bytes]. }
  apply Forall_app. split; [apply numbers_are_bytes |].
  apply Forall_app. split; [now apply items_are_bytes |].
  unfold winner_bytes. destruct (snd x); [| repeat constructor].
  destruct (member _ _ _); [repeat constructor |]. constructor; [easy | apply decisions].
Qed.

Lemma integers_are_bytes n : are_bytes (integer_bytes n).
Proof.
  destruct n; [repeat constructor | |]; (constructor; [easy | apply numbers_are_bytes]).
Qed.

Lemma records_are_bytes x r : In r (map snd (records x)) -> are_bytes (encode_record r).
Proof using digests_are_bytes names_are_bytes values_are_bytes.
  intros there.
  assert (are_bytes (fst r) /\ are_bytes (snd r)) as [key body].
  { apply in_map_iff in there as (entry & <- & there).
    destruct x as [s | s | s | s | s | s | s | s | s | s | s | s | s];
      try (apply in_map_iff in there as (item & <- & there); cbn [fst snd]; split;
        auto using origins_are_bytes, dots_are_bytes, numbers_are_bytes;
        try (apply bodies_are_bytes;
          auto using written_values_are_bytes, presences_are_bytes)).
    - constructor.
    - apply Forall_app. split; [apply numbers_are_bytes |].
      apply Forall_app. split; [apply numbers_are_bytes | apply contents_are_bytes].
    - apply in_app_iff in there as [there | there];
        apply in_map_iff in there as (item & <- & there); cbn [fst snd];
        (split; [constructor; [easy | apply origins_are_bytes] | apply numbers_are_bytes]).
    - constructor.
    - constructor.
    - constructor.
    - cbn [state_hash.records] in there. unfold integer_records in there.
      destruct (max_register.greatest s); [| easy]. destruct there as [<- | []].
      split; [constructor | apply integers_are_bytes].
    - cbn [state_hash.records] in there. unfold integer_records in there.
      destruct (max_register.greatest s); [| easy]. destruct there as [<- | []].
      split; [constructor | apply integers_are_bytes]. }
  apply Forall_app. split; [now apply strings_are_bytes | exact body].
Qed.

Lemma trees_are_bytes levels rs : are_bytes (tree levels rs).
Proof using digests_are_bytes.
  assert (forall rs, are_bytes (bucket_hash rs)) as buckets.
  { intros [| r' rs']; [| apply digests_are_bytes]. now repeat constructor. }
  destruct levels; cbn [state_hash.tree]; [apply buckets |].
  destruct (is_small rs); [apply buckets | apply digests_are_bytes].
Qed.

Lemma messages_of_trees_are_bytes levels rs m :
  (forall r, In r rs -> are_bytes (encode_record r)) ->
  In m (trie_messages (build levels rs)) ->
  are_bytes (snd m).
Proof using digests_are_bytes.
  assert (forall rs, (forall r, In r rs -> are_bytes (encode_record r)) ->
    In m (trie_messages (leaf rs)) -> are_bytes (snd m)) as leaves.
  { intros [| r rs'] all; [easy |]. intros [<- | []]. cbn [snd].
    assert (forall r', In r' (r :: rs') -> are_bytes (encode_record r')) as each by exact all.
    unfold bucket_bytes. clear all. induction (r :: rs') as [| r' rest IH]; [constructor |].
    cbn [flat_map]. apply Forall_app. split; [apply each; now left |].
    apply IH. intros r'' there. apply each. now right. }
  revert rs. induction levels as [| levels IH]; intros rs all; cbn [state_hash.build];
    [now apply leaves |].
  destruct (is_small rs); [now apply leaves |].
  cbn [trie_messages state_hash.branch]. rewrite !the_kept_root_is_the_hash_of_the_records.
  intros [<- | there].
  - cbn [snd]. apply Forall_app. split; [apply trees_are_bytes |].
    apply Forall_app. split; [apply trees_are_bytes |].
    apply Forall_app. split; apply trees_are_bytes.
  - rewrite !in_app_iff in there.
    assert (forall i, In m (trie_messages (build levels (child (S levels) i rs))) ->
      are_bytes (snd m)) as below.
    { intros i. apply IH. intros r r_in. apply in_child in r_in as [r_in _]. auto. }
    destruct there as [there | [there | [there | there]]]; eapply below; exact there.
Qed.

Lemma messages_of_a_part_are_bytes levels rs t m :
  t < 256 ->
  (forall r, In r rs -> are_bytes (encode_record r)) ->
  In m ((Objects, t :: tree levels rs) :: trie_messages (build levels rs)) ->
  are_bytes (snd m).
Proof using digests_are_bytes.
  intros small all [<- | there].
  - constructor; [exact small | apply trees_are_bytes].
  - now apply messages_of_trees_are_bytes in there.
Qed.

(** Names and values being bytes, all messages that are hashed are. *)
Theorem what_is_hashed_are_bytes xs m : In m (replica_messages xs) -> are_bytes (snd m).
Proof using digests_are_bytes names_are_bytes values_are_bytes.
  assert (forall b, are_bytes (replica_bytes b xs)) as whole.
  { intros b. apply items_are_bytes. intros [n x]. cbn [fst snd]. apply Forall_app.
    split; [now apply strings_are_bytes | apply digests_are_bytes]. }
  intros [<- | [<- | there]]; [apply whole | apply whole |].
  apply in_flat_map in there as ([n x] & _ & there). cbn [snd] in there.
  assert (forall v, In m (content_messages v) -> are_bytes (snd m)) as contents.
  { intros v. unfold state_hash.content_messages.
    destruct (is_long (value_bytes v)); [| easy]. intros [<- | []]. apply values_are_bytes. }
  assert (forall v, In m (written_messages v) -> are_bytes (snd m)) as written.
  { intros v. unfold state_hash.written_messages. destruct (is_null _ _ v); [easy |].
    apply contents. }
  apply in_app_iff in there as [there | there].
  - apply in_flat_map in there as (b & _ & there).
    refine (messages_of_a_part_are_bytes depth_limit (select b (records x)) (tag x) m _ _ there).
    + now destruct x.
    + intros r r_in. apply (records_are_bytes x). apply a_record_is_selected_once.
      destruct b; [now right | now left].
  - destruct x as [s | s | s | s | s | s | s | s | s | s | s | s | s]; try easy;
      cbn [state_hash.value_messages] in there.
    + apply in_flat_map in there as (entry & _ & there).
      apply in_flat_map in there as (d & _ & there). now apply written in there.
    + apply in_flat_map in there as (entry & _ & there).
      apply in_flat_map in there as (d & _ & there). now apply written in there.
    + apply in_flat_map in there as (e & _ & there). now apply contents in there.
    + apply in_flat_map in there as (entry & _ & there).
      apply in_flat_map in there as (d & _ & there). now apply written in there.
    + apply in_flat_map in there as (entry & _ & there).
      apply in_flat_map in there as (d & _ & there). now apply written in there.
Qed.
End Bytes.
End State_hash.
