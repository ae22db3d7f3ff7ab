//! Redb: a store in one file, a database of [redb](https://www.redb.org).
//!
//! Meaning: one table has the records, by stream and number, and one the head. A record is cut into
//! pieces, so that no piece takes a large part of the file for itself.
//! Laws: those of [`Store`]. The file is locked while it is open. It is checked before it is opened for
//! writing, in memory: what the check would repair is not written to a file that is damaged. Reading
//! alone writes nothing.
//! Cost: a commit waits for the disk twice; opening reads the file.
//! Source: redb's design document; its commits are of two phases. With one, a file that was not closed
//! goes back to the commit before the last, silently, where a byte of the last one changes: the
//! database cannot tell that from a commit that was under way. With two it is damaged, and says so.

use crate::medium::{File, Layer, Medium};
use crate::store::{Batch, Change, CommitError, Record, Store, StoreError};
use ::redb::{
    Builder, Database, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition,
    TableError,
};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

type Failed = ::redb::Error;

/// The place of a piece: stream, number of the record, and number of the piece in the record.
type Place<'a> = (&'a str, u64, u64);

/// The head.
const HEAD: TableDefinition<&str, &[u8]> = TableDefinition::new("head");
/// The pieces of the records, by their places.
const RECORDS: TableDefinition<Place, &[u8]> = TableDefinition::new("records");

/// How many bytes a piece has; the last one has fewer.
const PIECE: usize = 1900;

/// How many bytes the database may keep in memory: the replica is in memory anyway.
const CACHE: usize = 16 << 20;

/// A store in a file, open for writing.
#[derive(Debug)]
pub struct Redb {
    medium: Box<dyn Medium>,
    /// `None` after a failed commit, which redb does not go on from: the next one opens it again.
    database: Option<Database>,
}

impl Redb {
    /// Makes an empty store. [`Journal::create`](crate::Journal::create) puts a replica into it.
    ///
    /// # Errors
    /// If there is a file, or none can be made.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        let file = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
        file.map_err(|error| of_io(&path.display().to_string(), &error))?;
        Self::create_on(File::at(path))
    }

    /// Opens the store of a file for writing, after it was checked.
    ///
    /// # Errors
    /// If there is no such file, it is open elsewhere, is not a store, or is damaged.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_on(File::at(path))
    }

    /// Makes an empty store on a medium that is empty.
    ///
    /// # Errors
    /// If the medium fails.
    pub fn create_on(medium: impl Medium) -> Result<Self, StoreError> {
        let database = Some(open(&medium)?);
        Ok(Self { medium: Box::new(medium), database })
    }

    /// Opens the store of a medium for writing, after it was checked.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_on(medium: impl Medium) -> Result<Self, StoreError> {
        let medium: Box<dyn Medium> = Box::new(medium);
        drop(view(&*medium, true)?);
        let database = Some(open(&*medium)?);
        Ok(Self { medium, database })
    }

    fn database(&mut self) -> Result<&mut Database, StoreError> {
        if self.database.is_none() {
            self.database = Some(open(&*self.medium)?);
        }
        let place = self.medium.place();
        self.database.as_mut().ok_or_else(|| damaged(&place, "it cannot be opened again"))
    }
}

impl Store for Redb {
    fn place(&self) -> String {
        self.medium.place()
    }

    fn head(&mut self) -> Result<Vec<u8>, StoreError> {
        let place = self.place();
        let database = self.database()?;
        caught(&place, || head(&database.begin_read()?))
    }

    fn read(&mut self, visit: &mut dyn FnMut(Record<'_>)) -> Result<(), StoreError> {
        let place = self.place();
        let database = self.database()?;
        caught(&place, || read(&database.begin_read()?, visit))
    }

    fn commit(&mut self, batch: &Batch<'_>) -> Result<(), CommitError> {
        let place = self.place();
        let database = self.database().map_err(CommitError::NotWritten)?;
        let mut is_at_end = false;
        let written = caught(&place, || write(database, batch, &mut is_at_end));
        match written {
            Ok(true) => Ok(()),
            Ok(false) => Err(CommitError::Moved { place }),
            Err(error) => {
                // What redb has in memory may differ from the file now.
                self.database = None;
                // What the file does not have now, nothing brings there any more. What it has may
                // not be on the disk.
                let is_there = || {
                    let database = view(&*self.medium, true)?;
                    let found = caught(&place, || head(&database.begin_read()?))?;
                    Ok::<bool, StoreError>(found != batch.before)
                };
                match is_at_end && is_there().unwrap_or(true) {
                    false => Err(CommitError::NotWritten(error)),
                    true => Err(CommitError::Unknown(error)),
                }
            }
        }
    }

    fn size(&mut self) -> Result<u64, StoreError> {
        size(&*self.medium)
    }

    fn compact(&mut self) -> Result<(), StoreError> {
        let place = self.place();
        let database = self.database()?;
        let compacted = caught(&place, || Ok(database.compact().map(drop)?));
        if compacted.is_err() {
            self.database = None;
        }
        compacted
    }
}

/// A store in a file, for reading only: nothing is written to the file, and others may read it too.
#[derive(Debug)]
pub struct ReadOnly {
    medium: Box<dyn Medium>,
    database: Database,
}

impl ReadOnly {
    /// Opens the store of a file and checks it. What a crash left to repair is repaired in memory.
    ///
    /// # Errors
    /// If there is no such file, another process writes it, it is not a store, or is damaged.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_on(File::at(path))
    }

    /// Opens the store of a medium for reading.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_on(medium: impl Medium) -> Result<Self, StoreError> {
        let database = view(&medium, true)?;
        Ok(Self { medium: Box::new(medium), database })
    }

    /// Visits the records that can still be read on a damaged medium, and returns the head, and what is
    /// damaged.
    ///
    /// # Errors
    /// If there is no such file, another process writes it, or it is not a store.
    pub(crate) fn rescue(
        medium: &dyn Medium,
        visit: &mut dyn FnMut(Record<'_>),
    ) -> Result<(Vec<u8>, Vec<String>), StoreError> {
        let mut damage = Vec::new();
        let database = match view(medium, true) {
            Err(StoreError::Damaged { damage: found, .. }) => {
                damage.extend(found);
                view(medium, false)?
            }
            opened => opened?,
        };
        let place = medium.place();
        let mut note = |error| match error {
            StoreError::Damaged { damage: found, .. } => {
                damage.extend(found);
                Ok(())
            }
            error => Err(error),
        };
        let head = match caught(&place, || head(&database.begin_read()?)) {
            Ok(head) => head,
            Err(error) => note(error).map(|()| Vec::new())?,
        };
        // From both ends of the table up to what is damaged between them.
        let mut pieces = BTreeMap::new();
        for is_backwards in [false, true] {
            let mut keep = |(stream, number, at): Place<'_>, piece: &[u8]| {
                pieces.insert((stream.to_string(), number, at), piece.to_vec());
            };
            match caught(&place, || each_piece(&database.begin_read()?, is_backwards, &mut keep)) {
                Ok(()) => break,
                Err(error) => note(error)?,
            }
        }
        let mut records: BTreeMap<(String, u64), Vec<u8>> = BTreeMap::new();
        for ((stream, number, _), piece) in pieces {
            records.entry((stream, number)).or_default().extend(piece);
        }
        for ((stream, number), bytes) in &records {
            visit(Record { stream, number: *number, bytes });
        }
        Ok((head, damage))
    }
}

impl Store for ReadOnly {
    fn place(&self) -> String {
        self.medium.place()
    }

    fn head(&mut self) -> Result<Vec<u8>, StoreError> {
        caught(&self.place(), || head(&self.database.begin_read()?))
    }

    fn read(&mut self, visit: &mut dyn FnMut(Record<'_>)) -> Result<(), StoreError> {
        caught(&self.place(), || read(&self.database.begin_read()?, visit))
    }

    /// Refuses: this is for reading only.
    fn commit(&mut self, _: &Batch<'_>) -> Result<(), CommitError> {
        let refused = io::Error::new(ErrorKind::PermissionDenied, "it is open for reading only");
        Err(CommitError::NotWritten(of_io(&self.place(), &refused)))
    }

    fn size(&mut self) -> Result<u64, StoreError> {
        size(&*self.medium)
    }

    /// Does nothing.
    fn compact(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

// What both do

fn head(transaction: &ReadTransaction) -> Result<Vec<u8>, Failed> {
    match transaction.open_table(HEAD) {
        Ok(table) => Ok(table.get("")?.map(|head| head.value().to_vec()).unwrap_or_default()),
        Err(TableError::TableDoesNotExist(_)) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

fn read(transaction: &ReadTransaction, visit: &mut dyn FnMut(Record<'_>)) -> Result<(), Failed> {
    let mut now: Option<(String, u64)> = None;
    let mut bytes = Vec::new();
    each_piece(transaction, false, &mut |(stream, number, _), piece| {
        let is_next = |(of, at): &(String, u64)| of != stream || *at != number;
        if now.as_ref().is_none_or(is_next) {
            if let Some((stream, number)) = now.replace((stream.into(), number)) {
                visit(Record { stream: &stream, number, bytes: &bytes });
            }
            bytes.clear();
        }
        bytes.extend_from_slice(piece);
    })?;
    if let Some((stream, number)) = now {
        visit(Record { stream: &stream, number, bytes: &bytes });
    }
    Ok(())
}

fn each_piece(
    transaction: &ReadTransaction,
    is_backwards: bool,
    visit: &mut dyn FnMut(Place<'_>, &[u8]),
) -> Result<(), Failed> {
    let table = match transaction.open_table(RECORDS) {
        Ok(table) => table,
        Err(TableError::TableDoesNotExist(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let mut pieces = table.iter()?;
    while let Some(entry) = if is_backwards { pieces.next_back() } else { pieces.next() } {
        let (key, piece) = entry?;
        visit(key.value(), piece.value());
    }
    Ok(())
}

/// Writes a batch. `false` if the head is another one than before the batch.
fn write(database: &Database, batch: &Batch<'_>, is_at_end: &mut bool) -> Result<bool, Failed> {
    let mut transaction = database.begin_write()?;
    transaction.set_two_phase_commit(true);
    {
        let mut heads = transaction.open_table(HEAD)?;
        let is_same = match heads.get("")? {
            Some(head) => head.value() == batch.before,
            None => batch.before.is_empty(),
        };
        if !is_same {
            return Ok(false);
        }
        heads.insert("", batch.head)?;
        let mut records = transaction.open_table(RECORDS)?;
        for change in batch.changes {
            match change {
                Change::Clear { stream } => {
                    let all = (&**stream, 0, 0)..=(&**stream, u64::MAX, u64::MAX);
                    records.retain_in(all, |_, _| false)?;
                }
                Change::Append { stream, number, bytes } => {
                    for (at, piece) in (0..).zip(bytes.chunks(PIECE)) {
                        records.insert((&**stream, *number, at), piece)?;
                    }
                }
            }
        }
    }
    // Whether the batch is on the disk is not known where only this fails.
    *is_at_end = true;
    transaction.commit()?;
    Ok(true)
}

fn size(medium: &dyn Medium) -> Result<u64, StoreError> {
    medium.length().map_err(|error| of_io(&medium.place(), &error))
}

/// Opens a medium for writing.
fn open(medium: &dyn Medium) -> Result<Database, StoreError> {
    let backend = medium.open(true).map_err(|error| of_io(&medium.place(), &error))?;
    open_with(&medium.place(), Layer::direct(backend), false)
}

/// Opens a medium so that nothing is written to it, and checks all of it if asked to.
fn view(medium: &dyn Medium, is_checked: bool) -> Result<Database, StoreError> {
    let place = medium.place();
    let failed = |error| of_io(&place, &error);
    let backend = medium.open(false).map_err(failed)?;
    if backend.len().map_err(failed)? == 0 {
        return Err(StoreError::Foreign { place, found: "it is empty".into() });
    }
    open_with(&place, Layer::in_memory(backend).map_err(failed)?, is_checked)
}

fn open_with(place: &str, layer: Layer, is_checked: bool) -> Result<Database, StoreError> {
    caught(place, || {
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE).set_check_integrity_on_open(is_checked);
        Ok(builder.create_with_backend(layer)?)
    })
}

/// Runs redb on bytes that may be damaged. It promises errors for those, and may have panics left.
fn caught<T>(place: &str, act: impl FnOnce() -> Result<T, Failed>) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(act)) {
        Ok(done) => done.map_err(|error| of_redb(place, &error)),
        Err(_) => Err(damaged(place, "its database has bytes that were never written so")),
    }
}

fn of_io(place: &str, error: &io::Error) -> StoreError {
    StoreError::Io { place: place.into(), message: error.to_string(), kind: error.kind() }
}

fn of_redb(place: &str, error: &Failed) -> StoreError {
    let of_another = || StoreError::Foreign {
        place: place.into(),
        found: "it is a database of another program".into(),
    };
    match error {
        Failed::DatabaseAlreadyOpen => StoreError::Locked { place: place.into() },
        Failed::Corrupted(what) => damaged(place, &format!("its database says: {what}")),
        Failed::Io(error) if error.kind() == ErrorKind::InvalidData => {
            StoreError::Foreign { place: place.into(), found: error.to_string() }
        }
        Failed::Io(error) => of_io(place, error),
        Failed::TableTypeMismatch { .. } | Failed::UpgradeRequired(_) => of_another(),
        error => of_io(place, &io::Error::other(error.to_string())),
    }
}

fn damaged(place: &str, what: &str) -> StoreError {
    StoreError::Damaged { place: place.into(), damage: vec![what.into()] }
}
