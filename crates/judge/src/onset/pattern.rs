//! What the windows that end with a wrong answer have in common, and what those have not that end well.

use super::Aspect;
use super::acts::{self, Act};
use super::differences::Found;
use crate::past::Past;
use crate::past::history::{Effect, OpId, Seen};
use crate::wording::plural;
use crate::{DifferenceKind, Pattern};
use hashbrown::{HashMap, HashSet};
use rejoin::object::TraceType;
use rejoin_trace::Stamps;
use std::collections::{BTreeMap, BTreeSet};

/// Windows that a pattern lists, and windows that ended well that it is held against.
const MOST_WINDOWS: usize = 40;
const MOST_RIGHT: usize = 2_000;

/// Facts that a pattern states.
const MOST_FACTS: usize = 16;

/// What can be true of any window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Fact {
    /// It is at this replica.
    At(u32),
    /// Something came from this replica.
    From(u32),
    /// The replica itself did something on the object.
    Own,
    /// Nothing happened to the object.
    Nothing,
}

/// A window that ends with a claim that is the first to be wrong in something.
#[derive(Debug)]
pub struct Window {
    aspect: Aspect,
    before: u32,
    line: u32,
    what: String,
    acts: String,
    facts: BTreeSet<Fact>,
    /// What is true of it beside, each a sentence's end.
    said: BTreeSet<String>,
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
        before: (u32, &Seen),
        new: &[&Found],
        inherited: &HashSet<(DifferenceKind, String)>,
        acts: &[Act],
    ) -> Self {
        let mut counts = BTreeMap::new();
        let mut said = BTreeSet::new();
        let own: Vec<&&Found> =
            new.iter().filter(|found| !inherited.contains(&found.name())).collect();
        for found in &own {
            if let Some(what) = relation(past, aspect.replica, found) {
                *counts.entry(what).or_default() += 1;
            }
            said.extend(acts.iter().flat_map(|act| on_it(past, act, found)));
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
        Self {
            aspect,
            before: before.0,
            line: past.line,
            what,
            acts: brief(past, acts, new),
            facts: facts(past, aspect.replica, acts),
            said,
            things: new.len() as u64,
            counts,
            lags: lags(past, aspect, before.1, &own, acts),
        }
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

/// What an act did on what is wrong.
fn on_it(past: &Past, act: &Act, found: &Found) -> Vec<String> {
    let history = &past.history;
    let mut said = Vec::new();
    for op in &act.ops {
        let of = &history.ops[*op as usize];
        let is_it = match found.key {
            Some(key) => of.key == key,
            None => found.certain_op() == Some(*op),
        };
        if !is_it {
            continue;
        }
        let what = match of.effect {
            Effect::Increment(_) | Effect::Decrement(_) | Effect::Performed(_) => continue,
            Effect::Added => "an addition",
            Effect::Removed => "a removal",
            Effect::Wrote { .. } => "a write",
        };
        let of = match found.kind {
            DifferenceKind::Missing => "of what is missing",
            DifferenceKind::Extra => "of what is extra",
            DifferenceKind::Other => "of what is wrong",
        };
        let concurrent = match (of_removal(past, *op, found), found.kind) {
            (Some(false), DifferenceKind::Missing) => {
                " that had not seen the addition which holds it"
            }
            _ => "",
        };
        said.push(match act.how {
            None => format!("the replica itself did {what} {of}{concurrent}"),
            Some(_) => format!("{what} {of} came{concurrent}"),
        });
    }
    said
}

/// Whether a removal had seen the addition that decides.
fn of_removal(past: &Past, op: OpId, found: &Found) -> Option<bool> {
    let is = |op: OpId, effect| past.history.ops[op as usize].effect == effect;
    let decides = found.op.filter(|of| is(*of, Effect::Added) && is(op, Effect::Removed))?;
    Some(past.history.sees(op, decides))
}

fn facts(past: &Past, replica: u32, acts: &[Act]) -> BTreeSet<Fact> {
    let mut facts = BTreeSet::from([Fact::At(replica)]);
    for act in acts {
        facts.extend(act.source(past).map(Fact::From));
        if act.how.is_none() {
            facts.insert(Fact::Own);
        }
    }
    if acts.is_empty() {
        facts.insert(Fact::Nothing);
    }
    facts
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

/// What the findings on each object have in common.
pub fn patterns(
    past: &Past,
    windows: &[Window],
    right: &[(Aspect, u32, u32)],
    found: &HashMap<Option<u32>, u64>,
) -> Vec<Pattern> {
    let again: HashMap<(Aspect, u32), u32> =
        right.iter().map(|(aspect, before, line)| ((*aspect, *before), *line)).collect();
    let mut by_object: BTreeMap<(Option<u32>, u8), Vec<&Window>> = BTreeMap::new();
    for window in windows {
        let kind = window.aspect.kind as u8;
        by_object.entry((window.aspect.object, kind)).or_default().push(window);
    }
    let mut patterns = Vec::new();
    for ((object, kind), windows) in by_object {
        let of = |(aspect, ..): &&(Aspect, u32, u32)| {
            aspect.object == object && aspect.kind as u8 == kind
        };
        let mut counted: BTreeMap<Fact, u64> = BTreeMap::new();
        let mut well = 0;
        for (aspect, before, line) in right.iter().filter(of).take(MOST_RIGHT) {
            let (acts, _) = acts::between(past, aspect.replica, object, (*before, *line));
            for fact in facts(past, aspect.replica, &acts) {
                *counted.entry(fact).or_default() += 1;
            }
            well += 1;
        }
        patterns.push(Pattern {
            object: object.map(|object| past.history.objects[object as usize].name.to_string()),
            findings: found.get(&object).copied().unwrap_or_default(),
            windows: windows.len() as u64,
            entries: windows
                .iter()
                .take(MOST_WINDOWS)
                .map(|window| window.sentence(past, again.get(&(window.aspect, window.line))))
                .collect(),
            facts: {
                let mut facts = match windows.len() {
                    1 => Vec::new(),
                    _ => common(past, &windows, &counted, well),
                };
                let first = windows.iter().map(|window| window.line).min().unwrap_or(0);
                let later = right.iter().filter(of).filter(|(.., line)| *line > first).count();
                let later = plural(later as u64, "claim");
                facts.push(format!("after the first, on line {first}, {later} on it hold"));
                facts
            },
        });
    }
    patterns
}

fn common(past: &Past, windows: &[&Window], right: &BTreeMap<Fact, u64>, well: u64) -> Vec<String> {
    let all = windows.len() as u64;
    let mut facts: BTreeMap<Fact, u64> = BTreeMap::new();
    let mut said: BTreeMap<&str, u64> = BTreeMap::new();
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for window in windows {
        window.facts.iter().for_each(|fact| *facts.entry(*fact).or_default() += 1);
        window.said.iter().for_each(|text| *said.entry(text).or_default() += 1);
        window.counts.iter().for_each(|(text, n)| *counts.entry(text).or_default() += n);
    }
    let mut stated: Vec<(u64, String)> = said
        .into_iter()
        .map(|(text, times)| (times, format!("in {times} of {all}, {text}")))
        .collect();
    stated.retain(|(times, _)| times * 2 >= all);
    let known: BTreeSet<Fact> = facts.keys().chain(right.keys()).copied().collect();
    for fact in known {
        let times = facts.get(&fact).copied().unwrap_or(0);
        let before = right.get(&fact).copied().unwrap_or(0);
        // What is as frequent where it went well says nothing.
        if well > 0 && (times * well).abs_diff(before * all) * 4 < all * well {
            continue;
        }
        let what = match fact {
            Fact::At(replica) => format!("at {}", past.replica_shown(replica)),
            Fact::From(replica) => format!("something came from {}", past.replica_shown(replica)),
            Fact::Own => "the replica itself did something to it".into(),
            Fact::Nothing => "nothing happened to it".into(),
        };
        let where_well = match well {
            0 => String::new(),
            well => format!("; in {before} of the {well} windows that end well"),
        };
        stated.push((times, format!("in {times} of {all}, {what}{where_well}")));
    }
    stated.sort_by_key(|(times, _)| std::cmp::Reverse(*times));
    let mut texts: Vec<String> =
        stated.into_iter().map(|(_, text)| text).take(MOST_FACTS).collect();
    let things: u64 = windows.iter().map(|window| window.things).sum();
    texts.extend(
        counts.iter().map(|(text, n)| format!("of {} {n}: {text}", plural(things, "wrong thing"))),
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
