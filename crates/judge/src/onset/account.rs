//! Which receptions must have been lost, and which must have worked, for the claims on an object to be as they
//! are.
//!
//! Meaning: an *account* says of each reception whether it brought what its sender had of the object, or nothing
//! of it. It explains the claims if each answer, right or wrong, is the value of what its replica had then.
//! Accounts with the fewest lost receptions are held against each other: a reception is lost in all of them or
//! in some, it worked, or that is undetermined.
//! Law: only for objects whose value follows from which operations were seen, however these had seen each
//! other, and only where each exchange brings all that its sender has of the object.
//! Cost: bounded by [`MOST_STEPS`], in memory too: each set pays for its lanes, and of a value the hash is kept,
//! not the text. Where as many different states as [`MOST_WORLDS`] are possible at once, those
//! with the fewest losses are followed.
//! Source: the way forward and back through a graph of layers is that of A. Viterbi, Error bounds for
//! convolutional codes, IEEE Transactions on Information Theory, 1967.

use super::acts;
use super::facts::{LEAST, MOST_CHANCE, Times};
use crate::answer::values::{list, quoted};
use crate::past::Past;
use crate::past::history::{Content, How, Seen};
use crate::wording::plural;
use blake3::Hash;
use hashbrown::HashMap;
use rejoin::json::Json;
use rejoin::object::TraceType;
use std::collections::BTreeMap;
use std::rc::Rc;

/// States that are possible at once and followed.
const MOST_WORLDS: usize = 1_500;

/// Elementary steps of the search for one object.
const MOST_STEPS: usize = 6_000_000;

/// Sets of a state: those of replicas, of messages under way and of backups.
const MOST_SLOTS: usize = 256;

/// Lanes of a set, entries of a log and bytes of a value's text that one elementary step pays for.
const LANES_PER_STEP: usize = 8;
const ENTRIES_PER_STEP: usize = 4;
const BYTES_PER_STEP: usize = 16;

/// Receptions that a sentence names.
const MOST_NAMED: usize = 24;

/// No state.
const NONE: u32 = u32::MAX;

/// A claim of an object's value, or of one key's or element's.
#[derive(Clone, Debug)]
pub struct Answer {
    pub line: u32,
    pub replica: u32,
    /// The key or element.
    pub part: Option<u32>,
    /// What was answered, if that is not what follows from the history.
    pub wrong: Option<Hash>,
}

/// What became of a reception in the accounts with the fewest losses, the minimal explanations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is lost in each.
    Lost,
    /// It is lost in some.
    Either,
    /// If it were lost, others would have to be as well.
    Worked,
    /// Nothing tells.
    Open,
}

/// A reception.
#[derive(Clone, Copy, Debug)]
pub struct Reception {
    pub line: u32,
    pub replica: u32,
    pub how: How,
    pub fate: Fate,
}

/// What accounts come to.
#[derive(Debug)]
pub enum Outcome {
    /// There are some.
    Explained(Account),
    /// There is none, and this claim is the first that none explains.
    Refuted(u32),
    /// It was not searched, or not to the end.
    Unknown,
}

/// The accounts with the fewest lost receptions.
#[derive(Debug)]
pub struct Account {
    /// The receptions that could have brought something of the object, in the order of their lines.
    pub receptions: Vec<Reception>,
    /// How many are lost.
    fewest: u32,
    /// How many claims they explain, and how many of those are false.
    claims: u64,
    wrong: u64,
    /// Whether no account was left out.
    is_complete: bool,
}

/// Whether accounts can be given of an object, and all answers on it are known.
pub fn is_open(past: &Past, object: u32) -> bool {
    use TraceType::*;
    let kind = past.history.objects[object as usize].kind;
    let follows = matches!(
        kind,
        GCounter
            | PnCounter
            | MaxRegister
            | MinRegister
            | GSet
            | TwoPhaseSet
            | LwwRegister
            | LwwMap
            | Log
    );
    let is_whole =
        !past.history.selective && !past.history.irregular && !past.has_limited_exchanges;
    follows && is_whole && !past.loaded[object as usize] && !past.orders_by_itself(kind)
}

/// The hash of an answer in the form in which values are compared; that of no value where it is not of that form.
pub fn answered(past: &Past, object: u32, answer: &Json) -> Hash {
    let kind = past.history.objects[object as usize].kind;
    let text = match answer {
        Json::Array(items) if kind.is_set() => {
            let mut items: Vec<&Json> = items.iter().collect();
            items.sort_by(|a, b| match (a, b) {
                (Json::String(a), Json::String(b)) => a.cmp(b),
                _ => a.canonical().cmp(&b.canonical()),
            });
            list('[', ']', items.into_iter().map(Json::canonical))
        }
        Json::Object(members) => {
            let mut members: Vec<&(String, Json)> = members.iter().collect();
            members.sort_by_key(|(name, _)| name);
            let member = |(name, value): &(String, Json)| quoted(name) + ":" + &value.canonical();
            list('{', '}', members.into_iter().map(member))
        }
        _ => answer.canonical(),
    };
    blake3::hash(text.as_bytes())
}

/// Looks for the accounts of the answers on an object, which are in the order of their lines.
pub fn of(past: &Past, object: u32, answers: &[Answer]) -> Outcome {
    let Some(last) = answers.last().filter(|_| is_open(past, object)) else {
        return Outcome::Unknown;
    };
    if past.history.replicas.len() > MOST_SLOTS {
        return Outcome::Unknown;
    }
    let mut search = Search::new(past, object);
    let events = search.events(answers, last.line);
    for (line, event) in &events {
        if let Err(outcome) = search.follow(*line, event) {
            return outcome;
        }
    }
    search.account(answers)
}

/// What changes the state of replicas, or tells of it.
enum Event<'a> {
    Op { replica: u32, lane: usize, position: u32 },
    Send { message: u32 },
    Save { snapshot: u32 },
    Came { replica: u32, how: How },
    Claim(&'a Answer),
}

/// The states that are possible at one time, and what became of each by the next event.
struct Layer {
    /// The fewest losses that lead to each.
    costs: Vec<u32>,
    /// The states that follow: where it works, where it is lost.
    next: Vec<[u32; 2]>,
    /// The reception by which they follow.
    reception: Option<(u32, u32, How)>,
}

struct Search<'a> {
    past: &'a Past,
    object: u32,
    /// The lanes of the object; a set is how many operations of each are in it, by its number.
    lanes: &'a [u32],
    sets: Vec<Rc<[u32]>>,
    numbers: HashMap<Rc<[u32]>, u32>,
    /// The hash of a set's value, by its number, and by the part that is asked for.
    values: HashMap<(u32, Option<u32>), Hash>,
    /// The possible states: the set of each slot.
    worlds: Vec<Box<[u32]>>,
    costs: Vec<u32>,
    layers: Vec<Layer>,
    /// The slots of messages and backups, and until which line each is asked for.
    messages: HashMap<u32, (usize, u32)>,
    snapshots: HashMap<u32, (usize, u32)>,
    free: Vec<usize>,
    steps: usize,
    is_complete: bool,
}

impl<'a> Search<'a> {
    fn new(past: &'a Past, object: u32) -> Self {
        let lanes = &past.history.objects[object as usize].lanes;
        let nothing: Rc<[u32]> = vec![0; lanes.len()].into();
        Self {
            past,
            object,
            lanes,
            sets: vec![nothing.clone()],
            numbers: [(nothing, 0)].into(),
            values: HashMap::new(),
            worlds: vec![vec![0; past.history.replicas.len()].into()],
            costs: vec![0],
            layers: Vec::new(),
            messages: HashMap::new(),
            snapshots: HashMap::new(),
            free: Vec::new(),
            steps: 0,
            is_complete: true,
        }
    }

    /// All that happened to the object up to a line, in order.
    fn events(&mut self, answers: &'a [Answer], last: u32) -> Vec<(u32, Event<'a>)> {
        let history = &self.past.history;
        let mut events = Vec::new();
        for (at, lane) in self.lanes.iter().enumerate() {
            let lane = &history.lanes[*lane as usize];
            let replica = history.branches[lane.branch as usize].replica;
            for (position, op) in (1..).zip(&lane.ops) {
                let line = history.ops[*op as usize].line;
                events.push((line, Event::Op { replica, lane: at, position }));
            }
        }
        for replica in 0..history.replicas.len() as u32 {
            for (line, how) in acts::receptions(self.past, replica) {
                match how {
                    How::Received(message) => {
                        let until = &mut self.messages.entry(message).or_insert((0, 0)).1;
                        *until = line.max(*until);
                    }
                    How::Restored(snapshot) => {
                        let until = &mut self.snapshots.entry(snapshot).or_insert((0, 0)).1;
                        *until = line.max(*until);
                    }
                    _ => {}
                }
                events.push((line, Event::Came { replica, how }));
            }
        }
        for message in self.messages.keys() {
            let of = &self.past.messages[*message as usize];
            let is_about = match &of.content {
                Content::Objects(_, objects) => objects.binary_search(&self.object).is_ok(),
                _ => true,
            };
            if is_about {
                events.push((of.line, Event::Send { message: *message }));
            }
        }
        for snapshot in self.snapshots.keys() {
            let line = self.past.snapshots[*snapshot as usize].line;
            events.push((line, Event::Save { snapshot: *snapshot }));
        }
        events.extend(answers.iter().map(|answer| (answer.line, Event::Claim(answer))));
        events.retain(|(line, _)| *line <= last);
        events.sort_by_key(|(line, _)| *line);
        events
    }

    fn follow(&mut self, line: u32, event: &Event<'_>) -> Result<(), Outcome> {
        self.pay(self.worlds.len() * (2 + self.worlds[0].len() / 4))?;
        match event {
            Event::Op { replica, lane, position } => {
                let mut known: HashMap<u32, u32> = HashMap::new();
                self.each(*replica as usize, |search, set| {
                    if let Some(number) = known.get(&set) {
                        return Ok(*number);
                    }
                    let mut counts = search.sets[set as usize].to_vec();
                    counts[*lane] = *position;
                    let number = search.number(counts)?;
                    known.insert(set, number);
                    Ok(number)
                })?;
            }
            Event::Send { message } => {
                let sender = self.past.messages[*message as usize].sender as usize;
                let slot = self.slot(sender)?;
                self.messages.entry(*message).or_default().0 = slot;
            }
            Event::Save { snapshot } => {
                let replica = self.past.snapshots[*snapshot as usize].replica as usize;
                let slot = self.slot(replica)?;
                self.snapshots.entry(*snapshot).or_default().0 = slot;
            }
            Event::Came { replica, how } => self.came(line, *replica, *how)?,
            Event::Claim(answer) => self.claim(answer)?,
        }
        Ok(())
    }

    /// Pays for so many steps; the search ends where none are left.
    fn pay(&mut self, steps: usize) -> Result<(), Outcome> {
        self.steps = self.steps.saturating_add(steps);
        match self.steps > MOST_STEPS {
            true => Err(Outcome::Unknown),
            false => Ok(()),
        }
    }

    /// The number of a set. To keep one costs two steps for each of its lanes, and so the steps bound the memory too.
    fn number(&mut self, counts: Vec<u32>) -> Result<u32, Outcome> {
        self.pay(1 + counts.len() / LANES_PER_STEP)?;
        let set: Rc<[u32]> = counts.into();
        if let Some(number) = self.numbers.get(&set) {
            return Ok(*number);
        }
        self.pay(2 * set.len())?;
        let number = self.sets.len() as u32;
        self.numbers.insert(set.clone(), number);
        self.sets.push(set);
        Ok(number)
    }

    /// Changes one slot of each state in a way that keeps different states apart, or joins such as differ in
    /// nothing that matters later.
    fn each(
        &mut self,
        slot: usize,
        mut change: impl FnMut(&mut Self, u32) -> Result<u32, Outcome>,
    ) -> Result<(), Outcome> {
        let mut worlds = std::mem::take(&mut self.worlds);
        for world in &mut worlds {
            world[slot] = change(self, world[slot])?;
        }
        let next: Vec<Step> = (0..worlds.len()).map(|at| [Some(at), None]).collect();
        self.layer(worlds, &next, None);
        Ok(())
    }

    /// Puts what a replica has into a slot of its own.
    fn slot(&mut self, replica: usize) -> Result<usize, Outcome> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                let slot = self.worlds[0].len();
                if slot >= MOST_SLOTS {
                    return Err(Outcome::Unknown);
                }
                for world in &mut self.worlds {
                    *world = world.iter().copied().chain([0]).collect();
                }
                slot
            }
        };
        self.worlds.iter_mut().for_each(|world| world[slot] = world[replica]);
        Ok(slot)
    }

    fn came(&mut self, line: u32, replica: u32, how: How) -> Result<(), Outcome> {
        let to = replica as usize;
        let (from, until) = match how {
            How::Start => return Ok(()),
            How::Merged(from) | How::Synced(from) => (from as usize, u32::MAX),
            How::Received(message) => match self.messages.get(&message) {
                // A message about other objects has no slot.
                None | Some((0, _)) => return Ok(()),
                Some(of) => *of,
            },
            How::Restored(snapshot) => {
                let Some((slot, until)) = self.snapshots.get(&snapshot).copied() else {
                    return Err(Outcome::Unknown);
                };
                self.worlds.iter_mut().for_each(|world| world[to] = world[slot]);
                self.release(slot, line == until);
                return Ok(());
            }
        };
        let mut joined: HashMap<(u32, u32), u32> = HashMap::new();
        let mut all = std::mem::take(&mut self.worlds);
        let mut next: Vec<Step> = Vec::with_capacity(all.len());
        for at in 0..all.len() {
            let (mine, theirs) = (all[at][to], all[at][from]);
            let both = match joined.get(&(mine, theirs)) {
                Some(both) => *both,
                None => {
                    let [a, b] = [mine, theirs].map(|set| self.sets[set as usize].clone());
                    let both = self.number(a.iter().zip(&*b).map(|(a, b)| *a.max(b)).collect())?;
                    joined.insert((mine, theirs), both);
                    both
                }
            };
            if both == mine {
                next.push([Some(at), None]);
                continue;
            }
            let mut world = all[at].clone();
            world[to] = both;
            next.push([Some(all.len()), Some(at)]);
            all.push(world);
        }
        self.layer(all, &next, Some((line, replica, how)));
        self.release(from, line == until);
        Ok(())
    }

    /// Frees a slot that is asked for no more.
    fn release(&mut self, slot: usize, is_last: bool) {
        if is_last {
            self.worlds.iter_mut().for_each(|world| world[slot] = 0);
            self.free.push(slot);
        }
    }

    fn claim(&mut self, answer: &Answer) -> Result<(), Outcome> {
        let said = match answer.wrong {
            Some(wrong) => wrong,
            None => {
                let history = &self.past.history;
                let seen = history.seen_of(answer.replica, answer.line, Some(self.object));
                self.value_of(&seen, answer.part)?
            }
        };
        let worlds = std::mem::take(&mut self.worlds);
        let mut fits = Vec::with_capacity(worlds.len());
        for world in &worlds {
            fits.push(self.value(world[answer.replica as usize], answer.part)? == said);
        }
        if !fits.contains(&true) {
            return Err(match self.is_complete {
                true => Outcome::Refuted(answer.line),
                false => Outcome::Unknown,
            });
        }
        let next: Vec<Step> =
            fits.iter().enumerate().map(|(at, fits)| [fits.then_some(at), None]).collect();
        self.layer(worlds, &next, None);
        Ok(())
    }

    /// The hash of the value of a set with this number.
    fn value(&mut self, set: u32, part: Option<u32>) -> Result<Hash, Outcome> {
        if let Some(value) = self.values.get(&(set, part)) {
            return Ok(*value);
        }
        let counts = self.lanes.iter().copied().zip(self.sets[set as usize].iter().copied());
        let seen = self.past.history.prefixes(counts);
        let value = self.value_of(&seen, part)?;
        self.values.insert((set, part), value);
        Ok(value)
    }

    /// The hash of the value of a set, or of its part.
    fn value_of(&mut self, seen: &Seen, part: Option<u32>) -> Result<Hash, Outcome> {
        let history = &self.past.history;
        let of = &history.objects[self.object as usize];
        let entries = if of.kind == TraceType::Log { seen.size as usize } else { 0 };
        let lanes = self.lanes.len() / LANES_PER_STEP;
        self.pay(40 + of.keys.len() + lanes + entries / ENTRIES_PER_STEP)?;
        let text = match part {
            None => history.value_text(self.object, seen),
            Some(key) => history.member_text(self.object, &history.keys[key as usize].name, seen),
        };
        self.pay(text.len() / BYTES_PER_STEP)?;
        Ok(blake3::hash(text.as_bytes()))
    }

    /// Ends a layer: `next` says for each of its states by which of `worlds` it is followed.
    fn layer(
        &mut self,
        worlds: Vec<Box<[u32]>>,
        next: &[Step],
        reception: Option<(u32, u32, How)>,
    ) {
        let costs = std::mem::take(&mut self.costs);
        let mut numbers: HashMap<Box<[u32]>, u32> = HashMap::new();
        let mut of: Vec<Option<u32>> = vec![None; worlds.len()];
        let mut worlds: Vec<Option<Box<[u32]>>> = worlds.into_iter().map(Some).collect();
        let (mut kept, mut cheapest): (Vec<Box<[u32]>>, Vec<u32>) = Default::default();
        let mut edges: Vec<[u32; 2]> = Vec::with_capacity(next.len());
        for (at, step) in next.iter().enumerate() {
            let mut edge = [NONE; 2];
            for (losses, to) in (0..).zip(step) {
                let Some(to) = *to else { continue };
                let number = match of[to] {
                    Some(number) => number,
                    None => {
                        let world = worlds[to].take().unwrap_or_default();
                        let next = kept.len() as u32;
                        let number = *numbers.entry(world.clone()).or_insert(next);
                        if number == next {
                            kept.push(world);
                            cheapest.push(u32::MAX);
                        }
                        of[to] = Some(number);
                        number
                    }
                };
                let cost = costs[at] + losses;
                cheapest[number as usize] = cheapest[number as usize].min(cost);
                edge[losses as usize] = number;
            }
            edges.push(edge);
        }
        if kept.len() > MOST_WORLDS {
            self.is_complete = false;
            let mut order: Vec<usize> = (0..kept.len()).collect();
            order.sort_by_key(|at| cheapest[*at]);
            let mut places = vec![NONE; kept.len()];
            for (place, at) in order.iter().take(MOST_WORLDS).enumerate() {
                places[*at] = place as u32;
            }
            for to in edges.iter_mut().flatten().filter(|to| **to != NONE) {
                *to = places[*to as usize];
            }
            let mut all: Vec<Option<Box<[u32]>>> = kept.into_iter().map(Some).collect();
            order.truncate(MOST_WORLDS);
            kept = order.iter().filter_map(|at| all[*at].take()).collect();
            cheapest = order.iter().map(|at| cheapest[*at]).collect();
        }
        self.layers.push(Layer { costs, next: edges, reception });
        self.worlds = kept;
        self.costs = cheapest;
    }

    /// Goes back through the layers.
    fn account(self, answers: &[Answer]) -> Outcome {
        const NEVER: u32 = u32::MAX / 4;
        let Some(fewest) = self.costs.iter().min().copied() else { return Outcome::Unknown };
        let mut after = vec![0; self.costs.len()];
        let mut receptions = Vec::new();
        for layer in self.layers.iter().rev() {
            let cost = |to: u32| if to == NONE { NEVER } else { after[to as usize] };
            // The fewest losses where it worked, where it was lost, and where it had nothing to bring.
            let [mut worked, mut lost, mut idle] = [NEVER; 3];
            let mut before = Vec::with_capacity(layer.next.len());
            for (so_far, [works, fails]) in layer.costs.iter().zip(&layer.next) {
                let (with, without) = (cost(*works), cost(*fails).saturating_add(1));
                match *fails == NONE {
                    true => idle = idle.min(so_far + with),
                    false => worked = worked.min(so_far + with),
                }
                lost = lost.min(so_far.saturating_add(without));
                before.push(with.min(without).min(NEVER));
            }
            if let Some((line, replica, how)) = layer.reception.filter(|_| lost < NEVER) {
                let fate = match (lost == fewest, worked == fewest, idle == fewest) {
                    (true, false, false) => Fate::Lost,
                    (true, ..) => Fate::Either,
                    (false, _, true) => Fate::Open,
                    (false, _, false) if lost == fewest + 1 => Fate::Open,
                    (false, _, false) => Fate::Worked,
                };
                receptions.push(Reception { line, replica, how, fate });
            } else if let Some((line, replica, how)) =
                layer.reception.filter(|_| worked == fewest && idle > fewest)
            {
                receptions.push(Reception { line, replica, how, fate: Fate::Worked });
            }
            after = before;
        }
        receptions.reverse();
        let wrong = answers.iter().filter(|answer| answer.wrong.is_some()).count();
        let (claims, wrong) = (answers.len() as u64, wrong as u64);
        let is_complete = self.is_complete;
        Outcome::Explained(Account { receptions, fewest, claims, wrong, is_complete })
    }
}

/// The states that follow one: where a reception works, where it is lost.
type Step = [Option<usize>; 2];

impl Account {
    /// The receptions of a fate.
    fn of(&self, fate: Fate) -> Vec<&Reception> {
        self.receptions.iter().filter(|of| of.fate == fate).collect()
    }

    /// What is to be added where accounts were left out.
    fn beside(&self) -> &'static str {
        match self.is_complete {
            true => "",
            false => ", as far as was searched",
        }
    }

    /// What the account says of the object, each a sentence.
    pub fn sentences(&self, past: &Past, object: u32) -> Vec<String> {
        let [lost, either, worked, open] =
            [Fate::Lost, Fate::Either, Fate::Worked, Fate::Open].map(|fate| self.of(fate));
        let beside = self.beside();
        let mut said = vec![format!(
            "all {} on it, {} of them false, are as they would be if {} of {} had brought nothing of it \
             and the others all that they held; with fewer lost they are not{beside}",
            plural(self.claims, "claim"),
            self.wrong,
            self.fewest,
            plural(self.receptions.len() as u64, "reception"),
        )];
        if !lost.is_empty() {
            said.push(format!("lost in every minimal explanation: {}", named(past, &lost)));
        }
        if !either.is_empty() {
            let rest = u64::from(self.fewest).saturating_sub(lost.len() as u64);
            let named = named(past, &either);
            said.push(format!(
                "lost in some minimal explanations, {rest} of these in each: {named}"
            ));
        }
        if !worked.is_empty() {
            let worked = plural(worked.len() as u64, "reception");
            said.push(format!("{worked} worked, or others would have been lost as well"));
        }
        if !open.is_empty() {
            let open = plural(open.len() as u64, "reception");
            said.push(format!("no claim says whether {open} worked"));
        }
        if lost.len() > 1 && !worked.is_empty() {
            said.push(told_apart(past, object, &lost, &worked));
        }
        said
    }

    /// What it says of the receptions between two lines, for the claim on the second of them: each a sentence.
    pub fn between(&self, past: &Past, replica: u32, since: u32, line: u32) -> Vec<String> {
        let of = |fate: Fate, is_here: bool| -> Vec<&Reception> {
            let mut all = self.of(fate);
            all.retain(|of| {
                (of.replica == replica) == is_here
                    && of.line < line
                    && (!is_here || of.line > since)
            });
            all
        };
        let mut said = Vec::new();
        let here = [
            (Fate::Lost, "lost in every minimal explanation"),
            (Fate::Either, "lost in some minimal explanations"),
            (Fate::Worked, "worked, or others would have been lost as well"),
            (Fate::Open, "undetermined"),
        ];
        for (fate, says) in here {
            let of = of(fate, true);
            if !of.is_empty() {
                said.push(format!("{says}: {}", named(past, &of)));
            }
        }
        // What was lost elsewhere since then is lacking here as well.
        let there = [
            (Fate::Lost, "lost elsewhere in every minimal explanation"),
            (Fate::Either, "lost elsewhere in some minimal explanations"),
        ];
        for (fate, says) in there {
            let mut elsewhere = of(fate, false);
            elsewhere.retain(|of| of.line > since);
            if !elsewhere.is_empty() {
                said.push(format!("{says}: {}", named(past, &elsewhere)));
            }
        }
        if !said.is_empty() {
            let claims = match self.claims {
                1 => "the claim on it follows".into(),
                many => format!("all {many} claims on it follow"),
            };
            let (lost, beside) = (plural(self.fewest.into(), "reception"), self.beside());
            let opening =
                format!("{claims} if {lost} brought nothing of it, and not if fewer did{beside}:");
            said.insert(0, opening);
        }
        said
    }
}

/// "line 4 (`a`: merge from `b`), …"; of many the last.
fn named(past: &Past, receptions: &[&Reception]) -> String {
    let skipped = receptions.len().saturating_sub(MOST_NAMED);
    let mut named: Vec<String> = receptions[skipped..]
        .iter()
        .map(|of| {
            let who = past.replica_shown(of.replica);
            format!("line {} ({who}: {})", of.line, acts::came(past, of.how))
        })
        .collect();
    if skipped > 0 {
        named.push(format!("and {} before", plural(skipped as u64, "other")));
    }
    named.join(", ")
}

/// Whether anything tells the lost receptions from those that worked.
fn told_apart(past: &Past, object: u32, lost: &[&Reception], worked: &[&Reception]) -> String {
    let mut facts: BTreeMap<String, Times> = BTreeMap::new();
    let mut all = Times::default();
    for (of, is_lost) in lost.iter().map(|of| (of, true)).chain(worked.iter().map(|of| (of, false)))
    {
        all.add(is_lost);
        let (acts, _) = acts::between(past, of.replica, Some(object), (of.line - 1, of.line + 1));
        let Some(act) = acts.iter().find(|act| act.how.is_some()) else { continue };
        let mut said = vec![format!("{} received", past.replica_shown(of.replica))];
        if let Some(from) = act.source(past) {
            said.push(format!("it came from {}", past.replica_shown(from)));
            if act.ops.iter().any(|op| past.history.replica_of(*op) != from) {
                said.push("it held what a third replica had done".into());
            }
        }
        if act.ops.len() > 1 {
            said.push("it held several operations that were new".into());
        }
        for fact in said {
            facts.entry(fact).or_default().add(is_lost);
        }
    }
    let best = facts.iter().max_by(|a, b| a.1.phi(&all).total_cmp(&b.1.phi(&all)));
    // The best of several is so by chance more often than one would be.
    let most = MOST_CHANCE / facts.len().max(1) as f64;
    match best.filter(|(_, times)| times.phi(&all) >= LEAST && times.chance(&all) <= most) {
        Some((says, times)) => {
            let ([of_worked, of_lost], [worked, lost]) = (times.counts(), all.counts());
            format!(
                "what tells them apart best: in {of_lost} of {lost} lost ones and in {of_worked} of {worked} \
                 that worked, {says}"
            )
        }
        None => "neither who received, nor who gave, nor how much came tells the lost ones from those that \
                 worked: no trigger is in sight, as where a part of a merge is skipped now and then"
            .into(),
    }
}
