//! Every history of a small scope.
//!
//! There are three replicas. In a step a replica decides; or receives the delta of any earlier
//! state since any earlier vector, which covers messages that are late, lost, repeated and out of
//! order; or is restored from any of its earlier states, under a new incarnation. If a delta
//! changes nothing, or is refused, the engines are compared, and no history goes on from there: it
//! would be one with fewer steps.

use super::engines::{Engine, Op, Text};
use super::pair::Pair;
use std::collections::BTreeSet;
use std::rc::Rc;

#[derive(Clone, Debug)]
enum Step<'a> {
    Decide { at: usize, op: &'a Op },
    Receive { at: usize, from: usize, since: usize },
    Restore { at: usize, to: usize },
}

/// The result of a step.
enum Outcome<O, R> {
    /// The replica has a new state.
    Became {
        at: usize,
        state: Pair<O, R>,
    },
    /// The replica has an earlier state, under a new incarnation.
    Returned {
        at: usize,
        to: usize,
    },
    Nothing,
}

/// One history after the other, depth first.
struct Explorer<'a, O, R> {
    ops: &'a [Op],
    /// All states so far: the first is that of all replicas at the start.
    states: Vec<Rc<Pair<O, R>>>,
    /// The states of each replica, of which the last is the present one.
    held: Vec<Vec<usize>>,
    incarnations: Vec<u64>,
    path: Vec<Step<'a>>,
    histories: u64,
    steps: u64,
}

impl<'a, O: Engine, R: Engine> Explorer<'a, O, R> {
    fn new(ops: &'a [Op]) -> Self {
        Self {
            ops,
            states: vec![Rc::new(Pair::new())],
            held: vec![vec![0]; 3],
            incarnations: vec![0; 3],
            path: Vec::new(),
            histories: 0,
            steps: 0,
        }
    }

    fn explore(&mut self, steps: usize) {
        if steps == 0 {
            self.histories += 1;
            return;
        }
        for step in self.alphabet() {
            self.path.push(step.clone());
            self.steps += 1;
            match self.take(&step) {
                Err(difference) => panic!("after {:#?}: {difference}", self.path),
                Ok(Outcome::Nothing) => self.histories += 1,
                Ok(Outcome::Became { at, state }) => {
                    self.held[at].push(self.states.len());
                    self.states.push(Rc::new(state));
                    self.explore(steps - 1);
                    self.states.pop();
                    self.held[at].pop();
                }
                Ok(Outcome::Returned { at, to }) => {
                    self.held[at].push(to);
                    self.incarnations[at] += 1;
                    self.explore(steps - 1);
                    self.incarnations[at] -= 1;
                    self.held[at].pop();
                }
            }
            self.path.pop();
        }
    }

    fn alphabet(&self) -> Vec<Step<'a>> {
        let mut steps = Vec::new();
        for (at, held) in self.held.iter().enumerate() {
            steps.extend(self.ops.iter().map(|op| Step::Decide { at, op }));
            // The first state brings nothing.
            for from in 1..self.states.len() {
                let all = 0..self.states.len();
                steps.extend(all.map(|since| Step::Receive { at, from, since }));
            }
            let backups: BTreeSet<usize> = held.iter().copied().collect();
            steps.extend(backups.into_iter().map(|to| Step::Restore { at, to }));
        }
        steps
    }

    fn take(&self, step: &Step<'_>) -> Result<Outcome<O, R>, String> {
        let state = |at: usize| Pair::clone(&self.states[self.held[at][self.held[at].len() - 1]]);
        match *step {
            Step::Decide { at, op } => {
                let mut state = state(at);
                state.decide(&state.author(at, self.incarnations[at]), op)?;
                Ok(Outcome::Became { at, state })
            }
            Step::Receive { at, from, since } => {
                let delta = self.states[from].delta_since(&self.states[since].vectors())?;
                let mut state = state(at);
                let before = state.answers().clone();
                // A refusal changes nothing.
                let _ = state.receive(&delta)?;
                // A replica in the state at the delta's start applies it.
                Pair::clone(&self.states[since]).follow(&delta)?;
                let is_news = *state.answers() != before;
                Ok(if is_news { Outcome::Became { at, state } } else { Outcome::Nothing })
            }
            Step::Restore { at, to } => Ok(Outcome::Returned { at, to }),
        }
    }
}

fn explore<O: Engine, R: Engine>(name: &str, ops: &[Op], steps: usize) {
    let mut explorer = Explorer::<O, R>::new(ops);
    explorer.explore(steps);
    let Explorer { histories, steps: taken, .. } = explorer;
    println!("{name}: {histories} histories of up to {steps} steps, {taken} steps compared");
}

fn op(key: &str, value: Option<&str>, timestamp: u64) -> Op {
    Op { key: key.into(), value: value.map(Into::into), timestamp }
}

mod optimized_equals_reference_on_every_small_history {
    use super::{Text, explore, op};
    use rejoin::{optimized, reference};

    #[test]
    fn or_set() {
        let ops = [op("x", Some(""), 0), op("x", None, 0), op("y", Some(""), 0)];
        explore::<optimized::or_set::OrSet<str>, reference::or_set::OrSet<String>>(
            "or-set", &ops, 4,
        );
    }

    #[test]
    fn lww_map() {
        let ops =
            [op("x", Some("a"), 2), op("x", None, 1), op("x", Some("z"), 1), op("y", None, 1)];
        explore::<optimized::lww_map::LwwMap<str, str>, reference::lww_map::LwwMap<String, Text>>(
            "lww-map", &ops, 4,
        );
    }

    #[test]
    fn lww_register() {
        let ops = [op("", Some("a"), 1), op("", None, 1), op("", Some("z"), 2)];
        explore::<
            optimized::lww_register::LwwRegister<str>,
            reference::lww_register::LwwRegister<Text>,
        >("lww-register", &ops, 4);
    }

    #[test]
    fn rw_set() {
        let ops = [op("x", Some(""), 0), op("x", None, 0), op("y", Some(""), 0)];
        explore::<optimized::rw_set::RwSet<str>, reference::rw_set::RwSet<String>>(
            "rw-set", &ops, 4,
        );
    }

    #[test]
    fn flags() {
        let ops = [op("", Some(""), 0), op("", None, 0)];
        explore::<optimized::ew_flag::EwFlag, reference::ew_flag::EwFlag>("ew-flag", &ops, 4);
        explore::<optimized::dw_flag::DwFlag, reference::dw_flag::DwFlag>("dw-flag", &ops, 4);
    }

    #[test]
    fn mv_register() {
        let ops = [op("", Some("a"), 0), op("", None, 0), op("", Some("z"), 0)];
        explore::<optimized::mv_register::MvRegister<str>, reference::mv_register::MvRegister<Text>>(
            "mv-register",
            &ops,
            4,
        );
    }

    #[test]
    fn mv_map() {
        let ops = [op("x", Some("a"), 0), op("x", None, 0), op("x", Some("z"), 0)];
        explore::<optimized::mv_map::MvMap<str, str>, reference::mv_map::MvMap<String, Text>>(
            "mv-map", &ops, 4,
        );
    }
}
