//! A wait-for graph: on the left threads that wait, on the right who ends their waits; a band
//! between them is as thick as the time.

use super::{Paint, failed, palette::Pen};
use crate::Error;
use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend, Polygon, Rectangle, Text};
use plotters::style::{FontStyle, text_anchor::HPos};

/// A wait-for graph.
#[derive(Clone, Debug, Default)]
pub struct WaitGraph {
    /// Names of the threads that wait, from top to bottom, with their time as text.
    pub sleepers: Vec<String>,
    /// Names of those who end waits, from top to bottom, with the time as text.
    pub wakers: Vec<String>,
    /// The bands.
    pub edges: Vec<Edge>,
    /// Names with their colours.
    pub legend: Vec<(String, Paint)>,
}

/// A band of the graph.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// Index in [`WaitGraph::sleepers`].
    pub sleeper: usize,
    /// Index in [`WaitGraph::wakers`].
    pub waker: usize,
    /// Time; all edges together fill the height.
    pub amount: f64,
    /// Colour.
    pub paint: Paint,
}

/// Height of a row of the legend, in units.
const LEGEND: f64 = 22.0;
/// Height of all bands together, in units.
const BANDS: f64 = 150.0;
/// Least height of a name, in units.
const NAME: f64 = 24.0;
/// Least thickness of a band, in units.
const HAIRLINE: f64 = 1.5;
/// Width of the bars at both ends, in units.
const BAR: f64 = 8.0;
/// Straight parts of the edge of a band.
const PARTS: i32 = 24;
const FONT: f64 = 12.5;
/// Characters of a name.
const LONGEST: usize = 40;

/// Top of each bar and its height, in units.
type Column = Vec<[f64; 2]>;

impl WaitGraph {
    /// Returns the height that holds every band.
    pub fn height(&self, width: u32) -> u32 {
        let names = self.sleepers.len().max(self.wakers.len()) as f64;
        (self.bands_from(width) + BANDS + names * NAME + 8.0) as u32
    }

    /// Draws the chart.
    pub fn draw<DB: DrawingBackend>(
        &self,
        root: &DrawingArea<DB, Shift>,
        pen: Pen,
    ) -> Result<(), Error> {
        let width = f64::from(root.dim_in_pixel().0) / pen.zoom;
        let side = (width * 0.3).min(260.0);
        let ends = [side, width - side];
        self.draw_legend(root, pen, width as u32)?;
        let top = self.bands_from(width as u32);
        let of = |end: fn(&Edge) -> usize, count| self.column(end, count, top);
        let columns = [
            of(|edge| edge.sleeper, self.sleepers.len()),
            of(|edge| edge.waker, self.wakers.len()),
        ];
        let mut next = columns
            .each_ref()
            .map(|column| column.iter().map(|[top, _]| *top).collect::<Vec<f64>>());
        for edge in &self.edges {
            let height = self.thickness(edge.amount);
            let from = &mut next[0][edge.sleeper];
            let start = std::mem::replace(from, *from + height);
            let to = &mut next[1][edge.waker];
            let end = std::mem::replace(to, *to + height);
            let band = band(pen, ends, [start, end], height);
            root.draw(&Polygon::new(band, pen.style(edge.paint, 0.55, 1.0)))
                .map_err(failed)?;
        }
        let names = [&self.sleepers, &self.wakers];
        for (place, column) in columns.iter().enumerate() {
            let x = [ends[0] - BAR, ends[1]][place];
            let (side, beside) = [(HPos::Right, x - 6.0), (HPos::Left, x + BAR + 6.0)][place];
            for ([top, height], name) in column.iter().zip(names[place]) {
                let corners = [(x, *top), (x + BAR, top + height)];
                let corners = corners.map(|(x, y)| (pen.px(x), pen.px(y)));
                let style = pen.style(Paint::Muted, 1.0, 1.0).filled();
                root.draw(&Rectangle::new(corners, style)).map_err(failed)?;
                let text = pen.text(FONT, Paint::Ink, side, FontStyle::Normal);
                let at = (pen.px(beside), pen.px(top + height / 2.0));
                root.draw(&Text::new(shortened(name), at, text))
                    .map_err(failed)?;
            }
        }
        Ok(())
    }

    fn thickness(&self, amount: f64) -> f64 {
        let whole: f64 = self.edges.iter().map(|edge| edge.amount).sum();
        match whole > 0.0 {
            true => (amount / whole * BANDS).max(HAIRLINE),
            false => HAIRLINE,
        }
    }

    /// Returns the bars of one end.
    fn column(&self, end: fn(&Edge) -> usize, count: usize, top: f64) -> Column {
        let mut at = top;
        let bar = |index: usize| {
            let own = self.edges.iter().filter(|edge| end(edge) == index);
            let height: f64 = own.map(|edge| self.thickness(edge.amount)).sum();
            // A name is as high as its bar, or has room around a thin one.
            let room = height.max(NAME - 6.0);
            let place = [at + (room - height) / 2.0, height];
            at += room + 6.0;
            place
        };
        (0..count).map(bar).collect()
    }

    fn columns_of_legend(width: u32) -> usize {
        (width as usize / 180).max(1)
    }

    fn bands_from(&self, width: u32) -> f64 {
        let rows = self.legend.len().div_ceil(Self::columns_of_legend(width));
        rows as f64 * LEGEND + 8.0
    }

    fn draw_legend<DB: DrawingBackend>(
        &self,
        root: &DrawingArea<DB, Shift>,
        pen: Pen,
        width: u32,
    ) -> Result<(), Error> {
        let columns = Self::columns_of_legend(width);
        let room = f64::from(width) / columns as f64;
        for (index, (name, paint)) in self.legend.iter().enumerate() {
            let left = (index % columns) as f64 * room + 4.0;
            let middle = ((index / columns) as f64 + 0.5) * LEGEND;
            let corners = [(left, middle - 5.0), (left + 10.0, middle + 5.0)];
            let corners = corners.map(|(x, y)| (pen.px(x), pen.px(y)));
            let style = pen.style(*paint, 0.55, 1.0).filled();
            root.draw(&Rectangle::new(corners, style)).map_err(failed)?;
            let text = pen.text(FONT, Paint::Ink, HPos::Left, FontStyle::Normal);
            let at = (pen.px(left + 16.0), pen.px(middle));
            root.draw(&Text::new(name.clone(), at, text))
                .map_err(failed)?;
        }
        Ok(())
    }
}

/// Returns the outline of a band from one bar to another.
fn band(pen: Pen, [left, right]: [f64; 2], tops: [f64; 2], height: f64) -> Vec<(i32, i32)> {
    let point = |part: i32, below: f64| {
        let share = f64::from(part) / f64::from(PARTS);
        // Smoothstep: level at both ends.
        let bend = share * share * (3.0 - 2.0 * share);
        let y = tops[0] + (tops[1] - tops[0]) * bend + below;
        (pen.px(left + (right - left) * share), pen.px(y))
    };
    let above = (0..=PARTS).map(|part| point(part, 0.0));
    let below = (0..=PARTS).rev().map(|part| point(part, height));
    above.chain(below).collect()
}

fn shortened(name: &str) -> String {
    match name.chars().count() > LONGEST {
        true => format!("{}…", name.chars().take(LONGEST - 1).collect::<String>()),
        false => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::{Chart, Theme};

    fn graph() -> WaitGraph {
        let edge = |sleeper, waker, amount| Edge {
            sleeper,
            waker,
            amount,
            paint: Paint::Rise,
        };
        WaitGraph {
            sleepers: vec!["main loop".into(), "<script>".into()],
            wakers: vec!["gc thread".into(), "other process".into()],
            edges: vec![edge(0, 0, 2.0), edge(0, 1, 1.0), edge(1, 1, 1e-9)],
            legend: vec![("contended lock".into(), Paint::Rise)],
        }
    }

    #[test]
    fn draws_a_band_for_each_edge_and_escapes_names() {
        let svg = Chart::Waits(graph()).svg(800, Theme::Page).expect("drawn");
        assert_eq!(svg.matches("<polygon").count(), 3, "{svg}");
        assert!(svg.contains("&lt;script&gt;") && !svg.contains("<script>"));
    }

    #[test]
    fn makes_bars_as_high_as_their_bands() {
        let graph = graph();
        let column = graph.column(|edge| edge.sleeper, 2, 0.0);
        let bands: f64 = [2.0, 1.0]
            .map(|amount| graph.thickness(amount))
            .iter()
            .sum();
        assert!((column[0][1] - bands).abs() < 1e-9);
        assert!(
            (column[1][1] - HAIRLINE).abs() < 1e-9,
            "a short wait is seen"
        );
        assert!(column[1][0] >= column[0][0] + column[0][1]);
    }

    #[test]
    fn draws_an_empty_graph() {
        let chart = Chart::Waits(WaitGraph::default());
        assert!(chart.is_empty());
        assert!(
            chart
                .svg(360, Theme::Page)
                .expect("drawn")
                .contains("</svg>")
        );
    }
}
