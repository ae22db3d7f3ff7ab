//! What claims break, by plain sets and by trying all orders.

use super::{Claim, KEYS, Said, World};
use rejoin::definition::{self, EventId};
use rejoin::object::TraceType;
use rejoin_judge::Rule;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What the earlier claims said, for those rules that hold claims against each other.
#[derive(Default)]
struct Earlier {
    /// The pairs of elements of the list.
    list: Vec<(String, String)>,
    /// By query, the answers and what was seen.
    opaque: BTreeMap<String, Vec<(BTreeSet<EventId>, String)>>,
    /// With own stamps, by type and key: which event is below, or before, which.
    own: BTreeMap<(TraceType, &'static str), Vec<(usize, usize)>>,
    /// With own stamps: by type, key and what was seen, the answer.
    answers: BTreeMap<(TraceType, &'static str, Vec<usize>), Value>,
}

impl World {
    /// The lines that are findings, and their rules.
    pub fn findings(&self, claims: &[Claim]) -> Vec<(usize, Rule)> {
        let mut earlier = Earlier::default();
        let broken = |claim: &Claim| Some((claim.line, self.broken(claim, &mut earlier)?));
        claims.iter().filter_map(broken).collect()
    }

    /// The rule that a claim breaks; what it says is held against what comes later only if it breaks none.
    fn broken(&self, claim: &Claim, earlier: &mut Earlier) -> Option<Rule> {
        let pairs = match &claim.said {
            Said::Answer { rule, holds } => return (!holds).then_some(*rule),
            Said::Apart(_) => return None,
            Said::Opaque { seen, query, answer } => {
                let seen = seen.iter().map(|event| self.events[*event].id.clone()).collect();
                let answers = earlier.opaque.entry(query.clone()).or_default();
                answers.push((seen, answer.clone()));
                if definition::agree(answers) {
                    return None;
                }
                answers.pop();
                return Some(Rule::OpaqueAgreement);
            }
            Said::Shown { key, seen, value } => {
                let kind = claim.kind.expect("a read has an object");
                return self.shown_otherwise(kind, *key, seen, value, earlier);
            }
            Said::Entries { seen, value } => return self.listed_otherwise(seen, value, earlier),
            Said::List { answer, visible } => {
                let names: BTreeSet<String> = answer.iter().cloned().collect();
                if names != *visible || names.len() != answer.len() {
                    return Some(Rule::ListValue);
                }
                answer.windows(2).map(|pair| [pair[0].clone(), pair[1].clone()]).collect()
            }
            Said::Place(pairs) => pairs.clone(),
        };
        let before = earlier.list.len();
        earlier.list.extend(pairs.into_iter().map(|[first, second]| (first, second)));
        if definition::has_one_order(&earlier.list) {
            return None;
        }
        earlier.list.truncate(before);
        Some(Rule::ListOrder)
    }

    /// What an answer of a register, of a map or of one key breaks.
    fn shown_otherwise(
        &self,
        kind: TraceType,
        key: Option<&'static str>,
        seen: &[usize],
        value: &Value,
        earlier: &mut Earlier,
    ) -> Option<Rule> {
        let shown: Vec<(&'static str, &Value)> = match (kind, key) {
            (TraceType::LwwRegister, _) => vec![("", value)],
            (_, Some(key)) => vec![(key, value)],
            _ => KEYS.map(|key| (key, value.get(key).unwrap_or(&Value::Null))).into(),
        };
        let mut said = Vec::new();
        for (key, value) in shown {
            let writes = || seen.iter().copied().filter(|event| self.written(*event).0 == key);
            let is_seen =
                |event: usize| writes().any(|other| self.events[other].saw(&self.events[event]));
            let maximal: Vec<usize> = writes().filter(|event| !is_seen(*event)).collect();
            let carries = |event: &usize| self.written(*event).1 == *value;
            let (carriers, others): (Vec<_>, Vec<_>) = maximal.iter().copied().partition(carries);
            if carriers.is_empty() && !(maximal.is_empty() && value.is_null()) {
                return Some(Rule::LwwSuperseded);
            }
            let above = |carrier: &usize| others.iter().map(|other| (*other, *carrier)).collect();
            let pairs: Vec<(usize, usize)> = match &carriers[..] {
                [carrier] => above(carrier),
                _ => Vec::new(),
            };
            said.push((key, value, pairs));
        }
        for (key, value, pairs) in &said {
            let answered = earlier.answers.get(&(kind, *key, seen.to_vec()));
            if answered.is_some_and(|answered| answered != *value)
                || !self.is_ordered(kind, key, pairs, earlier)
            {
                return Some(Rule::LwwAgreement);
            }
        }
        for (key, value, pairs) in said {
            earlier.answers.insert((kind, key, seen.to_vec()), value.clone());
            earlier.own.entry((kind, key)).or_default().extend(pairs);
        }
        None
    }

    /// What an answer of a log breaks.
    fn listed_otherwise(
        &self,
        seen: &[usize],
        value: &Value,
        earlier: &mut Earlier,
    ) -> Option<Rule> {
        let entries = value.as_array().expect("a log is an array");
        let sorted = |mut texts: Vec<String>| {
            texts.sort();
            texts
        };
        let appended = seen.iter().map(|event| self.written(*event).1.to_string()).collect();
        if sorted(entries.iter().map(Value::to_string).collect()) != sorted(appended) {
            return Some(Rule::LogValue);
        }
        if !self.extends_causality(seen, entries, &mut Vec::new()) {
            return Some(Rule::LogCausality);
        }
        let kind = TraceType::Log;
        let answered = earlier.answers.get(&(kind, "", seen.to_vec()));
        if answered.is_some_and(|answered| answered != value) {
            return Some(Rule::LogAgreement);
        }
        let once: Vec<usize> = entries
            .iter()
            .filter_map(|entry| {
                let mut with = seen.iter().filter(|event| self.written(**event).1 == *entry);
                with.next().filter(|_| with.next().is_none()).copied()
            })
            .collect();
        let pairs: Vec<(usize, usize)> = once.windows(2).map(|pair| (pair[0], pair[1])).collect();
        if !self.is_ordered(kind, "", &pairs, earlier) {
            return Some(Rule::LogAgreement);
        }
        earlier.answers.insert((kind, "", seen.to_vec()), value.clone());
        earlier.own.entry((kind, "")).or_default().extend(pairs);
        None
    }

    /// Whether some assignment of the entries to the events has none before one that it saw.
    fn extends_causality(
        &self,
        seen: &[usize],
        entries: &[Value],
        placed: &mut Vec<usize>,
    ) -> bool {
        let Some(entry) = entries.get(placed.len()) else { return true };
        for event in seen {
            let of = &self.events[*event];
            let mut others = seen.iter().filter(|other| !placed.contains(other));
            if !placed.contains(event)
                && self.written(*event).1 == *entry
                && !others.any(|other| of.saw(&self.events[*other]))
            {
                placed.push(*event);
                if self.extends_causality(seen, entries, placed) {
                    return true;
                }
                placed.pop();
            }
        }
        false
    }

    /// Whether these pairs, what was said before and what each event saw have one order.
    fn is_ordered(
        &self,
        kind: TraceType,
        key: &'static str,
        pairs: &[(usize, usize)],
        earlier: &Earlier,
    ) -> bool {
        let is_of = |event: &usize| {
            *self.events[*event].id.object == *kind.as_str() && self.written(*event).0 == key
        };
        let events: Vec<usize> = (0..self.events.len()).filter(is_of).collect();
        let mut all = pairs.to_vec();
        all.extend(earlier.own.get(&(kind, key)).into_iter().flatten());
        for event in &events {
            let saw = |other: &&usize| self.events[*event].saw(&self.events[**other]);
            all.extend(events.iter().filter(saw).map(|other| (*other, *event)));
        }
        definition::has_one_order(&all)
    }
}
