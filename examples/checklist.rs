//! A shared inspection checklist that works offline: the application of docs/guide.md.
//!
//! Run it with `cargo run --example checklist`. Two inspectors and an office check one building. The
//! phones are offline while they decide; files carry the updates.

use rejoin::object::Priority;
use rejoin::{Changes, Replica, Schema};
use rejoin_store::{CommitError, StoredReplica};
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// The application's own types. They are kept as canonical JSON.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
enum Status {
    Pass,
    Fail { severity: u8 },
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Comment {
    by: String,
    text: String,
}

fn schema() -> Schema {
    Schema::new()
        .set("items")
        .map("status")
        .log("comments")
        .counter("visits")
        .priority("items", Priority::High)
        .priority("status", Priority::High)
        .priority("visits", Priority::Low)
}

/// A phone or the office: a replica in a file. Every change is on the disk before it is sent.
struct Device {
    stored: StoredReplica,
    file: PathBuf,
}

impl Device {
    fn open(name: &str, file: &Path) -> Result<Self, Box<dyn Error>> {
        let stored = StoredReplica::open_or_create(file, name, &schema())?;
        Ok(Self { stored, file: file.into() })
    }

    fn replica(&self) -> Result<&Replica, CommitError> {
        self.stored.replica()
    }

    fn set(&mut self, user: &str, item: &str, status: &Status) -> Result<(), Box<dyn Error>> {
        self.stored.change(|replica| {
            replica.as_user(user).set("items")?.add(item)?;
            replica.as_user(user).map("status")?.put(item, status)
        })?;
        Ok(())
    }

    fn comment(&mut self, by: &str, text: &str) -> Result<(), Box<dyn Error>> {
        let comment = Comment { by: by.into(), text: text.into() };
        self.stored.change(|replica| replica.as_user(by).log("comments")?.append(&comment))?;
        Ok(())
    }

    /// Applies the changes of another device. When this returns they are stored.
    fn pull(&mut self, from: &Self) -> Result<Changes, Box<dyn Error>> {
        let update = from.replica()?.update_since(&self.replica()?.version());
        Ok(self.stored.change(|replica| replica.apply(&update))?)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("checklist-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let device = |name: &str| Device::open(name, &folder.join(format!("{name}.rejoin")));
    let (mut ana, mut ben, mut office) = (device("ana")?, device("ben")?, device("office")?);

    // Offline, both inspect the boiler and do not agree.
    ana.set("ana", "boiler", &Status::Pass)?;
    ben.set("ben", "boiler", &Status::Fail { severity: 3 })?;
    ben.comment("ben", "the valve leaks")?;
    ben.stored.change(|replica| replica.edit().counter("visits")?.increment(1))?;

    // Ben's phone restarts: it goes on from its file.
    let file = ben.file.clone();
    drop(ben);
    let mut ben = Device::open("ben", &file)?;

    // Both meet the office, which shows what changed and whom it overruled.
    for phone in [&mut ana, &mut ben] {
        for change in office.pull(phone)? {
            let key: String = change.key().unwrap_or_default();
            println!("{} {key}: {:?} -> {:?}", change.object, change.before, change.after);
            if let Some(overruled) = &change.overruled {
                println!("  notify {}", overruled.user.as_deref().unwrap_or("nobody"));
            }
        }
        phone.pull(&office)?;
    }
    ana.pull(&office)?;
    assert_eq!(ana.stored.state_hash()?, ben.stored.state_hash()?);

    // The office has seen both decisions and decides: that closes the conflict.
    assert_eq!(office.replica()?.conflicts().len(), 1);
    office.set("office", "boiler", &Status::Fail { severity: 3 })?;
    assert!(office.replica()?.conflicts().is_empty());
    let status = office.replica()?.map::<str, Status>("status")?.get("boiler")?;
    println!(
        "the boiler: {status:?}, after {:?} visits",
        office.replica()?.counter("visits")?.value()
    );
    fs::remove_dir_all(folder)?;
    Ok(())
}
