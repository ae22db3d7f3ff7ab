//! The argument for a finding: which operations decide the answer, and who saw what through
//! which message, with line numbers.
//!
//! Nothing here decides anything. It reads the history once more, for people.

use super::claims::{ClaimedDecision, Open};
use super::history::{Effect, How, NONE, OpId, Seen};
use super::judge::Judge;
use super::rows::Row;
use super::wording::shown;
use rejoin::json::Json;
use rejoin::object::ObjectType;

/// At most this many operations are told one by one.
const MOST_TOLD: usize = 6;

impl Judge {
    /// "`x` was added on line 9 at `b` (`b`'s 2nd operation)".
    pub fn performed(&self, op: OpId) -> String {
        let operation = &self.history.ops[op as usize];
        let who = self.replica_shown(self.history.replica_of(op));
        let key = match operation.key {
            NONE => String::new(),
            key => shown(&self.history.keys[key as usize].name),
        };
        let what = match operation.effect {
            Effect::Increment(amount) => format!("{amount} was counted"),
            Effect::Added => format!("{key} was added"),
            Effect::Removed => format!("{key} was removed"),
            Effect::Wrote { value, timestamp } => {
                let value = shown(self.history.values.text(value));
                let at = match self.stamps {
                    rejoin_trace::Stamps::Explicit => format!(" with timestamp {timestamp}"),
                    rejoin_trace::Stamps::Own => String::new(),
                };
                match self.history.objects[self.history.object_of(op) as usize].kind {
                    ObjectType::LwwMap => format!("{key} was set to {value}{at}"),
                    ObjectType::LwwRegister => format!("{value} was written{at}"),
                    _ => format!("{value} was appended{at}"),
                }
            }
        };
        let nth = ordinal(operation.seq);
        format!("{what} on line {} at {who} ({who}'s {nth} operation)", operation.line)
    }

    /// How a replica came to see an operation, or that it did not.
    pub fn arrival(&self, replica: u32, op: OpId) -> String {
        let who = self.replica_shown(replica);
        if !self.history.contains(self.history.seen(replica), op) {
            let line = self.history.ops[op as usize].line;
            return format!("{who} has not seen what was done on line {line}");
        }
        self.came(self.history.branch_of(replica), op)
    }

    /// How the replica of `e` had come to see `f`.
    pub fn past(&self, e: OpId, f: OpId) -> String {
        self.came(self.history.ops[e as usize].branch, f)
    }

    fn came(&self, branch: u32, op: OpId) -> String {
        let who = self.replica_shown(self.history.branches[branch as usize].replica);
        let operation = &self.history.ops[op as usize];
        if operation.branch == branch {
            return format!("{who} did so itself on line {}", operation.line);
        }
        let of = operation.line;
        let Some(epoch) = self.history.learned(branch, op) else {
            return format!("{who} had not seen what was done on line {of}");
        };
        let epoch = &self.history.epochs[epoch as usize];
        let line = epoch.line;
        match epoch.how {
            How::Start => format!("{who} knew it from the start"),
            How::Received(message) => {
                let message = &self.messages[message as usize];
                let sender = self.replica_shown(message.sender);
                format!(
                    "{who} received it (line {of}) with {} on line {line}, which {sender} sent on \
                     line {}",
                    shown(&message.name),
                    message.line
                )
            }
            How::Merged(from) => {
                format!(
                    "{who} merged it (line {of}) from {} on line {line}",
                    self.replica_shown(from)
                )
            }
            How::Synced(with) => {
                let with = self.replica_shown(with);
                format!("{who} got it (line {of}) by synchronizing with {with} on line {line}")
            }
            How::Restored(snapshot) => {
                let snapshot = &self.snapshots[snapshot as usize];
                format!(
                    "{who} was set back on line {line} to backup {} of line {}, which held it \
                     (line {of})",
                    shown(&snapshot.name),
                    snapshot.line
                )
            }
        }
    }

    pub(super) fn why_count(
        &mut self,
        replica: u32,
        object: u32,
        seen: &Seen,
        count: u128,
    ) -> Vec<String> {
        let mut by_origin = std::collections::BTreeMap::<u32, (u64, u128, u32)>::new();
        for op in self.history.members(seen, Some(object)) {
            let Effect::Increment(amount) = self.history.ops[op as usize].effect else { continue };
            let of = by_origin.entry(self.history.replica_of(op)).or_insert((0, 0, op));
            *of = (of.0 + 1, of.1 + u128::from(amount), of.2.max(op));
        }
        let who = self.replica_shown(replica);
        if by_origin.is_empty() {
            return vec![format!("{who} has seen no increment of this counter, so it is 0")];
        }
        let mut because: Vec<String> = by_origin
            .iter()
            .take(MOST_TOLD)
            .map(|(origin, (times, sum, last))| {
                let origin = self.replica_shown(*origin);
                let line = self.history.ops[*last as usize].line;
                let how = self.arrival(replica, *last);
                let times = plural(*times, "increment");
                format!("of {origin} it has seen {times}, together {sum}, the last on line {line}: {how}")
            })
            .collect();
        if by_origin.len() > MOST_TOLD {
            because.push(format!("and increments of {} more", by_origin.len() - MOST_TOLD));
        }
        because.push(format!("so the counter is {count} at {who}"));
        because
    }

    pub(super) fn why_element(
        &mut self,
        replica: u32,
        object: u32,
        element: &str,
        seen: &Seen,
    ) -> Vec<String> {
        let (who, what) = (self.replica_shown(replica), shown(element));
        let Some(key) = self.history.find_key(object, element) else {
            return vec![format!("{what} was never added to {}", self.object_shown(object))];
        };
        let live = self.history.live(key, seen);
        let of = self.decisions_on(key);
        let is = |op: &OpId, effect| self.history.ops[*op as usize].effect == effect;
        if let Some(add) = live.last() {
            let mut because = vec![self.performed(*add), self.arrival(replica, *add)];
            let removes: Vec<OpId> = of.into_iter().filter(|op| is(op, Effect::Removed)).collect();
            let seen_removes: Vec<OpId> =
                removes.into_iter().filter(|op| self.history.contains(seen, *op)).collect();
            for remove in seen_removes.iter().take(MOST_TOLD) {
                because.push(format!(
                    "{}, but {} had not seen that addition then",
                    self.performed(*remove),
                    self.replica_shown(self.history.replica_of(*remove))
                ));
            }
            if seen_removes.is_empty() {
                because.push(format!("{who} has seen no removal of {what}"));
            }
            because.push(format!("so {what} is in the set at {who}"));
            return because;
        }
        let (adds, removes): (Vec<_>, Vec<_>) =
            of.into_iter().partition(|op| is(op, Effect::Added));
        let seen_adds: Vec<OpId> =
            adds.iter().copied().filter(|op| self.history.contains(seen, *op)).collect();
        let mut because = Vec::new();
        for add in seen_adds.iter().rev().take(MOST_TOLD) {
            let remove = removes.iter().rev().find(|remove| {
                self.history.contains(seen, **remove) && self.history.sees(**remove, *add)
            });
            because.push(self.performed(*add));
            if let Some(remove) = remove {
                because.push(format!(
                    "{}, having seen that addition: {}",
                    self.performed(*remove),
                    self.past(*remove, *add)
                ));
                because.push(self.arrival(replica, *remove));
            }
        }
        if seen_adds.is_empty() {
            for add in adds.iter().take(MOST_TOLD) {
                because.push(format!("{}; {}", self.performed(*add), self.arrival(replica, *add)));
            }
            because.push(format!("no addition of {what} has reached {who}"));
        }
        because.push(format!("so {what} is not in the set at {who}"));
        because
    }

    /// The decisions on a key, in the order of the file.
    fn decisions_on(&self, key: u32) -> Vec<OpId> {
        let chains = &self.history.keys[key as usize].chains;
        let mut ops: Vec<OpId> = chains.iter().flat_map(|chain| &chain.ops).copied().collect();
        ops.sort_unstable();
        ops
    }

    pub(super) fn why_key(
        &mut self,
        replica: u32,
        object: u32,
        key: &str,
        seen: &Seen,
        claimed: Option<&str>,
    ) -> Vec<String> {
        let who = self.replica_shown(replica);
        let place = match self.history.objects[object as usize].kind {
            ObjectType::LwwRegister => self.object_shown(object),
            _ => shown(key),
        };
        let Some(number) = self.history.find_key(object, key) else {
            return vec![format!("{place} was never written")];
        };
        let mut because = Vec::new();
        let winner = self.history.winner(number, seen);
        if let Some(winner) = winner {
            because.push(self.performed(winner));
            because.push(self.arrival(replica, winner));
        }
        let claimed = claimed.filter(|claimed| *claimed != "null");
        let value = claimed.and_then(|claimed| self.history.values.find(claimed));
        let other = self.decisions_on(number).into_iter().rev().find(|op| {
            matches!(self.history.ops[*op as usize].effect,
                     Effect::Wrote { value: wrote, .. } if Some(wrote) == value)
        });
        match (other, winner) {
            (Some(other), Some(winner)) if self.history.contains(seen, other) => {
                because.push(format!(
                    "the value answered is older by (timestamp, origin, seq): {}",
                    self.performed(other)
                ));
                let (a, b) = (self.history.stamp(other), self.history.stamp(winner));
                if a.0 == b.0 {
                    because.push(format!(
                        "the timestamps are equal, so the {} decides",
                        if a.1 != b.1 {
                            "origin's name"
                        } else if a.2 != b.2 {
                            "seq"
                        } else {
                            "order of the values' bytes"
                        }
                    ));
                }
            }
            (Some(other), _) => {
                because.push(format!(
                    "the value answered is of a write that {who} has not seen: {}",
                    self.performed(other)
                ));
            }
            (None, _) => {
                if let Some(claimed) = claimed {
                    because.push(format!("{} was never written there", shown(claimed)));
                }
            }
        }
        because.push(match winner {
            Some(winner) if self.history.stamp(winner).3 == "null" => {
                format!("that is the greatest write that {who} has seen, so {place} is deleted")
            }
            Some(_) => format!("so {place} has the value of the first named write at {who}"),
            None => format!("{who} has seen no write to {place}, so it has no value"),
        });
        because
    }

    pub(super) fn why_entry(
        &mut self,
        replica: u32,
        entries: &[OpId],
        at: usize,
        claimed: &Json,
    ) -> Vec<String> {
        let who = self.replica_shown(replica);
        let place = at + 1;
        let Json::Array(items) = claimed else { return Vec::new() };
        let Some(op) = entries.get(at) else {
            return vec![
                format!("{who} has seen {}", plural(entries.len() as u64, "entry")),
                format!(
                    "the answer has one more at place {place}: {}",
                    shown(&items[at].canonical())
                ),
            ];
        };
        let mut because = vec![self.performed(*op), self.arrival(replica, *op)];
        because.push(format!(
            "by (timestamp, origin, seq) it stands at place {place} of the {} entries",
            entries.len()
        ));
        because.push(match items.get(at) {
            Some(item) => format!("the answer has {} there", shown(&item.canonical())),
            None => format!("the answer ends before, with {}", plural(items.len() as u64, "entry")),
        });
        because
    }

    pub(super) fn why_vector(
        &mut self,
        replica: u32,
        object: Option<u32>,
        seen: &Seen,
        (origin, right): (u32, u64),
    ) -> String {
        let (who, of) = (self.replica_shown(replica), self.replica_shown(origin));
        let mut ops = self.history.members(seen, object);
        ops.retain(|op| self.history.replica_of(*op) == origin);
        let on = object.map_or(String::new(), |o| format!(" on {}", self.object_shown(o)));
        let count = plural(right, "operation");
        match ops.iter().max() {
            None => format!("{who} has seen no operation of {of}{on}"),
            Some(last) => format!(
                "of {of}, {who} has seen {count}{on}, the last on line {}: {}",
                self.history.ops[*last as usize].line,
                self.arrival(replica, *last)
            ),
        }
    }

    pub(super) fn why_diverged(
        &mut self,
        object: u32,
        (a, seen_by_a, value_a): (u32, &Seen, &str),
        (b, seen_by_b, value_b): (u32, &Seen, &str),
    ) -> Vec<String> {
        let (x, y) = (self.replica_shown(a), self.replica_shown(b));
        let what = self.object_shown(object);
        let mut because = vec![
            format!("{what} is {} at {x}", shown(value_a)),
            format!("{what} is {} at {y}", shown(value_b)),
        ];
        let missing = |judge: &mut Self, seen: &Seen, other: &Seen| {
            let mut ops = judge.history.members(seen, Some(object));
            ops.retain(|op| !judge.history.contains(other, *op));
            ops.into_iter().max()
        };
        for (seen, other, without) in [(seen_by_a, seen_by_b, b), (seen_by_b, seen_by_a, a)] {
            if let Some(op) = missing(self, seen, other) {
                because.push(format!("{}; {}", self.performed(op), self.arrival(without, op)));
            }
        }
        because
    }

    pub(super) fn why_decisions(
        &mut self,
        replica: u32,
        object: u32,
        seen: &Seen,
        open: &[Open],
        claimed: &[ClaimedDecision],
        own: bool,
    ) -> Vec<String> {
        let who = self.replica_shown(replica);
        let unclaimed = |decision: &&Open| {
            !claimed.iter().any(|claim| {
                claim.key == decision.key
                    && (own
                        || (claim.kept.len() == decision.kept.len()
                            && claim.superseded.len() == decision.superseded.len()))
            })
        };
        let not_open =
            claimed.iter().find(|claim| !open.iter().any(|decision| decision.key == claim.key));
        match (open.iter().find(unclaimed), not_open, open.first()) {
            (None, Some(claim), _) => {
                let what = shown(&claim.key);
                let Some(key) = self.history.find_key(object, &claim.key) else {
                    return vec![format!("nobody has decided {what}")];
                };
                let maximal = self.history.maximal(key, seen);
                let mut because: Vec<String> =
                    maximal.iter().take(MOST_TOLD).map(|op| self.performed(*op)).collect();
                because.push(format!(
                    "{what} is no open decision at {who}: its current effect and that of every \
                     decision that no other saw are the same"
                ));
                because
            }
            (Some(decision), ..) | (None, None, Some(decision)) => {
                self.why_open(replica, decision, own)
            }
            (None, None, None) => vec![format!("{who} has no open decision on this object")],
        }
    }

    fn why_open(&self, replica: u32, decision: &Open, own: bool) -> Vec<String> {
        let who = self.replica_shown(replica);
        let what = match decision.key.as_str() {
            "" => "the register".into(),
            key => shown(key),
        };
        let mut because = vec![format!("{what} is an open decision at {who}")];
        let all = decision.kept.iter().chain(&decision.superseded);
        for op in all.take(MOST_TOLD) {
            let role = match () {
                () if own => "maximal",
                () if decision.kept.contains(op) => "kept",
                () => "superseded",
            };
            let (sentence, arrival) = (self.performed(*op), self.arrival(replica, *op));
            because.push(format!("{role}: {sentence}; {arrival}"));
        }
        because.push("none of them had been seen where the others were made".into());
        if !own && decision.kept.is_empty() {
            because.push(
                "the current effect is of an older decision with a greater timestamp, so none \
                 is kept"
                    .into(),
            );
        }
        because
    }

    pub(super) fn why_notices(
        &mut self,
        replica: u32,
        user: &str,
        seen: &Seen,
        object: &str,
        key: Option<&str>,
    ) -> Vec<String> {
        let (who, user) = (self.replica_shown(replica), shown(user));
        let number = self.find_object(object);
        let decided = number
            .and_then(|number| Some((number, self.history.find_key(number, key.unwrap_or(""))?)));
        let what =
            key.map_or_else(|| shown(object), |key| format!("{} of {}", shown(key), shown(object)));
        let Some((number, key)) = decided else {
            return vec![format!("nobody has decided {what}")];
        };
        let Some((current, maximal)) = self.history.decision(number, key, seen) else {
            return vec![format!("{who} has seen no decision on {what}")];
        };
        let mut because = Vec::new();
        for op in maximal.iter().take(MOST_TOLD) {
            let operation = &self.history.ops[*op as usize];
            let role = match super::history::History::same_effect(operation.effect, current) {
                _ if self.orders_by_itself(self.history.objects[number as usize].kind) => "maximal",
                true => "kept",
                false => "superseded",
            };
            let by = match operation.user {
                NONE => "by no named user".into(),
                by => format!("by user {}", shown(self.history.users.text(by))),
            };
            because.push(format!("{role}: {}, {by}", self.performed(*op)));
        }
        because.push(format!(
            "{user} is told of each decision of {user} on {what} that was superseded, and of no other"
        ));
        because
    }

    pub(super) fn why_state(
        &mut self,
        replica: u32,
        object: u32,
        right: &[Row],
        claimed: &[Row],
    ) -> Vec<String> {
        let kind = self.history.objects[object as usize].kind;
        let (who, what) = (self.replica_shown(replica), self.object_shown(object));
        let row = |row: &Row| shown(&super::rows::state_json(kind, std::slice::from_ref(row)));
        let mut because = Vec::new();
        if let Some(missing) = right.iter().find(|row| !claimed.contains(row)) {
            because.push(format!("the state of {what} at {who} has {}", row(missing)));
        }
        if let Some(extra) = claimed.iter().find(|row| !right.contains(row)) {
            because.push(format!("it does not have {}", row(extra)));
        }
        if because.is_empty() {
            because.push("the claimed state has the same entries, but not as often".into());
        }
        because
    }

    pub(super) fn why_loaded(&mut self, replica: u32, object: u32, expected: &str) -> Vec<String> {
        let (who, what) = (self.replica_shown(replica), self.object_shown(object));
        vec![
            format!("{what} is judged as states, since this trace loads it"),
            format!("{who}'s state is what it loaded, did and received, joined"),
            format!("its value is {}", shown(expected)),
        ]
    }

    pub(super) fn why_own_key(
        &mut self,
        replica: u32,
        maximal: &[OpId],
        superseded: Option<OpId>,
        claimed: &str,
    ) -> Vec<String> {
        let who = self.replica_shown(replica);
        let mut because = Vec::new();
        if let Some(old) = superseded {
            because.push(self.performed(old));
            let later = maximal.iter().find(|op| self.history.sees(**op, old));
            if let Some(later) = later {
                because.push(format!("{}, having seen that write", self.performed(*later)));
                because.push(self.past(*later, old));
                because.push(self.arrival(replica, *later));
            }
            because.push("a write that another one saw is not shown any more".into());
            return because;
        }
        for op in maximal.iter().take(MOST_TOLD) {
            because.push(self.performed(*op));
            because.push(self.arrival(replica, *op));
        }
        because.push(format!("no write that {who} has seen wrote {}", shown(claimed)));
        because
    }
}

/// 1st, 2nd, 3rd, 4th….
fn ordinal(n: u32) -> String {
    let ending = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}

fn plural(n: u64, what: &str) -> String {
    match (n, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) => format!("{n} {stem}ies"),
        _ => format!("{n} {what}s"),
    }
}
