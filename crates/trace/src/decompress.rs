//! Compressed traces: gzip and zstd, recognized by their first bytes.
//!
//! Cost: streaming. Decoding gzip takes 32 KiB. Decoding zstd takes up to twice the window of the
//! stream; a stream with a window of more than 128 MiB, the default limit of the `zstd` tool, is
//! refused.
//! Source: RFC 1952 (gzip), RFC 8878 (zstd).

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::error::Error;
use std::fmt::Display;
use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read};

/// How many bytes are unpacked at a time.
const CHUNK: usize = 64 << 10;

/// Unpacks an input that is compressed with gzip or zstd; passes any other on unchanged.
///
/// Several streams (frames) one after the other count as one, as for the tools `gzip` and `zstd`.
///
/// # Errors
/// Those of the input. The returned reader also fails with [`ErrorKind::InvalidData`] if the
/// compressed stream is damaged or cut off.
pub fn decompress<'a>(mut input: impl BufRead + 'a) -> io::Result<Box<dyn BufRead + 'a>> {
    let mut start = Vec::new();
    input.by_ref().take(4).read_to_end(&mut start)?;
    let magic = start.clone();
    let input = Source { input: Cursor::new(start).chain(input), error: None, ended: false };
    Ok(match magic.as_slice() {
        [0x1f, 0x8b, ..] => {
            let decoder = MultiGzDecoder::new(input);
            Box::new(BufReader::with_capacity(CHUNK, Gzip { decoder }))
        }
        [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => {
            let decoder = FrameDecoder::new();
            Box::new(BufReader::with_capacity(CHUNK, Zstd { input, decoder, given: None }))
        }
        _ => Box::new(input.input),
    })
}

/// An input that remembers how it ended, since decoders wrap its errors in their own.
struct Source<R> {
    input: R,
    error: Option<io::Error>,
    ended: bool,
}

impl<R> Source<R> {
    /// The cause of a decoder's error: the input's own error, its early end, or its content.
    fn explain(&mut self, format: &str, error: impl Display) -> io::Error {
        if let Some(error) = self.error.take() {
            return error;
        }
        let message = match self.ended {
            true => format!("the {format} stream is cut off here"),
            false => format!("the {format} stream is damaged here ({error})"),
        };
        io::Error::new(ErrorKind::InvalidData, message)
    }
}

impl<R: BufRead> BufRead for Source<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        // Not every decoder tries again after an interruption, so this does.
        while let Err(error) = self.input.fill_buf().map(|bytes| self.ended = bytes.is_empty()) {
            if error.kind() != ErrorKind::Interrupted {
                let kind = error.kind();
                self.error = Some(error);
                return Err(kind.into());
            }
        }
        // At the end, a second look would read the input again.
        if self.ended { Ok(&[]) } else { self.input.fill_buf() }
    }

    fn consume(&mut self, amount: usize) {
        self.input.consume(amount);
    }
}

impl<R: BufRead> Read for Source<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

struct Gzip<R> {
    decoder: MultiGzDecoder<Source<R>>,
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.decoder.read(out).map_err(|error| self.decoder.get_mut().explain("gzip", error))
    }
}

struct Zstd<R> {
    input: Source<R>,
    decoder: FrameDecoder,
    /// How many bytes the frame that is being read has given; `None` between frames.
    given: Option<u64>,
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        self.unpack(out).map_err(|error| self.input.explain("zstd", error))
    }
}

impl<R: BufRead> Zstd<R> {
    /// Fills in at least one byte, except at the end.
    fn unpack(&mut self, out: &mut [u8]) -> Result<usize, Box<dyn Error>> {
        loop {
            let Some(given) = &mut self.given else {
                if self.input.fill_buf()?.is_empty() {
                    return Ok(0);
                }
                self.begin_frame()?;
                continue;
            };
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder
                    .decode_blocks(&mut self.input, BlockDecodingStrategy::UptoBlocks(1))?;
            }
            let count = self.decoder.read(out)?;
            *given += count as u64;
            if count > 0 {
                return Ok(count);
            }
            self.end_frame()?;
        }
    }

    /// Reads the header of a frame; skips a frame without content.
    fn begin_frame(&mut self) -> Result<(), Box<dyn Error>> {
        match self.decoder.reset(&mut self.input) {
            Ok(()) => self.given = Some(0),
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                let length = u64::from(length);
                let skipped = io::copy(&mut (&mut self.input).take(length), &mut io::sink())?;
                if skipped < length {
                    return Err("a frame to be skipped ends early".into());
                }
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Compares the length and checksum of a frame with its content, which the decoder does not.
    fn end_frame(&mut self) -> Result<(), Box<dyn Error>> {
        let given = self.given.take().unwrap_or_default();
        let promised = self.decoder.content_size();
        if promised != 0 && promised != given {
            return Err(format!("{given} bytes in a frame of {promised}").into());
        }
        let sum = self.decoder.get_checksum_from_data();
        if sum.is_some() && sum != self.decoder.get_calculated_checksum() {
            return Err("wrong checksum".into());
        }
        Ok(())
    }
}
