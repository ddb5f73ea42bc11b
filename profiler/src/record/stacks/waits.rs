//! Kept waits: taken out of their maps, with the stacks of sleepers and wakers.

mod objects;
mod tree;

use super::Observed;
use super::names::Names;
use crate::record::drain;
use crate::record::names;
use anyhow::{Context, Result};
use aya::Ebpf;
use aya::maps::PerCpuArray;
use objects::Objects;
use profiler_common::call_stack::{CallStack, KERNEL_FRAMES, USER_FRAMES};
use profiler_common::thread::{FLAG_IN_SYSCALL, OFF_CPU, OFF_CPU_MIGRATED};
use profiler_common::{
    Counters, OpenWait, SleepStack, Thread, WaitKey, WaitSampler, WaitStack, WaitSum,
};
use recording::process::WakeSource;
use recording::stacks::StacksBuilder;
use recording::waits::{Wait, Waits};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use tree::{Place, Tree, pid_of, row};

/// Width of a 95 % interval of a normal distribution, in standard deviations to each side.
const DEVIATIONS: f64 = 1.96;

/// Kept waits that were taken out of the programs' maps.
#[derive(Debug, Default)]
pub struct TakenWaits {
    waits: BTreeMap<WaitKey, WaitSum>,
    stacks: BTreeMap<u64, WaitStack>,
    sleeps: BTreeMap<u64, SleepStack>,
    objects: Objects,
    /// Threads that slept when the window closed.
    asleep: Vec<(Thread, u64)>,
    totals: WaitSampler,
}

/// Hashes of a stack of user code and of one in the kernel; 0 without.
type Hashes = (u64, u64);

/// Stacks by process and hashes.
pub type CallStacks = BTreeMap<(u32, Hashes), CallStack>;

impl TakenWaits {
    /// Takes stacks, files and peers out of their maps, so that they do not fill.
    ///
    /// # Errors
    /// A map cannot be read.
    pub fn take_stacks(&mut self, bpf: &mut Ebpf) -> Result<()> {
        self.stacks
            .extend(drain::take::<u64, WaitStack>(bpf, "WAIT_STACKS")?);
        self.sleeps
            .extend(drain::take::<u64, SleepStack>(bpf, "SLEEP_STACKS")?);
        self.objects.take(bpf)
    }

    /// Takes kept waits out of their map, so that it does not fill. A wait that is counted between
    /// reading and removing is lost.
    ///
    /// # Errors
    /// A map cannot be read.
    pub fn take_waits(&mut self, bpf: &mut Ebpf) -> Result<()> {
        for (key, sum) in drain::take::<WaitKey, WaitSum>(bpf, "WAITS")? {
            self.add(key, sum);
        }
        Ok(())
    }

    /// Takes what is left when the window has closed. `live` are the threads then.
    ///
    /// # Errors
    /// A map cannot be read.
    pub fn close(&mut self, bpf: &mut Ebpf, live: &[Thread], end_ns: u64) -> Result<()> {
        self.take_waits(bpf)?;
        self.take_stacks(bpf)?;
        let open = drain::values::<OpenWait>(bpf, "OPEN_WAITS")?.into_iter();
        for wait in open.filter(|wait| wait.off_cpu_ns != 0) {
            self.add_open(wait);
        }
        let sleeps = |thread: &&Thread| matches!(thread.state, OFF_CPU | OFF_CPU_MIGRATED);
        let asleep = live.iter().filter(sleeps);
        let length = |thread: &Thread| end_ns.saturating_sub(thread.since_ns);
        self.asleep = asleep.map(|thread| (*thread, length(thread))).collect();
        self.totals = totals(bpf)?;
        Ok(())
    }

    fn add(&mut self, key: WaitKey, more: WaitSum) {
        self.waits.entry(key).or_default().merge(&more);
    }

    /// Adds a wait that has ended in a call that had not returned.
    fn add_open(&mut self, wait: OpenWait) {
        let key = WaitKey {
            sleep: wait.sleep,
            waker_stack: wait.waker_stack,
            serial: wait.serial,
            waker: wait.waker,
            nr: wait.nr,
            waker_nr: wait.waker_nr,
            ..WaitKey::default()
        };
        let sum = WaitSum {
            off_cpu_ns: wait.off_cpu_ns,
            waits: wait.waits,
            kept: wait.kept.into(),
        };
        self.add(key, sum);
    }

    /// Returns sums of all waits, kept or not.
    pub fn totals(&self) -> &WaitSampler {
        &self.totals
    }

    /// Returns the time that kept waits stand for, ns.
    pub fn sampled_ns(&self) -> u64 {
        self.waits.values().map(|sum| sum.off_cpu_ns).sum()
    }

    /// Returns the stacks of sleepers and of wakers with their processes.
    pub fn call_stacks(&self, found: &Observed) -> CallStacks {
        let mut stacks = CallStacks::new();
        for key in self.waits.keys() {
            let sleeper = (key.serial, (key.stack, key.sleep));
            let waker = (key.waker, (key.waker_stack, 0));
            for (serial, hashes) in [sleeper, waker] {
                if let Some(pid) = pid_of(serial, found)
                    && hashes != (0, 0)
                {
                    let stack =
                        || call_stack(self.stacks.get(&hashes.0), self.sleeps.get(&hashes.1));
                    stacks.entry((pid, hashes)).or_insert_with(stack);
                }
            }
        }
        stacks
    }

    /// Returns the waits as a recording has them; `counters` say for how many, and for how many of
    /// their parts, a map had no room.
    pub fn assemble(
        &self,
        found: &Observed,
        (names, stacks): (&Names, &CallStacks),
        counters: &Counters,
    ) -> Waits {
        if self.totals.waits == 0 {
            return Waits::default();
        }
        let waits = self.waits.iter();
        let mut tree = Tree {
            objects: self
                .objects
                .longest(waits.map(|(key, sum)| (key.object, sum))),
            found,
            names,
            stacks,
            builder: StacksBuilder::default(),
            nodes: BTreeMap::new(),
        };
        let (mut sums, mut lost) = (BTreeMap::<Place, WaitSum>::new(), counters.lost_waits);
        for (key, more) in &self.waits {
            match found.index.get(key.serial) {
                Some(thread) => sums.entry(tree.place(thread, key)).or_default().merge(more),
                None => lost += more.kept,
            }
        }
        let mut rows: Vec<Wait> = sums.iter().map(row).collect();
        rows.extend(self.asleep.iter().filter_map(|(thread, length)| {
            Some(Wait {
                thread: found.index.get(thread.serial)?,
                syscall: match thread.flags & FLAG_IN_SYSCALL {
                    0 => String::new(),
                    _ => names::syscall(thread.syscall_nr),
                },
                waker: WakeSource::Unknown,
                off_cpu_ns: *length,
                count: 1,
                ..Wait::default()
            })
        }));
        rows.sort_by_key(|wait| Reverse(wait.off_cpu_ns));
        let deviation = (self.totals.variance_ns2() as f64).sqrt();
        Waits {
            count: self.totals.waits,
            off_cpu_ns: self.totals.off_cpu_ns,
            kept: self.totals.kept_sum,
            lost,
            lost_stacks: counters.lost_wait_stacks,
            lost_objects: counters.lost_wait_objects,
            sampled_ns: self.sampled_ns(),
            sampling_error_ns: (DEVIATIONS * deviation) as u64,
            longest_period_ns: self.totals.longest_period_ns,
            stacks: tree.builder.done(),
            rows,
            ..Waits::default()
        }
    }
}

/// Joins a stack of user code with one in the kernel. A return address that was found on top of the
/// stack and by frame pointers too is one frame.
fn call_stack(user: Option<&WaitStack>, sleep: Option<&SleepStack>) -> CallStack {
    let mut stack = CallStack {
        user_len: 0,
        kernel_len: 0,
        top: 0,
        user: [0; USER_FRAMES],
        kernel: [0; KERNEL_FRAMES],
    };
    if let Some(found) = user {
        let chain = &found.chain[..(found.chain_len as usize).min(found.chain.len())];
        let near = || found.near.iter().filter(|word| **word != 0);
        let known: BTreeSet<&u64> = near().collect();
        let callers = chain.iter().skip(1);
        let callers = callers.filter(|address| !known.contains(address));
        let frames = chain.iter().take(1).chain(near()).chain(callers);
        for (place, address) in stack.user.iter_mut().zip(frames) {
            *place = *address;
            stack.user_len += 1;
        }
    }
    if let Some(found) = sleep {
        let frames = &found.frames[..(found.length as usize).min(found.frames.len())];
        for (place, address) in stack.kernel.iter_mut().zip(frames) {
            *place = *address;
            stack.kernel_len += 1;
        }
    }
    stack
}

fn totals(bpf: &Ebpf) -> Result<WaitSampler> {
    const MAP: &str = "WAIT_SAMPLER";
    let map = bpf
        .map(MAP)
        .with_context(|| format!("the object has no map {MAP}"))?;
    let map: PerCpuArray<_, WaitSampler> = PerCpuArray::try_from(map)?;
    let mut sum = WaitSampler::default();
    map.get(&0, 0)?.iter().for_each(|cpu| sum.add(cpu));
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::process_code::Processes;
    use crate::record::python::Python;
    use crate::record::stacks::Symbols;
    use crate::record::threads::ThreadIndex;

    #[test]
    fn records_how_many_kept_waits_lack_a_part() {
        let mut taken = TakenWaits::default();
        (taken.totals.waits, taken.totals.kept_sum) = (9, 8);
        // Its thread is not in the recording.
        let sum = WaitSum {
            kept: 2,
            ..WaitSum::default()
        };
        taken.add(WaitKey::default(), sum);
        let (symbols, processes) = (Symbols::read(&[]), Processes::default());
        let found = Observed {
            symbols: &symbols,
            processes: &processes,
            python: &Python::default(),
            threads: &[],
            index: &ThreadIndex::default(),
        };
        let names = Names::new(&symbols, &processes);
        let counters = Counters {
            lost_waits: 1,
            lost_wait_stacks: 4,
            lost_wait_objects: 5,
            ..Counters::default()
        };
        let waits = taken.assemble(&found, (&names, &CallStacks::new()), &counters);
        let lost = [waits.lost, waits.lost_stacks, waits.lost_objects];
        assert_eq!((waits.kept, lost), (8, [3, 4, 5]));
    }
}
