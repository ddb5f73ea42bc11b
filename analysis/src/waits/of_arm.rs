//! The waits of one arm.

use super::{place, waker_role};
use crate::arms::Rounds;
use recording::comparison::{ArmWait, ArmWaitEdge, ArmWaits, WaitObject};
use recording::evidence::{Field, List};
use recording::process::WakeSource;
use recording::vocabulary::{Role, WaitKind};
use recording::waits::Wait;
use recording::{Evidence, Recording};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Rows of an arm.
const ROWS: usize = 40;
/// Evidence of one row.
const CITED: usize = 3;
/// Files and peers of one row.
const OBJECTS: usize = 3;

/// Role and place of the sleepers, kind and system call, role and place of those who end the waits.
type Key = (Role, WaitKind, String, String, Role, String);

/// Sums of the rows of one key.
#[derive(Default)]
struct Sum {
    off_cpu_ns: u64,
    count: u64,
    objects: BTreeMap<String, u64>,
    evidence: Vec<Evidence>,
}

/// Returns the waits of an arm; `None` where none were recorded.
pub fn of_arm(arm: &Rounds<'_>) -> Option<ArmWaits> {
    let mut sums: BTreeMap<Key, Sum> = BTreeMap::new();
    let mut edges: BTreeMap<(Role, WaitKind, Role), u64> = BTreeMap::new();
    let (mut seconds, mut off_cpu_ns, mut square) = (0.0, 0, 0.0);
    for (path, round) in &arm.rounds {
        if round.waits.is_empty() {
            continue;
        }
        seconds += round.window.duration_ns as f64 / 1e9;
        square += (round.waits.sampling_error_ns as f64).powi(2);
        for (index, wait) in round.waits.rows.iter().enumerate() {
            off_cpu_ns += wait.off_cpu_ns;
            let key = key(round, wait);
            let (role, kind, _, _, waker, _) = &key;
            let edge = edges.entry((role.clone(), *kind, waker.clone()));
            *edge.or_default() += wait.off_cpu_ns;
            let sum = sums.entry(key).or_default();
            sum.off_cpu_ns += wait.off_cpu_ns;
            sum.count += wait.count;
            if let Some(object) = wait.object() {
                *sum.objects.entry(object.into()).or_default() += wait.off_cpu_ns;
            }
            // Rows of a recording come longest first.
            if sum.evidence.len() < CITED {
                let row = Evidence::entry(path, List::Waits, index);
                sum.evidence.push(row.field(Field::OffCpuNs));
            }
        }
    }
    let mut sums: Vec<(Key, Sum)> = sums.into_iter().collect();
    sums.sort_by_key(|(_, sum)| Reverse(sum.off_cpu_ns));
    sums.truncate(ROWS);
    (seconds > 0.0).then(|| ArmWaits {
        off_cpu_ns: off_cpu_ns as f64 / seconds,
        sampling_error_ns: square.sqrt() / seconds,
        rows: sums.into_iter().map(|found| row(found, seconds)).collect(),
        edges: longest_first(edges, seconds),
    })
}

fn longest_first(edges: BTreeMap<(Role, WaitKind, Role), u64>, seconds: f64) -> Vec<ArmWaitEdge> {
    let mut edges: Vec<_> = edges.into_iter().collect();
    edges.sort_by_key(|(_, off_cpu_ns)| Reverse(*off_cpu_ns));
    let edge = |((role, kind, waker), off_cpu_ns)| ArmWaitEdge {
        role,
        kind,
        waker,
        off_cpu_ns: off_cpu_ns as f64 / seconds,
    };
    edges.into_iter().map(edge).collect()
}

fn key(round: &Recording, wait: &Wait) -> Key {
    let role = |index| round.role_of(index);
    let at = |node| place(&round.waits.stacks, node).unwrap_or_default();
    let last = round.waits.last(wait);
    let waker = match (wait.kept, last.waker) {
        // It had not ended.
        (0, WakeSource::Unknown) => Role::Unassigned,
        _ => waker_role(last.waker, role),
    };
    (
        role(wait.thread),
        wait.kind,
        wait.syscall.clone(),
        at(wait.node),
        waker,
        at(last.waker_node),
    )
}

fn row((key, sum): (Key, Sum), seconds: f64) -> ArmWait {
    let (role, kind, syscall, place, waker, waker_place) = key;
    ArmWait {
        role,
        kind,
        syscall,
        place,
        objects: objects(sum.objects, seconds),
        waker,
        waker_place,
        off_cpu_ns: sum.off_cpu_ns as f64 / seconds,
        count: sum.count as f64 / seconds,
        evidence: sum.evidence,
    }
}

/// Returns the files and peers with the longest waits.
fn objects(sums: BTreeMap<String, u64>, seconds: f64) -> Vec<WaitObject> {
    let mut objects: Vec<(String, u64)> = sums.into_iter().collect();
    objects.sort_by_key(|(_, off_cpu_ns)| Reverse(*off_cpu_ns));
    objects.truncate(OBJECTS);
    let object = |(name, off_cpu_ns)| WaitObject {
        name,
        off_cpu_ns: off_cpu_ns as f64 / seconds,
    };
    objects.into_iter().map(object).collect()
}
