//! Load over time: linear from stage to stage.

use super::Stage;
use crate::clock::{SECOND, nanos};

/// Highest rate of one load generator. More is a slip, and its due times take long to compute.
pub const MAX_RATE: f64 = 1e6;

/// Unit of load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Users, each with one request at a time.
    Users,
    /// Requests begun a second.
    Rate,
}

impl std::fmt::Display for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Users => "users",
            Self::Rate => "requests/s",
        })
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Line {
    begin_ns: u64,
    length_ns: u64,
    from: f64,
    to: f64,
}

impl Line {
    /// Returns the area (load times seconds) of the first `t_ns`.
    fn area(&self, t_ns: u64) -> f64 {
        if self.length_ns == 0 {
            return 0.0;
        }
        let (t, length) = (t_ns as f64, self.length_ns as f64);
        (self.from * t + (self.to - self.from) * t * t / length / 2.0) / SECOND as f64
    }

    /// Returns the time at which the area is reached: the root of a quadratic, in the form that
    /// loses no digits when the line is nearly level.
    fn when(&self, area: f64) -> u64 {
        let seconds = self.length_ns as f64 / SECOND as f64;
        let slope = (self.to - self.from) / seconds;
        let root = (self.from * self.from + 2.0 * slope * area).max(0.0).sqrt();
        let t = if area > 0.0 {
            2.0 * area / (self.from + root)
        } else {
            0.0
        };
        (t * SECOND as f64) as u64
    }
}

/// Load as a function of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Unit of load.
    pub unit: Unit,
    lines: Vec<Line>,
}

impl Shape {
    pub(super) fn new(start: Option<f64>, stages: &[Stage]) -> Result<Self, String> {
        let targets: Vec<(Unit, f64)> = stages.iter().map(target).collect::<Result<_, _>>()?;
        let &(unit, first) = targets.first().ok_or("it needs at least one stage")?;
        if targets.iter().any(|(other, _)| *other != unit) {
            return Err("its stages mix users and rate: choose one".into());
        }
        let mut from = start.unwrap_or(first);
        let most = match unit {
            Unit::Users => f64::from(u32::MAX),
            Unit::Rate => MAX_RATE,
        };
        if !(0.0..=most).contains(&from) {
            return Err(format!("start = {from} must be from 0 to {most}"));
        }
        let mut begin_ns = 0u64;
        let mut lines = Vec::new();
        for (stage, (_, to)) in stages.iter().zip(targets) {
            let length_ns = nanos(stage.duration);
            lines.push(Line {
                begin_ns,
                length_ns,
                from,
                to,
            });
            begin_ns = begin_ns.saturating_add(length_ns);
            from = to;
        }
        let shape = Self { unit, lines };
        match (shape.length_ns(), shape.peak()) {
            (0, _) => Err("its stages take no time".into()),
            (_, 0.0) => Err("it offers no load at any time".into()),
            _ => Ok(shape),
        }
    }

    /// Returns a constant rate of `requests` over `length_ns`.
    pub fn constant_rate(requests: usize, length_ns: u64) -> Self {
        let rate = requests as f64 * SECOND as f64 / length_ns as f64;
        Self {
            unit: Unit::Rate,
            lines: vec![Line {
                begin_ns: 0,
                length_ns,
                from: rate,
                to: rate,
            }],
        }
    }

    /// Returns the length in nanoseconds.
    pub fn length_ns(&self) -> u64 {
        self.lines
            .last()
            .map_or(0, |last| last.begin_ns.saturating_add(last.length_ns))
    }

    /// Returns the highest load.
    pub fn peak(&self) -> f64 {
        let ends = self.lines.iter().map(|line| line.from.max(line.to));
        ends.fold(0.0, f64::max)
    }

    /// Returns the area of the first `t_ns`: with rates, the requests due by then.
    pub fn area(&self, t_ns: u64) -> f64 {
        let inside =
            |line: &Line| line.area(t_ns.saturating_sub(line.begin_ns).min(line.length_ns));
        self.lines.iter().map(inside).sum()
    }

    /// Returns the nanoseconds after which `area` is reached; none if it never is.
    pub fn when(&self, mut area: f64) -> Option<u64> {
        for line in &self.lines {
            let all = line.area(line.length_ns);
            if area < all {
                return Some(line.begin_ns + line.when(area));
            }
            area -= all;
        }
        None
    }

    /// Returns the load at `t_ns` after the start; 0 after the end.
    pub fn at(&self, t_ns: u64) -> f64 {
        let inside = |line: &&Line| t_ns < line.begin_ns.saturating_add(line.length_ns);
        self.lines.iter().find(inside).map_or(0.0, |line| {
            let done = (t_ns - line.begin_ns) as f64 / line.length_ns as f64;
            line.from + (line.to - line.from) * done
        })
    }

    /// Returns the shape scaled to a highest load of `peak`.
    pub fn with_peak(mut self, peak: f64) -> Self {
        let factor = peak / self.peak();
        for line in &mut self.lines {
            line.from *= factor;
            line.to *= factor;
        }
        self
    }

    /// Returns the shape scaled to a length of `length_ns`.
    pub fn with_length(mut self, length_ns: u64) -> Self {
        let factor = length_ns as f64 / self.length_ns() as f64;
        let mut begin_ns = 0;
        for line in &mut self.lines {
            line.begin_ns = begin_ns;
            line.length_ns = (line.length_ns as f64 * factor).round() as u64;
            begin_ns = begin_ns.saturating_add(line.length_ns);
        }
        self
    }
}

fn target(stage: &Stage) -> Result<(Unit, f64), String> {
    match (stage.users, stage.rate) {
        (Some(users), None) => Ok((Unit::Users, f64::from(users))),
        (None, Some(rate)) if (0.0..=MAX_RATE).contains(&rate) => Ok((Unit::Rate, rate)),
        (None, Some(rate)) => Err(format!("rate = {rate} must be from 0 to {MAX_RATE}")),
        _ => Err("each stage needs either users or rate".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn shape(start: Option<f64>, stages: &[(u64, u32)]) -> Shape {
        let stages: Vec<Stage> = stages
            .iter()
            .map(|&(seconds, users)| Stage {
                duration: Duration::from_secs(seconds),
                users: Some(users),
                rate: None,
            })
            .collect();
        Shape::new(start, &stages).unwrap()
    }

    #[test]
    fn keeps_load_constant_in_one_stage() {
        let shape = shape(None, &[(60, 10)]);
        assert_eq!((shape.at(0), shape.at(60 * SECOND - 1)), (10.0, 10.0));
        assert_eq!(shape.at(60 * SECOND), 0.0);
    }

    #[test]
    fn ramps_in_stages_and_jumps_in_empty_ones() {
        let shape = shape(Some(0.0), &[(10, 100), (0, 20), (10, 20)]);
        assert_eq!(shape.at(5 * SECOND), 50.0);
        assert_eq!(shape.at(10 * SECOND), 20.0);
        assert_eq!((shape.peak(), shape.length_ns()), (100.0, 20 * SECOND));
    }

    #[test]
    fn computes_area_as_load_times_seconds() {
        let shape = shape(Some(0.0), &[(10, 100), (0, 20), (10, 20)]);
        assert_eq!(shape.area(10 * SECOND), 500.0);
        assert_eq!(shape.area(u64::MAX), 700.0);
        assert_eq!(shape.when(700.0), None);
        assert_eq!(shape.when(0.0), Some(0));
    }

    proptest! {
        #[test]
        fn inverts_the_area(
            start in 0u32..50, stages in prop::collection::vec((0u64..20, 0u32..50), 1..5), share in 0.0..1.0f64,
        ) {
            prop_assume!(stages.iter().any(|(seconds, users)| *seconds > 0 && *users > 0));
            let shape = shape(Some(start.into()), &stages);
            let area = shape.area(u64::MAX) * share;
            let reached = shape.area(shape.when(area).unwrap());
            prop_assert!((reached - area).abs() < 1e-3, "{reached} for {area}");
        }
    }

    #[test]
    fn scales_peak_and_length() {
        let shape = shape(Some(0.0), &[(10, 100), (10, 0)])
            .with_peak(10.0)
            .with_length(2 * SECOND);
        assert_eq!((shape.peak(), shape.length_ns()), (10.0, 2 * SECOND));
        assert_eq!(shape.at(SECOND / 2), 5.0);
    }
}
