//! Where an object first went wrong at a replica: the claims between which it did, what happened
//! there, and what the claims that went wrong have in common.
//!
//! Meaning: claims of one kind on one thing at one replica follow each other. The first that is
//! wrong in something ends a *window*, which the claim before it begins: the fault that it shows is at
//! one of the lines in between, or in what these lines were done with.
//! Cost: a claim that holds costs one entry in a table; of a false one with an argument, what happened
//! in its window.

mod account;
mod acts;
mod convergence;
mod differences;
mod facts;
mod merges;
mod pattern;
mod rules;
mod thing;
mod warned;

use crate::claim::Resolved;
use crate::past::Past;
use crate::wording::shown;
use crate::{Difference, DifferenceKind, Finding, Onset, Pattern};
use account::{Answer, Outcome};
use acts::Act;
use differences::{Found, Name};
pub use differences::{Misplaced, misplaced};
use hashbrown::{HashMap, HashSet};
use pattern::{Right, Window};
use rejoin::object::TraceType;
use rejoin_trace::Claim;

/// Differences that a finding keeps.
const MOST_DIFFERENCES: usize = 12;

/// Differences that are compared with those of the next claim.
const MOST_COMPARED: usize = 10_000;

/// Claims that were right, kept to hold the windows of the wrong ones against.
const MOST_RIGHT: usize = 100_000;

/// Objects of which it is searched whether lost receptions explain their claims.
const MOST_ACCOUNTS: usize = 8;

/// Steps after which findings get no more tables of what senders had seen, and none of where replicas differ.
const MOST_STEPS: u64 = 20_000_000;

/// Claims that follow each other: of one kind, at one replica, on one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Aspect {
    kind: Kind,
    replica: u32,
    /// All objects where it is absent.
    object: Option<u32>,
    /// The element or key.
    part: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Value,
    Vector,
    Digest,
    Decisions,
    Notices,
}

/// The last claim of an aspect.
#[derive(Debug, Default)]
struct Last {
    line: u32,
    holds: bool,
    /// What was wrong, where it was false.
    wrong: HashSet<Name>,
    /// The claim that was the first to be wrong in something.
    onset: u32,
    /// The last claim that was right.
    right: u32,
}

/// Which receptions are lost in minimal explanations of the claims on some lines, in sentences.
pub type Lost = HashMap<u64, Vec<String>>;

/// What earlier claims were, and where they went wrong.
#[derive(Debug, Default)]
pub struct Onsets {
    last: HashMap<Aspect, Last>,
    /// The windows that end with what was wrong first.
    windows: Vec<Window>,
    /// The windows that end with a claim that holds.
    right: Vec<Right>,
    /// For an object, how many claims on it are false.
    found: HashMap<Option<u32>, u64>,
    /// Steps that these tables took.
    spent: u64,
    /// The false claims of an object's value.
    false_answers: HashMap<u32, Vec<Answer>>,
    /// For replicas that were claimed to be equal, the last such claim, and whether it held.
    converged: HashMap<Vec<u32>, (u32, bool)>,
    /// The objects of which a false claim is none of those.
    unaccountable: HashSet<u32>,
}

impl Onsets {
    /// A claim holds.
    pub fn held(&mut self, past: &Past, claim: &Claim, resolved: &Resolved) {
        if let Claim::Converged { .. } = claim {
            self.converged.insert(together(resolved), (past.line, true));
        }
        let Some(aspect) = aspect(past, claim, resolved) else { return };
        let last = self.last.entry(aspect).or_default();
        if self.right.len() < MOST_RIGHT {
            self.right.push((aspect, last.line, last.holds, past.line));
        }
        *last = Last { line: past.line, holds: true, right: past.line, ..Last::default() };
    }

    /// A claim is false, and this is what is to be said of it.
    pub fn found(
        &mut self,
        past: &Past,
        claim: Option<&Claim>,
        resolved: &Resolved,
        finding: &mut Finding,
    ) {
        let aspect = claim.and_then(|claim| aspect(past, claim, resolved));
        self.note_answer(past, claim, aspect, resolved);
        if let (Some(Claim::Converged { .. }), true) = (claim, past.argue) {
            let before = self.converged.insert(together(resolved), (past.line, false));
            let left = MOST_STEPS.saturating_sub(self.spent);
            let said =
                past.history.uncounted(|_| convergence::of(past, &resolved.replicas, before, left));
            self.spent += said.steps;
            finding.differences = said.differences;
            finding.more_differences = said.more;
            finding.onset = Some(said.onset);
        }
        let (Some(claim), Some(aspect)) = (claim, aspect) else { return };
        if !past.argue {
            self.last.remove(&aspect);
            return;
        }
        *self.found.entry(aspect.object).or_default() += 1;
        past.history.uncounted(|_| self.window(past, claim, aspect, finding));
    }

    /// Keeps what was answered wrongly, or notes that it is not kept.
    fn note_answer(
        &mut self,
        past: &Past,
        claim: Option<&Claim>,
        aspect: Option<Aspect>,
        resolved: &Resolved,
    ) {
        let Some(object) = resolved.object else { return };
        let Some(Claim::Read { value, .. } | Claim::State { state: value, .. }) = claim else {
            return;
        };
        let is_read = matches!(claim, Some(Claim::Read { .. }));
        match aspect.filter(|_| is_read && past.argue && account::is_open(past, object)) {
            None => drop(self.unaccountable.insert(object)),
            Some(Aspect { replica, part, .. }) => {
                let wrong = Some(account::answered(past, object, value));
                let answer = Answer { line: past.line, replica, part, wrong };
                self.false_answers.entry(object).or_default().push(answer);
            }
        }
    }

    fn window(&mut self, past: &Past, claim: &Claim, aspect: Aspect, finding: &mut Finding) {
        let found = differences::of(past, claim, aspect.replica, aspect.object);
        let whole = Aspect { part: None, ..aspect };
        let nothing = Last::default();
        let last = self.last.get(&aspect).unwrap_or(&nothing);
        // What is wrong in no way that can be named is wrong in one way.
        let unnamed = (DifferenceKind::Other, blake3::hash(b""));
        let wrong: HashSet<Name> = match found.is_empty() {
            true => [unnamed].into(),
            false => found.iter().map(Found::name).take(MOST_COMPARED).collect(),
        };
        let mut before = (last.line, last.holds);
        // A claim on the whole object says of each part of it whether that was right.
        if let Some(whole) =
            self.last.get(&whole).filter(|of| aspect.part.is_some() && of.line > before.0)
        {
            if whole.holds {
                before = (whole.line, true);
            }
        }
        let is_new = |name: &Name| before.0 == 0 || before.1 || !last.wrong.contains(name);
        let (new, old): (Vec<&Found>, Vec<&Found>) =
            found.iter().partition(|found| is_new(&found.name()));
        let is_onset = match found.is_empty() {
            true => wrong.iter().any(is_new),
            false => !new.is_empty(),
        };
        let onset = if is_onset { past.line } else { last.onset };
        let seen_before = past.history.seen_at(aspect.replica, before.0);
        let told =
            new.iter().map(|found| (found, true)).chain(old.iter().map(|found| (found, false)));
        finding.differences = told
            .take(MOST_DIFFERENCES)
            .map(|(found, is_new)| Difference {
                kind: found.kind,
                what: Difference::cut(&found.what),
                is_new,
                text: found.sentence(
                    past,
                    aspect.replica,
                    is_new.then_some((before, &seen_before)),
                ),
            })
            .collect();
        finding.more_differences = found.len().saturating_sub(MOST_DIFFERENCES) as u64;
        let mut made = Onset {
            before: (before.0 > 0).then_some(before.0.into()),
            held: before.1,
            line: onset.into(),
            window: Vec::new(),
            merges: Vec::new(),
            lost: Vec::new(),
            warnings: Vec::new(),
        };
        if is_onset {
            let between = (before.0, past.line);
            let (acts, left_out) = match aspect.object {
                Some(object) if past.loaded[object as usize] => (Vec::new(), 0),
                _ => acts::between(past, aspect.replica, aspect.object, between),
            };
            let keys: HashSet<u32> = new.iter().filter_map(|found| found.key).collect();
            if self.spent < MOST_STEPS {
                self.spent += past.warnings.len().min(warned::MOST) as u64;
                made.warnings = warned::sentences(past, aspect.object, &keys);
            }
            made.window = vec![opening(past, aspect, before, !acts.is_empty())];
            made.window.extend(acts::sentences(past, &acts, aspect.object, &keys, left_out));
            let (inherited, told) = self.inherited(past, aspect, &new, &acts);
            made.window.extend(told);
            let begin = ((before.0, &seen_before), before.1);
            let all = (&new[..], &old[..]);
            let window = Window::of(past, aspect, begin, all, &inherited, &acts).since(last.right);
            let object = object_of(past, aspect, &new);
            if self.spent < MOST_STEPS && object.is_some() {
                // A sum is wrong since it was right last, whatever it was wrong by in between.
                let since = match new.iter().any(|found| found.by != 0) && !before.1 {
                    true => {
                        acts::between(past, aspect.replica, aspect.object, (last.right, past.line))
                            .0
                    }
                    false => acts,
                };
                let (merges, steps) = merges::table(past, (aspect.replica, object), &since, &new);
                made.merges = merges;
                self.spent += steps;
            }
            self.windows.push(window);
        } else {
            made.window = vec![format!("it is wrong as it was on line {onset} already")];
        }
        finding.onset = Some(made);
        let right = last.right;
        self.last.insert(aspect, Last { line: past.line, holds: false, wrong, onset, right });
    }

    /// What was wrong already where it came from, and how to say so.
    fn inherited(
        &self,
        past: &Past,
        aspect: Aspect,
        new: &[&Found],
        acts: &[Act],
    ) -> (HashSet<Name>, Vec<String>) {
        let mut sources: Vec<u32> = acts.iter().filter_map(|act| act.source(past)).collect();
        sources.sort_unstable();
        sources.dedup();
        let (mut inherited, mut told) = (HashSet::new(), Vec::new());
        for replica in sources {
            let Some(last) = self.last.get(&Aspect { replica, ..aspect }) else { continue };
            let same: Vec<&&Found> =
                new.iter().filter(|found| last.wrong.contains(&found.name())).collect();
            let Some(first) = same.first() else { continue };
            let more = match same.len() {
                1 => String::new(),
                more => format!(" and {} more", more - 1),
            };
            let (from, line) = (past.replica_shown(replica), last.line);
            told.push(format!(
                "{from} had answered so too, on line {line} ({}{more}): it may come from there",
                first.short()
            ));
            inherited.extend(same.iter().map(|found| found.name()));
        }
        (inherited, told)
    }

    /// What the findings on each object have in common; and for the findings on some lines, which receptions
    /// are lost in minimal explanations.
    pub fn patterns(&self, past: &Past) -> (Vec<Pattern>, Lost) {
        past.history.uncounted(|_| {
            let mut patterns = pattern::patterns(past, &self.windows, &self.right, &self.found);
            let lost = self.accounts(past, &mut patterns);
            (patterns, lost)
        })
    }

    /// Looks whether lost receptions explain the claims on each object that went wrong, and says so.
    fn accounts(&self, past: &Past, patterns: &mut [Pattern]) -> Lost {
        let mut lost = Lost::new();
        let mut objects: Vec<&u32> = self.false_answers.keys().collect();
        objects.retain(|object| !self.unaccountable.contains(*object));
        objects.sort_unstable();
        for object in objects.into_iter().take(MOST_ACCOUNTS) {
            let of_value =
                |aspect: &Aspect| aspect.object == Some(*object) && aspect.kind == Kind::Value;
            let right = self.right.iter().filter(|(aspect, ..)| of_value(aspect));
            let mut answers: Vec<Answer> = right
                .map(|(Aspect { replica, part, .. }, _, _, line)| Answer {
                    line: *line,
                    replica: *replica,
                    part: *part,
                    wrong: None,
                })
                .chain(self.false_answers[object].iter().cloned())
                .collect();
            answers.sort_by_key(|answer| answer.line);
            let name = &*past.history.objects[*object as usize].name;
            let mut pattern = patterns.iter_mut().find(|of| of.object.as_deref() == Some(name));
            match account::of(past, *object, &answers) {
                Outcome::Unknown => {}
                Outcome::Refuted(line) => {
                    if let Some(pattern) = &mut pattern {
                        pattern.account = vec![format!(
                            "receptions that brought nothing of it explain them not: whichever were lost, \
                             the answer on line {line} would be another"
                        )];
                    }
                }
                Outcome::Explained(account) => {
                    if let Some(pattern) = &mut pattern {
                        pattern.account = account.sentences(past, *object);
                    }
                    for window in self.windows.iter().filter(|of| of_value(&of.aspect)) {
                        let said =
                            account.between(past, window.aspect.replica, window.since, window.line);
                        lost.insert(window.line.into(), said);
                    }
                }
            }
        }
        lost
    }
}

/// Replicas that are claimed to be equal, regardless of their order.
fn together(resolved: &Resolved) -> Vec<u32> {
    let mut replicas = resolved.replicas.clone();
    replicas.sort_unstable();
    replicas
}

/// The object whose operations decide what is wrong: that of the claim, or the first of which a notice is wrong.
fn object_of(past: &Past, aspect: Aspect, new: &[&Found]) -> Option<u32> {
    match aspect.kind {
        Kind::Value => aspect.object,
        Kind::Notices => {
            let op = new.iter().find_map(|found| found.op)?;
            Some(past.history.object_of(op))
        }
        Kind::Vector | Kind::Digest | Kind::Decisions => None,
    }
}

/// The sentence that a window begins with.
fn opening(past: &Past, aspect: Aspect, (before, held): (u32, bool), has_acts: bool) -> String {
    let who = past.replica_shown(aspect.replica);
    let what = match (aspect.kind, aspect.object) {
        (_, Some(object)) => past.object_shown(object),
        (Kind::Notices, None) => format!(
            "the answer on the notices of {}",
            aspect
                .part
                .filter(|user| *user != u32::MAX)
                .map_or("that user".into(), |user| { shown(past.history.users.text(user)) })
        ),
        (_, None) => "the answer on all objects".into(),
    };
    let line = past.line;
    let value = || {
        let object = aspect.object.filter(|object| {
            let kind = past.history.objects[*object as usize].kind;
            matches!(kind, TraceType::GCounter | TraceType::PnCounter)
                && !past.loaded[*object as usize]
        })?;
        let count = past.history.count(object, &past.history.seen_at(aspect.replica, before));
        Some(format!(", {count}"))
    };
    let value = match held && aspect.kind == Kind::Value {
        true => value().unwrap_or_default(),
        false => String::new(),
    };
    let then = match (has_acts, aspect.object.is_some_and(|object| past.loaded[object as usize])) {
        (_, true) => String::new(),
        (true, _) => format!("; what happened to it at {who} in between:"),
        (false, _) => format!("; nothing happened to it at {who} in between"),
    };
    match (before, held) {
        (0, _) => {
            let then = then.replace("in between", "before");
            format!("line {line} is the first claim on {what} at {who}{then}")
        }
        (_, true) => {
            format!(
                "{what} was right at {who} on line {before}{value}, and is wrong on line {line}{then}"
            )
        }
        (_, false) => format!(
            "{what} was wrong at {who} on line {before} as well, but not in this; it is so on line \
             {line}{then}"
        ),
    }
}

fn aspect(past: &Past, claim: &Claim, resolved: &Resolved) -> Option<Aspect> {
    let object = resolved.object;
    let (kind, name) = match claim {
        Claim::Read { element, key, query: None, .. } => {
            (Kind::Value, element.as_deref().or(key.as_deref()))
        }
        // The question is a part as well; it has no number of its own.
        Claim::Read { .. } | Claim::Converged { .. } | Claim::Failed { .. } => return None,
        Claim::Notices { user, .. } => {
            // Who never decided anything is a part of no number.
            let part = past.history.users.find(user).or(Some(u32::MAX));
            return Some(Aspect { kind: Kind::Notices, replica: resolved.replica?, object, part });
        }
        Claim::State { .. } => (Kind::Value, None),
        Claim::Vector { .. } => (Kind::Vector, None),
        Claim::Digest { .. } => (Kind::Digest, None),
        Claim::Decisions { .. } => (Kind::Decisions, None),
    };
    let part = match (name, object) {
        // What was never decided on has nothing to go wrong.
        (Some(name), Some(object)) => Some(past.history.find_key(object, name)?),
        _ => None,
    };
    Some(Aspect { kind, replica: resolved.replica?, object, part })
}
