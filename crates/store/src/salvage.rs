//! Verify and salvage: what of a store is intact.
//!
//! Meaning: of each object and note, the records before the first damaged one are intact. They are
//! an older state of it, as a backup is: what came after comes back from peers.
//! Cost: O(what the store holds).

use crate::journal::{Engine, Gathered, Journal, Note};
use crate::medium::{File, Medium};
use crate::redb::ReadOnly;
use crate::store::StoreError;
use crate::stored::{StoredError, create_file};
use rejoin::optimized::replica::Replica;
use rejoin::saved::State;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// What of a store is intact, and what is not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The name of the replica, if any of its records is intact.
    pub replica: Option<String>,
    /// How many records are intact.
    pub intact: usize,
    /// What is damaged, each with its place.
    pub damage: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.replica.as_deref().unwrap_or("nobody");
        write!(f, "{} records of {name:?} are intact", self.intact)?;
        match self.damage.is_empty() {
            true => f.write_str("; nothing is damaged"),
            false => write!(f, "; damaged: {}", self.damage.join("; ")),
        }
    }
}

/// Checks the store of a file, and says what is damaged. The file is not written.
///
/// # Errors
/// If there is no such file, another process writes it, or it is not a store.
pub fn verify(path: &Path) -> Result<Report, StoreError> {
    Ok(examine(&File::at(path))?.report())
}

/// Makes a new store of what is intact in a damaged one. It holds the same replica in an older state:
/// use it in place of the damaged file, and synchronize.
///
/// # Errors
/// If the damaged file cannot be read at all, nothing in it is intact, or the new one cannot be made.
pub fn salvage(damaged: &Path, to: &Path) -> Result<Report, StoredError> {
    salvage_with(damaged, to, |_| ())
}

/// As [`salvage()`], where the application changes the intact lines of its notes before the new file is
/// there: a note may say more than what else is intact.
///
/// # Errors
/// As [`salvage()`].
pub fn salvage_with(
    damaged: &Path,
    to: &Path,
    change: impl FnOnce(&mut BTreeMap<String, Vec<Vec<u8>>>),
) -> Result<Report, StoredError> {
    let examined = examine(&File::at(damaged))?;
    let report = examined.report();
    let Examined { state: Some(state), mut notes, .. } = examined else {
        let place = damaged.display().to_string();
        return Err(StoredError::Store(StoreError::Damaged { place, damage: report.damage }));
    };
    change(&mut notes);
    let State { origin, schema, objects, relayed } = state;
    let replica = Replica::restored(origin, objects).with_relayed(relayed);
    let notes: Vec<Note> = notes
        .into_iter()
        .flat_map(|(name, lines)| {
            lines.into_iter().map(move |line| Note::Append { name: name.clone(), line })
        })
        .collect();
    let source = Engine { replica: &replica, schema: &schema };
    create_file(to, |store| Journal::create(store, &source, &notes).map(drop))?;
    Ok(report)
}

struct Examined {
    state: Option<State>,
    notes: BTreeMap<String, Vec<Vec<u8>>>,
    applied: usize,
    damage: Vec<String>,
}

impl Examined {
    fn report(&self) -> Report {
        let notes: usize = self.notes.values().map(Vec::len).sum();
        Report {
            replica: self.state.as_ref().map(|state| state.origin.replica.as_str().into()),
            intact: self.applied + notes,
            damage: self.damage.clone(),
        }
    }
}

fn examine(medium: &dyn Medium) -> Result<Examined, StoreError> {
    let mut gathered = Gathered::default();
    let (head, mut damage) = ReadOnly::rescue(medium, &mut |record| gathered.add(record))?;
    if let Some(found) = gathered.check(&head)
        && gathered.applied == 0
        && damage.is_empty()
    {
        return Err(StoreError::Foreign { place: medium.place(), found });
    }
    let Gathered { parts, notes, applied, damage: found, refused, .. } = gathered;
    damage.extend(found);
    damage.extend(refused.into_iter().map(|(place, error)| format!("{place}: {error}")));
    let state = match parts.finish() {
        Ok(state) => Some(state),
        Err(error) => {
            damage.push(error.to_string());
            None
        }
    };
    Ok(Examined { state, notes, applied, damage })
}
