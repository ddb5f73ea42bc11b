//! Rows of long tables: the first are on the page, the others in an attribute that its script
//! reads. A browser lays out what is on the page only, so that a long table costs little.

use super::in_single_quotes;
use crate::document::Tone;
use minijinja::{Environment, Value};
use serde_json::{Value as Json, json};

/// Rows on the page of a table that is longer than [`LONG`].
const SHOWN: usize = 40;
/// Rows of a table that is shown in full.
const LONG: usize = 60;
/// Places of numbers that a cell of the others lists; the comparison has them all.
const PLACES: usize = 4;

/// Adds the filters `shown` and `further` for the rows of a table: those on the page, and the
/// others as text for an attribute in single quotes, empty where there are none.
pub(super) fn add_filters(environment: &mut Environment<'_>) {
    environment.add_filter("shown", |rows: Vec<Value>| split(rows).0);
    environment.add_filter("further", |rows: Vec<Value>| {
        let further: Vec<Json> = split(rows).1.iter().map(row).collect();
        let text = match further.is_empty() {
            true => String::new(),
            false => in_single_quotes(&Json::from(further).to_string()),
        };
        Value::from_safe_string(text)
    });
}

/// Splits rows into those on the page and the others. Sums stay on the page.
fn split(rows: Vec<Value>) -> (Vec<Value>, Vec<Value>) {
    if rows.len() <= LONG {
        return (rows, Vec::new());
    }
    let sums = [Tone::Total, Tone::Unexplained].map(Value::from_serialize);
    let mut seen = 0;
    rows.into_iter().partition(|row| {
        let is_sum = row.get_attr("tone").is_ok_and(|tone| sums.contains(&tone));
        seen += usize::from(!is_sum);
        is_sum || seen <= SHOWN
    })
}

/// Returns a row as `[tone, cell, …]`; the tone of a plain row is empty.
fn row(row: &Value) -> Json {
    let plain = Value::from_serialize(Tone::Plain);
    let tone = row.get_attr("tone").ok().filter(|tone| *tone != plain);
    let tone = tone.map_or(String::new(), |tone| tone.to_string());
    let cells = row.get_attr("cells").and_then(|cells| cells.try_iter());
    let cells = cells.into_iter().flatten().map(|found| cell(&found));
    std::iter::once(Json::from(tone)).chain(cells).collect()
}

/// Returns a cell as its text, or as `[text, note, places, number of further places]` where it has
/// more.
fn cell(cell: &Value) -> Json {
    let text = |name: &str| {
        cell.get_attr(name)
            .map_or(String::new(), |found| found.to_string())
    };
    let places = cell
        .get_attr("evidence")
        .and_then(|places| places.try_iter());
    let places: Vec<String> = places
        .into_iter()
        .flatten()
        .map(|place| place.to_string())
        .collect();
    let (note, first) = (text("note"), &places[..places.len().min(PLACES)]);
    match note.is_empty() && places.is_empty() {
        true => Json::from(text("text")),
        false => json!([text("text"), note, first, places.len() - first.len()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Cell, Row};

    fn rows(count: usize) -> Vec<Value> {
        let row = |at: usize| Row {
            tone: if at + 1 == count {
                Tone::Total
            } else {
                Tone::Plain
            },
            cells: vec![Cell::from(format!("row {at}"))],
        };
        (0..count)
            .map(|at| Value::from_serialize(row(at)))
            .collect()
    }

    #[test]
    fn keeps_sums_of_a_long_table_on_the_page() {
        assert_eq!(split(rows(LONG)).1.len(), 0);
        let (shown, further) = split(rows(1_000));
        assert_eq!((shown.len(), further.len()), (SHOWN + 1, 1_000 - SHOWN - 1));
        let last = shown[SHOWN].get_attr("tone").expect("a tone");
        assert_eq!(last.to_string(), "total");
        assert_eq!(row(&further[0]), json!(["", "row 40"]));
    }

    #[test]
    fn keeps_notes_and_places() {
        let found = Cell {
            evidence: vec!["comparison#/metrics/0".into(); 14],
            ..Cell::from("1").with_note("± 2".into())
        };
        let found = cell(&Value::from_serialize(found));
        assert_eq!(
            (&found[0], &found[1], &found[3]),
            (&json!("1"), &json!("± 2"), &json!(14 - PLACES))
        );
        assert_eq!(found[2].as_array().map(Vec::len), Some(PLACES));
    }
}
