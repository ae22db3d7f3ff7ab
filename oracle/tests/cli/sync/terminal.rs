//! Terminals: the program run as people run it, in processes that can be typed to and killed.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Nothing that is waited for takes so long, unless it never comes.
pub const LONG: Duration = Duration::from_secs(30);

/// The program.
pub fn oracle() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oracle"));
    command.env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// What a run of the program came to.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs a command to its end.
pub fn finish(command: &mut Command) -> Run {
    let output = command.output().expect("the program starts");
    Run {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("the program writes UTF-8"),
        err: String::from_utf8(output.stderr).expect("the program writes UTF-8"),
    }
}

/// A folder with the files of replicas.
pub struct Desk(pub TempDir);

impl Desk {
    /// With new replicas of these names, which record.
    pub fn new(names: &[&str]) -> Self {
        let desk = Self(TempDir::new().expect("there is room for files"));
        for name in names {
            desk.sync(&["init", &desk.file(name), "--name", name, "--record"]);
        }
        desk
    }

    /// With copies of the files of these replicas.
    pub fn copy(&self, names: &[&str]) -> Self {
        let copy = Self::new(&[]);
        for name in names {
            std::fs::copy(self.file(name), copy.file(name)).expect("there is room for a copy");
        }
        copy
    }

    /// The file of a replica.
    pub fn file(&self, name: &str) -> String {
        self.path(&format!("{name}.db")).to_str().expect("a plain path").into()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs `oracle sync` with these arguments, which must succeed; what it prints.
    pub fn sync(&self, arguments: &[&str]) -> String {
        let run = finish(oracle().arg("sync").args(arguments));
        assert_eq!(run.code, Some(0), "{:?}: {run:?}", &arguments[..2]);
        run.out
    }

    /// An edit, which must be kept.
    pub fn edit(&self, name: &str, edit: &[&str]) {
        let out = self.sync(&[&["edit", &self.file(name)], edit].concat());
        assert!(out.starts_with("kept: "), "{out}");
    }

    /// What a replica shows.
    pub fn show(&self, name: &str) -> String {
        self.sync(&["show", &self.file(name)])
    }

    /// What a replica shows, but for its own name.
    pub fn state(&self, name: &str) -> String {
        state(&self.show(name))
    }

    /// A server of a replica.
    pub fn serve(&self, name: &str, more: &[&str]) -> Server {
        let file = self.file(name);
        let arguments = ["sync", "serve", &file, "--listen", "127.0.0.1:0"];
        let terminal = Terminal::open(oracle().args(arguments).args(more));
        let line = terminal.until("listens on");
        let address = line.rsplit(' ').next().expect("an address stands at the end").into();
        Server { terminal, address }
    }

    /// Both are served and connected once, and are the same then.
    pub fn meet(&self, server: &str, client: &str) {
        let serving = self.serve(server, &[]);
        let out = self.sync(&["connect", &self.file(client), &serving.address, "--once"]);
        assert!(out.contains("high the same, medium the same, low the same"), "{out}");
        serving.terminal.until("left");
        drop(serving);
        assert_eq!(self.state(server), self.state(client));
    }

    /// The trace of these replicas conforms; the trace.
    pub fn conforms(&self, names: &[&str]) -> String {
        let files: Vec<String> = names.iter().map(|name| self.file(name)).collect();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let trace = self.sync(&[&["trace"], &files[..]].concat());
        let path = self.path("trace.jsonl");
        std::fs::write(&path, &trace).expect("there is room for a trace");
        let run = check(&path);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(run.out.contains(": conforms: "), "{run:?}");
        trace
    }
}

/// How many times, unless the environment says another number.
pub fn many(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Judges a trace.
pub fn check(path: &Path) -> Run {
    finish(oracle().arg("check").arg(path))
}

/// What is shown without the line that says who shows it.
pub fn state(shown: &str) -> String {
    shown.split_once('\n').expect("there is a first line").1.into()
}

/// A process that is typed to and listened to. It is killed in the end.
pub struct Terminal {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    /// The output so far, for the message of a failed assertion.
    heard: RefCell<Vec<String>>,
}

/// A process that serves, and where.
pub struct Server {
    pub terminal: Terminal,
    pub address: String,
}

impl Terminal {
    pub fn open(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let (to, lines) = channel();
        listen(out.expect("it is piped"), to.clone());
        listen(err.expect("it is piped"), to);
        Self { input: child.stdin.take(), child, lines, heard: RefCell::default() }
    }

    /// A client that stays connected.
    pub fn connect(file: &str, address: &str, more: &[&str]) -> Self {
        Self::open(oracle().args(["sync", "connect", file, address]).args(more))
    }

    /// Types a line. Where nobody reads it, it was typed in vain.
    pub fn type_in(&mut self, line: impl AsRef<[u8]>) {
        if let Some(input) = &mut self.input {
            let _ = input.write_all(&[line.as_ref(), b"\n"].concat());
        }
    }

    /// The next line that it prints; none where it has ended.
    pub fn line(&self) -> Option<String> {
        match self.lines.recv_timeout(LONG) {
            Ok(line) => {
                self.heard.borrow_mut().push(line.clone());
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                panic!("nothing is printed for {LONG:?} after {:#?}", self.heard.borrow())
            }
        }
    }

    /// The next line that has this text.
    pub fn until(&self, text: &str) -> String {
        let begun = Instant::now();
        while let Some(line) = self.line() {
            if line.contains(text) {
                return line;
            }
            let heard = self.heard.borrow();
            assert!(begun.elapsed() < LONG, "no {text:?} for {LONG:?} in {heard:#?}");
        }
        panic!("it ended without {text:?} after {:#?}", self.heard.borrow());
    }

    /// Kills it, as `kill -9` does, and gives all that it had printed.
    pub fn kill(mut self) -> Vec<String> {
        let _ = self.child.kill();
        self.rest()
    }

    /// Waits for its end, and gives all that it printed.
    pub fn rest(&mut self) -> Vec<String> {
        while self.line().is_some() {}
        let _ = self.child.wait();
        self.heard.take()
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listen(pipe: impl Read + Send + 'static, to: std::sync::mpsc::Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines() {
            let Ok(line) = line else { return };
            if to.send(line).is_err() {
                return;
            }
        }
    });
}
