use super::*;

fn readings(points: &[(u64, f64)]) -> Vec<Reading> {
    let reading = |(ms, value): &(u64, f64)| Reading {
        at: Duration::from_millis(*ms),
        value: *value,
    };
    points.iter().map(reading).collect()
}

fn counted(points: &[(u64, f64)], start: u64, end: u64) -> Result<Counted, String> {
    let window = (Duration::from_millis(start), Duration::from_millis(end));
    within(&readings(points), window)
}

#[test]
fn counts_the_growth_inside_the_window() {
    let points = [(0, 100.0), (1_000, 200.0), (2_000, 300.0), (3_000, 400.0)];
    let found = counted(&points, 500, 2_500).expect("a count");
    assert_eq!(found.count, 200);
    let series: Vec<_> = found
        .series
        .iter()
        .map(|point| (point.t_ns, point.count))
        .collect();
    assert_eq!(series, [(500_000_000, 50), (1_500_000_000, 150)]);
    assert_eq!(counted(&points, 500, 9_000).expect("a count").count, 250);
}

#[test]
fn rejects_a_counter_that_goes_backwards() {
    let error = |points: &[(u64, f64)]| counted(points, 0, 9).err().expect("refused");
    assert!(error(&[(0, 9.0), (1, 3.0), (2, 20.0)]).contains("backwards, from 9 to 3"));
    assert!(error(&[(0, 9.0)]).contains("less than twice"));
}

#[test]
fn reads_files_and_commands() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("count");
    std::fs::write(&path, "done 41\nfailed 2\n").expect("written");
    let file = |key: Option<&str>| Counter::File {
        path: path.clone(),
        key: key.map(Into::into),
    };
    assert_eq!(file(Some("done")).read().expect("a count"), 41.0);
    let several = format!("{:#}", file(None).read().expect_err("refused"));
    assert!(several.contains("#KEY"), "{several}");
    let command = |line: &str| Counter::Command {
        line: line.into(),
        key: None,
    };
    assert_eq!(command("echo 7").read().expect("a count"), 7.0);
    let failed = format!(
        "{:#}",
        command("echo no >&2; exit 3").read().expect_err("failed")
    );
    assert!(failed.contains("exit status: 3 no"), "{failed}");
}

#[test]
fn reads_from_the_start_to_the_end_of_a_window() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("count");
    let set = |count: u64| std::fs::write(&path, count.to_string()).expect("written");
    set(5);
    let counter = Counter::File {
        path: path.clone(),
        key: None,
    };
    let mut sampler = Sampler::prepare(counter, false).expect("readable");
    let mut recording = Recording::default();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    recording.window.start_unix_ns = u64::try_from(now.as_nanos()).expect("before 2554");
    sampler.start();
    set(25);
    sampler.stop();
    recording.window.duration_ns = 3_600_000_000_000;
    let counted = sampler.count(&recording).expect("a count");
    assert_eq!(counted.count, 20);
}

#[test]
fn rejects_a_counter_that_cannot_be_read() {
    let missing = Counter::File {
        path: "/no/such/file".into(),
        key: None,
    };
    let error = Sampler::prepare(missing.clone(), false)
        .err()
        .expect("refused");
    assert!(format!("{error:#}").contains("cannot read file:/no/such/file"));
    let mut sampler = Sampler::prepare(missing, true).expect("it may come later");
    sampler.start();
    sampler.stop();
    let error = sampler
        .count(&Recording::default())
        .err()
        .expect("never read");
    assert!(error.contains("cannot read"), "{error}");
}
