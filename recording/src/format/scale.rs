//! One unit and one number of decimals for a group of values.

use super::{NONE, has_digit_above_zero, thousands};
use crate::vocabulary::Unit;

/// One unit and one number of decimals for a group of values, so that they can be compared by eye.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    divisor: f64,
    decimals: usize,
    /// The unit shown, `µs` for instance; empty for plain numbers.
    pub unit: &'static str,
}

impl Scale {
    /// Returns the scale for values of a unit, by the largest of them.
    pub fn of(unit: Unit, values: impl IntoIterator<Item = f64>) -> Self {
        let steps: &[(f64, &'static str)] = match unit {
            Unit::Ns => &[(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")],
            Unit::Bytes => &[
                (1_073_741_824.0, "GiB"),
                (1_048_576.0, "MiB"),
                (1024.0, "KiB"),
                (1.0, "B"),
            ],
            counted => &[(1.0, counted.label())],
        };
        Self::in_steps(steps, values)
    }

    /// Returns the scale for values without a unit.
    pub fn plain(values: impl IntoIterator<Item = f64>) -> Self {
        Self::in_steps(&[(1.0, "")], values)
    }

    fn in_steps(steps: &[(f64, &'static str)], values: impl IntoIterator<Item = f64>) -> Self {
        let values: Vec<f64> = values
            .into_iter()
            .filter(|value| value.is_finite())
            .collect();
        let largest = values
            .iter()
            .fold(0.0_f64, |most, value| most.max(value.abs()));
        let fits = steps.iter().find(|(size, _)| largest >= *size);
        let (divisor, unit) = *fits.unwrap_or(&steps[steps.len() - 1]);
        let whole = divisor == 1.0 && values.iter().all(|value| value.fract() == 0.0);
        Scale {
            divisor,
            decimals: if whole {
                0
            } else {
                decimals(largest / divisor)
            },
            unit,
        }
    }

    /// Formats the number alone: `41.2`.
    pub fn show(&self, value: f64) -> String {
        if !value.is_finite() {
            return NONE.into();
        }
        if value == 0.0 {
            return "0".into();
        }
        let text = format!("{:.*}", self.decimals, (value / self.divisor).abs());
        // A value that rounds to zero has no sign worth showing.
        let negative = value < 0.0 && has_digit_above_zero(&text);
        let text = thousands(&text);
        if negative { format!("−{text}") } else { text }
    }

    /// Formats the number with its sign, for differences: `+41.2`.
    pub fn signed(&self, value: f64) -> String {
        let text = self.show(value);
        if text.starts_with('−') || !has_digit_above_zero(&text) {
            text
        } else {
            format!("+{text}")
        }
    }

    /// Formats the number and its unit: `41.2 µs`.
    pub fn full(&self, value: f64) -> String {
        self.attach(self.show(value))
    }

    /// Formats the number with its sign, and its unit: `+41.2 µs`.
    pub fn signed_full(&self, value: f64) -> String {
        self.attach(self.signed(value))
    }

    /// Returns the unit per something: `µs/token`.
    pub fn per(&self, per: &str) -> String {
        match (self.unit, per) {
            (unit, "") => unit.into(),
            ("", per) => format!("/{per}"),
            (unit, per) => format!("{unit}/{per}"),
        }
    }

    /// Returns the value in the scale's unit, for drawing.
    pub fn scaled(&self, value: f64) -> f64 {
        value / self.divisor
    }

    pub(super) fn attach(&self, number: String) -> String {
        if self.unit.is_empty() || number == NONE {
            number
        } else {
            format!("{number} {}", self.unit)
        }
    }
}

/// Three significant digits.
fn decimals(largest: f64) -> usize {
    if largest == 0.0 {
        return 0;
    }
    // Rounding may carry into the next power of ten: 99.96 is 100, not 100.0.
    let digits = |size: f64| size.log10().floor() as i32;
    let places = (2 - digits(largest)).max(0);
    let rounded = (largest * 10f64.powi(places)).round() / 10f64.powi(places);
    usize::try_from((2 - digits(rounded)).clamp(0, 6)).unwrap_or(0)
}
