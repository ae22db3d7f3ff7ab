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

/// Why a source was not judged.
#[derive(Clone, Debug)]
pub enum Failure {
    /// It cannot be read; the sentence says why.
    Unreadable(String),
    /// The oracle failed on it; the sentence says how.
    Internal(String),
}

impl Failure {
    /// What to tell the user.
    pub fn message(&self) -> &str {
        match self {
            Self::Unreadable(message) | Self::Internal(message) => message,
        }
    }
}

/// The exit code that one source would have for itself.
pub fn exit(judged: &Result<Report, Failure>, options: &Options) -> Exit {
    match judged {
        Ok(report) => match report.verdict {
            Verdict::Conforms => Exit::Success,
            Verdict::Discrepancy => Exit::Discrepancy,
            // Where no claim was to be judged, it was no failure to judge none.
            Verdict::Inconclusive if !options.claims && report.limits.is_empty() => Exit::Success,
            Verdict::Inconclusive => Exit::Inconclusive,
            Verdict::Malformed | Verdict::IllFormed => Exit::Invalid,
        },
        Err(Failure::Unreadable(_)) => Exit::Unreadable,
        Err(Failure::Internal(_)) => Exit::Internal,
    }
}

/// Judges one source.
///
/// # Errors
/// When its bytes cannot be had, and when the oracle fails.
pub fn judge(source: &Source, options: &Options, progress: &Progress) -> Result<Report, Failure> {
    let place = source.place.as_ref().map_err(|why| Failure::Unreadable(why.clone()))?;
    progress.begin(&source.name);
    let judged = guard(|| match place {
        Place::File(path, _) => check(|| Ok(buffered(progress.watch(File::open(path)?))), options),
        Place::Stream(path) => replayed(File::open(path)?, options, progress),
        Place::Stdin => replayed(io::stdin().lock(), options, progress),
    });
    progress.end(place.length());
    judged.map_err(Failure::Internal)?.map_err(|error| Failure::Unreadable(explain(&error)))
}

/// Judges what can be read only once.
fn replayed(input: impl Read, options: &Options, progress: &Progress) -> io::Result<Report> {
    let replay = Replay::new(input);
    check(|| Ok(buffered(progress.watch(replay.open()))), options)
}

fn buffered<R: Read>(input: R) -> BufReader<R> {
    BufReader::with_capacity(BUFFER, input)
}
