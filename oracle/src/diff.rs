//! `diff`: where two traces, or two replicas' files, first differ in meaning.
//!
//! Meaning: a trace means what each replica did, received and answered, in its own order. So traces
//! are compared replica by replica. The writing and interleaving of lines make no difference; nor
//! do the names of messages, backups and operations, `to`, notes, `x-` fields, and the order of
//! lists that are compared regardless of order.

use crate::exit::Exit;
use crate::judge::Failure;
use crate::output::{Output, complain};
use crate::printable::{count, escape, escape_json};
use crate::reading;
use crate::sources::{self, Source};
use crate::sync;
use clap::Args;
use rejoin::json::Json;
use rejoin::object::TraceType;
use rejoin_trace::{Claim, Content, Error, Event, Fault, Header, Name, Reader, decompress};
use std::collections::BTreeMap;
use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The arguments of `oracle diff`.
#[derive(Debug, Args)]
pub struct Diff {
    /// A trace, or the file of a replica of `oracle sync`.
    pub a: PathBuf,
    /// Another one of the same kind.
    pub b: PathBuf,
}

/// Compares, and prints where the two first differ.
pub fn run<W: Write>(asked: &Diff, output: &mut Output<W>) -> Exit {
    let is_store = [&asked.a, &asked.b].map(|path| is_store(path));
    match is_store {
        [true, true] => return sync::compare(&asked.a, &asked.b, output),
        [false, false] => {}
        _ => {
            complain("one of the files is a replica's and the other is a trace");
            return Exit::Usage;
        }
    }
    let mut sides = Vec::new();
    for path in [&asked.a, &asked.b] {
        let source = sources::find(std::slice::from_ref(path)).swap_remove(0);
        match side(&source) {
            Ok(side) => sides.push(side),
            Err(exit) => return exit,
        }
    }
    let difference = between(&sides[0], &sides[1]);
    let exit = if difference.is_some() { Exit::Discrepancy } else { Exit::Success };
    let events = count(sides[0].events, "event");
    output.write(difference.unwrap_or_else(|| {
        format!(
            "both mean the same: {events} of {}\n",
            count(sides[0].acts.len() as u64, "replica")
        )
    }));
    exit
}

/// Whether a file is a database, as the files of replicas are.
fn is_store(path: &Path) -> bool {
    let mut start = [0; 4];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && &start == b"redb"
}

/// One trace: its declarations, and the acts of each replica.
struct Side {
    name: String,
    header: Header,
    events: u64,
    acts: BTreeMap<Name, Vec<Act>>,
}

/// An event in the form that is compared, and as it was written.
#[derive(Clone)]
struct Act {
    line: u64,
    event: Rc<Event>,
    text: Rc<str>,
}

fn side(source: &Source) -> Result<Side, Exit> {
    let name = escape(&source.name).into_owned();
    let read = reading::read(source, |open| acts(open()?, &name));
    match read {
        Ok(Ok(side)) => Ok(side),
        Ok(Err(fault)) => {
            complain(&format!("{name}: malformed: {fault}"));
            Err(Exit::Invalid)
        }
        Err(failure) => {
            complain(&format!("{name}: {}", failure.message()));
            Err(match failure {
                Failure::Unreadable(_) => Exit::Unreadable,
                Failure::Internal(_) => Exit::Internal,
            })
        }
    }
}

fn acts(input: impl BufRead, name: &str) -> io::Result<Result<Side, Fault>> {
    let mut reader = match Reader::new(decompress(input)?) {
        Ok(reader) => reader,
        Err(Error::Malformed(fault)) => return Ok(Err(fault)),
        Err(Error::Unreadable(error)) => return Err(error),
    };
    let mut acts = BTreeMap::<Name, Vec<Act>>::new();
    acts.extend(reader.header().replicas.iter().map(|name| (name.clone(), Vec::new())));
    let mut normal = Normal::new(reader.header());
    let mut events = 0;
    loop {
        let line = match reader.next_line() {
            Ok(Some(line)) => line,
            Ok(None) => break,
            Err(Error::Malformed(fault)) => return Ok(Err(fault)),
            Err(Error::Unreadable(error)) => return Err(error),
        };
        let mut event = line.event;
        let replicas = normal.event(&mut event);
        if replicas.is_empty() {
            continue;
        }
        events += 1;
        let act = Act { line: line.number, event: Rc::new(event), text: line.text.into() };
        for replica in replicas {
            acts.entry(replica).or_default().push(act.clone());
        }
    }
    let header = reader.header().clone();
    Ok(Ok(Side { name: name.into(), header, events, acts }))
}

/// Replaces names by the place of what they name among those of its replica.
struct Normal {
    kinds: BTreeMap<Name, TraceType>,
    messages: BTreeMap<Name, Name>,
    snapshots: BTreeMap<Name, Name>,
    operations: BTreeMap<Name, Name>,
    /// How many names of each kind occurred at a replica.
    counts: BTreeMap<(u8, Name), u64>,
}

impl Normal {
    fn new(header: &Header) -> Self {
        Self {
            kinds: header.objects.iter().map(|(name, of)| (name.clone(), of.kind)).collect(),
            messages: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            operations: BTreeMap::new(),
            counts: BTreeMap::new(),
        }
    }

    fn place(&mut self, kind: u8, replica: &str) -> Name {
        let count = self.counts.entry((kind, replica.into())).or_default();
        *count += 1;
        format!("{replica} {count}")
    }

    /// Normalizes an event, so that equal events mean the same; returns the replicas at which it
    /// happens.
    fn event(&mut self, event: &mut Event) -> Vec<Name> {
        let renamed = |names: &mut Vec<Name>, known: &BTreeMap<Name, Name>| {
            for name in names.iter_mut() {
                *name = known.get(name).unwrap_or(name).clone();
            }
            names.sort_unstable();
            names.dedup();
        };
        match event {
            Event::Op(op) => {
                let place = self.place(0, &op.replica);
                if let Some(id) = op.id.take() {
                    self.operations.insert(id, place);
                }
                vec![op.replica.clone()]
            }
            Event::Send { replica, message, to, content, relays } => {
                *to = None;
                renamed(relays, &self.messages);
                match content {
                    Content::All => {}
                    Content::Objects(names) => renamed(names, &BTreeMap::new()),
                    Content::Since(names) => renamed(names, &self.messages),
                    Content::Operations(ids) => renamed(ids, &self.operations),
                }
                let place = self.place(1, replica);
                self.messages.insert(std::mem::replace(message, place.clone()), place);
                vec![replica.clone()]
            }
            Event::Receive { replica, message } => {
                *message = self.messages.get(message).unwrap_or(message).clone();
                vec![replica.clone()]
            }
            Event::Merge { replica, from, objects } => {
                objects.iter_mut().for_each(|names| renamed(names, &BTreeMap::new()));
                vec![replica.clone(), from.clone()]
            }
            Event::Sync { replicas, objects } => {
                replicas.sort_unstable();
                objects.iter_mut().for_each(|names| renamed(names, &BTreeMap::new()));
                replicas.to_vec()
            }
            Event::Save { replica, snapshot } => {
                let place = self.place(2, replica);
                self.snapshots.insert(std::mem::replace(snapshot, place.clone()), place);
                vec![replica.clone()]
            }
            Event::Restore { replica, snapshot } => {
                *snapshot = self.snapshots.get(snapshot).unwrap_or(snapshot).clone();
                vec![replica.clone()]
            }
            Event::Load { replica, .. } => vec![replica.clone()],
            Event::Note { .. } => Vec::new(),
            Event::Claim(claim) => self.claim(claim),
        }
    }

    fn claim(&self, claim: &mut Claim) -> Vec<Name> {
        match claim {
            Claim::Converged { replicas } => {
                replicas.sort_unstable();
                return replicas.clone();
            }
            Claim::Read { object, value, .. } => {
                let kind = self.kinds.get(object);
                *value = canonical(value, kind.is_some_and(|kind| kind.is_set()));
            }
            Claim::Vector { vector: answer, .. }
            | Claim::Digest { digest: answer, .. }
            | Claim::State { state: answer, .. } => *answer = canonical(answer, false),
            Claim::Decisions { decisions: answer, .. } | Claim::Notices { notices: answer, .. } => {
                if let Json::Array(items) = answer {
                    for member in items.iter_mut().filter_map(|item| match item {
                        Json::Object(members) => Some(members),
                        _ => None,
                    }) {
                        member.iter_mut().for_each(|(_, value)| *value = canonical(value, true));
                    }
                }
                *answer = canonical(answer, true);
            }
            Claim::Failed { message, .. } => {
                if let Some(message) = message {
                    *message = self.messages.get(message).unwrap_or(message).clone();
                }
            }
        }
        let (Claim::Read { replica, .. }
        | Claim::Vector { replica, .. }
        | Claim::Digest { replica, .. }
        | Claim::Decisions { replica, .. }
        | Claim::Notices { replica, .. }
        | Claim::State { replica, .. }
        | Claim::Failed { replica, .. }) = claim
        else {
            return Vec::new();
        };
        vec![replica.clone()]
    }
}

/// The canonical form of an answer; a list without order is sorted.
fn canonical(answer: &Json, is_unordered: bool) -> Json {
    let mut answer = Json::parse(&answer.canonical()).unwrap_or_else(|_| answer.clone());
    if let (Json::Array(items), true) = (&mut answer, is_unordered) {
        items.sort_by_cached_key(Json::canonical);
    }
    answer
}

/// The first difference, as text.
fn between(a: &Side, b: &Side) -> Option<String> {
    if let Some(difference) = headers(a, b) {
        return Some(difference);
    }
    let differs = |name: &Name| {
        let (ours, theirs) = (&a.acts[name], &b.acts[name]);
        let same = ours.iter().zip(theirs).take_while(|(x, y)| x.event == y.event).count();
        let (ours, theirs) = (ours.get(same), theirs.get(same));
        let line = ours.or(theirs)?.line;
        Some((line, name.clone(), same, ours.cloned(), theirs.cloned()))
    };
    let (_, name, same, ours, theirs) =
        a.acts.keys().filter_map(differs).min_by_key(|found| (found.0, found.1.clone()))?;
    let mut text = format!(
        "they differ first at `{}`, after {} that {} the same there{}\n",
        escape(&name),
        count(same as u64, "event"),
        if same == 1 { "is" } else { "are" },
        fields(ours.as_ref(), theirs.as_ref())
    );
    for (side, act) in [(a, ours), (b, theirs)] {
        text += &match act {
            Some(act) => format!("  {}:{}: {}\n", side.name, act.line, escape_json(&act.text)),
            None => format!("  {}: nothing more of `{}`\n", side.name, escape(&name)),
        };
    }
    Some(text)
}

/// The fields in which two lines of one kind differ.
fn fields(ours: Option<&Act>, theirs: Option<&Act>) -> String {
    let parse = |act: Option<&Act>| {
        let value: serde_json::Value = serde_json::from_str(&act?.text).ok()?;
        value.as_object().cloned()
    };
    let (Some(ours), Some(theirs)) = (parse(ours), parse(theirs)) else { return String::new() };
    if ours.get("event") != theirs.get("event") {
        return String::new();
    }
    let names: Vec<String> = ours
        .keys()
        .chain(theirs.keys().filter(|name| !ours.contains_key(*name)))
        .filter(|name| ours.get(*name) != theirs.get(*name) && !name.starts_with("x-"))
        .map(|name| format!("`{}`", escape(name)))
        .collect();
    if names.is_empty() { String::new() } else { format!(", in {}", names.join(", ")) }
}

fn headers(a: &Side, b: &Side) -> Option<String> {
    let sorted = |names: &[Name]| {
        let mut names = names.to_vec();
        names.sort_unstable();
        names
    };
    let what = if sorted(&a.header.replicas) != sorted(&b.header.replicas) {
        "they declare different replicas".to_string()
    } else if a.header.stamps != b.header.stamps {
        "in one the timestamps are explicit, in the other the implementation's own".into()
    } else {
        let kinds = |side: &Side| -> BTreeMap<Name, TraceType> {
            side.header.objects.iter().map(|(name, of)| (name.clone(), of.kind)).collect()
        };
        let (ours, theirs) = (kinds(a), kinds(b));
        let names = ours.keys().chain(theirs.keys());
        let name = names.into_iter().find(|name| ours.get(*name) != theirs.get(*name))?;
        let kind = |of: Option<&TraceType>| of.map_or("not declared", |kind| kind.as_str());
        format!(
            "object `{}` is {} in the one and {} in the other",
            escape(name),
            kind(ours.get(name)),
            kind(theirs.get(name))
        )
    };
    Some(format!("the headers of {} and {} differ: {what}\n", a.name, b.name))
}
