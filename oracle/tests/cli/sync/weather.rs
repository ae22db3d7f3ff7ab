//! Bad connections: a proxy that cuts at any byte, delays and damages; one that is slow; and how soon
//! something is said once a connection is there.

use super::hostile::{frame, greeting};
use super::terminal::{Desk, Terminal, many};
use rejoin_harness::Rng;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What a proxy does to the bytes of one direction of a connection.
#[derive(Clone, Copy, Default)]
struct Weather {
    /// After how many bytes the connection is cut.
    cut: Option<u64>,
    /// Which byte is damaged.
    damage: Option<u64>,
    /// How long each piece takes.
    delay: Duration,
    /// How long the pieces are at most.
    piece: usize,
}

/// A proxy before a server: its address. `weather` says how each direction of the nth connection is.
fn proxy(server: &str, weather: impl Fn(u64) -> [Weather; 2] + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it listens").to_string();
    let server = server.to_string();
    thread::spawn(move || {
        for (number, client) in listener.incoming().enumerate() {
            let (Ok(client), Ok(server)) = (client, TcpStream::connect(&server)) else { continue };
            let [there, back] = weather(number as u64);
            for (from, to, weather) in [(&client, &server, there), (&server, &client, back)] {
                let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                thread::spawn(move || pass(from, to, weather));
            }
        }
    });
    address
}

/// Passes bytes on.
fn pass(mut from: TcpStream, mut to: TcpStream, weather: Weather) {
    let mut piece = vec![0; weather.piece.clamp(1, 1 << 16)];
    let mut passed = 0;
    while let Ok(length @ 1..) = from.read(&mut piece) {
        thread::sleep(weather.delay);
        let mut length = length as u64;
        if let Some(at) = weather.damage
            && (passed..passed + length).contains(&at)
        {
            piece[(at - passed) as usize] ^= 0x10;
        }
        let is_cut = weather.cut.is_some_and(|cut| passed + length >= cut);
        if let Some(cut) = weather.cut {
            length = length.min(cut - passed);
        }
        if to.write_all(&piece[..length as usize]).is_err() || is_cut {
            break;
        }
        passed += length;
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// So many connections of each run are bad, unless one of them suffices.
const BAD: u64 = 25;

#[test]
fn over_cut_delayed_and_damaged_connections_both_become_the_same() {
    let before = Desk::new(&["server", "laptop"]);
    let mut random = Rng::new(3);
    for (name, user) in [("server", "ben"), ("laptop", "ana")] {
        for number in 0..4 {
            let text: String = (0..200).map(|_| format!("{:016x}", random.bits())).collect();
            before.edit(name, &["put", "patterns", &format!("{name}{number}"), &text]);
            before.edit(name, &["add", "approved", &format!("{name}{number}"), "--user", user]);
        }
    }
    let meeting = before.copy(&["server", "laptop"]);
    meeting.meet("server", "laptop");
    let expected = meeting.state("laptop");
    let runs = many("REJOIN_WEATHERS", 4);
    let mut failures = 0;
    for run in 0..runs {
        let desk = before.copy(&["server", "laptop"]);
        failures += pass_through(&desk, run);
        desk.meet("server", "laptop");
        assert_eq!(desk.state("laptop"), expected, "run {run}");
        desk.conforms(&["server", "laptop"]);
    }
    println!("{runs} runs, {failures} connections that failed");
    assert!(failures > 0, "every connection was good");
}

/// Syncs through a proxy until both sides are the same; how many connections failed.
fn pass_through(desk: &Desk, run: u64) -> usize {
    let server = desk.serve("server", &["--patience", "1"]);
    let address = proxy(&server.address, move |number| {
        if number >= BAD {
            return [Weather { piece: 1 << 16, ..Weather::default() }; 2];
        }
        let mut random = Rng::new(1000 * run + number);
        [(), ()].map(|()| {
            let at = [30, 300, 3_000, 10_000][random.below(4) as usize];
            let byte = Some(random.below(at));
            let (cut, damage) = if random.one_in(2) { (byte, None) } else { (None, byte) };
            let delay = Duration::from_millis(random.below(3));
            Weather { cut, damage, delay, piece: 1 + random.below(2000) as usize }
        })
    });
    let laptop = Terminal::connect(&desk.file("laptop"), &address, &["--patience", "1"]);
    laptop.until("high the same, medium the same, low the same");
    let said = [laptop.kill(), server.terminal.kill()].concat();
    let is_bad = |line: &String| line.contains("error:") || line.contains("DIFFERENT");
    assert!(!said.iter().any(is_bad), "run {run}: {said:#?}");
    let failed = ["is gone: ", "refused a change of "];
    said.iter().filter(|line| failed.iter().any(|text| line.contains(text))).count()
}

/// Much of low priority is on its way over a slow connection. What is decided meanwhile is there
/// before it.
#[test]
fn what_is_urgent_does_not_wait_for_what_is_not() {
    let desk = Desk::new(&["server", "laptop"]);
    let mut random = Rng::new(4);
    let mut server = desk.serve("server", &[]);
    for number in 0..10 {
        let text: String = (0..12_000).map(|_| format!("{:016x}", random.bits())).collect();
        server.terminal.type_in(format!("put patterns p{number} {text}"));
        server.terminal.until("kept: ");
    }
    // Some 400 kB a second, and 1 MB to send.
    let slow = Weather { piece: 4000, delay: Duration::from_millis(10), ..Weather::default() };
    let address = proxy(&server.address, move |_| [slow; 2]);
    let laptop = Terminal::connect(&desk.file("laptop"), &address, &[]);
    laptop.until("connected with server");
    thread::sleep(Duration::from_millis(400));
    server.terminal.type_in("add approved urgent --user ana");
    let mut order = Vec::new();
    while order.len() < 2 {
        let line = laptop.line().expect("it goes on");
        order.extend(
            ["approved", "patterns"]
                .into_iter()
                .find(|object| line.starts_with(&format!("from server: {object}: "))),
        );
    }
    assert_eq!(order, ["approved", "patterns"]);
}

/// Waits for a client, greets it, and waits for its first message of a session.
fn first_message(listener: &TcpListener) -> Duration {
    let (mut stream, _) = listener.accept().expect("a client comes");
    let begun = Instant::now();
    stream.write_all(&greeting("clock")).unwrap();
    let mut frames = 0;
    while frames < 2 {
        let mut head = [0; 8];
        stream.read_exact(&mut head).expect("the client speaks");
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        std::io::copy(&mut (&stream).take(length.into()), &mut std::io::sink()).unwrap();
        frames += 1;
    }
    begun.elapsed()
}

/// Printed, not asserted: how soon a client speaks once it is connected, and how soon once a server
/// that it has tried for a while can be reached again.
#[test]
fn a_client_speaks_as_soon_as_it_is_connected() {
    let desk = Desk::new(&["laptop"]);
    for number in 0..20 {
        desk.edit("laptop", &["add", "approved", &format!("e{number}"), "--user", "ana"]);
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let laptop = Terminal::connect(&desk.file("laptop"), &address, &[]);
    let worst = AtomicU64::new(0);
    let note = |time: Duration| worst.fetch_max(time.as_micros() as u64, Ordering::SeqCst);
    // Each connection is closed when it has spoken.
    for _ in 0..10 {
        note(first_message(&listener));
    }
    println!("connected to first message: at most {} us of 10", worst.swap(0, Ordering::SeqCst));
    drop(listener);
    for _ in 0..3 {
        thread::sleep(Duration::from_millis(2500));
        let begun = Instant::now();
        let listener = TcpListener::bind(&address).expect("the port is free again");
        first_message(&listener);
        note(begun.elapsed());
    }
    println!("reachable again to first message: at most {} us of 3", worst.into_inner());
    drop(laptop);
    // A frame that asks is answered.
    let server = desk.serve("laptop", &[]);
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(&[greeting("asker"), frame(0, b"")].concat()).unwrap();
    let mut seen = Vec::new();
    while !seen.windows(8).any(|bytes| bytes == frame(1, b"")) {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("an answer comes");
        seen.push(byte[0]);
    }
}
