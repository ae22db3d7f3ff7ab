//! Coverage: what a trace exercised, and so what its verdict covers.

use crate::printable::{count, escape, grouped};
use rejoin_judge::{Coverage, ProvenJudge, Report, Rule, Verdict};
use std::collections::BTreeMap;

/// What to do where two conflicted nowhere.
const UNCONTESTED: &str = "no key was decided by two at once, so that little was put to the test: use \
                           fewer objects and keys, and let replicas edit apart";
/// The same where there are no keys.
const APART: &str = "no object was changed by two at once, so that little was put to the test: use \
                     fewer objects, and let replicas edit apart";
/// What to do where they did, and nobody read the result.
const UNREAD: &str = "no claim depends on how concurrent operations merge: let replicas merge what they \
                      did apart, and then read it";

/// What to do where no claim depends on a merge.
fn advice(report: &Report) -> Option<&'static str> {
    let Coverage { keys, objects, .. } = &report.coverage;
    match keys.contested + objects.contested {
        _ if report.verdict != Verdict::Conforms || !is_untested(report) => None,
        0 if keys.decided > 0 => Some(UNCONTESTED),
        0 => Some(APART),
        _ => Some(UNREAD),
    }
}

/// Whether operations were performed, and no claim depends on how they merge.
pub fn is_untested(report: &Report) -> bool {
    let Coverage { operations, tested, is_complete, .. } = report.coverage;
    operations > 0 && tested == 0 && is_complete
}

/// What several traces exercised together: a table of rules and objects.
#[derive(Default)]
pub struct Table {
    /// Claims, those of them that could have broken the rule, and findings.
    rows: BTreeMap<(Rule, String), [u64; 3]>,
    conforming: u64,
    untested: u64,
    contested: u64,
}

impl Table {
    /// Adds what one trace exercised.
    pub fn add(&mut self, report: &Report) {
        let row = |object: &Option<String>| object.as_deref().unwrap_or("(all)").to_string();
        for coverage in &report.coverage.rules {
            let row = self.rows.entry((coverage.rule, row(&coverage.object))).or_default();
            row[0] += coverage.claims;
            row[1] += coverage.tested;
        }
        for finding in &report.findings {
            self.rows.entry((finding.rule, row(&finding.object))).or_default()[2] += 1;
        }
        if report.verdict == Verdict::Conforms && report.coverage.operations > 0 {
            self.conforming += 1;
            self.untested += u64::from(is_untested(report));
            let Coverage { keys, objects, .. } = &report.coverage;
            self.contested += keys.contested + objects.contested;
        }
    }

    /// Its cells, row by row, the heads of the columns first; nothing where nothing was judged.
    pub fn cells(&self) -> Vec<[String; 5]> {
        if self.rows.is_empty() {
            return Vec::new();
        }
        let head = ["rule", "object", "claims", "tested", "findings"].map(String::from);
        let row = |((rule, object), counts): (&(Rule, String), &[u64; 3])| {
            let [claims, tested, findings] = counts.map(|count| grouped(count.into()));
            [rule.as_str().into(), escape(object).into_owned(), claims, tested, findings]
        };
        std::iter::once(head).chain(self.rows.iter().map(row)).collect()
    }

    /// What to do where no trace put a merge to the test.
    pub fn advice(&self) -> Option<String> {
        (self.conforming > 0 && self.untested == self.conforming).then(|| {
            let traces = count(self.conforming, "trace");
            let why = match self.contested {
                0 => {
                    "no key was decided and no object was changed by two at once: use fewer objects and keys, and \
                     let replicas edit apart"
                }
                _ => UNREAD,
            };
            format!("{traces} conformed, and {why}")
        })
    }

    /// The table; nothing where nothing was judged.
    pub fn show(&self) -> String {
        let rows = self.cells();
        if rows.is_empty() {
            return String::new();
        }
        let width =
            |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let mut text = String::from("\n");
        for [rule, object, claims, tested, findings] in &rows {
            text += &format!(
                "{rule:0$}  {object:1$}  {claims:>2$}  {tested:>3$}  {findings:>4$}\n",
                width(0),
                width(1),
                width(2),
                width(3),
                width(4),
            );
        }
        if let Some(advice) = self.advice() {
            text += &format!("{advice}\n");
        }
        text + "\n"
    }
}

/// A few indented lines.
pub fn show(report: &Report) -> String {
    let coverage = &report.coverage;
    let mut text = format!(
        "  {}: {}, {}\n",
        count(report.events, "event"),
        count(coverage.operations, "operation"),
        count(coverage.concurrent_pairs, "concurrent pair"),
    );
    let keys = &coverage.keys;
    if keys.decided > 0 {
        let least = if keys.is_complete { "" } else { "at least " };
        text += &format!(
            "  {} decided: replicas met on {least}{}, and contested {least}{}\n",
            count(keys.decided, "key"),
            grouped(keys.met.into()),
            grouped(keys.contested.into()),
        );
    }
    let objects = &coverage.objects;
    if objects.used > 0 {
        let least = if keys.is_complete && coverage.is_complete { "" } else { "at least " };
        text += &format!(
            "  {} without keys: replicas met on {least}{}, and contested {least}{}\n",
            count(objects.used, "object"),
            grouped(objects.met.into()),
            grouped(objects.contested.into()),
        );
    }
    if report.claims > 0 {
        let kinds: Vec<_> = coverage
            .claims
            .iter()
            .map(|(kind, n)| format!("{} {kind}", grouped((*n).into())))
            .collect();
        text += &format!("  {}: {}\n", count(report.claims, "claim"), kinds.join(", "));
        let least = if coverage.is_complete { "" } else { "at least " };
        let tested = grouped(coverage.tested.into());
        text += &format!("  {least}{tested} of these depend on how concurrent operations merge\n");
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
    if let Some(advice) = advice(report) {
        text += &format!("  {advice}\n");
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
