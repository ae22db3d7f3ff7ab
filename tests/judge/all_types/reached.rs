//! What random traces reach, by type and rule.

use super::{World, rule_of};
use rejoin::object::TraceType;
use rejoin_judge::{Report, Rule};
use serde_json::Value;
use std::collections::BTreeMap;

const CYCLES: &str = "cycles of a list over several lines";

/// What the traces reached.
#[derive(Default)]
pub struct Reached {
    /// By type: operations and reads.
    pub kinds: BTreeMap<&'static str, [u64; 2]>,
    /// By rule: claims, those that could have broken it, and findings.
    pub rules: BTreeMap<&'static str, [u64; 3]>,
    /// Of section 12: messages that relay others, timestamps of several parts, and traces with own stamps; and orders
    /// of a list that contradict each other by way of several lines.
    pub events: BTreeMap<&'static str, u64>,
    pub compared: u64,
}

impl Reached {
    pub fn note(&mut self, world: &World, lines: &[Value], report: &Report) {
        for line in lines {
            let kind = world.kinds.iter().find(|kind| line["object"] == kind.as_str());
            if let Some(kind) = kind {
                let counts = self.kinds.entry(kind.as_str()).or_default();
                counts[0] += u64::from(line["event"] == "op");
                counts[1] += u64::from(line["event"] == "read");
            }
            let mut note =
                |what, is_there| *self.events.entry(what).or_default() += u64::from(is_there);
            note("relays", line.get("relays").is_some());
            note(
                "timestamps of several parts",
                line["timestamp"].as_array().is_some_and(|parts| parts.len() > 1),
            );
            note("own stamps", line["stamps"] == "own");
        }
        for row in &report.coverage.rules {
            let counts = self.rules.entry(row.rule.as_str()).or_default();
            counts[0] += row.claims;
            counts[1] += row.tested;
        }
        for finding in &report.findings {
            self.rules.entry(finding.rule.as_str()).or_default()[2] += 1;
            let is_cycle = finding.rule == Rule::ListOrder && finding.because.len() > 3;
            *self.events.entry(CYCLES).or_default() += u64::from(is_cycle);
        }
        self.compared += report.coverage.compared;
    }

    /// Every type, every rule of sections 11 and 12, and every event of section 12 was reached, and every rule
    /// was broken.
    pub fn is_all(&self) {
        for kind in TraceType::ALL {
            let counts = self.kinds.get(kind.as_str()).copied().unwrap_or_default();
            assert!(counts.iter().all(|count| *count > 0), "{}: {counts:?}", kind.as_str());
        }
        let values = TraceType::ALL.map(rule_of);
        let others = [
            Rule::ListOrder,
            Rule::Failed,
            Rule::LwwSuperseded,
            Rule::LwwAgreement,
            Rule::LogCausality,
            Rule::LogAgreement,
            Rule::Vector,
            Rule::Decisions,
            Rule::Notices,
            Rule::Converged,
        ];
        for rule in values.into_iter().chain(others) {
            let counts = self.rules.get(rule.as_str()).copied().unwrap_or_default();
            assert!(counts.iter().all(|count| *count > 0), "{rule}: {counts:?}");
        }
        for what in ["relays", "timestamps of several parts", "own stamps", CYCLES] {
            assert!(self.events.get(what).is_some_and(|count| *count > 0), "{what}");
        }
        assert!(self.compared > 0);
    }
}
