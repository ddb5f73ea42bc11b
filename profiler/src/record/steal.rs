//! Steal: time in which the hypervisor ran something else while a thread was on a virtual CPU.
//!
//! To the programs such a thread stays on its CPU. The kernel charges it only the time that it ran
//! (paravirtual steal time, `update_rq_clock_task` in kernel/sched/core.c). So at the end of the
//! window a thread's on-CPU and run-queue time exceeds the kernel's accounting by its steal.

use super::threads::JoinedThread;
use recording::process::Thread;

/// Moves each thread's steal from `on_cpu_ns` to `steal_ns`; together they take at most `host_ns`,
/// the steal time of all CPUs. `joined` are the same threads in the same order.
///
/// Times inside system calls stay as they were measured: in which of them the hypervisor struck is
/// not known. Without steal on the host nothing changes; the checks report other differences.
pub fn set_apart(threads: &mut [Thread], joined: &[JoinedThread], host_ns: u64) {
    let apparent: Vec<u64> = joined.iter().map(apparent_ns).collect();
    // The threads' differences have other causes too, so that they may add up to more.
    let whole = apparent.iter().sum::<u64>().max(host_ns);
    for (thread, apparent) in threads.iter_mut().zip(apparent) {
        let steal_ns = part(apparent, host_ns, whole).min(thread.on_cpu_ns);
        thread.on_cpu_ns -= steal_ns;
        thread.steal_ns = steal_ns;
    }
}

/// Returns the on-CPU and run-queue time that the kernel's accounting of the thread does not have.
fn apparent_ns(joined: &JoinedThread) -> u64 {
    let ours = joined.tracked.on_cpu_ns + joined.tracked.run_queue_ns;
    match joined.kernel {
        Some(_) => ours.saturating_sub(joined.runnable_ns()),
        None => 0,
    }
}

/// Returns `whole × share / of`, rounded down; 0 if `of` is 0.
fn part(whole: u64, share: u64, of: u64) -> u64 {
    let product = u128::from(whole) * u128::from(share);
    let part = product.checked_div(u128::from(of));
    part.and_then(|part| u64::try_from(part).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::proc_snapshot::TaskAccounting;
    use profiler_common::Thread as Tracked;
    use proptest::prelude::*;
    use recording::process::Syscall;

    /// A thread with these times, half of its on-CPU time in a system call, and the kernel's
    /// accounting of it.
    fn thread(
        on_cpu_ns: u64,
        run_queue_ns: u64,
        exec_ns: u64,
        run_delay_ns: u64,
    ) -> (Thread, JoinedThread) {
        let thread = Thread {
            on_cpu_ns,
            run_queue_ns,
            syscall_ns: on_cpu_ns / 2,
            syscalls: vec![Syscall {
                on_cpu_ns: on_cpu_ns / 2,
                ..Syscall::default()
            }],
            ..Thread::default()
        };
        let joined = JoinedThread {
            tracked: Tracked {
                on_cpu_ns,
                run_queue_ns,
                ..Tracked::default()
            },
            name: String::new(),
            exited_ns: None,
            kernel: Some(TaskAccounting {
                exec_ns,
                run_delay_ns,
                ..TaskAccounting::default()
            }),
            early_ns: 0,
            open_wait_ns: 0,
        };
        (thread, joined)
    }

    fn set_apart_of_one((mut thread, joined): (Thread, JoinedThread), host_ns: u64) -> Thread {
        set_apart(std::slice::from_mut(&mut thread), &[joined], host_ns);
        thread
    }

    #[test]
    fn keeps_measured_times_inside_system_calls() {
        let thread = set_apart_of_one(thread(1000, 50, 800, 50), 10_000);
        assert_eq!((thread.on_cpu_ns, thread.steal_ns), (800, 200));
        assert_eq!(thread.seen_on_cpu_ns(), 1000);
        assert_eq!(
            (thread.syscall_ns, thread.syscalls[0].on_cpu_ns),
            (500, 500)
        );
    }

    #[test]
    fn counts_no_steal_where_the_kernel_charged_waiting_as_running() {
        let thread = set_apart_of_one(thread(1000, 50, 1050, 0), 10_000);
        assert_eq!((thread.on_cpu_ns, thread.steal_ns), (1000, 0));
    }

    #[test]
    fn changes_nothing_without_steal_on_the_host() {
        let before = thread(1000, 50, 800, 50);
        assert_eq!(set_apart_of_one(before.clone(), 0), before.0);
    }

    #[test]
    fn splits_no_more_than_the_steal_of_the_host() {
        let pairs = [thread(1000, 0, 800, 0), thread(1000, 0, 400, 0)];
        let (mut threads, joined): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        set_apart(&mut threads, &joined, 400);
        let steal: Vec<u64> = threads.iter().map(|thread| thread.steal_ns).collect();
        assert_eq!(steal, [100, 300]);
    }

    proptest! {
        #[test]
        fn keeps_the_sum_of_on_cpu_time_and_steal(
            on_cpu in 0u64..1 << 50,
            queue in 0u64..1 << 50,
            exec in 0u64..1 << 50,
            delay in 0u64..1 << 50,
            host in 0u64..1 << 50,
        ) {
            let thread = set_apart_of_one(thread(on_cpu, queue, exec, delay), host);
            prop_assert_eq!(thread.seen_on_cpu_ns(), on_cpu);
            prop_assert!(thread.steal_ns <= host);
        }
    }
}
