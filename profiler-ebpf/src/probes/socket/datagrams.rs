//! Datagrams over sockets without a connection: the arguments of the system call name the peer.
//!
//! Hooks: none; `sys_exit` calls it. x86-64 only, as the registers are.
//! Writes: `PEERS`, `PEER_TRAFFIC`, `FREE_PEERS`, `UNIX_PEERS`, `THREADS` (datagrams that are
//! accounted for).

use super::peers::{FAMILY_LEN, add, add_named};
use super::{AF_INET, AF_INET6, AF_UNIX, dns};
use crate::config::{OFF_REGS_R8, OFF_REGS_R9, OFF_REGS_SI, WALKS_STACKS};
use crate::hook::{Helper, Object};
use crate::track::{Tracked, in_slot};
use aya_ebpf::helpers::{bpf_get_current_pid_tgid, bpf_probe_read_user, generated};
use core::ffi::c_void;
use profiler_common::PeerKey;
use profiler_common::dns::DNS_PORT;
use profiler_common::numbers::{RECVFROM, RECVMMSG, SENDMMSG, SENDTO};
use profiler_common::peer::UNIX;
use profiler_common::syscall::sends_to_a_peer;

/// Messages of one `sendmmsg` or `recvmmsg` whose peers are looked up.
const MAX_MESSAGES: u64 = 16;
/// Size of `struct mmsghdr`, which begins with a `struct msghdr`.
const MESSAGE_LEN: u64 = 64;
/// Offset of `msg_namelen` in `struct msghdr`, which begins with `msg_name`.
const OFF_NAME_LEN: u64 = 8;
/// Offset of `msg_len` in `struct mmsghdr`.
const OFF_MSG_LEN: u64 = 56;

/// Adds the datagrams of a system call that returned `result`, `bytes` in all. `registers` is the
/// address of those of its entry, and `slot` the thread's. A global function, which the kernel
/// verifies once.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn add_datagrams(registers: u64, slot: u64, result: u64, bytes: u64) -> u64 {
    if let Some(thread) = in_slot(slot as u32) {
        account(Object::at(registers as *const u8), thread, result, bytes);
    }
    0
}

#[inline(always)]
fn account(registers: Object<Helper>, thread: Tracked, result: u64, bytes: u64) {
    let nr = thread.syscall_nr().get();
    let protocol = thread.datagram_protocol().get() as u16;
    let sends = sends_to_a_peer(nr);
    if WALKS_STACKS.load() == 0 {
        add(PeerKey::others(protocol), sends, bytes);
        return;
    }
    let messages: u64 = registers.read(OFF_REGS_SI.load());
    let (fifth, sixth): (u64, u64) = (
        registers.read(OFF_REGS_R8.load()),
        registers.read(OFF_REGS_R9.load()),
    );
    match nr {
        SENDMMSG | RECVMMSG => each(messages, result, protocol, sends, bytes),
        SENDTO => add_at(fifth, sixth as u32, protocol, sends, bytes),
        RECVFROM => add_at(fifth, read(sixth), protocol, sends, bytes),
        _ => add_message(messages, protocol, sends, bytes),
    }
}

/// Adds the messages of one call. Their lengths are in the program's memory: together they count no
/// more than the kernel moved.
#[inline(always)]
fn each(messages: u64, count: u64, protocol: u16, sends: bool, bytes: u64) {
    let mut left = bytes;
    for index in 0..MAX_MESSAGES {
        if index >= count {
            break;
        }
        let message = messages + index * MESSAGE_LEN;
        let len = u64::from(read::<u32>(message + OFF_MSG_LEN));
        let len = if len < left { len } else { left };
        left -= len;
        add_message(message, protocol, sends, len);
    }
    if left != 0 {
        add(PeerKey::others(protocol), sends, left);
    }
}

/// Adds to the peer that a `struct msghdr` names.
#[inline(always)]
fn add_message(message: u64, protocol: u16, sends: bool, bytes: u64) {
    add_at(
        read(message),
        read(message + OFF_NAME_LEN),
        protocol,
        sends,
        bytes,
    );
}

/// Adds to the peer with the address that the program keeps at `address`.
#[inline(always)]
fn add_at(address: u64, len: u32, protocol: u16, sends: bool, bytes: u64) {
    let (len, sends) = (len.into(), sends.into());
    if protocol == UNIX && add_unix_datagram(address, len, sends, bytes) == 1 {
        return;
    }
    add_datagram(address, protocol.into(), sends, bytes);
}

/// Adds to the socket with the name at `address`; returns 1 if there is a name. A global function:
/// verifiers of Linux 6.1 and before would look at it anew for each message of a call, and give up.
/// Such functions take and return numbers. It has a name on its stack, and 512 bytes are all that a
/// chain of calls has.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn add_unix_datagram(address: u64, len: u64, sends: u64, bytes: u64) -> u64 {
    let has_name = family(address) == AF_UNIX
        && add_named(len as u32, sends != 0, bytes, |into, len| {
            let name = (address + FAMILY_LEN) as *const c_void;
            // SAFETY: the helper fails on an address that it cannot read.
            unsafe { generated::bpf_probe_read_user(into, len, name) == 0 }
        });
    has_name.into()
}

/// Adds to the peer with the Internet address at `address`, or to others. A global function, as
/// [`add_unix_datagram`].
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn add_datagram(address: u64, protocol: u64, sends: u64, bytes: u64) -> u64 {
    let protocol = protocol as u16;
    let port = u16::from_be(read(address + 2));
    let key = match family(address) {
        AF_INET if protocol != UNIX => PeerKey::v4(read(address + 4), port, protocol),
        AF_INET6 if protocol != UNIX => PeerKey {
            address: read(address + 8),
            port,
            protocol,
            others: 0,
        },
        _ => PeerKey::others(protocol),
    };
    let row = add(key, sends != 0, bytes);
    if key.port == DNS_PORT {
        // The socket is not known here.
        let thread = bpf_get_current_pid_tgid() as u32;
        dns::moved(thread.into(), 0, row, (sends != 0).into());
    }
    0
}

/// The family of the address that a program keeps; 0 for none.
#[inline(always)]
fn family(address: u64) -> u16 {
    if address == 0 { 0 } else { read(address) }
}

/// Reads a value of the program's memory; zeros where it cannot be read.
#[inline(always)]
fn read<T: Copy + Default>(address: u64) -> T {
    // SAFETY: the helper copies from any user address, and fails on one it cannot read.
    unsafe { bpf_probe_read_user(address as *const T) }.unwrap_or_default()
}
