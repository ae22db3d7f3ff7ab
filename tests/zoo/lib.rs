//! The zoo: broken replicated types, each with its clean twin.
//!
//! A number below 100 is that of a bug which a real system shipped; the others are further bugs of
//! the same kinds. Broken and clean types share their code, which differs where it asks for the
//! number.

pub mod causal;
pub mod counters;
pub mod journal;
pub mod lists;
mod past;
pub mod registers;
pub mod sets;
pub mod strangers;

use rejoin_conformance::{
    Checked, Hosted, Rejected, Replicated, Stamps, Suite, Type, Way, check_subject,
};
use rejoin_drive::Subject;

/// A type with bugs that can be switched on.
pub trait Bugged: Replicated {
    /// The same replica with the bug of this number; 0 is none.
    fn bugged(self, bug: u32) -> Self;
}

/// One type of the zoo, with one of its bugs or none.
#[derive(Clone, Copy)]
pub struct Animal {
    /// Its type.
    pub kind: Type,
    /// How its writes are ordered.
    pub stamps: Stamps,
    bug: u32,
    make: fn(u32) -> Box<dyn Subject>,
}

fn subject<R: Bugged + 'static>(bug: u32) -> Box<dyn Subject> {
    Box::new(Hosted::of(move |name: &str| R::new(name).bugged(bug)))
}

impl Animal {
    /// A type with the bug of this number.
    pub const fn of<R: Bugged + 'static>(bug: u32) -> Self {
        Self { kind: R::TYPE, stamps: R::STAMPS, bug, make: subject::<R> }
    }

    /// A subject that the oracle drives in this process.
    pub fn subject(&self) -> Box<dyn Subject> {
        (self.make)(self.bug)
    }

    /// Runs the conformance suite.
    ///
    /// # Errors
    /// If the type does not conform.
    pub fn check(&self, way: Way, suite: &Suite) -> Result<Checked, Box<Rejected>> {
        check_subject(self.subject().as_mut(), (self.kind, self.stamps), way, suite)
    }

    /// Whether both are one type with the same bug.
    pub fn is(&self, other: &Self) -> bool {
        self.bug == other.bug && std::ptr::fn_addr_eq(self.make, other.make)
    }
}

/// A broken type and its clean twin.
#[derive(Clone, Copy)]
pub struct Mutant {
    /// Its name: that of the type and the number of the bug.
    pub name: &'static str,
    /// The bug.
    pub bug: &'static str,
    /// The rules that it breaks, any of which may be found first.
    pub rules: &'static [&'static str],
    /// The broken type.
    pub broken: Animal,
    /// The same type without the bug.
    pub clean: Animal,
}

/// A row of the catalogue.
macro_rules! mutants {
    ($($name:literal $broken:ident$(::$inner:ident)? $number:literal, $clean:ty: $bug:literal, $($rule:literal)|+;)*) => {
        &[$(Mutant {
            name: $name,
            bug: $bug,
            rules: &[$($rule),+],
            broken: Animal::of::<$broken$(::$inner)?>($number),
            clean: Animal::of::<$clean>(0),
        }),*]
    };
}

use causal::{Deltas, Optimized};
use counters::{Counter, Shipped, UpDown};
use journal::Journal;
use lists::List;
use registers::{Greatest, Lamport, Lww, Map, Tied, Values, Watermarked};
use sets::{AddWins, DisableWins, EnableWins, Grows, Records, RemoveWins, TwoPhase};

/// All mutants.
pub const MUTANTS: &[Mutant] = mutants! {
    "lww-1" Lww 1, Lww: "equal stamps: the first arrival wins", "lww-register/value";
    "lww-2" Lww 2, Lww: "stamp and replica tie: the left argument wins", "lww-register/value";
    "lww-3" Lww 3, Lww: "ties go to the lowest name", "lww-register/value";
    "lww-4" Lww 4, Lww: "the local side wins ties", "lww-register/value";
    "lww-5" Tied 5, Tied: "names are compared the wrong way round in two places", "lww-register/value";
    "lww-6" Lww 6, Lww: "the winner changes after save and load", "lww-register/value";
    "or-set-7" Optimized 7, Optimized: "the greater clock wins, and misses removals", "or-set/value";
    "or-set-8" Optimized 8, Optimized: "what is present on both sides is kept", "or-set/value";
    "or-set-9" Deltas 9, Deltas: "holes in a vector work as removals", "or-set/value";
    "or-set-10" Deltas 10, Deltas: "a removal's delta carries the whole vector", "or-set/value";
    "or-set-11" Deltas 11, Deltas: "an addition's delta carries the whole context", "or-set/value";
    "or-set-12" Optimized 12, Optimized: "removals have no dot, so a sync leaves them out", "or-set/value";
    "or-set-13" AddWins 13, AddWins: "a restored replica uses its dots again", "or-set/value";
    "counter-14" Counter 14, Counter: "one integer, joined by the greater", "g-counter/value";
    "counter-15" Shipped 15, Shipped: "an increment that comes again counts again", "g-counter/value";
    "or-set-16" AddWins 16, AddWins: "old tombstones are dropped", "or-set/value";
    "or-set-17" AddWins 17, AddWins: "a removal by a clock removes what it never saw", "or-set/value";
    "or-set-18" Records 18, AddWins: "a removal overwrites the whole record", "or-set/value";
    "or-set-19" Optimized 19, Optimized: "the hash follows the order of arrival", "digest/equal";
    "or-set-20" Optimized 20, Optimized: "a sync succeeds without comparing", "or-set/value" | "vector";
    "log-21" Journal 21, Journal: "the vector advances beyond what was applied", "log/value";
    "lww-22" Watermarked 22, Watermarked: "the watermark ignores ties", "lww-register/value";
    "lww-23" Lww 23, Lww: "writing an equal value is no change", "lww-register/value" | "vector";
    "counter-24" Counter 24, Counter: "everybody's slot is the first one", "g-counter/value";
    "log-25" Journal 25, Journal: "receiving clears what is to be sent", "log/value";
    "log-26" Journal 26, Journal: "causal delivery is assumed", "log/value";
    "or-set-27" Optimized 27, Optimized: "the marker of a pruning is sent without the state", "or-set/value";
    "map-28" Map 28, Map: "a deletion and a concurrent put diverge", "lww-map/value";
    "log-29" Journal 29, Journal: "what came too early is lost", "log/value";
    "or-set-30" AddWins 30, AddWins: "adding what is there makes no operation", "or-set/value" | "vector";
    "or-set-31" AddWins 31, AddWins: "the delta of a removal removes nothing", "or-set/value";
    "pn-counter-32" UpDown 32, UpDown: "a merge keeps the greater total", "pn-counter/value";
    "counter-33" Counter 33, Counter: "a restored replica uses its share again", "g-counter/value";
    "log-34" Journal 34, Journal: "what was lost counts as sent", "log/value";
    "log-35" Journal 35, Journal: "a backup's vector runs ahead of its entries", "log/value";
    "map-36" Map 36, Map: "a deletion leaves nothing behind", "lww-map/value";
    "lww-36" Lww 36, Lww: "two simultaneous writes end swapped", "lww-register/value";
    "lww-37" Lww 37, Lww: "writes from far ahead are dropped", "lww-register/value";
    "log-38" Journal 38, Journal: "what was made before the first contact is never sent", "log/value";
    "or-set-39" AddWins 39, AddWins: "one message names an element as added and as removed", "or-set/value";
    "log-40" Journal 40, Journal: "two batches have one watermark", "log/value";
    "lww-41" Lww 41, Lww: "ties are broken by who forwarded", "lww-register/value";
    "lww-41-clock" Lamport 241, Lamport: "a merge does not move the clock on", "lww/superseded" | "lww/agreement";
    "or-set-42" AddWins 42, AddWins: "what is changed while a message is applied is not sent", "or-set/value";
    "log-43" Journal 43, Journal: "a checkpoint during an upload is passed over", "log/value" | "vector";
    "lww-44" Lww 44, Lww: "the last arrival overwrites", "lww-register/value";
    "or-set-45" Optimized 45, Optimized: "the hash is that of the vector", "digest/distinct";
    "log-46" Journal 46, Journal: "a log is seeded twice under two identities", "log/value";
    "counter-101" Counter 101, Counter: "the total is a double", "g-counter/value";
    "counter-102" Counter 102, Counter: "a share has 32 bits", "g-counter/value";
    "counter-104" Counter 104, Counter: "shares are found by the beginning of the name", "g-counter/value";
    "pn-counter-103" UpDown 103, UpDown: "the total is never negative", "pn-counter/value";
    "pn-counter-105" UpDown 105, UpDown: "decrements of who never incremented are lost", "pn-counter/value";
    "pn-counter-106" UpDown 106, UpDown: "great amounts are one too many", "pn-counter/value";
    "log-110" Journal 110, Journal: "equal entries are one", "log/value";
    "log-111" Journal 111, Journal: "entries stand in the order of arrival", "log/value";
    "map-120" Map 120, Map: "members that are null are dropped", "lww-map/value";
    "map-121" Map 121, Map: "keys of the language are hidden", "lww-map/value";
    "map-122" Map 122, Map: "integers are doubles", "lww-map/value";
    "map-123" Map 123, Map: "keys have no case", "lww-map/value";
    "mv-register-130" Values 130, Values: "a merge keeps the greatest value", "mv-register/value";
    "mv-register-131" Values 131, Values: "a merge keeps what was overwritten", "mv-register/value";
    "mv-register-132" Values 132, Values: "a deletion deletes own values only", "mv-register/value";
    "ew-flag-140" EnableWins 140, EnableWins: "a disable wins", "ew-flag/value";
    "ew-flag-141" EnableWins 141, EnableWins: "a disable turns off own enables only", "ew-flag/value";
    "dw-flag-143" DisableWins 143, DisableWins: "the last arrival counts", "dw-flag/value";
    "rw-set-144" RemoveWins 144, RemoveWins: "removing what is not there makes no operation", "rw-set/value";
    "2p-set-145" TwoPhase 145, TwoPhase: "adding again takes a removal back", "2p-set/value";
    "g-set-146" Grows 146, Grows: "names are trimmed", "g-set/value";
    "max-register-147" Greatest 147, Greatest: "it begins at 0", "max-register/value";
    "max-register-148" Greatest 148, Greatest: "integers are doubles", "max-register/value";
    "list-150" List 150, List: "concurrent inserts stand in the order of arrival", "list/order";
    "list-151" List 151, List: "a deletion travels as a number of a place", "list/value";
    "list-152" List 152, List: "a deletion leaves nothing behind", "list/value" | "list/order";
    "list-153" List 153, List: "what stands behind something deleted goes to the front", "list/order";
    "list-154" List 154, List: "a merge does not move the clock on", "list/order";
    "list-155" List 155, List: "a long list inserts one place too early", "list/order";
    "vector-160" AddWins 160, AddWins: "the vector counts messages", "vector";
    "or-set-161" AddWins 161, AddWins: "a removal removes one addition", "or-set/value";
};

/// Types with bugs of kinds that no list has; they have no twins.
pub const STRANGERS: &[Mutant] = mutants! {
    "cut-names" strangers::CutNames 0, Grows: "names are cut after 64 bytes", "g-set/value";
    "stale-total" strangers::StaleTotal 0, UpDown: "decrements that arrive alone change no total", "pn-counter/value";
    "eight-entries" strangers::EightEntries 0, Journal: "a message has at most eight entries", "log/value";
    "text-times" strangers::TextTimes 0, Lww: "timestamps are compared as texts", "lww-register/value";
    "own-values" strangers::OwnValues 0, Values: "values are passed on by their writer only", "mv-register/value";
    "echo" strangers::Echo 0, AddWins: "a replica believes its own echo", "or-set/value";
    "surprised" strangers::Surprised 0, EnableWins: "two disables of one enable cannot be", "subject died";
    "lazy" strangers::Lazy 0, TwoPhase: "a removal waits for the next merge", "2p-set/value";
    "old-backups" strangers::OldBackups 0, TwoPhase: "backups lack removals", "2p-set/value";
    "length-hash" strangers::LengthHash 0, Grows: "the hash is that of the lengths", "digest/distinct";
};

/// A type of the zoo by its name; `clean-NAME` is the twin.
pub fn find(name: &str) -> Option<Animal> {
    let (name, is_clean) = match name.strip_prefix("clean-") {
        Some(name) => (name, true),
        None => (name, false),
    };
    let mutant = MUTANTS.iter().chain(STRANGERS).find(|mutant| mutant.name == name)?;
    Some(if is_clean { mutant.clean } else { mutant.broken })
}
