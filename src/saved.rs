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
use crate::relayed::Relayed;
use crate::replica::{not_relayed, refused};
use crate::sync::{Entry, Schema};
use crate::update::{Saved, Settings, encode_saved, whole_message};
use std::sync::Arc;

/// The state of a saved replica.
#[derive(Clone, Debug)]
pub struct State {
    /// The name under which it performed its operations.
    pub origin: Origin,
    /// The priorities of its objects.
    pub schema: Schema,
    /// Its objects.
    pub objects: Objects,
    /// The objects that it passes on, and does not know.
    pub relayed: Relayed,
}

impl State {
    /// Opens the parts of a saved replica, in the order in which they were saved.
    ///
    /// # Errors
    /// If there are none, or one is damaged, missing or of another replica.
    pub fn open<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, OpenError> {
        let mut opened = Parts::default();
        parts.into_iter().try_for_each(|part| opened.add(part))?;
        opened.finish()
    }
}

/// A saved replica that is opened part by part, so that a store need not hold all parts in memory
/// beside the state.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    origin: Option<Origin>,
    schema: Schema,
    objects: Objects,
    relayed: Relayed,
    count: usize,
}

impl Parts {
    /// Applies the next part.
    ///
    /// Cost: O(bytes).
    ///
    /// # Errors
    /// If it is damaged, of another replica, or does not follow the parts before it. Of a part with one
    /// object, as [`object_parts`] gives them, nothing was applied then.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), OpenError> {
        let part = self.count;
        self.count += 1;
        let damaged = |error| OpenError::Damaged { part, error };
        let saved = Saved::decode(bytes).map_err(damaged)?;
        if self.origin.as_ref().is_some_and(|origin| *origin != saved.origin) {
            return Err(OpenError::OtherReplica { part });
        }
        self.origin = Some(saved.origin);
        for (part, settings) in saved.parts {
            let object = &part.object;
            let Settings::Own { priority, may_be_dropped, is_audited } = settings else {
                let added = self.relayed.add(object, part.kind, part.message);
                added.map_err(|refusal| damaged(not_relayed(&part, refusal)))?;
                continue;
            };
            let kind = part.kind().ok_or_else(|| damaged(part.unknown_type()))?;
            let entry = Entry { kind, priority, may_be_dropped, is_audited };
            let delta = part.decode(kind).map_err(damaged)?;
            self.schema.insert(object, entry);
            // It was passed on before, and was stored whole when the schema got it.
            self.relayed.take(object);
            let state = self.objects.entry(object.clone()).or_insert_with(|| Object::bottom(kind));
            state
                .apply(delta)
                .map_err(|reason| damaged(refused(object, reason, Changes::default())))?;
        }
        Ok(())
    }

    /// The state that the parts make.
    ///
    /// # Errors
    /// If there were none.
    pub fn finish(self) -> Result<State, OpenError> {
        let Self { origin, schema, objects, relayed, .. } = self;
        Ok(State { origin: origin.ok_or(OpenError::Empty)?, schema, objects, relayed })
    }
}

/// The part that holds what changed since a version; all, since the version of nothing.
///
/// Cost: O(changes since then).
pub fn part(replica: &Replica, schema: &Schema, since: &Version) -> Vec<u8> {
    let parts = changed_since(replica, schema, since).map(|(name, entry, delta, _)| {
        (name, entry.into(), delta.kind().code(), whole_message(&delta))
    });
    let relayed = relayed_since(replica, since).flat_map(|(name, kind, deltas, _)| {
        deltas.into_iter().map(move |delta| (name, Settings::Relayed, kind, delta.to_vec()))
    });
    encode_saved(replica.origin(), parts.chain(relayed))
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
    let changed = changed_since(replica, schema, since).map(|(name, entry, delta, is_whole)| {
        let part = (name, entry.into(), delta.kind().code(), whole_message(&delta));
        let bytes = encode_saved(replica.origin(), std::iter::once(part));
        ObjectPart { object: name.clone(), bytes, is_whole }
    });
    let relayed = relayed_since(replica, since).map(|(name, kind, deltas, is_whole)| ObjectPart {
        object: name.clone(),
        bytes: relayed_part(replica, name, kind, &deltas),
        is_whole,
    });
    changed.chain(relayed)
}

/// What is passed on of objects of which a version lacks something: the code of the type, the deltas, and whether
/// these are all.
pub(crate) fn relayed_since<'a>(
    replica: &'a Replica,
    since: &'a Version,
) -> impl Iterator<Item = (&'a ObjectId, u8, Vec<Arc<[u8]>>, bool)> {
    replica.relayed().iter().filter_map(|(name, kind)| {
        let nothing = Vector::default();
        let vector = since.vectors.get(name).unwrap_or(&nothing);
        let (deltas, are_all) = replica.relayed().since(name, vector, since.openings.get(name));
        (!deltas.is_empty()).then_some((name, kind, deltas, are_all))
    })
}

fn relayed_part(replica: &Replica, name: &ObjectId, kind: u8, deltas: &[Arc<[u8]>]) -> Vec<u8> {
    let parts = deltas.iter().map(|delta| (name, Settings::Relayed, kind, delta));
    encode_saved(replica.origin(), parts)
}

/// The part that holds one object whole; `None` if there is no such object.
///
/// Cost: O(what the object holds).
pub fn object_part(replica: &Replica, schema: &Schema, object: &str) -> Option<Vec<u8>> {
    let Some((name, state)) = replica.objects().get_key_value(object) else {
        let name = ObjectId::from(object);
        let kind = replica.relayed().kind(object)?;
        let (deltas, _) = replica.relayed().since(object, &Vector::default(), None);
        return Some(relayed_part(replica, &name, kind, &deltas));
    };
    let delta = state.delta_since(&Vector::default());
    let settings = entry_of(schema, name, state).into();
    let part = (name, settings, delta.kind().code(), whole_message(&delta));
    Some(encode_saved(replica.origin(), std::iter::once(part)))
}

/// The deltas of the objects that changed since a version that was saved, and whether each is the
/// whole object.
fn changed_since<'a>(
    replica: &'a Replica,
    schema: &'a Schema,
    since: &'a Version,
) -> impl Iterator<Item = (&'a ObjectId, Entry, Delta, bool)> {
    // What was only passed on was saved as such: the object whole takes its place.
    let is_new = |name: &ObjectId| since.relayed.contains(name);
    deltas_since(replica, since, is_new).map(|(name, object, delta)| {
        // Where names changed since, the whole object takes the place of what was saved of it.
        let nothing = Vector::default();
        let before = since.openings.get(name).map(Openings::fingerprint);
        let known = since.vectors.get(name).filter(|_| !since.relayed.contains(name));
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

/// The deltas of the objects that changed since a version, or that it does not know, or that are new to it.
pub(crate) fn deltas_since<'a>(
    replica: &'a Replica,
    version: &'a Version,
    is_new: impl Fn(&ObjectId) -> bool + 'a,
) -> impl Iterator<Item = (&'a ObjectId, &'a Object, Delta)> {
    replica.objects().iter().filter_map(move |(name, object)| {
        let nothing = Vector::default();
        let known = version.vectors.get(name).filter(|_| !is_new(name));
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
