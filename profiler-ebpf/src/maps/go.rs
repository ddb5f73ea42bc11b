//! Maps of the programs on functions of Go's runtime.

use aya_ebpf::macros::map;
use aya_ebpf::maps::{HashMap, PerCpuArray, StackTrace};
use profiler_common::{GoEvent, ParkedAt, ParkedBy, ParkedSum};

/// Calls of functions of the target's runtime, by `GoEvent`.
#[map]
pub static RUNTIME_EVENTS: PerCpuArray<u64> =
    PerCpuArray::with_max_entries(GoEvent::EVERY.len() as u32, 0);
/// Goroutines that wait, by the address of the runtime's own record. The loader gives this and the
/// two maps after it their size.
#[map]
pub static PARKED: HashMap<u64, ParkedAt> = HashMap::with_max_entries(1, 0);
/// Waits of goroutines that have ended.
#[map]
pub static GOROUTINE_WAITS: HashMap<ParkedBy, ParkedSum> = HashMap::with_max_entries(1, 0);
/// Stacks of goroutines.
#[map]
pub static GOROUTINE_STACKS: StackTrace = StackTrace::with_max_entries(1, 0);
