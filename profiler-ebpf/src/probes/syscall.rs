//! System calls: how many, what failed, on-CPU and blocked time of each. Hooks: `sys_enter`, `sys_exit`.

use crate::config::{GOROUTINE_PAIRING, MEMORY_CALLS, OFF_REGS_G, OFF_REGS_NR, PAIRING};
use crate::hook::{Args, hooks};
use crate::maps::{CALLS, ERRORS, FREE_ROWS, SYSCALLS, TICKS, count, tally};
use crate::probes::site;
use crate::track::{current, now};
use profiler_common::site::manages_memory;
use profiler_common::syscall::{CallTime, NEAR_CALLS, error_key, key, moves_data, near};
use profiler_common::thread::FLAG_IN_SYSCALL;
use profiler_common::ticks::{NO_ROW, NO_ROW_LEFT, Ticks, waits_for_events};
use profiler_common::{SyscallStat, Thread};

hooks! {
    "sys_enter" => enter as sys_enter, sys_enter_raw;
    "sys_exit" => leave as sys_exit, sys_exit_raw;
}

/// Results above this are negated error numbers.
const MAX_ERRNO: u64 = 4095;

#[inline(always)]
fn enter(args: Args) {
    let Some(thread) = current() else { return };
    let (nr, now) = (args.word::<1>() as u32, now());
    if PAIRING.load() == GOROUTINE_PAIRING && moves_data(nr) {
        run_goroutine(thread, args.object::<0>().read(OFF_REGS_G.load()));
    }
    if waits_for_events(nr)
        && let Some(ticks) = ticks_of(thread.ticks_row)
    {
        ticks.end(now);
    }
    thread.enter(nr, now);
}

/// The scheduler's own calls are left out, so that a goroutine that waited and goes on is no switch.
#[inline(always)]
fn run_goroutine(thread: &mut Thread, goroutine: u64) {
    let before = core::mem::replace(&mut thread.goroutine, goroutine);
    if before != goroutine && before != 0 {
        count(|counters| counters.goroutine_switches += 1);
    }
}

#[inline(always)]
fn leave(args: Args) {
    let Some(thread) = current() else { return };
    if thread.flags & FLAG_IN_SYSCALL == 0 {
        // Entered before first sight.
        thread.syscall_nr = args.object::<0>().read::<u64>(OFF_REGS_NR.load()) as u32;
    }
    let now = now();
    let took = thread.exit(now);
    let result = args.word::<1>();
    let failed = result > u64::MAX - MAX_ERRNO;
    if waits_for_events(thread.syscall_nr) {
        let events = if failed { None } else { Some(result) };
        begin_tick(thread, now, events, took.blocked_ns != 0);
    }
    record(thread, took, if failed { 0 } else { result });
    if failed {
        let key = error_key(thread.syscall_nr, result.wrapping_neg() as u32);
        tally(&ERRORS, &key, |counters| counters.lost_syscalls += 1);
    } else if MEMORY_CALLS.load() == 1 && manages_memory(thread.syscall_nr) {
        site::called(args.object::<0>(), thread, result);
    }
}

#[inline(always)]
fn begin_tick(thread: &mut Thread, now: u64, events: Option<u64>, slept: bool) {
    if thread.ticks_row == NO_ROW {
        take_row(thread);
    }
    if let Some(ticks) = ticks_of(thread.ticks_row) {
        ticks.begin(now, events, slept);
    }
}

#[inline(always)]
fn take_row(thread: &mut Thread) {
    let row = FREE_ROWS.pop().ok().flatten();
    thread.ticks_row = row.map_or(NO_ROW_LEFT, |row| row as u16);
    if let Some(ticks) = ticks_of(thread.ticks_row) {
        ticks.serial = thread.serial;
    }
}

#[inline(always)]
fn ticks_of(row: u16) -> Option<&'static mut Ticks> {
    if row == NO_ROW {
        return None;
    }
    let ticks = TICKS.get_ptr_mut(row.into())?;
    // SAFETY: an array's memory stays in place, and only the thread itself writes to its row.
    Some(unsafe { &mut *ticks })
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
