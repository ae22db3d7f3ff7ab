//! The judge: whether every claim of a trace follows from its history.

mod report;

pub use report::*;

use std::io::{self, BufRead};

/// How to judge.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether claims are judged; otherwise only well-formedness and warnings are.
    pub claims: bool,
    /// The greatest number of elementary steps that judging one trace may take. Reaching it
    /// ends the judging with [`Verdict::Inconclusive`], unless a claim was found false.
    pub work: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { claims: true, work: 20_000_000_000 }
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
    mut open: impl FnMut() -> io::Result<R>,
    options: &Options,
) -> io::Result<Report> {
    let _ = (open()?, options);
    Ok(Report {
        verdict: Verdict::Inconclusive,
        events: 0,
        claims: 0,
        findings: Vec::new(),
        warnings: Vec::new(),
        limits: Vec::new(),
        error: None,
        coverage: Coverage::default(),
    })
}
