//! Keeps the last events of a trace in memory, for when something has gone wrong. Needs nothing.

use std::io::{Result, Write};

/// A file for a `Recorder`, with the last events: at least `most` once there were so many.
pub struct Last {
    pub most: usize,
    header: Vec<u8>,
    parts: Vec<Vec<Vec<u8>>>,
}

impl Last {
    pub fn new(most: usize) -> Self {
        Self { most, header: Vec::new(), parts: vec![Vec::new()] }
    }

    /// Call it where no message is under way; then record a `load` of each state.
    pub fn base(&mut self) {
        self.parts.push(Vec::new());
        while self.parts[1..].iter().map(Vec::len).sum::<usize>() >= self.most {
            self.parts.remove(0);
        }
    }

    /// Writes the trace: the oldest base that is kept, and all events since.
    pub fn dump(&self, mut out: impl Write) -> Result<()> {
        let is_event = |line: &&Vec<u8>| !line.starts_with(b"{\"event\":\"load\"");
        let later = self.parts[1..].iter().flatten().filter(is_event);
        let first = std::iter::once(&self.header).chain(&self.parts[0]);
        first.chain(later).try_for_each(|line| out.write_all(line))
    }
}

impl Write for Last {
    /// A recorder writes a line at once.
    fn write(&mut self, line: &[u8]) -> Result<usize> {
        let is_first = self.header.is_empty();
        if is_first {
            self.header = line.into()
        } else {
            self.parts.last_mut().unwrap().push(line.into())
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}
