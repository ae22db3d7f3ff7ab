//! Every limit from both sides, and inputs that never end, fail or hesitate.

use super::*;
use std::io::{self, BufReader, ErrorKind, Read};

#[test]
fn a_line_may_have_16_mebibytes_and_no_more() {
    let note = |length: usize| {
        let (start, end) = (r#"{"event":"note","text":""#, r#""}"#);
        format!("{start}{}{end}", "t".repeat(length - start.len() - end.len()))
    };
    let says = "a line of more than 16777216 bytes (16 MiB)";
    for end in ["", "\n", "\r\n"] {
        let longest = format!("{HEADER}\n{}{end}", note(MAX_LINE));
        assert!(read_all(longest.as_bytes()).1.is_ok(), "{end:?}");
        refused(format!("{HEADER}\n{}{end}", note(MAX_LINE + 1)), 2, None, says);
    }
    let header = HEADER.replace("\"objects\"", "\"note\":\"…\",\"objects\"");
    let header =
        |length: usize| header.replace('…', &"t".repeat(length + '…'.len_utf8() - header.len()));
    assert!(read_all(header(MAX_LINE).as_bytes()).1.is_ok());
    refused(header(MAX_LINE + 1), 1, None, says);
}

#[test]
fn a_line_may_have_128_levels_and_no_more() {
    for (open, close) in [("[", "]"), ("{\"k\":", "}")] {
        let line = |levels: usize| {
            let (open, close) = (open.repeat(levels - 1), close.repeat(levels - 1));
            format!(r#"{{"event":"digest","replica":"a","digest":{open}1{close}}}"#)
        };
        taken(&line(128));
        let says = "nested deeper than 128 levels";
        let innermost = format!("{open}1");
        refused_line(&line(129).replace(&innermost, &format!("§{innermost}")), says);
        // Nor does a flood of them reach the stack.
        let (start, flood) = ("{\"x-a\":", open.repeat(1_000_000));
        let column = (start.len() + 127 * open.len()) as u64 + 1;
        refused(format!("{HEADER}\n{start}{flood}"), 2, Some(column), says);
    }
    assert!(Json::parse(&("[".repeat(128) + &"]".repeat(128))).is_ok());
    assert!(Json::parse(&("[".repeat(129) + &"]".repeat(129))).is_err());
}

#[test]
fn a_name_may_have_1024_bytes_and_no_more() {
    let add = |element: &str| {
        format!(r#"{{"event":"op","replica":"a","object":"s","op":"add","element":§"{element}"}}"#)
    };
    for longest in ["x".repeat(1_024), "ü".repeat(512), "\\u0000".repeat(1_024)] {
        taken(&add(&longest).replace('§', ""));
        let says = "`element`: a name of 1025 bytes, expected 1 to 1,024";
        refused_line(&add(&format!("{longest}x")), says);
    }
    let long = "x".repeat(1_025);
    refused_header(
        &format!(
            r#"{{"trace":"rejoin/1","replicas":["a"],"objects":{{§"{long}":{{"type":"log"}}}}}}"#
        ),
        "a name of 1025 bytes",
    );
}

#[test]
fn a_header_may_declare_65536_replicas_and_objects_and_no_more() {
    let header = |replicas: usize, objects: usize| {
        let replicas: Vec<String> = (0..replicas).map(|i| format!("\"{i}\"")).collect();
        let objects: Vec<String> =
            (0..objects).map(|i| format!("\"{i}\":{{\"type\":\"log\"}}")).collect();
        format!(
            r#"{{"trace":"rejoin/1","replicas":[{}],"objects":{{{}}}}}"#,
            replicas.join(","),
            objects.join(",")
        )
    };
    let most = header(65_536, 65_536);
    let reader = Reader::new(most.as_bytes()).expect("a header");
    assert_eq!((reader.header().replicas.len(), reader.header().objects.len()), (65_536, 65_536));
    let column_of = |header: &str, name: &str| header.find(name).map(|offset| offset as u64 + 1);
    let more = header(65_537, 1);
    refused(
        &more,
        1,
        column_of(&more, "\"65536\""),
        "`replicas[65536]`: 65537 replicas are declared, expected at most 65536",
    );
    let more = header(1, 65_538);
    refused(
        &more,
        1,
        column_of(&more, "\"65536\""),
        "`objects`: 65538 objects are declared, expected at most 65536",
    );
}

/// Yields bytes without end, and counts how many were read.
struct Endless<F> {
    next: F,
    buffer: Vec<u8>,
    taken: u64,
}

impl<F: FnMut() -> u8> Endless<F> {
    fn new(next: F) -> Self {
        Self { next, buffer: Vec::new(), taken: 0 }
    }
}

impl<F: FnMut() -> u8> BufRead for Endless<F> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.buffer.len() < 4_096 {
            self.buffer.push((self.next)());
        }
        Ok(&self.buffer)
    }

    fn consume(&mut self, amount: usize) {
        self.taken += amount as u64;
        self.buffer.drain(..amount);
    }
}

impl<F: FnMut() -> u8> Read for Endless<F> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

fn noise(seed: u64) -> impl FnMut() -> u8 {
    let mut state = seed;
    move || {
        // Xorshift: Marsaglia, Xorshift RNGs, 2003.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    }
}

#[test]
fn noise_and_a_line_without_end_are_refused_before_they_are_held() {
    let most = MAX_LINE as u64 + 2;
    for seed in 1..=100 {
        let mut input = Endless::new(noise(seed));
        assert_eq!(fault(&mut input).line, 1);
        assert!(input.taken < 100_000, "{} bytes", input.taken);
    }
    let mut bytes = noise(1);
    let mut input = Endless::new(move || b'a' + bytes() % 26);
    assert!(fault(&mut input).message.contains("more than 16777216 bytes"));
    assert_eq!(input.taken, most);

    let mut start = format!("{HEADER}\n{{\"event\":\"note\",\"text\":\"").into_bytes().into_iter();
    let before = HEADER.len() as u64 + 1;
    let mut input = Endless::new(move || start.next().unwrap_or(b'x'));
    let fault = fault(&mut input);
    assert_eq!((fault.line, fault.column), (2, None));
    assert_eq!(input.taken, before + most);
}

/// Yields one byte at a time, each after an interruption, and may fail at the end.
pub struct Slow<'b> {
    bytes: &'b [u8],
    ready: bool,
    end: Option<ErrorKind>,
}

impl<'b> Slow<'b> {
    pub fn new(bytes: &'b [u8], end: Option<ErrorKind>) -> BufReader<Self> {
        BufReader::new(Self { bytes, ready: true, end })
    }
}

impl Read for Slow<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.ready = !self.ready;
        match (self.ready, self.bytes.is_empty(), self.end) {
            (false, ..) => Err(ErrorKind::Interrupted.into()),
            (true, true, Some(kind)) => Err(kind.into()),
            _ => {
                let length = out.len().min(1);
                self.bytes.read(&mut out[..length])
            }
        }
    }
}

#[test]
fn an_input_that_hesitates_is_read_and_one_that_fails_is_unreadable() {
    let note = r#"{"event":"note","text":"t"}"#;
    let text = format!("{HEADER}\n{note}\n{note}");
    let (events, end) = read_all(Slow::new(text.as_bytes(), None));
    assert!(end.is_ok(), "{end:?}");
    assert_eq!(events.len(), 2);

    // The last line may go on after its last byte.
    let (events, end) = read_all(Slow::new(text.as_bytes(), Some(ErrorKind::ConnectionReset)));
    let Err(Error::Unreadable(error)) = end else { panic!("{end:?}") };
    assert_eq!((events.len(), error.kind()), (1, ErrorKind::ConnectionReset));
}
