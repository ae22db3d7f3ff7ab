(** A replica performs an operation under its opening.

    What is shown: the operation gets a dot that no other operation has, and the replica then holds it
    in addition to what it held, whether its process opened the store before or draws an opening now.
    Definitions: [openings.v]. *)

From Coq Require Import List Bool NArith Lia.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof openings.
From Rejoin Require Import openings_names_proof openings_forks_proof openings_proof.
From Rejoin Require version_vector version_vector_proof version_vector_meaning_proof lattice.
From Rejoin Require Import openings_meaning_proof.
Import ListNotations.
Open Scope N_scope.

Section Deltas.
Context {Name Content : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Local Notation compare_dot := (compare_dot compare_name).
Local Notation origin := (origin Name).
Local Notation path := (path (Name := Name) (Content := Content)).
Local Notation held := (held Name Content).
Local Notation contains := (version_vector.contains compare_name).
Local Notation holds := (holds (Content := Content) compare_name).
Implicit Types A B D R S U V : list path.
Implicit Types H : list N.
Context (T : list path) (grown : forest T).
Local Notation named_in := (named_in compare_name T).
Local Notation known_of := (known_of T).
Context (first : origin -> Prop).
Local Notation own_fits := (own_fits first).
Local Notation held_of := (held_of compare_name T first).
Local Notation one_that_is_not_cut_overtakes := (one_that_is_not_cut_overtakes compare_name T).

(** ** Performing an operation *)

Lemma its_opening_began S u :
  known_of S ->
  In u S ->
  exists p x, In (Follows p (opening_of u) true x) S.
Proof using grown.
  intros known. induction u as [o | p IH q b x]; intros there.
  { destruct (operations_happened _ grown o). now apply (known_happened _ _ known). }
  destruct b; [now exists p, x |].
  destruct (openings_go_on _ grown p q x (known_happened _ _ known _ there)) as (p' & b' & x' & ->).
  destruct (known_with_what_is_followed _ _ known _ _ _ _ there) as [p_in | (o & e)]; [| discriminate].
  exact (IH p_in).
Qed.

(** An operation [x] is performed under [q] by a process that knows all operations of [q]. *)
Section Performing.
Context (S : list path) (h : held) (q : N) (x : Content).
Context (state : held_of S h).
Context (new : forall p q b, ~ In (Follows p q b x) T).
Context (own_process : forall u, In u T -> opening_of u = q -> In u S).
Context (drawn : must_draw compare_name q h = false).
Context (rooted : forall u, In u T -> first (root u)).
Context (apart : forall p q x o, In (Follows p q true x) T -> first o -> incarnation o <> q).
Context (apart_too : forall o, first o -> incarnation o <> q).

Lemma where_the_origin_ends H :
  named_in S S H (known h) ->
  own_fits S H (own h) ->
  exists p, (In p S \/ p = Root (own h) /\ first (own h)) /\
    name H p = Dot (own h) (version_vector.get compare_name (own h) (counts (known h))).
Proof using lawful_names.
  intros names fits. set (n := version_vector.get _ _ _).
  destruct (side_is_held _ _ _ _ _ _ names) as [[good counted] _].
  destruct (N.eq_dec n 0) as [zero | some].
  - exists (Root (own h)). rewrite zero. split; [right | reflexivity]. split; [reflexivity |].
    destruct fits as [(u & u_in & named) | is_first]; [exfalso | exact is_first].
    assert (contains (name H u) (counts (known h)) = true) as has by (apply counted; now exists u).
    apply (version_vector_proof.contains_means_counted compare_name) in has. rewrite named in has.
    fold n in has. lia.
  - assert (contains (Dot (own h) n) (counts (known h)) = true) as has
      by (apply (version_vector_proof.contains_means_counted compare_name); cbn [dot_origin counter]; lia).
    apply counted in has as (p & p_in & named). exists p. auto.
Qed.

Lemma nothing_follows_the_last H p q' b' x' :
  named_in S S H (known h) ->
  name H p = Dot (own h) (version_vector.get compare_name (own h) (counts (known h))) ->
  b' && cut H q' = false ->
  ~ In (Follows p q' b' x') S.
Proof.
  intros names named uncut there.
  destruct (side_is_held _ _ _ _ _ _ names) as [[good counted] _].
  assert (contains (name H (Follows p q' b' x')) (counts (known h)) = true) as has
    by (apply counted; now exists (Follows p q' b' x')).
  apply (version_vector_proof.contains_means_counted compare_name) in has.
  rewrite uncut_names in has by exact uncut. rewrite named in has. cbn [dot_origin counter] in has. lia.
Qed.

(** The operation goes on under its opening, or begins it; then nobody knows the opening. *)
Lemma it_goes_on_or_begins H p :
  named_in S S H (known h) ->
  (In p S \/ p = Root (own h) /\ first (own h)) ->
  name H p = Dot (own h) (version_vector.get compare_name (own h) (counts (known h))) ->
  if goes_on compare_name q h
  then In p S /\ opening_of p = q
  else forall u, In u T -> opening_of u <> q.
Proof using drawn grown lawful_names own_process.
  intros names place named.
  pose proof (what_covers compare_name (own h)
    (version_vector.get compare_name (own h) (counts (known h))) (openings (known h))
    (openings_are_sorted compare_name S H _ (side_is_held _ _ _ _ _ _ names))) as what.
  destruct (goes_on compare_name q h) eqn:on.
  - unfold goes_on in on. destruct place as [p_in | [-> _]].
    + pose proof (the_covering_opening compare_name T grown S H (known h)
        (side_is_known _ _ _ _ _ _ names) (side_is_enough _ _ _ _ _ _ names)
        (side_is_held _ _ _ _ _ _ names) p p_in) as covers.
      rewrite named in covers. cbn [dot_origin counter] in covers. rewrite covers in on.
      apply N.eqb_eq in on. auto.
    + exfalso. injection named as zero.
      destruct (covering compare_name (own h) _ (openings (known h))) as [[d r] |]; [| discriminate].
      destruct what as (found & _ & bound & _).
      apply (an_opening_of_a_dot compare_name S H _ (side_is_held _ _ _ _ _ _ names))
        in found as (p & y & _ & <-).
      pose proof (counters_start_at_1 H p r true y). lia.
  - intros u there same. unfold must_draw in drawn. rewrite on in drawn. cbn [negb andb] in drawn.
    apply not_true_iff_false in drawn. apply drawn, existsb_exists.
    destruct (its_opening_began S u (side_is_known _ _ _ _ _ _ names) (own_process u there same))
      as (p' & y & begun). rewrite same in begun.
    pose proof (an_opening_begins_there compare_name T grown S H (known h)
      (side_is_known _ _ _ _ _ _ names) (side_is_enough _ _ _ _ _ _ names)
      (side_is_held _ _ _ _ _ _ names) _ _ _ _ begun) as found.
    apply (found_means_in compare_dot) in found;
      [| apply (openings_are_sorted compare_name S H _ (side_is_held _ _ _ _ _ _ names))].
    exists (name H (Follows p' q true y), q). split; [exact found | apply N.eqb_refl].
Qed.

(** The new operation follows the last one of its own origin, so it has the next dot; nothing else
    follows that one without being cut, so nothing changes of what is to be cut. *)
Theorem performing_adds_the_operation :
  exists u, forest (u :: T) /\ content_of u = Some x /\ opening_of u = q /\ first (root u) /\
    (forall p r y, u = Follows p r true y -> r = q) /\
    exists H, named_in S S H (known h) /\ openings_forks_proof.named_in compare_name (u :: T) (u :: S) (u :: S) H
        (known (perform compare_name q x h)) /\
      holds content_of (u :: S) H (content (perform compare_name q x h)) /\
      own_fits (u :: S) H (own (perform compare_name q x h)).
Proof using apart apart_too drawn grown lawful_names new own_process rooted state.
  destruct state as (H & names & [sorts values] & fits).
  destruct (where_the_origin_ends H names fits) as (p & place & named).
  pose proof (it_goes_on_or_begins H p names place named) as begins.
  pose proof (nothing_follows_the_last H p) as last.
  pose proof names as [known _ all is_due begun held]. destruct held as [[good counted] [sorts_o openings_o]].
  set (n := version_vector.get compare_name (own h) (counts (openings.known h))) in *.
  set (on := goes_on compare_name q h) in *.
  set (u := Follows p q (negb on) x).
  assert (negb on && cut H q = false) as uncut.
  { destruct on; [reflexivity |]. cbn [negb andb]. apply not_true_is_false. rewrite cut_means_in.
    intros is_cut. destruct (begun q is_cut) as (p' & y & there).
    apply (begins (Follows p' q true y)); [now apply (known_happened _ _ known) | reflexivity]. }
  assert (name H u = Dot (own h) (n + 1)) as named_u
    by (unfold u; rewrite uncut_names by exact uncut; now rewrite named).
  assert (In p T \/ exists o, p = Root o) as followed
    by (destruct place as [p_in | [-> _]]; [left; now apply (known_happened _ _ known) | right; eauto]).
  assert (first (root p)) as p_first
    by (destruct place as [p_in | [-> is_first]]; [apply rooted; now apply (known_happened _ _ known)
      | exact is_first]).
  assert (forest (u :: T)) as grown'.
  { split.
    - intros o [e | there]; [discriminate | now apply (operations_happened _ grown o)].
    - intros p' q' b' y [[= <- <- <- <-] | there].
      + destruct followed as [|]; [left; now right | now right].
      + destruct (what_is_followed_happened _ grown _ _ _ _ there); [left; now right | now right].
    - intros p1 p2 q' y y' [e1 | in1] [e2 | in2].
      + congruence.
      + injection e1 as <- <- is_on <-. destruct on; [discriminate |].
        now destruct (begins _ in2).
      + injection e2 as <- <- is_on <-. destruct on; [discriminate |].
        now destruct (begins _ in1).
      + now apply (openings_begin_once _ grown).
    - intros p' q' y [e | there]; [| now apply (openings_go_on _ grown p' q' y)].
      injection e as <- <- is_on <-. destruct on; [| discriminate]. destruct begins as [p_in <-].
      destruct (known_operations_are_operations T grown S p known p_in) as (p1 & q1 & b1 & x1 & ->).
      now exists p1, b1, x1.
    - assert (forall q' y, on = true -> ~ In (Follows p q' false y) T) as only.
      { intros q' y is_on there. rewrite is_on in begins. destruct begins as [p_in same].
        apply (last q' false y names named eq_refl), own_process; [exact there |].
        destruct (openings_go_on _ grown p q' y there) as (p1 & b1 & x1 & is_p).
        rewrite is_p in same. exact same. }
      intros p' q' q'' y y' [e1 | in1] [e2 | in2].
      + congruence.
      + injection e1 as <- <- is_on <-. destruct on; [| discriminate]. now destruct (only q'' y').
      + injection e2 as <- <- is_on <-. destruct on; [| discriminate]. now destruct (only q' y).
      + now apply (openings_go_on_once _ grown).
    - intros p' q' y w [e | there] [<- | w_in].
      + injection e as <- <- _ <-. now apply apart_too.
      + injection e as <- <- _ <-. now apply apart_too, rooted.
      + now apply (apart p' q' y).
      + now apply (openings_are_no_first_incarnations _ grown p' q' y).
    - intros p1 q1 b1 p2 q2 b2 y [e1 | in1] [e2 | in2].
      + congruence.
      + injection e1 as <- <- <- <-. now destruct (new p2 q2 b2).
      + injection e2 as <- <- <- <-. now destruct (new p1 q1 b1).
      + now apply (operations_are_distinct _ grown p1 q1 b1 p2 q2 b2 y). }
  exists u. split; [exact grown' |]. split; [reflexivity |]. split; [reflexivity |].
  split; [exact p_first |]. split; [now intros p' r y [= _ <- _ _] |].
  exists H. split; [exact names |].
  assert (own (perform compare_name q x h) = own h) as -> by reflexivity.
  split; [| split; [| left; exists u; split; [now left | now rewrite named_u]]].
  - split.
    + split.
      * intros w [<- | there]; [now left | right; now apply (known_happened _ _ known)].
      * intros p' q' b' y [[= <- <- <- <-] | there].
        -- destruct place as [p_in | [-> _]]; [left; now right | right; eauto].
        -- destruct (known_with_what_is_followed _ _ known _ _ _ _ there); [left; now right | now right].
    + apply incl_refl.
    + assert (forall q' b' y, In (Follows p q' b' y) S ->
        exists q2 y2, In (Follows p q2 true y2) S /\ b' = true /\ q2 = q' /\ y2 = y /\ In q2 H) as cut_there.
      { intros q' b' y there. destruct (b' && cut H q') eqn:is_cut.
        - apply andb_prop in is_cut as [-> is_cut]. apply cut_means_in in is_cut. now exists q', y.
        - now destruct (last q' b' y names named is_cut). }
      intros p' q' y w [e | there] [<- | w_in] over.
      * rewrite e in over. now apply nothing_overtakes_itself in over.
      * injection e as <- <- is_on <-.
        assert (exists q2 b2 y2, w = Follows p q2 b2 y2) as (q2 & b2 & y2 & ->)
          by (inversion over; subst; eauto).
        destruct (cut_there q2 b2 y2 w_in) as (q3 & y3 & there3 & -> & -> & -> & is_cut).
        destruct (one_that_is_not_cut_overtakes S H (openings.known h) p q2 y2 names there3 is_cut)
          as (q4 & b4 & y4 & there4 & _ & uncut4).
        now destruct (last q4 b4 y4 names named uncut4).
      * assert (p' = p) as -> by (unfold u in over; now inversion over).
        now destruct (cut_there q' true y there) as (q3 & y3 & _ & _ & -> & _ & is_cut).
      * now apply (all p' q' y w).
    + intros p' q' y [e | there] is_cut.
      * injection e as <- <- is_on <-. exfalso. rewrite is_on in uncut. cbn [andb] in uncut.
        apply cut_means_in in is_cut. congruence.
      * destruct (is_due p' q' y there is_cut) as (v & v_in & over). exists v. split; [now right | exact over].
    + intros q' is_cut. destruct (begun q' is_cut) as (p' & y & there). exists p', y. now right.
    + split; cbn [counts openings openings.known perform].
      * split; [now apply version_vector_proof.see_dot_is_well_formed |]. intros d.
        unfold version_vector.see_dot, version_vector.next. cbn [dot_origin counter].
        rewrite (contains_after_seeing compare_name) by exact good. fold n. split.
        -- intros [[same bounds] | has].
           ++ destruct (N.eq_dec (counter d) (n + 1)) as [is_last | earlier].
              ** exists u. split; [now left |]. rewrite named_u. now apply dots_are_equal.
              ** assert (contains d (counts (openings.known h)) = true) as has
                   by (apply (version_vector_proof.contains_means_counted compare_name);
                     rewrite same; fold n; lia).
                 apply counted in has as (w & w_in & named_w). exists w. split; [now right | exact named_w].
           ++ apply counted in has as (w & w_in & named_w). exists w. split; [now right | exact named_w].
        -- intros (w & [<- | w_in] & <-).
           ++ left. rewrite named_u. cbn [dot_origin counter]. split; [reflexivity | lia].
           ++ right. apply counted. now exists w.
      * fold on. destruct on eqn:is_on; cbn [negb] in u.
        -- split; [exact sorts_o |]. intros d r. rewrite openings_o. split.
           ++ intros (w & w_in & rest). exists w. split; [now right | exact rest].
           ++ intros (w & [<- | w_in] & named_w & at_w); [discriminate | now exists w].
        -- split; [now apply (set_is_sorted compare_dot) |]. intros d r.
           rewrite (find_in_set compare_dot) by exact sorts_o.
           unfold version_vector.next. fold n. rewrite <- named_u.
           destruct (equal_is_equality compare_dot d (name H u)) as [-> | other].
           ++ split.
              ** intros [= <-]. exists u. split; [now left | easy].
              ** intros (w & [<- | w_in] & named_w & at_w); [now injection at_w as <- |]. exfalso.
                 assert (contains (name H w) (counts (openings.known h)) = true) as has
                   by (apply counted; now exists w).
                 apply (version_vector_proof.contains_means_counted compare_name) in has.
                 rewrite named_w, named_u in has. cbn [dot_origin counter] in has. fold n in has. lia.
           ++ rewrite openings_o. split.
              ** intros (w & w_in & rest). exists w. split; [now right | exact rest].
              ** intros (w & [<- | w_in] & named_w & at_w); [congruence | now exists w].
  - cbn [content perform]. split; [now apply (set_is_sorted compare_dot) |]. intros d y.
    rewrite (find_in_set compare_dot) by exact sorts.
    unfold version_vector.next. fold n. rewrite <- named_u.
    destruct (equal_is_equality compare_dot d (name H u)) as [-> | other].
    + split.
      * intros [= <-]. exists u. split; [now left | easy].
      * intros (w & [<- | w_in] & named_w & at_w); [now injection at_w as <- |]. exfalso.
        assert (contains (name H w) (counts (openings.known h)) = true) as has
          by (apply counted; now exists w).
        apply (version_vector_proof.contains_means_counted compare_name) in has.
        rewrite named_w, named_u in has. cbn [dot_origin counter] in has. fold n in has. lia.
    + rewrite values. split.
      * intros (w & w_in & rest). exists w. split; [now right | exact rest].
      * intros (w & [<- | w_in] & named_w & at_w); [congruence | now exists w].
Qed.
End Performing.
End Deltas.
