//! Workloads: the work of the six categories of `Schema::migration_assistant`, as it may be.
//!
//! The figures are chosen, not observed: no recording of such work is at hand. They were fixed
//! before anything was measured.
//!
//! *The project* when the client parts: 300 tables of 25 columns, each with a decision on its
//! mapping; the progress of 300 tables; half of the mappings approved, each approval on record; one
//! configuration; 2,000 lines of conversation; 2,000 cached patterns.
//!
//! *A typical day* of one person, 8 hours:
//!
//! | | operations | on |
//! | --- | --- | --- |
//! | progress of tables, written every 30 seconds | 960 puts | 16 tables |
//! | decisions on columns | 400 puts | the columns of these tables |
//! | mappings approved, and 20 withdrawn | 200, each put on record | the same |
//! | settings, written whole | 12 writes | one configuration |
//! | conversation: 60 questions and 60 answers | 120 lines | |
//! | patterns | 100 puts | 80 patterns |
//! | records counted, every 30 seconds | 960 increments | |
//! | metrics, every 10 seconds | 2,880 increments | |
//!
//! Meanwhile a colleague does as much on the server. One decision in ten is about four tables that
//! both work on; the other 16 tables of a day are their own.

use super::history::{History, Work};
use super::offline::Offline;
use crate::text::Vocabulary;
use crate::workload_of_peers::{self, Action};
use rejoin::object::{ObjectType, Priority};
use rejoin::operation::Operation;
use rejoin::sync::Schema;
use rejoin_harness::Rng;
use std::fmt::Write as _;

const SERVER: usize = 0;
const CLIENT: usize = 1;

/// The beginning, in milliseconds since 1970, and a day.
const START: u64 = 1_767_225_600_000;
const DAY: u64 = 86_400_000;

const TABLES: usize = 300;
const COLUMNS: usize = 25;
/// The tables that both persons work on, and those that one works on in a day.
const COMMON: usize = 4;
const A_DAY: usize = 16;

/// The hours of a day, and what is done in them.
const HOURS: u64 = 8;
const HALF_MINUTES: usize = 8 * 120;
const COLUMN_DECISIONS: usize = 400;
const APPROVALS: usize = 180;
const WITHDRAWALS: usize = 20;
const SETTINGS: usize = 12;
const EXCHANGES: usize = 60;
const PATTERNS: usize = 80;
const PATTERN_WRITES: usize = 100;
const TEN_SECONDS: usize = 8 * 360;

/// Somebody at work.
#[derive(Clone, Copy)]
struct Person {
    name: Option<&'static str>,
    replica: usize,
    /// Their own tables begin here.
    tables: usize,
}

const ANN: Person = Person { name: Some("ann"), replica: CLIENT, tables: COMMON };
const BOB: Person = Person { name: Some("bob"), replica: SERVER, tables: (TABLES + COMMON) / 2 };

/// That many typical days, with all that happened before. The last day has only so many hours.
pub fn typical(days: u64, hours: u64) -> Offline {
    let mut project = Project::new("typical days");
    project.begin();
    let from = project.history.steps.len();
    for day in 1..=days {
        for person in [ANN, BOB] {
            project.day(person, day, if day == days { hours } else { HOURS });
        }
    }
    project.meet(from)
}

/// That many days in which a client does the same things over and over, while nobody else does
/// anything: every ten minutes it writes the progress of 40 tables, and counts 1,000 records; every
/// hour it writes the configuration, and adds or removes each of 40 mappings.
pub fn redundant(days: u64) -> Offline {
    let mut project = Project::new("the same over and over");
    project.begin();
    let from = project.history.steps.len();
    for minutes in (0..days * 24 * 60).step_by(10) {
        let mut now = START + DAY + minutes * 60_000;
        for table in 0..40 {
            now += 1;
            project.progress(ANN, table, now);
        }
        project.count(ANN, "progress/records", 1_000, now);
        if minutes % 60 == 0 {
            project.settings(ANN, now + 1);
            for table in 0..40 {
                let element = project.mapping(table, 0);
                let operation = match minutes % 120 {
                    0 => Operation::Add { element },
                    _ => Operation::Remove { element },
                };
                // Nobody's, so that it is not put on record: a record of all that was decided
                // grows with it.
                project.perform(Person { name: None, ..ANN }, "approved", operation, now);
            }
        }
    }
    project.meet(from)
}

struct Project {
    history: History,
    random: Rng,
    vocabulary: Vocabulary,
    tables: Vec<String>,
    columns: Vec<String>,
}

/// Conversations have lines of up to that many words.
const QUESTION: usize = 30;
const ANSWER: usize = 140;

impl Project {
    fn new(name: &str) -> Self {
        let mut random = Rng::new(20_260_101);
        let vocabulary = Vocabulary::new(&mut random);
        let mut project = Self {
            history: History::new(name, &["server", "laptop"], Schema::migration_assistant()),
            random,
            vocabulary,
            tables: Vec::new(),
            columns: Vec::new(),
        };
        for number in 0..TABLES {
            let words = project.words(2).replace(' ', "_");
            project.tables.push(format!("sales.{words}_{number}"));
        }
        project.columns =
            (0..COLUMNS).map(|number| format!("{}_{number}", project.words(1))).collect();
        project
    }

    /// So many words of a language that does not exist.
    fn words(&mut self, count: usize) -> String {
        let mut text = String::new();
        while text.split(' ').count() <= count {
            text += &self.vocabulary.line(&mut self.random).0;
            text.push(' ');
        }
        text.split(' ').take(count).collect::<Vec<_>>().join(" ")
    }

    fn perform(
        &mut self,
        person: Person,
        object: &str,
        operation: Operation<String, String>,
        time: u64,
    ) {
        let operation = match operation {
            Operation::Increment { amount } => Operation::Increment { amount },
            Operation::Add { element } => Operation::Add { element: element.into() },
            Operation::Remove { element } => Operation::Remove { element: element.into() },
            Operation::Write { value, timestamp } => {
                Operation::Write { value: Some(value.into()), timestamp }
            }
            Operation::Put { key, value, timestamp } => {
                Operation::Put { key: key.into(), value: Some(value.into()), timestamp }
            }
            Operation::Append { entry, timestamp } => {
                Operation::Append { entry: Some(entry.into()), timestamp }
            }
            other => unreachable!("no history here has a {}", other.kind().as_str()),
        };
        let (object, user) = (object.into(), person.name.map(Into::into));
        self.history.perform(Work { replica: person.replica, object, operation, user, time });
    }

    fn count(&mut self, person: Person, object: &str, amount: u64, time: u64) {
        self.perform(person, object, Operation::Increment { amount }, time);
    }

    fn put(&mut self, person: Person, object: &str, key: String, value: String, timestamp: u64) {
        self.perform(person, object, Operation::Put { key, value, timestamp }, timestamp);
    }

    fn progress(&mut self, person: Person, table: usize, now: u64) {
        let (done, errors) = (self.random.upper(5_000_000), self.random.upper(40));
        let value = format!(r#"{{"state":"running","done":{done},"errors":{errors}}}"#);
        let key = self.tables[table].clone();
        self.put(person, "progress/tables", key, value, now);
    }

    fn decide_column(&mut self, person: Person, table: usize, column: usize, now: u64) {
        const TYPES: [&str; 6] = ["bigint", "decimal(18,2)", "text", "date", "boolean", "uuid"];
        let kind = TYPES[self.random.upper(TYPES.len())];
        let (rule, confidence) = (self.words(1), self.random.upper(100));
        let target = self.mapping(table, column);
        let value = format!(
            r#"{{"target":"{target}","type":"{kind}","rule":"{rule}","confidence":{confidence}}}"#
        );
        let key = format!("{}/{}", self.tables[table], self.columns[column]);
        self.put(person, "progress/tables", key, value, now);
    }

    fn mapping(&self, table: usize, column: usize) -> String {
        let (table, column) = (&self.tables[table], &self.columns[column]);
        format!("{table}.{column} -> dwh.{}.{column}", table.trim_start_matches("sales."))
    }

    fn approve(&mut self, person: Person, mapping: String, is_approved: bool, now: u64) {
        let operation = match is_approved {
            true => Operation::Add { element: mapping },
            false => Operation::Remove { element: mapping },
        };
        self.perform(person, "approved", operation, now);
    }

    fn settings(&mut self, person: Person, timestamp: u64) {
        let mut value = String::from("{");
        for setting in 0..12 {
            let (name, number) = (&self.columns[setting], self.random.upper(1_000));
            let _ = write!(value, r#""{name}":{number},"#);
        }
        value.replace_range(value.len() - 1.., "}");
        self.perform(person, "configuration", Operation::Write { value, timestamp }, timestamp);
    }

    fn say(&mut self, person: Person, most_words: usize, timestamp: u64) {
        let count = most_words / 4 + self.random.upper(most_words * 3 / 4);
        let entry = self.words(count);
        self.perform(person, "conversation", Operation::Append { entry, timestamp }, timestamp);
    }

    fn pattern(&mut self, person: Person, number: usize, now: u64) {
        let (words, confidence) = (self.words(8), self.random.fraction());
        let value = format!(r#"{{"match":"{words}","confidence":{confidence:.3}}}"#);
        self.put(person, "patterns", format!("pattern/{number:05}"), value, now);
    }

    /// What there is before the client parts.
    fn begin(&mut self) {
        let mut now = START;
        for table in 0..TABLES {
            self.progress(BOB, table, now);
            for column in 0..COLUMNS {
                now += 1;
                self.decide_column(BOB, table, column, now);
                if (table + column).is_multiple_of(2) {
                    let mapping = self.mapping(table, column);
                    self.approve(BOB, mapping, true, now);
                }
            }
        }
        self.settings(BOB, now);
        for number in 0..2_000 {
            now += 1;
            self.say(BOB, if number % 2 == 0 { QUESTION } else { ANSWER }, now);
            self.pattern(BOB, number, now);
        }
        self.history.sync(SERVER, CLIENT);
    }

    /// One of the tables that the person works on that day.
    fn table(&mut self, person: Person, day: u64) -> usize {
        if self.random.upper(10) == 0 {
            return self.random.upper(COMMON);
        }
        let own = (TABLES - COMMON) / 2;
        person.tables + (day as usize * A_DAY + self.random.upper(A_DAY)) % own
    }

    /// What happens in the first hours of a day, in random order.
    fn day(&mut self, person: Person, day: u64, hours: u64) {
        let mut plan: Vec<fn(&mut Self, Person, u64, u64)> = Vec::new();
        let mut often = |times, what: fn(&mut Self, Person, u64, u64)| {
            plan.extend(std::iter::repeat_n(what, times));
        };
        often(HALF_MINUTES, |project, person, day, now| {
            let table = project.table(person, day);
            project.progress(person, table, now);
        });
        often(HALF_MINUTES, |project, person, _, now| {
            let amount = 1 + project.random.upper(20_000) as u64;
            project.count(person, "progress/records", amount, now);
        });
        often(TEN_SECONDS, |project, person, _, now| project.count(person, "metrics", 1, now));
        often(COLUMN_DECISIONS, |project, person, day, now| {
            let (table, column) = (project.table(person, day), project.random.upper(COLUMNS));
            project.decide_column(person, table, column, now);
        });
        often(APPROVALS, |project, person, day, now| {
            let (table, column) = (project.table(person, day), project.random.upper(COLUMNS));
            let mapping = project.mapping(table, column);
            project.approve(person, mapping, true, now);
        });
        often(WITHDRAWALS, |project, person, day, now| {
            let (table, column) = (project.table(person, day), project.random.upper(COLUMNS));
            let mapping = project.mapping(table, column);
            project.approve(person, mapping, false, now);
        });
        often(SETTINGS, |project, person, _, now| project.settings(person, now));
        often(EXCHANGES, |project, person, _, now| project.say(person, QUESTION, now));
        often(EXCHANGES, |project, person, _, now| project.say(person, ANSWER, now));
        often(PATTERN_WRITES, |project, person, day, now| {
            let number = day as usize * PATTERNS + project.random.upper(PATTERNS);
            let own = if person.replica == CLIENT { 0 } else { 10_000 };
            project.pattern(person, own + number, now);
        });
        self.random.shuffle(&mut plan);
        // Eight hours, evenly.
        let pause = DAY / 3 / plan.len() as u64;
        let mut now = START + day * DAY;
        plan.truncate(plan.len() * hours as usize / HOURS as usize);
        for what in plan {
            now += pause;
            what(self, person, day, now);
        }
    }

    /// They meet again.
    fn meet(mut self, from: usize) -> Offline {
        let apart = from..self.history.steps.len();
        self.history.sync(CLIENT, SERVER);
        Offline { history: self.history, client: CLIENT, server: SERVER, apart }
    }
}

/// W5 of the [workloads by which libraries are compared](../peers/README.md): a week of 1,152,000
/// operations offline and a tenth of it on the server.
pub fn w5() -> Offline {
    let workload = workload_of_peers::workload("W5").expect("it is one of them");
    let schema = Schema::new()
        .with("map", ObjectType::LwwMap, Priority::High)
        .with("set", ObjectType::OrSet, Priority::High)
        .with("counter", ObjectType::GCounter, Priority::Low)
        .with("log", ObjectType::Log, Priority::Medium);
    let mut history = History::new("W5", &["server", "laptop"], schema);
    let perform = |history: &mut History, replica: usize, transactions: Vec<_>| {
        let transactions: Vec<workload_of_peers::Transaction> = transactions;
        for workload_of_peers::Operation { stamp, action } in
            transactions.into_iter().flat_map(|transaction| transaction.operations)
        {
            let timestamp = stamp;
            let (object, operation) = match action {
                Action::Put { key, value } => {
                    let (key, value) = (key.into(), Some(value.into()));
                    ("map", Operation::Put { key, value, timestamp })
                }
                Action::Add(element) => ("set", Operation::Add { element: element.into() }),
                Action::Remove(element) => ("set", Operation::Remove { element: element.into() }),
                Action::Increment(amount) => ("counter", Operation::Increment { amount }),
                Action::Append(entry) => {
                    let entry = Some(entry.into());
                    ("log", Operation::Append { entry, timestamp })
                }
            };
            let (object, user) = (object.into(), None);
            history.perform(Work { replica, object, operation, user, time: stamp });
        }
    };
    perform(&mut history, SERVER, workload.base);
    history.sync(SERVER, CLIENT);
    let from = history.steps.len();
    for (replica, transactions) in workload.offline.into_iter().enumerate() {
        perform(&mut history, replica, transactions);
    }
    let apart = from..history.steps.len();
    history.sync(CLIENT, SERVER);
    Offline { history, client: CLIENT, server: SERVER, apart }
}
