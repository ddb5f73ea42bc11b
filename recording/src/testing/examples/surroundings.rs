//! All that surrounds the threads of an arm: host, sockets, latency, load, series, observer and
//! checks.

use super::arms::WINDOW_NS;
use crate::load::{LoadCheck, LoadPoint};
use crate::memory::MemoryPoint;
use crate::observer::{Check, ProbeGroupStatus};
use crate::process::{CpuPoint, FaultRegion, RunQueueBlame};
use crate::testing::distribution;
use crate::vocabulary::{ProbeGroup, RegionClass};
use crate::{Ended, Recording, RelayBucket, histogram};

const SECOND: u64 = 1_000_000_000;

/// Adds them.
pub(super) fn add(recording: &mut Recording) {
    add_host(recording);
    add_sockets(recording);
    add_latency(recording);
    add_load(recording);
    add_series(recording);
    add_observer(recording);
    let all: u64 = recording
        .faults
        .regions
        .iter()
        .map(|region| region.count)
        .sum();
    recording.faults.user = all;
    recording.faults.regions = vec![
        FaultRegion {
            class: RegionClass::RuntimeHeap,
            count: all - all / 5,
        },
        FaultRegion {
            class: RegionClass::BinaryText,
            count: all / 5,
        },
    ];
    recording.run_queue_blame = [("loadgen", false, 5), ("server", true, 2)]
        .map(|(name, own, tenths)| RunQueueBlame {
            pid: if own { 4100 } else { 990 },
            name: name.into(),
            own,
            count: 40 * tenths,
            wait_ns: recording.process.run_queue_ns / 10 * tenths,
        })
        .into();
}

fn add_host(recording: &mut Recording) {
    recording.window.start_unix_ns = 1_795_312_820 * SECOND;
    recording.window.ended = Ended::Asked;
    recording.target.start_time_ticks = 880_001;
    let host = &mut recording.host;
    host.kernel = "6.18.0".into();
    host.arch = "x86_64".into();
    host.cpu_model = "Example CPU at 2.80 GHz".into();
    host.cpus = 4;
    host.memory_bytes = 16 << 30;
    host.virtualization = "kvm".into();
    host.steal_ns = 12_000_000;
    host.cgroup = "/".into();
    host.cpu_placement = "target on CPUs 2-3, load and stub on CPUs 0-1".into();
}

fn add_sockets(recording: &mut Recording) {
    let sockets = &mut recording.sockets;
    (sockets.send_calls, sockets.send_bytes) = (2_448, 124_800);
    (sockets.recv_calls, sockets.recv_bytes) = (2_760, 513_600);
    (sockets.accepted, sockets.connected, sockets.closed) = (10, 10, 4);
    (sockets.relays_matched, sockets.relays_unmatched) = (2_380, 20);
    sockets.send_sizes = distribution(&[(43, 1_500), (51, 900), (200, 48)]);
    sockets.recv_sizes = distribution(&[(190, 1_300), (215, 1_100), (290, 360)]);
}

/// Adds two lengths of relays, each with its stages, which depend on how busy the arm is.
fn add_latency(recording: &mut Recording) {
    let busy_ns = recording.process.on_cpu_ns / 2_400;
    let relays = |count: u64, factor: u64| {
        let stages = [4_000, 6_000, busy_ns / 3, busy_ns].map(|ns| ns * factor);
        RelayBucket {
            bucket: histogram::bucket_of(stages.iter().sum()) as u32,
            count,
            arrival_to_wakeup_ns: count * stages[0],
            run_queue_ns: count * stages[1],
            loop_busy_ns: count * stages[2],
            receive_to_send_ns: count * stages[3],
        }
    };
    recording.relays = vec![relays(2_300, 1), relays(80, 5)];
    let whole = |factor: u64| (10_000 + busy_ns / 3 + busy_ns) * factor;
    let switches = recording.process.voluntary_switches;
    let latency = [
        ("proxy_latency", vec![(whole(1), 2_300), (whole(5), 80)]),
        ("recv_to_send", vec![(busy_ns, 2_300), (5 * busy_ns, 80)]),
        ("run_queue", vec![(1_100, switches), (9_000, switches / 20)]),
        (
            "off_cpu",
            vec![(900_000, switches), (4_700_000, switches / 9)],
        ),
        (
            "wakeup_to_run",
            vec![(2_400, switches), (31_000, switches / 50)],
        ),
    ];
    for (name, values) in latency {
        recording.latency.insert(name.into(), distribution(&values));
    }
}

fn add_load(recording: &mut Recording) {
    let Some(load) = &mut recording.load else {
        return;
    };
    load.scenario = "quick".into();
    load.duration_ns = WINDOW_NS;
    load.chunks = load.tokens;
    (load.bytes_sent, load.bytes_received) = (9_860, 118_412);
    load.requests.started = load.requests.completed + 10;
    load.requests.cut = 10;
    for (times, milliseconds) in [
        (&mut load.ttft, 21),
        (&mut load.itl, 20),
        (&mut load.total, 1_020),
    ] {
        let ns = milliseconds * 1_000_000;
        times.histogram = Some(distribution(&[(ns, times.count), (ns * 11 / 10, 3)]));
        (times.min_ns, times.mean_ns, times.max_ns) = (ns - ns / 20, ns, ns + ns / 5);
        (times.p90_ns, times.p95_ns) = (ns + ns / 20, ns + ns / 10);
        (times.p99_ns, times.p999_ns) = (ns + ns / 8, ns + ns / 6);
    }
    load.checks = [
        "status is 200",
        "at least one content token",
        "ends with [DONE]",
    ]
    .map(|name| LoadCheck {
        name: name.into(),
        passed: load.requests.completed,
        failed: 0,
    })
    .into();
    load.client.cpu_ns = 210_000_000;
    load.client.peak_rss_bytes = 9 << 20;
    load.client.scheduling_delay_p99_ns = 310_000;
    load.client.achieved_rate = 9.6;
    let point = |second: u64| LoadPoint {
        t_ns: second * SECOND,
        active: 10,
        completed: 9 + second % 2,
        tokens: 480,
        ttft_p50_ns: 21_000_000,
        ttft_p99_ns: 23_000_000,
        itl_p50_ns: 20_000_000,
        load: 10.0,
        ..LoadPoint::default()
    };
    load.series = (1..=5).map(point).collect();
    recording.model_tokens = Some(load.tokens);
}

fn add_series(recording: &mut Recording) {
    let (rss_bytes, on_cpu_ns) = (recording.memory.rss_bytes, recording.process.on_cpu_ns);
    recording.memory.series = (1..=5)
        .map(|second| MemoryPoint {
            t_ns: second * SECOND,
            rss_bytes: rss_bytes - (5 - second) * (rss_bytes / 40),
        })
        .collect();
    recording.memory.peak_rss_bytes = rss_bytes + rss_bytes / 25;
    recording.cpu.series = (1..=5)
        .map(|second| CpuPoint {
            t_ns: second * SECOND,
            on_cpu_ns: on_cpu_ns / 5 + on_cpu_ns / 50 * (3 - second.min(3)),
            user_ns: on_cpu_ns / 8,
            kernel_ns: on_cpu_ns / 16,
        })
        .collect();
}

fn add_observer(recording: &mut Recording) {
    let groups = [
        (ProbeGroup::Scheduler, "tp_btf", "sched_switch", 812_000, 96),
        (ProbeGroup::Syscalls, "tp_btf", "sys_enter", 240_000, 41),
        (ProbeGroup::Sockets, "fexit", "tcp_sendmsg", 31_000, 9),
        (
            ProbeGroup::PageFaults,
            "tracepoint",
            "page_fault_user",
            5_000,
            1,
        ),
    ];
    let observer = &mut recording.observer;
    observer.probe_groups = groups
        .map(
            |(group, source, program, hits, milliseconds)| ProbeGroupStatus {
                group,
                source: source.into(),
                fallback_reason: String::new(),
                programs: vec![program.into()],
                hits,
                bpf_ns: milliseconds * 1_000_000,
                costs: Vec::new(),
                skipped: 0,
            },
        )
        .into();
    (observer.cpu_ns, observer.rss_bytes) = (21_000_000, 31 << 20);
    observer.syscall_entry_exit_ns = 240.0;
    let on_cpu_ns = recording.process.on_cpu_ns as f64;
    let whole = WINDOW_NS as f64 * recording.threads.len() as f64;
    recording.checks = vec![
        Check::within("thread_time", "ns", whole, whole - 410_000.0, whole * 0.002),
        Check::within(
            "on_cpu_vs_kernel",
            "ns",
            on_cpu_ns * 0.998,
            on_cpu_ns,
            on_cpu_ns * 0.01,
        ),
    ];
}
