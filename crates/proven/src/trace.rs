//! From the lines of a trace file to those that the proven judge takes.
//!
//! Meaning: a claimed answer is given the shape that its claim asks for, and is `None` where it
//! lacks that; values become their canonical JSON. What spec/trace.v leaves out is refused.
//! Source: spec/trace-format.md, sections 1, 2 and 4.
//!
//! ```
//! use rejoin_proven::judge::{Rule, Verdict};
//! use rejoin_proven::trace::Trace;
//! use rejoin_trace::Reader;
//!
//! let file = r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"n":{"type":"g-counter"}}}
//! {"event":"op","replica":"a","object":"n","op":"increment"}
//! {"event":"read","replica":"b","object":"n","value":1}"#;
//!
//! let mut reader = Reader::new(file.as_bytes())?;
//! let mut trace = Trace::new(reader.header())?;
//! while let Some(line) = reader.next_line()? {
//!     trace.push(&line.event)?;
//! }
//! let report = trace.judge()?;
//! assert_eq!(report.findings, [(3, Rule::Value)]);
//! assert_eq!(report.verdict()?, Verdict::Discrepancy);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::Error;
use super::judge::{
    Answer, Claim, Decision, EventName, Header, Line, Name, Notice, Payload, Report, judge,
    judge_within,
};
use rejoin::json::{Count, Json};
use rejoin::object::ObjectType;
use rejoin::operation::{Canonical, Operation};
use rejoin_trace as trace;
use rejoin_trace::{Content, Event, Stamps};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A trace, or what of it has been read.
#[derive(Clone, Debug)]
pub struct Trace {
    header: Header,
    kinds: BTreeMap<String, ObjectType>,
    lines: Vec<Line<Canonical>>,
}

/// What the proven judge cannot judge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unsupported {
    /// The implementation orders writes by a rule of its own.
    OwnStamps,
    /// An object starts from an explicit state.
    Load,
    /// An explicit state is claimed.
    State,
    /// A digest is claimed to be the project's own state hash.
    OwnDigest,
    /// An object is of a type that it lacks.
    Type,
    /// An operation is of a type that it lacks, or has a timestamp of several parts.
    Operation,
    /// A message holds others that its sender need not have applied.
    Relay,
    /// A failure is recorded, or an opaque object is asked.
    Claim,
}

impl Trace {
    /// A trace after its header.
    pub fn new(header: &trace::Header) -> Result<Self, Unsupported> {
        if header.stamps == Stamps::Own {
            return Err(Unsupported::OwnStamps);
        }
        let known = |(name, declared): &(String, trace::Declaration)| {
            Some((name.clone(), declared.kind.engine()?))
        };
        let kinds: Option<BTreeMap<String, ObjectType>> =
            header.objects.iter().map(known).collect();
        let kinds = kinds.ok_or(Unsupported::Type)?;
        let declared = kinds.iter().map(|(name, kind)| (name.as_str().into(), *kind));
        let header = Header { replicas: names(&header.replicas), objects: declared.collect() };
        Ok(Self { header, kinds, lines: Vec::new() })
    }

    /// How many lines it has after the header.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether it has no line after the header.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// An operation on an object, declared or not.
    fn operation(&self, op: &trace::Op) -> Result<Operation<Arc<str>, Canonical>, Unsupported> {
        let kind = self.kinds.get(&op.object).copied().unwrap_or(ObjectType::LwwRegister);
        op.operation.of_engine(kind).map_err(|_| Unsupported::Operation)
    }

    /// Reads the next line.
    pub fn push(&mut self, event: &Event) -> Result<(), Unsupported> {
        let line = match event {
            Event::Op(op) => Line::Operates {
                replica: name(&op.replica),
                object: name(&op.object),
                operation: self.operation(op)?,
                id: op.id.as_deref().map(name),
                user: op.user.as_deref().map(name),
            },
            Event::Send { relays, .. } if !relays.is_empty() => return Err(Unsupported::Relay),
            Event::Send { replica, message, to: _, content, relays: _ } => {
                let payload = match content {
                    Content::All => Payload::Within(None),
                    Content::Objects(objects) => Payload::Within(Some(names(objects))),
                    Content::Since(messages) => Payload::Since(names(messages)),
                    Content::Operations(ids) => Payload::Operations(names(ids)),
                };
                Line::Sends { replica: name(replica), message: name(message), payload }
            }
            Event::Receive { replica, message } => {
                Line::Receives { replica: name(replica), message: name(message) }
            }
            Event::Merge { replica, from, objects } => Line::Merges {
                replica: name(replica),
                from: name(from),
                objects: objects.as_deref().map(names),
            },
            Event::Sync { replicas, objects } => Line::Syncs {
                replicas: replicas.each_ref().map(|replica| name(replica)),
                objects: objects.as_deref().map(names),
            },
            Event::Save { replica, snapshot } => {
                Line::Saves { replica: name(replica), snapshot: name(snapshot) }
            }
            Event::Restore { replica, snapshot } => {
                Line::Restores { replica: name(replica), snapshot: name(snapshot) }
            }
            Event::Load { .. } => return Err(Unsupported::Load),
            Event::Note { .. } => Line::Notes,
            Event::Claim(claim) => Line::Claims(self.claim(claim)?),
        };
        self.lines.push(line);
        Ok(())
    }

    /// Judges the lines that were read.
    ///
    /// Cost: quadratic in the operations for a claim and for an operation; see
    /// [`judge`].
    pub fn judge(&self) -> Result<Report, Error> {
        judge(&self.header, &self.lines)
    }

    /// Judges it in at most so many steps of the machine, and takes from them what it needs.
    pub fn judge_within(&self, steps: &mut u64) -> Result<Report, Error> {
        judge_within(steps, &self.header, &self.lines)
    }

    fn claim(&self, claim: &trace::Claim) -> Result<Claim<Canonical>, Unsupported> {
        Ok(match claim {
            trace::Claim::Read { replica, object, element, key, query: None, value } => {
                let kind = self.kinds.get(object).copied();
                let (replica, object) = (name(replica), name(object));
                // No type has both. What the object's type lacks is asked for: it is not possible.
                let is_set = matches!(kind, Some(ObjectType::OrSet | ObjectType::RwSet));
                let element = element.as_ref().filter(|_| key.is_none() || !is_set);
                match (element, key) {
                    (Some(element), _) => {
                        let value = match value {
                            Json::Bool(is_in) => Some(*is_in),
                            _ => None,
                        };
                        Claim::ReadsElement { replica, object, element: name(element), value }
                    }
                    (None, Some(key)) if kind == Some(ObjectType::MvMap) => {
                        let (key, values) = (name(key), values(value));
                        Claim::ReadsValues { replica, object, key, values }
                    }
                    (None, Some(key)) => {
                        Claim::ReadsKey { replica, object, key: name(key), value: value.into() }
                    }
                    (None, None) => {
                        let value = kind.and_then(|kind| answer(kind, value));
                        Claim::Reads { replica, object, value }
                    }
                }
            }
            trace::Claim::Vector { replica, object, vector } => Claim::Counts {
                replica: name(replica),
                object: object.as_deref().map(name),
                vector: members(vector, |count| match count.count()? {
                    Count::Exact(count) => Some(count),
                    Count::TooLarge => None,
                }),
            },
            trace::Claim::Digest { algorithm: Some(own), .. } if own == OWN_DIGEST => {
                return Err(Unsupported::OwnDigest);
            }
            trace::Claim::Digest { replica, object, algorithm, digest } => Claim::Hashes {
                replica: name(replica),
                object: object.as_deref().map(name),
                algorithm: algorithm.as_deref().map(name),
                digest: digest.into(),
            },
            trace::Claim::Converged { replicas } => Claim::Converged { replicas: names(replicas) },
            trace::Claim::Decisions { replica, object, decisions } => Claim::Decides {
                replica: name(replica),
                object: name(object),
                decisions: items(decisions, |item| {
                    let is_keyed = !matches!(
                        self.kinds.get(object),
                        Some(ObjectType::LwwRegister | ObjectType::EwFlag | ObjectType::DwFlag)
                    );
                    decision(item, is_keyed)
                }),
            },
            trace::Claim::Notices { replica, user, notices } => Claim::Tells {
                replica: name(replica),
                user: name(user),
                notices: items(notices, notice),
            },
            trace::Claim::State { .. } => return Err(Unsupported::State),
            trace::Claim::Read { .. } | trace::Claim::Failed { .. } => {
                return Err(Unsupported::Claim);
            }
        })
    }
}

/// The project's own state hash.
const OWN_DIGEST: &str = "rejoin/1";

fn name(name: &str) -> Name {
    name.into()
}

fn names(names: &[String]) -> Vec<Name> {
    names.iter().map(|each| name(each)).collect()
}

fn text(json: &Json) -> Option<Name> {
    match json {
        Json::String(text) => Some(name(text)),
        _ => None,
    }
}

fn items<T>(json: &Json, item: impl Fn(&Json) -> Option<T>) -> Option<Vec<T>> {
    match json {
        Json::Array(items) => items.iter().map(item).collect(),
        _ => None,
    }
}

fn members<T>(json: &Json, member: impl Fn(&Json) -> Option<T>) -> Option<Vec<(Name, T)>> {
    match json {
        Json::Object(members) => {
            members.iter().map(|(key, value)| Some((name(key), member(value)?))).collect()
        }
        _ => None,
    }
}

/// An object that has so many members.
fn object(json: &Json, size: usize) -> Option<&Json> {
    match json {
        Json::Object(members) if members.len() == size => Some(json),
        _ => None,
    }
}

fn answer(kind: ObjectType, json: &Json) -> Option<Answer<Canonical>> {
    Some(match kind {
        ObjectType::GCounter => match json.count()? {
            Count::Exact(count) => Answer::Count(count),
            Count::TooLarge => return None,
        },
        ObjectType::LwwRegister => Answer::Content(json.into()),
        ObjectType::OrSet | ObjectType::RwSet => Answer::Elements(items(json, text)?),
        ObjectType::LwwMap => Answer::Entries(members(json, |value| Some(value.into()))?),
        ObjectType::Log => Answer::Items(items(json, |entry| Some(entry.into()))?),
        ObjectType::PnCounter => Answer::Balance(json.as_integer()?),
        ObjectType::EwFlag | ObjectType::DwFlag => match json {
            Json::Bool(is_enabled) => Answer::Enabled(*is_enabled),
            _ => return None,
        },
        ObjectType::MvRegister => Answer::Values(values(json)?),
        ObjectType::MvMap => Answer::ValueSets(members(json, values)?),
        ObjectType::MaxRegister | ObjectType::MinRegister => Answer::Integer(match json {
            Json::Null => None,
            Json::Number(number) => Some(number.as_exact()?),
            _ => return None,
        }),
    })
}

fn values(json: &Json) -> Option<Vec<Canonical>> {
    items(json, |value| Some(value.into()))
}

/// The operation that the members `replica` and `seq` name.
fn event_name(json: &Json) -> Option<EventName> {
    Some((text(json.get("replica")?)?, json.get("seq")?.as_count()?))
}

fn decision(json: &Json, keyed: bool) -> Option<Decision> {
    let json = object(json, if keyed { 3 } else { 2 })?;
    let key = if keyed { Some(text(json.get("key")?)?) } else { None };
    let events = |listed: &Json| items(listed, |event| event_name(object(event, 2)?));
    let (kept, superseded) = (events(json.get("kept")?)?, events(json.get("superseded")?)?);
    Some(Decision { key, kept, superseded })
}

fn notice(json: &Json) -> Option<Notice> {
    let key = match json.get("key") {
        Some(key) => Some(text(key)?),
        None => None,
    };
    let json = object(json, if key.is_some() { 4 } else { 3 })?;
    Some(Notice { object: text(json.get("object")?)?, key, decision: event_name(json)? })
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OwnStamps => "writes are ordered by stamps of the implementation's own",
            Self::Load => "an object is loaded as an explicit state",
            Self::State => "an explicit state is claimed",
            Self::OwnDigest => "a digest is claimed to be the state hash `rejoin/1`",
            Self::Type => "an object is of a type that it does not have",
            Self::Operation => "an operation or its timestamp is of a kind that it does not have",
            Self::Relay => "a message relays others",
            Self::Claim => "a claim is of a kind that it does not have",
        })
    }
}

impl std::error::Error for Unsupported {}
