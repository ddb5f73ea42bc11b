//! What a hypervisor took from the CPUs while threads were on them.
//!
//! The guest does not see it happen: to the programs a thread stays on its CPU, which is gone. But the kernel charges a
//! thread only what the hypervisor says it really had (paravirtual steal time, `update_rq_clock_task` in kernel/sched),
//! so at the end of the window each thread's time on a CPU or waiting for one is longer than the kernel's account of it,
//! by what was stolen.

use super::assemble::Known;
use analysis::exact::part;
use recording::process::Thread;

/// Takes from each thread's on-CPU time what the hypervisor took, `host_ns` from all CPUs together; its parts give up the
/// same share each, since nobody knows in which of them it happened. `known` are the same threads in the same order.
///
/// Where nothing was stolen, nothing changes: other reasons why the accounts differ are for the checks to tell.
pub fn set_apart(threads: &mut [Thread], known: &[Known], host_ns: u64) {
    let apparent: Vec<u64> = known.iter().map(apparent).collect();
    // More than was stolen in all cannot be stolen time.
    let (taken, whole) = (host_ns, apparent.iter().sum::<u64>().max(host_ns));
    for (thread, apparent) in threads.iter_mut().zip(apparent) {
        let stolen = part(apparent, taken, whole).min(thread.on_cpu_ns);
        if stolen > 0 {
            give_up(thread, stolen);
        }
    }
}

/// How much longer than the kernel's account of it a thread was on a CPU or waited for one.
fn apparent(known: &Known) -> u64 {
    let ours = known.tracked.on_cpu_ns + known.tracked.run_queue_ns;
    match known.truth {
        Some(_) => ours.saturating_sub(known.runnable_ns()),
        None => 0,
    }
}

fn give_up(thread: &mut Thread, stolen: u64) {
    let before = thread.on_cpu_ns;
    let after = before - stolen;
    let kept = |ns: u64| part(ns, after, before);
    for call in &mut thread.syscalls {
        call.on_cpu_ns = kept(call.on_cpu_ns);
    }
    thread.syscall_ns = kept(thread.syscall_ns);
    thread.fault_irq_ns = kept(thread.fault_irq_ns);
    thread.switching_ns = kept(thread.switching_ns);
    thread.crossing_ns = kept(thread.crossing_ns);
    thread.kernel_ns =
        thread.syscall_ns + thread.crossing_ns + thread.switching_ns + thread.fault_irq_ns;
    thread.on_cpu_ns = after;
    // With what rounding has left.
    thread.user_ns = after - thread.kernel_ns;
    thread.stolen_ns = stolen;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::kernel_truth::ThreadTruth;
    use profiler_common::Thread as Tracked;
    use proptest::prelude::*;
    use recording::process::Syscall;

    /// A thread that was on a CPU for so long, half of it in a system call, and what the kernel says of that.
    fn thread(
        on_cpu_ns: u64,
        run_queue_ns: u64,
        exec_ns: u64,
        run_delay_ns: u64,
    ) -> (Thread, Known) {
        let syscall_ns = on_cpu_ns / 2;
        let thread = Thread {
            on_cpu_ns,
            run_queue_ns,
            syscall_ns,
            kernel_ns: syscall_ns,
            user_ns: on_cpu_ns - syscall_ns,
            syscalls: vec![Syscall {
                on_cpu_ns: syscall_ns,
                ..Syscall::default()
            }],
            ..Thread::default()
        };
        let known = Known {
            tracked: Tracked {
                on_cpu_ns,
                run_queue_ns,
                ..Tracked::default()
            },
            name: String::new(),
            exited_ns: None,
            truth: Some(ThreadTruth {
                exec_ns,
                run_delay_ns,
                ..ThreadTruth::default()
            }),
            early_ns: 0,
        };
        (thread, known)
    }

    fn set_apart_of_one((mut thread, known): (Thread, Known), host_ns: u64) -> Thread {
        set_apart(std::slice::from_mut(&mut thread), &[known], host_ns);
        thread
    }

    #[test]
    fn every_part_gives_up_the_same_share() {
        let thread = set_apart_of_one(thread(1000, 50, 800, 50), 10_000);
        assert_eq!((thread.on_cpu_ns, thread.stolen_ns), (800, 200));
        assert_eq!(
            (thread.user_ns, thread.kernel_ns, thread.syscall_ns),
            (400, 400, 400)
        );
        assert_eq!(thread.syscalls[0].on_cpu_ns, 400);
    }

    #[test]
    fn waiting_that_the_kernel_charged_as_running_is_not_stolen() {
        let thread = set_apart_of_one(thread(1000, 50, 1050, 0), 10_000);
        assert_eq!((thread.on_cpu_ns, thread.stolen_ns), (1000, 0));
    }

    #[test]
    fn without_stolen_time_nothing_changes() {
        let before = thread(1000, 50, 800, 50);
        assert_eq!(set_apart_of_one(before.clone(), 0), before.0);
    }

    #[test]
    fn no_more_is_set_apart_than_was_stolen() {
        let (mut threads, known): (Vec<_>, Vec<_>) =
            [thread(1000, 0, 800, 0), thread(1000, 0, 400, 0)]
                .into_iter()
                .unzip();
        set_apart(&mut threads, &known, 400);
        let stolen: Vec<u64> = threads.iter().map(|thread| thread.stolen_ns).collect();
        assert_eq!(stolen, [100, 300]);
    }

    proptest! {
        #[test]
        fn parts_still_add_up(
            on_cpu in 0u64..1 << 50, queue in 0u64..1 << 50, exec in 0u64..1 << 50, delay in 0u64..1 << 50, host in 0u64..1 << 50,
        ) {
            let thread = set_apart_of_one(thread(on_cpu, queue, exec, delay), host);
            prop_assert_eq!(thread.user_ns + thread.kernel_ns, thread.on_cpu_ns);
            prop_assert_eq!(thread.on_cpu_ns + thread.stolen_ns, on_cpu);
            prop_assert!(thread.stolen_ns <= host);
            prop_assert!(thread.syscalls[0].on_cpu_ns <= thread.syscall_ns);
        }
    }
}
