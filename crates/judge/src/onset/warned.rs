//! The warnings that belong to a finding.

use crate::past::Past;
use crate::past::history::NONE;
use crate::wording::plural;
use hashbrown::HashSet;
use std::collections::BTreeSet;

/// Warnings that are looked at, of more the last.
pub const MOST: usize = 20_000;

/// Lines that are named, and messages that are repeated.
const MOST_LINES: usize = 12;
const MOST_MESSAGES: usize = 3;

/// The warnings on what a claim is wrong in, of an object without keys those on it: how many they are and on
/// which lines, and the last of them.
pub fn sentences(past: &Past, object: Option<u32>, keys: &HashSet<u32>) -> Vec<String> {
    let history = &past.history;
    let all = &past.warnings[past.warnings.len().saturating_sub(MOST)..];
    let is_about = |line: u64| {
        let at = history.ops.binary_search_by_key(&line, |op| op.line.into());
        let Ok(at) = at else { return line == u64::from(past.line) };
        match (history.ops[at].key, keys.is_empty()) {
            (NONE, _) | (_, true) => object == Some(history.object_of(at as u32)),
            (key, false) => keys.contains(&key),
        }
    };
    let about: Vec<_> = all.iter().filter(|warning| is_about(warning.line)).collect();
    if about.is_empty() {
        return Vec::new();
    }
    let rules: BTreeSet<&str> = about.iter().map(|warning| warning.rule.as_str()).collect();
    let lines: BTreeSet<u64> = about.iter().map(|warning| warning.line).collect();
    let skipped = lines.len().saturating_sub(MOST_LINES);
    let named: Vec<String> = lines.iter().skip(skipped).map(u64::to_string).collect();
    let word = match (lines.len(), skipped) {
        (1, _) => "on line",
        (_, 0) => "on lines",
        _ => "the last on lines",
    };
    let mut said = vec![format!(
        "{} so far {} on what is wrong here ({}), {word} {}",
        plural(about.len() as u64, "warning"),
        if about.len() == 1 { "is" } else { "are" },
        rules.into_iter().collect::<Vec<_>>().join(", "),
        named.join(", ")
    )];
    let first = about.len().saturating_sub(MOST_MESSAGES);
    said.extend(about[first..].iter().map(|of| format!("line {}: {}", of.line, of.message)));
    said
}
