//! In what an answer differs from the right one.

use crate::DifferenceKind::{self, Extra, Missing, Other};
use crate::answer::values::{Amount, quoted};
use crate::claim::{NoticeKey, all_notices, claimed_notices, decisions_on};
use crate::past::Past;
use crate::past::history::{Effect, History, OpId, Seen};
use crate::wording::shown;
use hashbrown::{HashMap, HashSet};
use rejoin::json::Json;
use rejoin::object::TraceType;
use rejoin_trace::{Claim, Stamps};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// Lines of equal operations that are named.
const MOST_NAMED: usize = 12;

/// What a difference is known by: the hash of what differs, which may be long and is kept for later claims.
pub type Name = (DifferenceKind, blake3::Hash);

/// One thing in which an answer differs.
#[derive(Debug)]
pub struct Found {
    pub kind: DifferenceKind,
    /// The element or entry as JSON; otherwise what is claimed and what is right, in words.
    pub what: String,
    /// The element or key, by its number.
    pub key: Option<u32>,
    /// The operation that decides what is right.
    pub op: Option<OpId>,
    /// All that it may be, where the answer does not say which of equal ones is meant.
    equal: Rc<[OpId]>,
    /// The write whose value is claimed, where another one is right.
    pub claimed: Option<OpId>,
    /// All writes of that value.
    writes: Vec<OpId>,
    /// By how much a count is wrong; below 0 where it is too little.
    pub by: i128,
    /// Of an entry in the wrong place: the entry that it stands after or before.
    pub beside: Option<OpId>,
    /// What else is to be said of it; of what has that, an earlier claim says nothing.
    note: String,
}

impl Found {
    fn new(kind: DifferenceKind, what: String, key: Option<u32>, op: Option<OpId>) -> Self {
        Self {
            kind,
            what,
            key,
            op,
            equal: Rc::default(),
            claimed: None,
            writes: Vec::new(),
            by: 0,
            beside: None,
            note: String::new(),
        }
    }

    /// The operation that decides, if it is known which one is meant.
    pub fn certain_op(&self) -> Option<OpId> {
        self.op.filter(|_| self.equal.len() < 2)
    }

    /// The write whose value is claimed, if no other one wrote it.
    pub fn certain_claimed(&self) -> Option<OpId> {
        self.claimed.filter(|_| self.writes.len() < 2)
    }

    /// What it is known by from claim to claim.
    pub fn name(&self) -> Name {
        (self.kind, blake3::hash(self.what.as_bytes()))
    }

    /// In a few words.
    pub fn short(&self) -> String {
        match self.kind {
            Missing => format!("missing {}", shown(&self.what)),
            Extra => format!("extra {}", shown(&self.what)),
            Other => self.what.clone(),
        }
    }

    /// With the operation that decides, how it came, and how it was at the claim before.
    pub fn sentence(
        &self,
        past: &Past,
        replica: u32,
        before: Option<((u32, bool), &Seen)>,
    ) -> String {
        let mut text = self.short();
        match self.op {
            Some(_) if self.equal.len() > 1 => {
                let lines = lines(past, &self.equal);
                text += &match self.key {
                    None => format!(": one of {} equal entries, of {lines}", self.equal.len()),
                    Some(_) => format!(": {} additions hold it, of {lines}", self.equal.len()),
                };
            }
            Some(op) => text += &format!(": {}; {}", past.performed(op), past.arrival(replica, op)),
            None if self.kind == Extra => text += ": never done by anyone",
            None => {}
        }
        if let Some(claimed) = self.claimed {
            let is_seen = past.history.contains(past.history.seen(replica), claimed);
            text += &match self.writes.len() {
                0 | 1 => format!("; the answer is that of: {}", past.performed(claimed)),
                many => {
                    let lines = lines(past, &self.writes);
                    format!("; the answer is that of one of {many} writes, of {lines}")
                }
            };
            text += match is_seen {
                true => "",
                false => ", which has not come",
            };
        }
        if let Some(beside) = self.beside {
            text += &format!("; the entry next to it: {}", past.performed(beside));
        }
        if !self.note.is_empty() {
            return text + "; " + &self.note;
        }
        let (Some(((line, _), seen)), Some(op)) = (before, self.certain_op()) else { return text };
        if line > 0 && self.kind != Other {
            let was = past.history.contains(seen, op);
            text += &match (self.kind, was) {
                (Missing, true) => format!("; on line {line} it was still there"),
                (Missing, false) => format!("; it came after line {line}"),
                (_, true) => format!("; on line {line} it was rightly absent"),
                (_, false) => format!("; that came after line {line}"),
            };
        }
        text
    }
}

/// All things in which a claim differs, where these can be named.
pub fn of(past: &Past, claim: &Claim, replica: u32, object: Option<u32>) -> Vec<Found> {
    if let Claim::Notices { user, notices, .. } = claim {
        return of_notices(past, replica, user, notices);
    }
    let (Claim::Read { element, key, value, .. }, Some(object)) = (claim, object) else {
        return Vec::new();
    };
    let kind = past.history.objects[object as usize].kind;
    if past.loaded[object as usize] || past.orders_by_itself(kind) {
        return Vec::new();
    }
    let seen = past.seen(replica).laid_flat();
    let of = Of { past, object, kind, seen: &seen };
    if let Some(element) = element {
        let key = past.history.find_key(object, element);
        let has = key.is_some_and(|key| past.history.has(object, key, &seen));
        return vec![of.element(if has { Missing } else { Extra }, element)];
    }
    if let Some(key) = key {
        let right = past.history.member_text(object, key, &seen);
        return vec![of.other(key, Some(&value.canonical()), Some(&right))];
    }
    of.whole(value)
}

/// The notices that a user lacks, and those that the user has too much.
fn of_notices(past: &Past, replica: u32, user: &str, claimed: &Json) -> Vec<Found> {
    let Some(mut claimed) = claimed_notices(claimed) else { return Vec::new() };
    let seen = past.seen(replica).laid_flat();
    let right = all_notices(past, &seen, user);
    // With stamps of the implementation's own, several answers may be right.
    if right.iter().any(|(_, choices)| choices.len() > 1) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (of, choices) in right {
        let about = About::of(past, &of, &seen);
        let mut names: BTreeMap<(String, u64), u64> = BTreeMap::new();
        for name in claimed.remove(&of).unwrap_or_default() {
            *names.entry(name).or_default() += 1;
        }
        for op in &choices[0] {
            let name = past.name_of(*op);
            match names.get_mut(&name) {
                Some(count) if *count > 0 => *count -= 1,
                _ => found.push(about.notice(Missing, Some(*op), &name)),
            }
        }
        for (name, count) in names {
            found.extend((0..count).map(|_| about.notice(Extra, about.operation(&name), &name)));
        }
    }
    for (of, names) in claimed {
        let about = About::of(past, &of, &seen);
        let extra = names.iter();
        found.extend(extra.map(|name| about.notice(Extra, about.operation(name), name)));
    }
    found
}

/// What notices are about, and what was decided there: asked for once for all of them.
struct About<'a> {
    past: &'a Past,
    of: &'a NoticeKey,
    key: Option<u32>,
    /// What is kept, and the decisions that no other one saw, as far as there are any.
    decision: Option<(Option<OpId>, HashSet<OpId>)>,
    /// The decisions by their names.
    by_name: HashMap<(String, u64), OpId>,
}

impl<'a> About<'a> {
    fn of(past: &'a Past, of: &'a NoticeKey, seen: &Seen) -> Self {
        let history = &past.history;
        let number = past.find_object(&of.object);
        let key = number
            .and_then(|number| history.find_key(number, of.key.as_deref().unwrap_or_default()));
        let decision = key.zip(number).and_then(|(key, number)| {
            let (current, maximal) = history.decision(number, key, seen)?;
            let is_kept =
                |op: &&OpId| History::same_effect(history.ops[**op as usize].effect, current);
            Some((maximal.iter().find(is_kept).copied(), maximal.into_iter().collect()))
        });
        let decisions = key.map(|key| decisions_on(past, key)).unwrap_or_default();
        let by_name = decisions.into_iter().rev().map(|op| (past.name_of(op), op)).collect();
        Self { past, of, key, decision, by_name }
    }

    /// The first decision of this name.
    fn operation(&self, name: &(String, u64)) -> Option<OpId> {
        self.by_name.get(name).copied()
    }

    /// A notice that is missing or too much, with why.
    fn notice(
        &self,
        kind: DifferenceKind,
        op: Option<OpId>,
        (replica, seq): &(String, u64),
    ) -> Found {
        let Self { past, of, key, decision, .. } = self;
        let named = of.key.as_ref().map(|key| format!(r#""key":{},"#, quoted(key)));
        let what = format!(
            r#"{{"object":{},{}"replica":{},"seq":{seq}}}"#,
            quoted(&of.object),
            named.unwrap_or_default(),
            quoted(replica)
        );
        let note = match (kind, op, decision) {
            (Missing, _, Some((Some(kept), _))) => {
                format!("it is overruled, and what is kept is: {}", past.performed(*kept))
            }
            (Extra, Some(op), Some((kept, maximal))) => match kept {
                Some(kept) if *kept == op => "it is the one that is kept".into(),
                _ if !maximal.contains(&op) => {
                    "a later decision has seen it, or it has not come".into()
                }
                _ => "it is no overruled decision of that user".into(),
            },
            _ => "no decision of that name is overruled".into(),
        };
        Found { note, ..Found::new(kind, what, *key, op) }
    }
}

struct Of<'a> {
    past: &'a Past,
    object: u32,
    kind: TraceType,
    seen: &'a Seen,
}

impl Of<'_> {
    fn whole(&self, claimed: &Json) -> Vec<Found> {
        let history = &self.past.history;
        let canonical = || claimed.canonical();
        match (history.amount(self.object, self.seen), claimed) {
            (Amount::Count(right), _) => match canonical().parse::<i128>() {
                Ok(claimed) => {
                    let by = claimed.abs_diff(right);
                    let how = if claimed < right { "too little" } else { "too much" };
                    let found = Found::new(Other, format!("{by} {how}"), None, None);
                    vec![Found { by: claimed.saturating_sub(right), ..found }]
                }
                Err(_) => Vec::new(),
            },
            (Amount::Elements(right), Json::Array(items)) => {
                let right: HashSet<&str> = right.into_iter().collect();
                let claimed: HashSet<&str> = items.iter().filter_map(text).collect();
                let mut missing: Vec<&str> = right.difference(&claimed).copied().collect();
                let mut extra: Vec<&str> = claimed.difference(&right).copied().collect();
                missing.sort_unstable();
                extra.sort_unstable();
                let missing = missing.into_iter().map(|name| self.element(Missing, name));
                missing.chain(extra.into_iter().map(|name| self.element(Extra, name))).collect()
            }
            (Amount::Values(right), Json::Object(members)) => {
                let right: HashMap<&str, String> =
                    right.into_iter().map(|(key, value)| (key, value.to_string())).collect();
                self.members(&right, members)
            }
            (Amount::Contested(right), Json::Object(members)) => {
                let right: HashMap<&str, String> = right
                    .into_iter()
                    .map(|(key, values)| (key, Amount::Siblings(values).text()))
                    .collect();
                self.members(&right, members)
            }
            (Amount::Entries(_), Json::Array(items)) => self.entries(items),
            (
                Amount::Opaque | Amount::Elements(_) | Amount::Values(_) | Amount::Contested(_),
                _,
            )
            | (Amount::Entries(_), _) => Vec::new(),
            (right, _) => vec![self.other("", Some(&canonical()), Some(&right.text()))],
        }
    }

    /// An element of a set or a list.
    fn element(&self, kind: DifferenceKind, name: &str) -> Found {
        let history = &self.past.history;
        let key = history.find_key(self.object, name);
        let wanted = if kind == Missing { Effect::Added } else { Effect::Removed };
        let holders = match (kind, self.kind, key) {
            (Missing, TraceType::OrSet, Some(key)) => history.all_live(key, self.seen),
            _ => Vec::new(),
        };
        let op = key.and_then(|key| {
            let live = history.live(key, self.seen);
            let is = |op: &OpId| history.ops[*op as usize].effect == wanted;
            let seen = |op: &OpId| history.contains(self.seen, *op);
            let all = decisions_on(self.past, key);
            let decides = match (kind, self.kind) {
                (Missing, TraceType::OrSet) => live.last().copied(),
                _ => all.iter().rev().copied().find(|op| is(op) && seen(op)),
            };
            decides.or_else(|| all.last().copied())
        });
        Found { equal: holders.into(), ..Found::new(kind, quoted(name), key, op) }
    }

    /// A key, a register or a flag.
    fn other(&self, key: &str, claimed: Option<&str>, right: Option<&str>) -> Found {
        let history = &self.past.history;
        let number = history.find_key(self.object, key);
        let all = number.map(|number| decisions_on(self.past, number)).unwrap_or_default();
        let (op, other, writes) = match self.kind {
            TraceType::LwwRegister | TraceType::LwwMap => {
                let value = history.values.find(claimed.unwrap_or("null"));
                let wrote = |op: &&OpId| {
                    matches!(history.ops[**op as usize].effect,
                        Effect::Wrote { value: of, .. } if Some(of) == value)
                };
                // A deleted key is answered with no member. The replica answered
                // with a write that it had seen, if one fits.
                let seen = |op: &&OpId| history.contains(self.seen, **op);
                let (seen, unseen): (Vec<&OpId>, Vec<&OpId>) =
                    all.iter().filter(wrote).partition(seen);
                let those = if seen.is_empty() { unseen } else { seen };
                let right = number.and_then(|number| history.winner(number, self.seen));
                {
                    let those: Vec<OpId> = those.into_iter().copied().collect();
                    (right, those.last().copied(), those)
                }
            }
            TraceType::MaxRegister | TraceType::MinRegister => {
                let is = |text: Option<&str>| {
                    let integer: i128 = text?.parse().ok()?;
                    let ops = history.members(self.seen, Some(self.object)).into_iter();
                    ops.filter(|op| history.ops[*op as usize].effect.integer() == integer).min()
                };
                (is(right), is(claimed), Vec::new())
            }
            _ => {
                let seen = |op: &&OpId| history.contains(self.seen, **op);
                (all.iter().rev().find(seen).copied(), None, Vec::new())
            }
        };
        let place = if key.is_empty() { String::new() } else { format!("{} is ", shown(key)) };
        let what = format!("{place}{}, not {}", value(claimed), value(right));
        Found { claimed: other, writes, ..Found::new(Other, what, number, op) }
    }

    fn members(&self, right: &HashMap<&str, String>, claimed: &[(String, Json)]) -> Vec<Found> {
        let mut found = Vec::new();
        for (name, value) in claimed {
            let value = value.canonical();
            match right.get(name.as_str()) {
                None => found.push(self.other(name, Some(&value), None)),
                Some(right) if *right != value => {
                    found.push(self.other(name, Some(&value), Some(right)))
                }
                Some(_) => {}
            }
        }
        let listed: HashSet<&str> = claimed.iter().map(|(name, _)| name.as_str()).collect();
        let mut missing: Vec<_> = right.iter().filter(|(key, _)| !listed.contains(*key)).collect();
        missing.sort_unstable();
        found.extend(missing.into_iter().map(|(key, right)| self.other(key, None, Some(right))));
        found
    }

    /// Entries of a log: of equal ones, how many more or fewer.
    fn entries(&self, claimed: &[Json]) -> Vec<Found> {
        let history = &self.past.history;
        let right = history.entries(self.object, self.seen);
        let claimed: Vec<String> = claimed.iter().map(Json::canonical).collect();
        let mut listed: HashMap<String, u64> = HashMap::new();
        for item in &claimed {
            *listed.entry(item.clone()).or_default() += 1;
        }
        let mut equal: HashMap<&str, Vec<OpId>> = HashMap::new();
        for op in &right {
            equal.entry(history.stamp(*op).3).or_default().push(*op);
        }
        // Each of equal entries that is missing may be any of them.
        let equal: HashMap<&str, Rc<[OpId]>> =
            equal.into_iter().map(|(entry, ops)| (entry, ops.into())).collect();
        let claimed_items = claimed;
        let claimed = listed.clone();
        let mut found = Vec::new();
        let mut matched = Vec::new();
        for op in right {
            match listed.get_mut(history.stamp(op).3) {
                Some(count) if *count > 0 => {
                    *count -= 1;
                    matched.push(op);
                }
                _ => {
                    let entry = history.stamp(op).3.to_string();
                    // Where none of equal ones is listed, each is missing.
                    let of = match claimed.contains_key(&entry) {
                        true => equal[&*entry].clone(),
                        false => Rc::default(),
                    };
                    found.push(Found { equal: of, ..Found::new(Missing, entry, None, Some(op)) });
                }
            }
        }
        let mut extra: Vec<(String, u64)> =
            listed.into_iter().filter(|(_, count)| *count > 0).collect();
        extra.sort_unstable();
        for (entry, _) in extra {
            let value = history.values.find(&entry);
            let lanes = history.objects[self.object as usize].lanes.iter();
            let mut ops = lanes.flat_map(|lane| &history.lanes[*lane as usize].ops);
            let op = ops.find(|op| {
                matches!(history.ops[**op as usize].effect,
                    Effect::Wrote { value: of, .. } if Some(of) == value)
            });
            found.push(Found::new(Extra, entry, None, op.copied()));
        }
        if self.past.stamps == Stamps::Explicit {
            self.misplaced(&matched, &claimed_items, &mut found);
        }
        found
    }

    /// The fewest entries that would have to move for those that are rightly listed to be in their order.
    fn misplaced(&self, right: &[OpId], listed: &[String], found: &mut Vec<Found>) {
        let history = &self.past.history;
        let entries: Vec<&str> = right.iter().map(|op| history.stamp(*op).3).collect();
        let listed: Vec<&str> = listed.iter().map(String::as_str).collect();
        for moved in misplaced(&entries, &listed) {
            let (op, beside) = (right[moved.in_right], right[moved.beside]);
            let line = history.ops[op as usize].line;
            let says = if moved.is_late { "too late" } else { "too early" };
            let what = format!("{} of line {line} stands {says}", shown(history.stamp(op).3));
            let of = Found::new(Other, what, None, Some(op));
            found.push(Found { beside: Some(beside), ..of });
        }
    }
}

/// An item that stands in another order in a list than it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misplaced {
    /// Its place in the right list, from 0.
    pub in_right: usize,
    /// Its place in the other list, from 0.
    pub in_claimed: usize,
    /// The place in the right list of an item that it stands on the wrong side of there, and that need not move.
    pub beside: usize,
    /// Whether it should stand before that one.
    pub is_late: bool,
}

/// The fewest items that would have to move for those that both lists have to stand in the order of the first, in the
/// order of the second. Equal items are matched in their order, as far as both lists have them. Cost: O(n log n).
pub fn misplaced(right: &[&str], claimed: &[&str]) -> Vec<Misplaced> {
    let mut places: HashMap<&str, VecDeque<usize>> = HashMap::new();
    for (place, item) in right.iter().enumerate() {
        places.entry(item).or_default().push_back(place);
    }
    let pair = |(at, item): (usize, &&str)| Some((at, places.get_mut(*item)?.pop_front()?));
    let pairs: Vec<(usize, usize)> = claimed.iter().enumerate().filter_map(pair).collect();
    let order: Vec<usize> = pairs.iter().map(|(_, place)| *place).collect();
    let stays = longest_increasing(&order);
    // Those that stay, in both orders.
    let stay: Vec<(usize, usize)> =
        pairs.iter().zip(&stays).filter(|(_, stays)| **stays).map(|(pair, _)| *pair).collect();
    let moved = pairs.iter().zip(&stays).filter(|(_, stays)| !**stays);
    moved
        .filter_map(|((in_claimed, in_right), _)| {
            let behind = stay.partition_point(|(_, place)| place < in_right);
            let before = stay.get(behind).filter(|(at, _)| at < in_claimed);
            let after = behind.checked_sub(1).map(|at| &stay[at]);
            let (beside, is_late) = before
                .map(|(_, place)| (*place, true))
                .or(after.filter(|(at, _)| at > in_claimed).map(|(_, place)| (*place, false)))?;
            Some(Misplaced { in_right: *in_right, in_claimed: *in_claimed, beside, is_late })
        })
        .collect()
}

/// Of different numbers, which are in a longest increasing part. Cost: O(n log n).
fn longest_increasing(numbers: &[usize]) -> Vec<bool> {
    // For each length, the place of the least last number of such a part.
    let mut ends: Vec<usize> = Vec::new();
    let mut before = vec![None; numbers.len()];
    for (at, number) in numbers.iter().enumerate() {
        let length = ends.partition_point(|end| numbers[*end] < *number);
        before[at] = length.checked_sub(1).map(|length| ends[length]);
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut is_in = vec![false; numbers.len()];
    let mut next = ends.last().copied();
    while let Some(at) = next {
        is_in[at] = true;
        next = before[at];
    }
    is_in
}

/// "lines 3, 5".
fn lines(past: &Past, ops: &[OpId]) -> String {
    let mut lines: Vec<u32> = ops.iter().map(|op| past.history.ops[*op as usize].line).collect();
    lines.sort_unstable();
    let named: Vec<String> = lines.iter().take(MOST_NAMED).map(u32::to_string).collect();
    let more = match lines.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        _ => ", …".into(),
    };
    format!("lines {}{more}", named.join(", "))
}

/// A value, or that there is none, for a sentence.
fn value(text: Option<&str>) -> String {
    text.map_or("absent".into(), shown)
}

fn text(item: &Json) -> Option<&str> {
    match item {
        Json::String(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same, each by a search through all.
    fn searched(right: &[&str], claimed: &[&str]) -> Vec<Misplaced> {
        let mut taken = vec![false; right.len()];
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        for (in_claimed, item) in claimed.iter().enumerate() {
            let place = (0..right.len()).find(|place| !taken[*place] && right[*place] == *item);
            if let Some(place) = place {
                taken[place] = true;
                pairs.push((in_claimed, place));
            }
        }
        let order: Vec<usize> = pairs.iter().map(|(_, place)| *place).collect();
        let stays = longest_increasing(&order);
        let mut moved = Vec::new();
        for (at, (in_claimed, in_right)) in pairs.iter().enumerate().filter(|(at, _)| !stays[*at]) {
            let before = (0..at).find(|of| stays[*of] && order[*of] > *in_right);
            let after = (at..order.len()).rev().find(|of| stays[*of] && order[*of] < *in_right);
            let (beside, is_late) = match before {
                Some(of) => (order[of], true),
                None => (order[after.expect("what moves stands on the wrong side of one")], false),
            };
            let (in_right, in_claimed) = (*in_right, *in_claimed);
            moved.push(Misplaced { in_right, in_claimed, beside, is_late });
        }
        moved
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn the_item_that_another_stands_beside_is_found_without_a_search(
            right in proptest::collection::vec(0..9usize, 0..12),
            claimed in proptest::collection::vec(0..9usize, 0..12),
        ) {
            const ITEMS: [&str; 9] = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
            let [right, claimed] =
                [right, claimed].map(|of| of.into_iter().map(|at| ITEMS[at]).collect::<Vec<_>>());
            prop_assert_eq!(misplaced(&right, &claimed), searched(&right, &claimed));
        }
    }
}
