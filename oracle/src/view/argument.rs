//! The lines that a sentence of an argument names.

use serde::Serialize;

/// A piece of a sentence: its text, or a line that it names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Piece {
    /// Text as it is.
    Text(String),
    /// The number of a line.
    Line(u64),
}

/// The sentence in pieces. What stands between backquotes comes from the trace, and names none.
pub fn pieces(sentence: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = sentence;
    let mut is_quoted = false;
    // Whether a number here is that of a line: after "line", or in a list that began so.
    let mut is_listing = false;
    while let Some(next) = rest.chars().next() {
        let before = text.chars().next_back();
        let starts = before.is_none_or(|before| !before.is_alphanumeric());
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if is_listing && digits > 0 && starts {
            if let Ok(line) = rest[..digits].parse() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
                pieces.push(Piece::Line(line));
            } else {
                text += &rest[..digits];
            }
            rest = &rest[digits..];
            continue;
        }
        let word = ["lines ", "line "].into_iter().find(|word| rest.starts_with(word));
        if let Some(word) = word.filter(|_| !is_quoted && starts) {
            is_listing = true;
            text += word;
            rest = &rest[word.len()..];
            continue;
        }
        let between = [", and ", " and ", ", ", " to "].into_iter();
        let follows = |word: &&str| {
            rest.strip_prefix(*word)
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        match between.into_iter().find(follows).filter(|_| is_listing && text.is_empty()) {
            Some(word) => {
                text += word;
                rest = &rest[word.len()..];
                continue;
            }
            None => is_listing = false,
        }
        is_quoted ^= next == '`';
        text.push(next);
        rest = &rest[next.len_utf8()..];
    }
    pieces.push(Piece::Text(text));
    pieces.retain(|piece| *piece != Piece::Text(String::new()));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use rejoin_judge::cited;

    #[track_caller]
    fn check(sentence: &str, expected: &[u64]) {
        let pieces = pieces(sentence);
        let line = |piece: &Piece| match piece {
            Piece::Line(line) => Some(*line),
            Piece::Text(_) => None,
        };
        let mut lines: Vec<u64> = pieces.iter().filter_map(line).collect();
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines, expected, "{sentence}");
        assert_eq!(lines, cited(&[sentence.into()]), "links lead where slices do: {sentence}");
        let whole: String = pieces
            .into_iter()
            .map(|piece| match piece {
                Piece::Text(text) => text,
                Piece::Line(line) => line.to_string(),
            })
            .collect();
        assert_eq!(whole, sentence, "no character is lost");
    }

    #[test]
    fn lines_are_found_and_other_numbers_are_not() {
        check("`x` was added on line 4 at `a` (`a`'s 1st operation)", &[4]);
        check("`b` received it (line 4) with `m2` on line 7, which `a` sent on line 5", &[4, 5, 7]);
        check("it is the sum of 3 increments, on lines 3, 5 and 12, which is 90", &[3, 5, 12]);
        check("3 lines follow, and airline 4 does not count", &[]);
        check("`line 9` was added on line 2", &[2]);
        check("line 99999999999999999999 and größer", &[]);
    }
}
