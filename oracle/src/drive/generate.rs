//! `oracle generate`: histories by seed with the right answers, for tests of other implementations.

use crate::args::Generate;
use crate::exit::Exit;
use crate::output::{Output, complain};
use crate::printable::count;
use rejoin::object::TraceType;
use rejoin_drive::generate::Style;
use rejoin_drive::vectors::vector;
use std::fs;
use std::io::Write;

/// Writes a folder for each type, and a file for each history.
pub fn run<W: Write>(asked: &Generate, output: &mut Output<W>) -> Exit {
    let Generate { out, seed, cases, steps, types, plain } = asked;
    let style =
        Style { seed: *seed, steps: *steps as usize, is_plain: *plain, is_monotonic: false };
    let kinds = if types.is_empty() { &TraceType::ALL[..] } else { types };
    let mut written = 0_u64;
    for kind in kinds {
        let folder = out.join(kind.as_str());
        if let Err(error) = fs::create_dir_all(&folder) {
            complain(&format!("{} cannot be made: {error}", folder.display()));
            return Exit::Unreadable;
        }
        for case in 0..*cases {
            let vector = match vector(&[*kind], &style, case) {
                Ok(vector) => vector,
                Err(error) => {
                    complain(&format!("this is a bug of the oracle; please report it: {error}"));
                    return Exit::Internal;
                }
            };
            let path = folder.join(format!("{}.jsonl", vector.id));
            if let Err(error) = fs::write(&path, vector.trace) {
                complain(&format!("{} cannot be written: {error}", path.display()));
                return Exit::Unreadable;
            }
            written += 1;
        }
    }
    output.write(format!("{} below {}\n", count(written, "trace"), out.display()));
    Exit::Success
}
