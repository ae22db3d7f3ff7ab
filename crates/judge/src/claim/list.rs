//! `read` of a list, and what an insert says of its place.
//!
//! Meaning: section 11 of spec/trace-format.md. A list has the elements that were inserted and not
//! deleted, and one order of all of them obeys every answer and every insert.
//! Source: H. Attiya et al., Specification and Complexity of Collaborative Text Editing, PODC 2016
//! (the strong list specification).

use super::order::{Order, Source, Step};
use super::value::expected;
use super::{Memory, falsity};
use crate::Rule;
use crate::judge::{Checked, Falsity};
use crate::past::Past;
use crate::past::history::{Effect, Seen};
use crate::wording::{MOST_LISTED, left_out, shown};
use hashbrown::{HashMap, HashSet};
use rejoin::json::Json;
use smallvec::SmallVec;

/// What was said of each list.
#[derive(Debug, Default)]
pub struct Lists {
    /// The orders that answers and inserts have stated.
    orders: HashMap<u32, Order>,
    /// For a replica and a list, what its last right answer was of: so a read costs what changed
    /// since, and not all elements that were ever there. Each is as long as that answer.
    shown: HashMap<(u32, u32), (Seen, HashSet<u32>)>,
}

impl Lists {
    /// The elements that a replica's list has, by their keys.
    fn elements(
        &mut self,
        past: &Past,
        (replica, object): (u32, u32),
        seen: &Seen,
    ) -> HashSet<u32> {
        let history = &past.history;
        let Some((before, mut elements)) = self.shown.remove(&(replica, object)) else {
            let elements = history.elements(object, &seen.laid_flat());
            history.charge(elements.len() as u64);
            return elements.into_iter().collect();
        };
        let changes = history.differing(&before, seen);
        history.charge(changes.len() as u64);
        for op in changes.into_iter().filter(|op| history.object_of(*op) == object) {
            let key = history.ops[op as usize].key;
            if history.has(object, key, seen) {
                elements.insert(key);
            } else {
                elements.remove(&key);
            }
        }
        elements
    }
}

/// Judges a list's answer.
pub fn read(
    memory: &mut Memory,
    past: &Past,
    (replica, object): (u32, u32),
    claimed: &Json,
) -> Checked {
    let seen = past.seen(replica);
    let right = memory.lists.elements(past, (replica, object), &seen);
    let listed = match elements(past, object, &right, claimed) {
        Ok(listed) => {
            memory.lists.shown.insert((replica, object), (seen, right));
            listed
        }
        Err(why) => {
            let because = past.because(|| match why {
                Wrong::Shape(sentence) => vec![sentence],
                Wrong::Element(name) => why_element(past, replica, object, &name, &seen),
            });
            let expected = expected(past, object, &seen);
            return falsity(Rule::ListValue, expected, because);
        }
    };
    let pairs: Vec<(u32, u32)> = listed.windows(2).map(|pair| (pair[0], pair[1])).collect();
    state(memory, past, object, &pairs)
}

/// Judges what an insert says of its place: behind one element, before another.
pub fn insert(
    memory: &mut Memory,
    past: &Past,
    object: u32,
    element: &str,
    (after, before): (Option<&str>, Option<&str>),
) -> Checked {
    let key = |name: &str| past.history.find_key(object, name);
    let Some(element) = key(element) else { return Ok(()) };
    let mut pairs = SmallVec::<[(u32, u32); 2]>::new();
    pairs.extend(after.and_then(key).map(|after| (after, element)));
    pairs.extend(before.and_then(key).map(|before| (element, before)));
    state(memory, past, object, &pairs)
}

fn state(memory: &mut Memory, past: &Past, object: u32, pairs: &[(u32, u32)]) -> Checked {
    let mut steps = 0;
    let order = memory.lists.orders.entry(object).or_default();
    let taken = order.take(pairs, Source::Stated(past.line), past.argue, &mut steps);
    past.history.charge(steps);
    let cycle = match taken {
        Ok(_) => return Ok(()),
        Err(cycle) => cycle,
    };
    Err(Falsity::of(Rule::ListOrder, past.because(|| why_order(past, &cycle))))
}

enum Wrong {
    Shape(String),
    Element(String),
}

/// The elements of an answer, by their keys, where they are those of the list.
fn elements(
    past: &Past,
    object: u32,
    right: &HashSet<u32>,
    claimed: &Json,
) -> Result<Vec<u32>, Wrong> {
    let Json::Array(items) = claimed else {
        return Err(Wrong::Shape("a list is answered with an array of its elements".into()));
    };
    past.history.charge((right.len() + items.len()) as u64);
    let mut listed = Vec::new();
    let mut left = right.clone();
    for item in items {
        let Json::String(element) = item else {
            return Err(Wrong::Shape("the elements of a list are strings".into()));
        };
        match past.history.find_key(object, element) {
            Some(key) if left.remove(&key) => listed.push(key),
            Some(key) if right.contains(&key) => {
                let message = format!("{} is listed twice; a list has it once", shown(element));
                return Err(Wrong::Shape(message));
            }
            _ => return Err(Wrong::Element(element.clone())),
        }
    }
    // The first that was inserted, so that the argument is the same each time.
    match left.into_iter().min() {
        None => Ok(listed),
        Some(key) => Err(Wrong::Element(past.history.keys[key as usize].name.to_string())),
    }
}

/// Why an element is in the list, or not.
pub fn why_element(past: &Past, replica: u32, object: u32, name: &str, seen: &Seen) -> Vec<String> {
    let (who, what) = (past.replica_shown(replica), shown(name));
    let Some(insert) = past.history.insert_of(object, name) else {
        return vec![format!("{what} was never inserted into {}", past.object_shown(object))];
    };
    let mut because = vec![past.performed(insert), past.arrival(replica, insert)];
    let key = past.history.ops[insert as usize].key;
    let chains = &past.history.keys[key as usize].chains;
    let deletes = chains.iter().flat_map(|chain| &chain.ops).copied().filter(|op| {
        past.history.ops[*op as usize].effect == Effect::Removed && past.history.contains(seen, *op)
    });
    let deletes: Vec<_> = deletes.collect();
    for delete in deletes.iter().take(MOST_LISTED) {
        because.push(past.performed(*delete));
        because.push(past.arrival(replica, *delete));
    }
    because.extend(left_out(deletes.len(), "delete"));
    because.push(match (past.history.contains(seen, insert), deletes.is_empty()) {
        (false, _) => format!("so {what} is not in the list at {who}"),
        (true, true) => format!("{who} has seen no delete of {what}, so it is in the list"),
        (true, false) => format!("what was deleted stays deleted, so {what} is not in the list"),
    });
    because
}

/// A cycle of elements, step by step.
fn why_order(past: &Past, cycle: &[Step]) -> Vec<String> {
    let history = &past.history;
    let name = |key: u32| shown(&history.keys[key as usize].name);
    let mut because: Vec<String> = cycle
        .iter()
        .map(|step| {
            let (before, behind) = (name(step.before), name(step.behind));
            let (Source::Stated(line) | Source::Saw(line)) = step.source;
            let is_insert = history.ops.binary_search_by_key(&line, |op| op.line).is_ok();
            match is_insert {
                true => format!("line {line} inserts so that {before} stands before {behind}"),
                false => format!("line {line} lists {before} before {behind}"),
            }
        })
        .collect();
    let deleted = |key: u32| {
        let chains = &history.keys[key as usize].chains;
        let mut ops = chains.iter().flat_map(|chain| &chain.ops);
        ops.any(|op| history.ops[*op as usize].effect == Effect::Removed)
    };
    let of_deleted = cycle.iter().filter(|step| deleted(step.before)).count();
    because.push(match of_deleted {
        0 => "none of these elements was deleted".into(),
        all if all == cycle.len() => {
            "each of these elements was deleted: the cycle goes through deleted elements only"
                .into()
        }
        1 => format!("1 of these {} elements was deleted", cycle.len()),
        some => format!("{some} of these {} elements were deleted", cycle.len()),
    });
    because.push("one order of all elements, deleted ones included, holds for all answers".into());
    because
}
