//! A delta names a key by its creation dot if its receiver knows one, and else by its bytes.

use rejoin::dot::{Origin, ReplicaId};
use rejoin::optimized::Author;
use rejoin::optimized::lww_map::LwwMap;
use rejoin::optimized::or_set::OrSet;

/// How many keys of the delta are named by a creation dot.
fn by_creation_dot(delta: &impl std::fmt::Debug) -> usize {
    format!("{delta:?}").matches("CreationDot {").count()
}

fn author(name: &str, seq: u64) -> Author {
    let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
    Author { origin, seq, user: None }
}

/// A long key, so that any other name is shorter.
const KEY: &str = "warehouse/north/stock/mapping of columns";

#[test]
fn a_key_goes_by_its_creation_dot_once_it_is_known() {
    let (mut a, mut b) = (LwwMap::<str, str>::new(), LwwMap::new());
    let first = a.put(&author("a", 1), KEY, "x", 1).unwrap().delta();
    assert_eq!(
        by_creation_dot(&first),
        0,
        "nobody has seen a creation dot before the key was created"
    );
    b.apply(&first).unwrap();

    let second = a.put(&author("a", 2), KEY, "y", 2).unwrap().delta();
    assert_eq!(by_creation_dot(&second), 1);
    b.apply(&second).unwrap();
    assert_eq!(b.get(KEY), Some("y"));

    // A replica that has seen nothing gets the key's bytes, and from then on knows its creation
    // dot.
    let mut c = LwwMap::new();
    let all = b.delta_since(&c.vector());
    assert_eq!(by_creation_dot(&all), 0);
    c.apply(&all).unwrap();
    let third = b.delete(&author("b", 1), KEY, 3).unwrap().delta();
    assert_eq!(by_creation_dot(&third), 1);
    c.apply(&third).unwrap();
    assert_eq!((c.get(KEY), c.ever()), (None, 1));
    assert_eq!(c.state_hash(), b.state_hash());
}

/// Each creates the key without having seen the others. Two that sync then know both creation dots,
/// and understand either.
#[test]
fn a_replica_that_created_the_key_concurrently_resolves_every_creation_dot() {
    let mut sets = ["a", "b", "c"].map(|_| OrSet::<str>::new());
    for (set, name) in sets.iter_mut().zip(["a", "b", "c"]) {
        set.add(&author(name, 1), KEY).unwrap();
    }
    let [mut a, mut b, mut c] = sets;
    // c learns the creation dot of b, and b that of a; a and c have not met.
    let delta = b.delta_since(&c.vector());
    assert_eq!(by_creation_dot(&delta), 0, "c has its own name for the key, which b does not know");
    c.apply(&delta).unwrap();
    b.join(&a).unwrap();
    assert_eq!(b.decisions(KEY).len(), 2);

    // c knows the key by its own creation dot and by that of b. b decides, and uses the latter.
    b.remove(&author("b", 2), KEY).unwrap();
    let delta = b.delta_since(&c.vector());
    assert_eq!(by_creation_dot(&delta), 1);
    c.apply(&delta).unwrap();
    assert!(c.contains(KEY), "its own addition was not seen by the removal");
    assert_eq!((c.decisions(KEY).len(), c.ever()), (2, 1));

    // a knows only its own creation dot; c learned it with the decision that saw it.
    let delta = c.delta_since(&a.vector());
    assert_eq!(by_creation_dot(&delta), 1);
    a.apply(&delta).unwrap();
    assert_eq!((a.decisions(KEY).len(), a.ever()), (2, 1));
    assert_eq!(a.state_hash(), c.state_hash());

    // A late message of a, which only has its own name for the key, is understood by b.
    let late = a.remove(&author("a", 2), KEY).unwrap().delta();
    assert_eq!(by_creation_dot(&late), 1);
    b.join(&c).unwrap();
    b.apply(&late).unwrap();
    assert!(!b.contains(KEY));
    assert_eq!(b.state_hash(), a.state_hash());
}

/// However often a key is written, and whatever its dot index drops, its creation dot stays known.
#[test]
fn a_creation_dot_is_never_forgotten() {
    let mut a = OrSet::<str>::new();
    a.add(&author("a", 1), KEY).unwrap();
    a.add(&author("a", 2), "other").unwrap();
    let mut late = a.clone();
    for seq in 3..500 {
        a.add(&author("a", seq), KEY).unwrap();
    }
    let delta = a.delta_since(&late.vector());
    assert_eq!((delta.len(), by_creation_dot(&delta)), (1, 1));
    late.apply(&delta).unwrap();
    assert_eq!(late.state_hash(), a.state_hash());

    for (seq, element) in [(1, KEY), (2, "other")] {
        let delta = late.remove(&author("late", seq), element).unwrap().delta();
        assert_eq!(by_creation_dot(&delta), 1);
        a.apply(&delta).unwrap();
    }
    assert!(a.is_empty() && a.ever() == 2);
}
