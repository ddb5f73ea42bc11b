//! Who woke whom, and who held the CPU while threads waited for one.

use crate::arms::{Arms, ranked};
use crate::clean::clean;
use crate::document::{Block, Table};
use recording::format::{self, Scale};
use recording::vocabulary::Unit;
use std::collections::BTreeMap;

/// Processes that held the CPU, at most.
const PROCESSES: usize = 12;
/// Pairs of waker and wakee, at most.
const PAIRS: usize = 100;

type ByName = BTreeMap<String, f64>;

/// Returns wake-ups by waker and wakee; nothing where none were recorded.
pub fn wakers(arms: &Arms) -> Option<Block> {
    let each = arms.each(|arm| {
        let mut sums = ByName::new();
        for waker in arm.rounds.iter().flat_map(|round| &round.wakers) {
            let roles = [&waker.from_role, &waker.to_role].map(|role| clean(role.label()));
            *sums.entry(roles.join(" → ")).or_default() += waker.count as f64 / arm.divisor();
        }
        sums
    });
    let names = ranked(&each);
    let per = arms.per.label();
    let caption = match names.len() {
        all if all > PAIRS => format!("Wake-ups by waker and wakee: the {PAIRS} most of {all}"),
        _ => "Wake-ups by waker and wakee".into(),
    };
    let mut table = Table::new(caption)
        .words("Waker → wakee")
        .numbers(format!("per {per}"), arms.names());
    for name in names.iter().take(PAIRS) {
        let rate = |sums: &ByName| {
            let rate = sums.get(name);
            rate.map_or(format::NONE.into(), |rate| format::number(*rate))
        };
        table.named(name.as_str(), each.iter().map(rate));
    }
    (!names.is_empty()).then(|| Block::Fold {
        title: "Wake-ups by waker and wakee".into(),
        blocks: vec![table.block()],
    })
}

/// Returns waits for a CPU by the process that held it, which shows a neighbour that disturbs the
/// measurement.
pub fn run_queue_blame(arms: &Arms) -> Option<Block> {
    let each = arms.each(|arm| {
        let mut sums = ByName::new();
        for wait in arm.rounds.iter().flat_map(|round| &round.run_queue_blame) {
            let name = match wait.own {
                true => "the target's own threads".into(),
                false => clean(&wait.name),
            };
            *sums.entry(name).or_default() += wait.wait_ns as f64 / arm.divisor();
        }
        sums
    });
    let scale = Scale::of(
        Unit::Ns,
        each.iter().flat_map(|sums| sums.values().copied()),
    );
    let mut table = Table::new("Waits of 50 µs and more in the run queue, by who held the CPU")
        .words("Process")
        .numbers(scale.per(arms.per.label()), arms.names());
    let names = ranked(&each);
    for name in names.iter().take(PROCESSES) {
        let wait = |sums: &ByName| {
            let ns = sums.get(name);
            ns.map_or(format::NONE.into(), |ns| scale.show(*ns))
        };
        table.named(name.as_str(), each.iter().map(wait));
    }
    (!names.is_empty()).then(|| Block::Fold {
        title: "Run-queue blame".into(),
        blocks: vec![table.block()],
    })
}
