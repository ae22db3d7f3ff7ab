//! The text about a driven implementation: the failure and its argument, or what was exercised.

use crate::args::Drive;
use crate::campaign::ShardReport;
use crate::judge::Judged;
use crate::printable::{count, escape, grouped};
use crate::text::Text;
use rejoin::object::TraceType;
use rejoin_drive::campaign::{Case, Driven, Failing, Fault};
use rejoin_drive::offer::Feature;
use rejoin_drive::run::Tally;
use rejoin_judge::{Effort, Options, check};
use rejoin_trace::Stamps;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

/// A failing case: its name, the argument, and how to repeat it.
pub fn failing(
    text: &Text,
    asked: &Drive,
    commands: &[Vec<OsString>],
    failing: &Failing,
    path: &Path,
) -> String {
    let Failing { case, fault, steps, plan, outcome, performed, is_repeated } = failing;
    let file = path.to_string_lossy();
    let mut out = String::new();
    if let Fault::Failed(_) = fault
        && let Some(failure) = &outcome.failure
    {
        out += &format!("{}: {}\n", text.bad("subject failure"), escape(&failure.message));
    }
    // Once more with the proven judge: of the many histories that conform it was not asked.
    let options = Options { proven: Effort::SMALL, ..Options::default() };
    let report = check(|| Ok(outcome.trace.as_bytes()), &options);
    let report = report.unwrap_or_else(|_| outcome.report.clone());
    let judged = Judged { report, culprit: None };
    out += &text.report(&file, &judged);
    let which = match case {
        Case::Exploration(_) => "a first history, which asks for everything once, was".into(),
        Case::Number(number) => format!("case {number} of seed {} was", asked.seed),
    };
    out += &match is_repeated {
        true => format!(
            "  {which} shrunk from {} to {} (performed {} times)\n",
            count(*steps as u64, "step"),
            grouped(plan.steps.len() as u128),
            grouped(*performed as u128),
        ),
        false => format!(
            "  {which} failing once, but not when it was repeated: the subject does not \
             answer alike each time\n"
        ),
    };
    out += &format!("  its trace: {file}\n");
    out + &format!("  drive it again: {}\n\n", command(asked, commands, *case))
}

/// The command that repeats a case.
fn command(asked: &Drive, commands: &[Vec<OsString>], case: Case) -> String {
    let mut line = format!("oracle drive --seed {}", asked.seed);
    if let Case::Number(number) = case {
        line += &format!(" --case {number}");
    }
    line += &format!(" --steps {}", asked.steps);
    if !asked.types.is_empty() {
        let names: Vec<&str> = asked.kinds().into_iter().map(TraceType::as_str).collect();
        line += &format!(" --types {}", names.join(","));
    }
    if let Some(stamps) = asked.stamps {
        line += &format!(" --stamps {}", stamps.name());
    }
    for (is_set, flag) in [(asked.plain, " --plain"), (asked.monotonic, " --monotonic")] {
        line += if is_set { flag } else { "" };
    }
    for command in commands {
        let words: Vec<_> = command.iter().map(|word| word.to_string_lossy()).collect();
        let words = words.iter().map(AsRef::as_ref);
        let quoted = shlex::try_join(words).unwrap_or_else(|_| "COMMAND".into());
        line += &format!(" -- {quoted}");
    }
    line
}

/// Why nothing can be concluded, if so.
pub fn nothing(driven: &Driven) -> Option<&'static str> {
    let tally = &driven.tally;
    if driven.offer.kinds.is_empty() {
        Some("the subject starts with none of the types")
    } else if tally.histories == 0 {
        Some("the subject answered nothing that could be judged")
    } else if tally.operations.is_empty() {
        Some("the subject performed no operation")
    } else if tally.received + tally.synced == 0 {
        Some("no replica received anything from another one")
    } else {
        None
    }
}

/// The verdict and the coverage.
pub fn verdict(text: &Text, asked: &Drive, driven: &Driven) -> String {
    let cases = count(driven.cases, "case");
    let mut out = match (driven.faults.is_empty(), nothing(driven)) {
        (true, Some(why)) => format!("{}: {why}\n", text.doubtful("inconclusive")),
        (true, None) => {
            format!("{} in {cases} (seed {})\n", text.good("conforms"), asked.seed)
        }
        (false, _) => {
            let fault =
                |(fault, number): (&Fault, &u64)| format!("{fault} in {}", count(*number, "case"));
            let faults: Vec<String> = driven.faults.iter().map(fault).collect();
            let verdict = text.bad("does not conform");
            let faults = faults.join(", ");
            format!("{verdict}: {faults}, after {cases} (seed {})\n", asked.seed)
        }
    };
    out += &coverage(driven);
    out
}

fn sum<K>(counts: &BTreeMap<K, u64>) -> u128 {
    counts.values().map(|count| u128::from(*count)).sum()
}

fn coverage(driven: &Driven) -> String {
    let Driven { offer, tally, scope, .. } = driven;
    let kind = |(kind, stamps): (&TraceType, &Stamps)| {
        let own = *stamps == Stamps::Own && kind.is_stamped();
        format!("{}{}", kind.as_str(), if own { " (own stamps)" } else { "" })
    };
    let kinds: Vec<String> = offer.kinds.iter().map(kind).collect();
    let mut out = format!("  types: {}\n", kinds.join(", "));
    if *scope > 0 {
        let steps = count(u64::from(*scope), "step");
        out += &format!("  all histories of two replicas with up to {steps} are among them\n");
    }
    let Tally { messages, lost, repeated, reordered, refused, received, .. } = tally;
    let n = |number: &u64| grouped(u128::from(*number));
    let answers: Vec<String> =
        tally.answers.iter().map(|(what, number)| format!("{} {what}", n(number))).collect();
    out += &format!(
        "  {} operations; answers judged: {}\n",
        grouped(sum(&tally.operations)),
        answers.join(", ")
    );
    let met: Vec<String> = tally
        .meetings
        .iter()
        .map(|(kind, number)| format!("{} {}", kind.as_str(), n(number)))
        .collect();
    out += &format!(
        "  concurrent pairs on one key: {}{}{}\n",
        grouped(sum(&tally.meetings)),
        if met.is_empty() { "" } else { ": " },
        met.join(", ")
    );
    out += &format!(
        "  {} messages: {} lost, {} received, {} of these once more, {} late, {} refused\n",
        n(messages),
        n(lost),
        n(received),
        n(repeated),
        n(reordered),
        n(refused)
    );
    out += &format!(
        "  {} syncs, {} restores, up to {} replicas; {} were not supported\n",
        n(&tally.synced),
        n(&tally.restored),
        tally.most_replicas,
        count(tally.left_out, "request")
    );
    let mut left = BTreeMap::<&Feature, (Vec<&str>, &str)>::new();
    for ((kind, feature), why) in &offer.lacks {
        left.entry(feature).or_insert((Vec::new(), why)).0.push(kind.as_str());
    }
    for (feature, (types, why)) in left {
        let why: String = why.chars().take(200).collect();
        let of = match feature {
            Feature::Type => format!("types: {}", types.join(", ")),
            _ if types.len() >= offer.kinds.len() => feature.to_string(),
            _ => format!("{feature} of {}", types.join(", ")),
        };
        out += &format!("  left out: {of} ({})\n", escape(&why));
    }
    out
}

/// The report for programs: one JSON object, which `merge-reports` adds up.
pub fn report(asked: &Drive, driven: &Driven) -> ShardReport {
    let tally = &driven.tally;
    let total = |number: u128| u64::try_from(number).unwrap_or(u64::MAX);
    let counts = [
        ("histories", tally.histories),
        ("operations", total(sum(&tally.operations))),
        ("answers", total(sum(&tally.answers))),
        ("concurrent pairs on one key", total(sum(&tally.meetings))),
        ("messages", tally.messages),
        ("received", tally.received),
        ("lost", tally.lost),
        ("repeated", tally.repeated),
        ("late", tally.reordered),
        ("refused", tally.refused),
        ("syncs", tally.synced),
        ("restores", tally.restored),
    ];
    let name = |fault: &Fault| match fault {
        Fault::False(rule) => rule.to_string(),
        Fault::Failed(_) => fault.to_string(),
    };
    ShardReport {
        campaign: format!("drive of {} cases, seed {}", asked.cases, asked.seed),
        shard: asked.shard.map_or("1/1".into(), |shard| shard.to_string()),
        cases: driven.cases,
        faults: driven.faults.iter().map(|(fault, number)| (name(fault), *number)).collect(),
        counts: counts.map(|(name, number)| (name.to_owned(), number)).into(),
    }
}
