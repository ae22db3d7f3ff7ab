//! The argument for one claim, whether it holds or not.
//!
//! Meaning: for a false claim the argument of its finding; for one that holds, how what its replica
//! had seen leads to the answer. Both come from the files of `claim`, where the comparison stands.
//! Cost: one judgement of the trace.

use crate::{Beside, Finding, Options, Said, run};
use std::io::{self, BufRead};

/// What is to be said of one claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Whether the claim holds.
    pub holds: bool,
    /// The claim and the argument. Of a claim that holds, `rule` is the rule that it was judged by,
    /// and `expected` is absent.
    pub argument: Finding,
}

/// The line to explain, and what is known of it so far.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Which line.
    pub line: u64,
    /// What is to be said of it.
    pub explained: Option<Explained>,
    /// What stands on it, where it claims nothing.
    pub event: Option<String>,
    /// The last claim before it.
    pub before: Option<u64>,
    /// The first claim after it.
    pub after: Option<u64>,
}

impl Wanted {
    /// Notes that there is a claim on a line.
    pub fn note_claim(&mut self, line: u64) {
        if line < self.line {
            self.before = Some(line);
        } else if line > self.line && self.after.is_none() {
            self.after = Some(line);
        }
    }
}

/// Judges the trace that `open` gives, and argues for the claim on a line. `open` is called as by
/// [`check`](crate::check).
///
/// # Errors
/// When the bytes cannot be had. The inner error is a sentence for people: the line claims nothing,
/// it was not judged, or the trace ends before it.
pub fn explain<R: BufRead>(
    open: impl FnMut() -> io::Result<R>,
    line: u64,
    options: &Options,
) -> io::Result<Result<Explained, String>> {
    let beside = Beside { line, ..Beside::default() };
    let Said { report, wanted, .. } = run(open, options, beside, &mut |_| {})?;
    if let Some(explained) = wanted.explained {
        return Ok(Ok(explained));
    }
    let not_judged = format!("line {line} was not judged: ");
    if let Some(limit) = report.limits.iter().find(|limit| limit.starts_with(&not_judged)) {
        return Ok(Err(limit.clone()));
    }
    if let (Some(fault), true) = (&report.error, wanted.event.is_none() && line > 1) {
        let verdict = report.verdict.as_str();
        return Ok(Err(format!("the trace ends before line {line}: it is {verdict}: {fault}")));
    }
    let what = match wanted.event {
        Some(event) => format!("line {line} is `{event}`, which claims nothing"),
        None if line == 1 => "line 1 is the header, which claims nothing".into(),
        None => format!("line {line} was not judged: the trace has {} lines", report.events + 1),
    };
    let nearest = match (wanted.before, wanted.after) {
        (None, None) => "the trace claims nothing".into(),
        (Some(one), None) | (None, Some(one)) => format!("the nearest claim is on line {one}"),
        (Some(before), Some(after)) => {
            format!("the nearest claims are on lines {before} and {after}")
        }
    };
    Ok(Err(format!("{what}; {nearest}")))
}

/// The lines that an argument names, each once and in order. What stands between backquotes is of
/// the trace and names none.
pub fn cited(because: &[String]) -> Vec<u64> {
    let mut lines = Vec::new();
    for sentence in because {
        for said in sentence.split('`').step_by(2) {
            let mut words = said.split(|c: char| !c.is_ascii_alphanumeric()).peekable();
            while let Some(word) = words.next() {
                if word == "line" || word == "lines" {
                    while let Some(number) = words.next_if(|word| {
                        word.is_empty() || *word == "and" || word.parse::<u64>().is_ok()
                    }) {
                        lines.extend(number.parse::<u64>());
                    }
                }
            }
        }
    }
    lines.sort_unstable();
    lines.dedup();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_names_lines_outside_of_what_it_quotes() {
        let because = [
            "`line 9` was added on line 4 at `a` (`a`'s 1st operation)".into(),
            "appended 3 times, on line 7, 12, 5".into(),
            "`b` received it (line 4) with `m` on line 11, which `a` sent on line 6".into(),
        ];
        assert_eq!(cited(&because), [4, 5, 6, 7, 11, 12]);
    }
}
