//! The report for people: what is wrong, where, and why; or what a good trace exercised.

pub mod coverage;
mod excerpt;
mod finding;
mod groups;

use crate::args::Colour;
use crate::judge::{Failure, Judged};
use crate::printable::{count, escape, grouped};
use annotate_snippets::renderer::{AnsiColor, Effects, Style};
use annotate_snippets::{Group, Level, Renderer};
use anstream::{AutoStream, ColorChoice};
use excerpt::Piece;
pub use finding::title;
use rejoin_judge::{Excerpt, Explained, Report, Verdict, Warning};
use rejoin_trace::Fault;
use std::collections::BTreeMap;
use std::io;

/// Findings of a trace that are shown where not all are wanted.
const FINDINGS: usize = 10;

/// Warnings of one kind that are shown where not all are wanted.
const WARNINGS: usize = 3;

/// A trace in which nothing is wrong.
const GOOD: Style = AnsiColor::BrightGreen.on_default().effects(Effects::BOLD);
/// What should be looked at.
const DOUBTFUL: Style = AnsiColor::BrightYellow.on_default().effects(Effects::BOLD);
/// What is wrong.
const BAD: Style = AnsiColor::BrightRed.on_default().effects(Effects::BOLD);
/// Where something is.
const PLACE: Style = Style::new().effects(Effects::BOLD);

/// How to write a report.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// Whether to colour it.
    pub colour: bool,
    /// The columns to fill.
    pub width: usize,
    /// Whether to show every finding and warning.
    pub verbose: bool,
    /// Whether there are several traces: each then gets less room.
    pub several: bool,
    /// Whether claims were judged.
    pub claims: bool,
}

impl Text {
    /// For one trace and standard output as it is.
    pub fn plain(colour: Colour) -> Self {
        let (colour, width) = (coloured(colour), width());
        Self { colour, width, verbose: false, several: false, claims: true }
    }

    /// The arguments of the findings that are the first to be wrong in something, what all have in
    /// common, and how many claims there were.
    pub fn arguments(&self, file: &str, report: &Report) -> String {
        let how = format!("--all shows each, `oracle explain {file}:LINE` one");
        let mut text = self.findings(file, report, usize::MAX, &how);
        text += &match report.findings.is_empty() {
            true => format!(
                "{file}: {}; name the line of one, as in {file}:12, to see why it holds\n",
                claims(report)
            ),
            false => format!("{file}: {}\n", claims(report)),
        };
        text
    }

    /// The argument for one claim, whether it holds or not.
    pub fn explained(&self, file: &str, explained: &Explained) -> String {
        finding::show(self, file, &explained.argument, explained.holds)
    }

    /// The report on one trace.
    pub fn report(&self, file: &str, judged: &Judged) -> String {
        let how = "--verbose shows all";
        self.findings(&escape(file), &judged.report, FINDINGS, how) + &self.rest(file, judged)
    }

    /// The report on one trace, without its findings.
    pub fn rest(&self, file: &str, Judged { report, culprit }: &Judged) -> String {
        let file = escape(file);
        let mut text = self.warnings(&file, &report.warnings);
        text += &match &report.error {
            Some(fault) => self.fault(&file, report, fault, culprit.as_ref()),
            None => self.verdict(&file, report),
        };
        text += &self.differences(&file, report);
        if self.several && (text.lines().count() > 1 || !report.findings.is_empty()) {
            text.push('\n');
        }
        text
    }

    fn findings(&self, file: &str, report: &Report, most: usize, how: &str) -> String {
        let findings = &report.findings;
        let shown = match self.verbose {
            true => (0..findings.len()).collect(),
            false => groups::chosen(findings, most),
        };
        let mut text = String::new();
        for at in &shown {
            text += &finding::show(self, file, &findings[*at], false);
            text.push('\n');
        }
        text + &self.others(findings, &shown, how) + &self.patterns(&report.patterns)
    }

    fn warnings(&self, file: &str, warnings: &[Warning]) -> String {
        let mut text = String::new();
        let mut seen: BTreeMap<_, usize> = BTreeMap::new();
        for Warning { line, rule, message } in warnings {
            let seen = seen.entry(*rule).or_default();
            *seen += 1;
            if self.verbose || *seen <= WARNINGS {
                let kind = self.paint(DOUBTFUL, &format!("warning[{}]", rule.as_str()));
                text += &format!("{kind}: {file}:{line}: {}\n", escape(message));
            }
        }
        for (rule, seen) in seen {
            if !self.verbose && seen > WARNINGS {
                let kind = self.paint(DOUBTFUL, &format!("warning[{}]", rule.as_str()));
                let more = grouped((seen - WARNINGS) as u128);
                text += &format!("{kind}: {more} more of this kind; --verbose shows all\n");
            }
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text
    }

    /// Where an engine and the definition differ: that is a fault of the oracle.
    fn differences(&self, file: &str, report: &Report) -> String {
        let shown = if self.verbose { usize::MAX } else { FINDINGS };
        let error = self.paint(BAD, "error[engines]");
        let mut text = String::new();
        for difference in report.differences.iter().take(shown) {
            text += &format!("{error}: {file}: {}\n", escape(&shortened(difference)));
        }
        if !text.is_empty() {
            let number = count(report.differences.len() as u64, "difference");
            text += &format!(
                "{error}: {number} in all. This is a fault of the oracle, not of the trace: please \
                 report it, with the trace\n"
            );
        }
        text
    }

    /// Where a trace ends that is malformed or ill-formed, and why.
    fn fault(
        &self,
        file: &str,
        report: &Report,
        fault: &Fault,
        culprit: Option<&Excerpt>,
    ) -> String {
        let column = fault.column.map(|column| format!(":{column}")).unwrap_or_default();
        let place = self.paint(PLACE, &format!("{file}:{}{column}", fault.line));
        let verdict = self.paint(BAD, report.verdict.as_str());
        let mut text = format!("{place}: {verdict}: {}\n", escape(&fault.message));
        if let Some(culprit) = culprit {
            let snippet = Piece::new(culprit).snippet(fault.line, None);
            text += &self.renderer().render(&[Group::with_level(Level::ERROR).element(snippet)]);
            text.push('\n');
        }
        if report.claims > 0 {
            text += &format!("  before this line, {}\n", claims(report));
        }
        text + &limits(report)
    }

    fn verdict(&self, file: &str, report: &Report) -> String {
        let (style, verdict, why) = match report.verdict {
            Verdict::Inconclusive if !report.limits.is_empty() => {
                (DOUBTFUL, report.verdict.as_str(), "not all could be judged".into())
            }
            Verdict::Inconclusive if !self.claims => {
                (GOOD, "well-formed", count(report.events, "event"))
            }
            Verdict::Inconclusive => {
                (DOUBTFUL, report.verdict.as_str(), "the trace claims nothing to judge".into())
            }
            Verdict::Conforms => (GOOD, report.verdict.as_str(), claims(report)),
            Verdict::Discrepancy | Verdict::Malformed | Verdict::IllFormed => {
                (BAD, report.verdict.as_str(), claims(report))
            }
        };
        let mut text =
            format!("{}: {}: {why}\n", self.paint(PLACE, file), self.paint(style, verdict));
        text += &limits(report);
        if report.verdict == Verdict::Inconclusive && self.claims && report.limits.is_empty() {
            text += "  it says what replicas did, but not what they answered: record their answers \
                     too, as `read` events\n";
        }
        if (self.verbose || !self.several) && self.claims && report.verdict != Verdict::Discrepancy
        {
            text += &coverage::show(report);
        }
        text
    }

    /// The last line, where there were several traces: how many came to what.
    pub fn summary(&self, outcomes: &[&'static str]) -> String {
        let mut kinds: Vec<(&str, u64)> = Vec::new();
        for outcome in outcomes {
            match kinds.iter_mut().find(|(kind, _)| kind == outcome) {
                Some((_, number)) => *number += 1,
                None => kinds.push((outcome, 1)),
            }
        }
        let kinds: Vec<_> = kinds
            .iter()
            .map(|(kind, number)| format!("{} {kind}", grouped((*number).into())))
            .collect();
        let traces = self.paint(PLACE, &count(outcomes.len() as u64, "trace"));
        format!("{traces}: {}\n", kinds.join(", "))
    }

    /// Marks what is good.
    pub fn good(&self, text: &str) -> String {
        self.paint(GOOD, text)
    }

    /// Marks what should be looked at.
    pub fn doubtful(&self, text: &str) -> String {
        self.paint(DOUBTFUL, text)
    }

    /// Marks what is wrong.
    pub fn bad(&self, text: &str) -> String {
        self.paint(BAD, text)
    }

    fn renderer(&self) -> Renderer {
        let renderer = if self.colour { Renderer::styled() } else { Renderer::plain() };
        renderer.term_width(self.width)
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// What a trace counts as in the summary.
pub fn kind(judged: &Result<Judged, Failure>, claims: bool) -> &'static str {
    match judged {
        Ok(Judged { report, .. }) => match report.verdict {
            Verdict::Conforms => "conforming",
            Verdict::Discrepancy => "with false claims",
            Verdict::Inconclusive if !claims && report.limits.is_empty() => "well-formed",
            verdict => verdict.as_str(),
        },
        Err(Failure::Unreadable(_)) => "unreadable",
        Err(Failure::Internal(_)) => "not judged",
    }
}

/// Whether to colour what goes to standard output.
fn coloured(colour: Colour) -> bool {
    match colour {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
    }
}

/// The columns of the terminal, within reason; 100 where there is none.
fn width() -> usize {
    match terminal_size::terminal_size_of(io::stdout()) {
        Some((width, _)) => usize::from(width.0).clamp(60, 160),
        None => 100,
    }
}

/// How many of the claims hold.
fn claims(report: &Report) -> String {
    match (report.findings.len() as u64, report.claims) {
        (0, 1) => "its claim holds".into(),
        (0, claims) => format!("all {} hold", count(claims, "claim")),
        (1, claims) => format!("1 of {} is false", count(claims, "claim")),
        (wrong, claims) => {
            format!("{} of {} are false", grouped(wrong.into()), count(claims, "claim"))
        }
    }
}

fn limits(report: &Report) -> String {
    report.limits.iter().map(|limit| format!("  limit: {}\n", escape(limit))).collect()
}

#[cfg(test)]
mod tests;

/// A sentence that may quote a whole value.
fn shortened(sentence: &str) -> String {
    const MOST: usize = 400;
    match sentence.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &sentence[..end]),
        None => sentence.into(),
    }
}
