//! `state`: the explicit state of an object.

use super::falsity;
use crate::Rule;
use crate::answer::rows::{Row, claimed_rows, state_json};
use crate::judge::Checked;
use crate::past::Past;
use crate::wording::shown;
use rejoin::json::Json;

pub(super) fn state_claim(past: &Past, replica: u32, object: u32, claimed: &Json) -> Checked {
    let kind = past.history.objects[object as usize].kind;
    let mut right = if past.loaded[object as usize] {
        let state = past.state(replica, object);
        past.history.charge(state.len() as u64);
        state.rows()
    } else {
        let seen = past.seen(replica);
        past.history.state_rows(object, &seen)
    };
    right.sort_unstable();
    let parsed = claimed_rows(kind, claimed);
    if parsed.as_ref() == Some(&right) {
        return Ok(());
    }
    let because = past.because(|| match parsed {
        None => vec![format!("this has not the shape of a state of a {}", kind.as_str())],
        Some(claimed) => why_state(past, replica, object, &right, &claimed),
    });
    falsity(Rule::State, state_json(kind, &right), because)
}

pub fn why_state(
    past: &Past,
    replica: u32,
    object: u32,
    right: &[Row],
    claimed: &[Row],
) -> Vec<String> {
    let kind = past.history.objects[object as usize].kind;
    let (who, what) = (past.replica_shown(replica), past.object_shown(object));
    let row = |row: &Row| shown(&state_json(kind, std::slice::from_ref(row)));
    let mut because = Vec::new();
    if let Some(missing) = right.iter().find(|row| !claimed.contains(row)) {
        because.push(format!("the state of {what} at {who} has {}", row(missing)));
    }
    if let Some(extra) = claimed.iter().find(|row| !right.contains(row)) {
        because.push(format!("it does not have {}", row(extra)));
    }
    if because.is_empty() {
        because.push("the claimed state has the same entries, but not as often".into());
    }
    because
}
