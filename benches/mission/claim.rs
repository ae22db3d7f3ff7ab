//! What the figures say of the mission's claims: each sentence is computed from what was measured.

use crate::offline::Cost;
use crate::{BITS_A_SECOND, ROUND_TRIP, bytes};
use std::ops::Range;

fn holds(is_so: bool) -> &'static str {
    if is_so { "holds" } else { "**does not hold**" }
}

/// A claim on how many bytes go both ways. Fewer than claimed is well.
pub fn payload(claim: &str, cost: &Cost, claimed: Range<usize>) -> String {
    let (found, below) = (cost.bytes(), cost.bytes() < claimed.start);
    let how = if below { ", and less than claimed" } else { "" };
    format!("- *{claim}*: {}{how}: {} both ways.", holds(found < claimed.end), bytes(found))
}

/// A claim on how long a sync takes at most, in seconds, by calculation.
pub fn duration(claim: &str, cost: &Cost, most: f64) -> String {
    let took = cost.over_link(BITS_A_SECOND, ROUND_TRIP).as_secs_f64();
    format!(
        "- *{claim}*: {}, by calculation: {took:.2} s over 1 Mbit/s and 100 ms. No session was run over \
         such a link.",
        holds(took <= most)
    )
}

/// The claim that updates of the same keys do not make payloads larger.
pub fn redundant(few: &Cost, many: &Cost) -> String {
    let (few, many) = (few.bytes(), many.bytes());
    format!(
        "- *Redundant updates do not make payloads larger*: {}: {} after 1 day and {} after 30.",
        holds(many as f64 <= 1.05 * few as f64),
        bytes(few),
        bytes(many)
    )
}

/// The claim that less than 1 % of sync operations are semantic conflicts.
pub fn conflicts(shares: &[(&str, f64)]) -> String {
    let worst = shares.iter().max_by(|(_, one), (_, other)| one.total_cmp(other));
    let (name, share) = worst.copied().unwrap_or(("nothing", 0.0));
    format!(
        "- *Less than 1 % semantic conflicts of sync operations*: {}: {:.2} % of the applied operations \
         open a conflict in {name}, the most of {} histories.",
        holds(share < 0.01),
        100.0 * share,
        shares.len()
    )
}

/// The claim that nothing is lost.
pub fn losses(lost: usize) -> String {
    format!("- *No data loss*: {}: {lost} operations lost.", holds(lost == 0))
}
