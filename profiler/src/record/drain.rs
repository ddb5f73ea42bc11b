//! Reading the programs' maps.

mod batch;
mod hashes;
mod live;
pub(super) mod mapped;
mod since;
mod sum;

use anyhow::{Context, Result};
use aya::Ebpf;
use aya::maps::{Array, HashMap, MapData, PerCpuArray, Queue, RingBuf};
pub use hashes::{entries, take, take_syscalls};
use live::with_arrays;
pub use live::{LiveMaps, drain_live, drain_open};
use mapped::Mapped;
use profiler_common::histogram::{BUCKETS, Kind};
use profiler_common::process::{self, TARGET_CACHE_LEN};
use profiler_common::socket::MAX_SOCKETS;
use profiler_common::syscall::HOT_SYSCALLS;
use profiler_common::wakes::WakeCache;
use profiler_common::{
    CallSite, CallSiteSum, Counters, EventLoop, Forked, GcBursts, MAX_THREADS, Relays,
    RunQueueBlame, SyscallStat, Thread, ThreadExit, UNIT_BITS, event_loop, relay, split_code_key,
    syscall, wakes,
};
use recording::Histogram;
use std::collections::BTreeMap;
use std::ops::Range;
pub use sum::{Sum, added};

/// Everything the maps hold when the window has ended.
#[derive(Debug, Default)]
pub struct Drained {
    /// Threads still there.
    pub live: Vec<Thread>,
    /// System calls by thread serial and number.
    pub syscalls: Vec<(u32, u32, SyscallStat)>,
    /// Failures by number of the call and of the error.
    pub errors: Vec<(u32, u32, u64)>,
    /// Wake-ups by serial (or `WAKER_*`) of the waker and serial of the woken.
    pub wakes: Vec<(u32, u32, u64)>,
    /// Run-queue blame by thread group.
    pub blame: Vec<(u32, RunQueueBlame)>,
    /// CPU samples of user code by serial of the thread and lowest address of a unit of code.
    pub code: Code,
    /// Page faults by lowest address of 64 KiB.
    pub faults: Vec<(u64, u64)>,
    /// Page faults by serial of the thread and the address that a `FaultPlace` is made from.
    pub fault_sites: Code,
    /// System calls that manage memory, by stack.
    pub memory_stacks: Vec<(CallSite, CallSiteSum)>,
    /// Histograms by `Kind`.
    pub histograms: Vec<Histogram>,
    /// Relays by the bucket of their latency.
    pub relays: Vec<Relays>,
    /// Event loops.
    pub event_loops: Vec<EventLoop>,
    /// Wake-ups of gc threads.
    pub gc_bursts: GcBursts,
    /// Counters.
    pub counters: Counters,
}

/// Counts by serial of the thread and address.
pub type Code = BTreeMap<(u32, u64), u64>;

/// Takes the samples of user code out of their map, so that it does not fill: JIT compilers keep
/// making new code. A sample that comes between reading and removing loses its code, and stays in
/// its thread's count.
pub fn take_code(bpf: &mut Ebpf, taken: &mut Code) -> Result<()> {
    for (key, count) in take::<u64, u64>(bpf, "CODE")? {
        *taken.entry(split_code_key(key)).or_default() += count;
    }
    Ok(())
}

impl Drained {
    /// Returns a histogram.
    pub fn histogram(&self, kind: Kind) -> Histogram {
        self.histograms
            .get(kind as usize)
            .cloned()
            .unwrap_or_default()
    }
}

/// Reads every map.
pub fn drain(bpf: &Ebpf) -> Result<Drained> {
    let live = threads(bpf)?;
    let syscalls = syscalls(bpf, &live)?;
    with_hashes(bpf, with_arrays(bpf, live, syscalls)?)
}

/// Adds what the maps that are hashes hold, apart from system calls.
fn with_hashes(bpf: &Ebpf, sums: Drained) -> Result<Drained> {
    Ok(Drained {
        errors: entries::<u32, u64>(bpf, "ERRORS")?
            .map(|(key, count)| {
                (
                    syscall::split_error_key(key).0,
                    syscall::split_error_key(key).1,
                    count,
                )
            })
            .collect(),
        wakes: wakes(bpf)?,
        blame: entries::<u32, RunQueueBlame>(bpf, "RUN_QUEUE_BLAME")?.collect(),
        faults: entries::<u64, u64>(bpf, "FAULTS")?
            .map(|(unit, count)| (unit << UNIT_BITS, count))
            .collect(),
        code: entries::<u64, u64>(bpf, "CODE")?
            .map(|(key, count)| (split_code_key(key), count))
            .collect(),
        fault_sites: entries::<u64, u64>(bpf, "FAULT_SITES")?
            .map(|(key, count)| (split_code_key(key), count))
            .collect(),
        memory_stacks: entries::<CallSite, CallSiteSum>(bpf, "MEMORY_STACKS")?.collect(),
        ..sums
    })
}

/// Reads system calls by thread serial and number: the rows of live threads, and the hash.
pub fn syscalls(bpf: &Ebpf, live: &[Thread]) -> Result<Vec<(u32, u32, SyscallStat)>> {
    syscalls_of(bpf, &Mapped::of(bpf, "CALLS")?, live)
}

/// Likewise, with the rows of live threads mapped before.
fn syscalls_of(
    bpf: &Ebpf,
    hot: &Mapped<SyscallStat>,
    live: &[Thread],
) -> Result<Vec<(u32, u32, SyscallStat)>> {
    let mut calls: Vec<_> = entries::<u64, SyscallStat>(bpf, "SYSCALLS")?
        .map(|(key, stat)| (syscall::split_key(key).0, syscall::split_key(key).1, stat))
        .collect();
    for thread in live {
        let row = thread.slot as usize * HOT_SYSCALLS.len();
        for (index, nr) in (row..).zip(HOT_SYSCALLS) {
            let stat = hot.get(index).unwrap_or_default();
            if stat.count > 0 {
                calls.push((thread.serial, nr, stat));
            }
        }
    }
    Ok(calls)
}

/// Reads the live threads: those with an id.
pub fn threads(bpf: &Ebpf) -> Result<Vec<Thread>> {
    let threads = Mapped::<Thread>::of(bpf, "THREADS")?;
    let used = (0..threads.len()).filter(|slot| threads.word(*slot, 0) != Some(0));
    let live = used.filter_map(|slot| threads.get(slot));
    Ok(live.filter(|thread| thread.tid != 0).collect())
}

/// Reads every value of an array that can be mapped.
///
/// # Errors
/// There is no such array, or the kernel refuses to map it.
pub fn values<T: aya::Pod>(bpf: &Ebpf, name: &str) -> Result<Vec<T>> {
    let values = Mapped::<T>::of(bpf, name)?;
    let indexes = 0..values.len();
    Ok(indexes.filter_map(|index| values.get(index)).collect())
}

/// Takes the values in use out of a half of an array that no program uses meanwhile. The first
/// number of one that is free is 0.
///
/// # Errors
/// There is no such array, or the kernel refuses to map it or to write to it.
pub fn take_half<T: aya::Pod>(bpf: &mut Ebpf, name: &str, half: u64, free: T) -> Result<Vec<T>> {
    let values = Mapped::<T>::of(bpf, name)?;
    let length = values.len() / 2;
    let places = half as usize * length..(half as usize + 1) * length;
    let is_used = |place: &usize| values.word(*place, 0) != Some(0);
    let used: Vec<usize> = places.filter(is_used).collect();
    let map = bpf
        .map_mut(name)
        .with_context(|| format!("the object has no map {name}"))?;
    let mut array = Array::<_, T>::try_from(map)?;
    let mut taken = Vec::with_capacity(used.len());
    for place in used {
        taken.extend(values.get(place));
        array.set(place as u32, free, 0)?;
    }
    Ok(taken)
}

/// Opens the window at `start_ns`, or closes it with 0.
pub fn set_window(bpf: &mut Ebpf, start_ns: u64) -> Result<()> {
    set_number(bpf, "WINDOW", start_ns)
}

/// Sets the only number of a map.
pub fn set_number(bpf: &mut Ebpf, name: &str, number: u64) -> Result<()> {
    let map = bpf
        .map_mut(name)
        .with_context(|| format!("the object has no map {name}"))?;
    Ok(Array::<_, u64>::try_from(map)?.set(0, number, 0)?)
}

/// Reads the only number of a map.
pub fn number(bpf: &Ebpf, name: &str) -> Result<u64> {
    Ok(array::<u64>(bpf, name)?.get(&0, 0)?)
}

/// Frees every slot of a thread and of a socket, and every row of an event loop but the first,
/// which stands for none.
pub fn free_slots(bpf: &mut Ebpf) -> Result<()> {
    free_thread_slots(bpf, MAX_THREADS)?;
    free(bpf, "FREE_SOCKETS", 0..MAX_SOCKETS)?;
    free(bpf, "FREE_EVENT_LOOPS", 1..event_loop::ROWS)
}

/// Frees the first `count` slots of threads.
pub fn free_thread_slots(bpf: &mut Ebpf, count: u32) -> Result<()> {
    free(bpf, "FREE_SLOTS", 0..count)
}

/// Adds numbers to a queue of free ones.
pub fn free(bpf: &mut Ebpf, name: &str, mut numbers: Range<u32>) -> Result<()> {
    let map = bpf
        .map_mut(name)
        .with_context(|| format!("the object has no map {name}"))?;
    let mut free: Queue<_, u32> = Queue::try_from(map)?;
    numbers.try_for_each(|number| Ok(free.push(number, 0)?))
}

/// Reads the rows in use. Threads take them in order, so the first free one ends them.
fn event_loops(bpf: &Ebpf) -> Result<Vec<EventLoop>> {
    let rows = array::<EventLoop>(bpf, "EVENT_LOOPS")?;
    let mut used = Vec::new();
    for row in 1..event_loop::ROWS {
        let ticks = rows.get(&row, 0)?;
        if ticks.serial == 0 {
            break;
        }
        used.push(ticks);
    }
    Ok(used)
}

fn array<'a, T: aya::Pod>(bpf: &'a Ebpf, name: &str) -> Result<Array<&'a MapData, T>> {
    let map = bpf
        .map(name)
        .with_context(|| format!("the object has no map {name}"))?;
    Ok(Array::try_from(map)?)
}

/// Adds entries to a map.
pub fn fill<K: aya::Pod, V: aya::Pod>(
    bpf: &mut Ebpf,
    name: &str,
    entries: impl IntoIterator<Item = (K, V)>,
) -> Result<()> {
    let map = bpf
        .map_mut(name)
        .with_context(|| format!("the object has no map {name}"))?;
    let mut map = HashMap::<_, K, V>::try_from(map)?;
    let mut entries = entries.into_iter();
    entries.try_for_each(|(key, value)| Ok(map.insert(key, value, 0)?))
}

/// Adds thread groups to those that are tracked, from `since_ns` on; 0 is the start of the window.
pub fn add_targets(bpf: &mut Ebpf, tgids: &[u32], since_ns: u64) -> Result<()> {
    fill::<u32, u64>(bpf, "TARGETS", tgids.iter().map(|tgid| (*tgid, since_ns)))?;
    let map = bpf
        .map_mut("TARGET_CACHE")
        .context("the object has no map TARGET_CACHE")?;
    let mut cache: Array<_, u32> = Array::try_from(map)?;
    for tgid in tgids {
        let index = tgid % TARGET_CACHE_LEN;
        let entry = cache.get(&index, 0)?;
        cache.set(index, process::added(entry, *tgid), 0)?;
    }
    Ok(())
}

/// Takes the processes that were forked since the last call out of their map, so that it does not
/// fill.
pub fn forked(bpf: &mut Ebpf) -> Result<Vec<(u32, Forked)>> {
    take(bpf, "FORKED")
}

/// Adds keys to a map that is used as a set.
pub fn fill_set<K: aya::Pod, V: aya::Pod + Default>(
    bpf: &mut Ebpf,
    name: &str,
    keys: &[K],
) -> Result<()> {
    fill(bpf, name, keys.iter().map(|key| (*key, V::default())))
}

/// The ring buffer of threads that ended.
pub struct Exits(RingBuf<MapData>);

impl Exits {
    /// Takes the ring buffer out of the object.
    pub fn new(bpf: &mut Ebpf) -> Result<Self> {
        let map = bpf
            .take_map("EXITED")
            .context("the object has no map EXITED")?;
        Ok(Exits(RingBuf::try_from(map)?))
    }

    /// Takes the threads that ended since the last call.
    pub fn take(&mut self) -> Vec<ThreadExit> {
        let mut exits = Vec::new();
        while let Some(item) = self.0.next() {
            exits.extend(decode(&item));
        }
        exits
    }
}

/// Decodes a record. One of another size cannot come from the programs, and is ignored.
#[expect(unsafe_code, reason = "a record of the ring buffer is bytes")]
fn decode(bytes: &[u8]) -> Option<ThreadExit> {
    if bytes.len() != size_of::<ThreadExit>() {
        return None;
    }
    // SAFETY: the size was checked, and every bit pattern is a value: `repr(C)`, integers only.
    Some(unsafe { bytes.as_ptr().cast::<ThreadExit>().read_unaligned() })
}

fn histograms(bpf: &Ebpf) -> Result<Vec<Histogram>> {
    let map = bpf
        .map("HISTOGRAMS")
        .context("the object has no map HISTOGRAMS")?;
    let map: PerCpuArray<_, [u64; BUCKETS]> = PerCpuArray::try_from(map)?;
    map.iter()
        .map(|row| {
            let mut sums = [0; BUCKETS];
            for cpu in row?.iter() {
                sums.iter_mut()
                    .zip(cpu)
                    .for_each(|(sum, count)| *sum += count);
            }
            Ok(Histogram::from_counts(&sums))
        })
        .collect()
}

/// Reads wake-ups by waker and wakee; a pair may have several entries.
fn wakes(bpf: &Ebpf) -> Result<Vec<(u32, u32, u64)>> {
    let map = bpf
        .map("WAKE_CACHE")
        .context("the object has no map WAKE_CACHE")?;
    let map: PerCpuArray<_, WakeCache> = PerCpuArray::try_from(map)?;
    let cached = map.get(&0, 0)?;
    let cached = cached.iter().flatten().filter(|wakes| wakes.count != 0);
    let cached = cached.map(|wakes| (wakes.key, wakes.count));
    let wakes = cached.chain(entries::<u64, u64>(bpf, "WAKES")?);
    let split = |(key, count)| (wakes::split_key(key).0, wakes::split_key(key).1, count);
    Ok(wakes.map(split).collect())
}

/// Adds up the relays of all CPUs.
fn relays(bpf: &Ebpf) -> Result<Vec<Relays>> {
    let map = bpf.map("RELAYS").context("the object has no map RELAYS")?;
    let map: PerCpuArray<_, [Relays; relay::ROW]> = PerCpuArray::try_from(map)?;
    let mut sums = Vec::new();
    for row in map.iter() {
        let mut row_sums = [Relays::default(); relay::ROW];
        for cpu in row?.iter() {
            row_sums
                .iter_mut()
                .zip(cpu)
                .for_each(|(sum, part)| sum.merge(part));
        }
        sums.extend(row_sums);
    }
    sums.truncate(BUCKETS);
    Ok(sums)
}

/// Adds up the counters of all CPUs.
pub fn counters(bpf: &Ebpf) -> Result<Counters> {
    let map = bpf
        .map("COUNTERS")
        .context("the object has no map COUNTERS")?;
    let map: PerCpuArray<_, Counters> = PerCpuArray::try_from(map)?;
    let mut sum = Counters::default();
    map.get(&0, 0)?.iter().for_each(|set| sum.add(set));
    Ok(sum)
}

/// Maps serial numbers to thread ids.
pub fn by_serial<'a>(threads: impl Iterator<Item = &'a Thread>) -> BTreeMap<u32, u32> {
    threads.map(|thread| (thread.serial, thread.tid)).collect()
}
