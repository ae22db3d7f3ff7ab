//! `vector`: how many operations of each replica were seen.

use super::falsity;
use crate::Rule;
use crate::answer::values::{list, quoted};
use crate::judge::Checked;
use crate::past::Past;
use crate::past::history::Seen;
use crate::wording::{plural, shown};
use rejoin::json::Json;

pub(super) fn vector(past: &Past, replica: u32, object: Option<u32>, claimed: &Json) -> Checked {
    let seen = past.seen(replica);
    let counts = past.history.counts(&seen, object);
    let wrong = match claimed {
        Json::Object(members) => members.iter().find_map(|(name, count)| {
            let Some(origin) = past.find_replica(name) else {
                return Some(format!("replica {} is not declared", shown(name)));
            };
            let right = counts.get(&origin).copied().unwrap_or(0);
            let wrong = !count.equals_count(right.into());
            wrong.then(|| why_vector(past, replica, object, &seen, (origin, right)))
        }),
        _ => Some("a vector is an object of replicas and counts".into()),
    };
    let wrong = wrong.or_else(|| {
        let missing = counts.iter().find(|(origin, _)| {
            claimed.get(&past.history.replicas[**origin as usize].name).is_none()
        });
        missing.map(|(origin, right)| why_vector(past, replica, object, &seen, (*origin, *right)))
    });
    let Some(wrong) = wrong else { return Ok(()) };
    let name = |origin: &u32| quoted(&past.history.replicas[*origin as usize].name);
    let expected = list('{', '}', counts.iter().map(|(origin, n)| format!("{}:{n}", name(origin))));
    falsity(Rule::Vector, expected, vec![wrong])
}

pub fn why_vector(
    past: &Past,
    replica: u32,
    object: Option<u32>,
    seen: &Seen,
    (origin, right): (u32, u64),
) -> String {
    let (who, of) = (past.replica_shown(replica), past.replica_shown(origin));
    let mut ops = past.history.members(seen, object);
    ops.retain(|op| past.history.replica_of(*op) == origin);
    let on = object.map_or(String::new(), |o| format!(" on {}", past.object_shown(o)));
    let count = plural(right, "operation");
    match ops.iter().max() {
        None => format!("{who} has seen no operation of {of}{on}"),
        Some(last) => format!(
            "of {of}, {who} has seen {count}{on}, the last on line {}: {}",
            past.history.ops[*last as usize].line,
            past.arrival(replica, *last)
        ),
    }
}
