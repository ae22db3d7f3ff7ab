//! State between runs: kept failures, and variables of the environment.

use crate::suite::Way;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The folder of one type's failures, in the package whose tests found them.
pub struct Kept(PathBuf);

impl Kept {
    /// The folder of this type in this package.
    pub fn new(package: &str, name: &str) -> Self {
        let plain = |letter: char| if letter.is_alphanumeric() { letter } else { '-' };
        let name: String = name.chars().map(plain).collect();
        Self(Path::new(package).join("tests").join("conformance").join(name))
    }

    /// The failures that one way of testing found, in the order of their names.
    pub fn of(&self, way: Way) -> Vec<(PathBuf, Vec<u8>)> {
        let prefix = format!("{}-", way.as_str());
        let is_own = |path: &PathBuf| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            name.is_some_and(|name| name.starts_with(&prefix) && name.ends_with(".jsonl"))
        };
        let traces = traces(&self.0).into_iter().filter(|(path, _)| is_own(path));
        traces.collect()
    }

    /// Keeps a failure, as a trace.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn keep(&self, way: Way, fault: &str, trace: &str) -> io::Result<PathBuf> {
        fs::create_dir_all(&self.0)?;
        let name = format!("{}-{}.jsonl", way.as_str(), fault.replace(['/', ' '], "-"));
        let path = self.0.join(name);
        fs::write(&path, trace)?;
        Ok(path)
    }
}

/// The traces in a folder, in the order of their names; none if there is no folder.
pub fn traces(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    paths.sort();
    let read = |path: PathBuf| fs::read(&path).ok().map(|trace| (path, trace));
    paths.into_iter().filter_map(read).collect()
}

/// A number in a variable of the environment, such as `REJOIN_SEED`.
///
/// # Panics
/// If the variable is set and not a number.
pub fn variable(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}, expected a number")))
}
