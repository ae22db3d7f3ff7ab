//! A persistent array that is joined cell by cell.
//!
//! Meaning: a cell for every number, [`Cell::EMPTY`] where nothing was set.
//! Cost: a clone is one pointer; get and set O(log length); join and difference O(cells that
//! differ · log length), because what two trees share is never visited.
//! Source: Bagwell, Ideal Hash Trees, EPFL 2001 (the trie, here over dense small numbers).

use std::rc::Rc;

/// What a cell holds: a join-semilattice of machine words.
pub trait Cell: Copy + Eq {
    /// The bottom.
    const EMPTY: Self;
    /// The join.
    fn join(self, other: Self) -> Self;
}

/// How many, joined by maximum.
impl Cell for u32 {
    const EMPTY: Self = 0;
    fn join(self, other: Self) -> Self {
        self.max(other)
    }
}

/// Which of 64, joined by union.
impl Cell for u64 {
    const EMPTY: Self = 0;
    fn join(self, other: Self) -> Self {
        self | other
    }
}

/// Most sets differ in one cell from one they came from, so small nodes take the least memory.
const BITS: u32 = 3;
const WIDTH: usize = 1 << BITS;

#[derive(Clone, Debug)]
enum Node<T> {
    Leaf([T; WIDTH]),
    Inner([Option<Rc<Node<T>>>; WIDTH]),
}

/// A persistent array of cells.
#[derive(Clone, Debug)]
pub struct Tree<T> {
    root: Option<Rc<Node<T>>>,
    /// A root of height h spans `WIDTH^(h+1)` cells.
    height: u32,
}

impl<T: Cell> Default for Tree<T> {
    fn default() -> Self {
        Self { root: None, height: 0 }
    }
}

impl<T: Cell> Tree<T> {
    /// Whether no cell was ever set.
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Whether both are one and the same in memory.
    fn is_same(&self, other: &Self) -> bool {
        self.height == other.height && same(&self.root, &other.root)
    }

    /// The cell at `index`.
    pub fn get(&self, index: u32) -> T {
        if !self.spans(index) {
            return T::EMPTY;
        }
        let mut node = &self.root;
        let mut height = self.height;
        while let Some(inner) = node {
            match &**inner {
                Node::Leaf(cells) => return cells[slot(index, 0)],
                Node::Inner(children) => node = &children[slot(index, height)],
            }
            height -= 1;
        }
        T::EMPTY
    }

    /// Sets the cell at `index`.
    pub fn set(&mut self, index: u32, cell: T) {
        while !self.spans(index) {
            self.grow();
        }
        set(&mut self.root, self.height, index, cell);
    }

    /// Joins cell by cell.
    pub fn join(&mut self, other: &Self) {
        if self.is_same(other) {
            return;
        }
        let mut other = other.clone();
        while self.height < other.height {
            self.grow();
        }
        while other.height < self.height {
            other.grow();
        }
        self.root = join(&self.root, &other.root);
    }

    /// Calls `visit(index, here, there)` for each cell that differs, in order, until it says
    /// `false`.
    pub fn differences(&self, other: &Self, visit: &mut impl FnMut(u32, T, T) -> bool) {
        if self.is_same(other) {
            return;
        }
        let (mut a, mut b) = (self.clone(), other.clone());
        while a.height < b.height {
            a.grow();
        }
        while b.height < a.height {
            b.grow();
        }
        differences(&a.root, &b.root, a.height, 0, visit);
    }

    /// Calls `visit(index, cell)` for each cell that is not empty, in order.
    pub fn for_each(&self, visit: &mut impl FnMut(u32, T)) {
        self.differences(&Self::default(), &mut |index, cell, _| {
            visit(index, cell);
            true
        });
    }

    fn spans(&self, index: u32) -> bool {
        index.checked_shr(BITS * (self.height + 1)).unwrap_or(0) == 0
    }

    fn grow(&mut self) {
        if let Some(root) = self.root.take() {
            let mut children = [const { None }; WIDTH];
            children[0] = Some(root);
            self.root = Some(Rc::new(Node::Inner(children)));
        }
        self.height += 1;
    }
}

fn slot(index: u32, height: u32) -> usize {
    (index >> (BITS * height)) as usize % WIDTH
}

fn same<T>(a: &Option<Rc<Node<T>>>, b: &Option<Rc<Node<T>>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Rc::ptr_eq(a, b),
        (None, None) => true,
        _ => false,
    }
}

fn set<T: Cell>(node: &mut Option<Rc<Node<T>>>, height: u32, index: u32, cell: T) {
    let node = node.get_or_insert_with(|| {
        Rc::new(match height {
            0 => Node::Leaf([T::EMPTY; WIDTH]),
            _ => Node::Inner([const { None }; WIDTH]),
        })
    });
    match Rc::make_mut(node) {
        Node::Leaf(cells) => cells[slot(index, 0)] = cell,
        Node::Inner(children) => set(&mut children[slot(index, height)], height - 1, index, cell),
    }
}

/// The join of two nodes of one height; one of the two itself if it is the answer, so that
/// what replicas have in common stays in memory once.
fn join<T: Cell>(a: &Option<Rc<Node<T>>>, b: &Option<Rc<Node<T>>>) -> Option<Rc<Node<T>>> {
    let (Some(x), Some(y)) = (a, b) else { return a.clone().or_else(|| b.clone()) };
    if Rc::ptr_eq(x, y) {
        return a.clone();
    }
    match (&**x, &**y) {
        (Node::Leaf(xs), Node::Leaf(ys)) => {
            let cells: [T; WIDTH] = std::array::from_fn(|i| xs[i].join(ys[i]));
            if cells == *xs {
                a.clone()
            } else if cells == *ys {
                b.clone()
            } else {
                Some(Rc::new(Node::Leaf(cells)))
            }
        }
        (Node::Inner(xs), Node::Inner(ys)) => {
            let children: [_; WIDTH] = std::array::from_fn(|i| join(&xs[i], &ys[i]));
            if children.iter().zip(xs).all(|(child, x)| same(child, x)) {
                a.clone()
            } else if children.iter().zip(ys).all(|(child, y)| same(child, y)) {
                b.clone()
            } else {
                Some(Rc::new(Node::Inner(children)))
            }
        }
        _ => unreachable!("nodes of one height are of one kind"),
    }
}

fn differences<T: Cell>(
    a: &Option<Rc<Node<T>>>,
    b: &Option<Rc<Node<T>>>,
    height: u32,
    base: u32,
    visit: &mut impl FnMut(u32, T, T) -> bool,
) -> bool {
    if same(a, b) {
        return true;
    }
    for i in 0..WIDTH {
        let at = base | (i as u32) << (BITS * height);
        let go_on = if height == 0 {
            let cell = |node: &Option<Rc<Node<T>>>| match node.as_deref() {
                Some(Node::Leaf(cells)) => cells[i],
                _ => T::EMPTY,
            };
            let (x, y) = (cell(a), cell(b));
            x == y || visit(at, x, y)
        } else {
            differences(child(a, i), child(b, i), height - 1, at, visit)
        };
        if !go_on {
            return false;
        }
    }
    true
}

fn child<T>(node: &Option<Rc<Node<T>>>, i: usize) -> &Option<Rc<Node<T>>> {
    match node.as_deref() {
        Some(Node::Inner(children)) => &children[i],
        _ => &None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn tree(cells: &BTreeMap<u32, u32>) -> Tree<u32> {
        let mut tree = Tree::default();
        cells.iter().for_each(|(index, cell)| tree.set(*index, *cell));
        tree
    }

    fn listed(tree: &Tree<u32>) -> BTreeMap<u32, u32> {
        let mut cells = BTreeMap::new();
        tree.for_each(&mut |index, cell| assert_eq!(cells.insert(index, cell), None));
        cells
    }

    fn cells() -> impl Strategy<Value = BTreeMap<u32, u32>> {
        let index = prop_oneof![0..40u32, 200..300u32, Just(u32::MAX), any::<u32>()];
        proptest::collection::btree_map(index, 1..4u32, 0..30)
    }

    proptest! {
        #[test]
        fn behaves_like_an_ordered_map(a in cells(), b in cells()) {
            let (x, y) = (tree(&a), tree(&b));
            prop_assert_eq!(&listed(&x), &a);
            prop_assert!(a.iter().all(|(index, cell)| x.get(*index) == *cell));
            let mut joined = x.clone();
            joined.join(&y);
            let mut expected = a.clone();
            for (index, cell) in &b {
                let here = expected.entry(*index).or_default();
                *here = (*here).max(*cell);
            }
            prop_assert_eq!(&listed(&joined), &expected);
            prop_assert_eq!(&listed(&x), &a, "the operand is untouched");
            let mut seen = BTreeMap::new();
            x.differences(&y, &mut |index, p, q| { seen.insert(index, (p, q)); true });
            let of = |map: &BTreeMap<u32, u32>, index| map.get(&index).copied().unwrap_or(0);
            let differ = a.keys().chain(b.keys()).copied().filter(|i| of(&a, *i) != of(&b, *i));
            prop_assert_eq!(seen, differ.map(|i| (i, (of(&a, i), of(&b, i)))).collect());
        }
    }

    #[test]
    fn a_join_that_brings_nothing_shares_the_memory() {
        let greater = tree(&(0..1000).map(|i| (i, 2)).collect());
        let less = tree(&(0..500).map(|i| (i, 1)).collect());
        let mut joined = greater.clone();
        joined.join(&less);
        assert!(joined.is_same(&greater));
        let mut joined = less;
        joined.join(&greater);
        assert!(joined.is_same(&greater));
    }
}
