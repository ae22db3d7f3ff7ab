//! Recorded histories as plans: the same operations and messages, with the same questions.

use rejoin::object::TraceType;
use rejoin_drive::plan::{Act, Plan, Question, Step};
use rejoin_trace::{Claim, Content, Event, Name, Operation, Reader};
use std::collections::BTreeMap;

/// The plan of a trace for a type.
///
/// # Errors
/// Why replicas of this type cannot repeat the trace, in a sentence.
pub fn plan(trace: &[u8], kind: TraceType) -> Result<Plan, String> {
    let mut reader = Reader::new(trace).map_err(|error| error.to_string())?;
    let header = reader.header();
    let [(object, declaration)] = header.objects.as_slice() else {
        return Err("it has several objects".into());
    };
    if declaration.kind != kind {
        return Err(format!("it is of a {}", declaration.kind.as_str()));
    }
    let mut plan = Plan {
        replicas: header.replicas.clone(),
        objects: vec![(object.clone(), kind)],
        stamps: header.stamps,
        steps: Vec::new(),
    };
    let mut numbers = Numbers::default();
    while let Some(line) = reader.next_line().map_err(|error| error.to_string())? {
        let replicas = &plan.replicas;
        let place = |name: &Name| {
            let found = replicas.iter().position(|replica| replica == name);
            found.ok_or_else(|| format!("line {}: no replica is {name}", line.number))
        };
        let unlike = |what: &str| Err(format!("line {}: {what}", line.number));
        match line.event {
            Event::Op(op) => {
                let mut operation = op.operation;
                // Another algorithm may order the list differently, so an element may have another
                // successor.
                if let Operation::Insert { before, .. } = &mut operation {
                    *before = None;
                }
                let (at, act) = (place(&op.replica)?, Act::Do(operation));
                plan.steps.push(Step::Operate { at, object: 0, act, user: op.user });
            }
            Event::Send { replica, message, to, content, relays } => {
                if content != Content::All || !relays.is_empty() {
                    return unlike("the message holds less or more than what was seen");
                }
                let to = to.as_ref().map(place).transpose()?;
                let (at, message) = (place(&replica)?, numbers.message(message));
                plan.steps.push(Step::Send { at, message, to, objects: None });
            }
            Event::Receive { replica, message } => {
                let (at, message) = (place(&replica)?, numbers.message(message));
                plan.steps.push(Step::Receive { at, message });
            }
            Event::Merge { replica, from, objects: None } => {
                let (at, from) = (place(&replica)?, place(&from)?);
                let message = numbers.another();
                plan.steps.push(Step::Send { at: from, message, to: Some(at), objects: None });
                plan.steps.push(Step::Receive { at, message });
            }
            Event::Sync { replicas: [a, b], objects: None } => {
                let between = [place(&a)?, place(&b)?];
                plan.steps.push(Step::Sync { between, objects: None });
            }
            Event::Save { replica, snapshot } => {
                let (at, snapshot) = (place(&replica)?, numbers.snapshot(snapshot));
                plan.steps.push(Step::Save { at, snapshot });
            }
            Event::Restore { replica, snapshot } => {
                let (at, snapshot) = (place(&replica)?, numbers.snapshot(snapshot));
                plan.steps.push(Step::Restore { at, snapshot });
            }
            Event::Merge { .. } | Event::Sync { .. } => return unlike("some objects only"),
            Event::Load { .. } => return unlike("it starts from a state"),
            Event::Claim(claim) => {
                if let Some((replica, question)) = question(claim) {
                    plan.steps.push(Step::Ask { at: place(&replica)?, question });
                }
            }
            _ => {}
        }
    }
    Ok(plan)
}

/// The question of a claim. `None` if no subject is asked it, such as whether replicas converged:
/// that follows from the values.
fn question(claim: Claim) -> Option<(Name, Question)> {
    let object = 0;
    Some(match claim {
        Claim::Read { replica, element, key, query: None, .. } => {
            (replica, Question::Read { object, part: element.or(key) })
        }
        Claim::Vector { replica, object: of, .. } => {
            (replica, Question::Vector { object: of.map(|_| object) })
        }
        Claim::Digest { replica, object: of, .. } => {
            (replica, Question::Digest { object: of.map(|_| object) })
        }
        Claim::Decisions { replica, .. } => (replica, Question::Decisions { object }),
        Claim::Notices { replica, user, .. } => (replica, Question::Notices { user }),
        _ => return None,
    })
}

/// The numbers of messages and backups.
#[derive(Default)]
struct Numbers {
    messages: BTreeMap<Name, usize>,
    snapshots: BTreeMap<Name, usize>,
    unnamed: usize,
}

impl Numbers {
    fn message(&mut self, name: Name) -> usize {
        let next = self.messages.len() + self.unnamed;
        *self.messages.entry(name).or_insert(next)
    }

    fn another(&mut self) -> usize {
        self.unnamed += 1;
        self.messages.len() + self.unnamed - 1
    }

    fn snapshot(&mut self, name: Name) -> usize {
        let next = self.snapshots.len();
        *self.snapshots.entry(name).or_insert(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"s":{"type":"or-set"}}}
{"event":"op","replica":"a","object":"s","op":"add","element":"x"}
{"event":"merge","replica":"b","from":"a"}
{"event":"send","replica":"b","message":"m","to":"a"}
{"event":"receive","replica":"a","message":"m"}
{"event":"read","replica":"a","object":"s","element":"x","value":true}
"#;

    #[test]
    fn a_trace_is_repeated_with_its_questions() {
        let plan = plan(TRACE.as_bytes(), TraceType::OrSet).expect("an or-set can repeat it");
        let part = Some("x".to_owned());
        assert_eq!(plan.steps.len(), 6);
        assert_eq!(plan.steps[2], Step::Receive { at: 1, message: 0 });
        assert_eq!(plan.steps[4], Step::Receive { at: 0, message: 1 });
        let question = Question::Read { object: 0, part };
        assert_eq!(plan.steps[5], Step::Ask { at: 0, question });
    }

    #[test]
    fn what_cannot_be_repeated_is_said() {
        let why = |trace: &str, kind| plan(trace.as_bytes(), kind).expect_err("it cannot");
        assert_eq!(why(TRACE, TraceType::GCounter), "it is of a or-set");
        let partial = TRACE.replace(r#""to":"a""#, r#""since":[]"#);
        assert!(why(&partial, TraceType::OrSet).contains("line 4"));
        assert!(why("{}", TraceType::OrSet).contains("trace"));
    }
}
