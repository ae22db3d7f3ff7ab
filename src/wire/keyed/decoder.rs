//! Deltas of registers, maps and sets, read from bytes that may be anything.
//!
//! Meaning: see the module above, which writes them.
//! Laws: what is given has every property that the fields of [`KeyedDelta`] promise.
//! Cost: O(length); about 18 ns for each key.
//! Source: this project.

use super::{Check, Coded, Columns};
use crate::hybrid_clock::HybridClock;
use crate::optimized::arena::{LONGEST, Values};
use crate::optimized::delta::{DeltaAuthor, KeyedDelta, Name, Record};
use crate::optimized::openings::DeltaOpenings;
use crate::wire::column::BLOCK;
use crate::wire::error::Error;
use crate::wire::names::{may_share, read_users};
use crate::wire::reader::Reader;
use crate::wire::vector::{Span, read_span};
use crate::wire::{DecodeContext, open};

/// What is known of an origin while a delta is decoded.
struct Place {
    since: u64,
    seen: u64,
    /// The counter of its last first record.
    last: u64,
}

/// A delta that is being decoded.
struct Decoder<'a> {
    reader: Reader<'a>,
    places: Vec<Place>,
    authors: Vec<DeltaAuthor>,
    /// The values that are still to be given out.
    texts: &'a [u8],
    values: Values,
    check: Check,
}

pub(super) fn decode<E: Coded>(
    bytes: &[u8],
    known: &DecodeContext<'_>,
    keys: Check,
    values: Check,
) -> Result<KeyedDelta<E>, Error> {
    let mut reader = open(bytes, E::KIND)?;
    let texts = reader.texts()?;
    let Span { since, seen } = read_span(&mut reader, known)?;
    let before = since.counts_along(seen.actor_table());
    let pairs = before.into_iter().zip(seen.counts());
    let places = pairs.map(|(since, seen)| Place { since, seen: *seen, last: since }).collect();
    let mut decoder = Decoder {
        reader,
        places,
        authors: Vec::new(),
        texts,
        values: Values::default(),
        check: values,
    };
    decoder.authors()?;
    let mut listed = decoder.first(keys)?;
    let others = decoder.beside(listed.first.len())?;
    decoder.maximal_are_distinct(&listed.first, &others)?;
    let kept = decoder.dots(listed.first.len(), true)?;
    let winners = if E::IS_TIMED { decoder.beside(listed.first.len())? } else { Vec::new() };
    decoder.winners_are_apart(&listed.first, &others, &winners)?;
    let creation_dots = decoder.dots(listed.first.len(), false)?;
    decoder.operations_have_one_key(&listed.first, &others, &winners, &creation_dots)?;
    if !decoder.texts.is_empty() {
        return Err(decoder.wrong("values that no record writes", "a record for each value"));
    }
    decoder.reader.end()?;
    listed.keys.shrink_to_fit();
    let Decoder { authors, values, .. } = decoder;
    let Listed { names, keys, first } = listed;
    Ok(KeyedDelta {
        since,
        seen,
        authors,
        names,
        keys,
        first,
        others,
        kept,
        winners,
        creation_dots,
        values,
        openings: DeltaOpenings::default(),
        audit: None,
    })
}

/// The listed keys.
struct Listed<E> {
    names: Vec<Name>,
    keys: Vec<u8>,
    first: Vec<Record<E>>,
}

impl<'a> Decoder<'a> {
    /// What was found before this place.
    fn wrong(&self, found: impl Into<String>, expected: &'static str) -> Error {
        Error::malformed(self.reader.at(), found.into(), expected)
    }

    fn authors(&mut self) -> Result<(), Error> {
        let users = read_users(&mut self.reader)?;
        let count = self.reader.count("how many authors there are")?;
        let places = self.reader.column(count)?;
        let numbers = if users.is_empty() { Vec::new() } else { self.reader.column(count)? };
        let mut numbers = numbers.into_iter();
        self.authors.reserve_exact(count);
        for place in places {
            if place >= self.places.len() as u64 {
                let found = format!("an author at place {place} of {} origins", self.places.len());
                return Err(self.wrong(found, "the place of an origin that was seen"));
            }
            let user = match numbers.next().unwrap_or(0).checked_sub(1) {
                None => None,
                Some(number) => {
                    let user = usize::try_from(number).ok().and_then(|number| users.get(number));
                    let found = || format!("person {number} of {}", users.len());
                    let expected = "the number of a person that was named";
                    Some(user.cloned().ok_or_else(|| self.wrong(found(), expected))?)
                }
            };
            self.authors.push(DeltaAuthor { place: place as u32, user });
        }
        Ok(())
    }

    /// Splits the texts into those of keys and those of values.
    fn keys<E: Coded>(&mut self) -> Result<&'a [u8], Error> {
        if !E::HAS_VALUES {
            return Ok(std::mem::take(&mut self.texts));
        }
        let length = self.reader.number("how many bytes the keys have of their own")?;
        let texts = usize::try_from(length).ok().and_then(|at| self.texts.split_at_checked(at));
        let Some((keys, values)) = texts else {
            let found = format!("keys of {length} bytes in texts of {}", self.texts.len());
            return Err(self.wrong(found, "no more than there are"));
        };
        self.texts = values;
        Ok(keys)
    }

    /// Reads the listed keys' names and first records.
    fn first<E: Coded>(&mut self, check: Check) -> Result<Listed<E>, Error> {
        let count = self.reader.count("how many keys are listed")?;
        let mut texts = self.keys::<E>()?;
        let mut listed = Listed {
            names: Vec::with_capacity(count),
            keys: Vec::new(),
            first: Vec::with_capacity(count),
        };
        let mut previous = 0;
        let mut columns = Columns::new();
        while listed.first.len() < count {
            let length = (count - listed.first.len()).min(BLOCK);
            self.names(length, &mut texts, &mut previous, check, &mut listed)?;
            columns.read::<E>(length, &mut self.reader)?;
            for at in 0..length {
                let author = columns.author[at];
                let place = match usize::try_from(author).ok().and_then(|at| self.authors.get(at)) {
                    Some(author) => author.place,
                    None => return Err(self.no_author(author)),
                };
                let place = &mut self.places[place as usize];
                match place.last.checked_add(columns.counter[at]) {
                    Some(counter) if place.last < counter && counter <= place.seen => {
                        columns.counter[at] = counter;
                        place.last = counter;
                    }
                    _ => {
                        return Err(self.wrong(
                            "a first decision out of order, or again, or that the receiver has seen, or \
                             the sender has not",
                            "rising counters above those of the base, and not above those that were \
                             seen",
                        ));
                    }
                }
            }
            self.records(length, &mut columns, |_, record| listed.first.push(record))?;
        }
        if !texts.is_empty() {
            return Err(self.wrong("bytes of keys that no key has", "as many as the keys take"));
        }
        Ok(listed)
    }

    /// Reads the names of a group of keys.
    fn names<E>(
        &mut self,
        length: usize,
        texts: &mut &[u8],
        previous: &mut usize,
        check: Check,
        listed: &mut Listed<E>,
    ) -> Result<(), Error> {
        let (mut places, mut creation_dots) = ([0; BLOCK], [0; BLOCK]);
        let (mut shared, mut own) = ([0; BLOCK], [0; BLOCK]);
        self.reader.block(&mut places[..length])?;
        let named = places[..length].iter().filter(|place| **place > 0).count();
        if named > 0 {
            self.reader.block(&mut creation_dots[..named])?;
        }
        if named < length {
            self.reader.block(&mut shared[..length - named])?;
            self.reader.block(&mut own[..length - named])?;
        }
        let mut creation_dots = creation_dots.into_iter();
        let mut lengths = shared.into_iter().zip(own);
        let group = listed.keys.len();
        let mut ends = [0; BLOCK];
        let mut end = 0;
        for place in &places[..length] {
            let name = match place.checked_sub(1) {
                Some(place) => {
                    let counter = creation_dots.next().unwrap_or_default();
                    match usize::try_from(place).ok().and_then(|place| self.places.get(place)) {
                        Some(Place { since, seen, .. })
                            if 0 < counter && counter <= *since && counter <= *seen => {}
                        _ => {
                            return Err(self.wrong(
                                format!("a name by operation {counter} of the origin at {place}"),
                                "an operation that both have seen",
                            ));
                        }
                    }
                    Name::CreationDot { place: place as u32, counter }
                }
                None => {
                    let (shared, own) = lengths.next().unwrap_or_default();
                    let at = listed.keys.len();
                    let shared = usize::try_from(shared).unwrap_or(usize::MAX);
                    let own = usize::try_from(own).unwrap_or(usize::MAX);
                    if own > texts.len() || shared > at - *previous || !may_share(shared, own) {
                        let found = format!(
                            "a key of {own} bytes, of {} that are left, after {shared} of the \
                             previous one, which has {}",
                            texts.len(),
                            at - *previous
                        );
                        let expected = "no more than there are, and at most 8 shared bytes for \
                                        each other one";
                        return Err(self.wrong(found, expected));
                    }
                    let (text, rest) = texts.split_at(own);
                    *texts = rest;
                    listed.keys.extend_from_within(*previous..*previous + shared);
                    listed.keys.extend_from_slice(text);
                    if listed.keys.len() > LONGEST {
                        return Err(self.wrong("keys of more than 2^32 bytes", "shorter keys"));
                    }
                    *previous = at;
                    ends[end] = listed.keys.len() - group;
                    end += 1;
                    Name::Bytes { at: at as u32, length: (shared + own) as u32 }
                }
            };
            listed.names.push(name);
        }
        if !check(&listed.keys[group..], &ends[..end]) {
            return Err(Error::WrongType { at: self.reader.at(), what: "a key or element" });
        }
        Ok(())
    }

    /// Makes records of columns whose counters and authors are right.
    fn records<E: Coded>(
        &mut self,
        length: usize,
        columns: &mut Columns,
        mut give: impl FnMut(usize, Record<E>),
    ) -> Result<(), Error> {
        let mut ends = [0; BLOCK];
        let mut count = 0;
        let mut end = 0_usize;
        for code in &columns.code[..length] {
            match E::length(*code) {
                Ok(None) => {}
                Ok(Some(length)) => {
                    let left = (self.texts.len() - end) as u64;
                    if length > left || length > LONGEST as u64 {
                        let found = format!("a value of {length} bytes, of {left} that are left");
                        return Err(self.wrong(found, "no more than there are, nor than 2^32 - 1"));
                    }
                    end += length as usize;
                    ends[count] = end;
                    count += 1;
                }
                Err(expected) => return Err(self.wrong(format!("the effect {code}"), expected)),
            }
        }
        let (texts, rest) = self.texts.split_at(end);
        self.texts = rest;
        if !(self.check)(texts, &ends[..count]) {
            return Err(Error::WrongType { at: self.reader.at(), what: "a value" });
        }
        // Together, unless they are as long as no value can be.
        let all = (texts.len() <= LONGEST && count > 0).then(|| self.values.put(texts));
        let mut start = 0;
        let mut ends = ends.into_iter();
        for at in 0..length {
            let code = columns.code[at];
            let value = match E::length(code) {
                Ok(Some(_)) => {
                    let end = ends.next().unwrap_or(start);
                    let handle = match all {
                        Some(all) => all.part(start, end - start),
                        None => self.values.put(&texts[start..end]),
                    };
                    start = end;
                    Some(handle)
                }
                _ => None,
            };
            let counter = columns.counter[at];
            let [seq, timestamp] = columns.times(at, counter);
            if E::IS_TIMED && timestamp > HybridClock::MAX_STAMP {
                return Err(self.wrong(format!("the timestamp {timestamp}"), "one below 2^63"));
            }
            let author = columns.author[at] as u32;
            give(at, Record { counter, seq, author, effect: E::decoded(code, timestamp, value) });
        }
        Ok(())
    }

    fn no_author(&self, author: u64) -> Error {
        let found = format!("author {author} of {}", self.authors.len());
        self.wrong(found, "the number of an author that was named")
    }

    /// Reads further records of the listed keys.
    fn beside<E: Coded>(&mut self, keys: usize) -> Result<Vec<(u32, Record<E>)>, Error> {
        let count = self.reader.count("how many further records there are")?;
        let mut records = Vec::with_capacity(count);
        let mut columns = Columns::new();
        let mut key = 0;
        while records.len() < count {
            let length = (count - records.len()).min(BLOCK);
            let mut listed = [0; BLOCK];
            self.reader.block(&mut listed[..length])?;
            for listed in &mut listed[..length] {
                key = self.key(key, *listed, keys)?;
                *listed = key;
            }
            columns.read::<E>(length, &mut self.reader)?;
            for at in 0..length {
                let author = columns.author[at];
                match usize::try_from(author).ok().and_then(|at| self.authors.get(at)) {
                    Some(author) => self.is_unseen(author.place, columns.counter[at])?,
                    None => return Err(self.no_author(author)),
                }
            }
            self.records(length, &mut columns, |at, record| {
                records.push((listed[at] as u32, record));
            })?;
        }
        Ok(records)
    }

    /// The key that is `step` after another one.
    fn key(&self, last: u64, step: u64, keys: usize) -> Result<u64, Error> {
        match last.checked_add(step) {
            Some(key) if key < keys as u64 => Ok(key),
            _ => {
                let found = format!("the key {step} after key {last}, of {keys}");
                Err(self.wrong(found, "the number of a key that is listed"))
            }
        }
    }

    fn is_unseen(&self, place: u32, counter: u64) -> Result<(), Error> {
        let Place { since, seen, .. } = self.places[place as usize];
        if since < counter && counter <= seen {
            return Ok(());
        }
        let found = format!("operation {counter} of the origin at {place}");
        Err(self.wrong(found, "one that the sender has seen and the receiver has not"))
    }

    fn name<E>(&self, record: &Record<E>) -> (u32, u64) {
        (self.authors[record.author as usize].place, record.counter)
    }

    fn maximal_are_distinct<E>(
        &self,
        first: &[Record<E>],
        others: &[(u32, Record<E>)],
    ) -> Result<(), Error> {
        let order = |(key, record): &(u32, Record<E>)| (*key, self.name(record));
        let is_first = |(key, record): &(u32, Record<E>)| {
            self.name(&first[*key as usize]) == self.name(record)
        };
        if others.is_sorted_by(|a, b| order(a) < order(b)) && !others.iter().any(is_first) {
            return Ok(());
        }
        let expected = "each maximal decision once, in the order of keys, origins and counters";
        Err(self.wrong("a maximal decision out of order, or again", expected))
    }

    fn winners_are_apart<E>(
        &self,
        first: &[Record<E>],
        others: &[(u32, Record<E>)],
        winners: &[(u32, Record<E>)],
    ) -> Result<(), Error> {
        let mut others = others.iter().peekable();
        let is_maximal = |(key, winner): &(u32, Record<E>)| {
            while others.next_if(|(of, _)| of < key).is_some() {}
            let mut is_other = false;
            while let Some((_, other)) = others.next_if(|(of, _)| of == key) {
                is_other |= self.name(other) == self.name(winner);
            }
            is_other || self.name(&first[*key as usize]) == self.name(winner)
        };
        if winners.is_sorted_by(|a, b| a.0 < b.0) && !winners.iter().any(is_maximal) {
            return Ok(());
        }
        let expected = "at most one winner for each key, and none that is maximal";
        Err(self.wrong("a second winner, or one that is maximal", expected))
    }

    /// An operation decides on one key. First records rise for each origin, so that what is listed
    /// besides can be looked for while they are walked.
    fn operations_have_one_key<E>(
        &self,
        first: &[Record<E>],
        others: &[(u32, Record<E>)],
        winners: &[(u32, Record<E>)],
        creation_dots: &[(u32, u32, u64)],
    ) -> Result<(), Error> {
        let records = others.iter().chain(winners).map(|(key, record)| (self.name(record), *key));
        let dots = creation_dots.iter().map(|(key, place, counter)| ((*place, *counter), *key));
        let mut further: Vec<((u32, u64), u32)> = records.chain(dots).collect();
        if further.is_empty() {
            return Ok(());
        }
        further.sort_unstable();
        let is_twice =
            further.windows(2).any(|pair| pair[0].0 == pair[1].0 && pair[0].1 != pair[1].1);
        let is_first_elsewhere = || {
            (0..).zip(first).any(|(key, record)| {
                let name = self.name(record);
                let at = further.partition_point(|(other, _)| *other < name);
                further.get(at).is_some_and(|(other, of)| *other == name && *of != key)
            })
        };
        if is_twice || is_first_elsewhere() {
            let expected = "each operation on one key";
            return Err(self.wrong("an operation that decides on two keys", expected));
        }
        Ok(())
    }

    /// Reads names of operations by key: such as both have seen, or only the sender.
    fn dots(&mut self, keys: usize, by_both: bool) -> Result<Vec<(u32, u32, u64)>, Error> {
        let count = self.reader.count("how many operations are named")?;
        let mut dots: Vec<(u32, u32, u64)> = Vec::with_capacity(count);
        let mut key = 0;
        while dots.len() < count {
            let length = (count - dots.len()).min(BLOCK);
            let (mut step, mut places, mut counters) = ([0; BLOCK], [0; BLOCK], [0; BLOCK]);
            for column in [&mut step, &mut places, &mut counters] {
                self.reader.block(&mut column[..length])?;
            }
            for at in 0..length {
                key = self.key(key, step[at], keys)?;
                let (place, counter) = (places[at], counters[at]);
                match usize::try_from(place).ok().and_then(|place| self.places.get(place)) {
                    Some(Place { since, seen, .. })
                        if 0 < counter && counter <= *seen && (counter <= *since) == by_both => {}
                    _ => {
                        let expected = if by_both {
                            "an operation that both have seen"
                        } else {
                            "an operation that the sender has seen and the receiver has not"
                        };
                        let found = format!("operation {counter} of the origin at {place}");
                        return Err(self.wrong(found, expected));
                    }
                }
                let dot = (key as u32, place as u32, counter);
                if dots.last().is_some_and(|last| *last >= dot) {
                    let expected = "operations in the order of keys, origins and counters";
                    return Err(self.wrong("an operation out of order, or again", expected));
                }
                dots.push(dot);
            }
        }
        Ok(dots)
    }
}
