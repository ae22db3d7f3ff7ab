//! Rejoin-store: keeps the replicas of an offline-first application on a disk.
//!
//! A change is on the disk before it can be sent, a crash loses nothing that was acknowledged, and
//! damage is found when the file is opened. [`StoredReplica`] is what an application uses:
//!
//! ```
//! use rejoin::Schema;
//! use rejoin_store::StoredReplica;
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("checklist.rejoin");
//! let schema = Schema::new().set("items").counter("visits");
//! let mut phone = StoredReplica::open_or_create(&path, "ana's phone", &schema)?;
//! phone.change(|replica| replica.as_user("ana").set("items")?.add("boiler"))?;
//! drop(phone);
//!
//! let phone = StoredReplica::open(&path)?;
//! assert!(phone.replica()?.set::<str>("items")?.contains("boiler"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | what the field does | what you see |
//! | --- | --- |
//! | the process ends, or the power | the replica as it was after the last change that was acknowledged, or after the one that was under way |
//! | the disk is full | [`CommitError::NotWritten`]: make room and commit again, or open the store again |
//! | the disk fails in the last step | [`CommitError::Unknown`]: open the store again and look |
//! | bytes change | [`StoreError::Damaged`] when it is opened, with the places; [`salvage()`] keeps what is intact |
//! | the file is restored from a backup, or copied | nothing here: the next sync finds it and keeps the operations of both branches ([`rejoin::Changes::healed`]). A torn header that brings back the commit before the last is such a restored file |
//! | two processes open it | [`StoreError::Locked`] for the second |
//!
//! Reading order: [`store`] (what a store is), [`journal`] (how a replica is kept in one),
//! [`redb`](mod@redb) and [`medium`] (a store in a file), [`memory`] (one that fails on purpose),
//! [`stored`] (what an application holds), and [`mod@salvage`].

pub mod journal;
pub mod medium;
pub mod memory;
pub mod redb;
pub mod salvage;
pub mod store;
pub mod stored;

pub use journal::{Contents, Journal, Note};
pub use memory::Memory;
pub use redb::{ReadOnly, Redb};
pub use salvage::{Report, salvage, salvage_with, verify};
pub use store::{Batch, Change, CommitError, Record, Store, StoreError};
pub use stored::{ChangeError, SeenReplica, StoredError, StoredReplica};
