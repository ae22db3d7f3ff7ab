//! Bars: a picture of ratios, in groups, on a logarithmic scale, in light and dark.
//!
//! Hand-written SVG: a page shows it as an image, where only the style inside it can follow the
//! reader's light or dark theme, which no plotting library writes.

use crate::digits;
use std::fmt::Write;

/// One bar.
#[derive(Clone, PartialEq, Debug)]
pub struct Bar {
    /// What it stands for.
    pub label: String,
    /// How long it is. Above 0.
    pub value: f64,
    /// Whether it is drawn in the colour that stands out.
    pub stands_out: bool,
}

/// Bars that belong together.
#[derive(Clone, PartialEq, Debug)]
pub struct Group {
    /// What they have in common.
    pub title: String,
    /// The bars, from top to bottom.
    pub bars: Vec<Bar>,
}

const WIDTH: f64 = 760.0;
const LEFT: f64 = 210.0;
const RIGHT: f64 = 70.0;
const ROW: f64 = 20.0;
const HEAD: f64 = 64.0;

/// Draws groups of bars under a title. `unit` says what a value is a multiple of.
pub fn bars(title: &str, unit: &str, groups: &[Group]) -> String {
    let values = || groups.iter().flat_map(|group| &group.bars).map(|bar| bar.value);
    let (least, greatest) = (values().fold(1.0, f64::min), values().fold(1.0, f64::max));
    let (from, to) = (least.log10().floor(), greatest.log10().ceil().max(1.0));
    let x =
        |value: f64| LEFT + (value.log10() - from) / (to - from).max(1.0) * (WIDTH - LEFT - RIGHT);
    let rows: usize = groups.iter().map(|group| group.bars.len() + 2).sum();
    let height = HEAD + rows as f64 * ROW;
    let mut out = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{0}">
<title>{0}</title>
<style>
  text {{ font: 13px system-ui, sans-serif; fill: #24292f; }}
  .title {{ font-weight: 600; font-size: 15px; }}
  .quiet {{ fill: #57606a; }}
  .bar {{ fill: #8c96a3; }}
  .ours {{ fill: #1f6feb; }}
  .line {{ stroke: #d0d7de; }}
  .one {{ stroke: #57606a; }}
  @media (prefers-color-scheme: dark) {{
    text {{ fill: #e6edf3; }} .quiet {{ fill: #9198a1; }} .bar {{ fill: #6e7681; }}
    .ours {{ fill: #58a6ff; }} .line {{ stroke: #30363d; }} .one {{ stroke: #9198a1; }}
  }}
</style>
<text class="title" x="8" y="20">{0}</text>
<text class="quiet" x="8" y="40">{1}</text>
"#,
        escape(title),
        escape(unit)
    );
    for exponent in from as i32..=to as i32 {
        let (at, class) = (x(10_f64.powi(exponent)), if exponent == 0 { "one" } else { "line" });
        let _ = writeln!(
            out,
            r#"<line class="{class}" x1="{at:.1}" x2="{at:.1}" y1="{HEAD}" y2="{height}"/><text class="quiet" x="{at:.1}" y="{}" text-anchor="middle">{}</text>"#,
            HEAD - 4.0,
            10_f64.powi(exponent)
        );
    }
    let mut y = HEAD;
    for group in groups {
        y += ROW;
        let _ =
            writeln!(out, r#"<text class="title" x="8" y="{y}">{}</text>"#, escape(&group.title));
        for Bar { label, value, stands_out } in &group.bars {
            let (zero, end) = (x(10_f64.powf(from)), x(*value));
            let class = if *stands_out { "ours" } else { "bar" };
            let _ = writeln!(
                out,
                r#"<text class="quiet" x="{:.1}" y="{:.1}" text-anchor="end">{}</text><rect class="{class}" x="{zero:.1}" y="{:.1}" width="{:.1}" height="13" rx="2"/><text x="{:.1}" y="{:.1}">{}</text>"#,
                LEFT - 8.0,
                y + 17.0,
                escape(label),
                y + 6.0,
                (end - zero).max(1.0),
                end + 6.0,
                y + 17.0,
                digits(*value),
            );
            y += ROW;
        }
        y += ROW;
    }
    out.push_str("</svg>\n");
    out
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_bars_stand_for_more_and_names_are_escaped() {
        let bar = |label: &str, value| Bar { label: label.into(), value, stands_out: value < 1.0 };
        let bars_of = vec![bar("ours", 0.25), bar("a<b", 1.0), bar("c", 40.0)];
        let group = Group { title: "W1".into(), bars: bars_of };
        let svg = bars("Time", "of the fastest", &[group]);
        let widths: Vec<f64> = svg
            .lines()
            .filter_map(|line| line.split_once("width=\"")?.1.split_once('"')?.0.parse().ok())
            .collect();
        assert_eq!(widths.len(), 3);
        assert!(widths[0] < widths[1] && widths[1] < widths[2], "{widths:?}");
        assert!(svg.contains("a&lt;b") && !svg.contains("a<b"), "{svg}");
        assert_eq!(svg.matches("class=\"ours\"").count(), 1);
    }
}
