//! The kind of a wait, by its system call and by functions of sleeper and waker.

use super::functions;
use recording::Stacks;
use recording::process::WakeSource;
use recording::stacks::StackFrame;
use recording::vocabulary::{CodePlace, Role, SyscallClass, WaitKind};
use recording::waits::Wait;

/// User frames, innermost first, that are looked at for the lock of a runtime: its parts are near.
const REACH: usize = 12;
/// Parts of names of kernel functions that wait for a file or a block device.
const FILE_PARTS: [&str; 6] = [
    "io_schedule",
    "folio_wait",
    "wait_on_buffer",
    "jbd2_",
    "blk_",
    "filemap_",
];
/// Parts of names of kernel functions that pass data between threads of one host.
const PIPE_PARTS: [&str; 4] = ["pipe_read", "pipe_write", "eventfd_", "unix_stream_"];

/// Returns whether a frame lies outside of the kernel.
pub fn is_user(frame: &StackFrame) -> bool {
    frame.place != CodePlace::Kernel
}

/// Returns what a thread of a role waited for.
pub fn kind_of(stacks: &Stacks, wait: &Wait, role: &Role) -> WaitKind {
    let kernel = |parts: &[&str]| {
        let frames = stacks.frames_of(wait.node).filter(|frame| !is_user(frame));
        let mut names = frames.map(|frame| frame.function.as_str());
        names.any(|name| parts.iter().any(|part| name.contains(part)))
    };
    match wait.syscall.as_str() {
        "" if kernel(&["fault", "mmap", "rwsem_"]) => return WaitKind::Memory,
        "" => return WaitKind::Other,
        "futex" | "futex_waitv" | "futex_wait" => return futex(stacks, wait, role),
        "wait4" | "waitid" => return WaitKind::Join,
        "accept" | "accept4" | "rt_sigtimedwait" | "io_uring_enter" | "io_getevents" => {
            return WaitKind::Idle;
        }
        _ => (),
    }
    match SyscallClass::of(&wait.syscall) {
        SyscallClass::EventPolling => WaitKind::Idle,
        SyscallClass::Timers => WaitKind::Timer,
        SyscallClass::ThreadSync => WaitKind::HandOff,
        SyscallClass::Memory => WaitKind::Memory,
        _ if wait.file.is_some() || kernel(&FILE_PARTS) => WaitKind::File,
        _ if kernel(&PIPE_PARTS) => WaitKind::HandOff,
        SyscallClass::File => WaitKind::File,
        SyscallClass::Receive | SyscallClass::Send | SyscallClass::Connection => match wait.waker {
            WakeSource::Thread(_) => WaitKind::HandOff,
            _ => WaitKind::Socket,
        },
        _ => WaitKind::Other,
    }
}

/// Returns the kind of a wait in `futex`.
fn futex(stacks: &Stacks, wait: &Wait, role: &Role) -> WaitKind {
    let names = |node| {
        let frames = stacks.frames_of(node).filter(|frame| is_user(frame));
        frames.map(|frame| frame.function.as_str()).take(REACH)
    };
    let sleeper = || names(wait.node);
    if sleeper().any(functions::takes_runtime_lock) {
        return WaitKind::Lock;
    }
    if sleeper().any(functions::joins) || names(wait.waker_node).any(functions::ends) {
        return WaitKind::Join;
    }
    let hands_over = sleeper().any(functions::is_python_condition);
    let decides = |name: &&str| functions::takes_lock(name) || functions::is_condition(name);
    let unlocked = names(wait.waker_node).any(functions::releases_lock)
        && !names(wait.waker_node).any(functions::is_condition);
    match sleeper().find(decides) {
        Some(name) if functions::takes_lock(name) && !hands_over => WaitKind::Lock,
        None if unlocked => WaitKind::Lock,
        _ if sleeper().any(functions::rests) || is_worker(role) => WaitKind::Idle,
        _ if wait.waker == WakeSource::Timer => WaitKind::Timer,
        _ if wait.kept == 0 => WaitKind::Idle,
        _ => WaitKind::HandOff,
    }
}

/// Returns whether threads of a role rest in `futex` until there is work for them.
fn is_worker(role: &Role) -> bool {
    role.is_gc()
        || matches!(
            role,
            Role::JscJit
                | Role::JscHelper
                | Role::V8Worker
                | Role::V8DelayedTasks
                | Role::LibuvPool
                | Role::TokioWorker
                | Role::ExecutorThread
                | Role::Jit
                | Role::VmThread
                | Role::GoScheduler
                | Role::GoSysmon
                | Role::AllocatorScavenger
                | Role::BeamScheduler
                | Role::BeamDirtyScheduler
                | Role::Pool
        )
}
