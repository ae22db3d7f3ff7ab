//! Dots: a picture of ratios, a row for each thing that was measured and a dot for each who did it, on a
//! logarithmic scale, in light and dark.
//!
//! The SVG is written by hand: a page shows it as an image, where only the style inside it can follow the
//! reader's light or dark theme, which no plotting library writes. Each series has a shape besides its colour,
//! so that it can be told without colours.

use crate::{digits, escape, grouped};
use std::fmt::Write;

/// What was measured, with how each did.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// What it is.
    pub title: String,
    /// The series and its value, which is above 0.
    pub dots: Vec<(usize, f64)>,
}

const WIDTH: f64 = 920.0;
const LEFT: f64 = 420.0;
const RIGHT: f64 = 44.0;
const ROW: f64 = 30.0;
const HEAD: f64 = 96.0;

/// Shapes around the origin, in the order of the series.
const SHAPES: [&str; 6] = [
    "M0 -5A5 5 0 1 1 0 5A5 5 0 1 1 0 -5Z",
    "M-4.5 -4.5H4.5V4.5H-4.5Z",
    "M0 -6L5.5 4.5H-5.5Z",
    "M0 -6L6 0L0 6L-6 0Z",
    "M0 6L5.5 -4.5H-5.5Z",
    "M-6 -2H-2V-6H2V-2H6V2H2V6H-2V2H-6Z",
];

/// Draws rows of dots under a title. `unit` says what a value is a multiple of, and `one` who stands at 1.
/// More than six series repeat the shapes.
pub fn dots(title: &str, unit: &str, one: &str, series: &[String], rows: &[Row]) -> String {
    let values = || rows.iter().flat_map(|row| &row.dots).map(|(_, value)| *value);
    let (least, greatest) = (values().fold(1.0, f64::min), values().fold(1.0, f64::max));
    let (from, to) = (least.log10().floor(), greatest.log10().ceil().max(1.0));
    let x = |value: f64| LEFT + (value.log10() - from) / (to - from) * (WIDTH - LEFT - RIGHT);
    let height = HEAD + rows.len() as f64 * ROW + 12.0;
    let mut out = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{0}: {1}">
<title>{0}</title>
<style>
  text {{ font: 13px system-ui, sans-serif; fill: #24292f; }}
  .title {{ font-weight: 600; font-size: 15px; }}
  .quiet {{ fill: #57606a; }}
  .line {{ stroke: #d0d7de; }}
  .one {{ stroke: #1f6feb; stroke-width: 2; }}
  .ours {{ fill: #1f6feb; font-weight: 600; }}
  .s0 {{ fill: #bc4c00; }} .s1 {{ fill: #8250df; }} .s2 {{ fill: #1a7f37; }} .s3 {{ fill: #bf3989; }} .s4 {{ fill: #6e7781; }} .s5 {{ fill: #9a6700; }}
  @media (prefers-color-scheme: dark) {{
    text {{ fill: #e6edf3; }} .quiet {{ fill: #9198a1; }} .line {{ stroke: #30363d; }} .one {{ stroke: #58a6ff; }} .ours {{ fill: #58a6ff; }}
    .s0 {{ fill: #f0883e; }} .s1 {{ fill: #b083f0; }} .s2 {{ fill: #57ab5a; }} .s3 {{ fill: #e275ad; }} .s4 {{ fill: #9198a1; }} .s5 {{ fill: #d4a72c; }}
  }}
</style>
<text class="title" x="8" y="20">{0}</text>
<text class="quiet" x="8" y="40">{1}</text>
"#,
        escape(title),
        escape(unit)
    );
    let mut at = 14.0;
    for (number, name) in series.iter().enumerate() {
        let _ = writeln!(
            out,
            r#"<path class="s{}" d="{}" transform="translate({at:.1} 60)"/><text x="{:.1}" y="64.5">{}</text>"#,
            number % 6,
            SHAPES[number % 6],
            at + 11.0,
            escape(name)
        );
        at += 34.0 + name.chars().count() as f64 * 7.5;
    }
    for exponent in from as i32..=to as i32 {
        let value = 10_f64.powi(exponent);
        let (class, text) = if exponent == 0 { ("one", "ours") } else { ("line", "quiet") };
        let label = if exponent == 0 { one.to_string() } else { format!("× {}", grouped(value)) };
        let _ = writeln!(
            out,
            r#"<line class="{class}" x1="{0:.1}" x2="{0:.1}" y1="{HEAD}" y2="{height}"/><text class="{text}" x="{0:.1}" y="{1}" text-anchor="middle">{2}</text>"#,
            x(value),
            HEAD - 6.0,
            escape(&label)
        );
    }
    for (number, Row { title, dots }) in rows.iter().enumerate() {
        let y = HEAD + (number as f64 + 0.5) * ROW + 4.0;
        let _ = writeln!(
            out,
            r#"<text x="8" y="{:.1}">{}</text><line class="line" x1="{LEFT}" x2="{}" y1="{y:.1}" y2="{y:.1}"/>"#,
            y + 4.5,
            escape(title),
            WIDTH - RIGHT
        );
        for (series_of, value) in dots {
            let name = series.get(*series_of).map_or("", |name| name);
            let _ = writeln!(
                out,
                r#"<path class="s{}" d="{}" transform="translate({:.1} {y:.1})"><title>{}: × {}</title></path>"#,
                series_of % 6,
                SHAPES[series_of % 6],
                x(*value),
                escape(name),
                digits(*value)
            );
        }
    }
    out.push_str("</svg>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greater_values_stand_further_right_and_one_in_between() {
        let row = Row { title: "a<b".into(), dots: vec![(0, 0.5), (1, 4.0), (1, 90.0)] };
        let svg = dots("Time", "of ours", "ours", &["x".into(), "y".into()], &[row]);
        let place = |text: &str| text.split_once("translate(")?.1.split_once(' ')?.0.parse().ok();
        let dots = svg.lines().filter(|line| line.contains("<title>") && line.starts_with("<path"));
        let places: Vec<f64> = dots.filter_map(place).collect();
        let line = svg.lines().find(|line| line.contains(r#"class="one""#)).unwrap();
        let one: f64 = line.split('"').nth(3).unwrap().parse().unwrap();
        assert_eq!(places.len(), 3, "{svg}");
        assert!(places[0] < one && one < places[1] && places[1] < places[2], "{places:?} {one}");
        assert!(svg.contains("a&lt;b") && !svg.contains("a<b"), "{svg}");
    }
}
