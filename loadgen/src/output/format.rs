//! Numbers with their units.

/// Formats a duration with three digits: `21.3 ms`.
pub fn duration(ns: u64) -> String {
    let ns = ns as f64;
    let (value, unit) = match ns {
        _ if ns < 1e6 => (ns / 1e3, "µs"),
        _ if ns < 1e9 => (ns / 1e6, "ms"),
        _ => (ns / 1e9, "s"),
    };
    format!("{} {unit}", digits(value))
}

/// Formats a size with three digits: `88.1 MiB`.
pub fn bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    match unit {
        "B" => format!("{bytes} B"),
        _ => format!("{} {unit}", digits(value)),
    }
}

/// Formats three digits, or as many as an integer has.
pub fn digits(value: f64) -> String {
    let places = match value.abs() {
        size if size >= 100.0 || size == 0.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.places$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chooses_the_unit_by_size() {
        let durations = [0, 999, 1_500_000, 21_340_000, 1_094_000_000].map(duration);
        assert_eq!(
            durations,
            ["0 µs", "1.00 µs", "1.50 ms", "21.3 ms", "1.09 s"]
        );
        let sizes = [0, 999, 1_536, 12_345_678].map(bytes);
        assert_eq!(sizes, ["0 B", "999 B", "1.50 KiB", "11.8 MiB"]);
    }
}
