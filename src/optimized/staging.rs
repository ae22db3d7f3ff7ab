//! Staging: an object that comes in pieces, kept apart until the last one is there.
//!
//! Meaning: a keyed store keeps no past states, so that a vector half-way is no state of it. A large
//! delta therefore comes as pieces of whole keys: a *transfer*. The receiver keeps the pieces apart, with
//! its *progress*: the vectors that they rest on, and how far the walk is. They are not read, not sent
//! and not hashed. With the last piece they make one delta, and the vector moves once.
//!
//! The rule: a *pass* lists the keys that changed since a vector, in the order of their first decisions
//! outside it, each key whole and as it is at that moment. The *cursor* is the decision by which the pass
//! found its last key so far. The first pass begins at the receiver's vector, the *base*. A pass is over
//! when no key is left. If its sender has seen nothing since the pass began, the transfer is complete;
//! otherwise the next pass begins at the vector at which the sender began this one. Of a key that came
//! more than once, the newest piece counts. A sender that has seen what the pieces rest on goes on where
//! they end, in another session or in place of another sender; any other sender begins anew. So a cut
//! loses at most the piece that was on its way.
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
use super::vector::{Fingerprint, Vector, first_half};
use crate::dot::Dot;
use crate::limits::MAX_NAME;
use crate::object::ObjectType;
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

/// How far a transfer is: what the pieces rest on, and the cursor of the walk.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Progress {
    /// What the receiver had seen when the transfer began: the start of the delta that the pieces make.
    pub base: Vector,
    /// This pass lists the keys that changed since then: the base, or where the pass before began at
    /// its sender.
    pub since: Vector,
    /// What the sender of this pass's first piece had seen.
    pub through: Vector,
    /// What the sender of the last piece had seen.
    pub seen: Vector,
    /// The hash of that sender's openings.
    pub openings: Fingerprint,
    /// The decision by which this pass found its last key so far; `None` where it found none.
    pub cursor: Option<Dot>,
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
    /// The fingerprint of the progress before it. Of a first piece it is that of the progress from which
    /// its sender cannot go on, as far as it knows of one, and 0 otherwise.
    pub before: Fingerprint,
    /// The cursor after it.
    pub cursor: Option<Dot>,
}

impl PieceHead {
    /// The most bytes that it has as a message: two hashes, and the longest name of an operation.
    pub const MOST_BYTES: usize = 3 + 32 + 2 + MAX_NAME + 20;
}

impl Progress {
    /// The progress with a piece; `None` if the piece does not follow. Both sides compute it, so that a
    /// piece names the progress before it by a fingerprint.
    pub fn advanced(
        progress: Option<&Self>,
        head: &PieceHead,
        base: &Vector,
        seen: &Vector,
    ) -> Option<Self> {
        if progress.map_or(Fingerprint::default(), Self::fingerprint) != head.before {
            return None;
        }
        let first = Self::of_first(head, base, seen);
        let next = match (head.step, progress) {
            (PieceStep::Anew, _) => first,
            (_, None) => return None,
            (_, Some(before)) if before.base != *base || !seen.covers(&before.seen) => return None,
            (PieceStep::NextPass, Some(before)) => Self { since: before.through.clone(), ..first },
            (PieceStep::GoesOn, Some(before)) => {
                // It comes nearer to the end, so that no sender can go on for ever.
                if head.cursor < before.cursor || !head.is_last && head.cursor == before.cursor {
                    return None;
                }
                let (since, through) = (before.since.clone(), before.through.clone());
                Self { since, through, ..first }
            }
        };
        (next.is_possible() && (head.is_last || next.cursor.is_some())).then_some(next)
    }

    /// The progress with the first piece of a transfer.
    fn of_first(head: &PieceHead, base: &Vector, seen: &Vector) -> Self {
        Self {
            base: base.clone(),
            since: base.clone(),
            through: seen.clone(),
            seen: seen.clone(),
            openings: head.openings,
            cursor: head.cursor.clone(),
        }
    }

    /// Whether a transfer can be so far. Its base may have operations that no sender has seen.
    pub(crate) fn is_possible(&self) -> bool {
        let Self { base, since, through, seen, cursor, .. } = self;
        let is_found = |cursor: &Dot| {
            let origin = &cursor.origin;
            cursor.counter > since.get(origin) && seen.contains(cursor)
        };
        seen.covers(through)
            && (since == base || through.covers(since))
            && cursor.as_ref().is_none_or(is_found)
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
    /// The progress with it.
    pub progress: Progress,
}

/// A piece as it came.
#[derive(Clone, Debug)]
pub struct ReceivedPiece<'a> {
    /// What it says beside its keys.
    pub head: PieceHead,
    /// Its keys, as a delta since the base.
    pub delta: Delta,
    /// The delta as it came, compressed or not.
    pub bytes: &'a [u8],
    /// How many bytes the delta has, unpacked.
    pub unpacked: usize,
}

/// Calls a macro with the types that have many keys; the deltas of others are not cut.
macro_rules! with_keyed_types {
    ($then:ident!($($rest:tt)*)) => { $then!([OrSet RwSet LwwMap MvMap] $($rest)*) };
}

/// Evaluates what makes a piece, on the state of an object.
macro_rules! listed {
    ([$($variant:ident)*] $object:expr, $state:ident => $piece:expr) => {
        match $object {
            $(Object::$variant($state) => {
                let (delta, last, is_over) = $piece;
                Some((Delta::$variant(TypedDelta::new(delta)), last, is_over))
            })*
            _ => None,
        }
    };
}

/// Makes one delta of those of one type.
macro_rules! assembled {
    ([$($variant:ident)*] $object:expr, $newest:expr, $may_repeat:expr, $older:expr) => {
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

/// Whether a type is one of these.
macro_rules! is_among {
    ([$($variant:ident)*] $kind:expr) => { matches!($kind, $(ObjectType::$variant)|*) };
}

impl Object {
    /// The next piece of what a receiver lacks, of some `most_bytes`: the one after a transfer's
    /// progress, if this side [can follow](Self::can_follow) it, and otherwise the first one since `base`.
    /// `None` where the type has no keys.
    ///
    /// Cost: O(its keys), and O(origins and openings).
    pub fn piece(
        &self,
        base: &Vector,
        progress: Option<&Progress>,
        most_bytes: usize,
    ) -> Option<Piece> {
        let before = progress.map_or(Fingerprint::default(), Progress::fingerprint);
        let known = progress;
        let progress = progress.filter(|progress| self.can_follow(progress));
        let base = progress.map_or(base, |progress| &progress.base);
        let seen = self.vector();
        let mut step = if progress.is_some() { PieceStep::GoesOn } else { PieceStep::Anew };
        let (since, cursor) =
            progress.map_or((base, None), |reached| (&reached.since, reached.cursor.as_ref()));
        let (mut delta, mut last, mut is_over) = self.list(base, since, cursor, most_bytes)?;
        let mut is_last = is_over && progress.is_none_or(|reached| reached.through == seen);
        if let (Some(reached), None, true, false) = (progress, &last, is_over, is_last) {
            step = PieceStep::NextPass;
            (delta, last, is_over) = self.list(base, &reached.through, None, most_bytes)?;
            is_last = is_over;
        }
        let stays = match step {
            PieceStep::NextPass => None,
            _ => cursor.cloned(),
        };
        let head = PieceHead {
            step,
            is_last,
            openings: self.openings().fingerprint(),
            before,
            cursor: last.or(stays),
        };
        let progress = Progress::advanced(known, &head, base, &seen)?;
        Some(Piece { head, delta, progress })
    }

    /// Whether this side has seen what the pieces of a transfer rest on, under the same names.
    pub fn can_follow(&self, progress: &Progress) -> bool {
        self.extends(&progress.seen, &progress.openings)
    }

    fn list(
        &self,
        base: &Vector,
        since: &Vector,
        cursor: Option<&Dot>,
        most_bytes: usize,
    ) -> Option<(Delta, Option<Dot>, bool)> {
        with_keyed_types!(listed!(self, state => {
            state.decisions.piece(base, since, cursor, most_bytes)
        }))
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
        with_keyed_types!(assembled!(self, newest, may_repeat, older))
    }

    /// Whether the type has keys, so that its deltas may come in pieces.
    fn has_pieces(&self) -> bool {
        has_pieces(self.kind())
    }
}

/// Whether deltas of a type may come in pieces: it has many keys.
pub fn has_pieces(kind: ObjectType) -> bool {
    with_keyed_types!(is_among!(kind))
}

/// The most memory that a record has beside its bytes.
const BESIDE_A_RECORD: u64 = 128;

/// A piece that is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
struct StagedRecord {
    bytes: Vec<u8>,
    /// The fingerprint of the progress with it.
    progress: Fingerprint,
    /// The hash of all records up to it.
    chain: Fingerprint,
}

/// A transfer that is not complete: its pieces as they came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Staging {
    progress: Progress,
    /// The hash of the receiver's openings inside the base.
    base_openings: Fingerprint,
    records: Vec<StagedRecord>,
    bytes: u64,
}

impl Staging {
    fn new(progress: Progress, base_openings: Fingerprint) -> Self {
        Self { progress, base_openings, records: Vec::new(), bytes: 0 }
    }

    /// How far it is.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// How many bytes its records take once their deltas are unpacked, and what it takes to keep them.
    /// It is no less than what they take as they are.
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
        let record = Record::split(&bytes);
        let progress = record.as_ref().map(|record| fingerprint(record.progress));
        self.bytes = self.bytes.saturating_add(record.map_or(u64::MAX, |record| record.weight()));
        let progress = progress.unwrap_or_default();
        self.records.push(StagedRecord { bytes, progress, chain: first_half(hasher.finalize()) });
    }

    /// Whether a piece was here before, or one in place of which another one came: it begins where the
    /// transfer was before, or is its first one.
    fn has_passed(&self, head: &PieceHead, first: &Progress) -> bool {
        let is_at = |at: Fingerprint| move |record: &StagedRecord| record.progress == at;
        match (head.step, self.records.split_last()) {
            (PieceStep::Anew, _) => self.records.iter().any(is_at(first.fingerprint())),
            (_, Some((_, passed))) => passed.iter().any(is_at(head.before)),
            (_, None) => false,
        }
    }
}

/// The fingerprint of an encoded progress.
fn fingerprint(progress: &[u8]) -> Fingerprint {
    first_half(blake3::derive_key("rejoin/1 staged progress", progress))
}

/// What a record consists of.
struct Record<'a> {
    /// The progress with the piece, encoded.
    progress: &'a [u8],
    /// The hash of the receiver's openings inside the base.
    base_openings: Fingerprint,
    /// How many bytes the delta has, unpacked.
    unpacked: u64,
    /// The delta as it came.
    delta: &'a [u8],
}

impl<'a> Record<'a> {
    /// Two lengths of 8 bytes, the least byte first: of the delta, unpacked, and of the progress. Then
    /// the progress, the receiver's openings, and the delta.
    fn join(&self) -> Vec<u8> {
        let mut record = Vec::with_capacity(self.progress.len() + self.delta.len() + 32);
        record.extend_from_slice(&self.unpacked.to_le_bytes());
        record.extend_from_slice(&(self.progress.len() as u64).to_le_bytes());
        record.extend_from_slice(self.progress);
        record.extend_from_slice(&self.base_openings);
        record.extend_from_slice(self.delta);
        record
    }

    fn split(record: &'a [u8]) -> Option<Self> {
        let (unpacked, rest) = record.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (progress, rest) = rest.split_at_checked(length)?;
        let (base_openings, delta) = rest.split_first_chunk()?;
        let (base_openings, unpacked) = (*base_openings, u64::from_le_bytes(*unpacked));
        Some(Self { progress, base_openings, unpacked, delta })
    }

    /// How many bytes it counts for: as if its delta came unpacked, for the last piece unpacks all.
    fn weight(&self) -> u64 {
        let delta = self.unpacked.max(self.delta.len() as u64);
        delta.saturating_add(self.progress.len() as u64 + 32 + BESIDE_A_RECORD)
    }

    /// Its delta, unpacked and decoded.
    fn read(&self, kind: ObjectType) -> Option<Delta> {
        let bytes = decompress(self.delta, usize::try_from(self.unpacked).ok()?).ok()?;
        Delta::decode(kind, &bytes, &DecodeContext::default()).ok()
    }
}

/// What became of a piece.
#[derive(Debug)]
pub enum Staged {
    /// It is kept, and more are to come.
    Kept,
    /// It was here before, or another one is here in its place, or all that its sender had seen is known.
    Repeated,
    /// It does not follow the pieces that are here.
    OutOfOrder,
    /// There would be more bytes than are allowed. The pieces of its transfer are dropped.
    TooLarge,
    /// It was the last one: this is the delta that all of them make, to be applied now.
    Complete(Box<Delta>),
}

impl Replica {
    /// Keeps a piece of an object, where the [bytes](Staging::bytes) of its transfer are at most
    /// `most_bytes` with it. With the last piece there is a delta, which the caller applies before it lets
    /// anybody read or store the replica: it takes [`MEMORY`](crate::wire::MEMORY) bytes of memory for each
    /// of these at most.
    ///
    /// # Errors
    /// As [`apply`](Self::apply), where the base of the transfer is refused; the pieces that are here stay
    /// then. And where the pieces together are refused; they are dropped.
    pub fn stage(
        &mut self,
        id: &str,
        piece: ReceivedPiece<'_>,
        most_bytes: u64,
    ) -> Result<Staged, Error> {
        let ReceivedPiece { head, delta, bytes, unpacked } = piece;
        let refuse = |error| Error { object: id.into(), reason: Reason::Apply(error) };
        let unknown = || Error { object: id.into(), reason: Reason::UnknownObject };
        let object = self.objects.get(id).ok_or_else(unknown)?;
        if object.extends(delta.seen(), &head.openings) {
            return Ok(Staged::Repeated);
        }
        let before = self.staged.get(id);
        let progress = before.map(|staging| &staging.progress);
        let progress = Progress::advanced(progress, &head, delta.since(), delta.seen());
        let Some(progress) = progress else {
            let first = Progress::of_first(&head, delta.since(), delta.seen());
            return Ok(match before.is_some_and(|staging| staging.has_passed(&head, &first)) {
                true => Staged::Repeated,
                false => Staged::OutOfOrder,
            });
        };
        if !object.has_pieces() {
            return Err(refuse(ApplyError::OtherKeys));
        }
        object.check_base(&delta).map_err(refuse)?;
        let is_first = head.step == PieceStep::Anew;
        let known = before.filter(|_| !is_first);
        let base_openings = match known {
            Some(staging) => staging.base_openings,
            None => object.openings().fingerprint_within(&progress.base, &progress.base),
        };
        let encoded = progress.encode();
        let unpacked = unpacked as u64;
        let record = Record { progress: &encoded, base_openings, unpacked, delta: bytes };
        let sum = known.map_or(0, |staging| staging.bytes).saturating_add(record.weight());
        if sum > most_bytes {
            if !is_first {
                self.staged.remove(id);
            }
            return Ok(Staged::TooLarge);
        }
        let mut staging = match (is_first, self.staged.remove(id)) {
            (false, Some(staging)) => Staging { progress, ..staging },
            _ => Staging::new(progress, base_openings),
        };
        if !head.is_last {
            staging.push(record.join());
            self.staged.insert(id.into(), staging);
            return Ok(Staged::Kept);
        }
        let Progress { base, since, through, seen, .. } = &staging.progress;
        let may_repeat = since != base || through != seen;
        let (kind, mut is_readable) = (object.kind(), true);
        let older = || {
            let record = staging.records.pop()?;
            let delta = Record::split(&record.bytes).and_then(|record| record.read(kind));
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
        let last = records.last().and_then(|record| Record::split(record));
        let last = last.and_then(|record| {
            Some((Progress::decode(record.progress).ok()?, record.base_openings))
        });
        let Some((progress, base_openings)) = last else { return false };
        if !self.object(id).is_ok_and(Object::has_pieces) {
            return false;
        }
        let mut staging = Staging::new(progress, base_openings);
        records.into_iter().for_each(|record| staging.push(record));
        self.staged.insert(id.into(), staging);
        self.drop_useless_pieces(id);
        self.staged.contains_key(id)
    }

    /// Drops the pieces of an object whose base was renamed here, or whose end is known here by now.
    pub(super) fn drop_useless_pieces(&mut self, id: &str) {
        let Some(Staging { progress, base_openings, .. }) = self.staged.get(id) else { return };
        let is_useful = self.object(id).is_ok_and(|object| {
            object.extends(&progress.base, base_openings) && !object.vector().covers(&progress.seen)
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
