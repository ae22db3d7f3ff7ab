//! Pieces: what a replica keeps of a transfer takes no more memory than it counts.
//!
//! Shown, with a counting allocator: many pieces of one short key each, whose records take more memory
//! than their bytes.

use crate::{MEMORY, alone};
use rejoin::dot::{Origin, ReplicaId};
use rejoin::object::ObjectType;
use rejoin::operation::Operation;
use rejoin::optimized::Vector;
use rejoin::optimized::replica::Replica;
use rejoin::optimized::staging::{ReceivedPiece, Staged};
use rejoin::wire::{BaseEncoding, OriginEncoding};
use std::collections::BTreeMap;

#[test]
fn many_small_pieces_take_no_more_than_they_count() {
    let _alone = alone();
    let schema = BTreeMap::from([("o".into(), ObjectType::OrSet)]);
    let [mut to, mut from] = ["a", "b"].map(|name| {
        let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
        Replica::new(origin, &schema)
    });
    for number in 0..3_000 {
        let element = format!("{number:x}");
        from.perform("o", Operation::Add { element: &*element }, None).unwrap();
    }
    let state = from.object("o").unwrap();
    let (base, mut progress, mut all) = (Vector::default(), None, Vec::new());
    while all.len() < 2_500 {
        let piece = state.piece(&base, progress.as_ref(), 1).unwrap();
        let delta = piece.delta.encode(OriginEncoding::Inline, BaseEncoding::Inline);
        all.push(piece.head.encode(&delta));
        progress = Some(piece.progress);
    }
    let before = MEMORY.current_usage();
    for bytes in &all {
        let piece = ReceivedPiece::decode(bytes, ObjectType::OrSet, 1 << 20).unwrap();
        let staged = to.stage("o", piece, u64::MAX).unwrap();
        assert!(matches!(staged, Staged::Kept));
    }
    let taken = (MEMORY.current_usage() - before) as u64;
    let staging = to.staged("o").unwrap();
    let lengths: u64 = staging.records().map(|record| record.len() as u64).sum();
    eprintln!(
        "{} pieces: {lengths} bytes, {taken} in memory, {} counted",
        all.len(),
        staging.bytes()
    );
    assert!(taken > lengths, "their bytes alone would be enough to count");
    assert!(taken <= staging.bytes(), "{taken} bytes of memory, {} counted", staging.bytes());
}
