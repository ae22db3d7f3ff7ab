//! The proven judge, against the definition in Rust.
//!
//! Shown: on random traces with the answers of the definition in Rust, the judge finds nothing.
//! When one answer is changed, it finds that one, by its rule. It stops at an impossible line, and
//! keeps its earlier findings. The traces have operations of all thirteen types, messages of every
//! kind (also such as contain events without those that they saw), merges, synchronizations,
//! backups and restores.

use crate::letter::Letter::{self, A, Null, T};
use crate::operations::{self, Numbers};
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};
use rejoin::definition::{self, Event, EventId};
use rejoin::dot::{Dot, Origin, ReplicaId};
use rejoin::object::ObjectType;
use rejoin::operation::{self, DecisionId, Frontier, ObjectId, Operation};
use rejoin_proven::judge::{
    Answer, Claim, Decision, Header, Line, Name, Notice, Payload, Report, Rule, judge,
};
use std::collections::{BTreeMap, BTreeSet};

const REPLICAS: [&str; 3] = ["a", "b", "c"];
const USERS: [Option<&str>; 3] = [Some("ann"), None, Some("ann")];

type Op = Operation<Name, Letter>;
type Seen = BTreeSet<usize>;

#[derive(Clone, Debug)]
enum Step {
    Perform { at: usize, of: ObjectType, operation: Op },
    SendObject { from: usize, object: usize },
    SendSince { from: usize, messages: Vec<usize> },
    SendOperation { from: usize, operation: usize },
    Receive { at: usize, message: usize },
    Merge { at: usize, from: usize },
    Sync { at: usize, other: usize, object: usize },
    Save { at: usize },
    Restore { at: usize },
    Claim { at: usize, kind: usize, object: usize },
}

/// A growing trace, and what its replicas have seen at its end.
#[derive(Default)]
struct Trace {
    lines: Vec<Line<Letter>>,
    events: Vec<Event<Name, Letter>>,
    seen: [Seen; 3],
    messages: Vec<Seen>,
    /// The last backup of each replica: its name, and its content.
    backups: [Option<(Name, Seen)>; 3],
}

fn object(number: usize) -> (Name, ObjectType) {
    let kind = ObjectType::ALL[number % ObjectType::ALL.len()];
    (kind.as_str().into(), kind)
}

fn header() -> Header {
    let replicas = REPLICAS.map(Name::from).into();
    Header { replicas, objects: (0..ObjectType::ALL.len()).map(object).collect() }
}

fn message(number: usize) -> Name {
    format!("m{number}").into()
}

fn name(decision: &DecisionId) -> (Name, u64) {
    (decision.dot.origin.replica.as_str().into(), decision.seq)
}

impl Trace {
    fn seen_events(&self, at: usize) -> Vec<&Event<Name, Letter>> {
        self.seen[at].iter().map(|event| &self.events[*event]).collect()
    }

    fn on(&self, at: usize, object: &ObjectId) -> Seen {
        let seen = self.seen[at].iter().copied();
        seen.filter(|event| self.events[*event].id.object == *object).collect()
    }

    fn send(&mut self, from: usize, payload: Payload, holds: Seen) {
        let (replica, message) = (REPLICAS[from].into(), message(self.messages.len()));
        self.messages.push(holds);
        self.lines.push(Line::Sends { replica, message, payload });
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Perform { at, of, operation } => self.perform(*at, *of, operation),
            Step::SendObject { from, object: number } => {
                let (object, _) = object(*number);
                let holds = self.on(*from, &object);
                self.send(*from, Payload::Within(Some(vec![object])), holds);
            }
            Step::SendSince { from, messages } => {
                let sent = self.messages.len();
                let messages: Vec<usize> =
                    messages.iter().filter_map(|message| message.checked_rem(sent)).collect();
                let mut holds = self.seen[*from].clone();
                for message in &messages {
                    holds = &holds - &self.messages[*message];
                }
                let messages = messages.into_iter().map(message).collect();
                self.send(*from, Payload::Since(messages), holds);
            }
            Step::SendOperation { from, operation } => {
                if let Some(place) = operation.checked_rem(self.seen[*from].len()) {
                    let event = self.seen[*from].iter().copied().nth(place).expect("it is seen");
                    let ids = vec![format!("o{event}").into()];
                    self.send(*from, Payload::Operations(ids), Seen::from([event]));
                }
            }
            Step::Receive { at, message: number } => {
                if let Some(number) = number.checked_rem(self.messages.len()) {
                    self.seen[*at].extend(self.messages[number].clone());
                    let (replica, message) = (REPLICAS[*at].into(), message(number));
                    self.lines.push(Line::Receives { replica, message });
                }
            }
            Step::Merge { at, from } => {
                let seen = self.seen[*from].clone();
                self.seen[*at].extend(seen);
                let [replica, from] = [*at, *from].map(|replica| REPLICAS[replica].into());
                self.lines.push(Line::Merges { replica, from, objects: None });
            }
            Step::Sync { at, other, object: number } if at != other => {
                let (object, _) = object(*number);
                let both = &self.on(*at, &object) | &self.on(*other, &object);
                self.seen[*at].extend(&both);
                self.seen[*other].extend(&both);
                let replicas = [*at, *other].map(|replica| REPLICAS[replica].into());
                self.lines.push(Line::Syncs { replicas, objects: Some(vec![object]) });
            }
            Step::Sync { .. } => self.lines.push(Line::Notes),
            Step::Save { at } => {
                let snapshot = Name::from(format!("s{}", self.lines.len()));
                self.backups[*at] = Some((snapshot.clone(), self.seen[*at].clone()));
                self.lines.push(Line::Saves { replica: REPLICAS[*at].into(), snapshot });
            }
            Step::Restore { at } => {
                if let Some((snapshot, seen)) = self.backups[*at].clone() {
                    self.seen[*at] = seen;
                    self.lines.push(Line::Restores { replica: REPLICAS[*at].into(), snapshot });
                }
            }
            Step::Claim { at, kind, object: number } => {
                let claim = self.claim(*at, *kind, *number);
                self.lines.push(Line::Claims(claim));
            }
        }
    }

    fn perform(&mut self, at: usize, of: ObjectType, operation: &Op) {
        let number = self.events.len();
        let object: ObjectId = of.as_str().into();
        // Every operation has a dot of its own, whatever a restore makes equal.
        let origin = Origin { replica: ReplicaId::new(REPLICAS[at]).unwrap(), incarnation: 0 };
        let dot = Dot { origin, counter: number as u64 + 1 };
        let sees = self.seen[at].iter().map(|event| self.events[*event].id.clone()).collect();
        let user: Option<Name> = USERS[at].map(Into::into);
        self.lines.push(Line::Operates {
            replica: REPLICAS[at].into(),
            object: object.clone(),
            operation: operation.clone(),
            id: Some(format!("o{number}").into()),
            user: user.clone(),
        });
        let id = EventId { object, dot };
        self.events.push(Event { id, operation: operation.clone(), user, sees });
        self.seen[at].insert(number);
    }

    /// The answers of the definition in Rust.
    fn claim(&self, at: usize, kind: usize, number: usize) -> Claim<Letter> {
        let (object, of) = object(number);
        let replica = Name::from(REPLICAS[at]);
        let seen = self.seen_events(at);
        let on_object = definition::of_object(&seen, &object);
        match kind {
            0 => {
                let answer = match definition::value(of, &on_object) {
                    operation::Answer::Count(total) => Answer::Count(total.expect("it is small")),
                    operation::Answer::Value(value) => Answer::Content(value.unwrap_or(Null)),
                    operation::Answer::Elements(elements) => {
                        Answer::Elements(elements.into_iter().rev().collect())
                    }
                    operation::Answer::Values(values) => {
                        Answer::Entries(values.into_iter().rev().collect())
                    }
                    operation::Answer::Entries(entries) => Answer::Items(entries),
                    operation::Answer::Balance(balance) => {
                        Answer::Balance(balance.expect("it is small"))
                    }
                    operation::Answer::Enabled(is_enabled) => Answer::Enabled(is_enabled),
                    operation::Answer::Concurrent(values) => Answer::Values(rearranged(values)),
                    operation::Answer::ConcurrentByKey(values) => {
                        let values = values.into_iter().rev();
                        let values = values.map(|(key, values)| (key, rearranged(values)));
                        Answer::ValueSets(values.collect())
                    }
                    operation::Answer::Integer(integer) => Answer::Integer(integer),
                };
                Claim::Reads { replica, object, value: Some(answer) }
            }
            1 if matches!(of, ObjectType::OrSet | ObjectType::RwSet) => {
                let operation::Answer::Elements(elements) = definition::value(of, &on_object)
                else {
                    unreachable!("it is a set")
                };
                let value = Some(elements.contains("x"));
                Claim::ReadsElement { replica, object, element: "x".into(), value }
            }
            1 if of == ObjectType::MvMap => {
                let key = Name::from("y");
                let values = Some(rearranged(definition::concurrent(&on_object, Some(&key))));
                Claim::ReadsValues { replica, object, key, values }
            }
            1 if of == ObjectType::LwwMap => {
                let key = Name::from("y");
                let value = definition::written(&on_object, Some(&key));
                Claim::ReadsKey { replica, object, key, value }
            }
            1 => self.claim(at, 0, number),
            2 => {
                let vector = definition::vector(&on_object).into_iter();
                let vector = vector.map(|(of, count)| (of.as_str().into(), count)).collect();
                Claim::Counts { replica, object: Some(object), vector: Some(vector) }
            }
            3 => {
                let all = definition::vector(&seen).into_iter();
                let all = all.map(|(of, count)| (of.as_str().into(), count)).collect();
                Claim::Counts { replica, object: None, vector: Some(all) }
            }
            4 if !of.has_decisions() => self.claim(at, 5, number),
            4 => {
                let decision = |open: Frontier<Name>| Decision {
                    key: open.key,
                    kept: open.kept.iter().rev().map(name).collect(),
                    superseded: open.superseded.iter().rev().map(name).collect(),
                };
                let open = definition::open_decisions(&object, of, &on_object).into_iter().rev();
                let decisions = Some(open.map(decision).collect());
                Claim::Decides { replica, object, decisions }
            }
            _ => {
                let user = Name::from("ann");
                let mut open = Vec::new();
                for (object, of) in (0..ObjectType::ALL.len()).map(self::object) {
                    let on_object = definition::of_object(&seen, &object);
                    open.extend(definition::open_decisions(&object, of, &on_object));
                }
                let notice = |notice: operation::Notice<Name>| Notice {
                    decision: name(&notice.decision),
                    object: notice.object,
                    key: notice.key,
                };
                let notices = definition::notices(&open, &user).into_iter().map(notice).collect();
                Claim::Tells { replica, user, notices: Some(notices) }
            }
        }
    }
}

/// Concurrent values, in another order and one of them twice.
fn rearranged(values: BTreeSet<Letter>) -> Vec<Letter> {
    values.iter().rev().chain(values.first()).cloned().collect()
}

/// The values, and one that is not among them.
fn with_another(values: &mut Vec<Letter>) {
    let another = if values.contains(&A) { T } else { A };
    // If both are there, one of them is left out instead.
    if values.contains(&another) {
        values.retain(|value| *value != another);
    } else {
        values.push(another);
    }
}

/// The claim with another answer, and the rule that it breaks.
fn falsified(claim: &Claim<Letter>) -> (Claim<Letter>, Rule) {
    let mut claim = claim.clone();
    let rule = match &mut claim {
        Claim::Reads { value, .. } => {
            match value.as_mut().expect("it has its shape") {
                Answer::Count(total) => *total += 1,
                Answer::Content(content) => *content = if *content == A { T } else { A },
                Answer::Elements(elements) => elements.push("x".into()),
                Answer::Entries(entries) => entries.push(("z".into(), A)),
                Answer::Items(items) => items.push(A),
                Answer::Balance(balance) => *balance = -*balance - 1,
                Answer::Enabled(is_enabled) => *is_enabled = !*is_enabled,
                Answer::Values(values) => with_another(values),
                Answer::ValueSets(entries) => match entries.first_mut() {
                    Some((_, values)) => with_another(values),
                    None => entries.push(("z".into(), Vec::new())),
                },
                Answer::Integer(integer) => {
                    *integer = integer.map_or(Some(0), |integer| (integer > 0).then_some(-integer));
                }
            }
            // A repeated element is false, and so is one that is not in the set.
            Rule::Value
        }
        Claim::ReadsElement { value, .. } => {
            *value = value.map(|is_in| !is_in);
            Rule::Value
        }
        Claim::ReadsKey { value, .. } => {
            *value = if *value == A { Null } else { A };
            Rule::Value
        }
        Claim::ReadsValues { values, .. } => {
            with_another(values.as_mut().expect("it has its shape"));
            Rule::Value
        }
        Claim::Counts { vector, .. } => {
            vector.as_mut().expect("it has its shape").push(("nobody".into(), 0));
            Rule::Vector
        }
        Claim::Decides { decisions, .. } => {
            let decision = Decision { key: None, kept: Vec::new(), superseded: Vec::new() };
            decisions.as_mut().expect("it has its shape").push(decision);
            Rule::Decisions
        }
        Claim::Tells { notices, .. } => {
            let decision = ("a".into(), 1);
            let notice = Notice { object: "log".into(), key: None, decision };
            notices.as_mut().expect("it has its shape").push(notice);
            Rule::Notices
        }
        Claim::Hashes { .. } | Claim::Converged { .. } => unreachable!("not drawn"),
    };
    (claim, rule)
}

/// An operation that objects of this type have.
fn operation(of: ObjectType) -> BoxedStrategy<Op> {
    let numbers = Numbers {
        timestamps: (0..3_u64).boxed(),
        amounts: (1..4_u64).boxed(),
        integers: (-2..3_i128).boxed(),
    };
    operations::operation(of, &[Name::from("x"), Name::from("y")], numbers)
}

/// A step on objects of these types.
fn step(kinds: Vec<usize>) -> impl Strategy<Value = Step> {
    let one = || prop::sample::select(kinds.clone());
    let at = || 0..REPLICAS.len();
    let any = || 0..100_usize;
    prop_oneof![
        6 => (at(), one()).prop_flat_map(|(at, number)| {
            let (_, of) = object(number);
            operation(of).prop_map(move |operation| Step::Perform { at, of, operation })
        }),
        1 => (at(), one()).prop_map(|(from, object)| Step::SendObject { from, object }),
        1 => (at(), prop::collection::vec(any(), 0..3))
            .prop_map(|(from, messages)| Step::SendSince { from, messages }),
        1 => (at(), any()).prop_map(|(from, operation)| Step::SendOperation { from, operation }),
        3 => (at(), any()).prop_map(|(at, message)| Step::Receive { at, message }),
        1 => (at(), at()).prop_map(|(at, from)| Step::Merge { at, from }),
        1 => (at(), at(), one())
            .prop_map(|(at, other, object)| Step::Sync { at, other, object }),
        1 => at().prop_map(|at| Step::Save { at }),
        1 => at().prop_map(|at| Step::Restore { at }),
        6 => (at(), 0..6_usize, one())
            .prop_map(|(at, kind, object)| Step::Claim { at, kind, object }),
    ]
}

fn judged(lines: &[Line<Letter>]) -> Report {
    judge(&header(), lines).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn it_finds_exactly_what_is_false() {
    let config = Config {
        cases: 2000,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..Config::with_source_file(file!())
    };
    // Three types at a time: on thirteen objects, so few steps would rarely be concurrent on one.
    let all: Vec<usize> = (0..ObjectType::ALL.len()).collect();
    let steps = prop::sample::subsequence(all, 3)
        .prop_flat_map(|kinds| prop::collection::vec(step(kinds), 0..40));
    let traces = (steps, any::<prop::sample::Index>());
    let mut runner = TestRunner::new(config);
    let outcome = runner.run(&traces, |(steps, chosen)| {
        let mut trace = Trace::default();
        steps.iter().for_each(|step| trace.take(step));
        let mut lines = trace.lines;
        let is_claim = |(_, line): &(usize, &Line<Letter>)| matches!(line, Line::Claims(_));
        let claims: Vec<usize> =
            lines.iter().enumerate().filter(is_claim).map(|(place, _)| place).collect();
        let judged_claims = claims.len() as u64;
        let sound = Report { judged: judged_claims, findings: Vec::new(), stopped_at: None };
        prop_assert_eq!(judged(&lines), sound, "{:#?}", lines);
        if !claims.is_empty() {
            let place = claims[chosen.index(claims.len())];
            let Line::Claims(claim) = &lines[place] else { unreachable!("it is a claim") };
            let (claim, rule) = falsified(claim);
            lines[place] = Line::Claims(claim);
            // The header is line 1.
            let findings = vec![(place as u64 + 2, rule)];
            let expected = Report { judged: judged_claims, findings, stopped_at: None };
            prop_assert_eq!(judged(&lines), expected, "{:#?}", lines);
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

fn increment(replica: &str) -> Line<Letter> {
    Line::Operates {
        replica: replica.into(),
        object: ObjectType::GCounter.as_str().into(),
        operation: Operation::Increment { amount: 1 },
        id: None,
        user: None,
    }
}

fn hash(replica: &str, digest: Letter) -> Line<Letter> {
    let object = Some(ObjectType::GCounter.as_str().into());
    Line::Claims(Claim::Hashes { replica: replica.into(), object, algorithm: None, digest })
}

fn converged() -> Line<Letter> {
    Line::Claims(Claim::Converged { replicas: vec!["a".into(), "b".into()] })
}

#[test]
fn it_compares_hashes_and_values() {
    let merge = Line::Merges { replica: "b".into(), from: "a".into(), objects: None };
    let lines = [
        increment("a"),
        converged(),
        hash("a", A),
        hash("b", A),
        hash("b", T),
        merge,
        hash("b", T),
        hash("b", A),
        converged(),
    ];
    let findings = vec![(3, Rule::Converged), (5, Rule::DigestDistinct), (8, Rule::DigestEqual)];
    assert_eq!(judged(&lines), Report { judged: 7, findings, stopped_at: None });
}

#[test]
fn it_stops_where_a_line_is_not_possible() {
    let unknown = Line::Receives { replica: "a".into(), message: "m".into() };
    let lines = [increment("a"), converged(), unknown, converged()];
    let findings = vec![(3, Rule::Converged)];
    assert_eq!(judged(&lines), Report { judged: 1, findings, stopped_at: Some(4) });
    let twice = Header { replicas: vec!["a".into(), "a".into()], objects: Vec::new() };
    let stopped = Report { judged: 0, findings: Vec::new(), stopped_at: Some(1) };
    assert_eq!(judge::<Letter>(&twice, &[]), Ok(stopped));
    let undeclared = BTreeMap::from([("z", Some(2)), ("a", None)]);
    for (replica, stopped_at) in undeclared {
        assert_eq!(judged(&[increment(replica)]).stopped_at, stopped_at);
    }
}
