//! Shown: subjects that answer falsely, fail or break the protocol are found, and shrink to the
//! same plan each time; random failures, and subjects that support nothing, are reported as such.

use rejoin::json::Json;
use rejoin::object::TraceType;
use rejoin_drive::campaign::{Driven, Failing, Fault, Options, drive};
use rejoin_drive::generate::Style;
use rejoin_drive::{Definition, Failure, FailureKind, Reply, Request, Subject};
use rejoin_judge::Rule;
use rejoin_trace::{Op, Operation};
use std::sync::atomic::{AtomicU64, Ordering};

fn options(kinds: &[TraceType]) -> Options {
    let style = Style { seed: 1, steps: 30, is_plain: false, is_monotonic: false };
    Options {
        style,
        cases: 300,
        only: None,
        shard: (1, 1),
        jobs: 1,
        kinds: kinds.to_vec(),
        stamps: None,
        goes_on: false,
        shrink: 2000,
    }
}

/// The definition, except for the replies of `differs`.
struct But<F> {
    definition: Definition,
    differs: F,
}

impl<F: FnMut(&Request) -> Option<Reply>> Subject for But<F> {
    fn ask(&mut self, request: &Request) -> Result<Reply, Failure> {
        match (self.differs)(request) {
            Some(reply) => Ok(reply),
            None => self.definition.ask(request),
        }
    }
}

fn driven(
    kinds: &[TraceType],
    differs: impl Fn(&Request) -> Option<Reply> + Sync + Clone + 'static,
) -> Driven {
    let subjects = || {
        let subject = But { definition: Definition::new(), differs: differs.clone() };
        Box::new(subject) as Box<dyn Subject>
    };
    drive(&subjects, &options(kinds), &|| {}).expect("it starts")
}

fn only(driven: &Driven) -> &Failing {
    assert_eq!((driven.failing.len(), &driven.error), (1, &None));
    &driven.failing[0]
}

fn is_removal_at_b(request: &Request) -> bool {
    matches!(request, Request::Op(Op { operation: Operation::Remove { .. }, replica, .. }) if replica == "b")
}

#[test]
fn a_lost_removal_is_found_and_shrunk_alike_each_time() {
    let find = || driven(&[TraceType::OrSet], |r| is_removal_at_b(r).then_some(Reply::Ok));
    let first = find();
    let failing = only(&first);
    assert!(failing.is_repeated && failing.steps > failing.plan.steps.len());
    let again = find();
    assert_eq!(failing.outcome.trace, only(&again).outcome.trace);
    assert!(failing.plan.operations() <= 2, "{}", failing.outcome.trace);
    assert!(failing.outcome.report.findings[0].because.len() > 1);
}

#[test]
fn the_rule_stays_the_same_while_it_shrinks() {
    let all_zero = |request: &Request| {
        let zero = Json::parse("0").expect("JSON");
        matches!(request, Request::Vector { .. }).then_some(Reply::Value(zero))
    };
    let driven = driven(&[TraceType::LwwMap], all_zero);
    let failing = only(&driven);
    assert_eq!(failing.fault, Fault::False(Rule::Vector));
    assert_eq!(failing.outcome.report.findings[0].rule, Rule::Vector);
    assert_eq!(failing.plan.steps.len(), 1, "a question alone: {}", failing.outcome.trace);
}

#[test]
fn an_error_is_a_failure_of_the_subject_and_ends_its_trace() {
    let driven = driven(&[TraceType::OrSet], |request| {
        is_removal_at_b(request).then(|| Reply::Error("no such element".into()))
    });
    let failing = only(&driven);
    assert_eq!(failing.fault, Fault::Failed(FailureKind::Error));
    let last = failing.outcome.trace.lines().last().expect("lines");
    assert!(
        last.starts_with("{\"event\":\"failed\"") && last.contains("no such element"),
        "{last}"
    );
    assert_eq!(failing.plan.operations(), 1);
}

#[test]
fn an_answer_that_no_trace_can_hold_is_babble() {
    let driven = driven(&[TraceType::OrSet], |request| {
        let value = Json::parse("[1e999]").expect("JSON");
        matches!(request, Request::Read { .. }).then_some(Reply::Value(value))
    });
    assert_eq!(only(&driven).fault, Fault::Failed(FailureKind::Babbled));
}

#[test]
fn payloads_without_end_are_babble() {
    let driven = driven(&[TraceType::OrSet], |request| {
        let is_save = matches!(request, Request::Save { .. });
        is_save.then(|| Reply::Payload("p".repeat(40 << 20)))
    });
    assert_eq!(only(&driven).fault, Fault::Failed(FailureKind::Babbled));
}

#[test]
fn who_refuses_everything_is_not_said_to_conform() {
    let driven = driven(&TraceType::ALL, |request| {
        let is_receipt = matches!(request, Request::Receive { .. } | Request::Sync { .. });
        is_receipt.then(|| Reply::Unsupported("not now".into()))
    });
    assert!(driven.failing.is_empty());
    assert_eq!(driven.tally.received + driven.tally.synced, 0);
    assert!(driven.tally.refused > 0);
}

#[test]
fn what_is_not_supported_is_left_out_and_named() {
    let driven = driven(&[TraceType::OrSet, TraceType::Log], |request| match request {
        Request::Start { objects, .. } if objects[0].1.kind == TraceType::Log => {
            Some(Reply::Unsupported("no logs".into()))
        }
        Request::Digest { .. } => Some(Reply::Unsupported("no hash".into())),
        _ => None,
    });
    assert!(driven.failing.is_empty());
    let kinds: Vec<_> = driven.offer.kinds.keys().collect();
    assert_eq!(kinds, [&TraceType::OrSet]);
    assert!(driven.offer.lacks.values().any(|why| why == "no logs"));
    assert!(driven.offer.lacks.values().any(|why| why == "no hash"));
    assert!(!driven.tally.answers.contains_key("digest"));
}

#[test]
fn a_failure_that_does_not_come_again_is_said_to_be_such() {
    static ASKED: AtomicU64 = AtomicU64::new(0);
    let driven = driven(&[TraceType::EwFlag], |request| {
        let is_read = matches!(request, Request::Read { .. });
        let is_wrong = is_read && ASKED.fetch_add(1, Ordering::Relaxed) == 100;
        is_wrong.then_some(Reply::Value(Json::Null))
    });
    let failing = only(&driven);
    assert!(!failing.is_repeated);
    assert_eq!(failing.fault, Fault::False(Rule::EwFlagValue));
}
