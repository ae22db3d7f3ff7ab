//! The same with the crate: Ann sees a conflict and puts the value once more; Bob, who saw only his own, deletes the key.

use automerge::transaction::Transactable;
use automerge::{ActorId, AutoCommit, ObjType, ROOT, ReadDoc};
use std::process::ExitCode;

fn main() -> Result<ExitCode, automerge::AutomergeError> {
    let mut first = AutoCommit::new().with_actor(ActorId::from([0_u8]));
    let approved = first.put_object(ROOT, "approved", ObjType::Map)?;
    first.commit();
    let mut ann = first.fork().with_actor(ActorId::from([0xaa_u8]));
    let mut bob = first.fork().with_actor(ActorId::from([0xbb_u8]));
    ann.put(&approved, "plan", true)?;
    bob.put(&approved, "plan", true)?;
    ann.merge(&mut bob)?;

    ann.put(&approved, "plan", true)?;
    bob.delete(&approved, "plan")?;

    ann.merge(&mut bob)?;
    let shown = ann.get(&approved, "plan")?;
    println!("ann: {shown:?}");
    Ok(if shown.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
