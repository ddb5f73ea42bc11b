//! Data of an instrumented round: symbols that the runtime wrote, and calls of runtime functions.

use super::jit::Wanted;
use super::{Options, go, jit};
use anyhow::Result;
use aya::Ebpf;
use recording::vocabulary::Runtime;
use recording::{Instrumented, Target};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Instrumentation under way.
pub struct Instrumentation {
    dir: PathBuf,
    probes: Option<go::Probes>,
}

impl Instrumentation {
    /// Attaches probes to the functions of a runtime that is known, before privileges are dropped.
    /// Failures become notes of the recording: they are no reason to record nothing.
    pub fn begin(dir: &Path, bpf: &mut Ebpf, target: &Target, options: &Options) -> Self {
        let is_go = target.runtime == Runtime::Go;
        Instrumentation {
            dir: dir.into(),
            probes: is_go.then(|| go::attach(bpf, target.pid, options.program.as_deref())),
        }
    }

    /// Returns the data of a window that ended at `end_ns`, and the names of compiled code. `name`
    /// returns the functions of addresses.
    ///
    /// # Errors
    /// The programs' counts cannot be read.
    pub fn finish(
        self,
        bpf: &Ebpf,
        pid: u32,
        wanted: &Wanted,
        end_ns: u64,
        name: impl Fn(&mut dyn Iterator<Item = u64>) -> BTreeMap<u64, String>,
    ) -> Result<(Instrumented, BTreeMap<u64, String>)> {
        let mut names = jit::names(&self.dir, pid, wanted);
        let mut events = Vec::new();
        let mut goroutine_waits = Vec::new();
        if let Some(mut probes) = self.probes {
            events = probes.counts(bpf)?;
            goroutine_waits = probes.waits(bpf, end_ns, name)?;
            names.notes.extend(probes.notes);
        }
        let instrumented = Instrumented {
            compiled: names.compiled,
            events,
            goroutine_waits,
            notes: names.notes,
        };
        Ok((instrumented, names.functions))
    }
}
