//! Tests of the accounting in `/proc`.

use super::*;
use crate::record::probe_groups::HookKind;
use crate::record::programs::{ProbeConfig, Programs};
use crate::record::{drain, privilege};

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
    let snapshot = ProcSnapshot::before_window(&[pid], &Tasks::default());
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

#[test]
fn reads_the_same_accounting_as_proc() {
    if !privilege::missing().is_empty() {
        eprintln!("skipped: loading programs needs privilege");
        return;
    }
    let config = ProbeConfig::minimal(false, &[HookKind::TpBtf]);
    let mut programs = Programs::attach_some(&config, std::iter::empty()).expect("maps");
    let mut child = std::process::Command::new("sleep");
    let mut child = child.arg("1000").spawn().expect("it starts");
    let pids = [child.id()];
    drain::add_targets(&mut programs.bpf, &pids, 0).expect("room");
    // It may not sleep yet: then the readings differ, and the next ones do not.
    let same = || {
        let tasks = Tasks::read(&mut programs.bpf);
        let read = tasks.of(&pids).expect("this kernel has it");
        let read = read.map(|record| (record.tid, TaskAccounting::from(record)));
        let (read, pointers) = (read.collect::<Vec<_>>(), tasks.stack_pointers(pids[0]));
        let proc = ProcSnapshot::before_window(&pids, &Tasks::default()).threads;
        let is_same = read == proc.into_iter().collect::<Vec<_>>() && !read[0].1.runs;
        is_same.then_some(pointers.expect("this kernel has it"))
    };
    let found = std::iter::repeat_with(same).find_map(|found| found);
    assert_eq!(found.map(|pointers| pointers.len()), Some(1));
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}
