//! Mutants behind numbers: one source with all of them, of which a process activates at most one.
//!
//! Meaning: a *place* is an expression, a guard or the head of a body; its *variants* are the mutants
//! there. A place becomes a `match` on the number of the active mutant, whose last arm is the code as
//! it was. A function's replacement becomes an early `return`, a deleted arm a guard that is false.
//! Laws: with no active mutant the code does what it did; the text outside of places is unchanged.
//! Cost: a variant repeats its place, and the places inside it: O(text × depth of nested places).
//! Source: Untch, Offutt and Harrold, Mutation analysis using mutant schemata (1993); the list of
//! mutants is that of cargo-mutants.

use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// What each crate with mutants gets: the active number, and a record of the places that a test reached.
/// `last` is the greatest number of a mutant.
pub fn switch(last: usize) -> String {
    SWITCH.replace("PLACES", &(last + 1).to_string())
}

const SWITCH: &str = r#"
/// The number of the active mutant: 0 for none.
pub(crate) fn drawn_mutant(place: usize) -> usize {
    use std::sync::atomic::{AtomicBool, Ordering};
    static ACTIVE: std::sync::LazyLock<usize> = std::sync::LazyLock::new(|| {
        std::env::var("REJOIN_DRAWN").map_or(0, |number| number.parse().unwrap_or(usize::MAX))
    });
    static REACHED: [AtomicBool; PLACES] = [const { AtomicBool::new(false) }; PLACES];
    if *ACTIVE == usize::MAX && !REACHED[place].swap(true, Ordering::Relaxed) {
        let path = std::env::var_os("REJOIN_REACHED").expect("the path of the record");
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        let line = format!("{place}\n");
        std::io::Write::write_all(&mut file.expect("the record"), line.as_bytes()).expect("written");
    }
    *ACTIVE
}
"#;

/// A place in a text, as cargo-mutants writes it: from 1, columns in characters.
#[derive(Deserialize, Clone, Copy)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// A stretch of a text.
#[derive(Deserialize, Clone, Copy)]
pub struct Span {
    /// Its beginning.
    pub start: Position,
    /// What follows it.
    pub end: Position,
}

/// A mutant, as cargo-mutants lists it, with a number.
#[derive(Deserialize, Clone)]
pub struct Mutant {
    /// What activates it, from 1.
    pub number: usize,
    /// The path of its file.
    pub file: String,
    /// What kind of change it is.
    pub genre: String,
    /// What it replaces.
    pub span: Span,
    /// By what.
    pub replacement: String,
}

/// A stretch of the new text that some mutants need: the compiler's errors in it are theirs.
#[derive(Serialize, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its bytes in the new text.
    pub bytes: Range<usize>,
    /// The mutants.
    pub mutants: Vec<usize>,
}

/// A source with its mutants.
pub struct Rewritten {
    /// The new text.
    pub text: String,
    /// Which mutants need which of its bytes.
    pub segments: Vec<Segment>,
    /// The mutants of each place, by the number that the place gives to the switch.
    pub places: BTreeMap<usize, Vec<usize>>,
    /// Mutants of which the expression was not found.
    pub unplaced: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Form {
    /// Early returns at the head of a body.
    Body,
    /// A guard for an arm that has none.
    Arm,
    /// One expression instead of another.
    Expression,
}

struct Variant {
    number: usize,
    bytes: Range<usize>,
    replacement: String,
}

struct Place {
    form: Form,
    bytes: Range<usize>,
    variants: Vec<Variant>,
}

/// Where a mutant's place is: by its genre, and where the text begins that it replaces.
#[derive(Default)]
struct Finder(HashMap<(&'static str, usize), (Form, Range<usize>)>);

impl Finder {
    fn expression(&mut self, genre: &'static str, part: &impl Spanned, whole: &impl Spanned) {
        let whole = whole.span().byte_range();
        self.0.insert((genre, part.span().byte_range().start), (Form::Expression, whole));
    }
}

/// Whether this is a chain with a `let`, whose names the code after it needs: it cannot be in an arm.
fn has_let(expression: &syn::Expr) -> bool {
    match expression {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(node) => has_let(&node.left) || has_let(&node.right),
        _ => false,
    }
}

impl<'a> Visit<'a> for Finder {
    fn visit_expr_binary(&mut self, node: &'a syn::ExprBinary) {
        if !has_let(&node.left) && !has_let(&node.right) {
            self.expression("BinaryOperator", &node.op, node);
        }
        visit::visit_expr_binary(self, node);
    }

    fn visit_expr_unary(&mut self, node: &'a syn::ExprUnary) {
        self.expression("UnaryOperator", &node.op, node);
        visit::visit_expr_unary(self, node);
    }

    fn visit_expr_struct(&mut self, node: &'a syn::ExprStruct) {
        for field in &node.fields {
            self.expression("StructField", field, node);
        }
        visit::visit_expr_struct(self, node);
    }

    fn visit_arm(&mut self, node: &'a syn::Arm) {
        let pattern = node.pat.span().byte_range();
        let form = match &node.guard {
            Some((_, guard)) if has_let(guard) => return visit::visit_arm(self, node),
            Some((_, guard)) => {
                self.expression("MatchArmGuard", guard, guard);
                (Form::Expression, guard.span().byte_range())
            }
            None => (Form::Arm, pattern.end..pattern.end),
        };
        self.0.insert(("MatchArm", pattern.start), form);
        visit::visit_arm(self, node);
    }
}

/// Puts the mutants of one file into its text.
pub fn rewrite(text: &str, mutants: &[Mutant]) -> Result<Rewritten, syn::Error> {
    let mut finder = Finder::default();
    finder.visit_file(&syn::parse_file(text)?);
    let lines: Vec<usize> =
        std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let byte = |position: Position| {
        let line = lines[position.line - 1];
        let mut columns = text[line..].char_indices().map(|(at, _)| line + at);
        columns.nth(position.column - 1).unwrap_or(text.len())
    };
    let mut places: BTreeMap<(usize, Form, Reverse<usize>), Vec<Variant>> = BTreeMap::new();
    let mut unplaced = Vec::new();
    for mutant in mutants {
        let mut bytes = byte(mutant.span.start)..byte(mutant.span.end);
        let body = (Form::Body, bytes.start..bytes.start);
        let genre = mutant.genre.as_str();
        let found = match genre {
            "FnValue" => Some(&body),
            _ => finder.0.get(&(genre, bytes.start)),
        };
        let Some((form, place)) = found else {
            unplaced.push(mutant.number);
            continue;
        };
        let mut replacement = mutant.replacement.clone();
        if genre == "MatchArm" {
            (bytes, replacement) = (place.clone(), "false".into());
        }
        let variant = Variant { number: mutant.number, bytes, replacement };
        places.entry((place.start, *form, Reverse(place.end))).or_default().push(variant);
    }
    // Outer places before the inner ones.
    let place =
        |((start, form, Reverse(end)), variants)| Place { form, bytes: start..end, variants };
    let places: Vec<Place> = places.into_iter().map(place).collect();
    let mut writer = Writer { text, places: &places, out: String::new(), segments: Vec::new() };
    writer.stretch(0..text.len(), 0);
    let Writer { out, segments, .. } = writer;
    let numbers = |place: &Place| place.variants.iter().map(|variant| variant.number).collect();
    let places = places.iter().map(|place| (place.variants[0].number, numbers(place))).collect();
    Ok(Rewritten { text: out, segments, places, unplaced })
}

struct Writer<'a> {
    text: &'a str,
    places: &'a [Place],
    out: String,
    segments: Vec<Segment>,
}

impl Writer<'_> {
    /// Writes a stretch of the text, with the places from `first` on that are in it.
    fn stretch(&mut self, bytes: Range<usize>, first: usize) {
        let mut at = bytes.start;
        for (index, place) in self.places.iter().enumerate().skip(first) {
            if place.bytes.start >= at && place.bytes.end <= bytes.end {
                self.out.push_str(&self.text[at..place.bytes.start]);
                self.place(index);
                at = place.bytes.end;
            }
        }
        self.out.push_str(&self.text[at..bytes.end]);
    }

    fn place(&mut self, index: usize) {
        let Place { form, bytes, variants } = &self.places[index];
        let begun = self.out.len();
        let switch = format!("crate::drawn_mutant({})", variants[0].number);
        if *form == Form::Expression {
            self.out.push_str(&format!("(match {switch} {{ "));
        }
        for Variant { number, bytes: part, replacement } in variants {
            let begun = self.out.len();
            match form {
                Form::Body => {
                    self.out
                        .push_str(&format!("if {switch} == {number} {{ return {replacement}; }} "));
                }
                Form::Arm => self.out.push_str(&format!(" if {switch} != {number}")),
                Form::Expression => {
                    self.out.push_str(&format!("{number} => ("));
                    self.stretch(bytes.start..part.start, index + 1);
                    self.out.push_str(replacement);
                    self.stretch(part.end..bytes.end, index + 1);
                    self.out.push_str("), ");
                }
            }
            self.segments.push(Segment { bytes: begun..self.out.len(), mutants: vec![*number] });
        }
        if *form == Form::Expression {
            self.out.push_str("_ => (");
            self.stretch(bytes.clone(), index + 1);
            self.out.push_str(") })");
        }
        let mutants = variants.iter().map(|variant| variant.number).collect();
        self.segments.push(Segment { bytes: begun..self.out.len(), mutants });
    }
}

#[cfg(test)]
mod tests {
    use super::{Mutant, Position, Rewritten, Span, rewrite};

    /// A mutant that replaces the first `part` after `before`, on line 1.
    fn mutant(
        number: usize,
        text: &str,
        genre: &str,
        before: &str,
        part: &str,
        by: &str,
    ) -> Mutant {
        let after = text.find(before).expect("it is in the text") + before.len();
        let start = after + text[after..].find(part).expect("it is in the text");
        let position = |byte| Position { line: 1, column: text[..byte].chars().count() + 1 };
        let span = Span { start: position(start), end: position(start + part.len()) };
        Mutant { number, file: String::new(), genre: genre.into(), span, replacement: by.into() }
    }

    fn rewritten(text: &str, mutants: &[(&str, &str, &str, &str)]) -> Rewritten {
        let numbered = mutants.iter().zip(1..);
        let mutants: Vec<_> = numbered
            .map(|((genre, before, part, by), number)| {
                mutant(number, text, genre, before, part, by)
            })
            .collect();
        rewrite(text, &mutants).expect("it parses")
    }

    #[test]
    fn a_body_returns_early() {
        let new = rewritten("fn f() -> u8 { 1 }", &[("FnValue", "{", "1", "0")]);
        assert_eq!(new.text, "fn f() -> u8 { if crate::drawn_mutant(1) == 1 { return 0; } 1 }");
    }

    #[test]
    fn operators_at_one_place_share_it_and_nest() {
        let text = "fn f(é: u8) -> bool { é + 1 < 2 }";
        let new = rewritten(
            text,
            &[
                ("BinaryOperator", "1 ", "<", "=="),
                ("BinaryOperator", "1 ", "<", ">"),
                ("BinaryOperator", "é ", "+", "-"),
            ],
        );
        let sum = "(match crate::drawn_mutant(3) { 3 => (é - 1), _ => (é + 1) })";
        let whole = format!(
            "(match crate::drawn_mutant(1) {{ 1 => ({sum} == 2), 2 => ({sum} > 2), _ => ({sum} < 2) }})"
        );
        assert_eq!(new.text, format!("fn f(é: u8) -> bool {{ {whole} }}"));
        // An error in the inner place of the second variant is that of mutant 3 alone.
        let error = new.text.rfind("é - 1").expect("it is there");
        let hit = new.segments.iter().filter(|segment| segment.bytes.contains(&error));
        assert_eq!(hit.min_by_key(|segment| segment.bytes.len()).expect("one").mutants, [3]);
        assert_eq!(new.places.into_iter().collect::<Vec<_>>(), [(1, vec![1, 2]), (3, vec![3])]);
    }

    #[test]
    fn each_kind_of_place_has_its_form() {
        let arms = "fn f(a: u8) { match a { 1 => (), 2 if a > 1 => (), _ => () } }";
        let first = ("MatchArm", "{ match a { ", "1 => (),", "");
        let cases: [(&str, &[_], &str); 4] = [
            (
                "fn f(a: bool) -> bool { !a }",
                &[("UnaryOperator", "{ ", "!", "")],
                "{ 1 => (a), _ => (!a) }",
            ),
            (arms, &[first], "1 if crate::drawn_mutant(1) != 1 => ()"),
            (
                arms,
                &[
                    first,
                    ("MatchArm", "(), ", "2 if a > 1 => (),", ""),
                    ("MatchArmGuard", "if ", "a > 1", "true"),
                ],
                "2 if (match crate::drawn_mutant(2) { 2 => (false), 3 => (true), _ => (a > 1) })",
            ),
            (
                "fn f(s: S) -> S { S { a: 1, ..s } }",
                &[("StructField", "S { S { ", "a: 1,", "")],
                "1 => (S {  ..s }), _ => (S { a: 1, ..s })",
            ),
        ];
        for (text, mutants, expected) in cases {
            let new = rewritten(text, mutants);
            assert!(new.text.contains(expected), "{}", new.text);
        }
    }

    #[test]
    fn a_chain_with_a_let_is_no_place() {
        let text =
            "fn f(a: Option<u8>) -> bool { if let Some(b) = a && b > 1 { true } else { false } }";
        let chain = ("BinaryOperator", "= a ", "&&", "||");
        let new = rewritten(text, &[chain, ("BinaryOperator", "b ", ">", "<")]);
        assert_eq!(new.unplaced, [1]);
        assert!(new.text.contains("= a && (match crate::drawn_mutant(2) {"), "{}", new.text);
    }

    #[test]
    fn what_is_not_found_is_named() {
        let new = rewritten("fn f() { g!(1 + 2); }", &[("BinaryOperator", "1 ", "+", "-")]);
        assert_eq!((new.text.as_str(), new.unplaced), ("fn f() { g!(1 + 2); }", vec![1]));
    }
}
