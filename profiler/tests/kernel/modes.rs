//! Recordings that observe less: without any program, and with those that see threads begin and end.

use crate::support::{assert_sound, record_to_the_end, record_with};
use recording::Recording;
use recording::observer::Mode;
use std::time::Duration;

/// Names of the programs that served a recording.
fn programs(recording: &Recording) -> Vec<&str> {
    let signals = recording.observer.signals.iter();
    signals
        .flat_map(|signal| signal.programs.iter().map(String::as_str))
        .collect()
}

/// What the kernel says its first thread ran.
fn run_time_ns(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/schedstat")).expect("it is alive");
    let first = text.split(' ').next().expect("a field");
    first.parse().expect("a number")
}

#[test]
fn without_programs_cpu_and_memory_are_the_kernels_own() {
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
    // What another reader saw it run is in the window, and one thread runs no longer than that lasts.
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
fn counters_are_the_kernels_own_account_of_each_thread() {
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
    // What ran inside of calls was not observed, so that no thread claims to know.
    let threads = recording.threads.iter();
    assert!(
        threads
            .clone()
            .all(|thread| thread.user_ns + thread.kernel_ns == 0)
    );
    assert!(threads.map(|thread| thread.on_cpu_ns).sum::<u64>() > 0);
}

#[test]
fn counters_keep_threads_that_come_and_go() {
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
fn turns_take_each_mode_as_often_and_know_the_clock() {
    let recording = record_with(&["burn", "6000"], &["--probes", "turns"], |_| ());
    assert_sound(&recording);
    let observer = &recording.observer;
    assert_eq!(observer.mode, Mode::Turns);
    let of = |mode| observer.turns.iter().filter(move |turn| turn.mode == mode);
    let counts = Mode::IN_TURNS.map(|mode| of(mode).count());
    assert!(
        counts[0] > 0 && counts == [counts[0]; 4],
        "{:?}",
        observer.turns
    );
    for turn in &observer.turns {
        assert!(turn.cpu_ns > 0 && turn.duration_ns > 0, "{turn:?}");
    }
    // They are in the window and do not overlap.
    let cpu_ns: u64 = observer.turns.iter().map(|turn| turn.cpu_ns).sum();
    assert!(Some(cpu_ns) <= recording.process.cpu_clock_ns, "{cpu_ns}");
}

#[test]
fn the_cpu_clock_is_the_same_source_in_every_mode() {
    for mode in Mode::EACH {
        let recording = record_with(&["burn", "300"], &["--probes", mode.name()], |_| ());
        assert_eq!(recording.observer.mode, mode);
        let clock = recording.process.cpu_clock_ns.expect("the target is alive");
        assert!(clock > 0, "{mode:?}");
        let followed = recording.process.on_cpu_ns;
        // Stolen time stays on the CPU for programs, and is not on the kernel's clock.
        let apart = followed.abs_diff(clock);
        let allowed = clock / 50 + 8_000_000 + recording.host.steal_ns;
        assert!(
            apart <= allowed,
            "{mode:?}: {followed} followed, {clock} by the clock"
        );
    }
}

#[test]
fn a_target_that_ends_takes_its_clock_along() {
    let recording = record_to_the_end(&["sleep", "20"], &["--probes", "none"]);
    assert!(recording.is_partial());
    assert_eq!(recording.process.cpu_clock_ns, None);
}
