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

use super::decode::{self, DecodeError};
use super::encode::{self, Atom, Term, boolean, bytes};
use super::program::{HASH, Program, SAME};
use super::value::{Shared, Value};
use super::{Error, STEPS, call};
use rejoin::digest::{Digest, StateHash, ToBytes};
use rejoin::operation::Value as Written;
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
    let all = run::<V, 1>("State_hash.records", [of_bytes(&encode::object(object))])?;
    let of = |of_removals| {
        let selected = run::<V, 2>("State_hash.select", [boolean(of_removals), all.clone()])?;
        let records = decode::list(&selected, |record| Ok(record.clone()))?.into_iter();
        let encoding = |record| {
            let encoded = run::<V, 1>("State_hash.encode_record", [record])?;
            Ok(decode::bytes(&encoded)?)
        };
        records.map(encoding).collect::<Result<_, Error>>()
    };
    Ok([of(false)?, of(true)?])
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
        let found = decode::bytes(&digest)?;
        let count = found.len();
        let digest = found
            .try_into()
            .map_err(|_| DecodeError { expected: "32 bytes", found: format!("{count} bytes") });
        Ok::<_, Error>(Digest(digest?))
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
            Value::Atom(atom) => {
                break match &**atom {
                    Atom::Replica(name) => bytes(name.as_str().as_bytes()),
                    Atom::Text(text) => bytes(text.as_bytes()),
                    Atom::Key(key) => bytes(&key.to_bytes()),
                    Atom::Value(value) => bytes(&value.to_bytes()),
                };
            }
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
