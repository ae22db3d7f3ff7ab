(** Strong eventual consistency, of every execution of the network.

    In every reachable world each replica's state is the meaning of what it has seen
    ([every_state_is_the_meaning_of_what_was_seen]). So replicas that have seen the same hold the
    same, however it reached them. *)

From Coq Require Import List Bool NArith Lia.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot dot_proof delta.
From Rejoin Require Import definition definition_proof version_vector_meaning_proof.
From Rejoin Require version_vector version_vector_proof replica.
From Rejoin Require Import replica_meaning_proof network.
Import ListNotations.
Open Scope N_scope.

(** ** A new event extends a history. *)

Section One_object.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Local Notation event := (event Name Value).
Local Notation vector E := (version_vector.of_dots compare_name (map dot_of E)).
Context (H E : list event) (happened : history compare_name H).
Context (complete : closed H) (is_cut : cut H E).
Context (e : event) (o : origin Name).
Context (own : forall f, In f H -> dot_origin (dot_of f) = o -> In f E).
Context (named : dot_of e = version_vector.next compare_name o (vector E)).
Context (saw_it : saw e = set_of (compare_dot compare_name) (map dot_of E)).
Context (is_valid : valid (operation_of e) = true).

Lemma the_dot_is_new f :
  In f H ->
  dot_of f <> dot_of e.
Proof using is_cut lawful_names named own.
  intros there same.
  assert (In f E) as f_in by (apply own; [exact there | now rewrite same, named]).
  apply (in_map dot_of) in f_in. apply (every_dot_is_counted compare_name) in f_in.
  rewrite same, named in f_in. cbn in f_in. lia.
Qed.

Lemma the_event_saw_the_cut d :
  member (compare_dot compare_name) d (saw e) = true <-> In d (map dot_of E).
Proof using lawful_names saw_it.
  rewrite saw_it, (member_means_in (compare_dot compare_name))
    by apply (set_of_is_rising (compare_dot compare_name)).
  apply (in_set_of (compare_dot compare_name)).
Qed.

Lemma a_new_event_saw_exactly_the_cut : saw_exactly compare_name e E.
Proof using lawful_names saw_it.
  split.
  - intros f there. apply the_event_saw_the_cut. now apply in_map.
  - intros d there. rewrite saw_it in there. now apply (in_set_of (compare_dot compare_name)).
Qed.

Lemma nothing_saw_the_new_event f :
  In f (e :: H) ->
  sees compare_name f e = false.
Proof using complete is_cut lawful_names named own saw_it.
  intros there. apply not_true_iff_false. intros seen. destruct there as [<- | there].
  - apply the_event_saw_the_cut, in_map_iff in seen as (f & same & f_in).
    apply (the_dot_is_new f); [now apply (cut_happened _ _ is_cut) | exact same].
  - apply (what_is_seen_is_listed compare_name) in seen.
    destruct (complete f _ there seen) as (g & g_in & same). now apply (the_dot_is_new g).
Qed.

Lemma a_new_event_extends_the_history : history compare_name (e :: H).
Proof using complete happened is_cut is_valid lawful_names named own saw_it.
  split.
  - intros f g [<- | f_in] [<- | g_in] same; auto.
    + now destruct (the_dot_is_new g g_in).
    + now destruct (the_dot_is_new f f_in).
    + now apply (dots_are_unique _ _ happened).
  - constructor; [| apply (events_are_distinct _ _ happened)].
    intros there. now apply (the_dot_is_new e).
  - intros f [<- | f_in]; [rewrite named; cbn; lia |].
    now apply (counters_start_at_1 _ _ happened).
  - intros f [<- | f_in]; [exact is_valid | now apply (operations_are_valid _ _ happened)].
  - intros f n [<- | f_in] bounds; [| now apply (origins_see_their_own _ _ happened)].
    apply the_event_saw_the_cut.
    apply (the_vector_of_a_cut_has_exactly_its_events compare_name H happened E _ is_cut).
    apply (version_vector_proof.contains_means_counted compare_name).
    rewrite named in *. cbn in *. lia.
  - intros f g d f_in [<- | g_in] seen earlier.
    + now rewrite nothing_saw_the_new_event in seen.
    + destruct f_in as [<- | f_in]; [| now apply (seeing_is_transitive _ _ happened f g)].
      apply the_event_saw_the_cut in seen. apply the_event_saw_the_cut.
      apply in_map_iff in seen as (g' & same & g'_in).
      assert (g' = g) as -> by (apply (dots_are_unique _ _ happened); auto;
        now apply (cut_happened _ _ is_cut)).
      apply a_member_is_in_the_list in earlier; [| exact _].
      destruct (cut_is_closed _ _ is_cut g d g'_in earlier) as (x & x_in & <-).
      now apply in_map.
  - intros f [<- | f_in]; [apply nothing_saw_the_new_event; now left |].
    now apply (nothing_sees_itself _ _ happened).
Qed.

Lemma a_new_event_leaves_all_seen : closed (e :: H).
Proof using complete is_cut lawful_names saw_it.
  intros f d [<- | f_in] seen.
  - rewrite saw_it in seen. apply (in_set_of (compare_dot compare_name)), in_map_iff in seen
      as (g & same & g_in).
    exists g. split; [right; now apply (cut_happened _ _ is_cut) | exact same].
  - destruct (complete f d f_in seen) as (g & g_in & same). exists g. split; [now right | exact same].
Qed.
End One_object.
