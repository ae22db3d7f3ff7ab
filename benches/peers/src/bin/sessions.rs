//! What whole sessions take: a new device, one change among many origins, writes among many
//! origins, and the first state hash. A new device is measured beside what other libraries do for it.
//!
//! `cargo build --profile dist -p peers && target/dist/sessions`; `--write PAGE` puts the table between
//! `<!-- figures: devices -->` and `<!-- end: devices -->`. Sessions run in memory with all that they do by default: compression,
//! and verification by state hashes, which nobody computed before. Times are the processor's, of both sides.

use automerge::transaction::Transactable;
use automerge::{AutoCommit, ObjType, ROOT, ReadDoc};
use clap::Parser;
use cpu_time::ProcessTime;
use loro::{ExportMode, LoroDoc};
use peers::workload::{Action, workload};
use rejoin::{Replica, Schema};
use rejoin_figures::{provenance, write_region};
use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;
use yrs::updates::decoder::Decode;
use yrs::{Doc, Map, Out, ReadTxn, StateVector, Transact, Update};

#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// How often each is run; medians are printed
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,

    /// Write the table into this page
    #[arg(long, value_name = "PAGE")]
    write: Option<PathBuf>,
}

type Entries = BTreeMap<String, String>;

/// What one run took.
struct Cost {
    time: Duration,
    bytes: usize,
    turns: usize,
}

/// One way to bring a new device to a map: what it took, and what the device holds then.
type NewDevice = fn(&Entries) -> (Cost, Entries);

const NEW_DEVICE: [(&str, NewDevice); 4] = [
    ("**Rejoin**, session", by_rejoin),
    ("yrs, `encode_diff_v2` and apply", by_yrs),
    ("automerge, `save` and `load`", by_automerge),
    ("loro, snapshot and import", by_loro),
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let mut rows = vec![
        "| | | processor, both sides | bytes, both ways | turns |".to_string(),
        "| --- | --- | ---: | ---: | ---: |".to_string(),
    ];
    let mut row = |name: &str, what: String, cost: &Cost| {
        let Cost { time, bytes, turns } = cost;
        let text = |count: usize| if count == 0 { String::new() } else { count.to_string() };
        let time = format!("{:.1} ms", time.as_secs_f64() * 1e3);
        rows.push(format!("| {name} | {what} | {time} | {} | {} |", text(*bytes), text(*turns)));
        println!("{}", rows[rows.len() - 1]);
    };
    for (who, cost) in new_device(arguments.rounds) {
        row("W7", format!("a new device, a map of 100,000 keys: {who}"), &cost);
    }
    for origins in [1_000, 20_000] {
        let cost = median((0..arguments.rounds).map(|_| one_change(origins)));
        row("W8", format!("one changed key, {origins} origins known to both"), &cost);
    }
    for origins in [25_000, 50_000, 75_000] {
        let cost = median((0..arguments.rounds).map(|_| writes(origins)));
        row("W9", format!("25,000 local writes among {origins} origins"), &cost);
    }
    let cost = median((0..arguments.rounds).map(|_| first_hash()));
    row("W10", "the first state hash of 100,000 keys".into(), &cost);
    if let Some(page) = &arguments.write {
        write_region(page, "devices", &format!("{}\n\n{}", provenance(), rows.join("\n")))?;
    }
    Ok(())
}

fn median(costs: impl Iterator<Item = Cost>) -> Cost {
    let mut costs: Vec<Cost> = costs.collect();
    costs.sort_by_key(|cost| cost.time);
    costs.swap_remove(costs.len() / 2)
}

/// The map of W1: 100,000 keys, with values of 16 to 32 characters.
fn entries() -> Entries {
    let workload = workload("W1").expect("it is a workload");
    let operations = workload.base.into_iter().flat_map(|transaction| transaction.operations);
    let entry = |action| match action {
        Action::Put { key, value } => Some((key, value)),
        _ => None,
    };
    operations.filter_map(|operation| entry(operation.action)).collect()
}

/// The participants take turns.
fn new_device(rounds: u16) -> Vec<(&'static str, Cost)> {
    let entries = entries();
    let mut costs: Vec<Vec<Cost>> = NEW_DEVICE.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for ((who, run), costs) in NEW_DEVICE.iter().zip(&mut costs) {
            let (cost, held) = run(&entries);
            assert!(held == entries, "{who}: the device does not hold what the server holds");
            costs.push(cost);
        }
    }
    let names = NEW_DEVICE.iter().map(|(who, _)| *who);
    names.zip(costs.into_iter().map(|costs| median(costs.into_iter()))).collect()
}

fn schema() -> Schema {
    Schema::new().map("map")
}

fn replica(name: &str) -> Replica {
    Replica::create(name, &schema()).expect("the schema declares what it names")
}

fn put(replica: &mut Replica, key: &str, value: &str) {
    let mut map = replica.edit().map::<str, str>("map").expect("it is declared");
    map.put(key, value).expect("the key and the value are short");
}

/// A session of the client with the server, which must end verified.
fn session(client: &mut Replica, server: &mut Replica) -> Cost {
    let start = ProcessTime::now();
    let mut sessions = [client.session(), server.session()];
    let replicas = [client, server];
    let (mut bytes, mut turns, mut from, mut silent) = (0, 0, 0, 0);
    while silent < 2 {
        let mut said = 0;
        while let Some(message) = sessions[from].poll_message(replicas[from]) {
            (said, bytes) = (said + 1, bytes + message.len());
            sessions[1 - from].handle(replicas[1 - from], &message).expect("it is a message");
        }
        turns += usize::from(said > 0);
        silent = if said > 0 { 0 } else { silent + 1 };
        from = 1 - from;
    }
    assert!(sessions.iter().all(rejoin::Session::is_verified));
    Cost { time: start.elapsed(), bytes, turns }
}

fn by_rejoin(entries: &Entries) -> (Cost, Entries) {
    let (mut server, mut device) = (replica("server"), replica("device"));
    for (key, value) in entries {
        put(&mut server, key, value);
    }
    let cost = session(&mut device, &mut server);
    let map = device.map::<str, str>("map").expect("it is declared");
    (cost, map.iter().map(|entry| entry.expect("keys and values are texts")).collect())
}

fn by_yrs(entries: &Entries) -> (Cost, Entries) {
    let (server, device) = (Doc::with_client_id(1), Doc::with_client_id(2));
    let map = server.get_or_insert_map("map");
    {
        let mut transact = server.transact_mut();
        for (key, value) in entries {
            map.insert(&mut transact, key.as_str(), value.as_str());
        }
    }
    let start = ProcessTime::now();
    let update = server.transact().encode_diff_v2(&StateVector::default());
    let map = device.get_or_insert_map("map");
    let decoded = Update::decode_v2(&update).expect("it was just encoded");
    device.transact_mut().apply_update(decoded).expect("nothing is missing");
    let cost = Cost { time: start.elapsed(), bytes: update.len(), turns: 1 };
    let transact = device.transact();
    let text = |value| match value {
        Out::Any(yrs::Any::String(text)) => text.to_string(),
        other => unreachable!("{other:?} is no text"),
    };
    (cost, map.iter(&transact).map(|(key, value)| (key.to_string(), text(value))).collect())
}

fn by_automerge(entries: &Entries) -> (Cost, Entries) {
    let mut server = AutoCommit::new();
    let map = server.put_object(ROOT, "map", ObjType::Map).expect("the document takes a map");
    for (key, value) in entries {
        server.put(&map, key.as_str(), value.as_str()).expect("the map takes the entry");
    }
    server.commit();
    let start = ProcessTime::now();
    let saved = server.save();
    let device = AutoCommit::load(&saved).expect("it was just saved");
    let cost = Cost { time: start.elapsed(), bytes: saved.len(), turns: 1 };
    let held = device.map_range(&map, ..).map(|entry| {
        let value = entry.value.into_value();
        let value = value.into_string().expect("values are texts");
        (entry.key.to_string(), value)
    });
    (cost, held.collect())
}

fn by_loro(entries: &Entries) -> (Cost, Entries) {
    let server = LoroDoc::new();
    let map = server.get_map("map");
    for (key, value) in entries {
        map.insert(key, value.as_str()).expect("the map takes the entry");
    }
    server.commit();
    let start = ProcessTime::now();
    let snapshot = server.export(ExportMode::Snapshot).expect("the history is there");
    let device = LoroDoc::new();
    device.import(&snapshot).expect("it was just exported");
    let cost = Cost { time: start.elapsed(), bytes: snapshot.len(), turns: 1 };
    let held = device.get_map("map").get_value();
    let loro::LoroValue::Map(held) = held else { unreachable!("it is a map") };
    let text = |value: &loro::LoroValue| match value {
        loro::LoroValue::String(text) => text.to_string(),
        other => unreachable!("{other:?} is no text"),
    };
    (cost, held.iter().map(|(key, value)| (key.clone(), text(value))).collect())
}

/// A replica that knows an operation of each of so many others, on as many keys.
fn among(origins: usize) -> Replica {
    let mut server = replica("server");
    for number in 0..origins {
        let mut device = replica(&format!("device-{number}"));
        put(&mut device, &format!("key-{number}"), "a value of some length");
        let update = device.update_since(&rejoin::Version::default());
        server.apply(&update).expect("it builds upon nothing");
    }
    server
}

/// Both know all origins, one writes a key, and they sync again.
fn one_change(origins: usize) -> Cost {
    let mut server = among(origins);
    let mut client = replica("client");
    session(&mut client, &mut server);
    put(&mut client, "key-7", "a newer value");
    session(&mut client, &mut server)
}

fn writes(origins: usize) -> Cost {
    let mut server = among(origins);
    let start = ProcessTime::now();
    for number in 0..25_000 {
        put(&mut server, &format!("key-{number}"), "a newer value");
    }
    Cost { time: start.elapsed(), bytes: 0, turns: 0 }
}

fn first_hash() -> Cost {
    let mut server = replica("server");
    for (key, value) in &entries() {
        put(&mut server, key, value);
    }
    let start = ProcessTime::now();
    std::hint::black_box(server.state_hash());
    Cost { time: start.elapsed(), bytes: 0, turns: 0 }
}
