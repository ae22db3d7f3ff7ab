//! The oracle: judges recorded sync traces of anyone's CRDT implementation.
//!
//! Reading order: [`args`] (the command line), [`exit`] (exit codes), [`sources`], [`replay`] and
//! [`judge`] (from a path to a report), [`text`], [`json`] and [`format`](mod@format) (how a report
//! is shown). [`explain`] and [`diff`] look at single claims and differences. [`view`] shows a
//! trace as a page. [`simulate`] runs worlds, [`drive`] drives other implementations. [`sync`]
//! keeps replicas in files the same over TCP. The library judges; this crate reads files and prints
//! reports.

mod anonymize;
mod args;
mod campaign;
mod convert;
mod culprit;
mod diff;
mod drive;
#[cfg(test)]
mod examples;
mod exit;
mod explain;
mod follow;
mod format;
mod guard;
mod json;
mod judge;
mod manual;
mod output;
mod printable;
mod progress;
mod reading;
mod recheck;
mod replay;
mod simulate;
mod sources;
mod sync;
mod text;
mod view;

use args::{Cli, Colour, Command, Common, Format, Lint};
use clap::{CommandFactory, Parser, error::ErrorKind};
use exit::Exit;
use format::Outcome;
use judge::{Failure, Judge, Judged};
use output::{Output, complain};
use progress::Progress;
use rejoin_judge::Options;
use sources::Source;
use std::io::{self, Stdout};
use std::process::ExitCode;
use std::time::Instant;
use text::Text;

fn main() -> ExitCode {
    guard::install();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error).into(),
    };
    let mut output = Output::new(io::stdout());
    let exit = guard::guard(|| run(cli, &mut output)).unwrap_or_else(|failure| {
        complain(&failure);
        Exit::Internal
    });
    match output.error() {
        None => exit.into(),
        Some(error) => {
            complain(&format!("the output cannot be written: {error}"));
            Exit::Internal.into()
        }
    }
}

/// Prints what is wrong with the command line, or the help that it asks for.
fn usage(error: &clap::Error) -> Exit {
    // If standard error cannot be written, there is nobody to report that to.
    let _ = error.print();
    if error.use_stderr() { Exit::Usage } else { Exit::Success }
}

fn run(cli: Cli, output: &mut Output<Stdout>) -> Exit {
    match cli.command {
        Command::Check(asked) => {
            let (work, engines) = (asked.max_steps, asked.engine.names());
            let proven = asked.engine.proven();
            let options = Options { work, engines, proven, ..Options::default() };
            match asked.follow {
                true => follow::run(&asked, &options, &Text::plain(cli.color), output),
                false => look(&asked.common, &options, cli.color, output),
            }
        }
        Command::Lint(Lint { common }) => {
            let options = Options { claims: false, ..Options::default() };
            look(&common, &options, cli.color, output)
        }
        Command::Explain(asked) => explain::run(&asked, &Text::plain(cli.color), output),
        Command::Slice(asked) => explain::cut(&asked, output),
        Command::Anonymize(asked) => anonymize::run(&asked, output),
        Command::Convert(asked) => convert::run(&asked, output),
        Command::Recheck(asked) => recheck::run(&asked, output),
        Command::Diff(asked) => diff::run(&asked, output),
        Command::View(args::View { path, output: page }) => view::run(&path, &page, output),
        Command::Simulate(simulate) => simulate::run(&simulate, output),
        Command::Drive(drive) => {
            let text = Text { verbose: drive.verbose, ..Text::plain(cli.color) };
            drive::run(&drive, &text, output)
        }
        Command::Generate(generate) => drive::generate::run(&generate, output),
        Command::MergeReports { reports } => campaign::merge(&reports, output),
        Command::Sync { command } => sync::run(command, output),
        Command::Schema => print(rejoin_trace::SCHEMA.as_bytes(), output),
        Command::Completions { shell } => print(&manual::completions(shell), output),
        Command::Man { command } => match manual::page(command.as_deref()) {
            Some(page) => print(&page, output),
            None => {
                let message = "there is no such command; `oracle --help` lists them";
                usage(&Cli::command().error(ErrorKind::InvalidValue, message))
            }
        },
    }
}

fn print(text: &[u8], output: &mut Output<Stdout>) -> Exit {
    output.write(text);
    Exit::Success
}

/// Judges all traces and reports on each once it is judged.
fn look(common: &Common, options: &Options, colour: Colour, output: &mut Output<Stdout>) -> Exit {
    if common.paths.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
        let message = "standard input (`-`) can be read only once";
        return usage(&Cli::command().error(ErrorKind::ArgumentConflict, message));
    }
    let sources = sources::find(&common.paths);
    let text = Text {
        verbose: common.verbose,
        several: sources.len() > 1,
        claims: options.claims,
        ..Text::plain(colour)
    };
    let length = |source: &Source| match &source.place {
        Ok(place) => place.length(),
        Err(_) => Some(0),
    };
    let progress = Progress::new(sources.iter().map(length).sum());
    let point = common.format == Format::Text;
    let judge = Judge { options, point, progress: &progress };
    let mut exit = Exit::Success;
    let mut kinds = Vec::new();
    let mut outcomes = Vec::new();
    let mut table = text::coverage::Table::default();
    for source in &sources {
        let began = Instant::now();
        let judged = judge.judge(source);
        exit = exit.max(judge::exit(&judged, options));
        kinds.push(text::kind(&judged, options.claims));
        if let Ok(judged) = &judged {
            table.add(&judged.report);
        }
        let outcome = Outcome { file: source.name.clone(), judged, took: began.elapsed() };
        progress.aside(|| match common.format {
            Format::Json => output.write(json::line(&outcome.file, &outcome.judged)),
            Format::Text => show(&text, &outcome.file, &outcome.judged, output),
            Format::Github => output.write(format::annotations(&outcome, options.claims)),
            Format::Junit | Format::Sarif | Format::Markdown => outcomes.push(outcome),
        });
    }
    drop(progress);
    output.write(format::document(common.format, &outcomes, options.claims));
    if common.format == Format::Text && text.several {
        output.write(table.show() + &text.summary(&kinds));
    }
    exit
}

/// Shows the result for one trace: a report on standard output, a failure on standard error.
fn show(text: &Text, file: &str, judged: &Result<Judged, Failure>, output: &mut Output<Stdout>) {
    match judged {
        Ok(judged) => output.write(text.report(file, judged)),
        Err(failure) => complain(&format!("{}: {}", printable::escape(file), failure.message())),
    }
}
