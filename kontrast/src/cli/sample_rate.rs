//! `--sample-rate` of `record` and `run`.

use profiler::record::SAMPLE_HZ;

/// Highest rate that the kernel allows.
const LIMIT: &str = "/proc/sys/kernel/perf_event_max_sample_rate";

/// CPU samples a second on each CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleRate(pub u32);

impl Default for SampleRate {
    fn default() -> Self {
        SampleRate(SAMPLE_HZ)
    }
}

impl std::fmt::Display for SampleRate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

impl std::str::FromStr for SampleRate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let limit = std::fs::read_to_string(LIMIT);
        let limit = limit.ok().and_then(|limit| limit.trim().parse().ok());
        parse(text, limit.unwrap_or(u32::MAX)).map(SampleRate)
    }
}

fn parse(text: &str, limit: u32) -> Result<u32, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("must be a number of samples a second, as in 1999".into()),
        Ok(rate) if rate > limit => Err(format!(
            "the kernel takes {limit} samples a second at most; raise \
             kernel.perf_event_max_sample_rate by sysctl, or give a lower rate"
        )),
        Ok(rate) => Ok(rate),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_rates_that_the_kernel_refuses() {
        assert_eq!(parse("1999", 10_000), Ok(1_999));
        assert_eq!(parse("10000", 10_000), Ok(10_000));
        let high = parse("10001", 10_000).unwrap_err();
        assert!(high.contains("10000 samples a second at most"), "{high}");
        for text in ["0", "-1", "fast", "", "4294967296"] {
            assert!(parse(text, u32::MAX).is_err(), "{text}");
        }
    }
}
