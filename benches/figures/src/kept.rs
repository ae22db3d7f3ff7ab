//! What criterion keeps of a bench: one median for each thing that it measured.

use crate::Figure;
use serde_json::Value;
use std::path::Path;
use std::{fs, io};

/// One thing that was measured.
#[derive(Clone, PartialEq, Debug)]
pub struct Kept {
    /// The group of the bench.
    pub group: String,
    /// What of it: names and sizes, from the outermost on.
    pub parts: Vec<String>,
    /// The median, in nanoseconds.
    pub median: f64,
}

impl Kept {
    /// The same as a figure.
    pub fn figure(&self) -> Figure {
        let name = [std::slice::from_ref(&self.group), &self.parts].concat().join("/");
        Figure { name, measure: "latency", value: self.median }
    }
}

/// All that criterion keeps in a folder, in the order of the names.
///
/// # Errors
/// If the folder cannot be read, or keeps nothing.
pub fn kept(folder: &Path) -> io::Result<Vec<Kept>> {
    let mut all = Vec::new();
    collect(folder, &mut all)?;
    all.sort_by(|one, other| (&one.group, &one.parts).cmp(&(&other.group, &other.parts)));
    if all.is_empty() {
        let message = format!(
            "criterion keeps nothing in {}: run `cargo bench -p rejoin-benches` first, and name the folder `target/criterion`",
            folder.display()
        );
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    }
    Ok(all)
}

fn collect(folder: &Path, all: &mut Vec<Kept>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        // The last run is in a folder of this name, the one before in another.
        match path.file_name().is_some_and(|name| name == "new") {
            true => all.extend(measured(&path)),
            false => collect(&path, all)?,
        }
    }
    Ok(())
}

fn measured(folder: &Path) -> Option<Kept> {
    let read = |file: &str| -> Option<Value> {
        serde_json::from_str(&fs::read_to_string(folder.join(file)).ok()?).ok()
    };
    let benchmark = read("benchmark.json")?;
    let parts =
        ["function_id", "value_str"].into_iter().filter_map(|name| benchmark[name].as_str());
    Some(Kept {
        group: benchmark["group_id"].as_str()?.into(),
        parts: parts.flat_map(|part| part.split('/')).map(Into::into).collect(),
        median: read("estimates.json")?["median"]["point_estimate"].as_f64()?,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Writes what criterion keeps of one thing.
    pub(crate) fn keep(folder: &Path, (group, function, value): (&str, &str, &str), median: f64) {
        let new = folder.join(group).join(function.replace('/', "_")).join(value).join("new");
        fs::create_dir_all(&new).unwrap();
        let benchmark =
            serde_json::json!({"group_id": group, "function_id": function, "value_str": value});
        fs::write(new.join("benchmark.json"), benchmark.to_string()).unwrap();
        let estimates = serde_json::json!({"median": {"point_estimate": median}});
        fs::write(new.join("estimates.json"), estimates.to_string()).unwrap();
    }

    #[test]
    fn the_last_run_of_each_is_found() {
        let folder = tempfile::tempdir().unwrap();
        keep(folder.path(), ("delta", "lww-map/10000", "1000"), 26_000.0);
        keep(folder.path(), ("delta", "lww-map/1000", "1000"), 25_000.0);
        fs::create_dir_all(folder.path().join("report")).unwrap();
        let names: Vec<String> =
            kept(folder.path()).unwrap().iter().map(|of| of.figure().name).collect();
        assert_eq!(names, ["delta/lww-map/1000/1000", "delta/lww-map/10000/1000"]);
        let empty = tempfile::tempdir().unwrap();
        let error = kept(empty.path()).unwrap_err().to_string();
        assert!(error.contains("cargo bench"), "{error}");
    }
}
