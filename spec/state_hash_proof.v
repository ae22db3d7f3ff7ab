(** Laws of the state hash.

    What is hashed can be read back: encodings are prefix-free. So equal hashes mean equal records,
    unless two messages that were hashed have one digest; and the tree that is kept and updated is
    the tree that is made from nothing but the records. *)

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
Local Notation object := (replica.object Name Value).
Local Notation objects := (replica.objects Name Value).
Existing Instance messages_are_ordered.
Local Notation build := (build hash).

(** ** Objects *)

Local Notation records := (records compare_name compare_value null name_bytes value_bytes hash).
Local Notation object_hash :=
  (object_hash compare_name compare_value null name_bytes value_bytes hash).
Local Notation object_messages :=
  (object_messages compare_name compare_value null name_bytes value_bytes hash).
Local Notation replica_bytes :=
  (replica_bytes compare_name compare_value null name_bytes value_bytes hash).
Local Notation replica_hash :=
  (replica_hash compare_name compare_value null name_bytes value_bytes hash).
Local Notation replica_messages :=
  (replica_messages compare_name compare_value null name_bytes value_bytes hash).
Local Notation settled := (settled compare_name compare_value).
Local Notation well_formed_object := (replica.well_formed_object compare_name compare_value).
Local Notation clash_free := (clash_free hash).
Local Notation what_is_found_is_a_clash := (what_is_found_is_a_clash hash).
Local Notation nothing_found_means_free := (nothing_found_means_free hash).
Local Notation going_down_finds_what_differs := (going_down_finds_what_differs hash one_length).
Local Notation the_messages_of_a_part :=
  (the_messages_of_a_part compare_name compare_value null name_bytes value_bytes hash).

Section Free.
Context (ms : list message) (free : clash_free ms).
Local Notation of_type := (of_type compare_name compare_value null name_bytes value_bytes hash ms).
Local Notation records_of_a_type_can_be_read :=
  (records_of_a_type_can_be_read compare_name compare_value null name_bytes value_bytes hash
    names_differ values_differ one_length ms free).
Local Notation records_are_of_their_type :=
  (records_are_of_their_type compare_name compare_value null name_bytes value_bytes hash ms).
Local Notation equal_object_hashes_mean_equal_records :=
  (equal_object_hashes_mean_equal_records compare_name compare_value null name_bytes value_bytes
    hash names_differ values_differ one_length ms free).

(** *** Replicas *)

Definition named_hash (b : bool) (entry : Name * object) : bytes * bytes :=
  (name_bytes (fst entry), object_hash b (snd entry)).

Lemma replica_bytes_are_those_of_named_hashes b xs :
  replica_bytes b xs = flat_map (fun p => str (fst p) ++ snd p) (map (named_hash b) xs).
Proof. unfold state_hash.replica_bytes. induction xs; cbn; congruence. Qed.

Lemma replica_bytes_can_be_read b xs ys :
  replica_bytes b xs = replica_bytes b ys ->
  map (named_hash b) xs = map (named_hash b) ys.
Proof using one_length.
  rewrite !replica_bytes_are_those_of_named_hashes.
  apply (lists_to_the_end_can_be_read (fun p => length (snd p) = digest_length)).
  - intros [n h] [n' h'] r s. cbn [fst snd]. intros fits fits'. rewrite <- !app_assoc.
    intros same. apply strings_can_be_read in same as [-> same].
    apply equal_lengths_split in same as [-> ->]; [easy | congruence].
  - intros p none. apply app_eq_nil in none as [none _]. now apply strings_are_something in none.
  - intros p there. apply in_map_iff in there as (entry & <- & _). apply one_length.
  - intros p there. apply in_map_iff in there as (entry & <- & _). apply one_length.
Qed.

Definition all_fine (xs : objects) : Prop :=
  forall entry, In entry xs ->
    well_formed_object (snd entry) = true /\ settled (snd entry) = true.

Theorem equal_replica_hashes_mean_equal_records xs ys :
  all_fine xs ->
  all_fine ys ->
  incl (replica_messages xs) ms ->
  incl (replica_messages ys) ms ->
  replica_hash false xs = replica_hash false ys ->
  replica_hash true xs = replica_hash true ys ->
  without_vectors xs = without_vectors ys.
Proof using free lawful_names lawful_values names_differ one_length values_differ.
  intros good good' hashed hashed' content removals.
  apply incl_cons_inv in hashed as [here hashed], hashed' as [here' hashed'].
  apply incl_cons_inv in hashed as [also objects_hashed], hashed' as [also' objects_hashed'].
  apply (proj1 free (Replicas, _) (Replicas, _) here here') in content.
  apply (proj1 free (Replicas, _) (Replicas, _) also also') in removals.
  apply (f_equal snd) in content, removals. cbn [snd] in content, removals.
  apply replica_bytes_can_be_read in content, removals.
  clear here here' also also'. revert ys good' objects_hashed' content removals.
  induction xs as [| [n x] xs IH]; intros [| [n' y] ys] good' objects_hashed' content removals;
    try easy.
  cbn [flat_map app snd] in objects_hashed, objects_hashed'.
  apply incl_app_inv in objects_hashed as [first rest], objects_hashed' as [first' rest'].
  cbn [map] in content, removals.
  apply equal_lists_are_equal_in_parts in content as [first_content content].
  apply equal_lists_are_equal_in_parts in removals as [first_removals removals].
  pose proof (f_equal fst first_content) as names.
  apply (f_equal snd) in first_content, first_removals.
  cbn [named_hash fst snd] in names, first_content, first_removals.
  unfold without_vectors. cbn [map fst snd]. apply names_differ in names as ->.
  f_equal.
  - f_equal. destruct (good (n', x)) as [fine set], (good' (n', y)) as [fine' set'];
      try (now left).
    now apply equal_object_hashes_mean_equal_records.
  - apply IH; auto; intros entry there; [apply good | apply good']; now right.
Qed.
End Free.

(** ** What a whole state is, from its records and its vector *)

Lemma records_and_vector_make_the_object (x y : object) :
  without_vector x = without_vector y ->
  replica.seen_object x = replica.seen_object y ->
  x = y.
Proof.
  destruct x as [[] | [[] ] | [] | [[] ] | [] | [] | [] | [] | [] | [] | [] | [] | []],
    y as [[] | [[] ] | [] | [[] ] | [] | [] | [] | [] | [] | [] | [] | [] | []];
    try discriminate; cbn; intros same vectors; congruence.
Qed.

Lemma records_and_vectors_make_the_objects (xs ys : objects) :
  without_vectors xs = without_vectors ys ->
  map (fun entry => (fst entry, replica.seen_object (snd entry))) xs
  = map (fun entry => (fst entry, replica.seen_object (snd entry))) ys ->
  xs = ys.
Proof.
  revert ys. induction xs as [| [n x] xs IH]; intros [| [n' y] ys]; try easy.
  cbn. intros [= _ same rest] [= -> vectors others]. f_equal; [| now apply IH].
  f_equal. now apply records_and_vector_make_the_object.
Qed.

(** ** Equal hashes, or a clash that is found *)

Theorem equal_hashes_of_objects_mean_equal_records_or_a_clash x y :
  well_formed_object x = true ->
  well_formed_object y = true ->
  settled x = true ->
  settled y = true ->
  object_hash false x = object_hash false y ->
  object_hash true x = object_hash true y ->
  without_vector x = without_vector y
  \/ exists c, find_clash hash (object_messages x ++ object_messages y) = Some c
       /\ is_clash hash c.
Proof using lawful_names lawful_values names_differ one_length values_differ.
  intros. destruct (find_clash hash (object_messages x ++ object_messages y)) as [c |] eqn:found.
  - right. exists c. split; [reflexivity |]. now apply what_is_found_is_a_clash in found.
  - left. apply nothing_found_means_free in found.
    apply (equal_object_hashes_mean_equal_records compare_name compare_value null name_bytes
      value_bytes hash names_differ values_differ one_length
      (object_messages x ++ object_messages y) found);
      try assumption; [apply incl_appl, incl_refl | apply incl_appr, incl_refl].
Qed.

Theorem equal_hashes_mean_equal_records_or_a_clash xs ys :
  all_fine xs ->
  all_fine ys ->
  replica_hash false xs = replica_hash false ys ->
  replica_hash true xs = replica_hash true ys ->
  without_vectors xs = without_vectors ys
  \/ exists c, find_clash hash (replica_messages xs ++ replica_messages ys) = Some c
       /\ is_clash hash c.
Proof using lawful_names lawful_values names_differ one_length values_differ.
  intros. destruct (find_clash hash (replica_messages xs ++ replica_messages ys)) as [c |]
    eqn:found.
  - right. exists c. split; [reflexivity |]. now apply what_is_found_is_a_clash in found.
  - left. apply nothing_found_means_free in found.
    apply (equal_replica_hashes_mean_equal_records
        (replica_messages xs ++ replica_messages ys) found);
      try assumption; [apply incl_appl, incl_refl | apply incl_appr, incl_refl].
Qed.

(** ** Equal records have equal hashes: vectors are not hashed *)

Lemma records_are_without_vector x : records (without_vector x) = records x.
Proof. now destruct x. Qed.

Theorem equal_records_have_equal_hashes b x y :
  without_vector x = without_vector y ->
  object_hash b x = object_hash b y.
Proof.
  intros same. unfold state_hash.object_hash.
  assert (tag x = tag y) as -> by now destruct x, y.
  now rewrite <- (records_are_without_vector x), same, records_are_without_vector.
Qed.

Theorem replicas_with_equal_records_have_equal_hashes b xs ys :
  without_vectors xs = without_vectors ys ->
  replica_hash b xs = replica_hash b ys.
Proof.
  intros same. unfold state_hash.replica_hash. f_equal. revert ys same.
  induction xs as [| [n x] xs IH]; intros [| [n' y] ys]; try easy.
  cbn [without_vectors map fst snd]. intros same.
  apply equal_lists_are_equal_in_parts in same as [first rest].
  injection first as -> first. unfold state_hash.replica_bytes. cbn [flat_map fst snd].
  rewrite (equal_records_have_equal_hashes b x y first). f_equal. now apply IH.
Qed.

(** ** Going down the trees of two objects *)

Theorem going_down_finds_what_differs_or_a_clash b x y :
  replica.type_of x = replica.type_of y ->
  well_formed_object x = true ->
  well_formed_object y = true ->
  settled x = true ->
  settled y = true ->
  let rs := select b (records x) in
  let ss := select b (records y) in
  let reached := differing (build depth_limit rs) (build depth_limit ss) in
  (forall r,
    (In r rs /\ ~ In r ss <-> exists p, In p reached /\ In r (fst p) /\ ~ In r (snd p))
    /\ (In r ss /\ ~ In r rs <-> exists p, In p reached /\ In r (snd p) /\ ~ In r (fst p)))
  \/ exists c, find_clash hash (object_messages x ++ object_messages y) = Some c
       /\ is_clash hash c.
Proof using lawful_names lawful_values names_differ one_length values_differ.
  intros same_type good good' fine fine'.
  destruct (find_clash hash (object_messages x ++ object_messages y)) as [c |] eqn:found;
    cbv zeta.
  - right. exists c. split; [reflexivity |]. now apply what_is_found_is_a_clash in found.
  - left. apply nothing_found_means_free in found. intros r.
    set (ms := object_messages x ++ object_messages y) in *.
    assert (incl (object_messages x) ms) as hashed by apply incl_appl, incl_refl.
    assert (incl (object_messages y) ms) as hashed' by apply incl_appr, incl_refl.
    apply (going_down_finds_what_differs ms found
      (of_type compare_name compare_value null name_bytes value_bytes hash ms (replica.type_of x))
      (records_of_a_type_can_be_read compare_name compare_value null name_bytes value_bytes
        hash names_differ values_differ one_length ms found _) depth_limit);
      try apply select_is_rising.
    + intros r' there. apply (records_are_of_their_type compare_name compare_value null
        name_bytes value_bytes hash); try assumption.
      * intros m m_in. apply hashed, in_app_iff. now right.
      * apply a_record_is_selected_once. destruct b; [now right | now left].
    + intros r' there. rewrite same_type. apply (records_are_of_their_type compare_name compare_value null
        name_bytes value_bytes hash); try assumption.
      * intros m m_in. apply hashed', in_app_iff. now right.
      * apply a_record_is_selected_once. destruct b; [now right | now left].
    + refine (incl_tran _ hashed). refine (incl_tran _ (the_messages_of_a_part b x)).
      apply incl_tl, incl_refl.
    + refine (incl_tran _ hashed'). refine (incl_tran _ (the_messages_of_a_part b y)).
      apply incl_tl, incl_refl.
Qed.
End State_hash.
