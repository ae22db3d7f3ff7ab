(** Deltas: what a replica that has seen a vector may lack of a state.

    Meaning: each type says which part of its state the replica may lack ([part_since]) and how
    a part is joined ([take_part]). A part that builds on operations which were not seen is
    refused, and nothing changes: a vector moves forward only with the whole of what it claims.
    Source: Almeida et al., Delta State Replicated Data Types, JPDC 2018. *)

From Rejoin Require version_vector.

Record delta (Name Part : Type) := Delta {
  since : version_vector.state Name;
  part : Part
}.

Arguments Delta {Name Part}.
Arguments since {Name Part}.
Arguments part {Name Part}.

(** Whether all that the delta builds on has been seen. *)
Definition accepts {Name Part : Type} (compare_name : Name -> Name -> comparison)
    (seen : version_vector.state Name) (d : delta Name Part) : bool :=
  version_vector.covers compare_name seen (since d).
