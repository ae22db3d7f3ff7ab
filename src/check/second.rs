//! A second judgement: the proven judge is given the same lines, and must find the same.
//!
//! Meaning: it takes what spec/trace.v takes. Where this judge reached a limit there is nothing to
//! compare. Of a malformed trace it judges the lines before the malformed one.
//! Cost: quadratic in the operations for each of them and for each claim, which is why long traces
//! are left out.

use super::{ProvenJudge, Report, Rule, Verdict};
use crate::proven;
use crate::proven::machine::RunError;
use crate::proven::trace::Trace;
use crate::trace::{Event, Header};
use std::collections::BTreeSet;

/// The proven judge judges traces of at most so many lines after the header.
pub const MOST_LINES: usize = 1_000;

/// The proven judge, as it is given a trace.
pub struct SecondJudge(Result<Trace, String>);

impl SecondJudge {
    /// It has been given the header.
    pub fn new(header: &Header) -> Self {
        Self(Trace::new(header).map_err(|unsupported| unsupported.to_string()))
    }

    /// Gives it the next line.
    pub fn line(&mut self, event: &Event) {
        let Ok(trace) = &mut self.0 else { return };
        if trace.len() == MOST_LINES {
            self.0 = Err(format!("the proven judge takes at most {MOST_LINES} lines"));
        } else if let Err(unsupported) = trace.push(event) {
            self.0 = Err(unsupported.to_string());
        }
    }

    /// Holds what it finds against what the other judge found.
    pub fn compare(self, report: &mut Report) {
        let judged = match self.0 {
            Err(why) => Err(why),
            Ok(_) if !report.limits.is_empty() => Err("a limit was reached".into()),
            Ok(trace) => match trace.judge() {
                Err(proven::Error::Run(_, RunError::OutOfSteps)) => {
                    Err(format!("the proven judge takes at most {} steps", proven::STEPS))
                }
                judged => Ok(judged),
            },
        };
        report.coverage.proven_judge = match judged {
            Err(why) => ProvenJudge::LeftOut(why),
            Ok(judged) => {
                let differences = judged
                    .and_then(|theirs| differences(report, &theirs))
                    .unwrap_or_else(|error| vec![format!("the proven judge fails: {error}")]);
                let agreed = differences.is_empty();
                report.differences.extend(differences);
                if agreed { ProvenJudge::Agreed } else { ProvenJudge::Differed }
            }
        };
    }
}

/// Where two judgements of one trace differ, each in a sentence.
fn differences(
    ours: &Report,
    theirs: &proven::judge::Report,
) -> Result<Vec<String>, proven::Error> {
    let mut differences = Vec::new();
    let mut differ = |what: &str, ours: String, theirs: String| {
        if ours != theirs {
            differences.push(format!(
                "{what}: the proven judge says {theirs}, where the judge says {ours}"
            ));
        }
    };
    // That a line is malformed is for the reader to say, and the proven judge was not given it.
    if ours.verdict != Verdict::Malformed {
        differ("verdict", ours.verdict.as_str().into(), verdict(theirs.verdict()?).as_str().into());
    }
    let ill_formed = ours.error.as_ref().filter(|_| ours.verdict == Verdict::IllFormed);
    let line = |line: Option<u64>| line.map_or("none".into(), |line| line.to_string());
    differ("impossible line", line(ill_formed.map(|fault| fault.line)), line(theirs.stopped_at));
    differ("claims judged", ours.claims.to_string(), theirs.judged.to_string());

    let found = ours.findings.iter().map(|finding| (finding.line, rule(finding.rule)));
    let found: BTreeSet<(u64, String)> = found.collect();
    let theirs = theirs.findings.iter().map(|(line, rule)| (*line, rule.to_string()));
    let theirs: BTreeSet<(u64, String)> = theirs.collect();
    differences.extend(theirs.difference(&found).map(|(line, rule)| {
        format!("line {line}: only the proven judge finds that {rule} is broken")
    }));
    differences.extend(found.difference(&theirs).map(|(line, rule)| {
        format!("line {line}: the proven judge does not find that {rule} is broken")
    }));
    Ok(differences)
}

fn verdict(verdict: proven::judge::Verdict) -> Verdict {
    match verdict {
        proven::judge::Verdict::Conforms => Verdict::Conforms,
        proven::judge::Verdict::Discrepancy => Verdict::Discrepancy,
        proven::judge::Verdict::Inconclusive => Verdict::Inconclusive,
        proven::judge::Verdict::IllFormed => Verdict::IllFormed,
    }
}

/// The rule, as the proven judge calls it: values of all types are one rule.
fn rule(rule: Rule) -> String {
    let rule = rule.as_str();
    rule.split_once("/value").map_or(rule, |_| "value").into()
}
