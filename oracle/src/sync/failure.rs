//! Why a command of `oracle sync` ends early: a sentence for people, and an exit code.

use crate::exit::Exit;
use rejoin_store::{CommitError, StoreError, StoredError};
use std::fmt::Display;
use std::path::Path;

/// Why a command failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// What was found, and what to do.
    pub message: String,
    /// Whether the outcome is unknown: the change may be on the disk.
    pub is_unknown: bool,
}

/// The result of a step of a command.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// A failure after which nothing was done.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), is_unknown: false }
    }

    /// The request cannot be carried out as it was given.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The command could not conclude anything: the peer cannot be reached, or does not answer
    /// usefully.
    pub fn unfinished(message: impl Into<String>) -> Self {
        Self::new(Exit::Inconclusive, message)
    }

    /// The store of a file cannot be opened or read.
    pub fn of_store(path: &Path, error: StoreError) -> Self {
        match error {
            StoreError::Locked { .. } => Self::locked(path),
            StoreError::Foreign { found, .. } => Self::foreign(path, &found),
            StoreError::Damaged { damage, .. } => Self::damaged(path, &damage.join("; ")),
            error => Self::new(Exit::Unreadable, error.to_string()),
        }
    }

    /// A commit to the store of a file failed.
    pub fn of_commit(path: &Path, error: CommitError) -> Self {
        match error {
            CommitError::NotWritten(error) => Self::of_store(path, error),
            CommitError::Unknown(error) => Self::unknown(path, &error),
            error => Self::new(Exit::Unreadable, error.to_string()),
        }
    }

    /// The file of a store cannot be made.
    pub fn stored(path: &Path, error: StoredError) -> Self {
        match error {
            StoredError::Store(error) => Self::of_store(path, error),
            StoredError::Commit(error) => Self::of_commit(path, error),
            StoredError::Open { record, error, .. } => {
                let place = record.map_or(String::new(), |record| format!("{record}: "));
                Self::damaged(path, &format!("{place}{error}"))
            }
            error => Self::new(Exit::Unreadable, error.to_string()),
        }
    }

    /// The file is not a replica's.
    pub fn foreign(path: &Path, what: &str) -> Self {
        let message = format!(
            "{}: this is not the file of a replica: {what}; `oracle sync init` makes one",
            path.display()
        );
        Self::new(Exit::Unreadable, message)
    }

    /// The file is a replica's, and some of its bytes are not those that were written.
    pub fn damaged(path: &Path, what: &str) -> Self {
        let message = format!(
            "{0}: this file is damaged: {what}; nothing of it was used. Put it back from a backup, or \
             rescue what is intact with `oracle sync salvage {0} NEW-FILE`, then sync: a peer gives back \
             what is missing",
            path.display()
        );
        Self::new(Exit::Unreadable, message)
    }

    /// The disk failed, and it is not known whether the change is on it.
    pub fn unknown(path: &Path, error: &StoreError) -> Self {
        let message = format!(
            "{}: the disk failed at the last moment, so it is not known whether the change was kept: \
             look with `oracle sync show` before you repeat it: {error}",
            path.display()
        );
        Self { is_unknown: true, ..Self::new(Exit::Unreadable, message) }
    }

    /// Says in addition how to repeat an edit so that it does not count twice.
    pub fn of_edit(mut self, performed: u64) -> Self {
        if self.is_unknown {
            self.message.push_str(&format!(
                "; with `--performed {performed}`, it is done only where it was not kept"
            ));
        }
        self
    }

    /// Another process has the store open.
    pub fn locked(path: &Path) -> Self {
        let message = format!(
            "{}: another process has this replica open; where that is `oracle sync serve` or \
             `connect`, type the command there (`help` lists them), or end it first",
            path.display()
        );
        Self::new(Exit::Unreadable, message)
    }

    /// The system has no source of randomness.
    pub fn randomness(error: &impl Display) -> Self {
        let message = format!(
            "the operating system gives no random numbers: {error}; check its random device"
        );
        Self::new(Exit::Internal, message)
    }
}
