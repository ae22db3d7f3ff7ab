//! Memory: a store in memory that fails on purpose, for the tests of applications and of this crate.
//!
//! Meaning: the store keeps every state that it was in. It can refuse a commit, lose the answer to one,
//! go back to an older state as a restored disk does, and change a byte.

use crate::store::{Batch, Change, CommitError, Record, Store, StoreError};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a store holds.
type State = (Vec<u8>, BTreeMap<(String, u64), Vec<u8>>);

/// A store in memory. Its clones are the same store, so that a test holds one while a replica uses it.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    disk: Arc<Mutex<Disk>>,
}

#[derive(Debug, Default)]
struct Disk {
    now: State,
    before: Vec<State>,
    fault: Option<Fault>,
}

/// How the next commit fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The disk is full: nothing is written.
    Full,
    /// It is not known whether the batch was written; it was.
    UnknownWritten,
    /// It is not known whether the batch was written; it was not.
    UnknownLost,
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next commit fails.
    pub fn fail_next(&self, fault: Fault) {
        self.disk().fault = Some(fault);
    }

    /// How many batches were written.
    pub fn commits(&self) -> usize {
        self.disk().before.len()
    }

    /// Goes back to the state after so many batches, as a disk that is restored from a backup does.
    pub fn restore(&self, commits: usize) {
        let mut disk = self.disk();
        if commits < disk.before.len() {
            disk.now = disk.before.swap_remove(commits);
            disk.before.truncate(commits);
        }
    }

    /// Another disk with the same content.
    pub fn copied(&self) -> Self {
        let disk = self.disk();
        let disk = Disk { now: disk.now.clone(), before: disk.before.clone(), fault: None };
        Self { disk: Arc::new(Mutex::new(disk)) }
    }

    /// Changes one bit of the nth byte of all records, and says of which stream. `None` if there are
    /// fewer bytes.
    pub fn bend(&self, mut nth: usize, bit: u8) -> Option<String> {
        for ((stream, _), bytes) in &mut self.disk().now.1 {
            if let Some(byte) = bytes.get_mut(nth) {
                *byte ^= 1 << (bit % 8);
                return Some(stream.clone());
            }
            nth -= bytes.len();
        }
        None
    }

    /// Removes the nth record, and says of which stream. `None` if there are fewer.
    pub fn drop_record(&self, nth: usize) -> Option<String> {
        let records = &mut self.disk().now.1;
        let key = records.keys().nth(nth)?.clone();
        records.remove(&key);
        Some(key.0)
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, kind: ErrorKind) -> StoreError {
        let message = io::Error::from(kind).to_string();
        StoreError::Io { place: self.place(), message, kind }
    }
}

impl Store for Memory {
    fn place(&self) -> String {
        "memory".into()
    }

    fn head(&mut self) -> Result<Vec<u8>, StoreError> {
        Ok(self.disk().now.0.clone())
    }

    fn read(&mut self, visit: &mut dyn FnMut(Record<'_>)) -> Result<(), StoreError> {
        for ((stream, number), bytes) in &self.disk().now.1 {
            visit(Record { stream, number: *number, bytes });
        }
        Ok(())
    }

    fn commit(&mut self, batch: &Batch<'_>) -> Result<(), CommitError> {
        let mut disk = self.disk();
        let fault = disk.fault.take();
        match fault {
            Some(Fault::Full) => {
                return Err(CommitError::NotWritten(self.failed(ErrorKind::StorageFull)));
            }
            Some(Fault::UnknownLost) => {
                return Err(CommitError::Unknown(self.failed(ErrorKind::Other)));
            }
            Some(Fault::UnknownWritten) | None => {}
        }
        if disk.now.0 != batch.before {
            return Err(CommitError::Moved { place: self.place() });
        }
        let before = disk.now.clone();
        disk.before.push(before);
        let (head, records) = &mut disk.now;
        *head = batch.head.to_vec();
        for change in batch.changes {
            match change {
                Change::Clear { stream } => records.retain(|(of, _), _| of != stream),
                Change::Append { stream, number, bytes } => {
                    records.insert((stream.clone(), *number), bytes.clone());
                }
            }
        }
        match fault {
            Some(_) => Err(CommitError::Unknown(self.failed(ErrorKind::Other))),
            None => Ok(()),
        }
    }

    fn size(&mut self) -> Result<u64, StoreError> {
        Ok(self.disk().now.1.values().map(|bytes| bytes.len() as u64).sum())
    }

    fn compact(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}
