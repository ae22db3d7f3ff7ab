//! From terms back to the types of Rust.
//!
//! Meaning: a term that decodes is canonical, and encodes to the same term again. Anything else is
//! an error: a list that does not ascend, an empty frontier, a count of 0, a number that is too
//! great.

use super::constructors::*;
use super::encode::{Atom, Term};
use super::judge::{Report, Rule, Verdict};
use super::value::Value;
use super::{EventName, MergeDecision, Notice};
use rejoin::dot::{Dot, Origin, ReplicaId};
use rejoin::operation::{Answer, ObjectId, User, Value as Written};
use rejoin::reference::decisions::{Decision, Decisions};
use rejoin::reference::delta::Delta;
use rejoin::reference::dw_flag::DwFlag;
use rejoin::reference::ew_flag::EwFlag;
use rejoin::reference::g_counter::GCounter;
use rejoin::reference::log::{Entry, Log};
use rejoin::reference::lww_map::LwwMap;
use rejoin::reference::lww_register::LwwRegister;
use rejoin::reference::max_register::{Extreme, Order};
use rejoin::reference::mv_map::MvMap;
use rejoin::reference::mv_register::MvRegister;
use rejoin::reference::or_set::{OrSet, Presence};
use rejoin::reference::pn_counter::PnCounter;
use rejoin::reference::replica::Object;
use rejoin::reference::rw_set::RwSet;
use rejoin::version_vector::VersionVector;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// Why a term is not the expected state or answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecodeError {
    /// What was expected.
    pub expected: &'static str,
    /// What was found.
    pub found: String,
}

type Decoded<T> = Result<T, DecodeError>;

fn wrong<T, K, V>(expected: &'static str, term: &Term<K, V>) -> Decoded<T> {
    let found = match term {
        Value::Number(number) => format!("the number {number}"),
        Value::Data(tag, fields) => {
            format!("constructor {tag} with {} fields", fields.as_slice().len())
        }
        Value::Function(..) => String::from("a function"),
        Value::Atom(_) => String::from("a name or value of another sort"),
    };
    Err(DecodeError { expected, found })
}

/// The fields of a term of this constructor.
pub fn made_by<K, V>(constructor: Constructor, term: &Term<K, V>) -> Option<&[Term<K, V>]> {
    match term {
        Value::Data(tag, fields) if *tag == constructor.tag => {
            Some(fields.as_slice()).filter(|fields| fields.len() == constructor.arity)
        }
        _ => None,
    }
}

/// The fields of a term, which must be of this constructor.
pub fn fields<K, V, const N: usize>(
    constructor: Constructor,
    term: &Term<K, V>,
) -> Decoded<&[Term<K, V>; N]> {
    match made_by(constructor, term).and_then(|fields| fields.try_into().ok()) {
        Some(fields) => Ok(fields),
        None => wrong(constructor.name, term),
    }
}

pub fn wide_number<K, V>(term: &Term<K, V>) -> Decoded<u128> {
    match term {
        Value::Number(number) => Ok(*number),
        _ => wrong("a number", term),
    }
}

/// A list of numbers below 256.
pub fn bytes<K, V>(term: &Term<K, V>) -> Decoded<Vec<u8>> {
    list(term, |byte| match u8::try_from(wide_number(byte)?) {
        Ok(byte) => Ok(byte),
        Err(_) => wrong("a byte", byte),
    })
}

/// 32 bytes.
pub fn digest<K, V>(term: &Term<K, V>) -> Decoded<[u8; 32]> {
    bytes(term)?.try_into().or_else(|_| wrong("32 bytes", term))
}

pub fn number<K, V>(term: &Term<K, V>) -> Decoded<u64> {
    match u64::try_from(wide_number(term)?) {
        Ok(number) => Ok(number),
        Err(_) => wrong("a number below 2^64", term),
    }
}

/// A positive number.
fn positive<N: PartialEq + Default, K, V>(
    term: &Term<K, V>,
    number: impl Fn(&Term<K, V>) -> Decoded<N>,
) -> Decoded<N> {
    match number(term)? {
        zero if zero == N::default() => wrong("a number from 1", term),
        number => Ok(number),
    }
}

pub fn integer<K, V>(term: &Term<K, V>) -> Decoded<i128> {
    if made_by(INTEGER_ZERO, term).is_some() {
        return Ok(0);
    }
    let (sign, magnitude) = match made_by(ABOVE_ZERO, term) {
        Some([magnitude]) => (1, magnitude),
        _ => (-1, fields(BELOW_ZERO, term).map(|[magnitude]| magnitude)?),
    };
    let magnitude = i128::try_from(positive(magnitude, wide_number)?);
    magnitude.map_or_else(|_| wrong("an integer of less than 2^127", term), |of| Ok(sign * of))
}

fn atom<'t, K, V, T>(
    term: &'t Term<K, V>,
    expected: &'static str,
    sort: impl Fn(&'t Atom<K, V>) -> Option<T>,
) -> Decoded<T> {
    let found = match term {
        Value::Atom(atom) => sort(atom),
        _ => None,
    };
    found.map_or_else(|| wrong(expected, term), Ok)
}

pub fn replica<K, V>(term: &Term<K, V>) -> Decoded<ReplicaId> {
    atom(term, "the name of a replica", |atom| match atom {
        Atom::Replica(replica) => Some(replica.clone()),
        _ => None,
    })
}

pub fn text<K, V>(term: &Term<K, V>) -> Decoded<Arc<str>> {
    atom(term, "the name of an object or a user", |atom| match atom {
        Atom::Text(text) => Some(Arc::clone(text)),
        _ => None,
    })
}

pub fn key<K: Clone, V>(term: &Term<K, V>) -> Decoded<K> {
    atom(term, "a key or an element", |atom| match atom {
        Atom::Key(key) => Some(key.clone()),
        _ => None,
    })
}

pub fn value<K, V: Clone>(term: &Term<K, V>) -> Decoded<V> {
    atom(term, "a value or an entry", |atom| match atom {
        Atom::Value(value) => Some(value.clone()),
        _ => None,
    })
}

fn unit<K, V>(term: &Term<K, V>) -> Decoded<()> {
    fields(TT, term).map(|[]| ())
}

pub fn presence<K, V>(term: &Term<K, V>) -> Decoded<Presence> {
    match made_by(ADDED, term) {
        Some(_) => Ok(Presence::Added),
        None => fields(REMOVED, term).map(|[]| Presence::Removed),
    }
}

pub fn boolean<K, V>(term: &Term<K, V>) -> Decoded<bool> {
    match made_by(TRUE, term) {
        Some(_) => Ok(true),
        None => fields(FALSE, term).map(|[]| false),
    }
}

pub fn option<K, V>(term: &Term<K, V>) -> Decoded<Option<&Term<K, V>>> {
    match made_by(NONE, term) {
        Some(_) => Ok(None),
        None => fields(SOME, term).map(|[inner]| Some(inner)),
    }
}

fn user<K, V>(term: &Term<K, V>) -> Decoded<Option<User>> {
    option(term)?.map(text).transpose()
}

pub fn list<K, V, T>(
    term: &Term<K, V>,
    item: impl Fn(&Term<K, V>) -> Decoded<T>,
) -> Decoded<Vec<T>> {
    let (mut items, mut rest) = (Vec::new(), term);
    while made_by(NIL, rest).is_none() {
        let [first, others] = fields(CONS, rest)?;
        items.push(item(first)?);
        rest = others;
    }
    Ok(items)
}

pub fn pair<K, V, A, B>(
    term: &Term<K, V>,
    first: impl Fn(&Term<K, V>) -> Decoded<A>,
    second: impl Fn(&Term<K, V>) -> Decoded<B>,
) -> Decoded<(A, B)> {
    let [left, right] = fields(PAIR, term)?;
    Ok((first(left)?, second(right)?))
}

/// A set: an ascending list.
fn set<K, V, T: Ord>(
    term: &Term<K, V>,
    item: impl Fn(&Term<K, V>) -> Decoded<T>,
) -> Decoded<BTreeSet<T>> {
    let items = list(term, item)?;
    if !items.is_sorted_by(|left, right| left < right) {
        return wrong("a list that ascends", term);
    }
    Ok(items.into_iter().collect())
}

/// A map: a list of entries with ascending keys.
pub fn map<K, V, A: Ord, B>(
    term: &Term<K, V>,
    key: impl Fn(&Term<K, V>) -> Decoded<A>,
    value: impl Fn(&Term<K, V>) -> Decoded<B>,
) -> Decoded<BTreeMap<A, B>> {
    let entries = list(term, |entry| pair(entry, &key, &value))?;
    if !entries.is_sorted_by(|(left, _), (right, _)| left < right) {
        return wrong("a list whose keys ascend", term);
    }
    Ok(entries.into_iter().collect())
}

/// An origin whose replica has a name of another sort.
pub fn origin_by<K, V, R>(
    term: &Term<K, V>,
    replica: impl Fn(&Term<K, V>) -> Decoded<R>,
) -> Decoded<(R, u64)> {
    let [of, incarnation] = fields(ORIGIN, term)?;
    Ok((replica(of)?, number(incarnation)?))
}

pub fn origin<K, V>(term: &Term<K, V>) -> Decoded<Origin> {
    let (replica, incarnation) = origin_by(term, replica)?;
    Ok(Origin { replica, incarnation })
}

pub fn dot<K, V>(term: &Term<K, V>) -> Decoded<Dot> {
    let [of, counter] = fields(DOT, term)?;
    Ok(Dot { origin: origin(of)?, counter: number(counter)? })
}

pub fn vector<K, V>(term: &Term<K, V>) -> Decoded<VersionVector> {
    let mut vector = VersionVector::default();
    for (origin, counter) in map(term, origin, |counter| positive(counter, number))? {
        vector.see(&origin, counter);
    }
    Ok(vector)
}

pub fn decision<K, V, E>(
    term: &Term<K, V>,
    effect: impl Fn(&Term<K, V>) -> Decoded<E>,
) -> Decoded<Decision<E>> {
    let [of, seq, timestamp, by, written] = fields(DECISION, term)?;
    Ok(Decision {
        dot: dot(of)?,
        seq: number(seq)?,
        timestamp: number(timestamp)?,
        user: user(by)?,
        effect: effect(written)?,
    })
}

fn decisions<K, V, L: Ord + Clone, E: Ord + Clone>(
    term: &Term<K, V>,
    key: impl Fn(&Term<K, V>) -> Decoded<L>,
    effect: impl Fn(&Term<K, V>) -> Decoded<E>,
) -> Decoded<Decisions<L, E>> {
    let [seen, frontiers] = fields(DECISIONS, term)?;
    let frontier = |term: &Term<K, V>| match set(term, |listed| decision(listed, &effect))? {
        empty if empty.is_empty() => wrong("a frontier with a decision", term),
        frontier => Ok(frontier),
    };
    let listed = map(frontiers, key, frontier)?.into_iter();
    let listed = listed.flat_map(|(key, frontier)| {
        frontier.into_iter().map(move |decision| (key.clone(), decision))
    });
    Ok(Decisions::from_parts(vector(seen)?, listed))
}

pub fn object<K: Ord + Clone, V: Written>(term: &Term<K, V>) -> Decoded<Object<K, V>> {
    if let Some([state]) = made_by(A_COUNTER, term) {
        let [seen, shares] = fields(G_COUNTER_STATE, state)?;
        Ok(Object::GCounter(GCounter::from_parts(vector(seen)?, self::shares(shares)?)))
    } else if let Some([state]) = made_by(A_REGISTER, term) {
        let [listed, winner] = fields(LWW_REGISTER_STATE, state)?;
        let winner = option(winner)?.map(|winner| decision(winner, value)).transpose()?;
        let register = LwwRegister::from_parts(decisions(listed, unit, value)?, winner);
        Ok(Object::LwwRegister(register))
    } else if let Some([state]) = made_by(A_SET, term) {
        Ok(Object::OrSet(OrSet::from_parts(decisions(state, key, presence)?)))
    } else if let Some([state]) = made_by(A_MAP, term) {
        let [listed, winners] = fields(LWW_MAP_STATE, state)?;
        let winners = map(winners, key, |winner| decision(winner, value))?;
        Ok(Object::LwwMap(LwwMap::from_parts(decisions(listed, key, value)?, winners)))
    } else if let Some([state]) = made_by(A_LOG, term) {
        let [seen, entries] = fields(LOG_STATE, state)?;
        Ok(Object::Log(Log::from_parts(vector(seen)?, set(entries, entry)?)))
    } else if let Some([state]) = made_by(A_PN_COUNTER, term) {
        let [seen, up, down] = fields(PN_COUNTER_STATE, state)?;
        let counter = PnCounter::from_parts(vector(seen)?, shares(up)?, shares(down)?);
        Ok(Object::PnCounter(counter))
    } else if let Some([state]) = made_by(AN_RW_SET, term) {
        Ok(Object::RwSet(RwSet::from_parts(decisions(state, key, presence)?)))
    } else if let Some([state]) = made_by(AN_EW_FLAG, term) {
        Ok(Object::EwFlag(EwFlag::from_parts(decisions(state, unit, presence)?)))
    } else if let Some([state]) = made_by(A_DW_FLAG, term) {
        Ok(Object::DwFlag(DwFlag::from_parts(decisions(state, unit, presence)?)))
    } else if let Some([state]) = made_by(AN_MV_REGISTER, term) {
        Ok(Object::MvRegister(MvRegister::from_parts(decisions(state, unit, value)?)))
    } else if let Some([state]) = made_by(AN_MV_MAP, term) {
        Ok(Object::MvMap(MvMap::from_parts(decisions(state, key, value)?)))
    } else if let Some([state]) = made_by(A_MAX_REGISTER, term) {
        Ok(Object::MaxRegister(extreme(state)?))
    } else {
        let [state] = fields(A_MIN_REGISTER, term)?;
        Ok(Object::MinRegister(extreme(state)?))
    }
}

/// The shares of a counter.
fn shares<K, V>(term: &Term<K, V>) -> Decoded<BTreeMap<Origin, u128>> {
    map(term, origin, |share| positive(share, wide_number))
}

fn extreme<K, V, O: Order>(term: &Term<K, V>) -> Decoded<Extreme<O>> {
    let [seen, greatest] = fields(EXTREME_STATE, term)?;
    Ok(Extreme::from_parts(vector(seen)?, option(greatest)?.map(integer).transpose()?))
}

fn entry<K, V: Clone>(term: &Term<K, V>) -> Decoded<Entry<V>> {
    let [of, seq, timestamp, entry] = fields(LOG_ENTRY, term)?;
    let Dot { origin, counter } = dot(of)?;
    Ok(Entry {
        timestamp: number(timestamp)?,
        replica: origin.replica,
        seq: number(seq)?,
        entry: value(entry)?,
        incarnation: origin.incarnation,
        counter,
    })
}

/// A map from object names.
pub fn by_object<K, V, T>(
    term: &Term<K, V>,
    of: impl Fn(&Term<K, V>) -> Decoded<T>,
) -> Decoded<BTreeMap<ObjectId, T>> {
    map(term, text, of)
}

pub fn delta<K, V, S>(
    term: &Term<K, V>,
    part: impl Fn(&Term<K, V>) -> Decoded<S>,
) -> Decoded<Delta<S>> {
    let [since, of] = fields(DELTA, term)?;
    Ok(Delta { since: vector(since)?, part: part(of)? })
}

/// A replica's origin and its objects.
pub fn state<K, V>(term: &Term<K, V>) -> Decoded<&[Term<K, V>; 2]> {
    fields(REPLICA, term)
}

pub fn answer<K: Ord + Clone, V: Written>(term: &Term<K, V>) -> Decoded<Answer<K, V>> {
    if let Some([total]) = made_by(COUNT, term) {
        Ok(Answer::Count(Some(wide_number(total)?)))
    } else if let Some([content]) = made_by(CONTENT, term) {
        Ok(Answer::Value(Some(value(content)?).filter(|value| *value != V::tombstone())))
    } else if let Some([elements]) = made_by(ELEMENTS, term) {
        Ok(Answer::Elements(set(elements, key)?))
    } else if let Some([entries]) = made_by(ENTRIES, term) {
        Ok(Answer::Values(map(entries, key, value)?))
    } else if let Some([items]) = made_by(ITEMS, term) {
        Ok(Answer::Entries(list(items, value)?))
    } else if let Some([balance]) = made_by(BALANCE, term) {
        Ok(Answer::Balance(Some(integer(balance)?)))
    } else if let Some([is_enabled]) = made_by(ENABLED, term) {
        Ok(Answer::Enabled(boolean(is_enabled)?))
    } else if let Some([values]) = made_by(VALUES, term) {
        Ok(Answer::Concurrent(set(values, value)?))
    } else if let Some([entries]) = made_by(VALUE_SETS, term) {
        Ok(Answer::ConcurrentByKey(map(entries, key, |values| set(values, value))?))
    } else {
        let [extreme] = fields(INTEGER, term)?;
        Ok(Answer::Integer(option(extreme)?.map(integer).transpose()?))
    }
}

/// An operation as answers name it: its replica, and its number among that replica's operations.
pub fn event_name<K, V>(term: &Term<K, V>) -> Decoded<EventName> {
    pair(term, replica, number)
}

fn optional_key<K: Clone, V>(term: &Term<K, V>) -> Decoded<Option<K>> {
    option(term)?.map(key).transpose()
}

pub fn merge_decision<K: Clone, V>(term: &Term<K, V>) -> Decoded<MergeDecision<K>> {
    let [on, kept, superseded] = fields(MERGE_DECISION, term)?;
    Ok(MergeDecision {
        key: optional_key(on)?,
        kept: list(kept, event_name)?,
        superseded: list(superseded, event_name)?,
    })
}

pub fn notice<K: Clone, V>(term: &Term<K, V>) -> Decoded<Notice<K>> {
    let (object, (key, decision)) = pair(term, text, |rest| pair(rest, optional_key, event_name))?;
    Ok(Notice { object, key, decision })
}

/// The report of the judge.
pub fn report<K, V>(term: &Term<K, V>) -> Decoded<Report> {
    let [judged, findings, stopped_at] = fields(REPORT, term)?;
    Ok(Report {
        judged: number(judged)?,
        findings: list(findings, |finding| pair(finding, number, rule))?,
        stopped_at: option(stopped_at)?.map(number).transpose()?,
    })
}

fn rule<K, V>(term: &Term<K, V>) -> Decoded<Rule> {
    let rule = Rule::ALL.into_iter().find(|rule| made_by(rule.constructor(), term).is_some());
    rule.map_or_else(|| wrong("a rule of the judge", term), Ok)
}

pub fn verdict<K, V>(term: &Term<K, V>) -> Decoded<Verdict> {
    let verdicts = [
        (CONFORMS, Verdict::Conforms),
        (DISCREPANCY, Verdict::Discrepancy),
        (INCONCLUSIVE, Verdict::Inconclusive),
        (ILL_FORMED, Verdict::IllFormed),
    ];
    let verdict = verdicts.into_iter().find(|(made, _)| made_by(*made, term).is_some());
    verdict.map_or_else(|| wrong("a verdict of the judge", term), |(_, verdict)| Ok(verdict))
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, found {}", self.expected, self.found)
    }
}

impl std::error::Error for DecodeError {}
