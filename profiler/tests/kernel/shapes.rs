//! Processes of any shape: the recorder is as exact for behaviour that is rare in servers as for
//! common behaviour.

use crate::support::{assert_sound, calls, known, record, record_with};
use recording::Recording;

#[test]
fn counts_pages_that_the_kernel_populates() {
    const PAGES: u64 = 4000;
    let faults = record(&["populate", "4000"]).faults;
    // Half of them by `mmap`, half by `mlock`; hardly any page is touched.
    let populated = faults.populated;
    assert!(
        (2 * PAGES..=2 * PAGES + 50).contains(&populated),
        "{faults:?}"
    );
    assert!(faults.user + faults.kernel < PAGES / 10, "{faults:?}");
}

#[test]
fn counts_faults_that_end_in_a_signal() {
    const TIMES: u64 = 5000;
    let recording = record(&["signals", "5000"]);
    let faults = &recording.faults;
    assert_eq!((faults.signalled, faults.refused), (TIMES, 0), "{faults:?}");
    assert!(faults.user >= TIMES, "{faults:?}");
    assert!(faults.minor < TIMES / 10, "{faults:?}");
    assert_eq!(calls(&recording, "rt_sigreturn"), TIMES);
}

#[test]
fn counts_faults_that_make_a_call_fail() {
    const TIMES: u64 = 300;
    let recording = record(&["bad-addresses", "300"]);
    let faults = &recording.faults;
    assert_eq!((faults.refused, faults.signalled), (TIMES, 0), "{faults:?}");
    let write = recording.syscalls.iter().find(|call| call.name == "write");
    assert_eq!(write.expect("it writes").errors.get("EFAULT"), Some(&TIMES));
}

#[test]
fn ignores_system_calls_that_seccomp_refuses() {
    let recording = record(&["refused", "30"]);
    assert_eq!(calls(&recording, "getppid"), 0);
    let (on_cpu, syscalls) = on_cpu_and_syscalls(&recording);
    // It computes for 10 ms before each call.
    assert!(on_cpu >= 200_000_000, "{on_cpu}");
    assert!(syscalls < on_cpu / 10, "{syscalls} of {on_cpu}");
}

fn on_cpu_and_syscalls(recording: &Recording) -> (u64, u64) {
    let calls = recording.syscalls.iter().map(|call| call.on_cpu_ns);
    (recording.process.on_cpu_ns, calls.sum())
}

#[test]
fn counts_creation_of_threads_and_processes_once() {
    let recording = record(&["threads", "200"]);
    assert_eq!(
        calls(&recording, "clone3") + calls(&recording, "clone"),
        200
    );
    let recording = record(&["forks", "50"]);
    assert_eq!(calls(&recording, "clone3") + calls(&recording, "clone"), 50);
    assert_eq!(calls(&recording, "wait4"), 50);
}

#[test]
fn records_on_after_the_main_thread_has_ended() {
    let recording = record(&["orphan", "400"]);
    assert_eq!(calls(&recording, "clock_nanosleep"), 400);
    assert!(recording.window.duration_ns >= 400_000_000);
    assert!(
        recording.memory.rss_bytes > 100_000,
        "{:?}",
        recording.memory
    );
    assert!(recording.memory.peak_rss_bytes > 100_000);
    assert!(!recording.is_partial());
}

#[test]
fn records_a_process_whose_name_is_no_text_and_changes() {
    let recording = record(&["names", "300"]);
    assert_eq!(calls(&recording, "clock_nanosleep"), 300);
    let name = &recording.threads[0].name;
    assert!(name.starts_with("Gesch\u{fffd}ftsvorg"), "{name}");
    assert!(recording.memory.peak_rss_bytes > 100_000);
    assert!(!recording.is_partial());
}

#[test]
fn follows_an_exec_in_a_thread_that_is_not_the_main_one() {
    let recording = record_with(&["exec"], &[], |_| ());
    assert_sound(&recording);
    let main: Vec<_> = recording
        .threads
        .iter()
        .filter(|thread| thread.tid == recording.target.pid && thread.exited_ns.is_none())
        .collect();
    assert_eq!(main.len(), 1, "{:#?}", recording.threads);
    // The thread slept for 300 ms, and the former main thread computed all the time.
    let former = recording
        .threads
        .iter()
        .find(|thread| thread.exited_ns.is_some() && thread.started_ns.is_none());
    assert!(former.expect("it ended").on_cpu_ns > 0);
    assert!(main[0].on_cpu_ns < 150_000_000, "{:#?}", main[0]);
    assert_eq!(calls(&recording, "execve"), 1);
}

#[test]
fn counts_no_datagrams_as_tcp_and_gives_them_no_slot() {
    let recording = record(&["datagrams", "100"]);
    let sockets = &recording.sockets;
    assert_eq!((sockets.send_calls, sockets.recv_calls), (0, 0));
    assert_eq!((sockets.send_bytes, sockets.recv_bytes), (0, 0));
}

#[test]
fn keeps_a_known_process_waiting_for_its_line() {
    // The other tests rely on it: nothing happens before the recorder is attached.
    let mut process = known(&["populate", "1"]);
    assert!(process.line().parse::<u32>().is_ok());
    process.say("go");
    assert_eq!(process.line(), "done");
    assert!(process.end().success());
}

#[test]
fn records_forked_processes_until_the_last_has_ended() {
    const CHILDREN: usize = 50;
    let recording = record(&["forks", "50"]);
    assert_eq!(recording.processes.len(), 1 + CHILDREN);
    assert_eq!(recording.threads.len(), 1 + CHILDREN);
    let parent = recording.target.pid;
    for child in &recording.processes[1..] {
        assert_eq!(child.ppid, Some(parent), "{child:?}");
        assert!(child.exited_ns > child.started_ns, "{child:?}");
        assert!(child.on_cpu_ns > 0 && child.threads == 1, "{child:?}");
    }
    assert_eq!(recording.target.other_pids.len(), CHILDREN);
    let alone = record_with(&["forks", "50"], &["--no-tree"], |_| ());
    assert_sound(&alone);
    assert_eq!((alone.processes.len(), alone.threads.len()), (1, 1));
}

#[test]
fn records_workers_that_were_forked_before() {
    let recording = record(&["workers", "100"]);
    // Two workers sleep 100 times each; the parent sleeps in one call.
    assert_eq!(calls(&recording, "clock_nanosleep"), 200);
    assert_eq!(recording.processes.len(), 3);
    assert!(
        recording
            .processes
            .iter()
            .all(|process| process.threads == 1)
    );
    let parent = Some(recording.target.pid);
    let mut workers = recording.processes[1..].iter();
    assert!(workers.all(|worker| worker.ppid == parent));
    // Each of them has the pages of its binary.
    let parent = recording.memory.rss_bytes;
    assert!(recording.memory.peak_rss_bytes >= parent);
}

#[test]
fn finds_ports_that_the_target_listens_on_later() {
    let recording = record_with(
        &["late-pool", "10"],
        &["--runtime", "cpp", "--no-tree"],
        |_| (),
    );
    assert_sound(&recording);
    let sockets = &recording.sockets;
    assert_eq!((sockets.relays_matched, sockets.relays_unmatched), (20, 0));
}
