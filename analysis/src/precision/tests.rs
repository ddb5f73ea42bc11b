use super::*;
use crate::testing::go_and_bun;
use rand::{SeedableRng, rngs::StdRng};
use rand_distr::{Distribution, Normal};
use recording::testing::Build;

fn goal(precision: f64) -> Goal {
    Goal {
        precision,
        metrics: Vec::new(),
        min_rounds: 1,
        max_rounds: 40,
        max_time: Duration::from_secs(3_600),
    }
}

/// A round of an arm with 1,000 tokens that takes so much CPU time.
fn round(arm: &str, cpu_ns: f64) -> Recording {
    Build::arm(arm)
        .thread(1, recording::testing::MAIN, |thread| {
            thread.user(cpu_ns as u64, 1)
        })
        .load(1_000, 10)
        .done()
}

/// Runs rounds of two arms until the watch ends them; each costs what its arm's function says.
fn run(goal: Goal, mut costs: impl FnMut() -> [f64; 2]) -> AutoRounds {
    let mut watch = Watch::new(goal);
    let mut recordings = Vec::new();
    for number in 1.. {
        let [a, b] = costs();
        recordings.extend([round("a", a), round("b", b)]);
        let borrowed: Vec<_> = recordings.iter().map(|it| ("", it)).collect();
        let elapsed = Duration::from_secs(10 * u64::from(number));
        if let Some(ended) = watch.look(number, elapsed, &borrowed).ended {
            return ended;
        }
    }
    unreachable!("the watch ends at its maximum of rounds")
}

#[test]
fn ends_at_the_second_narrow_look() {
    let ended = run(goal(0.05), || [1e6, 1.5e6]);
    assert_eq!((ended.rounds, ended.end), (6, AutoEnd::Precise));
    let widest = ended.widest.unwrap();
    assert_eq!((widest.a.as_deref(), widest.b.as_str()), (Some("a"), "b"));
    assert_eq!(widest.metric, MetricId::CpuNsPerToken);
    assert!(widest.reach.unwrap() < 1e-6);
}

#[test]
fn ends_where_the_budget_is_spent() {
    let mut turn = 0;
    let mut noisy = || {
        turn += 1;
        [1e6, if turn % 2 == 0 { 1e6 } else { 2e6 }]
    };
    let rounds = Goal {
        max_rounds: 9,
        ..goal(0.05)
    };
    let ended = run(rounds, &mut noisy);
    assert_eq!((ended.rounds, ended.end), (9, AutoEnd::MaxRounds));
    let time = Goal {
        max_time: Duration::from_secs(72),
        ..goal(0.05)
    };
    let ended = run(time, &mut noisy);
    assert_eq!((ended.rounds, ended.end), (7, AutoEnd::MaxTime));
}

#[test]
fn measures_at_least_the_rounds_asked() {
    let asked = Goal {
        min_rounds: 9,
        ..goal(0.05)
    };
    assert_eq!(run(asked, || [1e6, 1e6]).rounds, 10);
}

#[test]
fn watches_metrics_of_conditions() {
    let recordings = go_and_bun(4);
    let borrowed: Vec<_> = recordings
        .iter()
        .map(|(path, it)| (path.as_str(), it))
        .collect();
    let found = standings(&borrowed, &[MetricId::RssBytes, MetricId::CpuNsPerToken]);
    let names: Vec<_> = found.iter().map(|it| it.interval.metric).collect();
    assert_eq!(names, [MetricId::CpuNsPerToken, MetricId::RssBytes]);
    let compared = crate::testing::compare(&recordings);
    let metric = |name| compared.metrics.iter().find(|it| it.name == name).unwrap();
    let cpu = &metric(MetricId::CpuNsPerToken).pairs[0];
    assert_eq!(found[0].ci95, cpu.ci95);
}

#[test]
fn watches_the_value_of_a_single_arm() {
    let rounds = [1e6, 1.1e6].map(|cost| round("a", cost));
    let borrowed: Vec<_> = rounds.iter().map(|it| ("", it)).collect();
    let found = standings(&borrowed, &[]);
    assert_eq!((found.len(), &found[0].interval.a), (1, &None));
    assert!(found[0].interval.reach.unwrap() > 0.05);
    assert_eq!(standings(&borrowed[..1], &[])[0].interval.reach, None);
    assert_eq!(standings(&[], &[]), []);
}

/// Intervals of Student's t, which those of `stats` approach: after as many rounds as the rule
/// takes, 93 to 95 of 100 hold the truth. A fixed number of rounds has 95, a rule that ends at the
/// first narrow look 91. The bounds allow for the chance of 2,000 seeded runs.
#[test]
fn covers_the_truth_in_most_runs_that_end_by_width() {
    let mut rng = StdRng::seed_from_u64(5);
    for deviation in [0.01, 0.03, 0.05, 0.08] {
        let noise = Normal::new(0.0, deviation).unwrap();
        let held = (0..2_000).filter(|_| {
            let mut watch = Watch::new(goal(0.05));
            let mut logs: Vec<f64> = Vec::new();
            loop {
                logs.push(noise.sample(&mut rng));
                let (round, [mean, reach]) = (logs.len() as u32, students_interval(&logs));
                let ended = watch.end(round, Duration::ZERO, Some(reach.exp_m1()));
                if ended.is_some() {
                    return mean.abs() <= reach;
                }
            }
        });
        let share = held.count() as f64 / 2_000.0;
        assert!((0.92..0.965).contains(&share), "{share} at {deviation}");
    }
}

/// Returns the mean, and the half width of its 95 % interval.
fn students_interval(values: &[f64]) -> [f64; 2] {
    let count = values.len() as f64;
    if values.len() < 2 {
        return [values[0], f64::INFINITY];
    }
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|it| (it - mean).powi(2)).sum();
    let error = (squares / (count - 1.0) / count).sqrt();
    [mean, stats::student_t(values.len() - 1) * error]
}
