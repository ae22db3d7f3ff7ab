//! Staging: an object that comes in pieces, kept apart until the last one is there.
//!
//! Meaning: a keyed store keeps no past states, so that a vector half-way is no state of it. A large
//! delta therefore comes as pieces of whole keys. The receiver keeps them apart, with the vectors that
//! they rest on and the place reached. They are not read, not sent and not hashed. With the last piece
//! they make one delta, and the vector moves once.
//!
//! The rule: a *pass* lists the keys that changed since a vector, in the order of their first decisions
//! outside it, each key whole and as it is at that moment. The first pass begins at the receiver's
//! vector, the *base*. A pass is over when no key is left. If its sender has seen nothing since the
//! pass began, the transfer is complete; otherwise the next pass begins at the vector at which the
//! sender began this one. Of a key that came more than once, the newest piece counts. A
//! sender that has seen what the pieces rest on goes on where they end, in another session or in place
//! of another sender; any other sender begins anew. So a cut loses at most the piece that was on its way.
//!
//! Why it is right: a key whose maximal decisions are all inside a vector is the same at every
//! replica that has seen that vector. So what changed after its piece was sent has a maximal decision
//! outside the vector at which that pass began, and is in the next pass.
//!
//! Pieces are dropped where the receiver renamed an operation inside the base, and where it has seen by
//! other ways what they rest on.
//! Laws: equal knowledge means equal state, and no key is lost, whatever cuts, writes and other peers
//! come in between (tests/laws/staging.rs, a model; tests/engines/staging.rs, this code).
//! Cost: a piece costs its keys, and O(origins). The last one costs what all pieces list, · log.
//! Source: this project. Passes until nothing is left are those of live migration: Clark et al., Live
//! Migration of Virtual Machines, NSDI 2005.

use super::ApplyError;
use super::delta::TypedDelta;
use super::openings::{Agreement, agreement};
use super::replica::{Delta, Error, Object, Reason, Replica};
use super::vector::{Fingerprint, Vector};
use crate::dot::Dot;
use crate::operation::ObjectId;
use crate::wire::{DecodeContext, decompress};
use std::collections::BTreeMap;

/// How a piece follows those before it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum PieceStep {
    /// It is the first one of a transfer.
    Anew = 0,
    /// It goes on with the pass.
    GoesOn = 1,
    /// It begins the next pass.
    NextPass = 2,
}

/// How far a transfer is: what the pieces rest on, and the place reached.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct StagedPlace {
    /// What the receiver had seen when the transfer began: the start of the delta that the pieces make.
    pub base: Vector,
    /// This pass lists the keys that changed since then.
    pub since: Vector,
    /// What the sender of this pass's first piece had seen.
    pub through: Vector,
    /// What the sender of the last piece had seen.
    pub seen: Vector,
    /// The hash of that sender's openings.
    pub openings: Fingerprint,
    /// The place of the walk that this pass has reached; `None` at its beginning.
    pub after: Option<Dot>,
}

/// What a piece says beside the keys that it lists.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PieceHead {
    /// How it follows those before it.
    pub step: PieceStep,
    /// Whether it is the last one: with it the pieces make a delta.
    pub is_last: bool,
    /// The hash of the sender's openings.
    pub openings: Fingerprint,
    /// The fingerprint of the place at which it begins. Of a first piece it is that of the place at which
    /// its sender cannot go on, as far as it knows of one, and 0 otherwise.
    pub before: Fingerprint,
    /// The place that it reaches.
    pub after: Option<Dot>,
}

impl StagedPlace {
    /// The place after a piece; `None` if the piece does not follow. Both sides compute it, so that a
    /// piece names the place before it by a fingerprint.
    pub fn advanced(
        place: Option<&Self>,
        head: &PieceHead,
        base: &Vector,
        seen: &Vector,
    ) -> Option<Self> {
        if place.map_or(Fingerprint::default(), Self::fingerprint) != head.before {
            return None;
        }
        if head.step == PieceStep::Anew {
            return Some(Self::of_first(head, base, seen));
        }
        let place = place?;
        if place.base != *base || !seen.covers(&place.seen) {
            return None;
        }
        let (since, through) = match head.step {
            PieceStep::NextPass => (place.through.clone(), seen.clone()),
            _ => (place.since.clone(), place.through.clone()),
        };
        let first = Self::of_first(head, base, seen);
        Some(Self { since, through, ..first })
    }

    /// The place after the first piece of a transfer.
    fn of_first(head: &PieceHead, base: &Vector, seen: &Vector) -> Self {
        Self {
            base: base.clone(),
            since: base.clone(),
            through: seen.clone(),
            seen: seen.clone(),
            openings: head.openings,
            after: head.after.clone(),
        }
    }

    /// Its name between two sides: the first 16 bytes of the BLAKE3 hash of its encoding.
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint(&self.encode())
    }
}

/// A piece as it is sent.
#[derive(Clone, Debug)]
pub struct Piece {
    /// What it says beside its keys.
    pub head: PieceHead,
    /// Its keys, as a delta since the base.
    pub delta: Delta,
    /// The place that it leads to.
    pub place: StagedPlace,
}

/// Evaluates a macro on an object of each type with many keys; other types are not cut.
macro_rules! with_keys {
    ($object:expr, $($variant:ident)*, $state:ident => $delta:expr) => {
        match $object {
            $(Object::$variant($state) => {
                let (delta, last, is_over) = $delta;
                Some((Delta::$variant(TypedDelta::new(delta)), last, is_over))
            })*
            _ => None,
        }
    };
}

/// Makes one delta of those of one type.
macro_rules! assembled {
    ($object:expr, $newest:expr, $($variant:ident)*, $may_repeat:expr, $older:expr) => {
        match ($object, $newest) {
            $((Object::$variant(state), Delta::$variant(newest)) => {
                let older = || match $older()? {
                    Delta::$variant(delta) => Some(delta.keyed),
                    _ => None,
                };
                let whole = state.decisions.assembled(newest.keyed, $may_repeat, older)?;
                Ok(Delta::$variant(TypedDelta::new(whole)))
            })*
            _ => Err(ApplyError::Contradiction),
        }
    };
}

impl Object {
    /// The next piece of what a receiver lacks, of some `most_bytes`: the one after the place that a
    /// transfer has reached, if this side has seen what the pieces before rest on, and otherwise the first
    /// one since `base`. `None` where the type has no keys.
    ///
    /// Cost: O(its keys), and O(origins and openings).
    pub fn piece(
        &self,
        base: &Vector,
        place: Option<&StagedPlace>,
        most_bytes: usize,
    ) -> Option<Piece> {
        let before = place.map_or(Fingerprint::default(), StagedPlace::fingerprint);
        let known = place;
        let place = place.filter(|place| self.can_follow(place));
        let base = place.map_or(base, |place| &place.base);
        let seen = self.vector();
        let mut step = if place.is_some() { PieceStep::GoesOn } else { PieceStep::Anew };
        let (since, after) = place.map_or((base, None), |at| (&at.since, at.after.as_ref()));
        let (mut delta, mut last, mut is_over) = self.list(base, since, after, most_bytes)?;
        let mut is_last = is_over && place.is_none_or(|place| place.through == seen);
        if let (Some(place), None, true, false) = (place, &last, is_over, is_last) {
            step = PieceStep::NextPass;
            (delta, last, is_over) = self.list(base, &place.through, None, most_bytes)?;
            is_last = is_over;
        }
        let stays = match step {
            PieceStep::NextPass => None,
            _ => after.cloned(),
        };
        let head = PieceHead {
            step,
            is_last,
            openings: self.openings().fingerprint(),
            before,
            after: last.or(stays),
        };
        let place = StagedPlace::advanced(known, &head, base, &seen)?;
        Some(Piece { head, delta, place })
    }

    /// Whether this side has seen what the pieces up to a place rest on, under the same names.
    fn can_follow(&self, place: &StagedPlace) -> bool {
        self.extends(&place.seen, &place.openings)
    }

    fn list(
        &self,
        base: &Vector,
        since: &Vector,
        after: Option<&Dot>,
        most_bytes: usize,
    ) -> Option<(Delta, Option<Dot>, bool)> {
        with_keys!(self, OrSet RwSet LwwMap MvMap, state => {
            state.decisions.piece(base, since, after, most_bytes)
        })
    }

    /// The delta that the pieces of a transfer make, from the newest one back. A key is in several of
    /// them only if the sender changed in between.
    ///
    /// # Errors
    /// If they are not of one transfer, or contradict each other.
    fn assembled(
        &self,
        newest: Delta,
        may_repeat: bool,
        mut older: impl FnMut() -> Option<Delta>,
    ) -> Result<Delta, ApplyError> {
        assembled!(self, newest, OrSet RwSet LwwMap MvMap, may_repeat, older)
    }

    /// Whether the type has keys, so that its deltas may come in pieces.
    fn has_pieces(&self) -> bool {
        matches!(self, Self::OrSet(_) | Self::RwSet(_) | Self::LwwMap(_) | Self::MvMap(_))
    }
}

/// A piece that is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
struct StagedRecord {
    bytes: Vec<u8>,
    /// The fingerprint of the place that it leads to.
    place: Fingerprint,
    /// The hash of all records up to it.
    chain: Fingerprint,
}

/// A transfer that is not complete: its pieces as they came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Staging {
    place: StagedPlace,
    /// The hash of the receiver's openings inside the base.
    base_openings: Fingerprint,
    records: Vec<StagedRecord>,
    bytes: u64,
}

impl Staging {
    /// How far it is.
    pub fn place(&self) -> &StagedPlace {
        &self.place
    }

    /// How many bytes its records take.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Its records: what a store keeps, in this order. [`Replica::restage`] takes them.
    pub fn records(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.records.iter().map(|record| &record.bytes[..])
    }

    /// The hash of the first records, so many: two transfers that agree in it have the same ones.
    pub fn chain(&self, count: usize) -> Option<Fingerprint> {
        Some(self.records.get(count.checked_sub(1)?)?.chain)
    }

    fn push(&mut self, bytes: Vec<u8>) {
        let mut hasher = blake3::Hasher::new_derive_key("rejoin/1 staged records");
        if let Some(StagedRecord { chain, .. }) = self.records.last() {
            hasher.update(chain);
        }
        hasher.update(&bytes);
        let place = split(&bytes).map_or(Fingerprint::default(), |(place, ..)| fingerprint(place));
        self.bytes += bytes.len() as u64;
        self.records.push(StagedRecord { bytes, place, chain: first_half(hasher.finalize()) });
    }

    /// Whether a piece was here before, or one in place of which another one came: it begins at a place
    /// that was left, or is the first one and leads to it.
    fn has_passed(&self, head: &PieceHead, first: &StagedPlace) -> bool {
        let at = match head.step {
            PieceStep::Anew => first.fingerprint(),
            PieceStep::GoesOn | PieceStep::NextPass => head.before,
        };
        self.records.iter().any(|record| record.place == at)
    }
}

/// The fingerprint of an encoded place.
fn fingerprint(place: &[u8]) -> Fingerprint {
    let mut hasher = blake3::Hasher::new_derive_key("rejoin/1 staged place");
    hasher.update(place);
    first_half(hasher.finalize())
}

fn first_half(hash: blake3::Hash) -> Fingerprint {
    let mut half = Fingerprint::default();
    half.copy_from_slice(&hash.as_bytes()[..16]);
    half
}

/// A record: the place that a piece leads to, and the receiver's openings, before its delta.
fn record_of(place: &StagedPlace, base_openings: &Fingerprint, delta: &[u8]) -> Vec<u8> {
    let place = place.encode();
    let mut record = Vec::with_capacity(place.len() + delta.len() + 24);
    record.extend_from_slice(&(place.len() as u64).to_le_bytes());
    record.extend_from_slice(&place);
    record.extend_from_slice(base_openings);
    record.extend_from_slice(delta);
    record
}

/// The place of a record, the receiver's openings, and the delta, all as bytes.
fn split(record: &[u8]) -> Option<(&[u8], &Fingerprint, &[u8])> {
    let (length, rest) = record.split_first_chunk()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (place, rest) = rest.split_at_checked(length)?;
    let (openings, delta) = rest.split_first_chunk()?;
    Some((place, openings, delta))
}

/// What became of a piece.
#[derive(Debug)]
pub enum Staged {
    /// It is kept, and more are to come.
    Kept,
    /// It was here before, or another one is here in its place.
    Repeated,
    /// It does not follow the pieces that are here.
    OutOfOrder,
    /// There would be more bytes than are allowed. The pieces are dropped.
    TooLarge,
    /// It was the last one: this is the delta that all of them make, to be applied now.
    Complete(Box<Delta>),
}

impl Replica {
    /// Keeps a piece of an object, of at most so many bytes with those before it. `bytes` is the delta as
    /// it came. With the last piece there is a delta, which the caller applies before it lets anybody
    /// read or store the replica.
    ///
    /// # Errors
    /// As [`apply`](Self::apply), where the base of the transfer, or the pieces together, are refused.
    /// The pieces are dropped then.
    pub fn stage(
        &mut self,
        id: &str,
        head: &PieceHead,
        bytes: &[u8],
        delta: Delta,
        limit: u64,
    ) -> Result<Staged, Error> {
        let refuse = |error| Error { object: id.into(), reason: Reason::Apply(error) };
        let unknown = || Error { object: id.into(), reason: Reason::UnknownObject };
        let object = self.objects.get(id).ok_or_else(unknown)?;
        let before = self.staged.get(id);
        let place = before.map(|staging| &staging.place);
        let place = StagedPlace::advanced(place, head, delta.since(), delta.seen());
        let Some(place) = place else {
            let first = StagedPlace::of_first(head, delta.since(), delta.seen());
            return Ok(match before.is_some_and(|staging| staging.has_passed(head, &first)) {
                true => Staged::Repeated,
                false => Staged::OutOfOrder,
            });
        };
        if !object.has_pieces() {
            return Err(refuse(ApplyError::OtherKeys));
        }
        if let Err(error) = object.check_base(&delta) {
            self.staged.remove(id);
            return Err(refuse(error));
        }
        let mut staging = match (head.step, self.staged.remove(id)) {
            (PieceStep::GoesOn | PieceStep::NextPass, Some(staging)) => staging,
            _ => Staging {
                base_openings: object.openings().fingerprint_within(&place.base, &place.base),
                place: place.clone(),
                records: Vec::new(),
                bytes: 0,
            },
        };
        staging.push(record_of(&place, &staging.base_openings, bytes));
        staging.place = place;
        if staging.bytes > limit {
            return Ok(Staged::TooLarge);
        }
        if !head.is_last {
            self.staged.insert(id.into(), staging);
            return Ok(Staged::Kept);
        }
        // The newest one is at hand.
        staging.records.pop();
        let StagedPlace { base, since, through, seen, .. } = &staging.place;
        let may_repeat = since != base || through != seen;
        let (kind, mut is_readable) = (object.kind(), true);
        let older = || {
            let record = staging.records.pop()?;
            let delta = split(&record.bytes).and_then(|(.., bytes)| {
                let bytes = decompress(bytes, usize::MAX).ok()?;
                Delta::decode(kind, &bytes, &DecodeContext::default()).ok()
            });
            is_readable &= delta.is_some();
            delta
        };
        let whole = object.assembled(delta, may_repeat, older);
        let whole = whole.and_then(|whole| match is_readable {
            true => Ok(whole),
            false => Err(ApplyError::Contradiction),
        });
        whole.map(|whole| Staged::Complete(Box::new(whole))).map_err(refuse)
    }

    /// The pieces that are here of an object.
    pub fn staged(&self, id: &str) -> Option<&Staging> {
        self.staged.get(id)
    }

    /// The pieces that are here, by object: what a store keeps beside the objects.
    pub fn all_staged(&self) -> &BTreeMap<ObjectId, Staging> {
        &self.staged
    }

    /// Drops the pieces of an object. A transfer of it begins anew then.
    pub fn unstage(&mut self, id: &str) {
        self.staged.remove(id);
    }

    /// Goes on with the pieces of an object that a store has kept. Returns whether they are of use;
    /// otherwise a transfer of the object begins anew.
    pub fn restage(&mut self, id: &str, records: Vec<Vec<u8>>) -> bool {
        let last = records.last().and_then(|record| split(record));
        let place = last
            .and_then(|(place, openings, _)| Some((StagedPlace::decode(place).ok()?, *openings)));
        let Some((place, base_openings)) = place else { return false };
        if !self.object(id).is_ok_and(Object::has_pieces) {
            return false;
        }
        let mut staging = Staging { place, base_openings, records: Vec::new(), bytes: 0 };
        records.into_iter().for_each(|record| staging.push(record));
        self.staged.insert(id.into(), staging);
        self.drop_useless_pieces(id);
        self.staged.contains_key(id)
    }

    /// Drops the pieces of an object whose base was renamed here, or whose end is known here by now.
    pub(super) fn drop_useless_pieces(&mut self, id: &str) {
        let Some(Staging { place, base_openings, .. }) = self.staged.get(id) else { return };
        let is_useful = self.object(id).is_ok_and(|object| {
            object.extends(&place.base, base_openings) && !object.vector().covers(&place.seen)
        });
        if !is_useful {
            self.staged.remove(id);
        }
    }
}

impl Object {
    /// Checks that a piece begins at what is known here, under the same names.
    fn check_base(&self, piece: &Delta) -> Result<(), ApplyError> {
        if let Some((origin, needed, seen)) = self.origins().lacks(piece.since()) {
            return Err(ApplyError::Gap { origin, needed, seen });
        }
        let told = (piece.openings(), piece.since(), piece.seen());
        match agreement(self.openings(), &self.vector(), told) {
            Agreement::Agree | Agreement::Differ(_) => Ok(()),
            Agreement::Unknown => Err(self.unknown_openings(piece.since())),
        }
    }
}
