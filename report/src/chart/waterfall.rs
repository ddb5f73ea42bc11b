//! Waterfalls from one arm's cost to another's: each bar begins where the bar above ends.

use super::{Paint, failed, palette::Pen};
use crate::Error;
use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend, PathElement, Rectangle, Text};
use plotters::style::{FontStyle, text_anchor::HPos};

/// A waterfall.
#[derive(Clone, Debug)]
pub struct Waterfall {
    /// First arm, rows, the part that no row accounts for, second arm.
    pub steps: Vec<Step>,
}

/// One bar.
#[derive(Clone, Debug)]
pub struct Step {
    /// Words for it.
    pub label: String,
    /// Start, in the unit of the scale.
    pub from: f64,
    /// End, in the unit of the scale.
    pub to: f64,
    /// Value as text.
    pub value: String,
    /// Colour.
    pub paint: Paint,
    /// Whether it stands for a whole arm.
    pub total: bool,
}

/// Below this width labels stand above their bars.
const NARROW: u32 = 560;
/// Room for labels beside the bars, in units.
const LABELS: f64 = 236.0;
/// Room for values right of the bars, in units.
const VALUES: f64 = 84.0;
const FONT: f64 = 13.0;

/// Positions in pixels.
struct Layout {
    narrow: bool,
    left: i32,
    right: i32,
    row: f64,
    low: f64,
    high: f64,
}

impl Layout {
    fn x(&self, value: f64) -> i32 {
        let share = (value - self.low) / (self.high - self.low);
        self.left + (share * f64::from(self.right - self.left)).round() as i32
    }
}

impl Waterfall {
    /// Returns the height that holds every bar.
    pub fn height(&self, width: u32) -> u32 {
        (self.steps.len() as f64 * row_height(width < NARROW)) as u32 + 8
    }

    /// Draws the chart.
    pub fn draw<DB: DrawingBackend>(
        &self,
        root: &DrawingArea<DB, Shift>,
        pen: Pen,
    ) -> Result<(), Error> {
        let layout = self.layout(root.dim_in_pixel().0, pen);
        let zero = layout.x(0.0);
        let bottom = pen.px(self.steps.len() as f64 * layout.row + 4.0);
        let axis = PathElement::new(
            vec![(zero, pen.px(4.0)), (zero, bottom)],
            pen.style(Paint::Grid, 1.0, 1.0),
        );
        root.draw(&axis).map_err(failed)?;
        for (at, step) in self.steps.iter().enumerate() {
            let top = 4.0 + at as f64 * layout.row;
            self.draw_step(root, pen, &layout, step, top)?;
            if at + 1 < self.steps.len() {
                draw_connector(root, pen, &layout, step.to, top)?;
            }
        }
        Ok(())
    }

    fn layout(&self, width_px: u32, pen: Pen) -> Layout {
        let width = f64::from(width_px) / pen.zoom;
        let narrow = width < f64::from(NARROW);
        let ends = self.steps.iter().flat_map(|step| [step.from, step.to]);
        let (low, high) = ends.fold((0.0_f64, 0.0_f64), |(low, high), end| {
            (low.min(end), high.max(end))
        });
        Layout {
            narrow,
            left: pen.px(if narrow { 2.0 } else { LABELS }),
            right: pen.px(width - VALUES),
            row: row_height(narrow),
            low,
            high: if high > low { high } else { low + 1.0 },
        }
    }

    fn draw_step<DB: DrawingBackend>(
        &self,
        root: &DrawingArea<DB, Shift>,
        pen: Pen,
        layout: &Layout,
        step: &Step,
        top: f64,
    ) -> Result<(), Error> {
        let (bar_top, bar_height) = bar(layout.narrow, top);
        let (one, other) = (layout.x(step.from), layout.x(step.to));
        // A bar too small for a pixel stays visible as a hairline.
        let (start, end) = (
            one.min(other),
            one.max(other).max(one.min(other) + pen.px(1.5)),
        );
        let corners = [
            (start, pen.px(bar_top)),
            (end, pen.px(bar_top + bar_height)),
        ];
        root.draw(&Rectangle::new(
            corners,
            pen.style(step.paint, 1.0, 1.0).filled(),
        ))
        .map_err(failed)?;
        let style = if step.total {
            FontStyle::Bold
        } else {
            FontStyle::Normal
        };
        let middle = pen.px(bar_top + bar_height / 2.0);
        let value = pen.text(FONT, Paint::Ink, HPos::Left, style);
        root.draw(&Text::new(
            step.value.clone(),
            (end + pen.px(6.0), middle),
            value,
        ))
        .map_err(failed)?;
        let (side, place) = if layout.narrow {
            (HPos::Left, (layout.left, pen.px(top + 8.0)))
        } else {
            (HPos::Right, (layout.left - pen.px(10.0), middle))
        };
        let limit = if layout.narrow { 46 } else { 34 };
        let label = pen.text(FONT, Paint::Ink, side, style);
        root.draw(&Text::new(shorten(&step.label, limit), place, label))
            .map_err(failed)
    }
}

fn draw_connector<DB: DrawingBackend>(
    root: &DrawingArea<DB, Shift>,
    pen: Pen,
    layout: &Layout,
    value: f64,
    top: f64,
) -> Result<(), Error> {
    let (bar_top, bar_height) = bar(layout.narrow, top);
    let (next, _) = bar(layout.narrow, top + layout.row);
    let x = layout.x(value);
    let path = vec![(x, pen.px(bar_top + bar_height)), (x, pen.px(next))];
    root.draw(&PathElement::new(path, pen.style(Paint::Muted, 0.6, 1.0)))
        .map_err(failed)
}

fn row_height(narrow: bool) -> f64 {
    if narrow { 38.0 } else { 26.0 }
}

/// Returns top and height of a row's bar.
fn bar(narrow: bool, top: f64) -> (f64, f64) {
    if narrow {
        (top + 18.0, 14.0)
    } else {
        (top + 4.0, 17.0)
    }
}

/// Cuts the end of a long label.
fn shorten(label: &str, limit: usize) -> String {
    if label.chars().count() <= limit {
        return label.to_string();
    }
    let kept: String = label.chars().take(limit - 1).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::{Chart, Theme};

    #[test]
    fn escapes_and_shortens_labels() {
        let step = |label: &str| Step {
            label: label.into(),
            from: 0.0,
            to: 5.0,
            value: "5 µs".into(),
            paint: Paint::Rise,
            total: false,
        };
        let chart = Chart::Waterfall(Waterfall {
            steps: vec![step("<script>"), step(&"long ".repeat(20))],
        });
        let svg = chart.svg(800, Theme::Page).unwrap();
        assert!(svg.contains("&lt;script&gt;") && !svg.contains("<script>"));
        assert!(svg.contains('…') && svg.contains("var(--rise)"));
    }

    #[test]
    fn draws_an_empty_waterfall() {
        let chart = Chart::Waterfall(Waterfall { steps: Vec::new() });
        assert!(chart.is_empty());
        assert!(chart.svg(360, Theme::Page).unwrap().contains("</svg>"));
    }
}
