//! Subjects: implementations that are driven, one request and one reply at a time.
//!
//! Meaning: spec/trace-format.md, section 8, `rejoin-subject/1`. A subject in another process
//! speaks lines: [`Request::line`] and [`Reply::parse`]. A subject in Rust implements [`Subject`].

use rejoin::json::{Excerpt, Json};
use rejoin_trace::{Declaration, Implementation, Members, Name, Op, Stamps, declarations};
use std::fmt;

/// How many bytes a reply may have, without its line end.
pub const MAX_REPLY: usize = 1 << 20;

/// What the oracle asks a subject to do, or to answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Begin anew with these replicas and objects, and forget everything before.
    Start {
        /// The replicas.
        replicas: Vec<Name>,
        /// The objects, in the order in which they are declared.
        objects: Vec<(Name, Declaration)>,
        /// Who orders the writes.
        stamps: Stamps,
    },
    /// A replica performs an operation.
    Op(Op),
    /// A replica makes a message of all that it has seen.
    Send {
        /// Who sends.
        replica: Name,
        /// The message's name.
        message: Name,
        /// The only replica that will receive it; where absent, any may.
        to: Option<Name>,
        /// Only what it has seen of these objects.
        objects: Option<Vec<Name>>,
    },
    /// A replica applies a message.
    Receive {
        /// Who receives.
        replica: Name,
        /// Which message.
        message: Name,
        /// What the subject answered to its [`Request::Send`].
        payload: String,
    },
    /// Two replicas end with what either had seen.
    Sync {
        /// The two.
        replicas: [Name; 2],
        /// Only these objects.
        objects: Option<Vec<Name>>,
    },
    /// The value of an object.
    Read {
        /// Whose.
        replica: Name,
        /// Of what.
        object: Name,
        /// Sets: only whether this element is in it.
        element: Option<Name>,
        /// Maps: only what this key has.
        key: Option<Name>,
        /// Opaque: what is asked.
        query: Option<Json>,
    },
    /// The state vector.
    Vector {
        /// Whose.
        replica: Name,
        /// Only of this object.
        object: Option<Name>,
    },
    /// The open merge decisions of an object.
    Decisions {
        /// Whose.
        replica: Name,
        /// Of what.
        object: Name,
    },
    /// The notices of a user.
    Notices {
        /// By whom.
        replica: Name,
        /// Which user.
        user: Name,
    },
    /// The state hash.
    Digest {
        /// Whose.
        replica: Name,
        /// Only of this object.
        object: Option<Name>,
    },
    /// A backup of a replica.
    Save {
        /// Whose.
        replica: Name,
        /// Its name.
        snapshot: Name,
    },
    /// A replica is restored from a backup of its own.
    Restore {
        /// Who.
        replica: Name,
        /// Which backup.
        snapshot: Name,
        /// What the subject answered to its [`Request::Save`].
        payload: String,
    },
    /// The end: a subject in another process exits with 0.
    Stop,
}

/// What a subject replies.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// It is done.
    Ok,
    /// It has started, and says what it is.
    Started(Implementation),
    /// The answer to a read, vector, decisions or notices.
    Value(Json),
    /// A message or a backup. It says nothing to the oracle.
    Payload(String),
    /// A state hash.
    Digest(Json),
    /// The subject does not do this, for this reason. That is no failure.
    Unsupported(String),
    /// The subject failed.
    Error(String),
}

/// An implementation that is driven.
pub trait Subject {
    /// Does what is asked, and replies to it.
    ///
    /// After [`Request::Start`] nothing of what was before may matter. Where a subject lacks
    /// something it replies [`Reply::Unsupported`]: on start for a type, or several objects at
    /// once, or explicit stamps; on a receive for a message that it refuses now.
    ///
    /// # Errors
    /// When there is no reply: the subject died, hung or broke the protocol. It may be asked again
    /// from a start on.
    fn ask(&mut self, request: &Request) -> Result<Reply, Failure>;

    /// By what rule a replica's digests are made; those of two rules are never compared.
    fn digest_algorithm(&self, _replica: &str) -> Option<String> {
        None
    }

    /// Whether requests that follow are repetitions, which need no sentences for people (such as what
    /// another process writes to standard error).
    fn hush(&mut self, _is_quiet: bool) {}
}

/// Makes subjects: each worker drives its own.
pub trait Subjects: Sync {
    /// A new one.
    fn subject(&self) -> Box<dyn Subject>;
}

impl<F: Fn() -> Box<dyn Subject> + Sync> Subjects for F {
    fn subject(&self) -> Box<dyn Subject> {
        self()
    }
}

/// Why there is no reply, or not the one that was to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind.
    pub kind: FailureKind,
    /// What happened, for people.
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
    /// It replied what is no reply to this request.
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
    /// One of this kind.
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

    /// The field of a reply that answers this, where it is not `unsupported` or `error`.
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
    /// [`FailureKind::Babbled`]: the line is no JSON object, its `seq` is another one, or it has
    /// not exactly one of the fields that answer this request. Fields that begin with `x-` are
    /// ignored; others are not of the protocol.
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

/// What a subject says that it is: an object with an optional name and version.
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
