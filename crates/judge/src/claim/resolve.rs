//! What a claim names, or why it cannot be asked at all.

use crate::past::{Past, Stop, ill};
use rejoin::object::TraceType;
use rejoin_trace::{Claim, Stamps};

/// The declared things that a claim names.
#[derive(Debug)]
pub struct Resolved {
    /// The replica, where there is one.
    pub replica: Option<u32>,
    /// The object, where there is one.
    pub object: Option<u32>,
    /// The replicas of `converged`.
    pub replicas: Vec<u32>,
}

/// The declared things that a claim names.
pub fn resolve(past: &Past, claim: &Claim) -> Result<Resolved, Stop> {
    let mut resolved = Resolved { replica: None, object: None, replicas: Vec::new() };
    match claim {
        Claim::Converged { replicas } => {
            for name in replicas {
                resolved.replicas.push(past.replica("replicas", name)?);
            }
            return Ok(resolved);
        }
        Claim::Notices { replica, .. } => {
            resolved.replica = Some(past.replica("replica", replica)?);
            if past.trace_loads {
                let message = "notices cannot stand in a trace that loads states, which do \
                               not say who decided what";
                return Err(ill("event", message.into()));
            }
            return Ok(resolved);
        }
        Claim::Failed { replica, object, message, .. } => {
            resolved.replica = Some(past.replica("replica", replica)?);
            resolved.object = object.as_deref().map(|name| past.object(name)).transpose()?;
            if let Some(message) = message {
                past.message("message", message)?;
            }
            return Ok(resolved);
        }
        Claim::Vector { replica, object, .. } | Claim::Digest { replica, object, .. } => {
            resolved.replica = Some(past.replica("replica", replica)?);
            if let Some(object) = object {
                resolved.object = Some(past.object(object)?);
            }
        }
        Claim::Read { replica, object, .. }
        | Claim::Decisions { replica, object, .. }
        | Claim::State { replica, object, .. } => {
            resolved.replica = Some(past.replica("replica", replica)?);
            resolved.object = Some(past.object(object)?);
        }
    }
    let is_loaded = |object: u32| past.loaded[object as usize];
    let kind = resolved.object.map(|object| past.history.objects[object as usize].kind);
    let no = |field, what: &str| {
        let kind = kind.map_or("", TraceType::as_str);
        Err(ill(field, format!("an object of type {kind} has no {what}")))
    };
    match (claim, resolved.object, kind) {
        (Claim::Vector { object: None, .. }, ..) if past.trace_loads => {
            let message = "a vector over all objects cannot stand in a trace that loads \
                           states, which do not count operations; name an object that is not \
                           loaded";
            Err(ill("vector", message.into()))
        }
        (Claim::Vector { .. }, Some(object), _) if is_loaded(object) => {
            let what = past.object_shown(object);
            let message = format!("{what} is loaded, and a state does not count operations");
            Err(ill("object", message))
        }
        (Claim::Read { element: Some(_), .. }, _, Some(kind)) if !kind.is_set() => {
            no("element", "elements")
        }
        (Claim::Read { key: Some(_), .. }, _, Some(kind)) if !kind.is_map() => no("key", "keys"),
        (Claim::Read { query: Some(_), .. }, _, Some(kind)) if kind != TraceType::Opaque => {
            no("query", "queries")
        }
        (Claim::Decisions { .. }, _, Some(kind)) if !kind.has_decisions() => {
            no("event", "merge decisions")
        }
        (Claim::Decisions { .. }, Some(object), _) if is_loaded(object) => {
            let what = past.object_shown(object);
            let message = format!(
                "{what} is loaded, and a state does not say which decisions were concurrent"
            );
            Err(ill("event", message))
        }
        (Claim::State { .. }, _, Some(kind)) if !kind.has_explicit_states() => {
            no("event", "explicit state")
        }
        (
            Claim::State { .. },
            _,
            Some(TraceType::LwwRegister | TraceType::LwwMap | TraceType::Log),
        ) if past.stamps == Stamps::Own => {
            no("event", "state to compare, where stamps are the implementation's own")
        }
        _ => Ok(resolved),
    }
}
