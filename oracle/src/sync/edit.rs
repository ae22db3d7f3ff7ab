//! Edits: what a user asks to be done, and doing it.

use super::Node;
use super::failure::{Failure, Result};
use super::record;
use clap::{Args, Subcommand};
use rejoin::json::Json;
use rejoin::limits::MAX_NAME;
use rejoin::object::ObjectType;
use rejoin::operation::{Canonical, Operation};
use rejoin::optimized::replica::{Error, Object, Reason};

/// One edit, and by whom.
#[derive(Clone, Debug, Args)]
#[group(skip)]
pub struct Edit {
    /// What to do.
    #[command(subcommand)]
    pub change: Change,

    /// The user who decides. `show` names the users whose decisions a merge overruled.
    #[arg(long, global = true, value_name = "NAME", value_parser = user)]
    pub user: Option<String>,
}

/// What can be done to an object. A VALUE is JSON, or else it is taken as a text.
#[derive(Clone, Debug, Subcommand)]
pub enum Change {
    /// Count more on a counter.
    Increment {
        /// Which counter.
        #[arg(value_parser = name)]
        object: String,
        /// How many more.
        #[arg(default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
        amount: u64,
    },
    /// Count less on a pn-counter.
    Decrement {
        /// Which counter.
        #[arg(value_parser = name)]
        object: String,
        /// How many less.
        #[arg(default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
        amount: u64,
    },
    /// Enable a flag.
    Enable {
        /// Which flag.
        #[arg(value_parser = name)]
        object: String,
    },
    /// Disable a flag.
    Disable {
        /// Which flag.
        #[arg(value_parser = name)]
        object: String,
    },
    /// Write the value of a register; `null` deletes it. A max- or min-register takes an integer.
    Write {
        /// Which register.
        #[arg(value_parser = name)]
        object: String,
        /// The value.
        #[arg(value_parser = value, allow_hyphen_values = true)]
        value: Canonical,
    },
    /// Add an element to a set.
    Add {
        /// Which set.
        #[arg(value_parser = name)]
        object: String,
        /// Which element.
        #[arg(value_parser = name)]
        element: String,
    },
    /// Remove an element from a set.
    Remove {
        /// Which set.
        #[arg(value_parser = name)]
        object: String,
        /// Which element.
        #[arg(value_parser = name)]
        element: String,
    },
    /// Write the value of a key of a map; `null` deletes it.
    Put {
        /// Which map.
        #[arg(value_parser = name)]
        object: String,
        /// Which key.
        #[arg(value_parser = name)]
        key: String,
        /// The value.
        #[arg(value_parser = value, allow_hyphen_values = true)]
        value: Canonical,
    },
    /// Delete a key of a map.
    Delete {
        /// Which map.
        #[arg(value_parser = name)]
        object: String,
        /// Which key.
        #[arg(value_parser = name)]
        key: String,
    },
    /// Append an entry to a log.
    Append {
        /// Which log.
        #[arg(value_parser = name)]
        object: String,
        /// The entry.
        #[arg(value_parser = value, allow_hyphen_values = true)]
        value: Canonical,
    },
}

/// The greatest length of a value, in bytes.
const MOST_BYTES: usize = 1 << 20;

/// Reads the name of a user.
fn user(text: &str) -> std::result::Result<String, String> {
    match text.len() {
        1..=MAX_NAME => Ok(text.into()),
        length => Err(format!("a user's name has 1 to {MAX_NAME} bytes, and this one {length}")),
    }
}

/// Reads a name: of an object, a key or an element.
pub fn name(text: &str) -> std::result::Result<String, String> {
    match text.len() {
        1..=1024 => Ok(text.into()),
        length => Err(format!("a name has 1 to 1,024 bytes, and this one {length}")),
    }
}

/// Reads a value: JSON, or else a text.
fn value(text: &str) -> std::result::Result<Canonical, String> {
    if text.len() > MOST_BYTES {
        return Err(format!("a value has at most {MOST_BYTES} bytes, and this one {}", text.len()));
    }
    let json = Json::parse(text).unwrap_or_else(|_| Json::String(text.into()));
    Ok(Canonical::from(&json))
}

impl Edit {
    /// Does it, and tells it as events of a trace. It is kept once it is stored.
    ///
    /// # Errors
    /// Where the replica refuses it. Nothing changed then.
    pub fn perform(&self, replica: &mut Node, now: u64) -> Result<Vec<String>> {
        let object = self.change.object();
        let refused = |error: Error| Failure::usage(explain(&error));
        let timestamp = match &self.change {
            Change::Put { key, .. } | Change::Delete { key, .. } => {
                replica.stamp(object, Some(key), now)
            }
            _ => replica.stamp(object, None, now),
        };
        let timestamp = timestamp.map_err(refused)?;
        let kind = replica.object(object).ok().map(Object::kind);
        let operation = self.change.operation(kind, timestamp)?;
        let name = replica.origin().replica.as_str().to_string();
        let user = self.user.as_deref();
        let id = record::id(replica, 1);
        let events = vec![record::operation(&name, &id, object, &operation, user)];
        if !super::schema().get(object).is_some_and(|entry| entry.is_audited) {
            replica.perform(object, operation, user.map(Into::into)).map_err(refused)?;
            return Ok(events);
        }
        let Some(user) = user else {
            return Err(Failure::usage(format!(
                "who decides on {object:?} is put on record: say who, with --user NAME"
            )));
        };
        replica.perform_audited(object, operation, Some(user.into()), now).map_err(refused)?;
        Ok(events)
    }
}

impl Change {
    /// Which object it is of.
    pub fn object(&self) -> &str {
        match self {
            Self::Increment { object, .. }
            | Self::Decrement { object, .. }
            | Self::Enable { object }
            | Self::Disable { object }
            | Self::Write { object, .. }
            | Self::Add { object, .. }
            | Self::Remove { object, .. }
            | Self::Put { object, .. }
            | Self::Delete { object, .. }
            | Self::Append { object, .. } => object,
        }
    }

    /// The operation, on an object of this type.
    fn operation(
        &self,
        kind: Option<ObjectType>,
        timestamp: u64,
    ) -> Result<Operation<&str, Option<&str>>> {
        fn kept(value: &Canonical) -> Option<&str> {
            (value.as_str() != "null").then_some(value.as_str())
        }
        Ok(match self {
            Self::Increment { amount, .. } => Operation::Increment { amount: *amount },
            Self::Decrement { amount, .. } => Operation::Decrement { amount: *amount },
            Self::Enable { .. } => Operation::Enable,
            Self::Disable { .. } => Operation::Disable,
            Self::Write { object, value }
                if matches!(kind, Some(ObjectType::MaxRegister | ObjectType::MinRegister)) =>
            {
                Operation::WriteInteger { integer: integer(object, value)? }
            }
            Self::Write { value, .. } => Operation::Write { value: kept(value), timestamp },
            Self::Add { element, .. } => Operation::Add { element: element.as_str() },
            Self::Remove { element, .. } => Operation::Remove { element: element.as_str() },
            Self::Put { key, value, .. } => {
                Operation::Put { key: key.as_str(), value: kept(value), timestamp }
            }
            Self::Delete { key, .. } => {
                Operation::Put { key: key.as_str(), value: None, timestamp }
            }
            Self::Append { value, .. } => {
                Operation::Append { entry: Some(value.as_str()), timestamp }
            }
        })
    }
}

/// The integer that is written to a max- or a min-register.
fn integer(object: &str, value: &Canonical) -> Result<i128> {
    let exact = match Json::parse(value.as_str()) {
        Ok(Json::Number(number)) => number.as_exact(),
        _ => None,
    };
    exact.ok_or_else(|| {
        Failure::usage(format!(
            "{object:?} takes an integer from -9223372036854775808 to 18446744073709551615, and \
             not {}",
            crate::printable::escape(value.as_str())
        ))
    })
}

/// A refusal, with what there is instead.
fn explain(error: &Error) -> String {
    match error.reason {
        Reason::UnknownObject => {
            let schema = super::schema();
            let names: Vec<_> = schema.iter().map(|(name, _)| &**name).collect();
            format!("{error}; there are {}", names.join(", "))
        }
        _ => error.to_string(),
    }
}
