//! Counts that the recording has.

use super::Counted;
use super::source::KernelCount;
use recording::Recording;

/// Returns a count of the kernel.
///
/// # Errors
/// Fails if the kernel has no hook for it.
pub fn count(of: KernelCount, recording: &Recording) -> Result<Counted, String> {
    let sockets = &recording.sockets;
    let count = match of {
        KernelCount::Requests => sockets.requests,
        KernelCount::Bytes => sockets.send_bytes + sockets.recv_bytes,
        KernelCount::Accepts => sockets.accepted,
    };
    if count == 0 {
        return Err("the kernel saw none on TCP sockets of the target".into());
    }
    Ok(whole(count))
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
