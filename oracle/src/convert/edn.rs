//! Reads EDN, as far as Jepsen writes it, as JSON values.
//!
//! Keywords and symbols become strings without their colon; lists, vectors and sets become arrays;
//! maps become objects whose keys are texts. Tags are dropped, and the tagged values are kept.
//! Source: github.com/edn-format/edn.

use serde_json::{Map, Number, Value};

/// How deep a value may be nested.
const DEEPEST: usize = 64;

/// Reads all values of a text.
///
/// # Errors
/// A sentence that names the line.
pub fn read(text: &str) -> Result<Vec<Value>, String> {
    let mut reader = Reader { text, at: 0 };
    let mut values = Vec::new();
    while let Some(value) = reader.value(DEEPEST).map_err(|what| reader.place(&what))? {
        values.push(value);
    }
    match reader.peek() {
        None => Ok(values),
        Some(c) => Err(reader.place(&format!("`{c}` closes no list, vector or map"))),
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn place(&self, what: &str) -> String {
        let line = self.text[..self.at].matches('\n').count() + 1;
        format!("line {line}: {what}")
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            let blank = rest.trim_start_matches([' ', ',', '\t', '\r', '\n']);
            self.at += rest.len() - blank.len();
            if !blank.starts_with(';') {
                return;
            }
            self.at += blank.find('\n').unwrap_or(blank.len());
        }
    }

    /// The next value; `None` at the end of the text or of a list.
    fn value(&mut self, depth: usize) -> Result<Option<Value>, String> {
        if depth == 0 {
            return Err(format!("values are nested more than {DEEPEST} levels"));
        }
        loop {
            self.skip_blanks();
            let rest = &self.text[self.at..];
            let Some(first) = rest.chars().next() else { return Ok(None) };
            return Ok(Some(match first {
                ')' | ']' | '}' => return Ok(None),
                '(' | '[' => {
                    self.at += 1;
                    Value::Array(self.items(if first == '(' { ')' } else { ']' }, depth)?)
                }
                '{' => {
                    self.at += 1;
                    self.map(depth)?
                }
                '"' => self.string()?,
                '#' if rest.starts_with("#{") => {
                    self.at += 2;
                    Value::Array(self.items('}', depth)?)
                }
                '#' if rest.starts_with("#_") => {
                    self.at += 2;
                    self.value(depth - 1)?;
                    continue;
                }
                '#' => {
                    // A tag, and the value that it tags.
                    self.at += 1;
                    self.word();
                    return self.value(depth - 1);
                }
                '^' => {
                    self.at += 1;
                    self.value(depth - 1)?;
                    continue;
                }
                _ => self.atom()?,
            }));
        }
    }

    fn items(&mut self, end: char, depth: usize) -> Result<Vec<Value>, String> {
        let mut items = Vec::new();
        while let Some(item) = self.value(depth - 1)? {
            items.push(item);
        }
        self.close(end)?;
        Ok(items)
    }

    fn map(&mut self, depth: usize) -> Result<Value, String> {
        let items = self.items('}', depth)?;
        if !items.len().is_multiple_of(2) {
            return Err("a map has a key without a value".into());
        }
        let mut map = Map::new();
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            let key = match key {
                Value::String(key) => key,
                other => other.to_string(),
            };
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }

    fn close(&mut self, end: char) -> Result<(), String> {
        self.skip_blanks();
        match self.peek() {
            Some(c) if c == end => {
                self.at += 1;
                Ok(())
            }
            Some(c) => Err(format!("found `{c}`, expected `{end}`")),
            None => Err(format!("the text ends, expected `{end}`")),
        }
    }

    fn string(&mut self) -> Result<Value, String> {
        self.at += 1;
        let mut text = String::new();
        let mut chars = self.text[self.at..].char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.at += at + 1;
                    return Ok(Value::String(text));
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, 't')) => text.push('\t'),
                    Some((_, 'r')) => text.push('\r'),
                    Some((_, c)) => text.push(c),
                    None => break,
                },
                c => text.push(c),
            }
        }
        Err("a string has no end".into())
    }

    fn word(&mut self) -> &str {
        let rest = &self.text[self.at..];
        let ends = |c: char| c.is_whitespace() || ",()[]{}\";".contains(c);
        let length = rest.find(ends).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn atom(&mut self) -> Result<Value, String> {
        let word = self.word();
        let number = word.trim_end_matches(['N', 'M']);
        Ok(match word {
            "" => return Err("expected a value".into()),
            "nil" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            word if word.starts_with(':') => Value::String(word[1..].into()),
            _ if number.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+') => {
                let number = number.trim_start_matches('+');
                match number.parse::<i64>() {
                    Ok(number) => number.into(),
                    Err(_) => match number.parse::<f64>().ok().and_then(Number::from_f64) {
                        Some(number) => number.into(),
                        None => Value::String(word.into()),
                    },
                }
            }
            word => Value::String(word.into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_read_as_jepsen_writes_them() {
        let text = "; a history\n[{:type :ok, :f :add, :value 1} #jepsen.history.Op{:index 0}]\n\
                    #{3 2N} (a \"b\\n\\\"\" nil) #_ skipped -1.5 ^{:m 1} true";
        let expected = [
            json!([{"type": "ok", "f": "add", "value": 1}, {"index": 0}]),
            json!([3, 2]),
            json!(["a", "b\n\"", null]),
            json!(-1.5),
            json!(true),
        ];
        assert_eq!(read(text).unwrap(), expected);
    }

    #[test]
    fn a_fault_is_named_with_its_line() {
        for (text, why) in [
            ("\n[1", "line 2: the text ends, expected `]`"),
            ("{:a}", "line 1: a map has a key without a value"),
            ("1 )", "line 1: `)` closes no list, vector or map"),
            ("[1)", "line 1: found `)`, expected `]`"),
            ("\"x", "line 1: a string has no end"),
        ] {
            assert_eq!(read(text).unwrap_err(), why);
        }
        assert!(read(&"[".repeat(100_000)).unwrap_err().contains("nested more than 64"));
        assert!(read(&"#a ".repeat(100_000)).unwrap_err().contains("nested more than 64"));
    }
}
