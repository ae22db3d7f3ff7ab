//! A second judgement: the proven judge is given the same lines, and must find the same.
//!
//! Meaning: it takes what spec/trace.v takes. Where this judge reached a limit there is nothing to
//! compare. Of a malformed trace it judges the lines before the malformed one.
//! Cost: quadratic in the operations for each of them and for each claim, which is why long traces
//! are left out.

use crate::{ProvenJudge, Report, Rule, Verdict};
use rejoin_proven as proven;
use rejoin_proven::machine::RunError;
use rejoin_proven::trace::Trace;
use rejoin_trace::{Event, Header};
use std::collections::BTreeSet;

/// The proven judge judges traces of at most so many lines after the header. As many operations
/// take it about ten seconds.
pub const MOST_LINES: usize = 650;

/// What the proven judge may do for one trace. It leaves out those that ask for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// The lines after the header.
    pub lines: usize,
    /// The steps of the machine that runs it.
    pub steps: u64,
}

impl Effort {
    /// It is not asked.
    pub const NONE: Self = Self { lines: 0, steps: 0 };
    /// What is quick: the steps take a fraction of a second, and a trace of 51 lines took 115,143.
    pub const SMALL: Self = Self { lines: 100, steps: 1 << 22 };
    /// All that it can do at all.
    pub const GREAT: Self = Self { lines: MOST_LINES, steps: proven::STEPS };
}

/// The proven judge, which reads the trace line by line.
pub struct SecondJudge {
    trace: Result<Trace, String>,
    effort: Effort,
}

impl SecondJudge {
    /// It has been given the header.
    pub fn new(header: &Header, effort: Effort) -> Self {
        let trace = Trace::new(header).map_err(|unsupported| unsupported.to_string());
        Self { trace, effort }
    }

    /// Gives it the next line.
    pub fn line(&mut self, event: &Event) {
        let Ok(trace) = &mut self.trace else { return };
        let most = self.effort.lines;
        if trace.len() == most {
            self.trace = Err(format!("it has more than {most} lines"));
        } else if let Err(unsupported) = trace.push(event) {
            self.trace = Err(unsupported.to_string());
        }
    }

    /// Holds what it finds against what the other judge found.
    pub fn compare(self, report: &mut Report) {
        let Effort { steps, .. } = self.effort;
        let judged = match self.trace {
            Err(why) => Err(why),
            Ok(_) if !report.limits.is_empty() => Err("the judge reached a limit".into()),
            Ok(trace) => match trace.judge_within(&mut { steps }) {
                Err(proven::Error::Run(_, RunError::OutOfSteps)) => {
                    Err(format!("that takes more than {steps} steps"))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EngineName, Finding, Options, check};
    use rejoin_trace::Reader;

    const TRACE: &str = r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"n":{"type":"g-counter"}}}
{"event":"op","replica":"a","object":"n","op":"increment"}
{"event":"read","replica":"a","object":"n","value":1}
{"event":"read","replica":"b","object":"n","value":1}"#;

    fn report(trace: &str) -> Report {
        let options = Options { engines: vec![EngineName::Proven], ..Options::default() };
        check(|| Ok(trace.as_bytes()), &options).expect("memory can be read")
    }

    /// What the judge says of `TRACE`, held against what the proven judge says of another trace.
    fn compared(other: &str) -> Report {
        let mut reader = Reader::new(other.as_bytes()).expect("it has a header");
        let mut second = SecondJudge::new(reader.header(), Effort::GREAT);
        while let Some(line) = reader.next_line().expect("it is well-formed") {
            second.line(&line.event);
        }
        let mut report = report(TRACE);
        assert_eq!(report.coverage.proven_judge, ProvenJudge::Agreed);
        assert_eq!(report.differences, [""; 0]);
        second.compare(&mut report);
        report
    }

    #[track_caller]
    fn differ(other: &str, expected: &[&str]) {
        let report = compared(other);
        assert_eq!(report.differences, expected);
        assert_eq!(report.coverage.proven_judge, ProvenJudge::Differed);
    }

    #[test]
    fn another_finding_is_a_difference() {
        let missed = "line 4: the proven judge does not find that value is broken";
        let found = "line 3: only the proven judge finds that value is broken";
        let swapped = TRACE
            .replace(r#""replica":"a","object":"n","op""#, r#""replica":"b","object":"n","op""#);
        differ(&swapped, &[found, missed]);
    }

    #[test]
    fn another_verdict_is_a_difference() {
        let conforms =
            TRACE.replace(r#""b","object":"n","value":1"#, r#""b","object":"n","value":0"#);
        let missed = "line 4: the proven judge does not find that value is broken";
        let verdict = "verdict: the proven judge says conforms, where the judge says discrepancy";
        differ(&conforms, &[verdict, missed]);
    }

    #[test]
    fn another_end_is_a_difference() {
        let unknown = TRACE.replace(r#""read","replica":"b""#, r#""read","replica":"c""#);
        differ(
            &unknown,
            &[
                "verdict: the proven judge says ill-formed, where the judge says discrepancy",
                "impossible line: the proven judge says 4, where the judge says none",
                "claims judged: the proven judge says 1, where the judge says 2",
                "line 4: the proven judge does not find that value is broken",
            ],
        );
    }

    #[track_caller]
    fn left_out(trace: &str, why: &str) {
        let report = report(trace);
        assert_eq!(report.coverage.proven_judge, ProvenJudge::LeftOut(why.into()));
        assert_eq!(report.differences, [""; 0]);
    }

    /// The theorems named by the findings, with so much effort.
    fn theorems(trace: &str, proven: Effort) -> (ProvenJudge, Vec<Option<&'static str>>) {
        let options = Options { proven, ..Options::default() };
        let report = check(|| Ok(trace.as_bytes()), &options).expect("memory can be read");
        let theorems = report.findings.iter().map(|finding| finding.theorem).collect();
        (report.coverage.proven_judge, theorems)
    }

    #[test]
    fn findings_name_the_theorem_only_where_the_proven_judge_agreed() {
        let named = (ProvenJudge::Agreed, vec![Some(Finding::THEOREM)]);
        assert_eq!(theorems(TRACE, Effort::SMALL), named);
        assert_eq!(theorems(TRACE, Effort::NONE), (ProvenJudge::NotAsked, vec![None]));
        let left_out = |why: &str| (ProvenJudge::LeftOut(why.into()), vec![None]);
        let short = Effort { lines: 2, ..Effort::SMALL };
        assert_eq!(theorems(TRACE, short), left_out("it has more than 2 lines"));
        let quick = Effort { steps: 50, ..Effort::SMALL };
        assert_eq!(theorems(TRACE, quick), left_out("that takes more than 50 steps"));
        let of_state = r#"{"event":"state","replica":"a","object":"n","state":{"a":1}}"#;
        let with_state = format!("{TRACE}\n{of_state}");
        let why = "an explicit state is claimed";
        assert_eq!(theorems(&with_state, Effort::SMALL), left_out(why));
    }

    #[test]
    fn arguments_name_the_theorem_as_findings_do() {
        for (proven, theorem) in [(Effort::SMALL, Some(Finding::THEOREM)), (Effort::NONE, None)] {
            let options = Options { proven, ..Options::default() };
            for (line, holds) in [(3, true), (4, false)] {
                let explained = crate::explain(|| Ok(TRACE.as_bytes()), line, &options);
                let explained = explained.expect("memory can be read").expect("it claims");
                assert_eq!((explained.holds, explained.argument.theorem), (holds, theorem));
            }
        }
    }

    #[test]
    fn what_is_out_of_scope_is_left_out() {
        let note = |lines: usize| {
            let notes = [r#"{"event":"note","text":""}"#].into_iter().cycle().take(lines);
            [TRACE].into_iter().chain(notes).collect::<Vec<_>>().join("\n")
        };
        left_out(&note(MOST_LINES), "it has more than 650 lines");
        assert_eq!(report(&note(MOST_LINES - 3)).coverage.proven_judge, ProvenJudge::Agreed);
        let with = |line: &str| format!("{TRACE}\n{line}");
        left_out(
            &with(r#"{"event":"state","replica":"a","object":"n","state":{"a":1}}"#),
            "an explicit state is claimed",
        );
        left_out(
            &with(r#"{"event":"digest","replica":"a","algorithm":"rejoin/1","digest":"1"}"#),
            "a digest is claimed to be the state hash `rejoin/1`",
        );
        let (header, lines) = TRACE.split_once('\n').expect("it has lines");
        left_out(
            &format!(
                r#"{header}
{{"event":"load","replica":"a","object":"n","state":{{}}}}
{lines}"#
            ),
            "an object is loaded as an explicit state",
        );
        left_out(
            &TRACE.replace(r#","objects""#, r#","stamps":"own","objects""#),
            "writes are ordered by stamps of the implementation's own",
        );
        let limited = Options { work: 0, engines: vec![EngineName::Proven], ..Options::default() };
        let report = check(|| Ok(TRACE.as_bytes()), &limited).expect("memory can be read");
        let why = ProvenJudge::LeftOut("the judge reached a limit".into());
        assert_eq!(report.coverage.proven_judge, why);
    }
}
