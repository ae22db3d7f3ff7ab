//! State hash, as spec/state_hash.v defines it, with BLAKE3 for its hash.
//!
//! Meaning: what [`rejoin::reference::state_hash`] is. Names, keys and values are their bytes here, so
//! keys and values must be ordered as their bytes are.
//! Laws: spec/state_hash_proof.v.
//! Cost: some thousand steps of the machine for a record.
//!
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::lattice::Lattice;
//! use rejoin::operation::Canonical;
//! use rejoin::reference::{Author, or_set::OrSet, replica::Object, state_hash::Hashed};
//! use rejoin_proven::state_hash::object_hash;
//!
//! let origin = Origin { replica: ReplicaId::new("ann").unwrap(), incarnation: 0 };
//! let mut set = OrSet::<&str>::bottom();
//! set.add(&Author { origin, seq: 1, user: None }, "A")?;
//! let hash = set.state_hash();
//! assert_eq!(object_hash(&Object::<_, Canonical>::OrSet(set))?, hash);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::constructors::{TREE_BRANCH, TREE_LEAF};
use super::decode::{self, DecodeError};
use super::encode::{self, Term, boolean, bytes};
use super::program::{HASH, Program, SAME};
use super::value::{Shared, Value};
use super::{Error, STEPS, call};
use rejoin::digest::{Digest, StateHash, ToBytes};
use rejoin::operation::{Canonical, Value as Written};
use rejoin::reference::replica::{Object, Objects};

/// The definitions know bytes only.
type Plain = Term<(), ()>;

/// The records of an object, as their bytes: of content, and of removals.
pub type Records = [Vec<Vec<u8>>; 2];

/// The records of an object.
///
/// # Errors
/// If the extracted definitions are damaged.
pub fn records<K, V>(object: &Object<K, V>) -> Result<Records, Error>
where
    K: Ord + Clone + ToBytes,
    V: Written + ToBytes,
{
    let of = |selected: Selected| {
        let records = decode::list(&selected.0, |record| Ok(record.clone()))?.into_iter();
        let encoding = |record| {
            let encoded = run::<V, 1>("State_hash.encode_record", [record])?;
            Ok(decode::bytes(&encoded)?)
        };
        records.map(encoding).collect::<Result<_, Error>>()
    };
    let [content, removals] = select(object)?;
    Ok([of(content)?, of(removals)?])
}

/// The records of content, or of removals, of one object: what one hash tree is of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Selected(Plain);

/// A record: its key and its body.
pub type Record = (Vec<u8>, Vec<u8>);

/// The records of both sides at one place.
pub type Compared = (Vec<Record>, Vec<Record>);

/// A hash tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Tree {
    /// A bucket.
    Bucket {
        /// Its hash.
        hash: Vec<u8>,
        /// Its records, in the order of their keys.
        records: Vec<Record>,
    },
    /// More than a bucket.
    Node {
        /// Its hash.
        hash: Vec<u8>,
        /// Its four parts.
        parts: Box<[Tree; 4]>,
    },
}

impl Tree {
    /// The hash of all.
    pub fn hash(&self) -> &[u8] {
        match self {
            Self::Bucket { hash, .. } | Self::Node { hash, .. } => hash,
        }
    }

    /// How many nodes are more than a bucket.
    pub fn nodes(&self) -> usize {
        match self {
            Self::Bucket { .. } => 0,
            Self::Node { parts, .. } => 1 + parts.iter().map(Self::nodes).sum::<usize>(),
        }
    }
}

/// The records of an object: of content, and of removals.
///
/// # Errors
/// If the extracted definitions are damaged.
pub fn select<K, V>(object: &Object<K, V>) -> Result<[Selected; 2], Error>
where
    K: Ord + Clone + ToBytes,
    V: Written + ToBytes,
{
    let all = run::<V, 1>("State_hash.records", [of_bytes(&encode::object(object))])?;
    let of = |of_removals| {
        run::<V, 2>("State_hash.select", [boolean(of_removals), all.clone()]).map(Selected)
    };
    Ok([of(false)?, of(true)?])
}

/// A place in a tree is the way to it from the root: at each level a number below 4.
impl Selected {
    /// The tree of these records.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn tree(&self) -> Result<Tree, Error> {
        Ok(tree(&run::<Canonical, 2>("State_hash.build", [levels()?, self.0.clone()])?)?)
    }

    /// The records at a place and below.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn within(&self, place: &[u8]) -> Result<Vec<Record>, Error> {
        let given = [levels()?, bytes(place), self.0.clone()];
        Ok(pairs(&run::<Canonical, 3>("State_hash.within", given)?)?)
    }

    /// Whether the tree has no node there but a bucket.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn ends_at(&self, place: &[u8]) -> Result<bool, Error> {
        let given = [levels()?, bytes(place), self.0.clone()];
        Ok(decode::boolean(&run::<Canonical, 3>("State_hash.ends_at", given)?)?)
    }

    /// Whether the hashes of two trees differ at a place.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn differs_at(&self, other: &Self, place: &[u8]) -> Result<bool, Error> {
        let given = [levels()?, bytes(place), self.0.clone(), other.0.clone()];
        Ok(decode::boolean(&run::<Canonical, 4>("State_hash.differ_at", given)?)?)
    }

    /// The records that are compared when one goes down both trees where hashes differ: of both at
    /// each place that is reached.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn differing(&self, other: &Self) -> Result<Vec<Compared>, Error> {
        let build = |of: &Self| run::<Canonical, 2>("State_hash.build", [levels()?, of.0.clone()]);
        let found = run::<Canonical, 2>("State_hash.differing", [build(self)?, build(other)?])?;
        Ok(decode::list(&found, |both| decode::pair(both, pairs, pairs))?)
    }
}

/// The levels of a tree.
fn levels() -> Result<Plain, Error> {
    run::<Canonical, 0>("State_hash.depth_limit", [])
}

fn pairs(records: &Plain) -> Result<Vec<Record>, DecodeError> {
    decode::list(records, |record| decode::pair(record, decode::bytes, decode::bytes))
}

fn tree(term: &Plain) -> Result<Tree, DecodeError> {
    if let Some([hash, records]) = decode::made_by(TREE_LEAF, term) {
        return Ok(Tree::Bucket { hash: decode::bytes(hash)?, records: pairs(records)? });
    }
    let [_, hash, a, b, c, d] = decode::fields(TREE_BRANCH, term)?;
    let parts = Box::new([tree(a)?, tree(b)?, tree(c)?, tree(d)?]);
    Ok(Tree::Node { hash: decode::bytes(hash)?, parts })
}

/// The state hash of an object.
///
/// # Errors
/// If the extracted definitions are damaged.
pub fn object_hash<K, V>(object: &Object<K, V>) -> Result<StateHash, Error>
where
    K: Ord + Clone + ToBytes,
    V: Written + ToBytes,
{
    both::<V>("State_hash.object_hash", &of_bytes(&encode::object(object)))
}

/// The state hash of a replica that holds these objects.
///
/// # Errors
/// If the extracted definitions are damaged.
pub fn replica_hash<K, V>(objects: &Objects<K, V>) -> Result<StateHash, Error>
where
    K: Ord + Clone + ToBytes,
    V: Written + ToBytes,
{
    let objects = encode::by_object(objects, encode::object);
    both::<V>("State_hash.replica_hash", &of_bytes(&objects))
}

fn both<V: Written + ToBytes>(name: &'static str, of: &Plain) -> Result<StateHash, Error> {
    let hash = |of_removals| {
        let digest = run::<V, 2>(name, [boolean(of_removals), of.clone()])?;
        Ok::<_, Error>(Digest(decode::digest(&digest)?))
    };
    Ok(StateHash { content: hash(false)?, removals: hash(true)? })
}

/// The result of a definition, with what it takes besides.
fn run<V: Written + ToBytes, const N: usize>(
    name: &'static str,
    arguments: [Plain; N],
) -> Result<Plain, Error> {
    let function = |program: &Program, name| {
        program.function(name).map(|function| Value::Function(function, Shared::EMPTY))
    };
    let by_name = |program: &Program, parameter: &str| match parameter {
        "compare_name" | "compare_value" => function(program, "State_hash.compare_bytes"),
        "name_bytes" | "value_bytes" => Some(Value::Function(SAME, Shared::EMPTY)),
        "hash" => Some(Value::Function(HASH, Shared::EMPTY)),
        "null" => Some(bytes(&V::tombstone().to_bytes())),
        _ => None,
    };
    call(&mut { STEPS }, name, by_name, arguments)
}

/// The term with the bytes of its atoms in their places. It goes on at the last field in a loop: a list
/// may be long.
fn of_bytes<K: ToBytes, V: ToBytes>(mut term: &Term<K, V>) -> Plain {
    let mut path = Vec::new();
    let end = loop {
        match term {
            Value::Number(number) => break Value::Number(*number),
            // No state has one.
            Value::Function(function, _) => break Value::Function(*function, Shared::EMPTY),
            Value::Atom(atom) => break bytes(&atom.bytes()),
            Value::Data(tag, fields) => match fields.as_slice().split_last() {
                None => break Value::Data(*tag, Shared::EMPTY),
                Some((last, others)) => {
                    path.push((*tag, others.iter().map(of_bytes).collect::<Vec<_>>()));
                    term = last;
                }
            },
        }
    };
    path.into_iter().rev().fold(end, |last, (tag, mut fields)| {
        fields.push(last);
        Value::Data(tag, fields.into_iter().collect())
    })
}
