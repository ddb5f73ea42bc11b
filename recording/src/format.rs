//! Numbers as people read them. Every output of every program uses this module, so that a number
//! looks the same everywhere: `21.3 ms`, `88.1 MiB`, `2.49×`, `46 %`.

mod scale;

use crate::vocabulary::Unit;
pub use scale::Scale;

/// Shown in place of a number that does not exist.
pub const NONE: &str = "–";

/// Formats a value with three significant digits and the unit that suits it: `41.2 µs`, `18.3 MiB`,
/// `3.12 syscalls`.
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

/// Formats a number with three significant digits, or as many as an integer takes: `1,234`, `12.3`,
/// `0.0312`.
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

/// Formats a value whose unit is text, as that of a check: `ns` and `bytes` are scaled, `count` and
/// unknown units not.
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

/// Formats one value with as few digits as it needs, for the ticks of an axis: `20.5 ms`, `100 µs`.
pub fn tick(unit: Unit, value: f64) -> String {
    let scale = Scale::of(unit, [value]);
    let number = (scale.scaled(value) * 1000.0).round() / 1000.0;
    scale.attach(number.to_string())
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
mod tests;
