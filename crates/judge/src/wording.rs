//! Names and places from a trace, made fit for sentences.

use super::Excerpt;
use rejoin_trace::{Line, column};

/// The declared names, for an error about one that is not; only where they are few.
pub fn declared<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    match names.len() {
        0 => "; the header declares none".into(),
        1..=12 => format!("; declared are {}", names.map(shown).collect::<Vec<_>>().join(", ")),
        _ => String::new(),
    }
}

/// A name or a value from the trace for a sentence: between backquotes, not too long.
pub fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let mut piece: String = text.chars().take(MOST).flat_map(visible).collect();
    if text.chars().nth(MOST).is_some() {
        piece.push('…');
    }
    format!("`{piece}`")
}

/// Control characters are shown by their numbers, so that a report can be printed anywhere.
fn visible(c: char) -> impl Iterator<Item = char> {
    let escaped = c.is_control().then(|| c.escape_default());
    let plain = (!c.is_control()).then_some(c);
    escaped.into_iter().flatten().chain(plain)
}

impl Excerpt {
    /// The piece of a line around a span: the whole line where it is short.
    pub(super) fn of(line: &Line<'_>, span: std::ops::Range<usize>) -> Self {
        const AROUND: usize = 120;
        const MARKED: usize = 200;
        let text = line.text;
        let floor = |mut at: usize| {
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let marked_end = floor(span.end.min(span.start + MARKED));
        let start = floor(span.start.saturating_sub(AROUND));
        let end = floor(text.len().min(marked_end + AROUND));
        Self {
            text: text[start..end].into(),
            column: column(text, start),
            marked: span.start - start..marked_end - start,
        }
    }
}
