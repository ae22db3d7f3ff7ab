//! Each claim held against what its replica has seen: one file a kind of claim, its comparison
//! and its argument side by side.

mod converged;
mod decisions;
mod digest;
mod notices;
mod own_stamps;
mod resolve;
mod state;
mod value;
mod vector;

pub use decisions::open_decisions;
pub use notices::all_notices;
pub use resolve::{Resolved, resolve};

use crate::Rule;
use crate::answer::state_hash::OWN_ALGORITHM;
use crate::judge::{Checked, Falsity, Judgement};
use crate::past::Past;
use digest::Digests;
use own_stamps::Agreement;
use rejoin_trace::Claim;

/// What earlier claims have shown, for those rules that hold claims against each other.
#[derive(Debug, Default)]
pub struct Memory {
    agreement: Agreement,
    digests: Digests,
    /// What was checked in part only, each a sentence.
    pub limits: Vec<String>,
}

/// Judges one claim.
pub fn judge(memory: &mut Memory, past: &Past, claim: &Claim, resolved: &Resolved) -> Judgement {
    let replica = resolved.replica.unwrap_or(0);
    let object = resolved.object.unwrap_or(0);
    match claim {
        Claim::Read { element, key, value, .. } => {
            let (element, key) = (element.as_deref(), key.as_deref());
            value::judge(memory, past, (replica, object), element, key, value)
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
    }
}

/// Whether spec/judge.v has such claims, with explicit stamps and without loads.
pub fn is_modelled(claim: &Claim) -> bool {
    match claim {
        Claim::State { .. } => false,
        Claim::Digest { algorithm, .. } => algorithm.as_deref() != Some(OWN_ALGORITHM),
        _ => true,
    }
}

fn falsity(rule: Rule, expected: String, because: Vec<String>) -> Checked {
    let mut falsity = Falsity::of(rule, because);
    falsity.expected = Some(expected);
    Err(falsity)
}
