//! Prints what criterion measured in Bencher's metric format: `bencher TARGET/criterion`.

use rejoin_figures::{bencher, kept};
use std::path::Path;
use std::{env, io};

fn main() -> io::Result<()> {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let [criterion] = &arguments[..] else {
        eprintln!("usage: bencher FOLDER_OF_CRITERION");
        std::process::exit(2);
    };
    let figures: Vec<_> = kept(Path::new(criterion))?.iter().map(|of| of.figure()).collect();
    println!("{}", bencher(&figures));
    Ok(())
}
