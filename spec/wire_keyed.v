(** The binary format: deltas of registers, maps, sets and flags.

    Meaning: what [wire.md] says of them. A delta lists keys, each by its bytes or by a creation dot alone,
    and one maximal decision of each; then further maximal decisions, the names of those that the
    receiver has, winners that are not maximal, and the creation dots that the receiver lacks. What a
    receiver must check is [well_formed_keyed]. Audit trails are not modelled, nor what is UTF-8.
    Laws: what was written is read back ([wire_keyed_proof.v]).
    Source: [wire.md]. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot.
From Rejoin Require version_vector state_hash.
From Rejoin Require Import wire wire_delta.
Import ListNotations.
Open Scope N_scope.

Local Notation bytes := state_hash.bytes.
Local Notation vector := (version_vector.state bytes).
Local Notation well_formed_vector := (version_vector.well_formed state_hash.compare_bytes).
Local Notation count_of := (version_vector.get state_hash.compare_bytes).

Local Notation "'let?' x , bs := part 'in' others" :=
  (match part with Some (x, bs) => others | None => None end)
  (at level 200, x pattern, bs name, part at level 100, others at level 200).

(** ** What a delta holds *)

(** A place of an origin in [seen], from 0, and the user. *)
Record author := Author { place : N; user : option bytes }.

(** A key by one of its creation dots, a place and a counter, or by its bytes. *)
Inductive key_name := By_creation_dot (place counter : N) | By_bytes (key : bytes).

(** A decision: its author is a number among the delta's. Without an effect it removes, disables or
    deletes; otherwise it adds, enables or writes a value. *)
Record decision := Decision {
  count : N;
  seq_of : N;
  author_of : N;
  time : N;
  effect : option bytes }.

(** Lists go by the number of a key, from 0, among those that are listed. A name of an operation is a place
    and a counter. *)
Record keyed_delta := Keyed_delta {
  since : vector;
  seen : vector;
  authors : list author;
  listed : list (key_name * decision);
  others : list (N * decision);
  inside : list (N * (N * N));
  winners : list (N * decision);
  creation_dots : list (N * (N * N)) }.

(** Sets and flags; LWW-registers and -maps; MV-registers and -maps. *)
Inductive family := Presences | Writes | Contents.

Definition kind_of (f : family) : N :=
  match f with
  | Presences => 5
  | Writes => 6
  | Contents => 12
  end.

Definition is_timed (f : family) : bool :=
  match f with
  | Writes => true
  | _ => false
  end.

Definition has_values (f : family) : bool :=
  match f with
  | Presences => false
  | _ => true
  end.

(** ** Lists by number *)

Fixpoint at_number {A : Type} (n : N) (items : list A) : option A :=
  match items with
  | [] => None
  | x :: items => if n =? 0 then Some x else at_number (n - 1) items
  end.

Fixpoint replace_at {A : Type} (n : N) (x : A) (items : list A) : list A :=
  match items with
  | [] => []
  | y :: items => if n =? 0 then x :: items else y :: replace_at (n - 1) x items
  end.

Definition number_at (n : N) (items : list N) : N :=
  match at_number n items with
  | Some x => x
  | None => 0
  end.

Definition place_at (n : N) (all : list author) : N :=
  match at_number n all with
  | Some a => place a
  | None => 0
  end.

(** The name of a decision's operation. *)
Definition operation (all : list author) (x : decision) : N * N :=
  (place_at (author_of x) all, count x).

(** ** What a receiver must check *)

Definition counts_before (since seen : vector) : list N :=
  map (fun entry => count_of (fst entry) since) seen.

Definition is_new (since seen : vector) (op : N * N) : bool :=
  (number_at (fst op) (counts_before since seen) <? snd op)
  && (snd op <=? number_at (fst op) (map snd seen)).

Definition is_old (since seen : vector) (op : N * N) : bool :=
  (1 <=? snd op) && (snd op <=? number_at (fst op) (counts_before since seen))
  && (snd op <=? number_at (fst op) (map snd seen)).

Definition fits_family (f : family) (x : decision) : bool :=
  (if is_timed f then time x <? half_way else time x =? 0)
  && match effect x with
     | None => true
     | Some value => if has_values f then N.of_nat (length value) <? no_length
                     else match value with [] => true | _ => false end
     end.

(** Of each origin the first decisions rise, from what the base counts. *)
Fixpoint first_ones_rise (last : list N) (ops : list (N * N)) : bool :=
  match ops with
  | [] => true
  | (p, n) :: ops => (number_at p last <? n) && first_ones_rise (replace_at p n last) ops
  end.

Definition compare_named : N * (N * N) -> N * (N * N) -> comparison :=
  compare_pair N.compare (compare_pair N.compare N.compare).

Definition same_operation : N * N -> N * N -> bool := equal (compare_pair N.compare N.compare).

(** Operations of listed keys: the number of the key, and the name. *)
Definition named (all : list author) (xs : list (N * decision)) : list (N * (N * N)) :=
  map (fun x => (fst x, operation all (snd x))) xs.

Definition numbered {A : Type} (items : list A) : list (N * A) :=
  combine (map N.of_nat (seq 0 (length items))) items.

Definition well_formed_keyed (f : family) (d : keyed_delta) : bool :=
  let '(Keyed_delta since seen authors listed others inside winners creation_dots) := d in
  let first := named authors (numbered (map snd listed)) in
  let maximal := named authors others in
  let won := named authors winners in
  let all := map snd listed ++ map snd others ++ map snd winners in
  let is_listed := fun x : N * (N * N) => fst x <? N.of_nat (length listed) in
  well_formed_vector since && well_formed_vector seen
  && forallb (fun a => place a <? N.of_nat (length seen)) authors
  && forallb (fun x => (author_of x <? N.of_nat (length authors)) && fits_family f x) all
  && forallb (fun key => match fst key with
                         | By_creation_dot p n => is_old since seen (p, n)
                         | By_bytes _ => true
                         end) listed
  && first_ones_rise (counts_before since seen) (map snd first)
  && forallb (fun x => is_new since seen (snd x)) (first ++ maximal ++ won ++ creation_dots)
  && forallb (fun x => is_old since seen (snd x)) inside
  && forallb is_listed (maximal ++ won ++ inside ++ creation_dots)
  && rising compare_named maximal
  && rising compare_named inside
  && rising compare_named creation_dots
  && rising N.compare (map fst won)
  && (is_timed f || match won with [] => true | _ => false end)
  && forallb (fun x => negb (existsb (equal compare_named x) first)) maximal
  && forallb (fun x => negb (existsb (equal compare_named x) (first ++ maximal))) won
  && forallb (fun x => forallb (fun y =>
         negb (same_operation (snd x) (snd y)) || (fst x =? fst y))
       (first ++ maximal ++ won ++ creation_dots)) (maximal ++ won ++ creation_dots).

(** ** Keys *)

(** How a key is named in a group: by a place and a counter, or by how many bytes it shares, and has of
    its own. *)
Inductive raw_name := Raw_dot (place counter : N) | Raw_text (shared own : N).

(** As of names, but for the same key again. *)
Definition shared_key (before key : bytes) : N :=
  let length_of := N.of_nat (length key) in
  N.min (common before key) (length_of - (length_of + 8) / 9).

Fixpoint raw_names (before : bytes) (names : list key_name) : list raw_name :=
  match names with
  | [] => []
  | By_creation_dot p n :: names => Raw_dot p n :: raw_names before names
  | By_bytes key :: names =>
      let s := shared_key before key in
      Raw_text s (N.of_nat (length key) - s) :: raw_names key names
  end.

(** What the keys have of their own. *)
Fixpoint own_texts (before : bytes) (names : list key_name) : bytes :=
  match names with
  | [] => []
  | By_creation_dot _ _ :: names => own_texts before names
  | By_bytes key :: names =>
      skipn (N.to_nat (shared_key before key)) key ++ own_texts key names
  end.

Fixpoint read_keys (before : bytes) (raws : list raw_name) (texts : bytes) : option (list key_name) :=
  match raws with
  | [] => match texts with [] => Some [] | _ => None end
  | Raw_dot p n :: raws =>
      match read_keys before raws texts with
      | Some names => Some (By_creation_dot p n :: names)
      | None => None
      end
  | Raw_text s own :: raws =>
      if (own <=? N.of_nat (length texts)) && (s <=? N.of_nat (length before)) && (s <=? 8 * own) then
        let key := firstn (N.to_nat s) before ++ firstn (N.to_nat own) texts in
        match read_keys key raws (skipn (N.to_nat own) texts) with
        | Some names => Some (By_bytes key :: names)
        | None => None
        end
      else None
  end.

Definition place_code (raw : raw_name) : N :=
  match raw with
  | Raw_dot p _ => p + 1
  | Raw_text _ _ => 0
  end.

Definition dot_counters (raw : raw_name) : list N :=
  match raw with
  | Raw_dot _ n => [n]
  | Raw_text _ _ => []
  end.

Definition text_lengths (raw : raw_name) : list (N * N) :=
  match raw with
  | Raw_dot _ _ => []
  | Raw_text s own => [(s, own)]
  end.

(** Puts the names of a group together again. *)
Fixpoint rejoin_names (codes counters : list N) (lengths : list (N * N)) : list raw_name :=
  match codes with
  | [] => []
  | code :: codes =>
      if code =? 0 then
        match lengths with
        | (s, own) :: lengths => Raw_text s own :: rejoin_names codes counters lengths
        | [] => []
        end
      else
        match counters with
        | n :: counters => Raw_dot (code - 1) n :: rejoin_names codes counters lengths
        | [] => []
        end
  end.

Definition if_some {Row : Type} (write : list Row -> bytes) (rows : list Row) : bytes :=
  match rows with
  | [] => []
  | _ => write rows
  end.

Definition read_if_some {Row : Type} (read : nat -> bytes -> option (list Row * bytes)) (n : nat)
    (bs : bytes) : option (list Row * bytes) :=
  match n with
  | O => Some ([], bs)
  | _ => read n bs
  end.

Definition read_name_group (n : nat) (bs : bytes) : option (list raw_name * bytes) :=
  let? codes, bs := read_block n bs in
  let dots := length (filter (fun code => negb (code =? 0)) codes) in
  let? counters, bs := read_if_some read_block dots bs in
  let? lengths, bs := read_if_some (read_both read_block read_block) (n - dots) bs in
  Some (rejoin_names codes counters lengths, bs).

(** ** Decisions *)

(** Of a decision as it is in a group: its author, counter, seq, timestamp and effect. *)
Definition row : Type := N * (N * (N * (N * N))).

Definition no_column (rows : list N) : bytes := [].
Definition read_no_column (n : nat) (bs : bytes) : option (list N * bytes) := Some (repeat 0 n, bs).

Definition read_rows (f : family) : nat -> bytes -> option (list row * bytes) :=
  read_both read_block (read_both read_block (read_both read_block
    (read_both (if is_timed f then read_block else read_no_column) read_block))).

Definition effect_code (f : family) (x : decision) : N :=
  match effect x with
  | None => 0
  | Some value => if has_values f then N.of_nat (length value) + 1 else 1
  end.

(** Rows of decisions whose counters are written as [told]. *)
Definition rows_of (f : family) (told : list N) (xs : list decision) : list row :=
  let counts := map count xs in
  combine (map author_of xs) (combine told
    (combine (steps 0 (combine counts (map seq_of xs)))
      (combine
        (if is_timed f then steps 0 (combine counts (map time xs)) else map (fun _ => 0) xs)
        (map (effect_code f) xs)))).

Definition values_of (xs : list decision) : bytes :=
  flat_map (fun x => match effect x with Some value => value | None => [] end) xs.

(** The effects of some codes, and the texts that they leave. *)
Fixpoint read_effects (f : family) (codes : list N) (texts : bytes) : option (list (option bytes) * bytes) :=
  match codes with
  | [] => Some ([], texts)
  | code :: codes =>
      if code =? 0 then
        let? effects, texts := read_effects f codes texts in Some (None :: effects, texts)
      else if has_values f then
        if (code <=? N.of_nat (length texts) + 1) && (code <=? no_length) then
          let? effects, others := read_effects f codes (skipn (N.to_nat (code - 1)) texts) in
          Some (Some (firstn (N.to_nat (code - 1)) texts) :: effects, others)
        else None
      else if code =? 1 then
        let? effects, texts := read_effects f codes texts in Some (Some [] :: effects, texts)
      else None
  end.

(** The decisions of rows, with these counters, and the texts that they leave. *)
Definition decisions_of (f : family) (counts : list N) (rows : list row) (texts : bytes)
    : option (list decision * bytes) :=
  let? effects, texts := read_effects f (map (fun r => snd (snd (snd (snd r)))) rows) texts in
  let seqs := unstep 0 (combine counts (map (fun r => fst (snd (snd r))) rows)) in
  let times := map (fun r => fst (snd (snd (snd r)))) rows in
  let times := if is_timed f then unstep 0 (combine counts times) else times in
  Some (map (fun x => Decision (fst (snd x)) (fst (snd (snd x))) (fst x) (fst (snd (snd (snd x))))
         (snd (snd (snd (snd x)))))
    (combine (map fst rows) (combine counts (combine seqs (combine times effects)))), texts).

(** By origin, what is added to the counter of the decision before. *)
Fixpoint count_steps (last : list N) (ops : list (N * N)) : list N :=
  match ops with
  | [] => []
  | (p, n) :: ops => (n - number_at p last) :: count_steps (replace_at p n last) ops
  end.

Fixpoint count_up (last : list N) (steps : list (N * N)) : list N :=
  match steps with
  | [] => []
  | (p, step) :: steps =>
      let n := number_at p last + step in n :: count_up (replace_at p n last) steps
  end.

(** Of numbers that rise: each less the one before. *)
Fixpoint key_steps (last : N) (keys : list N) : list N :=
  match keys with
  | [] => []
  | key :: keys => (key - last) :: key_steps key keys
  end.

Fixpoint sums (last : N) (steps : list N) : list N :=
  match steps with
  | [] => []
  | step :: steps => (last + step) :: sums (last + step) steps
  end.

(** ** Users and authors *)

Definition users_of (all : list author) : list bytes :=
  set_of state_hash.compare_bytes
    (flat_map (fun a => match user a with Some u => [u] | None => [] end) all).

(** 1 more than its index. *)
Fixpoint user_number (u : bytes) (users : list bytes) : N :=
  match users with
  | [] => 0
  | v :: users => if equal state_hash.compare_bytes u v then 1 else 1 + user_number u users
  end.

Definition user_code (users : list bytes) (a : author) : N :=
  match user a with
  | Some u => user_number u users
  | None => 0
  end.

Fixpoint read_authors_of (users : list bytes) (codes : list (N * N)) : option (list author) :=
  match codes with
  | [] => Some []
  | (p, code) :: codes =>
      match read_authors_of users codes with
      | Some others =>
          if code =? 0 then Some (Author p None :: others)
          else
            match at_number (code - 1) users with
            | Some u => Some (Author p (Some u) :: others)
            | None => None
            end
      | None => None
      end
  end.

(** ** Messages *)

Section Writing.
Context (choose : list N -> N * nat) (f : family).

Definition write_name_group (raws : list raw_name) : bytes :=
  write_block choose (map place_code raws)
  ++ if_some (write_block choose) (flat_map dot_counters raws)
  ++ if_some (write_both (write_block choose) (write_block choose)) (flat_map text_lengths raws).

Definition write_rows : list row -> bytes :=
  write_both (write_block choose) (write_both (write_block choose) (write_both (write_block choose)
    (write_both (if is_timed f then write_block choose else no_column) (write_block choose)))).

Definition write_authors (all : list author) : bytes :=
  let users := users_of all in
  write_number (N.of_nat (length users)) ++ write_names [] users
  ++ write_number (N.of_nat (length all)) ++ write_column choose (map place all)
  ++ match users with
     | [] => []
     | _ => write_column choose (map (user_code users) all)
     end.

Definition write_further (xs : list (N * decision)) : bytes :=
  write_number (N.of_nat (length xs))
  ++ write_table (write_both (write_block choose) write_rows)
       (combine (key_steps 0 (map fst xs)) (rows_of f (map count (map snd xs)) (map snd xs))).

Definition write_operations (ops : list (N * (N * N))) : bytes :=
  write_number (N.of_nat (length ops))
  ++ write_table (write_both (write_block choose) (write_both (write_block choose) (write_block choose)))
       (combine (key_steps 0 (map fst ops)) (map snd ops)).

Definition write_listed (d : keyed_delta) : bytes :=
  let xs := map snd (listed d) in
  let told := count_steps (counts_before (since d) (seen d)) (map (operation (authors d)) xs) in
  write_number (N.of_nat (length (listed d)))
  ++ (if has_values f then write_number (N.of_nat (length (own_texts [] (map fst (listed d))))) else [])
  ++ write_table (write_both write_name_group write_rows)
       (combine (raw_names [] (map fst (listed d))) (rows_of f told xs)).

Definition encode_keyed (chosen : base) (d : keyed_delta) : bytes :=
  let texts := own_texts [] (map fst (listed d))
    ++ values_of (map snd (listed d)) ++ values_of (map snd (others d)) ++ values_of (map snd (winners d)) in
  let counted := (span_counted choose chosen (since d) (seen d)
    + length (users_of (authors d)) + length (authors d) + length (listed d) + length (others d)
    + length (inside d) + length (winners d) + length (creation_dots d))%nat in
  message (kind_of f) counted
    (write_number (N.of_nat (length texts)) ++ write_span choose chosen (since d) (seen d)
      ++ write_authors (authors d) ++ write_listed d ++ write_further (others d)
      ++ write_operations (inside d)
      ++ (if is_timed f then write_further (winners d) else [])
      ++ write_operations (creation_dots d)) texts.
End Writing.

Section Reading.
Context (f : family) (worth : nat).

(** The authors, and what is counted. *)
Definition read_authors (origins : nat) (bs : bytes) : option ((list author * nat) * bytes) :=
  let? m, bs := read_count worth bs in
  let? users, bs := read_names m [] bs in
  let? n, bs := read_count worth bs in
  let? places, bs := read_column n bs in
  let? codes, bs := (match m with O => Some (repeat 0 n, bs) | _ => read_column n bs end) in
  match read_authors_of users (combine places codes) with
  | Some all =>
      if forallb (fun a => place a <? N.of_nat origins) all then Some (all, (m + n)%nat, bs) else None
  | None => None
  end.

(** Further decisions, and the texts that they leave. *)
Definition read_further (texts bs : bytes)
    : option ((list (N * decision) * bytes) * bytes) :=
  let? n, bs := read_count worth bs in
  let? rows, bs := read_table (read_both read_block (read_rows f)) n bs in
  let? xs, texts := decisions_of f (map (fun r => fst (snd (snd r))) rows) (map snd rows) texts in
  Some (combine (sums 0 (map fst rows)) xs, texts, bs).

Definition read_operations (bs : bytes) : option (list (N * (N * N)) * bytes) :=
  let? n, bs := read_count worth bs in
  let? rows, bs := read_table (read_both read_block (read_both read_block read_block)) n bs in
  Some (combine (sums 0 (map fst rows)) (map snd rows), bs).

(** Splits the texts into those of keys and those of values. *)
Definition read_key_texts (texts bs : bytes) : option ((bytes * bytes) * bytes) :=
  if has_values f then
    let? n, bs := read_number bs in
    if n <=? N.of_nat (length texts)
    then Some (firstn (N.to_nat n) texts, skipn (N.to_nat n) texts, bs) else None
  else Some (texts, [], bs).

(** The listed keys, and the texts that they leave. *)
Definition read_listed (since seen : vector) (all : list author) (texts bs : bytes)
    : option ((list (key_name * decision) * bytes) * bytes) :=
  let? n, bs := read_count worth bs in
  let? of_texts, bs := read_key_texts texts bs in
  let? rows, bs := read_table (read_both read_name_group (read_rows f)) n bs in
  match read_keys [] (map fst rows) (fst of_texts) with
  | Some names =>
      let told := map (fun r => (place_at (fst (snd r)) all, fst (snd (snd r)))) rows in
      let counts := count_up (counts_before since seen) told in
      let? xs, texts := decisions_of f counts (map snd rows) (snd of_texts) in
      Some (combine names xs, texts, bs)
  | None => None
  end.
End Reading.

Definition decode_keyed (f : family) (knows : known) (bs : bytes) : option keyed_delta :=
  let worth := length bs in
  match open (kind_of f) bs with
  | Some fields =>
      let? texts, fields := read_texts fields in
      let? span, rest := read_span knows worth fields in
      let '(since, seen, counted) := span in
      let? of_authors, rest := read_authors worth (length seen) rest in
      let all := fst of_authors in
      let? of_listed, rest := read_listed f worth since seen all texts rest in
      let? of_others, rest := read_further f worth (snd of_listed) rest in
      let? inside, rest := read_operations worth rest in
      let? of_winners, rest :=
        (if is_timed f then read_further f worth (snd of_others) rest
         else Some ([], snd of_others, rest)) in
      let? creation_dots, rest := read_operations worth rest in
      let d := Keyed_delta since seen all (fst of_listed) (fst of_others) inside (fst of_winners)
        creation_dots in
      let counted := (counted + snd of_authors + length (listed d) + length (others d)
        + length inside + length (winners d) + length creation_dots)%nat in
      match snd of_winners with
      | [] => if ends worth counted rest && well_formed_keyed f d then Some d else None
      | _ => None
      end
  | None => None
  end.

(** The bytes that Rejoin's sender writes. *)
Definition encode_keyed_short (f : family) (chosen : base) (d : keyed_delta) : bytes :=
  encode_keyed choose_short f chosen d.

(** ** What the format can say *)

(** Names of users, numbers and keys fit, and what is counted together with the texts is less than 2^64. *)
Definition fits_keyed (d : keyed_delta) : Prop :=
  fits_span (since d) (seen d)
  /\ Forall fits_name (users_of (authors d))
  /\ Forall (fun x => seq_of x < no_number)
       (map snd (listed d) ++ map snd (others d) ++ map snd (winners d))
  /\ Forall (fun name => match name with
                         | By_creation_dot _ _ => True
                         | By_bytes key => N.of_nat (length key) < no_number
                         end) (map fst (listed d))
  /\ N.of_nat (length (users_of (authors d)) + length (authors d) + length (listed d)
       + length (others d) + length (inside d) + length (winners d) + length (creation_dots d)
       + length (own_texts [] (map fst (listed d))
           ++ values_of (map snd (listed d)) ++ values_of (map snd (others d))
           ++ values_of (map snd (winners d)))) + 1 < no_number.

(** Whether a key goes by its bytes, not by a creation dot alone. *)
Definition goes_by_bytes (name : key_name) : bool :=
  match name with
  | By_creation_dot _ _ => false
  | By_bytes _ => true
  end.
