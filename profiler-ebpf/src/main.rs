//! The eBPF programs of kontrast: they track the threads of one or several processes through the
//! scheduler, system calls, sockets and page faults, and aggregate in maps.
//!
//! Every program filters by thread group first and does a bounded amount of work. Only the end of a
//! thread is sent as an event. Each program exists twice over one body, as `tp_btf` and as raw
//! tracepoint: the loader uses the first kind that the running kernel accepts.
#![no_std]
#![no_main]
#![expect(
    unsafe_code,
    reason = "BPF helpers, map values and kernel memory are reached by pointer"
)]

mod clock;
mod config;
mod files;
mod hook;
mod maps;
mod namespace;
mod probes;
mod registers;
mod sockets;
mod targets;
mod timeline;
mod track;

/// The kernel offers its tracing helpers to GPL-compatible programs only.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

#[cfg(not(test))]
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo) -> ! {
    // SAFETY: the verifier rejects a program that can reach this.
    unsafe { core::hint::unreachable_unchecked() }
}
