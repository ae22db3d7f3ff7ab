//! Hosts replicas of somebody's type as a subject that the oracle drives.

use crate::replicated::Replicated;
use rejoin::json::Json;
use rejoin_drive::{Failure, FailureKind, Reply, Request, Subject};
use rejoin_trace::{Name, Op, Stamps};
use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// All replicas of one history, in this process. Messages and backups stay here: the oracle passes
/// only their numbers.
pub struct Hosted<R> {
    make: Box<dyn Fn(&str) -> R>,
    replicas: BTreeMap<Name, R>,
    parcels: Vec<Parcel<R>>,
    incarnation: u64,
}

/// The content of a message or a backup.
enum Parcel<R> {
    Whole(Box<R>),
    Bytes(Vec<u8>),
}

impl<R: Replicated> Default for Hosted<R> {
    fn default() -> Self {
        Self::of(R::new)
    }
}

/// The reply with an answer, or `unsupported` if there is none.
fn answered(answer: Option<Reply>, what: &str) -> Reply {
    answer.unwrap_or_else(|| Reply::Unsupported(format!("the type has no {what}")))
}

impl<R: Replicated> Hosted<R> {
    /// Hosts replicas that a function makes from their names.
    pub fn of(make: impl Fn(&str) -> R + 'static) -> Self {
        let (make, replicas, parcels) = (Box::new(make), BTreeMap::new(), Vec::new());
        Self { make, replicas, parcels, incarnation: 0 }
    }

    fn reply(&mut self, request: &Request) -> Reply {
        match request {
            Request::Start { replicas, objects, stamps } => self.start(replicas, objects, *stamps),
            Request::Stop => Reply::Ok,
            Request::Op(Op { replica, operation, .. }) => {
                let Some(at) = self.replicas.get_mut(replica) else { return absent(replica) };
                match at.operate(operation) {
                    Ok(()) => Reply::Ok,
                    Err(why) => Reply::Unsupported(why.to_string()),
                }
            }
            Request::Send { objects: Some(_), .. } | Request::Sync { objects: Some(_), .. } => {
                Reply::Unsupported("there is one object".into())
            }
            Request::Send { replica, to, .. } => {
                let Some(at) = self.replicas.get_mut(replica) else { return absent(replica) };
                let parcel = match at.send(to.as_deref()) {
                    Some(bytes) => Parcel::Bytes(bytes),
                    None => Parcel::Whole(Box::new(at.clone())),
                };
                self.keep(parcel)
            }
            Request::Receive { replica, payload, .. } => {
                let Some(at) = self.replicas.get_mut(replica) else { return absent(replica) };
                let parcel =
                    payload.parse().ok().and_then(|number: usize| self.parcels.get(number));
                let received = match parcel {
                    Some(Parcel::Bytes(bytes)) => at.receive(bytes),
                    Some(Parcel::Whole(state)) => {
                        at.merge(state);
                        Ok(())
                    }
                    None => return Reply::Error(format!("no message is {payload}")),
                };
                match received {
                    Ok(()) => Reply::Ok,
                    Err(why) => Reply::Unsupported(why.to_string()),
                }
            }
            Request::Sync { replicas: [a, b], .. } => {
                let Some(mut first) = self.replicas.remove(a) else { return absent(a) };
                let second = self.replicas.get_mut(b);
                let reply = match second {
                    Some(second) => {
                        first.sync(second);
                        Reply::Ok
                    }
                    None => absent(b),
                };
                self.replicas.insert(a.clone(), first);
                reply
            }
            Request::Read { replica, element, key, query: None, .. } => {
                let Some(at) = self.replicas.get(replica) else { return absent(replica) };
                match element.as_ref().or(key.as_ref()) {
                    Some(part) => answered(at.part(part).map(Reply::Value), "reads of one part"),
                    None => Reply::Value(at.value()),
                }
            }
            Request::Read { .. } => Reply::Unsupported("no queries".into()),
            Request::Vector { replica, .. } => {
                let Some(at) = self.replicas.get(replica) else { return absent(replica) };
                let vector = at.vector().map(|vector| {
                    let counts = vector.into_iter().map(|(name, count)| (name, count.into()));
                    Reply::Value(Json::Object(counts.collect()))
                });
                answered(vector, "state vector")
            }
            Request::Digest { replica, .. } => {
                let Some(at) = self.replicas.get(replica) else { return absent(replica) };
                answered(at.digest().map(|hash| Reply::Digest(Json::String(hash))), "state hash")
            }
            Request::Decisions { .. } => answered(None, "merge decisions"),
            Request::Notices { .. } => answered(None, "notices"),
            Request::Save { replica, .. } => {
                let Some(at) = self.replicas.get_mut(replica) else { return absent(replica) };
                match at.save() {
                    Some(bytes) => self.keep(Parcel::Bytes(bytes)),
                    None => answered(None, "backups"),
                }
            }
            Request::Restore { replica, payload, .. } => {
                let parcel =
                    payload.parse().ok().and_then(|number: usize| self.parcels.get(number));
                let Some(Parcel::Bytes(bytes)) = parcel else {
                    return Reply::Error(format!("no backup is {payload}"));
                };
                self.incarnation += 1;
                let loaded = R::load(replica, self.incarnation, bytes);
                answered(
                    loaded.map(|loaded| {
                        self.replicas.insert(replica.clone(), loaded);
                        Reply::Ok
                    }),
                    "backups",
                )
            }
        }
    }

    fn start(
        &mut self,
        replicas: &[Name],
        objects: &[(Name, rejoin_trace::Declaration)],
        stamps: Stamps,
    ) -> Reply {
        self.replicas.clear();
        self.parcels.clear();
        self.incarnation = 0;
        let [(_, declaration)] = objects else {
            return Reply::Unsupported("there is one object".into());
        };
        if declaration.kind != R::TYPE {
            return Reply::Unsupported(format!("it is a {}", R::TYPE.as_str()));
        }
        if R::TYPE.is_stamped() && stamps != R::STAMPS {
            return Reply::Unsupported("the type orders its writes in the other way".into());
        }
        let make = |name: &Name| (name.clone(), (self.make)(name));
        self.replicas = replicas.iter().map(make).collect();
        Reply::Ok
    }

    fn keep(&mut self, parcel: Parcel<R>) -> Reply {
        self.parcels.push(parcel);
        Reply::Payload((self.parcels.len() - 1).to_string())
    }
}

fn absent(replica: &str) -> Reply {
    Reply::Error(format!("no replica is {replica}"))
}

impl<R: Replicated> Subject for Hosted<R> {
    fn ask(&mut self, request: &Request) -> Result<Reply, Failure> {
        // A replica that panicked is not used again before the next start.
        catch_unwind(AssertUnwindSafe(|| self.reply(request))).map_err(|panic| {
            let message = format!("it panicked at {}: {}", request.as_str(), said(&*panic));
            Failure::new(FailureKind::Died, message)
        })
    }
}

/// The message of a panic.
fn said(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<String>(), panic.downcast_ref::<&str>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "nothing that can be shown",
    }
}
