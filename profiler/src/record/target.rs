//! The target: which process is recorded, and its description.

use super::Options;
use super::proc_snapshot::{self, has_ended, read_lossy, start_time_ticks, status_field};
use super::symbols::root::Root;
use anyhow::{Context, Result, bail};
use recording::Target;
use recording::vocabulary::Runtime;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A process to record, identified by PID and start time: PIDs are reused.
#[derive(Clone, Debug, PartialEq)]
pub struct Process {
    /// Process id.
    pub pid: u32,
    /// Start time in clock ticks since boot.
    pub start_time: u64,
}

impl Process {
    /// Finds the process with this PID.
    ///
    /// # Errors
    /// There is no such process, it is this one, or the number is that of a thread.
    pub fn find(pid: u32) -> Result<Self> {
        let start_time = start_time_ticks(pid).with_context(|| {
            format!("there is no process {pid}: look it up with `pgrep NAME` or `ps`")
        })?;
        if pid == std::process::id() {
            bail!("process {pid} is kontrast itself: give the PID of another process");
        }
        let status = read_lossy(format!("/proc/{pid}/status")).unwrap_or_default();
        match status_field(&status, "Tgid") {
            Some(tgid) if tgid != u64::from(pid) => {
                bail!("{pid} is a thread, not a process: give the process it belongs to, {tgid}")
            }
            _ => Ok(Process { pid, start_time }),
        }
    }

    /// Returns whether it has ended.
    pub fn has_ended(&self) -> bool {
        has_ended(self.pid, self.start_time)
    }
}

/// Returns the PIDs of processes.
pub fn pids(processes: &[Process]) -> Vec<u32> {
    processes.iter().map(|process| process.pid).collect()
}

/// Returns the path of the executable, if it may be read.
pub fn executable(pid: u32) -> Option<PathBuf> {
    proc_snapshot::open(pid)?.exe().ok()
}

/// Returns the name of a process's executable as it was started, without its folder: that of a
/// link to it, such as `redis-server`, where the first argument or the command name has it.
pub fn executable_name(pid: u32) -> Option<String> {
    let path = executable(pid)?;
    let started = started_as(pid, &path).or_else(|| Some(file_name(&path)));
    // The kernel marks executables that were deleted or replaced since.
    let name = started?.trim_end_matches(" (deleted)").to_owned();
    Some(name).filter(|name| !name.is_empty())
}

/// Returns the name of the link that a process was started by. Programs may change both names, so
/// that only one that leads to the executable counts.
fn started_as(pid: u32, executable: &Path) -> Option<String> {
    let folder = proc_snapshot::folder(pid)?;
    let found = fs::metadata(folder.join("exe")).ok()?;
    let argument = cmdline(pid).into_iter().next().unwrap_or_default();
    let command = read_lossy(folder.join("comm")).unwrap_or_default();
    let beside = |name: &str| executable.with_file_name(file_name(Path::new(name.trim_end())));
    // Programs that set a title write it into one argument.
    let title = argument.split(' ').next().unwrap_or_default();
    let paths = [PathBuf::from(&argument), beside(title), beside(&command)];
    let root = Root::of_process(pid).ok()?;
    let leads_there = |path: &&PathBuf| {
        let link = path.is_absolute().then(|| root.open(path).ok()).flatten();
        let link = link.and_then(|file| file.metadata().ok());
        link.is_some_and(|link| (link.dev(), link.ino()) == (found.dev(), found.ino()))
    };
    paths.iter().find(leads_there).map(|path| file_name(path))
}

/// Returns the last part of a path.
pub fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Describes the processes to record; `runtime` is what they were recognised as.
///
/// # Errors
/// The list is empty.
pub fn describe(processes: &[Process], options: &Options, runtime: Runtime) -> Result<Target> {
    let first = processes.first().context("no process to record")?;
    let pid = first.pid;
    let named = options.arm.clone().or_else(|| executable_name(pid));
    Ok(Target {
        arm: named.unwrap_or_else(|| format!("pid {pid}")),
        pid,
        start_time_ticks: first.start_time,
        other_pids: pids(&processes[1..]),
        runtime,
        runtime_version: options.runtime_version.clone(),
        cmdline: cmdline(pid),
        binary_bytes: executable_bytes(pid),
        installed_bytes: None,
    })
}

/// Describes the target as it is now. A process may have become another program by exec, as the
/// shell of a suspended command does.
pub fn describe_again(target: &Target, runtime: Runtime) -> Target {
    let target = Target {
        runtime,
        ..target.clone()
    };
    match executable_bytes(target.pid) {
        0 => target,
        _ if has_ended(target.pid, target.start_time_ticks) => target,
        binary_bytes => Target {
            cmdline: cmdline(target.pid),
            binary_bytes,
            ..target
        },
    }
}

/// Returns the size of a process's executable; 0 where it cannot be read.
fn executable_bytes(pid: u32) -> u64 {
    // Through the link, since the path may lie in another mount namespace.
    let file = proc_snapshot::folder(pid).and_then(|folder| fs::metadata(folder.join("exe")).ok());
    file.map_or(0, |file| file.len())
}

/// Bytes of a command line that are kept: the kernel allows megabytes.
const CMDLINE_BYTES: u64 = 16 << 10;

/// Returns the arguments of a process. Where they are too long, the last one that is kept ends with
/// an ellipsis.
fn cmdline(pid: u32) -> Vec<String> {
    let file =
        proc_snapshot::folder(pid).and_then(|folder| File::open(folder.join("cmdline")).ok());
    let mut bytes = Vec::new();
    let read = file.map(|file| file.take(CMDLINE_BYTES + 1).read_to_end(&mut bytes));
    if !matches!(read, Some(Ok(_))) {
        return Vec::new();
    }
    let cut = bytes.len() as u64 > CMDLINE_BYTES;
    bytes.truncate(CMDLINE_BYTES as usize);
    let text = String::from_utf8_lossy(&bytes);
    let arguments = text.split('\0').filter(|argument| !argument.is_empty());
    let mut arguments: Vec<String> = arguments.map(str::to_owned).collect();
    if let Some(last) = arguments.last_mut().filter(|_| cut) {
        last.push('…');
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt;

    #[test]
    fn rejects_numbers_that_are_no_other_process() {
        let error = Process::find(u32::MAX >> 1).expect_err("no such process");
        assert!(error.to_string().contains("there is no process"));
        let error = Process::find(std::process::id()).expect_err("this process");
        assert!(error.to_string().contains("kontrast itself"));
    }

    #[test]
    fn cuts_a_command_line_of_a_megabyte() {
        let long = "x".repeat(100_000);
        let mut command = std::process::Command::new("/bin/sh");
        command.args(["-c", "echo ready; read -r end", "sh"]);
        command.args(std::iter::repeat_n(&long, 10));
        command.stdin(std::process::Stdio::piped());
        command.stdout(std::process::Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let mut ready = [0; 6];
        let output = child.stdout.as_mut().expect("piped");
        output.read_exact(&mut ready).expect("it runs");
        let arguments = cmdline(child.id());
        drop(child.stdin.take());
        child.wait().expect("it ends");
        let whole: usize = arguments.iter().map(String::len).sum();
        assert!(whole as u64 <= CMDLINE_BYTES + 3, "{whole} bytes");
        let last = arguments.last().expect("some are kept");
        assert!(
            last.starts_with("xxx") && last.ends_with('…'),
            "{whole} bytes"
        );
    }

    #[test]
    fn names_a_process_by_the_link_that_it_was_started_by() {
        let dir = tempfile::tempdir().expect("a folder");
        let program = dir.path().join("redis-check-rdb");
        let link = dir.path().join("redis-server");
        fs::copy("/bin/sleep", &program).expect("copied");
        std::os::unix::fs::symlink("redis-check-rdb", &link).expect("linked");
        let name_of = |path: &Path, argument: &str| {
            let mut command = std::process::Command::new(path);
            let mut child = command.arg0(argument).arg("30").spawn().expect("it starts");
            // The kernel gives the command its name a moment after the exec, and then arguments.
            let command_name = || fs::read_to_string(format!("/proc/{}/comm", child.id()));
            let named = |name: String| name.starts_with("redis") && !cmdline(child.id()).is_empty();
            while command_name().is_ok_and(|name| !named(name)) {
                std::thread::yield_now();
            }
            let name = executable_name(child.id());
            child.kill().expect("it runs");
            child.wait().expect("it ends");
            name.expect("it ran")
        };
        let path = link.to_str().expect("text");
        assert_eq!(name_of(&link, path), "redis-server");
        // As after a title was set: only the command name has it.
        assert_eq!(
            name_of(&link, "redis-server 127.0.0.1:6379"),
            "redis-server"
        );
        assert_eq!(name_of(&link, "anything"), "redis-server");
        assert_eq!(name_of(&program, "redis-server"), "redis-server");
        assert_eq!(name_of(&program, "/bin/sh"), "redis-check-rdb");
    }

    #[test]
    fn rejects_threads_and_names_their_process() {
        let (send_tid, tid) = std::sync::mpsc::channel();
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            send_tid
                .send(nix::unistd::gettid().as_raw())
                .expect("the test waits");
            // Ends when the test drops its end.
            let _ = stopped.recv();
        });
        let tid = tid.recv().expect("a thread id");
        let error = Process::find(tid.cast_unsigned()).expect_err("a thread");
        drop(stop);
        thread.join().expect("it ends");
        let own = std::process::id().to_string();
        assert!(error.to_string().ends_with(&own), "{error}");
    }
}
