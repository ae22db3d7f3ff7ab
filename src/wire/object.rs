//! Deltas of objects on the wire, whatever their types.
//!
//! Meaning: that of the type's own delta; the kind of the message says which type.
//! Laws: what was written is read back, as there.
//! Cost: as there.
//! Source: this project.

use super::{BaseEncoding, DecodeContext, Error, OriginEncoding, openings};
use crate::object::ObjectType;
use crate::optimized::delta::TypedDelta;
use crate::optimized::g_counter::{CounterDelta, SharesDelta};
use crate::optimized::log::LogDelta;
use crate::optimized::max_register::IntegerDelta;
use crate::optimized::replica::{Delta, each};

impl Delta {
    /// Its bytes, as a message.
    ///
    /// Cost: O(what it lists), and O(origins) where they go by their names.
    pub fn encode(&self, naming: OriginEncoding, base: BaseEncoding) -> Vec<u8> {
        let delta = each!(Delta, self, delta => delta.encode(naming, base));
        openings::encode(self.openings(), self.seen(), delta)
    }

    /// The delta of a message, of an object of a type.
    ///
    /// # Errors
    /// [`Error::UnknownBase`] and [`Error::NotAsked`] ask for [`BaseEncoding::Inline`],
    /// [`Error::UnknownActorTable`] for [`OriginEncoding::Inline`]. For the rest see there.
    pub fn decode(
        kind: ObjectType,
        bytes: &[u8],
        known: &DecodeContext<'_>,
    ) -> Result<Self, Error> {
        if openings::has(bytes) {
            let read = openings::read(bytes)?;
            let rest = &bytes[read.rest..];
            if openings::has(rest) {
                let found = "openings".into();
                return Err(Error::malformed(read.rest, found, "the delta that they are of"));
            }
            let mut delta = Self::decode(kind, rest, known)?;
            let read = read.of(delta.seen())?;
            *delta.openings_mut() = read;
            return Ok(delta);
        }
        Ok(match kind {
            ObjectType::GCounter => Self::GCounter(CounterDelta::decode(bytes, known)?),
            ObjectType::LwwRegister => Self::LwwRegister(TypedDelta::decode(bytes, known)?),
            ObjectType::OrSet => Self::OrSet(TypedDelta::decode(bytes, known)?),
            ObjectType::LwwMap => Self::LwwMap(TypedDelta::decode(bytes, known)?),
            ObjectType::Log => Self::Log(LogDelta::decode(bytes, known)?),
            ObjectType::PnCounter => Self::PnCounter(SharesDelta::decode(bytes, known)?),
            ObjectType::RwSet => Self::RwSet(TypedDelta::decode(bytes, known)?),
            ObjectType::EwFlag => Self::EwFlag(TypedDelta::decode(bytes, known)?),
            ObjectType::DwFlag => Self::DwFlag(TypedDelta::decode(bytes, known)?),
            ObjectType::MvRegister => Self::MvRegister(TypedDelta::decode(bytes, known)?),
            ObjectType::MvMap => Self::MvMap(TypedDelta::decode(bytes, known)?),
            ObjectType::MaxRegister => Self::MaxRegister(IntegerDelta::decode(bytes, known)?),
            ObjectType::MinRegister => Self::MinRegister(IntegerDelta::decode(bytes, known)?),
        })
    }
}
