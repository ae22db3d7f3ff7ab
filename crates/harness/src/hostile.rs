//! Hostile peers: what they send, and what must hold all the same.
//!
//! Noise goes to the replicas themselves. A replica may believe what keeps to the protocol, so that
//! goes to copies of the replicas, which are dropped afterwards.

use super::Rng;
use super::link::Wire;
use super::world::{KEYS, Node, OBJECTS, World, origin, vectors};
use rejoin::dot::Origin;
use rejoin::operation::Operation;
use rejoin::optimized::replica::Reason;
use rejoin::optimized::{ActorTable, ApplyError, StateHash, Vector};
use rejoin::sync::protocol::{Answer, Part, decode, encode, seal};
use rejoin::sync::{CLASSES, Config, Event, Frame, Outcome, Session};
use std::sync::Arc;

/// No conversation needs as many flights of messages.
const MOST_TURNS: usize = 60;

/// How often a flood repeats each message.
const REPETITIONS: usize = 20;

/// How many bytes a session answers at most: for each byte of a flood, and in addition.
const ANSWERED: usize = 64;
const BESIDES: usize = 1 << 16;

/// The outcome of one session between two replicas.
struct Conversation {
    events: [Vec<Event>; 2],
    /// Whether both sides finished.
    is_done: bool,
    /// The bytes that each side sent.
    sent: [usize; 2],
}

impl Conversation {
    /// Whether a side reported that the object cannot become the same on both.
    fn is_alarmed(&self, side: usize, object: &str) -> bool {
        self.events[side].iter().any(|event| match event {
            // Nothing is written meanwhile, so a session can name every difference.
            Event::Discrepancy(found) => {
                *found.object == *object && found.is_complete && !found.records.is_empty()
            }
            Event::Forked { object: of, .. } | Event::Refused { object: of, .. } => **of == *object,
            _ => false,
        })
    }
}

/// Runs a session over a perfect link. `tamper` gets each message and its side, and returns the
/// messages that arrive instead.
fn talk(
    config: &Config,
    nodes: [&mut Node; 2],
    mut tamper: impl FnMut(usize, Vec<u8>) -> Vec<Vec<u8>>,
) -> Conversation {
    let mut sessions = [0, 1].map(|side| Session::new(config.clone(), nodes[side]));
    let mut sent = [0, 0];
    let mut is_broken = false;
    for turn in 0..MOST_TURNS {
        let side = turn % 2;
        let mut is_quiet = true;
        while let Some(message) = sessions[side].poll_message(nodes[side]) {
            is_quiet = false;
            sent[side] += message.len();
            for message in tamper(side, message) {
                is_broken |= sessions[1 - side].handle(nodes[1 - side], &message).is_err();
            }
        }
        if is_broken || (is_quiet && turn > 1) {
            break;
        }
    }
    let is_done = sessions.iter().all(Session::is_done);
    let events = sessions.map(|mut session| {
        std::iter::from_fn(|| session.poll_event()).filter(is_telling).collect()
    });
    Conversation { events, is_done, sent }
}

/// Changes are of no interest here.
fn is_telling(event: &Event) -> bool {
    !matches!(event, Event::Changed(_))
}

/// Passes on a message as it is.
fn honest(_: usize, message: Vec<u8>) -> Vec<Vec<u8>> {
    vec![message]
}

/// The state hashes of all objects.
fn hashes(node: &mut Node) -> Vec<(String, StateHash)> {
    let names: Vec<String> = node.objects().keys().map(|name| name.to_string()).collect();
    let hashed = |name: String| node.object_hash(&name).ok().map(|hash| (name, hash));
    names.into_iter().filter_map(hashed).collect()
}

impl World {
    /// A hostile peer writes on the link. Returns whether the connection goes on.
    pub fn attack(&mut self, at: usize, wire: &mut Wire) -> bool {
        let side = self.random.place(2);
        let [to, from] = [side, 1 - side].map(|side| self.links[at].ends[side]);
        let mut nodes = [to, from].map(|at| self.sites[at].replica.clone());
        match self.random.below(12) {
            0..=3 => {
                self.statistics.hostile += 1;
                let length = self.random.place(200);
                let message = (0..length).map(|_| self.random.bits() as u8).collect();
                let number = self.random.below(3) as u32;
                return self.hear(at, side, wire, Frame { number, message });
            }
            4..=7 => {
                self.statistics.hostile += 1;
                let session = wire.sides[side].as_ref().and_then(|side| side.session().cloned());
                self.damage(&mut nodes, session);
            }
            // What follows is a forgery in the name of an incarnation, and no fork.
            _ if self.draws => {}
            8 => self.fork(nodes),
            9 => self.claim_future_vector(nodes),
            10 => self.lie(nodes),
            _ => self.flood(nodes),
        }
        true
    }

    /// Sends damaged messages with a right checksum, of a session and to one, which may have begun.
    fn damage(&mut self, [node, liar]: &mut [Node; 2], session: Option<Session>) {
        let config = &self.config.session;
        let mut lies = Session::new(config.clone(), liar);
        let session = session.filter(|_| self.random.one_in(2));
        let mut session = session.unwrap_or_else(|| Session::new(config.clone(), node));
        for _ in 0..20 {
            let mut is_quiet = true;
            while let Some(mut message) = lies.poll_message(liar) {
                is_quiet = false;
                if self.random.one_in(2) {
                    damage(&mut message, &mut self.random);
                }
                if session.handle(node, &message).is_err() {
                    return;
                }
            }
            while let Some(message) = session.poll_message(node) {
                is_quiet = false;
                if lies.handle(liar, &message).is_err() {
                    return;
                }
            }
            if is_quiet {
                return;
            }
        }
    }

    /// Lets two honest replicas meet. Returns whether they became the same and verified it.
    fn agree(&mut self, nodes: &mut [Node; 2], when: &str) -> bool {
        let [a, b] = nodes;
        let talk = talk(&self.config.session, [a, b], honest);
        let is_plain = |event: &Event| match event {
            Event::ClassDone { outcome, .. } => *outcome == Outcome::Verified,
            Event::Done => true,
            _ => false,
        };
        let odd = talk.events.iter().flatten().find(|event| !is_plain(event));
        if !talk.is_done || odd.is_some() || hashes(a) != hashes(b) {
            self.findings.push(format!("two copies do not agree {when}: {odd:.300?}"));
            return false;
        }
        true
    }

    /// A hostile peer performs two operations under one name and sends a different one to each of
    /// two replicas. When these meet, both must find the fork, keep what they have, and agree on
    /// all other objects.
    fn fork(&mut self, mut nodes: [Node; 2]) {
        let (object, _) = OBJECTS[self.random.place(OBJECTS.len())];
        if self.is_without(object) || !self.agree(&mut nodes, "before a fork") {
            return;
        }
        self.statistics.forks += 1;
        // The name of one of the replicas, or of an unknown one.
        let name = origin(self.random.place(self.sites.len() + 1), 0);
        let timestamp = self.clock(0);
        let key = KEYS[self.random.place(KEYS.len())];
        for (side, node) in nodes.iter_mut().enumerate() {
            let value = ["\"one\"", "\"other\""][side];
            let operation = match object {
                "count" => Operation::Increment { amount: 1 + side as u64 },
                "phase" => Operation::Write { value: Some(value), timestamp },
                "approved" if side == 0 => Operation::Add { element: key },
                "approved" => Operation::Remove { element: key },
                "columns" => Operation::Put { key, value: Some(value), timestamp },
                _ => Operation::Append { entry: Some(value), timestamp },
            };
            let mut peer = Node::restored(name.clone(), node.objects().clone());
            if peer.perform(object, operation, None).is_err() {
                return;
            }
            let before = hashes(node);
            let is_own = *node.origin() == name;
            let talk = talk(&self.config.session, [node, &mut peer], honest);
            if is_own && (!talk.is_alarmed(0, object) || hashes(node) != before) {
                self.findings
                    .push(format!("{object}: the replica did not report a fork of its own name"));
            }
        }
        let before = nodes.each_mut().map(hashes);
        let seen = nodes.each_ref().map(vectors);
        let [a, b] = &mut nodes;
        let talk = talk(&self.config.session, [a, b], honest);
        let after = [hashes(a), hashes(b)];
        for (left, right) in after[0].iter().zip(&after[1]) {
            if *left.0 != *object && left != right {
                let text = format!("{}: it differs, although only {object} was forged", left.0);
                self.findings.push(text);
            }
        }
        let is_of_it = |hashes: &[(String, StateHash)]| {
            hashes.iter().find(|(name, _)| *name == object).map(|(_, hash)| *hash)
        };
        if seen[0] == seen[1] && is_of_it(&before[0]) != is_of_it(&before[1]) {
            let are_alarmed = talk.is_alarmed(0, object) && talk.is_alarmed(1, object);
            if !talk.is_done || !are_alarmed {
                self.findings.push(format!(
                    "{object}: two replicas differ, and their session does not report it"
                ));
            }
            if after != before {
                self.findings
                    .push(format!("{object}: a forged operation overwrote what a replica had"));
            }
        }
    }

    /// A hostile peer claims a vector of operations that nobody performed. A replica may believe
    /// it, unless it is in the replica's own name. Afterwards two honest replicas must agree on all
    /// other objects.
    fn claim_future_vector(&mut self, [mut node, mut other]: [Node; 2]) {
        let (object, _) = OBJECTS[1 + self.random.place(3)];
        if self.is_without(object) {
            return;
        }
        self.statistics.futures += 1;
        let name = origin(self.random.place(self.sites.len() + 1), 0);
        let far = [1, 1000, u64::MAX >> 1, u64::MAX][self.random.place(4)];
        let mut peer = Node::restored(origin(9, 9), other.objects().clone());
        let count = peer.vector(object).map_or(0, |vector| vector.get(&name)).saturating_add(far);
        if !claim_vector(&mut peer, object, &name, count) {
            self.findings
                .push(format!("{object}: a replica refused a vector that does not name it"));
            return;
        }
        let before = node.vector(object);
        let performed = before.as_ref().map_or(0, |vector| vector.get(&name));
        let is_own = *node.origin() == name && count > performed;
        let report = talk(&self.config.session, [&mut node, &mut peer], honest);
        if is_own && (!report.is_alarmed(0, object) || node.vector(object) != before) {
            self.findings.push(format!(
                "{object}: the replica believed a vector ahead of its own operations"
            ));
        }
        // The object can still be used, or the error says why not.
        let operation = Operation::Add { element: "k" };
        if let Err(error) = node.perform(object, operation, None)
            && !matches!(error.reason, Reason::Operation(_) | Reason::WrongType { .. })
        {
            self.findings.push(format!("{object}: after a forged vector: {error}"));
        }
        talk(&self.config.session, [&mut node, &mut other], honest);
        for ((name, left), (_, right)) in hashes(&mut node).iter().zip(hashes(&mut other)) {
            if *name != object && *left != right {
                self.findings
                    .push(format!("{name}: it differs, although only {object} was forged"));
            }
        }
    }

    /// A hostile peer has seen the same operations and sends other hashes. The session must report
    /// every class as differing, and overwrite nothing.
    fn lie(&mut self, mut nodes: [Node; 2]) {
        if !self.agree(&mut nodes, "before a lie") {
            return;
        }
        self.statistics.lies += 1;
        let [node, other] = &mut nodes;
        let mut peer = other.clone();
        let before = hashes(node);
        let talk = talk(&self.config.session, [node, &mut peer], |side, message| {
            if side == 0 { vec![message] } else { vec![false_hashes(message)] }
        });
        let is_verified = |event: &Event| matches!(event, Event::ClassDone { outcome, .. } if *outcome == Outcome::Verified);
        if let Some(event) = talk.events[0].iter().find(|event| is_verified(event)) {
            self.findings.push(format!("a session believed false hashes: {event:.300?}"));
        }
        if hashes(node) != before {
            self.findings.push("false hashes changed a replica".into());
        }
        self.agree(&mut nodes, "after a lie");
    }

    /// A hostile peer repeats each of its messages many times. The answers are bounded, and both
    /// replicas end as they would without the repetitions.
    fn flood(&mut self, [mut node, mut peer]: [Node; 2]) {
        self.statistics.floods += 1;
        let mut flood = 0;
        let talk = talk(&self.config.session, [&mut node, &mut peer], |side, message| {
            if side == 0 {
                return vec![message];
            }
            flood += REPETITIONS * message.len();
            vec![message; REPETITIONS]
        });
        if talk.sent[0] > ANSWERED * flood + BESIDES {
            let text = format!("a session answered {} bytes to a flood of {flood}", talk.sent[0]);
            self.findings.push(text);
        }
        self.agree(&mut [node, peer], "after a flood");
    }
}

/// Makes a replica believe that so many operations of an origin have been seen. Returns whether it
/// does.
fn claim_vector(peer: &mut Node, object: &str, name: &Origin, count: u64) -> bool {
    let (Ok(seen), Some(actor_table)) = (peer.vector(object), ActorTable::new(vec![name.clone()]))
    else {
        return false;
    };
    let Some(future) = Vector::new(Arc::new(actor_table), vec![count]) else { return false };
    let Ok(mut delta) = peer.delta_since(object, &seen) else { return false };
    let Some((_, seen)) = delta.forge() else { return false };
    seen.join(&future);
    match peer.apply(object, delta) {
        Ok(_) => true,
        Err(error) => matches!(error.reason, Reason::Apply(ApplyError::Forked { .. })),
    }
}

/// Damages a message and gives it a right checksum: one byte, or one of its parts.
fn damage(message: &mut Vec<u8>, random: &mut Rng) {
    let length = message.len() - 8;
    if random.one_in(2) {
        message.truncate(length);
        let byte = 1 + random.place(length - 1);
        message[byte] = random.bits() as u8;
        *message = seal(std::mem::take(message));
        return;
    }
    let Ok(mut parts) = decode(message) else { return };
    let at = random.place(parts.len());
    match random.below(4) {
        0 => drop(parts.remove(at)),
        1 => parts.push(parts[at].clone()),
        2 => parts.swap(0, at),
        _ => alter(&mut parts[at], random),
    }
    *message = encode(&parts);
}

/// Changes one value of a part of a message.
fn alter(part: &mut Part<'_>, random: &mut Rng) {
    let number = [0, 1, 2, 300, usize::MAX][random.place(5)];
    match part {
        Part::Hello(hello) => match random.below(4) {
            0 => hello.budget = Some(number as u64),
            1 => hello.max_object = number as u64,
            2 => hello.can_unpack = !hello.can_unpack,
            _ => hello.schema[0] ^= 1,
        },
        Part::Schema(list) => list.truncate(random.place(list.len() + 1)),
        Part::Keeps(list) | Part::Relay { deltas: list, .. } => {
            list.truncate(random.place(list.len() + 1));
        }
        Part::Announce { vectors, .. } => {
            vectors.iter_mut().for_each(|(object, _)| *object = number)
        }
        Part::Openings { openings, .. } => {
            openings.iter_mut().for_each(|(object, _)| *object = number);
        }
        Part::Delta { object, .. } | Part::Skip { object, .. } => *object = number,
        Part::Piece { object, piece } => match random.one_in(2) {
            true => *object = number,
            // Its head, which says how it follows those before it.
            false => {
                let at = random.place(36);
                if let Some(byte) = piece.to_mut().get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
        },
        Part::Staged { class, transfers } => match random.below(3) {
            0 => transfers.clear(),
            1 => *class = CLASSES[random.place(3)],
            _ => {
                for (_, progress) in transfers {
                    let at = random.place(progress.len().max(1));
                    if let Some(byte) = progress.to_mut().get_mut(at) {
                        *byte ^= 1 << random.below(8);
                    }
                }
            }
        },
        Part::Checkpoints { is_final, checkpoints, .. } => {
            *is_final = !*is_final;
            checkpoints.iter_mut().for_each(|(_, at)| at.vector[0] ^= random.below(2) as u8);
        }
        Part::Chunk(chunk) => chunk.offset = number.min(chunk.total),
        Part::Ask(locations) => locations.iter_mut().for_each(|at| at.path.path = random.bits()),
        Part::Answer(location, answer) => {
            location.object = number;
            *answer = Answer::Node([[random.bits() as u8; 32]; 4]);
        }
    }
}

/// The message with other state hashes in its hello and its checkpoints.
fn false_hashes(message: Vec<u8>) -> Vec<u8> {
    let Ok(mut parts) = decode(&message) else { return message };
    for part in &mut parts {
        match part {
            Part::Hello(hello) => hello.classes.iter_mut().for_each(|class| class.states[0] ^= 1),
            Part::Checkpoints { checkpoints, .. } => {
                checkpoints.iter_mut().for_each(|(_, at)| at.hash.content.0[0] ^= 1);
            }
            _ => {}
        }
    }
    encode(&parts)
}
