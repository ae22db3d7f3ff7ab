//! What takes part: a library with a way to use it, behind one interface.
//!
//! A participant implements [`Replica`], and [`peer`] makes a [`Participant`] of it.

use crate::workload::{Contents, Transaction, Workload};
use std::sync::Arc;

/// What went over the wire, message by message. The receiver of one may keep it.
pub type Messages = Vec<Arc<Vec<u8>>>;

/// A replica as a library offers it, holding a map, a set, a counter and a log.
pub trait Replica {
    /// Does all operations of a transaction.
    fn apply(&mut self, transaction: &Transaction);

    /// A new replica that knows what this one knows, and that both know to be in step.
    fn fork(&mut self, author: u64) -> Self;

    /// Both learn what the other knows: first the server from `self`, then `self` from the server.
    /// Every byte that would go over a wire is in a message.
    fn sync(&mut self, server: &mut Self) -> Messages;

    /// The hub learns what `self` knows, and not the other way round.
    fn send(&mut self, hub: &mut Self) -> Messages;

    /// Forgets what it kept for those who now know it. Not timed.
    fn settle(&mut self) {}

    /// What it holds.
    fn contents(&mut self) -> Contents;
}

/// A participant in the comparison.
pub trait Participant {
    /// The library and the way in which it is used.
    fn name(&self) -> &'static str;

    /// Why it is left out of a workload, if it is.
    fn declines(&self, workload: &Workload) -> Option<&'static str>;

    /// The replicas of a workload, forked, before anybody edits apart.
    fn prepare(&self, workload: &Workload) -> Box<dyn Replicas>;
}

/// The replicas of one round.
pub trait Replicas {
    /// All edit apart.
    fn edit(&mut self, workload: &Workload);

    /// What is timed: all replicas sync with the server.
    fn sync(&mut self, workload: &Workload) -> Messages;

    /// What each replica that is to know everything holds, the server first.
    fn contents(&mut self, workload: &Workload) -> Vec<Contents>;

    /// Drops all replicas but the server, and what the server kept for them.
    fn keep_server(&mut self);
}

struct Peer<R> {
    name: &'static str,
    new: fn(u64) -> R,
    declines: fn(&Workload) -> Option<&'static str>,
}

/// The participant whose replicas `new` makes, given the number of their author.
pub fn peer<R: Replica + 'static>(
    name: &'static str,
    new: fn(u64) -> R,
    declines: fn(&Workload) -> Option<&'static str>,
) -> Box<dyn Participant> {
    Box::new(Peer { name, new, declines })
}

impl<R: Replica + 'static> Participant for Peer<R> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn declines(&self, workload: &Workload) -> Option<&'static str> {
        (self.declines)(workload)
    }

    fn prepare(&self, workload: &Workload) -> Box<dyn Replicas> {
        let mut server = (self.new)(0);
        for transaction in &workload.base {
            server.apply(transaction);
        }
        let others = 1..workload.offline.len() as u64;
        let others: Vec<R> = others.map(|author| server.fork(author)).collect();
        Box::new(Forked { server, others })
    }
}

struct Forked<R> {
    server: R,
    others: Vec<R>,
}

impl<R: Replica> Replicas for Forked<R> {
    fn edit(&mut self, workload: &Workload) {
        let replicas = std::iter::once(&mut self.server).chain(&mut self.others);
        for (replica, transactions) in replicas.zip(&workload.offline) {
            for transaction in transactions {
                replica.apply(transaction);
            }
        }
    }

    fn sync(&mut self, workload: &Workload) -> Messages {
        let mut messages = Messages::new();
        for other in &mut self.others {
            messages.extend(if workload.one_way {
                other.send(&mut self.server)
            } else {
                other.sync(&mut self.server)
            });
        }
        messages
    }

    fn contents(&mut self, workload: &Workload) -> Vec<Contents> {
        let mut contents = vec![self.server.contents()];
        if !workload.one_way {
            contents.extend(self.others.iter_mut().map(R::contents));
        }
        contents
    }

    fn keep_server(&mut self) {
        self.others.clear();
        self.server.settle();
    }
}
