//! Guards against panics of the oracle: a panic is the oracle's own error, never a verdict, and the
//! other traces are judged all the same.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};

thread_local! {
    /// The message of the last panic, and its location.
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Installs a hook that notes panics instead of printing them; the caller of the guard prints them.
pub fn install() {
    panic::set_hook(Box::new(|panic| LAST.set(panic.to_string())));
}

/// Runs `act`.
///
/// # Errors
/// If `act` panics: a message with the panic's text, which asks for a report.
pub fn guard<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    // After a panic, nothing that `act` changed is used.
    panic::catch_unwind(AssertUnwindSafe(act)).map_err(|_| {
        // The location is on a line of its own.
        let said = LAST.take().replace(":\n", ": ");
        format!(
            "this is a bug of the oracle, and says nothing about the trace; please report it, \
             if you can with the trace and the version ({}): {said}",
            env!("CARGO_PKG_VERSION")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_sentence_that_asks_for_a_report() {
        install();
        let said = guard(|| -> u8 { panic!("no {}", "way") }).unwrap_err();
        assert!(said.contains("please report it"), "{said}");
        assert!(said.contains("guard.rs:") && said.ends_with("no way"), "{said}");
        assert_eq!(guard(|| 7), Ok(7));
    }
}
