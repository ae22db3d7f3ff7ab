//! A recorded editing trace: the text as a list of characters.
//!
//! Meaning: each inserted character is an element, inserted between its neighbours in the writer's
//! text. A concurrent trace names the parents of each transaction, which determine what each
//! replica has seen ([`super::dag`]). The file has one answer, its `endContent`: if the elements
//! spell it, the trace claims them, in their order.
//! Cost: O(√length) for an edit; a merge O(length).
//! Source: the formats of github.com/josephg/editing-traces.

use super::dag::Places;
use super::{Draft, Refusal};
use rejoin::json::Json;
use rejoin::object::TraceType;
use rejoin_trace::{Operation, Stamps};
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    #[serde(default, rename = "startContent")]
    start_content: String,
    #[serde(rename = "endContent")]
    end_content: String,
    txns: Vec<Transaction>,
}

#[derive(Deserialize)]
struct Transaction {
    /// Absent in a sequential trace.
    parents: Option<Vec<usize>>,
    #[serde(default)]
    agent: usize,
    patches: Vec<(usize, usize, String)>,
}

const OBJECT: &str = "text";

/// Converts a sequential or concurrent editing trace.
pub fn convert(text: &str) -> Result<Draft, Refusal> {
    let file: File = serde_json::from_str(text).map_err(|error| {
        Refusal::malformed(format!(
            "expected an editing trace, an object with `endContent` and `txns`: {error}"
        ))
    })?;
    let parents = parents(&file.txns)?;
    let is_concurrent = file.txns.iter().any(|txn| txn.parents.is_some());
    if is_concurrent && !file.start_content.is_empty() {
        return Err(Refusal::malformed("a concurrent trace has no `startContent`"));
    }
    let mut has_child = vec![false; parents.len()];
    parents.iter().flatten().for_each(|parent| has_child[*parent] = true);
    let mut editor = Editor::new(is_concurrent);
    let mut places = Places::new(&parents);
    if !file.start_content.is_empty() {
        editor.replica(0, 0);
        editor.insert(0, 0, &file.start_content);
    }
    for (number, (txn, parents)) in file.txns.iter().zip(&parents).enumerate() {
        let place = places.next(parents, txn.agent);
        editor.replica(place.replica, txn.agent);
        if !place.receives.is_empty() {
            for parent in &place.receives {
                editor.draft.receive(&editor.views[place.replica].name.clone(), &message(*parent));
            }
            let is_new =
                |txn: usize| place.receives.iter().any(|parent| places.is_within(txn, *parent));
            editor.catch_up(place.replica, is_new);
        }
        let made = editor.elements.len();
        let mut deleted = Vec::new();
        for (at, length, inserted) in &txn.patches {
            let view = &editor.views[place.replica];
            if at.checked_add(*length).is_none_or(|end| end > view.visible.len()) {
                return Err(Refusal::malformed(format!(
                    "transaction {number} edits beyond the end of its text, which has {} characters",
                    view.visible.len()
                )));
            }
            deleted.extend(editor.delete(place.replica, *at, *length));
            editor.insert(place.replica, *at, inserted);
        }
        if has_child[number] {
            editor.draft.send(&editor.views[place.replica].name.clone(), &message(number));
        }
        let inserted = (made, editor.elements.len());
        editor.views[place.replica].knows(editor.changes.len());
        editor.changes.push(Change { inserted, deleted });
    }
    Ok(editor.finish(&file.end_content))
}

fn message(txn: usize) -> String {
    format!("t{txn}")
}

/// The parents of each transaction; in a sequential trace the transaction before.
fn parents(txns: &[Transaction]) -> Result<Vec<Vec<usize>>, Refusal> {
    let of = |(number, txn): (usize, &Transaction)| match &txn.parents {
        None => Ok(number.checked_sub(1).into_iter().collect()),
        Some(parents) if parents.iter().any(|parent| *parent >= number) => {
            Err(Refusal::malformed(format!("transaction {number} has a parent that comes later")))
        }
        Some(parents) => Ok(parents.clone()),
    };
    txns.iter().enumerate().map(of).collect()
}

/// The elements that a transaction inserted, and those that it deleted.
struct Change {
    inserted: (usize, usize),
    deleted: Vec<u32>,
}

/// The text of one replica.
struct View {
    name: String,
    visible: Rope,
    /// Which transactions it has seen.
    seen: Vec<bool>,
    /// Which elements it has seen deleted.
    deleted: Vec<bool>,
}

impl View {
    fn knows(&mut self, txn: usize) {
        mark(&mut self.seen, txn);
    }
}

fn mark(flags: &mut Vec<bool>, at: usize) {
    if flags.len() <= at {
        flags.resize(at + 1, false);
    }
    flags[at] = true;
}

fn is_marked(flags: &[bool], at: usize) -> bool {
    flags.get(at).copied().unwrap_or(false)
}

struct Editor {
    draft: Draft,
    /// The character of each element.
    elements: Vec<char>,
    /// All elements in their order, if there are several replicas.
    order: Vec<u32>,
    is_concurrent: bool,
    views: Vec<View>,
    changes: Vec<Change>,
}

impl Editor {
    fn new(is_concurrent: bool) -> Self {
        Self {
            draft: Draft::new(&[(OBJECT, TraceType::List)], Stamps::Explicit),
            elements: Vec::new(),
            order: Vec::new(),
            is_concurrent,
            views: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// Creates a replica, if it is new.
    fn replica(&mut self, number: usize, agent: usize) {
        if number < self.views.len() {
            return;
        }
        let first = format!("agent {agent}");
        let again = self.views.iter().filter(|view| view.name.starts_with(&first)).count();
        let name = if again == 0 { first } else { format!("{first}, line {}", again + 1) };
        self.draft.header.replicas.push(name.clone());
        let (seen, deleted) = (Vec::new(), Vec::new());
        self.views.push(View { name, visible: Rope::default(), seen, deleted });
    }

    fn insert(&mut self, replica: usize, at: usize, text: &str) {
        let view = &self.views[replica];
        let name = view.name.clone();
        let left = at.checked_sub(1).and_then(|left| view.visible.get(left));
        let right = view.visible.get(at);
        let first = self.elements.len() as u32;
        let mut after = left;
        for character in text.chars() {
            let element = self.elements.len() as u32;
            self.elements.push(character);
            let value = Some(Json::String(character.into()));
            let (after_name, before) = (after.map(element_name), right.map(element_name));
            let element_of = element_name(element);
            self.draft.op(
                &name,
                OBJECT,
                Operation::Insert { element: element_of, after: after_name, before, value },
            );
            after = Some(element);
        }
        let new: Vec<u32> = (first..self.elements.len() as u32).collect();
        if self.is_concurrent && !new.is_empty() {
            let behind = |left| self.order.iter().position(|other| *other == left);
            let at = left.and_then(behind).map_or(0, |at| at + 1);
            self.order.splice(at..at, new.iter().copied());
        }
        self.views[replica].visible.insert(at, &new);
    }

    fn delete(&mut self, replica: usize, at: usize, length: usize) -> Vec<u32> {
        let view = &mut self.views[replica];
        let gone = view.visible.remove(at, length);
        let name = view.name.clone();
        for element in &gone {
            mark(&mut view.deleted, *element as usize);
            let element = element_name(*element);
            self.draft.op(&name, OBJECT, Operation::Erase { element });
        }
        gone
    }

    /// The replica receives the transactions that it has not seen.
    fn catch_up(&mut self, replica: usize, is_new: impl Fn(usize) -> bool) {
        let view = &mut self.views[replica];
        let mut shown = vec![false; self.elements.len()];
        view.visible.iter().for_each(|element| shown[element as usize] = true);
        for (txn, change) in self.changes.iter().enumerate() {
            if is_marked(&view.seen, txn) || !is_new(txn) {
                continue;
            }
            view.knows(txn);
            shown[change.inserted.0..change.inserted.1].fill(true);
            change.deleted.iter().for_each(|element| mark(&mut view.deleted, *element as usize));
        }
        let is_visible = |element: &u32| {
            shown[*element as usize] && !is_marked(&view.deleted, *element as usize)
        };
        let visible: Vec<u32> = self.order.iter().copied().filter(is_visible).collect();
        view.visible = Rope::default();
        view.visible.insert(0, &visible);
    }

    /// All replicas sync with the first one, which answers.
    fn finish(mut self, end: &str) -> Draft {
        if self.views.is_empty() {
            self.replica(0, 0);
        }
        let first = self.views[0].name.clone();
        for other in 1..self.views.len() {
            let name = self.views[other].name.clone();
            let message = format!("end {other}");
            self.draft.send(&name, &message);
            self.draft.receive(&first, &message);
        }
        if self.views.len() > 1 {
            self.catch_up(0, |_| true);
        }
        let visible: Vec<u32> = self.views[0].visible.iter().collect();
        let text: String = visible.iter().map(|element| self.elements[*element as usize]).collect();
        if text == end {
            let names = visible.iter().map(|element| Json::String(element_name(*element)));
            let answer = Json::Array(names.collect());
            self.draft.read(&first, OBJECT, None, answer);
        } else {
            self.draft.lost.push(
                "the text at the end: concurrent inserts stand at one place, and the file does not \
                 say in which order"
                    .into(),
            );
        }
        self.draft.lost.push("times, and the boundaries of transactions".into());
        self.draft
    }
}

fn element_name(element: u32) -> String {
    format!("c{element}")
}

/// A long list in blocks.
#[derive(Default)]
struct Rope {
    blocks: Vec<Vec<u32>>,
    length: usize,
}

impl Rope {
    const BLOCK: usize = 512;

    fn len(&self) -> usize {
        self.length
    }

    fn iter(&self) -> impl Iterator<Item = u32> {
        self.blocks.iter().flatten().copied()
    }

    /// The block of a position, and the position in it; behind the last element the end of the last
    /// block.
    fn find(&self, mut at: usize) -> (usize, usize) {
        for (number, block) in self.blocks.iter().enumerate() {
            if at < block.len() || (number + 1 == self.blocks.len() && at == block.len()) {
                return (number, at);
            }
            at -= block.len();
        }
        (self.blocks.len(), 0)
    }

    fn get(&self, at: usize) -> Option<u32> {
        let (block, at) = self.find(at.min(self.length));
        self.blocks.get(block)?.get(at).copied()
    }

    fn insert(&mut self, at: usize, new: &[u32]) {
        if self.blocks.is_empty() {
            self.blocks.push(Vec::new());
        }
        let (number, at) = self.find(at);
        let block = &mut self.blocks[number];
        block.splice(at..at, new.iter().copied());
        self.length += new.len();
        if block.len() > 2 * Self::BLOCK {
            let whole = std::mem::take(block);
            let parts = whole.chunks(Self::BLOCK).map(<[u32]>::to_vec);
            self.blocks.splice(number..=number, parts);
        }
    }

    fn remove(&mut self, at: usize, length: usize) -> Vec<u32> {
        let mut gone = Vec::with_capacity(length);
        while gone.len() < length {
            let (number, at) = self.find(at);
            let block = &mut self.blocks[number];
            let end = block.len().min(at + length - gone.len());
            gone.extend(block.drain(at..end));
            if block.is_empty() {
                self.blocks.remove(number);
            }
        }
        self.length -= length;
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rope_is_a_list() {
        let (mut rope, mut list) = (Rope::default(), Vec::new());
        let mut random = 7u32;
        let mut next = |below: usize| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 8) as usize % below.max(1)
        };
        for step in 0..4_000u32 {
            let at = next(list.len() + 1);
            if step % 3 == 2 {
                let length = next(40).min(list.len() - at);
                let gone: Vec<u32> = list.drain(at..at + length).collect();
                assert_eq!(rope.remove(at, length), gone);
            } else {
                let new: Vec<u32> = (0..next(60) as u32).map(|i| step * 100 + i).collect();
                list.splice(at..at, new.iter().copied());
                rope.insert(at, &new);
            }
            assert_eq!(rope.len(), list.len());
            let at = next(list.len() + 3);
            assert_eq!(rope.get(at), list.get(at).copied());
        }
        assert!(rope.blocks.len() > 10);
        assert_eq!(rope.iter().collect::<Vec<_>>(), list);
    }
}
