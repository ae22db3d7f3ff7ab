//! What a replica holds, for people.

use super::Node;
use rejoin::object::{ObjectType, Priority};
use rejoin::optimized::replica::Object;
use rejoin::sync::conflicts::{
    self, Conflict, DecisionView, Effect, OpenConflict, Recorded, Trail,
};
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

/// How many open merge decisions, decisions on record and conflicts are shown of an object where
/// nobody asks for more.
const FEW: usize = 20;

/// How many decisions and conflicts a page has.
const PAGE: usize = 100;

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
    let open = conflicts::open(replica);
    for open in open.iter().take(FEW) {
        out.push('\n');
        decision(open, &mut out);
    }
    if open.len() > FEW {
        let _ = writeln!(out, "\nand {} more open merge decisions", open.len() - FEW);
    }
    for name in replica.objects().keys() {
        let Ok(trail) = conflicts::trail(replica, name) else { continue };
        if trail.decisions.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\ndecisions on record of {name}:");
        let older = trail.decisions.len().saturating_sub(FEW);
        if older > 0 {
            let _ = writeln!(out, "  {older} older ones; see them by --decisions {name}");
        }
        for recorded in &trail.decisions[older..] {
            let _ = writeln!(out, "  {}", on_record(recorded));
        }
        let older = trail.conflicts.len().saturating_sub(FEW);
        if older > 0 {
            let _ = writeln!(out, "  {older} other conflicts; see them by --decisions {name}");
        }
        for conflict in &trail.conflicts[older..] {
            let _ = writeln!(out, "  {}", met(&trail, conflict));
        }
    }
    out
}

/// One page of the decisions on record of an object, of one key or of all, and of the conflicts
/// among them. Pages count from 1, and the first has the oldest.
pub fn decisions(replica: &Node, object: &str, key: Option<&str>, page: usize) -> String {
    let mut out = String::new();
    let trail = match conflicts::trail(replica, object) {
        Ok(trail) => trail,
        Err(_) => {
            let known: Vec<String> = replica.objects().keys().map(|name| shown(name)).collect();
            return format!(
                "there is no object {}; there are {}\n",
                shown(object),
                known.join(", ")
            );
        }
    };
    let is_asked = |recorded: &Recorded| key.is_none_or(|key| recorded.key == key);
    let asked: Vec<&Recorded> = trail.decisions.iter().filter(|one| is_asked(one)).collect();
    let conflicts: Vec<&Conflict> =
        trail.conflicts.iter().filter(|one| is_asked(&trail.decisions[one.won])).collect();
    let pages = asked.len().max(conflicts.len()).div_ceil(PAGE).max(1);
    let _ = writeln!(
        out,
        "{} decisions on record of {}{}, {} conflicts: page {page} of {pages}",
        asked.len(),
        shown(object),
        key.map_or(String::new(), |key| format!(" on {}", shown(key))),
        conflicts.len(),
    );
    let begin = page.saturating_sub(1).saturating_mul(PAGE);
    for recorded in asked.into_iter().skip(begin).take(PAGE) {
        let _ = writeln!(out, "  {}", on_record(recorded));
    }
    for conflict in conflicts.into_iter().skip(begin).take(PAGE) {
        let _ = writeln!(out, "  {}", met(&trail, conflict));
    }
    out
}

/// Who won over whom, and whether anybody looked at it since. Of many who lost, the first are named.
fn met(trail: &Trail, conflict: &Conflict) -> String {
    const NAMED: usize = 5;
    let of = |number: &usize| short(&trail.decisions[*number]);
    let mut lost: Vec<String> = conflict.lost.iter().take(NAMED).map(of).collect();
    if conflict.lost.len() > NAMED {
        lost.push(format!("{} more", conflict.lost.len() - NAMED));
    }
    let closed = conflict.closed_by.map_or("open".into(), |by| format!("closed by {}", of(&by)));
    format!(
        "conflict on {}: {} won over {}; {closed}",
        shown(&trail.decisions[conflict.won].key),
        of(&conflict.won),
        lost.join(", ")
    )
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
        Object::PnCounter(state) => match state.value() {
            Some(balance) => format!(" {balance}"),
            None => " beyond 2^127".into(),
        },
        Object::RwSet(state) => {
            let mut elements: Vec<String> = state.iter().map(shown).collect();
            elements.sort();
            listed(elements)
        }
        Object::EwFlag(state) => flag(state.value()),
        Object::DwFlag(state) => flag(state.value()),
        Object::MvRegister(state) => listed(state.values().map(shown).collect()),
        Object::MvMap(state) => {
            let values: BTreeMap<&str, Vec<&str>> = state.iter().collect();
            let line = |(key, values): (&str, Vec<&str>)| {
                let values: Vec<String> = values.into_iter().map(shown).collect();
                format!("{}: {}", shown(key), values.join(" and "))
            };
            listed(values.into_iter().map(line).collect())
        }
        Object::MaxRegister(state) => integer(state.value()),
        Object::MinRegister(state) => integer(state.value()),
    }
}

fn flag(is_enabled: bool) -> String {
    if is_enabled { " enabled".into() } else { " disabled".into() }
}

fn integer(integer: Option<i128>) -> String {
    integer.map_or(" nothing".into(), |integer| format!(" {integer}"))
}

fn shown(text: &str) -> String {
    crate::printable::escape(text).into()
}

/// An open merge decision: the effective and the overruled decisions, and the users to notify.
fn decision(open: &OpenConflict, out: &mut String) {
    let kind = super::schema().get(&open.object).map(|entry| entry.kind);
    let is_flag = kind.is_some_and(ObjectType::is_flag);
    let view = |view: &DecisionView| {
        let what = match (&view.value, view.is_removal) {
            (_, true) if is_flag => "disabled".into(),
            (None, false) if is_flag => "enabled".into(),
            (_, true) => "removed".into(),
            (None, false) => "added".into(),
            (Some(value), false) => format!("{} written", shown(&String::from_utf8_lossy(value))),
        };
        // The stamps of writes are those of the hybrid clock.
        let milliseconds = match kind.is_some_and(ObjectType::is_stamped) {
            true => view.time.map(|stamp| stamp >> 16),
            false => view.time,
        };
        format!(
            "{what} by {} at {}{}",
            shown(view.id.user.as_deref().unwrap_or("somebody")),
            shown(view.id.dot.origin.replica.as_str()),
            milliseconds.map_or(String::new(), |time| format!(", {}", date(time)))
        )
    };
    let key = shown(&String::from_utf8_lossy(&open.key));
    let key = if open.key.is_empty() { key } else { format!(" {key}") };
    let _ = writeln!(out, "open merge decision: {}{key}", open.object);
    for kept in &open.kept {
        let _ = writeln!(out, "  effective:  {}", view(kept));
    }
    if let (true, Some(effect)) = (open.kept.is_empty(), &open.effect) {
        let _ = writeln!(out, "  effective, by a clock that is ahead:  {}", view(effect));
    }
    for overruled in &open.overruled {
        let _ = writeln!(out, "  overruled:  {}", view(overruled));
    }
    let users: Vec<String> = open.notify.iter().map(|user| shown(user)).collect();
    if !users.is_empty() {
        let _ = writeln!(out, "  notify:  {}", users.join(", "));
    }
    let _ = writeln!(out, "  a new decision on this key closes it");
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
