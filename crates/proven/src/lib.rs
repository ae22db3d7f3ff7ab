//! The proven engine: the definitions about which spec/ proves theorems, run as they are.
//!
//! Meaning: Coq writes its definitions as data (spec/extracted), and a small machine runs them. The
//! theorems hold for the engine's answers, as far as Coq's extraction, this machine and the
//! translation of terms can be trusted; tests/laws/refinement.rs compares the reference with it.
//! Cost: some hundred times that of the reference.
//!
//! Two replicas of one set, as in [`rejoin::reference::replica`].
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::operation::{Answer, Operation};
//! use rejoin_proven::replica::Replica;
//! use rejoin::object::ObjectType;
//! use std::collections::BTreeMap;
//!
//! let approved = "approved".into();
//! let schema = BTreeMap::from([("approved".into(), ObjectType::OrSet)]);
//! let origin = |name: &str| Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
//! let mut client: Replica<_, Option<()>> = Replica::new(&origin("client"), &schema)?;
//! let mut server = Replica::new(&origin("server"), &schema)?;
//! client.perform(&approved, &Operation::Add { element: "X" }, &Some("ann".into()))?;
//! server.perform(&approved, &Operation::Remove { element: "X" }, &Some("bob".into()))?;
//!
//! server.join(&client.objects()?)?;
//! assert_eq!(server.values()?[&approved], Answer::Elements(["X"].into()));
//! assert_eq!(server.notices(&"bob".into())?.len(), 1);
//! # Ok::<(), rejoin_proven::Error>(())
//! ```

mod compiler;
mod constructors;
mod decode;
mod encode;
mod extraction;

pub mod machine;
pub mod program;
pub mod value;

pub mod definition;
pub mod executions;
pub mod indexed_decisions;
pub mod openings;
pub mod replica;

pub mod judge;
pub mod state_hash;
pub mod sync;
pub mod trace;
pub mod wire;
pub mod wire_delta;
pub mod wire_keyed;

pub use decode::DecodeError;

use encode::{Atom, Term};
use machine::{Machine, RunError};
use program::{COMPARE_ATOMS, LoadError, Program};
use rejoin::digest::ToBytes;
use rejoin::dot::ReplicaId;
use rejoin::operation::{ObjectId, Value as Written};
use std::fmt;
use std::rc::Rc;
use std::sync::LazyLock;
use value::{Shared, Value};

/// The files of spec/extracted.
pub const EXTRACTED: [(&str, &str); 40] = [
    ("BinNums.json", include_str!("../../../spec/extracted/BinNums.json")),
    ("BinPos.json", include_str!("../../../spec/extracted/BinPos.json")),
    ("BinNat.json", include_str!("../../../spec/extracted/BinNat.json")),
    ("BinInt.json", include_str!("../../../spec/extracted/BinInt.json")),
    ("Bool.json", include_str!("../../../spec/extracted/Bool.json")),
    ("Nat.json", include_str!("../../../spec/extracted/Nat.json")),
    ("Datatypes.json", include_str!("../../../spec/extracted/Datatypes.json")),
    ("List.json", include_str!("../../../spec/extracted/List.json")),
    ("order.json", include_str!("../../../spec/extracted/order.json")),
    ("sorted_map.json", include_str!("../../../spec/extracted/sorted_map.json")),
    ("dot.json", include_str!("../../../spec/extracted/dot.json")),
    ("version_vector.json", include_str!("../../../spec/extracted/version_vector.json")),
    ("delta.json", include_str!("../../../spec/extracted/delta.json")),
    ("definition.json", include_str!("../../../spec/extracted/definition.json")),
    ("decisions.json", include_str!("../../../spec/extracted/decisions.json")),
    ("g_counter.json", include_str!("../../../spec/extracted/g_counter.json")),
    ("lww_register.json", include_str!("../../../spec/extracted/lww_register.json")),
    ("or_set.json", include_str!("../../../spec/extracted/or_set.json")),
    ("lww_map.json", include_str!("../../../spec/extracted/lww_map.json")),
    ("log.json", include_str!("../../../spec/extracted/log.json")),
    ("pn_counter.json", include_str!("../../../spec/extracted/pn_counter.json")),
    ("rw_set.json", include_str!("../../../spec/extracted/rw_set.json")),
    ("ew_flag.json", include_str!("../../../spec/extracted/ew_flag.json")),
    ("dw_flag.json", include_str!("../../../spec/extracted/dw_flag.json")),
    ("mv_register.json", include_str!("../../../spec/extracted/mv_register.json")),
    ("mv_map.json", include_str!("../../../spec/extracted/mv_map.json")),
    ("max_register.json", include_str!("../../../spec/extracted/max_register.json")),
    ("min_register.json", include_str!("../../../spec/extracted/min_register.json")),
    ("replica.json", include_str!("../../../spec/extracted/replica.json")),
    ("trace.json", include_str!("../../../spec/extracted/trace.json")),
    ("judge.json", include_str!("../../../spec/extracted/judge.json")),
    ("indexed_decisions.json", include_str!("../../../spec/extracted/indexed_decisions.json")),
    ("executions.json", include_str!("../../../spec/extracted/executions.json")),
    ("sync.json", include_str!("../../../spec/extracted/sync.json")),
    ("state_hash.json", include_str!("../../../spec/extracted/state_hash.json")),
    ("sync_verdict.json", include_str!("../../../spec/extracted/sync_verdict.json")),
    ("wire.json", include_str!("../../../spec/extracted/wire.json")),
    ("wire_delta.json", include_str!("../../../spec/extracted/wire_delta.json")),
    ("wire_keyed.json", include_str!("../../../spec/extracted/wire_keyed.json")),
    ("openings.json", include_str!("../../../spec/extracted/openings.json")),
];

/// How many steps one call of a definition may take.
pub const STEPS: u64 = 1 << 32;

static PROGRAM: LazyLock<Result<Program, LoadError>> =
    LazyLock::new(|| Program::load(&EXTRACTED, true));

/// An operation as answers name it: its replica, and its number among that replica's operations.
pub type EventName = (ReplicaId, u64);

/// An open merge decision.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct MergeDecision<K> {
    /// The key; `None` for a register or a flag.
    pub key: Option<K>,
    /// The maximal decisions whose effect is the current one, sorted, with repeats.
    pub kept: Vec<EventName>,
    /// The other maximal decisions, sorted, with repeats.
    pub superseded: Vec<EventName>,
}

/// A notice to a user: this decision of theirs is superseded.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Notice<K> {
    /// The object.
    pub object: ObjectId,
    /// The key; `None` for a register or a flag.
    pub key: Option<K>,
    /// The superseded decision.
    pub decision: EventName,
}

/// Why the engine has no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Error {
    /// The extracted files are damaged.
    Load(LoadError),
    /// No definition has this name, or it takes other arguments.
    UnknownDefinition(&'static str),
    /// The definition of this name has no result.
    Run(&'static str, RunError),
    /// The result does not have the expected type.
    Decode(DecodeError),
    /// The definition refuses: a replica lacks the object, its type lacks the operation, or a delta
    /// builds upon operations that were not seen.
    Refused,
}

/// The result of a definition. The comparisons and the tombstone that it takes are passed by name,
/// which is the same in all definitions; the other arguments are passed in order.
fn run<K: Ord + Clone, V: Written, const N: usize>(
    name: &'static str,
    arguments: [Term<K, V>; N],
) -> Result<Term<K, V>, Error> {
    run_within(&mut { STEPS }, name, arguments)
}

/// As [`run`], in at most so many steps.
fn run_within<K: Ord + Clone, V: Written, const N: usize>(
    steps: &mut u64,
    name: &'static str,
    arguments: [Term<K, V>; N],
) -> Result<Term<K, V>, Error> {
    let by_name = |_: &Program, parameter: &str| match parameter {
        "compare_name" | "compare_value" => Some(Value::Function(COMPARE_ATOMS, Shared::EMPTY)),
        "null" => Some(Value::Atom(Rc::new(Atom::Value(V::tombstone())))),
        _ => None,
    };
    call(steps, name, by_name, arguments)
}

/// The result of a definition, where some of its parameters are given by their names.
fn call<K: Ord, V: Ord, const N: usize>(
    steps: &mut u64,
    name: &'static str,
    by_name: impl Fn(&Program, &str) -> Option<Term<K, V>>,
    arguments: [Term<K, V>; N],
) -> Result<Term<K, V>, Error> {
    call_on(|machine| machine, steps, name, by_name, arguments)
}

/// As [`call`], where definitions ask for the bytes of names and values.
fn call_by_bytes<K: Ord + ToBytes, V: Ord + ToBytes, const N: usize>(
    name: &'static str,
    by_name: impl Fn(&Program, &str) -> Option<Term<K, V>>,
    arguments: [Term<K, V>; N],
) -> Result<Term<K, V>, Error> {
    let bytes = |machine: Machine<'static, Atom<K, V>>| machine.with_bytes(Atom::bytes);
    call_on(bytes, &mut { STEPS }, name, by_name, arguments)
}

/// As [`call`], on a machine that is made ready for it.
fn call_on<K: Ord, V: Ord, const N: usize>(
    ready: impl Fn(Machine<'static, Atom<K, V>>) -> Machine<'static, Atom<K, V>>,
    steps: &mut u64,
    name: &'static str,
    by_name: impl Fn(&Program, &str) -> Option<Term<K, V>>,
    arguments: [Term<K, V>; N],
) -> Result<Term<K, V>, Error> {
    let program = PROGRAM.as_ref().map_err(|error| Error::Load(error.clone()))?;
    let function = program.function(name).ok_or(Error::UnknownDefinition(name))?;
    let mut given = arguments.into_iter();
    let mut all = Vec::new();
    for parameter in program.parameters(function) {
        let named = by_name(program, parameter);
        all.push(named.or_else(|| given.next()).ok_or(Error::UnknownDefinition(name))?);
    }
    if given.next().is_some() {
        return Err(Error::UnknownDefinition(name));
    }
    ready(Machine::new(program))
        .apply(Value::Function(function, Shared::EMPTY), all, steps)
        .map_err(|error| Error::Run(name, error))
}

/// A definition with its first arguments.
fn given<K, V, const N: usize>(
    name: &'static str,
    arguments: [Term<K, V>; N],
) -> Result<Term<K, V>, Error> {
    let program = PROGRAM.as_ref().map_err(|error| Error::Load(error.clone()))?;
    let function = program.function(name).ok_or(Error::UnknownDefinition(name))?;
    if program.parameters(function).len() <= N {
        return Err(Error::UnknownDefinition(name));
    }
    Ok(Value::Function(function, arguments.into_iter().rev().collect()))
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Load(error) => write!(f, "spec/extracted is damaged; rebuild it: {error}"),
            Self::UnknownDefinition(name) => {
                write!(f, "spec/extracted has no definition {name} that takes these arguments")
            }
            Self::Run(name, error) => write!(f, "{name} has no result: {error}"),
            Self::Decode(error) => error.fmt(f),
            Self::Refused => write!(
                f,
                "the definition refuses: no such object, an operation that its type lacks, or a \
                 delta after operations that were not seen"
            ),
        }
    }
}

impl std::error::Error for Error {}
