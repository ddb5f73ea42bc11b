//! CPU samples: where a thread is when it is not in a system call.
//!
//! Hooks: a perf event, `cpu-clock`, on each CPU.
//! Writes: `THREADS.samples_*`, and by `stack.rs` `STACKS`, or without stacks `CODE`.

use crate::config::{OFF_REGS_BP, OFF_REGS_IP, OFF_REGS_NR, OFF_REGS_SP};
use crate::hook::{Direct, Object};
use crate::maps::{CODE, tally};
use crate::probes::site::user;
use crate::probes::stack::{self, UserCode};
use crate::registers::Registers;
use crate::track::{Tracked, current, now};
use aya_ebpf::EbpfContext;
use aya_ebpf::bindings::bpf_perf_event_data;
use aya_ebpf::helpers::generated::{bpf_get_current_task_btf, bpf_task_pt_regs};
use aya_ebpf::macros::perf_event;
use aya_ebpf::programs::PerfEventContext;
use profiler_common::call_stack::{
    AT_FAULT_RETURN, AT_SYSCALL_EDGE, CALL_SHIFT, IN_SYSCALL, IN_USER,
};
use profiler_common::thread::{FLAG_FAULT_OPEN, FLAG_IN_SYSCALL};
use profiler_common::{code_key, instruction::repeats};

/// Classifies one sample of the running thread.
#[perf_event]
pub fn cpu_clock(ctx: PerfEventContext) -> u32 {
    classify(&ctx, true)
}

/// Classifies one sample where programs cannot get a task's registers (before Linux 5.15). The
/// edges of system calls then look like faults and interrupts, and like user code.
#[perf_event]
pub fn cpu_clock_plain(ctx: PerfEventContext) -> u32 {
    classify(&ctx, false)
}

#[inline(always)]
fn classify(ctx: &PerfEventContext, detects_edges: bool) -> u32 {
    let Some(thread) = current() else { return 0 };
    let registers = registers(ctx);
    let address = registers.ip;
    let kernel = in_kernel(address);
    let flags = if kernel {
        thread.sampled_in_kernel(now(), detects_edges && by_syscall());
        if thread.has(FLAG_IN_SYSCALL) {
            IN_SYSCALL | (thread.syscall_nr().get() + 1) << CALL_SHIFT
        } else {
            0
        }
    } else if detects_edges && registers.after_syscall {
        thread.samples_syscall_edge().add(1);
        AT_SYSCALL_EDGE
    } else if after_fault(thread, registers) {
        thread.samples_fault_return().add(1);
        AT_FAULT_RETURN
    } else {
        thread.samples_user().add(1);
        if !stack::are_kept() {
            let key = code_key(thread.serial().get(), address);
            tally(&CODE, &key, |counters| counters.lost_samples += 1);
        }
        IN_USER
    };
    stack::add(
        ctx,
        thread,
        flags,
        kernel.then_some(address),
        user_code(registers, kernel, detects_edges),
    );
    0
}

/// Returns where user code is, or was when it entered the kernel. That of 32-bit processes, whose
/// stacks lie below 4 GiB, has frames of another form.
#[inline(always)]
fn user_code(registers: Registers, kernel: bool, detects_edges: bool) -> Option<UserCode> {
    let code = if !kernel {
        UserCode {
            ip: registers.ip,
            sp: registers.sp,
            bp: registers.bp,
        }
    } else if detects_edges {
        let entered = user_registers();
        UserCode {
            ip: entered.read(OFF_REGS_IP.load()),
            sp: entered.read(OFF_REGS_SP.load()),
            bp: entered.read(OFF_REGS_BP.load()),
        }
    } else {
        return None;
    };
    (code.sp >> 32 != 0).then_some(code)
}

/// Whether a system call brought the running thread into the kernel: its registers keep the call's
/// number, where a fault or an interrupt leaves -1.
#[inline(always)]
fn by_syscall() -> bool {
    let number: i32 = user_registers().read(OFF_REGS_NR.load());
    number >= 0
}

/// The registers with which the running thread entered the kernel.
#[inline(always)]
fn user_registers() -> Object<Direct> {
    // SAFETY: the helper takes no argument and cannot fail.
    let task = unsafe { bpf_get_current_task_btf() };
    // SAFETY: the helper takes a task, which the helper before returned.
    let registers = unsafe { bpf_task_pt_regs(task) };
    Object::at(registers as *const u8)
}

/// Kernel addresses are the upper half on every 64-bit architecture that Linux supports.
#[inline(always)]
fn in_kernel(address: u64) -> bool {
    (address as i64) < 0
}

/// Whether a page fault has just returned, to the instruction that caused it and has yet to run.
/// The sample was due on the way out. The processor also marks repeated instructions interrupted
/// half-way, which are running, and so does a hypervisor that had to find memory for one: without a
/// fault of the thread since its last system call, the sample is of the instruction.
#[inline(always)]
fn after_fault(thread: Tracked, registers: Registers) -> bool {
    if !registers.resumes || !thread.has(FLAG_FAULT_OPEN) {
        return false;
    }
    // The next page may be absent.
    let outer = thread.begin_read();
    let code = user(registers.ip);
    thread.end_read(outer);
    !repeats(code)
}

#[inline(always)]
fn registers(ctx: &PerfEventContext) -> Registers {
    let data: *const bpf_perf_event_data = ctx.as_ptr().cast();
    // SAFETY: the context begins with the registers, and this takes their address alone.
    Registers::at(unsafe { (&raw const (*data).regs).cast() })
}
