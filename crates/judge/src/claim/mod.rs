//! Compares each claim with what its replica has seen: one file a kind of claim, its comparison
//! and its argument side by side.

mod converged;
mod decisions;
mod digest;
mod holds;
mod list;
mod notices;
mod opaque;
mod order;
mod own_stamps;
mod resolve;
mod siblings;
mod state;
mod tested;
mod value;
mod vector;

pub use decisions::{open, open_decisions};
pub use holds::{why_holds, why_insert_holds};
pub use notices::{NoticeKey, all_notices, claimed_notices};
pub use resolve::{Resolved, resolve};
pub use tested::{is_tested, rules};
pub use value::decisions_on;

use crate::Rule;
use crate::judge::{Checked, Falsity, Judgement};
use crate::past::Past;
use digest::Digests;
use hashbrown::HashMap;
use own_stamps::Agreement;
use rejoin_trace::{Claim, Op, Operation};

/// What earlier claims have shown, for those rules that hold claims against each other.
#[derive(Debug, Default)]
pub struct Memory {
    agreement: Agreement,
    digests: Digests,
    lists: list::Lists,
    answers: opaque::Answers,
    /// For a replica and an object, the last line whose answer was false.
    pub false_answers: HashMap<(u32, u32), u32>,
    /// Whether the last answer was held against one of another replica with the same knowledge.
    is_compared: bool,
    /// Whether the last digest was held against one of another value.
    is_told_apart: bool,
    /// What was checked in part only, each a sentence.
    pub limits: Vec<String>,
}

/// Judges one claim.
pub fn judge(memory: &mut Memory, past: &Past, claim: &Claim, resolved: &Resolved) -> Judgement {
    let replica = resolved.replica.unwrap_or(0);
    let object = resolved.object.unwrap_or(0);
    (memory.is_compared, memory.is_told_apart) = (false, false);
    match claim {
        Claim::Read { element, key, query, value, .. } => {
            let of = (element.as_deref(), key.as_deref(), query.as_ref());
            value::judge(memory, past, (replica, object), of, value)
        }
        Claim::Vector { vector, .. } => Ok(vector::vector(past, replica, resolved.object, vector)),
        Claim::Digest { algorithm, digest, .. } => {
            digest::digest(memory, past, replica, resolved.object, algorithm.as_deref(), digest)
        }
        Claim::Converged { .. } => converged::converged(past, &resolved.replicas),
        Claim::Decisions { decisions, .. } => {
            Ok(decisions::decisions(past, replica, object, decisions))
        }
        Claim::Notices { user, notices, .. } => Ok(notices::notices(past, replica, user, notices)),
        Claim::State { state, .. } => Ok(state::state_claim(past, replica, object, state)),
        Claim::Failed { .. } => Ok(Err(failed(past, replica))),
    }
}

/// The rule that a claim is judged by first.
pub fn main_rule(past: &Past, claim: &Claim, resolved: &Resolved) -> Rule {
    match claim {
        Claim::Read { .. } => {
            let object = resolved.object.unwrap_or(0) as usize;
            value::value_rule(past.history.objects[object].kind)
        }
        Claim::Vector { .. } => Rule::Vector,
        Claim::Digest { .. } => Rule::DigestEqual,
        Claim::Converged { .. } => Rule::Converged,
        Claim::Decisions { .. } => Rule::Decisions,
        Claim::Notices { .. } => Rule::Notices,
        Claim::State { .. } => Rule::State,
        Claim::Failed { .. } => Rule::Failed,
    }
}

/// A failure: the implementation says itself that it could not do what it should.
fn failed(past: &Past, replica: u32) -> Box<Falsity> {
    let because = past.because(|| {
        let who = past.replica_shown(replica);
        vec![format!("{who} failed on line {}, where nothing may fail", past.line)]
    });
    Falsity::of(Rule::Failed, because)
}

/// Judges what an insert into a list says of its place; `None` where it says nothing.
pub fn judge_insert(memory: &mut Memory, past: &Past, object: u32, op: &Op) -> Option<Checked> {
    let Operation::Insert { element, after, before, .. } = &op.operation else { return None };
    let place = (after.as_deref(), before.as_deref());
    (place != (None, None)).then(|| list::insert(memory, past, object, element, place))
}

fn falsity(rule: Rule, expected: String, because: Vec<String>) -> Checked {
    let mut falsity = Falsity::of(rule, because);
    falsity.expected = Some(expected);
    Err(falsity)
}
