//! Recordings of an hour with 1,000 threads, 20,000 distinct stacks, and a value a second.

use super::many_stacks;
use recording::Recording;
use recording::load::LoadPoint;
use recording::memory::{MemoryPoint, RegionPoint};
use recording::process::{CpuPoint, Thread, WakeSource, Waker};
use recording::vocabulary::Runtime;

/// Threads of each recording.
pub const THREADS: usize = 1_000;
/// Threads of one name: the page has a role for each name that its program gave.
const OF_A_POOL: usize = 5;
/// Length of each recording.
pub const SECONDS: u64 = 3_600;
const SECOND: u64 = 1_000_000_000;

/// Enlarges a recording to an hour with [`THREADS`] threads. Its threads are repeated, with the
/// names of 200 pools, and every one of them has call stacks. Arms but go lose their runtime, so
/// that each pool is a role.
pub fn enlarge(recording: &mut Recording) {
    if recording.target.arm != "go" {
        recording.target.runtime = Runtime::Unknown;
    }
    recording.window.duration_ns = SECONDS * SECOND;
    let few = std::mem::take(&mut recording.threads);
    let many = few.iter().cycle().take(THREADS).enumerate();
    recording.threads = many.map(|(at, thread)| repeated(thread, at)).collect();
    sum_up(recording);
    recording.wakers = (0..4 * THREADS).map(|at| waker(recording, at)).collect();
    let sampled: u64 = few.iter().map(|thread| thread.samples.user).sum();
    let every_thread = recording.threads.len();
    many_stacks::fill(recording, every_thread);
    let found = recording.code.iter_mut();
    found.for_each(|code| code.samples = code.samples * recording.stacks.samples / sampled.max(1));
    add_series(recording);
    analysis::annotate(recording);
}

/// Returns a copy of a thread, the first of each pool with a name of letters alone.
fn repeated(thread: &Thread, at: usize) -> Thread {
    let letter = |digit: usize| char::from(b'a' + (digit % 26) as u8);
    let pool = at / OF_A_POOL;
    let name = match at {
        0 => thread.name.clone(),
        _ => format!("pool{}{}-{at}", letter(pool / 26), letter(pool)),
    };
    Thread {
        tid: 4_100 + at as u32,
        name,
        off_cpu_ns: SECONDS * SECOND - thread.on_cpu_ns - thread.run_queue_ns,
        ..thread.clone()
    }
}

/// Makes the process the sum of its threads.
fn sum_up(recording: &mut Recording) {
    let threads = &recording.threads;
    let sum = |value: fn(&Thread) -> u64| threads.iter().map(value).sum::<u64>();
    let process = &mut recording.process;
    process.on_cpu_ns = sum(|thread| thread.on_cpu_ns);
    process.run_queue_ns = sum(|thread| thread.run_queue_ns);
    process.voluntary_switches = sum(|thread| thread.voluntary_switches);
    process.involuntary_switches = sum(|thread| thread.involuntary_switches);
    process.wakeups = sum(|thread| thread.wakeups);
    recording.faults.minor = sum(|thread| thread.faults);
    recording.syscalls = threads
        .iter()
        .flat_map(|thread| thread.syscalls.clone())
        .collect();
}

fn waker(recording: &Recording, at: usize) -> Waker {
    let (from, to) = (7 * at % THREADS, at % THREADS);
    Waker {
        from: WakeSource::Thread(from),
        to,
        from_role: recording.threads[from].role.clone(),
        to_role: recording.threads[to].role.clone(),
        count: 1 + at as u64 % 97,
    }
}

/// Adds values of each second, none of which is like its neighbours.
fn add_series(recording: &mut Recording) {
    let seconds = || 1..=SECONDS;
    let (rss, cpu) = (recording.memory.rss_bytes, recording.process.on_cpu_ns);
    let noise = |second: u64| second.wrapping_mul(2_654_435_761) % 1_000;
    recording.cpu.series = seconds()
        .map(|second| CpuPoint {
            t_ns: second * SECOND,
            on_cpu_ns: cpu / SECONDS * (500 + noise(second)) / 1_000,
            ..CpuPoint::default()
        })
        .collect();
    recording.memory.series = seconds()
        .map(|second| MemoryPoint {
            t_ns: second * SECOND,
            rss_bytes: rss / 1_000 * (500 + noise(second)),
        })
        .collect();
    let regions = &recording.memory.regions;
    recording.memory.region_series = seconds()
        .step_by(2)
        .map(|second| RegionPoint {
            t_ns: second * SECOND,
            connections: noise(second),
            regions: regions.clone(),
        })
        .collect();
    if let Some(load) = &mut recording.load {
        load.duration_ns = SECONDS * SECOND;
        load.series = seconds()
            .map(|second| LoadPoint {
                t_ns: second * SECOND,
                active: 10,
                tokens: 480 + noise(second),
                ttft_p50_ns: 21_000 * noise(second),
                load: 10.0,
                ..LoadPoint::default()
            })
            .collect();
    }
}
