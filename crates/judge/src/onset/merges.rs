//! What those that something came from had seen of what is wrong, against what the receiver had seen.
//!
//! Meaning: a merge goes wrong over what its sender lacks as easily as over what it brings. So each
//! reception in the window of a false claim is a row, also one that brought nothing new.
//! Cost: for each row what two replicas had seen of one thing; a bounded number of rows, and of steps in all.

use super::acts::{self, Act};
use super::differences::Found;
use super::thing::{self, Index, Known, Thing, is_counter, known};
use crate::past::Past;
use crate::wording::{plural, shown};
use crate::{DifferenceKind, Merge};

/// Things that are wrong and get a table, and rows of each; of more, the last.
const MOST_THINGS: usize = 2;
const MOST_ROWS: usize = 40;

/// Times that a replica gave something on that are named.
const MOST_GIVEN: usize = 12;

/// Origins that a row names.
const MOST_ORIGINS: usize = 4;

/// The table of what is wrong, and the steps that it took.
pub fn table(
    past: &Past,
    (replica, object): (u32, Option<u32>),
    acts: &[Act],
    new: &[&Found],
) -> (Vec<Merge>, u64) {
    let (mut merges, mut steps) = (Vec::new(), 0);
    let Some(object) = object.filter(|object| !past.loaded[*object as usize]) else {
        return (merges, steps);
    };
    let received: Vec<&Act> = acts.iter().filter(|act| act.source(past).is_some()).collect();
    let last = &received[received.len().saturating_sub(MOST_ROWS)..];
    let index = match new.iter().any(|found| found.key.is_none()) && !is_counter(past, object) {
        true => thing::index(past, Some(object)),
        false => Index::new(),
    };
    steps += index.len() as u64;
    let mut done = Vec::new();
    for found in new {
        let thing = Thing::found(past, Some(object), found);
        if done.len() == MOST_THINGS || done.contains(&thing) {
            continue;
        }
        done.push(thing);
        let table = Table { past, replica, object, thing, index: &index, found };
        let mut rows: Vec<(Vec<u32>, String, bool)> = Vec::new();
        for act in last {
            let Some((text, is_notable)) = table.row(act, &mut steps) else { continue };
            match rows.last_mut() {
                Some((lines, before, _)) if *before == text => lines.push(act.line),
                _ => rows.push((vec![act.line], text, is_notable)),
            }
        }
        if rows.is_empty() {
            continue;
        }
        merges.push(Merge { text: table.opening(), is_notable: true });
        merges.extend(rows.into_iter().map(|(lines, text, is_notable)| {
            let word = if lines.len() == 1 { "line" } else { "lines" };
            let lines: Vec<String> = lines.iter().map(u32::to_string).collect();
            Merge { text: format!("{word} {}: {text}", lines.join(", ")), is_notable }
        }));
        // Last, so that it stays where not all rows are shown.
        merges.extend(table.handed_on(&mut steps).map(|text| Merge { text, is_notable: true }));
    }
    (merges, steps)
}

struct Table<'a> {
    past: &'a Past,
    replica: u32,
    object: u32,
    thing: Thing,
    index: &'a Index,
    found: &'a Found,
}

impl Table<'_> {
    fn opening(&self) -> String {
        let who = self.past.replica_shown(self.replica);
        let what = match self.thing {
            Thing::Key(key) if !self.past.history.keys[key as usize].name.is_empty() => {
                shown(&self.past.history.keys[key as usize].name)
            }
            Thing::Entry(value) => shown(self.past.history.values.text(value)),
            Thing::Key(_) | Thing::Whole => self.past.object_shown(self.object),
        };
        let of = match is_counter(self.past, self.object) {
            true => "the amounts",
            false => "the numbers of operations",
        };
        format!(
            "{what} ({}), of each sender against {who} before, by origin ({of}):",
            self.found.short()
        )
    }

    /// To whom the replica gave what decides, since it came.
    fn handed_on(&self, steps: &mut u64) -> Option<String> {
        let Self { past, replica, .. } = self;
        let op = self.found.certain_op()?;
        let line = acts::known_from(past, *replica, op)?;
        let given = acts::given(past, (*replica, op), (line, past.line), steps);
        let skipped = given.len().saturating_sub(MOST_GIVEN);
        let mut named: Vec<String> =
            given[skipped..].iter().map(|(line, how)| format!("line {line} ({how})")).collect();
        if skipped > 0 {
            named.push(format!("and {} before", plural(skipped as u64, "other")));
        }
        let who = past.replica_shown(*replica);
        let came = match past.history.replica_of(op) == *replica {
            true => "was done at",
            false => "came to",
        };
        let opening = format!("what decides {came} {who} on line {line}, which");
        match named.is_empty() {
            false => Some(format!("{opening} gave it on: {}", named.join(", "))),
            // A deletion that is forgotten too early is one that somebody else has.
            true => past.is_deletion(op).then(|| format!("{opening} has given it to nobody since")),
        }
    }

    /// What a reception brought and what its sender had seen, and whether that explains anything.
    fn row(&self, act: &Act, steps: &mut u64) -> Option<(String, bool)> {
        let Self { past, replica, object, thing, index, .. } = self;
        let (from, theirs) = thing::sender(past, act, Some(*object))?;
        let mine = past.history.seen_of(*replica, act.line - 1, Some(*object));
        let of = |seen| known(past, Some(*object), *thing, index, seen);
        let (there, here) = (of(&theirs), of(&mine));
        *steps += 20 + there.len() as u64 + here.len() as u64;
        let more = self.compared(&there, &here, true);
        let less = self.compared(&there, &here, false);
        let came = acts::came(past, act.how?);
        let mut text = match (more.as_str(), less.as_str()) {
            ("", "") if there.is_empty() => format!("{came}: neither had seen any of it"),
            ("", "") => format!("{came} brought nothing new: the same"),
            ("", less) => format!("{came} brought nothing new: less {less}"),
            (more, "") => format!("{came}: more {more}"),
            (more, less) => format!("{came}: more {more}; less {less}"),
        };
        let decides = self.found.certain_op();
        let mut is_notable = !(more.is_empty() && less.is_empty());
        if let Some(op) = decides {
            let line = past.history.ops[op as usize].line;
            let has = |seen| past.history.contains(seen, op);
            let what = match self.found.kind {
                DifferenceKind::Missing => "what holds it",
                DifferenceKind::Extra => "what removed it",
                DifferenceKind::Other => "what decides",
            };
            let who = past.replica_shown(from);
            match (has(&theirs), has(&mine)) {
                (true, false) => {
                    text += &format!("; with {what} (line {line}), which is not shown");
                    is_notable = true;
                }
                (false, true) => text += &format!("; {who} had not seen {what} (line {line})"),
                (false, false) | (true, true) => is_notable &= !more.is_empty(),
            }
        }
        Some((text, is_notable))
    }

    /// Of which origins a sender had seen more, or less.
    fn compared(&self, there: &Known, here: &Known, more: bool) -> String {
        let mut origins: Vec<u32> = there.keys().chain(here.keys()).copied().collect();
        origins.sort_unstable();
        origins.dedup();
        let of = |known: &Known, origin: u32| known.get(&origin).copied().unwrap_or(0);
        let mut said: Vec<String> = origins
            .into_iter()
            .filter_map(|origin| {
                let (theirs, mine) = (of(there, origin), of(here, origin));
                let differs = if more { theirs > mine } else { theirs < mine };
                let who = self.past.replica_shown(origin);
                differs.then(|| format!("of {who} ({theirs}, not {mine})"))
            })
            .collect();
        if said.len() > MOST_ORIGINS {
            let others = said.len() - MOST_ORIGINS;
            said.truncate(MOST_ORIGINS);
            said.push(format!("and {others} more origins"));
        }
        said.join(", ")
    }
}
