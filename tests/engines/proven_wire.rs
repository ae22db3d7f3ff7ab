//! The proven binary format of vectors compared with the shipped one.
//!
//! Shown: both write the same bytes, and read the same from them: from the golden messages, from
//! random vectors, and from damaged messages.

use proptest::prelude::*;
use rejoin::dot::{Origin, ReplicaId};
use rejoin::optimized::{ActorTable, Vector};
use rejoin::wire::{DecodeContext, OriginEncoding};
use rejoin_proven::wire::{Counted, decode_vector, encode_vector};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

fn known() -> DecodeContext<'static> {
    DecodeContext { vectors: &[], actor_tables: &[], asked: None }
}

fn counted(vector: &Vector) -> Vec<Counted> {
    let entry = |(origin, count): (&Origin, u64)| Counted {
        replica: origin.replica.as_str().as_bytes().to_vec(),
        incarnation: origin.incarnation,
        count,
    };
    vector.iter().map(entry).collect()
}

fn vector(counts: BTreeMap<(String, u64), u64>) -> Vector {
    let origin = |(name, incarnation): (String, u64)| Origin {
        replica: ReplicaId::new(name).expect("a name"),
        incarnation,
    };
    let (origins, counts) = counts.into_iter().map(|(of, count)| (origin(of), count)).unzip();
    let actor_table = ActorTable::new(origins).expect("they rise");
    Vector::new(Arc::new(actor_table), counts).expect("a count for each")
}

/// What both read from some bytes. The model does not cover names that are not UTF-8.
fn both_read_the_same(bytes: &[u8]) -> Result<bool, TestCaseError> {
    let proven = decode_vector(bytes).expect("the definitions answer");
    let is_text = |of: &Counted| std::str::from_utf8(&of.replica).is_ok();
    let proven = proven.filter(|vector| vector.iter().all(is_text));
    let shipped = Vector::decode(bytes, &known()).ok().map(|vector| counted(&vector));
    prop_assert_eq!(&proven, &shipped, "{:02x?}", bytes);
    Ok(proven.is_some())
}

fn both_write_the_same(vector: &Vector) -> Result<Vec<u8>, TestCaseError> {
    let bytes = vector.encode(OriginEncoding::Inline);
    let proven = encode_vector(&counted(vector)).expect("the definitions answer");
    prop_assert_eq!(&proven, &bytes);
    prop_assert!(both_read_the_same(&bytes)?);
    Ok(bytes)
}

#[test]
fn golden_vectors_are_read_and_written_alike() {
    for (name, origins) in [("vector", true), ("vector-of-nothing", false)] {
        let path = format!("tests/golden/wire/{name}.hex");
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
        let digits: Vec<char> =
            text.expect("the message is kept").chars().filter(|c| !c.is_whitespace()).collect();
        let byte = |pair: &[char]| {
            u8::from_str_radix(&pair.iter().collect::<String>(), 16).expect("digits")
        };
        let bytes: Vec<u8> = digits.chunks(2).map(byte).collect();
        let proven = decode_vector(&bytes).expect("the definitions answer").expect("a vector");
        assert_eq!(!proven.is_empty(), origins, "{name}");
        assert_eq!(encode_vector(&proven), Ok(bytes.clone()), "{name}");
        assert!(both_read_the_same(&bytes).expect("they agree"), "{name}");
    }
}

fn count() -> impl Strategy<Value = u64> {
    (0_u32..64, any::<u64>()).prop_map(|(shift, number)| (number >> shift).max(1))
}

fn some_vector(most: usize) -> impl Strategy<Value = Vector> {
    let name = prop_oneof!["[ab]{1,3}", "the table of (ann|bob|eve)[0-9]{0,2}", "é{1,40}"];
    let incarnation = prop_oneof![3 => 0_u64..3, 1 => any::<u64>()];
    prop::collection::btree_map((name, incarnation), count(), 0..most).prop_map(vector)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn random_vectors_are_read_and_written_alike(vector in some_vector(12)) {
        both_write_the_same(&vector)?;
    }

    /// Few widths are optimal by chance; here most counts are small, and some are large.
    #[test]
    fn columns_have_the_same_width(
        counts in prop::collection::vec(prop_oneof![6 => 1_u64..9, 1 => count()], 1..150)
    ) {
        let named = (0_u64..).zip(counts).map(|(of, count)| (("a".to_string(), of), count));
        both_write_the_same(&vector(named.collect()))?;
    }

    #[test]
    fn damaged_messages_are_read_alike(
        vector in some_vector(6),
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 8)
    ) {
        let bytes = both_write_the_same(&vector)?;
        for (at, byte, way) in damages {
            let mut damaged = bytes.clone();
            let at = at.index(bytes.len());
            match way {
                0 => damaged[at] = byte,
                1 => damaged.truncate(at),
                2 => damaged.insert(at, byte),
                _ => damaged[at] ^= 1 << (byte % 8),
            }
            both_read_the_same(&damaged)?;
        }
    }
}
