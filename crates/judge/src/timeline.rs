//! A trace from line to line, for pictures of it: what happened between whom, and what every
//! object amounted to at every replica.
//!
//! Meaning: each answer is the judge's own, over what the replica had seen at that line. What a
//! message came to (lost, repeated, reordered, held back) is counted as [`Coverage`] counts it.
//! Cost: as judging, and a question to the judge for each key that an operation newly seen is
//! about. The questions count as steps of none.

use crate::Coverage;
use crate::answer::values::list;
use crate::claim::open;
use crate::past::Past;
use crate::past::explicit::State;
use crate::past::history::{Effect, NONE, OpId, Seen};
use hashbrown::{HashMap, HashSet};
use rejoin::object::TraceType;
use rejoin_trace::{Claim, Content, Event, Header, Line, Name, Stamps};
use std::collections::BTreeSet;
use std::rc::Rc;

/// How much of a trace a timeline keeps.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Lines after the header.
    pub lines: usize,
    /// Bytes of lines, and likewise of the texts of answers.
    pub bytes: usize,
    /// Changes of answers, and likewise runs of operations that replicas came to know.
    pub changes: usize,
}

/// A trace from line to line.
#[derive(Debug, Default)]
pub struct Timeline {
    /// The replicas, as declared.
    pub replicas: Vec<Name>,
    /// The objects, as declared.
    pub objects: Vec<(Name, TraceType)>,
    /// Who orders the writes.
    pub stamps: Stamps,
    /// The first line of the trace as it was written; empty where it is no header.
    pub header: String,
    /// The lines after it, as they were written.
    pub lines: Vec<String>,
    /// For each of these lines, what it says.
    pub rows: Vec<Row>,
    /// The keys, elements, entries and whole objects that have answers.
    pub keys: Vec<Key>,
    /// The answers, as canonical JSON, each once.
    pub texts: Vec<String>,
    /// The conflicts, each once.
    pub conflicts: Vec<Conflict>,
    /// On which operations answers rest, each once.
    pub grounds: Vec<Grounds>,
    /// How answers changed, in the order of the lines.
    pub changes: Vec<Change>,
    /// The operations in the order of the lines: for each its line, and which of its replica's
    /// operations it is, from 1, as far as that replica had seen its own. Those on objects that
    /// are loaded are in none of the lists.
    pub operations: Vec<(u32, u32)>,
    /// Which operations replicas came to know by an exchange, or lost by a restore, in the order
    /// of the lines.
    pub learned: Vec<Learned>,
    /// The last line up to which `changes` and `learned` are complete, where a limit was reached.
    pub answered_to: Option<u64>,
    /// Lines that were read and are not kept, where a limit was reached.
    pub left_out: u64,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// An operation.
    Op,
    /// A message is sent.
    Send,
    /// A message is applied.
    Receive,
    /// A message is sent and applied at once.
    Merge,
    /// Two replicas exchange what they have seen.
    Sync,
    /// A backup is taken.
    Save,
    /// A replica is restored.
    Restore,
    /// An object starts from a state.
    Load,
    /// Nothing happens.
    Note,
    /// Something was answered.
    Claim,
}

/// What a line says that happened, between whom.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it is.
    pub kind: RowKind,
    /// The replica that it is about, by number.
    pub replica: Option<u32>,
    /// The other one of a merge or a sync, by number.
    pub other: Option<u32>,
    /// The object that it names, by number.
    pub object: Option<u32>,
    /// The line of the send of a received message, or of the backup that is restored.
    pub from: Option<u32>,
    /// How many operations the replica has newly seen, and for a sync the other one.
    pub brought: [u64; 2],
    /// The message was never received by anyone.
    pub lost: bool,
    /// The message had been received by the replica before.
    pub repeated: bool,
    /// A later message of the same sender had been received before.
    pub reordered: bool,
    /// The lines of the messages that a send names, in `since` and `relays`.
    pub named: Vec<u32>,
    /// Those of them that the sender passes on without having applied them.
    pub held_back: Vec<u32>,
    /// Conflicts that the line opened at a replica, and that it closed; for a sync, where these
    /// were more.
    pub conflicts: [u32; 2],
}

/// What an answer is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The object, by number.
    pub object: u32,
    /// The element or key; for a log the line of the operation. Absent where the answer is that
    /// of the object as a whole.
    pub name: Option<String>,
    /// The place of an entry among all entries of its log.
    pub rank: u32,
}

/// Concurrent decisions on a key that differ in effect.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Conflict {
    /// The lines of those whose effect is the current one.
    pub kept: Vec<u32>,
    /// The lines of the others; with own stamps, of all.
    pub superseded: Vec<u32>,
}

/// The operations that decide an answer, by their lines.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Grounds {
    /// Those that make the answer: additions that no removal saw, the greatest write, concurrent
    /// values, or the removals that keep an element out.
    pub current: Vec<u32>,
    /// Writes that no other write saw and that are not current. With own stamps, all of them.
    pub concurrent: Vec<u32>,
}

/// Operations of one replica that follow each other: by their places among all of its operations
/// in the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The replica that performed them, by number.
    pub origin: u32,
    /// The place of the first, from 0.
    pub first: u32,
    /// How many they are.
    pub count: u32,
}

/// From a line on, a replica knows operations that it did not know, or no longer knows some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learned {
    /// The line.
    pub line: u32,
    /// The replica, by number.
    pub replica: u32,
    /// What it has newly seen.
    pub gained: Vec<Run>,
    /// What the backup to which it is set back did not hold.
    pub lost: Vec<Run>,
}

/// From a line on, a key has another answer at a replica, or rests on other operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The line.
    pub line: u32,
    /// The replica, by number.
    pub replica: u32,
    /// The key, by number.
    pub key: u32,
    /// The answer, by its number in `texts` from 1; 0 where the key is absent.
    pub text: u32,
    /// The conflict, by its number from 1; 0 where there is none.
    pub conflict: u32,
    /// What the answer rests on, by its number from 1; 0 where the type has no such choice.
    pub grounds: u32,
}

/// What has answers, by its numbers in the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Slot {
    Whole(u32),
    Key(u32, u32),
    Entry(u32, OpId),
}

impl Slot {
    fn object(self) -> u32 {
        match self {
            Self::Whole(object) | Self::Key(object, _) | Self::Entry(object, _) => object,
        }
    }
}

/// Makes a timeline while the judge goes over the lines.
pub struct Watch {
    limits: Limits,
    made: Timeline,
    /// What each replica had seen before the line.
    seen: Vec<Seen>,
    /// The states of the loaded objects at each replica before the line.
    states: Vec<HashMap<u32, Rc<State>>>,
    slots: HashMap<Slot, u32>,
    texts: HashMap<Rc<str>, u32>,
    conflicts: HashMap<Conflict, u32>,
    grounds: HashMap<Grounds, u32>,
    /// For a replica and a key, the present answer, conflict and grounds.
    answers: HashMap<(u32, u32), (u32, u32, u32)>,
    /// For each operation, its place among those of its replica.
    places: Vec<u32>,
    /// For each replica, how many operations it has performed.
    performed: Vec<u32>,
    runs: usize,
    /// For a backup, its line.
    snapshots: HashMap<String, u32>,
    /// Which lines sent what a replica has received.
    received: HashSet<(u32, u32)>,
    before: Coverage,
    line_bytes: usize,
    text_bytes: usize,
}

impl Watch {
    /// A timeline of nothing so far.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            made: Timeline::default(),
            seen: Vec::new(),
            states: Vec::new(),
            slots: HashMap::new(),
            texts: HashMap::new(),
            conflicts: HashMap::new(),
            grounds: HashMap::new(),
            answers: HashMap::new(),
            places: Vec::new(),
            performed: Vec::new(),
            runs: 0,
            snapshots: HashMap::new(),
            received: HashSet::new(),
            before: Coverage::default(),
            line_bytes: 0,
            text_bytes: 0,
        }
    }

    /// The trace begins; again, where it has to be judged again.
    pub fn begin(&mut self, header: &Header, text: &str) {
        *self = Self::new(self.limits);
        self.made.replicas = header.replicas.clone();
        let objects = header.objects.iter();
        self.made.objects = objects.map(|(name, of)| (name.clone(), of.kind)).collect();
        self.made.stamps = header.stamps;
        self.made.header = text.into();
        self.seen = vec![Seen::default(); header.replicas.len()];
        self.states = vec![HashMap::new(); header.replicas.len()];
        self.performed = vec![0; header.replicas.len()];
    }

    /// A line was judged; this is the past with it.
    pub fn line(&mut self, line: &Line<'_>, past: &Past) {
        self.line_bytes += line.text.len();
        let is_full = self.made.rows.len() >= self.limits.lines;
        if is_full || self.made.left_out > 0 || self.line_bytes > self.limits.bytes {
            self.made.left_out += 1;
            return;
        }
        self.number(past);
        let mut row = self.row(&line.event, past);
        let changing = match row.kind {
            RowKind::Op | RowKind::Receive | RowKind::Merge | RowKind::Restore | RowKind::Load => {
                [row.replica, None]
            }
            RowKind::Sync => [row.replica, row.other],
            _ => [None, None],
        };
        for (brought, replica) in row.brought.iter_mut().zip(changing) {
            let Some(replica) = replica else { continue };
            let mut conflicts = [0; 2];
            past.history.uncounted(|_| self.answer(past, replica, &mut conflicts, brought));
            row.conflicts = std::array::from_fn(|i| row.conflicts[i].max(conflicts[i]));
        }
        self.made.lines.push(line.text.into());
        self.made.rows.push(row);
        self.before.repeated = past.coverage.repeated;
        self.before.reordered = past.coverage.reordered;
    }

    /// Gives the operations of the line their numbers.
    fn number(&mut self, past: &Past) {
        let history = &past.history;
        for op in self.places.len()..history.ops.len() {
            let place = &mut self.performed[history.replica_of(op as OpId) as usize];
            self.places.push(*place);
            *place += 1;
            self.made.operations.push((history.ops[op].line, history.ops[op].seq));
        }
    }

    /// What the line says that happened, between whom.
    fn row(&mut self, event: &Event, past: &Past) -> Row {
        let replica = |name: &Name| past.find_replica(name);
        let object = |name: &Name| past.find_object(name);
        let row = |kind, of: Option<&Name>| Row {
            kind,
            replica: of.and_then(replica),
            other: None,
            object: None,
            from: None,
            brought: [0; 2],
            lost: false,
            repeated: false,
            reordered: false,
            named: Vec::new(),
            held_back: Vec::new(),
            conflicts: [0; 2],
        };
        let sent = |name: &Name| {
            let number = past.message("message", name).ok()?;
            Some(past.messages[number as usize].line)
        };
        match event {
            Event::Op(op) => {
                Row { object: object(&op.object), ..row(RowKind::Op, Some(&op.replica)) }
            }
            Event::Send { replica: by, content, relays, .. } => {
                let mut row = row(RowKind::Send, Some(by));
                // The event that receives it will say so.
                row.lost = true;
                let by = row.replica.unwrap_or(NONE);
                let passed_on = relays.iter().filter_map(sent);
                // Its own messages hold nothing that it has not seen.
                let is_own = |line: &u32| self.made.rows[*line as usize - 2].replica == Some(by);
                let is_held_back =
                    |line: &u32| !is_own(line) && !self.received.contains(&(by, *line));
                row.held_back = passed_on.filter(is_held_back).collect();
                let since = match content {
                    Content::Since(names) => names.as_slice(),
                    _ => &[],
                };
                row.named = since.iter().chain(relays).filter_map(sent).collect();
                row
            }
            Event::Receive { replica: by, message } => {
                let mut row = row(RowKind::Receive, Some(by));
                row.from = sent(message);
                row.repeated = past.coverage.repeated > self.before.repeated;
                row.reordered = past.coverage.reordered > self.before.reordered;
                if let (Some(by), Some(from)) = (row.replica, row.from) {
                    self.received.insert((by, from));
                    self.made.rows[from as usize - 2].lost = false;
                }
                row
            }
            Event::Merge { replica: by, from, .. } => {
                Row { other: replica(from), ..row(RowKind::Merge, Some(by)) }
            }
            Event::Sync { replicas, .. } => {
                Row { other: replica(&replicas[1]), ..row(RowKind::Sync, Some(&replicas[0])) }
            }
            Event::Save { replica: by, snapshot } => {
                self.snapshots.insert(snapshot.clone(), past.line);
                row(RowKind::Save, Some(by))
            }
            Event::Restore { replica: by, snapshot } => {
                let from = self.snapshots.get(snapshot).copied();
                Row { from, ..row(RowKind::Restore, Some(by)) }
            }
            Event::Load { replica: by, object: of, .. } => {
                Row { object: object(of), ..row(RowKind::Load, Some(by)) }
            }
            Event::Note { .. } => row(RowKind::Note, None),
            Event::Claim(claim) => {
                let (by, of) = match claim {
                    Claim::Read { replica, object, .. }
                    | Claim::Decisions { replica, object, .. }
                    | Claim::State { replica, object, .. } => (Some(replica), Some(object)),
                    Claim::Vector { replica, object, .. }
                    | Claim::Digest { replica, object, .. }
                    | Claim::Failed { replica, object, .. } => (Some(replica), object.as_ref()),
                    Claim::Notices { replica, .. } => (Some(replica), None),
                    Claim::Converged { .. } => (None, None),
                };
                Row { object: of.and_then(object), ..row(RowKind::Claim, by) }
            }
        }
    }

    /// Notes which answers are other ones at a replica than before the line.
    fn answer(&mut self, past: &Past, replica: u32, conflicts: &mut [u32; 2], brought: &mut u64) {
        let history = &past.history;
        let before = std::mem::replace(&mut self.seen[replica as usize], past.seen(replica));
        let after = past.history.seen(replica);
        let ops = history.differing(&before, after);
        *brought = ops.iter().filter(|op| history.contains(after, **op)).count() as u64;
        self.learn(past, replica, &ops);
        let slot = |op: &OpId| {
            let object = history.object_of(*op);
            match (history.objects[object as usize].kind, history.ops[*op as usize].key) {
                (TraceType::Log, _) => Slot::Entry(object, *op),
                (_, NONE) => Slot::Whole(object),
                (_, key) => Slot::Key(object, key),
            }
        };
        let slots: BTreeSet<Slot> = ops.iter().map(slot).collect();
        // Many questions are quicker answered from a flat table.
        const MANY: usize = 16;
        let seen = if slots.len() > MANY { after.laid_flat() } else { after.clone() };
        for slot in slots {
            let text = amount(past, slot, &seen);
            let conflict = conflict(past, slot, &seen);
            let grounds = grounds(past, slot, &seen);
            self.change(past, replica, slot, (text, conflict, grounds), conflicts);
        }
        for (object, state) in past.loaded_states(replica, None) {
            let known = self.states[replica as usize].get(&object);
            if known.is_some_and(|known| Rc::ptr_eq(known, &state)) || self.is_full() {
                continue;
            }
            let beyond = || "\"more than 2^128 − 1\"".into();
            let text = state.value_text().unwrap_or_else(|_| beyond());
            self.states[replica as usize].insert(object, state);
            self.change(past, replica, Slot::Whole(object), (Some(text), None, None), conflicts);
        }
    }

    /// Notes what a replica came to know, or lost, of these operations.
    fn learn(&mut self, past: &Past, replica: u32, ops: &[OpId]) {
        let history = &past.history;
        // What it performed itself, it knows.
        let exchanged = ops.iter().filter(|op| history.ops[**op as usize].line < past.line);
        let (gained, lost): (Vec<OpId>, Vec<OpId>) =
            exchanged.partition(|op| history.contains(history.seen(replica), **op));
        if self.is_full() || (gained.is_empty() && lost.is_empty()) {
            return;
        }
        let [gained, lost] = [gained, lost].map(|ops| self.runs(past, &ops));
        self.runs += gained.len() + lost.len();
        self.made.learned.push(Learned { line: past.line, replica, gained, lost });
        if self.runs >= self.limits.changes {
            self.made.answered_to = Some(u64::from(past.line) - 1);
        }
    }

    fn runs(&self, past: &Past, ops: &[OpId]) -> Vec<Run> {
        let place = |op: &OpId| (past.history.replica_of(*op), self.places[*op as usize]);
        let mut places: Vec<(u32, u32)> = ops.iter().map(place).collect();
        places.sort_unstable();
        let mut runs: Vec<Run> = Vec::new();
        for (origin, place) in places {
            match runs.last_mut() {
                Some(run) if run.origin == origin && run.first + run.count == place => {
                    run.count += 1;
                }
                _ => runs.push(Run { origin, first: place, count: 1 }),
            }
        }
        runs
    }

    fn is_full(&self) -> bool {
        self.made.answered_to.is_some()
    }

    fn change(
        &mut self,
        past: &Past,
        replica: u32,
        slot: Slot,
        (text, conflict, grounds): (Option<String>, Option<Conflict>, Option<Grounds>),
        conflicts: &mut [u32; 2],
    ) {
        if self.is_full() {
            return;
        }
        let (keys, made) = (self.slots.len() as u32, &mut self.made);
        let key = *self.slots.entry(slot).or_insert_with(|| {
            made.keys.push(key(past, slot));
            keys
        });
        let text = text.map_or(0, |text| match self.texts.get(&*text) {
            Some(number) => *number,
            None => {
                self.text_bytes += text.len();
                made.texts.push(text.clone());
                self.texts.insert(text.into(), made.texts.len() as u32);
                made.texts.len() as u32
            }
        });
        let conflict = conflict.map_or(0, |conflict| match self.conflicts.get(&conflict) {
            Some(number) => *number,
            None => {
                made.conflicts.push(conflict.clone());
                self.conflicts.insert(conflict, made.conflicts.len() as u32);
                made.conflicts.len() as u32
            }
        });
        let grounds = grounds.map_or(0, |grounds| match self.grounds.get(&grounds) {
            Some(number) => *number,
            None => {
                made.grounds.push(grounds.clone());
                self.grounds.insert(grounds, made.grounds.len() as u32);
                made.grounds.len() as u32
            }
        });
        let now = (text, conflict, grounds);
        let before = self.answers.insert((replica, key), now).unwrap_or_default();
        if before == now {
            return;
        }
        conflicts[0] += u32::from(before.1 == 0 && now.1 != 0);
        conflicts[1] += u32::from(before.1 != 0 && now.1 == 0);
        made.changes.push(Change { line: past.line, replica, key, text, conflict, grounds });
        if made.changes.len() >= self.limits.changes || self.text_bytes > self.limits.bytes {
            // This line is not complete.
            made.answered_to = Some(u64::from(past.line) - 1);
        }
    }

    /// The timeline up to the last line that was judged.
    pub fn end(mut self, past: &Past) -> Timeline {
        // A trace that turned out to be none has no history.
        if !past.history.objects.is_empty() {
            self.rank_entries(past);
        }
        self.made
    }

    /// Gives the entries of logs their places among all.
    fn rank_entries(&mut self, past: &Past) {
        let mut entries: Vec<(u32, OpId, u32)> = Vec::new();
        for (slot, key) in &self.slots {
            if let Slot::Entry(object, op) = slot {
                entries.push((*object, *op, *key));
            }
        }
        let history = &past.history;
        entries.sort_unstable_by(|(a, x, _), (b, y, _)| {
            let by_stamp = || match past.stamps {
                Stamps::Explicit => history.stamp(*x).cmp(&history.stamp(*y)),
                Stamps::Own => std::cmp::Ordering::Equal,
            };
            a.cmp(b).then_with(by_stamp).then(x.cmp(y))
        });
        for (rank, (_, _, key)) in entries.into_iter().enumerate() {
            self.made.keys[key as usize].rank = rank as u32;
        }
    }
}

/// What an answer is about, for people.
fn key(past: &Past, slot: Slot) -> Key {
    let history = &past.history;
    let name = match slot {
        Slot::Whole(_) => None,
        Slot::Entry(_, op) => Some(history.ops[op as usize].line.to_string()),
        Slot::Key(object, key) => {
            let kind = history.objects[object as usize].kind;
            let has_one = matches!(kind, TraceType::LwwRegister | TraceType::MvRegister);
            (!has_one && !kind.is_flag()).then(|| history.keys[key as usize].name.to_string())
        }
    };
    Key { object: slot.object(), name, rank: 0 }
}

/// What a key amounts to over what was seen, as canonical JSON; `None` where it is absent. Of a
/// register or a map's key with own stamps, the values of which one is right, as an array where
/// there are several.
fn amount(past: &Past, slot: Slot, seen: &Seen) -> Option<String> {
    let history = &past.history;
    let object = slot.object();
    let kind = history.objects[object as usize].kind;
    match slot {
        Slot::Entry(_, op) => history.contains(seen, op).then(|| history.stamp(op).3.to_string()),
        Slot::Whole(_) if kind == TraceType::Opaque => {
            let counts = history.counts(seen, Some(object));
            Some(counts.values().sum::<u64>().to_string())
        }
        Slot::Whole(_) => Some(match kind {
            TraceType::GCounter | TraceType::PnCounter => history.count(object, seen).to_string(),
            _ => history.value_text(object, seen),
        }),
        Slot::Key(_, key) => match kind {
            TraceType::LwwRegister | TraceType::LwwMap if past.stamps == Stamps::Own => {
                let maximal = history.maximal(key, seen);
                let mut values: Vec<&str> =
                    maximal.into_iter().map(|op| history.stamp(op).3).collect();
                values.sort_unstable();
                values.dedup();
                match values[..] {
                    [] | ["null"] => None,
                    [only] => Some(only.into()),
                    _ => Some(list('[', ']', values.into_iter().map(String::from))),
                }
            }
            TraceType::LwwRegister | TraceType::LwwMap => {
                history.current(key, seen).map(|value| history.values.text(value).to_string())
            }
            TraceType::MvRegister | TraceType::MvMap => {
                let values = history.siblings(key, seen);
                let text = || list('[', ']', values.iter().copied().map(String::from));
                (!values.is_empty()).then(text)
            }
            kind if kind.is_flag() => Some(history.has(object, key, seen).to_string()),
            _ => history.has(object, key, seen).then(|| "true".into()),
        },
    }
}

/// The conflict on a key: an open merge decision, or several concurrent values.
fn conflict(past: &Past, slot: Slot, seen: &Seen) -> Option<Conflict> {
    let Slot::Key(object, key) = slot else { return None };
    let history = &past.history;
    let kind = history.objects[object as usize].kind;
    let lines = |ops: Vec<OpId>| {
        let mut lines: Vec<u32> = ops.iter().map(|op| history.ops[*op as usize].line).collect();
        lines.sort_unstable();
        lines
    };
    if matches!(kind, TraceType::MvRegister | TraceType::MvMap) {
        let is_contested = history.siblings(key, seen).len() > 1;
        let maximal = || lines(history.maximal(key, seen));
        return is_contested.then(|| Conflict { kept: maximal(), superseded: Vec::new() });
    }
    if !kind.has_decisions() {
        return None;
    }
    let of = open(past, object, key, seen, past.orders_by_itself(kind))?;
    Some(Conflict { kept: lines(of.kept), superseded: lines(of.superseded) })
}

/// Up to how many operations on a key all of an element's additions are listed that no removal
/// saw; of more, the last of each replica.
const FEW_DECISIONS: usize = 64;

/// The operations that decide the answer of a key.
fn grounds(past: &Past, slot: Slot, seen: &Seen) -> Option<Grounds> {
    let Slot::Key(object, key) = slot else { return None };
    let history = &past.history;
    let kind = history.objects[object as usize].kind;
    let maximal = || history.maximal(key, seen);
    let (current, concurrent) = match kind {
        TraceType::OrSet | TraceType::EwFlag => {
            let decisions = history.keys[key as usize].chains.iter().map(|chain| chain.ops.len());
            match decisions.sum::<usize>() <= FEW_DECISIONS {
                true => (history.all_live(key, seen), Vec::new()),
                false => (history.live(key, seen), Vec::new()),
            }
        }
        TraceType::RwSet | TraceType::DwFlag => {
            let removals = history.unanswered(key, seen, Effect::Removed);
            (if removals.is_empty() { maximal() } else { removals }, Vec::new())
        }
        TraceType::LwwRegister | TraceType::LwwMap if past.orders_by_itself(kind) => {
            (Vec::new(), maximal())
        }
        TraceType::LwwRegister | TraceType::LwwMap => {
            let winner = history.winner(key, seen);
            let mut others = maximal();
            others.retain(|op| Some(*op) != winner);
            (winner.into_iter().collect(), others)
        }
        TraceType::MvRegister | TraceType::MvMap => (maximal(), Vec::new()),
        _ => return None,
    };
    let lines = |ops: Vec<OpId>| {
        let mut lines: Vec<u32> = ops.iter().map(|op| history.ops[*op as usize].line).collect();
        lines.sort_unstable();
        lines
    };
    Some(Grounds { current: lines(current), concurrent: lines(concurrent) })
}
