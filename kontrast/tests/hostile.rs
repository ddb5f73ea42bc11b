//! Recordings that somebody damaged or made up: reporting neither panics nor takes all memory.

use recording::Recording;
use recording::io::load_recording;
use recording::testing::three_arms;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::path::Path;
use std::process::Command;

/// The largest number that a recording may have: 36 years in ns, or an exbibyte.
const LARGEST: u64 = 1 << 60;

/// A generator of the same numbers on every run.
struct Numbers(u64);

impl Numbers {
    /// Returns a number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        // Constants of Knuth's MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

fn wrong(numbers: &mut Numbers) -> Value {
    match numbers.below(9) {
        8 => u64::MAX.into(),
        0 => LARGEST.into(),
        1 => 0.into(),
        2 => (-1).into(),
        3 => 1e308.into(),
        4 => "\u{1b}[2J</script>\u{202e}\"\n".into(),
        5 => "x".repeat(1 << 20).into(),
        6 => Value::Array(Vec::new()),
        _ => Value::Null,
    }
}

/// Returns every scalar of a document.
fn scalars<'a>(value: &'a mut Value, found: &mut Vec<&'a mut Value>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| scalars(item, found)),
        Value::Object(fields) => fields.values_mut().for_each(|field| scalars(field, found)),
        scalar => found.push(scalar),
    }
}

/// Returns the path of one scalar of each field: one entry stands for all of a list.
fn fields(value: &Value) -> Vec<String> {
    fn walk(value: &Value, path: &str, kind: &str, found: &mut BTreeMap<String, String>) {
        match value {
            Value::Array(items) => (0..).zip(items).for_each(|(at, item): (usize, _)| {
                walk(item, &format!("{path}/{at}"), &format!("{kind}/*"), found);
            }),
            Value::Object(fields) => fields.iter().for_each(|(name, field)| {
                walk(
                    field,
                    &format!("{path}/{name}"),
                    &format!("{kind}/{name}"),
                    found,
                );
            }),
            Value::Number(_) => {
                found.entry(kind.into()).or_insert_with(|| path.into());
            }
            _ => (),
        }
    }
    let mut found = BTreeMap::new();
    walk(value, "", "", &mut found);
    found.into_values().collect()
}

/// Loads a recording of which one field has another value.
fn with(good: &Value, field: &str, value: Value, dir: &Path) -> Result<Recording, String> {
    let mut changed = good.clone();
    *changed.pointer_mut(field).expect("a field") = value;
    std::fs::write(dir.join("recording.json"), changed.to_string()).expect("written");
    load_recording(dir).map_err(|error| error.to_string())
}

/// Compares a recording with nothing, and renders the result.
fn report(recording: &Recording) {
    let recordings = [("recording.json".into(), recording.clone())];
    let comparison = analysis::compare(&recordings);
    let input = report::Input {
        comparison: &comparison,
        recordings: &recordings,
    };
    report::text(&input, false, &mut Vec::new()).expect("written to memory");
}

#[test]
fn rejects_each_number_that_nothing_measures() {
    let (_, good) = three_arms().swap_remove(0);
    let good = serde_json::to_value(&good).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let fields = fields(&good);
    assert!(fields.len() > 100, "{fields:?}");
    for field in &fields {
        for wrong in [json!(u64::MAX), json!(i64::MAX), json!(1e308)] {
            let error = with(&good, field, wrong, dir.path()).unwrap_err();
            assert!(error.contains(&format!(": {field} is ")), "{error}");
        }
    }
    let (code, message) = limited(&["report", "."], dir.path());
    assert_eq!(code, Some(1), "{message}");
    assert!(message.contains(fields.last().unwrap()), "{message}");
}

#[test]
fn survives_the_ends_of_what_can_be_measured() {
    let (_, good) = three_arms().swap_remove(0);
    let good = serde_json::to_value(&good).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut trouble = Vec::new();
    for field in fields(&good) {
        for value in [json!(LARGEST), json!(-1)] {
            match with(&good, &field, value.clone(), dir.path()) {
                Ok(recording) if catch_unwind(|| report(&recording)).is_err() => {
                    trouble.push(format!("{field}: {value}"));
                }
                Ok(_) => (),
                Err(error) => assert!(error.contains(&format!(": {field} ")), "{error}"),
            }
        }
    }
    assert!(trouble.is_empty(), "{trouble:#?}");
}

/// Runs kontrast with 2 GiB of address space, and returns its exit code and what it says.
fn limited(arguments: &[&str], folder: &Path) -> (Option<i32>, String) {
    let output = Command::new("sh")
        .args(["-c", "ulimit -v 2097152; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_kontrast"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("it starts");
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), message)
}

#[test]
fn survives_recordings_with_wrong_values() {
    let (_, good) = three_arms().swap_remove(0);
    let dir = tempfile::tempdir().unwrap();
    let mut numbers = Numbers(21);
    let mut read = 0;
    for _ in 0..120 {
        let mut value = serde_json::to_value(&good).unwrap();
        let mut all = Vec::new();
        scalars(&mut value, &mut all);
        let count = all.len();
        let chosen = numbers.below(count);
        let wrong = wrong(&mut numbers);
        let shown = format!("{:.40} in place of {}", wrong.to_string(), all[chosen]);
        *all[chosen] = wrong;
        std::fs::write(dir.path().join("recording.json"), value.to_string()).unwrap();
        let (code, message) = limited(&["report", ".", "--format", "text,html"], dir.path());
        assert!(matches!(code, Some(0 | 1)), "{code:?}, {shown}: {message}");
        read += u32::from(code == Some(0));
    }
    assert!(read > 5, "some wrong values have the right type: {read}");
}

#[test]
fn rejects_rounds_whose_sum_nothing_measures() {
    let (_, mut recording) = three_arms().swap_remove(0);
    recording.threads[0].on_cpu_ns = LARGEST;
    let dir = tempfile::tempdir().unwrap();
    for round in 0..5 {
        let round = dir.path().join(format!("rounds/{round}"));
        std::fs::create_dir_all(&round).unwrap();
        recording::io::save_recording(&round, &recording).unwrap();
    }
    let compare = ["compare", "a=rounds", "b=rounds", "--out", "out"];
    let (code, message) = limited(&compare, dir.path());
    assert_eq!(code, Some(1), "{message}");
    assert!(
        message.contains(" makes the sum of all numbers"),
        "{message}"
    );
}

#[test]
fn survives_recordings_that_are_cut_or_nested() {
    let (_, good) = three_arms().swap_remove(0);
    let dir = tempfile::tempdir().unwrap();
    let text = serde_json::to_string(&good).unwrap();
    let (schema, _) = text.split_once(',').unwrap();
    let nested = format!("{schema},\"threads\":{}", "[".repeat(1 << 20));
    for text in [&text[..text.len() / 2], "", "{}", &nested] {
        std::fs::write(dir.path().join("recording.json"), text).unwrap();
        let (code, message) = limited(&["report", "."], dir.path());
        assert_eq!(code, Some(1), "{message}");
        assert!(message.contains("recording.json"), "{message}");
    }
}
