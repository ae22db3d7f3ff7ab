//! The session.

use super::{Config, Error, Event};
use crate::optimized::Atom;
use crate::optimized::replica::Replica;
use crate::trace::Priority;
use std::collections::VecDeque;

/// One side of a session.
#[derive(Clone, Debug)]
pub struct Session {
    config: Config,
    events: VecDeque<Event>,
    is_paused: [bool; 3],
}

impl Session {
    /// A session that is about to begin.
    pub fn new<K: Atom + ?Sized, V: Atom + ?Sized>(
        config: Config,
        _replica: &Replica<K, V>,
    ) -> Self {
        Self { config, events: VecDeque::new(), is_paused: [false; 3] }
    }

    /// Takes in a message of the peer.
    pub fn handle<K: Atom + ?Sized, V: Atom + ?Sized>(
        &mut self,
        _replica: &mut Replica<K, V>,
        message: &[u8],
    ) -> Result<(), Error> {
        if message.len() > self.config.max_message {
            return Err(Error::TooLong { found: message.len(), limit: self.config.max_message });
        }
        Ok(())
    }

    /// The next message to send; `None` until there is more to say.
    pub fn poll_message<K: Atom + ?Sized, V: Atom + ?Sized>(
        &mut self,
        _replica: &mut Replica<K, V>,
    ) -> Option<Vec<u8>> {
        None
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Sends nothing of a class until it is resumed.
    pub fn pause(&mut self, class: Priority) {
        self.is_paused[class as usize] = true;
    }

    /// Goes on with a class.
    pub fn resume(&mut self, class: Priority) {
        self.is_paused[class as usize] = false;
    }

    /// Whether a class is exchanged and compared.
    pub fn is_class_done(&self, _class: Priority) -> bool {
        false
    }

    /// Whether all classes are. Poll for a last message still: the peer may need it.
    pub fn is_done(&self) -> bool {
        false
    }
}
