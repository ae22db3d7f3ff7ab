(** The binary format: deltas of counters, of max- and min-registers, and of logs.

    Meaning: what [wire.md] says of them. Every delta begins with its base and with what its sender has
    seen; then it holds what lies between. The sender chooses how its base is encoded, and how each
    block is. A receiver decodes it with what it [knows]: the vector that it has asked with, and others
    by their fingerprints. Here a fingerprint is any 16 bytes that stand for a vector; that of an actor
    table is not modelled.
    Laws: what was written is read back, whatever is chosen ([wire_delta_proof.v]).
    Source: [wire.md]. *)

From Coq Require Import List Bool NArith BinInt.
From Rejoin Require Import order sorted_map dot.
From Rejoin Require version_vector state_hash.
From Rejoin Require Import wire.
Import ListNotations.
Open Scope N_scope.

Local Notation bytes := state_hash.bytes.
Local Notation vector := (version_vector.state bytes).
Local Notation well_formed_vector := (version_vector.well_formed state_hash.compare_bytes).
Local Notation count_of := (version_vector.get state_hash.compare_bytes).

(** Reads the next part of some bytes; nothing if it cannot be read. *)
Local Notation "'let?' x , bs := part 'in' others" :=
  (match part with Some (x, bs) => others | None => None end)
  (at level 200, x pattern, bs name, part at level 100, others at level 200).

(** ** Numbers near each other *)

Definition half_way : N := 2147483648 * 4294967296.

Definition plus (a b : N) : N := (a + b) mod no_number.
Definition minus (a b : N) : N := (a + no_number - b) mod no_number.

(** Small where the number is near 0 from either side. *)
Definition zigzag (n : N) : N := if n <? half_way then 2 * n else 2 * (no_number - n) - 1.

Definition unzigzag (n : N) : N := if N.even n then n / 2 else no_number - (n + 1) / 2.

(** ** Whole messages *)

(** As many zero bytes as the counts are more than the message has bytes; the texts are its end. *)
Definition message (kind : N) (counted : nat) (fields texts : bytes) : bytes :=
  let start := 1 :: kind :: fields in
  start ++ padding counted (start ++ texts) ++ texts.

Definition open (kind : N) (bs : bytes) : option bytes :=
  match bs with
  | version :: k :: fields => if (version =? 1) && (k =? kind) then Some fields else None
  | _ => None
  end.

(** Whether [rest], at the end of a message of this length but for its texts, pads it to its counts. *)
Definition ends (worth counted : nat) (rest : bytes) : bool :=
  equal state_hash.compare_bytes rest (repeat 0 (counted - (worth - length rest))).

(** A count is at most the length of the message. *)
Definition read_count (worth : nat) (bs : bytes) : option (nat * bytes) :=
  let? count, bs := read_number bs in
  if count <=? N.of_nat worth then Some (N.to_nat count, bs) else None.

(** ** Groups: rows of numbers, of which 128 are encoded column by column *)

Section Groups.
Context {Row : Type} (write : list Row -> bytes) (read : nat -> bytes -> option (list Row * bytes)).

Fixpoint write_groups (most : nat) (rows : list Row) : bytes :=
  match most, rows with
  | S most, _ :: _ => write (firstn block rows) ++ write_groups most (skipn block rows)
  | _, _ => []
  end.

Fixpoint read_groups (most n : nat) (bs : bytes) : option (list Row * bytes) :=
  match most, n with
  | S most, S _ =>
      let? rows, bs := read (Nat.min block n) bs in
      let? others, bs := read_groups most (n - block) bs in
      Some (rows ++ others, bs)
  | _, _ => Some ([], bs)
  end.
End Groups.

Definition write_table {Row : Type} (write : list Row -> bytes) (rows : list Row) : bytes :=
  write_groups write (length rows) rows.

Definition read_table {Row : Type} (read : nat -> bytes -> option (list Row * bytes)) (n : nat)
    : bytes -> option (list Row * bytes) :=
  read_groups read n n.

(** First the columns of the left parts, then those of the right ones. *)
Definition write_both {A B : Type} (left : list A -> bytes) (right : list B -> bytes)
    (rows : list (A * B)) : bytes :=
  left (map fst rows) ++ right (map snd rows).

Definition read_both {A B : Type} (left : nat -> bytes -> option (list A * bytes))
    (right : nat -> bytes -> option (list B * bytes)) (n : nat) (bs : bytes)
    : option (list (A * B) * bytes) :=
  let? xs, bs := left n bs in
  let? ys, bs := right n bs in
  Some (combine xs ys, bs).

(** ** Where a delta starts and ends *)

(** What the receiver knows: the vector that it has asked with, and vectors by their fingerprints. *)
Record known := Known { asked : option vector; fingerprints : list (bytes * vector) }.

(** How the sender encodes a base: written out, by its fingerprint, or as the one asked with. *)
Inductive base := Inline | By_fingerprint (fingerprint : bytes) | As_asked.

Definition fingerprint_length : nat := 16.

Fixpoint fingerprinted (fingerprint : bytes) (known : list (bytes * vector)) : option vector :=
  match known with
  | [] => None
  | (of, v) :: known =>
      if equal state_hash.compare_bytes of fingerprint then Some v else fingerprinted fingerprint known
  end.

(** Two bytes of a hash of the counts. *)
Definition check_start : N := 3421674724 * 4294967296 + 2216829733.
Definition check_factor : N := 256 * 4294967296 + 435.

Definition check (v : vector) : bytes :=
  let hash := fold_left (fun hash entry => (N.lxor hash (snd entry) * check_factor) mod no_number)
    v check_start in
  [N.div hash (16777216 * 4294967296); N.modulo (N.div hash (65536 * 4294967296)) 256].

(** What [seen] has of further origins. *)
Definition further (since seen : vector) : vector :=
  filter (fun entry => count_of (fst entry) since =? 0) seen.

(** For each origin of which more is seen, in order: the counts before and after. *)
Definition beyond (since seen : vector) : list (N * N) :=
  filter (fun counts => fst counts <? snd counts)
    (map (fun entry => (count_of (fst entry) since, snd entry)) seen).

Section Writing.
Context (choose : list N -> N * nat).

Definition write_origins (os : list (origin bytes)) : bytes :=
  write_names [] (map (@replica bytes) os) ++ write_column choose (map (@incarnation bytes) os).

(** The head's lower part, the bytes, and what is counted in them. An empty base has none; and a
    fingerprint is only where it is shorter. *)
Definition write_base (chosen : base) (since : vector) : N * bytes * nat :=
  let inline := write_vector choose since in
  match since with
  | [] => (0, [], O)
  | _ =>
      match chosen with
      | As_asked => (3, check since, O)
      | By_fingerprint fingerprint =>
          if Nat.leb (length inline) fingerprint_length then (1, inline, length since)
          else (2, fingerprint, O)
      | Inline => (1, inline, length since)
      end
  end.

Definition write_differences (since seen : vector) : bytes :=
  write_column choose
    (map (fun entry => zigzag (minus (count_of (fst entry) seen) (snd entry))) since).

(** The head's upper part, and the bytes. *)
Definition write_seen (since seen : vector) : N * bytes :=
  match further since seen with
  | [] =>
      if forallb (fun entry => count_of (fst entry) seen =? snd entry) since then (0, [])
      else (1, write_differences since seen)
  | new =>
      (2, write_differences since seen ++ write_number (N.of_nat (length new))
        ++ write_origins (map fst new) ++ write_column choose (map snd new))
  end.

Definition write_span (chosen : base) (since seen : vector) : bytes :=
  let '(lower, of_base, _) := write_base chosen since in
  let (upper, of_seen) := write_seen since seen in
  4 * upper + lower :: of_base ++ of_seen.

Definition span_counted (chosen : base) (since seen : vector) : nat :=
  (snd (write_base chosen since) + length (further since seen))%nat.
End Writing.

(** The base, and what is counted in it. *)
Definition read_base (knows : known) (worth : nat) (form : N) (bs : bytes)
    : option ((vector * nat) * bytes) :=
  if form =? 0 then Some ([], O, bs)
  else if form =? 1 then
    let? since, bs := read_vector worth bs in Some (since, length since, bs)
  else if form =? 2 then
    let? fingerprint, bs := take fingerprint_length bs in
    match fingerprinted fingerprint (fingerprints knows) with
    | Some since => Some (since, O, bs)
    | None => None
    end
  else
    let? found, bs := take 2 bs in
    match asked knows with
    | Some since =>
        if equal state_hash.compare_bytes (check since) found then Some (since, O, bs) else None
    | None => None
    end.

Definition read_origins (n : nat) (bs : bytes) : option (list (origin bytes) * bytes) :=
  let? names, bs := read_names n [] bs in
  let? incarnations, bs := read_column n bs in
  Some (map (fun of => Origin (fst of) (snd of)) (combine names incarnations), bs).

(** What the sender has seen of the origins of the base; a count of 0 says that the origin is absent. *)
Definition read_differences (since : vector) (bs : bytes) : option (vector * bytes) :=
  let? differences, bs := read_column (length since) bs in
  let changed := map (fun of => (fst (fst of), plus (snd (fst of)) (unzigzag (snd of))))
    (combine since differences) in
  Some (filter (fun entry => negb (snd entry =? 0)) changed, bs).

(** What is seen, and what is counted in it. Further origins rise, and are none of the base's. *)
Definition read_seen (worth : nat) (form : N) (since : vector) (bs : bytes)
    : option ((vector * nat) * bytes) :=
  if form =? 0 then Some (since, O, bs)
  else if form =? 1 then
    let? seen, bs := read_differences since bs in Some (seen, O, bs)
  else if form =? 2 then
    let? changed, bs := read_differences since bs in
    let? n, bs := read_count worth bs in
    let? origins, bs := read_origins n bs in
    let? counts, bs := read_column n bs in
    let new := combine origins counts in
    if version_vector.well_formed state_hash.compare_bytes new
       && forallb (fun entry => count_of (fst entry) since =? 0) new
    then Some (version_vector.join state_hash.compare_bytes changed new, n, bs) else None
  else None.

(** The base, what is seen, and what is counted. *)
Definition read_span (knows : known) (worth : nat) (bs : bytes)
    : option ((vector * vector * nat) * bytes) :=
  match bs with
  | [] => None
  | head :: bs =>
      let? of_base, bs := read_base knows worth (head mod 4) bs in
      let? of_seen, bs := read_seen worth (head / 4) (fst of_base) bs in
      Some (fst of_base, fst of_seen, (snd of_base + snd of_seen)%nat, bs)
  end.

(** ** Deltas of counters *)

(** Shares in the order of their origins, which are those of which more is seen. A G-counter has no
    decrements. *)
Record counter_delta := Counter_delta {
  counter_since : vector;
  counter_seen : vector;
  increments : list N;
  decrements : list N }.

(** The greatest share. *)
Definition greatest_share : N := (no_number - 1) * no_number + (no_number - 1).

(** Increments are of 1 at least, so the shares of an origin add up to its count or more. *)
Definition well_formed_counter (is_pn : bool) (d : counter_delta) : bool :=
  let counts := map snd (beyond (counter_since d) (counter_seen d)) in
  well_formed_vector (counter_since d) && well_formed_vector (counter_seen d)
  && Nat.eqb (length (increments d)) (length counts)
  && Nat.eqb (length (decrements d)) (if is_pn then length counts else O)
  && forallb (fun share => share <=? greatest_share) (increments d)
  && forallb (fun share => share <=? greatest_share) (decrements d)
  && forallb (fun of => fst (fst of) - snd (fst of) <=? snd of)
       (combine (combine counts (increments d))
         (if is_pn then decrements d else repeat 0 (length counts))).

Definition kind_of_counter (is_pn : bool) : N := if is_pn then 11 else 3.

(** What is taken from a share of a G-counter: of a PN-counter neither side reaches the count. *)
Definition least_shares (is_pn : bool) (since seen : vector) : list N :=
  map (fun counts => if is_pn then 0 else snd counts) (beyond since seen).

Section Counters.
Context (choose : list N -> N * nat).

(** The lower halves, then the higher ones. *)
Definition write_shares (shares : list N) : bytes :=
  write_column choose (map (fun share => share mod no_number) shares)
  ++ write_column choose (map (fun share => share / no_number) shares).

Definition encode_counter (is_pn : bool) (chosen : base) (d : counter_delta) : bytes :=
  let since := counter_since d in
  let seen := counter_seen d in
  let excess := map (fun of => snd of - fst of)
    (combine (least_shares is_pn since seen) (increments d)) in
  message (kind_of_counter is_pn) (span_counted choose chosen since seen)
    (write_span choose chosen since seen ++ write_shares excess
      ++ (if is_pn then write_shares (decrements d) else [])) [].
End Counters.

Definition read_shares (n : nat) (bs : bytes) : option (list N * bytes) :=
  let? low, bs := read_column n bs in
  let? high, bs := read_column n bs in
  Some (map (fun halves => fst halves + no_number * snd halves) (combine low high), bs).

Definition decode_counter (is_pn : bool) (knows : known) (bs : bytes) : option counter_delta :=
  let worth := length bs in
  match open (kind_of_counter is_pn) bs with
  | Some fields =>
      let? span, rest := read_span knows worth fields in
      let '(since, seen, counted) := span in
      let n := length (beyond since seen) in
      let? excess, rest := read_shares n rest in
      let? down, rest := (if is_pn then read_shares n rest else Some ([], rest)) in
      let told := combine (least_shares is_pn since seen) excess in
      if ends worth counted rest
         && forallb (fun of => snd of <=? greatest_share - fst of) told
      then
        let d := Counter_delta since seen (map (fun of => fst of + snd of) told) down in
        if well_formed_counter is_pn d then Some d else None
      else None
  | None => None
  end.

(** ** Deltas of max- and min-registers *)

Record integer_delta := Integer_delta {
  integer_since : vector;
  integer_seen : vector;
  the_integer : option Z }.

(** From -2^63 to 2^64 - 1. *)
Definition is_integer (z : Z) : bool :=
  match z with
  | Z0 => true
  | Zpos p => N.pos p <? no_number
  | Zneg p => N.pos p <=? half_way
  end.

(** An integer is sent exactly where the receiver lacks a write. *)
Definition well_formed_integer (d : integer_delta) : bool :=
  well_formed_vector (integer_since d) && well_formed_vector (integer_seen d)
  && match the_integer d with
     | None => version_vector.covers state_hash.compare_bytes (integer_since d) (integer_seen d)
     | Some z =>
         is_integer z
         && negb (version_vector.covers state_hash.compare_bytes (integer_since d) (integer_seen d))
     end.

Definition write_integer (z : option Z) : bytes :=
  match z with
  | None => [0]
  | Some Z0 => [1]
  | Some (Zpos p) => 2 :: write_number (N.pos p)
  | Some (Zneg p) => 3 :: write_number (N.pos p)
  end.

(** An integer after its sign is not 0. *)
Definition read_integer (bs : bytes) : option (option Z * bytes) :=
  match bs with
  | [] => None
  | sign :: bs =>
      if sign =? 0 then Some (None, bs)
      else if sign =? 1 then Some (Some Z0, bs)
      else
        let? amount, bs := read_number bs in
        match amount with
        | N0 => None
        | Npos p =>
            if sign =? 2 then Some (Some (Zpos p), bs)
            else if sign =? 3 then Some (Some (Zneg p), bs)
            else None
        end
  end.

Definition kind_of_integers : N := 13.

Definition encode_integer (choose : list N -> N * nat) (chosen : base) (d : integer_delta) : bytes :=
  let since := integer_since d in
  let seen := integer_seen d in
  message kind_of_integers (span_counted choose chosen since seen)
    (write_span choose chosen since seen ++ write_integer (the_integer d)) [].

Definition decode_integer (knows : known) (bs : bytes) : option integer_delta :=
  let worth := length bs in
  match open kind_of_integers bs with
  | Some fields =>
      let? span, rest := read_span knows worth fields in
      let '(since, seen, counted) := span in
      let? z, rest := read_integer rest in
      let d := Integer_delta since seen z in
      if ends worth counted rest && well_formed_integer d then Some d else None
  | None => None
  end.

(** ** Deltas of logs *)

Record entry := Entry { entry_seq : N; entry_time : N; entry_text : bytes }.

(** The entries that the base lacks, by origin and counter. *)
Record log_delta := Log_delta {
  log_since : vector;
  log_seen : vector;
  log_entries : list entry }.

(** The counters of what is seen beyond the base. *)
Definition counters (since seen : vector) : list N :=
  flat_map (fun counts =>
    map (fun n => fst counts + 1 + N.of_nat n) (seq 0 (N.to_nat (snd counts - fst counts))))
    (beyond since seen).

Definition lacking (since seen : vector) : N :=
  sum (map (fun counts => snd counts - fst counts) (beyond since seen)).

(** 2^32: each entry has fewer bytes. *)
Definition no_length : N := 4294967296.

Definition well_formed_log (d : log_delta) : bool :=
  well_formed_vector (log_since d) && well_formed_vector (log_seen d)
  && (N.of_nat (length (log_entries d)) =? lacking (log_since d) (log_seen d))
  && forallb (fun e => (entry_time e <? half_way) && (N.of_nat (length (entry_text e)) <? no_length))
       (log_entries d).

(** Of each time how its distance from the counter changed. *)
Fixpoint steps (last : N) (times : list (N * N)) : list N :=
  match times with
  | [] => []
  | (counter, time) :: times =>
      let distance := minus time counter in
      zigzag (minus distance last) :: steps distance times
  end.

Fixpoint unstep (last : N) (steps : list (N * N)) : list N :=
  match steps with
  | [] => []
  | (counter, step) :: steps =>
      let distance := plus last (unzigzag step) in
      plus distance counter :: unstep distance steps
  end.

(** Cuts texts; they must be as long as these lengths together. *)
Fixpoint cut (lengths : list N) (texts : bytes) : option (list bytes) :=
  match lengths with
  | [] => match texts with [] => Some [] | _ => None end
  | l :: lengths =>
      if l <=? N.of_nat (length texts) then
        match cut lengths (skipn (N.to_nat l) texts) with
        | Some others => Some (firstn (N.to_nat l) texts :: others)
        | None => None
        end
      else None
  end.

Definition kind_of_logs : N := 4.

Section Logs.
Context (choose : list N -> N * nat).

Definition write_entries : list (N * (N * N)) -> bytes :=
  write_both (write_block choose) (write_both (write_block choose) (write_block choose)).

Definition encode_log (chosen : base) (d : log_delta) : bytes :=
  let since := log_since d in
  let seen := log_seen d in
  let es := log_entries d in
  let cs := counters since seen in
  let texts := flat_map entry_text es in
  let rows := combine (steps 0 (combine cs (map entry_seq es)))
    (combine (steps 0 (combine cs (map entry_time es)))
      (map (fun e => N.of_nat (length (entry_text e))) es)) in
  message kind_of_logs (span_counted choose chosen since seen + length es)
    (write_number (N.of_nat (length texts)) ++ write_span choose chosen since seen
      ++ write_table write_entries rows) texts.
End Logs.

(** Splits the texts off the end. *)
Definition read_texts (bs : bytes) : option (bytes * bytes) :=
  let? n, bs := read_number bs in
  if n <=? N.of_nat (length bs) then
    let before := (length bs - N.to_nat n)%nat in
    Some (skipn before bs, firstn before bs)
  else None.

Definition decode_log (knows : known) (bs : bytes) : option log_delta :=
  let worth := length bs in
  match open kind_of_logs bs with
  | Some fields =>
      let? texts, fields := read_texts fields in
      let? span, rest := read_span knows worth fields in
      let '(since, seen, counted) := span in
      if N.of_nat worth <? lacking since seen then None
      else
        let n := N.to_nat (lacking since seen) in
        let? rows, rest := read_table (read_both read_block (read_both read_block read_block)) n rest in
        let cs := counters since seen in
        match cut (map (fun row => snd (snd row)) rows) texts with
        | Some texts_of =>
            let seqs := unstep 0 (combine cs (map fst rows)) in
            let times := unstep 0 (combine cs (map (fun row => fst (snd row)) rows)) in
            let es := map (fun of => Entry (fst of) (fst (snd of)) (snd (snd of)))
              (combine seqs (combine times texts_of)) in
            let d := Log_delta since seen es in
            if ends worth (counted + n) rest && well_formed_log d then Some d else None
        | None => None
        end
  | None => None
  end.

(** ** What Rejoin's sender writes *)

Definition encode_counter_short (is_pn : bool) (chosen : base) (d : counter_delta) : bytes :=
  encode_counter choose_short is_pn chosen d.
Definition encode_integer_short (chosen : base) (d : integer_delta) : bytes :=
  encode_integer choose_short chosen d.
Definition encode_log_short (chosen : base) (d : log_delta) : bytes := encode_log choose_short chosen d.

(** ** What the format can say *)

(** Both vectors fit. *)
Definition fits_span (since seen : vector) : Prop := fits since /\ fits seen.

(** The texts have fewer than 2^64 bytes, and numbers of replicas fit. *)
Definition fits_log (d : log_delta) : Prop :=
  fits_span (log_since d) (log_seen d)
  /\ Forall (fun e => entry_seq e < no_number) (log_entries d)
  /\ N.of_nat (length (flat_map entry_text (log_entries d))) < no_number.

(** What the receiver must know where the base is not written out. *)
Definition is_known (chosen : base) (knows : known) (since : vector) : Prop :=
  match chosen with
  | Inline => True
  | By_fingerprint fingerprint =>
      length fingerprint = fingerprint_length
      /\ fingerprinted fingerprint (fingerprints knows) = Some since
  | As_asked => asked knows = Some since
  end.
