//! Rule about dependencies: they follow the flow of data.

use super::{File, Rule, Violation};

/// Returns the dependencies of a manifest that point against the flow of data.
pub fn check(file: &File) -> Vec<Violation> {
    let Some(krate) = file.path.strip_suffix("/Cargo.toml") else {
        return Vec::new();
    };
    let forbidden: &[&str] = match krate {
        "recording" => &["aya", "tokio", "analysis", "report"],
        "analysis" => &["aya", "tokio", "report"],
        "report" => &["aya", "tokio"],
        "profiler" => &["report", "runner", "kontrast", "suite"],
        "runner" => &["aya", "analysis", "profiler", "report", "kontrast", "suite"],
        "kontrast" => &["suite", "xtask"],
        "xtask" => &["recording", "analysis", "runner", "profiler", "suite"],
        "loadgen" => &["aya", "analysis", "profiler", "runner", "kontrast"],
        "stub" => &[
            "aya", "analysis", "report", "profiler", "runner", "kontrast",
        ],
        "profiler-common" => &["recording", "serde"],
        _ => &[],
    };
    let table: toml::Table = file.text.parse().expect("cargo reads it too");
    let dependencies = table.get("dependencies");
    let uses = |name: &str| dependencies.is_some_and(|it| it.get(name).is_some());
    forbidden
        .iter()
        .filter(|name| uses(name))
        .map(|name| {
            let text = format!("may not depend on {name}");
            Violation::new(Rule::Crates, &file.path, 1, text)
        })
        .collect()
}
