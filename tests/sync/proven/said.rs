//! What messages hold, in a form that the parts that ship and the messages of the definitions share.

use crate::few::Key;
use rejoin::digest::{Digest, StateHash, ToBytes};
use rejoin::dot::{Dot, Origin};
use rejoin::object::ObjectType;
use rejoin::operation::{Canonical, DecisionId, ObjectId, User};
use rejoin::optimized::replica::Delta;
use rejoin::optimized::{self, Fingerprint, ListedEntry, ListedKey, ListedName, Vector};
use rejoin::reference::decisions::{Decision, Decisions, Presence};
use rejoin::reference::delta::Replicated;
use rejoin::reference::replica::Object;
use rejoin::sync::protocol::{Checkpoint, Summary as Hashes};
use rejoin::version_vector::VersionVector;
use rejoin::wire::{DecodeContext, decompress};
use rejoin_proven::state_hash::object_hash;
use rejoin_proven::sync::{Content, Message, Summary};
use std::collections::{BTreeMap, BTreeSet};

/// What a message says of one class.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Said {
    Hello(Summary),
    Vectors(BTreeMap<ObjectId, VersionVector>),
    Delta { object: ObjectId, since: VersionVector, seen: VersionVector, lists: Listed },
    Check(Summary),
}

/// What a delta lists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Listed {
    /// Of increments, and of decrements.
    Shares([BTreeMap<Origin, u128>; 2]),
    Keys(BTreeMap<Vec<u8>, Row>),
    Entries(BTreeSet<ListedEntry>),
    Integer(Option<i128>),
}

/// What is listed of one key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// The maximal decisions that the receiver has not seen.
    maximal: BTreeSet<Decided>,
    /// The others.
    kept: BTreeSet<Dot>,
    /// The greatest write, where it is not maximal and the receiver has not seen it.
    winner: Option<Decided>,
}

/// A decision.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Decided {
    id: DecisionId,
    timestamp: u64,
    /// The value; none for a presence.
    value: Option<Vec<u8>>,
    is_removal: bool,
}

trait Effect: Ord + Clone {
    fn is_removal(&self) -> bool;
    fn value(&self) -> Option<Vec<u8>>;
}

impl Effect for Canonical {
    fn is_removal(&self) -> bool {
        self.as_str() == "null"
    }

    fn value(&self) -> Option<Vec<u8>> {
        (!self.is_removal()).then(|| self.to_bytes().into_owned())
    }
}

impl Effect for Presence {
    fn is_removal(&self) -> bool {
        *self == Self::Removed
    }

    fn value(&self) -> Option<Vec<u8>> {
        None
    }
}

fn decided<E: Effect>(decision: &Decision<E>) -> Decided {
    Decided {
        id: decision.id(),
        timestamp: decision.timestamp,
        value: decision.effect.value(),
        is_removal: decision.effect.is_removal(),
    }
}

/// What the definitions list of each key.
fn rows<K: Ord + Clone, E: Effect>(
    decisions: &Decisions<K, E>,
    key: impl Fn(&K) -> Vec<u8>,
    winner: impl Fn(&K) -> Option<Decided>,
    since: &VersionVector,
) -> Listed {
    let row = |of: &K| {
        let all = decisions.maximal(of).into_iter().map(decided);
        let all: BTreeSet<Decided> = all.collect();
        let winner = winner(of).filter(|winner| !all.contains(winner));
        let (kept, maximal): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|said| since.contains(&said.id.dot));
        let row = Row {
            maximal: maximal.into_iter().collect(),
            kept: kept.into_iter().map(|said| said.id.dot).collect(),
            winner: winner.filter(|winner| !since.contains(&winner.id.dot)),
        };
        (key(of), row)
    };
    Listed::Keys(decisions.keys().map(row).collect())
}

/// What the definitions list of an object.
pub fn of_part(part: &Object<Key, Canonical>, since: &VersionVector) -> (VersionVector, Listed) {
    let by_key = |key: &Key| key.as_bytes().to_vec();
    let alone = |(): &()| Vec::new();
    let none = BTreeMap::new;
    match part {
        Object::GCounter(of) => (of.seen().clone(), Listed::Shares([of.shares().clone(), none()])),
        Object::PnCounter(of) => {
            let shares = [of.increments().clone(), of.decrements().clone()];
            (of.seen().clone(), Listed::Shares(shares))
        }
        Object::LwwRegister(of) => {
            let winner = |(): &()| of.winner().map(decided);
            (of.seen().clone(), rows(of.decisions(), alone, winner, since))
        }
        Object::LwwMap(of) => {
            let winner = |key: &Key| of.winner(key).map(decided);
            (of.seen().clone(), rows(of.decisions(), by_key, winner, since))
        }
        Object::OrSet(of) => (of.seen().clone(), rows(of.decisions(), by_key, |_| None, since)),
        Object::RwSet(of) => (of.seen().clone(), rows(of.decisions(), by_key, |_| None, since)),
        Object::MvMap(of) => (of.seen().clone(), rows(of.decisions(), by_key, |_| None, since)),
        Object::EwFlag(of) => (of.seen().clone(), rows(of.decisions(), alone, |()| None, since)),
        Object::DwFlag(of) => (of.seen().clone(), rows(of.decisions(), alone, |()| None, since)),
        Object::MvRegister(of) => {
            (of.seen().clone(), rows(of.decisions(), alone, |()| None, since))
        }
        Object::Log(of) => {
            let entries = of.entries().map(|entry| ListedEntry {
                dot: entry.dot(),
                seq: entry.seq,
                timestamp: entry.timestamp,
                bytes: entry.entry.to_bytes().into_owned(),
            });
            (of.seen().clone(), Listed::Entries(entries.collect()))
        }
        Object::MaxRegister(of) => (of.seen().clone(), Listed::Integer(of.value())),
        Object::MinRegister(of) => (of.seen().clone(), Listed::Integer(of.value())),
    }
}

/// What a message of the definitions says; nothing, where none that ships corresponds to it.
pub fn of_message(message: &Message<Key, Canonical>) -> Option<Said> {
    match message.content().expect("the definitions answer") {
        Content::Hello(summary) => Some(Said::Hello(summary)),
        Content::Vectors(vectors) => Some(Said::Vectors(vectors)),
        Content::Piece { object, since, part, is_last } => {
            assert!(is_last, "it goes in one piece");
            let (seen, lists) = of_part(&part, &since);
            let is_new = seen.iter().any(|(origin, count)| count > since.get(origin));
            is_new.then_some(Said::Delta { object, since, seen, lists })
        }
        Content::AllSent => None,
        Content::Check(summary) => Some(Said::Check(summary)),
    }
}

/// What bytes of a session stand for: all that was ever held.
#[derive(Default)]
pub struct Book {
    vectors: BTreeMap<Fingerprint, VersionVector>,
    plain: Vec<Vector>,
    /// Which key a decision is on.
    keys: BTreeMap<(ObjectId, Dot), Vec<u8>>,
    summaries: BTreeMap<(Fingerprint, [u8; 32]), Summary>,
    hashes: BTreeMap<String, StateHash>,
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(u8::try_from(bytes.len()).expect("a short name"));
    out.extend_from_slice(bytes);
}

impl Book {
    pub fn note_vector(&mut self, vector: &VersionVector) {
        let plain = Vector::from(vector);
        if self.vectors.insert(plain.fingerprint(), vector.clone()).is_none() {
            self.plain.push(plain);
        }
    }

    pub fn note_decision(&mut self, object: &ObjectId, dot: Dot, key: &[u8]) {
        self.keys.insert((object.clone(), dot), key.to_vec());
    }

    /// The state hash of an object by the definitions.
    pub fn hash(&mut self, object: &Object<Key, Canonical>) -> StateHash {
        let computed = || object_hash(object).expect("the definitions answer");
        *self.hashes.entry(format!("{object:?}")).or_insert_with(computed)
    }

    /// Notes what a session says first of a class that holds these objects.
    pub fn note_class(
        &mut self,
        objects: &BTreeMap<ObjectId, Object<Key, Canonical>>,
        summary: Summary,
    ) {
        let (mut vectors, mut states) = (Vec::new(), Vec::new());
        for (name, object) in objects {
            let (seen, _) = of_part(object, &VersionVector::default());
            let hash = self.hash(object);
            for text in [&mut vectors, &mut states] {
                write_bytes(name.as_bytes(), text);
            }
            vectors.extend_from_slice(&Vector::from(&seen).fingerprint());
            states.extend_from_slice(&hash.content.0);
            states.extend_from_slice(&hash.removals.0);
        }
        let mut fingerprint = Fingerprint::default();
        fingerprint.copy_from_slice(&blake3::derive_key("rejoin/1 vectors", &vectors)[..16]);
        let states = blake3::derive_key("rejoin/1 class", &states);
        let before = self.summaries.insert((fingerprint, states), summary.clone());
        assert!(before.is_none_or(|before| before == summary), "{summary:?}");
    }

    /// What a hello says of a class.
    pub fn of_hello(&self, class: &Hashes) -> Said {
        let summary = self.summaries.get(&(class.vectors, class.states));
        Said::Hello(summary.expect("somebody held that").clone())
    }

    /// The vector that a fingerprint stands for.
    pub fn vector(&self, of: &Fingerprint) -> &VersionVector {
        self.vectors.get(of).expect("somebody had seen that")
    }

    fn context(&self) -> DecodeContext<'_> {
        DecodeContext { vectors: &self.plain, ..DecodeContext::default() }
    }

    pub fn of_announcement<'a>(&self, vectors: impl Iterator<Item = (ObjectId, &'a [u8])>) -> Said {
        let vector = |(name, bytes): (ObjectId, &[u8])| {
            let vector = Vector::decode(bytes, &self.context()).expect("it is a vector");
            (name, VersionVector::from(&vector))
        };
        Said::Vectors(vectors.map(vector).collect())
    }

    pub fn of_checkpoints(
        &self,
        checkpoints: impl Iterator<Item = (ObjectId, Checkpoint)>,
    ) -> Said {
        let mut vectors = BTreeMap::new();
        let mut messages = [Vec::new(), Vec::new()];
        for (name, Checkpoint { vector, hash }) in checkpoints {
            for (message, digest) in messages.iter_mut().zip([hash.content, hash.removals]) {
                write_bytes(name.as_bytes(), message);
                message.extend_from_slice(&digest.0);
            }
            vectors.insert(name, self.vector(&vector).clone());
        }
        let key = blake3::hash(b"rejoin/1 replica");
        let [content, removals] = messages
            .map(|message| Digest(*blake3::keyed_hash(key.as_bytes(), &message).as_bytes()));
        Said::Check(Summary { vectors, hash: StateHash { content, removals } })
    }

    pub fn of_delta(&self, object: ObjectId, kind: ObjectType, bytes: &[u8]) -> Said {
        let bytes = decompress(bytes, 1 << 26).expect("it is compressed");
        let delta = Delta::decode(kind, &bytes, &self.context());
        let delta = delta.expect("it is a delta");
        let (since, seen) = (delta.since().into(), delta.seen().into());
        let lists = match &delta {
            Delta::GCounter(of) => Listed::Shares([
                of.shares().map(|(origin, share)| (origin.clone(), share)).collect(),
                BTreeMap::new(),
            ]),
            Delta::PnCounter(of) => {
                let side = |side: usize| {
                    let shares = of.shares().map(|(origin, shares)| (origin.clone(), shares[side]));
                    shares.filter(|(_, share)| *share > 0).collect()
                };
                Listed::Shares([side(0), side(1)])
            }
            Delta::Log(of) => Listed::Entries(of.listed().into_iter().collect()),
            Delta::MaxRegister(of) | Delta::MinRegister(of) => Listed::Integer(of.integer()),
            Delta::LwwRegister(of) => self.rows(&object, of.listed()),
            Delta::OrSet(of) | Delta::RwSet(of) => self.rows(&object, of.listed()),
            Delta::LwwMap(of) => self.rows(&object, of.listed()),
            Delta::EwFlag(of) | Delta::DwFlag(of) => self.rows(&object, of.listed()),
            Delta::MvRegister(of) => self.rows(&object, of.listed()),
            Delta::MvMap(of) => self.rows(&object, of.listed()),
        };
        Said::Delta { object, since, seen, lists }
    }

    fn rows(&self, object: &ObjectId, listed: Vec<ListedKey<'_>>) -> Listed {
        let decided = |decision: &optimized::Decision<'_>| Decided {
            id: decision.id.clone(),
            timestamp: decision.timestamp,
            value: decision.value.map(<[u8]>::to_vec),
            is_removal: decision.is_removal,
        };
        let row = |listed: ListedKey<'_>| {
            let key = match listed.name {
                ListedName::Bytes(bytes) => bytes.to_vec(),
                ListedName::CreationDot(dot) => self.keys[&(object.clone(), dot)].clone(),
            };
            let row = Row {
                maximal: listed.maximal.iter().map(decided).collect(),
                kept: listed.kept.into_iter().collect(),
                winner: listed.winner.as_ref().map(decided),
            };
            (key, row)
        };
        let count = listed.len();
        let rows: BTreeMap<Vec<u8>, Row> = listed.into_iter().map(row).collect();
        assert_eq!(rows.len(), count, "no key is listed twice");
        Listed::Keys(rows)
    }
}

/// The user at a replica of that name.
pub fn user_at(name: &str) -> Option<User> {
    (name != "b").then(|| "ann".into())
}
