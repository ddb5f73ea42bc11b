//! Runtime activity: iterations of event loops, bursts of garbage collection threads, goroutines on
//! their threads.

use crate::arms::{Arm, Arms};
use crate::clean::clean;
use crate::document::{Cell, Section, Table, Tone};
use recording::comparison::{ArmGc, EventLoops};
use recording::format::{self, Scale};
use recording::runtime_stats::{Goroutines, RuntimeStats};
use recording::vocabulary::{Role, Unit};
use recording::{Histogram, Recording};

const LEAD: &str = "All of it is seen from the kernel. An iteration lasts from the return of a call that waits for events to the \
next such call. Events that are ready at once waited at most for the iteration before, which bounds the loop's lag. A burst is \
a series of wake-ups of garbage collection threads at most 3 ms apart; it may hold no collection or several, and excludes the \
work of the main thread. –: the arm has no such thread, or the kernel cannot recognise it. Go collects garbage on any of its \
threads (see \"User code by category\"); V8's workers compile as well as collect.";

/// Returns the table; nothing where no recording has any of it.
pub fn section(arms: &Arms) -> Option<Section> {
    let mut rows = Vec::new();
    for role in roles(arms) {
        loop_rows(arms, &role, &mut rows);
    }
    let has_loops = !rows.is_empty();
    rows.extend(queued(arms));
    gc_rows(arms, &mut rows);
    goroutine_rows(arms, &mut rows);
    rows.retain(|row| row.values.iter().any(Option::is_some));
    let recorded = |round: &Recording| !round.runtime_stats.is_empty();
    if rows.is_empty() || !(has_loops || arms.recordings().any(recorded)) {
        return None;
    }
    let mut table = Table::new("Runtime activity, all rounds")
        .words("")
        .numbers("", arms.names());
    rows.iter()
        .for_each(|row| table.row(Tone::Plain, row.cells()));
    Some(Section {
        id: "runtime-stats",
        title: "Runtime activity",
        lead: LEAD.into(),
        blocks: vec![table.block()],
    })
}

/// Form of a row's values.
#[derive(Clone, Copy)]
enum Form {
    Count,
    Time,
    Share,
    Bytes,
}

/// One line: a value of each arm, where it has one.
struct Row {
    name: String,
    form: Form,
    values: Vec<Option<f64>>,
}

impl Row {
    fn of(
        name: impl Into<String>,
        form: Form,
        arms: &Arms,
        value: impl FnMut(&Arm) -> Option<f64>,
    ) -> Self {
        Row {
            name: name.into(),
            form,
            values: arms.each(value),
        }
    }

    fn cells(&self) -> Vec<Cell> {
        let known = self.values.iter().flatten().copied();
        let scale = match self.form {
            Form::Time => Scale::of(Unit::Ns, known),
            Form::Bytes => Scale::of(Unit::Bytes, known),
            Form::Count | Form::Share => Scale::plain(known),
        };
        let shown = |value: &Option<f64>| match (*value, self.form) {
            (None, _) => format::NONE.into(),
            (Some(value), Form::Share) => format::percent(value),
            (Some(value), _) => scale.full(value),
        };
        let values = self.values.iter().map(shown).map(Cell::from);
        std::iter::once(Cell::from(self.name.as_str()))
            .chain(values)
            .collect()
    }
}

/// Returns the roles of event loops, the main loop first.
fn roles(arms: &Arms) -> Vec<Role> {
    let compared = arms.list.iter().filter_map(|arm| arm.compared);
    let mut roles: Vec<Role> = Vec::new();
    for found in compared.flat_map(|arm| &arm.event_loops) {
        if !roles.contains(&found.role) {
            roles.push(found.role.clone());
        }
    }
    roles.sort_by_key(|role| *role != Role::MainLoop);
    roles
}

/// Returns an arm's loops of one role.
fn loops<'a>(arm: &Arm<'a>, role: &Role) -> Option<&'a EventLoops> {
    let mut found = arm.compared?.event_loops.iter();
    found.find(|loops| loops.role == *role)
}

fn loop_rows(arms: &Arms, role: &Role, rows: &mut Vec<Row>) {
    let per = arms.per.label();
    let name = |text: &str| format!("{}: {text}", clean(role.label()));
    let iterations = |l: &EventLoops| l.iterations.count as f64;
    let mut add = |text: &str, form: Form, value: &dyn Fn(&EventLoops) -> f64| {
        let value = |arm: &Arm| loops(arm, role).map(value);
        rows.push(Row::of(name(text), form, arms, value));
    };
    add("CPU time per iteration", Form::Time, &|l| {
        l.work_ns as f64 / iterations(l)
    });
    add("iteration length, p50", Form::Time, &|l| {
        l.iterations.p50 as f64
    });
    add("iteration length, p99", Form::Time, &|l| {
        l.iterations.p99 as f64
    });
    add("iteration length, max", Form::Time, &|l| {
        l.iterations.max as f64
    });
    add("iterations that events waited for", Form::Share, &|l| {
        l.lag_bound.count as f64 / iterations(l)
    });
    add(
        "bound of loop lag, p99",
        Form::Time,
        &|l| match l.lag_bound.count {
            0 => f64::NAN,
            _ => l.lag_bound.p99 as f64,
        },
    );
    let mut rate = |text: &str, value: &dyn Fn(&EventLoops) -> f64| {
        let value = |arm: &Arm| loops(arm, role).map(|l| value(l) / arm.divisor());
        let name = format!("{} per {per}", name(text));
        rows.push(Row::of(name, Form::Count, arms, value));
    };
    rate("iterations", &iterations);
    rate("empty polls", &|l| l.empty_polls as f64);
    rate("empty polls that did not sleep", &|l| l.busy_polls as f64);
}

/// Returns the time that upstream data waited while the thread did other work.
fn queued(arms: &Arms) -> Option<Row> {
    let name = "Proxy latency: queued behind other work (loop busy), mean";
    let row = Row::of(name, Form::Time, arms, |arm| {
        let sum = |field: fn(&recording::RelayBucket) -> u64| {
            arm.sum(|round| round.relays.iter().map(field).sum())
        };
        let count = sum(|relays| relays.count);
        (count > 0.0).then(|| sum(|relays| relays.loop_busy_ns) / count)
    });
    Some(row)
}

fn gc_rows(arms: &Arms, rows: &mut Vec<Row>) {
    let per = arms.per.label();
    let known = |arm: &Arm| any(arm, |stats| stats.gc_bursts.as_ref().map(|_| ()));
    let spans = |arm: &Arm| {
        let rounds = arm.rounds.iter();
        let each = rounds.filter_map(|round| Some(&round.runtime_stats.gc_bursts.as_ref()?.spans));
        let spans = each.fold(Histogram::default(), |sum, next| sum.merged(next));
        (spans.count > 0).then_some(spans)
    };
    rows.push(Row::of("GC bursts per second", Form::Count, arms, |arm| {
        known(arm)?;
        let seconds = arm.sum(|round| round.window.duration_ns) / 1e9;
        Some(spans(arm).map_or(0.0, |spans| spans.count as f64) / seconds)
    }));
    type Quantile = (&'static str, fn(&Histogram) -> u64);
    let lengths: [Quantile; 3] = [
        ("p50", |spans| spans.p50),
        ("p99", |spans| spans.p99),
        ("max", |spans| spans.max),
    ];
    for (quantile, length) in lengths {
        let name = format!("GC burst length, {quantile}");
        let value = |arm: &Arm| Some(length(&spans(arm)?) as f64);
        rows.push(Row::of(name, Form::Time, arms, value));
    }
    let name = format!("GC bursts, total length per {per}");
    rows.push(Row::of(name, Form::Time, arms, |arm| {
        known(arm)?;
        let span = |round: &Recording| {
            let bursts = round.runtime_stats.gc_bursts.as_ref();
            bursts.map_or(0, |bursts| bursts.span_ns)
        };
        Some(arm.rate(span))
    }));
    collection_rows(arms, rows);
    let name = format!("GC threads, CPU time per {per}");
    rows.push(Row::of(name, Form::Time, arms, |arm| {
        known(arm)?;
        Some(arm.rate(|round| {
            let threads = round.threads.iter().filter(|thread| thread.role.is_gc());
            threads.map(|thread| thread.on_cpu_ns).sum()
        }))
    }));
}

/// Adds what collections are, on any thread.
fn collection_rows(arms: &Arms, rows: &mut Vec<Row>) {
    let mut add = |name: &str, form: Form, value: fn(&ArmGc) -> Option<f64>| {
        let value = |arm: &Arm| value(arm.compared?.gc.as_ref()?);
        rows.push(Row::of(name, form, arms, value));
    };
    add("Garbage collections per second", Form::Count, |gc| {
        gc.per_second
    });
    add("Pause of a collection, mean", Form::Time, |gc| gc.pause_ns);
    let name = "Page faults between two collections, mean";
    add(name, Form::Count, |gc| gc.faults_between);
    let name = "Growth of resident memory between two collections, mean";
    add(name, Form::Bytes, |gc| gc.growth_between_bytes);
}

fn goroutine_rows(arms: &Arms, rows: &mut Vec<Row>) {
    let per = arms.per.label();
    let sum = |arm: &Arm, field: fn(&Goroutines) -> u64| {
        any(arm, |stats| stats.goroutines)?;
        Some(arm.sum(|round| round.runtime_stats.goroutines.as_ref().map_or(0, field)))
    };
    let name = format!("Goroutine switches per {per}");
    rows.push(Row::of(name, Form::Count, arms, |arm| {
        Some(sum(arm, |goroutines| goroutines.switches)? / arm.divisor())
    }));
    let name = "Goroutine receives on another thread than the one before";
    rows.push(Row::of(name, Form::Share, arms, |arm| {
        let receives = sum(arm, |goroutines| goroutines.receives)?;
        let migrated = sum(arm, |goroutines| goroutines.migrated)?;
        (receives > 0.0).then(|| migrated / receives)
    }));
}

fn any<T>(arm: &Arm, part: impl Fn(&RuntimeStats) -> Option<T>) -> Option<T> {
    let mut rounds = arm.rounds.iter();
    rounds.find_map(|round| part(&round.runtime_stats))
}

#[cfg(test)]
mod tests;
