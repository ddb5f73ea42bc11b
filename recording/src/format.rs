//! Numbers as people read them. Every output of every program uses this module, so that a number looks the same
//! everywhere: `21.3 ms`, `88.1 MiB`, `2.49×`, `46 %`.

use crate::vocabulary::Unit;

/// Shown in place of a number that does not exist.
pub const NONE: &str = "–";

/// Formats a value with three significant digits and the unit that suits it: `41.2 µs`, `18.3 MiB`, `3.12 syscalls`.
pub fn quantity(value: f64, unit: Unit) -> String {
    Scale::of(unit, [value]).full(value)
}

/// Formats a duration: `21.3 ms`.
pub fn duration(ns: u64) -> String {
    quantity(ns as f64, Unit::Ns)
}

/// Formats a size: `88.1 MiB`.
pub fn bytes(bytes: u64) -> String {
    quantity(bytes as f64, Unit::Bytes)
}

/// Formats a number with three significant digits, or as many as an integer takes: `1,234`, `12.3`, `0.0312`.
pub fn number(value: f64) -> String {
    Scale::plain([value]).show(value)
}

/// Formats a count with separators: `1,234,567`.
pub fn count(value: u64) -> String {
    thousands(&value.to_string())
}

/// Formats a share as a percentage without decimals: `46 %`.
pub fn percent(share: f64) -> String {
    if !share.is_finite() {
        return NONE.into();
    }
    let percent = format!("{:.0}", (share * 100.0).abs());
    let negative = share < 0.0 && percent != "0";
    format!(
        "{}{} %",
        if negative { "−" } else { "" },
        thousands(&percent)
    )
}

/// Formats a share as a percentage with one decimal, where small shares matter: `2.4 %`.
pub fn percent_tenths(share: f64) -> String {
    if !share.is_finite() {
        return NONE.into();
    }
    let percent = format!("{:.1}", (share * 100.0).abs());
    let negative = share < 0.0 && has_digit_above_zero(&percent);
    format!(
        "{}{} %",
        if negative { "−" } else { "" },
        thousands(&percent)
    )
}

/// Formats a ratio as the change that it makes: `+5.0 %` for 1.05.
pub fn change(ratio: f64) -> String {
    let text = percent_tenths(ratio - 1.0);
    let unsigned = text.starts_with('−') || !has_digit_above_zero(&text);
    if unsigned { text } else { format!("+{text}") }
}

/// Formats a value whose unit is text, as that of a check: `ns` and `bytes` are scaled, `count` and unknown units not.
pub fn measured(value: f64, unit: &str) -> String {
    match unit.parse::<Unit>() {
        Ok(unit) => quantity(value, unit),
        Err(_) if unit.is_empty() || unit == "count" => number(value),
        Err(_) => format!("{} {unit}", number(value)),
    }
}

/// Formats a ratio: `2.14×`; above a thousand `over 1,000×`.
pub fn ratio(ratio: f64) -> String {
    if !ratio.is_finite() {
        NONE.into()
    } else if ratio >= 1000.0 {
        "over 1,000×".into()
    } else {
        format!("{ratio:.2}×")
    }
}

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

    fn attach(&self, number: String) -> String {
        if self.unit.is_empty() || number == NONE {
            number
        } else {
            format!("{number} {}", self.unit)
        }
    }
}

/// Formats one value with as few digits as it needs, for the ticks of an axis: `20.5 ms`, `100 µs`.
pub fn tick(unit: Unit, value: f64) -> String {
    let scale = Scale::of(unit, [value]);
    let number = (scale.scaled(value) * 1000.0).round() / 1000.0;
    scale.attach(number.to_string())
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

fn has_digit_above_zero(text: &str) -> bool {
    text.contains(|letter: char| ('1'..='9').contains(&letter))
}

fn thousands(number: &str) -> String {
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    match fraction {
        Some(fraction) => format!("{grouped}.{fraction}"),
        None => grouped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chooses_the_unit_and_three_digits() {
        assert_eq!(quantity(41_234.0, Unit::Ns), "41.2 µs");
        assert_eq!(quantity(-1_500_000.0, Unit::Ns), "−1.50 ms");
        assert_eq!(quantity(812.0, Unit::Ns), "812 ns");
        assert_eq!(quantity(0.25, Unit::Ns), "0.250 ns");
        assert_eq!(quantity(19_188_940.0, Unit::Bytes), "18.3 MiB");
        assert_eq!(quantity(3.1211, Unit::Syscalls), "3.12 syscalls");
        assert_eq!(quantity(0.0, Unit::Ns), "0 ns");
        assert_eq!(quantity(99_960.0, Unit::Ns), "100 µs");
        assert_eq!(
            (duration(21_300_000), bytes(92_379_545)),
            ("21.3 ms".into(), "88.1 MiB".into())
        );
    }

    #[test]
    fn formats_numbers_counts_shares_and_ratios() {
        assert_eq!(
            (number(1234.0), number(0.0312)),
            ("1,234".into(), "0.0312".into())
        );
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(
            (percent(0.4567), percent(-0.2)),
            ("46 %".into(), "−20 %".into())
        );
        assert_eq!(
            (ratio(2.134), ratio(1e9)),
            ("2.13×".into(), "over 1,000×".into())
        );
        assert_eq!(
            (percent_tenths(0.0244), percent_tenths(-0.0001)),
            ("2.4 %".into(), "0.0 %".into())
        );
        assert_eq!(
            [change(1.05), change(0.9), change(1.0)],
            ["+5.0 %", "−10.0 %", "0.0 %"]
        );
    }

    #[test]
    fn formats_units_given_as_text() {
        assert_eq!(measured(2_000.0, "ns"), "2.00 µs");
        assert_eq!(measured(12.0, "count"), "12");
        assert_eq!(measured(3.0, "events"), "3 events");
    }

    #[test]
    fn shares_unit_and_decimals_in_a_group() {
        let scale = Scale::of(Unit::Ns, [120_000.0, 900.0]);
        assert_eq!(
            (scale.show(120_000.0), scale.show(900.0)),
            ("120".into(), "1".into())
        );
        assert_eq!(scale.per("token"), "µs/token");
    }

    #[test]
    fn shows_signs_only_of_what_is_not_zero() {
        let scale = Scale::of(Unit::Ns, [5_000.0]);
        assert_eq!(scale.signed(5_000.0), "+5.00");
        assert_eq!(scale.signed_full(-5_000.0), "−5.00 µs");
        assert_eq!(
            (scale.signed(-0.4), scale.signed(0.0)),
            ("0.00".into(), "0".into())
        );
    }

    #[test]
    fn shows_no_number_where_there_is_none() {
        assert_eq!(quantity(f64::NAN, Unit::Ns), NONE);
        assert_eq!(
            (ratio(f64::INFINITY), percent(f64::NAN)),
            (NONE.into(), NONE.into())
        );
        assert_eq!(Scale::of(Unit::Ns, []).show(0.0), "0");
    }

    #[test]
    fn keeps_axis_ticks_short() {
        assert_eq!(
            (tick(Unit::Ns, 20_500_000.0), tick(Unit::Ns, 100_000.0)),
            ("20.5 ms".into(), "100 µs".into())
        );
    }
}
