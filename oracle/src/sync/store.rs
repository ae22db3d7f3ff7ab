//! The store: a replica in a file that a kill at any time does not harm.
//!
//! The file is a `redb` database. Each commit appends what changed in each object since the last
//! one, as a delta, and returns when it is on the disk. So a commit costs what changed. Opening
//! takes the deltas in again, in their order; when they have grown longer than the whole state was,
//! the whole state takes their place.
//!
//! The file is locked while it is open, and what was committed is there: so a replica that is opened
//! goes on under its incarnation. That the file was copied, or put back from a backup, cannot be
//! seen from within; [`Store::renew`] is for that.

use super::failure::{Failure, Result};
use super::{Node, schema};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use rejoin::dot::{Origin, ReplicaId};
use rejoin::operation::ObjectId;
use rejoin::optimized::Vector;
use rejoin::optimized::replica::{Delta, Object, Objects};
use rejoin::optimized::wire::{BaseEncoding, DecodeContext, OriginEncoding};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// What the file is, and whose.
const ABOUT: TableDefinition<&str, &[u8]> = TableDefinition::new("about");
/// The deltas of each object, by object and number.
const DELTAS: TableDefinition<(&str, u64), &[u8]> = TableDefinition::new("deltas");
/// What happened, where it is recorded, line by line.
const EVENTS: TableDefinition<u64, &str> = TableDefinition::new("events");

/// The format of the file.
const FORMAT: &[u8] = b"rejoin store 1";

/// Deltas of so many bytes are never too many.
const FEW: usize = 1 << 16;

/// What is stored of an object.
struct Stored {
    vector: Vector,
    /// The number of the next delta.
    next: u64,
    /// The bytes of the first delta, and of those after it.
    whole: usize,
    since: usize,
}

/// A replica's file, locked.
pub struct Store {
    database: Database,
    path: PathBuf,
    objects: BTreeMap<ObjectId, Stored>,
    next_event: u64,
    is_recording: bool,
}

impl Store {
    /// Makes the file of a new replica. It is there whole, or not at all.
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
                about.insert("name", name.as_bytes())?;
                about.insert("incarnation", &incarnation.to_le_bytes()[..])?;
                about.insert("records", &[u8::from(is_recording)][..])?;
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
        // The database makes a file of an empty one; that is for `create` alone.
        let length = std::fs::metadata(path).map_err(|error| Failure::file(path, &error))?.len();
        if length == 0 {
            return Err(Failure::foreign(path, "it is empty"));
        }
        let database = match builder().open(path) {
            Ok(database) => database,
            Err(redb::DatabaseError::DatabaseAlreadyOpen) => return Err(Failure::locked(path)),
            Err(error) => return Err(Failure::store(path, &error.into())),
        };
        let read = read(&database).map_err(|error| Failure::store(path, &error))?;
        if read.format != FORMAT {
            return Err(Failure::foreign(path, "it is a database of another program"));
        }
        let mut objects: Objects<str, str> = Objects::new();
        let mut stored = BTreeMap::new();
        for (name, kind) in schema().types() {
            objects.insert(name.clone(), Object::bottom(kind));
            stored.insert(name, Stored { vector: Vector::default(), next: 0, whole: 0, since: 0 });
        }
        for (name, number, bytes) in read.deltas {
            let (Some(object), Some(of)) = (objects.get_mut(&*name), stored.get_mut(&*name)) else {
                let what = format!("it has an object {name:?}, which this version does not know");
                return Err(Failure::foreign(path, &what));
            };
            let delta = Delta::decode(object.kind(), &bytes, &DecodeContext::default());
            let taken = delta.map_err(|error| error.to_string()).and_then(|delta| {
                object.apply(delta).map_err(|reason| format!("{reason:?}")).map(drop)
            });
            if let Err(reason) = taken {
                let what = format!("what it has of the object {name:?} is damaged: {reason}");
                return Err(Failure::foreign(path, &what));
            }
            let length = if of.next == 0 { &mut of.whole } else { &mut of.since };
            *length += bytes.len();
            of.next = number + 1;
        }
        for (name, of) in &mut stored {
            of.vector = objects[name].vector();
        }
        let replica = ReplicaId::new(read.name)
            .map_err(|error| Failure::foreign(path, &format!("it is damaged: {error}")))?;
        let origin = Origin { replica, incarnation: read.incarnation };
        let replica = Node::restored(origin, objects);
        let path = path.to_path_buf();
        let Read { next_event, is_recording, .. } = read;
        Ok((Self { database, path, objects: stored, next_event, is_recording }, replica))
    }

    /// Whether the replica records what happens.
    pub fn is_recording(&self) -> bool {
        self.is_recording
    }

    /// The classes with a change that is not stored yet, one bit each.
    pub fn changed(&self, replica: &Node) -> u8 {
        let schema = schema();
        let changed = self.objects.iter().filter(|(name, of)| {
            replica.object(name).is_ok_and(|object| object.vector() != of.vector)
        });
        let class = |name: &ObjectId| schema.get(name).map_or(0, |entry| 1 << entry.priority as u8);
        changed.map(|(name, _)| class(name)).fold(0, |all, class| all | class)
    }

    /// Puts what changed on the disk, and the events with it: all of it, or where this fails
    /// nothing.
    ///
    /// Cost: O(changes) and O(objects), and a wait for the disk where anything changed.
    pub fn commit(&mut self, replica: &Node, events: &[String]) -> Result<()> {
        let has_changed =
            |(name, object): &(&ObjectId, &Object<str, str>)| match self.objects.get(*name) {
                Some(of) => of.vector != object.vector(),
                None => false,
            };
        let changed: Vec<_> = replica.objects().iter().filter(has_changed).collect();
        if changed.is_empty() && events.is_empty() {
            return Ok(());
        }
        let Self { database, path, objects, next_event, is_recording } = self;
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
                    table.insert(*next_event, event.as_str())?;
                    *next_event += 1;
                }
            }
            Ok(transaction.commit()?)
        };
        write().map_err(|error| Failure::store(path, &error))
    }

    /// Gives the replica an incarnation that was never used. For a file that was copied, or put back
    /// from a backup: others may know operations of its incarnation that it does not.
    pub fn renew(&mut self, replica: &Node) -> Result<u64> {
        let incarnation = new_incarnation(replica.origin().incarnation)?;
        let write = || -> std::result::Result<(), redb::Error> {
            let transaction = self.database.begin_write()?;
            transaction.open_table(ABOUT)?.insert("incarnation", &incarnation.to_le_bytes()[..])?;
            Ok(transaction.commit()?)
        };
        write().map_err(|error| Failure::store(&self.path, &error))?;
        Ok(incarnation)
    }

    /// What was recorded.
    pub fn events(&self) -> Result<Vec<String>> {
        let read = || -> std::result::Result<Vec<String>, redb::Error> {
            let table = self.database.begin_read()?.open_table(EVENTS)?;
            let line = |entry: std::result::Result<(_, redb::AccessGuard<'_, &str>), _>| {
                entry.map(|(_, line): (redb::AccessGuard<'_, u64>, _)| line.value().to_string())
            };
            let lines: std::result::Result<_, redb::StorageError> =
                table.iter()?.map(line).collect();
            Ok(lines?)
        };
        read().map_err(|error| Failure::store(&self.path, &error))
    }
}

impl Stored {
    /// Adds what changed; or all there is, where that is shorter to keep.
    fn write(
        &mut self,
        name: &str,
        object: &Object<str, str>,
        transaction: &WriteTransaction,
    ) -> std::result::Result<(), redb::Error> {
        let mut table = transaction.open_table(DELTAS)?;
        let news =
            object.delta_since(&self.vector).encode(OriginEncoding::Inline, BaseEncoding::Inline);
        if self.since + news.len() > self.whole.max(FEW) {
            let all = object
                .delta_since(&Vector::default())
                .encode(OriginEncoding::Inline, BaseEncoding::Inline);
            table.retain_in((name, 0)..=(name, u64::MAX), |_, _| false)?;
            table.insert((name, 0), &all[..])?;
            (self.next, self.whole, self.since) = (1, all.len(), 0);
        } else {
            table.insert((name, self.next), &news[..])?;
            let length = if self.next == 0 { &mut self.whole } else { &mut self.since };
            *length += news.len();
            self.next += 1;
        }
        self.vector = object.vector();
        Ok(())
    }
}

/// Databases with a small cache: what a replica holds is in memory as it is.
fn builder() -> redb::Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(16 << 20);
    builder
}

/// What a file has.
struct Read {
    format: Vec<u8>,
    name: String,
    incarnation: u64,
    is_recording: bool,
    deltas: Vec<(String, u64, Vec<u8>)>,
    next_event: u64,
}

fn read(database: &Database) -> std::result::Result<Read, redb::Error> {
    let transaction = database.begin_read()?;
    let foreign = || redb::Error::TableDoesNotExist("about".into());
    let about = transaction.open_table(ABOUT)?;
    let about = |name: &str| -> std::result::Result<Vec<u8>, redb::Error> {
        Ok(about.get(name)?.ok_or_else(foreign)?.value().to_vec())
    };
    let mut deltas = Vec::new();
    for entry in transaction.open_table(DELTAS)?.iter()? {
        let (key, bytes) = entry?;
        let (name, number) = key.value();
        deltas.push((name.to_string(), number, bytes.value().to_vec()));
    }
    let last = transaction.open_table(EVENTS)?.last()?.map(|(number, _)| number.value());
    let incarnation = about("incarnation")?.try_into().map_err(|_| foreign())?;
    Ok(Read {
        format: about("format")?,
        name: String::from_utf8_lossy(&about("name")?).into_owned(),
        incarnation: u64::from_le_bytes(incarnation),
        is_recording: about("records")? == [1],
        deltas,
        next_event: last.map_or(0, |last| last + 1),
    })
}

/// An incarnation above `last` that no other copy of the file takes: the time, and randomness, for
/// two copies may be put back in one millisecond, and on one machine whose clock was set back.
fn new_incarnation(last: u64) -> Result<u64> {
    let random = getrandom::u32().map_err(|error| Failure::randomness(&error))? % (1 << 16);
    let new = (super::now() << 16) | u64::from(random);
    Ok(new.max(last.saturating_add(1 + u64::from(random))))
}
