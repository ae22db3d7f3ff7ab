//! Export and import: the values of a replica as JSON, to read, to move and to begin from.
//!
//! Meaning: one JSON object with a member for each object of the schema, as the `read` of a trace
//! answers it: a set as the array of its elements, a map as an object, a register as its value or
//! `null`, a counter as its total, a log as the array of its entries, a flag as a boolean, several
//! concurrent values as an array. An export has values, not history: users, times and conflicts
//! are in what [`Replica::save`] writes.
//! Laws: importing what was just exported changes nothing; a replica that imported what another one
//! exported answers like it (tests/public_api.rs). Only several values at once are refused: one replica
//! writes one.
//! Cost: O(what the replica holds), and one edit for each value that differs.
//!
//! ```
//! # use rejoin::{Replica, Schema};
//! let schema = Schema::new().set("approved").map("progress").counter("records");
//! let mut laptop = Replica::create("laptop", &schema)?;
//! laptop.as_user("ana").set("approved")?.add("orders.total")?;
//! laptop.as_user("ana").map("progress")?.put("orders", &7)?;
//! laptop.edit().counter("records")?.increment(3)?;
//! assert_eq!(
//!     laptop.export(),
//!     r#"{"approved":["orders.total"],"progress":{"orders":7},"records":3}"#
//! );
//!
//! let mut other = Replica::create("other", &schema)?;
//! let changes = other.as_user("ana").import(&laptop.export())?;
//! assert_eq!(changes.len(), 3);
//! assert_eq!(other.export(), laptop.export());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::changes::Changes;
use crate::collect::Collect;
use crate::error::{EditError, ImportError};
use crate::handles::Edits;
use crate::json::{Json, SyntaxError};
use crate::limits::{MAX_COUNTER, MAX_VALUE, check_name};
use crate::operation::{ObjectId, Operation};
use crate::replica::{Object, Replica};
use std::collections::{BTreeMap, BTreeSet};

/// One edit of an import: the key, and the operation on it.
enum Edit {
    Increment(u64),
    Write(Option<String>),
    Add(String),
    Remove(String),
    Put(String, Option<String>),
    Append(String),
    Decrement(u64),
    Turn(bool),
    WriteInteger(i128),
}

impl Replica {
    /// The values of all objects, as canonical JSON; see [the module](self) for its form.
    ///
    /// Cost: O(what the replica holds), and sorting keys and elements.
    pub fn export(&self) -> String {
        let mut out = String::from("{");
        for (number, (name, object)) in self.engine.objects().iter().enumerate() {
            if number > 0 {
                out.push(',');
            }
            write_text(name, &mut out);
            out.push(':');
            write_object(object, &mut out);
        }
        out.push('}');
        out
    }
}

fn write_text(text: &str, out: &mut String) {
    Json::String(text.into()).canonical_into(out);
}

fn write_object(object: &Object, out: &mut String) {
    match object {
        // No increments reach a total beyond 2^128 − 1.
        Object::GCounter(state) => out.push_str(&state.value().unwrap_or(u128::MAX).to_string()),
        Object::PnCounter(state) => {
            out.push_str(&state.value().unwrap_or(i128::MAX).to_string());
        }
        Object::EwFlag(state) => out.push_str(&state.value().to_string()),
        Object::DwFlag(state) => out.push_str(&state.value().to_string()),
        Object::MaxRegister(state) => write_integer(state.value(), out),
        Object::MinRegister(state) => write_integer(state.value(), out),
        Object::LwwRegister(state) => out.push_str(state.value().unwrap_or("null")),
        Object::MvRegister(state) => write_values(state.values(), out),
        Object::MvMap(state) => {
            let mut members: Vec<(&str, Vec<&str>)> = state.iter().collect();
            members.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
            write_list('{', '}', members, out, |(key, values), out| {
                write_text(key, out);
                out.push(':');
                write_values(values.into_iter(), out);
            });
        }
        Object::OrSet(state) => {
            let elements: BTreeSet<&str> = state.iter().into_set();
            write_list('[', ']', elements, out, write_text);
        }
        Object::RwSet(state) => {
            let elements: BTreeSet<&str> = state.iter().into_set();
            write_list('[', ']', elements, out, write_text);
        }
        Object::LwwMap(state) => {
            // Canonical JSON orders members by their UTF-16 form.
            let mut members: Vec<(&str, &str)> = state.iter().collect();
            members.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
            write_list('{', '}', members, out, |(key, value), out| {
                write_text(key, out);
                out.push(':');
                out.push_str(value);
            });
        }
        Object::Log(state) => {
            let entries = state.entries().map(|entry| entry.value().to_string());
            write_list('[', ']', entries, out, |entry, out| out.push_str(&entry));
        }
    }
}

fn write_integer(integer: Option<i128>, out: &mut String) {
    out.push_str(&integer.map_or("null".into(), |integer| integer.to_string()));
}

fn write_values<'a>(values: impl Iterator<Item = &'a str>, out: &mut String) {
    write_list('[', ']', values, out, |value, out| out.push_str(value));
}

fn write_list<T>(
    begin: char,
    end: char,
    items: impl IntoIterator<Item = T>,
    out: &mut String,
    write: impl Fn(T, &mut String),
) {
    out.push(begin);
    for (number, item) in items.into_iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(end);
}

impl Edits<'_> {
    /// Edits the replica until its objects have the values that [`Replica::export`] wrote. An object
    /// that the JSON does not name stays as it is; elements and keys that it does not name are
    /// removed.
    ///
    /// # Errors
    /// If the text is not JSON, names an object that the schema does not have, gives a value that an
    /// object of its type cannot have, or asks for what the type cannot do: a counter that only
    /// grows does not shrink, and a log keeps its entries. Nothing changed then. If an edit is
    /// refused all the same ([`ImportError::Edit`]), the error holds the changes before it.
    pub fn import(self, json: &str) -> Result<Changes, ImportError> {
        let malformed = |error: SyntaxError| ImportError::Malformed(error.to_string());
        let Json::Object(members) = Json::parse(json).map_err(malformed)? else {
            let message = "found another value, expected an object with a member for each object";
            return Err(ImportError::Malformed(message.into()));
        };
        let mut all = Vec::new();
        for (name, value) in &members {
            let Ok(object) = self.replica.engine.object(name) else {
                let known = self.replica.engine.objects().keys().cloned().collect();
                let object = name.as_str().into();
                return Err(ImportError::Edit {
                    error: EditError::UnknownObject { object, known },
                    changes: Box::default(),
                });
            };
            let edits = edits(object, value)
                .map_err(|message| ImportError::Value { object: name.as_str().into(), message })?;
            all.extend(edits.into_iter().map(|edit| (ObjectId::from(name.as_str()), edit)));
        }
        let mut changes = Changes::default();
        for (object, edit) in all {
            match perform(self.replica, &object, self.user.clone(), &edit) {
                Ok(done) => changes.list.extend(done.list),
                Err(error) => {
                    let changes = Box::new(changes);
                    return Err(ImportError::Edit { error, changes });
                }
            }
        }
        Ok(changes)
    }
}

/// The edits that give an object a value.
fn edits(object: &Object, value: &Json) -> Result<Vec<Edit>, String> {
    match object {
        Object::GCounter(state) => {
            let total = state.value().unwrap_or(u128::MAX);
            let wanted = match value.count() {
                Some(crate::json::Count::Exact(wanted)) => wanted,
                _ => return Err(unlike(value, "a total, as a number or a string of its digits")),
            };
            let more = wanted.checked_sub(total).ok_or_else(|| {
                format!("the total is {total}, and a counter does not shrink to {wanted}")
            })?;
            let more = u64::try_from(more).ok().filter(|more| *more < MAX_COUNTER);
            let more = more.ok_or_else(|| {
                format!("the total is {total}, too far from {wanted} for one increment")
            })?;
            Ok((more > 0).then_some(Edit::Increment(more)).into_iter().collect())
        }
        Object::PnCounter(state) => {
            let balance = state.value().unwrap_or(i128::MAX);
            let wanted = integer(value, "a balance, as a number or a string of its digits")?;
            let change = wanted.saturating_sub(balance);
            let amount = u64::try_from(change.unsigned_abs()).ok();
            let amount = amount.filter(|amount| *amount < MAX_COUNTER).ok_or_else(|| {
                format!("the balance is {balance}, too far from {wanted} for one operation")
            })?;
            let edit = if change > 0 { Edit::Increment(amount) } else { Edit::Decrement(amount) };
            Ok((amount > 0).then_some(edit).into_iter().collect())
        }
        Object::EwFlag(state) => turn(state.value(), value),
        Object::DwFlag(state) => turn(state.value(), value),
        Object::MaxRegister(state) => raise(state.value(), value, |wanted, has| wanted > has),
        Object::MinRegister(state) => raise(state.value(), value, |wanted, has| wanted < has),
        Object::MvRegister(state) => {
            let wanted = concurrent(value, state.values())?;
            Ok(wanted.map(Edit::Write).into_iter().collect())
        }
        Object::MvMap(state) => {
            let Json::Object(members) = value else {
                return Err(unlike(value, "an object of keys and arrays of values"));
            };
            let mut edits = Vec::new();
            for (key, values) in members {
                named(key)?;
                let wanted = concurrent(values, state.get(key))?;
                edits.extend(wanted.map(|wanted| Edit::Put(key.clone(), wanted)));
            }
            let named: BTreeSet<&str> = members.iter().map(|(key, _)| key.as_str()).into_set();
            let gone = state.iter().filter(|(key, _)| !named.contains(key));
            edits.extend(gone.map(|(key, _)| Edit::Put(key.into(), None)));
            Ok(edits)
        }
        Object::LwwRegister(state) => {
            let wanted = kept(value)?;
            let is_same = state.value() == wanted.as_deref();
            Ok((!is_same).then_some(Edit::Write(wanted)).into_iter().collect())
        }
        Object::OrSet(state) => elements(state.iter().collect(), value),
        Object::RwSet(state) => elements(state.iter().collect(), value),
        Object::LwwMap(state) => {
            let Json::Object(members) = value else {
                return Err(unlike(value, "an object of keys and values"));
            };
            let mut wanted = BTreeMap::new();
            for (key, value) in members {
                named(key)?;
                wanted.insert(key.as_str(), kept(value)?);
            }
            let present: BTreeMap<&str, &str> = state.iter().into_map();
            let gone = present.keys().filter(|key| !wanted.contains_key(*key));
            let mut edits: Vec<Edit> = gone.map(|key| Edit::Put((*key).into(), None)).collect();
            for (key, value) in wanted {
                if present.get(key).copied() != value.as_deref() {
                    edits.push(Edit::Put(key.into(), value));
                }
            }
            Ok(edits)
        }
        Object::Log(state) => {
            let Json::Array(items) = value else {
                return Err(unlike(value, "an array of entries"));
            };
            let wanted: Vec<String> = items.iter().map(fitting).collect::<Result<_, _>>()?;
            let mut wanted = wanted.into_iter();
            for (number, entry) in state.entries().enumerate() {
                if wanted.next().as_deref() != Some(&*entry.value().to_string()) {
                    return Err(format!(
                        "the log has {} entries, and entry {} of them is not the one to import: a log \
                         keeps its entries, so an import begins with all of them",
                        state.len(),
                        number + 1
                    ));
                }
            }
            Ok(wanted.map(Edit::Append).collect())
        }
    }
}

fn elements(present: BTreeSet<&str>, value: &Json) -> Result<Vec<Edit>, String> {
    let Json::Array(items) = value else {
        return Err(unlike(value, "an array of elements, each a string"));
    };
    let mut wanted = BTreeSet::new();
    for item in items {
        let Json::String(element) = item else {
            return Err(unlike(item, "an element, which is a string"));
        };
        named(element)?;
        wanted.insert(element.as_str());
    }
    let removed = present.difference(&wanted).map(|gone| Edit::Remove((*gone).into()));
    let added = wanted.difference(&present).map(|new| Edit::Add((*new).into()));
    Ok(removed.chain(added).collect())
}

fn turn(is_enabled: bool, value: &Json) -> Result<Vec<Edit>, String> {
    let Json::Bool(wanted) = value else {
        return Err(unlike(value, "whether the flag is enabled: true or false"));
    };
    Ok((*wanted != is_enabled).then_some(Edit::Turn(*wanted)).into_iter().collect())
}

fn raise(
    has: Option<i128>,
    value: &Json,
    is_further: impl Fn(i128, i128) -> bool,
) -> Result<Vec<Edit>, String> {
    let wanted = match value {
        Json::Null => None,
        value => Some(integer(value, "an integer, or null")?),
    };
    match (has, wanted) {
        (has, wanted) if has == wanted => Ok(Vec::new()),
        (None, Some(wanted)) => Ok(vec![Edit::WriteInteger(wanted)]),
        (Some(has), Some(wanted)) if is_further(wanted, has) => {
            Ok(vec![Edit::WriteInteger(wanted)])
        }
        _ => Err(format!(
            "the integer is {}, and does not go back to {}",
            has.map_or("null".into(), |has| has.to_string()),
            wanted.map_or("null".into(), |wanted| wanted.to_string())
        )),
    }
}

fn integer(value: &Json, expected: &str) -> Result<i128, String> {
    let integer = match value {
        Json::Number(number) => number.as_exact(),
        Json::String(digits) => digits.parse().ok(),
        _ => None,
    };
    integer.ok_or_else(|| unlike(value, expected))
}

/// The write that leaves these values: no write, one value, or a deletion.
fn concurrent<'a>(
    value: &Json,
    present: impl Iterator<Item = &'a str>,
) -> Result<Option<Option<String>>, String> {
    let Json::Array(items) = value else {
        return Err(unlike(value, "an array of concurrent values"));
    };
    let wanted: BTreeSet<String> = items.iter().map(fitting).collect::<Result<_, _>>()?;
    if present.eq(wanted.iter().map(String::as_str)) {
        return Ok(None);
    }
    match wanted.len() {
        0 | 1 => Ok(Some(wanted.into_iter().next())),
        many => Err(format!(
            "found {many} concurrent values, expected one or none: a replica writes one, and several \
             come only from several replicas"
        )),
    }
}

fn unlike(found: &Json, expected: &str) -> String {
    let found = found.canonical();
    format!("found {}, expected {expected}", crate::json::Excerpt(&found))
}

fn named(key: &str) -> Result<(), String> {
    check_name("key", key.as_bytes()).map_err(|error| error.to_string())
}

fn fitting(value: &Json) -> Result<String, String> {
    let value = value.canonical();
    match value.len() <= MAX_VALUE {
        true => Ok(value),
        false => Err(format!("found a value of {} bytes; the most is {MAX_VALUE}", value.len())),
    }
}

/// The value that is written; `None` where it deletes.
fn kept(value: &Json) -> Result<Option<String>, String> {
    match value {
        Json::Null => Ok(None),
        value => fitting(value).map(Some),
    }
}

fn perform(
    replica: &mut Replica,
    object: &ObjectId,
    user: Option<crate::operation::User>,
    edit: &Edit,
) -> Result<Changes, EditError> {
    match edit {
        Edit::Increment(amount) => {
            let amount = *amount;
            replica.perform(object, user, None, |_| Operation::Increment { amount })
        }
        Edit::Write(value) => {
            let value = value.as_deref();
            replica.perform(object, user, None, |timestamp| Operation::Write { value, timestamp })
        }
        Edit::Add(element) => {
            replica.perform(object, user, Some(element), |_| Operation::Add { element })
        }
        Edit::Remove(element) => {
            replica.perform(object, user, Some(element), |_| Operation::Remove { element })
        }
        Edit::Put(key, value) => {
            let value = value.as_deref();
            let put = |timestamp| Operation::Put { key: key.as_str(), value, timestamp };
            replica.perform(object, user, Some(key), put)
        }
        Edit::Decrement(amount) => {
            let amount = *amount;
            replica.perform(object, user, None, |_| Operation::Decrement { amount })
        }
        Edit::Turn(true) => replica.perform(object, user, None, |_| Operation::Enable),
        Edit::Turn(false) => replica.perform(object, user, None, |_| Operation::Disable),
        Edit::WriteInteger(integer) => {
            let integer = *integer;
            replica.perform(object, user, None, |_| Operation::WriteInteger { integer })
        }
        Edit::Append(entry) => {
            let entry = Some(entry.as_str());
            replica.perform(object, user, None, |timestamp| Operation::Append { entry, timestamp })
        }
    }
}
