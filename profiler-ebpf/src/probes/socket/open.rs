//! TCP sockets that the target has open: they may have sent nothing for a while, or be in a send
//! that has not returned.
//!
//! Hooks: the iterator over files of tasks, each time that the recorder reads it.
//! Writes: as `tcp`.

use super::{is_tcp, tcp};
use crate::files::sock_behind;
use crate::hook::{Args, Direct, Object};
use crate::sockets;
use crate::track::ids_of;
use aya_ebpf::programs::BtfTracePointContext;
use core::ffi::c_void;

/// Counts the time in which a full window kept a socket from sending, if its process is tracked.
/// Threads of a process that share its files are visited as one.
#[unsafe(no_mangle)]
#[unsafe(link_section = "iter/task_file")]
pub extern "C" fn open_sockets(ctx: *mut c_void) -> i32 {
    let args = Args::<Direct>::new(&BtfTracePointContext::new(ctx));
    // Metadata, task, descriptor, file. The last call has neither task nor file.
    let (task, file) = (args.object::<1>(), args.address::<3>());
    if task.pointer().is_null() || file == 0 || ids_of(task).is_none() {
        return 0;
    }
    if let Some(sock) = sock_behind(Object::at(file as *const u8))
        && is_tcp(sock)
        && let Some(socket) = sockets::lookup(sock)
    {
        tcp::count_limited(socket, sock);
    }
    0
}
