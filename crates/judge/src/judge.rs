//! The judge's one pass: events become history, claims are held against it.

use super::agreement::Agreement;
use super::digests::Digests;
use super::engines::{Engines, Kept};
use super::explicit::{State, TooLarge};
use super::history::{self, Effect, History, How, Interner, NONE, Seen};
use super::resolve::Resolved;
use super::state_hash::OWN_ALGORITHM;
use super::wording::{declared, shown};
use super::{Coverage, Excerpt, Finding, Options, Report, Rule, Verdict, Warning, WarningRule};
use hashbrown::{HashMap, HashSet};
use rejoin::json::Json;
use rejoin::object::ObjectType;
use rejoin_trace::{Claim, Content, Event, Fault, Header, Line, Name, Op, Operation, Stamps};
use rpds::RedBlackTreeMap;
use std::rc::Rc;

/// A history that cannot have happened.
#[derive(Debug)]
pub struct IllFormed {
    /// The field that says so.
    pub field: &'static str,
    /// What was found, what was expected.
    pub message: String,
}

/// Why judging does not go on.
#[derive(Debug)]
pub enum Stop {
    /// The history cannot have happened.
    IllFormed(IllFormed),
    /// This line loads an object that was used before, as what it is not: judge again, knowing
    /// all loads.
    LoadAfterUse,
    /// This line loads, and the header says that stamps are the implementation's own.
    OwnStampsLoaded(IllFormed),
    /// A stated limit was reached.
    Limit(String),
}

/// A claim that is false.
#[derive(Debug)]
pub struct Falsity {
    /// The rule that it breaks.
    pub rule: Rule,
    /// What follows from the history, as JSON text.
    pub expected: Option<String>,
    /// The argument.
    pub because: Vec<String>,
}

impl Falsity {
    /// A claim that breaks a rule; what is expected can be added.
    pub fn of(rule: Rule, because: Vec<String>) -> Box<Self> {
        Box::new(Self { rule, expected: None, because })
    }
}

/// Whether a claim holds, or the limit that kept it from being judged.
pub type Judgement = Result<Result<(), Box<Falsity>>, String>;

/// A message: what it holds.
#[derive(Debug)]
pub struct Message {
    pub name: Rc<str>,
    pub sender: u32,
    pub line: u32,
    content: history::Content,
    states: States,
    /// Objects that it is limited to.
    objects: Option<Box<[u32]>>,
    received: bool,
    kept: Option<Kept>,
}

/// A backup.
#[derive(Debug)]
pub struct Snapshot {
    pub name: Rc<str>,
    pub line: u32,
    replica: u32,
    seen: Seen,
    states: States,
    kept: Option<Kept>,
}

/// The states of the loaded objects at a replica; absent where nothing was seen.
type States = RedBlackTreeMap<u32, Rc<State>>;

/// What a replica has done that a later `load` must not come after.
#[derive(Debug, Default)]
struct Touched {
    all: bool,
    objects: HashSet<u32>,
}

/// The judge of one trace.
#[derive(Debug)]
pub struct Judge {
    pub history: History,
    pub stamps: Stamps,
    pub messages: Vec<Message>,
    pub snapshots: Vec<Snapshot>,
    pub agreement: Agreement,
    pub digests: Digests,
    pub engines: Engines,
    /// For each replica, its loaded objects.
    pub states: Vec<States>,
    /// For each object, whether the trace loads it.
    pub loaded: Vec<bool>,
    /// The line being judged.
    pub line: u32,
    /// Whether the argument for a finding is wanted.
    pub argue: bool,
    replica_numbers: HashMap<Rc<str>, u32>,
    object_numbers: HashMap<Rc<str>, u32>,
    message_names: Interner,
    snapshot_names: Interner,
    op_ids: HashMap<Box<str>, OpRef>,
    touched: Vec<Touched>,
    /// Whether anything but loads and notes has happened.
    active: bool,
    all_loads_known: bool,
    /// Whether it is known to load anything.
    pub trace_loads: bool,
    /// For a key, an origin and a timestamp, the value written; `None` once there were several.
    written: HashMap<(u32, u32, u64), Option<u32>>,
    received: HashSet<(u32, u32)>,
    newest: HashMap<(u32, u32), u32>,
    options: Options,
    report: Report,
    claims_by_kind: [u64; KINDS.len()],
}

/// What an operation id stands for.
#[derive(Clone, Copy, Debug)]
enum OpRef {
    Op(history::OpId),
    OfLoaded,
}

const KINDS: [&str; 7] = ["read", "vector", "digest", "converged", "decisions", "notices", "state"];

/// A history that cannot have happened.
pub fn ill(field: &'static str, message: String) -> Stop {
    Stop::IllFormed(IllFormed { field, message })
}

impl Judge {
    /// A judge of the trace with this header. `loads` are the objects that it is known to load;
    /// `None` before it was read once.
    pub fn new(
        header: &Header,
        loads: Option<&HashSet<Name>>,
        options: &Options,
    ) -> Result<Self, Stop> {
        let mut replica_numbers = HashMap::new();
        let mut replicas = Vec::new();
        for name in &header.replicas {
            let shared: Rc<str> = name.as_str().into();
            if replica_numbers.insert(shared.clone(), replicas.len() as u32).is_some() {
                let name = shown(name);
                return Err(ill("replicas", format!("replica {name} is declared twice")));
            }
            replicas.push(shared);
        }
        let objects: Vec<(Rc<str>, ObjectType)> = header
            .objects
            .iter()
            .map(|(name, declaration)| (name.as_str().into(), declaration.kind))
            .collect();
        let object_numbers =
            objects.iter().enumerate().map(|(i, (name, _))| (name.clone(), i as u32)).collect();
        let loaded =
            objects.iter().map(|(name, _)| loads.is_some_and(|l| l.contains(&**name))).collect();
        let mut judge = Self {
            history: History::new(&replicas, &objects),
            stamps: header.stamps,
            states: vec![States::default(); replicas.len()],
            loaded,
            replica_numbers,
            object_numbers,
            touched: replicas.iter().map(|_| Touched::default()).collect(),
            all_loads_known: loads.is_some(),
            ..Self::unstarted(options)
        };
        if judge.stamps == Stamps::Explicit {
            judge.engines = Engines::new(&options.engines, &judge.history);
        }
        if loads.is_some_and(|loads| !loads.is_empty()) {
            judge.loads()?;
        }
        Ok(judge)
    }

    /// A judge of nothing, for a trace whose header is no good.
    pub fn unstarted(options: &Options) -> Self {
        Self {
            history: History::default(),
            stamps: Stamps::Explicit,
            messages: Vec::new(),
            snapshots: Vec::new(),
            agreement: Agreement::default(),
            digests: Digests::default(),
            engines: Engines::default(),
            states: Vec::new(),
            loaded: Vec::new(),
            line: 1,
            argue: true,
            replica_numbers: HashMap::new(),
            object_numbers: HashMap::new(),
            message_names: Interner::default(),
            snapshot_names: Interner::default(),
            op_ids: HashMap::new(),
            touched: Vec::new(),
            active: false,
            all_loads_known: false,
            trace_loads: false,
            written: HashMap::new(),
            received: HashSet::new(),
            newest: HashMap::new(),
            options: options.clone(),
            report: Report {
                verdict: Verdict::Inconclusive,
                events: 0,
                claims: 0,
                findings: Vec::new(),
                warnings: Vec::new(),
                limits: Vec::new(),
                error: None,
                coverage: Coverage::default(),
                differences: Vec::new(),
            },
            claims_by_kind: [0; KINDS.len()],
        }
    }

    /// The objects that the trace is known to load.
    pub fn loaded_names(&self) -> HashSet<Name> {
        let objects = self.history.objects.iter().zip(&self.loaded);
        objects.filter(|(_, loaded)| **loaded).map(|(object, _)| object.name.to_string()).collect()
    }

    /// The trace turns out to load.
    fn loads(&mut self) -> Result<(), Stop> {
        self.trace_loads = true;
        match self.stamps {
            Stamps::Explicit => Ok(()),
            Stamps::Own => Err(Stop::OwnStampsLoaded(IllFormed {
                field: "stamps",
                message: "a trace that loads states cannot have stamps of its own: a state \
                          carries its timestamps"
                    .into(),
            })),
        }
    }

    /// Takes in one line.
    pub fn line(&mut self, line: &Line<'_>) -> Result<(), Stop> {
        let Ok(number) = u32::try_from(line.number) else {
            return Err(Stop::Limit("more than 2^32 lines".into()));
        };
        self.line = number;
        self.event(&line.event, line)?;
        self.report.events += 1;
        if self.history.work > self.options.work {
            return Err(Stop::Limit(format!(
                "judging took more than {} elementary steps, by line {number}",
                self.options.work
            )));
        }
        Ok(())
    }

    fn event(&mut self, event: &Event, line: &Line<'_>) -> Result<(), Stop> {
        match event {
            Event::Note { .. } => return Ok(()),
            Event::Load { replica, object, state } => {
                let (replica, object) = (self.replica("replica", replica)?, self.object(object)?);
                let Some(state) = state else { unreachable!("the object is declared") };
                return self.load(replica, object, state);
            }
            _ => self.active = true,
        }
        match event {
            Event::Note { .. } | Event::Load { .. } => {}
            Event::Op(op) => self.op(op)?,
            Event::Send { replica, message, to: _, content } => {
                let sender = self.replica("replica", replica)?;
                self.send(sender, message, content)?;
            }
            Event::Receive { replica, message } => {
                let replica = self.replica("replica", replica)?;
                self.receive(replica, message)?;
            }
            Event::Merge { replica, from, objects } => {
                let (to, from) = (self.replica("replica", replica)?, self.replica("from", from)?);
                let objects = self.objects(objects.as_deref())?;
                self.touch(from, objects.as_deref());
                self.touch(to, objects.as_deref());
                self.transfer(from, to, objects.as_deref(), How::Merged(from));
            }
            Event::Sync { replicas, objects } => {
                let a = self.replica("replicas", &replicas[0])?;
                let b = self.replica("replicas", &replicas[1])?;
                let objects = self.objects(objects.as_deref())?;
                self.touch(a, objects.as_deref());
                self.touch(b, objects.as_deref());
                self.transfer(a, b, objects.as_deref(), How::Synced(a));
                self.transfer(b, a, objects.as_deref(), How::Synced(b));
            }
            Event::Save { replica, snapshot } => {
                let replica = self.replica("replica", replica)?;
                if self.snapshot_names.find(snapshot).is_some() {
                    return Err(taken("snapshot", "snapshot", snapshot));
                }
                self.touch(replica, None);
                self.snapshot_names.intern(snapshot);
                let seen = self.seen(replica);
                self.snapshots.push(Snapshot {
                    name: snapshot.as_str().into(),
                    line: self.line,
                    replica,
                    kept: self.engines.save(replica, &seen, self.line),
                    seen,
                    states: self.states[replica as usize].clone(),
                });
            }
            Event::Restore { replica, snapshot } => {
                let replica = self.replica("replica", replica)?;
                self.restore(replica, snapshot)?;
            }
            Event::Claim(claim) => self.claim(claim, line)?,
        }
        Ok(())
    }

    /// The number of a declared replica.
    pub fn replica(&self, field: &'static str, name: &str) -> Result<u32, Stop> {
        self.replica_numbers.get(name).copied().ok_or_else(|| {
            let known = self.history.replicas.iter().map(|replica| &*replica.name);
            ill(field, format!("replica {} is not declared{}", shown(name), declared(known)))
        })
    }

    /// The number of a replica, if it is declared.
    pub fn find_replica(&self, name: &str) -> Option<u32> {
        self.replica_numbers.get(name).copied()
    }

    /// The number of an object, if it is declared.
    pub fn find_object(&self, name: &str) -> Option<u32> {
        self.object_numbers.get(name).copied()
    }

    fn named_object(&self, field: &'static str, name: &str) -> Result<u32, Stop> {
        self.find_object(name).ok_or_else(|| {
            let known = self.history.objects.iter().map(|object| &*object.name);
            ill(field, format!("object {} is not declared{}", shown(name), declared(known)))
        })
    }

    pub fn object(&self, name: &str) -> Result<u32, Stop> {
        self.named_object("object", name)
    }

    fn objects(&self, names: Option<&[Name]>) -> Result<Option<Box<[u32]>>, Stop> {
        let Some(names) = names else { return Ok(None) };
        let mut objects = names
            .iter()
            .map(|name| self.named_object("objects", name))
            .collect::<Result<Vec<_>, _>>()?;
        objects.sort_unstable();
        objects.dedup();
        Ok(Some(objects.into()))
    }

    fn message(&self, field: &'static str, name: &str) -> Result<u32, Stop> {
        self.message_names.find(name).ok_or_else(|| {
            ill(field, format!("message {} was not sent on an earlier line", shown(name)))
        })
    }

    fn touch(&mut self, replica: u32, objects: Option<&[u32]>) {
        let touched = &mut self.touched[replica as usize];
        match objects {
            None => touched.all = true,
            Some(_) if touched.all => {}
            Some(objects) => touched.objects.extend(objects),
        }
    }

    fn load(
        &mut self,
        replica: u32,
        object: u32,
        state: &rejoin_trace::ExplicitState,
    ) -> Result<(), Stop> {
        if !self.loaded[object as usize] {
            if self.active && !self.all_loads_known {
                return Err(Stop::LoadAfterUse);
            }
            self.loaded[object as usize] = true;
            self.loads()?;
        }
        let touched = &self.touched[replica as usize];
        let (who, what) = (self.replica_shown(replica), self.object_shown(object));
        if self.states[replica as usize].contains_key(&object) && !touched.objects.contains(&object)
        {
            let message = format!("{who} has loaded {what} before; a load comes once");
            return Err(ill("object", message));
        }
        if touched.all || touched.objects.contains(&object) {
            return Err(ill(
                "event",
                format!(
                    "this load is late: {who} has already used {what}; a load comes before the \
                     replica's first operation on the object and the first send, receive, merge, \
                     sync or save that covers it"
                ),
            ));
        }
        let state = State::load(state).map_err(|TooLarge| beyond_128_bits(self.line))?;
        self.history.work += state.len() as u64;
        self.states[replica as usize].insert_mut(object, Rc::new(state));
        Ok(())
    }

    fn op(&mut self, op: &Op) -> Result<(), Stop> {
        let (replica, object) = (self.replica("replica", &op.replica)?, self.object(&op.object)?);
        let kind = self.history.objects[object as usize].kind;
        if op.operation.kind() != kind {
            let (name, what) = (op.operation.as_str(), self.object_shown(object));
            let has = operations_of(kind);
            let kind = kind.as_str();
            let message = format!("{what} is of type {kind}, which has no {name}; it has {has}");
            return Err(ill("op", message));
        }
        if let Some(id) = &op.id
            && self.op_ids.contains_key(id.as_str())
        {
            return Err(taken("id", "operation id", id));
        }
        self.report.coverage.operations += 1;
        if op.inexact {
            let message = "a number is an integer outside −2^63 to 2^64 − 1: it is read as the \
                           nearest double";
            self.warn(WarningRule::InexactNumber, message.into());
        }
        let reference = if self.loaded[object as usize] {
            self.touch(replica, Some(&[object]));
            self.perform_on_state(replica, object, &op.operation)?;
            OpRef::OfLoaded
        } else {
            OpRef::Op(self.perform(replica, object, op)?)
        };
        if let Some(id) = &op.id {
            self.op_ids.insert(id.as_str().into(), reference);
        }
        Ok(())
    }

    fn perform_on_state(
        &mut self,
        replica: u32,
        object: u32,
        operation: &Operation,
    ) -> Result<(), Stop> {
        let kind = self.history.objects[object as usize].kind;
        let name = self.history.replicas[replica as usize].name.clone();
        let states = &self.states[replica as usize];
        let known = states.get(&object);
        let mut state = known.map_or_else(|| State::bottom(kind), |state| (**state).clone());
        state.perform(&name, operation).map_err(|TooLarge| beyond_128_bits(self.line))?;
        self.states[replica as usize].insert_mut(object, Rc::new(state));
        Ok(())
    }

    fn perform(&mut self, replica: u32, object: u32, op: &Op) -> Result<history::OpId, Stop> {
        if self.history.ops.len() as u32 == NONE - 1 {
            return Err(Stop::Limit("more than 2^32 − 2 operations".into()));
        }
        let mut wrote = |value: &Json, timestamp: Option<u64>| Effect::Wrote {
            value: self.history.values.intern(&value.canonical()),
            timestamp: timestamp.unwrap_or(0),
        };
        let (key, effect) = match &op.operation {
            Operation::Increment { amount } => (None, Effect::Increment(*amount)),
            Operation::Write { value, timestamp } => (Some(""), wrote(value, *timestamp)),
            Operation::Add { element } => (Some(&**element), Effect::Added),
            Operation::Remove { element } => (Some(&**element), Effect::Removed),
            Operation::Put { key, value, timestamp } => (Some(&**key), wrote(value, *timestamp)),
            Operation::Delete { key, timestamp } => (Some(&**key), wrote(&Json::Null, *timestamp)),
            Operation::Append { entry, timestamp } => (None, wrote(entry, *timestamp)),
        };
        if let (Some(key), Effect::Wrote { value, timestamp }, Stamps::Explicit) =
            (key, effect, self.stamps)
        {
            self.warn_of_stamp(replica, object, key, value, timestamp);
        }
        let user = op.user.as_ref().map_or(NONE, |user| self.history.users.intern(user));
        let before = self.history.ops.len() as u128;
        let seen = u128::from(self.history.seen(replica).size);
        self.report.coverage.concurrent_pairs += before - seen;
        let id = self.history.perform(replica, object, key, effect, user, self.line);
        self.engines.perform(replica, op, id, &self.history);
        if let (Some(_), Effect::Wrote { value, timestamp }, Stamps::Explicit) =
            (key, effect, self.stamps)
        {
            let key = self.history.ops[id as usize].key;
            let written = self.written.entry((key, replica, timestamp)).or_insert(Some(value));
            *written = written.filter(|other| *other == value);
        }
        Ok(id)
    }

    fn warn_of_stamp(&mut self, replica: u32, object: u32, key: &str, value: u32, timestamp: u64) {
        let Some(number) = self.history.find_key(object, key) else { return };
        let seen = self.history.seen(replica).clone();
        if let Some(winner) = self.history.winner(number, &seen) {
            let rank = self.history.replicas[replica as usize].rank;
            let (greatest, by, _, _) = self.history.stamp(winner);
            if (timestamp, rank) <= (greatest, by) {
                let line = self.history.ops[winner as usize].line;
                let who = self.replica_shown(replica);
                let message = format!(
                    "{who} writes with timestamp {timestamp}, which is not above the write with \
                     timestamp {greatest} on line {line} that it has seen: the new write loses"
                );
                let message = if timestamp == greatest && by == rank {
                    message.replace("the new write loses", "a later seq or the bytes decide")
                } else {
                    message
                };
                self.warn(WarningRule::ClockRegression, message);
            }
        }
        let written = self.written.get(&(number, replica, timestamp));
        if written.is_some_and(|other| *other != Some(value)) {
            let who = self.replica_shown(replica);
            let message = format!(
                "{who} has given timestamp {timestamp} to another value of the same key before"
            );
            self.warn(WarningRule::StampReuse, message);
        }
    }

    fn warn(&mut self, rule: WarningRule, message: String) {
        self.report.warnings.push(Warning { line: self.line.into(), rule, message });
    }

    fn send(&mut self, sender: u32, name: &str, content: &Content) -> Result<(), Stop> {
        if self.message_names.find(name).is_some() {
            return Err(taken("message", "message", name));
        }
        let seen = self.history.seen(sender).clone();
        let mut objects = None;
        let held = match content {
            Content::All => history::Content::All(seen),
            Content::Objects(names) => {
                objects = self.objects(Some(names))?;
                history::Content::Objects(seen, objects.clone().unwrap_or_default())
            }
            Content::Since(names) => {
                self.not_when_loading("since")?;
                let messages = names
                    .iter()
                    .map(|name| Ok(self.message("since", name)? as usize))
                    .collect::<Result<Vec<_>, Stop>>()?;
                if messages.is_empty() {
                    history::Content::All(seen)
                } else {
                    let held: Vec<_> =
                        messages.iter().map(|message| &self.messages[*message].content).collect();
                    self.history.less(&seen, &held)
                }
            }
            Content::Operations(ids) => {
                self.not_when_loading("operations")?;
                let mut ops = ids
                    .iter()
                    .map(|id| self.seen_op(sender, &seen, id))
                    .collect::<Result<Vec<_>, _>>()?;
                ops.sort_unstable();
                ops.dedup();
                history::Content::Listed(ops.into())
            }
        };
        self.touch(sender, objects.as_deref());
        self.message_names.intern(name);
        let seen = self.seen(sender);
        self.report.coverage.messages += 1;
        self.messages.push(Message {
            name: name.into(),
            sender,
            line: self.line,
            content: held,
            states: self.states[sender as usize].clone(),
            objects,
            received: false,
            kept: self.engines.send(sender, &seen, self.line),
        });
        Ok(())
    }

    fn seen_op(&self, sender: u32, seen: &Seen, id: &str) -> Result<history::OpId, Stop> {
        let message = match self.op_ids.get(id) {
            Some(OpRef::Op(op)) if self.history.contains(seen, *op) => return Ok(*op),
            Some(OpRef::Op(op)) => format!(
                "{} has not seen operation {} of line {}, so it cannot send it",
                self.replica_shown(sender),
                shown(id),
                self.history.ops[*op as usize].line
            ),
            Some(OpRef::OfLoaded) => {
                format!("operation {} is on a loaded object, whose states are sent", shown(id))
            }
            None => format!("no operation on an earlier line has the id {}", shown(id)),
        };
        Err(ill("operations", message))
    }

    fn not_when_loading(&self, field: &'static str) -> Result<(), Stop> {
        if !self.trace_loads {
            return Ok(());
        }
        Err(ill(
            field,
            format!("{field} cannot stand in a trace that loads states, which have no operations"),
        ))
    }

    fn receive(&mut self, replica: u32, name: &str) -> Result<(), Stop> {
        let number = self.message("message", name)?;
        let message = &mut self.messages[number as usize];
        message.received = true;
        let sender = message.sender;
        let (objects, states) = (message.objects.clone(), message.states.clone());
        // Repeated or overtaken, a message still brings what it holds.
        if !self.received.insert((replica, number)) {
            self.report.coverage.repeated += 1;
        }
        let newest = self.newest.entry((replica, sender)).or_insert(number);
        if *newest > number {
            self.report.coverage.reordered += 1;
        } else {
            *newest = number;
        }
        self.touch(replica, objects.as_deref());
        let (line, how) = (self.line, How::Received(number));
        let before = self.seen(replica);
        let message = &self.messages[number as usize];
        if self.history.learn(replica, &message.content, line, how) {
            let (kept, after) = (message.kept.as_ref(), self.history.seen(replica).clone());
            let (content, history) = (&message.content, &mut self.history);
            self.engines.receive(replica, kept, content, (&before, &after), history, line);
        }
        self.join_states(replica, &states, objects.as_deref());
        Ok(())
    }

    fn transfer(&mut self, from: u32, to: u32, objects: Option<&[u32]>, how: How) {
        let seen = self.history.seen(from).clone();
        let content = match objects {
            None => history::Content::All(seen),
            Some(objects) => history::Content::Objects(seen, objects.into()),
        };
        let before = self.seen(to);
        if self.history.learn(to, &content, self.line, how) {
            let (after, history) = (self.seen(to), &mut self.history);
            self.engines.merge(to, from, (&before, &after), history, self.line);
        }
        let states = self.states[from as usize].clone();
        self.join_states(to, &states, objects);
    }

    fn join_states(&mut self, replica: u32, states: &States, objects: Option<&[u32]>) {
        for (object, theirs) in states {
            self.history.work += 1;
            if objects.is_some_and(|objects| objects.binary_search(object).is_err()) {
                continue;
            }
            let joined = match self.states[replica as usize].get(object) {
                Some(ours) if Rc::ptr_eq(ours, theirs) => continue,
                Some(ours) => {
                    self.history.work += theirs.len() as u64;
                    let mut joined = (**ours).clone();
                    joined.join(theirs);
                    Rc::new(joined)
                }
                None => theirs.clone(),
            };
            self.states[replica as usize].insert_mut(*object, joined);
        }
    }

    fn restore(&mut self, replica: u32, name: &str) -> Result<(), Stop> {
        let Some(number) = self.snapshot_names.find(name) else {
            let message = format!("snapshot {} was not saved on an earlier line", shown(name));
            return Err(ill("snapshot", message));
        };
        let snapshot = &self.snapshots[number as usize];
        if snapshot.replica != replica {
            let (name, who) = (shown(name), self.replica_shown(replica));
            let whose = self.replica_shown(snapshot.replica);
            let message = format!("backup {name} is of {whose}; {who} has its own to go back to");
            return Err(ill("snapshot", message));
        }
        let (seen, states) = (snapshot.seen.clone(), snapshot.states.clone());
        let lives = self.history.replicas[replica as usize].branches.len() as u64;
        self.engines.restore(replica, snapshot.kept.as_ref(), lives, self.line);
        self.report.coverage.restores += 1;
        self.touch(replica, None);
        self.history.restore(replica, seen, self.line, number);
        self.states[replica as usize] = states;
        Ok(())
    }

    fn claim(&mut self, claim: &Claim, line: &Line<'_>) -> Result<(), Stop> {
        let resolved = self.resolve(claim)?;
        if !self.options.claims {
            return Ok(());
        }
        self.argue = self.report.findings.len() < Finding::MOST_ARGUED;
        let judgement = match self.judge(claim, &resolved) {
            Ok(judgement) => judgement,
            Err(limit) => {
                let line = self.line;
                self.report.limits.push(format!("line {line} was not judged: {limit}"));
                return Ok(());
            }
        };
        self.cross_check(claim, &resolved);
        self.report.claims += 1;
        let kind = KINDS.iter().position(|kind| *kind == claim.as_str()).unwrap_or(0);
        self.claims_by_kind[kind] += 1;
        if let Err(falsity) = judgement {
            self.find(claim, &resolved, *falsity, line);
        }
        Ok(())
    }

    /// The theorem about the model of this judge, where the trace and the claim are of the kind
    /// that it is about.
    fn theorem(&self, claim: &Claim) -> Option<&'static str> {
        let is_modelled = match claim {
            Claim::State { .. } => false,
            Claim::Digest { algorithm, .. } => algorithm.as_deref() != Some(OWN_ALGORITHM),
            _ => true,
        };
        let stated = self.stamps == Stamps::Explicit && !self.trace_loads && is_modelled;
        stated.then_some(Finding::THEOREM)
    }

    fn find(&mut self, claim: &Claim, resolved: &Resolved, falsity: Falsity, line: &Line<'_>) {
        let short = |text: String| (text.len() <= Finding::LONGEST_ANSWER).then_some(text);
        let field = claim.answer_field();
        let span = line.span(field);
        let actual = span.clone().and_then(|span| short(line.text[span].into()));
        let name = |object: u32| self.history.objects[object as usize].name.to_string();
        let finding = Finding {
            line: line.number,
            rule: falsity.rule,
            replica: resolved.replica.map(|r| self.history.replicas[r as usize].name.to_string()),
            object: resolved.object.map(name),
            expected: falsity.expected.filter(|_| self.argue).and_then(short),
            actual: actual.filter(|_| self.argue && !matches!(claim, Claim::Converged { .. })),
            because: if self.argue { falsity.because } else { Vec::new() },
            theorem: self.theorem(claim),
            excerpt: span.filter(|_| self.argue).map(|span| Excerpt::of(line, span)),
        };
        self.report.findings.push(finding);
    }

    /// What was found, with the verdict that the trace's end leads to.
    pub fn report(mut self, end: End) -> Report {
        let report = &mut self.report;
        report.verdict = match end {
            End::Malformed(fault) => {
                report.error = Some(fault);
                Verdict::Malformed
            }
            End::IllFormed(fault) => {
                report.error = Some(fault);
                Verdict::IllFormed
            }
            End::Whole | End::Limit(_) => {
                if let End::Limit(limit) = end {
                    report.limits.push(limit);
                }
                if !report.findings.is_empty() {
                    Verdict::Discrepancy
                } else if report.claims == 0 || !report.limits.is_empty() {
                    Verdict::Inconclusive
                } else {
                    Verdict::Conforms
                }
            }
        };
        let counted = KINDS.iter().copied().zip(self.claims_by_kind);
        report.coverage.claims = counted.filter(|(_, count)| *count > 0).collect();
        report.coverage.compared = self.engines.compared;
        report.coverage.stopped = self.engines.stopped;
        report.differences = self.engines.differences;
        report.coverage.lost = self.messages.iter().filter(|m| !m.received).count() as u64;
        self.report
    }

    /// A replica's name, for a sentence.
    pub fn replica_shown(&self, replica: u32) -> String {
        shown(&self.history.replicas[replica as usize].name)
    }

    /// An object's name, for a sentence.
    pub fn object_shown(&self, object: u32) -> String {
        shown(&self.history.objects[object as usize].name)
    }

    /// What a replica has seen.
    pub fn seen(&self, replica: u32) -> Seen {
        self.history.seen(replica).clone()
    }

    /// The state of a loaded object at a replica.
    pub fn state(&self, replica: u32, object: u32) -> Rc<State> {
        let kind = self.history.objects[object as usize].kind;
        let state = self.states[replica as usize].get(&object);
        state.cloned().unwrap_or_else(|| Rc::new(State::bottom(kind)))
    }

    /// The states of the loaded objects at a replica, of one object where one is named.
    pub fn loaded_states(&self, replica: u32, object: Option<u32>) -> Vec<(u32, Rc<State>)> {
        let states = self.states[replica as usize].iter();
        let named = states.filter(|(of, _)| object.is_none_or(|object| object == **of));
        named.map(|(of, state)| (*of, state.clone())).collect()
    }

    /// A claim holds on a condition that is checked in part only.
    pub fn limit(&mut self, limit: String) {
        self.report.limits.push(limit);
    }
}

/// How a trace ended.
#[derive(Debug)]
pub enum End {
    /// It was read to its last line.
    Whole,
    /// A stated limit was reached before.
    Limit(String),
    /// A line is not of the grammar.
    Malformed(Fault),
    /// A line tells what cannot have happened.
    IllFormed(Fault),
}

fn taken(field: &'static str, what: &str, name: &str) -> Stop {
    ill(field, format!("{what} {} was given on an earlier line; each names one", shown(name)))
}

fn beyond_128_bits(line: u32) -> Stop {
    Stop::Limit(format!("line {line}: a counter's share is beyond 2^128 − 1"))
}

fn operations_of(kind: ObjectType) -> &'static str {
    match kind {
        ObjectType::GCounter => "increment",
        ObjectType::LwwRegister => "write",
        ObjectType::OrSet => "add and remove",
        ObjectType::LwwMap => "put and delete",
        ObjectType::Log => "append",
    }
}
