//! Compressed messages: they unpack to the same bytes, and use the method that makes the fewest;
//! golden messages stay readable; damaged ones are refused without a panic.
use rejoin::dot::{Origin, ReplicaId};
use rejoin::optimized::log::Log;
use rejoin::optimized::{Author, Vector};
use rejoin::wire::{self, BaseEncoding, Error, OriginEncoding, VERSION};

/// The message of the golden files.
fn message() -> Vec<u8> {
    let mut log = Log::<str>::new();
    for seq in 1..=60 {
        let origin = Origin { replica: ReplicaId::new("ann").unwrap(), incarnation: 0 };
        let text = format!("ann asks about table {}, column {}", seq * 7 % 13, seq * 5 % 11);
        let author = Author { origin, seq, user: None };
        let _ = log.append(&author, &text, 1_000 * seq).expect("there is room");
    }
    log.delta_since(&Vector::default()).encode(OriginEncoding::Inline, BaseEncoding::Inline)
}

/// The same message in parts, one for each method.
fn golden() -> Vec<u8> {
    let text = include_str!("../golden/compressed/all-methods.hex");
    let digits: Vec<char> = text.chars().filter(char::is_ascii_hexdigit).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&String::from_iter(pair), 16);
    digits.chunks(2).map(|pair| byte(pair).expect("digits")).collect()
}

/// Letters and digits in no order.
fn random(length: usize) -> Vec<u8> {
    let mut state = 7_u64;
    let mut letter = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"[state as usize % 64]
    };
    (0..length).map(|_| letter()).collect()
}

/// A number, as encoded in messages.
fn number(mut number: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while number >= 128 {
        out.push(number as u8 | 128);
        number >>= 7;
    }
    out.push(number as u8);
    out
}

/// A message of one part.
fn of_one_part(method: usize, length: usize, part: &[u8]) -> Vec<u8> {
    [&[VERSION, 7], &*number(length << 2 | method), &number(part.len()), part].concat()
}

/// The method of the second part of a message whose first part is uncompressed.
fn method(packed: &[u8], first: usize) -> u8 {
    packed[2 + number(first << 2).len() + first] & 3
}

#[test]
fn golden_messages_stay_readable() {
    assert_eq!(wire::decompress(&golden(), wire::LIMIT).as_deref(), Ok(&*message()));
}

#[test]
fn what_was_compressed_is_unpacked_to_the_same_bytes() {
    let texts = [random(5 << 20), vec![0; 5 << 20], message().repeat(300), random(70_000)];
    for text in &texts {
        for length in [0, 1, 2, 31, 32, 33, 300, 65_536, 4 << 20, (4 << 20) + 1] {
            let text = &text[..length.min(text.len())];
            let packed = wire::compress(text);
            assert!(packed.len() <= text.len());
            assert_eq!(wire::decompress(&packed, text.len()).as_deref(), Ok(text));
        }
    }
}

#[test]
fn the_method_that_makes_the_fewest_bytes_is_taken() {
    // The columns of this message have four bytes, so they stay uncompressed.
    let with_texts = |texts: &[u8]| [&[VERSION, 4], &*number(texts.len()), texts].concat();
    let cases = [(message(), 2), (random(10_000), 1), (b"a few bytes".to_vec(), 0)];
    for (texts, expected) in cases {
        let message = with_texts(&texts);
        let packed = wire::compress(&message);
        match expected {
            0 => assert_eq!(*packed, *message),
            _ => assert_eq!(method(&packed, message.len() - texts.len()), expected),
        }
    }
}

#[test]
fn what_is_cut_off_or_has_more_is_refused() {
    for packed in [golden(), wire::compress(&message()).into_owned()] {
        for length in 2..packed.len() {
            let unpacked = wire::decompress(&packed[..length], wire::LIMIT);
            // A cut between two parts leaves a shorter, valid message.
            assert!(unpacked.is_err() || unpacked.is_ok_and(|bytes| bytes.len() < message().len()));
        }
        let longer = [&*packed, &[0x80]].concat();
        assert!(wire::decompress(&longer, wire::LIMIT).is_err());
        let length = message().len();
        let limit = length - 1;
        assert_eq!(wire::decompress(&packed, limit), Err(Error::TooLong { limit }));
    }
}

#[test]
fn damaged_bytes_are_refused_or_another_message() {
    let packed = golden();
    for at in 2..packed.len() {
        for flip in 1..=255 {
            let mut wrong = packed.clone();
            wrong[at] ^= flip;
            match wire::decompress(&wrong, 1 << 16) {
                Ok(bytes) => assert!(bytes.len() <= 1 << 16),
                Err(error) => assert!(error.to_string().len() > 20),
            }
        }
    }
}

#[test]
fn a_stream_of_another_length_is_refused() {
    let packed = wire::compress(&[b'x'; 1000]).into_owned();
    let start = 2 + number(1000 << 2).len();
    assert_eq!(packed[2] & 3, 2, "by PPMd");
    let stream = &packed[start + 1..];
    assert!(wire::decompress(&of_one_part(2, 1000, stream), 2000).is_ok());
    let refusal = |method: usize, length: usize, stream: &[u8]| {
        let message = of_one_part(method, length, stream);
        wire::decompress(&message, 2000).expect_err("it is another length").to_string()
    };
    let longer = [stream, &[0]].concat();
    assert!(refusal(2, 1000, &longer).contains("more after it"));
    assert!(refusal(2, 1000, &stream[..stream.len() - 1]).contains("holds less"));
    assert!(refusal(2, 31, stream).contains("too short"));
    assert!(refusal(2, 1000, &[]).contains("damaged"));
    assert!(refusal(2, 1000, &[1, 2, 3, 4, 5, 6]).contains("damaged"));
    assert!(refusal(3, 1000, stream).contains("method 3"));
}
