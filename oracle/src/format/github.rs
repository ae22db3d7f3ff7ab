//! Workflow commands of GitHub Actions, which annotate lines of the files that a change touches.
//!
//! Source: the workflow commands of GitHub Actions: data escapes `%`, CR and LF, properties also `:`
//! and `,`.

use super::{Outcome, argument, columns, trouble};
use rejoin_judge::Finding;

/// The annotations of one trace, one on each line.
pub fn annotations(outcome: &Outcome, claims: bool) -> String {
    let mut lines = String::new();
    if let Some(trouble) = trouble(outcome, claims) {
        let level = if trouble.kind == "inconclusive" { "warning" } else { "error" };
        let place = (trouble.line, trouble.column.map(|column| (column, column)));
        lines += &command(level, &outcome.file, place, trouble.kind, &trouble.message);
    }
    let Ok(judged) = &outcome.judged else { return lines };
    for finding in &judged.report.findings {
        lines += &of_finding(&outcome.file, finding);
    }
    for warning in &judged.report.warnings {
        let place = (Some(warning.line), None);
        lines += &command("warning", &outcome.file, place, warning.rule.as_str(), &warning.message);
    }
    lines
}

fn of_finding(file: &str, finding: &Finding) -> String {
    let (title, steps) = argument(finding);
    let message = [vec![title], steps].concat().join("\n");
    let place = (Some(finding.line), columns(finding));
    command("error", file, place, finding.rule.as_str(), &message)
}

fn command(
    level: &str,
    file: &str,
    (line, columns): (Option<u64>, Option<(u64, u64)>),
    title: &str,
    message: &str,
) -> String {
    let mut place = format!("file={}", property(file));
    if let Some(line) = line {
        place += &format!(",line={line}");
    }
    if let Some((start, end)) = columns {
        place += &format!(",col={start},endColumn={end}");
    }
    format!("::{level} {place},title={}::{}\n", property(title), data(message))
}

fn data(text: &str) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    crate::printable::escape(&text).into_owned()
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_trace_begins_a_command_of_its_own() {
        let line = command("error", "a,b:%.jsonl", (Some(2), None), "r", "x\n::error::\r\x1b y");
        let expected = "::error file=a%2Cb%3A%25.jsonl,line=2,title=r::x%0A::error::%0D\\u001b y\n";
        assert_eq!(line, expected);
    }
}
