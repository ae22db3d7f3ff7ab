//! The names, values, operations and clocks that histories are drawn from, plain and awkward ones.

use super::plan::Act;
use super::random::Random;
use rejoin::json::Json;
use rejoin::object::TraceType;
use rejoin_trace::{Name, Operation, Stamps};

/// Names of replicas, keys, elements and users that implementations get wrong: Unicode forms,
/// orders that differ between UTF-8 and UTF-16, names that every JavaScript object has, digits,
/// control characters, long names.
const AWKWARD_NAMES: [&str; 28] = [
    "é",
    "e\u{301}",
    "\u{fb01}",
    "😀",
    "\u{ffff}",
    "Å",
    "\u{212b}",
    "ß",
    "SS",
    "İ",
    "i\u{307}",
    "__proto__",
    "constructor",
    "toString",
    "length",
    "10",
    "9",
    "-0",
    "01",
    "a",
    "A",
    " ",
    "a ",
    "\u{0}",
    "\"",
    "\\",
    "null",
    "a\nb",
];

/// Values that implementations get wrong, as JSON.
const AWKWARD_VALUES: [&str; 34] = [
    "null",
    "false",
    "true",
    "0",
    "-0.0",
    "1",
    "1.0",
    "1e0",
    "\"1\"",
    "\"\"",
    "[]",
    "{}",
    "[null]",
    "[[],{}]",
    "9007199254740991",
    "9007199254740993",
    "9007199254740992",
    "-9007199254740993",
    "18446744073709551615",
    "-9223372036854775808",
    "0.1",
    "0.30000000000000004",
    "5e-324",
    "1.7976931348623157e308",
    "\"é\"",
    "\"e\u{301}\"",
    "\"\u{fb01}\"",
    "\"😀\"",
    "\"\\u0000\"",
    "{\"a\":1,\"b\":2}",
    "{\"b\":2,\"a\":1}",
    "{\"__proto__\":1}",
    "{\"\":null}",
    "\"null\"",
];

const AWKWARD_COUNTS: [u64; 6] =
    [1 << 31, (1 << 53) - 1, 1 << 53, (1 << 53) + 1, i64::MAX as u64, u64::MAX];

const AWKWARD_INTEGERS: [&str; 8] = [
    "9007199254740993",
    "9007199254740992",
    "-9007199254740993",
    "18446744073709551615",
    "-9223372036854775808",
    "-1",
    "2147483648",
    "0",
];

/// What one history is drawn from.
#[derive(Clone, Debug)]
pub struct Alphabet {
    /// Keys and elements.
    pub keys: Vec<Name>,
    /// Values and entries.
    values: Vec<Json>,
    /// Amounts of counters.
    amounts: Vec<u64>,
    /// Integers that are written to max- and min-registers.
    integers: Vec<Json>,
    /// Users who perform decisions.
    pub users: Vec<Name>,
    is_awkward: bool,
    /// How many elements were inserted into lists.
    elements: usize,
}

fn json(text: &str) -> Json {
    Json::parse(text).expect("the texts of this file are JSON")
}

/// A name of this many bytes.
fn long(length: usize, last: char) -> Name {
    let mut name = "n".repeat(length - last.len_utf8());
    name.push(last);
    name
}

/// An awkward name.
fn awkward(random: &mut Random) -> Name {
    match random.below(12) {
        0 => long(1024, *random.pick(&['a', 'b'])),
        1 => long(256, *random.pick(&['a', 'b'])),
        _ => (*random.pick(&AWKWARD_NAMES)).into(),
    }
}

/// `count` different names.
pub fn names(random: &mut Random, plain: &[&str], count: usize, is_awkward: bool) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    while names.len() < count {
        let mut name: Name = match plain.get(names.len()) {
            _ if is_awkward => awkward(random),
            Some(plain) => (*plain).into(),
            None => format!("{}{}", plain[0], names.len()),
        };
        if names.contains(&name) {
            name = format!("{}{}", plain[0], names.len());
        }
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

impl Alphabet {
    /// Draws an alphabet for a history: most have one to three keys.
    pub fn new(random: &mut Random, is_awkward: bool) -> Self {
        let count = 1 + random.weighted(&[6, 5, 2, 0, 0, 1]);
        let keys = names(random, &["x", "y", "z"], count, is_awkward);
        let users = names(random, &["ann", "bob"], 2, is_awkward);
        let mut values: Vec<Json> = ["1", "2", "\"x\"", "null"].map(json).to_vec();
        let mut amounts = vec![1, 1, 2, 5];
        let mut integers: Vec<Json> = ["1", "2", "3", "-4"].map(json).to_vec();
        if is_awkward {
            values =
                (0..4).map(|_| json(AWKWARD_VALUES[random.below(AWKWARD_VALUES.len())])).collect();
            if random.one_in(6) {
                values.push(Json::String("v".repeat(20_000)));
            }
            let mut nested = json("1");
            for _ in 0..random.below(60) {
                nested = Json::Array(vec![nested]);
            }
            values.push(nested);
            amounts.extend((0..2).map(|_| *random.pick(&AWKWARD_COUNTS)));
            integers = (0..3)
                .map(|_| json(AWKWARD_INTEGERS[random.below(AWKWARD_INTEGERS.len())]))
                .collect();
        }
        Self { keys, values, amounts, integers, users, is_awkward, elements: 0 }
    }

    /// Draws an act on an object of this type and one of the keys, without a timestamp.
    pub fn act(&mut self, random: &mut Random, kind: TraceType, key: &Name) -> Act {
        let is_removal = random.below(5) < 2;
        let (key, timestamp) = (key.clone(), None);
        let amount = *random.pick(&self.amounts);
        let value = random.pick(&self.values).clone();
        Act::Do(match kind {
            TraceType::PnCounter if is_removal => Operation::Decrement { amount },
            TraceType::GCounter | TraceType::PnCounter => Operation::Increment { amount },
            TraceType::LwwRegister | TraceType::MvRegister => Operation::Write { value, timestamp },
            TraceType::MaxRegister | TraceType::MinRegister => {
                Operation::Write { value: random.pick(&self.integers).clone(), timestamp }
            }
            TraceType::OrSet | TraceType::TwoPhaseSet | TraceType::RwSet if is_removal => {
                Operation::Remove { element: key }
            }
            TraceType::OrSet | TraceType::TwoPhaseSet | TraceType::RwSet | TraceType::GSet => {
                Operation::Add { element: key }
            }
            TraceType::LwwMap | TraceType::MvMap if is_removal => {
                Operation::Delete { key, timestamp }
            }
            TraceType::LwwMap | TraceType::MvMap => Operation::Put { key, value, timestamp },
            TraceType::Log => Operation::Append { entry: value, timestamp },
            TraceType::EwFlag | TraceType::DwFlag if is_removal => Operation::Disable,
            TraceType::EwFlag | TraceType::DwFlag => Operation::Enable,
            TraceType::List => {
                let place = random.below(1000);
                if random.one_in(3) {
                    return Act::Erase { place };
                }
                self.elements += 1;
                let number = self.elements;
                let element = match self.is_awkward && random.one_in(2) {
                    true => format!("{}{number}", random.pick(&AWKWARD_NAMES)),
                    false => format!("e{number}"),
                };
                return Act::Insert { element, place, value: random.one_in(2).then_some(value) };
            }
            TraceType::Opaque => {
                let name = (*random.pick(&["set", "delete", "insert"])).into();
                let arguments =
                    Json::Object(vec![("key".into(), Json::String(key)), ("value".into(), value)]);
                Operation::Perform { name, arguments: Some(arguments) }
            }
        })
    }
}

/// Each operation of a type once, on the key `x`, without timestamps; `at` makes them differ.
pub fn samples(kind: TraceType, at: usize) -> Vec<Act> {
    let element = || "x".to_owned();
    let value = |number: usize| Json::from((at + 2 * number) as u64);
    let timestamp = None;
    let acts = match kind {
        TraceType::GCounter => vec![Operation::Increment { amount: 1 + at as u64 }],
        TraceType::PnCounter => {
            vec![Operation::Increment { amount: 2 }, Operation::Decrement { amount: 1 + at as u64 }]
        }
        TraceType::LwwRegister => vec![
            Operation::Write { value: value(1), timestamp },
            Operation::Write { value: Json::Null, timestamp },
        ],
        TraceType::MvRegister => vec![
            Operation::Write { value: value(1), timestamp },
            Operation::Write { value: Json::Null, timestamp },
        ],
        TraceType::MaxRegister | TraceType::MinRegister => vec![
            Operation::Write { value: value(1), timestamp },
            Operation::Write { value: value(2), timestamp },
        ],
        TraceType::GSet => vec![Operation::Add { element: element() }],
        TraceType::OrSet | TraceType::TwoPhaseSet | TraceType::RwSet => {
            vec![Operation::Add { element: element() }, Operation::Remove { element: element() }]
        }
        TraceType::LwwMap | TraceType::MvMap => vec![
            Operation::Put { key: element(), value: value(1), timestamp },
            Operation::Delete { key: element(), timestamp },
        ],
        TraceType::Log => vec![Operation::Append { entry: value(1), timestamp }],
        TraceType::EwFlag | TraceType::DwFlag => vec![Operation::Enable, Operation::Disable],
        TraceType::List => {
            let insert = |number: usize| Act::Insert {
                element: format!("e{at}{number}"),
                place: number,
                value: None,
            };
            return vec![insert(0), insert(1), Act::Erase { place: 0 }];
        }
        TraceType::Opaque => {
            let arguments = |number| {
                let members = vec![("key".into(), "x".into()), ("value".into(), value(number))];
                Some(Json::Object(members))
            };
            vec![
                Operation::Perform { name: "set".into(), arguments: arguments(1) },
                Operation::Perform { name: "delete".into(), arguments: arguments(1) },
                Operation::Perform { name: "insert".into(), arguments: arguments(2) },
            ]
        }
    };
    acts.into_iter().map(Act::Do).collect()
}

/// The act with this timestamp, if it takes one.
pub fn stamped(mut act: Act, kind: TraceType, stamps: Stamps, at: u64) -> Act {
    let is_stamped = stamps == Stamps::Explicit && kind.is_stamped();
    match &mut act {
        Act::Do(
            Operation::Write { timestamp, .. }
            | Operation::Put { timestamp, .. }
            | Operation::Delete { timestamp, .. }
            | Operation::Append { timestamp, .. },
        ) if is_stamped => *timestamp = Some(at.into()),
        _ => {}
    }
    act
}

/// How the clocks of the replicas run.
#[derive(Clone, Debug)]
pub enum Clock {
    /// One clock for all replicas; no time occurs twice.
    Shared(u64),
    /// Each replica counts its own operations, so times are often equal.
    Counters(Vec<u64>),
    /// Each replica's clock is off by its own amount.
    Skewed(u64, Vec<u64>),
    /// Each time is one of a few, so even one replica repeats times.
    Erratic,
}

impl Clock {
    /// Draws a clock for a history. If `is_monotonic`, the times of each replica ascend.
    pub fn new(random: &mut Random, replicas: usize, is_awkward: bool, is_monotonic: bool) -> Self {
        match random.weighted(&[3, 4, 3, usize::from(!is_monotonic) * 2]) {
            0 if is_awkward => {
                Self::Shared(*random.pick(&[(1 << 53) - 3, (1 << 63) - 3, u64::MAX - 4096]))
            }
            0 => Self::Shared(0),
            1 => Self::Counters(vec![0; replicas]),
            2 => {
                let reach = [3, 10, 1000, 1 << 54];
                let reach = reach[random.below(if is_awkward { 4 } else { 3 })];
                Self::Skewed(0, (0..replicas).map(|_| random.below(reach) as u64).collect())
            }
            _ => Self::Erratic,
        }
    }

    /// The time of one replica's next operation.
    pub fn next(&mut self, random: &mut Random, at: usize) -> u64 {
        match self {
            Self::Shared(now) => {
                *now += 1;
                *now
            }
            Self::Counters(counts) => {
                counts[at] += 1;
                counts[at]
            }
            Self::Skewed(now, offsets) => {
                *now += 1;
                *now + offsets[at]
            }
            Self::Erratic => random.below(4) as u64,
        }
    }
}
