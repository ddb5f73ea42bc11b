//! Tests of the accounting in `/proc`.

use super::*;

#[test]
fn distinguishes_fields_of_similar_names() {
    let status = "voluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t3\n";
    assert_eq!(status_field(status, "voluntary_ctxt_switches"), Some(12));
    assert_eq!(status_field(status, "nonvoluntary_ctxt_switches"), Some(3));
    assert_eq!(status_field(status, "threads"), None);
}

#[test]
fn splits_a_name_with_brackets_from_the_fields() {
    let stat = "7 (a) R 1) S 1 7 7 0 -1 4194304 111 0 3 0 5 6";
    let (name, fields) = split_stat(stat).expect("a name");
    assert_eq!(name, "a) R 1");
    let field = |index| fields.split(' ').nth(index);
    assert_eq!((field(MINFLT), field(MAJFLT)), (Some("111"), Some("3")));
    assert_eq!(split_stat("7 S 1"), None);
}

#[test]
fn finds_this_process_under_its_own_start_time_only() {
    let pid = std::process::id();
    let start = start_time_ticks(pid).expect("this process has a start time");
    assert!(!has_ended(pid, start));
    assert!(has_ended(pid, start + 1));
    assert!(has_ended(u32::MAX >> 1, start));
    let snapshot = ProcSnapshot::before_window(&[pid]);
    assert!(snapshot.processes[&pid].cpu_clock_ns > 0);
    assert!(snapshot.threads.contains_key(&pid));
}

fn snapshot(processes: &[(u32, u64)]) -> ProcSnapshot {
    let process = |(pid, grown): &(u32, u64)| {
        let accounting = ProcessAccounting {
            minor: *grown,
            major: grown / 2,
            cpu_clock_ns: grown * 10,
            kernel_ns: grown * 4,
        };
        (*pid, accounting)
    };
    ProcSnapshot {
        processes: processes.iter().map(process).collect(),
        ..ProcSnapshot::default()
    }
}

#[test]
fn returns_growth_and_never_less_than_zero() {
    let (before, after) = (snapshot(&[(7, 20)]), snapshot(&[(7, 50)]));
    assert_eq!(after.faults_since(&before).minor, 30);
    assert_eq!(after.cpu_clock_since(&before), 300);
    assert_eq!(after.split_since(&before, 300), (180, 120));
    assert_eq!(after.split_since(&before, 100), (0, 100));
    assert_eq!(before.cpu_clock_since(&after), 0);
}

#[test]
fn adds_processes_that_began_and_keeps_those_that_ended() {
    let before = snapshot(&[(7, 20), (8, 20)]);
    let mut last = snapshot(&[(7, 50), (8, 30)]);
    last.update(snapshot(&[(8, 40), (9, 5)]));
    assert_eq!(last.cpu_clock_since(&before), 300 + 200 + 50);
}
