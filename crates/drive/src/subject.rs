//! Subjects: implementations that the oracle drives, one request and one reply at a time.
//!
//! Meaning: spec/trace-format.md, section 8, `rejoin-subject/1`. A subject in another process reads
//! [`Request::line`]s and writes lines for [`Reply::parse`]. A subject in Rust implements
//! [`Subject`].

use rejoin::json::{Excerpt, Json};
use rejoin_trace::{Declaration, Implementation, Members, Name, Op, Stamps, declarations};
use std::fmt;

/// How many bytes a reply may have, without its line end.
pub const MAX_REPLY: usize = 1 << 20;

/// A request of the oracle to a subject.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Start with these replicas and objects, and forget everything before.
    Start {
        /// The replicas.
        replicas: Vec<Name>,
        /// The objects, in the order in which they are declared.
        objects: Vec<(Name, Declaration)>,
        /// How writes are ordered.
        stamps: Stamps,
    },
    /// A replica performs an operation.
    Op(Op),
    /// A replica makes a message of all that it has seen.
    Send {
        /// The sender.
        replica: Name,
        /// The message's name.
        message: Name,
        /// The only replica that will receive it; if absent, any may.
        to: Option<Name>,
        /// The objects of the message; all if absent.
        objects: Option<Vec<Name>>,
    },
    /// A replica applies a message.
    Receive {
        /// The receiver.
        replica: Name,
        /// The message.
        message: Name,
        /// The payload that the subject returned for [`Request::Send`].
        payload: String,
    },
    /// Two replicas exchange everything that either has seen.
    Sync {
        /// The two replicas.
        replicas: [Name; 2],
        /// The objects; all if absent.
        objects: Option<Vec<Name>>,
    },
    /// The value of an object.
    Read {
        /// The replica.
        replica: Name,
        /// The object.
        object: Name,
        /// Sets: ask only whether this element is in it.
        element: Option<Name>,
        /// Maps: ask only for the value of this key.
        key: Option<Name>,
        /// Opaque objects: the query.
        query: Option<Json>,
    },
    /// The state vector.
    Vector {
        /// The replica.
        replica: Name,
        /// The object; all if absent.
        object: Option<Name>,
    },
    /// The open merge decisions of an object.
    Decisions {
        /// The replica.
        replica: Name,
        /// The object.
        object: Name,
    },
    /// The notices of a user.
    Notices {
        /// The replica.
        replica: Name,
        /// The user.
        user: Name,
    },
    /// The state hash.
    Digest {
        /// The replica.
        replica: Name,
        /// The object; all if absent.
        object: Option<Name>,
    },
    /// A backup of a replica.
    Save {
        /// The replica.
        replica: Name,
        /// Its name.
        snapshot: Name,
    },
    /// A replica is restored from a backup of its own.
    Restore {
        /// The replica.
        replica: Name,
        /// The backup.
        snapshot: Name,
        /// The payload that the subject returned for [`Request::Save`].
        payload: String,
    },
    /// The end: a subject in another process exits with status 0.
    Stop,
}

/// The reply of a subject.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// It is done.
    Ok,
    /// It has started, and gives its name and version.
    Started(Implementation),
    /// The answer to a read, vector, decisions or notices.
    Value(Json),
    /// A message or a backup; its content is opaque to the oracle.
    Payload(String),
    /// A state hash.
    Digest(Json),
    /// The subject does not support the request, for this reason. This is not a failure.
    Unsupported(String),
    /// The subject failed.
    Error(String),
}

/// An implementation that the oracle drives.
pub trait Subject {
    /// Carries out a request, and replies to it.
    ///
    /// After [`Request::Start`] nothing of earlier histories may matter. A subject that lacks
    /// something replies [`Reply::Unsupported`]: to a start with a type, several objects or
    /// explicit stamps; to a receive of a message that it refuses now.
    ///
    /// # Errors
    /// If there is no reply: the subject died, hung or broke the protocol. It may be started again.
    fn ask(&mut self, request: &Request) -> Result<Reply, Failure>;

    /// The algorithm of a replica's digests. Digests of different algorithms are never compared.
    fn digest_algorithm(&self, _replica: &str) -> Option<String> {
        None
    }

    /// Whether the following requests are repetitions, which need no messages for people (such as
    /// what another process writes to standard error).
    fn hush(&mut self, _is_quiet: bool) {}
}

/// A factory of subjects: each worker thread drives its own.
pub trait Subjects: Sync {
    /// A new subject.
    fn subject(&self) -> Box<dyn Subject>;
}

impl<F: Fn() -> Box<dyn Subject> + Sync> Subjects for F {
    fn subject(&self) -> Box<dyn Subject> {
        self()
    }
}

/// Why there is no valid reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The kind.
    pub kind: FailureKind,
    /// What happened, in a sentence.
    pub message: String,
}

/// The kinds of failures of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// It could not be started.
    Absent,
    /// It ended while a reply was due.
    Died,
    /// It did not reply in time.
    Hung,
    /// Its reply is not one to this request.
    Babbled,
    /// It replied `error`.
    Error,
}

impl FailureKind {
    /// Its name in a report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Died => "died",
            Self::Hung => "hung",
            Self::Babbled => "babbled",
            Self::Error => "error",
        }
    }
}

impl Failure {
    /// A failure of this kind.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl Request {
    /// The event's name in the protocol.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Start { .. } => "start",
            Self::Op(_) => "op",
            Self::Send { .. } => "send",
            Self::Receive { .. } => "receive",
            Self::Sync { .. } => "sync",
            Self::Read { .. } => "read",
            Self::Vector { .. } => "vector",
            Self::Decisions { .. } => "decisions",
            Self::Notices { .. } => "notices",
            Self::Digest { .. } => "digest",
            Self::Save { .. } => "save",
            Self::Restore { .. } => "restore",
            Self::Stop => "stop",
        }
    }

    /// The field of a successful reply to this request.
    pub fn reply_field(&self) -> &'static str {
        match self {
            Self::Send { .. } | Self::Save { .. } => "payload",
            Self::Read { .. }
            | Self::Vector { .. }
            | Self::Decisions { .. }
            | Self::Notices { .. } => "value",
            Self::Digest { .. } => "digest",
            _ => "ok",
        }
    }

    /// The request as a line of the protocol, without its end. Cost: O(length).
    pub fn line(&self, seq: u64) -> String {
        let mut members = Members::new();
        members.raw("seq", seq);
        if !matches!(self, Self::Op(_)) {
            members.text("event", self.as_str());
        }
        match self {
            Self::Start { replicas, objects, stamps } => {
                members.text("protocol", "rejoin-subject/1").names("replicas", replicas);
                members.raw("objects", declarations(objects));
                members.text("stamps", if *stamps == Stamps::Own { "own" } else { "explicit" });
            }
            Self::Op(op) => op.write(&mut members),
            Self::Send { replica, message, to, objects } => {
                members.text("replica", replica).text("message", message);
                members.optional("to", to.as_deref());
                members.optional_names("objects", objects.as_deref());
            }
            Self::Receive { replica, message, payload } => {
                members.text("replica", replica).text("message", message).text("payload", payload);
            }
            Self::Sync { replicas, objects } => {
                members.names("replicas", replicas);
                members.optional_names("objects", objects.as_deref());
            }
            Self::Read { replica, object, element, key, query } => {
                members.text("replica", replica).text("object", object);
                members.optional("element", element.as_deref()).optional("key", key.as_deref());
                if let Some(query) = query {
                    members.json("query", query);
                }
            }
            Self::Vector { replica, object } | Self::Digest { replica, object } => {
                members.text("replica", replica).optional("object", object.as_deref());
            }
            Self::Decisions { replica, object } => {
                members.text("replica", replica).text("object", object);
            }
            Self::Notices { replica, user } => {
                members.text("replica", replica).text("user", user);
            }
            Self::Save { replica, snapshot } => {
                members.text("replica", replica).text("snapshot", snapshot);
            }
            Self::Restore { replica, snapshot, payload } => {
                members.text("replica", replica).text("snapshot", snapshot);
                members.text("payload", payload);
            }
            Self::Stop => {}
        }
        members.finish()
    }
}

impl Reply {
    /// Reads a line of the protocol as the reply to this request.
    ///
    /// # Errors
    /// [`FailureKind::Babbled`]: the line is not a JSON object, its `seq` is another one, or it
    /// does not have exactly one of the fields that answer this request. Fields that begin with
    /// `x-` are ignored; other fields are not of the protocol.
    pub fn parse(line: &str, request: &Request, seq: u64) -> Result<Self, Failure> {
        let babbled = |message: String| {
            let (what, line) = (request.as_str(), Excerpt(line));
            let message = format!("replied {line} to the request {seq} ({what}): {message}");
            Failure::new(FailureKind::Babbled, message)
        };
        let json = Json::parse(line).map_err(|error| babbled(format!("no JSON, {error}")))?;
        let Json::Object(members) = json else {
            return Err(babbled("expected a JSON object".into()));
        };
        let mut reply = None;
        let mut implementation = None;
        let mut is_numbered = false;
        for (name, value) in members {
            match name.as_str() {
                "seq" if value.as_count() == Some(seq) => is_numbered = true,
                "seq" => return Err(babbled(format!("expected \"seq\":{seq}, found {value}"))),
                "implementation" if matches!(request, Request::Start { .. }) => {
                    implementation = Some(value);
                }
                "ok" | "value" | "payload" | "digest" | "unsupported" | "error" => {
                    if let Some((other, _)) = &reply {
                        let message = format!("it has both `{other}` and `{name}`, expected one");
                        return Err(babbled(message));
                    }
                    reply = Some((name, value));
                }
                name if name.starts_with("x-") => {}
                name => return Err(babbled(format!("no reply has the field `{name}`"))),
            }
        }
        if !is_numbered {
            return Err(babbled(format!("it lacks \"seq\":{seq}")));
        }
        let field = request.reply_field();
        let Some((name, value)) = reply else {
            let message = format!("expected one of `{field}`, `unsupported` and `error`");
            return Err(babbled(message));
        };
        let text = |value: Json| match value {
            Json::String(text) => Ok(text),
            other => Err(babbled(format!("expected a string in `{name}`, found {other}"))),
        };
        match name.as_str() {
            "unsupported" => Ok(Self::Unsupported(text(value)?)),
            "error" => Ok(Self::Error(text(value)?)),
            other if other != field => Err(babbled(format!("found `{other}`, expected `{field}`"))),
            "payload" => Ok(Self::Payload(text(value)?)),
            "value" => Ok(Self::Value(value)),
            "digest" => Ok(Self::Digest(value)),
            _ => match implementation {
                None => Ok(Self::Ok),
                Some(json) => implementation_of(&json).map(Self::Started).ok_or_else(|| {
                    babbled("expected `implementation` to have a `name` and a `version`".into())
                }),
            },
        }
    }
}

/// The name and version that a subject gives; both are optional.
fn implementation_of(json: &Json) -> Option<Implementation> {
    let Json::Object(members) = json else { return None };
    let mut implementation = Implementation::default();
    for (name, value) in members {
        let place = match name.as_str() {
            "name" => &mut implementation.name,
            "version" => &mut implementation.version,
            other if other.starts_with("x-") => continue,
            _ => return None,
        };
        let Json::String(text) = value else { return None };
        *place = Some(text.clone());
    }
    Some(implementation)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read() -> Request {
        let (replica, object) = ("a".into(), "s".into());
        Request::Read { replica, object, element: Some("x".into()), key: None, query: None }
    }

    #[test]
    fn a_request_is_a_line_of_the_protocol() {
        let line = r#"{"seq":8,"event":"read","replica":"a","object":"s","element":"x"}"#;
        assert_eq!(read().line(8), line);
        let objects = vec![(
            "s".into(),
            Declaration { kind: rejoin::object::TraceType::OrSet, priority: Default::default() },
        )];
        let start =
            Request::Start { replicas: vec!["a".into()], objects, stamps: Stamps::default() };
        let line = r#"{"seq":1,"event":"start","protocol":"rejoin-subject/1","replicas":["a"],"objects":{"s":{"type":"or-set"}},"stamps":"explicit"}"#;
        assert_eq!(start.line(1), line);
        assert_eq!(Request::Stop.line(9), r#"{"seq":9,"event":"stop"}"#);
    }

    #[test]
    fn a_reply_has_its_number_and_one_answer() {
        let reply = |line: &str| Reply::parse(line, &read(), 8);
        let value = Reply::Value(Json::Bool(true));
        assert_eq!(reply(r#"{"seq":8,"value":true,"x-took":3}"#), Ok(value));
        let refused = Reply::Unsupported("no elements".into());
        assert_eq!(reply(r#"{"unsupported":"no elements","seq":8.0}"#), Ok(refused));
        for (line, says) in [
            ("", "no JSON"),
            ("7", "expected a JSON object"),
            (r#"{"value":true}"#, "lacks \"seq\":8"),
            (r#"{"seq":7,"value":true}"#, "expected \"seq\":8, found 7"),
            (r#"{"seq":8}"#, "expected one of `value`"),
            (r#"{"seq":8,"ok":true}"#, "found `ok`, expected `value`"),
            (r#"{"seq":8,"ok":true,"value":1}"#, "both `ok` and `value`"),
            (r#"{"seq":8,"value":1,"more":1}"#, "the field `more`"),
            (r#"{"seq":8,"error":1}"#, "expected a string in `error`"),
        ] {
            let failure = reply(line).expect_err(line);
            assert_eq!(failure.kind, FailureKind::Babbled);
            assert!(failure.message.contains(says), "{failure}");
        }
    }

    #[test]
    fn a_start_may_be_answered_with_what_the_subject_is() {
        let start = Request::Start { replicas: vec![], objects: vec![], stamps: Stamps::Own };
        let line = r#"{"seq":1,"ok":true,"implementation":{"name":"n","version":"2"}}"#;
        let implementation = Implementation { name: Some("n".into()), version: Some("2".into()) };
        assert_eq!(Reply::parse(line, &start, 1), Ok(Reply::Started(implementation)));
        let line = r#"{"seq":1,"ok":true,"implementation":"n"}"#;
        assert!(Reply::parse(line, &start, 1).is_err());
    }
}
