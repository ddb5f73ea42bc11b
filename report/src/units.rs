//! Numbers for readers: the unit and the decimals that suit the values at hand.

/// How a group of values is shown: one unit and one number of decimals, so that they can be compared by eye.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    divisor: f64,
    decimals: usize,
    /// The unit shown, `µs` for instance; empty for plain counts.
    pub unit: String,
}

/// Shown where there is no number.
pub const NONE: &str = "–";

impl Scale {
    /// The scale for values in `unit` (`ns`, `bytes`, or anything that is shown as it is), by the largest of them.
    pub fn of(unit: &str, values: impl IntoIterator<Item = f64>) -> Self {
        let values: Vec<f64> = values
            .into_iter()
            .filter(|value| value.is_finite())
            .collect();
        let largest = values
            .iter()
            .fold(0.0_f64, |most, value| most.max(value.abs()));
        let (divisor, shown) = step(unit, largest);
        let whole = divisor == 1.0 && values.iter().all(|value| value.fract() == 0.0);
        Scale {
            divisor,
            decimals: if whole {
                0
            } else {
                decimals(largest / divisor)
            },
            unit: shown.to_string(),
        }
    }

    /// The number alone.
    pub fn show(&self, value: f64) -> String {
        if !value.is_finite() {
            return NONE.into();
        }
        if value == 0.0 {
            return "0".into();
        }
        let text = thousands(&format!(
            "{:.*}",
            self.decimals,
            (value / self.divisor).abs()
        ));
        // A value that rounds to nothing has no sign worth showing.
        let negative = value < 0.0 && text.contains(|c: char| ('1'..='9').contains(&c));
        if negative { format!("−{text}") } else { text }
    }

    /// The number with its sign, for differences.
    pub fn signed(&self, value: f64) -> String {
        let text = self.show(value);
        let zero = !text.contains(|c: char| ('1'..='9').contains(&c));
        if zero || text.starts_with('−') {
            text
        } else {
            format!("+{text}")
        }
    }

    /// The number and its unit.
    pub fn full(&self, value: f64) -> String {
        self.attach(self.show(value))
    }

    /// The number with its sign, and its unit.
    pub fn signed_full(&self, value: f64) -> String {
        self.attach(self.signed(value))
    }

    /// The unit per something: `µs/token`.
    pub fn per(&self, per: &str) -> String {
        match (self.unit.is_empty(), per.is_empty()) {
            (_, true) => self.unit.clone(),
            (true, false) => format!("/{per}"),
            (false, false) => format!("{}/{per}", self.unit),
        }
    }

    /// Lower values divided into this scale, for drawing.
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

/// One value on a scale of its own, with its unit.
pub fn one(unit: &str, value: f64) -> String {
    Scale::of(unit, [value]).full(value)
}

/// One value with as few digits as it needs, for the ticks of an axis: `20.5 ms`, `100 µs`.
pub fn short(unit: &str, value: f64) -> String {
    let scale = Scale::of(unit, [value]);
    let number = (scale.scaled(value) * 1000.0).round() / 1000.0;
    scale.attach(number.to_string())
}

/// A share as a percentage without decimals: `46 %`.
pub fn share(value: f64) -> String {
    let percent = Scale {
        divisor: 0.01,
        decimals: 0,
        unit: "%".into(),
    };
    percent.full(value)
}

/// A ratio: `2.14×`.
pub fn ratio(value: f64) -> String {
    if value.is_finite() {
        format!("{value:.2}×")
    } else {
        NONE.into()
    }
}

/// A count with separators: `1,234,567`.
pub fn count(value: u64) -> String {
    thousands(&value.to_string())
}

fn step(unit: &str, largest: f64) -> (f64, &str) {
    let steps: &[(f64, &str)] = match unit {
        "ns" => &[(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")],
        "bytes" => &[
            (1_073_741_824.0, "GiB"),
            (1_048_576.0, "MiB"),
            (1024.0, "KiB"),
            (1.0, "B"),
        ],
        other => return (1.0, if other == "count" { "" } else { other }),
    };
    let fits = steps.iter().find(|(size, _)| largest >= *size);
    *fits.unwrap_or(&steps[steps.len() - 1])
}

fn decimals(largest: f64) -> usize {
    match largest {
        l if l >= 1000.0 => 0,
        l if l >= 100.0 => 1,
        l if l >= 1.0 || l == 0.0 => 2,
        l if l >= 0.1 => 3,
        l if l >= 0.01 => 4,
        l if l >= 0.001 => 5,
        _ => 6,
    }
}

fn thousands(number: &str) -> String {
    let (whole, fraction) = number
        .split_once('.')
        .map_or((number, None), |(w, f)| (w, Some(f)));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    fraction.map_or(grouped.clone(), |fraction| format!("{grouped}.{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_suit_the_largest_value() {
        assert_eq!(one("ns", 41_200.0), "41.20 µs");
        assert_eq!(one("ns", 812.0), "812 ns");
        assert_eq!(one("bytes", 48.5 * 1_048_576.0), "48.50 MiB");
        assert_eq!(one("count", 1_234_567.0), "1,234,567");
        assert_eq!(one("count", 0.0312), "0.0312");
        assert_eq!(one("widgets", 3.5), "3.50 widgets");
    }

    #[test]
    fn a_group_shares_unit_and_decimals() {
        let scale = Scale::of("ns", [120_000.0, 900.0]);
        assert_eq!(
            (scale.show(120_000.0), scale.show(900.0)),
            ("120.0".into(), "0.9".into())
        );
        assert_eq!(scale.per("token"), "µs/token");
    }

    #[test]
    fn signs_are_shown_where_they_mean_something() {
        let scale = Scale::of("ns", [5_000.0]);
        assert_eq!(scale.signed(5_000.0), "+5.00");
        assert_eq!(scale.signed_full(-5_000.0), "−5.00 µs");
        assert_eq!(scale.signed(-0.4), "0.00");
        assert_eq!(scale.signed(0.0), "0");
    }

    #[test]
    fn what_is_no_number_is_not_shown_as_one() {
        assert_eq!(one("ns", f64::NAN), NONE);
        assert_eq!(ratio(f64::INFINITY), NONE);
        assert_eq!(share(f64::NAN), NONE);
        assert_eq!(Scale::of("ns", []).show(0.0), "0");
    }

    #[test]
    fn shares_ratios_counts() {
        assert_eq!(
            (share(0.4567), ratio(2.138), count(1234)),
            ("46 %".into(), "2.14×".into(), "1,234".into())
        );
    }
}
