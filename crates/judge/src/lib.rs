//! The judge: whether every claim of a trace follows from its history.
//!
//! Reading order: [`report`](Report) says what comes out. `past` is what happened, and what each
//! replica has seen; `answer` is what follows from that, and `claim` holds what was claimed
//! against it, one file a kind of claim. `onset` is where claims went wrong. `judge` is the one pass over the lines. `follow` lets the
//! engines follow along, where that is asked for, the proven judge among them. `explain` and `slice`
//! are about one claim: the argument for it, and the part of the trace that it depends on.
//! `timeline` is what a picture of the trace shows.

mod answer;
mod claim;
mod explain;
mod follow;
mod judge;
mod onset;
mod past;
mod report;
mod slice;
mod timeline;
mod wording;

pub use explain::{Explained, cited, explain};
pub use follow::proven_judge::{Effort, MOST_LINES};
pub use onset::{Misplaced, misplaced};
pub use report::*;
pub use slice::{Slice, slice, slice_of_object};
pub use timeline::{Change, Conflict, Grounds, Key, Learned, Limits, Row, RowKind, Run, Timeline};

use explain::Wanted;
use follow::proven_judge::SecondJudge;
use hashbrown::HashSet;
use judge::{End, Judge};
use past::{IllFormed, Stop};
use rejoin_trace as trace;
use rejoin_trace::{Event, Fault, Name, Reader};
use std::io::{self, BufRead};
use timeline::Watch;

/// How to judge.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether claims are judged; otherwise only well-formedness and warnings are.
    pub claims: bool,
    /// The greatest number of elementary steps that judging one trace may take. Reaching it
    /// ends the judging with [`Verdict::Inconclusive`], unless a claim was found false.
    pub work: u64,
    /// The engines that are to do what the trace's replicas did, and to answer as the judge does;
    /// see [`Report::differences`]. By default there are none: the judge needs no engine.
    /// The optimized one is fast, and stops where it would take too much memory or time; the
    /// others keep copies of whole states. With the proven one comes the proven judge, with
    /// [`Effort::GREAT`].
    pub engines: Vec<EngineName>,
    /// What the proven judge may do to judge the trace again, which is to come out the same; see
    /// [`Report::differences`]. Findings name a theorem only where it does. By default it is not
    /// asked: [`Effort::NONE`].
    pub proven: Effort,
}

/// An engine that can follow a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineName {
    /// [`rejoin::optimized`]
    Optimized,
    /// [`rejoin::reference`]
    Reference,
    /// [`rejoin_proven`]
    Proven,
}

impl EngineName {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Optimized, Self::Reference, Self::Proven];
}

impl std::fmt::Display for EngineName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Optimized => "the optimized engine",
            Self::Reference => "the reference engine",
            Self::Proven => "the proven engine",
        })
    }
}

impl Default for Options {
    fn default() -> Self {
        Self { claims: true, work: 20_000_000_000, engines: Vec::new(), proven: Effort::NONE }
    }
}

/// Judges the trace that `open` gives, plain or compressed.
///
/// `open` is called once, and a second time only where a `load` comes after other uses of its
/// object: what the file loads must then be known before its first line is judged.
///
/// # Errors
/// When the bytes cannot be had. A bad trace is no error: see [`Report::error`].
pub fn check<R: BufRead>(
    open: impl FnMut() -> io::Result<R>,
    options: &Options,
) -> io::Result<Report> {
    let beside = Beside::default();
    run(open, options, beside, &mut |_| {}).map(|said| said.report)
}

/// As [`check`], and shows each finding as soon as its line was judged: for a trace that is still
/// being written.
///
/// # Errors
/// As [`check`].
pub fn check_live<R: BufRead>(
    open: impl FnMut() -> io::Result<R>,
    options: &Options,
    show: &mut dyn FnMut(&Finding),
) -> io::Result<Report> {
    run(open, options, Beside::default(), show).map(|said| said.report)
}

/// Judges the trace as [`check`] does, and keeps what it shows from line to line.
///
/// # Errors
/// As [`check`].
pub fn timeline<R: BufRead>(
    open: impl FnMut() -> io::Result<R>,
    options: &Options,
    limits: Limits,
) -> io::Result<(Report, Timeline)> {
    let beside = Beside { limits: Some(limits), ..Beside::default() };
    run(open, options, beside, &mut |_| {}).map(|said| (said.report, said.timeline))
}

/// Judges the trace as [`check`] does, and lists all claims that were judged, in the order of the lines.
///
/// # Errors
/// As [`check`].
pub fn claims<R: BufRead>(
    open: impl FnMut() -> io::Result<R>,
    options: &Options,
) -> io::Result<(Report, Vec<Claimed>)> {
    let beside = Beside { claims: true, ..Beside::default() };
    run(open, options, beside, &mut |_| {}).map(|said| (said.report, said.claims))
}

/// What is to be said beside the report.
#[derive(Clone, Copy, Debug, Default)]
struct Beside {
    /// The line whose claim is to be explained; none where it is 0.
    line: u64,
    /// How much of a timeline to keep; none of it where absent.
    limits: Option<Limits>,
    /// Whether to list the claims.
    claims: bool,
}

/// What is said of a trace.
struct Said {
    report: Report,
    wanted: Wanted,
    timeline: Timeline,
    claims: Vec<Claimed>,
}

/// Judges, and says what is to be said besides.
fn run<R: BufRead>(
    mut open: impl FnMut() -> io::Result<R>,
    options: &Options,
    beside: Beside,
    show: &mut dyn FnMut(&Finding),
) -> io::Result<Said> {
    // Those of a first pass that ended at a load were of wrong premises: they are shown again.
    match pass(plain(open()?)?, None, options, beside, show)? {
        Pass::Judged(judged) => Ok(*judged),
        Pass::Again(loads) => match pass(plain(open()?)?, Some(&loads), options, beside, show)? {
            Pass::Judged(judged) => Ok(*judged),
            Pass::Again(_) => unreachable!("all loads are known"),
        },
    }
}

#[cfg(feature = "compression")]
fn plain<'a>(input: impl BufRead + 'a) -> io::Result<impl BufRead> {
    trace::decompress(input)
}

#[cfg(not(feature = "compression"))]
fn plain(input: impl BufRead) -> io::Result<impl BufRead> {
    Ok(input)
}

/// What one pass over a trace ends with.
enum Pass {
    /// It was judged.
    Judged(Box<Said>),
    /// It must be judged again, as one that loads these objects.
    Again(HashSet<Name>),
}

fn pass(
    input: impl BufRead,
    loads: Option<&HashSet<Name>>,
    options: &Options,
    beside: Beside,
    show: &mut dyn FnMut(&Finding),
) -> io::Result<Pass> {
    let mut watch = beside.limits.map(Watch::new);
    let mut reader = match Reader::new(input) {
        Ok(reader) => reader,
        Err(trace::Error::Unreadable(error)) => return Err(error),
        Err(trace::Error::Malformed(fault)) => {
            return Ok(judged(Judge::unstarted(options), End::Malformed(fault), None, watch));
        }
    };
    if let Some(watch) = &mut watch {
        watch.begin(reader.header(), reader.header_text());
    }
    let effort = match options.engines.contains(&EngineName::Proven) {
        true => Effort::GREAT,
        false => options.proven,
    };
    let asked = options.claims && effort != Effort::NONE;
    let mut second = asked.then(|| SecondJudge::new(reader.header(), effort));
    let mut judge = match Judge::new(reader.header(), loads, options) {
        Ok(judge) => judge,
        Err(stop) => {
            let end = end(stop, 1, reader.header_text());
            return Ok(judged(Judge::unstarted(options), end, second, watch));
        }
    };
    judge.wanted.line = beside.line;
    judge.listed = beside.claims.then(Vec::new);
    loop {
        let line = match reader.next_line() {
            Ok(Some(line)) => line,
            Ok(None) => return Ok(judged(judge, End::Whole, second, watch)),
            Err(trace::Error::Unreadable(error)) => return Err(error),
            Err(trace::Error::Malformed(fault)) => {
                return Ok(judged(judge, End::Malformed(fault), second, watch));
            }
        };
        if let Some(second) = &mut second {
            second.line(&line.event);
        }
        let found = judge.findings().len();
        match judge.line(&line) {
            Ok(()) => {
                judge.findings()[found..].iter().for_each(&mut *show);
                if let Some(watch) = &mut watch {
                    watch.line(&line, &judge.past);
                }
            }
            Err(Stop::LoadAfterUse) => {
                let mut loads = judge.loaded_names();
                note_load(&mut loads, &line.event);
                return rest(reader, loads).map(Pass::Again);
            }
            Err(Stop::OwnStampsLoaded(fault)) => {
                let fault = place(fault, 1, reader.header_text());
                let end = End::IllFormed(fault);
                return Ok(judged(Judge::unstarted(options), end, second, watch));
            }
            Err(stop) => {
                let end = end(stop, line.number, line.text);
                return Ok(judged(judge, end, second, watch));
            }
        }
    }
}

fn judged(mut judge: Judge, end: End, second: Option<SecondJudge>, watch: Option<Watch>) -> Pass {
    let timeline = watch.map(|watch| watch.end(&judge.past)).unwrap_or_default();
    let claims = judge.listed.take().unwrap_or_default();
    let (mut report, mut wanted) = judge.report(end);
    if let Some(second) = second {
        second.compare(&mut report);
    }
    // What it found the same of is of the kind that the theorem is about.
    if report.coverage.proven_judge == ProvenJudge::Agreed {
        let explained = wanted.explained.iter_mut().map(|explained| &mut explained.argument);
        for finding in report.findings.iter_mut().chain(explained) {
            finding.theorem = Some(Finding::THEOREM);
        }
    }
    Pass::Judged(Box::new(Said { report, wanted, timeline, claims }))
}

/// Reads on only for what is loaded, to the end of what is of the grammar.
fn rest(mut reader: Reader<impl BufRead>, mut loads: HashSet<Name>) -> io::Result<HashSet<Name>> {
    loop {
        match reader.next_line() {
            Ok(Some(line)) => note_load(&mut loads, &line.event),
            Ok(None) | Err(trace::Error::Malformed(_)) => return Ok(loads),
            Err(trace::Error::Unreadable(error)) => return Err(error),
        }
    }
}

fn note_load(loads: &mut HashSet<Name>, event: &Event) {
    if let Event::Load { object, state: Some(_), .. } = event {
        loads.insert(object.clone());
    }
}

fn end(stop: Stop, number: u64, text: &str) -> End {
    match stop {
        Stop::IllFormed(fault) | Stop::OwnStampsLoaded(fault) => {
            End::IllFormed(place(fault, number, text))
        }
        Stop::Limit(limit) => End::Limit(limit),
        Stop::LoadAfterUse => unreachable!("only a line loads"),
    }
}

fn place(fault: IllFormed, number: u64, text: &str) -> Fault {
    let span = rejoin::json::span(text, &[rejoin::json::Step::Member(fault.field.into())]);
    let column = span.map(|span| trace::column(text, span.start));
    Fault { line: number, column, message: fault.message }
}
