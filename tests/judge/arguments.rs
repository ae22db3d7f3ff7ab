//! Arguments: what is listed if there is too much to list.

use rejoin_judge::{Options, check};

/// `a` adds an element. `b` has not seen that, and adds and removes the element eight times.
#[test]
fn the_latest_removals_are_listed_and_the_others_counted() {
    let mut trace = String::from(
        r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"s":{"type":"or-set"}}}"#,
    );
    trace += "\n{\"event\":\"op\",\"replica\":\"a\",\"object\":\"s\",\"op\":\"add\",\"element\":\"x\"}\n";
    for _ in 0..8 {
        for op in ["add", "remove"] {
            trace += &format!(
                "{{\"event\":\"op\",\"replica\":\"b\",\"object\":\"s\",\"op\":\"{op}\",\"element\":\"x\"}}\n"
            );
        }
    }
    trace += "{\"event\":\"sync\",\"replicas\":[\"a\",\"b\"]}\n";
    trace += "{\"event\":\"read\",\"replica\":\"a\",\"object\":\"s\",\"value\":[]}\n";
    let report = check(|| Ok(trace.as_bytes()), &Options::default()).expect("memory can be read");
    let [finding] = &report.findings[..] else { panic!("one false claim: {:?}", report.findings) };
    let because = finding.because.join("\n");
    // The eighth removal is on line 18, the second on line 6.
    for line in [18, 16, 14, 12, 10, 8] {
        assert!(
            because.contains(&format!("was removed on line {line} at `b`")),
            "{line}: {because}"
        );
    }
    assert!(!because.contains("was removed on line 6 "), "{because}");
    assert!(because.contains("and 2 more removals\n"), "{because}");
}
