//! The JSON Schema compared with the reader: lines that the reader accepts validate, and the reader
//! accepts lines that the schema accepts; exceptions are listed here and in spec/trace-format.md.

use boon::{Compiler, SchemaIndex, Schemas};
use proptest::prelude::*;
use rejoin_trace::{Error, Reader, decompress};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

const HEADER: &str = r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"n":{"type":"g-counter"},"r":{"type":"lww-register"},"s":{"type":"or-set"},"m":{"type":"lww-map"},"l":{"type":"log"}}}"#;

/// [`HEADER`] with own stamps.
fn own_stamps() -> String {
    HEADER.replace("\"objects\"", "\"stamps\":\"own\",\"objects\"")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

struct Schema {
    schemas: Schemas,
    line: SchemaIndex,
    header: SchemaIndex,
    event: SchemaIndex,
}

impl Schema {
    fn load() -> Self {
        let text = fs::read_to_string(root().join("spec/trace.schema.json")).expect("the schema");
        let mut schemas = Schemas::new();
        let mut compiler = Compiler::new();
        compiler
            .add_resource("trace.schema.json", serde_json::from_str(&text).expect("JSON"))
            .expect("a schema");
        let mut compile = |place: &str| {
            compiler.compile(&format!("trace.schema.json{place}"), &mut schemas).expect("a schema")
        };
        let (line, header, event) =
            (compile(""), compile("#/$defs/header"), compile("#/$defs/event"));
        Self { schemas, line, header, event }
    }

    fn accepts(&self, index: SchemaIndex, line: &str) -> bool {
        let value: Value = serde_json::from_str(line).expect(line);
        let accepted = self.schemas.validate(&value, index).is_ok();
        let as_line = self.schemas.validate(&value, self.line).is_ok();
        assert!(as_line || !accepted, "the whole schema is narrower than its part: {line}");
        accepted
    }

    fn accepts_header(&self, line: &str) -> bool {
        self.accepts(self.header, line)
    }

    fn accepts_event(&self, line: &str) -> bool {
        self.accepts(self.event, line)
    }
}

/// Whether the reader accepts the line as the first one.
fn takes_header(line: &str) -> bool {
    Reader::new(line.as_bytes()).is_ok()
}

/// Whether the reader accepts the line after this header.
fn takes_event(header: &str, line: &str) -> bool {
    let trace = format!("{header}\n{line}");
    let mut reader = Reader::new(trace.as_bytes()).expect("a header");
    reader.next_line().is_ok_and(|line| line.is_some())
}

/// Checks that every line of a trace that the reader accepts validates; returns their number.
fn validate_all(schema: &Schema, input: impl BufRead, name: &str) -> Result<usize, Error> {
    let mut reader = Reader::new(input)?;
    assert!(schema.accepts_header(reader.header_text()), "{name}: the header");
    let mut lines = 1;
    while let Some(line) = reader.next_line()? {
        assert!(schema.accepts_event(line.text), "{name}, line {}: {}", line.number, line.text);
        lines += 1;
    }
    Ok(lines)
}

/// The blocks of this kind in the specification, each with the line on which it begins.
fn examples(kind: &str) -> Vec<(usize, String)> {
    let text = fs::read_to_string(root().join("spec/trace-format.md")).expect("the specification");
    let mut blocks = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line == format!("```{kind}") {
            let block = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```");
            blocks.push((number + 2, block.collect::<Vec<_>>().join("\n")));
        }
    }
    blocks
}

#[test]
fn the_examples_of_the_specification_are_traces_and_name_every_event_and_operation() {
    let schema = Schema::load();
    let mut seen = Vec::new();
    for (line, trace) in examples("jsonl") {
        // A block without a header continues the first one.
        let whole = match trace.starts_with("{\"trace\"") {
            true => trace.clone(),
            false => {
                examples("jsonl")[0].1.lines().next().expect("a header").to_owned() + "\n" + &trace
            }
        };
        let name = format!("spec/trace-format.md, line {line}");
        validate_all(&schema, whole.as_bytes(), &name)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        for line in trace.lines() {
            let value: Value = serde_json::from_str(line).expect("JSON");
            seen.extend(
                ["event", "op"].map(|field| value[field].as_str().unwrap_or("").to_owned()),
            );
        }
    }
    for (kind, _, _) in KINDS {
        for word in kind.split(' ') {
            assert!(seen.iter().any(|seen| seen == word), "no example of `{word}`");
        }
    }
    for (line, example) in examples("json") {
        assert!(
            serde_json::from_str::<Value>(&example).is_ok(),
            "spec/trace-format.md, line {line}"
        );
    }
}

#[test]
fn every_trace_of_the_scenarios_validates() {
    fn visit(folder: &Path, schema: &Schema, lines: &mut usize) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries {
            let path = entry.expect("an entry").path();
            let name = path.display().to_string();
            if path.is_dir() {
                visit(&path, schema, lines);
            } else if [".jsonl", ".jsonl.gz", ".jsonl.zst"].iter().any(|end| name.ends_with(end)) {
                let input = BufReader::new(File::open(&path).expect(&name));
                // Of a malformed trace, the lines before the fault were compared.
                *lines += validate_all(schema, decompress(input).expect(&name), &name).unwrap_or(1);
            }
        }
    }
    let mut lines = 0;
    visit(&root().join("spec/scenarios"), &Schema::load(), &mut lines);
    println!("{lines} lines of spec/scenarios validate");
}

#[test]
fn what_both_refuse() {
    let schema = Schema::load();
    for header in [
        "[]",
        "{}",
        r#"{"trace":"rejoin/2","replicas":["a"],"objects":{}}"#,
        r#"{"trace":"rejoin/1","replicas":["a"]}"#,
        r#"{"trace":"rejoin/1","objects":{}}"#,
        r#"{"trace":"rejoin/1","replicas":[],"objects":{}}"#,
        r#"{"trace":"rejoin/1","replicas":[""],"objects":{}}"#,
        r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"":{"type":"log"}}}"#,
        r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"x":{}}}"#,
        r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"x":{"type":"set"}}}"#,
        r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"x":{"type":"log","y":1}}}"#,
        r#"{"trace":"rejoin/1","replicas":["a"],"objects":{},"y":1}"#,
        r#"{"trace":"rejoin/1","replicas":["a"],"objects":{},"stamps":null}"#,
        r#"{"trace":"rejoin/1","replicas":["a"],"objects":{},"implementation":{"y":1}}"#,
    ] {
        assert!(!takes_header(header), "{header}");
        assert!(!schema.accepts_header(header), "{header}");
    }
    for event in [
        "null",
        "{}",
        r#"{"event":"recieve","replica":"a","message":"m"}"#,
        r#"{"event":"receive","replica":"a"}"#,
        r#"{"event":"receive","replica":"a","message":"m","y":1}"#,
        r#"{"event":"op","replica":"a","object":"n","op":"add","element":1}"#,
        r#"{"event":"op","replica":"a","object":"n","op":"delete","timestamp":0}"#,
        r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":0}"#,
        r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":1.5}"#,
        r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":"01"}"#,
        r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":1e30}"#,
        r#"{"event":"op","replica":"a","object":"n","op":"increment","timestamp":1}"#,
        r#"{"event":"op","replica":"a","object":"r","op":"write","value":1,"timestamp":-1}"#,
        r#"{"event":"send","replica":"a","message":"m","since":[],"objects":[]}"#,
        r#"{"event":"send","replica":"a","message":""}"#,
        r#"{"event":"sync","replicas":["a","a"]}"#,
        r#"{"event":"sync","replicas":["a","b","c"]}"#,
        r#"{"event":"converged","replicas":["a"]}"#,
        r#"{"event":"read","replica":"a","object":"n"}"#,
        r#"{"event":"load","replica":"a","object":"r","state":{"value":1,"timestamp":1,"replica":"a","x-y":1}}"#,
    ] {
        assert!(!takes_event(HEADER, event), "{event}");
        assert!(!takes_event(&own_stamps(), event), "{event}");
        assert!(!schema.accepts_event(event), "{event}");
    }
}

/// Lines that the schema accepts and the reader refuses. spec/trace-format.md lists them as text,
/// with faults that never reach a validator: line ends, UTF-8, lengths and levels, surrogates and
/// numbers that the validator's own JSON reader refuses.
#[test]
fn what_a_schema_cannot_say() {
    let (schema, own) = (Schema::load(), own_stamps());
    let twice = r#"{"event":"note","text":"t","text":"t"}"#;
    let long = format!(r#"{{"event":"save","replica":"a","snapshot":"{}"}}"#, "ü".repeat(513));
    for (header, line) in [
        // A member twice in one object.
        (HEADER, twice),
        // A name's length in bytes.
        (HEADER, &long),
        // The greatest count: as a string of as many digits, and to a validator that reads
        // numbers as doubles.
        (
            HEADER,
            r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":"18446744073709551616"}"#,
        ),
        (
            HEADER,
            r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":18446744073709551616}"#,
        ),
        // Rules of the header: whether writes have timestamps, and the type of an object.
        (HEADER, r#"{"event":"op","replica":"a","object":"r","op":"write","value":1}"#),
        (&own, r#"{"event":"op","replica":"a","object":"r","op":"write","value":1,"timestamp":1}"#),
        (HEADER, r#"{"event":"load","replica":"a","object":"n","state":[]}"#),
    ] {
        assert!(schema.accepts_event(line), "{line}");
        assert!(!takes_event(header, line), "{line}");
    }
    // The one line that the reader accepts and the schema does not: an object that was never
    // declared has no type to compare its state with. The judge refuses it.
    let undeclared = r#"{"event":"load","replica":"a","object":"?","state":7}"#;
    assert!(!schema.accepts_event(undeclared));
    assert!(takes_event(HEADER, undeclared));
}

/// Every event and operation with its required and its optional fields.
const KINDS: [(&str, &[&str], &[&str]); 22] = [
    ("op increment", &["replica", "object"], &["amount", "id", "user"]),
    ("op write", &["replica", "object", "value"], &["timestamp", "id", "user"]),
    ("op add", &["replica", "object", "element"], &["id", "user"]),
    ("op remove", &["replica", "object", "element"], &["id", "user"]),
    ("op put", &["replica", "object", "key", "value"], &["timestamp", "id", "user"]),
    ("op delete", &["replica", "object", "key"], &["timestamp", "id", "user"]),
    ("op append", &["replica", "object", "entry"], &["timestamp", "id", "user"]),
    ("send", &["replica", "message"], &["to", "objects", "since", "operations"]),
    ("receive", &["replica", "message"], &[]),
    ("merge", &["replica", "from"], &["objects"]),
    ("sync", &["replicas"], &["objects"]),
    ("save", &["replica", "snapshot"], &[]),
    ("restore", &["replica", "snapshot"], &[]),
    ("load", &["replica", "object", "state"], &[]),
    ("note", &["text"], &[]),
    ("read", &["replica", "object", "value"], &["element", "key"]),
    ("vector", &["replica", "vector"], &["object"]),
    ("digest", &["replica", "digest"], &["object", "algorithm"]),
    ("converged", &["replicas"], &[]),
    ("decisions", &["replica", "object", "decisions"], &[]),
    ("notices", &["replica", "user", "notices"], &[]),
    ("state", &["replica", "object", "state"], &[]),
];

type Text = BoxedStrategy<String>;

fn one_of(texts: &'static [&'static str]) -> Text {
    prop::sample::select(texts).prop_map(String::from).boxed()
}

fn quoted(text: impl Strategy<Value = String> + 'static) -> Text {
    text.prop_map(|text| Value::from(text).to_string()).boxed()
}

fn name() -> Text {
    quoted(
        prop_oneof![30 => one_of(&["a", "b", "x-a", "ü"]), 1 => "[a-c]{0,2}", 1 => any::<String>()],
    )
}

fn array(items: Text) -> Text {
    prop::collection::vec(items, 0..4).prop_map(|items| format!("[{}]", items.join(","))).boxed()
}

/// An object with some of these members, each at most once.
fn object(members: Vec<(Text, Text)>) -> Text {
    let members: Vec<_> = members
        .into_iter()
        .map(|(name, value)| prop::option::weighted(0.96, (name, value)))
        .collect();
    let object = members.prop_map(|members| {
        let mut seen = Vec::new();
        for (name, value) in members.into_iter().flatten() {
            if !seen.iter().any(|(known, _)| *known == name) {
                seen.push((name, value));
            }
        }
        let members: Vec<_> = seen.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        format!("{{{}}}", members.join(","))
    });
    object.boxed()
}

fn record(fields: &'static [&'static str]) -> Text {
    let own = (one_of(&["\"x-a\"", "\"y\""]), one_of(&["1", "{}"]));
    let mut members: Vec<_> =
        fields.iter().map(|field| (quoted(Just((*field).to_owned())), value_of(field))).collect();
    let plain = object(members.clone());
    members.push(own);
    prop_oneof![9 => plain, 1 => object(members)].boxed()
}

fn any_json() -> Text {
    one_of(&[
        "null",
        "true",
        "0",
        "-1",
        "1.5",
        "\"\"",
        "\"a\"",
        "[]",
        "[\"a\",\"a\"]",
        "{}",
        "{\"a\":[1]}",
    ])
}

fn count() -> Text {
    prop_oneof![
        any::<u64>().prop_map(|count| count.to_string()),
        any::<u32>().prop_map(|count| format!("\"{count}\"")),
        one_of(&[
            "0", "1", "1.0", "1e0", "10e-1", "-0", "\"0\"", "-1", "0.5", "\"00\"", "\"-1\"",
            "\"\"", "null"
        ]),
    ]
    .boxed()
}

/// A value that this field mostly may have.
fn value_of(field: &str) -> Text {
    let names = || array(name());
    let right = match field {
        "objects" | "since" | "operations" => names(),
        "replicas" => prop_oneof![names(), one_of(&[r#"["a","b"]"#, r#"["b","a"]"#])].boxed(),
        "object" => one_of(&["\"n\"", "\"r\"", "\"s\"", "\"m\"", "\"l\""]),
        "timestamp" | "amount" | "seq" => count(),
        "text" | "algorithm" => quoted(any::<String>()),
        "state" => {
            let shares = vec![(name(), count()), (name(), one_of(&["1e30", "1e300", "0.5"]))];
            let write = record(&["value", "timestamp", "replica"]);
            let writes = vec![(name(), write.clone()), (name(), write.clone())];
            let entry = record(&["entry", "timestamp", "replica", "seq"]);
            prop_oneof![
                object(shares),
                write,
                record(&["adds", "removes"]),
                object(writes),
                array(entry),
                any_json(),
            ]
            .boxed()
        }
        "adds" | "removes" => array(record(&["element", "replica", "seq"])),
        "value" | "entry" | "vector" | "digest" | "decisions" | "notices" => any_json(),
        _ => name(),
    };
    prop_oneof![30 => right, 1 => any_json()].boxed()
}

/// A line that is mostly an event: each field may be missing, wrong, or one of another event.
fn event_line() -> Text {
    let of_kind = |(kind, required, optional): (
        &'static str,
        &'static [&'static str],
        &'static [&'static str],
    )| {
        let mut members = Vec::new();
        for (field, word) in ["event", "op"].into_iter().zip(kind.split(' ')) {
            let word = prop_oneof![40 => quoted(Just(word.to_owned())), 1 => any_json()];
            members.push((Just(field.to_owned()).boxed(), word.boxed(), 0.98));
        }
        for (fields, weight) in [(required, 0.98), (optional, 0.4)] {
            for field in fields {
                members.push((Just((*field).to_owned()).boxed(), value_of(field), weight));
            }
        }
        members.push((
            one_of(&["x-a", "x-", "y", "x", "X-a", "value", "key", "timestamp", "from"]),
            any_json(),
            0.2,
        ));
        let members: Vec<_> = members
            .into_iter()
            .map(|(name, value, weight)| prop::option::weighted(weight, (quoted(name), value)))
            .collect();
        members.prop_map(|members| {
            let mut lines: Vec<String> = Vec::new();
            for (name, value) in members.into_iter().flatten() {
                if !lines.iter().any(|line| line.starts_with(&format!("{name}:"))) {
                    lines.push(format!("{name}:{value}"));
                }
            }
            format!("{{{}}}", lines.join(","))
        })
    };
    prop::sample::select(&KINDS[..]).prop_flat_map(of_kind).boxed()
}

/// A line that is mostly a header.
fn header_line() -> Text {
    let key = |text: &'static str| quoted(Just(text.to_owned()));
    let mostly = |right: Text| prop_oneof![15 => right, 1 => any_json()].boxed();
    let kinds = &["\"g-counter\"", "\"lww-register\"", "\"or-set\"", "\"lww-map\"", "\"log\""];
    let kind = (key("type"), mostly(one_of(kinds)));
    let priority = (key("priority"), mostly(one_of(&["\"high\"", "\"medium\"", "\"low\""])));
    let own = (one_of(&["\"x-a\"", "\"x-\"", "\"x-b\"", "\"y\""]), any_json());
    let declaration =
        prop_oneof![object(vec![kind.clone()]), object(vec![kind, priority, own.clone()])].boxed();
    let objects = object(vec![(name(), mostly(declaration.clone())), (name(), declaration)]);
    let version = mostly(quoted(any::<String>()));
    let implementation =
        object(vec![(key("name"), version.clone()), (key("version"), version), own.clone()]);
    let replicas = (name(), array(name())).prop_map(|(first, rest)| match rest.as_str() {
        "[]" => format!("[{first}]"),
        rest => format!("[{first},{}", &rest[1..]),
    });
    let required = vec![
        (key("trace"), mostly(key("rejoin/1"))),
        (key("replicas"), mostly(replicas.boxed())),
        (key("objects"), mostly(objects)),
    ];
    let mut all = required.clone();
    all.extend([
        (key("stamps"), mostly(one_of(&["\"explicit\"", "\"own\""]))),
        (key("implementation"), mostly(implementation)),
        (key("note"), mostly(quoted(any::<String>()))),
        own,
    ]);
    prop_oneof![object(required), object(all)].boxed()
}

/// Headers that declare objects of one type each, with explicit and with own stamps.
fn headers() -> Vec<String> {
    let of_type = |kind| {
        let names = ["n", "r", "s", "m", "l"];
        let objects = names.map(|name| format!("\"{name}\":{{\"type\":\"{kind}\"}}")).join(",");
        ["explicit", "own"].map(|stamps| {
            format!(r#"{{"trace":"rejoin/1","replicas":["a"],"objects":{{{objects}}},"stamps":"{stamps}"}}"#)
        })
    };
    let kinds = [
        "g-counter",
        "lww-register",
        "or-set",
        "lww-map",
        "log",
        "pn-counter",
        "g-set",
        "2p-set",
        "rw-set",
        "ew-flag",
        "dw-flag",
        "mv-register",
        "mv-map",
        "max-register",
        "min-register",
        "list",
        "opaque",
    ];
    kinds.into_iter().flat_map(of_type).collect()
}

thread_local! {
    static SCHEMA: Schema = Schema::load();
    static HEADERS: Vec<String> = headers();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn a_header_is_taken_exactly_if_it_validates(line in header_line()) {
        prop_assert_eq!(takes_header(&line), SCHEMA.with(|schema| schema.accepts_header(&line)));
    }

    #[test]
    fn an_event_is_taken_under_some_header_exactly_if_it_validates(line in event_line()) {
        let accepted = SCHEMA.with(|schema| schema.accepts_event(&line));
        let takes = |header: &String| takes_event(header, &line);
        let value: Value = serde_json::from_str(&line).expect("JSON");
        // Only the first five types have explicit states; loading another type is ill-formed,
        // whatever the state.
        let count = if value["event"] == "load" { 2 * 5 } else { usize::MAX };
        let taken = HEADERS.with(|headers| headers.iter().take(count).any(takes));
        let declared = ["n", "r", "s", "m", "l"].iter().any(|name| value["object"] == **name);
        if value["event"] == "load" && !declared {
            prop_assert!(taken || !accepted);
        } else {
            prop_assert_eq!(accepted, taken);
        }
    }
}
