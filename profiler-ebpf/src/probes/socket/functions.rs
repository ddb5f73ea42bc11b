//! Activity over TCP on kernels without tracepoints for it (before Linux 6.3).
//!
//! Hooks: the ends of `tcp_sendmsg` and `tcp_recvmsg`, the begin of `sock_def_readable`.
//! Writes: as the socket programs. Sockets of other protocols are left out.

use super::{MSG_PEEK, data_ready, received, sent, transfer};
use crate::config::TCP_RECVMSG_PARAMETERS;
use crate::hook::{Args, Direct};
use aya_ebpf::macros::{fentry, fexit};
use aya_ebpf::programs::{FEntryContext, FExitContext};

/// Parameters of `tcp_recvmsg` before Linux 5.19: one more before the flags.
const OLD_PARAMETERS: u8 = 6;

#[fexit(function = "tcp_sendmsg")]
fn sock_send_length_function(ctx: FExitContext) -> i32 {
    // Socket, message, size; then the result.
    let args = Args::<Direct>::new(&ctx);
    if let Some((thread, bytes)) = transfer(args.word::<3>()) {
        sent(thread, args.object::<0>(), bytes);
    }
    0
}

#[fexit(function = "tcp_recvmsg")]
fn sock_recv_length_function(ctx: FExitContext) -> i32 {
    let args = Args::<Direct>::new(&ctx);
    let (flags, result) = if TCP_RECVMSG_PARAMETERS.load() == OLD_PARAMETERS {
        (4, 6)
    } else {
        (3, 5)
    };
    if args.copied(flags) & MSG_PEEK != 0 {
        return 0;
    }
    if let Some((thread, bytes)) = transfer(args.copied(result)) {
        received(thread, args.object::<0>(), bytes);
    }
    0
}

#[fentry(function = "sock_def_readable")]
fn sk_data_ready_function(ctx: FEntryContext) -> i32 {
    data_ready(Args::<Direct>::new(&ctx));
    0
}
