//! The optimized registers, maps and sets, step by step against the reference.
//!
//! Shown, after every step of a history: the maximal decisions, the winner and the value of every
//! key, the open merge decisions, the state vector and both state hashes are the reference's; so
//! are the state hashes of a replica that was sent everything at once. With every operation: its
//! name, its refusal, and its delta. With every delta: how many keys it lists, where it starts and
//! what it brings; whether it is refused, and then nothing changes; which keys it changed, what
//! was superseded there, and whether the key is open. A delta since what someone held has the same
//! effect on them.
//! How: one function takes a step with both engines and compares them ([`Pair`]). It runs on
//! every history of a small scope, which prints their number, and on random long ones.
//! Besides: keys go by their creation dots, a difference is found where it is, what is refused leaves no
//! trace, many may decide on one key at once, and two stories of replicas that come back late.
//!
//! [`Pair`]: pair::Pair

mod creation_dots;
mod crowds;
mod difference;
mod engines;
mod limits;
pub mod pair;
mod random;
mod refusals;
mod returns;
mod small;
