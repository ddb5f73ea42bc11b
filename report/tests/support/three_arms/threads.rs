//! Threads of the example: their work per token.

use super::Example;
use super::numbers::{DURATION_NS, SAMPLE_NS, around, total};
use recording::process::{Samples, Syscall, Thread};
use recording::runtime_stats::EventLoop;
use recording::vocabulary::{RegionClass::*, Runtime, is_event_wait};

/// Work of a thread per token.
#[derive(Clone, Copy)]
pub struct Work {
    name: &'static str,
    tid: u32,
    user_us: f64,
    fault_us: f64,
    faults: f64,
    wakeups: f64,
    preempted: f64,
    syscalls: &'static [Call],
}

/// A system call: its name, calls and µs on a CPU per token, bytes of each, share of the window
/// blocked.
type Call = (&'static str, f64, f64, u64, f64);

const fn work(name: &'static str, tid: u32, user_us: f64, syscalls: &'static [Call]) -> Work {
    Work {
        name,
        tid,
        user_us,
        fault_us: 0.3,
        faults: 0.02,
        wakeups: 0.45,
        preempted: 0.02,
        syscalls,
    }
}

const M: &[Call] = &[
    ("write", 0.34, 2.05, 52, 0.0),
    ("read", 0.77, 1.14, 96, 0.05),
    ("epoll_pwait", 0.47, 0.88, 0, 0.6),
    ("futex", 0.3, 0.42, 0, 0.3),
];
const MAIN_LOOP: &[Call] = &[
    ("recvfrom", 1.1, 2.08, 180, 0.0),
    ("sendto", 1.04, 7.67, 46, 0.0),
    ("epoll_pwait2", 2.2, 5.26, 0, 0.94),
    ("futex", 0.8, 1.28, 0, 0.01),
    ("write", 0.6, 0.66, 8, 0.0),
    ("clock_gettime", 0.1, 0.02, 0, 0.0),
];
const HTTP_CLIENT: &[Call] = &[
    ("recvfrom", 1.08, 2.37, 210, 0.0),
    ("epoll_pwait2", 1.1, 2.52, 0, 0.97),
    ("write", 0.95, 1.14, 8, 0.0),
    ("futex", 0.04, 0.07, 0, 0.01),
];

const GO_THREADS: &[Work] = &[
    work("server", 4_100, 6.2, M),
    work("server", 4_103, 6.3, M),
    work("server", 4_104, 6.1, M),
    work("server", 4_101, 0.4, &[("nanosleep", 0.8, 0.9, 0, 0.99)]),
];
const BUN_THREADS: &[Work] = &[
    Work {
        fault_us: 2.1,
        faults: 0.8,
        wakeups: 2.1,
        preempted: 0.13,
        ..work("bun", 4_100, 41.0, MAIN_LOOP)
    },
    Work {
        wakeups: 1.08,
        ..work("HTTP Client", 4_105, 11.0, HTTP_CLIENT)
    },
    work(
        "HeapHelper",
        4_106,
        1.6,
        &[
            ("futex", 0.05, 0.09, 0, 0.98),
            ("madvise", 0.01, 0.09, 0, 0.0),
        ],
    ),
    work(
        "JITWorker",
        4_107,
        2.4,
        &[
            ("futex", 0.02, 0.04, 0, 0.98),
            ("mprotect", 0.01, 0.07, 0, 0.0),
        ],
    ),
];

/// Returns the arm of Go.
pub fn go() -> Example {
    Example {
        arm: "go",
        runtime: Runtime::Go,
        version: "1.26.4",
        binary_bytes: 8_400_000,
        cmdline: &["./server"],
        threads: GO_THREADS,
        factor: 1.0,
        memory: &[
            (RuntimeHeap, 9.6),
            (BinaryText, 4.1),
            (BinaryData, 0.9),
            (ThreadStacks, 0.3),
            (Other, 0.4),
        ],
    }
}

/// Returns the arm of Bun.
pub fn bun() -> Example {
    Example {
        arm: "bun",
        runtime: Runtime::Bun,
        version: "1.3.13",
        binary_bytes: 98_000_000,
        cmdline: &["bun", "run", "server.ts"],
        threads: BUN_THREADS,
        factor: 1.0,
        memory: &[
            (BinaryText, 27.5),
            (RuntimeHeap, 22.4),
            (BinaryData, 3.2),
            (Libraries, 2.6),
            (JitCode, 2.2),
            (ThreadStacks, 0.5),
            (Other, 1.6),
        ],
    }
}

/// Returns the arm of a faster Bun.
pub fn bun_1_4() -> Example {
    Example {
        arm: "bun-1.4",
        version: "1.4.4",
        factor: 0.85,
        ..bun()
    }
}

/// Returns the threads of a round.
pub fn all(example: &Example, noise: f64) -> Vec<Thread> {
    let each = example.threads.iter();
    each.map(|work| thread(work, example.factor * noise))
        .collect()
}

fn thread(work: &Work, factor: f64) -> Thread {
    let syscalls: Vec<Syscall> = work.syscalls.iter().map(syscall).collect();
    let syscall_ns = syscalls.iter().map(|call| call.on_cpu_ns).sum();
    let user_ns = (total(work.user_us * 1e3) as f64 * factor) as u64;
    let fault_ns = total(work.fault_us * 1e3);
    let on_cpu_ns = user_ns + fault_ns + syscall_ns;
    let run_queue_ns = on_cpu_ns / 16;
    let wakeups = total(work.wakeups);
    Thread {
        tid: work.tid,
        name: work.name.into(),
        on_cpu_ns,
        syscall_ns,
        samples: Samples {
            user: user_ns / SAMPLE_NS,
            syscall: syscall_ns / SAMPLE_NS,
            fault_irq: fault_ns / SAMPLE_NS,
            ..Samples::default()
        },
        run_queue_ns,
        preempted_ns: Some(run_queue_ns / 8),
        off_cpu_ns: DURATION_NS - on_cpu_ns - run_queue_ns,
        voluntary_switches: wakeups,
        involuntary_switches: total(work.preempted),
        wakeups,
        migrations: total(work.preempted) / 2,
        faults: total(work.faults),
        event_loop: event_loop(&syscalls, factor),
        syscalls,
        ..Thread::default()
    }
}

fn syscall(call: &Call) -> Syscall {
    let (name, calls, us, bytes, blocked) = *call;
    let count = total(calls);
    Syscall {
        name: name.into(),
        count,
        on_cpu_ns: total(us * 1e3),
        blocked_ns: (blocked * 0.9 * DURATION_NS as f64) as u64,
        run_queue_ns: count * 900,
        bytes: (bytes > 0).then_some(count * bytes),
        events: is_event_wait(name).then_some(count),
        ..Syscall::default()
    }
}

/// Returns the iterations of a thread that waits with `epoll_pwait2`, as event loops of this
/// example do.
fn event_loop(syscalls: &[Syscall], factor: f64) -> Option<EventLoop> {
    let wait = syscalls.iter().find(|call| call.name == "epoll_pwait2")?;
    Some(EventLoop {
        iterations: around(18_000.0 * factor, wait.count),
        lag_bound: around(24_000.0 * factor, wait.count / 5),
        empty_polls: wait.count / 20,
        busy_polls: wait.count / 40,
    })
}
