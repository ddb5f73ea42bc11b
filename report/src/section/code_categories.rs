//! User time by the work that it does, as far as samples show.

use crate::arms::{Arm, Arms, ranked};
use crate::clean::clean;
use crate::document::{Block, Cell, Section, Table, Tone};
use recording::comparison::{FunctionShare, LedgerRow};
use recording::format::{self, Scale, percent, percent_tenths};
use recording::vocabulary::Unit;
use std::collections::BTreeMap;

/// Functions listed for each arm.
const FUNCTIONS: usize = 15;

const LEAD: &str = "User time is measured; samples split it by the functions that they found, or by a thread's only job. ±: the \
95 % interval that sampling causes, which the number of samples decides. The whole call stack decides the category. A \
function without a symbol, as in a stripped binary, is shown by its address and, in brackets, by the source file or folder \
that evidence in its file points to.";

/// Returns a table of categories, and the functions behind it folded away; nothing without samples.
pub fn section(arms: &Arms) -> Option<Section> {
    let has_samples = |arm: &Arm| arm.compared.is_some_and(|compared| compared.samples > 0);
    if !arms.list.iter().any(has_samples) {
        return None;
    }
    let mut blocks = vec![categories(arms)];
    blocks.extend(arms.list.iter().filter_map(functions));
    Some(Section {
        id: "user-code",
        title: "User code by category",
        lead: LEAD.into(),
        blocks,
    })
}

fn categories(arms: &Arms) -> Block {
    let metric = arms.cpu_metric();
    let user = |row: &&LedgerRow| row.kind.is_user_code();
    let each = arms.each(|arm| {
        let rows = arm.by_cause(metric).iter().filter(user);
        rows.map(|row| (clean(&row.cause), row.amount))
            .collect::<BTreeMap<_, _>>()
    });
    let values: Vec<BTreeMap<String, f64>> = each
        .iter()
        .map(|rows| rows.iter().map(|(cause, row)| (cause.clone(), row.value)))
        .map(Iterator::collect)
        .collect();
    let totals: Vec<f64> = values.iter().map(|rows| rows.values().sum()).collect();
    let scale = Scale::of(Unit::Ns, totals.iter().copied());
    let unit = scale.per(arms.per.label());
    let mut table = Table::new(format!("User time by category, {unit}"))
        .words("Category")
        .numbers("user time", arms.names());
    for category in ranked(&values) {
        let cells = each.iter().map(|rows| match rows.get(&category) {
            Some(row) if row.value != 0.0 => {
                let error = row.sampling_error;
                let note = error.map_or(String::new(), |error| format!("± {}", scale.show(error)));
                Cell::from(scale.show(row.value)).with_note(note)
            }
            _ => format::NONE.into(),
        });
        let name = std::iter::once(category.as_str().into());
        table.row(Tone::Plain, name.chain(cells).collect());
    }
    let totals = totals.iter().map(|total| Cell::from(scale.show(*total)));
    let name = std::iter::once("user time".into());
    table.row(Tone::Total, name.chain(totals).collect());
    table.block()
}

fn functions(arm: &Arm) -> Option<Block> {
    let compared = arm.compared?;
    let title = format!("{}: functions that samples found", arm.name);
    let samples = format::count(compared.samples);
    let caption = format!("{}: functions with the most of {samples} samples", arm.name);
    let table = function_table(caption, &compared.functions)?;
    Some(Block::Fold {
        title,
        blocks: vec![table],
    })
}

/// Returns the first functions of a list with their place, category and share; nothing without
/// functions.
pub fn function_table(caption: String, functions: &[FunctionShare]) -> Option<Block> {
    let mut table = Table::new(caption)
        .words("Function")
        .words("File or region")
        .words("Category")
        .words("Called by")
        .number("samples")
        .number("share of user time");
    for function in functions.iter().take(FUNCTIONS) {
        let mut name = match (function.name.as_str(), function.address.as_str()) {
            ("", "") => "(no name)".to_owned(),
            ("", address) => clean(address),
            (name, _) => clean(name),
        };
        if !function.source.is_empty() {
            name += &format!(" [{}]", clean(&function.source));
        }
        let share = Cell::from(percent(function.share));
        let cells = vec![
            name.into(),
            clean(&function.place).into(),
            function.category.label().into(),
            clean(&function.caller).into(),
            format::count(function.samples).into(),
            share.with_note(format!("± {}", percent_tenths(function.error))),
        ];
        table.row(Tone::Plain, cells);
    }
    (!table.rows.is_empty()).then(|| table.block())
}
