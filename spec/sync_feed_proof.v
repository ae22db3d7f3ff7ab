(** What one side makes of the messages that come to it.

    What is shown: pieces make the delta that was cut, deltas make the join, and what a side says and
    sends is a function of its queue ([feed]). Definitions: [sync.v]. *)

From Coq Require Import List Bool NArith Lia Wellfounded.
From Rejoin Require Import order order_proof sorted_map sorted_map_proof dot delta definition.
From Rejoin Require Import definition_proof replica_meaning_proof network_proof sync.
From Rejoin Require version_vector version_vector_proof replica replica_proof network.
From Rejoin Require state_hash_meaning_proof.
Import ListNotations.
Open Scope N_scope.

Section Sync.
Context {Name Value Summary : Type}.
Context (compare_name : Name -> Name -> comparison) {lawful_names : ordered compare_name}.
Context (compare_value : Value -> Value -> comparison) {lawful_values : ordered compare_value}.
Context (compare_summary : Summary -> Summary -> comparison).
Context {lawful_summaries : ordered compare_summary}.
Context (types : replica.schema (Name := Name)).
Context (typed : sorted compare_name types = true).
Local Notation object := (replica.object Name Value).
Local Notation objects := (replica.objects Name Value).
Local Notation vector := (version_vector.state Name).
Context (cut : object -> list object) (assemble : list object -> object).
Context (cut_is_some : forall x, cut x <> []).
Context (the_whole_is_assembled : forall x, assemble (cut x) = x).
Context (summarize : objects -> Summary).
Local Notation message := (message (Name := Name) (Value := Value) (Summary := Summary)).
Local Notation side := (side (Name := Name) (Value := Value) (Summary := Summary)).
Local Notation of_class := (of_class compare_name).
Local Notation answer := (answer (Summary := Summary) compare_name cut).
Local Notation completes := (completes (Summary := Summary) compare_name assemble).
Local Notation take := (take (Summary := Summary) compare_name compare_value assemble).
Local Notation turn := (turn compare_name compare_summary summarize).
Local Notation reply := (reply compare_name compare_summary cut summarize).
Local Notation greeting := (Side Greeting []).

(** ** What one side makes of the messages that come to it

    Sketch of an uncut session. Two queues of messages are under way, and deliveries from them come in
    any order. But what a side makes of what comes to it depends on its objects and on these messages
    alone, not on when the other side acts: [feed] computes it. So let [in_a] and [in_b] be all that
    ever comes to the sides A and B, whatever the order. Each is the first message of the peer and
    then all that the peer replies to the other: two equations, of which each refers to the other.
    They are solved from the front. Each sequence begins with vectors; the reply to these is an
    answer in pieces, which makes the peer's objects the join ([feeding_an_answer]) and is replied to
    by nothing; then the reply to the end of the answer is a summary, and that to a summary nothing.
    So both sequences are known, and with them where both sides end
    ([two_sides_that_have_received_everything]). *)

(** The objects and the side after some messages, and all that was replied. *)
Fixpoint feed (c : sorted_set Name) (xs : objects) (s : side) (ms : list message)
    : (objects * side) * list message :=
  match ms with
  | [] => ((xs, s), [])
  | m :: ms =>
      let rest := feed c (take c s m xs) (turn c s m xs) ms in
      (fst rest, reply c s m xs ++ snd rest)
  end.

Lemma feeding_more c xs s ms ms' :
  feed c xs s (ms ++ ms')
  = let first := feed c xs s ms in
    let then_ := feed c (fst (fst first)) (snd (fst first)) ms' in
    (fst then_, snd first ++ snd then_).
Proof.
  revert xs s. induction ms as [| m ms IH]; intros xs s; cbn [feed app fst snd].
  - now destruct (feed c xs s ms').
  - rewrite IH. cbn [fst snd]. now rewrite app_assoc.
Qed.

Lemma class_of_class {V : Type} c (m : sorted_map Name V) :
  of_class c (of_class c m) = of_class c m.
Proof.
  unfold sync.of_class. induction m as [| entry m IH]; [reflexivity |]. cbn [filter].
  destruct (member compare_name (fst entry) c) eqn:inside; [| exact IH].
  cbn [filter]. now rewrite inside, IH.
Qed.

Lemma find_in_class {V : Type} c name (m : sorted_map Name V) :
  sorted compare_name m = true ->
  find compare_name name (of_class c m)
  = if member compare_name name c then find compare_name name m else None.
Proof using lawful_names.
  intros sorts. unfold sync.of_class. rewrite (find_in_filter compare_name) by exact sorts.
  cbn [fst]. destruct (find compare_name name m); now destruct (member compare_name name c).
Qed.

Lemma class_is_sorted {V : Type} c (m : sorted_map Name V) :
  sorted compare_name m = true ->
  sorted compare_name (of_class c m) = true.
Proof using lawful_names. now apply (filter_is_sorted compare_name). Qed.

(** A delta of one object changes that object. *)
Lemma applying_one_delta name since part xs :
  sorted compare_name xs = true ->
  replica.apply compare_name compare_value (one_delta name since part) xs
  = match find compare_name name xs with
    | Some x =>
        if version_vector.covers compare_name (replica.seen_object x) since
        then Some (set compare_name name (replica.take_part compare_name compare_value part x) xs)
        else None
    | None => None
    end.
Proof using lawful_names.
  intros sorts. unfold replica.apply, replica.accepts_all, one_delta.
  cbn [forallb fst snd]. unfold accepts. cbn [delta.since].
  destruct (find compare_name name xs) as [x |] eqn:there; [| reflexivity].
  destruct (version_vector.covers compare_name (replica.seen_object x) since); [| reflexivity].
  cbn [andb]. f_equal. apply (equal_finds_make_equal_maps compare_name).
  - now apply (merge_is_sorted compare_name).
  - now apply (set_is_sorted compare_name).
  - intros other. rewrite (find_in_merge compare_name) by auto.
    rewrite (find_in_set compare_name) by exact sorts. cbn [find].
    unfold equal. destruct (compare_name other name) eqn:which.
    + apply (equal_means_same _ lawful_names) in which. subst other. now rewrite there.
    + now destruct (find compare_name other xs).
    + now destruct (find compare_name other xs).
Qed.

Lemma what_is_complete c s m ds :
  completes c s m = Some ds ->
  exists name since part,
    ds = one_delta name since part /\ member compare_name name c = true.
Proof.
  destruct m as [| | name since piece [|] | |]; try easy. cbn.
  destruct (member compare_name name c) eqn:inside; [| easy].
  intros [= <-]. now exists name, since, (assemble (taken s ++ [piece])).
Qed.

Lemma applying_keeps_sorted ds xs xs' :
  sorted compare_name xs = true ->
  sorted compare_name ds = true ->
  replica.apply compare_name compare_value ds xs = Some xs' ->
  sorted compare_name xs' = true.
Proof using lawful_names.
  intros sorts sorts_ds. unfold replica.apply. destruct (replica.accepts_all compare_name ds xs);
    [| easy].
  intros [= <-]. now apply (merge_is_sorted compare_name).
Qed.

Lemma taking_keeps_sorted c s m xs :
  sorted compare_name xs = true ->
  sorted compare_name (take c s m xs) = true.
Proof using lawful_names.
  intros sorts. unfold sync.take.
  destruct (completes c s m) as [ds |] eqn:complete; [| exact sorts].
  destruct (replica.apply compare_name compare_value ds xs) as [xs' |] eqn:applied; [| exact sorts].
  apply what_is_complete in complete as (name & since & part & -> & _).
  now apply (applying_keeps_sorted (one_delta name since part) xs).
Qed.

(** The class alone takes what the whole takes. *)
Lemma taking_in_the_class c s m xs :
  sorted compare_name xs = true ->
  of_class c (take c s m xs) = take c s m (of_class c xs).
Proof using lawful_names.
  intros sorts. unfold sync.take.
  destruct (completes c s m) as [ds |] eqn:complete; [| reflexivity].
  apply what_is_complete in complete as (name & since & part & -> & inside).
  pose proof (class_is_sorted c xs sorts) as sorts'.
  rewrite !applying_one_delta by assumption.
  rewrite find_in_class, inside by exact sorts.
  destruct (find compare_name name xs) as [x |]; [| reflexivity].
  destruct (version_vector.covers compare_name (replica.seen_object x) since); [| reflexivity].
  apply (equal_finds_make_equal_maps compare_name).
  - now apply class_is_sorted, (set_is_sorted compare_name).
  - now apply (set_is_sorted compare_name).
  - intros other. rewrite find_in_class, !(find_in_set compare_name), find_in_class
      by (auto using (set_is_sorted compare_name)).
    destruct (equal_is_equality compare_name other name) as [-> |]; [now rewrite inside |].
    reflexivity.
Qed.

Lemma turning_in_the_class c s m xs : turn c s m (of_class c xs) = turn c s m xs.
Proof. unfold sync.turn. now rewrite class_of_class. Qed.

Lemma replying_in_the_class c s m xs : reply c s m (of_class c xs) = reply c s m xs.
Proof. unfold sync.reply, sync.vectors. now rewrite class_of_class. Qed.

(** *** Pieces make the delta, and deltas the join *)

Lemma feeding_a_first_piece c xs phase pieces name since p ms :
  feed c xs (Side phase pieces) (Piece name since p false :: ms)
  = feed c xs (Side phase (pieces ++ [p])) ms.
Proof.
  cbn [feed]. unfold sync.take, sync.turn, sync.reply. cbn [sync.completes at_phase taken app].
  now destruct (feed c xs (Side phase (pieces ++ [p])) ms).
Qed.

Lemma feeding_pieces c xs phase pieces name since ps :
  ps <> [] ->
  member compare_name name c = true ->
  feed c xs (Side phase pieces) (in_pieces name since ps)
  = ((match replica.apply compare_name compare_value
            (one_delta name since (assemble (pieces ++ ps))) xs with
      | Some xs => xs
      | None => xs
      end, Side phase []), []).
Proof.
  intros some inside. revert pieces.
  induction ps as [| p [| p' ps] IH]; intros pieces; [easy | |].
  - cbn [in_pieces feed]. unfold sync.take. cbn. now rewrite inside.
  - change (in_pieces name since (p :: p' :: ps))
      with (Piece (Summary := Summary) name since p false :: in_pieces name since (p' :: ps)).
    rewrite feeding_a_first_piece, IH by easy.
    now rewrite <- app_assoc.
Qed.

(** The objects [xs] with what they lack of [ys], where [vs] says what they have seen. *)
Lemma feeding_an_answer c (xs ys : objects) (vs : sorted_map Name vector) phase :
  sorted compare_name xs = true ->
  sorted compare_name vs = true ->
  (forall name v, find compare_name name vs = Some v ->
    member compare_name name c = true
    /\ forall x, find compare_name name xs = Some x ->
         version_vector.covers compare_name (replica.seen_object x) v = true) ->
  exists zs,
    feed c xs (Side phase []) (answer vs ys) = ((zs, Side phase []), [])
    /\ sorted compare_name zs = true
    /\ forall name, find compare_name name zs =
         match find compare_name name vs, find compare_name name ys, find compare_name name xs with
         | Some v, Some y, Some x =>
             Some (replica.take_part compare_name compare_value
               (replica.part_since compare_name v y) x)
         | _, _, found => found
         end.
Proof using cut_is_some lawful_names the_whole_is_assembled.
  revert xs. induction vs as [| [n v] vs IH]; intros xs sorts sorts_vs known.
  - exists xs. split; [reflexivity |]. split; [exact sorts |]. reflexivity.
  - apply (sorted_means_keys_above_the_first compare_name) in sorts_vs as [above sorts_vs].
    destruct (known n v) as [inside covered].
    { cbn [find]. now rewrite (all_equal_themselves compare_name). }
    assert (find compare_name n vs = None) as absent
      by now apply (below_all_keys_nothing_is_found compare_name).
    assert (forall name v', find compare_name name vs = Some v' -> name <> n /\
      find compare_name name ((n, v) :: vs) = Some v') as later.
    { intros name v' found. assert (name <> n) as other by congruence. split; [exact other |].
      rewrite (find_in_first_and_rest compare_name) by exact above.
      now destruct (equal_is_equality compare_name name n). }
    unfold sync.answer. cbn [flat_map fst snd].
    change (flat_map _ vs) with (answer vs ys).
    set (xs1 := match find compare_name n ys, find compare_name n xs with
      | Some y, Some x => set compare_name n (replica.take_part compare_name compare_value
          (replica.part_since compare_name v y) x) xs
      | _, _ => xs
      end).
    assert (sorted compare_name xs1 = true) as sorts1.
    { unfold xs1. destruct (find compare_name n ys), (find compare_name n xs); auto.
      now apply (set_is_sorted compare_name). }
    assert (forall name, find compare_name name xs1
      = if equal compare_name name n
        then match find compare_name n ys, find compare_name n xs with
             | Some y, Some x => Some (replica.take_part compare_name compare_value
                 (replica.part_since compare_name v y) x)
             | _, found => found
             end
        else find compare_name name xs) as finds1.
    { intros name. unfold xs1.
      destruct (equal_is_equality compare_name name n) as [-> | other].
      - destruct (find compare_name n ys), (find compare_name n xs) eqn:at_n; auto.
        now rewrite (find_in_set compare_name), (equal_to_itself compare_name) by exact sorts.
      - destruct (find compare_name n ys), (find compare_name n xs) eqn:at_n; auto.
        rewrite (find_in_set compare_name) by exact sorts.
        now destruct (equal_is_equality compare_name name n). }
    destruct (IH xs1 sorts1 sorts_vs) as (zs & fed & sorts_zs & finds).
    { intros name v' found. destruct (later name v' found) as [other found'].
      destruct (known name v' found') as [inside' covered']. split; [exact inside' |].
      intros x. rewrite finds1. destruct (equal_is_equality compare_name name n); [easy |].
      apply covered'. }
    exists zs. split; [| split; [exact sorts_zs |]].
    + destruct (find compare_name n ys) as [y |] eqn:at_y; [| exact fed].
      rewrite feeding_more, feeding_pieces by (auto using cut_is_some). cbv zeta. cbn [fst snd app].
      rewrite the_whole_is_assembled, applying_one_delta by exact sorts.
      unfold xs1 in fed. destruct (find compare_name n xs) as [x |] eqn:at_x.
      * rewrite covered by reflexivity. rewrite fed. reflexivity.
      * rewrite fed. reflexivity.
    + intros name. rewrite finds, finds1, (find_in_first_and_rest compare_name) by exact above.
      destruct (equal_is_equality compare_name name n) as [-> | other]; [| reflexivity].
      rewrite absent. now destruct (find compare_name n ys), (find compare_name n xs).
Qed.

(** *** After the answer *)

Lemma a_closed_side_is_silent c xs agrees pieces ms :
  snd (feed c xs (Side (Closed agrees) pieces) ms) = [].
Proof.
  revert xs pieces. induction ms as [| m ms IH]; intros xs pieces; [reflexivity |].
  cbn [feed snd]. destruct m as [| | name since piece [|] | |]; unfold sync.turn, sync.reply;
    cbn [at_phase taken app]; apply IH.
Qed.

(** Two sides that have received all that the other one sent. *)
Lemma two_sides_that_have_received_everything c xa xb in_a in_b va vb za zb :
  of_class c xa = xa ->
  of_class c xb = xb ->
  of_class c za = za ->
  of_class c zb = zb ->
  in_a = Vectors vb :: snd (feed c xb greeting in_b) ->
  in_b = Vectors va :: snd (feed c xa greeting in_a) ->
  feed c xa (Side Taking []) (answer va xb) = ((za, Side Taking []), []) ->
  feed c xb (Side Taking []) (answer vb xa) = ((zb, Side Taking []), []) ->
  fst (feed c xa greeting in_a)
  = (za, Side (Closed (equal compare_summary (summarize zb) (summarize za))) []).
Proof.
  intros same_xa same_xb same_za same_zb fed_a fed_b takes_a takes_b.
  assert (forall c (xs : objects) ms vs, of_class c xs = xs ->
    feed c xs greeting (Vectors vs :: ms)
    = (fst (feed c xs (Side Taking []) ms),
       (answer vs xs ++ [All_sent]) ++ snd (feed c xs (Side Taking []) ms))) as opening.
  { intros c' xs ms vs same. cbn [feed]. unfold sync.take, sync.turn, sync.reply.
    cbn [sync.completes at_phase taken]. now rewrite same. }
  assert (forall c (zs : objects) ms, of_class c zs = zs ->
    feed c zs (Side Taking []) (All_sent :: ms)
    = (fst (feed c zs (Side Checking []) ms),
       Check (summarize zs) :: snd (feed c zs (Side Checking []) ms))) as sending.
  { intros c' zs ms same. cbn [feed]. unfold sync.take, sync.turn, sync.reply.
    cbn [sync.completes at_phase taken app]. now rewrite same. }
  set (rest_a := snd (feed c xa (Side Taking []) (snd (feed c xb greeting in_b)))).
  set (rest_b := snd (feed c xb (Side Taking []) (snd (feed c xa greeting in_a)))).
  assert (snd (feed c xa greeting in_a) = (answer vb xa ++ [All_sent]) ++ rest_a) as out_a
    by (rewrite fed_a at 1; now rewrite opening).
  assert (snd (feed c xb greeting in_b) = (answer va xb ++ [All_sent]) ++ rest_b) as out_b
    by (rewrite fed_b at 1; now rewrite opening).
  assert (forall (xs zs ys : objects) vs ms, of_class c zs = zs ->
    feed c xs (Side Taking []) (answer vs ys) = ((zs, Side Taking []), []) ->
    feed c xs (Side Taking []) ((answer vs ys ++ [All_sent]) ++ ms)
    = (fst (feed c zs (Side Checking []) ms),
       Check (summarize zs) :: snd (feed c zs (Side Checking []) ms))) as middle.
  { intros xs zs ys vs ms same takes. rewrite <- app_assoc. cbn [app].
    rewrite feeding_more, takes. cbv zeta. cbn [fst snd app]. now rewrite sending. }
  assert (rest_a = Check (summarize za) :: snd (feed c za (Side Checking []) rest_b)) as tail_a
    by (unfold rest_a; rewrite out_b; now rewrite (middle xa za)).
  assert (rest_b = Check (summarize zb) :: snd (feed c zb (Side Checking []) rest_a)) as tail_b
    by (unfold rest_b; rewrite out_a; now rewrite (middle xb zb)).
  assert (forall (zs : objects) summary ms, of_class c zs = zs ->
    feed c zs (Side Checking []) (Check summary :: ms)
    = feed c zs (Side (Closed (equal compare_summary summary (summarize zs))) []) ms) as checking.
  { intros zs summary ms same. cbn [feed]. unfold sync.take, sync.turn, sync.reply.
    cbn [sync.completes at_phase taken app]. rewrite same. now destruct (feed _ _ _ ms). }
  assert (rest_b = [Check (summarize zb)]) as end_b.
  { rewrite tail_b, tail_a at 1. rewrite checking by exact same_zb.
    now rewrite a_closed_side_is_silent. }
  rewrite fed_a, opening by exact same_xa. cbn [fst].
  rewrite out_b, (middle xa za) by assumption. cbn [fst].
  rewrite end_b, checking by exact same_za. reflexivity.
Qed.

(** What an opening leads to: an early end where both have stated the same summary, and otherwise
    both announce their vectors. *)
Lemma what_follows_the_opening c xa xb sa sb in_a in_b :
  of_class c xa = xa ->
  of_class c xb = xb ->
  in_a = Hello sb :: snd (feed c xb (fresh sb) in_b) ->
  in_b = Hello sa :: snd (feed c xa (fresh sa) in_a) ->
  (sa = sb
   /\ fst (feed c xa (fresh sa) in_a) = (xa, Side (Closed true) [])
   /\ fst (feed c xb (fresh sb) in_b) = (xb, Side (Closed true) []))
  \/ exists rest_a rest_b,
       rest_a = Vectors (vectors compare_name c xb) :: snd (feed c xb greeting rest_b)
       /\ rest_b = Vectors (vectors compare_name c xa) :: snd (feed c xa greeting rest_a)
       /\ fst (feed c xa (fresh sa) in_a) = fst (feed c xa greeting rest_a)
       /\ fst (feed c xb (fresh sb) in_b) = fst (feed c xb greeting rest_b).
Proof using lawful_summaries.
  intros same_xa same_xb fed_a fed_b.
  assert (forall xs own peer ms,
    feed c xs (fresh own) (Hello peer :: ms)
    = let rest := feed c xs (if equal compare_summary peer own
                             then Side (Closed true) [] else greeting) ms in
      (fst rest, (if equal compare_summary peer own
                  then [] else [Vectors (vectors compare_name c xs)]) ++ snd rest)) as opening.
  { intros xs own peer ms. cbn [feed]. unfold sync.take, sync.turn, sync.reply.
    cbn [sync.completes at_phase fresh taken].
    now destruct (equal compare_summary peer own). }
  set (ms_a := snd (feed c xb (fresh sb) in_b)) in *.
  set (ms_b := snd (feed c xa (fresh sa) in_a)) in *.
  assert (fst (feed c xa (fresh sa) in_a)
    = fst (feed c xa (if equal compare_summary sb sa
                      then Side (Closed true) [] else greeting) ms_a)) as end_a
    by (rewrite fed_a, opening; reflexivity).
  assert (fst (feed c xb (fresh sb) in_b)
    = fst (feed c xb (if equal compare_summary sa sb
                      then Side (Closed true) [] else greeting) ms_b)) as end_b
    by (rewrite fed_b, opening; reflexivity).
  assert (ms_a = (if equal compare_summary sa sb
                  then [] else [Vectors (vectors compare_name c xb)])
    ++ snd (feed c xb (if equal compare_summary sa sb
                       then Side (Closed true) [] else greeting) ms_b)) as sent_a
    by (unfold ms_a; rewrite fed_b at 1; rewrite opening; reflexivity).
  assert (ms_b = (if equal compare_summary sb sa
                  then [] else [Vectors (vectors compare_name c xa)])
    ++ snd (feed c xa (if equal compare_summary sb sa
                       then Side (Closed true) [] else greeting) ms_a)) as sent_b
    by (unfold ms_b; rewrite fed_a at 1; rewrite opening; reflexivity).
  rewrite (equal_either_way compare_summary sb sa) in *.
  destruct (equal_is_equality compare_summary sa sb) as [same | different]; cbn [app] in *.
  - left. split; [exact same |]. rewrite a_closed_side_is_silent in sent_a, sent_b.
    rewrite end_a, end_b, sent_a, sent_b. now split.
  - right. now exists ms_a, ms_b.
Qed.
End Sync.
