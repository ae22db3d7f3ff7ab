//! Handles: one object of a replica, read and edited with the application's own types.
//!
//! Meaning: [`Replica::set`](crate::Replica::set) and its siblings give a handle to read,
//! [`Replica::as_user`](crate::Replica::as_user) gives one to edit. The types of keys and values are chosen
//! for each object; see [`crate::values`].
//! Cost: O(1) for an answer or an edit, plus the conversion of a key or value.

use crate::changes::Changes;
use crate::error::EditError;
use crate::hybrid_clock::HybridClock;
use crate::object::ObjectType;
use crate::operation::{ObjectId, Operation, User};
use crate::optimized::{
    AuditTrail, dw_flag, ew_flag, g_counter, log, lww_map, lww_register, max_register,
    min_register, mv_map, mv_register, or_set, pn_counter, rw_set,
};
use crate::replica::{Object, Replica};
use crate::values::{FromKey, FromValue, InvalidValue, Key, Value};
use std::borrow::Cow;
use std::marker::PhantomData;

type Typed<T> = PhantomData<fn(&T)>;

/// The types that a set can be.
pub(crate) const SETS: &[ObjectType] = &[ObjectType::OrSet, ObjectType::RwSet];
/// The types that a flag can be.
pub(crate) const FLAGS: &[ObjectType] = &[ObjectType::EwFlag, ObjectType::DwFlag];
/// The types that keep an integer.
pub(crate) const EXTREMES: &[ObjectType] = &[ObjectType::MaxRegister, ObjectType::MinRegister];

fn key_as<K: FromKey>(text: &str) -> Result<K, InvalidValue> {
    K::from_key(text).ok_or_else(|| {
        InvalidValue(format!("the key {text:?} is none of the type that was asked for"))
    })
}

fn value_as<V: FromValue>(json: &str) -> Result<V, InvalidValue> {
    V::from_value(json).ok_or_else(|| {
        InvalidValue(format!("the value {json} is none of the type that was asked for"))
    })
}

/// One of two states that have the same queries.
#[derive(Clone, Copy)]
enum Either<A, B> {
    This(A),
    That(B),
}

/// Asks either.
macro_rules! ask {
    ($either:expr, $state:ident => $answer:expr) => {
        match $either {
            Either::This($state) => $answer,
            Either::That($state) => $answer,
        }
    };
}

/// The elements of a set: an OR-Set, or an RW-Set.
#[derive(Clone, Copy)]
pub struct Set<'a, K: ?Sized> {
    state: Either<&'a or_set::OrSet<str>, &'a rw_set::RwSet<str>>,
    types: Typed<K>,
}

impl<'a, K: ?Sized> Set<'a, K> {
    pub(crate) fn of(object: &'a Object) -> Result<Self, EditError> {
        let state = match object {
            Object::OrSet(state) => Either::This(state),
            Object::RwSet(state) => Either::That(state),
            _ => unreachable!("the type was checked"),
        };
        Ok(Self { state, types: PhantomData })
    }

    /// Whether the element is in the set; `false` for what cannot be a key.
    pub fn contains(&self, element: &K) -> bool
    where
        K: Key,
    {
        let Ok(element) = element.to_key() else { return false };
        ask!(self.state, set => set.contains(&*element))
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        ask!(self.state, set => set.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        ask!(self.state, set => set.is_empty())
    }

    /// The decisions on record of an element; see [`Replica::audit`](crate::Replica::audit).
    ///
    /// Cost: O(n log n), n being these records.
    pub fn history(&self, element: &K) -> AuditTrail
    where
        K: Key,
    {
        let element = element.to_key().unwrap_or_default();
        let key = Some(element.as_bytes());
        ask!(self.state, set => set.store().audit_trail(key, true))
    }

    /// The elements, in no particular order. An element of another type, which another version of
    /// the application may have added, is an error.
    pub fn iter(&self) -> impl Iterator<Item = Result<K::Owned, InvalidValue>>
    where
        K: ToOwned,
        K::Owned: FromKey,
    {
        let (this, that) = match self.state {
            Either::This(set) => (Some(set.iter()), None),
            Either::That(set) => (None, Some(set.iter())),
        };
        this.into_iter().flatten().chain(that.into_iter().flatten()).map(key_as)
    }
}

/// A flag: an EW-Flag, or a DW-Flag.
#[derive(Clone, Copy)]
pub struct Flag<'a> {
    state: Either<&'a ew_flag::EwFlag, &'a dw_flag::DwFlag>,
}

impl<'a> Flag<'a> {
    pub(crate) fn of(object: &'a Object) -> Result<Self, EditError> {
        let state = match object {
            Object::EwFlag(state) => Either::This(state),
            Object::DwFlag(state) => Either::That(state),
            _ => unreachable!("the type was checked"),
        };
        Ok(Self { state })
    }

    /// Whether the flag is enabled.
    pub fn is_enabled(&self) -> bool {
        ask!(self.state, flag => flag.value())
    }

    /// The decisions on record of the flag; see [`Replica::audit`](crate::Replica::audit).
    ///
    /// Cost: O(n log n), n being these records.
    pub fn history(&self) -> AuditTrail {
        ask!(self.state, flag => flag.store().audit_trail(None, true))
    }
}

/// The keys and values of a map.
#[derive(Clone, Copy)]
pub struct Map<'a, K: ?Sized, V: ?Sized> {
    state: &'a lww_map::LwwMap<str, str>,
    types: Typed<(PhantomData<K>, PhantomData<V>)>,
}

impl<'a, K: ?Sized, V: ?Sized> Map<'a, K, V> {
    pub(crate) fn of(object: &'a Object) -> Result<Self, EditError> {
        let Object::LwwMap(state) = object else { unreachable!("the type was checked") };
        Ok(Self { state, types: PhantomData })
    }

    /// The value of a key; `None` where it has none.
    ///
    /// # Errors
    /// If the key cannot be stored, or the value is not of the type.
    pub fn get(&self, key: &K) -> Result<Option<V::Owned>, InvalidValue>
    where
        K: Key,
        V: ToOwned,
        V::Owned: FromValue,
    {
        let key = key.to_key()?;
        self.state.get(&*key).map(value_as).transpose()
    }

    /// How many keys have a value.
    pub fn len(&self) -> usize {
        self.state.len()
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.state.is_empty()
    }

    /// The decisions on record of a key; see [`Replica::audit`](crate::Replica::audit).
    ///
    /// Cost: O(n log n), n being these records.
    pub fn history(&self, key: &K) -> AuditTrail
    where
        K: Key,
    {
        let key = key.to_key().unwrap_or_default();
        self.state.store().audit_trail(Some(key.as_bytes()), true)
    }

    /// The keys and their values, in no particular order. A key or value of another type is an
    /// error.
    pub fn iter(&self) -> impl Iterator<Item = Result<(K::Owned, V::Owned), InvalidValue>>
    where
        K: ToOwned,
        K::Owned: FromKey,
        V: ToOwned,
        V::Owned: FromValue,
    {
        self.state.iter().map(|(key, value)| Ok((key_as(key)?, value_as(value)?)))
    }
}

/// The value of a register.
#[derive(Clone, Copy)]
pub struct Register<'a, V: ?Sized> {
    state: &'a lww_register::LwwRegister<str>,
    types: Typed<V>,
}

impl<'a, V: ?Sized> Register<'a, V> {
    pub(crate) fn of(object: &'a Object) -> Result<Self, EditError> {
        let Object::LwwRegister(state) = object else { unreachable!("the type was checked") };
        Ok(Self { state, types: PhantomData })
    }

    /// The value; `None` where there is none.
    ///
    /// # Errors
    /// If the value is not of the type.
    pub fn get(&self) -> Result<Option<V::Owned>, InvalidValue>
    where
        V: ToOwned,
        V::Owned: FromValue,
    {
        self.state.value().map(value_as).transpose()
    }

    /// The decisions on record of the register; see [`Replica::audit`](crate::Replica::audit).
    ///
    /// Cost: O(n log n), n being these records.
    pub fn history(&self) -> AuditTrail {
        self.state.store().audit_trail(None, true)
    }
}

/// The concurrent values of an MV-Register.
#[derive(Clone, Copy)]
pub struct MvRegister<'a, V: ?Sized> {
    state: &'a mv_register::MvRegister<str>,
    types: Typed<V>,
}

impl<'a, V: ?Sized> MvRegister<'a, V> {
    pub(crate) fn of(object: &'a Object) -> Result<Self, EditError> {
        let Object::MvRegister(state) = object else { unreachable!("the type was checked") };
        Ok(Self { state, types: PhantomData })
    }

    /// The concurrent values: none if nothing was written or all was deleted, and usually one.
    ///
    /// # Errors
    /// If a value is not of the type.
    pub fn get(&self) -> Result<Vec<V::Owned>, InvalidValue>
    where
        V: ToOwned,
        V::Owned: FromValue,
    {
        self.state.values().map(value_as).collect()
    }

    /// The decisions on record of the register; see [`Replica::audit`](crate::Replica::audit).
    ///
    /// Cost: O(n log n), n being these records.
    pub fn history(&self) -> AuditTrail {
        self.state.store().audit_trail(None, false)
    }
}

/// The keys of an MV-Map and their concurrent values.
#[derive(Clone, Copy)]
pub struct MvMap<'a, K: ?Sized, V: ?Sized> {
    state: &'a mv_map::MvMap<str, str>,
    types: Typed<(PhantomData<K>, PhantomData<V>)>,
}

impl<'a, K: ?Sized, V: ?Sized> MvMap<'a, K, V> {
    pub(crate) fn of(object: &'a Object) -> Result<Self, EditError> {
        let Object::MvMap(state) = object else { unreachable!("the type was checked") };
        Ok(Self { state, types: PhantomData })
    }

    /// The concurrent values of a key: none if it has no value, and usually one.
    ///
    /// # Errors
    /// If the key cannot be stored, or a value is not of the type.
    pub fn get(&self, key: &K) -> Result<Vec<V::Owned>, InvalidValue>
    where
        K: Key,
        V: ToOwned,
        V::Owned: FromValue,
    {
        let key = key.to_key()?;
        self.state.get(&*key).map(value_as).collect()
    }

    /// How many keys have a value.
    pub fn len(&self) -> usize {
        self.state.len()
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.state.is_empty()
    }

    /// The decisions on record of a key; see [`Replica::audit`](crate::Replica::audit).
    ///
    /// Cost: O(n log n), n being these records.
    pub fn history(&self, key: &K) -> AuditTrail
    where
        K: Key,
    {
        let key = key.to_key().unwrap_or_default();
        self.state.store().audit_trail(Some(key.as_bytes()), false)
    }

    /// The keys and their values, in no particular order. A key or value of another type is an
    /// error.
    pub fn iter(&self) -> impl Iterator<Item = Result<(K::Owned, Vec<V::Owned>), InvalidValue>>
    where
        K: ToOwned,
        K::Owned: FromKey,
        V: ToOwned,
        V::Owned: FromValue,
    {
        self.state.iter().map(|(key, values)| {
            let values = values.into_iter().map(value_as).collect::<Result<_, _>>()?;
            Ok((key_as(key)?, values))
        })
    }
}

/// The integer of a max-register or a min-register.
#[derive(Clone, Copy)]
pub struct Extreme<'a> {
    state: Either<&'a max_register::MaxRegister, &'a min_register::MinRegister>,
}

impl<'a> Extreme<'a> {
    pub(crate) fn of(object: &'a Object) -> Result<Self, EditError> {
        let state = match object {
            Object::MaxRegister(state) => Either::This(state),
            Object::MinRegister(state) => Either::That(state),
            _ => unreachable!("the type was checked"),
        };
        Ok(Self { state })
    }

    /// The greatest, or the least, integer that was written; `None` if none was written.
    pub fn get(&self) -> Option<i128> {
        ask!(self.state, register => register.value())
    }
}

/// The balance of a PN-Counter.
#[derive(Clone, Copy)]
pub struct PnCounter<'a> {
    state: &'a pn_counter::PnCounter,
}

impl<'a> PnCounter<'a> {
    pub(crate) fn of(object: &'a Object) -> Result<Self, EditError> {
        let Object::PnCounter(state) = object else { unreachable!("the type was checked") };
        Ok(Self { state })
    }

    /// The sum of all increments that were seen minus that of all decrements; `None` beyond 2^127,
    /// which no operations reach.
    pub fn value(&self) -> Option<i128> {
        self.state.value()
    }
}

/// The total of a counter.
#[derive(Clone, Copy)]
pub struct Counter<'a> {
    state: &'a g_counter::GCounter,
}

impl<'a> Counter<'a> {
    pub(crate) fn of(object: &'a Object) -> Result<Self, EditError> {
        let Object::GCounter(state) = object else { unreachable!("the type was checked") };
        Ok(Self { state })
    }

    /// The sum of all increments that were seen; `None` beyond 2^128 − 1, which no increments reach.
    pub fn value(&self) -> Option<u128> {
        self.state.value()
    }
}

/// The entries of a log.
#[derive(Clone, Copy)]
pub struct Log<'a, V: ?Sized> {
    state: &'a log::Log<str>,
    types: Typed<V>,
}

/// One entry of a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry<V> {
    /// What was appended.
    pub value: V,
    /// At which replica.
    pub replica: String,
    /// When, in milliseconds since 1970, by the clock of that replica.
    pub time: u64,
}

impl<'a, V: ?Sized> Log<'a, V> {
    pub(crate) fn of(object: &'a Object) -> Result<Self, EditError> {
        let Object::Log(state) = object else { unreachable!("the type was checked") };
        Ok(Self { state, types: PhantomData })
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.state.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.state.is_empty()
    }

    /// The entries in order, which is the same at all replicas that have seen them. An entry of
    /// another type is an error.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Result<Entry<V::Owned>, InvalidValue>>
    where
        V: ToOwned,
        V::Owned: FromValue,
    {
        self.state.entries().map(|entry| {
            Ok(Entry {
                value: value_as(entry.value())?,
                replica: entry.origin().replica.as_str().into(),
                time: HybridClock::milliseconds(entry.timestamp()),
            })
        })
    }
}

/// A replica to edit, in the name of a user or of nobody.
#[derive(Debug)]
#[must_use = "name the object to edit"]
pub struct Edits<'a> {
    pub(crate) replica: &'a mut Replica,
    pub(crate) user: Option<User>,
}

/// An object to edit.
struct Target<'a> {
    edits: Edits<'a>,
    object: ObjectId,
}

impl<'a> Edits<'a> {
    fn target(self, object: &str, kinds: &[ObjectType]) -> Result<Target<'a>, EditError> {
        self.replica.find(object, kinds)?;
        Ok(Target { edits: self, object: object.into() })
    }

    /// A set to edit, with elements of type `K`.
    ///
    /// # Errors
    /// If there is no such object, or it is not a set.
    pub fn set<K: Key + ?Sized>(self, object: &str) -> Result<SetMut<'a, K>, EditError> {
        Ok(SetMut { target: self.target(object, SETS)?, types: PhantomData })
    }

    /// A map to edit, with keys of type `K` and values of type `V`.
    ///
    /// # Errors
    /// If there is no such object, or it is not a map.
    pub fn map<K: Key + ?Sized, V: Value + ?Sized>(
        self,
        object: &str,
    ) -> Result<MapMut<'a, K, V>, EditError> {
        Ok(MapMut { target: self.target(object, &[ObjectType::LwwMap])?, types: PhantomData })
    }

    /// A register to edit, with a value of type `V`.
    ///
    /// # Errors
    /// If there is no such object, or it is not a register.
    pub fn register<V: Value + ?Sized>(
        self,
        object: &str,
    ) -> Result<RegisterMut<'a, V>, EditError> {
        Ok(RegisterMut {
            target: self.target(object, &[ObjectType::LwwRegister])?,
            types: PhantomData,
        })
    }

    /// A counter to edit.
    ///
    /// # Errors
    /// If there is no such object, or it is not a counter.
    pub fn counter(self, object: &str) -> Result<CounterMut<'a>, EditError> {
        Ok(CounterMut { target: self.target(object, &[ObjectType::GCounter])? })
    }

    /// A PN-Counter to edit.
    ///
    /// # Errors
    /// If there is no such object, or it is not a PN-Counter.
    pub fn pn_counter(self, object: &str) -> Result<PnCounterMut<'a>, EditError> {
        Ok(PnCounterMut { target: self.target(object, &[ObjectType::PnCounter])? })
    }

    /// A flag to edit.
    ///
    /// # Errors
    /// If there is no such object, or it is not a flag.
    pub fn flag(self, object: &str) -> Result<FlagMut<'a>, EditError> {
        Ok(FlagMut { target: self.target(object, FLAGS)? })
    }

    /// An MV-Register to edit, with values of type `V`.
    ///
    /// # Errors
    /// If there is no such object, or it is not an MV-Register.
    pub fn mv_register<V: Value + ?Sized>(
        self,
        object: &str,
    ) -> Result<RegisterMut<'a, V>, EditError> {
        let target = self.target(object, &[ObjectType::MvRegister])?;
        Ok(RegisterMut { target, types: PhantomData })
    }

    /// An MV-Map to edit, with keys of type `K` and values of type `V`.
    ///
    /// # Errors
    /// If there is no such object, or it is not an MV-Map.
    pub fn mv_map<K: Key + ?Sized, V: Value + ?Sized>(
        self,
        object: &str,
    ) -> Result<MapMut<'a, K, V>, EditError> {
        let target = self.target(object, &[ObjectType::MvMap])?;
        Ok(MapMut { target, types: PhantomData })
    }

    /// A max-register or a min-register to edit.
    ///
    /// # Errors
    /// If there is no such object, or it keeps no integer.
    pub fn extreme(self, object: &str) -> Result<ExtremeMut<'a>, EditError> {
        Ok(ExtremeMut { target: self.target(object, EXTREMES)? })
    }

    /// A log to append to, with entries of type `V`.
    ///
    /// # Errors
    /// If there is no such object, or it is not a log.
    pub fn log<V: Value + ?Sized>(self, object: &str) -> Result<LogMut<'a, V>, EditError> {
        Ok(LogMut { target: self.target(object, &[ObjectType::Log])?, types: PhantomData })
    }
}

impl Target<'_> {
    fn perform<'v>(
        &mut self,
        key: Option<&str>,
        operation: impl FnOnce(u64) -> Operation<&'v str, Option<&'v str>>,
    ) -> Result<Changes, EditError> {
        let user = self.edits.user.clone();
        self.edits.replica.perform(&self.object, user, key, operation)
    }
}

/// The value that is written; `None` where it deletes.
fn written(json: &str) -> Option<&str> {
    (json != "null").then_some(json)
}

/// A set to edit.
pub struct SetMut<'a, K: ?Sized> {
    target: Target<'a>,
    types: Typed<K>,
}

impl<K: Key + ?Sized> SetMut<'_, K> {
    /// Adds an element. Adding an element again affirms it: in an OR-Set, a concurrent removal then
    /// has no effect.
    ///
    /// # Errors
    /// If the element cannot be kept; see [`EditError`]. Nothing changed then.
    pub fn add(&mut self, element: &K) -> Result<Changes, EditError> {
        let element: Cow<'_, str> = element.to_key()?;
        self.target.perform(Some(&element), |_| Operation::Add { element: &element })
    }

    /// Removes an element. In an OR-Set, a concurrent addition stays; in an RW-Set, the removal wins
    /// over a concurrent addition too.
    ///
    /// # Errors
    /// If the element cannot be kept; see [`EditError`]. Nothing changed then.
    pub fn remove(&mut self, element: &K) -> Result<Changes, EditError> {
        let element: Cow<'_, str> = element.to_key()?;
        self.target.perform(Some(&element), |_| Operation::Remove { element: &element })
    }
}

/// A map to edit: an LWW-Map, or an MV-Map.
pub struct MapMut<'a, K: ?Sized, V: ?Sized> {
    target: Target<'a>,
    types: Typed<(PhantomData<K>, PhantomData<V>)>,
}

impl<K: Key + ?Sized, V: Value + ?Sized> MapMut<'_, K, V> {
    /// Writes the value of a key. A value whose JSON is `null` deletes it.
    ///
    /// # Errors
    /// If the key or the value cannot be kept; see [`EditError`]. Nothing changed then.
    pub fn put(&mut self, key: &K, value: &V) -> Result<Changes, EditError> {
        let (key, value) = (key.to_key()?, value.to_value()?);
        let value = written(value.as_str());
        self.target.perform(Some(&key), |timestamp| Operation::Put { key: &key, value, timestamp })
    }

    /// Deletes the value of a key.
    ///
    /// # Errors
    /// If the key cannot be kept; see [`EditError`]. Nothing changed then.
    pub fn delete(&mut self, key: &K) -> Result<Changes, EditError> {
        let key = key.to_key()?;
        self.target.perform(Some(&key), |timestamp| Operation::Put {
            key: &key,
            value: None,
            timestamp,
        })
    }
}

/// A register to edit: an LWW-Register, or an MV-Register.
pub struct RegisterMut<'a, V: ?Sized> {
    target: Target<'a>,
    types: Typed<V>,
}

impl<V: Value + ?Sized> RegisterMut<'_, V> {
    /// Writes the value. One whose JSON is `null` deletes it.
    ///
    /// # Errors
    /// If the value cannot be kept; see [`EditError`]. Nothing changed then.
    pub fn write(&mut self, value: &V) -> Result<Changes, EditError> {
        let value = value.to_value()?;
        let value = written(value.as_str());
        self.target.perform(None, |timestamp| Operation::Write { value, timestamp })
    }
}

/// A counter to edit.
pub struct CounterMut<'a> {
    target: Target<'a>,
}

impl CounterMut<'_> {
    /// Adds `amount`, at least 1. A counter does not record users.
    ///
    /// # Errors
    /// If the amount is 0; see [`EditError`]. Nothing changed then.
    pub fn increment(&mut self, amount: u64) -> Result<Changes, EditError> {
        self.target.perform(None, |_| Operation::Increment { amount })
    }
}

/// A PN-Counter to edit.
pub struct PnCounterMut<'a> {
    target: Target<'a>,
}

impl PnCounterMut<'_> {
    /// Adds `amount`, at least 1. A counter does not record users.
    ///
    /// # Errors
    /// If the amount is 0; see [`EditError`]. Nothing changed then.
    pub fn increment(&mut self, amount: u64) -> Result<Changes, EditError> {
        self.target.perform(None, |_| Operation::Increment { amount })
    }

    /// Subtracts `amount`, at least 1. The balance may be negative.
    ///
    /// # Errors
    /// If the amount is 0; see [`EditError`]. Nothing changed then.
    pub fn decrement(&mut self, amount: u64) -> Result<Changes, EditError> {
        self.target.perform(None, |_| Operation::Decrement { amount })
    }
}

/// A flag to edit.
pub struct FlagMut<'a> {
    target: Target<'a>,
}

impl FlagMut<'_> {
    /// Enables the flag. Enabling it again affirms it.
    ///
    /// # Errors
    /// See [`EditError`]. Nothing changed then.
    pub fn enable(&mut self) -> Result<Changes, EditError> {
        self.target.perform(None, |_| Operation::Enable)
    }

    /// Disables the flag. Disabling it again affirms it.
    ///
    /// # Errors
    /// See [`EditError`]. Nothing changed then.
    pub fn disable(&mut self) -> Result<Changes, EditError> {
        self.target.perform(None, |_| Operation::Disable)
    }
}

/// A max-register or a min-register to edit.
pub struct ExtremeMut<'a> {
    target: Target<'a>,
}

impl ExtremeMut<'_> {
    /// Writes an integer from −2^63 to 2^64−1. The register keeps the greatest, or the least, of all.
    ///
    /// # Errors
    /// If the integer is out of range; see [`EditError`]. Nothing changed then.
    pub fn write(&mut self, integer: impl Into<i128>) -> Result<Changes, EditError> {
        let integer = integer.into();
        self.target.perform(None, |_| Operation::WriteInteger { integer })
    }
}

/// A log to append to.
pub struct LogMut<'a, V: ?Sized> {
    target: Target<'a>,
    types: Typed<V>,
}

impl<V: Value + ?Sized> LogMut<'_, V> {
    /// Appends an entry. A log does not record users: put the author into the entry.
    ///
    /// # Errors
    /// If the entry cannot be kept; see [`EditError`]. Nothing changed then.
    pub fn append(&mut self, entry: &V) -> Result<Changes, EditError> {
        let entry = entry.to_value()?;
        let entry = Some(entry.as_str());
        self.target.perform(None, |timestamp| Operation::Append { entry, timestamp })
    }
}
