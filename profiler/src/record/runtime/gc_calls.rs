//! Probes on a function that a runtime calls once for each garbage collection. A server collects
//! some hundred times a second at most, so that they cost nothing.

use super::content::{self, FileOffset};
use super::hotspot::{self, Place};
use crate::record::go;
use crate::record::probe_groups::Source;
use crate::record::proc_snapshot;
use anyhow::{Context, Result};
use aya::Ebpf;
use aya::maps::PerCpuArray;
use aya::programs::UProbe;
use aya::programs::uprobe::UProbeScope;
use profiler_common::GcCalls as Counted;
use profiler_common::gc_calls::{COLLECTIONS, SAFEPOINTS};
use recording::Target;
use recording::runtime_stats::{GcCalls, GcTimes, Safepoints};
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
/// Program at the place that a collection passes when it is done.
const ENDED: &str = "gc_ended";
/// Programs at the places that a safepoint passes.
const SAFEPOINT: [&str; 2] = ["safepoint_begin", "safepoint_ended"];

/// Probes that are attached.
#[derive(Debug)]
pub struct GcProbes {
    function: &'static str,
    programs: Vec<&'static str>,
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
                programs: vec![go::COLLECTED_PROGRAM],
                sees_ends: false,
            });
        }
        if runtime == Runtime::Java {
            let mapped = library(pid, "libjvm.so");
            let file = mapped.or_else(|| hotspot::library_of(&executable))?;
            return Self::attach_to_hotspot(bpf, &file);
        }
        let mut functions = FUNCTIONS.iter();
        let function = functions.find(|function| function.runtime == runtime)?;
        let files = std::iter::once(executable).chain(library(pid, "libpython"));
        let mut found = files.filter_map(|file| {
            let offset = content::offset_of(&file, function.symbol)?;
            Some((file, offset))
        });
        let (file, offset) = found.next()?;
        let attached = probe(bpf, BEGIN, &file, offset).and(probe(bpf, END, &file, offset));
        attached.is_ok().then_some(GcProbes {
            function: function.name,
            programs: vec![BEGIN, END],
            sees_ends: true,
        })
    }

    /// Attaches to the places of collections in HotSpot, and to those of safepoints if it can.
    fn attach_to_hotspot(bpf: &mut Ebpf, file: &Path) -> Option<Self> {
        let mut at = |name, place: &Place| {
            let mut offsets = place.offsets(file).into_iter();
            let first = offsets
                .next()
                .context("no mark or symbol names the place")?;
            probe(bpf, name, file, first)?;
            offsets.try_for_each(|more| attach(bpf, name, file, more))
        };
        let collections = at(BEGIN, &hotspot::GC_BEGIN).and_then(|()| at(ENDED, &hotspot::GC_END));
        collections.ok()?;
        let [begin, ended] = SAFEPOINT;
        let safepoints =
            at(begin, &hotspot::SAFEPOINT_BEGIN).and_then(|()| at(ended, &hotspot::SAFEPOINT_END));
        let mut programs = vec![BEGIN, ENDED];
        programs.extend(SAFEPOINT.iter().filter(|_| safepoints.is_ok()));
        Some(GcProbes {
            function: "VM_GC_Operation::notify_gc_begin",
            programs,
            sees_ends: true,
        })
    }

    /// Returns the probe group, for the list of what was attached.
    pub fn source(&self) -> Source {
        Source {
            group: ProbeGroup::GcCalls,
            source: "uprobe".into(),
            fallback_reason: String::new(),
            programs: self.programs.iter().map(|name| (*name).into()).collect(),
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
        let counted = counted(bpf, COLLECTIONS)?;
        Ok(GcCalls {
            function,
            count: counted.count,
            times: Some(GcTimes {
                wall_ns: counted.wall_ns,
                on_cpu_ns: counted.on_cpu_ns,
                faults: counted.faults,
            }),
        })
    }

    /// Returns the safepoints that the probes counted; `None` where they see none.
    ///
    /// # Errors
    /// The map cannot be read.
    pub fn safepoints(&self, bpf: &Ebpf) -> Result<Option<Safepoints>> {
        if !self.programs.contains(&SAFEPOINT[0]) {
            return Ok(None);
        }
        let counted = counted(bpf, SAFEPOINTS)?;
        Ok(Some(Safepoints {
            count: counted.count,
            wall_ns: counted.wall_ns,
            on_cpu_ns: counted.on_cpu_ns,
        }))
    }
}

/// Adds up what the programs counted on each CPU.
fn counted(bpf: &Ebpf, entry: u32) -> Result<Counted> {
    let map = bpf
        .map("GC_CALLS")
        .context("the object has no map GC_CALLS")?;
    let map: PerCpuArray<_, Counted> = PerCpuArray::try_from(map)?;
    let each = map.get(&entry, 0)?;
    let sum = |field: fn(&Counted) -> u64| each.iter().map(field).sum();
    Ok(Counted {
        count: sum(|calls| calls.count),
        wall_ns: sum(|calls| calls.wall_ns),
        on_cpu_ns: sum(|calls| calls.on_cpu_ns),
        faults: sum(|calls| calls.faults),
    })
}

/// Returns the library whose name begins so and that has the runtime's functions, as a process that
/// runs has mapped it.
fn library(pid: u32, begins: &str) -> Option<PathBuf> {
    let process = proc_snapshot::open(pid)?;
    let mut paths = super::mapped_paths(&process);
    let path = paths.find(|path| {
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().starts_with(begins)
    })?;
    let root = proc_snapshot::folder(pid)?.join("root");
    Some(root.join(path.strip_prefix("/").ok()?))
}

/// Loads a program and attaches it in every process that executes the file; the program keeps to
/// those of the target.
fn probe(bpf: &mut Ebpf, name: &str, file: &Path, offset: FileOffset) -> Result<()> {
    uprobe(bpf, name)?.load()?;
    attach(bpf, name, file, offset)
}

/// Attaches a loaded program.
fn attach(bpf: &mut Ebpf, name: &str, file: &Path, offset: FileOffset) -> Result<()> {
    uprobe(bpf, name)?.attach(offset.0, file, UProbeScope::AllProcesses)?;
    Ok(())
}

fn uprobe<'a>(bpf: &'a mut Ebpf, name: &str) -> Result<&'a mut UProbe> {
    let program = bpf.program_mut(name);
    let program = program.with_context(|| format!("the object has no program {name}"))?;
    Ok(program.try_into()?)
}
