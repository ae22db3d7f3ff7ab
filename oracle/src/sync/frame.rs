//! Frames: how the frames of a connection go over TCP.
//!
//! A frame is 4 bytes with its length, 4 bytes with its number, both big-endian, and its message.
//! The length is bounded. A frame must be complete within a bounded time, however slowly its bytes
//! arrive.

use super::failure::{Failure, Result};
use rejoin::sync::Frame;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Writes a frame.
pub fn write(frame: &Frame, mut to: &TcpStream, patience: Duration) -> Result<()> {
    let length = u32::try_from(frame.message.len());
    let length = length.map_err(|_| Failure::unfinished("a message of more than 4 GiB"))?;
    let head = [length.to_be_bytes(), frame.number.to_be_bytes()].concat();
    let bytes = [&head[..], &frame.message].concat();
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

/// Reads a frame. It must begin within `wait`, and then be complete within `patience`. `None` at
/// the end of the connection.
pub fn read(
    from: &TcpStream,
    limit: usize,
    wait: Duration,
    patience: Duration,
) -> Result<Option<Frame>> {
    let mut first = [0];
    match fill(from, &mut first, Instant::now() + wait)? {
        true => rest(from, first, limit, Instant::now() + patience).map(Some),
        false => Ok(None),
    }
}

/// Reads the peer's first frame, which must be complete at `end`: beginning it gives no more time.
pub fn read_greeting(from: &TcpStream, end: Instant) -> Result<Option<Frame>> {
    let mut first = [0];
    match fill(from, &mut first, end)? {
        true => rest(from, first, Frame::LONGEST_GREETING, end).map(Some),
        false => Ok(None),
    }
}

/// Reads what follows the first byte of a frame.
fn rest(from: &TcpStream, [a]: [u8; 1], limit: usize, end: Instant) -> Result<Frame> {
    let complete = |bytes: &mut [u8]| match fill(from, bytes, end)? {
        true => Ok(()),
        false => Err(Failure::unfinished("the connection ended within a message")),
    };
    let mut head = [0; 7];
    complete(&mut head)?;
    let [b, c, d, e, f, g, h] = head;
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if length > limit {
        return Err(Failure::unfinished(format!(
            "the peer announced a message of {length} bytes; at most {limit} are allowed"
        )));
    }
    let mut message = vec![0; length];
    complete(&mut message)?;
    Ok(Frame { number: u32::from_be_bytes([e, f, g, h]), message })
}

/// The time until the deadline; at least a little, since zero would mean no limit.
fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

/// Fills the buffer. Returns whether any bytes came before the end of the connection.
fn fill(mut from: &TcpStream, bytes: &mut [u8], deadline: Instant) -> Result<bool> {
    let patience = left(deadline);
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
