//! How fast traces are judged, by the definition alone and with the optimized engine following,
//! beside what it takes merely to parse their lines.
//!
//! `cargo bench -p rejoin-benches --bench check`; `REJOIN_TRACES=FOLDER` adds the traces in that folder. Machines
//! differ, so quote the ratio of two figures of one run.

#[path = "big_history.rs"]
mod big_history;
#[path = "one_object.rs"]
mod one_object;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rejoin::object::TraceType;
use rejoin_judge::{EngineName, Options, Verdict, check};
use rejoin_trace::{Reader, decompress};
use std::hint::black_box;
use std::io::{BufReader, Read};
use std::path::Path;

/// The types of which a history of one object is judged; the first is what the others are held
/// against. A log is read whole each time, and so is in `big-history` alone.
const ONE_OBJECT: [TraceType; 14] = [
    TraceType::GCounter,
    TraceType::PnCounter,
    TraceType::MaxRegister,
    TraceType::MinRegister,
    TraceType::Opaque,
    TraceType::List,
    TraceType::OrSet,
    TraceType::RwSet,
    TraceType::EwFlag,
    TraceType::DwFlag,
    TraceType::LwwRegister,
    TraceType::LwwMap,
    TraceType::MvRegister,
    TraceType::MvMap,
];

/// Traces by name, decompressed.
fn traces() -> Vec<(String, Vec<u8>)> {
    let mut big = Vec::new();
    big_history::write(&mut big, 28, 85_000).expect("memory takes what is written");
    let session = include_bytes!("../examples/working-day.jsonl").to_vec();
    let mut traces = vec![("working-day".into(), session), ("big-history".into(), big)];
    for kind in ONE_OBJECT {
        let mut trace = Vec::new();
        one_object::write(&mut trace, kind, 20_000).expect("memory takes what is written");
        traces.push((format!("one {}", kind.as_str()), trace));
    }
    if let Some(folder) = std::env::var_os("REJOIN_TRACES") {
        let mut files: Vec<_> = std::fs::read_dir(Path::new(&folder))
            .expect("REJOIN_TRACES names a folder")
            .map(|entry| entry.expect("the folder can be read").path())
            .filter(|path| path.to_string_lossy().contains(".jsonl"))
            .collect();
        files.sort();
        for path in files {
            let file = std::fs::File::open(&path).expect("the trace can be read");
            let mut bytes = Vec::new();
            decompress(BufReader::new(file))
                .and_then(|mut trace| trace.read_to_end(&mut bytes))
                .expect("the trace can be decompressed");
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            traces.push((name, bytes));
        }
    }
    traces
}

fn judging(criterion: &mut Criterion) {
    for (name, trace) in traces() {
        let mut group = criterion.benchmark_group(&name);
        group.throughput(Throughput::Bytes(trace.len() as u64)).sample_size(10);
        group.bench_function("serde_json values", |bencher| {
            bencher.iter(|| {
                for line in trace.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                    let value: serde_json::Value =
                        serde_json::from_slice(line).expect("a line is JSON");
                    black_box(value);
                }
            });
        });
        group.bench_function("read", |bencher| {
            bencher.iter(|| {
                let mut reader = Reader::new(trace.as_slice()).expect("the header is one");
                while let Some(line) = reader.next_line().expect("the lines are of the grammar") {
                    black_box(line);
                }
            });
        });
        // The definition alone, and as `oracle check` does: with an engine that follows, if it has all types.
        let reader = Reader::new(trace.as_slice()).expect("the header is one");
        let mut objects = reader.header().objects.iter();
        let has_engine = objects.all(|(_, declaration)| declaration.kind.engine().is_some());
        let mut engines = vec![("check", vec![])];
        if has_engine {
            engines.push(("check and follow", vec![EngineName::Optimized]));
        }
        for (name, engines) in engines {
            let options = Options { engines, ..Options::default() };
            group.bench_function(name, |bencher| {
                bencher.iter(|| {
                    let report = check(|| Ok(trace.as_slice()), &options);
                    let report = report.expect("memory can be read");
                    assert_eq!(report.verdict, Verdict::Conforms);
                    assert_eq!(report.differences, [""; 0]);
                    assert_eq!(report.coverage.stopped, [""; 0]);
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, judging);
criterion_main!(benches);
