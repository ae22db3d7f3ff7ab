//! One false claim: the line, the answer underlined, and the argument against it.

use super::Text;
use super::excerpt::Piece;
use crate::printable::{escape, escape_json, grouped, shorten};
use annotate_snippets::renderer::DEFAULT_LINE_NUM_STYLE;
use annotate_snippets::{Group, Level, Message, Padding};
use rejoin_judge::{Finding, Merge, Onset, Rule};

/// Rows of what senders had seen of a thing that are shown where not all are wanted.
const ROWS: usize = 8;

/// The finding as a compiler would show it, with its last line's end; or a claim that holds likewise.
pub fn show(text: &Text, file: &str, finding: &Finding, holds: bool) -> String {
    let renderer = text.renderer();
    let (level, title) = match holds {
        true => (Level::HELP.with_name("holds"), title_of_true(finding)),
        false => (Level::ERROR, title(finding)),
    };
    let title = level.clone().primary_title(title).id(finding.rule.as_str());
    let excerpt = finding.excerpt.as_ref().map(Piece::new);
    let gutter = finding.line.to_string().len();

    let mut shown = renderer.render(&[Group::with_title(title)]);
    // The renderer would count columns from the start of the piece that it is given.
    let column = excerpt.as_ref().map(|piece| format!(":{}", piece.column)).unwrap_or_default();
    let arrow = text.paint(DEFAULT_LINE_NUM_STYLE, &format!("{:gutter$}-->", ""));
    shown += &format!("\n{arrow} {file}:{}{column}\n", finding.line);

    let mut body = Group::with_level(level);
    if let Some(piece) = excerpt {
        let label = if finding.rule == Rule::Converged { "claimed to be equal" } else { "claimed" };
        body = body.element(piece.snippet(finding.line, Some(label))).element(Padding);
    }
    body = body.elements(notes(text, finding, gutter));
    if !body.is_empty() {
        shown += &renderer.render(&[body]);
        shown.push('\n');
    }
    shown
}

/// What stands below the line: the right answer, the claimed one, and why.
fn notes(text: &Text, finding: &Finding, gutter: usize) -> Vec<Message<'static>> {
    const LABEL: usize = "expected".len();
    let room = text.width.saturating_sub(gutter + LABEL + "  = : ".len());
    let note =
        |label: &str, said: String| Level::NOTE.with_name(format!("{label:>LABEL$}")).message(said);
    let answers = [&finding.expected, &finding.actual];
    let [right, claimed] = answers.map(|json| json.as_deref().map(escape_json).unwrap_or_default());
    // The text around the window takes some room too.
    let note_on_more = "… ".len() + " … 12,345 more characters".len();
    let most = room.saturating_sub(note_on_more);
    // A cut that saves less than the note on it takes would only keep the answer from being copied.
    let longest = right.chars().count().max(claimed.chars().count());
    let most = if longest <= room + note_on_more { longest } else { most };
    let (right, claimed) = shorten(&right, &claimed, most);

    let mut notes = Vec::new();
    if finding.expected.is_some() {
        notes.push(note("expected", right));
    }
    if finding.actual.is_some() {
        notes.push(note("claimed", claimed));
    }
    if !finding.because.is_empty() {
        notes.push(note("because", steps(&finding.because, room)));
    }
    if !finding.is_told() {
        notes.extend(led_to(finding, room, text.verbose).map(|(label, said)| note(label, said)));
    }
    notes.extend(finding.theorem.map(|theorem| note("theorem", theorem.to_owned())));
    notes
}

/// The steps of the argument, numbered, wrapped and indented.
fn steps(because: &[String], room: usize) -> String {
    let digits = because.len().to_string().len();
    let indent = " ".repeat(digits + 2);
    let steps: Vec<_> = because
        .iter()
        .enumerate()
        .map(|(i, step)| {
            let number = format!("{:>digits$}. ", i + 1);
            let options = textwrap::Options::new(room)
                .initial_indent(&number)
                .subsequent_indent(&indent)
                .break_words(false);
            textwrap::fill(&escape(step), options)
        })
        .collect();
    steps.join("\n")
}

/// Since when the answer is wrong, what senders had seen of it, and in what it is wrong.
fn led_to(
    finding: &Finding,
    room: usize,
    verbose: bool,
) -> impl Iterator<Item = (&'static str, String)> {
    let window = finding.onset.as_ref().map(|onset| ("since", indented(&onset.window, room)));
    let rows = finding.onset.as_ref().map_or(&[][..], |onset| &onset.merges);
    let merges = (!rows.is_empty()).then(|| ("merges", merges(rows, room, verbose)));
    let noted = |label, of: fn(&Onset) -> &[String]| {
        let said = finding.onset.as_ref().map_or(&[][..], of);
        (!said.is_empty()).then(|| (label, indented(said, room)))
    };
    let lost = noted("lost", |onset| &onset.lost);
    let warnings = noted("warnings", |onset| &onset.warnings);
    let mut differs: Vec<String> = finding.differences.iter().map(|of| of.text.clone()).collect();
    if finding.more_differences > 0 {
        differs.push(format!("and {} more", grouped(finding.more_differences.into())));
    }
    let differs = (!differs.is_empty()).then(|| ("differs", listed(&differs, room)));
    window.into_iter().chain(merges).chain(lost).chain(differs).chain(warnings)
}

/// What senders had seen, a row each: the last of those that explain most, where not all are wanted.
fn merges(rows: &[Merge], room: usize, verbose: bool) -> String {
    let mut text = String::new();
    // The rows that introduce others name no line first.
    let is_opening = |row: &Merge| row.text.starts_with('`');
    let mut rest = rows;
    while let Some((opening, after)) = rest.split_first() {
        let end = after.iter().position(is_opening).unwrap_or(after.len());
        let (of, others) = after.split_at(end);
        rest = others;
        let mut order: Vec<usize> = (0..of.len()).rev().collect();
        order.sort_by_key(|at| !of[*at].is_notable);
        if !verbose {
            order.truncate(ROWS);
        }
        order.sort_unstable();
        let mut said: Vec<String> = order.iter().map(|at| of[*at].text.clone()).collect();
        if said.len() < of.len() {
            said.push(format!("({} more)", grouped((of.len() - said.len()) as u128)));
        }
        if !text.is_empty() {
            text.push('\n');
        }
        said.insert(0, opening.text.clone());
        text += &indented(&said, room);
    }
    text
}

/// Sentences of which the first introduces the others.
fn indented(sentences: &[String], room: usize) -> String {
    let (first, others) =
        sentences.split_first().map_or(("", &[][..]), |(first, rest)| (first, rest));
    let mut text = textwrap::fill(&escape(first), textwrap::Options::new(room).break_words(false));
    if !others.is_empty() {
        text += "\n";
        text += &listed(others, room);
    }
    text
}

/// One sentence an item.
fn listed(items: &[String], room: usize) -> String {
    let options = textwrap::Options::new(room)
        .initial_indent("- ")
        .subsequent_indent("  ")
        .break_words(false);
    let items: Vec<_> =
        items.iter().map(|item| textwrap::fill(&escape(item), options.clone())).collect();
    items.join("\n")
}

/// What a claim that holds is about.
fn title_of_true(finding: &Finding) -> String {
    let at = match &finding.replica {
        Some(replica) => format!(" at `{}`", escape(replica)),
        None => String::new(),
    };
    let object = match &finding.object {
        Some(object) => format!("`{}`", escape(object)),
        None => "the object".into(),
    };
    match finding.rule {
        Rule::Vector => format!("the state vector{at} counts what was seen"),
        Rule::DigestEqual => format!("the digest{at} contradicts no other"),
        Rule::Converged => "the replicas hold equal values".into(),
        Rule::State => format!("the state of {object}{at} is as claimed"),
        Rule::Decisions => format!("the open decisions of {object}{at} are as claimed"),
        Rule::Notices => format!("the user's notices{at} are as claimed"),
        Rule::ListOrder => format!("the insert into {object}{at} contradicts no earlier line"),
        _ => format!("{object}{at} is as claimed"),
    }
}

/// What is wrong, for someone who does not know the rule's name.
pub fn title(finding: &Finding) -> String {
    let object = |kind: &str| match &finding.object {
        Some(object) => format!("{kind} `{}`", escape(object)),
        None => format!("the {kind}"),
    };
    let at = match &finding.replica {
        Some(replica) => format!(" at `{}`", escape(replica)),
        None => String::new(),
    };
    match finding.rule {
        Rule::GCounterValue => format!("{}{at} has another total than claimed", object("counter")),
        Rule::LwwRegisterValue => {
            format!("{}{at} has another value than claimed", object("register"))
        }
        Rule::OrSetValue => format!("{}{at} has other elements than claimed", object("set")),
        Rule::LwwMapValue => format!("{}{at} has other values than claimed", object("map")),
        Rule::LogValue => format!("{}{at} has other entries than claimed", object("log")),
        Rule::Vector => format!("the state vector{at} does not count what was seen"),
        Rule::DigestEqual => format!("the digest{at} differs from that of an equal state"),
        Rule::DigestDistinct => format!("the digest{at} equals that of a different state"),
        Rule::DigestAlgorithm => format!("the digest{at} is not the one that its algorithm gives"),
        Rule::Converged => "the replicas do not hold the same state".into(),
        Rule::State => format!("the state of {}{at} is not the one claimed", object("object")),
        Rule::Decisions => {
            format!("other decisions are open in {}{at} than claimed", object("object"))
        }
        Rule::Notices => format!("the user has other notices{at} than claimed"),
        Rule::LwwSuperseded => {
            format!("{}{at} shows what no current write has", object("object"))
        }
        Rule::LwwAgreement => {
            format!("{}{at} contradicts earlier answers", object("object"))
        }
        Rule::LogCausality => {
            format!("{}{at} has an entry before one that its writer had seen", object("log"))
        }
        Rule::LogAgreement => {
            format!("{}{at} contradicts earlier answers", object("log"))
        }
        Rule::PnCounterValue => format!("{}{at} has another total than claimed", object("counter")),
        Rule::GSetValue | Rule::TwoPhaseSetValue | Rule::RwSetValue => {
            format!("{}{at} has other elements than claimed", object("set"))
        }
        Rule::EwFlagValue | Rule::DwFlagValue => {
            format!("{}{at} is not as claimed", object("flag"))
        }
        Rule::MvRegisterValue => {
            format!("{}{at} has other values than claimed", object("register"))
        }
        Rule::MvMapValue => format!("{}{at} has other values than claimed", object("map")),
        Rule::MaxRegisterValue | Rule::MinRegisterValue => {
            format!("{}{at} has another value than claimed", object("register"))
        }
        Rule::ListValue => format!("{}{at} has other elements than claimed", object("list")),
        Rule::ListOrder => format!("{}{at} contradicts the order of earlier lines", object("list")),
        Rule::OpaqueAgreement => {
            format!("{}{at} answers unlike an equal state before", object("object"))
        }
        Rule::Failed => format!("the implementation failed{at}"),
    }
}
