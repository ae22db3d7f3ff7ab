//! Hostile input: no bytes make the judge panic, hang, or take memory out of proportion.
//!
//! Shown, with a counting allocator: memory is linear in operations and messages. The test asserts
//! a number of bytes for each, and prints the measured one (`cargo test --test memory traces --
//! --nocapture`). Time is not measured; a trace that would take too long ends at the stated number
//! of elementary steps.

use crate::{MEMORY, alone};
use flate2::Compression;
use flate2::write::GzEncoder;
use rejoin_judge::{Difference, Finding, Options, Report, Verdict, check};
use std::fmt::Write as _;
use std::io::{self, BufRead, Read, Write as _};

const MIB: usize = 1 << 20;

/// The most bytes for an operation, and for a message or any other event, with short names and
/// values.
const PER_EVENT: usize = 640;

/// What a trace takes before its first event.
const BASE: usize = 2 * MIB;

/// An input that is generated while it is read: a piece for each number, until there is none.
struct Made<F> {
    piece: F,
    number: usize,
    buffer: Vec<u8>,
    at: usize,
}

impl<F: FnMut(usize, &mut Vec<u8>) -> bool> Made<F> {
    fn new(piece: F) -> Self {
        Self { piece, number: 0, buffer: Vec::new(), at: 0 }
    }
}

impl<F: FnMut(usize, &mut Vec<u8>) -> bool> BufRead for Made<F> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.buffer.len() {
            self.buffer.clear();
            self.at = 0;
            if (self.piece)(self.number, &mut self.buffer) {
                self.number += 1;
            }
        }
        Ok(&self.buffer[self.at..])
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount;
    }
}

impl<F: FnMut(usize, &mut Vec<u8>) -> bool> Read for Made<F> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

/// Judges, and returns how many bytes that took at most.
fn judge<R: BufRead>(open: impl FnMut() -> io::Result<R>, options: &Options) -> (Report, usize) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let report = check(open, options).expect("made input can be read");
    (report, MEMORY.peak_usage().saturating_sub(before))
}

fn judge_text(trace: &str) -> (Report, usize) {
    judge(|| Ok(trace.as_bytes()), &Options::default())
}

/// Judges a header and as many lines as the function returns.
fn judge_lines(
    header: &str,
    line: impl Fn(usize, &mut String) -> bool,
    options: &Options,
) -> (Report, usize) {
    let mut text = String::new();
    let made = Made::new(|number: usize, buffer: &mut Vec<u8>| {
        text.clear();
        let more = match number.checked_sub(1) {
            None => {
                text += header;
                true
            }
            Some(number) => line(number, &mut text),
        };
        if more {
            buffer.extend(text.as_bytes());
            buffer.push(b'\n');
        }
        more
    });
    // Nothing is loaded, so it is read once.
    let mut made = Some(made);
    judge(|| Ok(made.take().expect("it is read once")), options)
}

/// Prints the measurement, and compares it with the stated constant.
fn assert_linear(what: &str, report: &Report, peak: usize) {
    let events = report.events as usize;
    let each = peak.saturating_sub(BASE) / events.max(1);
    eprintln!("{what}: {events} events, {} MiB, {each} bytes each", peak / MIB);
    assert!(peak <= BASE + events * PER_EVENT, "{what}: {peak} bytes for {events} events");
}

#[track_caller]
fn assert_malformed(report: &Report, line: u64, message: &str) {
    assert_eq!(report.verdict, Verdict::Malformed, "{:?}", report.error);
    let error = report.error.as_ref().expect("what is malformed has an error");
    assert_eq!(error.line, line, "{error}");
    assert!(error.message.contains(message), "{error}");
}

const COUNTER: &str =
    r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"n":{"type":"g-counter"}}}"#;
const SET: &str = r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"s":{"type":"or-set"}}}"#;

// Bytes that are no trace

#[test]
fn a_line_of_300_megabytes() {
    let _alone = alone();
    for (header, line) in [("", 1), (COUNTER, 2)] {
        let chunk = vec![b'x'; MIB];
        let open = || {
            Ok(Made::new(|number, buffer: &mut Vec<u8>| {
                match number {
                    0 if !header.is_empty() => {
                        buffer.extend(header.as_bytes());
                        buffer.extend(b"\n{\"event\":\"note\",\"text\":\"");
                    }
                    0..300 => buffer.extend(&chunk),
                    _ => {}
                }
                number < 300
            }))
        };
        let (report, peak) = judge(open, &Options::default());
        assert_malformed(&report, line, "a line of more than 16777216 bytes");
        assert!(peak < 64 * MIB, "{peak} bytes");
    }
}

#[test]
fn a_hundred_megabytes_of_noise() {
    let _alone = alone();
    for (header, line) in [("", 1), (COUNTER, 2)] {
        let open = || {
            let mut state = 20_261_122_u64;
            Ok(Made::new(move |number, buffer: &mut Vec<u8>| {
                if number == 0 && !header.is_empty() {
                    buffer.extend(header.as_bytes());
                    buffer.push(b'\n');
                }
                for _ in 0..MIB / 8 {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    buffer.extend(state.to_le_bytes());
                }
                number < 100
            }))
        };
        let (report, peak) = judge(open, &Options::default());
        assert_malformed(&report, line, "");
        assert!(peak < 8 * MIB, "{peak} bytes");
    }
    let newlines = "\n".repeat(100 * MIB);
    assert_malformed(&judge_text(&newlines).0, 1, "a blank line");
}

#[test]
fn a_line_of_16_mebibytes_is_the_longest() {
    let _alone = alone();
    let around = r#"{"event":"note","text":""}"#.len();
    for (longer, end) in [(0, ""), (0, "\n"), (0, "\r\n"), (1, ""), (1, "\n"), (1, "\r\n")] {
        let text = "x".repeat(16 * MIB - around + longer);
        let trace = format!("{COUNTER}\n{{\"event\":\"note\",\"text\":\"{text}\"}}{end}");
        let (report, peak) = judge_text(&trace);
        match longer {
            0 => assert_eq!((report.verdict, report.events), (Verdict::Inconclusive, 1)),
            _ => assert_malformed(&report, 2, "a line of more than 16777216 bytes"),
        }
        assert!(peak < 64 * MIB, "{peak} bytes");
    }
}

#[test]
fn a_long_line_of_small_values() {
    let _alone = alone();
    // What takes most memory for its length: 8 million values of one digit, or empty lists.
    for (piece, most) in [("0", 48), ("[]", 48)] {
        let list = vec![piece; 16 * MIB / (piece.len() + 1) - 100].join(",");
        let line = format!(r#"{{"event":"read","replica":"a","object":"n","value":[{list}]}}"#);
        let (report, peak) = judge_text(&format!("{COUNTER}\n{line}\n"));
        assert_eq!(report.verdict, Verdict::Discrepancy);
        assert!(report.findings[0].actual.is_none(), "a long answer is not repeated");
        let each = peak / line.len();
        eprintln!("a line of {piece}: {} MiB, {each} bytes for each of its bytes", peak / MIB);
        assert!(each < most, "{peak} bytes");
    }
}

#[test]
fn deep_nesting() {
    let _alone = alone();
    // The line's own object is the first level.
    for (levels, right) in [(127, true), (128, false), (5 * MIB, false)] {
        let value = "[".repeat(levels) + &"]".repeat(levels);
        let line = format!(r#"{{"event":"read","replica":"a","object":"n","value":{value}}}"#);
        let (report, peak) = judge_text(&format!("{COUNTER}\n{line}\n"));
        match right {
            true => assert_eq!(report.verdict, Verdict::Discrepancy),
            false => assert_malformed(&report, 2, "128"),
        }
        assert!(peak < 16 * MIB, "{peak} bytes");
    }
    assert_malformed(&judge_text(&"[".repeat(10 * MIB)).0, 1, "");
    assert_malformed(&judge_text(&"{\"a\":".repeat(2 * MIB)).0, 1, "128");
}

/// A gzip stream of so many mebibytes of one byte.
fn gzip_bomb(mebibytes: usize, start: &str, byte: u8) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let chunk = vec![byte; MIB];
    encoder.write_all(start.as_bytes()).expect("memory takes it");
    (0..mebibytes).for_each(|_| encoder.write_all(&chunk).expect("memory takes it"));
    encoder.finish().expect("memory takes it")
}

/// A zstd frame of so many blocks, each of which says "128 KiB of this byte". Source: RFC 8878.
fn zstd_bomb(blocks: usize, window: u8, byte: u8) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, window];
    for block in 0..blocks {
        let header = u32::from(block + 1 == blocks) | 1 << 1 | (128 << 10) << 3;
        frame.extend(&header.to_le_bytes()[..3]);
        frame.push(byte);
    }
    frame
}

#[test]
fn compression_bombs() {
    let _alone = alone();
    let bytes = |bomb: Vec<u8>| judge(|| Ok(bomb.as_slice()), &Options::default());
    // 300 MiB from 300 KB: one line, and blank ones.
    let (report, peak) = bytes(gzip_bomb(300, "", b'x'));
    assert_malformed(&report, 1, "a line of more than");
    assert!(peak < 64 * MIB, "{peak} bytes");
    let (report, _) = bytes(gzip_bomb(300, COUNTER, b'\n'));
    assert_malformed(&report, 2, "a blank line");
    // 2 GiB from 64 KB, with a window of 8 MiB, and with one of more than is allowed.
    let (report, peak) = bytes(zstd_bomb(16_384, 13 << 3, b'x'));
    assert_malformed(&report, 1, "a line of more than");
    assert!(peak < 128 * MIB, "{peak} bytes");
    let (report, peak) = bytes(zstd_bomb(16_384, 31 << 3, b'x'));
    assert_malformed(&report, 1, "zstd");
    assert!(peak < MIB, "{peak} bytes");
    // A long trace in a short file is a long trace: it is read line by line.
    let notes = format!("{{\"event\":\"note\",\"text\":\"{}\"}}\n", "x".repeat(1 << 10));
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(format!("{COUNTER}\n").as_bytes()).expect("memory takes it");
    (0..100_000).for_each(|_| encoder.write_all(notes.as_bytes()).expect("memory takes it"));
    let (report, peak) = bytes(encoder.finish().expect("memory takes it"));
    assert_eq!((report.verdict, report.events), (Verdict::Inconclusive, 100_000));
    assert!(peak < 4 * MIB, "{peak} bytes");
}

// Histories that are long, wide or odd

#[test]
fn many_replicas_that_gossip() {
    let _alone = alone();
    let names: Vec<String> = (0..65_536).map(|i| format!("\"r{i}\"")).collect();
    let names = names.join(",");
    let header = format!(
        r#"{{"trace":"rejoin/1","replicas":[{names}],"objects":{{"n":{{"type":"g-counter"}}}}}}"#
    );
    // Each operates once; then everyone sends to the one whose number differs in one bit.
    let line = |i: usize, text: &mut String| {
        let (round, replica) = (i / 65_536, i % 65_536);
        let _ = match round {
            0 => write!(
                text,
                r#"{{"event":"op","replica":"r{replica}","object":"n","op":"increment"}}"#
            ),
            1..=3 => {
                let other = replica ^ (1 << (round - 1));
                write!(text, r#"{{"event":"merge","replica":"r{replica}","from":"r{other}"}}"#)
            }
            4 => {
                write!(text, r#"{{"event":"read","replica":"r{replica}","object":"n","value":8}}"#)
            }
            _ => return false,
        };
        true
    };
    let (report, peak) = judge_lines(&header, line, &Options::default());
    // Of two that send to each other, the second also sends what it has just received; at the end
    // all 8 of a group know all 8.
    assert_eq!(report.verdict, Verdict::Conforms, "{:?}", report.findings.first());
    assert_linear("65,536 replicas that gossip", &report, peak);
    // One more than 65,536 are refused.
    let header = header.replacen("\"r0\"", "\"r0\",\"one more\"", 1);
    assert_malformed(&judge_text(&header).0, 1, "65537 replicas are declared");
}

#[test]
fn one_key_toggled_and_read() {
    let _alone = alone();
    let line = |i: usize, text: &mut String| {
        let (op, there) = if i % 4 < 2 { ("add", true) } else { ("remove", false) };
        let _ = match i % 2 {
            0 => write!(
                text,
                r#"{{"event":"op","replica":"a","object":"s","op":"{op}","element":"x"}}"#
            ),
            _ => write!(
                text,
                r#"{{"event":"read","replica":"a","object":"s","element":"x","value":{there}}}"#
            ),
        };
        i < 400_000
    };
    let (report, peak) = judge_lines(SET, line, &Options::default());
    assert_eq!((report.verdict, report.claims), (Verdict::Conforms, 200_000));
    assert_linear("one key toggled 200,000 times", &report, peak);
}

#[test]
fn many_restores() {
    let _alone = alone();
    let line = |i: usize, text: &mut String| {
        let _ = match (i, i % 2) {
            (0, _) => write!(text, r#"{{"event":"save","replica":"a","snapshot":"s"}}"#),
            (199_999, _) => write!(text, r#"{{"event":"vector","replica":"a","vector":{{}}}}"#),
            (_, 1) => write!(
                text,
                r#"{{"event":"op","replica":"a","object":"s","op":"add","element":"x{}"}}"#,
                i % 3
            ),
            _ => write!(text, r#"{{"event":"restore","replica":"a","snapshot":"s"}}"#),
        };
        i < 200_000
    };
    let (report, peak) = judge_lines(SET, line, &Options::default());
    assert_eq!(report.verdict, Verdict::Conforms, "{:?}", report.findings);
    assert_eq!(report.coverage.restores, 99_999);
    assert_linear("100,000 restores", &report, peak);
}

#[test]
fn a_false_read_after_many_restores() {
    let _alone = alone();
    // Every restore begins a lane, so a set that is kept for each operation has as many numbers as restores.
    let header = r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"s":{"type":"g-set"}}}"#;
    let line = |i: usize, text: &mut String| {
        let _ = match (i, i % 2) {
            (0, _) => write!(text, r#"{{"event":"save","replica":"a","snapshot":"s"}}"#),
            (59_999, _) => {
                write!(text, r#"{{"event":"read","replica":"a","object":"s","value":["x"]}}"#)
            }
            (_, 1) => write!(
                text,
                r#"{{"event":"op","replica":"a","object":"s","op":"add","element":"x{}"}}"#,
                i % 3
            ),
            _ => write!(text, r#"{{"event":"restore","replica":"a","snapshot":"s"}}"#),
        };
        i < 60_000
    };
    let (report, peak) = judge_lines(header, line, &Options::default());
    assert_eq!((report.verdict, report.claims), (Verdict::Discrepancy, 1));
    assert_linear("a false read after 30,000 restores", &report, peak);
}

#[test]
fn false_reads_of_a_log_with_large_entries() {
    let _alone = alone();
    const ENTRIES: usize = 32;
    const SIZE: usize = MIB / 2;
    let names: Vec<String> = (0..40).map(|i| format!("r{i}")).collect();
    let header = serde_json::json!({"trace": "rejoin/1", "replicas": names,
                                    "objects": {"l": {"type": "log"}}});
    // Whether each of 32 merges was lost or not leaves 33 values possible.
    let mut trace = header.to_string();
    for i in 0..ENTRIES {
        let _ = write!(
            trace,
            "\n{{\"event\":\"op\",\"replica\":\"r0\",\"object\":\"l\",\"op\":\"append\",\"entry\":\"{i}{}\",\"timestamp\":{}}}",
            "x".repeat(SIZE),
            i + 1
        );
        trace += "\n{\"event\":\"merge\",\"replica\":\"r1\",\"from\":\"r0\"}";
    }
    for name in &names[1..] {
        let _ = write!(trace, "\n{{\"event\":\"merge\",\"replica\":\"{name}\",\"from\":\"r1\"}}");
    }
    for name in &names[1..] {
        let _ = write!(
            trace,
            "\n{{\"event\":\"read\",\"replica\":\"{name}\",\"object\":\"l\",\"value\":[\"x\"]}}"
        );
    }
    let (report, peak) = judge_text(&trace);
    assert_eq!((report.verdict, report.findings.len()), (Verdict::Discrepancy, 39));
    let difference = &report.findings[38].differences[0];
    assert!(
        difference.what.len() <= Difference::LONGEST + "…".len() && difference.what.ends_with('…')
    );
    eprintln!("39 false reads of a log of {} MiB: {} MiB", ENTRIES / 2, peak / MIB);
    // What the judge keeps of the log, and a few copies of it while one claim is judged.
    assert!(peak < 8 * ENTRIES * SIZE, "{peak} bytes");
}

#[test]
fn many_restores_that_others_hear_of() {
    let _alone = alone();
    // Every concurrent operation on one key is a decision of its own.
    const ROUNDS: usize = 20_000;
    let line = |i: usize, text: &mut String| {
        let (round, step) = (i / 3, i % 3);
        let _ = match (i, step) {
            (0, _) => write!(text, r#"{{"event":"save","replica":"a","snapshot":"s"}}"#),
            _ if round == ROUNDS && step == 0 => write!(
                text,
                r#"{{"event":"op","replica":"b","object":"s","op":"remove","element":"x"}}"#
            ),
            _ if round == ROUNDS && step == 1 => {
                write!(text, r#"{{"event":"read","replica":"b","object":"s","value":[]}}"#)
            }
            _ if round == ROUNDS => {
                write!(text, r#"{{"event":"decisions","replica":"b","object":"s","decisions":[]}}"#)
            }
            (_, 0) => write!(text, r#"{{"event":"restore","replica":"a","snapshot":"s"}}"#),
            (_, 1) => write!(
                text,
                r#"{{"event":"op","replica":"a","object":"s","op":"add","element":"x"}}"#
            ),
            _ => write!(text, r#"{{"event":"merge","replica":"b","from":"a"}}"#),
        };
        i < 3 * (ROUNDS + 1)
    };
    let (report, peak) = judge_lines(SET, line, &Options::default());
    assert_eq!((report.verdict, report.claims), (Verdict::Conforms, 2), "{:?}", report.findings);
    assert_linear("20,000 lives of one replica", &report, peak);
}

#[test]
fn deliveries_that_leave_gaps() {
    let _alone = alone();
    // Every other message arrives: it contains one operation by its name, or what the message
    // before lacks, or what the first message, which was lost, lacks.
    for (since, ops) in [(None, 50_000), (Some("last"), 5_000), (Some("first"), 5_000)] {
        let line = |i: usize, text: &mut String| {
            let (op, step) = (i / 3, i % 3);
            let before = if since == Some("last") { op.saturating_sub(1) } else { 0 };
            let seen = if since == Some("first") { ops - 1 } else { ops / 2 };
            let _ = match (op < ops, step) {
                (true, 0) => write!(
                    text,
                    r#"{{"event":"op","replica":"a","object":"n","op":"increment","id":"{op}"}}"#
                ),
                (true, 1) if since.is_none() => write!(
                    text,
                    r#"{{"event":"send","replica":"a","message":"{op}","operations":["{op}"]}}"#
                ),
                (true, 1) if op == 0 => {
                    write!(text, r#"{{"event":"send","replica":"a","message":"0"}}"#)
                }
                (true, 1) => write!(
                    text,
                    r#"{{"event":"send","replica":"a","message":"{op}","since":["{before}"]}}"#
                ),
                (true, _) if op % 2 == 1 => {
                    write!(text, r#"{{"event":"receive","replica":"b","message":"{op}"}}"#)
                }
                (true, _) => write!(text, r#"{{"event":"note","text":"lost"}}"#),
                (false, 0) => {
                    write!(text, r#"{{"event":"read","replica":"b","object":"n","value":{seen}}}"#)
                }
                (false, 1) => write!(text, r#"{{"event":"merge","replica":"b","from":"a"}}"#),
                (false, _) => {
                    write!(text, r#"{{"event":"read","replica":"b","object":"n","value":{ops}}}"#)
                }
            };
            i < 3 * (ops + 1)
        };
        let (report, peak) = judge_lines(COUNTER, line, &Options::default());
        assert_eq!((report.verdict, report.claims), (Verdict::Conforms, 2), "{report:#?}");
        assert_linear(&format!("{ops} messages with gaps, since {since:?}"), &report, peak);
    }
}

#[test]
fn a_million_false_claims() {
    let _alone = alone();
    let line = |i: usize, text: &mut String| {
        *text += r#"{"event":"read","replica":"a","object":"n","value":1}"#;
        i < 1_000_000
    };
    let (report, peak) = judge_lines(COUNTER, line, &Options::default());
    assert_eq!(report.findings.len(), 1_000_000);
    assert_eq!(report.verdict, Verdict::Discrepancy);
    let argued = report.findings.iter().filter(|finding| !finding.because.is_empty());
    assert_eq!(argued.count(), Finding::MOST_ARGUED);
    assert_linear("a million false claims", &report, peak);
}

#[test]
fn equal_entries_under_own_stamps() {
    let _alone = alone();
    let header = r#"{"trace":"rejoin/1","replicas":["a","b","c"],"objects":{"l":{"type":"log"}},"stamps":"own"}"#;
    // Three replicas append equal entries, and one that saw all but one of them: matching them
    // takes many attempts.
    let mut trace = header.to_string();
    for i in 0..200 {
        for replica in ["a", "b", "c"] {
            let _ = write!(
                trace,
                "\n{{\"event\":\"op\",\"replica\":\"{replica}\",\"object\":\"l\",\"op\":\"append\",\"entry\":{}}}",
                i % 2
            );
        }
    }
    trace += "\n{\"event\":\"sync\",\"replicas\":[\"a\",\"b\"]}\n{\"event\":\"sync\",\"replicas\":[\"a\",\"c\"]}";
    trace +=
        "\n{\"event\":\"op\",\"replica\":\"a\",\"object\":\"l\",\"op\":\"append\",\"entry\":2}";
    // False early: an entry comes before others that it saw.
    let (zeros, ones) = (vec!["0"; 300].join(","), vec!["1"; 300].join(","));
    let early = format!("{zeros},2,{ones}");
    // False only at the end, after a choice among three replicas at most places before it.
    let mut late = vec!["0,0,0,1,1,1"; 99].join(",");
    late += ",0,0,0,1,1,2,1";
    for (answer, verdict) in [(early, Verdict::Discrepancy), (late, Verdict::Inconclusive)] {
        let read = format!(
            "\n{{\"event\":\"read\",\"replica\":\"a\",\"object\":\"l\",\"value\":[{answer}]}}"
        );
        let (report, peak) = judge_text(&(trace.clone() + &read));
        assert_eq!(report.verdict, verdict, "{report:#?}");
        assert!(peak < 16 * MIB, "{peak} bytes");
        if verdict == Verdict::Inconclusive {
            assert!(report.limits[0].contains("equal entries"), "{:?}", report.limits);
        }
    }
}

#[test]
fn explicit_states_joined_again_and_again() {
    let _alone = alone();
    let header = r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"s":{"type":"or-set"}}}"#;
    let dots: Vec<String> = (0..5_000)
        .map(|seq| format!(r#"{{"element":"x{seq}","replica":"z","seq":{seq}}}"#))
        .collect();
    let load = format!(
        r#"{{"event":"load","replica":"a","object":"s","state":{{"adds":[{}],"removes":[]}}}}"#,
        dots.join(",")
    );
    let mut trace = format!("{header}\n{load}\n");
    for i in 0..500 {
        trace += "{\"event\":\"op\",\"replica\":\"a\",\"object\":\"s\",\"op\":\"add\",\"element\":\"y\"}\n";
        let _ = writeln!(trace, "{{\"event\":\"send\",\"replica\":\"a\",\"message\":\"{i}\"}}");
        let _ = writeln!(trace, "{{\"event\":\"receive\",\"replica\":\"b\",\"message\":\"{i}\"}}");
    }
    trace += "{\"event\":\"converged\",\"replicas\":[\"a\",\"b\"]}\n";
    let (report, peak) = judge_text(&trace);
    assert_eq!(report.verdict, Verdict::Conforms, "{report:#?}");
    eprintln!("500 messages of a state of 5,000 entries: {} MiB", peak / MIB);
    assert!(peak < 64 * MIB, "{peak} bytes");
    // The work is bounded for every question.
    let options = Options { work: 100_000, ..Options::default() };
    let (report, _) = judge(|| Ok(trace.as_bytes()), &options);
    assert_eq!(report.verdict, Verdict::Inconclusive);
    assert!(report.limits[0].contains("more than 100000 elementary steps"), "{:?}", report.limits);
}

/// Questions about many operations at once: which of them saw which.
#[test]
fn many_concurrent_decisions_on_one_key() {
    let _alone = alone();
    let names: Vec<String> = (0..40).map(|i| format!("r{i:02}")).collect();
    let header = serde_json::json!({"trace": "rejoin/1", "replicas": names,
                                    "objects": {"s": {"type": "or-set"}}});
    let mut trace = header.to_string();
    for name in &names {
        let _ = write!(
            trace,
            "\n{{\"event\":\"op\",\"replica\":\"{name}\",\"object\":\"s\",\"op\":\"add\",\"element\":\"x\"}}"
        );
    }
    // Each except the first removes what it and the one before it added; the last adds nothing
    // else.
    for pair in names.windows(2) {
        let (before, name) = (&pair[0], &pair[1]);
        let _ =
            write!(trace, "\n{{\"event\":\"merge\",\"replica\":\"{name}\",\"from\":\"{before}\"}}");
        let _ = write!(
            trace,
            "\n{{\"event\":\"op\",\"replica\":\"{name}\",\"object\":\"s\",\"op\":\"remove\",\"element\":\"x\"}}"
        );
    }
    for name in &names[1..] {
        let _ = write!(trace, "\n{{\"event\":\"merge\",\"replica\":\"r00\",\"from\":\"{name}\"}}");
    }
    let claim = |event: &str, answer: &str| {
        format!("\n{{\"event\":\"{event}\",\"replica\":\"r00\",\"object\":\"s\",{answer}}}")
    };
    // Every addition was seen by a removal, and the last removal saw all others.
    trace += &claim("read", "\"value\":[]");
    trace += &claim("decisions", "\"decisions\":[]");
    trace += "\n{\"event\":\"op\",\"replica\":\"r05\",\"object\":\"s\",\"op\":\"add\",\"element\":\"x\"}";
    trace += "\n{\"event\":\"merge\",\"replica\":\"r00\",\"from\":\"r05\"}";
    trace += &claim("read", "\"value\":[\"x\"]");
    trace += &claim(
        "decisions",
        "\"decisions\":[{\"key\":\"x\",\"kept\":[{\"replica\":\"r05\",\"seq\":3}],\"superseded\":[{\"replica\":\"r39\",\"seq\":2}]}]",
    );
    let (report, _) = judge_text(&trace);
    assert_eq!((report.verdict, report.claims), (Verdict::Conforms, 4), "{:#?}", report.findings);
}

/// For each type of section 9: as many new keys, elements, queries or stated places as events.
#[test]
fn each_further_type_at_its_worst() {
    let _alone = alone();
    // Just more than what makes a hash table double.
    const EVENTS: usize = 60_000;
    let fields = |kind: &str, i: usize| {
        let is_first = i.is_multiple_of(2);
        match kind {
            // Each is put between the one before it and the first, and so at one place.
            "list" if i == 0 => r#""op":"insert","element":"e0""#.into(),
            "list" if i == 1 => r#""op":"insert","element":"e1","before":"e0""#.into(),
            "list" => {
                let last = i - 1;
                format!(r#""op":"insert","element":"e{i}","after":"e{last}","before":"e0""#)
            }
            "opaque" => format!(r#""op":"edit{i}","arguments":[{i}]"#),
            "pn-counter" if is_first => r#""op":"decrement""#.into(),
            "pn-counter" => r#""op":"increment""#.into(),
            "max-register" | "min-register" | "mv-register" => {
                format!(r#""op":"write","value":{i}"#)
            }
            "mv-map" => format!(r#""op":"put","key":"k{i}","value":{i}"#),
            "ew-flag" | "dw-flag" if is_first => r#""op":"enable""#.into(),
            "ew-flag" | "dw-flag" => r#""op":"disable""#.into(),
            _ => format!(r#""op":"add","element":"k{i}""#),
        }
    };
    for kind in [
        "pn-counter",
        "g-set",
        "2p-set",
        "rw-set",
        "ew-flag",
        "dw-flag",
        "mv-register",
        "mv-map",
        "max-register",
        "min-register",
        "list",
        "opaque",
    ] {
        let header = format!(
            r#"{{"trace":"rejoin/1","replicas":["a","b"],"objects":{{"x":{{"type":"{kind}"}}}}}}"#
        );
        let line = |i: usize, text: &mut String| {
            // Two replicas perform in turn; of an opaque object every other event asks what nobody asked.
            let by = ["a", "b"][usize::from(kind != "list") * (i % 2)];
            let _ = match (kind, i % 2) {
                ("opaque", 1) => write!(
                    text,
                    r#"{{"event":"read","replica":"a","object":"x","query":{i},"value":"{i:064}"}}"#
                ),
                _ if i + 1 == EVENTS => {
                    *text += r#"{"event":"converged","replicas":["a","b"]}"#;
                    Ok(())
                }
                _ => {
                    let fields = fields(kind, i);
                    write!(text, r#"{{"event":"op","replica":"{by}","object":"x",{fields}}}"#)
                }
            };
            i < EVENTS
        };
        let (report, peak) = judge_lines(&header, line, &Options::default());
        assert!(report.error.is_none(), "{kind}: {:?}", report.error);
        assert_eq!(report.events, EVENTS as u64);
        assert_linear(&format!("{EVENTS} events of a {kind}"), &report, peak);
    }
}
