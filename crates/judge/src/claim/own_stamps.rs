//! Own stamps: the implementation orders writes by a rule that the trace does not tell.
//!
//! Meaning: an answer must be one that some order allows, and what all answers together show of the
//! order has no cycle, together with causality (spec/trace-format.md).
//! Cost: a register or key O(its maximal writes); a log O(entries · branches), and again for
//! each earlier answer that none of the later ones contains.

use super::digest::knowledge;
use super::order::{Order, Source, Step};
use crate::Rule;
use crate::judge::{Checked, Falsity, Judgement};
use crate::past::Past;
use crate::past::history::{Effect, OpId, Seen};
use crate::wording::{MOST_LISTED, left_out, plural, shown};
use hashbrown::HashMap;
use rejoin::json::Json;
use rejoin::object::TraceType;
use std::collections::BTreeMap;
use std::rc::Rc;

/// An object, its key (none for a log), and a fingerprint of what was seen of the object.
type Question = (u32, Option<u32>, [u8; 32]);

/// What earlier answers have shown of the implementation's order.
#[derive(Debug, Default)]
pub struct Agreement {
    /// For each contested key, which of two writes was shown above the other; for each log,
    /// which of two entries was shown before the other.
    ordered: HashMap<(u32, Option<u32>), Ordered>,
    /// For a contested key (or a log) and what was seen of its object, the answer, its line, and
    /// who gave it.
    answers: HashMap<Question, (Rc<str>, u32, u32)>,
    /// For each log, answers that no other answer contains.
    orders: HashMap<u32, Vec<Listed>>,
    /// The lines whose answers were held against others, and who answered there.
    answered: Vec<(u32, u32)>,
}

impl Agreement {
    /// Whose answer a line has, for a sentence.
    fn answer_on(&self, past: &Past, line: u32) -> String {
        match self.answered.binary_search_by_key(&line, |(line, _)| *line) {
            Ok(at) => {
                format!("the answer of {} on line {line}", past.replica_shown(self.answered[at].1))
            }
            Err(_) => format!("the answer on line {line}"),
        }
    }
}

/// What answers and causality together say of the order of one key's writes, or of one log's
/// entries: what was seen stands below, or before, what saw it.
#[derive(Debug, Default)]
struct Ordered {
    order: Order,
    /// By branch, the operations that are in the order, as they were performed.
    chains: BTreeMap<u32, Vec<OpId>>,
}

impl Ordered {
    /// Puts operations where causality puts them: of each branch, behind the last that they saw and
    /// before the first that saw them. Causality alone has no cycle.
    fn know(&mut self, past: &Past, ops: impl IntoIterator<Item = OpId>, steps: &mut u64) {
        for op in ops {
            let operation = &past.history.ops[op as usize];
            let own = self.chains.entry(operation.branch).or_default();
            let Err(at) = own.binary_search(&op) else { continue };
            let (mut seen, mut seeing) = (Vec::new(), Vec::new());
            for chain in self.chains.values() {
                *steps += 2 * u64::from(chain.len().max(1).ilog2()) + 1;
                let last = if past.history.irregular {
                    *steps += chain.len() as u64;
                    chain.iter().rposition(|other| past.history.sees(op, *other))
                } else {
                    chain.partition_point(|other| past.history.sees(op, *other)).checked_sub(1)
                };
                seen.extend(last.map(|at| chain[at]));
                let first = chain.partition_point(|other| !past.history.sees(*other, op));
                seeing.extend(chain.get(first));
            }
            // Behind the last of them it is behind all.
            seen.sort_unstable_by_key(|other| std::cmp::Reverse(self.order.place_of(*other)));
            let line = |op: OpId| Source::Saw(past.history.ops[op as usize].line);
            for other in seen {
                drop(self.order.take(&[(other, op)], line(op), false, steps));
            }
            for other in seeing {
                drop(self.order.take(&[(op, other)], line(other), false, steps));
            }
            if let Some(own) = self.chains.get_mut(&operation.branch) {
                own.insert(at, op);
            }
        }
    }
}

/// The operations whose entries were there once in an answer, in its order.
#[derive(Debug)]
struct Listed {
    line: u32,
    entries: Vec<OpId>,
    places: HashMap<OpId, u32>,
}

impl Listed {
    fn new(line: u32, entries: Vec<OpId>) -> Self {
        let places = entries.iter().zip(0..).map(|(entry, place)| (*entry, place)).collect();
        Self { line, entries, places }
    }

    /// Two entries that stand the other way round in the other order; `Err` says whether the
    /// other has all entries of this one.
    fn reversed(&self, other: &Self) -> Result<(OpId, OpId), bool> {
        let mut last: Option<(OpId, u32)> = None;
        let mut all = true;
        for entry in &self.entries {
            let Some(place) = other.places.get(entry) else {
                all = false;
                continue;
            };
            match last {
                Some((before, at)) if at > *place => return Ok((before, *entry)),
                _ => last = Some((*entry, *place)),
            }
        }
        Err(all)
    }
}

/// Trying to place entries that stand more than once in a log ends after so many steps.
const MOST_STEPS: u64 = 1_000_000;

/// What an answer shows of one key.
struct Shown {
    key: u32,
    value: Rc<str>,
    /// The maximal writes that carry the value.
    carriers: Vec<OpId>,
    /// The other maximal writes.
    others: Vec<OpId>,
}

/// Judges the answer of a register, a map or a log.
pub fn read_own(
    memory: &mut Agreement,
    past: &Past,
    replica: u32,
    object: u32,
    key: Option<&str>,
    claimed: &Json,
) -> Judgement {
    let seen = past.seen(replica);
    match (past.history.objects[object as usize].kind, key) {
        (TraceType::Log, _) => own_log(memory, past, replica, object, &seen, claimed),
        (TraceType::LwwMap, None) => Ok(own_map(memory, past, replica, object, &seen, claimed)),
        (_, key) => {
            let key = key.unwrap_or("");
            Ok(own_key(past, replica, object, &seen, key, &claimed.canonical())
                .and_then(|shown| agree(memory, past, replica, object, &seen, shown.as_slice())))
        }
    }
}

/// What a key's answer shows, if it is the value of a write that no other saw; nothing where
/// nobody wrote.
fn own_key(
    past: &Past,
    replica: u32,
    object: u32,
    seen: &Seen,
    key: &str,
    claimed: &str,
) -> Result<Option<Shown>, Box<Falsity>> {
    let number = past.history.find_key(object, key);
    let maximal = number.map_or(Vec::new(), |number| past.history.maximal(number, seen));
    let (Some(number), false) = (number, maximal.is_empty()) else {
        if claimed == "null" {
            return Ok(None);
        }
        return Err(Falsity::of(
            Rule::LwwSuperseded,
            past.because(|| {
                let who = past.replica_shown(replica);
                vec![format!("{who} has seen no write here, so the answer is null")]
            }),
        ));
    };
    let value = past.history.values.find(claimed);
    let carries = |op: &OpId| {
        matches!(past.history.ops[*op as usize].effect,
                 Effect::Wrote { value: wrote, .. } if Some(wrote) == value)
    };
    let (carriers, others): (Vec<_>, Vec<_>) = maximal.into_iter().partition(carries);
    if !carriers.is_empty() {
        return Ok(Some(Shown { key: number, value: claimed.into(), carriers, others }));
    }
    let chains = &past.history.keys[number as usize].chains;
    let superseded = chains
        .iter()
        .flat_map(|chain| &chain.ops)
        .find(|op| carries(op) && past.history.contains(seen, **op))
        .copied();
    Err(Falsity::of(
        Rule::LwwSuperseded,
        past.because(|| why_own_key(past, replica, &others, superseded, claimed)),
    ))
}

fn why_own_key(
    past: &Past,
    replica: u32,
    maximal: &[OpId],
    superseded: Option<OpId>,
    claimed: &str,
) -> Vec<String> {
    let who = past.replica_shown(replica);
    let mut because = Vec::new();
    if let Some(old) = superseded {
        because.push(past.performed(old));
        let later = maximal.iter().find(|op| past.history.sees(**op, old));
        if let Some(later) = later {
            because.push(format!("{}, having seen that write", past.performed(*later)));
            because.push(past.past(*later, old));
            because.push(past.arrival(replica, *later));
        }
        because.push("a write that another one saw is not shown any more".into());
        return because;
    }
    for op in maximal.iter().take(MOST_LISTED) {
        because.push(past.performed(*op));
        because.push(past.arrival(replica, *op));
    }
    because.extend(left_out(maximal.len(), "write"));
    because.push(format!("no write that {who} has seen wrote {}", shown(claimed)));
    because
}

fn own_map(
    memory: &mut Agreement,
    past: &Past,
    replica: u32,
    object: u32,
    seen: &Seen,
    claimed: &Json,
) -> Checked {
    let Json::Object(members) = claimed else {
        let message = "a map is answered with an object of its keys and values";
        return Err(Falsity::of(Rule::LwwMapValue, vec![message.into()]));
    };
    let mut shown_keys = Vec::new();
    let mut listed = HashMap::new();
    for (name, value) in members {
        let canonical = value.canonical();
        if canonical == "null" {
            let message = format!("{} is listed with null; a deleted key is not", shown(name));
            return Err(Falsity::of(Rule::LwwMapValue, vec![message]));
        }
        if let Some(shown) = own_key(past, replica, object, seen, name, &canonical)? {
            listed.insert(shown.key, ());
            shown_keys.push(shown);
        }
    }
    for key in past.history.objects[object as usize].keys.clone() {
        if !listed.contains_key(&key) {
            let name = past.history.keys[key as usize].name.clone();
            shown_keys.extend(own_key(past, replica, object, seen, &name, "null")?);
        }
    }
    agree(memory, past, replica, object, seen, &shown_keys)
}

/// Holds what an answer shows against what earlier ones have shown, and keeps it.
fn agree(
    memory: &mut Agreement,
    past: &Past,
    replica: u32,
    object: u32,
    seen: &Seen,
    shown_keys: &[Shown],
) -> Checked {
    // Where all maximal writes have one value, the answer is determined.
    let contested: Vec<&Shown> =
        shown_keys.iter().filter(|shown| !shown.others.is_empty()).collect();
    if contested.is_empty() {
        return Ok(());
    }
    memory.answered.push((past.line, replica));
    let knowledge = knowledge(past, replica, Some(object), seen);
    for shown in &contested {
        let name = (object, Some(shown.key), knowledge);
        if let Some((earlier, line, by)) = memory.answers.get(&name)
            && *earlier != shown.value
        {
            let (earlier, line, by) = (earlier.clone(), *line, *by);
            return Err(disagreement(past, Rule::LwwAgreement, replica, &earlier, (line, by)));
        }
    }
    let mut steps = 0;
    let mut taken = Vec::new();
    let mut cycle = None;
    for shown in &contested {
        let [carrier] = shown.carriers[..] else { continue };
        let ordered = memory.ordered.entry((object, Some(shown.key))).or_default();
        if past.history.selective {
            // Causality may go through writes that no answer shows.
            let chains = &past.history.keys[shown.key as usize].chains;
            ordered.know(past, chains.iter().flat_map(|chain| &chain.ops).copied(), &mut steps);
        } else {
            ordered.know(past, shown.others.iter().copied().chain([carrier]), &mut steps);
        }
        let statements: Vec<_> = shown.others.iter().map(|other| (*other, carrier)).collect();
        match ordered.order.take(&statements, Source::Stated(past.line), past.argue, &mut steps) {
            Ok(of_key) => taken.push((shown.key, of_key)),
            Err(found) => {
                let other =
                    shown.others.iter().find(|other| ordered.order.is_stated(carrier, **other));
                cycle = Some((carrier, other.copied(), found));
                break;
            }
        }
    }
    past.history.charge(steps);
    if let Some((carrier, other, cycle)) = cycle {
        let reversed = other.and_then(|other| {
            let ordered = memory.ordered.values().find_map(|of| of.order.source(carrier, other))?;
            Some((other, ordered))
        });
        // A false answer orders nothing, of no key.
        for (key, of_key) in taken {
            let ordered = memory.ordered.entry((object, Some(key))).or_default();
            ordered.order.give_back(of_key);
        }
        let because = past.because(|| match reversed {
            Some((other, Source::Stated(line))) => vec![
                past.performed(carrier),
                past.performed(other),
                format!(
                    "{} showed the second of them where neither had seen the other; now {} shows \
                     the first",
                    memory.answer_on(past, line),
                    past.replica_shown(replica)
                ),
                "of two writes one is above the other, always the same one".into(),
            ],
            _ => why_cycle(memory, past, &cycle, false),
        });
        return Err(Falsity::of(Rule::LwwAgreement, because));
    }
    for shown in contested {
        let name = (object, Some(shown.key), knowledge);
        memory.answers.entry(name).or_insert_with(|| (shown.value.clone(), past.line, replica));
    }
    Ok(())
}

fn disagreement(
    past: &Past,
    rule: Rule,
    replica: u32,
    earlier: &str,
    (line, by): (u32, u32),
) -> Box<Falsity> {
    let because = past.because(|| {
        let who = past.replica_shown(replica);
        vec![
            format!("{} answered {} on line {line}", past.replica_shown(by), shown(earlier)),
            format!("{who} has seen exactly the same operations on this object now"),
            "equal knowledge must give equal answers".into(),
        ]
    });
    Falsity::of(rule, because)
}

fn own_log(
    memory: &mut Agreement,
    past: &Past,
    replica: u32,
    object: u32,
    seen: &Seen,
    claimed: &Json,
) -> Judgement {
    let Json::Array(items) = claimed else {
        let message = "a log is answered with an array of its entries";
        return Ok(Err(Falsity::of(Rule::LogValue, vec![message.into()])));
    };
    let mut ops = past.history.members(seen, Some(object));
    ops.sort_unstable();
    // The operations with each value, and how many of them the answer has not used yet.
    let mut by_value = HashMap::<u32, (Vec<OpId>, usize)>::new();
    for op in &ops {
        if let Effect::Wrote { value, .. } = past.history.ops[*op as usize].effect {
            let (ops, left) = by_value.entry(value).or_default();
            ops.push(*op);
            *left += 1;
        }
    }
    let mut values = Vec::new();
    let mut texts = String::new();
    for (place, item) in items.iter().enumerate() {
        let canonical = item.canonical();
        let value = past.history.values.find(&canonical);
        match value.and_then(|value| by_value.get_mut(&value)) {
            Some((_, left)) if *left > 0 => *left -= 1,
            known => {
                let ops = known.map_or(&[][..], |(ops, _)| ops);
                let because = past.because(|| {
                    let what = format!("{} at place {}", shown(&canonical), place + 1);
                    vec![
                        format!("the answer has {what}, more often than it was appended"),
                        seen_appended(past, replica, ops),
                    ]
                });
                return Ok(Err(Falsity::of(Rule::LogValue, because)));
            }
        }
        values.extend(value);
        texts += &canonical;
        texts.push('\n');
    }
    let missing = by_value.values().find(|(_, left)| *left > 0);
    if let Some((ops, left)) = missing.cloned() {
        let missing = ops[0];
        let because = past.because(|| {
            let times = plural((ops.len() - left) as u64, "time");
            vec![
                past.performed(missing),
                past.arrival(replica, missing),
                format!("the answer has this value {times}"),
                seen_appended(past, replica, &ops),
            ]
        });
        return Ok(Err(Falsity::of(Rule::LogValue, because)));
    }
    if let Err(falsity) = causal(past, &values, &by_value, seen, object)? {
        return Ok(Err(falsity));
    }
    let texts = Rc::<str>::from(blake3::hash(texts.as_bytes()).to_hex().as_str());
    let name = (object, None, knowledge(past, replica, Some(object), seen));
    if let Some((earlier, line, by)) = memory.answers.get(&name)
        && *earlier != texts
    {
        let (line, by) = (*line, past.replica_shown(*by));
        let because = past.because(|| {
            let who = past.replica_shown(replica);
            vec![
                format!("{by} answered on line {line} with the same entries in another order"),
                format!("{who} has seen exactly the same operations on this log now"),
                "equal knowledge must give equal answers".into(),
            ]
        });
        return Ok(Err(Falsity::of(Rule::LogAgreement, because)));
    }
    let once = values.iter().filter_map(|value| match by_value[value].0[..] {
        [op] => Some(op),
        _ => None,
    });
    let once: Vec<OpId> = once.collect();
    let pairs: Vec<(OpId, OpId)> = once.windows(2).map(|pair| (pair[0], pair[1])).collect();
    let order = Listed::new(past.line, once);
    memory.answered.push((past.line, replica));
    let contained = match contained_in(memory, past, object, &order) {
        Ok(contained) => contained,
        Err(falsity) => return Ok(Err(falsity)),
    };
    let mut steps = 0;
    let ordered = memory.ordered.entry((object, None)).or_default();
    if past.history.selective {
        let lanes = past.history.objects[object as usize].lanes.iter();
        let ops = lanes.flat_map(|lane| &past.history.lanes[*lane as usize].ops).copied();
        ordered.know(past, ops, &mut steps);
    } else {
        ordered.know(past, pairs.iter().flat_map(|(a, b)| [*a, *b]), &mut steps);
    }
    let taken = ordered.order.take(&pairs, Source::Stated(past.line), past.argue, &mut steps);
    past.history.charge(steps);
    if let Err(cycle) = taken {
        let because = past.because(|| why_cycle(memory, past, &cycle, true));
        return Ok(Err(Falsity::of(Rule::LogAgreement, because)));
    }
    let orders = memory.orders.entry(object).or_default();
    contained.into_iter().rev().for_each(|i| drop(orders.swap_remove(i)));
    orders.push(order);
    memory.answers.entry(name).or_insert((texts, past.line, replica));
    Ok(Ok(()))
}

/// How often, and where, a replica has seen one value appended.
fn seen_appended(past: &Past, replica: u32, ops: &[OpId]) -> String {
    let lines = ops.iter().map(|op| past.history.ops[*op as usize].line.to_string());
    let mut lines: Vec<String> = lines.take(MOST_LISTED).collect();
    lines.extend(left_out(ops.len(), "line"));
    let who = past.replica_shown(replica);
    match plural(ops.len() as u64, "time") {
        _ if ops.is_empty() => format!("{who} has not seen it appended"),
        times => format!("{who} has seen it appended {times}, on line {}", lines.join(", ")),
    }
}

/// Whether the entries can be given to operations such that the order extends sees.
fn causal(
    past: &Past,
    values: &[u32],
    by_value: &HashMap<u32, (Vec<OpId>, usize)>,
    seen: &Seen,
    object: u32,
) -> Judgement {
    // What is not placed yet, lane by lane; a lane's operations saw each other in order.
    let mut lanes = HashMap::<u32, Vec<OpId>>::new();
    let mut members = past.history.members(seen, Some(object));
    members.sort_unstable_by(|a, b| b.cmp(a));
    for op in members {
        lanes.entry(past.history.ops[op as usize].lane).or_default().push(op);
    }
    let mut steps = 0;
    let mut placed: Vec<OpId> = Vec::new();
    // The operations that could stand at each place and are still to be tried.
    let mut choices: Vec<Vec<OpId>> = Vec::new();
    let mut furthest = 0;
    loop {
        let place = placed.len();
        if place == values.len() {
            past.history.charge(steps);
            return Ok(Ok(()));
        }
        if choices.len() == place {
            let candidates = by_value[&values[place]].0.iter().copied();
            let free: Vec<OpId> = candidates
                .filter(|op| {
                    let lane = &lanes[&past.history.ops[*op as usize].lane];
                    lane.last() == Some(op)
                })
                .filter(|op| {
                    steps += lanes.len() as u64;
                    !lanes.values().any(|lane| sees_unplaced(past, *op, lane))
                })
                .collect();
            choices.push(free);
        }
        steps += 1;
        if steps > MOST_STEPS.max(64 * values.len() as u64 * lanes.len() as u64) {
            past.history.charge(steps);
            return Err(format!(
                "its log has equal entries, and {steps} steps did not suffice to tell which \
                 is which"
            ));
        }
        match choices[place].pop() {
            Some(op) => {
                if let Some(lane) = lanes.get_mut(&past.history.ops[op as usize].lane) {
                    lane.pop();
                }
                placed.push(op);
                furthest = furthest.max(placed.len());
            }
            None => {
                choices.pop();
                let Some(op) = placed.pop() else { break };
                if let Some(lane) = lanes.get_mut(&past.history.ops[op as usize].lane) {
                    lane.push(op);
                }
            }
        }
    }
    past.history.charge(steps);
    let because = past.because(|| {
        let entry = past.history.values.text(values[furthest]).clone();
        let candidates = by_value[&values[furthest]].0.clone();
        let mut because = vec![format!(
            "at place {} of the answer stands {}, before an entry that was seen when it was \
             appended",
            furthest + 1,
            shown(&entry)
        )];
        if let [op] = candidates[..] {
            because.push(past.performed(op));
            let later = values[furthest + 1..].iter().find_map(|value| {
                by_value[value].0.iter().copied().find(|other| past.history.sees(op, *other))
            });
            if let Some(later) = later {
                because.push(past.performed(later));
                because.push(past.past(op, later));
            }
        }
        because.push("an entry stands after all those that it saw".into());
        because
    });
    Ok(Err(Falsity::of(Rule::LogCausality, because)))
}

/// Whether an operation saw one of a lane that is not placed yet.
fn sees_unplaced(past: &Past, op: OpId, lane: &[OpId]) -> bool {
    if past.history.irregular {
        lane.iter().any(|other| past.history.sees(op, *other))
    } else {
        // The first of the lane that is left is the one seen most.
        lane.last().is_some_and(|first| past.history.sees(op, *first))
    }
}

/// Holds an order of entries against earlier ones; says which of them it contains.
fn contained_in(
    memory: &Agreement,
    past: &Past,
    object: u32,
    order: &Listed,
) -> Result<Vec<usize>, Box<Falsity>> {
    let mut contained = Vec::new();
    let mut reversed = None;
    for (i, known) in memory.orders.get(&object).into_iter().flatten().enumerate() {
        past.history.charge(known.entries.len() as u64);
        match known.reversed(order) {
            Ok(pair) => {
                reversed = Some((pair, known.line));
                break;
            }
            // What the new answer has in the same order need not be kept.
            Err(true) => contained.push(i),
            Err(false) => {}
        }
    }
    let Some(((first, second), line)) = reversed else { return Ok(contained) };
    let because = past.because(|| {
        vec![
            past.performed(first),
            past.performed(second),
            format!(
                "{} has the first of them before the second, this one the other way round",
                memory.answer_on(past, line)
            ),
            "of two entries one comes first, always the same one".into(),
        ]
    });
    Err(Falsity::of(Rule::LogAgreement, because))
}

/// A cycle of writes or of entries, step by step.
fn why_cycle(memory: &Agreement, past: &Past, cycle: &[Step], of_entries: bool) -> Vec<String> {
    let name = |op: OpId| {
        let line = past.history.ops[op as usize].line;
        format!("{} of line {line}", shown(past.history.stamp(op).3))
    };
    let mut because: Vec<String> = cycle
        .iter()
        .map(|step| {
            let (before, behind) = (name(step.before), name(step.behind));
            match (step.source, of_entries) {
                (Source::Stated(line), true) => {
                    format!("{} has {before} before {behind}", memory.answer_on(past, line))
                }
                (Source::Stated(line), false) => {
                    format!("{} shows {behind} above {before}", memory.answer_on(past, line))
                }
                (Source::Saw(_), true) => {
                    format!(
                        "{behind} was appended where {before} had been seen, so it stands behind"
                    )
                }
                (Source::Saw(_), false) => {
                    format!("{behind} was written where {before} had been seen, so it stands above")
                }
            }
        })
        .collect();
    because.push("an order has no cycle: no rule of the implementation's can answer so".into());
    because
}
