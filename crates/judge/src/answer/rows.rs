//! Explicit states as rows, for comparing a claimed state with the right one.

use super::values::{list, quoted};
use crate::past::history::{Effect, History, OpId, Seen};
use rejoin::json::{Count, Json};
use rejoin::object::TraceType;
use rejoin_trace::Timestamp;

/// One line of a state: a node's share, a write, an addition or an entry.
///
/// Fields that a type does not have are empty, so that rows of one type compare as what they are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// The map's key or the set's element.
    key: String,
    /// The value written or the log's entry, as canonical JSON.
    value: String,
    /// When.
    timestamp: Timestamp,
    /// The node.
    replica: String,
    /// The addition's or entry's seq, or the node's share.
    number: u128,
}

impl Row {
    /// A counter's share.
    pub fn share(node: &str, share: u128) -> Self {
        Self { number: share, ..Self::write("", "", Timestamp::default(), node) }
    }

    /// A write, to a key or to the register.
    pub fn write(key: &str, value: &str, timestamp: Timestamp, replica: &str) -> Self {
        Self { key: key.into(), value: value.into(), timestamp, replica: replica.into(), number: 0 }
    }

    /// An addition.
    pub fn dot(element: &str, replica: &str, seq: u128) -> Self {
        Self { number: seq, ..Self::write(element, "", Timestamp::default(), replica) }
    }

    /// A log's entry.
    pub fn entry(entry: &str, timestamp: Timestamp, replica: &str, seq: u128) -> Self {
        Self { number: seq, ..Self::write("", entry, timestamp, replica) }
    }

    /// The row as text; different rows of one type have different texts.
    pub fn text(&self) -> String {
        let Self { key, value, timestamp, replica, number } = self;
        format!("{key:?} {value} {timestamp} {replica:?} {number}")
    }

    fn json(&self, kind: TraceType) -> String {
        let Self { key, value, timestamp, replica, number } = self;
        let (key, replica) = (quoted(key), quoted(replica));
        match kind {
            TraceType::GCounter => format!("{replica}:{number}"),
            TraceType::OrSet => {
                format!(r#"{{"element":{key},"replica":{replica},"seq":{number}}}"#)
            }
            TraceType::Log => format!(
                r#"{{"entry":{value},"timestamp":{timestamp},"replica":{replica},"seq":{number}}}"#
            ),
            TraceType::LwwRegister => {
                format!(r#"{{"value":{value},"timestamp":{timestamp},"replica":{replica}}}"#)
            }
            _ => {
                format!(r#"{key}:{{"value":{value},"timestamp":{timestamp},"replica":{replica}}}"#)
            }
        }
    }
}

/// The rows as the JSON of a state.
pub fn state_json(kind: TraceType, rows: &[Row]) -> String {
    let mut items = rows.iter().map(|row| row.json(kind));
    match kind {
        TraceType::LwwRegister => items.next().unwrap_or_else(|| "null".into()),
        TraceType::Log => list('[', ']', items),
        TraceType::OrSet => format!(r#"{{"adds":{},"removes":[]}}"#, list('[', ']', items)),
        _ => list('{', '}', items),
    }
}

/// The rows of a claimed state, in order; `None` where it has not the shape of one.
pub fn claimed_rows(kind: TraceType, state: &Json) -> Option<Vec<Row>> {
    let mut rows = match (kind, state) {
        (TraceType::GCounter, Json::Object(members)) => members
            .iter()
            .map(|(node, share)| Some(Row::share(node, share.count().and_then(exact)?)))
            .filter(|row| row.as_ref().is_none_or(|row| row.number != 0))
            .collect::<Option<Vec<_>>>()?,
        (TraceType::LwwRegister, Json::Null) => Vec::new(),
        (TraceType::LwwRegister, write) => vec![claimed_write("", write)?],
        (TraceType::LwwMap, Json::Object(members)) => members
            .iter()
            .map(|(key, write)| claimed_write(key, write))
            .collect::<Option<Vec<_>>>()?,
        (TraceType::OrSet, state) => {
            let [adds, removes] = fields(state, ["adds", "removes"])?;
            let (mut adds, mut removes) = (claimed_dots(adds)?, claimed_dots(removes)?);
            removes.sort_unstable();
            adds.retain(|add| removes.binary_search(add).is_err());
            adds
        }
        (TraceType::Log, Json::Array(entries)) => entries
            .iter()
            .map(|entry| {
                let names = ["entry", "timestamp", "replica", "seq"];
                let [entry, timestamp, replica, seq] = fields(entry, names)?;
                let timestamp = Timestamp::of(timestamp)?;
                Some(Row::entry(
                    &entry.canonical(),
                    timestamp,
                    text(replica)?,
                    seq.count().and_then(exact)?,
                ))
            })
            .collect::<Option<Vec<_>>>()?,
        _ => return None,
    };
    rows.sort_unstable();
    Some(rows)
}

fn exact(count: Count) -> Option<u128> {
    match count {
        Count::Exact(count) => Some(count),
        Count::TooLarge => None,
    }
}

fn claimed_write(key: &str, write: &Json) -> Option<Row> {
    let [value, timestamp, replica] = fields(write, ["value", "timestamp", "replica"])?;
    Some(Row::write(key, &value.canonical(), Timestamp::of(timestamp)?, text(replica)?))
}

fn claimed_dots(dots: &Json) -> Option<Vec<Row>> {
    let Json::Array(dots) = dots else { return None };
    dots.iter()
        .map(|dot| {
            let [element, replica, seq] = fields(dot, ["element", "replica", "seq"])?;
            Some(Row::dot(text(element)?, text(replica)?, seq.count().and_then(exact)?))
        })
        .collect()
}

/// The members of an object that has exactly these.
pub fn fields<'a, const N: usize>(object: &'a Json, names: [&str; N]) -> Option<[&'a Json; N]> {
    let Json::Object(members) = object else { return None };
    if members.len() != N {
        return None;
    }
    let mut found = [object; N];
    for (name, place) in names.iter().zip(&mut found) {
        *place = object.get(name)?;
    }
    Some(found)
}

/// The text of a string.
pub fn text(json: &Json) -> Option<&str> {
    match json {
        Json::String(text) => Some(text),
        _ => None,
    }
}

impl History {
    fn replica_name(&self, op: OpId) -> &str {
        &self.replicas[self.replica_of(op) as usize].name
    }

    fn write_row(&self, key: u32, op: OpId) -> Row {
        let (timestamp, _, _, value) = self.stamp(op);
        Row::write(&self.keys[key as usize].name, value, timestamp, self.replica_name(op))
    }

    /// The explicit state that follows from what was seen, as rows in order.
    pub fn state_rows(&self, object: u32, seen: &Seen) -> Vec<Row> {
        let seen = &seen.laid_flat();
        let keys = self.objects[object as usize].keys.clone();
        let mut rows = match self.objects[object as usize].kind {
            TraceType::GCounter => self.share_rows(object, seen),
            TraceType::LwwRegister | TraceType::LwwMap => keys
                .into_iter()
                .filter_map(|key| Some((key, self.winner(key, seen)?)))
                .collect::<Vec<_>>()
                .into_iter()
                .map(|(key, op)| self.write_row(key, op))
                .collect(),
            TraceType::OrSet => {
                let live: Vec<_> =
                    keys.into_iter().flat_map(|key| self.all_live(key, seen)).collect();
                live.into_iter()
                    .map(|op| {
                        let operation = &self.ops[op as usize];
                        let element = &self.keys[operation.key as usize].name;
                        Row::dot(element, self.replica_name(op), operation.seq.into())
                    })
                    .collect()
            }
            TraceType::Log => {
                let entries = self.members(seen, Some(object));
                entries
                    .into_iter()
                    .map(|op| {
                        let (timestamp, _, seq, entry) = self.stamp(op);
                        Row::entry(entry, timestamp, self.replica_name(op), seq.into())
                    })
                    .collect()
            }
            // No other type has explicit states.
            _ => Vec::new(),
        };
        rows.sort_unstable();
        if self.objects[object as usize].kind == TraceType::OrSet {
            // A state is a set of additions; after a restore two may have one name.
            rows.dedup();
        }
        rows
    }

    fn share_rows(&self, object: u32, seen: &Seen) -> Vec<Row> {
        let mut shares = std::collections::BTreeMap::<u32, u128>::new();
        self.for_each_prefix(seen, Some(object), &mut |history, lane, count| {
            let lane = &history.lanes[lane as usize];
            let replica = history.branches[lane.branch as usize].replica;
            *shares.entry(replica).or_default() += lane.totals[count as usize - 1].unsigned_abs();
        });
        for op in self.beyond(seen, Some(object)) {
            if let Effect::Increment(amount) = self.ops[op as usize].effect {
                *shares.entry(self.replica_of(op)).or_default() += u128::from(amount);
            }
        }
        let name = |replica: u32| &self.replicas[replica as usize].name;
        shares.into_iter().map(|(replica, share)| Row::share(name(replica), share)).collect()
    }
}
