//! The examples of the specification, written in other ways and broken in every way.

use super::*;
use proptest::prelude::*;
use std::fs;

/// The events in spec/trace-format.md, each with the header before it.
pub(super) fn examples() -> Vec<(String, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/trace-format.md");
    let text = fs::read_to_string(path).expect("the specification");
    let mut header = None;
    let mut events = Vec::new();
    for line in text.lines() {
        if line.starts_with("{\"trace\"") {
            header = Some(line);
        } else if line.starts_with("{\"event\"") {
            events.push((header.expect("a header stands first").into(), line.into()));
        }
    }
    assert!(events.len() > 25);
    events
}

/// The same line with its members reversed, their names escaped, and blanks and a field inserted.
fn rewritten(line: &str, turn: usize) -> String {
    let Ok(Json::Object(members)) = Json::parse(line) else { panic!("{line}") };
    let mut members: Vec<String> = members
        .iter()
        .map(|(name, _)| {
            let escaped: String = name.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
            let value = &line[span(line, &[Step::Member(name.clone())]).expect("a member")];
            format!(" \"{escaped}\"\t: {value} ")
        })
        .collect();
    members.push("\"x-own\":[{\"replica\":1e999}]".into());
    let length = members.len();
    members.rotate_left(turn % length);
    format!("{{{}}} ", members.join(","))
}

#[test]
fn an_event_is_the_same_however_its_fields_are_written() {
    for (header, line) in &examples() {
        let expected = event_under(header, line).expect(line);
        for turn in 0..10 {
            let rewritten = rewritten(line, turn);
            let event = event_under(header, &rewritten);
            assert_eq!(event.unwrap_or_else(|error| panic!("{rewritten}\n{error}")), expected);
        }
    }
}

#[test]
fn no_beginning_of_a_line_is_a_line() {
    for (header, line) in &examples() {
        for (end, _) in line.char_indices() {
            let broken = format!("{header}\n{}", &line[..end]);
            match read_all(broken.as_bytes()) {
                (events, Ok(())) => assert_eq!((end, events.len()), (0, 0)),
                (_, Err(Error::Malformed(fault))) => assert_eq!(fault.line, 2),
                (_, Err(error)) => panic!("{error}"),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn no_bytes_make_it_panic_and_every_fault_is_in_its_line(
        line in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3), 1..4),
    ) {
        let examples = examples();
        let (header, _) = &examples[line.index(examples.len())];
        let lines: Vec<&String> =
            examples.iter().filter(|(of, _)| of == header).map(|(_, line)| line).chain([header]).collect();
        let mut bytes = lines[line.index(lines.len())].clone().into_bytes();
        for (place, byte, kind) in edits {
            let place = place.index(bytes.len());
            match kind {
                0 => bytes[place] = byte,
                1 => bytes.insert(place, byte),
                _ => drop(bytes.remove(place)),
            }
        }
        for input in [bytes.clone(), [header.as_bytes(), b"\n", &bytes].concat()] {
            match read_all(input.as_slice()).1 {
                Ok(()) => {}
                Err(Error::Malformed(fault)) => {
                    let mut lines = input.split(|byte| *byte == b'\n');
                    let line = lines.nth(fault.line as usize - 1).unwrap_or_default();
                    let columns = 1..=line.len() as u64 + 1;
                    prop_assert!(fault.column.is_none_or(|column| columns.contains(&column)));
                }
                Err(error) => prop_assert!(false, "{}", error),
            }
        }
    }
}
