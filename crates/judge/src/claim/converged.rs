//! `converged`: replicas that hold the same values.

use crate::Rule;
use crate::judge::{Falsity, Judgement};
use crate::past::Past;
use crate::past::history::Seen;
use crate::wording::shown;
use rejoin::object::TraceType;

const BEYOND: &str = "a counter's total is beyond 2^128 − 1";

pub(super) fn converged(past: &Past, replicas: &[u32]) -> Judgement {
    let (first, others) = replicas.split_first().unwrap_or((&0, &[]));
    let seen = past.seen(*first);
    for other in others {
        let other_seen = past.seen(*other);
        let same = past.history.same(&seen, &other_seen, None);
        for object in 0..past.history.objects.len() as u32 {
            past.history.charge(1);
            let kind = past.history.objects[object as usize].kind;
            let (a, b) = if past.loaded[object as usize] {
                let (a, b) = (past.state(*first, object), past.state(*other, object));
                past.history.charge((a.len() + b.len()) as u64);
                (a.value_text().map_err(|_| BEYOND)?, b.value_text().map_err(|_| BEYOND)?)
            } else if same
                || kind == TraceType::Opaque
                || past.orders_by_itself(kind)
                || past.history.same(&seen, &other_seen, Some(object))
            {
                continue;
            } else {
                let a = past.history.value_text(object, &seen);
                (a, past.history.value_text(object, &other_seen))
            };
            if a != b {
                let because = past.because(|| {
                    why_diverged(past, object, (*first, &seen, &a), (*other, &other_seen, &b))
                });
                return Ok(Err(Falsity::of(Rule::Converged, because)));
            }
        }
    }
    Ok(Ok(()))
}

pub fn why_diverged(
    past: &Past,
    object: u32,
    (a, seen_by_a, value_a): (u32, &Seen, &str),
    (b, seen_by_b, value_b): (u32, &Seen, &str),
) -> Vec<String> {
    let (x, y) = (past.replica_shown(a), past.replica_shown(b));
    let what = past.object_shown(object);
    let mut because = vec![
        format!("{what} is {} at {x}", shown(value_a)),
        format!("{what} is {} at {y}", shown(value_b)),
    ];
    let missing = |seen: &Seen, other: &Seen| {
        let mut ops = past.history.members(seen, Some(object));
        ops.retain(|op| !past.history.contains(other, *op));
        ops.into_iter().max()
    };
    for (seen, other, without) in [(seen_by_a, seen_by_b, b), (seen_by_b, seen_by_a, a)] {
        if let Some(op) = missing(seen, other) {
            because.push(format!("{}; {}", past.performed(op), past.arrival(without, op)));
        }
    }
    because
}
