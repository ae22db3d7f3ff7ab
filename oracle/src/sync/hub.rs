//! The hub: one replica and its store, shared by the connections of a process and by its user.
//!
//! Whatever changes the replica is stored before anybody is told: an edit before it is
//! acknowledged, what a peer sent before the next message leaves, which may claim it.

use super::Node;
use super::edit::Edit;
use super::failure::{Failure, Result};
use super::record::{self, Told};
use super::store::Store;
use rejoin::object::Priority;
use rejoin::sync::{Event, Session};
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

/// A replica that is open.
pub struct Hub {
    state: Mutex<State>,
}

struct State {
    replica: Node,
    store: Store,
    told: Told,
    /// Why nothing is done any more: what is in memory may not be in the store.
    broken: Option<Failure>,
    listeners: Vec<Listener>,
}

/// A connection that wants to know when others change something.
#[derive(Clone)]
pub struct Listener {
    /// The classes that were changed, one bit each.
    changed: Arc<AtomicU8>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Listener {
    /// One that is woken by calling `wake`, which must not wait.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self { changed: Arc::default(), wake: Arc::new(wake) }
    }

    /// Whether anything was changed since the last session began.
    pub fn has_news(&self) -> bool {
        self.changed.load(Ordering::SeqCst) != 0
    }

    /// Whether anything was changed since then that is not of low priority.
    pub fn has_urgent_news(&self) -> bool {
        self.changed.load(Ordering::SeqCst) & !(1 << Priority::Low as u8) != 0
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
            State { replica, store, told: Told::default(), broken: None, listeners: Vec::new() };
        Ok(Self { state: Mutex::new(state) })
    }

    /// Does something with the replica, and stores what it changed. The other listeners are woken.
    fn with<T>(
        &self,
        by: Option<&Listener>,
        act: impl FnOnce(&mut State) -> Result<(T, Vec<String>)>,
    ) -> Result<T> {
        let mut state = self.state.lock().unwrap_or_else(|broken| broken.into_inner());
        if let Some(failure) = &state.broken {
            return Err(failure.clone());
        }
        // Should it panic, the next one is to find it broken.
        let fault = "a fault of the program; nothing is stored any more, so start it anew";
        state.broken = Some(Failure { exit: crate::exit::Exit::Internal, message: fault.into() });
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

    /// Looks at the replica.
    pub fn look<T>(&self, look: impl FnOnce(&mut Node) -> T) -> Result<T> {
        self.with(None, |state| Ok((look(&mut state.replica), Vec::new())))
    }

    /// Performs an edit. When this returns, it is stored.
    ///
    /// # Errors
    /// Where it is refused, or cannot be stored.
    pub fn edit(&self, edit: &Edit) -> Result<u64> {
        self.with(None, |state| {
            let events = edit.perform(&mut state.replica, super::now())?;
            let name = state.replica.origin().replica.clone();
            let performed = state.replica.seen().get(&name).copied().unwrap_or(0);
            Ok((u64::try_from(performed).unwrap_or(u64::MAX), events))
        })
    }

    /// Begins a session of a connection.
    pub fn begin(&self, listener: &Listener) -> Result<Session> {
        self.with(None, |state| {
            listener.changed.store(0, Ordering::SeqCst);
            let mut session = Session::new(super::config(), &state.replica);
            session.pause(Priority::Low);
            Ok((session, Vec::new()))
        })
    }

    /// Gives a message of a peer to a session. When this returns, what it brought is stored.
    pub fn handle(
        &self,
        listener: &Listener,
        session: &mut Session,
        peer: &str,
        message: &[u8],
    ) -> Result<(Vec<Event>, std::result::Result<(), rejoin::sync::Error>)> {
        self.with(Some(listener), |state| {
            let State { replica, store, .. } = state;
            let handled = session.handle(replica, message);
            let events = events(session);
            let lines = record(store, replica, peer, &events);
            Ok(((events, handled), lines))
        })
    }

    /// The next message of a session.
    pub fn poll(
        &self,
        listener: &Listener,
        session: &mut Session,
        peer: &str,
    ) -> Result<(Option<Vec<u8>>, Vec<Event>)> {
        self.with(Some(listener), |state| {
            let State { replica, store, told, .. } = state;
            let message = session.poll_message(replica);
            let events = events(session);
            let mut lines = record(store, replica, peer, &events);
            if message.is_some() && store.is_recording() {
                lines.splice(0..0, told.sends(replica));
            }
            Ok(((message, events), lines))
        })
    }

    /// From now on a connection is told of changes.
    pub fn listen(&self, listener: &Listener) -> Result<()> {
        self.with(None, |state| {
            state.listeners.push(listener.clone());
            Ok(((), Vec::new()))
        })
    }

    /// A connection is over.
    pub fn leave(&self, listener: &Listener) {
        let mut state = self.state.lock().unwrap_or_else(|broken| broken.into_inner());
        state.listeners.retain(|other| !other.is(listener));
    }

    /// Why nothing is done any more.
    pub fn broken(&self) -> Option<Failure> {
        let state = self.state.lock().unwrap_or_else(|broken| broken.into_inner());
        state.broken.clone()
    }
}

fn events(session: &mut Session) -> Vec<Event> {
    std::iter::from_fn(|| session.poll_event()).collect()
}

/// What a trace says of the events of a session.
fn record(store: &Store, replica: &mut Node, peer: &str, events: &[Event]) -> Vec<String> {
    let mut lines = Vec::new();
    if !store.is_recording() {
        return lines;
    }
    let name = replica.origin().replica.as_str().to_string();
    for event in events {
        match event {
            Event::Changed(changed) => {
                let Ok(object) = replica.object(&changed.object) else { continue };
                lines.push(record::receive(&name, peer, &changed.object, object, &changed.seen));
            }
            Event::Done => lines.extend(record::claims(replica)),
            _ => {}
        }
    }
    lines
}
