//! Journal: the parts of a saved replica as records of a store, each checked.
//!
//! Meaning: each object has a stream. Its first record is the object whole, each later one what changed
//! since; when these have grown longer than the first, the object whole takes their place. A transfer
//! that comes in pieces has a stream for as long as it is not complete, with a record for each piece. A
//! note is a stream of the application's own, stored in the same batch as what it belongs to.
//! Laws: what was committed is loaded. Each record ends in a checksum over the record before it, the
//! name of its stream, its number and its bytes, and the head covers the ends of all streams: a
//! changed byte, and a record that is missing, moved or of another store, is found when the journal is
//! loaded, and named.
//! Cost: a commit costs what changed, and O(objects); over time, twice that for whole objects. Loading
//! costs what there is: at most twice the state, and 64 KiB an object. In memory it takes the state, the
//! notes, and one record at a time.
//! Source: log-structured storage with checkpoints, Rosenblum and Ousterhout, TOCS 10(1), 1992.

use crate::store::{Batch, Change, CommitError, Record, Store, StoreError};
use crate::stored::StoredError;
use rejoin::operation::ObjectId;
use rejoin::optimized;
use rejoin::optimized::Fingerprint;
use rejoin::optimized::staging::Staging;
use rejoin::saved::{self, ObjectPart, Parts, State};
use rejoin::{OpenError, Replica, Schema, Version};
use std::collections::BTreeMap;

/// Changes of an object of so many bytes are never too many.
const FEW: u64 = 64 << 10;

/// How many bytes more than twice its content a store takes before it is compacted.
const SLACK: u64 = 4 << 20;

/// How many bytes of a record are its checksum.
const SUM: usize = 8;

type Sum = [u8; SUM];

/// What a head begins with: the format of the records.
const FORMAT: &[u8] = b"rejoin store 3\n";

/// The stream that says whose replica it is.
const OWNER: &str = "replica";

/// What the streams of objects, of transfers in pieces and of notes begin with.
const OBJECT: &str = "object/";
const STAGED: &str = "staged/";
const NOTE: &str = "note/";

/// What a journal stores: a replica of an application, or that of an engine.
pub trait Source {
    /// What it has seen.
    fn version(&self) -> Version;
    /// A part without objects, which names the replica.
    fn owner(&self) -> Vec<u8>;
    /// What changed since a version, by object.
    fn parts_since(&self, version: &Version) -> Vec<ObjectPart>;
    /// One object whole.
    fn whole(&self, object: &str) -> Option<Vec<u8>>;
    /// The transfers in pieces that are not complete.
    fn staged(&self) -> &BTreeMap<ObjectId, Staging>;
}

impl Source for Replica {
    fn version(&self) -> Version {
        Replica::version(self)
    }

    fn owner(&self) -> Vec<u8> {
        self.save_since(&Replica::version(self))
    }

    fn parts_since(&self, version: &Version) -> Vec<ObjectPart> {
        self.save_objects_since(version)
    }

    fn whole(&self, object: &str) -> Option<Vec<u8>> {
        self.save_object(object)
    }

    fn staged(&self) -> &BTreeMap<ObjectId, Staging> {
        self.all_staged()
    }
}

/// The replica of an engine, and the schema that says how its objects are synchronized.
#[derive(Clone, Copy, Debug)]
pub struct Engine<'a> {
    /// The replica.
    pub replica: &'a optimized::replica::Replica,
    /// Its schema.
    pub schema: &'a Schema,
}

impl Source for Engine<'_> {
    fn version(&self) -> Version {
        Version::of(self.replica)
    }

    fn owner(&self) -> Vec<u8> {
        saved::part(self.replica, self.schema, &Version::of(self.replica))
    }

    fn parts_since(&self, version: &Version) -> Vec<ObjectPart> {
        saved::object_parts(self.replica, self.schema, version).collect()
    }

    fn whole(&self, object: &str) -> Option<Vec<u8>> {
        saved::object_part(self.replica, self.schema, object)
    }

    fn staged(&self) -> &BTreeMap<ObjectId, Staging> {
        self.replica.all_staged()
    }
}

/// A note to store with what changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Note {
    /// Adds a line at the end of a note.
    Append {
        /// The name of the note, of 1 to 1,024 bytes.
        name: String,
        /// The line.
        line: Vec<u8>,
    },
    /// Replaces all lines of a note by one.
    Set {
        /// The name of the note, of 1 to 1,024 bytes.
        name: String,
        /// The line.
        line: Vec<u8>,
    },
}

/// What a store holds.
#[derive(Clone, Debug)]
pub struct Contents {
    /// The state of the replica.
    pub state: State,
    /// The records of transfers in pieces, by object: what [`Replica::restage`] takes.
    pub staged: BTreeMap<ObjectId, Vec<Vec<u8>>>,
    /// The lines of each note.
    pub notes: BTreeMap<String, Vec<Vec<u8>>>,
}

/// What is known of a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Stream {
    /// The number of the next record.
    next: u64,
    /// The bytes of the first record, and of those after it.
    whole: u64,
    since: u64,
    /// The checksum of the last record.
    sum: Sum,
}

impl Stream {
    fn append(&mut self, name: &str, bytes: &[u8]) -> Change {
        let record = seal(self.sum, name, self.next, bytes);
        self.count(&record);
        Change::Append { stream: name.into(), number: self.next - 1, bytes: record }
    }

    /// The stream has another record.
    fn count(&mut self, record: &[u8]) {
        let length = if self.next == 0 { &mut self.whole } else { &mut self.since };
        *length += record.len() as u64;
        self.next += 1;
        self.sum = sum_of(record);
    }
}

/// The parts of a replica in a store.
#[derive(Debug)]
pub struct Journal<S> {
    store: S,
    streams: BTreeMap<String, Stream>,
    /// Covers the ends of all streams.
    ends: Ends,
    head: Vec<u8>,
    /// What was saved last.
    saved: Version,
    /// How many records are stored of each transfer in pieces, and their hash.
    staged: BTreeMap<ObjectId, (usize, Fingerprint)>,
    /// The store is compacted when it takes so many bytes.
    compact_at: u64,
}

impl<S: Store> Journal<S> {
    /// Begins the journal of a replica in a store that has none, and stores the replica.
    ///
    /// # Errors
    /// If the store has a replica, or cannot be written.
    pub fn create(mut store: S, source: &impl Source, notes: &[Note]) -> Result<Self, CommitError> {
        let head = store.head().map_err(CommitError::NotWritten)?;
        if !head.is_empty() {
            let (place, found) = (store.place(), "it has a replica already".into());
            return Err(CommitError::NotWritten(StoreError::Foreign { place, found }));
        }
        let mut journal = Self {
            store,
            streams: BTreeMap::new(),
            ends: Ends::default(),
            head,
            saved: Version::default(),
            staged: BTreeMap::new(),
            compact_at: SLACK,
        };
        journal.write(source, true, notes)?;
        Ok(journal)
    }

    /// Loads what a store holds. Each record is applied when it is read, and none is kept.
    ///
    /// # Errors
    /// If the store cannot be read, is not that of a replica, is damaged, or holds what this version
    /// cannot open.
    pub fn load(mut store: S) -> Result<(Self, Contents), StoredError> {
        let head = store.head()?;
        let mut gathered = Gathered::default();
        store.read(&mut |record| gathered.add(record))?;
        let (place, size) = (store.place(), store.size()?);
        if gathered.streams.is_empty() && gathered.damage.is_empty() && head.is_empty() {
            return Err(StoreError::Foreign { place, found: "it is empty".into() }.into());
        }
        if let Some(found) = gathered.check(&head) {
            return Err(StoreError::Foreign { place, found }.into());
        }
        let Gathered { streams, parts, notes, staged, damage, mut refused, .. } = gathered;
        if !damage.is_empty() {
            return Err(StoreError::Damaged { place, damage }.into());
        }
        if !refused.is_empty() {
            let (record, error) = refused.swap_remove(0);
            return Err(StoredError::Open { place, record: Some(record), error });
        }
        let state = parts.finish();
        let state = state.map_err(|error| StoredError::Open { place, record: None, error })?;
        let contents = Contents { state, staged, notes };
        let ends = Ends::of(&streams);
        let staged = contents.staged.iter();
        let staged = staged.map(|(object, records)| (object.clone(), (records.len(), [0; 16])));
        let journal = Self {
            staged: staged.collect(),
            store,
            streams,
            ends,
            head,
            saved: Version::default(),
            compact_at: size.max(SLACK),
        };
        Ok((journal, contents))
    }

    /// Says that a replica is as it was loaded, so that commits store what changes from there on.
    pub fn loaded(&mut self, source: &impl Source) {
        self.saved = source.version();
        for (object, (count, chain)) in &mut self.staged {
            let staging = source.staged().get(object);
            *chain = staging.and_then(|staging| staging.chain(*count)).unwrap_or_default();
        }
    }

    /// Whether the replica has something that is not stored.
    ///
    /// Cost: O(objects), and O(changes).
    pub fn has_unsaved(&self, source: &impl Source) -> bool {
        let staged = source.staged();
        self.saved != source.version()
            || staged.len() != self.staged.len()
            || staged
                .iter()
                .any(|(object, staging)| self.staged.get(object) != Some(&length(staging)))
    }

    /// Stores what changed since the last commit, and the notes with it: all of it, or nothing. Returns
    /// whether there was anything to store. The store is compacted when it has grown.
    ///
    /// # Errors
    /// [`CommitError`] says what is known of the change.
    pub fn commit(&mut self, source: &impl Source, notes: &[Note]) -> Result<bool, CommitError> {
        self.write(source, false, notes)
    }

    /// Stores all objects anew, whole, in place of the records of before, which may be of another
    /// incarnation.
    ///
    /// Cost: O(what the replica holds).
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    pub fn rewrite(&mut self, source: &impl Source) -> Result<(), CommitError> {
        self.write(source, true, &[]).map(drop)
    }

    /// The store.
    pub fn store(&mut self) -> &mut S {
        &mut self.store
    }

    fn write(
        &mut self,
        source: &impl Source,
        is_anew: bool,
        notes: &[Note],
    ) -> Result<bool, CommitError> {
        let nothing = Version::default();
        let since = if is_anew { &nothing } else { &self.saved };
        let parts = source.parts_since(since);
        let mut changed = Changed::default();
        changed.transfers(self, source.staged());
        if parts.is_empty() && notes.is_empty() && !is_anew && changed.changes.is_empty() {
            return Ok(false);
        }
        if is_anew {
            changed.replace(self, OWNER, &source.owner());
        }
        for ObjectPart { object, bytes, is_whole } in parts {
            let name = stream_of(&object);
            let stream = changed.stream(self, &name);
            let is_long =
                stream.next > 0 && stream.since + bytes.len() as u64 > stream.whole.max(FEW);
            match (is_long && !is_whole).then(|| source.whole(&object)).flatten() {
                Some(whole) => changed.replace(self, &name, &whole),
                None if is_whole => changed.replace(self, &name, &bytes),
                None => changed.append(self, &name, &bytes),
            }
        }
        for note in notes {
            match note {
                Note::Append { name, line } => changed.append(self, &note_of(name), line),
                Note::Set { name, line } => changed.replace(self, &note_of(name), line),
            }
        }
        let Changed { changes, streams } = changed;
        let mut ends = self.ends;
        for (name, after) in &streams {
            ends.change(name, self.streams.get(name), after);
        }
        let head = ends.head();
        self.store.commit(&Batch { before: &self.head, head: &head, changes: &changes })?;
        let has_cleared = changes.iter().any(|change| matches!(change, Change::Clear { .. }));
        self.streams.extend(streams);
        self.streams.retain(|_, stream| stream.next > 0);
        let staged = source.staged().iter();
        self.staged = staged.map(|(object, staging)| (object.clone(), length(staging))).collect();
        (self.ends, self.head, self.saved) = (ends, head, source.version());
        if has_cleared {
            self.compact_if_long();
        }
        Ok(true)
    }

    /// Compacts the store if it is much longer than its content. That this fails harms nothing that
    /// was stored; the next commit says what the disk says.
    fn compact_if_long(&mut self) {
        let content: u64 = self.streams.values().map(|stream| stream.whole + stream.since).sum();
        let most = (2 * content + SLACK).max(self.compact_at);
        if self.store.size().is_ok_and(|size| size > most) && self.store.compact().is_ok() {
            // Not at each commit, where the store cannot become shorter.
            self.compact_at = self.store.size().map_or(most, |size| size + size / 2);
        }
    }
}

/// What a batch changes.
#[derive(Default)]
struct Changed {
    changes: Vec<Change>,
    streams: BTreeMap<String, Stream>,
}

impl Changed {
    fn stream<S>(&mut self, journal: &Journal<S>, name: &str) -> &mut Stream {
        let now = || journal.streams.get(name).copied().unwrap_or_default();
        self.streams.entry(name.into()).or_insert_with(now)
    }

    fn append<S>(&mut self, journal: &Journal<S>, name: &str, bytes: &[u8]) {
        let change = self.stream(journal, name).append(name, bytes);
        self.changes.push(change);
    }

    fn replace<S>(&mut self, journal: &Journal<S>, name: &str, bytes: &[u8]) {
        self.clear(journal, name);
        self.append(journal, name, bytes);
    }

    fn clear<S>(&mut self, journal: &Journal<S>, name: &str) {
        let stream = self.stream(journal, name);
        if stream.next > 0 {
            *stream = Stream::default();
            self.changes.push(Change::Clear { stream: name.into() });
        }
    }

    /// Adds new pieces, and removes the transfers that are complete or were dropped.
    fn transfers<S>(&mut self, journal: &Journal<S>, staged: &BTreeMap<ObjectId, Staging>) {
        for object in journal.staged.keys().filter(|object| !staged.contains_key(*object)) {
            self.clear(journal, &transfer_of(object));
        }
        for (object, staging) in staged {
            let name = transfer_of(object);
            let stored = journal.staged.get(object);
            let stored = stored.filter(|(count, chain)| staging.chain(*count) == Some(*chain));
            if stored.is_none() {
                self.clear(journal, &name);
            }
            let known = stored.map_or(0, |(count, _)| *count);
            staging.records().skip(known).for_each(|record| self.append(journal, &name, record));
        }
    }
}

/// The records that a store has, checked one by one. Of a stream, those before its first damaged
/// record are kept.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    streams: BTreeMap<String, Stream>,
    pub(crate) parts: Parts,
    pub(crate) notes: BTreeMap<String, Vec<Vec<u8>>>,
    staged: BTreeMap<ObjectId, Vec<Vec<u8>>>,
    /// How many records were applied.
    pub(crate) applied: usize,
    pub(crate) damage: Vec<String>,
    /// The records whose checksums match, and which cannot be opened: by this version, or at all.
    pub(crate) refused: Vec<(String, OpenError)>,
    damaged: Option<String>,
}

impl Gathered {
    pub(crate) fn add(&mut self, record: Record<'_>) {
        let Record { stream: name, number, bytes: sealed } = record;
        if self.damaged.as_deref() == Some(name) {
            return;
        }
        let stream = self.streams.entry(name.into()).or_default();
        let bytes = unseal(stream.sum, name, stream.next, sealed);
        let Some(bytes) = bytes.filter(|_| number == stream.next) else {
            let place = place(name, stream.next);
            let what = match number == stream.next {
                true => format!("{place} does not match its checksum"),
                false => format!("{place} is missing"),
            };
            self.damage.push(what);
            self.damaged = Some(name.into());
            return;
        };
        stream.count(sealed);
        if let Some(note) = name.strip_prefix(NOTE) {
            self.notes.entry(note.into()).or_default().push(bytes.into());
        } else if let Some(object) = name.strip_prefix(STAGED) {
            self.staged.entry(object.into()).or_default().push(bytes.into());
        } else {
            match self.parts.add(bytes) {
                Ok(()) => self.applied += 1,
                Err(error) => self.refused.push((place(name, number), error)),
            }
        }
    }

    /// Checks the ends of all streams against the head. Returns what was found instead of a head of
    /// this format.
    pub(crate) fn check(&mut self, head: &[u8]) -> Option<String> {
        let Some(rest) = head.strip_prefix(FORMAT) else {
            return Some("its records have another format than this version writes".into());
        };
        let is_intact = unseal(Sum::default(), "head", 0, rest).is_some();
        if !is_intact {
            self.damage
                .push("the head, which covers all records, does not match its checksum".into());
        } else if self.damage.is_empty() && Ends::of(&self.streams).head() != head {
            self.damage.push("records are missing at the end of an object or a note".into());
        }
        None
    }
}

/// The place of a record, for people.
fn place(stream: &str, number: u64) -> String {
    if let Some(object) = stream.strip_prefix(STAGED) {
        return format!("piece {number} of the transfer of the object {object:?}");
    }
    match (stream.strip_prefix(OBJECT), stream.strip_prefix(NOTE)) {
        (Some(object), _) => format!("record {number} of the object {object:?}"),
        (_, Some(note)) => format!("line {number} of the note {note:?}"),
        _ => "the record of whose replica it is".into(),
    }
}

fn stream_of(object: &ObjectId) -> String {
    format!("{OBJECT}{object}")
}

fn transfer_of(object: &ObjectId) -> String {
    format!("{STAGED}{object}")
}

/// How many records a transfer has, and their hash.
fn length(staging: &Staging) -> (usize, Fingerprint) {
    let count = staging.records().len();
    (count, staging.chain(count).unwrap_or_default())
}

fn note_of(name: &str) -> String {
    format!("{NOTE}{name}")
}

// Checksums

/// Covers the last records of all streams: the sum of a hash for each. Damage is no adversary who would
/// look for a collision of sums, and so a commit costs the streams that it changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Ends(u128);

impl Ends {
    fn of(streams: &BTreeMap<String, Stream>) -> Self {
        let mut ends = Self::default();
        streams.iter().for_each(|(name, stream)| ends.change(name, None, stream));
        ends
    }

    fn change(&mut self, name: &str, before: Option<&Stream>, after: &Stream) {
        // A stream without records is none.
        let end = |stream: &Stream| if stream.next > 0 { end(name, stream) } else { 0 };
        let before = before.map_or(0, end);
        self.0 = self.0.wrapping_sub(before).wrapping_add(end(after));
    }

    fn head(&self) -> Vec<u8> {
        let sealed = seal(Sum::default(), "head", 0, &self.0.to_le_bytes());
        [FORMAT, &sealed].concat()
    }
}

fn end(name: &str, stream: &Stream) -> u128 {
    let hash = hash("rejoin store 3 end", stream.sum, name, stream.next, &[]);
    hash.first_chunk().map_or(0, |bytes| u128::from_le_bytes(*bytes))
}

/// A record: its bytes, and a checksum over the record before it, its place, and its bytes.
fn seal(before: Sum, stream: &str, number: u64, bytes: &[u8]) -> Vec<u8> {
    [bytes, &checksum(before, stream, number, bytes)].concat()
}

/// The bytes of a record; `None` if its checksum does not match.
fn unseal<'a>(before: Sum, stream: &str, number: u64, record: &'a [u8]) -> Option<&'a [u8]> {
    let (bytes, sum) = record.split_last_chunk::<SUM>()?;
    (*sum == checksum(before, stream, number, bytes)).then_some(bytes)
}

fn sum_of(record: &[u8]) -> Sum {
    record.last_chunk::<SUM>().copied().unwrap_or_default()
}

fn checksum(before: Sum, stream: &str, number: u64, bytes: &[u8]) -> Sum {
    sum_of(&hash("rejoin store 3 record", before, stream, number, bytes))
}

fn hash(context: &str, before: Sum, stream: &str, number: u64, bytes: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    hasher.update(&before);
    hasher.update(&(stream.len() as u64).to_le_bytes());
    hasher.update(stream.as_bytes());
    hasher.update(&number.to_le_bytes());
    hasher.update(bytes);
    *hasher.finalize().as_bytes()
}
