//! Which rules a claim is held against, and whether it could have broken them: so that a verdict says what
//! it covers.
//!
//! Meaning: [`crate::RuleCoverage::tested`].
//! Cost: O(1) beyond the questions to [`Conflicts`].

use super::{Memory, Resolved, value};
use crate::Rule;
use crate::answer::state_hash::OWN_ALGORITHM;
use crate::past::Past;
use crate::past::conflicts::{Conflicts, Place, has_keys};
use crate::past::history::History;
use rejoin::object::TraceType;
use rejoin_trace::{Claim, Stamps};

/// The rules that a claim is held against, in their order, up to the one that it breaks.
pub fn rules(past: &Past, claim: &Claim, resolved: &Resolved, broken: Option<Rule>) -> Vec<Rule> {
    let kind = resolved.object.map(|object| past.history.objects[object as usize].kind);
    let mut rules = match (claim, kind) {
        (Claim::Read { key, .. }, Some(kind)) => match (kind, past.stamps, key) {
            (TraceType::LwwMap, Stamps::Own, None) => {
                vec![Rule::LwwMapValue, Rule::LwwSuperseded, Rule::LwwAgreement]
            }
            (TraceType::LwwRegister | TraceType::LwwMap, Stamps::Own, _) => {
                vec![Rule::LwwSuperseded, Rule::LwwAgreement]
            }
            (TraceType::Log, Stamps::Own, _) => {
                vec![Rule::LogValue, Rule::LogCausality, Rule::LogAgreement]
            }
            (TraceType::List, ..) => vec![Rule::ListValue, Rule::ListOrder],
            _ => vec![value::value_rule(kind)],
        },
        (Claim::Digest { algorithm, .. }, _) => match algorithm.as_deref() {
            Some(OWN_ALGORITHM) => {
                vec![Rule::DigestEqual, Rule::DigestDistinct, Rule::DigestAlgorithm]
            }
            _ => vec![Rule::DigestEqual, Rule::DigestDistinct],
        },
        _ => vec![super::main_rule(past, claim, resolved)],
    };
    if let Some(at) = rules.iter().position(|rule| Some(*rule) == broken) {
        rules.truncate(at + 1);
    }
    rules
}

/// Whether a claim that was just judged could have broken a rule that it was held against.
pub fn is_tested(
    memory: &Memory,
    (history, conflicts): (&History, &mut Conflicts),
    claim: &Claim,
    resolved: &Resolved,
    rule: Rule,
) -> bool {
    let place = match (claim, resolved.object) {
        (Claim::Read { element, key, .. }, Some(object)) => {
            let kind = history.objects[object as usize].kind;
            let name = element.as_deref().or(key.as_deref()).filter(|_| has_keys(kind));
            match name.map(|name| history.find_key(object, name)) {
                None => Place::Object(object),
                Some(None) => return false,
                Some(Some(key)) => Place::Key(key),
            }
        }
        (Claim::Notices { .. }, _) => Place::Decided,
        (_, Some(object)) => Place::Object(object),
        (_, None) => Place::All,
    };
    let Some(replica) = resolved.replica else {
        let mut replicas = resolved.replicas.iter();
        return replicas.any(|replica| conflicts.are_seen(history, *replica, place));
    };
    match rule {
        Rule::Failed => true,
        Rule::Vector => match resolved.object {
            None => history.seen(replica).size > history.replicas[replica as usize].own.into(),
            object => {
                let counts = history.counts(history.seen(replica), object);
                counts.keys().any(|origin| *origin != replica)
            }
        },
        Rule::DigestDistinct => memory.is_told_apart,
        Rule::DigestEqual | Rule::OpaqueAgreement if !memory.is_compared => false,
        _ => conflicts.are_seen(history, replica, place),
    }
}
