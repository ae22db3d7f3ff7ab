//! Each claim held against what its replica has seen.

use super::Rule;
use super::explicit::{State, TooLarge};
use super::history::{Effect, NONE, OpId, Seen};
use super::judge::{Falsity, Judge, Judgement};
use super::resolve::Resolved;
use super::rows::{claimed_rows, fields, state_json, text};
use super::values::{list, quoted};
use super::wording::shown;
use rejoin::json::Json;
use rejoin::object::ObjectType;
use rejoin_trace::{Claim, Stamps};
use std::collections::BTreeMap;

/// What a claim of a value says.
type Falsified = Result<(), Box<Falsity>>;

fn beyond(TooLarge: TooLarge) -> String {
    "a counter's total is beyond 2^128 − 1".into()
}

/// The rule for the values of a type.
pub fn value_rule(kind: ObjectType) -> Rule {
    match kind {
        ObjectType::GCounter => Rule::GCounterValue,
        ObjectType::LwwRegister => Rule::LwwRegisterValue,
        ObjectType::OrSet => Rule::OrSetValue,
        ObjectType::LwwMap => Rule::LwwMapValue,
        ObjectType::Log => Rule::LogValue,
    }
}

impl Judge {
    /// Judges one claim.
    pub fn judge(&mut self, claim: &Claim, resolved: &Resolved) -> Judgement {
        let replica = resolved.replica.unwrap_or(0);
        match claim {
            Claim::Read { element, key, value, .. } => {
                let object = resolved.object.unwrap_or(0);
                if self.loaded[object as usize] {
                    self.read_state(replica, object, element.as_deref(), key.as_deref(), value)
                } else {
                    self.read(replica, object, element.as_deref(), key.as_deref(), value)
                }
            }
            Claim::Vector { vector, .. } => Ok(self.vector(replica, resolved.object, vector)),
            Claim::Digest { algorithm, digest, .. } => {
                self.digest(replica, resolved.object, algorithm.as_deref(), digest)
            }
            Claim::Converged { .. } => self.converged(&resolved.replicas),
            Claim::Decisions { decisions, .. } => {
                Ok(self.decisions(replica, resolved.object.unwrap_or(0), decisions))
            }
            Claim::Notices { user, notices, .. } => Ok(self.notices(replica, user, notices)),
            Claim::State { state, .. } => {
                Ok(self.state_claim(replica, resolved.object.unwrap_or(0), state))
            }
        }
    }

    fn read(
        &mut self,
        replica: u32,
        object: u32,
        element: Option<&str>,
        key: Option<&str>,
        claimed: &Json,
    ) -> Judgement {
        let seen = self.seen(replica);
        let kind = self.history.objects[object as usize].kind;
        match kind {
            ObjectType::GCounter => Ok(self.read_counter(replica, object, &seen, claimed)),
            ObjectType::OrSet => Ok(match element {
                Some(element) => self.read_element(replica, object, &seen, element, claimed),
                None => self.read_set(replica, object, &seen, claimed),
            }),
            _ if self.stamps == Stamps::Own => self.read_own(replica, object, key, claimed),
            ObjectType::LwwRegister => Ok(self.read_key(replica, object, &seen, "", claimed)),
            ObjectType::LwwMap => Ok(match key {
                Some(key) => self.read_key(replica, object, &seen, key, claimed),
                None => self.read_map(replica, object, &seen, claimed),
            }),
            ObjectType::Log => Ok(self.read_log(replica, object, &seen, claimed)),
        }
    }

    fn read_counter(
        &mut self,
        replica: u32,
        object: u32,
        seen: &Seen,
        claimed: &Json,
    ) -> Falsified {
        let count = self.history.count(object, seen);
        if claimed.equals_count(count) {
            return Ok(());
        }
        let because = self.because(|judge| judge.why_count(replica, object, seen, count));
        falsity(Rule::GCounterValue, count.to_string(), because)
    }

    fn read_element(
        &mut self,
        replica: u32,
        object: u32,
        seen: &Seen,
        element: &str,
        claimed: &Json,
    ) -> Falsified {
        let key = self.history.find_key(object, element);
        let has = key.is_some_and(|key| !self.history.live(key, seen).is_empty());
        if *claimed == Json::Bool(has) {
            return Ok(());
        }
        let because = self.because(|judge| judge.why_element(replica, object, element, seen));
        falsity(Rule::OrSetValue, has.to_string(), because)
    }

    fn read_set(&mut self, replica: u32, object: u32, seen: &Seen, claimed: &Json) -> Falsified {
        let wrong = match self.wrong_element(object, seen, claimed) {
            None => return Ok(()),
            Some(wrong) => wrong,
        };
        let because = self.because(|judge| match wrong {
            Wrong::Shape(sentence) => vec![sentence],
            Wrong::Key(element) => judge.why_element(replica, object, &element, seen),
        });
        falsity(Rule::OrSetValue, self.expected(object, seen), because)
    }

    /// The first element about which a claimed set is wrong.
    fn wrong_element(&mut self, object: u32, seen: &Seen, claimed: &Json) -> Option<Wrong> {
        let seen = &seen.laid_flat();
        let Json::Array(items) = claimed else {
            return Some(Wrong::Shape("a set is answered with an array of its elements".into()));
        };
        let mut listed = KeySet::new(self.history.keys.len());
        self.history.work += self.history.keys.len() as u64 / 64;
        for item in items {
            let Json::String(element) = item else {
                let message = "the elements of a set are strings".into();
                return Some(Wrong::Shape(message));
            };
            let key = self.history.find_key(object, element);
            let key = key.filter(|key| !self.history.live(*key, seen).is_empty());
            let Some(key) = key else { return Some(Wrong::Key(element.clone())) };
            if !listed.insert(key) {
                let message = format!("{} is listed twice; a set has it once", shown(element));
                return Some(Wrong::Shape(message));
            }
        }
        let keys = std::mem::take(&mut self.history.objects[object as usize].keys);
        let missing = keys
            .iter()
            .find(|key| !listed.contains(**key) && !self.history.live(**key, seen).is_empty())
            .map(|key| Wrong::Key(self.history.keys[*key as usize].name.to_string()));
        self.history.objects[object as usize].keys = keys;
        missing
    }

    fn read_key(
        &mut self,
        replica: u32,
        object: u32,
        seen: &Seen,
        key: &str,
        claimed: &Json,
    ) -> Falsified {
        let number = self.history.find_key(object, key);
        let current = number.and_then(|number| self.history.current(number, seen));
        let expected = current.map_or("null", |value| self.history.values.text(value)).to_string();
        let canonical = claimed.canonical();
        if canonical == expected {
            return Ok(());
        }
        let because =
            self.because(|judge| judge.why_key(replica, object, key, seen, Some(&canonical)));
        falsity(value_rule(self.history.objects[object as usize].kind), expected, because)
    }

    fn read_map(&mut self, replica: u32, object: u32, seen: &Seen, claimed: &Json) -> Falsified {
        let wrong = match self.wrong_key(object, seen, claimed) {
            None => return Ok(()),
            Some(wrong) => wrong,
        };
        let because = self.because(|judge| match wrong {
            Wrong::Shape(sentence) => vec![sentence],
            Wrong::Key(key) => {
                let answer = claimed.get(&key).map(Json::canonical);
                judge.why_key(replica, object, &key, seen, answer.as_deref())
            }
        });
        falsity(Rule::LwwMapValue, self.expected(object, seen), because)
    }

    /// The first key about which a claimed map is wrong.
    fn wrong_key(&mut self, object: u32, seen: &Seen, claimed: &Json) -> Option<Wrong> {
        let seen = &seen.laid_flat();
        let Json::Object(members) = claimed else {
            let message = "a map is answered with an object of its keys and values".into();
            return Some(Wrong::Shape(message));
        };
        let mut listed = KeySet::new(self.history.keys.len());
        self.history.work += self.history.keys.len() as u64 / 64;
        let mut canonical = String::new();
        for (name, value) in members {
            let key = self.history.find_key(object, name);
            let current = key.and_then(|key| Some((key, self.history.current(key, seen)?)));
            canonical.clear();
            value.canonical_into(&mut canonical);
            match current {
                Some((key, value)) if **self.history.values.text(value) == *canonical => {
                    listed.insert(key);
                }
                _ => return Some(Wrong::Key(name.clone())),
            }
        }
        let keys = std::mem::take(&mut self.history.objects[object as usize].keys);
        let missing = keys
            .iter()
            .find(|key| !listed.contains(**key) && self.history.current(**key, seen).is_some())
            .map(|key| Wrong::Key(self.history.keys[*key as usize].name.to_string()));
        self.history.objects[object as usize].keys = keys;
        missing
    }

    fn read_log(&mut self, replica: u32, object: u32, seen: &Seen, claimed: &Json) -> Falsified {
        let wrong = match claimed {
            Json::Array(items) => {
                let entries = self.history.entries(object, seen);
                let mut canonical = String::new();
                let differs = |(i, op): (usize, &OpId)| {
                    canonical.clear();
                    items[i].canonical_into(&mut canonical);
                    self.history.stamp(*op).3 != canonical
                };
                let at = entries.iter().take(items.len()).enumerate().position(differs);
                match at.unwrap_or(entries.len().min(items.len())) {
                    at if at == entries.len() && at == items.len() => return Ok(()),
                    at => Some((at, entries)),
                }
            }
            _ => None,
        };
        let because = self.because(|judge| match wrong {
            None => vec!["a log is answered with an array of its entries".into()],
            Some((at, entries)) => judge.why_entry(replica, &entries, at, claimed),
        });
        falsity(Rule::LogValue, self.expected(object, seen), because)
    }

    fn vector(&mut self, replica: u32, object: Option<u32>, claimed: &Json) -> Falsified {
        let seen = self.seen(replica);
        let counts = self.history.counts(&seen, object);
        let wrong = match claimed {
            Json::Object(members) => members.iter().find_map(|(name, count)| {
                let Some(origin) = self.find_replica(name) else {
                    return Some(format!("replica {} is not declared", shown(name)));
                };
                let right = counts.get(&origin).copied().unwrap_or(0);
                let wrong = !count.equals_count(right.into());
                wrong.then(|| self.why_vector(replica, object, &seen, (origin, right)))
            }),
            _ => Some("a vector is an object of replicas and counts".into()),
        };
        let wrong = wrong.or_else(|| {
            let missing = counts.iter().find(|(origin, _)| {
                claimed.get(&self.history.replicas[**origin as usize].name).is_none()
            });
            missing
                .map(|(origin, right)| self.why_vector(replica, object, &seen, (*origin, *right)))
        });
        let Some(wrong) = wrong else { return Ok(()) };
        let name = |origin: &u32| quoted(&self.history.replicas[*origin as usize].name);
        let expected =
            list('{', '}', counts.iter().map(|(origin, n)| format!("{}:{n}", name(origin))));
        falsity(Rule::Vector, expected, vec![wrong])
    }

    fn converged(&mut self, replicas: &[u32]) -> Judgement {
        let (first, others) = replicas.split_first().unwrap_or((&0, &[]));
        let seen = self.seen(*first);
        for other in others {
            let other_seen = self.seen(*other);
            let same = self.history.same(&seen, &other_seen, None);
            for object in 0..self.history.objects.len() as u32 {
                self.history.work += 1;
                let kind = self.history.objects[object as usize].kind;
                let (a, b) = if self.loaded[object as usize] {
                    let (a, b) = (self.state(*first, object), self.state(*other, object));
                    self.history.work += (a.len() + b.len()) as u64;
                    (a.value_text().map_err(beyond)?, b.value_text().map_err(beyond)?)
                } else if same
                    || self.orders_by_itself(kind)
                    || self.history.same(&seen, &other_seen, Some(object))
                {
                    continue;
                } else {
                    let a = self.history.value_text(object, &seen);
                    (a, self.history.value_text(object, &other_seen))
                };
                if a != b {
                    let because = self.because(|judge| {
                        judge.why_diverged(object, (*first, &seen, &a), (*other, &other_seen, &b))
                    });
                    return Ok(Err(Falsity::of(Rule::Converged, because)));
                }
            }
        }
        Ok(Ok(()))
    }

    /// Whether the value of such an object is not determined by what was seen.
    pub fn orders_by_itself(&self, kind: ObjectType) -> bool {
        self.stamps == Stamps::Own && !matches!(kind, ObjectType::GCounter | ObjectType::OrSet)
    }

    fn decisions(&mut self, replica: u32, object: u32, claimed: &Json) -> Falsified {
        let seen = self.seen(replica).laid_flat();
        let kind = self.history.objects[object as usize].kind;
        let own = self.orders_by_itself(kind);
        let mut open = self.open_decisions(object, &seen, own);
        let parsed = claimed_decisions(kind, claimed);
        let right = parsed.as_ref().is_some_and(|claimed| {
            claimed.len() == open.len()
                && open.iter().all(|right| {
                    // Keys are distinct on the right side, so equal numbers leave no repeats.
                    claimed.iter().filter(|claim| claim.key == right.key).count() == 1
                        && claimed.iter().any(|claim| self.agrees(right, claim, own))
                })
        });
        if right {
            return Ok(());
        }
        let because = self.because(|judge| {
            let Some(claimed) = &parsed else {
                return vec![
                    "decisions are a list of {\"key\", \"kept\", \"superseded\"} (a register has \
                     no key), and both lists hold {\"replica\", \"seq\"}"
                        .into(),
                ];
            };
            judge.why_decisions(replica, object, &seen, &open, claimed, own)
        });
        open.sort_by(|a, b| a.key.cmp(&b.key));
        let expected =
            list('[', ']', open.iter().map(|decision| self.decision_json(kind, decision)));
        let mut falsity = Falsity::of(Rule::Decisions, because);
        falsity.expected = (!own).then_some(expected);
        Err(falsity)
    }

    /// The open decisions on all keys of an object.
    pub fn open_decisions(&mut self, object: u32, seen: &Seen, own: bool) -> Vec<Open> {
        let keys = self.history.objects[object as usize].keys.clone();
        keys.into_iter().filter_map(|key| self.open(object, key, seen, own)).collect()
    }

    /// The open decision on a key. With own stamps what is kept is for the implementation to
    /// say: all are then listed as superseded.
    fn open(&mut self, object: u32, key: u32, seen: &Seen, own: bool) -> Option<Open> {
        let (current, maximal) = self.history.decision(object, key, seen)?;
        let effect = |op: &OpId| self.history.ops[*op as usize].effect;
        let current = if own { effect(&maximal[0]) } else { current };
        if maximal.iter().all(|op| super::history::History::same_effect(effect(op), current)) {
            return None;
        }
        let (kept, superseded) = maximal
            .into_iter()
            .partition(|op| !own && super::history::History::same_effect(effect(op), current));
        let name = self.history.keys[key as usize].name.to_string();
        Some(Open { key: name, kept, superseded })
    }

    fn agrees(&self, right: &Open, claim: &ClaimedDecision, own: bool) -> bool {
        if right.key != claim.key {
            return false;
        }
        let names = |ops: &[OpId]| -> Vec<(String, u64)> {
            let mut names: Vec<_> = ops.iter().map(|op| self.name_of(*op)).collect();
            names.sort_unstable();
            names
        };
        if !own {
            return names(&right.kept) == claim.kept
                && names(&right.superseded) == claim.superseded;
        }
        let mut all = [claim.kept.clone(), claim.superseded.clone()].concat();
        all.sort_unstable();
        if claim.kept.is_empty() || names(&right.superseded) != all {
            return false;
        }
        // One effect is kept, and with all who decided so.
        right.superseded.iter().any(|chosen| {
            let effect = self.history.ops[*chosen as usize].effect;
            let (kept, rest): (Vec<_>, Vec<_>) = right.superseded.iter().partition(|op| {
                let other = self.history.ops[**op as usize].effect;
                super::history::History::same_effect(effect, other)
            });
            names(&kept) == claim.kept && names(&rest) == claim.superseded
        })
    }

    /// An operation's name in a claim.
    pub fn name_of(&self, op: OpId) -> (String, u64) {
        let replica = self.history.replica_of(op);
        let name = self.history.replicas[replica as usize].name.to_string();
        (name, self.history.ops[op as usize].seq.into())
    }

    fn decision_json(&self, kind: ObjectType, decision: &Open) -> String {
        let ops = |ops: &[OpId]| {
            let names = ops.iter().map(|op| self.name_of(*op));
            list(
                '[',
                ']',
                names.map(|(replica, seq)| {
                    format!(r#"{{"replica":{},"seq":{seq}}}"#, quoted(&replica))
                }),
            )
        };
        let key = match kind {
            ObjectType::LwwRegister => String::new(),
            _ => format!(r#""key":{},"#, quoted(&decision.key)),
        };
        let (kept, superseded) = (ops(&decision.kept), ops(&decision.superseded));
        format!(r#"{{{key}"kept":{kept},"superseded":{superseded}}}"#)
    }

    fn notices(&mut self, replica: u32, user: &str, claimed: &Json) -> Falsified {
        let seen = self.seen(replica).laid_flat();
        let right = self.all_notices(&seen, user);
        let parsed = claimed_notices(claimed);
        let mut wrong = None;
        if let Some(groups) = &parsed {
            let mut groups = groups.clone();
            for (key, choices) in &right {
                let claimed = groups.remove(key).unwrap_or_default();
                let named = |ops: &Vec<OpId>| {
                    let mut names: Vec<_> = ops.iter().map(|op| self.name_of(*op)).collect();
                    names.sort_unstable();
                    names == claimed
                };
                if !choices.iter().any(named) {
                    wrong = Some(key.clone());
                    break;
                }
            }
            match (wrong.is_none(), groups.into_keys().next()) {
                (true, None) => return Ok(()),
                (true, key) => wrong = key,
                _ => {}
            }
        }
        let because = self.because(|judge| match &wrong {
            None => vec![
                "notices are a list of {\"object\", \"key\", \"replica\", \"seq\"} (a register \
                 has no key)"
                    .into(),
            ],
            Some(key) => judge.why_notices(replica, user, &seen, &key.object, key.key.as_deref()),
        });
        let expected = right.iter().flat_map(|(key, choices)| {
            choices[0].iter().map(|op| {
                let (replica, seq) = self.name_of(*op);
                let named = key.key.as_ref().map(|key| format!(r#""key":{},"#, quoted(key)));
                let (object, key) = (quoted(&key.object), named.unwrap_or_default());
                let replica = quoted(&replica);
                format!(r#"{{"object":{object},{key}"replica":{replica},"seq":{seq}}}"#)
            })
        });
        let expected = list('[', ']', expected);
        let mut falsity = Falsity::of(Rule::Notices, because);
        falsity.expected = right.iter().all(|(_, choices)| choices.len() == 1).then_some(expected);
        Err(falsity)
    }

    /// For each open key, the notices that each choice of its current effect leads to: with
    /// explicit stamps there is one.
    pub fn all_notices(&mut self, seen: &Seen, user: &str) -> Vec<(NoticeKey, Vec<Vec<OpId>>)> {
        let user_number = self.history.users.find(user).unwrap_or(NONE - 1);
        let mut right = Vec::new();
        for object in 0..self.history.objects.len() as u32 {
            let kind = self.history.objects[object as usize].kind;
            if matches!(kind, ObjectType::GCounter | ObjectType::Log) {
                continue;
            }
            let own = self.orders_by_itself(kind);
            for open in self.open_decisions(object, seen, own) {
                let key = NoticeKey {
                    object: self.history.objects[object as usize].name.to_string(),
                    key: (kind != ObjectType::LwwRegister).then_some(open.key),
                };
                right.push((key, self.noticed(&open.superseded, user_number, own)));
            }
        }
        right
    }

    /// The user's superseded decisions among these: for each choice of what is kept.
    fn noticed(&self, decisions: &[OpId], user: u32, own: bool) -> Vec<Vec<OpId>> {
        let operation = |op: OpId| &self.history.ops[op as usize];
        let by_user = |ops: Vec<OpId>| ops.into_iter().filter(|op| operation(*op).user == user);
        if !own {
            return vec![by_user(decisions.to_vec()).collect()];
        }
        let superseded_by = |kept: Effect| {
            let others = decisions
                .iter()
                .copied()
                .filter(|op| !super::history::History::same_effect(operation(*op).effect, kept));
            by_user(others.collect()).collect()
        };
        decisions.iter().map(|op| superseded_by(operation(*op).effect)).collect()
    }

    fn state_claim(&mut self, replica: u32, object: u32, claimed: &Json) -> Falsified {
        let kind = self.history.objects[object as usize].kind;
        let mut right = if self.loaded[object as usize] {
            let state = self.state(replica, object);
            self.history.work += state.len() as u64;
            state.rows()
        } else {
            let seen = self.seen(replica);
            self.history.state_rows(object, &seen)
        };
        right.sort_unstable();
        let parsed = claimed_rows(kind, claimed);
        if parsed.as_ref() == Some(&right) {
            return Ok(());
        }
        let because = self.because(|judge| match parsed {
            None => vec![format!("this has not the shape of a state of a {}", kind.as_str())],
            Some(claimed) => judge.why_state(replica, object, &right, &claimed),
        });
        falsity(Rule::State, state_json(kind, &right), because)
    }

    fn read_state(
        &mut self,
        replica: u32,
        object: u32,
        element: Option<&str>,
        key: Option<&str>,
        claimed: &Json,
    ) -> Judgement {
        let state = self.state(replica, object);
        let kind = self.history.objects[object as usize].kind;
        let (right, expected) = match (&*state, element, key) {
            (State::GCounter(_), ..) => {
                let count = state.count().map_err(beyond)?;
                (claimed.equals_count(count), count.to_string())
            }
            (_, Some(element), _) => {
                let has = state.has(element);
                (*claimed == Json::Bool(has), has.to_string())
            }
            (_, _, Some(key)) => {
                let value = state.get(key);
                (claimed.canonical() == *value, value.to_string())
            }
            _ => {
                let value = state.value_text().map_err(beyond)?;
                self.history.work += state.len() as u64;
                (same_value(kind, claimed, &value), value)
            }
        };
        if right {
            return Ok(Ok(()));
        }
        let because = self.because(|judge| judge.why_loaded(replica, object, &expected));
        Ok(falsity(value_rule(kind), expected, because))
    }

    /// The whole value that follows from what was seen, as JSON text.
    fn expected(&mut self, object: u32, seen: &Seen) -> String {
        // The text of a long value is not kept; that of the thousandth finding is not made.
        if self.argue { self.history.value_text(object, seen) } else { String::new() }
    }

    /// The argument, where it is wanted.
    pub fn because(&mut self, why: impl FnOnce(&mut Self) -> Vec<String>) -> Vec<String> {
        if self.argue { why(self) } else { Vec::new() }
    }
}

/// A set of keys, by their numbers.
struct KeySet(Vec<u64>);

impl KeySet {
    fn new(keys: usize) -> Self {
        Self(vec![0; keys.div_ceil(64)])
    }

    /// Says whether the key is new.
    fn insert(&mut self, key: u32) -> bool {
        let (word, bit) = (&mut self.0[key as usize / 64], 1 << (key % 64));
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    fn contains(&self, key: u32) -> bool {
        self.0[key as usize / 64] & (1 << (key % 64)) != 0
    }
}

/// What is wrong with a claimed set or map.
enum Wrong {
    /// It is not one.
    Shape(String),
    /// It is wrong about this element or key.
    Key(String),
}

/// An open merge decision.
#[derive(Debug)]
pub struct Open {
    /// The key; empty for a register.
    pub key: String,
    /// The maximal decisions with the current effect.
    pub kept: Vec<OpId>,
    /// The other maximal decisions.
    pub superseded: Vec<OpId>,
}

/// A claimed open merge decision, its lists in order.
#[derive(Debug)]
pub struct ClaimedDecision {
    /// The key; empty for a register.
    pub key: String,
    /// Kept: replica and seq.
    pub kept: Vec<(String, u64)>,
    /// Superseded: replica and seq.
    pub superseded: Vec<(String, u64)>,
}

fn claimed_decisions(kind: ObjectType, claimed: &Json) -> Option<Vec<ClaimedDecision>> {
    let Json::Array(items) = claimed else { return None };
    items
        .iter()
        .map(|item| {
            let (key, kept, superseded) = match kind {
                ObjectType::LwwRegister => {
                    let [kept, superseded] = fields(item, ["kept", "superseded"])?;
                    ("", kept, superseded)
                }
                _ => {
                    let [key, kept, superseded] = fields(item, ["key", "kept", "superseded"])?;
                    (text(key)?, kept, superseded)
                }
            };
            let (kept, superseded) = (claimed_ops(kept)?, claimed_ops(superseded)?);
            Some(ClaimedDecision { key: key.into(), kept, superseded })
        })
        .collect()
}

fn claimed_ops(ops: &Json) -> Option<Vec<(String, u64)>> {
    let Json::Array(ops) = ops else { return None };
    let op = |op: &Json| {
        let [replica, seq] = fields(op, ["replica", "seq"])?;
        Some((text(replica)?.into(), seq.as_count()?))
    };
    let mut ops = ops.iter().map(op).collect::<Option<Vec<_>>>()?;
    ops.sort_unstable();
    Some(ops)
}

/// What a notice is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoticeKey {
    /// Of which object.
    pub object: String,
    /// Which key. Absent for a register.
    pub key: Option<String>,
}

fn claimed_notices(claimed: &Json) -> Option<BTreeMap<NoticeKey, Vec<(String, u64)>>> {
    let Json::Array(items) = claimed else { return None };
    let mut groups = BTreeMap::<_, Vec<_>>::new();
    for item in items {
        let (object, key, replica, seq) = match fields(item, ["object", "key", "replica", "seq"]) {
            Some([object, key, replica, seq]) => (object, Some(text(key)?), replica, seq),
            None => {
                let [object, replica, seq] = fields(item, ["object", "replica", "seq"])?;
                (object, None, replica, seq)
            }
        };
        let key = NoticeKey { object: text(object)?.into(), key: key.map(String::from) };
        groups.entry(key).or_default().push((text(replica)?.into(), seq.as_count()?));
    }
    groups.values_mut().for_each(|group| group.sort_unstable());
    Some(groups)
}

/// Whether a claimed value of a loaded object is the right one, given as [`State::value_text`].
fn same_value(kind: ObjectType, claimed: &Json, right: &str) -> bool {
    match (kind, claimed) {
        (ObjectType::OrSet, Json::Array(items)) => {
            let mut names: Vec<&str> = match items.iter().map(text).collect::<Option<_>>() {
                Some(names) => names,
                None => return false,
            };
            names.sort_unstable();
            list('[', ']', names.into_iter().map(quoted)) == right
        }
        (ObjectType::LwwMap, Json::Object(members)) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
            let members = members.into_iter();
            list('{', '}', members.map(|(key, value)| quoted(key) + ":" + &value.canonical()))
                == right
        }
        (ObjectType::LwwRegister | ObjectType::Log, claimed) => claimed.canonical() == right,
        _ => false,
    }
}

fn falsity(rule: Rule, expected: String, because: Vec<String>) -> Falsified {
    let mut falsity = Falsity::of(rule, because);
    falsity.expected = Some(expected);
    Err(falsity)
}
