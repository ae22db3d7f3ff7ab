//! The laws of the replicated types, each stated once and checked for every type of the reference
//! and of the optimized engine.
//!
//! Shown, of the reference: the join is commutative, associative and idempotent, has bottom, and is
//! an upper bound, on arbitrary states, also such as no operations make. Mutators inflate the state
//! and equal their deltas, on all states that list only what they have seen. Deltas inflate the
//! state, may be repeated, and are refused exactly if there is a gap, on arbitrary states. The
//! orders of writes and of log entries are total and are those of spec/trace-format.md. A state
//! with wrong objects is refused as a whole.
//! Shown, of the optimized engine, whose states only operations and deltas make: the same for any
//! three states of one history, and deltas since any vector. Its join is a delta-join: one state
//! applies what the other has and it lacks. Two states are equal if their vectors and their state
//! hashes are. Its orders are the reference's (tests/engines/optimized/mod.rs).
//! How: with quickcheck on random states, and on every triple of the states of a small scope (two
//! origins, two values, one key, up to three records), whose number is printed. For the product of
//! all types that would be too many.

use crate::choices::{Choices, all};
use crate::hostile::{self, Hostile, Product, WIDE};
use crate::letter::Letter;
use crate::optimized_states::{self, Seen, State};
use quickcheck::{Arbitrary, Gen, QuickCheck};
use rejoin::dot::{Dot, Origin, ReplicaId};
use rejoin::lattice::Lattice;
use rejoin::limits::INTEGERS;
use rejoin::object::ObjectType;
use rejoin::operation::{ObjectId, Operation};
use rejoin::optimized::{self, ApplyError};
use rejoin::reference::decisions::{Decision, Decisions, Presence};
use rejoin::reference::delta::{Delta, Gap, Replicated};
use rejoin::reference::dw_flag::DwFlag;
use rejoin::reference::ew_flag::EwFlag;
use rejoin::reference::g_counter::GCounter;
use rejoin::reference::log::{Entry, Log};
use rejoin::reference::lww_map::LwwMap;
use rejoin::reference::lww_register::LwwRegister;
use rejoin::reference::max_register::{self, Extreme, MaxRegister};
use rejoin::reference::min_register::MinRegister;
use rejoin::reference::mv_map::MvMap;
use rejoin::reference::mv_register::MvRegister;
use rejoin::reference::or_set::OrSet;
use rejoin::reference::pn_counter::PnCounter;
use rejoin::reference::replica::{self, Reason, Replica};
use rejoin::reference::rw_set::RwSet;
use rejoin::reference::{Author, OperationError};
use rejoin::version_vector::{self, VersionVector};
use std::cmp::Ordering;
use std::fmt::{self, Debug};

// The laws

fn joined<S: Lattice>(a: &S, b: &S) -> S {
    let mut joined = a.clone();
    joined.join(b);
    joined
}

/// Whether `b` covers `a`.
fn is_below<S: Lattice>(a: &S, b: &S) -> bool {
    joined(a, b) == *b
}

fn join_is_idempotent_with_bottom<S: Lattice + Debug>(a: &S) {
    assert_eq!(joined(a, a), *a, "idempotent");
    assert_eq!(joined(a, &S::bottom()), *a, "bottom is neutral");
}

fn join_is_commutative_and_goes_up<S: Lattice + Debug>(a: &S, b: &S) {
    assert_eq!(joined(a, b), joined(b, a), "commutative");
    assert!(is_below(a, &joined(a, b)), "inflationary");
}

fn join_is_associative<S: Lattice + Debug>(a: &S, b: &S, c: &S) {
    assert_eq!(joined(&joined(a, b), c), joined(a, &joined(b, c)), "associative");
}

/// How both engines handle deltas.
trait Deltas: Lattice + Debug {
    type Delta;

    fn seen(&self) -> VersionVector;

    fn delta_since(&self, since: &VersionVector) -> Self::Delta;

    fn apply(&mut self, delta: &Self::Delta) -> Result<(), Gap>;
}

impl<S: Replicated + Debug> Deltas for S {
    type Delta = Delta<S>;

    fn seen(&self) -> VersionVector {
        Replicated::seen(self).clone()
    }

    fn delta_since(&self, since: &VersionVector) -> Delta<S> {
        Replicated::delta_since(self, since)
    }

    fn apply(&mut self, delta: &Delta<S>) -> Result<(), Gap> {
        Replicated::apply(self, delta)
    }
}

impl<O: optimized_states::Object> Deltas for State<O> {
    type Delta = O::Delta;

    fn seen(&self) -> VersionVector {
        (&self.0.vector()).into()
    }

    fn delta_since(&self, since: &VersionVector) -> O::Delta {
        self.0.delta_since(&since.into())
    }

    fn apply(&mut self, delta: &O::Delta) -> Result<(), Gap> {
        self.0.apply(delta).map_err(|error| match error {
            ApplyError::Gap { origin, needed, seen } => Gap { origin, needed, seen },
            other => panic!("{other}"),
        })
    }
}

fn delta_goes_up_or_is_refused<S: Deltas>(sender: &S, receiver: &S, since: &VersionVector) {
    let delta = sender.delta_since(since);
    let mut after = receiver.clone();
    match after.apply(&delta) {
        Ok(()) => {
            assert!(receiver.seen().covers(since), "a delta with a gap is refused");
            assert!(is_below(receiver, &after), "inflationary");
            assert_eq!(after.seen(), joined(&receiver.seen(), &sender.seen()), "all is seen");
            let once = after.clone();
            assert_eq!(after.apply(&delta), Ok(()), "a repeated delta is taken");
            assert_eq!(after, once, "a repeated delta changes nothing");
        }
        Err(gap) => {
            assert_eq!(after, *receiver, "a refused delta changes nothing");
            assert_eq!(gap.needed, since.get(&gap.origin));
            assert_eq!(gap.seen, receiver.seen().get(&gap.origin));
            assert!(gap.seen < gap.needed, "only a delta with a gap is refused");
        }
    }
}

/// The operations of each type.
trait Mutable: Deltas {
    type Operation: Clone + Debug;

    fn operation(choices: &mut Choices) -> Self::Operation;

    fn perform(
        &mut self,
        author: &Author,
        operation: Self::Operation,
    ) -> Result<Dot, OperationError>;

    /// The same state, changed to list only what it has seen.
    fn covered(self) -> Self {
        self
    }
}

fn mutator_equals_its_delta<S: Mutable>(before: &S, author: &Author, operation: &S::Operation) {
    let mut after = before.clone();
    match after.perform(author, operation.clone()) {
        Ok(dot) => {
            assert_eq!(Some(&dot), before.seen().next(&author.origin).as_ref());
            assert!(after.seen().contains(&dot), "an operation sees itself");
            assert!(is_below(before, &after), "inflationary");
            let delta = after.delta_since(&before.seen());
            let mut applied = before.clone();
            assert_eq!(applied.apply(&delta), Ok(()));
            assert_eq!(applied, after, "a mutator equals its delta");
        }
        Err(reason) => {
            assert_eq!(after, *before, "a refused operation changes nothing");
            if let OperationError::NoNamesLeft(origin) = reason {
                assert_eq!(before.seen().get(&origin), u64::MAX);
            }
        }
    }
}

fn order_is_total<T: Ord + Debug>(a: &T, b: &T, c: &T) {
    assert_eq!(a.cmp(b), b.cmp(a).reverse(), "antisymmetric");
    assert_eq!(a.cmp(b) == Ordering::Equal, a == b, "equal in the order is equal");
    if a <= b && b <= c {
        assert!(a <= c, "transitive");
    }
}

fn order_begins_with<T: Ord, P: Ord>(a: &T, b: &T, prefix: impl Fn(&T) -> P) {
    let by_prefix = prefix(a).cmp(&prefix(b));
    assert!(by_prefix == Ordering::Equal || by_prefix == a.cmp(b), "the first fields decide");
}

// The operations

impl Mutable for GCounter {
    type Operation = u64;

    fn operation(choices: &mut Choices) -> u64 {
        choices.one_of(&[1, 2, u64::MAX, 0])
    }

    fn perform(&mut self, author: &Author, amount: u64) -> Result<Dot, OperationError> {
        self.increment(&author.origin, amount)
    }
}

impl Mutable for LwwRegister<Letter> {
    type Operation = (Letter, u64);

    fn operation(choices: &mut Choices) -> (Letter, u64) {
        (choices.one_of(WIDE.letters), choices.one_of(WIDE.times))
    }

    fn perform(&mut self, author: &Author, write: (Letter, u64)) -> Result<Dot, OperationError> {
        self.write(author, write.0, write.1)
    }

    fn covered(self) -> Self {
        Self::from_parts(covered(self.decisions()), self.winner().cloned())
    }
}

/// A key for types that read the decisions of one key only. Flags and registers have one key, `()`.
macro_rules! read_alone {
    ($([$state:ty] $key:ty, $effect:ty, $draw:expr;)*) => {$(
        impl Mutable for $state {
            type Operation = ($key, $effect);

            fn operation(choices: &mut Choices) -> ($key, $effect) {
                let draw: fn(&mut Choices) -> ($key, $effect) = $draw;
                draw(choices)
            }

            fn perform(
                &mut self,
                author: &Author,
                (key, effect): ($key, $effect),
            ) -> Result<Dot, OperationError> {
                self.decide(author, key, effect)
            }

            fn covered(self) -> Self {
                Self::from_parts(covered(self.decisions()))
            }
        }
    )*};
}

const PRESENCES: [Presence; 2] = [Presence::Removed, Presence::Added];

read_alone! {
    [OrSet<char>] char, Presence, |c| (c.one_of(WIDE.keys), c.one_of(&PRESENCES));
    [RwSet<char>] char, Presence, |c| (c.one_of(WIDE.keys), c.one_of(&PRESENCES));
    [EwFlag] (), Presence, |c| ((), c.one_of(&PRESENCES));
    [DwFlag] (), Presence, |c| ((), c.one_of(&PRESENCES));
    [MvRegister<Letter>] (), Letter, |c| ((), c.one_of(WIDE.letters));
    [MvMap<char, Letter>] char, Letter, |c| (c.one_of(WIDE.keys), c.one_of(WIDE.letters));
}

impl Mutable for PnCounter {
    type Operation = (bool, u64);

    fn operation(choices: &mut Choices) -> (bool, u64) {
        (choices.one_of(&[true, false]), GCounter::operation(choices))
    }

    fn perform(
        &mut self,
        author: &Author,
        (grows, amount): (bool, u64),
    ) -> Result<Dot, OperationError> {
        match grows {
            true => self.increment(&author.origin, amount),
            false => self.decrement(&author.origin, amount),
        }
    }
}

impl<O: max_register::Order + Debug> Mutable for Extreme<O> {
    type Operation = i128;

    fn operation(choices: &mut Choices) -> i128 {
        choices.one_of(&[-1, 0, 1, *INTEGERS.start(), *INTEGERS.end(), INTEGERS.end() + 1])
    }

    fn perform(&mut self, author: &Author, integer: i128) -> Result<Dot, OperationError> {
        self.write(&author.origin, integer)
    }
}

impl Mutable for LwwMap<char, Letter> {
    type Operation = (char, Letter, u64);

    fn operation(choices: &mut Choices) -> (char, Letter, u64) {
        let (letter, time) = LwwRegister::operation(choices);
        (choices.one_of(WIDE.keys), letter, time)
    }

    fn perform(
        &mut self,
        author: &Author,
        put: (char, Letter, u64),
    ) -> Result<Dot, OperationError> {
        self.put(author, put.0, put.1, put.2)
    }

    fn covered(self) -> Self {
        Self::from_parts(covered(self.decisions()), self.winners().clone())
    }
}

impl Mutable for Log<Letter> {
    type Operation = (Letter, u64);

    fn operation(choices: &mut Choices) -> (Letter, u64) {
        LwwRegister::operation(choices)
    }

    fn perform(&mut self, author: &Author, append: (Letter, u64)) -> Result<Dot, OperationError> {
        self.append(author, append.0, append.1)
    }
}

impl<O: optimized_states::Object> Mutable for State<O> {
    type Operation = O::Operation;

    fn operation(choices: &mut Choices) -> O::Operation {
        O::operation(choices)
    }

    fn perform(&mut self, author: &Author, operation: O::Operation) -> Result<Dot, OperationError> {
        self.0.perform(author, operation)
    }
}

/// The same decisions, all seen; without those whose counter no operation has.
fn covered<K: Ord + Clone, E: Ord + Clone>(decisions: &Decisions<K, E>) -> Decisions<K, E> {
    let mut seen = Replicated::seen(decisions).clone();
    let mut listed = Vec::new();
    for key in decisions.keys() {
        for decision in decisions.maximal(key) {
            if decision.dot.counter > 0 {
                seen.see(&decision.dot.origin, decision.dot.counter);
                listed.push((key.clone(), decision.clone()));
            }
        }
    }
    Decisions::from_parts(seen, listed)
}

fn author(choices: &mut Choices) -> Author {
    let origin = choices.one_of(WIDE.origins);
    optimized_states::author(choices, origin)
}

// The states that the laws are about

/// Three states to check a law on.
trait Three: Lattice + Debug {
    fn three(choices: &mut Choices) -> [Self; 3];
}

impl<S: Hostile> Three for S {
    fn three(choices: &mut Choices) -> [Self; 3] {
        [(); 3].map(|()| S::draw(choices, &WIDE))
    }
}

impl<O: optimized_states::Object> Three for State<O> {
    fn three(choices: &mut Choices) -> [Self; 3] {
        optimized_states::three(choices)
    }
}

impl Three for Seen {
    fn three(choices: &mut Choices) -> [Self; 3] {
        VersionVector::three(choices).map(|vector| Self((&vector).into()))
    }
}

// The cases that the laws are about

/// The arguments of a law, made by choices.
trait Case: Clone + Debug {
    fn draw(choices: &mut Choices) -> Self;

    fn check(&self);
}

/// Any three states.
#[derive(Clone, Debug)]
struct Join<S>(S, S, S);

/// A delta between any two states, since any vector.
#[derive(Clone, Debug)]
struct Delivery<S> {
    sender: S,
    receiver: S,
    since: VersionVector,
}

/// An operation on any state that lists only what it has seen.
#[derive(Clone, Debug)]
struct Mutation<S: Mutable> {
    before: S,
    author: Author,
    operation: S::Operation,
}

/// Any three records.
#[derive(Clone, Debug)]
struct Order<T>(T, T, T);

impl<S: Three> Case for Join<S> {
    fn draw(choices: &mut Choices) -> Self {
        let [a, b, c] = S::three(choices);
        Self(a, b, c)
    }

    fn check(&self) {
        let Self(a, b, c) = self;
        join_is_idempotent_with_bottom(a);
        join_is_commutative_and_goes_up(a, b);
        join_is_associative(a, b, c);
    }
}

impl<S: Three + Deltas> Case for Delivery<S> {
    fn draw(choices: &mut Choices) -> Self {
        let [sender, receiver, other] = S::three(choices);
        let since = match choices.pick(3) {
            0 => receiver.seen(),
            1 => other.seen(),
            _ => VersionVector::draw(choices, &WIDE),
        };
        Self { sender, receiver, since }
    }

    fn check(&self) {
        delta_goes_up_or_is_refused(&self.sender, &self.receiver, &self.since);
    }
}

impl<S: Three + Mutable> Case for Mutation<S> {
    fn draw(choices: &mut Choices) -> Self {
        let (author, operation) = (author(choices), S::operation(choices));
        let [before, ..] = S::three(choices);
        Self { before: before.covered(), author, operation }
    }

    fn check(&self) {
        mutator_equals_its_delta(&self.before, &self.author, &self.operation);
    }
}

impl Case for Order<Decision<Letter>> {
    fn draw(choices: &mut Choices) -> Self {
        let mut write = || hostile::decision(choices, &WIDE, WIDE.letters);
        Self(write(), write(), write())
    }

    fn check(&self) {
        order_is_total(&self.0, &self.1, &self.2);
        let stamp = |write: &Decision<Letter>| {
            (write.timestamp, write.dot.origin.replica.clone(), write.seq, write.effect)
        };
        order_begins_with(&self.0, &self.1, stamp);
    }
}

impl Case for Order<Entry<Letter>> {
    fn draw(choices: &mut Choices) -> Self {
        let mut entry = || hostile::entry(choices, &WIDE);
        Self(entry(), entry(), entry())
    }

    fn check(&self) {
        order_is_total(&self.0, &self.1, &self.2);
        let stamp = |entry: &Entry<Letter>| {
            (entry.timestamp, entry.replica.clone(), entry.seq, entry.entry)
        };
        order_begins_with(&self.0, &self.1, stamp);
    }
}

/// Three vectors: `compare` is the order of the lattice, and the join sees what either has seen.
impl Case for Order<VersionVector> {
    fn draw(choices: &mut Choices) -> Self {
        let mut vector = || VersionVector::draw(choices, &WIDE);
        Self(vector(), vector(), vector())
    }

    fn check(&self) {
        let Self(a, b, c) = self;
        let expected = match (is_below(a, b), is_below(b, a)) {
            (true, true) => Some(Ordering::Equal),
            (true, false) => Some(Ordering::Less),
            (false, true) => Some(Ordering::Greater),
            (false, false) => None,
        };
        assert_eq!(version_vector::compare(a, b), expected);
        for (origin, counter) in c.iter() {
            let dot = Dot { origin: origin.clone(), counter };
            assert_eq!(joined(a, b).contains(&dot), a.contains(&dot) || b.contains(&dot));
        }
    }
}

// The ways to hold a law against cases

/// How many random cases each test tries.
const CASES: u64 = 6000;

/// How many bytes a case may use; after them it takes the first option.
const BYTES: usize = 200;

/// A case with the bytes that it was drawn with, which quickcheck shrinks.
#[derive(Clone)]
struct Drawn<C> {
    bytes: Vec<u8>,
    case: C,
}

impl<C: Case> From<Vec<u8>> for Drawn<C> {
    fn from(bytes: Vec<u8>) -> Self {
        let case = C::draw(&mut Choices::from_bytes(&bytes));
        Self { bytes, case }
    }
}

impl<C: Debug> Debug for Drawn<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.case.fmt(f)
    }
}

impl<C: Case + 'static> Arbitrary for Drawn<C> {
    fn arbitrary(generator: &mut Gen) -> Self {
        Self::from(Vec::arbitrary(generator))
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        Box::new(self.bytes.shrink().map(Self::from))
    }
}

fn holds<C: Case + 'static>() {
    let holds = |drawn: Drawn<C>| drawn.case.check();
    QuickCheck::new().tests(CASES).rng(Gen::new(BYTES)).quickcheck(holds as fn(Drawn<C>));
}

/// The semilattice laws on every three of all states of a small scope.
fn on_every_three_small_states<S: Hostile>() {
    let states = all(|choices| S::draw(choices, &S::EVERY));
    for a in &states {
        join_is_idempotent_with_bottom(a);
        for b in &states {
            join_is_commutative_and_goes_up(a, b);
            for c in &states {
                join_is_associative(a, b, c);
            }
        }
    }
    let name = std::any::type_name::<S>();
    println!("{name}: {} states, {} triples", states.len(), states.len().pow(3));
}

macro_rules! hold {
    ($($law:ident { $($name:ident: $case:ty,)* })*) => { $(
        mod $law {
            use super::*;
            $(
                #[test]
                fn $name() {
                    holds::<$case>();
                }
            )*
        }
    )* };
}

hold! {
    join {
        version_vector: Join<VersionVector>,
        g_counter: Join<GCounter>,
        decisions: Join<Decisions<char, Letter>>,
        lww_register: Join<LwwRegister<Letter>>,
        or_set: Join<OrSet<char>>,
        lww_map: Join<LwwMap<char, Letter>>,
        log: Join<Log<Letter>>,
        replica: Join<Product>,
        optimized_vector: Join<Seen>,
        optimized_g_counter: Join<State<optimized::g_counter::GCounter>>,
        optimized_lww_register: Join<State<optimized::lww_register::LwwRegister<str>>>,
        optimized_or_set: Join<State<optimized::or_set::OrSet<str>>>,
        optimized_lww_map: Join<State<optimized::lww_map::LwwMap<str, str>>>,
        optimized_log: Join<State<optimized::log::Log<str>>>,
        pn_counter: Join<PnCounter>,
        rw_set: Join<RwSet<char>>,
        ew_flag: Join<EwFlag>,
        dw_flag: Join<DwFlag>,
        mv_register: Join<MvRegister<Letter>>,
        mv_map: Join<MvMap<char, Letter>>,
        max_register: Join<MaxRegister>,
        min_register: Join<MinRegister>,
        optimized_pn_counter: Join<State<optimized::pn_counter::PnCounter>>,
        optimized_rw_set: Join<State<optimized::rw_set::RwSet<str>>>,
        optimized_ew_flag: Join<State<optimized::ew_flag::EwFlag>>,
        optimized_dw_flag: Join<State<optimized::dw_flag::DwFlag>>,
        optimized_mv_register: Join<State<optimized::mv_register::MvRegister<str>>>,
        optimized_mv_map: Join<State<optimized::mv_map::MvMap<str, str>>>,
        optimized_max_register: Join<State<optimized::max_register::MaxRegister>>,
        optimized_min_register: Join<State<optimized::min_register::MinRegister>>,
    }
    delta {
        g_counter: Delivery<GCounter>,
        decisions: Delivery<Decisions<char, Letter>>,
        lww_register: Delivery<LwwRegister<Letter>>,
        or_set: Delivery<OrSet<char>>,
        lww_map: Delivery<LwwMap<char, Letter>>,
        log: Delivery<Log<Letter>>,
        optimized_g_counter: Delivery<State<optimized::g_counter::GCounter>>,
        optimized_lww_register: Delivery<State<optimized::lww_register::LwwRegister<str>>>,
        optimized_or_set: Delivery<State<optimized::or_set::OrSet<str>>>,
        optimized_lww_map: Delivery<State<optimized::lww_map::LwwMap<str, str>>>,
        optimized_log: Delivery<State<optimized::log::Log<str>>>,
        pn_counter: Delivery<PnCounter>,
        rw_set: Delivery<RwSet<char>>,
        ew_flag: Delivery<EwFlag>,
        dw_flag: Delivery<DwFlag>,
        mv_register: Delivery<MvRegister<Letter>>,
        mv_map: Delivery<MvMap<char, Letter>>,
        max_register: Delivery<MaxRegister>,
        min_register: Delivery<MinRegister>,
        optimized_pn_counter: Delivery<State<optimized::pn_counter::PnCounter>>,
        optimized_rw_set: Delivery<State<optimized::rw_set::RwSet<str>>>,
        optimized_ew_flag: Delivery<State<optimized::ew_flag::EwFlag>>,
        optimized_dw_flag: Delivery<State<optimized::dw_flag::DwFlag>>,
        optimized_mv_register: Delivery<State<optimized::mv_register::MvRegister<str>>>,
        optimized_mv_map: Delivery<State<optimized::mv_map::MvMap<str, str>>>,
        optimized_max_register: Delivery<State<optimized::max_register::MaxRegister>>,
        optimized_min_register: Delivery<State<optimized::min_register::MinRegister>>,
    }
    mutator {
        g_counter: Mutation<GCounter>,
        lww_register: Mutation<LwwRegister<Letter>>,
        or_set: Mutation<OrSet<char>>,
        lww_map: Mutation<LwwMap<char, Letter>>,
        log: Mutation<Log<Letter>>,
        optimized_g_counter: Mutation<State<optimized::g_counter::GCounter>>,
        optimized_lww_register: Mutation<State<optimized::lww_register::LwwRegister<str>>>,
        optimized_or_set: Mutation<State<optimized::or_set::OrSet<str>>>,
        optimized_lww_map: Mutation<State<optimized::lww_map::LwwMap<str, str>>>,
        optimized_log: Mutation<State<optimized::log::Log<str>>>,
        pn_counter: Mutation<PnCounter>,
        rw_set: Mutation<RwSet<char>>,
        ew_flag: Mutation<EwFlag>,
        dw_flag: Mutation<DwFlag>,
        mv_register: Mutation<MvRegister<Letter>>,
        mv_map: Mutation<MvMap<char, Letter>>,
        max_register: Mutation<MaxRegister>,
        min_register: Mutation<MinRegister>,
        optimized_pn_counter: Mutation<State<optimized::pn_counter::PnCounter>>,
        optimized_rw_set: Mutation<State<optimized::rw_set::RwSet<str>>>,
        optimized_ew_flag: Mutation<State<optimized::ew_flag::EwFlag>>,
        optimized_dw_flag: Mutation<State<optimized::dw_flag::DwFlag>>,
        optimized_mv_register: Mutation<State<optimized::mv_register::MvRegister<str>>>,
        optimized_mv_map: Mutation<State<optimized::mv_map::MvMap<str, str>>>,
        optimized_max_register: Mutation<State<optimized::max_register::MaxRegister>>,
        optimized_min_register: Mutation<State<optimized::min_register::MinRegister>>,
    }
    order {
        writes: Order<Decision<Letter>>,
        entries: Order<Entry<Letter>>,
        vectors: Order<VersionVector>,
    }
}

macro_rules! hold_on_every_three_small_states {
    ($($name:ident: $state:ty,)*) => {
        mod every_three_small_states {
            use super::*;
            $(
                #[test]
                fn $name() {
                    on_every_three_small_states::<$state>();
                }
            )*
        }
    };
}

hold_on_every_three_small_states! {
    version_vector: VersionVector,
    g_counter: GCounter,
    decisions: Decisions<char, Letter>,
    lww_register: LwwRegister<Letter>,
    or_set: OrSet<char>,
    lww_map: LwwMap<char, Letter>,
    log: Log<Letter>,
    pn_counter: PnCounter,
    rw_set: RwSet<char>,
    ew_flag: EwFlag,
    dw_flag: DwFlag,
    mv_register: MvRegister<Letter>,
    mv_map: MvMap<char, Letter>,
    max_register: MaxRegister,
    min_register: MinRegister,
}

// States that no operations make

#[test]
fn a_total_that_no_number_holds_is_none() {
    let share =
        |name: &str| (Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 }, u128::MAX);
    let counter = |shares: &[(Origin, u128)]| {
        GCounter::from_parts(VersionVector::bottom(), shares.iter().cloned().collect())
    };
    assert_eq!(counter(&[share("a")]).value(), Some(u128::MAX));
    assert_eq!(counter(&[share("a"), share("b")]).value(), None);
}

// States with other objects than the replica

/// A replica with a counter and a set meets one whose set is missing, and one where it is a log.
#[test]
fn what_does_not_fit_a_replica_is_refused_whole() {
    let replica = |name: &str, objects: &[(&str, ObjectType)]| {
        let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
        let schema = objects.iter().map(|(object, kind)| (ObjectId::from(*object), *kind));
        Replica::<char, Letter>::new(origin, &schema.collect())
    };
    let (count, other) = (ObjectId::from("count"), ObjectId::from("other"));
    let add = Operation::Add { element: 'x' };
    let mut sender = replica("a", &[("count", ObjectType::GCounter), ("other", ObjectType::OrSet)]);
    let since = sender.seen();
    sender.perform(&count, Operation::Increment { amount: 1 }, None).expect("it is a counter");
    sender.perform(&other, add.clone(), None).expect("it is a set");

    let without = replica("b", &[("count", ObjectType::GCounter)]);
    let with_log = replica("b", &[("count", ObjectType::GCounter), ("other", ObjectType::Log)]);
    let wrong = Reason::WrongType { expected: ObjectType::Log, found: ObjectType::OrSet };
    for (receiver, reason) in [(without, Reason::UnknownObject), (with_log, wrong)] {
        let refusal = Err(replica::Error { object: other.clone(), reason });
        let mut after = receiver.clone();
        assert_eq!(after.join(sender.objects()), refusal);
        assert_eq!(after.apply(&sender.delta_since(&since)), refusal);
        assert_eq!(after.perform(&other, add.clone(), None).map(|_| ()), refusal);
        assert_eq!(after, receiver, "a refused request changes nothing");
    }
}
