//! Store: where the records of one replica are kept.
//!
//! Meaning: a store has streams, named, and each is a list of records that grows at its end or is
//! cleared. A [`Batch`] changes several streams at once. A store knows nothing of replicas, of
//! checksums, or of what is in a record: the [`Journal`](crate::Journal) above it does.
//! Laws: after a commit that returned, [`Store::read`] gives what the batches made, whatever ended the
//! process; after one that failed or was cut, it gives that or what was there before, never a part.
//! Cost: a commit costs its batch, and a wait for the disk or two.
//! Source: the write-ahead log, as in Mohan et al., ARIES, TODS 17(1), 1992, without undo: a batch is
//! known before it is written.
//!
//! An implementation on a database of a server, such as PostgreSQL, has one table of records with the
//! key (replica, stream, number) and one of heads with the key replica. A commit is one transaction
//! that updates the head where it still is [`Batch::before`]: if no row was updated, another process
//! has written, which is [`CommitError::Moved`].

use std::fmt;
use std::io;

/// One record of a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record<'a> {
    /// The name of its stream, at most 1,040 bytes.
    pub stream: &'a str,
    /// Its place in the stream, from 0.
    pub number: u64,
    /// What it holds.
    pub bytes: &'a [u8],
}

/// A change of one stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// Removes all records of a stream.
    Clear {
        /// Which stream.
        stream: String,
    },
    /// Adds a record at the end of a stream.
    Append {
        /// Which stream.
        stream: String,
        /// The place of the record: one more than that of the last.
        number: u64,
        /// What it holds.
        bytes: Vec<u8>,
    },
}

/// Changes that are made together, or not at all.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The head before the batch. A store that has another one changes nothing.
    pub before: &'a [u8],
    /// The head after the batch.
    pub head: &'a [u8],
    /// The changes, in their order.
    pub changes: &'a [Change],
}

/// Where the records of one replica are kept. While it is open, no other process writes to it: it is
/// locked, or each commit checks that nobody did.
pub trait Store {
    /// What people call it, such as the path of a file. Errors begin with it.
    fn place(&self) -> String;

    /// The head that the last batch left; empty if there was none.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn head(&mut self) -> Result<Vec<u8>, StoreError>;

    /// Visits all records: streams in any order, the records of each by their numbers.
    ///
    /// # Errors
    /// If the store cannot be read to its end. What was visited before is as it was stored.
    fn read(&mut self, visit: &mut dyn FnMut(Record<'_>)) -> Result<(), StoreError>;

    /// Makes a batch durable. After an error, the store can be read again, and may be asked again.
    ///
    /// # Errors
    /// [`CommitError`] says what is known of the batch.
    fn commit(&mut self, batch: &Batch<'_>) -> Result<(), CommitError>;

    /// How many bytes it takes on the disk.
    ///
    /// # Errors
    /// If that cannot be found out.
    fn size(&mut self) -> Result<u64, StoreError>;

    /// Gives back disk space that it no longer needs. What it holds stays the same.
    ///
    /// # Errors
    /// If the disk fails. What it holds is there all the same.
    fn compact(&mut self) -> Result<(), StoreError>;
}

/// Why a store cannot be opened, read or made smaller.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// The system refuses to read or write.
    Io {
        /// Which store.
        place: String,
        /// What the system says.
        message: String,
        /// The kind of the error.
        kind: io::ErrorKind,
    },
    /// Another process has it open.
    Locked {
        /// Which store.
        place: String,
    },
    /// It is not the store of a replica.
    Foreign {
        /// Which store.
        place: String,
        /// What was found.
        found: String,
    },
    /// Some of its bytes are not those that were written.
    Damaged {
        /// Which store.
        place: String,
        /// What is damaged, the first first.
        damage: Vec<String>,
    },
}

/// Why a batch was not made durable.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum CommitError {
    /// Nothing of the batch is in the store. It may be tried again.
    NotWritten(StoreError),
    /// The disk failed at the last step: the batch is there whole, or not at all. Open the store
    /// again to see which.
    Unknown(StoreError),
    /// Another process has written to the store since it was opened. Nothing of the batch is there.
    Moved {
        /// Which store.
        place: String,
    },
}

impl StoreError {
    /// Which store.
    pub fn place(&self) -> &str {
        match self {
            Self::Io { place, .. }
            | Self::Locked { place }
            | Self::Foreign { place, .. }
            | Self::Damaged { place, .. } => place,
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { place, message, .. } => write!(f, "{place}: {message}"),
            Self::Locked { place } => write!(
                f,
                "{place}: another process has this replica open; end it, or ask it for what you need"
            ),
            Self::Foreign { place, found } => write!(
                f,
                "{place}: this is not the store of a replica: {found}; give the path of one, or make \
                 a new one at a path where there is no file"
            ),
            Self::Damaged { place, damage } => {
                let first = damage.first().map_or("some bytes", String::as_str);
                write!(f, "{place}: this store is damaged: {first}")?;
                if damage.len() > 1 {
                    write!(f, ", and {} more", damage.len() - 1)?;
                }
                write!(
                    f,
                    "; nothing of it was used. Put it back from a backup, or take what is intact with \
                     `rejoin_store::salvage`, then synchronize: peers give back what is missing"
                )
            }
        }
    }
}

impl fmt::Display for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotWritten(error) => {
                write!(f, "{error}; nothing was stored: remove the cause, and commit again")
            }
            Self::Unknown(error) => write!(
                f,
                "{error}; the disk failed at the last step, so it is not known whether the change was \
                 stored: open the store again and look before you repeat it"
            ),
            Self::Moved { place } => write!(
                f,
                "{place}: another process has written to this store since it was opened; nothing was \
                 stored: open it again"
            ),
        }
    }
}

impl std::error::Error for StoreError {}
impl std::error::Error for CommitError {}
