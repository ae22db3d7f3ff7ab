//! A connection over TCP: the sockets and the threads around [`rejoin::sync::Connection`].
//!
//! There are three threads: one reads frames, one writes them, and one runs the connection. So
//! reading never waits for writing, and two sides that both send much do not block each other. The
//! threads hand over single frames, so a connection takes no more memory than its session and a few
//! messages.

use super::failure::{Failure, Result};
use super::frame;
use super::hub::{Hub, Listener};
use rejoin::sync::{Connection, ConnectionConfig, ConnectionEvent, Frame};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// How many sent bytes the system may buffer: an urgent message waits for them.
const SEND_BUFFER: usize = 64 << 10;

/// How long a peer may take to greet.
pub const GREETING_PATIENCE: Duration = Duration::from_secs(2);

/// The options of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long to wait for a peer that sends nothing, or reads nothing.
    pub patience: Duration,
    /// Whether to end after one session.
    pub once: bool,
}

impl Options {
    fn config(self, hub: &Hub) -> ConnectionConfig {
        ConnectionConfig {
            session: hub.config(),
            patience: self.patience,
            greeting_patience: self.greeting_patience(),
        }
    }

    fn greeting_patience(self) -> Duration {
        self.patience.min(GREETING_PATIENCE)
    }
}

/// The inputs of the middle thread.
enum Input {
    Frame(Frame),
    /// The writer has written the frame that it was given.
    Written,
    /// Other connections or the user changed the replica.
    Woken,
    /// Reading or writing ended; without a reason if the peer closed the connection between two
    /// frames.
    Over(Option<Failure>),
}

/// Keeps two replicas the same until the connection ends, or once if `once` is set. `tell` gets the
/// peer's name, if known, and each event.
///
/// # Errors
/// Why the connection ended. What was applied is kept.
pub fn run(
    hub: &Hub,
    stream: &TcpStream,
    options: Options,
    tell: &(dyn Fn(&str, ConnectionEvent) + Sync),
) -> Result<()> {
    let broken = |error| Failure::unfinished(format!("the connection broke: {error}"));
    stream.set_nodelay(true).map_err(broken)?;
    socket2::SockRef::from(stream).set_send_buffer_size(SEND_BUFFER).map_err(broken)?;
    let name = hub.look(|replica| replica.origin().replica.clone())?;
    let begun = Instant::now();
    let (input, inputs) = sync_channel(2);
    let wake = input.clone();
    let listener = Listener::new(move || {
        // If the channel is full, the thread is awake.
        let _ = wake.try_send(Input::Woken);
    });
    let connection = Connection::new(options.config(hub), name.as_str(), Duration::ZERO);
    let mut speaker = Speaker { hub, listener: &listener, connection, begun, tell };
    speaker.greet(stream, options)?;
    let (output, outputs) = sync_channel(1);
    hub.listen(&listener)?;
    let patience = options.patience;
    let ended = thread::scope(|scope| {
        let written = input.clone();
        scope.spawn(move || write(stream, &outputs, &written, patience));
        scope.spawn(move || read(stream, &input, patience));
        let ended = speaker.run(&inputs, &output, options.once);
        drop((inputs, output));
        let how = if ended.is_ok() { Shutdown::Write } else { Shutdown::Both };
        let _ = stream.shutdown(how);
        ended
    });
    hub.leave(&listener);
    ended
}

fn read(stream: &TcpStream, input: &SyncSender<Input>, patience: Duration) {
    let limit = super::config().max_message;
    // The connection gives up a silent peer before this timeout.
    let wait = 2 * patience;
    loop {
        let heard = match frame::read(stream, limit, wait, patience) {
            Ok(Some(frame)) => Input::Frame(frame),
            Ok(None) => Input::Over(None),
            Err(failure) => Input::Over(Some(failure)),
        };
        let is_over = matches!(heard, Input::Over(_));
        if input.send(heard).is_err() {
            // The middle thread has ended. Incoming bytes are discarded for a while: closing a
            // connection with unread bytes may lose what was sent last.
            let end = Instant::now() + patience;
            while let Ok(Some(_)) = frame::read(stream, limit, patience, patience) {
                if Instant::now() > end {
                    return;
                }
            }
            return;
        }
        if is_over {
            return;
        }
    }
}

fn write(
    stream: &TcpStream,
    outputs: &Receiver<Frame>,
    input: &SyncSender<Input>,
    patience: Duration,
) {
    for frame in outputs {
        let said = match frame::write(&frame, stream, patience) {
            Ok(()) => Input::Written,
            Err(failure) => Input::Over(Some(failure)),
        };
        if input.send(said).is_err() {
            return;
        }
    }
}

/// The middle thread: it runs the connection.
struct Speaker<'a> {
    hub: &'a Hub,
    listener: &'a Listener,
    connection: Connection,
    begun: Instant,
    tell: &'a (dyn Fn(&str, ConnectionEvent) + Sync),
}

impl Speaker<'_> {
    /// Exchanges greetings. Until then a connection has one thread and little memory.
    fn greet(&mut self, stream: &TcpStream, options: Options) -> Result<()> {
        let patience = options.greeting_patience();
        if let Some(greeting) = self.poll()? {
            frame::write(&greeting, stream, patience)?;
        }
        match frame::read_greeting(stream, self.begun + patience)? {
            Some(frame) => self.hear(frame),
            None => Err(Failure::unfinished("the peer closed the connection without a greeting")),
        }
    }

    fn run(
        &mut self,
        inputs: &Receiver<Input>,
        output: &SyncSender<Frame>,
        once: bool,
    ) -> Result<()> {
        let mut is_writing = false;
        loop {
            while !is_writing && let Some(frame) = self.poll()? {
                // The writer is idle, so this does not wait. If the writer has ended, it has said
                // why.
                is_writing = output.send(frame).is_ok();
            }
            if once && !is_writing && self.connection.is_idle() {
                return Ok(());
            }
            let wait = self.connection.poll_timeout().saturating_sub(self.begun.elapsed());
            match inputs.recv_timeout(wait) {
                Ok(Input::Frame(frame)) => self.hear(frame)?,
                Ok(Input::Written) => is_writing = false,
                Ok(Input::Woken) => {}
                // The peer needs nothing more of a finished session.
                Ok(Input::Over(None)) if self.connection.is_idle() => return Ok(()),
                Ok(Input::Over(None)) => {
                    return Err(Failure::unfinished("the peer closed the connection"));
                }
                Ok(Input::Over(Some(failure))) => return Err(failure),
                Err(RecvTimeoutError::Timeout) => {
                    let handled = self.connection.handle_timeout(self.begun.elapsed());
                    handled.map_err(|error| Failure::unfinished(error.to_string()))?;
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Failure::unfinished("the connection is over"));
                }
            }
        }
    }

    fn poll(&mut self) -> Result<Option<Frame>> {
        for class in self.listener.take_changes() {
            self.connection.handle_change(class);
        }
        let now = self.begun.elapsed();
        let (frame, events) = self.hub.poll_frame(self.listener, &mut self.connection, now)?;
        self.report(events);
        Ok(frame)
    }

    fn hear(&mut self, frame: Frame) -> Result<()> {
        let now = self.begun.elapsed();
        let (events, handled) =
            self.hub.handle_frame(self.listener, &mut self.connection, frame, now)?;
        self.report(events);
        handled.map_err(|error| Failure::unfinished(error.to_string()))
    }

    fn report(&self, events: Vec<ConnectionEvent>) {
        for event in events {
            (self.tell)(self.connection.peer().unwrap_or_default(), event);
        }
    }
}
