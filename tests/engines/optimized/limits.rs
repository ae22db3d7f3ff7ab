//! Whatever a replica accepts can be stored, sent and read: names, keys and values at their limits.

use rejoin::dot::{Origin, ReplicaId};
use rejoin::limits::{InvalidName, MAX_NAME, MAX_VALUE};
use rejoin::object::ObjectType;
use rejoin::operation::{Operation, OperationError};
use rejoin::optimized::Vector;
use rejoin::optimized::replica::{Delta, Reason, Replica};
use rejoin::wire::{BaseEncoding, DecodeContext, OriginEncoding};

fn replica() -> Replica {
    let schema = [
        ("set".into(), ObjectType::OrSet),
        ("map".into(), ObjectType::LwwMap),
        ("register".into(), ObjectType::LwwRegister),
        ("log".into(), ObjectType::Log),
    ];
    let origin = Origin { replica: ReplicaId::new("r".repeat(MAX_NAME)).unwrap(), incarnation: 1 };
    Replica::new(origin, &schema.into())
}

/// A replica that has seen nothing reads the encoded object.
fn is_readable(replica: &Replica, object: &str) -> bool {
    let kind = replica.object(object).unwrap().kind();
    let delta = replica.delta_since(object, &Vector::default()).unwrap();
    let bytes = delta.encode(OriginEncoding::Inline, BaseEncoding::Inline);
    let origin = Origin { replica: ReplicaId::new("reader").unwrap(), incarnation: 1 };
    let mut reader = Replica::restored(origin, self::replica().objects().clone());
    let delta = Delta::decode(kind, &bytes, &DecodeContext::default()).expect("it is decoded");
    reader.apply(object, delta).is_ok()
        && reader.vector(object).unwrap() == replica.vector(object).unwrap()
}

#[test]
fn what_is_accepted_at_a_limit_can_be_read() {
    let longest = "n".repeat(MAX_NAME);
    let value = "v".repeat(MAX_VALUE);
    let mut replica = replica();
    let user = Some(longest.as_str().into());
    let operations = [
        ("set", Operation::Add { element: &*longest }),
        ("set", Operation::Remove { element: &*longest }),
        ("map", Operation::Put { key: &*longest, value: Some(&*value), timestamp: 1 }),
        ("register", Operation::Write { value: Some(&*value), timestamp: 1 }),
        ("log", Operation::Append { entry: Some(&*value), timestamp: 1 }),
    ];
    for (object, operation) in operations {
        replica.perform(object, operation, user.clone()).unwrap();
        assert!(is_readable(&replica, object), "{object}");
    }
}

#[test]
fn what_is_beyond_a_limit_is_refused_where_it_enters() {
    let long = "n".repeat(MAX_NAME + 1);
    let value = "v".repeat(MAX_VALUE + 1);
    let mut replica = replica();
    let invalid = |what, length| OperationError::InvalidName(InvalidName { what, length });
    let add = |element| Operation::Add { element };
    let put = |key, value| Operation::Put { key, value, timestamp: 1 };
    let cases = [
        ("set", add("x"), Some(long.as_str().into()), invalid("user", MAX_NAME + 1)),
        ("set", add("x"), Some("".into()), invalid("user", 0)),
        ("set", add(&*long), None, invalid("element", MAX_NAME + 1)),
        ("set", add(""), None, invalid("element", 0)),
        ("map", put(&*long, None), None, invalid("key", MAX_NAME + 1)),
        ("map", put("k", Some(&*value)), None, OperationError::TooLong(MAX_VALUE + 1)),
        (
            "log",
            Operation::Append { entry: Some(&*value), timestamp: 1 },
            None,
            OperationError::TooLong(MAX_VALUE + 1),
        ),
    ];
    for (object, operation, user, expected) in cases {
        let before = replica.state_hash();
        let error = replica.perform(object, operation, user).unwrap_err();
        assert_eq!(error.reason, Reason::Operation(expected));
        assert_eq!(replica.state_hash(), before, "a refusal changes nothing");
    }
    for length in [0, MAX_NAME + 1] {
        let refused = ReplicaId::new("r".repeat(length)).unwrap_err();
        assert_eq!(refused, InvalidName { what: "replica", length });
    }
}

/// A message that is false about operations which the receiver has seen: nothing changes, so that what was
/// stored of it, by its vector, is what it answers.
#[test]
fn what_is_known_is_not_changed_by_a_message_that_says_something_else_of_it() {
    let schema = [
        ("g".into(), ObjectType::GCounter),
        ("pn".into(), ObjectType::PnCounter),
        ("max".into(), ObjectType::MaxRegister),
        ("min".into(), ObjectType::MinRegister),
        ("log".into(), ObjectType::Log),
        ("map".into(), ObjectType::LwwMap),
        ("set".into(), ObjectType::OrSet),
    ];
    let replica = |name: &str| {
        let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
        Replica::new(origin, &schema.clone().into())
    };
    // Two histories of one name.
    let performed = |amount: u64, text: &str| {
        let mut peer = replica("peer");
        let amounts = Operation::Increment { amount };
        peer.perform("g", amounts.clone(), None).unwrap();
        peer.perform("pn", amounts, None).unwrap();
        for (object, integer) in [("max", amount as i128), ("min", -(amount as i128))] {
            peer.perform(object, Operation::WriteInteger { integer }, None).unwrap();
        }
        let entry = Operation::Append { entry: Some(text), timestamp: amount };
        peer.perform("log", entry, None).unwrap();
        let put = Operation::Put { key: "key", value: Some(text), timestamp: amount };
        peer.perform("map", put, None).unwrap();
        peer.perform("set", Operation::Add { element: "key" }, None).unwrap();
        peer
    };
    let (honest, forged) = (performed(1, "\"a\""), performed(1000, "\"b\""));
    let mut here = replica("here");
    let apply = |here: &mut Replica, from: &Replica| {
        for (object, _) in &schema {
            let delta = from.delta_since(object, &Vector::default()).unwrap();
            let _ = here.apply(object, delta);
        }
    };
    apply(&mut here, &honest);
    let before = here.state_hash();
    apply(&mut here, &forged);
    assert_eq!(here.state_hash(), before);
}
