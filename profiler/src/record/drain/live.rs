//! Reading the maps while the window is open.

use super::mapped::Mapped;
use super::{Drained, array, counters, event_loops, histograms, relays, syscalls};
use anyhow::Result;
use aya::Ebpf;
use profiler_common::{GcBursts, Thread};

/// Reads what changes by the second and says how the target fares: threads, system calls,
/// histograms, event loops and counters. Reading the other maps takes longer than a live view may.
pub fn drain_live(bpf: &Ebpf) -> Result<Drained> {
    let live = stable_threads(bpf)?;
    Ok(Drained {
        syscalls: syscalls(bpf, &live)?,
        live,
        histograms: histograms(bpf)?,
        relays: relays(bpf)?,
        event_loops: event_loops(bpf)?,
        gc_bursts: array::<GcBursts>(bpf, "GC_BURSTS")?.get(&0, 0)?,
        counters: counters(bpf)?,
        ..Drained::default()
    })
}

/// Reads the live threads, each when no program was writing to it: half of a switch would count a
/// time slice twice. One that keeps changing is read as it is.
fn stable_threads(bpf: &Ebpf) -> Result<Vec<Thread>> {
    const ATTEMPTS: usize = 4;
    let threads = Mapped::<Thread>::of(bpf, "THREADS")?;
    let used = (0..threads.len()).filter(|slot| threads.first_word(*slot) != Some(0));
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
    Ok(stable.filter(|thread| thread.tid != 0).collect())
}
