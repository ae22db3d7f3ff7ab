(** The binary format: numbers, columns, names and vectors as bytes.

    Meaning: what [wire.md] says of them. [encode] makes the message of a vector with its origins by
    name, [decode] reads one; it answers nothing for bytes that are no such message. The sender
    [choose]s the form of each block; Rejoin's sender uses [choose_short]. A name is its
    bytes here: the model does not check that they are UTF-8.
    Laws: what was written is read back, whatever is chosen ([wire_proof.v]).
    Source: [wire.md]. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot.
From Rejoin Require version_vector state_hash.
Import ListNotations.
Open Scope N_scope.

Local Notation bytes := state_hash.bytes.
Local Notation vector := (version_vector.state bytes).

(** ** Numbers *)

(** 2^64: the least that is no number. Greater constants are products, so that as data they are not deep. *)
Definition no_number : N := 4294967296 * 4294967296.

Definition write_number (n : N) : bytes := state_hash.digits 9 n.

(** Of a number in more bytes than it needs the last one is 0. *)
Fixpoint read_digits (most : nat) (bs : bytes) : option (N * bytes) :=
  match bs with
  | [] => None
  | b :: rest =>
      if b <? 128 then Some (b, rest)
      else
        match most with
        | O => None
        | S most =>
            match read_digits most rest with
            | Some (n, rest) => if n =? 0 then None else Some (b - 128 + 128 * n, rest)
            | None => None
            end
        end
  end.

Definition read_number (bs : bytes) : option (N * bytes) :=
  match read_digits 9 bs with
  | Some (n, rest) => if n <? no_number then Some (n, rest) else None
  | None => None
  end.

Definition take (n : nat) (bs : bytes) : option (bytes * bytes) :=
  if Nat.leb n (length bs) then Some (firstn n bs, skipn n bs) else None.

(** As many numbers. *)
Fixpoint read_numbers (n : nat) (bs : bytes) : option (list N * bytes) :=
  match n with
  | O => Some ([], bs)
  | S n =>
      match read_number bs with
      | Some (x, bs) =>
          match read_numbers n bs with
          | Some (xs, bs) => Some (x :: xs, bs)
          | None => None
          end
      | None => None
      end
  end.

(** ** Bits, the lowest first *)

Fixpoint bits (w : nat) (n : N) : list bool :=
  match w with
  | O => []
  | S w => N.odd n :: bits w (N.div2 n)
  end.

Fixpoint of_bits (bs : list bool) : N :=
  match bs with
  | [] => 0
  | true :: bs => N.succ_double (of_bits bs)
  | false :: bs => N.double (of_bits bs)
  end.

(** What is above the lowest bits. *)
Fixpoint high (w : nat) (n : N) : N :=
  match w with
  | O => n
  | S w => high w (N.div2 n)
  end.

(** How many bytes some bits take. *)
Fixpoint eighths (n : nat) : nat :=
  match n with
  | O => O
  | S (S (S (S (S (S (S (S n))))))) => S (eighths n)
  | _ => 1
  end.

Fixpoint to_bytes (n : nat) (bs : list bool) : bytes :=
  match n with
  | O => []
  | S n => of_bits (firstn 8 bs) :: to_bytes n (skipn 8 bs)
  end.

Fixpoint chop (n w : nat) (bs : list bool) : list N :=
  match n with
  | O => []
  | S n => of_bits (firstn w bs) :: chop n w (skipn w bs)
  end.

(** ** Blocks *)

(** All 64 bits of a number. *)
Definition whole : nat := (8 * 8)%nat.

(** The high parts that are not 0, each with its place. *)
Fixpoint highs (w : nat) (place : N) (xs : list N) : list (N * N) :=
  match xs with
  | [] => []
  | x :: xs =>
      if high w x =? 0 then highs w (place + 1) xs
      else (place, high w x) :: highs w (place + 1) xs
  end.

(** What is added at a place. *)
Fixpoint added (place : N) (hs : list (N * N)) : N :=
  match hs with
  | [] => 0
  | (p, h) :: hs => if p =? place then h + added place hs else added place hs
  end.

Fixpoint power (w : nat) : N :=
  match w with
  | O => 1
  | S w => N.double (power w)
  end.

Fixpoint raise (minimum : N) (w : nat) (hs : list (N * N)) (place : N) (lows : list N) : list N :=
  match lows with
  | [] => []
  | l :: ls =>
      (minimum + l + power w * added place hs) mod no_number
      :: raise minimum w hs (place + 1) ls
  end.

Section Columns.
(** The minimum and the width of a block. *)
Context (choose : list N -> N * nat).

Definition write_highs (hs : list (N * N)) : bytes :=
  match hs with
  | [] => []
  | _ => N.of_nat (length hs) :: map fst hs ++ flat_map (fun h => write_number (snd h)) hs
  end.

Definition write_block (ns : list N) : bytes :=
  let (minimum, w) := choose ns in
  let xs := map (fun n => n - minimum) ns in
  let hs := highs w 0 xs in
  (if Nat.eqb w whole then 63 else N.of_nat w)
    + (if minimum =? 0 then 0 else 64) + (match hs with [] => 0 | _ => 128 end)
  :: (if minimum =? 0 then [] else write_number minimum)
  ++ to_bytes (eighths (length ns * w)) (flat_map (bits w) xs)
  ++ write_highs hs.

(** 128 numbers. *)
Definition block : nat := (16 * 8)%nat.

Fixpoint write_blocks (most : nat) (ns : list N) : bytes :=
  match most, ns with
  | S most, _ :: _ => write_block (firstn block ns) ++ write_blocks most (skipn block ns)
  | _, _ => []
  end.

Definition write_column (ns : list N) : bytes := write_blocks (length ns) ns.
End Columns.

Definition read_highs (n : nat) (bs : bytes) : option (list (N * N) * bytes) :=
  match bs with
  | [] => None
  | count :: bs =>
      match take (N.to_nat count) bs with
      | Some (places, bs) =>
          match read_numbers (N.to_nat count) bs with
          | Some (hs, bs) =>
              if forallb (fun place => place <? N.of_nat n) places
              then Some (combine places hs, bs) else None
          | None => None
          end
      | None => None
      end
  end.

Definition read_block (n : nat) (bs : bytes) : option (list N * bytes) :=
  match bs with
  | [] => None
  | head :: bs =>
      let has_high := 128 <=? head in
      let rest := if has_high then head - 128 else head in
      let has_minimum := 64 <=? rest in
      let code := if has_minimum then rest - 64 else rest in
      let w := if code =? 63 then whole else N.to_nat code in
      match (if has_minimum then read_number bs else Some (0, bs)) with
      | Some (minimum, bs) =>
          match take (eighths (n * w)) bs with
          | Some (packed, bs) =>
              let lows := chop n w (flat_map (bits 8) packed) in
              if has_high then
                if Nat.eqb w whole then None
                else
                  match read_highs n bs with
                  | Some (hs, bs) => Some (raise minimum w hs 0 lows, bs)
                  | None => None
                  end
              else Some (raise minimum w [] 0 lows, bs)
          | None => None
          end
      | None => None
      end
  end.

Fixpoint read_blocks (most n : nat) (bs : bytes) : option (list N * bytes) :=
  match most, n with
  | S most, S _ =>
      match read_block (Nat.min block n) bs with
      | Some (xs, bs) =>
          match read_blocks most (n - block) bs with
          | Some (ys, bs) => Some (xs ++ ys, bs)
          | None => None
          end
      | None => None
      end
  | _, _ => Some ([], bs)
  end.

Definition read_column (n : nat) (bs : bytes) : option (list N * bytes) := read_blocks n n bs.

(** ** What Rejoin's sender chooses *)

Definition least (ns : list N) : N :=
  match ns with
  | [] => 0
  | n :: ns => fold_right N.min n ns
  end.

Definition greatest (ns : list N) : N := fold_right N.max 0 ns.

(** How many bytes a number of these bits takes, 1 at least. *)
Definition number_length (size : N) : N := N.max 1 ((size + 6) / 7).

Fixpoint every_fifth (skip : nat) (ns : list N) : list N :=
  match ns with
  | [] => []
  | n :: ns =>
      match skip with
      | O => n :: every_fifth 4 ns
      | S skip => every_fifth skip ns
      end
  end.

Definition sum (ns : list N) : N := fold_right N.add 0 ns.

(** How many bytes a block of this width takes, but for its head and minimum. *)
Definition cost (sizes : list N) (w : N) : N :=
  1 + (N.of_nat (length sizes) * w + 7) / 8
  + sum (map (fun size => if w <? size then 1 + number_length (size - w) else 0) sizes).

(** Down from a width, as long as it can pay: the best width, which takes [fewest] bytes. *)
Fixpoint narrower (sizes : list N) (w : nat) (best fewest : N) : N :=
  match w with
  | O => best
  | S w =>
      let width := N.of_nat w in
      let wider := N.of_nat (length (filter (fun size => width <? size) sizes)) in
      if fewest <=? 2 * wider then best
      else
        let this := cost sizes width in
        if this <? fewest then narrower sizes w width this else narrower sizes w best fewest
  end.

Definition best_width (sizes : list N) (size : N) : N :=
  let some := every_fifth 0 sizes in
  let all := N.of_nat (length some) * size in
  if all - sum some <=? all / 8 then size
  else narrower sizes (N.to_nat size) size ((N.of_nat (length sizes) * size + 7) / 8).

Definition choose_short (ns : list N) : N * nat :=
  let minimum := least ns in
  let size := N.size (greatest ns - minimum) in
  let w := if size =? 0 then 0
           else best_width (map (fun n => N.size (n - minimum)) ns) size in
  (minimum, if 63 <=? w then whole else N.to_nat w).

(** ** Names *)

Definition longest_name : N := 1024.

Fixpoint common (a b : bytes) : N :=
  match a, b with
  | x :: a, y :: b => if x =? y then 1 + common a b else 0
  | _, _ => 0
  end.

(** How many bytes of the name before are shared: of another one at most 8 for each that is not. *)
Definition shared (before name : bytes) : N :=
  let length_of := N.of_nat (length name) in
  if equal state_hash.compare_bytes before name then length_of
  else N.min (common before name) (length_of - (length_of + 8) / 9).

Definition half (n : N) : N := N.min n 15.

Definition write_more (n : N) : bytes := if n <? 15 then [] else write_number (n - 15).

Definition read_more (half : N) (bs : bytes) : option (N * bytes) :=
  if half =? 15 then
    match read_number bs with
    | Some (more, bs) => Some (15 + more, bs)
    | None => None
    end
  else Some (half, bs).

Definition write_name (before name : bytes) : bytes :=
  let s := shared before name in
  let own := N.of_nat (length name) - s in
  16 * half s + half own :: write_more s ++ write_more own ++ skipn (N.to_nat s) name.

Definition read_name (before bs : bytes) : option (bytes * bytes) :=
  match bs with
  | [] => None
  | token :: bs =>
      match read_more (token / 16) bs with
      | Some (s, bs) =>
          match read_more (token mod 16) bs with
          | Some (own, bs) =>
              let again := (own =? 0) && (s =? N.of_nat (length before)) in
              if (s <=? N.of_nat (length before)) && (again || (s <=? 8 * own))
                && (1 <=? s + own) && (s + own <=? longest_name)
              then
                match take (N.to_nat own) bs with
                | Some (rest, bs) => Some (firstn (N.to_nat s) before ++ rest, bs)
                | None => None
                end
              else None
          | None => None
          end
      | None => None
      end
  end.

Fixpoint write_names (before : bytes) (names : list bytes) : bytes :=
  match names with
  | [] => []
  | name :: names => write_name before name ++ write_names name names
  end.

Fixpoint read_names (n : nat) (before bs : bytes) : option (list bytes * bytes) :=
  match n with
  | O => Some ([], bs)
  | S n =>
      match read_name before bs with
      | Some (name, bs) =>
          match read_names n name bs with
          | Some (names, bs) => Some (name :: names, bs)
          | None => None
          end
      | None => None
      end
  end.

(** ** Vectors *)

Definition write_vector (choose : list N -> N * nat) (v : vector) : bytes :=
  write_number (N.of_nat (length v) + 1)
  ++ write_names [] (map (fun entry => replica (fst entry)) v)
  ++ write_column choose (map (fun entry => incarnation (fst entry)) v)
  ++ write_column choose (map snd v).

Definition entry_of (name : bytes) (numbers : N * N) : origin bytes * N :=
  (Origin name (fst numbers), snd numbers).

(** The message has [worth] bytes, and no more origins than that. *)
Definition read_vector (worth : nat) (bs : bytes) : option (vector * bytes) :=
  match read_number bs with
  | Some (more, bs) =>
      if (more =? 0) || (N.of_nat worth <? more - 1) then None
      else
        let n := N.to_nat (more - 1) in
        match read_names n [] bs with
        | Some (names, bs) =>
            match read_column n bs with
            | Some (incarnations, bs) =>
                match read_column n bs with
                | Some (counts, bs) =>
                    let v := map (fun entry => entry_of (fst entry) (snd entry))
                      (combine names (combine incarnations counts)) in
                    if version_vector.well_formed state_hash.compare_bytes v
                    then Some (v, bs) else None
                | None => None
                end
            | None => None
            end
        | None => None
        end
  | None => None
  end.

(** As many zero bytes as the counts are more than the message has bytes. *)
Definition padding (counted : nat) (fields : bytes) : bytes :=
  repeat 0 (counted - length fields).

Definition encode (choose : list N -> N * nat) (v : vector) : bytes :=
  let fields := [1; 1] ++ write_vector choose v in
  fields ++ padding (length v) fields.

Definition decode (bs : bytes) : option vector :=
  match bs with
  | 1 :: 1 :: fields =>
      match read_vector (length bs) fields with
      | Some (v, rest) =>
          if equal state_hash.compare_bytes rest
            (repeat 0 (length v - (length bs - length rest)))
          then Some v else None
      | None => None
      end
  | _ => None
  end.

(** The bytes that Rejoin's sender writes. *)
Definition encode_short (v : vector) : bytes := encode choose_short v.

(** ** What the format can say *)

(** A choice that loses nothing: the minimum is at most each number, and the width one that a head
    can say. *)
Definition sound_choice (choose : list N -> N * nat) : Prop :=
  forall ns, ns <> [] -> Forall (fun n => n < no_number) ns ->
    Forall (fun n => fst (choose ns) <= n) ns
    /\ ((snd (choose ns) <= 62)%nat \/ snd (choose ns) = whole).

Definition fits_name (name : bytes) : Prop :=
  (1 <= length name)%nat /\ N.of_nat (length name) <= longest_name.

(** The bounds of names and numbers. *)
Definition fits (v : vector) : Prop :=
  N.of_nat (length v) + 1 < no_number
  /\ Forall (fun entry =>
       fits_name (replica (fst entry)) /\ incarnation (fst entry) < no_number
       /\ snd entry < no_number) v.

(** What a sender writes, and no other bytes of the same meaning. *)
Definition canonical (choose : list N -> N * nat) (bs : bytes) : Prop :=
  exists v, version_vector.well_formed state_hash.compare_bytes v = true
    /\ fits v /\ bs = encode choose v.
