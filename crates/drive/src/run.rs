//! Running: a subject performs a plan, its answers become a trace, and the judge judges it.
//!
//! Meaning: spec/trace-format.md, sections 2, 3 and 8. The oracle owns the network: it keeps the
//! payloads, and knows what each message contains. So it refers to list elements only if the
//! replica has seen them, and it counts concurrent operations.
//! Cost: one request a step, and one more before each insertion into a list.

use super::bits::Bits;
use super::offer::Feature;
use super::plan::{Act, Plan, Question, Step};
use super::subject::{Failure, FailureKind, Reply, Request, Subject};
use rejoin::json::Json;
use rejoin::object::TraceType;
use rejoin_judge::{Report, Verdict};
use rejoin_trace::{Claim, Content, Event, Header, Implementation, Name, Op, Operation};
use std::collections::{BTreeMap, BTreeSet};

/// How many bytes of payloads and answers one history may have. More is a breach of the protocol.
pub const MAX_HISTORY: usize = 64 << 20;

/// The outcome of one plan.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The trace.
    pub trace: String,
    /// The step that each line after the header comes from.
    pub steps: Vec<usize>,
    /// The report of the judge.
    pub report: Report,
    /// The failure of the subject that ended the history, if any.
    pub failure: Option<Failure>,
    /// What the subject did not support, with its reasons.
    pub unsupported: BTreeMap<(TraceType, Feature), String>,
    /// The name and version that the subject gives.
    pub implementation: Option<Implementation>,
    /// What happened how often.
    pub tally: Tally,
}

/// What happened how often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Histories with at least one judged claim.
    pub histories: u64,
    /// Operations by type and name.
    pub operations: BTreeMap<(TraceType, String), u64>,
    /// Answers by question.
    pub answers: BTreeMap<String, u64>,
    /// Pairs of concurrent operations on one key (or on one object without keys), by type.
    pub meetings: BTreeMap<TraceType, u64>,
    /// Messages made.
    pub messages: u64,
    /// Messages received.
    pub received: u64,
    /// Messages received again by the same replica.
    pub repeated: u64,
    /// Messages received after a later one of the same sender.
    pub reordered: u64,
    /// Messages that no replica received.
    pub lost: u64,
    /// Messages that the subject refused to receive.
    pub refused: u64,
    /// Other requests that the subject does not support.
    pub left_out: u64,
    /// Synchronizations by the subject itself.
    pub synced: u64,
    /// Replicas restored from a backup.
    pub restored: u64,
    /// The most replicas of one history.
    pub most_replicas: u64,
}

impl Tally {
    /// Adds the counts of another history.
    pub fn add(&mut self, other: &Self) {
        fn sum<K: Ord + Clone>(map: &mut BTreeMap<K, u64>, other: &BTreeMap<K, u64>) {
            for (key, count) in other {
                *map.entry(key.clone()).or_default() += count;
            }
        }
        self.histories += other.histories;
        sum(&mut self.operations, &other.operations);
        sum(&mut self.answers, &other.answers);
        sum(&mut self.meetings, &other.meetings);
        self.messages += other.messages;
        self.received += other.received;
        self.repeated += other.repeated;
        self.reordered += other.reordered;
        self.lost += other.lost;
        self.refused += other.refused;
        self.left_out += other.left_out;
        self.synced += other.synced;
        self.restored += other.restored;
        self.most_replicas = self.most_replicas.max(other.most_replicas);
    }
}

/// Performs a plan and judges its trace.
pub fn run(plan: &Plan, subject: &mut dyn Subject) -> Outcome {
    let mut run = Run::new(plan);
    let failure = run.all(subject).err();
    run.finish(failure)
}

/// A message or a backup: the subject's payload, and the operations that it contains.
struct Held {
    payload: String,
    holds: Bits,
    /// The replica that made it, and when.
    by: usize,
    made: usize,
    /// The replicas that received it.
    receivers: BTreeSet<usize>,
}

/// One performed operation.
struct Done {
    object: usize,
    /// The key or element, if the object has such.
    key: Option<Name>,
    /// Lists: whether it inserts `key`.
    inserts: bool,
    sees: Bits,
}

struct Run<'p> {
    plan: &'p Plan,
    step: usize,
    trace: String,
    steps: Vec<usize>,
    done: Vec<Done>,
    /// What each replica has seen.
    seen: Vec<Bits>,
    messages: BTreeMap<usize, Held>,
    snapshots: BTreeMap<usize, Held>,
    /// The greatest `made` that a replica has received from another one.
    latest: BTreeMap<(usize, usize), usize>,
    /// Bytes of payloads and answers so far.
    bytes: usize,
    unsupported: BTreeMap<(TraceType, Feature), String>,
    implementation: Option<Implementation>,
    tally: Tally,
}

impl<'p> Run<'p> {
    fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            step: 0,
            trace: String::new(),
            steps: Vec::new(),
            done: Vec::new(),
            seen: vec![Bits::default(); plan.replicas.len()],
            messages: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            latest: BTreeMap::new(),
            bytes: 0,
            unsupported: BTreeMap::new(),
            implementation: None,
            tally: Tally::default(),
        }
    }

    fn all(&mut self, subject: &mut dyn Subject) -> Result<(), Failure> {
        let plan = self.plan;
        let start = Request::Start {
            replicas: plan.replicas.clone(),
            objects: plan.declared(),
            stamps: plan.stamps,
        };
        let reply = subject.ask(&start)?;
        if let Reply::Started(implementation) = &reply {
            self.implementation = Some(implementation.clone());
        }
        let header = Header {
            replicas: plan.replicas.clone(),
            objects: plan.declared(),
            stamps: plan.stamps,
            implementation: self.implementation.clone(),
            note: None,
        };
        self.trace = header.line() + "\n";
        match reply {
            Reply::Unsupported(reason) => {
                for (_, kind) in &plan.objects {
                    self.unsupported.insert((*kind, Feature::Type), reason.clone());
                }
                return Ok(());
            }
            Reply::Error(message) => return Err(self.error(&start, message)),
            _ => {}
        }
        for (i, step) in plan.steps.iter().enumerate() {
            self.step = i;
            self.perform(step, subject)?;
        }
        Ok(())
    }

    /// Ends the history; if a failure ended it, the trace says so.
    fn finish(mut self, failure: Option<Failure>) -> Outcome {
        if let Some(failure) = &failure {
            if self.trace.is_empty() {
                let header = Header {
                    replicas: self.plan.replicas.clone(),
                    objects: self.plan.declared(),
                    stamps: self.plan.stamps,
                    implementation: None,
                    note: None,
                };
                self.trace = header.line() + "\n";
            }
            let at = self.plan.steps.get(self.step).map_or(0, Step::at);
            let replica = self.plan.replicas[at].clone();
            let text = failure.to_string();
            self.line(&Event::Claim(Claim::Failed { replica, text, object: None, message: None }));
        }
        let lost = self.messages.values().filter(|message| message.receivers.is_empty());
        self.tally.lost = lost.count() as u64;
        self.tally.most_replicas = self.plan.replicas.len() as u64;
        self.count_meetings();
        let options = rejoin_judge::Options::default();
        let report = rejoin_judge::check(|| Ok(self.trace.as_bytes()), &options)
            .expect("a text in memory is read");
        self.tally.histories = (report.claims > 0).into();
        let failure = failure.or_else(|| unwritable(&report, &self.trace));
        Outcome {
            trace: self.trace,
            steps: self.steps,
            report,
            failure,
            unsupported: self.unsupported,
            implementation: self.implementation,
            tally: self.tally,
        }
    }

    /// Counts the pairs of concurrent operations on one key; a list has one order, and so one key.
    fn count_meetings(&mut self) {
        for (later, done) in self.done.iter().enumerate() {
            let kind = self.plan.objects[done.object].1;
            let met = self.done[..later].iter().enumerate().filter(|(earlier, other)| {
                other.object == done.object
                    && (kind == TraceType::List || other.key == done.key)
                    && !done.sees.has(*earlier)
            });
            let met = met.count() as u64;
            if met > 0 {
                *self.tally.meetings.entry(kind).or_default() += met;
            }
        }
    }

    fn line(&mut self, event: &Event) {
        self.trace.push_str(&event.line());
        self.trace.push('\n');
        self.steps.push(self.step);
    }

    fn replica(&self, at: usize) -> Name {
        self.plan.replicas[at].clone()
    }

    fn object(&self, object: usize) -> Name {
        self.plan.objects[object].0.clone()
    }

    fn names(&self, objects: &Option<Vec<usize>>) -> Option<Vec<Name>> {
        Some(objects.as_ref()?.iter().map(|object| self.object(*object)).collect())
    }

    /// The operations of a set that are on these objects.
    fn only(&self, set: &Bits, objects: &Option<Vec<usize>>) -> Bits {
        match objects {
            None => set.clone(),
            Some(objects) => set.filter(|number| objects.contains(&self.done[number].object)),
        }
    }

    fn error(&self, request: &Request, message: String) -> Failure {
        let message = format!("the subject replied an error to {}: {message}", request.as_str());
        Failure::new(FailureKind::Error, message)
    }

    /// Asks the subject. `None` if the subject does not support the request, which is noted for
    /// this type.
    fn ask(
        &mut self,
        subject: &mut dyn Subject,
        request: &Request,
        of: (Option<usize>, Feature),
    ) -> Result<Option<Reply>, Failure> {
        match subject.ask(request)? {
            Reply::Error(message) => Err(self.error(request, message)),
            Reply::Unsupported(reason) => {
                self.tally.left_out += 1;
                let kinds: Vec<TraceType> = match of.0 {
                    Some(object) => vec![self.plan.objects[object].1],
                    None => self.plan.objects.iter().map(|(_, kind)| *kind).collect(),
                };
                for kind in kinds {
                    self.unsupported.entry((kind, of.1.clone())).or_insert(reason.clone());
                }
                Ok(None)
            }
            reply => {
                let bytes = match &reply {
                    Reply::Payload(text) => text.len(),
                    Reply::Value(json) | Reply::Digest(json) => json.canonical().len(),
                    _ => 0,
                };
                self.bytes += bytes;
                if self.bytes > MAX_HISTORY {
                    let message = format!(
                        "the subject gave more than {} MiB of payloads and answers in one history \
                         of {} steps",
                        MAX_HISTORY >> 20,
                        self.plan.steps.len()
                    );
                    return Err(Failure::new(FailureKind::Babbled, message));
                }
                Ok(Some(reply))
            }
        }
    }

    fn perform(&mut self, step: &Step, subject: &mut dyn Subject) -> Result<(), Failure> {
        match step {
            Step::Operate { at, object, act, user } => {
                let (operation, key) = match act {
                    Act::Do(operation) => (operation.clone(), key_of(operation)),
                    act => {
                        let Some(operation) = self.edit(*at, *object, act, subject)? else {
                            return Ok(());
                        };
                        let key = key_of(&operation);
                        (operation, key)
                    }
                };
                if !self.is_possible(*at, *object, &operation) {
                    return Ok(());
                }
                self.operate(*at, *object, operation, key, user.clone(), subject)
            }
            Step::Send { at, message, to, objects } => {
                let request = Request::Send {
                    replica: self.replica(*at),
                    message: format!("m{message}"),
                    to: to.map(|to| self.replica(to)),
                    objects: self.names(objects),
                };
                let feature = if objects.is_some() { Feature::SendSome } else { Feature::Send };
                let reply = self.ask(subject, &request, (None, feature))?;
                let Some(Reply::Payload(payload)) = reply else { return Ok(()) };
                let holds = self.only(&self.seen[*at], objects);
                let made = self.messages.len();
                let held = Held { payload, holds, by: *at, made, receivers: BTreeSet::new() };
                self.messages.insert(*message, held);
                self.tally.messages += 1;
                let Request::Send { replica, message, to, objects } = request else {
                    unreachable!("it was made here")
                };
                let content = objects.map_or(Content::All, Content::Objects);
                self.line(&Event::Send { replica, message, to, content, relays: Vec::new() });
                Ok(())
            }
            Step::Receive { at, message } => self.receive(*at, *message, subject),
            Step::Sync { between: [a, b], objects } => {
                let replicas = [self.replica(*a), self.replica(*b)];
                let request = Request::Sync { replicas, objects: self.names(objects) };
                let feature = if objects.is_some() { Feature::SyncSome } else { Feature::Sync };
                if self.ask(subject, &request, (None, feature))?.is_none() {
                    return Ok(());
                }
                let mut both = self.only(&self.seen[*a], objects);
                both.unite(&self.only(&self.seen[*b], objects));
                self.seen[*a].unite(&both);
                self.seen[*b].unite(&both);
                self.tally.synced += 1;
                let Request::Sync { replicas, objects } = request else {
                    unreachable!("it was made here")
                };
                self.line(&Event::Sync { replicas, objects });
                Ok(())
            }
            Step::Save { at, snapshot } => {
                let (replica, name) = (self.replica(*at), format!("s{snapshot}"));
                let request = Request::Save { replica: replica.clone(), snapshot: name.clone() };
                let reply = self.ask(subject, &request, (None, Feature::Save))?;
                let Some(Reply::Payload(payload)) = reply else { return Ok(()) };
                let holds = self.seen[*at].clone();
                let held = Held { payload, holds, by: *at, made: 0, receivers: BTreeSet::new() };
                self.snapshots.insert(*snapshot, held);
                self.line(&Event::Save { replica, snapshot: name });
                Ok(())
            }
            Step::Restore { at, snapshot } => {
                let Some(held) = self.snapshots.get(snapshot).filter(|held| held.by == *at) else {
                    return Ok(());
                };
                let (payload, holds) = (held.payload.clone(), held.holds.clone());
                let (replica, name) = (self.replica(*at), format!("s{snapshot}"));
                let request =
                    Request::Restore { replica: replica.clone(), snapshot: name.clone(), payload };
                if self.ask(subject, &request, (None, Feature::Restore))?.is_none() {
                    return Ok(());
                }
                self.seen[*at] = holds;
                self.tally.restored += 1;
                self.line(&Event::Restore { replica, snapshot: name });
                Ok(())
            }
            Step::Ask { at, question } => self.question(*at, question, subject),
        }
    }

    fn operate(
        &mut self,
        at: usize,
        object: usize,
        operation: Operation,
        key: Option<Name>,
        user: Option<Name>,
        subject: &mut dyn Subject,
    ) -> Result<(), Failure> {
        let name = operation.as_str().to_owned();
        let inserts = matches!(operation, Operation::Insert { .. });
        let op = Op {
            replica: self.replica(at),
            object: self.object(object),
            operation,
            id: None,
            user,
            inexact: false,
        };
        let request = Request::Op(op.clone());
        let feature = Feature::Operation(name.clone());
        if self.ask(subject, &request, (Some(object), feature))?.is_none() {
            return Ok(());
        }
        let kind = self.plan.objects[object].1;
        *self.tally.operations.entry((kind, name)).or_default() += 1;
        self.done.push(Done { object, key, inserts, sees: self.seen[at].clone() });
        self.seen[at].insert(self.done.len() - 1);
        self.line(&Event::Op(op));
        Ok(())
    }

    fn receive(
        &mut self,
        at: usize,
        number: usize,
        subject: &mut dyn Subject,
    ) -> Result<(), Failure> {
        let Some(held) = self.messages.get(&number) else { return Ok(()) };
        let request = Request::Receive {
            replica: self.replica(at),
            message: format!("m{number}"),
            payload: held.payload.clone(),
        };
        match subject.ask(&request)? {
            Reply::Error(message) => return Err(self.error(&request, message)),
            // The message was not received.
            Reply::Unsupported(_) => {
                self.tally.refused += 1;
                return Ok(());
            }
            _ => {}
        }
        let held = self.messages.get_mut(&number).expect("it was there before");
        self.seen[at].unite(&held.holds);
        self.tally.received += 1;
        self.tally.repeated += u64::from(!held.receivers.insert(at));
        let latest = self.latest.entry((at, held.by)).or_insert(held.made);
        self.tally.reordered += u64::from(*latest > held.made);
        *latest = held.made.max(*latest);
        self.line(&Event::Receive { replica: self.replica(at), message: format!("m{number}") });
        Ok(())
    }

    /// Whether a replica has seen the elements that the operation names, and the element is new.
    fn is_possible(&self, at: usize, object: usize, operation: &Operation) -> bool {
        let kind = self.plan.objects[object].1;
        let inserted = |element: &Name, seen: Option<&Bits>| {
            self.done.iter().enumerate().any(|(number, done)| {
                done.inserts
                    && done.object == object
                    && done.key.as_ref() == Some(element)
                    && seen.is_none_or(|seen| seen.has(number))
            })
        };
        let has_seen = |element: &Name| inserted(element, Some(&self.seen[at]));
        operation.is_of(kind)
            && match operation {
                Operation::Insert { element, after, before, .. } => {
                    !inserted(element, None) && [after, before].into_iter().flatten().all(has_seen)
                }
                Operation::Erase { element } => has_seen(element),
                _ => true,
            }
    }

    /// The operation that edits the list that the replica shows; `None` if it shows nothing.
    fn edit(
        &mut self,
        at: usize,
        object: usize,
        act: &Act,
        subject: &mut dyn Subject,
    ) -> Result<Option<Operation>, Failure> {
        let shown = self.read(at, object, None, subject)?;
        let mut shown: Vec<Name> = match shown {
            Some(Json::Array(items)) => items
                .into_iter()
                .filter_map(|item| match item {
                    Json::String(element) => Some(element),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        };
        // An element that the replica has not seen is a finding already, and cannot be named.
        shown.retain(|element| {
            let operation = Operation::Erase { element: element.clone() };
            self.is_possible(at, object, &operation)
        });
        Ok(match act {
            Act::Insert { element, place, value } => {
                let place = place % (shown.len() + 1);
                let after = place.checked_sub(1).map(|before| shown[before].clone());
                let before = shown.get(place).cloned();
                let (element, value) = (element.clone(), value.clone());
                Some(Operation::Insert { element, after, before, value })
            }
            Act::Erase { place } => {
                let element = place.checked_rem(shown.len()).map(|place| shown[place].clone());
                element.map(|element| Operation::Erase { element })
            }
            Act::Do(operation) => Some(operation.clone()),
        })
    }

    fn read(
        &mut self,
        at: usize,
        object: usize,
        part: Option<&Name>,
        subject: &mut dyn Subject,
    ) -> Result<Option<Json>, Failure> {
        let kind = self.plan.objects[object].1;
        let element = part.filter(|_| kind.is_set()).cloned();
        let key = part.filter(|_| kind.is_map()).cloned();
        let (replica, name) = (self.replica(at), self.object(object));
        let request = Request::Read {
            replica: replica.clone(),
            object: name.clone(),
            element: element.clone(),
            key: key.clone(),
            query: None,
        };
        let feature = match (&element, &key) {
            (None, None) => Feature::Read,
            _ => Feature::ReadPart,
        };
        let reply = self.ask(subject, &request, (Some(object), feature))?;
        let Some(Reply::Value(value)) = reply else { return Ok(None) };
        self.answered("read");
        let (object, query) = (name, None);
        let claim = Claim::Read { replica, object, element, key, query, value: value.clone() };
        self.line(&Event::Claim(claim));
        Ok(Some(value))
    }

    fn answered(&mut self, what: &str) {
        *self.tally.answers.entry(what.into()).or_default() += 1;
    }

    fn question(
        &mut self,
        at: usize,
        question: &Question,
        subject: &mut dyn Subject,
    ) -> Result<(), Failure> {
        let replica = self.replica(at);
        match question {
            Question::Read { object, part } => {
                self.read(at, *object, part.as_ref(), subject)?;
            }
            Question::Vector { object } => {
                let of = object.map(|object| self.object(object));
                let request = Request::Vector { replica: replica.clone(), object: of.clone() };
                let feature = if of.is_some() { Feature::VectorOfOne } else { Feature::Vector };
                let reply = self.ask(subject, &request, (*object, feature))?;
                if let Some(Reply::Value(vector)) = reply {
                    self.answered("vector");
                    self.line(&Event::Claim(Claim::Vector { replica, object: of, vector }));
                }
            }
            Question::Digest { object } => {
                let of = object.map(|object| self.object(object));
                let request = Request::Digest { replica: replica.clone(), object: of.clone() };
                let feature = if of.is_some() { Feature::DigestOfOne } else { Feature::Digest };
                let reply = self.ask(subject, &request, (*object, feature))?;
                if let Some(Reply::Digest(digest)) = reply {
                    self.answered("digest");
                    let algorithm = subject.digest_algorithm(&replica);
                    let claim = Claim::Digest { replica, object: of, algorithm, digest };
                    self.line(&Event::Claim(claim));
                }
            }
            Question::Decisions { object } => {
                let of = self.object(*object);
                let request = Request::Decisions { replica: replica.clone(), object: of.clone() };
                let reply = self.ask(subject, &request, (Some(*object), Feature::Decisions))?;
                if let Some(Reply::Value(decisions)) = reply {
                    self.answered("decisions");
                    self.line(&Event::Claim(Claim::Decisions { replica, object: of, decisions }));
                }
            }
            Question::Notices { user } => {
                let user = user.clone();
                let request = Request::Notices { replica: replica.clone(), user: user.clone() };
                let reply = self.ask(subject, &request, (None, Feature::Notices))?;
                if let Some(Reply::Value(notices)) = reply {
                    self.answered("notices");
                    self.line(&Event::Claim(Claim::Notices { replica, user, notices }));
                }
            }
        }
        Ok(())
    }
}

/// The key or element of an operation, if its object has such.
fn key_of(operation: &Operation) -> Option<Name> {
    match operation {
        Operation::Add { element }
        | Operation::Remove { element }
        | Operation::Insert { element, .. }
        | Operation::Erase { element } => Some(element.clone()),
        Operation::Put { key, .. } | Operation::Delete { key, .. } => Some(key.clone()),
        _ => None,
    }
}

/// An answer that no trace can contain, such as a number beyond a double.
fn unwritable(report: &Report, trace: &str) -> Option<Failure> {
    let error = report.error.as_ref().filter(|_| report.verdict == Verdict::Malformed)?;
    let line = trace.lines().nth(error.line as usize - 1)?;
    let answers = ["read", "vector", "digest", "decisions", "notices"];
    if !answers.iter().any(|name| line.starts_with(&format!("{{\"event\":\"{name}\""))) {
        return None;
    }
    let message =
        format!("the subject gave an answer that no trace can contain: {}", error.message);
    Some(Failure::new(FailureKind::Babbled, message))
}
