//! What is true of a thing in a window, and how well that separates what went wrong from what came out
//! right.
//!
//! Meaning: a *case* is a thing and a window in which something happened to it: a counter as a whole, each
//! key, each element, and the entries of a log that are equal. It is wrong where the claim that ends the
//! window is the first to be wrong in it. A fact is held against both kinds of cases.
//! Law: the facts of a case depend on the history alone; only of a wrong rule ([`Rule`]) is it asked
//! besides, where the case is wrong, whether it gives the very answer.
//! Cost: bounded by the steps that [`Cases::new`] is given.
//! Source: the measure is the phi coefficient of a table of two by two (H. Cramér, Mathematical Methods of
//! Statistics, 1946), with half a case added to each of its cells, so that few cases count for little.

use super::Aspect;
use super::acts::{self, Act, Gift};
use super::rules::{self, Rule, Step};
use super::thing::{self, Index, Known, Thing, known};
use crate::past::Past;
use crate::past::history::{Content, Effect, How, OpId, Seen};
use crate::wording::plural;
use hashbrown::{HashMap, HashSet};
use rejoin::object::TraceType;
use std::collections::{BTreeMap, BTreeSet};

/// Facts that are stated.
const MOST_FACTS: usize = 6;

/// Of fewer cases that came out right, a comparison is said to be weak.
const FEW: u64 = 5;

/// A fact that separates less than this is not stated.
pub const LEAST: f64 = 0.3;

/// A circumstance that is as frequent by chance as this is not stated.
pub const MOST_CHANCE: f64 = 0.02;

/// Things of a window that are looked at; operations that one reception brought, and those of them that
/// are held against each other.
const MOST_THINGS: usize = 48;
const MOST_BROUGHT: usize = 2_000;
const MOST_OPS: usize = 64;

/// What can be true of a case; of equally good ones, the first is stated first. From [`Fact::EqualStamps`] on they
/// are circumstances, of which one or the other may be there by chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// This wrong rule gives another answer.
    Rule(Rule),
    HandedOn,
    Warned,
    EqualEntry,
    NoNewTag,
    RemovalUnseen,
    Repeated,
    Undone,
    Reordered,
    Partial,
    OnlyRelayed,
    AddedAgain,
    LateWrite,
    EqualStamps,
    Falsy,
    Deleted,
    CountsDown,
    MoreThanOne,
    OwnConcurrent,
    Concurrent,
    SenderLess,
    Overlap,
    Several,
    Restored,
    Saved,
    Came(Kind),
    Did(Kind),
    Idle,
    Nothing,
    From(u32),
    At(u32),
}

/// What an operation did, roughly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Addition,
    Removal,
    Write,
    Operation,
}

impl Kind {
    fn of(past: &Past, op: OpId) -> Self {
        match past.history.ops[op as usize].effect {
            Effect::Added => Self::Addition,
            Effect::Removed => Self::Removal,
            Effect::Wrote { .. } | Effect::Offered { .. } => Self::Write,
            Effect::Increment(_) | Effect::Decrement(_) | Effect::Performed(_) => Self::Operation,
        }
    }

    fn says(self) -> &'static str {
        match self {
            Self::Addition => "an addition",
            Self::Removal => "a removal",
            Self::Write => "a write",
            Self::Operation => "an operation",
        }
    }
}

impl Fact {
    fn says(self, past: &Past) -> String {
        let text = match self {
            Self::Rule(rule) => {
                return format!(
                    "{} gives another answer (in the wrong ones this one)",
                    rule.says()
                );
            }
            Self::HandedOn => {
                "what is right had been handed on to another replica by the one that answers"
            }
            Self::Warned => {
                "one of the writes that came or were done is not above what its replica had seen"
            }
            Self::EqualEntry => "an equal entry was there already when one came",
            Self::NoNewTag => {
                "a removal took the addition before, and each one since was of an element that its replica \
                 had already (no tag of its own?)"
            }
            Self::RemovalUnseen => {
                "an addition and a removal of it are concurrent: the removal had not seen that addition"
            }
            Self::Repeated => "a message was received that had been received before",
            Self::Undone => "what was there was undone by going back to a backup",
            Self::Reordered => "a message was received after a later one of its sender",
            Self::Partial => {
                "it came with a message that holds only a part of what its sender had seen"
            }
            Self::OnlyRelayed => {
                "some of it came through another replica than its origin, and not from that itself"
            }
            Self::AddedAgain => "it was added again after a removal",
            Self::LateWrite => "a write came that is below one that was there",
            Self::EqualStamps => "two of the writes that were seen have equal timestamps",
            Self::Falsy => "the right value is empty, 0, false or null",
            Self::Deleted => "it is deleted",
            Self::CountsDown => "a decrement is among what happened",
            Self::MoreThanOne => "an amount other than 1 is among what happened",
            Self::OwnConcurrent => {
                "what came is concurrent with an operation of the replica itself"
            }
            Self::Concurrent => "what came is concurrent with an operation that was there",
            Self::SenderLess => {
                "a sender had seen less of it than the receiver, besides the receiver's own"
            }
            Self::Overlap => "a sender had seen some of it that the receiver knew already",
            Self::Several => "several operations of one origin came at once",
            Self::Restored => "the replica went back to a backup",
            Self::Saved => "the replica saved a backup",
            Self::Came(kind) => return format!("{} came", kind.says()),
            Self::Did(kind) => return format!("the replica itself did {}", kind.says()),
            Self::Idle => "a reception brought nothing new",
            Self::Nothing => "nothing happened to it",
            Self::From(replica) => {
                return format!("something came from {}", past.replica_shown(replica));
            }
            Self::At(replica) => return format!("at {}", past.replica_shown(replica)),
        };
        text.into()
    }
}

/// What is known of a thing that an answer is wrong in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wrong {
    /// Whether the claim before was not wrong in it, nor that of a replica that it came from.
    pub is_new: bool,
    /// The write whose value is claimed.
    pub claimed: Option<OpId>,
    /// By how much a counter is wrong.
    pub by: i128,
}

/// How often something is true where it went wrong and where it came out right.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times([u64; 2]);

/// The cases of one object.
pub struct Cases<'a> {
    past: &'a Past,
    object: Option<u32>,
    index: Index,
    left: u64,
    /// How many things and windows went wrong, and came out right.
    things: Times,
    windows: Times,
    of_things: BTreeMap<Fact, Times>,
    of_windows: BTreeMap<Fact, Times>,
    /// For each replica, the receptions of messages: the line, the message, whether it came before, and
    /// whether a later one of its sender came before.
    received: HashMap<u32, HashMap<u32, [bool; 2]>>,
    /// For each replica, what it gave to others.
    gifts: &'a [Vec<Gift>],
    /// The lines that were warned of.
    warned: HashSet<u32>,
}

impl<'a> Cases<'a> {
    /// No cases yet. `gifts` is what each replica gave to others; looking at the cases ends after so many elementary
    /// steps.
    pub fn new(past: &'a Past, object: Option<u32>, gifts: &'a [Vec<Gift>], steps: u64) -> Self {
        Self {
            past,
            object,
            index: thing::index(past, object),
            left: steps,
            things: Times::default(),
            windows: Times::default(),
            of_things: BTreeMap::new(),
            of_windows: BTreeMap::new(),
            received: HashMap::new(),
            gifts,
            warned: past.warnings.iter().filter_map(|of| of.line.try_into().ok()).collect(),
        }
    }

    /// Grants more steps.
    pub fn grant(&mut self, steps: u64) {
        self.left += steps;
    }

    /// The steps that are left.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Adds a window, and what is wrong at its end. `is_clean` says that the claim before was right: where an
    /// object is one thing, what is wrong otherwise may be the fault of an earlier window.
    pub fn window(
        &mut self,
        aspect: Aspect,
        (from, line): (u32, u32),
        is_clean: bool,
        wrong: &BTreeMap<Thing, Wrong>,
    ) {
        if self.left == 0 {
            return;
        }
        let past = self.past;
        let (acts, _) = acts::between(past, aspect.replica, self.object, (from, line));
        let went_wrong = wrong.values().any(|wrong| wrong.is_new);
        if went_wrong || (wrong.is_empty() && is_clean) {
            self.windows.add(went_wrong);
            for fact in self.of_window(aspect.replica, &acts, (from, line)) {
                self.of_windows.entry(fact).or_default().add(went_wrong);
            }
        }
        let is_whole = self.is_whole(aspect);
        let mut ops: HashMap<Thing, Vec<(usize, OpId)>> = HashMap::new();
        let mut order = Vec::new();
        for (at, act) in acts.iter().enumerate() {
            self.spend(8 + act.ops.len() as u64);
            for op in &act.ops[act.ops.len().saturating_sub(MOST_BROUGHT)..] {
                let thing = if is_whole { Thing::Whole } else { Thing::of(past, *op) };
                ops.entry(thing).or_default().push((at, *op));
                order.push(thing);
            }
        }
        let things: Vec<Thing> = match (is_whole, aspect.part) {
            (true, _) if !is_clean => return,
            (true, _) => vec![Thing::Whole],
            (false, Some(part)) => vec![Thing::Key(part)],
            // In what it is wrong is not known.
            (false, None) if wrong.contains_key(&Thing::Whole) => return,
            (false, None) => {
                let mut known = HashSet::new();
                let touched = order.into_iter().rev();
                let all = wrong.keys().copied().chain(touched);
                all.filter(|thing| known.insert(*thing)).take(MOST_THINGS).collect()
            }
        };
        let window = Window {
            replica: aspect.replica,
            between: (from, line),
            start: past.history.seen_of(aspect.replica, from, self.object),
            end: past.history.seen_of(aspect.replica, line, self.object),
            acts: &acts,
        };
        for thing in things {
            let wrong = wrong.get(&thing).copied();
            // What was wrong before says nothing of this window.
            if wrong.is_some_and(|wrong| !wrong.is_new) || self.left == 0 {
                continue;
            }
            self.things.add(wrong.is_some());
            let ops = ops.get(&thing).map_or(&[][..], |ops| ops);
            for fact in self.of_thing(thing, &window, ops, wrong) {
                self.of_things.entry(fact).or_default().add(wrong.is_some());
            }
        }
    }

    /// Whether claims are about the object as one.
    fn is_whole(&self, aspect: Aspect) -> bool {
        use TraceType::*;
        aspect.kind != super::Kind::Value
            || aspect.object.is_none_or(|object| {
                matches!(
                    self.past.history.objects[object as usize].kind,
                    GCounter | PnCounter | MaxRegister | MinRegister | Opaque
                )
            })
    }

    fn of_window(&mut self, replica: u32, acts: &[Act], (from, line): (u32, u32)) -> Vec<Fact> {
        let mut facts = BTreeSet::from([Fact::At(replica)]);
        for act in acts {
            facts.extend(act.source(self.past).map(Fact::From));
            match act.how {
                Some(How::Received(message)) => {
                    let [again, late] = self.reception(replica, act.line);
                    facts.extend(again.then_some(Fact::Repeated));
                    facts.extend(late.then_some(Fact::Reordered));
                    let is_part = !act.ops.is_empty() && is_part(self.past, message);
                    facts.extend(is_part.then_some(Fact::Partial));
                }
                Some(How::Restored(_)) => {
                    facts.insert(Fact::Restored);
                }
                _ => {}
            }
            if act.how.is_some() && act.ops.is_empty() {
                facts.insert(Fact::Idle);
            }
        }
        if acts.is_empty() {
            facts.insert(Fact::Nothing);
        }
        let of_line = |line: u32| self.past.snapshots.partition_point(|of| of.line <= line);
        if self.past.snapshots[of_line(from)..of_line(line)].iter().any(|of| of.replica == replica)
        {
            facts.insert(Fact::Saved);
        }
        facts.into_iter().collect()
    }

    /// Whether the message that a replica received on a line had come before, and whether a later one of
    /// its sender had.
    fn reception(&mut self, replica: u32, line: u32) -> [bool; 2] {
        let past = self.past;
        let of = self.received.entry(replica).or_insert_with(|| {
            let all = acts::receptions(past, replica).into_iter();
            let all = all.filter_map(|(line, how)| match how {
                How::Received(message) => Some((line, message)),
                _ => None,
            });
            let (mut before, mut newest) = (HashSet::new(), HashMap::new());
            all.map(|(line, message)| {
                let sender = past.messages[message as usize].sender;
                let newest = newest.entry(sender).or_insert(message);
                let said = [!before.insert(message), *newest > message];
                *newest = (*newest).max(message);
                (line, said)
            })
            .collect()
        });
        of.get(&line).copied().unwrap_or_default()
    }

    fn of_thing(
        &mut self,
        thing: Thing,
        window: &Window<'_>,
        on_it: &[(usize, OpId)],
        wrong: Option<Wrong>,
    ) -> Vec<Fact> {
        let past = self.past;
        let history = &past.history;
        let mut facts = BTreeSet::new();
        let mut steps = Vec::new();
        let mut relayed: HashSet<OpId> = HashSet::new();
        let start = self.known(thing, &window.start);
        let end = self.known(thing, &window.end);
        let mut there = start.clone();
        let mut on_it = on_it.iter().peekable();
        // The last operation on it that was there.
        let mut last: HashMap<u32, OpId> = HashMap::new();
        let mut gave_to = window.between.0;
        for (at, act) in window.acts.iter().enumerate() {
            if self.gave(window.replica, (gave_to, act.line)) {
                steps.push(Step::Gave);
            }
            gave_to = act.line - 1;
            let mut ops = Vec::new();
            while let Some((_, op)) = on_it.next_if(|(of, _)| *of == at) {
                ops.push(*op);
            }
            for op in &ops {
                let kind = Kind::of(past, *op);
                facts.insert(if act.how.is_none() { Fact::Did(kind) } else { Fact::Came(kind) });
                match history.ops[*op as usize].effect {
                    Effect::Increment(1) => {}
                    Effect::Increment(_) => drop(facts.insert(Fact::MoreThanOne)),
                    Effect::Decrement(_) => drop(facts.insert(Fact::CountsDown)),
                    _ => {}
                }
            }
            if let Some(How::Restored(_)) = act.how {
                let of = |line| history.seen_of(window.replica, line, self.object);
                let (before, after) = (of(act.line - 1), of(act.line));
                let [was, is] = [&before, &after].map(|seen| self.known(thing, seen));
                if less(&is, &was, None) {
                    facts.insert(Fact::Undone);
                }
                there = is.clone();
                steps.push(Step::Back(after, is));
                continue;
            }
            let Some(how) = act.how else {
                for op in ops {
                    steps.push(Step::Own(op));
                    *there.entry(window.replica).or_default() += match thing {
                        Thing::Whole => thing::amount(past, op).max(1),
                        _ => 1,
                    };
                    last.insert(window.replica, op);
                }
                continue;
            };
            let Some((from, theirs)) = thing::sender(past, act, self.object) else { continue };
            let known = self.known(thing, &theirs);
            if less(&known, &there, Some(window.replica)) {
                facts.insert(Fact::SenderLess);
            }
            if known.iter().any(|(origin, count)| *count != 0 && there.contains_key(origin)) {
                facts.insert(Fact::Overlap);
            }
            for op in ops.iter().take(MOST_OPS) {
                if history.replica_of(*op) != from {
                    relayed.insert(*op);
                }
                for (by, before) in &last {
                    if history.sees(*op, *before) {
                        continue;
                    }
                    facts.insert(Fact::Concurrent);
                    if *by == window.replica {
                        facts.insert(Fact::OwnConcurrent);
                    }
                }
            }
            // Its origin may have given it afterwards.
            relayed.retain(|op| history.replica_of(*op) != from || !history.contains(&theirs, *op));
            let mut origins = HashSet::new();
            if ops.iter().any(|op| !origins.insert(history.replica_of(*op))) {
                facts.insert(Fact::Several);
            }
            if let (Thing::Entry(_), false) = (thing, ops.is_empty()) {
                if ops.len() > 1 || there.values().any(|count| *count > 0) {
                    facts.insert(Fact::EqualEntry);
                }
            }
            let mut again = 0;
            if let How::Received(message) = how {
                let [is_again, is_late] = self.reception(window.replica, act.line);
                facts.extend((is_late && !ops.is_empty()).then_some(Fact::Reordered));
                facts.extend((is_again && thing == Thing::Whole).then_some(Fact::Repeated));
                if let (true, Content::Listed(held)) =
                    (is_again, &past.messages[message as usize].content)
                {
                    again = held
                        .iter()
                        .filter(|op| Some(history.object_of(**op)) == self.object)
                        .map(|op| thing::amount(past, *op))
                        .sum();
                }
            }
            let after = history.seen_of(window.replica, act.line, self.object);
            there = self.known(thing, &after);
            // A part of a state is joined by no rule of states.
            let (theirs, known) = match how {
                How::Received(message) if is_part(past, message) => (after, there.clone()),
                _ => (theirs, known),
            };
            for op in &ops {
                let of = last.entry(history.replica_of(*op)).or_insert(*op);
                *of = (*of).max(*op);
            }
            steps.push(Step::Came { from, theirs, known, new: ops, again });
        }
        if self.gave(window.replica, (gave_to, window.between.1)) {
            steps.push(Step::Gave);
        }
        facts.extend((!relayed.is_empty()).then_some(Fact::OnlyRelayed));
        let warned = |op: &OpId| self.warned.contains(&history.ops[*op as usize].line);
        let mut touched = steps.iter().flat_map(|step| match step {
            Step::Own(op) => std::slice::from_ref(op),
            Step::Came { new, .. } => &new[..],
            Step::Gave | Step::Back(..) => &[],
        });
        facts.extend(touched.any(warned).then_some(Fact::Warned));
        self.of_end(thing, window, &mut facts);
        let rules = match (thing, self.object) {
            (Thing::Key(key), Some(object)) => rules::of_key(
                past,
                (object, key, window.replica),
                (&window.start, &window.end),
                &steps,
                (wrong.map(|wrong| wrong.claimed), self.was_given(key, window)),
            ),
            (Thing::Whole, Some(object)) => rules::of_counter(
                past,
                (object, window.replica),
                (&start, &end),
                &steps,
                wrong.map(|wrong| wrong.by),
            ),
            _ => Vec::new(),
        };
        facts.extend(rules.into_iter().map(Fact::Rule));
        facts.into_iter().collect()
    }

    /// What the operations that were seen are, whenever they came.
    fn of_end(&mut self, thing: Thing, window: &Window<'_>, facts: &mut BTreeSet<Fact>) {
        let (Thing::Key(key), Some(object)) = (thing, self.object) else { return };
        let history = &self.past.history;
        self.left = self.left.saturating_sub(history.keys[key as usize].chains.len() as u64 * 4);
        let of = |op: OpId| history.ops[op as usize];
        let kind = history.objects[object as usize].kind;
        if kind.is_stamped() {
            let Some(right) = history.winner(key, &window.end) else { return };
            if self.was_handed_on(right, window.replica, window.between.1) {
                facts.insert(Fact::HandedOn);
            }
            let time = |op: OpId| history.stamp(op).0;
            let before = history.winner(key, &window.start);
            let came = window.acts.iter().flat_map(|act| &act.ops);
            let writes = came.filter(|op| of(**op).key == key).copied().take(MOST_OPS);
            let mut others: Vec<OpId> = writes.chain(before).collect();
            if before.is_some_and(|before| others.iter().any(|op| time(*op) < time(before))) {
                facts.insert(Fact::LateWrite);
            }
            others.sort_by_key(|op| time(*op));
            others.dedup();
            if others.windows(2).any(|two| time(two[0]) == time(two[1])) {
                facts.insert(Fact::EqualStamps);
            }
            match history.stamp(right).3 {
                "null" => drop(facts.insert(Fact::Deleted)),
                "\"\"" | "0" | "false" | "[]" | "{}" => drop(facts.insert(Fact::Falsy)),
                _ => {}
            }
            return;
        }
        let maximal = history.maximal(key, &window.end);
        let has = |effect| maximal.iter().any(|op| of(*op).effect == effect);
        if has(Effect::Added) && has(Effect::Removed) {
            facts.insert(Fact::RemovalUnseen);
        }
        if !matches!(kind, TraceType::OrSet | TraceType::EwFlag) {
            if has(Effect::Added) && history.counted(key, &window.end).len() > 1 {
                facts.extend(self.was_removed(key, &maximal).then_some(Fact::AddedAgain));
            }
            return;
        }
        let live = history.all_live(key, &window.end);
        if live.is_empty() {
            return;
        }
        facts.extend(self.was_removed(key, &live).then_some(Fact::AddedAgain));
        let holds_nothing_new = live.iter().take(MOST_OPS).all(|op| {
            let by = history.replica_of(*op);
            let before = history.seen_of(by, of(*op).line - 1, self.object);
            history.has(object, key, &before)
        });
        // What its replica had already is gone only where a removal took that.
        let is_taken = facts.contains(&Fact::RemovalUnseen);
        facts.extend((holds_nothing_new && is_taken).then_some(Fact::NoNewTag));
    }

    /// Whether one of some operations had seen a removal.
    fn was_removed(&self, key: u32, ops: &[OpId]) -> bool {
        let history = &self.past.history;
        ops.iter().take(4).any(|op| {
            let chains = &history.keys[key as usize].chains;
            chains.iter().take(MOST_OPS).any(|chain| {
                let mut last = chain.ops.iter().rev().take(MOST_OPS);
                last.any(|of| {
                    history.ops[*of as usize].effect == Effect::Removed && history.sees(*op, *of)
                })
            })
        })
    }

    /// Whether a replica gave what it had of the object after one line and before another.
    fn gave(&mut self, replica: u32, between: (u32, u32)) -> bool {
        let (past, object) = (self.past, self.object);
        self.gave_such(replica, between, |gift| {
            object.is_none_or(|object| gift.is_about(past, object))
        })
    }

    /// Whether a replica gave an operation on after it came to know it, and before a line.
    fn was_handed_on(&mut self, op: OpId, replica: u32, until: u32) -> bool {
        let past = self.past;
        let line = acts::known_from(past, replica, op);
        line.is_some_and(|line| {
            self.gave_such(replica, (line, until), |gift| gift.held(past, replica, op))
        })
    }

    /// Whether what a replica gave after one line and before another has such a gift.
    fn gave_such(
        &mut self,
        replica: u32,
        (after, until): (u32, u32),
        is_such: impl Fn(&Gift) -> bool,
    ) -> bool {
        let gifts = self.gifts;
        let of = &gifts[replica as usize];
        let from = of.partition_point(|gift| gift.line <= after);
        for gift in of[from..].iter().take_while(|gift| gift.line < until) {
            self.spend(4);
            if is_such(gift) {
                return true;
            }
            if self.left == 0 {
                break;
            }
        }
        false
    }

    /// Whether the write that was right at the beginning of a window had been handed on by then.
    fn was_given(&mut self, key: u32, window: &Window<'_>) -> bool {
        let history = &self.past.history;
        let is_stamped =
            self.object.is_some_and(|object| history.objects[object as usize].kind.is_stamped());
        let right = is_stamped.then(|| history.winner(key, &window.start)).flatten();
        right.is_some_and(|op| self.was_handed_on(op, window.replica, window.between.0 + 1))
    }

    fn known(&mut self, thing: Thing, seen: &Seen) -> Known {
        let known = known(self.past, self.object, thing, &self.index, seen);
        self.spend(known.len() as u64 * 4 + 10);
        known
    }

    fn spend(&mut self, steps: u64) {
        self.left = self.left.saturating_sub(steps);
    }

    /// The facts that separate best, each a sentence.
    pub fn sentences(&self) -> Vec<String> {
        let Self { past, things, windows, .. } = self;
        let what = match self.object.map(|object| past.history.objects[object as usize].kind) {
            Some(TraceType::Log) => ["entry that went wrong", "that came out right"],
            Some(kind) if kind.is_map() => ["key that went wrong", "that came out right"],
            Some(
                TraceType::OrSet
                | TraceType::GSet
                | TraceType::TwoPhaseSet
                | TraceType::RwSet
                | TraceType::List,
            ) => ["element that went wrong", "that came out right"],
            _ => ["window that ends wrong", "that end right"],
        };
        let of_windows = ["window that ends wrong", "that end right"];
        let mut stated: Vec<(f64, Fact, String)> = Vec::new();
        let kinds = [(&self.of_things, things, what), (&self.of_windows, windows, of_windows)];
        for (facts, all, words) in kinds {
            for (fact, times) in facts {
                let score = times.phi(all);
                // One of many circumstances is often there by chance; what is more specific is not.
                let is_chance = *fact >= Fact::EqualStamps
                    && all.0[0] >= FEW
                    && times.chance(all) > MOST_CHANCE;
                if score >= LEAST && times.0[1] > 0 && !is_chance {
                    stated.push((score, *fact, times.sentence(all, words, &fact.says(past))));
                }
            }
        }
        stated.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        // Beside one that separates twice as well, a fact only misleads.
        let best = stated.first().map_or(0.0, |(score, ..)| *score);
        stated.retain(|(score, ..)| *score * 2.0 >= best);
        let mut known = HashSet::new();
        stated.retain(|(_, fact, _)| known.insert(*fact));
        stated.truncate(MOST_FACTS);
        let equal = |(score, fact, _): &&(f64, Fact, String)| {
            *score == best && matches!(fact, Fact::Rule(_))
        };
        let rules = stated.iter().filter(equal).count();
        let mut sentences: Vec<String> = stated.into_iter().map(|(.., text)| text).collect();
        if rules > 1 {
            sentences.push(format!(
                "the first {rules} of these explain the same claims: this trace does not tell them apart"
            ));
        }
        sentences
    }
}

/// A window of a case.
struct Window<'a> {
    replica: u32,
    /// The line of the claim before, and that of the claim at its end.
    between: (u32, u32),
    start: Seen,
    end: Seen,
    acts: &'a [Act],
}

/// Whether a message holds less than what its sender had seen.
fn is_part(past: &Past, message: u32) -> bool {
    !matches!(past.messages[message as usize].content, Content::All(_) | Content::Relayed(_))
}

/// Whether the first lacks something that the second has, of any origin but one.
fn less(a: &Known, b: &Known, except: Option<u32>) -> bool {
    b.iter().any(|(origin, count)| {
        Some(*origin) != except && a.get(origin).copied().unwrap_or(0) < *count
    })
}

impl Times {
    /// One more case.
    pub fn add(&mut self, is_wrong: bool) {
        self.0[usize::from(is_wrong)] += 1;
    }

    /// How well it separates, from −1 to 1.
    pub fn phi(&self, all: &Self) -> f64 {
        let [right, wrong] = self.0.map(|count| count as f64 + 0.5);
        let [no_right, no_wrong] = [0, 1].map(|at| (all.0[at] - self.0[at]) as f64 + 0.5);
        let product =
            (right + wrong) * (no_right + no_wrong) * (right + no_right) * (wrong + no_wrong);
        (wrong * no_right - right * no_wrong) / product.sqrt()
    }

    /// How likely it would be so often where it went wrong, were that drawn by chance (R. A. Fisher's exact test,
    /// of one side).
    pub fn chance(&self, all: &Self) -> f64 {
        let [right, wrong] = self.0;
        let [all_right, all_wrong] = all.0;
        let (with, of) = (right + wrong, all_right + all_wrong);
        // The logarithm of the number of ways to choose.
        let ways = |n: u64, k: u64| -> f64 {
            (0..k).map(|i| ((n - i) as f64).ln() - ((i + 1) as f64).ln()).sum()
        };
        let mut term = ways(all_wrong, wrong) + ways(all_right, right) - ways(of, with);
        let mut chance = 0.0;
        for hits in wrong..=with.min(all_wrong) {
            chance += term.exp();
            // One more of the wrong ones has it, and one less of the right ones.
            let more = (all_wrong - hits) as f64 * (with - hits) as f64;
            let less = (hits + 1) as f64 * (all_right - (with - hits) + 1) as f64;
            term += (more / less).ln();
        }
        chance
    }

    /// How many came out right, and how many went wrong.
    pub fn counts(&self) -> [u64; 2] {
        self.0
    }

    fn sentence(&self, all: &Self, [wrong, right]: [&str; 2], says: &str) -> String {
        let [all_right, all_wrong] = all.0;
        let [of_right, of_wrong] = self.0;
        let weak = if all_right < FEW { " (too few to tell)" } else { "" };
        let (first, rest) = wrong.split_once(' ').unwrap_or((wrong, ""));
        let wrong = plural(all_wrong, first);
        let rest = if all_wrong == 1 { rest.into() } else { rest.replace("ends", "end") };
        format!(
            "in {of_wrong} of {wrong} {rest} and in {of_right} of {all_right} {right}{weak}: {says}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_that_is_often_there_says_little() {
        let check = |times: [u64; 2], all: [u64; 2], chance: f64| {
            assert!(
                (Times(times).chance(&Times(all)) - chance).abs() < 1e-6,
                "{times:?} of {all:?}"
            );
        };
        check([7, 6], [38, 9], 0.008_274_832);
        check([0, 1], [144, 3], 3.0 / 147.0);
        check([2, 2], [2, 2], 1.0);
        check([0, 0], [5, 5], 1.0);
        // Of many cases: half of them and the half of what is drawn most often, about 1 / √(2π · 12,500).
        check([50_000, 50_000], [100_000, 100_000], 0.501_784);
    }
}
