//! The table of scores, for people and for programs.

use std::fmt::Write;
use std::path::Path;

use analysis::quantity;
use anyhow::Result;

use super::causes::Dose;
use super::score::Score;

/// As Markdown, with a line that counts.
pub fn markdown(scores: &[Score]) -> String {
    let mut text = String::from(
        "| planted | told first | dose, counted by the server | dose, as told | other causes above 5 % | unexplained | right |\n",
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
        let told = format!(
            "{} ({:+.1} %)",
            amount(score.dose, score.measured),
            (score.measured / score.planted - 1.0) * 100.0
        );
        let planted = amount(score.dose, score.planted);
        let rest = format!("{:.1} %", score.remainder * 100.0);
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {first} | {planted} | {told} | {} | {rest} | {mark} |",
            score.arm,
            others(score)
        );
    }
    let right = scores.iter().filter(|score| score.is_right()).count();
    text + &format!("\n{right} of {} are told right.\n", scores.len())
}

fn others(score: &Score) -> String {
    let told = |(id, share): &(String, f64)| format!("`{id}` {}", quantity::percent(*share));
    let follows = |other| format!("{} (said to follow)", told(other));
    let others = score.others.iter().map(told);
    let told: Vec<String> = others.chain(score.following.iter().map(follows)).collect();
    if told.is_empty() {
        "none".into()
    } else {
        told.join(", ")
    }
}

fn amount(dose: Dose, value: f64) -> String {
    match dose {
        Dose::CpuNs => format!("{} CPU a token", quantity::text(value, "ns")),
        Dose::WaitNs => format!("{} wait a token", quantity::text(value, "ns")),
        Dose::RunDelayNs => format!("{} run queue a token", quantity::text(value, "ns")),
        Dose::Count => format!("{} a token", quantity::plain(value)),
        Dose::Bytes => quantity::text(value, "bytes"),
    }
}

/// Saves `truth.md` and `truth.json` in the folder.
///
/// # Errors
/// They cannot be written.
pub fn save(folder: &Path, scores: &[Score], table: &str) -> Result<()> {
    recording::io::write_whole(&folder.join("truth.md"), table.as_bytes())?;
    recording::io::save(&folder.join("truth.json"), &scores)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(first: &str, others: Vec<(String, f64)>) -> Score {
        Score {
            arm: "planted:busy".into(),
            metric: "cpu_ns_per_token".into(),
            expected: "user-code".into(),
            first: Some(first.into()),
            dose: Dose::CpuNs,
            planted: 300_000.0,
            measured: 306_000.0,
            others,
            following: vec![("watcher".into(), 0.07)],
            remainder: 0.001,
        }
    }

    #[test]
    fn every_row_says_what_is_wrong() {
        let table = markdown(&[
            score("user-code", vec![]),
            score("polling", vec![("polling".into(), 0.4)]),
        ]);
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(
            rows[0],
            "| planted:busy | `user-code` | 300 µs CPU a token | 306 µs CPU a token (+2.0 %) | `watcher` 7 % (said to follow) | 0.1 % | yes |"
        );
        assert!(
            rows[1].contains("`polling`, not `user-code`") && rows[1].contains("`polling` 40 %")
        );
        assert!(rows[1].ends_with("**no** |"));
        assert_eq!(rows[3], "1 of 2 are told right.");
    }
}
