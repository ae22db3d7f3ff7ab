//! Pieces: what the peer lacks of an object with many keys, where that is long.
//!
//! Meaning: the rule of [`staging`](crate::optimized::staging). A side that announces vectors says first
//! how far transfers of these objects are, and the peer goes on there if it has seen what they rest on.
//! A piece is kept, and the last one is applied as a delta. Of a session nothing is lost but the piece
//! on its way.
//!
//! Several sessions may feed one replica. Its transfer of an object is then that of the session whose
//! piece follows. Another one, whose piece does not, waits for as long as that transfer goes on, and
//! then asks anew: to ask at once would drop what has arrived.
//! Laws: as those of deltas; cut at any message, a new session goes on (tests/sync/pieces.rs).
//! Cost: the sender holds one piece; the receiver what it keeps, and at the end the delta of it.
//! Source: this project.

use super::exchange::Step;
use super::protocol::{Part, SkipReason};
use super::shared_object::Status;
use super::{Error, Session};
use crate::object::Priority;
use crate::optimized::Fingerprint;
use crate::optimized::replica::{Delta, Object, Replica};
use crate::optimized::staging::{Progress, ReceivedPiece, Staged, has_pieces};
use crate::wire::{self, BaseEncoding, OriginEncoding};
use std::borrow::Cow;

/// How many pieces take the place of a delta of the greatest length that is not cut: to compress one
/// of them takes no longer than it should take to answer a message.
const PIECES: usize = 16;

/// How many bytes a piece has at least for each origin: its vectors take some of them.
const OF_AN_ORIGIN: usize = 64;

/// How often a session asks anew for an object after it waited for another session. The peer answers a
/// few announcements more than that.
const MOST_WAITED: u32 = 4;

impl Session {
    /// What goes to the peer of an object of which it lacks something: a piece, or the whole delta,
    /// where that is short and no transfer can go on. `None` for a type whose deltas are not cut.
    pub(super) fn piece(&mut self, state: &Object, index: usize) -> Option<Sent> {
        let most = self.config.max_delta;
        let object = &self.objects[index];
        let peer = object.peer.as_ref()?;
        if !object.sending.as_ref().is_some_and(|progress| state.can_follow(progress)) {
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
        object.sending = (!is_last).then_some(piece.progress);
        if let (Some(peer), true) = (&mut object.peer, is_last) {
            object.deltas += 1;
            peer.sent.join(piece.delta.seen());
        }
        Some(Sent::Step(Step::Delta { object: index, bytes, head: Some(piece.head) }))
    }

    /// Leaves an object out whose delta, or one piece of it, is longer than either side allows.
    pub(super) fn too_large(&mut self, index: usize, length: usize) -> Option<Step> {
        let limit = self.most_bytes_of_a_part();
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

    /// The most bytes that both sides allow a delta.
    fn most_bytes_of_a_part(&self) -> usize {
        let peer = self.peer_max_object().and_then(|limit| usize::try_from(limit).ok());
        peer.unwrap_or(usize::MAX).min(self.config.max_object)
    }

    /// How far transfers are of objects whose vectors are about to be announced: as many parts as it
    /// takes, each of them no longer than a delta may be. A transfer whose progress is longer begins anew.
    pub(super) fn staged_transfers(
        &mut self,
        replica: &Replica,
        listed: &[usize],
        class: Priority,
    ) -> Vec<Part<'static>> {
        let limit = self.most_bytes_of_a_part();
        let (mut parts, mut bytes) = (Vec::new(), 0_usize);
        for index in listed {
            let object = &mut self.objects[*index];
            object.transfer = fingerprint(replica, &object.name);
            (object.awaits_piece, object.waits) = (false, None);
            let Some(staging) = replica.staged(&object.name) else { continue };
            let progress = staging.progress().encode();
            if progress.len() > limit {
                continue;
            }
            bytes = bytes.saturating_add(progress.len() + BESIDE_A_PROGRESS);
            if parts.is_empty() || bytes > limit {
                parts.push(Part::Staged { class, transfers: Vec::new() });
                bytes = progress.len() + BESIDE_A_PROGRESS;
            }
            if let Some(Part::Staged { transfers, .. }) = parts.last_mut() {
                transfers.push((*index, Cow::Owned(progress)));
            }
        }
        parts
    }

    /// The peer said how far transfers are.
    pub(super) fn on_staged(
        &mut self,
        class: Priority,
        transfers: &[(usize, Cow<'_, [u8]>)],
    ) -> Result<(), Error> {
        for (index, progress) in transfers {
            let object = self.object(*index)?;
            if object.class != class || !has_pieces(object.kind) {
                let found =
                    format!("an object of type {}, {:?}", object.kind.as_str(), object.class);
                return Err(Error::malformed(found, "a map or a set of the class of the part"));
            }
            let progress = Progress::decode(progress)
                .map_err(|error| Error::malformed(error, "the progress of a transfer"))?;
            self.objects[*index].told = Some(progress);
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
        let (kind, name) = (object.kind, object.name.clone());
        let is_left_out = matches!(object.status, Status::Refused | Status::Dropped);
        self.classes[object.class as usize].exchange.on_heard();
        // More of them may be on their way when an object is left out.
        if is_left_out {
            return Ok(());
        }
        let received = match ReceivedPiece::decode(piece, kind, self.config.max_object) {
            Ok(received) => received,
            Err(error @ wire::Error::WrongType { .. }) => {
                self.give_up(index, error.to_string());
                return Ok(());
            }
            Err(error) => return Err(Error::malformed(error, "a piece of a delta")),
        };
        if self.config.drift.is_some_and(|drift| drift.is_refused)
            && let Some(reason) = self.check_clocks(&name, &received.delta)
        {
            // What is here may come from others, and the clocks are right some time.
            self.give_up(index, reason);
            return Ok(());
        }
        let staged = replica.stage(&name, received, self.config.max_staged);
        if !matches!(staged, Ok(Staged::Repeated | Staged::OutOfOrder)) {
            let object = &mut self.objects[index];
            object.transfer = fingerprint(replica, &name);
            (object.awaits_piece, object.waits) = (false, None);
        }
        match staged {
            Ok(Staged::Kept | Staged::Repeated) => {}
            Ok(Staged::Complete(delta)) => self.apply_delta(replica, index, *delta),
            // Those that were on their way when one was refused, or names turned out to differ, do not
            // follow either.
            Ok(Staged::OutOfOrder)
                if self.objects[index].awaits_piece || self.objects[index].awaits_names => {}
            Ok(Staged::OutOfOrder) => {
                let now = fingerprint(replica, &name);
                if self.objects[index].transfer != now {
                    self.objects[index].waits = Some(now);
                } else {
                    let reason = "a piece of it does not follow those that are here: start a new \
                                  session, or refuse the sender";
                    self.ask_for(index, reason);
                }
                self.objects[index].awaits_piece = true;
            }
            Ok(Staged::TooLarge) => {
                let limit = self.config.max_staged;
                let reason = format!(
                    "its pieces take more than {limit} bytes, unpacked: allow more \
                     (`Config::max_staged`), or leave it out"
                );
                self.give_up(index, reason);
            }
            Err(error) => {
                self.on_refusal(replica, index, error);
                self.objects[index].awaits_piece = true;
            }
        }
        Ok(())
    }

    /// Asks anew for an object after it waited for another session: that is nobody's fault. Returns
    /// whether it does; after a few times it does not.
    fn ask_after_waiting(&mut self, index: usize) -> bool {
        let object = &mut self.objects[index];
        let may_ask = object.status == Status::Active && object.waited < MOST_WAITED;
        if may_ask {
            object.waited += 1;
            object.waits = None;
            object.is_to_announce = true;
        }
        may_ask
    }

    /// The peer has sent all that it has of an object, and not all of it is here.
    pub(super) fn ask_for_rest(&mut self, replica: &Replica, index: usize) {
        let object = &mut self.objects[index];
        let now = fingerprint(replica, &object.name);
        if object.transfer != now {
            let is_over = replica.staged(&object.name).is_none();
            // The transfer of another session goes on, unless nothing came of it since this one waits.
            if !is_over && object.waits.replace(now) != Some(now) {
                return;
            }
            if self.ask_after_waiting(index) {
                return;
            }
        }
        self.ask_for(index, "what was sent of it did not arrive: start a new session");
    }

    /// Asks for the objects that waited for the transfer of another session, where that is over.
    pub(super) fn end_waiting(&mut self, replica: &Replica, indexes: &[usize]) {
        for index in indexes {
            let object = &mut self.objects[*index];
            let is_over = object.waits.is_some() && replica.staged(&object.name).is_none();
            if is_over && !self.ask_after_waiting(*index) {
                self.ask_for(*index, WAITED_TOO_OFTEN);
            }
        }
    }

    /// Nothing came for long: asks for the objects that wait for the transfer of another session, which
    /// may have ended without it.
    pub(super) fn on_silence(&mut self) {
        for index in 0..self.objects.len() {
            if self.objects[index].waits.is_some() && !self.ask_after_waiting(index) {
                self.ask_for(index, WAITED_TOO_OFTEN);
            }
        }
    }
}

/// Why an object is asked for, or given up, after this side waited for other sessions as often as it may.
const WAITED_TOO_OFTEN: &str = "other sessions bring it all the time: start a new session";

/// How many bytes a part has at most beside a progress: its length, and the number of the object.
const BESIDE_A_PROGRESS: usize = 20;

/// The fingerprint of the progress of the transfer of an object that is here; 0 where there is none.
fn fingerprint(replica: &Replica, object: &str) -> Fingerprint {
    replica.staged(object).map(|staging| staging.progress().fingerprint()).unwrap_or_default()
}

/// What goes to the peer of an object.
pub(super) enum Sent {
    /// A delta that is not cut.
    Whole(Box<Delta>),
    /// A piece, or the word that the object is left out.
    Step(Step),
}
