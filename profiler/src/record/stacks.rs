//! Call stacks of CPU samples: taken out of their maps, completed with callers that frame pointers
//! miss, named, and added up.

mod hints;
mod module;
mod names;

use super::drain;
use super::memory::WindowRegions;
use super::threads::ThreadIndex;
use anyhow::Result;
use aya::Ebpf;
use hints::Hints;
use names::Names;
pub use names::Symbols;
use profiler_common::call_stack::{
    AT_FAULT_RETURN, AT_SYSCALL_EDGE, CallStack, IN_GC, IN_SYSCALL, IN_USER, StackKey,
};
use recording::Stacks;
use recording::stacks::{SampleMode, StacksBuilder};
use std::collections::BTreeMap;

/// Stacks and counts that were taken out of the programs' maps.
#[derive(Debug, Default)]
pub struct TakenStacks {
    stacks: BTreeMap<u64, CallStack>,
    counts: BTreeMap<(u32, u32, u64), u64>,
}

impl TakenStacks {
    /// Takes counts and stacks out of their maps, so that they do not fill. A sample that comes
    /// between reading and removing loses its count.
    ///
    /// # Errors
    /// A map cannot be read.
    pub fn take(&mut self, bpf: &mut Ebpf) -> Result<()> {
        for (key, count) in drain::take::<StackKey, u64>(bpf, "STACK_COUNTS")? {
            let key = (key.serial, key.flags, key.hash);
            *self.counts.entry(key).or_default() += count;
        }
        self.stacks
            .extend(drain::take::<u64, CallStack>(bpf, "STACKS")?);
        Ok(())
    }

    /// Returns the stacks as a recording has them. `compiled` names compiled code; `lost` samples
    /// had no room in a map.
    pub fn assemble(
        &self,
        pid: u32,
        regions: WindowRegions,
        threads: &ThreadIndex,
        compiled: &BTreeMap<u64, String>,
        (symbols, lost): (&Symbols, u64),
    ) -> Stacks {
        let mut names = Names::new(symbols, pid, regions, compiled);
        names.look_up(self.stacks.values());
        let mut builder = StacksBuilder::default();
        builder.lose(lost);
        let mut hints = Hints::default();
        for ((serial, flags, hash), count) in &self.counts {
            let found = threads.get(*serial).zip(self.stacks.get(hash));
            let Some((thread, stack)) = found else {
                builder.lose(*count);
                continue;
            };
            let key = (thread, mode(*flags), flags & IN_GC != 0);
            let frames = names.frames(stack, &mut builder, *count);
            if key.1 == SampleMode::User
                && let Some(innermost) = frames.last()
            {
                let code = stack.user.first().and_then(|place| names.code_at(*place));
                hints.sample(innermost, code, *count);
            }
            builder.add(key, frames, *count);
        }
        let mut stacks = builder.done();
        hints.finish(&mut stacks, |module| names.file_of(module));
        stacks
    }
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
