//! Rejoin: replicated data types for offline-first software, and a judge of anyone's
//! implementation of them.
//!
//! Replicas work apart, and decide things. When they meet again they *join*: in any order, any
//! number of times, over any network, and end up the same with nothing lost. This crate says what
//! that means, does it, and checks that others do it.
//!
//! # I want to judge what my own system did
//!
//! Record a trace (the repository has recorders of 30 lines for several languages) and give it
//! to [`check::check`], or to the command line tool `oracle`.
//!
//! ```
//! use rejoin_judge::{Options, Verdict, check};
//!
//! let trace = r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"n":{"type":"g-counter"}}}
//! {"event":"op","replica":"a","object":"n","op":"increment"}
//! {"event":"op","replica":"b","object":"n","op":"increment"}
//! {"event":"merge","replica":"a","from":"b"}
//! {"event":"read","replica":"a","object":"n","value":1}"#;
//!
//! let report = check(|| Ok(trace.as_bytes()), &Options::default())?;
//! assert_eq!(report.verdict, Verdict::Discrepancy);
//! let finding = &report.findings[0];
//! assert_eq!((finding.line, finding.rule.as_str()), (5, "g-counter/value"));
//! assert_eq!(finding.expected.as_deref(), Some("2"));
//! assert_eq!(finding.because.last().unwrap(), "so the counter is 2 at `a`");
//! # Ok::<(), std::io::Error>(())
//! ```
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
//! the other keyed types stand.
//!
//! # The words
//!
//! A *replica* performs *operations*; an operation with its name and its past is an *event*. Its
//! name is a [`dot`]. What was seen is a [`version_vector`]. States form a [`lattice`]: there is a
//! *bottom*, and any two have a *join*. A *delta* is a part of a state that suffices for a receiver
//! who has seen enough. Two *decisions* on one key of which neither saw the other are concurrent;
//! while they disagree, the key is an open *merge decision*.
//!
//! # Features
//!
//! `compression` (default): [`trace::decompress`], and with it judging `.gz` and `.zst` traces; and
//! [`optimized::wire::compress`], by which sessions send fewer bytes.

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

pub mod sync;

/// The README's Rust code compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
