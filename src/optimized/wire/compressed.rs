//! Messages in less bytes, for time.
//!
//! Meaning: the message itself, in parts, each as it is or as a zstd frame.
//! Laws: what was compressed is unpacked to the same bytes; unpacking gives no more than is allowed.
//! Cost: both O(length), some 10 ns a byte; unpacking holds what it gives, and up to 16 MiB beside.
//! Source: RFC 8878 (zstd).

use super::error::Error;
#[cfg(feature = "compression")]
use super::reader::{Reader, write_number};
use super::{Kind, VERSION};
#[cfg(feature = "compression")]
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
#[cfg(feature = "compression")]
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::borrow::Cow;
#[cfg(feature = "compression")]
use std::io::Read as _;

/// How many bytes of a message to unpack where nothing speaks for another limit: 64 MiB.
pub const LIMIT: usize = 64 << 20;

/// The greatest window that a frame may ask for, in bytes.
#[cfg(feature = "compression")]
const WINDOW: u64 = 8 << 20;

/// The message in less bytes; as it is, where that is not more.
///
/// Texts and columns are compressed apart: they have nothing in common.
#[cfg(feature = "compression")]
pub fn compress(message: &[u8]) -> Cow<'_, [u8]> {
    let (columns, texts) = message.split_at(message.len() - texts_of(message));
    let mut packed = vec![VERSION, Kind::Compressed as u8];
    for part in [columns, texts] {
        let frame = compress_to_vec(part, CompressionLevel::Fastest);
        let length = 2 * part.len() as u64;
        if frame.len() < part.len() {
            write_number(length + 1, &mut packed);
            write_number(frame.len() as u64, &mut packed);
            packed.extend_from_slice(&frame);
        } else if !part.is_empty() {
            write_number(length, &mut packed);
            packed.extend_from_slice(part);
        }
    }
    if packed.len() < message.len() { packed.into() } else { message.into() }
}

/// How many bytes of texts stand at the end of the message.
#[cfg(feature = "compression")]
fn texts_of(message: &[u8]) -> usize {
    let mut reader = Reader::new(message);
    let kind = reader.take(2, "a message").map(|start| start[1]);
    let has_texts = [Kind::LogDelta, Kind::SetDelta, Kind::WriteDelta].map(|kind| kind as u8);
    match kind {
        Ok(kind) if has_texts.contains(&kind) => reader.texts().map_or(0, <[u8]>::len),
        _ => 0,
    }
}

/// The message that was compressed; one that is not compressed is given as it is.
///
/// # Errors
/// [`Error::TooLong`] where it is of more than `limit` bytes, [`Error::Compressed`] where this
/// library was built without the feature `compression`; for the rest see there.
pub fn decompress(bytes: &[u8], limit: usize) -> Result<Cow<'_, [u8]>, Error> {
    if !bytes.starts_with(&[VERSION, Kind::Compressed as u8]) {
        return Ok(bytes.into());
    }
    unpack(bytes, limit).map(Cow::Owned)
}

#[cfg(not(feature = "compression"))]
fn unpack(_: &[u8], _: usize) -> Result<Vec<u8>, Error> {
    Err(Error::Compressed)
}

#[cfg(feature = "compression")]
fn unpack(bytes: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    let mut reader = Reader::new(bytes);
    reader.take(2, "a message")?;
    let mut message = Vec::new();
    while reader.at() < bytes.len() {
        let head = reader.number("the length of a part")?;
        let end = usize::try_from(head >> 1).ok().and_then(|more| message.len().checked_add(more));
        let end = end.filter(|end| *end <= limit).ok_or(Error::TooLong { limit })?;
        if head & 1 == 0 {
            message.extend_from_slice(reader.take(end - message.len(), "a part")?);
            continue;
        }
        let length = reader.length("the length of a zstd frame")?;
        let start = reader.at();
        let frame = reader.take(length, "a zstd frame")?;
        unpack_frame(frame, end, &mut message).map_err(|fault| {
            let expected = "a zstd frame of the length that is told";
            Error::malformed(start, format!("a zstd frame that is damaged: {fault}"), expected)
        })?;
    }
    Ok(message)
}

/// Appends what the frame holds, which ends at `end`.
#[cfg(feature = "compression")]
fn unpack_frame(
    mut frame: &[u8],
    end: usize,
    out: &mut Vec<u8>,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(WINDOW);
    decoder.init(&mut frame)?;
    loop {
        decoder.decode_blocks(&mut frame, BlockDecodingStrategy::UptoBlocks(1))?;
        // One more than is right, so that too many are noticed.
        let room = (end - out.len()) as u64 + 1;
        decoder.by_ref().take(room).read_to_end(out)?;
        if out.len() > end {
            return Err("it holds more".into());
        }
        if decoder.is_finished() {
            break;
        }
    }
    let sum = decoder.get_checksum_from_data();
    if out.len() < end || !frame.is_empty() {
        return Err("it holds less, or there is more after it".into());
    }
    if sum.is_some() && sum != decoder.get_calculated_checksum() {
        return Err("wrong checksum".into());
    }
    Ok(())
}
