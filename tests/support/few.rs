//! Few operations of each type, as all engines take them.

use rejoin::json::Json;
use rejoin::object::ObjectType;
use rejoin::operation::{Canonical, Operation};
use std::sync::Arc;

pub type Key = Arc<str>;
pub type Op = Operation<Key, Canonical>;

pub fn canonical(text: &str) -> Canonical {
    Canonical::from(&Json::parse(text).expect("it is JSON"))
}

/// The operation as the optimized engine takes it.
pub fn borrowed(operation: &Op) -> Operation<&str, Option<&str>> {
    fn written(value: &Canonical) -> Option<&str> {
        Some(value.as_str()).filter(|value| *value != "null")
    }
    match operation {
        Operation::Increment { amount } => Operation::Increment { amount: *amount },
        Operation::Write { value, timestamp } => {
            Operation::Write { value: written(value), timestamp: *timestamp }
        }
        Operation::Add { element } => Operation::Add { element },
        Operation::Remove { element } => Operation::Remove { element },
        Operation::Put { key, value, timestamp } => {
            Operation::Put { key, value: written(value), timestamp: *timestamp }
        }
        Operation::Append { entry, timestamp } => {
            Operation::Append { entry: Some(entry.as_str()), timestamp: *timestamp }
        }
        Operation::Decrement { amount } => Operation::Decrement { amount: *amount },
        Operation::Enable => Operation::Enable,
        Operation::Disable => Operation::Disable,
        Operation::WriteInteger { integer } => Operation::WriteInteger { integer: *integer },
    }
}

/// Few operations of a type, which add and take away.
pub fn alphabet(kind: ObjectType) -> Vec<Op> {
    use ObjectType::*;
    let key = || Key::from("x");
    let write = |text, timestamp| Operation::Write { value: canonical(text), timestamp };
    let put = |text, timestamp| Operation::Put { key: key(), value: canonical(text), timestamp };
    match kind {
        GCounter => vec![Operation::Increment { amount: 200 }],
        PnCounter => vec![Operation::Increment { amount: 200 }, Operation::Decrement { amount: 1 }],
        LwwRegister | MvRegister => vec![write("1", 1), write("2", 2), write("null", 1)],
        OrSet | RwSet => {
            let y = || Key::from("y");
            vec![
                Operation::Add { element: key() },
                Operation::Remove { element: key() },
                Operation::Add { element: y() },
            ]
        }
        LwwMap | MvMap => vec![put("1", 1), put("2", 2), put("null", 1)],
        Log => vec![
            Operation::Append { entry: canonical("null"), timestamp: 2 },
            Operation::Append { entry: canonical("1"), timestamp: 1 },
        ],
        EwFlag | DwFlag => vec![Operation::Enable, Operation::Disable],
        MaxRegister | MinRegister => {
            [-200, 0, 200].map(|integer| Operation::WriteInteger { integer }).to_vec()
        }
    }
}
