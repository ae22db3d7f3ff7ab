//! A line, or a piece of it, with something underlined.

use crate::printable::escape_json;
use annotate_snippets::{Annotation, AnnotationKind, Snippet};
use rejoin_judge::Excerpt;
use std::ops::Range;

/// The piece of a line that is shown, safe for a terminal.
pub struct Piece {
    text: String,
    marked: Range<usize>,
    /// Where the underlined part begins in the line, from 1.
    pub column: u64,
}

impl Piece {
    /// Made safe to show.
    pub fn new(excerpt: &Excerpt) -> Self {
        let (before, rest) = excerpt.text.split_at(excerpt.marked.start);
        let (marked, after) = rest.split_at(excerpt.marked.len());
        let column = excerpt.column + before.chars().count() as u64;
        let mut text = String::from(if excerpt.column > 1 { "…" } else { "" });
        text += &escape_json(before);
        let start = text.len();
        text += &escape_json(marked);
        let marked = start..text.len();
        text += &escape_json(after);
        Self { text, column, marked }
    }

    /// What to draw: the text beside its line's number, and the underlined part with its label.
    pub fn snippet(
        self,
        line: u64,
        label: Option<&'static str>,
    ) -> Snippet<'static, Annotation<'static>> {
        let mark = AnnotationKind::Primary.span(self.marked).label(label);
        Snippet::source(self.text)
            .line_start(usize::try_from(line).unwrap_or(usize::MAX))
            .annotation(mark)
    }
}
