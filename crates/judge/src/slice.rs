//! The causal slice of one claim: a smaller trace with the same verdict at that claim.
//!
//! Meaning: what was answered cannot be asked again, so a slice keeps everything that could have
//! changed the answer. That is the claim's causal past: all that its replica did, sent, received,
//! saved and restored before, and all that other replicas had done before what reached it. It drops
//! notes, other claims, and what happened apart or later. Where a claim is false because of what
//! other lines say, those lines and their causal pasts are kept as well. Lines stay byte for byte.
//! Laws: judging the slice gives the claim the verdict, the rule and the expected answer that it has
//! in the whole trace; [`slice`] judges every slice before it returns it.
//! Cost: two readings of the trace and one judgement, and a judgement of the slice; memory for 32
//! bytes a line and for the slice.
//! Source: L. Lamport, Time, Clocks, and the Ordering of Events in a Distributed System, CACM 1978.

use crate::explain::{Explained, cited, explain};
use crate::wording::shown;
use crate::{Effort, Options, plain};
use hashbrown::{HashMap, HashSet};
use rejoin_trace::{Claim, Content, Error, Event, Header, Line, Name, Reader};
use smallvec::{SmallVec, smallvec};
use std::io::{self, BufRead};

/// A smaller trace with the same verdict at one claim.
#[derive(Clone, Debug)]
pub struct Slice {
    /// The slice as a trace: the header and the lines that were kept, each with its end.
    pub text: String,
    /// For each line of the slice, its line in the whole trace; the header is the first.
    pub lines: Vec<u64>,
    /// The line of the claim in the slice.
    pub at: u64,
    /// How many lines the whole trace has, as far as it could be read.
    pub of: u64,
    /// What the judge says of the claim in the whole trace.
    pub whole: Explained,
    /// What it says of the claim in the slice, by the lines of the slice.
    pub explained: Explained,
}

/// What one line is to a slice.
#[derive(Debug)]
struct Step {
    /// The replicas at which it happens.
    at: SmallVec<[u32; 2]>,
    /// What it follows from: the replica that sent a message, and the line.
    after: SmallVec<[(u32, u32); 1]>,
    kind: Kind,
    /// The object that it is about, by its number in the header; [`ALL`] where it may be about several.
    object: u32,
}

/// Stands for "several objects".
const ALL: u32 = u32::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Happens,
    Loads,
    Claims,
    Nothing,
}

/// All lines after the header, as far as they are of the grammar.
#[derive(Debug, Default)]
struct Skeleton {
    replicas: HashMap<Name, u32>,
    objects: HashMap<Name, u32>,
    messages: HashMap<Name, (u32, u32)>,
    /// The first load of each object that the trace loads.
    loads: HashMap<Name, u32>,
    /// The objects that a line loads.
    loaded: HashMap<u32, Name>,
    steps: Vec<Step>,
}

/// Makes the slice of the claim on a line, from the trace that `open` gives, plain or compressed.
/// `open` is called up to four times.
///
/// # Errors
/// When the bytes cannot be had. The inner error is a sentence for people: the line claims nothing,
/// or the trace ends before it.
pub fn slice<R: BufRead>(
    open: impl FnMut() -> io::Result<R>,
    line: u64,
    options: &Options,
) -> io::Result<Result<Slice, String>> {
    cut(open, line, None, options)
}

/// As [`slice()`], without the operations and claims on other objects than this one.
///
/// # Errors
/// As [`slice()`]; the inner error says as well that no such object is declared, or that the claim is judged
/// otherwise without those lines, as one that counts operations on all objects is.
pub fn slice_of_object<R: BufRead>(
    open: impl FnMut() -> io::Result<R>,
    line: u64,
    object: &str,
    options: &Options,
) -> io::Result<Result<Slice, String>> {
    cut(open, line, Some(object), options)
}

fn cut<R: BufRead>(
    mut open: impl FnMut() -> io::Result<R>,
    line: u64,
    object: Option<&str>,
    options: &Options,
) -> io::Result<Result<Slice, String>> {
    let options = Options { engines: Vec::new(), proven: Effort::NONE, ..options.clone() };
    let whole = match explain(&mut open, line, &options)? {
        Ok(whole) => whole,
        Err(why) => return Ok(Err(why)),
    };
    let Ok(number) = u32::try_from(line) else {
        return Ok(Err("more than 2^32 lines".into()));
    };
    let skeleton = Skeleton::read(plain(open()?)?)?;
    let cited: Vec<u32> = cited(&whole.argument.because)
        .into_iter()
        .filter_map(|line| u32::try_from(line).ok())
        .filter(|line| (2..number).contains(line))
        .collect();
    let only = match object {
        None => None,
        Some(name) => match skeleton.objects.get(name) {
            Some(number) => Some(*number),
            None => return Ok(Err(format!("object {} is not declared", shown(name)))),
        },
    };
    let is_claim = |line: &u32| skeleton.step(*line).kind == Kind::Claims;
    let claims: Vec<u32> = (2..number).filter(is_claim).collect();
    // The last attempt keeps every line up to the claim, so one of them always succeeds.
    for others in [Some(Vec::new()), Some(cited), Some(claims), None] {
        let mut kept = match others {
            Some(others) => skeleton.causal_past(number, &others),
            None => skeleton.everything(number),
        };
        if let Some(only) = only {
            let is_on = |of: u32| of == only || of == ALL;
            kept.retain(|line| *line == number || is_on(skeleton.step(*line).object));
        }
        let (text, lines) = keep(plain(open()?)?, &kept)?;
        let at = lines.iter().position(|kept| *kept == line).map_or(0, |at| at as u64 + 1);
        let Ok(explained) = explain(|| Ok(text.as_bytes()), at, &options)? else { continue };
        let same = explained.holds == whole.holds
            && explained.argument.rule == whole.argument.rule
            && explained.argument.expected == whole.argument.expected;
        if same {
            let of = skeleton.steps.len() as u64 + 1;
            return Ok(Ok(Slice { text, lines, at, of, whole, explained }));
        }
    }
    Ok(Err(match object {
        None => format!("line {line} is judged otherwise without the lines after it"),
        Some(name) => format!(
            "line {line} is judged otherwise without the other objects than {}; cut it with all",
            shown(name)
        ),
    }))
}

/// The header and the kept lines, and their numbers.
fn keep(input: impl BufRead, kept: &HashSet<u32>) -> io::Result<(String, Vec<u64>)> {
    let (mut text, mut lines) = (String::new(), Vec::new());
    let mut reader = match Reader::new(input) {
        Ok(reader) => reader,
        Err(Error::Unreadable(error)) => return Err(error),
        Err(Error::Malformed(_)) => return Ok((text, lines)),
    };
    text += reader.header_text();
    text.push('\n');
    lines.push(1);
    loop {
        match reader.next_line() {
            Ok(Some(line)) => {
                if u32::try_from(line.number).is_ok_and(|number| kept.contains(&number)) {
                    text += line.text;
                    text.push('\n');
                    lines.push(line.number);
                }
            }
            Ok(None) | Err(Error::Malformed(_)) => return Ok((text, lines)),
            Err(Error::Unreadable(error)) => return Err(error),
        }
    }
}

impl Skeleton {
    fn read(input: impl BufRead) -> io::Result<Self> {
        let mut reader = match Reader::new(input) {
            Ok(reader) => reader,
            Err(Error::Unreadable(error)) => return Err(error),
            Err(Error::Malformed(_)) => return Ok(Self::default()),
        };
        let mut skeleton = Self::new(reader.header());
        loop {
            match reader.next_line() {
                Ok(Some(line)) => skeleton.line(&line),
                Ok(None) | Err(Error::Malformed(_)) => return Ok(skeleton),
                Err(Error::Unreadable(error)) => return Err(error),
            }
        }
    }

    fn new(header: &Header) -> Self {
        let replicas = header.replicas.iter().cloned().zip(0..).collect();
        let objects = header.objects.iter().map(|(name, _)| name.clone()).zip(0..).collect();
        Self { replicas, objects, ..Self::default() }
    }

    /// Line 2 is the first after the header.
    fn step(&self, line: u32) -> &Step {
        &self.steps[line as usize - 2]
    }

    /// A name that was never declared ends the history there, which is after the claim.
    fn line(&mut self, line: &Line<'_>) {
        let number = self.steps.len() as u32 + 2;
        let replica = |name: &Name| self.replicas.get(name).copied();
        let sent = |name: &Name| self.messages.get(name).copied();
        let mut after = SmallVec::new();
        let mut kind = Kind::Happens;
        let names: SmallVec<[&Name; 2]> = match &line.event {
            Event::Op(op) => smallvec![&op.replica],
            Event::Send { replica, content, relays, .. } => {
                let since = match content {
                    Content::Since(names) => names.as_slice(),
                    _ => &[],
                };
                after.extend(since.iter().chain(relays).filter_map(sent));
                smallvec![replica]
            }
            Event::Receive { replica, message } => {
                after.extend(sent(message));
                smallvec![replica]
            }
            Event::Merge { replica, from, .. } => smallvec![replica, from],
            Event::Sync { replicas: [a, b], .. } => smallvec![a, b],
            Event::Save { replica, .. } | Event::Restore { replica, .. } => smallvec![replica],
            Event::Load { replica, object, state } => {
                if state.is_some() {
                    self.loads.entry(object.clone()).or_insert(number);
                    self.loaded.insert(number, object.clone());
                }
                kind = Kind::Loads;
                smallvec![replica]
            }
            Event::Note { .. } => {
                kind = Kind::Nothing;
                smallvec![]
            }
            Event::Claim(claim) => {
                kind = Kind::Claims;
                if let Claim::Failed { message: Some(message), .. } = claim {
                    after.extend(sent(message));
                }
                match claim {
                    Claim::Converged { replicas } => replicas.iter().collect(),
                    Claim::Read { replica, .. }
                    | Claim::Vector { replica, .. }
                    | Claim::Digest { replica, .. }
                    | Claim::Decisions { replica, .. }
                    | Claim::Notices { replica, .. }
                    | Claim::State { replica, .. }
                    | Claim::Failed { replica, .. } => smallvec![replica],
                }
            }
        };
        let at: SmallVec<[u32; 2]> = names.into_iter().filter_map(replica).collect();
        if let (Event::Send { message, .. }, Some(sender)) = (&line.event, at.first()) {
            self.messages.entry(message.clone()).or_insert((*sender, number));
        }
        let object = match &line.event {
            Event::Op(op) => Some(&op.object),
            Event::Load { object, .. } => Some(object),
            Event::Claim(Claim::Read { object, .. } | Claim::State { object, .. }) => Some(object),
            _ => None,
        };
        let object = object.and_then(|name| self.objects.get(name)).copied().unwrap_or(ALL);
        self.steps.push(Step { at, after, kind, object });
    }

    /// The claim's causal past, and those of other lines; with the claim and those lines.
    fn causal_past(&self, claim: u32, others: &[u32]) -> HashSet<u32> {
        let asked: HashSet<u32> = others.iter().copied().chain([claim]).collect();
        let mut kept = HashSet::new();
        // Up to which line a replica's acts are kept.
        let mut until = vec![0; self.replicas.len()];
        for line in (2..=claim).rev() {
            let step = self.step(line);
            let is_asked = asked.contains(&line);
            let is_past = match step.kind {
                Kind::Happens | Kind::Loads => step.at.iter().any(|at| until[*at as usize] >= line),
                Kind::Claims | Kind::Nothing => false,
            };
            if is_asked || is_past {
                kept.insert(line);
                for (replica, line) in
                    step.at.iter().map(|at| (*at, line)).chain(step.after.clone())
                {
                    let until = &mut until[replica as usize];
                    *until = (*until).max(line);
                }
            }
        }
        self.with_loads(kept)
    }

    /// Every line up to the claim.
    fn everything(&self, claim: u32) -> HashSet<u32> {
        self.with_loads((2..=claim).collect())
    }

    /// An object that is loaded anywhere is judged as states everywhere, so one load of each stays.
    fn with_loads(&self, mut kept: HashSet<u32>) -> HashSet<u32> {
        let known: HashSet<&Name> = kept.iter().filter_map(|line| self.loaded.get(line)).collect();
        let missing = self.loads.iter().filter(|(object, _)| !known.contains(object));
        let missing: Vec<u32> = missing.map(|(_, line)| *line).collect();
        kept.extend(missing);
        kept
    }
}
