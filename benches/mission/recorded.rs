//! What is measured on a recorded history: cuts, and how many merge decisions its merges open.

use super::fleet::Fleet;
use super::history::{History, Step};
use super::offline::Offline;
use super::past::Seen;
use rejoin::object::ObjectType;
use rejoin::operation::ObjectId;
use std::collections::{BTreeMap, BTreeSet};

/// The history up to an operation, and a replica that was offline for so many seconds before it: the
/// one that performed the operation. It is offline from the first of its latest operations that
/// are all of that time, by its own clock.
///
/// It is a history that might have been. All are the same when the replica parts. Then all do what
/// they did, at the same times, but the messages from it and to it are left out; the order of the
/// file says what the others did meanwhile. At last the others bring what they have to the server:
/// the first replica, or the second one where the first was offline.
///
/// `last` is the number of the operation.
pub fn cut(history: &History, last: usize, seconds: u64) -> Offline {
    let client = history.works[last].replica;
    let server = usize::from(client == 0);
    let begin = history.works[last].time.saturating_sub(seconds * history.second());
    let of_client = (0..=last).rev().filter(|number| history.works[*number].replica == client);
    let first = of_client.take_while(|number| history.works[*number].time > begin).last();
    let first = first.unwrap_or(last);

    let names: Vec<&str> = history.replicas.iter().map(String::as_str).collect();
    let mut whole = History::new(&history.name, &names, history.schema.clone());
    let everyone = |history: &mut History, server: usize, but: Option<usize>| {
        let others = (0..names.len()).filter(|one| *one != server && Some(*one) != but);
        others.for_each(|other| history.merge(server, other));
    };
    // The messages of the recording by their numbers in the new history.
    let mut numbers = vec![None; history.senders.len()];
    let mut parted = None;
    for step in &history.steps {
        match *step {
            Step::Work(number) => {
                if number == first {
                    everyone(&mut whole, server, None);
                    (0..names.len())
                        .filter(|one| *one != server)
                        .for_each(|one| whole.merge(one, server));
                    parted = Some(whole.steps.len());
                }
                whole.perform(history.works[number].clone());
                if number == last {
                    break;
                }
            }
            Step::Send { replica, message } if parted.is_none() || replica != client => {
                numbers[message] = Some(whole.send(replica));
            }
            Step::Receive { replica, message } => {
                let is_apart = replica == client || history.senders[message] == client;
                if let Some(number) = numbers[message].filter(|_| parted.is_none() || !is_apart) {
                    whole.receive(replica, number);
                }
            }
            Step::Send { .. } => {}
        }
    }
    everyone(&mut whole, server, Some(client));
    let apart = parted.unwrap_or(0)..whole.steps.len();
    whole.sync(client, server);
    Offline { history: whole, client, server, apart }
}

/// How many merge decisions a history's merges open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// How many messages were applied that brought something.
    pub merges: usize,
    /// How many operations they brought, counted at each replica that took them in.
    pub operations: BTreeMap<ObjectType, usize>,
    /// How many keys were open after a merge, and not before it.
    pub opened: BTreeMap<ObjectType, usize>,
    /// How many merges opened one or more.
    pub opening: usize,
}

/// Replays the history, and looks before and after each message, from that step on.
pub fn opened(history: &History, from: usize) -> Opened {
    let mut fleet = Fleet::new(history);
    let mut seen = Seen::new(history);
    let mut counts = Opened::default();
    for (at, step) in history.steps.iter().enumerate() {
        let (replica, message) = match *step {
            Step::Receive { replica, message } if at >= from => (replica, message),
            _ => {
                fleet.step(step);
                seen.step(history, step);
                continue;
            }
        };
        let mut is_news = false;
        for number in seen.messages[message].without(&seen.replicas[replica]) {
            is_news = true;
            let kind = history.works[number].operation.kind();
            *counts.operations.entry(kind).or_default() += 1;
        }
        let before = open_keys(&fleet, replica);
        fleet.step(step);
        seen.step(history, step);
        let after = open_keys(&fleet, replica);
        let mut new = after.difference(&before).peekable();
        counts.merges += usize::from(is_news);
        counts.opening += usize::from(new.peek().is_some());
        for (object, _) in new {
            *counts.opened.entry(history.kind(object)).or_default() += 1;
        }
    }
    counts
}

fn open_keys(fleet: &Fleet<'_>, replica: usize) -> BTreeSet<(ObjectId, Vec<u8>)> {
    let open = fleet.replicas[replica].conflicts();
    open.map(|(object, open)| (object.clone(), open.key)).collect()
}
