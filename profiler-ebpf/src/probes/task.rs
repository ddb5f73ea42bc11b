//! The kernel's accounting of the target's threads, all of them in one pass: `/proc` takes several
//! files of each thread.
//!
//! Hooks: the iterator over tasks, each time that the recorder reads it.
//! Writes: a `TaskRecord` of each thread to the iterator's file.

use crate::config::{
    OFF_ITER_META_SEQ, OFF_REGS_SP, OFF_TASK_EXEC_RUNTIME, OFF_TASK_MAJ_FLT, OFF_TASK_MIN_FLT,
    OFF_TASK_NIVCSW, OFF_TASK_NVCSW, OFF_TASK_RUN_DELAY, OFF_TASK_STATE,
};
use crate::hook::{Args, Direct, Object};
use crate::probes::lifetime::comm_of;
use crate::track::ids_of;
use aya_ebpf::helpers::generated::{bpf_seq_write, bpf_task_pt_regs};
use aya_ebpf::programs::BtfTracePointContext;
use core::ffi::c_void;
use profiler_common::TaskRecord;

/// Writes one thread, if its process is tracked.
#[unsafe(no_mangle)]
#[unsafe(link_section = "iter/task")]
pub extern "C" fn tasks(ctx: *mut c_void) -> i32 {
    let args = Args::<Direct>::new(&BtfTracePointContext::new(ctx));
    let (meta, task) = (args.object::<0>(), args.object::<1>());
    // The last call has no task.
    if task.pointer().is_null() {
        return 0;
    }
    if let Some(ids) = ids_of(task) {
        let record = TaskRecord {
            tgid: ids.tgid,
            tid: ids.tid,
            exec_ns: task.read(OFF_TASK_EXEC_RUNTIME.load()),
            run_delay_ns: task.read(OFF_TASK_RUN_DELAY.load()),
            voluntary: task.read(OFF_TASK_NVCSW.load()),
            involuntary: task.read(OFF_TASK_NIVCSW.load()),
            faults: task.read::<u64>(OFF_TASK_MIN_FLT.load())
                + task.read::<u64>(OFF_TASK_MAJ_FLT.load()),
            stack_pointer: stack_pointer(task),
            state: task.read(OFF_TASK_STATE.load()),
            reserved: 0,
            comm: comm_of(task),
        };
        write(meta, &record);
    }
    0
}

/// Returns the stack pointer with which a task last entered the kernel.
#[inline(always)]
fn stack_pointer(task: Object<Direct>) -> u64 {
    // SAFETY: the helper takes a task, which the iterator holds.
    let registers = unsafe { bpf_task_pt_regs(task.pointer().cast_mut().cast()) };
    Object::<Direct>::at(registers as *const u8).read(OFF_REGS_SP.load())
}

/// Appends a record to the iterator's file. The kernel reads the task again if its buffer is full.
#[inline(always)]
fn write(meta: Object<Direct>, record: &TaskRecord) {
    let seq = meta.follow(OFF_ITER_META_SEQ.load()).address();
    let (data, length) = (core::ptr::from_ref(record), size_of::<TaskRecord>());
    // SAFETY: the file is that of this iteration, and the record is as long as it says.
    unsafe { bpf_seq_write(seq as *mut _, data.cast(), length as u32) };
}
