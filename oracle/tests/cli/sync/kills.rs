//! Kills: at random times, and at every system call that writes. What was acknowledged is there
//! afterwards, and both sides become the same.

use super::terminal::{Desk, Run, Terminal, finish, many, oracle};
use rejoin_harness::Rng;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// What was typed in a terminal, and what was acknowledged of it.
struct Typist {
    name: &'static str,
    typed: Vec<String>,
    kept: Vec<String>,
}

impl Typist {
    fn new(name: &'static str) -> Self {
        Self { name, typed: Vec::new(), kept: Vec::new() }
    }

    /// Types an addition of its own.
    fn type_in(&mut self, terminal: &mut Terminal, round: u64, number: u64) {
        let element = format!("{}-{round}-{number}", self.name);
        terminal.type_in(format!("add approved {element} --user {}", self.name));
        self.typed.push(element);
    }

    /// The process was killed: what was acknowledged first was typed first.
    fn hear(&mut self, lines: &[String]) {
        assert!(!lines.iter().any(|line| line.contains("error:")), "{lines:#?}");
        let count = lines.iter().filter(|line| line.starts_with("kept: ")).count();
        self.kept.extend(self.typed.drain(..).take(count));
    }
}

#[test]
fn kills_at_random_times_lose_nothing_that_was_acknowledged() {
    let rounds = many("REJOIN_KILLS", 12);
    let desk = Desk::new(&["server", "laptop"]);
    let mut random = Rng::new(11);
    // A port that is free now.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let (mut ana, mut ben) = (Typist::new("ana"), Typist::new("ben"));
    for round in 0..rounds {
        let serve = ["sync", "serve", &desk.file("server"), "--listen", &address];
        let mut server = Terminal::open(oracle().args(serve));
        let mut laptop = Terminal::connect(&desk.file("laptop"), &address, &[]);
        if round % 2 == 0 {
            laptop.until("connected with server");
        }
        for number in 0..15 {
            ana.type_in(&mut laptop, round, number);
            ben.type_in(&mut server, round, number);
        }
        thread::sleep(Duration::from_millis(random.below(120)));
        let (first, second) = match random.below(2) {
            0 => ((&mut ana, laptop), (&mut ben, server)),
            _ => ((&mut ben, server), (&mut ana, laptop)),
        };
        for (typist, terminal) in [first, second] {
            typist.hear(&terminal.kill());
            thread::sleep(Duration::from_millis(random.below(30)));
        }
    }
    let kept = ana.kept.len() + ben.kept.len();
    println!("{rounds} rounds, {kept} edits acknowledged");
    assert!(kept > 0, "kills came before any edit was kept");
    for (typist, name) in [(&ana, "laptop"), (&ben, "server")] {
        has_all(&desk.show(name), &typist.kept);
    }
    desk.meet("server", "laptop");
    for typist in [&ana, &ben] {
        has_all(&desk.show("laptop"), &typist.kept);
    }
    desk.conforms(&["server", "laptop"]);
}

fn has_all(shown: &str, elements: &[String]) {
    for element in elements {
        assert!(shown.contains(&format!("\n  {element}\n")), "{element} is not in\n{shown}");
    }
}

/// The system calls by which a file, a socket or a terminal is written.
const WRITES: [&str; 9] = [
    "write",
    "writev",
    "pwrite64",
    "pwritev",
    "sendto",
    "fsync",
    "fdatasync",
    "ftruncate",
    "fallocate",
];

/// The other system calls of an edit and of a session, of which a kill is tried where all are asked for.
const OTHERS: [&str; 36] = [
    "accept4",
    "bind",
    "brk",
    "clone",
    "clone3",
    "close",
    "connect",
    "execve",
    "exit",
    "exit_group",
    "fcntl",
    "flock",
    "futex",
    "getrandom",
    "getsockname",
    "getsockopt",
    "linkat",
    "listen",
    "lseek",
    "madvise",
    "mmap",
    "mprotect",
    "munmap",
    "newfstatat",
    "openat",
    "poll",
    "pread64",
    "read",
    "recvfrom",
    "renameat2",
    "rename",
    "setsockopt",
    "shutdown",
    "socket",
    "statx",
    "unlink",
];

/// Whether this machine lets one process stop another at its system calls.
fn can_stop() -> bool {
    let tried = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    let can = tried.is_ok_and(|tried| tried.status.success());
    if !can {
        println!("not shown: strace is not there, or may not trace; kills at system calls");
    }
    can
}

/// The program, to be killed as it enters this system call of one thread for the nth time.
fn killed_at(call: &str, nth: u64) -> Command {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")]);
    command.args(["-e", &format!("inject={call}:signal=KILL:when={nth}")]);
    command.arg(env!("CARGO_BIN_EXE_oracle")).env("NO_COLOR", "1");
    command.stdin(std::process::Stdio::null());
    command
}

/// Whether this machine has a system call of this name.
fn is_known(call: &str) -> bool {
    let trace = format!("trace={call}");
    let tried = Command::new("strace").args(["-o", "/dev/null", "-e", &trace, "true"]).output();
    tried.is_ok_and(|tried| tried.status.success())
}

/// Does something with a kill at each system call that writes in turn, until it is not reached any
/// more; of ever fewer of them, or of all system calls where the environment asks for that. `attempt`
/// says whether there was a kill.
fn at_every_write(what: &str, mut attempt: impl FnMut(&str, u64) -> bool) {
    let all = std::env::var_os("REJOIN_EVERY_CALL").is_some();
    let (begun, mut kills) = (Instant::now(), 0);
    let others = OTHERS.into_iter().filter(|call| all && is_known(call));
    for call in WRITES.into_iter().chain(others) {
        let mut nth = 1;
        while attempt(call, nth) {
            kills += 1;
            nth = if all { nth + 1 } else { 2 * nth + 1 };
            assert!(nth < 10_000, "{call} is entered without end");
        }
    }
    println!("{what}: killed at {kills} system calls, in {:.1} s", begun.elapsed().as_secs_f64());
    assert!(kills > 0, "no system call was entered");
}

fn was_killed(run: &Run) -> bool {
    match run.code {
        None => true,
        Some(code) => {
            assert_eq!(code, 0, "{run:?}");
            false
        }
    }
}

#[test]
fn a_new_file_is_there_whole_or_not_at_all() {
    if !can_stop() {
        return;
    }
    at_every_write("init", |call, nth| {
        let desk = Desk::new(&[]);
        let file = desk.file("laptop");
        let init = ["sync", "init", &file, "--name", "laptop"];
        let run = finish(killed_at(call, nth).args(init));
        let was_killed = was_killed(&run);
        if was_killed && !Path::new(&file).exists() {
            assert!(!run.out.contains("is in"), "{run:?}");
            assert_eq!(finish(oracle().args(init)).code, Some(0));
        }
        desk.edit("laptop", &["increment", "metrics"]);
        was_killed
    });
}

#[test]
fn an_edit_that_is_killed_at_any_write_is_kept_whole_or_not_at_all() {
    if !can_stop() {
        return;
    }
    let before = Desk::new(&["laptop"]);
    before.edit("laptop", &["add", "approved", "old", "--user", "ana"]);
    at_every_write("edit", |call, nth| {
        let desk = before.copy(&["laptop"]);
        let edit =
            ["sync", "edit", &desk.file("laptop"), "add", "approved", "new", "--user", "ana"];
        let run = finish(killed_at(call, nth).args(edit));
        let was_killed = was_killed(&run);
        let shown = desk.show("laptop");
        let is_there = shown.contains("\n  new\n");
        assert!(is_there || !run.out.contains("kept: "), "{call} {nth}: {run:?}\n{shown}");
        // The edit and its place in the record of decisions are there together.
        assert_eq!(is_there, shown.contains("ana at laptop added new"), "{call} {nth}\n{shown}");
        has_all(&shown, &["old".into()]);
        desk.edit("laptop", &["add", "approved", "later", "--user", "ana"]);
        was_killed
    });
}

#[test]
fn a_salvage_that_is_killed_at_any_write_leaves_a_whole_file_or_none() {
    if !can_stop() {
        return;
    }
    let before = Desk::new(&["laptop"]);
    for number in 0..3 {
        before.edit("laptop", &["add", "approved", &format!("x{number}"), "--user", "ana"]);
        before.edit("laptop", &["append", "conversation", &format!("message number {number}")]);
    }
    // One entry of the log is bent.
    let path = before.path("laptop.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let text = b"message number 1";
    let places = bytes.windows(text.len()).enumerate().filter(|(_, window)| window == text);
    let places: Vec<usize> = places.map(|(at, _)| at).collect();
    places.iter().for_each(|at| bytes[*at] = b'M');
    std::fs::write(&path, &bytes).unwrap();
    at_every_write("salvage", |call, nth| {
        let desk = before.copy(&["laptop"]);
        let (from, to) = (desk.file("laptop"), desk.file("new"));
        let salvage = ["sync", "salvage", &from, &to];
        let run = finish(killed_at(call, nth).args(salvage));
        let was_killed = was_killed(&run);
        if !Path::new(&to).exists() {
            assert!(was_killed, "{call} {nth}: {run:?}");
            let again = finish(oracle().args(salvage));
            assert!(again.out.contains("it records no longer"), "{again:?}");
        }
        assert_eq!(std::fs::read(&from).unwrap(), bytes, "{call} {nth}: the damaged file changed");
        let shown = desk.show("new");
        has_all(&shown, &["x0".into(), "x1".into(), "x2".into()]);
        assert!(shown.contains("message number 0"), "{call} {nth}\n{shown}");
        // Its record lacks what the damage took, and it says so whenever the file is there.
        let trace = finish(oracle().args(["sync", "trace", &to]));
        assert_eq!(trace.code, Some(64), "{call} {nth}: {trace:?}");
        assert!(trace.err.contains("was salvaged from a damaged file"), "{call} {nth}: {trace:?}");
        desk.edit("new", &["add", "approved", "later", "--user", "ana"]);
        was_killed
    });
}

#[test]
fn a_new_incarnation_that_is_killed_at_any_write_loses_nothing() {
    if !can_stop() {
        return;
    }
    let before = Desk::new(&["server", "laptop"]);
    before.edit("laptop", &["add", "approved", "old", "--user", "ana"]);
    before.edit("laptop", &["increment", "metrics"]);
    at_every_write("restored", |call, nth| {
        let desk = before.copy(&["server", "laptop"]);
        let run = finish(killed_at(call, nth).args(["sync", "restored", &desk.file("laptop")]));
        assert_eq!(desk.state("laptop"), before.state("laptop"), "{call} {nth}: {run:?}");
        desk.edit("laptop", &["increment", "metrics"]);
        // A session records what both answer; a record without answers would show nothing.
        desk.meet("server", "laptop");
        assert!(desk.show("server").contains("metrics (g-counter, low): 2\n"), "{call} {nth}");
        desk.conforms(&["server", "laptop"]);
        was_killed(&run)
    });
}

/// The program, whose disk is full from the nth of these system calls on.
fn without_room(call: &str, nth: u64) -> Command {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")]);
    command.args(["-e", &format!("inject={call}:error=ENOSPC:when={nth}+")]);
    command.arg(env!("CARGO_BIN_EXE_oracle")).env("NO_COLOR", "1");
    command
}

#[test]
fn what_a_full_disk_does_not_take_is_not_acknowledged_and_does_no_harm() {
    if !can_stop() {
        return;
    }
    let before = Desk::new(&["laptop"]);
    before.edit("laptop", &["add", "approved", "old", "--user", "ana"]);
    let mut refusals = 0;
    for call in ["pwrite64", "fsync", "fdatasync", "ftruncate", "fallocate"] {
        for nth in 1..=6 {
            let desk = before.copy(&["laptop"]);
            let file = desk.file("laptop");
            let mut server = Terminal::open(without_room(call, nth).args([
                "sync",
                "serve",
                &file,
                "--listen",
                "127.0.0.1:0",
            ]));
            server.type_in("add approved new --user ana");
            // It says that it is kept, or ends with an error.
            let mut is_kept = false;
            while !is_kept && let Some(line) = server.line() {
                is_kept = line.starts_with("kept: ");
            }
            if is_kept {
                end_traced(&mut server);
            } else {
                let said = server.rest();
                assert!(said.iter().any(|line| line.contains("error: ")), "{call} {nth}: {said:?}");
                refusals += 1;
            }
            let shown = desk.show("laptop");
            assert!(shown.contains("\n  new\n") || !is_kept, "{call} {nth}\n{shown}");
            has_all(&shown, &["old".into()]);
            desk.edit("laptop", &["add", "approved", "later", "--user", "ana"]);
        }
    }
    println!("full disk: {refusals} edits were refused, of 30");
    assert!(refusals > 0, "the disk was never full");
}

#[test]
fn an_edit_whose_outcome_is_not_known_is_repeated_and_counts_once() {
    if !can_stop() {
        return;
    }
    let before = Desk::new(&["laptop"]);
    before.edit("laptop", &["increment", "progress/records", "7"]);
    let count = |desk: &Desk| {
        let shown = desk.show("laptop");
        let line = shown.lines().find(|line| line.starts_with("progress/records "));
        let count = line.and_then(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
        count.unwrap_or_else(|| panic!("no count in\n{shown}"))
    };
    let (mut unknown, mut failed) = (0, 0);
    for call in ["pwrite64", "fsync", "fdatasync"] {
        for nth in 1..=8 {
            let desk = before.copy(&["laptop"]);
            let file = desk.file("laptop");
            let edit =
                ["sync", "edit", &file, "--performed", "1", "increment", "progress/records", "7"];
            let mut command = Command::new("strace");
            command.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")]);
            command.args(["-e", &format!("inject={call}:error=EIO:when={nth}")]);
            command.arg(env!("CARGO_BIN_EXE_oracle")).env("NO_COLOR", "1");
            let run = finish(command.args(edit));
            match run.code {
                Some(0) => assert_eq!(count(&desk), 14, "{call} {nth}: {run:?}"),
                _ if run.err.contains("it is not known whether the change was kept") => {
                    assert!(run.err.contains("with `--performed 1`"), "{call} {nth}: {run:?}");
                    unknown += 1;
                }
                // What failed is not there.
                _ => {
                    assert_eq!(count(&desk), 7, "{call} {nth}: {run:?}");
                    failed += 1;
                }
            }
            for _ in 0..2 {
                desk.sync(&edit[1..]);
                assert_eq!(count(&desk), 14, "{call} {nth}: {run:?}");
            }
        }
    }
    println!("of 24 edits on a disk that fails once, {failed} failed, {unknown} are not known");
    assert!(unknown > 0, "no edit had an unknown outcome");
    let too_many =
        ["sync", "edit", &before.file("laptop"), "--performed", "2", "increment", "metrics"];
    let Run { code, err, .. } = finish(oracle().args(too_many));
    assert_eq!(code, Some(64), "{err}");
    assert!(err.contains("this replica has performed 1 operations"), "{err}");
}

/// Two that have something to say to each other.
fn pair() -> (Desk, String) {
    let desk = Desk::new(&["server", "laptop"]);
    for (name, user) in [("server", "ben"), ("laptop", "ana")] {
        desk.edit(name, &["add", "approved", &format!("of-{name}"), "--user", user]);
        desk.edit(name, &["increment", "progress/records", "7"]);
        desk.edit(name, &["append", "conversation", "hello"]);
        desk.edit(name, &["put", "patterns", name, &"x".repeat(3000)]);
    }
    let meeting = desk.copy(&["server", "laptop"]);
    meeting.meet("server", "laptop");
    (desk, meeting.state("laptop"))
}

#[test]
fn a_sync_whose_client_is_killed_at_any_write_loses_nothing() {
    if !can_stop() {
        return;
    }
    let (before, expected) = pair();
    at_every_write("sync, client", |call, nth| {
        let desk = before.copy(&["server", "laptop"]);
        let server = desk.serve("server", &[]);
        let connect = ["sync", "connect", &desk.file("laptop"), &server.address, "--once"];
        let run = finish(killed_at(call, nth).args(connect));
        drop(server);
        desk.meet("server", "laptop");
        assert_eq!(desk.state("server"), expected, "{call} {nth}");
        desk.conforms(&["server", "laptop"]);
        was_killed(&run)
    });
}

#[test]
fn a_sync_whose_server_is_killed_at_any_write_loses_nothing() {
    if !can_stop() {
        return;
    }
    let (before, expected) = pair();
    at_every_write("sync, server", |call, nth| {
        let desk = before.copy(&["server", "laptop"]);
        let serve = ["sync", "serve", &desk.file("server"), "--listen", "127.0.0.1:0"];
        let mut server = Terminal::open(killed_at(call, nth).args(serve));
        let line = server.line();
        if let Some(address) = line.as_ref().and_then(|line| line.rsplit(' ').next()) {
            let connect = ["sync", "connect", &desk.file("laptop"), address, "--once"];
            let run = finish(oracle().args(connect));
            if run.code == Some(0) {
                // What it says when the client leaves is its last write.
                while server.line().is_some_and(|line| !line.ends_with("laptop left")) {}
            }
        }
        let was_killed = !end_traced(&mut server);
        desk.meet("server", "laptop");
        assert_eq!(desk.state("laptop"), expected, "{call} {nth}");
        desk.conforms(&["server", "laptop"]);
        was_killed
    });
}

/// Ends a process that is traced. Whether it was still there.
fn end_traced(tracer: &mut Terminal) -> bool {
    let id = tracer.id();
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
    let children = children.unwrap_or_default();
    for child in children.split_whitespace() {
        let _ = Command::new("kill").args(["-9", child]).status();
    }
    let was_there = !children.trim().is_empty();
    let _ = tracer.rest();
    was_there
}
