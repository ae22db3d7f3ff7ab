//! Compressed traces: the same events as the plain ones, and every damage is a fault at its line.

use super::limits::Slow;
use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::io::{ErrorKind, Write};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// A frame that zstd readers skip.
fn skippable(length: u32) -> Vec<u8> {
    let mut frame = vec![0x5a, 0x2a, 0x4d, 0x18];
    frame.extend(length.to_le_bytes());
    frame.resize(frame.len() + length as usize, 0xab);
    frame
}

/// A zstd frame of RLE blocks, each of 128 KiB of one byte; the window is 2^`log` bytes.
fn zstd_bomb(log: u8, blocks: u32) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, (log - 10) << 3];
    for block in 1..=blocks {
        let header = u32::from(block == blocks) | 1 << 1 | (128 << 10) << 3;
        frame.extend(&header.to_le_bytes()[..3]);
        frame.push(b'x');
    }
    frame
}

fn trace(notes: usize) -> String {
    let note = |i| format!("\n{{\"event\":\"note\",\"text\":\"note {i}, {}\"}}", i * i);
    HEADER.to_owned() + &(0..notes).map(note).collect::<String>()
}

fn read_unpacked(bytes: &[u8]) -> (Vec<Event>, Result<(), Error>) {
    read_all(decompress(bytes).expect("memory"))
}

fn unpacked_fault(bytes: &[u8]) -> Fault {
    fault(decompress(bytes).expect("memory"))
}

#[test]
fn a_compressed_trace_is_read_as_the_plain_one() {
    let text = trace(2_000);
    let text = text.as_bytes();
    let (events, end) = read_all(text);
    assert!(end.is_ok(), "{end:?}");
    let (front, back) = text.split_at(text.len() / 3);
    for packed in [
        text.to_vec(),
        gzip(text),
        zstd(text),
        [gzip(front), gzip(b""), gzip(back)].concat(),
        [zstd(front), zstd(b""), zstd(back)].concat(),
        [skippable(0), zstd(front), skippable(100_000), zstd(back), skippable(3)].concat(),
    ] {
        let (unpacked, end) = read_unpacked(&packed);
        assert!(end.is_ok(), "{end:?}");
        assert_eq!(unpacked, events);
        let (slow, end) = read_all(decompress(Slow::new(&packed, None)).expect("memory"));
        assert!(end.is_ok(), "{end:?}");
        assert_eq!(slow, events);

        let broken = Slow::new(&packed, Some(ErrorKind::ConnectionReset));
        let (_, end) = read_all(decompress(broken).expect("memory"));
        let Err(Error::Unreadable(error)) = end else { panic!("{end:?}") };
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
}

#[test]
fn a_compressed_stream_that_is_cut_off_is_a_fault_at_the_line_that_was_read() {
    let text = trace(300);
    let (events, _) = read_all(text.as_bytes());
    for (packed, says) in [
        (gzip(text.as_bytes()), "the gzip stream is cut off here"),
        (zstd(text.as_bytes()), "the zstd stream is cut off here"),
        ([zstd(text.as_bytes()), skippable(9)].concat(), "the zstd stream is cut off here"),
    ] {
        let magic = if says.contains("gzip") { 2 } else { 4 };
        for length in magic..packed.len() {
            let (read, end) = read_unpacked(&packed[..length]);
            if end.is_ok() {
                // Cut between two frames, nothing is missing.
                assert_eq!((read.len(), packed.len() - length), (300, 17));
                continue;
            }
            let Err(Error::Malformed(fault)) = end else { panic!("{end:?}") };
            assert_eq!((fault.column, fault.message.as_str()), (None, says));
            assert!(events.starts_with(&read));
            // A header that was not read whole is line 1; after it each event has a line.
            assert!(fault.line == read.len() as u64 + 2 || (fault.line, read.len()) == (1, 0));
        }
    }
}

#[test]
fn damage_is_found_or_harmless() {
    let text = trace(300);
    let (events, _) = read_all(text.as_bytes());
    for packed in [gzip(text.as_bytes()), zstd(text.as_bytes())] {
        let mut found = 0;
        for place in 0..packed.len() {
            for bit in 0..8 {
                let mut damaged = packed.clone();
                damaged[place] ^= 1 << bit;
                let (read, end) = read_unpacked(&damaged);
                match end {
                    Ok(()) => assert_eq!(read, events, "bit {bit} of byte {place}"),
                    Err(Error::Malformed(_)) => found += 1,
                    Err(error) => panic!("bit {bit} of byte {place}: {error}"),
                }
            }
        }
        assert!(found > packed.len() * 7);
    }
    // Bytes after the stream belong to the line after the last one, or to its continuation.
    let text = text + "\n";
    let garbage = [gzip(text.as_bytes()), b"what follows is no stream".to_vec()].concat();
    let fault = unpacked_fault(&garbage);
    assert_eq!(fault.line, 302);
    assert!(fault.message.contains("the gzip stream is damaged here"), "{fault}");
    let garbage = [zstd(text.as_bytes()), b"what follows is no stream".to_vec()].concat();
    let fault = unpacked_fault(&garbage);
    assert_eq!(fault.line, 302);
    assert!(fault.message.contains("the zstd stream is damaged here"), "{fault}");
}

#[test]
fn a_decompression_bomb_is_refused_at_the_end_of_the_longest_line() {
    let bomb = gzip(&vec![b'x'; 2 * MAX_LINE]);
    assert!(bomb.len() < MAX_LINE / 500);
    let bombs = [bomb, zstd_bomb(20, 100_000), zstd_bomb(27, 2_000)];
    for bomb in bombs {
        let fault = unpacked_fault(&bomb);
        assert_eq!(fault.line, 1);
        assert_eq!(fault.message, "a line of more than 16777216 bytes (16 MiB)");
    }
    let fault = unpacked_fault(&zstd_bomb(28, 1));
    assert!(fault.message.contains("the zstd stream is damaged here"), "{fault}");
    assert!(fault.message.contains("window_size is too big"), "{fault}");
}
