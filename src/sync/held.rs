//! Held: how many bytes a session holds, for those who bound many sessions together.
//!
//! Meaning: what a peer makes a session hold: parts that come in chunks, what is prepared for it, its
//! vectors, actor tables and questions, and the records of searches.
//! Laws: within a few bytes for each of these, what the session gives back when it is dropped, but for what
//! it shares with the replica.
//! Cost: O(objects), and O(origins) for each actor table of the peer.
//! Source: this project.

use super::Session;
use super::exchange::{Class, Step};
use super::protocol::{Part, TreeLocation};
use super::shared_object::{ActorTables, PeerVectors, SharedObject};
use super::tree_diff::TreeDiff;
use crate::optimized::staging::Progress;
use crate::optimized::{ActorTable, Vector};

impl Session {
    /// How many bytes it holds of what the peer sent, and for the peer. A server adds up those of all
    /// its sessions, and ends some of them where that is too much.
    ///
    /// Cost: O(objects), and O(origins) for each actor table that the peer named.
    pub fn held(&self) -> usize {
        let classes = self.classes.iter().map(class);
        let objects = self.objects.iter().map(object);
        let diffs = self.diffs.iter().map(TreeDiff::held);
        let relaying = self.relaying.queue.iter().map(part);
        classes.chain(objects).chain(diffs).chain(relaying).sum::<usize>() + tables(&self.tables)
    }
}

fn class(class: &Class) -> usize {
    let outgoing = class.outgoing.as_ref().map_or(0, |outgoing| outgoing.held());
    let prepared: usize = class.prepared.iter().map(step).sum();
    let queued: usize = class.queued.iter().map(part).sum();
    let asked = class.asked.len() * size_of::<TreeLocation>();
    class.incoming.held() + outgoing + prepared + queued + asked
}

fn step(step: &Step) -> usize {
    match step {
        Step::Part(of) => part(of),
        Step::Delta { bytes, .. } => bytes.len(),
    }
}

fn part(part: &Part<'_>) -> usize {
    size_of::<Part<'_>>()
        + match part {
            Part::Keeps(list) | Part::Relay { deltas: list, .. } => {
                list.iter().map(|(.., bytes)| bytes.len()).sum()
            }
            Part::Announce { vectors, .. } => vectors.iter().map(|(_, bytes)| bytes.len()).sum(),
            Part::Staged { transfers, .. } => transfers.iter().map(|(_, bytes)| bytes.len()).sum(),
            Part::Delta { delta, .. } => delta.len(),
            Part::Piece { piece, .. } => piece.len(),
            Part::Chunk(chunk) => chunk.bytes.len(),
            _ => 0,
        }
}

fn object(object: &SharedObject) -> usize {
    let vector = |vector: &Vector| size_of_val(vector.counts());
    let transfers = object.sending.iter().chain(&object.told);
    let vectors = transfers
        .flat_map(|Progress { base, since, through, seen, .. }| [base, since, through, seen]);
    let transfers: usize = vectors.map(vector).sum();
    let Some(PeerVectors { seen, sent, announced, forked, .. }) = &object.peer else {
        return transfers;
    };
    let forked = forked.as_ref().map_or(0, |known| known.openings().len() * OPENING);
    transfers + vector(seen) + vector(sent) + vector(announced) + forked
}

/// About how many bytes of memory an opening needs.
const OPENING: usize = 96;

/// About how many bytes of memory an origin needs beside its name.
const ORIGIN: usize = 48;

fn tables(tables: &ActorTables) -> usize {
    let origins = |table: &ActorTable| -> usize {
        table.origins().iter().map(|origin| origin.replica.as_str().len() + ORIGIN).sum()
    };
    tables.theirs.iter().map(|table| origins(table)).sum()
}
