//! Schema: the objects, their types, and their priorities in a synchronization.
//!
//! Both sides of a sync have one. What both name with the same type is synchronized; the rest is
//! reported. Where they disagree on the priority, the higher one holds; an object may be dropped
//! only where both say so.

use crate::collect::Collect;
use crate::object::{ObjectType, Priority};
use crate::operation::ObjectId;
use std::collections::{BTreeMap, BTreeSet};

/// What a schema says of one object.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Entry {
    /// Its type.
    pub kind: ObjectType,
    /// Its priority in a synchronization.
    pub priority: Priority,
    /// Whether it can be fetched or computed anew, so that a sync may leave it out when it would
    /// exceed the budget.
    pub may_be_dropped: bool,
    /// Whether this replica puts who decides on it on record, in its audit trail. A peer may do
    /// otherwise: every replica keeps the records that it gets.
    pub is_audited: bool,
}

impl Entry {
    /// An object of a type, of medium priority, that is never left out.
    pub fn plain(kind: ObjectType) -> Self {
        Self { kind, priority: Priority::Medium, may_be_dropped: false, is_audited: false }
    }
}

/// What a side says of one object in a session, where the schemas differ.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Listed {
    /// The code of its type, below 16; a peer may know more types than this version.
    pub kind: u8,
    /// Its priority.
    pub priority: Priority,
    /// Whether a sync may leave it out when it would exceed the budget.
    pub may_be_dropped: bool,
    /// Whether the side only passes it on, and does not know it.
    pub is_relayed: bool,
}

impl Listed {
    /// An object that a side passes on.
    pub(super) fn relayed(kind: u8) -> Self {
        Self { kind, priority: Priority::Medium, may_be_dropped: false, is_relayed: true }
    }

    /// The object as a side has it; `None` if it only passes it on, or this version does not know its type.
    pub(super) fn entry(&self) -> Option<Entry> {
        let kind = *ObjectType::ALL.get(usize::from(self.kind)).filter(|_| !self.is_relayed)?;
        let Self { priority, may_be_dropped, .. } = *self;
        Some(Entry { priority, may_be_dropped, ..Entry::plain(kind) })
    }
}

impl From<&Entry> for Listed {
    fn from(entry: &Entry) -> Self {
        let Entry { kind, priority, may_be_dropped, .. } = *entry;
        Self { kind: kind.code(), priority, may_be_dropped, is_relayed: false }
    }
}

/// The objects of an application.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Schema {
    entries: BTreeMap<ObjectId, Entry>,
    /// Names that [`priority`](Self::priority) and [`audited`](Self::audited) were given before there
    /// was such an object.
    undeclared: BTreeSet<ObjectId>,
}

impl Schema {
    /// A schema without objects.
    pub fn new() -> Self {
        Self::default()
    }

    /// The schema with another OR-Set: an addition wins over a removal that had not seen it.
    #[must_use]
    pub fn set(self, name: &str) -> Self {
        self.with(name, ObjectType::OrSet, Priority::Medium)
    }

    /// The schema with another LWW-Map: the last write to each key wins.
    #[must_use]
    pub fn map(self, name: &str) -> Self {
        self.with(name, ObjectType::LwwMap, Priority::Medium)
    }

    /// The schema with another LWW-Register: the last write wins.
    #[must_use]
    pub fn register(self, name: &str) -> Self {
        self.with(name, ObjectType::LwwRegister, Priority::Medium)
    }

    /// The schema with another G-Counter, which only grows.
    #[must_use]
    pub fn counter(self, name: &str) -> Self {
        self.with(name, ObjectType::GCounter, Priority::Medium)
    }

    /// The schema with another append-only log.
    #[must_use]
    pub fn log(self, name: &str) -> Self {
        self.with(name, ObjectType::Log, Priority::Medium)
    }

    /// The schema with another PN-Counter, which grows and shrinks.
    #[must_use]
    pub fn pn_counter(self, name: &str) -> Self {
        self.with(name, ObjectType::PnCounter, Priority::Medium)
    }

    /// The schema with another RW-Set: a removal wins over an addition that had not seen it.
    #[must_use]
    pub fn rw_set(self, name: &str) -> Self {
        self.with(name, ObjectType::RwSet, Priority::Medium)
    }

    /// The schema with another EW-Flag: enabling wins over a disabling that had not seen it.
    #[must_use]
    pub fn ew_flag(self, name: &str) -> Self {
        self.with(name, ObjectType::EwFlag, Priority::Medium)
    }

    /// The schema with another DW-Flag: disabling wins over an enabling that had not seen it.
    #[must_use]
    pub fn dw_flag(self, name: &str) -> Self {
        self.with(name, ObjectType::DwFlag, Priority::Medium)
    }

    /// The schema with another MV-Register, which keeps all concurrent values.
    #[must_use]
    pub fn mv_register(self, name: &str) -> Self {
        self.with(name, ObjectType::MvRegister, Priority::Medium)
    }

    /// The schema with another MV-Map, which keeps all concurrent values of each key.
    #[must_use]
    pub fn mv_map(self, name: &str) -> Self {
        self.with(name, ObjectType::MvMap, Priority::Medium)
    }

    /// The schema with another max-register, which keeps the greatest integer.
    #[must_use]
    pub fn max_register(self, name: &str) -> Self {
        self.with(name, ObjectType::MaxRegister, Priority::Medium)
    }

    /// The schema with another min-register, which keeps the least integer.
    #[must_use]
    pub fn min_register(self, name: &str) -> Self {
        self.with(name, ObjectType::MinRegister, Priority::Medium)
    }

    /// The schema with another priority for an object that it has. No replica is made with a schema
    /// in which the object does not come before.
    #[must_use]
    pub fn priority(self, name: &str, priority: Priority) -> Self {
        self.change(name, |entry| entry.priority = priority)
    }

    /// The schema with an audit trail of an object that it has: each edit puts on record who decided
    /// what, when, and which decisions it saw. Counters and logs keep none. No replica is made with a
    /// schema in which the object does not come before.
    #[must_use]
    pub fn audited(self, name: &str) -> Self {
        self.change(name, |entry| entry.is_audited = true)
    }

    fn change(mut self, name: &str, change: impl FnOnce(&mut Entry)) -> Self {
        match self.entries.get_mut(name) {
            Some(entry) => change(entry),
            None => drop(self.undeclared.insert(name.into())),
        }
        self
    }

    /// The first object that was given a priority or an audit trail before it was declared.
    pub(crate) fn undeclared(&self) -> Option<&ObjectId> {
        self.undeclared.first()
    }

    /// Adds or replaces an object.
    pub(crate) fn insert(&mut self, name: &ObjectId, entry: Entry) {
        self.entries.insert(name.clone(), entry);
    }

    /// The schema with one more object. An object of that name is replaced.
    #[must_use]
    pub fn with(mut self, name: &str, kind: ObjectType, priority: Priority) -> Self {
        self.entries.insert(name.into(), Entry { priority, ..Entry::plain(kind) });
        self
    }

    /// The schema with one more object that may be dropped under a budget: it can be fetched or
    /// computed anew.
    #[must_use]
    pub fn with_droppable(mut self, name: &str, kind: ObjectType, priority: Priority) -> Self {
        let entry = Entry { priority, may_be_dropped: true, ..Entry::plain(kind) };
        self.entries.insert(name.into(), entry);
        self
    }

    /// The six categories of data of an assistant that migrates databases:
    ///
    /// | object | type | priority | may be dropped |
    /// | --- | --- | --- | --- |
    /// | `progress/records`: migration progress, counted | G-counter | high | |
    /// | `progress/tables`: migration progress, by table | LWW-map | high | |
    /// | `approved`: what users decided; audited | OR-set | high | |
    /// | `configuration` | LWW-register | medium | |
    /// | `conversation`: its history | log | medium | |
    /// | `patterns`: cached | LWW-map | low | yes: fetched again |
    /// | `metrics`: logs and metrics | G-counter | low | yes: computed again |
    pub fn migration_assistant() -> Self {
        use {ObjectType::*, Priority::*};
        Self::new()
            .with("progress/records", GCounter, High)
            .with("progress/tables", LwwMap, High)
            .with("approved", OrSet, High)
            .audited("approved")
            .with("configuration", LwwRegister, Medium)
            .with("conversation", Log, Medium)
            .with_droppable("patterns", LwwMap, Low)
            .with_droppable("metrics", GCounter, Low)
    }

    /// What it says of an object.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// The objects, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&ObjectId, &Entry)> {
        self.entries.iter()
    }

    /// The types alone: what a replica is made with.
    pub fn types(&self) -> BTreeMap<ObjectId, ObjectType> {
        self.entries.iter().map(|(name, entry)| (name.clone(), entry.kind)).into_map()
    }
}

/// The priorities, in the order in which they are synchronized.
pub const CLASSES: [Priority; 3] = [Priority::High, Priority::Medium, Priority::Low];
