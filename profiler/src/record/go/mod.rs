//! Calls of Go's runtime functions, counted by uprobes in instrumented rounds.
//!
//! A uprobe at a function's first instruction makes the kernel single-step a copy of it. At the
//! `push %rbp` of the function's prologue the kernel emulates the instruction instead, which costs
//! an eighth. Before the push lies only the check of the stack's size. That check may grow the
//! stack and start the function again, before the probe is reached, so that a call counts once. No
//! probe sits on returns: it would replace the return address, which Go's unwinder does not expect.

mod elf;
mod reasons;
pub mod waits;

use anyhow::{Context, Result, bail};
use aya::Ebpf;
use aya::maps::PerCpuArray;
use aya::programs::UProbe;
use aya::programs::uprobe::UProbeScope;
use elf::{Executable, Function};
use profiler_common::GoEvent;
use recording::instrumented::{ALLOCATED_BYTES, COLLECTIONS, GoroutineWait, RuntimeEvent};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

/// An event, the program that counts it, and its name for readers.
struct Watched {
    event: GoEvent,
    program: &'static str,
    name: &'static str,
}

const WATCHED: [Watched; 7] = [
    watched(GoEvent::Made, "go_made", "goroutines created"),
    watched(GoEvent::Ended, "go_ended", "goroutines ended"),
    watched(GoEvent::Parked, "go_parked", "goroutines parked"),
    watched(GoEvent::Readied, "go_readied", "goroutines made ready"),
    watched(GoEvent::Executed, "go_executed", "goroutines scheduled"),
    watched(GoEvent::Allocated, "go_allocated", "allocations"),
    watched(GoEvent::Collected, COLLECTED_PROGRAM, COLLECTIONS),
];

const fn watched(event: GoEvent, program: &'static str, name: &'static str) -> Watched {
    Watched {
        event,
        program,
        name,
    }
}

/// Returns the functions that are called once for each event.
fn functions_of(event: GoEvent, all: &Executable) -> Vec<&Function> {
    let named = |name: &str| {
        all.functions
            .iter()
            .filter(|found| found.name == name)
            .collect()
    };
    match event {
        GoEvent::Made => named("runtime.newproc1"),
        GoEvent::Ended => named("runtime.goexit0"),
        GoEvent::Parked => named("runtime.gopark"),
        GoEvent::Readied => named("runtime.ready"),
        GoEvent::Executed => named("runtime.execute"),
        GoEvent::Allocated => allocating(all),
        // `gcStart` is also called where a collection has already begun.
        GoEvent::Collected => named(COLLECTED),
        // The program of allocations adds them up.
        GoEvent::AllocatedByte => Vec::new(),
    }
}

/// Returns the functions that together are called once for each allocation.
///
/// Since Go 1.24 `mallocgc` calls one of several functions, and since 1.26 the compiler may call
/// those for a single size directly. Older versions have `mallocgc` alone.
fn allocating(all: &Executable) -> Vec<&Function> {
    const EACH: [&str; 5] = [
        "Tiny",
        "SmallNoscan",
        "SmallScanNoHeader",
        "SmallScanHeader",
        "Large",
    ];
    const OF_ONE_SIZE: [&str; 3] = ["TinySize", "SmallNoScanSC", "SmallScanNoHeaderSC"];
    let allocates = |function: &&Function| {
        let Some(rest) = function.name.strip_prefix("runtime.mallocgc") else {
            return false;
        };
        let of_one_size = |start: &&str| {
            let size = rest.strip_prefix(*start);
            size.is_some_and(|size| size.parse::<u16>().is_ok())
        };
        EACH.contains(&rest) || OF_ONE_SIZE.iter().any(of_one_size)
    };
    let parts: Vec<&Function> = all.functions.iter().filter(allocates).collect();
    let split = parts.iter().any(|part| part.name.ends_with("Large"))
        && parts.iter().any(|part| part.name.ends_with("SmallNoscan"));
    match split {
        true => parts,
        false => {
            let whole = all.functions.iter();
            whole
                .filter(|found| found.name == "runtime.mallocgc")
                .collect()
        }
    }
}

/// The function that ends each garbage collection.
pub const COLLECTED: &str = "runtime.gcMarkTermination";
/// The program that counts it.
pub const COLLECTED_PROGRAM: &str = "go_collected";

/// Attaches the probe that counts garbage collections alone to process `pid`, which executes `file`
/// or is about to.
///
/// # Errors
/// The function has no name or an unknown beginning, or the kernel refuses the probe.
pub fn attach_collections(bpf: &mut Ebpf, pid: u32, file: &Path) -> Result<()> {
    let all = Executable::read(file)?;
    let collected = GoEvent::Collected;
    let watched = WATCHED.iter().find(|watched| watched.event == collected);
    let watched = watched.context("every event has a program")?;
    watch(bpf, watched, &all, file, pid)
}

/// Returns the number of collections that were counted.
///
/// # Errors
/// The map cannot be read.
pub fn collections(bpf: &Ebpf) -> Result<u64> {
    count(bpf, GoEvent::Collected)
}

fn count(bpf: &Ebpf, event: GoEvent) -> Result<u64> {
    let map = bpf
        .map("RUNTIME_EVENTS")
        .context("the object has no map RUNTIME_EVENTS")?;
    let counts: PerCpuArray<_, u64> = PerCpuArray::try_from(map)?;
    let each = counts.get(&(event as u32), 0)?;
    Ok(each.iter().sum())
}

/// Attached probes.
#[derive(Debug, Default)]
pub struct Probes {
    attached: Vec<usize>,
    reasons: Vec<String>,
    /// Events that are not counted, and why.
    pub notes: Vec<String>,
}

/// Attaches the probes to the functions of process `pid`, which is about to execute `program` if
/// that is given.
pub fn attach(bpf: &mut Ebpf, pid: u32, program: Option<&Path>) -> Probes {
    let mut probes = Probes::default();
    let own = || PathBuf::from(format!("/proc/{pid}/exe"));
    let path = program.map_or_else(own, Path::to_path_buf);
    let all = match Executable::read(&path) {
        Ok(all) => all,
        Err(error) => {
            let note = format!("the functions of Go's runtime were not found: {error:#}");
            probes.notes.push(note);
            return probes;
        }
    };
    for (place, watched) in WATCHED.iter().enumerate() {
        match watch(bpf, watched, &all, &path, pid) {
            Ok(()) => probes.attached.push(place),
            Err(error) => {
                let note = format!("{} were not counted: {error:#}", watched.name);
                probes.notes.push(note);
            }
        }
    }
    probes.reasons = all.reasons;
    probes
}

fn watch(bpf: &mut Ebpf, watched: &Watched, all: &Executable, path: &Path, pid: u32) -> Result<()> {
    let functions = functions_of(watched.event, all);
    if functions.is_empty() {
        bail!("no symbol of the executable names their function");
    }
    let mut places = Vec::new();
    for function in functions {
        let place = function.push_at.with_context(|| {
            format!(
                "{} does not begin as Go's functions do on x86-64",
                function.name
            )
        })?;
        places.push(place);
    }
    let program: &mut UProbe = bpf
        .program_mut(watched.program)
        .with_context(|| format!("the object has no program {}", watched.program))?
        .try_into()?;
    program.load()?;
    let pid = NonZeroU32::new(pid).context("no process has the id 0")?;
    for place in places {
        program.attach(place, path, UProbeScope::OneProcess(pid))?;
    }
    Ok(())
}

impl Probes {
    /// Returns the waits of goroutines in a window that ended at `end_ns`; none where one of their
    /// probes is missing. `name` returns the functions of addresses.
    ///
    /// # Errors
    /// A map cannot be read.
    pub fn waits(
        &mut self,
        bpf: &Ebpf,
        end_ns: u64,
        name: impl Fn(&mut dyn Iterator<Item = u64>) -> BTreeMap<u64, String>,
    ) -> Result<Vec<GoroutineWait>> {
        const ENDS: [GoEvent; 3] = [GoEvent::Parked, GoEvent::Readied, GoEvent::Executed];
        let has = |event: &GoEvent| {
            let mut attached = self.attached.iter();
            attached.any(|place| WATCHED[*place].event == *event)
        };
        if !ENDS.iter().all(has) {
            return Ok(Vec::new());
        }
        let parked = count(bpf, GoEvent::Parked)?;
        let waits = waits::read(bpf, end_ns, parked)?;
        if waits.lost > 0 {
            let note = format!("{} waits of goroutines had no room", waits.lost);
            self.notes.push(note);
        }
        let functions = name(&mut waits.addresses());
        Ok(waits.named(&self.reasons, &functions))
    }

    /// Returns the count of each event.
    ///
    /// # Errors
    /// The map cannot be read.
    pub fn counts(&self, bpf: &Ebpf) -> Result<Vec<RuntimeEvent>> {
        let one = |event: GoEvent, name: &str| {
            anyhow::Ok(RuntimeEvent {
                name: name.into(),
                count: count(bpf, event)?,
            })
        };
        let attached = || self.attached.iter().map(|place| &WATCHED[*place]);
        let events = attached().map(|watched| one(watched.event, watched.name));
        let sizes = attached().filter(|watched| watched.event == GoEvent::Allocated);
        let bytes = sizes.map(|_| one(GoEvent::AllocatedByte, ALLOCATED_BYTES));
        events.chain(bytes).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(of: &[&str]) -> Vec<String> {
        let function = |name: &&str| Function {
            name: format!("runtime.{name}"),
            push_at: Some(0),
        };
        let all = Executable {
            functions: of.iter().map(function).collect(),
            reasons: Vec::new(),
        };
        let found = functions_of(GoEvent::Allocated, &all);
        found
            .iter()
            .map(|found| found.name.replace("runtime.mallocgc", ""))
            .collect()
    }

    #[test]
    fn counts_each_allocation_once_in_every_version() {
        let before = ["mallocgc", "malloc", "newobject"];
        assert_eq!(names(&before), [""]);
        let split = [
            "mallocgc",
            "mallocgcTiny",
            "mallocgcSmallNoscan",
            "mallocgcSmallNoscanReuse",
            "mallocgcLarge",
        ];
        assert_eq!(names(&split), ["Tiny", "SmallNoscan", "Large"]);
        let by_size = [
            "mallocgcTinySize8",
            "mallocgcSmallNoScanSC2",
            "mallocgcSmallNoscan",
            "mallocgcLarge",
            "mallocgcTinySize",
            "mallocgc",
        ];
        let expected = ["TinySize8", "SmallNoScanSC2", "SmallNoscan", "Large"];
        assert_eq!(names(&by_size), expected);
    }
}
