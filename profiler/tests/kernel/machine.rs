//! Settings of a whole machine change during a recording. `cargo xtask test --vm` runs these tests:
//! they would disturb the machine of a developer.

use crate::support::{alone, assert_sound, calls, known, kontrast, record_with};
use nix::sys::time::{TimeSpec, TimeValLike};
use nix::time::{ClockId, clock_gettime, clock_settime};
use std::fs;
use std::time::Duration;

const HOUR: i64 = 3600;

/// Moves the clock of the day by `seconds`.
fn step_clock(seconds: i64) {
    let now = clock_gettime(ClockId::CLOCK_REALTIME).expect("readable");
    let then = now + TimeSpec::seconds(seconds);
    clock_settime(ClockId::CLOCK_REALTIME, then).expect("settable by root");
}

#[test]
#[ignore = "sets the clock of the day: for virtual machines"]
fn keeps_counts_and_length_while_the_clock_is_set() {
    const SLEEPS: u64 = 200;
    // Later times only: some kernels refuse a day before their boot.
    let recording = record_with(&["sleep", "200"], &[], |_| {
        std::thread::sleep(Duration::from_millis(50));
        step_clock(2 * HOUR);
        std::thread::sleep(Duration::from_millis(50));
        step_clock(-HOUR);
    });
    assert_sound(&recording);
    assert_eq!(calls(&recording, "clock_nanosleep"), SLEEPS);
    let length = Duration::from_nanos(recording.window.duration_ns);
    let hour = Duration::from_secs(HOUR.unsigned_abs());
    assert!(length < hour, "the window is on another clock: {length:?}");
}

#[test]
#[ignore = "lowers a limit of the kernel: for virtual machines"]
fn names_the_limit_of_samples_that_is_below_the_default() {
    const LIMIT: &str = "/proc/sys/kernel/perf_event_max_sample_rate";
    // No other test's recorder starts meanwhile.
    let _alone = alone();
    let before = fs::read_to_string(LIMIT).expect("readable");
    fs::write(LIMIT, "100").expect("writable by root");
    let mut target = known(&["sleep", "1"]);
    let pid = target.line();
    let record = ["record", "--duration", "1s", "--pid", &pid];
    let refused = kontrast().args(record).output().expect("it starts");
    fs::write(LIMIT, before.trim()).expect("writable by root");
    let message = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{message}");
    assert!(message.contains("perf_event_max_sample_rate"), "{message}");
}
