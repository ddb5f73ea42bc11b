//! Stacks of the system calls that manage memory. Such calls are rare, and take longer than a
//! stack.
//!
//! Hooks: none; `sys_exit` calls it.
//! Writes: `MEMORY_STACKS`, `HEAP_ENDS`.

use crate::config::{OFF_REGS_BP, OFF_REGS_DX, OFF_REGS_IP, OFF_REGS_SI, OFF_REGS_SP};
use crate::hook::{Helper, Object};
use crate::maps::{HEAP_ENDS, MEMORY_STACKS, count, entry};
use crate::track::{Tracked, in_slot};
use aya_ebpf::helpers::bpf_probe_read_user;
use profiler_common::call_site::{BEFORE, Call, is_brk, may_return_to};
use profiler_common::{CallSite, CallSiteSum};

/// Adds a call that succeeded. `registers` is the address of those of its entry, which hold the
/// arguments, and `slot` the thread's. A global function, which the kernel verifies once.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn add_memory_call(registers: u64, slot: u64, result: u64) -> u64 {
    if let Some(thread) = in_slot(slot as u32) {
        add_call(Object::at(registers as *const u8), thread, result);
    }
    0
}

#[inline(always)]
fn add_call(registers: Object<Helper>, thread: Tracked, result: u64) {
    let nr = thread.syscall_nr().get();
    let call = Call {
        nr,
        arguments: [
            0,
            registers.read(OFF_REGS_SI.load()),
            registers.read(OFF_REGS_DX.load()),
        ],
        result,
        heap_end: if is_brk(nr) {
            heap_end_before(thread.tgid().get(), result)
        } else {
            0
        },
    };
    let (kind, bytes) = call.change();
    let mut site = CallSite {
        serial: thread.serial().get(),
        kind: kind as u32,
        ..CallSite::default()
    };
    // A page fault while the stack is read looks at the flag.
    let outer = thread.begin_read();
    walk(registers, &mut site);
    thread.end_read(outer);
    let site = &site;
    if let Some(sum) = entry(&MEMORY_STACKS, site) {
        sum.add(bytes);
    } else if MEMORY_STACKS
        .insert(site, CallSiteSum::of(bytes), 0)
        .is_err()
    {
        count(|counters| counters.lost_call_sites += 1);
    }
}

/// Returns the end of the heap before, and stores where it is now. 0 if it is unknown.
#[inline(always)]
fn heap_end_before(tgid: u32, end: u64) -> u64 {
    let Some(known) = HEAP_ENDS.get_ptr_mut(tgid) else {
        // If the map is full, the next call does not know it either.
        let _ = HEAP_ENDS.insert(tgid, end, 0);
        return 0;
    };
    // SAFETY: a value of a preallocated hash stays in place. The kernel moves the end of a heap for
    // one thread at a time.
    unsafe { known.replace(end) }
}

/// Walks the stack for as long as each return address follows a call.
///
/// Wrappers of system calls keep no frame of their own. So their caller is on top of the stack, and
/// the frame pointer is the caller's.
#[inline(always)]
fn walk(registers: Object<Helper>, site: &mut CallSite) {
    site.frames[0] = registers.read(OFF_REGS_IP.load());
    let mut frame: u64 = registers.read(OFF_REGS_BP.load());
    let top: u64 = user(registers.read(OFF_REGS_SP.load()));
    if is_return_address(top) == 1 {
        site.frames[1] = top;
    }
    for place in &mut site.frames[2..] {
        let [above, back]: [u64; 2] = user(frame);
        if is_return_address(back) == 0 {
            return;
        }
        *place = back;
        // Stacks grow down: the caller's frame lies higher.
        if above <= frame {
            return;
        }
        frame = above;
    }
}

/// Returns 1 if the instruction before an address of the target is a call, else 0. A global
/// function, which the kernel verifies once: it would follow it anew for each frame, and Linux 6.1
/// gives up.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn is_return_address(address: u64) -> u64 {
    u64::from(address > BEFORE as u64 && may_return_to(&user(address - BEFORE as u64)))
}

/// Reads memory of the target; zeros where that would fault, which takes some microseconds.
#[inline(always)]
pub fn user<T: Copy + Default>(address: u64) -> T {
    // SAFETY: the helper copies from any user address, and fails on one it cannot read.
    unsafe { bpf_probe_read_user(address as *const T) }.unwrap_or_default()
}
