//! One state in both engines, and the function that takes a step with both and compares them.

use super::engines::{Answers, Changes, Engine, Op, Refusal};
use rejoin::dot::{Origin, ReplicaId};
use rejoin::operation::{Author, User};
use rejoin::version_vector::VersionVector;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::rc::Rc;

/// The names of the replicas, in their order.
pub const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// The user at each of them: one person at two replicas, and nobody known at one.
pub const USERS: [Option<&str>; 5] = [Some("ann"), Some("bob"), Some("ann"), None, Some("bob")];

pub fn origin(at: usize, incarnation: u64) -> Origin {
    Origin { replica: ReplicaId::new(NAMES[at]).unwrap(), incarnation }
}

/// One state in both engines.
#[derive(Clone, Debug)]
pub struct Pair<O, R> {
    pub optimized: O,
    pub reference: R,
    answers: Rc<Answers>,
}

/// One vector in both engines.
#[derive(Clone)]
pub struct Vectors<O: Engine, R: Engine> {
    optimized: O::Vector,
    reference: R::Vector,
}

impl<O: Engine, R: Engine> From<&VersionVector> for Vectors<O, R> {
    fn from(vector: &VersionVector) -> Self {
        Self { optimized: O::read(vector), reference: R::read(vector) }
    }
}

/// One delta in both engines.
#[derive(Clone)]
pub struct Deltas<O: Engine, R: Engine> {
    pub optimized: O::Delta,
    pub reference: R::Delta,
}

pub fn same<T: PartialEq + Debug>(what: &str, optimized: T, reference: T) -> Result<(), String> {
    if optimized == reference {
        return Ok(());
    }
    Err(format!("{what}: the optimized engine has {optimized:#?}, the reference {reference:#?}"))
}

impl<O: Engine, R: Engine> Pair<O, R> {
    pub fn new() -> Self {
        let reference = R::bottom();
        let answers = Rc::new(reference.answers(&BTreeSet::new()));
        Self { optimized: O::bottom(), reference, answers }
    }

    /// The answers of both.
    pub fn answers(&self) -> &Answers {
        &self.answers
    }

    pub fn vectors(&self) -> Vectors<O, R> {
        Vectors { optimized: self.optimized.vector(), reference: self.reference.vector() }
    }

    /// The author of the next operation in this incarnation of this replica. Its seq follows all
    /// operations of the replica that were seen, so a backup leads to the same seq again.
    pub fn author(&self, at: usize, incarnation: u64) -> Author {
        let origin = origin(at, incarnation);
        let seen = self.answers.vector.iter();
        let of_replica = seen.filter(|(seen, _)| seen.replica == origin.replica);
        let seq = of_replica.map(|(_, count)| count).sum::<u64>() + 1;
        Author { origin, seq, user: USERS[at].map(User::from) }
    }

    /// Performs an operation with both engines. Its delta leads from the state before to the one
    /// after.
    pub fn decide(&mut self, author: &Author, op: &Op) -> Result<(), String> {
        let before = self.clone();
        let (ours, theirs) = (self.optimized.decide(author, op), self.reference.decide(author, op));
        let dots = (ours.as_ref().map(|(dot, _)| dot), theirs.as_ref().map(|(dot, _)| dot));
        same("performed", dots.0, dots.1)?;
        let (Ok((_, optimized)), Ok((_, reference))) = (ours, theirs) else {
            self.check()?;
            return same("refused, but changed", &self.answers, &before.answers);
        };
        self.check()?;
        let delta = Deltas { optimized, reference };
        self.check_extent(&delta)?;
        let mut follower = before;
        follower.follow(&delta)?;
        same("after its delta", &follower.answers, &self.answers)
    }

    /// Performs an operation with both engines; the results are compared later.
    pub fn decide_unseen(&mut self, author: &Author, op: &Op) -> Result<(), String> {
        let dots = (self.optimized.decide(author, op), self.reference.decide(author, op));
        same("performed", dots.0.map(|(dot, _)| dot), dots.1.map(|(dot, _)| dot))?;
        let mut answers = Answers::clone(&self.answers);
        answers.vector.see(&author.origin, answers.vector.get(&author.origin) + 1);
        self.answers = Rc::new(answers);
        Ok(())
    }

    /// The delta for a replica that has seen this, as it arrives.
    pub fn delta_since(&self, since: &Vectors<O, R>) -> Result<Deltas<O, R>, String> {
        let optimized = self.optimized.delta_since(&since.optimized);
        let reference = self.reference.delta_since(&since.reference);
        let delta = Deltas { optimized, reference };
        self.check_extent(&delta)?;
        Ok(Deltas { optimized: O::sent(delta.optimized), ..delta })
    }

    fn check_extent(&self, delta: &Deltas<O, R>) -> Result<(), String> {
        let (ours, theirs) = (O::extent(&delta.optimized), R::extent(&delta.reference));
        same("delta: since, seen and number of keys", ours, theirs)
    }

    /// Applies a delta with both engines; if both refuse it, nothing changes. Returns the changed
    /// keys.
    pub fn receive(&mut self, delta: &Deltas<O, R>) -> Result<Result<Changes, Refusal>, String> {
        let before = Rc::clone(&self.answers);
        let taken = self.apply(delta)?;
        self.check()?;
        if taken.is_err() {
            same("refused, but changed", &self.answers, &before)?;
        }
        Ok(taken)
    }

    /// Applies a delta that cannot be refused, and compares the answers, not the hashes.
    pub fn follow(&mut self, delta: &Deltas<O, R>) -> Result<(), String> {
        let taken = self.apply(delta)?;
        taken.map_err(|refusal| format!("refused where it starts: {refusal:?}"))?;
        self.check_answers()
    }

    fn apply(&mut self, delta: &Deltas<O, R>) -> Result<Result<Changes, Refusal>, String> {
        let ours = self.optimized.apply(&delta.optimized);
        let theirs = self.reference.apply(&delta.reference);
        same("applied", &ours, &theirs)?;
        Ok(theirs)
    }

    /// Applies everything that the other has seen.
    pub fn join(&mut self, other: &Self) -> Result<Changes, String> {
        let delta = other.delta_since(&self.vectors())?;
        self.receive(&delta)?.map_err(|refusal| format!("a join is refused: {refusal:?}"))
    }

    fn check_answers(&mut self) -> Result<(), String> {
        let answers = self.reference.answers(&BTreeSet::new());
        same("answers", &self.optimized.answers(&keys_of(&answers)), &answers)?;
        self.answers = Rc::new(answers);
        Ok(())
    }

    /// Compares the engines: their answers, their hashes as they are kept up to date, and both for
    /// a state that gets everything in one delta.
    pub fn check(&mut self) -> Result<(), String> {
        self.check_answers()?;
        let hashes = self.reference.hashes();
        same("hashes", self.optimized.hashes(), hashes)?;

        let mut fresh = O::bottom();
        let everything = self.optimized.delta_since(&fresh.vector());
        let changes = fresh.apply(&everything).map_err(|refusal| format!("{refusal:?}"))?;
        let keys = keys_of(&self.answers);
        same("keys of a full delta", &changes.keys().cloned().collect(), &keys)?;
        same("answers after a full delta", &fresh.answers(&keys), &*self.answers)?;
        same("hashes after a full delta", fresh.hashes(), hashes)
    }
}

fn keys_of(answers: &Answers) -> BTreeSet<String> {
    answers.known.keys().cloned().collect()
}
