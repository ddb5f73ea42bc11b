//! Lines over two axes, with a legend above.

use super::{
    Axis, Paint, failed,
    palette::{EM, Pen},
};
use crate::Error;
use plotters::coord::Shift;
use plotters::prelude::{ChartBuilder, DrawingArea, DrawingBackend, LineSeries, PathElement, Text};
use plotters::style::{FontStyle, text_anchor::HPos};

/// A chart of lines over two axes.
#[derive(Clone, Debug)]
pub struct Lines {
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// Lines in the order of drawing.
    pub lines: Vec<Line>,
    /// Names with their colours.
    pub legend: Vec<(String, Paint)>,
}

/// A line.
#[derive(Clone, Debug)]
pub struct Line {
    /// Colour.
    pub paint: Paint,
    /// Whether a stronger line sums it up with others.
    pub light: bool,
    /// Points in the units of the axes.
    pub points: Vec<(f64, f64)>,
}

/// Height of the legend, in units.
const LEGEND: f64 = 26.0;
/// Space above, beside and below the plot, in units.
const MARGINS: [f64; 3] = [6.0, 16.0, 26.0];
const FONT: f64 = 12.5;

impl Lines {
    /// Returns the height for a width.
    pub fn height(&self, width: u32) -> u32 {
        (width * 2 / 5).clamp(220, 300)
    }

    /// Draws the chart.
    pub fn draw<DB: DrawingBackend>(
        &self,
        root: &DrawingArea<DB, Shift>,
        pen: Pen,
    ) -> Result<(), Error> {
        let (legend, plot) = root.split_vertically(pen.px(LEGEND));
        self.draw_legend(&legend, pen)?;
        let text = |side| pen.text(FONT, Paint::Muted, side, FontStyle::Normal);
        let mut chart = ChartBuilder::on(&plot)
            .margin_top(pen.px(MARGINS[0]))
            .margin_right(pen.px(MARGINS[1]))
            .x_label_area_size(pen.px(MARGINS[2]))
            .y_label_area_size(pen.px(self.label_width()))
            .build_cartesian_2d(self.x.clone(), self.y.clone())
            .map_err(failed)?;
        chart
            .configure_mesh()
            .light_line_style(plotters::style::TRANSPARENT)
            .bold_line_style(pen.style(Paint::Grid, 1.0, 1.0))
            .axis_style(pen.style(Paint::Grid, 1.0, 1.0))
            .x_label_style(text(HPos::Center))
            .y_label_style(text(HPos::Right))
            .draw()
            .map_err(failed)?;
        for line in &self.lines {
            let (opacity, width) = if line.light { (0.35, 1.0) } else { (1.0, 2.0) };
            let style = pen.style(line.paint, opacity, width);
            chart
                .draw_series(LineSeries::new(line.points.iter().copied(), style))
                .map_err(failed)?;
        }
        Ok(())
    }

    /// Returns the plot without labels and legend: left, top, right and bottom, in units.
    pub fn area(&self, width: u32) -> [f64; 4] {
        let [top, right, bottom] = MARGINS;
        let height = f64::from(self.height(width));
        let left = self.label_width();
        [
            left,
            LEGEND + top,
            f64::from(width) - right,
            height - bottom,
        ]
    }

    fn label_width(&self) -> f64 {
        let longest = self.y.ticks.iter().map(|tick| tick.1.chars().count()).max();
        14.0 + longest.unwrap_or_default() as f64 * FONT * 0.6
    }

    fn draw_legend<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        pen: Pen,
    ) -> Result<(), Error> {
        let middle = pen.px(LEGEND / 2.0);
        let style = pen.text(FONT, Paint::Ink, HPos::Left, FontStyle::Normal);
        let mut left = pen.px(self.label_width());
        for (name, paint) in &self.legend {
            let swatch = vec![(left, middle), (left + pen.px(18.0), middle)];
            area.draw(&PathElement::new(swatch, pen.style(*paint, 1.0, 3.0)))
                .map_err(failed)?;
            left += pen.px(24.0);
            area.draw(&Text::new(name.clone(), (left, middle), style.clone()))
                .map_err(failed)?;
            let (width, _) = area.estimate_text_size(name, &style).map_err(failed)?;
            left += (f64::from(width) * EM) as i32 + pen.px(18.0);
        }
        Ok(())
    }
}
