//! `read` of an opaque object: equal knowledge must give equal answers to equal queries.

use super::Memory;
use super::digest::{Fingerprint, knowledge};
use crate::Rule;
use crate::judge::{Checked, Falsity};
use crate::past::Past;
use crate::wording::{plural, shown};
use hashbrown::HashMap;
use rejoin::json::Json;

/// What was asked: the object, what was seen of it, and the query.
type Question = (u32, Fingerprint, Option<Fingerprint>);

/// The first answer to each question: a fingerprint and the beginning of it, its line, and who
/// gave it.
pub type Answers = HashMap<Question, (Fingerprint, Box<str>, u32, u32)>;

/// How much of an answer is kept to be shown.
const SHOWN: usize = 64;

fn fingerprint(text: &str) -> Fingerprint {
    *blake3::hash(text.as_bytes()).as_bytes()
}

fn question(past: &Past, replica: u32, object: u32, query: Option<&Json>) -> Question {
    let knowledge = knowledge(past, replica, Some(object), &past.seen(replica));
    (object, knowledge, query.map(|query| fingerprint(&query.canonical())))
}

/// Why an answer that holds does, after it was judged.
pub fn why_holds(
    memory: &Memory,
    past: &Past,
    (replica, object): (u32, u32),
    query: Option<&Json>,
) -> Vec<String> {
    let who = past.replica_shown(replica);
    match memory.answers.get(&question(past, replica, object, query)) {
        Some((_, text, line, by)) if *line != past.line => vec![
            format!("{} answered {} on line {line}", past.replica_shown(*by), shown(text)),
            format!("{who} has seen exactly the same operations on this object, and answers alike"),
        ],
        _ => vec![format!(
            "no earlier answer to this query is of exactly the operations on this object that \
             {who} has seen, so no answer contradicts it"
        )],
    }
}

/// Judges the answer of an opaque object.
pub fn read(
    memory: &mut Memory,
    past: &Past,
    (replica, object): (u32, u32),
    query: Option<&Json>,
    claimed: &Json,
) -> Checked {
    let seen = past.seen(replica);
    let question = question(past, replica, object, query);
    let answer = claimed.canonical();
    past.history.charge(answer.len() as u64 / 16);
    let shown_part = || answer.chars().take(SHOWN).collect::<String>().into_boxed_str();
    let entry = memory.answers.entry(question);
    let (first, text, line, by) =
        entry.or_insert_with(|| (fingerprint(&answer), shown_part(), past.line, replica));
    if *first == fingerprint(&answer) {
        return Ok(());
    }
    let because = past.because(|| {
        let (who, by) = (past.replica_shown(replica), past.replica_shown(*by));
        let members = past.history.members(&seen, Some(object));
        let last = members.iter().max().map(|op| past.history.ops[*op as usize].line);
        let known = match last {
            None => "no operation on this object".into(),
            Some(last) => {
                let count = plural(members.len() as u64, "operation");
                format!("exactly the same {count} on this object, the last of them on line {last}")
            }
        };
        vec![
            format!("{by} answered {} on line {line}", shown(text)),
            format!("{who} has seen {known}, and answers {}", shown(&answer)),
            "equal knowledge must give equal answers to equal queries".into(),
        ]
    });
    Err(Falsity::of(Rule::OpaqueAgreement, because))
}
