//! `oracle drive`: drives an implementation through random histories until it fails or all cases
//! are performed.

pub mod generate;
mod process;
mod show;

use crate::args::Drive;
use crate::exit::Exit;
use crate::output::{Output, complain};
use crate::printable::escape;
use crate::text::Text;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use process::Process;
use rejoin_drive::campaign::{Driven, Failing, Fault, Options, drive};
use rejoin_drive::generate::Style;
use rejoin_drive::protocol_check::{self, Finding};
use rejoin_drive::{FailureKind, Mixed, Subject, Subjects};
use std::ffi::OsString;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// The commands to drive together, and how long each may take to reply.
struct Commands {
    commands: Vec<Vec<OsString>>,
    timeout: Duration,
}

impl Subjects for Commands {
    fn subject(&self) -> Box<dyn Subject> {
        let process = |command: &Vec<OsString>| -> Box<dyn Subject> {
            Box::new(Process::new(command, self.timeout))
        };
        match self.commands.as_slice() {
            [one] => process(one),
            several => Box::new(Mixed::new(several.iter().map(process).collect())),
        }
    }
}

/// Drives the commands, and prints the result.
pub fn run<W: Write>(asked: &Drive, text: &Text, output: &mut Output<W>) -> Exit {
    let commands: Vec<Vec<OsString>> =
        asked.command.split(|word| word == "--").map(<[OsString]>::to_vec).collect();
    if commands.iter().any(Vec::is_empty) {
        complain("expected a command before and after each further `--`, found none");
        return Exit::Usage;
    }
    let commands = Commands { commands, timeout: asked.timeout };
    if asked.check_subject {
        return check_protocol(asked, &commands, output);
    }
    let cores = || thread::available_parallelism().map_or(1, usize::from);
    let options = Options {
        style: Style {
            seed: asked.seed,
            steps: asked.steps as usize,
            is_plain: asked.plain,
            is_monotonic: asked.monotonic,
        },
        cases: asked.cases,
        only: asked.case,
        shard: asked.shard.map_or((1, 1), |shard| (shard.number, shard.of)),
        jobs: asked.jobs.map_or_else(cores, usize::from),
        kinds: asked.kinds(),
        stamps: asked.stamps.map(Into::into),
        goes_on: asked.keep_going,
        shrink: asked.max_shrink as usize,
    };
    let bar = bar(if asked.case.is_some() { 1 } else { asked.cases });
    let driven = drive(&commands, &options, &|| bar.inc(1));
    bar.finish_and_clear();
    let driven = match driven {
        Ok(driven) => driven,
        Err(failure) => {
            complain(&escape(&failure.message));
            return if failure.kind == FailureKind::Absent { Exit::Usage } else { Exit::Subject };
        }
    };
    if let Some(path) = &asked.report
        && !show::report(asked, &driven).write(path)
    {
        return Exit::Unreadable;
    }
    if let Some(error) = &driven.error {
        complain(&format!(
            "this is a bug of the oracle: a history that it generated was not judged; please \
             report it: {}",
            escape(error)
        ));
        return Exit::Internal;
    }
    for (number, failing) in driven.failing.iter().enumerate() {
        let path = numbered(&asked.out, number);
        output.write(show::failing(text, asked, &commands.commands, failing, &path));
        if let Err(error) = fs::write(&path, &failing.outcome.trace) {
            complain(&format!("{} cannot be written: {error}", path.display()));
        }
    }
    output.write(show::verdict(text, asked, &driven));
    exit(&driven)
}

/// The report for programs.
fn exit(driven: &Driven) -> Exit {
    let of = |failing: &Failing| match failing.fault {
        Fault::Failed(_) => Exit::Subject,
        Fault::False(_) => Exit::Discrepancy,
    };
    match driven.failing.iter().map(of).max() {
        Some(exit) => exit,
        None if show::nothing(driven).is_some() => Exit::Inconclusive,
        None => Exit::Success,
    }
}

/// The name of the file for the failure of this number.
fn numbered(path: &Path, number: usize) -> PathBuf {
    if number == 0 {
        return path.into();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map_or(String::new(), |end| format!(".{}", end.display()));
    path.with_file_name(format!("{stem}-{}{ending}", number + 1))
}

/// Checks whether the subject follows the protocol.
fn check_protocol<W: Write>(asked: &Drive, commands: &Commands, output: &mut Output<W>) -> Exit {
    let mut exit = Exit::Success;
    for command in &commands.commands {
        let mut process = Process::new(command, commands.timeout);
        let mut found = protocol_check::check(&mut process, &asked.kinds());
        let stops = match process.stop() {
            Ok(()) => Finding::Holds,
            Err(failure) => Finding::Broken(failure.message),
        };
        found.push(("stop is answered with ok, and the exit status is 0", stops));
        for (sentence, finding) in found {
            let line = match finding {
                Finding::Holds => format!("holds     {sentence}\n"),
                Finding::LeftOut(why) => format!("left out  {sentence}: {}\n", escape(&why)),
                Finding::Broken(why) => {
                    exit = Exit::Subject;
                    format!("broken    {sentence}: {}\n", escape(&why))
                }
            };
            output.write(line);
        }
    }
    exit
}

/// Shows how many cases are over, where standard error is a terminal.
fn bar(cases: u64) -> ProgressBar {
    let target = match io::stderr().is_terminal() {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let template = "{bar:24} {pos} of {len} cases, {per_sec}, {eta} left";
    let style = ProgressStyle::with_template(template).expect("the template is well-formed");
    ProgressBar::with_draw_target(Some(cases), target).with_style(style)
}
