//! The optimized registers, maps and sets compared with the reference, step by step.
//!
//! Shown, after every step of a history: the maximal decisions, the winner and the value of every
//! key, the open merge decisions, the state vector and both state hashes are those of the
//! reference; so are the state hashes of a replica that gets everything in one delta. With every
//! operation: its name, its refusal, and its delta. With every delta: how many keys it lists, where
//! it starts and what it brings; whether it is refused, and that nothing changes then; which keys
//! it changes, what is superseded there, and whether the key is open. A delta since an earlier
//! state has the same effect on that state.
//! How: one function takes a step with both engines and compares them ([`Pair`]). It runs on every
//! history of a small scope, and prints their number, and on random long ones.
//! A directed generator brings creation dots, compaction, restores and keys that are used again into
//! one history ([`together`]).
//! Other tests show that keys are named by creation dots, that a difference is located, that
//! refusals have no effect, that many may decide on one key concurrently, and two stories of
//! replicas that come back late.
//!
//! [`Pair`]: pair::Pair

mod creation_dots;
mod crowds;
mod difference;
mod engines;
mod executions;
mod limits;
mod model;
pub mod pair;
mod random;
mod refusals;
mod returns;
mod small;
mod together;
