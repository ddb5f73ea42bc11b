//! Distributions on the command line: `2s`, `uniform:1s:3s`, `lognormal:2s:0.5`, `recorded:FILE`.

use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use rand_distr::{Distribution as _, LogNormal, Uniform};

/// Distribution of durations (seconds) or lengths (words).
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// Always this value.
    Constant(f64),
    /// Uniform between two values.
    Uniform(f64, f64),
    /// Log-normal with this median and sigma.
    LogNormal(f64, f64),
    /// These values in order, repeated.
    Recorded(Vec<f64>),
}

impl Distribution {
    /// Parses a distribution whose values `read` parses.
    ///
    /// # Errors
    /// If the text is malformed, or a file cannot be read.
    pub fn parse(text: &str, read: impl Fn(&str) -> Result<f64, String>) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(':').collect();
        let distribution = match parts[..] {
            ["uniform", low, high] => Self::Uniform(read(low)?, read(high)?),
            ["lognormal", median, sigma] => {
                let parsed = sigma.parse();
                let parsed = parsed.map_err(|_| format!("{sigma:?} is not a number"))?;
                Self::LogNormal(read(median)?, parsed)
            }
            ["recorded", ..] => Self::recorded(&text["recorded:".len()..], read)?,
            [value] => Self::Constant(read(value)?),
            _ => return Err(format!("{text:?} is not a distribution")),
        };
        distribution.check()
    }

    fn recorded(path: &str, read: impl Fn(&str) -> Result<f64, String>) -> Result<Self, String> {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|error| format!("cannot read {path}: {error}"))?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let values: Vec<f64> = lines.map(read).collect::<Result<_, _>>()?;
        match values.is_empty() {
            true => Err(format!("{path} has no values")),
            false => Ok(Self::Recorded(values)),
        }
    }

    fn check(self) -> Result<Self, String> {
        match &self {
            Self::Uniform(low, high) if low > high => Err(format!("{low} is more than {high}")),
            Self::LogNormal(median, sigma) if !(*median > 0.0 && *sigma >= 0.0) => Err(
                "a log-normal distribution needs a median over 0 and a sigma of 0 or more".into(),
            ),
            _ => Ok(self),
        }
    }

    /// Returns the value number `index`, the same for the same `seed` and index.
    pub fn value(&self, seed: u64, index: u64) -> f64 {
        // SplitMix64's increment keeps neighbouring indices apart.
        let state = seed ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut random = SmallRng::seed_from_u64(state);
        match self {
            Self::Constant(value) => *value,
            Self::Uniform(low, high) => {
                let uniform = Uniform::new_inclusive(*low, *high);
                uniform.map_or(*low, |uniform| uniform.sample(&mut random))
            }
            Self::LogNormal(median, sigma) => {
                let normal = LogNormal::new(median.ln(), *sigma);
                normal.map_or(*median, |normal| normal.sample(&mut random))
            }
            Self::Recorded(values) => values[(index % values.len() as u64) as usize],
        }
    }
}

/// Parses a duration to seconds.
///
/// # Errors
/// If it is malformed.
pub fn seconds(text: &str) -> Result<f64, String> {
    let duration = humantime::parse_duration(text);
    let duration = duration.map_err(|error| format!("{text:?} is not a duration: {error}"))?;
    Ok(duration.as_secs_f64())
}

/// Longest prompt in words. A longer one is a slip, and would fill the memory.
pub const MAX_WORDS: usize = 1_000_000;

/// Parses a number of words.
///
/// # Errors
/// If it is malformed, or more than [`MAX_WORDS`].
pub fn words(text: &str) -> Result<f64, String> {
    let words: Option<usize> = text.parse().ok();
    let words = words.filter(|words| *words <= MAX_WORDS);
    let words = words.ok_or_else(|| format!("{text:?} is no number of words up to {MAX_WORDS}"))?;
    Ok(words as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Distribution, String> {
        Distribution::parse(text, seconds)
    }

    #[test]
    fn parses_every_notation() {
        assert_eq!(parse("2s"), Ok(Distribution::Constant(2.0)));
        assert_eq!(parse("uniform:1s:3s"), Ok(Distribution::Uniform(1.0, 3.0)));
        assert_eq!(
            parse("lognormal:500ms:0.5"),
            Ok(Distribution::LogNormal(0.5, 0.5))
        );
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a:b.txt");
        std::fs::write(&path, "1s\n\n250ms\n").unwrap();
        let recorded = parse(&format!("recorded:{}", path.display()));
        assert_eq!(recorded, Ok(Distribution::Recorded(vec![1.0, 0.25])));
        assert_eq!(
            Distribution::parse("200", words),
            Ok(Distribution::Constant(200.0))
        );
    }

    #[test]
    fn rejects_malformed_distributions() {
        for text in [
            "",
            "soon",
            "uniform:1s",
            "uniform:3s:1s",
            "lognormal:0s:1",
            "lognormal:1s:-1",
            "normal:1s:1s",
            "recorded:/no/such/file",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(Distribution::parse("-5", words).is_err());
    }

    #[test]
    fn repeats_values_for_the_same_seed() {
        let uniform = Distribution::Uniform(1.0, 3.0);
        let values: Vec<f64> = (0..1000).map(|index| uniform.value(7, index)).collect();
        assert!(values.iter().all(|value| (1.0..=3.0).contains(value)));
        assert!((0..1000).all(|index| uniform.value(7, index) == values[index as usize]));
        let mean = values.iter().sum::<f64>() / 1000.0;
        assert!((1.9..2.1).contains(&mean), "{mean}");
        let recorded = Distribution::Recorded(vec![1.0, 2.0]);
        assert_eq!(
            [0, 1, 2].map(|index| recorded.value(7, index)),
            [1.0, 2.0, 1.0]
        );
    }

    #[test]
    fn keeps_the_median_of_a_log_normal_distribution() {
        let normal = Distribution::LogNormal(2.0, 0.5);
        let mut values: Vec<f64> = (0..1001).map(|index| normal.value(7, index)).collect();
        values.sort_by(f64::total_cmp);
        assert!((1.8..2.2).contains(&values[500]), "{}", values[500]);
    }
}
