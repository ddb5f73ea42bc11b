//! The recording's threads, system calls and faults, made of what the maps held.

use super::drain::Drained;
use super::memory::WindowRegions;
use super::threads::JoinedThread;
use super::window::Span;
use super::{names, runtime_stats};
use profiler_common::thread::FLAG_IN_SYSCALL;
use profiler_common::{SyscallStat, Thread as Tracked};
use recording::process::{FaultRegion, Faults, Process, Samples, Syscall, Thread};
use recording::vocabulary::{RegionClass, SyscallResult, result_of};
use std::collections::BTreeMap;

/// Makes the recording's threads, in the order of `joined`.
pub fn threads(joined: &[JoinedThread], drained: &Drained, span: Span) -> Vec<Thread> {
    let mut calls: BTreeMap<u32, Vec<(u32, SyscallStat)>> = BTreeMap::new();
    for (serial, nr, stat) in &drained.syscalls {
        calls.entry(*serial).or_default().push((*nr, *stat));
    }
    let mut loops = runtime_stats::event_loops(drained);
    let thread = |joined: &JoinedThread| {
        let serial = joined.tracked.serial;
        let calls = calls.remove(&serial).unwrap_or_default();
        Thread {
            event_loop: loops.remove(&serial),
            syscalls: with_open_call(&joined.tracked, calls),
            ..thread(joined, span)
        }
    };
    joined.iter().map(thread).collect()
}

fn thread(joined: &JoinedThread, span: Span) -> Thread {
    let tracked = &joined.tracked;
    let throttled_ns = tracked.throttled_ns.min(tracked.run_queue_ns);
    let run_queue_ns = tracked.run_queue_ns - throttled_ns;
    Thread {
        tid: tracked.tid,
        pid: tracked.tgid,
        name: joined.name.clone(),
        on_cpu_ns: tracked.on_cpu_ns,
        syscall_ns: tracked.syscall_ns.min(tracked.on_cpu_ns),
        samples: samples(tracked),
        run_queue_ns,
        throttled_ns,
        preempted_ns: Some(tracked.preempted_ns.min(run_queue_ns)),
        off_cpu_ns: tracked.off_cpu_ns,
        voluntary_switches: tracked.voluntary,
        involuntary_switches: tracked.involuntary,
        wakeups: tracked.wakeups,
        migrations: tracked.migrations,
        faults: u64::from(tracked.faults_user) + u64::from(tracked.faults_kernel),
        gc_ns: tracked.gc_ns,
        gc_faults: tracked.gc_faults,
        started_ns: joined.started_in(span),
        exited_ns: joined.exited_in(span),
        ..Thread::default()
    }
}

fn samples(tracked: &Tracked) -> Samples {
    Samples {
        user: tracked.samples_user,
        syscall: tracked.samples_syscall.into(),
        fault_irq: tracked.samples_fault_irq.into(),
        ctx_switch: tracked.samples_switching.into(),
        syscall_edge: tracked.samples_syscall_edge.into(),
        fault_return: tracked.samples_fault_return.into(),
    }
}

/// Returns the calls of a thread, largest first. A call that was open at the end of the window adds
/// its times so far.
fn with_open_call(tracked: &Tracked, mut calls: Vec<(u32, SyscallStat)>) -> Vec<Syscall> {
    let returned: u64 = calls.iter().map(|(_, stat)| stat.on_cpu_ns).sum();
    if let Some(open) = open_call(tracked, returned) {
        match calls.iter_mut().find(|(nr, _)| *nr == tracked.syscall_nr) {
            Some((_, stat)) => {
                stat.on_cpu_ns += open.on_cpu_ns;
                stat.blocked_ns += open.blocked_ns;
            }
            None => calls.push((tracked.syscall_nr, open)),
        }
    }
    let mut calls: Vec<Syscall> = calls.iter().map(|(nr, stat)| syscall(*nr, stat)).collect();
    calls.sort_by_key(|call| std::cmp::Reverse((call.on_cpu_ns, call.count)));
    calls
}

/// Returns the times so far of the call that a thread is in; those that returned took
/// `returned_ns` on a CPU.
pub fn open_call(tracked: &Tracked, returned_ns: u64) -> Option<SyscallStat> {
    let open = SyscallStat {
        on_cpu_ns: tracked.syscall_ns.saturating_sub(returned_ns),
        blocked_ns: tracked.off_cpu_ns.saturating_sub(tracked.enter_off_cpu_ns),
        ..SyscallStat::default()
    };
    let is_open = tracked.flags & FLAG_IN_SYSCALL != 0;
    (is_open && open.on_cpu_ns + open.blocked_ns > 0).then_some(open)
}

fn syscall(nr: u32, stat: &SyscallStat) -> Syscall {
    let name = names::syscall(nr);
    let result = result_of(&name);
    Syscall {
        bytes: (result == SyscallResult::Bytes).then_some(stat.result_sum),
        events: (result == SyscallResult::Events).then_some(stat.result_sum),
        name,
        count: stat.count,
        errors: BTreeMap::new(),
        series: Vec::new(),
        on_cpu_ns: stat.on_cpu_ns,
        blocked_ns: stat.blocked_ns,
        run_queue_ns: stat.run_queue_ns,
    }
}

/// Adds up the system calls of all threads by name. `errors` are failures by number of the call and
/// of the error.
pub fn syscalls(threads: &[Thread], errors: &[(u32, u32, u64)]) -> Vec<Syscall> {
    let mut sums: BTreeMap<&str, Syscall> = BTreeMap::new();
    for call in threads.iter().flat_map(|thread| &thread.syscalls) {
        let sum = sums.entry(&call.name).or_insert_with(|| Syscall {
            name: call.name.clone(),
            ..Syscall::default()
        });
        sum.count += call.count;
        sum.on_cpu_ns += call.on_cpu_ns;
        sum.blocked_ns += call.blocked_ns;
        sum.run_queue_ns += call.run_queue_ns;
        sum.bytes = call.bytes.map(|bytes| bytes + sum.bytes.unwrap_or(0));
        sum.events = call.events.map(|events| events + sum.events.unwrap_or(0));
    }
    for (nr, errno, count) in errors {
        if let Some(sum) = sums.get_mut(names::syscall(*nr).as_str()) {
            *sum.errors.entry(names::errno(*errno)).or_default() += count;
        }
    }
    let mut sums: Vec<Syscall> = sums.into_values().collect();
    sums.sort_by_key(|call| std::cmp::Reverse((call.on_cpu_ns, call.count)));
    sums
}

/// Adds up the threads.
pub fn process(threads: &[Thread]) -> Process {
    let sum = |field: fn(&Thread) -> u64| threads.iter().map(field).sum();
    Process {
        on_cpu_ns: sum(|thread| thread.on_cpu_ns),
        steal_ns: sum(|thread| thread.steal_ns),
        run_queue_ns: sum(|thread| thread.run_queue_ns),
        throttled_ns: sum(|thread| thread.throttled_ns),
        voluntary_switches: sum(|thread| thread.voluntary_switches),
        involuntary_switches: sum(|thread| thread.involuntary_switches),
        wakeups: sum(|thread| thread.wakeups),
        migrations: sum(|thread| thread.migrations),
        ..Process::default()
    }
}

/// Counts page faults by mode and by class of region. `addresses` are faults by address.
pub fn faults(joined: &[JoinedThread], addresses: &[(u64, u64)], regions: WindowRegions) -> Faults {
    let sum = |field: fn(&Tracked) -> u64| -> u64 {
        joined.iter().map(|thread| field(&thread.tracked)).sum()
    };
    let major = sum(Tracked::major);
    let mut classes: BTreeMap<RegionClass, u64> = BTreeMap::new();
    for (address, count) in addresses {
        *classes.entry(regions.class_of_unit(*address)).or_default() += count;
    }
    let classes = classes.into_iter();
    Faults {
        minor: sum(Tracked::faults).saturating_sub(major),
        major,
        user: sum(|tracked| tracked.faults_user.into()),
        kernel: sum(|tracked| tracked.faults_kernel.into()),
        populated: sum(|tracked| tracked.faults_populated.into()),
        signalled: sum(|tracked| tracked.faults_signalled.into()),
        refused: sum(|tracked| tracked.faults_refused.into()),
        regions: classes
            .map(|(class, count)| FaultRegion { class, count })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::proc_snapshot::ProcSnapshot;
    use crate::record::threads::join;
    use profiler_common::Slot;
    use profiler_common::thread::{Accounting, ON_CPU};

    const SPAN: Span = Span {
        start_ns: 1000,
        end_ns: 2000,
    };

    fn built(live: &[Tracked], drained: &Drained) -> Vec<Thread> {
        let nothing = ProcSnapshot::default();
        let joined = join(live, &[], &nothing, &nothing, SPAN);
        threads(&joined, drained, SPAN)
    }

    #[test]
    fn keeps_times_of_a_call_that_is_open_at_the_end() {
        let mut thread = Tracked::new(1, 7, 3, ON_CPU, 1000);
        Slot::exclusive(&mut thread).enter(0, 1100);
        Slot::exclusive(&mut thread).switch_out(1150, true, Accounting::default());
        let threads = built(&[thread], &Drained::default());
        assert_eq!((threads[0].on_cpu_ns, threads[0].syscall_ns), (150, 50));
        let call = &threads[0].syscalls[0];
        assert_eq!((&*call.name, call.on_cpu_ns, call.count), ("read", 50, 0));
        assert_eq!(call.blocked_ns, 850, "it still sleeps in the call");
    }

    #[test]
    fn keeps_samples_by_where_they_found_the_thread() {
        let mut thread = Tracked::new(1, 7, 3, ON_CPU, 1000);
        (thread.samples_user, thread.samples_switching) = (3, 2);
        (thread.samples_fault_irq, thread.samples_syscall_edge) = (1, 4);
        (thread.samples_fault_return, thread.samples_syscall) = (5, 6);
        let threads = built(&[thread], &Drained::default());
        let expected = Samples {
            user: 3,
            syscall: 6,
            fault_irq: 1,
            ctx_switch: 2,
            syscall_edge: 4,
            fault_return: 5,
        };
        assert_eq!(threads[0].samples, expected);
        assert_eq!((threads[0].user_ns, threads[0].kernel_ns), (0, 0));
    }

    #[test]
    fn adds_errors_to_their_call() {
        let call = Syscall {
            name: "read".into(),
            count: 3,
            bytes: Some(10),
            ..Syscall::default()
        };
        let thread = Thread {
            syscalls: vec![call],
            ..Thread::default()
        };
        let sums = syscalls(&[thread.clone(), thread], &[(0, 11, 2), (1, 11, 9)]);
        assert_eq!((sums.len(), sums[0].count, sums[0].bytes), (1, 6, Some(20)));
        assert_eq!(sums[0].errors, BTreeMap::from([("EAGAIN".to_owned(), 2)]));
    }

    #[test]
    fn counts_bytes_and_events_of_calls_that_return_them() {
        let stat = SyscallStat {
            count: 1,
            result_sum: 42,
            ..SyscallStat::default()
        };
        let of = |nr: syscalls::Sysno| {
            let call = syscall(nr as u32, &stat);
            (call.bytes, call.events)
        };
        assert_eq!(of(syscalls::Sysno::pwritev), (Some(42), None));
        assert_eq!(of(syscalls::Sysno::epoll_pwait), (None, Some(42)));
        assert_eq!(of(syscalls::Sysno::futex), (None, None));
    }
}
