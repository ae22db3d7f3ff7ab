//! Shown: the reference engine, driven like any subject, is never accused. Its answers come from
//! states that join, and the judge's from events: two ways to the same answers.

use rejoin::dot::{Origin, ReplicaId};
use rejoin::json::Json;
use rejoin::object::{ObjectType, TraceType};
use rejoin::operation::{Answer, Canonical, DecisionId, ObjectId, User};
use rejoin::reference::replica::{Objects, Replica};
use rejoin_drive::campaign::{Options, drive};
use rejoin_drive::generate::Style;
use rejoin_drive::{Failure, Reply, Request, Subject};
use rejoin_trace::Name;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

type Key = Arc<str>;

/// Replicas of the reference engine, and their messages and backups by number.
#[derive(Default)]
struct Reference {
    replicas: BTreeMap<Name, Replica<Key, Canonical>>,
    kept: Vec<Objects<Key, Canonical>>,
    incarnations: u64,
    schema: BTreeMap<ObjectId, ObjectType>,
}

impl Subject for Reference {
    fn ask(&mut self, request: &Request) -> Result<Reply, Failure> {
        Ok(self.reply(request).unwrap_or_else(Reply::Error))
    }
}

fn message(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn text(json: &Canonical) -> Json {
    Json::parse(json.as_str()).expect("a canonical text is JSON")
}

fn keyed(key: Option<&Key>, rest: Vec<(String, Json)>) -> Json {
    let mut members: Vec<(String, Json)> = Vec::new();
    members.extend(key.map(|key| ("key".into(), (&**key).into())));
    members.extend(rest);
    Json::Object(members)
}

fn name(id: &DecisionId) -> Vec<(String, Json)> {
    vec![
        ("replica".into(), id.dot.origin.replica.as_str().into()),
        ("seq".into(), Json::from(id.seq)),
    ]
}

fn names(ids: &BTreeSet<DecisionId>) -> Json {
    Json::Array(ids.iter().map(|id| Json::Object(name(id))).collect())
}

impl Reference {
    fn at(&mut self, name: &Name) -> Result<&mut Replica<Key, Canonical>, String> {
        self.replicas.get_mut(name).ok_or_else(|| format!("no replica is named {name}"))
    }

    fn origin(&self, name: &Name) -> Result<Origin, String> {
        let replica = ReplicaId::new(name.as_str()).map_err(message)?;
        Ok(Origin { replica, incarnation: self.incarnations })
    }

    fn keep(&mut self, objects: Objects<Key, Canonical>) -> Reply {
        self.kept.push(objects);
        Reply::Payload((self.kept.len() - 1).to_string())
    }

    fn kept(&self, payload: &str) -> Result<Objects<Key, Canonical>, String> {
        let kept = payload.parse().ok().and_then(|number: usize| self.kept.get(number));
        kept.cloned().ok_or_else(|| "no payload of this subject".into())
    }

    fn some(
        &mut self,
        name: &Name,
        only: &Option<Vec<Name>>,
    ) -> Result<Objects<Key, Canonical>, String> {
        let mut objects = self.at(name)?.objects().clone();
        if let Some(only) = only {
            objects.retain(|id, _| only.iter().any(|name| **name == **id));
        }
        Ok(objects)
    }

    fn reply(&mut self, request: &Request) -> Result<Reply, String> {
        match request {
            Request::Start { replicas, objects, .. } => {
                *self = Self::default();
                for (name, declared) in objects {
                    match declared.kind.engine() {
                        Some(kind) => drop(self.schema.insert(name.as_str().into(), kind)),
                        None => return Ok(Reply::Unsupported("no engine has it".into())),
                    }
                }
                for name in replicas {
                    let replica = Replica::new(self.origin(name)?, &self.schema);
                    self.replicas.insert(name.clone(), replica);
                }
            }
            Request::Op(op) => {
                let kind = *self.schema.get(op.object.as_str()).ok_or("no such object")?;
                let operation = op.operation.of_engine(kind).map_err(message)?;
                let user: Option<User> = op.user.as_deref().map(Into::into);
                let object: ObjectId = op.object.as_str().into();
                self.at(&op.replica)?.perform(&object, operation, user).map_err(message)?;
            }
            Request::Send { replica, objects, .. } => {
                let objects = self.some(replica, objects)?;
                return Ok(self.keep(objects));
            }
            Request::Save { replica, .. } => {
                let objects = self.some(replica, &None)?;
                return Ok(self.keep(objects));
            }
            Request::Receive { replica, payload, .. } => {
                let objects = self.kept(payload)?;
                self.at(replica)?.join(&objects).map_err(message)?;
            }
            Request::Sync { replicas: [a, b], objects } => {
                let (of_a, of_b) = (self.some(a, objects)?, self.some(b, objects)?);
                self.at(a)?.join(&of_b).map_err(message)?;
                self.at(b)?.join(&of_a).map_err(message)?;
            }
            Request::Restore { replica, payload, .. } => {
                self.incarnations += 1;
                let restored = Replica::restored(self.origin(replica)?, self.kept(payload)?);
                self.replicas.insert(replica.clone(), restored);
            }
            Request::Read { replica, object, element, key, .. } => {
                let objects = self.at(replica)?.objects();
                let answer = objects.get(object.as_str()).ok_or("no such object")?.value();
                return Ok(Reply::Value(match (answer, element, key) {
                    (Answer::Count(count), ..) => {
                        count.map_or(Json::Null, |count| Json::String(count.to_string()))
                    }
                    (Answer::Value(value), ..) => value.as_ref().map_or(Json::Null, text),
                    (Answer::Elements(elements), Some(element), _) => {
                        Json::Bool(elements.contains(element.as_str()))
                    }
                    (Answer::Elements(elements), ..) => {
                        Json::Array(elements.iter().map(|element| (&**element).into()).collect())
                    }
                    (Answer::Values(values), _, Some(key)) => {
                        values.get(key.as_str()).map_or(Json::Null, text)
                    }
                    (Answer::Values(values), ..) => {
                        let pair =
                            |(key, value): (&Key, &Canonical)| (key.to_string(), text(value));
                        Json::Object(values.iter().map(pair).collect())
                    }
                    (Answer::Entries(entries), ..) => {
                        Json::Array(entries.iter().map(text).collect())
                    }
                    (Answer::Balance(balance), ..) => {
                        balance.map_or(Json::Null, |balance| Json::String(balance.to_string()))
                    }
                    (Answer::Enabled(is_enabled), ..) => Json::Bool(is_enabled),
                    (Answer::Concurrent(values), ..) => {
                        Json::Array(values.iter().map(text).collect())
                    }
                    (Answer::ConcurrentByKey(values), _, Some(key)) => {
                        let values = values.get(key.as_str()).into_iter().flatten();
                        Json::Array(values.map(text).collect())
                    }
                    (Answer::ConcurrentByKey(values), ..) => {
                        let all = |values: &BTreeSet<Canonical>| {
                            Json::Array(values.iter().map(text).collect())
                        };
                        let pairs = values.iter().map(|(key, of)| (key.to_string(), all(of)));
                        Json::Object(pairs.collect())
                    }
                    (Answer::Integer(integer), ..) => integer.map_or(Json::Null, |integer| {
                        Json::parse(&integer.to_string()).expect("an integer is JSON")
                    }),
                }));
            }
            Request::Vector { replica, object: None } => {
                let counts = self.at(replica)?.vector();
                let count = |(name, count): (ReplicaId, u128)| {
                    (name.to_string(), Json::String(count.to_string()))
                };
                return Ok(Reply::Value(Json::Object(counts.into_iter().map(count).collect())));
            }
            Request::Decisions { replica, object } => {
                let open = self.at(replica)?.open_decisions();
                let open = open.iter().filter(|open| *open.object == **object);
                let decisions = open.map(|open| {
                    let kept = ("kept".into(), names(&open.kept));
                    let superseded = ("superseded".into(), names(&open.superseded));
                    keyed(open.key.as_ref(), vec![kept, superseded])
                });
                return Ok(Reply::Value(Json::Array(decisions.collect())));
            }
            Request::Notices { replica, user } => {
                let notices = self.at(replica)?.notices(&user.as_str().into());
                let rows = notices.iter().map(|notice| {
                    let mut rest = vec![("object".into(), (&*notice.object).into())];
                    rest.extend(name(&notice.decision));
                    keyed(notice.key.as_ref(), rest)
                });
                return Ok(Reply::Value(Json::Array(rows.collect())));
            }
            Request::Vector { .. } | Request::Digest { .. } => {
                return Ok(Reply::Unsupported("not asked here".into()));
            }
            Request::Stop => {}
        }
        Ok(Reply::Ok)
    }
}

#[test]
fn the_reference_engine_is_not_accused() {
    let asked = std::env::var("REJOIN_DRIVE_CASES").ok();
    let cases = asked.map_or(400, |cases| cases.parse().expect("a number of cases"));
    let style = Style { seed: 2, steps: 30, is_plain: false, is_monotonic: false };
    let options = Options {
        style,
        cases,
        only: None,
        shard: (1, 1),
        jobs: 2,
        kinds: TraceType::ALL.to_vec(),
        stamps: None,
        goes_on: false,
        shrink: 1000,
    };
    let subjects = || Box::new(Reference::default()) as Box<dyn Subject>;
    let driven = drive(&subjects, &options, &|| {}).expect("it starts");
    let accused: Vec<_> = driven.failing.iter().map(|failing| &failing.outcome.trace).collect();
    assert!(accused.is_empty() && driven.error.is_none(), "{:?}: {accused:?}", driven.faults);
    assert_eq!(driven.cases, cases + 14, "thirteen types alone, and all together");
    assert!(driven.tally.answers["decisions"] > 100 && driven.tally.restored > 20);
}
