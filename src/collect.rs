//! Ordered maps and sets of what an iterator gives, item by item.
//!
//! Meaning: as `collect`. The last value of a key stays.
//! Cost: O(n log n), as `collect`, which first sorts all items and then builds the tree from them. The
//! compiler makes both anew for each type of item: that was a sixth of the judge's code, and most of these
//! maps and sets are small.
//! Source: this project.

use std::collections::{BTreeMap, BTreeSet};

/// What every iterator has beside `collect`.
pub trait Collect: Iterator + Sized {
    /// The items as a set.
    fn into_set(self) -> BTreeSet<Self::Item>
    where
        Self::Item: Ord,
    {
        let mut set = BTreeSet::new();
        for item in self {
            set.insert(item);
        }
        set
    }

    /// The items, of a key and a value each, as a map.
    fn into_map<K: Ord, V>(self) -> BTreeMap<K, V>
    where
        Self: Iterator<Item = (K, V)>,
    {
        let mut map = BTreeMap::new();
        for (key, value) in self {
            map.insert(key, value);
        }
        map
    }
}

impl<I: Iterator> Collect for I {}
