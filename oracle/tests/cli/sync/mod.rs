//! Replicas in files that sync over TCP, as real processes.
//!
//! Shown: two that were edited apart become the same, show the merge decision and its closing, and
//! record a trace that conforms; nothing that was acknowledged is lost by kills at any time, at every
//! system call that writes, by a full disk, nor over a connection that is cut, delayed and damaged; a
//! server outlives whatever bytes come.

mod hostile;
mod kills;
mod liars;
mod strangers;
mod terminal;
mod together;
mod weather;
