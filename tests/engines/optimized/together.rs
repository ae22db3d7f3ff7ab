//! Creation dots, compaction, a restore and a key that is used again, all in one execution.
//!
//! Shown: after each step the optimized engine, both engines of spec/executions.v and the reference hold
//! and answer the same, in every order of seven moves in which a key is sent, removed and used again after
//! it was created; and in many of these executions all four come together. How many there are, and after
//! how many steps all four were there first, is printed.
//! How: the generator is directed: it takes each move once. A replica creates a key, sends it, removes
//! it and uses it again; it makes a backup and goes back to it; and it decides often enough on another
//! key to forget. At last both replicas exchange all. A beginning that two orders share is run once.

use super::engines::{Engine, Op};
use super::executions::{Compared, Executed, Run, Step};
use super::model::op;
use super::pair::{USERS, origin};
use rejoin::dot::Origin;
use rejoin::object::ObjectType;
use rejoin::operation::{Author, User};
use rejoin::optimized;
use std::collections::BTreeSet;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Move {
    Create,
    Send,
    Remove,
    Reuse,
    Save,
    Restore,
    /// Decides until the engine forgets what is stale.
    Fill,
}

use Move::{Create, Fill, Remove, Restore, Reuse, Save, Send};

const MOVES: [Move; 7] = [Create, Send, Remove, Reuse, Save, Restore, Fill];

/// Which move comes before which.
const ORDER: [(Move, Move); 4] = [(Create, Send), (Send, Remove), (Remove, Reuse), (Save, Restore)];

/// So many orders there are: those of seven moves, of which four go one after the other, and two others.
const ORDERS: u64 = 7 * 6 * 5 * 4 * 3 * 2 / (4 * 3 * 2 * 2);

/// The reference, in the same execution.
#[derive(Clone)]
struct Beside<R: Engine> {
    replicas: Vec<(Origin, R)>,
    sent: Vec<R::Delta>,
    backups: Vec<R>,
}

/// An execution, and what came together in it.
#[derive(Clone)]
struct Directed<O: Executed> {
    run: Run<O>,
    reference: Beside<O::Reference>,
    compared: Compared,
    /// How often a key that was removed was used again.
    reused: u64,
    /// After how many steps creation dots, compaction, a restore and reuse all were there.
    together_after: Option<u64>,
}

/// Over all executions.
#[derive(Default, Debug)]
struct Counts {
    executions: u64,
    steps: u64,
    with_creation_dots: u64,
    with_compaction: u64,
    with_reuse: u64,
    with_all: u64,
    /// The least number of steps after which all four were there.
    together_after: Option<u64>,
}

impl<O: Executed> Directed<O> {
    fn new() -> Self {
        let replicas = (0..2).map(|at| (origin(at, 0), O::Reference::bottom())).collect();
        let reference = Beside { replicas, sent: Vec::new(), backups: Vec::new() };
        Self {
            run: Run::new(2),
            reference,
            compared: Compared::default(),
            reused: 0,
            together_after: None,
        }
    }

    fn key(name: &str) -> &str {
        if O::KIND == ObjectType::LwwRegister { "" } else { name }
    }

    fn take(&mut self, step: Step) {
        let Beside { replicas, sent, backups } = &mut self.reference;
        match &step {
            Step::Perform { at, op } => {
                let (origin, state) = &mut replicas[*at];
                let vector = state.answers(&BTreeSet::new()).vector;
                let own = vector.iter().filter(|(of, _)| of.replica == origin.replica);
                let seq = own.map(|(_, count)| count).sum::<u64>() + 1;
                let user = USERS[*at].map(User::from);
                let author = Author { origin: origin.clone(), seq, user };
                state.decide(&author, op).expect("it fits");
            }
            Step::Send { at, since } => {
                sent.push(replicas[*at].1.delta_since(&O::Reference::read(since)));
            }
            Step::Receive { at, message } => {
                let _refused = replicas[*at].1.apply(&sent[*message]);
            }
            Step::Save { at } => backups.push(replicas[*at].1.clone()),
            Step::Restore { at, backup, incarnation } => {
                replicas[*at] = (origin(*at, *incarnation), backups[*backup].clone());
            }
        }
        self.run.take(&step, &mut self.compared);
        for ((_, ours), (_, reference)) in self.run.replicas.iter().zip(replicas) {
            let expected = reference.answers(&BTreeSet::new());
            let keys = expected.known.keys().cloned().collect();
            assert_eq!(ours.answers(&keys), expected, "after {step:?}");
        }
        if self.has().iter().all(|it| *it) {
            self.together_after.get_or_insert(self.compared.steps);
        }
    }

    /// Whether creation dots named a key, the engine forgot, a replica was restored, and a key used again.
    fn has(&self) -> [bool; 4] {
        let Compared { by_creation_dot, compacted, restored, .. } = self.compared;
        [by_creation_dot > 0, compacted > 0, restored > 0, self.reused > 0]
    }

    fn perform(&mut self, at: usize, op: Op) {
        self.take(Step::Perform { at, op });
    }

    fn exchange(&mut self, from: usize, at: usize) {
        let since = self.run.seen(at);
        self.take(Step::Send { at: from, since });
        self.take(Step::Receive { at, message: self.run.sent.len() - 1 });
    }

    fn is_removed(&self, at: usize, key: &str) -> bool {
        let answers = self.reference.replicas[at].1.answers(&BTreeSet::new());
        answers.known.contains_key(key) && !answers.values.contains_key(key)
    }

    fn go(&mut self, next: Move) {
        let key = Self::key("x");
        match next {
            Create => self.perform(0, op(key, Some("a"), 1)),
            Send => self.exchange(0, 1),
            Remove => self.perform(0, op(key, None, 2)),
            Reuse => {
                self.reused += u64::from(self.is_removed(0, key));
                self.perform(0, op(key, Some("b"), 3));
            }
            Save => self.take(Step::Save { at: 0 }),
            Restore => self.take(Step::Restore { at: 0, backup: 0, incarnation: 1 }),
            Fill => {
                // The first one is a creation dot; of the others more than 16 are stale then.
                for number in 0..19 {
                    self.perform(0, op(Self::key("y"), Some("c"), number));
                }
            }
        }
    }

    fn finish(mut self, counts: &mut Counts) {
        self.exchange(1, 0);
        self.exchange(0, 1);
        let [here, there] = [0, 1].map(|at| self.run.seen(at));
        assert_eq!(here, there, "both have seen all");
        counts.executions += 1;
        counts.steps += self.compared.steps;
        let [by_creation_dot, compacted, _, reused] = self.has();
        counts.with_creation_dots += u64::from(by_creation_dot);
        counts.with_compaction += u64::from(compacted);
        counts.with_reuse += u64::from(reused);
        counts.with_all += u64::from(self.together_after.is_some());
        let before = counts.together_after.into_iter();
        counts.together_after = before.chain(self.together_after).min();
    }

    fn explore(&self, rest: &[Move], counts: &mut Counts) {
        if rest.is_empty() {
            return self.clone().finish(counts);
        }
        let waits = |next: &Move| {
            ORDER.iter().any(|(before, after)| after == next && rest.contains(before))
        };
        for next in rest.iter().filter(|next| !waits(next)) {
            let mut execution = self.clone();
            execution.go(*next);
            let rest: Vec<Move> = rest.iter().filter(|other| *other != next).copied().collect();
            execution.explore(&rest, counts);
        }
    }
}

fn all_orders<O: Executed>() {
    let mut counts = Counts::default();
    Directed::<O>::new().explore(&MOVES, &mut counts);
    println!("{}: {counts:?}", O::KIND.as_str());
    assert_eq!(counts.executions, ORDERS);
    assert!(counts.with_creation_dots > 0 && counts.with_compaction > 0, "{counts:?}");
    assert!(counts.with_reuse > 0 && counts.with_all > 0, "{counts:?}");
}

#[test]
fn creation_dots_compaction_restore_and_reuse_of_a_key_come_together_at_depth_six_and_more() {
    all_orders::<optimized::or_set::OrSet<str>>();
    all_orders::<optimized::lww_register::LwwRegister<str>>();
    all_orders::<optimized::lww_map::LwwMap<str, str>>();
}
