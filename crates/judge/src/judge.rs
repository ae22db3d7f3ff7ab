//! The judge's one pass: events become the past, and claims are compared with it.

use super::answer::coverage::Held;
use super::claim::{self, Memory, Resolved};
use super::explain::{Explained, Wanted};
use super::follow::Followers;
use super::onset::Onsets;
use super::past::conflicts::Place;
use super::past::{Happened, Past, Stop};
use super::{Claimed, Excerpt, Finding, Options, Report, Rule, Verdict};
use hashbrown::{HashMap, HashSet};
use rejoin_trace::{Claim, Event, Fault, Header, Line, Name, Op, Operation, Stamps};

/// A claim that is false.
#[derive(Debug)]
pub struct Falsity {
    /// The rule that it breaks.
    pub rule: Rule,
    /// What follows from the history, as JSON text.
    pub expected: Option<String>,
    /// The argument.
    pub because: Vec<String>,
}

impl Falsity {
    /// A claim that breaks a rule; what is expected can be added.
    pub fn of(rule: Rule, because: Vec<String>) -> Box<Self> {
        Box::new(Self { rule, expected: None, because })
    }
}

/// Whether a claim holds.
pub type Checked = Result<(), Box<Falsity>>;

/// Whether a claim holds, or the limit that kept it from being judged.
pub type Judgement = Result<Checked, String>;

/// The judge of one trace.
pub struct Judge {
    /// What happened so far.
    pub past: Past,
    memory: Memory,
    /// The engines that follow along.
    pub followers: Followers,
    /// The line to explain.
    pub wanted: Wanted,
    options: Options,
    report: Report,
    claims_by_kind: [u64; KINDS.len()],
    /// Claims by the rules that they were held against, and by object where they are about one.
    claims_by_rule: HashMap<(Rule, Option<u32>), Held>,
    tested: u64,
    onsets: Onsets,
    /// All claims that were judged, where they are wanted.
    pub listed: Option<Vec<Claimed>>,
}

const KINDS: [&str; 9] =
    ["read", "vector", "digest", "converged", "decisions", "notices", "state", "failed", "insert"];

impl Judge {
    /// A judge of the trace with this header. `loads` are the objects that it is known to load;
    /// `None` before it was read once.
    pub fn new(
        header: &Header,
        loads: Option<&HashSet<Name>>,
        options: &Options,
    ) -> Result<Self, Stop> {
        let past = Past::new(header, loads)?;
        let followers = match past.stamps {
            Stamps::Explicit => Followers::new(&options.engines, &past.history),
            Stamps::Own => Followers::default(),
        };
        Ok(Self { past, followers, ..Self::unstarted(options) })
    }

    /// A judge of nothing, for a trace whose header is no good.
    pub fn unstarted(options: &Options) -> Self {
        Self {
            past: Past::default(),
            memory: Memory::default(),
            followers: Followers::default(),
            wanted: Wanted::default(),
            options: options.clone(),
            report: Report::default(),
            claims_by_kind: [0; KINDS.len()],
            claims_by_rule: HashMap::new(),
            tested: 0,
            onsets: Onsets::default(),
            listed: None,
        }
    }

    /// The objects that the trace is known to load.
    pub fn loaded_names(&self) -> HashSet<Name> {
        self.past.loaded_names()
    }

    /// What was found so far.
    pub fn findings(&self) -> &[Finding] {
        &self.report.findings
    }

    /// Judges one line.
    pub fn line(&mut self, line: &Line<'_>) -> Result<(), Stop> {
        let Ok(number) = u32::try_from(line.number) else {
            return Err(Stop::Limit("more than 2^32 lines".into()));
        };
        self.past.line = number;
        let happened = self.past.record(&line.event)?;
        self.followers.see(&line.event, &happened, &self.past);
        let claims = self.report.claims;
        match &line.event {
            Event::Claim(claim) => self.claim(claim, line)?,
            Event::Op(op) if self.options.claims => self.insert(op, &happened, line),
            _ => {}
        }
        if self.report.claims > claims {
            self.wanted.note_claim(line.number);
        } else if line.number == self.wanted.line {
            self.wanted.event = Some(line.event.as_str().into());
        }
        self.report.events += 1;
        if self.past.history.work() > self.options.work {
            return Err(Stop::Limit(format!(
                "judging took more than {} elementary steps, by line {number}",
                self.options.work
            )));
        }
        Ok(())
    }

    fn claim(&mut self, claim: &Claim, line: &Line<'_>) -> Result<(), Stop> {
        let resolved = claim::resolve(&self.past, claim)?;
        if !self.options.claims {
            return Ok(());
        }
        self.past.argue = self.argues(line);
        let judgement = match claim::judge(&mut self.memory, &self.past, claim, &resolved) {
            Ok(judgement) => judgement,
            Err(limit) => {
                let line = line.number;
                self.report.limits.push(format!("line {line} was not judged: {limit}"));
                return Ok(());
            }
        };
        self.report.limits.append(&mut self.memory.limits);
        self.followers.cross_check(&self.past, claim, &resolved);
        self.report.claims += 1;
        let kind = KINDS.iter().position(|kind| *kind == claim.as_str()).unwrap_or(0);
        self.claims_by_kind[kind] += 1;
        let rule = claim::main_rule(&self.past, claim, &resolved);
        let field = claim.answer_field();
        let broken = judgement.as_ref().err().map(|falsity| falsity.rule);
        self.count(claim, &resolved, broken);
        self.list(broken, rule, field, &resolved, line);
        if let Err(falsity) = judgement {
            if let (Claim::Read { .. }, Some(replica), Some(object)) =
                (claim, resolved.replica, resolved.object)
            {
                self.memory.false_answers.insert((replica, object), self.past.line);
            }
            self.find(Some(claim), field, &resolved, *falsity, line);
            return Ok(());
        }
        self.onsets.held(&self.past, claim, &resolved);
        if line.number == self.wanted.line {
            let (rule, because) = claim::why_holds(&self.memory, &self.past, claim, &resolved);
            let argument = Falsity { rule, expected: None, because };
            let argument = self.argument(Some(claim), field, &resolved, argument, line);
            self.wanted.explained = Some(Explained { holds: true, argument });
        }
        Ok(())
    }

    /// Whether an argument is wanted for what this line claims.
    fn argues(&self, line: &Line<'_>) -> bool {
        line.number == self.wanted.line || self.report.findings.len() < Finding::MOST_ARGUED
    }

    /// What an insert into a list says of its place is a claim.
    fn insert(&mut self, op: &Op, happened: &Happened, line: &Line<'_>) {
        let Happened::Performed { replica, op: id } = happened else { return };
        let object = self.past.history.object_of(*id);
        self.past.argue = self.argues(line);
        let judged = claim::judge_insert(&mut self.memory, &self.past, object, op);
        let Some(judgement) = judged else { return };
        self.report.claims += 1;
        self.claims_by_kind[KINDS.len() - 1] += 1;
        let Past { history, conflicts, .. } = &mut self.past;
        let is_tested = conflicts.are_seen(history, *replica, Place::Object(object));
        let held = self.claims_by_rule.entry((Rule::ListOrder, Some(object))).or_default();
        held.claims += 1;
        held.tested += u64::from(is_tested);
        self.tested += u64::from(is_tested);
        let resolved =
            Resolved { replica: Some(*replica), object: Some(object), replicas: Vec::new() };
        let field = match &op.operation {
            Operation::Insert { after: Some(_), .. } => "after",
            _ => "before",
        };
        let broken = judgement.as_ref().err().map(|falsity| falsity.rule);
        self.list(broken, Rule::ListOrder, field, &resolved, line);
        if let Err(falsity) = judgement {
            self.find(None, field, &resolved, *falsity, line);
        } else if line.number == self.wanted.line {
            let because = claim::why_insert_holds(&self.past, object, op);
            let argument = Falsity { rule: Rule::ListOrder, expected: None, because };
            let argument = self.argument(None, field, &resolved, argument, line);
            self.wanted.explained = Some(Explained { holds: true, argument });
        }
    }

    /// Counts the rules that a claim was held against.
    fn count(&mut self, claim: &Claim, resolved: &Resolved, broken: Option<Rule>) {
        let mut depends = false;
        let rules = claim::rules(&self.past, claim, resolved, broken);
        let Past { history, conflicts, .. } = &mut self.past;
        for rule in rules {
            let past = (&*history, &mut *conflicts);
            let is_tested = claim::is_tested(&self.memory, past, claim, resolved, rule);
            let held = self.claims_by_rule.entry((rule, resolved.object)).or_default();
            held.claims += 1;
            held.tested += u64::from(is_tested);
            let is_of_merges = !matches!(rule, Rule::Vector | Rule::DigestDistinct | Rule::Failed);
            depends |= is_tested && is_of_merges;
        }
        self.tested += u64::from(depends);
    }

    /// Lists a claim, where all are wanted.
    fn list(
        &mut self,
        broken: Option<Rule>,
        rule: Rule,
        field: &str,
        resolved: &Resolved,
        line: &Line<'_>,
    ) {
        let Some(listed) = &mut self.listed else { return };
        let history = &self.past.history;
        let answer = line.span(field).map(|span| &line.text[span]).unwrap_or_default();
        listed.push(Claimed {
            line: line.number,
            rule: broken.unwrap_or(rule),
            holds: broken.is_none(),
            replica: resolved.replica.map(|of| history.replicas[of as usize].name.to_string()),
            object: resolved.object.map(|of| history.objects[of as usize].name.to_string()),
            answer: answer.chars().take(Claimed::LONGEST_ANSWER).collect(),
        });
    }

    fn find(
        &mut self,
        claim: Option<&Claim>,
        field: &str,
        resolved: &Resolved,
        falsity: Falsity,
        line: &Line<'_>,
    ) {
        let mut finding = self.argument(claim, field, resolved, falsity, line);
        self.onsets.found(&self.past, claim, resolved, &mut finding);
        if line.number == self.wanted.line {
            self.wanted.explained = Some(Explained { holds: false, argument: finding.clone() });
        }
        self.report.findings.push(finding);
    }

    /// A claim with the argument for or against it.
    fn argument(
        &self,
        claim: Option<&Claim>,
        field: &str,
        resolved: &Resolved,
        falsity: Falsity,
        line: &Line<'_>,
    ) -> Finding {
        let short = |text: String| (text.len() <= Finding::LONGEST_ANSWER).then_some(text);
        let argue = self.past.argue;
        let span = line.span(field);
        let actual = span.clone().and_then(|span| short(line.text[span].into()));
        let history = &self.past.history;
        let replica = |number: u32| history.replicas[number as usize].name.to_string();
        let object = |number: u32| history.objects[number as usize].name.to_string();
        Finding {
            line: line.number,
            rule: falsity.rule,
            replica: resolved.replica.map(replica),
            object: resolved.object.map(object),
            expected: falsity.expected.filter(|_| argue).and_then(short),
            actual: actual
                .filter(|_| argue && !matches!(claim, None | Some(Claim::Converged { .. }))),
            because: if argue { falsity.because } else { Vec::new() },
            theorem: None,
            excerpt: span.filter(|_| argue).map(|span| Excerpt::of(line, span)),
            differences: Vec::new(),
            more_differences: 0,
            onset: None,
        }
    }

    /// What was found, with the verdict that the trace's end leads to, and what is to be said of the
    /// line to explain.
    pub fn report(mut self, end: End) -> (Report, Wanted) {
        let report = &mut self.report;
        report.verdict = match end {
            End::Malformed(fault) => {
                report.error = Some(fault);
                Verdict::Malformed
            }
            End::IllFormed(fault) => {
                report.error = Some(fault);
                Verdict::IllFormed
            }
            End::Whole | End::Limit(_) => {
                if let End::Limit(limit) = end {
                    report.limits.push(limit);
                }
                if !report.findings.is_empty() {
                    Verdict::Discrepancy
                } else if report.claims == 0 || !report.limits.is_empty() {
                    Verdict::Inconclusive
                } else {
                    Verdict::Conforms
                }
            }
        };
        let counted = KINDS.iter().copied().zip(self.claims_by_kind);
        report.coverage = std::mem::take(&mut self.past.coverage);
        report.coverage.claims = counted.filter(|(_, count)| *count > 0).collect();
        let conflicts = &self.past.conflicts;
        let (keys, objects, contested) = self.past.history.contests(conflicts);
        report.coverage.keys = keys;
        report.coverage.objects = objects;
        report.coverage.tested = self.tested;
        report.coverage.is_complete = conflicts.is_complete() && !self.past.trace_loads;
        report.coverage.rules = self.past.history.rules(&self.claims_by_rule, &contested);
        let (patterns, lost) = self.onsets.patterns(&self.past);
        report.patterns = patterns;
        let explained = self.wanted.explained.iter_mut().map(|explained| &mut explained.argument);
        for finding in report.findings.iter_mut().chain(explained) {
            if let (Some(onset), Some(said)) = (&mut finding.onset, lost.get(&finding.line)) {
                onset.lost.clone_from(said);
            }
        }
        report.coverage.compared = self.followers.compared;
        report.coverage.stopped = self.followers.stopped;
        report.coverage.lost = self.past.lost();
        report.warnings = self.past.warnings;
        report.differences = self.followers.differences;
        (self.report, self.wanted)
    }
}

/// How a trace ended.
#[derive(Debug)]
pub enum End {
    /// It was read to its last line.
    Whole,
    /// A stated limit was reached before.
    Limit(String),
    /// A line is not of the grammar.
    Malformed(Fault),
    /// A line tells what cannot have happened.
    IllFormed(Fault),
}
