//! Connection: successive sessions between two replicas, over one transport.
//!
//! Meaning: both sides greet, and then keep their replicas the same for as long as the transport
//! lasts: a session follows whenever one side has changes that the other cannot know. A side that
//! hears nothing asks whether the peer is there, and gives up when there is no answer.
//! Laws: no method blocks, reads a clock or does I/O: equal connections go on alike with equal
//! inputs. After an error the replica is as the last session left it, and a new connection goes on
//! from there.
//! Cost: that of its session, and O(1).
//! Source: the shape is that of quinn-proto's `Connection`; `spec/sync-over-tcp.md` gives the frames.
//!
//! ```
//! # use rejoin::{dot::{Origin, ReplicaId}, operation::Operation, optimized::replica::Replica};
//! use rejoin::sync::{Config, Connection, ConnectionConfig, ConnectionEvent, Schema};
//! use std::time::Duration;
//!
//! # let schema = Schema::migration_assistant();
//! # let replica = |name: &str| {
//! #     let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
//! #     Replica::new(origin, &schema.types())
//! # };
//! let (mut laptop, mut server) = (replica("laptop"), replica("server"));
//! laptop.perform("approved", Operation::Add { element: "orders" }, None)?;
//!
//! let config = ConnectionConfig::new(Config::new(schema));
//! let mut now = Duration::ZERO; // since any moment that the application chooses
//! let mut here = Connection::new(config.clone(), "laptop", now);
//! let mut there = Connection::new(config, "server", now);
//! loop {
//!     let (ours, theirs) = (here.poll_frame(&mut laptop, now), there.poll_frame(&mut server, now));
//!     if ours.is_none() && theirs.is_none() {
//!         break;
//!     }
//!     if let Some(frame) = ours {
//!         there.handle_frame(&mut server, frame, now)?;
//!     }
//!     if let Some(frame) = theirs {
//!         here.handle_frame(&mut laptop, frame, now)?;
//!     }
//! }
//! assert!(here.is_idle() && there.is_idle());
//! assert_eq!(laptop.state_hash(), server.state_hash());
//!
//! // Nothing comes any more: the connection asks, and then gives up.
//! now = here.poll_timeout();
//! here.handle_timeout(now)?;
//! assert!(here.poll_frame(&mut laptop, now).is_some());
//! now = here.poll_timeout();
//! assert!(here.handle_timeout(now).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::{Config, Error, Event, Outcome, Session};
use crate::limits::MAX_NAME;
use crate::object::Priority;
use crate::optimized::replica::Replica;
use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

/// What a greeting begins with. The replica's name follows, and a checksum of it.
const GREETING: &[u8] = b"rejoin sync 1\n";

/// What a side says instead of its greeting if it has too many connections.
const FULL: &[u8] = b"rejoin full 1\n";

/// The length of the checksum, in bytes.
const CHECKSUM: usize = 8;

/// A session may pause for so many times the patience, while the peer is there.
const SESSION_PATIENCE: u32 = 4;

/// What a transport carries: it delivers frames whole and in order, or ends.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Frame {
    /// The number of the session, from 1; 0 of a greeting. An empty frame of number 0 asks whether
    /// the peer is there, and one of number 1 answers.
    pub number: u32,
    /// The message of the session.
    pub message: Vec<u8>,
}

impl Frame {
    /// The most bytes that the message of a first frame has.
    pub const LONGEST_GREETING: usize = GREETING.len() + MAX_NAME + CHECKSUM;

    /// How many bytes a frame has beside its message, as `spec/sync-over-tcp.md` frames it.
    pub const OVERHEAD: usize = 8;

    /// What to send instead of a greeting if there are too many connections.
    pub fn full() -> Self {
        Self { number: 0, message: FULL.into() }
    }

    fn greeting(name: &str) -> Self {
        Self { number: 0, message: [GREETING, name.as_bytes(), &checksum(name)].concat() }
    }

    fn ping() -> Self {
        Self { number: 0, message: Vec::new() }
    }

    fn pong() -> Self {
        Self { number: 1, message: Vec::new() }
    }

    /// The name in a greeting.
    fn greeted(&self) -> Option<&str> {
        let rest = self.message.strip_prefix(GREETING)?;
        let (name, sum) = rest.split_last_chunk::<CHECKSUM>()?;
        let name = std::str::from_utf8(name).ok()?;
        let is_right =
            self.number == 0 && (1..=MAX_NAME).contains(&name.len()) && *sum == checksum(name);
        is_right.then_some(name)
    }

    fn length(&self) -> u64 {
        (Self::OVERHEAD + self.message.len()) as u64
    }
}

fn checksum(name: &str) -> [u8; CHECKSUM] {
    let mut sum = [0; CHECKSUM];
    let hash = blake3::derive_key("rejoin sync 1 greeting", name.as_bytes());
    sum.copy_from_slice(&hash[..CHECKSUM]);
    sum
}

/// The settings of a connection.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ConnectionConfig {
    /// Those of its sessions. The time of their [drift](Config::drift) is that at which the
    /// connection begins, and goes on with it.
    pub session: Config,
    /// How long to wait for a peer that says nothing. Half of it passes before this side asks.
    pub patience: Duration,
    /// How long to wait for the peer's greeting.
    pub greeting_patience: Duration,
}

impl ConnectionConfig {
    /// The usual times: 15 s, and 2 s for the greeting.
    pub fn new(session: Config) -> Self {
        let (patience, greeting_patience) = (Duration::from_secs(15), Duration::from_secs(2));
        Self { session, patience, greeting_patience }
    }

    /// The settings of a session that begins so long after the connection.
    fn session_at(&self, after: Duration) -> Config {
        let mut config = self.session.clone();
        if let Some(drift) = &mut config.drift {
            let milliseconds = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
            drift.now = drift.now.saturating_add(milliseconds);
        }
        config
    }
}

/// What happened on a connection.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ConnectionEvent {
    /// The peer has greeted.
    Greeted {
        /// Its name: any text of 1 to 1,024 bytes.
        peer: String,
    },
    /// Something happened in a session.
    Session(Event),
    /// A session is over.
    SessionDone(SessionSummary),
}

/// How a session of a connection ended.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SessionSummary {
    /// The number of the session, from 1.
    pub number: u32,
    /// How each class ended, in the order of the classes.
    pub classes: Vec<(Priority, Outcome)>,
    /// How many keys, entries and shares changed here.
    pub changes: usize,
    /// How many bytes of frames this side sent.
    pub sent: u64,
    /// How many bytes of frames this side received.
    pub received: u64,
    /// How long the session took.
    pub time: Duration,
}

/// Why a connection is over. What its sessions applied is kept, and a new connection goes on there.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ConnectionError {
    /// The peer did not greet in time.
    NoGreeting {
        /// How long this side waited.
        after: Duration,
    },
    /// The peer's first frame is no greeting.
    NotAGreeting,
    /// The peer has too many connections.
    Full,
    /// Both replicas have one name.
    SameName {
        /// The name.
        name: String,
    },
    /// The peer said nothing, though it was asked.
    Silent {
        /// How long this side waited.
        after: Duration,
    },
    /// The peer answers, and does not go on with the session.
    Stalled {
        /// How long this side waited.
        after: Duration,
    },
    /// A frame belongs to a session that cannot be.
    WrongNumber {
        /// The number of the frame.
        found: u32,
        /// The number of the present session.
        expected: u32,
    },
    /// The session refused a message.
    Session(Error),
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoGreeting { after } => {
                write!(f, "the peer did not greet within {:.1} s", after.as_secs_f64())
            }
            Self::NotAGreeting => write!(
                f,
                "the peer does not begin as `oracle sync` does: it is another program or another \
                 version, or its greeting was damaged on its way"
            ),
            Self::Full => write!(f, "the peer is full: it has as many connections as it allows"),
            Self::SameName { name } => write!(
                f,
                "both sides are called {name:?}: replicas need names of their own; is one file a \
                 copy of the other?"
            ),
            Self::Silent { after } => {
                write!(f, "the peer said nothing for {:.1} s", after.as_secs_f64())
            }
            Self::Stalled { after } => write!(
                f,
                "the peer does not go on with the session, for {:.1} s now",
                after.as_secs_f64()
            ),
            Self::WrongNumber { found, expected } => write!(
                f,
                "the peer numbers its sessions wrongly: found {found}; expected {expected}, or the \
                 number before or after it"
            ),
            Self::Session(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ConnectionError {}

impl From<Error> for ConnectionError {
    fn from(error: Error) -> Self {
        Self::Session(error)
    }
}

/// One side of a connection.
///
/// - Getters: [`peer`](Self::peer), [`session`](Self::session), [`is_idle`](Self::is_idle).
/// - Input: [`handle_frame`](Self::handle_frame), [`handle_change`](Self::handle_change),
///   [`handle_timeout`](Self::handle_timeout).
/// - Output: [`poll_frame`](Self::poll_frame), [`poll_event`](Self::poll_event),
///   [`poll_timeout`](Self::poll_timeout).
/// - Work that needs no replica: [`prepare`](Self::prepare), [`compress`](Self::compress).
///
/// After each input, and whenever the transport can take a frame: poll frames for as long as the
/// transport takes them, then events until there is none, then the timeout. Store the replica's
/// changes before a polled frame leaves: it may claim that this side has them. What is urgent does
/// not wait for low priority if the transport buffers little, for each frame is made when it is
/// polled.
///
/// All times are since one moment that the application chooses, and never run backwards.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Connection {
    config: ConnectionConfig,
    begun: Duration,
    name: String,
    is_greeting_sent: bool,
    state: State,
    /// The classes that others than the peer changed since the present session began.
    changed: [bool; 3],
    owes_pong: bool,
    owes_ping: bool,
    silence: Silence,
    events: VecDeque<ConnectionEvent>,
}

/// How far a connection is.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum State {
    /// The peer has not greeted.
    Greeting,
    /// A session is under way, or is over and waits for changes.
    Syncing { peer: String, running: Box<Running> },
}

/// What this side does when it goes on hearing nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Silence {
    /// It asks at that time.
    AskAt(Duration),
    /// It has asked, and gives up at that time.
    GiveUpAt(Duration),
}

/// The present session.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Running {
    session: Session,
    begun: Duration,
    heard: Duration,
    /// What is known of it; the rest follows at its end.
    summary: SessionSummary,
}

impl Running {
    fn new(number: u32, config: Config, replica: &Replica, now: Duration) -> Self {
        let mut session = Session::new(config, replica);
        session.pause(Priority::Low);
        let summary = SessionSummary {
            number,
            classes: Vec::new(),
            changes: 0,
            sent: 0,
            received: 0,
            time: Duration::ZERO,
        };
        Self { session, begun: now, heard: now, summary }
    }

    /// Low priority is in the background: it goes on when all else is done.
    fn resume_low(&mut self) -> bool {
        let is_time = [Priority::High, Priority::Medium]
            .iter()
            .all(|class| self.session.is_class_done(*class));
        if is_time {
            self.session.resume(Priority::Low);
        }
        is_time
    }

    /// Moves the events of the session to those of the connection.
    fn drain(&mut self, events: &mut VecDeque<ConnectionEvent>, now: Duration) {
        while let Some(event) = self.session.poll_event() {
            match &event {
                Event::ClassDone { class, outcome, changes } => {
                    self.summary.classes.push((*class, *outcome));
                    self.summary.changes += changes;
                }
                Event::Done => {
                    self.summary.classes.sort_by_key(|(class, _)| *class);
                    self.summary.time = now.saturating_sub(self.begun);
                    events.push_back(ConnectionEvent::SessionDone(self.summary.clone()));
                }
                _ => {}
            }
            events.push_back(ConnectionEvent::Session(event));
        }
    }
}

// Getters.
impl Connection {
    /// A connection of the replica of that name, which begins now.
    pub fn new(config: ConnectionConfig, name: &str, now: Duration) -> Self {
        Self {
            silence: Silence::AskAt(now + config.patience / 2),
            config,
            begun: now,
            name: name.into(),
            is_greeting_sent: false,
            state: State::Greeting,
            changed: [false; 3],
            owes_pong: false,
            owes_ping: false,
            events: VecDeque::new(),
        }
    }

    /// The name of the peer, once it has greeted.
    pub fn peer(&self) -> Option<&str> {
        match &self.state {
            State::Greeting => None,
            State::Syncing { peer, .. } => Some(peer),
        }
    }

    /// The present session.
    pub fn session(&self) -> Option<&Session> {
        match &self.state {
            State::Greeting => None,
            State::Syncing { running, .. } => Some(&running.session),
        }
    }

    /// Whether the present session is over. If there is no frame to send either, both sides are the
    /// same, or as much the same as they could become.
    pub fn is_idle(&self) -> bool {
        match &self.state {
            State::Greeting => false,
            State::Syncing { running, .. } => running.session.is_done(),
        }
    }
}

// Input.
impl Connection {
    /// Takes a frame of the peer.
    ///
    /// Cost: that of [`Session::handle`].
    ///
    /// # Errors
    /// The connection is over: drop it, and close the transport.
    pub fn handle_frame(
        &mut self,
        replica: &mut Replica,
        frame: Frame,
        now: Duration,
    ) -> Result<(), ConnectionError> {
        self.silence = Silence::AskAt(now + self.config.patience / 2);
        self.owes_ping = false;
        let State::Syncing { running, .. } = &mut self.state else {
            return self.on_greeting(replica, &frame, now);
        };
        if frame.message.is_empty() {
            self.owes_pong |= frame.number == 0;
            return Ok(());
        }
        match frame.number.wrapping_sub(running.summary.number) {
            0 => {}
            1 => {
                let config = self.config.session_at(now.saturating_sub(self.begun));
                **running = Running::new(frame.number, config, replica, now);
                self.changed = [false; 3];
            }
            // Of the session before, which this side has left.
            u32::MAX => return Ok(()),
            _ => {
                let (found, expected) = (frame.number, running.summary.number);
                return Err(ConnectionError::WrongNumber { found, expected });
            }
        }
        running.summary.received += frame.length();
        running.heard = now;
        let handled = running.session.handle(replica, &frame.message);
        running.drain(&mut self.events, now);
        Ok(handled?)
    }

    fn on_greeting(
        &mut self,
        replica: &Replica,
        frame: &Frame,
        now: Duration,
    ) -> Result<(), ConnectionError> {
        if *frame == Frame::full() {
            return Err(ConnectionError::Full);
        }
        let peer = frame.greeted().ok_or(ConnectionError::NotAGreeting)?.to_string();
        if peer == self.name {
            return Err(ConnectionError::SameName { name: peer });
        }
        self.events.push_back(ConnectionEvent::Greeted { peer: peer.clone() });
        let config = self.config.session_at(now.saturating_sub(self.begun));
        let running = Box::new(Running::new(1, config, replica, now));
        self.changed = [false; 3];
        self.state = State::Syncing { peer, running };
        Ok(())
    }

    /// Others than the peer changed objects of a class: the application, or another connection. The
    /// next session begins when the present one is over.
    pub fn handle_change(&mut self, class: Priority) {
        self.changed[class as usize] = true;
    }

    /// The time of [`poll_timeout`](Self::poll_timeout) has come. Earlier calls do nothing.
    ///
    /// # Errors
    /// The connection is over: drop it, and close the transport.
    pub fn handle_timeout(&mut self, now: Duration) -> Result<(), ConnectionError> {
        let running = match &mut self.state {
            State::Greeting => {
                let after = now.saturating_sub(self.begun);
                return match after >= self.config.greeting_patience {
                    true => Err(ConnectionError::NoGreeting { after }),
                    false => Ok(()),
                };
            }
            State::Syncing { running, .. } => running,
        };
        if !running.session.is_done() {
            let after = now.saturating_sub(running.heard);
            if after >= SESSION_PATIENCE * self.config.patience {
                return Err(ConnectionError::Stalled { after });
            }
        }
        match self.silence {
            Silence::AskAt(time) if time <= now => {
                self.owes_ping = true;
                running.session.on_silence();
                self.silence = Silence::GiveUpAt(now + self.config.patience / 2);
                Ok(())
            }
            Silence::GiveUpAt(time) if time <= now => {
                Err(ConnectionError::Silent { after: self.config.patience })
            }
            _ => Ok(()),
        }
    }
}

// Output.
impl Connection {
    /// The next frame to send; `None` until there is more to say.
    ///
    /// Cost: that of [`Session::poll_message`].
    pub fn poll_frame(&mut self, replica: &mut Replica, now: Duration) -> Option<Frame> {
        if !self.is_greeting_sent {
            self.is_greeting_sent = true;
            return Some(Frame::greeting(&self.name));
        }
        if self.owes_pong {
            self.owes_pong = false;
            return Some(Frame::pong());
        }
        if let State::Syncing { running, .. } = &mut self.state {
            loop {
                let is_urgent = self.changed[Priority::High as usize]
                    || self.changed[Priority::Medium as usize];
                let is_left = running.resume_low() && !running.session.is_done() && is_urgent;
                if !is_left {
                    let message = running.session.poll_message(replica);
                    running.drain(&mut self.events, now);
                    if let Some(message) = message {
                        let frame = Frame { number: running.summary.number, message };
                        running.summary.sent += frame.length();
                        return Some(frame);
                    }
                    if !running.session.is_done() || self.changed == [false; 3] {
                        break;
                    }
                }
                let number = running.summary.number.wrapping_add(1);
                let config = self.config.session_at(now.saturating_sub(self.begun));
                **running = Running::new(number, config, replica, now);
                self.changed = [false; 3];
            }
        }
        if self.owes_ping {
            self.owes_ping = false;
            return Some(Frame::ping());
        }
        None
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<ConnectionEvent> {
        self.events.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), unless there is other input before.
    pub fn poll_timeout(&self) -> Duration {
        let running = match &self.state {
            State::Greeting => return self.begun + self.config.greeting_patience,
            State::Syncing { running, .. } => running,
        };
        let (Silence::AskAt(time) | Silence::GiveUpAt(time)) = self.silence;
        match running.session.is_done() {
            true => time,
            false => time.min(running.heard + SESSION_PATIENCE * self.config.patience),
        }
    }

    /// As [`Session::prepare`], for the next frame.
    pub fn prepare(&mut self, replica: &mut Replica) {
        if let State::Syncing { running, .. } = &mut self.state {
            running.resume_low();
            running.session.prepare(replica);
        }
    }

    /// As [`Session::compress`].
    #[cfg(feature = "compression")]
    pub fn compress(&mut self, by: impl FnMut(&[u8]) -> Vec<u8>) {
        if let State::Syncing { running, .. } = &mut self.state {
            running.session.compress(by);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dot::{Origin, ReplicaId};
    use crate::hybrid_clock::HybridClock;
    use crate::operation::Operation;
    use crate::sync::{Drift, Schema};

    type Node = Replica;

    const PATIENCE: Duration = Duration::from_secs(10);
    const SECOND: Duration = Duration::from_secs(1);

    fn config() -> ConnectionConfig {
        let session = Config { max_message: 1024, ..Config::new(Schema::migration_assistant()) };
        ConnectionConfig { session, patience: PATIENCE, greeting_patience: SECOND }
    }

    struct Side {
        replica: Node,
        connection: Connection,
    }

    impl Side {
        fn new(name: &str) -> Self {
            let replica = ReplicaId::new(name).unwrap();
            let types = Schema::migration_assistant().types();
            let replica = Node::new(Origin { replica, incarnation: 0 }, &types);
            Self { replica, connection: Connection::new(config(), name, Duration::ZERO) }
        }

        fn poll(&mut self, now: Duration) -> Option<Frame> {
            self.connection.poll_frame(&mut self.replica, now)
        }

        fn hear(&mut self, frame: Frame, now: Duration) -> Result<(), ConnectionError> {
            self.connection.handle_frame(&mut self.replica, frame, now)
        }

        fn add(&mut self, element: &str) {
            self.replica.perform("approved", Operation::Add { element }, None).unwrap();
            self.connection.handle_change(Priority::High);
        }

        fn summaries(&mut self) -> Vec<SessionSummary> {
            let events = std::iter::from_fn(|| self.connection.poll_event());
            let done = events.filter_map(|event| match event {
                ConnectionEvent::SessionDone(summary) => Some(summary),
                _ => None,
            });
            done.collect()
        }
    }

    fn pair() -> [Side; 2] {
        ["laptop", "server"].map(Side::new)
    }

    /// Both sides speak, a frame each in turn, until nobody has anything to say.
    fn run(sides: &mut [Side; 2], now: Duration) {
        let mut quiet = 0;
        let mut from = 0;
        while quiet < 2 {
            quiet += 1;
            if let Some(frame) = sides[from].poll(now) {
                quiet = 0;
                sides[1 - from].hear(frame, now).unwrap();
            }
            from = 1 - from;
        }
        assert!(sides.iter().all(|side| side.connection.is_idle()));
    }

    #[test]
    fn changes_begin_the_next_session_and_what_the_peer_brought_does_not() {
        let mut sides = pair();
        sides[0].add("x");
        run(&mut sides, SECOND);
        assert_eq!(sides[0].connection.peer(), Some("server"));
        for side in &mut sides {
            let summaries = side.summaries();
            assert_eq!(summaries.len(), 1, "{summaries:?}");
            assert!(summaries[0].classes.iter().all(|(_, how)| *how == Outcome::Verified));
        }
        assert_eq!(sides[0].poll(SECOND), None);
        sides[1].add("y");
        run(&mut sides, 2 * SECOND);
        for side in &mut sides {
            let [summary] = &side.summaries()[..] else { panic!("one session for one change") };
            assert_eq!(summary.number, 2);
            assert!(summary.sent > 0 && summary.received > 0);
        }
        let [a, b] = &mut sides;
        assert_eq!(a.replica.state_hash(), b.replica.state_hash());
    }

    #[test]
    fn the_clock_of_the_drift_goes_on_with_the_connection() {
        let mut sides = pair();
        let begun = 1_700_000_000_000;
        sides[1].connection.config.session.drift = Some(Drift::reported(begun));
        run(&mut sides, Duration::ZERO);
        let write = |side: &mut Side, after: Duration| {
            let timestamp = HybridClock::at(begun + after.as_millis() as u64);
            let write = Operation::Write { value: Some("1"), timestamp };
            side.replica.perform("configuration", write, None).unwrap();
            side.connection.handle_change(Priority::Medium);
        };
        let is_ahead = |side: &mut Side| {
            let mut events = std::iter::from_fn(|| side.connection.poll_event());
            events.any(|event| matches!(event, ConnectionEvent::Session(Event::ClockAhead(_))))
        };
        // Three days later a write of that day is no clock that is ahead; one of five days later is.
        let day = 24 * 3600 * SECOND;
        write(&mut sides[0], 3 * day);
        run(&mut sides, 3 * day);
        assert!(!is_ahead(&mut sides[1]));
        write(&mut sides[0], 5 * day);
        run(&mut sides, 3 * day);
        assert!(is_ahead(&mut sides[1]));
    }

    #[test]
    fn what_is_urgent_leaves_a_session_that_is_at_low_priority() {
        let mut sides = pair();
        for number in 0..200_u64 {
            let key = format!("{:x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let put = Operation::Put { key: key.as_str(), value: Some(&*key), timestamp: number };
            sides[0].replica.perform("patterns", put, None).unwrap();
        }
        let is_at_low = |side: &Side| {
            side.connection.session().is_some_and(|session| {
                session.is_class_done(Priority::High)
                    && session.is_class_done(Priority::Medium)
                    && !session.is_done()
            })
        };
        // Until patterns are on their way.
        for turn in 0..40 {
            if is_at_low(&sides[0]) {
                break;
            }
            if let Some(frame) = sides[turn % 2].poll(SECOND) {
                sides[1 - turn % 2].hear(frame, SECOND).unwrap();
            }
        }
        assert!(is_at_low(&sides[0]));
        sides[0].add("urgent");
        let frame = sides[0].poll(SECOND).unwrap();
        assert_eq!(frame.number, 2);
        sides[1].hear(frame, SECOND).unwrap();
        // A frame of the session that was left is ignored.
        let late = Frame { number: 1, message: vec![1, 2, 3] };
        sides[0].hear(late, SECOND).unwrap();
        run(&mut sides, SECOND);
        let [a, b] = &mut sides;
        assert_eq!(a.replica.state_hash(), b.replica.state_hash());
    }

    #[test]
    fn a_side_asks_before_it_gives_up_and_an_answer_keeps_it() {
        let mut sides = pair();
        run(&mut sides, SECOND);
        let ask_at = sides[0].connection.poll_timeout();
        assert_eq!(ask_at, SECOND + PATIENCE / 2);
        sides[0].connection.handle_timeout(ask_at - SECOND).unwrap();
        assert_eq!(sides[0].poll(ask_at), None);
        sides[0].connection.handle_timeout(ask_at).unwrap();
        let ping = sides[0].poll(ask_at).unwrap();
        assert_eq!(sides[0].poll(ask_at), None);
        sides[1].hear(ping, ask_at).unwrap();
        let pong = sides[1].poll(ask_at).unwrap();
        sides[0].hear(pong, ask_at).unwrap();
        // That is no question, so it needs no answer.
        assert_eq!(sides[0].poll(ask_at), None);
        let again = sides[0].connection.poll_timeout();
        assert_eq!(again, ask_at + PATIENCE / 2);
        sides[0].connection.handle_timeout(again).unwrap();
        assert!(sides[0].poll(again).is_some());
        let end = sides[0].connection.poll_timeout();
        let error = sides[0].connection.handle_timeout(end).unwrap_err();
        assert_eq!(error, ConnectionError::Silent { after: PATIENCE });
    }

    #[test]
    fn a_peer_that_answers_and_does_not_go_on_is_given_up() {
        let mut sides = pair();
        sides[0].add("x");
        let greetings = [0, 1].map(|side| sides[side].poll(SECOND).unwrap());
        for (side, greeting) in greetings.into_iter().rev().enumerate() {
            sides[side].hear(greeting, SECOND).unwrap();
        }
        // The laptop's hello is lost.
        assert!(sides[0].poll(SECOND).is_some());
        let (error, now) = loop {
            let now = sides[0].connection.poll_timeout();
            if let Err(error) = sides[0].connection.handle_timeout(now) {
                break (error, now);
            }
            if let Some(frame) = sides[0].poll(now) {
                sides[1].hear(frame, now).unwrap();
                sides[0].hear(Frame::pong(), now).unwrap();
            }
        };
        assert_eq!(error, ConnectionError::Stalled { after: 4 * PATIENCE });
        assert_eq!(now, SECOND + 4 * PATIENCE);
    }

    #[test]
    fn only_a_greeting_in_time_begins() {
        let [mut laptop, mut server] = pair();
        let mut greeting = server.poll(SECOND).unwrap();
        let mut hear = |frame: Frame| {
            let mut connection = laptop.connection.clone();
            connection.handle_frame(&mut laptop.replica, frame, SECOND)
        };
        assert_eq!(hear(greeting.clone()), Ok(()));
        assert_eq!(hear(Frame::full()), Err(ConnectionError::Full));
        assert_eq!(hear(Frame::ping()), Err(ConnectionError::NotAGreeting));
        let name = "laptop".to_string();
        assert_eq!(hear(Frame::greeting("laptop")), Err(ConnectionError::SameName { name }));
        for name in ["", &"x".repeat(MAX_NAME + 1)] {
            assert_eq!(hear(Frame::greeting(name)), Err(ConnectionError::NotAGreeting));
        }
        greeting.message[20] ^= 1;
        assert_eq!(hear(greeting), Err(ConnectionError::NotAGreeting));
        let end = laptop.connection.poll_timeout();
        assert_eq!(end, SECOND);
        let error = laptop.connection.handle_timeout(end).unwrap_err();
        assert_eq!(error, ConnectionError::NoGreeting { after: SECOND });
        assert!(error.to_string().contains("1.0 s"), "{error}");
    }

    #[test]
    fn a_session_that_cannot_be_is_refused() {
        let mut sides = pair();
        run(&mut sides, SECOND);
        for number in [3, 7, u32::MAX] {
            let error = sides[0].hear(Frame { number, message: vec![1] }, SECOND).unwrap_err();
            assert_eq!(error, ConnectionError::WrongNumber { found: number, expected: 1 });
        }
        let error = sides[0].hear(Frame { number: 2, message: vec![1] }, SECOND).unwrap_err();
        assert_eq!(error, ConnectionError::Session(Error::Damaged));
    }
}
