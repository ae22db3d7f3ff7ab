//! What a replica holds, for people.

use super::Node;
use rejoin::object::{ObjectType, Priority};
use rejoin::optimized::replica::Object;
use rejoin::sync::conflicts::{self, Effect, OpenConflict, Recorded, Word};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, SystemTime};

/// The name of a class.
pub fn priority(class: Priority) -> &'static str {
    match class {
        Priority::High => "high",
        Priority::Medium => "medium",
        Priority::Low => "low",
    }
}

/// The values of all objects, the open merge decisions, the decisions on record, and the hashes.
pub fn describe(replica: &mut Node) -> String {
    let mut out = String::new();
    let hash = replica.state_hash();
    let origin = replica.origin();
    let _ = writeln!(out, "replica {}, incarnation {}", origin.replica, origin.incarnation);
    let _ = writeln!(out, "state {}\nremovals {}\n", hash.content, hash.removals);
    for (name, entry) in super::schema().iter() {
        if let Ok(object) = replica.object(name) {
            let _ = writeln!(
                out,
                "{name} ({}, {}):{}",
                entry.kind.as_str(),
                priority(entry.priority),
                value(name, object)
            );
        }
    }
    for open in conflicts::open(replica) {
        out.push('\n');
        decision(&open, &mut out);
    }
    for name in replica.objects().keys() {
        let Ok(trail) = conflicts::trail(replica, name) else { continue };
        if trail.decisions.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\ndecisions on record of {name}:");
        for recorded in &trail.decisions {
            let _ = writeln!(out, "  {}", on_record(recorded));
        }
        for conflict in &trail.conflicts {
            let [won, lost] = [&conflict.won, &conflict.lost].map(short);
            let closed = match &conflict.closed_by {
                Some(by) => format!("closed by {}", short(by)),
                None => "open".into(),
            };
            let _ = writeln!(
                out,
                "  conflict on {}: {won} won over {lost}; {closed}",
                shown(&conflict.won.key)
            );
        }
    }
    out
}

/// The value of an object, on one line or one for each part.
fn value(name: &str, object: &Object<str, str>) -> String {
    let listed = |lines: Vec<String>| match lines.is_empty() {
        true => " nothing".into(),
        false => lines.iter().map(|line| format!("\n  {line}")).collect(),
    };
    match object {
        Object::GCounter(state) => match state.value() {
            Some(count) => format!(" {count}"),
            None => " 2^128 or more".into(),
        },
        Object::LwwRegister(state) => format!(" {}", shown(state.value().unwrap_or("nothing"))),
        Object::OrSet(state) => {
            let mut elements: Vec<String> = state.iter().map(shown).collect();
            elements.sort();
            listed(elements)
        }
        Object::LwwMap(state) => {
            let values: BTreeMap<&str, &str> = state.iter().collect();
            listed(
                values
                    .iter()
                    .map(|(key, value)| format!("{}: {}", shown(key), shown(value)))
                    .collect(),
            )
        }
        Object::Log(state) if name.starts_with("decisions/") && !state.is_empty() => {
            format!(" {} on record, see below", state.len())
        }
        Object::Log(state) => listed(state.entries().map(|entry| shown(entry.value())).collect()),
    }
}

fn shown(text: &str) -> String {
    crate::printable::escape(text).into()
}

/// An open merge decision: what has effect, what lost, and who is to be told.
fn decision(open: &OpenConflict, out: &mut String) {
    let kind = super::schema().get(&open.object).map(|entry| entry.kind);
    let word = |word: &Word| {
        let what = match (&word.value, word.is_removal) {
            (_, true) => "removed".into(),
            (None, false) => "added".into(),
            (Some(value), false) => format!("{} written", shown(&String::from_utf8_lossy(value))),
        };
        // The stamps of writes are those of the hybrid clock.
        let milliseconds = match kind {
            Some(ObjectType::OrSet) => word.time,
            _ => word.time.map(|stamp| stamp >> 16),
        };
        format!(
            "{what} by {} at {}{}",
            shown(word.id.user.as_deref().unwrap_or("somebody")),
            shown(word.id.dot.origin.replica.as_str()),
            milliseconds.map_or(String::new(), |time| format!(", {}", date(time)))
        )
    };
    let key = shown(&String::from_utf8_lossy(&open.key));
    let _ = writeln!(out, "open merge decision: {} {key}", open.object);
    for kept in &open.kept {
        let _ = writeln!(out, "  has effect:  {}", word(kept));
    }
    if let (true, Some(effect)) = (open.kept.is_empty(), &open.effect) {
        let _ = writeln!(out, "  has effect, by a clock that ran ahead:  {}", word(effect));
    }
    for overruled in &open.overruled {
        let _ = writeln!(out, "  superseded:  {}", word(overruled));
    }
    let users: Vec<String> = open.notify.iter().map(|user| shown(user)).collect();
    if !users.is_empty() {
        let _ = writeln!(out, "  to be told:  {}", users.join(", "));
    }
    let _ = writeln!(out, "  whoever decides again closes it");
}

fn on_record(recorded: &Recorded) -> String {
    format!("{}: {} {}", date(recorded.time), short(recorded), shown(&recorded.key))
}

/// Who decided what, and where.
fn short(recorded: &Recorded) -> String {
    let what = match &recorded.effect {
        Effect::Removed => "removed".into(),
        Effect::Added => "added".into(),
        Effect::Wrote(value) => format!("wrote {}", shown(value)),
    };
    let user = recorded.user.as_deref().unwrap_or("somebody");
    format!("{} at {} {what}", shown(user), shown(&recorded.replica))
}

/// A time for people, in UTC. The clocks of others may say anything.
fn date(milliseconds: u64) -> String {
    // The last second of the year 9999.
    const LAST: u64 = 253_402_300_799;
    let seconds = (milliseconds / 1000).min(LAST);
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    humantime::format_rfc3339_seconds(time).to_string()
}
