//! What an object amounts to, as one text: for comparing replicas, and for showing.

use crate::past::history::{Effect, History, Seen};
use rejoin::json::Json;
use rejoin::object::TraceType;

impl History {
    /// The elements of a set, by their numbers.
    pub fn elements(&self, object: u32, seen: &Seen) -> Vec<u32> {
        let keys = self.objects[object as usize].keys.clone();
        keys.into_iter().filter(|key| self.has(object, *key, seen)).collect()
    }

    /// The current value of a register's or map's key as a number, unless there is none or it is
    /// deleted.
    pub fn current(&self, key: u32, seen: &Seen) -> Option<u32> {
        let winner = self.winner(key, seen)?;
        match self.ops[winner as usize].effect {
            Effect::Wrote { value, .. } if &**self.values.text(value) != "null" => Some(value),
            _ => None,
        }
    }

    /// What an object amounts to. Cost: that of all its keys, or entries.
    pub fn amount(&self, object: u32, seen: &Seen) -> Amount<'_> {
        let seen = &seen.laid_flat();
        let of = &self.objects[object as usize];
        match of.kind {
            TraceType::GCounter | TraceType::PnCounter => Amount::Count(self.count(object, seen)),
            TraceType::MaxRegister | TraceType::MinRegister => {
                Amount::Extreme(self.extreme(object, seen))
            }
            TraceType::EwFlag | TraceType::DwFlag => {
                let key = of.keys.first().copied();
                Amount::Flag(key.is_some_and(|key| self.has(object, key, seen)))
            }
            TraceType::MvRegister => {
                let key = of.keys.first().copied();
                Amount::Siblings(key.map_or(Vec::new(), |key| self.siblings(key, seen)))
            }
            TraceType::MvMap => {
                let members = of
                    .keys
                    .iter()
                    .map(|key| (&*self.keys[*key as usize].name, self.siblings(*key, seen)));
                Amount::Contested(members.filter(|(_, values)| !values.is_empty()).collect())
            }
            TraceType::Opaque => Amount::Opaque,
            TraceType::LwwRegister => {
                let key = of.keys.first().copied();
                let value = key.and_then(|key| self.current(key, seen));
                Amount::Value(value.map(|value| &**self.values.text(value)))
            }
            TraceType::OrSet
            | TraceType::GSet
            | TraceType::TwoPhaseSet
            | TraceType::RwSet
            | TraceType::List => {
                let elements = self.elements(object, seen);
                let name = |key: u32| &*self.keys[key as usize].name;
                Amount::Elements(elements.into_iter().map(name).collect())
            }
            TraceType::LwwMap => {
                let keys = of.keys.clone();
                let current = keys.into_iter().map(|key| (key, self.current(key, seen)));
                let members: Vec<_> = current.collect();
                let named = |(key, value): (u32, Option<u32>)| {
                    Some((&*self.keys[key as usize].name, &**self.values.text(value?)))
                };
                Amount::Values(members.into_iter().filter_map(named).collect())
            }
            TraceType::Log => {
                let entries = self.entries(object, seen);
                Amount::Entries(entries.into_iter().map(|op| self.stamp(op).3).collect())
            }
        }
    }

    /// The value of an object as canonical JSON, but with members in byte order.
    pub fn value_text(&self, object: u32, seen: &Seen) -> String {
        self.amount(object, seen).text()
    }

    /// Whether the element is in the set, or the value of the key of the map, as canonical JSON.
    pub fn member_text(&self, object: u32, name: &str, seen: &Seen) -> String {
        let key = self.find_key(object, name);
        if self.objects[object as usize].kind.is_set() {
            return key.is_some_and(|key| self.has(object, key, seen)).to_string();
        }
        if self.objects[object as usize].kind == TraceType::MvMap {
            let values = key.map_or(Vec::new(), |key| self.siblings(key, seen));
            return list('[', ']', values.into_iter().map(String::from));
        }
        let value = key.and_then(|key| self.current(key, seen));
        value.map_or("null".into(), |value| self.values.text(value).to_string())
    }
}

/// What an object amounts to, its keys in no particular order. Values are canonical JSON.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Amount<'a> {
    /// Counters: the total.
    Count(i128),
    /// LWW-register: the value, unless there is none or it is deleted.
    Value(Option<&'a str>),
    /// Sets and lists: the elements.
    Elements(Vec<&'a str>),
    /// LWW-map: the keys that are not deleted, with their values.
    Values(Vec<(&'a str, &'a str)>),
    /// Log: the entries in order.
    Entries(Vec<&'a str>),
    /// Max- and min-register: the integer, if any was written.
    Extreme(Option<i128>),
    /// Flags: whether it is enabled.
    Flag(bool),
    /// MV-register: the concurrent values, each once and in order.
    Siblings(Vec<&'a str>),
    /// MV-map: the keys that have values, with them.
    Contested(Vec<(&'a str, Vec<&'a str>)>),
    /// Opaque: nobody knows.
    Opaque,
}

impl Amount<'_> {
    /// The same as canonical JSON, but with members in byte order.
    pub fn text(&self) -> String {
        match self {
            Self::Count(count) => count.to_string(),
            Self::Value(value) => value.unwrap_or("null").into(),
            Self::Elements(elements) => {
                let mut elements = elements.clone();
                elements.sort_unstable();
                list('[', ']', elements.into_iter().map(quoted))
            }
            Self::Values(values) => {
                let mut values = values.clone();
                values.sort_unstable();
                list('{', '}', values.into_iter().map(|(key, value)| quoted(key) + ":" + value))
            }
            Self::Entries(entries) => list('[', ']', entries.iter().copied().map(String::from)),
            Self::Extreme(value) => value.map_or("null".into(), |value| value.to_string()),
            Self::Flag(is_enabled) => is_enabled.to_string(),
            Self::Siblings(values) => values_text(values),
            Self::Contested(members) => {
                let mut members = members.clone();
                members.sort_unstable();
                let member =
                    |(key, values): (&str, Vec<&str>)| quoted(key) + ":" + &values_text(&values);
                list('{', '}', members.into_iter().map(member))
            }
            Self::Opaque => "null".into(),
        }
    }
}

fn values_text(values: &[&str]) -> String {
    list('[', ']', values.iter().copied().map(String::from))
}

/// A text as a JSON string.
pub fn quoted(text: &str) -> String {
    Json::String(text.into()).canonical()
}

/// Texts between brackets, with commas.
pub fn list(open: char, close: char, items: impl Iterator<Item = String>) -> String {
    let mut text = String::from(open);
    for (i, item) in items.enumerate() {
        if i > 0 {
            text.push(',');
        }
        text += &item;
    }
    text.push(close);
    text
}
