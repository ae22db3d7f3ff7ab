//! Markdown: a table of all traces, the argument for each finding, and a table of what was judged by rule
//! and object, for a job's summary or a comment.

use super::{Outcome, argument, verdict};
use crate::printable::escape;
use crate::text::coverage::Table;

/// How many findings of one trace are shown; the others are counted.
const FINDINGS: usize = 10;

/// The document about all traces.
pub fn document(outcomes: &[Outcome], claims: bool) -> String {
    let mut table = String::from("| trace | verdict | |\n| --- | --- | --- |\n");
    let mut details = String::new();
    let mut coverage = Table::default();
    for outcome in outcomes {
        let (verdict, said) = verdict(outcome, claims);
        let file = text(&outcome.file);
        table += &format!("| {file} | {verdict} | {} |\n", text(&said));
        let Ok(judged) = &outcome.judged else { continue };
        coverage.add(&judged.report);
        for finding in judged.report.findings.iter().take(FINDINGS) {
            let (title, steps) = argument(finding);
            // Each step of the argument has its number.
            let item = |step: &String| match step.starts_with(|c: char| c.is_ascii_digit()) {
                true => format!("{}\n", text(step)),
                false => format!("- {}\n", text(step)),
            };
            let steps: String = steps.iter().map(item).collect();
            let (line, rule, title) = (finding.line, finding.rule, text(&title));
            details += &format!("\n**{file}:{line}** {rule}: {title}\n\n{steps}");
        }
        let more = judged.report.findings.len().saturating_sub(FINDINGS);
        if more > 0 {
            details += &format!("\n**{file}** has {more} more false claims.\n");
        }
    }
    table + &details + &by_rule(&coverage)
}

/// What was judged, by rule and object.
fn by_rule(coverage: &Table) -> String {
    let cells = coverage.cells();
    let Some((head, rows)) = cells.split_first() else { return String::new() };
    let line = |cells: &[String; 5]| {
        format!("| {} |\n", cells.each_ref().map(|cell| text(cell)).join(" | "))
    };
    let rows: String = rows.iter().map(line).collect();
    let advice = coverage.advice().map_or(String::new(), |advice| format!("\n{}\n", text(&advice)));
    format!("\n{}| --- | --- | ---: | ---: | ---: |\n{rows}{advice}", line(head))
}

/// Text that stands for itself in Markdown and in a table, and contains no HTML.
fn text(plain: &str) -> String {
    let mut safe = String::new();
    for c in escape(plain).chars() {
        match c {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '@' | '!' => {
                safe.push('\\');
                safe.push(c);
            }
            c => safe.push(c),
        }
    }
    safe
}
