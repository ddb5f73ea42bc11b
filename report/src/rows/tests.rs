use super::*;
use recording::observer::ProgramCost;
use recording::testing::three_arms;
use serde_json::json;

fn written(table: TableName, format: Format, results: &[&str]) -> String {
    let recordings = three_arms();
    let comparison = analysis::compare(&recordings);
    let input = Input {
        comparison: &comparison,
        recordings: &recordings,
    };
    let mut out = Vec::new();
    let mut rows = Rows::begin(table, format, &mut out).expect("begun");
    for (at, result) in results.iter().enumerate() {
        rows.add(result, at as u64, &input).expect("written");
    }
    rows.end().expect("ended");
    String::from_utf8(out).expect("text")
}

#[test]
fn writes_every_table_with_the_same_columns_in_both_formats() {
    for table in TableName::ALL {
        let csv = written(table, Format::Csv, &["r/1"]);
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let names: Vec<String> = {
            let names = reader.headers().expect("names").iter();
            names.map(String::from).collect()
        };
        let rows: Vec<csv::StringRecord> =
            reader.records().map(|row| row.expect("a row")).collect();
        let ndjson = written(table, Format::Ndjson, &["r/1"]);
        let objects: Vec<Map<String, Value>> = ndjson
            .lines()
            .map(|line| serde_json::from_str(line).expect("an object"))
            .collect();
        assert_eq!(rows.len(), objects.len(), "{table:?}");
        for (row, object) in rows.iter().zip(&objects) {
            assert_eq!(object.len(), names.len(), "{table:?}: {object:?}");
            for (name, text) in names.iter().zip(row) {
                assert_eq!(cell(&object[name]), text, "{table:?} {name}");
            }
        }
    }
}

#[test]
fn keeps_values_exact() {
    let recordings = three_arms();
    let comparison = analysis::compare(&recordings);
    let metric = &comparison.metrics[0];
    let (arm, estimate) = metric.arms.first_key_value().expect("an arm");
    let ndjson = written(TableName::Metrics, Format::Ndjson, &["r/1"]);
    let first: Value = serde_json::from_str(ndjson.lines().next().expect("a row")).expect("JSON");
    assert_eq!(first["arm"], arm.as_str());
    assert_eq!(first["metric"], metric.name.name());
    assert!((first["value"].as_f64().expect("a number") / estimate.value - 1.0).abs() < 1e-12);
}

#[test]
fn has_a_row_for_each_value_over_time_and_each_program() {
    let mut recordings = three_arms();
    recordings.truncate(1);
    recordings[0].1.observer.probe_groups[0].costs = vec![ProgramCost {
        program: "sched\u{1b}switch".into(),
        runs: 10,
        run_ns: 2_000,
    }];
    let rows = of_recordings::probes(&recordings);
    let path = "go/1/recording.json";
    let program = "sched\u{fffd}switch";
    let row = json!([path, "go", "scheduler", "tp_btf", program, 10, 2_000]);
    assert_eq!(Value::from(rows[0].clone()), row);
    let rows = of_recordings::series(&recordings);
    let rss = recordings[0].1.memory.series[2];
    let row = json!([path, "go", rss.t_ns, "rss_bytes", rss.rss_bytes, "bytes"]);
    assert!(rows.iter().any(|found| Value::from(found.clone()) == row));
    // Three values of CPU time, one of memory and three of the load for each of five seconds.
    assert_eq!(
        (of_recordings::probes(&recordings).len(), rows.len()),
        (1, 5 * 7)
    );
}

#[test]
fn appends_results_below_one_line_of_names() {
    let csv = written(TableName::Threads, Format::Csv, &["r/1", "r/\u{1b}2"]);
    assert_eq!(csv.matches("start_unix_ns").count(), 1);
    let of = |result: &str| csv.lines().filter(|line| line.starts_with(result)).count();
    assert!(of("r/1,0,") > 0);
    assert_eq!(of("r/1,0,"), of("r/\u{fffd}2,1,"));
}
