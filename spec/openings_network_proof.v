(** Disks that are put back lose nothing and mix nothing, in every reachable world.

    In every reachable world and for each object there is one forest of all that happened
    ([openings_proof.v]), and what each disk, copy and message holds is a part of it, under the
    names that this part gives. *)

From Coq Require Import List Bool NArith Lia.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof openings.
From Rejoin Require Import openings_names_proof openings_forks_proof openings_proof openings_performing_proof openings_meaning_proof openings_network.
From Rejoin Require version_vector version_vector_proof.
Import ListNotations.
Open Scope N_scope.

Section Network.
Context {Name : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (first : N -> origin Name).
Local Notation compare_dot := (compare_dot compare_name).
Local Notation path := (path (Name := Name) (Content := N)).
Local Notation held := (held Name N).
Local Notation world := (world Name).
Local Notation step := (step compare_name first).
Local Notation reachable := (reachable compare_name first).
Implicit Types S U V T : list path.

Definition is_first (o : origin Name) : Prop := exists i, o = first i.

Local Notation held_of T := (held_of compare_name T is_first).
Local Notation delta_of T := (delta_of compare_name T).
Local Notation named_in T := (named_in compare_name T).

(** ** What happens later leaves what is known as it is *)

Lemma knowing_lasts T u S : known_of T S -> known_of (u :: T) S.
Proof. intros [happened followed]. split; [intros v there; right; auto | exact followed]. Qed.

Lemma names_last T u U S H k : named_in T U S H k -> named_in (u :: T) U S H k.
Proof. intros [known part all is_due begun held]. split; auto. now apply knowing_lasts. Qed.

Lemma holding_lasts T u S h : held_of T S h -> held_of (u :: T) S h.
Proof. intros (H & names & rest). exists H. split; [now apply names_last | exact rest]. Qed.

Lemma deltas_last T u U V d : delta_of T U V d -> delta_of (u :: T) U V d.
Proof.
  intros (H & D & names & known & rest). exists H, D.
  split; [now apply names_last | split; [now apply knowing_lasts | exact rest]].
Qed.

(** ** Every step keeps what is sound *)

Record sound_object (w : world) (object : Name) (T : list path) : Prop := {
  happened_as_a_forest : forest T;
  happened_from_first : forall u, In u T -> is_first (root u);
  happened_under_openings : forall p q b x, In (Follows p q b x) T -> In q (drawn w);
  happened_so_far : forall p q b x, In (Follows p q b x) T -> x <= performed w;
  disks_hold : forall i, exists S, held_of T S (objects (disks w i) object) /\
    forall q, process (disks w i) = Some q -> forall u, In u T -> opening_of u = q -> In u S;
  backups_hold : forall b, In b (backups w) -> exists S, held_of T S (b object);
  versions_are_known : forall k, In (Version object k) (sent w) -> exists S H, named_in T S S H k;
  changes_bring : forall d, In (Changes object d) (sent w) -> exists U V, delta_of T U V d
}.

Record sound (w : world) : Prop := {
  openings_are_new : forall q i, In q (drawn w) -> incarnation (first i) <> q;
  processes_drew : forall i q, process (disks w i) = Some q -> In q (drawn w);
  processes_differ : forall i j q,
    process (disks w i) = Some q -> process (disks w j) = Some q -> i = j;
  objects_are_sound : forall object, exists T, sound_object w object T
}.

Lemma at_disk i d (ds : N -> disk Name) j :
  with_disk i d ds j = if j =? i then d else ds j.
Proof. reflexivity. Qed.

Lemma nothing_holds {V : Type} (value : path -> option V) :
  holds compare_name value [] [] [].
Proof. split; [reflexivity |]. intros d v. split; [easy | now intros (u & [] & _)]. Qed.

Lemma nothing_is_named : named_in ([] : list path) [] [] [] (bottom (Name := Name)).
Proof.
  split; try easy.
  split; [split; [reflexivity |] | apply nothing_holds]. intros d.
  rewrite (version_vector_proof.bottom_contains_nothing compare_name). split; [easy |].
  now intros (u & [] & _).
Qed.

Lemma the_start_is_sound : sound (start first).
Proof.
  split; cbn; try easy. intros object. exists [].
  assert (forest ([] : list path)) as grown by (constructor; easy).
  refine (Build_sound_object _ _ _ grown _ _ _ _ _ _ _); try easy.
  intros i. exists []. split; [| easy]. exists [].
  split; [exact nothing_is_named | split; [apply nothing_holds | right; now exists i]].
Qed.

Lemma an_object_is_sound_with_other_disks w w' object T :
  sound_object w object T ->
  incl (drawn w) (drawn w') ->
  performed w <= performed w' ->
  (forall i, exists S, held_of T S (objects (disks w' i) object) /\
    forall q, process (disks w' i) = Some q -> forall u, In u T -> opening_of u = q -> In u S) ->
  (forall b, In b (backups w') -> In b (backups w) \/ exists i, b = objects (disks w i)) ->
  (forall m, In m (sent w') -> In m (sent w)) ->
  sound_object w' object T.
Proof.
  intros [grown roots openings_drawn so_far on_disks in_backups versions changes]
    more_drawn more disks' backups' sent'.
  split; auto.
  - intros p q b x there. eauto.
  - intros p q b x there. specialize (so_far p q b x there). lia.
  - intros b there. destruct (backups' b there) as [| (i & ->)]; [auto |].
    destruct (on_disks i) as (S & holds & _). now exists S.
Qed.

Lemma a_message_is_sound w object T m :
  sound_object w object T ->
  (forall k, m = Version object k -> exists S H, named_in T S S H k) ->
  (forall d, m = Changes object d -> exists U V, delta_of T U V d) ->
  sound_object (World (disks w) (backups w) (m :: sent w) (drawn w) (performed w)) object T.
Proof.
  intros [grown roots openings_drawn so_far on_disks in_backups versions changes] version change.
  split; auto.
  - intros k [same | there]; auto.
  - intros d [same | there]; auto.
Qed.

Lemma writing_is_sound w i object q :
  sound w ->
  process (disks w i) = Some q ->
  must_draw compare_name q (objects (disks w i) object) = false ->
  forall other, exists T, sound_object (World
    (with_disk i (Disk (Some q) (with_object compare_name object
      (perform compare_name q (performed w + 1) (objects (disks w i) object))
      (objects (disks w i)))) (disks w))
    (backups w) (sent w) (drawn w) (performed w + 1)) other T.
Proof using lawful_names.
  intros [new drew differ all_objects] running go other.
  destruct (equal_is_equality compare_name other object) as [-> | elsewhere].
  - destruct (all_objects object) as (T & here).
    destruct here as [grown roots openings_drawn so_far on_disks in_backups versions changes].
    destruct (on_disks i) as (S & holds & knows).
    assert (forall p r b, ~ In (Follows p r b (performed w + 1)) T) as unheard
      by (intros p r b there; specialize (so_far p r b _ there); lia).
    assert (forall p r x o, In (Follows p r true x) T -> is_first o -> incarnation o <> r) as no_first
      by (intros p r x o there (j & ->); apply new; eauto).
    assert (forall o, is_first o -> incarnation o <> q) as not_this
      by (intros o (j & ->); apply new; eauto).
    destruct (performing_adds_the_operation compare_name T grown is_first S
      (objects (disks w i) object) q (performed w + 1) holds unheard (knows q running) go roots
      no_first not_this) as
      (u & grown' & content & under & from & _ & H & _ & names & values & fits).
    exists (u :: T).
    assert (exists p r b x, u = Follows p r b x) as (p & r & b & x & is_u)
      by (destruct u; [discriminate | eauto 8]).
    split; cbn [drawn performed disks backups sent].
    + exact grown'.
    + intros v [<- | there]; auto.
    + intros p' q' b' x' [same | there]; [| now apply (openings_drawn p' q' b' x')].
      rewrite same in under. cbn in under. rewrite under. eauto.
    + intros p' q' b' x' [same | there]; [| specialize (so_far p' q' b' x' there); lia].
      rewrite same in content. cbn in content. injection content as ->. lia.
    + intros j. rewrite at_disk. destruct (N.eqb_spec j i) as [-> | apart].
      * exists (u :: S). cbn [objects process]. unfold with_object.
         rewrite (equal_to_itself compare_name). split.
         -- exists H. split; [exact names | split; [exact values | exact fits]].
         -- intros q' [= <-] v [<- | there] same; [now left |]. right. now apply (knows q).
      * destruct (on_disks j) as (S' & holds' & knows'). exists S'.
         split; [now apply holding_lasts |].
         intros q' running' v [<- | there] same; [| now apply (knows' q')].
         destruct apart. apply (differ j i q'); congruence.
    + intros b' there. destruct (in_backups b' there) as (S' & holds'). exists S'.
      now apply holding_lasts.
    + intros k there. destruct (versions k there) as (S' & H' & names'). exists S', H'.
      now apply names_last.
    + intros d there. destruct (changes d there) as (U & V & brings). exists U, V.
      now apply deltas_last.
  - destruct (all_objects other) as (T & here). exists T.
    apply (an_object_is_sound_with_other_disks w); cbn; auto using incl_refl; [lia |].
    intros j. rewrite at_disk. destruct (N.eqb_spec j i) as [-> | apart];
      [| apply (disks_hold _ _ _ here)].
    destruct (disks_hold _ _ _ here i) as (S & holds & knows). exists S.
    cbn [objects process]. unfold with_object.
    destruct (equal_is_equality compare_name other object); [contradiction |].
    split; [exact holds |]. intros q' [= <-]. now apply knows.
Qed.

Lemma opening_is_sound w i q :
  sound w ->
  ~ In q (drawn w) ->
  (forall j, incarnation (first j) <> q) ->
  sound (World (with_disk i (Disk (Some q) (objects (disks w i))) (disks w))
    (backups w) (sent w) (q :: drawn w) (performed w)).
Proof.
  intros [new drew differ all_objects] fresh no_first. split; cbn [drawn disks].
  - intros q' j [<- | there]; auto.
  - intros j q'. rewrite at_disk. destruct (N.eqb_spec j i) as [-> | apart]; cbn [process].
    + intros [= <-]. now left.
    + intros running. right. now apply (drew j).
  - intros j k q'. rewrite !at_disk.
    destruct (N.eqb_spec j i) as [-> | apart], (N.eqb_spec k i) as [-> | apart']; cbn [process]; auto.
    + intros [= <-] running. destruct fresh. now apply (drew k).
    + intros running [= <-]. destruct fresh. now apply (drew j).
    + apply differ.
  - intros object. destruct (all_objects object) as (T & here). exists T.
    apply (an_object_is_sound_with_other_disks w); cbn; auto; [now right | lia |].
    intros j. rewrite at_disk. destruct (disks_hold _ _ _ here j) as (S & holds & knows).
    destruct (N.eqb_spec j i) as [-> | apart]; exists S; cbn [objects process]; split; auto.
    intros q' [= <-] u there same. destruct fresh. rewrite <- same.
    destruct u as [o | p r b x];
      [now destruct (operations_happened _ (happened_as_a_forest _ _ _ here) o) |].
    now apply (happened_under_openings _ _ _ here p r b x).
Qed.

Lemma a_disk_without_a_process_is_sound w i (hs : Name -> held) :
  sound w ->
  (forall object T, sound_object w object T -> exists S, held_of T S (hs object)) ->
  sound (World (with_disk i (Disk None hs) (disks w)) (backups w) (sent w) (drawn w) (performed w)).
Proof.
  intros [new drew differ all_objects] holds. split; cbn [drawn disks].
  - exact new.
  - intros j q'. rewrite at_disk. destruct (N.eqb_spec j i); [easy | apply drew].
  - intros j k q'. rewrite !at_disk. destruct (N.eqb_spec j i); [easy |].
    destruct (N.eqb_spec k i); [easy | apply differ].
  - intros object. destruct (all_objects object) as (T & here). exists T.
    apply (an_object_is_sound_with_other_disks w); cbn; auto using incl_refl; [lia |].
    intros j. rewrite at_disk.
    destruct (N.eqb_spec j i) as [-> | apart]; [| apply (disks_hold _ _ _ here)].
    destruct (holds object T here) as (S & held). exists S. easy.
Qed.

Lemma receiving_is_sound w i object d h :
  sound w ->
  In (Changes object d) (sent w) ->
  apply compare_name d (objects (disks w i) object) = Some h ->
  sound (World
    (with_disk i (Disk (process (disks w i))
      (with_object compare_name object h (objects (disks w i)))) (disks w))
    (backups w) (sent w) (drawn w) (performed w)).
Proof using lawful_names.
  intros [new drew differ all_objects] there applied.
  assert (forall j, process (with_disk i (Disk (process (disks w i))
      (with_object compare_name object h (objects (disks w i)))) (disks w) j)
    = process (disks w j)) as same
    by (intros j; rewrite at_disk; now destruct (N.eqb_spec j i) as [-> |]).
  split; cbn [drawn disks].
  - exact new.
  - intros j q. rewrite same. apply drew.
  - intros j k q. rewrite !same. apply differ.
  - intros other. destruct (all_objects other) as (T & here). exists T.
    apply (an_object_is_sound_with_other_disks w); cbn [drawn performed disks backups sent];
      auto using incl_refl; [lia |].
    intros j. rewrite same, at_disk. destruct (disks_hold _ _ _ here j) as (S & holds & knows).
    destruct (N.eqb_spec j i) as [-> | apart]; [| now exists S]. cbn [objects]. unfold with_object.
    destruct (equal_is_equality compare_name other object) as [-> |]; [| now exists S].
    destruct (changes_bring _ _ _ here d there) as (U & V & brings).
    pose proof (applying_a_delta_unites_the_operations compare_name T
      (happened_as_a_forest _ _ _ here) is_first S U V _ d holds brings) as united.
    rewrite applied in united. exists (S ++ U). split; [apply united |].
    intros q running u u_in under. apply in_app_iff. left. now apply (knows q).
Qed.

Theorem every_step_keeps_soundness w w' : sound w -> step w w' -> sound w'.
Proof using lawful_names.
  intros is_sound taken. pose proof is_sound as [new drew differ all_objects].
  destruct taken as [i q fresh no_first | i object q running go | i | i | i b there
    | i object | i object k there | i object d h there applied].
  - now apply opening_is_sound.
  - assert (forall j, process (with_disk i (Disk (Some q) (with_object compare_name object
        (perform compare_name q (performed w + 1) (objects (disks w i) object))
        (objects (disks w i)))) (disks w) j) = process (disks w j)) as same
      by (intros j; rewrite at_disk; now destruct (N.eqb_spec j i) as [-> |]).
    split; cbn [drawn disks].
    + exact new.
    + intros j r. rewrite same. apply drew.
    + intros j k r. rewrite !same. apply differ.
    + now apply writing_is_sound.
  - apply a_disk_without_a_process_is_sound; [exact is_sound |]. intros object T here.
    destruct (disks_hold _ _ _ here i) as (S & holds & _). now exists S.
  - split; auto. intros object. destruct (all_objects object) as (T & here). exists T.
    apply (an_object_is_sound_with_other_disks w); cbn; auto using incl_refl; [lia | |].
    + apply (disks_hold _ _ _ here).
    + intros b [<- | there]; [right; now exists i | now left].
  - apply a_disk_without_a_process_is_sound; [exact is_sound |]. intros object T here.
    now apply (backups_hold _ _ _ here).
  - split; auto. intros other. destruct (all_objects other) as (T & here). exists T.
    apply a_message_is_sound; [exact here | | discriminate]. intros k [= <- <-].
    destruct (disks_hold _ _ _ here i) as (S & (H & names & _) & _). now exists S, H.
  - split; auto. intros other. destruct (all_objects other) as (T & here). exists T.
    apply a_message_is_sound; [exact here | discriminate |]. intros d [= <- <-].
    destruct (disks_hold _ _ _ here i) as (S & holds & _).
    destruct (versions_are_known _ _ _ here k there) as (V & HV & names). exists (S ++ V), V.
    now apply (a_delta_is_made_for_what_is_known compare_name T
      (happened_as_a_forest _ _ _ here) is_first S V HV).
  - now apply (receiving_is_sound w i object d h).
Qed.

Theorem reachable_worlds_are_sound w : reachable w -> sound w.
Proof using lawful_names.
  intros reached. induction reached as [| w w' _ IH taken]; [apply the_start_is_sound |].
  now apply (every_step_keeps_soundness w).
Qed.

(** ** What holds in every reachable world *)

Lemma what_is_stored_is_sound w object h h' :
  reachable w ->
  stored w object h ->
  stored w object h' ->
  exists T S S', forest T /\ held_of T S h /\ held_of T S' h'.
Proof using lawful_names.
  intros reached in_w in_w'. pose proof (reachable_worlds_are_sound w reached) as is_sound.
  destruct (objects_are_sound _ is_sound object) as (T & here).
  assert (forall h, stored w object h -> exists S, held_of T S h) as all.
  { intros g [(i & ->) | (b & there & ->)].
    - destruct (disks_hold _ _ _ here i) as (S & holds & _). now exists S.
    - now apply (backups_hold _ _ _ here). }
  destruct (all h in_w) as (S & holds), (all h' in_w') as (S' & holds').
  exists T, S, S'. split; [apply here | now split].
Qed.

Lemma an_operation_of_a_state T S H (m : sorted_map (dot Name) N) d x :
  holds compare_name content_of S H m ->
  In (d, x) m <-> exists p q b, In (Follows p q b x) S /\ name H (Follows p q b x) = d.
Proof using lawful_names.
  intros [sorts held]. rewrite <- (found_means_in compare_dot) by exact sorts. rewrite held. split.
  - intros ([o | p q b y] & there & named & content); [discriminate |].
    injection content as ->. now exists p, q, b.
  - intros (p & q & b & there & named). now exists (Follows p q b x).
Qed.

Lemma an_operation_is_held T S H (m : sorted_map (dot Name) N) x :
  holds compare_name content_of S H m ->
  In x (operations m) <-> exists p q b, In (Follows p q b x) S.
Proof using lawful_names.
  intros held. unfold operations. rewrite in_map_iff. split.
  - intros ([d y] & <- & there). apply (an_operation_of_a_state T S H) in there; [| exact held].
    destruct there as (p & q & b & there & _). now exists p, q, b.
  - intros (p & q & b & there). exists (name H (Follows p q b x), x). split; [reflexivity |].
    apply (an_operation_of_a_state T S H); [exact held |]. now exists p, q, b.
Qed.

Lemma one_path_for_each_operation T S S' p q b p' q' b' x :
  forest T ->
  known_of T S ->
  known_of T S' ->
  In (Follows p q b x) S ->
  In (Follows p' q' b' x) S' ->
  Follows p q b x = Follows p' q' b' x.
Proof.
  intros grown known known' there there'.
  apply (operations_are_distinct _ grown p q b p' q' b' x);
    [now apply (known_happened _ _ known) | now apply (known_happened _ _ known')].
Qed.

Theorem no_dot_is_two_operations_and_no_operation_two_dots w object h d d' x x' :
  reachable w ->
  stored w object h ->
  In (d, x) (content h) ->
  In (d', x') (content h) ->
  d = d' <-> x = x'.
Proof using lawful_names.
  intros reached in_w here there.
  destruct (what_is_stored_is_sound w object h h reached in_w in_w)
    as (T & S & _ & grown & (H & names & values & _) & _).
  apply (an_operation_of_a_state T S H) in here, there; try exact values.
  destruct here as (p & q & b & here & <-), there as (p' & q' & b' & there & <-). split.
  - intros same. apply (a_name_names_one_operation T grown S H) in same; auto; try apply names.
    now injection same.
  - intros <-. now rewrite (one_path_for_each_operation T S S p q b p' q' b' x grown
      (side_is_known _ _ _ _ _ _ names) (side_is_known _ _ _ _ _ _ names) here there).
Qed.

Theorem vectors_count_what_is_held w object h d :
  reachable w ->
  stored w object h ->
  version_vector.contains compare_name d (counts (known h)) = true <->
  exists x, In (d, x) (content h).
Proof using lawful_names.
  intros reached in_w.
  destruct (what_is_stored_is_sound w object h h reached in_w in_w)
    as (T & S & _ & grown & (H & names & values & _) & _).
  destruct (side_is_held _ _ _ _ _ _ names) as [[_ counted] _]. rewrite counted. split.
  - intros (u & there & named).
    destruct (known_operations_are_operations T grown S u (side_is_known _ _ _ _ _ _ names) there)
      as (p & q & b & x & ->).
    exists x. apply (an_operation_of_a_state T S H); [exact values |]. now exists p, q, b.
  - intros (x & there). apply (an_operation_of_a_state T S H) in there; [| exact values].
    destruct there as (p & q & b & there & named). now exists (Follows p q b x).
Qed.

Lemma equal_operations_are_equal_parts T S S' H H' (m m' : sorted_map (dot Name) N) :
  forest T ->
  known_of T S ->
  known_of T S' ->
  holds compare_name content_of S H m ->
  holds compare_name content_of S' H' m' ->
  incl (operations m) (operations m') ->
  incl S S'.
Proof using lawful_names.
  intros grown known known' values values' more u there.
  destruct (known_operations_are_operations T grown S u known there) as (p & q & b & x & ->).
  assert (In x (operations m')) as there'
    by (apply more, (an_operation_is_held T S H); [exact values | eauto]).
  apply (an_operation_is_held T S' H') in there'; [| exact values'].
  destruct there' as (p' & q' & b' & there').
  now rewrite (one_path_for_each_operation T S S' p q b p' q' b' x).
Qed.

Theorem equal_operations_have_equal_names w object h h' :
  reachable w ->
  stored w object h ->
  stored w object h' ->
  (forall x, In x (operations (content h)) <-> In x (operations (content h'))) ->
  known h = known h' /\ content h = content h'.
Proof using lawful_names.
  intros reached in_w in_w' same.
  destruct (what_is_stored_is_sound w object h h' reached in_w in_w')
    as (T & S & S' & grown & (H & names & values & _) & (H' & names' & values' & _)).
  assert (forall u, In u S <-> In u S') as parts.
  { intros u. split.
    - apply (equal_operations_are_equal_parts T S S' H H' (content h) (content h')); auto;
        try apply names; try apply names'. intros x there. now apply same.
    - apply (equal_operations_are_equal_parts T S' S H' H (content h') (content h)); auto;
        try apply names; try apply names'. intros x there. now apply same. }
  split.
  - now apply (equal_operations_are_known_alike compare_name T grown S S' H H').
  - apply (equal_values_are_equal_maps compare_name content_of S H); [exact values |].
    apply (operations_are_named_alike compare_name _ S H' H).
    + intros u there. symmetry.
      now apply (names_are_those_of_the_operations compare_name T grown S S' H H' _ _ names names').
    + apply (holding_depends_on_the_operations compare_name _ S'); [| exact values'].
      intros u. now rewrite parts.
Qed.

Lemma operations_of_a_union T S U (h : held) x :
  held_of T (S ++ U) h ->
  In x (operations (content h)) <->
  (exists p q b, In (Follows p q b x) S) \/ (exists p q b, In (Follows p q b x) U).
Proof using lawful_names.
  intros (H & names & values & _). rewrite (an_operation_is_held T (S ++ U) H) by exact values. split.
  - intros (p & q & b & [there | there]%in_app_iff); [left | right]; now exists p, q, b.
  - intros [(p & q & b & there) | (p & q & b & there)]; exists p, q, b; apply in_app_iff; auto.
Qed.

Theorem an_exchange_unites_the_operations w object h h' :
  reachable w ->
  stored w object h ->
  stored w object h' ->
  exists h'',
    apply compare_name (delta_for compare_name (known h) h') h = Some h'' /\
    forall x, In x (operations (content h'')) <->
      In x (operations (content h)) \/ In x (operations (content h')).
Proof using lawful_names.
  intros reached in_w in_w'.
  destruct (what_is_stored_is_sound w object h h' reached in_w in_w')
    as (T & S & S' & grown & here & there).
  pose proof here as (H & names & values & _). pose proof there as (H' & names' & values' & _).
  pose proof (a_delta_is_made_for_what_is_known compare_name T grown is_first S' S H _ h' there names)
    as brings.
  pose proof (applying_a_delta_unites_the_operations compare_name T grown is_first S (S' ++ S) S h _
    here brings) as united.
  destruct (apply compare_name _ h) as [h'' |]; [| now destruct united; apply incl_refl].
  exists h''. split; [reflexivity |]. intros x. destruct united as [_ united].
  rewrite (operations_of_a_union T S (S' ++ S) h'' x united).
  rewrite (an_operation_is_held T S H _ x values), (an_operation_is_held T S' H' _ x values').
  split; [intros [| (p & q & b & [|]%in_app_iff)] | intros [| (p & q & b & there')]]; eauto.
  right. exists p, q, b. apply in_app_iff. now left.
Qed.

Theorem a_delta_that_is_applied_adds_what_it_brings w i object d h :
  reachable w ->
  In (Changes object d) (sent w) ->
  apply compare_name d (objects (disks w i) object) = Some h ->
  forall x, In x (operations (content h)) <->
    In x (operations (content (objects (disks w i) object))) \/ In x (operations (brings d)).
Proof using lawful_names.
  intros reached there applied x.
  destruct (objects_are_sound _ (reachable_worlds_are_sound w reached) object) as (T & here).
  destruct (disks_hold _ _ _ here i) as (S & holds & _).
  destruct (changes_bring _ _ _ here d there) as (U & V & brought).
  pose proof (applying_a_delta_unites_the_operations compare_name T
    (happened_as_a_forest _ _ _ here) is_first S U V _ d holds brought) as united.
  rewrite applied in united. destruct united as [covered united].
  destruct holds as (H & names & values & _).
  destruct brought as (HU & D & _ & _ & _ & part_d & all_u & _ & values_d).
  rewrite (operations_of_a_union T S U h x united).
  rewrite (an_operation_is_held T S H _ x values), (an_operation_is_held T D HU _ x values_d). split.
  - intros [| (p & q & b & in_u)]; [now left |].
    destruct (all_u _ in_u) as [in_v | in_d]; [left | right]; exists p, q, b; auto.
  - intros [| (p & q & b & in_d)]; [now left | right]. exists p, q, b. auto.
Qed.

Theorem a_disk_loses_operations_only_if_it_is_put_back w w' i object :
  reachable w ->
  step w w' ->
  incl (operations (content (objects (disks w i) object)))
    (operations (content (objects (disks w' i) object)))
  \/ exists b, In b (backups w) /\ disks w' i = Disk None b.
Proof using lawful_names.
  intros reached taken.
  pose proof (Then _ _ w w' reached taken) as reached'.
  destruct taken as [j q fresh no_first | j x q running go | j | j | j b there
    | j x | j x k there | j x d h there applied]; cbn [disks backups];
    try (left; exact (incl_refl _)); rewrite at_disk;
    (destruct (N.eqb_spec i j) as [-> |]; [| left; exact (incl_refl _)]);
    try (left; exact (incl_refl _)); cbn [objects].
  - left. unfold with_object.
    destruct (equal_is_equality compare_name object x) as [<- |]; [| exact (incl_refl _)].
    destruct (what_is_stored_is_sound w object (objects (disks w j) object) _ reached
      (or_introl (ex_intro _ j eq_refl)) (or_introl (ex_intro _ j eq_refl)))
      as (T & S & _ & _ & (H & names & [sorts values] & _) & _).
    intros y (e & <- & e_in)%in_map_iff. destruct e as [d y].
    apply (found_means_in compare_dot) in e_in; [| exact sorts].
    apply in_map_iff. exists (d, y). split; [reflexivity |].
    cbn [content perform]. apply (found_means_in compare_dot); [now apply (set_is_sorted compare_dot) |].
    rewrite (find_in_set compare_dot) by exact sorts.
    destruct (equal_is_equality compare_dot d (version_vector.next compare_name
      (own (objects (disks w j) object)) (counts (known (objects (disks w j) object)))))
      as [is_next |]; [exfalso | exact e_in].
    assert (version_vector.contains compare_name d (counts (known (objects (disks w j) object))) = true)
      as has.
    { apply (vectors_count_what_is_held w object); [exact reached | left; now exists j |].
      exists y. now apply (found_means_in compare_dot). }
    now rewrite is_next, version_vector_proof.the_next_dot_is_new in has.
  - right. now exists b.
  - left. unfold with_object.
    destruct (equal_is_equality compare_name object x) as [<- |]; [| exact (incl_refl _)].
    intros y y_in. apply (a_delta_that_is_applied_adds_what_it_brings w j object d h); auto.
Qed.

(** The check at the last common counter finds exactly the dots that name two operations. *)
Theorem the_check_finds_every_fork_and_no_other w object h h' :
  reachable w ->
  stored w object h ->
  stored w object h' ->
  agree compare_name (known h) (known h') = true <->
  (forall d x x', In (d, x) (content h) -> In (d, x') (content h') -> x = x').
Proof using lawful_names.
  intros reached in_w in_w'.
  destruct (what_is_stored_is_sound w object h h' reached in_w in_w')
    as (T & S & S' & grown & (H & names & values & _) & (H' & names' & values' & _)).
  rewrite (the_check_finds_whether_one_dot_names_two_operations compare_name T grown S S' H H'
    _ _ names names'). split.
  - intros one d x x' here there.
    apply (an_operation_of_a_state T S H) in here; [| exact values].
    apply (an_operation_of_a_state T S' H') in there; [| exact values'].
    destruct here as (p & q & b & here & named), there as (p' & q' & b' & there & named').
    assert (Follows p q b x = Follows p' q' b' x') as same by (apply one; congruence).
    now injection same.
  - intros one u v u_in v_in same.
    destruct (known_operations_are_operations T grown S u (side_is_known _ _ _ _ _ _ names) u_in)
      as (p & q & b & x & ->).
    destruct (known_operations_are_operations T grown S' v (side_is_known _ _ _ _ _ _ names') v_in)
      as (p' & q' & b' & x' & ->).
    assert (x = x') as <-.
    { apply (one (name H (Follows p q b x))).
      - apply (an_operation_of_a_state T S H); [exact values |]. now exists p, q, b.
      - apply (an_operation_of_a_state T S' H'); [exact values' |]. now exists p', q', b'. }
    now apply (one_path_for_each_operation T S S'); try apply names; try apply names'.
Qed.

(** Nothing is renamed if the check finds nothing; then what both hold has one dot. *)
Theorem nothing_is_renamed_without_a_fork w object h h' :
  reachable w ->
  stored w object h ->
  stored w object h' ->
  (reconcile compare_name (known h) (known h') = ([], []) <->
    agree compare_name (known h) (known h') = true) /\
  (agree compare_name (known h) (known h') = true ->
    forall d d' x, In (d, x) (content h) -> In (d', x) (content h') -> d = d').
Proof using lawful_names.
  intros reached in_w in_w'.
  destruct (what_is_stored_is_sound w object h h' reached in_w in_w')
    as (T & S & S' & grown & (H & names & values & _) & (H' & names' & values' & _)).
  split; [now apply (nothing_is_renamed_exactly_if_the_check_finds_nothing compare_name T grown
    S S' H H') |].
  rewrite (the_check_finds_whether_one_dot_names_two_operations compare_name T grown S S' H H'
    _ _ names names'). intros one d d' x here there.
  apply (an_operation_of_a_state T S H) in here; [| exact values].
  apply (an_operation_of_a_state T S' H') in there; [| exact values'].
  destruct here as (p & q & b & here & <-), there as (p' & q' & b' & there & <-).
  pose proof (one_path_for_each_operation T S S' p q b p' q' b' x grown
    (side_is_known _ _ _ _ _ _ names) (side_is_known _ _ _ _ _ _ names') here there) as same.
  rewrite <- same in *.
  now apply (one_dot_for_each_operation compare_name T S S' H H' (known h) (known h')).
Qed.
End Network.
