//! What is said of each step, in text as on the page.

use super::format::duration;
use recording::LoadSummary;
use recording::load::{Distribution, LoadStep};
use std::io::{self, Write};

/// What was measured of a step.
pub fn told(step: &LoadStep) -> [(&'static str, &Distribution); 2] {
    [("ttft", &step.ttft), ("total", &step.total)]
}

/// Method and path.
pub fn request(step: &LoadStep) -> String {
    let request = format!("{} {}", step.method, step.path);
    request.trim_end().to_owned()
}

/// Writes a paragraph, if there are steps.
///
/// # Errors
/// Those of `out`.
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
        for (name, values) in told(step)
            .into_iter()
            .filter(|(_, values)| values.count > 0)
        {
            let columns = [
                ("p(50)", values.p50_ns),
                ("p(90)", values.p90_ns),
                ("p(99)", values.p99_ns),
            ];
            let columns = columns.map(|(name, ns)| format!("{name}={:<7}", duration(ns)));
            writeln!(out, "    {name:.<16}: {}", columns.join(" ").trim_end())?;
        }
    }
    Ok(())
}
