//! The rest of a page: JSON, compressed, as text. Each section is unpacked on its own.

use super::head::{FIRST, finding};
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use rejoin_judge::{Report, Row, RowKind, Run, Timeline};
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::Write;

/// Rows by columns: equal numbers come to stand next to each other, which compresses well.
#[derive(Default, Serialize)]
pub struct Columns<'a> {
    /// The numbers of the lines; absent where it is all of them, from line 2 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<u64>>,
    /// The lines as they were written; absent where they have a section of their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    texts: Vec<&'a str>,
    /// One letter a row.
    kinds: String,
    /// The replica, or -1.
    replicas: Vec<i64>,
    /// The other replica, or -1.
    others: Vec<i64>,
    /// The object, or -1.
    objects: Vec<i64>,
    /// How many lines before the row its message was sent or its backup was taken; 0 for none.
    back: Vec<u64>,
    /// What was newly seen.
    brought: Vec<u64>,
    /// The same for the other replica, where that has seen any.
    returned: Vec<(u64, u64)>,
    /// 1 lost, 2 repeated, 4 reordered.
    flags: Vec<u8>,
    /// The lines that name messages, with the lines that sent these.
    named: Vec<(u64, &'a [u32])>,
    /// The lines that pass on what is held back, with the lines that sent it.
    held_back: Vec<(u64, &'a [u32])>,
    /// The lines that open and close conflicts, with how many.
    conflicts: Vec<(u64, u32, u32)>,
}

impl<'a> Columns<'a> {
    /// The columns of all rows, or with their texts of these lines.
    pub fn of(timeline: &'a Timeline, only: Option<&BTreeSet<u64>>) -> Self {
        let mut columns = Self { lines: only.map(|_| Vec::new()), ..Self::default() };
        for (number, (row, text)) in (2..).zip(timeline.rows.iter().zip(&timeline.lines)) {
            if let Some(only) = only {
                if !only.contains(&number) {
                    continue;
                }
                columns.lines.get_or_insert_default().push(number);
                columns.texts.push(text);
            }
            columns.push(number, row);
        }
        columns
    }

    fn push(&mut self, number: u64, row: &'a Row) {
        let index = |number: Option<u32>| number.map_or(-1, i64::from);
        self.kinds.push(letter(row.kind));
        self.replicas.push(index(row.replica));
        self.others.push(index(row.other));
        self.objects.push(index(row.object));
        self.back.push(row.from.map_or(0, |from| number - u64::from(from)));
        self.brought.push(row.brought[0]);
        if row.brought[1] > 0 {
            self.returned.push((number, row.brought[1]));
        }
        let flags = [row.lost, row.repeated, row.reordered].into_iter().map(u8::from);
        self.flags.push(flags.enumerate().map(|(bit, flag)| flag << bit).sum());
        if !row.named.is_empty() {
            self.named.push((number, &row.named));
        }
        if !row.held_back.is_empty() {
            self.held_back.push((number, &row.held_back));
        }
        if row.conflicts != [0, 0] {
            self.conflicts.push((number, row.conflicts[0], row.conflicts[1]));
        }
    }
}

fn letter(kind: RowKind) -> char {
    match kind {
        RowKind::Op => 'o',
        RowKind::Send => 's',
        RowKind::Receive => 'r',
        RowKind::Merge => 'm',
        RowKind::Sync => 'y',
        RowKind::Save => 'v',
        RowKind::Restore => 't',
        RowKind::Load => 'l',
        RowKind::Note => 'n',
        RowKind::Claim => 'c',
    }
}

#[derive(Serialize)]
struct States<'a> {
    key_objects: Vec<u32>,
    key_names: Vec<Option<&'a str>>,
    key_ranks: Vec<u32>,
    texts: &'a [String],
    conflicts: Vec<(&'a [u32], &'a [u32])>,
    grounds: Vec<(&'a [u32], &'a [u32])>,
    /// Lines, each less the one before.
    lines: Vec<u32>,
    replicas: Vec<u32>,
    keys: Vec<u32>,
    answers: Vec<u32>,
    /// The changes that have a conflict, with its number.
    contested: Vec<(usize, u32)>,
    /// What each answer rests on, by its number.
    grounded: Vec<u32>,
}

fn states(timeline: &Timeline) -> States<'_> {
    let changes = &timeline.changes;
    let mut before = 0;
    let from_before = |line: u32| line - std::mem::replace(&mut before, line);
    let contested = changes.iter().enumerate().filter(|(_, change)| change.conflict > 0);
    States {
        key_objects: timeline.keys.iter().map(|key| key.object).collect(),
        key_names: timeline.keys.iter().map(|key| key.name.as_deref()).collect(),
        key_ranks: timeline.keys.iter().map(|key| key.rank).collect(),
        texts: &timeline.texts,
        conflicts: timeline.conflicts.iter().map(|of| (&*of.kept, &*of.superseded)).collect(),
        grounds: timeline.grounds.iter().map(|of| (&*of.current, &*of.concurrent)).collect(),
        lines: changes.iter().map(|change| change.line).map(from_before).collect(),
        replicas: changes.iter().map(|change| change.replica).collect(),
        keys: changes.iter().map(|change| change.key).collect(),
        answers: changes.iter().map(|change| change.text).collect(),
        contested: contested.map(|(at, change)| (at, change.conflict)).collect(),
        grounded: changes.iter().map(|change| change.grounds).collect(),
    }
}

/// Which operations each replica knows.
#[derive(Serialize)]
struct Knowledge {
    /// The lines of the operations, each less the one before.
    lines: Vec<u32>,
    /// Which of its replica's operations each is.
    seqs: Vec<u32>,
    /// When replicas came to know some or lost some: the line less the one before, the replica,
    /// and both as runs.
    learned: Vec<(u32, u32, Vec<u32>, Vec<u32>)>,
}

fn knowledge(timeline: &Timeline) -> Knowledge {
    let from_before = |before: &mut u32, line: u32| line - std::mem::replace(before, line);
    let (mut operation, mut exchange) = (0, 0);
    let runs =
        |runs: &[Run]| runs.iter().flat_map(|run| [run.origin, run.first, run.count]).collect();
    let operations = &timeline.operations;
    Knowledge {
        lines: operations.iter().map(|(line, _)| from_before(&mut operation, *line)).collect(),
        seqs: operations.iter().map(|(_, seq)| *seq).collect(),
        learned: timeline
            .learned
            .iter()
            .map(|of| {
                let line = from_before(&mut exchange, of.line);
                (line, of.replica, runs(&of.gained), runs(&of.lost))
            })
            .collect(),
    }
}

/// The sections by their names, each packed.
pub fn sections(report: &Report, timeline: &Timeline) -> [(&'static str, String); 5] {
    let findings: Vec<_> = report.findings.iter().skip(FIRST).map(finding).collect();
    [
        ("rows", packed(&Columns::of(timeline, None))),
        ("lines", packed(&timeline.lines)),
        ("knowledge", packed(&knowledge(timeline))),
        ("states", packed(&states(timeline))),
        ("findings", packed(&findings)),
    ]
}

fn packed(section: &impl Serialize) -> String {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    let json = serde_json::to_vec(section).expect("names and numbers are JSON");
    packer.write_all(&json).expect("memory takes what is written to it");
    STANDARD.encode(packer.finish().expect("memory takes what is written to it"))
}
