//! Comparison of two loads, with intervals from blocks of time.
//!
//! Successive seconds of a load are not independent, so the bootstrap resamples blocks of seconds
//! (Künsch 1989), not single seconds. An interval is given from ten seconds on.

use crate::clock::SECOND;
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use recording::LoadSummary;
use recording::load::LoadPoint;

/// Number of resamples.
const RESAMPLES: usize = 2000;
/// Lowest number of seconds for an interval.
const MIN_SECONDS: usize = 10;
/// Shares of resamples below the ends of a 95 % interval.
const ENDS: [f64; 2] = [0.025, 0.975];

/// Comparison of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Name.
    pub name: &'static str,
    /// Unit of the values.
    pub unit: Unit,
    /// Value of both loads.
    pub values: [f64; 2],
    /// Ratio of the second to the first; none if the first is 0.
    pub ratio: Option<f64>,
    /// 95 % interval of the ratio; none if a load is too short.
    pub interval: Option<[f64; 2]>,
}

/// Unit of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds.
    Nanoseconds,
    /// A number a second.
    PerSecond,
    /// A share in percent.
    Percent,
}

/// Verdict on a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The second load has the higher value.
    Higher,
    /// The second load has the lower value.
    Lower,
    /// The interval contains 1.
    Undecided,
    /// There is no interval.
    TooShort,
}

/// Weighted mean of a value over seconds: the value and its weight.
type Of = fn(&Second) -> (f64, f64);

/// One second of a load.
#[derive(Clone, Copy, Debug)]
struct Second {
    point: LoadPoint,
    seconds: f64,
}

const METRICS: [(&str, Unit, Of); 6] = [
    ("completed", Unit::PerSecond, |second| {
        (second.point.completed as f64, second.seconds)
    }),
    ("tokens", Unit::PerSecond, |second| {
        (second.point.tokens as f64, second.seconds)
    }),
    ("failed or rejected", Unit::Percent, |second| {
        let point = &second.point;
        (
            100.0 * point.failed as f64,
            (point.completed + point.failed) as f64,
        )
    }),
    ("ttft, median", Unit::Nanoseconds, |second| {
        weighted(&second.point, second.point.ttft_p50_ns)
    }),
    ("ttft, p99", Unit::Nanoseconds, |second| {
        weighted(&second.point, second.point.ttft_p99_ns)
    }),
    ("itl, median", Unit::Nanoseconds, |second| {
        weighted(&second.point, second.point.itl_p50_ns)
    }),
];

/// Returns a latency and its weight: that of the answers in its second, or none without a value.
fn weighted(point: &LoadPoint, ns: u64) -> (f64, f64) {
    let weight = if ns > 0 { point.completed as f64 } else { 0.0 };
    (ns as f64 * weight, weight)
}

/// Compares the second load with the first. Latencies are means of the seconds' percentiles,
/// weighted by the answers in each second.
pub fn compare(loads: [&LoadSummary; 2]) -> Vec<Metric> {
    let seconds = loads.map(seconds);
    METRICS
        .iter()
        .map(|(name, unit, of)| metric(name, *unit, *of, &seconds))
        .filter(|metric| metric.values != [0.0, 0.0])
        .collect()
}

/// Returns the seconds in which load was offered. The last one may be a fraction.
fn seconds(load: &LoadSummary) -> Vec<Second> {
    let mut begin_ns = 0;
    let mut seconds = Vec::new();
    for point in &load.series {
        let length_ns = point.t_ns.saturating_sub(begin_ns);
        begin_ns = point.t_ns;
        if point.load > 0.0 || load.series.iter().all(|point| point.load == 0.0) {
            seconds.push(Second {
                point: *point,
                seconds: length_ns as f64 / SECOND as f64,
            });
        }
    }
    seconds
}

fn metric(name: &'static str, unit: Unit, of: Of, seconds: &[Vec<Second>; 2]) -> Metric {
    let values = [0, 1].map(|load: usize| mean(of, seconds[load].iter()));
    let enough = seconds.iter().all(|seconds| seconds.len() >= MIN_SECONDS);
    Metric {
        name,
        unit,
        values,
        ratio: (values[0] > 0.0).then(|| values[1] / values[0]),
        interval: (enough && values[0] > 0.0).then(|| interval(of, seconds)),
    }
}

fn mean<'a>(of: Of, seconds: impl Iterator<Item = &'a Second>) -> f64 {
    let (mut sum, mut weights) = (0.0, 0.0);
    for second in seconds {
        let (value, weight) = of(second);
        sum += value;
        weights += weight;
    }
    if weights > 0.0 { sum / weights } else { 0.0 }
}

/// Returns the bootstrap interval of the ratio.
fn interval(of: Of, seconds: &[Vec<Second>; 2]) -> [f64; 2] {
    // The seed is constant, so that the same files give the same interval.
    let mut random = SmallRng::seed_from_u64(1);
    let mut ratios: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let values = [0, 1].map(|load: usize| resampled(of, &seconds[load], &mut random));
            values[1] / values[0]
        })
        .filter(|ratio| ratio.is_finite())
        .collect();
    ratios.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let position = (share * ratios.len().saturating_sub(1) as f64).round() as usize;
        ratios.get(position).copied().unwrap_or(f64::NAN)
    };
    ENDS.map(at)
}

/// Returns the mean of as many seconds as there are, drawn in blocks that wrap around.
fn resampled(of: Of, seconds: &[Second], random: &mut SmallRng) -> f64 {
    let count = seconds.len();
    // The optimal length grows with the cube root of the number of values.
    let block = (count as f64).cbrt().round().max(1.0) as usize;
    let mut drawn = Vec::with_capacity(count);
    while drawn.len() < count {
        let begin = random.random_range(0..count);
        drawn.extend((begin..begin + block).map(|at| at % count));
    }
    mean(of, drawn[..count].iter().map(|at| &seconds[*at]))
}

impl Metric {
    /// Returns the verdict.
    pub fn verdict(&self) -> Verdict {
        match self.interval {
            None => Verdict::TooShort,
            Some([low, _]) if low > 1.0 => Verdict::Higher,
            Some([_, high]) if high < 1.0 => Verdict::Lower,
            Some(_) => Verdict::Undecided,
        }
    }
}

/// Returns differences between the loads that make a comparison doubtful, as sentences.
pub fn caveats(loads: [&LoadSummary; 2]) -> Vec<String> {
    let [one, two] = loads;
    let mut caveats = Vec::new();
    if one.scenario != two.scenario {
        let (one, two) = (&one.scenario, &two.scenario);
        caveats.push(format!("the scenarios differ: {one} and {two}"));
    }
    let peak = |load: &LoadSummary| {
        let loads = load.series.iter().map(|point| point.load);
        loads.fold(0.0, f64::max)
    };
    let (first, second) = (peak(one), peak(two));
    if (first - second).abs() > 0.01 * first.max(second) {
        caveats.push(format!("the highest loads differ: {first} and {second}"));
    }
    for (name, load) in [("first", one), ("second", two)] {
        if load.client.saturated {
            caveats.push(format!(
                "the {name} load is invalid: its load generator was the bottleneck"
            ));
        }
    }
    caveats
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a load whose latency is `ttft_ms` with a pattern of ±5 %.
    fn load(seconds: u64, ttft_ms: f64) -> LoadSummary {
        let point = |second: u64| {
            let noise = [0.95, 1.0, 1.05, 1.02, 0.98][(second * 7 % 5) as usize];
            LoadPoint {
                t_ns: (second + 1) * SECOND,
                load: 10.0,
                completed: 100,
                tokens: 5_000,
                ttft_p50_ns: (ttft_ms * 1e6 * noise) as u64,
                ..LoadPoint::default()
            }
        };
        LoadSummary {
            series: (0..seconds).map(point).collect(),
            ..LoadSummary::default()
        }
    }

    fn ttft(loads: [&LoadSummary; 2]) -> Metric {
        let metrics = compare(loads);
        let found = metrics
            .into_iter()
            .find(|metric| metric.name == "ttft, median");
        found.unwrap()
    }

    #[test]
    fn detects_a_difference() {
        let metric = ttft([&load(30, 20.0), &load(30, 24.0)]);
        assert!((metric.ratio.unwrap() - 1.2).abs() < 0.01, "{metric:?}");
        let [low, high] = metric.interval.unwrap();
        assert!(
            low > 1.1 && low < 1.2 && high > 1.2 && high < 1.3,
            "{metric:?}"
        );
        assert_eq!(metric.verdict(), Verdict::Higher);
        let other_way = ttft([&load(30, 24.0), &load(30, 20.0)]);
        assert_eq!(other_way.verdict(), Verdict::Lower);
    }

    #[test]
    fn reports_no_difference_between_equal_loads() {
        let metric = ttft([&load(30, 20.0), &load(40, 20.0)]);
        assert_eq!(metric.verdict(), Verdict::Undecided);
    }

    #[test]
    fn gives_no_interval_for_short_loads() {
        let metric = ttft([&load(30, 20.0), &load(9, 40.0)]);
        assert_eq!(
            (metric.interval, metric.verdict()),
            (None, Verdict::TooShort)
        );
        assert!(metric.ratio.unwrap() > 1.9);
    }

    #[test]
    fn omits_metrics_without_values() {
        let names: Vec<_> = compare([&load(10, 20.0), &load(10, 20.0)])
            .into_iter()
            .map(|metric| metric.name)
            .collect();
        assert_eq!(names, ["completed", "tokens", "ttft, median"]);
        assert!(compare([&LoadSummary::default(), &LoadSummary::default()]).is_empty());
    }

    #[test]
    fn names_differences_in_the_load() {
        let (one, mut two) = (load(10, 20.0), load(10, 20.0));
        assert!(caveats([&one, &two]).is_empty());
        two.scenario = "soak".into();
        two.client.saturated = true;
        two.series[0].load = 20.0;
        assert_eq!(caveats([&one, &two]).len(), 3);
    }
}
