//! Compression of messages.
//!
//! Meaning: the message itself, in parts, each as it is, as a zstd frame, or as a PPMd stream.
//! Laws: what was compressed is unpacked to the same bytes; unpacking gives no more than is allowed.
//! Cost: O(length), either way. Compressing takes 50 to 220 ns a byte; unpacking 4 ns a byte where
//! zstd was used, and 10 to 170 where PPMd was. Both hold up to 16 MiB beside what they give.
//! Source: RFC 8878 (zstd); Shkarin, PPM: One Step to Practicality, DCC 2002 (PPMd, variant H).

use super::error::Error;
#[cfg(feature = "compression")]
use super::reader::{Reader, write_number};
use super::{Kind, VERSION};
#[cfg(feature = "compression")]
use super::{audit, openings};
#[cfg(feature = "compression")]
use ppmd_rust::{Ppmd7Decoder, Ppmd7Encoder};
#[cfg(feature = "compression")]
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
#[cfg(feature = "compression")]
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::borrow::Cow;
#[cfg(feature = "compression")]
use std::io::{Read as _, Write as _};

/// The default limit of an unpacked message, in bytes: 64 MiB.
pub const LIMIT: usize = 64 << 20;

/// How a part is compressed: 0 not at all, or else one of these.
#[cfg(feature = "compression")]
const ZSTD: u8 = 1;
#[cfg(feature = "compression")]
const PPMD: u8 = 2;

/// Shorter parts are not compressed: setting up a model would take longer than it saves.
#[cfg(feature = "compression")]
const LEAST: usize = 32;

/// Longer parts are left to zstd, so that none takes a second.
#[cfg(feature = "compression")]
const MOST_MODELLED: usize = 4 << 20;

/// The order of the PPMd model: how many preceding bytes predict the next one.
#[cfg(feature = "compression")]
const ORDER: u32 = 6;

/// The memory of the PPMd model for a part of this length, in bytes.
#[cfg(feature = "compression")]
fn model(length: usize) -> u32 {
    length.saturating_mul(16).clamp(64 << 10, 16 << 20) as u32
}

/// The greatest window that a zstd frame may ask for, in bytes.
#[cfg(feature = "compression")]
const WINDOW: u64 = 8 << 20;

/// The compressed message; the message itself if compression does not shorten it.
///
/// Texts and columns are compressed apart: they have nothing in common. Of each the shortest form
/// is taken: PPMd for what people and programs write, most often zstd for what is random.
#[cfg(feature = "compression")]
pub fn compress(message: &[u8]) -> Cow<'_, [u8]> {
    let (columns, texts) = message.split_at(message.len() - texts_of(message));
    let mut packed = vec![VERSION, Kind::Compressed as u8];
    for part in [columns, texts] {
        if part.is_empty() {
            continue;
        }
        let (method, bytes) = shortest(part);
        write_number((part.len() as u64) << 2 | u64::from(method), &mut packed);
        if method > 0 {
            write_number(bytes.len() as u64, &mut packed);
        }
        packed.extend_from_slice(&bytes);
    }
    if packed.len() < message.len() { packed.into() } else { message.into() }
}

/// The shortest form of a part, and its method.
#[cfg(feature = "compression")]
fn shortest(part: &[u8]) -> (u8, Cow<'_, [u8]>) {
    let mut best = (0, Cow::Borrowed(part));
    if part.len() < LEAST {
        return best;
    }
    let zstd = Some(compress_to_vec(part, CompressionLevel::Fastest));
    for (method, bytes) in [(ZSTD, zstd), (PPMD, compress_by_model(part))] {
        if let Some(bytes) = bytes.filter(|bytes| bytes.len() < best.1.len()) {
            best = (method, bytes.into());
        }
    }
    best
}

/// `None` where it is too long, or there is no memory for the model.
#[cfg(feature = "compression")]
fn compress_by_model(part: &[u8]) -> Option<Vec<u8>> {
    if part.len() > MOST_MODELLED {
        return None;
    }
    let mut encoder = Ppmd7Encoder::new(Vec::new(), ORDER, model(part.len())).ok()?;
    encoder.write_all(part).ok()?;
    // Without an end mark, since the message gives the length.
    encoder.finish(false).ok()
}

/// How many bytes of texts stand at the end of the message.
#[cfg(feature = "compression")]
fn texts_of(message: &[u8]) -> usize {
    if openings::has(message) {
        let delta = openings::read(message).map(|read| read.rest);
        return delta.map_or(0, |at| texts_of(&message[at..]));
    }
    if let Ok((Some(_), at)) = audit::split(message) {
        return texts_of(&message[at..]);
    }
    let mut reader = Reader::new(message);
    let have_texts = [Kind::LogDelta, Kind::SetDelta, Kind::WriteDelta, Kind::ContentDelta]
        .map(|kind| kind as u8);
    match reader.take(2, "a message") {
        Ok([VERSION, kind]) if have_texts.contains(kind) => reader.texts().map_or(0, <[u8]>::len),
        _ => 0,
    }
}

/// The message that was compressed; one that is not compressed is given as it is.
///
/// # Errors
/// [`Error::TooLong`] where it is of more than `limit` bytes, [`Error::Compressed`] where this
/// library was built without the feature `compression`; for the rest see there.
pub fn decompress(bytes: &[u8], limit: usize) -> Result<Cow<'_, [u8]>, Error> {
    match bytes {
        [VERSION, kind, ..] if *kind == Kind::Compressed as u8 => {
            unpack(bytes, limit).map(Cow::Owned)
        }
        _ => Ok(bytes.into()),
    }
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
        let start = reader.at();
        let head = reader.number("the length of a part")?;
        let method = (head & 3) as u8;
        let length = usize::try_from(head >> 2).unwrap_or(usize::MAX);
        let end = message.len().checked_add(length).filter(|end| *end <= limit);
        let end = end.ok_or(Error::TooLong { limit })?;
        if method == 0 {
            message.extend_from_slice(reader.take(length, "a part")?);
            continue;
        }
        let packed = reader.length("the length of a compressed part")?;
        let part = reader.take(packed, "a compressed part")?;
        let unpacked = match method {
            ZSTD => unpack_frame(part, end, &mut message),
            PPMD => unpack_by_model(part, end, &mut message),
            _ => Err("there is no method 3".into()),
        };
        unpacked.map_err(|fault| {
            let expected = "a zstd frame or a PPMd stream of the stated length";
            Error::malformed(start, format!("a part that is damaged: {fault}"), expected)
        })?;
    }
    Ok(message)
}

/// Why a part could not be unpacked.
#[cfg(feature = "compression")]
type Fault = Box<dyn std::error::Error>;

#[cfg(feature = "compression")]
const ANOTHER_LENGTH: &str = "it holds less, or there is more after it";

/// Appends what the stream holds, which ends at `end`.
#[cfg(feature = "compression")]
fn unpack_by_model(mut stream: &[u8], end: usize, out: &mut Vec<u8>) -> Result<(), Fault> {
    let length = end - out.len();
    if length < LEAST {
        return Err("it is too short to be compressed".into());
    }
    let decoder = Ppmd7Decoder::new(&mut stream, ORDER, model(length))?;
    decoder.take(length as u64).read_to_end(out)?;
    match out.len() == end && stream.is_empty() {
        true => Ok(()),
        false => Err(ANOTHER_LENGTH.into()),
    }
}

/// Appends what the frame holds, which ends at `end`.
#[cfg(feature = "compression")]
fn unpack_frame(mut frame: &[u8], end: usize, out: &mut Vec<u8>) -> Result<(), Fault> {
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
        return Err(ANOTHER_LENGTH.into());
    }
    if sum.is_some() && sum != decoder.get_calculated_checksum() {
        return Err("wrong checksum".into());
    }
    Ok(())
}
