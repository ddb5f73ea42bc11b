//! Counts that the recording has.

use super::Counted;
use super::source::{ACCEPTS, KernelCount};
use recording::process::SyscallPoint;
use recording::work::WorkPoint;
use recording::{Recording, Work};
use std::collections::BTreeMap;

/// Returns a count of the kernel.
///
/// # Errors
/// Fails if the kernel has no hook for it.
pub fn count(of: KernelCount, recording: &Recording) -> Result<Counted, String> {
    let sockets = &recording.sockets;
    let by_sockets = |count| Work::by_sockets(recording, count);
    let (count, series) = match of {
        KernelCount::Requests => (sockets.requests, by_sockets(|point| point.requests)),
        KernelCount::Bytes => (
            sockets.send_bytes + sockets.recv_bytes,
            by_sockets(|point| point.bytes),
        ),
        KernelCount::Accepts => {
            let accepted = |point: &SyscallPoint| point.count.saturating_sub(point.failed);
            (sockets.accepted, by_calls(recording, &ACCEPTS, accepted))
        }
    };
    if count == 0 {
        return Err("the kernel saw none on TCP sockets of the target".into());
    }
    Ok(Counted { count, series })
}

/// Returns the calls of a system call, failed ones included.
///
/// # Errors
/// Fails if there was none.
pub fn syscall(name: &str, recording: &Recording) -> Result<Counted, String> {
    let calls = recording.syscalls.iter().filter(|call| call.name == name);
    match calls.map(|call| call.count).sum() {
        0 => Err(format!("the target made no call of {name}")),
        count => Ok(Counted {
            count,
            series: by_calls(recording, &[name], |point| point.count),
        }),
    }
}

/// Returns the units at each second that calls of these names are. Calls that were not followed
/// have no series.
fn by_calls(
    recording: &Recording,
    names: &[&str],
    count: fn(&SyscallPoint) -> u64,
) -> Vec<WorkPoint> {
    let calls = recording.syscalls.iter();
    let calls = calls.filter(|call| names.contains(&&*call.name));
    let mut sums: BTreeMap<u64, u64> = BTreeMap::new();
    // All series have points at the same instants.
    for point in calls.flat_map(|call| &call.series) {
        *sums.entry(point.t_ns).or_default() += count(point);
    }
    let point = |(t_ns, count)| WorkPoint { t_ns, count };
    sums.into_iter().map(point).collect()
}
