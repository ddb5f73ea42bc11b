//! Time that threads wait for one kind of thing, beside their time on a CPU.

use super::Sign;
use recording::evidence::{Field, List};
use recording::format::{number, percent, quantity};
use recording::vocabulary::Unit;
use recording::waits::Wait;
use recording::{Evidence, Recording};
use std::collections::BTreeMap;

/// Returns the sign of waits that `fits` selects, if they take more than `limit` of that and of
/// on-CPU time. `things` names what they wait for. `place` says where a row waited: threads of one
/// role that wait in one place are one place.
pub(super) fn sign(
    (path, round): (&str, &Recording),
    (things, limit): (&str, f64),
    fits: impl Fn(&Wait) -> bool,
    place: impl Fn(&Recording, &Wait) -> String,
) -> Option<Sign> {
    let rows = round.waits.rows.iter().enumerate();
    let rows = rows.filter(|(_, wait)| fits(wait));
    // The time of a place, with its longest row, which comes first.
    let mut places: BTreeMap<String, (u64, usize)> = BTreeMap::new();
    for (index, wait) in rows {
        let of_place = places.entry(place(round, wait)).or_insert((0, index));
        of_place.0 += wait.off_cpu_ns;
    }
    let waited: u64 = places.values().map(|(ns, _)| ns).sum();
    let (largest, (longest, index)) = places.into_iter().max_by_key(|(_, (ns, _))| *ns)?;
    let seconds = round.window.duration_ns as f64 / 1e9;
    let share = waited as f64 / (waited + round.process.on_cpu_ns).max(1) as f64;
    let of_it = match longest == waited {
        true => "all of it".to_owned(),
        false => format!("{} of it", percent(longest as f64 / waited.max(1) as f64)),
    };
    (share > limit).then(|| Sign {
        size: share,
        text: format!(
            "its threads waited for {things} {} a second, {} times as long as they ran; {of_it} \
             {largest}",
            quantity(waited as f64 / seconds.max(1e-9), Unit::Ns),
            number(waited as f64 / round.process.on_cpu_ns.max(1) as f64),
        ),
        evidence: Evidence::entry(path, List::Waits, index).field(Field::OffCpuNs),
    })
}
