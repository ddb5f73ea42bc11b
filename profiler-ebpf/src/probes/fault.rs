//! Page faults by mode, by address and by code. Hooks: `page_fault_user`, `page_fault_kernel` (x86-64).

use crate::config::OFF_REGS_IP;
use crate::hook::{Args, hooks};
use crate::maps::{FAULT_SITES, FAULTS, tally};
use crate::track::current;
use profiler_common::UNIT_BITS;
use profiler_common::site::{fault_key, kernel_fault_key};
use profiler_common::thread::{FLAG_IN_SYSCALL, FLAG_READ};

hooks! {
    "page_fault_user" => user as page_fault_user, page_fault_user_raw;
    "page_fault_kernel" => kernel as page_fault_kernel, page_fault_kernel_raw;
}

/// Above this, an address is the kernel's own.
const USER_END: u64 = 1 << 56;

#[inline(always)]
fn user(args: Args) {
    let Some(thread) = current() else { return };
    thread.faults_user += 1;
    let instruction = args.object::<1>().read(OFF_REGS_IP.load());
    note(args.word::<0>(), fault_key(thread.serial, instruction));
}

#[inline(always)]
fn kernel(args: Args) {
    let address = args.word::<0>();
    if address >= USER_END {
        return;
    }
    let Some(thread) = current() else { return };
    if thread.flags & FLAG_READ != 0 {
        return;
    }
    thread.faults_kernel += 1;
    let in_call = thread.flags & FLAG_IN_SYSCALL != 0;
    let key = kernel_fault_key(thread.serial, in_call.then_some(thread.syscall_nr));
    note(address, key);
}

#[inline(always)]
fn note(address: u64, site: u64) {
    tally(&FAULTS, &(address >> UNIT_BITS), |counters| {
        counters.lost_faults += 1
    });
    tally(&FAULT_SITES, &site, |counters| {
        counters.lost_fault_sites += 1
    });
}
