//! Strangers who connect and say nothing, or next to nothing: they shut nobody out.

use super::hostile::{frame, greeting};
use super::terminal::{Desk, LONG, Run, Terminal, finish, oracle};
use socket2::{Domain, Socket, Type};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Connects to the server from the loopback address 127.0.0.`host`.
fn connect_from(host: u8, server: &str) -> Option<TcpStream> {
    let server: SocketAddr = server.parse().expect("an address");
    let from = SocketAddr::from((Ipv4Addr::new(127, 0, 0, host), 0));
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).ok()?;
    socket.bind(&from.into()).ok()?;
    socket.connect_timeout(&server.into(), Duration::from_secs(1)).ok()?;
    Some(socket.into())
}

/// Whether the server has not closed the connection. What it said is read away.
fn is_open(mut stream: &TcpStream) -> bool {
    if stream.set_nonblocking(true).is_err() {
        return false;
    }
    loop {
        match stream.read(&mut [0; 4096]) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}

/// One sync of an honest client. It must succeed at the first try.
fn sync_once(desk: &Desk, client: &str, address: &str) -> Duration {
    let begun = Instant::now();
    let out = desk.sync(&["connect", &desk.file(client), address, "--once"]);
    assert!(out.contains("high the same, medium the same, low the same"), "{out}");
    begun.elapsed()
}

/// A server and clients that do not record: they compress outside the lock.
fn desk(names: &[&str]) -> Desk {
    let desk = Desk::new(&[]);
    for name in names {
        desk.sync(&["init", &desk.file(name), "--name", name]);
    }
    desk
}

#[test]
fn five_hundred_who_say_next_to_nothing_shut_nobody_out() {
    let desk = desk(&["server", "laptop"]);
    desk.edit("server", &["add", "approved", "x", "--user", "ana"]);
    let server = desk.serve("server", &[]);
    let usual = sync_once(&desk, "laptop", &server.address);
    let (is_over, arrivals) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for host in 2..12 {
            let (address, is_over, arrivals) = (&server.address, &is_over, &arrivals);
            scope.spawn(move || {
                // Fifty of each address, and one that is closed connects again: so many rounds at
                // most. Those of every second address write a byte each second.
                let mut silent: Vec<TcpStream> = Vec::new();
                for round in 0..400 {
                    silent.retain(is_open);
                    if host % 2 == 0 {
                        for stream in silent.iter_mut().skip(round % 20).step_by(20) {
                            let _ = stream.write_all(&[0]);
                        }
                    }
                    while silent.len() < 50
                        && let Some(stream) = connect_from(host, address)
                    {
                        arrivals.fetch_add(1, Ordering::SeqCst);
                        silent.push(stream);
                    }
                    if is_over.load(Ordering::SeqCst) {
                        return;
                    }
                    thread::sleep(Duration::from_millis(50));
                }
            });
        }
        while arrivals.load(Ordering::SeqCst) < 500 {
            thread::sleep(Duration::from_millis(10));
        }
        let times: Vec<Duration> = (0..5)
            .map(|number| {
                desk.edit("laptop", &["add", "approved", &format!("y{number}"), "--user", "bob"]);
                sync_once(&desk, "laptop", &server.address)
            })
            .collect();
        is_over.store(true, Ordering::SeqCst);
        println!("a sync takes {usual:.0?} alone, and among strangers {times:.0?}");
    });
    println!("{} strangers came", arrivals.into_inner());
    drop(server);
    assert_eq!(desk.state("server"), desk.state("laptop"));
}

#[test]
fn those_who_greet_and_stay_make_room_for_others() {
    let desk = desk(&["server", "laptop"]);
    desk.edit("server", &["add", "approved", "x", "--user", "ana"]);
    let server = desk.serve("server", &[]);
    // More than there is room for, of four addresses: all have greeted.
    let mut sitting = Vec::new();
    for number in 0..160_u8 {
        let Some(mut stream) = connect_from(2 + number % 4, &server.address) else { continue };
        if stream.write_all(&greeting(&format!("guest {number}"))).is_ok() {
            sitting.push(stream);
        }
    }
    // Who was of use within a second stays. After that one of them makes room.
    thread::sleep(Duration::from_millis(1_500));
    let time = sync_once(&desk, "laptop", &server.address);
    println!("a sync takes {time:.0?} among {} who sit there", sitting.len());
    drop(server);
    assert_eq!(desk.state("server"), desk.state("laptop"));
}

#[test]
fn a_client_is_told_that_the_server_is_full() {
    let desk = desk(&["laptop"]);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it listens").to_string();
    let full = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client comes");
        stream.write_all(&frame(0, b"rejoin full 1\n")).expect("it listens");
        stream.set_read_timeout(Some(LONG)).expect("a time");
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let arguments = ["sync", "connect", &desk.file("laptop"), &address, "--once"];
    let Run { code, err, .. } = finish(oracle().args(arguments));
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("the peer is full"), "{err}");
    full.join().expect("it ends");
}

#[test]
fn an_output_that_nobody_reads_stops_nobody() {
    let desk = desk(&["server", "laptop"]);
    let mut command = oracle();
    let file = desk.file("server");
    command.args(["sync", "serve", &file, "--listen", "127.0.0.1:0"]);
    let mut server = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut out = server.stdout.take().expect("it is piped");
    let (mut line, mut byte) = (Vec::new(), [0]);
    while out.read(&mut byte).expect("it says where it listens") == 1 && byte != *b"\n" {
        line.push(byte[0]);
    }
    let line = String::from_utf8(line).expect("a line");
    let address = line.rsplit(' ').next().expect("an address stands at the end");
    // It prints more than a pipe holds, and more than it keeps.
    let mut input = server.stdin.take().expect("it is piped");
    let long = "x".repeat(100_000);
    input.write_all(format!("put patterns k {long}\n").as_bytes()).expect("it reads");
    input.write_all("show\n".repeat(30).as_bytes()).expect("it reads");
    input.write_all(b"put patterns last 1\n").expect("it reads");
    let begun = Instant::now();
    while !{
        sync_once(&desk, "laptop", address);
        desk.show("laptop").contains("last: 1")
    } {
        assert!(begun.elapsed() < LONG, "the server does not go on");
        thread::sleep(Duration::from_millis(50));
    }
    server.kill().expect("it runs");
    server.wait().expect("it ends");
}

#[test]
fn nothing_of_a_peer_steers_the_terminal() {
    let desk = Desk::new(&["server", "laptop"]);
    let steering = "\u{1b}]0;owned\u{7} \u{9b}31m \u{202e}";
    for edit in [
        &["write", "configuration", steering][..],
        &["put", "patterns", steering, steering],
        &["append", "conversation", steering],
    ] {
        desk.edit("laptop", &[edit, &["--user", steering]].concat());
    }
    for (name, what) in [("server", "remove"), ("laptop", "add")] {
        desk.edit(name, &[what, "approved", steering, "--user", steering]);
    }
    let server = desk.serve("server", &[]);
    let laptop = Terminal::connect(&desk.file("laptop"), &server.address, &[]);
    laptop.until("low the same");
    server.terminal.until("low the same");
    let printed =
        [laptop.kill(), server.terminal.kill(), vec![desk.show("laptop"), desk.show("server")]];
    let is_raw = |c: &char| c.is_control() && *c != '\n' || ('\u{202a}'..='\u{202e}').contains(c);
    for text in printed.iter().flatten() {
        assert_eq!(text.chars().find(is_raw), None, "{text:?}");
    }
    assert!(printed.iter().flatten().any(|text| text.contains("owned")), "{printed:?}");
}
