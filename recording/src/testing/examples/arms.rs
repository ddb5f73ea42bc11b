//! The threads and memory of each arm.

use super::code::{BUN_CODE, GO_CODE, bun_memory_stacks, sampled, stack, wakers};
use crate::Histogram;
use crate::runtime_stats::{EventLoop, GcBursts, Goroutines};
use crate::testing::{Build, ThreadBuild, distribution};
use crate::vocabulary::RegionClass::*;
use crate::vocabulary::{MemoryEvent, Role};

/// Length of the window.
pub(super) const WINDOW_NS: u64 = 5_000_000_000;
/// Content tokens of the load.
const TOKENS: u64 = 2_400;
/// Requests of the load.
const REQUESTS: u64 = 48;

/// Returns an arm of go.
pub(super) fn go(permille: u64) -> Build {
    let worker = |user_ns: u64| {
        move |thread: ThreadBuild| {
            let share = user_ns / 100_000;
            let thread = thread
                .named("server")
                .user(user_ns * permille / 1_000, 7 * share)
                .fault(4_000 * share, share / 3)
                .call("read", 12 * share, 18_000 * share)
                .moving(2_550 * share)
                .call("write", 5 * share, 32_600 * share)
                .moving(226 * share)
                .call("epoll_pwait", 7 * share, 14_000 * share)
                .call("futex", 5 * share, 6_600 * share)
                .call("nanosleep", share, 1_300 * share)
                .blocked("futex", 2_900_000_000)
                .blocked("nanosleep", 100_000_000);
            complete(thread, 40)
        }
    };
    arm("go", "1.26.4", &["./server"], 8_400_000)
        .thread(4100, Role::GoScheduler, worker(25_000_000))
        .thread(4101, Role::GoScheduler, worker(13_600_000))
        .thread(4102, Role::GoScheduler, worker(6_800_000))
        .thread(4107, Role::GoSysmon, |thread| {
            let thread = thread.named("server").user(953_000, 1_488);
            let thread = thread.call("nanosleep", 1_440, 1_584_000);
            complete(thread.blocked("nanosleep", 4_800_000_000), 2)
        })
        .region(BinaryText, 4_299_161)
        .region(BinaryData, 943_718)
        .region(RuntimeHeap, 10_066_329)
        .region(ThreadStacks, 314_572)
        .region(Other, 419_430)
        .with(|recording| {
            sampled(recording, GO_CODE);
            recording.wakers = wakers(&[(None, 0, 2_640), (Some(3), 0, 480), (Some(0), 1, 936)]);
            recording.memory_stacks = vec![stack(
                MemoryEvent::PageFault,
                (0, 110),
                &[
                    ("runtime.memclrNoHeapPointers", "server"),
                    ("runtime.mallocgc", "server"),
                ],
            )];
            recording.runtime_stats.goroutines = Some(Goroutines {
                switches: 5_100,
                receives: 5_280,
                migrated: 610,
            });
        })
}

/// Returns an arm of bun 1.3.
pub(super) fn bun(permille: u64) -> Build {
    javascript(
        "bun",
        "1.3.13",
        98_000_000,
        permille,
        [98, 26, 38, 57],
        23_488_102,
    )
}

/// Returns an arm of bun 1.4, which runs less user code and keeps a smaller heap.
pub(super) fn bun_1_4(permille: u64) -> Build {
    javascript(
        "bun-1.4",
        "1.4.4",
        98_000_000,
        permille,
        [81, 22, 32, 48],
        19_730_006,
    )
}

/// Returns an arm of bun, by the user time of its threads and its heap.
fn javascript(
    name: &str,
    version: &str,
    binary_bytes: u64,
    permille: u64,
    [main, client, collector, compiler]: [u64; 4],
    heap: u64,
) -> Build {
    let build = arm(name, version, &["bun", "run", "server.ts"], binary_bytes)
        .thread(4100, Role::MainLoop, |thread| {
            let thread = thread
                .named("bun")
                .user(main * 1_000 * permille, 5_040)
                .fault(5_040_000, 1_900)
                .call("sendto", 2_496, 18_400_000)
                .moving(114_816)
                .call("epoll_pwait2", 5_280, 12_600_000)
                .returning(4_900)
                .call("recvfrom", 2_640, 5_000_000)
                .moving(475_200)
                .call("futex", 1_920, 3_060_000)
                .call("write", 1_440, 1_578_000)
                .moving(11_520)
                .call("clock_gettime", 240, 48_000)
                .blocked("epoll_pwait2", 3_300_000_000)
                .blocked("futex", 20_000_000);
            complete(event_loop(thread, 5_280, 380), 310)
        })
        .thread(4104, Role::HttpClient, |thread| {
            let thread = thread
                .named("HTTP Client")
                .user(client * 1_000 * permille, 2_592)
                .fault(960_000, 90)
                .call("epoll_pwait2", 2_640, 6_050_000)
                .returning(2_600)
                .call("recvfrom", 2_592, 5_680_000)
                .moving(544_320)
                .call("write", 2_280, 2_726_000)
                .moving(18_240)
                .call("futex", 96, 163_000)
                .blocked("epoll_pwait2", 4_100_000_000)
                .blocked("futex", 100_000_000);
            complete(event_loop(thread, 2_640, 40), 60)
        });
    javascript_helpers(build, collector, compiler)
        .region(BinaryText, 28_835_840)
        .region(BinaryData, 3_355_443)
        .region(Libraries, 2_726_297)
        .region(RuntimeHeap, heap)
        .region(JitCode, 2_306_867)
        .region(ThreadStacks, 524_288)
        .region(Other, 1_677_721)
        .with(|recording| {
            sampled(recording, BUN_CODE);
            recording.wakers = wakers(&[(None, 0, 2_640), (Some(1), 0, 2_400), (Some(0), 2, 120)]);
            recording.memory_stacks = bun_memory_stacks();
            recording.runtime_stats.gc_bursts = Some(gc_bursts());
        })
}

fn gc_bursts() -> GcBursts {
    GcBursts {
        wakeups: 120,
        span_ns: 31_000_000,
        spans: distribution(&[(600_000, 20), (2_100_000, 9)]),
    }
}

/// Adds the threads that collect garbage and compile.
fn javascript_helpers(build: Build, collector: u64, compiler: u64) -> Build {
    build
        .thread(4102, Role::JscHeapHelper, |thread| {
            let thread = thread.named("HeapHelper").user(collector * 100_000, 120);
            let thread = thread.fault(720_000, 410).call("futex", 120, 216_000);
            complete(thread.blocked("futex", 4_900_000_000), 4)
        })
        .thread(4103, Role::JscJit, |thread| {
            let thread = thread.named("JITWorker").user(compiler * 100_000, 48);
            let thread = thread.fault(480_000, 120).call("futex", 48, 86_000);
            complete(thread.blocked("futex", 4_900_000_000), 6)
        })
}

fn arm(name: &str, version: &str, cmdline: &[&str], binary_bytes: u64) -> Build {
    let build = Build::arm(name).load(TOKENS, REQUESTS);
    build.with(|recording| {
        recording.window.duration_ns = WINDOW_NS;
        recording.target.pid = 4100;
        recording.target.runtime_version = version.into();
        recording.target.cmdline = cmdline.iter().map(|word| (*word).into()).collect();
        recording.target.binary_bytes = binary_bytes;
    })
}

/// Gives a thread preemptions, and run-queue and off-CPU time for the rest of the window.
fn complete(thread: ThreadBuild, preemptions: u64) -> ThreadBuild {
    thread
        .ctx_switch(900 * preemptions, preemptions)
        .with(|thread| {
            let switched_in = thread.wakeups + preemptions;
            thread.run_queue_ns = 1_600 * switched_in;
            thread.preempted_ns = Some(1_600 * preemptions);
            thread.off_cpu_ns = WINDOW_NS - thread.on_cpu_ns - thread.run_queue_ns;
        })
}

fn event_loop(thread: ThreadBuild, iterations: u64, empty_polls: u64) -> ThreadBuild {
    let lengths = |count: u64| -> Histogram {
        distribution(&[
            (9_000, count / 2),
            (24_000, count / 3),
            (160_000, count / 6),
        ])
    };
    thread.with(|thread| {
        thread.event_loop = Some(EventLoop {
            iterations: lengths(iterations),
            lag_bound: lengths(iterations / 10),
            empty_polls,
            busy_polls: empty_polls / 4,
        });
    })
}
