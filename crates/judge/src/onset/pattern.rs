//! What the windows that end with a wrong answer have in common, and what those have not that end well.

use super::Aspect;
use super::acts::{self, Act, Gift};
use super::differences::{Found, Name};
use super::facts::{Cases, Wrong};
use super::thing::Thing;
use crate::Pattern;
use crate::past::Past;
use crate::past::history::{OpId, Seen};
use crate::wording::plural;
use hashbrown::{HashMap, HashSet};
use rejoin::object::TraceType;
use rejoin_trace::Stamps;
use std::collections::BTreeMap;

/// Windows that a pattern lists, and windows that ended well that it is held against.
const MOST_WINDOWS: usize = 40;
const MOST_RIGHT: usize = 2_000;
const MOST_WRONG: usize = 400;

/// The most elementary steps that a search for what false claims have in common takes.
const STEPS: u64 = 40_000_000;

/// A window that ends with a claim that is the first to be wrong in something.
#[derive(Debug)]
pub struct Window {
    pub aspect: Aspect,
    before: u32,
    /// The last claim that was right in all.
    pub since: u32,
    pub line: u32,
    what: String,
    acts: String,
    /// Whether the claim before was right, if there was one.
    is_clean: bool,
    /// What it is wrong in.
    wrong: BTreeMap<Thing, Wrong>,
    /// How many things are wrong first, and how many of them in what way, each a sentence's end.
    things: u64,
    counts: BTreeMap<String, u64>,
    /// Of the log entries that came in it: how much older each was than the newest one known, and
    /// whether it is missing.
    lags: Vec<(u64, bool)>,
}

impl Window {
    /// The window of a claim that is wrong in these things first. Things that were wrong already where they came
    /// from say nothing of why.
    pub fn of(
        past: &Past,
        aspect: Aspect,
        (before, held): ((u32, &Seen), bool),
        (new, old): (&[&Found], &[&Found]),
        inherited: &HashSet<Name>,
        acts: &[Act],
    ) -> Self {
        let mut counts = BTreeMap::new();
        let own: Vec<&&Found> =
            new.iter().filter(|found| !inherited.contains(&found.name())).collect();
        for found in &own {
            if let Some(what) = relation(past, aspect.replica, found) {
                *counts.entry(what).or_default() += 1;
            }
        }
        if new.len() > own.len() {
            let count = (new.len() - own.len()) as u64;
            counts.insert("wrong already at a replica that something came from".into(), count);
        }
        let listed: Vec<String> = new.iter().take(3).map(|found| found.short()).collect();
        let mut what = listed.join(", ");
        if new.len() > 3 {
            what += &format!(" and {} more", new.len() - 3);
        }
        let is_clean = before.0 == 0 || held;
        let mut wrong = BTreeMap::new();
        for found in old.iter().chain(new) {
            let is_new = own.iter().any(|of| std::ptr::eq(**of, *found));
            let thing = Thing::found(past, aspect.object, found);
            wrong.insert(thing, Wrong { is_new, claimed: found.claimed, by: found.by });
        }
        if wrong.is_empty() {
            wrong.insert(Thing::Whole, Wrong { is_new: true, ..Wrong::default() });
        }
        Self {
            aspect,
            before: before.0,
            since: before.0,
            line: past.line,
            what,
            acts: brief(past, acts, new),
            is_clean,
            wrong,
            things: new.len() as u64,
            counts,
            lags: lags(past, aspect, before.1, &own, acts),
        }
    }

    /// The same, of which the last claim that was right is on this line.
    pub fn since(self, line: u32) -> Self {
        Self { since: line.min(self.before), ..self }
    }

    fn sentence(&self, past: &Past, again: Option<&u32>) -> String {
        let who = past.replica_shown(self.aspect.replica);
        let from = match self.before {
            0 => "before".into(),
            before => format!("between line {before} and"),
        };
        let what = if self.what.is_empty() { String::new() } else { format!(": {}", self.what) };
        let again = match again {
            Some(line) => format!("; right again on line {line}"),
            None => String::new(),
        };
        format!("at {who} {from} line {}{what}; {}{again}", self.line, self.acts)
    }
}

/// The operation that decides, beside the one whose value was answered.
fn relation(past: &Past, replica: u32, found: &Found) -> Option<String> {
    if let (Some(op), Some(beside)) = (found.op, found.beside) {
        let is_tie = past.history.stamp(op).0 == past.history.stamp(beside).0;
        return Some(match is_tie {
            true => "in the wrong order with an entry of the same timestamp".into(),
            false => "in the wrong order with an entry of another timestamp".into(),
        });
    }
    let (op, claimed) = (found.op?, found.certain_claimed()?);
    let [right, wrong] = [op, claimed].map(|op| past.history.stamp(op));
    let kind = past.history.objects[past.history.object_of(op) as usize].kind;
    if !past.history.contains(past.history.seen(replica), claimed) {
        return Some("answered with a value that has not come yet".into());
    }
    if !kind.is_stamped() {
        return None;
    }
    Some(match wrong.0.cmp(&right.0) {
        std::cmp::Ordering::Less => {
            "answered with a value of a lower timestamp than the right one".into()
        }
        std::cmp::Ordering::Equal => {
            let by = if wrong.1 == right.1 { "seq" } else { "the origin's name" };
            format!(
                "answered with a value of the same timestamp as the right one, where {by} decides"
            )
        }
        std::cmp::Ordering::Greater => "answered with a value of a higher timestamp".into(),
    })
}

/// What happened, in one line: above all on what is wrong.
fn brief(past: &Past, acts: &[Act], new: &[&Found]) -> String {
    const MOST: usize = 6;
    let keys: HashSet<u32> = new.iter().filter_map(|found| found.key).collect();
    let ops: HashSet<OpId> = new.iter().filter_map(|found| found.certain_op()).collect();
    let is_on = |op: &OpId| ops.contains(op) || keys.contains(&past.history.ops[*op as usize].key);
    let on: Vec<&Act> = acts.iter().filter(|act| act.ops.iter().any(is_on)).collect();
    let all: Vec<&Act> = acts.iter().collect();
    let of = plural(acts.len() as u64, "event");
    let (listed, how) = match (acts.len(), on.len()) {
        (0, _) => return "in between nothing happened to it".into(),
        (1..=MOST, 0) => (&all[..], "in between ".into()),
        (_, 0) => (&all[all.len() - MOST..], format!("in between {of}, the last of them ")),
        (_, 1..=MOST) => (&on[..], format!("of {of} in between, on what is wrong ")),
        _ => (&on[on.len() - MOST..], format!("of {of} in between, the last on what is wrong ")),
    };
    let listed = listed.iter().map(|act| match act.how {
        None => format!("an own operation (line {})", act.line),
        Some(how) => format!("{} (line {})", acts::came(past, how), act.line),
    });
    how + &listed.collect::<Vec<_>>().join(", ")
}

/// How much older than the newest known each log entry was that came.
fn lags(
    past: &Past,
    aspect: Aspect,
    before: &Seen,
    new: &[&&Found],
    acts: &[Act],
) -> Vec<(u64, bool)> {
    let history = &past.history;
    let Some(object) = aspect.object.filter(|object| {
        history.objects[*object as usize].kind == TraceType::Log
            && past.stamps == Stamps::Explicit
            && !past.loaded[*object as usize]
    }) else {
        return Vec::new();
    };
    // Of equal entries it is not known which one is missing.
    if new.iter().any(|found| found.op != found.certain_op()) {
        return Vec::new();
    }
    let time = |op: &OpId| history.stamp(*op).0.parts()[0];
    let missing: HashSet<OpId> = new.iter().filter_map(|found| found.certain_op()).collect();
    let mut newest = history.members(before, Some(object)).iter().map(time).max().unwrap_or(0);
    let mut lags = Vec::new();
    for act in acts {
        // What somebody else passed on may have been lost before.
        let straight =
            act.ops.iter().filter(|op| act.source(past) == Some(history.replica_of(**op)));
        lags.extend(straight.map(|op| (newest.saturating_sub(time(op)), missing.contains(op))));
        newest = act.ops.iter().map(time).max().unwrap_or(0).max(newest);
    }
    lags
}

/// A claim that holds: where, the line of the claim before, whether that was right, and its own line.
pub type Right = (Aspect, u32, bool, u32);

/// The windows of an object that went wrong, and the claims on it that hold.
type Both<'a> = (Vec<&'a Window>, Vec<&'a Right>);

/// What the findings on each object have in common.
pub fn patterns(
    past: &Past,
    windows: &[Window],
    right: &[Right],
    found: &HashMap<Option<u32>, u64>,
) -> Vec<Pattern> {
    let again: HashMap<(Aspect, u32), u32> =
        right.iter().map(|(aspect, before, _, line)| ((*aspect, *before), *line)).collect();
    let mut by_object: BTreeMap<(Option<u32>, u8), Both<'_>> = BTreeMap::new();
    for window in windows {
        let kind = window.aspect.kind as u8;
        by_object.entry((window.aspect.object, kind)).or_default().0.push(window);
    }
    for of in right {
        if let Some((_, right)) = by_object.get_mut(&(of.0.object, of.0.kind as u8)) {
            right.push(of);
        }
    }
    let mut steps = STEPS;
    let mut objects = by_object.len() as u64;
    let mut patterns = Vec::new();
    let gifts = if by_object.is_empty() { Vec::new() } else { acts::gifts(past) };
    for ((object, _), (windows, right)) in by_object {
        let mut facts = match object.is_some_and(|object| past.loaded[object as usize]) {
            true => Vec::new(),
            false => {
                let share = steps / objects;
                let (facts, left) = separating(past, (object, &gifts), &windows, &right, share);
                steps -= share - left;
                facts
            }
        };
        objects -= 1;
        facts.extend(common(&windows));
        let first = windows.iter().map(|window| window.line).min().unwrap_or(0);
        let later = right.iter().filter(|(.., line)| *line > first).count();
        let later = plural(later as u64, "claim");
        facts.push(format!("after the first, on line {first}, {later} on it hold"));
        patterns.push(Pattern {
            object: object.map(|object| past.history.objects[object as usize].name.to_string()),
            findings: found.get(&object).copied().unwrap_or_default(),
            windows: windows.len() as u64,
            entries: windows
                .iter()
                .take(MOST_WINDOWS)
                .map(|window| window.sentence(past, again.get(&(window.aspect, window.line))))
                .collect(),
            facts,
            account: Vec::new(),
        });
    }
    patterns
}

/// The facts that separate the windows of an object that went wrong from those that came out right, and the
/// steps that are left.
fn separating(
    past: &Past,
    (object, gifts): (Option<u32>, &[Vec<Gift>]),
    windows: &[&Window],
    right: &[&Right],
    steps: u64,
) -> (Vec<String>, u64) {
    let mut cases = Cases::new(past, object, gifts, steps / 2);
    for window in windows.iter().take(MOST_WRONG) {
        let between = (window.before, window.line);
        cases.window(window.aspect, between, window.is_clean, &window.wrong);
    }
    cases.grant(steps / 2);
    let every = right.len().div_ceil(MOST_RIGHT).max(1);
    for (aspect, before, held, line) in right.iter().step_by(every) {
        let is_clean = *before == 0 || *held;
        cases.window(*aspect, (*before, *line), is_clean, &BTreeMap::new());
    }
    (cases.sentences(), cases.left())
}

/// How what is claimed relates to what is right, and how old missing log entries were when they came.
fn common(windows: &[&Window]) -> Vec<String> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for window in windows {
        window.counts.iter().for_each(|(text, n)| *counts.entry(text).or_default() += n);
    }
    let mut texts = Vec::new();
    let things: u64 = windows.iter().map(|window| window.things).sum();
    // What is so of few says nothing of why.
    texts.extend(
        counts
            .iter()
            .filter(|(_, n)| **n * 2 >= things)
            .map(|(text, n)| format!("of {} {n}: {text}", plural(things, "wrong thing"))),
    );
    let lags = |is_missing: bool| {
        let all = windows.iter().flat_map(|window| &window.lags);
        let mut lags: Vec<u64> =
            all.filter(|(_, missing)| *missing == is_missing).map(|(lag, _)| *lag).collect();
        lags.sort_unstable();
        lags
    };
    let range = |lags: &[u64]| match lags {
        [] => "0 entries".into(),
        [only] => format!("1 entry {only}"),
        [first, .., last] => format!("{} entries {first} to {last}", lags.len()),
    };
    let (missing, there) = (lags(true), lags(false));
    // Where the others came as late, age explains nothing.
    if let Some(least) = missing.first().filter(|least| **least > 0) {
        let below = there.iter().filter(|lag| *lag < least).count();
        if below * 4 >= there.len() * 3 {
            texts.push(format!(
                "of the entries that came straight from their writer, missing are {} older than the \
                 newest entry known then; of those that are there, {below} of {} were less than \
                 {least} older",
                range(&missing),
                there.len()
            ));
        }
    }
    texts
}
