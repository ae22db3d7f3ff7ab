//! A connection: sessions one after the other between two replicas, over TCP.
//!
//! Three threads: one reads frames, one writes them, and one lets the session speak and listen. So
//! what is read never waits for what is written, and two sides that both send much do not block each
//! other. Between the threads there are single frames, so that a connection takes no more memory
//! than its session and a few messages.

use super::failure::{Failure, Result};
use super::frame::{Frame, MOST_NAME};
use super::hub::{Hub, Listener};
use rejoin::object::Priority;
use rejoin::sync::{Event, Outcome, Session};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// How many bytes the system is to hold of what is sent.
const SEND_BUFFER: usize = 64 << 10;

/// How a connection is to be.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// How long to wait for a peer that says or takes nothing.
    pub patience: Duration,
    /// Whether to end after one session.
    pub once: bool,
}

/// What a connection tells its user.
pub enum News {
    /// The peer has said its name.
    Met {
        /// Its name.
        peer: String,
    },
    /// Something happened in a session.
    Event {
        /// With whom.
        peer: String,
        /// What.
        event: Event,
    },
    /// A session ended.
    Synced(Synced),
}

/// How a session ended.
pub struct Synced {
    /// With whom.
    pub peer: String,
    /// How each class ended.
    pub classes: Vec<(Priority, Outcome)>,
    /// How many keys, entries and shares changed here.
    pub changes: usize,
    /// How many bytes were sent and received of it.
    pub bytes: (u64, u64),
    /// How long it took.
    pub time: Duration,
}

/// What the middle thread hears.
enum Input {
    Frame(Frame),
    /// The writer has written what it was given.
    Written,
    /// There are changes.
    Woken,
    /// Reading or writing came to an end; without a reason where the peer ended it well.
    Over(Option<Failure>),
}

/// Keeps two replicas the same for as long as the connection lasts, or until it is done once.
///
/// # Errors
/// Why the connection is over. What was applied is kept.
pub fn run(
    hub: &Hub,
    stream: &TcpStream,
    manner: Manner,
    tell: &(dyn Fn(News) + Sync),
) -> Result<()> {
    let broken = |error| Failure::unfinished(format!("the connection broke: {error}"));
    stream.set_nodelay(true).map_err(broken)?;
    // What is urgent stands behind what was given to the system already, so that is to be little.
    socket2::SockRef::from(stream).set_send_buffer_size(SEND_BUFFER).map_err(broken)?;
    let name = hub.look(|replica| replica.origin().replica.clone())?;
    let patience = manner.patience;
    Frame::greeting(name.as_str()).write(stream, patience)?;
    let greeting = Frame::read(stream, 64 + MOST_NAME, patience, patience)?;
    let greeting = greeting.ok_or_else(|| {
        Failure::unfinished("the peer closed the connection without a word: has it too many?")
    })?;
    let peer = greeting.greeted()?.to_string();
    if peer == name.as_str() {
        return Err(Failure::unfinished(format!(
            "both sides are called {peer:?}: replicas need names of their own; is one file a copy \
             of the other?"
        )));
    }
    tell(News::Met { peer: peer.clone() });
    let (input, inputs) = sync_channel(2);
    let (output, outputs) = sync_channel(1);
    let wake = input.clone();
    let listener = Listener::new(move || {
        // Where the channel is full, the thread is awake.
        let _ = wake.try_send(Input::Woken);
    });
    hub.listen(&listener)?;
    let ended = thread::scope(|scope| {
        let written = input.clone();
        scope.spawn(move || write(stream, &outputs, &written, patience));
        scope.spawn(move || read(stream, &input, patience));
        let talk = Talk {
            hub,
            listener: &listener,
            peer,
            tell,
            output,
            is_writing: false,
            owes_answer: false,
            has_asked: false,
            number: 0,
            session: None,
        };
        let ended = talk.run(inputs, manner);
        let how = if ended.is_ok() { Shutdown::Write } else { Shutdown::Both };
        let _ = stream.shutdown(how);
        ended
    });
    hub.leave(&listener);
    ended
}

fn read(stream: &TcpStream, input: &SyncSender<Input>, patience: Duration) {
    let limit = super::config().max_message;
    // The other threads ask a silent peer before this gives up.
    let wait = 2 * patience;
    loop {
        let heard = match Frame::read(stream, limit, wait, patience) {
            Ok(Some(frame)) => Input::Frame(frame),
            Ok(None) => Input::Over(None),
            Err(failure) => Input::Over(Some(failure)),
        };
        let is_over = matches!(heard, Input::Over(_));
        if input.send(heard).is_err() {
            // Nobody listens any more. What still comes is read away for a while: a connection that
            // is closed with something unread may lose what was said last.
            let end = Instant::now() + patience;
            while let Ok(Some(_)) = Frame::read(stream, limit, patience, patience) {
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
        let said = match frame.write(stream, patience) {
            Ok(()) => Input::Written,
            Err(failure) => Input::Over(Some(failure)),
        };
        if input.send(said).is_err() {
            return;
        }
    }
}

/// A session that goes on.
struct Running {
    session: Session,
    begun: Instant,
    heard: Instant,
    bytes: (u64, u64),
    changes: usize,
    classes: Vec<(Priority, Outcome)>,
    is_told: bool,
}

/// The middle thread: it lets the session speak and listen.
struct Talk<'a> {
    hub: &'a Hub,
    listener: &'a Listener,
    peer: String,
    tell: &'a (dyn Fn(News) + Sync),
    output: SyncSender<Frame>,
    is_writing: bool,
    owes_answer: bool,
    has_asked: bool,
    /// The number of the session, from 1.
    number: u32,
    session: Option<Running>,
}

impl Talk<'_> {
    fn run(mut self, inputs: Receiver<Input>, manner: Manner) -> Result<()> {
        self.begin(1)?;
        let mut heard = Instant::now();
        loop {
            let is_over = self.speak()?;
            if is_over && !self.is_writing && manner.once {
                return Ok(());
            }
            // Where nothing can be asked, nothing need be said.
            let is_patient = self.has_asked || self.is_writing;
            let wait = if is_patient { manner.patience } else { manner.patience / 2 };
            match inputs.recv_timeout(wait.saturating_sub(heard.elapsed())) {
                Ok(Input::Frame(frame)) => {
                    heard = Instant::now();
                    self.has_asked = false;
                    self.hear(frame)?;
                }
                Ok(Input::Written) => self.is_writing = false,
                Ok(Input::Woken) => {}
                // What the writer has yet to say of it is with the peer, or the peer needs it not.
                Ok(Input::Over(None)) if self.is_done() => return Ok(()),
                Ok(Input::Over(None)) => {
                    return Err(Failure::unfinished("the peer closed the connection"));
                }
                Ok(Input::Over(Some(failure))) => return Err(failure),
                Err(RecvTimeoutError::Timeout) if is_patient => {
                    let seconds = manner.patience.as_secs_f64();
                    let what = format!("the peer said nothing for {seconds:.1} s");
                    return Err(Failure::unfinished(what));
                }
                Err(RecvTimeoutError::Timeout) => self.has_asked = self.give(Frame::question()),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Failure::unfinished("the connection is over"));
                }
            }
            if let Some(running) = &self.session
                && !running.is_told
                && running.heard.elapsed() > 4 * manner.patience
            {
                return Err(Failure::unfinished("the peer does not go on with the session"));
            }
        }
    }

    fn is_done(&self) -> bool {
        self.session.as_ref().is_none_or(|running| running.session.is_done())
    }

    /// Begins a session.
    fn begin(&mut self, number: u32) -> Result<()> {
        self.number = number;
        let now = Instant::now();
        self.session = Some(Running {
            session: self.hub.begin(self.listener)?,
            begun: now,
            heard: now,
            bytes: (0, 0),
            changes: 0,
            classes: Vec::new(),
            is_told: false,
        });
        Ok(())
    }

    /// Gives the writer a frame, if it is idle.
    fn give(&mut self, frame: Frame) -> bool {
        if self.is_writing {
            return false;
        }
        match self.output.try_send(frame) {
            Ok(()) => {
                self.is_writing = true;
                true
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }

    /// Says what there is to say, as far as the writer takes it. Whether the session is over, and
    /// nothing is left to be said of it.
    fn speak(&mut self) -> Result<bool> {
        if self.owes_answer && self.give(Frame::answer()) {
            self.owes_answer = false;
        }
        loop {
            let Some(running) = &mut self.session else { return Ok(true) };
            if self.is_writing {
                return Ok(false);
            }
            let is_low = [Priority::High, Priority::Medium]
                .iter()
                .all(|class| running.session.is_class_done(*class));
            if is_low {
                running.session.resume(Priority::Low);
                // What is more urgent does not wait for it.
                if !running.session.is_done() && self.listener.has_urgent_news() {
                    self.begin(self.number.wrapping_add(1))?;
                    continue;
                }
            }
            let Some(running) = &mut self.session else { return Ok(true) };
            let (message, events) =
                self.hub.poll(self.listener, &mut running.session, &self.peer)?;
            self.report(events);
            if let Some(message) = message {
                let frame = Frame { number: self.number, message };
                if let Some(running) = &mut self.session {
                    running.bytes.0 += frame.length();
                }
                self.give(frame);
                continue;
            }
            let is_over = self.is_done();
            if is_over && self.listener.has_news() {
                self.begin(self.number.wrapping_add(1))?;
                continue;
            }
            return Ok(is_over);
        }
    }

    fn hear(&mut self, frame: Frame) -> Result<()> {
        if frame.message.is_empty() {
            self.owes_answer |= frame.number == 0;
            return Ok(());
        }
        match frame.number.wrapping_sub(self.number) {
            0 => {}
            1 => self.begin(frame.number)?,
            // Of the session before, which this side has left.
            u32::MAX => return Ok(()),
            _ => return Err(Failure::unfinished("the peer numbers its sessions wrongly")),
        }
        let Some(running) = &mut self.session else { return Ok(()) };
        running.bytes.1 += frame.length();
        running.heard = Instant::now();
        let (events, handled) =
            self.hub.handle(self.listener, &mut running.session, &self.peer, &frame.message)?;
        self.report(events);
        handled.map_err(|error| Failure::unfinished(error.to_string()))
    }

    /// Tells what happened.
    fn report(&mut self, events: Vec<Event>) {
        let Some(running) = &mut self.session else { return };
        for event in events {
            match &event {
                Event::ClassDone { class, outcome, changes } => {
                    running.classes.push((*class, *outcome));
                    running.changes += changes;
                }
                Event::Done => {
                    running.is_told = true;
                    running.classes.sort_by_key(|(class, _)| *class);
                    (self.tell)(News::Synced(Synced {
                        peer: self.peer.clone(),
                        classes: std::mem::take(&mut running.classes),
                        changes: running.changes,
                        bytes: running.bytes,
                        time: running.begun.elapsed(),
                    }));
                }
                _ => {
                    (self.tell)(News::Event { peer: self.peer.clone(), event });
                }
            }
        }
    }
}
