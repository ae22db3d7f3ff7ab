//! What happened at a replica in a window.

use crate::past::Past;
use crate::past::history::{Content, How, OpId};
use crate::wording::{plural, shown};
use hashbrown::HashSet;

/// Receptions of a window that are looked at; of more, the last.
const MOST_ACTS: usize = 400;

/// Acts of a window that are listed, and operations of one of them.
const MOST_LISTED: usize = 14;
const MOST_NAMED: usize = 4;

/// One thing that happened at a replica.
#[derive(Debug)]
pub struct Act {
    /// Its line.
    pub line: u32,
    /// How something came; absent where the replica did it itself.
    pub how: Option<How>,
    /// What it did, or what came, on the object.
    pub ops: Vec<OpId>,
}

impl Act {
    /// The replica that it came from.
    pub fn source(&self, past: &Past) -> Option<u32> {
        match self.how? {
            How::Received(message) => Some(past.messages[message as usize].sender),
            How::Merged(from) | How::Synced(from) => Some(from),
            How::Start | How::Restored(_) => None,
        }
    }
}

/// What happened at a replica after one line and before another on an object, or on all, in the order
/// of the lines; and how much before that was not looked at.
pub fn between(
    past: &Past,
    replica: u32,
    object: Option<u32>,
    (after, until): (u32, u32),
) -> (Vec<Act>, usize) {
    let history = &past.history;
    let mut acts = Vec::new();
    for op in history.own_between(replica, object, (after, until)) {
        acts.push(Act { line: history.ops[op as usize].line, how: None, ops: vec![op] });
    }
    for (epoch, before) in history.epochs_between(replica, (after, until), MOST_ACTS) {
        let of = &history.epochs[epoch as usize];
        let ops = match (of.how, before) {
            (How::Start, _) => continue,
            (How::Restored(_), _) | (_, None) => Vec::new(),
            (_, Some(before)) => history.brought(epoch, before, object),
        };
        acts.push(Act { line: of.line, how: Some(of.how), ops });
    }
    let idle = &past.idle[replica as usize];
    let from = idle.partition_point(|(line, _)| *line <= after);
    let to = idle.partition_point(|(line, _)| *line < until);
    for (line, how) in idle[from..to.max(from)].iter().rev().take(MOST_ACTS) {
        acts.push(Act { line: *line, how: Some(*how), ops: Vec::new() });
    }
    acts.sort_by_key(|act| act.line);
    let left_out = acts.len().saturating_sub(MOST_ACTS);
    acts.drain(..left_out);
    (acts, left_out)
}

/// The lines on which a replica received something or was restored, in their order.
pub fn receptions(past: &Past, replica: u32) -> Vec<(u32, How)> {
    let history = &past.history;
    let branches = history.replicas[replica as usize].branches.iter();
    let epochs = branches.flat_map(|branch| &history.branches[*branch as usize].epochs);
    let new = epochs.map(|epoch| &history.epochs[*epoch as usize]);
    let idle = past.idle[replica as usize].iter().copied();
    let mut all: Vec<(u32, How)> = new
        .map(|epoch| (epoch.line, epoch.how))
        .chain(idle)
        .filter(|(_, how)| !matches!(how, How::Start))
        .collect();
    all.sort_unstable_by_key(|(line, _)| *line);
    all
}

/// The line from which on a replica knows an operation.
pub fn known_from(past: &Past, replica: u32, op: OpId) -> Option<u32> {
    let history = &past.history;
    if history.replica_of(op) == replica {
        return Some(history.ops[op as usize].line);
    }
    let epoch = history.learned(history.branch_of(replica), op)?;
    Some(history.epochs[epoch as usize].line)
}

/// On which lines a replica that had an operation gave it on, after one line and before another, and how; of many the
/// last. `steps` counts what was looked at.
pub fn given(
    past: &Past,
    (replica, op): (u32, OpId),
    (after, until): (u32, u32),
    steps: &mut u64,
) -> Vec<(u32, String)> {
    let mut given = Vec::new();
    for other in (0..past.history.replicas.len() as u32).filter(|other| *other != replica) {
        *steps += 1;
        let epochs = past.history.epochs_between(other, (after, until), MOST_ACTS).into_iter();
        let new = epochs.map(|(epoch, _)| &past.history.epochs[epoch as usize]);
        let idle = &past.idle[other as usize];
        let from = idle.partition_point(|(line, _)| *line <= after);
        let to = idle.partition_point(|(line, _)| *line < until);
        let all = new.map(|epoch| (epoch.line, epoch.how));
        for (line, how) in all.chain(idle[from..to.max(from)].iter().copied()) {
            *steps += 1;
            let who = || past.replica_shown(other);
            let how = match how {
                How::Merged(from) if from == replica => format!("{} merged from it", who()),
                How::Synced(from) if from == replica => format!("sync with {}", who()),
                _ => continue,
            };
            let gift = Gift { line, to: other, message: None };
            if gift.held(past, replica, op) {
                given.push((line, how));
            }
        }
    }
    let from = past.messages.partition_point(|message| message.line <= after);
    let sent = past.messages[from..].iter().take_while(|message| message.line < until);
    for message in sent {
        *steps += 1;
        if message.sender == replica && past.history.holds(&message.content, op) {
            given.push((message.line, format!("message {}", shown(&message.name))));
        }
    }
    given.sort();
    given.dedup();
    given
}

/// One time that a replica gave another one what it had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gift {
    /// On which line; of a message, that on which it was sent.
    pub line: u32,
    /// To whom.
    pub to: u32,
    /// By which message, if it was by one.
    pub message: Option<u32>,
}

impl Gift {
    /// Whether it could be about an object.
    pub fn is_about(&self, past: &Past, object: u32) -> bool {
        let history = &past.history;
        match self.message.map(|message| &past.messages[message as usize].content) {
            Some(Content::Objects(_, objects)) => objects.binary_search(&object).is_ok(),
            Some(Content::Listed(ops)) => ops.iter().any(|op| history.object_of(*op) == object),
            _ => true,
        }
    }

    /// Whether the giver had an operation then and the other one had it too afterwards.
    pub fn held(&self, past: &Past, giver: u32, op: OpId) -> bool {
        let history = &past.history;
        let has = |replica, line| {
            let seen = history.seen_of(replica, line, Some(history.object_of(op)));
            history.contains(&seen, op)
        };
        match self.message {
            Some(message) => history.holds(&past.messages[message as usize].content, op),
            None => has(giver, self.line - 1) && has(self.to, self.line),
        }
    }
}

/// What each replica gave to others, in the order of the lines. Of messages only those that were received.
pub fn gifts(past: &Past) -> Vec<Vec<Gift>> {
    let mut gifts = vec![Vec::new(); past.history.replicas.len()];
    for to in 0..past.history.replicas.len() as u32 {
        for (line, how) in receptions(past, to) {
            let (from, gift) = match how {
                How::Merged(from) | How::Synced(from) => (from, Gift { line, to, message: None }),
                How::Received(number) => {
                    let message = &past.messages[number as usize];
                    let gift = Gift { line: message.line, to, message: Some(number) };
                    (message.sender, gift)
                }
                How::Start | How::Restored(_) => continue,
            };
            gifts[from as usize].push(gift);
        }
    }
    for of in &mut gifts {
        of.sort_unstable();
        of.dedup();
    }
    gifts
}

/// The acts as sentences: those on what is wrong first of all, and in the order of the lines.
pub fn sentences(
    past: &Past,
    acts: &[Act],
    object: Option<u32>,
    wrong: &HashSet<u32>,
    left_out: usize,
) -> Vec<String> {
    let what = object.map(|object| past.object_shown(object)).unwrap_or("anything".into());
    let is_about = |op: &OpId| wrong.contains(&past.history.ops[*op as usize].key);
    let is_idle = |act: &&Act| act.ops.is_empty() && !matches!(act.how, Some(How::Restored(_)));
    let (idle, busy): (Vec<&Act>, Vec<&Act>) = acts.iter().partition(is_idle);
    let mut order: Vec<usize> = (0..busy.len()).rev().collect();
    order.sort_by_key(|i| !busy[*i].ops.iter().any(is_about));
    let unlisted = order.split_off(order.len().min(MOST_LISTED)).len() + left_out;
    order.sort_unstable();
    let mut sentences = Vec::new();
    if unlisted > 0 {
        sentences.push(format!("({} not listed)", plural(unlisted as u64, "further event")));
    }
    for at in order {
        let Act { line, how, ops } = busy[at];
        let how = match how {
            None => {
                let did: Vec<String> = ops.iter().map(|op| past.did(*op)).collect();
                sentences.push(format!("line {line}: {}", did.join(", ")));
                continue;
            }
            Some(how) => came(past, *how),
        };
        if ops.is_empty() {
            sentences.push(format!("line {line}: {how}"));
            continue;
        }
        let mut named: Vec<OpId> = ops.clone();
        named.sort_by_key(|op| (!is_about(op), std::cmp::Reverse(*op)));
        let more = named.len().saturating_sub(MOST_NAMED);
        named.truncate(MOST_NAMED);
        let mut named: Vec<String> = named
            .iter()
            .map(|op| {
                let of = &past.history.ops[*op as usize];
                let by = past.replica_shown(past.history.replica_of(*op));
                format!("{} at {by} on line {}", past.did(*op), of.line)
            })
            .collect();
        if more > 0 {
            named.push(format!("and {}", plural(more as u64, "more operation")));
        }
        sentences.push(format!("line {line}: {how} brought: {}", named.join("; ")));
    }
    if !idle.is_empty() {
        let skipped = idle.len().saturating_sub(MOST_LISTED);
        let mut listed: Vec<String> = idle[skipped..]
            .iter()
            .filter_map(|act| Some(format!("line {} ({})", act.line, came(past, act.how?))))
            .collect();
        if skipped > 0 {
            listed.push(format!("and {} before", plural(skipped as u64, "other")));
        }
        sentences.push(format!("brought nothing new on {what}: {}", listed.join(", ")));
    }
    sentences
}

/// "merge from `a`".
pub fn came(past: &Past, how: How) -> String {
    match how {
        How::Start => "the start".into(),
        How::Received(message) => {
            let message = &past.messages[message as usize];
            format!("message {} of {}", shown(&message.name), past.replica_shown(message.sender))
        }
        How::Merged(from) => format!("merge from {}", past.replica_shown(from)),
        How::Synced(with) => format!("sync with {}", past.replica_shown(with)),
        How::Restored(snapshot) => {
            let snapshot = &past.snapshots[snapshot as usize];
            format!("back to backup {} of line {}", shown(&snapshot.name), snapshot.line)
        }
    }
}
