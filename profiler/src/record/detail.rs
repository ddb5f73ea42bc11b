//! What the runtime helps to tell, in a round that is recorded for that alone.

use super::drain::Code;
use super::{go, jit};
use anyhow::Result;
use aya::Ebpf;
use recording::{Detail, Target};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A runtime's help under way.
pub struct Help {
    dir: PathBuf,
    probes: Option<go::Probes>,
}

impl Help {
    /// Begins with it: puts probes on the functions of a runtime that we know, before privileges are given up. What cannot
    /// be had is told in the end, and is no reason to record nothing.
    pub fn begin(dir: &Path, bpf: &mut Ebpf, target: &Target) -> Self {
        Help {
            dir: dir.into(),
            probes: (target.runtime == "go").then(|| go::attach(bpf, target.pid)),
        }
    }

    /// What it told, and the names of units of code.
    ///
    /// # Errors
    /// When the programs' counts cannot be read.
    pub fn end(self, bpf: &Ebpf, pid: u32, code: &Code) -> Result<(Detail, BTreeMap<u64, String>)> {
        let mut names = jit::names(&self.dir, pid, code.keys().map(|(_, unit)| *unit));
        let mut events = Vec::new();
        if let Some(probes) = self.probes {
            events = probes.counts(bpf)?;
            names.notes.extend(probes.notes);
        }
        let detail = Detail {
            compiled: names.compiled,
            events,
            notes: names.notes,
        };
        Ok((detail, names.functions))
    }
}
