//! `check --follow`: judges a trace while it is being written.
//!
//! Each false claim is shown once its line has been read. At the end of the file the command looks
//! for more ten times a second, until a signal arrives or nothing was written for a while.

use crate::args::Check;
use crate::exit::Exit;
use crate::guard::guard;
use crate::judge::{self, Judged};
use crate::output::{Output, complain};
use crate::printable::escape;
use crate::sources::explain;
use crate::text::Text;
use rejoin_judge::{Explained, Options, check_live};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How often to look for more at the end of the file.
const PAUSE: Duration = Duration::from_millis(100);

/// A file that may still grow.
struct Following {
    file: File,
    /// After so long without a byte the file counts as complete.
    idle: Option<Duration>,
    last: Instant,
    /// Whether a signal, or another reader of the file, has ended the waiting.
    ended: Arc<AtomicBool>,
}

impl Read for Following {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.file.read(buffer)?;
            if read > 0 {
                self.last = Instant::now();
                return Ok(read);
            }
            let is_idle = self.idle.is_some_and(|idle| self.last.elapsed() >= idle);
            if is_idle || buffer.is_empty() {
                self.ended.store(true, Ordering::Relaxed);
            }
            if self.ended.load(Ordering::Relaxed) {
                return Ok(0);
            }
            thread::sleep(PAUSE);
        }
    }
}

/// Follows the trace.
pub fn run<W: Write>(
    asked: &Check,
    options: &Options,
    text: &Text,
    output: &mut Output<W>,
) -> Exit {
    let [path] = &asked.common.paths[..] else {
        complain("--follow takes one file, and no folder or standard input");
        return Exit::Usage;
    };
    let name = path.to_string_lossy().into_owned();
    let shown = escape(&name).into_owned();
    let ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // The first signal ends the following, the second one the program.
        let set = flag::register_conditional_shutdown(signal, 130, ended.clone())
            .and_then(|_| flag::register(signal, ended.clone()));
        if let Err(error) = set {
            complain(&format!("the signal handler cannot be installed: {error}"));
            return Exit::Internal;
        }
    }
    let open = || {
        let (ended, last) = (ended.clone(), Instant::now());
        let idle = asked.idle.map(Duration::from_secs);
        Ok(BufReader::new(Following { file: File::open(path)?, idle, last, ended }))
    };
    let judged = guard(|| {
        check_live(open, options, &mut |finding| {
            let explained = Explained { holds: false, argument: finding.clone() };
            output.write(text.explained(&shown, &explained) + "\n");
        })
    });
    let report = match judged {
        Ok(Ok(report)) => report,
        Ok(Err(error)) => {
            complain(&format!("{shown}: {}", explain(&error)));
            return Exit::Unreadable;
        }
        Err(failure) => {
            complain(&format!("{shown}: {failure}"));
            return Exit::Internal;
        }
    };
    let judged = Judged { report, culprit: None };
    output.write(text.rest(&name, &judged));
    judge::exit(&Ok(judged), options)
}
