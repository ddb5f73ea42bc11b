use super::*;
use crate::outcome::WrongUsage;
use clap::Parser;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    run: Run,
}

fn request(arguments: &[&str]) -> Result<Request, String> {
    let arguments = std::iter::once(&"run").chain(arguments);
    let cli = Cli::try_parse_from(arguments).map_err(|error| error.to_string())?;
    Ok(cli.run.request())
}

#[test]
fn defaults_to_the_baseline() {
    let request = request(&[]).unwrap();
    assert_eq!(request.arms, ["go", "bun", "bun-1.4"]);
    assert_eq!(
        (request.rounds, request.duration),
        (4, Some(Duration::from_secs(15)))
    );
    assert_eq!(
        request.load,
        Load::Loadgen {
            scenario: "baseline",
            users: None
        }
    );
}

#[test]
fn overrides_the_rounds_of_a_scenario_by_options() {
    let quick = request(&["--scenario", "quick"]).unwrap();
    assert_eq!(
        (quick.rounds, quick.duration),
        (4, Some(Duration::from_secs(2)))
    );
    let mine = request(&[
        "--scenario",
        "quick",
        "--rounds",
        "3",
        "--duration",
        "700ms",
        "--users",
        "2",
    ])
    .unwrap();
    assert_eq!(
        (mine.rounds, mine.duration),
        (3, Some(Duration::from_millis(700)))
    );
    assert_eq!(
        mine.load,
        Load::Loadgen {
            scenario: "quick",
            users: Some(2)
        }
    );
}

#[test]
fn chooses_the_number_of_rounds_if_asked() {
    let limits = |arguments: &[&str]| {
        let request = request(arguments).unwrap();
        let auto = request.auto.map(|auto| (auto.min_rounds, auto.precision));
        (request.rounds, auto)
    };
    assert_eq!(limits(&["--rounds", "auto"]), (40, Some((1, 0.05))));
    let tight = ["--rounds", "auto", "--precision", "2%", "--max-rounds", "9"];
    assert_eq!(limits(&tight), (9, Some((1, 0.02))));
    let gate = [
        "--fail-if",
        "rss_bytes:higher",
        "--inconclusive",
        "more-rounds",
    ];
    assert_eq!(limits(&gate), (40, Some((1, 0.05))));
    let minimum = [&gate[..], &["--rounds", "6"]].concat();
    assert_eq!(limits(&minimum), (40, Some((6, 0.05))));
}

#[test]
fn rejects_limits_without_auto() {
    let cli = Cli::try_parse_from(["run", "--max-rounds", "9"]).unwrap();
    let error = cli.run.execute().unwrap_err().to_string();
    assert!(
        error.contains("--max-rounds needs --rounds auto"),
        "{error}"
    );
}

#[test]
fn uses_scenarios_of_loadgen() {
    for name in ["baseline", "quick", "stress", "soak", "spike", "breakpoint"] {
        let load = request(&["--scenario", name]).unwrap().load;
        let known = concat!(env!("CARGO_MANIFEST_DIR"), "/../loadgen/scenarios");
        let file = std::path::Path::new(known)
            .join(name)
            .with_extension("toml");
        assert!(file.exists(), "{}", file.display());
        assert!(matches!(load, Load::Loadgen { scenario, .. } if scenario == name));
    }
}

#[test]
fn counts_starts_for_cold_start_only() {
    let request = |arguments: &[&str]| request(arguments).unwrap();
    assert_eq!(request(&["--starts", "3"]).starts, None);
    let cold = request(&["--workload", "cold-start", "--scenario", "quick"]);
    assert_eq!((cold.starts, cold.rounds, cold.tokens), (Some(10), 4, 1));
    assert_eq!(cold.delay, Duration::ZERO);
}

#[test]
fn passes_a_service_with_its_name() {
    let service = |arguments: &[&str]| request(arguments).unwrap().service;
    assert_eq!(service(&[]), None);
    let postgres = service(&["--service", "postgres=./db.sh --port 0"]).unwrap();
    assert_eq!(
        (postgres.name.as_str(), postgres.command.as_str()),
        ("postgres", "./db.sh --port 0")
    );
}

#[test]
fn runs_a_load_command_to_its_end() {
    let request = request(&["--load-command", "curl {url}"]).unwrap();
    assert_eq!(
        (request.load, request.duration),
        (Load::Command("curl {url}".into()), None)
    );
}

#[test]
fn rejects_wrong_usage_with_a_hint() {
    for (arguments, hint) in [
        (&["--rounds", "0"] as &[&str], "0 is not in 1..=1000"),
        (&["--rounds", "some"], "neither a number nor auto"),
        (&["--rounds", "auto", "--precision", "5"], "as in 5%"),
        (
            &["--rounds", "auto", "--precision", "0%"],
            "between 0.1% and",
        ),
        (&["--duration", "0s"], "as in 15s"),
        (&["--duration", "soon"], "as in 15s"),
        (&["--service", "postgres"], "write it as NAME=CMD"),
        (&["--starts", "101"], "101 is not in 1..=100"),
        (&["--users", "0"], "0 is not in 1.."),
        (&["--tokens", "0"], "0 is not in 1.."),
        (&["--target-cpus", "3-1"], "as in 0-3,8"),
        (&["--load-command", "curl localhost"], "must contain {url}"),
        (
            &["--load-command", "curl {url}", "--users", "3"],
            "cannot be used with",
        ),
        (
            &["--load-command", "curl {url}", "--observer-cost"],
            "cannot be used with",
        ),
        (&["--scenario", "flood"], "possible values: baseline, quick"),
        (
            &["--workload", "mail"],
            "possible values: chat, tools-sequential",
        ),
    ] {
        let error = request(arguments).unwrap_err();
        assert!(error.contains(hint), "{arguments:?}: {error}");
    }
}

#[test]
fn passes_the_unit_of_work_to_the_recorder_or_the_load() {
    let counted = request(&["--work", "command=syscall:read"]).unwrap();
    assert_eq!(counted.work.as_deref(), Some("command=syscall:read"));
    let load = [
        "--load-command",
        "bench {host} {port}",
        "--work",
        "query=load",
    ];
    let loaded = request(&load).unwrap();
    assert_eq!(loaded.work, None);
    assert_eq!(
        loaded.load_unit.map(|unit| unit.to_string()),
        Some("query".into())
    );
    assert!(
        request(&["--work", "x=magic:1"])
            .unwrap_err()
            .contains("known are load")
    );
}

#[test]
fn rejects_a_count_of_a_load_that_counts_nothing() {
    let cli = Cli::try_parse_from(["run", "--work", "x=load"]).unwrap();
    let error = cli.run.execute().unwrap_err().to_string();
    assert!(error.contains("add --load-command"), "{error}");
}

#[test]
fn rejects_options_of_servers_under_load_for_cold_start() {
    for option in [
        &["--slow", "proxy_latency>5ms"][..],
        &["--work", "sync=syscall:fsync"],
        &["--observer-cost"],
        &["--runtime-symbols"],
    ] {
        let arguments = [&["run", "--workload", "cold-start"], option].concat();
        let error = Cli::try_parse_from(arguments).unwrap().run.execute();
        let error = error.unwrap_err();
        assert!(error.is::<WrongUsage>(), "{error}");
        assert!(error.to_string().starts_with(option[0]), "{error}");
    }
}

#[test]
fn passes_folders_of_debug_files_to_the_recorder() {
    let found = request(&["--symbols", "/tmp", "--symbols", "/"]).unwrap();
    assert_eq!(found.symbols, [PathBuf::from("/tmp"), "/".into()]);
    let missing = request(&["--symbols", "/nowhere/at/all"]).unwrap_err();
    assert!(missing.contains("cannot read the folder"), "{missing}");
}
