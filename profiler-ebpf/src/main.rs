//! The eBPF programs of kontrast: they follow one process (or several) through the scheduler, its system calls,
//! its sockets and its page faults, and aggregate in maps.
//!
//! Every hook filters by thread group first, does a bounded amount of work and writes no event, except for threads
//! that end. Each program exists twice over one body, as `tp_btf` and as raw tracepoint: the loader takes the first
//! kind that the running kernel accepts.
#![no_std]
#![no_main]
#![feature(asm_experimental_arch)] // for the atomic addition, see maps::add

mod config;
mod hook;
mod maps;
mod probes;
mod sockets;
mod track;

/// The kernel lends its tracing helpers to GPL-compatible programs only.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

#[cfg(not(test))]
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo) -> ! {
    // SAFETY: the verifier refuses a program that could get here, so this is never reached.
    unsafe { core::hint::unreachable_unchecked() }
}
