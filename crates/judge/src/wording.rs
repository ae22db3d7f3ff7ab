//! Names and places from a trace, made fit for sentences.

use crate::Excerpt;
use rejoin_trace::{Line, column};

/// At most this many operations are listed one by one.
pub const MOST_LISTED: usize = 6;

/// How many things are left out where there are too many to list.
pub fn left_out(count: usize, what: &str) -> Option<String> {
    let more = count.checked_sub(MOST_LISTED).filter(|more| *more > 0)?;
    Some(format!("and {}", plural(more as u64, &format!("more {what}"))))
}

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

/// 1st, 2nd, 3rd, 4th….
pub fn ordinal(n: u32) -> String {
    let ending = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}

/// 1 thing, 2 things; 1 entry, 2 entries.
pub fn plural(n: u64, what: &str) -> String {
    match (n, what.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u']))) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) => format!("{n} {stem}ies"),
        _ => format!("{n} {what}s"),
    }
}

/// Control characters are shown by their numbers, so that a report can be printed anywhere.
fn visible(c: char) -> impl Iterator<Item = char> {
    let escaped = c.is_control().then(|| c.escape_default());
    let plain = (!c.is_control()).then_some(c);
    escaped.into_iter().flatten().chain(plain)
}

impl Excerpt {
    /// The piece of a line around a span: the whole line where it is short.
    pub fn of(line: &Line<'_>, span: std::ops::Range<usize>) -> Self {
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
