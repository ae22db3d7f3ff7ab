//! The join-semilattice: the one algebraic law that every replicated type obeys.
//!
//! Meaning: `join` merges what two replicas know. It is commutative, associative and
//! idempotent, so messages may be reordered, repeated and merged in any grouping.
//! Source: Shapiro et al., Conflict-free Replicated Data Types, SSS 2011, section 2.

/// A state that replicas can merge by themselves.
///
/// For all states `a`, `b`, `c`, reachable or not:
/// `a ⊔ b = b ⊔ a`, `(a ⊔ b) ⊔ c = a ⊔ (b ⊔ c)`, `a ⊔ a = a` and `a ⊔ bottom = a`.
pub trait Lattice: Clone + Eq {
    /// The state of a replica that has seen nothing.
    fn bottom() -> Self;

    /// Applies everything that `other` knows.
    fn join(&mut self, other: &Self);
}
