//! Conformance vectors: histories with the right answers, for tests in any language.
//!
//! A vector is named by the type, the generator's version, the seed, the steps and the case, and never changes:
//! a change to what is generated raises [`VERSION`].

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
    /// Its name, for ever.
    pub id: String,
    /// The trace: it conforms.
    pub trace: String,
}

/// The vector of one type, seed and case; `together` has objects of all these types.
///
/// # Errors
/// Where the judge does not find that it conforms: a fault of this crate or of the judge.
pub fn vector(kinds: &[TraceType], style: &Style, case: u64) -> Result<Vector, String> {
    let mut offer = Offer::default();
    for kind in kinds {
        offer.kinds.insert(*kind, Stamps::Explicit);
        // What a digest is made of is each implementation's own affair.
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
