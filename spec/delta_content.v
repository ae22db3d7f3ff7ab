(** What a delta holds, and what it leaves out.

    Meaning: an object lists things: a counter its shares, a log its entries, all others their keys.
    Each goes by the dots of the operations that it stands for. A delta since a vector lists exactly
    those of which some dot lies outside the vector.
    Laws: [delta_content_proof.v].
    Source: the choice of the part is this project's; Almeida et al., Delta State Replicated Data
    Types, JPDC 2018, send what was changed since a point in time. *)

From Coq Require Import List Bool NArith.
From Rejoin Require Import order sorted_map dot.
From Rejoin Require version_vector decisions g_counter lww_register or_set lww_map log replica.
Import ListNotations.
Open Scope N_scope.

Section Delta_content.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison).
Local Notation object := (replica.object Name Value).
Local Notation dot := (dot Name).

(** Of each thing that an object lists, the dots. A share stands for all increments of its origin,
    and goes by the last one; a forged one, of which no increment was seen, goes by none. *)
Definition listed (x : object) : list (list dot) :=
  let of_keys {K Effect : Type} (s : decisions.state Name K Effect) :=
    map (fun entry => map decisions.dot_of (snd entry)) (decisions.maximal s) in
  match x with
  | replica.A_counter s =>
      map (fun share =>
        let last := version_vector.get compare_name (fst share) (g_counter.seen s) in
        if last =? 0 then [] else [Dot (fst share) last]) (g_counter.shares s)
  | replica.A_register s => of_keys (lww_register.decisions s)
  | replica.A_set s => of_keys s
  | replica.A_map s => of_keys (lww_map.decisions s)
  | replica.A_log s => map (fun e => [log.dot_of e]) (log.entries s)
  end.

(** Whether something was not seen by those who have seen the vector. *)
Definition is_new_to (v : version_vector.state Name) (dots : list dot) : bool :=
  existsb (fun d => negb (version_vector.contains compare_name d v)) dots.
End Delta_content.
