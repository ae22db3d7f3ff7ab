//! Protocol check: whether a subject follows the protocol, before its answers are judged.
//!
//! Meaning: spec/trace-format.md, section 8. Each check tests one sentence of it.

use super::alphabet;
use super::offer::object_name;
use super::subject::{Failure, Reply, Request, Subject};
use rejoin::json::Json;
use rejoin::object::TraceType;
use rejoin_trace::{Declaration, Name, Op, Operation, Stamps};

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The subject follows the sentence.
    Holds,
    /// The subject breaks it, for this reason.
    Broken(String),
    /// The subject does not support what the sentence is about.
    LeftOut(String),
}

/// Checks each sentence of the protocol, and returns the sentences with their results.
pub fn check(subject: &mut dyn Subject, kinds: &[TraceType]) -> Vec<(&'static str, Finding)> {
    let mut kind = None;
    let mut refusals = String::new();
    let mut starts = Finding::Holds;
    'kinds: for candidate in kinds {
        for stamps in [Stamps::Explicit, Stamps::Own] {
            match begin(subject, *candidate, stamps, &plain_names()) {
                Ok(None) => {
                    kind = Some((*candidate, stamps));
                    break 'kinds;
                }
                Ok(Some(reason)) => refusals = reason,
                Err(failure) => {
                    starts = Finding::Broken(failure.message);
                    break 'kinds;
                }
            }
        }
    }
    if kind.is_none() && starts == Finding::Holds {
        starts = Finding::Broken(format!(
            "it answers start with ok for no type; its reasons: {refusals}"
        ));
    }
    let mut found = vec![("start is answered with ok for some type", starts)];
    let Some((kind, stamps)) = kind else { return found };
    type Check = fn(&mut dyn Subject, TraceType, Stamps) -> Result<Finding, Failure>;
    let checks: [(&str, Check); 5] = [
        ("start forgets everything before it", forgets),
        ("a message is a payload, received once or often", exchanges),
        ("a backup is a payload, and restore goes back to it", restores),
        ("names and payloads of any characters come back", escapes),
        ("a question that is asked twice gets the same answer", repeats),
    ];
    for (sentence, check) in checks {
        let finding = check(subject, kind, stamps);
        let finding = finding.unwrap_or_else(|failure| Finding::Broken(failure.message));
        found.push((sentence, finding));
    }
    found
}

fn plain_names() -> Vec<Name> {
    vec!["a".into(), "b".into()]
}

/// Starts the subject; returns the reason if it does not support that.
fn begin(
    subject: &mut dyn Subject,
    kind: TraceType,
    stamps: Stamps,
    replicas: &[Name],
) -> Result<Option<String>, Failure> {
    let declaration = Declaration { kind, priority: Default::default() };
    let objects = vec![(object_name(kind), declaration)];
    let start = Request::Start { replicas: replicas.to_vec(), objects, stamps };
    match subject.ask(&start)? {
        Reply::Unsupported(reason) => Ok(Some(reason)),
        reply => answered(&start, reply).map(|_| None),
    }
}

/// The reply, unless it is an error.
fn answered(request: &Request, reply: Reply) -> Result<Reply, Failure> {
    match reply {
        Reply::Error(message) => {
            let message = format!("it replied an error to {}: {message}", request.as_str());
            Err(Failure::new(super::FailureKind::Error, message))
        }
        reply => Ok(reply),
    }
}

fn ask(subject: &mut dyn Subject, request: &Request) -> Result<Reply, Failure> {
    let reply = subject.ask(request)?;
    answered(request, reply)
}

fn operate(
    subject: &mut dyn Subject,
    kind: TraceType,
    stamps: Stamps,
    replica: &str,
) -> Result<Reply, Failure> {
    use super::plan::Act;
    let act = alphabet::samples(kind, 0).swap_remove(0);
    let operation = match alphabet::stamped(act, kind, stamps, 1) {
        Act::Do(operation) => operation,
        Act::Insert { element, .. } => {
            Operation::Insert { element, after: None, before: None, value: None }
        }
        Act::Erase { .. } => Operation::Enable,
    };
    let (replica, object) = (replica.into(), object_name(kind));
    let op = Op { replica, object, operation, id: None, user: None, inexact: false };
    ask(subject, &Request::Op(op))
}

fn read(subject: &mut dyn Subject, kind: TraceType, replica: &str) -> Result<Json, Failure> {
    let (replica, object) = (replica.into(), object_name(kind));
    let request = Request::Read { replica, object, element: None, key: None, query: None };
    match ask(subject, &request)? {
        Reply::Value(value) => Ok(value),
        _ => Ok(Json::Null),
    }
}

/// [`Finding::Holds`] if the values are equal.
fn equal(actual: &Json, expected: &Json, what: &str) -> Finding {
    if actual.canonical() == expected.canonical() {
        return Finding::Holds;
    }
    Finding::Broken(format!("{what}: expected {expected}, found {actual}"))
}

fn forgets(subject: &mut dyn Subject, kind: TraceType, stamps: Stamps) -> Result<Finding, Failure> {
    begin(subject, kind, stamps, &plain_names())?;
    let fresh = read(subject, kind, "a")?;
    operate(subject, kind, stamps, "a")?;
    begin(subject, kind, stamps, &plain_names())?;
    let again = read(subject, kind, "a")?;
    Ok(equal(&again, &fresh, "after an operation and a second start the first read"))
}

fn exchanges(
    subject: &mut dyn Subject,
    kind: TraceType,
    stamps: Stamps,
) -> Result<Finding, Failure> {
    begin(subject, kind, stamps, &plain_names())?;
    operate(subject, kind, stamps, "a")?;
    let (replica, message) = ("a".to_owned(), "m".to_owned());
    let request = Request::Send { replica, message, to: None, objects: None };
    let payload = match ask(subject, &request)? {
        Reply::Payload(payload) => payload,
        Reply::Unsupported(reason) => return Ok(Finding::LeftOut(reason)),
        _ => unreachable!("a reply is of its request"),
    };
    for _ in 0..2 {
        let (replica, message) = ("b".into(), "m".into());
        ask(subject, &Request::Receive { replica, message, payload: payload.clone() })?;
    }
    Ok(Finding::Holds)
}

fn restores(
    subject: &mut dyn Subject,
    kind: TraceType,
    stamps: Stamps,
) -> Result<Finding, Failure> {
    begin(subject, kind, stamps, &plain_names())?;
    let before = read(subject, kind, "a")?;
    let (replica, snapshot) = ("a".to_owned(), "s".to_owned());
    let save = Request::Save { replica: replica.clone(), snapshot: snapshot.clone() };
    let payload = match ask(subject, &save)? {
        Reply::Payload(payload) => payload,
        Reply::Unsupported(reason) => return Ok(Finding::LeftOut(reason)),
        _ => unreachable!("a reply is of its request"),
    };
    operate(subject, kind, stamps, "a")?;
    let restore = Request::Restore { replica, snapshot, payload };
    if let Reply::Unsupported(reason) = ask(subject, &restore)? {
        return Ok(Finding::LeftOut(reason));
    }
    let after = read(subject, kind, "a")?;
    Ok(equal(&after, &before, "after an operation and a restore the read"))
}

fn escapes(subject: &mut dyn Subject, kind: TraceType, stamps: Stamps) -> Result<Finding, Failure> {
    let names: Vec<Name> = vec!["é\u{0}\"\\\n".into(), "😀 \u{2028}".into()];
    if let Some(reason) = begin(subject, kind, stamps, &names)? {
        return Ok(Finding::LeftOut(reason));
    }
    for name in &names {
        if let Reply::Unsupported(reason) = operate(subject, kind, stamps, name)? {
            return Ok(Finding::LeftOut(reason));
        }
        read(subject, kind, name)?;
    }
    Ok(Finding::Holds)
}

fn repeats(subject: &mut dyn Subject, kind: TraceType, stamps: Stamps) -> Result<Finding, Failure> {
    begin(subject, kind, stamps, &plain_names())?;
    operate(subject, kind, stamps, "a")?;
    let first = read(subject, kind, "a")?;
    let second = read(subject, kind, "a")?;
    Ok(equal(&second, &first, "the second read, with nothing between"))
}
