//! The lines of a trace, one after the other.
//!
//! Meaning: spec/trace-format.md, section 1. The reader stops at the first fault.
//! Cost: memory for one line, independent of the length of the file; a line longer than
//! [`MAX_LINE`] is refused without being held.

use super::error::{Error, Fault};
use super::event::{Event, Header};
use super::parse::{self, Context};
use rejoin::json::{self, Step, SyntaxError};
use std::io::{BufRead, ErrorKind, Read};
use std::ops::Range;
use std::str;

/// How many bytes a line may have, without its end.
pub const MAX_LINE: usize = 16 << 20;

/// Reads a trace line by line.
///
/// The input is the trace itself; see [`decompress`](super::decompress()) for one that may be
/// compressed.
///
/// ```
/// use rejoin_trace::{Event, Reader};
///
/// let trace = r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"n":{"type":"g-counter"}}}
/// {"event":"op","replica":"a","object":"n","op":"increment"}"#;
/// let mut reader = Reader::new(trace.as_bytes())?;
/// assert_eq!(reader.header().replicas, ["a", "b"]);
/// while let Some(line) = reader.next_line()? {
///     assert_eq!(line.number, 2);
///     assert!(matches!(line.event, Event::Op(_)));
///     assert_eq!(&line.text[line.span("object").unwrap()], "\"n\"");
/// }
/// # Ok::<(), rejoin_trace::Error>(())
/// ```
pub struct Reader<R> {
    lines: Lines<R>,
    header: Header,
    header_text: String,
    context: Context,
    /// Whether there was a fault or the end.
    stopped: bool,
}

/// One line after the header.
#[derive(Debug)]
pub struct Line<'r> {
    /// Its number in the file; the header is line 1.
    pub number: u64,
    /// The event.
    pub event: Event,
    /// The line as it was written, without its end.
    pub text: &'r str,
}

impl Line<'_> {
    /// The range of a field's value in [`Line::text`], in bytes. Cost: O(length).
    pub fn span(&self, field: &str) -> Option<Range<usize>> {
        json::span(self.text, &[Step::Member(field.into())])
    }
}

impl<R: BufRead> Reader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// As [`Reader::next_line`]; an empty file is malformed.
    pub fn new(input: R) -> Result<Self, Error> {
        let mut lines = Lines { input, buffer: Vec::new(), number: 0 };
        let Some((number, text)) = lines.next()? else {
            let message = "the file is empty, expected a header".into();
            return Err(Error::Malformed(Fault { line: 1, column: None, message }));
        };
        let header = parse::header(text).map_err(|error| malformed(number, text, *error))?;
        let header_text = text.into();
        let context = Context::new(&header);
        Ok(Self { lines, header, header_text, context, stopped: false })
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Line 1 as it was written, without its end.
    pub fn header_text(&self) -> &str {
        &self.header_text
    }

    /// Reads the next line; `None` after the last one, and after an error.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the line is not of the grammar, or the input fails with
    /// [`ErrorKind::InvalidData`] as a damaged compressed stream does; [`Error::Unreadable`] if it
    /// fails otherwise.
    pub fn next_line(&mut self) -> Result<Option<Line<'_>>, Error> {
        if self.stopped {
            return Ok(None);
        }
        self.stopped = true;
        let Some((number, text)) = self.lines.next()? else { return Ok(None) };
        let event = parse::event(text, &self.context);
        let event = event.map_err(|error| malformed(number, text, *error))?;
        self.stopped = false;
        Ok(Some(Line { number, event, text }))
    }
}

/// The lines of an input as text.
struct Lines<R> {
    input: R,
    buffer: Vec<u8>,
    /// The number of the line in the buffer.
    number: u64,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> Result<Option<(u64, &str)>, Error> {
        self.number += 1;
        self.buffer.clear();
        let fault =
            |column, message| Error::Malformed(Fault { line: self.number, column, message });
        // Read no more than a line and the longer of the two line ends.
        let mut input = (&mut self.input).take(MAX_LINE as u64 + 2);
        match input.read_until(b'\n', &mut self.buffer) {
            Ok(0) => return Ok(None),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                return Err(fault(None, error.to_string()));
            }
            Err(error) => return Err(Error::Unreadable(error)),
        }
        let line = self
            .buffer
            .strip_suffix(b"\n")
            .map_or(self.buffer.as_slice(), |line| line.strip_suffix(b"\r").unwrap_or(line));
        if line.len() > MAX_LINE {
            return Err(fault(None, format!("a line of more than {MAX_LINE} bytes (16 MiB)")));
        }
        match str::from_utf8(line) {
            Ok(text) => Ok(Some((self.number, text))),
            Err(error) => {
                let (valid, rest) = line.split_at(error.valid_up_to());
                let valid = str::from_utf8(valid).expect("valid up to here");
                let message = format!("the byte 0x{:02x} is no UTF-8 here", rest[0]);
                Err(fault(Some(column(valid, valid.len())), message))
            }
        }
    }
}

fn malformed(line: u64, text: &str, error: SyntaxError) -> Error {
    let column = Some(column(text, error.offset));
    Error::Malformed(Fault { line, column, message: error.message })
}

/// The column, from 1 and counted in characters, of a byte of a line. Cost: O(offset).
pub fn column(text: &str, offset: usize) -> u64 {
    let before = &text.as_bytes()[..offset.min(text.len())];
    // Every character has one byte that does not continue another.
    before.iter().filter(|byte| **byte & 0xc0 != 0x80).count() as u64 + 1
}
