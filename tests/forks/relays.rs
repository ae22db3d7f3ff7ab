//! Objects that a replica does not know: an old server passes them on between new clients.
//!
//! Shown, on all types: who syncs only with an old server becomes the same as the others; of a type that
//! the server's version does not know too; whatever disks are restored unannounced, at clients and
//! servers, all that was written before and after is there; what is kept is stored, is bounded, and is the
//! object's own once the server is upgraded.

use super::public_api::Fixed;
use super::world::Random;
use rejoin::environment::Environment;
use rejoin::relayed::Relayed;
use rejoin::{Changes, EditError, Replica, Schema, UpdateError};

/// What both versions of the application have.
fn old() -> Schema {
    Schema::new().counter("visits")
}

/// An object of each type, which the new version has.
fn new() -> Schema {
    old()
        .set("set")
        .map("map")
        .counter("count")
        .log("log")
        .register("register")
        .pn_counter("stock")
        .rw_set("banned")
        .ew_flag("on")
        .dw_flag("off")
        .mv_register("draft")
        .mv_map("drafts")
        .max_register("most")
        .min_register("least")
        .audited("map")
}

fn replica(name: &str, schema: &Schema) -> Replica {
    Replica::create_in(Box::new(Fixed), name, schema).unwrap()
}

fn reopened(saved: &[u8]) -> Replica {
    Replica::open_in(Box::new(Fixed), [saved]).unwrap()
}

/// One edit of each object.
fn edit(replica: &mut Replica, number: u64) -> Result<(), EditError> {
    let text = format!("{} {number}", replica.name());
    let key = format!("key {}", number % 3);
    replica.edit().counter("visits")?.increment(1)?;
    replica.as_user("ana").set("set")?.add(&text)?;
    replica.as_user("ana").map("map")?.put(&key, &text)?;
    replica.edit().counter("count")?.increment(1)?;
    replica.edit().log("log")?.append(&text)?;
    replica.as_user("ana").register("register")?.write(&text)?;
    replica.edit().pn_counter("stock")?.increment(5)?;
    replica.edit().pn_counter("stock")?.decrement(2)?;
    replica.edit().set("banned")?.add(&text)?;
    if number % 3 == 1 {
        replica.edit().set("set")?.remove(&text)?;
        replica.edit().map::<str, str>("map")?.delete(&key)?;
    }
    match number % 2 {
        0 => replica.edit().flag("on")?.enable()?,
        _ => replica.edit().flag("on")?.disable()?,
    };
    replica.edit().flag("off")?.enable()?;
    replica.edit().mv_register("draft")?.write(&text)?;
    replica.edit().mv_map("drafts")?.put(&key, &text)?;
    replica.edit().extreme("most")?.write(number as i128)?;
    replica.edit().extreme("least")?.write(-(number as i128))?;
    Ok(())
}

/// Sends what the other lacks.
fn send(from: &Replica, to: &mut Replica) -> Result<Changes, UpdateError> {
    to.apply(&from.update_since(&to.version()))
}

/// Exchanges updates in both directions; what is refused comes with the next one.
fn meet(a: &mut Replica, b: &mut Replica) {
    for _ in 0..2 {
        for answered in [send(a, b), send(b, a)] {
            match answered {
                Ok(_) | Err(UpdateError::Gap { .. } | UpdateError::NamesDiffer { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn an_old_server_passes_on_what_it_does_not_know() {
    let mut server = replica("server", &old());
    let (mut ana, mut ben) = (replica("ana", &new()), replica("ben", &new()));
    for number in 0..5 {
        edit(&mut ana, 2 * number).unwrap();
        edit(&mut ben, 2 * number + 1).unwrap();
        let changes = send(&ana, &mut server).unwrap();
        assert_eq!(changes.relayed_objects().len(), 13);
        assert!(changes.unknown_objects().is_empty());
        send(&server, &mut ben).unwrap();
        send(&ben, &mut server).unwrap();
        // The server is restarted between.
        server = reopened(&server.save());
        send(&server, &mut ana).unwrap();
        assert_eq!(ana.state_hash(), ben.state_hash());
        assert_eq!(ana.export(), ben.export());
    }
    assert_eq!(ana.counter("count").unwrap().value(), Some(10));
    assert!(server.schema().get("set").is_none() && server.set::<str>("set").is_err());
    // Nobody lacks anything, and nothing is sent.
    assert_eq!(
        server.update_since(&ana.version()).len(),
        server.update_since(&server.version()).len()
    );
    // A device that is new gets all from the server alone, and so does the upgraded server itself.
    let mut eve = replica("eve", &new());
    send(&server, &mut eve).unwrap();
    assert_eq!(eve.state_hash(), ana.state_hash());
    server.add_objects(&new()).unwrap();
    assert_eq!(server.state_hash(), ana.state_hash());
    // From then on it is an object like any other, also for the disk.
    let before = server.version();
    let whole = server.save();
    edit(&mut server, 99).unwrap();
    let parts = [whole, server.save_since(&before)];
    let mut again = Replica::open_in(Box::new(Fixed), parts.iter().map(Vec::as_slice)).unwrap();
    assert_eq!(again.state_hash(), server.state_hash());
}

#[test]
fn an_upgrade_between_two_parts_that_are_saved_is_opened() {
    let mut server = replica("server", &old());
    let mut ana = replica("ana", &new());
    edit(&mut ana, 1).unwrap();
    let mut parts = vec![server.save()];
    for step in 0..3 {
        let saved = server.version();
        match step {
            0 => drop(send(&ana, &mut server).unwrap()),
            1 => server.add_objects(&new()).unwrap(),
            _ => edit(&mut server, 2).unwrap(),
        }
        parts.push(server.save_since(&saved));
        let parts = parts.iter().map(Vec::as_slice);
        let mut again = Replica::open_in(Box::new(Fixed), parts).unwrap();
        assert_eq!(again.state_hash(), server.state_hash(), "step {step}");
        assert_eq!(again.version(), server.version(), "step {step}");
    }
}

/// The update with another checksum.
fn sealed(mut update: Vec<u8>) -> Vec<u8> {
    let end = update.len() - 8;
    update.truncate(end);
    let sum = blake3::derive_key("rejoin/1 update", &update);
    update.extend_from_slice(&sum[..8]);
    update
}

/// Makes a log in an update one of a type, and a kind of message, that no version knows yet; or back.
fn retyped(update: &[u8], from: (u8, u8), to: (u8, u8)) -> Vec<u8> {
    let name = b"\x06future";
    let mut update = update.to_vec();
    let mut at = 0;
    while let Some(next) = update[at..].windows(name.len()).position(|window| window == name) {
        at += next + name.len();
        assert_eq!(update[at], from.0);
        update[at] = to.0;
        let kind = update[at..].windows(2).position(|window| window == [1, from.1]);
        let kind = at + kind.expect("the delta is there") + 1;
        update[kind] = to.1;
    }
    assert!(at > 0, "the object is there");
    sealed(update)
}

#[test]
fn an_object_of_a_type_of_the_future_is_passed_on() {
    let future = old().log("future");
    let mut server = replica("server", &old());
    let (mut ana, mut ben) = (replica("ana", &future), replica("ben", &future));
    const NOW: (u8, u8) = (4, 4);
    const THEN: (u8, u8) = (77, 40);
    for number in 0..4 {
        ana.edit().log("future").unwrap().append(&number).unwrap();
        let update = retyped(&ana.update_since(&server.version()), NOW, THEN);
        assert_eq!(server.apply(&update).unwrap().relayed_objects(), ["future".into()]);
        server = reopened(&server.save());
        let update = server.update_since(&ben.version());
        // A replica of this version takes no harm from it.
        let mut other = replica("other", &future);
        let changes = other.apply(&update).unwrap();
        assert_eq!(changes.unknown_objects(), ["future".into()]);
        ben.apply(&retyped(&update, THEN, NOW)).unwrap();
        assert_eq!(ben.state_hash(), ana.state_hash());
    }
    let wrong = server.add_objects(&future).unwrap_err();
    assert!(matches!(wrong, EditError::RelayedType { found: 77, .. }), "{wrong}");
}

#[test]
fn what_is_kept_is_bounded_and_said() {
    let mut server = replica("server", &old());
    let mut ana = replica("ana", &old().map("map").log("log"));
    server.limit_relayed(10_000);
    let mut kept = 0;
    for number in 0..40 {
        ana.edit().counter("visits").unwrap().increment(1).unwrap();
        let value = format!("{number} {}", "x".repeat(500));
        ana.edit().map("map").unwrap().put("key", &value).unwrap();
        let changes = send(&ana, &mut server).unwrap();
        // What it knows it applies, whatever else there is.
        assert_eq!(server.counter("visits").unwrap().value(), Some(number + 1));
        match changes.unknown_objects() {
            [] => kept += 1,
            unknown => assert_eq!(unknown, ["map".into()]),
        }
    }
    assert!((10..30).contains(&kept), "{kept} deltas of 500 bytes are kept in 10,000");
    // Who asks gets what is kept; the rest comes from the client itself.
    let mut ben = replica("ben", &old().map("map").log("log"));
    send(&server, &mut ben).unwrap();
    let value = ben.map::<str, String>("map").unwrap().get("key").unwrap().unwrap();
    assert!(value.starts_with(&format!("{} ", kept - 1)), "{value:.10}");
    send(&ana, &mut ben).unwrap();
    assert_eq!(ben.state_hash(), ana.state_hash());
    // Many names are no way around the bound.
    let mut many = old();
    for number in 0..Relayed::MOST + 10 {
        many = many.log(&format!("log {number}"));
    }
    let mut eve = replica("eve", &many);
    for number in 0..Relayed::MOST + 10 {
        eve.edit().log(&format!("log {number}")).unwrap().append(&1).unwrap();
    }
    server.limit_relayed(Relayed::LIMIT);
    let changes = send(&eve, &mut server).unwrap();
    let (relayed, unknown) = (changes.relayed_objects().len(), changes.unknown_objects().len());
    // Two names were kept before.
    assert_eq!((relayed, unknown), (Relayed::MOST - 2, 12));
}

#[test]
fn a_name_with_another_type_stops_nothing_else() {
    let mut server = replica("server", &old().set("list"));
    let mut ana = replica("ana", &old().map("list").log("log"));
    ana.edit().counter("visits").unwrap().increment(3).unwrap();
    ana.edit().map("list").unwrap().put("key", &1).unwrap();
    ana.edit().log("log").unwrap().append(&1).unwrap();
    let changes = send(&ana, &mut server).unwrap();
    assert_eq!(changes.unknown_objects(), ["list".into()]);
    assert_eq!(changes.relayed_objects(), ["log".into()]);
    assert_eq!(server.counter("visits").unwrap().value(), Some(3));
    assert_eq!(server.set::<str>("list").unwrap().iter().count(), 0);
}

/// A delta that answers to what the server knew, and starts at operations that its sender never saw: a fork
/// renames these later, and the openings of the delta do not say which they were.
#[test]
fn what_was_kept_before_a_fork_was_found_reaches_who_knows_the_fork() {
    let mut server = replica("server", &old());
    let (mut ana, mut ben) = (replica("ana", &new()), replica("ben", &new()));
    edit(&mut ana, 1).unwrap();
    // A copy of ana's disk writes, and the server gets that, and after it what ben wrote.
    let mut copy = reopened(&ana.save());
    for number in 2..4 {
        edit(&mut copy, number).unwrap();
    }
    send(&copy, &mut server).unwrap();
    edit(&mut ben, 4).unwrap();
    send(&ben, &mut server).unwrap();
    // Ana goes on, under the same name, and carl learns of it.
    edit(&mut ana, 5).unwrap();
    for is_session in [false, true] {
        let mut server = reopened(&server.save());
        let mut carl = replica(if is_session { "carl" } else { "cleo" }, &new());
        send(&ana, &mut carl).unwrap();
        match is_session {
            true => talk(&mut carl, &mut server),
            false => meet(&mut carl, &mut server),
        }
        let mut all = replica("all", &new());
        for from in [&ana, &copy, &ben] {
            send(from, &mut all).unwrap();
        }
        assert_eq!(carl.export(), all.export());
        assert_eq!(carl.state_hash(), all.state_hash());
        assert_eq!(carl.counter("count").unwrap().value(), Some(5));
    }
}

/// A clock that stands still, and entropy that follows from a seed.
#[derive(Debug)]
struct Seeded(Random);

impl Environment for Seeded {
    fn now(&mut self) -> u64 {
        1_000_000
    }

    fn entropy(&mut self) -> Option<u64> {
        Some(self.0.next())
    }
}

/// Clients that know all objects, and servers that know one; disks are restored unannounced.
struct World {
    seed: u64,
    random: Random,
    sites: Vec<Replica>,
    disks: Vec<Vec<u8>>,
    /// Every edit that anybody has seen counts; one that was lost with its disk alone does not.
    edits: u64,
    restores: usize,
}

const CLIENTS: usize = 3;
const SITES: usize = CLIENTS + 2;

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let mut site = |at: usize| {
            let (name, schema) = match at < CLIENTS {
                true => (format!("client {at}"), new()),
                false => (format!("server {at}"), old()),
            };
            let entropy = Box::new(Seeded(Random(random.next())));
            Replica::create_in(entropy, &name, &schema).unwrap()
        };
        let sites: Vec<Replica> = (0..SITES).map(&mut site).collect();
        let disks = sites.iter().map(Replica::save).collect();
        Self { seed, random, sites, disks, edits: 0, restores: 0 }
    }

    fn edit(&mut self, at: usize) {
        edit(&mut self.sites[at], self.edits).unwrap();
        self.edits += 1;
    }

    fn save(&mut self, at: usize) {
        self.disks[at] = self.sites[at].save();
    }

    fn meet(&mut self, at: usize, other: usize) {
        let [a, b] = self.sites.get_disjoint_mut([at, other]).unwrap();
        meet(a, b);
    }

    /// The disk of a site is restored. Before, `other` gets all that it wrote, so that nothing is lost.
    fn restore(&mut self, at: usize, other: usize) {
        self.meet(at, other);
        let entropy = Box::new(Seeded(Random(self.random.next())));
        self.sites[at] = Replica::open_in(entropy, [&self.disks[at][..]]).unwrap();
        self.restores += 1;
    }

    /// Does something by chance.
    fn step(&mut self) {
        let action = self.random.below(10);
        let at = self.random.below(if action < 3 { CLIENTS } else { SITES });
        let other = (at + 1 + self.random.below(SITES - 1)) % SITES;
        match action {
            0..3 => self.edit(at),
            3 => self.save(at),
            4 => self.restore(at, other),
            _ => self.meet(at, other),
        }
    }

    /// In the end all meet one server, often enough, and the clients are the same.
    fn end(mut self) -> (u64, usize) {
        for _ in 0..4 {
            for at in (0..SITES).filter(|at| *at != CLIENTS) {
                self.meet(at, CLIENTS);
            }
        }
        let Self { seed, mut sites, edits, restores, .. } = self;
        let (first, hash) = (sites[0].export(), sites[0].state_hash());
        for site in &mut sites[1..CLIENTS] {
            assert_eq!(site.export(), first, "seed {seed}");
            assert_eq!(site.state_hash(), hash, "seed {seed}");
        }
        let count = sites[0].counter("count").unwrap().value();
        assert_eq!(count, Some(u128::from(edits)), "seed {seed}: edits are lost, or count twice");
        let log = sites[0].log::<str>("log").unwrap().iter().count();
        assert_eq!(log as u64, edits, "seed {seed}");
        (edits, restores)
    }
}

#[test]
fn clients_of_old_servers_become_the_same_whatever_disks_are_restored() {
    let worlds = std::env::var("REJOIN_RELAYS").map_or(100, |text| text.parse().unwrap());
    let (mut edits, mut restores) = (0, 0);
    for seed in 0..worlds {
        let mut world = World::new(seed);
        (0..40).for_each(|_| world.step());
        let (more, again) = world.end();
        edits += more;
        restores += again;
    }
    println!("{worlds} worlds: {edits} edits, {restores} disks restored");
    assert!(restores > 40);
}

/// A session between two replicas.
fn talk(a: &mut Replica, b: &mut Replica) {
    let (mut here, mut there) = (a.session(), b.session());
    for _ in 0..100 {
        while let Some(message) = here.poll_message(a) {
            there.handle(b, &message).unwrap();
        }
        while let Some(message) = there.poll_message(b) {
            here.handle(a, &message).unwrap();
        }
        if here.is_done() && there.is_done() {
            assert!(here.is_verified() && there.is_verified());
            return;
        }
    }
    panic!("{} and {} do not come to an end", a.name(), b.name());
}

#[test]
fn old_servers_pass_on_in_sessions_also_among_themselves() {
    let (mut one, mut two) = (replica("one", &old()), replica("two", &old()));
    let (mut ana, mut ben) = (replica("ana", &new()), replica("ben", &new()));
    let backup = ana.save();
    for number in 0..4 {
        edit(&mut ana, 2 * number).unwrap();
        edit(&mut ben, 2 * number + 1).unwrap();
        talk(&mut ana, &mut one);
        talk(&mut two, &mut one);
        talk(&mut ben, &mut two);
        one = reopened(&one.save());
        talk(&mut two, &mut one);
        talk(&mut ana, &mut one);
        assert_eq!(ana.state_hash(), ben.state_hash(), "round {number}");
        assert_eq!(ana.export(), ben.export());
    }
    // A disk is restored, unannounced: the servers know what it did before, and it goes on.
    let mut ana = reopened(&backup);
    edit(&mut ana, 100).unwrap();
    for _ in 0..2 {
        talk(&mut ana, &mut one);
        talk(&mut one, &mut two);
        talk(&mut two, &mut ben);
        talk(&mut two, &mut one);
    }
    talk(&mut ana, &mut one);
    assert_eq!(ana.export(), ben.export());
    assert_eq!(ana.state_hash(), ben.state_hash());
    assert_eq!(ana.counter("count").unwrap().value(), Some(9));
    assert!(one.set::<str>("set").is_err());
    // The upgraded server has them, and verifies them.
    one.add_objects(&new()).unwrap();
    talk(&mut ana, &mut one);
    assert_eq!(ana.state_hash(), one.state_hash());
}
