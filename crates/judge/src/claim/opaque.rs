//! `read` of an opaque object: equal knowledge must give equal answers to equal queries.

use super::Memory;
use crate::Rule;
use crate::judge::{Checked, Falsity};
use crate::past::Past;
use crate::past::history::Seen;
use crate::wording::{plural, shown};
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use rejoin::json::Json;

/// What was asked: the object, what was seen of it, and the query.
type Question = (u32, Box<[u8]>, Option<Box<[u8]>>);

/// The first answer to each question.
pub type Answers = HashMap<Question, First>;

/// The first answer to a question.
#[derive(Debug)]
pub struct First {
    answer: Box<[u8]>,
    line: u32,
    /// Who gave it.
    by: u32,
    /// Whether another replica answered the question since.
    is_shared: bool,
}

/// What is no longer than this is kept as it is, which is quicker than a fingerprint of it.
const SHORT: usize = 64;
/// Stands before a fingerprint: no text begins so, and knowledge has another length.
const MARK: u8 = 0xff;
/// Where the beginning of a long text is, behind its fingerprint.
const BEGINNING: usize = 1 + blake3::OUT_LEN;
/// How much of a long answer is kept to be shown: more characters than a sentence shows.
const SHOWN: usize = 256;

/// Bytes to be compared with others: equal exactly if those are, and short. Of long ones it has
/// as much of the beginning as is to be shown.
fn kept(bytes: &[u8], to_show: usize) -> Box<[u8]> {
    if bytes.len() <= SHORT {
        return bytes.into();
    }
    let beginning = &bytes[..bytes.len().min(to_show)];
    [&[MARK], blake3::hash(bytes).as_bytes().as_slice(), beginning].concat().into()
}

/// The text that was kept, as far as it is there.
fn text_of(kept: &[u8]) -> String {
    let text = if kept.first() == Some(&MARK) { &kept[BEGINNING..] } else { kept };
    String::from_utf8_lossy(text).into()
}

fn question(past: &Past, seen: &Seen, object: u32, query: Option<&Json>) -> Question {
    let mut known = Vec::with_capacity(SHORT);
    let mut add = |a: u32, b: u32| {
        known.extend(a.to_le_bytes());
        known.extend(b.to_le_bytes());
    };
    past.history.for_each_prefix(seen, Some(object), &mut |_, lane, count| add(lane, count));
    past.history.beyond(seen, Some(object)).into_iter().for_each(|op| add(u32::MAX, op));
    (object, kept(&known, 0), query.map(|query| kept(query.canonical().as_bytes(), 0)))
}

/// Why an answer that holds does, after it was judged.
pub fn why_holds(
    memory: &Memory,
    past: &Past,
    (replica, object): (u32, u32),
    query: Option<&Json>,
) -> Vec<String> {
    let who = past.replica_shown(replica);
    match memory.answers.get(&question(past, &past.seen(replica), object, query)) {
        Some(First { answer: first, line, by, .. }) if *line != past.line => vec![
            format!(
                "{} answered {} on line {line}",
                past.replica_shown(*by),
                shown(&text_of(first))
            ),
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
    let question = question(past, &seen, object, query);
    let answer = claimed.canonical();
    past.history.charge(answer.len() as u64 / 16);
    let entry = memory.answers.entry(question);
    let answered = kept(answer.as_bytes(), SHOWN);
    let entry = match entry {
        Entry::Vacant(entry) => {
            let (line, by) = (past.line, replica);
            entry.insert(First { answer: answered, line, by, is_shared: false });
            return Ok(());
        }
        Entry::Occupied(entry) => entry.into_mut(),
    };
    memory.is_compared = entry.is_shared || entry.by != replica;
    entry.is_shared = memory.is_compared;
    let First { answer: first, line, by, .. } = entry;
    if *first == answered {
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
            format!("{by} answered {} on line {line}", shown(&text_of(first))),
            format!("{who} has seen {known}, and answers {}", shown(&answer)),
            "equal knowledge must give equal answers to equal queries".into(),
        ]
    });
    Err(Falsity::of(Rule::OpaqueAgreement, because))
}
