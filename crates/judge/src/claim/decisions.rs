//! `decisions`: the open merge decisions of an object.

use crate::Rule;
use crate::answer::rows::{fields, text};
use crate::answer::values::{list, quoted};
use crate::judge::{Checked, Falsity};
use crate::past::Past;
use crate::past::history::{History, OpId, Seen};
use crate::wording::{MOST_LISTED, left_out, shown};
use rejoin::json::Json;
use rejoin::object::TraceType;

pub(super) fn decisions(past: &Past, replica: u32, object: u32, claimed: &Json) -> Checked {
    let seen = past.seen(replica).laid_flat();
    let kind = past.history.objects[object as usize].kind;
    let own = past.orders_by_itself(kind);
    let mut open = open_decisions(past, object, &seen, own);
    let parsed = claimed_decisions(kind, claimed);
    let right = parsed.as_ref().is_some_and(|claimed| {
        claimed.len() == open.len()
            && open.iter().all(|right| {
                // Keys are distinct on the right side, so equal numbers leave no repeats.
                claimed.iter().filter(|claim| claim.key == right.key).count() == 1
                    && claimed.iter().any(|claim| agrees(past, right, claim, own))
            })
    });
    if right {
        return Ok(());
    }
    let because = past.because(|| {
        let Some(claimed) = &parsed else {
            return vec![
                "decisions are a list of {\"key\", \"kept\", \"superseded\"} (a register has \
                 no key), and both lists hold {\"replica\", \"seq\"}"
                    .into(),
            ];
        };
        why_decisions(past, replica, object, &seen, &open, claimed, own)
    });
    open.sort_by(|a, b| a.key.cmp(&b.key));
    let expected = list('[', ']', open.iter().map(|decision| decision_json(past, kind, decision)));
    let mut falsity = Falsity::of(Rule::Decisions, because);
    falsity.expected = (!own).then_some(expected);
    Err(falsity)
}

/// Whether the decisions of such an object name a key.
pub fn is_keyed(kind: TraceType) -> bool {
    kind != TraceType::LwwRegister && !kind.is_flag()
}

/// The open decisions on all keys of an object.
pub fn open_decisions(past: &Past, object: u32, seen: &Seen, own: bool) -> Vec<Open> {
    let keys = past.history.objects[object as usize].keys.clone();
    keys.into_iter().filter_map(|key| open(past, object, key, seen, own)).collect()
}

/// The open decision on a key. With own stamps what is kept is for the implementation to
/// say: all are then listed as superseded.
pub fn open(past: &Past, object: u32, key: u32, seen: &Seen, own: bool) -> Option<Open> {
    let (current, maximal) = past.history.decision(object, key, seen)?;
    let effect = |op: &OpId| past.history.ops[*op as usize].effect;
    let current = if own { effect(&maximal[0]) } else { current };
    if maximal.iter().all(|op| History::same_effect(effect(op), current)) {
        return None;
    }
    let (kept, superseded) =
        maximal.into_iter().partition(|op| !own && History::same_effect(effect(op), current));
    let name = past.history.keys[key as usize].name.to_string();
    Some(Open { key: name, kept, superseded })
}

pub(super) fn agrees(past: &Past, right: &Open, claim: &ClaimedDecision, own: bool) -> bool {
    if right.key != claim.key {
        return false;
    }
    let names = |ops: &[OpId]| -> Vec<(String, u64)> {
        let mut names: Vec<_> = ops.iter().map(|op| past.name_of(*op)).collect();
        names.sort_unstable();
        names
    };
    if !own {
        return names(&right.kept) == claim.kept && names(&right.superseded) == claim.superseded;
    }
    let mut all = [claim.kept.clone(), claim.superseded.clone()].concat();
    all.sort_unstable();
    if claim.kept.is_empty() || names(&right.superseded) != all {
        return false;
    }
    // One effect is kept, and with all who decided so.
    right.superseded.iter().any(|chosen| {
        let effect = past.history.ops[*chosen as usize].effect;
        let (kept, rest): (Vec<_>, Vec<_>) = right.superseded.iter().partition(|op| {
            let other = past.history.ops[**op as usize].effect;
            History::same_effect(effect, other)
        });
        names(&kept) == claim.kept && names(&rest) == claim.superseded
    })
}

pub(super) fn decision_json(past: &Past, kind: TraceType, decision: &Open) -> String {
    let ops = |ops: &[OpId]| {
        let names = ops.iter().map(|op| past.name_of(*op));
        list(
            '[',
            ']',
            names
                .map(|(replica, seq)| format!(r#"{{"replica":{},"seq":{seq}}}"#, quoted(&replica))),
        )
    };
    let key = match kind {
        kind if !is_keyed(kind) => String::new(),
        _ => format!(r#""key":{},"#, quoted(&decision.key)),
    };
    let (kept, superseded) = (ops(&decision.kept), ops(&decision.superseded));
    format!(r#"{{{key}"kept":{kept},"superseded":{superseded}}}"#)
}

pub fn why_decisions(
    past: &Past,
    replica: u32,
    object: u32,
    seen: &Seen,
    open: &[Open],
    claimed: &[ClaimedDecision],
    own: bool,
) -> Vec<String> {
    let who = past.replica_shown(replica);
    let unclaimed = |decision: &&Open| {
        !claimed.iter().any(|claim| {
            claim.key == decision.key
                && (own
                    || (claim.kept.len() == decision.kept.len()
                        && claim.superseded.len() == decision.superseded.len()))
        })
    };
    let not_open =
        claimed.iter().find(|claim| !open.iter().any(|decision| decision.key == claim.key));
    match (open.iter().find(unclaimed), not_open, open.first()) {
        (None, Some(claim), _) => {
            let what = shown(&claim.key);
            let Some(key) = past.history.find_key(object, &claim.key) else {
                return vec![format!("nobody has decided {what}")];
            };
            let maximal = past.history.maximal(key, seen);
            let mut because: Vec<String> =
                maximal.iter().take(MOST_LISTED).map(|op| past.performed(*op)).collect();
            because.extend(left_out(maximal.len(), "decision"));
            because.push(format!(
                "{what} is no open decision at {who}: its current effect and that of every \
                 decision that no other saw are the same"
            ));
            because
        }
        (Some(decision), ..) | (None, None, Some(decision)) => {
            why_open(past, replica, decision, own)
        }
        (None, None, None) => vec![format!("{who} has no open decision on this object")],
    }
}

pub(super) fn why_open(past: &Past, replica: u32, decision: &Open, own: bool) -> Vec<String> {
    let who = past.replica_shown(replica);
    let what = match decision.key.as_str() {
        "" => "this object".into(),
        key => shown(key),
    };
    let mut because = vec![format!("{what} is an open decision at {who}")];
    let all = decision.kept.iter().chain(&decision.superseded);
    for op in all.take(MOST_LISTED) {
        let role = match () {
            () if own => "maximal",
            () if decision.kept.contains(op) => "kept",
            () => "superseded",
        };
        let (sentence, arrival) = (past.performed(*op), past.arrival(replica, *op));
        because.push(format!("{role}: {sentence}; {arrival}"));
    }
    let all = decision.kept.len() + decision.superseded.len();
    because.extend(left_out(all, "decision"));
    because.push("none of them had been seen where the others were made".into());
    if !own && decision.kept.is_empty() {
        because.push(
            "the current effect is of an older decision with a greater timestamp, so none \
             is kept"
                .into(),
        );
    }
    because
}

/// An open merge decision.
#[derive(Debug)]
pub struct Open {
    /// The key; empty for a register.
    pub key: String,
    /// The maximal decisions with the current effect.
    pub kept: Vec<OpId>,
    /// The other maximal decisions.
    pub superseded: Vec<OpId>,
}

/// A claimed open merge decision, its lists in order.
#[derive(Debug)]
pub struct ClaimedDecision {
    /// The key; empty for a register.
    pub key: String,
    /// Kept: replica and seq.
    pub kept: Vec<(String, u64)>,
    /// Superseded: replica and seq.
    pub superseded: Vec<(String, u64)>,
}

fn claimed_decisions(kind: TraceType, claimed: &Json) -> Option<Vec<ClaimedDecision>> {
    let Json::Array(items) = claimed else { return None };
    items
        .iter()
        .map(|item| {
            let (key, kept, superseded) = match kind {
                kind if !is_keyed(kind) => {
                    let [kept, superseded] = fields(item, ["kept", "superseded"])?;
                    ("", kept, superseded)
                }
                _ => {
                    let [key, kept, superseded] = fields(item, ["key", "kept", "superseded"])?;
                    (text(key)?, kept, superseded)
                }
            };
            let (kept, superseded) = (claimed_ops(kept)?, claimed_ops(superseded)?);
            Some(ClaimedDecision { key: key.into(), kept, superseded })
        })
        .collect()
}

fn claimed_ops(ops: &Json) -> Option<Vec<(String, u64)>> {
    let Json::Array(ops) = ops else { return None };
    let op = |op: &Json| {
        let [replica, seq] = fields(op, ["replica", "seq"])?;
        Some((text(replica)?.into(), seq.as_count()?))
    };
    let mut ops = ops.iter().map(op).collect::<Option<Vec<_>>>()?;
    ops.sort_unstable();
    Some(ops)
}
