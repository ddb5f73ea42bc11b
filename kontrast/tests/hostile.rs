//! Recordings that somebody damaged or made up: reporting neither panics nor takes all memory.

use recording::testing::three_arms;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

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
    match numbers.below(8) {
        // 13 days in ns, or a pebibyte. Sums of larger numbers overflow.
        0 => (1_u64 << 50).into(),
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
