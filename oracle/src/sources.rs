//! Where traces come from: files, folders, standard input.

use crate::printable::escape;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// The endings of the files in a folder that are traces.
const ENDINGS: [&str; 3] = [".jsonl", ".jsonl.gz", ".jsonl.zst"];

/// One trace to read.
#[derive(Debug)]
pub struct Source {
    /// Its name in reports: as it was reached from the argument.
    pub name: String,
    /// Where its bytes are; if they cannot be read, why, and what to do.
    pub place: Result<Place, String>,
}

/// Where the bytes of a trace are.
#[derive(Debug)]
pub enum Place {
    /// In a file that can be opened any number of times, of this length in bytes.
    File(PathBuf, u64),
    /// In something that can be read only once: a pipe, a device.
    Stream(PathBuf),
    /// On standard input.
    Stdin,
}

impl Place {
    /// How many bytes there are, if known.
    pub fn length(&self) -> Option<u64> {
        match self {
            Self::File(_, length) => Some(*length),
            Self::Stream(_) | Self::Stdin => None,
        }
    }
}

/// The traces that the arguments name, in their order. Those that cannot be found are among them,
/// so that the others are judged all the same.
pub fn find(arguments: &[PathBuf]) -> Vec<Source> {
    let mut sources = Vec::new();
    for argument in arguments {
        if argument.as_os_str() == "-" {
            sources.push(Source { name: "-".into(), place: Ok(Place::Stdin) });
        } else if argument.is_dir() {
            below(argument, &mut sources);
        } else {
            sources.push(file(argument));
        }
    }
    sources
}

/// Adds the traces below a folder, in the byte order of their paths.
fn below(folder: &Path, sources: &mut Vec<Source>) {
    let mut paths = Vec::new();
    let mut found = Vec::new();
    for entry in WalkDir::new(folder).follow_links(true) {
        match entry {
            Ok(entry) if is_trace(entry.path()) => paths.push(entry.into_path()),
            Ok(_) => {}
            // A link back to a folder above leads to nothing new.
            Err(error) if error.loop_ancestor().is_some() => {}
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_owned();
                found.push((path.clone(), nowhere(&path, &error.into())));
            }
        }
    }
    for path in paths {
        let source = file(&path);
        // A pipe could block for ever, so it is read only if it is named.
        if !path.is_dir() && !matches!(source.place, Ok(Place::Stream(_))) {
            found.push((path, source));
        }
    }
    if found.is_empty() {
        let reason = "the folder has no trace: no file below it ends in";
        let place = Err(format!("{reason} {}", ENDINGS.join(", ")));
        sources.push(Source { name: name(folder), place });
    }
    found.sort_by(|(a, _), (b, _)| {
        a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes())
    });
    sources.extend(found.into_iter().map(|(_, source)| source));
}

fn is_trace(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    ENDINGS.iter().any(|ending| name.ends_with(ending.as_bytes()))
}

fn name(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn file(path: &Path) -> Source {
    let place = match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Place::File(path.to_owned(), metadata.len()),
        Ok(_) => Place::Stream(path.to_owned()),
        Err(error) => return nowhere(path, &error),
    };
    Source { name: name(path), place: Ok(place) }
}

fn nowhere(path: &Path, error: &io::Error) -> Source {
    Source { name: name(path), place: Err(explain(error)) }
}

/// Why something cannot be read, and what to do, in one sentence.
pub fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "there is no such file or folder; check its name and the folder you are in".into()
        }
        io::ErrorKind::PermissionDenied => {
            "you have no permission to read it; change its permissions or the user".into()
        }
        _ => escape(&error.to_string()).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_stands_for_its_traces_in_byte_order() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("a/b.jsonl")).unwrap();
        for file in [
            "a/b.jsonl/z.jsonl",
            "a/c.jsonl.gz",
            "a-x.jsonl.zst",
            "B.jsonl",
            "a.json",
            "x.jsonl.bz2",
        ] {
            fs::write(root.join(file), "").unwrap();
        }
        std::os::unix::fs::symlink(root, root.join("round.jsonl")).unwrap();
        std::os::unix::fs::symlink(root.join("gone"), root.join("c.jsonl")).unwrap();
        let found = find(&[root.to_owned()]);
        let names: Vec<_> = found
            .iter()
            .map(|source| Path::new(&source.name).strip_prefix(root).unwrap().to_str().unwrap())
            .collect();
        assert_eq!(
            names,
            ["B.jsonl", "a-x.jsonl.zst", "a/b.jsonl/z.jsonl", "a/c.jsonl.gz", "c.jsonl"]
        );
        assert!(matches!(&found[4].place, Err(why) if why.starts_with("there is no such file")));
    }

    #[test]
    fn a_folder_without_traces_is_not_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let found = find(&[folder.path().to_owned()]);
        assert_eq!(found.len(), 1);
        assert!(matches!(&found[0].place, Err(why) if why.contains("has no trace")));
    }
}
