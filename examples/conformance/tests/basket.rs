//! The suite on a set that is wrong: it fails, and says why.

use conformance_example::Basket;
use rejoin_conformance::{
    Json, Operation, Replicated, Suite, Type, Unsupported, Way, answer, check,
};
use std::path::Path;

#[derive(Clone)]
struct Tested(Basket);

impl Replicated for Tested {
    const TYPE: Type = Type::OrSet;

    fn new(name: &str) -> Self {
        Self(Basket::new(name))
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        match operation {
            Operation::Add { element } => self.0.add(element),
            Operation::Remove { element } => self.0.remove(element),
            other => return Err(Unsupported::operation(other)),
        }
        Ok(())
    }

    fn value(&self) -> Json {
        answer::elements(self.0.items())
    }

    fn merge(&mut self, other: &Self) {
        self.0.merge(&other.0);
    }
}

/// In an own crate this would be `conformance! { Tested }`, and fail.
fn suite(folder: &Path) -> Suite {
    let folder = folder.to_str().expect("the folder has a name that is a text");
    Suite::new("Basket", "my-crate", folder, "basket::conformance")
}

#[test]
fn each_way_finds_the_bug_or_nothing_else() {
    let suite = suite(Path::new("none")).forgetful();
    for way in [Way::Laws, Way::Random, Way::Worlds] {
        let rejected = check::<Tested>(way, &suite).expect_err("the basket forgets removals");
        assert_eq!(rejected.fault.to_string(), "or-set/value", "{rejected}");
        assert!(rejected.plan.operations() <= 4, "{rejected}");
    }
}

#[test]
fn the_reason_is_printed() {
    let suite = suite(Path::new("none")).forgetful();
    let rejected = check::<Tested>(Way::Random, &suite).expect_err("the basket forgets removals");
    let printed = rejected.to_string();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("basket.txt");
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(&file, printed.trim_start()).expect("it can be written");
    }
    let shown = std::fs::read_to_string(file).expect("it is there");
    assert_eq!(printed.trim_start(), shown);
}

#[test]
fn a_failure_is_kept_and_performed_first() {
    let folder = std::env::temp_dir().join(format!("rejoin-basket-{}", std::process::id()));
    let suite = suite(&folder).cases(100);
    let first = check::<Tested>(Way::Worlds, &suite).expect_err("the basket forgets removals");
    let path = folder.join("tests/conformance/Basket/worlds-or-set-value.jsonl");
    let kept = std::fs::read_to_string(&path).expect("the failure is kept");
    assert_eq!(kept, first.outcome.trace);
    let second = check::<Tested>(Way::Worlds, &suite).expect_err("the basket forgets removals");
    assert!(second.to_string().contains("a failure that was kept"), "{second}");
    std::fs::remove_dir_all(folder).expect("it was written here");
}
