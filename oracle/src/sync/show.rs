//! What a replica holds, for people.

use super::Node;
use rejoin::dot::Dot;
use rejoin::object::{ObjectType, Priority};
use rejoin::optimized::replica::Object;
use rejoin::optimized::{AuditEffect, AuditRecord, AuditTrail};
use rejoin::sync::conflicts::{self, DecisionView, OpenConflict};
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
                value(object)
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
    for (name, object) in replica.objects() {
        let audit = object.audit_trail(None);
        if audit.records.is_empty() && audit.cut_before.is_none() {
            continue;
        }
        let _ = writeln!(out, "\ndecisions on record of {name}{}:", cut(&audit));
        let older = audit.records.len().saturating_sub(FEW);
        if older > 0 {
            let _ = writeln!(out, "  {older} older ones; see them by --decisions {name}");
        }
        for recorded in &audit.records[older..] {
            let _ = writeln!(out, "  {}", on_record(recorded, object));
        }
        let met = met(&audit, object, |of, _| of == &**name, &open);
        let older = met.len().saturating_sub(FEW);
        if older > 0 {
            let _ = writeln!(out, "  {older} other conflicts; see them by --decisions {name}");
        }
        for conflict in &met[older..] {
            let _ = writeln!(out, "  {conflict}");
        }
    }
    out
}

/// Which records were dropped, if any were.
fn cut(audit: &AuditTrail) -> String {
    let cut = audit.cut_before;
    cut.map_or(String::new(), |time| format!(", cut: those before {} were dropped", date(time)))
}

/// One page of the decisions on record of an object, of one key or of all, and of the conflicts
/// among them. Pages count from 1, and the first has the oldest.
pub fn decisions(replica: &Node, object: &str, key: Option<&str>, page: usize) -> String {
    let mut out = String::new();
    let Ok(state) = replica.object(object) else {
        let known: Vec<String> = replica.objects().keys().map(|name| shown(name)).collect();
        return format!("there is no object {}; there are {}\n", shown(object), known.join(", "));
    };
    let audit = state.audit_trail(key.map(str::as_bytes));
    let is_asked =
        |of: &str, of_key: &[u8]| of == object && key.is_none_or(|key| key.as_bytes() == of_key);
    let conflicts = met(&audit, state, is_asked, &conflicts::open(replica));
    let pages = audit.records.len().max(conflicts.len()).div_ceil(PAGE).max(1);
    let _ = writeln!(
        out,
        "{} decisions on record of {}{}, {} conflicts: page {page} of {pages}{}",
        audit.records.len(),
        shown(object),
        key.map_or(String::new(), |key| format!(" on {}", shown(key))),
        conflicts.len(),
        cut(&audit),
    );
    let begin = page.saturating_sub(1).saturating_mul(PAGE);
    for recorded in audit.records.iter().skip(begin).take(PAGE) {
        let _ = writeln!(out, "  {}", on_record(recorded, state));
    }
    for conflict in conflicts.into_iter().skip(begin).take(PAGE) {
        let _ = writeln!(out, "  {conflict}");
    }
    out
}

/// The conflicts that were closed, and after them those of the open ones that are asked for: who won
/// over whom, and whether anybody looked at it since.
fn met(
    audit: &AuditTrail,
    object: &Object,
    is_asked: impl Fn(&str, &[u8]) -> bool,
    open: &[OpenConflict],
) -> Vec<String> {
    let of = |record: &AuditRecord| short(record, object);
    let closed = audit.conflicts().into_iter().map(|conflict| {
        let lost = conflict.lost.iter().map(|lost| of(lost)).collect();
        let closed = format!("closed by {}", of(conflict.closed_by));
        line(&conflict.won.key, of(conflict.won), lost, &closed)
    });
    let mut met: Vec<String> = closed.collect();
    let known: BTreeMap<&Dot, &AuditRecord> =
        audit.records.iter().map(|record| (&record.dot, record)).collect();
    for open in open.iter().filter(|open| is_asked(&open.object, &open.key)) {
        let on_record = |view: &DecisionView| known.get(&view.id.dot).map(|record| of(record));
        let lost: Vec<String> = open.overruled.iter().filter_map(on_record).collect();
        let won = open.effect.as_ref().and_then(on_record);
        if let (Some(won), false) = (won, lost.is_empty()) {
            met.push(line(&open.key, won, lost, "open"));
        }
    }
    met
}

/// Of many who lost, the first are named.
fn line(key: &[u8], won: String, mut lost: Vec<String>, closed: &str) -> String {
    const NAMED: usize = 5;
    if lost.len() > NAMED {
        let more = lost.len() - NAMED;
        lost.truncate(NAMED);
        lost.push(format!("{more} more"));
    }
    let key = shown(&String::from_utf8_lossy(key));
    format!("conflict on {key}: {won} won over {}; {closed}", lost.join(", "))
}

/// The value of an object, on one line or one for each part.
fn value(object: &Object) -> String {
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

fn on_record(record: &AuditRecord, object: &Object) -> String {
    format!("{}: {} {}", date(record.time), short(record, object), shown(&record.key()))
}

/// Who decided what, and where.
fn short(record: &AuditRecord, object: &Object) -> String {
    let what = match &record.effect {
        AuditEffect::Removed if object.kind().is_flag() => "disabled".into(),
        AuditEffect::Added if object.kind().is_flag() => "enabled".into(),
        AuditEffect::Removed => "removed".into(),
        AuditEffect::Added => "added".into(),
        AuditEffect::Wrote(value) => format!("wrote {}", shown(&String::from_utf8_lossy(value))),
        AuditEffect::WroteLong(hash) => {
            let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("wrote a long value with the hash {digits}")
        }
    };
    let user = record.user.as_deref().unwrap_or("somebody");
    format!("{} at {} {what}", shown(user), shown(record.dot.origin.replica.as_str()))
}

/// A time for people, in UTC. The clocks of others may say anything.
fn date(milliseconds: u64) -> String {
    // The last second of the year 9999.
    const LAST: u64 = 253_402_300_799;
    let seconds = (milliseconds / 1000).min(LAST);
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    humantime::format_rfc3339_seconds(time).to_string()
}
