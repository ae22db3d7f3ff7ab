//! Why replicas that are claimed to be equal are not: in what they differ, which of them lacks what, and where that
//! did not get on.
//!
//! Meaning: replicas differ because one lacks an operation that another has seen. So each difference names the last
//! such operation, and the table below it what the receptions of the one that lacks it could have brought.
//! Cost: the values of the objects that differ, and the operations on what differs in them, as far as the steps that
//! [`of`] is given suffice; a bounded number of rows.

use super::acts;
use crate::answer::values::Amount;
use crate::claim::decisions_on;
use crate::past::Past;
use crate::past::history::{How, OpId, Seen};
use crate::wording::{plural, shown};
use crate::{Difference, DifferenceKind, Merge, Onset};
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeMap;

/// Differences that are listed, and replicas that are held against the first and named.
const MOST_DIFFERENCES: usize = 12;
const MOST_REPLICAS: usize = 16;

/// Operations of which is said where they did not get on, and rows for each.
const MOST_OPS: usize = 3;
const MOST_ROWS: usize = 10;

/// Messages that nobody received which are looked at for an operation.
const MOST_MESSAGES: usize = 1_000;

/// What is to be said of a claim that replicas are equal, which they are not.
#[derive(Debug)]
pub struct Divergence {
    pub differences: Vec<Difference>,
    pub more: u64,
    pub onset: Onset,
    /// The steps that it took.
    pub steps: u64,
}

/// Holds each replica against the first. `before` is the last such claim on the same replicas, and whether it held. Looks
/// no further once it took more than so many steps.
pub fn of(past: &Past, replicas: &[u32], before: Option<(u32, bool)>, most: u64) -> Divergence {
    let (differences, lacking) = (Vec::new(), Vec::new());
    let mut found = Found { past, differences, more: 0, lacking, steps: 0, most };
    if let Some((first, others)) = replicas.split_first() {
        for other in others.iter().take(MOST_REPLICAS) {
            found.pair(*first, *other);
        }
    }
    let Found { differences, more, mut lacking, mut steps, .. } = found;
    let mut known = HashSet::new();
    lacking.retain(|of| known.insert(*of));
    let mut receptions: BTreeMap<u32, Vec<(u32, How)>> = BTreeMap::new();
    for (replica, _) in lacking.iter().filter(|_| steps < most) {
        receptions.entry(*replica).or_insert_with(|| acts::receptions(past, *replica));
    }
    steps += receptions.values().map(|of| of.len() as u64).sum::<u64>();
    let window = window(past, replicas, before, &receptions);
    let mut merges = Vec::new();
    for of in lacking.iter().take(MOST_OPS) {
        if let Some(receptions) = receptions.get(&of.0) {
            merges.extend(ways(past, *of, receptions, &mut steps));
        }
    }
    let onset = Onset {
        before: before.map(|(line, _)| line.into()),
        held: before.is_some_and(|(_, held)| held),
        line: past.line.into(),
        window,
        merges,
        lost: Vec::new(),
        warnings: Vec::new(),
    };
    Divergence { differences, more, onset, steps }
}

struct Found<'a> {
    past: &'a Past,
    differences: Vec<Difference>,
    more: u64,
    /// Which replica lacks what.
    lacking: Vec<(u32, OpId)>,
    /// The steps that were taken, and how many may be.
    steps: u64,
    most: u64,
}

impl Found<'_> {
    fn pair(&mut self, a: u32, b: u32) {
        let past = self.past;
        let history = &past.history;
        let (seen_by_a, seen_by_b) = (past.seen(a).laid_flat(), past.seen(b).laid_flat());
        self.steps += history.lanes.len() as u64;
        for object in history.differing_objects(&seen_by_a, &seen_by_b) {
            let of = &history.objects[object as usize];
            if past.loaded[object as usize] || past.orders_by_itself(of.kind) {
                continue;
            }
            if self.steps > self.most {
                return;
            }
            self.steps += 1 + of.keys.len() as u64 + of.lanes.len() as u64;
            let [at_a, at_b] = [&seen_by_a, &seen_by_b].map(|seen| history.amount(object, seen));
            if at_a == at_b {
                continue;
            }
            parts(&at_a, &at_b, |key, values| {
                self.difference(object, key, (a, &seen_by_a), (b, &seen_by_b), &values);
            });
        }
    }

    /// One thing in which two replicas differ.
    fn difference(
        &mut self,
        object: u32,
        key: Option<&str>,
        (a, seen_by_a): (u32, &Seen),
        (b, seen_by_b): (u32, &Seen),
        values: &[String; 2],
    ) {
        if self.differences.len() == MOST_DIFFERENCES || self.steps > self.most {
            self.more += 1;
            return;
        }
        let past = self.past;
        let [x, y] = [a, b].map(|replica| past.replica_shown(replica));
        let of = past.object_shown(object);
        let what = match key {
            Some(key) => format!("{} of {of}", shown(key)),
            None => of,
        };
        let what = format!("{what} is {} at {x} and {} at {y}", values[0], values[1]);
        let number = key.and_then(|key| past.history.find_key(object, key));
        let mut text = what.clone();
        for (who, without, seen, other) in
            [(b, &y, seen_by_a, seen_by_b), (a, &x, seen_by_b, seen_by_a)]
        {
            let mut ops = match number {
                Some(number) => decisions_on(past, number),
                None => past.history.members(seen, Some(object)),
            };
            self.steps += ops.len() as u64;
            ops.retain(|op| past.history.contains(seen, *op) && !past.history.contains(other, *op));
            let Some(last) = ops.iter().copied().max() else { continue };
            self.lacking.push((who, last));
            let of = match ops.len() {
                1 => String::new(),
                many => format!(" {many} operations on it, the last of them"),
            };
            text += &format!("; {without} lacks{of}: {}", past.performed(last));
        }
        self.differences.push(Difference { kind: DifferenceKind::Other, what, is_new: true, text });
    }
}

/// In which parts two values differ: calls `found` with the name of each, where it has one, and what it
/// is in both.
fn parts(a: &Amount<'_>, b: &Amount<'_>, mut found: impl FnMut(Option<&str>, [String; 2])) {
    let [Some(of_a), Some(of_b)] = [a, b].map(members) else {
        return found(None, [shown(&a.text()), shown(&b.text())]);
    };
    // Of two sorted lists; nothing is made of what is the same in both, which may be very much.
    let (mut of_a, mut of_b) = (of_a.into_iter().peekable(), of_b.into_iter().peekable());
    loop {
        let (name, both) = match (of_a.peek(), of_b.peek()) {
            (None, None) => return,
            (Some((a, _)), Some((b, _))) if a == b => {
                let name = *a;
                (name, [of_a.next(), of_b.next()])
            }
            (Some((a, _)), Some((b, _))) if b < a => (*b, [None, of_b.next()]),
            (None, Some((b, _))) => (*b, [None, of_b.next()]),
            (Some((a, _)), _) => (*a, [of_a.next(), None]),
        };
        let [of_a, of_b] = both.map(|of| of.map(|(_, part)| part));
        if of_a != of_b {
            found(Some(name), [of_a, of_b].map(|of| of.map_or("absent".into(), Part::said)));
        }
    }
}

/// What a value has under one name.
#[derive(PartialEq)]
enum Part<'a> {
    Present,
    Value(&'a str),
    Siblings(&'a Vec<&'a str>),
}

impl Part<'_> {
    fn said(self) -> String {
        match self {
            Self::Present => "present".into(),
            Self::Value(value) => shown(value),
            Self::Siblings(values) => shown(&Amount::Siblings(values.clone()).text()),
        }
    }
}

/// The elements or keys of a value, sorted.
fn members<'a>(amount: &'a Amount<'_>) -> Option<Vec<(&'a str, Part<'a>)>> {
    let mut members: Vec<(&str, Part)> = match amount {
        Amount::Elements(elements) => elements.iter().map(|name| (*name, Part::Present)).collect(),
        Amount::Values(values) => {
            values.iter().map(|(name, value)| (*name, Part::Value(value))).collect()
        }
        Amount::Contested(values) => {
            values.iter().map(|(name, of)| (*name, Part::Siblings(of))).collect()
        }
        _ => return None,
    };
    members.sort_unstable_by_key(|(name, _)| *name);
    Some(members)
}

/// Since when, and what each replica that lacks something received last.
fn window(
    past: &Past,
    replicas: &[u32],
    before: Option<(u32, bool)>,
    receptions: &BTreeMap<u32, Vec<(u32, How)>>,
) -> Vec<String> {
    let named = &replicas[..replicas.len().min(MOST_REPLICAS)];
    let mut names: Vec<String> = named.iter().map(|of| past.replica_shown(*of)).collect();
    if replicas.len() > named.len() {
        names.push(format!("and {} more", replicas.len() - named.len()));
    }
    let names = names.join(", ");
    let line = past.line;
    let mut said = vec![match before {
        None => format!(
            "line {line} is the first claim that {names} are equal; what came to whom last:"
        ),
        Some((before, true)) => {
            format!(
                "{names} were equal on line {before}, and are not on line {line}; what came to whom last:"
            )
        }
        Some((before, false)) => {
            format!("{names} were not equal on line {before} either; what came to whom last:")
        }
    }];
    for (replica, receptions) in receptions {
        let who = past.replica_shown(*replica);
        let mut last: HashMap<u32, (u32, How)> = HashMap::new();
        let mut restored = 0;
        for (line, how) in receptions {
            match source(past, *how) {
                Some(from) => drop(last.insert(from, (*line, *how))),
                None => restored = *line,
            }
        }
        for from in named.iter().filter(|from| *from != replica) {
            let gave = past.replica_shown(*from);
            said.push(match last.get(from) {
                Some((line, how)) => {
                    // What came before that may be gone.
                    let then = match restored > *line {
                        true => format!(", before it went back to a backup on line {restored}"),
                        false => String::new(),
                    };
                    let came = acts::came(past, *how);
                    format!("line {line}: {came} is the last that {who} got of {gave}{then}")
                }
                None => format!("{who} has received nothing of {gave} itself"),
            });
        }
    }
    said
}

/// The replica that something came from.
fn source(past: &Past, how: How) -> Option<u32> {
    match how {
        How::Received(message) => Some(past.messages[message as usize].sender),
        How::Merged(from) | How::Synced(from) => Some(from),
        How::Start | How::Restored(_) => None,
    }
}

/// What could have brought an operation to a replica that lacks it, a row each.
fn ways(
    past: &Past,
    (replica, op): (u32, OpId),
    receptions: &[(u32, How)],
    steps: &mut u64,
) -> Vec<Merge> {
    let history = &past.history;
    let who = past.replica_shown(replica);
    let since = history.ops[op as usize].line;
    let object = history.object_of(op);
    let row = |text: String, is_notable: bool| Merge { text, is_notable };
    let had = |who: u32, line: u32| history.contains(&history.seen_of(who, line, Some(object)), op);
    let mut rows = Vec::new();
    let receptions = &receptions[receptions.partition_point(|(line, _)| *line <= since)..];
    let skipped = receptions.len().saturating_sub(MOST_ROWS);
    for (line, how) in receptions.iter().copied().skip(skipped) {
        let came = acts::came(past, how);
        let Some(from) = source(past, how) else {
            rows.push(row(format!("line {line}: {came}"), true));
            continue;
        };
        let at = match how {
            How::Received(message) => past.messages[message as usize].line,
            _ => line - 1,
        };
        let gave = past.replica_shown(from);
        let is_message = matches!(how, How::Received(_));
        let (text, is_notable) = match (had(from, at), had(replica, line), is_message) {
            (true, true, _) => {
                let text = format!("{came}: {gave} had seen it, and {who} then had it as well");
                (text + ", and lost it by going back to a backup later", true)
            }
            (true, false, _) => {
                (format!("{came}: {gave} had seen it, and gave only a part of what it had"), true)
            }
            (false, _, false) => (format!("{came}: {gave} had not seen it"), false),
            (false, _, true) => {
                (format!("{came}, sent on line {at}: {gave} had not seen it then"), false)
            }
        };
        rows.push(row(format!("line {line}: {text}"), is_notable));
    }
    // Messages under way or lost that could have brought it, of the first that were sent after it.
    let from = past.messages.partition_point(|message| message.line <= since);
    let of_others = past.messages[from..].iter().filter(|message| message.sender != replica);
    let mut lost = 0;
    for message in of_others.filter(|message| !message.was_received()).take(MOST_MESSAGES) {
        *steps += 1;
        if had(message.sender, message.line) {
            lost += 1;
            let (gave, name) = (past.replica_shown(message.sender), shown(&message.name));
            rows.push(row(
                format!(
                    "line {}: {gave} sent message {name} after it; nobody received that",
                    message.line
                ),
                true,
            ));
        }
        if lost == MOST_ROWS {
            break;
        }
    }
    let performed = past.performed(op);
    let then = match receptions.is_empty() {
        true => format!("has received nothing since line {since}"),
        false => "received since then:".into(),
    };
    let more = match skipped {
        0 => String::new(),
        _ => format!(" (and {} before)", plural(skipped as u64, "other")),
    };
    let opening = row(format!("{who} lacks it: {performed}; {who} {then}{more}"), true);
    [opening].into_iter().chain(rows).collect()
}
