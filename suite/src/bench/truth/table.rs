//! The table of scores as Markdown and JSON.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;
use recording::format;
use recording::vocabulary::Unit;

use super::causes::Dose;
use super::score::Score;

/// Formats the table as Markdown, with a total.
pub fn markdown(scores: &[Score]) -> String {
    let mut text = String::from(
        "| planted | reported first | dose, counted by the server | dose, reported | other causes above 5 % | unexplained | right |\n",
    );
    text += "|---|---|---|---|---|---|---|\n";
    for score in scores {
        let mark = if score.is_right() { "yes" } else { "**no**" };
        let first = score.first.as_deref().unwrap_or("nothing");
        let first = if score.is_first() {
            format!("`{first}`")
        } else {
            format!("`{first}`, not `{}`", score.expected)
        };
        let reported = format!(
            "{} ({:+.1} %)",
            amount(score.dose, score.measured),
            (score.measured / score.planted - 1.0) * 100.0
        );
        let planted = amount(score.dose, score.planted);
        let rest = format!("{:.1} %", score.remainder * 100.0);
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {first} | {planted} | {reported} | {} | {rest} | {mark} |",
            score.arm,
            others(score)
        );
    }
    let right = scores.iter().filter(|score| score.is_right()).count();
    text + &format!("\n{right} of {} are reported right.\n", scores.len())
}

fn others(score: &Score) -> String {
    let named = |(id, share): &(String, f64)| format!("`{id}` {}", format::percent(*share));
    let consequence = |other| format!("{} (consequence)", named(other));
    let others = score.others.iter().map(named);
    let others: Vec<String> = others
        .chain(score.consequences.iter().map(consequence))
        .collect();
    if others.is_empty() {
        "none".into()
    } else {
        others.join(", ")
    }
}

fn amount(dose: Dose, value: f64) -> String {
    match dose {
        Dose::CpuNs => format!("{} CPU a token", format::quantity(value, Unit::Ns)),
        Dose::WaitNs => format!("{} wait a token", format::quantity(value, Unit::Ns)),
        Dose::RunDelayNs => format!("{} run queue a token", format::quantity(value, Unit::Ns)),
        Dose::Count => format!("{} a token", format::number(value)),
        Dose::Bytes => format::quantity(value, Unit::Bytes),
    }
}

/// Saves `truth.md` and `truth.json` in the folder.
///
/// # Errors
/// Fails if they cannot be written.
pub fn save(folder: &Path, scores: &[Score], table: &str) -> Result<()> {
    recording::io::write_whole(&folder.join("truth.md"), table.as_bytes())?;
    recording::io::save(&folder.join("truth.json"), &scores)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::vocabulary::MetricId;

    fn score(first: &str, others: Vec<(String, f64)>) -> Score {
        Score {
            arm: "planted:busy".into(),
            metric: MetricId::CpuNsPerToken,
            expected: "user-code".into(),
            first: Some(first.into()),
            dose: Dose::CpuNs,
            planted: 300_000.0,
            measured: 306_000.0,
            others,
            consequences: vec![("watcher".into(), 0.07)],
            remainder: 0.001,
        }
    }

    #[test]
    fn shows_in_each_row_where_it_is_wrong() {
        let table = markdown(&[
            score("user-code", vec![]),
            score("timer-wakeups", vec![("timer-wakeups".into(), 0.4)]),
        ]);
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(
            rows[0],
            "| planted:busy | `user-code` | 300 µs CPU a token | 306 µs CPU a token (+2.0 %) | `watcher` 7 % (consequence) | 0.1 % | yes |"
        );
        assert!(
            rows[1].contains("`timer-wakeups`, not `user-code`")
                && rows[1].contains("`timer-wakeups` 40 %")
        );
        assert!(rows[1].ends_with("**no** |"));
        assert_eq!(rows[3], "1 of 2 are reported right.");
    }
}
