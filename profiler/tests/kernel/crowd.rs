//! Thousands of threads, and processes with much memory: as exact as a few.

use crate::support::{assert_sound, calls, kontrast, record, record_with};
use recording::Recording;
use recording::process::WakeSource;
use std::process::Command;
use std::time::{Duration, Instant};

/// Asserts that the recording has no more on-CPU time than the CPUs had.
fn assert_possible(recording: &Recording) {
    let cpus = u64::from(recording.host.cpus);
    let (process, length) = (&recording.process, recording.window.duration_ns);
    assert!(process.on_cpu_ns <= cpus * length, "{process:?}");
    let clock = process.cpu_clock_ns.expect("it is alive");
    let apart = process.on_cpu_ns.abs_diff(clock);
    // The kernel charges a part of each switch to another thread.
    let switches = process.voluntary_switches + process.involuntary_switches;
    let allowed = clock / 10 + switches * 5_000 + recording.host.steal_ns;
    assert!(apart <= allowed + 20_000_000, "{process:?}");
}

#[test]
fn keeps_thousands_of_busy_threads_exact() {
    for (count, times, length) in [("600", "50", "1"), ("1500", "30", "20")] {
        let recording = record(&["crowd", count, times, length]);
        assert_possible(&recording);
        let (count, times): (u64, u64) = (count.parse().unwrap(), times.parse().unwrap());
        assert_eq!(calls(&recording, "clock_nanosleep"), count * times);
        assert_eq!(recording.threads.len() as u64, count + 1);
        assert!(recording.process.voluntary_switches >= count * times);
    }
}

#[test]
fn keeps_thousands_of_sleeping_threads_exact() {
    let recording = record(&["crowd", "6000", "2", "500"]);
    assert_possible(&recording);
    assert_eq!(calls(&recording, "clock_nanosleep"), 12_000);
    assert_eq!(recording.threads.len(), 6_001);
    assert_eq!(recording.processes[0].threads, 6_001);
}

#[test]
fn keeps_ten_thousand_threads_exact() {
    const COUNT: u64 = 10_000;
    let recording = record(&["paced", "10000"]);
    assert_possible(&recording);
    assert_eq!(recording.threads.len() as u64, COUNT + 1);
    let main = recording.target.pid;
    let others = recording.threads.iter().filter(|thread| thread.tid != main);
    let calls = others.flat_map(|thread| &thread.syscalls);
    let reads = calls.filter(|call| call.name == "read");
    assert_eq!(reads.map(|call| call.count).sum::<u64>(), 2 * COUNT);
}

#[test]
fn keeps_every_thread_of_thousands_that_end() {
    const COUNT: u64 = 12_000;
    let recording = record(&["churn", "12000"]);
    assert_eq!(calls(&recording, "clock_nanosleep"), COUNT);
    assert_eq!(recording.threads.len() as u64, COUNT + 1);
}

#[test]
fn counts_wakeups_of_more_pairs_than_there_is_room_for() {
    const HOPS: u64 = 50_000;
    let recording = record(&["pairs", "307", "50000"]);
    let from = |unknown: bool| {
        let wakers = recording.wakers.iter();
        let wakers = wakers.filter(|waker| (waker.from == WakeSource::Unknown) == unknown);
        wakers.map(|waker| waker.count).sum::<u64>()
    };
    assert!(from(true) > 0, "the map of pairs is larger by now");
    // A thread that has not gone to sleep yet is not woken.
    let wakeups = recording.process.wakeups;
    assert!(from(true) + from(false) >= wakeups, "{wakeups}");
    assert!((HOPS / 2..=2 * HOPS).contains(&wakeups), "{wakeups}");
}

#[test]
fn walks_large_memory_in_pieces() {
    const BYTES: u64 = 512 << 20;
    for mode in ["all", "none"] {
        let recording = record_with(&["hold", "512", "1000"], &["--probes", mode], |_| ());
        assert_sound(&recording);
        let memory = &recording.memory;
        assert!(memory.region_walk.in_pieces, "{mode}");
        let heap: u64 = memory.regions.iter().map(|region| region.rss_bytes).sum();
        assert_eq!(heap, memory.rss_bytes);
        let expected = BYTES..BYTES + (64 << 20);
        assert!(expected.contains(&memory.rss_bytes), "{memory:?}");
        assert!(expected.contains(&memory.pss_bytes), "{memory:?}");
    }
}

/// The kernel hides some wake-ups and switches, more of them the more processes start: then a
/// thread is first seen long after it woke up from the sleep that the window found it in.
#[test]
fn books_the_sleep_of_threads_that_wake_up_unseen() {
    kontrast();
    let recording = record_with(&["late-sleepers", "2000"], &[], |_| {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(4) {
            let status = Command::new("true").status().expect("it starts");
            assert!(status.success());
        }
    });
    assert_sound(&recording);
    assert_possible(&recording);
    let sleepers = recording.threads.iter();
    let sleepers = sleepers.filter(|thread| thread.tid != recording.target.pid);
    let late = sleepers.clone().filter(|thread| {
        let runnable_ns = thread.on_cpu_ns + thread.run_queue_ns;
        runnable_ns > 500_000_000
    });
    let late: Vec<_> = late.collect();
    assert!(late.is_empty(), "{late:#?}");
    assert!(
        sleepers.count() > 0,
        "all of them woke up before the window"
    );
}
