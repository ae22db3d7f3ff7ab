//! Applying: a delta into the store.
//!
//! Meaning: the reference's `take_part` of decisions, and of the winners.
//! Laws: as there (tests/engines/optimized/mod.rs; of a model, proved in spec/). A delta that contradicts what the
//! store knows is refused before anything changes; what it says of operations that the store has seen
//! changes nothing.
//! Cost: O(keys that the delta lists), but for the logarithm of how many siblings a key has; besides
//! O(origins), and of each listed key what is known of it.
//! Source: see [`crate::optimized::delta`].

use super::creation::{LocalDot, LocalDots};
use super::dot_index::{DotIndex, Step};
use super::{Decisions, MOST_MAXIMAL, Marks, Rule, View, same};
use crate::dot::Dot;
use crate::optimized::ApplyError;
use crate::optimized::arena::BLOCK;
use crate::optimized::changes::Change;
use crate::optimized::delta::{DeltaAuthor, Effect, KeyedDelta, Name, Record};
use hashbrown::HashSet;
use std::cmp::Ordering;

impl<E: Effect> Decisions<E> {
    /// Applies a delta, and returns what it did to which key.
    ///
    /// # Errors
    /// Operations between this state and the delta's start are missing, the delta contradicts what was
    /// seen, or there is no room. Nothing changes then.
    #[inline(never)]
    pub fn apply(&mut self, delta: &KeyedDelta<E>) -> Result<Vec<Change<E>>, ApplyError> {
        if let Some((origin, needed, seen)) = self.origins.lacks(&delta.since) {
            return Err(ApplyError::Gap { origin, needed, seen });
        }
        if self.origins.lacks(&delta.seen).is_none() {
            self.origins.openings.join(&delta.openings.begun);
            return Ok(Vec::new());
        }
        let keys = self.resolve(delta)?;
        let new = keys.iter().filter(|key| key.is_none()).count();
        // For each key: the old and the new record, in addition to the listed siblings.
        let creation_dots = 2 * delta.names.len() + delta.creation_dots.len();
        if !self.keys.has_room(new, delta.keys.len()) || !self.creation_dots.has_room(creation_dots)
        {
            return Err(ApplyError::KeysFull);
        }
        if self.may_be_too_contested(delta) {
            return Err(ApplyError::TooContested);
        }
        if !self.has_audit_room(delta) {
            return Err(ApplyError::AuditFull);
        }
        let keys = self.number(delta, keys);
        if let Some((key, operation)) = self.contradiction(delta, &keys) {
            let key = self.keys.get(key).to_vec();
            self.keys.truncate(self.len());
            return Err(ApplyError::ContradictedKey { key, operation });
        }
        let numbers = self.origins.numbers_of(delta.seen.actor_table());
        self.dot_indexes.resize(self.origins.len(), DotIndex::default());
        let author = |author: &DeltaAuthor| {
            let origin = numbers[author.place as usize];
            let seen = self.origins.seen(origin);
            AuthorMap { author: self.authors.number(origin, &author.user), origin, seen }
        };
        let authors = delta.authors.iter().map(author).collect();
        let mut theirs = vec![0; self.origins.len()];
        for (number, count) in numbers.iter().zip(delta.seen.counts()) {
            theirs[*number as usize] = *count;
        }
        let mut join = Join {
            store: self,
            delta,
            numbers,
            authors,
            theirs,
            changes: Vec::with_capacity(delta.names.len()),
            steps: Steps::default(),
            is_in_order: false,
            lists: Lists::default(),
        };
        join.all(&keys);
        let Join { numbers, changes, .. } = join;
        if let Some(audit) = &delta.audit {
            self.apply_audit(audit, &keys, &numbers);
        }
        for (number, count) in numbers.iter().zip(delta.seen.counts()) {
            self.origins.see(*number, *count);
        }
        self.origins.openings.join(&delta.openings.begun);
        self.tidy();
        Ok(changes)
    }

    /// A key on which the delta contradicts this store, and by which operation. A replica that has
    /// seen an operation knows its key, so all operations on a new key must be unseen. A key that is
    /// listed twice is a contradiction too. `keys` has the number of each listed key.
    fn contradiction(&self, delta: &KeyedDelta<E>, keys: &[u32]) -> Option<(u32, Option<Dot>)> {
        let known = self.len() as u32;
        let mut next = known;
        let mut listed = Listed::new(known, keys.len());
        for key in keys {
            // New keys have the next numbers, in order.
            let is_new = *key == next;
            next += u32::from(is_new);
            if !is_new && (*key >= known || !listed.insert(*key)) {
                return Some((*key, None));
            }
        }
        if next == known {
            return None;
        }
        let origins = delta.seen.actor_table();
        let numbers = self.origins.find_all(origins);
        let seen: Vec<u64> = numbers
            .into_iter()
            .map(|number| number.map_or(0, |number| self.origins.seen(number)))
            .collect();
        let place = |record: &Record<E>| delta.authors[record.author as usize].place;
        let of_record = |record: &Record<E>| (place(record), record.counter);
        let is_contradicted = |key: u32, (place, counter): (u32, u64)| {
            key >= known && counter <= seen[place as usize]
        };
        let first = keys.iter().zip(&delta.first).map(|(key, first)| (*key, of_record(first)));
        let records = delta.others.iter().chain(&delta.winners);
        let records = records.map(|(of, record)| (keys[*of as usize], of_record(record)));
        let dots = delta.kept.iter().chain(&delta.creation_dots);
        let dots = dots.map(|(of, place, counter)| (keys[*of as usize], (*place, *counter)));
        let mut all = first.chain(records).chain(dots);
        let (key, (place, counter)) = all.find(|(key, dot)| is_contradicted(*key, *dot))?;
        let origin = origins.origins()[place as usize].clone();
        Some((key, Some(Dot { origin, counter })))
    }

    /// Whether the delta might lead to too many decisions on one key. Its decisions on a key may be
    /// concurrent with all decisions on the most contested key.
    fn may_be_too_contested(&mut self, delta: &KeyedDelta<E>) -> bool {
        let runs = delta.others.chunk_by(|(a, _), (b, _)| a == b).map(<[_]>::len);
        let most = usize::from(!delta.is_empty()) + runs.max().unwrap_or(0);
        let most_here = |store: &Self| usize::from(store.len() > 0) + store.most_siblings;
        if most_here(self) + most > MOST_MAXIMAL {
            let lengths = self.siblings.iter().map(|(_, siblings)| siblings.maximal.len());
            self.most_siblings = lengths.max().unwrap_or(0);
        }
        most_here(self) + most > MOST_MAXIMAL
    }
}

/// Which known keys a delta has listed so far.
enum Listed {
    /// A bit for each key, where the delta lists many.
    Bits(Vec<u64>),
    Few(HashSet<u32>),
}

impl Listed {
    fn new(known: u32, listed: usize) -> Self {
        let words = known as usize / 64 + 1;
        if words <= listed { Self::Bits(vec![0; words]) } else { Self::Few(HashSet::new()) }
    }

    /// Adds a key; returns whether it is new.
    fn insert(&mut self, key: u32) -> bool {
        match self {
            Self::Bits(words) => {
                let (word, bit) = (&mut words[key as usize / 64], 1 << (key % 64));
                let is_new = *word & bit == 0;
                *word |= bit;
                is_new
            }
            Self::Few(keys) => keys.insert(key),
        }
    }
}

/// What goes to the dot indexes: what is listed first of each key, which is in the order of its origin
/// already, and all further operations.
#[derive(Default)]
struct Steps {
    listed: Vec<(u32, Step)>,
    further: Vec<(u32, Step)>,
}

impl Steps {
    /// Returns all, by counter for each origin.
    fn walk(mut self, mut give: impl FnMut(u32, Step)) {
        let order = |(origin, step): &(u32, Step)| (*origin, step.counter);
        for steps in [&mut self.listed, &mut self.further] {
            if !steps.is_sorted_by_key(order) {
                steps.sort_unstable_by_key(order);
            }
        }
        let mut further = self.further.into_iter().peekable();
        for listed in self.listed {
            while let Some((origin, step)) = further.next_if(|step| order(step) < order(&listed)) {
                give(origin, step);
            }
            give(listed.0, listed.1);
        }
        further.for_each(|(origin, step)| give(origin, step));
    }
}

/// An author of the delta under the store's numbers, and how many operations of the origin the store
/// had seen before.
#[derive(Clone, Copy)]
struct AuthorMap {
    author: u32,
    origin: u32,
    seen: u64,
}

/// What a delta says of a key besides its name and its first record. Few keys have any.
struct Extras<'a, E> {
    others: &'a [(u32, Record<E>)],
    kept: &'a [(u32, u32, u64)],
    winners: &'a [(u32, Record<E>)],
    creation_dots: &'a [(u32, u32, u64)],
}

impl<'a, E> Extras<'a, E> {
    const NONE: Self = Self { others: &[], kept: &[], winners: &[], creation_dots: &[] };

    /// The first key that has any.
    fn next(&self) -> Option<u32> {
        fn first<T>(items: &[T], key: impl Fn(&T) -> u32) -> Option<u32> {
            items.first().map(key)
        }
        let records = [self.others, self.winners].map(|items| first(items, |(of, _)| *of));
        let dots = [self.kept, self.creation_dots].map(|items| first(items, |(of, ..)| *of));
        records.into_iter().chain(dots).flatten().min()
    }

    fn is_empty(&self) -> bool {
        let Self { others, kept, winners, creation_dots } = self;
        others.is_empty() && kept.is_empty() && winners.is_empty() && creation_dots.is_empty()
    }

    /// Splits off what belongs to a key. Keys come in rising order.
    fn take(&mut self, key: u32) -> Self {
        Self {
            others: take(&mut self.others, |(of, _)| *of == key),
            kept: take(&mut self.kept, |(of, ..)| *of == key),
            winners: take(&mut self.winners, |(of, _)| *of == key),
            creation_dots: take(&mut self.creation_dots, |(of, ..)| *of == key),
        }
    }
}

/// What a delta says of one key.
struct Incoming<'a, E> {
    /// Under the store's numbers; the value is still in the delta.
    first: Record<E>,
    /// Whether the store has not seen it.
    is_unseen: bool,
    /// Whether the first record is the only creation dot.
    is_created_by_first: bool,
    extras: Extras<'a, E>,
}

/// The decisions on one key, while they are joined.
struct Lists<E> {
    ours: Vec<Record<E>>,
    /// Our decisions: those that stay, and those that the sender has superseded.
    kept: Vec<Record<E>>,
    dropped: Vec<Record<E>>,
    /// Their decisions that are unseen here.
    added: Vec<Record<E>>,
    /// What they list, what was added, and the key's creation dots: to be looked up.
    their_dots: LocalDots,
    added_dots: LocalDots,
    creation_dots: LocalDots,
}

impl<E> Default for Lists<E> {
    fn default() -> Self {
        let [their_dots, added_dots, creation_dots] = <[LocalDots; 3]>::default();
        let [ours, kept, dropped, added] = [const { Vec::new() }; 4];
        Self { ours, kept, dropped, added, their_dots, added_dots, creation_dots }
    }
}

impl<E> Lists<E> {
    fn clear(&mut self) {
        let Self { ours, kept, dropped, added, .. } = self;
        for list in [ours, kept, dropped, added] {
            list.clear();
        }
    }
}

/// A delta that is being applied. Nothing in it contradicts what the store has seen.
struct Join<'a, E> {
    store: &'a mut Decisions<E>,
    delta: &'a KeyedDelta<E>,
    /// The store's numbers of the delta's origins.
    numbers: Vec<u32>,
    authors: Vec<AuthorMap>,
    /// What the sender has seen, by the store's numbers. What the store has seen is there until
    /// all keys are joined.
    theirs: Vec<u64>,
    changes: Vec<Change<E>>,
    steps: Steps,
    /// Whether all that is listed comes in the order of its origins, and goes to the dot indexes at once.
    is_in_order: bool,
    lists: Lists<E>,
}

impl<'a, E: Effect> Join<'a, E> {
    fn all(&mut self, keys: &[u32]) {
        let delta = self.delta;
        let KeyedDelta { others, kept, winners, creation_dots, .. } = delta;
        self.is_in_order = others.is_empty() && creation_dots.is_empty();
        if !self.is_in_order {
            self.steps.listed.reserve(delta.names.len());
        }
        let mut rest = Extras { others, kept, winners, creation_dots };
        let mut next = rest.next();
        let mut number = 0;
        for block in keys.chunks(BLOCK) {
            self.store.prefetch_decisions(block.iter().copied());
            self.store.prefetch_creation_dots(block.iter().copied());
            for key in block {
                let (name, first) = (&delta.names[number as usize], &delta.first[number as usize]);
                if next == Some(number) {
                    self.one(*key, name, first, rest.take(number));
                    next = rest.next();
                } else {
                    self.one(*key, name, first, Extras::NONE);
                }
                number += 1;
            }
        }
        let steps = std::mem::take(&mut self.steps);
        steps.walk(|origin, step| self.store.dot_indexes[origin as usize].push(step));
    }

    /// Applies what is said of one key.
    #[inline]
    fn one(&mut self, key: u32, name: &Name, first: &Record<E>, extras: Extras<'a, E>) {
        let from = self.authors[first.author as usize];
        let first = Record { author: from.author, ..*first };
        let is_unseen = first.counter > from.seen;
        let has_name = matches!(name, Name::Bytes { .. });
        if key as usize == self.store.len() {
            return if extras.others.is_empty() && extras.winners.is_empty() {
                self.create(key, first, from.origin, extras.creation_dots)
            } else {
                self.create_contested(key, first, extras)
            };
        }
        if !is_unseen && !extras.others.iter().any(|(_, other)| self.is_unseen(other)) {
            // The store has seen everything listed: it still has it, or has superseded it.
            return;
        }
        let is_single = !self.store.marks[key as usize].has_siblings();
        if is_single && extras.is_empty() && !has_name {
            let ours = self.store.records[key as usize];
            if self.is_theirs(&ours) {
                return self.replace(key, ours, first, from.origin);
            }
        }
        let is_created_by_first = has_name && extras.creation_dots.is_empty();
        self.join(key, &Incoming { first, is_unseen, is_created_by_first, extras });
    }

    /// A record of the delta under the store's numbers; the value is still in the delta.
    fn local(&self, record: &Record<E>) -> Record<E> {
        Record { author: self.authors[record.author as usize].author, ..*record }
    }

    /// Whether the store has not seen a record of the delta.
    fn is_unseen(&self, record: &Record<E>) -> bool {
        record.counter > self.authors[record.author as usize].seen
    }

    fn origin(&self, record: &Record<E>) -> u32 {
        self.store.authors.origin(record.author)
    }

    /// A record of the delta, with its value in the store.
    fn copied(&mut self, record: &Record<E>) -> Record<E> {
        let (values, theirs) = (&mut self.store.values, &self.delta.values);
        Record { effect: record.effect.moved(|handle| values.put(theirs.get(handle))), ..*record }
    }

    /// Notes the first record that is listed of a key for the dot index of its origin.
    fn list(&mut self, origin: u32, step: Step) {
        if self.is_in_order {
            self.store.dot_indexes[origin as usize].push(step);
        } else {
            self.steps.listed.push((origin, step));
        }
    }

    /// A key that the store did not know, with one decision.
    fn create(
        &mut self,
        key: u32,
        first: Record<E>,
        origin: u32,
        creation_dots: &[(u32, u32, u64)],
    ) {
        let record = self.copied(&first);
        self.store.records.push(record);
        self.store.marks.push(Marks::default());
        let mut is_creation = creation_dots.is_empty();
        if !is_creation {
            let own = (origin, first.counter);
            is_creation = creation_dots.iter().any(|dot| self.local_dot(dot) == own);
            if creation_dots.len() > 1 || !is_creation {
                let mut dots = LocalDots::default();
                dots.set([own].into_iter());
                self.add_creation_dots(key, creation_dots, &dots);
            }
        }
        self.list(origin, Step { counter: first.counter, key, is_creation });
        self.store.trees.touch(key);
        self.changes.push(Change { key, overruled: None });
    }

    /// A key that the store did not know, with several decisions.
    #[inline(never)]
    fn create_contested(&mut self, key: u32, first: Record<E>, extras: Extras<'a, E>) {
        let mut lists = std::mem::take(&mut self.lists);
        lists.clear();
        lists.added.push(first);
        lists.added.extend(extras.others.iter().map(|(_, other)| self.local(other)));
        let Lists { added, added_dots, .. } = &mut lists;
        added_dots.set(added.iter().map(|record| self.store.local_dot(record)));
        let winner = extras.winners.first().map(|(_, record)| self.local(record));
        let apart = winner.filter(|winner| {
            added.iter().all(|record| self.view(record).cmp(&self.view(winner)).is_lt())
        });

        let record = self.copied(&first);
        self.store.records.push(record);
        self.store.marks.push(Marks::default());
        let maximal = added[1..].iter().map(|record| self.copied(record)).collect();
        let winner = apart.map(|apart| self.copied(&apart));
        let siblings = self.store.siblings_mut(key);
        (siblings.maximal, siblings.winner) = (maximal, winner);
        let count = siblings.maximal.len();
        if count == 0 && winner.is_none() {
            self.store.take_siblings(key);
        }
        self.store.most_siblings = self.store.most_siblings.max(count);
        self.store.trees.touch(key);
        self.changes.push(Change { key, overruled: None });
        let is_created_by_first = extras.creation_dots.is_empty();
        let incoming = Incoming { first, is_unseen: true, is_created_by_first, extras };
        self.note(key, &incoming, &mut lists);
        self.lists = lists;
    }

    /// Joins one key: keeps what both list, and what one lists and the other has not seen.
    fn join(&mut self, key: u32, incoming: &Incoming<'_, E>) {
        if self.is_concurrent_sibling(key, incoming) {
            return self.add(key, incoming);
        }
        let mut lists = std::mem::take(&mut self.lists);
        lists.clear();
        self.join_all(key, incoming, &mut lists);
        self.lists = lists;
    }

    /// Whether they list one unseen decision, all of ours stay, and the new one takes the effect from
    /// none of them; a winner is compared later.
    fn is_concurrent_sibling(&self, key: u32, incoming: &Incoming<'_, E>) -> bool {
        let Incoming { first, is_unseen, extras: Extras { others, kept, winners, .. }, .. } =
            incoming;
        let is_plain = others.is_empty() && winners.is_empty() && kept.len() <= LocalDots::FEW;
        if !is_unseen || !is_plain {
            return false;
        }
        let is_kept = |our: &Record<E>| {
            let dot = self.store.local_dot(our);
            kept.iter().any(|kept| self.local_dot(kept) == dot)
        };
        let mut has_effect =
            E::IS_TIMED || self.store.rule == Rule::AllValues || !self.store.prevails(first);
        let mut ours =
            self.store.maximal(key).inspect(|our| has_effect |= self.store.prevails(our));
        let all_stay = ours.all(|our| !self.is_theirs(our) || is_kept(our));
        drop(ours);
        all_stay && has_effect
    }

    /// A frequent case: one decision joins the siblings.
    fn add(&mut self, key: u32, incoming: &Incoming<'_, E>) {
        let Incoming { first, is_created_by_first, extras: Extras { creation_dots, .. }, .. } =
            *incoming;
        self.store.list_creation_dot(key);
        let before = E::IS_TIMED.then(|| *self.store.winner(key));
        let overruled = before.filter(|our| self.wins(&first, our));
        let record = self.copied(&first);
        let store = &mut *self.store;
        let siblings = store.siblings_mut(key);
        siblings.maximal.push(record);
        let count = siblings.maximal.len();
        let apart = if overruled.is_some() { siblings.winner.take() } else { None };
        store.most_siblings = store.most_siblings.max(count);
        if let Some(apart) = apart {
            store.free(&apart);
        }
        store.trees.touch(key);
        self.changes.push(Change { key, overruled });
        let dot = self.store.local_dot(&first);
        let mut is_creation = is_created_by_first;
        if is_created_by_first {
            self.store.add_creation_dot(key, dot);
        } else if !creation_dots.is_empty() {
            is_creation = creation_dots.iter().any(|creation| self.local_dot(creation) == dot);
            let mut dots = LocalDots::default();
            dots.set([dot].into_iter());
            self.add_creation_dots(key, creation_dots, &dots);
        }
        self.list(dot.0, Step { counter: dot.1, key, is_creation });
    }

    /// An operation of the delta, under the store's numbers.
    fn local_dot(&self, (_, place, counter): &(u32, u32, u64)) -> LocalDot {
        (self.numbers[*place as usize], *counter)
    }

    /// Whether both are one operation.
    fn is_same(&self, a: &Record<E>, b: &Record<E>) -> bool {
        a.counter == b.counter && self.origin(a) == self.origin(b)
    }

    /// Whether the sender has seen the record.
    fn is_theirs(&self, record: &Record<E>) -> bool {
        record.counter <= self.theirs[self.origin(record) as usize]
    }

    /// Whether a record of the delta is a greater write than one of the store.
    fn wins(&self, their: &Record<E>, our: &Record<E>) -> bool {
        match their.effect.timestamp().cmp(&our.effect.timestamp()) {
            Ordering::Equal => self.view(their).cmp(&self.store.view(our)) == Ordering::Greater,
            order => order == Ordering::Greater,
        }
    }

    /// The most frequent case: one decision replaces one that it saw.
    #[inline]
    fn replace(&mut self, key: u32, ours: Record<E>, first: Record<E>, origin: u32) {
        let loses = E::IS_TIMED && !self.wins(&first, &ours);
        let record = self.copied(&first);
        let store = &mut *self.store;
        store.records[key as usize] = record;
        if store.chain(key) != 0 {
            let dot = store.local_dot(&ours);
            let is_creation = store.creation_dots(key).any(|creation_dot| creation_dot == dot);
            store.outdate(&ours, is_creation);
        } else {
            // Ours is the creation dot, so it stays in its dot index.
            store.add_creation_dot(key, store.local_dot(&ours));
        }
        if loses {
            store.siblings_mut(key).winner = Some(ours);
        } else {
            store.free(&ours);
        }
        store.trees.touch(key);
        self.changes.push(Change { key, overruled: (!loses).then_some(ours) });
        self.list(origin, Step { counter: record.counter, key, is_creation: false });
    }

    /// Every other case: at least one decision that they list is unseen.
    fn join_all(&mut self, key: u32, incoming: &Incoming<'_, E>, lists: &mut Lists<E>) {
        let Incoming {
            first, is_unseen, extras: Extras { others, kept: known, winners, .. }, ..
        } = *incoming;
        self.store.list_creation_dot(key);
        let Lists { ours, kept, dropped, added, their_dots, added_dots, .. } = lists;
        let was_apart = self.store.siblings_of(key).and_then(|siblings| siblings.winner);
        ours.extend(self.store.maximal(key));

        let listed = [first].into_iter().chain(others.iter().map(|(_, other)| self.local(other)));
        let listed = listed.map(|record| self.store.local_dot(&record));
        their_dots.set(listed.chain(known.iter().map(|dot| self.local_dot(dot))));
        for our in &*ours {
            let stays = !self.is_theirs(our) || their_dots.has(self.store.local_dot(our));
            if stays { kept.push(*our) } else { dropped.push(*our) }
        }
        if is_unseen {
            added.push(first);
        }
        let unseen = others.iter().filter(|(_, other)| self.is_unseen(other));
        added.extend(unseen.map(|(_, other)| self.local(other)));
        added_dots.set(added.iter().map(|record| self.store.local_dot(record)));

        // The winner: ours, or theirs if it is greater, which a write that the store has seen never is.
        let before = E::IS_TIMED.then(|| *self.store.winner(key));
        let (mut won, mut is_ours) = (before, true);
        if E::IS_TIMED {
            let winner = winners.first().filter(|(_, winner)| self.is_unseen(winner));
            let winner = winner.map(|(_, winner)| self.local(winner));
            let theirs = added.iter().copied().chain(winner);
            let theirs = theirs.max_by(|a, b| self.view(a).cmp(&self.view(b)));
            if let Some(their) = theirs
                && won.is_none_or(|our| self.wins(&their, &our))
            {
                (won, is_ours) = (Some(their), false);
            }
        }
        let is_listed = |record: &Record<E>, list: &[Record<E>]| {
            list.iter().any(|listed| self.is_same(listed, record))
        };
        let is_apart = won.is_some_and(|won| !is_listed(&won, kept) && !is_listed(&won, added));
        let overruled = if E::IS_TIMED { before.filter(|_| !is_ours) } else { self.undone(lists) };
        let Lists { kept, dropped, added, creation_dots, .. } = lists;
        let apart = match won {
            Some(won) if is_apart && is_ours => Some(won),
            Some(won) if is_apart => Some(self.copied(&won)),
            _ => None,
        };
        for record in &*added {
            kept.push(self.copied(record));
        }
        let store = &mut *self.store;
        for lost in dropped.iter().chain(&was_apart) {
            if !is_ours || apart.is_none_or(|apart| !same(&apart, lost)) {
                store.free(lost);
            }
        }
        let mut rest = &kept[..];
        if let Some((first, others)) = kept.split_first() {
            store.records[key as usize] = *first;
            rest = others;
        }
        if rest.is_empty() && apart.is_none() {
            store.take_siblings(key);
        } else {
            let siblings = store.siblings_mut(key);
            siblings.maximal.clear();
            siblings.maximal.extend_from_slice(rest);
            siblings.winner = apart;
            store.most_siblings = store.most_siblings.max(rest.len());
        }
        if !dropped.is_empty() {
            creation_dots.set(store.creation_dots(key));
        }
        for lost in &*dropped {
            store.outdate(lost, creation_dots.has(store.local_dot(lost)));
        }
        store.trees.touch(key);
        self.changes.push(Change { key, overruled });
        self.note(key, incoming, lists);
    }

    /// On a key without timestamps: a decision that was effective and no longer is.
    fn undone(&self, lists: &Lists<E>) -> Option<Record<E>> {
        let Lists { ours, kept, dropped, added, .. } = lists;
        let all_have_effect = self.store.rule == Rule::AllValues;
        let prevails = |record: &Record<E>| all_have_effect || self.store.prevails(record);
        let did_prevail = ours.iter().any(prevails);
        let does_prevail = kept.iter().chain(added).any(prevails);
        if dropped.is_empty() && did_prevail == does_prevail {
            return None;
        }
        let is_dropped = |record: &Record<E>| dropped.iter().any(|dropped| same(dropped, record));
        let had_effect = ours.iter().filter(|record| prevails(record) == did_prevail);
        let had_effect = had_effect.filter(|record| !all_have_effect || is_dropped(record));
        let greatest = had_effect.max_by(|a, b| self.store.view(a).cmp(&self.store.view(b)));
        let is_over = |record: &&Record<E>| did_prevail != does_prevail || is_dropped(record);
        greatest.filter(is_over).copied()
    }

    /// Notes the creation dots, and what else is newly listed.
    fn note(&mut self, key: u32, incoming: &Incoming<'_, E>, lists: &mut Lists<E>) {
        let Incoming { first, is_created_by_first, extras: Extras { creation_dots, .. }, .. } =
            *incoming;
        let Lists { added, added_dots, their_dots: their_creation_dots, .. } = lists;
        self.add_creation_dots(key, creation_dots, added_dots);
        their_creation_dots.set(creation_dots.iter().map(|dot| self.local_dot(dot)));
        for record in &*added {
            let (origin, counter) = self.store.local_dot(record);
            let is_first = self.is_same(record, &first);
            let mut is_creation = is_first && is_created_by_first;
            if is_creation {
                self.store.add_creation_dot(key, (origin, counter));
            }
            is_creation |= their_creation_dots.has((origin, counter));
            let step = Step { counter, key, is_creation };
            if is_first {
                self.list(origin, step);
            } else {
                self.steps.further.push((origin, step));
            }
        }
    }

    /// Lists those creation dots that are unseen. Those that are among `added` go to the dot indexes as
    /// records.
    fn add_creation_dots(
        &mut self,
        key: u32,
        creation_dots: &[(u32, u32, u64)],
        added: &LocalDots,
    ) {
        for creation_dot in creation_dots {
            let (origin, counter) = self.local_dot(creation_dot);
            if counter <= self.store.origins.seen(origin) {
                continue;
            }
            self.store.add_creation_dot(key, (origin, counter));
            if !added.has((origin, counter)) {
                self.steps.further.push((origin, Step { counter, key, is_creation: true }));
            }
        }
    }

    /// A record of the delta, under the store's numbers, to be compared.
    fn view<'b>(&'b self, record: &'b Record<E>) -> View<'b, E> {
        View {
            record,
            origin: self.store.origins.get(self.origin(record)),
            user: self.store.authors.user(record.author),
            value: record.effect.value().map(|handle| self.delta.values.get(handle)),
        }
    }
}

/// Splits off the leading items that satisfy the predicate.
fn take<'a, T>(items: &mut &'a [T], is_meant: impl Fn(&T) -> bool) -> &'a [T] {
    let count = items.iter().take_while(|item| is_meant(item)).count();
    let (taken, rest) = items.split_at(count);
    *items = rest;
    taken
}
