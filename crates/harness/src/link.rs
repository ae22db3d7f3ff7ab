//! Links: what happens to frames between two replicas, and what the replicas do with them.

use super::Fault;
use super::Rng;
use super::world::{Node, World, covers, vector_by_opening, vectors};
use rejoin::operation::ObjectId;
use rejoin::optimized::Vector;
use rejoin::sync::{Connection, ConnectionConfig, ConnectionEvent, Event, Frame, Outcome};
use std::time::Duration;

/// No session of a world needs as many frames.
pub const MOST_MESSAGES: u64 = 2000;

/// A link between two replicas, with its faults in frames of a thousand.
pub struct Link {
    pub ends: [usize; 2],
    /// The most steps that a frame is under way.
    latency: u64,
    loss: u64,
    repetition: u64,
    truncation: u64,
    corruption: u64,
    /// Whether frames may overtake each other.
    reorders: bool,
    /// Whether a hostile peer can write on it.
    is_hostile: bool,
    /// Whether a side does not notice that the other has closed its connection or died.
    is_deaf: bool,
    pub parted_until: u32,
    wire: Option<Wire>,
    /// Frames of closed connections, which may still arrive, each with the side that it goes to.
    late: Vec<(usize, Frame)>,
}

/// Two sides of a connection, and the frames on their way between them.
pub struct Wire {
    /// `None` once a side has closed its connection; the other side may not know it.
    pub sides: [Option<Connection>; 2],
    /// What each side had seen when it last polled. What it has seen since came from others.
    known: [Vec<(ObjectId, Vector)>; 2],
    on_the_way: Vec<Letter>,
    /// How many frames arrived since the last session was over.
    messages: u64,
}

/// A frame on its way.
struct Letter {
    due: u32,
    to: usize,
    frame: Frame,
}

impl Link {
    /// A random link: many are good, and some are bad in one way or another.
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
            is_deaf: random.one_in(3),
            parted_until: 0,
            wire: None,
            late: Vec::new(),
        }
    }

    /// Both sides close the connection. Its frames may still arrive on the next one.
    pub fn close(&mut self) {
        if let Some(wire) = self.wire.take() {
            self.late.extend(wire.on_the_way.into_iter().map(|letter| (letter.to, letter.frame)));
            self.late.truncate(4);
        }
    }

    /// A replica closes its side. The other side notices, unless it is deaf.
    pub fn close_side(&mut self, at: usize) {
        match &mut self.wire {
            Some(wire) if self.is_deaf => {
                for (side, end) in self.ends.into_iter().enumerate() {
                    if end == at {
                        wire.sides[side] = None;
                    }
                }
            }
            _ => self.close(),
        }
    }
}

impl Wire {
    /// Two replicas connect.
    pub fn new(config: &ConnectionConfig, replicas: [&Node; 2], now: Duration) -> Self {
        let side = |replica: &Node| {
            Some(Connection::new(config.clone(), replica.origin().replica.as_str(), now))
        };
        let known = replicas.map(vectors);
        Self { sides: replicas.map(side), known, on_the_way: Vec::new(), messages: 0 }
    }

    /// Whether neither side has anything to send, and nothing is on its way.
    pub fn is_idle(&self) -> bool {
        let is_idle = |side: &Option<Connection>| side.as_ref().is_some_and(Connection::is_idle);
        self.on_the_way.is_empty() && self.sides.iter().all(is_idle)
    }
}

impl World {
    /// The time that all connections are given.
    pub fn time(&self) -> Duration {
        Duration::from_secs(60 * u64::from(self.now))
    }

    /// What happens on a link in a step.
    pub fn attend(&mut self, at: usize) {
        let [left, right] = self.links[at].ends;
        let is_open = self.is_present(left) && self.is_present(right);
        if !is_open || self.links[at].parted_until > self.now {
            // No frame arrives, and the connections do not know it.
            return;
        }
        let mut wire = match self.links[at].wire.take() {
            Some(wire) => wire,
            None if self.random.one_in(8) => {
                self.statistics.connections += 1;
                self.connect(at)
            }
            None => return,
        };
        let goes_on = self.exchange(at, &mut wire);
        // A side that is idle may leave.
        let is_over = wire.is_idle() && self.random.one_in(3);
        if wire.sides.iter().all(Option::is_none) || is_over {
            return;
        }
        self.links[at].wire = Some(wire);
        if !goes_on {
            // Both connect again some time.
            self.links[at].close();
        }
    }

    /// Both sides send and receive. Returns whether the connection goes on.
    fn exchange(&mut self, at: usize, wire: &mut Wire) -> bool {
        // Several frames go to and fro in a minute.
        for _ in 0..1 + self.random.below(4) {
            for side in [0, 1] {
                self.notice(at, side, wire);
                if !self.wait(at, side, wire) {
                    return false;
                }
                while let Some(frame) = self.speak(at, side, wire) {
                    self.post(at, wire, 1 - side, frame);
                }
            }
            if self.links[at].is_hostile && self.random.one_in(6) && !self.attack(at, wire) {
                return false;
            }
            if !self.links[at].late.is_empty() && self.random.one_in(4) {
                let (to, frame) = self.links[at].late.swap_remove(0);
                wire.on_the_way.push(Letter { due: self.now, to, frame });
            }
            while let Some(due) = wire.on_the_way.iter().position(|letter| letter.due <= self.now) {
                let Letter { to, frame, .. } = wire.on_the_way.remove(due);
                wire.messages += 1;
                if wire.messages > MOST_MESSAGES {
                    self.findings.push(format!("a session goes on after {MOST_MESSAGES} frames"));
                    return false;
                }
                if !self.hear(at, to, wire, frame) {
                    return false;
                }
            }
        }
        true
    }

    /// Tells a connection which classes were changed by others than its peer.
    pub fn notice(&mut self, at: usize, side: usize, wire: &mut Wire) {
        let site = &self.sites[self.links[at].ends[side]];
        let (Some(connection), now) = (&mut wire.sides[side], vectors(&site.replica)) else {
            return;
        };
        for ((name, before), (_, after)) in wire.known[side].iter().zip(&now) {
            if before != after
                && let Some(entry) = self.config.session.schema.get(name)
            {
                connection.handle_change(entry.priority);
            }
        }
        wire.known[side] = now;
    }

    /// Handles the timeout of a side. Returns whether the connection goes on: a side that gives up
    /// closes it.
    pub fn wait(&mut self, at: usize, side: usize, wire: &mut Wire) -> bool {
        let now = self.time();
        let Some(connection) = &mut wire.sides[side] else { return true };
        if connection.poll_timeout() > now || connection.handle_timeout(now).is_ok() {
            return true;
        }
        self.statistics.timeouts += 1;
        wire.sides[side] = None;
        self.links[at].is_deaf
    }

    /// The next frame of a side. Its deltas hold what the replica has seen by now.
    pub fn speak(&mut self, at: usize, side: usize, wire: &mut Wire) -> Option<Frame> {
        let (now, from) = (self.time(), self.links[at].ends[side]);
        let site = &mut self.sites[from];
        let connection = wire.sides[side].as_mut()?;
        let frame = connection.poll_frame(&mut site.replica, now)?;
        if self.recorder.is_on() {
            for (name, object) in site.replica.objects() {
                let vector = vector_by_opening(object);
                let sent = site.sent.entry(name.clone()).or_default();
                if sent.last().is_none_or(|(last, _)| *last != vector) && !vector.is_empty() {
                    let number = self.recorder.send(from, name);
                    sent.push((vector, number));
                }
            }
        }
        self.report(at, side, wire);
        Some(frame)
    }

    /// Puts a frame on its way, where it may be lost, repeated, cut or damaged.
    fn post(&mut self, at: usize, wire: &mut Wire, to: usize, mut frame: Frame) {
        let link = &self.links[at];
        let random = &mut self.random;
        if random.per_mille(link.loss) {
            self.statistics.harmed += 1;
            return;
        }
        let repeats = random.per_mille(link.repetition);
        let healthy = repeats.then(|| frame.clone());
        let bytes = &mut frame.message;
        if random.per_mille(link.truncation) {
            self.statistics.harmed += 1;
            bytes.truncate(random.place(bytes.len() + 1));
        } else if random.per_mille(link.corruption) {
            self.statistics.harmed += 1;
            match bytes.is_empty() || random.one_in(8) {
                true => frame.number ^= 1 << random.below(4),
                false => {
                    let byte = random.place(bytes.len());
                    bytes[byte] ^= 1 << random.below(8);
                }
            }
        }
        for frame in [Some(frame), healthy].into_iter().flatten() {
            let mut due = self.now + random.below(link.latency + 1) as u32;
            if !link.reorders {
                let letters = wire.on_the_way.iter().filter(|letter| letter.to == to);
                due = letters.map(|letter| letter.due).fold(due, u32::max);
            }
            let letter = Letter { due, to, frame };
            match link.reorders && random.one_in(3) {
                true => wire.on_the_way.insert(0, letter),
                false => wire.on_the_way.push(letter),
            }
        }
    }

    /// A side gets a frame. Returns whether the connection goes on.
    pub fn hear(&mut self, at: usize, side: usize, wire: &mut Wire, frame: Frame) -> bool {
        let (now, ends) = (self.time(), self.links[at].ends);
        let (to, from) = (ends[side], ends[1 - side]);
        let Some(connection) = &mut wire.sides[side] else { return true };
        self.statistics.messages += 1;
        let replica = &mut self.sites[to].replica;
        let forgets = self.fault == Some(Fault::ForgetsWhatItTook) && to == 0;
        let kept = forgets.then(|| replica.clone());
        let before = vectors(replica);
        let is_well = connection.handle_frame(replica, frame, now).is_ok();
        if let Some(kept) = kept {
            *replica = kept;
        }
        let after = vectors(replica);
        for ((_, known), ((_, before), (_, after))) in
            wire.known[side].iter_mut().zip(before.iter().zip(&after))
        {
            // What the peer brought is no change by others.
            if known == before {
                known.clone_from(after);
            }
        }
        self.report(at, side, wire);
        if !covers(&after, &before) {
            self.findings
                .push(format!("r{to} has seen fewer operations after a message of r{from}"));
        }
        for ((name, before), (_, after)) in before.into_iter().zip(after) {
            if before != after {
                self.statistics.changes += 1;
                self.sites[to].is_dirty = true;
                self.record(to, from, &name, before, &after);
            }
        }
        let site = &self.sites[to];
        let has_new = site.is_dirty || !site.replica.all_staged().is_empty();
        self.statistics.pieces += u64::from(!site.replica.all_staged().is_empty());
        let is_to_store = has_new && site.writes_through;
        let lives_on = !is_to_store || self.store(to);
        self.forge(to, from);
        if !is_well {
            wire.sides[side] = None;
        }
        is_well && lives_on
    }

    /// Checks the events of a connection.
    fn report(&mut self, at: usize, side: usize, wire: &mut Wire) {
        let ends = self.links[at].ends;
        let Some(connection) = &mut wire.sides[side] else { return };
        while let Some(event) = connection.poll_event() {
            let event = match event {
                ConnectionEvent::Session(event) => event,
                ConnectionEvent::SessionDone(_) => {
                    self.statistics.finished += 1;
                    wire.messages = 0;
                    continue;
                }
                ConnectionEvent::Greeted { .. } => continue,
            };
            let is_alarm = matches!(
                event,
                Event::Discrepancy(_) | Event::Forked { .. } | Event::SchemaDiffers { .. }
            );
            let [to, from] = [ends[side], ends[1 - side]];
            if let Event::Healed(healed) = &event {
                self.statistics.healed += 1;
                if self.statistics.unsaid + self.statistics.losses == 0 {
                    self.findings.push(format!("between r{to} and r{from}: no fork: {healed}"));
                }
            }
            if is_alarm || (self.is_healed && !is_expected(&event, self.meets_many)) {
                let text = format!("between r{to} and r{from}: {event:?}");
                self.findings.push(text.chars().take(300).collect());
            }
        }
    }

    /// Records which messages of the sender brought the receiver what it has seen now.
    fn record(&mut self, to: usize, from: usize, name: &str, mut seen: Vector, after: &Vector) {
        if !self.recorder.is_on() {
            return;
        }
        let sent = self.sites[from].sent.get(name).map_or(&[][..], |sent| sent);
        for (vector, number) in sent.iter().rev() {
            if after.covers(vector) && !seen.covers(vector) {
                seen.join(vector);
                self.recorder.receive(to, *number);
            }
        }
        if seen != *after {
            self.findings
                .push(format!("r{to} has seen operations on {name} that r{from} never sent"));
        }
    }

    /// With the fault `ForgedStart`: the receiver gets a delta that lacks operations it claims.
    fn forge(&mut self, to: usize, from: usize) {
        if self.fault != Some(Fault::ForgedStart) {
            return;
        }
        let sender = &self.sites[from].replica;
        let receiver = &self.sites[to].replica;
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
        if self.sites[to].replica.apply("approved", delta).is_ok() {
            let message = self.recorder.send(from, "approved");
            self.recorder.receive(to, message);
            self.sites[to].is_dirty = true;
        }
    }
}

/// Whether a session over a perfect link may report this event. Where a replica meets several others at
/// once, what one of them brings comes in between the checkpoints of another one.
fn is_expected(event: &Event, meets_many: bool) -> bool {
    match event {
        Event::Changed(_) | Event::Done | Event::Healed(_) => true,
        Event::ClassDone { outcome, .. } => {
            *outcome == Outcome::Verified || meets_many && *outcome == Outcome::WritesInBetween
        }
        _ => false,
    }
}
