//! Conformance vectors: histories with the right answers, for tests in any language.
//!
//! A vector is named by type, generator version, seed, steps and case, and never changes: a change
//! to the generator raises [`VERSION`].

use super::definition::Definition;
use super::generate::{self, Style};
use super::offer::{Feature, Offer};
use super::run::run;
use rejoin::object::TraceType;
use rejoin_judge::Verdict;
use rejoin_trace::Stamps;

/// The version of the generator.
pub const VERSION: u32 = 1;

/// A history with the right answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vector {
    /// Its name, which never changes.
    pub id: String,
    /// The trace, which conforms.
    pub trace: String,
}

/// The vector of one seed and case, with an object of each of these types.
///
/// # Errors
/// If the judge does not accept it: a bug of this crate or of the judge.
pub fn vector(kinds: &[TraceType], style: &Style, case: u64) -> Result<Vector, String> {
    let mut offer = Offer::default();
    for kind in kinds {
        offer.kinds.insert(*kind, Stamps::Explicit);
        // Each implementation defines what its digests cover.
        for feature in [Feature::Digest, Feature::DigestOfOne] {
            offer.lacks.insert((*kind, feature), "opaque".into());
        }
    }
    let name = match kinds {
        [one] => one.as_str(),
        _ => "several",
    };
    if kinds.len() > 1 {
        offer.together = kinds.to_vec();
    }
    let plain = if style.is_plain { "-plain" } else { "" };
    let id = format!("{name}-v{VERSION}-{}-{}-{case}{plain}", style.seed, style.steps);
    let plan = generate::plan(style, &offer, case).ok_or("no type is given")?;
    let mut outcome = run(&plan, &mut Definition::new());
    if outcome.report.verdict != Verdict::Conforms {
        return Err(format!("{id} is {}: {}", outcome.report.verdict.as_str(), outcome.trace));
    }
    let end = outcome.trace.find('\n').ok_or("a trace has a header")?;
    outcome.trace.insert_str(end - 1, &format!(",\"note\":\"{id}\""));
    Ok(Vector { id, trace: outcome.trace })
}
