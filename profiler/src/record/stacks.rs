//! Call stacks of CPU samples: taken out of their maps, completed with callers that frame pointers
//! miss, named, and added up.

mod callers;
mod hints;
pub mod later;
mod module;
mod names;
mod sources;
pub mod waits;

use super::drain;
use super::jit::{self, Wanted};
use super::process_code::Processes;
use super::python::Python;
use super::threads::ThreadIndex;
use anyhow::Result;
use aya::Ebpf;
use callers::KnownCallers;
use hints::Hints;
use names::user_code;
pub use names::{Names, code_address};
use profiler_common::call_stack::{
    AT_FAULT_RETURN, AT_SYSCALL_EDGE, CallStack, IN_GC, IN_SYSCALL, IN_USER,
};
use profiler_common::{Counters, StackEntry};
use recording::Stacks;
use recording::process::Thread;
use recording::stacks::{SampleMode, StacksBuilder};
use recording::waits::Waits;
pub use sources::Symbols;
use std::collections::{BTreeMap, BTreeSet};
use waits::{CallStacks, TakenWaits};

/// Stacks and counts that were taken out of the programs' maps.
#[derive(Debug, Default)]
pub struct TakenStacks {
    samples: Samples,
    /// Kept waits.
    pub waits: TakenWaits,
}

/// Counts of samples by serial of the thread, flags and stack.
#[derive(Debug, Default)]
pub struct Samples {
    stacks: BTreeMap<u64, CallStack>,
    counts: BTreeMap<(u32, u32, u64), u64>,
}

impl TakenStacks {
    /// Takes samples out of the half of their table that the programs do not write to, and lets
    /// them write to that one from now on: the table does not fill, and no sample is lost.
    ///
    /// # Errors
    /// A map cannot be read.
    pub fn take(&mut self, bpf: &mut Ebpf) -> Result<()> {
        let used = drain::number(bpf, "STACKS_HALF")?;
        let unused = 1 - used;
        for entry in drain::take_half::<StackEntry>(bpf, "STACKS", unused, StackEntry::FREE)? {
            let key = (entry.serial, entry.flags, entry.hash);
            *self.samples.counts.entry(key).or_default() += entry.count;
            let stacks = &mut self.samples.stacks;
            stacks.entry(entry.hash).or_insert_with(|| entry.stack());
        }
        drain::set_number(bpf, "STACKS_HALF", unused)
    }

    /// Takes all samples, after the programs' last.
    ///
    /// # Errors
    /// A map cannot be read.
    pub fn take_all(&mut self, bpf: &mut Ebpf) -> Result<()> {
        self.take(bpf)?;
        self.take(bpf)
    }

    /// Moves out the samples that were taken since the last call.
    pub fn take_samples(&mut self) -> Samples {
        std::mem::take(&mut self.samples)
    }

    /// Adds samples that were moved out.
    pub fn add(&mut self, samples: Samples) {
        self.samples.stacks.extend(samples.stacks);
        for (key, count) in samples.counts {
            *self.samples.counts.entry(key).or_default() += count;
        }
    }

    /// Returns whether no sample had a stack.
    pub fn is_empty(&self) -> bool {
        self.samples.counts.is_empty()
    }

    /// Returns the places in code of a process that no file holds.
    pub fn compiled_code(&self, pid: u32, found: &Observed) -> Wanted {
        let waits = self.waits.call_stacks(found);
        self.compiled_code_with(pid, found, &waits)
    }

    fn compiled_code_with(&self, pid: u32, found: &Observed, waits: &CallStacks) -> Wanted {
        let process = found.processes.get(pid);
        let stacks = self.of_processes(found).chain(of_waits(waits));
        let stacks = stacks.filter(|(of, _)| *of == pid);
        let addresses = stacks.flat_map(|(_, stack)| user_code(stack));
        let without_file = |address: &u64| {
            let file = process.and_then(|process| process.file_of(*address));
            file.is_none()
        };
        let addresses: BTreeSet<u64> = addresses.filter(without_file).collect();
        Wanted {
            length: 1,
            addresses: addresses.into_iter().collect(),
        }
    }

    /// Returns each stack with the processes that had it.
    fn of_processes<'a>(
        &'a self,
        found: &'a Observed,
    ) -> impl Iterator<Item = (u32, &'a CallStack)> {
        let counts = self.samples.counts.keys();
        counts.filter_map(|(serial, _, hash)| {
            let thread = found.threads.get(found.index.get(*serial)?)?;
            Some((thread.pid, self.samples.stacks.get(hash)?))
        })
    }

    /// Returns the stacks of samples and of waits as a recording has them. `compiled` names
    /// compiled code of one process, and `counters` say for how many a map had no room.
    pub fn assemble(
        &self,
        found: &Observed,
        (pid, compiled): (u32, &BTreeMap<u64, String>),
        counters: &Counters,
    ) -> (Stacks, Waits) {
        let waits = self.waits.call_stacks(found);
        let named = compiled.iter().map(|(at, name)| ((pid, *at), name.clone()));
        let mut compiled = self.compiled_for_perf(found, &waits);
        compiled.extend(named);
        let mut names = Names::new(found.symbols, found.processes);
        names.look_up(self.of_processes(found).chain(of_waits(&waits)), &compiled);
        let waits = self.waits.assemble(found, (&names, &waits), counters);
        (self.samples(found, &names, counters.lost_stacks), waits)
    }

    fn samples(&self, found: &Observed, names: &Names, lost: u64) -> Stacks {
        let mut builder = StacksBuilder::default();
        builder.lose(lost);
        let mut hints = Hints::default();
        let function = |address| names.kernel_function(address);
        let counts = self.samples.counts.iter();
        let stacks = counts.filter_map(|((_, flags, hash), count)| {
            Some((*flags, self.samples.stacks.get(hash)?, *count))
        });
        let mut callers = KnownCallers::learn(stacks, function);
        for ((serial, flags, hash), count) in &self.samples.counts {
            let thread = found.index.get(*serial);
            let pid = thread.and_then(|thread| Some(found.threads.get(thread)?.pid));
            let (Some(thread), Some(pid), Some(stack)) =
                (thread, pid, self.samples.stacks.get(hash))
            else {
                builder.lose(*count);
                continue;
            };
            let key = (thread, mode(*flags), flags & IN_GC != 0);
            for (stack, count) in callers.complete((*flags, stack, *count), function) {
                let frames = names.frames(pid, &stack, &mut builder, count);
                if key.1 == SampleMode::User
                    && let Some(innermost) = frames.last()
                {
                    let code = stack.user.first();
                    let code = code.and_then(|address| names.code_at((pid, *address)));
                    hints.sample(innermost, code, count);
                }
                let innermost_first = frames.into_iter().rev().collect();
                let frames = found.python.add_to(*hash, innermost_first);
                builder.add(key, frames.into_iter().rev(), count);
            }
        }
        let mut stacks = builder.done();
        stacks.kernel_callers = callers.completed;
        hints.finish(&mut stacks, |module| names.file_of_module(module));
        stacks
    }

    /// Names compiled code by the files that processes wrote for perf.
    fn compiled_for_perf(
        &self,
        found: &Observed,
        waits: &CallStacks,
    ) -> BTreeMap<(u32, u64), String> {
        let stacks = self.of_processes(found).chain(of_waits(waits));
        let pids: BTreeSet<u32> = stacks.map(|(pid, _)| pid).collect();
        let mut compiled = BTreeMap::new();
        for pid in pids {
            let Some(process) = found.processes.get(pid) else {
                continue;
            };
            let wanted = self.compiled_code_with(pid, found, waits);
            if wanted.addresses.is_empty() {
                continue;
            }
            let names = jit::names_for_perf(process, &wanted);
            names.notes.iter().for_each(|note| log::warn!("{note}"));
            let names = names.functions.into_iter();
            compiled.extend(names.map(|(at, name)| ((pid, at), name)));
        }
        compiled
    }
}

/// The observations beside samples that name their code.
pub struct Observed<'a> {
    /// Sources of symbols.
    pub symbols: &'a Symbols,
    /// Code of the processes.
    pub processes: &'a Processes,
    /// Their Python code.
    pub python: &'a Python,
    /// Threads of the recording.
    pub threads: &'a [Thread],
    /// Their indexes by serial.
    pub index: &'a ThreadIndex,
}

/// Returns stacks of waits with their processes.
fn of_waits(waits: &CallStacks) -> impl Iterator<Item = (u32, &CallStack)> {
    waits.iter().map(|((pid, _), stack)| (*pid, stack))
}

fn mode(flags: u32) -> SampleMode {
    match flags {
        flags if flags & IN_USER != 0 => SampleMode::User,
        flags if flags & AT_SYSCALL_EDGE != 0 => SampleMode::SyscallEdge,
        flags if flags & AT_FAULT_RETURN != 0 => SampleMode::FaultReturn,
        flags if flags & IN_SYSCALL != 0 => SampleMode::Syscall,
        _ => SampleMode::Fault,
    }
}
