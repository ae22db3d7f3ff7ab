//! Shrinking: repeats a failing plan with parts left out, and returns the smallest that still fails
//! in the same way.
//!
//! The order of attempts is fixed, and so is their number: a subject that answers the same shrinks
//! to the same plan.
//! Source: Zeller and Hildebrandt, Simplifying and isolating failure-inducing input, IEEE TSE 2002.

use super::plan::{Act, Plan, Step};
use rejoin::json::Json;
use rejoin_trace::{Name, Operation, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Makes a plan smaller while it still fails.
///
/// `fails` performs a plan and says whether it fails as the first one did; it is called at most
/// `budget` times. Returns the plan and how often it was called.
pub fn shrink(plan: Plan, budget: usize, fails: impl FnMut(&Plan) -> bool) -> (Plan, usize) {
    let mut search = Search { plan, budget, called: 0, fails };
    search.drop_steps(|step| matches!(step, Step::Ask { .. }));
    loop {
        let before = search.plan.clone();
        search.drop_steps(|_| true);
        search.simplify();
        if search.plan == before || search.is_over() {
            break;
        }
    }
    (search.plan, search.called)
}

struct Search<F> {
    plan: Plan,
    budget: usize,
    called: usize,
    fails: F,
}

impl<F: FnMut(&Plan) -> bool> Search<F> {
    fn is_over(&self) -> bool {
        self.called >= self.budget
    }

    /// Accepts the other plan if it fails.
    fn attempt(&mut self, other: Plan) -> bool {
        if self.is_over() || other == self.plan {
            return false;
        }
        self.called += 1;
        let fails = (self.fails)(&other);
        if fails {
            self.plan = other;
        }
        fails
    }

    /// Leaves out steps of this kind: first many at once, from the end, then fewer, then one by one.
    fn drop_steps(&mut self, of_kind: impl Fn(&Step) -> bool) {
        let chosen = |plan: &Plan| -> Vec<usize> {
            (0..plan.steps.len()).filter(|i| of_kind(&plan.steps[*i])).collect()
        };
        let mut size = chosen(&self.plan).len();
        while size > 0 {
            let mut end = chosen(&self.plan).len();
            while end > 0 && !self.is_over() {
                let places = chosen(&self.plan);
                let start = end.saturating_sub(size);
                let dropped: BTreeSet<usize> = places[start..end].iter().copied().collect();
                let mut plan = self.plan.clone();
                let mut at = 0..;
                plan.steps.retain(|_| !dropped.contains(&at.next().expect("endless")));
                self.attempt(plan);
                end = start;
            }
            size /= 2;
        }
    }

    /// Makes the rest plainer, without changing the number of steps.
    fn simplify(&mut self) {
        self.attempt(self.plan.tidied());
        self.unite_replicas();
        self.change(|step| match step {
            Step::Operate { user, .. } => *user = None,
            Step::Send { to, objects, .. } => (*to, *objects) = (None, None),
            Step::Sync { objects, .. } => *objects = None,
            _ => {}
        });
        self.change(|step| {
            if let Some(Operation::Increment { amount } | Operation::Decrement { amount }) =
                operation(step)
            {
                *amount = 1;
            }
        });
        self.rename_replicas();
        self.rename_keys();
        self.number_values();
        self.rank_timestamps();
        self.number_messages();
        for i in 0..self.plan.steps.len() {
            self.change_one(i, |step| {
                if let Step::Operate { user, .. } = step {
                    *user = None;
                }
            });
            self.change_one(i, |step| {
                if let Step::Operate {
                    act: Act::Insert { place, .. } | Act::Erase { place }, ..
                } = step
                {
                    *place = 0;
                }
            });
        }
    }

    /// Merges two replicas into one, which also saves the messages between them.
    fn unite_replicas(&mut self) {
        let mut from = self.plan.replicas.len();
        while from > 0 {
            from -= 1;
            for to in (0..self.plan.replicas.len()).filter(|to| *to != from) {
                let mut plan = self.plan.clone();
                for step in &mut plan.steps {
                    step.rename(|at| if at == from { to } else { at }, |object| object);
                }
                plan.steps
                    .retain(|step| !matches!(step, Step::Sync { between: [a, b], .. } if a == b));
                if self.attempt(plan.tidied()) {
                    from = self.plan.replicas.len();
                    break;
                }
            }
        }
    }

    /// Tries the change on every step.
    fn change(&mut self, change: impl Fn(&mut Step)) {
        let mut plan = self.plan.clone();
        plan.steps.iter_mut().for_each(change);
        self.attempt(plan);
    }

    /// Tries the change on one step.
    fn change_one(&mut self, at: usize, change: impl Fn(&mut Step)) {
        let mut plan = self.plan.clone();
        change(&mut plan.steps[at]);
        self.attempt(plan);
    }

    /// Names the replicas `a`, `b` and so on, in the order of their names, which decides ties.
    fn rename_replicas(&mut self) {
        let mut sorted = self.plan.replicas.clone();
        sorted.sort();
        let mut plan = self.plan.clone();
        for name in &mut plan.replicas {
            let place = sorted.iter().position(|other| other == name).expect("it is one of them");
            *name = plain("abcdefgh", place);
        }
        self.attempt(plan);
    }

    /// Names keys `x`, `y` and so on.
    fn rename_keys(&mut self) {
        let mut keys = BTreeSet::new();
        let mut plan = self.plan.clone();
        for step in &mut plan.steps {
            keys.extend(key(step).cloned());
        }
        let places: BTreeMap<Name, Name> =
            (0..).zip(keys).map(|(place, key)| (key, plain("xyz", place))).collect();
        for step in &mut plan.steps {
            if let Some(key) = key(step) {
                *key = places[key].clone();
            }
        }
        self.attempt(plan);
    }

    /// Makes each different value a number, first all values together, then each alone.
    fn number_values(&mut self) {
        let mut values = BTreeMap::<String, Json>::new();
        let mut plan = self.plan.clone();
        for step in &mut plan.steps {
            if let Some(value) = value(step) {
                values.insert(value.canonical(), value.clone());
            }
        }
        values.remove("null");
        let numbered: BTreeMap<String, Json> = (1..)
            .zip(values.into_keys())
            .map(|(number, text)| (text, Json::from(number)))
            .collect();
        let replace = |plan: &mut Plan, only: Option<&str>| {
            for step in &mut plan.steps {
                if let Some(value) = value(step) {
                    let text = value.canonical();
                    if let Some(number) = numbered.get(&text)
                        && only.is_none_or(|only| only == text)
                    {
                        *value = number.clone();
                    }
                }
            }
        };
        replace(&mut plan, None);
        if self.attempt(plan) {
            return;
        }
        for text in numbered.keys() {
            let mut plan = self.plan.clone();
            replace(&mut plan, Some(text));
            self.attempt(plan);
        }
    }

    /// Makes the timestamps 1, 2 and so on, in the same order.
    fn rank_timestamps(&mut self) {
        let mut plan = self.plan.clone();
        let mut times: BTreeSet<Timestamp> = BTreeSet::new();
        for step in &mut plan.steps {
            times.extend(timestamp(step).copied());
        }
        let ranks: BTreeMap<Timestamp, u64> = times.into_iter().zip(1..).collect();
        for step in &mut plan.steps {
            if let Some(timestamp) = timestamp(step) {
                *timestamp = ranks[timestamp].into();
            }
        }
        self.attempt(plan);
    }

    /// Numbers messages and backups from 1, in the order in which they are made.
    fn number_messages(&mut self) {
        let mut plan = self.plan.clone();
        let (mut messages, mut snapshots) = (BTreeMap::new(), BTreeMap::new());
        let number = |numbers: &mut BTreeMap<usize, usize>, old: &mut usize| {
            let next = numbers.len() + 1;
            *old = *numbers.entry(*old).or_insert(next);
        };
        for step in &mut plan.steps {
            match step {
                Step::Send { message, .. } | Step::Receive { message, .. } => {
                    number(&mut messages, message);
                }
                Step::Save { snapshot, .. } | Step::Restore { snapshot, .. } => {
                    number(&mut snapshots, snapshot);
                }
                _ => {}
            }
        }
        self.attempt(plan);
    }
}

/// A letter, or the first one with a number where there are not enough.
fn plain(letters: &str, place: usize) -> Name {
    match letters.chars().nth(place) {
        Some(letter) => letter.into(),
        None => format!("{}{place}", &letters[..1]),
    }
}

fn operation(step: &mut Step) -> Option<&mut Operation> {
    match step {
        Step::Operate { act: Act::Do(operation), .. } => Some(operation),
        _ => None,
    }
}

fn key(step: &mut Step) -> Option<&mut Name> {
    use super::plan::Question;
    match step {
        Step::Operate { act: Act::Do(operation), .. } => match operation {
            Operation::Add { element } | Operation::Remove { element } => Some(element),
            Operation::Put { key, .. } | Operation::Delete { key, .. } => Some(key),
            _ => None,
        },
        Step::Ask { question: Question::Read { part, .. }, .. } => part.as_mut(),
        _ => None,
    }
}

fn value(step: &mut Step) -> Option<&mut Json> {
    match step {
        Step::Operate { act: Act::Insert { value, .. }, .. } => value.as_mut(),
        step => match operation(step)? {
            Operation::Write { value, .. } | Operation::Put { value, .. } => Some(value),
            Operation::Append { entry, .. } => Some(entry),
            _ => None,
        },
    }
}

fn timestamp(step: &mut Step) -> Option<&mut Timestamp> {
    match operation(step)? {
        Operation::Write { timestamp, .. }
        | Operation::Put { timestamp, .. }
        | Operation::Delete { timestamp, .. }
        | Operation::Append { timestamp, .. } => timestamp.as_mut(),
        _ => None,
    }
}
