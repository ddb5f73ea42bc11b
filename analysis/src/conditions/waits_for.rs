//! Time that threads wait for one kind of thing, beside their time on a CPU.

use super::Sign;
use recording::evidence::{Field, List};
use recording::format::{number, quantity};
use recording::vocabulary::Unit;
use recording::waits::Wait;
use recording::{Evidence, Recording};

/// Returns the sign of waits that `fits` selects, if they take more than `limit` of that and of
/// on-CPU time. `things` names what they wait for, and `place` says where the longest row waited.
pub(super) fn sign(
    (path, round): (&str, &Recording),
    (things, limit): (&str, f64),
    fits: impl Fn(&Wait) -> bool,
    place: impl Fn(&Recording, &Wait) -> String,
) -> Option<Sign> {
    let rows = round.waits.rows.iter().enumerate();
    let rows: Vec<(usize, &Wait)> = rows.filter(|(_, wait)| fits(wait)).collect();
    let waited: u64 = rows.iter().map(|(_, wait)| wait.off_cpu_ns).sum();
    let seconds = round.window.duration_ns as f64 / 1e9;
    let share = waited as f64 / (waited + round.process.on_cpu_ns).max(1) as f64;
    let (index, largest) = rows.into_iter().max_by_key(|(_, wait)| wait.off_cpu_ns)?;
    (share > limit).then(|| Sign {
        size: share,
        text: format!(
            "its threads waited for {things} {} a second, {} times as long as they ran; most of it \
             {}",
            quantity(waited as f64 / seconds.max(1e-9), Unit::Ns),
            number(waited as f64 / round.process.on_cpu_ns.max(1) as f64),
            place(round, largest)
        ),
        evidence: Evidence::entry(path, List::Waits, index).field(Field::OffCpuNs),
    })
}
