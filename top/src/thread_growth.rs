//! The growth of a thread's counts between two snapshots.

use recording::process::{Samples, Syscall, Thread};
use recording::runtime_stats::EventLoop;

/// Returns what a thread did since an earlier snapshot, as a thread of a recording that began then.
pub fn since(now: &Thread, before: &Thread) -> Thread {
    let grown = |field: fn(&Thread) -> u64| field(now).saturating_sub(field(before));
    Thread {
        tid: now.tid,
        pid: now.pid,
        name: now.name.clone(),
        role: now.role.clone(),
        on_cpu_ns: grown(|thread| thread.on_cpu_ns),
        syscall_ns: grown(|thread| thread.syscall_ns),
        samples: samples(&now.samples, &before.samples),
        run_queue_ns: grown(|thread| thread.run_queue_ns),
        throttled_ns: grown(|thread| thread.throttled_ns),
        off_cpu_ns: grown(|thread| thread.off_cpu_ns),
        voluntary_switches: grown(|thread| thread.voluntary_switches),
        involuntary_switches: grown(|thread| thread.involuntary_switches),
        faults: grown(|thread| thread.faults),
        gc_ns: grown(|thread| thread.gc_ns),
        gc_faults: grown(|thread| thread.gc_faults),
        syscalls: syscalls(&now.syscalls, &before.syscalls),
        event_loop: event_loop(now.event_loop.as_ref(), before.event_loop.as_ref()),
        ..Thread::default()
    }
}

fn samples(now: &Samples, before: &Samples) -> Samples {
    let grown = |field: fn(&Samples) -> u64| field(now).saturating_sub(field(before));
    Samples {
        user: grown(|samples| samples.user),
        syscall: grown(|samples| samples.syscall),
        fault_irq: grown(|samples| samples.fault_irq),
        ctx_switch: grown(|samples| samples.ctx_switch),
        syscall_edge: grown(|samples| samples.syscall_edge),
        fault_return: grown(|samples| samples.fault_return),
    }
}

fn syscalls(now: &[Syscall], before: &[Syscall]) -> Vec<Syscall> {
    let grown = |call: &Syscall| {
        let earlier = before.iter().find(|earlier| earlier.name == call.name);
        let of = |field: fn(&Syscall) -> u64| {
            field(call).saturating_sub(earlier.map(field).unwrap_or(0))
        };
        Syscall {
            name: call.name.clone(),
            count: of(|call| call.count),
            on_cpu_ns: of(|call| call.on_cpu_ns),
            blocked_ns: of(|call| call.blocked_ns),
            bytes: call.bytes.map(|_| of(|call| call.bytes.unwrap_or(0))),
            ..Syscall::default()
        }
    };
    let calls = now.iter().map(grown);
    calls
        .filter(|call| call.count + call.on_cpu_ns > 0)
        .collect()
}

fn event_loop(now: Option<&EventLoop>, before: Option<&EventLoop>) -> Option<EventLoop> {
    let now = now?;
    let nothing = EventLoop::default();
    let before = before.unwrap_or(&nothing);
    Some(EventLoop {
        iterations: now.iterations.since(&before.iterations),
        lag_bound: now.lag_bound.since(&before.lag_bound),
        empty_polls: now.empty_polls.saturating_sub(before.empty_polls),
        busy_polls: now.busy_polls.saturating_sub(before.busy_polls),
    })
}
