//! Keys and values of an application's own types.
//!
//! Meaning: an object keeps keys as text and values as canonical JSON (RFC 8785), which is what is
//! stored, hashed, sent and traced. So a trace of what an application did reproduces its state hash,
//! whatever types the application uses.
//! Laws: what was written is read back by the same type.
//! Cost: that of serializing.
//!
//! With the feature `serde`, which is on by default, keys and values are of any type that `serde`
//! knows. A key that serializes to a string is that string; any other key, a number or a struct, is
//! its canonical JSON. Without the feature, keys are texts and values are [`Canonical`].

use crate::operation::Canonical;
use std::borrow::Cow;
use std::fmt;

/// A key or value that cannot be kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InvalidValue(pub(crate) String);

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidValue {}

/// What can be a key of a map or an element of a set.
pub trait Key {
    /// The text that is kept.
    ///
    /// # Errors
    /// If the type has no JSON form.
    fn to_key(&self) -> Result<Cow<'_, str>, InvalidValue>;
}

/// What a key can be read back as.
pub trait FromKey: Sized {
    /// Reads a key; `None` where the text is none of this type.
    fn from_key(text: &str) -> Option<Self>;
}

/// What can be a value of a map or register, or an entry of a log.
pub trait Value {
    /// The canonical JSON that is kept. `null` deletes.
    ///
    /// # Errors
    /// If the type has no JSON form, or a number that JSON's readers would round.
    fn to_value(&self) -> Result<Canonical, InvalidValue>;
}

/// What a value can be read back as.
pub trait FromValue: Sized {
    /// Reads a value; `None` where the JSON is none of this type.
    fn from_value(json: &str) -> Option<Self>;
}

#[cfg(feature = "serde")]
mod with_serde {
    use super::*;
    use crate::json::Json;
    use serde::de::DeserializeOwned;
    use serde::de::value::{Error as DeError, StrDeserializer};
    use serde::{Deserialize, Serialize};

    /// Reads what a type serializes to, strictly and without rounding.
    fn json<T: Serialize + ?Sized>(value: &T) -> Result<Json, InvalidValue> {
        let text = serde_json::to_string(value)
            .map_err(|error| InvalidValue(format!("it has no JSON form: {error}")))?;
        let json = Json::parse(&text)
            .map_err(|error| InvalidValue(format!("its JSON form is not strict: {error}")))?;
        match rounded(&json) {
            None => Ok(json),
            Some(number) => Err(InvalidValue(format!(
                "the integer {number} is outside −2^63 to 2^64 − 1 and would be rounded; keep it as \
                 a string"
            ))),
        }
    }

    /// An integer that would be rounded.
    fn rounded(json: &Json) -> Option<&str> {
        match json {
            Json::Number(number) => number.is_inexact_integer().then(|| number.as_str()),
            Json::Array(items) => items.iter().find_map(rounded),
            Json::Object(members) => members.iter().find_map(|(_, value)| rounded(value)),
            _ => None,
        }
    }

    impl<T: Serialize + ?Sized> Key for T {
        fn to_key(&self) -> Result<Cow<'_, str>, InvalidValue> {
            Ok(match json(self)? {
                Json::String(text) => text.into(),
                other => other.canonical().into(),
            })
        }
    }

    impl<T: DeserializeOwned> FromKey for T {
        fn from_key(text: &str) -> Option<Self> {
            let plain: StrDeserializer<'_, DeError> =
                serde::de::IntoDeserializer::into_deserializer(text);
            T::deserialize(plain).ok().or_else(|| serde_json::from_str(text).ok())
        }
    }

    impl<T: Serialize + ?Sized> Value for T {
        fn to_value(&self) -> Result<Canonical, InvalidValue> {
            Ok(Canonical::from(&json(self)?))
        }
    }

    impl<T: for<'de> Deserialize<'de>> FromValue for T {
        fn from_value(json: &str) -> Option<Self> {
            serde_json::from_str(json).ok()
        }
    }
}

#[cfg(not(feature = "serde"))]
mod without_serde {
    use super::*;

    impl Key for str {
        fn to_key(&self) -> Result<Cow<'_, str>, InvalidValue> {
            Ok(self.into())
        }
    }

    impl Key for String {
        fn to_key(&self) -> Result<Cow<'_, str>, InvalidValue> {
            Ok(self.as_str().into())
        }
    }

    impl FromKey for String {
        fn from_key(text: &str) -> Option<Self> {
            Some(text.into())
        }
    }

    impl Value for Canonical {
        fn to_value(&self) -> Result<Canonical, InvalidValue> {
            Ok(self.clone())
        }
    }

    impl FromValue for Canonical {
        fn from_value(json: &str) -> Option<Self> {
            Some(Canonical::from(&crate::json::Json::parse(json).ok()?))
        }
    }
}

#[cfg(all(test, feature = "serde"))]
mod tests {
    use super::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
    enum Status {
        Open,
        Failed { severity: u8 },
    }

    fn back<T: Key + FromKey + PartialEq + fmt::Debug>(key: T, text: &str) {
        assert_eq!(key.to_key().unwrap(), text);
        assert_eq!(T::from_key(text), Some(key));
    }

    #[test]
    fn keys_of_any_type_are_read_back() {
        back(String::from("boiler"), "boiler");
        back(String::from("7"), "7");
        back(7_u64, "7");
        back(Status::Open, "Open");
        back(Status::Failed { severity: 2 }, r#"{"Failed":{"severity":2}}"#);
        back((1_u8, String::from("x")), r#"[1,"x"]"#);
        assert_eq!(u64::from_key("boiler"), None);
    }

    #[test]
    fn values_are_canonical_json() {
        let value = Status::Failed { severity: 2 };
        let kept = value.to_value().unwrap();
        assert_eq!(kept.as_str(), r#"{"Failed":{"severity":2}}"#);
        assert_eq!(Status::from_value(kept.as_str()), Some(value));
        assert_eq!(1.0_f64.to_value().unwrap().as_str(), "1");
        assert_eq!(None::<u8>.to_value().unwrap().as_str(), "null");
    }

    #[test]
    fn a_number_that_would_be_rounded_is_refused() {
        assert!(u64::MAX.to_value().is_ok());
        let refused = (1_u128 << 100).to_value().unwrap_err();
        assert!(refused.to_string().contains("keep it as a string"), "{refused}");
        assert!(vec![i128::MIN].to_value().is_err());
    }
}
