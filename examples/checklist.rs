//! A shared inspection checklist that works offline: the application of docs/guide.md.
//!
//! Run it with `cargo run --example checklist`. Two inspectors and an office check one building. The
//! phones are offline while they decide; files carry the updates.

use rejoin::object::Priority;
use rejoin::{Changes, Replica, Schema, Version};
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

/// A replica and its folder. Every change is in a file before it is sent.
struct Device {
    replica: Replica,
    folder: PathBuf,
    saved: Version,
    parts: usize,
}

impl Device {
    fn create(name: &str, folder: &Path) -> Result<Self, Box<dyn Error>> {
        fs::create_dir_all(folder)?;
        let replica = Replica::create(name, &schema())?;
        let mut device =
            Self { replica, folder: folder.into(), saved: Version::default(), parts: 0 };
        device.store()?;
        Ok(device)
    }

    fn open(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let mut parts = Vec::new();
        while let Ok(part) = fs::read(folder.join(format!("{}.part", parts.len()))) {
            parts.push(part);
        }
        let replica = Replica::open(parts.iter().map(Vec::as_slice))?;
        let saved = replica.version();
        Ok(Self { replica, folder: folder.into(), saved, parts: parts.len() })
    }

    /// Appends the changes since the last time as one file, which is written whole or not at all.
    fn store(&mut self) -> Result<(), Box<dyn Error>> {
        let draft = self.folder.join("draft");
        fs::write(&draft, self.replica.save_since(&self.saved))?;
        fs::File::open(&draft)?.sync_all()?;
        fs::rename(&draft, self.folder.join(format!("{}.part", self.parts)))?;
        self.parts += 1;
        self.saved = self.replica.version();
        Ok(())
    }

    fn set(&mut self, user: &str, item: &str, status: &Status) -> Result<(), Box<dyn Error>> {
        self.replica.as_user(user).set("items")?.add(item)?;
        self.replica.as_user(user).map("status")?.put(item, status)?;
        self.store()
    }

    fn comment(&mut self, by: &str, text: &str) -> Result<(), Box<dyn Error>> {
        let comment = Comment { by: by.into(), text: text.into() };
        self.replica.as_user(by).log("comments")?.append(&comment)?;
        self.store()
    }

    /// Applies the changes of another device, and stores them before it acknowledges them.
    fn pull(&mut self, from: &Self) -> Result<Changes, Box<dyn Error>> {
        let changes = self.replica.apply(&from.replica.update_since(&self.replica.version()))?;
        self.store()?;
        Ok(changes)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("checklist-{}", std::process::id()));
    let device = |name: &str| Device::create(name, &folder.join(name));
    let (mut ana, mut ben, mut office) = (device("ana")?, device("ben")?, device("office")?);

    // Offline, both inspect the boiler and do not agree.
    ana.set("ana", "boiler", &Status::Pass)?;
    ben.set("ben", "boiler", &Status::Fail { severity: 3 })?;
    ben.comment("ben", "the valve leaks")?;
    ben.replica.edit().counter("visits")?.increment(1)?;
    ben.store()?;

    // Ben's phone restarts: it goes on from its files.
    let mut ben = Device::open(&ben.folder)?;

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
    assert_eq!(ana.replica.state_hash(), ben.replica.state_hash());

    // The office has seen both decisions and decides: that closes the conflict.
    assert_eq!(office.replica.conflicts().len(), 1);
    office.set("office", "boiler", &Status::Fail { severity: 3 })?;
    assert!(office.replica.conflicts().is_empty());
    let status = office.replica.map::<str, Status>("status")?.get("boiler")?;
    println!(
        "the boiler: {status:?}, after {:?} visits",
        office.replica.counter("visits")?.value()
    );
    fs::remove_dir_all(folder)?;
    Ok(())
}
