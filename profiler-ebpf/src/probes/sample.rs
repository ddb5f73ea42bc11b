//! CPU-clock samples: where a thread is when it is not in a system call. Source: a perf event, `cpu-clock`.

use crate::maps::{CODE, tally};
use crate::track::current;
use aya_ebpf::EbpfContext;
use aya_ebpf::bindings::bpf_perf_event_data;
use aya_ebpf::macros::perf_event;
use aya_ebpf::programs::PerfEventContext;
use profiler_common::code_key;
use profiler_common::thread::FLAG_IN_SYSCALL;

/// Classifies one sample of the running thread.
#[perf_event]
pub fn cpu_clock(ctx: PerfEventContext) -> u32 {
    if let Some(thread) = current() {
        let address = instruction(&ctx);
        match (in_kernel(address), thread.flags & FLAG_IN_SYSCALL != 0) {
            (false, _) => {
                thread.samples_user += 1;
                let key = code_key(thread.serial, address);
                tally(&CODE, &key, |counters| counters.lost_samples += 1);
            }
            (true, true) => thread.samples_syscall += 1,
            (true, false) => thread.samples_fault_irq += 1,
        }
    }
    0
}

/// Kernel addresses are the upper half on every 64-bit architecture Linux has.
#[inline(always)]
fn in_kernel(address: u64) -> bool {
    (address as i64) < 0
}

/// Address of the instruction that was interrupted.
#[inline(always)]
fn instruction(ctx: &PerfEventContext) -> u64 {
    let data: *const bpf_perf_event_data = ctx.as_ptr().cast();
    // SAFETY: the context of a perf event program begins with the registers; the verifier checks the access.
    unsafe { (*data).regs.rip }
}
