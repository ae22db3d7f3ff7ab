//! Values of the extracted language.
//!
//! Cost: a clone counts one reference. Dropping and comparing walk a list of their own instead of
//! recurring, so that no list is too long for the stack.

use std::fmt;
use std::iter;
use std::mem;
use std::rc::Rc;

/// A value. `A` are the atoms: what the definitions only compare, and never look into.
pub enum Value<A> {
    /// A number of type `N` or `positive`.
    Number(u128),
    /// A constructor, by its place in its type's declaration, and its fields.
    Data(u32, Shared<A>),
    /// A function, and what it has been given: captured values, then arguments; the last first.
    Function(u32, Shared<A>),
    /// A name or a value of the user.
    Atom(Rc<A>),
}

/// Values that are shared, not copied. None at all take no memory.
pub struct Shared<A>(Option<Rc<[Value<A>]>>);

impl<A> Shared<A> {
    /// No values.
    pub const EMPTY: Self = Self(None);

    /// Them as a slice.
    pub fn as_slice(&self) -> &[Value<A>] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl<A> Clone for Value<A> {
    fn clone(&self) -> Self {
        match self {
            Self::Number(number) => Self::Number(*number),
            Self::Data(tag, fields) => Self::Data(*tag, fields.clone()),
            Self::Function(id, given) => Self::Function(*id, given.clone()),
            Self::Atom(atom) => Self::Atom(Rc::clone(atom)),
        }
    }
}

impl<A> Clone for Shared<A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<A> FromIterator<Value<A>> for Shared<A> {
    fn from_iter<I: IntoIterator<Item = Value<A>>>(values: I) -> Self {
        let values: Rc<[Value<A>]> = values.into_iter().collect();
        Self((!values.is_empty()).then_some(values))
    }
}

impl<A> Drop for Shared<A> {
    /// Takes out what only these values hold before their memory is freed, and goes on with that.
    fn drop(&mut self) {
        let mut waiting: Vec<Rc<[Value<A>]>> = Vec::new();
        let mut next = self.0.take();
        while let Some(mut values) = next.take().or_else(|| waiting.pop()) {
            for value in Rc::get_mut(&mut values).into_iter().flatten() {
                let (Value::Data(_, inner) | Value::Function(_, inner)) = value else { continue };
                let inner = inner.0.take().filter(|inner| Rc::strong_count(inner) == 1);
                // The vector takes no memory for what is a list and nothing else.
                waiting.extend(mem::replace(&mut next, inner));
            }
        }
    }
}

impl<A: PartialEq> PartialEq for Value<A> {
    fn eq(&self, other: &Self) -> bool {
        let mut pairs = vec![(self, other)];
        while let Some(pair) = pairs.pop() {
            let (ours, theirs) = match pair {
                (Self::Number(ours), Self::Number(theirs)) if ours == theirs => continue,
                (Self::Atom(ours), Self::Atom(theirs)) if ours == theirs => continue,
                (Self::Data(tag, ours), Self::Data(other, theirs)) if tag == other => {
                    (ours, theirs)
                }
                (Self::Function(id, ours), Self::Function(other, theirs)) if id == other => {
                    (ours, theirs)
                }
                _ => return false,
            };
            let (ours, theirs) = (ours.as_slice(), theirs.as_slice());
            if ours.len() != theirs.len() {
                return false;
            }
            pairs.extend(iter::zip(ours, theirs));
        }
        true
    }
}

impl<A: Eq> Eq for Value<A> {}

impl<A: fmt::Debug> fmt::Debug for Value<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = vec![Ok(self)];
        while let Some(next) = rest.pop() {
            let fields = match next {
                Err(text) => {
                    f.write_str(text)?;
                    continue;
                }
                Ok(Self::Number(number)) => {
                    write!(f, "{number}")?;
                    continue;
                }
                Ok(Self::Atom(atom)) => {
                    write!(f, "{atom:?}")?;
                    continue;
                }
                Ok(Self::Data(tag, fields)) => {
                    write!(f, "#{tag}")?;
                    fields
                }
                Ok(Self::Function(id, given)) => {
                    write!(f, "function {id}")?;
                    given
                }
            };
            if !fields.as_slice().is_empty() {
                f.write_str("(")?;
                rest.push(Err(")"));
                for (place, field) in fields.as_slice().iter().enumerate().rev() {
                    rest.push(Ok(field));
                    rest.extend((place > 0).then_some(Err(", ")));
                }
            }
        }
        Ok(())
    }
}
