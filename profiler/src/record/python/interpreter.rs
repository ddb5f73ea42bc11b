//! The interpreter of one process: its threads, and the functions behind code objects.

use super::layout::Layout;
use super::process_memory::ProcessMemory;
use crate::record::memory::{self, MappedFile};
use crate::record::proc_snapshot::read_lossy;
use crate::record::symbols::bounded::Bounded;
use crate::record::symbols::image::Image;
use crate::record::symbols::open_mapped;
use crate::record::symbols::package::{Language, PYTHON, package};
use crate::record::symbols::root::Root;
use crate::record::symbols::segments::{address_of, segments};
use object::{Object, ObjectSymbol};
use profiler_common::PythonThread;
use std::collections::BTreeMap;
use std::fs;

/// Interpreters of a process, and threads of an interpreter, that are followed.
const MOST_INTERPRETERS: usize = 16;
/// Threads of a process that are followed.
const MOST_THREADS: usize = 1_024;
/// Longest name of a function, and longest path, that are kept, in characters.
const LONGEST: usize = 100;

/// A function of Python.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PythonFunction {
    /// `py::QUALNAME:PATH`, as the perf trampoline names it, with the path inside its package.
    pub name: String,
    /// Its package.
    pub package: String,
}

/// An interpreter that runs in a process.
#[derive(Debug)]
pub struct Interpreter {
    pid: u32,
    memory: ProcessMemory,
    layout: Layout,
    /// Address of `_PyRuntime`.
    runtime: u64,
    /// Address of the type of code objects.
    code_type: u64,
}

/// Addresses of an interpreter's symbols.
#[derive(Debug, Default)]
struct Symbols {
    runtime: u64,
    version: u64,
    code_type: u64,
}

impl Interpreter {
    /// Finds the interpreter of a process; `None` where it has none, or one that is not known.
    pub fn of(pid: u32) -> Option<Self> {
        let symbols = symbols_of(pid)?;
        let memory = ProcessMemory::of(pid)?;
        let version = memory.word(symbols.version)? & 0xffff_ffff;
        let layout = Layout::of(version, symbols.runtime, &memory);
        if layout.is_none() {
            let [major, minor] = [version >> 24, version >> 16 & 0xff];
            log::warn!(
                "process {pid} runs Python {major}.{minor}, whose frames are not known: functions of Python are \
                 missing in call stacks. Known are 3.11 to 3.13 with the global lock."
            );
        }
        Some(Interpreter {
            pid,
            memory,
            layout: layout?,
            runtime: symbols.runtime,
            code_type: symbols.code_type,
        })
    }

    /// Returns the threads that run Python now, by their id.
    pub fn threads(&self) -> Vec<(u32, PythonThread)> {
        let word = |address| self.memory.word(address);
        let next = |at: &u64, offset: u64| word(at.checked_add(offset)?).filter(|next| *next != 0);
        let first = next(&self.runtime, self.layout.interpreters);
        let interpreters =
            std::iter::successors(first, |at| next(at, self.layout.next_interpreter));
        let states = interpreters
            .take(MOST_INTERPRETERS)
            .flat_map(|interpreter| {
                let first = next(&interpreter, self.layout.threads);
                std::iter::successors(first, |at| next(at, self.layout.next_thread))
                    .take(MOST_THREADS)
                    .collect::<Vec<u64>>()
            });
        let threads = states.take(MOST_THREADS).filter_map(|state| {
            let id = word(state.checked_add(self.layout.native_id)?)?;
            Some((
                u32::try_from(id).ok().filter(|id| *id != 0)?,
                self.thread(state),
            ))
        });
        let threads: Vec<_> = threads.collect();
        self.in_our_namespace(threads)
    }

    fn thread(&self, state: u64) -> PythonThread {
        PythonThread {
            state,
            holder: self.layout.holder,
            frame: self.layout.frame,
            code: self.layout.code,
            previous: self.layout.previous,
            entry: self.layout.entry,
            padding: 0,
        }
    }

    /// Replaces the ids that threads have in the process's own PID namespace by those that `/proc`
    /// has.
    fn in_our_namespace(&self, threads: Vec<(u32, PythonThread)>) -> Vec<(u32, PythonThread)> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid));
        let ids = tasks.into_iter().flatten().flatten().filter_map(|task| {
            let id: u32 = task.file_name().to_str()?.parse().ok()?;
            let status = read_lossy(task.path().join("status"))?;
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix("NSpid:"))?;
            let inner = line.split_whitespace().next_back()?.parse().ok()?;
            Some((inner, id))
        });
        let ids: BTreeMap<u32, u32> = ids.collect();
        let threads = threads.into_iter();
        threads
            .filter_map(|(inner, thread)| Some((*ids.get(&inner)?, thread)))
            .collect()
    }

    /// Returns the function of a code object; `None` for what is no code object.
    pub fn function(&self, code: u64) -> Option<PythonFunction> {
        let text = |offset: u64| {
            let at = self.memory.word(code.checked_add(offset)?)?;
            self.memory
                .text(at, (self.layout.ascii, self.layout.compact))
        };
        let of_type = self.memory.word(code.checked_add(8)?)?;
        if of_type != self.code_type {
            return None;
        }
        Some(function(
            &text(self.layout.qualname)?,
            &text(self.layout.filename)?,
        ))
    }
}

/// Describes a function of a file.
fn function(qualname: &str, path: &str) -> PythonFunction {
    let cut = |text: &str| text.chars().take(LONGEST).collect::<String>();
    let whole = format!("{PYTHON}{}:{path}", cut(qualname));
    PythonFunction {
        name: format!("{PYTHON}{}:{}", cut(qualname), cut(short(path))),
        package: package(&whole, None, Language::Other),
    }
}

/// Returns the path inside a package or the standard library; the name of another file.
pub fn short(path: &str) -> &str {
    for folder in ["site-packages/", "dist-packages/"] {
        if let Some(at) = path.rfind(folder) {
            return &path[at + folder.len()..];
        }
    }
    if let Some(at) = path.find("lib/python3") {
        return &path[at..];
    }
    path.rsplit('/').next().unwrap_or(path)
}

fn symbols_of(pid: u32) -> Option<Symbols> {
    let regions = memory::code_regions_of(pid);
    let root = Root::of_process(pid).ok()?;
    let executable = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
    let candidates = regions
        .mapped()
        .filter(|(_, file)| file.path == executable || may_be_python(file));
    candidates.take(8).find_map(|(start, mapped)| {
        let bounded = Bounded::new(open_mapped(&root, mapped)?);
        let image = Image::parse(&bounded)?;
        let bias = start.wrapping_sub(address_of(&segments(image.elf()), mapped.offset)?);
        let mut found = Symbols::default();
        for symbol in image
            .elf()
            .dynamic_symbols()
            .filter(|symbol| symbol.is_definition())
        {
            let place = match symbol.name() {
                Ok("_PyRuntime") => &mut found.runtime,
                Ok("Py_Version") => &mut found.version,
                Ok("PyCode_Type") => &mut found.code_type,
                _ => continue,
            };
            *place = bias.wrapping_add(symbol.address());
        }
        let all = [found.runtime, found.version, found.code_type];
        all.iter().all(|address| *address != 0).then_some(found)
    })
}

fn may_be_python(file: &MappedFile) -> bool {
    let name = file.path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("libpython3") || name.starts_with("python")
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::stacks::APPLICATION;
    use std::process::{Child, Command, Stdio};

    #[test]
    fn names_functions_with_their_package() {
        for (qualname, path, name, package) in [
            (
                "BaseModel.dump",
                "/srv/venv/lib/python3.12/site-packages/pydantic/main.py",
                "py::BaseModel.dump:pydantic/main.py",
                "pydantic",
            ),
            (
                "answer",
                "/srv/server.py",
                "py::answer:server.py",
                APPLICATION,
            ),
            (
                "run",
                "/usr/lib/python3.12/asyncio/runners.py",
                "py::run:lib/python3.12/asyncio/runners.py",
                "",
            ),
            ("f", "<string>", "py::f:<string>", ""),
        ] {
            let found = function(qualname, path);
            assert_eq!((&*found.name, &*found.package), (name, package));
        }
        let long = function(
            &"q".repeat(9_000),
            &format!("/site-packages/p/{}", "x".repeat(9_000)),
        );
        assert!(long.name.len() < 3 * LONGEST);
        assert_eq!(long.package, "p");
    }

    #[test]
    fn finds_no_interpreter_in_other_processes() {
        assert!(Interpreter::of(std::process::id()).is_none());
        assert!(Interpreter::of(1 << 30).is_none());
    }

    /// Python in a loop; `None` where the machine has none.
    fn python() -> Option<Child> {
        let code =
            "import sys, time\ndef spin():\n  print('on', flush=True)\n  time.sleep(60)\nspin()";
        let mut python = Command::new("python3");
        let child = python.args(["-c", code]).stdout(Stdio::piped()).spawn();
        let mut child = child.ok()?;
        let mut line = [0; 3];
        std::io::Read::read_exact(child.stdout.as_mut()?, &mut line).ok()?;
        Some(child)
    }

    #[test]
    fn finds_the_threads_and_functions_of_a_process() {
        let Some(mut child) = python() else {
            return;
        };
        let found = Interpreter::of(child.id()).map(|interpreter| {
            let threads = interpreter.threads();
            let (id, thread) = threads[0];
            let word = |at| interpreter.memory.word(at).unwrap_or_default();
            let holder = match thread.holder {
                0 => thread.state,
                holder => word(thread.state + u64::from(holder)),
            };
            let frame = word(holder + u64::from(thread.frame));
            let code = word(frame + u64::from(thread.code));
            (id, interpreter.function(code), interpreter.function(frame))
        });
        let pid = child.id();
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        // A version that is not known has no threads.
        if let Some((id, function, no_code)) = found {
            assert_eq!(id, pid);
            let name = function.map(|function| function.name);
            assert_eq!(name.as_deref(), Some("py::spin:<string>"));
            assert_eq!(no_code, None);
        }
    }
}
