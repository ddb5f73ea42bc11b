//! Which process is recorded, and what it is.

use super::kernel_truth::start_time_ticks;
use anyhow::{Context, Result, bail};
use profiler_common::Pairing;
use std::fs;
use std::path::{Path, PathBuf};

/// A process to record, named for good by PID and start time.
#[derive(Clone, Debug, PartialEq)]
pub struct Process {
    /// Process id.
    pub pid: u32,
    /// Start time in clock ticks since boot.
    pub start_time: u64,
}

impl Process {
    /// The process with this PID, if it is there and may be looked at.
    pub fn find(pid: u32) -> Result<Self> {
        let start_time = start_time_ticks(pid).with_context(|| {
            format!("there is no process {pid}: look it up with `pgrep NAME` or `ps`")
        })?;
        if pid == std::process::id() {
            bail!("process {pid} is kontrast itself");
        }
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        if status
            .lines()
            .any(|line| line.starts_with("Tgid:") && line[5..].trim() != pid.to_string())
        {
            bail!(
                "{pid} is a thread, not a process: give the process it belongs to (Tgid in /proc/{pid}/status)"
            );
        }
        Ok(Process { pid, start_time })
    }
}

/// The executable, if it may be read.
pub fn executable(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/exe")).ok()
}

/// Size of a process's executable; 0 where it cannot be told.
pub fn executable_bytes(pid: u32) -> u64 {
    fs::metadata(format!("/proc/{pid}/exe")).map_or(0, |file| file.len())
}

/// What is recorded now: a process may become another program, as a shell does that was held back at its exec.
pub fn now(target: &recording::Target) -> recording::Target {
    let ended = super::kernel_truth::has_ended(target.pid, target.start_time_ticks);
    match executable_bytes(target.pid) {
        0 => target.clone(),
        _ if ended => target.clone(),
        binary_bytes => recording::Target {
            cmdline: cmdline(target.pid),
            binary_bytes,
            ..target.clone()
        },
    }
}

/// The command line.
pub fn cmdline(pid: u32) -> Vec<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let arguments = bytes
        .split(|byte| *byte == 0)
        .filter(|argument| !argument.is_empty());
    arguments
        .map(|argument| String::from_utf8_lossy(argument).into_owned())
        .collect()
}

/// The runtime family, guessed: Go marks its executables, the others go by their file's name.
pub fn guess_runtime(executable: &Path) -> &'static str {
    let name = executable
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    for runtime in ["bun", "node", "deno", "python"] {
        if name.starts_with(runtime) {
            return runtime;
        }
    }
    if has_go_build_info(executable) {
        "go"
    } else {
        "unknown"
    }
}

/// Go's linker puts this mark at the start of a data section (`debug/buildinfo` in its library looks for it too).
fn has_go_build_info(executable: &Path) -> bool {
    const MARK: &[u8] = b"\xff Go buildinf:";
    const LIMIT: u64 = 256 << 20;
    let small = fs::metadata(executable).is_ok_and(|file| file.is_file() && file.len() < LIMIT);
    small
        && fs::read(executable)
            .is_ok_and(|bytes| bytes.windows(MARK.len()).any(|window| window == MARK))
}

/// How a runtime's receives are paired with the sends they cause.
pub fn pairing_of(runtime: &str) -> Pairing {
    match runtime {
        // Register r14 holds the goroutine on x86-64 only.
        "go" if cfg!(target_arch = "x86_64") => Pairing::Goroutine,
        "bun" | "node" | "deno" | "python" => Pairing::Fifo,
        _ => Pairing::Pool,
    }
}

/// How the name of the runtime's collector threads begins, as the kernel holds it in memory; 0 where they have no name of
/// their own.
pub fn collector_of(runtime: &str) -> u64 {
    let name = analysis::runtime::collector_name(runtime);
    name.map_or(0, |name| u64::from_ne_bytes(*name))
}

/// TCP ports a process listens on.
pub fn listening_ports(pid: u32) -> Vec<u16> {
    let sockets = socket_inodes(pid);
    let tables = ["tcp", "tcp6"]
        .map(|table| fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default());
    let listening = tables
        .iter()
        .flat_map(|table| table.lines())
        .filter_map(listening_entry);
    listening
        .filter(|(_, inode)| sockets.contains(inode))
        .map(|(port, _)| port)
        .collect()
}

/// How many connections to these ports are established.
pub fn open_connections(pid: u32, ports: &[u16]) -> u64 {
    let tables = ["tcp", "tcp6"]
        .map(|table| fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default());
    let lines = tables.iter().flat_map(|table| table.lines());
    let open = lines.filter_map(|line| entry(line, ESTABLISHED));
    open.filter(|(port, _)| ports.contains(port)).count() as u64
}

/// States of a socket in `/proc/net/tcp`.
const ESTABLISHED: &str = "01";
const LISTEN: &str = "0A";

fn listening_entry(line: &str) -> Option<(u16, u64)> {
    entry(line, LISTEN)
}

/// Local port and inode of a line of `/proc/net/tcp` whose socket is in this state.
fn entry(line: &str, wanted: &str) -> Option<(u16, u64)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
    let port = u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok()?;
    (*state == wanted).then_some((port, inode.parse().ok()?))
}

fn socket_inodes(pid: u32) -> Vec<u64> {
    let links = fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten()
        .flatten();
    let inode = |link: fs::DirEntry| {
        let name = fs::read_link(link.path()).ok()?;
        name.to_str()?
            .strip_prefix("socket:[")?
            .strip_suffix(']')?
            .parse()
            .ok()
    };
    links.filter_map(inode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_process_is_refused() {
        let error = Process::find(u32::MAX >> 1).expect_err("no such process");
        assert!(error.to_string().contains("there is no process"));
        assert!(Process::find(std::process::id()).is_err());
    }

    #[test]
    fn a_listening_socket_is_found() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = socket.local_addr().expect("bound").port();
        assert!(listening_ports(std::process::id()).contains(&port));
        let open = || open_connections(std::process::id(), &[port]);
        assert_eq!(open(), 0);
        let client = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        assert_eq!(open(), 1);
        drop(client);
        drop(socket);
        assert!(!listening_ports(std::process::id()).contains(&port));
    }

    #[test]
    fn runtimes_by_name() {
        assert_eq!(guess_runtime(Path::new("/opt/bun-1.4/bun")), "bun");
        assert_eq!(guess_runtime(Path::new("/usr/bin/python3.11")), "python");
        assert_eq!(guess_runtime(Path::new("/no/such/file")), "unknown");
    }

    #[test]
    fn a_malformed_line_is_no_socket() {
        assert_eq!(listening_entry("  sl  local_address rem_address"), None);
        assert_eq!(
            listening_entry("0: 0100007F:1F90 00000000:0000 01 0 0 0 0 0 77"),
            None
        );
    }
}
