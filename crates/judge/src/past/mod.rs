//! What happened: the history, who has seen what, and the states that a trace loads.
//!
//! Reading order: `history` holds the operations and what each replica has seen of them, on
//! `tree`; `explicit` is the other kind of object, which a trace loads as a state; `recording`
//! takes the events; `sentences` says for people what happened and how it came to whom; `conflicts` says
//! which operations depend on how they merge.

pub mod conflicts;
pub mod explicit;
pub mod history;
mod recording;
mod sentences;
mod tree;

use crate::wording::{declared, shown};
use crate::{Coverage, Warning};
use conflicts::Conflicts;
use explicit::State;
use hashbrown::{HashMap, HashSet};
use history::{History, How, Interner, OpId, Seen};
use rejoin::object::TraceType;
use rejoin_trace::{Header, Name, Stamps};
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

/// A history that cannot have happened.
pub fn ill(field: &'static str, message: String) -> Stop {
    Stop::IllFormed(IllFormed { field, message })
}

/// A message: what it holds.
#[derive(Debug)]
pub struct Message {
    pub name: Rc<str>,
    pub sender: u32,
    pub line: u32,
    /// What it holds of operations.
    pub content: history::Content,
    states: States,
    /// Objects that it is limited to.
    objects: Option<Box<[u32]>>,
    received: bool,
}

impl Message {
    /// Whether a replica received it.
    pub fn was_received(&self) -> bool {
        self.received
    }
}

/// A backup.
#[derive(Debug)]
pub struct Snapshot {
    pub name: Rc<str>,
    pub line: u32,
    pub replica: u32,
    /// What it holds of operations.
    pub seen: Seen,
    states: States,
}

/// What a replica has done that a later `load` must not come after.
#[derive(Debug, Default)]
struct Touched {
    all: bool,
    objects: HashSet<u32>,
}

/// What an operation id stands for.
#[derive(Clone, Copy, Debug)]
enum OpRef {
    Op(history::OpId),
    OfLoaded,
}

/// The states of the loaded objects at a replica; absent where nothing was seen.
type States = RedBlackTreeMap<u32, Rc<State>>;

/// What a replica came to see at once.
#[derive(Debug)]
pub struct Transfer {
    pub from: u32,
    pub to: u32,
    /// What the receiver had seen before.
    pub before: Seen,
    /// What it had seen then.
    pub after: Seen,
}

/// What one line added to the history.
#[derive(Debug)]
pub enum Happened {
    /// Nothing that an engine could follow.
    Nothing,
    /// An operation on an object that is not loaded.
    Performed { replica: u32, op: OpId },
    /// A message was sent.
    Sent { replica: u32 },
    /// A message brought something new.
    Received { replica: u32, message: u32, before: Seen },
    /// Replicas saw what others had seen, one after the other.
    Transferred(Vec<Transfer>),
    /// A backup was taken.
    Saved { replica: u32 },
    /// A replica went on from a backup, in this incarnation.
    Restored { replica: u32, snapshot: u32, incarnation: u64 },
}

/// Everything that happened so far.
#[derive(Debug, Default)]
pub struct Past {
    pub history: History,
    pub stamps: Stamps,
    pub messages: Vec<Message>,
    pub snapshots: Vec<Snapshot>,
    /// For each replica, its loaded objects.
    pub states: Vec<States>,
    /// For each object, whether the trace loads it.
    pub loaded: Vec<bool>,
    /// Whether the trace is known to load anything.
    pub trace_loads: bool,
    /// Whether a message relays others.
    has_relays: bool,
    /// Whether a merge or a sync was of some objects only.
    pub has_limited_exchanges: bool,
    /// The line being judged.
    pub line: u32,
    /// Whether the argument for a finding is wanted.
    pub argue: bool,
    /// What was warned of.
    pub warnings: Vec<Warning>,
    /// What happened, counted.
    pub coverage: Coverage,
    /// Which operations conflict.
    pub conflicts: Conflicts,
    replica_numbers: HashMap<Rc<str>, u32>,
    object_numbers: HashMap<Rc<str>, u32>,
    message_names: Interner,
    snapshot_names: Interner,
    op_ids: HashMap<Box<str>, OpRef>,
    touched: Vec<Touched>,
    /// Whether anything but loads and notes has happened.
    active: bool,
    all_loads_known: bool,
    /// For a key, an origin and a timestamp, the value written; `None` once there were several.
    written: HashMap<(u32, u32, u64, u32), Option<u32>>,
    received: HashSet<(u32, u32)>,
    newest: HashMap<(u32, u32), u32>,
    /// For each replica, the lines of receptions that brought nothing new, and what they were.
    pub idle: Vec<Vec<(u32, How)>>,
}

impl Past {
    /// The past of a trace with this header, in which nothing has happened. `loads` are the
    /// objects that the trace is known to load; `None` before it was read once.
    pub fn new(header: &Header, loads: Option<&HashSet<Name>>) -> Result<Self, Stop> {
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
        let objects: Vec<(Rc<str>, TraceType)> = header
            .objects
            .iter()
            .map(|(name, declaration)| (name.as_str().into(), declaration.kind))
            .collect();
        let object_numbers =
            objects.iter().enumerate().map(|(i, (name, _))| (name.clone(), i as u32)).collect();
        let loaded =
            objects.iter().map(|(name, _)| loads.is_some_and(|l| l.contains(&**name))).collect();
        let mut past = Self {
            history: History::new(&replicas, &objects),
            stamps: header.stamps,
            states: vec![States::default(); replicas.len()],
            loaded,
            replica_numbers,
            object_numbers,
            touched: replicas.iter().map(|_| Touched::default()).collect(),
            all_loads_known: loads.is_some(),
            idle: vec![Vec::new(); replicas.len()],
            ..Self::default()
        };
        if loads.is_some_and(|loads| !loads.is_empty()) {
            past.loads()?;
        }
        Ok(past)
    }

    /// The objects that the trace is known to load.
    pub fn loaded_names(&self) -> HashSet<Name> {
        let objects = self.history.objects.iter().zip(&self.loaded);
        objects.filter(|(_, loaded)| **loaded).map(|(object, _)| object.name.to_string()).collect()
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

    fn named_object(&self, field: &'static str, name: &str) -> Result<u32, Stop> {
        self.find_object(name).ok_or_else(|| {
            let known = self.history.objects.iter().map(|object| &*object.name);
            ill(field, format!("object {} is not declared{}", shown(name), declared(known)))
        })
    }

    /// The number of an object, if it is declared.
    pub fn find_object(&self, name: &str) -> Option<u32> {
        self.object_numbers.get(name).copied()
    }

    /// The number of a declared object.
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

    /// The number of a message that was sent before.
    pub fn message(&self, field: &'static str, name: &str) -> Result<u32, Stop> {
        self.message_names.find(name).ok_or_else(|| {
            ill(field, format!("message {} was not sent on an earlier line", shown(name)))
        })
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

    /// The number of an element of a list, whose insert a replica has seen.
    pub fn inserted(&self, replica: u32, object: u32, element: &str) -> Option<u32> {
        let insert = self.history.insert_of(object, element)?;
        let is_seen = self.history.contains(self.history.seen(replica), insert);
        is_seen.then(|| self.history.ops[insert as usize].key)
    }

    /// Whether the value of such an object is not determined by what was seen.
    pub fn orders_by_itself(&self, kind: TraceType) -> bool {
        self.stamps == Stamps::Own && kind.is_stamped()
    }

    /// An operation's name in a claim.
    pub fn name_of(&self, op: OpId) -> (String, u64) {
        let replica = self.history.replica_of(op);
        let name = self.history.replicas[replica as usize].name.to_string();
        (name, self.history.ops[op as usize].seq.into())
    }

    /// The argument, where it is wanted.
    pub fn because(&self, why: impl FnOnce() -> Vec<String>) -> Vec<String> {
        if self.argue { why() } else { Vec::new() }
    }

    /// How many messages no replica received.
    pub fn lost(&self) -> u64 {
        self.messages.iter().filter(|message| !message.received).count() as u64
    }
}
