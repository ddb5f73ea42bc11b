use super::*;
use crate::record::proc_snapshot::ProcessAccounting;
use profiler_common::Slot;
use profiler_common::thread::{Accounting, OFF_CPU, RUNNABLE};

const SPAN: Span = Span {
    start_ns: 1000,
    end_ns: 2000,
};

fn snapshot(tid: u32, exec_ns: u64) -> ProcSnapshot {
    let thread = TaskAccounting {
        name: format!("t{tid}"),
        tgid: tid,
        exec_ns,
        run_delay_ns: 0,
        voluntary: 5,
        involuntary: 1,
        faults: 0,
        runs: false,
    };
    ProcSnapshot {
        threads: BTreeMap::from([(tid, thread)]),
        ..ProcSnapshot::default()
    }
}

#[test]
fn closes_the_current_state_at_the_end_of_the_window() {
    let live = [Tracked::new(1, 7, 1, RUNNABLE, 1000)];
    let joined = join(&live, &[], &snapshot(7, 10), &snapshot(7, 20), SPAN);
    let tracked = &joined[0].tracked;
    assert_eq!((tracked.run_queue_ns, tracked.on_cpu_ns), (1000, 0));
    let grown = joined[0].kernel.as_ref().map(|kernel| kernel.exec_ns);
    assert_eq!(grown, Some(10));
}

#[test]
fn adds_silent_threads_by_the_kernels_accounting() {
    let joined = |exec_ns| join(&[], &[], &snapshot(7, 10), &snapshot(7, exec_ns), SPAN);
    let slept = &joined(10)[0];
    assert_eq!((slept.tracked.off_cpu_ns, &*slept.name), (1000, "t7"));
    assert_eq!(slept.tracked.on_cpu_ns, 0);
    let ran = &joined(1009)[0].tracked;
    assert_eq!((ran.off_cpu_ns, ran.on_cpu_ns), (0, 1000));
}

#[test]
fn keeps_name_and_end_of_ended_threads() {
    let mut thread = Tracked::new(1, 9, 2, OFF_CPU, 1200);
    thread.flags = FLAG_BORN;
    Slot::exclusive(&mut thread).switch_in(1300);
    Slot::exclusive(&mut thread).switch_out(1500, true, Accounting::default());
    let exit = ThreadExit {
        thread,
        kernel_exec_ns: 200,
        comm: *b"worker\0\0\0\0\0\0\0\0\0\0",
        ..ThreadExit::default()
    };
    let nothing = ProcSnapshot::default();
    let joined = &join(&[], &[exit], &nothing, &nothing, SPAN)[0];
    assert_eq!(joined.name, "worker");
    assert_eq!(
        (joined.started_in(SPAN), joined.exited_in(SPAN)),
        (Some(200), Some(500))
    );
    let tracked = &joined.tracked;
    assert_eq!((tracked.on_cpu_ns, tracked.off_cpu_ns), (200, 100));
}

#[test]
fn indexes_threads_that_the_programs_saw() {
    let live = [
        Tracked::new(1, 8, 30, RUNNABLE, 1500),
        Tracked::new(1, 9, 31, RUNNABLE, 1200),
    ];
    let joined = join(&live, &[], &snapshot(7, 10), &snapshot(7, 20), SPAN);
    let index = ThreadIndex::of(&joined);
    let tid = |serial| index.get(serial).map(|index| joined[index].tracked.tid);
    assert_eq!((tid(30), tid(31), tid(32)), (Some(8), Some(9), None));
    assert_eq!(tid(0), None, "the silent thread 7");
}

#[test]
fn adds_up_the_cpu_time_of_ended_processes() {
    let exit = |tgid, exec_ns| {
        let mut thread = Tracked::new(tgid, tgid, tgid, OFF_CPU, 1200);
        thread.flags = FLAG_BORN;
        ThreadExit {
            thread,
            kernel_exec_ns: exec_ns,
            ..ThreadExit::default()
        }
    };
    let (before, mut after) = (snapshot(7, 10), snapshot(7, 20));
    after.processes.insert(7, ProcessAccounting::default());
    let exits = [exit(8, 200), exit(9, 30), exit(7, 1000)];
    let joined = join(&[], &exits[..2], &before, &after, SPAN);
    assert_eq!(cpu_clock_of_ended(&joined, &after), Some(230));
    let joined = join(&[], &exits, &before, &after, SPAN);
    assert_eq!(cpu_clock_of_ended(&joined, &after), Some(230), "7 is alive");
    // It began before the window, and nothing was read of it.
    let unknown = ThreadExit {
        thread: Tracked::new(10, 10, 10, OFF_CPU, 1000),
        ..ThreadExit::default()
    };
    let joined = join(&[], &[unknown], &before, &after, SPAN);
    assert_eq!(cpu_clock_of_ended(&joined, &after), None);
}

#[test]
fn takes_the_kernels_accounting_of_the_programs_over_that_of_proc() {
    let mut thread = Tracked::new(1, 7, 1, RUNNABLE, 1000);
    thread.flags |= FLAG_BASE;
    (thread.base_exec_ns, thread.base_voluntary) = (500, u32::MAX);
    Slot::exclusive(&mut thread).switch_in(1100);
    let at_end = Accounting {
        exec_ns: 600,
        voluntary: 1,
        ..Accounting::default()
    };
    Slot::exclusive(&mut thread).switch_out(1200, true, at_end);
    let growth = |thread: &Tracked, at_end| {
        let joined = join(
            &[*thread],
            &[],
            &snapshot(7, 90),
            &snapshot(7, at_end),
            SPAN,
        );
        let kernel = joined[0].kernel.clone().expect("known");
        (kernel.exec_ns, kernel.voluntary)
    };
    // It slept at the end, so that what `/proc` has since is not of the window.
    assert_eq!(growth(&thread, 9_000), (100, 2));
    Slot::exclusive(&mut thread).wake(1300);
    Slot::exclusive(&mut thread).switch_in(1300);
    // Its run time grows until `/proc` is read. Its switches were all seen by the programs.
    assert_eq!(growth(&thread, 700), (200, 2), "it runs at the end");
}
