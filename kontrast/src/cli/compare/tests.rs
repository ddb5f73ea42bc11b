use super::*;
use clap::Parser as _;
use recording::io::save_recording;

fn save(dir: &Path, arm: &str, start_unix_ns: u64) {
    let mut recording = Recording {
        schema: recording::RECORDING_SCHEMA.into(),
        ..Recording::default()
    };
    recording.target.arm = arm.into();
    recording.window.start_unix_ns = start_unix_ns;
    fs::create_dir_all(dir).unwrap();
    save_recording(dir, &recording).unwrap();
}

fn compare(dirs: &[String], out: &Path) -> anyhow::Result<Outcome> {
    Compare {
        dirs: dirs.to_vec(),
        out: out.into(),
        claims: None,
        format: Form::Text,
        gate: Gate::default(),
    }
    .execute()
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().into()
}

#[test]
fn compares_the_rounds_of_a_run() {
    let dir = tempfile::tempdir().unwrap();
    for (time, round) in ["go/2", "bun/2", "bun/10", "go/10"].iter().enumerate() {
        save(
            &dir.path().join(round),
            round.split('/').next().unwrap(),
            time as u64,
        );
    }
    let outcome = compare(&[text(dir.path())], &dir.path().join("out")).unwrap();
    assert_eq!(outcome, Outcome::Done);
    let comparison = recording::io::load_comparison(&dir.path().join("out")).unwrap();
    assert_eq!(
        (
            comparison.arms[0].arm.as_str(),
            comparison.arms[1].arm.as_str()
        ),
        ("go", "bun")
    );
    assert_eq!(
        comparison.arms[1].recordings,
        ["../bun/2/recording.json", "../bun/10/recording.json"]
    );
    assert!(dir.path().join("out/report.html").exists());
}

#[test]
fn rejects_instrumented_rounds_alone() {
    let dir = tempfile::tempdir().unwrap();
    for arm in ["a", "b"] {
        save(&dir.path().join(arm), arm, 0);
        let mut recording = recording::io::load_recording(&dir.path().join(arm)).unwrap();
        recording.instrumented = Some(recording::Instrumented::default());
        save_recording(&dir.path().join(arm), &recording).unwrap();
    }
    let error = compare(&[text(dir.path())], &dir.path().join("out")).unwrap_err();
    assert!(error.to_string().contains("instrumented rounds"));
}

#[test]
fn distinguishes_recordings_of_one_arm_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|name| dir.path().join(name));
    save(&a, "server", 0);
    save(&b, "server", 0);
    let out = dir.path().join("out");
    let error = compare(&[text(&a), text(&b)], &out)
        .unwrap_err()
        .to_string();
    assert!(error.contains("one arm, \"server\""), "{error}");
    let named = [
        format!("before={}", text(&a)),
        format!("after={}", text(&b)),
    ];
    // One round each: done, but without a verdict.
    assert_eq!(compare(&named, &out).unwrap(), Outcome::Invalid);
}

#[test]
fn renders_the_same_report_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut given = Vec::new();
    let examples = recording::testing::three_arms().into_iter();
    for (at, (_, mut recording)) in examples.take(4).enumerate() {
        // Both arms are of one executable, so that only the comparison names them apart.
        recording.target.arm = "of-one-name".into();
        let round = dir.path().join(format!("rec/{at}"));
        fs::create_dir_all(&round).unwrap();
        save_recording(&round, &recording).unwrap();
        let arm = ["before", "after"][at % 2];
        given.push(format!("{arm}={}", text(&round)));
    }
    let out = dir.path().join("out");
    compare(&given, &out).unwrap();
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(
        page.contains("before") && !page.contains("of-one-name"),
        "arms are named apart"
    );
    let arguments = ["kontrast", "report", &text(&out), "--format", "html,json"];
    let crate::cli::Command::Report(report) = crate::cli::Cli::parse_from(arguments).command else {
        unreachable!("the verb is report");
    };
    report.execute().unwrap();
    assert_eq!(fs::read_to_string(out.join("report.html")).unwrap(), page);
    let json = fs::read_to_string(out.join("report.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let named = |at: usize| &json["recordings"][at]["recording"]["target"]["arm"];
    assert_eq!([named(0), named(2)], ["before", "after"]);
}

#[test]
fn keeps_existing_results() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("report.html"), "mine").unwrap();
    let error = compare(&[text(dir.path())], dir.path())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("is not overwritten; choose another --out"),
        "{error}"
    );
}

#[test]
fn tests_the_claims_of_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let [a, b, claims] = ["a", "b", "claims.toml"].map(|name| dir.path().join(name));
    save(&a, "a", 0);
    save(&b, "b", 0);
    let compare = |out: &str| {
        let (dirs, out) = (vec![text(&a), text(&b)], dir.path().join(out));
        Compare {
            dirs,
            out,
            claims: Some(claims.clone()),
            format: Form::Text,
            gate: Gate::default(),
        }
        .execute()
    };
    assert!(format!("{:#}", compare("x").unwrap_err()).contains("cannot read"));
    fs::write(&claims, "claim = 1").unwrap();
    assert!(format!("{:#}", compare("x").unwrap_err()).contains("not a list of claims"));
    let claim = "[[claim]]\nsource = 'me'\ntext = 'small'\narms = ['a']\nmetric = 'rss_bytes'\nmax = 1.0\nunit = 'MiB'";
    fs::write(&claims, claim).unwrap();
    compare("x").unwrap();
    let comparison = recording::io::load_comparison(&dir.path().join("x")).unwrap();
    assert_eq!(comparison.claims[0].text, "small");
}

#[test]
fn rejects_directories_without_recordings() {
    let dir = tempfile::tempdir().unwrap();
    let refused =
        |dirs: &[String]| format!("{:#}", compare(dirs, &dir.path().join("out")).unwrap_err());
    assert!(refused(&[text(&dir.path().join("gone"))]).contains("cannot search"));
    assert!(refused(&[text(dir.path())]).contains("no recording.json in"));
    save(&dir.path().join("x"), "x", 0);
    let x = text(&dir.path().join("x"));
    assert!(refused(&[x.clone(), x.clone()]).contains("is given twice"));
    fs::write(
        dir.path().join("x").join(RECORDING_FILE),
        "{\"schema\":\"old/9\"}",
    )
    .unwrap();
    assert!(refused(&[x]).contains("its schema is \"old/9\""));
    assert!(
        !dir.path().join("out").exists(),
        "a refusal leaves nothing behind"
    );
}
