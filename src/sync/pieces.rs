//! Pieces: what the peer lacks of an object with many keys, where that is long.
//!
//! Meaning: the rule of [`staging`](crate::optimized::staging). A side that announces vectors says first
//! how far transfers of these objects are, and the peer goes on there if it has seen what they rest on.
//! A piece is kept, and the last one is applied as a delta. Of a session nothing is lost but the piece
//! on its way.
//! Laws: as those of deltas; cut at any message, a new session goes on (tests/sync/pieces.rs).
//! Cost: the sender holds one piece; the receiver what it keeps, and at the end the delta of it.
//! Source: this project.

use super::exchange::Step;
use super::protocol::{Part, SkipReason};
use super::{Error, Session};
use crate::object::Priority;
use crate::optimized::replica::{Delta, Object, Replica};
use crate::optimized::staging::{PieceHead, Staged, StagedPlace};
use crate::wire::{BaseEncoding, DecodeContext, OriginEncoding, decompress};
use std::borrow::Cow;

/// How many pieces take the place of a delta of the greatest length that is not cut: to compress one
/// of them takes no longer than it should take to answer a message.
const PIECES: usize = 16;

/// How many bytes a piece has at least for each origin: its vectors take some of them.
const OF_AN_ORIGIN: usize = 64;

impl Session {
    /// What goes to the peer of an object of which it lacks something: a piece, or the whole delta,
    /// where that is short and no transfer is under way. `None` for a type whose deltas are not cut.
    pub(super) fn piece(&mut self, state: &Object, index: usize) -> Option<Sent> {
        let most = self.config.max_delta;
        let object = &self.objects[index];
        let peer = object.peer.as_ref()?;
        if object.sending.is_none() {
            let piece = state.piece(&peer.sent, None, most)?;
            if piece.head.is_last {
                return Some(Sent::Whole(Box::new(piece.delta)));
            }
        }
        let origins = peer.sent.counts().len().max(state.vector().counts().len());
        let few = (most / PIECES).max(OF_AN_ORIGIN.saturating_mul(origins)).min(most);
        let piece = state.piece(&peer.sent, object.sending.as_ref(), few)?;
        let bytes = piece.delta.encode(OriginEncoding::Inline, BaseEncoding::Inline);
        if let Some(step) = self.too_large(index, bytes.len()) {
            return Some(Sent::Step(step));
        }
        let object = &mut self.objects[index];
        let is_last = piece.head.is_last;
        object.sending = (!is_last).then_some(piece.place);
        if let (Some(peer), true) = (&mut object.peer, is_last) {
            object.deltas += 1;
            peer.sent.join(piece.delta.seen());
        }
        Some(Sent::Step(Step::Delta { object: index, bytes, head: Some(piece.head) }))
    }

    /// Leaves an object out whose delta, or one piece of it, is longer than either side allows.
    pub(super) fn too_large(&mut self, index: usize, length: usize) -> Option<Step> {
        let limit = usize::try_from(self.peer_max_object()?).unwrap_or(usize::MAX);
        let limit = limit.min(self.config.max_object);
        if length <= limit {
            return None;
        }
        let bytes = length as u64;
        let reason = format!(
            "its changes take {bytes} bytes, and {limit} are allowed: allow more on both sides"
        );
        self.refuse_object(index, reason);
        let reason = SkipReason::TooLarge;
        Some(Step::Part(Part::Skip { object: index, reason, bytes }))
    }

    /// How far transfers are of objects whose vectors are about to be announced.
    pub(super) fn staged_places(
        &self,
        replica: &Replica,
        listed: &[usize],
        class: Priority,
    ) -> Option<Part<'static>> {
        let place = |index: &usize| {
            let staging = replica.staged(&self.objects[*index].name)?;
            Some((*index, Cow::Owned(staging.place().encode())))
        };
        let places: Vec<_> = listed.iter().filter_map(place).collect();
        (!places.is_empty()).then_some(Part::Staged { class, places })
    }

    /// The peer said how far transfers are.
    pub(super) fn on_staged(&mut self, places: &[(usize, Cow<'_, [u8]>)]) -> Result<(), Error> {
        for (index, place) in places {
            self.object(*index)?;
            let place = StagedPlace::decode(place)
                .map_err(|error| Error::malformed(error, "the place of a transfer"))?;
            self.objects[*index].told = Some(place);
        }
        Ok(())
    }

    /// The peer sent a piece: the session keeps it, or applies all of them.
    pub(super) fn on_piece(
        &mut self,
        replica: &mut Replica,
        index: usize,
        piece: &[u8],
    ) -> Result<(), Error> {
        let object = self.object(index)?;
        let (class, kind, name) = (object.class, object.kind, object.name.clone());
        let malformed = |error| Error::malformed(error, "a piece of a delta");
        let (head, bytes) = PieceHead::decode(piece).map_err(malformed)?;
        let unpacked = decompress(bytes, self.config.max_object).map_err(malformed)?;
        let delta = Delta::decode(kind, &unpacked, &DecodeContext::default());
        let delta = delta.map_err(malformed)?;
        self.classes[class as usize].exchange.on_heard();
        if self.config.drift.is_some_and(|drift| drift.is_refused)
            && let Some(reason) = self.check_clocks(&name, &delta)
        {
            replica.unstage(&name);
            self.give_up(index, reason);
            return Ok(());
        }
        let staged = replica.stage(&name, &head, bytes, delta, self.config.max_staged);
        let object = &mut self.objects[index];
        match staged {
            Ok(Staged::Kept) => object.awaits_piece = false,
            Ok(Staged::Complete(delta)) => {
                object.awaits_piece = false;
                self.apply_delta(replica, index, *delta);
            }
            Ok(Staged::Repeated) => {}
            // Those that were on their way when it was asked for do not follow either.
            Ok(Staged::OutOfOrder) => {
                if !std::mem::replace(&mut object.awaits_piece, true) {
                    self.ask_for(index, "a piece of it does not follow those that are here");
                }
            }
            Ok(Staged::TooLarge) => {
                let limit = self.config.max_staged;
                self.give_up(index, format!("its pieces take more than {limit} bytes: allow more"));
            }
            Err(error) => self.on_refusal(replica, index, error),
        }
        Ok(())
    }
}

/// What goes to the peer of an object.
pub(super) enum Sent {
    /// A delta that is not cut.
    Whole(Box<Delta>),
    /// A piece, or the word that the object is left out.
    Step(Step),
}
