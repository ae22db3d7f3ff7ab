//! Who decided: origins and people under numbers, so that a record names both in four bytes.
//!
//! Meaning: an encoding only.
//! Laws: a number stays the same for ever.
//! Cost: O(1) a look-up; one entry for each pair of origin and person.
//! Source: this project.

use crate::operation::User;
use hashbrown::HashMap;

/// The authors of one object's records: origins by number, and the people.
#[derive(Clone, Debug, Default)]
pub(super) struct Authors {
    list: Vec<(u32, Option<User>)>,
    numbers: HashMap<(u32, Option<User>), u32>,
}

impl Authors {
    /// The number of an author.
    pub fn number(&mut self, origin: u32, user: &Option<User>) -> u32 {
        // It is nearly always the last author again.
        if let Some((last, who)) = self.list.last()
            && *last == origin
            && who == user
        {
            return self.list.len() as u32 - 1;
        }
        let new = self.list.len() as u32;
        let number = *self.numbers.entry((origin, user.clone())).or_insert(new);
        if number == new {
            self.list.push((origin, user.clone()));
        }
        number
    }

    /// The number of the author's origin.
    pub fn origin(&self, author: u32) -> u32 {
        self.list[author as usize].0
    }

    /// The person, where known.
    pub fn user(&self, author: u32) -> &Option<User> {
        &self.list[author as usize].1
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }
}
