//! What the trace reader accepts and refuses, and where it reports the fault.
//!
//! Tables of bad lines, each with its place; every limit from both sides; compressed streams, whole
//! and damaged; endless noise; the strict JSON reader compared with serde_json.

mod grammar;
mod json;
mod limits;
mod variants;
mod written;

mod compression;

use rejoin::json::*;
use rejoin::object::*;
use rejoin_trace::*;
use std::io::BufRead;

const HEADER: &str = r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"n":{"type":"g-counter"},"r":{"type":"lww-register"},"s":{"type":"or-set"},"m":{"type":"lww-map"},"l":{"type":"log"}}}"#;

/// [`HEADER`] with own stamps.
fn own_stamps() -> String {
    HEADER.replace("\"objects\"", "\"stamps\":\"own\",\"objects\"")
}

/// The events of an input until it ends or breaks.
fn read_all(input: impl BufRead) -> (Vec<Event>, Result<(), Error>) {
    let mut reader = match Reader::new(input) {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), Err(error)),
    };
    let mut events = Vec::new();
    loop {
        match reader.next_line() {
            Ok(Some(line)) => events.push(line.event),
            Ok(None) => return (events, Ok(())),
            Err(error) => {
                assert!(matches!(reader.next_line(), Ok(None)), "reading goes on after {error}");
                return (events, Err(error));
            }
        }
    }
}

fn fault(input: impl BufRead) -> Fault {
    match read_all(input).1 {
        Err(Error::Malformed(fault)) => fault,
        other => panic!("expected a fault, but found {other:?}"),
    }
}

/// The event of a line under this header.
fn event_under(header: &str, line: &str) -> Result<Event, Error> {
    let (mut events, end) = read_all(format!("{header}\n{line}\n").as_bytes());
    end?;
    assert_eq!(events.len(), 1, "{line}");
    Ok(events.remove(0))
}

#[track_caller]
fn taken(line: &str) -> Event {
    event_under(HEADER, line).unwrap_or_else(|error| panic!("{line}\n{error}"))
}

/// Checks that an input is refused at this place, with a message that contains this.
#[track_caller]
fn refused(input: impl AsRef<[u8]>, line: u64, column: Option<u64>, says: &str) {
    let input = input.as_ref();
    let fault = fault(input);
    let shown = String::from_utf8_lossy(&input[..input.len().min(600)]);
    assert!(fault.message.contains(says), "{shown}\n{fault}\nexpected: {says}");
    assert_eq!((fault.line, fault.column), (line, column), "{shown}\n{fault}");
}

/// Removes the mark `§`, which precedes the column of the fault, from a text.
#[track_caller]
fn unmarked(marked: &str) -> (String, Option<u64>) {
    let column = marked.chars().position(|char| char == '§').expect("a mark");
    (marked.replacen('§', "", 1), Some(column as u64 + 1))
}

#[track_caller]
fn refused_under(header: &str, marked: &str, says: &str) {
    let (line, column) = unmarked(marked);
    refused(format!("{header}\n{line}\n"), 2, column, says);
}

#[track_caller]
fn refused_line(marked: &str, says: &str) {
    refused_under(HEADER, marked, says);
}

#[track_caller]
fn refused_header(marked: &str, says: &str) {
    let (header, column) = unmarked(marked);
    refused(header, 1, column, says);
}

#[test]
fn line_ends_and_spaces_do_not_matter() {
    let note = " { \"event\" : \"note\" ,\t\"text\" : \"t\" } ";
    for input in [
        format!("{HEADER}\n{note}\n{note}\n"),
        format!("{HEADER}\r\n{note}\r\n{note}\r\n"),
        format!("{HEADER}\n{note}\r\n{note}"),
        format!("{HEADER}\r\n{note}\n{note}\r"),
    ] {
        let (events, end) = read_all(input.as_bytes());
        assert!(end.is_ok(), "{end:?}");
        assert_eq!(events, vec![Event::Note { text: "t".into() }; 2]);
    }
    assert!(read_all(HEADER.as_bytes()).1.is_ok());
}

#[test]
fn a_line_knows_its_number_its_text_and_where_its_fields_stand() {
    let line = r#"{"event":"note", "x-\u00fc" : [1, {"k":"v"}],"text":"äöü"}"#;
    let input = format!("{HEADER}\n{line}\r\n");
    let mut reader = Reader::new(input.as_bytes()).expect("a header");
    let read = reader.next_line().expect("no fault").expect("a line");
    assert_eq!((read.number, read.text), (2, line));
    assert_eq!(&line[read.span("text").expect("a field")], "\"äöü\"");
    assert_eq!(&line[read.span("x-ü").expect("a field")], r#"[1, {"k":"v"}]"#);
    assert_eq!(read.span("x-u"), None);

    let path = [Step::Member("x-ü".into()), Step::Item(1), Step::Member("k".into())];
    assert_eq!(&line[span(line, &path).expect("a value")], "\"v\"");
    assert_eq!(span(line, &[]), Some(0..line.len()));
    assert_eq!(span(line, &[Step::Item(0)]), None);
    assert_eq!(span(line, &[Step::Member("x-ü".into()), Step::Item(2)]), None);
    assert_eq!(span("{", &[]), None);

    assert_eq!(column("äöü", 0), 1);
    assert_eq!(column("äöü", 4), 3);
    assert_eq!(column("äöü", 6), 4);
    assert_eq!(column("äöü", 100), 4);
}
