//! Rejoin: replicated data types for offline-first software, formally checked.
//!
//! People work offline and decide things. When their replicas meet again they merge by themselves:
//! in any order, any number of times, over any network. They end up the same, nothing is lost, and
//! everybody who was overruled is notified by name.
//!
//! # I want to use it in my application
//!
//! ```
//! use rejoin::{Replica, Schema};
//!
//! let schema = Schema::new().set("approved").map("progress").counter("records").log("talk").register("phase");
//! let mut laptop = Replica::create("laptop", &schema)?;
//! let mut server = Replica::create("server", &schema)?;
//!
//! // Offline, Ana approves a mapping and Ben rejects it.
//! laptop.as_user("ana").set("approved")?.add("orders.total")?;
//! server.as_user("ben").set("approved")?.remove("orders.total")?;
//!
//! // They meet. `changes` says what changed here, and whom it overruled.
//! let changes = server.apply(&laptop.update_since(&server.version()))?;
//! assert_eq!(changes.iter().next().unwrap().after(), Some(true));
//! laptop.apply(&server.update_since(&laptop.version()))?;
//! assert_eq!(laptop.state_hash(), server.state_hash());
//! assert_eq!(server.conflicts()[0].overruled[0].user.as_deref(), Some("ben"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - [`Replica`] holds the objects of a [`Schema`]: sets, maps, registers, counters and logs. Handles
//!   ([`handles`]) read and edit one object with the application's own types ([`values`]).
//! - [`Replica::save`] and [`Replica::save_since`] give the bytes to store, [`Replica::open`] reads
//!   them. Store what changed before you send it to anybody.
//! - [`Replica::version`], [`Replica::update_since`] and [`Replica::apply`] synchronize over anything
//!   that carries bytes: a file, a queue, a mail. Over a connection, a [`Session`] does it in classes
//!   of priority and verifies by hash that both sides are the same.
//! - [`Replica::export`] gives all values as JSON ([`mod@export`]), and an import edits a replica until it
//!   has them.
//! - [`Changes`] says what an edit or an update changed; [`Replica::conflicts`] says where people
//!   decided differently, and [`Replica::overruled`] whom to notify.
//!
//! # I want to judge what another implementation did
//!
//! That is the crate `rejoin-judge` and the command line tool `oracle`. They judge recorded histories
//! of anybody's replicas, in any language.
//!
//! # I want to know what the types mean
//!
//! Read [`definition`]: each type is a function of the operations that a replica has seen and of
//! what each of those had seen. It is a page of plain sets.
//!
//! # I want to see how they are built
//!
//! Read [`reference`](mod@reference): one file a type, in one order: state, bottom, join, mutators,
//! queries, delta. Start with [`reference::g_counter`], then [`reference::decisions`], upon which
//! the other keyed types stand. [`optimized`] has the same types for speed, and is what [`Replica`]
//! runs on.
//!
//! # Features
//!
//! All are on by default.
//! - `serde`: keys and values of any type that `serde` knows.
//! - `system`: the clock and the entropy of the operating system; without it, see [`environment`].
//! - `compression`: sessions compress what they send.

mod changes;
pub mod environment;
mod error;
pub mod export;
pub mod handles;
pub mod relayed;
mod replica;
pub mod saved;
mod session;
mod update;
pub mod values;

pub use changes::{Change, Changes, Conflict, Decision};
pub use error::{CreateError, EditError, ImportError, OpenError, UpdateError};
pub use optimized::{AuditConflict, AuditEffect, AuditRecord, AuditTrail};
pub use replica::Replica;
pub use session::Session;
pub use sync::Schema;
pub use update::Version;

#[doc(hidden)]
pub mod collect;

pub mod lattice;

pub mod dot;
pub mod version_vector;

pub mod operation;

pub mod digest;

pub mod hybrid_clock;

pub mod json;

pub mod limits;

pub mod object;

pub mod definition;

pub mod reference;

pub mod optimized;

pub mod wire;

pub mod sync;

/// The Rust code of the README and of the guide compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
#[doc = include_str!("../docs/guide.md")]
struct Pages;
