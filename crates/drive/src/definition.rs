//! The subject that answers by the definition: it keeps all operations, and which replica has seen
//! which.
//!
//! Meaning: spec/trace-format.md, sections 3, 4 and 9. It shares no code with the judge, so that
//! each can be tested against the other.
//! Cost: each answer looks at all pairs of operations of its object.

use super::bits::Bits;
use super::subject::{Failure, Reply, Request, Subject};
use rejoin::json::{Excerpt, Json};
use rejoin::object::TraceType;
use rejoin_trace::{Name, Op, Operation, Stamps};
use std::collections::{BTreeMap, BTreeSet};

/// A subject that has all types and answers all questions by the definition.
#[derive(Default)]
pub struct Definition {
    replicas: BTreeMap<Name, Bits>,
    objects: BTreeMap<Name, TraceType>,
    stamps: Stamps,
    done: Vec<Done>,
    /// All elements that were ever inserted into each list, in one order.
    orders: BTreeMap<Name, Vec<Name>>,
}

struct Done {
    op: Op,
    sees: Bits,
    seq: u64,
}

/// An answer, or why there is none.
type Answer = Result<Reply, String>;

impl Subject for Definition {
    fn ask(&mut self, request: &Request) -> Result<Reply, Failure> {
        Ok(self.answer(request).unwrap_or_else(Reply::Error))
    }
}

impl Definition {
    /// A subject without replicas, until it is started.
    pub fn new() -> Self {
        Self::default()
    }

    fn answer(&mut self, request: &Request) -> Answer {
        match request {
            Request::Start { replicas, objects, stamps } => {
                *self = Self::default();
                self.stamps = *stamps;
                self.replicas =
                    replicas.iter().map(|name| (name.clone(), Bits::default())).collect();
                self.objects = objects.iter().map(|(name, of)| (name.clone(), of.kind)).collect();
            }
            Request::Op(op) => self.perform(op)?,
            Request::Send { replica, objects, .. } => {
                let holds = self.only(self.seen(replica)?, objects);
                return Ok(Reply::Payload(text_of(&holds)));
            }
            Request::Receive { replica, payload, .. } => {
                let holds = self.bits_of(payload)?;
                self.seen_mut(replica)?.unite(&holds);
            }
            Request::Sync { replicas: [a, b], objects } => {
                let mut both = self.only(self.seen(a)?, objects);
                both.unite(&self.only(self.seen(b)?, objects));
                self.seen_mut(a)?.unite(&both);
                self.seen_mut(b)?.unite(&both);
            }
            Request::Save { replica, .. } => {
                return Ok(Reply::Payload(text_of(self.seen(replica)?)));
            }
            Request::Restore { replica, payload, .. } => {
                let seen = self.bits_of(payload)?;
                *self.seen_mut(replica)? = seen;
            }
            Request::Read { replica, object, element, key, .. } => {
                let part = element.as_ref().or(key.as_ref());
                return Ok(Reply::Value(self.read(replica, object, part)?));
            }
            Request::Vector { replica, object } => {
                let of = object.as_ref();
                return Ok(Reply::Value(self.vector(replica, of)?));
            }
            Request::Digest { replica, object } => {
                let objects = object.clone().map(|object| vec![object]);
                let seen = self.only(self.seen(replica)?, &objects);
                return Ok(Reply::Digest(Json::String(text_of(&seen))));
            }
            Request::Decisions { replica, object } => {
                let open = self.open(replica, object)?;
                return Ok(Reply::Value(Json::Array(
                    open.iter().map(|o| self.decision_json(o)).collect(),
                )));
            }
            Request::Notices { replica, user } => {
                let mut notices = Vec::new();
                for object in self.objects.keys() {
                    for open in self.open(replica, object)? {
                        for number in &open.superseded {
                            if self.done[*number].op.user.as_ref() == Some(user) {
                                let mut members = vec![("object".into(), object.as_str().into())];
                                members.extend(open.key.clone().map(|key| ("key".into(), key)));
                                members.extend(self.name(*number));
                                notices.push(Json::Object(members));
                            }
                        }
                    }
                }
                return Ok(Reply::Value(Json::Array(notices)));
            }
            Request::Stop => {}
        }
        Ok(Reply::Ok)
    }

    fn seen(&self, replica: &Name) -> Result<&Bits, String> {
        self.replicas.get(replica).ok_or_else(|| format!("no replica is named {replica}"))
    }

    fn seen_mut(&mut self, replica: &Name) -> Result<&mut Bits, String> {
        self.replicas.get_mut(replica).ok_or_else(|| format!("no replica is named {replica}"))
    }

    fn only(&self, seen: &Bits, objects: &Option<Vec<Name>>) -> Bits {
        match objects {
            None => seen.clone(),
            Some(objects) => seen.filter(|number| objects.contains(&self.done[number].op.object)),
        }
    }

    fn perform(&mut self, op: &Op) -> Result<(), String> {
        let sees = self.seen(&op.replica)?.clone();
        let own = sees.iter().filter(|number| self.done[*number].op.replica == op.replica);
        let seq = own.count() as u64 + 1;
        if let Operation::Insert { element, after, before, .. } = &op.operation {
            let order = self.orders.entry(op.object.clone()).or_default();
            let place = |of: &Name| order.iter().position(|other| other == of);
            let place = match (after, before) {
                (Some(after), _) => place(after).map(|place| place + 1),
                (None, Some(before)) => place(before),
                (None, None) => Some(0),
            };
            let place = place.ok_or("an element that was never inserted")?;
            order.insert(place, element.clone());
        }
        self.done.push(Done { op: op.clone(), sees, seq });
        let number = self.done.len() - 1;
        self.seen_mut(&op.replica)?.insert(number);
        Ok(())
    }

    /// The operations in a payload.
    fn bits_of(&self, payload: &str) -> Result<Bits, String> {
        let numbers = payload.split(',').filter(|number| !number.is_empty());
        let known = |number: &str| number.parse().ok().filter(|number| *number < self.done.len());
        let bits = numbers.map(known).collect::<Option<Bits>>();
        bits.ok_or_else(|| format!("{} is no payload of this subject", Excerpt(payload)))
    }

    /// The operations on an object that a replica has seen.
    fn of(&self, replica: &Name, object: &Name) -> Result<Vec<usize>, String> {
        let seen = self.seen(replica)?.iter();
        Ok(seen.filter(|number| self.done[*number].op.object == *object).collect())
    }

    /// The position of a write in the order of all writes.
    fn rank(&self, number: usize) -> (rejoin_trace::Timestamp, &str, u64, String, usize) {
        let Done { op, seq, .. } = &self.done[number];
        let (value, timestamp) = written(&op.operation);
        match self.stamps {
            Stamps::Explicit => {
                (timestamp.unwrap_or_default(), op.replica.as_str(), *seq, value.canonical(), 0)
            }
            // With own stamps, a later operation is greater.
            Stamps::Own => (Default::default(), "", 0, String::new(), number),
        }
    }

    /// Whether no other of these operations that `counts` saw it.
    fn is_unseen(&self, number: usize, among: &[usize], counts: impl Fn(usize) -> bool) -> bool {
        !among.iter().any(|other| counts(*other) && self.done[*other].sees.has(number))
    }

    fn read(&self, replica: &Name, object: &Name, part: Option<&Name>) -> Result<Json, String> {
        let kind = *self.objects.get(object).ok_or_else(|| format!("no object is {object}"))?;
        let all = self.of(replica, object)?;
        let operation = |number: &usize| &self.done[*number].op.operation;
        let keys: BTreeSet<&Name> =
            all.iter().filter_map(|number| key(operation(number))).collect();
        let on = |name: &Name| -> Vec<usize> {
            all.iter().copied().filter(|number| key(operation(number)) == Some(name)).collect()
        };
        Ok(match kind {
            TraceType::GCounter | TraceType::PnCounter => {
                let amount = |number: &usize| match operation(number) {
                    Operation::Increment { amount } => i128::from(*amount),
                    Operation::Decrement { amount } => -i128::from(*amount),
                    _ => 0,
                };
                Json::String(all.iter().map(amount).sum::<i128>().to_string())
            }
            TraceType::LwwRegister => self.latest(&all),
            TraceType::LwwMap => match part {
                Some(key) => self.latest(&on(key)),
                None => {
                    let pairs = keys.iter().map(|key| ((*key).clone(), self.latest(&on(key))));
                    Json::Object(pairs.filter(|(_, value)| *value != Json::Null).collect())
                }
            },
            TraceType::Log => {
                let mut sorted = all.clone();
                sorted.sort_by_cached_key(|number| self.rank(*number));
                Json::Array(sorted.iter().map(|n| written(operation(n)).0.clone()).collect())
            }
            TraceType::OrSet | TraceType::GSet | TraceType::TwoPhaseSet | TraceType::RwSet => {
                let is_in = |element: &Name| self.is_added(kind, &on(element));
                match part {
                    Some(element) => Json::Bool(is_in(element)),
                    None => {
                        let elements = keys.iter().filter(|element| is_in(element));
                        Json::Array(elements.map(|element| element.as_str().into()).collect())
                    }
                }
            }
            TraceType::EwFlag | TraceType::DwFlag => Json::Bool(self.is_added(kind, &all)),
            TraceType::MvRegister => Json::Array(self.siblings(&all)),
            TraceType::MvMap => match part {
                Some(key) => Json::Array(self.siblings(&on(key))),
                None => {
                    let pairs = keys.iter().map(|key| ((*key).clone(), self.siblings(&on(key))));
                    let pairs = pairs.filter(|(_, values)| !values.is_empty());
                    Json::Object(pairs.map(|(key, values)| (key, Json::Array(values))).collect())
                }
            },
            TraceType::MaxRegister | TraceType::MinRegister => {
                let exact = |number: &usize| match written(operation(number)).0 {
                    Json::Number(number) => number.as_exact(),
                    _ => None,
                };
                let integers = all.iter().filter_map(exact);
                let chosen =
                    if kind == TraceType::MaxRegister { integers.max() } else { integers.min() };
                chosen.map_or(Json::Null, |chosen| {
                    Json::parse(&chosen.to_string()).expect("an integer is JSON")
                })
            }
            TraceType::List => {
                let is_shown = |element: &&Name| {
                    let on = on(element);
                    let erased = on.iter().any(|n| matches!(operation(n), Operation::Erase { .. }));
                    !on.is_empty() && !erased
                };
                let order = self.orders.get(object).map_or(&[][..], Vec::as_slice);
                Json::Array(order.iter().filter(is_shown).map(|e| e.as_str().into()).collect())
            }
            TraceType::Opaque => Json::String(text_of(&all.into_iter().collect())),
        })
    }

    /// The value of the greatest write; `null` if there is none.
    fn latest(&self, writes: &[usize]) -> Json {
        let greatest = writes.iter().max_by_key(|number| self.rank(**number));
        greatest.map_or(Json::Null, |number| written(&self.done[*number].op.operation).0.clone())
    }

    /// The values of the writes that no other write saw.
    fn siblings(&self, writes: &[usize]) -> Vec<Json> {
        let unseen = writes.iter().filter(|number| self.is_unseen(**number, writes, |_| true));
        let values = unseen.map(|number| written(&self.done[*number].op.operation).0);
        values.filter(|value| **value != Json::Null).cloned().collect()
    }

    /// Whether these operations leave the element added, or the flag enabled.
    fn is_added(&self, kind: TraceType, among: &[usize]) -> bool {
        let adds = |number: usize| is_addition(&self.done[number].op.operation);
        let removes = |number: usize| !adds(number);
        let mut numbers = among.iter().copied();
        match kind {
            TraceType::OrSet | TraceType::EwFlag => {
                numbers.any(|number| adds(number) && self.is_unseen(number, among, removes))
            }
            TraceType::RwSet | TraceType::DwFlag => {
                numbers.clone().any(adds)
                    && !numbers.any(|number| removes(number) && self.is_unseen(number, among, adds))
            }
            _ => numbers.clone().any(adds) && !numbers.any(removes),
        }
    }

    fn vector(&self, replica: &Name, object: Option<&Name>) -> Result<Json, String> {
        let mut counts = BTreeMap::<&Name, u64>::new();
        for number in self.seen(replica)?.iter() {
            let op = &self.done[number].op;
            if object.is_none_or(|object| *object == op.object) {
                *counts.entry(&op.replica).or_default() += 1;
            }
        }
        let counts = counts.into_iter().map(|(name, count)| (name.clone(), Json::from(count)));
        Ok(Json::Object(counts.collect()))
    }

    /// The open merge decisions of an object.
    fn open(&self, replica: &Name, object: &Name) -> Result<Vec<Open>, String> {
        let kind = *self.objects.get(object).ok_or_else(|| format!("no object is {object}"))?;
        if !kind.has_decisions() {
            return Ok(Vec::new());
        }
        let all = self.of(replica, object)?;
        let mut by_key = BTreeMap::<Option<&Name>, Vec<usize>>::new();
        for number in all {
            by_key.entry(key(&self.done[number].op.operation)).or_default().push(number);
        }
        let effect = |number: usize| match &self.done[number].op.operation {
            operation if kind == TraceType::LwwRegister || kind == TraceType::LwwMap => {
                written(operation).0.canonical()
            }
            operation => is_addition(operation).to_string(),
        };
        let mut opens = Vec::new();
        for (name, decisions) in by_key {
            let current = match kind {
                TraceType::LwwRegister | TraceType::LwwMap => self.latest(&decisions).canonical(),
                kind => self.is_added(kind, &decisions).to_string(),
            };
            let maximal = decisions.iter().copied();
            let maximal = maximal.filter(|n| self.is_unseen(*n, &decisions, |_| true));
            let (kept, superseded): (Vec<usize>, Vec<usize>) =
                maximal.partition(|number| effect(*number) == current);
            if !superseded.is_empty() {
                opens.push(Open { key: name.map(|name| name.as_str().into()), kept, superseded });
            }
        }
        Ok(opens)
    }

    fn name(&self, number: usize) -> [(String, Json); 2] {
        let Done { op, seq, .. } = &self.done[number];
        [("replica".into(), op.replica.as_str().into()), ("seq".into(), Json::from(*seq))]
    }

    fn decision_json(&self, open: &Open) -> Json {
        let list = |numbers: &[usize]| {
            let name = |number: &usize| Json::Object(self.name(*number).into());
            Json::Array(numbers.iter().map(name).collect())
        };
        let mut members: Vec<(String, Json)> = Vec::new();
        members.extend(open.key.clone().map(|key| ("key".into(), key)));
        members.push(("kept".into(), list(&open.kept)));
        members.push(("superseded".into(), list(&open.superseded)));
        Json::Object(members)
    }
}

/// An open merge decision; operations are numbers.
struct Open {
    key: Option<Json>,
    kept: Vec<usize>,
    superseded: Vec<usize>,
}

fn is_addition(operation: &Operation) -> bool {
    matches!(operation, Operation::Add { .. } | Operation::Enable)
}

fn key(operation: &Operation) -> Option<&Name> {
    match operation {
        Operation::Add { element }
        | Operation::Remove { element }
        | Operation::Insert { element, .. }
        | Operation::Erase { element } => Some(element),
        Operation::Put { key, .. } | Operation::Delete { key, .. } => Some(key),
        _ => None,
    }
}

/// The value and the timestamp of a write.
fn written(operation: &Operation) -> (&Json, Option<rejoin_trace::Timestamp>) {
    match operation {
        Operation::Write { value, timestamp } | Operation::Put { value, timestamp, .. } => {
            (value, *timestamp)
        }
        Operation::Append { entry, timestamp } => (entry, *timestamp),
        Operation::Delete { timestamp, .. } => (&Json::Null, *timestamp),
        _ => (&Json::Null, None),
    }
}

fn text_of(bits: &Bits) -> String {
    let numbers: Vec<String> = bits.iter().map(|number| number.to_string()).collect();
    numbers.join(",")
}
