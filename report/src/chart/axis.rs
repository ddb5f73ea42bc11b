//! Axes with round ticks.

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// An axis with its ticks.
#[derive(Clone, Debug)]
pub struct Axis {
    /// First and last value.
    pub range: Range<f64>,
    /// Values with their labels.
    pub ticks: Vec<(f64, String)>,
    /// Whether the axis is logarithmic.
    pub log: bool,
    /// Text of a value between the ticks.
    pub label: Label,
}

/// A function from a value of an axis to its text.
#[derive(Clone)]
pub struct Label(Arc<dyn Fn(f64) -> String>);

impl Label {
    /// Returns a label by a function.
    pub fn new(label: impl Fn(f64) -> String + 'static) -> Self {
        Label(Arc::new(label))
    }

    /// Returns the text of a value, with three digits.
    pub fn text(&self, value: f64) -> String {
        (self.0)(three_digits(value))
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Label")
    }
}

/// Rounds to three significant digits: pointing at a chart is no more precise.
fn three_digits(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let digits = 2 - value.abs().log10().floor() as i32;
    let factor = 10_f64.powi(digits.abs());
    match digits < 0 {
        true => (value / factor).round() * factor,
        false => (value * factor).round() / factor,
    }
}

impl Axis {
    /// Returns an axis from 0 to a little over `largest`, with about five round ticks.
    pub fn from_zero(largest: f64, label: impl Fn(f64) -> String + 'static) -> Self {
        let largest = sane(largest);
        let step = round_step(largest.max(f64::MIN_POSITIVE) / 4.0);
        let ticks = (largest / step).ceil().max(1.0) as usize;
        let ticks = (0..=ticks).map(|at| at as f64 * step);
        let ticks: Vec<_> = ticks.map(|value| (value, label(value))).collect();
        let end = ticks.last().map_or(step, |(value, _)| *value);
        Axis {
            range: 0.0..end,
            ticks,
            log: false,
            label: Label::new(label),
        }
    }

    /// Returns an axis around values: by powers of ten where they span one, else by round steps.
    pub fn stretched(low: f64, high: f64, label: impl Fn(f64) -> String + 'static) -> Self {
        let (low, high) = (sane(low), sane(high));
        let (low, high) = if low < high {
            (low, high)
        } else {
            (low * 0.9, low * 1.1 + 1.0)
        };
        if high / low.max(1.0) >= 10.0 {
            let powers = low.max(1.0).log10().floor() as i32..=high.log10().ceil() as i32;
            let ticks: Vec<_> = powers.map(|power| 10_f64.powi(power)).collect();
            let range = ticks[0]..ticks[ticks.len() - 1];
            let ticks = ticks
                .into_iter()
                .map(|value| (value, label(value)))
                .collect();
            return Axis {
                range,
                ticks,
                log: true,
                label: Label::new(label),
            };
        }
        let step = round_step((high - low) / 4.0);
        let steps = (low / step).floor() as u64..=(high / step).ceil() as u64;
        let ticks: Vec<_> = steps.map(|at| at as f64 * step).collect();
        let range = ticks[0]..ticks[ticks.len() - 1];
        let ticks = ticks
            .into_iter()
            .map(|value| (value, label(value)))
            .collect();
        Axis {
            range,
            ticks,
            log: false,
            label: Label::new(label),
        }
    }

    /// Returns the position of a value between the ends, 0 to 1.
    pub fn share(&self, value: f64) -> f64 {
        let place = |value: f64| {
            if self.log {
                value.max(f64::MIN_POSITIVE).log10()
            } else {
                value
            }
        };
        (place(value) - place(self.range.start)) / (place(self.range.end) - place(self.range.start))
    }

    fn tick(&self, value: f64) -> String {
        let near = |tick: &&(f64, String)| (tick.0 - value).abs() <= self.range.end.abs() * 1e-9;
        self.ticks
            .iter()
            .find(near)
            .map_or(String::new(), |tick| tick.1.clone())
    }

    fn places(&self) -> Vec<f64> {
        self.ticks.iter().map(|tick| tick.0).collect()
    }
}

/// Makes plotters use these ticks; for a plain range it chooses others, which have no labels here.
impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        limit.0 + (self.share(*value) * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        self.places()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        self.tick(*value)
    }
}

/// Clamps the end of an axis, so that ticks can be counted even for absurd values.
fn sane(end: f64) -> f64 {
    const LARGEST: f64 = 1e21;
    if end.is_finite() {
        end.clamp(0.0, LARGEST)
    } else {
        0.0
    }
}

/// Returns 1, 2 or 5 times a power of ten, at least `least`.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let factor = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|factor| factor * power >= least);
    factor.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chooses_round_ticks_that_cover_the_values() {
        let axis = Axis::from_zero(37.0, |value| format!("{value}"));
        assert_eq!(axis.places(), [0.0, 10.0, 20.0, 30.0, 40.0]);
        assert_eq!(axis.tick(20.0), "20");
        assert_eq!(Axis::from_zero(0.0, |_| String::new()).ticks.len(), 2);
        assert!(Axis::from_zero(0.004, |_| String::new()).range.end >= 0.004);
    }

    #[test]
    fn stretches_wide_ranges_by_powers_of_ten() {
        let wide = Axis::stretched(316.0, 125_000.0, |value| format!("{value}"));
        assert_eq!(wide.places(), [100.0, 1e3, 1e4, 1e5, 1e6]);
        assert_eq!(wide.share(10_000.0), 0.5);
        let close = Axis::stretched(20.1, 22.0, |value| format!("{value}"));
        assert_eq!(close.places(), [20.0, 20.5, 21.0, 21.5, 22.0]);
        let flat = Axis::stretched(5.0, 5.0, |value| format!("{value}"));
        assert!(flat.range.start < 5.0 && flat.range.end > 5.0);
    }

    #[test]
    fn rounds_values_between_ticks() {
        let axis = Axis::from_zero(100.0, |value| format!("{value} %"));
        assert_eq!(axis.label.text(37.123_456), "37.1 %");
        assert_eq!(axis.label.text(123_456.0), "123000 %");
        assert_eq!(axis.label.text(0.001_234_5), "0.00123 %");
        assert_eq!(axis.label.text(0.0), "0 %");
    }

    #[test]
    fn accepts_absurd_values() {
        for value in [f64::MAX, f64::INFINITY, f64::NAN, -1.0] {
            assert!(
                Axis::from_zero(value, |_| String::new()).ticks.len() < 20,
                "{value}"
            );
            assert!(
                Axis::stretched(value, 0.0, |_| String::new()).ticks.len() < 40,
                "{value}"
            );
            assert!(
                Axis::stretched(0.0, value, |_| String::new()).ticks.len() < 40,
                "{value}"
            );
        }
    }
}
