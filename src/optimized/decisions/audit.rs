//! Audit trail: the records of an object's decisions, by key and by origin.
//!
//! Meaning: a record has the dot of its decision. Replicas learn of a decision and of its record
//! together, so that the vector of the store is that of its records. Records before a time can be
//! dropped here, for good: they do not come back, and deltas say that they are missing.
//! Laws: of an origin, counters rise; the records of a key are in one chain (`debug_check`).
//! Cost: 40 bytes a record, besides what it saw and a short value. Recording O(what it saw), the
//! records of a key O(these), a delta O(its records), a cut O(records).
//! Source: this project.

use super::Decisions;
use super::creation::LocalDot;
use crate::dot::Dot;
use crate::optimized::OperationError;
use crate::optimized::arena::Table;
use crate::optimized::audit::{
    AuditDelta, AuditEffect, AuditEntry, AuditRecord, AuditTrail, effect_of,
};
use crate::optimized::delta::{Effect, KeyedDelta};
use crate::optimized::state_hash::write_number;
use hashbrown::HashMap;

/// The records of an object.
#[derive(Clone, Debug, Default)]
pub(super) struct Audit {
    /// Records before this time were dropped, here or at a sender; 0 where none were.
    cut: u64,
    /// By number of the origin: up to which counter; 0 where none were.
    floors: Vec<u64>,
    /// In the order of their arrival.
    records: Table<Kept>,
    /// By number of the origin: the numbers of its records, by counter.
    by_origin: Vec<Table<u32>>,
    /// By number of the key: its last record, counted from 1; 0 where there is none.
    last: Table<u32>,
    /// Of each record: the code of its effect, how many decisions it saw, these, and its value.
    details: Vec<u8>,
}

/// One record, of 32 bytes.
#[derive(Clone, Copy, Debug)]
struct Kept {
    counter: u64,
    time: u64,
    key: u32,
    author: u32,
    /// Where its details begin.
    at: u32,
    /// The record of the key before it, counted from 1; 0 where there is none.
    before: u32,
}

/// A number of the details, and what follows it.
fn read_number(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let Some((byte, rest)) = bytes.split_first() else { break };
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            break;
        }
    }
    number
}

impl Audit {
    /// The most bytes that one record of so many seen decisions takes among the details.
    fn most_bytes(saw: usize) -> usize {
        const FIXED: usize = 1 + 5 + crate::optimized::audit::LONGEST_VALUE;
        FIXED + 15 * saw
    }

    /// Whether there is room for more.
    fn has_room(&self, records: usize, saw: usize) -> bool {
        let most = u32::MAX as usize;
        let bytes = Self::most_bytes(0).saturating_mul(records) + Self::most_bytes(saw);
        self.records.len().saturating_add(records) < most
            && self.details.len().saturating_add(bytes) < most
    }

    fn push(&mut self, origin: u32, kept: Kept, details: (u8, &[LocalDot], &[u8])) {
        let number = self.records.len() as u32;
        while self.last.len() <= kept.key as usize {
            self.last.push(0);
        }
        if self.by_origin.len() <= origin as usize {
            self.by_origin.resize(origin as usize + 1, Table::default());
        }
        let (at, before) = (self.details.len() as u32, self.last[kept.key as usize]);
        self.last[kept.key as usize] = number + 1;
        self.records.push(Kept { at, before, ..kept });
        self.by_origin[origin as usize].push(number);
        let (code, saw, value) = details;
        self.details.push(code);
        write_number(saw.len() as u128, &mut self.details);
        for (origin, counter) in saw {
            write_number((*origin).into(), &mut self.details);
            write_number((*counter).into(), &mut self.details);
        }
        self.details.extend_from_slice(value);
    }

    /// The code of a record's effect, what it saw, and the bytes of its effect.
    fn details(&self, kept: &Kept) -> (u8, Vec<LocalDot>, &[u8]) {
        let mut bytes = &self.details[kept.at as usize..];
        let code = bytes.first().copied().unwrap_or(0);
        bytes = bytes.get(1..).unwrap_or(&[]);
        let count = read_number(&mut bytes);
        let saw = (0..count).map(|_| (read_number(&mut bytes) as u32, read_number(&mut bytes)));
        let saw = saw.collect();
        let length = crate::optimized::audit::value_length(code).unwrap_or(0);
        (code, saw, &bytes[..length])
    }

    /// How many decisions a record saw.
    fn saw(&self, kept: &Kept) -> usize {
        read_number(&mut self.details.get(kept.at as usize + 1..).unwrap_or(&[])) as usize
    }

    /// The records of a key, each with its number, the last one first.
    fn of(&self, key: u32) -> impl Iterator<Item = (u32, &Kept)> {
        let last = self.last.get(key as usize).copied().unwrap_or(0);
        let record = |next: u32| {
            let number = next.checked_sub(1)?;
            Some((number, &self.records[number as usize]))
        };
        std::iter::successors(record(last), move |(_, kept)| record(kept.before))
    }

    /// The floor of an origin.
    fn floor(&self, origin: u32) -> u64 {
        self.floors.get(origin as usize).copied().unwrap_or(0)
    }

    fn raise_floor(&mut self, origin: u32, counter: u64) {
        if self.floors.len() <= origin as usize {
            self.floors.resize(origin as usize + 1, 0);
        }
        let floor = &mut self.floors[origin as usize];
        *floor = (*floor).max(counter);
    }

    fn bytes(&self) -> usize {
        let numbers = self.records.len() + self.last.len();
        size_of::<Kept>() * self.records.len() + 4 * numbers + self.details.len()
    }
}

impl<E: Effect> Decisions<E> {
    /// What a decision on the key would see: the latest decisions, the effective one first.
    pub fn latest(&self, key: &[u8]) -> Vec<LocalDot> {
        let Some(key) = self.find(key) else { return Vec::new() };
        let effective = self.local_dot(self.current(key));
        let others = self.maximal(key).map(|record| self.local_dot(record));
        std::iter::once(effective).chain(others.filter(|dot| *dot != effective)).collect()
    }

    /// Whether there is room for the record of a decision that saw so many.
    ///
    /// # Errors
    /// If the audit trail is full.
    pub fn check_audit_room(&self, saw: usize) -> Result<(), OperationError> {
        match &self.audit {
            Some(audit) if !audit.has_room(1, saw) => Err(OperationError::AuditFull),
            _ => Ok(()),
        }
    }

    /// Puts the decision that was made last on the key on record.
    pub fn record(&mut self, key: &[u8], time: u64, saw: &[LocalDot]) {
        let Some(key) = self.find(key) else { return };
        let made = self.records[key as usize];
        let (code, value) = effect_of(made.effect.is_removal(), self.value(&made));
        let kept = Kept { counter: made.counter, time, key, author: made.author, at: 0, before: 0 };
        let value = value.into_owned();
        let origin = self.authors.origin(made.author);
        self.audit.get_or_insert_default().push(origin, kept, (code, saw, &value));
    }

    /// Whether there is room for the records of a delta.
    pub(super) fn has_audit_room(&self, delta: &KeyedDelta<E>) -> bool {
        match (&self.audit, &delta.audit) {
            (Some(audit), Some(more)) => audit.has_room(more.entries.len(), more.saw.len()),
            _ => true,
        }
    }

    /// Applies the records of those decisions of a delta that are not seen yet. `keys` has the number
    /// of each listed key, `numbers` that of each origin.
    pub(super) fn apply_audit(&mut self, delta: &AuditDelta, keys: &[u32], numbers: &[u32]) {
        let audit = self.audit.get_or_insert_default();
        for (place, floor) in &delta.floors {
            let origin = numbers[*place as usize];
            if *floor > self.origins.seen(origin) {
                audit.raise_floor(origin, *floor);
                audit.cut = audit.cut.max(delta.cut);
            }
        }
        let mut saw = Vec::new();
        for (entry, seen, value) in delta.iter() {
            let AuditEntry { counter, time, place, key, user, code, .. } = *entry;
            let origin = numbers[place as usize];
            if counter <= self.origins.seen(origin) {
                continue;
            }
            let user = user.checked_sub(1).map(|user| delta.users[user as usize].clone());
            let author = self.authors.number(origin, &user);
            saw.clear();
            saw.extend(seen.iter().map(|(place, counter)| (numbers[*place as usize], *counter)));
            let key = keys[key as usize];
            let kept = Kept { counter, time, key, author, at: 0, before: 0 };
            audit.push(origin, kept, (code, &saw, value));
        }
    }

    /// The records of those decisions that are outside `known`. `listed` has the number of each key
    /// that the delta lists, and with a decision outside its start the delta lists its key.
    pub(super) fn audit_since(&self, known: &[u64], listed: &[u32]) -> Option<Box<AuditDelta>> {
        let audit = self.audit.as_ref()?;
        let places: HashMap<u32, u32> =
            listed.iter().enumerate().map(|(at, key)| (*key, at as u32)).collect();
        let records = self.origins.in_order().flat_map(|origin| {
            let numbers = audit.by_origin.get(origin as usize);
            let is_known = move |number: &u32| {
                audit.records[*number as usize].counter <= known[origin as usize]
            };
            numbers.into_iter().flat_map(move |numbers| {
                numbers.slices_from(numbers.partition_point(is_known)).flatten()
            })
        });
        let listed = records.filter_map(|number| {
            let key = places.get(&audit.records[*number as usize].key)?;
            Some((*number, *key))
        });
        self.audit_delta(audit, known, listed)
    }

    /// The same, for a delta that lists some keys of many.
    ///
    /// Cost: O(records of these keys · log).
    pub(super) fn audit_of(&self, known: &[u64], listed: &[u32]) -> Option<Box<AuditDelta>> {
        let audit = self.audit.as_ref()?;
        let mut records = Vec::new();
        for (at, key) in (0..).zip(listed) {
            for (number, kept) in audit.of(*key) {
                let origin = self.authors.origin(kept.author);
                if kept.counter > known[origin as usize] {
                    records.push((self.origins.place(origin), kept.counter, number, at));
                }
            }
        }
        records.sort_unstable();
        let records = records.into_iter().map(|(_, _, number, key)| (number, key));
        self.audit_delta(audit, known, records)
    }

    /// Of each record of a key outside `known`, the number of its author and how many decisions it saw.
    pub(super) fn audited<'a>(
        &'a self,
        key: u32,
        known: &'a [u64],
    ) -> impl Iterator<Item = (u32, usize)> + 'a {
        let kept = self
            .audit
            .iter()
            .flat_map(move |audit| audit.of(key).map(|(_, kept)| (kept, audit.saw(kept))));
        let is_outside =
            |kept: &Kept| kept.counter > known[self.authors.origin(kept.author) as usize];
        kept.filter(move |(kept, _)| is_outside(kept)).map(|(kept, saw)| (kept.author, saw))
    }

    /// The records with these numbers, by place and counter, each with the number of its key.
    fn audit_delta(
        &self,
        audit: &Audit,
        known: &[u64],
        records: impl Iterator<Item = (u32, u32)>,
    ) -> Option<Box<AuditDelta>> {
        let mut delta = AuditDelta::default();
        for origin in self.origins.in_order() {
            if audit.floor(origin) > known[origin as usize] {
                delta.cut = audit.cut;
                delta.floors.push((self.origins.place(origin), audit.floor(origin)));
            }
        }
        // By author, and by user: there may be many of both.
        let (mut authors, mut users) = (HashMap::new(), HashMap::new());
        for (number, key) in records {
            let kept = &audit.records[number as usize];
            let user = *authors.entry(kept.author).or_insert_with(|| {
                let Some(user) = self.authors.user(kept.author) else { return 0 };
                *users.entry(user.clone()).or_insert_with(|| {
                    delta.users.push(user.clone());
                    delta.users.len() as u32
                })
            });
            let (code, saw, value) = audit.details(kept);
            delta.entries.push(AuditEntry {
                counter: kept.counter,
                time: kept.time,
                place: self.origins.place(self.authors.origin(kept.author)),
                key,
                user,
                saw: saw.len() as u32,
                code,
            });
            let named = |(origin, counter)| (self.origins.place(origin), counter);
            delta.saw.extend(saw.into_iter().map(named));
            delta.values.extend_from_slice(value);
        }
        (delta != AuditDelta::default()).then(|| Box::new(delta))
    }

    /// Drops the records from before a time, here only, and gives how many these were.
    pub fn cut_audit(&mut self, time: u64) -> usize {
        let Some(old) = self.audit.take() else { return 0 };
        let mut audit = Audit { cut: old.cut, floors: old.floors.clone(), ..Audit::default() };
        for kept in old.records.iter() {
            let origin = self.authors.origin(kept.author);
            if kept.time < time {
                audit.cut = audit.cut.max(time);
                audit.raise_floor(origin, kept.counter);
                continue;
            }
            let (code, saw, value) = old.details(kept);
            audit.push(origin, *kept, (code, &saw, value));
        }
        let dropped = old.records.len() - audit.records.len();
        self.audit = Some(Box::new(audit));
        dropped
    }

    /// The records of one key, or of all keys.
    pub fn audit_trail(&self, key: Option<&[u8]>, overrules: bool) -> AuditTrail {
        let mut records = Vec::new();
        let cut = self.audit.as_ref().map_or(0, |audit| audit.cut);
        if let Some(audit) = &self.audit {
            match key.map(|key| self.find(key)) {
                None => {
                    records.extend(audit.records.iter().map(|kept| self.on_record(audit, kept)))
                }
                Some(None) => {}
                Some(Some(key)) => {
                    records.extend(audit.of(key).map(|(_, kept)| self.on_record(audit, kept)));
                }
            }
        }
        records.sort_by(|a, b| (a.time, &a.dot).cmp(&(b.time, &b.dot)));
        AuditTrail { cut_before: Some(cut).filter(|cut| *cut > 0), records, overrules }
    }

    fn on_record(&self, audit: &Audit, kept: &Kept) -> AuditRecord {
        let (code, saw, value) = audit.details(kept);
        let named = |(origin, counter)| Dot { origin: self.origins.get(origin).clone(), counter };
        AuditRecord {
            dot: named((self.authors.origin(kept.author), kept.counter)),
            key: self.key(kept.key).to_vec(),
            user: self.authors.user(kept.author).clone(),
            time: kept.time,
            effect: AuditEffect::of(code, value),
            saw: saw.into_iter().map(named).collect(),
        }
    }

    /// When a decision was made, if it is on record.
    pub fn audited_at(&self, dot: &Dot) -> Option<u64> {
        let audit = self.audit.as_ref()?;
        let numbers = audit.by_origin.get(self.origins.find(&dot.origin)? as usize)?;
        let kept = |number: u32| &audit.records[number as usize];
        let at = numbers.partition_point(|number| kept(*number).counter < dot.counter);
        let found = kept(*numbers.get(at)?);
        (found.counter == dot.counter).then_some(found.time)
    }

    /// About how much memory the records take, in bytes.
    pub(super) fn audit_bytes(&self) -> usize {
        self.audit.as_ref().map_or(0, |audit| audit.bytes())
    }

    /// The first invariant of the records that does not hold.
    pub(super) fn check_audit(&self) -> Result<(), String> {
        let Some(audit) = &self.audit else { return Ok(()) };
        let mut chained = 0;
        for (key, last) in audit.last.iter().enumerate() {
            let mut next = *last;
            while let Some(number) = next.checked_sub(1) {
                let kept = &audit.records[number as usize];
                if kept.key as usize != key || kept.before >= next {
                    return Err(format!("record {number} is in the chain of key {key}"));
                }
                (next, chained) = (kept.before, chained + 1);
            }
        }
        let mut listed = 0;
        for (origin, numbers) in (0..).zip(&audit.by_origin) {
            let mut last = 0;
            for number in numbers.iter() {
                let kept = &audit.records[*number as usize];
                let is_its = self.authors.origin(kept.author) == origin;
                if !is_its || kept.counter <= last || kept.counter > self.origins.seen(origin) {
                    return Err(format!("record {number} of origin {origin}, after {last}"));
                }
                (last, listed) = (kept.counter, listed + 1);
            }
        }
        match audit.records.len() {
            records if records == chained && records == listed => Ok(()),
            records => Err(format!("{records} records, {chained} by key, {listed} by origin")),
        }
    }
}
