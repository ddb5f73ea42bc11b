//! When the pieces of a reply are sent.

use rand::{Rng, rngs::SmallRng};
use rand_distr::{Distribution, LogNormal};
use std::{fs, path::Path, sync::Arc, time::Duration};

/// The distribution of the time between two pieces.
#[derive(Clone, Debug, PartialEq)]
pub enum Gap {
    /// A constant.
    Fixed(Duration),
    /// Uniform between two bounds.
    Uniform(Duration, Duration),
    /// Log-normal, in nanoseconds.
    LogNormal(LogNormal<f64>),
    /// Recorded gaps in order, repeated from the start. Never empty.
    Recorded(Arc<[Duration]>),
}

/// The schedule of one reply.
#[derive(Clone, Debug, PartialEq)]
pub struct Timing {
    /// Gap before the first piece.
    pub first: Gap,
    /// Gap between two pieces.
    pub between: Gap,
}

impl Default for Timing {
    /// Returns 20 ms before every piece, the first included.
    fn default() -> Self {
        let gap = Gap::Fixed(Duration::from_millis(20));
        Self {
            first: gap.clone(),
            between: gap,
        }
    }
}

/// The longest gap. Samples of a distribution are capped here, so that no stream hangs by chance.
const LONGEST: Duration = Duration::from_secs(3600);

impl Gap {
    /// Parses `20ms`, `uniform:10ms:30ms`, `lognormal:20ms:0.5` (median and sigma) and
    /// `recorded:FILE`. The file is relative to `base`.
    ///
    /// # Errors
    /// If `text` has another form, or the file is not a list of durations.
    pub fn parse(text: &str, base: &Path) -> Result<Self, String> {
        match text.split_once(':') {
            None => Ok(Self::Fixed(duration(text)?)),
            Some(("uniform", range)) => Self::uniform(range),
            Some(("lognormal", shape)) => Self::log_normal(shape),
            Some(("recorded", file)) => Self::recorded(&base.join(file)),
            Some((kind, _)) => Err(format!(
                "`{kind}` is not a kind of delay; use DURATION, uniform:LOW:HIGH, lognormal:MEDIAN:SIGMA or \
                 recorded:FILE"
            )),
        }
    }

    fn uniform(range: &str) -> Result<Self, String> {
        let (low, high) = range
            .split_once(':')
            .ok_or("uniform needs two durations: uniform:LOW:HIGH")?;
        let (low, high) = (duration(low)?, duration(high)?);
        if low > high {
            return Err(format!(
                "in `uniform:{range}` the lower bound is above the upper"
            ));
        }
        Ok(Self::Uniform(low, high))
    }

    fn log_normal(shape: &str) -> Result<Self, String> {
        let (median, sigma) = shape
            .split_once(':')
            .ok_or("lognormal needs a median and a sigma: lognormal:20ms:0.5")?;
        let median = duration(median)?;
        let sigma: f64 = sigma
            .parse()
            .map_err(|_| format!("sigma `{sigma}` is not a number"))?;
        if median.is_zero() || !(0.0..=10.0).contains(&sigma) {
            return Err("lognormal needs a median above zero and a sigma from 0 to 10".into());
        }
        // The logarithm of the median is the mean of the logarithms.
        LogNormal::new((median.as_nanos() as f64).ln(), sigma)
            .map(Self::LogNormal)
            .map_err(|error| error.to_string())
    }

    fn recorded(file: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(file).map_err(|error| {
            format!(
                "cannot read recorded delays from {}: {error}",
                file.display()
            )
        })?;
        let mut delays = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if !line.is_empty() {
                let place = |error| format!("{}:{}: {error}", file.display(), number + 1);
                delays.push(duration(line).map_err(place)?);
            }
        }
        if delays.is_empty() {
            return Err(format!(
                "{} holds no delay; write one duration per line",
                file.display()
            ));
        }
        Ok(Self::Recorded(delays.into()))
    }

    /// Returns the gap before piece number `n`.
    pub fn sample(&self, n: usize, rng: &mut SmallRng) -> Duration {
        match self {
            Self::Fixed(gap) => *gap,
            Self::Uniform(low, high) => rng.random_range(*low..=*high),
            Self::LogNormal(shape) => Duration::from_nanos(shape.sample(rng) as u64).min(LONGEST),
            Self::Recorded(gaps) => gaps[n % gaps.len()],
        }
    }
}

impl Timing {
    /// Returns the gap before piece number `n`, counted from 0.
    pub fn before(&self, n: usize, rng: &mut SmallRng) -> Duration {
        match n {
            0 => self.first.sample(0, rng),
            _ => self.between.sample(n - 1, rng),
        }
    }
}

/// Parses a duration such as `20ms` or `1s 500ms`.
///
/// # Errors
/// If `text` is not a duration, or longer than an hour.
pub fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text)
        .map_err(|error| format!("`{text}` is not a duration like 20ms: {error}"))?;
    if duration > LONGEST {
        return Err(format!("`{text}` is longer than an hour"));
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn samples(text: &str, count: usize) -> Vec<Duration> {
        let gap = Gap::parse(text, Path::new(".")).unwrap();
        let mut rng = SmallRng::seed_from_u64(7);
        (0..count).map(|n| gap.sample(n, &mut rng)).collect()
    }

    #[test]
    fn keeps_uniform_gaps_between_the_bounds() {
        let samples = samples("uniform:10ms:30ms", 1000);
        let mean = samples.iter().sum::<Duration>() / 1000;
        assert!(
            samples
                .iter()
                .all(|gap| (10..=30).contains(&gap.as_millis()))
        );
        assert!((19..=21).contains(&mean.as_millis()), "{mean:?}");
    }

    #[test]
    fn gives_log_normal_gaps_the_median_and_sigma() {
        let mut samples = samples("lognormal:20ms:0.5", 2001);
        samples.sort();
        assert!(
            (19..=21).contains(&samples[1000].as_millis()),
            "{:?}",
            samples[1000]
        );
        // One sigma above the median is 20 ms * e^0.5 = 33 ms, and 84.1 % lie below.
        assert!(
            (31..=35).contains(&samples[1683].as_millis()),
            "{:?}",
            samples[1683]
        );
    }

    #[test]
    fn repeats_recorded_delays_in_order() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "# from a real model\n18ms\n\n31ms # slow\n").unwrap();
        let text = format!("recorded:{}", file.path().display());
        assert_eq!(samples(&text, 3), [18, 31, 18].map(Duration::from_millis));
    }

    #[test]
    fn rejects_bad_delays_with_the_reason() {
        let refusal = |text: &str| Gap::parse(text, Path::new(".")).unwrap_err();
        let refusals = [
            ("20", "is not a duration"),
            ("2h", "longer than an hour"),
            ("gauss:1ms:2ms", "not a kind of delay"),
            ("uniform:10ms", "two durations"),
            ("uniform:30ms:10ms", "above the upper"),
            ("lognormal:20ms", "a median and a sigma"),
            ("lognormal:20ms:wide", "not a number"),
            ("lognormal:0ms:1", "above zero"),
            ("lognormal:20ms:NaN", "sigma from 0 to 10"),
            ("recorded:no-such-file", "cannot read"),
        ];
        for (text, reason) in refusals {
            assert!(refusal(text).contains(reason), "{text}: {}", refusal(text));
        }
    }

    #[test]
    fn rejects_a_recording_without_delays() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "# nothing\n").unwrap();
        let text = format!("recorded:{}", file.path().display());
        assert!(
            Gap::parse(&text, Path::new("."))
                .unwrap_err()
                .contains("no delay")
        );
        fs::write(file.path(), "18ms\nsoon\n").unwrap();
        assert!(
            Gap::parse(&text, Path::new("."))
                .unwrap_err()
                .contains(":2: ")
        );
    }
}
