//! Reads one trace for commands that need it several times, from a file or standard input.

use crate::guard::guard;
use crate::judge::Failure;
use crate::replay::Replay;
use crate::sources::{Place, Source, explain};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Opens a trace at its beginning, any number of times.
pub type Open<'a> = dyn Fn() -> io::Result<Box<dyn BufRead + 'a>> + 'a;

/// Lets `act` read a trace. An input that can be read only once is kept meanwhile.
///
/// # Errors
/// If the bytes cannot be read, or the oracle fails.
pub fn read<T>(
    source: &Source,
    act: impl FnOnce(&Open<'_>) -> io::Result<T>,
) -> Result<T, Failure> {
    let place = source.place.as_ref().map_err(|why| Failure::Unreadable(why.clone()))?;
    let outcome = guard(|| match place {
        Place::File(path, _) => act(&|| Ok(Box::new(BufReader::new(File::open(path)?)))),
        Place::Stream(path) => {
            let replay = Replay::new(File::open(path)?);
            act(&|| Ok(Box::new(BufReader::new(replay.open()))))
        }
        Place::Stdin => {
            let replay = Replay::new(io::stdin().lock());
            act(&|| Ok(Box::new(BufReader::new(replay.open()))))
        }
    });
    outcome.map_err(Failure::Internal)?.map_err(|error| Failure::Unreadable(explain(&error)))
}

/// Splits `TRACE[:LINE]` into a path and a line. A file whose name ends in a colon and digits is
/// taken as a path if it exists.
pub fn place(argument: &Path) -> (PathBuf, Option<u64>) {
    let whole = (argument.to_owned(), None);
    if argument.exists() {
        return whole;
    }
    let Some((path, line)) = argument.to_str().and_then(|text| text.rsplit_once(':')) else {
        return whole;
    };
    match line.parse() {
        Ok(line) if !path.is_empty() && line > 0 => (path.into(), Some(line)),
        _ => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stands_behind_the_last_colon_of_what_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let odd = folder.path().join("odd:7");
        std::fs::write(&odd, "").unwrap();
        assert_eq!(place(&odd), (odd.clone(), None));
        assert_eq!(place(Path::new("a:b.jsonl:12")), ("a:b.jsonl".into(), Some(12)));
        for whole in ["a.jsonl", "a.jsonl:", ":3", "a.jsonl:0", "a.jsonl:x"] {
            assert_eq!(place(Path::new(whole)), (whole.into(), None), "{whole}");
        }
    }
}
