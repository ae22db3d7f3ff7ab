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

#[cfg(test)]
mod tests {
    use super::*;
    use rejoin_trace::Event;

    fn excerpt(text: &str, span: std::ops::Range<usize>) -> Excerpt {
        let event = Event::Note { text: String::new() };
        Excerpt::of(&Line { number: 1, event, text }, span)
    }

    #[test]
    fn only_what_is_left_out_is_counted() {
        assert_eq!(left_out(MOST_LISTED, "entry"), None);
        assert_eq!(left_out(MOST_LISTED + 1, "entry").as_deref(), Some("and 1 more entry"));
        assert_eq!(left_out(MOST_LISTED + 2, "entry").as_deref(), Some("and 2 more entries"));
    }

    #[test]
    fn few_names_are_listed() {
        let names =
            |count| declared(std::iter::repeat_n("a", count).collect::<Vec<_>>().into_iter());
        assert_eq!(names(0), "; the header declares none");
        assert_eq!(names(2), "; declared are `a`, `a`");
        assert!(names(12).ends_with("`a`"));
        assert_eq!(names(13), "");
    }

    #[test]
    fn a_long_text_is_cut_and_what_no_printer_has_is_escaped() {
        assert_eq!(shown(&"é".repeat(60)), format!("`{}`", "é".repeat(60)));
        assert_eq!(shown(&"é".repeat(61)), format!("`{}…`", "é".repeat(60)));
        assert_eq!(shown("a\nb"), "`a\\nb`");
    }

    #[test]
    fn numbers_have_the_endings_of_english() {
        let ordinals = [1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 111, 113, 121].map(ordinal);
        let expected = "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 23rd 111th 113th 121st";
        assert_eq!(ordinals.join(" "), expected);
        assert_eq!(plural(1, "key"), "1 key");
        assert_eq!(plural(2, "key"), "2 keys");
        assert_eq!(plural(0, "reply"), "0 replies");
        assert_eq!(plural(1, "entry"), "1 entry");
    }

    #[test]
    fn an_excerpt_of_a_short_line_is_the_line() {
        let text = "{\"event\":\"note\",\"text\":\"é\"}";
        let found = excerpt(text, 23..27);
        assert_eq!(
            (found.text.as_str(), found.column, &found.text[found.marked]),
            (text, 1, "\"é\"")
        );
    }

    #[test]
    fn an_excerpt_has_120_bytes_before_the_span_and_200_of_it_and_120_after() {
        let text = ["a".repeat(500), "b".repeat(300), "c".repeat(500)].concat();
        let long = excerpt(&text, 500..800);
        assert_eq!((long.text.as_str(), long.column), (&text[380..820], 381));
        assert_eq!(&long.text[long.marked], &text[500..700]);
        let short = excerpt(&text, 500..510);
        assert_eq!((short.text.as_str(), short.column), (&text[380..630], 381));
        assert_eq!(&short.text[short.marked], &text[500..510]);
    }

    #[test]
    fn an_excerpt_cuts_no_character() {
        // 3 bytes each: neither 380 nor 700 nor 820 is the first byte of one.
        let text = "€".repeat(500);
        let found = excerpt(&text, 501..801);
        assert_eq!((found.text.len(), found.column), ((699 + 120) - 381, 128));
        assert_eq!(found.marked, 120..318);
    }
}
