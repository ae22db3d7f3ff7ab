//! What a replica would answer if it merged by a wrong rule: each of some known ones is followed
//! through a window, from the right answer at its beginning.
//!
//! Meaning: a rule that would have given the wrong answers that were given, and no other wrong one, is a
//! likely cause. What a sender held is taken to be right, so a rule is followed exactly only as long as
//! the others answer rightly.
//! Cost: for each reception in a window, what its sender had seen of one thing.

use super::thing::{Known, amount, is_counter};
use crate::past::Past;
use crate::past::history::{Effect, History, OpId, Seen};
use rejoin::object::TraceType;

/// A wrong way to merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    // Of writes.
    OriginFirst,
    TieKeeps,
    TieTakes,
    TieLowest,
    TieGreatest,
    TieLeast,
    LastArrival,
    KeepsOwn,
    OwnWins,
    DeletionForgotten,
    // Of what is there or not.
    RemovalTakes,
    EitherSide,
    AbsentThere,
    // Of counters.
    SharesReplaced,
    SenderOnly,
    GreaterTotal,
    TotalsAdded,
    NetShares,
    CountsAgain,
    CountsEvents,
}

impl Rule {
    /// Those of writes.
    const WRITES: [Self; 10] = [
        Self::OriginFirst,
        Self::TieKeeps,
        Self::TieTakes,
        Self::TieLowest,
        Self::TieGreatest,
        Self::TieLeast,
        Self::LastArrival,
        Self::KeepsOwn,
        Self::OwnWins,
        Self::DeletionForgotten,
    ];
    /// Those of what is there or not.
    const PRESENCE: [Self; 5] = [
        Self::RemovalTakes,
        Self::LastArrival,
        Self::KeepsOwn,
        Self::EitherSide,
        Self::AbsentThere,
    ];
    /// Those of counters.
    const COUNTS: [Self; 7] = [
        Self::SharesReplaced,
        Self::SenderOnly,
        Self::GreaterTotal,
        Self::TotalsAdded,
        Self::NetShares,
        Self::CountsAgain,
        Self::CountsEvents,
    ];

    /// What it does, as the end of a sentence.
    pub fn says(self) -> &'static str {
        match self {
            Self::OriginFirst => "comparing origins before timestamps",
            Self::TieKeeps => "keeping what is there where timestamps are equal",
            Self::TieTakes => "taking what comes where timestamps are equal",
            Self::TieLowest => "letting the lowest origin win where timestamps are equal",
            Self::TieGreatest => "letting the greatest value win where timestamps are equal",
            Self::TieLeast => "letting the least value win where timestamps are equal",
            Self::LastArrival => "letting what comes last replace what is there",
            Self::KeepsOwn => "keeping what is there against all that comes",
            Self::OwnWins => {
                "letting a write of one's own replace what is there, whatever the timestamps"
            }
            Self::DeletionForgotten => "forgetting a deletion once it was handed on",
            Self::RemovalTakes => "letting a removal take additions that it had not seen",
            Self::EitherSide => "keeping what is present on either side of a merge",
            Self::AbsentThere => "removing what is absent on the other side of a merge",
            Self::SharesReplaced => {
                "replacing the shares of others by those of the sender, where the greater is to stay"
            }
            Self::SenderOnly => "taking from a sender only its own share",
            Self::GreaterTotal => "taking the greater of both totals",
            Self::TotalsAdded => "adding the total of the sender",
            Self::NetShares => "joining increments less decrements as one number",
            Self::CountsAgain => "counting what is received again once more",
            Self::CountsEvents => "counting operations instead of their amounts",
        }
    }
}

/// What happened to a thing in a window.
#[derive(Debug)]
pub enum Step {
    /// The replica performed this.
    Own(OpId),
    /// Something came.
    Came {
        /// From which replica.
        from: u32,
        /// What that had seen when it gave it.
        theirs: Seen,
        /// What it knew of the thing.
        known: Known,
        /// What was new of it.
        new: Vec<OpId>,
        /// What was received again, as a message that had been received before.
        again: i128,
    },
    /// Another replica got what it had, or a message was sent for others to get.
    Gave,
    /// The replica went back to what it had seen then, and knew of the thing.
    Back(Seen, Known),
}

/// The rules by which a key would be answered otherwise than rightly; where the answer is false, by which it
/// would be answered so. `was_given` says that the write which is right at the beginning was handed on before.
pub fn of_key(
    past: &Past,
    (object, key, replica): (u32, u32, u32),
    (start, end): (&Seen, &Seen),
    steps: &[Step],
    (claimed, was_given): (Option<Option<OpId>>, bool),
) -> Vec<Rule> {
    let history = &past.history;
    match history.objects[object as usize].kind {
        TraceType::LwwRegister | TraceType::LwwMap if !past.orders_by_itself(TraceType::LwwMap) => {
            let Some(right) = history.winner(key, end) else { return Vec::new() };
            let effect = |op: OpId| history.ops[op as usize].effect;
            let mut rules = Rule::WRITES.to_vec();
            rules.retain(|rule| {
                let before = (history.winner(key, start), was_given);
                let Some(op) = write(past, *rule, key, before, steps) else {
                    return false;
                };
                let differs = !History::same_effect(effect(op), effect(right));
                let is_claimed = claimed.is_none_or(|claimed| {
                    claimed.is_some_and(|of| History::same_effect(effect(op), effect(of)))
                });
                differs && is_claimed
            });
            rules
        }
        kind if history.keys[key as usize].chains.is_empty() || kind.is_stamped() => Vec::new(),
        TraceType::MvRegister | TraceType::MvMap => Vec::new(),
        _ => {
            let right = history.has(object, key, end);
            let at_start = history.has(object, key, start);
            let mut rules = Rule::PRESENCE.to_vec();
            rules.retain(|rule| {
                presence(past, *rule, (object, key, replica), at_start, steps) != right
            });
            rules
        }
    }
}

/// The write that a rule lets win.
fn write(
    past: &Past,
    rule: Rule,
    key: u32,
    (start, was_given): (Option<OpId>, bool),
    steps: &[Step],
) -> Option<OpId> {
    let history = &past.history;
    let is_deletion = |op: &OpId| past.is_deletion(*op);
    // As canonical JSON; that of a deletion is less than all.
    let value = |op: OpId| match history.ops[op as usize].effect {
        Effect::Wrote { value, .. } if !is_deletion(&op) => Some(history.values.text(value)),
        _ => None,
    };
    let wins = |op: OpId, there: OpId| {
        let [(new, by, seq, _), (old, at, before, _)] = [op, there].map(|op| history.stamp(op));
        match rule {
            Rule::OriginFirst => (by, new, seq) > (at, old, before),
            Rule::TieKeeps => new > old,
            Rule::TieTakes => new >= old,
            Rule::TieLowest => new > old || (new == old && by < at),
            Rule::TieGreatest => new > old || (new == old && value(op) > value(there)),
            Rule::TieLeast => new > old || (new == old && value(op) < value(there)),
            Rule::LastArrival => true,
            Rule::OwnWins | Rule::DeletionForgotten => history.is_above(op, there),
            _ => false,
        }
    };
    let forgets = rule == Rule::DeletionForgotten;
    let mut there = start.filter(|op| !(forgets && was_given && is_deletion(op)));
    for step in steps {
        match step {
            // By other rules a write of one's own is compared rightly.
            Step::Own(op) => {
                let takes = matches!(rule, Rule::OwnWins | Rule::LastArrival);
                if takes || there.is_none_or(|there| history.is_above(*op, there)) {
                    there = Some(*op);
                }
            }
            Step::Gave => there = there.filter(|op| !(forgets && is_deletion(op))),
            Step::Back(seen, _) => there = history.winner(key, seen),
            Step::Came { theirs, .. } => {
                let Some(op) = history.winner(key, theirs) else { continue };
                if there.is_none_or(|there| there != op && wins(op, there)) {
                    there = Some(op);
                }
            }
        }
    }
    there
}

/// Whether a rule leaves an element in.
fn presence(
    past: &Past,
    rule: Rule,
    (object, key, _): (u32, u32, u32),
    start: bool,
    steps: &[Step],
) -> bool {
    let history = &past.history;
    let added = |op: OpId| history.ops[op as usize].effect == Effect::Added;
    let mut there = start;
    for step in steps {
        match step {
            Step::Own(op) => there = added(*op),
            Step::Gave => {}
            Step::Back(seen, _) => there = history.has(object, key, seen),
            Step::Came { theirs, new, .. } => match (rule, new.iter().max()) {
                (Rule::LastArrival, Some(last)) => there = added(*last),
                (Rule::RemovalTakes, Some(_)) => {
                    let is_answered =
                        |of: OpId| new.iter().any(|op| added(*op) && history.sees(*op, of));
                    there = new.iter().all(|op| added(*op) || is_answered(*op));
                }
                (Rule::EitherSide, _) => there |= history.has(object, key, theirs),
                (Rule::AbsentThere, _) => there &= history.has(object, key, theirs),
                _ => {}
            },
        }
    }
    there
}

/// The rules by which a counter would be answered otherwise than rightly: where the answer is false by this
/// much, by which it would be false in the same direction.
pub fn of_counter(
    past: &Past,
    (object, replica): (u32, u32),
    (start, end): (&Known, &Known),
    steps: &[Step],
    by: Option<i128>,
) -> Vec<Rule> {
    if !is_counter(past, object) {
        return Vec::new();
    }
    let right: i128 = end.values().sum();
    let is_pn = past.history.objects[object as usize].kind == TraceType::PnCounter;
    let mut rules = Rule::COUNTS.to_vec();
    rules.retain(|rule| {
        if *rule == Rule::NetShares && !is_pn {
            return false;
        }
        let wrong = count(past, *rule, replica, start, steps) - right;
        wrong != 0 && by.is_none_or(|by| by.signum() == wrong.signum())
    });
    // One that comes to the very answer goes before those that only err on the same side.
    let exact =
        |rule: &Rule| by.is_some_and(|by| count(past, *rule, replica, start, steps) - right == by);
    if rules.iter().any(exact) {
        rules.retain(exact);
    }
    rules
}

/// What a rule counts.
fn count(past: &Past, rule: Rule, replica: u32, start: &Known, steps: &[Step]) -> i128 {
    let mut shares = start.clone();
    let mut total: i128 = start.values().sum();
    for step in steps {
        match step {
            Step::Own(op) => {
                let amount = match rule {
                    Rule::CountsEvents => amount(past, *op).signum(),
                    _ => amount(past, *op),
                };
                *shares.entry(replica).or_default() += amount;
                total += amount;
            }
            Step::Gave => {}
            Step::Back(_, known) => {
                shares = known.clone();
                total = known.values().sum();
            }
            Step::Came { from, known, new, again, .. } => {
                let theirs: i128 = known.values().sum();
                let brought: i128 = new.iter().map(|op| amount(past, *op)).sum();
                match rule {
                    Rule::GreaterTotal => total = total.max(theirs),
                    Rule::TotalsAdded => total += theirs,
                    Rule::CountsAgain => total += brought + again,
                    Rule::CountsEvents => {
                        total += new.iter().map(|op| amount(past, *op).signum()).sum::<i128>();
                    }
                    _ => total += brought,
                }
                for (origin, share) in known {
                    let mine = shares.entry(*origin).or_default();
                    *mine = match rule {
                        Rule::SharesReplaced if *origin != replica => *share,
                        Rule::SenderOnly if origin == from => *share,
                        Rule::NetShares => (*mine).max(*share),
                        _ => *mine,
                    };
                }
            }
        }
    }
    match rule {
        Rule::SharesReplaced | Rule::SenderOnly | Rule::NetShares => shares.values().sum(),
        _ => total,
    }
}
