//! Relayed objects: what a replica passes on without knowing it.
//!
//! Meaning: a peer with a newer schema has an object that is not in this one's, perhaps of a type that this
//! version does not know. Its deltas are kept as they came, each with what its sender had seen, and go to
//! replicas that lack them. Nothing is applied, hashed or compacted, until the schema of this replica has the
//! object too.
//! Laws: who asks with a version gets every operation that was relayed and that the version lacks, in an order
//! in which each delta finds what it builds upon. Forks are healed in what is known of the object, as in any
//! replica; the deltas stay under the names that they came with, and the replica that applies them translates
//! (tests/forks/relays.rs).
//! Cost: O(bytes) to keep a delta; O(deltas · origins) to pass some on. At most [`Relayed::LIMIT`] bytes
//! and [`Relayed::MOST`] objects, unless the application sets another limit.
//! Source: this project; spec/wire.md, section "Objects that a replica does not know".

use crate::operation::ObjectId;
use crate::optimized::ApplyError;
use crate::optimized::openings::{DeltaOpenings, Knowledge, Openings, Process};
use crate::optimized::vector::Vector;
use crate::wire;
use crate::wire::envelope::{Envelope, with_openings};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The objects that a replica passes on.
#[derive(Clone, Debug)]
pub struct Relayed {
    objects: BTreeMap<ObjectId, Kept>,
    bytes: usize,
    limit: usize,
    /// How many deltas were kept since the replica was opened.
    changes: u64,
}

/// What is kept of one object.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// The code of its type.
    pub kind: u8,
    known: Knowledge,
    deltas: Vec<KeptDelta>,
}

/// A delta, and what its sender had seen.
#[derive(Clone, Debug)]
struct KeptDelta {
    performed: BTreeMap<Process, u64>,
    message: Arc<[u8]>,
}

/// About how many bytes are noted of each process that performed operations.
const PROCESS: usize = 96;

/// Why a delta of an object is not kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    Malformed(wire::Error),
    Apply(ApplyError),
    /// It would take more bytes or objects than are allowed, or the object is kept as one of another type.
    NotKept,
}

impl Default for Relayed {
    fn default() -> Self {
        Self { objects: BTreeMap::new(), bytes: 0, limit: Self::LIMIT, changes: 0 }
    }
}

impl Relayed {
    /// How many bytes are kept at most, unless the application sets another limit.
    pub const LIMIT: usize = 64 << 20;

    /// How many objects are relayed at most.
    pub const MOST: usize = 1024;

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// How many bytes are kept, with what is noted of each delta.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many deltas were kept since the replica was opened: whether there is something new to pass on.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The names of the objects, each with the code of its type as spec/wire.md lists them.
    pub fn iter(&self) -> impl Iterator<Item = (&ObjectId, u8)> {
        self.objects.iter().map(|(name, kept)| (name, kept.kind))
    }

    /// Keeps at most so many bytes from now on. What is kept already stays.
    pub(crate) fn set_limit(&mut self, bytes: usize) {
        self.limit = bytes;
    }

    /// Keeps a delta. `false` if all of it is kept already.
    ///
    /// # Errors
    /// [`Refusal`] says why nothing was kept.
    pub(crate) fn add(
        &mut self,
        object: &ObjectId,
        kind: u8,
        message: &[u8],
    ) -> Result<bool, Refusal> {
        let Envelope { since, seen, openings, delta } =
            Envelope::decode(message).map_err(Refusal::Malformed)?;
        let before = self.objects.get(object);
        if before.map_or(self.objects.len() >= Self::MOST, |kept| kept.kind != kind) {
            return Err(Refusal::NotKept);
        }
        let nothing = Knowledge::new(&Vector::default(), Openings::default());
        let known = before.map_or(&nothing, |kept| &kept.known);
        let (known, sender) = known.received((&openings, &since, &seen)).map_err(Refusal::Apply)?;
        // All openings of its sender: who applies it later may know others by then.
        let performed = Knowledge::new(&seen, sender.clone()).performed();
        if before.is_some_and(|kept| covers(&kept.known.performed(), &performed)) {
            return Ok(false);
        }
        let message = with_openings(&DeltaOpenings::whole(&sender), &seen, &message[delta..]);
        // One that starts at nothing and has all takes the place of all.
        let is_whole = since.is_empty() && covers(&performed, &known.performed());
        let replaced = before.filter(|_| is_whole).map_or(0, Kept::bytes);
        let delta = KeptDelta { performed, message: message.into() };
        let bytes = self.bytes - replaced + delta.bytes();
        if bytes > self.limit {
            return Err(Refusal::NotKept);
        }
        self.bytes = bytes;
        self.changes += 1;
        let kept = self.objects.entry(object.clone()).or_insert_with(|| Kept::new(kind));
        kept.known = known;
        if is_whole {
            kept.deltas.clear();
        }
        kept.deltas.push(delta);
        Ok(true)
    }

    /// What is known of each object.
    pub(crate) fn known(&self) -> impl Iterator<Item = (&ObjectId, &Knowledge)> {
        self.objects.iter().map(|(name, kept)| (name, &kept.known))
    }

    /// The deltas of an object that one who knows so much of it lacks, in the order in which to apply them;
    /// and whether these are all.
    pub(crate) fn since(
        &self,
        object: &str,
        vector: &Vector,
        openings: Option<&Openings>,
    ) -> (Vec<Arc<[u8]>>, bool) {
        let Some(kept) = self.objects.get(object) else { return (Vec::new(), true) };
        let known = Knowledge::new(vector, openings.cloned().unwrap_or_default()).performed();
        let lacks = |delta: &&KeptDelta| !covers(&known, &delta.performed);
        let lacking: Vec<_> =
            kept.deltas.iter().filter(lacks).map(|delta| delta.message.clone()).collect();
        let are_all = lacking.len() == kept.deltas.len();
        (lacking, are_all)
    }

    /// Gives up an object that the replica has from now on: the code of its type, and the deltas to apply.
    pub(crate) fn take(&mut self, object: &str) -> Option<(u8, Vec<Arc<[u8]>>)> {
        let kept = self.objects.remove(object)?;
        self.bytes -= kept.bytes();
        Some((kept.kind, kept.deltas.into_iter().map(|delta| delta.message).collect()))
    }

    /// The code of the type of an object that is relayed.
    pub(crate) fn kind(&self, object: &str) -> Option<u8> {
        Some(self.objects.get(object)?.kind)
    }
}

impl Kept {
    fn new(kind: u8) -> Self {
        let known = Knowledge::new(&Vector::default(), Openings::default());
        Self { kind, known, deltas: Vec::new() }
    }

    fn bytes(&self) -> usize {
        self.deltas.iter().map(KeptDelta::bytes).sum()
    }
}

impl KeptDelta {
    /// About how many bytes of memory it needs.
    fn bytes(&self) -> usize {
        self.message.len() + self.performed.len() * PROCESS
    }
}

/// Whether one side has all operations that another has.
fn covers(ours: &BTreeMap<Process, u64>, theirs: &BTreeMap<Process, u64>) -> bool {
    theirs.iter().all(|(process, count)| ours.get(process).is_some_and(|own| own >= count))
}
