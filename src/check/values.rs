//! What an object amounts to, as one text: for comparing replicas, and for showing.

use super::history::{Effect, History, Seen};
use crate::trace::{Json, ObjectType};

impl History {
    /// The elements of a set, by their numbers.
    pub fn elements(&mut self, object: u32, seen: &Seen) -> Vec<u32> {
        let keys = self.objects[object as usize].keys.clone();
        keys.into_iter().filter(|key| !self.live(*key, seen).is_empty()).collect()
    }

    /// The current value of a register's or map's key as a number, unless there is none or it is
    /// deleted.
    pub fn current(&mut self, key: u32, seen: &Seen) -> Option<u32> {
        let winner = self.winner(key, seen)?;
        match self.ops[winner as usize].effect {
            Effect::Wrote { value, .. } if &**self.values.text(value) != "null" => Some(value),
            _ => None,
        }
    }

    /// The value of an object as canonical JSON, but with members in byte order.
    pub fn value_text(&mut self, object: u32, seen: &Seen) -> String {
        let seen = &seen.laid_flat();
        let of = &self.objects[object as usize];
        match of.kind {
            ObjectType::GCounter => self.count(object, seen).to_string(),
            ObjectType::LwwRegister => {
                let key = of.keys.first().copied();
                let value = key.and_then(|key| self.current(key, seen));
                value.map_or("null".into(), |value| self.values.text(value).to_string())
            }
            ObjectType::OrSet => {
                let mut names: Vec<_> = self
                    .elements(object, seen)
                    .into_iter()
                    .map(|key| self.keys[key as usize].name.clone())
                    .collect();
                names.sort_unstable();
                list('[', ']', names.iter().map(|name| quoted(name)))
            }
            ObjectType::LwwMap => {
                let keys = of.keys.clone();
                let mut members: Vec<_> = keys
                    .into_iter()
                    .filter_map(|key| {
                        let value = self.current(key, seen)?;
                        let name = self.keys[key as usize].name.clone();
                        Some((name, self.values.text(value).clone()))
                    })
                    .collect();
                members.sort_unstable();
                list('{', '}', members.iter().map(|(key, value)| quoted(key) + ":" + value))
            }
            ObjectType::Log => {
                let entries = self.entries(object, seen);
                let texts = entries.iter().map(|op| match self.ops[*op as usize].effect {
                    Effect::Wrote { value, .. } => self.values.text(value).to_string(),
                    _ => String::new(),
                });
                list('[', ']', texts)
            }
        }
    }
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
