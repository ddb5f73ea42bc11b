//! Counts that the recording has.

use super::Counted;
use super::source::KernelCount;
use recording::{Recording, Work};

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
        // System calls are drained at the end of the window only.
        KernelCount::Accepts => (sockets.accepted, Vec::new()),
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
        count => Ok(whole(count)),
    }
}

fn whole(count: u64) -> Counted {
    Counted {
        count,
        series: Vec::new(),
    }
}
