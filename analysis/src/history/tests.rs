use super::*;
use crate::testing::compare;
use rand::{Rng, SeedableRng, rngs::StdRng};
use recording::testing::{Build, MAIN};

/// Stored results of two arms. From result `step` on, each token of `new` makes 8 more calls of
/// `madvise`. The host's speed varies by 20 % from result to result.
fn stored(count: usize, step: usize) -> Vec<Stored> {
    let mut rng = StdRng::seed_from_u64(3);
    let results = (0..count).map(|at| {
        let speed = rng.random_range(0.8..1.2);
        let mut noise = || rng.random_range(0.99..1.01) * speed;
        let mut round = |arm: &str, calls: u64| {
            let user = (20e6 * noise()) as u64;
            let build = Build::arm(arm).thread(1, MAIN, |thread| {
                let thread = thread.user(user, 1_000);
                match calls {
                    0 => thread,
                    calls => thread.call("madvise", calls, 500 * calls),
                }
            });
            (arm.to_owned(), build.load(1_000, 10).done())
        };
        let calls = if at < step { 0 } else { 8_000 };
        let recordings = [round("old", 0), round("new", calls)];
        Stored {
            point: Point {
                dir: format!("results/{at}"),
                start_unix_ns: at as u64,
            },
            comparison: compare(&recordings),
        }
    });
    results.collect()
}

fn wanted() -> Wanted {
    Wanted {
        metrics: vec![MetricId::CpuNsPerToken],
        significance: 0.01,
        min_change: 0.03,
        ..Wanted::default()
    }
}

#[test]
fn finds_a_planted_change_and_names_its_row() {
    let against = Wanted {
        against: Some("old".into()),
        ..wanted()
    };
    let history = history(&stored(24, 14), &against);
    let [series] = &history.series[..] else {
        panic!("{:?}", history.series);
    };
    assert_eq!((series.arm.as_str(), series.values.len()), ("new", 24));
    let [change] = &series.changes[..] else {
        panic!("{:?}", series.changes);
    };
    assert_eq!((change.at, change.dir.as_str()), (14, "results/14"));
    assert!(
        change.ratio > 1.15 && change.ratio < 1.4,
        "{}",
        change.ratio
    );
    let found = change
        .rows
        .iter()
        .find(|row| row.cause == "madvise")
        .unwrap();
    assert_eq!(found.count_before, 0.0);
    assert!(
        (found.count_after - 8.0).abs() < 1e-9,
        "{}",
        found.count_after
    );
    assert!(found.delta >= 4_000.0, "{}", found.delta);
}

#[test]
fn accounts_for_the_whole_difference() {
    let stored = stored(24, 14);
    let history = history(&stored, &wanted());
    for series in &history.series {
        assert!(!series.changes.is_empty() || series.arm == "old");
        let mut ends = series.changes.iter().skip(1).map(|change| change.at);
        let mut start = 0;
        for change in &series.changes {
            let end = ends.next().unwrap_or(series.values.len());
            let sides = series.values[start..end].split_at(change.at - start);
            start = change.at;
            let mean = |values: &[SeriesValue]| {
                values.iter().map(|it| it.value).sum::<f64>() / values.len() as f64
            };
            let difference = mean(sides.1) - mean(sides.0);
            let rows: f64 = change.rows.iter().map(|row| row.delta).sum();
            let all = rows + change.unaccounted.unwrap();
            assert!((all - difference).abs() < 1e-6, "{all} {difference}");
        }
    }
}

#[test]
fn finds_no_change_in_noise() {
    for against in [None, Some("old".to_owned())] {
        let wanted = Wanted {
            against,
            ..wanted()
        };
        let history = history(&stored(30, 30), &wanted);
        assert!(!history.series.is_empty());
        for series in history.series {
            assert_eq!(series.changes, [], "{}", series.arm);
        }
    }
}

#[test]
fn leaves_out_changes_that_are_too_small() {
    let against = Wanted {
        against: Some("old".into()),
        min_change: 0.5,
        ..wanted()
    };
    assert_eq!(history(&stored(24, 14), &against).series[0].changes, []);
}

#[test]
fn chooses_the_headline_metrics_and_the_arms_asked() {
    let asked = Wanted {
        metrics: Vec::new(),
        arms: vec!["new".into()],
        ..wanted()
    };
    let history = history(&stored(2, 2), &asked);
    let names: Vec<_> = history.series.iter().map(|it| it.metric).collect();
    assert_eq!(names[0], MetricId::CpuNsPerToken);
    assert_eq!(names.iter().filter(|name| name.is_cpu_time()).count(), 1);
    assert!(history.series.iter().all(|series| series.arm == "new"));
}
