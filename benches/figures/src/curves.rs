//! Curves: a picture of growth, both axes logarithmic, in light and dark.

use crate::{escape, grouped};
use std::fmt::Write;

/// What grows: its name, and its values by size. Sizes and values are above 0.
#[derive(Clone, PartialEq, Debug)]
pub struct Curve {
    /// What it is.
    pub name: String,
    /// Sizes with values, by growing size.
    pub points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 820.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 90.0;
const RIGHT: f64 = 230.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 48.0;

/// Draws curves under a title; `value` and `size` name the axes, and `show` writes a value.
pub fn curves(
    title: &str,
    (size, value): (&str, &str),
    curves: &[Curve],
    show: impl Fn(f64) -> String,
) -> String {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let exponents = |of: fn(&(f64, f64)) -> f64| {
        let (least, greatest) = points()
            .map(of)
            .fold((f64::INFINITY, 0.0_f64), |(least, most), at| (least.min(at), most.max(at)));
        let from = if least.is_finite() { least.log10().floor() } else { 0.0 };
        (from, greatest.max(least.min(1.0)).log10().ceil().max(from + 1.0))
    };
    let ((left, right), (low, high)) = (exponents(|at| at.0), exponents(|at| at.1));
    let x = |size: f64| LEFT + (size.log10() - left) / (right - left) * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| {
        HEIGHT - BOTTOM - (value.log10() - low) / (high - low) * (HEIGHT - TOP - BOTTOM)
    };
    let mut out = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{0}: {2} by {1}">
<title>{0}</title>
<style>
  text {{ font: 13px system-ui, sans-serif; fill: #24292f; }}
  .title {{ font-weight: 600; font-size: 15px; }}
  .quiet {{ fill: #57606a; }}
  .line {{ stroke: #d0d7de; }}
  .curve {{ fill: none; stroke: #1f6feb; stroke-width: 2; }} .point {{ fill: #1f6feb; }}
  @media (prefers-color-scheme: dark) {{
    text {{ fill: #e6edf3; }} .quiet {{ fill: #9198a1; }} .line {{ stroke: #30363d; }} .curve {{ stroke: #58a6ff; }} .point {{ fill: #58a6ff; }}
  }}
</style>
<text class="title" x="8" y="20">{0}</text>
<text class="quiet" x="8" y="40">{2}</text>
<text class="quiet" x="{3:.1}" y="{4}" text-anchor="middle">{1}</text>
"#,
        escape(title),
        escape(size),
        escape(value),
        (LEFT + WIDTH - RIGHT) / 2.0,
        HEIGHT - 8.0
    );
    for exponent in left as i32..=right as i32 {
        let at = x(10_f64.powi(exponent));
        let label = grouped(10_f64.powi(exponent));
        let _ = writeln!(
            out,
            r#"<line class="line" x1="{at:.1}" x2="{at:.1}" y1="{TOP}" y2="{0}"/><text class="quiet" x="{at:.1}" y="{1}" text-anchor="middle">{label}</text>"#,
            HEIGHT - BOTTOM,
            HEIGHT - BOTTOM + 16.0
        );
    }
    for exponent in low as i32..=high as i32 {
        let value = 10_f64.powi(exponent);
        let _ = writeln!(
            out,
            r#"<line class="line" x1="{LEFT}" x2="{0}" y1="{1:.1}" y2="{1:.1}"/><text class="quiet" x="{2}" y="{3:.1}" text-anchor="end">{4}</text>"#,
            WIDTH - RIGHT,
            y(value),
            LEFT - 8.0,
            y(value) + 4.5,
            escape(&show(value))
        );
    }
    // Names stand at the ends of their curves, from top to bottom, and keep apart.
    let end = |curve: &Curve| curve.points.last().map_or(0.0, |(_, value)| *value);
    let mut order: Vec<&Curve> = curves.iter().filter(|curve| !curve.points.is_empty()).collect();
    order.sort_by(|one, other| end(other).total_cmp(&end(one)));
    let mut free = 0.0_f64;
    for curve in order {
        let places: Vec<(f64, f64)> =
            curve.points.iter().map(|(size, value)| (x(*size), y(*value))).collect();
        let line: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(out, r#"<polyline class="curve" points="{}"/>"#, line.join(" "));
        for (x, y) in &places {
            let _ = writeln!(out, r#"<circle class="point" cx="{x:.1}" cy="{y:.1}" r="3.5"/>"#);
        }
        let (last_x, last_y) = places[places.len() - 1];
        let at = (last_y + 4.5).max(free);
        free = at + 17.0;
        let _ = writeln!(
            out,
            r#"<text x="{:.1}" y="{at:.1}">{}</text>"#,
            last_x + 10.0,
            escape(&curve.name)
        );
    }
    out.push_str("</svg>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_rises_and_names_keep_apart() {
        let curve = |name: &str, last| Curve {
            name: name.into(),
            points: vec![(10.0, 2.0), (1000.0, last)],
        };
        let svg = curves("Growth", ("keys", "time"), &[curve("a", 50.0), curve("b", 51.0)], |of| {
            format!("{of} s")
        });
        let line = svg.lines().find(|line| line.starts_with("<polyline")).unwrap();
        let points: Vec<f64> = line
            .split('"')
            .nth(3)
            .unwrap()
            .split([',', ' '])
            .map(|number| number.parse().unwrap())
            .collect();
        assert!(points[0] < points[2] && points[1] > points[3], "{points:?}");
        let place = |name: &str| -> f64 {
            let line = svg.lines().find(|line| line.ends_with(&format!(">{name}</text>"))).unwrap();
            line.split('"').nth(3).unwrap().parse().unwrap()
        };
        assert!((place("a") - place("b")).abs() >= 17.0, "{svg}");
        assert!(svg.contains(">1,000</text>") && svg.contains(">10 s</text>"), "{svg}");
    }
}
