//! Stored replica: a replica of an application in a store.
//!
//! Meaning: an application changes the replica through [`StoredReplica::change`], which returns when
//! the change is on the disk. So what it reads or sends was stored before.
//! Laws: a change that was acknowledged is there after any crash. One that failed is never sent: the
//! replica answers again once it is stored, or was opened again.
//! Cost: opening costs what the store holds; a change costs what it changes, O(objects), and two waits
//! for the disk.

use crate::journal::{Journal, Note};
use crate::redb::{ReadOnly, Redb};
use crate::store::{CommitError, Store, StoreError};
use rejoin::digest::StateHash;
use rejoin::environment::{Environment, System};
use rejoin::limits::{InvalidName, check_name};
use rejoin::saved::State;
use rejoin::{CreateError, EditError, OpenError, Replica, Schema};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;
use std::{error, fmt};

/// A replica in a store. Each opening draws its own random number, so that a store which was restored
/// from a backup, or copied, is found when it meets somebody; see [`Replica::open`].
#[derive(Debug)]
pub struct StoredReplica<S = Redb> {
    replica: Replica,
    journal: Journal<S>,
    notes: BTreeMap<String, Vec<Vec<u8>>>,
    unsaved: Vec<Note>,
    /// Why the replica in memory may have what the store does not.
    failure: Option<CommitError>,
}

impl StoredReplica<Redb> {
    /// Makes a replica in a file, which is there whole or not at all.
    ///
    /// # Errors
    /// If there is a file, none can be made, or a name is not valid.
    pub fn create(path: &Path, name: &str, schema: &Schema) -> Result<Self, StoredError> {
        let replica = Replica::create(name, schema).map_err(StoredError::Create)?;
        create_file(path, |store| Journal::create(store, &replica, &[]).map(drop))?;
        Self::open(path)
    }

    /// Opens the replica of a file.
    ///
    /// # Errors
    /// If there is no such file, another process has it open, it has no replica, or is damaged.
    pub fn open(path: &Path) -> Result<Self, StoredError> {
        Self::open_in(Redb::open(path)?, Box::new(System))
    }

    /// Opens the replica of a file, or makes one if there is no file. A replica that is there gets the
    /// objects of the schema that it lacks, and keeps its name.
    ///
    /// # Errors
    /// As [`open`](Self::open) and [`create`](Self::create), and if an object is there with another
    /// type.
    pub fn open_or_create(path: &Path, name: &str, schema: &Schema) -> Result<Self, StoredError> {
        let mut stored = match Self::open(path) {
            Err(StoredError::Store(StoreError::Io { kind: io::ErrorKind::NotFound, .. })) => {
                return Self::create(path, name, schema);
            }
            opened => opened?,
        };
        match stored.change(|replica| replica.add_objects(schema)) {
            Ok(()) => Ok(stored),
            Err(ChangeError::Refused(error)) => Err(StoredError::Schema(error)),
            Err(ChangeError::Store(error)) => Err(StoredError::Commit(error)),
        }
    }

    /// Opens the replica of a file to look at it. The file is not written, and need not be writable.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn read(path: &Path) -> Result<SeenReplica, StoredError> {
        let (_, contents) = Journal::load(ReadOnly::open(path)?)?;
        let place = path.display().to_string();
        Ok(SeenReplica { replica: replica_of(&place, contents.state, Box::new(System))? })
    }
}

impl<S: Store> StoredReplica<S> {
    /// Puts a replica into a store that has none.
    ///
    /// # Errors
    /// If the store has one, or cannot be written.
    pub fn create_in(store: S, replica: Replica) -> Result<Self, StoredError> {
        let journal = Journal::create(store, &replica, &[])?;
        let (notes, unsaved) = (BTreeMap::new(), Vec::new());
        Ok(Self { replica, journal, notes, unsaved, failure: None })
    }

    /// Opens the replica of a store, in an environment of the application's own.
    ///
    /// # Errors
    /// If the store has no replica, or is damaged.
    pub fn open_in(store: S, environment: Box<dyn Environment>) -> Result<Self, StoredError> {
        let place = store.place();
        let (mut journal, contents) = Journal::load(store)?;
        let mut replica = replica_of(&place, contents.state, environment)?;
        for (object, records) in contents.staged {
            // Pieces that are of no use are removed with the next change.
            replica.restage(&object, records);
        }
        journal.loaded(&replica);
        let (notes, unsaved) = (contents.notes, Vec::new());
        Ok(Self { replica, journal, notes, unsaved, failure: None })
    }

    /// The replica, to read, and to make updates for others.
    ///
    /// # Errors
    /// If a change could not be stored: what has not been stored must not be sent. Try
    /// [`commit`](Self::commit) again, or open the store again.
    pub fn replica(&self) -> Result<&Replica, CommitError> {
        match &self.failure {
            None => Ok(&self.replica),
            Some(failure) => Err(failure.clone()),
        }
    }

    /// As [`Replica::state_hash`].
    ///
    /// # Errors
    /// As [`replica`](Self::replica).
    pub fn state_hash(&mut self) -> Result<StateHash, CommitError> {
        match &self.failure {
            None => Ok(self.replica.state_hash()),
            Some(failure) => Err(failure.clone()),
        }
    }

    /// Changes the replica: edits it, applies an update, or gives it to a session. When this returns, the
    /// change is on the disk; also where `act` fails and had changed something before.
    ///
    /// # Errors
    /// What `act` returns, or why the change could not be stored.
    pub fn change<T, E>(
        &mut self,
        act: impl FnOnce(&mut Replica) -> Result<T, E>,
    ) -> Result<T, ChangeError<E>> {
        if self.failure.is_some() {
            self.commit()?;
        }
        let acted = act(&mut self.replica);
        self.commit()?;
        acted.map_err(ChangeError::Refused)
    }

    /// Stores what is not stored yet: notes, and what a commit that failed left.
    ///
    /// # Errors
    /// If it cannot be stored, or it is not known whether it is.
    pub fn commit(&mut self) -> Result<(), CommitError> {
        if let Some(failure @ (CommitError::Unknown(_) | CommitError::Moved { .. })) = &self.failure
        {
            return Err(failure.clone());
        }
        let committed = self.journal.commit(&self.replica, &self.unsaved);
        self.failure = committed.err();
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        self.unsaved.clear();
        Ok(())
    }

    /// Sets a note of the application's own, such as the version up to which it has published. It is
    /// stored with the next change, or by [`commit`](Self::commit): both are on the disk, or neither.
    ///
    /// # Errors
    /// If the name has not 1 to 1,024 bytes.
    pub fn set_note(&mut self, name: &str, bytes: &[u8]) -> Result<(), InvalidName> {
        check_name("note", name.as_bytes())?;
        self.notes.insert(name.into(), vec![bytes.into()]);
        self.unsaved.push(Note::Set { name: name.into(), line: bytes.into() });
        Ok(())
    }

    /// A note, as it was set last.
    pub fn note(&self, name: &str) -> Option<&[u8]> {
        self.notes.get(name)?.last().map(Vec::as_slice)
    }

    /// Stores the replica anew, whole, and gives back disk space. Changes do so by themselves as they
    /// accumulate; call this after [`Replica::cut_audit`], whose records are stored until then.
    ///
    /// Cost: O(what the replica holds).
    ///
    /// # Errors
    /// If it cannot be stored. The store has then what it had.
    pub fn compact(&mut self) -> Result<(), StoredError> {
        self.commit()?;
        self.failure = self.journal.rewrite(&self.replica).err();
        if let Some(failure) = &self.failure {
            return Err(StoredError::Commit(failure.clone()));
        }
        Ok(self.journal.store().compact()?)
    }

    /// The store.
    pub fn store(&mut self) -> &mut S {
        self.journal.store()
    }
}

/// A replica that was opened to look at it.
#[derive(Debug)]
pub struct SeenReplica {
    replica: Replica,
}

impl SeenReplica {
    /// As [`Replica::state_hash`].
    pub fn state_hash(&mut self) -> StateHash {
        self.replica.state_hash()
    }
}

impl Deref for SeenReplica {
    type Target = Replica;

    fn deref(&self) -> &Replica {
        &self.replica
    }
}

fn replica_of(
    place: &str,
    state: State,
    environment: Box<dyn Environment>,
) -> Result<Replica, StoredError> {
    let opened = Replica::of_state(environment, state);
    opened.map_err(|error| StoredError::Open { place: place.into(), record: None, error })
}

/// Makes the file of a store, whole or not at all.
///
/// # Errors
/// If there is a file, or none can be made.
pub fn create_file(
    path: &Path,
    fill: impl FnOnce(Redb) -> Result<(), CommitError>,
) -> Result<(), StoredError> {
    let place = path.display().to_string();
    let unmade = |error: io::Error| {
        let (message, kind) = (error.to_string(), error.kind());
        StoredError::Store(StoreError::Io { place: place.clone(), message, kind })
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let draft = tempfile::NamedTempFile::new_in(folder).map_err(unmade)?;
    fill(Redb::create_on(crate::medium::File::at(draft.path()))?)?;
    draft.persist_noclobber(path).map_err(|error| unmade(error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(unmade)
}

/// Why a stored replica was not made or opened.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum StoredError {
    /// The store cannot be made, opened or read.
    Store(StoreError),
    /// What is in the store cannot be opened by this version of the library.
    Open {
        /// Which store.
        place: String,
        /// Which of its records.
        record: Option<String>,
        /// Why.
        error: OpenError,
    },
    /// The replica cannot be made.
    Create(CreateError),
    /// The replica has an object of the schema with another type.
    Schema(EditError),
    /// The replica cannot be stored.
    Commit(CommitError),
}

/// Why a change failed.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ChangeError<E> {
    /// The replica or the application refused it. What was changed before that is stored.
    Refused(E),
    /// It could not be stored, or it is not known whether it is.
    Store(CommitError),
}

impl From<StoreError> for StoredError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<CommitError> for StoredError {
    fn from(error: CommitError) -> Self {
        Self::Commit(error)
    }
}

impl<E> From<CommitError> for ChangeError<E> {
    fn from(error: CommitError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for StoredError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Open { place, record: Some(record), error } => {
                write!(f, "{place}, {record}: {error}")
            }
            Self::Open { place, record: None, error } => write!(f, "{place}: {error}"),
            Self::Create(error) => error.fmt(f),
            Self::Schema(error) => error.fmt(f),
            Self::Commit(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Display> fmt::Display for ChangeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl error::Error for StoredError {}
impl<E: error::Error> error::Error for ChangeError<E> {}
