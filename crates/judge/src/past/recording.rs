//! From events to history: what each line says that happened, or why it cannot have.

use super::explicit::{State, TooLarge};
use super::history::{self, Effect, How, NONE, OpId, Seen};
use super::{Happened, IllFormed, Message, OpRef, Past, Snapshot, States, Stop, Transfer, ill};
use crate::wording::shown;
use crate::{Warning, WarningRule};
use rejoin::json::Json;
use rejoin::object::TraceType;
use rejoin_trace::{Content, Event, ExplicitState, Name, Op, Operation, Stamps, Timestamp};
use std::rc::Rc;

impl Past {
    /// Records what one line says that happened; a claim only says that something did.
    pub fn record(&mut self, event: &Event) -> Result<Happened, Stop> {
        match event {
            Event::Note { .. } => return Ok(Happened::Nothing),
            Event::Load { replica, object, state } => {
                let (replica, object) = (self.replica("replica", replica)?, self.object(object)?);
                let Some(state) = state else {
                    let kind = self.history.objects[object as usize].kind.as_str();
                    let what = self.object_shown(object);
                    let message = format!("{what} is of type {kind}, which has no explicit states");
                    return Err(ill("event", message));
                };
                self.load(replica, object, state)?;
                return Ok(Happened::Nothing);
            }
            _ => self.active = true,
        }
        Ok(match event {
            Event::Note { .. } | Event::Load { .. } | Event::Claim(_) => Happened::Nothing,
            Event::Op(op) => self.op(op)?,
            Event::Send { replica, message, to: _, content, relays } => {
                let sender = self.replica("replica", replica)?;
                self.send(sender, message, content, relays)?
            }
            Event::Receive { replica, message } => {
                let replica = self.replica("replica", replica)?;
                self.receive(replica, message)?
            }
            Event::Merge { replica, from, objects } => {
                let (to, from) = (self.replica("replica", replica)?, self.replica("from", from)?);
                let objects = self.objects(objects.as_deref())?;
                self.has_limited_exchanges |= objects.is_some();
                self.touch(from, objects.as_deref());
                self.touch(to, objects.as_deref());
                let merged = self.transfer(from, to, objects.as_deref(), How::Merged(from));
                Happened::Transferred(merged.into_iter().collect())
            }
            Event::Sync { replicas, objects } => {
                let a = self.replica("replicas", &replicas[0])?;
                let b = self.replica("replicas", &replicas[1])?;
                let objects = self.objects(objects.as_deref())?;
                self.has_limited_exchanges |= objects.is_some();
                self.touch(a, objects.as_deref());
                self.touch(b, objects.as_deref());
                let there = self.transfer(a, b, objects.as_deref(), How::Synced(a));
                let back = self.transfer(b, a, objects.as_deref(), How::Synced(b));
                Happened::Transferred(there.into_iter().chain(back).collect())
            }
            Event::Save { replica, snapshot } => {
                let replica = self.replica("replica", replica)?;
                if self.snapshot_names.find(snapshot).is_some() {
                    return Err(taken("snapshot", "snapshot", snapshot));
                }
                self.touch(replica, None);
                let number = self.snapshot_names.intern(snapshot);
                self.snapshots.push(Snapshot {
                    name: self.snapshot_names.text(number).clone(),
                    line: self.line,
                    replica,
                    seen: self.seen(replica),
                    states: self.states[replica as usize].clone(),
                });
                Happened::Saved { replica }
            }
            Event::Restore { replica, snapshot } => {
                let replica = self.replica("replica", replica)?;
                self.restore(replica, snapshot)?
            }
        })
    }

    /// The trace turns out to load.
    pub(super) fn loads(&mut self) -> Result<(), Stop> {
        self.trace_loads = true;
        match self.stamps {
            Stamps::Explicit => Ok(()),
            Stamps::Own => Err(Stop::OwnStampsLoaded(IllFormed {
                field: "stamps",
                message: "a trace that loads states cannot have stamps of its own: a state \
                          carries its timestamps"
                    .into(),
            })),
        }
    }

    fn touch(&mut self, replica: u32, objects: Option<&[u32]>) {
        let touched = &mut self.touched[replica as usize];
        match objects {
            None => touched.all = true,
            Some(_) if touched.all => {}
            Some(objects) => touched.objects.extend(objects),
        }
    }

    fn load(&mut self, replica: u32, object: u32, state: &ExplicitState) -> Result<(), Stop> {
        if !self.loaded[object as usize] {
            if self.active && !self.all_loads_known {
                return Err(Stop::LoadAfterUse);
            }
            self.loaded[object as usize] = true;
            self.loads()?;
        }
        let touched = &self.touched[replica as usize];
        let (who, what) = (self.replica_shown(replica), self.object_shown(object));
        if self.states[replica as usize].contains_key(&object) && !touched.objects.contains(&object)
        {
            let message = format!("{who} has loaded {what} before; a load comes once");
            return Err(ill("object", message));
        }
        if touched.all || touched.objects.contains(&object) {
            return Err(ill(
                "event",
                format!(
                    "this load is late: {who} has already used {what}; a load comes before the \
                     replica's first operation on the object and the first send, receive, merge, \
                     sync or save that covers it"
                ),
            ));
        }
        let state = State::load(state).map_err(|TooLarge| beyond_128_bits(self.line))?;
        self.history.charge(state.len() as u64);
        self.states[replica as usize].insert_mut(object, Rc::new(state));
        Ok(())
    }

    fn op(&mut self, op: &Op) -> Result<Happened, Stop> {
        let (replica, object) = (self.replica("replica", &op.replica)?, self.object(&op.object)?);
        let kind = self.history.objects[object as usize].kind;
        if !op.operation.is_of(kind) {
            let (name, what) = (op.operation.as_str(), self.object_shown(object));
            let has = rejoin_trace::operations_of(kind).join(" and ");
            let kind = kind.as_str();
            let message = format!("{what} is of type {kind}, which has no {name}; it has {has}");
            return Err(ill("op", message));
        }
        if let Some(id) = &op.id
            && self.op_ids.contains_key(id.as_str())
        {
            return Err(taken("id", "operation id", id));
        }
        self.coverage.operations += 1;
        if op.inexact {
            let message = "a number is an integer outside −2^63 to 2^64 − 1: it is read as the \
                           nearest double";
            self.warn(WarningRule::InexactNumber, message.into());
        }
        let reference = if self.loaded[object as usize] {
            self.touch(replica, Some(&[object]));
            self.perform_on_state(replica, object, &op.operation)?;
            OpRef::OfLoaded
        } else {
            OpRef::Op(self.perform(replica, object, op)?)
        };
        if let Some(id) = &op.id {
            self.op_ids.insert(id.as_str().into(), reference);
        }
        Ok(match reference {
            OpRef::Op(op) => Happened::Performed { replica, op },
            OpRef::OfLoaded => Happened::Nothing,
        })
    }

    fn perform_on_state(
        &mut self,
        replica: u32,
        object: u32,
        operation: &Operation,
    ) -> Result<(), Stop> {
        let kind = self.history.objects[object as usize].kind;
        let name = self.history.replicas[replica as usize].name.clone();
        let states = &self.states[replica as usize];
        let known = states.get(&object);
        let mut state = known.map_or_else(|| State::bottom(kind), |state| (**state).clone());
        state.perform(&name, operation).map_err(|TooLarge| beyond_128_bits(self.line))?;
        self.states[replica as usize].insert_mut(object, Rc::new(state));
        Ok(())
    }

    fn perform(&mut self, replica: u32, object: u32, op: &Op) -> Result<OpId, Stop> {
        if self.history.ops.len() as u32 == NONE - 1 {
            return Err(Stop::Limit("more than 2^32 − 2 operations".into()));
        }
        let kind = self.history.objects[object as usize].kind;
        if kind == TraceType::List {
            self.refuse_element(replica, object, &op.operation)?;
        }
        let mut wrote = |value: &Json, timestamp: &Option<Timestamp>| {
            self.history.wrote(&value.canonical(), timestamp.unwrap_or_default())
        };
        let (key, effect) = match &op.operation {
            Operation::Increment { amount } => (None, Effect::Increment(*amount)),
            Operation::Decrement { amount } => (None, Effect::Decrement(*amount)),
            Operation::Write { value, .. }
                if matches!(kind, TraceType::MaxRegister | TraceType::MinRegister) =>
            {
                let integer = match value {
                    Json::Number(number) => number.as_exact(),
                    _ => None,
                };
                (None, Effect::offered(integer.unwrap_or_default()))
            }
            Operation::Write { value, timestamp } => (Some(""), wrote(value, timestamp)),
            Operation::Add { element } | Operation::Insert { element, .. } => {
                (Some(&**element), Effect::Added)
            }
            Operation::Remove { element } | Operation::Erase { element } => {
                (Some(&**element), Effect::Removed)
            }
            Operation::Enable => (Some(""), Effect::Added),
            Operation::Disable => (Some(""), Effect::Removed),
            Operation::Put { key, value, timestamp } => (Some(&**key), wrote(value, timestamp)),
            Operation::Delete { key, timestamp } => (Some(&**key), wrote(&Json::Null, timestamp)),
            Operation::Append { entry, timestamp } => (None, wrote(entry, timestamp)),
            Operation::Perform { name, .. } => {
                (None, Effect::Performed(self.history.values.intern(name)))
            }
        };
        let is_stamped = kind.is_stamped() && self.stamps == Stamps::Explicit;
        if let (Some(key), true) = (key, is_stamped) {
            self.warn_of_stamp(replica, object, key, effect);
        }
        let user = op.user.as_ref().map_or(NONE, |user| self.history.users.intern(user));
        let before = self.history.ops.len() as u128;
        let seen = u128::from(self.history.seen(replica).size);
        self.coverage.concurrent_pairs += before - seen;
        let id = self.history.perform(replica, object, key, effect, user, self.line);
        self.conflicts.note(&self.history, id);
        if let (Some(_), Effect::Wrote { value, timestamp, rest }, true) = (key, effect, is_stamped)
        {
            let key = self.history.ops[id as usize].key;
            let name = (key, replica, timestamp, rest);
            let written = self.written.entry(name).or_insert(Some(value));
            *written = written.filter(|other| *other == value);
        }
        Ok(id)
    }

    /// Refuses what a list cannot do: an element inserted twice, or one that the replica has not
    /// seen inserted.
    fn refuse_element(&self, replica: u32, object: u32, operation: &Operation) -> Result<(), Stop> {
        let unseen = |field: &'static str, element: &str| {
            if self.inserted(replica, object, element).is_some() {
                return Ok(());
            }
            let (who, what) = (self.replica_shown(replica), shown(element));
            let message = match self.history.insert_of(object, element) {
                None => format!("no earlier line inserts {what} into this list"),
                Some(insert) => format!(
                    "{who} has not seen that {what} was inserted, on line {}",
                    self.history.ops[insert as usize].line
                ),
            };
            Err(ill(field, message))
        };
        match operation {
            Operation::Insert { element, after, before, .. } => {
                if let Some(insert) = self.history.insert_of(object, element) {
                    let line = self.history.ops[insert as usize].line;
                    let what = shown(element);
                    let message = format!(
                        "{what} was inserted on line {line}; each insert names an element of its own"
                    );
                    return Err(ill("element", message));
                }
                after.as_deref().map_or(Ok(()), |after| unseen("after", after))?;
                before.as_deref().map_or(Ok(()), |before| unseen("before", before))
            }
            Operation::Erase { element } => unseen("element", element),
            _ => Ok(()),
        }
    }

    fn warn_of_stamp(&mut self, replica: u32, object: u32, key: &str, effect: Effect) {
        let Effect::Wrote { value, timestamp: first, rest } = effect else { return };
        let timestamp = self.history.timestamp(effect);
        let Some(number) = self.history.find_key(object, key) else { return };
        let seen = self.history.seen(replica).clone();
        if let Some(winner) = self.history.winner(number, &seen) {
            let rank = self.history.replicas[replica as usize].rank;
            let (greatest, by, _, _) = self.history.stamp(winner);
            if (timestamp, rank) <= (greatest, by) {
                let line = self.history.ops[winner as usize].line;
                let who = self.replica_shown(replica);
                let message = format!(
                    "{who} writes with timestamp {timestamp}, which is not above the write with \
                     timestamp {greatest} on line {line} that it has seen: the new write loses"
                );
                let message = if timestamp == greatest && by == rank {
                    message.replace("the new write loses", "a later seq or the bytes decide")
                } else {
                    message
                };
                self.warn(WarningRule::ClockRegression, message);
            }
        }
        let written = self.written.get(&(number, replica, first, rest));
        if written.is_some_and(|other| *other != Some(value)) {
            let who = self.replica_shown(replica);
            let message = format!(
                "{who} has given timestamp {timestamp} to another value of the same key before"
            );
            self.warn(WarningRule::StampReuse, message);
        }
    }

    fn warn(&mut self, rule: WarningRule, message: String) {
        self.warnings.push(Warning { line: self.line.into(), rule, message });
    }

    fn send(
        &mut self,
        sender: u32,
        name: &str,
        content: &Content,
        relays: &[Name],
    ) -> Result<Happened, Stop> {
        if self.message_names.find(name).is_some() {
            return Err(taken("message", "message", name));
        }
        let seen = self.history.seen(sender).clone();
        let mut objects = None;
        let held = match content {
            Content::All => history::Content::All(seen),
            Content::Objects(names) => {
                objects = self.objects(Some(names))?;
                history::Content::Objects(seen, objects.clone().unwrap_or_default())
            }
            Content::Since(names) => {
                self.not_when_loading("since")?;
                let messages = names
                    .iter()
                    .map(|name| Ok(self.message("since", name)? as usize))
                    .collect::<Result<Vec<_>, Stop>>()?;
                if messages.is_empty() {
                    history::Content::All(seen)
                } else {
                    let held: Vec<_> =
                        messages.iter().map(|message| &self.messages[*message].content).collect();
                    self.history.less(&seen, &held)
                }
            }
            Content::Operations(ids) => {
                self.not_when_loading("operations")?;
                let mut ops = ids
                    .iter()
                    .map(|id| self.seen_op(sender, &seen, id))
                    .collect::<Result<Vec<_>, _>>()?;
                ops.sort_unstable();
                ops.dedup();
                history::Content::Listed(ops.into())
            }
        };
        self.touch(sender, objects.as_deref());
        let mut states = self.states[sender as usize].clone();
        let mut held = held;
        if !relays.is_empty() {
            self.has_relays = true;
            let relayed = relays
                .iter()
                .map(|name| Ok(self.message("relays", name)? as usize))
                .collect::<Result<Vec<_>, Stop>>()?;
            let mut contents = vec![&held];
            contents.extend(relayed.iter().map(|message| &self.messages[*message].content));
            held = history::Content::Relayed(self.history.held(&contents));
            (states, objects) = self.relayed_states(states, objects, &relayed);
        }
        let number = self.message_names.intern(name);
        self.coverage.messages += 1;
        self.messages.push(Message {
            name: self.message_names.text(number).clone(),
            sender,
            line: self.line,
            content: held,
            states,
            objects,
            received: false,
        });
        Ok(Happened::Sent { replica: sender })
    }

    /// The states that a message holds with those that it relays, and the objects that both cover.
    fn relayed_states(
        &self,
        mut states: States,
        mut objects: Option<Box<[u32]>>,
        relayed: &[usize],
    ) -> (States, Option<Box<[u32]>>) {
        let within = |objects: &Option<Box<[u32]>>, object: &u32| {
            objects.as_ref().is_none_or(|objects| objects.binary_search(object).is_ok())
        };
        let outside: Vec<u32> =
            states.keys().filter(|object| !within(&objects, object)).copied().collect();
        for object in outside {
            states.remove_mut(&object);
        }
        for message in relayed.iter().map(|message| &self.messages[*message]) {
            for (object, state) in &message.states {
                self.history.charge(1 + state.len() as u64);
                if !within(&message.objects, object) {
                    continue;
                }
                let joined = match states.get(object) {
                    None => state.clone(),
                    Some(known) => {
                        let mut joined = (**known).clone();
                        joined.join(state);
                        Rc::new(joined)
                    }
                };
                states.insert_mut(*object, joined);
            }
            objects = match (objects, &message.objects) {
                (Some(ours), Some(theirs)) => {
                    let mut both = [&*ours, &**theirs].concat();
                    both.sort_unstable();
                    both.dedup();
                    Some(both.into())
                }
                _ => None,
            };
        }
        (states, objects)
    }

    fn seen_op(&self, sender: u32, seen: &Seen, id: &str) -> Result<OpId, Stop> {
        let message = match self.op_ids.get(id) {
            Some(OpRef::Op(op)) if self.history.contains(seen, *op) => return Ok(*op),
            Some(OpRef::Op(op)) => format!(
                "{} has not seen operation {} of line {}, so it cannot send it",
                self.replica_shown(sender),
                shown(id),
                self.history.ops[*op as usize].line
            ),
            Some(OpRef::OfLoaded) => {
                format!("operation {} is on a loaded object, whose states are sent", shown(id))
            }
            None => format!("no operation on an earlier line has the id {}", shown(id)),
        };
        Err(ill("operations", message))
    }

    fn not_when_loading(&self, field: &'static str) -> Result<(), Stop> {
        if !self.trace_loads {
            return Ok(());
        }
        Err(ill(
            field,
            format!("{field} cannot stand in a trace that loads states, which have no operations"),
        ))
    }

    fn receive(&mut self, replica: u32, name: &str) -> Result<Happened, Stop> {
        let number = self.message("message", name)?;
        let message = &mut self.messages[number as usize];
        message.received = true;
        let sender = message.sender;
        let (objects, states) = (message.objects.clone(), message.states.clone());
        // Repeated or overtaken, a message still brings what it holds.
        if !self.received.insert((replica, number)) {
            self.coverage.repeated += 1;
        }
        let newest = self.newest.entry((replica, sender)).or_insert(number);
        if *newest > number {
            self.coverage.reordered += 1;
        } else {
            *newest = number;
        }
        self.touch(replica, objects.as_deref());
        let (line, how) = (self.line, How::Received(number));
        let before = self.seen(replica);
        let message = &self.messages[number as usize];
        let is_new = self.history.learn(replica, &message.content, line, how);
        self.note_idle(replica, how, is_new);
        self.join_states(replica, &states, objects.as_deref());
        Ok(match is_new {
            true => Happened::Received { replica, message: number, before },
            false => Happened::Nothing,
        })
    }

    /// Says what was transferred, where that was anything new.
    fn transfer(
        &mut self,
        from: u32,
        to: u32,
        objects: Option<&[u32]>,
        how: How,
    ) -> Option<Transfer> {
        let seen = self.history.seen(from).clone();
        let content = match objects {
            None => history::Content::All(seen),
            Some(objects) => history::Content::Objects(seen, objects.into()),
        };
        let before = self.seen(to);
        let is_new = self.history.learn(to, &content, self.line, how);
        self.note_idle(to, how, is_new);
        let states = self.states[from as usize].clone();
        self.join_states(to, &states, objects);
        is_new.then(|| Transfer { from, to, before, after: self.seen(to) })
    }

    /// A reception that brought nothing begins no epoch, but may be where an implementation fails.
    fn note_idle(&mut self, replica: u32, how: How, is_new: bool) {
        if !is_new {
            self.idle[replica as usize].push((self.line, how));
        }
    }

    fn join_states(&mut self, replica: u32, states: &States, objects: Option<&[u32]>) {
        for (object, theirs) in states {
            self.history.charge(1);
            if objects.is_some_and(|objects| objects.binary_search(object).is_err()) {
                continue;
            }
            let joined = match self.states[replica as usize].get(object) {
                Some(ours) if Rc::ptr_eq(ours, theirs) => continue,
                Some(ours) => {
                    self.history.charge(theirs.len() as u64);
                    let mut joined = (**ours).clone();
                    joined.join(theirs);
                    Rc::new(joined)
                }
                None => theirs.clone(),
            };
            self.states[replica as usize].insert_mut(*object, joined);
        }
    }

    fn restore(&mut self, replica: u32, name: &str) -> Result<Happened, Stop> {
        let Some(number) = self.snapshot_names.find(name) else {
            let message = format!("snapshot {} was not saved on an earlier line", shown(name));
            return Err(ill("snapshot", message));
        };
        let snapshot = &self.snapshots[number as usize];
        if snapshot.replica != replica {
            let (name, who) = (shown(name), self.replica_shown(replica));
            let whose = self.replica_shown(snapshot.replica);
            let message = format!("backup {name} is of {whose}; {who} has its own to go back to");
            return Err(ill("snapshot", message));
        }
        let (seen, states) = (snapshot.seen.clone(), snapshot.states.clone());
        let incarnation = self.history.replicas[replica as usize].branches.len() as u64;
        self.coverage.restores += 1;
        self.touch(replica, None);
        self.history.restore(replica, seen, self.line, number);
        self.states[replica as usize] = states;
        Ok(Happened::Restored { replica, snapshot: number, incarnation })
    }
}

fn taken(field: &'static str, what: &str, name: &str) -> Stop {
    ill(field, format!("{what} {} was given on an earlier line; each names one", shown(name)))
}

fn beyond_128_bits(line: u32) -> Stop {
    Stop::Limit(format!("line {line}: a counter's share is beyond 2^128 − 1"))
}
