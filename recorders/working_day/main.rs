//! A working day of an office that syncs with a real library, the crate `crdts`, recorded as a trace.
//!
//! A server and three laptops share the six kinds of data of a database migration. People decide
//! offline and against each other; messages are lost, repeated, late and partial; a clock runs
//! fast; a disk dies. All answers in the trace are the library's. Run it again with
//!
//! ```text
//! cargo run -p rejoin-recorders --bin working_day > examples/working-day.jsonl
//! ```

#[path = "../recorder.rs"]
pub mod recorder;

mod office;
mod replica;

use office::{ALL, HIGH, LOW, MEDIUM, Message, Office, objects};
use replica::Operation::{Add, Append, Increment, Put, Remove, Write};
use serde_json::json;
use std::io::{self, Write as _};

fn main() -> io::Result<()> {
    io::stdout().write_all(&record())
}

/// The trace.
pub fn record() -> Vec<u8> {
    let mut office = Office::new();
    let last_week = the_week_before(&mut office);
    morning(&mut office);
    noon(&mut office);
    afternoon(&mut office, &last_week);
    evening(&mut office);
    office.finish()
}

/// Ends with a message to Cleo that is still on the way.
fn the_week_before(office: &mut Office) -> Message {
    office.at("Thursday last week", 16, 0, "The server holds the plan. Everyone takes a copy.");
    for table in [
        "contracts",
        "customers",
        "employees",
        "holidays",
        "invoices",
        "orders",
        "payments",
        "products",
        "salaries",
        "shipments",
        "stock",
        "suppliers",
    ] {
        office.perform("server", "tables", Put(table, json!({"done": 0, "state": "planned"})));
    }
    for (pattern, confidence) in [("*.code", 60), ("*.currency", 90), ("*.total", 75)] {
        office.perform("server", "patterns", Put(pattern, confidence.into()));
    }
    office.perform("server", "strategy", Write("safe".into()));
    office.perform("server", "conversation", Append("The plan is ready."));
    for laptop in ["ana", "ben", "cleo"] {
        office.sync("server", laptop, ALL);
    }
    office.converged(&["server", "ana", "ben", "cleo"]);
    office.read("cleo", "tables");
    office.vector("cleo", None);

    office.at(
        "Thursday last week",
        17,
        0,
        "Cleo leaves for a week with her laptop. A last message to it is held up on the way.",
    );
    office.work("ana", 6);
    office.sync("server", "ana", ALL);
    let last_week = office.send("server", "cleo", ALL);

    office.at("Monday", 9, 0, "Ana and Ben migrate; in the evening they sync with the server.");
    office.work("ana", 12);
    office.work("ben", 14);
    office.perform("ana", "approved", Add("orders.discount"));
    office.sync("server", "ana", ALL);
    office.sync("server", "ben", ALL);
    office.read("server", "processed");
    office.read("ben", "approved");
    office.converged(&["server", "ben"]);

    office.at("Tuesday", 9, 0, "The server is away for repair, so Ana and Ben merge desk to desk.");
    for _ in 0..3 {
        office.work("ana", 4);
        office.merge("ben", "ana", HIGH);
        office.work("ben", 4);
        office.merge("ana", "ben", HIGH);
    }
    office.vector("ana", Some("approved"));
    office.vector("ben", Some("conversation"));
    office.read("ana", "conversation");

    office.at("Wednesday", 20, 0, "Far away, Cleo works on her copy, and wants to go fast.");
    office.work("cleo", 10);
    office.perform("cleo", "strategy", Write("fast".into()));
    office.read("cleo", "strategy");
    last_week
}

fn morning(office: &mut Office) {
    office.at("Thursday", 8, 30, "The office opens. Both laptops sync, the high class first.");
    for laptop in ["ana", "ben"] {
        for class in [HIGH, MEDIUM, LOW] {
            office.exchange(laptop, "server", class);
        }
        for object in objects(HIGH) {
            office.digest(laptop, Some(object));
            office.digest("server", Some(object));
        }
    }
    office.converged(&["ben", "server"]);
    office.read("server", "processed");
    office.read("server", "warnings");

    office.at("Thursday", 9, 0, "A bad network: messages get lost, come twice, or come late.");
    for _ in 0..5 {
        for laptop in ["ana", "ben"] {
            office.work(laptop, 5);
            for class in [HIGH, MEDIUM] {
                office.push(laptop, "server", class);
                office.push("server", laptop, class);
            }
            office.read(laptop, "processed");
        }
        office.vector("server", None);
    }
    office.push("ana", "server", LOW);
    office.push("server", "ben", LOW);
    office.read("server", "approved");

    office.at("Thursday", 10, 30, "What was late arrives, last things first.");
    office.deliver_late();
    for object in objects(ALL) {
        office.read("server", object);
    }
    office.vector("ana", None);
    office.vector("ben", None);
}

fn noon(office: &mut Office) {
    office.at("Thursday", 11, 0, "Ana and Ben sync; then Ana takes a train without a network.");
    for laptop in ["ana", "ben", "ana"] {
        office.sync(laptop, "server", ALL);
    }
    office.converged(&["ana", "ben", "server"]);
    for object in ["approved", "strategy", "tables"] {
        office.decisions("server", object);
    }

    office.at(
        "Thursday",
        11,
        20,
        "Ben rejects orders.discount, which Ana had approved. On the train she approves it again.",
    );
    office.perform("ben", "approved", Remove("orders.discount"));
    office.perform("ben", "conversation", Append("The discount is in cents, the target in euros."));
    office.exchange("ben", "server", ALL);
    office.read_one("server", "approved", "orders.discount");
    office.perform("ana", "approved", Add("orders.discount"));
    office.perform("ana", "conversation", Append("The customer confirms the discount."));
    office.read_one("ana", "approved", "orders.discount");
    office.work("ana", 8);

    office.at("Thursday", 12, 0, "Ben's laptop takes its backup.");
    office.save("ben", "ben-noon");

    office.at(
        "Thursday",
        12,
        8,
        "Ben sets the strategy to safe; two minutes later Ana, to balanced.",
    );
    office.perform("ben", "strategy", Write("safe".into()));
    office.exchange("ben", "server", ALL);
    office.at("Thursday", 12, 10, "Ana, still offline, does not know of Ben's change.");
    office.perform("ana", "strategy", Write("balanced".into()));
    office.work("ana", 6);
    office.work("ben", 6);
    office.exchange("ben", "server", ALL);
    office.read("ana", "strategy");
    office.read("server", "strategy");

    office.at("Thursday", 13, 0, "A station: the high class gets through, the rest does not.");
    office.exchange("ana", "server", HIGH);
    office.send("ana", "server", MEDIUM);
    for replica in ["ana", "server"] {
        office.read_one(replica, "approved", "orders.discount");
        office.decisions(replica, "approved");
        office.vector(replica, Some("approved"));
        office.vector(replica, Some("conversation"));
        office.read(replica, "strategy");
    }
    office.notices("server", "Ben");

    office.at(
        "Thursday",
        13,
        20,
        "The next station: the rest follows. Balanced is the later word.",
    );
    office.exchange("ana", "server", MEDIUM);
    office.exchange("ana", "server", LOW);
    office.converged(&["ana", "server"]);
    office.read("server", "strategy");
    office.decisions("server", "strategy");
    office.notices("server", "Ben");
    office.notices("server", "Ana");
    office.read("ben", "strategy");
}

fn afternoon(office: &mut Office, last_week: &Message) {
    office.at(
        "Thursday",
        14,
        0,
        "Cleo is back. Her laptop catches up with a week, class by class.",
    );
    office.work("cleo", 4);
    office.vector("cleo", None);
    for class in [HIGH, MEDIUM, LOW] {
        office.exchange("cleo", "server", class);
        for object in objects(class) {
            office.digest("cleo", Some(object));
            office.digest("server", Some(object));
        }
    }
    office.converged(&["cleo", "server"]);
    office.read("cleo", "tables");
    office.read("cleo", "strategy");
    office.decisions("cleo", "strategy");
    office.notices("cleo", "Cleo");

    office.at("Thursday", 14, 10, "Last week's message reaches Cleo, twice. It changes nothing.");
    office.digest("cleo", None);
    office.receive(last_week);
    office.receive(last_week);
    office.digest("cleo", None);

    office.at(
        "Thursday",
        14,
        30,
        "Ana reviews what is open, and decides again having seen it all.",
    );
    office.sync("ana", "server", ALL);
    office.decisions("ana", "approved");
    office.perform("ana", "approved", Add("orders.discount"));
    office.perform("ana", "strategy", Write("balanced".into()));
    office.decisions("ana", "approved");
    office.decisions("ana", "strategy");
    office.notices("ana", "Ben");
    office.exchange("ana", "server", ALL);
    office.decisions("server", "strategy");

    office.at(
        "Thursday",
        15,
        30,
        "Cleo's clock runs four minutes fast when she sets the strategy.",
    );
    office.exchange("cleo", "server", ALL);
    office.set_clock("cleo", 240_000);
    office.perform("cleo", "strategy", Write("fast".into()));
    office.set_clock("cleo", 900);
    office.exchange("cleo", "server", ALL);
    office.exchange("ben", "server", ALL);
    office.read("ben", "strategy");
    office.perform("ben", "strategy", Write("safe".into()));
    office.read("ben", "strategy");
    office.decisions("ben", "strategy");
    office.notices("ben", "Ben");

    office.at(
        "Thursday",
        15,
        45,
        "Ben writes it once more; by now his clock is past Cleo's stamp.",
    );
    office.perform("ben", "strategy", Write("safe".into()));
    office.read("ben", "strategy");
    office.decisions("ben", "strategy");
    office.exchange("ben", "server", ALL);

    office.at("Thursday", 16, 10, "Ben's disk dies. What he did since the last sync is gone.");
    office.work("ben", 6);
    office.vector("ben", None);
    office.restore("ben", "ben-noon");
    office.vector("ben", None);
    office.read("ben", "strategy");
    office.read("ben", "processed");
    office.work("ben", 6);
    office.perform("ben", "processed", Increment(240));
    office.vector("ben", None);
    for class in [HIGH, MEDIUM, LOW] {
        office.exchange("ben", "server", class);
    }
    office.converged(&["ben", "server"]);
    office.vector("server", None);
    office.read("ben", "processed");
}

fn evening(office: &mut Office) {
    office.at("Thursday", 16, 45, "A last hour of work, on the bad network again.");
    for _ in 0..4 {
        for laptop in ["ana", "ben", "cleo"] {
            office.work(laptop, 4);
            office.push(laptop, "server", HIGH);
            office.push("server", laptop, ALL);
        }
        office.read("cleo", "approved");
    }
    office.decisions("server", "patterns");

    office.at("Thursday", 17, 30, "Everyone syncs before going home.");
    office.deliver_late();
    for laptop in ["ana", "ben", "cleo", "ana", "ben"] {
        office.sync(laptop, "server", ALL);
    }
    office.converged(&["server", "ana", "ben", "cleo"]);
    for replica in ["server", "ana", "ben", "cleo"] {
        office.digest(replica, None);
        office.vector(replica, None);
    }
    for object in objects(ALL) {
        office.read("server", object);
    }
    for object in ["approved", "patterns", "strategy", "tables"] {
        office.decisions("server", object);
    }
    for user in ["Ana", "Ben", "Cleo"] {
        office.notices("server", user);
    }
    for object in ["conversation", "patterns", "strategy", "tables"] {
        office.state("server", object);
    }
}
