//! The plots of the measurements: of the table of the peers, and of what criterion keeps.

use crate::curves::{Curve, curves};
use crate::digits;
use crate::dots::{Row, dots};
use crate::kept::Kept;
use std::io;
use std::path::Path;

/// A participant of a workload, from the table of the page.
#[derive(Clone, PartialEq, Debug)]
struct Peer {
    workload: String,
    library: String,
    time: f64,
    bytes: f64,
    is_right: bool,
}

/// What a row of the plots of peers is about: the number of its column.
const TIME: usize = 3;
const BYTES: usize = 6;
const CONTENTS: usize = 11;

const OURS: &str = "rejoin";
const FLOOR: &str = "floor";

/// The times and the bytes of other libraries as multiples of Rejoin's, each as a picture: by the table in the
/// region `peers` of a page.
///
/// # Errors
/// If the page has no such region, or a row of it is not as `peers` writes it.
pub fn peers(page: &Path) -> io::Result<[String; 2]> {
    let text = crate::region(page, "peers")?;
    let (peers, titles) = (table_of(&text)?, titles_of(&text));
    let unit = |what: &str| {
        format!(
            "{what} of other libraries, as multiples of Rejoin’s; of each its best way that is right"
        )
    };
    Ok([
        plot("Syncing two replicas: time", &unit("processor time"), &peers, &titles, |of| of.time),
        plot("Syncing two replicas: bytes", &unit("bytes"), &peers, &titles, |of| of.bytes),
    ])
}

fn plot(
    title: &str,
    unit: &str,
    peers: &[Peer],
    titles: &[(String, String)],
    value: impl Fn(&Peer) -> f64,
) -> String {
    let mut libraries: Vec<String> = peers.iter().map(|of| of.library.clone()).collect();
    libraries.sort();
    libraries.dedup();
    libraries.retain(|library| library != OURS && library != FLOOR);
    let mut workloads: Vec<&str> = peers.iter().map(|of| &*of.workload).collect();
    workloads.dedup();
    let least = |workload: &str, library: &str| {
        let of = peers
            .iter()
            .filter(|of| of.workload == workload && of.library == library && of.is_right);
        of.map(&value).min_by(f64::total_cmp)
    };
    let rows: Vec<Row> = workloads
        .into_iter()
        .filter_map(|workload| {
            let ours = least(workload, OURS)?;
            let of = |(number, library): (usize, &String)| {
                Some((number, least(workload, library)? / ours))
            };
            let title = titles.iter().find(|(name, _)| name == workload);
            Some(Row {
                title: title.map_or(workload.into(), |(name, title)| format!("{name}: {title}")),
                dots: libraries.iter().enumerate().filter_map(of).collect(),
            })
        })
        .collect();
    dots(title, unit, "Rejoin", &libraries, &rows)
}

fn table_of(text: &str) -> io::Result<Vec<Peer>> {
    let rows = text.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|line| {
        let cells: Vec<&str> = line.split('|').skip(1).map(str::trim).collect();
        peer(&cells).ok_or_else(|| {
            let message = format!("`{line}` is no row that `peers --write` writes");
            io::Error::new(io::ErrorKind::InvalidData, message)
        })
    })
    .collect()
}

fn peer(cells: &[&str]) -> Option<Peer> {
    let library = cells.get(1)?.split(',').next()?;
    Some(Peer {
        workload: (*cells.first()?).into(),
        library: library.into(),
        time: cells.get(TIME)?.parse().ok()?,
        bytes: bytes(cells.get(BYTES)?)?,
        is_right: library == FLOOR || cells.get(CONTENTS)?.starts_with("right"),
    })
}

/// "24 B", "203 kB", "1.16 MB".
fn bytes(text: &str) -> Option<f64> {
    let (number, unit) = text.split_once(' ')?;
    let factor = match unit {
        "B" => 1.0,
        "kB" => 1e3,
        "MB" => 1e6,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * factor)
}

/// The workloads with what they are: "- W1: LWW-map of 100,000 keys: 10,000 puts".
fn titles_of(text: &str) -> Vec<(String, String)> {
    let of = |line: &str| {
        let (name, title) = line.strip_prefix("- ")?.split_once(": ")?;
        let title = title.split(": ").next()?;
        (!title.starts_with("without ")).then(|| (name.to_string(), title.to_string()))
    };
    text.lines().filter_map(of).collect()
}

/// How many changes the syncs of the plot of growth have.
const CHANGES: &str = "1000";

/// How long a sync of 1,000 changes is in maps and sets that grow, by step: of what
/// `cargo bench -p rejoin-benches --bench optimized` measured. `None` where that was not run.
pub fn growth(kept: &[Kept]) -> Option<String> {
    let mut all: Vec<Curve> = Vec::new();
    for of in kept {
        let [kind, keys, changes] = &of.parts[..] else { continue };
        let (Ok(keys), true) = (keys.parse::<f64>(), changes == CHANGES) else { continue };
        let name = format!("{}, {kind}", of.group);
        match all.iter_mut().find(|curve| curve.name == name) {
            Some(curve) => curve.points.push((keys, of.median)),
            None => all.push(Curve { name, points: vec![(keys, of.median)] }),
        }
    }
    for curve in &mut all {
        curve.points.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    }
    all.retain(|curve| curve.points.len() > 1);
    let axes = ("keys or elements", "time, median");
    let title = "What syncing 1,000 changes takes, as objects grow";
    (!all.is_empty()).then(|| curves(title, axes, &all, duration))
}

fn duration(nanoseconds: f64) -> String {
    match nanoseconds {
        of if of < 1e3 => format!("{} ns", digits(of)),
        of if of < 1e6 => format!("{} µs", digits(of / 1e3)),
        of if of < 1e9 => format!("{} ms", digits(of / 1e6)),
        of => format!("{} s", digits(of / 1e9)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const TABLE: &str = "\
<!-- figures: peers -->

Measured on a day.

| | participant | rounds | sync, ms | × fastest other | × floor | bytes | × floor | compressed | memory | edits, ms | contents |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |
| W1 | rejoin | 5 | 2.00 | 0.4 | 20.4 | 200 kB | 1.10 | 158 kB | 11.7 MB | 5.03 | right |
| W1 | crdts, state | 5 | 6.00 | 2.56 | 52.2 | 1.00 MB | 3.02 | 196 kB | 12.8 MB | 9.07 | right |
| W1 | crdts, operations | 5 | 8.00 | 2.58 | 52.8 | 400 kB | 6.25 | 397 kB | 12.8 MB | 5.19 | right |
| W1 | yrs, updates v2 | 5 | 1.00 | 17.7 | 362 | 252 B | 1.36 | 188 kB | 36.2 MB | 31.4 | **wrong**: of 3 elements 1 is missing |
| W1 | floor | 5 | 0.117 |  | 1.00 | 185 kB | 1.00 | 144 kB |  |  |  |

- W1: map of 100 keys: 10 puts
- W1: without dson (slow)

<!-- end: peers -->
";

    #[test]
    fn the_plots_of_peers_have_the_ratios_of_the_table() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("page.md");
        fs::write(&page, TABLE).unwrap();
        let [time, bytes] = peers(&page).unwrap();
        let ratios = |svg: &str| -> Vec<String> {
            let titles = svg.lines().filter_map(|line| line.split_once("\"><title>"));
            titles.map(|(_, rest)| rest.replace("</title></path>", "")).collect()
        };
        assert_eq!(ratios(&time), ["crdts: × 3.00"], "the best way, and only what is right");
        assert_eq!(ratios(&bytes), ["crdts: × 2.00"]);
        assert!(time.contains("W1: map of 100 keys<"), "{time}");
        fs::write(&page, TABLE.replace("| 2.00 |", "| soon |")).unwrap();
        assert!(peers(&page).unwrap_err().to_string().contains("soon"));
    }

    #[test]
    fn growth_has_a_curve_for_each_step() {
        let kept = |group: &str, parts: &[&str], median| Kept {
            group: group.into(),
            parts: parts.iter().map(|part| part.to_string()).collect(),
            median,
        };
        let all = [
            kept("delta", &["lww-map", "10000", "1000"], 26e3),
            kept("delta", &["lww-map", "1000", "1000"], 25e3),
            kept("delta", &["lww-map", "1000", "10"], 1e3),
            kept("apply", &["lww-map", "1000", "1000"], 90e3),
            kept("log", &["append", "1000"], 90e3),
        ];
        let svg = growth(&all).unwrap();
        assert_eq!(svg.matches("<polyline").count(), 1, "one point is no curve: {svg}");
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.contains(">delta, lww-map<"), "{svg}");
        assert!(growth(&all[3..]).is_none());
    }
}
