//! The kernel's own accounting of the target at one instant, from `/proc`. Checks hold the
//! recording against its growth.

use super::tasks::{Tasks, comm};
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use procfs::process::{ProcState, Process, Stat};
use procfs::{CurrentSI, KernelStats};
use profiler_common::TaskRecord;
use recording::process::Faults;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Length of a tick of `/proc`'s times: USER_HZ, which is part of the kernel's interface, is 100 on
/// every architecture that aya supports.
pub const TICK_NS: u64 = 10_000_000;

/// The kernel's accounting of some processes at one instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProcSnapshot {
    /// Each live process, by process id.
    pub processes: BTreeMap<u32, ProcessAccounting>,
    /// Each live thread, by thread id.
    pub threads: BTreeMap<u32, TaskAccounting>,
    /// Steal time of all CPUs, ns.
    pub steal_ns: u64,
    /// When processes joined the target, if that was later: monotonic ns by process id.
    pub joined_ns: BTreeMap<u32, u64>,
}

/// The kernel's accounting of a process, ended threads included.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProcessAccounting {
    /// Minor faults.
    pub minor: u64,
    /// Major faults.
    pub major: u64,
    /// CPU clock (clock_getcpuclockid(3)), ns.
    pub cpu_clock_ns: u64,
    /// CPU time in the kernel, ns; the kernel counts it in ticks of 10 ms.
    pub kernel_ns: u64,
}

/// The kernel's accounting of a thread.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskAccounting {
    /// Name (`comm`).
    pub name: String,
    /// Process that it belongs to.
    pub tgid: u32,
    /// On-CPU time, ns (`schedstat`).
    pub exec_ns: u64,
    /// Run-queue time, ns (`schedstat`).
    pub run_delay_ns: u64,
    /// Voluntary switches.
    pub voluntary: u64,
    /// Involuntary switches.
    pub involuntary: u64,
    /// Page faults, minor and major.
    pub faults: u64,
    /// Whether it had a CPU or waited for one.
    pub runs: bool,
}

impl ProcSnapshot {
    /// Reads `/proc` for some processes and their threads. Those that have ended are left out.
    pub fn read(pids: &[u32]) -> Self {
        let mut snapshot = Self::of_processes(pids);
        snapshot.add_threads(pids);
        snapshot
    }

    /// Reads the accounting just after a window closed, of `running` threads first. Without an
    /// iterator over `tasks`, only the name is read of `settled` threads, whose accounting is
    /// known: that of thousands takes a while.
    pub fn after_window(
        pids: &[u32],
        tasks: impl FnOnce() -> Tasks,
        running: &[(u32, u32)],
        settled: &[(u32, u32)],
    ) -> Self {
        let mut snapshot = ProcSnapshot::default();
        snapshot.read_threads(running);
        let tasks = tasks();
        if !snapshot.add_tasks(pids, &tasks) {
            let named = |(pid, tid): &(u32, u32)| Some((*tid, name_of(*pid, *tid)?));
            snapshot.threads.extend(settled.iter().filter_map(named));
            snapshot.add_threads(pids);
        }
        ProcSnapshot {
            threads: snapshot.threads,
            ..Self::of_processes(pids)
        }
    }

    /// Reads the accounting just before a window opens, of `tasks` or else in `/proc`. Thousands of
    /// threads take a while there, so that those that had a CPU are read again at the end.
    pub fn before_window(pids: &[u32], tasks: &Tasks) -> Self {
        /// More cannot have a CPU on most machines; the programs see the others get one.
        const MOST: usize = 64;
        let mut snapshot = ProcSnapshot::default();
        if !snapshot.add_tasks(pids, tasks) {
            snapshot.add_threads(pids);
        }
        let running = snapshot.threads.iter().filter(|(_, task)| task.runs);
        let running = running.map(|(tid, task)| (task.tgid, *tid));
        let running: Vec<(u32, u32)> = running.take(MOST).collect();
        snapshot.read_threads(&running);
        ProcSnapshot {
            threads: snapshot.threads,
            ..Self::of_processes(pids)
        }
    }

    /// Reads threads, given as process and thread id.
    fn read_threads(&mut self, threads: &[(u32, u32)]) {
        let read = |(pid, tid): &(u32, u32)| Some((*tid, thread_of(*pid, *tid)?));
        self.threads.extend(threads.iter().filter_map(read));
    }

    /// Reads `/proc` for some processes, without their threads.
    pub fn of_processes(pids: &[u32]) -> Self {
        let accounting = |pid: &u32| Some((*pid, process_of(*pid)?));
        ProcSnapshot {
            steal_ns: steal_ns(),
            processes: pids.iter().filter_map(accounting).collect(),
            ..ProcSnapshot::default()
        }
    }

    /// Adds processes that join the target at `now`, monotonic ns.
    pub fn add_joined(&mut self, pids: &[u32], now: u64) {
        self.joined_ns.extend(pids.iter().map(|pid| (*pid, now)));
        self.add(pids);
    }

    /// Adds processes and their threads to the snapshot.
    pub fn add(&mut self, pids: &[u32]) {
        self.processes.extend(Self::of_processes(pids).processes);
        self.add_threads(pids);
    }

    /// Adds the threads of processes that are not in the snapshot yet, as the iterator has them;
    /// returns whether there is one.
    fn add_tasks(&mut self, pids: &[u32], tasks: &Tasks) -> bool {
        let Some(threads) = tasks.of(pids) else {
            return false;
        };
        for task in threads {
            self.threads.entry(task.tid).or_insert_with(|| task.into());
        }
        true
    }

    /// Adds the threads of processes that are not in the snapshot yet, by `/proc`.
    fn add_threads(&mut self, pids: &[u32]) {
        let tids = |pid: &u32| {
            let pid = *pid;
            tids_of(pid).into_iter().map(move |tid| (pid, tid))
        };
        for (pid, tid) in pids.iter().flat_map(tids) {
            if let Entry::Vacant(vacant) = self.threads.entry(tid)
                && let Some(task) = thread_of(pid, tid)
            {
                vacant.insert(task);
            }
        }
    }

    /// Takes a later snapshot over. Processes that have ended since keep what was last read.
    pub fn update(&mut self, later: Self) {
        self.processes.extend(later.processes);
        self.threads = later.threads;
        self.steal_ns = later.steal_ns;
    }

    /// Adds up the growth of the processes' accounting since an earlier snapshot. Those that it
    /// does not have began later.
    fn grown(&self, before: &Self, field: fn(&ProcessAccounting) -> u64) -> u64 {
        let at = |pid| before.processes.get(pid).map_or(0, field);
        let grown = self.processes.iter();
        grown
            .map(|(pid, now)| field(now).saturating_sub(at(pid)))
            .sum()
    }

    /// Returns the growth of the CPU clocks since an earlier snapshot.
    pub fn cpu_clock_since(&self, before: &Self) -> u64 {
        self.grown(before, |process| process.cpu_clock_ns)
    }

    /// Returns the steal time of all CPUs since an earlier snapshot, ns.
    pub fn steal_since(&self, before: &Self) -> u64 {
        self.steal_ns.saturating_sub(before.steal_ns)
    }

    /// Splits `on_cpu_ns` into user and kernel time by the kernel's ticks since an earlier
    /// snapshot.
    pub fn split_since(&self, before: &Self, on_cpu_ns: u64) -> (u64, u64) {
        let kernel_ns = self.grown(before, |process| process.kernel_ns);
        let kernel_ns = kernel_ns.min(on_cpu_ns);
        (on_cpu_ns - kernel_ns, kernel_ns)
    }

    /// Returns the page faults since an earlier snapshot. Their mode and region are not known here.
    pub fn faults_since(&self, before: &Self) -> Faults {
        Faults {
            minor: self.grown(before, |process| process.minor),
            major: self.grown(before, |process| process.major),
            ..Faults::default()
        }
    }
}

impl From<&TaskRecord> for TaskAccounting {
    fn from(task: &TaskRecord) -> Self {
        TaskAccounting {
            name: comm(&task.comm),
            tgid: task.tgid,
            exec_ns: task.exec_ns,
            run_delay_ns: task.run_delay_ns,
            voluntary: task.voluntary,
            involuntary: task.involuntary,
            faults: task.faults,
            runs: task.state == 0,
        }
    }
}

impl TaskAccounting {
    /// Returns the growth since an earlier reading, without the name. Of counts, either reading may
    /// have the lower half only.
    pub fn since(&self, before: &Self) -> Self {
        let grown = |now: u64, before: u64| u64::from((now as u32).wrapping_sub(before as u32));
        TaskAccounting {
            name: String::new(),
            tgid: self.tgid,
            exec_ns: self.exec_ns.saturating_sub(before.exec_ns),
            run_delay_ns: self.run_delay_ns.saturating_sub(before.run_delay_ns),
            voluntary: grown(self.voluntary, before.voluntary),
            involuntary: grown(self.involuntary, before.involuntary),
            faults: grown(self.faults, before.faults),
            runs: false,
        }
    }
}

/// Returns the thread ids of a process; empty if it has ended.
pub fn tids_of(pid: u32) -> Vec<u32> {
    let entries = fs::read_dir(format!("/proc/{pid}/task"));
    let entries = entries.into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

fn process_of(pid: u32) -> Option<ProcessAccounting> {
    let stat = whole_stat_of(pid)?;
    Some(ProcessAccounting {
        minor: stat.minflt,
        major: stat.majflt,
        cpu_clock_ns: cpu_clock_ns(pid)?,
        kernel_ns: stat.stime * TICK_NS,
    })
}

/// Reads a thread by hand: with 10,000 of them, `procfs` would take several times as long to parse
/// fields that are not needed, at the very edges of the window.
fn thread_of(pid: u32, tid: u32) -> Option<TaskAccounting> {
    let read = |file: &str| read_lossy(format!("/proc/{pid}/task/{tid}/{file}"));
    let (status, stat) = (read("status")?, read("stat")?);
    let schedstat = read("schedstat")?;
    let mut times = schedstat.split(' ').map(|field| field.trim().parse().ok());
    let (name, fields) = split_stat(&stat)?;
    let faults = |field: usize| fields.split(' ').nth(field)?.parse::<u64>().ok();
    Some(TaskAccounting {
        name: name.to_owned(),
        tgid: pid,
        runs: fields.starts_with('R'),
        faults: faults(MINFLT)? + faults(MAJFLT)?,
        exec_ns: times.next()??,
        run_delay_ns: times.next()??,
        voluntary: status_field(&status, "voluntary_ctxt_switches")?,
        involuntary: status_field(&status, "nonvoluntary_ctxt_switches")?,
    })
}

/// Reads the name of a thread alone; `None` if it has ended.
pub fn name_of(pid: u32, tid: u32) -> Option<TaskAccounting> {
    let name = read_lossy(format!("/proc/{pid}/task/{tid}/comm"))?;
    Some(TaskAccounting {
        name: name.strip_suffix('\n').unwrap_or(&name).to_owned(),
        tgid: pid,
        ..TaskAccounting::default()
    })
}

/// Fields of `/proc/PID/stat` after the name, counted from 0 (proc_pid_stat(5) counts from 3).
const MINFLT: usize = 10 - 3;
const MAJFLT: usize = 12 - 3;

/// Splits `/proc/PID/stat` into the name, which may contain any character, and the fields after it.
fn split_stat(stat: &str) -> Option<(&str, &str)> {
    let (head, fields) = stat.rsplit_once(") ")?;
    Some((head.split_once('(')?.1, fields))
}

/// Reads a file of `/proc`; `None` if its process has ended. A program may give itself a name that
/// is not UTF-8, or that is cut inside a character: such bytes become replacement characters.
pub fn read_lossy(path: impl AsRef<Path>) -> Option<String> {
    // The kernel gives the size of no such file, and most fit into a page.
    let (mut file, mut bytes) = (File::open(path).ok()?, Vec::with_capacity(4096));
    file.read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the folder of a process; `None` if it has ended. If its main thread has ended
/// (`pthread_exit(3)`) and others go on, that of another thread: memory, files and descriptors are
/// gone from the main thread's.
pub fn folder(pid: u32) -> Option<PathBuf> {
    if !is_zombie(&stat_of(pid)?) {
        return Some(format!("/proc/{pid}").into());
    }
    let tid = tids_of(pid).into_iter().find(|tid| *tid != pid)?;
    Some(format!("/proc/{pid}/task/{tid}").into())
}

/// Opens the [`folder`] of a process.
pub fn open(pid: u32) -> Option<Process> {
    Process::new_with_root(folder(pid)?).ok()
}

fn is_zombie(stat: &Stat) -> bool {
    matches!(stat.state(), Ok(ProcState::Zombie | ProcState::Dead))
}

/// Returns a number of `/proc/PID/status`, in the unit that it has there.
pub fn status_field(status: &str, name: &str) -> Option<u64> {
    let value = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    value.split_whitespace().next()?.parse().ok()
}

/// Returns the main thread's `stat`; `None` if the process has ended. Its identity, parent and
/// state are those of the process, and `/proc/PID/stat` adds up all threads, which takes
/// milliseconds with thousands of them.
fn stat_of(pid: u32) -> Option<Stat> {
    let folder = format!("/proc/{pid}/task/{pid}");
    Process::new_with_root(folder.into()).ok()?.stat().ok()
}

/// Returns `/proc/PID/stat`, which adds up all threads; `None` if the process has ended.
fn whole_stat_of(pid: u32) -> Option<Stat> {
    Process::new(pid.cast_signed()).ok()?.stat().ok()
}

/// Returns the start time of a process in clock ticks since boot. PIDs are reused; the PID and the
/// start time together are not.
pub fn start_time_ticks(pid: u32) -> Option<u64> {
    Some(stat_of(pid)?.starttime)
}

/// Returns the parent of a process; `None` if the process has ended.
pub fn parent_of(pid: u32) -> Option<u32> {
    Some(stat_of(pid)?.ppid.cast_unsigned())
}

/// Returns whether a process has ended, whether or not its parent has reaped it. A process whose
/// main thread alone has ended is still running.
pub fn has_ended(pid: u32, start_time: u64) -> bool {
    stat_of(pid).is_none_or(|stat| {
        let others = || tids_of(pid).iter().any(|tid| *tid != pid);
        stat.starttime != start_time || (is_zombie(&stat) && !others())
    })
}

fn steal_ns() -> u64 {
    let stats = KernelStats::current();
    stats.map_or(0, |stats| stats.total.steal.unwrap_or(0) * TICK_NS)
}

/// Returns the kernel's CPU clock of a process (clock_getcpuclockid(3)), ended threads included.
fn cpu_clock_ns(pid: u32) -> Option<u64> {
    let clock = clock_getcpuclockid(Pid::from_raw(pid.try_into().ok()?)).ok()?;
    let time = Duration::from(clock_gettime(clock).ok()?);
    u64::try_from(time.as_nanos()).ok()
}

#[cfg(test)]
mod tests;
