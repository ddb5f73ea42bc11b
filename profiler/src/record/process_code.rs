//! The code that processes have mapped, and the files that it comes from.
//!
//! Once a process has ended, /proc has nothing of it. So its mappings are read while it lives, and
//! its root folder and executable are kept open.

use crate::record::archives::Archives;
use crate::record::memory::{self, MappedFile, Regions, WindowRegions};
use crate::record::proc_snapshot::read_lossy;
use crate::record::symbols::open_mapped;
use crate::record::symbols::root::Root;
use crate::record::vdso;
use recording::vocabulary::RegionClass;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Processes whose mappings may be looked at in one tick.
const A_TICK: usize = 64;

/// The code of one process.
#[derive(Debug)]
pub struct ProcessCode {
    pid: u32,
    /// Device and inode of the executable: an exec replaces all mappings.
    executable: (u64, u64),
    /// Times that it was looked at since then.
    looks: u32,
    root: Option<Rc<Root>>,
    /// Also if its path leads nowhere by now.
    open: Option<Rc<File>>,
    vdso: Option<Rc<File>>,
    user: Option<u32>,
    own_pid: u32,
    early: Regions,
    late: Regions,
    archives: Archives,
}

impl ProcessCode {
    fn read(pid: u32, executable: (u64, u64), shared: &mut Shared) -> Self {
        let early = memory::code_regions_of(pid);
        let mut archives = Archives::default();
        archives.look_at(pid, &early);
        ProcessCode {
            pid,
            executable,
            looks: 0,
            root: shared.root_of(pid),
            open: shared.executable_of(pid, executable),
            vdso: early.vdso().and_then(|range| shared.vdsos.of(pid, range)),
            user: fs::metadata(format!("/proc/{pid}"))
                .ok()
                .map(|found| found.uid()),
            own_pid: own_pid(pid),
            late: early.clone(),
            early,
            archives,
        }
    }

    /// Looks again; a process that has ended keeps what is known of it.
    fn refresh(&mut self) {
        let late = memory::code_regions_of(self.pid);
        if !late.is_empty() {
            self.late = late;
        }
        self.archives.look_at(self.pid, &self.late);
    }

    fn regions(&self) -> WindowRegions<'_> {
        WindowRegions {
            start: &self.early,
            end: &self.late,
        }
    }

    /// Returns the place in a file that an address is mapped from, or was.
    pub fn file_of(&self, address: u64) -> Option<MappedFile> {
        self.regions().file_of(address)
    }

    /// Returns the class of the region with an address.
    pub fn class_of(&self, address: u64) -> RegionClass {
        self.regions().class_of(address)
    }

    /// Returns the root folder; `None` if the process ended before it could be opened.
    pub fn root(&self) -> Option<&Root> {
        self.root.as_deref()
    }

    /// Opens a file that code was mapped from; `None` if another file has its path by now.
    pub fn open(&self, mapped: &MappedFile) -> Option<File> {
        if mapped.path == Path::new(vdso::PATH) {
            return self.vdso.as_ref()?.try_clone().ok();
        }
        match &self.open {
            Some(executable) if self.executable.1 == mapped.inode => executable.try_clone().ok(),
            _ => open_mapped(self.root()?, mapped),
        }
    }

    /// Returns the archives of Java classes that the process holds open, or did.
    pub fn archives(&self) -> &Archives {
        &self.archives
    }

    /// Returns the user that the process belongs to.
    pub fn user(&self) -> Option<u32> {
        self.user
    }

    /// Returns the process id in the process's own PID namespace.
    pub fn own_pid(&self) -> u32 {
        self.own_pid
    }

    /// Returns the paths of JIT dumps: a runtime maps its dump, so that perf sees it.
    pub fn jit_dumps(&self) -> Vec<PathBuf> {
        let is_dump = |path: &&PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("jit-") && name.ends_with(".dump")
        };
        let paths = self.late.files().chain(self.early.files());
        let mut dumps: Vec<PathBuf> = paths.filter(is_dump).cloned().collect();
        dumps.sort();
        dumps.dedup();
        dumps
    }
}

/// The code of the target's processes, by process id.
#[derive(Debug, Default)]
pub struct Processes {
    processes: BTreeMap<u32, ProcessCode>,
    shared: Shared,
    ticks: usize,
}

/// Open files, each once: the processes of a tree mostly have the same.
#[derive(Debug, Default)]
struct Shared {
    /// By mount namespace, device and inode.
    roots: BTreeMap<(u64, u64, u64), Rc<Root>>,
    /// By device and inode.
    executables: BTreeMap<(u64, u64), Rc<File>>,
    vdsos: vdso::Images,
}

impl Shared {
    fn root_of(&mut self, pid: u32) -> Option<Rc<Root>> {
        let namespace = fs::metadata(format!("/proc/{pid}/ns/mnt")).ok()?;
        let folder = fs::metadata(format!("/proc/{pid}/root")).ok()?;
        let key = (namespace.ino(), folder.dev(), folder.ino());
        match self.roots.entry(key) {
            Entry::Occupied(known) => Some(known.get().clone()),
            Entry::Vacant(free) => Some(free.insert(Rc::new(Root::of_process(pid).ok()?)).clone()),
        }
    }

    fn executable_of(&mut self, pid: u32, key: (u64, u64)) -> Option<Rc<File>> {
        if let Some(known) = self.executables.get(&key) {
            return Some(known.clone());
        }
        let file = File::open(format!("/proc/{pid}/exe")).ok()?;
        let found = file.metadata().ok()?;
        let file = ((found.dev(), found.ino()) == key).then(|| Rc::new(file))?;
        self.executables.insert(key, file.clone());
        Some(file)
    }
}

impl Processes {
    /// Begins with the mappings that processes have now.
    pub fn now(pids: &[u32]) -> Self {
        let mut processes = Processes::default();
        pids.iter().for_each(|pid| processes.look_at(*pid));
        processes
    }

    /// Looks for new processes, and for those that became another program by exec.
    pub fn tick(&mut self, pids: &[u32]) {
        self.ticks += 1;
        let is_turn = self.ticks.is_multiple_of(1 + pids.len() / A_TICK);
        for pid in pids {
            if is_turn || !self.processes.contains_key(pid) {
                self.look_at(*pid);
            }
        }
    }

    /// Forgets all processes but these.
    pub fn keep(&mut self, pids: &[u32]) {
        let pids: BTreeSet<u32> = pids.iter().copied().collect();
        self.processes.retain(|pid, _| pids.contains(pid));
    }

    fn look_at(&mut self, pid: u32) {
        let Ok(found) = fs::metadata(format!("/proc/{pid}/exe")) else {
            return;
        };
        let executable = (found.dev(), found.ino());
        match self.processes.get_mut(&pid) {
            Some(known) if known.executable == executable => {
                known.looks += 1;
                // Most libraries are loaded early.
                if known.looks.is_power_of_two() && known.looks.trailing_zeros().is_multiple_of(2) {
                    known.refresh();
                }
            }
            _ => {
                let process = ProcessCode::read(pid, executable, &mut self.shared);
                self.processes.insert(pid, process);
            }
        }
    }

    /// Reads the mappings at the end of the window.
    pub fn close(&mut self, pids: &[u32]) {
        pids.iter().for_each(|pid| self.look_at(*pid));
        self.processes.values_mut().for_each(ProcessCode::refresh);
    }

    /// Returns the code of a process; `None` if it ended before it was looked at.
    pub fn get(&self, pid: u32) -> Option<&ProcessCode> {
        self.processes.get(&pid)
    }
}

/// Returns the process id that a process has in its own PID namespace, which names its files.
fn own_pid(pid: u32) -> u32 {
    let status = read_lossy(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    let innermost = line.and_then(|pids| pids.split_whitespace().next_back());
    innermost
        .and_then(|number| number.parse().ok())
        .unwrap_or(pid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn keeps_the_code_of_a_process_that_has_ended() {
        let mut child = Command::new("sleep")
            .arg("30")
            .stdin(Stdio::null())
            .spawn()
            .expect("it starts");
        let pid = child.id();
        let mut processes = Processes::now(&[pid]);
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        processes.tick(&[pid]);
        processes.close(&[pid]);
        let code = processes.get(pid).expect("it was looked at");
        assert!(!code.early.is_empty() && code.root().is_some());
        assert_eq!(
            (code.own_pid(), code.user()),
            (pid, Some(nix::unistd::geteuid().as_raw()))
        );
        assert!(code.jit_dumps().is_empty());
        assert!(processes.get(1 << 30).is_none());
    }

    #[test]
    fn opens_the_vdso_by_its_mapping() {
        let pid = std::process::id();
        let processes = Processes::now(&[pid]);
        let code = processes.get(pid).expect("it lives");
        let range = code.early.vdso().expect("the kernel maps one");
        let mapped = code.file_of(range.start + 64).expect("it is code");
        assert_eq!((mapped.offset, mapped.inode), (64, 0));
        assert!(code.open(&mapped).is_some());
    }

    #[test]
    fn reads_mappings_again_after_an_exec() {
        let mut shell = Command::new("sh")
            .args(["-c", "read line; exec sleep 30"])
            .stdin(Stdio::piped())
            .spawn()
            .expect("it starts");
        let pid = shell.id();
        let files = |processes: &Processes| -> Vec<PathBuf> {
            let code = processes.get(pid).expect("it lives");
            code.early.files().cloned().collect()
        };
        let mut processes = Processes::now(&[pid]);
        let before = files(&processes);
        drop(shell.stdin.take());
        while fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name != "sleep\n") {
            std::thread::yield_now();
        }
        processes.tick(&[pid]);
        let after = files(&processes);
        shell.kill().expect("it runs");
        shell.wait().expect("it ends");
        let is_sleep = |path: &&PathBuf| path.ends_with("sleep");
        assert_eq!(before.iter().filter(is_sleep).count(), 0, "{before:?}");
        assert_eq!(after.iter().filter(is_sleep).count(), 1, "{after:?}");
    }
}
