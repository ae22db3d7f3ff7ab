//! Any bytes can be compressed and are the same again; any bytes are unpacked within the limit or
//! refused: without a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rejoin::wire::{VERSION, compress, decompress};

/// How much a message may unpack to.
const LIMIT: usize = 1 << 20;

fuzz_target!(|input: &[u8]| {
    // As a text, behind the columns of a log that has none.
    let mut message = vec![VERSION, 4, input.len() as u8 & 0x7f | 0x80, (input.len() >> 7) as u8];
    message.extend_from_slice(input);
    for message in [input, &message] {
        let packed = compress(message);
        assert!(packed.len() <= message.len());
        // What is short may say of itself that it is compressed, and is left as it is.
        if packed.len() < message.len() {
            assert_eq!(decompress(&packed, message.len()).as_deref(), Ok(message));
        }
    }
    // As a stream of PPMd, of 4 KiB.
    let mut stream = vec![VERSION, 8, 0x82, 0x80, 1];
    let length = input.len() + 1;
    stream.extend_from_slice(&[length as u8 & 0x7f | 0x80, (length >> 7) as u8, 0]);
    stream.extend_from_slice(input);
    for message in [input, &stream] {
        match decompress(message, LIMIT) {
            Ok(bytes) => assert!(bytes.len() <= LIMIT.max(message.len())),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
});
