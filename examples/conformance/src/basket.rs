use std::collections::{BTreeMap, BTreeSet};

/// An addition: its device, and its number among the additions of that device.
type Tag = (String, u64);

/// A basket that a family fills from several devices.
#[derive(Clone, Default)]
pub struct Basket {
    device: String,
    count: u64,
    items: BTreeMap<String, BTreeSet<Tag>>,
    removed: BTreeSet<Tag>,
}

impl Basket {
    /// An empty basket, on this device.
    pub fn new(device: &str) -> Self {
        Self { device: device.into(), ..Self::default() }
    }

    /// Puts an item in.
    pub fn add(&mut self, item: &str) {
        self.count += 1;
        let tag = (self.device.clone(), self.count);
        self.items.entry(item.into()).or_default().insert(tag);
    }

    /// Takes an item out.
    pub fn remove(&mut self, item: &str) {
        self.removed.extend(self.items.remove(item).unwrap_or_default());
    }

    /// The items in it.
    pub fn items(&self) -> impl Iterator<Item = &String> {
        self.items.keys()
    }

    /// Merges the basket of another device.
    pub fn merge(&mut self, other: &Self) {
        for (item, tags) in &other.items {
            let new: Vec<Tag> = tags.difference(&self.removed).cloned().collect();
            if !new.is_empty() {
                self.items.entry(item.clone()).or_default().extend(new);
            }
        }
        for tags in self.items.values_mut() {
            tags.retain(|tag| !other.removed.contains(tag));
        }
        self.items.retain(|_, tags| !tags.is_empty());
    }
}
