//! System calls: how many, what failed, on-CPU and blocked time of each. Hooks: `sys_enter`, `sys_exit`.

use crate::config::{OFF_REGS_G, OFF_REGS_NR, PAIRING};
use crate::hook::{Args, hooks};
use crate::maps::{ERRORS, SYSCALLS, count, tally};
use crate::track::{current, now};
use profiler_common::syscall::{error_key, key};
use profiler_common::thread::{CallTime, FLAG_IN_SYSCALL};
use profiler_common::{Pairing, SyscallStat};

hooks! {
    "sys_enter" => enter as sys_enter, sys_enter_raw;
    "sys_exit" => leave as sys_exit, sys_exit_raw;
}

/// Results above this are negated error numbers.
const MAX_ERRNO: u64 = 4095;

#[inline(always)]
fn enter(args: Args) {
    let Some(thread) = current() else { return };
    if PAIRING.load() == Pairing::Goroutine as u32 {
        thread.goroutine = args.object::<0>().read(OFF_REGS_G.load());
    }
    thread.enter(args.word::<1>() as u32, now());
}

#[inline(always)]
fn leave(args: Args) {
    let Some(thread) = current() else { return };
    if thread.flags & FLAG_IN_SYSCALL == 0 {
        // Entered before first sight.
        thread.syscall_nr = args.object::<0>().read::<u64>(OFF_REGS_NR.load()) as u32;
    }
    let took = thread.exit(now());
    let result = args.word::<1>();
    let failed = result > u64::MAX - MAX_ERRNO;
    record(
        key(thread.serial, thread.syscall_nr),
        took,
        if failed { 0 } else { result },
    );
    if failed {
        let key = error_key(thread.syscall_nr, result.wrapping_neg() as u32);
        tally(&ERRORS, &key, |counters| counters.lost_syscalls += 1);
    }
}

/// Only the thread itself writes its entry, so plain additions do.
#[inline(always)]
fn record(key: u64, took: CallTime, result: u64) {
    if let Some(stat) = SYSCALLS.get_ptr_mut(key) {
        // SAFETY: a value of a preallocated map stays in place, and no other thread writes this one.
        let stat = unsafe { &mut *stat };
        stat.count += 1;
        stat.result_sum = stat.result_sum.wrapping_add(result);
        stat.on_cpu_ns += took.on_cpu_ns;
        stat.blocked_ns += took.blocked_ns;
        stat.run_queue_ns += took.run_queue_ns;
        return;
    }
    let CallTime {
        on_cpu_ns,
        blocked_ns,
        run_queue_ns,
    } = took;
    let first = SyscallStat {
        count: 1,
        result_sum: result,
        on_cpu_ns,
        blocked_ns,
        run_queue_ns,
    };
    if SYSCALLS.insert(key, first, 0).is_err() {
        count(|counters| counters.lost_syscalls += 1);
    }
}
