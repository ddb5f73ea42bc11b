//! `kontrast run` from its arms to its report.

use crate::common::{Place, Server, program, stderr};
use serde_json::Value;
use std::fs;

fn json(path: impl AsRef<std::path::Path>) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn interleaves_compares_and_reports_rounds() {
    let (place, mut a, b) = (Place::new(), Server::start(), Server::start());
    let output = place.run(
        &[a.arm("a"), b.arm("b")],
        &["--scenario", "quick", "--duration", "1s"],
    );
    let said = stderr(&output);
    let done: Vec<&str> = said
        .lines()
        .filter(|line| line.contains(" tokens in "))
        .collect();
    let order: Vec<&str> = done
        .iter()
        .filter_map(|line| line.split(['[', ':']).nth(1))
        .collect();
    assert_eq!(
        order,
        [
            "1/4] a, round 1",
            "2/4] b, round 1",
            "3/4] b, round 2",
            "4/4] a, round 2"
        ],
        "{said}"
    );
    for round in ["a/1", "a/2", "b/1", "b/2"] {
        let recording = place.recording(round);
        assert_eq!(recording.target.arm, round[..1]);
        assert!(
            recording.requests() > 0 && recording.tokens() >= 2 * recording.requests(),
            "{round}"
        );
        assert!(!recording.is_partial());
        assert!(
            place.file(round).join("load.json").exists()
                && !place.file(round).join("recorder").exists()
        );
    }
    let comparison = json(place.file("comparison.json"));
    let rounds = &comparison["arms"][1]["recordings"];
    assert_eq!(
        rounds,
        &serde_json::json!(["b/1/recording.json", "b/2/recording.json"])
    );
    assert!(
        fs::read_to_string(place.file("report.html"))
            .unwrap()
            .contains("<html")
    );
    assert!(fs::read_dir(place.file("charts")).unwrap().count() > 0);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        printed.ends_with(&format!(
            "Report: {}\n",
            place.file("report.html").display()
        )),
        "{printed}"
    );
    assert!(a.lives(), "a server that ran before must not be ended");
}

/// The recorder writes the same recording each time, so that the intervals are points.
#[test]
fn ends_after_as_many_rounds_as_the_precision_takes() {
    let (place, server) = (Place::new(), Server::start());
    let more = ["--rounds", "auto", "--work", "it=load", "--load-command"];
    let load = "echo $(({port} > 0)){host}; echo '  70 requests completed in 1.00 seconds'";
    let arm = server.arm("a").replace("http://", "redis://");
    let arm = arm.split("/v1/").next().unwrap().to_owned();
    let output = place.run(&[arm], &[&more[..], &[load]].concat());
    let said = stderr(&output);
    assert!(said.contains("after 4 rounds: "), "{said}");
    assert!(
        said.contains("--rounds auto ended after 6 rounds of each arm"),
        "{said}"
    );
    let comparison = json(place.file("comparison.json"));
    assert_eq!(comparison["auto_rounds"]["end"], "precise");
    assert_eq!(comparison["arms"][0]["rounds"], 6);
    assert_eq!(comparison["validity"]["reasons"], serde_json::json!([]));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        printed.contains("--rounds auto ended after 6 rounds"),
        "{printed}"
    );
}

#[test]
fn keeps_the_request_in_run_json() {
    let (place, server) = (Place::new(), Server::start());
    let more = ["--duration", "50ms", "--users", "2", "--driver-cpus", "0"];
    place.run(&[server.arm("a")], &more);
    let run = json(place.file("run.json"));
    assert_eq!(run["schema"], "kontrast.run/2");
    assert_eq!(run["duration_ns"], 50_000_000);
    assert_eq!(
        run["load"],
        serde_json::json!({"loadgen": {"scenario": "baseline", "users": 2}})
    );
    assert_eq!(run["driver_cpus"], "0");
    let placement = place.recording("a/1").host.cpu_placement;
    assert_eq!(
        placement,
        "target left where it runs; stub, load generator and recorder on CPU 0"
    );
}

#[test]
fn starts_a_fresh_process_each_round_and_runs_a_load_command() {
    let place = Place::new();
    let run = format!(
        "run = \"{} --addr 127.0.0.1:{{port}} --tokens 2\"",
        program("stub").display()
    );
    let target = place.target("mine", &run);
    // A busy machine may cut it short or mark it invalid, which this test allows.
    let load = "url={url}; echo $url; \
        LOADGEN run --quiet --users 1 --duration 50ms --url ${url%/chat}/v1/chat/completions || true";
    let load = load.replace("LOADGEN", program("loadgen").to_str().unwrap());
    let output = place.run(&[target], &["--load-command", &load]);
    assert!(
        output
            .status
            .code()
            .is_some_and(|code| code == 0 || code == 3),
        "{}",
        stderr(&output)
    );
    let (one, two) = (place.recording("mine/1"), place.recording("mine/2"));
    assert!(one.load.is_none() && two.load.is_none());
    let log = |round: &str| fs::read_to_string(place.file(round).join("target.log")).unwrap();
    assert!(
        log("mine/1").starts_with("http://127.0.0.1:")
            && log("mine/2").starts_with("http://127.0.0.1:")
    );
}

#[test]
fn counts_the_work_of_a_load_command() {
    let (place, server) = (Place::new(), Server::start());
    // It does not speak HTTP, so that nothing but the command can load it.
    let arm = server.arm("a").replace("http://", "redis://");
    let arm = arm.split("/v1/").next().unwrap().to_owned();
    let load = "echo $(({port} > 0)){host}; echo '  70 requests completed in 1.00 seconds'";
    place.run(
        std::slice::from_ref(&arm),
        &["--load-command", load, "--work", "query=load"],
    );
    let work = place.recording("a/1").work.expect("the load counted");
    assert_eq!((work.name.as_str(), work.count), ("query", 70));
    assert_eq!(work.source, "load: redis-benchmark");
    let log = fs::read_to_string(place.file("a/1").join("load.log")).unwrap();
    assert!(log.starts_with("1127.0.0.1\n"), "{log}");
    let refused = place.run(&[arm], &["--duration", "50ms"]);
    assert!(stderr(&refused).contains("load it with --load-command"));
}

#[test]
fn reports_a_load_command_without_a_count() {
    let (place, server) = (Place::new(), Server::start());
    let load = ["--load-command", "true # {url}", "--work", "query=load"];
    let output = place.run(&[server.arm("a")], &load);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let recording = place.recording("a/1");
    let check = recording
        .checks
        .iter()
        .find(|check| check.name == "work_counter");
    assert!(
        check.is_some_and(|check| !check.ok),
        "{:?}",
        recording.checks
    );
}

#[test]
fn links_the_newest_run_of_results() {
    let (mut place, server) = (Place::new(), Server::start());
    place.out = place.dir.path().join("results/mine");
    place.run(&[server.arm("a")], &["--load-command", "true # {url}"]);
    let latest = place.dir.path().join("results/latest");
    assert_eq!(fs::read_link(latest).unwrap(), std::path::Path::new("mine"));
}

/// A recorder that records nothing but the mode, and intervals of each mode for `--probes
/// overhead`.
const MODES: &str = r#"interval() { echo "{\"mode\": \"$1\", \"duration_ns\": 1000000, \"cpu_ns\": $2}"; }
    write_mode() { write; while [ "$1" != --probes ]; do shift; done
        [ "$2" = overhead ] && intervals=", \"overhead\": [$(interval none 1000), $(interval attached-idle 1010), $(interval counters 1000), $(interval all 1020)]"
        sed -i "s/\"mode\": *\"none\"/\"mode\": \"$2\"$intervals/" "$out/recording.json"; }
    echo recording; cat > /dev/null; write_mode "$@""#;

#[test]
fn records_rounds_of_overhead() {
    let (place, server) = (Place::with_recorder(MODES), Server::start());
    let output = place.run(
        &[server.arm("a")],
        &["--duration", "300ms", "--observer-cost"],
    );
    let said = stderr(&output);
    for (folder, at_least_ms) in [
        ("1", 300),
        ("1-overhead", 1200),
        ("2", 300),
        ("2-overhead", 1200),
    ] {
        let recording = place.recording(&format!("a/{folder}"));
        let load = recording.load.expect("loadgen made it");
        assert!(load.tokens > 0, "{said}");
        assert!(
            load.duration_ns >= at_least_ms * 1_000_000,
            "{folder}: {said}"
        );
    }
    let order: Vec<&str> = said
        .lines()
        .filter(|line| line.contains(" tokens in "))
        .filter_map(|line| line.split("round ").nth(1)?.split(':').next())
        .collect();
    let expected = [
        "1",
        "1 of the observer's overhead",
        "2 of the observer's overhead",
        "2",
    ];
    assert_eq!(order, expected, "{said}");
    let comparison = json(place.file("comparison.json"));
    assert_eq!(
        comparison["arms"][0]["recordings"],
        serde_json::json!(["a/1/recording.json", "a/2/recording.json"])
    );
    let costs = comparison["observer_cost"].as_array().unwrap();
    let modes: Vec<&Value> = costs.iter().map(|cost| &cost["mode"]).collect();
    assert_eq!(modes, ["none", "attached-idle", "counters", "all"]);
    assert!(costs.iter().all(|cost| cost["rounds"] == 2), "{costs:?}");
    let all = costs[3]["ratio"]["value"].as_f64().unwrap();
    assert!((all - 1.02).abs() < 1e-9, "{costs:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("Cost of observing"), "{printed}");
}

/// The search takes twelve times as long as the recording.
const SEARCH: [&str; 8] = [
    "--scenario",
    "breakpoint",
    "--users",
    "6",
    "--duration",
    "500ms",
    "--rounds",
    "1",
];

#[test]
fn records_the_maximum_sustained_load() {
    let (place, server) = (Place::new(), Server::start());
    let never = ["--threshold", "failed:rate<1%"];
    let output = place.run(&[server.arm("a")], &[&SEARCH[..], &never].concat());
    let said = stderr(&output);
    assert!(said.contains("looking for the highest load"), "{said}");
    let load = place.recording("a/1").load.unwrap();
    let held = load.max_sustained.unwrap();
    assert_eq!((load.scenario.as_str(), held.crossed_at), ("hold", None));
    assert!(held.load > 0.0 && held.load <= 6.0, "{held:?}");
    assert!(load.series.iter().all(|point| point.load <= held.load));
    let search = json(place.file("a/1").join("search.json"));
    let found = search["max_sustained"]["load"].as_f64().unwrap();
    assert_eq!(found.floor(), held.load);
    let comparison = json(place.file("comparison.json"));
    let findings = comparison["findings"].as_array().unwrap();
    assert!(
        findings
            .iter()
            .any(|finding| finding["id"] == "highest-load")
    );
}

#[test]
fn reports_the_remedy_of_a_search_without_result() {
    let (place, server) = (Place::new(), Server::start());
    let always = ["--threshold", "ttft:p(99)<0.001ms"];
    let output = place.run(&[server.arm("a")], &[&SEARCH[..], &always].concat());
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("no load held") && said.contains("--threshold"),
        "{said}"
    );
}
