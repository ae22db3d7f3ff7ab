//! Saved replicas: the parts that a store keeps, and the state that they are opened as.
//!
//! Meaning: the first part holds a whole state, each later part what changed since the version that
//! was saved before it. [`Replica::save`](crate::Replica::save) and [`Replica::open`](crate::Replica::open)
//! are these functions with a clock and an opening; who keeps an engine by themselves uses them here.
//! Laws: the parts, opened in order, give the state that was saved. A part that is damaged, missing
//! or of another replica is an error that names it, and the parts before it can be opened: they are
//! an older state, as a backup is.
//! Cost: O(bytes).
//! Source: spec/wire.md, section "Versions, updates and saved replicas".

use crate::Version;
use crate::changes::Changes;
use crate::dot::Origin;
use crate::error::OpenError;
use crate::operation::ObjectId;
use crate::optimized::Vector;
use crate::optimized::openings::Openings;
use crate::optimized::replica::{Delta, Object, Objects, Replica};
use crate::replica::refused;
use crate::sync::{Entry, Schema};
use crate::update::{Part, Saved, encode_saved};

/// The state of a saved replica.
#[derive(Clone, Debug)]
pub struct State {
    /// The name under which it performed its operations.
    pub origin: Origin,
    /// The priorities of its objects.
    pub schema: Schema,
    /// Its objects.
    pub objects: Objects,
}

impl State {
    /// Opens the parts of a saved replica, in the order in which they were saved.
    ///
    /// # Errors
    /// If there are none, or one is damaged, missing or of another replica.
    pub fn open<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, OpenError> {
        let mut origin = None;
        let mut schema = Schema::new();
        let mut objects = Objects::new();
        for (part, bytes) in parts.into_iter().enumerate() {
            let damaged = |error| OpenError::Damaged { part, error };
            let saved = Saved::decode(bytes).map_err(damaged)?;
            if origin.as_ref().is_some_and(|origin| *origin != saved.origin) {
                return Err(OpenError::OtherReplica { part });
            }
            origin = Some(saved.origin);
            for (Part { object, kind, delta }, entry) in saved.parts {
                schema.insert(&object, entry);
                let state = objects.entry(object.clone()).or_insert_with(|| Object::bottom(kind));
                state
                    .apply(delta)
                    .map_err(|reason| damaged(refused(&object, reason, Changes::default())))?;
            }
        }
        let origin = origin.ok_or(OpenError::Empty)?;
        Ok(Self { origin, schema, objects })
    }
}

/// The part that holds what changed since a version; all, since the version of nothing.
///
/// Cost: O(changes since then).
pub fn part(replica: &Replica, schema: &Schema, since: &Version) -> Vec<u8> {
    let parts =
        changed_since(replica, schema, since).map(|(name, entry, delta, _)| (name, entry, delta));
    encode_saved(replica.origin(), parts)
}

/// A part of one object, for stores that keep the parts of each object apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObjectPart {
    /// Which object.
    pub object: ObjectId,
    /// The part, one of those that [`State::open`] takes.
    pub bytes: Vec<u8>,
    /// Whether it holds the whole object, and so takes the place of the object's parts before it: the
    /// version did not know the object, or a healed fork renamed operations since.
    pub is_whole: bool,
}

/// What changed since a version, as one part for each object that changed. With a part of no object,
/// such as [`part`] gives since the present version, they make the replica.
///
/// Cost: O(changes since then), and O(objects).
pub fn object_parts<'a>(
    replica: &'a Replica,
    schema: &'a Schema,
    since: &'a Version,
) -> impl Iterator<Item = ObjectPart> + 'a {
    let changed = changed_since(replica, schema, since);
    changed.map(|(name, entry, delta, is_whole)| {
        let bytes = encode_saved(replica.origin(), std::iter::once((name, entry, delta)));
        ObjectPart { object: name.clone(), bytes, is_whole }
    })
}

/// The part that holds one object whole; `None` if there is no such object.
///
/// Cost: O(what the object holds).
pub fn object_part(replica: &Replica, schema: &Schema, object: &str) -> Option<Vec<u8>> {
    let (name, state) = replica.objects().get_key_value(object)?;
    let delta = state.delta_since(&Vector::default());
    let part = (name, entry_of(schema, name, state), delta);
    Some(encode_saved(replica.origin(), std::iter::once(part)))
}

/// The deltas of the objects that changed since a version that was saved, and whether each is the
/// whole object.
fn changed_since<'a>(
    replica: &'a Replica,
    schema: &'a Schema,
    since: &'a Version,
) -> impl Iterator<Item = (&'a ObjectId, Entry, Delta, bool)> {
    deltas_since(replica, since).map(|(name, object, delta)| {
        // Where names changed since, the whole object takes the place of what was saved of it.
        let nothing = Vector::default();
        let before = since.openings.get(name).map(Openings::fingerprint);
        let known = since.vectors.get(name);
        let vector = known.unwrap_or(&nothing);
        let entry = entry_of(schema, name, object);
        match before {
            Some(openings) if !object.extends(vector, &openings) => {
                (name, entry, object.delta_since(&nothing), true)
            }
            _ => (name, entry, delta, known.is_none()),
        }
    })
}

fn entry_of(schema: &Schema, name: &str, object: &Object) -> Entry {
    schema.get(name).copied().unwrap_or_else(|| Entry::plain(object.kind()))
}

/// The deltas of the objects that changed since a version, or that it does not know.
pub(crate) fn deltas_since<'a>(
    replica: &'a Replica,
    version: &'a Version,
) -> impl Iterator<Item = (&'a ObjectId, &'a Object, Delta)> {
    replica.objects().iter().filter_map(|(name, object)| {
        let nothing = Vector::default();
        let known = version.vectors.get(name);
        let since = known.unwrap_or(&nothing);
        let openings = version.openings.get(name);
        let is_same = known.is_some()
            && since.covers(&object.vector())
            && openings.is_none_or(|openings| openings == object.openings());
        // A version that contradicts itself gets the whole state, which its sender refuses.
        let delta = || {
            let delta = object.delta_for_version(since, openings);
            delta.unwrap_or_else(|_| object.delta_since(&nothing))
        };
        (!is_same).then(|| (name, object, delta()))
    })
}
