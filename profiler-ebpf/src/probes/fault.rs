//! Page faults by mode, by address and by code.
//!
//! Hooks: `page_fault_user`, `page_fault_kernel` (x86-64).
//! Writes: `THREADS.faults_*`, `FAULTS`, `FAULT_SITES`, and by `timeline` events.

use crate::config::{OFF_REGS_IP, OFF_TASK_MAJ_FLT, OFF_TASK_MIN_FLT};
use crate::hook::{Access, Args, Helper, Object, hooks};
use crate::maps::{FAULT_SITES, FAULTS, tally};
use crate::timeline;
use crate::track::{current, in_slot};
use profiler_common::UNIT_BITS;
use profiler_common::call_site::{fault_key, kernel_fault_key};
use profiler_common::thread::{FLAG_IN_SYSCALL, FLAG_READ};
use profiler_common::timeline::EventKind;

hooks! {
    "page_fault_user" => user as page_fault_user, page_fault_user_raw;
    "page_fault_kernel" => kernel as page_fault_kernel, page_fault_kernel_raw;
}

/// Addresses from here on are the kernel's own.
const USER_END: u64 = 1 << 56;

#[inline(always)]
fn user<A: Access>(args: Args<A>) {
    let Some(thread) = current() else { return };
    thread.fault_user(counted(A::current_task()));
    timeline::add_now(EventKind::Fault, thread, (args.word::<0>(), 0));
    let instruction = args.object::<1>().read(OFF_REGS_IP.load());
    tally_fault(
        args.word::<0>(),
        fault_key(thread.serial().get(), instruction),
    );
}

#[inline(always)]
fn kernel<A: Access>(args: Args<A>) {
    let address = args.word::<0>();
    if address >= USER_END {
        return;
    }
    let Some(thread) = current() else { return };
    if thread.has(FLAG_READ) {
        return;
    }
    thread.fault_kernel(counted(A::current_task()));
    timeline::add_now(EventKind::Fault, thread, (address, 1));
    let in_call = thread.has(FLAG_IN_SYSCALL);
    let nr = in_call.then_some(thread.syscall_nr().get());
    tally_fault(address, kernel_fault_key(thread.serial().get(), nr));
}

#[inline(always)]
fn tally_fault(address: u64, site: u64) {
    tally(&FAULTS, &(address >> UNIT_BITS), |counters| {
        counters.lost_faults += 1
    });
    tally(&FAULT_SITES, &site, |counters| {
        counters.lost_fault_sites += 1
    });
}

/// The kernel's count of a task's faults, without its upper half.
#[inline(always)]
pub fn counted<A: Access>(task: Object<A>) -> u32 {
    let minor: u64 = task.read(OFF_TASK_MIN_FLT.load());
    let major: u64 = task.read(OFF_TASK_MAJ_FLT.load());
    minor.wrapping_add(major) as u32
}

/// Compares the faults of the running thread, which has this slot, with the kernel's count, while
/// it is not in a fault. A global function, which the kernel verifies once.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn account_faults(slot: u64) -> u64 {
    if let Some(thread) = in_slot(slot as u32) {
        thread.account_faults(counted(Helper::current_task()), true);
    }
    0
}
