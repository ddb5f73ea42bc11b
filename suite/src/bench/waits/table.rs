//! The table of planted and recorded waits.

use std::fmt::Write;

use recording::format::quantity;
use recording::vocabulary::Unit;

use super::measured::Measured;

/// Formats the table as Markdown, with a total.
pub fn markdown(rows: &[Measured]) -> String {
    let mut text = String::from(
        "| planted | named as | waits in | for | conditions, by lost time | dose by the program | recorded | ratio | right |\n",
    );
    text += "|---|---|---|---|---|---|---|---|---|\n";
    for row in rows {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", line(row));
    }
    let right = rows.iter().filter(|row| row.is_right()).count();
    text + &format!("\n{right} of {} are recorded right.\n", rows.len())
}

fn line(row: &Measured) -> String {
    // A name with the separator of columns would break the table.
    let code = |name: &str| format!("`{}`", name.replace('|', "\\|"));
    let none = || "–".to_owned();
    let first = row.first.as_ref();
    let kind = first.map_or("nothing", |first| first.kind.label());
    let cells = [
        format!("{}: {}", row.planted.name, row.planted.about),
        match first.is_some_and(|first| first.kind == row.planted.expected) {
            true => kind.to_owned(),
            false => format!("{kind}, not {}", row.planted.expected.label()),
        },
        first.map_or_else(none, |first| code(&first.sleeper)),
        first.map_or_else(none, |first| code(&first.holder)),
        conditions(row),
        quantity(row.dose_ns, Unit::Ns),
        first.map_or_else(none, |first| quantity(first.ns, Unit::Ns)),
        row.ratio().map_or_else(none, |ratio| format!("{ratio:.3}")),
        if row.is_right() { "yes" } else { "**no**" }.to_owned(),
    ];
    format!("| {} |", cells.join(" | "))
}

/// Returns the conditions of a row in the order of findings; that of busy CPUs with its time.
fn conditions(row: &Measured) -> String {
    let shown = row.conditions.iter().map(|id| match id.as_str() {
        "waiting-for-cpu" => {
            let time = quantity(row.run_queue_ns as f64, Unit::Ns);
            format!("`{id}` ({time})")
        }
        _ => format!("`{id}`"),
    });
    let shown: Vec<String> = shown.collect();
    match shown.is_empty() {
        true => "–".to_owned(),
        false => shown.join(", "),
    }
}
