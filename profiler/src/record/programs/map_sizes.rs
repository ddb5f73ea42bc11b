//! The sizes of the maps that depend on the configuration.

use super::ProbeConfig;
use aya::EbpfLoader;
use profiler_common::go::{MAX_GOROUTINE_STACKS, MAX_GOROUTINE_WAITS, MAX_PARKED};

/// Entries of the maps in [`LARGE_MAPS`], if they are small.
pub const SMALL: u32 = 256;
/// Maps of more than a megabyte.
const LARGE_MAPS: [&str; 17] = [
    "THREADS",
    "SLOTS",
    "CALLS",
    "SYSCALLS",
    "WAKES",
    "SOCKETS",
    "SOCKET_SLOTS",
    "FAULTS",
    "CODE",
    "STACKS",
    "PYTHON_STACKS",
    "FAULT_SITES",
    "MEMORY_STACKS",
    "GOROUTINES",
    "FREE_SLOTS",
    "FREE_SOCKETS",
    "BLOCK_REQUESTS",
];

/// Gives the maps their sizes: `stack_slots` in each half of the table of stacks, and
/// `timeline_entries` on all CPUs together.
pub fn give(
    loader: &mut EbpfLoader<'_>,
    config: &ProbeConfig,
    stack_slots: u32,
    timeline_entries: u32,
) {
    if config.timeline.is_some() {
        loader.map_max_entries("TIMELINE_EVENTS", timeline_entries);
    }
    loader.map_max_entries("STACKS", 2 * stack_slots);
    if config.instruments {
        loader
            .map_max_entries("PARKED", MAX_PARKED)
            .map_max_entries("GOROUTINE_WAITS", MAX_GOROUTINE_WAITS)
            .map_max_entries("GOROUTINE_STACKS", MAX_GOROUTINE_STACKS);
    }
    if config.has_small_maps {
        for map in LARGE_MAPS {
            loader.map_max_entries(map, SMALL);
        }
    }
}
