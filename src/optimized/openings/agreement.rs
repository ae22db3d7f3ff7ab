//! Agreement on openings: what a delta says of them, and the check before it is applied.
//!
//! Meaning: as the reference. A delta has a hash of the openings that its receiver must know, and
//! the others in full.
//! Laws: the two agree exactly if they use the same names for what both know (tests/forks).
//! Cost: O(openings), and O(origins).
//! Source: this project.

use super::super::vector::{Fingerprint, Vector};
use super::{Knowledge, Openings};
use crate::collect::Collect;
use crate::dot::Origin;
use std::collections::BTreeSet;

/// What a delta says of openings.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DeltaOpenings {
    /// A hash of those that begin inside both `since` and `seen`. `None`: all are in `begun`.
    pub(crate) base: Option<Fingerprint>,
    /// The others that the sender knows.
    pub(crate) begun: Openings,
}

impl DeltaOpenings {
    /// Whether there are none, since nobody draws any.
    pub fn is_empty(&self) -> bool {
        self.base.is_none() && self.begun.is_empty()
    }

    /// All of them.
    pub(crate) fn whole(openings: &Openings) -> Self {
        Self { base: None, begun: openings.clone() }
    }

    /// From a sender that has seen `seen`, for a receiver that has seen `since`.
    pub(crate) fn since(openings: &Openings, since: &Vector, seen: &Vector) -> Self {
        if openings.is_empty() {
            return Self::default();
        }
        let base = (!since.is_empty()).then(|| openings.fingerprint_within(since, seen));
        let mut begun = Openings::default();
        for (origin, chain) in &openings.chains {
            let [after, until] = [since, seen]
                .map(|vector| chain.partition_point(|link| link.first <= vector.get(origin)));
            if after < until {
                begun.chains.insert(origin.clone(), chain[after..until].to_vec());
            }
        }
        Self { base, begun }
    }
}

/// How the openings of a delta compare with those of its receiver.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Agreement {
    /// Both use the same names for what both know.
    Agree,
    /// They differ in openings of which the delta has only a hash.
    Unknown,
    /// They differ; this is what the sender knows.
    Differ(Knowledge),
}

/// The check before a delta is applied, over all that both know.
pub(crate) fn agreement(
    ours: &Openings,
    vector: &Vector,
    (delta, since, seen): (&DeltaOpenings, &Vector, &Vector),
) -> Agreement {
    if ours.is_empty() && delta.is_empty() {
        return Agreement::Agree;
    }
    if let Some(base) = delta.base
        && base != ours.fingerprint_within(since, seen)
    {
        return Agreement::Unknown;
    }
    let begun = &delta.begun;
    let covering = |origin: &Origin, m: u64| match delta.base {
        // What began inside `since` is the same here.
        Some(_) => {
            begun.covering(origin, m).or_else(|| ours.covering(origin, m.min(since.get(origin))))
        }
        None => begun.covering(origin, m),
    };
    let is_branch = |origin: &Origin, number: u64| -> Option<Origin> {
        let branch = Origin { replica: origin.replica.clone(), incarnation: number };
        (branch != *origin).then_some(branch)
    };
    let agree_on = |(origin, n): (&Origin, u64)| {
        let m = n.min(vector.get(origin));
        m == 0 || ours.covering(origin, m) == covering(origin, m)
    };
    let mut branches =
        begun.iter().filter_map(|(origin, _, opening)| is_branch(origin, opening.number));
    let agree = seen.iter().all(agree_on)
        && !branches.any(|branch| vector.get(&branch) > 0)
        && !ours.names_any(seen, vector);
    if agree {
        return Agreement::Agree;
    }
    let mut openings = match delta.base {
        Some(_) => ours.within(since, seen),
        None => Openings::default(),
    };
    openings.join(begun);
    Agreement::Differ(Knowledge::new(seen, openings))
}

impl Openings {
    /// Whether one of them names an origin that `theirs` has and `ours` lacks.
    fn names_any(&self, theirs: &Vector, ours: &Vector) -> bool {
        let new: BTreeSet<&Origin> = theirs
            .iter()
            .map(|(origin, _)| origin)
            .filter(|origin| ours.get(origin) == 0)
            .into_set();
        !new.is_empty()
            && self.iter().any(|(origin, _, opening)| {
                origin.incarnation != opening.number
                    && new.contains(&Origin {
                        replica: origin.replica.clone(),
                        incarnation: opening.number,
                    })
            })
    }
}
