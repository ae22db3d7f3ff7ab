//! What the judge says of a trace.

use crate::explain::cited;
use rejoin_trace::{Fault, Name};
use std::fmt;

/// What is said of a whole trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// At least one claim was judged, and all hold.
    Conforms,
    /// A claim is false.
    Discrepancy,
    /// No claim was judged, or a stated limit was reached.
    #[default]
    Inconclusive,
    /// The file is not of the grammar.
    Malformed,
    /// The grammar is right, but the history is impossible.
    IllFormed,
}

impl Verdict {
    /// Its name in a report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Conforms => "conforms",
            Self::Discrepancy => "discrepancy",
            Self::Inconclusive => "inconclusive",
            Self::Malformed => "malformed",
            Self::IllFormed => "ill-formed",
        }
    }
}

/// The rule that a false claim breaks; spec/trace-format.md says what each asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// `g-counter/value`
    GCounterValue,
    /// `lww-register/value`
    LwwRegisterValue,
    /// `or-set/value`
    OrSetValue,
    /// `lww-map/value`
    LwwMapValue,
    /// `log/value`
    LogValue,
    /// `vector`
    Vector,
    /// `digest/equal`
    DigestEqual,
    /// `digest/distinct`
    DigestDistinct,
    /// `digest/algorithm`
    DigestAlgorithm,
    /// `converged`
    Converged,
    /// `state`
    State,
    /// `decisions`
    Decisions,
    /// `notices`
    Notices,
    /// `lww/superseded`
    LwwSuperseded,
    /// `lww/agreement`
    LwwAgreement,
    /// `log/causality`
    LogCausality,
    /// `log/agreement`
    LogAgreement,
    /// `pn-counter/value`
    PnCounterValue,
    /// `g-set/value`
    GSetValue,
    /// `2p-set/value`
    TwoPhaseSetValue,
    /// `rw-set/value`
    RwSetValue,
    /// `ew-flag/value`
    EwFlagValue,
    /// `dw-flag/value`
    DwFlagValue,
    /// `mv-register/value`
    MvRegisterValue,
    /// `mv-map/value`
    MvMapValue,
    /// `max-register/value`
    MaxRegisterValue,
    /// `min-register/value`
    MinRegisterValue,
    /// `list/value`
    ListValue,
    /// `list/order`
    ListOrder,
    /// `opaque/agreement`
    OpaqueAgreement,
    /// `failed`
    Failed,
}

impl Rule {
    /// All of them, in the order of the specification.
    pub const ALL: [Self; 31] = [
        Self::GCounterValue,
        Self::LwwRegisterValue,
        Self::OrSetValue,
        Self::LwwMapValue,
        Self::LogValue,
        Self::Vector,
        Self::DigestEqual,
        Self::DigestDistinct,
        Self::DigestAlgorithm,
        Self::Converged,
        Self::State,
        Self::Decisions,
        Self::Notices,
        Self::LwwSuperseded,
        Self::LwwAgreement,
        Self::LogCausality,
        Self::LogAgreement,
        Self::PnCounterValue,
        Self::GSetValue,
        Self::TwoPhaseSetValue,
        Self::RwSetValue,
        Self::EwFlagValue,
        Self::DwFlagValue,
        Self::MvRegisterValue,
        Self::MvMapValue,
        Self::MaxRegisterValue,
        Self::MinRegisterValue,
        Self::ListValue,
        Self::ListOrder,
        Self::OpaqueAgreement,
        Self::Failed,
    ];

    /// Its name in a report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GCounterValue => "g-counter/value",
            Self::LwwRegisterValue => "lww-register/value",
            Self::OrSetValue => "or-set/value",
            Self::LwwMapValue => "lww-map/value",
            Self::LogValue => "log/value",
            Self::Vector => "vector",
            Self::DigestEqual => "digest/equal",
            Self::DigestDistinct => "digest/distinct",
            Self::DigestAlgorithm => "digest/algorithm",
            Self::Converged => "converged",
            Self::State => "state",
            Self::Decisions => "decisions",
            Self::Notices => "notices",
            Self::LwwSuperseded => "lww/superseded",
            Self::LwwAgreement => "lww/agreement",
            Self::LogCausality => "log/causality",
            Self::LogAgreement => "log/agreement",
            Self::PnCounterValue => "pn-counter/value",
            Self::GSetValue => "g-set/value",
            Self::TwoPhaseSetValue => "2p-set/value",
            Self::RwSetValue => "rw-set/value",
            Self::EwFlagValue => "ew-flag/value",
            Self::DwFlagValue => "dw-flag/value",
            Self::MvRegisterValue => "mv-register/value",
            Self::MvMapValue => "mv-map/value",
            Self::MaxRegisterValue => "max-register/value",
            Self::MinRegisterValue => "min-register/value",
            Self::ListValue => "list/value",
            Self::ListOrder => "list/order",
            Self::OpaqueAgreement => "opaque/agreement",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A claim that is false, and the argument for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The claim's line, from 1.
    pub line: u64,
    /// The rule that it breaks.
    pub rule: Rule,
    /// The replica that claimed it, where the claim has one.
    pub replica: Option<Name>,
    /// The object that it is about, where it is about one.
    pub object: Option<Name>,
    /// What follows from the history, as JSON text; absent where no one answer is right, and
    /// where it is longer than [`Finding::LONGEST_ANSWER`].
    pub expected: Option<String>,
    /// What was claimed, as JSON text; absent under the same conditions.
    pub actual: Option<String>,
    /// The argument: one sentence a step, naming lines. Empty from the
    /// [`Finding::MOST_ARGUED`]th finding of a file on.
    pub because: Vec<String>,
    /// The theorem of spec/main_theorems.v that says that the claim is false: present exactly where
    /// the proven judge agreed ([`ProvenJudge::Agreed`]), as the theorem is about that one.
    pub theorem: Option<&'static str>,
    /// Where the claim's answer stands in its line; absent like `because`.
    pub excerpt: Option<Excerpt>,
    /// In what the answer differs from the right one, where that can be named: what the claim before
    /// did not have wrong first. Not all where they are many.
    pub differences: Vec<Difference>,
    /// How many differences there are beyond those.
    pub more_differences: u64,
    /// Where it went wrong, for claims that follow others on the same thing; absent like `because`.
    pub onset: Option<Onset>,
}

/// In what an answer differs from the right one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// In which way.
    pub kind: DifferenceKind,
    /// The element or entry as JSON text; of anything else, what is claimed and what is right. What is longer than
    /// [`Difference::LONGEST`] ends there with "…".
    pub what: String,
    /// Whether the claim before was not wrong in this.
    pub is_new: bool,
    /// The same in a sentence that says which operation decides, how it came, and how it was before.
    pub text: String,
}

impl Difference {
    /// The most bytes of `what`.
    pub const LONGEST: usize = 1 << 12;

    pub(crate) fn cut(what: &str) -> String {
        let mut end = what.len().min(Self::LONGEST);
        while !what.is_char_boundary(end) {
            end -= 1;
        }
        match end == what.len() {
            true => what.into(),
            false => format!("{}…", &what[..end]),
        }
    }
}

/// In which way an answer differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DifferenceKind {
    /// It lacks an element or an entry.
    Missing,
    /// It has an element or an entry too much.
    Extra,
    /// Something is otherwise.
    Other,
}

impl DifferenceKind {
    /// Its name in a report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Other => "other",
        }
    }
}

/// Where an answer went wrong: between two claims on the same thing at the same replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Onset {
    /// The line of the claim before; absent where there is none.
    pub before: Option<u64>,
    /// Whether that claim holds; if not, it is wrong in other things.
    pub held: bool,
    /// The first claim that is wrong in what this one is wrong in: this one, or an earlier one.
    pub line: u64,
    /// What happened in between at the replica, each a sentence that names its line; where the claim
    /// is wrong as an earlier one was, that.
    pub window: Vec<String>,
    /// What those that something came from had seen of what is wrong: for each of at most two wrong things
    /// a row that introduces it, and one for each reception since the last claim that was right in it, in
    /// the order of the lines. Receptions in a row of which the same is to be said share one. Not all where
    /// they are many.
    pub merges: Vec<Merge>,
    /// Which receptions since the last claim that was right in it are lost, and which worked, in the explanations of all
    /// claims on the object with the fewest lost receptions: a sentence that says how many, and one for each kind.
    /// Empty where no loss of receptions explains them.
    pub lost: Vec<String>,
    /// The warnings on what it is wrong in: how many, and the last of them.
    pub warnings: Vec<String>,
}

/// A row of what senders had seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merge {
    /// A sentence that names its lines.
    pub text: String,
    /// Whether sender and receiver had not seen the same; and of a row that introduces others.
    pub is_notable: bool,
}

/// What the false claims on one object have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// Which object; `None` for claims about all of them.
    pub object: Option<Name>,
    /// How many claims on it are false, as far as they carry arguments.
    pub findings: u64,
    /// How many of them are the first to be wrong in something.
    pub windows: u64,
    /// Those, each a sentence: where, in what, and what happened before. Not all where they are many.
    pub entries: Vec<String>,
    /// How many of them have what in common, each a sentence; none where there is only one.
    pub facts: Vec<String>,
    /// Whether receptions that were lost explain all claims on it, and which, each a sentence. Empty where that
    /// was not searched to the end.
    pub account: Vec<String>,
}

impl Finding {
    /// What is proved of the judge's model (spec/judge.v).
    pub const THEOREM: &'static str = "the_judge_finds_exactly_the_false_claims";

    /// Answers longer than this many bytes are not repeated in a finding.
    pub const LONGEST_ANSWER: usize = 1 << 16;

    /// This many findings of a file carry their argument; the later ones only say line and
    /// rule, so that a file of false claims cannot fill the memory.
    pub const MOST_ARGUED: usize = 1_000;

    /// Whether the argument names all that happened in the window, as in short traces: what led to the
    /// finding is then told.
    pub fn is_told(&self) -> bool {
        let told = cited(&self.because);
        let window = self.onset.as_ref().map_or(&[][..], |onset| &onset.window);
        let happened = cited(window.get(1..).unwrap_or_default());
        let repeats = self.onset.as_ref().is_some_and(|onset| onset.line < self.line);
        !repeats
            && self.differences.len() <= 1
            && happened.iter().all(|line| told.binary_search(line).is_ok())
    }
}

/// A claim that was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Its line, from 1.
    pub line: u64,
    /// The rule that it breaks, or that it was judged by first.
    pub rule: Rule,
    /// Whether it holds.
    pub holds: bool,
    /// The replica that claimed it, where the claim has one.
    pub replica: Option<Name>,
    /// The object that it is about, where it is about one.
    pub object: Option<Name>,
    /// What was claimed, as it is written; of a long answer the beginning.
    pub answer: String,
}

impl Claimed {
    /// Characters of an answer that are kept.
    pub const LONGEST_ANSWER: usize = 200;
}

/// A piece of a line, for pointing at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The piece: the whole line where it is short.
    pub text: String,
    /// The column of its first character, from 1, counted in characters.
    pub column: u64,
    /// The bytes of `text` to underline.
    pub marked: std::ops::Range<usize>,
}

/// Something that changes no verdict, but should be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The operation's line, from 1.
    pub line: u64,
    /// What kind.
    pub rule: WarningRule,
    /// What was found, in one sentence.
    pub message: String,
}

/// The kinds of warnings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WarningRule {
    /// A write is not above all those that its replica had seen for that key.
    ClockRegression,
    /// The same timestamp and origin stand on two different values of one key.
    StampReuse,
    /// A number is an integer outside the exact range.
    InexactNumber,
}

impl WarningRule {
    /// Its name in a report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClockRegression => "clock-regression",
            Self::StampReuse => "stamp-reuse",
            Self::InexactNumber => "inexact-number",
        }
    }
}

/// Coverage: what a trace exercised, and so what its verdict covers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Operations performed.
    pub operations: u64,
    /// Judged claims by kind, in the order of the specification; no zeros.
    pub claims: Vec<(&'static str, u64)>,
    /// Concurrent pairs of operations.
    pub concurrent_pairs: u128,
    /// What was exercised of the keys.
    pub keys: Keys,
    /// What was exercised of the objects without keys.
    pub objects: Objects,
    /// How many claims depend on how operations merge: those that could have broken a rule, in the sense of
    /// [`RuleCoverage::tested`], other than [`Rule::Vector`], [`Rule::DigestDistinct`] and [`Rule::Failed`].
    pub tested: u64,
    /// Whether all conflicts were looked for; else what was tested is a lower bound.
    pub is_complete: bool,
    /// How many claims were held against each rule, by object, in this order; no zeros.
    pub rules: Vec<RuleCoverage>,
    /// Messages sent (a `merge` or a `sync` is not a message).
    pub messages: u64,
    /// Messages that no replica received.
    pub lost: u64,
    /// Receptions of a message by a replica that had received it before.
    pub repeated: u64,
    /// Receptions of a message after a later one of the same sender.
    pub reordered: u64,
    /// Replicas restored from a backup.
    pub restores: u64,
    /// Answers of engines that were compared with the judge's.
    pub compared: u64,
    /// Which engine followed to which line only, and why, each a sentence.
    pub stopped: Vec<String>,
    /// The outcome of asking the proven judge.
    pub proven_judge: ProvenJudge,
}

/// What a trace exercised of its keys: elements of sets that can shrink, keys of maps, registers of a last
/// write or of all values, and flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// How many were decided on.
    pub decided: u64,
    /// On how many of them a replica that decided has seen another one's decision.
    pub met: u64,
    /// How many were decided otherwise than another replica had last decided, which was not seen.
    pub contested: u64,
    /// Whether all were looked at; else the last two are lower bounds.
    pub is_complete: bool,
}

/// What a trace exercised of its objects without keys: all that [`Keys`] does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Objects {
    /// On how many of them operations were performed.
    pub used: u64,
    /// On how many of them a replica that performed one has seen another one's operation.
    pub met: u64,
    /// On how many of them two replicas operated, where neither had seen the other's operation; of a
    /// list, inserted.
    pub contested: u64,
}

/// How often claims about an object could have broken a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleCoverage {
    /// The rule.
    pub rule: Rule,
    /// Which object; `None` for claims about all of them.
    pub object: Option<Name>,
    /// Claims held against the rule. One that breaks a rule is not held against those that follow.
    pub claims: u64,
    /// Those of them that could have broken it, as they depend on how operations merge.
    ///
    /// A value, decisions, notices, an explicit state, a converged pair, and a digest of a stated algorithm could if
    /// the replica (of `converged`, one of those named) has seen two operations that conflict, of what was
    /// asked for: two by different replicas, neither of which saw the other, which decided one key with
    /// different effects, or inserted into one list, or are on one other object without keys.
    /// What only compares answers (`opaque/agreement`, `digest/equal`) could if, besides, another replica had
    /// answered the same with the same knowledge; `digest/distinct` if a digest of another value was
    /// claimed before; `vector` if the replica has seen another one's operation; an insert's place as the value
    /// of its list could.
    pub tested: u64,
    /// Whether a key of the object, or the object itself where it has none, was contested; of all
    /// objects, whether one of any was.
    pub is_contested: bool,
}

/// The outcome of asking [`rejoin_proven::judge`] for a second judgement of the trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ProvenJudge {
    /// It was not asked, or the trace has no header.
    #[default]
    NotAsked,
    /// It judged as the judge did: the same verdict, and the same lines by the same rules.
    Agreed,
    /// It judged otherwise; [`Report::differences`] say where.
    Differed,
    /// It did not judge this trace, for this reason.
    LeftOut(String),
}

/// The judgement of one trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The verdict.
    pub verdict: Verdict,
    /// Lines after the header that were read and well-formed.
    pub events: u64,
    /// Claims that were judged.
    pub claims: u64,
    /// False claims, in the order of their lines.
    pub findings: Vec<Finding>,
    /// Warnings, in the order of their lines.
    pub warnings: Vec<Warning>,
    /// The limits that were reached, each a sentence.
    pub limits: Vec<String>,
    /// Why a malformed or ill-formed trace ends where it does.
    pub error: Option<Fault>,
    /// What the trace exercised.
    pub coverage: Coverage,
    /// Where an engine does not answer as the judge does, each a sentence: a fault of this
    /// project, not of the trace. None without [`Options::engines`](super::Options::engines).
    pub differences: Vec<String>,
    /// What false claims have in common, by object.
    pub patterns: Vec<Pattern>,
}
