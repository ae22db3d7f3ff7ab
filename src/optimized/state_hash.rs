//! State hash: 32 bytes that identify a state, and trees that find where two states differ.
//!
//! Meaning: that of spec/state-hash.md: a tree over the records of an object by the hash of their
//! keys, four children a node, at most eight records a bucket. Two trees: what counts as content,
//! and records of removal only.
//! Laws: equal to the reference's naive computation (tests/engines/optimized/mod.rs); equal states have equal
//! hashes, and equal hashes mean equal states or a collision of BLAKE3 (proved in spec/).
//! Cost: O(records changed since the last time · log records); finding where two states differ
//! O(differences · log records). 20 bytes a record.
//! Source: Merkle, A Digital Signature Based on a Conventional Encryption Function, CRYPTO 1987;
//! the tree's shape is that of a radix tree, so that it depends on the records alone.

use super::arena::{BLOCK, Table};
use crate::digest::{self, StateHash};
use crate::object::ObjectType;
use smallvec::SmallVec;
use std::ops::Range;
use std::sync::LazyLock;

/// 32 bytes of BLAKE3.
type Digest = [u8; 32];

/// The hash of a subtree without records.
const NOTHING: Digest = [0; 32];

/// The greatest number of records of a bucket, above the last depth.
const BUCKET: usize = 8;

/// The depth of the last buckets, which take any number.
const DEEPEST: u32 = 32;

/// A value of more bytes goes into its record as its hash.
const LONG: usize = 64;

/// The derivation keys of the hashes: one for each kind, so that hashes of different kinds never collide.
struct Domains {
    path: Digest,
    value: Digest,
    bucket: Digest,
    node: Digest,
    object: Digest,
    replica: Digest,
}

static DOMAINS: LazyLock<Domains> = LazyLock::new(|| {
    let key = |name: &str| *blake3::hash(format!("rejoin/1 {name}").as_bytes()).as_bytes();
    Domains {
        path: key("path"),
        value: key("value"),
        bucket: key("bucket"),
        node: key("node"),
        object: key("object"),
        replica: key("replica"),
    }
});

fn hash(key: &Digest, message: &[u8]) -> Digest {
    *blake3::keyed_hash(key, message).as_bytes()
}

/// Where a key is in the tree: two bits a depth, the first ones on top.
fn path(key: &[u8]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = hash(&DOMAINS.path, key);
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// Appends a number: 7 bits a byte, the lowest first, as few bytes as will do.
pub(super) fn write_number(mut number: u128, out: &mut Vec<u8>) {
    while number >= 128 {
        out.push(number as u8 | 128);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends a byte string behind its length.
pub(super) fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    write_number(bytes.len() as u128, out);
    out.extend_from_slice(bytes);
}

/// Appends a value; a long one as its hash.
pub(super) fn write_value(value: &[u8], out: &mut Vec<u8>) {
    if value.len() <= LONG {
        out.push(2);
        write_bytes(value, out);
    } else {
        out.push(3);
        out.extend_from_slice(&hash(&DOMAINS.value, value));
    }
}

/// The hash of an object whose trees have these roots.
fn object_hash(tag: u8, root: Digest) -> Digest {
    let mut message = vec![tag];
    message.extend_from_slice(&root);
    hash(&DOMAINS.object, &message)
}

/// The hashes of an object of a type with these trees. The number of a type is its place in
/// [`ObjectType::ALL`], from 1.
pub(super) fn object_hashes(kind: ObjectType, trees: &Trees) -> StateHash {
    let tag = kind as u8 + 1;
    let (content, removals) = trees.roots();
    let hash = |root| digest::Digest(object_hash(tag, root));
    StateHash { content: hash(content), removals: hash(removals) }
}

/// The hashes of a replica whose objects have these, in the order of their names.
pub(super) fn replica_hash<'a>(objects: impl Iterator<Item = (&'a str, StateHash)>) -> StateHash {
    let (mut content, mut removals) = (Vec::new(), Vec::new());
    for (name, object) in objects {
        for (message, digest) in [(&mut content, object.content), (&mut removals, object.removals)]
        {
            write_bytes(name.as_bytes(), message);
            message.extend_from_slice(&digest.0);
        }
    }
    let hash = |message: &[u8]| digest::Digest(hash(&DOMAINS.replica, message));
    StateHash { content: hash(&content), removals: hash(&removals) }
}

/// Which tree a record belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TreeKind {
    /// A key with a value, or with an open merge decision.
    Content,
    /// A key whose maximal decisions all remove.
    Removals,
}

/// The records of an object, under numbers without gaps.
pub(crate) trait Leaves {
    /// How many there are.
    fn len(&self) -> usize;

    /// Which tree the record belongs to; `None` if to none.
    fn part(&self, number: u32) -> Option<TreeKind>;

    /// Brings what is asked of these records into the cache.
    fn prefetch(&self, _: &[u32]) {}

    /// Appends the record's key.
    fn write_key(&self, number: u32, out: &mut Vec<u8>);

    /// Appends what the record says of its key.
    fn write_body(&self, number: u32, out: &mut Vec<u8>);
}

/// A record in a change: where, which, and whether it is in the tree from now on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Changed {
    path: u64,
    number: u32,
    action: Action,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Action {
    Insert,
    Touch,
    /// It is out of its bucket already; the hashes are to follow.
    Remove,
}

/// A subtree: nothing, a bucket by its first record, or a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Child(u32);

impl Child {
    const EMPTY: Self = Self(u32::MAX);
    const NODE: u32 = 1 << 31;

    fn as_node(self) -> Option<u32> {
        (self.0 & Self::NODE != 0 && self != Self::EMPTY).then_some(self.0 & !Self::NODE)
    }
}

#[derive(Clone, Debug)]
struct Node {
    hashes: [Digest; 4],
    children: [Child; 4],
}

impl Node {
    const NEW: Self = Self { hashes: [NOTHING; 4], children: [Child::EMPTY; 4] };
}

/// One tree. The records of a bucket are chained through `Trees::next`.
#[derive(Clone, Debug)]
struct Tree {
    root: Child,
    hash: Digest,
    nodes: Table<Node>,
    free: Vec<u32>,
}

impl Default for Tree {
    fn default() -> Self {
        Self { root: Child::EMPTY, hash: NOTHING, nodes: Table::default(), free: Vec::new() }
    }
}

impl Tree {
    /// Removes a record from the chain of its bucket. The hashes above it stay stale.
    fn unlink(&mut self, path: u64, number: u32, next: &mut Table<u32>) {
        let mut child = &mut self.root;
        let mut depth = 0;
        while let Some(node) = child.as_node() {
            child = &mut self.nodes[node as usize].children[branch(path, depth)];
            depth += 1;
        }
        if child.0 == number {
            *child = Child(next[number as usize]);
            return;
        }
        let mut at = child.0;
        while at != u32::MAX {
            if next[at as usize] == number {
                next[at as usize] = next[number as usize];
                return;
            }
            at = next[at as usize];
        }
    }
}

/// What is known of a record: which tree it is in, and whether it changed since.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Place(u8);

impl Place {
    const CONTENT: u8 = 1;
    const REMOVALS: u8 = 2;
    const CHANGED: u8 = 4;

    fn of(part: Option<TreeKind>) -> Self {
        Self(match part {
            Some(TreeKind::Content) => Self::CONTENT,
            Some(TreeKind::Removals) => Self::REMOVALS,
            None => 0,
        })
    }

    fn is_in(self, tree: u8) -> bool {
        self.0 & tree != 0
    }
}

/// The two trees of an object, built when they are first asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trees {
    is_built: bool,
    content: Tree,
    removals: Tree,
    places: Table<Place>,
    /// The next record of the bucket.
    next: Table<u32>,
    changed: Vec<u32>,
}

impl Trees {
    /// The record changed, or is new.
    #[inline]
    pub fn touch(&mut self, number: u32) {
        if self.is_built {
            self.note(number);
        }
    }

    fn note(&mut self, number: u32) {
        let number = number as usize;
        while self.places.len() <= number {
            self.places.push(Place::default());
            self.next.push(u32::MAX);
        }
        if !self.places[number].is_in(Place::CHANGED) {
            self.places[number].0 |= Place::CHANGED;
            self.changed.push(number as u32);
        }
    }

    /// Brings the trees up to date with the records.
    pub fn refresh(&mut self, leaves: &impl Leaves) {
        if !self.is_built {
            self.is_built = true;
            for number in 0..leaves.len() as u32 {
                self.touch(number);
            }
        }
        let (mut content, mut removals) = (Vec::new(), Vec::new());
        let mut key = Vec::new();
        for block in std::mem::take(&mut self.changed).chunks(BLOCK) {
            leaves.prefetch(block);
            for number in block.iter().copied() {
                let old = self.places[number as usize];
                let new = Place::of(leaves.part(number));
                self.places[number as usize] = new;
                key.clear();
                leaves.write_key(number, &mut key);
                let path = path(&key);
                for (tree, changes) in
                    [(Place::CONTENT, &mut content), (Place::REMOVALS, &mut removals)]
                {
                    let action = match (old.is_in(tree), new.is_in(tree)) {
                        (false, true) => Action::Insert,
                        (true, true) => Action::Touch,
                        (true, false) => Action::Remove,
                        (false, false) => continue,
                    };
                    changes.push(Changed { path, number, action });
                }
            }
        }
        // A record may go from one tree to the other, and has one place in a chain: it leaves
        // the old one before it enters the new one.
        for (tree, changes) in [(&mut self.content, &content), (&mut self.removals, &removals)] {
            for change in changes.iter().filter(|change| change.action == Action::Remove) {
                tree.unlink(change.path, change.number, &mut self.next);
            }
        }
        for (tree, mut changes) in [(&mut self.content, content), (&mut self.removals, removals)] {
            if !changes.is_empty() {
                changes.sort_unstable();
                let root = tree.root;
                let mut update = Update::new(tree, &mut self.next, leaves);
                let (root, hash) = update.subtree(root, 0, &changes);
                (tree.root, tree.hash) = (root, hash);
            }
        }
    }

    /// The roots: of the content, and of the removals. As of the last refresh.
    pub fn roots(&self) -> (Digest, Digest) {
        (self.content.hash, self.removals.hash)
    }

    fn tree(&self, part: TreeKind) -> &Tree {
        match part {
            TreeKind::Content => &self.content,
            TreeKind::Removals => &self.removals,
        }
    }

    /// What the tree has at a depth, along a path: the hashes of its four parts where it goes on,
    /// else its records. As of the last refresh.
    pub fn at(&self, part: TreeKind, path: u64, depth: u32) -> RawSubtree {
        let tree = self.tree(part);
        let mut child = tree.root;
        for level in 0..depth.min(DEEPEST) {
            match child.as_node() {
                Some(node) => child = tree.nodes[node as usize].children[branch(path, level)],
                // The bucket has all that is below, and maybe more.
                None => {
                    let records = self.bucket(child);
                    return RawSubtree::Bucket(records);
                }
            }
        }
        match child.as_node() {
            Some(node) => RawSubtree::Node(tree.nodes[node as usize].hashes),
            None => RawSubtree::Bucket(self.bucket(child)),
        }
    }

    /// What a tree has at a place, with its records in the order of their keys. As of the last
    /// refresh.
    pub fn look(&self, leaves: &impl Leaves, at: TreePath) -> Subtree {
        match self.at(at.part, at.path, at.depth) {
            RawSubtree::Node(hashes) => Subtree::Node(hashes),
            RawSubtree::Bucket(numbers) => Subtree::Records(Self::records(leaves, numbers, at)),
        }
    }

    /// The first records below a place of a tree, `limit` of them at most, in the order of their
    /// keys. As of the last refresh.
    pub fn below(&self, leaves: &impl Leaves, at: TreePath, limit: usize) -> Vec<KeyAndBody> {
        let tree = self.tree(at.part);
        let mut child = tree.root;
        for level in 0..at.depth.min(DEEPEST) {
            if let Some(node) = child.as_node() {
                child = tree.nodes[node as usize].children[branch(at.path, level)];
            }
        }
        let mut numbers = Vec::new();
        let mut open = vec![child];
        while let Some(child) = open.pop() {
            match child.as_node() {
                Some(node) => open.extend(tree.nodes[node as usize].children.iter().rev()),
                None => numbers.extend(self.bucket(child)),
            }
            if numbers.len() >= limit {
                numbers.truncate(limit);
                break;
            }
        }
        Self::records(leaves, numbers, at)
    }

    /// Those of the records that belong below a place.
    fn records(leaves: &impl Leaves, numbers: Vec<u32>, at: TreePath) -> Vec<KeyAndBody> {
        let mut records = Vec::with_capacity(numbers.len());
        for number in numbers {
            let (mut key, mut body) = (Vec::new(), Vec::new());
            leaves.write_key(number, &mut key);
            if at.has(&key) {
                leaves.write_body(number, &mut body);
                records.push((key, body));
            }
        }
        records.sort_unstable();
        records
    }

    fn bucket(&self, child: Child) -> Vec<u32> {
        let mut numbers = Vec::new();
        let mut at = child.0;
        while at != u32::MAX {
            numbers.push(at);
            at = self.next[at as usize];
        }
        numbers
    }

    /// All records of a subtree.
    fn all(&self, tree: &Tree, child: Child, numbers: &mut Vec<u32>) {
        match child.as_node() {
            Some(node) => {
                for child in tree.nodes[node as usize].children {
                    self.all(tree, child, numbers);
                }
            }
            None => numbers.extend(self.bucket(child)),
        }
    }

    /// The records that may differ from those of another object: ours and theirs. As of the last
    /// refresh of both.
    pub fn difference(&self, other: &Self, part: TreeKind) -> (Vec<u32>, Vec<u32>) {
        let (ours, theirs) = (self.tree(part), other.tree(part));
        let mut found = (Vec::new(), Vec::new());
        let mut open = Vec::new();
        if ours.hash != theirs.hash {
            open.push((ours.root, theirs.root));
        }
        while let Some((our, their)) = open.pop() {
            match (our.as_node(), their.as_node()) {
                (Some(our), Some(their)) => {
                    let (our, their) = (&ours.nodes[our as usize], &theirs.nodes[their as usize]);
                    for branch in 0..4 {
                        if our.hashes[branch] != their.hashes[branch] {
                            open.push((our.children[branch], their.children[branch]));
                        }
                    }
                }
                _ => {
                    self.all(ours, our, &mut found.0);
                    other.all(theirs, their, &mut found.1);
                }
            }
        }
        found
    }
}

/// A record: its key, and what it says of it.
pub(crate) type KeyAndBody = (Vec<u8>, Vec<u8>);

/// A place in one of the trees of an object.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TreePath {
    /// In which tree.
    pub part: TreeKind,
    /// The way there from the root, two bits a level, the first ones on top.
    pub path: u64,
    /// How many levels down, at most 32.
    pub depth: u32,
}

impl TreePath {
    /// The deepest one.
    pub const DEEPEST: u32 = DEEPEST;

    /// The place below it on one of the four ways; `None` where there is no further one.
    pub fn child(self, branch: u32) -> Option<Self> {
        let Self { part, path, depth } = self;
        let path = path | u64::from(branch) << 62_u32.checked_sub(2 * depth)?;
        Some(Self { part, path, depth: depth + 1 })
    }

    /// Whether a record with the key belongs there or below.
    pub fn has(self, key: &[u8]) -> bool {
        let differs = path(key) ^ self.path;
        self.depth == 0 || differs >> 64_u32.saturating_sub(2 * self.depth) == 0
    }
}

/// What a tree has at a place, to send to a peer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Subtree {
    /// More than a bucket: the hashes of the four parts.
    Node([Digest; 4]),
    /// These records.
    Records(Vec<KeyAndBody>),
}

/// What a tree has at a place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum RawSubtree {
    /// More than a bucket: the hashes of the four parts.
    Node([Digest; 4]),
    /// These records.
    Bucket(Vec<u32>),
}

/// Which of the four children the path goes to.
fn branch(path: u64, depth: u32) -> usize {
    (path >> (62 - 2 * depth) & 3) as usize
}

/// A tree that is being brought up to date.
struct Update<'a, L> {
    tree: &'a mut Tree,
    next: &'a mut Table<u32>,
    leaves: &'a L,
    members: Vec<u32>,
    message: Vec<u8>,
    encoded: Vec<u8>,
}

impl<'a, L: Leaves> Update<'a, L> {
    fn new(tree: &'a mut Tree, next: &'a mut Table<u32>, leaves: &'a L) -> Self {
        let (members, message, encoded) = (Vec::new(), Vec::new(), Vec::new());
        Self { tree, next, leaves, members, message, encoded }
    }

    /// The subtree after the changes, which are in the order of their paths. Recursion ends at
    /// the last depth.
    fn subtree(&mut self, child: Child, depth: u32, changes: &[Changed]) -> (Child, Digest) {
        let Some(node) = child.as_node() else {
            return self.bucket(child, depth, changes);
        };
        self.children(node, depth, changes);
        let children = self.tree.nodes[node as usize].children;
        if children.iter().all(|child| child.as_node().is_none()) {
            if let Some(bucket) = self.united(&children) {
                self.tree.free.push(node);
                return (bucket, self.bucket_hash(bucket));
            }
        }
        (child, self.node_hash(node))
    }

    /// Brings the children of a node up to date.
    fn children(&mut self, node: u32, depth: u32, changes: &[Changed]) {
        let mut rest = changes;
        while let Some(first) = rest.first() {
            let at = branch(first.path, depth);
            let count = rest.partition_point(|change| branch(change.path, depth) <= at);
            let (ours, others) = rest.split_at(count);
            rest = others;
            let child = self.tree.nodes[node as usize].children[at];
            let (child, hash) = self.subtree(child, depth + 1, ours);
            let node = &mut self.tree.nodes[node as usize];
            (node.children[at], node.hashes[at]) = (child, hash);
        }
    }

    fn node_hash(&self, node: u32) -> Digest {
        let hashes = &self.tree.nodes[node as usize].hashes;
        hash(&DOMAINS.node, hashes.as_flattened())
    }

    /// One bucket of the records of these buckets, unless they are too many.
    fn united(&mut self, buckets: &[Child; 4]) -> Option<Child> {
        self.members.clear();
        for bucket in buckets {
            let mut at = bucket.0;
            while at != u32::MAX {
                self.members.push(at);
                if self.members.len() > BUCKET {
                    return None;
                }
                at = self.next[at as usize];
            }
        }
        Some(self.chain())
    }

    /// Chains the members to a bucket.
    fn chain(&mut self) -> Child {
        let mut first = u32::MAX;
        for member in self.members.iter().rev() {
            self.next[*member as usize] = first;
            first = *member;
        }
        Child(first)
    }

    /// A bucket after the changes; it may become a node.
    fn bucket(&mut self, bucket: Child, depth: u32, changes: &[Changed]) -> (Child, Digest) {
        self.members.clear();
        let mut at = bucket.0;
        while at != u32::MAX {
            self.members.push(at);
            at = self.next[at as usize];
        }
        let of = |action: Action| changes.iter().filter(move |change| change.action == action);
        let inserted = of(Action::Insert).count();
        if self.members.len() + inserted <= BUCKET || depth >= DEEPEST {
            self.members.extend(of(Action::Insert).map(|change| change.number));
            let bucket = self.chain();
            return (bucket, self.bucket_hash(bucket));
        }
        let mut all: Vec<Changed> = of(Action::Insert).copied().collect();
        for number in std::mem::take(&mut self.members) {
            self.encoded.clear();
            self.leaves.write_key(number, &mut self.encoded);
            all.push(Changed { path: path(&self.encoded), number, action: Action::Insert });
        }
        all.sort_unstable();
        let node = match self.tree.free.pop() {
            Some(node) => {
                self.tree.nodes[node as usize] = Node::NEW;
                node
            }
            None => {
                self.tree.nodes.push(Node::NEW);
                self.tree.nodes.len() as u32 - 1
            }
        };
        self.children(node, depth, &all);
        (Child(node | Child::NODE), self.node_hash(node))
    }

    /// The hash of a bucket: its records one after the other, in the order of their keys.
    fn bucket_hash(&mut self, bucket: Child) -> Digest {
        if bucket == Child::EMPTY {
            return NOTHING;
        }
        // Each member's key, and the whole record behind it, with where they end.
        let mut parts: SmallVec<[(Range<usize>, Range<usize>); BUCKET]> = SmallVec::new();
        self.encoded.clear();
        self.members.clear();
        let mut at = bucket.0;
        while at != u32::MAX {
            self.members.push(at);
            at = self.next[at as usize];
        }
        self.members.chunks(BLOCK).for_each(|some| self.leaves.prefetch(some));
        for member in &self.members {
            let start = self.encoded.len();
            self.leaves.write_key(*member, &mut self.encoded);
            let end = self.encoded.len();
            self.leaves.write_body(*member, &mut self.encoded);
            parts.push((start..end, end..self.encoded.len()));
        }
        parts.sort_unstable_by(|a, b| self.encoded[a.0.clone()].cmp(&self.encoded[b.0.clone()]));
        self.message.clear();
        for (key, body) in parts {
            write_bytes(&self.encoded[key], &mut self.message);
            self.message.extend_from_slice(&self.encoded[body]);
        }
        hash(&DOMAINS.bucket, &self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records that are numbers; the key is the place.
    struct Numbers(Vec<u32>);

    impl Leaves for Numbers {
        fn len(&self) -> usize {
            self.0.len()
        }

        fn part(&self, _: u32) -> Option<TreeKind> {
            Some(TreeKind::Content)
        }

        fn write_key(&self, number: u32, out: &mut Vec<u8>) {
            out.extend_from_slice(&number.to_be_bytes());
        }

        fn write_body(&self, number: u32, out: &mut Vec<u8>) {
            out.extend_from_slice(&self.0[number as usize].to_be_bytes());
        }
    }

    /// A search for differences visits at most one more bucket for each difference.
    #[test]
    fn a_difference_is_looked_for_in_its_bucket() {
        for (records, step) in [(5, 2), (100, 7), (5000, 1000), (5000, 60), (5000, 1)] {
            let mut numbers = Numbers(vec![0; records]);
            let (mut ours, mut theirs) = (Trees::default(), Trees::default());
            ours.refresh(&numbers);
            for differing in (0..records).step_by(step) {
                numbers.0[differing] = 1;
            }
            theirs.refresh(&numbers);
            let (found, other) = ours.difference(&theirs, TreeKind::Content);
            let differences = records.div_ceil(step);
            let is_found = |at: usize| found.contains(&(at as u32)) && other.contains(&(at as u32));
            assert!((0..records).step_by(step).all(is_found));
            assert!(found.len() <= BUCKET * differences, "{} of {records}", found.len());
            assert_eq!(found.len(), other.len());
        }
    }
}
