//! Agreement on openings: what a delta says of them, and the check before it is applied.
//!
//! Meaning: as the reference. A delta has a hash of the openings that its receiver must know, and
//! the others in full.
//! Laws: the two agree exactly if they use the same names for what both know (tests/forks).
//! Cost: O(openings), and O(origins).
//! Source: this project.

use super::super::ApplyError;
use super::super::vector::{Fingerprint, Vector};
use super::{Knowledge, NewNames, Openings, reconcile};
use crate::collect::Collect;
use crate::dot::{Origin, ReplicaId};
use crate::lattice::Lattice;
use crate::version_vector::VersionVector;
use std::collections::{BTreeMap, BTreeSet};

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

/// Who performed operations, by what no healed fork changes: the opening of the process; or, where there is
/// none, the incarnation.
pub(crate) type Process = (ReplicaId, bool, u64);

impl Knowledge {
    /// How many operations each process performed. Two sides have the same of a process up to the lesser count,
    /// whatever names they use.
    pub(crate) fn performed(&self) -> BTreeMap<Process, u64> {
        let mut performed = BTreeMap::new();
        for (origin, count) in self.counts.iter() {
            let mut rest = count;
            for link in self.openings.chains.get(origin).into_iter().flatten().rev() {
                if link.first > rest {
                    continue;
                }
                let process = (origin.replica.clone(), true, link.opening.number);
                *performed.entry(process).or_default() += rest + 1 - link.first;
                rest = link.first - 1;
            }
            if rest > 0 {
                performed.insert((origin.replica.clone(), false, origin.incarnation), rest);
            }
        }
        performed
    }

    /// What is known once a delta is kept as it is, and the openings that its sender knows; by where it
    /// starts and ends. Forks are healed here as a receiver that applies the delta heals them.
    ///
    /// # Errors
    /// As for one that applies it: [`ApplyError::Gap`], [`ApplyError::OpeningsDiffer`] and
    /// [`ApplyError::Contradiction`].
    pub(crate) fn received(
        &self,
        told: (&DeltaOpenings, &Vector, &Vector),
    ) -> Result<(Self, Openings), ApplyError> {
        let (openings, since, seen) = told;
        let mut ours = self.clone();
        match agreement(&self.openings, &self.vector(), told) {
            Agreement::Unknown => {
                self.covers(since)?;
                Err(ApplyError::OpeningsDiffer)
            }
            Agreement::Agree => {
                self.covers(since)?;
                let mut sender = match openings.base {
                    Some(_) => self.openings.within(since, seen),
                    None => Openings::default(),
                };
                sender.join(&openings.begun);
                ours.counts.join(&VersionVector::from(seen));
                ours.openings.join(&sender);
                Ok((ours, sender))
            }
            Agreement::Differ(mut theirs) => {
                let sender = theirs.openings.clone();
                let names = reconcile(&mut ours, &mut theirs).ok_or(ApplyError::Contradiction)?;
                ours.covers(&NewNames::of(&names.of_theirs).vector(since))?;
                ours.counts.join(&theirs.counts);
                ours.openings.join(&theirs.openings);
                Ok((ours, sender))
            }
        }
    }

    fn covers(&self, since: &Vector) -> Result<(), ApplyError> {
        for (origin, needed) in since.iter() {
            let seen = self.counts.get(origin);
            if seen < needed {
                return Err(ApplyError::Gap { origin: origin.clone(), needed, seen });
            }
        }
        Ok(())
    }
}
