//! Texts by numbers, so that equal ones are in memory once.

use hashbrown::HashMap;
use hashbrown::hash_map::EntryRef;
use std::rc::Rc;

/// Texts, each kept once and known by a number.
#[derive(Debug, Default)]
pub struct Interner {
    numbers: HashMap<Rc<str>, u32>,
    texts: Vec<Rc<str>>,
}

impl Interner {
    /// The number of a text, new or not.
    pub fn intern(&mut self, text: &str) -> u32 {
        match self.numbers.entry_ref(text) {
            EntryRef::Occupied(entry) => *entry.get(),
            EntryRef::Vacant(entry) => {
                let (number, text) = (self.texts.len() as u32, Rc::<str>::from(text));
                self.texts.push(text.clone());
                entry.insert_with_key(text, number);
                number
            }
        }
    }

    /// The number of a text that was seen before.
    pub fn find(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    /// The text of a number.
    pub fn text(&self, number: u32) -> &Rc<str> {
        &self.texts[number as usize]
    }
}
