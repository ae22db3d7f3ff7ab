//! Links: what happens to messages between two replicas, and what the replicas do with them.

use super::Fault;
use super::Rng;
use super::world::{Node, World, covers, lives, vectors};
use rejoin::optimized::Vector;
use rejoin::sync::{Config, Event, Outcome, Session};

/// No session of a world needs as many messages.
pub const MOST_MESSAGES: u64 = 2000;

/// After so many silent steps a connection is given up.
const PATIENCE: u32 = 12;

/// A link between two replicas, and its faults, each in so many of a thousand messages.
pub struct Link {
    pub ends: [usize; 2],
    /// The most steps that a message takes.
    latency: u64,
    loss: u64,
    repetition: u64,
    truncation: u64,
    corruption: u64,
    /// Whether messages may overtake each other.
    reorders: bool,
    /// Whether others can write on it.
    is_hostile: bool,
    pub parted_until: u32,
    connection: Option<Connection>,
    /// Messages of connections that are over, which may still arrive; with the side they go to.
    late: Vec<(usize, Vec<u8>)>,
}

/// Two sessions, and what is on its way between them.
pub struct Connection {
    pub sessions: [Session; 2],
    on_the_way: Vec<Letter>,
    messages: u64,
    last_heard: u32,
}

/// A message on its way.
struct Letter {
    due: u32,
    to: usize,
    bytes: Vec<u8>,
}

impl Link {
    /// A link as some are: many are good, and some are bad in one way or another.
    pub fn new(ends: [usize; 2], random: &mut Rng) -> Self {
        let mut often = |most: u64| if random.one_in(2) { 0 } else { random.below(most) };
        let (loss, repetition) = (often(120), often(120));
        let (truncation, corruption) = (often(50), often(50));
        Self {
            ends,
            latency: [0, 0, 1, 6][random.place(4)],
            loss,
            repetition,
            truncation,
            corruption,
            reorders: random.one_in(3),
            is_hostile: random.one_in(4),
            parted_until: 0,
            connection: None,
            late: Vec::new(),
        }
    }

    /// The connection breaks. What was on its way may still arrive.
    pub fn close(&mut self) {
        if let Some(connection) = self.connection.take() {
            let late = connection.on_the_way.into_iter().map(|letter| (letter.to, letter.bytes));
            self.late.extend(late);
            self.late.truncate(4);
        }
    }
}

impl Connection {
    pub fn new(config: &Config, replicas: [&Node; 2]) -> Self {
        let sessions = replicas.map(|replica| Session::new(config.clone(), replica));
        Self { sessions, on_the_way: Vec::new(), messages: 0, last_heard: 0 }
    }
}

impl World {
    /// What happens on a link in a step.
    pub fn attend(&mut self, at: usize) {
        let [left, right] = self.links[at].ends;
        let is_open = self.is_present(left) && self.is_present(right);
        if !is_open || self.links[at].parted_until > self.now {
            // Nothing comes through, and the sessions do not know it.
            return;
        }
        let mut connection = match self.links[at].connection.take() {
            Some(connection) => connection,
            None if self.random.one_in(8) => {
                self.statistics.sessions += 1;
                Connection { last_heard: self.now, ..self.connect(at) }
            }
            None => return,
        };
        if !self.exchange(at, &mut connection) {
            // Both begin anew some time.
            self.links[at].connection = Some(connection);
            self.links[at].close();
        } else if connection.sessions.iter().all(Session::is_done)
            && connection.on_the_way.is_empty()
        {
            self.statistics.finished += 1;
        } else if self.now - connection.last_heard <= PATIENCE {
            self.links[at].connection = Some(connection);
        }
    }

    /// Both sides speak and listen. Whether the connection goes on.
    fn exchange(&mut self, at: usize, connection: &mut Connection) -> bool {
        // Several messages go to and fro in a minute.
        for _ in 0..1 + self.random.below(4) {
            for side in [0, 1] {
                let from = self.links[at].ends[side];
                while let Some(bytes) = self.speak(from, &mut connection.sessions[side]) {
                    self.post(at, connection, 1 - side, bytes);
                }
            }
            if self.links[at].is_hostile && self.random.one_in(6) && !self.attack(at, connection) {
                return false;
            }
            if !self.links[at].late.is_empty() && self.random.one_in(4) {
                let (to, bytes) = self.links[at].late.swap_remove(0);
                connection.on_the_way.push(Letter { due: self.now, to, bytes });
            }
            while let Some(due) =
                connection.on_the_way.iter().position(|letter| letter.due <= self.now)
            {
                let Letter { to, bytes, .. } = connection.on_the_way.remove(due);
                connection.last_heard = self.now;
                connection.messages += 1;
                if connection.messages > MOST_MESSAGES {
                    self.findings.push(format!("a session goes on after {MOST_MESSAGES} messages"));
                    return false;
                }
                let node = self.links[at].ends[to];
                if !self.hear(node, self.links[at].ends[1 - to], connection, to, &bytes) {
                    return false;
                }
            }
        }
        true
    }

    /// What a replica has to say next. Its deltas hold what it has seen by now.
    pub fn speak(&mut self, from: usize, session: &mut Session) -> Option<Vec<u8>> {
        let place = &mut self.places[from];
        let message = session.poll_message(&mut place.replica)?;
        if self.recorder.is_on() {
            for (name, object) in place.replica.objects() {
                let vector = lives(object);
                let sent = place.sent.entry(name.clone()).or_default();
                if sent.last().is_none_or(|(last, _)| *last != vector) && !vector.is_empty() {
                    let number = self.recorder.send(from, name);
                    sent.push((vector, number));
                }
            }
        }
        Some(message)
    }

    /// A message is put on its way, and may suffer.
    fn post(&mut self, at: usize, connection: &mut Connection, to: usize, mut bytes: Vec<u8>) {
        let link = &self.links[at];
        let random = &mut self.random;
        if random.per_mille(link.loss) {
            self.statistics.harmed += 1;
            return;
        }
        let repeats = random.per_mille(link.repetition);
        let healthy = repeats.then(|| bytes.clone());
        if random.per_mille(link.truncation) {
            self.statistics.harmed += 1;
            bytes.truncate(random.place(bytes.len()));
        } else if random.per_mille(link.corruption) {
            self.statistics.harmed += 1;
            let byte = random.place(bytes.len());
            bytes[byte] ^= 1 << random.below(8);
        }
        for bytes in [Some(bytes), healthy].into_iter().flatten() {
            let mut due = self.now + random.below(link.latency + 1) as u32;
            if !link.reorders {
                let letters = connection.on_the_way.iter().filter(|letter| letter.to == to);
                due = letters.map(|letter| letter.due).fold(due, u32::max);
            }
            let letter = Letter { due, to, bytes };
            match link.reorders && random.one_in(3) {
                true => connection.on_the_way.insert(0, letter),
                false => connection.on_the_way.push(letter),
            }
        }
    }

    /// A replica applies a message. Whether the session goes on.
    pub fn hear(
        &mut self,
        to: usize,
        from: usize,
        connection: &mut Connection,
        side: usize,
        message: &[u8],
    ) -> bool {
        self.statistics.messages += 1;
        let session = &mut connection.sessions[side];
        let replica = &mut self.places[to].replica;
        let forgets = self.fault == Some(Fault::ForgetsWhatItTook) && to == 0;
        let kept = forgets.then(|| replica.clone());
        let before = vectors(replica);
        let is_well = session.handle(replica, message).is_ok();
        if let Some(kept) = kept {
            *replica = kept;
        }
        let after = vectors(replica);
        while let Some(event) = session.poll_event() {
            let is_alarm = matches!(
                event,
                Event::Discrepancy(_) | Event::Forked { .. } | Event::SchemaDiffers { .. }
            );
            if let Event::Healed(healed) = &event {
                self.statistics.healed += 1;
                if self.statistics.unsaid + self.statistics.losses == 0 {
                    self.findings.push(format!("between r{to} and r{from}: no fork: {healed}"));
                }
            }
            if is_alarm || (self.is_healed && !is_expected(&event)) {
                let text = format!("between r{to} and r{from}: {event:?}");
                self.findings.push(text.chars().take(300).collect());
            }
        }
        if !covers(&after, &before) {
            self.findings.push(format!("r{to} has seen less after a message of r{from}"));
        }
        for ((name, before), (_, after)) in before.into_iter().zip(after) {
            if before != after {
                self.statistics.changes += 1;
                self.places[to].is_dirty = true;
                self.record(to, from, &name, before, &after);
            }
        }
        let is_to_store = self.places[to].is_dirty && self.places[to].writes_through;
        let lives_on = !is_to_store || self.store(to);
        self.forge(to, from);
        is_well && lives_on
    }

    /// What of the sender's messages brought the receiver to what it has now seen.
    fn record(&mut self, to: usize, from: usize, name: &str, mut seen: Vector, after: &Vector) {
        if !self.recorder.is_on() {
            return;
        }
        let sent = self.places[from].sent.get(name).map_or(&[][..], |sent| sent);
        for (vector, number) in sent.iter().rev() {
            if after.covers(vector) && !seen.covers(vector) {
                seen.join(vector);
                self.recorder.receive(to, *number);
            }
        }
        if seen != *after {
            self.findings.push(format!("r{to} has seen of {name} what r{from} never sent"));
        }
    }

    /// Where that is the fault: a delta that lacks what it claims.
    fn forge(&mut self, to: usize, from: usize) {
        if self.fault != Some(Fault::ForgedStart) {
            return;
        }
        let sender = &self.places[from].replica;
        let receiver = &self.places[to].replica;
        let (Ok(seen), Ok(since)) = (sender.vector("approved"), receiver.vector("approved")) else {
            return;
        };
        if since.covers(&seen) {
            return;
        }
        let Ok(mut delta) = sender.delta_since("approved", &seen) else { return };
        if let Some((start, _)) = delta.forge() {
            *start = since;
        }
        if self.places[to].replica.apply("approved", delta).is_ok() {
            let message = self.recorder.send(from, "approved");
            self.recorder.receive(to, message);
            self.places[to].is_dirty = true;
        }
    }
}

/// Whether a session over a perfect link may tell this.
fn is_expected(event: &Event) -> bool {
    match event {
        Event::Changed(_) | Event::Done | Event::Healed(_) => true,
        Event::ClassDone { outcome, .. } => *outcome == Outcome::Verified,
        _ => false,
    }
}
