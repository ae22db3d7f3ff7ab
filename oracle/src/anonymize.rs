//! `anonymize`: replaces the names and values of a trace, and keeps its structure, order and
//! equality.
//!
//! Meaning: every name, value, timestamp and text is replaced. The names of replicas, timestamps
//! and values keep their order, so that ties are decided alike; equal things stay equal, and `null`
//! stays `null`. Counts stay: amounts, totals, vectors and the numbers of operations. So each claim
//! keeps its verdict. The one exception is a digest of the algorithm `rejoin/1`, which covers names
//! and values themselves: it is only compared with other digests.
//! Cost: two readings; memory for every name and value once.

use crate::exit::Exit;
use crate::judge::Failure;
use crate::output::{Output, complain};
use crate::printable::escape;
use crate::reading;
use crate::sources;
use clap::Args;
use rejoin::json::Json;
use rejoin::object::TraceType;
use rejoin_trace::{
    Claim, Content, Error, Event, ExplicitState, Fault, Header, Name, Operation, Reader, Stamps,
    Timestamp, decompress,
};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, Write};
use std::path::PathBuf;

/// What `oracle anonymize` takes.
#[derive(Debug, Args)]
pub struct Anonymize {
    /// The trace; `-` is standard input.
    pub trace: PathBuf,

    /// Where to write the result; standard output when absent.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Prints the trace without its names and values.
pub fn run<W: Write>(asked: &Anonymize, output: &mut Output<W>) -> Exit {
    let source = sources::find(std::slice::from_ref(&asked.trace)).swap_remove(0);
    let name = escape(&source.name).into_owned();
    let read = reading::read(&source, |open| {
        let mut known = Known::default();
        if let Err(fault) =
            each(open()?, &mut |header, event, text| known.note(header, event, text))?
        {
            return Ok(Err(fault));
        }
        let mut hidden = Hidden::new(&known);
        let mut text = String::new();
        let read = each(open()?, &mut |header, event, _| match event {
            None => text += &(hidden.header(header).line() + "\n"),
            Some(event) => text += &(hidden.event(event).line() + "\n"),
        })?;
        Ok(read.map(|()| (text, hidden.has_own_digests)))
    });
    let (text, has_own_digests) = match read {
        Ok(Ok(read)) => read,
        Ok(Err(fault)) => {
            complain(&format!("{name}: malformed: {fault}; only a whole trace can be anonymized"));
            return Exit::Invalid;
        }
        Err(failure) => {
            complain(&format!("{name}: {}", failure.message()));
            return match failure {
                Failure::Unreadable(_) => Exit::Unreadable,
                Failure::Internal(_) => Exit::Internal,
            };
        }
    };
    if has_own_digests {
        let _ = writeln!(
            io::stderr(),
            "{name}: digests of the algorithm rejoin/1 cover names and values; here they are \
             compared with each other only"
        );
    }
    match &asked.output {
        None => output.write(text),
        Some(file) => {
            if let Err(error) = std::fs::write(file, text) {
                let file = escape(&file.to_string_lossy()).into_owned();
                complain(&format!("{file} cannot be written: {error}"));
                return Exit::Unreadable;
            }
        }
    }
    Exit::Success
}

/// Visits the header, then each event, each with its text.
fn each(
    input: impl BufRead,
    visit: &mut dyn FnMut(&Header, Option<&Event>, &str),
) -> io::Result<Result<(), Fault>> {
    let mut reader = match Reader::new(decompress(input)?) {
        Ok(reader) => reader,
        Err(Error::Malformed(fault)) => return Ok(Err(fault)),
        Err(Error::Unreadable(error)) => return Err(error),
    };
    let header = reader.header().clone();
    visit(&header, None, &header.line());
    loop {
        match reader.next_line() {
            Ok(Some(line)) => visit(&header, Some(&line.event), line.text),
            Ok(None) => return Ok(Ok(())),
            Err(Error::Malformed(fault)) => return Ok(Err(fault)),
            Err(Error::Unreadable(error)) => return Err(error),
        }
    }
}

/// Everything that keeps its order.
#[derive(Debug, Default)]
struct Known {
    kinds: BTreeMap<Name, TraceType>,
    stamps: Stamps,
    replicas: BTreeSet<Name>,
    timestamps: BTreeSet<Timestamp>,
    values: BTreeSet<String>,
    integers: BTreeSet<i128>,
    /// How many underscores stand in names of the trace that are made as new names are.
    marks: BTreeSet<usize>,
}

impl Known {
    fn note(&mut self, header: &Header, event: Option<&Event>, text: &str) {
        if let Ok(json) = Json::parse(text) {
            self.note_marks(&json);
        }
        let Some(event) = event else {
            self.kinds = header.objects.iter().map(|(name, of)| (name.clone(), of.kind)).collect();
            self.stamps = header.stamps;
            self.replicas.extend(header.replicas.iter().cloned());
            return;
        };
        match event {
            Event::Op(op) => {
                let is_integer = self.is_integer(&op.object);
                match &op.operation {
                    Operation::Write { value, timestamp } if is_integer => {
                        self.integers.extend(integer(value));
                        self.timestamps.extend(*timestamp);
                    }
                    Operation::Write { value, timestamp }
                    | Operation::Put { value, timestamp, .. }
                    | Operation::Append { entry: value, timestamp } => {
                        self.values.insert(value.canonical());
                        self.timestamps.extend(*timestamp);
                    }
                    Operation::Delete { timestamp, .. } => self.timestamps.extend(*timestamp),
                    Operation::Insert { value: Some(value), .. }
                    | Operation::Perform { arguments: Some(value), .. } => {
                        self.values.insert(value.canonical());
                    }
                    _ => {}
                }
            }
            Event::Load { state: Some(state), .. } => self.note_state(state),
            Event::Claim(Claim::Read { object, value, query, .. }) => {
                self.values.extend(query.as_ref().map(Json::canonical));
                if self.is_integer(object) {
                    self.integers.extend(integer(value));
                }
                self.note_answer(value, 2);
            }
            Event::Claim(Claim::Digest { digest, .. }) => {
                self.values.insert(digest.canonical());
            }
            Event::Claim(Claim::State { state, .. }) => self.note_answer(state, 4),
            _ => {}
        }
    }

    fn note_marks(&mut self, json: &Json) {
        match json {
            Json::String(text) => self.marks.extend(mark(text)),
            Json::Array(items) => items.iter().for_each(|item| self.note_marks(item)),
            Json::Object(members) => {
                for (name, value) in members {
                    self.marks.extend(mark(name));
                    self.note_marks(value);
                }
            }
            _ => {}
        }
    }

    /// What stands after the prefix of each new name, so that none is a name of the trace.
    fn mark(&self) -> String {
        let free = (0..).find(|mark| !self.marks.contains(mark));
        "_".repeat(free.unwrap_or_default())
    }

    fn is_integer(&self, object: &str) -> bool {
        let kind = self.kinds.get(object);
        matches!(kind, Some(TraceType::MaxRegister | TraceType::MinRegister))
    }

    fn note_state(&mut self, state: &ExplicitState) {
        let mut write = |write: &rejoin_trace::StateWrite| {
            self.values.insert(write.value.canonical());
            self.timestamps.insert(write.timestamp);
            self.replicas.insert(write.replica.clone());
        };
        match state {
            ExplicitState::GCounter(shares) => {
                self.replicas.extend(shares.iter().map(|(node, _)| node.clone()));
            }
            ExplicitState::LwwRegister(state) => state.iter().for_each(&mut write),
            ExplicitState::LwwMap(writes) => writes.iter().for_each(|(_, of)| write(of)),
            ExplicitState::OrSet { adds, removes } => {
                let dots = adds.iter().chain(removes);
                self.replicas.extend(dots.map(|dot| dot.replica.clone()));
            }
            ExplicitState::Log(entries) => {
                for entry in entries {
                    self.values.insert(entry.entry.canonical());
                    self.timestamps.insert(entry.timestamp);
                    self.replicas.insert(entry.replica.clone());
                }
            }
        }
    }

    /// An answer may be any JSON, so each part of it may be a value.
    fn note_answer(&mut self, answer: &Json, levels: usize) {
        self.values.insert(answer.canonical());
        if levels == 0 {
            return;
        }
        match answer {
            Json::Array(items) => items.iter().for_each(|item| self.note_answer(item, levels - 1)),
            Json::Object(members) => {
                for (name, value) in members {
                    if name == "replica" {
                        self.replicas.extend(string(value));
                    } else if name == "timestamp" {
                        self.timestamps.extend(Timestamp::of(value));
                    }
                    self.note_answer(value, levels - 1);
                }
            }
            _ => {}
        }
    }
}

fn integer(value: &Json) -> Option<i128> {
    value.canonical().parse().ok()
}

fn string(value: &Json) -> Option<Name> {
    match value {
        Json::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// The underscores in a name that is made as new names are: a prefix, underscores, perhaps an `x`, a number.
fn mark(name: &str) -> Option<usize> {
    let prefixes = ["unknown", "r", "o", "k", "u", "m", "s", "i", "p", "a", "v", ""];
    let rest = prefixes.into_iter().find_map(|prefix| name.strip_prefix(prefix))?;
    let number = rest.trim_start_matches('_');
    let digits = number.strip_prefix('x').unwrap_or(number);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| rest.len() - number.len())
}

/// New names by old ones: first those that keep their order, then the others as they occur.
struct Names {
    /// The prefix of new names; it keeps those without an order apart from those with one.
    prefix: String,
    new: BTreeMap<Name, Name>,
}

impl Names {
    fn new(prefix: String) -> Self {
        Self { prefix, new: BTreeMap::new() }
    }

    fn ordered(prefix: &str, names: &BTreeSet<Name>) -> Self {
        let digits = names.len().to_string().len();
        let new = names.iter().zip(1..);
        let new = new.map(|(name, i)| (name.clone(), format!("{prefix}{i:0digits$}"))).collect();
        Self { prefix: format!("{prefix}x"), new }
    }

    fn of(&mut self, name: &str) -> Name {
        if let Some(new) = self.new.get(name) {
            return new.clone();
        }
        let new = format!("{}{}", self.prefix, self.new.len() + 1);
        self.new.insert(name.into(), new.clone());
        new
    }

    fn all(&mut self, names: &[Name]) -> Vec<Name> {
        names.iter().map(|name| self.of(name)).collect()
    }
}

/// The replacement of each name, value and timestamp.
struct Hidden<'a> {
    known: &'a Known,
    replicas: Names,
    objects: Names,
    keys: Names,
    users: Names,
    messages: Names,
    snapshots: Names,
    ids: Names,
    operations: Names,
    algorithms: Names,
    mark: String,
    values: BTreeMap<&'a str, Json>,
    timestamps: BTreeMap<Timestamp, u64>,
    integers: BTreeMap<i128, u64>,
    has_own_digests: bool,
}

impl<'a> Hidden<'a> {
    fn new(known: &'a Known) -> Self {
        let mark = known.mark();
        let named = |prefix: &str| prefix.to_string() + &mark;
        let digits = known.values.len().to_string().len();
        let values = known.values.iter().zip(1..).map(|(value, i): (_, u64)| {
            // In the order of canonical bytes, strings come before `null`, and objects after it.
            let new = match value.as_str().cmp("null") {
                std::cmp::Ordering::Less => Json::String(format!("v{mark}{i:0digits$}")),
                std::cmp::Ordering::Equal => Json::Null,
                std::cmp::Ordering::Greater => {
                    let number = Json::String(format!("{mark}{i:0digits$}"));
                    Json::Object(vec![(format!("v{mark}0"), number)])
                }
            };
            (value.as_str(), new)
        });
        Self {
            known,
            replicas: Names::ordered(&named("r"), &known.replicas),
            objects: Names::ordered(&named("o"), &known.kinds.keys().cloned().collect()),
            keys: Names::new(named("k")),
            users: Names::new(named("u")),
            messages: Names::new(named("m")),
            snapshots: Names::new(named("s")),
            ids: Names::new(named("i")),
            operations: Names::new(named("p")),
            algorithms: Names::new(named("a")),
            values: values.collect(),
            mark: mark.clone(),
            timestamps: known.timestamps.iter().copied().zip(1..).collect(),
            integers: known.integers.iter().copied().zip(1..).collect(),
            has_own_digests: false,
        }
    }

    fn header(&mut self, header: &Header) -> Header {
        let objects = header.objects.iter().map(|(name, of)| (self.objects.of(name), *of));
        Header {
            objects: objects.collect(),
            replicas: self.replicas.all(&header.replicas),
            stamps: header.stamps,
            implementation: None,
            note: None,
        }
    }

    fn value(&self, value: &Json) -> Json {
        self.values.get(value.canonical().as_str()).cloned().unwrap_or_default()
    }

    fn timestamp(&self, timestamp: Timestamp) -> Timestamp {
        self.timestamps.get(&timestamp).copied().unwrap_or(0).into()
    }

    fn integer(&self, value: &Json) -> Option<Json> {
        Some(number((*self.integers.get(&integer(value)?)?).into()))
    }

    fn event(&mut self, event: &Event) -> Event {
        match event {
            Event::Op(op) => {
                let is_integer = self.known.is_integer(&op.object);
                let mut op = op.clone();
                op.replica = self.replicas.of(&op.replica);
                op.object = self.objects.of(&op.object);
                op.id = op.id.map(|id| self.ids.of(&id));
                op.user = op.user.map(|user| self.users.of(&user));
                self.operation(&mut op.operation, is_integer);
                Event::Op(op)
            }
            Event::Send { replica, message, to, content, relays } => Event::Send {
                relays: self.messages.all(relays),
                content: match content {
                    Content::All => Content::All,
                    Content::Objects(names) => Content::Objects(self.objects.all(names)),
                    Content::Since(names) => Content::Since(self.messages.all(names)),
                    Content::Operations(ids) => Content::Operations(self.ids.all(ids)),
                },
                replica: self.replicas.of(replica),
                message: self.messages.of(message),
                to: to.as_ref().map(|to| self.replicas.of(to)),
            },
            Event::Receive { replica, message } => Event::Receive {
                replica: self.replicas.of(replica),
                message: self.messages.of(message),
            },
            Event::Merge { replica, from, objects } => Event::Merge {
                replica: self.replicas.of(replica),
                from: self.replicas.of(from),
                objects: objects.as_ref().map(|names| self.objects.all(names)),
            },
            Event::Sync { replicas: [a, b], objects } => Event::Sync {
                replicas: [self.replicas.of(a), self.replicas.of(b)],
                objects: objects.as_ref().map(|names| self.objects.all(names)),
            },
            Event::Save { replica, snapshot } => Event::Save {
                replica: self.replicas.of(replica),
                snapshot: self.snapshots.of(snapshot),
            },
            Event::Restore { replica, snapshot } => Event::Restore {
                replica: self.replicas.of(replica),
                snapshot: self.snapshots.of(snapshot),
            },
            Event::Load { replica, object, state } => Event::Load {
                replica: self.replicas.of(replica),
                object: self.objects.of(object),
                state: state.as_ref().map(|state| self.explicit(state)),
            },
            Event::Note { .. } => Event::Note { text: "-".into() },
            Event::Claim(claim) => Event::Claim(self.claim(claim)),
        }
    }

    fn operation(&mut self, operation: &mut Operation, is_integer: bool) {
        match operation {
            Operation::Write { value, timestamp } => {
                let number = is_integer.then(|| self.integer(value)).flatten();
                *value = number.unwrap_or_else(|| self.value(value));
                *timestamp = timestamp.map(|timestamp| self.timestamp(timestamp));
            }
            Operation::Append { entry: value, timestamp } => {
                *value = self.value(value);
                *timestamp = timestamp.map(|timestamp| self.timestamp(timestamp));
            }
            Operation::Put { key, value, timestamp } => {
                *key = self.keys.of(key);
                *value = self.value(value);
                *timestamp = timestamp.map(|timestamp| self.timestamp(timestamp));
            }
            Operation::Delete { key, timestamp } => {
                *key = self.keys.of(key);
                *timestamp = timestamp.map(|timestamp| self.timestamp(timestamp));
            }
            Operation::Add { element }
            | Operation::Remove { element }
            | Operation::Erase { element } => *element = self.keys.of(element),
            Operation::Insert { element, after, before, value } => {
                *element = self.keys.of(element);
                for name in [after, before].into_iter().flatten() {
                    *name = self.keys.of(name);
                }
                *value = value.as_ref().map(|value| self.value(value));
            }
            Operation::Perform { name, arguments } => {
                *name = self.operations.of(name);
                *arguments = arguments.as_ref().map(|value| self.value(value));
            }
            Operation::Increment { .. }
            | Operation::Decrement { .. }
            | Operation::Enable
            | Operation::Disable => {}
        }
    }

    fn explicit(&mut self, state: &ExplicitState) -> ExplicitState {
        let mut state = state.clone();
        match &mut state {
            ExplicitState::GCounter(shares) => {
                shares.iter_mut().for_each(|(node, _)| *node = self.replicas.of(node));
            }
            ExplicitState::LwwRegister(write) => {
                write.iter_mut().for_each(|write| self.write(write));
            }
            ExplicitState::LwwMap(writes) => {
                for (key, write) in writes {
                    *key = self.keys.of(key);
                    self.write(write);
                }
            }
            ExplicitState::OrSet { adds, removes } => {
                for dot in adds.iter_mut().chain(removes) {
                    dot.element = self.keys.of(&dot.element);
                    dot.replica = self.replicas.of(&dot.replica);
                }
            }
            ExplicitState::Log(entries) => {
                for entry in entries {
                    entry.entry = self.value(&entry.entry);
                    entry.timestamp = self.timestamp(entry.timestamp);
                    entry.replica = self.replicas.of(&entry.replica);
                }
            }
        }
        state
    }

    fn write(&mut self, write: &mut rejoin_trace::StateWrite) {
        write.value = self.value(&write.value);
        write.timestamp = self.timestamp(write.timestamp);
        write.replica = self.replicas.of(&write.replica);
    }

    fn claim(&mut self, claim: &Claim) -> Claim {
        let mut claim = claim.clone();
        match &mut claim {
            Claim::Converged { replicas } => *replicas = self.replicas.all(replicas),
            Claim::Read { replica, object, element, key, query, value } => {
                let kind = self.known.kinds.get(object).copied();
                let is_one = element.is_some() || key.is_some();
                *value = self.answer(kind, is_one, element.is_some(), value);
                *replica = self.replicas.of(replica);
                *object = self.objects.of(object);
                for name in [element, key].into_iter().flatten() {
                    *name = self.keys.of(name);
                }
                *query = query.as_ref().map(|query| self.value(query));
            }
            Claim::Vector { replica, object, vector } => {
                *replica = self.replicas.of(replica);
                *object = object.as_ref().map(|object| self.objects.of(object));
                if let Json::Object(members) = vector {
                    for (name, count) in members {
                        *name = self.replicas.of(name);
                        *count = counted(count);
                    }
                } else {
                    *vector = wrong();
                }
            }
            Claim::Digest { replica, object, algorithm, digest } => {
                self.has_own_digests |= algorithm.as_deref() == Some("rejoin/1");
                *replica = self.replicas.of(replica);
                *object = object.as_ref().map(|object| self.objects.of(object));
                *algorithm = algorithm.as_ref().map(|name| self.algorithms.of(name));
                *digest = self.value(digest);
            }
            Claim::Decisions { replica, object, decisions: list } => {
                *replica = self.replicas.of(replica);
                *object = self.objects.of(object);
                *list = self.structure(list, false);
            }
            Claim::Notices { replica, user, notices } => {
                *replica = self.replicas.of(replica);
                *user = self.users.of(user);
                *notices = self.structure(notices, false);
            }
            Claim::State { replica, object, state } => {
                let kind = self.known.kinds.get(object).copied();
                *state = self.claimed_state(kind, state);
                *replica = self.replicas.of(replica);
                *object = self.objects.of(object);
            }
            Claim::Failed { replica, text, object, message } => {
                *replica = self.replicas.of(replica);
                *text = "-".into();
                *object = object.as_ref().map(|object| self.objects.of(object));
                *message = message.as_ref().map(|message| self.messages.of(message));
            }
        }
        claim
    }

    /// Replaces an answer by its type. An answer of another shape is wrong before and after.
    fn answer(
        &mut self,
        kind: Option<TraceType>,
        is_one: bool,
        is_element: bool,
        value: &Json,
    ) -> Json {
        use TraceType as T;
        let Some(kind) = kind else { return wrong() };
        match (kind, value) {
            (T::GCounter | T::PnCounter, value) => counted(value),
            (T::EwFlag | T::DwFlag, Json::Bool(value)) => Json::Bool(*value),
            (_, Json::Bool(value)) if is_element => Json::Bool(*value),
            (T::EwFlag | T::DwFlag, _) => wrong(),
            (_, _) if is_element => wrong(),
            (T::MaxRegister | T::MinRegister, Json::Null) => Json::Null,
            (T::MaxRegister | T::MinRegister, value) => self.integer(value).unwrap_or_else(wrong),
            (T::OrSet | T::GSet | T::TwoPhaseSet | T::RwSet | T::List, Json::Array(items)) => {
                let item = |item: &Json| match item {
                    Json::String(name) => Json::String(self.keys.of(name)),
                    _ => wrong(),
                };
                Json::Array(items.iter().map(item).collect())
            }
            (T::LwwRegister | T::Opaque, value) => self.value(value),
            (T::LwwMap, value) if is_one => self.value(value),
            (T::LwwMap, Json::Object(members)) => {
                let member = |(key, value): &(String, Json)| (self.keys.of(key), self.value(value));
                Json::Object(members.iter().map(member).collect::<Vec<_>>())
            }
            (T::Log, Json::Array(items)) => {
                Json::Array(items.iter().map(|item| self.value(item)).collect())
            }
            (T::MvRegister, value) => self.siblings(value),
            (T::MvMap, value) if is_one => self.siblings(value),
            (T::MvMap, Json::Object(members)) => {
                let member =
                    |(key, value): &(String, Json)| (self.keys.of(key), self.siblings(value));
                Json::Object(members.iter().map(member).collect::<Vec<_>>())
            }
            _ => wrong(),
        }
    }

    fn siblings(&self, value: &Json) -> Json {
        match value {
            Json::Array(items) => Json::Array(items.iter().map(|item| self.value(item)).collect()),
            _ => wrong(),
        }
    }

    fn claimed_state(&mut self, kind: Option<TraceType>, state: &Json) -> Json {
        match (kind, state) {
            (Some(TraceType::GCounter), Json::Object(shares)) => {
                let share =
                    |(node, share): &(String, Json)| (self.replicas.of(node), counted(share));
                Json::Object(shares.iter().map(share).collect())
            }
            (Some(TraceType::LwwMap), Json::Object(members)) => {
                let member =
                    |(key, of): &(String, Json)| (self.keys.of(key), self.structure(of, true));
                Json::Object(members.iter().map(member).collect())
            }
            (Some(TraceType::LwwRegister), Json::Null) => Json::Null,
            _ => self.structure(state, true),
        }
    }

    /// Replaces the values of an object with known field names; the names stay.
    fn structure(&mut self, json: &Json, is_state: bool) -> Json {
        const LISTS: [&str; 4] = ["kept", "superseded", "adds", "removes"];
        match json {
            Json::Array(items) => {
                Json::Array(items.iter().map(|item| self.structure(item, is_state)).collect())
            }
            Json::Object(members) => {
                let mut unknown = 0;
                let member = |(field, value): &(String, Json)| {
                    let text = string(value);
                    let new = match (field.as_str(), &text) {
                        ("replica", Some(name)) => Json::String(self.replicas.of(name)),
                        ("object", Some(name)) => Json::String(self.objects.of(name)),
                        ("key" | "element", Some(name)) => Json::String(self.keys.of(name)),
                        ("seq", _) => counted(value),
                        ("timestamp", _) => match Timestamp::of(value) {
                            Some(timestamp) => {
                                let rank = self.timestamp(timestamp).parts()[0];
                                number(rank.into())
                            }
                            None => Json::Null,
                        },
                        ("value" | "entry", _) if is_state => self.value(value),
                        (name, _) if LISTS.contains(&name) => self.structure(value, is_state),
                        ("replica" | "object" | "key" | "element", None) => Json::Bool(false),
                        _ => {
                            unknown += 1;
                            return (format!("unknown{}{unknown}", self.mark), Json::Null);
                        }
                    };
                    (field.clone(), new)
                };
                Json::Object(members.iter().map(member).collect())
            }
            _ => Json::Bool(false),
        }
    }
}

/// A count stays as it is, in digits or as a number. Anything else is replaced by something that is
/// wrong as well.
fn counted(value: &Json) -> Json {
    let is_count = match value {
        Json::Number(_) => true,
        Json::String(text) => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        }
        _ => false,
    };
    if is_count { value.clone() } else { wrong() }
}

/// An answer that is right for no type.
fn wrong() -> Json {
    Json::Object(vec![("wrong".into(), Json::Bool(true))])
}

fn number(value: u128) -> Json {
    Json::parse(&value.to_string()).unwrap_or_default()
}
