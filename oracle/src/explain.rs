//! `explain` and `slice`: the argument for one claim, and the part of the trace that it depends on.

use crate::exit::Exit;
use crate::judge::Failure;
use crate::output::{Output, complain};
use crate::printable::escape;
use crate::reading::{self, place};
use crate::sources::{self, Source};
use crate::text::Text;
use clap::Args;
use rejoin_judge::{Effort, Options, Slice, check, claims, explain, slice, slice_of_object};
use std::io::Write;
use std::path::{Path, PathBuf};

/// What `oracle explain` takes.
#[derive(Debug, Args)]
pub struct Explain {
    /// The trace, and the line of a claim in it. Without a line, each false claim is explained.
    #[arg(value_name = "TRACE[:LINE]")]
    pub claim: PathBuf,

    /// Argue for each false claim, also for those that are wrong as an earlier one was, and show all
    /// that senders had seen of what is wrong.
    #[arg(long)]
    pub all: bool,

    /// List all claims with their verdicts instead.
    #[arg(long, conflicts_with = "all")]
    pub claims: bool,

    /// With --claims: only those on this object.
    #[arg(long, requires = "claims", value_name = "NAME")]
    pub object: Option<String>,

    /// With --claims: only those of this replica.
    #[arg(long, requires = "claims", value_name = "NAME")]
    pub replica: Option<String>,
}

/// What `oracle slice` takes.
#[derive(Debug, Args)]
pub struct Cut {
    /// The trace, and the line of a claim in it.
    #[arg(value_name = "TRACE:LINE")]
    pub claim: PathBuf,

    /// Leave out the operations and claims on other objects than this one.
    #[arg(long, value_name = "NAME")]
    pub object: Option<String>,

    /// Where to write the slice; standard output when absent.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Prints the argument for a claim, or those for all findings.
pub fn run<W: Write>(asked: &Explain, text: &Text, output: &mut Output<W>) -> Exit {
    let (path, line) = place(&asked.claim);
    let source = match one(&path) {
        Ok(source) => source,
        Err(exit) => return exit,
    };
    let name = escape(&source.name).into_owned();
    if asked.claims {
        return list(asked, &source, text, output);
    }
    let Some(line) = line else {
        let judged = reading::read(&source, |open| check(open, &options()));
        return match judged {
            Err(failure) => fail(&name, &failure),
            Ok(report) => {
                let exit = match report.findings.is_empty() {
                    true => Exit::Success,
                    false => Exit::Discrepancy,
                };
                let text = Text { verbose: asked.all, ..*text };
                output.write(text.arguments(&name, &report));
                if let Some(fault) = &report.error {
                    complain(&format!("{name}: {}: {fault}", report.verdict.as_str()));
                    return Exit::Invalid;
                }
                exit
            }
        };
    };
    match reading::read(&source, |open| explain(open, line, &options())) {
        Err(failure) => fail(&name, &failure),
        Ok(Err(why)) => no_claim(&name, &why),
        Ok(Ok(explained)) => {
            let text = Text { verbose: asked.all, ..*text };
            output.write(text.explained(&name, &explained));
            if explained.holds { Exit::Success } else { Exit::Discrepancy }
        }
    }
}

/// Prints all claims with their verdicts.
fn list<W: Write>(asked: &Explain, source: &Source, text: &Text, output: &mut Output<W>) -> Exit {
    let name = escape(&source.name).into_owned();
    match reading::read(source, |open| claims(open, &Options::default())) {
        Err(failure) => fail(&name, &failure),
        Ok((report, mut claims)) => {
            let is = |asked: &Option<String>, of: &Option<String>| asked.is_none() || asked == of;
            claims.retain(|of| is(&asked.object, &of.object) && is(&asked.replica, &of.replica));
            output.write(text.claims(&claims));
            if let Some(fault) = &report.error {
                complain(&format!("{name}: {}: {fault}", report.verdict.as_str()));
                return Exit::Invalid;
            }
            if claims.iter().all(|claim| claim.holds) { Exit::Success } else { Exit::Discrepancy }
        }
    }
}

/// With the proven judge, so that arguments name the theorem that is about them.
fn options() -> Options {
    Options { proven: Effort::SMALL, ..Options::default() }
}

/// Prints the slice of a claim, and says what it is on standard error.
pub fn cut<W: Write>(asked: &Cut, output: &mut Output<W>) -> Exit {
    let (path, line) = place(&asked.claim);
    let Some(line) = line else {
        let path = escape(&path.to_string_lossy()).into_owned();
        complain(&format!("which claim? name its line, as in `oracle slice {path}:12`"));
        return Exit::Usage;
    };
    let source = match one(&path) {
        Ok(source) => source,
        Err(exit) => return exit,
    };
    let name = escape(&source.name).into_owned();
    let options = Options::default();
    let sliced = match &asked.object {
        None => reading::read(&source, |open| slice(open, line, &options)),
        Some(name) => reading::read(&source, |open| slice_of_object(open, line, name, &options)),
    };
    match sliced {
        Err(failure) => fail(&name, &failure),
        Ok(Err(why)) => no_claim(&name, &why),
        Ok(Ok(slice)) => {
            let text = with_note(&source.name, line, &slice);
            match &asked.output {
                None => output.write(text),
                Some(file) => {
                    if let Err(error) = std::fs::write(file, text) {
                        let file = escape(&file.to_string_lossy()).into_owned();
                        complain(&format!("{file}: the slice cannot be written: {error}"));
                        return Exit::Unreadable;
                    }
                }
            }
            let said = if slice.explained.holds { "holds" } else { "is false" };
            let _ = writeln!(
                std::io::stderr(),
                "{name}:{line} is line {} of the slice, which has {} of {} lines; judged there, \
                 the claim {said} by `{}` as well",
                slice.at + 1,
                slice.lines.len(),
                slice.of,
                slice.explained.argument.rule
            );
            Exit::Success
        }
    }
}

/// The slice as a trace that says where it is from.
fn with_note(name: &str, line: u64, slice: &Slice) -> String {
    let text =
        format!("line {line} of {name} and what it depends on: lines {}", ranges(&slice.lines));
    let note = serde_json::json!({"event": "note", "text": text});
    let (header, rest) = slice.text.split_once('\n').unwrap_or((&slice.text, ""));
    format!("{header}\n{note}\n{rest}")
}

/// Increasing numbers as `1-4, 7`.
fn ranges(lines: &[u64]) -> String {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for line in lines {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *line => *last = *line,
            _ => ranges.push((*line, *line)),
        }
    }
    let shown = ranges.iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// The one trace that a path stands for.
fn one(path: &Path) -> Result<Source, Exit> {
    let mut sources = sources::find(&[path.to_owned()]);
    if sources.len() != 1 || path.is_dir() {
        let path = escape(&path.to_string_lossy()).into_owned();
        complain(&format!("{path} is a folder; name one trace in it"));
        return Err(Exit::Usage);
    }
    Ok(sources.remove(0))
}

fn fail(name: &str, failure: &Failure) -> Exit {
    complain(&format!("{name}: {}", failure.message()));
    match failure {
        Failure::Unreadable(_) => Exit::Unreadable,
        Failure::Internal(_) => Exit::Internal,
    }
}

fn no_claim(name: &str, why: &str) -> Exit {
    complain(&format!("{name}: {}", escape(why)));
    Exit::Inconclusive
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_lines_are_named_together() {
        assert_eq!(ranges(&[1, 2, 3, 7, 9, 10]), "1-3, 7, 9-10");
        assert_eq!(ranges(&[]), "");
    }
}
