//! Text that is safe to show: what a file contains must not steer the terminal.

use std::borrow::Cow;

pub use rejoin::sync::escape;

/// JSON text on one line, with the same meaning, and safe to show. Characters that must be escaped
/// occur only inside strings, except white space, which becomes a space.
pub fn escape_json(json: &str) -> Cow<'_, str> {
    if json.contains(['\t', '\n', '\r']) {
        Cow::Owned(escape(&json.replace(['\t', '\n', '\r'], " ")).into_owned())
    } else {
        escape(json)
    }
}

/// Two texts for a comparison by eye, each in at most so many characters (and a short note). If one
/// is longer, both begin shortly before they differ.
pub fn shorten(one: &str, other: &str, most: usize) -> (String, String) {
    let longest = one.chars().count().max(other.chars().count());
    let same = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let start = if longest > most { same.saturating_sub(most / 3) } else { 0 };
    (window(one, start, most), window(other, start, most))
}

/// So many characters of the text, starting at `start`.
fn window(text: &str, start: usize, most: usize) -> String {
    let length = text.chars().count();
    let mut shown = String::from(if start > 0 { "… " } else { "" });
    shown.extend(text.chars().skip(start).take(most));
    if length > start + most {
        shown += &format!(" … {}", count((length - start - most) as u128, "more character"));
    }
    shown
}

/// A number with its digits in groups of three: 12,345.
pub fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things: `1 event`, `12,345 events`.
pub fn count(number: impl Into<u128>, thing: &str) -> String {
    let number = number.into();
    format!("{} {thing}{}", grouped(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_gets_through() {
        assert_eq!(escape("a\x1b[31m\u{9b}31m\u{202e}\n\x7f"), {
            r"a\u001b[31m\u009b31m\u202e\u000a\u007f"
        });
        assert_eq!(escape("größer: 北京 🙂"), "größer: 北京 🙂");
    }

    #[test]
    fn escaped_json_means_the_same() {
        let json = "{\"a\u{85}\":\t[\"\u{2028}\x7f\"]}";
        let safe = escape_json(json);
        assert_eq!(safe, r#"{"a\u0085": ["\u2028\u007f"]}"#);
        let value = |text| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(json), value(&safe));
    }

    #[test]
    fn long_texts_begin_shortly_before_they_differ() {
        let check = |one, other, most, expected: (&str, &str)| {
            let (a, b) = shorten(one, other, most);
            assert_eq!((a.as_str(), b.as_str()), expected);
        };
        check("[1,2]", "[1,3]", 5, ("[1,2]", "[1,3]"));
        check("", "äöüßäöüß", 3, ("", "äöü … 5 more characters"));
        check("0123456789a", "0123456789bcdefgh", 6, ("… 89a", "… 89bcde … 3 more characters"));
        check("0123456789", "0123456789", 9, ("… 789", "… 789"));
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(count(1u64, "event"), "1 event");
        assert_eq!(count(0u64, "event"), "0 events");
        assert_eq!(count(999u64, "event"), "999 events");
        assert_eq!(count(1_234_567u64, "event"), "1,234,567 events");
    }
}
