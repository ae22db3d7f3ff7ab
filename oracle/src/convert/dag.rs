//! Maps a history with parents to replicas: each node happens at a replica that has seen exactly
//! the node's ancestors.
//!
//! How: a node goes to the replica whose last node is one of its parents, if there is one; else to
//! a replica that is done and has seen nothing but ancestors of the node; else to a new one.
//! Before, that replica receives what the node's other parents bring.
//! Cost: O(nodes · replicas), in memory too if nodes have several parents.

use std::rc::Rc;

/// Where a node happens.
#[derive(Debug, PartialEq, Eq)]
pub struct Place {
    /// The number of the replica.
    pub replica: usize,
    /// The parents whose messages it receives before.
    pub receives: Vec<usize>,
}

/// The places of nodes, which come one after the other, parents first.
#[derive(Debug, Default)]
pub struct Places {
    /// Each replica's last node, and the agent of that node.
    tips: Vec<(usize, usize)>,
    /// Each node's replica, and how many nodes that replica then has.
    nodes: Vec<(usize, u32)>,
    /// How many nodes of each replica a node has seen, without itself if it is a tip's successor.
    seen: Vec<Rc<[u32]>>,
    /// How many children of each node are still to come.
    children: Vec<usize>,
}

impl Places {
    /// Starts with nodes of these parents; a parent has a smaller number than its child.
    pub fn new(parents: &[Vec<usize>]) -> Self {
        let mut children = vec![0; parents.len()];
        for parent in parents.iter().flatten() {
            children[*parent] += 1;
        }
        Self { children, ..Self::default() }
    }

    /// Whether one node is the other, or an ancestor of it.
    pub fn is_within(&self, node: usize, of: usize) -> bool {
        let (replica, index) = self.nodes[node];
        let (at, own) = self.nodes[of];
        if replica == at {
            return index <= own;
        }
        self.seen[of].get(replica).is_some_and(|seen| index <= *seen)
    }

    /// The place of the next node. Nodes of different agents never share a replica, unless it is
    /// done.
    /// done.
    pub fn next(&mut self, parents: &[usize], agent: usize) -> Place {
        let goes_on = parents.iter().find_map(|parent| {
            let replica = self.nodes[*parent].0;
            (self.tips[replica] == (*parent, agent)).then_some(replica)
        });
        let is_done = |(tip, of): &(usize, usize)| {
            *of == agent
                && self.children[*tip] == 0
                && parents.iter().any(|parent| self.is_within(*tip, *parent))
        };
        // The parent's last child has just been placed, so another agent may use its replica.
        let replica = goes_on.or_else(|| self.tips.iter().position(is_done));
        let number = self.nodes.len();
        let replica = replica.unwrap_or_else(|| {
            self.tips.push((number, agent));
            self.tips.len() - 1
        });
        let tip = self.tips[replica].0;
        let is_new = tip == number;
        let mut receives: Vec<usize> = Vec::new();
        for parent in parents {
            let known = !is_new && self.is_within(*parent, tip);
            if !known && !receives.iter().any(|other| self.is_within(*parent, *other)) {
                receives.retain(|other| !self.is_within(*other, *parent));
                receives.push(*parent);
            }
        }
        let own = if is_new { 0 } else { self.nodes[tip].1 };
        let seen = match (is_new, receives.is_empty()) {
            (false, true) => self.seen[tip].clone(),
            _ => {
                let mut seen = vec![0; self.tips.len()];
                let before = receives.iter().copied().chain((!is_new).then_some(tip));
                for node in before {
                    let (at, index) = self.nodes[node];
                    let others = self.seen[node].iter().copied().enumerate().chain([(at, index)]);
                    for (at, index) in others {
                        seen[at] = seen[at].max(index);
                    }
                }
                seen.into()
            }
        };
        for parent in parents {
            self.children[*parent] -= 1;
        }
        self.tips[replica] = (number, agent);
        self.nodes.push((replica, own + 1));
        self.seen.push(seen);
        Place { replica, receives }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Places a history, and compares what each replica has seen with the ancestors.
    fn check(history: &[(&[usize], usize)]) -> usize {
        let parents: Vec<Vec<usize>> =
            history.iter().map(|(parents, _)| parents.to_vec()).collect();
        let mut places = Places::new(&parents);
        let mut ancestors: Vec<BTreeSet<usize>> = Vec::new();
        let mut replicas: Vec<BTreeSet<usize>> = Vec::new();
        for (number, (parents, agent)) in history.iter().enumerate() {
            let mut past: BTreeSet<usize> = parents.iter().copied().collect();
            parents.iter().for_each(|parent| past.extend(&ancestors[*parent]));
            let place = places.next(parents, *agent);
            if place.replica == replicas.len() {
                replicas.push(BTreeSet::new());
            }
            let seen = &mut replicas[place.replica];
            for parent in place.receives {
                seen.insert(parent);
                seen.extend(&ancestors[parent]);
            }
            assert_eq!(*seen, past, "node {number}");
            seen.insert(number);
            for other in 0..number {
                assert_eq!(places.is_within(other, number), past.contains(&other));
            }
            ancestors.push(past);
        }
        replicas.len()
    }

    #[test]
    fn each_node_happens_where_exactly_its_ancestors_were_seen() {
        assert_eq!(check(&[(&[], 0), (&[0], 0), (&[1], 0)]), 1);
        // A merged branch, and another one that reuses its replica.
        let history: [(&[usize], usize); 7] =
            [(&[], 0), (&[0], 0), (&[0], 0), (&[1, 2], 0), (&[3], 0), (&[3], 0), (&[4, 5], 0)];
        assert_eq!(check(&history), 2);
        // Two roots, criss-cross merges, and an agent that goes on from an old state.
        let history: [(&[usize], usize); 8] = [
            (&[], 0),
            (&[], 1),
            (&[0, 1], 0),
            (&[0, 1], 1),
            (&[2, 3], 0),
            (&[2, 3], 1),
            (&[0], 0),
            (&[4, 5, 6], 0),
        ];
        assert_eq!(check(&history), 3);
    }
}
