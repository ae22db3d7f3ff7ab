//! Any bytes are judged without a panic, and the report is consistent:
//!
//! - a discrepancy has findings, and what conforms has none;
//! - a bad file has an error and no other has one, whether claims are judged or not;
//! - answers are JSON, and what is underlined is there;
//! - the same bytes compressed get the same report.

#![no_main]

use flate2::{Compression, write::GzEncoder};
use libfuzzer_sys::fuzz_target;
use rejoin_judge::{Options, Report, Verdict, check};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::value::RawValue;
use std::io::Write;

/// Enough for every trace of this size that is not made to be slow.
const WORK: u64 = 1_000_000;

fuzz_target!(|input: &[u8]| {
    let Some(report) = judge(input, true) else { return };
    look_at(&report);

    if report.limits.is_empty() {
        let linted = judge(input, false).expect("what was read once can be read again");
        assert_eq!(linted.error, report.error);
        assert_eq!(linted.claims, 0);
        assert!(linted.findings.is_empty());
    }

    // Compressing costs far more than judging: a few inputs of each kind will do.
    match input.len() % 16 {
        0 if !is_compressed(input) => assert_eq!(judge(&gzip(input), true), Some(report)),
        8 if !is_compressed(input) => {
            let packed = compress_to_vec(input, CompressionLevel::Fastest);
            assert_eq!(judge(&packed, true), Some(report));
        }
        _ => {}
    }
});

/// None where the bytes cannot be had.
fn judge(input: &[u8], claims: bool) -> Option<Report> {
    check(|| Ok(input), &Options { claims, work: WORK, ..Options::default() }).ok()
}

fn look_at(report: &Report) {
    match report.verdict {
        Verdict::Conforms => {
            assert!(report.findings.is_empty() && report.claims > 0 && report.limits.is_empty());
        }
        Verdict::Discrepancy => assert!(!report.findings.is_empty()),
        Verdict::Inconclusive => {
            assert!(report.findings.is_empty());
            assert!(report.claims == 0 || !report.limits.is_empty());
        }
        Verdict::Malformed | Verdict::IllFormed => {}
    }
    let bad = matches!(report.verdict, Verdict::Malformed | Verdict::IllFormed);
    assert_eq!(report.error.is_some(), bad);
    assert!(report.findings.len() as u64 <= report.claims && report.claims <= report.events);
    assert!(report.findings.is_sorted_by_key(|finding| finding.line));
    for finding in &report.findings {
        for answer in [&finding.expected, &finding.actual].into_iter().flatten() {
            serde_json::from_str::<&RawValue>(answer).expect("an answer is JSON");
        }
        if let Some(excerpt) = &finding.excerpt {
            assert!(excerpt.text.get(excerpt.marked.clone()).is_some());
        }
    }
}

/// Whether the reader would unpack the bytes: packed once more, they would be no trace.
fn is_compressed(input: &[u8]) -> bool {
    input.starts_with(&[0x1f, 0x8b]) || input.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
}

fn gzip(input: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(input).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}
