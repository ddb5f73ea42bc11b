//! Recordings with fewer probes: without any program, and with only the programs that see threads
//! begin and end.

use crate::support::{assert_sound, record_to_the_end, record_with};
use recording::Recording;
use recording::observer::Mode;
use std::time::Duration;

/// Returns the names of the programs of a recording.
fn programs(recording: &Recording) -> Vec<&str> {
    let groups = recording.observer.probe_groups.iter();
    groups
        .flat_map(|group| group.programs.iter().map(String::as_str))
        .collect()
}

/// Returns the kernel's run time of the first thread.
fn run_time_ns(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/schedstat")).expect("it is alive");
    let first = text.split(' ').next().expect("a field");
    first.parse().expect("a number")
}

#[test]
fn records_cpu_and_memory_of_proc_without_programs() {
    const PAGES: u64 = 5000;
    let mut ran_ns = 0;
    let recording = record_with(&["burn", "500"], &["--probes", "none"], |pid| {
        let before = run_time_ns(pid);
        std::thread::sleep(Duration::from_millis(200));
        ran_ns = run_time_ns(pid) - before;
    });
    assert_sound(&recording);
    assert_eq!(recording.observer.mode, Mode::None);
    assert_eq!(programs(&recording), [""; 0]);
    let process = &recording.process;
    assert_eq!(process.cpu_clock_ns, Some(process.on_cpu_ns));
    // The run time that this test read is inside the window, and a thread runs no longer than that.
    let most = recording.window.duration_ns;
    assert!(
        ran_ns > 0 && (ran_ns..=most).contains(&process.on_cpu_ns),
        "{ran_ns} {process:?}"
    );
    assert_eq!(process.user_ns + process.kernel_ns, process.on_cpu_ns);
    let touched = record_with(&["touch", "5000"], &["--probes", "none"], |_| ());
    assert!(touched.memory.peak_rss_bytes > PAGES * 4096);
    assert!(touched.memory.rss_bytes > 0 && touched.faults.minor >= PAGES);
    let checks = touched.checks.iter();
    assert!(checks.clone().count() > 0);
    for check in checks {
        assert!(check.note.starts_with("not applicable"), "{check:?}");
    }
}

#[test]
fn records_the_kernels_accounting_of_each_thread() {
    let recording = record_with(&["sleep", "200"], &["--probes", "counters"], |_| ());
    assert_sound(&recording);
    assert_eq!(recording.observer.mode, Mode::Counters);
    let programs = programs(&recording);
    assert!(
        !programs.is_empty()
            && programs
                .iter()
                .all(|name| name.starts_with("sched_process_")),
        "{programs:?}"
    );
    let switches = recording.process.voluntary_switches;
    assert!((200..=203).contains(&switches), "{switches}");
    assert!(recording.syscalls.is_empty() && recording.wakers.is_empty());
    // System calls were not observed, so that the split of CPU time is not known.
    let threads = recording.threads.iter();
    assert!(
        threads
            .clone()
            .all(|thread| thread.user_ns + thread.kernel_ns == 0)
    );
    assert!(threads.map(|thread| thread.on_cpu_ns).sum::<u64>() > 0);
}

#[test]
fn keeps_ended_threads_in_mode_counters() {
    for hooks in [&[][..], &["--raw-tracepoints"]] {
        let arguments = [&["--probes", "counters"], hooks].concat();
        let recording = record_with(&["threads", "50"], &arguments, |_| ());
        assert_sound(&recording);
        let threads = recording.threads.iter();
        let ended = threads.filter(|thread| thread.started_ns < thread.exited_ns);
        let ran = ended.filter(|thread| thread.started_ns.is_some() && thread.on_cpu_ns > 0);
        assert_eq!(ran.count(), 50, "{hooks:?}");
    }
}

#[test]
fn alternates_modes_and_measures_each_by_the_cpu_clock() {
    let recording = record_with(&["burn", "6000"], &["--probes", "overhead"], |_| ());
    assert_sound(&recording);
    let observer = &recording.observer;
    assert_eq!(observer.mode, Mode::Overhead);
    let intervals = &observer.overhead;
    let of = |mode| {
        intervals
            .iter()
            .filter(move |interval| interval.mode == mode)
    };
    let counts = Mode::ALTERNATING.map(|mode| of(mode).count());
    assert!(counts[0] > 0 && counts == [counts[0]; 4], "{intervals:?}");
    for interval in intervals {
        assert!(
            interval.cpu_ns > 0 && interval.duration_ns > 0,
            "{interval:?}"
        );
    }
    // They are in the window and do not overlap.
    let cpu_ns: u64 = intervals.iter().map(|interval| interval.cpu_ns).sum();
    assert!(Some(cpu_ns) <= recording.process.cpu_clock_ns, "{cpu_ns}");
}

#[test]
fn reads_the_same_cpu_clock_in_every_mode() {
    for mode in Mode::WHOLE {
        let recording = record_with(&["burn", "300"], &["--probes", mode.name()], |_| ());
        assert_eq!(recording.observer.mode, mode);
        let clock = recording.process.cpu_clock_ns.expect("the target is alive");
        assert!(clock > 0, "{mode:?}");
        let tracked = recording.process.on_cpu_ns;
        // For programs a thread stays on its CPU during steal; the kernel's clock leaves it out.
        let apart = tracked.abs_diff(clock);
        let allowed = clock / 50 + 8_000_000 + recording.host.steal_ns;
        assert!(
            apart <= allowed,
            "{mode:?}: {tracked} tracked, {clock} by the clock"
        );
    }
}

#[test]
fn reports_no_cpu_clock_of_an_ended_target() {
    let recording = record_to_the_end(&["sleep", "20"], &["--probes", "none"]);
    assert!(recording.is_partial());
    assert_eq!(recording.process.cpu_clock_ns, None);
}
