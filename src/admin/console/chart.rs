//! Small charts, drawn here as SVG: the policy of the pages allows no styles of elements, and no script is needed.

use httpd::Markup;
use std::fmt::Write as _;

/// Width of one minute and height of each half, in the chart's own units.
const STEP: u64 = 10;
const HALF: u64 = 50;

/// Bars for each minute, oldest first: what came in above the line, what went out below it. `minutes` places are drawn, so
/// that a young server's chart grows from the right. `label` says it in words.
pub(crate) fn bars(history: &[(u64, u64)], minutes: usize, label: &str) -> Markup {
    let shown = &history[history.len().saturating_sub(minutes)..];
    let top = shown.iter().map(|&(a, b)| a.max(b)).max().unwrap_or(0).max(1);
    let width = minutes as u64 * STEP;
    let height = 2 * HALF + 1;
    let mut svg = format!(
        r#"<svg class="chart" viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img" aria-label="{}"><path class="chart-line" d="M0 {HALF}.5H{width}"/>"#,
        super::text::escape(label)
    );
    let first = (minutes - shown.len()) as u64;
    for (at, &(into, out)) in shown.iter().enumerate() {
        let x = (first + at as u64) * STEP + 1;
        let mut bar = |class: &str, value: u64, below: bool| {
            if value == 0 {
                return;
            }
            // At least a visible sliver.
            let tall = (value * (HALF - 2) / top).max(2);
            let y = if below { HALF + 1 } else { HALF - tall };
            let _ = write!(svg, r#"<rect class="{class}" x="{x}" y="{y}" width="{}" height="{tall}"/>"#, STEP - 2);
        };
        bar("chart-in", into, false);
        bar("chart-out", out, true);
    }
    svg.push_str("</svg>");
    Markup(svg)
}

#[cfg(test)]
mod tests {
    use super::bars;

    #[test]
    fn bars_grow_with_their_values_and_from_the_right() {
        let svg = bars(&[(10, 0), (5, 1)], 3, "a <label>").0;
        assert!(svg.contains(r#"aria-label="a &lt;label&gt;""#));
        assert_eq!(svg.matches("<rect").count(), 3, "nothing is drawn for nothing");
        assert!(svg.contains(r#"class="chart-in" x="11" y="2" width="8" height="48""#), "{svg}");
        assert!(svg.contains(r#"class="chart-in" x="21" y="26" width="8" height="24""#), "{svg}");
        assert!(svg.contains(r#"class="chart-out" x="21" y="51" width="8" height="4""#), "{svg}");
        assert_eq!(bars(&[], 60, "").0.matches("<rect").count(), 0);
    }
}
