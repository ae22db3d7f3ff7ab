//! The console: what is printed while replicas sync. A reader that stops reading must not stop the
//! sync.

use crate::output::Output;
use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// How many bytes may wait for the reader. Further messages are dropped and counted.
const MOST_WAITING: usize = 1 << 20;

/// How many bytes about what peers do are printed at once, and in each second after that: a peer that lies
/// makes as many messages as it likes, and they may go to a file.
const PEERS_AT_ONCE: usize = 1 << 20;
const PEERS_EACH_SECOND: usize = 16 << 10;

/// Lines that a thread of their own writes.
#[derive(Default)]
pub struct Console {
    waiting: Mutex<Waiting>,
    wake: Condvar,
    allowance: Mutex<Option<Allowance>>,
}

/// What may still be printed about peers.
struct Allowance {
    bytes: usize,
    at: Instant,
    left_out: u64,
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

    /// Prints what happened with a peer, unless there was too much of that lately. What was left out is
    /// counted.
    pub fn tell(&self, text: &str) {
        self.tell_at(text, Instant::now());
    }

    fn tell_at(&self, text: &str, now: Instant) {
        let safe = printable(text);
        let mut allowance = self.allowance.lock().unwrap_or_else(|broken| broken.into_inner());
        let full = Allowance { bytes: PEERS_AT_ONCE, at: now, left_out: 0 };
        let allowance = allowance.get_or_insert(full);
        let passed = now.saturating_duration_since(allowance.at).min(Duration::from_secs(64));
        let more = passed.as_millis() as usize * PEERS_EACH_SECOND / 1000;
        if more > 0 {
            allowance.bytes = (allowance.bytes + more).min(PEERS_AT_ONCE);
            allowance.at = now;
        }
        if allowance.bytes < safe.len() {
            allowance.left_out += 1;
            return;
        }
        allowance.bytes -= safe.len();
        if allowance.left_out > 0 {
            let count = std::mem::take(&mut allowance.left_out);
            self.print(format!(
                "({count} messages about peers were left out: there were too many; `oracle sync show` has \
                 all values and open decisions)\n"
            ));
        }
        self.print(safe);
    }

    /// Prints the text, with its lines escaped, as it may come from a peer.
    pub fn say(&self, text: &str) {
        self.print(printable(text));
    }

    fn print(&self, safe: String) {
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

/// The text as whole lines, escaped.
fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 1);
    for line in text.trim_end().split('\n') {
        safe.push_str(&crate::printable::escape(line));
        safe.push('\n');
    }
    safe
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
    #[test]
    fn what_peers_do_is_printed_up_to_a_number_of_bytes_and_the_rest_counted() {
        let console = Console::default();
        let begun = Instant::now();
        let long = "x".repeat(PEERS_AT_ONCE / 4 - 1);
        (0..7).for_each(|_| console.tell_at(&long, begun));
        let printed = |console: &Console| {
            let mut waiting = console.lock();
            waiting.bytes = 0;
            waiting.lines.drain(..).collect::<Vec<String>>()
        };
        assert_eq!(printed(&console).len(), 4);
        console.tell_at("after a second", begun + Duration::from_secs(1));
        let lines = printed(&console);
        assert!(lines[0].starts_with("(3 messages about peers were left out"), "{lines:?}");
        assert_eq!(lines[1], "after a second\n");
        // What the user asks for is not limited so.
        (0..3).for_each(|_| console.say(&long));
        assert_eq!(printed(&console).len(), 3);
        console.tell_at(&long, begun + Duration::from_secs(64));
        assert_eq!(printed(&console).len(), 1, "in a minute there is room again");
    }
}
