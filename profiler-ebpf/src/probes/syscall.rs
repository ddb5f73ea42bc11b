//! System calls: how many, what failed, on-CPU and blocked time of each. Hooks: `sys_enter`, `sys_exit`.

use crate::config::{OFF_REGS_G, OFF_REGS_NR, PAIRING};
use crate::hook::{Args, hooks};
use crate::maps::{CALLS, ERRORS, SYSCALLS, count, tally};
use crate::track::{current, now};
use profiler_common::syscall::{NEAR_CALLS, error_key, key, near};
use profiler_common::thread::{CallTime, FLAG_IN_SYSCALL};
use profiler_common::{Pairing, SyscallStat, Thread};

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
    record(thread, took, if failed { 0 } else { result });
    if failed {
        let key = error_key(thread.syscall_nr, result.wrapping_neg() as u32);
        tally(&ERRORS, &key, |counters| counters.lost_syscalls += 1);
    }
}

#[inline(always)]
fn record(thread: &Thread, took: CallTime, result: u64) {
    let key = key(thread.serial, thread.syscall_nr);
    let stat = match near(thread.syscall_nr) {
        Some(place) => CALLS.get_ptr_mut(place_of(thread, place)),
        None => SYSCALLS.get_ptr_mut(key),
    };
    if let Some(stat) = stat {
        // SAFETY: a value of a preallocated map stays in place, and only the thread itself writes its own.
        unsafe { (*stat).add(took, result) };
        return;
    }
    let mut first = SyscallStat::default();
    first.add(took, result);
    if SYSCALLS.insert(key, first, 0).is_err() {
        count(|counters| counters.lost_syscalls += 1);
    }
}

#[inline(always)]
fn place_of(thread: &Thread, place: u32) -> u32 {
    thread.slot * NEAR_CALLS.len() as u32 + place
}

/// Moves what an ending thread has in the places near it to where they outlive it.
#[inline(always)]
pub fn keep_calls(thread: &Thread) {
    for (place, nr) in NEAR_CALLS.iter().enumerate() {
        let Some(stat) = CALLS.get_ptr_mut(place_of(thread, place as u32)) else {
            return;
        };
        // SAFETY: as in `record`.
        let stat = unsafe { &mut *stat };
        if stat.count == 0 {
            continue;
        }
        if SYSCALLS.insert(key(thread.serial, *nr), *stat, 0).is_err() {
            count(|counters| counters.lost_syscalls += 1);
        }
        *stat = SyscallStat::default();
    }
}
