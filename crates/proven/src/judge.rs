//! The judge, as spec/judge.v defines it: which claims of a trace are false.
//!
//! Meaning: the lines are those of spec/trace.v. Answers already have their shape; an answer
//! without the shape of its claim is `None`, and false.
//! Laws: it finds exactly the claims that disagree with the definitions (spec/judge_proof.v).
//! Cost: for every claim that of the definitions; meant for short traces.
//!
//! One replica adds an element; another has not seen it, and claims that it has.
//! ```
//! use rejoin::operation::Operation;
//! use rejoin_proven::judge::{Answer, Claim, Header, Line, Rule, judge};
//! use rejoin::object::ObjectType;
//!
//! let header = Header {
//!     replicas: vec!["a".into(), "b".into()],
//!     objects: vec![("approved".into(), ObjectType::OrSet)],
//! };
//! let add = Operation::Add { element: "x".into() };
//! let has_x = |replica: &str| {
//!     let value = Some(Answer::Elements(vec!["x".into()]));
//!     Line::Claims(Claim::Reads { replica: replica.into(), object: "approved".into(), value })
//! };
//! let lines: Vec<Line<Option<()>>> = vec![
//!     Line::Operates {
//!         replica: "a".into(),
//!         object: "approved".into(),
//!         operation: add,
//!         id: None,
//!         user: None,
//!     },
//!     has_x("a"),
//!     has_x("b"),
//! ];
//! let report = judge(&header, &lines)?;
//! assert_eq!(report.judged, 2);
//! assert_eq!(report.findings, [(4, Rule::Value)]);
//! # Ok::<(), rejoin_proven::Error>(())
//! ```

use super::constructors::*;
use super::encode::{
    Term, boolean, integer, key, kind, list, number, operation, option, pair, text, value,
};
use super::{Error, STEPS, decode, encode, run, run_within};
use rejoin::object::ObjectType;
use rejoin::operation::{Operation, Value};
use std::fmt;
use std::sync::Arc;

/// The name of a replica, object, message, backup, operation, key, element or user.
pub type Name = Arc<str>;

/// The declarations of a trace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// The replicas, in any order.
    pub replicas: Vec<Name>,
    /// The objects, in any order.
    pub objects: Vec<(Name, ObjectType)>,
}

/// The content of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Payload {
    /// All that the sender has seen, or all on these objects.
    Within(Option<Vec<Name>>),
    /// All that it has seen, except the operations of these messages.
    Since(Vec<Name>),
    /// Exactly these operations.
    Operations(Vec<Name>),
}

/// A claimed value of an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer<V> {
    /// Of a G-counter.
    Count(u128),
    /// Of an LWW-register; the tombstone if there is none.
    Content(V),
    /// Of an OR-set or an RW-set, in any order, with repeats.
    Elements(Vec<Name>),
    /// Of an LWW-map, in any order, with repeats.
    Entries(Vec<(Name, V)>),
    /// Of a log, in order.
    Items(Vec<V>),
    /// Of a PN-counter.
    Balance(i128),
    /// Of a flag.
    Enabled(bool),
    /// Of an MV-register, in any order, with repeats.
    Values(Vec<V>),
    /// Of an MV-map, the keys and the values of each in any order, with repeats.
    ValueSets(Vec<(Name, Vec<V>)>),
    /// Of a max- or a min-register; `None` if there is none.
    Integer(Option<i128>),
}

/// An operation as answers name it: its replica, and its number among that replica's operations.
pub type EventName = (Name, u64);

/// A claimed merge decision; the lists in any order, with repeats.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// The key; `None` for a register or a flag.
    pub key: Option<Name>,
    /// The decisions with the current effect.
    pub kept: Vec<EventName>,
    /// The superseded decisions.
    pub superseded: Vec<EventName>,
}

/// A claimed notice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// The object.
    pub object: Name,
    /// The key; `None` for a register or a flag.
    pub key: Option<Name>,
    /// The superseded decision.
    pub decision: EventName,
}

/// An answer of the implementation.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the fields have the names of the trace format")]
pub enum Claim<V> {
    Reads { replica: Name, object: Name, value: Option<Answer<V>> },
    ReadsElement { replica: Name, object: Name, element: Name, value: Option<bool> },
    ReadsKey { replica: Name, object: Name, key: Name, value: V },
    Counts { replica: Name, object: Option<Name>, vector: Option<Vec<(Name, u128)>> },
    Hashes { replica: Name, object: Option<Name>, algorithm: Option<Name>, digest: V },
    Converged { replicas: Vec<Name> },
    Decides { replica: Name, object: Name, decisions: Option<Vec<Decision>> },
    Tells { replica: Name, user: Name, notices: Option<Vec<Notice>> },
    ReadsValues { replica: Name, object: Name, key: Name, values: Option<Vec<V>> },
}

/// A line of a trace after the header.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the fields have the names of the trace format")]
pub enum Line<V> {
    Operates {
        replica: Name,
        object: Name,
        operation: Operation<Name, V>,
        id: Option<Name>,
        user: Option<Name>,
    },
    Sends {
        replica: Name,
        message: Name,
        payload: Payload,
    },
    Receives {
        replica: Name,
        message: Name,
    },
    Merges {
        replica: Name,
        from: Name,
        objects: Option<Vec<Name>>,
    },
    Syncs {
        replicas: [Name; 2],
        objects: Option<Vec<Name>>,
    },
    Saves {
        replica: Name,
        snapshot: Name,
    },
    Restores {
        replica: Name,
        snapshot: Name,
    },
    Notes,
    Claims(Claim<V>),
}

/// The rule that a false claim breaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Rule {
    /// A value differs from that of the events seen.
    Value,
    /// A state vector differs from the number of events seen.
    Vector,
    /// Replicas have seen the same, and their hashes differ.
    DigestEqual,
    /// Values differ, and their hashes are equal.
    DigestDistinct,
    /// Values differ at replicas that are claimed to have converged.
    Converged,
    /// The open merge decisions differ.
    Decisions,
    /// The notices differ.
    Notices,
}

impl Rule {
    pub(super) const ALL: [Self; 7] = [
        Self::Value,
        Self::Vector,
        Self::DigestEqual,
        Self::DigestDistinct,
        Self::Converged,
        Self::Decisions,
        Self::Notices,
    ];

    pub(super) fn constructor(self) -> Constructor {
        match self {
            Self::Value => VALUE_RULE,
            Self::Vector => VECTOR_RULE,
            Self::DigestEqual => DIGEST_EQUAL,
            Self::DigestDistinct => DIGEST_DISTINCT,
            Self::Converged => CONVERGED_RULE,
            Self::Decisions => DECISIONS_RULE,
            Self::Notices => NOTICES_RULE,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value => "value",
            Self::Vector => "vector",
            Self::DigestEqual => "digest/equal",
            Self::DigestDistinct => "digest/distinct",
            Self::Converged => "converged",
            Self::Decisions => "decisions",
            Self::Notices => "notices",
        })
    }
}

/// The verdict on a whole trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// At least one claim was judged, and all hold.
    Conforms,
    /// A claim is false.
    Discrepancy,
    /// No claim was judged.
    Inconclusive,
    /// A line is impossible.
    IllFormed,
}

/// The result of judging.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// How many claims were judged.
    pub judged: u64,
    /// The false claims: their lines, of which the header is line 1, and the broken rules.
    pub findings: Vec<(u64, Rule)>,
    /// The first impossible line, if there is one; nothing after it was judged.
    pub stopped_at: Option<u64>,
}

impl Report {
    /// The verdict on the whole trace.
    pub fn verdict(&self) -> Result<Verdict, Error> {
        let findings = self.findings.iter();
        let findings =
            findings.map(|(line, broken)| pair(number(*line), broken.constructor().make([])));
        let stopped_at = self.stopped_at.map(number);
        let report: Term<Name, Option<()>> =
            REPORT.make([number(self.judged), list(findings), option(stopped_at)]);
        Ok(decode::verdict(&run("Judge.verdict_of", [report])?)?)
    }
}

/// Judges a trace.
pub fn judge<V: Value>(header: &Header, lines: &[Line<V>]) -> Result<Report, Error> {
    judge_within(&mut { STEPS }, header, lines)
}

/// Judges a trace in at most so many steps of the machine, and takes from them what it needs.
pub fn judge_within<V: Value>(
    steps: &mut u64,
    header: &Header,
    lines: &[Line<V>],
) -> Result<Report, Error> {
    let Header { replicas, objects } = header;
    let (mut replicas, mut objects) = (replicas.clone(), objects.clone());
    replicas.sort();
    objects.sort();
    let objects = list(objects.iter().map(|(name, of)| pair(text(name), kind(of))));
    let header = HEADER.make([names(&replicas), objects]);
    let report = run_within(steps, "Judge.judge", [header, list(lines.iter().map(line))])?;
    Ok(decode::report(&report)?)
}

fn names<V>(names: &[Name]) -> Term<Name, V> {
    list(names.iter().map(text))
}

fn maybe<T, V>(thing: Option<&T>, term: impl Fn(&T) -> Term<Name, V>) -> Term<Name, V> {
    option(thing.map(term))
}

fn event_names<V>(events: &[EventName]) -> Term<Name, V> {
    list(events.iter().map(|(replica, seq)| pair(text(replica), number(*seq))))
}

fn values<V: Clone>(values: &[V]) -> Term<Name, V> {
    list(values.iter().map(value))
}

fn answer<V: Clone>(answer: &Answer<V>) -> Term<Name, V> {
    match answer {
        Answer::Count(total) => COUNT.make([number(*total)]),
        Answer::Content(content) => CONTENT.make([value(content)]),
        Answer::Elements(elements) => ELEMENTS.make([list(elements.iter().map(key))]),
        Answer::Entries(entries) => {
            let entry = |(on, written): &(Name, V)| pair(key(on), value(written));
            ENTRIES.make([list(entries.iter().map(entry))])
        }
        Answer::Items(items) => ITEMS.make([values(items)]),
        Answer::Balance(balance) => BALANCE.make([integer(*balance)]),
        Answer::Enabled(is_enabled) => ENABLED.make([boolean(*is_enabled)]),
        Answer::Values(concurrent) => VALUES.make([values(concurrent)]),
        Answer::ValueSets(entries) => {
            let entry = |(on, concurrent): &(Name, Vec<V>)| pair(key(on), values(concurrent));
            VALUE_SETS.make([list(entries.iter().map(entry))])
        }
        Answer::Integer(extreme) => INTEGER.make([option(extreme.map(integer))]),
    }
}

fn decision<V>(decision: &Decision) -> Term<Name, V> {
    let Decision { key: on, kept, superseded } = decision;
    MERGE_DECISION.make([maybe(on.as_ref(), key), event_names(kept), event_names(superseded)])
}

fn notice<V>(notice: &Notice) -> Term<Name, V> {
    let Notice { object, key: on, decision: (replica, seq) } = notice;
    let decision = pair(text(replica), number(*seq));
    pair(text(object), pair(maybe(on.as_ref(), key), decision))
}

fn claim<V: Clone>(claim: &Claim<V>) -> Term<Name, V> {
    match claim {
        Claim::Reads { replica, object, value } => {
            READS.make([text(replica), text(object), maybe(value.as_ref(), answer)])
        }
        Claim::ReadsElement { replica, object, element, value } => READS_ELEMENT.make([
            text(replica),
            text(object),
            key(element),
            option(value.map(boolean)),
        ]),
        Claim::ReadsKey { replica, object, key: on, value: claimed } => {
            READS_KEY.make([text(replica), text(object), key(on), value(claimed)])
        }
        Claim::Counts { replica, object, vector } => {
            let count = |(replica, count): &(Name, u128)| pair(text(replica), number(*count));
            let vector = vector.as_ref().map(|vector| list(vector.iter().map(count)));
            COUNTS.make([text(replica), maybe(object.as_ref(), text), option(vector)])
        }
        Claim::Hashes { replica, object, algorithm, digest } => HASHES.make([
            text(replica),
            maybe(object.as_ref(), text),
            maybe(algorithm.as_ref(), text),
            value(digest),
        ]),
        Claim::Converged { replicas } => CONVERGED.make([names(replicas)]),
        Claim::Decides { replica, object, decisions } => {
            let decisions = decisions.as_ref().map(|all| list(all.iter().map(decision)));
            DECIDES.make([text(replica), text(object), option(decisions)])
        }
        Claim::Tells { replica, user, notices } => {
            let notices = notices.as_ref().map(|all| list(all.iter().map(notice)));
            TELLS.make([text(replica), text(user), option(notices)])
        }
        Claim::ReadsValues { replica, object, key: on, values: claimed } => {
            let claimed = claimed.as_deref().map(values);
            READS_VALUES.make([text(replica), text(object), key(on), option(claimed)])
        }
    }
}

fn line<V: Clone>(line: &Line<V>) -> Term<Name, V> {
    let objects = |objects: &Option<Vec<Name>>| maybe(objects.as_ref(), |all| names(all));
    match line {
        Line::Operates { replica, object, operation: performed, id, user } => OPERATES.make([
            text(replica),
            text(object),
            operation(performed),
            maybe(id.as_ref(), text),
            encode::user(user),
        ]),
        Line::Sends { replica, message, payload } => {
            let payload = match payload {
                Payload::Within(within) => WITHIN.make([objects(within)]),
                Payload::Since(messages) => SINCE.make([names(messages)]),
                Payload::Operations(ids) => OPERATIONS.make([names(ids)]),
            };
            SENDS.make([text(replica), text(message), payload])
        }
        Line::Receives { replica, message } => RECEIVES.make([text(replica), text(message)]),
        Line::Merges { replica, from, objects: within } => {
            MERGES.make([text(replica), text(from), objects(within)])
        }
        Line::Syncs { replicas: [one, other], objects: within } => {
            SYNCS.make([text(one), text(other), objects(within)])
        }
        Line::Saves { replica, snapshot } => SAVES.make([text(replica), text(snapshot)]),
        Line::Restores { replica, snapshot } => RESTORES.make([text(replica), text(snapshot)]),
        Line::Notes => NOTES.make([]),
        Line::Claims(claimed) => CLAIMS.make([claim(claimed)]),
    }
}
