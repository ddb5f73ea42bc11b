//! What each runtime did: ticks of event loops, bursts of collector threads, goroutines that take turns on threads.

use crate::arms::{Arm, Arms};
use crate::clean::clean;
use crate::document::{Cell, Section, Table, Tone};
use crate::units::{self, Scale};
use analysis::activity::Loops;
use analysis::runtime::{self, COLLECTOR, JSC_HEAP_HELPER};
use recording::activity::{Activity, Goroutines};
use recording::{Histogram, Recording};
use std::collections::BTreeSet;

const LEAD: &str = "All of it is told from the kernel's side. A tick is from where a call that waits for events returns to \
where the loop enters the next. An event that the loop finds waiting has waited for the tick before at most: that bounds the \
loop's lag; where one of these calls slept, nothing had waited. A burst is wake-ups of collector threads that are at most \
3 ms apart, until the last of them leaves its CPU: not a collection, which may have several or none, and what the main thread collects \
meanwhile is not in it. \
– : the arm has no such thread, or nothing tells it: Go's threads rest in a call that is no loop's, and its collector runs on any \
of them (samples find it, see \"What user code does\"); V8's helpers compile as well as collect.";

/// The table; nothing where no recording has any of it.
pub fn section(arms: &Arms) -> Option<Section> {
    let mut rows = Vec::new();
    for role in roles(arms) {
        loop_rows(arms, &role, &mut rows);
    }
    behind(arms, &mut rows);
    collector_rows(arms, &mut rows);
    goroutine_rows(arms, &mut rows);
    rows.retain(|row| row.values.iter().any(Option::is_some));
    let recorded = |round: &Recording| {
        let threads = round.threads.iter();
        threads.clone().any(|thread| thread.waits.is_some()) || !round.activity.is_empty()
    };
    if rows.is_empty() || !arms.recordings().any(recorded) {
        return None;
    }
    let mut table = Table::new("Runtime activity, all rounds")
        .words("")
        .numbers("", arms.names());
    rows.iter()
        .for_each(|row| table.row(Tone::Plain, row.cells()));
    Some(Section {
        id: "runtime-activity",
        title: "Runtime activity",
        lead: LEAD.into(),
        blocks: vec![table.block()],
    })
}

/// One line: a value of each arm, where it has one.
struct Row {
    name: String,
    unit: String,
    values: Vec<Option<f64>>,
}

impl Row {
    fn of(name: String, unit: &str, arms: &Arms, value: impl FnMut(&Arm) -> Option<f64>) -> Self {
        Row {
            name,
            unit: unit.into(),
            values: arms.each(value),
        }
    }

    fn cells(&self) -> Vec<Cell> {
        let scale = Scale::of(&self.unit, self.values.iter().flatten().copied());
        let shown = |value: &Option<f64>| match (*value, self.unit.as_str()) {
            (None, _) => units::NONE.into(),
            (Some(value), SHARE) => units::share(value),
            (Some(value), _) => scale.full(value),
        };
        let values = self.values.iter().map(shown).map(Cell::from);
        std::iter::once(Cell::from(self.name.as_str()))
            .chain(values)
            .collect()
    }
}

/// Unit of what is a part of something.
const SHARE: &str = "share";

/// Roles of event loops, the main loop first.
fn roles(arms: &Arms) -> Vec<String> {
    let threads = arms.recordings().flat_map(|round| &round.threads);
    let looping =
        threads.filter(|thread| runtime::is_event_loop(&thread.role) && thread.waits.is_some());
    let roles: BTreeSet<String> = looping.map(|thread| thread.role.clone()).collect();
    let mut roles: Vec<String> = roles.into_iter().collect();
    roles.sort_by_key(|role| role != "main loop");
    roles
}

/// A role's loops of all rounds.
fn loops(arm: &Arm, role: &str) -> Option<Loops> {
    let rounds = arm.rounds.iter();
    let each = rounds.filter_map(|round| Loops::where_role(round, |other| other == role));
    each.reduce(|sum, next| sum.merged(&next))
}

fn loop_rows(arms: &Arms, role: &str, rows: &mut Vec<Row>) {
    let per = arms.per.word();
    let name = |what: &str| format!("{}: {what}", clean(role));
    let mut add = |what: &str, unit: &str, value: fn(&Loops) -> f64, is_rate: bool| {
        let row = Row::of(name(what), unit, arms, |arm| {
            let divisor = if is_rate { arm.divisor() } else { 1.0 };
            loops(arm, role).map(|loops| value(&loops) / divisor)
        });
        rows.push(row);
    };
    let each = |what: &str| format!("{what} per {per}");
    add(&each("ticks"), "", |l| l.ticks.count as f64, true);
    let work = |l: &Loops| l.work_ns as f64 / l.ticks.count as f64;
    add("CPU time per tick", "ns", work, false);
    add(
        "length of ticks, median",
        "ns",
        |l| l.ticks.p50 as f64,
        false,
    );
    add(
        "length of ticks, 99th percentile",
        "ns",
        |l| l.ticks.p99 as f64,
        false,
    );
    add(
        "length of ticks, longest",
        "ns",
        |l| l.ticks.max as f64,
        false,
    );
    let late = |l: &Loops| l.late.count as f64 / l.ticks.count as f64;
    add(
        "ticks at whose end events had been waiting",
        SHARE,
        late,
        false,
    );
    let lag = |l: &Loops| match l.late.count {
        0 => f64::NAN,
        _ => l.late.p99 as f64,
    };
    add(
        "these had waited at most, 99th percentile",
        "ns",
        lag,
        false,
    );
    add(
        &each("polls that bring nothing"),
        "",
        |l| l.empty as f64,
        true,
    );
    add(
        &each("of these, without sleeping"),
        "",
        |l| l.spun as f64,
        true,
    );
}

/// What came from upstream and waited for the thread to finish something else.
fn behind(arms: &Arms, rows: &mut Vec<Row>) {
    let name = "Upstream data waiting behind other work, mean".into();
    rows.push(Row::of(name, "ns", arms, |arm| {
        let sum = |field: fn(&recording::Forwards) -> u64| {
            arm.sum(|round| round.forwards.iter().map(field).sum())
        };
        let count = sum(|forwards| forwards.count);
        (count > 0.0).then(|| sum(|forwards| forwards.until_received_ns) / count)
    }));
}

fn collector_rows(arms: &Arms, rows: &mut Vec<Row>) {
    let per = arms.per.word();
    let known = |arm: &Arm| any(arm, |activity| activity.collector.as_ref().map(|_| ()));
    let spans = |arm: &Arm| {
        let rounds = arm.rounds.iter();
        let each = rounds.filter_map(|round| Some(&round.activity.collector.as_ref()?.spans));
        let spans = each.fold(Histogram::default(), |sum, next| sum.merged(next));
        (spans.count > 0).then_some(spans)
    };
    rows.push(Row::of(
        "Collector: bursts per second".into(),
        "",
        arms,
        |arm| {
            known(arm)?;
            let seconds = arm.sum(|round| round.window.duration_ns) / 1e9;
            Some(spans(arm).map_or(0.0, |spans| spans.count as f64) / seconds)
        },
    ));
    let length = |spans: &Histogram| [spans.p50, spans.p99, spans.max];
    for (place, what) in ["median", "99th percentile", "longest"].iter().enumerate() {
        let name = format!("Collector: length of bursts, {what}");
        rows.push(Row::of(name, "ns", arms, |arm| {
            Some(length(&spans(arm)?)[place] as f64)
        }));
    }
    let name = format!("Collector: all bursts together per {per}");
    rows.push(Row::of(name, "ns", arms, |arm| {
        known(arm)?;
        let span = |round: &Recording| round.activity.collector.as_ref().map_or(0, |c| c.span_ns);
        Some(arm.rate(span))
    }));
    let name = format!("Collector threads: CPU time per {per}");
    rows.push(Row::of(name, "ns", arms, |arm| {
        known(arm)?;
        let collects = |role: &str| [JSC_HEAP_HELPER, COLLECTOR].contains(&role);
        Some(arm.rate(|round| {
            let threads = round.threads.iter();
            let its = threads.filter(|thread| collects(&thread.role));
            its.map(|thread| thread.on_cpu_ns).sum()
        }))
    }));
}

fn goroutine_rows(arms: &Arms, rows: &mut Vec<Row>) {
    let per = arms.per.word();
    let sum = |arm: &Arm, field: fn(&Goroutines) -> u64| {
        any(arm, |activity| activity.goroutines)?;
        Some(arm.sum(|round| round.activity.goroutines.as_ref().map_or(0, field)))
    };
    let name = format!("Goroutines: takes over a thread per {per}");
    rows.push(Row::of(name, "", arms, |arm| {
        Some(sum(arm, |goroutines| goroutines.switches)? / arm.divisor())
    }));
    let name = "Goroutines: receives on another thread than the one before".into();
    rows.push(Row::of(name, SHARE, arms, |arm| {
        let receives = sum(arm, |goroutines| goroutines.receives)?;
        let moves = sum(arm, |goroutines| goroutines.moves)?;
        (receives > 0.0).then(|| moves / receives)
    }));
}

fn any<T>(arm: &Arm, part: impl Fn(&Activity) -> Option<T>) -> Option<T> {
    arm.rounds.iter().find_map(|round| part(&round.activity))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Input;
    use crate::document::Block;
    use recording::activity::{Collector, Waits};
    use recording::process::Thread;

    fn round(arm: &str, change: impl FnOnce(&mut Recording)) -> (String, Recording) {
        let mut recording = Recording::default();
        recording.target.arm = arm.into();
        recording.window.duration_ns = 2_000_000_000;
        change(&mut recording);
        (arm.into(), recording)
    }

    fn with_loop(recording: &mut Recording) {
        recording.threads = vec![Thread {
            role: "main loop".into(),
            on_cpu_ns: 8_000,
            waits: Some(Waits {
                ticks: Histogram::from_buckets(vec![(9, 4)]),
                late: Histogram::from_buckets(vec![(9, 1)]),
                empty: 2,
                spun: 0,
            }),
            ..Thread::default()
        }];
        recording.activity.collector = Some(Collector {
            span_ns: 10,
            wakeups: 3,
            spans: Histogram::from_buckets(vec![(10, 1)]),
        });
    }

    fn lines(recordings: &[(String, Recording)]) -> Option<Vec<Vec<String>>> {
        let arms = Arms::of(&Input {
            comparison: None,
            recordings,
        });
        let section = section(&arms)?;
        let [Block::Table(table)] = section.blocks.as_slice() else {
            return None;
        };
        let cells =
            |row: &crate::document::Row| row.cells.iter().map(|cell| cell.text.clone()).collect();
        Some(table.rows.iter().map(cells).collect())
    }

    #[test]
    fn each_arm_shows_what_its_runtime_has() {
        let go = |recording: &mut Recording| {
            recording.activity.goroutines = Some(Goroutines {
                switches: 6,
                receives: 4,
                moves: 1,
            });
        };
        let rows = lines(&[round("go", go), round("bun", with_loop)]).expect("a table");
        let row = |name: &str| {
            let found = rows.iter().find(|row| row[0] == name);
            found.unwrap_or_else(|| panic!("no {name} in {rows:?}"))[1..].join(" ")
        };
        assert_eq!(row("main loop: ticks per s"), "– 2");
        assert_eq!(row("main loop: CPU time per tick"), "– 2.00 µs");
        assert_eq!(row("main loop: polls that bring nothing per s"), "– 1");
        assert_eq!(row("main loop: of these, without sleeping per s"), "– 0");
        assert_eq!(
            row("main loop: ticks at whose end events had been waiting"),
            "– 25 %"
        );
        assert_eq!(row("Collector: bursts per second"), "– 0.500");
        assert_eq!(row("Goroutines: takes over a thread per s"), "3 –");
        assert_eq!(
            row("Goroutines: receives on another thread than the one before"),
            "25 % –"
        );
    }

    #[test]
    fn recordings_that_have_none_of_it_show_nothing() {
        let forwarding = |recording: &mut Recording| {
            recording.forwards = vec![recording::Forwards {
                count: 1,
                ..Default::default()
            }];
        };
        assert_eq!(lines(&[round("go", forwarding)]), None);
    }
}
