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
        "| planted | reported first | code and function | dose, counted by the server | dose, reported | other causes above 5 % | unexplained | right |\n",
    );
    text += "|---|---|---|---|---|---|---|---|\n";
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
            "| {} | {first} | {} | {planted} | {reported} | {} | {rest} | {mark} |",
            score.arm,
            code(score),
            others(score)
        );
    }
    let right = scores.iter().filter(|score| score.is_right()).count();
    text + &format!("\n{right} of {} are reported right.\n", scores.len())
}

/// Returns the category and the function of code; `not judged` where causes.toml expects no
/// function.
fn code(score: &Score) -> String {
    let Some(code) = &score.code else {
        return "–".into();
    };
    let kind = code.kind.map_or("none", |kind| kind.label());
    let kind = match code.is_kind_right() {
        true => kind.to_owned(),
        false => format!("{kind}, not {}", code.expected.label()),
    };
    let function = code.function.as_deref().unwrap_or("no function");
    // A name with the separator of columns would break the table.
    let function = function.replace('|', "\\|");
    let judged = match code.is_function_right {
        Some(true) => "",
        Some(false) => ", not the planted one",
        None => ", not judged",
    };
    format!("{kind}: `{function}`{judged}")
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
        Dose::GcNs => format!("{} GC a token", format::quantity(value, Unit::Ns)),
        Dose::GcPauseNs => format!("{} GC elapsed a token", format::quantity(value, Unit::Ns)),
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
    use super::super::code::CodeScore;
    use super::*;
    use recording::vocabulary::{CodeCategory, MetricId};

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
            code: None,
        }
    }

    #[test]
    fn shows_kind_and_function_of_code() {
        let with = |expected, function: Option<&str>, is_function_right| Score {
            code: Some(CodeScore {
                expected,
                kind: Some(CodeCategory::Json),
                function: function.map(str::to_owned),
                is_function_right,
            }),
            ..score("user-code", vec![])
        };
        let json = CodeCategory::Json;
        assert_eq!(code(&with(json, Some("a|b"), Some(true))), "JSON: `a\\|b`");
        assert_eq!(
            code(&with(json, None, None)),
            "JSON: `no function`, not judged"
        );
        assert_eq!(
            code(&with(CodeCategory::Copying, Some("f"), Some(false))),
            "JSON, not copying memory: `f`, not the planted one"
        );
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
            "| planted:busy | `user-code` | – | 300 µs CPU a token | 306 µs CPU a token (+2.0 %) | `watcher` 7 % (consequence) | 0.1 % | yes |"
        );
        assert!(
            rows[1].contains("`timer-wakeups`, not `user-code`")
                && rows[1].contains("`timer-wakeups` 40 %")
        );
        assert!(rows[1].ends_with("**no** |"));
        assert_eq!(rows[3], "1 of 2 are reported right.");
    }
}
