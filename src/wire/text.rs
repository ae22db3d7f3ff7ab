//! States, deltas and vectors for `serde`: as their bytes, or in hexadecimal digits where people may read.
//!
//! Meaning: a message with all names inline, that can be read with no other knowledge. A state is
//! a delta since nothing.
//! Laws: what was serialized is deserialized; damaged bytes are an error (its tests).
//! Cost: O(what there is).
//! Source: this project.

use super::{BaseEncoding, DecodeContext, OriginEncoding};
use crate::optimized::canonical_bytes::CanonicalBytes;
use crate::optimized::decisions::{KeyedType, Reading};
use crate::optimized::delta::TypedDelta;
use crate::optimized::g_counter::{Counter, SharesDelta};
use crate::optimized::log::{Log, LogDelta};
use crate::optimized::max_register::{Extreme, IntegerDelta, Order};
use crate::optimized::vector::Vector;
use crate::wire::keyed::Coded;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

fn to_digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_digits(text: &str) -> Option<Vec<u8>> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    let byte = |pair: &[u8]| Some((value(pair[0])? << 4 | value(pair[1])?) as u8);
    let pairs = text.as_bytes().chunks_exact(2);
    pairs.remainder().is_empty().then(|| pairs.map(byte).collect())?
}

fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        serializer.serialize_str(&to_digits(bytes))
    } else {
        serializer.serialize_bytes(bytes)
    }
}

fn deserialize<'de, D: Deserializer<'de>, T, E: fmt::Display>(
    deserializer: D,
    decode: impl Fn(&[u8]) -> Result<T, E>,
) -> Result<T, D::Error> {
    struct Bytes<F>(F);

    impl<T, E: fmt::Display, F: Fn(&[u8]) -> Result<T, E>> Visitor<'_> for Bytes<F> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a message as bytes, or in hexadecimal digits")
        }

        fn visit_str<R: Error>(self, text: &str) -> Result<T, R> {
            let bytes =
                from_digits(text).ok_or_else(|| R::custom("not hexadecimal digits, two a byte"))?;
            (self.0)(&bytes).map_err(R::custom)
        }

        fn visit_bytes<R: Error>(self, bytes: &[u8]) -> Result<T, R> {
            (self.0)(bytes).map_err(R::custom)
        }
    }

    if deserializer.is_human_readable() {
        deserializer.deserialize_str(Bytes(decode))
    } else {
        deserializer.deserialize_bytes(Bytes(decode))
    }
}

const NOTHING: DecodeContext<'static> =
    DecodeContext { asked: None, vectors: &[], actor_tables: &[] };

impl Serialize for Vector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(&self.encode(OriginEncoding::Inline), serializer)
    }
}

impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer, |bytes| Self::decode(bytes, &NOTHING))
    }
}

/// A delta by its bytes.
macro_rules! by_bytes {
    ($([$($parameters:tt)*] $delta:ty;)*) => {$(
        impl<$($parameters)*> Serialize for $delta {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serialize(&self.encode(OriginEncoding::Inline, BaseEncoding::Inline), serializer)
            }
        }

        impl<'de, $($parameters)*> Deserialize<'de> for $delta {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserialize(deserializer, |bytes| Self::decode(bytes, &NOTHING))
            }
        }
    )*};
}

by_bytes! {
    [const SIDES: usize] SharesDelta<SIDES>;
    [] IntegerDelta;
    [V: CanonicalBytes + ?Sized] LogDelta<V>;
    [E: Coded, K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized] TypedDelta<E, K, V>;
}

/// A state by its delta since nothing.
macro_rules! by_delta {
    ($([$($parameters:tt)*] $state:ty, $delta:ident => $taken:expr;)*) => {$(
        impl<$($parameters)*> Serialize for $state {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.delta_since(&Vector::default()).serialize(serializer)
            }
        }

        impl<'de, $($parameters)*> Deserialize<'de> for $state {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let $delta = Deserialize::deserialize(deserializer)?;
                let mut state = Self::new();
                state.apply($taken).map_err(D::Error::custom)?;
                Ok(state)
            }
        }
    )*};
}

by_delta! {
    [const SIDES: usize] Counter<SIDES>, delta => &delta;
    [V: CanonicalBytes + ?Sized] Log<V>, delta => delta;
    [T: KeyedType<Effect: Coded>, K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized]
        Reading<T, K, V>, delta => &delta;
    [O: Order] Extreme<O>, delta => &delta;
}
