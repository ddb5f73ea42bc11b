//! Steps in the terminal summary and on the page.

use recording::LoadSummary;
use recording::format::duration;
use recording::load::{Distribution, LoadStep};
use std::io::{self, Write};

/// Returns the distributions of a step.
pub fn distributions(step: &LoadStep) -> [(&'static str, &Distribution); 2] {
    [("ttft", &step.ttft), ("total", &step.total)]
}

/// Returns method and path.
pub fn request(step: &LoadStep) -> String {
    let request = format!("{} {}", step.method, step.path);
    request.trim_end().to_owned()
}

/// Writes a paragraph per step.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(summary: &LoadSummary, out: &mut dyn Write) -> io::Result<()> {
    for step in &summary.steps {
        let request = request(step);
        let name = match step.name == request {
            true => request,
            false => format!("{} ({request})", step.name),
        };
        let failed = match step.failed {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        writeln!(out, "  step {name}: {} good{failed}", step.good)?;
        for (name, values) in distributions(step)
            .into_iter()
            .filter(|(_, values)| values.count > 0)
        {
            let columns = [
                ("p(50)", values.p50_ns),
                ("p(90)", values.p90_ns),
                ("p(99)", values.p99_ns),
            ];
            let columns = columns.map(|(name, ns)| format!("{name}={:<8}", duration(ns)));
            writeln!(out, "    {name:.<16}: {}", columns.join(" ").trim_end())?;
        }
    }
    Ok(())
}
