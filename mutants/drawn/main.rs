//! Writes the sources with mutants into a copy of the project; `mutants/drawn/run` calls it.

use rejoin_drawn::{Mutant, rewrite, switch};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;
use std::{env, fs, io};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [source, copy] = arguments.as_slice() else {
        return Err("usage: rejoin-drawn SOURCE COPY < the mutants as JSON".into());
    };
    let mut files: BTreeMap<String, Vec<Mutant>> = BTreeMap::new();
    let mut roots = BTreeSet::new();
    let mutants: Vec<Mutant> = serde_json::from_reader(io::stdin())?;
    let last = mutants.iter().map(|mutant| mutant.number).max().unwrap_or(0);
    for mutant in mutants {
        let (package, _) = mutant.file.split_once("src/").ok_or("a file outside of src/")?;
        roots.insert(format!("{package}src/lib.rs"));
        files.entry(mutant.file.clone()).or_default().push(mutant);
    }
    for root in &roots {
        files.entry(root.clone()).or_default();
    }
    let (mut segments, mut places, mut unplaced) = (Vec::new(), BTreeMap::new(), Vec::new());
    for (file, mutants) in files {
        let text = fs::read_to_string(Path::new(source).join(&file))?;
        let mut new = rewrite(&text, &mutants)?;
        if roots.contains(&file) {
            new.text.push_str(&switch(last));
        }
        let copy = Path::new(copy).join(&file);
        // A file that is the same keeps its time, and what was compiled of it.
        if fs::read_to_string(&copy).ok().as_ref() != Some(&new.text) {
            fs::write(copy, new.text)?;
        }
        let of_file =
            |s: rejoin_drawn::Segment| json!([file, s.bytes.start, s.bytes.end, s.mutants]);
        segments.extend(new.segments.into_iter().map(of_file));
        places.extend(new.places);
        unplaced.extend(new.unplaced);
    }
    let report = json!({ "segments": segments, "places": places, "unplaced": unplaced });
    println!("{report}");
    Ok(())
}
