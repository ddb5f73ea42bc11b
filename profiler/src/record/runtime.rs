//! Facts about a runtime that the recorder needs before it attaches, and the runtime itself.

mod content;
mod gc_calls;
mod hotspot;
mod script;

use super::arch::PAIRS_GOROUTINES;
use super::proc_snapshot;
use procfs::process::{MMapPath, Process};
use profiler_common::Pairing;
use recording::vocabulary::Runtime;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

pub use gc_calls::GcProbes;
pub use script::program_of;

/// Recognises the runtime family of a program that is about to start: by the content of its file,
/// or by that of the interpreter of a script.
pub fn of_program(program: &Path) -> Runtime {
    let file = script::interpreter_of(program);
    content::of_file(&file).unwrap_or_default()
}

/// Recognises the runtime family of a process: by the content of its executable, otherwise by the
/// libraries that it has mapped.
pub fn of_process(pid: u32) -> Runtime {
    let Some(folder) = proc_snapshot::folder(pid) else {
        return Runtime::Unknown;
    };
    // Through the link, since the path may lie in another mount namespace.
    let by_content = content::of_file(&folder.join("exe"));
    let by_library = || content::of_libraries(&mapped_files(pid));
    by_content.or_else(by_library).unwrap_or_default()
}

/// Returns the names of the files that a process has mapped.
fn mapped_files(pid: u32) -> Vec<String> {
    let process = proc_snapshot::open(pid);
    let paths = process.iter().flat_map(mapped_paths);
    let names = paths.filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    names.collect()
}

fn mapped_paths(process: &Process) -> impl Iterator<Item = PathBuf> + use<> {
    let maps = process.maps().into_iter().flatten();
    maps.filter_map(|map| match map.pathname {
        MMapPath::Path(path) => Some(path),
        _ => None,
    })
}

/// Runtimes of processes, many of which have the same executable.
#[derive(Debug, Default)]
pub struct ByExecutable(BTreeMap<(u64, u64), Runtime>);

impl ByExecutable {
    /// Recognises the runtime of a process. Each executable is read once.
    pub fn of(&mut self, pid: u32) -> Runtime {
        match executable_id(pid) {
            Some(executable) => *self.0.entry(executable).or_insert_with(|| of_process(pid)),
            None => Runtime::Unknown,
        }
    }
}

/// Which runtime a process has. It is found again after each exec, as that of a shell that becomes
/// the program.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Runtime given by the user.
    given: Option<Runtime>,
    found: Runtime,
    /// Device and inode of the executable.
    executable: Option<(u64, u64)>,
}

impl Watch {
    /// Begins with the runtime that the user gave, or else with that of `program`, which the
    /// process is about to become, or else with that of the process.
    pub fn begin(pid: u32, given: Option<Runtime>, program: Option<&Path>) -> Self {
        let found = match program {
            Some(program) => of_program(program),
            None => of_process(pid),
        };
        Watch {
            given,
            found,
            executable: executable_id(pid),
        }
    }

    /// Returns the runtime.
    pub fn runtime(&self) -> Runtime {
        self.given.unwrap_or(self.found)
    }

    /// Looks whether the process has become another program.
    pub fn look(&mut self, pid: u32) {
        let now = executable_id(pid);
        if self.given.is_none() && now.is_some() && now != self.executable {
            self.executable = now;
            self.keep(of_process(pid));
        }
    }

    /// Looks for the last time, now that libraries are loaded. `pids` are the processes of the
    /// target, the busiest first: where the first program is of no known runtime, as a shell that
    /// waits, one that it started decides.
    pub fn look_at_all(&mut self, pid: u32, pids: impl IntoIterator<Item = u32>) {
        if self.given.is_some() {
            return;
        }
        self.keep(of_process(pid));
        let mut others = pids.into_iter();
        while self.found == Runtime::Unknown
            && let Some(other) = others.next()
        {
            self.keep(of_process(other));
        }
    }

    /// A process that has ended shows nothing any more; the runtime found before stays.
    fn keep(&mut self, found: Runtime) {
        if found != Runtime::Unknown {
            self.found = found;
        }
    }
}

fn executable_id(pid: u32) -> Option<(u64, u64)> {
    let folder = proc_snapshot::folder(pid)?;
    let file = fs::metadata(folder.join("exe")).ok()?;
    Some((file.dev(), file.ino()))
}

/// Returns how receives of a runtime are paired with the sends that they cause.
pub fn pairing(runtime: Runtime) -> Pairing {
    match runtime {
        Runtime::Go if PAIRS_GOROUTINES => Pairing::Goroutine,
        Runtime::Bun | Runtime::Node | Runtime::Deno | Runtime::Python => Pairing::Fifo,
        _ => Pairing::Pool,
    }
}

/// Returns the first eight bytes of the name of the runtime's garbage collection threads, as a
/// number in the byte order of the host; 0 where they have no name of their own. A process that is
/// not recognised yet may become Bun.
pub fn gc_thread_comm(runtime: Runtime) -> u64 {
    match runtime {
        // `HeapHelper` of JavaScriptCore.
        Runtime::Bun | Runtime::Unknown => u64::from_ne_bytes(*b"HeapHelp"),
        // `GC Thread#0` of HotSpot.
        Runtime::Java => u64::from_ne_bytes(*b"GC Threa"),
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
