//! A server that receives any bytes at all: it goes on, and serves the next client.

use super::terminal::{Desk, LONG};
use rejoin_harness::Rng;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A frame.
pub fn frame(number: u32, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a short message");
    [&length.to_be_bytes()[..], &number.to_be_bytes(), message].concat()
}

/// What a client says first.
pub fn greeting(name: &str) -> Vec<u8> {
    let sum = blake3::derive_key("rejoin sync 1 greeting", name.as_bytes());
    frame(0, &[b"rejoin sync 1\n", name.as_bytes(), &sum[..8]].concat())
}

/// The memory that a process has taken at most, in kB.
pub fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("Linux tells it");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

#[test]
fn hostile_bytes_end_their_connection_and_nothing_else() {
    let desk = Desk::new(&["server", "laptop"]);
    desk.edit("server", &["add", "approved", "x", "--user", "ana"]);
    let server = desk.serve("server", &["--patience", "0.5"]);
    let mut random = Rng::new(5);
    let mut noise = |length: u64| -> Vec<u8> { (0..length).map(|_| random.bits() as u8).collect() };
    let huge = [&greeting("m")[..], &u32::MAX.to_be_bytes(), &[0, 0, 0, 1]].concat();
    let half = [&greeting("m")[..], &frame(1, &[1; 60_000])[..30_000]].concat();
    let named = frame(0, &[b"rejoin sync 1\n", &[b'n'; 400][..]].concat());
    let mut sayings = vec![
        Vec::new(),
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        greeting("m"),
        greeting("server"),
        greeting("m\u{1b}[2J"),
        frame(0, b"rejoin sync 1\n\xff\xfe"),
        named,
        huge,
        half,
        [greeting("m"), frame(7, b"of another session")].concat(),
        [greeting("m"), frame(1, b"")].concat(),
        [greeting("m"), frame(0, b"").repeat(10_000)].concat(),
    ];
    for length in [1, 8, 9, 100, 5000] {
        sayings.push(noise(length));
        sayings.push([greeting("m"), frame(1, &noise(length))].concat());
    }
    let before = peak(server.terminal.id());
    for saying in sayings {
        let mut stream = TcpStream::connect(&server.address).expect("the server listens");
        let _ = stream.write_all(&saying);
        // However long it stays, the server lets go: at the latest when it has heard nothing for
        // a while.
        stream.set_read_timeout(Some(LONG)).unwrap();
        let (begun, mut bytes) = (Instant::now(), Vec::new());
        match stream.take(1 << 24).read_to_end(&mut bytes) {
            Ok(length) => assert!(length < 1 << 20, "{length} bytes for {saying:?}"),
            Err(error) => assert!(begun.elapsed() < LONG, "{error} after {saying:?}"),
        }
    }
    // One byte at a time is no way to keep a connection either.
    let mut slow = TcpStream::connect(&server.address).expect("the server listens");
    slow.set_nodelay(true).unwrap();
    let begun = Instant::now();
    let drips = frame(0, &[b'x'; 200]);
    let taken = drips.iter().take_while(|byte| {
        std::thread::sleep(Duration::from_millis(50));
        slow.write_all(&[**byte]).is_ok()
    });
    assert!(taken.count() < drips.len(), "{:?} of dripping is borne", begun.elapsed());
    // Many at once are let in up to a number.
    let crowd: Vec<TcpStream> =
        (0..200).filter_map(|_| TcpStream::connect(&server.address).ok()).collect();
    drop(crowd);
    let after = peak(server.terminal.id());
    println!("the server's memory: {before} kB at most before, {after} kB after");
    assert!(after - before < 64 << 10, "{before} kB before, {after} kB after");
    // Who is honest is served as before, once the crowd is gone.
    let file = desk.file("laptop");
    let begun = Instant::now();
    loop {
        let arguments = ["sync", "connect", &file, &server.address, "--once"];
        let run = super::terminal::finish(super::terminal::oracle().args(arguments));
        if run.code == Some(0) {
            break;
        }
        assert!(begun.elapsed() < LONG, "{run:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
    drop(server);
    assert_eq!(desk.state("server"), desk.state("laptop"));
}
