//! Reading the programs' maps.

use anyhow::{Context, Result};
use aya::Ebpf;
use aya::maps::{Array, HashMap, Map, MapData, PerCpuArray, Queue, RingBuf};
use profiler_common::histogram::{BUCKETS, Kind};
use profiler_common::socket::MAX_SOCKETS;
use profiler_common::syscall::NEAR_CALLS;
use profiler_common::wakes::NEAR_WAKES;
use profiler_common::{
    Bursts, Counters, Forwards, MAX_THREADS, Site, SiteSum, SyscallStat, Thread, ThreadExit, Ticks,
    UNIT_BITS, WaitedFor, Wakes, forward, split_code_key, syscall, ticks, wakes,
};
use recording::Histogram;
use std::collections::BTreeMap;
use std::ops::Range;

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
    /// Who had the CPU that was waited for, by thread group.
    pub waited: Vec<(u32, WaitedFor)>,
    /// Samples of user code by serial of the thread and address, the lowest of a unit of code.
    pub code: Code,
    /// Page faults by address, the lowest of 64 KiB.
    pub faults: Vec<(u64, u64)>,
    /// Page faults by serial of the thread and the address that `FaultPlace` tells the place of.
    pub fault_sites: Code,
    /// Calls that manage memory.
    pub memory_sites: Vec<(Site, SiteSum)>,
    /// Distributions, by `Kind`.
    pub histograms: Vec<Histogram>,
    /// What forwards were made of, by the bucket of their length.
    pub forwards: Vec<Forwards>,
    /// Rows of ticks that a thread has.
    pub ticks: Vec<Ticks>,
    /// Wake-ups of collector threads.
    pub bursts: Bursts,
    /// Counters.
    pub counters: Counters,
}

/// Samples by serial of the thread and address.
pub type Code = BTreeMap<(u32, u64), u64>;

/// Takes the samples of user code out of their map, so that it does not fill: JIT compilers keep making new places. A
/// sample that comes between looking and taking is lost, which its thread's count of samples tells.
pub fn take_code(bpf: &mut Ebpf, taken: &mut Code) -> Result<()> {
    let map = bpf.map_mut("CODE").context("the object has no map CODE")?;
    let mut code: HashMap<_, u64, u64> = HashMap::try_from(map)?;
    let found: Vec<(u64, u64)> = code.iter().filter_map(Result::ok).collect();
    for (key, count) in found {
        code.remove(&key)?;
        *taken.entry(split_code_key(key)).or_default() += count;
    }
    Ok(())
}

impl Drained {
    /// A distribution.
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
    Ok(Drained {
        syscalls: syscalls(bpf, &live)?,
        live,
        errors: entries::<u32, u64>(bpf, "ERRORS")?
            .map(|(key, count)| {
                (
                    syscall::split_error_key(key).0,
                    syscall::split_error_key(key).1,
                    count,
                )
            })
            .collect(),
        wakes: wake_ups(bpf)?,
        waited: entries::<u32, WaitedFor>(bpf, "WAITED")?.collect(),
        faults: entries::<u64, u64>(bpf, "FAULTS")?
            .map(|(unit, count)| (unit << UNIT_BITS, count))
            .collect(),
        code: entries::<u64, u64>(bpf, "CODE")?
            .map(|(key, count)| (split_code_key(key), count))
            .collect(),
        fault_sites: entries::<u64, u64>(bpf, "FAULT_SITES")?
            .map(|(key, count)| (split_code_key(key), count))
            .collect(),
        memory_sites: entries::<Site, SiteSum>(bpf, "MEMORY_SITES")?.collect(),
        histograms: histograms(bpf)?,
        forwards: forwards(bpf)?,
        ticks: ticks_in_use(bpf)?,
        bursts: array::<Bursts>(bpf, "BURSTS")?.get(&0, 0)?,
        counters: counters(bpf)?,
    })
}

/// System calls by thread serial and number: what is kept near the threads that live, and what is kept apart.
pub fn syscalls(bpf: &Ebpf, live: &[Thread]) -> Result<Vec<(u32, u32, SyscallStat)>> {
    let near = array::<SyscallStat>(bpf, "CALLS")?;
    let mut calls: Vec<_> = entries::<u64, SyscallStat>(bpf, "SYSCALLS")?
        .map(|(key, stat)| (syscall::split_key(key).0, syscall::split_key(key).1, stat))
        .collect();
    for thread in live {
        let row = thread.slot * NEAR_CALLS.len() as u32;
        for (place, nr) in (row..).zip(NEAR_CALLS) {
            let stat = near.get(&place, 0)?;
            if stat.count > 0 {
                calls.push((thread.serial, nr, stat));
            }
        }
    }
    Ok(calls)
}

/// The threads that are alive.
pub fn threads(bpf: &Ebpf) -> Result<Vec<Thread>> {
    let threads = array::<Thread>(bpf, "THREADS")?;
    let slots = entries::<u32, u32>(bpf, "SLOTS")?;
    slots.map(|(_, slot)| Ok(threads.get(&slot, 0)?)).collect()
}

/// Opens the window at `start_ns`, or closes it with 0.
pub fn set_window(bpf: &mut Ebpf, start_ns: u64) -> Result<()> {
    let map = bpf
        .map_mut("WINDOW")
        .context("the object has no map WINDOW")?;
    Ok(Array::<_, u64>::try_from(map)?.set(0, start_ns, 0)?)
}

/// Makes every slot of a thread and of a socket free, and every row of ticks but the first, which says that a thread has none.
pub fn free_slots(bpf: &mut Ebpf) -> Result<()> {
    free(bpf, "FREE_SLOTS", 0..MAX_THREADS)?;
    free(bpf, "FREE_SOCKETS", 0..MAX_SOCKETS)?;
    free(bpf, "FREE_ROWS", 1..ticks::ROWS)
}

fn free(bpf: &mut Ebpf, name: &str, mut numbers: Range<u32>) -> Result<()> {
    let map = bpf
        .map_mut(name)
        .with_context(|| format!("the object has no map {name}"))?;
    let mut free: Queue<_, u32> = Queue::try_from(map)?;
    numbers.try_for_each(|number| Ok(free.push(number, 0)?))
}

/// Rows are taken in order, so the first that nobody has is the end of them.
fn ticks_in_use(bpf: &Ebpf) -> Result<Vec<Ticks>> {
    let rows = array::<Ticks>(bpf, "TICKS")?;
    let mut used = Vec::new();
    for row in 1..ticks::ROWS {
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

/// Adds keys to a map that serves as a set.
pub fn fill_set<K: aya::Pod, V: aya::Pod + Default>(
    bpf: &mut Ebpf,
    name: &str,
    keys: &[K],
) -> Result<()> {
    fill(bpf, name, keys.iter().map(|key| (*key, V::default())))
}

/// Threads that ended, as they end.
pub struct Exits(RingBuf<MapData>);

impl Exits {
    /// Takes the ring buffer out of the object.
    pub fn new(bpf: &mut Ebpf) -> Result<Self> {
        let map = bpf
            .take_map("EXITED")
            .context("the object has no map EXITED")?;
        Ok(Exits(RingBuf::try_from(map)?))
    }

    /// Takes what has come since the last call.
    pub fn take(&mut self) -> Vec<ThreadExit> {
        let mut exits = Vec::new();
        while let Some(item) = self.0.next() {
            exits.extend(decode(&item));
        }
        exits
    }
}

/// A record of another size is none: it cannot come from our programs.
#[expect(unsafe_code, reason = "a record of the ring buffer is bytes")]
fn decode(bytes: &[u8]) -> Option<ThreadExit> {
    if bytes.len() != size_of::<ThreadExit>() {
        return None;
    }
    // SAFETY: the size was checked, and every bit pattern is a value: `repr(C)`, integers only.
    Some(unsafe { bytes.as_ptr().cast::<ThreadExit>().read_unaligned() })
}

fn entries<'a, K: aya::Pod, V: aya::Pod>(
    bpf: &'a Ebpf,
    name: &str,
) -> Result<impl Iterator<Item = (K, V)> + use<'a, K, V>> {
    let map: &'a Map = bpf
        .map(name)
        .with_context(|| format!("the object has no map {name}"))?;
    let map: HashMap<&MapData, K, V> = HashMap::try_from(map)?;
    // An entry that goes away while the map is read (a thread that ends) is an error of that entry only.
    let entries: Vec<(K, V)> = map.iter().filter_map(Result::ok).collect();
    Ok(entries.into_iter())
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

/// Wake-ups by waker and woken thread; a pair may have several entries.
fn wake_ups(bpf: &Ebpf) -> Result<Vec<(u32, u32, u64)>> {
    let map = bpf
        .map("NEAR_WAKES")
        .context("the object has no map NEAR_WAKES")?;
    let map: PerCpuArray<_, [Wakes; NEAR_WAKES]> = PerCpuArray::try_from(map)?;
    let near = map.get(&0, 0)?;
    let near = near.iter().flatten().filter(|wakes| wakes.count != 0);
    let near = near.map(|wakes| (wakes.key, wakes.count));
    let wakes = near.chain(entries::<u64, u64>(bpf, "WAKES")?);
    let split = |(key, count)| (wakes::split_key(key).0, wakes::split_key(key).1, count);
    Ok(wakes.map(split).collect())
}

/// The parts of forwards of all CPUs.
fn forwards(bpf: &Ebpf) -> Result<Vec<Forwards>> {
    let map = bpf
        .map("FORWARDS")
        .context("the object has no map FORWARDS")?;
    let map: PerCpuArray<_, [Forwards; forward::ROW]> = PerCpuArray::try_from(map)?;
    let mut sums = Vec::new();
    for row in map.iter() {
        let mut row_sums = [Forwards::default(); forward::ROW];
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

/// The counters of all CPUs.
pub fn counters(bpf: &Ebpf) -> Result<Counters> {
    let map = bpf
        .map("COUNTERS")
        .context("the object has no map COUNTERS")?;
    let map: PerCpuArray<_, Counters> = PerCpuArray::try_from(map)?;
    let mut sum = Counters::default();
    map.get(&0, 0)?.iter().for_each(|set| sum.add(set));
    Ok(sum)
}

/// Serial number to thread id, for what is keyed by serial.
pub fn by_serial<'a>(threads: impl Iterator<Item = &'a Thread>) -> BTreeMap<u32, u32> {
    threads.map(|thread| (thread.serial, thread.tid)).collect()
}
