//! Pieces: a delta in parts of whole keys, and the delta that all of its pieces make.
//!
//! Meaning: a piece lists some of the keys that changed since a vector, each as it is now and as a
//! delta since the receiver's base lists it. The pieces of a transfer, of each key the newest, are one
//! delta; see [`crate::optimized::staging`].
//! Laws: where each key that changed since the base is in a piece, and as it is at the last one, they
//! make the delta since the base (tests/engines/staging.rs).
//! Cost: a piece O(its keys), and O(origins); the delta of all pieces O(all their keys · log).
//! Source: this project.

use super::Decisions;
use crate::dot::Dot;
use crate::operation::User;
use crate::optimized::ApplyError;
use crate::optimized::arena::LONGEST;
use crate::optimized::audit::{AuditDelta, AuditEntry};
use crate::optimized::delta::{DeltaAuthor, Effect, KeyedDelta, Name, Record};
use crate::optimized::openings::DeltaOpenings;
use crate::optimized::vector::Vector;
use hashbrown::{HashMap, HashSet};

/// About how much memory a record, a dot, an author and an audit record have, in bytes.
const RECORD: usize = 32;
const DOT: usize = 16;
const AUTHOR: usize = 32;
const AUDITED: usize = 48;

impl<E: Effect> Decisions<E> {
    /// Lists the next keys that changed since a vector, of some `most_bytes`, and at least one: those
    /// whose first unseen decision comes after the cursor of the walk. Gives the cursor after them,
    /// and whether there are no more keys.
    pub fn piece(
        &self,
        base: &Vector,
        since: &Vector,
        cursor: Option<&Dot>,
        most_bytes: usize,
    ) -> (KeyedDelta<E>, Option<Dot>, bool) {
        let known = self.origins.counts_of(base);
        let sent = self.origins.counts_of(since);
        let mut delta = KeyedDelta::between(base.clone(), self.vector());
        delta.openings = DeltaOpenings::since(&self.origins.openings, base, &delta.seen);
        let (mut listed, mut last, mut bytes) = (Vec::new(), None, 0);
        let (mut authors, mut beside) = (HashSet::new(), 0);
        let is_over = self.walk(&sent, cursor, |dot, key, _| {
            // What the receiver has all of needs no piece.
            let Some(first) = self.first_outside(key, &known) else { return true };
            if bytes >= most_bytes {
                return false;
            }
            let (others, winners) = (delta.others.len(), delta.winners.len());
            self.list(key, first, &known, &mut delta);
            listed.push(key);
            last = Some(dot);
            let new = delta.others[others..].iter().chain(&delta.winners[winners..]);
            let new = std::iter::once(first).chain(new.map(|(_, record)| record));
            let audited = self.audited(key, &known);
            let audited = audited.map(|(author, saw)| (author, AUDITED + DOT * saw));
            // Records of decisions name users apart.
            for (author, length) in new.map(|record| (record.author, 0)).chain(audited) {
                beside += length;
                if authors.insert((author, length > 0)) {
                    let user = self.authors.user(author).as_ref();
                    beside += AUTHOR + user.map_or(0, |user| user.len());
                }
            }
            bytes = delta.keys.len()
                + delta.values.bytes()
                + RECORD * (listed.len() + delta.others.len() + delta.winners.len())
                + DOT * (delta.kept.len() + delta.creation_dots.len())
                + beside;
            true
        });
        self.name_authors(&mut delta);
        delta.audit = self.audit_of(&known, &listed);
        delta.sort();
        let last =
            last.map(|(origin, counter)| Dot { origin: self.origins.get(origin).clone(), counter });
        (delta, last, is_over)
    }

    /// The first maximal decision on the key outside `known`, by place and counter.
    fn first_outside(&self, key: u32, known: &[u64]) -> Option<&Record<E>> {
        let outside = self
            .maximal(key)
            .filter(|record| record.counter > known[self.authors.origin(record.author) as usize]);
        outside.min_by_key(|record| {
            (self.origins.place(self.authors.origin(record.author)), record.counter)
        })
    }

    /// The delta that the pieces of a transfer make: of each key the newest. `older` gives those before
    /// the newest one, backwards. A key is in several of them only if the sender changed in between.
    ///
    /// # Errors
    /// If they are not of one transfer, or contradict each other.
    pub fn assembled(
        &self,
        newest: KeyedDelta<E>,
        may_repeat: bool,
        mut older: impl FnMut() -> Option<KeyedDelta<E>>,
    ) -> Result<KeyedDelta<E>, ApplyError> {
        let mut whole = newest;
        let mut users = Users::of(&whole);
        let mut listed = HashSet::new();
        if may_repeat {
            self.keys_in(&whole, |_, key| {
                listed.insert(key.to_vec());
            })?;
        }
        while let Some(piece) = older() {
            if piece.since != whole.since || !whole.seen.covers(&piece.seen) {
                return Err(ApplyError::Contradiction);
            }
            let mut is_newest = vec![true; piece.names.len()];
            if may_repeat {
                self.keys_in(&piece, |at, key| is_newest[at] = listed.insert(key.to_vec()))?;
            }
            whole.append(&piece, &is_newest, &mut users)?;
        }
        whole.sort();
        whole.check_assembled()?;
        Ok(whole)
    }

    /// Gives the bytes of each key that a delta lists.
    fn keys_in(
        &self,
        delta: &KeyedDelta<E>,
        mut give: impl FnMut(usize, &[u8]),
    ) -> Result<(), ApplyError> {
        for (at, (name, number)) in delta.names.iter().zip(self.resolve(delta)?).enumerate() {
            match (*name, number) {
                (Name::Bytes { at: start, length }, _) => {
                    give(at, &delta.keys[start as usize..][..length as usize]);
                }
                (Name::CreationDot { .. }, Some(number)) => give(at, self.key(number)),
                (Name::CreationDot { .. }, None) => return Err(ApplyError::Contradiction),
            }
        }
        Ok(())
    }
}

/// The numbers of a delta's authors, and of the users of its audit records.
#[derive(Default)]
struct Users {
    authors: HashMap<(u32, Option<User>), u32>,
    audited: HashMap<User, u32>,
}

impl Users {
    fn of<E>(delta: &KeyedDelta<E>) -> Self {
        let authors = delta.authors.iter().map(|author| (author.place, author.user.clone()));
        let audited = delta.audit.iter().flat_map(|audit| audit.users.iter().cloned());
        Self { authors: authors.zip(0..).collect(), audited: audited.zip(1..).collect() }
    }
}

impl<E: Effect> KeyedDelta<E> {
    /// Adds those keys of an older piece that are not listed yet.
    fn append(
        &mut self,
        piece: &Self,
        is_newest: &[bool],
        users: &mut Users,
    ) -> Result<(), ApplyError> {
        let table = self.seen.actor_table().clone();
        let places = piece.seen.actor_table().origins().iter();
        let places: Option<Vec<u32>> =
            places.map(|origin| table.position(origin).map(|place| place as u32)).collect();
        let places = places.ok_or(ApplyError::Contradiction)?;
        let moved = |place: u32| places[place as usize];
        let mut authors = Vec::with_capacity(piece.authors.len());
        for DeltaAuthor { place, user } in &piece.authors {
            let author = DeltaAuthor { place: moved(*place), user: user.clone() };
            let number = users.authors.entry((author.place, author.user.clone()));
            authors.push(*number.or_insert_with(|| {
                self.authors.push(author);
                self.authors.len() as u32 - 1
            }));
        }
        let mut numbers = Vec::with_capacity(piece.names.len());
        for ((name, first), is_newest) in piece.names.iter().zip(&piece.first).zip(is_newest) {
            numbers.push(is_newest.then_some(self.names.len() as u32));
            if !is_newest {
                continue;
            }
            self.names.push(match *name {
                Name::CreationDot { place, counter } => {
                    Name::CreationDot { place: moved(place), counter }
                }
                Name::Bytes { at: start, length } => {
                    let at = self.keys.len();
                    if at + length as usize > LONGEST {
                        return Err(ApplyError::KeysFull);
                    }
                    self.keys.extend_from_slice(&piece.keys[start as usize..][..length as usize]);
                    Name::Bytes { at: at as u32, length }
                }
            });
            let values = &mut self.values;
            let effect = first.effect.moved(|value| values.put(piece.values.get(value)));
            self.first.push(Record { author: authors[first.author as usize], effect, ..*first });
        }
        for (mine, theirs) in
            [(&mut self.others, &piece.others), (&mut self.winners, &piece.winners)]
        {
            for (of, record) in theirs {
                let Some(number) = numbers[*of as usize] else { continue };
                let values = &mut self.values;
                let effect = record.effect.moved(|value| values.put(piece.values.get(value)));
                let author = authors[record.author as usize];
                mine.push((number, Record { author, effect, ..*record }));
            }
        }
        for (mine, theirs) in
            [(&mut self.kept, &piece.kept), (&mut self.creation_dots, &piece.creation_dots)]
        {
            for (of, place, counter) in theirs {
                let Some(number) = numbers[*of as usize] else { continue };
                mine.push((number, moved(*place), *counter));
            }
        }
        if let Some(audit) = &piece.audit {
            let mine = self.audit.get_or_insert_default();
            mine.append(audit, &numbers, &places, &mut users.audited);
        }
        Ok(())
    }

    /// Brings the keys into the order of a delta: by their first records.
    fn sort(&mut self) {
        let authors = &self.authors;
        let place = |record: &Record<E>| (authors[record.author as usize].place, record.counter);
        if !self.first.is_sorted_by_key(place) {
            let mut order: Vec<u32> = (0..self.first.len() as u32).collect();
            order.sort_unstable_by_key(|at| place(&self.first[*at as usize]));
            let mut numbers = vec![0; order.len()];
            for (number, at) in (0..).zip(&order) {
                numbers[*at as usize] = number;
            }
            self.names = order.iter().map(|at| self.names[*at as usize]).collect();
            self.first = order.iter().map(|at| self.first[*at as usize]).collect();
            let beside = self.others.iter_mut().chain(&mut self.winners).map(|(of, _)| of);
            let dots = self.kept.iter_mut().chain(&mut self.creation_dots).map(|(of, ..)| of);
            beside.chain(dots).for_each(|of| *of = numbers[*of as usize]);
            for entry in self.audit.iter_mut().flat_map(|audit| &mut audit.entries) {
                entry.key = numbers[entry.key as usize];
            }
        }
        self.others.sort_by_key(|(of, record)| {
            let author = &self.authors[record.author as usize];
            (*of, author.place, record.counter)
        });
        self.winners.sort_by_key(|(of, _)| *of);
        self.kept.sort_unstable();
        self.creation_dots.sort_unstable();
        if let Some(audit) = &mut self.audit {
            audit.sort();
        }
    }

    /// Checks what a delta promises across its pieces: an operation decides on one key. Each piece was
    /// checked when it was decoded.
    fn check_assembled(&self) -> Result<(), ApplyError> {
        let place =
            |record: &Record<E>| (self.authors[record.author as usize].place, record.counter);
        let records =
            self.others.iter().chain(&self.winners).map(|(of, record)| (place(record), *of));
        let dots = self.creation_dots.iter().map(|(of, place, counter)| ((*place, *counter), *of));
        let mut further: Vec<((u32, u64), u32)> = records.chain(dots).collect();
        further.sort_unstable();
        further.dedup();
        let rises = self.first.is_sorted_by(|a, b| place(a) < place(b));
        let once = further.is_sorted_by(|a, b| a.0 < b.0);
        let is_elsewhere = |(of, record): (u32, &Record<E>)| {
            let at = further.binary_search_by_key(&place(record), |(dot, _)| *dot);
            at.is_ok_and(|at| further[at].1 != of)
        };
        let audited = self.audit.iter().flat_map(|audit| &audit.entries);
        let audited = audited.map(|entry| (entry.place, entry.counter));
        let are_audited_once = audited.is_sorted_by(|a, b| a < b);
        match rises && once && are_audited_once && !(0..).zip(&self.first).any(is_elsewhere) {
            true => Ok(()),
            false => Err(ApplyError::Contradiction),
        }
    }
}

impl AuditDelta {
    /// Adds the records of those keys of another piece that have a number here.
    fn append(
        &mut self,
        other: &Self,
        numbers: &[Option<u32>],
        places: &[u32],
        users: &mut HashMap<User, u32>,
    ) {
        self.cut = self.cut.max(other.cut);
        let floors = other.floors.iter().map(|(place, floor)| (places[*place as usize], *floor));
        self.floors.extend(floors);
        self.join_floors();
        for (entry, saw, value) in other.iter() {
            let Some(key) = numbers[entry.key as usize] else { continue };
            let mut user = 0;
            if let Some(at) = entry.user.checked_sub(1) {
                let name = &other.users[at as usize];
                user = *users.entry(name.clone()).or_insert_with(|| {
                    self.users.push(name.clone());
                    self.users.len() as u32
                });
            }
            let place = places[entry.place as usize];
            self.entries.push(AuditEntry { place, key, user, ..*entry });
            let saw = saw.iter().map(|(place, counter)| (places[*place as usize], *counter));
            self.saw.extend(saw);
            self.values.extend_from_slice(value);
        }
    }

    /// Leaves one floor of each place, the greatest: many pieces say the same of all places.
    fn join_floors(&mut self) {
        self.floors.sort_unstable_by_key(|(place, floor)| (*place, std::cmp::Reverse(*floor)));
        self.floors.dedup_by_key(|(place, _)| *place);
    }

    /// Brings the records into the order of a delta: by place and counter.
    fn sort(&mut self) {
        let order = |entry: &AuditEntry| (entry.place, entry.counter);
        if self.entries.is_sorted_by_key(order) {
            return;
        }
        let old = std::mem::take(self);
        (self.cut, self.floors, self.users) = (old.cut, old.floors.clone(), old.users.clone());
        let mut all: Vec<_> = old.iter().collect();
        all.sort_by_key(|(entry, ..)| order(entry));
        for (entry, saw, value) in all {
            self.entries.push(*entry);
            self.saw.extend_from_slice(saw);
            self.values.extend_from_slice(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floors_that_many_pieces_have_are_kept_once() {
        let piece =
            |floors: &[(u32, u64)]| AuditDelta { floors: floors.to_vec(), ..AuditDelta::default() };
        let (mut whole, mut users) = (AuditDelta::default(), HashMap::new());
        let places = [1, 3];
        for number in 0..1_000 {
            whole.append(&piece(&[(0, 7), (1, number)]), &[], &places, &mut users);
            assert_eq!(whole.floors, [(1, 7), (3, number)]);
        }
        whole.append(&piece(&[(0, 9), (1, 2)]), &[], &places, &mut users);
        assert_eq!(whole.floors, [(1, 9), (3, 999)]);
    }
}
