//! A conformance suite for replicated types: your own `cargo test` drives your replicas through
//! laws, small and random histories, scenarios, recorded histories and simulated worlds, and the
//! judge of Rejoin says whether they answer as their type must.
//!
//! Implement [`Replicated`] for your type, and write
//!
//! ```
//! # use rejoin_conformance::{Json, Operation, Replicated, Type, Unsupported, answer};
//! # use std::collections::BTreeSet;
//! #[derive(Clone)]
//! struct Names(BTreeSet<String>);
//!
//! impl Replicated for Names {
//!     const TYPE: Type = Type::GSet;
//!
//!     fn new(_name: &str) -> Self {
//!         Self(BTreeSet::new())
//!     }
//!
//!     fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
//!         match operation {
//!             Operation::Add { element } => drop(self.0.insert(element.clone())),
//!             other => return Err(Unsupported::operation(other)),
//!         }
//!         Ok(())
//!     }
//!
//!     fn value(&self) -> Json {
//!         answer::elements(&self.0)
//!     }
//!
//!     fn merge(&mut self, other: &Self) {
//!         self.0.extend(other.0.iter().cloned());
//!     }
//! }
//!
//! rejoin_conformance::conformance! { Names }
//! ```
//!
//! A failure is printed as a history of a few lines, an argument why its last answer is false, and
//! a command that repeats it. It is also kept as a file below `tests/conformance/`, which the next
//! run performs first. The variables `REJOIN_SEED`, `REJOIN_CASES` and `REJOIN_CASE` select other
//! histories, more histories, or one history. This crate has 16 crates of others below it.

mod hosted;
mod kept;
mod laws;
mod recorded;
mod replicated;
mod scenarios;
mod serve;
mod suite;
mod worlds;

pub use hosted::Hosted;
pub use rejoin::json::Json;
pub use rejoin::object::TraceType as Type;
pub use rejoin_drive::campaign::Fault;
pub use rejoin_drive::plan;
pub use rejoin_judge::Rule;
pub use rejoin_trace::{Operation, Stamps, Timestamp};
pub use replicated::{Replicated, Unsupported, answer};
pub use serve::serve;
pub use suite::{Checked, Rejected, Suite, Way, check, check_subject};

/// Tests a [`Replicated`] type: expands to a module with one test for each [`Way`].
///
/// `conformance! { Type }` makes the module `conformance`; `mod name, Type` gives it another name,
/// for a file that tests several types. `cases = 1000` performs that many cases of each way instead
/// of 300. `histories = "tests/histories"` adds the histories recorded in that folder.
#[macro_export]
macro_rules! conformance {
    (mod $name:ident, $type:ty $(, cases = $cases:expr)? $(, histories = $folder:expr)? $(,)?) => {
        #[cfg(test)]
        mod $name {
            #[allow(unused_imports, reason = "the type may be named by a path")]
            use super::*;

            fn check(way: $crate::Way) {
                let (name, package) = (stringify!($type), env!("CARGO_PKG_NAME"));
                let folder = env!("CARGO_MANIFEST_DIR");
                let suite = $crate::Suite::new(name, package, folder, module_path!())
                    $(.cases($cases))?
                    $(.histories($folder))?;
                match $crate::check::<$type>(way, &suite) {
                    Ok(checked) => println!("{checked}"),
                    Err(rejected) => panic!("{rejected}"),
                }
            }

            #[test]
            fn laws() {
                check($crate::Way::Laws);
            }

            #[test]
            fn exhaustive() {
                check($crate::Way::Exhaustive);
            }

            #[test]
            fn random() {
                check($crate::Way::Random);
            }

            #[test]
            fn scenarios() {
                check($crate::Way::Scenarios);
            }

            #[test]
            fn recorded() {
                check($crate::Way::Recorded);
            }

            #[test]
            fn worlds() {
                check($crate::Way::Worlds);
            }
        }
    };
    ($type:ty $(, $($rest:tt)*)?) => {
        $crate::conformance! { mod conformance, $type $(, $($rest)*)? }
    };
}
