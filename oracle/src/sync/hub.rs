//! The hub: one replica and its store, shared by the connections of a process and by its user.
//!
//! The hub stores every change of the replica before anything depends on it: an edit before it is
//! acknowledged, and a peer's changes before the next message leaves, which may claim them.

use super::Node;
use super::edit::Edit;
use super::failure::{Failure, Result};
use super::record::{self, Sent};
use super::store::{Recording, Store};
use rejoin::object::Priority;
use rejoin::sync::{
    CLASSES, Config, Connection, ConnectionError, ConnectionEvent, Event, Frame, Session,
};
use rejoin::wire::compress;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// An open replica.
pub struct Hub {
    state: Mutex<State>,
    packed: Mutex<Packed>,
}

struct State {
    replica: Node,
    store: Store,
    sent: Sent,
    /// Why nothing is done any more: the replica in memory may have more than the store.
    broken: Option<Failure>,
    listeners: Vec<Listener>,
}

/// Registers a connection for changes by others.
#[derive(Clone)]
pub struct Listener {
    /// The classes that were changed, one bit each.
    changed: Arc<AtomicU8>,
    /// How many bytes its session holds.
    held: Arc<AtomicUsize>,
    /// Whether it is to end, since all sessions together hold too much.
    is_evicted: Arc<AtomicBool>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

/// How many bytes all sessions may hold together, beside what they share with the replica. Beyond that the
/// one that holds the most ends: a hostile peer, or one that can come back when there is room.
const MOST_HELD: usize = 128 << 20;

impl Listener {
    /// A listener that is woken by `wake`, which must not wait.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        let (changed, held, is_evicted) = Default::default();
        Self { changed, held, is_evicted, wake: Arc::new(wake) }
    }

    /// The classes that others changed since the last call.
    pub fn take_changes(&self) -> impl Iterator<Item = Priority> {
        let changed = self.changed.swap(0, Ordering::SeqCst);
        CLASSES.into_iter().filter(move |class| changed & (1 << *class as u8) != 0)
    }

    /// Whether its connection is to end, since all sessions together hold too much.
    fn check(&self) -> Result<()> {
        match self.is_evicted.load(Ordering::SeqCst) {
            true => Err(Failure::unfinished(format!(
                "the sessions of all peers hold more than {} MiB, and this one the most: try again \
                 when fewer are connected",
                MOST_HELD >> 20
            ))),
            false => Ok(()),
        }
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.changed, &other.changed)
    }
}

impl Hub {
    /// Opens a replica.
    pub fn open(path: &Path) -> Result<Self> {
        let (store, replica) = Store::open(path)?;
        let state =
            State { replica, store, sent: Sent::default(), broken: None, listeners: Vec::new() };
        Ok(Self { state: Mutex::new(state), packed: Mutex::default() })
    }

    /// Runs `act` on the replica, stores what it changed, and wakes the other listeners.
    fn with<T>(
        &self,
        by: Option<&Listener>,
        act: impl FnOnce(&mut State) -> Result<(T, Vec<String>)>,
    ) -> Result<T> {
        let mut state = locked(&self.state);
        if let Some(failure) = &state.broken {
            return Err(failure.clone());
        }
        // If `act` panics, the next caller finds this.
        let fault = "an error of this program: it stores nothing any more; start it again, and \
                     report the error";
        state.broken = Some(Failure::new(crate::exit::Exit::Internal, fault));
        let acted = act(&mut state);
        let State { replica, store, listeners, .. } = &mut *state;
        let empty = Vec::new();
        let events = match &acted {
            Ok((_, events)) if store.is_recording() => events,
            _ => &empty,
        };
        let changed = store.changed(replica);
        if let Err(failure) = store.commit(replica, events) {
            state.broken = Some(failure.clone());
            return Err(failure);
        }
        if changed != 0 {
            for listener in listeners.iter().filter(|listener| by.is_none_or(|by| !by.is(listener)))
            {
                listener.changed.fetch_or(changed, Ordering::SeqCst);
                (listener.wake)();
            }
        }
        state.broken = None;
        acted.map(|(answer, _)| answer)
    }

    /// Reads the replica.
    pub fn look<T>(&self, look: impl FnOnce(&mut Node) -> T) -> Result<T> {
        self.with(None, |state| Ok((look(&mut state.replica), Vec::new())))
    }

    /// The options of sessions. A recording replica sends whole deltas: a record has a name for
    /// what a sender had seen, and none for a part of it.
    pub fn config(&self) -> Config {
        let mut config = super::config();
        if locked(&self.state).store.is_recording() {
            config.max_piece = usize::MAX;
        }
        config
    }

    /// Performs an edit, and returns the number of the last operation that this replica has
    /// performed. When this returns, the edit is stored.
    ///
    /// # Errors
    /// If the edit is refused, cannot be stored, or it is not known whether it is stored.
    pub fn edit(&self, edit: &Edit) -> Result<u64> {
        let before = self.look(|replica| performed(replica))?;
        let edited = self.with(None, |state| {
            let events = edit.perform(&mut state.replica, super::now())?;
            Ok((performed(&state.replica), events))
        });
        edited.map_err(|failure| failure.of_edit(before))
    }

    /// Performs an edit if the replica has performed so many operations. `None` if it has performed
    /// more: then the edit was kept when its outcome was not known.
    ///
    /// # Errors
    /// As [`edit`](Self::edit), and if the replica has performed fewer.
    pub fn edit_once(&self, edit: &Edit, after: u64) -> Result<Option<u64>> {
        match self.look(|replica| performed(replica))? {
            found if found > after => Ok(None),
            found if found < after => Err(Failure::usage(format!(
                "this replica has performed {found} operations, fewer than the {after} of `--performed`"
            ))),
            _ => self.edit(edit).map(Some),
        }
    }

    /// Gives a frame of a peer to a connection. When this returns, the changes that it brought are
    /// stored.
    pub fn handle_frame(
        &self,
        listener: &Listener,
        connection: &mut Connection,
        frame: Frame,
        now: Duration,
    ) -> Result<(Vec<ConnectionEvent>, std::result::Result<(), ConnectionError>)> {
        listener.check()?;
        self.with(Some(listener), |state| {
            let State { replica, store, .. } = state;
            let handled = connection.handle_frame(replica, frame, now);
            bound(&state.listeners, listener, connection);
            let events = events(connection);
            let lines = record(store, replica, connection.peer(), &events);
            Ok(((events, handled), lines))
        })
    }

    /// The next frame of a connection. Other connections may use the replica while a large delta is
    /// compressed.
    pub fn poll_frame(
        &self,
        listener: &Listener,
        connection: &mut Connection,
        now: Duration,
    ) -> Result<(Option<Frame>, Vec<ConnectionEvent>)> {
        listener.check()?;
        let is_prepared = self.with(Some(listener), |state| {
            // The record gets a `send` before the frame leaves.
            let is_prepared = !state.store.is_recording();
            if is_prepared {
                connection.prepare(&mut state.replica);
            }
            Ok((is_prepared, Vec::new()))
        })?;
        if is_prepared {
            connection.compress(|delta| self.compress(delta));
        }
        self.with(Some(listener), |state| {
            let State { replica, store, sent, .. } = state;
            let frame = connection.poll_frame(replica, now);
            bound(&state.listeners, listener, connection);
            let events = events(connection);
            let mut lines = record(store, replica, connection.peer(), &events);
            if frame.is_some() && store.is_recording() {
                lines.splice(0..0, sent.sends(replica));
            }
            Ok(((frame, events), lines))
        })
    }

    /// Compresses a delta. Large ones are compressed one at a time, and kept for the next
    /// connection that asks for the same.
    fn compress(&self, delta: &[u8]) -> Vec<u8> {
        match delta.len() < LEAST_KEPT {
            true => compress(delta).into_owned(),
            false => locked(&self.packed).get(delta),
        }
    }

    /// Registers a connection for changes from now on.
    pub fn listen(&self, listener: &Listener) -> Result<()> {
        self.with(None, |state| {
            state.listeners.push(listener.clone());
            Ok(((), Vec::new()))
        })
    }

    /// Removes the listener of a connection that has ended.
    pub fn leave(&self, listener: &Listener) {
        let mut state = locked(&self.state);
        state.listeners.retain(|other| !other.is(listener));
    }

    /// Whether the replica records.
    pub fn recording(&self) -> Recording {
        locked(&self.state).store.recording()
    }

    /// Why nothing is done any more.
    pub fn broken(&self) -> Option<Failure> {
        let state = locked(&self.state);
        state.broken.clone()
    }
}

/// Notes what a session holds. If all hold too much, the one that holds the most is to end.
fn bound(listeners: &[Listener], of: &Listener, connection: &Connection) {
    let held = connection.session().map_or(0, Session::held);
    of.held.store(held, Ordering::SeqCst);
    let held = |listener: &&Listener| listener.held.load(Ordering::SeqCst);
    let stay = || listeners.iter().filter(|listener| listener.check().is_ok());
    if stay().map(|listener| held(&listener)).sum::<usize>() > MOST_HELD
        && let Some(most) = stay().max_by_key(held)
    {
        most.is_evicted.store(true, Ordering::SeqCst);
        (most.wake)();
    }
}

/// Deltas of at least so many bytes are compressed one at a time, and kept.
const LEAST_KEPT: usize = 64 << 10;

/// How many bytes of compressed deltas are kept.
const MOST_KEPT: usize = 32 << 20;

/// The compressed deltas that were asked for last, by the hash of their content.
#[derive(Default)]
struct Packed {
    deltas: VecDeque<([u8; 32], Vec<u8>)>,
    bytes: usize,
}

impl Packed {
    fn get(&mut self, delta: &[u8]) -> Vec<u8> {
        let hash = *blake3::hash(delta).as_bytes();
        if let Some((_, packed)) = self.deltas.iter().find(|(of, _)| *of == hash) {
            return packed.clone();
        }
        let packed = compress(delta).into_owned();
        self.bytes += packed.len();
        self.deltas.push_back((hash, packed.clone()));
        while self.bytes > MOST_KEPT
            && let Some((_, oldest)) = self.deltas.pop_front()
        {
            self.bytes -= oldest.len();
        }
        packed
    }
}

/// Locks a mutex, also if a holder has panicked: the hub notes by itself when it is broken.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|broken| broken.into_inner())
}

/// How many operations the replica has performed, under all its incarnations.
fn performed(replica: &Node) -> u64 {
    let name = &replica.origin().replica;
    let performed = replica.seen().get(name).copied().unwrap_or(0);
    u64::try_from(performed).unwrap_or(u64::MAX)
}

fn events(connection: &mut Connection) -> Vec<ConnectionEvent> {
    std::iter::from_fn(|| connection.poll_event()).collect()
}

/// The lines of a trace for the events of a connection.
fn record(
    store: &Store,
    replica: &mut Node,
    peer: Option<&str>,
    events: &[ConnectionEvent],
) -> Vec<String> {
    let mut lines = Vec::new();
    let Some(peer) = peer.filter(|_| store.is_recording()) else { return lines };
    let name = replica.origin().replica.as_str().to_string();
    for event in events {
        match event {
            ConnectionEvent::Session(Event::Changed(changed)) => {
                let Ok(object) = replica.object(&changed.object) else { continue };
                lines.push(record::receive(&name, peer, &changed.object, object, &changed.seen));
            }
            ConnectionEvent::Session(Event::Done) => lines.extend(record::claims(replica)),
            _ => {}
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressed_deltas_are_kept_up_to_a_number_of_bytes() {
        let mut packed = Packed::default();
        let delta = |number: u8| vec![number; LEAST_KEPT];
        let first = packed.get(&delta(1));
        assert_eq!(first, packed.get(&delta(1)));
        assert_eq!(packed.deltas.len(), 1);
        // As if each took a third of the capacity.
        for number in 2..6 {
            packed.get(&delta(number));
            packed.bytes += MOST_KEPT / 3;
        }
        assert!(packed.deltas.len() < 5, "{} are kept", packed.deltas.len());
        assert_eq!(packed.get(&delta(1)), first);
    }
}
