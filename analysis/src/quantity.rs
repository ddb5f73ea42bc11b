//! Numbers as people read them.

/// A value in its metric's unit: `41.2 µs`, `18.3 MiB`, `3.1 calls`.
pub fn text(value: f64, unit: &str) -> String {
    match unit {
        "ns" => scaled(value, &[(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")]),
        "bytes" => {
            let kib = 1024.0;
            scaled(
                value,
                &[
                    (kib * kib * kib, "GiB"),
                    (kib * kib, "MiB"),
                    (kib, "KiB"),
                    (1.0, "bytes"),
                ],
            )
        }
        _ => format!("{} {unit}", plain(value)),
    }
}

/// A number with three digits that matter.
pub fn plain(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        0.0 => "0".into(),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// A share, in percent.
pub fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// A ratio: `×2.1`; below one as what remains: `×0.48`.
pub fn ratio(ratio: f64) -> String {
    if ratio >= 1000.0 {
        return "×1000 and more".into();
    }
    format!("×{}", plain(ratio))
}

fn scaled(value: f64, units: &[(f64, &str)]) -> String {
    let fits = units.iter().find(|(size, _)| value.abs() >= *size);
    let (size, unit) = fits.or(units.last()).expect("there are units");
    format!("{} {unit}", plain(value / size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_carry_three_digits_and_their_unit() {
        assert_eq!(text(41_234.0, "ns"), "41.2 µs");
        assert_eq!(text(-1_500_000.0, "ns"), "-1.50 ms");
        assert_eq!(text(19_188_940.0, "bytes"), "18.3 MiB");
        assert_eq!(text(3.1211, "calls"), "3.12 calls");
        assert_eq!(text(0.0, "ns"), "0 ns");
        assert_eq!(text(0.25, "ns"), "0.250 ns");
    }

    #[test]
    fn ratios_and_shares() {
        assert_eq!(ratio(2.134), "×2.13");
        assert_eq!(ratio(1e9), "×1000 and more");
        assert_eq!(percent(0.957), "96 %");
    }
}
