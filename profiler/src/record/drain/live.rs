//! Reading the maps while the window is open.

use super::mapped::Mapped;
use super::{Drained, array, counters, event_loops, histograms, relays, syscalls_of, with_hashes};
use anyhow::Result;
use aya::Ebpf;
use profiler_common::{GcBursts, SyscallStat, Thread};
use std::mem::offset_of;

/// Maps of many pages that a live view reads again and again: mapping them takes longer than
/// reading them.
#[derive(Debug)]
pub struct LiveMaps {
    threads: Mapped<Thread>,
    hot_syscalls: Mapped<SyscallStat>,
}

impl LiveMaps {
    /// Maps them.
    ///
    /// # Errors
    /// The kernel refuses to.
    pub fn of(bpf: &Ebpf) -> Result<Self> {
        Ok(LiveMaps {
            threads: Mapped::of(bpf, "THREADS")?,
            hot_syscalls: Mapped::of(bpf, "CALLS")?,
        })
    }
}

/// Reads what changes by the second and says how the target fares: threads, system calls,
/// histograms, event loops and counters. Reading the other maps takes longer than a live view may.
pub fn drain_live(bpf: &Ebpf, maps: &LiveMaps) -> Result<Drained> {
    let live = stable_threads(&maps.threads);
    let syscalls = syscalls_of(bpf, &maps.hot_syscalls, &live)?;
    with_arrays(bpf, live, syscalls)
}

/// Returns threads and their system calls, with what the maps that are arrays hold.
pub(super) fn with_arrays(
    bpf: &Ebpf,
    live: Vec<Thread>,
    syscalls: Vec<(u32, u32, SyscallStat)>,
) -> Result<Drained> {
    Ok(Drained {
        live,
        syscalls,
        histograms: histograms(bpf)?,
        relays: relays(bpf)?,
        event_loops: event_loops(bpf)?,
        gc_bursts: array::<GcBursts>(bpf, "GC_BURSTS")?.get(&0, 0)?,
        counters: counters(bpf)?,
        ..Drained::default()
    })
}

/// Reads every map of sums. The threads come first, each at one instant, and failures after the
/// calls that failed.
pub fn drain_open(bpf: &Ebpf, maps: &LiveMaps) -> Result<Drained> {
    with_hashes(bpf, drain_live(bpf, maps)?)
}

/// Places of fields in a [`Thread`], in numbers of 32 bits.
const TID: usize = offset_of!(Thread, tid) / 4;
const SERIAL: usize = offset_of!(Thread, serial) / 4;

/// Reads the live threads, each when no program was writing to it: half of a switch would count a
/// time slice twice. One that keeps changing is read as it is.
fn stable_threads(threads: &Mapped<Thread>) -> Vec<Thread> {
    const ATTEMPTS: usize = 4;
    let used = slots_used_before(threads);
    let used = used.filter(|slot| threads.word(*slot, TID) != Some(0));
    let stable = used.filter_map(|slot| {
        let mut read = threads.get(slot)?;
        for _ in 0..ATTEMPTS {
            let again = threads.get(slot)?;
            if again == read {
                break;
            }
            read = again;
        }
        Some(read)
    });
    stable.filter(|thread| thread.tid != 0).collect()
}

/// Returns the slots up to the last that a thread has had. The programs hand them out in order, so
/// that a row of slots without a serial number is the end; two CPUs at once may leave a gap.
fn slots_used_before(threads: &Mapped<Thread>) -> impl Iterator<Item = usize> {
    const GAP: usize = 64;
    let mut unused = 0;
    (0..threads.len()).take_while(move |slot| {
        unused = match threads.word(*slot, SERIAL) {
            Some(0) | None => unused + 1,
            Some(_) => 0,
        };
        unused < GAP
    })
}
