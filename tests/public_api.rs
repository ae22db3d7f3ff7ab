//! The public API: edits, updates, storage and changes through `rejoin::Replica` alone.
//!
//! Shown: edits are read back with the same type; updates bring replicas to one state in any order
//! and number; a saved replica opens as the same replica; changes lead from the answers shown
//! before to the current ones; each refusal names what to do and changes nothing; damage to any
//! byte is refused.

use rejoin::environment::Environment;
use rejoin::object::Priority;
use rejoin::{Changes, CreateError, EditError, OpenError, Replica, Schema, UpdateError, Version};
use std::collections::BTreeMap;

/// A clock that the test sets, and entropy that never repeats.
#[derive(Debug)]
struct Fixed {
    now: u64,
    drawn: u64,
}

impl Environment for Fixed {
    fn now(&mut self) -> u64 {
        self.now += 1;
        self.now
    }

    fn entropy(&mut self) -> Option<u64> {
        self.drawn += 1;
        Some(self.drawn)
    }
}

fn schema() -> Schema {
    Schema::new().set("approved").map("progress").counter("records").log("talk").register("phase")
}

fn replica(name: &str, number: u64) -> Replica {
    let environment = Fixed { now: 1_000_000, drawn: number << 32 };
    Replica::create_in(Box::new(environment), name, &schema()).unwrap()
}

fn sync(a: &mut Replica, b: &mut Replica) -> Changes {
    b.apply(&a.update_since(&b.version())).unwrap()
}

fn edit_all(replica: &mut Replica, user: &str) {
    replica.as_user(user).set("approved").unwrap().add("orders.total").unwrap();
    replica.as_user(user).map("progress").unwrap().put("orders", &7_u32).unwrap();
    replica.as_user(user).register("phase").unwrap().write("copy").unwrap();
    replica.as_user(user).log("talk").unwrap().append(user).unwrap();
    replica.edit().counter("records").unwrap().increment(3).unwrap();
}

#[test]
fn what_is_edited_is_read_back() {
    let mut laptop = replica("laptop", 1);
    edit_all(&mut laptop, "ana");
    assert!(laptop.set::<str>("approved").unwrap().contains("orders.total"));
    assert_eq!(laptop.map::<str, u32>("progress").unwrap().get("orders"), Ok(Some(7)));
    assert_eq!(laptop.register::<str>("phase").unwrap().get(), Ok(Some("copy".into())));
    assert_eq!(laptop.counter("records").unwrap().value(), Some(3));
    let talk = laptop.log::<str>("talk").unwrap();
    let entry = talk.iter().next().unwrap().unwrap();
    assert_eq!((entry.value.as_str(), entry.replica.as_str()), ("ana", "laptop"));

    laptop.edit().map::<str, u32>("progress").unwrap().delete("orders").unwrap();
    assert_eq!(laptop.map::<str, u32>("progress").unwrap().get("orders"), Ok(None));
    laptop.edit().register("phase").unwrap().write(&None::<u8>).unwrap();
    assert_eq!(laptop.register::<str>("phase").unwrap().get(), Ok(None));
    // A value of another type is an error that shows it, not a silent absence.
    laptop.edit().register("phase").unwrap().write(&[1, 2]).unwrap();
    let error = laptop.register::<str>("phase").unwrap().get().unwrap_err();
    assert!(error.to_string().contains("[1,2]"), "{error}");
}

#[test]
fn updates_in_any_order_and_number_lead_to_one_state() {
    let mut replicas = [replica("a", 1), replica("b", 2), replica("c", 3)];
    for (replica, user) in replicas.iter_mut().zip(["ana", "ben", "cy"]) {
        edit_all(replica, user);
    }
    let [mut a, mut b, mut c] = replicas;
    let from_a = a.update_since(&Version::default());
    let from_c = c.update_since(&Version::default());
    for update in [&from_c, &from_a, &from_c, &from_a] {
        let _ = b.apply(update).unwrap();
    }
    sync(&mut b, &mut a);
    sync(&mut b, &mut c);
    assert_eq!(a.state_hash(), b.state_hash());
    assert_eq!(a.state_hash(), c.state_hash());
    assert_eq!(a.counter("records").unwrap().value(), Some(9));
    assert_eq!(a.log::<str>("talk").unwrap().len(), 3);
    assert_eq!(a.version(), c.version());
    assert!(sync(&mut a, &mut c).is_empty(), "nothing is new");
}

#[test]
fn whoever_was_overruled_is_named_and_a_new_decision_closes_the_conflict() {
    let (mut laptop, mut server) = (replica("laptop", 1), replica("server", 2));
    laptop.as_user("ana").set("approved").unwrap().add("orders.total").unwrap();
    server.as_user("ben").set("approved").unwrap().remove("orders.total").unwrap();
    let changes = sync(&mut laptop, &mut server);
    let change = changes.iter().next().unwrap();
    assert_eq!((change.before(), change.after()), (Some(false), Some(true)));
    assert!(change.is_conflict);
    let overruled = change.overruled.as_ref().unwrap();
    assert_eq!((overruled.user.as_deref(), overruled.replica.as_str()), (Some("ben"), "server"));

    let conflict = &server.conflicts()[0];
    assert_eq!(conflict.key::<String>().as_deref(), Some("orders.total"));
    assert_eq!(conflict.kept[0].user.as_deref(), Some("ana"));
    assert_eq!(server.overruled("ben").len(), 1);
    assert!(server.overruled("ana").is_empty());

    let closed = server.as_user("ben").set("approved").unwrap().remove("orders.total").unwrap();
    assert!(!closed.iter().next().unwrap().is_conflict);
    assert!(server.conflicts().is_empty());
    sync(&mut server, &mut laptop);
    assert!(!laptop.set::<str>("approved").unwrap().contains("orders.total"));
}

#[test]
fn changes_lead_from_what_was_shown_to_what_is_answered() {
    let (mut here, mut there) = (replica("here", 1), replica("there", 2));
    let mut shown: BTreeMap<(String, String), Option<String>> = BTreeMap::new();
    let mut show = |changes: Changes| {
        for change in changes {
            let place = (change.object.to_string(), change.key.clone().unwrap_or_default());
            let before = shown.insert(place, change.after.clone());
            if &*change.object != "talk" && before.is_some() {
                assert_eq!(before, Some(change.before), "a change starts where the last one ended");
            }
        }
    };
    for round in 0..20_u32 {
        let key = format!("k{}", round % 3);
        show(here.as_user("ana").map("progress").unwrap().put(&key, &round).unwrap());
        show(here.as_user("ana").set("approved").unwrap().add(&key).unwrap());
        there.as_user("ben").map("progress").unwrap().put(&key, &(round + 100)).unwrap();
        if round % 2 == 0 {
            there.as_user("ben").map::<str, u32>("progress").unwrap().delete(&key).unwrap();
        }
        there.as_user("ben").set("approved").unwrap().remove(&key).unwrap();
        there.edit().counter("records").unwrap().increment(2).unwrap();
        if round % 3 == 0 {
            show(sync(&mut there, &mut here));
            sync(&mut here, &mut there);
        }
    }
    show(sync(&mut there, &mut here));
    let progress = here.map::<str, u32>("progress").unwrap();
    let approved = here.set::<str>("approved").unwrap();
    for ((object, key), value) in &shown {
        match object.as_str() {
            "progress" => {
                let answered = progress.get(key).unwrap().map(|value| value.to_string());
                assert_eq!(&answered, value);
            }
            "approved" => assert_eq!(Some(approved.contains(key).to_string()), *value),
            "records" => {
                let total = here.counter("records").unwrap().value().unwrap();
                assert_eq!(Some(total.to_string()), *value);
            }
            other => panic!("nothing else was edited: {other}"),
        }
    }
}

#[test]
fn what_is_saved_opens_as_the_same_replica() {
    let mut laptop = replica("laptop", 1);
    edit_all(&mut laptop, "ana");
    let base = laptop.save();
    let version = laptop.version();
    edit_all(&mut laptop, "ben");
    let more = laptop.save_since(&version);
    let environment = || Box::new(Fixed { now: 2_000_000, drawn: 99 << 32 });
    let mut opened = Replica::open_in(environment(), [&base[..], &more]).unwrap();
    assert_eq!(opened.state_hash(), laptop.state_hash());
    assert_eq!(opened.version(), laptop.version());
    assert_eq!(opened.schema(), laptop.schema());
    // It goes on where it was, and others apply its later operations.
    let mut server = replica("server", 2);
    sync(&mut laptop, &mut server);
    edit_all(&mut opened, "cy");
    sync(&mut opened, &mut server);
    assert_eq!(opened.state_hash(), server.state_hash());

    let other = replica("other", 2).save();
    let error = Replica::open_in(environment(), [&base[..], &other]).unwrap_err();
    assert_eq!(error, OpenError::OtherReplica { part: 1 });
    let none: [&[u8]; 0] = [];
    assert_eq!(Replica::open_in(environment(), none).unwrap_err(), OpenError::Empty);
    // The save in between is missing.
    let version = laptop.version();
    edit_all(&mut laptop, "ana");
    let third = laptop.save_since(&version);
    let error = Replica::open_in(environment(), [&base[..], &third]).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { part: 1, error: UpdateError::Gap { .. } }));
}

#[test]
fn every_damaged_byte_is_found() {
    let mut laptop = replica("laptop", 1);
    edit_all(&mut laptop, "ana");
    let saved = laptop.save();
    let update = laptop.update_since(&Version::default());
    let version = laptop.version().to_bytes();
    assert_eq!(Version::from_bytes(&version).unwrap(), laptop.version());
    for at in 0..saved.len() {
        let mut damaged = saved.clone();
        damaged[at] ^= 1 << (at % 8);
        let environment = Box::new(Fixed { now: 1, drawn: 0 });
        let error = Replica::open_in(environment, [&damaged[..]]).unwrap_err();
        assert!(matches!(error, OpenError::Damaged { part: 0, .. }), "byte {at}: {error}");
    }
    let mut server = replica("server", 2);
    let before = server.state_hash();
    for at in 0..update.len() {
        let mut damaged = update.clone();
        damaged[at] ^= 0x80;
        let error = server.apply(&damaged).unwrap_err();
        assert!(matches!(error, UpdateError::Malformed { .. }), "byte {at}: {error}");
        assert!(server.apply(&update[..at]).is_err(), "{at} bytes of it");
    }
    for at in 0..version.len() {
        let mut damaged = version.clone();
        damaged[at] ^= 4;
        assert!(Version::from_bytes(&damaged).is_err(), "byte {at}");
    }
    assert!(server.apply(&saved).is_err(), "what was saved is no update");
    assert_eq!(server.state_hash(), before);
}

#[test]
fn refusals_say_what_to_do_and_change_nothing() {
    let mut laptop = replica("laptop", 1);
    let before = laptop.state_hash();
    let refused = |error: EditError, part: &str| {
        assert!(error.to_string().contains(part), "{error}");
    };
    refused(laptop.set::<str>("approvals").err().unwrap(), "approved");
    refused(laptop.as_user("ana").map::<str, str>("approved").err().unwrap(), "or-set");
    refused(laptop.as_user("").set("approved").unwrap().add("x").unwrap_err(), "1 to 1,024");
    refused(laptop.edit().set("approved").unwrap().add("").unwrap_err(), "1 to 1,024");
    refused(laptop.edit().counter("records").unwrap().increment(0).unwrap_err(), "least is 1");
    let rounded = laptop.edit().register("phase").unwrap().write(&u128::MAX).unwrap_err();
    refused(rounded, "keep it as a string");
    assert_eq!(laptop.state_hash(), before);
    assert!(Replica::create("", &schema()).is_err());
    assert!(Replica::create("laptop", &Schema::new().set("")).is_err());
}

#[test]
fn a_schema_that_misspells_an_object_is_refused() {
    let audited = schema().audited("aproved");
    let urgent = Schema::new().priority("photos", Priority::High).set("photos");
    for (schema, name) in [(audited, "aproved"), (urgent, "photos")] {
        let error = Replica::create("laptop", &schema).unwrap_err();
        assert!(
            matches!(&error, CreateError::UndeclaredObject { object, .. } if &**object == name)
        );
        let mut laptop = replica("laptop", 1);
        let before = laptop.schema().clone();
        let error = laptop.add_objects(&schema).unwrap_err();
        assert!(matches!(&error, EditError::UndeclaredObject { object, .. } if &**object == name));
        assert!(error.to_string().contains(name), "{error}");
        assert_eq!(laptop.schema(), &before);
    }
}

#[test]
fn a_version_covers_what_an_update_from_there_adds_nothing_to() {
    let (mut laptop, mut server) = (replica("laptop", 1), replica("server", 2));
    assert!(laptop.version().covers(&server.version()));
    assert!(
        Version::default().covers(&laptop.version())
            && laptop.version().covers(&Version::default())
    );
    edit_all(&mut laptop, "ana");
    assert!(
        laptop.version().covers(&server.version()) && !server.version().covers(&laptop.version())
    );
    edit_all(&mut server, "ben");
    assert!(
        !laptop.version().covers(&server.version()) && !server.version().covers(&laptop.version())
    );
    sync(&mut laptop, &mut server);
    assert!(
        server.version().covers(&laptop.version()) && !laptop.version().covers(&server.version())
    );
    sync(&mut server, &mut laptop);
    assert!(
        server.version().covers(&laptop.version()) && laptop.version().covers(&server.version())
    );

    // Two branches of one disk reach the same counters, and neither covers the other.
    let saved = laptop.save();
    let branch = |drawn: u64| {
        let environment = Fixed { now: 2_000_000, drawn: drawn << 32 };
        let mut branch = Replica::open_in(Box::new(environment), [&*saved]).unwrap();
        edit_all(&mut branch, "ana");
        branch
    };
    let (one, other) = (branch(3), branch(4));
    assert!(one.version().covers(&laptop.version()));
    assert!(!one.version().covers(&other.version()) && !other.version().covers(&one.version()));
}

#[test]
fn an_update_after_a_gap_is_refused_whole() {
    let (mut laptop, mut server) = (replica("laptop", 1), replica("server", 2));
    edit_all(&mut laptop, "ana");
    let version = laptop.version();
    edit_all(&mut laptop, "ana");
    let late = laptop.update_since(&version);
    let before = server.state_hash();
    let error = server.apply(&late).unwrap_err();
    assert!(matches!(error, UpdateError::Gap { .. }), "{error}");
    assert!(
        error.to_string().contains("of laptop"),
        "it says whose operations are missing: {error}"
    );
    assert_eq!(server.state_hash(), before);
}

#[test]
fn objects_are_added_to_a_living_replica() {
    let (mut old, mut new) = (replica("old", 1), replica("new", 2));
    let photos = Schema::new().set("photos").priority("photos", Priority::Low);
    new.add_objects(&photos).unwrap();
    new.edit().set("photos").unwrap().add("roof.jpg").unwrap();
    edit_all(&mut new, "ana");

    let changes = sync(&mut new, &mut old);
    assert_eq!(changes.relayed_objects(), ["photos".into()]);
    assert!(changes.unknown_objects().is_empty());
    assert_eq!(old.counter("records").unwrap().value(), Some(3));
    old.add_objects(&photos).unwrap();
    sync(&mut new, &mut old);
    assert!(old.set::<str>("photos").unwrap().contains("roof.jpg"));
    assert_eq!(old.state_hash(), new.state_hash());

    let wrong = Schema::new().map("photos");
    assert!(matches!(new.add_objects(&wrong).unwrap_err(), EditError::WrongType { .. }));
    assert!(new.set::<str>("photos").unwrap().contains("roof.jpg"));
}

#[test]
fn an_export_is_imported_and_changes_nothing_twice() {
    let mut laptop = replica("laptop", 1);
    edit_all(&mut laptop, "ana");
    laptop.edit().set("approved").unwrap().add("\u{1F600} \"x\"").unwrap();
    laptop.edit().map("progress").unwrap().put("\u{FB33}", &[1.5]).unwrap();
    laptop.edit().map("progress").unwrap().put("\u{1F600}", "z").unwrap();
    let json = laptop.export();
    assert_eq!(
        rejoin::json::Json::parse(&json).unwrap().canonical(),
        json,
        "what is exported is canonical"
    );
    assert_eq!(laptop.edit().import(&json).unwrap(), Changes::default());

    let mut other = replica("other", 2);
    other.edit().set("approved").unwrap().add("goes").unwrap();
    other.edit().map("progress").unwrap().put("goes", &1).unwrap();
    let changes = other.as_user("ben").import(&json).unwrap();
    assert_eq!(other.export(), json);
    assert!(!other.set::<str>("approved").unwrap().contains("goes"));
    assert_eq!(changes.iter().filter(|change| change.key.as_deref() == Some("goes")).count(), 2);
    assert_eq!(other.edit().import("{}").unwrap().len(), 0, "what is not named stays");
}

#[test]
fn an_import_that_cannot_be_changes_nothing() {
    let mut laptop = replica("laptop", 1);
    edit_all(&mut laptop, "ana");
    let (before, hash) = (laptop.export(), laptop.state_hash());
    let long = format!(r#"{{"approved":["{}"]}}"#, "x".repeat(1025));
    for (json, says) in [
        ("", "not the JSON of an export"),
        ("[]", "expected an object with a member for each object"),
        (r#"{"phase":"x","nothing":1}"#, "has no object \"nothing\""),
        (r#"{"phase":"x","records":2}"#, "a counter does not shrink to 2"),
        (r#"{"phase":"x","records":-1}"#, "expected a total"),
        (r#"{"phase":"x","records":340282366920938463463374607431768211455}"#, "too far"),
        (r#"{"phase":"x","talk":[]}"#, "begins with all of them"),
        (r#"{"phase":"x","talk":["ben"]}"#, "entry 1 of them"),
        (r#"{"phase":"x","talk":{}}"#, "expected an array of entries"),
        (r#"{"phase":"x","approved":[1]}"#, "found `1`, expected an element"),
        (r#"{"phase":"x","progress":[]}"#, "expected an object of keys"),
        (&long, "1025"),
    ] {
        let error = laptop.edit().import(json).unwrap_err().to_string();
        assert!(error.contains(says), "{json}: {error}");
        assert_eq!((laptop.export(), laptop.state_hash()), (before.clone(), hash), "{json}");
    }
}

#[test]
fn the_other_types_are_edited_read_exported_and_saved() {
    let schema = Schema::new()
        .pn_counter("stock")
        .rw_set("members")
        .ew_flag("alarm")
        .dw_flag("open")
        .mv_register("title")
        .mv_map("fields")
        .max_register("best")
        .min_register("first");
    let create = |name: &str, number: u64| {
        let environment = Fixed { now: 1_000_000, drawn: number << 32 };
        Replica::create_in(Box::new(environment), name, &schema).unwrap()
    };
    let (mut laptop, mut phone) = (create("laptop", 1), create("phone", 2));
    laptop.edit().pn_counter("stock").unwrap().increment(10).unwrap();
    laptop.as_user("ana").set::<str>("members").unwrap().add("eve").unwrap();
    laptop.as_user("ana").flag("alarm").unwrap().enable().unwrap();
    laptop.as_user("ana").flag("open").unwrap().enable().unwrap();
    laptop.as_user("ana").mv_register("title").unwrap().write("draft").unwrap();
    laptop.as_user("ana").mv_map("fields").unwrap().put("size", &1_u32).unwrap();
    laptop.edit().extreme("best").unwrap().write(7_i64).unwrap();
    laptop.edit().extreme("first").unwrap().write(7_i64).unwrap();
    phone.edit().pn_counter("stock").unwrap().decrement(13).unwrap();
    phone.as_user("ben").set::<str>("members").unwrap().remove("eve").unwrap();
    phone.as_user("ben").flag("alarm").unwrap().disable().unwrap();
    phone.as_user("ben").flag("open").unwrap().disable().unwrap();
    phone.as_user("ben").mv_register("title").unwrap().write("final").unwrap();
    phone.as_user("ben").mv_map("fields").unwrap().put("size", &2_u32).unwrap();
    phone.edit().extreme("best").unwrap().write(-3_i64).unwrap();
    phone.edit().extreme("first").unwrap().write(-3_i64).unwrap();

    let changes = sync(&mut laptop, &mut phone);
    sync(&mut phone, &mut laptop);
    let after: BTreeMap<&str, Option<&str>> =
        changes.iter().map(|change| (&*change.object, change.after.as_deref())).collect();
    assert_eq!(after["stock"], Some("-3"));
    assert_eq!(after["alarm"], Some("true"));
    assert_eq!(after["title"], Some(r#"["draft","final"]"#));
    assert_eq!(after["fields"], Some("[1,2]"));
    assert_eq!(after["best"], Some("7"));
    for replica in [&laptop, &phone] {
        assert_eq!(replica.pn_counter("stock").unwrap().value(), Some(-3));
        assert!(!replica.set::<str>("members").unwrap().contains("eve"));
        assert!(replica.flag("alarm").unwrap().is_enabled());
        assert!(!replica.flag("open").unwrap().is_enabled());
        let title = replica.mv_register::<str>("title").unwrap().get().unwrap();
        assert_eq!(title, ["draft", "final"]);
        assert_eq!(replica.mv_map::<str, u32>("fields").unwrap().get("size"), Ok(vec![1, 2]));
        assert_eq!(replica.extreme("best").unwrap().get(), Some(7));
        assert_eq!(replica.extreme("first").unwrap().get(), Some(-3));
        // If all values stay, no decision is overruled.
        let open: Vec<String> =
            replica.conflicts().iter().map(|conflict| conflict.object.to_string()).collect();
        assert_eq!(open, ["alarm", "members", "open"]);
    }
    assert_eq!(laptop.state_hash(), phone.state_hash());

    let json = laptop.export();
    let expected = concat!(
        r#"{"alarm":true,"best":7,"fields":{"size":[1,2]},"first":-3,"members":[],"open":false,"#,
        r#""stock":-3,"title":["draft","final"]}"#
    );
    assert_eq!(json, expected);
    assert!(laptop.edit().import(&json).unwrap().is_empty(), "it has these values already");
    let refused = create("other", 3).edit().import(&json).unwrap_err().to_string();
    assert!(refused.contains("a replica writes one"), "{refused}");
    laptop.as_user("ana").mv_register("title").unwrap().write("final").unwrap();
    laptop.as_user("ana").mv_map("fields").unwrap().put("size", &2_u32).unwrap();
    let mut other = create("other", 3);
    other.edit().import(&laptop.export()).unwrap();
    assert_eq!(other.export(), laptop.export());
    let back = other.edit().import(r#"{"best":1}"#).unwrap_err().to_string();
    assert!(back.contains("does not go back"), "{back}");

    let environment = Fixed { now: 1_000_000, drawn: 9 << 32 };
    let saved = laptop.save();
    let mut again = Replica::open_in(Box::new(environment), [&saved[..]]).unwrap();
    assert_eq!(again.export(), laptop.export());
    assert_eq!(again.state_hash(), laptop.state_hash());
    let error = again.edit().extreme("best").unwrap().write(i128::MAX).unwrap_err();
    assert!(error.to_string().contains("2^64"), "{error}");
    assert!(again.edit().counter("stock").is_err());
}

fn replica_at(name: &str, now: u64) -> Replica {
    let seed = name.bytes().fold(7, |sum, byte| sum * 31 + u64::from(byte));
    Replica::create_in(Box::new(Fixed { now, drawn: seed << 20 }), name, &schema()).unwrap()
}

/// One replica's clock is a year ahead, or at the end of all time that a clock can tell.
#[test]
fn nobody_is_refused_a_write_for_somebody_elses_clock() {
    const NOW: u64 = 1_706_789_400_000;
    for ahead in [NOW + 365 * 24 * 60 * 60 * 1000, u64::MAX >> 1] {
        let (mut fast, mut here) = (replica_at("fast", ahead), replica_at("here", NOW));
        fast.edit().map("progress").unwrap().put("k", "fast").unwrap();
        fast.edit().register("phase").unwrap().write("fast").unwrap();
        fast.edit().log("talk").unwrap().append("fast").unwrap();
        let changes = here.apply(&fast.update_since(&here.version())).unwrap();
        assert_eq!(changes.len(), 3);
        let ahead = changes.clocks_ahead();
        assert_eq!(ahead.len(), 3, "{ahead:?}");
        assert!(ahead.iter().all(|clock| clock.replica.as_str() == "fast"), "{ahead:?}");
        assert!(ahead[0].to_string().contains("\"fast\" is "), "{}", ahead[0]);

        here.edit().map("progress").unwrap().put("k", "here").unwrap();
        here.edit().register("phase").unwrap().write("here").unwrap();
        here.edit().log("talk").unwrap().append("here").unwrap();
        here.edit().map("progress").unwrap().put("other", "here").unwrap();
        let changes = fast.apply(&here.update_since(&fast.version())).unwrap();
        assert!(changes.clocks_ahead().is_empty(), "its own clock is ahead of all");
        for replica in [&fast, &here] {
            let map = replica.map::<str, str>("progress").unwrap();
            assert_eq!(map.get("k").unwrap().as_deref(), Some("here"), "who saw it overrules it");
            let phase = replica.register::<str>("phase").unwrap().get().unwrap();
            assert_eq!(phase.as_deref(), Some("here"));
        }
        // Only operations that overrule the fast clock have a stamp ahead.
        let mut third = replica_at("third", NOW);
        let version = Version::default();
        let mut own = replica_at("own", NOW);
        own.apply(&fast.update_since(&version)).unwrap();
        own.edit().map("progress").unwrap().put("free", "own").unwrap();
        third.apply(&fast.update_since(&version)).unwrap();
        let changes = third.apply(&own.update_since(&third.version())).unwrap();
        assert!(changes.clocks_ahead().is_empty(), "{:?}", changes.clocks_ahead());
    }
}

#[test]
fn an_application_may_refuse_a_whole_update_for_a_clock() {
    let now = 1_706_789_400_000;
    let (mut fast, mut here) = (replica_at("fast", now + 7_200_000), replica_at("here", now));
    fast.edit().counter("records").unwrap().increment(1).unwrap();
    fast.edit().map("progress").unwrap().put("k", "fast").unwrap();
    here.limit_drift(3_600_000, true);
    let before = here.state_hash();
    let refused = here.apply(&fast.update_since(&here.version())).unwrap_err().to_string();
    assert!(refused.contains("\"fast\" is 0 days, 2 hours and 0 minutes ahead"), "{refused}");
    assert_eq!(here.state_hash(), before, "nothing was applied, of any object");
    here.limit_drift(10_800_000, true);
    assert_eq!(here.apply(&fast.update_since(&here.version())).unwrap().len(), 2);
}

/// Runs sessions of both until they are over; returns the changes that each side reported.
fn meet(a: &mut Replica, b: &mut Replica) -> [Vec<rejoin::Change>; 2] {
    let (mut here, mut there) = (a.session(), b.session());
    let mut changes = [Vec::new(), Vec::new()];
    while !here.is_done() || !there.is_done() {
        while let Some(message) = here.poll_message(a) {
            changes[1].extend(there.handle(b, &message).unwrap());
        }
        while let Some(message) = there.poll_message(b) {
            changes[0].extend(here.handle(a, &message).unwrap());
        }
    }
    assert!(here.is_verified() && there.is_verified());
    changes
}

#[test]
fn a_session_tells_whose_clock_is_ahead() {
    const NOW: u64 = 1_706_789_400_000;
    let (mut fast, mut here) = (replica_at("fast", NOW + 2 * 86_400_000), replica_at("here", NOW));
    fast.edit().log("talk").unwrap().append("fast").unwrap();
    let (mut there, mut session) = (fast.session(), here.session());
    let mut ahead = Vec::new();
    while !there.is_done() || !session.is_done() {
        while let Some(message) = there.poll_message(&mut fast) {
            let changes = session.handle(&mut here, &message).unwrap();
            ahead.extend(changes.clocks_ahead().iter().map(ToString::to_string));
        }
        while let Some(message) = session.poll_message(&mut here) {
            there.handle(&mut fast, &message).unwrap();
        }
    }
    assert!(ahead.len() == 1 && ahead[0].contains("\"fast\" is "), "{ahead:?}");
}

/// Two replicas of all types that have decided concurrently on what both had seen.
fn apart() -> [Replica; 2] {
    let schema = schema()
        .pn_counter("stock")
        .rw_set("members")
        .ew_flag("alarm")
        .dw_flag("open")
        .mv_register("title")
        .mv_map("fields")
        .max_register("best")
        .min_register("first");
    let mut replicas = [("laptop", 1_u64), ("server", 2)].map(|(name, number)| {
        let environment = Fixed { now: 1_000_000, drawn: number << 32 };
        Replica::create_in(Box::new(environment), name, &schema).unwrap()
    });
    let [laptop, server] = &mut replicas;
    edit_all(laptop, "ana");
    sync(laptop, server);
    for (replica, user, number) in [(laptop, "ana", 1_i64), (server, "ben", 2)] {
        edit_all(replica, user);
        replica.edit().pn_counter("stock").unwrap().decrement(5).unwrap();
        replica.as_user(user).mv_register("title").unwrap().write(user).unwrap();
        replica.as_user(user).mv_map("fields").unwrap().put("size", &number).unwrap();
        replica.edit().extreme("best").unwrap().write(number).unwrap();
        replica.edit().extreme("first").unwrap().write(number).unwrap();
        for flag in ["alarm", "open"] {
            let mut flag = replica.as_user(user).flag(flag).unwrap();
            if number == 1 { flag.enable() } else { flag.disable() }.unwrap();
        }
    }
    let [laptop, server] = &mut replicas;
    server.as_user("ben").set("approved").unwrap().remove("orders.total").unwrap();
    server.as_user("ben").set("members").unwrap().remove("eve").unwrap();
    laptop.as_user("ana").set("members").unwrap().add("eve").unwrap();
    laptop.as_user("ana").map("progress").unwrap().put("orders", &9).unwrap();
    laptop.as_user("ana").log("talk").unwrap().append("again").unwrap();
    replicas
}

#[test]
fn a_session_tells_the_changes_that_an_update_tells() {
    let sorted = |changes: Vec<rejoin::Change>| {
        let mut changes = changes;
        changes.sort_by(|a, b| (&a.object, &a.key, &a.after).cmp(&(&b.object, &b.key, &b.after)));
        changes
    };
    let [mut laptop, mut server] = apart();
    let expected = [
        server.apply(&laptop.update_since(&server.version())).unwrap(),
        laptop.apply(&server.update_since(&laptop.version())).unwrap(),
    ];
    let expected = expected.map(|changes| sorted(changes.into_iter().collect()));
    assert!(expected.iter().flatten().any(|change| change.overruled.is_some()));
    assert!(expected.iter().flatten().any(|change| change.is_conflict));
    let [mut laptop, mut server] = apart();
    let [here, there] = meet(&mut laptop, &mut server).map(sorted);
    assert_eq!([there, here], expected);
    assert_eq!(laptop.state_hash(), server.state_hash());
}
