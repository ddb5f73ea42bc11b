//! Settings of a whole machine change during a recording. `cargo xtask test --vm` runs these tests:
//! they would disturb the machine of a developer.

use crate::support::{alone, assert_sound, calls, known, kontrast, record_with, recorder};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::time::{TimeSpec, TimeValLike};
use nix::time::{ClockId, clock_gettime, clock_settime};
use nix::unistd::Pid;
use recording::host::CpuChange;
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

/// The second CPU, which is offline when the machine starts.
const SECOND: usize = 1;

fn set_online(online: bool) {
    let file = format!("/sys/devices/system/cpu/cpu{SECOND}/online");
    fs::write(file, u8::from(online).to_string()).expect("the machine has a second CPU");
}

/// Keeps a process on the second CPU. The kernel lifts that when the CPU goes offline.
fn pin(pid: u32) {
    let mut cpus = CpuSet::new();
    cpus.set(SECOND).expect("a small number");
    sched_setaffinity(Pid::from_raw(pid.cast_signed()), &cpus).expect("it is online");
}

/// Waits until the recorder has looked at the CPUs, as it does each second.
fn wait_for_a_look() {
    std::thread::sleep(Duration::from_millis(2500));
}

/// Lets CAP_PERFMON open clocks of CPUs, as elsewhere: Debian's default of 3 wants CAP_SYS_ADMIN,
/// which the recorder has given up by the time a CPU comes online.
fn let_perfmon_open_clocks() {
    const PARANOID: &str = "/proc/sys/kernel/perf_event_paranoid";
    fs::write(PARANOID, "2").expect("it may be set");
}

#[test]
#[ignore = "takes a CPU offline: for virtual machines"]
fn samples_a_cpu_that_came_back() {
    let _alone = alone();
    let_perfmon_open_clocks();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let out = dir.path().join("out");
    let mut target = known(&["burn", "2000"]);
    let pid = target.line();
    let mut recorder = recorder(&pid, &out, &[]);
    for online in [true, false, true] {
        set_online(online);
        wait_for_a_look();
    }
    pin(pid.parse().expect("a number"));
    target.say("go");
    assert_eq!(target.line(), "done");
    // Emulated CPUs do not bear that the kernel's code changes while two are online.
    set_online(false);
    wait_for_a_look();
    assert!(recorder.end().success());
    let recording = recording::io::load_recording(&out).expect("a recording");
    assert_sound(&recording);
    let changes = recording.host.cpu_changes.iter();
    let seen = |change: &CpuChange| (change.cpu as usize, change.online, change.sampled);
    let changes: Vec<_> = changes.map(seen).collect();
    let expected = [true, false, true, false].map(|online| (SECOND, online, online));
    assert_eq!(changes, expected);
    // Nothing ran on the first CPU but the beginning and the end.
    let samples = recording.stacks.samples;
    assert!(samples > 200, "{samples} in two seconds at 499 Hz");
}

#[test]
#[ignore = "takes a CPU offline: for virtual machines"]
fn keeps_counts_while_a_cpu_goes_offline() {
    const SLEEPS: u64 = 400;
    let recording = record_with(&["sleep", "400"], &[], |pid| {
        set_online(true);
        pin(pid);
        std::thread::sleep(Duration::from_millis(100));
        set_online(false);
    });
    assert_sound(&recording);
    assert_eq!(calls(&recording, "clock_nanosleep"), SLEEPS);
}
