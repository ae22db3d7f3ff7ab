//! Judging one source: opens it, as often as the judge asks, and keeps panics in.

use crate::exit::Exit;
use crate::guard::guard;
use crate::progress::Progress;
use crate::replay::Replay;
use crate::sources::{Place, Source, explain};
use rejoin::check::{Options, Report, Verdict, check};
use std::fs::File;
use std::io::{self, BufReader, Read};

/// Bytes asked of the operating system at a time.
const BUFFER: usize = 1 << 16;

/// What became of one source.
#[derive(Debug)]
pub enum Outcome {
    /// It was judged.
    Judged(Report),
    /// It cannot be read; the sentence says why.
    Unreadable(String),
    /// The oracle failed on it; the sentence says how.
    Failed(String),
}

impl Outcome {
    /// The exit code for it alone.
    pub fn exit(&self, options: &Options) -> Exit {
        let report = match self {
            Self::Judged(report) => report,
            Self::Unreadable(_) => return Exit::Unreadable,
            Self::Failed(_) => return Exit::Internal,
        };
        match report.verdict {
            Verdict::Conforms => Exit::Success,
            Verdict::Discrepancy => Exit::Discrepancy,
            // Where no claim was to be judged, it was no failure to judge none.
            Verdict::Inconclusive if !options.claims && report.limits.is_empty() => Exit::Success,
            Verdict::Inconclusive => Exit::Inconclusive,
            Verdict::Malformed | Verdict::IllFormed => Exit::Invalid,
        }
    }
}

/// Judges one source.
pub fn judge(source: &Source, options: &Options, progress: &Progress) -> Outcome {
    let place = match &source.place {
        Ok(place) => place,
        Err(why) => return Outcome::Unreadable(why.clone()),
    };
    progress.begin(&source.name);
    let judged = guard(|| match place {
        Place::File(path, _) => check(|| Ok(buffered(progress.watch(File::open(path)?))), options),
        Place::Stream(path) => replayed(File::open(path)?, options, progress),
        Place::Stdin => replayed(io::stdin().lock(), options, progress),
    });
    progress.end(place.length());
    match judged {
        Ok(Ok(report)) => Outcome::Judged(report),
        Ok(Err(error)) => Outcome::Unreadable(explain(&error)),
        Err(failure) => Outcome::Failed(failure),
    }
}

/// Judges what can be read only once.
fn replayed(input: impl Read, options: &Options, progress: &Progress) -> io::Result<Report> {
    let replay = Replay::new(input);
    check(|| Ok(buffered(progress.watch(replay.open()))), options)
}

fn buffered<R: Read>(input: R) -> BufReader<R> {
    BufReader::with_capacity(BUFFER, input)
}
