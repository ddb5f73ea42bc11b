//! `loadgen compare`: compares two results.

use super::Outcome;
use crate::compare::{Metric, Unit, Verdict, caveats, compare};
use recording::LoadSummary;
use recording::format::{duration, number};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const EXAMPLE: &str = "\
Example:
  loadgen compare before.json after.json";

/// Compare two results (--json), with 95 % intervals from blocks of time
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Compare {
    /// Read the first result, the baseline
    #[arg(value_name = "A")]
    pub one: PathBuf,
    /// Read the second result, which is compared with the baseline
    #[arg(value_name = "B")]
    pub two: PathBuf,
}

impl Compare {
    /// Reads both results and prints the comparison.
    pub fn execute(self) -> anyhow::Result<Outcome> {
        let load = |path: &Path| recording::io::load::<LoadSummary>(path, recording::LOAD_SCHEMA);
        let (one, two) = (load(&self.one)?, load(&self.two)?);
        let names = [&self.one, &self.two].map(|path| path.display().to_string());
        write([&one, &two], &names, &mut io::stdout().lock())?;
        Ok(Outcome::Done)
    }
}

fn write(loads: [&LoadSummary; 2], names: &[String; 2], out: &mut dyn Write) -> io::Result<()> {
    let [one, two] = names;
    writeln!(out, "\n  {two} against {one}\n")?;
    writeln!(
        out,
        "  {:<20} {:>10} {:>10} {:>8}  {:<18} verdict",
        "", "A", "B", "B / A", "95 % interval"
    )?;
    for metric in compare(loads) {
        write_metric(&metric, out)?;
    }
    for caveat in caveats(loads) {
        writeln!(out, "\n  Note: {caveat}.")?;
    }
    writeln!(out)
}

fn write_metric(metric: &Metric, out: &mut dyn Write) -> io::Result<()> {
    let [one, two] = metric.values.map(|value| show(metric.unit, value));
    let ratio = metric
        .ratio
        .map_or("–".into(), |ratio| format!("{ratio:.2}×"));
    let interval = metric.interval.map_or(String::new(), |[low, high]| {
        format!("{low:.2}× to {high:.2}×")
    });
    let verdict = match metric.verdict() {
        Verdict::Higher => "higher",
        Verdict::Lower => "lower",
        Verdict::Undecided => "no difference shown",
        Verdict::TooShort => "no interval: needs 10 s of each",
    };
    let name = metric.name;
    writeln!(
        out,
        "  {name:<20} {one:>10} {two:>10} {ratio:>8}  {interval:<18} {verdict}"
    )
}

fn show(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Nanoseconds => duration(value as u64),
        Unit::PerSecond => format!("{}/s", number(value)),
        Unit::Percent => format!("{} %", number(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::load::LoadPoint;

    #[test]
    fn prints_a_row_per_metric() {
        let load = |tokens| LoadSummary {
            series: (1..=20)
                .map(|second| LoadPoint {
                    t_ns: second * 1_000_000_000,
                    completed: 10,
                    tokens,
                    load: 5.0,
                    ..LoadPoint::default()
                })
                .collect(),
            ..LoadSummary::default()
        };
        let names = ["a.json".to_owned(), "b.json".to_owned()];
        let mut out = Vec::new();
        write([&load(500), &load(550)], &names, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let row = text.lines().find(|line| line.contains("tokens")).unwrap();
        let words: Vec<&str> = row.split_whitespace().collect();
        let expected = [
            "tokens", "500/s", "550/s", "1.10×", "1.10×", "to", "1.10×", "higher",
        ];
        assert_eq!(words, expected);
        assert!(text.contains("b.json against a.json"), "{text}");
    }
}
