//! Writes the table of judging into a page, from what criterion keeps of
//! `cargo bench -p rejoin-benches --bench check`: `judging TARGET/criterion PAGE`.

use rejoin_figures::{digits, provenance, table, write_region};
use serde_json::Value;
use std::path::Path;
use std::{env, fs, io};

/// What is measured of each trace, each with its ratio to the one before.
const STEPS: [&str; 3] = ["serde_json values", "check", "check and follow"];

fn main() -> io::Result<()> {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let [criterion, page] = &arguments[..] else {
        eprintln!("usage: judging FOLDER_OF_CRITERION PAGE");
        std::process::exit(2);
    };
    let mut rows = Vec::new();
    for entry in fs::read_dir(criterion)? {
        rows.extend(row(&entry?.path()));
    }
    if rows.is_empty() {
        let message = "criterion measured nothing there: run `cargo bench -p rejoin-benches --bench check` first";
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    }
    rows.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(_, row)| row).collect();
    let head = ["trace", "size", "parse", "check", "× parse", "follow", "× check"];
    write_region(
        Path::new(page),
        "judging",
        &format!("{}\n\n{}", provenance(), table(&head, &rows)),
    )
}

/// The size of a trace in bytes and its row; `None` for a folder of anything else.
fn row(folder: &Path) -> Option<(f64, Vec<String>)> {
    let read = |step: &str, file: &str| -> Option<Value> {
        let text = fs::read_to_string(folder.join(step).join("new").join(file)).ok()?;
        serde_json::from_str(&text).ok()
    };
    let milliseconds = |step: &str| {
        Some(read(step, "estimates.json")?["median"]["point_estimate"].as_f64()? / 1e6)
    };
    let [parse, check, follow] = STEPS.map(milliseconds);
    let (parse, check) = (parse?, check?);
    let size = read(STEPS[0], "benchmark.json")?["throughput"]["Bytes"].as_f64()?;
    let name = folder.file_name()?.to_string_lossy().into_owned();
    let time = |milliseconds: f64| format!("{} ms", digits(milliseconds));
    let cells = vec![
        name,
        format!("{} MB", digits(size / 1e6)),
        time(parse),
        time(check),
        digits(check / parse),
        // No engine follows a type that none has.
        follow.map_or(String::new(), time),
        follow.map_or(String::new(), |follow| digits(follow / check)),
    ];
    Some((size, cells))
}
