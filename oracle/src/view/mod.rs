//! `oracle view`: a trace as one page, which needs no network and no other file.
//!
//! Reading order: [`head`] is what the page shows first (the verdict, the findings, and the lines
//! that the first finding rests on), [`sections`] the rest, which it unpacks afterwards,
//! [`argument`] finds the lines that a sentence names, [`difference`] says in what a claimed answer
//! differs from the right one, and `page.html` with its style and scripts
//! shows it all. [`folder`] writes the pages of a folder, with an index. Answers are the judge's own: the scripts only look up which one holds where.

mod argument;
mod difference;
mod folder;
mod head;
mod sections;

use crate::exit::Exit;
use crate::judge::{Failure, Judge, Judged, exit};
use crate::output::{Output, complain};
use crate::printable::{count, escape};
use crate::progress::Progress;
use crate::sources::{Source, find};
use rejoin_judge::{Effort, Limits, Options, Timeline};
use std::fs;
use std::io::Stdout;
use std::path::Path;

/// How much a page holds: what a browser still opens at once.
const LIMITS: Limits = Limits { lines: 300_000, bytes: 96 << 20, changes: 3_000_000 };

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");

/// The scripts, in the order in which they build on each other.
const SCRIPTS: [&str; 12] = [
    include_str!("model.js"),
    include_str!("knowledge.js"),
    include_str!("wording.js"),
    include_str!("exchange.js"),
    include_str!("diagram.js"),
    include_str!("claims.js"),
    include_str!("difference.js"),
    include_str!("findings.js"),
    include_str!("grounds.js"),
    include_str!("state.js"),
    include_str!("hover.js"),
    include_str!("main.js"),
];

/// Writes the page of one trace, or the pages of the traces below a folder.
pub fn run(path: &Path, page: &Path, output: &mut Output<Stdout>) -> Exit {
    if path.is_dir() {
        return folder::run(path, page, output);
    }
    let options = Options { proven: Effort::SMALL, ..Options::default() };
    let sources = find(&[path.to_owned()]);
    let source = sources.first().expect("what is no folder stands for itself");
    let progress = Progress::new(source.place.as_ref().ok().and_then(|place| place.length()));
    let judge = Judge { options: &options, point: false, progress: &progress };
    let judged = judge.timeline(source, LIMITS);
    drop(progress);
    match judged {
        Err(failure) => {
            complain(&format!("{}: {}", escape(&source.name), failure.message()));
            exit(&Err(failure), &options)
        }
        Ok((judged, timeline)) => write(source, judged, &timeline, page, output, &options),
    }
}

fn write(
    source: &Source,
    judged: Judged,
    timeline: &Timeline,
    page: &Path,
    output: &mut Output<Stdout>,
    options: &Options,
) -> Exit {
    let text = html(&source.name, &judged, timeline);
    if page.as_os_str() == "-" {
        output.write(&text);
    } else if let Err(error) = fs::write(page, &text) {
        let message = escape(&error.to_string()).into_owned();
        complain(&format!("{}: the page cannot be written: {message}", page.display()));
        return exit(&Err(Failure::Internal(message)), options);
    } else {
        let page = page.display().to_string();
        let report = &judged.report;
        output.write(format!(
            "{}: {}: {}, {}, {} of them false\n",
            escape(&page),
            report.verdict.as_str(),
            count(report.events, "event"),
            count(report.claims, "claim"),
            report.findings.len()
        ));
    }
    exit(&Ok(judged), options)
}

/// The page: the head before the scripts, so that they can show it while the rest still comes.
fn html(name: &str, judged: &Judged, timeline: &Timeline) -> String {
    let head = inert(&head::head(name, &judged.report, timeline));
    let rest = sections::sections(&judged.report, timeline).map(|(id, packed)| {
        format!("<script type=\"application/octet-stream\" id=\"{id}\">{packed}</script>\n")
    });
    let parts = [
        ("{{title}}", marked_up(name)),
        ("{{style}}", STYLE.into()),
        ("{{head}}", head),
        ("{{scripts}}", SCRIPTS.concat()),
        ("{{rest}}", rest.concat()),
    ];
    fill(PAGE, &parts)
}

/// The page with each place filled by its part, in their order.
fn fill(page: &str, parts: &[(&str, String)]) -> String {
    let mut rest = page;
    let mut page = String::new();
    // One pass, so that nothing from a file is taken for a place to fill.
    for (place, part) in parts {
        let (before, after) = rest.split_once(place).expect("the page has a place for each part");
        page += before;
        page += part;
        rest = after;
    }
    page + rest
}

/// JSON that ends no script and begins no comment, anywhere in a page.
fn inert(json: &str) -> String {
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// Text for an element of the page.
fn marked_up(text: &str) -> String {
    escape(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
