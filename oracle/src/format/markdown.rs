//! Markdown: a table of all traces, and the argument for each finding; fit for a job's summary or a
//! comment.

use super::{Outcome, argument, summary, trouble};
use crate::printable::escape;

/// The findings of one trace that are shown; the others are counted.
const FINDINGS: usize = 10;

/// The document about all traces.
pub fn document(outcomes: &[Outcome], claims: bool) -> String {
    let mut table = String::from("| trace | verdict | |\n| --- | --- | --- |\n");
    let mut details = String::new();
    for outcome in outcomes {
        let trouble = trouble(outcome, claims);
        let (verdict, said) = match (&outcome.judged, &trouble) {
            (Err(_), Some(trouble)) => (trouble.kind, trouble.message.clone()),
            (Ok(judged), Some(trouble)) if judged.report.findings.is_empty() => {
                let line = trouble.line.map_or(String::new(), |line| format!("line {line}: "));
                (trouble.kind, format!("{line}{}", trouble.message))
            }
            (Ok(judged), _) if !claims && judged.report.error.is_none() => {
                ("well-formed", String::new())
            }
            (Ok(judged), _) => (judged.report.verdict.as_str(), summary(&judged.report)),
            (Err(_), None) => ("not judged", String::new()),
        };
        let file = text(&outcome.file);
        table += &format!("| {file} | {verdict} | {} |\n", text(&said));
        let Ok(judged) = &outcome.judged else { continue };
        for finding in judged.report.findings.iter().take(FINDINGS) {
            let (title, steps) = argument(finding);
            // A step of the argument has its number.
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

/// What means itself in Markdown and in a table, and is no HTML.
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
