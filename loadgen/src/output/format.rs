//! Numbers for people.

/// A duration with three digits and its unit: `21.3ms`.
pub fn duration(ns: u64) -> String {
    let ns = ns as f64;
    let (value, unit) = match ns {
        _ if ns < 1e6 => (ns / 1e3, "µs"),
        _ if ns < 1e9 => (ns / 1e6, "ms"),
        _ => (ns / 1e9, "s"),
    };
    format!("{}{unit}", digits(value))
}

/// A size in the unit that fits: `1.23 MB`.
pub fn bytes(bytes: u64) -> String {
    let bytes = bytes as f64;
    let (value, unit) = match bytes {
        _ if bytes < 1e3 => (bytes, "B"),
        _ if bytes < 1e6 => (bytes / 1e3, "kB"),
        _ if bytes < 1e9 => (bytes / 1e6, "MB"),
        _ => (bytes / 1e9, "GB"),
    };
    format!("{} {unit}", digits(value))
}

/// Three digits, or as many as an integer takes.
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
    fn units_fit() {
        let durations = [0, 999, 1_500_000, 21_340_000, 1_094_000_000].map(duration);
        assert_eq!(durations, ["0µs", "1.00µs", "1.50ms", "21.3ms", "1.09s"]);
        let sizes = [0, 999, 1_500, 12_345_678].map(bytes);
        assert_eq!(sizes, ["0 B", "999 B", "1.50 kB", "12.3 MB"]);
    }
}
