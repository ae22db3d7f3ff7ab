//! Figures: what the benches measured, written into the pages with where and when, and as pictures.
//!
//! Meaning: a page has regions between two comments, `<!-- figures: NAME -->` and
//! `<!-- end: NAME -->`. A bench replaces what stands in its own region, and nobody else writes
//! there, so that no figure on a page is older than its sentence.

mod curves;
mod dots;
mod kept;
mod plots;

pub use kept::{Kept, kept};
pub use plots::{growth, peers};

use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::ops::Range;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;
use std::{fs, io};

/// A text as it stands in SVG.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Where and when something is measured: the date, the commit, the machine and the compiler, in one
/// sentence.
pub fn provenance() -> String {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let date = now.split('T').next().unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "Measured on {date} at commit {}, on {} with {cores} cores, by {}.",
        commit(),
        processor(),
        first_line("rustc", &["--version"]).unwrap_or_else(|| "an unknown compiler".into())
    )
}

/// The commit that is measured, and whether files differ from it.
fn commit() -> String {
    let Some(commit) = first_line("git", &["rev-parse", "--short=9", "HEAD"]) else {
        return "unknown".into();
    };
    match first_line("git", &["status", "--porcelain", "--untracked-files=no"]) {
        None => commit,
        Some(_) => format!("{commit} with changes that are not committed"),
    }
}

fn processor() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map_or("an unknown processor", |(_, name)| name.trim()).into()
}

fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().map(Into::into)
}

/// Replaces what stands in a region of a page.
///
/// # Errors
/// If the page cannot be read or written, or has no such region.
pub fn write_region(page: &Path, name: &str, text: &str) -> io::Result<()> {
    let old = fs::read_to_string(page)?;
    let Range { start, end } = place(page, &old, name)?;
    fs::write(page, format!("{}\n{}\n\n{}", &old[..start], text.trim(), &old[end..]))
}

/// What stands in a region of a page.
///
/// # Errors
/// If the page cannot be read, or has no such region.
pub fn region(page: &Path, name: &str) -> io::Result<String> {
    let text = fs::read_to_string(page)?;
    let place = place(page, &text, name)?;
    Ok(text[place].into())
}

/// Where a region is in the text of a page.
fn place(page: &Path, text: &str, name: &str) -> io::Result<Range<usize>> {
    let (begin, end) = (format!("<!-- figures: {name} -->\n"), format!("<!-- end: {name} -->"));
    let from = text.find(&begin).map(|at| at + begin.len());
    let place = from.and_then(|from| Some(from..from + text[from..].find(&end)?));
    place.ok_or_else(|| {
        let message = format!(
            "{} has no region {name}: put `{}` and `{end}` on lines of their own where it belongs",
            page.display(),
            begin.trim_end()
        );
        io::Error::new(io::ErrorKind::NotFound, message)
    })
}

/// One figure, for tools that follow figures over time.
#[derive(Clone, PartialEq, Debug)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// In which unit: `latency` in nanoseconds, `bytes` in bytes.
    pub measure: &'static str,
    /// How much.
    pub value: f64,
}

/// Figures in Bencher's metric format: by name, by measure, the value.
pub fn bencher(figures: &[Figure]) -> String {
    let mut all = Map::new();
    for Figure { name, measure, value } in figures {
        let entry = all.entry(name.clone()).or_insert_with(|| json!({}));
        entry[*measure] = json!({ "value": value });
    }
    Value::Object(all).to_string()
}

/// A table in Markdown. All columns but the first hold numbers.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "| {} |", head.join(" | "));
    let _ = writeln!(out, "| --- |{}", " ---: |".repeat(head.len().saturating_sub(1)));
    for row in rows {
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    out
}

/// A number with the digits of a whole one in groups of three.
pub fn grouped(number: f64) -> String {
    let digits = format!("{number}");
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) && !digits.contains('.') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Three digits, or more before the point.
pub fn digits(number: f64) -> String {
    let decimals = if number == 0.0 { 0 } else { 2 - number.abs().log10().floor() as i32 };
    format!("{number:.*}", usize::try_from(decimals).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_replaced_and_the_rest_of_the_page_stays() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("page.md");
        fs::write(&page, "before\n<!-- figures: x -->\nold\n<!-- end: x -->\nafter\n").unwrap();
        let expected = "before\n<!-- figures: x -->\n\nnew\n\n<!-- end: x -->\nafter\n";
        for _ in 0..2 {
            write_region(&page, "x", "new\n").unwrap();
            assert_eq!(fs::read_to_string(&page).unwrap(), expected);
        }
        let error = write_region(&page, "y", "new").unwrap_err().to_string();
        assert!(error.contains("has no region y"), "{error}");
        assert_eq!(fs::read_to_string(&page).unwrap(), expected);
    }

    #[test]
    fn figures_are_grouped_by_name() {
        let figure = |measure, value| Figure { name: "W1".into(), measure, value };
        let text = bencher(&[figure("latency", 2.5), figure("bytes", 7.0)]);
        assert_eq!(text, r#"{"W1":{"bytes":{"value":7.0},"latency":{"value":2.5}}}"#);
    }

    #[test]
    fn where_and_when_are_said() {
        let text = provenance();
        assert!(text.starts_with("Measured on 2") && text.contains(" at commit "), "{text}");
    }
}
