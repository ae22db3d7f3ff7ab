//! One session, as it ships and by the definitions, step by step.

use super::said::{Book, Said, of_message, user_at};
use crate::few::{Key, Op, borrowed};
use rejoin::dot::{Origin, ReplicaId};
use rejoin::object::{ObjectType, Priority};
use rejoin::operation::{Canonical, ObjectId, Operation};
use rejoin::optimized::replica as optimized;
use rejoin::reference::replica::Object;
use rejoin::sync::protocol::{Part, decode, encode};
use rejoin::sync::{CLASSES, Config, Event, Outcome, Schema, Session};
use rejoin::version_vector::VersionVector;
use rejoin_proven::replica::Replica;
use rejoin_proven::sync::{Message, Side, summary};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A replica, as it ships and by the definitions.
#[derive(Clone)]
pub struct Node {
    pub shipped: optimized::Replica,
    pub proven: Replica<Key, Canonical>,
}

impl Node {
    pub fn new(name: &str, schema: &Schema) -> Self {
        let origin = Origin { replica: ReplicaId::new(name).expect("a name"), incarnation: 0 };
        let proven = Replica::new(&origin, &schema.types()).expect("the definitions answer");
        Self { shipped: optimized::Replica::new(origin, &schema.types()), proven }
    }

    pub fn perform(&mut self, object: &ObjectId, operation: &Op, book: &mut Book) {
        let user = user_at(self.shipped.origin().replica.as_str());
        self.proven.perform(object, operation, &user).expect("it fits");
        let dot = self.shipped.perform(object, borrowed(operation), user).expect("it fits");
        let key = match operation {
            Operation::Add { element: key }
            | Operation::Remove { element: key }
            | Operation::Put { key, .. } => key.as_bytes(),
            _ => &[],
        };
        book.note_decision(object, dot, key);
        self.look(book);
    }

    /// Applies all that another replica holds, without a session.
    pub fn join(&mut self, other: &Self, book: &mut Book) {
        let objects = other.proven.objects().expect("the definitions answer");
        self.proven.join(&objects).expect("the definitions answer");
        for name in self.shipped.objects().keys().cloned().collect::<Vec<_>>() {
            let since = self.shipped.vector(&name).expect("it is there");
            let delta = other.shipped.delta_since(&name, &since).expect("it is there");
            let _ = self.shipped.apply(&name, delta).expect("nothing is missing");
        }
        self.look(book);
    }

    pub fn objects(&self) -> BTreeMap<ObjectId, Object<Key, Canonical>> {
        let objects = self.proven.objects().expect("the definitions answer");
        objects.to_reference().expect("they are well-formed")
    }

    /// Both hold the same.
    pub fn look(&mut self, book: &mut Book) {
        let seen = self.proven.seen().expect("the definitions answer");
        for (name, object) in self.objects() {
            let vector = self.shipped.vector(&name).expect("it is there");
            assert_eq!(VersionVector::from(&vector), seen[&name], "{name}");
            book.note_vector(&seen[&name]);
            let hash = self.shipped.object_hash(&name).expect("it is there");
            assert_eq!(hash, book.hash(&object), "{name}: {object:?}");
        }
    }
}

/// A message of the definitions that is under way.
#[derive(Clone)]
struct Sent {
    message: Message<Key, Canonical>,
    /// What it says; nothing, where none that ships corresponds to it.
    says: Option<Said>,
}

/// The session of one class by the definitions.
#[derive(Clone)]
struct Class {
    priority: Priority,
    names: BTreeSet<ObjectId>,
    sides: [Side<Key, Canonical>; 2],
    /// To each side.
    to: [VecDeque<Sent>; 2],
    /// By each side, and by the side that ships.
    proven: [Vec<Said>; 2],
    shipped: [Vec<Said>; 2],
    outcomes: [Option<Outcome>; 2],
}

impl Class {
    fn send(&mut self, from: usize, messages: Vec<Message<Key, Canonical>>) {
        for message in messages {
            let says = of_message(&message);
            self.proven[from].extend(says.clone());
            self.to[1 - from].push_back(Sent { message, says });
        }
    }

    fn deliver(&mut self, to: usize, nodes: [&mut Node; 2]) {
        let Sent { message, .. } = self.to[to].pop_front().expect("it was sent");
        let reply = self.sides[to].on(&message, &mut nodes[to].proven);
        self.send(to, reply.expect("the definitions answer"));
    }

    /// Delivers what arrives at once.
    fn settle(&mut self, [left, right]: [&mut Node; 2]) {
        let is_silent = |to: &VecDeque<Sent>| to.front().is_some_and(|sent| sent.says.is_none());
        while let Some(to) = (0..2).find(|to| is_silent(&self.to[*to])) {
            self.deliver(to, [left, right]);
        }
    }

    /// What ships is ahead of the definitions by checkpoints at most.
    fn compare(&self) {
        for (proven, shipped) in self.proven.iter().zip(&self.shipped) {
            let common = proven.len().min(shipped.len());
            assert_eq!(proven[..common], shipped[..common]);
            assert!(proven.len() == common, "not sent: {:?}", &proven[common..]);
            let ahead = &shipped[common..];
            assert!(matches!(ahead, [] | [Said::Check(_)]), "sent too much: {ahead:?}");
        }
    }
}

/// A part that ships and is under way, as a message of its own.
#[derive(Clone)]
struct Shipped {
    bytes: Vec<u8>,
    /// What it says, with the places of the classes.
    says: Vec<(usize, Said)>,
}

/// A session of two replicas.
#[derive(Clone)]
pub struct Meeting {
    sessions: [Session; 2],
    objects: Vec<(ObjectId, ObjectType)>,
    classes: Vec<Class>,
    to: [VecDeque<Shipped>; 2],
}

impl Meeting {
    pub fn new(schema: &Schema, nodes: [&mut Node; 2], book: &mut Book) -> Self {
        let [left, right] = nodes;
        let config = Config::new(schema.clone());
        let sessions = [&left, &right].map(|node| Session::new(config.clone(), &node.shipped));
        let mut classes = Vec::new();
        for priority in CLASSES {
            let of_class = schema.iter().filter(|(_, entry)| entry.priority == priority);
            let names: BTreeSet<ObjectId> = of_class.map(|(name, _)| name.clone()).collect();
            if names.is_empty() {
                continue;
            }
            let begun = [&left, &right].map(|node| {
                let mut held = node.objects();
                held.retain(|name, _| names.contains(name));
                let objects = node.proven.objects().expect("the definitions answer");
                book.note_class(&held, summary(&names, &objects).expect("the definitions answer"));
                Side::new(&names, &objects).expect("the definitions answer")
            });
            let [(here, first), (there, second)] = begun;
            let mut class = Class {
                priority,
                names,
                sides: [here, there],
                to: Default::default(),
                proven: Default::default(),
                shipped: Default::default(),
                outcomes: [None; 2],
            };
            class.send(0, vec![first]);
            class.send(1, vec![second]);
            classes.push(class);
        }
        let objects = schema.types().into_iter().collect();
        let mut meeting = Self { sessions, objects, classes, to: Default::default() };
        meeting.poll(0, left, book);
        meeting.poll(1, right, book);
        meeting.compare();
        meeting
    }

    fn class_of(&self, priority: Priority) -> usize {
        let is_it = |class: &Class| class.priority == priority;
        self.classes.iter().position(is_it).expect("it has objects")
    }

    fn class_with(&self, name: &ObjectId) -> usize {
        let has = |class: &Class| class.names.contains(name);
        self.classes.iter().position(has).expect("it is in a class")
    }

    /// What a part says.
    fn says(&self, part: &Part<'_>, book: &Book) -> Vec<(usize, Said)> {
        let name = |index: &usize| self.objects[*index].0.clone();
        match part {
            Part::Hello(hello) => {
                let of_class = |(at, class): (usize, &Class)| {
                    (at, book.of_hello(&hello.classes[class.priority as usize]))
                };
                self.classes.iter().enumerate().map(of_class).collect()
            }
            Part::Announce { class, inline, vectors } => {
                assert!(!inline, "nothing was refused");
                let vectors = vectors.iter().map(|(index, bytes)| (name(index), &bytes[..]));
                vec![(self.class_of(*class), book.of_announcement(vectors))]
            }
            Part::Delta { object, delta } => {
                let (name, kind) = self.objects[*object].clone();
                vec![(self.class_with(&name), book.of_delta(name, kind, delta))]
            }
            Part::Checkpoints { class, is_final, checkpoints } => {
                assert!(!is_final, "there is one round");
                let all = checkpoints.iter().map(|(index, of)| (name(index), *of));
                vec![(self.class_of(*class), book.of_checkpoints(all))]
            }
            // The search for what differs.
            Part::Ask(_) | Part::Answer(..) => Vec::new(),
            other => panic!("{other:?}"),
        }
    }

    fn poll(&mut self, from: usize, node: &mut Node, book: &Book) {
        while let Some(bytes) = self.sessions[from].poll_message(&mut node.shipped) {
            for part in decode(&bytes).expect("it is a message") {
                let says = self.says(&part, book);
                for (class, said) in &says {
                    self.classes[*class].shipped[from].push(said.clone());
                }
                let bytes = encode(&[part]);
                self.to[1 - from].push_back(Shipped { bytes, says });
            }
        }
        while let Some(event) = self.sessions[from].poll_event() {
            match event {
                Event::ClassDone { class, outcome, .. } => {
                    let class = self.class_of(class);
                    self.classes[class].outcomes[from] = Some(outcome);
                }
                Event::Changed(_) | Event::Done | Event::Discrepancy(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn compare(&self) {
        self.classes.iter().for_each(Class::compare);
    }

    /// Whether a message is under way to a side.
    pub fn is_due(&self, to: usize) -> bool {
        !self.to[to].is_empty()
    }

    /// Delivers the next message to a side, and sends what it replies.
    pub fn deliver(&mut self, to: usize, nodes: [&mut Node; 2], book: &mut Book) {
        let [left, right] = nodes;
        let Shipped { bytes, says } = self.to[to].pop_front().expect("it was sent");
        let node = if to == 0 { &mut *left } else { &mut *right };
        self.sessions[to].handle(&mut node.shipped, &bytes).expect("it is a message");
        for (class, said) in says {
            let class = &mut self.classes[class];
            class.settle([left, right]);
            let next = class.to[to].front().and_then(|sent| sent.says.as_ref());
            assert_eq!(next, Some(&said), "the definitions send something else");
            class.deliver(to, [left, right]);
            class.settle([left, right]);
        }
        let node = if to == 0 { left } else { right };
        node.look(book);
        self.poll(to, node, book);
        self.compare();
    }

    /// Whether a write to an object at a side takes no further round: before it has announced its
    /// vectors, after the class is done, or while it owes the peer a delta of that object.
    pub fn may_write(&self, at: usize, object: &ObjectId, nodes: [&Node; 2]) -> bool {
        let class = &self.classes[self.class_with(object)];
        let announced = class.shipped[at].iter().find_map(|said| match said {
            Said::Vectors(vectors) => Some(&vectors[object]),
            _ => None,
        });
        let Some(announced) = announced.filter(|_| class.outcomes[at].is_none()) else {
            return true;
        };
        let is_awaited = |said: &Said| matches!(said, Said::Vectors(_));
        let has_answered = class.shipped[1 - at].iter().any(is_awaited)
            && !class.to[at].iter().filter_map(|sent| sent.says.as_ref()).any(is_awaited);
        let peer = nodes[1 - at].shipped.vector(object).expect("it is there");
        !has_answered && announced.iter().any(|(origin, count)| count > peer.get(origin))
    }

    /// Nothing is under way: both sides say the same as the definitions. Returns what.
    pub fn finish(&self) -> Vec<bool> {
        let verdict = |class: &Class| {
            assert_eq!(class.proven, class.shipped);
            let both: Vec<bool> = (0..2)
                .map(|side| {
                    let verdict = class.sides[side].verdict().expect("the definitions answer");
                    let agrees = verdict.expect("it says so");
                    let outcome = if agrees { Outcome::Verified } else { Outcome::SomeDiffer };
                    assert_eq!(class.outcomes[side], Some(outcome));
                    agrees
                })
                .collect();
            assert_eq!(both[0], both[1]);
            both[0]
        };
        assert!(self.to.iter().all(VecDeque::is_empty));
        self.classes.iter().map(verdict).collect()
    }
}
