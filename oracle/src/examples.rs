//! Reports written by hand, for tests of the output formats.

use rejoin_judge::{Coverage, Excerpt, Finding, Report, Rule, Verdict, Warning, WarningRule};

/// A report that has only a verdict.
pub fn report(verdict: Verdict) -> Report {
    Report {
        verdict,
        events: 0,
        claims: 0,
        findings: Vec::new(),
        warnings: Vec::new(),
        limits: Vec::new(),
        error: None,
        coverage: Coverage::default(),
        differences: Vec::new(),
        patterns: Vec::new(),
    }
}

/// A set that lacks an element.
pub fn finding() -> Finding {
    let line = r#"{"event":"read","replica":"b","object":"approved","value":["y"]}"#;
    Finding {
        line: 14,
        rule: Rule::OrSetValue,
        replica: Some("b".into()),
        object: Some("approved".into()),
        expected: Some(r#"["x","y"]"#.into()),
        actual: Some(r#"["y"]"#.into()),
        because: vec![
            "`x` was added on line 9 at `a` (its 2nd operation)".into(),
            "`b` received that with message `m7` on line 13".into(),
            "no remove of `x` that `b` has seen saw that addition, neither the one on line 4 nor \
             the one on line 8; so `x` is in the set"
                .into(),
        ],
        theorem: Some("or_set_value"),
        excerpt: Some(Excerpt { text: line.into(), column: 1, marked: 58..63 }),
        differences: Vec::new(),
        more_differences: 0,
        onset: None,
    }
}

/// A warning on a line.
pub fn warning(line: u64, rule: WarningRule) -> Warning {
    Warning { line, rule, message: "the write is stamped 3, below 5 on line 4".into() }
}
