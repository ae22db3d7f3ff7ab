//! Draws what was measured: `plots PAGE FOLDER` writes `peers-time.svg` and `peers-bytes.svg` from the table of the
//! peers in the page, and with `--criterion TARGET/criterion` also `growth.svg`.

use rejoin_figures::{growth, kept, peers};
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (page, folder, criterion) = match &arguments[..] {
        [page, folder] => (page, folder, None),
        [page, folder, option, criterion] if option == "--criterion" => {
            (page, folder, Some(criterion))
        }
        _ => {
            eprintln!("usage: plots PAGE FOLDER [--criterion FOLDER_OF_CRITERION]");
            std::process::exit(2);
        }
    };
    let [time, bytes] = peers(Path::new(page))?;
    fs::write(Path::new(folder).join("peers-time.svg"), time)?;
    fs::write(Path::new(folder).join("peers-bytes.svg"), bytes)?;
    if let Some(criterion) = criterion {
        let Some(growth) = growth(&kept(Path::new(criterion))?) else {
            let message = "criterion kept no sizes: run `cargo bench -p rejoin-benches --bench optimized` first";
            return Err(io::Error::new(io::ErrorKind::NotFound, message));
        };
        fs::write(Path::new(folder).join("growth.svg"), growth)?;
    }
    Ok(())
}
