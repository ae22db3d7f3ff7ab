//! What a trace exercised: how much its verdict is worth.

use crate::printable::{count, escape, grouped};
use rejoin_judge::{ProvenJudge, Report};

/// A few indented lines.
pub fn show(report: &Report) -> String {
    let coverage = &report.coverage;
    let mut text = format!(
        "  {}: {}, {}\n",
        count(report.events, "event"),
        count(coverage.operations, "operation"),
        count(coverage.concurrent_pairs, "concurrent pair"),
    );
    if report.claims > 0 {
        let kinds: Vec<_> = coverage
            .claims
            .iter()
            .map(|(kind, n)| format!("{} {kind}", grouped((*n).into())))
            .collect();
        text += &format!("  {}: {}\n", count(report.claims, "claim"), kinds.join(", "));
    }
    if coverage.messages > 0 {
        text += &format!(
            "  {}: {} lost, {} received again, {} received out of order\n",
            count(coverage.messages, "message"),
            grouped(coverage.lost.into()),
            grouped(coverage.repeated.into()),
            grouped(coverage.reordered.into()),
        );
    }
    if coverage.restores > 0 {
        text += &format!("  {}\n", count(coverage.restores, "restored backup"));
    }
    if coverage.compared > 0 {
        let compared = count(coverage.compared, "answer");
        text += &format!("  {compared} of engines compared with the definition's\n");
    }
    for why in &coverage.stopped {
        text += &format!("  {}\n", escape(why));
    }
    match &coverage.proven_judge {
        ProvenJudge::Agreed => text += "  the proven judge finds the same\n",
        ProvenJudge::LeftOut(why) => {
            text += &format!("  not judged by the proven judge: {}\n", escape(why));
        }
        // A difference is an error, and shown as one.
        ProvenJudge::NotAsked | ProvenJudge::Differed => {}
    }
    text
}
