//! Judges one source: opens it as often as the judge asks, and contains panics.

use crate::culprit;
use crate::exit::Exit;
use crate::guard::guard;
use crate::progress::Progress;
use crate::replay::Replay;
use crate::sources::{Place, Source, explain};
use rejoin_judge::{Excerpt, Limits, Options, Report, Timeline, Verdict, check, timeline};
use std::fs::File;
use std::io::{self, BufReader, Read};

/// How many bytes are read from the operating system at a time.
const BUFFER: usize = 1 << 16;

/// The result for one source.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The report of the judge.
    pub report: Report,
    /// The text at which a bad trace ends, if it is wanted and can be read.
    pub culprit: Option<Excerpt>,
}

/// Why a source was not judged.
#[derive(Clone, Debug)]
pub enum Failure {
    /// The source cannot be read; the sentence says why.
    Unreadable(String),
    /// The oracle failed on the source; the sentence says how.
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

/// The exit code for one source by itself.
pub fn exit(judged: &Result<Judged, Failure>, options: &Options) -> Exit {
    match judged {
        Ok(Judged { report, .. }) if !report.differences.is_empty() => Exit::Internal,
        Ok(Judged { report, .. }) => match report.verdict {
            Verdict::Conforms => Exit::Success,
            Verdict::Discrepancy => Exit::Discrepancy,
            // If claims were not to be judged, judging none was no failure.
            Verdict::Inconclusive if !options.claims && report.limits.is_empty() => Exit::Success,
            Verdict::Inconclusive => Exit::Inconclusive,
            Verdict::Malformed | Verdict::IllFormed => Exit::Invalid,
        },
        Err(Failure::Unreadable(_)) => Exit::Unreadable,
        Err(Failure::Internal(_)) => Exit::Internal,
    }
}

/// How to judge a source.
pub struct Judge<'a> {
    /// The options of the library.
    pub options: &'a Options,
    /// Whether to look up the text at which a bad trace ends.
    pub point: bool,
    /// Counts the bytes read.
    pub progress: &'a Progress,
}

impl Judge<'_> {
    /// Judges one source.
    ///
    /// # Errors
    /// If its bytes cannot be read, or the oracle fails.
    pub fn judge(&self, source: &Source) -> Result<Judged, Failure> {
        let place = source.place.as_ref().map_err(|why| Failure::Unreadable(why.clone()))?;
        self.progress.begin(&source.name);
        let judged = guard(|| match place {
            Place::File(path, _) => self.read(|| File::open(path)),
            Place::Stream(path) => self.replay(File::open(path)?),
            Place::Stdin => self.replay(io::stdin().lock()),
        });
        self.progress.end(place.length());
        judged.map_err(Failure::Internal)?.map_err(|error| Failure::Unreadable(explain(&error)))
    }

    /// Judges one source, and keeps what the view shows from line to line.
    ///
    /// # Errors
    /// As [`Judge::judge`].
    pub fn timeline(&self, source: &Source, limits: Limits) -> Result<(Judged, Timeline), Failure> {
        let place = source.place.as_ref().map_err(|why| Failure::Unreadable(why.clone()))?;
        self.progress.begin(&source.name);
        let made = guard(|| match place {
            Place::File(path, _) => self.keep(|| File::open(path), limits),
            Place::Stream(path) => {
                let replay = Replay::new(File::open(path)?);
                self.keep(|| Ok(replay.open()), limits)
            }
            Place::Stdin => {
                let replay = Replay::new(io::stdin().lock());
                self.keep(|| Ok(replay.open()), limits)
            }
        });
        self.progress.end(place.length());
        made.map_err(Failure::Internal)?.map_err(|error| Failure::Unreadable(explain(&error)))
    }

    fn keep<R: Read>(
        &self,
        open: impl Fn() -> io::Result<R>,
        limits: Limits,
    ) -> io::Result<(Judged, Timeline)> {
        let open = || Ok(BufReader::with_capacity(BUFFER, self.progress.watch(open()?)));
        let (report, timeline) = timeline(open, self.options, limits)?;
        Ok((Judged { report, culprit: None }, timeline))
    }

    /// Judges a source that can be read only once.
    fn replay(&self, input: impl Read) -> io::Result<Judged> {
        let replay = Replay::new(input);
        self.read(|| Ok(replay.open()))
    }

    /// Judges a source that can be opened again.
    fn read<R: Read>(&self, open: impl Fn() -> io::Result<R>) -> io::Result<Judged> {
        let open = || Ok(BufReader::with_capacity(BUFFER, self.progress.watch(open()?)));
        let report = check(open, self.options)?;
        let culprit = match &report.error {
            Some(fault) if self.point => culprit::find(open()?, fault).unwrap_or_default(),
            _ => None,
        };
        Ok(Judged { report, culprit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::report;

    #[test]
    fn a_difference_between_engines_is_graver_than_any_verdict() {
        let verdicts = [
            (Verdict::Conforms, Exit::Success),
            (Verdict::Discrepancy, Exit::Discrepancy),
            (Verdict::Inconclusive, Exit::Inconclusive),
            (Verdict::Malformed, Exit::Invalid),
            (Verdict::IllFormed, Exit::Invalid),
        ];
        for (verdict, expected) in verdicts {
            let mut report = report(verdict);
            let judged = |report: &Report| Ok(Judged { report: report.clone(), culprit: None });
            assert_eq!(exit(&judged(&report), &Options::default()), expected);
            report.differences.push("line 2: the proven engine answers 3".into());
            let exit = exit(&judged(&report), &Options::default());
            assert_eq!((exit, exit.code()), (Exit::Internal, 70));
        }
    }
}
