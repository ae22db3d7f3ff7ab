//! The store: a replica in a file that survives a kill at any time.
//!
//! The file is one of [`rejoin_store`], which appends the changes of each object, checks every record
//! when it is opened, and compacts by itself. What a replica records is a note, stored in the same
//! commit as the operations that it is about.
//!
//! The file is locked while it is open, and everything committed is there: so a replica that is
//! opened goes on under its incarnation. Each opening draws random bits, which enter the file with
//! the first operation on each object. So a sync finds a file that was copied, or restored from a
//! backup, and heals the fork. [`Store::renew`] is for users who announce a restore beforehand.

use super::failure::{Failure, Result};
use super::{Node, schema};
use rejoin::dot::{Origin, ReplicaId};
use rejoin::object::Priority;
use rejoin::operation::ObjectId;
use rejoin::optimized::replica::Object;
use rejoin::optimized::{Fingerprint, Vector};
use rejoin_store::journal::Engine;
use rejoin_store::stored::create_file;
use rejoin_store::{Contents, Journal, Note, ReadOnly, Redb, Report};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The note that says whether the replica records: 0 no, 1 yes, 2 no longer, as it was salvaged.
const RECORDING: &str = "recording";
/// The note with the recorded events, line by line.
const EVENTS: &str = "events";

/// A replica's file, locked.
pub struct Store {
    journal: Journal<Redb>,
    path: PathBuf,
    /// What is stored of each object.
    stored: BTreeMap<ObjectId, (Vector, Fingerprint)>,
    /// How much of what is passed on is stored.
    relayed: u64,
    recording: Recording,
}

/// Whether a replica records its operations and answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Recording {
    /// It was made without a record.
    Never = 0,
    /// It records.
    Yes = 1,
    /// It did, and was salvaged: its record lacks what the damage took.
    Ended = 2,
}

impl Recording {
    fn note(self) -> Note {
        Note::Set { name: RECORDING.into(), line: vec![self as u8] }
    }

    fn of(notes: &BTreeMap<String, Vec<Vec<u8>>>) -> Self {
        match notes.get(RECORDING).and_then(|lines| lines.last()).map(Vec::as_slice) {
            Some([1]) => Self::Yes,
            Some([2]) => Self::Ended,
            // The note itself may be what was damaged.
            None if notes.contains_key(EVENTS) => Self::Ended,
            _ => Self::Never,
        }
    }
}

/// What a file holds, for those who only look.
pub struct Held {
    /// The replica.
    pub replica: Node,
    /// Whether it records its operations and answers.
    pub recording: Recording,
    /// The recorded events.
    pub events: Vec<String>,
}

impl Store {
    /// Creates the file of a new replica, whole or not at all.
    pub fn create(path: &Path, name: &str, is_recording: bool) -> Result<()> {
        let replica = ReplicaId::new(name).map_err(|error| Failure::usage(error.to_string()))?;
        let origin = Origin { replica, incarnation: new_incarnation(0)? };
        let schema = schema();
        let replica = Node::new(origin, &schema.types());
        let source = Engine { replica: &replica, schema: &schema };
        let recording = if is_recording { Recording::Yes } else { Recording::Never }.note();
        let fill = |store| Journal::create(store, &source, &[recording]).map(drop);
        create_file(path, fill).map_err(|error| Failure::stored(path, error))
    }

    /// Opens the file of a replica, and reads the replica.
    pub fn open(path: &Path) -> Result<(Self, Node)> {
        let store = Redb::open(path).map_err(|error| Failure::of_store(path, error))?;
        let loaded = Journal::load(store).map_err(|error| Failure::stored(path, error));
        let (mut journal, mut contents) = loaded?;
        let staged = std::mem::take(&mut contents.staged);
        let Held { mut replica, recording, .. } = held(path, contents)?;
        let random = getrandom::u64().map_err(|error| Failure::randomness(&error))?;
        replica.open(random).map_err(|error| Failure::randomness(&error))?;
        for (object, records) in staged {
            // Pieces that are of no use are removed with the next commit.
            replica.restage(&object, records);
        }
        journal.loaded(&Engine { replica: &replica, schema: &schema() });
        let (path, stored) = (path.to_path_buf(), stored(&replica));
        let relayed = replica.relayed().changes();
        Ok((Self { journal, path, stored, relayed, recording }, replica))
    }

    /// Reads the file of a replica. It is not written, and need not be writable.
    pub fn look(path: &Path) -> Result<Held> {
        let store = ReadOnly::open(path).map_err(|error| Failure::of_store(path, error))?;
        let loaded = Journal::load(store).map_err(|error| Failure::stored(path, error));
        let (_, contents) = loaded?;
        held(path, contents)
    }

    /// Whether the replica records its operations and answers.
    pub fn recording(&self) -> Recording {
        self.recording
    }

    /// Whether it records now.
    pub fn is_recording(&self) -> bool {
        self.recording == Recording::Yes
    }

    /// The classes with changes that are not stored yet, one bit each.
    pub fn changed(&self, replica: &Node) -> u8 {
        let schema = schema();
        let class = |name: &ObjectId| schema.get(name).map_or(0, |entry| 1 << entry.priority as u8);
        let objects = replica.objects().iter();
        let changed =
            objects.filter(|(name, object)| self.stored.get(*name) != Some(&state(object)));
        let relays = self.relayed != replica.relayed().changes();
        let relayed = u8::from(relays) << Priority::Medium as u8;
        changed.map(|(name, _)| class(name)).fold(relayed, |all, class| all | class)
    }

    /// Puts the changes and the events on the disk: all of them, or none if this fails.
    ///
    /// Cost: O(changes) and O(objects), and two waits for the disk if anything changed.
    pub fn commit(&mut self, replica: &Node, events: &[String]) -> Result<()> {
        let line =
            |event: &String| Note::Append { name: EVENTS.into(), line: event.as_bytes().into() };
        let notes: Vec<Note> = match self.is_recording() {
            true => events.iter().map(line).collect(),
            false => Vec::new(),
        };
        let schema = schema();
        let committed = self.journal.commit(&Engine { replica, schema: &schema }, &notes);
        if committed.map_err(|error| Failure::of_commit(&self.path, error))? {
            self.stored = stored(replica);
            self.relayed = replica.relayed().changes();
        }
        Ok(())
    }

    /// Gives the replica an incarnation that was never used. This is for a file that was copied, or
    /// restored from a backup: others may know operations of its incarnation that it lacks.
    pub fn renew(&mut self, replica: &Node) -> Result<u64> {
        let incarnation = new_incarnation(replica.origin().incarnation)?;
        let origin = Origin { incarnation, ..replica.origin().clone() };
        let replica = Node::restored(origin, replica.objects().clone())
            .with_relayed(replica.relayed().clone());
        let schema = schema();
        let rewritten = self.journal.rewrite(&Engine { replica: &replica, schema: &schema });
        rewritten.map_err(|error| Failure::of_commit(&self.path, error))?;
        Ok(incarnation)
    }

    /// Makes a new file of what is intact in a damaged one: of each object the records before the
    /// first damaged one. It is an older state of the replica; a peer brings back what is missing. One
    /// that recorded does so no longer: its record lacks what the damage took, and a trace with a gap
    /// proves nothing. Returns whether that is so.
    ///
    /// # Errors
    /// If the file cannot be read at all, or the new one cannot be created.
    pub fn salvage(path: &Path, to: &Path) -> Result<(Report, Recording)> {
        let mut recording = Recording::Never;
        let salvaged = rejoin_store::salvage_with(path, to, |notes| {
            recording = match Recording::of(notes) {
                Recording::Never => Recording::Never,
                Recording::Yes | Recording::Ended => Recording::Ended,
            };
            notes.insert(RECORDING.into(), vec![vec![recording as u8]]);
        });
        let report = salvaged.map_err(|error| Failure::stored(path, error))?;
        Ok((report, recording))
    }
}

/// The replica that a file holds, with the objects of this version's schema.
fn held(path: &Path, contents: Contents) -> Result<Held> {
    let Contents { state, notes, .. } = contents;
    let objects = state.objects;
    let types = schema().types();
    if let Some(name) = objects
        .iter()
        .find_map(|(name, object)| (types.get(name) != Some(&object.kind())).then_some(name))
    {
        let what = format!("it has an object {name:?}, which this version does not know");
        return Err(Failure::foreign(path, &what));
    }
    let lines = notes.get(EVENTS).into_iter().flatten();
    let events = lines.map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    let recording = Recording::of(&notes);
    let mut replica = Node::restored(state.origin, objects).with_relayed(state.relayed);
    for (name, kind) in types {
        if replica.object(&name).is_err() {
            replica.add(name, kind);
        }
    }
    Ok(Held { replica, recording, events })
}

fn state(object: &Object) -> (Vector, Fingerprint) {
    (object.vector(), object.openings().fingerprint())
}

fn stored(replica: &Node) -> BTreeMap<ObjectId, (Vector, Fingerprint)> {
    replica.objects().iter().map(|(name, object)| (name.clone(), state(object))).collect()
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
    use rejoin::sync::{Config, Session};

    #[test]
    fn what_is_intact_is_salvaged_and_records_no_longer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        Store::create(&path, "a", true).unwrap();
        let (mut store, mut replica) = Store::open(&path).unwrap();
        for number in 0..40_u64 {
            let text = format!("message number {number} of the talk");
            let append = Operation::Append { entry: Some(&*text), timestamp: number + 1 };
            replica.perform("conversation", append, None).unwrap();
            replica.perform("metrics", Operation::Increment { amount: 1 }, None).unwrap();
            store.commit(&replica, &[format!("event {number}")]).unwrap();
        }
        assert_eq!(store.changed(&replica), 0);
        drop(store);
        let held = Store::look(&path).unwrap();
        assert!(held.recording == Recording::Yes && held.events.len() == 40);
        assert_eq!(held.events[7], "event 7");
        let mut bytes = std::fs::read(&path).unwrap();
        let text = b"message number 24 of the talk";
        let places = bytes.windows(text.len()).enumerate().filter(|(_, window)| window == text);
        let places: Vec<usize> = places.map(|(at, _)| at).collect();
        places.iter().for_each(|at| bytes[*at] = b'M');
        std::fs::write(&path, bytes).unwrap();
        let failure = Store::open(&path).err().expect("it is damaged");
        assert!(failure.message.contains("oracle sync salvage"), "{}", failure.message);
        let to = folder.path().join("new.db");
        let (report, recording) = Store::salvage(&path, &to).unwrap();
        assert_eq!(recording, Recording::Ended);
        let is_named = |what: &String| what.contains("record 25 of the object \"conversation\"");
        assert!(report.intact > 80 && report.damage.iter().any(is_named), "{report}");
        let held = Store::look(&to).unwrap();
        assert_eq!(held.recording, Recording::Ended);
        let metrics = held.replica.vector("metrics").unwrap();
        assert_eq!(metrics.iter().map(|(_, count)| count).sum::<u64>(), 40);
        let talk = held.replica.vector("conversation").unwrap();
        assert_eq!(talk.iter().map(|(_, count)| count).sum::<u64>(), 24);
    }

    #[test]
    fn pieces_are_kept_until_the_last_one_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        Store::create(&path, "a", false).unwrap();
        let origin = Origin { replica: ReplicaId::new("b").unwrap(), incarnation: 1 };
        let mut server = Node::new(origin, &schema().types());
        for number in 0..100_u64 {
            let (key, value) = (format!("table {number}"), format!("{number}"));
            let put = Operation::Put { key: &*key, value: Some(&*value), timestamp: number + 1 };
            server.perform("progress/tables", put, None).unwrap();
        }
        let config = Config { max_delta: 1, max_message: 1_024, ..Config::new(schema()) };
        let mut most = 0;
        for sessions in 1.. {
            assert!(sessions < 60, "it comes to no end");
            let (mut store, mut replica) = Store::open(&path).unwrap();
            let kept = replica.staged("progress/tables").map_or(0, |kept| kept.records().len());
            assert!(kept >= most, "{kept} of {most} pieces are kept");
            most = kept;
            let mut here = Session::new(config.clone(), &replica);
            let mut there = Session::new(config.clone(), &server);
            // Of each session few messages arrive.
            for _ in 0..8 {
                if let Some(message) = here.poll_message(&mut replica) {
                    there.handle(&mut server, &message).unwrap();
                }
                if let Some(message) = there.poll_message(&mut server) {
                    here.handle(&mut replica, &message).unwrap();
                    store.commit(&replica, &[]).unwrap();
                }
            }
            if replica.vector("progress/tables").unwrap()
                == server.vector("progress/tables").unwrap()
            {
                assert_eq!(replica.state_hash(), server.state_hash());
                break;
            }
        }
        assert!(most > 20, "{most} pieces");
        let (_, replica) = Store::open(&path).unwrap();
        assert!(replica.all_staged().is_empty());
    }
}
