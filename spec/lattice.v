(** The join-semilattice: the one algebraic law that every replicated type obeys.

    Meaning: [join] merges what two replicas know. It is commutative, associative and
    idempotent, so messages may be reordered, repeated and merged in any grouping.
    States are canonical, so the laws hold with plain equality, for every well-formed state,
    reachable or not.
    Source: Shapiro et al., Conflict-free Replicated Data Types, SSS 2011, section 2. *)

Record lattice {State : Type} (well_formed : State -> bool)
    (bottom : State) (join : State -> State -> State) : Prop := {
  bottom_is_well_formed : well_formed bottom = true;
  join_is_well_formed : forall a b,
    well_formed a = true ->
    well_formed b = true ->
    well_formed (join a b) = true;
  join_is_commutative : forall a b,
    well_formed a = true ->
    well_formed b = true ->
    join a b = join b a;
  join_is_associative : forall a b c,
    well_formed a = true ->
    well_formed b = true ->
    well_formed c = true ->
    join (join a b) c = join a (join b c);
  join_is_idempotent : forall a,
    well_formed a = true ->
    join a a = a;
  bottom_is_neutral : forall a,
    well_formed a = true ->
    join a bottom = a
}.
