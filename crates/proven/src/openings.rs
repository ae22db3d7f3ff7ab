//! What a replica knows of one object whose disk may be restored or copied, as spec/openings.v defines it.
//!
//! Meaning: an operation is a number. A replica performs operations under the opening that its process
//! drew, makes deltas for what another one knows, and applies deltas: where both use other names for what
//! they know, it renames what it holds and what it receives in the same step.
//! Laws: equal operations have equal names, and no dot names two operations: spec/openings_proof.v.
//! Cost: that of the definitions, whose maps are lists.
//!
//! A phone performs operation 1, its disk is restored, and it performs operation 2.
//! ```
//! use rejoin::dot::{Dot, Origin, ReplicaId};
//! use rejoin_proven::openings::Held;
//!
//! let origin = |name: &str| Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
//! let backup = Held::untouched(&origin("phone"))?;
//! let mut server = Held::untouched(&origin("server"))?;
//! let mut phone = backup.clone();
//! phone.perform(71, 1)?;
//! server.apply(&phone.delta_for(&server)?)?;
//!
//! let mut phone = backup;
//! phone.perform(72, 2)?;
//! assert!(!phone.agrees_with(&server)?);
//! phone.apply(&server.delta_for(&phone)?)?;
//! let renamed = Origin { incarnation: 72, ..origin("phone") };
//! let of = |origin: &Origin| Dot { origin: origin.clone(), counter: 1 };
//! assert_eq!(phone.operations()?, [(of(&origin("phone")), 1), (of(&renamed), 2)].into());
//! assert_eq!(phone.own()?, renamed);
//! # Ok::<(), rejoin_proven::Error>(())
//! ```

use super::constructors::*;
use super::decode;
use super::encode::{self, number};
use super::wire::Plain;
use super::{Error, run};
use rejoin::dot::{Dot, Origin};
use rejoin::version_vector::VersionVector;
use std::collections::BTreeMap;

/// What a replica holds of an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held(Plain);

/// What a replica that announced what it knows lacks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delta(Plain);

/// The branch that begins with this dot goes to the origin whose incarnation is this opening.
pub type Renaming = (Dot, u64);

impl Held {
    /// The object before its first operation.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn untouched(own: &Origin) -> Result<Self, Error> {
        Ok(Self(run("Openings.untouched", [encode::origin(own)])?))
    }

    /// Whether the last operation of its own origin happened under the opening.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn goes_on(&self, opening: u64) -> Result<bool, Error> {
        let answer = run("Openings.goes_on", [number(opening), self.0.clone()])?;
        Ok(decode::boolean(&answer)?)
    }

    /// Whether the process must draw a new opening before it writes.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn must_draw(&self, opening: u64) -> Result<bool, Error> {
        let answer = run("Openings.must_draw", [number(opening), self.0.clone()])?;
        Ok(decode::boolean(&answer)?)
    }

    /// Performs an operation under an opening.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn perform(&mut self, opening: u64, operation: u64) -> Result<(), Error> {
        let given = [number(opening), number(operation), self.0.clone()];
        self.0 = run("Openings.perform", given)?;
        Ok(())
    }

    /// What one that knows what `theirs` knows lacks of this.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn delta_for(&self, theirs: &Self) -> Result<Delta, Error> {
        Ok(Delta(run("Openings.delta_for", [theirs.known()?, self.0.clone()])?))
    }

    /// Renames both sides, and applies the delta, in one step.
    ///
    /// # Errors
    /// [`Error::Refused`] if the delta builds on operations that are lacking here. Nothing changed then.
    pub fn apply(&mut self, delta: &Delta) -> Result<(), Error> {
        let after = run("Openings.apply", [delta.0.clone(), self.0.clone()])?;
        self.0 = decode::option(&after)?.ok_or(Error::Refused)?.clone();
        Ok(())
    }

    /// The check that is made before a delta is applied: whether, of each origin, the same opening covers
    /// the last operation that both know.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn agrees_with(&self, theirs: &Self) -> Result<bool, Error> {
        let answer = run("Openings.agree", [self.known()?, theirs.known()?])?;
        Ok(decode::boolean(&answer)?)
    }

    /// The renamings of what this one holds, and of what the other one knows, after which both use the
    /// same names, each in the order in which they are made.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn reconcile(&self, theirs: &Self) -> Result<[Vec<Renaming>; 2], Error> {
        let both = run("Openings.reconcile", [self.known()?, theirs.known()?])?;
        let renamings = |term: &Plain| {
            decode::list(term, |renaming| decode::pair(renaming, decode::dot, decode::number))
        };
        let (ours, theirs) = decode::pair(&both, renamings, renamings)?;
        Ok([ours, theirs])
    }

    /// The origin under which it performs its next operation.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn own(&self) -> Result<Origin, Error> {
        let [own, _, _] = decode::fields(OPENINGS_HELD, &self.0)?;
        Ok(decode::origin(own)?)
    }

    /// How many operations of each origin are known.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn counts(&self) -> Result<VersionVector, Error> {
        let known = self.known()?;
        let [counts, _] = decode::fields(OPENINGS_KNOWLEDGE, &known)?;
        Ok(decode::vector(counts)?)
    }

    /// The chains of openings: each by the dot that began it.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn openings(&self) -> Result<BTreeMap<Dot, u64>, Error> {
        let known = self.known()?;
        let [_, openings] = decode::fields(OPENINGS_KNOWLEDGE, &known)?;
        Ok(decode::map(openings, decode::dot, decode::number)?)
    }

    /// The operations by their names.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn operations(&self) -> Result<BTreeMap<Dot, u64>, Error> {
        let [_, _, content] = decode::fields(OPENINGS_HELD, &self.0)?;
        Ok(decode::map(content, decode::dot, decode::number)?)
    }

    fn known(&self) -> Result<Plain, Error> {
        let [_, known, _] = decode::fields(OPENINGS_HELD, &self.0)?;
        Ok(known.clone())
    }
}
