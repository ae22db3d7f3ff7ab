//! `oracle view`: the page is one file that needs no other, runs nothing from a trace, and says of
//! each state and each message what the judge says.

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::GzDecoder;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A page, and the exit code with which it was written.
struct Page {
    code: Option<i32>,
    html: String,
    head: Value,
}

impl Page {
    /// A section, unpacked.
    fn section(&self, id: &str) -> Value {
        let open = format!("<script type=\"application/octet-stream\" id=\"{id}\">");
        let (_, rest) = self.html.split_once(&open).unwrap();
        let (packed, _) = rest.split_once("</script>").unwrap();
        let bytes = STANDARD.decode(packed).unwrap();
        serde_json::from_reader(GzDecoder::new(&bytes[..])).unwrap()
    }
}

/// The page of a trace that comes by standard input.
fn page(trace: &str) -> Page {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oracle"));
    command.args(["view", "-", "-o", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || input.write_all(trace.as_bytes()));
        child.wait_with_output().unwrap()
    });
    read(output.status.code(), String::from_utf8(output.stdout).unwrap())
}

fn read(code: Option<i32>, html: String) -> Page {
    let open = "<script type=\"application/json\" id=\"head\">";
    let (_, rest) = html.split_once(open).expect("there is a page");
    let head = serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap();
    Page { code, html, head }
}

fn scenarios() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/scenarios");
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    paths.sort();
    assert!(paths.len() > 100);
    paths
}

fn trace(replicas: &[&str], objects: Value, events: &[Value]) -> String {
    let header = json!({"trace": "rejoin/1", "replicas": replicas, "objects": objects});
    [header].iter().chain(events).map(|line| line.to_string() + "\n").collect()
}

fn add(replica: &str, element: &str) -> Value {
    json!({"event": "op", "replica": replica, "object": "s", "op": "add", "element": element})
}

fn send(replica: &str, message: &str) -> Value {
    json!({"event": "send", "replica": replica, "message": message})
}

fn receive(replica: &str, message: &str) -> Value {
    json!({"event": "receive", "replica": replica, "message": message})
}

fn set() -> Value {
    json!({"s": {"type": "or-set"}})
}

#[test]
fn the_page_needs_nothing_else() {
    let Page { html, code, .. } = page(&fs::read_to_string(&scenarios()[0]).unwrap());
    assert_eq!(code, Some(0));
    let elsewhere = html.replace("http://www.w3.org/2000/svg", "");
    for word in ["http:", "https:", "//cdn", " src=", "@import", "url(", "import(", "fetch("] {
        assert!(!elsewhere.contains(word), "{word}");
    }
    assert!(html.contains("default-src 'none'"), "nothing may be loaded from elsewhere");
    let references = html.split("href=\"").skip(1);
    assert!(references.clone().count() > 0 && references.clone().all(|to| to.starts_with('#')));
}

#[test]
fn names_from_a_trace_are_text_and_never_markup() {
    let hostile = [
        "</script><script>alert(1)</script>",
        "<!--<script>",
        "<img onerror=alert(1)>",
        "{{head}}{{rest}}",
        "\u{2028}\u{202e}`${alert(1)}`\\\"'&amp;",
    ];
    let objects = json!({"s": {"type": "or-set"}, hostile[0]: {"type": "lww-map"}});
    let mut events = vec![json!({"event": "note", "text": hostile.concat()})];
    for name in hostile {
        events.push(json!({"event": "op", "replica": name, "object": hostile[0], "op": "put",
            "key": name, "value": [name], "timestamp": 1, "user": name}));
        events.push(
            json!({"event": "read", "replica": name, "object": hostile[0], "value": {name: 0}}),
        );
        events.push(json!({"event": "failed", "replica": name, "text": name}));
    }
    let plain = page(&trace(&["a"], set(), &[add("a", "x")]));
    let page = page(&trace(&hostile, objects, &events));
    assert_eq!(page.code, Some(1));
    let tags = |page: &Page, tag: &str| page.html.to_lowercase().matches(tag).count();
    for tag in ["<script", "</script", "<!--", "<img"] {
        assert_eq!(tags(&page, tag), tags(&plain, tag), "{tag}");
    }
    assert_eq!(page.head["replicas"], json!(hostile));
    assert_eq!(page.section("rows")["kinds"].as_str().unwrap().len(), events.len());
}

#[test]
fn a_file_name_is_text_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let name = "<b>&{{head}}.jsonl";
    fs::write(folder.path().join(name), trace(&["a"], set(), &[add("a", "x")])).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_oracle"));
    let output = command.args(["view", name, "-o", "page.html"]).current_dir(folder.path());
    let output = output.output().unwrap();
    assert_eq!(output.status.code(), Some(2), "nothing is claimed");
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, "page.html: inconclusive: 1 event, 0 claims, 0 of them false\n");
    let html = fs::read_to_string(folder.path().join("page.html")).unwrap();
    assert!(html.contains("<title>&lt;b&gt;&amp;{{head}}.jsonl · oracle view</title>"));
    assert_eq!(read(None, html).head["file"], name);
}

/// What each object amounts to at a replica after a line, by the changes that the page holds.
fn amounts(page: &Page, states: &Value, replica: u64, last: u64) -> BTreeMap<u64, Value> {
    let numbers = |name: &str| -> Vec<u64> {
        states[name].as_array().unwrap().iter().map(|number| number.as_u64().unwrap()).collect()
    };
    let (lines, replicas, keys, answers) =
        (numbers("lines"), numbers("replicas"), numbers("keys"), numbers("answers"));
    let mut latest = BTreeMap::new();
    let mut line = 0;
    for at in 0..lines.len() {
        line += lines[at];
        if line <= last && replicas[at] == replica {
            latest.insert(keys[at] as usize, answers[at] as usize);
        }
    }
    let mut amounts = BTreeMap::new();
    let mut entries: BTreeMap<u64, BTreeMap<u64, Value>> = BTreeMap::new();
    for (key, answer) in latest {
        let Some(number) = answer.checked_sub(1) else { continue };
        let value: Value = serde_json::from_str(states["texts"][number].as_str().unwrap()).unwrap();
        let object = states["key_objects"][key].as_u64().unwrap();
        let kind = page.head["objects"][object as usize][1].as_str().unwrap();
        match (states["key_names"][key].as_str(), kind) {
            (None, _) => drop(amounts.insert(object, value)),
            (Some(_), "log") => {
                let rank = states["key_ranks"][key].as_u64().unwrap();
                entries.entry(object).or_default().insert(rank, value);
            }
            (Some(name), "lww-map" | "mv-map") => {
                let map = amounts.entry(object).or_insert(json!({}));
                map.as_object_mut().unwrap().insert(name.into(), value);
            }
            (Some(name), _) => {
                assert_eq!(value, json!(true));
                let set = amounts.entry(object).or_insert(json!([]));
                set.as_array_mut().unwrap().push(name.into());
            }
        }
    }
    for (object, entries) in entries {
        amounts.insert(object, entries.into_values().collect());
    }
    amounts
}

/// Where the order says nothing, the members of a list in one order, each once.
fn sorted(value: &Value, kind: &str) -> Value {
    let once = |value: &Value| match value.as_array() {
        Some(items) => {
            let items: BTreeMap<String, Value> =
                items.iter().map(|item| (item.to_string(), item.clone())).collect();
            items.into_values().collect()
        }
        None => value.clone(),
    };
    match (kind, value) {
        ("log", value) => value.clone(),
        ("mv-map", Value::Object(map)) => map
            .iter()
            .map(|(key, values)| (key.clone(), once(values)))
            .collect::<Map<_, _>>()
            .into(),
        (_, value) => once(value),
    }
}

fn nothing(kind: &str) -> Value {
    match kind {
        "g-counter" | "pn-counter" => json!(0),
        "lww-register" | "max-register" | "min-register" => Value::Null,
        "lww-map" | "mv-map" => json!({}),
        "ew-flag" | "dw-flag" => json!(false),
        _ => json!([]),
    }
}

#[test]
fn the_states_are_what_right_answers_say() {
    let mut compared = BTreeMap::<String, u32>::new();
    for path in scenarios() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let page = page(&text);
        let rejected = name.ends_with(".rejected.jsonl");
        assert_eq!(page.code, Some(i32::from(rejected)), "{name}");
        if rejected {
            assert!(page.head["found"].as_u64().unwrap() > 0);
            continue;
        }
        let states = page.section("states");
        let lines = page.section("lines");
        let written: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(lines, json!(written), "{name}");
        if page.head["stamps"] == "own" {
            continue;
        }
        for (number, line) in (2..).zip(written) {
            let line: Value = serde_json::from_str(line).unwrap();
            let is_part = ["element", "key"].iter().any(|field| line.get(field).is_some());
            if line["event"] != "read" || is_part {
                continue;
            }
            let place = |list: &Value, name: &Value| {
                let names = list.as_array().unwrap();
                names.iter().position(|of| of == name || of[0] == *name).unwrap() as u64
            };
            let replica = place(&page.head["replicas"], &line["replica"]);
            let object = place(&page.head["objects"], &line["object"]);
            let kind = page.head["objects"][object as usize][1].as_str().unwrap();
            if kind == "opaque" {
                continue;
            }
            let amounts = amounts(&page, &states, replica, number);
            let amount = amounts.get(&object).cloned().unwrap_or_else(|| nothing(kind));
            let claimed = match &line["value"] {
                Value::String(digits) if kind.ends_with("counter") => {
                    serde_json::from_str(digits).unwrap()
                }
                value => value.clone(),
            };
            let (amount, claimed) = (sorted(&amount, kind), sorted(&claimed, kind));
            assert!(
                amount == claimed || amount.as_f64().is_some_and(|a| claimed.as_f64() == Some(a)),
                "{name}:{number}: the page says {amount}, and right is {claimed}"
            );
            *compared.entry(kind.into()).or_default() += 1;
        }
    }
    let kinds: BTreeSet<&str> = compared.keys().map(String::as_str).collect();
    for kind in ["g-counter", "lww-register", "or-set", "lww-map", "log", "pn-counter", "mv-map"] {
        assert!(kinds.contains(kind), "{kind} is in {compared:?}");
    }
}

#[test]
fn the_fate_of_each_message_is_shown() {
    let relays = json!({"event": "send", "replica": "b", "message": "m4", "relays": ["m3"]});
    let events = [
        add("a", "x"),
        send("a", "m1"),
        add("a", "y"),
        send("a", "m2"),
        add("a", "z"),
        send("a", "m3"),
        receive("b", "m2"),
        receive("b", "m1"),
        receive("b", "m1"),
        relays,
        receive("c", "m4"),
        json!({"event": "sync", "replicas": ["a", "c"]}),
        json!({"event": "save", "replica": "a", "snapshot": "s"}),
        json!({"event": "restore", "replica": "a", "snapshot": "s"}),
    ];
    let page = page(&trace(&["a", "b", "c"], set(), &events));
    let rows = page.section("rows");
    assert_eq!(rows["kinds"], "osososrrrsryvt");
    // 1 lost, 2 repeated, 4 overtaken: m3 is not applied itself.
    assert_eq!(rows["flags"], json!([0, 0, 0, 0, 0, 1, 0, 4, 6, 0, 0, 0, 0, 0]));
    assert_eq!(rows["back"], json!([0, 0, 0, 0, 0, 0, 3, 6, 7, 0, 1, 0, 0, 1]));
    assert_eq!(rows["brought"], json!([1, 0, 1, 0, 1, 0, 2, 0, 0, 0, 3, 0, 0, 0]));
    assert_eq!(rows["held_back"], json!([[11, [7]]]));
    assert_eq!(rows["named"], json!([[11, [7]]]));
}

#[test]
fn conflicts_name_their_decisions() {
    let remove =
        json!({"event": "op", "replica": "b", "object": "s", "op": "remove", "element": "x"});
    let sync = json!({"event": "sync", "replicas": ["a", "b"]});
    let events = [add("a", "x"), sync.clone(), add("a", "x"), remove, sync, add("b", "x")];
    let page = page(&trace(&["a", "b"], set(), &events));
    let (rows, states) = (page.section("rows"), page.section("states"));
    assert_eq!(rows["conflicts"], json!([[6, 1, 0], [7, 0, 1]]));
    assert_eq!(states["conflicts"], json!([[[4], [5]]]));
}

#[test]
fn a_trace_that_is_none_is_shown_up_to_there() {
    let good = trace(&["a"], set(), &[add("a", "x")]);
    let page = page(&format!("{good}{{\"event\":\"no\"}}\n"));
    assert_eq!(page.code, Some(3));
    assert_eq!(page.head["error"]["line"], 3);
    assert_eq!(page.section("lines").as_array().unwrap().len(), 1);
    assert_eq!(self::page("").head["verdict"], "malformed");
    let twice = self::page(&trace(&["a", "a"], set(), &[add("a", "x")]));
    assert_eq!((twice.code, &twice.head["verdict"]), (Some(3), &json!("ill-formed")));
}

#[test]
fn what_cannot_be_done_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let good = trace(&["a"], set(), &[add("a", "x")]);
    for name in ["a.jsonl", "b.jsonl"] {
        fs::write(folder.path().join(name), &good).unwrap();
    }
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oracle"));
        let output = command.arg("view").args(arguments).current_dir(folder.path()).output();
        let output = output.unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    for pages in ["-", "a.jsonl"] {
        let (code, said) = run(&[".", "-o", pages]);
        assert_eq!(code, 64);
        assert!(said.contains("the pages of a folder need a folder"), "{said}");
    }
    assert_eq!(fs::read_to_string(folder.path().join("a.jsonl")).unwrap(), good, "it is kept");
    assert_eq!(run(&["c.jsonl", "-o", "page.html"]).0, 66);
    assert_eq!(run(&["a.jsonl"]).0, 64, "the page needs a name");
    let (code, said) = run(&["a.jsonl", "-o", "no/such/page.html"]);
    assert_eq!(code, 70);
    assert!(said.contains("no/such/page.html: the page cannot be written: "), "{said}");
}

#[test]
fn a_folder_has_a_page_for_each_trace_and_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join("traces").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let read =
        |value: &[&str]| json!({"event": "read", "replica": "a", "object": "s", "value": value});
    let good = trace(&["a"], set(), &[add("a", "x"), read(&["x"])]);
    let bad = trace(&["a"], set(), &[add("a", "x"), read(&[])]);
    write("good.jsonl", &good);
    write("deep/ü 1%<b>\"{{rows}}.jsonl", &bad);
    write("broken.jsonl", "{}\n");
    std::os::unix::fs::symlink("gone", folder.path().join("traces/missing.jsonl")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_oracle"));
    let command = command.args(["view", "traces", "-o", "new/pages"]).current_dir(folder.path());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(66), "the gravest of all");
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        said,
        "new/pages/index.html: 4 traces: 1 malformed, 1 with false claims, 1 conforming, 1 unreadable\n"
    );
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("traces/missing.jsonl: there is no such file or folder"), "{said}");

    let pages = folder.path().join("new/pages");
    let index = fs::read_to_string(pages.join("index.html")).unwrap();
    let rows: Vec<&str> = index.lines().filter(|line| line.starts_with("<tr><td>")).collect();
    let expected = [
        ("<a href=\"broken.jsonl.html\">broken.jsonl</a>", "malformed", "line 1: "),
        (
            "<a href=\"deep/%C3%BC%201%25%3Cb%3E%22%7B%7Brows%7D%7D.jsonl.html\">\
             deep/ü 1%&lt;b&gt;\"{{rows}}.jsonl</a>",
            "discrepancy",
            "1 of 1 claim is false. Line 3, or-set/value: set `s` at `a` has other elements",
        ),
        ("<a href=\"good.jsonl.html\">good.jsonl</a>", "conforms", "1 claim holds"),
        ("missing.jsonl", "unreadable", "there is no such file or folder"),
    ];
    assert_eq!(rows.len(), expected.len(), "{index}");
    for (row, (link, verdict, said)) in rows.iter().zip(expected) {
        assert!(row.contains(&format!("<td>{link}</td>")), "{row}");
        assert!(row.contains(&format!("\">{verdict}</td>")) && row.contains(said), "{row}");
    }
    // Each page is the one that its trace has alone, but for the name of the trace.
    let alone = page(&good).html.replacen("<title>-", "<title>traces/good.jsonl", 1);
    let alone = alone.replacen("\"file\":\"-\"", "\"file\":\"traces/good.jsonl\"", 1);
    assert!(fs::read_to_string(pages.join("good.jsonl.html")).unwrap() == alone);
    assert!(pages.join("deep/ü 1%<b>\"{{rows}}.jsonl.html").is_file());
    // Neither the index nor the pages ask for anything.
    assert!(!index.contains("<script") && !index.contains("src="));
}

#[test]
fn a_page_is_smaller_than_its_trace() {
    let mut events = Vec::new();
    for i in 0..20_000 {
        let (replica, other) = [("a", "b"), ("b", "a")][i % 2];
        events.push(add(replica, &format!("element_{}", i * 7919 % 5_000)));
        if i % 5 == 0 {
            events.push(send(replica, &format!("m{i}")));
            events.push(receive(other, &format!("m{i}")));
        }
    }
    let text = trace(&["a", "b"], set(), &events);
    let page = page(&text);
    assert!(page.html.len() < text.len() / 2, "{} of {}", page.html.len(), text.len());
    // A recorded history that does not ship, where there is one: 13,312 operations of six replicas.
    let Some(traces) = std::env::var_os("REJOIN_TRACES") else { return };
    let mut command = Command::new(env!("CARGO_BIN_EXE_oracle"));
    let recorded = Path::new(&traces).join("raft.jsonl.gz");
    let output = command.arg("view").arg(recorded).args(["-o", "-"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.len() < 5_000_000, "{}", output.stdout.len());
}
