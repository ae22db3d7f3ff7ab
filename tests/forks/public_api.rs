//! What an application sees, by the public API and on every type, when a disk was restored or a file
//! copied unannounced.

use rejoin::environment::Environment;

use rejoin::{Replica, Schema, UpdateError, Version};
use std::sync::atomic::{AtomicU64, Ordering};

/// A clock that stands still, and entropy that never repeats.
#[derive(Debug)]
pub struct Fixed;

impl Environment for Fixed {
    fn now(&mut self) -> u64 {
        1_000_000
    }

    fn entropy(&mut self) -> Option<u64> {
        static DRAWN: AtomicU64 = AtomicU64::new(1);
        Some(DRAWN.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}

fn replica(name: &str) -> Replica {
    let schema =
        Schema::new().set("approved").map("items").counter("records").log("talk").register("phase");
    let schema = schema.audited("approved").audited("items");
    Replica::create_in(Box::new(Fixed), name, &schema).unwrap()
}

fn reopened(saved: &[Vec<u8>]) -> Replica {
    Replica::open_in(Box::new(Fixed), saved.iter().map(|part| &part[..])).unwrap()
}

/// Exchanges updates in both directions; returns how many forks were found.
fn sync(a: &mut Replica, b: &mut Replica) -> usize {
    let healed = b.apply(&a.update_since(&b.version())).unwrap().healed().len();
    healed + a.apply(&b.update_since(&a.version())).unwrap().healed().len()
}

fn item(replica: &Replica, key: &str) -> Option<String> {
    replica.map::<str, String>("items").unwrap().get(key).unwrap()
}

fn put(replica: &mut Replica, key: &str, value: &str) {
    replica.edit().map("items").unwrap().put(key, value).unwrap();
}

#[test]
fn a_write_never_lands_on_another_key() {
    let (mut phone, mut server, mut laptop) =
        (replica("phone"), replica("server"), replica("laptop"));
    let backup = phone.save();
    put(&mut phone, "boiler", "pass");
    assert_eq!(sync(&mut phone, &mut server), 0);

    // The phone's disk is restored, unannounced.
    let mut phone = reopened(&[backup]);
    put(&mut phone, "roof", "FAIL");
    assert!(sync(&mut phone, &mut server) > 0, "the fork is found");
    put(&mut phone, "roof", "FAIL, urgent");
    assert_eq!(sync(&mut phone, &mut server), 0);
    assert_eq!(sync(&mut laptop, &mut server), 0);
    for replica in [&mut phone, &mut server, &mut laptop] {
        assert_eq!(item(replica, "boiler").as_deref(), Some("pass"), "{}", replica.name());
        assert_eq!(item(replica, "roof").as_deref(), Some("FAIL, urgent"), "{}", replica.name());
    }
    assert_eq!(phone.state_hash(), server.state_hash());
    assert_eq!(laptop.state_hash(), server.state_hash());
}

#[test]
fn all_increments_are_counted() {
    let (mut device, mut server) = (replica("device"), replica("server"));
    let count = |device: &mut Replica, by| {
        device.edit().counter("records").unwrap().increment(by).unwrap();
    };
    count(&mut device, 1);
    sync(&mut device, &mut server);
    let backup = device.save();
    count(&mut device, 10);
    sync(&mut device, &mut server);
    let mut device = reopened(&[backup]);
    count(&mut device, 100);
    count(&mut device, 1000);
    let _ = sync(&mut device, &mut server);
    for replica in [&device, &server] {
        assert_eq!(replica.counter("records").unwrap().value(), Some(1111), "{}", replica.name());
    }
    assert_eq!(device.state_hash(), server.state_hash());
}

#[test]
fn a_fork_that_two_others_meet_late_heals() {
    let (mut one, mut other) = (replica("one"), replica("other"));
    let mut tablet = replica("tablet");
    let backup = tablet.save();
    let edit_all = |replica: &mut Replica, what: &str| {
        replica.as_user("ana").set("approved").unwrap().add(what).unwrap();
        replica.as_user("ana").log("talk").unwrap().append(what).unwrap();
        replica.as_user("ana").register("phase").unwrap().write(what).unwrap();
        put(replica, what, what);
        replica.edit().counter("records").unwrap().increment(1).unwrap();
    };
    edit_all(&mut tablet, "before");
    sync(&mut tablet, &mut one);
    let mut tablet = reopened(&[backup]);
    edit_all(&mut tablet, "after");
    sync(&mut tablet, &mut other);
    // The tablet is lost; the two others meet.
    assert!(sync(&mut one, &mut other) >= 5, "a fork of each object is found");
    for replica in [&one, &other] {
        for what in ["before", "after"] {
            assert!(replica.set::<str>("approved").unwrap().contains(what));
            assert_eq!(item(replica, what).as_deref(), Some(what));
        }
        assert_eq!(replica.log::<str>("talk").unwrap().len(), 2);
        assert_eq!(replica.counter("records").unwrap().value(), Some(2));
        assert_eq!(replica.conflicts().len(), 1, "both wrote the register, and neither saw it");
    }
    assert_eq!(one.state_hash(), other.state_hash());
}

/// Records have the dots of their decisions, and are renamed with them: both branches of a fork stay
/// on record, and what a decision saw is what it saw.
#[test]
fn both_branches_of_a_fork_stay_on_record() {
    let (mut phone, mut server) = (replica("phone"), replica("server"));
    let mut laptop = replica("laptop");
    let add = |replica: &mut Replica, user: &str, element: &str| {
        replica.as_user(user).set("approved").unwrap().add(element).unwrap();
    };
    add(&mut phone, "ana", "boiler");
    sync(&mut phone, &mut server);
    let backup = phone.save();
    add(&mut phone, "ana", "boiler");
    add(&mut phone, "ana", "garden");
    sync(&mut phone, &mut server);
    add(&mut server, "ben", "boiler");

    // The phone's disk is put back; Eve has the phone now.
    let mut phone = reopened(&[backup]);
    add(&mut phone, "eve", "roof");
    add(&mut phone, "eve", "boiler");
    add(&mut phone, "eve", "roof");
    assert!(sync(&mut phone, &mut server) > 0, "the fork is found");
    add(&mut phone, "eve", "boiler");
    assert_eq!(sync(&mut phone, &mut server), 0);
    sync(&mut server, &mut laptop);
    for replica in [&phone, &server, &laptop] {
        let audit = replica.audit("approved").unwrap();
        let by = |user: &str, key: &str| -> Vec<_> {
            let records = audit.records.iter();
            let is_it = |record: &&rejoin::AuditRecord| {
                record.user.as_deref() == Some(user) && record.key() == key
            };
            records.filter(is_it).collect()
        };
        let counts = [("ana", "boiler"), ("ana", "garden"), ("ben", "boiler"), ("eve", "roof")]
            .map(|(user, key)| by(user, key).len());
        assert_eq!(counts, [2, 1, 1, 2], "{}", replica.name());
        assert_eq!(audit.records.len(), 8);
        let (anas, bens, eves) = (by("ana", "boiler"), by("ben", "boiler"), by("eve", "boiler"));
        let saw =
            |of: &rejoin::AuditRecord, other: &rejoin::AuditRecord| of.saw == [other.dot.clone()];
        let first = anas.iter().find(|record| record.saw.is_empty()).unwrap();
        let second = anas.iter().find(|record| !record.saw.is_empty()).unwrap();
        assert!(saw(second, first) && saw(bens[0], second));
        let alone = eves.iter().find(|record| record.saw.len() == 1).unwrap();
        assert!(saw(alone, first), "she saw what the backup had");
        let last = eves.iter().find(|record| record.saw.len() == 2).unwrap();
        let mut both = last.saw.clone();
        both.sort();
        let mut expected = [alone.dot.clone(), bens[0].dot.clone()];
        expected.sort();
        assert_eq!(both, expected);
        assert_eq!(replica.set::<str>("approved").unwrap().history("boiler").records.len(), 5);
        assert_eq!(audit, server.audit("approved").unwrap());
    }
}

/// A cut goes by dots too, and is renamed with them.
#[test]
fn a_cut_outlasts_a_renaming() {
    let (mut phone, mut server) = (replica("phone"), replica("server"));
    let add = |replica: &mut Replica, element: &str| {
        replica.as_user("ana").set("approved").unwrap().add(element).unwrap();
    };
    add(&mut phone, "a");
    let backup = phone.save();
    ["b", "c"].into_iter().for_each(|element| add(&mut phone, element));
    sync(&mut phone, &mut server);
    let mut phone = reopened(&[backup]);
    add(&mut phone, "d");
    assert_eq!(phone.cut_audit("approved", u64::MAX).unwrap(), 2);
    assert!(sync(&mut phone, &mut server) > 0, "the fork is found");
    let of = |replica: &Replica| replica.audit("approved").unwrap();
    assert_eq!(of(&phone).records.len(), 2, "those of the other branch");
    assert_eq!(of(&phone).cut_before, Some(u64::MAX));
    assert_eq!(of(&server).records.len(), 3, "that of the branch that was cut is missing");
    assert_eq!(of(&server).cut_before, Some(u64::MAX));
    let mut laptop = replica("laptop");
    sync(&mut phone, &mut laptop);
    assert_eq!(of(&laptop), of(&phone));
}

/// On a queue, nobody asks for updates by a version. A subscriber heals a fork; then the
/// publisher's deltas have names that the subscriber does not know. Waiting does not close this
/// gap; it ends once both have exchanged versions.
#[test]
fn a_publisher_whose_backup_was_put_back_exchanges_versions_once() {
    let mut phone = replica("phone");
    let mut subscribers = [replica("one"), replica("two")];
    let publish = |phone: &mut Replica, published: &mut Version| -> Vec<u8> {
        let update = phone.update_since(published);
        *published = phone.version();
        update
    };
    put(&mut phone, "start", "1");
    let mut published = Version::default();
    let update = publish(&mut phone, &mut published);
    for subscriber in &mut subscribers {
        let _ = subscriber.apply(&update).unwrap();
    }
    let backup = (phone.save(), published.clone());
    put(&mut phone, "boiler", "pass");
    let update = publish(&mut phone, &mut published);
    for subscriber in &mut subscribers {
        let _ = subscriber.apply(&update).unwrap();
    }

    // The publisher's disk is restored, and with it the record of its publications.
    let (mut phone, mut published) = (reopened(&[backup.0]), backup.1);
    put(&mut phone, "roof", "FAIL");
    let update = publish(&mut phone, &mut published);
    for subscriber in &mut subscribers {
        assert!(!subscriber.apply(&update).unwrap().healed().is_empty(), "the fork is found");
    }
    put(&mut phone, "roof", "FAIL, urgent");
    let update = publish(&mut phone, &mut published);
    let mut exchanges = 0;
    for subscriber in &mut subscribers {
        match subscriber.apply(&update) {
            Ok(_) => {}
            Err(UpdateError::NamesDiffer { .. }) => {
                let _ = phone.apply(&subscriber.update_since(&phone.version())).unwrap();
                let _ = subscriber.apply(&phone.update_since(&subscriber.version())).unwrap();
                exchanges += 1;
            }
            Err(error) => panic!("no gap, and nothing else: {error}"),
        }
    }
    assert_eq!(exchanges, 2, "the names differ, and one exchange with each subscriber heals that");
    // From now on every publication is applied again.
    let mut published = phone.version();
    for round in 0..3 {
        put(&mut phone, "garden", &round.to_string());
        let update = publish(&mut phone, &mut published);
        for subscriber in &mut subscribers {
            let _ = subscriber.apply(&update).unwrap();
            assert_eq!(item(subscriber, "boiler").as_deref(), Some("pass"));
            assert_eq!(item(subscriber, "roof").as_deref(), Some("FAIL, urgent"));
            assert_eq!(subscriber.state_hash(), phone.state_hash());
        }
    }
}

#[test]
fn two_copies_of_one_file_go_on_and_can_be_stored() {
    let mut server = replica("server");
    let mut left = replica("tablet");
    put(&mut left, "shared", "1");
    let saved = left.save();
    let mut right = reopened(std::slice::from_ref(&saved));
    let mut parts = [vec![saved.clone()], vec![saved]];
    let mut versions = [left.version(), right.version()];
    for round in 0..4 {
        let copies = [("left", &mut left), ("right", &mut right)];
        for (((name, copy), parts), version) in
            copies.into_iter().zip(&mut parts).zip(&mut versions)
        {
            put(copy, &format!("{name} {round}"), "1");
            copy.edit().counter("records").unwrap().increment(1).unwrap();
            let _ = sync(copy, &mut server);
            parts.push(copy.save_since(version));
            *version = copy.version();
        }
    }
    let _ = sync(&mut left, &mut server);
    let _ = sync(&mut right, &mut server);
    assert_eq!(server.counter("records").unwrap().value(), Some(8));
    assert_eq!(server.map::<str, String>("items").unwrap().len(), 9);
    assert_eq!(left.state_hash(), server.state_hash());
    assert_eq!(right.state_hash(), server.state_hash());
    // Replicas stored meanwhile, under the old names, open unchanged.
    for (parts, version) in parts.iter().zip(&versions) {
        let mut copy = reopened(parts);
        assert_eq!(copy.version(), *version);
        let _ = sync(&mut copy, &mut server);
        assert_eq!(copy.state_hash(), server.state_hash());
    }
}

#[test]
fn a_version_with_openings_is_read_back() {
    let mut phone = replica("phone");
    put(&mut phone, "roof", "pass");
    assert_eq!(Version::from_bytes(&phone.version().to_bytes()), Ok(phone.version()));
}

#[test]
fn entropy_that_repeats_is_refused() {
    #[derive(Debug)]
    struct Stuck;
    impl Environment for Stuck {
        fn now(&mut self) -> u64 {
            0
        }

        fn entropy(&mut self) -> Option<u64> {
            Some(4)
        }
    }
    let schema = Schema::new().map("items");
    let mut phone = Replica::create_in(Box::new(Stuck), "phone", &schema).unwrap();
    put(&mut phone, "roof", "pass");
    let saved = phone.save();
    let error = Replica::open_in(Box::new(Stuck), [&saved[..]]).unwrap_err();
    assert!(error.to_string().contains("used by an earlier one"), "{error}");
}
