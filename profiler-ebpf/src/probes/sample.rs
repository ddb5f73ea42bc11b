//! CPU-clock samples: where a thread is when it is not in a system call. Source: a perf event, `cpu-clock`.

use crate::config::OFF_REGS_NR;
use crate::hook::Object;
use crate::maps::{CODE, tally};
use crate::probes::site::user;
use crate::track::{current, now};
use aya_ebpf::EbpfContext;
use aya_ebpf::bindings::bpf_perf_event_data;
use aya_ebpf::helpers::generated::{bpf_get_current_task_btf, bpf_task_pt_regs};
use aya_ebpf::macros::perf_event;
use aya_ebpf::programs::PerfEventContext;
use profiler_common::{code_key, instruction::repeats};

/// Classifies one sample of the running thread.
#[perf_event]
pub fn cpu_clock(ctx: PerfEventContext) -> u32 {
    classify(&ctx, true)
}

/// The same where the kernel does not give a task's registers to programs (before Linux 5.15): the ways into system calls and out of
/// them look like faults and interrupts, and like user code.
#[perf_event]
pub fn cpu_clock_plain(ctx: PerfEventContext) -> u32 {
    classify(&ctx, false)
}

#[inline(always)]
fn classify(ctx: &PerfEventContext, tells_crossings: bool) -> u32 {
    if let Some(thread) = current() {
        let registers = registers(ctx);
        let address = registers.rip;
        if in_kernel(address) {
            thread.sampled_in_kernel(now(), tells_crossings && came_by_call());
        } else if tells_crossings && returned(registers) {
            thread.samples_crossing += 1;
        } else if resumes(registers) {
            thread.samples_resuming += 1;
        } else {
            thread.samples_user += 1;
            let key = code_key(thread.serial, address);
            tally(&CODE, &key, |counters| counters.lost_samples += 1);
        }
    }
    0
}

/// Whether a system call brought the running thread into the kernel: its registers keep the call's number where a fault
/// or an interrupt leaves -1.
#[inline(always)]
fn came_by_call() -> bool {
    // SAFETY: the first helper gives the running task, which is what the second takes.
    let registers = unsafe { bpf_task_pt_regs(bpf_get_current_task_btf()) };
    let number: u64 = Object(registers as *const u8).read(OFF_REGS_NR.load());
    number as i64 >= 0
}

/// Kernel addresses are the upper half on every 64-bit architecture Linux has.
#[inline(always)]
fn in_kernel(address: u64) -> bool {
    (address as i64) < 0
}

/// Whether a system call has just returned: it leaves its return address in a register (`SYSCALL`, Intel SDM volume 2), and the
/// sample was due on the way out, where interrupts are off.
#[inline(always)]
fn returned(registers: Registers) -> bool {
    registers.rip == registers.rcx
}

/// Whether a page fault has just returned, to the instruction that caused it and has not run yet: the processor marks that (`RF`,
/// Intel SDM volume 3, 19.3.1.1; AMD64 volume 2, 3.1.6), and the sample was due on the way out. It also marks instructions that were interrupted in the
/// middle of repeating themselves: those are running.
#[inline(always)]
fn resumes(registers: Registers) -> bool {
    const RESUME: u64 = 1 << 16;
    registers.rflags & RESUME != 0 && !repeats(user(registers.rip))
}

/// What tells where a thread was interrupted.
#[derive(Clone, Copy)]
struct Registers {
    rip: u64,
    rcx: u64,
    rflags: u64,
}

#[inline(always)]
fn registers(ctx: &PerfEventContext) -> Registers {
    let data: *const bpf_perf_event_data = ctx.as_ptr().cast();
    // SAFETY: the context of a perf event program begins with the registers; the verifier checks the access.
    let (rip, rcx, rflags) = unsafe { ((*data).regs.rip, (*data).regs.rcx, (*data).regs.eflags) };
    Registers { rip, rcx, rflags }
}
