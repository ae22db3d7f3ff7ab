//! The line at which a bad trace ends, read again so that the report can mark the fault.
//!
//! Cost: reads up to the fault; holds the part of its line up to the fault, at most [`LONGEST`]
//! bytes.

use rejoin_judge::Excerpt;
use rejoin_trace::{Fault, decompress};
use std::io::{self, BufRead, Read};

/// A fault further into its line than this many bytes is not shown.
const LONGEST: u64 = 1 << 20;

/// Characters of a long line that are shown on either side of the fault.
const AROUND: usize = 80;

/// The part of the trace around the fault; `None` if its column is not known.
///
/// # Errors
/// When the trace cannot be read again.
pub fn find(trace: impl BufRead, fault: &Fault) -> io::Result<Option<Excerpt>> {
    let Some(column) = fault.column.and_then(|column| usize::try_from(column).ok()) else {
        return Ok(None);
    };
    let mut trace = decompress(trace)?;
    for _ in 1..fault.line {
        trace.skip_until(b'\n')?;
    }
    let mut line = Vec::new();
    trace.take(LONGEST).read_until(b'\n', &mut line)?;
    let line = String::from_utf8_lossy(&line);
    let line: Vec<char> = line.trim_end_matches(['\n', '\r']).chars().collect();
    if column == 0 || column > line.len() + 1 {
        return Ok(None);
    }
    let at = column - 1;
    let end = at + token(&line[at..]);
    let start = at.saturating_sub(AROUND);
    let before: String = line[start..at].iter().collect();
    let marked: String = line[at..end].iter().collect();
    let after: String = line[end..].iter().take(AROUND).collect();
    let from = before.len();
    let to = from + marked.len();
    let text = before + &marked + &after;
    Ok(Some(Excerpt { text, column: start as u64 + 1, marked: from..to }))
}

/// The length of the token at the beginning, in characters: a string, a word or number, or one
/// sign; none at the end of the line.
fn token(line: &[char]) -> usize {
    let is_word = |c: &char| c.is_alphanumeric() || matches!(c, '+' | '-' | '.' | '_');
    let length = match line.first() {
        None => 0,
        Some('"') => {
            let mut escaped = false;
            let ends = |c: &char| {
                let ends = *c == '"' && !escaped;
                escaped = *c == '\\' && !escaped;
                ends
            };
            line[1..].iter().position(ends).map_or(1, |end| end + 2)
        }
        Some(c) if is_word(c) => line.iter().take_while(|c| is_word(c)).count(),
        Some(_) => 1,
    };
    length.min(AROUND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(trace: &[u8], line: u64, column: u64, expected: Option<(&str, u64, &str)>) {
        let fault = Fault { line, column: Some(column), message: String::new() };
        let found = find(trace, &fault).unwrap();
        let found = found.as_ref().map(|excerpt| {
            (excerpt.text.as_str(), excerpt.column, &excerpt.text[excerpt.marked.clone()])
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn what_stands_at_the_fault_is_marked() {
        let trace = "{}\r\n{\"größe\": \"a\\\"b\", \"n\":-1.5e3}\r\n{".as_bytes();
        let line = "{\"größe\": \"a\\\"b\", \"n\":-1.5e3}";
        check(trace, 1, 1, Some(("{}", 1, "{")));
        check(trace, 2, 2, Some((line, 1, "\"größe\"")));
        check(trace, 2, 11, Some((line, 1, "\"a\\\"b\"")));
        check(trace, 2, 23, Some((line, 1, "-1.5e3")));
        check(trace, 2, 30, Some((line, 1, "")));
        check(trace, 3, 1, Some(("{", 1, "{")));
        check(trace, 3, 2, Some(("{", 1, "")));
        check(trace, 3, 9, None);
        check(trace, 9, 1, Some(("", 1, "")));
    }

    #[test]
    fn of_a_long_line_there_is_a_piece() {
        let line = format!("[{}\"{}\"", "1,".repeat(500_000), "x".repeat(1_000));
        let piece = format!("{}\"{}", "1,".repeat(40), "x".repeat(AROUND - 1));
        let text = piece.clone() + &"x".repeat(AROUND);
        let column = 1_000_002;
        let expected = Some((text.as_str(), column - AROUND as u64, &piece[AROUND..]));
        check(line.as_bytes(), 1, column, expected);
        check(&vec![b'x'; 2 << 20], 1, 2 << 20, None);
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_as_such() {
        check(b"{\"a\xff\xfe\":1}", 1, 4, Some(("{\"a\u{fffd}\u{fffd}\":1}", 1, "\u{fffd}")));
    }
}
