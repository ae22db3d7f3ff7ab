//! Many replicas decide on one key concurrently: more than are scanned one by one.

use super::engines::{Engine, Op, Text};
use super::pair::Pair;
use rejoin::operation::Author;
use rejoin::{optimized, reference};

/// The decision of the branch of that number on a key.
fn op(key: &str, number: usize) -> Op {
    let value = (number % 5 != 0).then(|| format!("of {}", number % 7));
    Op { key: key.into(), value, timestamp: (number * 7 % 11) as u64 }
}

/// The author of that branch, in an incarnation of its own.
fn author<O: Engine, R: Engine>(state: &Pair<O, R>, number: usize) -> Author {
    state.author(number % 5, (number / 5) as u64)
}

/// Applies the changes of each of the branches, one after the other.
fn gather<O: Engine, R: Engine>(
    state: &mut Pair<O, R>,
    branches: &[Pair<O, R>],
) -> Result<(), String> {
    branches.iter().try_for_each(|branch| state.join(branch).map(drop))
}

/// Thirty branches decide on a key that all know and on one that none knew. Two replicas apply
/// overlapping sets of them, decide, and meet.
fn holds<O: Engine, R: Engine>() -> Result<(), String> {
    const BRANCHES: usize = 30;
    let mut start = Pair::<O, R>::new();
    start.decide(&author(&start, 0), &op("known", 1))?;
    let mut branches = Vec::new();
    for number in 0..BRANCHES {
        let mut branch = start.clone();
        // Each has an incarnation of its own, so all are concurrent.
        for key in ["known", "new", "known"].iter().take(1 + number % 3) {
            let author = author(&branch, number + 5);
            branch.decide(&author, &op(key, number))?;
        }
        branches.push(branch);
    }
    let (mut left, mut right) = (start.clone(), start.clone());
    gather(&mut left, &branches[..20])?;
    gather(&mut right, &branches[10..])?;
    let most = left.answers().known.values().map(|(maximal, _)| maximal.len()).max();
    assert!(most >= Some(12), "{most:?} decisions stand side by side: not more than a few");

    // One delta each: since bottom, since a branch, and since the other replica's vector.
    for since in [&start, &branches[3], &branches[12], &right] {
        let delta = left.delta_since(&since.vectors())?;
        since.clone().receive(&delta)?.map_err(|refusal| format!("{refusal:?}"))?;
    }

    // One replica decides after what it has seen; the other has seen fewer of some operations, and
    // more of others.
    let before = left.clone();
    for (number, key) in [(2, "known"), (3, "new")] {
        left.decide(&author(&left, BRANCHES + 5), &op(key, number))?;
    }
    right.join(&left)?;
    left.join(&right)?;
    if left.answers() != right.answers() {
        return Err("after they met, the two sides differ".into());
    }

    // So many decisions on other keys that the dot index is compacted.
    let mut busy = before;
    for number in 0..200 {
        let author = author(&busy, 5);
        busy.decide_unseen(&author, &op(["a", "b", "c"][number % 3], number))?;
    }
    busy.check()?;
    busy.join(&left)?;
    left.join(&busy)?;
    if left.answers() != busy.answers() {
        return Err("after they met again, the two sides differ".into());
    }
    Ok(())
}

#[test]
fn of_a_set() {
    holds::<optimized::or_set::OrSet<str>, reference::or_set::OrSet<String>>().unwrap();
}

#[test]
fn of_a_map() {
    holds::<optimized::lww_map::LwwMap<str, str>, reference::lww_map::LwwMap<String, Text>>()
        .unwrap();
}

#[test]
fn of_a_register() {
    holds::<optimized::lww_register::LwwRegister<str>, reference::lww_register::LwwRegister<Text>>(
    )
    .unwrap();
}
