//! `notices`: which of a user's decisions were superseded.

use super::decisions::{is_keyed, open_decisions};
use crate::Rule;
use crate::answer::rows::{fields, text};
use crate::answer::values::{list, quoted};
use crate::judge::{Checked, Falsity};
use crate::past::Past;
use crate::past::history::{Effect, History, NONE, OpId, Seen};
use crate::wording::{MOST_LISTED, left_out, shown};
use rejoin::json::Json;
use std::collections::BTreeMap;

pub(super) fn notices(past: &Past, replica: u32, user: &str, claimed: &Json) -> Checked {
    let seen = past.seen(replica).laid_flat();
    let right = all_notices(past, &seen, user);
    let parsed = claimed_notices(claimed);
    let mut wrong = None;
    if let Some(groups) = &parsed {
        let mut groups = groups.clone();
        for (key, choices) in &right {
            let claimed = groups.remove(key).unwrap_or_default();
            let named = |ops: &Vec<OpId>| {
                let mut names: Vec<_> = ops.iter().map(|op| past.name_of(*op)).collect();
                names.sort_unstable();
                names == claimed
            };
            if !choices.iter().any(named) {
                wrong = Some(key.clone());
                break;
            }
        }
        match (wrong.is_none(), groups.into_keys().next()) {
            (true, None) => return Ok(()),
            (true, key) => wrong = key,
            _ => {}
        }
    }
    let because = past.because(|| match &wrong {
        None => vec![
            "notices are a list of {\"object\", \"key\", \"replica\", \"seq\"} (a register \
             has no key)"
                .into(),
        ],
        Some(key) => why_notices(past, replica, user, &seen, &key.object, key.key.as_deref()),
    });
    let expected = right.iter().flat_map(|(key, choices)| {
        choices[0].iter().map(|op| {
            let (replica, seq) = past.name_of(*op);
            let named = key.key.as_ref().map(|key| format!(r#""key":{},"#, quoted(key)));
            let (object, key) = (quoted(&key.object), named.unwrap_or_default());
            let replica = quoted(&replica);
            format!(r#"{{"object":{object},{key}"replica":{replica},"seq":{seq}}}"#)
        })
    });
    let expected = list('[', ']', expected);
    let mut falsity = Falsity::of(Rule::Notices, because);
    falsity.expected = right.iter().all(|(_, choices)| choices.len() == 1).then_some(expected);
    Err(falsity)
}

/// For each open key, the notices that each choice of its current effect leads to: with
/// explicit stamps there is one.
pub fn all_notices(past: &Past, seen: &Seen, user: &str) -> Vec<(NoticeKey, Vec<Vec<OpId>>)> {
    let user_number = past.history.users.find(user).unwrap_or(NONE - 1);
    let mut right = Vec::new();
    for object in 0..past.history.objects.len() as u32 {
        let kind = past.history.objects[object as usize].kind;
        if !kind.has_decisions() {
            continue;
        }
        let own = past.orders_by_itself(kind);
        for open in open_decisions(past, object, seen, own) {
            let key = NoticeKey {
                object: past.history.objects[object as usize].name.to_string(),
                key: is_keyed(kind).then_some(open.key),
            };
            right.push((key, noticed(past, &open.superseded, user_number, own)));
        }
    }
    right
}

/// The user's superseded decisions among these: for each choice of what is kept.
pub(super) fn noticed(past: &Past, decisions: &[OpId], user: u32, own: bool) -> Vec<Vec<OpId>> {
    let operation = |op: OpId| &past.history.ops[op as usize];
    let by_user = |ops: Vec<OpId>| ops.into_iter().filter(|op| operation(*op).user == user);
    if !own {
        return vec![by_user(decisions.to_vec()).collect()];
    }
    let superseded_by = |kept: Effect| {
        let others = decisions
            .iter()
            .copied()
            .filter(|op| !History::same_effect(operation(*op).effect, kept));
        by_user(others.collect()).collect()
    };
    decisions.iter().map(|op| superseded_by(operation(*op).effect)).collect()
}

pub fn why_notices(
    past: &Past,
    replica: u32,
    user: &str,
    seen: &Seen,
    object: &str,
    key: Option<&str>,
) -> Vec<String> {
    let (who, user) = (past.replica_shown(replica), shown(user));
    let number = past.find_object(object);
    let decided =
        number.and_then(|number| Some((number, past.history.find_key(number, key.unwrap_or(""))?)));
    let what =
        key.map_or_else(|| shown(object), |key| format!("{} of {}", shown(key), shown(object)));
    let Some((number, key)) = decided else {
        return vec![format!("nobody has decided {what}")];
    };
    let kind = past.history.objects[number as usize].kind;
    if !kind.has_decisions() {
        let kind = kind.as_str();
        return vec![format!("{what} is of an object of type {kind}, which has no decisions")];
    }
    let Some((current, maximal)) = past.history.decision(number, key, seen) else {
        return vec![format!("{who} has seen no decision on {what}")];
    };
    let mut because = Vec::new();
    for op in maximal.iter().take(MOST_LISTED) {
        let operation = &past.history.ops[*op as usize];
        let role = match History::same_effect(operation.effect, current) {
            _ if past.orders_by_itself(past.history.objects[number as usize].kind) => "maximal",
            true => "kept",
            false => "superseded",
        };
        let by = match operation.user {
            NONE => "by no named user".into(),
            by => format!("by user {}", shown(past.history.users.text(by))),
        };
        because.push(format!("{role}: {}, {by}", past.performed(*op)));
    }
    because.extend(left_out(maximal.len(), "decision"));
    because.push(format!(
        "{user} is notified of each decision of {user} on {what} that was superseded, and of no other"
    ));
    because
}

/// What a notice is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoticeKey {
    /// Of which object.
    pub object: String,
    /// Which key. Absent for a register.
    pub key: Option<String>,
}

/// The notices that are claimed: for each thing, whose operations they are. Nothing where they are not in that form.
pub fn claimed_notices(claimed: &Json) -> Option<BTreeMap<NoticeKey, Vec<(String, u64)>>> {
    let Json::Array(items) = claimed else { return None };
    let mut groups = BTreeMap::<_, Vec<_>>::new();
    for item in items {
        let (object, key, replica, seq) = match fields(item, ["object", "key", "replica", "seq"]) {
            Some([object, key, replica, seq]) => (object, Some(text(key)?), replica, seq),
            None => {
                let [object, replica, seq] = fields(item, ["object", "replica", "seq"])?;
                (object, None, replica, seq)
            }
        };
        let key = NoticeKey { object: text(object)?.into(), key: key.map(String::from) };
        groups.entry(key).or_default().push((text(replica)?.into(), seq.as_count()?));
    }
    groups.values_mut().for_each(|group| group.sort_unstable());
    Some(groups)
}
