//! Markdown: a table of all traces, and the argument for each finding, for a job's summary or a
//! comment.

use super::{Outcome, argument, verdict};
use crate::printable::escape;

/// How many findings of one trace are shown; the others are counted.
const FINDINGS: usize = 10;

/// The document about all traces.
pub fn document(outcomes: &[Outcome], claims: bool) -> String {
    let mut table = String::from("| trace | verdict | |\n| --- | --- | --- |\n");
    let mut details = String::new();
    for outcome in outcomes {
        let (verdict, said) = verdict(outcome, claims);
        let file = text(&outcome.file);
        table += &format!("| {file} | {verdict} | {} |\n", text(&said));
        let Ok(judged) = &outcome.judged else { continue };
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
    table + &details
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
