//! Whether a participant ended with what it should.

use crate::workload::{Contents, Expected};
use std::fmt;

/// What became of the contents.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// All as expected; so many keys hold another of their concurrent values than the latest one.
    Right(usize),
    /// What is wrong.
    Wrong(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Right(0) => write!(formatter, "right"),
            Self::Right(count) => write!(formatter, "right; {count} values not the latest"),
            Self::Wrong(what) => write!(formatter, "**wrong**: {what}"),
        }
    }
}

/// Judges what the replicas of a participant hold in the end.
pub fn judge(replicas: &[Contents], expected: &Expected) -> Verdict {
    let first = &replicas[0];
    let wanted = &expected.contents;
    let mut faults = Vec::new();
    if replicas.iter().any(|replica| replica != first) {
        faults.push("the replicas differ".to_string());
    }
    if first.set != wanted.set {
        let missing = wanted.set.difference(&first.set).count();
        let surplus = first.set.difference(&wanted.set).count();
        faults.push(format!(
            "of {} elements {missing} are missing, and {surplus} are too many",
            wanted.set.len()
        ));
    }
    if first.counter != wanted.counter {
        faults.push(format!("the counter is {} and not {}", first.counter, wanted.counter));
    }
    if first.log != wanted.log {
        faults.push(format!("of {} entries there are {}", wanted.log.len(), first.log.len()));
    }
    let is_candidate = |(key, value): (&String, &String)| {
        expected.candidates.get(key).is_some_and(|candidates| candidates.contains(value))
    };
    if !first.map.keys().eq(wanted.map.keys()) {
        faults.push(format!("of {} keys there are {}", wanted.map.len(), first.map.len()));
    }
    let overwritten = first.map.iter().filter(|entry| !is_candidate(*entry)).count();
    if overwritten > 0 {
        faults.push(format!("{overwritten} values were overwritten knowingly"));
    }
    if faults.is_empty() {
        let not_latest = first.map.iter().zip(&wanted.map).filter(|(held, wanted)| held != wanted);
        Verdict::Right(not_latest.count())
    } else {
        Verdict::Wrong(faults.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(value: &str, element: &str, counter: u64) -> Contents {
        Contents {
            map: [("k".to_string(), value.to_string())].into(),
            set: [element.to_string()].into(),
            counter,
            log: vec!["line".into()],
        }
    }

    fn expected() -> Expected {
        let candidates = vec!["late".to_string(), "early".to_string()];
        Expected {
            contents: contents("late", "e", 1),
            candidates: [("k".to_string(), candidates)].into(),
        }
    }

    #[test]
    fn every_fault_is_seen() {
        let judge = |replica: Contents| judge(&[replica.clone(), replica], &expected());
        assert_eq!(judge(contents("late", "e", 1)), Verdict::Right(0));
        assert_eq!(judge(contents("early", "e", 1)), Verdict::Right(1));
        assert!(matches!(judge(contents("first", "e", 1)), Verdict::Wrong(_)));
        assert!(matches!(judge(contents("late", "f", 1)), Verdict::Wrong(_)));
        assert!(matches!(judge(contents("late", "e", 2)), Verdict::Wrong(_)));
        let without_line = Contents { log: Vec::new(), ..contents("late", "e", 1) };
        assert!(matches!(judge(without_line), Verdict::Wrong(_)));
        let without_key = Contents { map: Default::default(), ..contents("late", "e", 1) };
        assert!(matches!(judge(without_key), Verdict::Wrong(_)));
    }

    #[test]
    fn replicas_must_agree() {
        let replicas = [contents("late", "e", 1), contents("early", "e", 1)];
        assert!(matches!(judge(&replicas, &expected()), Verdict::Wrong(_)));
    }
}
