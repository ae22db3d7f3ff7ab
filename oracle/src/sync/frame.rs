//! Frames: how messages go over a TCP connection.
//!
//! A frame is 4 bytes of length, 4 bytes of a session's number, both with the greatest byte first,
//! and so many bytes of a message. The first frame of each side is its greeting. An empty frame asks
//! whether the peer is there (number 0), or says so (number 1). All frames are of bounded length,
//! and must be complete within a bounded time, however slowly the bytes come.

use super::failure::{Failure, Result};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// Of which session of the connection, from 1.
    pub number: u32,
    /// Its message.
    pub message: Vec<u8>,
}

/// What a greeting begins with; the replica's name follows, and a checksum of it.
const GREETING: &[u8] = b"rejoin sync 1\n";

/// The length of the checksum, in bytes.
const CHECKSUM: usize = 8;

pub use rejoin::limits::MAX_NAME as MOST_NAME;

impl Frame {
    /// Says who this is.
    pub fn greeting(name: &str) -> Self {
        let message = [GREETING, name.as_bytes(), &checksum(name)].concat();
        Self { number: 0, message }
    }

    /// The peer's name, if this is a greeting.
    pub fn greeted(&self) -> Result<&str> {
        let rest = self.message.strip_prefix(GREETING);
        let parts = rest.and_then(|rest| rest.split_last_chunk::<CHECKSUM>());
        let name = parts.and_then(|(name, sum)| Some((str::from_utf8(name).ok()?, sum)));
        match name {
            Some((name, sum))
                if (1..=MOST_NAME).contains(&name.len()) && *sum == checksum(name) =>
            {
                Ok(name)
            }
            _ => Err(Failure::unfinished(
                "the peer does not begin as `oracle sync` does: it is another program or another \
                 version, or its words were damaged on their way",
            )),
        }
    }

    /// Asks whether the peer is there.
    pub fn question() -> Self {
        Self { number: 0, message: Vec::new() }
    }

    /// Says that this side is there.
    pub fn answer() -> Self {
        Self { number: 1, message: Vec::new() }
    }

    /// Its length on the wire, in bytes.
    pub fn length(&self) -> u64 {
        8 + self.message.len() as u64
    }

    /// Writes it.
    pub fn write(&self, mut to: &TcpStream, patience: Duration) -> Result<()> {
        let length = u32::try_from(self.message.len());
        let length = length.map_err(|_| Failure::unfinished("a message of more than 4 GiB"))?;
        let head = [length.to_be_bytes(), self.number.to_be_bytes()].concat();
        let bytes = [&head[..], &self.message].concat();
        let deadline = Instant::now() + patience;
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let failed = |error| broken("take", error, patience);
            to.set_write_timeout(Some(left(deadline))).map_err(failed)?;
            match to.write(rest) {
                Ok(0) => return Err(Failure::unfinished("the peer closed the connection")),
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
            if !rest.is_empty() && Instant::now() >= deadline {
                return Err(failed(ErrorKind::TimedOut.into()));
            }
        }
        Ok(())
    }

    /// Reads one. It must begin within `wait`, and then be complete within `patience`; `None` at the
    /// end of the connection.
    pub fn read(
        from: &TcpStream,
        limit: usize,
        wait: Duration,
        patience: Duration,
    ) -> Result<Option<Self>> {
        let mut head = [0; 8];
        if !fill(from, &mut head[..1], wait)? {
            return Ok(None);
        }
        let deadline = Instant::now() + patience;
        let cut = || Failure::unfinished("the connection ended within a message");
        let complete = |bytes: &mut [u8]| match fill(from, bytes, left(deadline))? {
            true => Ok(()),
            false => Err(cut()),
        };
        complete(&mut head[1..])?;
        let [a, b, c, d, e, f, g, h] = head;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if length > limit {
            return Err(Failure::unfinished(format!(
                "the peer sends a message of {length} bytes, and at most {limit} are allowed"
            )));
        }
        let mut message = vec![0; length];
        complete(&mut message)?;
        Ok(Some(Self { number: u32::from_be_bytes([e, f, g, h]), message }))
    }
}

fn checksum(name: &str) -> [u8; CHECKSUM] {
    let hash = blake3::derive_key("rejoin sync 1 greeting", name.as_bytes());
    let mut sum = [0; CHECKSUM];
    sum.copy_from_slice(&hash[..CHECKSUM]);
    sum
}

/// The time until then; never none, which would be for ever.
fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

/// Reads until the bytes are full. Whether any came before the end of the connection.
fn fill(mut from: &TcpStream, bytes: &mut [u8], patience: Duration) -> Result<bool> {
    let deadline = Instant::now() + patience;
    let mut filled = 0;
    while filled < bytes.len() {
        let failed = |error| broken("say", error, patience);
        from.set_read_timeout(Some(left(deadline))).map_err(failed)?;
        match from.read(&mut bytes[filled..]) {
            Ok(0) if filled == 0 => return Ok(false),
            Ok(0) => return Err(Failure::unfinished("the connection ended within a message")),
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
        if filled < bytes.len() && Instant::now() >= deadline {
            return Err(failed(ErrorKind::TimedOut.into()));
        }
    }
    Ok(true)
}

fn broken(what: &str, error: std::io::Error, patience: Duration) -> Failure {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Failure::unfinished(format!(
            "the peer did not {what} anything whole within {:.1} s",
            patience.as_secs_f64()
        )),
        _ => Failure::unfinished(format!("the connection broke: {error}")),
    }
}
