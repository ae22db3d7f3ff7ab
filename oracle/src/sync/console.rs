//! The console: what is printed while replicas sync. A reader that stops reading must not stop the
//! sync.

use crate::output::Output;
use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::thread;

/// How many bytes may wait for the reader. Further messages are dropped and counted.
const MOST_WAITING: usize = 1 << 20;

/// Lines that a thread of their own writes.
#[derive(Default)]
pub struct Console {
    waiting: Mutex<Waiting>,
    wake: Condvar,
}

#[derive(Default)]
struct Waiting {
    lines: VecDeque<String>,
    bytes: usize,
    left_out: u64,
    is_over: bool,
}

impl Console {
    /// Runs something that prints to a console. Returns once all lines are written.
    pub fn run<W: Write + Send, T>(output: &mut Output<W>, act: impl FnOnce(&Self) -> T) -> T {
        let console = Self::default();
        thread::scope(|scope| {
            scope.spawn(|| console.write(output));
            // The writer must also end if this panics.
            let end = End(&console);
            let result = act(&console);
            drop(end);
            result
        })
    }

    /// Prints the text, with its lines escaped, as it may come from a peer.
    pub fn say(&self, text: &str) {
        let mut safe = String::with_capacity(text.len() + 1);
        for line in text.trim_end().split('\n') {
            safe.push_str(&crate::printable::escape(line));
            safe.push('\n');
        }
        let mut waiting = self.lock();
        if waiting.bytes + safe.len() > MOST_WAITING && !waiting.lines.is_empty() {
            waiting.left_out += 1;
            return;
        }
        if waiting.left_out > 0 {
            let count = std::mem::take(&mut waiting.left_out);
            let note = format!("({count} messages were left out: nobody read them)\n");
            waiting.bytes += note.len();
            waiting.lines.push_back(note);
        }
        waiting.bytes += safe.len();
        waiting.lines.push_back(safe);
        self.wake.notify_one();
    }

    fn write<W: Write>(&self, output: &mut Output<W>) {
        loop {
            let mut waiting = self.lock();
            while waiting.lines.is_empty() && !waiting.is_over {
                waiting = self.wake.wait(waiting).unwrap_or_else(|broken| broken.into_inner());
            }
            let Some(text) = waiting.lines.pop_front() else { return };
            waiting.bytes -= text.len();
            drop(waiting);
            output.write(text);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(|broken| broken.into_inner())
    }
}

/// Ends the writer when dropped.
struct End<'a>(&'a Console);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.lock().is_over = true;
        self.0.wake.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::mpsc::{Receiver, channel};

    /// Reads nothing before it is started.
    struct Slow<'a>(Receiver<()>, &'a Mutex<Vec<u8>>);

    impl Write for Slow<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            self.1.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_stops_stops_nobody_and_nothing_steers_its_terminal() {
        let (go_on, written) = (channel(), Mutex::new(Vec::new()));
        let mut output = Output::new(Slow(go_on.1, &written));
        Console::run(&mut output, |console| {
            console.say("two\nlines with \u{1b}[2J");
            for _ in 0..100 {
                console.say(&"x".repeat(MOST_WAITING / 10));
            }
            // The reader takes everything from here on.
            drop(go_on.0);
            while !console.lock().lines.is_empty() {
                thread::yield_now();
            }
            console.say("the last one");
        });
        drop(output);
        let written = String::from_utf8(written.into_inner().unwrap()).unwrap();
        assert!(written.starts_with("two\nlines with \\u001b[2J\n"), "{:.80}", written);
        assert!(written.ends_with("messages were left out: nobody read them)\nthe last one\n"));
        assert!(written.len() < 2 * MOST_WAITING);
    }
}
