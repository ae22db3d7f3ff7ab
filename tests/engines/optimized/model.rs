//! The optimized engine's records and deltas against the index that was proved.
//!
//! Shown: after each step of all small histories, and of random ones with more replicas and keys, a
//! delta since nothing lists the keys, records and creation dots that the definitions keep; each delta
//! since any vector that was held lists the same keys by the same kind of name, the same maximal
//! decisions, winners and creation dots as theirs; and both apply it, or both refuse it. Where
//! several creation dots name a key, which of them is taken is free.

use super::engines::{Engine, Op, Said, Text};
use super::pair::{USERS, origin};
use proptest::prelude::*;
use rejoin::dot::Dot;
use rejoin::object::ObjectType::{self, *};
use rejoin::operation::{Author, DecisionId, Operation, User};
use rejoin::optimized::{self, IndexedDot, ListedKey, ListedName};
use rejoin::reference::decisions::{Decision, Presence};
use rejoin::version_vector::VersionVector;
use rejoin_proven::Error;
use rejoin_proven::indexed_decisions::{Effect, Index, IndexDelta, KeyName, Listed};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// An optimized type whose deltas can be looked into.
pub trait Inspected: Engine {
    const KIND: ObjectType;
    fn listed(delta: &Self::Delta) -> Vec<ListedKey<'_>>;
    fn indexed(&self) -> impl Iterator<Item = IndexedDot<'_>>;
}

macro_rules! inspected {
    ($($kind:ident: $State:ty;)*) => {
        $(impl Inspected for $State {
            const KIND: ObjectType = $kind;

            fn listed(delta: &Self::Delta) -> Vec<ListedKey<'_>> {
                delta.listed()
            }

            fn indexed(&self) -> impl Iterator<Item = IndexedDot<'_>> {
                self.indexed()
            }
        })*
    };
}

inspected! {
    OrSet: optimized::or_set::OrSet<str>;
    RwSet: optimized::rw_set::RwSet<str>;
    EwFlag: optimized::ew_flag::EwFlag;
    DwFlag: optimized::dw_flag::DwFlag;
    LwwRegister: optimized::lww_register::LwwRegister<str>;
    LwwMap: optimized::lww_map::LwwMap<str, str>;
    MvRegister: optimized::mv_register::MvRegister<str>;
    MvMap: optimized::mv_map::MvMap<str, str>;
}

type Model = Index<String, Text>;

pub fn operation(kind: ObjectType, op: &Op) -> Operation<String, Text> {
    let Op { key, value, timestamp } = op.clone();
    let is_there = value.is_some();
    match kind {
        OrSet | RwSet if is_there => Operation::Add { element: key },
        OrSet | RwSet => Operation::Remove { element: key },
        EwFlag | DwFlag if is_there => Operation::Enable,
        EwFlag | DwFlag => Operation::Disable,
        LwwRegister | MvRegister => Operation::Write { value: Text(value), timestamp },
        _ => Operation::Put { key, value: Text(value), timestamp },
    }
}

/// What is listed of one key, in the words of both.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    pub by_creation_dot: bool,
    maximal: BTreeSet<Said>,
    kept: BTreeSet<Dot>,
    winner: Option<Said>,
    creation_dots: BTreeSet<Dot>,
}

pub type Rows = BTreeMap<String, Row>;

fn of_engine(decision: &optimized::Decision<'_>) -> Said {
    let optimized::Decision { id, timestamp, is_removal, value } = decision.clone();
    Said { id, timestamp, is_removal, value: value.map(<[u8]>::to_vec) }
}

fn of_model(decision: &Decision<Effect<Text>>) -> Said {
    let (is_removal, value) = match &decision.effect {
        Effect::Presence(presence) => (*presence == Presence::Removed, None),
        Effect::Content(Text(value)) => (value.is_none(), value.clone().map(String::into_bytes)),
    };
    let id: DecisionId = decision.id();
    Said { id, timestamp: decision.timestamp, is_removal, value }
}

/// The keys of creation dots.
pub type Created = BTreeMap<Dot, String>;

/// What the model lists. Of what the receiver has seen, the engine sends the names only, or nothing.
pub fn model_rows(
    listed: Vec<Listed<String, Text>>,
    since: &VersionVector,
    created: &Created,
) -> Rows {
    let row = |listed: Listed<String, Text>| {
        let (key, by_creation_dot) = match listed.name {
            KeyName::CreationDot(dot) => (created[&dot].clone(), true),
            KeyName::Key(key) => (key.unwrap_or_default(), false),
        };
        let all = listed.maximal.iter().map(of_model);
        let (kept, maximal): (Vec<Said>, Vec<Said>) =
            all.partition(|said| since.contains(&said.id.dot));
        let winner = listed.apart.as_ref().map(of_model);
        let row = Row {
            by_creation_dot,
            maximal: maximal.into_iter().collect(),
            kept: kept.into_iter().map(|said| said.id.dot).collect(),
            winner: winner.filter(|said| !since.contains(&said.id.dot)),
            creation_dots: listed.creation_dots.into_iter().collect(),
        };
        (key, row)
    };
    listed.into_iter().map(row).collect()
}

pub fn engine_rows(
    listed: Vec<ListedKey<'_>>,
    since: &VersionVector,
    created: &Created,
) -> Result<Rows, String> {
    let mut rows = Rows::new();
    for one in listed {
        let (key, by_creation_dot) = match one.name {
            ListedName::CreationDot(dot) if !since.contains(&dot) => {
                return Err(format!("a key goes by {dot:?}, which the receiver has not seen"));
            }
            ListedName::CreationDot(dot) => match created.get(&dot) {
                Some(key) => (key.clone(), true),
                None => return Err(format!("{dot:?} is no creation dot")),
            },
            ListedName::Bytes(bytes) => (String::from_utf8_lossy(bytes).into_owned(), false),
        };
        let row = Row {
            by_creation_dot,
            maximal: one.maximal.iter().map(of_engine).collect(),
            kept: one.kept.into_iter().collect(),
            winner: one.winner.as_ref().map(of_engine),
            creation_dots: one.creation_dots.into_iter().collect(),
        };
        if rows.insert(key.clone(), row).is_some() {
            return Err(format!("{key} is listed twice"));
        }
    }
    Ok(rows)
}

/// One state in the engine and in the model.
#[derive(Clone)]
struct Both<O> {
    shipped: O,
    model: Model,
    /// What the model keeps.
    created: Rc<Created>,
    seen: VersionVector,
}

/// One delta in both.
struct Delta<O: Engine> {
    shipped: O::Delta,
    model: IndexDelta<String, Text>,
}

impl<O: Inspected> Both<O> {
    fn new() -> Self {
        let model = Index::new(O::KIND).expect("its keys are decided on");
        let (created, seen) = (Rc::default(), VersionVector::default());
        Self { shipped: O::bottom(), model, created, seen }
    }

    fn author(&self, at: usize, incarnation: u64) -> Author {
        let origin = origin(at, incarnation);
        let own = self.seen.iter().filter(|(of, _)| of.replica == origin.replica);
        let seq = own.map(|(_, count)| count).sum::<u64>() + 1;
        Author { origin, seq, user: USERS[at].map(User::from) }
    }

    fn decide(&mut self, at: usize, incarnation: u64, op: &Op) {
        let author = self.author(at, incarnation);
        let (dot, _) = self.shipped.decide(&author, op).expect("it fits");
        let decided = self.model.decide(&author, &operation(O::KIND, op));
        assert_eq!(decided, Ok(dot));
        self.look();
    }

    /// Compares all that is kept.
    fn look(&mut self) {
        self.seen = self.model.seen().expect("the definitions answer");
        let since = VersionVector::default();
        let delta = self.model.delta_since(&since).expect("the definitions answer");
        let mut created = Created::new();
        for listed in delta.listed().expect("the definitions answer") {
            let KeyName::Key(key) = listed.name else { panic!("nothing was seen") };
            let dots = listed.creation_dots.into_iter();
            created.extend(dots.map(|dot| (dot, key.clone().unwrap_or_default())));
        }
        self.created = Rc::new(created);
        self.delta_since(&since);
    }

    /// Compares what the deltas list.
    fn delta_since(&self, since: &VersionVector) -> Delta<O> {
        let shipped = self.shipped.delta_since(&O::read(since));
        let model = self.model.delta_since(since).expect("the definitions answer");
        let rows = engine_rows(O::listed(&shipped), since, &self.created);
        let listed = model.listed().expect("the definitions answer");
        let expected = model_rows(listed, since, &self.created);
        assert_eq!(rows, Ok(expected), "since {since:?} of {:?}", self.shipped);
        Delta { shipped: O::sent(shipped), model }
    }

    /// Whether both apply the delta.
    fn receive(&mut self, delta: &Delta<O>) -> bool {
        let ours = self.shipped.apply(&delta.shipped);
        match self.model.receive(&delta.model) {
            Ok(()) => assert!(ours.is_ok(), "{ours:?}"),
            Err(Error::Refused) => assert!(ours.is_err(), "{:?}", delta.shipped),
            Err(other) => panic!("{other}"),
        }
        self.look();
        ours.is_ok()
    }
}

/// How much was compared.
#[derive(Clone, Copy, Default, Debug)]
struct Compared {
    steps: u64,
    applied: u64,
    refused: u64,
    by_creation_dot: u64,
}

struct Explorer<'a, O> {
    ops: &'a [Op],
    states: Vec<Both<O>>,
    held: Vec<Vec<usize>>,
    incarnations: Vec<u64>,
    compared: Compared,
}

impl<O: Inspected> Explorer<'_, O> {
    fn at(&self, at: usize) -> Both<O> {
        self.states[self.held[at][self.held[at].len() - 1]].clone()
    }

    fn go_on(&mut self, at: usize, state: Both<O>, steps: usize) {
        self.held[at].push(self.states.len());
        self.states.push(state);
        self.explore(steps);
        self.states.pop();
        self.held[at].pop();
    }

    fn explore(&mut self, steps: usize) {
        if steps == 0 {
            return;
        }
        for at in 0..self.held.len() {
            for op in self.ops {
                let mut state = self.at(at);
                state.decide(at, self.incarnations[at], op);
                self.compared.steps += 1;
                self.go_on(at, state, steps - 1);
            }
            for from in 1..self.states.len() {
                for since in 0..self.states.len() {
                    let since = self.states[since].seen.clone();
                    let delta = self.states[from].delta_since(&since);
                    let listed = O::listed(&delta.shipped);
                    let by_dot =
                        |key: &&ListedKey<'_>| matches!(key.name, ListedName::CreationDot(_));
                    self.compared.by_creation_dot += listed.iter().filter(by_dot).count() as u64;
                    drop(listed);
                    let mut state = self.at(at);
                    let before = state.seen.clone();
                    self.compared.steps += 1;
                    if !state.receive(&delta) {
                        self.compared.refused += 1;
                        continue;
                    }
                    self.compared.applied += 1;
                    if state.seen != before {
                        self.go_on(at, state, steps - 1);
                    }
                }
            }
            let backups: BTreeSet<usize> = self.held[at].iter().copied().collect();
            for to in backups {
                self.held[at].push(to);
                self.incarnations[at] += 1;
                self.explore(steps - 1);
                self.incarnations[at] -= 1;
                self.held[at].pop();
            }
        }
    }
}

fn explore<O: Inspected>(ops: &[Op], replicas: usize, steps: usize) {
    let mut explorer = Explorer::<O> {
        ops,
        states: vec![Both::new()],
        held: vec![vec![0]; replicas],
        incarnations: vec![0; replicas],
        compared: Compared::default(),
    };
    explorer.explore(steps);
    let compared = explorer.compared;
    println!("{}: {compared:?}", O::KIND.as_str());
    assert!(compared.applied > 0 && compared.refused > 0 && compared.by_creation_dot > 0);
}

pub fn op(key: &str, value: Option<&str>, timestamp: u64) -> Op {
    Op { key: key.into(), value: value.map(Into::into), timestamp }
}

#[test]
fn sets_and_flags_list_what_the_definitions_do_in_all_small_histories() {
    let ops = [op("x", Some(""), 0), op("x", None, 0)];
    explore::<optimized::or_set::OrSet<str>>(&ops, 2, 3);
    explore::<optimized::rw_set::RwSet<str>>(&ops, 2, 3);
    let ops = [op("", Some(""), 0), op("", None, 0)];
    explore::<optimized::ew_flag::EwFlag>(&ops, 2, 3);
    explore::<optimized::dw_flag::DwFlag>(&ops, 2, 3);
}

#[test]
fn registers_and_maps_list_what_the_definitions_do_in_all_small_histories() {
    let ops = [op("x", Some("a"), 2), op("x", None, 1)];
    explore::<optimized::lww_map::LwwMap<str, str>>(&ops, 2, 3);
    let ops = [op("", Some("a"), 2), op("", None, 1)];
    explore::<optimized::lww_register::LwwRegister<str>>(&ops, 2, 3);
    let ops = [op("x", Some("a"), 0), op("x", None, 0)];
    explore::<optimized::mv_map::MvMap<str, str>>(&ops, 2, 3);
    let ops = [op("", Some("a"), 0), op("", None, 0)];
    explore::<optimized::mv_register::MvRegister<str>>(&ops, 2, 3);
}

/// What happens next; numbers choose among what there is.
#[derive(Clone, Debug)]
enum Step {
    Decide { at: usize, op: Op },
    Receive { at: usize, from: usize, since: usize },
    Join { at: usize, other: usize },
    Restore { at: usize, to: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let value = prop::option::weighted(0.6, "[ab]");
    let op = ("[xyz]", value, 0..3_u64);
    let op = op.prop_map(|(key, value, timestamp)| Op { key, value, timestamp });
    prop_oneof![
        5 => (0..3_usize, op).prop_map(|(at, op)| Step::Decide { at, op }),
        2 => (0..3_usize, any::<usize>(), any::<usize>())
            .prop_map(|(at, from, since)| Step::Receive { at, from, since }),
        4 => (0..3_usize, 1..3_usize).prop_map(|(at, other)| Step::Join { at, other }),
        1 => (0..3_usize, any::<usize>()).prop_map(|(at, to)| Step::Restore { at, to }),
    ]
}

fn random<O: Inspected>(steps: &[Step]) {
    let mut states = vec![Both::<O>::new()];
    let (mut held, mut incarnations) = ([0; 3], [0; 3]);
    for step in steps {
        let (at, state) = match step {
            Step::Decide { at, op } => {
                let key =
                    if matches!(O::KIND, OrSet | RwSet | LwwMap | MvMap) { &*op.key } else { "" };
                let mut state = states[held[*at]].clone();
                state.decide(*at, incarnations[*at], &Op { key: key.into(), ..op.clone() });
                (*at, state)
            }
            Step::Receive { at, from, since } => {
                let since = states[since % states.len()].seen.clone();
                let delta = states[from % states.len()].delta_since(&since);
                let mut state = states[held[*at]].clone();
                state.receive(&delta);
                (*at, state)
            }
            Step::Join { at, other } => {
                let mut state = states[held[*at]].clone();
                let delta = states[held[(at + other) % 3]].delta_since(&state.seen);
                assert!(state.receive(&delta), "what begins at the receiver is applied");
                (*at, state)
            }
            Step::Restore { at, to } => {
                incarnations[*at] += 1;
                (*at, states[to % states.len()].clone())
            }
        };
        held[at] = states.len();
        states.push(state);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn random_histories_list_what_the_definitions_do(
        steps in prop::collection::vec(step(), 1..40)
    ) {
        random::<optimized::or_set::OrSet<str>>(&steps);
        random::<optimized::rw_set::RwSet<str>>(&steps);
        random::<optimized::ew_flag::EwFlag>(&steps);
        random::<optimized::lww_register::LwwRegister<str>>(&steps);
        random::<optimized::lww_map::LwwMap<str, str>>(&steps);
        random::<optimized::mv_register::MvRegister<str>>(&steps);
        random::<optimized::mv_map::MvMap<str, str>>(&steps);
    }
}
