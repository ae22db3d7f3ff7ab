//! Exchange: how far a priority class is.

use super::protocol::{Incoming, Outgoing, Part, TreeLocation};
use super::{CLASSES, Config, Outcome};
use crate::optimized::staging::PieceHead;
use std::collections::VecDeque;

/// How far a class is.
///
/// ```text
/// Greeting ─► Exchanging ─┬─► PeerFinal ─┬─► BothFinal ─► Done
///     │                   └─► OursFinal ─┘                 ▲
///     └── both hashes are the same ────────────────────────┘
/// ```
/// A class goes from any state to `Done` once each of its objects is settled.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Exchange {
    /// The hellos, or the schemas, are not compared yet.
    Greeting,
    /// Both sides exchange vectors, deltas and checkpoints.
    Exchanging {
        /// How often this side sent checkpoints.
        rounds: u32,
        /// Who speaks next of deltas and checkpoints.
        turn: Turn,
    },
    /// The peer sent its final checkpoints, and this side's next ones are final too.
    PeerFinal,
    /// This side sent its final checkpoints, and answers only.
    OursFinal,
    /// Both sides sent their final checkpoints.
    BothFinal,
    /// The class is over.
    Done(Outcome),
}

/// Who speaks next.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Turn {
    /// This side: the peer said something since this side sent checkpoints.
    Ours,
    /// The peer.
    Theirs,
}

impl Exchange {
    /// The state in which vectors, deltas and checkpoints begin to go.
    pub const BEGUN: Self = Self::Exchanging { rounds: 0, turn: Turn::Ours };

    /// Whether the class is under way.
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Greeting | Self::Done(_))
    }

    /// Whether this side may send deltas and checkpoints now.
    pub fn is_our_turn(self) -> bool {
        matches!(self, Self::Exchanging { turn: Turn::Ours, .. } | Self::PeerFinal)
    }

    /// Whether the peer sent its final checkpoints.
    pub fn is_peer_final(self) -> bool {
        matches!(self, Self::PeerFinal | Self::BothFinal)
    }

    /// Whether this side's next checkpoints are final, whatever is written meanwhile.
    pub fn is_last_round(self, config: &Config) -> bool {
        match self {
            Self::Exchanging { rounds, .. } => rounds.saturating_add(1) >= config.max_rounds,
            _ => true,
        }
    }

    /// The peer said something of the class.
    pub fn on_heard(&mut self) {
        if let Self::Exchanging { turn, .. } = self {
            *turn = Turn::Ours;
        }
    }

    /// The peer sent checkpoints.
    pub fn on_checkpoints(&mut self, is_final: bool) {
        self.on_heard();
        match self {
            Self::Exchanging { .. } if is_final => *self = Self::PeerFinal,
            Self::OursFinal if is_final => *self = Self::BothFinal,
            _ => {}
        }
    }

    /// This side sent checkpoints.
    pub fn sent_checkpoints(&mut self, is_final: bool) {
        match self {
            Self::Exchanging { .. } if is_final => *self = Self::OursFinal,
            Self::Exchanging { rounds, turn } => (*rounds, *turn) = (*rounds + 1, Turn::Theirs),
            Self::PeerFinal => *self = Self::BothFinal,
            _ => {}
        }
    }
}

/// What to say next of a class.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Step {
    Part(Part<'static>),
    /// An encoded delta, which may have to be compressed.
    Delta {
        object: usize,
        bytes: Vec<u8>,
        /// What a piece says beside its keys; `None` of a delta that is not cut.
        head: Option<PieceHead>,
    },
}

/// One priority class.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Class {
    pub exchange: Exchange,
    pub is_paused: bool,
    /// How many keys, entries and shares changed here.
    pub changes: usize,
    /// The part that is being sent.
    pub outgoing: Option<Outgoing>,
    /// What is sent after it.
    pub prepared: VecDeque<Step>,
    pub incoming: Incoming,
    /// Parts that are sent before anything else of the class.
    pub queued: VecDeque<Part<'static>>,
    /// The peer's questions about hash trees.
    pub asked: VecDeque<TreeLocation>,
}

impl Class {
    pub fn all() -> [Self; 3] {
        CLASSES.map(|_| Self {
            exchange: Exchange::Greeting,
            is_paused: false,
            changes: 0,
            outgoing: None,
            prepared: VecDeque::new(),
            incoming: Incoming::default(),
            queued: VecDeque::new(),
            asked: VecDeque::new(),
        })
    }

    /// Whether something is about to be sent.
    pub fn is_busy(&self) -> bool {
        self.outgoing.is_some() || !self.prepared.is_empty() || !self.queued.is_empty()
    }
}
