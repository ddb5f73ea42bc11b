//! The load: whether it was the same for every arm.

use crate::arms::{Arm, Arms};
use crate::clean::clean;
use crate::document::{Block, Cell, Section, Table, Tone};
use recording::LoadSummary;
use recording::format;

type Value = fn(&LoadSummary) -> u64;

/// Returns requests, tokens, failures and checks; nothing without a load.
pub fn section(arms: &Arms) -> Option<Section> {
    arms.recordings().find_map(|round| round.load.as_ref())?;
    let rows: [(&str, Value); 8] = [
        ("Requests started", |load| load.requests.started),
        ("completed", |load| load.requests.completed),
        ("failed", |load| load.requests.failed.values().sum()),
        ("cut at the deadline", |load| load.requests.cut),
        ("Tokens", |load| load.tokens),
        ("Chunks", |load| load.chunks),
        ("Bytes sent", |load| load.bytes_sent),
        ("Bytes received", |load| load.bytes_received),
    ];
    let mut table = Table::new("Load, all rounds")
        .words("")
        .numbers("", arms.names());
    for (name, value) in rows {
        table.row(
            Tone::Plain,
            cells(name.into(), arms, |arm| format::count(sum(arm, value))),
        );
    }
    let seconds =
        |arm: &Arm| arm.sum(|round| round.load.as_ref().map_or(0, |load| load.duration_ns)) / 1e9;
    let rate = |arm: &Arm| format::number(sum(arm, |load| load.tokens) as f64 / seconds(arm));
    if arms.list.iter().all(|arm| seconds(arm) > 0.0) {
        table.row(Tone::Plain, cells("Tokens per second".into(), arms, rate));
    }
    if arms.list.iter().all(|arm| from_model(arm) > 0.0) {
        let text = "Tokens sent by the model".into();
        let count = |arm: &Arm| format::count(from_model(arm) as u64);
        table.row(Tone::Plain, cells(text, arms, count));
    }
    let mut blocks: Vec<Block> = receivers(arms).map(Block::paragraph).into_iter().collect();
    blocks.push(table.block());
    blocks.extend(failures(arms));
    blocks.extend(checks(arms));
    Some(Section {
        id: "load",
        title: "Load",
        lead: String::new(),
        blocks,
    })
}

/// Returns a sentence where a token of the model reaches several receivers.
pub fn receivers(arms: &Arms) -> Option<String> {
    /// Streams that begin before the window and end after it make a ratio a little uneven.
    const SEVERAL: f64 = 1.5;
    let receivers = |arm: &Arm| sum(arm, |load| load.tokens) as f64 / from_model(arm);
    let each = arms.each(|arm| receivers(arm)).into_iter();
    let fewest = each.fold(f64::INFINITY, f64::min);
    (fewest.is_finite() && fewest > SEVERAL).then(|| {
        format!(
            "Tokens are counted where they are received: each token of the model reached {fewest:.0} receivers. A value \
             per token of the model is {fewest:.0} times the value per token shown here."
        )
    })
}

fn from_model(arm: &Arm) -> f64 {
    arm.sum(|round| round.model_tokens.unwrap_or_default())
}

fn sum(arm: &Arm, value: Value) -> u64 {
    arm.sum(|round| round.load.as_ref().map_or(0, value)) as u64
}

fn cells(name: String, arms: &Arms, value: impl Fn(&Arm) -> String) -> Vec<Cell> {
    let mut cells = vec![Cell::from(name)];
    cells.extend(arms.each(|arm| Cell::from(value(arm))));
    cells
}

fn loads<'a>(arms: &Arms<'a>) -> impl Iterator<Item = (String, &'a LoadSummary)> {
    let rounds = arms.rounds();
    rounds.filter_map(|(place, round)| Some((place, round.load.as_ref()?)))
}

fn failures(arms: &Arms) -> Option<Block> {
    let mut table = Table::new("Failed requests")
        .words("Arm, round")
        .words("Reason")
        .number("count");
    for (place, load) in loads(arms) {
        for (reason, count) in &load.requests.failed {
            table.row(
                Tone::Bad,
                vec![
                    place.clone().into(),
                    clean(reason).into(),
                    format::count(*count).into(),
                ],
            );
        }
    }
    (!table.rows.is_empty()).then(|| table.block())
}

fn checks(arms: &Arms) -> Option<Block> {
    let mut table = Table::new("Checks of answers")
        .words("Arm, round")
        .words("Check")
        .number("passed")
        .number("failed");
    let (mut bad, mut good) = (Vec::new(), Vec::new());
    for (place, load) in loads(arms) {
        for check in &load.checks {
            let cells: Vec<Cell> = vec![
                place.clone().into(),
                clean(&check.name).into(),
                format::count(check.passed).into(),
                format::count(check.failed).into(),
            ];
            if check.failed > 0 {
                bad.push(cells)
            } else {
                good.push(cells)
            }
        }
    }
    let any_failed = !bad.is_empty();
    bad.into_iter()
        .for_each(|cells| table.row(Tone::Bad, cells));
    good.into_iter()
        .for_each(|cells| table.row(Tone::Plain, cells));
    let block = (!table.rows.is_empty()).then(|| table.block())?;
    Some(if any_failed {
        block
    } else {
        Block::Fold {
            title: "Checks of answers: all passed".into(),
            blocks: vec![block],
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Input;
    use recording::{Comparison, Recording};

    fn sentence(model_tokens: Option<u64>) -> Option<String> {
        let load = LoadSummary {
            tokens: 4_990,
            ..LoadSummary::default()
        };
        let recording = Recording {
            load: Some(load),
            model_tokens,
            ..Recording::default()
        };
        let recordings = [("go/1".to_owned(), recording)];
        receivers(&Arms::of(&Input {
            comparison: &Comparison::default(),
            recordings: &recordings,
        }))
    }

    #[test]
    fn reports_tokens_with_several_receivers() {
        assert!(
            sentence(Some(100))
                .unwrap()
                .contains("reached 50 receivers")
        );
        assert_eq!([sentence(Some(5_000)), sentence(None)], [None, None]);
    }
}
