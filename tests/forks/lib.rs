//! Forks: disks are restored and files copied, unannounced. Shown for the reference, on all types:
//! no operation is lost, no name is two operations, no operation has two names, values are those of
//! the definition, equal knowledge is equal states under equal names, each fork is found when two
//! replicas meet, and nothing is renamed if there is no fork. Shown for both engines, of every history of
//! two steps and in some of the random worlds, after every step: the name of each operation, the chain of
//! openings, the own origin and what is renamed are those of the extracted spec/openings.v.

#![cfg(test)]

mod public_api;
mod relays;
mod session;
mod world;

use std::collections::BTreeSet;
use world::{Disk, Fault, Letter, Random, Truth};

/// Counts over all worlds.
#[derive(Default, Debug)]
struct Counts {
    restores: usize,
    copies: usize,
    forks: usize,
    renamed: usize,
}

/// Sends a message of one object from one disk to another.
fn send(
    disks: &mut [Disk],
    (from, to, at): (usize, usize, usize),
    fault: Option<Fault>,
    counts: &mut Counts,
) -> Result<Letter, String> {
    let letter = disks[from].letter(at, &disks[to]);
    let is_forked = disks[to].objects[at].is_forked_from(&disks[from].objects[at]);
    if disks[to].forks_from(at, &disks[from]).is_some_and(|forks| forks != is_forked) {
        return Err("the definitions rename where no fork is, or do not where one is".into());
    }
    let sent = disks[from].objects[at].knows();
    let both: BTreeSet<u64> = disks[to].objects[at].knows().union(&sent).copied().collect();
    let before = disks[to].clone();
    let renamed = disks[to].apply(&letter, fault);
    counts.forks += usize::from(is_forked);
    counts.renamed += renamed;
    if fault.is_none() {
        if before.ask_by_vector(at, &disks[from], &disks[to]) && !is_forked {
            return Err("a false alarm".into());
        }
        if disks[to].objects[at].knows() != both {
            return Err("not all that was sent is here".into());
        }
        if disks[to].objects[at].is_forked_from(&disks[from].objects[at]) && renamed == 0 {
            let mut sender = disks[from].clone();
            let back = disks[to].letter(at, &sender);
            if sender.apply(&back, None) == 0 {
                return Err("a fork that nobody heals".into());
            }
        }
        if renamed > 0 && !is_forked {
            return Err("a name changed where there is no fork".into());
        }
    }
    Ok(letter)
}

/// A random world.
fn world(seed: u64, steps: usize, fault: Option<Fault>, counts: &mut Counts) -> Result<(), String> {
    const OBJECTS: usize = 2;
    let mut random = Random(seed);
    let devices = 1 + random.below(3);
    let mut disks: Vec<Disk> = ['a', 'b', 'c', 'h']
        .into_iter()
        .enumerate()
        .filter(|(at, _)| *at < devices || *at == 3)
        .map(|(at, device)| Disk::new(device, OBJECTS, fault.is_none(), seed << 8 | at as u64))
        // The definitions run in some of the worlds, as they take long.
        .map(|disk| if fault.is_none() && seed.is_multiple_of(4) { disk.defined() } else { disk })
        .collect();
    let mut truths = vec![Truth::default(); OBJECTS];
    let mut backups: Vec<Disk> = Vec::new();
    let mut letters: Vec<Letter> = Vec::new();
    let mut is_restored = false;
    for _ in 0..steps {
        let at = random.below(disks.len());
        let mut looked_at = vec![at];
        match random.below(100) {
            0..35 => {
                let object = random.below(OBJECTS);
                disks[at].write(object, &mut truths[object], random.next(), fault);
            }
            35..48 => disks[at].reopen(random.next()),
            48..58 => backups.push(disks[at].clone()),
            58..68 if !backups.is_empty() => {
                let mut old = backups[random.below(backups.len())].clone();
                old.reopen(random.next());
                is_restored = true;
                let same: Vec<usize> =
                    (0..disks.len()).filter(|disk| disks[*disk].device == old.device).collect();
                if random.below(10) < 4 && disks.len() < 7 {
                    counts.copies += 1;
                    disks.push(old);
                } else {
                    counts.restores += 1;
                    disks[same[random.below(same.len())]] = old;
                }
            }
            68..74 if !letters.is_empty() => {
                // Late, or once more; or a message from before somebody's names changed.
                let letter = letters[random.below(letters.len())].clone();
                disks[at].apply(&letter, fault);
            }
            _ => {
                let other = random.below(disks.len());
                if other == at {
                    continue;
                }
                looked_at.push(other);
                for object in 0..OBJECTS {
                    // Cut: not all objects, and not in both directions.
                    if random.below(10) < 7 {
                        let route = (other, at, object);
                        letters.push(send(&mut disks, route, fault, counts)?);
                    }
                    if random.below(10) < 5 {
                        let route = (at, other, object);
                        letters.push(send(&mut disks, route, fault, counts)?);
                    }
                }
            }
        }
        for disk in looked_at {
            for (object, truth) in truths.iter_mut().enumerate() {
                disks[disk].look(object, truth)?;
            }
        }
    }
    if !is_restored && counts.renamed > 0 {
        return Err("a false alarm".into());
    }
    let alive = |disks: &[Disk], object: usize| -> BTreeSet<u64> {
        disks.iter().flat_map(|disk| disk.objects[object].knows()).collect()
    };
    let expected: Vec<_> = (0..OBJECTS).map(|object| alive(&disks, object)).collect();
    for _ in 0..3 {
        for from in 0..disks.len() {
            for to in (0..disks.len()).filter(|to| *to != from) {
                for (object, truth) in truths.iter_mut().enumerate() {
                    send(&mut disks, (from, to, object), fault, counts)?;
                    disks[to].look(object, truth)?;
                }
            }
        }
    }
    for disk in &disks {
        for (object, expected) in disk.objects.iter().zip(&expected) {
            if object.knows() != *expected {
                return Err("something that a disk held is not everywhere".into());
            }
        }
    }
    Ok(())
}

fn worlds(number: u64, steps: usize, fault: Option<Fault>) -> Result<Counts, String> {
    let mut total = Counts::default();
    for seed in 0..number {
        let mut counts = Counts::default();
        world(seed, steps, fault, &mut counts)
            .map_err(|error| format!("world {seed} of {steps} steps: {error}"))?;
        total.restores += counts.restores;
        total.copies += counts.copies;
        total.forks += counts.forks;
        total.renamed += counts.renamed;
    }
    Ok(total)
}

#[test]
fn nothing_is_lost_where_disks_are_put_back() {
    let mut total = 0;
    for (number, steps) in [(100, 12), (40, 30), (5, 80)] {
        let counts = worlds(number, steps, None).unwrap();
        assert!(counts.restores > 0 && counts.copies > 0, "{counts:?}");
        total += counts.forks.min(counts.renamed);
    }
    assert!(total > 30, "{total} forks were found and healed");
}

#[test]
fn a_receiver_that_renames_without_the_delta_is_found() {
    assert!(worlds(200, 30, Some(Fault::RenameFirst)).is_err());
}

#[test]
fn a_process_that_draws_no_opening_is_found() {
    assert!(worlds(200, 30, Some(Fault::NoNewOpening)).is_err());
}

#[test]
fn a_receiver_that_compares_counters_alone_is_found() {
    assert!(worlds(200, 30, Some(Fault::CounterOnly)).is_err());
}

#[test]
fn every_short_history_heals() {
    every_history(3, |disk| disk);
}

#[test]
fn every_shorter_history_has_the_names_of_the_definitions() {
    every_history(2, Disk::defined);
}

/// Two disks of one device and a hub: all that they can do in so many steps, after each of two
/// beginnings.
fn every_history(steps: usize, defined: fn(Disk) -> Disk) {
    #[derive(Clone)]
    struct State {
        disks: Vec<Disk>,
        backup: Disk,
        truth: Truth,
        next: u64,
    }
    fn act(state: &mut State, action: usize) -> Result<(), String> {
        let State { disks, backup, truth, next } = state;
        let mut counts = Counts::default();
        match action {
            0..3 => {
                *next += 1;
                disks[action].write(0, truth, next.wrapping_mul(0x9e37_79b9_7f4a_7c15), None);
            }
            3 | 4 => {
                *next += 1;
                disks[action - 3].reopen(*next);
            }
            5 | 6 => {
                disks[action - 5] = backup.clone();
                *next += 1;
                disks[action - 5].reopen(*next);
            }
            _ => {
                let pairs = [(0, 2), (2, 0), (1, 2), (2, 1), (0, 1), (1, 0)];
                let (from, to) = pairs[action - 7];
                send(disks, (from, to, 0), None, &mut counts)?;
            }
        }
        for disk in disks {
            disk.look(0, truth)?;
        }
        Ok(())
    }
    fn explore(state: &State, depth: usize, path: &mut Vec<usize>, ends: &mut usize) {
        if depth == 0 {
            *ends += 1;
            let mut state = state.clone();
            for action in [7, 9, 8, 10, 7, 9] {
                act(&mut state, action).unwrap_or_else(|error| panic!("{path:?}: {error}"));
            }
            let knows = state.disks[2].objects[0].knows();
            let before: BTreeSet<u64> =
                state.disks.iter().flat_map(|disk| disk.objects[0].knows()).collect();
            assert_eq!(knows, before, "{path:?}");
            return;
        }
        for action in 0..13 {
            let mut state = state.clone();
            path.push(action);
            act(&mut state, action).unwrap_or_else(|error| panic!("{path:?}: {error}"));
            explore(&state, depth - 1, path, ends);
            path.pop();
        }
    }
    let start = || State {
        disks: [('a', 1001), ('a', 1002), ('h', 1003)]
            .map(|(device, random)| defined(Disk::new(device, 1, true, random)))
            .to_vec(),
        backup: defined(Disk::new('a', 1, true, 1000)),
        truth: Truth::default(),
        next: 0,
    };
    std::thread::scope(|scope| {
        for begun in [&[][..], &[0, 7, 0, 1]] {
            let start = &start;
            scope.spawn(move || {
                let (mut state, mut ends) = (start(), 0);
                begun.iter().for_each(|action| act(&mut state, *action).unwrap());
                explore(&state, steps, &mut Vec::new(), &mut ends);
                assert_eq!(ends, 13_usize.pow(steps as u32));
            });
        }
    });
}
