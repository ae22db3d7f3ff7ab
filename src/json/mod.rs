//! JSON as a trace needs it: strict, exact, with positions.
//!
//! Meaning: RFC 8259, where it leaves a choice the strict one: no member name twice in one
//! object, no unpaired surrogate, at most 128 levels. Numbers keep the text they were written
//! with, so that nothing is rounded before someone asks for it. Two values are equal when their
//! canonical bytes are: RFC 8785, with integers from −2^63 to 2^64 − 1 as plain digits.
//! Cost: reading is one pass, O(length); the canonical form is O(length · log members).
//! Source: RFC 8259 (JSON), RFC 8785 (canonical JSON), ECMA-262 (`Number::toString`).

mod number;

pub use number::{Count, Number};

use hashbrown::{DefaultHashBuilder, HashTable};
use number::Integer;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::BuildHasher;
use std::ops::Range;

/// How many objects and arrays may stand in one another.
pub const MAX_LEVELS: usize = 128;

/// Any JSON value, with numbers as they were written.
///
/// `==` compares what was written, member order and digits included. For equality of values
/// compare [`Json::canonical`].
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Json {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object: its members as they were written, no name twice.
    Object(Vec<(String, Json)>),
}

/// Why a text is not JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where, in bytes from the beginning of the text.
    pub offset: usize,
    /// What was found and what was expected.
    pub message: String,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: {}", self.offset, self.message)
    }
}

impl std::error::Error for SyntaxError {}

impl Json {
    /// Reads one value, with whitespace around it.
    ///
    /// # Errors
    /// Whatever RFC 8259 does not allow, and besides: a member name twice in one object, an
    /// unpaired surrogate, more than [`MAX_LEVELS`] levels.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let mut parser = Parser::new(text);
        let value = parser.value(1).and_then(|value| parser.end().map(|()| value));
        value.map_err(|error| *error)
    }

    /// The member of this name, where this is an object that has one. Cost: O(members).
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => {
                members.iter().find(|(known, _)| known == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The count that this is: a number with an integer value from 0 (`1`, `1.0`, `1e0`), or a
    /// string of decimal digits without a needless zero in front. `None` for anything else.
    pub fn count(&self) -> Option<Count> {
        match self {
            Self::Number(number) => match number.integer()? {
                Integer { negative: true, .. } => None,
                Integer { magnitude, .. } => Some(magnitude),
            },
            Self::String(digits) => {
                let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
                let needless_zero = digits.len() > 1 && digits.starts_with('0');
                if digits.is_empty() || !plain || needless_zero {
                    return None;
                }
                Some(digits.parse().map_or(Count::TooLarge, Count::Exact))
            }
            _ => None,
        }
    }

    /// The count that this is, where it fits into 64 bits; see [`Json::count`].
    pub fn as_count(&self) -> Option<u64> {
        match self.count()? {
            Count::Exact(count) => count.try_into().ok(),
            Count::TooLarge => None,
        }
    }

    /// Whether this is that count; see [`Json::count`].
    pub fn equals_count(&self, count: u128) -> bool {
        self.count() == Some(Count::Exact(count))
    }

    /// The integer that this is, as a number or as a string of its digits with `-` below 0, where
    /// it fits into 128 bits. `None` for anything else.
    pub fn as_integer(&self) -> Option<i128> {
        match self {
            Self::Number(number) => match number.integer()? {
                Integer { magnitude: Count::TooLarge, .. } => None,
                Integer { negative: true, magnitude: Count::Exact(magnitude) } => {
                    0_i128.checked_sub_unsigned(magnitude)
                }
                Integer { magnitude: Count::Exact(magnitude), .. } => magnitude.try_into().ok(),
            },
            Self::String(text) => {
                text.parse().ok().filter(|integer: &i128| integer.to_string() == *text)
            }
            _ => None,
        }
    }

    /// Whether this is that integer; see [`Json::as_integer`].
    pub fn equals_integer(&self, value: i128) -> bool {
        self.as_integer() == Some(value)
    }

    /// The canonical bytes: equal for two values exactly if the values are equal.
    ///
    /// A number too great for a double has no such form (a trace has it only in claimed counts);
    /// it stands as it was written, which is the text of no double.
    pub fn canonical(&self) -> String {
        let mut out = String::new();
        self.canonical_into(&mut out);
        out
    }

    /// Appends what [`Json::canonical`] gives.
    pub fn canonical_into(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(number) => number.canonical_into(out),
            Self::String(string) => quote_into(string, out),
            Self::Array(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    item.canonical_into(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                let mut members: Vec<&(String, Self)> = members.iter().collect();
                members.sort_by(|(a, _), (b, _)| utf16_order(a, b));
                out.push('{');
                for (i, (name, value)) in members.into_iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    quote_into(name, out);
                    out.push(':');
                    value.canonical_into(out);
                }
                out.push('}');
            }
        }
    }
}

impl Json {
    /// Appends the value as it was written, member order and digits included, without blanks.
    pub fn written_into(&self, out: &mut String) {
        match self {
            Self::Number(number) => out.push_str(number.as_str()),
            Self::Array(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    item.written_into(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (i, (name, value)) in members.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    quote_into(name, out);
                    out.push(':');
                    value.written_into(out);
                }
                out.push('}');
            }
            other => other.canonical_into(out),
        }
    }
}

impl fmt::Display for Json {
    /// As it was written; see [`Json::written_into`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.written_into(&mut text);
        f.write_str(&text)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<u64> for Json {
    fn from(number: u64) -> Self {
        Self::Number(u128::from(number).into())
    }
}

/// Appends a string as RFC 8785 writes it: only what must be escaped is, in the shortest way.
pub fn quote_into(string: &str, out: &mut String) {
    out.push('"');
    let mut written = 0;
    for (i, byte) in string.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&string[written..i]);
        written = i + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            0x08 => out.push_str("\\b"),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            0x0c => out.push_str("\\f"),
            b'\r' => out.push_str("\\r"),
            _ => {
                out.push_str("\\u00");
                out.push(char::from(b'0' + (byte >> 4)));
                out.push(char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
            }
        }
    }
    out.push_str(&string[written..]);
    out.push('"');
}

/// The order by UTF-16 code units.
///
/// It is the order by bytes, but that characters of four bytes (surrogates in UTF-16) come
/// before U+E000 to U+FFFF, whose first byte is EE or EF. Where two strings first differ inside
/// of a character, both characters begin alike, and bytes decide.
fn utf16_order(a: &str, b: &str) -> Ordering {
    let rank = |byte: u8| if matches!(byte, 0xee | 0xef) { byte + 0x10 } else { byte };
    match a.bytes().zip(b.bytes()).find(|(a, b)| a != b) {
        Some((a, b)) => rank(a).cmp(&rank(b)),
        None => a.len().cmp(&b.len()),
    }
}

/// One step from a value into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// To the member of this name.
    Member(String),
    /// To the item of this index, from 0.
    Item(usize),
}

/// Where in a JSON text the value stands that a path leads to, in bytes.
///
/// `None` where the text is not JSON or has no such value. Cost: O(length · steps).
pub fn span(text: &str, path: &[Step]) -> Option<Range<usize>> {
    find(text, path).map(|(_, span)| span)
}

/// Like [`span`], and also where the last member's name begins (the value, where it has none).
pub fn find(text: &str, path: &[Step]) -> Option<(usize, Range<usize>)> {
    let mut parser = Parser::new(text);
    let mut found = None;
    for (step, level) in path.iter().zip(1..) {
        parser.at = found.map_or(0, |(_, span): (usize, Range<usize>)| span.start);
        found = match (step, parser.peek()?) {
            (Step::Member(wanted), b'{') => {
                let read =
                    |parser: &mut Parser<'_>, name_at| Ok((name_at, parser.span(level + 1)?));
                let members: Vec<(Cow<'_, str>, _)> = parser.members(level, read).ok()?;
                members.into_iter().find(|(name, _)| name == wanted).map(|(_, found)| found)
            }
            (Step::Item(index), b'[') => {
                let items = parser.items(level, |parser| parser.span(level + 1)).ok()?;
                items.into_iter().nth(*index).map(|span| (span.start, span))
            }
            _ => None,
        };
        found.as_ref()?;
    }
    found.or_else(|| parser.span(1).ok().map(|span| (span.start, span)))
}

/// A value that is a member of a line: a text is not copied before someone wants to keep it.
pub enum Field<'t> {
    /// A string.
    Text(Cow<'t, str>),
    /// Anything else.
    Other(Json),
}

impl From<Field<'_>> for Json {
    fn from(field: Field<'_>) -> Self {
        match field {
            Field::Text(text) => Self::String(text.into_owned()),
            Field::Other(json) => json,
        }
    }
}

impl From<Json> for Field<'_> {
    fn from(json: Json) -> Self {
        match json {
            Json::String(text) => Self::Text(text.into()),
            json => Self::Other(json),
        }
    }
}

/// The result of reading; errors are rare, so they are kept small to pass on.
pub type Parsed<T> = Result<T, Box<SyntaxError>>;

/// Reads a text from left to right.
pub struct Parser<'t> {
    text: &'t str,
    /// How many bytes have been read.
    at: usize,
    /// Whether there was a number that no short run of digits writes: such may be out of range.
    pub unusual: bool,
}

impl<'t> Parser<'t> {
    /// At the start of a text.
    pub fn new(text: &'t str) -> Self {
        Self { text, at: 0, unusual: false }
    }

    /// What comes after whitespace.
    pub fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.byte() {
            self.at += 1;
        }
        self.byte()
    }

    /// Takes the end of the text.
    pub fn end(&mut self) -> Parsed<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.expected("the end of the line after the value")),
        }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Takes a value; an object or array would be on this level, from 1.
    pub fn value(&mut self, level: usize) -> Parsed<Json> {
        match self.peek() {
            Some(b'"') => Ok(Json::String(self.string()?.into_owned())),
            Some(b'-' | b'0'..=b'9') => Ok(Json::Number(Number::new(self.number()?))),
            Some(b'{') => {
                Ok(Json::Object(self.members(level, |parser, _| parser.value(level + 1))?))
            }
            Some(b'[') => Ok(Json::Array(self.items(level, |parser| parser.value(level + 1))?)),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            _ => Err(self.expected("a value")),
        }
    }

    /// Takes a value of the line itself.
    pub fn field(&mut self) -> Parsed<Field<'t>> {
        match self.byte() {
            Some(b'"') => Ok(Field::Text(self.string()?)),
            _ => Ok(Field::Other(self.value(2)?)),
        }
    }

    /// Takes a value, and says where it stands.
    fn span(&mut self, level: usize) -> Parsed<Range<usize>> {
        self.peek();
        let start = self.at;
        self.value(level)?;
        Ok(start..self.at)
    }

    fn word(&mut self, word: &str, value: Json) -> Parsed<Json> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(self.expected("a value"))
        }
    }

    /// Takes an object; `read` takes each value and gets the place where the member's name begins.
    pub fn members<N, V>(
        &mut self,
        level: usize,
        mut read: impl FnMut(&mut Self, usize) -> Parsed<V>,
    ) -> Parsed<Vec<(N, V)>>
    where
        N: From<Cow<'t, str>> + AsRef<str>,
    {
        self.open(level)?;
        // A line has about seven fields.
        let mut members = Vec::with_capacity(if level == 1 { 8 } else { 0 });
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(members);
        }
        let mut names = Names::default();
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.expected("a member name in double quotes"));
            }
            let name_at = self.at;
            let name = N::from(self.string()?);
            if names.has(&members, name.as_ref()) {
                let message =
                    format!("the member {} stands twice in one object", Excerpt(name.as_ref()));
                return Err(wrong(name_at, message));
            }
            if self.peek() != Some(b':') {
                return Err(self.expected("`:` after the member name"));
            }
            self.at += 1;
            self.peek();
            let value = read(self, name_at)?;
            members.push((name, value));
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(self.expected("`,` or `}` after the member")),
            }
        }
        self.at += 1;
        Ok(members)
    }

    /// Takes an array; `read` takes each item.
    fn items<V>(
        &mut self,
        level: usize,
        mut read: impl FnMut(&mut Self) -> Parsed<V>,
    ) -> Parsed<Vec<V>> {
        self.open(level)?;
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(items);
        }
        loop {
            self.peek();
            items.push(read(self)?);
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(self.expected("`,` or `]` after the item")),
            }
        }
        self.at += 1;
        Ok(items)
    }

    /// Takes `{` or `[`, which is the next byte.
    fn open(&mut self, level: usize) -> Parsed<()> {
        if level > MAX_LEVELS {
            let message = format!("nested deeper than {MAX_LEVELS} levels");
            return Err(wrong(self.at, message));
        }
        self.at += 1;
        Ok(())
    }

    /// Takes a string, which begins at the next byte.
    fn string(&mut self) -> Parsed<Cow<'t, str>> {
        let start = self.at + 1;
        self.at = start + plain_len(&self.text.as_bytes()[start..]);
        if self.byte() == Some(b'"') {
            let plain = &self.text[start..self.at];
            self.at += 1;
            return Ok(Cow::Borrowed(plain));
        }
        let mut string = String::from(&self.text[start..self.at]);
        loop {
            match self.byte() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(string));
                }
                Some(b'\\') => string.push(self.escape()?),
                Some(control) => {
                    let message = format!(
                        "the control character U+{control:04X} stands bare in a string, expected \
                         the escape `\\u{control:04x}`"
                    );
                    return Err(wrong(self.at, message));
                }
                None => return Err(self.expected("`\"` at the end of the string")),
            }
            let start = self.at;
            self.at += plain_len(&self.text.as_bytes()[start..]);
            string.push_str(&self.text[start..self.at]);
        }
    }

    /// Takes an escape, which begins at the next byte.
    fn escape(&mut self) -> Parsed<char> {
        let start = self.at;
        self.at += 1;
        let char = match self.byte() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode_escape(start);
            }
            _ => return Err(self.expected("one of `\" \\ / b f n r t u` after the backslash")),
        };
        self.at += 1;
        Ok(char)
    }

    /// Takes what follows `\u`, and the second half of a surrogate pair.
    fn unicode_escape(&mut self, start: usize) -> Parsed<char> {
        let first = self.hex()?;
        if let Some(char) = char::from_u32(first) {
            return Ok(char);
        }
        if (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with("\\u") {
            self.at += 2;
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                let char = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(char).expect("a surrogate pair is a character"));
            }
        }
        Err(wrong(start, format!("the surrogate \\u{first:04x} without its other half")))
    }

    fn hex(&mut self) -> Parsed<u32> {
        let mut code = 0;
        for _ in 0..4 {
            match self.byte().and_then(|byte| char::from(byte).to_digit(16)) {
                Some(digit) => code = code * 16 + digit,
                None => return Err(self.expected("four hexadecimal digits after `\\u`")),
            }
            self.at += 1;
        }
        Ok(code)
    }

    /// Takes a number, which begins at the next byte.
    fn number(&mut self) -> Parsed<&'t str> {
        let start = self.at;
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        let whole = self.digits()?;
        if whole > 1 && self.text.as_bytes()[self.at - whole] == b'0' {
            return Err(wrong(start, "a number may not begin with a needless 0".into()));
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        let exponent = matches!(self.byte(), Some(b'e' | b'E'));
        if exponent {
            self.at += 1;
            if let Some(b'+' | b'-') = self.byte() {
                self.at += 1;
            }
            self.digits()?;
        }
        // Nothing shorter is as great as 2^63.
        self.unusual |= exponent || whole >= 19;
        Ok(&self.text[start..self.at])
    }

    /// Takes at least one digit, and says how many there were.
    fn digits(&mut self) -> Parsed<usize> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.byte() {
            self.at += 1;
        }
        match self.at - start {
            0 => Err(self.expected("a digit")),
            digits => Ok(digits),
        }
    }

    /// An error at this place that says what stands here.
    pub fn expected(&self, what: &str) -> Box<SyntaxError> {
        let found = match self.text[self.at..].chars().next() {
            None => "the line ends".into(),
            Some(char) if char.is_alphanumeric() => {
                let rest = &self.text[self.at..];
                let end = rest.find(|char: char| !char.is_alphanumeric()).unwrap_or(rest.len());
                format!("found {}", Excerpt(&rest[..end]))
            }
            Some(char) if char.is_control() => format!("found the character U+{:04X}", char as u32),
            Some(char) => format!("found `{char}`"),
        };
        wrong(self.at, format!("expected {what}, but {found}"))
    }
}

fn wrong(offset: usize, message: String) -> Box<SyntaxError> {
    Box::new(SyntaxError { offset, message })
}

/// How many bytes of a string come before a quote, a backslash, a control character or the end.
fn plain_len(bytes: &[u8]) -> usize {
    const EACH: u64 = u64::MAX / 255;
    // The top bit of each byte below `limit`; also, harmlessly, of some byte after such a one.
    let below = |word: u64, limit: u64| word.wrapping_sub(EACH * limit) & !word & (EACH * 0x80);
    let mut len = 0;
    while let Some(chunk) = bytes[len..].first_chunk() {
        let word = u64::from_le_bytes(*chunk);
        let quote = below(word ^ (EACH * u64::from(b'"')), 1);
        let backslash = below(word ^ (EACH * u64::from(b'\\')), 1);
        let special = below(word, 0x20) | quote | backslash;
        if special != 0 {
            return len + (special.trailing_zeros() / 8) as usize;
        }
        len += 8;
    }
    let special = |byte: &u8| *byte == b'"' || *byte == b'\\' || *byte < b' ';
    len + bytes[len..].iter().position(special).unwrap_or(bytes.len() - len)
}

/// A text in a message: in backquotes, and cut where it is long.
pub struct Excerpt<'e>(pub &'e str);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chars = self.0.chars();
        write!(f, "`")?;
        for char in chars.by_ref().take(40) {
            if char.is_control() {
                write!(f, "{}", char.escape_default())?;
            } else {
                write!(f, "{char}")?;
            }
        }
        write!(f, "{}`", if chars.next().is_some() { "…" } else { "" })
    }
}

/// Finds a name that was there before.
///
/// Names that ascend need no memory, few names are compared one by one, and more are hashed.
#[derive(Default)]
struct Names {
    /// Whether some name was not above the one before it.
    unordered: bool,
    /// Indices of members by the hash of their names: all of them, once there are any.
    table: HashTable<usize>,
    hasher: Option<DefaultHashBuilder>,
}

impl Names {
    /// Whether `members` has `name`, which is to become the next one.
    fn has<N: AsRef<str>, V>(&mut self, members: &[(N, V)], name: &str) -> bool {
        let Some((last, _)) = members.last() else { return false };
        if !self.unordered && last.as_ref() < name {
            return false;
        }
        self.unordered = true;
        if members.len() < 16 {
            return members.iter().any(|(known, _)| known.as_ref() == name);
        }
        let Self { table, hasher, .. } = self;
        let hasher = hasher.get_or_insert_default();
        let hash = |index: &usize| hasher.hash_one(members[*index].0.as_ref());
        for index in table.len()..members.len() {
            table.insert_unique(hash(&index), index, hash);
        }
        table.find(hasher.hash_one(name), |index| members[*index].0.as_ref() == name).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn canonical(text: &str) -> String {
        Json::parse(text).expect(text).canonical()
    }

    fn number(literal: &str) -> Number {
        Number::new(literal)
    }

    #[test]
    fn one_number_has_one_canonical_form_however_it_is_written() {
        for (form, written) in [
            ("1", &["1", "1.0", "1e0", "10e-1", "0.01e2", "1E+0", "1.000e00"][..]),
            ("0", &["0", "-0", "0.0", "-0.0", "0e99999999999999999999", "-1e-400", "1e-9999"]),
            (
                "9007199254740993",
                &["9007199254740993", "9007199254740993.0", "900719925474099.3e1"],
            ),
            ("18446744073709551615", &["18446744073709551615", "1844674407370955161.50e1"]),
            ("18446744073709552000", &["18446744073709551616", "18446744073709551616.0"]),
            ("-9223372036854775808", &["-9223372036854775808", "-9223372036854775808.0"]),
            ("-9223372036854776000", &["-9223372036854775809", "-92233720368547758090e-1"]),
            ("0.1", &["0.1", "1e-1", "0.10000000000000000001"]),
            ("1e+300", &["1e300", "10E299"]),
            ("1.7976931348623157e+308", &["1.7976931348623157e308"]),
            ("5e-324", &["5e-324", "4.9e-324"]),
        ] {
            for literal in written {
                assert_eq!(canonical(literal), form, "{literal}");
            }
        }
    }

    #[test]
    fn a_number_beyond_doubles_stands_as_written() {
        assert_eq!(canonical("1e400"), "1e400");
        assert_eq!(canonical("-1E99999999999999999999"), "-1E99999999999999999999");
    }

    #[test]
    fn counts_of_any_size_are_compared_without_being_expanded() {
        let ten_to_30 = 10u128.pow(30);
        for literal in ["1e30", "1000000000000000000000000000000", "10.0e29", "1e+00030"] {
            assert!(number(literal).equals_u128(ten_to_30), "{literal}");
            assert!(!number(literal).equals_u128(ten_to_30 + 1), "{literal}");
        }
        assert!(number("340282366920938463463374607431768211455").equals_u128(u128::MAX));
        let many = "9".repeat(400);
        for literal in [
            "340282366920938463463374607431768211456",
            "1e999999999999",
            "1e99999999999999999999999999",
            &many,
        ] {
            assert_eq!(number(literal).integer().map(|i| i.magnitude), Some(Count::TooLarge));
            assert!(number(literal).is_inexact_integer());
            assert_eq!(number(literal).as_u64(), None);
        }
        assert_eq!(number("-1").as_u64(), None);
        assert_eq!(number("1.5").as_u64(), None);
        assert_eq!(number("1e-99999999999999999999").as_u64(), None);
        assert_eq!(number("18446744073709551615.0").as_u64(), Some(u64::MAX));
    }

    #[test]
    fn a_count_may_be_a_decimal_string() {
        let count = |text: &str| Json::parse(text).expect(text).as_count();
        assert_eq!(count("\"0\""), Some(0));
        assert_eq!(count("\"18446744073709551615\""), Some(u64::MAX));
        for text in ["\"\"", "\"01\"", "\"+1\"", "\"1.0\"", "\"18446744073709551616\"", "[]", "-1"]
        {
            assert_eq!(count(text), None, "{text}");
        }
    }

    #[test]
    fn a_long_literal_is_rounded_as_exactly_as_a_short_one() {
        let zeros = "0".repeat(2_000);
        assert_eq!(number(&format!("0.{zeros}15e2001")).as_f64(), 1.5);
        assert_eq!(number(&format!("15{zeros}e-2001")).as_f64(), 1.5);
        assert_eq!(number(&format!("-15{zeros}.0e-2001")).as_f64(), -1.5);
        // Half way between two doubles the even one is nearest, and anything more decides.
        let half = "9007199254740993.";
        assert_eq!(number(&format!("{half}{zeros}")).as_f64(), 9007199254740992.0);
        assert_eq!(number(&format!("{half}{zeros}1")).as_f64(), 9007199254740994.0);
        assert!(number(&format!("1{zeros}")).is_too_great());
        assert!(!number(&format!("1{zeros}e-2000")).is_too_great());
    }

    proptest! {
        #[test]
        fn utf16_order_is_the_order_of_the_code_units(a: String, b: String) {
            let expected = a.encode_utf16().cmp(b.encode_utf16());
            prop_assert_eq!(utf16_order(&a, &b), expected);
        }

        #[test]
        fn utf16_order_holds_where_surrogates_meet_the_rest(
            a in "[\u{7f}\u{80}\u{d7ff}\u{e000}\u{ffff}\u{10000}\u{10ffff}]{0,3}",
            b in "[\u{7f}\u{80}\u{d7ff}\u{e000}\u{ffff}\u{10000}\u{10ffff}]{0,3}",
        ) {
            prop_assert_eq!(utf16_order(&a, &b), a.encode_utf16().cmp(b.encode_utf16()));
        }
    }
}
