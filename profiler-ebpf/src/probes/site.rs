//! Who manages memory: the stacks of the calls that do. Such calls are rare, and a stack costs less than what they do.

use crate::config::{OFF_REGS_BP, OFF_REGS_DX, OFF_REGS_IP, OFF_REGS_SI, OFF_REGS_SP};
use crate::hook::Object;
use crate::maps::{HEAP_ENDS, MEMORY_SITES, count};
use aya_ebpf::helpers::bpf_probe_read_user;
use profiler_common::site::{BEFORE, Call, is_brk, may_return_to};
use profiler_common::thread::FLAG_READ;
use profiler_common::{Site, SiteSum, Thread};

/// Notes a call that succeeded, by its registers, which still hold its arguments.
#[inline(never)]
pub fn called(registers: Object, thread: &mut Thread, result: u64) {
    let call = Call {
        nr: thread.syscall_nr,
        arguments: [
            0,
            registers.read(OFF_REGS_SI.load()),
            registers.read(OFF_REGS_DX.load()),
        ],
        result,
        heap_end: if is_brk(thread.syscall_nr) {
            moved_heap_end(thread.tgid, result)
        } else {
            0
        },
    };
    let (kind, bytes) = call.change();
    let mut site = Site {
        serial: thread.serial,
        kind: kind as u32,
        ..Site::default()
    };
    set_flags(thread, |flags| flags | FLAG_READ);
    walk(registers, &mut site);
    set_flags(thread, |flags| flags & !FLAG_READ);
    let site = &site;
    if let Some(sum) = MEMORY_SITES.get_ptr_mut(site) {
        // SAFETY: a value of a preallocated map stays in place, and only the thread itself writes its own.
        let sum = unsafe { &mut *sum };
        sum.count += 1;
        sum.bytes = sum.bytes.wrapping_add(bytes);
    } else if MEMORY_SITES
        .insert(site, SiteSum { count: 1, bytes }, 0)
        .is_err()
    {
        count(|counters| counters.lost_call_sites += 1);
    }
}

/// Written at once: a page fault in between looks at the flags.
#[inline(always)]
fn set_flags(thread: &mut Thread, change: impl FnOnce(u16) -> u16) {
    let flags = &raw mut thread.flags;
    let changed = change(thread.flags);
    // SAFETY: the reference it is of may be written through; only the thread's own CPU writes its flags.
    unsafe { flags.write_volatile(changed) };
}

/// Where the heap ended before; notes where it ends now.
#[inline(always)]
fn moved_heap_end(tgid: u32, end: u64) -> u64 {
    let Some(known) = HEAP_ENDS.get_ptr_mut(tgid) else {
        // A full map leaves the next one unknown too.
        let _ = HEAP_ENDS.insert(tgid, end, 0);
        return 0;
    };
    // SAFETY: a value of a preallocated map stays in place; the kernel moves the heap's end for one thread at a time.
    unsafe { core::mem::replace(&mut *known, end) }
}

/// Follows the stack for as long as it is one: each return address must follow a call.
///
/// Wrappers of system calls keep no frame of their own, so that whoever called them is on top of the stack, and the frame
/// pointer is that caller's.
#[inline(always)]
fn walk(registers: Object, site: &mut Site) {
    site.frames[0] = registers.read(OFF_REGS_IP.load());
    let mut frame: u64 = registers.read(OFF_REGS_BP.load());
    let top: u64 = user(registers.read(OFF_REGS_SP.load()));
    if returns(top) {
        site.frames[1] = top;
    }
    for place in &mut site.frames[2..] {
        let [above, back]: [u64; 2] = user(frame);
        if !returns(back) {
            return;
        }
        *place = back;
        // Stacks grow down: a caller's frame lies higher.
        if above <= frame {
            return;
        }
        frame = above;
    }
}

#[inline(always)]
fn returns(address: u64) -> bool {
    address > BEFORE as u64 && may_return_to(&user(address - BEFORE as u64))
}

/// Memory of the target; zeros where it cannot be read without a fault.
#[inline(always)]
pub fn user<T: Copy + Default>(address: u64) -> T {
    // SAFETY: the helper copies from any user address and fails on one that cannot be read.
    unsafe { bpf_probe_read_user(address as *const T) }.unwrap_or_default()
}
