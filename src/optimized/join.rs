//! Join: deltas into the store of decisions.
//!
//! Meaning: the reference's `take_part` of decisions, and of the winners beside.
//! Laws: as there (tests/engines/optimized/mod.rs; of a model, proved in spec/).
//! Cost: O(keys that the delta lists), but for the logarithm of how many concurrent decisions a key
//! has; besides O(origins), and of each listed key what is known of it.
//! Source: see [`super::delta`].

use super::arena::{BLOCK, prefetch};
use super::decisions::{Decisions, MOST_MAXIMAL, Marks, View, same};
use super::delta::{ApplyError, DeltaAuthor, Effect, KeyedDelta, Name, Record};
use super::exchange::Change;
use super::history::{DotIndex, LocalDot, LocalDots, Step};
use crate::dot::Dot;
use std::cmp::Ordering;

impl<E: Effect> Decisions<E> {
    /// Applies a delta. Where operations between this state and the delta's start are missing, it
    /// is refused, and nothing changes. Tells what it did to which key.
    #[inline(never)]
    pub fn apply(&mut self, delta: &KeyedDelta<E>) -> Result<Vec<Change<E>>, ApplyError> {
        if let Some((origin, needed, seen)) = self.origins.lacks(&delta.since) {
            return Err(ApplyError::Gap { origin, needed, seen });
        }
        let keys = self.resolve(delta)?;
        let new = keys.iter().filter(|key| key.is_none()).count();
        // Of each key the one that is there, and the one that is new, beside those that are listed.
        let creation_dots = 2 * delta.names.len() + delta.creation_dots.len();
        if !self.keys.has_room(new, delta.keys.len()) || !self.creation_dots.has_room(creation_dots)
        {
            return Err(ApplyError::KeysFull);
        }
        if self.may_be_too_contested(delta) {
            return Err(ApplyError::TooContested);
        }
        let numbers = self.origins.numbers_of(delta.seen.actor_table());
        self.dot_indexes.resize(self.origins.len(), DotIndex::default());
        let whose = |author: &DeltaAuthor| {
            let origin = numbers[author.place as usize];
            let seen = self.origins.seen(origin);
            AuthorMap { author: self.authors.number(origin, &author.user), origin, seen }
        };
        let authors = delta.authors.iter().map(whose).collect();
        let mut theirs = vec![0; self.origins.len()];
        for (number, count) in numbers.iter().zip(delta.seen.counts()) {
            theirs[*number as usize] = *count;
        }
        let keys = self.number(delta, keys);
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
            listed: Vec::with_capacity(delta.names.len()),
        };
        join.all(&keys);
        let Join { numbers, changes, .. } = join;
        for (number, count) in numbers.iter().zip(delta.seen.counts()) {
            self.origins.see(*number, *count);
        }
        self.origins.openings.join(&delta.openings.begun);
        self.tidy();
        Ok(changes)
    }

    /// Whether the delta may lead to too many decisions on one key. What it lists of a key may come
    /// beside what the most contested key has.
    fn may_be_too_contested(&mut self, delta: &KeyedDelta<E>) -> bool {
        let runs = delta.others.chunk_by(|(a, _), (b, _)| a == b).map(<[_]>::len);
        let most = usize::from(!delta.is_empty()) + runs.max().unwrap_or(0);
        let most_here = |store: &Self| usize::from(store.len() > 0) + store.most_beside;
        if most_here(self) + most > MOST_MAXIMAL {
            let lengths = self.more.iter().map(|(_, more)| more.maximal.len());
            self.most_beside = lengths.max().unwrap_or(0);
        }
        most_here(self) + most > MOST_MAXIMAL
    }

    /// The number of each listed key. Those that are new have the next ones, in the order in which
    /// they are listed first.
    fn number(&mut self, delta: &KeyedDelta<E>, known: Vec<Option<u32>>) -> Vec<u32> {
        let number = |(name, known): (&Name, Option<u32>)| match (name, known) {
            (_, Some(key)) => key,
            (Name::Bytes { at, length }, None) => {
                self.keys.number(&delta.keys[*at as usize..][..*length as usize]).0
            }
            (Name::CreationDot { .. }, None) => unreachable!("names by creation dot were resolved"),
        };
        delta.names.iter().zip(known).map(number).collect()
    }

    /// The number of each listed key; `None` for keys that go by their bytes.
    pub(super) fn resolve(&self, delta: &KeyedDelta<E>) -> Result<Vec<Option<u32>>, ApplyError> {
        let origins = delta.seen.actor_table().origins();
        let numbers = self.origins.find_all(delta.seen.actor_table());
        let mut keys = Vec::with_capacity(delta.names.len());
        for block in delta.names.chunks(BLOCK) {
            let creation_dots = block.iter().filter_map(|name| match *name {
                Name::CreationDot { place, counter } => Some((numbers[place as usize]?, counter)),
                Name::Bytes { .. } => None,
            });
            let nearest = |(origin, counter)| self.dot_indexes[origin as usize].near(counter);
            prefetch(creation_dots.filter_map(nearest), |entry| entry.counter());
            for name in block {
                let Name::CreationDot { place, counter } = *name else {
                    keys.push(None);
                    continue;
                };
                let dot_index =
                    numbers[place as usize].map(|number| &self.dot_indexes[number as usize]);
                let Some(key) = dot_index.and_then(|dot_index| dot_index.key_created_by(counter))
                else {
                    let origin = origins[place as usize].clone();
                    return Err(ApplyError::UnknownCreationDot(Dot { origin, counter }));
                };
                keys.push(Some(key));
            }
        }
        Ok(keys)
    }
}

/// What goes to the dot indexes: what is listed first of each key, which is in the order of its origin
/// already, and what stands beside that.
#[derive(Default)]
struct Steps {
    listed: Vec<(u32, Step)>,
    beside: Vec<(u32, Step)>,
}

impl Steps {
    /// Gives all, for each origin by counter.
    fn walk(mut self, mut give: impl FnMut(u32, Step)) {
        let order = |(origin, step): &(u32, Step)| (*origin, step.counter);
        for steps in [&mut self.listed, &mut self.beside] {
            if !steps.is_sorted_by_key(order) {
                steps.sort_unstable_by_key(order);
            }
        }
        let mut beside = self.beside.into_iter().peekable();
        for listed in self.listed {
            while let Some((origin, step)) = beside.next_if(|step| order(step) < order(&listed)) {
                give(origin, step);
            }
            give(listed.0, listed.1);
        }
        beside.for_each(|(origin, step)| give(origin, step));
    }
}

/// AuthorMap records the delta has, by the store's numbers, and how many operations of the origin the
/// store had seen before.
#[derive(Clone, Copy)]
struct AuthorMap {
    author: u32,
    origin: u32,
    seen: u64,
}

/// What a delta says of a key beside its name and its first record. Few keys have any.
struct Beside<'a, E> {
    others: &'a [(u32, Record<E>)],
    kept: &'a [(u32, u32, u64)],
    winners: &'a [(u32, Record<E>)],
    creation_dots: &'a [(u32, u32, u64)],
}

impl<'a, E> Beside<'a, E> {
    const NOTHING: Self = Self { others: &[], kept: &[], winners: &[], creation_dots: &[] };

    /// The first key that has any.
    fn next(&self) -> Option<u32> {
        fn first<T>(items: &[T], key: impl Fn(&T) -> u32) -> Option<u32> {
            items.first().map(key)
        }
        let records = [self.others, self.winners].map(|items| first(items, |(of, _)| *of));
        let dots = [self.kept, self.creation_dots].map(|items| first(items, |(of, ..)| *of));
        records.into_iter().chain(dots).flatten().min()
    }

    fn is_nothing(&self) -> bool {
        let Self { others, kept, winners, creation_dots } = self;
        others.is_empty() && kept.is_empty() && winners.is_empty() && creation_dots.is_empty()
    }

    /// Splits off what is of a key, which is not above the next one.
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
    /// Under the store's numbers; its value is still the delta's.
    first: Record<E>,
    /// Whether the store has not seen it.
    is_unseen: bool,
    /// Whether the first record is the only creation dot.
    is_created_by_first: bool,
    beside: Beside<'a, E>,
}

/// The decisions on one key, while they are joined.
struct Lists<E> {
    ours: Vec<Record<E>>,
    /// Of ours, those that stay, and those that the sender has superseded.
    kept: Vec<Record<E>>,
    dropped: Vec<Record<E>>,
    /// Of theirs, those that are news.
    added: Vec<Record<E>>,
    /// What we list, what they list, and what was added: to be looked up.
    our_dots: LocalDots,
    their_dots: LocalDots,
    added_dots: LocalDots,
}

impl<E> Default for Lists<E> {
    fn default() -> Self {
        let [our_dots, their_dots, added_dots] = <[LocalDots; 3]>::default();
        let [ours, kept, dropped, added] = [const { Vec::new() }; 4];
        Self { ours, kept, dropped, added, our_dots, their_dots, added_dots }
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

/// A delta that is being applied.
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
    /// The numbers of the keys that were listed so far, and are marked so.
    listed: Vec<u32>,
}

impl<'a, E: Effect> Join<'a, E> {
    fn all(&mut self, keys: &[u32]) {
        let delta = self.delta;
        let KeyedDelta { others, kept, winners, creation_dots, .. } = delta;
        self.is_in_order = others.is_empty() && creation_dots.is_empty();
        if !self.is_in_order {
            self.steps.listed.reserve(delta.names.len());
        }
        let mut rest = Beside { others, kept, winners, creation_dots };
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
                    self.one(*key, name, first, Beside::NOTHING);
                }
                number += 1;
            }
        }
        for key in &self.listed {
            self.store.marks[*key as usize].set(Marks::LISTED, false);
        }
        let steps = std::mem::take(&mut self.steps);
        steps.walk(|origin, step| self.store.dot_indexes[origin as usize].push(step));
    }

    /// Applies what is said of one key.
    #[inline]
    fn one(&mut self, key: u32, name: &Name, first: &Record<E>, beside: Beside<'a, E>) {
        let is_new = key as usize == self.store.len();
        if is_new {
            self.store.marks.push(Marks::default());
        }
        let marks = &mut self.store.marks[key as usize];
        if marks.has(Marks::LISTED) {
            // Only what was forged lists a key twice: it would be gone through again and again.
            return;
        }
        let is_single = !marks.has(Marks::MORE | Marks::VACANT);
        marks.set(Marks::LISTED, true);
        self.listed.push(key);
        let whose = self.authors[first.author as usize];
        let first = Record { author: whose.author, ..*first };
        let is_unseen = first.counter > whose.seen;
        let has_name = matches!(name, Name::Bytes { .. });
        let is_bare = beside.is_nothing();
        if is_new {
            if is_unseen && beside.others.is_empty() && beside.winners.is_empty() {
                return self.create(key, first, whose.origin, beside.creation_dots);
            }
            // Its place is taken, but it is not to be read: its value is still the delta's.
            self.store.records.push(first);
            self.store.marks[key as usize].set(Marks::VACANT, true);
        } else if is_single && is_bare && !has_name {
            let ours = self.store.records[key as usize];
            match (is_unseen, self.is_theirs(&ours)) {
                (true, true) => return self.replace(key, ours, first, whose.origin),
                // What they list was superseded here, or is ours.
                (false, false) => return,
                (false, true) if self.is_same(&ours, &first) => return,
                _ => {}
            }
        }
        let is_created_by_first = has_name && beside.creation_dots.is_empty();
        self.join(key, &Incoming { first, is_unseen, is_created_by_first, beside });
    }

    /// A record of the delta under the store's numbers; its value is still the delta's.
    fn local(&self, record: &Record<E>) -> Record<E> {
        Record { author: self.authors[record.author as usize].author, ..*record }
    }

    fn origin(&self, record: &Record<E>) -> u32 {
        self.store.authors.origin(record.author)
    }

    /// Takes over a record of the delta with its value.
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
        let mut is_creation = creation_dots.is_empty();
        if !is_creation {
            let own = (origin, first.counter);
            is_creation =
                creation_dots.iter().any(|creation_dot| self.creation_dot(creation_dot) == own);
            if creation_dots.len() > 1 || !is_creation {
                let mut dots = LocalDots::default();
                dots.set([own].into_iter());
                self.add_creation_dots(key, creation_dots, &dots);
                // None is there where all are said to have been seen, which is forged: then others
                // will be told that the record is the creation dot.
                is_creation |= self.store.chain(key) == 0;
            }
        }
        self.list(origin, Step { counter: first.counter, key, is_creation });
        self.store.trees.touch(key);
        self.changes.push(Change { key, overruled: None });
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

    /// Whether they list one decision that is news, and all that we list stays beside it; nor does it
    /// supersede what has effect, but for a winner, which is looked at later.
    fn is_concurrent_sibling(&self, key: u32, incoming: &Incoming<'_, E>) -> bool {
        let Incoming { first, is_unseen, beside: Beside { others, kept, winners, .. }, .. } =
            incoming;
        let is_vacant = self.store.marks[key as usize].has(Marks::VACANT);
        let is_plain = others.is_empty() && winners.is_empty() && kept.len() <= LocalDots::FEW;
        if !is_unseen || is_vacant || !is_plain {
            return false;
        }
        let is_kept = |our: &Record<E>| {
            let dot = self.store.local_dot(our);
            kept.iter().any(|kept| self.creation_dot(kept) == dot)
        };
        let mut has_effect = E::IS_TIMED || first.effect.is_removal();
        let mut ours =
            self.store.maximal(key).inspect(|our| has_effect |= !our.effect.is_removal());
        let all_stay = ours.all(|our| !self.is_theirs(our) || is_kept(our));
        drop(ours);
        all_stay && has_effect
    }

    /// A frequent case: one decision stands beside all others.
    fn add(&mut self, key: u32, incoming: &Incoming<'_, E>) {
        let Incoming { first, is_created_by_first, beside: Beside { creation_dots, .. }, .. } =
            *incoming;
        self.store.record_creation_dot(key);
        let before = if E::IS_TIMED { self.store.winner(key).copied() } else { None };
        let overruled = before.filter(|our| self.wins(&first, our));
        let record = self.copied(&first);
        let store = &mut *self.store;
        let more = store.more_mut(key);
        more.maximal.push(record);
        let beside = more.maximal.len();
        let apart = if overruled.is_some() { more.winner.take() } else { None };
        store.most_beside = store.most_beside.max(beside);
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
            is_creation =
                creation_dots.iter().any(|creation_dot| self.creation_dot(creation_dot) == dot);
            let mut dots = LocalDots::default();
            dots.set([dot].into_iter());
            self.add_creation_dots(key, creation_dots, &dots);
        }
        self.list(dot.0, Step { counter: dot.1, key, is_creation });
    }

    /// A creation dot that the delta names, as the store names it.
    fn creation_dot(&self, (_, place, counter): &(u32, u32, u64)) -> LocalDot {
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

    /// The most frequent case: one decision takes the place of one that it saw.
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
            // Ours is the creation dot, so it stays on its dot index.
            store.add_creation_dot(key, store.local_dot(&ours));
        }
        if loses {
            store.more_mut(key).winner = Some(ours);
        } else {
            store.free(&ours);
        }
        store.trees.touch(key);
        self.changes.push(Change { key, overruled: (!loses).then_some(ours) });
        self.list(origin, Step { counter: record.counter, key, is_creation: false });
    }

    /// Every other case.
    fn join_all(&mut self, key: u32, incoming: &Incoming<'_, E>, lists: &mut Lists<E>) {
        let Incoming {
            first, is_unseen, beside: Beside { others, kept: known, winners, .. }, ..
        } = *incoming;
        self.store.record_creation_dot(key);
        let Lists { ours, kept, dropped, added, our_dots, their_dots, added_dots } = lists;
        let beside = self.store.beside(key);
        let was_apart = beside.and_then(|more| more.winner);
        if !self.store.marks[key as usize].has(Marks::VACANT) {
            ours.push(self.store.records[key as usize]);
        }
        ours.extend_from_slice(beside.map_or(&[], |more| &more.maximal));
        our_dots.set(ours.iter().map(|record| self.store.local_dot(record)));

        let others = || others.iter().map(|(_, record)| self.local(record));
        let listed = [first].into_iter().chain(others());
        let listed = listed.map(|record| self.store.local_dot(&record));
        their_dots.set(listed.chain(known.iter().map(|dot| self.creation_dot(dot))));
        for our in &*ours {
            let stays = !self.is_theirs(our) || their_dots.has(self.store.local_dot(our));
            if stays { kept.push(*our) } else { dropped.push(*our) }
        }
        let is_listed = |record: &Record<E>, list: &[Record<E>]| {
            list.iter().any(|listed| self.is_same(listed, record))
        };
        if is_unseen && !our_dots.has(self.store.local_dot(&first)) {
            added.push(first);
        }
        let is_new = |record: &Record<E>| {
            let (origin, counter) = self.store.local_dot(record);
            counter > self.store.origins.seen(origin) && !our_dots.has((origin, counter))
        };
        added.extend(others().filter(is_new));
        added_dots.set(added.iter().map(|record| self.store.local_dot(record)));

        // The winner: ours, or theirs if it is greater.
        let greatest = |a: &&Record<E>, b: &&Record<E>| self.store.view(a).cmp(&self.store.view(b));
        let before = match E::IS_TIMED {
            true => was_apart.or_else(|| ours.iter().max_by(greatest).copied()),
            false => None,
        };
        let (mut won, mut is_ours) = (before, true);
        if E::IS_TIMED {
            let winner = winners.first().map(|(_, record)| self.local(record));
            let mut theirs: Option<Record<E>> = None;
            for their in [first].into_iter().chain(others()).chain(winner) {
                let is_greater =
                    |last: Record<E>| self.view(&their).cmp(&self.view(&last)) == Ordering::Greater;
                if theirs.is_none_or(is_greater) {
                    theirs = Some(their);
                }
            }
            if let Some(their) = theirs
                && won.is_none_or(|our| !self.is_same(&our, &their) && self.wins(&their, &our))
            {
                (won, is_ours) = (Some(their), false);
            }
        }
        let is_apart = won.is_some_and(|won| !is_listed(&won, kept) && !is_listed(&won, added));
        if dropped.is_empty() && added.is_empty() && is_ours {
            self.note(key, incoming, lists);
            return;
        }

        let overruled = if E::IS_TIMED { before.filter(|_| !is_ours) } else { self.undone(lists) };
        let Lists { kept, dropped, added, our_dots, .. } = lists;
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
        store.marks[key as usize].set(Marks::VACANT, kept.is_empty());
        let mut rest = &kept[..];
        if let Some((first, others)) = kept.split_first() {
            store.records[key as usize] = *first;
            rest = others;
        }
        if kept.len() > 1 || apart.is_some() {
            let more = store.more_mut(key);
            more.maximal.clear();
            more.maximal.extend_from_slice(rest);
            more.winner = apart;
            store.most_beside = store.most_beside.max(rest.len());
        } else {
            store.take_more(key);
        }
        if !dropped.is_empty() {
            our_dots.set(store.creation_dots(key));
        }
        for lost in &*dropped {
            store.outdate(lost, our_dots.has(store.local_dot(lost)));
        }
        store.trees.touch(key);
        self.changes.push(Change { key, overruled });
        self.note(key, incoming, lists);
    }

    /// Of a key on which nothing is timed: a decision that had effect and has it no more.
    fn undone(&self, lists: &Lists<E>) -> Option<Record<E>> {
        let Lists { ours, kept, dropped, added, .. } = lists;
        let is_addition = |record: &Record<E>| !record.effect.is_removal();
        let was_in = ours.iter().any(is_addition);
        let is_in = kept.iter().chain(added).any(is_addition);
        if dropped.is_empty() && was_in == is_in {
            return None;
        }
        let had_effect = ours.iter().filter(|record| is_addition(record) == was_in);
        let greatest = had_effect.max_by(|a, b| self.store.view(a).cmp(&self.store.view(b)));
        let is_over = |record: &&Record<E>| {
            was_in != is_in || dropped.iter().any(|dropped| same(dropped, record))
        };
        greatest.filter(is_over).copied()
    }

    /// Notes the creation dots, and what else is newly listed.
    fn note(&mut self, key: u32, incoming: &Incoming<'_, E>, lists: &mut Lists<E>) {
        let Incoming { first, is_created_by_first, beside: Beside { creation_dots, .. }, .. } =
            *incoming;
        let Lists { added, added_dots, their_dots: their_creation_dots, .. } = lists;
        self.add_creation_dots(key, creation_dots, added_dots);
        their_creation_dots
            .set(creation_dots.iter().map(|creation_dot| self.creation_dot(creation_dot)));
        for record in &*added {
            let (origin, counter) = self.store.local_dot(record);
            let is_first = self.is_same(record, &first);
            // A key without a creation dot is forged; it must have one, to be told to others.
            let mut is_creation = is_first && is_created_by_first || self.store.chain(key) == 0;
            if is_creation {
                self.store.add_creation_dot(key, (origin, counter));
            }
            is_creation |= their_creation_dots.has((origin, counter));
            let step = Step { counter, key, is_creation };
            if is_first {
                self.list(origin, step);
            } else {
                self.steps.beside.push((origin, step));
            }
        }
    }

    /// Notes those of the creation dots that are news. What is listed besides goes to the dot indexes with that.
    fn add_creation_dots(
        &mut self,
        key: u32,
        creation_dots: &[(u32, u32, u64)],
        added: &LocalDots,
    ) {
        for creation_dot in creation_dots {
            let (origin, counter) = self.creation_dot(creation_dot);
            if counter <= self.store.origins.seen(origin) {
                continue;
            }
            self.store.add_creation_dot(key, (origin, counter));
            if !added.has((origin, counter)) {
                self.steps.beside.push((origin, Step { counter, key, is_creation: true }));
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

/// Splits off the leading items that are meant.
fn take<'a, T>(items: &mut &'a [T], is_meant: impl Fn(&T) -> bool) -> &'a [T] {
    let count = items.iter().take_while(|item| is_meant(item)).count();
    let (taken, rest) = items.split_at(count);
    *items = rest;
    taken
}
