//! Random operations of each type.

use crate::letter::Letter::{self, A, Null, T};
use proptest::prelude::*;
use rejoin::object::ObjectType;
use rejoin::operation::Operation;
use std::fmt::Debug;

/// Which numbers operations have.
pub struct Numbers {
    pub timestamps: BoxedStrategy<u64>,
    pub amounts: BoxedStrategy<u64>,
    pub integers: BoxedStrategy<i128>,
}

/// An operation that objects of this type have, on one of the keys.
pub fn operation<K: Clone + Debug + 'static>(
    of: ObjectType,
    keys: &[K],
    numbers: Numbers,
) -> BoxedStrategy<Operation<K, Letter>> {
    use ObjectType::*;
    let letter = || prop::sample::select(vec![A, Null, T]);
    let key = || prop::sample::select(keys.to_vec());
    let Numbers { timestamps, amounts, integers } = numbers;
    match of {
        GCounter => amounts.prop_map(|amount| Operation::Increment { amount }).boxed(),
        PnCounter => (amounts, any::<bool>())
            .prop_map(|(amount, is_increment)| match is_increment {
                true => Operation::Increment { amount },
                false => Operation::Decrement { amount },
            })
            .boxed(),
        LwwRegister | MvRegister => (letter(), timestamps)
            .prop_map(|(value, timestamp)| Operation::Write { value, timestamp })
            .boxed(),
        OrSet | RwSet => prop_oneof![
            key().prop_map(|element| Operation::Add { element }),
            key().prop_map(|element| Operation::Remove { element }),
        ]
        .boxed(),
        LwwMap | MvMap => (key(), letter(), timestamps)
            .prop_map(|(key, value, timestamp)| Operation::Put { key, value, timestamp })
            .boxed(),
        Log => (letter(), timestamps)
            .prop_map(|(entry, timestamp)| Operation::Append { entry, timestamp })
            .boxed(),
        EwFlag | DwFlag => {
            prop::sample::select(vec![Operation::Enable, Operation::Disable]).boxed()
        }
        MaxRegister | MinRegister => {
            integers.prop_map(|integer| Operation::WriteInteger { integer }).boxed()
        }
    }
}
