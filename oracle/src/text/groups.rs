//! Which findings of many are shown, how the others are named, and what they have in common.

use super::{BAD, Text};
use crate::printable::{count, escape, grouped};
use rejoin_judge::{Claimed, Finding, Pattern};
use std::collections::BTreeMap;

/// Findings of one rule on one object that are shown where not all are wanted.
const ALIKE: usize = 3;

/// Lines of one replica that are named.
const LINES: usize = 12;

/// Sentences of a pattern are at most this wide.
const INDENT: usize = 4;

/// The findings to show: the first that are wrong in something, a few of each kind, and `most` in all.
pub fn chosen(findings: &[Finding], most: usize) -> Vec<usize> {
    let mut alike: BTreeMap<_, usize> = BTreeMap::new();
    let is_first =
        |finding: &Finding| finding.onset.as_ref().is_none_or(|onset| onset.line == finding.line);
    let mut chosen = Vec::new();
    for (at, finding) in findings.iter().enumerate() {
        let alike = alike.entry((finding.rule, &finding.object)).or_default();
        if is_first(finding) && *alike < ALIKE && chosen.len() < most {
            *alike += 1;
            chosen.push(at);
        }
    }
    chosen
}

impl Text {
    /// What is not shown: how many findings of which rule, on what, where.
    pub(super) fn others(&self, findings: &[Finding], shown: &[usize], how: &str) -> String {
        let mut groups: BTreeMap<_, BTreeMap<_, Vec<u64>>> = BTreeMap::new();
        for (at, finding) in findings.iter().enumerate() {
            if shown.binary_search(&at).is_err() {
                let group = groups.entry((finding.rule, &finding.object)).or_default();
                group.entry(&finding.replica).or_default().push(finding.line);
            }
        }
        if groups.is_empty() {
            return String::new();
        }
        let rules: Vec<String> = groups
            .iter()
            .fold(BTreeMap::<_, u64>::new(), |mut rules, ((rule, _), by_replica)| {
                *rules.entry(*rule).or_default() +=
                    by_replica.values().map(Vec::len).sum::<usize>() as u64;
                rules
            })
            .iter()
            .map(|(rule, n)| format!("{} {rule}", grouped((*n).into())))
            .collect();
        let number = count((findings.len() - shown.len()) as u64, "more false claim");
        let error = self.paint(BAD, "error");
        let mut text = format!("{error}: {number} ({}); {how}\n", rules.join(", "));
        for ((rule, object), by_replica) in groups {
            let on = object
                .as_ref()
                .map(|object| format!(" on `{}`", escape(object)))
                .unwrap_or_default();
            let places: Vec<String> = by_replica
                .iter()
                .map(|(replica, lines)| {
                    let at = replica
                        .as_ref()
                        .map(|name| format!("at `{}`, ", escape(name)))
                        .unwrap_or_default();
                    let named: Vec<String> = lines.iter().take(LINES).map(u64::to_string).collect();
                    let more = match lines.len().saturating_sub(LINES) {
                        0 => String::new(),
                        more => format!(" and {} more", grouped(more as u128)),
                    };
                    let word = if lines.len() == 1 { "line" } else { "lines" };
                    format!("{at}{word} {}{more}", named.join(", "))
                })
                .collect();
            text += &self.wrapped(2, &format!("{rule}{on}: {}", places.join("; ")));
        }
        text + "\n"
    }

    /// All claims with their verdicts, one a line.
    pub fn claims(&self, claims: &[Claimed]) -> String {
        let shown = |name: &Option<String>, none: &str| match name {
            Some(name) => escape(name).into_owned(),
            None => none.into(),
        };
        let rows: Vec<[String; 5]> = claims
            .iter()
            .map(|of| {
                [
                    of.line.to_string(),
                    if of.holds { "right".into() } else { "false".into() },
                    shown(&of.replica, "-"),
                    shown(&of.object, "-"),
                    of.rule.to_string(),
                ]
            })
            .collect();
        let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..5).map(width).collect();
        let mut text = String::new();
        for (row, of) in rows.iter().zip(claims) {
            let [line, verdict, replica, object, rule] = row;
            let before = format!(
                "{line:>0$}  {verdict:1$}  {replica:2$}  {object:3$}  {rule:4$}  ",
                widths[0], widths[1], widths[2], widths[3], widths[4]
            );
            let room = self.width.saturating_sub(before.chars().count()).max(20);
            let answer = escape(&of.answer).into_owned();
            let mut said: String = answer.chars().take(room).collect();
            if answer.chars().nth(room).is_some() {
                said.pop();
                said.push('…');
            }
            let row = before + &said;
            let row = row.trim_end();
            text += &if of.holds { row.into() } else { self.bad(row) };
            text.push('\n');
        }
        text
    }

    /// What the false claims on each object have in common.
    pub(super) fn patterns(&self, patterns: &[Pattern]) -> String {
        let mut text = String::new();
        for Pattern { object, findings, windows, entries, facts, account } in patterns {
            if *findings < 2 {
                continue;
            }
            let what = match object {
                Some(object) => format!("`{}`", escape(object)),
                None => "all objects together".into(),
            };
            text += &self.wrapped(
                0,
                &format!(
                    "{} went wrong {}, with {}:",
                    what,
                    count(*windows, "time"),
                    count(*findings, "false claim")
                ),
            );
            if !facts.is_empty() {
                text += "  in common:\n";
            }
            for fact in facts {
                text += &self.wrapped(INDENT, &format!("- {}", escape(fact)));
            }
            if !account.is_empty() {
                text += "  if receptions were lost:\n";
            }
            for said in account {
                text += &self.wrapped(INDENT, &format!("- {}", escape(said)));
            }
            if !entries.is_empty() {
                text += "  where:\n";
            }
            for entry in entries {
                text += &self.wrapped(INDENT, &format!("- {}", escape(entry)));
            }
            if entries.len() < *windows as usize {
                text += &self.wrapped(
                    INDENT,
                    &format!("- and {} more times", *windows as usize - entries.len()),
                );
            }
            text.push('\n');
        }
        text
    }

    fn wrapped(&self, indent: usize, said: &str) -> String {
        let (first, next) = (" ".repeat(indent), " ".repeat(indent + 2));
        let options = textwrap::Options::new(self.width)
            .initial_indent(&first)
            .subsequent_indent(&next)
            .break_words(false);
        textwrap::fill(said, options) + "\n"
    }
}
