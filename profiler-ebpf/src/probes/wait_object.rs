//! The file or the peer that a kept wait was for.
//!
//! Hooks: none; `off_cpu.rs` calls it.
//! Writes: `WAIT_OBJECTS`, `WAIT_OBJECT_SCRATCH`.

use crate::config::{
    ABSENT, OFF_DENTRY_NAME, OFF_FILE_DENTRY, OFF_FILE_INODE, OFF_INODE_NUMBER,
    OFF_INODE_SUPER_BLOCK, OFF_REGS_DI, OFF_REGS_SI, OFF_SUPER_BLOCK_DEVICE,
};
use crate::files::{file_of, is_stored, sock_behind};
use crate::hook::{Helper, Object};
use crate::maps::{WAIT_OBJECTS, count};
use crate::probes::socket::peers::{internet_peer, unix_peer_name};
use crate::track::in_slot;
use aya_ebpf::bindings::BPF_NOEXIST;
use aya_ebpf::helpers::generated::{bpf_probe_read_kernel, bpf_probe_read_kernel_str};
use aya_ebpf::macros::map;
use aya_ebpf::maps::PerCpuArray;
use core::ffi::c_void;
use profiler_common::WaitObject;
use profiler_common::slot::opaque;
use profiler_common::wait_object::{Argument, FILE, NAME_BYTES, PEER, UNIX_PEER, descriptor_of};

/// Where a file or a peer is read to.
#[map]
static WAIT_OBJECT_SCRATCH: PerCpuArray<WaitObject> = PerCpuArray::with_max_entries(1, 0);

/// Keeps the file or the peer behind the descriptor of a call that returns; returns its key, or 0
/// without one. The descriptor may refer to another one than when the call began, if another thread
/// closed it. `registers` is the address of those of the call's entry, and `slot` the thread's. A
/// global function, which the kernel verifies once.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn wait_object(registers: u64, slot: u64) -> u64 {
    let Some(thread) = in_slot(slot as u32) else {
        return 0;
    };
    let registers = Object::<Helper>::at(registers as *const u8);
    let Some(descriptor) = descriptor(registers, thread.syscall_nr().get()) else {
        return 0;
    };
    let (Some(file), Some(place)) = (file_of(descriptor), WAIT_OBJECT_SCRATCH.get_ptr_mut(0))
    else {
        return 0;
    };
    // SAFETY: the entry is this CPU's own, and only the program at the end of system calls uses it,
    // which no other one of its kind interrupts.
    let object = unsafe { &mut *place };
    *object = WaitObject::default();
    if !read(file, object) {
        return 0;
    }
    object.descriptor = descriptor;
    object.tgid = thread.tgid().get();
    keep(object)
}

/// Returns the descriptor of the call that the registers began.
#[inline(always)]
fn descriptor(registers: Object<Helper>, nr: u32) -> Option<u32> {
    let register = match descriptor_of(nr)? {
        Argument::First => OFF_REGS_DI.load(),
        Argument::Second => OFF_REGS_SI.load(),
    };
    Some(registers.read::<u64>(register) as u32)
}

/// Adds a file or a peer to the map; returns its key.
#[inline(always)]
fn keep(object: &WaitObject) -> u64 {
    let key = object.key();
    if WAIT_OBJECTS.get_ptr(key).is_none()
        && WAIT_OBJECTS
            .insert(key, object, BPF_NOEXIST.into())
            .is_err()
        && WAIT_OBJECTS.get_ptr(key).is_none()
    {
        count(|counters| counters.lost_wait_objects += 1);
        return 0;
    }
    key
}

/// Reads what a file is; returns whether it is a file with a place, or a socket with a peer.
#[inline(always)]
fn read(file: Object<Helper>, object: &mut WaitObject) -> bool {
    if is_stored(file) {
        return read_file(file, object);
    }
    let Some(sock) = sock_behind(file) else {
        return false;
    };
    let Some(peer) = internet_peer(sock) else {
        return read_unix_peer(sock, object);
    };
    object.kind = PEER;
    object.peer = peer;
    true
}

/// Reads the identity and the name of a file; returns whether this kernel's layout is known.
#[inline(always)]
fn read_file(file: Object<Helper>, object: &mut WaitObject) -> bool {
    let needed = [
        &OFF_FILE_DENTRY,
        &OFF_DENTRY_NAME,
        &OFF_INODE_NUMBER,
        &OFF_INODE_SUPER_BLOCK,
        &OFF_SUPER_BLOCK_DEVICE,
    ];
    if needed.iter().any(|offset| offset.load() == ABSENT) {
        return false;
    }
    let inode = file.follow(OFF_FILE_INODE.load());
    object.kind = FILE;
    object.inode = inode.read(OFF_INODE_NUMBER.load());
    object.device = inode
        .follow(OFF_INODE_SUPER_BLOCK.load())
        .read(OFF_SUPER_BLOCK_DEVICE.load());
    let name: u64 = file
        .follow(OFF_FILE_DENTRY.load())
        .read(OFF_DENTRY_NAME.load());
    let place: *mut c_void = object.name.as_mut_ptr().cast();
    // SAFETY: the helper writes at most as many bytes as the name has, and fails on an address that
    // it cannot read.
    unsafe { bpf_probe_read_kernel_str(place, NAME_BYTES as u32, name as *const c_void) };
    true
}

/// Reads the name of the Unix socket at the other end; returns whether it has one.
#[inline(always)]
fn read_unix_peer(sock: Object<Helper>, object: &mut WaitObject) -> bool {
    let Some((name, len)) = unix_peer_name(sock) else {
        return false;
    };
    let len = opaque(len as usize);
    if len == 0 || len > NAME_BYTES {
        return false;
    }
    object.kind = UNIX_PEER;
    object.name_len = len as u32;
    let place: *mut c_void = object.name.as_mut_ptr().cast();
    // SAFETY: the helper writes as many bytes as it is given, which the name has room for.
    unsafe { bpf_probe_read_kernel(place, len as u32, name as *const c_void) == 0 }
}
