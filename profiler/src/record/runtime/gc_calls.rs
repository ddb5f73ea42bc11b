//! Probes on a function that a runtime calls once for each garbage collection. A server collects
//! some hundred times a second at most, so that they cost nothing.

use super::content::{self, FileOffset};
use crate::record::go;
use crate::record::probe_groups::Source;
use crate::record::proc_snapshot;
use anyhow::{Context, Result};
use aya::Ebpf;
use aya::maps::PerCpuArray;
use aya::programs::UProbe;
use aya::programs::uprobe::UProbeScope;
use profiler_common::GcCalls as Counted;
use recording::Target;
use recording::runtime_stats::{GcCalls, GcTimes};
use recording::vocabulary::{ProbeGroup, Runtime};
use std::path::{Path, PathBuf};

/// A function that is called once for each collection, and returns when it is done.
struct Function {
    runtime: Runtime,
    /// Beginning of its symbol.
    symbol: &'static str,
    name: &'static str,
}

const FUNCTIONS: [Function; 2] = [
    Function {
        runtime: Runtime::Node,
        symbol: "_ZN2v88internal4Heap14CollectGarbageE",
        name: "v8::internal::Heap::CollectGarbage",
    },
    Function {
        runtime: Runtime::Python,
        symbol: "gc_collect_main",
        name: "gc_collect_main",
    },
];
const BEGIN: &str = "gc_begin";
const END: &str = "gc_end";

/// Probes that are attached.
#[derive(Debug)]
pub struct GcProbes {
    function: &'static str,
    /// Whether the end of each call is seen.
    sees_ends: bool,
}

impl GcProbes {
    /// Attaches to the collector of the target; `program` is the file that it is about to execute,
    /// if it waits for that. `None` where no symbol names the function.
    pub fn attach(bpf: &mut Ebpf, target: &Target, program: Option<&Path>) -> Option<Self> {
        let (pid, runtime) = (target.pid, target.runtime);
        let executable = match program {
            Some(program) => super::script::interpreter_of(program),
            None => proc_snapshot::folder(pid)?.join("exe"),
        };
        if runtime == Runtime::Go {
            let attached = go::attach_collections(bpf, pid, &executable);
            return attached.is_ok().then_some(GcProbes {
                function: go::COLLECTED,
                sees_ends: false,
            });
        }
        let mut functions = FUNCTIONS.iter();
        let function = functions.find(|function| function.runtime == runtime)?;
        let files = std::iter::once(executable).chain(library(pid));
        let mut found = files.filter_map(|file| {
            let offset = content::offset_of(&file, function.symbol)?;
            Some((file, offset))
        });
        let (file, offset) = found.next()?;
        let attached = probe(bpf, BEGIN, &file, offset).and(probe(bpf, END, &file, offset));
        attached.is_ok().then_some(GcProbes {
            function: function.name,
            sees_ends: true,
        })
    }

    /// Returns the probe group, for the list of what was attached.
    pub fn source(&self) -> Source {
        let programs: &[&str] = match self.sees_ends {
            true => &[BEGIN, END],
            false => &[go::COLLECTED_PROGRAM],
        };
        Source {
            group: ProbeGroup::GcCalls,
            source: "uprobe".into(),
            fallback_reason: String::new(),
            programs: programs.iter().map(|name| (*name).into()).collect(),
        }
    }

    /// Returns what the probes counted.
    ///
    /// # Errors
    /// The map cannot be read.
    pub fn read(&self, bpf: &Ebpf) -> Result<GcCalls> {
        let function = self.function.into();
        if !self.sees_ends {
            return Ok(GcCalls {
                function,
                count: go::collections(bpf)?,
                times: None,
            });
        }
        let map = bpf
            .map("GC_CALLS")
            .context("the object has no map GC_CALLS")?;
        let map: PerCpuArray<_, Counted> = PerCpuArray::try_from(map)?;
        let each = map.get(&0, 0)?;
        let sum = |field: fn(&Counted) -> u64| each.iter().map(field).sum();
        Ok(GcCalls {
            function,
            count: sum(|calls| calls.count),
            times: Some(GcTimes {
                wall_ns: sum(|calls| calls.wall_ns),
                on_cpu_ns: sum(|calls| calls.on_cpu_ns),
                faults: sum(|calls| calls.faults),
            }),
        })
    }
}

/// Returns the library that has the runtime's functions, as a process that runs has mapped it.
fn library(pid: u32) -> Option<PathBuf> {
    let process = proc_snapshot::open(pid)?;
    let mut paths = super::mapped_paths(&process);
    let path = paths.find(|path| {
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().starts_with("libpython")
    })?;
    let root = proc_snapshot::folder(pid)?.join("root");
    Some(root.join(path.strip_prefix("/").ok()?))
}

/// Attaches a program in every process that executes the file; the program keeps to the target's.
fn probe(bpf: &mut Ebpf, name: &str, file: &Path, offset: FileOffset) -> Result<()> {
    let program = bpf.program_mut(name);
    let program = program.with_context(|| format!("the object has no program {name}"))?;
    let program: &mut UProbe = program.try_into()?;
    program.load()?;
    program.attach(offset.0, file, UProbeScope::AllProcesses)?;
    Ok(())
}
