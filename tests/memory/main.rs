//! How much memory untrusted input and long histories take, with an allocator that counts.
//!
//! The tests take turns: the allocations of one would count against another.

mod audit;
mod growth;
mod messages;
mod staging;
mod stores;
mod traces;

use peak_alloc::PeakAlloc;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// One test at a time: they share the count of allocated bytes.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
