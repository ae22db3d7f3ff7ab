//! Reads an input several times that can be read only once.
//!
//! The judge may need a trace from its beginning again. So the bytes of a pipe are kept: in memory
//! while they are few, else in a temporary file.

use std::cell::RefCell;
use std::io::{self, Read, Seek, SeekFrom, Write};
use tempfile::SpooledTempFile;

/// This many bytes are kept in memory.
const IN_MEMORY: usize = 1 << 20;

/// An input that can be read from its beginning any number of times.
pub struct Replay<R>(RefCell<Tape<R>>);

struct Tape<R> {
    input: R,
    kept: SpooledTempFile,
    length: u64,
}

impl<R: Read> Replay<R> {
    /// An input of which nothing is read yet.
    pub fn new(input: R) -> Self {
        Self(RefCell::new(Tape { input, kept: SpooledTempFile::new(IN_MEMORY), length: 0 }))
    }

    /// A reader that starts at the beginning.
    pub fn open(&self) -> Reader<'_, R> {
        Reader { replay: self, position: 0 }
    }
}

/// One pass through the input: first what was kept, then what is new.
pub struct Reader<'a, R> {
    replay: &'a Replay<R>,
    position: u64,
}

impl<R: Read> Read for Reader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let tape = &mut *self.replay.0.borrow_mut();
        let read = if self.position < tape.length {
            tape.kept.seek(SeekFrom::Start(self.position))?;
            tape.kept.read(buffer)?
        } else {
            let read = tape.input.read(buffer)?;
            tape.kept.seek(SeekFrom::Start(tape.length))?;
            tape.kept.write_all(&buffer[..read])?;
            tape.length += read as u64;
            read
        };
        self.position += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes a few at a time, as a pipe does.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let few = buffer.len().min(3_001);
            self.0.read(&mut buffer[..few])
        }
    }

    #[test]
    fn every_reader_reads_it_all_once() {
        let input: Vec<u8> = (0..3 * IN_MEMORY).map(|i| (i % 251) as u8).collect();
        let replay = Replay::new(Drip(&input));
        let mut part = vec![0; IN_MEMORY + 7];
        let mut first = replay.open();
        first.read_exact(&mut part).unwrap();
        assert!(part == input[..part.len()]);
        // The second overtakes the first, which then continues with the bytes that the second read.
        let mut second = Vec::new();
        replay.open().read_to_end(&mut second).unwrap();
        assert!(second == input);
        let mut rest = Vec::new();
        first.read_to_end(&mut rest).unwrap();
        assert!(rest == input[part.len()..]);
    }
}
