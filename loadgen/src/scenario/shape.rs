//! Load over time: straight lines from stage to stage.

use super::Stage;
use crate::clock::nanos;

/// What a scenario counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Users, each with one request at a time.
    Users,
    /// Requests begun a second.
    Rate,
}

#[derive(Clone, Debug, PartialEq)]
struct Line {
    begin_ns: u64,
    length_ns: u64,
    from: f64,
    to: f64,
}

/// Load as a function of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// What is counted.
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
        if !(from.is_finite() && from >= 0.0) {
            return Err(format!("start = {from} must be zero or more"));
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

    /// How long load is offered, nanoseconds.
    pub fn length_ns(&self) -> u64 {
        self.lines
            .last()
            .map_or(0, |last| last.begin_ns.saturating_add(last.length_ns))
    }

    /// The highest load.
    pub fn peak(&self) -> f64 {
        let ends = self.lines.iter().map(|line| line.from.max(line.to));
        ends.fold(0.0, f64::max)
    }

    /// The load averaged over its length.
    pub fn mean(&self) -> f64 {
        let area = |line: &Line| (line.from + line.to) / 2.0 * line.length_ns as f64;
        self.lines.iter().map(area).sum::<f64>() / self.length_ns() as f64
    }

    /// The load at a moment, nanoseconds since the start; none after the end.
    pub fn at(&self, t_ns: u64) -> f64 {
        let inside = |line: &&Line| t_ns < line.begin_ns.saturating_add(line.length_ns);
        self.lines.iter().find(inside).map_or(0.0, |line| {
            let done = (t_ns - line.begin_ns) as f64 / line.length_ns as f64;
            line.from + (line.to - line.from) * done
        })
    }

    /// The same shape with its highest load at `peak`.
    pub fn with_peak(mut self, peak: f64) -> Self {
        let factor = peak / self.peak();
        for line in &mut self.lines {
            line.from *= factor;
            line.to *= factor;
        }
        self
    }

    /// The same shape stretched or squeezed to `length_ns`.
    pub fn with_length(mut self, length_ns: u64) -> Self {
        let factor = length_ns as f64 / self.length_ns() as f64;
        let mut begin_ns = 0;
        for line in &mut self.lines {
            line.begin_ns = begin_ns;
            line.length_ns = (line.length_ns as f64 * factor).round() as u64;
            begin_ns += line.length_ns;
        }
        self
    }
}

fn target(stage: &Stage) -> Result<(Unit, f64), String> {
    match (stage.users, stage.rate) {
        (Some(users), None) => Ok((Unit::Users, f64::from(users))),
        (None, Some(rate)) if rate.is_finite() && rate >= 0.0 => Ok((Unit::Rate, rate)),
        (None, Some(rate)) => Err(format!("rate = {rate} must be zero or more")),
        _ => Err("each stage needs either users or rate".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SECOND;
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
    fn one_stage_is_constant() {
        let shape = shape(None, &[(60, 10)]);
        assert_eq!((shape.at(0), shape.at(60 * SECOND - 1)), (10.0, 10.0));
        assert_eq!(shape.at(60 * SECOND), 0.0);
    }

    #[test]
    fn stages_are_ramps_and_empty_ones_jump() {
        let shape = shape(Some(0.0), &[(10, 100), (0, 20), (10, 20)]);
        assert_eq!(shape.at(5 * SECOND), 50.0);
        assert_eq!(shape.at(10 * SECOND), 20.0);
        assert_eq!((shape.peak(), shape.length_ns()), (100.0, 20 * SECOND));
    }

    #[test]
    fn a_shape_can_be_scaled() {
        let shape = shape(Some(0.0), &[(10, 100), (10, 0)])
            .with_peak(10.0)
            .with_length(2 * SECOND);
        assert_eq!((shape.peak(), shape.length_ns()), (10.0, 2 * SECOND));
        assert_eq!(shape.at(SECOND / 2), 5.0);
    }
}
