//! The traces of docs/record.md have the verdicts that stand above them, and what the page says of
//! recording them otherwise is so. The engines that docs/verification.md lists for each type follow it.

use rejoin::object::TraceType;
use rejoin_judge::{EngineName, Options, Verdict, check};

const PAGE: &str = include_str!("../../docs/record.md");

/// What is found in a trace: `conforms`, or each rule with its line.
fn verdict(trace: &str) -> String {
    let report = check(|| Ok(trace.as_bytes()), &Options::default()).expect("memory can be read");
    assert_eq!(report.error, None, "{trace}");
    if report.verdict == Verdict::Conforms {
        return "conforms".into();
    }
    let findings = report.findings.iter();
    let findings = findings.map(|finding| format!("{} on line {}", finding.rule, finding.line));
    findings.collect::<Vec<_>>().join(", ")
}

/// The traces of the page in their order, each with the verdict that stands above it.
fn traces() -> Vec<(&'static str, &'static str)> {
    let blocks = PAGE.split("\n```jsonl\n").collect::<Vec<_>>();
    let trace = |pair: &[&'static str]| {
        let comment = pair[0].rsplit('\n').next().expect("a text has a last line");
        let verdict = comment.strip_prefix("<!-- judged: ").and_then(|it| it.strip_suffix(" -->"));
        let (trace, _) = pair[1].split_once("\n```").expect("a block ends");
        (trace, verdict.expect("a trace stands below its verdict"))
    };
    blocks.windows(2).map(trace).collect()
}

#[test]
fn each_trace_has_the_verdict_above_it() {
    let traces = traces();
    for (trace, expected) in &traces {
        assert_eq!(verdict(trace), *expected, "{trace}");
    }
    assert_eq!(traces.len(), 12);
    let rejected = traces.iter().filter(|(_, expected)| *expected != "conforms");
    assert_eq!(rejected.count(), 5);
}

/// The trace of the page below this heading.
fn below(heading: &str) -> String {
    let (before, _) = PAGE.split_once(heading).expect("the page has the heading");
    let number = before.matches("\n```jsonl\n").count();
    format!("{}\n", traces()[number].0)
}

fn without_line(trace: &str, number: usize) -> String {
    let mut lines: Vec<&str> = trace.lines().collect();
    lines.remove(number - 1);
    lines.join("\n")
}

#[test]
fn what_is_recorded_when_it_arrives_is_found_false() {
    let trace = below("## `receive` is when");
    let receive = "{\"event\":\"receive\",\"replica\":\"b\",\"message\":\"late\"}\n";
    let read = "{\"event\":\"read\",\"replica\":\"b\",\"object\":\"l\",\"value\":[]}\n";
    let early = trace.replace(receive, "").replace(read, &format!("{receive}{read}"));
    assert_eq!(verdict(&early), "log/value on line 6");
}

#[test]
fn what_is_passed_on_unsaid_is_found_false() {
    let trace = below("## Updates that are held back");
    assert_eq!(verdict(&trace.replace(",\"relays\":[\"late\"]", "")), "log/value on line 9");
}

#[test]
fn a_fault_recorded_as_what_the_receiver_made_of_it_is_none() {
    let trace = below("## Record the content of a message");
    assert_eq!(verdict(&trace.replace("[\"o1\",\"o2\"]", "[\"o1\"]")), "conforms");
}

#[test]
fn a_difference_needs_the_message_that_stands_for_the_vector() {
    let trace = below("## A difference to a state vector");
    let unknown = without_line(&trace, 5);
    let report = check(|| Ok(unknown.as_bytes()), &Options::default()).expect("memory can be read");
    assert_eq!(report.verdict, Verdict::IllFormed);
}

#[test]
fn a_call_that_changes_nothing_and_is_left_out_is_not_judged() {
    let trace = below("## Calls that change nothing");
    assert_eq!(verdict(&without_line(&trace, 4)), "conforms");
}

#[test]
fn names_that_compare_otherwise_as_text_decide_otherwise() {
    let trace = below("## Names decide ties");
    let renamed = trace.replace("\"007\"", "\"7\"").replace("\"030\"", "\"30\"");
    assert_eq!(verdict(&renamed), "lww-register/value on line 5");
}

#[test]
fn a_restored_replica_with_a_new_id_counts_right() {
    let trace = below("## A restored replica");
    let right = trace.replace("\"value\":1}", "\"value\":2}");
    assert_eq!(verdict(&right), "conforms");
}

#[test]
fn a_map_that_is_declared_a_set_is_found_to_be_none() {
    let trace = below("## Maps that are used as sets");
    let set = trace
        .replace("\"type\":\"lww-map\"", "\"type\":\"or-set\"")
        .replace("\"op\":\"put\",\"key\":\"x\",\"value\":true", "\"op\":\"add\",\"element\":\"x\"")
        .replace("\"op\":\"delete\",\"key\"", "\"op\":\"remove\",\"element\"")
        .replace("\"value\":{}", "\"value\":[]");
    assert_eq!(verdict(&set), "or-set/value on line 6");
}

/// An operation on an object of a type, and what is then read.
fn smallest(kind: TraceType) -> [&'static str; 2] {
    match kind {
        TraceType::GCounter | TraceType::PnCounter => [r#""increment""#, "1"],
        TraceType::LwwRegister => [r#""write","value":1,"timestamp":1"#, "1"],
        TraceType::MvRegister => [r#""write","value":1"#, "[1]"],
        TraceType::MaxRegister | TraceType::MinRegister => [r#""write","value":1"#, "1"],
        TraceType::OrSet | TraceType::GSet | TraceType::TwoPhaseSet | TraceType::RwSet => {
            [r#""add","element":"x""#, r#"["x"]"#]
        }
        TraceType::LwwMap => [r#""put","key":"x","value":1,"timestamp":1"#, r#"{"x":1}"#],
        TraceType::MvMap => [r#""put","key":"x","value":1"#, r#"{"x":[1]}"#],
        TraceType::Log => [r#""append","entry":1,"timestamp":1"#, "[1]"],
        TraceType::EwFlag | TraceType::DwFlag => [r#""enable""#, "true"],
        TraceType::List => [r#""insert","element":"x""#, r#"["x"]"#],
        TraceType::Opaque => [r#""rename""#, "0"],
    }
}

#[test]
fn the_engines_listed_for_each_type_follow_it() {
    let mut table = String::from("| type | definition | reference | proven | optimized |\n");
    table += "| --- | --- | --- | --- | --- |\n";
    for kind in TraceType::ALL {
        let [operation, answer] = smallest(kind);
        let trace = format!(
            r#"{{"trace":"rejoin/1","replicas":["a"],"objects":{{"o":{{"type":"{}"}}}}}}
{{"event":"op","replica":"a","object":"o","op":{operation}}}
{{"event":"read","replica":"a","object":"o","value":{answer}}}"#,
            kind.as_str()
        );
        let judged = |engines: &[EngineName]| {
            let options = Options { engines: engines.into(), ..Options::default() };
            let report = check(|| Ok(trace.as_bytes()), &options).expect("memory can be read");
            assert_eq!((&report.error, &report.differences), (&None, &Vec::new()), "{trace}");
            report
        };
        let yes = |is_so: bool| if is_so { "yes" } else { "no" };
        let follows = |engine| yes(judged(&[engine]).coverage.compared > 0);
        table += &format!(
            "| `{}` | {} | {} | {} | {} |\n",
            kind.as_str(),
            yes(judged(&[]).verdict == Verdict::Conforms),
            follows(EngineName::Reference),
            follows(EngineName::Proven),
            follows(EngineName::Optimized)
        );
    }
    let page = include_str!("../../docs/verification.md");
    assert!(page.contains(&table), "docs/verification.md lacks this table:\n{table}");
}
