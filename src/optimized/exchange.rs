//! Exchange: deltas out of the store of decisions, and into it.
//!
//! Meaning: the reference's `part_since` and `take_part` of decisions, and of the winners beside.
//! Laws: as there (tests/optimized.rs; of a model, proved in spec/).
//! Cost: `delta_since` O(changes since the vector), `apply` O(keys that the delta lists); both
//! besides O(origins).
//! Source: see [`super::delta`].

use super::arena::Values;
use super::atom::Atom;
use super::decisions::{Birth, Births, Decisions, Few, Marks, More, View, same};
use super::delta::{DeltaAuthor, Effect, KeyedDelta, Name, Record, Unfit};
use super::history::{Step, Trail};
use super::replica::Changes;
use super::vector::Vector;
use crate::dot::Dot;
use crate::operation::DecisionId;
use hashbrown::HashSet;
use smallvec::{SmallVec, smallvec};
use std::cmp::Ordering;
use std::marker::PhantomData;

/// What a join did to one key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change<E> {
    /// The key's number.
    pub key: u32,
    /// The decision that had effect before and has it no more.
    pub superseded: Option<Record<E>>,
}

/// What a delta changed. To be looked at, or not.
#[derive(Debug)]
pub struct Applied<'a, E, K: ?Sized> {
    store: &'a Decisions<E>,
    changes: Vec<Change<E>>,
    keys: PhantomData<fn(&K)>,
}

/// What a delta did to one key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyChange<K> {
    /// The key.
    pub key: K,
    /// The decision that had effect before and has it no more.
    pub superseded: Option<DecisionId>,
    /// Whether the key is an open merge decision now.
    pub is_open: bool,
}

impl<'a, E: Effect, K: Atom + ?Sized> Applied<'a, E, K> {
    pub(super) fn new(store: &'a Decisions<E>, changes: Vec<Change<E>>) -> Self {
        Self { store, changes, keys: PhantomData }
    }

    /// How many keys changed.
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The same in the words of a replica.
    pub(super) fn changes(&self) -> Changes {
        let superseded = self.changes.iter().filter_map(|change| {
            let record = change.superseded?;
            Some((self.store.key(change.key).to_vec(), self.store.id(&record)))
        });
        Changes { changed: self.changes.len(), superseded: superseded.collect() }
    }

    /// The keys of which the decisions changed, in the order of the delta.
    pub fn iter(&self) -> impl Iterator<Item = KeyChange<K::Ref<'a>>> {
        let store = self.store;
        self.changes.iter().filter_map(move |change| {
            Some(KeyChange {
                key: K::from_bytes(store.key(change.key))?,
                superseded: change.superseded.map(|record| store.id(&record)),
                is_open: store.is_open(change.key),
            })
        })
    }
}

impl<E: Effect> Decisions<E> {
    /// For every key that has a maximal decision outside `since`: all its maximal decisions, and
    /// its winner. The keys stand in the order of what changed them.
    pub fn delta_since(&self, since: &Vector) -> KeyedDelta<E> {
        let known = self.origins.counts_of(since);
        let mut delta = KeyedDelta {
            since: since.clone(),
            seen: self.vector(),
            authors: Vec::new(),
            names: Vec::new(),
            keys: Vec::new(),
            first: Vec::new(),
            others: Vec::new(),
            kept: Vec::new(),
            winners: Vec::new(),
            births: Vec::new(),
            values: Values::default(),
        };
        let mut listed = HashSet::new();
        for origin in self.origins.in_order() {
            for (counter, key) in self.trails[origin as usize].after(known[origin as usize]) {
                let record = &self.records[key as usize];
                let marks = self.marks[key as usize];
                if !marks.has(Marks::MORE) {
                    let is_it = record.counter == counter
                        && self.authors.origin(record.author) == origin
                        && !marks.has(Marks::VACANT);
                    if is_it {
                        self.list(key, record, &known, &mut delta);
                    }
                } else if self.lists(key, origin, counter) && listed.insert(key) {
                    let is_it = |record: &&Record<E>| {
                        record.counter == counter && self.authors.origin(record.author) == origin
                    };
                    if let Some(first) = self.maximal(key).find(is_it) {
                        self.list(key, first, &known, &mut delta);
                    }
                }
            }
        }
        self.name_authors(&mut delta);
        delta
    }

    /// Writes down the authors of a delta's records, which have the store's numbers so far. There
    /// may be many authors, and few that changed anything.
    fn name_authors(&self, delta: &mut KeyedDelta<E>) {
        fn all<E>(delta: &mut KeyedDelta<E>) -> impl Iterator<Item = &mut u32> {
            let KeyedDelta { first, others, winners, .. } = delta;
            let beside = others.iter_mut().chain(winners).map(|(_, record)| record);
            first.iter_mut().chain(beside).map(|record| &mut record.author)
        }
        let mut numbers = vec![u32::MAX; self.authors.len()];
        all(delta).for_each(|author| numbers[*author as usize] = 0);
        for (author, number) in (0..).zip(&mut numbers).filter(|(_, number)| **number == 0) {
            *number = delta.authors.len() as u32;
            let place = self.origins.place(self.authors.origin(author));
            let user = self.authors.user(author).clone();
            delta.authors.push(DeltaAuthor { place, user });
        }
        all(delta).for_each(|author| *author = numbers[*author as usize]);
    }

    /// Lists one key in a delta.
    fn list(&self, key: u32, first: &Record<E>, known: &[u64], delta: &mut KeyedDelta<E>) {
        let number = delta.names.len() as u32;
        let marks = self.marks[key as usize];
        let is_known = |birth: &&Birth| birth.1 <= known[birth.0 as usize];
        let mut name = None;
        if marks.has(Marks::BORN) {
            let births = self.births.get(&key).map_or(&[][..], |births| births.as_slice());
            for birth in births {
                if is_known(&birth) {
                    let place = self.origins.place(birth.0);
                    name = name.or(Some(Name::Birth { place, counter: birth.1 }));
                } else {
                    delta.births.push((number, self.origins.place(birth.0), birth.1));
                }
            }
        }
        let name = name.unwrap_or_else(|| {
            let bytes = self.keys.get(key);
            let at = delta.keys.len() as u32;
            delta.keys.extend_from_slice(bytes);
            Name::Bytes { at, length: bytes.len() as u32 }
        });
        delta.names.push(name);
        let values = &mut delta.values;
        let mut copied = |record: &Record<E>| Record {
            effect: record.effect.moved(|handle| values.put(self.values.get(handle))),
            ..*record
        };
        delta.first.push(copied(first));
        if let Some(more) = self.beside(key) {
            for other in self.maximal(key).filter(|other| !same(other, first)) {
                let origin = self.authors.origin(other.author);
                if other.counter > known[origin as usize] {
                    delta.others.push((number, copied(other)));
                } else {
                    delta.kept.push((number, self.origins.place(origin), other.counter));
                }
            }
            let is_news = |record: &&Record<E>| {
                record.counter > known[self.authors.origin(record.author) as usize]
            };
            if let Some(winner) = more.winner.as_ref().filter(is_news) {
                delta.winners.push((number, copied(winner)));
            }
        }
    }

    /// Takes in a delta. Where operations between this state and the delta's start are missing, it
    /// is refused, and nothing changes. Tells what it did to which key.
    #[inline(never)]
    pub fn apply(&mut self, delta: &KeyedDelta<E>) -> Result<Vec<Change<E>>, Unfit> {
        if let Some((origin, needed, seen)) = self.origins.lacks(&delta.since) {
            return Err(Unfit::Gap { origin, needed, seen });
        }
        let keys = self.resolve(delta)?;
        let new = keys.iter().filter(|key| key.is_none()).count();
        if !self.keys.has_room(new, delta.keys.len()) {
            return Err(Unfit::KeysFull);
        }
        let numbers = self.origins.numbers_of(delta.seen.roster());
        self.trails.resize(self.origins.len(), Trail::default());
        let authors: Vec<u32> = delta
            .authors
            .iter()
            .map(|author| self.authors.number(numbers[author.place as usize], &author.user))
            .collect();
        let mut theirs = vec![0; self.origins.len()];
        for (number, count) in numbers.iter().zip(delta.seen.counts()) {
            theirs[*number as usize] = *count;
        }
        let changes = Vec::with_capacity(delta.names.len());
        let mut join = Join { store: self, delta, numbers, authors, theirs, changes };
        join.all(&keys);
        let Join { numbers, changes, .. } = join;
        for (number, count) in numbers.iter().zip(delta.seen.counts()) {
            self.origins.see(*number, *count);
        }
        self.tidy();
        Ok(changes)
    }

    /// The number of each listed key; `None` for keys that go by their bytes.
    pub(super) fn resolve(&self, delta: &KeyedDelta<E>) -> Result<Vec<Option<u32>>, Unfit> {
        let origins = delta.seen.roster().origins();
        let numbers = self.origins.find_all(delta.seen.roster());
        let resolve = |name: &Name| match *name {
            Name::Bytes { .. } => Ok(None),
            Name::Birth { place, counter } => {
                let trail = numbers[place as usize].map(|number| &self.trails[number as usize]);
                match trail.and_then(|trail| trail.born(counter)) {
                    Some(key) => Ok(Some(key)),
                    None => {
                        let origin = origins[place as usize].clone();
                        Err(Unfit::UnknownBirth(Dot { origin, counter }))
                    }
                }
            }
        };
        delta.names.iter().map(resolve).collect()
    }
}

/// What goes to the trails: what is listed, most often in order already, and further births.
struct Steps {
    listed: Vec<(u32, Step)>,
    births: Vec<(u32, Step)>,
}

impl Steps {
    /// Gives all, for each origin by counter.
    fn walk(mut self, mut give: impl FnMut(u32, Step)) {
        let order = |(origin, step): &(u32, Step)| (*origin, step.counter);
        for steps in [&mut self.listed, &mut self.births] {
            if !steps.is_sorted_by_key(order) {
                steps.sort_unstable_by_key(order);
            }
        }
        let mut births = self.births.into_iter().peekable();
        for listed in self.listed {
            while let Some((origin, step)) = births.next_if(|birth| order(birth) < order(&listed)) {
                give(origin, step);
            }
            give(listed.0, listed.1);
        }
        births.for_each(|(origin, step)| give(origin, step));
    }
}

/// What a delta says of one key. The first record is under the store's numbers already.
#[derive(Clone, Copy)]
struct Incoming<'a, E> {
    first: Record<E>,
    others: &'a [(u32, Record<E>)],
    kept: &'a [(u32, u32, u64)],
    winner: Option<&'a (u32, Record<E>)>,
    births: &'a [(u32, u32, u64)],
    /// Whether the first record is the only birth.
    is_born_first: bool,
}

/// A delta that is being taken in.
struct Join<'a, E> {
    store: &'a mut Decisions<E>,
    delta: &'a KeyedDelta<E>,
    /// The store's numbers of the delta's origins and authors.
    numbers: Vec<u32>,
    authors: Vec<u32>,
    /// What the sender has seen, by the store's numbers. What the store has seen is there until
    /// all keys are joined.
    theirs: Vec<u64>,
    changes: Vec<Change<E>>,
}

impl<'a, E: Effect> Join<'a, E> {
    fn all(&mut self, keys: &[Option<u32>]) {
        let delta = self.delta;
        let (mut others, mut kept) = (&delta.others[..], &delta.kept[..]);
        let (mut winners, mut births) = (&delta.winners[..], &delta.births[..]);
        // Each key whose only decision is superseded for the first time comes into this table.
        let unborn = |key: &&u32| !self.store.marks[**key as usize].has(Marks::BORN);
        self.store.births.reserve(keys.iter().flatten().filter(unborn).count());
        let mut steps = Steps { listed: Vec::with_capacity(delta.names.len()), births: Vec::new() };
        for (number, (name, first)) in (0..).zip(delta.names.iter().zip(&delta.first)) {
            let others = take(&mut others, |(of, _)| *of == number);
            let kept = take(&mut kept, |(of, ..)| *of == number);
            let winner = take(&mut winners, |(of, _)| *of == number).first();
            let births = take(&mut births, |(of, ..)| *of == number);
            let first = self.local(first);
            let (key, is_new) = match (name, keys[number as usize]) {
                (_, Some(key)) => (key, false),
                (Name::Bytes { at, length }, None) => {
                    let bytes = &delta.keys[*at as usize..][..*length as usize];
                    self.store.keys.number(bytes)
                }
                (Name::Birth { .. }, None) => unreachable!("names by birth were resolved"),
            };
            if is_new && others.is_empty() && winner.is_none() && self.is_news(&first) {
                self.create(key, first, births, &mut steps);
            } else {
                if is_new {
                    self.store.records.push(first);
                    self.store.marks.push(Marks(Marks::VACANT | Marks::BORN));
                    self.store.births.insert(key, SmallVec::new());
                }
                let is_born_first = matches!(name, Name::Bytes { .. }) && births.is_empty();
                let incoming = Incoming { first, others, kept, winner, births, is_born_first };
                self.join(key, incoming, &mut steps);
            }
        }
        steps.walk(|origin, step| self.store.trails[origin as usize].push(step));
    }

    /// A record of the delta under the store's numbers; its value is still the delta's.
    fn local(&self, record: &Record<E>) -> Record<E> {
        Record { author: self.authors[record.author as usize], ..*record }
    }

    fn origin(&self, record: &Record<E>) -> u32 {
        self.store.authors.origin(record.author)
    }

    /// Whether the store has not seen the record.
    fn is_news(&self, record: &Record<E>) -> bool {
        record.counter > self.store.origins.seen(self.origin(record))
    }

    /// Takes over a record of the delta with its value.
    fn copied(&mut self, record: &Record<E>) -> Record<E> {
        let (values, theirs) = (&mut self.store.values, &self.delta.values);
        Record { effect: record.effect.moved(|handle| values.put(theirs.get(handle))), ..*record }
    }

    /// A key that the store did not know, with one decision.
    fn create(
        &mut self,
        key: u32,
        first: Record<E>,
        births: &[(u32, u32, u64)],
        steps: &mut Steps,
    ) {
        let origin = self.origin(&first);
        let record = self.copied(&first);
        self.store.records.push(record);
        self.store.marks.push(Marks::default());
        let own = (origin, first.counter);
        let mut is_birth = births.is_empty();
        if !is_birth {
            let births: Births =
                births.iter().map(|(_, place, at)| (self.numbers[*place as usize], *at)).collect();
            is_birth = births.contains(&own);
            if births.as_slice() != [own] {
                let earlier = births.iter().filter(|birth| **birth != own);
                steps.births.extend(earlier.map(|(origin, counter)| {
                    (*origin, Step { counter: *counter, key, is_birth: true })
                }));
                self.store.births.insert(key, births);
                self.store.marks[key as usize].set(Marks::BORN, true);
            }
        }
        steps.listed.push((origin, Step { counter: first.counter, key, is_birth }));
        self.store.trees.touch(key);
        self.changes.push(Change { key, superseded: None });
    }

    /// Joins one key: keeps what both list, and what one lists and the other has not seen.
    fn join(&mut self, key: u32, incoming: Incoming<'_, E>, steps: &mut Steps) {
        let Incoming { first, others, kept, winner, births, is_born_first } = incoming;
        let marks = self.store.marks[key as usize];
        let is_plain =
            others.is_empty() && kept.is_empty() && winner.is_none() && births.is_empty();
        if is_plain && !is_born_first && !marks.has(Marks::MORE | Marks::VACANT) {
            let ours = self.store.records[key as usize];
            match (self.is_news(&first), self.is_theirs(&ours)) {
                (true, true) => return self.replace(key, ours, first, steps),
                // What they list was superseded here, or is ours.
                (false, false) => return,
                (false, true) if self.is_same(&ours, &first) => return,
                _ => {}
            }
        }
        let born = self.new_births(&incoming);
        self.join_all(key, incoming, born, steps);
    }

    /// The births that are news.
    fn new_births(&self, incoming: &Incoming<'_, E>) -> Births {
        let listed = incoming.births.iter();
        let listed = listed.map(|(_, place, counter)| (self.numbers[*place as usize], *counter));
        let first = (self.origin(&incoming.first), incoming.first.counter);
        let all = listed.chain(incoming.is_born_first.then_some(first));
        all.filter(|(origin, counter)| *counter > self.store.origins.seen(*origin)).collect()
    }

    /// Whether both are one operation.
    fn is_same(&self, a: &Record<E>, b: &Record<E>) -> bool {
        a.counter == b.counter && self.origin(a) == self.origin(b)
    }

    /// Whether the sender has seen the record.
    fn is_theirs(&self, record: &Record<E>) -> bool {
        record.counter <= self.theirs[self.origin(record) as usize]
    }

    /// The most frequent case: one decision takes the place of one that it saw.
    fn replace(&mut self, key: u32, ours: Record<E>, first: Record<E>, steps: &mut Steps) {
        let loses = E::IS_TIMED
            && first.effect.timestamp() <= ours.effect.timestamp()
            && self.view(&first).cmp(&self.store.view(&ours)) == Ordering::Less;
        let record = self.copied(&first);
        let store = &mut *self.store;
        store.records[key as usize] = record;
        if store.marks[key as usize].has(Marks::BORN) {
            store.outdate(key, &ours);
        } else {
            // Ours is the birth, so it stays on its trail.
            let birth = (store.authors.origin(ours.author), ours.counter);
            store.births.insert(key, smallvec![birth]);
            store.marks[key as usize].set(Marks::BORN, true);
        }
        if loses {
            store.more.insert(key, More { maximal: SmallVec::new(), winner: Some(ours) });
            store.marks[key as usize].set(Marks::MORE, true);
        } else {
            store.free(&ours);
        }
        let step = Step { counter: record.counter, key, is_birth: false };
        steps.listed.push((store.authors.origin(record.author), step));
        store.trees.touch(key);
        self.changes.push(Change { key, superseded: (!loses).then_some(ours) });
    }

    /// Every other case.
    fn join_all(&mut self, key: u32, incoming: Incoming<'_, E>, born: Births, steps: &mut Steps) {
        let Incoming { first, others, kept: known, winner, .. } = incoming;
        self.store.bear(key);
        let others = others.iter().map(|(_, record)| self.local(record));
        let theirs: Few<E> = [first].into_iter().chain(others).collect();
        let ours: Few<E> = self.store.maximal(key).copied().collect();
        let is_listed = |record: &Record<E>, list: &[Record<E>]| {
            list.iter().any(|listed| self.is_same(listed, record))
        };
        let is_known = |our: &Record<E>| {
            known.iter().any(|(_, place, counter)| {
                our.counter == *counter && self.origin(our) == self.numbers[*place as usize]
            })
        };
        let (kept, dropped): (Few<E>, Few<E>) = ours
            .iter()
            .copied()
            .partition(|our| is_listed(our, &theirs) || is_known(our) || !self.is_theirs(our));
        let added = theirs.iter().filter(|their| !is_listed(their, &ours) && self.is_news(their));
        let added: Few<E> = added.copied().collect();

        // The winner: ours, or theirs if it is greater.
        let current = self.store.current(key).copied();
        let mut won = self.store.winner(key).copied().filter(|_| E::IS_TIMED);
        let mut is_ours = true;
        if E::IS_TIMED {
            let winner = winner.map(|(_, record)| self.local(record));
            let greatest = |a: &Record<E>, b: &Record<E>| self.view(a).cmp(&self.view(b));
            let their = theirs.iter().copied().chain(winner).max_by(greatest);
            if let Some(their) = their
                && won.is_none_or(|our| {
                    !self.is_same(&our, &their)
                        && self.view(&their).cmp(&self.store.view(&our)) == Ordering::Greater
                })
            {
                (won, is_ours) = (Some(their), false);
            }
        }
        let is_apart = won.is_some_and(|won| !is_listed(&won, &kept) && !is_listed(&won, &added));
        let was_apart = self.store.winner_apart(key).copied();
        if dropped.is_empty() && added.is_empty() && is_ours {
            self.add_births(key, &born, &[], steps);
            return;
        }

        let mut listed = kept;
        for record in &added {
            let copy = self.copied(record);
            listed.push(copy);
        }
        let apart = match won {
            Some(won) if is_apart && is_ours => Some(won),
            Some(won) if is_apart => Some(self.copied(&won)),
            _ => None,
        };
        let store = &mut *self.store;
        for lost in dropped.iter().chain(&was_apart) {
            if !is_ours || apart.is_none_or(|apart| !same(&apart, lost)) {
                store.free(lost);
            }
        }
        store.marks[key as usize].set(Marks::VACANT, listed.is_empty());
        if !listed.is_empty() {
            store.records[key as usize] = listed.remove(0);
        }
        let has_more = !listed.is_empty() || apart.is_some();
        store.marks[key as usize].set(Marks::MORE, has_more);
        if has_more {
            store.more.insert(key, More { maximal: listed.into_iter().collect(), winner: apart });
        } else {
            store.more.remove(&key);
        }
        for lost in &dropped {
            store.outdate(key, lost);
        }
        store.trees.touch(key);
        let now = store.current(key).copied();
        let superseded = current.filter(|old| now.is_none_or(|now| !same(old, &now)));
        self.changes.push(Change { key, superseded });
        self.add_births(key, &born, &added, steps);
    }

    /// Notes the births, and what else is newly listed.
    fn add_births(&mut self, key: u32, born: &[Birth], added: &[Record<E>], steps: &mut Steps) {
        let births = self.store.births.entry(key).or_default();
        for (origin, counter) in born {
            // A forged delta may list a key twice.
            if births.contains(&(*origin, *counter)) {
                continue;
            }
            births.push((*origin, *counter));
            steps.births.push((*origin, Step { counter: *counter, key, is_birth: true }));
        }
        for record in added {
            let origin = self.origin(record);
            if !born.contains(&(origin, record.counter)) {
                let step = Step { counter: record.counter, key, is_birth: false };
                steps.listed.push((origin, step));
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
