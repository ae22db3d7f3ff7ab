//! The optimized engine against executions that were proved: the same steps, run by the engine that ships,
//! and by both engines of spec/executions.v, the reference and the one with an index of changes.
//!
//! Shown, after each step: the index of changes has the same operations, each with its key, and the same
//! creation dots; a delta since nothing lists the same records; each message lists the same, by the same
//! kind of name; both refuse the same; and what a replica answers is the same.
//! When the engine forgets what is stale, and what of that, is free: after each step the definitions
//! forget (`Compact`) all that they may but what the engine has kept. So the engine has nothing that they
//! lack, and all that they must keep.
//! How: messages are encoded, and kept. Any of them may come to any replica, at any time and again.

use super::engines::{Engine, Op, Text};
use super::model::{Created, Inspected, engine_rows, model_rows, op, operation};
use super::pair::{NAMES, USERS, origin};
use proptest::prelude::*;
use rejoin::dot::{Dot, Origin, ReplicaId};
use rejoin::object::ObjectType;
use rejoin::operation::{Answer, Author, DecisionId, User};
use rejoin::reference::replica::Object;
use rejoin::version_vector::VersionVector;
use rejoin::{optimized, reference};
use rejoin_proven::executions::{self, Execution, Step as Defined};
use rejoin_proven::indexed_decisions::KeyName;
use rejoin_proven::{Error, EventName};
use std::collections::{BTreeMap, BTreeSet};

/// A type that executions are about.
pub trait Executed: Inspected {
    type Reference: Engine;
    fn reference(object: &Object<String, Text>) -> Option<&Self::Reference>;
}

macro_rules! executed {
    ($($State:ty: $variant:ident $Reference:ty;)*) => {
        $(impl Executed for $State {
            type Reference = $Reference;

            fn reference(object: &Object<String, Text>) -> Option<&Self::Reference> {
                match object {
                    Object::$variant(state) => Some(state),
                    _ => None,
                }
            }
        })*
    };
}

executed! {
    optimized::or_set::OrSet<str>: OrSet reference::or_set::OrSet<String>;
    optimized::lww_register::LwwRegister<str>: LwwRegister reference::lww_register::LwwRegister<Text>;
    optimized::lww_map::LwwMap<str, str>: LwwMap reference::lww_map::LwwMap<String, Text>;
}

/// What happens next. Messages and backups go by their places.
#[derive(Clone, Debug)]
pub enum Step {
    Perform { at: usize, op: Op },
    Send { at: usize, since: VersionVector },
    Receive { at: usize, message: usize },
    Save { at: usize },
    Restore { at: usize, backup: usize, incarnation: u64 },
}

/// How much was compared.
#[derive(Clone, Copy, Default, Debug)]
pub struct Compared {
    pub steps: u64,
    pub refused: u64,
    pub restored: u64,
    /// How often the engine forgot what was stale.
    pub compacted: u64,
    /// How many keys of messages went by a creation dot.
    pub by_creation_dot: u64,
}

/// One execution by all three engines.
#[derive(Clone)]
pub struct Run<O: Engine> {
    pub replicas: Vec<(Origin, O)>,
    pub sent: Vec<O::Delta>,
    backups: Vec<(usize, O)>,
    used: BTreeSet<Origin>,
    defined: [Execution<String, Text>; 2],
    /// What was seen at any time.
    vectors: Vec<VersionVector>,
}

fn name(at: usize) -> ReplicaId {
    ReplicaId::new(NAMES[at]).expect("a name")
}

impl<O: Executed> Run<O> {
    pub fn new(replicas: usize) -> Self {
        let defined = [executions::Engine::Reference, executions::Engine::Indexed];
        Self {
            replicas: (0..replicas).map(|at| (origin(at, 0), O::bottom())).collect(),
            sent: Vec::new(),
            backups: Vec::new(),
            used: BTreeSet::new(),
            defined: defined.map(|engine| Execution::new(O::KIND, engine).expect("it is defined")),
            vectors: vec![VersionVector::default()],
        }
    }

    /// Whether both engines of the definitions take the step.
    fn define(&mut self, step: &Defined<String, Text>) -> bool {
        let taken = self.defined.each_mut().map(|execution| match execution.take(step) {
            Ok(()) => true,
            Err(Error::Refused) => false,
            Err(other) => panic!("{other}"),
        });
        assert_eq!(taken[0], taken[1], "the two engines differ: {step:?}");
        taken[0]
    }

    pub fn seen(&self, at: usize) -> VersionVector {
        self.defined[1].index(&name(at)).and_then(|index| index.seen()).expect("they answer")
    }

    pub fn take(&mut self, step: &Step, compared: &mut Compared) {
        compared.steps += 1;
        match step {
            Step::Perform { at, op } => {
                let (origin, state) = &mut self.replicas[*at];
                let seen = self.defined[1].index(&name(*at)).and_then(|index| index.seen());
                let seen = seen.expect("the definitions answer");
                let own = seen.iter().filter(|(of, _)| of.replica == origin.replica);
                let seq = own.map(|(_, count)| count).sum::<u64>() + 1;
                let user: Option<User> = USERS[*at].map(User::from);
                let author = Author { origin: origin.clone(), seq, user: user.clone() };
                state.decide(&author, op).expect("it fits");
                self.used.insert(author.origin);
                let operation = operation(O::KIND, op);
                assert!(self.define(&Defined::Perform { at: name(*at), seq, user, operation }));
                self.look(*at, compared);
            }
            Step::Send { at, since } => {
                let delta = O::sent(self.replicas[*at].1.delta_since(&O::read(since)));
                assert!(self.define(&Defined::Send { at: name(*at), since: since.clone() }));
                let sent = self.defined[1].last_sent().and_then(|sent| sent.listed());
                let created = self.created(*at);
                let expected = model_rows(sent.expect("they answer"), since, &created);
                let by_creation_dot = expected.values().filter(|row| row.by_creation_dot);
                compared.by_creation_dot += by_creation_dot.count() as u64;
                assert_eq!(engine_rows(O::listed(&delta), since, &created), Ok(expected));
                self.sent.push(delta);
            }
            Step::Receive { at, message } => {
                let applied = self.replicas[*at].1.apply(&self.sent[*message]);
                let is_taken = self.define(&Defined::Receive { at: name(*at), message: *message });
                assert_eq!(applied.is_ok(), is_taken, "{applied:?}");
                compared.refused += u64::from(!is_taken);
                self.look(*at, compared);
            }
            Step::Save { at } => {
                assert!(self.define(&Defined::Save { at: name(*at) }));
                self.backups.push((*at, self.replicas[*at].1.clone()));
            }
            Step::Restore { at, backup, incarnation } => {
                let (of, state) = &self.backups[*backup];
                let origin = origin(*at, *incarnation);
                let is_possible = of == at && !self.used.contains(&origin);
                let restored = state.clone();
                let incarnation = *incarnation;
                let step = Defined::Restore { at: name(*at), backup: *backup, incarnation };
                assert_eq!(self.define(&step), is_possible);
                if is_possible {
                    compared.restored += 1;
                    self.replicas[*at] = (origin, restored);
                }
                self.look(*at, compared);
            }
        }
    }

    /// The keys of all creation dots at a replica.
    fn created(&self, at: usize) -> Created {
        let index = self.defined[1].index(&name(at)).expect("they answer");
        let delta = index.delta_since(&VersionVector::default()).expect("they answer");
        let mut created = Created::new();
        for listed in delta.listed().expect("they answer") {
            let KeyName::Key(key) = listed.name else { panic!("nothing was seen") };
            let dots = listed.creation_dots.into_iter();
            created.extend(dots.map(|dot| (dot, key.clone().unwrap_or_default())));
        }
        created
    }

    /// Compares all that a replica holds and answers.
    fn look(&mut self, at: usize, compared: &mut Compared) {
        let state = &self.replicas[at].1;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let kept: BTreeMap<Dot, (String, bool)> = state
            .indexed()
            .map(|indexed| (indexed.dot, (text(indexed.key), indexed.is_creation)))
            .collect();
        let keep: BTreeSet<Dot> = kept.keys().cloned().collect();
        let before = self.log(at).len();
        assert!(self.define(&Defined::Compact { at: name(at), keep }));
        let created = self.created(at);
        let log = self.log(at);
        compared.compacted += u64::from(log.len() < before);
        let log: BTreeMap<Dot, (String, bool)> = log
            .into_iter()
            .map(|(dot, key)| {
                let is_creation = created.contains_key(&dot);
                (dot, (key.unwrap_or_default(), is_creation))
            })
            .collect();
        assert_eq!(kept, log, "the index of changes");
        let seen = self.seen(at);
        let state = &self.replicas[at].1;
        let since = VersionVector::default();
        let index = self.defined[1].index(&name(at)).expect("they answer");
        let delta = index.delta_since(&since).and_then(|delta| delta.listed());
        let expected = model_rows(delta.expect("they answer"), &since, &created);
        let delta = state.delta_since(&O::read(&since));
        assert_eq!(engine_rows(O::listed(&delta), &since, &created), Ok(expected), "records");
        self.answers(at);
        if !self.vectors.contains(&seen) {
            self.vectors.push(seen);
        }
    }

    fn log(&self, at: usize) -> BTreeMap<Dot, Option<String>> {
        self.defined[1].index(&name(at)).and_then(|index| index.log()).expect("they answer")
    }

    fn answers(&self, at: usize) {
        let at_name = name(at);
        let held = self.defined.each_ref().map(|of| of.state(&at_name).expect("they answer"));
        assert_eq!(held[0], held[1], "the two engines hold the same");
        let reference = O::reference(&held[0]).expect("it is of the type");
        let expected = reference.answers(&BTreeSet::new());
        let keys = expected.known.keys().cloned().collect();
        let answers = self.replicas[at].1.answers(&keys);
        assert_eq!(answers, expected, "the answers");
        let values: BTreeMap<String, Option<String>> =
            match self.defined[1].value(&at_name).expect("they answer") {
                Answer::Elements(elements) => {
                    elements.into_iter().map(|element| (element, None)).collect()
                }
                Answer::Value(value) => {
                    value.into_iter().map(|Text(value)| (String::new(), value)).collect()
                }
                Answer::Values(values) => {
                    values.into_iter().map(|(key, Text(value))| (key, value)).collect()
                }
                other => panic!("{other:?}"),
            };
        assert_eq!(answers.values, values, "the values");
        let named = |id: &DecisionId| (id.dot.origin.replica.clone(), id.seq);
        let sorted = |ids: &BTreeSet<DecisionId>| {
            let mut names: Vec<EventName> = ids.iter().map(named).collect();
            names.sort();
            names
        };
        let open = self.defined[1].merge_decisions(&at_name).expect("they answer");
        let open: BTreeMap<String, _> = open
            .into_iter()
            .map(|open| (open.key.unwrap_or_default(), (open.kept, open.superseded)))
            .collect();
        let shown = answers
            .open
            .iter()
            .map(|(key, (kept, superseded))| (key.clone(), (sorted(kept), sorted(superseded))));
        assert_eq!(shown.collect::<BTreeMap<_, _>>(), open, "the open merge decisions");
        for user in ["ann", "bob"].map(User::from) {
            let notices = self.defined[1].notices(&at_name, &user).expect("they answer");
            let notices: BTreeSet<(String, EventName)> = notices
                .into_iter()
                .map(|(key, decision)| (key.unwrap_or_default(), decision))
                .collect();
            let overruled = answers.open.iter().flat_map(|(key, (_, superseded))| {
                let own = superseded.iter().filter(|id| id.user.as_ref() == Some(&user));
                own.map(|id| (key.clone(), named(id)))
            });
            assert_eq!(overruled.collect::<BTreeSet<_>>(), notices, "the notices");
        }
    }
}

/// All executions of so many steps from here.
fn explore<O: Executed>(run: &Run<O>, ops: &[Op], steps: usize, compared: &mut Compared) {
    if steps == 0 {
        return;
    }
    let mut all = Vec::new();
    for at in 0..run.replicas.len() {
        all.extend(ops.iter().map(|op| Step::Perform { at, op: op.clone() }));
        let since = run.vectors.iter();
        all.extend(since.map(|since| Step::Send { at, since: since.clone() }));
        all.extend((0..run.sent.len()).map(|message| Step::Receive { at, message }));
        all.push(Step::Save { at });
        let backups = 0..run.backups.len();
        all.extend(backups.map(|backup| Step::Restore { at, backup, incarnation: 1 }));
    }
    for step in all {
        let mut run = run.clone();
        run.take(&step, compared);
        explore(&run, ops, steps - 1, compared);
    }
}

/// A replica has decided so often that it is about to forget; the other one has seen half of that.
fn many_decisions<O: Executed>(key: &str, compared: &mut Compared) -> Run<O> {
    let mut run = Run::<O>::new(2);
    for number in 0..17 {
        let op = op(key, (number % 5 > 0).then_some("a"), number);
        run.take(&Step::Perform { at: 0, op }, compared);
        if number == 8 {
            let since = VersionVector::default();
            run.take(&Step::Send { at: 0, since }, compared);
            run.take(&Step::Receive { at: 1, message: 0 }, compared);
        }
    }
    run.vectors = vec![run.seen(1)];
    run
}

fn all_small<O: Executed>(key: &str) {
    let mut compared = Compared::default();
    let ops = [op(key, Some("a"), 2), op(key, None, 1)];
    explore::<O>(&Run::new(2), &ops, 3, &mut compared);
    explore::<O>(&many_decisions(key, &mut compared), &ops, 2, &mut compared);
    println!("{}: {compared:?}", O::KIND.as_str());
    assert!(compared.compacted > 0 && compared.refused > 0 && compared.restored > 0);
}

#[test]
fn all_small_executions_are_as_defined() {
    all_small::<optimized::or_set::OrSet<str>>("x");
    all_small::<optimized::lww_register::LwwRegister<str>>("");
    all_small::<optimized::lww_map::LwwMap<str, str>>("x");
}

/// Numbers choose among what there is.
#[derive(Clone, Debug)]
enum Choice {
    Perform { at: usize, op: Op },
    Send { at: usize, since: usize },
    Receive { at: usize, message: usize },
    Exchange { at: usize, from: usize },
    Save { at: usize },
    Restore { at: usize, backup: usize, is_fresh: bool },
}

fn choice() -> impl Strategy<Value = Choice> {
    let value = prop::option::weighted(0.7, "[ab]");
    let op = ("[xy]", value, 0..4_u64);
    let op = op.prop_map(|(key, value, timestamp)| Op { key, value, timestamp });
    // Mostly at one replica, so that it has decided often enough to forget.
    let at = || prop_oneof![3 => Just(0_usize), 1 => 0..3_usize];
    prop_oneof![
        12 => (at(), op).prop_map(|(at, op)| Choice::Perform { at, op }),
        1 => (at(), any::<usize>()).prop_map(|(at, since)| Choice::Send { at, since }),
        2 => (at(), any::<usize>()).prop_map(|(at, message)| Choice::Receive { at, message }),
        2 => (at(), 1..3_usize)
            .prop_map(|(at, other)| Choice::Exchange { at, from: (at + other) % 3 }),
        1 => at().prop_map(|at| Choice::Save { at }),
        1 => (at(), any::<usize>(), prop::bool::weighted(0.8))
            .prop_map(|(at, backup, is_fresh)| Choice::Restore { at, backup, is_fresh }),
    ]
}

fn random<O: Executed>(choices: &[Choice]) {
    let mut run = Run::<O>::new(3);
    let mut compared = Compared::default();
    let mut fresh = 0;
    for choice in choices {
        match choice.clone() {
            Choice::Perform { at, op } => {
                let has_keys = O::KIND != ObjectType::LwwRegister;
                let key = if has_keys { op.key } else { String::new() };
                run.take(&Step::Perform { at, op: Op { key, ..op } }, &mut compared);
            }
            Choice::Send { at, since } => {
                let since = run.vectors[since % run.vectors.len()].clone();
                run.take(&Step::Send { at, since }, &mut compared);
            }
            Choice::Receive { at, message } if !run.sent.is_empty() => {
                let message = message % run.sent.len();
                run.take(&Step::Receive { at, message }, &mut compared);
            }
            Choice::Exchange { at, from } => {
                let since = run.seen(at);
                run.take(&Step::Send { at: from, since }, &mut compared);
                let message = run.sent.len() - 1;
                run.take(&Step::Receive { at, message }, &mut compared);
            }
            Choice::Save { at } => run.take(&Step::Save { at }, &mut compared),
            Choice::Restore { at, backup, is_fresh } if !run.backups.is_empty() => {
                fresh += 1;
                let incarnation = if is_fresh { fresh } else { 0 };
                let backup = backup % run.backups.len();
                run.take(&Step::Restore { at, backup, incarnation }, &mut compared);
            }
            Choice::Receive { .. } | Choice::Restore { .. } => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn random_executions_are_as_defined(choices in prop::collection::vec(choice(), 1..60)) {
        random::<optimized::or_set::OrSet<str>>(&choices);
        random::<optimized::lww_register::LwwRegister<str>>(&choices);
        random::<optimized::lww_map::LwwMap<str, str>>(&choices);
    }
}
