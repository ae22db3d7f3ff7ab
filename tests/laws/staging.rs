//! A keyed object in pieces, as a model over the reference engine: every course of a small scope.
//!
//! The rule: a receiver keeps pieces of whole keys apart, with the vectors that they rest on and the
//! place reached, and reads none of them until the last one is there. The model has three replicas,
//! two keys and pieces of one key. In any order, replicas write, exchange all that they have, and the
//! receiver asks either of the others for the next piece. A sender has no memory of its own here: it
//! goes on from what the receiver holds, as after a cut or a crash at that place, or begins anew
//! where it has not seen all that the pieces rest on.
//!
//! After each piece the receiver is what it would be if each transfer were one delta: equal knowledge
//! means equal state, and no key is lost. Two rules that are nearly right are refuted.

use rejoin::dot::{Dot, Origin, ReplicaId};
use rejoin::lattice::Lattice;
use rejoin::operation::Author;
use rejoin::reference::decisions::{Decision, Decisions};
use rejoin::reference::delta::{Delta, Replicated};
use rejoin::version_vector::VersionVector;
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

type State = Decisions<u8, u8>;

/// How a transfer goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Rule {
    /// As stated above.
    Staged,
    /// Each piece is applied when it comes, and claims all that its sender has seen.
    MovesEarly,
    /// After a pass, nothing is sent of what changed since it began.
    SkipsWhatChanged,
}

/// What the receiver keeps of a transfer.
#[derive(Clone, PartialEq, Debug)]
struct Staged {
    /// What the receiver had seen when the transfer began.
    base: VersionVector,
    /// This pass sends the keys that changed since then.
    since: VersionVector,
    /// What a sender had seen when this pass began.
    through: VersionVector,
    /// What the last sender had seen.
    seen: VersionVector,
    /// The place reached: keys whose first unseen operation is up to it were sent.
    after: Option<Dot>,
    keys: BTreeMap<u8, BTreeSet<Decision<u8>>>,
}

/// The next key of a pass, and the operation by which it is found.
fn next(
    sender: &State,
    since: &VersionVector,
    base: &VersionVector,
    after: Option<&Dot>,
) -> Option<(Dot, u8)> {
    let found = sender.keys().filter_map(|key| {
        let maximal = sender.maximal(key);
        let is_needed = maximal.iter().any(|decision| !base.contains(&decision.dot));
        let unseen = maximal.iter().map(|decision| &decision.dot);
        let first = unseen.filter(|dot| !since.contains(dot)).min();
        first.filter(|_| is_needed).map(|first| (first.clone(), *key))
    });
    found.filter(|(first, _)| after.is_none_or(|after| first > after)).min()
}

/// The receiver gets one more piece. Returns whether that completes the transfer.
fn piece(receiver: &mut State, staged: &mut Option<Staged>, sender: &State, rule: Rule) -> bool {
    let now = sender.seen().clone();
    let fits = staged.as_ref().is_some_and(|staged| now.covers(&staged.seen));
    if !fits {
        let base = receiver.seen().clone();
        let (since, through, seen) = (base.clone(), now.clone(), now.clone());
        let (after, keys) = (None, BTreeMap::new());
        *staged = Some(Staged { base, since, through, seen, after, keys });
    }
    let Some(transfer) = staged else { unreachable!("it was just begun") };
    transfer.seen = now.clone();
    let mut found = next(sender, &transfer.since, &transfer.base, transfer.after.as_ref());
    if found.is_none() && transfer.through != now && rule != Rule::SkipsWhatChanged {
        transfer.since = std::mem::replace(&mut transfer.through, now.clone());
        transfer.after = None;
        found = next(sender, &transfer.since, &transfer.base, None);
    }
    let Staged { base, since, through, .. } = transfer;
    let is_last = match &found {
        None => true,
        Some((dot, _)) => {
            let is_over = next(sender, since, base, Some(dot)).is_none();
            is_over && (*through == now || rule == Rule::SkipsWhatChanged)
        }
    };
    if let Some((dot, key)) = found {
        transfer.after = Some(dot);
        let maximal: BTreeSet<Decision<u8>> = sender.maximal(&key).into_iter().cloned().collect();
        transfer.keys.insert(key, maximal);
    }
    if is_last || rule == Rule::MovesEarly {
        let listed = transfer.keys.iter();
        let listed = listed.flat_map(|(key, all)| all.iter().map(|one| (*key, one.clone())));
        let part = State::from_parts(now, listed);
        let delta = Delta { since: transfer.base.clone(), part };
        receiver.apply(&delta).expect("a receiver never forgets");
    }
    if is_last {
        *staged = None;
    }
    is_last
}

const RECEIVER: usize = 0;

#[derive(Clone, Debug)]
struct World {
    /// The receiver, then those that send to it.
    states: [State; 3],
    /// The receiver, if each transfer were one delta.
    ideal: State,
    writes: [u64; 3],
    staged: Option<Staged>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Write(usize, u8),
    /// The first one gets all that the second one has, at once.
    Exchange(usize, usize),
    /// The receiver gets a piece of this one.
    Piece(usize),
}

const STEPS: [Step; 12] = [
    Step::Write(0, 0),
    Step::Write(0, 1),
    Step::Write(1, 0),
    Step::Write(1, 1),
    Step::Write(2, 0),
    Step::Write(2, 1),
    Step::Exchange(0, 2),
    Step::Exchange(1, 0),
    Step::Exchange(1, 2),
    Step::Exchange(2, 1),
    Step::Piece(1),
    Step::Piece(2),
];

impl World {
    fn new() -> Self {
        let states = [State::bottom(), State::bottom(), State::bottom()];
        Self { states, ideal: State::bottom(), writes: [0; 3], staged: None }
    }

    /// Takes a step. An error says how the receiver differs from what it would be by whole deltas.
    fn step(&mut self, step: Step, names: [&str; 3], rule: Rule) -> Result<bool, String> {
        match step {
            Step::Write(at, key) => {
                if self.writes.iter().sum::<u64>() == 4 {
                    return Ok(false);
                }
                self.writes[at] += 1;
                let replica = ReplicaId::new(names[at]).expect("it is short");
                let origin = Origin { replica, incarnation: 0 };
                let author = Author { origin, seq: self.writes[at], user: None };
                self.states[at].decide(&author, key, at as u8, 0).expect("names are left");
                if at == RECEIVER {
                    self.ideal.decide(&author, key, at as u8, 0).expect("names are left");
                }
                Ok(true)
            }
            Step::Exchange(to, from) => {
                let from = self.states[from].clone();
                let is_new = !self.states[to].seen().covers(from.seen());
                self.states[to].join(&from);
                if to == RECEIVER {
                    self.ideal.join(&from);
                }
                Ok(is_new)
            }
            Step::Piece(from) => {
                if self.states[RECEIVER].seen().covers(self.states[from].seen()) {
                    return Ok(false);
                }
                let sender = self.states[from].clone();
                let receiver = &mut self.states[RECEIVER];
                let is_complete = piece(receiver, &mut self.staged, &sender, rule);
                if is_complete || receiver.seen().covers(sender.seen()) {
                    self.ideal.join(&sender);
                }
                if *receiver != self.ideal {
                    return Err(format!("{receiver:?}\n  instead of\n  {:?}", self.ideal));
                }
                Ok(true)
            }
        }
    }
}

/// Explores all courses of so many steps, breadth first. Returns how many states there are, or the
/// shortest course that goes wrong.
fn explore(depth: usize, names: [&str; 3], rule: Rule) -> Result<usize, (Vec<Step>, String)> {
    let mut known: HashSet<String> = HashSet::new();
    let mut open = VecDeque::from([(World::new(), Vec::new())]);
    while let Some((world, course)) = open.pop_front() {
        for step in STEPS {
            let mut after = world.clone();
            let mut course = course.clone();
            course.push(step);
            match after.step(step, names, rule) {
                Err(what) => return Err((course, what)),
                Ok(false) => {}
                Ok(true) => {
                    let is_new = known.insert(format!("{after:?}"));
                    if is_new && course.len() < depth {
                        open.push_back((after, course));
                    }
                }
            }
        }
    }
    Ok(known.len())
}

/// The order of names is that of the walk: the receiver's is the first, or the last, or between.
const NAMES: [[&str; 3]; 3] = [["a", "b", "c"], ["c", "a", "b"], ["b", "c", "a"]];

#[test]
fn a_completed_transfer_is_the_join() {
    for names in NAMES {
        match explore(6, names, Rule::Staged) {
            Ok(states) => {
                println!("{names:?}: {states} states");
                assert!(states > 3_000, "{states} states are too few to show anything");
            }
            Err((course, what)) => panic!("{names:?}: {course:?}:\n  {what}"),
        }
    }
}

#[test]
fn rules_that_are_nearly_right_are_refuted() {
    for rule in [Rule::MovesEarly, Rule::SkipsWhatChanged] {
        let refuted = NAMES.iter().find_map(|names| explore(6, *names, rule).err());
        let (course, what) = refuted.expect("this rule loses keys");
        println!("{rule:?}: {course:?}:\n  {what}");
    }
}
