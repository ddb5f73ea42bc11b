//! Page faults by mode, by address and by code.
//!
//! Hooks: `page_fault_user`, `page_fault_kernel` (x86-64); the begin of `do_mem_abort` (arm64).
//! Writes: `THREADS.faults_*`, `FAULTS`, `FAULT_SITES`, and by `timeline` events.

use crate::config::{OFF_REGS_IP, OFF_TASK_MAJ_FLT, OFF_TASK_MIN_FLT};
use crate::hook::{Access, Args, Direct, Helper, Object, hooks};
use crate::maps::{FAULT_SITES, FAULTS, tally};
use crate::timeline;
use crate::track::{current, in_slot};
use aya_ebpf::macros::fentry;
use aya_ebpf::programs::FEntryContext;
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

/// A fault of user code on arm64: address, syndrome, registers.
#[fentry(function = "do_mem_abort")]
fn page_fault_user_function(ctx: FEntryContext) -> i32 {
    let args = Args::<Direct>::new(&ctx);
    if is_abort_of_user(args.word::<1>()) {
        fault_of_user(args.word::<0>(), args.object::<2>());
    }
    0
}

/// A fault of the kernel at an address of user memory on arm64.
#[fentry(function = "do_mem_abort")]
fn page_fault_kernel_function(ctx: FEntryContext) -> i32 {
    let args = Args::<Direct>::new(&ctx);
    if !is_abort_of_user(args.word::<1>()) {
        fault_of_kernel::<Direct>(args.word::<0>());
    }
    0
}

/// Whether user code caused an abort. The syndrome has its class (Arm ARM, ESR_EL1.EC): an abort
/// of an instruction or of data, from a lower level or from the kernel itself.
#[inline(always)]
fn is_abort_of_user(syndrome: u64) -> bool {
    const CLASS_SHIFT: u32 = 26;
    const CLASS_MASK: u64 = 0x3f;
    const INSTRUCTION_OF_USER: u64 = 0x20;
    const DATA_OF_USER: u64 = 0x24;
    let class = syndrome >> CLASS_SHIFT & CLASS_MASK;
    class == INSTRUCTION_OF_USER || class == DATA_OF_USER
}

#[inline(always)]
fn user<A: Access>(args: Args<A>) {
    fault_of_user(args.word::<0>(), args.object::<1>());
}

#[inline(always)]
fn kernel<A: Access>(args: Args<A>) {
    fault_of_kernel::<A>(args.word::<0>());
}

#[inline(always)]
fn fault_of_user<A: Access>(address: u64, registers: Object<A>) {
    let Some(thread) = current() else { return };
    thread.fault_user(counted(A::current_task()));
    timeline::add_now(EventKind::Fault, thread, (address, 0));
    let instruction = registers.read(OFF_REGS_IP.load());
    tally_fault(address, fault_key(thread.serial().get(), instruction));
}

#[inline(always)]
fn fault_of_kernel<A: Access>(address: u64) {
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
