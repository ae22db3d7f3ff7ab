//! The store: a replica in a file that survives a kill at any time.
//!
//! The file is a `redb` database. Each commit appends the changes of each object since the last
//! one, as a delta, and returns when it is on the disk. So a commit costs what changed. Opening
//! applies the deltas in their order. Once they are longer than the whole state was, a commit
//! writes the whole state in their place.
//!
//! Every row ends in a checksum over itself, its key and the row before it, and one more row says
//! where each object ends. So opening the file finds changed bytes and missing rows;
//! [`Store::salvage`] rescues the intact ones.
//!
//! The file is locked while it is open, and everything committed is there: so a replica that is
//! opened goes on under its incarnation. Each opening draws random bits, which enter the file with
//! the first operation on each object. So a sync finds a file that was copied, or restored from a
//! backup, and heals the fork. [`Store::renew`] is for users who announce a restore beforehand.

use super::failure::{Failure, Result};
use super::{Node, schema};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use rejoin::dot::{Origin, ReplicaId};
use rejoin::operation::ObjectId;
use rejoin::optimized::openings::Openings;
use rejoin::optimized::replica::{Delta, Object, Objects};
use rejoin::optimized::{Fingerprint, Vector};
use rejoin::wire::{BaseEncoding, DecodeContext, OriginEncoding};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// The format of the file, and its replica.
const ABOUT: TableDefinition<&str, &[u8]> = TableDefinition::new("about");
/// The deltas of each object, by object and number.
const DELTAS: TableDefinition<(&str, u64), &[u8]> = TableDefinition::new("deltas");
/// The recorded events, if the replica records, line by line.
const EVENTS: TableDefinition<u64, &[u8]> = TableDefinition::new("events");

/// The format of the file.
const FORMAT: &[u8] = b"rejoin store 2";

/// The length of a row's checksum, in bytes.
const SUM: usize = 8;

type Sum = [u8; SUM];

/// Deltas of up to so many bytes are kept as they are.
const FEW: usize = 1 << 16;

/// The rows of one object.
struct Stored {
    vector: Vector,
    /// The number of the next delta.
    next: u64,
    /// The bytes of the first delta, and of the later ones.
    whole: usize,
    since: usize,
    /// The checksum of the last row.
    sum: Sum,
    /// The openings at that vector: other openings mean that a fork was healed.
    openings: Fingerprint,
}

impl Stored {
    fn nothing() -> Self {
        let (vector, sum) = (Vector::default(), Sum::default());
        let openings = Openings::default().fingerprint();
        Self { vector, next: 0, whole: 0, since: 0, sum, openings }
    }
}

/// A database that closes without a panic. Everything committed is already on the disk; in a
/// damaged file closing may only fail on the database's own bookkeeping.
struct Closing(Option<Database>);

impl std::ops::Deref for Closing {
    type Target = Database;

    fn deref(&self) -> &Database {
        self.0.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        let database = self.0.take();
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(database)));
    }
}

/// A replica's file, locked.
pub struct Store {
    database: Closing,
    path: PathBuf,
    objects: BTreeMap<ObjectId, Stored>,
    next_event: u64,
    is_recording: bool,
}

impl Store {
    /// Creates the file of a new replica, whole or not at all.
    pub fn create(path: &Path, name: &str, is_recording: bool) -> Result<()> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let unmade = |error: std::io::Error| Failure::file(path, &error);
        let draft = tempfile::NamedTempFile::new_in(folder).map_err(unmade)?;
        let failed = |error: redb::Error| Failure::store(path, &error);
        let database = builder().create(draft.path()).map_err(|error| failed(error.into()))?;
        let incarnation = new_incarnation(0)?;
        let write = || -> std::result::Result<(), redb::Error> {
            let transaction = database.begin_write()?;
            {
                let mut about = transaction.open_table(ABOUT)?;
                about.insert("format", FORMAT)?;
                for (key, value) in [
                    ("name", name.as_bytes()),
                    ("incarnation", &incarnation.to_le_bytes()),
                    ("records", &[u8::from(is_recording)]),
                    ("ends", &[]),
                ] {
                    about.insert(key, &seal(Sum::default(), key, 0, value)[..])?;
                }
                transaction.open_table(DELTAS)?;
                transaction.open_table(EVENTS)?;
            }
            Ok(transaction.commit()?)
        };
        write().map_err(failed)?;
        drop(database);
        draft.persist_noclobber(path).map_err(|error| unmade(error.error))?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(unmade)
    }

    /// Opens the file of a replica, and reads the replica.
    pub fn open(path: &Path) -> Result<(Self, Node)> {
        // The database would turn an empty file into a database; only `create` may do that.
        let length = std::fs::metadata(path).map_err(|error| Failure::file(path, &error))?.len();
        if length == 0 {
            return Err(Failure::foreign(path, "it is empty"));
        }
        let (database, read) = read_file(path)?;
        if let Some(damage) = read.damage {
            return Err(Failure::damaged(path, &damage));
        }
        let mut objects: Objects<str, str> = Objects::new();
        let mut stored = BTreeMap::new();
        for (name, kind) in schema().types() {
            objects.insert(name.clone(), Object::bottom(kind));
            stored.insert(name, Stored::nothing());
        }
        for Row { name, number, bytes, sum } in read.deltas {
            let (Some(object), Some(of)) = (objects.get_mut(&*name), stored.get_mut(&*name)) else {
                let what = format!("it has an object {name:?}, which this version does not know");
                return Err(Failure::foreign(path, &what));
            };
            let delta = Delta::decode(object.kind(), &bytes, &DecodeContext::default());
            let taken = delta.map_err(|error| error.to_string()).and_then(|delta| {
                object.apply(delta).map_err(|reason| format!("{reason:?}")).map(drop)
            });
            if let Err(reason) = taken {
                let what = format!("what it has of the object {name:?} cannot be read: {reason}");
                return Err(Failure::damaged(path, &what));
            }
            let length = if of.next == 0 { &mut of.whole } else { &mut of.since };
            *length += bytes.len();
            of.next = number + 1;
            of.sum = sum;
        }
        for (name, of) in &mut stored {
            of.vector = objects[name].vector();
            of.openings = objects[name].openings().fingerprint();
        }
        let replica = ReplicaId::new(read.name)
            .map_err(|error| Failure::damaged(path, &error.to_string()))?;
        let origin = Origin { replica, incarnation: read.incarnation };
        let mut replica = Node::restored(origin, objects);
        let random = getrandom::u64().map_err(|error| Failure::randomness(&error))?;
        replica.open(random).map_err(|error| Failure::randomness(&error))?;
        let path = path.to_path_buf();
        let Read { next_event, is_recording, .. } = read;
        Ok((Self { database, path, objects: stored, next_event, is_recording }, replica))
    }

    /// Whether the replica records its operations and answers.
    pub fn is_recording(&self) -> bool {
        self.is_recording
    }

    /// The classes with changes that are not stored yet, one bit each.
    pub fn changed(&self, replica: &Node) -> u8 {
        let schema = schema();
        let changed = self
            .objects
            .iter()
            .filter(|(name, of)| replica.object(name).is_ok_and(|object| of.is_behind(object)));
        let class = |name: &ObjectId| schema.get(name).map_or(0, |entry| 1 << entry.priority as u8);
        changed.map(|(name, _)| class(name)).fold(0, |all, class| all | class)
    }

    /// Puts the changes and the events on the disk: all of them, or none if this fails.
    ///
    /// Cost: O(changes) and O(objects), and a wait for the disk if anything changed.
    pub fn commit(&mut self, replica: &Node, events: &[String]) -> Result<()> {
        let has_changed =
            |(name, object): &(&ObjectId, &Object<str, str>)| match self.objects.get(*name) {
                Some(of) => of.is_behind(object),
                None => false,
            };
        let changed: Vec<_> = replica.objects().iter().filter(has_changed).collect();
        if changed.is_empty() && events.is_empty() {
            return Ok(());
        }
        let Self { database, path, objects, next_event, is_recording } = self;
        let is_written = std::cell::Cell::new(false);
        let write = || -> std::result::Result<(), redb::Error> {
            let transaction = database.begin_write()?;
            for (name, object) in changed {
                if let Some(of) = objects.get_mut(name) {
                    of.write(name, object, &transaction)?;
                }
            }
            if *is_recording {
                let mut table = transaction.open_table(EVENTS)?;
                for event in events {
                    let row = seal(Sum::default(), "events", *next_event, event.as_bytes());
                    table.insert(*next_event, &row[..])?;
                    *next_event += 1;
                }
            }
            let ends = seal(Sum::default(), "ends", 0, &write_ends(objects, *next_event));
            transaction.open_table(ABOUT)?.insert("ends", &ends[..])?;
            // If only this fails, it is not known whether the commit is on the disk.
            is_written.set(true);
            Ok(transaction.commit()?)
        };
        // A damaged file may have bookkeeping that only writing meets.
        let written = std::panic::catch_unwind(std::panic::AssertUnwindSafe(write));
        let Ok(written) = written else {
            return Err(Failure::damaged(path, "its free space is not marked as it was written"));
        };
        written.map_err(|error| match is_written.get() {
            false => Failure::store(path, &error),
            true => Failure::unknown(path, &error),
        })
    }

    /// Gives the replica an incarnation that was never used. This is for a file that was copied, or
    /// restored from a backup: others may know operations of its incarnation that it lacks.
    pub fn renew(&mut self, replica: &Node) -> Result<u64> {
        let incarnation = new_incarnation(replica.origin().incarnation)?;
        let write = || -> std::result::Result<(), redb::Error> {
            let transaction = self.database.begin_write()?;
            let row = seal(Sum::default(), "incarnation", 0, &incarnation.to_le_bytes());
            transaction.open_table(ABOUT)?.insert("incarnation", &row[..])?;
            Ok(transaction.commit()?)
        };
        write().map_err(|error| Failure::store(&self.path, &error))?;
        Ok(incarnation)
    }

    /// The recorded events.
    pub fn events(&self) -> Result<Vec<String>> {
        let read = || -> std::result::Result<Vec<Option<String>>, redb::Error> {
            let table = self.database.begin_read()?.open_table(EVENTS)?;
            let mut lines = Vec::new();
            for entry in table.iter()? {
                let (number, row) = entry?;
                let line = unseal(Sum::default(), "events", number.value(), row.value());
                lines.push(line.and_then(|line| String::from_utf8(line.to_vec()).ok()));
            }
            Ok(lines)
        };
        let lines = read().map_err(|error| Failure::store(&self.path, &error))?;
        let is_whole = lines.len() as u64 == self.next_event;
        let whole: Option<Vec<String>> = lines.into_iter().collect();
        whole.filter(|_| is_whole).ok_or_else(|| {
            Failure::damaged(&self.path, "its recorded events do not match their checksums")
        })
    }

    /// Makes a new file of what is intact in a damaged one: the replica's name, and the rows of
    /// each object before the first damaged one. The replica goes on under a new incarnation, and a
    /// peer brings back what is missing. Returns how many rows were rescued, and what was damaged.
    ///
    /// # Errors
    /// If the file cannot be read at all, or the new one cannot be created.
    pub fn salvage(path: &Path, to: &Path) -> Result<(usize, Option<String>)> {
        let (database, read) = read_file(path)?;
        drop(database);
        Self::create(to, &read.name, false)?;
        let (mut store, mut replica) = Self::open(to)?;
        let mut objects = replica.objects().clone();
        let mut taken = 0;
        let mut damage = read.damage;
        for Row { name, bytes, .. } in read.deltas {
            let Some(object) = objects.get_mut(&*name) else { continue };
            let delta = Delta::decode(object.kind(), &bytes, &DecodeContext::default());
            let applied = delta
                .map_err(|error| error.to_string())
                .and_then(|delta| object.apply(delta).map_err(|reason| format!("{reason:?}")));
            match applied {
                Ok(_) => taken += 1,
                Err(reason) => {
                    damage.get_or_insert(format!("a row of the object {name:?}: {reason}"));
                }
            }
        }
        replica = Node::restored(replica.origin().clone(), objects);
        store.commit(&replica, &[])?;
        Ok((taken, damage))
    }
}

impl Stored {
    /// Whether the object has changes that are not stored.
    fn is_behind(&self, object: &Object<str, str>) -> bool {
        self.vector != object.vector() || self.openings != object.openings().fingerprint()
    }

    /// Appends the changes; or writes the whole state, if that is shorter to keep.
    fn write(
        &mut self,
        name: &str,
        object: &Object<str, str>,
        transaction: &WriteTransaction,
    ) -> std::result::Result<(), redb::Error> {
        let mut table = transaction.open_table(DELTAS)?;
        let encode = |since: &Vector| {
            object.delta_since(since).encode(OriginEncoding::Inline, BaseEncoding::Inline)
        };
        let delta = encode(&self.vector);
        // After a healed fork, operations have other names than in the earlier rows.
        let is_renamed = !object.extends(&self.vector, &self.openings);
        if is_renamed || self.since + delta.len() > self.whole.max(FEW) {
            let all = encode(&Vector::default());
            table.retain_in((name, 0)..=(name, u64::MAX), |_, _| false)?;
            let row = seal(Sum::default(), name, 0, &all);
            table.insert((name, 0), &row[..])?;
            (self.next, self.whole, self.since, self.sum) = (1, all.len(), 0, sum_of(&row));
        } else {
            let row = seal(self.sum, name, self.next, &delta);
            table.insert((name, self.next), &row[..])?;
            let length = if self.next == 0 { &mut self.whole } else { &mut self.since };
            *length += delta.len();
            self.next += 1;
            self.sum = sum_of(&row);
        }
        self.vector = object.vector();
        self.openings = object.openings().fingerprint();
        Ok(())
    }
}

// Checksums

/// A row: its content, and a checksum over the row before it, its key, and the content.
fn seal(before: Sum, key: &str, number: u64, bytes: &[u8]) -> Vec<u8> {
    [bytes, &checksum(before, key, number, bytes)].concat()
}

/// The content of a row; `None` if its checksum does not match.
fn unseal<'a>(before: Sum, key: &str, number: u64, row: &'a [u8]) -> Option<&'a [u8]> {
    let (bytes, sum) = row.split_last_chunk::<SUM>()?;
    (*sum == checksum(before, key, number, bytes)).then_some(bytes)
}

fn sum_of(row: &[u8]) -> Sum {
    row.last_chunk::<SUM>().copied().unwrap_or_default()
}

fn checksum(before: Sum, key: &str, number: u64, bytes: &[u8]) -> Sum {
    let mut hasher = blake3::Hasher::new_derive_key("rejoin store 2 row");
    hasher.update(&before);
    hasher.update(&(key.len() as u64).to_le_bytes());
    hasher.update(key.as_bytes());
    hasher.update(&number.to_le_bytes());
    hasher.update(bytes);
    sum_of(hasher.finalize().as_bytes())
}

/// The row that says where each object's rows end, and the events: number and checksum.
fn write_ends(objects: &BTreeMap<ObjectId, Stored>, next_event: u64) -> Vec<u8> {
    let mut out = next_event.to_le_bytes().to_vec();
    for (name, of) in objects.iter().filter(|(_, of)| of.next > 0) {
        out.extend((name.len() as u64).to_le_bytes());
        out.extend(name.as_bytes());
        out.extend(of.next.to_le_bytes());
        out.extend(of.sum);
    }
    out
}

/// A builder of databases with a small cache: the replica is in memory anyway.
fn builder() -> redb::Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(16 << 20);
    builder
}

/// A row of an object whose checksum matches.
struct Row {
    name: String,
    number: u64,
    bytes: Vec<u8>,
    sum: Sum,
}

/// The content of a file.
struct Read {
    name: String,
    incarnation: u64,
    is_recording: bool,
    /// The rows of each object before the first damaged one.
    deltas: Vec<Row>,
    next_event: u64,
    /// The first damage that was found.
    damage: Option<String>,
}

/// Opens a file and reads it. The database may panic at bytes that it never wrote.
fn read_file(path: &Path) -> Result<(Closing, Read)> {
    let opened = std::panic::catch_unwind(|| -> Result<(Closing, Read)> {
        let database = match builder().open(path) {
            Ok(database) => Closing(Some(database)),
            Err(redb::DatabaseError::DatabaseAlreadyOpen) => return Err(Failure::locked(path)),
            Err(error) => return Err(Failure::store(path, &error.into())),
        };
        let read = read(path, &database)?;
        Ok((database, read))
    });
    opened.unwrap_or_else(|_| {
        Err(Failure::damaged(path, "its database has bytes that were never written so"))
    })
}

fn read(path: &Path, database: &Database) -> Result<Read> {
    let failed = |error: redb::Error| Failure::store(path, &error);
    let damaged = |what: &str| Failure::damaged(path, what);
    let transaction = database.begin_read().map_err(|error| failed(error.into()))?;
    let about = transaction.open_table(ABOUT).map_err(|error| failed(error.into()))?;
    let row = |key: &str| -> Result<Option<Vec<u8>>> {
        let row = about.get(key).map_err(|error| failed(error.into()))?;
        Ok(row.map(|row| row.value().to_vec()))
    };
    let Some(format) = row("format")? else {
        return Err(Failure::foreign(path, "it is a database of another program"));
    };
    if format != FORMAT {
        return Err(Failure::foreign(path, "it has another format than this version writes"));
    }
    let about = |key: &str| -> Result<Vec<u8>> {
        let sealed = row(key)?.unwrap_or_default();
        let bytes = unseal(Sum::default(), key, 0, &sealed);
        bytes
            .map(<[u8]>::to_vec)
            .ok_or_else(|| damaged(&format!("its {key} does not match its checksum")))
    };
    let incarnation = <[u8; 8]>::try_from(about("incarnation")?);
    let incarnation = incarnation.map_err(|_| damaged("its incarnation has another length"))?;
    let incarnation = u64::from_le_bytes(incarnation);
    let name = String::from_utf8(about("name")?).map_err(|_| damaged("its name is no text"))?;
    let is_recording = about("records")? == [1];
    let (ends, mut damage) = match about("ends") {
        Ok(ends) => (ends, None),
        Err(failure) => (Vec::new(), Some(failure.message)),
    };

    let mut deltas: Vec<Row> = Vec::new();
    let mut skipped: Option<String> = None;
    let mut ended: BTreeMap<ObjectId, Stored> = BTreeMap::new();
    let table = transaction.open_table(DELTAS).map_err(|error| failed(error.into()))?;
    for entry in table.iter().map_err(|error| failed(error.into()))? {
        let (key, sealed) = entry.map_err(|error| failed(error.into()))?;
        let (object, number) = key.value();
        if skipped.as_deref() == Some(object) {
            continue;
        }
        let of = ended.entry(object.into()).or_insert_with(Stored::nothing);
        let bytes = unseal(of.sum, object, number, sealed.value());
        match bytes.filter(|_| number == of.next) {
            Some(bytes) => {
                (of.next, of.sum) = (number + 1, sum_of(sealed.value()));
                let (name, bytes) = (object.to_string(), bytes.to_vec());
                deltas.push(Row { name, number, bytes, sum: of.sum });
            }
            None => {
                skipped = Some(object.into());
                damage.get_or_insert(format!(
                    "row {number} of the object {object:?} does not match its checksum"
                ));
            }
        }
    }
    let next_event = ends.first_chunk().map_or(0, |next| u64::from_le_bytes(*next));
    if damage.is_none() && !ends.is_empty() && write_ends(&ended, next_event) != ends {
        damage = Some("rows of an object are missing at its end".into());
    }
    let table = transaction.open_table(EVENTS).map_err(|error| failed(error.into()))?;
    let mut events = 0;
    for entry in table.iter().map_err(|error| failed(error.into()))? {
        let (number, sealed) = entry.map_err(|error| failed(error.into()))?;
        let line = unseal(Sum::default(), "events", number.value(), sealed.value());
        if number.value() != events || line.is_none() {
            damage
                .get_or_insert(format!("event {events} of its record does not match its checksum"));
            break;
        }
        events += 1;
    }
    if damage.is_none() && events != next_event {
        damage = Some("events are missing at the end of its record".into());
    }
    Ok(Read { name, incarnation, is_recording, deltas, next_event, damage })
}

/// An incarnation above `last` that no other copy of the file takes. It is made of the time and of
/// random bits, since two copies may be restored in one millisecond, or on a machine whose clock
/// was set back.
fn new_incarnation(last: u64) -> Result<u64> {
    let random = getrandom::u32().map_err(|error| Failure::randomness(&error))? % (1 << 16);
    let new = (super::now() << 16) | u64::from(random);
    Ok(new.max(last.saturating_add(1 + u64::from(random))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rejoin::operation::Operation;

    /// A file with edits of every object, and its state after each commit.
    fn filled(folder: &Path) -> (PathBuf, Vec<String>) {
        let path = folder.join("a.db");
        Store::create(&path, "a", true).unwrap();
        let (mut store, mut replica) = Store::open(&path).unwrap();
        let mut held_then = vec![held(&mut replica)];
        for number in 0..40_u64 {
            let text = format!("message number {number} of the talk");
            let key = format!("key {}", number % 7);
            let (timestamp, user) = (number + 1, Some("ann".into()));
            let put = Operation::Put { key: &*key, value: Some(&*text), timestamp };
            replica.perform("progress/tables", put, user.clone()).unwrap();
            let append = Operation::Append { entry: Some(&*text), timestamp };
            replica.perform("conversation", append, None).unwrap();
            replica.perform("approved", Operation::Add { element: &*key }, user).unwrap();
            replica.perform("metrics", Operation::Increment { amount: number + 1 }, None).unwrap();
            store.commit(&replica, &[format!("event {number}")]).unwrap();
            held_then.push(held(&mut replica));
        }
        (path, held_then)
    }

    fn held(replica: &mut Node) -> String {
        format!("{:?} {:?}", replica.state_hash(), replica.seen())
    }

    /// A damaged file reads as nothing, or as exactly what was stored. A damaged header may bring
    /// back an earlier commit, as if the disk had been restored; openings distinguish that from
    /// later commits.
    #[test]
    fn a_changed_byte_is_found_or_does_not_matter() {
        let folder = tempfile::tempdir().unwrap();
        let (path, held_then) = filled(folder.path());
        let whole = held_then.last().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let tries = std::env::var("REJOIN_FLIPS").map_or(100, |tries| tries.parse().unwrap());
        let damaged = folder.path().join("damaged.db");
        let (mut found, mut same, mut older) = (0, 0, 0);
        let mut random = rejoin_harness::Rng::new(7);
        // Only the pages with content: flips in empty ones show nothing.
        let used: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
        for _ in 0..tries {
            let at = used[random.below(used.len() as u64) as usize];
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << random.below(8);
            std::fs::write(&damaged, flipped).unwrap();
            match Store::open(&damaged) {
                Ok((store, mut replica)) => {
                    let held = held(&mut replica);
                    assert!(held_then.contains(&held), "byte {at} was changed, and nobody noticed");
                    if let Ok(events) = store.events() {
                        let are_all =
                            |(number, event): (usize, &String)| *event == format!("event {number}");
                        assert!(events.iter().enumerate().all(are_all), "byte {at}: an event");
                    }
                    let is_older = held != *whole;
                    older += usize::from(is_older);
                    same += usize::from(!is_older);
                }
                Err(failure) => {
                    assert!(!failure.message.is_empty());
                    found += 1;
                }
            }
        }
        println!(
            "{tries} files: {found} found damaged, {same} as before, {older} at an earlier commit"
        );
        assert!(found > 0);
    }

    #[test]
    fn what_is_whole_is_salvaged() {
        let folder = tempfile::tempdir().unwrap();
        let (path, _) = filled(folder.path());
        let mut bytes = std::fs::read(&path).unwrap();
        let text = b"message number 24 of the talk";
        let places = bytes.windows(text.len()).enumerate().filter(|(_, window)| window == text);
        let places: Vec<usize> = places.map(|(at, _)| at).collect();
        places.iter().for_each(|at| bytes[*at] = b'M');
        std::fs::write(&path, bytes).unwrap();
        let failure = Store::open(&path).err().expect("it is damaged");
        assert!(failure.message.contains("does not match its checksum"), "{}", failure.message);
        assert!(failure.message.contains("salvage"), "{}", failure.message);
        let to = folder.path().join("new.db");
        let (rows, damage) = Store::salvage(&path, &to).unwrap();
        assert!(rows > 80 && damage.is_some(), "{rows} rows, {damage:?}");
        let (_, replica) = Store::open(&to).unwrap();
        assert!(
            replica.vector("metrics").unwrap().iter().map(|(_, count)| count).sum::<u64>() == 40
        );
    }
}
