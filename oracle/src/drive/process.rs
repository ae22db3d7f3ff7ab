//! A subject in a process of its own, which may die, hang, or write anything.
//!
//! One thread writes requests and reads replies, so this side never waits longer than the timeout,
//! and reads no more of a reply than the limit. A subject that fails is killed with all processes
//! that it started; the next history starts it again.

use rejoin_drive::{Failure, FailureKind, MAX_REPLY, Reply, Request, Subject};
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long a subject that closed its output may take to end before it is killed.
const GRACE: Duration = Duration::from_millis(500);

/// A command that runs as a subject.
pub struct Process {
    command: Vec<OsString>,
    timeout: Duration,
    is_quiet: bool,
    running: Option<Running>,
}

struct Running {
    child: Child,
    requests: Sender<String>,
    replies: Receiver<io::Result<Line>>,
    seq: u64,
}

/// The results of reading a reply.
enum Line {
    Whole(String),
    /// It is not UTF-8, and begins with this.
    NoText(String),
    TooLong,
    End,
}

impl Process {
    /// A subject that starts with its first request.
    pub fn new(command: &[OsString], timeout: Duration) -> Self {
        Self { command: command.to_vec(), timeout, is_quiet: false, running: None }
    }

    fn start(&self) -> Result<Running, Failure> {
        let (program, arguments) = self.command.split_first().expect("a command has a program");
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(if self.is_quiet { Stdio::null() } else { Stdio::inherit() });
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|error| {
            let program = program.to_string_lossy();
            let message = format!("the subject `{program}` cannot be started: {error}");
            Failure::new(FailureKind::Absent, message)
        })?;
        let input = child.stdin.take().expect("it is piped");
        let output = child.stdout.take().expect("it is piped");
        let (requests, to_write) = channel();
        let (read, replies) = channel();
        thread::spawn(move || converse(input, output, &to_write, &read));
        Ok(Running { child, requests, replies, seq: 0 })
    }

    /// Asks the subject to stop, and waits for it.
    ///
    /// # Errors
    /// If the subject does not reply, writes more, or does not exit with 0 within the timeout.
    pub fn stop(&mut self) -> Result<(), Failure> {
        if self.running.is_none() {
            return Ok(());
        }
        self.ask(&Request::Stop)?;
        let Some(mut running) = self.running.take() else { return Ok(()) };
        let ended = wait(&mut running.child, self.timeout);
        let failure = match ended {
            Some(status) if status.success() => {
                // Its input is closed now, so the rest is read to the end.
                drop(running.requests);
                return Ok(());
            }
            Some(status) => format!("after stop it ended with {status}, expected exit status 0"),
            None => format!("after stop it did not end within {} s", self.timeout.as_secs_f32()),
        };
        kill(&mut running.child);
        Err(Failure::new(FailureKind::Babbled, failure))
    }

    /// Kills the subject, and returns the failure.
    fn end(&mut self, kind: FailureKind, message: String) -> Failure {
        if let Some(mut running) = self.running.take() {
            kill(&mut running.child);
        }
        Failure::new(kind, message)
    }
}

impl Subject for Process {
    fn ask(&mut self, request: &Request) -> Result<Reply, Failure> {
        if self.running.is_none() {
            self.running = Some(self.start()?);
        }
        let running = self.running.as_mut().expect("it was started");
        running.seq += 1;
        let (seq, what) = (running.seq, request.as_str());
        // If the thread has ended, the replies say why.
        let _ = running.requests.send(request.line(seq));
        match running.replies.recv_timeout(self.timeout) {
            Ok(Ok(Line::Whole(line))) => {
                let reply = Reply::parse(&line, request, seq);
                reply.map_err(|failure| self.end(failure.kind, failure.message))
            }
            Ok(Ok(Line::NoText(start))) => {
                let message = format!("replied to {what} with bytes that are not UTF-8: {start}");
                Err(self.end(FailureKind::Babbled, message))
            }
            Ok(Ok(Line::TooLong)) => {
                let limit = MAX_REPLY >> 20;
                let message = format!("replied to {what} with a line of more than {limit} MiB");
                Err(self.end(FailureKind::Babbled, message))
            }
            Ok(Ok(Line::End) | Err(_)) | Err(RecvTimeoutError::Disconnected) => {
                let how = match wait(&mut running.child, GRACE) {
                    Some(status) => format!("ended with {status}"),
                    None => "closed its output".into(),
                };
                let message = format!("the subject {how} when a reply to {what} was due");
                Err(self.end(FailureKind::Died, message))
            }
            Err(RecvTimeoutError::Timeout) => {
                let limit = self.timeout.as_secs_f32();
                let message = format!("no reply to {what} within {limit} s");
                Err(self.end(FailureKind::Hung, message))
            }
        }
    }

    fn hush(&mut self, is_quiet: bool) {
        self.is_quiet = is_quiet;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.timeout = GRACE.min(self.timeout);
        // How it ends is a matter for --check-subject.
        let _ = self.stop();
        if let Some(mut running) = self.running.take() {
            kill(&mut running.child);
        }
    }
}

/// Writes each request and reads its reply, until either side ends.
fn converse(
    mut input: ChildStdin,
    output: ChildStdout,
    requests: &Receiver<String>,
    replies: &Sender<io::Result<Line>>,
) {
    let mut output = BufReader::new(output);
    while let Ok(mut request) = requests.recv() {
        request.push('\n');
        // A subject that does not read may have replied before it closed its input.
        let _ = input.write_all(request.as_bytes()).and_then(|()| input.flush());
        let line = read_line(&mut output);
        let is_end = !matches!(line, Ok(Line::Whole(_)));
        if replies.send(line).is_err() || is_end {
            break;
        }
    }
}

/// Reads a line, up to the greatest length of a reply.
fn read_line(output: &mut BufReader<ChildStdout>) -> io::Result<Line> {
    let mut bytes = Vec::new();
    output.take(MAX_REPLY as u64 + 1).read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() {
        return Ok(Line::End);
    }
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    } else if bytes.len() > MAX_REPLY {
        return Ok(Line::TooLong);
    }
    Ok(match String::from_utf8(bytes) {
        Ok(text) => Line::Whole(text),
        Err(error) => {
            let text = String::from_utf8_lossy(error.as_bytes());
            Line::NoText(text.chars().take(40).collect())
        }
    })
}

/// How the child ended, if it ends in time.
fn wait(child: &mut Child, within: Duration) -> Option<ExitStatus> {
    let end = Instant::now() + within;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < end => thread::sleep(Duration::from_millis(2)),
            _ => return None,
        }
    }
}

/// Kills the child and the processes that it started, which may hold its pipes.
fn kill(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = rustix::process::Pid::from_raw(child.id() as i32) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}
