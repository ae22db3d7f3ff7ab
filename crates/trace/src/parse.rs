//! From the text of a line to the header or an event: every rule of the grammar.
//!
//! Meaning: spec/trace-format.md, sections 1, 2 and 5. This module checks each line by itself; the
//! judge of the history checks whether it is possible after the lines before it.
//! Cost: one pass over the line, and a second one to find the place of a fault.

use super::event::*;
use hashbrown::{HashMap, HashSet};
use rejoin::json::{self, Excerpt, Field, Json, Parsed, Parser, Step, SyntaxError};
use rejoin::object::{Priority, TraceType};
use std::borrow::Cow;
use std::fmt::Write;

/// How many bytes a name may have.
pub const MAX_NAME: usize = rejoin::limits::MAX_NAME;
/// How many replicas a trace may declare, and how many objects.
pub const MAX_DECLARED: usize = 65_536;

/// The parts of the header that decide how events are read.
pub(super) struct Context {
    stamps: Stamps,
    kinds: HashMap<Name, TraceType>,
}

impl Context {
    pub(super) fn new(header: &Header) -> Self {
        let kinds = header.objects.iter().map(|(name, declared)| (name.clone(), declared.kind));
        Self { stamps: header.stamps, kinds: kinds.collect() }
    }

    /// Whether an answer about this object consists of counts, of any size. The judge of the
    /// history refuses an object that was never declared.
    fn is_counted(&self, object: &str) -> bool {
        self.kinds.get(object).is_none_or(|kind| *kind == TraceType::GCounter)
    }
}

/// Reads line 1.
pub(super) fn header(text: &str) -> Parsed<Header> {
    let record = Record::of_line(text, "the header")?;
    read_header(record).map_err(|violation| violation.place(text))
}

/// Reads a later line.
pub(super) fn event(text: &str, context: &Context) -> Parsed<Event> {
    let record = Record::of_line(text, "an event")?;
    read_event(record, context).map_err(|violation| violation.place(text))
}

// The header.

const OBJECT_TYPES: [(&str, TraceType); TraceType::ALL.len()] = {
    let mut named = [("", TraceType::GCounter); TraceType::ALL.len()];
    let mut i = 0;
    while i < named.len() {
        named[i] = (TraceType::ALL[i].as_str(), TraceType::ALL[i]);
        i += 1;
    }
    named
};
const PRIORITIES: [(&str, Priority); 3] =
    [("high", Priority::High), ("medium", Priority::Medium), ("low", Priority::Low)];
const STAMPS: [(&str, Stamps); 2] = [("explicit", Stamps::Explicit), ("own", Stamps::Own)];

fn read_header(mut record: Record<'_>) -> ReadResult<Header> {
    record.decisive("trace", &[("rejoin/1", ())])?;
    let header = Header {
        replicas: record.required("replicas", declared_replicas)?,
        objects: record.required("objects", declared_objects)?,
        stamps: record.choice("stamps", &STAMPS)?.unwrap_or_default(),
        implementation: record.optional("implementation", implementation)?,
        note: record.optional("note", string)?,
    };
    record.finish()?;
    Ok(header)
}

fn declared_replicas(json: Json) -> ReadResult<Vec<Name>> {
    let replicas = names(json)?;
    match replicas.len() {
        0 => Err(Violation::new("no replica is declared, expected at least one".into())),
        1..=MAX_DECLARED => Ok(replicas),
        count => Err(Violation::new(too_many("replicas", count)).in_item(MAX_DECLARED)),
    }
}

fn declared_objects(json: Json) -> ReadResult<Vec<(Name, Declaration)>> {
    let objects = map(json, "declarations by name", declaration)?;
    match objects.get(MAX_DECLARED) {
        None => Ok(objects),
        Some((name, _)) => Err(Violation::of_name(name, too_many("objects", objects.len()))),
    }
}

fn too_many(what: &str, count: usize) -> String {
    format!("{count} {what} are declared, expected at most {MAX_DECLARED}")
}

fn declaration(json: Json) -> ReadResult<Declaration> {
    let mut record = Record::of_declaration(json, "the declaration of an object")?;
    let kind = record.decisive("type", &OBJECT_TYPES)?.1;
    let priority = record.choice("priority", &PRIORITIES)?.unwrap_or_default();
    record.finish()?;
    Ok(Declaration { kind, priority })
}

fn implementation(json: Json) -> ReadResult<Implementation> {
    let mut record = Record::of_declaration(json, "`implementation`")?;
    let name = record.optional("name", string)?;
    let version = record.optional("version", string)?;
    record.finish()?;
    Ok(Implementation { name, version })
}

// The events.

type ReadEvent = fn(&mut Record<'_>, &Context) -> ReadResult<Event>;

const EVENTS: [(&str, ReadEvent); 17] = [
    ("op", op),
    ("send", send),
    ("receive", receive),
    ("merge", merge),
    ("sync", sync),
    ("save", save),
    ("restore", restore),
    ("load", load),
    ("note", note),
    ("read", read),
    ("vector", vector),
    ("digest", digest),
    ("converged", converged),
    ("decisions", decisions),
    ("notices", notices),
    ("state", state),
    ("failed", failed),
];

fn read_event(mut record: Record<'_>, context: &Context) -> ReadResult<Event> {
    let (name, read) = record.decisive("event", &EVENTS)?;
    record.what = name;
    let event = read(&mut record, context)?;
    record.finish()?;
    Ok(event)
}

type ReadOperation = fn(&mut Record<'_>, Stamps, Option<TraceType>) -> ReadResult<Operation>;

const OPERATIONS: [(&str, ReadOperation); 11] = [
    ("increment", |record, _, _| {
        let amount = record.optional("amount", amount)?.unwrap_or(1);
        Ok(Operation::Increment { amount })
    }),
    ("write", |record, stamps, kind| {
        let value = record.value("value")?;
        if matches!(kind, Some(TraceType::MaxRegister | TraceType::MinRegister))
            && record.missing.is_none()
            && !matches!(&value, Json::Number(number) if number.as_exact().is_some())
        {
            let what = "an integer from −2^63 to 2^64 − 1";
            return Err(Violation::expected(what, &value).in_member("value"));
        }
        Ok(Operation::Write { value, timestamp: record.timestamp(stamps, kind)? })
    }),
    ("add", |record, _, _| Ok(Operation::Add { element: record.name("element")? })),
    ("remove", |record, _, _| Ok(Operation::Remove { element: record.name("element")? })),
    ("put", |record, stamps, kind| {
        let key = record.name("key")?;
        let value = record.value("value")?;
        Ok(Operation::Put { key, value, timestamp: record.timestamp(stamps, kind)? })
    }),
    ("delete", |record, stamps, kind| {
        let is_lists = match kind {
            Some(TraceType::List) => true,
            Some(kind) if kind.is_map() => false,
            _ => record.has("element"),
        };
        if is_lists {
            return Ok(Operation::Erase { element: record.name("element")? });
        }
        let key = record.name("key")?;
        Ok(Operation::Delete { key, timestamp: record.timestamp(stamps, kind)? })
    }),
    ("append", |record, stamps, kind| {
        let entry = record.value("entry")?;
        Ok(Operation::Append { entry, timestamp: record.timestamp(stamps, kind)? })
    }),
    ("decrement", |record, _, _| {
        let amount = record.optional("amount", amount)?.unwrap_or(1);
        Ok(Operation::Decrement { amount })
    }),
    ("enable", |_, _, _| Ok(Operation::Enable)),
    ("disable", |_, _, _| Ok(Operation::Disable)),
    ("insert", |record, _, _| {
        let element = record.name("element")?;
        let after = record.optional("after", name_or_null)?.flatten();
        let before = record.optional("before", name_or_null)?.flatten();
        let value = record.optional_value("value")?;
        Ok(Operation::Insert { element, after, before, value })
    }),
];

fn op(record: &mut Record<'_>, context: &Context) -> ReadResult<Event> {
    let replica = record.name("replica")?;
    let object = record.name("object")?;
    let kind = context.kinds.get(&object).copied();
    let operation = if kind == Some(TraceType::Opaque) {
        if !record.has("op") {
            return Err(Violation::new("op lacks the field `op`, expected a name".into()));
        }
        let name = record.name("op")?;
        record.what = "an operation of an opaque object";
        Operation::Perform { name, arguments: record.optional_value("arguments")? }
    } else {
        let (name, read) = record.decisive("op", &OPERATIONS)?;
        record.what = name;
        if let Some(kind) = kind.filter(|kind| !operations_of(*kind).contains(&name)) {
            let (kind, has) = (kind.as_str(), operations_of(kind).join(" and "));
            record.hint = format!(
                "; {} is of type {kind}, which has no {name}: it has {has}",
                Excerpt(&object)
            );
        }
        read(record, context.stamps, kind)?
    };
    let id = record.optional("id", name_of)?;
    let user = record.optional("user", name_of)?;
    let inexact = record.unusual
        && match &operation {
            Operation::Write { value, .. } | Operation::Put { value, .. } => has_inexact(value),
            Operation::Append { entry, .. } => has_inexact(entry),
            Operation::Insert { value: Some(value), .. } => has_inexact(value),
            Operation::Perform { arguments: Some(arguments), .. } => has_inexact(arguments),
            _ => false,
        };
    Ok(Event::Op(Op { replica, object, operation, id, user, inexact }))
}

fn send(record: &mut Record<'_>, _: &Context) -> ReadResult<Event> {
    let replica = record.name("replica")?;
    let message = record.name("message")?;
    let to = record.optional("to", name_of)?;
    let mut content = Content::All;
    for (field, hold) in [
        ("objects", Content::Objects as fn(Vec<Name>) -> Content),
        ("since", Content::Since),
        ("operations", Content::Operations),
    ] {
        let Some(names) = record.optional(field, names)? else { continue };
        if content != Content::All {
            let message = "a send has at most one of `objects`, `since` and `operations`";
            return Err(Violation::of_name(field, message.into()));
        }
        content = hold(names);
    }
    let relays = record.optional("relays", names)?.unwrap_or_default();
    Ok(Event::Send { replica, message, to, content, relays })
}

fn receive(record: &mut Record<'_>, _: &Context) -> ReadResult<Event> {
    Ok(Event::Receive { replica: record.name("replica")?, message: record.name("message")? })
}

fn merge(record: &mut Record<'_>, _: &Context) -> ReadResult<Event> {
    let replica = record.name("replica")?;
    let from = record.name("from")?;
    Ok(Event::Merge { replica, from, objects: record.optional("objects", names)? })
}

fn sync(record: &mut Record<'_>, _: &Context) -> ReadResult<Event> {
    let replicas = record.required("replicas", |json| {
        <[Name; 2]>::try_from(distinct_replicas(json)?).map_err(|names| {
            Violation::new(format!("expected two replicas, but found {}", names.len()))
        })
    })?;
    Ok(Event::Sync { replicas, objects: record.optional("objects", names)? })
}

fn save(record: &mut Record<'_>, _: &Context) -> ReadResult<Event> {
    Ok(Event::Save { replica: record.name("replica")?, snapshot: record.name("snapshot")? })
}

fn restore(record: &mut Record<'_>, _: &Context) -> ReadResult<Event> {
    Ok(Event::Restore { replica: record.name("replica")?, snapshot: record.name("snapshot")? })
}

fn load(record: &mut Record<'_>, context: &Context) -> ReadResult<Event> {
    let replica = record.name("replica")?;
    let object = record.name("object")?;
    let kind = context.kinds.get(&object);
    let unusual = record.unusual;
    let state = record.required("state", |json| match kind {
        Some(kind) => explicit_state(*kind, json, unusual),
        None => Ok(None),
    })?;
    Ok(Event::Load { replica, object, state })
}

fn note(record: &mut Record<'_>, _: &Context) -> ReadResult<Event> {
    Ok(Event::Note { text: record.required("text", string)? })
}

fn read(record: &mut Record<'_>, context: &Context) -> ReadResult<Event> {
    let replica = record.name("replica")?;
    let object = record.name("object")?;
    let element = record.optional("element", name_of)?;
    let key = record.optional("key", name_of)?;
    let query = record.optional_value("query")?;
    let value = record.answer("value", context.is_counted(&object))?;
    Ok(Event::Claim(Claim::Read { replica, object, element, key, query, value }))
}

fn vector(record: &mut Record<'_>, _: &Context) -> ReadResult<Event> {
    let replica = record.name("replica")?;
    let object = record.optional("object", name_of)?;
    Ok(Event::Claim(Claim::Vector { replica, object, vector: record.answer("vector", true)? }))
}

fn digest(record: &mut Record<'_>, _: &Context) -> ReadResult<Event> {
    let replica = record.name("replica")?;
    let object = record.optional("object", name_of)?;
    let algorithm = record.optional("algorithm", string)?;
    let digest = record.value("digest")?;
    Ok(Event::Claim(Claim::Digest { replica, object, algorithm, digest }))
}

fn converged(record: &mut Record<'_>, _: &Context) -> ReadResult<Event> {
    let replicas = record.required("replicas", |json| {
        let replicas = distinct_replicas(json)?;
        match replicas.len() {
            count @ 0..2 => {
                Err(Violation::new(format!("expected two replicas or more, but found {count}")))
            }
            _ => Ok(replicas),
        }
    })?;
    Ok(Event::Claim(Claim::Converged { replicas }))
}

fn decisions(record: &mut Record<'_>, _: &Context) -> ReadResult<Event> {
    let replica = record.name("replica")?;
    let object = record.name("object")?;
    let decisions = record.answer("decisions", true)?;
    Ok(Event::Claim(Claim::Decisions { replica, object, decisions }))
}

fn notices(record: &mut Record<'_>, _: &Context) -> ReadResult<Event> {
    let replica = record.name("replica")?;
    let user = record.name("user")?;
    let notices = record.answer("notices", true)?;
    Ok(Event::Claim(Claim::Notices { replica, user, notices }))
}

fn state(record: &mut Record<'_>, context: &Context) -> ReadResult<Event> {
    let replica = record.name("replica")?;
    let object = record.name("object")?;
    let state = record.answer("state", context.is_counted(&object))?;
    Ok(Event::Claim(Claim::State { replica, object, state }))
}

fn failed(record: &mut Record<'_>, _: &Context) -> ReadResult<Event> {
    let replica = record.name("replica")?;
    let text = record.required("text", string)?;
    let object = record.optional("object", name_of)?;
    let message = record.optional("message", name_of)?;
    Ok(Event::Claim(Claim::Failed { replica, text, object, message }))
}

// Explicit states.

/// The state of an object; `None` if its type has no explicit states.
fn explicit_state(kind: TraceType, json: Json, unusual: bool) -> ReadResult<Option<ExplicitState>> {
    let write = |json| state_write(json, unusual);
    Ok(Some(match kind {
        TraceType::GCounter => ExplicitState::GCounter(map(json, "shares by node", |json| {
            let what = "a count (an integer from 0, or a string of its digits)";
            json.count().ok_or_else(|| Violation::expected(what, &json))
        })?),
        TraceType::LwwRegister => ExplicitState::LwwRegister(match json {
            Json::Null => None,
            json => Some(write(json)?),
        }),
        TraceType::OrSet => {
            let mut record = Record::of_state(json, "the state of an or-set", unusual)?;
            let dots = |json| list(json, "additions", |json| state_dot(json, unusual));
            let adds = record.required("adds", dots)?;
            let removes = record.required("removes", dots)?;
            record.finish()?;
            ExplicitState::OrSet { adds, removes }
        }
        TraceType::LwwMap => ExplicitState::LwwMap(map(json, "writes by key", write)?),
        TraceType::Log => {
            ExplicitState::Log(list(json, "entries", |json| state_entry(json, unusual))?)
        }
        _ => {
            if unusual {
                fits_doubles(&json)?;
            }
            return Ok(None);
        }
    }))
}

fn state_write(json: Json, unusual: bool) -> ReadResult<StateWrite> {
    let mut record = Record::of_state(json, "a write in a state", unusual)?;
    let value = record.value("value")?;
    let timestamp = record.required("timestamp", timestamp)?;
    let replica = record.name("replica")?;
    record.finish()?;
    Ok(StateWrite { value, timestamp, replica })
}

fn state_dot(json: Json, unusual: bool) -> ReadResult<StateDot> {
    let mut record = Record::of_state(json, "an addition in a state", unusual)?;
    let element = record.name("element")?;
    let replica = record.name("replica")?;
    let seq = record.required("seq", count)?;
    record.finish()?;
    Ok(StateDot { element, replica, seq })
}

fn state_entry(json: Json, unusual: bool) -> ReadResult<StateEntry> {
    let mut record = Record::of_state(json, "an entry in a state", unusual)?;
    let entry = record.value("entry")?;
    let timestamp = record.required("timestamp", timestamp)?;
    let replica = record.name("replica")?;
    let seq = record.required("seq", count)?;
    record.finish()?;
    Ok(StateEntry { entry, timestamp, replica, seq })
}

// Values of fields.

fn string(json: Json) -> ReadResult<String> {
    match json {
        Json::String(string) => Ok(string),
        other => Err(Violation::expected("a string", &other)),
    }
}

fn name_of(json: Json) -> ReadResult<Name> {
    match json {
        Json::String(name) => match fault_of_name(&name) {
            None => Ok(name),
            Some(fault) => Err(Violation::new(fault)),
        },
        other => Err(Violation::expected("a name (a string of 1 to 1,024 bytes)", &other)),
    }
}

fn name_or_null(json: Json) -> ReadResult<Option<Name>> {
    match json {
        Json::Null => Ok(None),
        json => name_of(json).map(Some),
    }
}

fn fault_of_name(name: &str) -> Option<String> {
    match name.len() {
        0 => Some("an empty name, expected 1 to 1,024 bytes".into()),
        1..=MAX_NAME => None,
        length => Some(format!("a name of {length} bytes, expected 1 to 1,024")),
    }
}

fn names(json: Json) -> ReadResult<Vec<Name>> {
    list(json, "names", name_of)
}

/// Reads a list of replicas without repeats.
fn distinct_replicas(json: Json) -> ReadResult<Vec<Name>> {
    let names = names(json)?;
    match first_repeated(&names) {
        None => Ok(names),
        Some(i) => {
            let message = format!("the replica {} stands twice in one list", Excerpt(&names[i]));
            Err(Violation::new(message).in_item(i))
        }
    }
}

fn first_repeated(names: &[Name]) -> Option<usize> {
    let mut seen = HashSet::new();
    names.iter().position(|name| !seen.insert(name))
}

fn count(json: Json) -> ReadResult<u64> {
    json.as_count().ok_or_else(|| {
        let what = "an integer from 0 to 18446744073709551615 (2^64 − 1) or a string of its digits";
        Violation::expected(what, &json)
    })
}

fn timestamp(json: Json) -> ReadResult<Timestamp> {
    let Json::Array(parts) = json else { return Ok(count(json)?.into()) };
    let found = parts.len();
    let parts = list(Json::Array(parts), "counts", count)?;
    Timestamp::new(&parts).ok_or_else(|| {
        let most = Timestamp::PARTS;
        Violation::new(format!("a timestamp of {found} parts, expected one to {most}"))
    })
}

fn amount(json: Json) -> ReadResult<u64> {
    match count(json)? {
        0 => Err(Violation::new("expected an amount of at least 1, but found 0".into())),
        amount => Ok(amount),
    }
}

/// Reads each item of an array.
fn list<T>(json: Json, what: &str, read: impl Fn(Json) -> ReadResult<T>) -> ReadResult<Vec<T>> {
    let Json::Array(items) = json else {
        return Err(Violation::expected(&format!("an array of {what}"), &json));
    };
    let items = items.into_iter().enumerate();
    items.map(|(i, item)| read(item).map_err(|violation| violation.in_item(i))).collect()
}

/// Reads each member of an object that maps names to something.
fn map<T>(
    json: Json,
    what: &str,
    read: impl Fn(Json) -> ReadResult<T>,
) -> ReadResult<Vec<(Name, T)>> {
    let Json::Object(members) = json else {
        return Err(Violation::expected(&format!("an object of {what}"), &json));
    };
    let read_member = |(name, value): (Name, Json)| {
        if let Some(fault) = fault_of_name(&name) {
            return Err(Violation::of_name(&name, fault));
        }
        let value = read(value).map_err(|violation| violation.in_member(&name))?;
        Ok((name, value))
    };
    members.into_iter().map(read_member).collect()
}

/// Checks that every number in a value is exact or a double.
fn fits_doubles(json: &Json) -> ReadResult<()> {
    match json {
        Json::Number(number) if number.is_too_great() => {
            let message = format!(
                "{} is too great for a double, the greatest is 1.7976931348623157e308",
                Excerpt(number.as_str())
            );
            Err(Violation::new(message))
        }
        Json::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(i, item)| fits_doubles(item).map_err(|violation| violation.in_item(i))),
        Json::Object(members) => members.iter().try_for_each(|(name, value)| {
            fits_doubles(value).map_err(|violation| violation.in_member(name))
        }),
        _ => Ok(()),
    }
}

/// Whether a value has an integer outside of the exact range.
fn has_inexact(json: &Json) -> bool {
    match json {
        Json::Number(number) => number.is_inexact_integer(),
        Json::Array(items) => items.iter().any(has_inexact),
        Json::Object(members) => members.iter().any(|(_, value)| has_inexact(value)),
        _ => false,
    }
}

// Objects with known fields.

/// Members in the order of the text. A member that was taken has no value any more.
type Members<'t> = Vec<(Cow<'t, str>, Option<Field<'t>>)>;

/// How many fields such an object may have: those of an insert.
const MAX_FIELDS: usize = 10;

/// The members of an object with known fields, taken one after the other.
struct Record<'t> {
    /// The name of the object in messages.
    what: &'static str,
    members: Members<'t>,
    /// The index after the last member taken, which is likely to be asked for next.
    next: usize,
    /// The fields that were asked for, which are those that it may have.
    known: [&'static str; MAX_FIELDS],
    asked: usize,
    /// The first required field that is missing.
    missing: Option<&'static str>,
    /// Whether fields of the user's own, `x-…`, are ignored.
    extensible: bool,
    /// Whether a number in it may be out of range.
    unusual: bool,
    /// A hint in case a field is unknown or missing.
    hint: String,
}

impl<'t> Record<'t> {
    /// Reads a line, which must be one object.
    fn of_line(text: &'t str, what: &'static str) -> Parsed<Self> {
        let mut parser = Parser::new(text);
        if parser.peek() != Some(b'{') {
            let message = match text.chars().next() {
                Some('\u{feff}') => "a byte order mark, expected the `{` of a JSON object".into(),
                _ if parser.peek().is_none() => "a blank line, expected a JSON object".into(),
                _ => return Err(parser.expected("the `{` of a JSON object")),
            };
            return Err(Box::new(SyntaxError { offset: 0, message }));
        }
        let members = parser.members(1, |parser, _| parser.field().map(Some))?;
        parser.end()?;
        Ok(Self::new(what, members, true, parser.unusual))
    }

    /// Splits a declaration into its members. Its numbers have no meaning.
    fn of_declaration(json: Json, what: &'static str) -> ReadResult<Self> {
        Ok(Self::new(what, Self::members_of(json, what)?, true, false))
    }

    /// Splits a part of an explicit state into its members; it may have no `x-` fields.
    fn of_state(json: Json, what: &'static str, unusual: bool) -> ReadResult<Self> {
        Ok(Self::new(what, Self::members_of(json, what)?, false, unusual))
    }

    fn members_of(json: Json, what: &str) -> ReadResult<Members<'t>> {
        match json {
            Json::Object(members) => Ok(members
                .into_iter()
                .map(|(name, value)| (name.into(), Some(value.into())))
                .collect()),
            other => Err(Violation::expected(&format!("an object, {what}"), &other)),
        }
    }

    fn new(what: &'static str, members: Members<'t>, extensible: bool, unusual: bool) -> Self {
        let known = [""; MAX_FIELDS];
        Self {
            what,
            members,
            next: 0,
            known,
            asked: 0,
            missing: None,
            extensible,
            unusual,
            hint: String::new(),
        }
    }

    fn has(&self, field: &str) -> bool {
        self.members.iter().any(|(name, _)| name == field)
    }

    fn take(&mut self, field: &'static str) -> Option<Field<'t>> {
        self.known[self.asked] = field;
        self.asked += 1;
        let (before, after) = self.members.split_at_mut(self.next);
        let mut members = after.iter_mut().chain(before);
        let index = members.position(|(name, _)| name == field)?;
        let index = (self.next + index) % self.members.len();
        self.next = index + 1;
        self.members[index].1.take()
    }

    fn optional<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(Json) -> ReadResult<T>,
    ) -> ReadResult<Option<T>> {
        let value = self.take(field).map(|value| read(value.into()));
        value.transpose().map_err(|violation| violation.in_member(field))
    }

    /// Takes a required field. If it is missing, reading goes on with a default, since only
    /// [`Record::finish`] can tell whether the field was misspelt.
    fn required<T: Default>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(Json) -> ReadResult<T>,
    ) -> ReadResult<T> {
        let value = self.optional(field, read)?;
        if value.is_none() {
            self.missing.get_or_insert(field);
        }
        Ok(value.unwrap_or_default())
    }

    fn name(&mut self, field: &'static str) -> ReadResult<Name> {
        self.required(field, name_of)
    }

    /// Takes one of the known names.
    fn choice<T: Copy>(
        &mut self,
        field: &'static str,
        known: &[(&'static str, T)],
    ) -> ReadResult<Option<T>> {
        Ok(self.word(field, known)?.map(|(_, choice)| choice))
    }

    /// Takes the field that determines which other fields there are.
    fn decisive<T: Copy>(
        &mut self,
        field: &'static str,
        known: &[(&'static str, T)],
    ) -> ReadResult<(&'static str, T)> {
        self.word(field, known)?.ok_or_else(|| {
            let message =
                format!("{} lacks the field `{field}`, expected {}", self.what, one_of(known));
            Violation::new(message)
        })
    }

    fn word<T: Copy>(
        &mut self,
        field: &'static str,
        known: &[(&'static str, T)],
    ) -> ReadResult<Option<(&'static str, T)>> {
        let Some(value) = self.take(field) else { return Ok(None) };
        let chosen = match &value {
            Field::Text(word) => known.iter().find(|(known, _)| known == word),
            Field::Other(_) => None,
        };
        match chosen {
            Some(chosen) => Ok(Some(*chosen)),
            None => Err(Violation::expected(&one_of(known), &value.into()).in_member(field)),
        }
    }

    /// Takes a value.
    fn value(&mut self, field: &'static str) -> ReadResult<Json> {
        self.answer(field, false)
    }

    /// Takes an answer. If it consists of counts, its numbers may be of any size.
    fn answer(&mut self, field: &'static str, counts: bool) -> ReadResult<Json> {
        let check = self.unusual && !counts;
        self.required(field, |json| {
            if check {
                fits_doubles(&json)?;
            }
            Ok(json)
        })
    }

    /// Takes a value that may be absent.
    fn optional_value(&mut self, field: &'static str) -> ReadResult<Option<Json>> {
        let check = self.unusual;
        self.optional(field, |json| {
            if check {
                fits_doubles(&json)?;
            }
            Ok(json)
        })
    }

    /// Takes the timestamp of an operation on an object of this type. If the type lacks the
    /// operation, a timestamp is optional: the judge of the history reports the operation.
    fn timestamp(
        &mut self,
        stamps: Stamps,
        kind: Option<TraceType>,
    ) -> ReadResult<Option<Timestamp>> {
        match kind {
            Some(kind) if kind.is_stamped() => {}
            Some(TraceType::MvRegister | TraceType::MvMap) => return Ok(None),
            Some(TraceType::MaxRegister | TraceType::MinRegister) => return Ok(None),
            _ if !self.has("timestamp") => return Ok(None),
            _ => {}
        }
        match stamps {
            Stamps::Explicit => self.required("timestamp", timestamp).map(Some),
            Stamps::Own if self.has("timestamp") => {
                let message =
                    "a timestamp, but by the header (`\"stamps\":\"own\"`) no write has one";
                Err(Violation::of_name("timestamp", message.into()))
            }
            Stamps::Own => Ok(None),
        }
    }

    /// Checks that every required field was there, and no other except `x-` fields.
    fn finish(&self) -> ReadResult<()> {
        let own = |name: &str| self.extensible && name.starts_with("x-");
        let left = |(name, value): &&(Cow<'_, str>, Option<_>)| value.is_some() && !own(name);
        if let Some((name, _)) = self.members.iter().find(left) {
            let hint = if self.extensible { "; names of your own begin with `x-`" } else { "" };
            let (what, known) = (self.what, self.known[..self.asked].join(", "));
            let message =
                format!("unknown field {}: {what} has {known}{hint}{}", Excerpt(name), self.hint);
            return Err(Violation::of_name(name, message));
        }
        match self.missing {
            None => Ok(()),
            Some(field) => {
                let message = format!("{} lacks the field `{field}`{}", self.what, self.hint);
                Err(Violation::new(message))
            }
        }
    }
}

fn one_of<T>(known: &[(&str, T)]) -> String {
    let words: Vec<String> = known.iter().map(|(word, _)| format!("`{word}`")).collect();
    match words.as_slice() {
        [word] => word.clone(),
        words => format!("one of {}", words.join(", ")),
    }
}

// Faults.

type ReadResult<T> = Result<T, Box<Violation>>;

/// Why a JSON value is not the expected one, and which part of it.
struct Violation {
    /// The path to that part, its last step first.
    path: Vec<Step>,
    /// Whether the name of that member is wrong, and not its value.
    of_name: bool,
    message: String,
}

impl Violation {
    fn new(message: String) -> Box<Self> {
        Box::new(Self { path: Vec::new(), of_name: false, message })
    }

    /// The value is not what was expected.
    fn expected(what: &str, found: &Json) -> Box<Self> {
        let found = match found {
            Json::Null => "null (a field that does not apply is left out)".into(),
            Json::Bool(value) => value.to_string(),
            Json::Number(number) => Excerpt(number.as_str()).to_string(),
            Json::String(string) => format!("the string {}", Excerpt(string)),
            Json::Array(_) => "an array".into(),
            Json::Object(_) => "an object".into(),
        };
        Self::new(format!("expected {what}, but found {found}"))
    }

    /// The name of this member is wrong.
    fn of_name(name: &str, message: String) -> Box<Self> {
        Box::new(Self { path: vec![Step::Member(name.into())], of_name: true, message })
    }

    /// The same fault, seen from the object with the member.
    fn in_member(mut self: Box<Self>, name: &str) -> Box<Self> {
        self.path.push(Step::Member(name.into()));
        self
    }

    /// The same fault, seen from the array with the item.
    fn in_item(mut self: Box<Self>, index: usize) -> Box<Self> {
        self.path.push(Step::Item(index));
        self
    }

    /// The same fault, with its place in the line.
    fn place(mut self, text: &str) -> Box<SyntaxError> {
        self.path.reverse();
        let (name_at, span) = json::find(text, &self.path).unwrap_or_default();
        let offset = if self.of_name { name_at } else { span.start };
        if self.of_name {
            self.path.pop();
        }
        let mut way = String::new();
        for step in &self.path {
            let _ = match step {
                Step::Member(name) if way.is_empty() => write!(way, "{name}"),
                Step::Member(name) => write!(way, ".{name}"),
                Step::Item(index) => write!(way, "[{index}]"),
            };
        }
        let message = match way.as_str() {
            "" => self.message,
            way => format!("{}: {}", Excerpt(way), self.message),
        };
        Box::new(SyntaxError { offset, message })
    }
}
