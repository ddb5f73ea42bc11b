//! Page faults by mode and by address. Hooks: `page_fault_user`, `page_fault_kernel` (x86-64).

use crate::hook::{Args, hooks};
use crate::maps::{FAULTS, tally};
use crate::track::current;
use profiler_common::UNIT_BITS;

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
    note(args.word::<0>());
}

#[inline(always)]
fn kernel(args: Args) {
    let address = args.word::<0>();
    if address >= USER_END {
        return;
    }
    let Some(thread) = current() else { return };
    thread.faults_kernel += 1;
    note(address);
}

#[inline(always)]
fn note(address: u64) {
    tally(&FAULTS, &(address >> UNIT_BITS), |counters| {
        counters.lost_faults += 1
    });
}
