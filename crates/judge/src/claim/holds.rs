//! The argument for a claim that holds: with the sentences of the file that compares.
//!
//! Where a whole set, map or log was answered, each key, element or entry that its replica has seen
//! has its own argument, so that nothing has to be taken on trust.

use super::siblings::{decisions, why_decided, why_extreme, why_siblings};
use super::value::{value_rule, why_count, why_element, why_key, why_loaded};
use super::vector::why_vector;
use super::{Memory, Resolved, digest, list, opaque};
use crate::Rule;
use crate::answer::rows::state_json;
use crate::past::Past;
use crate::past::history::{OpId, Seen};
use crate::wording::{plural, shown};
use rejoin::json::Json;
use rejoin::object::TraceType;
use rejoin_trace::{Claim, Op, Operation};

/// The rule that a claim obeys, and why it does. Of a replica's earlier claims the memory must
/// hold this one too.
pub fn why_holds(
    memory: &Memory,
    past: &Past,
    claim: &Claim,
    resolved: &Resolved,
) -> (Rule, Vec<String>) {
    let replica = resolved.replica.unwrap_or(0);
    let object = resolved.object.unwrap_or(0);
    match claim {
        Claim::Read { element, key, query, value, .. } => {
            let of = element.as_deref().or(key.as_deref());
            why_read(memory, past, (replica, object), of, query.as_ref(), value)
        }
        Claim::Vector { .. } => (Rule::Vector, why_counts(past, replica, resolved.object)),
        Claim::Digest { algorithm, .. } => {
            let algorithm = algorithm.as_deref();
            let because = digest::why_holds(memory, past, replica, resolved.object, algorithm);
            (Rule::DigestEqual, because)
        }
        Claim::Converged { .. } => (Rule::Converged, why_converged(past, &resolved.replicas)),
        Claim::Decisions { .. } => (Rule::Decisions, why_decisions(past, replica, object)),
        Claim::Notices { user, .. } => (Rule::Notices, why_notices(past, replica, user)),
        Claim::State { .. } => (Rule::State, why_state(past, replica, object)),
        Claim::Failed { .. } => (Rule::Failed, Vec::new()),
    }
}

fn why_read(
    memory: &Memory,
    past: &Past,
    (replica, object): (u32, u32),
    of: Option<&str>,
    query: Option<&Json>,
    value: &Json,
) -> (Rule, Vec<String>) {
    let seen = past.seen(replica).laid_flat();
    let kind = past.history.objects[object as usize].kind;
    if past.loaded[object as usize] {
        return (value_rule(kind), why_loaded(past, replica, object, &value.canonical()));
    }
    if past.orders_by_itself(kind) {
        return why_own(past, (replica, object), of, &seen);
    }
    let keys = || match of {
        Some(key) => vec![key.to_string()],
        None => seen_keys(past, object, &seen),
    };
    let who = past.replica_shown(replica);
    let nothing = |what: &str| vec![format!("{who} has seen no operation on it, so {what}")];
    let each = |keys: Vec<String>, why: &dyn Fn(&str) -> Vec<String>| {
        if keys.is_empty() {
            return nothing("it is empty");
        }
        keys.iter().flat_map(|key| why(key)).collect()
    };
    let because = match kind {
        TraceType::GCounter | TraceType::PnCounter => {
            let count = past.history.count(object, &seen);
            why_count(past, replica, object, &seen, count)
        }
        TraceType::OrSet | TraceType::GSet | TraceType::TwoPhaseSet | TraceType::RwSet => {
            each(keys(), &|key| why_element(past, replica, object, key, &seen))
        }
        TraceType::LwwRegister => why_written(past, replica, object, "", &seen),
        TraceType::LwwMap => each(keys(), &|key| why_written(past, replica, object, key, &seen)),
        TraceType::Log => why_entries(past, replica, &past.history.entries(object, &seen)),
        TraceType::EwFlag | TraceType::DwFlag => why_decided(past, replica, object, "", &seen),
        TraceType::MaxRegister | TraceType::MinRegister => {
            why_extreme(past, replica, object, &seen)
        }
        TraceType::MvRegister => why_siblings(past, replica, object, "", &seen, None),
        TraceType::MvMap => {
            each(keys(), &|key| why_siblings(past, replica, object, key, &seen, None))
        }
        TraceType::List => {
            let mut because =
                each(keys(), &|key| list::why_element(past, replica, object, key, &seen));
            because.push("the order contradicts nothing that earlier lines say of it".into());
            because
        }
        TraceType::Opaque => opaque::why_holds(memory, past, (replica, object), query),
    };
    (value_rule(kind), because)
}

/// The names of the keys of which the replica has seen a decision.
fn seen_keys(past: &Past, object: u32, seen: &Seen) -> Vec<String> {
    let keys = past.history.objects[object as usize].keys.iter();
    let names = keys.map(|key| &*past.history.keys[*key as usize].name);
    names.filter(|name| !decisions(past, object, name, seen).is_empty()).map(String::from).collect()
}

/// Why a register or key has its value: of the writes that were seen, the greatest, and the next.
fn why_written(past: &Past, replica: u32, object: u32, key: &str, seen: &Seen) -> Vec<String> {
    let mut because = why_key(past, replica, object, key, seen, None);
    let Some(number) = past.history.find_key(object, key) else { return because };
    let winner = past.history.winner(number, seen);
    let others = decisions(past, object, key, seen).into_iter();
    let next = others
        .filter(|op| Some(*op) != winner)
        .reduce(|greatest, op| if past.history.is_above(op, greatest) { op } else { greatest });
    if let Some(next) = next {
        let sentence = format!(
            "of the others that it has seen the greatest is below it: {}",
            past.performed(next)
        );
        let last = because.len().saturating_sub(1);
        because.insert(last, sentence);
    }
    because
}

/// How each entry came, in the order of the log.
fn why_entries(past: &Past, replica: u32, entries: &[OpId]) -> Vec<String> {
    let who = past.replica_shown(replica);
    let mut because = vec![format!(
        "{who} has seen {}, which stand in the order of (timestamp, origin, seq, bytes)",
        plural(entries.len() as u64, "entry")
    )];
    let entry = |op: &OpId| format!("{}; {}", past.performed(*op), past.arrival(replica, *op));
    because.extend(entries.iter().map(entry));
    because
}

/// With own stamps: an answer that some order allows.
fn why_own(
    past: &Past,
    (replica, object): (u32, u32),
    of: Option<&str>,
    seen: &Seen,
) -> (Rule, Vec<String>) {
    let who = past.replica_shown(replica);
    if past.history.objects[object as usize].kind == TraceType::Log {
        let mut members = past.history.members(seen, Some(object));
        members.sort_unstable();
        let mut because = vec![format!(
            "the answer has exactly the {} that {who} has seen, each behind those that its writer \
             had seen",
            plural(members.len() as u64, "entry")
        )];
        because.extend(members.iter().map(|op| past.performed(*op)));
        because.push("no earlier answer shows two of them the other way round".into());
        return (Rule::LogCausality, because);
    }
    let keys = match of {
        Some(key) => vec![key.to_string()],
        None => seen_keys(past, object, seen),
    };
    let mut because = Vec::new();
    for key in &keys {
        let number = past.history.find_key(object, key);
        let maximal = number.map_or(Vec::new(), |number| past.history.maximal(number, seen));
        for op in &maximal {
            because.push(format!("{}; {}", past.performed(*op), past.arrival(replica, *op)));
        }
        if !maximal.is_empty() {
            because.push(format!(
                "no write that {who} has seen saw {}, and the answer is the value of {}",
                if maximal.len() == 1 { "it" } else { "any of these" },
                if maximal.len() == 1 { "it" } else { "one of them" },
            ));
        }
    }
    because.push(if because.is_empty() {
        format!("{who} has seen no write here, so the answer is null or empty")
    } else {
        "no earlier answer shows an order of them that this one reverses".into()
    });
    (Rule::LwwSuperseded, because)
}

fn why_counts(past: &Past, replica: u32, object: Option<u32>) -> Vec<String> {
    let seen = past.seen(replica);
    let counts = past.history.counts(&seen, object);
    if counts.is_empty() {
        return vec![format!("{} has seen no operation", past.replica_shown(replica))];
    }
    let of =
        |(origin, right): (&u32, &u64)| why_vector(past, replica, object, &seen, (*origin, *right));
    counts.iter().map(of).collect()
}

fn why_converged(past: &Past, replicas: &[u32]) -> Vec<String> {
    let Some((first, others)) = replicas.split_first() else { return Vec::new() };
    let seen = past.seen(*first);
    let x = past.replica_shown(*first);
    let with = |other: &u32| {
        let (y, other) = (past.replica_shown(*other), past.seen(*other));
        if past.history.same(&seen, &other, None) {
            let count = plural(seen.size, "operation");
            format!("{x} and {y} have seen exactly the same {count}")
        } else {
            format!(
                "{x} has seen {}, {y} {}, not the same ones; the values that are compared are equal \
                 at both all the same",
                plural(seen.size, "operation"),
                other.size
            )
        }
    };
    let mut because: Vec<String> = others.iter().map(with).collect();
    let kinds = || past.history.objects.iter().map(|object| object.kind);
    if kinds().any(|kind| past.orders_by_itself(kind)) {
        because.push(
            "registers, maps and logs are not compared: the implementation orders their writes by \
             itself, so that what they show is judged where it is read"
                .into(),
        );
    }
    if kinds().any(|kind| kind == TraceType::Opaque) {
        because.push("opaque objects are not compared: only answers about them are".into());
    }
    because
}

fn why_decisions(past: &Past, replica: u32, object: u32) -> Vec<String> {
    let seen = past.seen(replica).laid_flat();
    let own = past.orders_by_itself(past.history.objects[object as usize].kind);
    let open = super::open_decisions(past, object, &seen, own);
    if open.is_empty() {
        return vec![format!(
            "at {} the current effect of each key is that of every decision on it that no other \
             decision saw: none is open",
            past.replica_shown(replica)
        )];
    }
    let why = |decision| super::decisions::why_open(past, replica, decision, own);
    open.iter().flat_map(why).collect()
}

fn why_notices(past: &Past, replica: u32, user: &str) -> Vec<String> {
    let seen = past.seen(replica).laid_flat();
    let all = super::all_notices(past, &seen, user);
    let of = all.iter().filter(|(_, choices)| choices.iter().any(|ops| !ops.is_empty()));
    let because: Vec<String> = of
        .flat_map(|(key, _)| {
            let name = key.key.as_deref();
            super::notices::why_notices(past, replica, user, &seen, &key.object, name)
        })
        .collect();
    if because.is_empty() {
        let (who, user) = (past.replica_shown(replica), shown(user));
        return vec![format!("{who} has seen no decision of {user} that was superseded")];
    }
    because
}

fn why_state(past: &Past, replica: u32, object: u32) -> Vec<String> {
    let kind = past.history.objects[object as usize].kind;
    let (who, what) = (past.replica_shown(replica), past.object_shown(object));
    let rows = if past.loaded[object as usize] {
        past.state(replica, object).rows()
    } else {
        past.history.state_rows(object, &past.seen(replica))
    };
    let mut because = vec![format!(
        "the state of {what} that follows from what {who} loaded, did and received has {}",
        plural(rows.len() as u64, "entry")
    )];
    because.extend(rows.iter().map(|row| shown(&state_json(kind, std::slice::from_ref(row)))));
    because
}

/// Why an insert's statement about its place holds.
pub fn why_insert_holds(past: &Past, object: u32, op: &Op) -> Vec<String> {
    let Operation::Insert { element, after, before, .. } = &op.operation else { return Vec::new() };
    let mut because = Vec::new();
    for (name, side) in [(after, "behind"), (before, "before")] {
        let insert = name.as_deref().and_then(|name| past.history.insert_of(object, name));
        if let Some(insert) = insert {
            because.push(format!(
                "{}; {} is put {side} it",
                past.performed(insert),
                shown(element)
            ));
        }
    }
    because.push("no earlier answer or insert says the contrary, directly or in a cycle".into());
    because
}
