//! Two replicas work apart, sync, and are the same; and what `show` says of their conflicts.

use super::terminal::{Desk, Terminal, check, finish, oracle};

/// Ana approves what Ben rejects, apart.
fn apart() -> Desk {
    let desk = Desk::new(&["server", "laptop"]);
    desk.edit("laptop", &["add", "approved", "orders.total", "--user", "ana"]);
    desk.edit("server", &["remove", "approved", "orders.total", "--user", "ben"]);
    desk.edit("laptop", &["increment", "progress/records", "1200"]);
    desk.edit("server", &["increment", "progress/records", "300"]);
    desk.edit("laptop", &["put", "progress/tables", "orders", "done"]);
    desk.edit("server", &["put", "progress/tables", "orders", r#"{"rows":17}"#, "--user", "ben"]);
    desk.edit("server", &["write", "configuration", r#"{"target":"postgres"}"#]);
    desk.edit("laptop", &["append", "conversation", "How shall \"totals\" be mapped?"]);
    desk.edit("laptop", &["put", "patterns", "p1", "null"]);
    desk.edit("laptop", &["increment", "metrics"]);
    desk
}

#[test]
fn edited_apart_they_become_the_same_and_show_the_merge_decision() {
    let desk = apart();
    desk.meet("server", "laptop");
    let shown = desk.show("laptop");
    for part in [
        "progress/records (g-counter, high): 1500\n",
        "approved (or-set, high):\n  orders.total\n",
        "configuration (lww-register, medium): {\"target\":\"postgres\"}\n",
        "conversation (log, medium):\n  \"How shall \\\"totals\\\" be mapped?\"\n",
        "open merge decision: approved orders.total\n  effective:  added by ana at laptop, 20",
        "\n  overruled:  removed by ben at server, 20",
        "\n  notify:  ben\n",
        "conflict on orders.total: ana at laptop added won over ben at server removed; open\n",
    ] {
        assert!(shown.contains(part), "{part:?} is not in\n{shown}");
    }
    // Ben looks at both, and decides again. That closes it, and the record keeps all three.
    desk.edit("server", &["remove", "approved", "orders.total", "--user", "ben"]);
    desk.meet("server", "laptop");
    let shown = desk.show("laptop");
    assert!(!shown.contains("open merge decision: approved"), "{shown}");
    assert!(shown.contains("; closed by ben at server removed\n"), "{shown}");
    assert_eq!(shown.matches("Z: ana at laptop added orders.total").count(), 1, "{shown}");
    assert_eq!(shown.matches("Z: ben at server removed orders.total").count(), 2, "{shown}");
    desk.conforms(&["server", "laptop"]);
}

/// One object of each further type, edited apart by Ana and Ben.
#[test]
fn every_type_is_edited_and_becomes_the_same() {
    let desk = Desk::new(&["server", "laptop"]);
    desk.edit("laptop", &["increment", "budget", "3"]);
    desk.edit("server", &["decrement", "budget", "5"]);
    desk.edit("laptop", &["add", "permitted", "orders", "--user", "ana"]);
    desk.edit("server", &["remove", "permitted", "orders", "--user", "ben"]);
    desk.edit("laptop", &["enable", "needs-help", "--user", "ana"]);
    desk.edit("server", &["disable", "needs-help", "--user", "ben"]);
    desk.edit("laptop", &["enable", "running", "--user", "ana"]);
    desk.edit("server", &["disable", "running", "--user", "ben"]);
    desk.edit("laptop", &["write", "title", "one"]);
    desk.edit("server", &["write", "title", "two"]);
    desk.edit("laptop", &["put", "notes", "orders", "big"]);
    desk.edit("server", &["put", "notes", "orders", "slow"]);
    desk.edit("server", &["put", "notes", "users", "3"]);
    desk.edit("server", &["delete", "notes", "users"]);
    for table in ["largest-table", "smallest-table"] {
        desk.edit("laptop", &["write", table, "-17"]);
        desk.edit("server", &["write", table, "18446744073709551615"]);
        let refused = ["edit", &desk.file("laptop"), "write", table, "many"];
        let run = finish(oracle().arg("sync").args(refused));
        assert_eq!(run.code, Some(64), "{run:?}");
        assert!(run.err.contains("takes an integer from -9223372036854775808"), "{run:?}");
    }
    desk.meet("server", "laptop");
    let shown = desk.show("laptop");
    for part in [
        "budget (pn-counter, medium): -2\n",
        "permitted (rw-set, medium): nothing\n",
        "needs-help (ew-flag, medium): enabled\n",
        "running (dw-flag, medium): disabled\n",
        "title (mv-register, medium):\n  \"one\"\n  \"two\"\n",
        "notes (mv-map, medium):\n  orders: \"big\" and \"slow\"\n",
        "largest-table (max-register, medium): 18446744073709551615\n",
        "smallest-table (min-register, medium): -17\n",
        "open merge decision: needs-help\n  effective:  enabled by ana at laptop\n",
        "open merge decision: permitted orders\n  effective:  removed by ben at server\n",
        "open merge decision: running\n  effective:  disabled by ben at server\n",
    ] {
        assert!(shown.contains(part), "{part:?} is not in\n{shown}");
    }
    // Ana sees that it was stopped, and starts it all the same.
    desk.edit("laptop", &["enable", "running", "--user", "ana"]);
    desk.edit("laptop", &["write", "title", "null"]);
    desk.meet("server", "laptop");
    let shown = desk.show("server");
    assert!(shown.contains("running (dw-flag, medium): enabled\n"), "{shown}");
    assert!(!shown.contains("open merge decision: running"), "{shown}");
    assert!(shown.contains("title (mv-register, medium): nothing\n"), "{shown}");
    let trace = desk.conforms(&["server", "laptop"]);
    let path = desk.path("false.jsonl");
    for (right, wrong) in [
        (r#""object":"budget","value":"-2""#, r#""object":"budget","value":"-1""#),
        (r#""object":"running","value":true"#, r#""object":"running","value":false"#),
    ] {
        let claim = trace.lines().rfind(|line| line.contains(right));
        let claim = claim.unwrap_or_else(|| panic!("{right} is not claimed"));
        std::fs::write(&path, trace.replacen(claim, &claim.replace(right, wrong), 1)).unwrap();
        assert_eq!(check(&path).code, Some(1), "{wrong}");
    }
}

#[test]
fn the_trace_of_two_processes_conforms_and_a_falsified_one_does_not() {
    let desk = apart();
    desk.meet("server", "laptop");
    // In one order or the other.
    desk.conforms(&["laptop", "server"]);
    let trace = desk.conforms(&["server", "laptop"]);
    let path = desk.path("false.jsonl");
    let count = r#""object":"progress/records","value":"1500""#;
    let claim = trace.lines().rfind(|line| line.contains(count)).expect("it is claimed");
    for (right, wrong) in [
        (claim, claim.replace("1500", "1499")),
        ("\"amount\":300", "\"amount\":301".into()),
        // The later write, which all have read.
        (r#""value":{"rows":17},"timestamp""#, r#""value":{"rows":18},"timestamp""#.into()),
    ] {
        assert!(trace.contains(right), "{right} is not in\n{trace}");
        std::fs::write(&path, trace.replace(right, &wrong)).unwrap();
        let run = check(&path);
        assert_eq!(run.code, Some(1), "{right}: {run:?}");
    }
    // Without one of the two, what the other received is not known.
    let run = finish(oracle().args(["sync", "trace", &desk.file("laptop")]));
    assert_eq!(run.code, Some(64), "{run:?}");
    assert!(run.err.contains("`laptop` received a message of `server` that none"), "{run:?}");
}

#[test]
fn edits_at_a_connection_arrive_at_once_on_both_sides() {
    let desk = Desk::new(&["server", "laptop", "phone"]);
    let mut server = desk.serve("server", &[]);
    let mut laptop = Terminal::connect(&desk.file("laptop"), &server.address, &[]);
    let mut phone = Terminal::connect(&desk.file("phone"), &server.address, &[]);
    for client in [&laptop, &phone] {
        client.until("synced with server");
    }
    laptop.type_in("add approved \"order lines\" --user ana");
    laptop.until("kept: ");
    phone.until("from server: approved: 1 changed");
    server.terminal.type_in("put patterns p 17");
    phone.until("from server: patterns: 1 changed");
    laptop.until("from server: patterns: 1 changed");
    phone.type_in("nonsense");
    phone.until("error: unrecognized subcommand 'nonsense'");
    phone.type_in("add conversation x");
    phone.until("error: object \"conversation\": it is of type log, not or-set");
    phone.type_in("add approved x");
    phone.until("say who, with --user NAME");
    phone.type_in("show");
    phone.until("order lines");
    phone.until("ana at laptop added");
    drop((laptop, phone, server));
    assert_eq!(desk.state("laptop"), desk.state("phone"));
    assert_eq!(desk.state("laptop"), desk.state("server"));
    desk.conforms(&["server", "laptop", "phone"]);
}

#[test]
fn what_is_typed_is_kept_as_it_is_or_refused() {
    let desk = Desk::new(&["server"]);
    let mut server = desk.serve("server", &[]);
    // A text that no hash contains, since hashes are hexadecimal digits.
    server.terminal.type_in(b"add approved zo\xeb --user ana");
    server.terminal.until("this line is not UTF-8");
    server.terminal.type_in("add approved zoë --user ana");
    server.terminal.until("kept");
    server.terminal.type_in(vec![b'x'; (2 << 20) + 1]);
    server.terminal.until("no further line is read");
    drop(server);
    let state = desk.state("server");
    assert_eq!(state.matches("zo").count(), state.matches("zoë").count(), "{state}");
    assert!(state.contains("zoë"), "{state}");
}

#[test]
fn every_refusal_says_what_was_found() {
    let desk = Desk::new(&["server", "laptop"]);
    let file = desk.file("laptop");
    let refused = |arguments: &[&str], code: i32, text: &str| {
        let run = finish(oracle().arg("sync").args(arguments));
        assert_eq!(run.code, Some(code), "{arguments:?}: {run:?}");
        assert!(run.err.contains(text), "{text:?} is not in {run:?}");
    };
    refused(&["init", &file, "--name", "laptop"], 66, "File exists");
    refused(&["show", &desk.file("none")], 66, "No such file");
    refused(&["edit", &file, "add", "nothing", "x"], 64, "no such object; there are approved,");
    refused(&["edit", &file, "add", "approved", "x"], 64, "say who, with --user NAME");
    refused(&["edit", &file, "increment", "metrics", "0"], 64, "0 is not in 1..");
    refused(&["edit", &file, "add", "conversation", "x"], 64, "type log, not or-set");
    refused(&["connect", &file, "127.0.0.1:1", "--once"], 2, "cannot reach 127.0.0.1:1: ");
    for (name, bytes) in [("empty", &b""[..]), ("text", b"a text\n"), ("long", &[7; 9999])] {
        let path = desk.path(name);
        std::fs::write(&path, bytes).unwrap();
        refused(&["show", path.to_str().unwrap()], 66, "not the file of a replica");
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
    let server = desk.serve("server", &[]);
    refused(&["show", &desk.file("server")], 66, "another process has this replica open");
    // A copy of the server's own file is no peer to sync with, under any name.
    drop(server);
    std::fs::copy(desk.file("server"), desk.file("copy")).unwrap();
    let server = desk.serve("server", &[]);
    let copy = desk.file("copy");
    refused(&["connect", &copy, &server.address, "--once"], 2, "both sides are called \"server\"");
}

/// A file that is restored from a backup lacks operations that others have, and writes others under
/// their names. Said beforehand or not, all is kept, and the trace of both files conforms.
#[test]
fn a_file_put_back_from_a_backup_loses_nothing() {
    for is_said in [true, false] {
        let desk = Desk::new(&["server", "laptop"]);
        let edit = |element: &str| {
            desk.edit("laptop", &["add", "approved", element, "--user", "ana"]);
            desk.edit("laptop", &["increment", "metrics"]);
            desk.edit("laptop", &["put", "progress/tables", element, "done"]);
        };
        edit("first");
        std::fs::copy(desk.file("laptop"), desk.path("backup")).unwrap();
        edit("before");
        desk.meet("server", "laptop");
        std::fs::copy(desk.file("laptop"), desk.file("lost")).unwrap();
        std::fs::copy(desk.path("backup"), desk.file("laptop")).unwrap();
        if is_said {
            desk.sync(&["restored", &desk.file("laptop")]);
        }
        edit("after");
        let server = desk.serve("server", &[]);
        let out = desk.sync(&["connect", &desk.file("laptop"), &server.address, "--once"]);
        assert_eq!(out.contains("the disk of laptop was restored"), !is_said, "{out}");
        assert!(out.contains("high the same, medium the same, low the same"), "{out}");
        server.terminal.until("left");
        drop(server);
        assert_eq!(desk.state("server"), desk.state("laptop"));
        let shown = desk.show("server");
        for element in ["first", "before", "after"] {
            assert!(shown.contains(&format!("\n  {element}\n")), "{shown}");
            assert!(shown.contains(&format!("\n  {element}: \"done\"\n")), "{shown}");
        }
        assert!(shown.contains("metrics (g-counter, low): 3\n"), "{shown}");
        let trace = desk.conforms(&["server", "lost", "laptop"]);
        assert_eq!(trace.matches("\"event\":\"restore\"").count(), 1, "{trace}");
        // It was found once and for all.
        let server = desk.serve("server", &[]);
        let out = desk.sync(&["connect", &desk.file("laptop"), &server.address, "--once"]);
        assert!(!out.contains("was restored"), "{out}");
    }
}

/// A file that runs on two devices: both go on, in turns, and nothing of either is lost.
#[test]
fn a_copied_file_on_two_devices_loses_nothing() {
    let desk = Desk::new(&["server", "laptop"]);
    desk.edit("laptop", &["increment", "metrics"]);
    std::fs::copy(desk.file("laptop"), desk.file("copy")).unwrap();
    for name in ["laptop", "copy", "copy", "laptop"] {
        desk.edit(name, &["increment", "metrics"]);
        desk.edit(name, &["append", "conversation", name]);
        let server = desk.serve("server", &[]);
        let out = desk.sync(&["connect", &desk.file(name), &server.address, "--once"]);
        assert!(out.contains("high the same, medium the same, low the same"), "{out}");
    }
    desk.meet("server", "copy");
    let shown = desk.show("copy");
    assert!(shown.contains("metrics (g-counter, low): 5\n"), "{shown}");
    assert_eq!(shown.matches("  \"laptop\"\n").count(), 2, "{shown}");
    assert_eq!(shown.matches("  \"copy\"\n").count(), 2, "{shown}");
    desk.conforms(&["server", "laptop", "copy"]);
}

/// The store keeps what changed, edit by edit. It does not grow with the edits of one key for ever.
#[test]
fn a_file_does_not_grow_with_the_edits_of_one_key() {
    let desk = Desk::new(&[]);
    let file = desk.file("laptop");
    desk.sync(&["init", &file, "--name", "laptop"]);
    let mut server = desk.serve("laptop", &[]);
    let mut most = 0;
    for number in 0..300 {
        let text = format!("{number} {}", "x".repeat(4000));
        server.terminal.type_in(format!("put patterns p \"{text}\""));
        server.terminal.until("kept: ");
        most = most.max(std::fs::metadata(&file).unwrap().len());
    }
    server.terminal.type_in("show");
    let last = server.terminal.until("  p: ");
    assert!(last.starts_with("  p: \"299 xxx"), "{last}");
    drop(server);
    assert!(desk.show("laptop").contains(&last), "what was shown is there");
    println!("1.2 MB of edits: a file of {most} bytes at most");
    assert!(most < 1_000_000, "{most} bytes");
}

#[test]
fn many_decisions_are_shown_by_pages() {
    let desk = Desk::new(&["server", "laptop"]);
    for number in 0..22 {
        let verb = ["add", "remove"][number % 2];
        desk.edit("laptop", &[verb, "approved", "roof", "--user", "ana"]);
    }
    desk.edit("server", &["remove", "approved", "boiler", "--user", "ben"]);
    desk.edit("laptop", &["add", "approved", "boiler", "--user", "ana"]);
    desk.meet("server", "laptop");
    let shown = desk.show("laptop");
    assert!(shown.contains("\n  4 older ones; see them by --decisions approved\n"), "{shown}");
    let page = |more: &[&str]| {
        let file = desk.file("laptop");
        desk.sync(&[&["show", file.as_str(), "--decisions", "approved"], more].concat())
    };
    let all = page(&[]);
    assert!(
        all.starts_with("24 decisions on record of approved, 1 conflicts: page 1 of 1\n"),
        "{all}"
    );
    assert_eq!(all.matches("Z: ana at laptop").count(), 23, "{all}");
    let one = page(&["--key", "boiler"]);
    assert!(one.starts_with("2 decisions on record of approved on boiler, 1 conflicts"), "{one}");
    assert!(
        one.contains("conflict on boiler: ana at laptop added won over ben at server removed"),
        "{one}"
    );
    assert_eq!(page(&["--page", "2"]).lines().count(), 1);
}
