//! Reports made by hand, and what people see of them.

use super::*;
use crate::examples::{finding, report, warning};
use rejoin_judge::{Coverage, Excerpt, Finding, Keys, Objects, ProvenJudge, Rule, WarningRule};

const TEXT: Text = Text { colour: false, width: 100, verbose: false, several: false, claims: true };

fn show(text: Text, report: &Report) -> String {
    text.report("dir/a.jsonl", &Judged { report: report.clone(), culprit: None })
}

#[track_caller]
fn check(text: Text, report: &Report, expected: &str) {
    assert_eq!(show(text, report), expected.trim_start_matches('\n'));
}

#[test]
fn a_false_claim_is_pointed_at_and_argued() {
    let mut report = report(Verdict::Discrepancy);
    report.claims = 40;
    report.findings.push(finding());
    report.warnings.push(warning(9, WarningRule::ClockRegression));
    let expected = r#"
error[or-set/value]: set `approved` at `b` has other elements than claimed
  --> dir/a.jsonl:14:59
   |
14 | {"event":"read","replica":"b","object":"approved","value":["y"]}
   |                                                           ^^^^^ claimed
   |
   = expected: ["x","y"]
   =  claimed: ["y"]
   =  because: 1. `x` was added on line 9 at `a` (its 2nd operation)
               2. `b` received that with message `m7` on line 13
               3. no remove of `x` that `b` has seen saw that addition, neither the one on line 4
                  nor the one on line 8; so `x` is in the set
   =  theorem: or_set_value

warning[clock-regression]: dir/a.jsonl:9: the write is stamped 3, below 5 on line 4

dir/a.jsonl: discrepancy: 1 of 40 claims is false
"#;
    check(TEXT, &report, expected);
}

#[test]
fn a_piece_of_a_long_line_keeps_its_column_and_long_answers_are_shortened() {
    let mut report = report(Verdict::Discrepancy);
    report.claims = 2;
    report.findings.push(Finding {
        line: 100_000,
        expected: Some(format!("[{}2,3]", "1,".repeat(600))),
        actual: Some(format!("[{}3]", "1,".repeat(600))),
        because: Vec::new(),
        theorem: None,
        excerpt: Some(Excerpt {
            text: "größer 北京 [1,2] …".into(),
            column: 1_000,
            marked: 16..21,
        }),
        ..finding()
    });
    let expected = r#"
error[or-set/value]: set `approved` at `b` has other elements than claimed
      --> dir/a.jsonl:100000:1010
       |
100000 | …größer 北京 [1,2] …
       |              ^^^^^ claimed
       |
       = expected: … 1,1,1,1,1,1,1,1,2,3]
       =  claimed: … 1,1,1,1,1,1,1,1,3]

dir/a.jsonl: discrepancy: 1 of 2 claims is false
"#;
    check(TEXT, &report, expected);
}

/// A cut that saves less than the note on it takes would only keep the right answer from being copied.
#[test]
fn an_answer_is_not_cut_to_save_a_few_characters() {
    let mut report = report(Verdict::Discrepancy);
    report.claims = 1;
    for length in [TEXT.width - 10, TEXT.width, TEXT.width + 1, TEXT.width + 13] {
        let answer = format!("\"{}\"", "x".repeat(length - "expected".len() - 10));
        report.findings =
            vec![Finding { expected: Some(answer.clone()), actual: Some("1".into()), ..finding() }];
        let shown = show(TEXT, &report);
        assert!(shown.contains(&answer) && !shown.contains("more character"), "{shown}");
    }
}

/// The title of a rule fits each reason that an argument of it gives.
#[test]
fn titles_say_no_more_than_each_argument() {
    let title = |rule| super::finding::title(&Finding { rule, ..finding() });
    // A value that nobody wrote was not "replaced before".
    assert_eq!(
        title(Rule::LwwSuperseded),
        "object `approved` at `b` shows what no current write has"
    );
    // "Equal knowledge must give equal answers" orders no two writes.
    assert_eq!(title(Rule::LwwAgreement), "object `approved` at `b` contradicts earlier answers");
    assert_eq!(title(Rule::LogAgreement), "log `approved` at `b` contradicts earlier answers");
}

#[test]
fn many_findings_and_warnings_are_counted_unless_all_are_wanted() {
    let mut report = report(Verdict::Discrepancy);
    report.claims = 1_500;
    for line in 1..=1_200 {
        let rule = if line % 3 == 0 { Rule::Vector } else { Rule::OrSetValue };
        report.findings.push(Finding {
            line,
            rule,
            expected: None,
            actual: None,
            because: Vec::new(),
            theorem: None,
            excerpt: None,
            ..finding()
        });
        report.warnings.push(warning(line, WarningRule::ClockRegression));
    }
    report.warnings.push(warning(2_000, WarningRule::InexactNumber));
    let shown = show(TEXT, &report);
    let expected = r#"
error[vector]: the state vector at `b` does not count what was seen
 --> dir/a.jsonl:9

error: 1,194 more false claims (797 or-set/value, 397 vector); --verbose shows all
  or-set/value on `approved`: at `b`, lines 5, 7, 8, 10, 11, 13, 14, 16, 17, 19, 20, 22 and 785 more
  vector on `approved`: at `b`, lines 12, 15, 18, 21, 24, 27, 30, 33, 36, 39, 42, 45 and 385 more

warning[clock-regression]: dir/a.jsonl:1: the write is stamped 3, below 5 on line 4
warning[clock-regression]: dir/a.jsonl:2: the write is stamped 3, below 5 on line 4
warning[clock-regression]: dir/a.jsonl:3: the write is stamped 3, below 5 on line 4
warning[inexact-number]: dir/a.jsonl:2000: the write is stamped 3, below 5 on line 4
warning[clock-regression]: 1,197 more of this kind; --verbose shows all

dir/a.jsonl: discrepancy: 1,200 of 1,500 claims are false
"#;
    assert!(shown.ends_with(expected), "{shown}");
    let all = show(Text { verbose: true, ..TEXT }, &report);
    assert_eq!(all.matches("error[").count(), 1_200);
    assert_eq!(all.matches("warning[").count(), 1_201);
    assert!(!all.contains("--verbose"), "{all}");
}

#[test]
fn a_good_trace_is_shown_with_what_it_exercised() {
    let mut report = report(Verdict::Conforms);
    report.events = 812;
    report.claims = 40;
    report.coverage = Coverage {
        operations: 300,
        claims: vec![("read", 30), ("vector", 5), ("digest", 5)],
        concurrent_pairs: 41_000,
        messages: 120,
        lost: 3,
        repeated: 4,
        reordered: 2,
        restores: 1,
        compared: 2,
        stopped: Vec::new(),
        proven_judge: ProvenJudge::Agreed,
        keys: Keys { decided: 20, met: 5, contested: 0, is_complete: true },
        objects: Objects { used: 2, met: 1, contested: 0 },
        tested: 0,
        is_complete: true,
        rules: Vec::new(),
    };
    let expected = "
dir/a.jsonl: conforms: all 40 claims hold
  812 events: 300 operations, 41,000 concurrent pairs
  20 keys decided: replicas met on 5, and contested 0
  2 objects without keys: replicas met on 1, and contested 0
  40 claims: 30 read, 5 vector, 5 digest
  0 of these depend on how concurrent operations merge
  120 messages: 3 lost, 4 received again, 2 received out of order
  1 restored backup
  2 answers of engines compared with the definition's
  no key was decided by two at once, so that little was put to the test: use fewer objects and keys, and let replicas edit apart
  the proven judge finds the same
";
    check(TEXT, &report, expected);
    report.coverage.proven_judge = ProvenJudge::LeftOut("it is too long".into());
    let left_out = "  not judged by the proven judge: it is too long\n";
    check(TEXT, &report, &expected.replace("  the proven judge finds the same\n", left_out));
    // Where two conflicted, they want to be read; where some claim depends on it, all is well.
    report.coverage.objects.contested = 1;
    let shown = show(TEXT, &report);
    assert!(shown.contains("met on 1, and contested 1\n"), "{shown}");
    assert!(
        shown.contains("  no claim depends on how concurrent operations merge: let "),
        "{shown}"
    );
    report.coverage.tested = 3;
    report.coverage.is_complete = false;
    let shown = show(TEXT, &report);
    assert!(shown.contains("  at least 3 of these depend on how"), "{shown}");
    assert!(!shown.contains("no claim"), "{shown}");
    let expected = "dir/a.jsonl: conforms: all 40 claims hold\n";
    check(Text { several: true, ..TEXT }, &report, expected);
}

#[test]
fn a_trace_without_claims_says_what_is_missing() {
    let mut report = report(Verdict::Inconclusive);
    report.events = 1;
    report.coverage.operations = 1;
    let expected = "
dir/a.jsonl: inconclusive: the trace claims nothing to judge
  it says what replicas did, but not what they answered: record their answers too, as `read` events
  1 event: 1 operation, 0 concurrent pairs
";
    check(TEXT, &report, expected);
    let expected = "dir/a.jsonl: well-formed: 1 event\n";
    check(Text { claims: false, ..TEXT }, &report, expected);
}

#[test]
fn a_limit_is_named() {
    let mut report = report(Verdict::Inconclusive);
    report.limits.push("more than 5 steps were needed, on line 17".into());
    let expected = "
dir/a.jsonl: inconclusive: not all could be judged
  limit: more than 5 steps were needed, on line 17
";
    check(Text { claims: false, ..TEXT }, &report, expected);
    // Of several traces, one with more than one line is set apart.
    check(Text { several: true, ..TEXT }, &report, &format!("{expected}\n"));
}

#[test]
fn a_bad_file_is_shown_with_the_place_and_what_came_before() {
    let mut report = report(Verdict::Malformed);
    let message = "found `}`, expected a value".into();
    report.error = Some(Fault { line: 3, column: Some(17), message });
    let expected = "dir/a.jsonl:3:17: malformed: found `}`, expected a value\n";
    check(TEXT, &report, expected);

    let text = r#"{"event":"read",}"#.into();
    let culprit = Some(Excerpt { text, column: 1, marked: 16..17 });
    let shown = TEXT.report("dir/a.jsonl", &Judged { report: report.clone(), culprit });
    let expected = r#"
dir/a.jsonl:3:17: malformed: found `}`, expected a value
  |
3 | {"event":"read",}
  |                 ^
"#;
    assert_eq!(shown, expected.trim_start_matches('\n'));

    report.verdict = Verdict::IllFormed;
    report.claims = 1;
    let message = "there is no object `x`".into();
    report.error = Some(Fault { line: 3, column: None, message });
    let expected = "
dir/a.jsonl:3: ill-formed: there is no object `x`
  before this line, its claim holds
";
    check(TEXT, &report, expected);
}

#[test]
fn several_traces_are_summed_up() {
    let kinds = ["conforming", "malformed", "conforming"];
    assert_eq!(TEXT.summary(&kinds), "3 traces: 2 conforming, 1 malformed\n");
}

#[test]
fn nothing_from_a_file_steers_the_terminal() {
    let nasty = "\x1b]0;x\x07\u{9b}2J\u{202e}\n\r\t\x7f";
    let mut report = report(Verdict::Malformed);
    report.limits.push(nasty.into());
    report.error = Some(Fault { line: 1, column: None, message: nasty.into() });
    report.warnings.push(Warning { message: nasty.into(), ..warning(1, WarningRule::StampReuse) });
    for rule in Rule::ALL {
        let text = format!("{nasty}{nasty}");
        report.findings.push(Finding {
            rule,
            replica: Some(nasty.into()),
            object: Some(nasty.into()),
            expected: Some(nasty.into()),
            actual: Some(nasty.into()),
            because: vec![nasty.into()],
            excerpt: Some(Excerpt { text, column: 7, marked: nasty.len()..2 * nasty.len() }),
            ..finding()
        });
    }
    let culprit = report.findings[0].excerpt.clone();
    let shown = Text { verbose: true, ..TEXT }.report(nasty, &Judged { report, culprit });
    let steering = |c: &char| (c.is_control() && *c != '\n') || *c == '\u{202e}';
    assert_eq!(shown.chars().find(steering), None, "{shown:?}");
    assert!(shown.contains(r"\u001b]0;x\u0007\u009b2J\u202e\u000a\u000d\u0009\u007f:1: malformed"));
}

#[test]
fn colour_changes_nothing_else() {
    let mut report = report(Verdict::Discrepancy);
    report.findings.push(finding());
    report.warnings.push(warning(9, WarningRule::ClockRegression));
    let coloured = show(Text { colour: true, ..TEXT }, &report);
    assert!(coloured.contains("\x1b["));
    let plain = anstream::adapter::strip_str(&coloured).to_string();
    assert_eq!(plain, show(TEXT, &report));
}
