//! Data that `splice` and `sendfile` move without a hook of sends and receives: data taken out of a
//! socket, and before Linux 6.5 data put into one.
//!
//! Hooks: none; `sys_exit` calls it.
//! Writes: as the socket programs.

use crate::config::{OFF_REGS_DI, OFF_REGS_DX, SPLICE_SENDS};
use crate::files::{file_of, sock_behind};
use crate::hook::{Helper, Object};
use crate::track::{Tracked, in_slot};
use profiler_common::numbers::{SENDFILE, SPLICE};

/// Counts the bytes that a `splice` or `sendfile` has moved. `registers` is the address of those of
/// its entry, and `slot` the thread's. A global function, which the kernel verifies once.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn splice_moved(registers: u64, slot: u64, nr: u64, bytes: u64) -> u64 {
    if let Some(thread) = in_slot(slot as u32) {
        moved(Object::at(registers as *const u8), thread, nr as u32, bytes);
    }
    0
}

#[inline(always)]
fn moved(registers: Object<Helper>, thread: Tracked, nr: u32, bytes: u64) {
    let first: u64 = registers.read(OFF_REGS_DI.load());
    if nr == SPLICE
        && let Some(sock) = sock_of(first as u32)
    {
        super::received(thread, sock, bytes);
    }
    if SPLICE_SENDS.load() == 1 {
        return;
    }
    let to = if nr == SENDFILE {
        first
    } else {
        registers.read(OFF_REGS_DX.load())
    };
    if let Some(sock) = sock_of(to as u32) {
        super::sent(thread, sock, bytes);
    }
}

/// Whether a system call moves data by pages between files.
#[inline(always)]
pub fn moves_pages(nr: u32) -> bool {
    nr == SPLICE || (nr == SENDFILE && SPLICE_SENDS.load() == 0)
}

/// Returns the socket behind a descriptor of the running thread.
#[inline(always)]
fn sock_of(descriptor: u32) -> Option<Object<Helper>> {
    let file = file_of(descriptor)?;
    let sock = sock_behind(file)?;
    super::is_tcp(sock).then_some(sock)
}
