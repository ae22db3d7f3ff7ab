(** What a delta holds, and what it leaves out.

    Meaning: an object lists things: a counter its shares, a log its entries, a max-register its
    integer, all others their keys. Each goes by the dots of the operations that it stands for. A delta since a vector lists exactly
    those of which some dot lies outside the vector.
    Laws: [delta_content_proof.v].
    Source: the choice of the part is this project's; Almeida et al., Delta State Replicated Data
    Types, JPDC 2018, send what was changed since a point in time. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot.
From Rejoin Require version_vector decisions g_counter lww_register or_set lww_map log replica.
From Rejoin Require pn_counter rw_set ew_flag dw_flag mv_register mv_map max_register.
Import ListNotations.
Open Scope N_scope.

Section Delta_content.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison).
Local Notation object := (replica.object Name Value).
Local Notation dot := (dot Name).

(** The last operation of an origin; none, in a forged state that counts none. *)
Definition last_dot (o : origin Name) (n : N) : list dot := if n =? 0 then [] else [Dot o n].

(** Of each thing that an object lists, the dots. A share stands for all increments or decrements
    of its origin, and goes by the last operation; an integer stands for all writes, and goes by
    the last one of each origin. *)
Definition listed (x : object) : list (list dot) :=
  let of_keys {K Effect : Type} (s : decisions.state Name K Effect) :=
    map (fun entry => map decisions.dot_of (snd entry)) (decisions.maximal s) in
  let of_shares (s : g_counter.state Name) :=
    map (fun share =>
      last_dot (fst share) (version_vector.get compare_name (fst share) (g_counter.seen s)))
      (g_counter.shares s) in
  let of_integer (s : max_register.state Name) :=
    match max_register.greatest s with
    | Some _ =>
        [flat_map (fun counted => last_dot (fst counted) (snd counted)) (max_register.seen s)]
    | None => []
    end in
  match x with
  | replica.A_counter s => of_shares s
  | replica.A_register s => of_keys (lww_register.decisions s)
  | replica.A_set s => of_keys s
  | replica.A_map s => of_keys (lww_map.decisions s)
  | replica.A_log s => map (fun e => [log.dot_of e]) (log.entries s)
  | replica.A_pn_counter s => of_shares (pn_counter.up s) ++ of_shares (pn_counter.down s)
  | replica.An_rw_set s => of_keys s
  | replica.An_ew_flag s => of_keys s
  | replica.A_dw_flag s => of_keys s
  | replica.An_mv_register s => of_keys s
  | replica.An_mv_map s => of_keys s
  | replica.A_max_register s | replica.A_min_register s => of_integer s
  end.

(** Whether something was not seen by those who have seen the vector. *)
Definition is_new_to (v : version_vector.state Name) (dots : list dot) : bool :=
  existsb (fun d => negb (version_vector.contains compare_name d v)) dots.
End Delta_content.
