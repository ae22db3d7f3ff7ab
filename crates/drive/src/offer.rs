//! What a subject offers: the types, operations and questions that it supports. Histories leave out
//! the rest.

use super::plan::{Plan, Question, Step};
use super::run::{Outcome, run};
use super::subject::{Failure, Subject};
use rejoin::object::TraceType;
use rejoin_trace::{Implementation, Stamps};
use std::collections::BTreeMap;
use std::fmt;

/// A part of the protocol that a subject may lack for a type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// The type, or this combination of types.
    Type,
    /// An operation.
    Operation(String),
    /// Messages.
    Send,
    /// Messages of some objects.
    SendSome,
    /// The subject's own synchronization.
    Sync,
    /// The subject's own synchronization of some objects.
    SyncSome,
    /// The value of an object.
    Read,
    /// The value of one element or key.
    ReadPart,
    /// The state vector of all objects.
    Vector,
    /// The state vector of one object.
    VectorOfOne,
    /// The state hash of all objects.
    Digest,
    /// The state hash of one object.
    DigestOfOne,
    /// Open merge decisions.
    Decisions,
    /// Notices.
    Notices,
    /// Backups.
    Save,
    /// Restoring a backup.
    Restore,
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Type => "the type",
            Self::Operation(name) => return write!(f, "{name}"),
            Self::Send => "send",
            Self::SendSome => "send of some objects",
            Self::Sync => "sync",
            Self::SyncSome => "sync of some objects",
            Self::Read => "read",
            Self::ReadPart => "read of one element or key",
            Self::Vector => "vector",
            Self::VectorOfOne => "vector of one object",
            Self::Digest => "digest",
            Self::DigestOfOne => "digest of one object",
            Self::Decisions => "decisions",
            Self::Notices => "notices",
            Self::Save => "save",
            Self::Restore => "restore",
        })
    }
}

/// What a subject offers.
#[derive(Clone, Debug, Default)]
pub struct Offer {
    /// The types that it supports, each with how its writes are ordered.
    pub kinds: BTreeMap<TraceType, Stamps>,
    /// What it does not support, with its reason.
    pub lacks: BTreeMap<(TraceType, Feature), String>,
    /// The types that it supports together in one history.
    pub together: Vec<TraceType>,
    /// The name and version that it gives.
    pub implementation: Option<Implementation>,
}

impl Offer {
    /// Whether it supports this for a type.
    pub fn has(&self, kind: TraceType, feature: Feature) -> bool {
        self.kinds.contains_key(&kind) && !self.lacks.contains_key(&(kind, feature))
    }

    /// Whether it supports this for all of these types.
    pub fn all_have(&self, kinds: &[TraceType], feature: &Feature) -> bool {
        kinds.iter().all(|kind| self.has(*kind, feature.clone()))
    }

    fn add(&mut self, outcome: &Outcome) {
        self.implementation = self.implementation.take().or(outcome.implementation.clone());
        for (what, why) in &outcome.unsupported {
            self.lacks.entry(what.clone()).or_insert(why.clone());
        }
    }
}

/// Asks a subject for everything once, for each of these types. These histories are cases like all
/// others: `seen` gets each with its outcome, and returns whether to continue.
///
/// # Errors
/// If the subject cannot be started at all.
pub fn explore(
    subject: &mut dyn Subject,
    kinds: &[TraceType],
    stamps: Option<Stamps>,
    mut seen: impl FnMut(Plan, Outcome) -> bool,
) -> Result<Offer, Failure> {
    use super::subject::FailureKind::Absent;
    let mut offer = Offer::default();
    let choices = match stamps {
        Some(stamps) => vec![stamps],
        None => vec![Stamps::Explicit, Stamps::Own],
    };
    for kind in kinds {
        let mut refusal = BTreeMap::new();
        for stamps in &choices {
            let plan = one_of_each(*kind, *stamps);
            let outcome = run(&plan, subject);
            if let Some(failure) = outcome.failure.as_ref().filter(|f| f.kind == Absent) {
                return Err(failure.clone());
            }
            if outcome.unsupported.contains_key(&(*kind, Feature::Type)) {
                refusal = outcome.unsupported;
                continue;
            }
            offer.kinds.insert(*kind, *stamps);
            offer.add(&outcome);
            refusal.clear();
            if !seen(plan, outcome) {
                return Ok(offer);
            }
            break;
        }
        offer.lacks.extend(refusal);
    }
    for stamps in choices {
        let of = |(kind, own): (&TraceType, &Stamps)| (*own == stamps).then_some(*kind);
        let together: Vec<TraceType> = offer.kinds.iter().filter_map(of).collect();
        if together.len() < 2 || !offer.together.is_empty() {
            continue;
        }
        let plan = all_at_once(&together, stamps);
        let outcome = run(&plan, subject);
        if !outcome.unsupported.keys().any(|(_, feature)| *feature == Feature::Type) {
            offer.together = together;
            if !seen(plan, outcome) {
                return Ok(offer);
            }
        }
    }
    Ok(offer)
}

/// The name of the object of a type.
pub fn object_name(kind: TraceType) -> String {
    kind.as_str().into()
}

/// A history of one object that asks for everything once.
fn one_of_each(kind: TraceType, stamps: Stamps) -> Plan {
    let mut steps = Vec::new();
    let mut timestamp = 0;
    let user = Some("u".to_owned());
    for at in [0, 1] {
        for act in super::alphabet::samples(kind, at) {
            timestamp += 1;
            let act = super::alphabet::stamped(act, kind, stamps, timestamp);
            steps.push(Step::Operate { at, object: 0, act, user: user.clone() });
        }
        steps.push(Step::Save { at, snapshot: at });
    }
    for (at, to) in [(0, 1), (1, 0)] {
        let some = at + 2;
        steps.push(Step::Send { at, message: at, to: Some(to), objects: None });
        steps.push(Step::Receive { at: to, message: at });
        steps.push(Step::Send { at, message: some, to: None, objects: Some(vec![0]) });
        steps.push(Step::Receive { at: to, message: some });
    }
    steps.push(Step::Sync { between: [0, 1], objects: None });
    steps.push(Step::Sync { between: [0, 1], objects: Some(vec![0]) });
    let part = kind.is_set().then(|| "x".to_owned()).or(kind.is_map().then(|| "x".to_owned()));
    let mut questions = vec![
        Question::Read { object: 0, part: None },
        Question::Vector { object: None },
        Question::Vector { object: Some(0) },
        Question::Digest { object: None },
        Question::Digest { object: Some(0) },
        Question::Notices { user: "u".into() },
    ];
    if part.is_some() {
        questions.push(Question::Read { object: 0, part });
    }
    if kind.has_decisions() {
        questions.push(Question::Decisions { object: 0 });
    }
    for at in [0, 1] {
        steps.extend(questions.iter().map(|q| Step::Ask { at, question: q.clone() }));
    }
    steps.push(Step::Restore { at: 0, snapshot: 0 });
    steps.push(Step::Ask { at: 0, question: Question::Read { object: 0, part: None } });
    let replicas = vec!["a".into(), "b".into()];
    Plan { replicas, objects: vec![(object_name(kind), kind)], stamps, steps }
}

/// A history of one object of each type.
fn all_at_once(kinds: &[TraceType], stamps: Stamps) -> Plan {
    let mut steps = Vec::new();
    for (object, kind) in kinds.iter().enumerate() {
        let act = super::alphabet::samples(*kind, 0).swap_remove(0);
        let act = super::alphabet::stamped(act, *kind, stamps, 1);
        steps.push(Step::Operate { at: 0, object, act, user: None });
    }
    steps.push(Step::Send { at: 0, message: 0, to: Some(1), objects: None });
    steps.push(Step::Receive { at: 1, message: 0 });
    for object in 0..kinds.len() {
        let question = Question::Read { object, part: None };
        steps.push(Step::Ask { at: 1, question });
    }
    let objects = kinds.iter().map(|kind| (object_name(*kind), *kind)).collect();
    Plan { replicas: vec!["a".into(), "b".into()], objects, stamps, steps }
}
