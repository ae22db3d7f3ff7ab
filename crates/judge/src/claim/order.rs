//! One order of many things, given by partial statements: it must have no cycle.
//!
//! Meaning: a statement says that one thing stands before another. Statements are taken as long
//! as some order obeys them all; those that close a cycle are refused, with the cycle.
//! How: every thing that a statement names has a place in one order that obeys all of them. A
//! thing that is new is put beside the thing that it is stated of, so few statements contradict
//! the places. One that does moves only what lies between its two things.
//! Cost: O(log² things) for a statement that agrees with the places, on average over all of them; for
//! another, what can be reached between them. All of it is counted as elementary steps. Memory: about 150
//! bytes for each thing and 24 for each pair that was stated.
//! Source: D. J. Pearce and P. H. J. Kelly, A dynamic topological sort algorithm for directed
//! acyclic graphs, ACM JEA 11 (2006); labels as in M. A. Bender et al., Two simplified algorithms
//! for maintaining order in a list, ESA 2002.

use hashbrown::{HashMap, HashSet};
use smallvec::SmallVec;
use std::collections::VecDeque;

/// Who says that one thing stands before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The statement of this line.
    Stated(u32),
    /// The operation of this line, which saw the other.
    Saw(u32),
}

/// One step of a cycle: by this source, the first thing stands before the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Who says so.
    pub source: Source,
    /// What stands before.
    pub before: u32,
    /// What stands behind.
    pub behind: u32,
}

#[derive(Clone, Copy, Debug)]
struct Edge {
    /// The node behind.
    to: u32,
    /// The first and the latest that said so: a cycle is short where one line says much of it.
    first: Source,
    latest: Source,
}

/// A thing that a statement named.
#[derive(Debug)]
struct Node {
    thing: u32,
    /// Where it stands.
    place: u32,
    behind: SmallVec<[Edge; 2]>,
    before: SmallVec<[u32; 2]>,
}

/// A place in the order that obeys all statements: one of a linked list. Labels grow along it.
#[derive(Debug)]
struct Place {
    label: u64,
    previous: u32,
    next: u32,
}

/// No place: before the first and behind the last.
const NONE: u32 = u32::MAX;

/// What was stated so far.
#[derive(Debug, Default)]
pub struct Order {
    /// The node of each thing.
    index: HashMap<u32, u32>,
    #[expect(clippy::vec_box, reason = "a growing vector keeps room for twice what it has")]
    nodes: Vec<Box<Node>>,
    /// As many as there are nodes: each node has one, and they exchange them where the order changes.
    places: Vec<Place>,
    /// The last place, if there is one.
    last: u32,
}

/// What was taken of one line, so that it can be given back: nodes, and who said it latest before.
#[derive(Debug, Default)]
pub struct Taken(Vec<(u32, u32, Option<Source>)>);

/// The first label, and the distance of labels at the end.
const FIRST: u64 = 1 << 62;
const ROOM: u64 = 1 << 32;

/// How many elementary steps are spent on a shorter cycle than the one that was found.
const MOST_STEPS: u64 = 1 << 20;

/// How far from its neighbour a new label is put in a gap. Most of what is inserted in a row is inserted
/// in one direction, so the larger part of the gap stays on the other side.
fn distance(gap: u64) -> u64 {
    (gap / 16).clamp(1, ROOM)
}

impl Order {
    /// A thing's place: greater is behind.
    pub fn place_of(&self, thing: u32) -> u64 {
        self.index.get(&thing).map_or(0, |node| self.label(*node))
    }

    /// Whether an answer said that one thing stands directly before the other.
    pub fn is_stated(&self, before: u32, behind: u32) -> bool {
        matches!(self.source(before, behind), Some(Source::Stated(_)))
    }

    /// Who said first that one thing stands directly before the other.
    pub fn source(&self, before: u32, behind: u32) -> Option<Source> {
        let (before, behind) = (*self.index.get(&before)?, *self.index.get(&behind)?);
        let edges = &self.node(before).behind;
        edges.iter().find(|edge| edge.to == behind).map(|edge| edge.first)
    }

    /// Takes statements of one source, each that its first thing stands before its second; all of
    /// them or, with a cycle, none. The cycle is the shortest that a statement closes, or that a row of them
    /// closes together, as far as [`MOST_STEPS`] suffice to look, and the first and the latest that said
    /// each. It is not looked for, and is empty, where nobody asks for it (`argue`). `steps` counts what that took.
    pub fn take(
        &mut self,
        statements: &[(u32, u32)],
        source: Source,
        argue: bool,
        steps: &mut u64,
    ) -> Result<Taken, Vec<Step>> {
        let mut taken = Taken::default();
        for (before, behind) in statements {
            let Err(closed) = self.take_one(*before, *behind, source, &mut taken, steps) else {
                continue;
            };
            let known = argue.then(|| self.cycle(closed, (*before, *behind), source, steps));
            self.give_back(taken);
            let cycle = known.map(|known| self.shortest(statements, source, known, steps));
            return Err(cycle.unwrap_or_default());
        }
        Ok(taken)
    }

    /// Forgets what was taken.
    pub fn give_back(&mut self, taken: Taken) {
        for (before, behind, latest) in taken.0.into_iter().rev() {
            let node = self.node_mut(before);
            match latest {
                Some(latest) => {
                    let edge = node.behind.iter_mut().find(|edge| edge.to == behind);
                    edge.into_iter().for_each(|edge| edge.latest = latest);
                }
                None => {
                    node.behind.retain(|edge| edge.to != behind);
                    self.node_mut(behind).before.retain(|other| *other != before);
                }
            }
        }
    }

    /// Takes a statement; the error says which nodes close a cycle, if they are two.
    fn take_one(
        &mut self,
        before: u32,
        behind: u32,
        source: Source,
        taken: &mut Taken,
        steps: &mut u64,
    ) -> Result<(), Option<(u32, u32)>> {
        *steps += 1;
        if before == behind {
            return Err(None);
        }
        let (before, behind) = self.nodes_of(before, behind, steps);
        if let Some(edge) = self.edge(before, behind, steps) {
            taken.0.push((before, behind, Some(edge.latest)));
            edge.latest = source;
            return Ok(());
        }
        if self.label(before) > self.label(behind) && !self.move_behind(before, behind, steps) {
            return Err(Some((before, behind)));
        }
        self.node_mut(before).behind.push(Edge { to: behind, first: source, latest: source });
        self.node_mut(behind).before.push(before);
        taken.0.push((before, behind, None));
        Ok(())
    }

    /// What was stated of the two before. Many things may stand directly behind one, as all that is
    /// inserted at the head of a list does; then the other has few directly before it.
    fn edge(&mut self, before: u32, behind: u32, steps: &mut u64) -> Option<&mut Edge> {
        let of_behind = &self.node(behind).before;
        let of_before = &self.node(before).behind;
        *steps += of_behind.len().min(of_before.len()) as u64;
        if of_behind.len() < of_before.len() && !of_behind.contains(&before) {
            return None;
        }
        let node = self.node_mut(before);
        *steps += node.behind.len() as u64;
        node.behind.iter_mut().find(|edge| edge.to == behind)
    }

    fn node(&self, node: u32) -> &Node {
        &self.nodes[node as usize]
    }

    fn node_mut(&mut self, node: u32) -> &mut Node {
        &mut self.nodes[node as usize]
    }

    fn label(&self, node: u32) -> u64 {
        self.places[self.node(node).place as usize].label
    }

    /// The nodes of two things. A thing that is new gets its place beside the known one.
    fn nodes_of(&mut self, before: u32, behind: u32, steps: &mut u64) -> (u32, u32) {
        let known = |thing| self.index.get(&thing).copied();
        match (known(before), known(behind)) {
            (Some(before), Some(behind)) => (before, behind),
            (Some(before), None) => (before, self.add_behind(behind, before, steps)),
            (None, Some(behind)) => (self.add_before(before, behind, steps), behind),
            (None, None) => {
                let before = self.add_last(before, steps);
                (before, self.add_behind(behind, before, steps))
            }
        }
    }

    fn add_behind(&mut self, thing: u32, node: u32, steps: &mut u64) -> u32 {
        let place = self.node(node).place;
        loop {
            let Place { label, next, .. } = self.places[place as usize];
            let gap = self.places.get(next as usize).map_or(u64::MAX, |next| next.label) - label;
            if gap >= 2 {
                return self.add(thing, label + distance(gap), (place, next));
            }
            self.make_room(place, steps);
        }
    }

    fn add_before(&mut self, thing: u32, node: u32, steps: &mut u64) -> u32 {
        let place = self.node(node).place;
        loop {
            let Place { label, previous, .. } = self.places[place as usize];
            let gap = label - self.places.get(previous as usize).map_or(0, |other| other.label);
            if gap >= 2 {
                return self.add(thing, label - distance(gap), (previous, place));
            }
            self.make_room(place, steps);
        }
    }

    fn add_last(&mut self, thing: u32, steps: &mut u64) -> u32 {
        if self.places.is_empty() {
            return self.add(thing, FIRST, (NONE, NONE));
        }
        loop {
            let label = self.places[self.last as usize].label;
            let gap = u64::MAX - label;
            if gap >= 2 {
                return self.add(thing, label + distance(gap), (self.last, NONE));
            }
            self.make_room(self.last, steps);
        }
    }

    /// A node for a new thing, at a new place between these two.
    fn add(&mut self, thing: u32, label: u64, (previous, next): (u32, u32)) -> u32 {
        let new = self.places.len() as u32;
        self.places.push(Place { label, previous, next });
        if let Some(previous) = self.places.get_mut(previous as usize) {
            previous.next = new;
        }
        match self.places.get_mut(next as usize) {
            Some(next) => next.previous = new,
            None => self.last = new,
        }
        let (behind, before) = (SmallVec::new(), SmallVec::new());
        self.nodes.push(Box::new(Node { thing, place: new, behind, before }));
        self.index.insert(thing, new);
        new
    }

    /// Makes room about a place: spreads evenly what is in the smallest range of labels about it that is
    /// sparse. A range of 2^n labels is sparse if at most 25 · (4/3)^(n − 8) of them are in use.
    fn make_room(&mut self, place: u32, steps: &mut u64) {
        // That leaves at least nine free labels between any two, and a fourth of the range below it
        // has to fill before it is spread again.
        let (mut bits, mut most) = (8, 25);
        let at = self.places[place as usize].label;
        let (mut first, mut last, mut count) = (place, place, 1);
        let range = loop {
            let others = u64::MAX >> (u64::BITS - bits);
            let range = at & !others..=at | others;
            let is_in = |place: u32| {
                self.places.get(place as usize).is_some_and(|place| range.contains(&place.label))
            };
            let is_all = bits == u64::BITS;
            while (count <= most || is_all) && is_in(self.places[first as usize].previous) {
                (first, count) = (self.places[first as usize].previous, count + 1);
            }
            while (count <= most || is_all) && is_in(self.places[last as usize].next) {
                (last, count) = (self.places[last as usize].next, count + 1);
            }
            if count <= most || is_all {
                break range;
            }
            (bits, most) = (bits + 1, most + most / 3);
        };
        *steps += 4 * count as u64;
        let room = (range.end() - range.start()) / count as u64;
        let mut label = range.start() + room / 2;
        for _ in 0..count {
            let place = &mut self.places[first as usize];
            (place.label, first) = (label, place.next);
            label = label.saturating_add(room);
        }
    }

    /// Moves nodes so that the first stands before the second, where it stood behind it; false
    /// where that cannot be, since the second stands before the first.
    fn move_behind(&mut self, before: u32, behind: u32, steps: &mut u64) -> bool {
        let (low, high) = (self.label(behind), self.label(before));
        let forward = self.reach(behind, |label| label <= high, true, steps);
        if forward.contains(&before) {
            return false;
        }
        let backward = self.reach(before, |label| label >= low, false, steps);
        let in_order = |nodes: HashSet<u32>| {
            let mut nodes: Vec<u32> = nodes.into_iter().collect();
            nodes.sort_unstable_by_key(|node| self.label(*node));
            nodes
        };
        let moved = [in_order(backward), in_order(forward)].concat();
        let mut places: Vec<u32> = moved.iter().map(|node| self.node(*node).place).collect();
        places.sort_unstable_by_key(|place| self.places[*place as usize].label);
        for (node, place) in moved.into_iter().zip(places) {
            self.node_mut(node).place = place;
        }
        true
    }

    /// What can be reached from a node, forward or backward, within labels.
    fn reach(
        &self,
        from: u32,
        within: impl Fn(u64) -> bool,
        forward: bool,
        steps: &mut u64,
    ) -> HashSet<u32> {
        let mut reached = HashSet::from_iter([from]);
        let mut open = vec![from];
        while let Some(node) = open.pop() {
            let mut visit = |next: u32| {
                *steps += 1;
                if within(self.label(next)) && reached.insert(next) {
                    open.push(next);
                }
            };
            if forward {
                self.node(node).behind.iter().for_each(|edge| visit(edge.to));
            } else {
                self.node(node).before.iter().for_each(|next| visit(*next));
            }
        }
        reached
    }

    /// The shortest cycle that a statement of two things closes, by their nodes where they are not the same. What one
    /// source says of several things in a row is one step.
    fn cycle(
        &self,
        nodes: Option<(u32, u32)>,
        things: (u32, u32),
        source: Source,
        steps: &mut u64,
    ) -> Vec<Step> {
        let way = nodes.and_then(|(before, behind)| {
            self.way(behind, |node| node == before, (source, u32::MAX), u64::MAX, steps)
        });
        closed(way.map_or(Vec::new(), |(way, _)| way), things, source)
    }

    /// The shortest cycle that statements of one source close with what others stated, where none of
    /// them is taken; `known` is one.
    fn shortest(
        &self,
        statements: &[(u32, u32)],
        source: Source,
        known: Vec<Step>,
        steps: &mut u64,
    ) -> Vec<Step> {
        let mut shortest = known;
        let is_row = statements.windows(2).all(|pair| pair[0].1 == pair[1].0);
        let places: HashMap<u32, usize> =
            statements.iter().zip(0..).map(|((before, _), place)| (*before, place)).collect();
        let end = *steps + MOST_STEPS;
        for (place, (before, behind)) in (0..).zip(statements) {
            // Two sources contradict each other in two steps at least.
            if shortest.len() <= 2 || *steps > end {
                break;
            }
            let Some(from) = self.index.get(behind) else { continue };
            let is_end = |node: u32| match (is_row, self.node(node).thing) {
                (true, thing) => places.get(&thing).is_some_and(|of| *of <= place),
                (false, thing) => thing == *before,
            };
            let below = shortest.len() as u32 - 1;
            if let Some((way, to)) = self.way(*from, is_end, (source, below), end, steps) {
                let cycle = closed(way, (to, *behind), source);
                if cycle.len() < shortest.len() {
                    shortest = cycle;
                }
            }
        }
        shortest
    }

    /// The way from a node to one of the ends on which the source changes least often, if that is below a
    /// limit, and the thing at that end; none where it is not found by the time that `steps` are `most`.
    fn way(
        &self,
        from: u32,
        is_end: impl Fn(u32) -> bool,
        (source, below): (Source, u32),
        most: u64,
        steps: &mut u64,
    ) -> Option<(Vec<Step>, u32)> {
        let start = (from, source);
        let mut came: HashMap<(u32, Source), (u32, Source)> = HashMap::new();
        let mut cost: HashMap<(u32, Source), u32> = HashMap::from_iter([(start, 0)]);
        let mut open = VecDeque::from([(start, 0)]);
        let mut end = None;
        while let Some((state, paid)) = open.pop_front() {
            let (node, by) = state;
            if cost.get(&state).is_some_and(|best| *best < paid) {
                continue;
            }
            if is_end(node) {
                end = Some(state);
                break;
            }
            if *steps > most {
                return None;
            }
            for edge in &self.node(node).behind {
                for next_by in [edge.first, edge.latest] {
                    *steps += 1;
                    let change = u32::from(next_by != by);
                    let next = (edge.to, next_by);
                    let is_dearer = cost.get(&next).is_some_and(|best| *best <= paid + change);
                    if is_dearer || paid + change >= below {
                        continue;
                    }
                    cost.insert(next, paid + change);
                    came.insert(next, state);
                    match change {
                        0 => open.push_front((next, paid)),
                        _ => open.push_back((next, paid + 1)),
                    }
                }
            }
        }
        let thing = |node| self.node(node).thing;
        let to = thing(end?.0);
        let mut way = Vec::new();
        while let Some(state) = end.filter(|state| *state != start) {
            let Some(last) = came.get(&state) else { break };
            way.push(Step { source: state.1, before: thing(last.0), behind: thing(state.0) });
            end = Some(*last);
        }
        way.reverse();
        Some((way, to))
    }
}

/// The cycle of a way that a source closes by stating its end before its beginning.
fn closed(way: Vec<Step>, (before, behind): (u32, u32), source: Source) -> Vec<Step> {
    let mut cycle: Vec<Step> = Vec::new();
    for step in way.into_iter().chain([Step { source, before, behind }]) {
        match cycle.last_mut() {
            Some(last) if last.source == step.source => last.behind = step.behind,
            _ => cycle.push(step),
        }
    }
    if let [first, .., last] = &mut cycle[..]
        && first.source == last.source
    {
        last.behind = first.behind;
        cycle.remove(0);
    }
    cycle
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// Whether the pairs have a cycle, by brute force.
    fn has_cycle(pairs: &[(u32, u32)]) -> bool {
        let mut left: Vec<(u32, u32)> = pairs.to_vec();
        loop {
            // What nothing stands before can be taken away with all that it says.
            let free = left
                .iter()
                .map(|(before, _)| *before)
                .find(|thing| left.iter().all(|(_, behind)| behind != thing));
            match free {
                Some(thing) => left.retain(|(before, _)| *before != thing),
                None => return !left.is_empty(),
            }
        }
    }

    /// However things are inserted, each takes few steps, and their places follow the order.
    #[test]
    fn room_is_made_where_it_is_needed() {
        type Place = fn(usize) -> usize;
        let places: [(&str, Place); 4] = [
            ("at one place", |_| 1),
            ("before the last", |things| things - 1),
            ("in a row, at many places", |things| (things / 50 * 7919) % (things / 50 + 1) + 1),
            ("anywhere", |things| things * 7919 % (things - 1) + 1),
        ];
        for (what, place) in places {
            let (mut order, mut steps, mut row) = (Order::default(), 0, vec![0, 1]);
            order.take(&[(0, 1)], Source::Stated(1), true, &mut steps).expect("there is no other");
            for thing in 2..10_000 {
                let at = place(row.len());
                let pairs = [(row[at - 1], thing), (thing, row[at])];
                order.take(&pairs, Source::Stated(thing), true, &mut steps).expect("they agree");
                row.insert(at, thing);
            }
            assert!(row.is_sorted_by_key(|thing| order.place_of(*thing)), "{what}");
            assert!(steps < 10_000 * 400, "{what}: {steps} steps");
        }
    }

    /// The steps of the shortest cycle through the last line: each line is a row, and one of which others
    /// state one place behind an earlier one contradicts it.
    fn shortest_length(lines: &[Vec<u32>]) -> usize {
        let (last, others) = lines.split_last().expect("there is a line");
        let stands = |row: &Vec<u32>, a: u32, b: u32| {
            let place = |thing| row.iter().position(|of| *of == thing);
            matches!((place(a), place(b)), (Some(a), Some(b)) if a < b)
        };
        let mut shortest = usize::MAX;
        for from in last {
            // How many lines lead from it to each thing.
            let mut reached = BTreeMap::from([(*from, 0)]);
            for count in 1..=others.len() {
                for to in 0..9u32 {
                    let leads = |by: &u32| others.iter().any(|row| stands(row, *by, to));
                    if !reached.contains_key(&to)
                        && reached.iter().any(|(by, at)| *at == count - 1 && leads(by))
                    {
                        reached.insert(to, count);
                    }
                }
            }
            let ends =
                reached.iter().filter(|(to, count)| **count > 0 && stands(last, **to, *from));
            shortest = ends.map(|(_, count)| count + 1).min().unwrap_or(usize::MAX).min(shortest);
        }
        shortest
    }

    /// A list's answer may contradict earlier ones in several ways: the shortest is shown.
    #[test]
    fn of_several_cycles_the_shortest_is_found() {
        let mut order = Order::default();
        let rows: [&[(u32, u32)]; 4] = [&[(1, 2)], &[(2, 3)], &[(3, 0)], &[(5, 4)]];
        for (line, row) in (1..).zip(rows) {
            order.take(row, Source::Stated(line), true, &mut 0).expect("they agree");
        }
        // 0 before 1 closes a cycle of four lines, 4 before 5 one of two.
        let row = [(0, 1), (1, 4), (4, 5)];
        let cycle = order.take(&row, Source::Stated(9), true, &mut 0).expect_err("it contradicts");
        let lines: Vec<Source> = cycle.iter().map(|step| step.source).collect();
        assert_eq!(lines, [Source::Stated(4), Source::Stated(9)]);
    }

    /// A cycle is looked for where it is asked for, and no further than the steps allow.
    #[test]
    fn no_more_steps_are_taken_than_are_asked_for() {
        const THINGS: u32 = 5_000;
        let mut order = Order::default();
        for thing in 1..THINGS {
            let row = [(thing - 1, thing)];
            order.take(&row, Source::Stated(thing), true, &mut 0).expect("they agree");
        }
        let mut refused = |argue| {
            let mut steps = 0;
            let row = [(THINGS - 1, 0)];
            let cycle = order.take(&row, Source::Stated(THINGS), argue, &mut steps);
            (cycle.expect_err("it contradicts").len(), steps)
        };
        let ((argued, with), (unargued, without)) = (refused(true), refused(false));
        assert_eq!((argued, unargued), (THINGS as usize, 0));
        assert!(with > without + 2 * u64::from(THINGS), "{with} {without}");
        let mut steps = 0;
        let way = order.way(0, |_| false, (Source::Stated(0), u32::MAX), 100, &mut steps);
        assert!(way.is_none() && steps < 110, "{steps}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn the_cycle_of_rows_is_the_shortest(
            lines in proptest::collection::vec(
                proptest::sample::subsequence((0..9u32).collect::<Vec<_>>(), 2..5).prop_shuffle(),
                0..12)
        ) {
            let mut order = Order::default();
            let mut held: Vec<Vec<u32>> = Vec::new();
            for (line, row) in (1..).zip(lines) {
                let pairs: Vec<(u32, u32)> = row.windows(2).map(|pair| (pair[0], pair[1])).collect();
                held.push(row);
                if let Err(cycle) = order.take(&pairs, Source::Stated(line), true, &mut 0) {
                    let shortest = shortest_length(&held);
                    held.pop();
                    // Of what is stated thrice, only the first and the last line are remembered.
                    let states = |pair: &[u32]| held.iter().flat_map(|row| row.windows(2)).filter(|of| *of == pair).count();
                    let is_remembered = held.iter().flat_map(|row| row.windows(2)).all(|pair| states(pair) < 3);
                    prop_assert!(cycle.len() >= shortest);
                    prop_assert!(!is_remembered || cycle.len() == shortest, "{:?} is not of {}", cycle, shortest);
                }
            }
        }

        #[test]
        fn refuses_exactly_what_closes_a_cycle(
            lines in proptest::collection::vec(
                proptest::collection::vec((0..9u32, 0..9u32), 1..4), 0..30)
        ) {
            let mut order = Order::default();
            let mut held: Vec<(u32, u32)> = Vec::new();
            for (line, statements) in (1..).zip(lines) {
                let both = [&held[..], &statements[..]].concat();
                match order.take(&statements, Source::Stated(line), true, &mut 0) {
                    Ok(_) => {
                        prop_assert!(!has_cycle(&both));
                        held = both;
                    }
                    Err(cycle) => {
                        prop_assert!(has_cycle(&both));
                        prop_assert!(!cycle.is_empty());
                        let next = cycle.iter().skip(1).chain(&cycle[..1]);
                        prop_assert!(cycle.iter().zip(next).all(|(a, b)| a.behind == b.before));
                    }
                }
            }
        }
    }
}
