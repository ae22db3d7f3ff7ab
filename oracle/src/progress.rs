//! A progress bar over all traces, shown if someone watches and has to wait.

use crate::printable::escape;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::cell::Cell;
use std::io::{self, IsTerminal, Read};
use std::time::{Duration, Instant};

/// Work that takes less time shows no bar.
const PATIENCE: Duration = Duration::from_millis(500);

/// Counts the bytes read, and shows them if standard error is a terminal.
pub struct Progress {
    bar: ProgressBar,
    /// The position of the bar when the present trace began.
    base: Cell<u64>,
    /// When to show the bar; `None` if it is already shown, or never will be.
    due: Cell<Option<Instant>>,
}

impl Progress {
    /// For so many bytes in all; `None` if that is not known.
    pub fn new(total: Option<u64>) -> Self {
        let template = match total {
            Some(_) => "{bar:24} {bytes} of {total_bytes}, {eta} left  {wide_msg}",
            None => "{spinner} {bytes} read  {wide_msg}",
        };
        let style = ProgressStyle::with_template(template).expect("the template is well-formed");
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let due = io::stderr().is_terminal().then(|| Instant::now() + PATIENCE);
        Self { bar: bar.with_style(style), base: Cell::new(0), due: Cell::new(due) }
    }

    /// Begins the next trace.
    pub fn begin(&self, name: &str) {
        self.base.set(self.bar.position());
        self.bar.set_message(escape(name).into_owned());
    }

    /// Ends the present trace; its bytes count whether they were all read or not.
    pub fn end(&self, length: Option<u64>) {
        if let Some(length) = length {
            self.bar.set_position(self.base.get() + length);
        }
    }

    /// A reader of the present trace, from its beginning, which counts the bytes.
    pub fn watch<R: Read>(&self, input: R) -> Watched<'_, R> {
        self.bar.set_position(self.base.get());
        Watched { progress: self, input }
    }

    /// Runs `act` while the bar is hidden.
    pub fn aside<T>(&self, act: impl FnOnce() -> T) -> T {
        self.bar.suspend(act)
    }

    fn advance(&self, bytes: usize) {
        if self.due.get().is_some_and(|due| Instant::now() >= due) {
            self.due.set(None);
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(bytes as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A reader whose bytes are counted.
pub struct Watched<'a, R> {
    progress: &'a Progress,
    input: R,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.progress.advance(read);
        Ok(read)
    }
}
