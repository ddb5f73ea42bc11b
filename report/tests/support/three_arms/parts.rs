//! The parts of the example that follow from its threads, and those beside them.

use super::Example;
use super::numbers::{DURATION_NS, REQUESTS, around, total};
use recording::memory::{Memory, MemoryPoint, MemoryStack, Region};
use recording::observer::{Observer, ProbeGroupStatus};
use recording::process::{
    CodeSamples, Cpu, CpuPoint, FaultRegion, Faults, Frame, Process, RunQueueBlame, Sockets,
    Syscall, Thread, WakeSource, Waker,
};
use recording::runtime_stats::{GcBursts, Goroutines, RuntimeStats};
use recording::vocabulary::{CodePlace, MemoryEvent, ProbeGroup, RegionClass, Runtime};
use recording::{Recording, RelayBucket, histogram::bucket_of};
use std::collections::BTreeMap;

const SECONDS: u64 = 5;

/// Functions of user code with their share of a thread's samples, their file and its region.
const GO_CODE: &[(&str, &str, RegionClass, f64)] = &[
    ("runtime.mallocgc", "server", RegionClass::BinaryText, 0.22),
    (
        "runtime.findRunnable",
        "server",
        RegionClass::BinaryText,
        0.18,
    ),
    (
        "net/http.(*conn).serve",
        "server",
        RegionClass::BinaryText,
        0.25,
    ),
    (
        "encoding/json.Unmarshal",
        "server",
        RegionClass::BinaryText,
        0.2,
    ),
    (
        "runtime.scanobject",
        "server",
        RegionClass::BinaryText,
        0.15,
    ),
];
const BUN_CODE: &[(&str, &str, RegionClass, f64)] = &[
    ("", "bun", RegionClass::BinaryText, 0.58),
    ("", "", RegionClass::JitCode, 0.3),
    ("memmove", "libc.so.6", RegionClass::Libraries, 0.12),
];

/// Adds everything but load and checks to a recording that has its threads.
pub fn add(recording: &mut Recording, example: &Example, noise: f64) {
    let is_go = example.runtime == Runtime::Go;
    let threads = &recording.threads;
    recording.process = process(threads);
    recording.syscalls = syscalls(threads);
    recording.wakers = wakers(threads);
    recording.code = code(threads, if is_go { GO_CODE } else { BUN_CODE });
    recording.faults = faults(threads, is_go);
    recording.memory_stacks = memory_stacks(is_go);
    recording.run_queue_blame = blame();
    recording.memory = memory(example, noise);
    recording.cpu = cpu(recording.process.on_cpu_ns);
    recording.sockets = sockets();
    let latency = if is_go { 80_000.0 } else { 140_000.0 } * example.factor * noise;
    recording.latency = BTreeMap::from([
        ("run_queue".into(), around(8_000.0, 1_500)),
        ("off_cpu".into(), around(900_000.0, 1_200)),
        ("proxy_latency".into(), around(latency, 1_514)),
    ]);
    recording.relays = vec![RelayBucket {
        bucket: bucket_of(latency as u64) as u32,
        count: 1_514,
        arrival_to_wakeup_ns: 1_514 * 9_000,
        run_queue_ns: 1_514 * 8_000,
        loop_busy_ns: (1_514.0 * (latency - 17_000.0) * 0.3) as u64,
        receive_to_send_ns: (1_514.0 * (latency - 17_000.0) * 0.7) as u64,
    }];
    recording.runtime_stats = runtime_stats(is_go);
    recording.observer = observer();
}

fn process(threads: &[Thread]) -> Process {
    let sum = |value: fn(&Thread) -> u64| threads.iter().map(value).sum();
    Process {
        on_cpu_ns: sum(|thread| thread.on_cpu_ns),
        run_queue_ns: sum(|thread| thread.run_queue_ns),
        voluntary_switches: sum(|thread| thread.voluntary_switches),
        involuntary_switches: sum(|thread| thread.involuntary_switches),
        wakeups: sum(|thread| thread.wakeups),
        migrations: sum(|thread| thread.migrations),
        cpu_clock_ns: Some(sum(|thread| thread.on_cpu_ns)),
        ..Process::default()
    }
}

fn syscalls(threads: &[Thread]) -> Vec<Syscall> {
    let mut sums: BTreeMap<&str, Syscall> = BTreeMap::new();
    for call in threads.iter().flat_map(|thread| &thread.syscalls) {
        let sum = sums.entry(&call.name).or_insert_with(|| Syscall {
            name: call.name.clone(),
            ..Syscall::default()
        });
        sum.count += call.count;
        sum.on_cpu_ns += call.on_cpu_ns;
        sum.blocked_ns += call.blocked_ns;
        sum.run_queue_ns += call.run_queue_ns;
        sum.bytes = call
            .bytes
            .map(|bytes| bytes + sum.bytes.unwrap_or(0))
            .or(sum.bytes);
        if ["read", "recvfrom"].contains(&call.name.as_str()) {
            *sum.errors.entry("EAGAIN".into()).or_default() += call.count / 20;
        }
    }
    sums.into_values().collect()
}

/// Returns wake-ups: half by interrupts, half by the thread before.
fn wakers(threads: &[Thread]) -> Vec<Waker> {
    let each = threads.iter().enumerate().flat_map(|(to, thread)| {
        let by_thread = WakeSource::Thread((to + 1) % threads.len());
        [WakeSource::Interrupt, by_thread].map(|from| Waker {
            from,
            to,
            count: thread.wakeups / 2,
            ..Waker::default()
        })
    });
    each.collect()
}

fn code(threads: &[Thread], functions: &[(&str, &str, RegionClass, f64)]) -> Vec<CodeSamples> {
    let of_thread = |(index, thread): (usize, &Thread)| {
        let found = functions
            .iter()
            .map(|(function, file, class, share)| CodeSamples {
                thread: index,
                function: function.to_string(),
                file: file.to_string(),
                class: *class,
                samples: (thread.samples.user as f64 * share) as u64,
            });
        found.filter(|found| found.samples > 0).collect::<Vec<_>>()
    };
    threads.iter().enumerate().flat_map(of_thread).collect()
}

fn faults(threads: &[Thread], is_go: bool) -> Faults {
    let minor = threads.iter().map(|thread| thread.faults).sum();
    Faults {
        minor,
        major: if is_go { 0 } else { 2 },
        user: minor * 9 / 10,
        kernel: minor - minor * 9 / 10,
        regions: vec![
            FaultRegion {
                class: RegionClass::RuntimeHeap,
                count: minor * 4 / 5,
            },
            FaultRegion {
                class: RegionClass::BinaryText,
                count: minor - minor * 4 / 5,
            },
        ],
    }
}

fn memory_stacks(is_go: bool) -> Vec<MemoryStack> {
    let frame = |function: &str, file: &str| Frame {
        function: function.into(),
        file: file.into(),
        class: CodePlace::Region(RegionClass::BinaryText),
    };
    let fault = MemoryStack {
        thread: Some(0),
        kind: MemoryEvent::PageFault,
        count: if is_go { 40 } else { 1_500 },
        stack: match is_go {
            true => vec![
                frame("runtime.mallocgc", "server"),
                frame("main.relay", "server"),
            ],
            false => vec![frame("", "bun")],
        },
        ..MemoryStack::default()
    };
    let advice = MemoryStack {
        thread: Some(2),
        kind: MemoryEvent::DontNeed,
        count: 24,
        bytes: -(24 << 16),
        stack: vec![frame("madvise", "libc.so.6"), frame("", "bun")],
    };
    let rest = MemoryStack {
        count: 12,
        ..MemoryStack::default()
    };
    if is_go {
        vec![fault, rest]
    } else {
        vec![fault, advice, rest]
    }
}

fn blame() -> Vec<RunQueueBlame> {
    vec![
        RunQueueBlame {
            pid: 31,
            name: "kworker/2:1".into(),
            own: false,
            count: 12,
            wait_ns: 1_400_000,
        },
        RunQueueBlame {
            pid: 4_100,
            name: "server".into(),
            own: true,
            count: 20,
            wait_ns: 1_900_000,
        },
    ]
}

fn memory(example: &Example, noise: f64) -> Memory {
    const MIB: f64 = 1_048_576.0;
    let region = |&(class, mib): &(RegionClass, f64)| {
        // Only the heap differs between rounds and versions.
        let heap = class == RegionClass::RuntimeHeap;
        let factor = if heap { example.factor * noise } else { 1.0 };
        let rss_bytes = (mib * factor * MIB) as u64;
        Region {
            class,
            rss_bytes,
            pss_bytes: rss_bytes,
        }
    };
    let regions: Vec<Region> = example.memory.iter().map(region).collect();
    let rss_bytes = regions.iter().map(|region| region.rss_bytes).sum();
    let point = |second| MemoryPoint {
        t_ns: second * 1_000_000_000,
        rss_bytes: rss_bytes - (SECONDS - second) * 400_000,
    };
    Memory {
        rss_bytes,
        peak_rss_bytes: rss_bytes / 100 * 104,
        regions,
        series: (1..=SECONDS).map(point).collect(),
        region_series: Vec::new(),
    }
}

fn cpu(on_cpu_ns: u64) -> Cpu {
    let point = |second| CpuPoint {
        t_ns: second * 1_000_000_000,
        on_cpu_ns: on_cpu_ns / 25 * (8 - second),
        ..CpuPoint::default()
    };
    Cpu {
        series: (1..=SECONDS).map(point).collect(),
    }
}

fn sockets() -> Sockets {
    let sends = total(1.02);
    Sockets {
        send_calls: sends,
        send_bytes: sends * 51,
        recv_calls: total(1.15),
        recv_bytes: total(1.15) * 186,
        accepted: REQUESTS / 4,
        connected: REQUESTS / 4,
        closed: REQUESTS / 12,
        relays_matched: sends - 20,
        relays_unmatched: 20,
        send_sizes: around(50.0, sends),
        recv_sizes: around(180.0, total(1.15)),
        ..Sockets::default()
    }
}

fn runtime_stats(is_go: bool) -> RuntimeStats {
    let goroutines = Goroutines {
        switches: total(0.9),
        receives: total(1.1),
        migrated: total(0.2),
    };
    let bursts = GcBursts {
        wakeups: 120,
        span_ns: 30 * 700_000,
        spans: around(700_000.0, 30),
    };
    RuntimeStats {
        gc_bursts: (!is_go).then_some(bursts),
        goroutines: is_go.then_some(goroutines),
    }
}

fn observer() -> Observer {
    let group = |group, source: &str, reason: &str, program: &str| ProbeGroupStatus {
        group,
        source: source.into(),
        fallback_reason: reason.into(),
        programs: vec![program.into()],
        hits: 60_000,
        bpf_ns: 36_000_000,
    };
    Observer {
        probe_groups: vec![
            group(ProbeGroup::Scheduler, "tp_btf", "", "sched_switch"),
            group(ProbeGroup::Syscalls, "tp_btf", "", "sys_enter"),
            group(
                ProbeGroup::SocketArrival,
                "kprobe",
                "fentry: not supported",
                "sock_def_readable",
            ),
        ],
        cpu_ns: 21_000_000,
        rss_bytes: 31 << 20,
        sampled_ns: DURATION_NS / 10,
        syscall_entry_exit_ns: 120.0,
        ..Observer::default()
    }
}
