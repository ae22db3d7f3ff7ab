//! Objects that a trace loads: their states, as section 5 of spec/trace-format.md defines them.
//!
//! Meaning: operations act on the state, messages carry it, receiving joins it.
//! Cost: the maps are persistent, so a message costs one pointer; a join O(entries · log).
//! Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011): the set is its
//! specification 15 with tombstones.

use crate::answer::rows::Row;
use crate::answer::values::{list, quoted};
use rejoin::json::Count;
use rejoin::object::TraceType;
use rejoin_trace::{ExplicitState, Operation, Timestamp};
use rpds::{RedBlackTreeMap, RedBlackTreeSet};
use std::rc::Rc;

/// A write: greatest by timestamp, replica, canonical bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Write {
    timestamp: Timestamp,
    replica: Rc<str>,
    value: Rc<str>,
}

/// One addition of an element.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Addition {
    element: Rc<str>,
    replica: Rc<str>,
    seq: u128,
}

/// One entry of a log, in the order of the log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    timestamp: Timestamp,
    replica: Rc<str>,
    seq: u128,
    entry: Rc<str>,
}

/// The greatest seq that names each replica.
type Latest = RedBlackTreeMap<Rc<str>, u128>;

/// The state of one object at one replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Each node's share; no share is 0.
    GCounter(RedBlackTreeMap<Rc<str>, u128>),
    /// The last write.
    LwwRegister(Option<Write>),
    /// What was added, and what of it was removed.
    OrSet {
        /// The additions.
        adds: RedBlackTreeSet<Addition>,
        /// The additions that were removed, whether or not they are known as additions.
        removes: RedBlackTreeSet<Addition>,
        /// Over both.
        latest: Latest,
    },
    /// The last write to each key.
    LwwMap(RedBlackTreeMap<Rc<str>, Write>),
    /// The entries.
    Log {
        /// In order.
        entries: RedBlackTreeSet<Entry>,
        /// Over all.
        latest: Latest,
    },
}

/// A counter's share that does not fit 128 bits.
#[derive(Debug)]
pub struct TooLarge;

fn see(latest: &mut Latest, replica: &Rc<str>, seq: u128) {
    if latest.get(replica).is_none_or(|known| *known < seq) {
        latest.insert_mut(replica.clone(), seq);
    }
}

impl State {
    /// The state of a replica that has seen nothing.
    pub fn bottom(kind: TraceType) -> Self {
        match kind {
            TraceType::GCounter => Self::GCounter(RedBlackTreeMap::default()),
            TraceType::LwwRegister => Self::LwwRegister(None),
            TraceType::OrSet => Self::OrSet {
                adds: RedBlackTreeSet::default(),
                removes: RedBlackTreeSet::default(),
                latest: Latest::default(),
            },
            TraceType::LwwMap => Self::LwwMap(RedBlackTreeMap::default()),
            // No other type can be loaded.
            _ => Self::Log { entries: RedBlackTreeSet::default(), latest: Latest::default() },
        }
    }

    /// A state as a trace gives it.
    pub fn load(given: &ExplicitState) -> Result<Self, TooLarge> {
        let write = |write: &rejoin_trace::StateWrite| Write {
            timestamp: write.timestamp,
            replica: write.replica.as_str().into(),
            value: write.value.canonical().into(),
        };
        Ok(match given {
            ExplicitState::GCounter(shares) => {
                let mut state = RedBlackTreeMap::default();
                for (node, share) in shares {
                    match share {
                        Count::TooLarge => return Err(TooLarge),
                        Count::Exact(0) => {}
                        Count::Exact(share) => state.insert_mut(node.as_str().into(), *share),
                    }
                }
                Self::GCounter(state)
            }
            ExplicitState::LwwRegister(given) => Self::LwwRegister(given.as_ref().map(write)),
            ExplicitState::OrSet { adds, removes } => {
                let mut latest = Latest::default();
                let mut set = |dots: &[rejoin_trace::StateDot]| {
                    let mut set = RedBlackTreeSet::default();
                    for dot in dots {
                        let replica: Rc<str> = dot.replica.as_str().into();
                        let (element, seq) = (dot.element.as_str().into(), u128::from(dot.seq));
                        see(&mut latest, &replica, seq);
                        set.insert_mut(Addition { element, replica, seq });
                    }
                    set
                };
                let (adds, removes) = (set(adds), set(removes));
                Self::OrSet { adds, removes, latest }
            }
            ExplicitState::LwwMap(given) => Self::LwwMap(
                given.iter().map(|(key, given)| (key.as_str().into(), write(given))).collect(),
            ),
            ExplicitState::Log(given) => {
                let (mut entries, mut latest) = (RedBlackTreeSet::default(), Latest::default());
                for entry in given {
                    let replica: Rc<str> = entry.replica.as_str().into();
                    let seq = u128::from(entry.seq);
                    see(&mut latest, &replica, seq);
                    entries.insert_mut(Entry {
                        timestamp: entry.timestamp,
                        replica,
                        seq,
                        entry: entry.entry.canonical().into(),
                    });
                }
                Self::Log { entries, latest }
            }
        })
    }

    /// How many entries it has: what a join with it costs.
    pub fn len(&self) -> usize {
        match self {
            Self::GCounter(shares) => shares.size(),
            Self::LwwRegister(_) => 1,
            Self::OrSet { adds, removes, .. } => adds.size() + removes.size(),
            Self::LwwMap(writes) => writes.size(),
            Self::Log { entries, .. } => entries.size(),
        }
    }

    /// Joins everything that another state of the same type knows.
    pub fn join(&mut self, other: &Self) {
        match (self, other) {
            (Self::GCounter(shares), Self::GCounter(others)) => {
                for (node, share) in others {
                    if shares.get(node).is_none_or(|known| known < share) {
                        shares.insert_mut(node.clone(), *share);
                    }
                }
            }
            (Self::LwwRegister(write), Self::LwwRegister(other)) => {
                if *write < *other {
                    write.clone_from(other);
                }
            }
            (
                Self::OrSet { adds, removes, latest },
                Self::OrSet { adds: more_adds, removes: more_removes, latest: later },
            ) => {
                union(adds, more_adds);
                union(removes, more_removes);
                later.iter().for_each(|(replica, seq)| see(latest, replica, *seq));
            }
            (Self::LwwMap(writes), Self::LwwMap(others)) => {
                for (key, write) in others {
                    if writes.get(key).is_none_or(|known| known < write) {
                        writes.insert_mut(key.clone(), write.clone());
                    }
                }
            }
            (Self::Log { entries, latest }, Self::Log { entries: more_entries, latest: later }) => {
                union(entries, more_entries);
                later.iter().for_each(|(replica, seq)| see(latest, replica, *seq));
            }
            _ => unreachable!("an object has one type"),
        }
    }

    /// A replica performs an operation of this object's type.
    pub fn perform(&mut self, replica: &Rc<str>, operation: &Operation) -> Result<(), TooLarge> {
        let write = |value: &rejoin::json::Json, timestamp: &Option<Timestamp>| Write {
            timestamp: timestamp.unwrap_or_default(),
            replica: replica.clone(),
            value: value.canonical().into(),
        };
        match (self, operation) {
            (Self::GCounter(shares), Operation::Increment { amount }) => {
                let share = shares.get(replica).copied().unwrap_or(0);
                let share = share.checked_add(u128::from(*amount)).ok_or(TooLarge)?;
                shares.insert_mut(replica.clone(), share);
            }
            (Self::LwwRegister(state), Operation::Write { value, timestamp }) => {
                let new = Some(write(value, timestamp));
                if *state < new {
                    *state = new;
                }
            }
            (Self::OrSet { adds, latest, .. }, Operation::Add { element }) => {
                let seq = latest.get(replica).copied().unwrap_or(0) + 1;
                see(latest, replica, seq);
                let element = element.as_str().into();
                adds.insert_mut(Addition { element, replica: replica.clone(), seq });
            }
            (Self::OrSet { adds, removes, .. }, Operation::Remove { element }) => {
                for addition in additions(adds, element) {
                    removes.insert_mut(addition.clone());
                }
            }
            (Self::LwwMap(writes), Operation::Put { key, value, timestamp }) => {
                put(writes, key, write(value, timestamp));
            }
            (Self::LwwMap(writes), Operation::Delete { key, timestamp }) => {
                put(writes, key, write(&rejoin::json::Json::Null, timestamp));
            }
            (Self::Log { entries, latest }, Operation::Append { entry, timestamp }) => {
                let seq = latest.get(replica).copied().unwrap_or(0) + 1;
                see(latest, replica, seq);
                let Write { timestamp, value, .. } = write(entry, timestamp);
                entries.insert_mut(Entry {
                    timestamp,
                    replica: replica.clone(),
                    seq,
                    entry: value,
                });
            }
            _ => unreachable!("the operation is of the object's type"),
        }
        Ok(())
    }

    /// The counter's total.
    pub fn count(&self) -> Result<u128, TooLarge> {
        let Self::GCounter(shares) = self else { return Ok(0) };
        shares.values().try_fold(0u128, |sum, share| sum.checked_add(*share)).ok_or(TooLarge)
    }

    /// Whether the set has the element.
    pub fn has(&self, element: &str) -> bool {
        let Self::OrSet { adds, removes, .. } = self else { return false };
        additions(adds, element).any(|addition| !removes.contains(addition))
    }

    /// The value of a map's key, as canonical JSON; `null` if there is none.
    pub fn get(&self, key: &str) -> Rc<str> {
        let Self::LwwMap(writes) = self else { return "null".into() };
        writes.get(key).map_or("null".into(), |write| write.value.clone())
    }

    /// The value as canonical JSON, but with members in byte order.
    pub fn value_text(&self) -> Result<String, TooLarge> {
        Ok(match self {
            Self::GCounter(_) => self.count()?.to_string(),
            Self::LwwRegister(write) => {
                write.as_ref().map_or("null".into(), |write| write.value.to_string())
            }
            Self::OrSet { .. } => {
                let mut last: Option<&Rc<str>> = None;
                let elements = self.present().filter_map(|addition| {
                    let new = last != Some(&addition.element);
                    last = Some(&addition.element);
                    new.then(|| quoted(&addition.element))
                });
                list('[', ']', elements)
            }
            Self::LwwMap(writes) => {
                let live = writes.iter().filter(|(_, write)| &*write.value != "null");
                list('{', '}', live.map(|(key, write)| quoted(key) + ":" + &write.value))
            }
            Self::Log { entries, .. } => {
                list('[', ']', entries.iter().map(|entry| entry.entry.to_string()))
            }
        })
    }

    /// The additions that are not removed.
    fn present(&self) -> impl Iterator<Item = &Addition> {
        let set = match self {
            Self::OrSet { adds, removes, .. } => Some((adds, removes)),
            _ => None,
        };
        set.into_iter()
            .flat_map(|(adds, removes)| adds.iter().filter(|addition| !removes.contains(*addition)))
    }

    /// What a claimed state is compared by, as canonical rows in order.
    pub fn rows(&self) -> Vec<Row> {
        match self {
            Self::GCounter(shares) => {
                shares.iter().map(|(node, share)| Row::share(node, *share)).collect()
            }
            Self::LwwRegister(write) => write
                .iter()
                .map(|write| Row::write("", &write.value, write.timestamp, &write.replica))
                .collect(),
            Self::OrSet { .. } => {
                self.present().map(|add| Row::dot(&add.element, &add.replica, add.seq)).collect()
            }
            Self::LwwMap(writes) => writes
                .iter()
                .map(|(key, write)| Row::write(key, &write.value, write.timestamp, &write.replica))
                .collect(),
            Self::Log { entries, .. } => entries
                .iter()
                .map(|entry| Row::entry(&entry.entry, entry.timestamp, &entry.replica, entry.seq))
                .collect(),
        }
    }

    /// The state as one text: equal texts, equal states.
    pub fn text(&self) -> String {
        match self {
            // Not by `Debug`, which shows the shape of the trees, and so the order of arrival.
            Self::OrSet { adds, removes, .. } => {
                let text = |dot: &Addition| Row::dot(&dot.element, &dot.replica, dot.seq).text();
                let adds = adds.iter().map(|dot| text(dot) + "\n");
                adds.chain(removes.iter().map(|dot| text(dot) + " removed\n")).collect()
            }
            other => other.rows().iter().map(Row::text).collect::<Vec<_>>().join("\n"),
        }
    }
}

fn union<T: Ord + Clone>(set: &mut RedBlackTreeSet<T>, other: &RedBlackTreeSet<T>) {
    for item in other {
        if !set.contains(item) {
            set.insert_mut(item.clone());
        }
    }
}

fn additions<'a>(
    adds: &'a RedBlackTreeSet<Addition>,
    element: &str,
) -> impl Iterator<Item = &'a Addition> {
    let element: Rc<str> = element.into();
    let first = Addition { element: element.clone(), replica: "".into(), seq: 0 };
    adds.range(first..).take_while(move |addition| addition.element == element)
}

fn put(writes: &mut RedBlackTreeMap<Rc<str>, Write>, key: &str, write: Write) {
    if writes.get(key).is_none_or(|known| *known < write) {
        writes.insert_mut(key.into(), write);
    }
}
