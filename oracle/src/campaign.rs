//! Campaigns on several machines: the report of one shard, and the sum of all.
//!
//! It does not matter what runs the shards (Kubernetes, Slurm, a shell): each shard writes a
//! report, and `merge-reports` adds them up. A shard that died has written no report, and is named.

use crate::exit::Exit;
use crate::output::{Output, complain};
use crate::printable::{count, escape, grouped};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The greatest length of a report, in bytes.
const LONGEST: u64 = 1 << 20;

/// The most shards of a campaign.
const MOST_SHARDS: u64 = 1_000_000;

/// The report of one shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardReport {
    /// The name of the campaign, which all shards share.
    pub campaign: String,
    /// The shard, as K/N.
    pub shard: String,
    /// How many cases were performed.
    pub cases: u64,
    /// How many cases failed, by fault.
    pub faults: BTreeMap<String, u64>,
    /// How often each thing happened.
    pub counts: BTreeMap<String, u64>,
}

impl ShardReport {
    /// Writes the report. The file appears only when it is complete. Complains on standard error on
    /// failure.
    pub fn write(&self, path: &Path) -> bool {
        let text = serde_json::to_string(self).expect("counts and texts are JSON") + "\n";
        let mut beside = path.as_os_str().to_owned();
        beside.push(".part");
        match fs::write(&beside, text).and_then(|()| fs::rename(&beside, path)) {
            Ok(()) => true,
            Err(error) => {
                complain(&format!("{} cannot be written: {error}", path.display()));
                false
            }
        }
    }

    fn read(path: &Path) -> Result<Self, (Exit, String)> {
        let unreadable = |error| (Exit::Unreadable, format!("it cannot be read: {error}"));
        if fs::metadata(path).map_err(unreadable)?.len() > LONGEST {
            return Err((Exit::Invalid, "it is longer than a report can be".into()));
        }
        let text = fs::read(path).map_err(unreadable)?;
        serde_json::from_slice(&text)
            .map_err(|error| (Exit::Invalid, format!("it is not the report of a shard: {error}")))
    }

    fn place(&self) -> Option<(u64, u64)> {
        let (number, of) = self.shard.split_once('/')?;
        let (number, of) = (number.parse().ok()?, of.parse().ok()?);
        ((1..=of).contains(&number) && of <= MOST_SHARDS).then_some((number, of))
    }
}

/// Adds up the reports, and says which are missing.
pub fn merge<W: Write>(paths: &[PathBuf], output: &mut Output<W>) -> Exit {
    let refuse = |path: &Path, exit: Exit, message: &str| {
        complain(&format!("{}: {}", path.display(), escape(message)));
        exit
    };
    let mut sum: Option<ShardReport> = None;
    let mut seen = BTreeSet::new();
    let mut shards = 0;
    for path in paths {
        let part = match ShardReport::read(path) {
            Ok(part) => part,
            Err((exit, message)) => return refuse(path, exit, &message),
        };
        let Some((number, of)) = part.place() else {
            let message = format!("its shard is `{}`, expected K/N with K from 1 to N", part.shard);
            return refuse(path, Exit::Invalid, &message);
        };
        if let Some(sum) = &sum
            && (sum.campaign != part.campaign || shards != of)
        {
            let message = format!(
                "it is of a {} in {of} shards, the first one of a {} in {shards} shards",
                part.campaign, sum.campaign
            );
            return refuse(path, Exit::Invalid, &message);
        }
        shards = of;
        if !seen.insert(number) {
            return refuse(
                path,
                Exit::Invalid,
                &format!("an earlier report is also of shard {}", part.shard),
            );
        }
        match &mut sum {
            None => sum = Some(part),
            Some(sum) => {
                sum.cases = sum.cases.saturating_add(part.cases);
                add(&mut sum.faults, part.faults);
                add(&mut sum.counts, part.counts);
            }
        }
    }
    let Some(sum) = sum else { return Exit::Usage };
    let missing: Vec<u64> = (1..=shards).filter(|number| !seen.contains(number)).collect();
    output.write(format!("{}: {}\n", sum.campaign, count(sum.cases, "case")));
    for (what, number) in &sum.counts {
        output.write(format!("  {} {what}\n", grouped((*number).into())));
    }
    for (fault, number) in &sum.faults {
        output.write(format!("  failed: {fault} in {}\n", count(*number, "case")));
    }
    for number in missing.iter().take(100) {
        output.write(format!("  missing: shard {number}/{shards}; run it again alone\n"));
    }
    if missing.len() > 100 {
        output.write(format!("  missing: {} more\n", count((missing.len() - 100) as u64, "shard")));
    }
    if sum.faults.keys().any(|fault| fault.starts_with("subject ")) {
        Exit::Subject
    } else if !sum.faults.is_empty() {
        Exit::Discrepancy
    } else if !missing.is_empty() {
        Exit::Inconclusive
    } else {
        Exit::Success
    }
}

fn add(sum: &mut BTreeMap<String, u64>, part: BTreeMap<String, u64>) {
    for (name, number) in part {
        let total = sum.entry(name).or_default();
        *total = total.saturating_add(number);
    }
}
