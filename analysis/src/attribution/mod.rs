//! The one split of on-CPU time: a matrix of thread role × kind × cause.
//!
//! A recording holds facts: how long each thread was on a CPU and inside each system call, where
//! CPU-clock samples found it, how much time the hypervisor took, and the calibrated cost of kernel
//! entry and exit. This module makes all estimates from them, in two steps. `docs/ledger.md`
//! explains both with an example.
//!
//! 1. [`thread`] splits the time of each thread: inside each system call, kernel entry and exit of
//!    each call, page faults and interrupts, context-switch return, user code.
//! 2. [`user_code`] pools the user code of a role's threads and splits it by category; wrappers of
//!    system calls go to the calls that they wrap.
//!
//! [`stack_rows`](fn@stack_rows) then says which call stacks found the time of each row.
//!
//! *Identity:* the rows of a recording add up to the on-CPU time of its threads, to the nanosecond,
//! even where the recording contradicts itself. Time of the process that no thread has stays
//! unexplained.

mod part;
mod stack_rows;
mod thread;
mod user_code;

pub use stack_rows::{StackRow, StackShare, stack_rows};
pub use thread::ThreadTime;

use crate::kinds;
use crate::ledger::{Key, Ledger, sampling};
use crate::runtime::code::StackCategories;
use part::Part;
use recording::evidence::{Field, List};
use recording::process::Thread;
use recording::vocabulary::{SyscallClass, TermKind};
use recording::{Evidence, Recording};

/// Cause of time inside system calls that no call of the thread accounts for.
const UNFINISHED: &str = "unfinished syscalls";

/// Books the on-CPU time of one round.
pub fn book(path: &str, recording: &Recording, ledger: &mut Ledger) {
    let parts = parts(path, recording, &StackCategories::of(recording));
    parts.into_iter().for_each(|part| part.book(ledger));
}

/// Splits the on-CPU time of one round. `categories` are those of its stacks.
fn parts(path: &str, recording: &Recording, categories: &StackCategories<'_>) -> Vec<Part> {
    let times = thread_times(recording);
    let mut parts = Vec::new();
    for (index, (thread, time)) in recording.threads.iter().zip(&times).enumerate() {
        let at = Evidence::entry(path, List::Threads, index);
        sampled(&at, thread, time, &mut parts);
        syscalls(path, index, thread, time, &mut parts);
    }
    user_code::split(path, recording, &times, categories, &mut parts);
    parts
}

/// Splits the time of every thread, in the order of `threads`.
pub fn thread_times(recording: &Recording) -> Vec<ThreadTime> {
    let threads = recording.threads.iter();
    threads
        .map(|thread| ThreadTime::of(thread, recording.observer.syscall_entry_exit_ns))
        .collect()
}

/// Adds the kernel's work outside of system calls, which samples found.
fn sampled(at: &Evidence, thread: &Thread, time: &ThreadTime, parts: &mut Vec<Part>) {
    let samples = &thread.samples;
    let rows = [
        (
            TermKind::Fault,
            time.fault_ns,
            thread.faults,
            samples.faults(),
        ),
        (
            TermKind::ContextSwitch,
            time.ctx_switch_ns,
            thread.involuntary_switches,
            samples.ctx_switch,
        ),
    ];
    for (kind, value, count, found) in rows {
        // A preemption that no sample saw has no known cost.
        if kind == TermKind::ContextSwitch && found == 0 {
            continue;
        }
        let key = Key::of_kind(Some(&thread.role), kind);
        parts.push(Part {
            variance: sampling::variance(time.outside_ns, found, samples.outside_syscalls()),
            ..Part::new(key, value, count, at.clone().field(Field::Samples))
        });
    }
}

/// Adds each system call with its entry and exit.
fn syscalls(path: &str, index: usize, thread: &Thread, time: &ThreadTime, parts: &mut Vec<Part>) {
    let samples = &thread.samples;
    let edges = samples.syscall_edge;
    let variance = sampling::variance(time.outside_ns, edges, samples.outside_syscalls());
    for (place, call) in thread.syscalls.iter().enumerate() {
        let (kind, cause) = kinds::of_syscall(call);
        let key = Key::new(Some(&thread.role), kind, cause);
        let entry_exit_ns = time.entry_exit_ns[place];
        let value = time.in_syscall_ns[place] + entry_exit_ns;
        let evidence = Evidence::thread_syscall(path, index, place);
        let share = entry_exit_ns as f64 / time.edge_ns.max(1) as f64;
        parts.push(Part {
            variance: if edges > 0 {
                variance * share * share
            } else {
                0.0
            },
            ..Part::new(key, value, call.count, evidence)
        });
    }
    let kind = TermKind::Syscall(SyscallClass::Other);
    let key = Key::new(Some(&thread.role), kind, UNFINISHED);
    let at = Evidence::entry(path, List::Threads, index);
    let evidence = at.field(Field::SyscallNs);
    parts.push(Part::new(key, time.unfinished_ns, 0, evidence));
}

#[cfg(test)]
mod tests;
