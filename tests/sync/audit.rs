//! Audit trails: a record comes with its decision, to every replica and whatever carries it; records
//! can be dropped at one replica, which says so; and no bytes make records that are not sound.

use crate::link::{Text, schema, sync, write};
use rejoin::dot::{Dot, Origin, ReplicaId};
use rejoin::environment::Environment;
use rejoin::object::ObjectType;
use rejoin::operation::Operation;
use rejoin::optimized::replica::{Delta, Replica as Engine};
use rejoin::wire::{BaseEncoding, DecodeContext, OriginEncoding};
use rejoin::{AuditEffect, AuditRecord, AuditTrail, Changes, Replica, Schema};
use rejoin_harness::Rng;
use std::collections::BTreeMap;

/// A clock that a test reads too, and entropy that never repeats.
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

fn environment(number: u64) -> Box<dyn Environment> {
    Box::new(Fixed { now: 1_000 * number, drawn: number << 32 })
}

/// A replica whose clock begins at so many thousand.
fn replica(name: &str, number: u64) -> Replica {
    let schema = Schema::new()
        .set("approved")
        .map("status")
        .register("phase")
        .ew_flag("running")
        .mv_map("notes")
        .counter("records");
    let audited = ["approved", "status", "phase", "running", "notes", "records"];
    let schema = audited.into_iter().fold(schema, Schema::audited);
    Replica::create_in(environment(number), name, &schema).unwrap()
}

fn update(to: &mut Replica, from: &Replica) -> Changes {
    to.apply(&from.update_since(&to.version())).unwrap()
}

fn audit(replica: &Replica, object: &str) -> AuditTrail {
    replica.audit(object).unwrap()
}

/// Who decided when, and what.
fn lines(audit: &AuditTrail) -> Vec<String> {
    let line = |record: &AuditRecord| {
        let user = record.user.as_deref().unwrap_or("nobody");
        format!("{} {user} {} {:?}", record.time, record.key(), record.effect)
    };
    audit.records.iter().map(line).collect()
}

#[test]
fn edits_of_audited_objects_are_on_record_everywhere() {
    let (mut laptop, mut server) = (replica("laptop", 1), replica("server", 2));
    laptop.as_user("ana").set("approved").unwrap().add("orders").unwrap();
    laptop.edit().set("approved").unwrap().add("items").unwrap();
    server.as_user("ben").set("approved").unwrap().remove("orders").unwrap();
    server.as_user("ben").map("status").unwrap().put("orders", "done").unwrap();
    let long = "x".repeat(100);
    server.as_user("ben").register("phase").unwrap().write(&long).unwrap();
    server.as_user("ben").flag("running").unwrap().enable().unwrap();
    server.as_user("ben").mv_map("notes").unwrap().put("a", &1).unwrap();
    server.as_user("ben").mv_map::<str, u8>("notes").unwrap().delete("a").unwrap();
    server.as_user("ben").counter("records").unwrap().increment(1).unwrap();

    let changes = update(&mut server, &laptop);
    let overruled = changes.iter().find_map(|change| change.overruled.clone()).unwrap();
    assert_eq!((overruled.user.as_deref(), overruled.time), (Some("ben"), Some(2_001)));
    assert_eq!(server.conflicts()[0].kept[0].time, Some(1_001));
    update(&mut laptop, &server);
    server.as_user("eve").set("approved").unwrap().remove("orders").unwrap();
    update(&mut laptop, &server);

    for replica in [&laptop, &server] {
        let approved = audit(replica, "approved");
        let expected = [
            "1001 ana orders Added",
            "1002 nobody items Added",
            "2001 ben orders Removed",
            "2009 eve orders Removed",
        ];
        assert_eq!(lines(&approved), expected);
        assert_eq!(approved.cut_before, None);
        // Of one key, and with what each decision saw: the effective one first.
        let orders = replica.set::<str>("approved").unwrap().history("orders");
        assert_eq!(lines(&orders), [expected[0], expected[2], expected[3]]);
        let [ana, ben, eve] = &orders.records[..] else { panic!("three") };
        assert!(ana.saw.is_empty() && ben.saw.is_empty());
        assert_eq!(eve.saw, [ana.dot.clone(), ben.dot.clone()]);
        let closed = orders.conflicts();
        assert_eq!(closed.len(), 1);
        assert_eq!(
            (closed[0].won, &closed[0].lost[..], closed[0].closed_by),
            (ana, &[ben][..], eve)
        );
        assert!(replica.set::<str>("approved").unwrap().history("unknown").records.is_empty());

        let status = replica.map::<str, str>("status").unwrap().history("orders");
        assert_eq!(status.records[0].effect, AuditEffect::Wrote(b"\"done\"".to_vec()));
        let phase = replica.register::<str>("phase").unwrap().history();
        assert!(matches!(phase.records[0].effect, AuditEffect::WroteLong(_)));
        assert_eq!(lines(&replica.flag("running").unwrap().history()), ["2004 ben  Added"]);
        let notes = replica.mv_map::<str, u8>("notes").unwrap().history("a");
        assert_eq!(notes.records.len(), 2);
        assert_eq!(notes.records[1].effect, AuditEffect::Removed);
        assert!(audit(replica, "records").records.is_empty(), "a counter keeps no records");
        assert!(replica.audit("nothing").is_err());
    }
    assert_eq!(laptop.state_hash(), server.state_hash());
}

#[test]
fn records_are_outside_the_state_hash_and_cost_others_nothing() {
    let plain = Schema::new().set("approved");
    let mut with =
        Replica::create_in(environment(1), "a", &plain.clone().audited("approved")).unwrap();
    let mut without = Replica::create_in(environment(1), "a", &plain).unwrap();
    for replica in [&mut with, &mut without] {
        replica.as_user("ana").set("approved").unwrap().add("orders").unwrap();
    }
    assert_eq!(with.state_hash(), without.state_hash());
    assert!(without.audit("approved").unwrap().records.is_empty());
    // One that does not audit keeps what it gets, and passes it on.
    let mut relay = Replica::create_in(environment(2), "relay", &plain).unwrap();
    let mut last = Replica::create_in(environment(3), "last", &plain).unwrap();
    update(&mut relay, &with);
    relay.as_user("ben").set("approved").unwrap().add("items").unwrap();
    update(&mut last, &relay);
    assert_eq!(lines(&audit(&last, "approved")), ["1001 ana orders Added"]);
    assert!(last.set::<str>("approved").unwrap().contains("items"));
}

#[test]
fn a_cut_is_local_and_whoever_learns_from_it_is_told() {
    let (mut laptop, mut server) = (replica("laptop", 1), replica("server", 2));
    let add = |replica: &mut Replica, element: &str| {
        replica.as_user("ana").set("approved").unwrap().add(element).unwrap();
    };
    ["a", "b"].into_iter().for_each(|element| add(&mut laptop, element));
    ["c", "d"].into_iter().for_each(|element| add(&mut server, element));
    update(&mut laptop, &server);
    update(&mut server, &laptop);
    assert_eq!(laptop.cut_audit("approved", 500).unwrap(), 0);
    assert_eq!(audit(&laptop, "approved").cut_before, None, "nothing is missing");
    assert_eq!(laptop.cut_audit("approved", 2_002).unwrap(), 3);
    assert!(laptop.cut_audit("nothing", 1).is_err());
    let cut = audit(&laptop, "approved");
    assert_eq!((lines(&cut), cut.cut_before), (vec!["2002 ana d Added".into()], Some(2_002)));
    assert_eq!(laptop.set::<str>("approved").unwrap().history("a").cut_before, Some(2_002));
    assert_eq!(laptop.state_hash(), server.state_hash());

    // What was cut does not come back, and what is new does.
    update(&mut laptop, &server);
    assert_eq!(audit(&laptop, "approved"), cut);
    add(&mut server, "e");
    update(&mut laptop, &server);
    add(&mut laptop, "f");
    update(&mut server, &laptop);
    assert_eq!(audit(&server, "approved").records.len(), 6);
    assert_eq!(audit(&server, "approved").cut_before, None, "it has them all");
    assert_eq!(audit(&laptop, "approved").records.len(), 3);

    // Who learns of the decisions from the laptop learns that records are missing.
    let mut late = replica("late", 3);
    update(&mut late, &laptop);
    update(&mut late, &server);
    assert_eq!(audit(&late, "approved"), audit(&laptop, "approved"));
    let mut later = replica("later", 4);
    update(&mut later, &late);
    assert_eq!(audit(&later, "approved").cut_before, Some(2_002), "it is passed on");
    let mut other = replica("other", 5);
    update(&mut other, &server);
    update(&mut other, &laptop);
    assert_eq!(audit(&other, "approved"), audit(&server, "approved"));
    for replica in [&mut late, &mut later, &mut other, &mut laptop] {
        assert_eq!(replica.state_hash(), server.state_hash(), "{}", replica.name());
    }
}

#[test]
fn what_is_saved_opens_with_its_records_and_its_cut() {
    let mut laptop = replica("laptop", 1);
    let add = |replica: &mut Replica, element: &str| {
        replica.as_user("ana").set("approved").unwrap().add(element).unwrap();
    };
    ["a", "b", "a"].into_iter().for_each(|element| add(&mut laptop, element));
    laptop.cut_audit("approved", 1_002).unwrap();
    let mut parts = vec![laptop.save()];
    let saved = laptop.version();
    add(&mut laptop, "b");
    parts.push(laptop.save_since(&saved));
    let mut again = Replica::open_in(environment(9), parts.iter().map(|part| &part[..])).unwrap();
    assert_eq!(audit(&again, "approved"), audit(&laptop, "approved"));
    assert_eq!(audit(&again, "approved").records.len(), 3);
    assert_eq!(audit(&again, "approved").cut_before, Some(1_002));
    // It goes on recording.
    add(&mut again, "c");
    assert_eq!(audit(&again, "approved").records.len(), 4);
}

/// By whom a decision was made, when, and what it saw.
type Expected = (Option<String>, u64, Vec<Dot>);

/// Random histories of three replicas with deltas and sessions, some of them cut: at every step a
/// replica has the record of each decision that it has seen, but for those that it must say were cut.
#[test]
fn the_records_of_a_replica_are_those_of_what_it_has_seen() {
    let types = [("s", ObjectType::OrSet), ("m", ObjectType::LwwMap), ("r", ObjectType::RwSet)];
    let schema: BTreeMap<_, _> = types.map(|(name, kind)| (name.into(), kind)).into();
    let (mut compared, mut missing) = (0, 0);
    for seed in 0..60 {
        let mut random = Rng::new(seed);
        let mut replicas = ["a", "b", "c"].map(|name| {
            let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: seed };
            Engine::new(origin, &schema)
        });
        let mut all: BTreeMap<(&str, Dot), Expected> = BTreeMap::new();
        let is_cut = seed % 2 == 1;
        for time in 1..60 {
            let at = random.below(3) as usize;
            let (object, kind) = types[random.below(3) as usize];
            let key = ["x", "y", "zebra"][random.below(3) as usize];
            match random.below(8) {
                0..5 => {
                    let operation = match kind {
                        ObjectType::LwwMap => {
                            let timestamp = random.below(100);
                            Operation::Put { key, value: Some("v"), timestamp }
                        }
                        _ if random.below(2) == 0 => Operation::Add { element: key },
                        _ => Operation::Remove { element: key },
                    };
                    let user = (random.below(3) > 0).then(|| format!("user {}", random.below(3)));
                    let replica = &mut replicas[at];
                    let state = replica.object(object).unwrap();
                    let mut saw: Vec<Dot> =
                        state.decisions(key.as_bytes()).into_iter().map(|one| one.id.dot).collect();
                    saw.extend(state.effective(key.as_bytes()).map(|one| one.id.dot));
                    saw.sort();
                    saw.dedup();
                    let by = user.as_deref().map(Into::into);
                    let dot = replica.perform_audited(object, operation, by, time).unwrap();
                    all.insert((object, dot), (user, time, saw));
                }
                5 if is_cut => {
                    let before = random.below(60);
                    let _ = replicas[at].object_mut(object).unwrap().cut_audit(before);
                }
                _ => {
                    let from = replicas[random.below(3) as usize].clone();
                    let since = replicas[at].vector(object).unwrap();
                    let delta = from.delta_since(object, &since).unwrap();
                    let bytes = delta.encode(OriginEncoding::Inline, BaseEncoding::Inline);
                    let delta = Delta::decode(kind, &bytes, &DecodeContext::default()).unwrap();
                    let _ = replicas[at].apply(object, delta).unwrap();
                }
            }
            for (replica, (object, _)) in replicas.iter().flat_map(|one| types.map(|of| (one, of)))
            {
                let state = replica.object(object).unwrap();
                state.debug_check().unwrap();
                let audit = state.audit_trail(None);
                let vector = state.vector();
                let expected =
                    all.iter().filter(|((of, dot), _)| *of == object && vector.contains(dot));
                let mut records: BTreeMap<Dot, AuditRecord> =
                    audit.records.into_iter().map(|record| (record.dot.clone(), record)).collect();
                for ((_, dot), (user, time, saw)) in expected {
                    let Some(record) = records.remove(dot) else {
                        assert!(audit.cut_before.is_some_and(|cut| *time < cut), "seed {seed}");
                        missing += 1;
                        continue;
                    };
                    let mut sorted = record.saw.clone();
                    sorted.sort();
                    assert_eq!((record.user.as_deref(), record.time), (user.as_deref(), *time));
                    assert_eq!(&sorted, saw, "seed {seed}");
                    assert_eq!(state.audited_at(dot), Some(*time));
                    compared += 1;
                }
                assert!(records.is_empty(), "seed {seed}: nobody made {records:?}");
            }
        }
    }
    println!("{compared} records compared, {missing} were cut");
    assert!(compared > 10_000 && missing > 1_000);
}

#[test]
fn a_session_carries_records_also_in_chunks() {
    let (mut a, mut b) = (crate::link::replica("client"), crate::link::replica("server"));
    (0..400).for_each(|number| write(&mut a, number));
    (0..30).for_each(|number| write(&mut b, number));
    sync(&mut a, &mut b);
    for (name, entry) in schema().iter() {
        let of = |replica: &Text| replica.object(name).unwrap().audit_trail(None);
        assert_eq!(of(&a), of(&b), "{name}");
        let is_keyed = entry.kind.has_decisions();
        assert_eq!(of(&a).records.len() >= 430, is_keyed, "{name}");
    }
}

/// Every byte of a delta with records changed, and every beginning of one: it is refused, or it is a
/// delta whose records keep all invariants.
#[test]
fn damaged_records_are_refused_or_sound() {
    let mut from = crate::link::replica("client");
    (0..40).for_each(|number| write(&mut from, number));
    let since = from.vector("approved").unwrap();
    (40..60).for_each(|number| write(&mut from, number));
    let mut cut = from.clone();
    let dropped = cut.object_mut("approved").unwrap().cut_audit(1_050);
    assert!(dropped > 0);
    let (mut refused, mut applied) = (0, 0);
    for (replica, since) in
        [(&from, Default::default()), (&from, since), (&cut, Default::default())]
    {
        let delta = replica.delta_since("approved", &since).unwrap();
        let bytes = delta.encode(OriginEncoding::Inline, BaseEncoding::Inline);
        let mut receiver = crate::link::replica("server");
        let before = replica.delta_since("approved", &Default::default()).unwrap();
        if !since.is_empty() {
            let _ = receiver.apply("approved", before).unwrap();
        }
        let mut receive = |bytes: &[u8]| {
            let decoded = Delta::decode(ObjectType::OrSet, bytes, &DecodeContext::default());
            let mut receiver = receiver.clone();
            match decoded.map(|delta| receiver.apply("approved", delta)) {
                Ok(Ok(_)) => applied += 1,
                _ => refused += 1,
            }
            let state = receiver.object("approved").unwrap();
            state.debug_check().unwrap();
            let audit = state.audit_trail(None);
            let vector = state.vector();
            for record in &audit.records {
                assert!(record.saw.iter().chain([&record.dot]).all(|dot| vector.contains(dot)));
            }
            let _ = audit.conflicts();
            let _ = state
                .delta_since(&Default::default())
                .encode(OriginEncoding::Inline, BaseEncoding::Inline);
        };
        for at in 0..bytes.len() {
            receive(&bytes[..at]);
            for flip in [1, 0x10, 0x80, 0xff] {
                let mut bytes = bytes.clone();
                bytes[at] ^= flip;
                receive(&bytes);
            }
        }
    }
    println!("{refused} refused, {applied} applied");
    assert!(refused > 1_000 && applied > 200);
}
