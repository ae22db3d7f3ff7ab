//! A panic of the oracle is its own error: it is never taken for a verdict, and it does not keep
//! the other traces from being judged.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};

thread_local! {
    /// What the last panic said, and where it was.
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Has panics noted instead of printed; the caller of the guard prints them.
pub fn install() {
    panic::set_hook(Box::new(|panic| LAST.set(panic.to_string())));
}

/// Does something; where it panics, says what to tell the user.
///
/// # Errors
/// What the panic said, and that it should be reported.
pub fn guard<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    // What `act` leaves behind is not looked at again when it panics.
    panic::catch_unwind(AssertUnwindSafe(act)).map_err(|_| {
        // A panic message has its place on a line of its own.
        let said = LAST.take().replace(":\n", ": ");
        format!(
            "this is a fault of the oracle, and says nothing about the trace; please report it, \
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
