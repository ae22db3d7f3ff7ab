//! Coverage: what a trace exercised, and so what its verdict covers.

use crate::printable::{count, escape, grouped};
use rejoin_judge::{ProvenJudge, Report, Rule, Verdict};
use std::collections::BTreeMap;

/// What to do where nothing could have gone wrong.
const ADVICE: &str = "  no key was decided by two at once, so that little was put to the test: use \
                      fewer objects and keys, and let replicas edit apart\n";

/// Whether keys were decided, and never by two at once.
pub fn is_uncontested(report: &Report) -> bool {
    let keys = &report.coverage.keys;
    keys.decided > 0 && keys.contested == 0 && keys.is_complete
}

/// What several traces exercised together: a table of rules and objects.
#[derive(Default)]
pub struct Table {
    /// Claims, those of them about a contested object, and findings.
    rows: BTreeMap<(Rule, String), [u64; 3]>,
    conforming: u64,
    uncontested: u64,
}

impl Table {
    /// Adds what one trace exercised.
    pub fn add(&mut self, report: &Report) {
        let row = |object: &Option<String>| object.as_deref().unwrap_or("(all)").to_string();
        for coverage in &report.coverage.rules {
            let row = self.rows.entry((coverage.rule, row(&coverage.object))).or_default();
            row[0] += coverage.claims;
            row[1] += if coverage.is_contested { coverage.claims } else { 0 };
        }
        for finding in &report.findings {
            self.rows.entry((finding.rule, row(&finding.object))).or_default()[2] += 1;
        }
        if report.verdict == Verdict::Conforms && report.coverage.keys.decided > 0 {
            self.conforming += 1;
            self.uncontested += u64::from(is_uncontested(report));
        }
    }

    /// The table; nothing where nothing was judged.
    pub fn show(&self) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let head = ["rule", "object", "claims", "contested", "findings"].map(String::from);
        let row = |((rule, object), counts): (&(Rule, String), &[u64; 3])| {
            let [claims, contested, findings] = counts.map(|count| grouped(count.into()));
            [rule.as_str().into(), escape(object).into_owned(), claims, contested, findings]
        };
        let rows: Vec<[String; 5]> =
            std::iter::once(head).chain(self.rows.iter().map(row)).collect();
        let width =
            |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let mut text = String::from("\n");
        for [rule, object, claims, contested, findings] in &rows {
            text += &format!(
                "{rule:0$}  {object:1$}  {claims:>2$}  {contested:>3$}  {findings:>4$}\n",
                width(0),
                width(1),
                width(2),
                width(3),
                width(4),
            );
        }
        if self.conforming > 0 && self.uncontested == self.conforming {
            text += &format!(
                "{} conformed, and no key was decided by two at once: use fewer objects and keys\n",
                count(self.conforming, "trace"),
            );
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
    if report.verdict == Verdict::Conforms && is_uncontested(report) {
        text += ADVICE;
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
