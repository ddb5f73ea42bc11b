//! The values of a chart of lines for a reader who points at it.

use super::{Line, Lines, Paint};
use serde::Serialize;

/// Points of one line at most: a chart is not wider, and a recording may last for hours.
const POINTS: usize = 400;

/// The values of a chart.
#[derive(Debug, Serialize)]
pub struct Hover {
    /// Plot in the wide drawing: left, top, right, bottom.
    pub wide: [f64; 4],
    /// Plot in the narrow drawing.
    pub narrow: [f64; 4],
    /// Lines with a name.
    pub lines: Vec<HoverLine>,
}

/// The values of one line.
#[derive(Debug, Serialize)]
pub struct HoverLine {
    /// Its name in the legend.
    pub name: String,
    /// Its colour: the position of an arm.
    pub arm: usize,
    /// Share of the width, with the text of both values, in order.
    pub points: Vec<(f64, String, String)>,
}

impl Hover {
    /// Returns the values of every line that the legend names, single rounds left out.
    pub fn of(chart: &Lines, wide: u32, narrow: u32) -> Self {
        let strong = chart.lines.iter().filter(|line| !line.light);
        let lines = strong.filter_map(|line| {
            let Paint::Arm(arm) = line.paint else {
                return None;
            };
            let mut legend = chart.legend.iter();
            let (name, _) = legend.find(|(_, paint)| *paint == line.paint)?;
            Some(HoverLine {
                name: name.clone(),
                arm,
                points: points(chart, line),
            })
        });
        Hover {
            wide: chart.area(wide),
            narrow: chart.area(narrow),
            lines: lines.collect(),
        }
    }
}

fn points(chart: &Lines, line: &Line) -> Vec<(f64, String, String)> {
    let step = line.points.len().div_ceil(POINTS).max(1);
    let points = line.points.iter().step_by(step);
    points
        .map(|(x, y)| {
            let share = (chart.x.share(*x) * 1e4).round() / 1e4;
            (share, chart.x.label.text(*x), chart.y.label.text(*y))
        })
        .filter(|(share, ..)| share.is_finite())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::Axis;

    #[test]
    fn bounds_the_points_of_a_long_recording() {
        let line = |light| Line {
            paint: Paint::Arm(1),
            light,
            points: (0..3600).map(|at| (f64::from(at), 50.0)).collect(),
        };
        let chart = Lines {
            x: Axis::from_zero(4000.0, |value| format!("{value} s")),
            y: Axis::from_zero(100.0, |value| format!("{value} %")),
            lines: vec![line(true), line(false)],
            legend: vec![("bun".into(), Paint::Arm(1))],
        };
        let hover = Hover::of(&chart, 920, 356);
        assert_eq!(hover.lines.len(), 1, "single rounds have no names");
        let line = &hover.lines[0];
        assert!(line.points.len() <= POINTS, "{}", line.points.len());
        assert_eq!(line.points[0], (0.0, "0 s".into(), "50 %".into()));
        assert!(hover.wide[0] < hover.wide[2] && hover.narrow[2] < 356.0);
    }
}
