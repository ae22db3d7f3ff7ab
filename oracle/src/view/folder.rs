//! The pages of a folder: one for each trace below it, and an index that links to them.
//!
//! Each page is as for its trace alone, and needs none of the others. Pages are written one by one, so
//! that memory holds one trace at a time.

use super::{LIMITS, fill, html, marked_up};
use crate::args::Colour;
use crate::exit::Exit;
use crate::format::{Outcome, verdict};
use crate::judge::{Failure, Judge, exit};
use crate::output::{Output, complain};
use crate::printable::{escape, grouped};
use crate::progress::Progress;
use crate::sources::{Place, Source, find};
use crate::text::{Text, kind, title};
use rejoin_judge::{Effort, Options};
use std::fs;
use std::io::Stdout;
use std::path::{Path, PathBuf};
use std::time::Duration;

const INDEX: &str = include_str!("index.html");

/// Writes the pages of all traces below `folder` to the folder `pages`.
pub fn run(folder: &Path, pages: &Path, output: &mut Output<Stdout>) -> Exit {
    if pages.as_os_str() == "-" || pages.is_file() {
        let pages = pages.display();
        complain(&format!("{pages}: the pages of a folder need a folder: give its name by -o"));
        return Exit::Usage;
    }
    let options = Options { proven: Effort::SMALL, ..Options::default() };
    let sources = find(&[folder.to_owned()]);
    let length = |source: &Source| match &source.place {
        Ok(place) => place.length(),
        Err(_) => Some(0),
    };
    let progress = Progress::new(sources.iter().map(length).sum());
    let judge = Judge { options: &options, point: false, progress: &progress };
    let mut gravest = Exit::Success;
    let mut kinds = Vec::new();
    let mut rows = String::new();
    for source in &sources {
        let below = below(folder, source);
        let mut link = None;
        let judged = judge.timeline(source, LIMITS).and_then(|(judged, timeline)| {
            let page = with_ending(&below);
            let text = html(&source.name, &judged, &timeline);
            write(&pages.join(&page), &text).map_err(Failure::Internal)?;
            link = Some(page);
            Ok(judged)
        });
        if let Err(failure) = &judged {
            progress.aside(|| {
                complain(&format!("{}: {}", escape(&source.name), failure.message()));
            });
        }
        gravest = gravest.max(exit(&judged, &options));
        kinds.push(kind(&judged, true));
        let outcome = Outcome { file: source.name.clone(), judged, took: Duration::ZERO };
        rows += &row(&below, link.as_deref(), &outcome);
    }
    drop(progress);
    let summary = Text::plain(Colour::Never).summary(&kinds);
    let name = folder.display().to_string();
    let parts = [
        ("{{title}}", marked_up(&name)),
        ("{{title}}", marked_up(&name)),
        ("{{summary}}", marked_up(summary.trim_end())),
        ("{{rows}}", rows),
    ];
    let index = pages.join("index.html");
    match write(&index, &fill(INDEX, &parts)) {
        Ok(()) => output.write(format!("{}: {summary}", escape(&index.display().to_string()))),
        Err(message) => {
            complain(&message);
            gravest = gravest.max(Exit::Internal);
        }
    }
    gravest
}

/// The path of a trace from the folder; its name where it is the folder itself.
fn below(folder: &Path, source: &Source) -> PathBuf {
    let path = match &source.place {
        Ok(Place::File(path, _) | Place::Stream(path)) => path,
        Ok(Place::Stdin) | Err(_) => Path::new(&source.name),
    };
    match path.strip_prefix(folder) {
        Ok(below) if below.as_os_str() != "" => below.into(),
        _ => path.into(),
    }
}

/// The page of a trace: no two traces have the same one, and none has that of the index.
fn with_ending(trace: &Path) -> PathBuf {
    let mut page = trace.as_os_str().to_owned();
    page.push(".html");
    page.into()
}

fn write(page: &Path, text: &str) -> Result<(), String> {
    let folder = page.parent().unwrap_or(page);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(page, text));
    written.map_err(|error| {
        let page = page.display().to_string();
        format!("{}: the page cannot be written: {}", escape(&page), escape(&error.to_string()))
    })
}

/// The row of one trace, with its first finding.
fn row(trace: &Path, page: Option<&Path>, outcome: &Outcome) -> String {
    let (verdict, mut said) = verdict(outcome, true);
    let mut numbers = [String::new(), String::new()];
    let mut class = "bad";
    if let Ok(judged) = &outcome.judged {
        let report = &judged.report;
        numbers = [report.events, report.claims].map(|number| grouped(number.into()));
        class = match exit(&outcome.judged, &Options::default()) {
            Exit::Success => "good",
            Exit::Inconclusive => "doubtful",
            _ => "bad",
        };
        if let Some(first) = report.findings.first() {
            let (line, rule) = (first.line, first.rule);
            said += &format!(". Line {line}, {rule}: {}", title(first));
        }
    }
    let name = marked_up(&trace.display().to_string());
    let name = match page {
        Some(page) => format!("<a href=\"{}\">{name}</a>", link(page)),
        None => name,
    };
    let [events, claims] = numbers;
    format!(
        "<tr><td>{name}</td><td class=\"verdict {class}\">{verdict}</td><td>{}</td>\
         <td class=\"number\">{events}</td><td class=\"number\">{claims}</td></tr>\n",
        marked_up(&said)
    )
}

/// A path as a link from the index: names of files may have any character.
fn link(page: &Path) -> String {
    let mut link = String::new();
    for part in page {
        if !link.is_empty() {
            link.push('/');
        }
        for byte in part.as_encoded_bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    link.push(char::from(*byte));
                }
                other => link += &format!("%{other:02X}"),
            }
        }
    }
    link
}
