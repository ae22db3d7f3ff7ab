//! Standard output, whose reader may have left.

use std::io::{self, ErrorKind, Write};

/// Writes reports. Once the reader has left (`oracle …
/// head`), nothing more is written, and the work goes on: the exit code still covers every trace.
pub struct Output<W> {
    sink: Option<W>,
    error: Option<io::Error>,
}

impl<W: Write> Output<W> {
    /// Writes to `sink`.
    pub fn new(sink: W) -> Self {
        Self { sink: Some(sink), error: None }
    }

    /// Writes the text at once.
    pub fn write(&mut self, text: impl AsRef<[u8]>) {
        let Some(sink) = &mut self.sink else { return };
        if let Err(error) = sink.write_all(text.as_ref()).and_then(|()| sink.flush()) {
            self.sink = None;
            if error.kind() != ErrorKind::BrokenPipe {
                self.error = Some(error);
            }
        }
    }

    /// Why not everything was written, unless the reader left: a full disk, for example.
    pub fn error(self) -> Option<io::Error> {
        self.error
    }
}

/// Prints an error. If standard error cannot be written, only the exit code reports it.
pub fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "error: {message}");
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken(ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_left_is_no_error_and_a_full_disk_is() {
        for (kind, is_error) in [(ErrorKind::BrokenPipe, false), (ErrorKind::StorageFull, true)] {
            let mut output = Output::new(Broken(kind));
            output.write("a");
            output.write("b");
            assert_eq!(output.error().is_some(), is_error);
        }
    }
}
