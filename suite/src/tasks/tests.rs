use super::*;
use analysis::stats::Sample;
use clap::Parser;
use measure::Values;

#[derive(clap::Parser)]
struct Cli {
    #[command(flatten)]
    arguments: Arguments,
}

fn arguments(words: &str) -> Result<Arguments, String> {
    let words = ["tasks"].into_iter().chain(words.split_whitespace());
    let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
    Ok(cli.arguments)
}

#[test]
fn rejects_wrong_usage() {
    for (words, hint) in [
        ("--rounds 0", "0 is not in 1.."),
        ("--counts 0", "0 is not in 1.."),
        ("--counts many", "invalid digit"),
        ("--step-seconds 0", "0 is not in 1.."),
    ] {
        let error = arguments(words).err().unwrap();
        assert!(error.contains(hint), "{words}: {error}");
    }
}

#[test]
fn sorts_jobs_by_size() {
    let jobs = jobs(&arguments("--counts 100,10,100 --idle-only").unwrap());
    assert_eq!(jobs, [Job::Idle(10), Job::Idle(100)]);
}

fn values(amount: f64) -> Values {
    Values::from([("rss_bytes", Sample { amount, over: 1.0 })])
}

/// Returns a report in which the second of two kinds takes twice as much, and cannot run a hundred
/// tasks.
fn measured() -> Report {
    let kinds: Vec<Kind> = kinds::chosen(&[]).unwrap().into_iter().take(2).collect();
    let arguments = arguments("--rounds 2 --counts 10,100,1000 --idle-only").unwrap();
    let limit = || Limit {
        cause: "memory".into(),
        reached: Some(50),
        threads: 7.0,
    };
    let second = kinds[1].name.clone();
    let mut session = Session::new(kinds, jobs(&arguments));
    for round in 0..2 {
        let measure = |kind: &Kind, job| match (kind.name == second, job) {
            (true, Job::Idle(100..)) => Err(limit().into()),
            (is_second, _) => Ok(values(if is_second { 4096.0 } else { 2048.0 })),
        };
        session.round(round, measure).unwrap();
    }
    session.report(&[], "today".into())
}

#[test]
fn skips_larger_jobs_after_a_limit() {
    let report = measured();
    let stops: Vec<String> = report.stops.iter().map(|stop| stop.job.clone()).collect();
    assert_eq!(stops, ["idle-100"]);
}

#[test]
fn prints_values_ratios_and_limits() {
    let text = table::text(&measured());
    let line = |name: &str| {
        let lines = text.lines().skip_while(|line| !line.starts_with("Memory"));
        let mut ours = lines.filter(|line| line.starts_with(name));
        let words = ours.next().unwrap().split_whitespace();
        words.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        line("goroutines"),
        "goroutines 2.00 KiB 2.00 KiB 2.00 KiB",
        "{text}"
    );
    assert_eq!(
        line("tokio-tasks"),
        "tokio-tasks 4.00 KiB ×2.00–2.00 - -",
        "{text}"
    );
    assert!(
        text.contains("tokio-tasks, idle-100: memory (50 tasks, 7 threads)"),
        "{text}"
    );
}

#[test]
fn fails_on_errors_that_are_no_limits() {
    let kinds = kinds::chosen(&["goroutines".into()]).unwrap();
    let mut session = Session::new(kinds, vec![Job::Read]);
    let failed = session.round(0, |_, _| anyhow::bail!("a wrong result"));
    let error = format!("{:#}", failed.err().unwrap());
    assert!(
        error.contains("goroutines, read") && error.contains("a wrong result"),
        "{error}"
    );
}

#[test]
fn rejects_a_folder_that_exists() {
    let folder = tempfile::tempdir().unwrap();
    let error = format!("{:#}", new_folder(Some(folder.path())).unwrap_err());
    assert!(error.contains("must name a new folder"), "{error}");
}

#[test]
fn omits_ratios_of_noisy_rounds() {
    let mut report = measured();
    let of_tokio = |row: &&mut Row| row.ratio.is_some();
    let row = report.rows.iter_mut().find(of_tokio).unwrap();
    row.ratio.as_mut().unwrap().value.ci95 = [0.01, 5.0];
    assert!(table::text(&report).contains("4.00 KiB ×?"));
}
