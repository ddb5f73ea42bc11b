//! Counters of other tools: `perf stat` and bpftrace.

use anyhow::{Context, Result, bail, ensure};
use procfs::process::{Process, Stat, all_processes};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::process;

/// bpftrace prints its first line before the last of its probes is attached.
const ATTACHING: Duration = Duration::from_secs(2);
/// Events of `perf stat`.
const EVENTS: &str = "task-clock,context-switches,minor-faults,major-faults";

/// Counts of other tools.
#[derive(Debug, Default)]
pub struct Counted {
    /// Time on a CPU. (The kernel's own accounting in `/proc` charges up to some per cent of
    /// waiting as running, see docs/recording.md.)
    pub cpu_ns: u64,
    /// Context switches.
    pub switches: u64,
    /// Page faults.
    pub faults: u64,
    /// Entries of system calls by number.
    pub syscalls: BTreeMap<u32, u64>,
    /// Processes at the end.
    pub processes: u64,
    /// Threads at the end.
    pub threads: u64,
}

/// Tools that count.
pub struct Reference {
    root: u32,
    perf: Child,
    bpftrace: Child,
}

impl Reference {
    /// Starts to count the process and its descendants.
    ///
    /// # Errors
    /// Fails if a tool cannot be started.
    pub fn start(root: u32) -> Result<Self> {
        let tree = tree(root)?;
        let pids: Vec<String> = tree.iter().map(|stat| stat.pid.to_string()).collect();
        let arguments = ["stat", "-x,", "-e", EVENTS, "-p", &pids.join(",")];
        let mut command = process::as_root("perf", &arguments);
        let perf = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn();
        let perf = perf.context("cannot start perf: sudo apt-get install -y linux-perf")?;
        let bpftrace = bpftrace(&pids)?;
        // perf has attached within this time as well.
        thread::sleep(ATTACHING);
        Ok(Reference {
            root,
            perf,
            bpftrace,
        })
    }

    /// Stops, and returns the counts.
    ///
    /// # Errors
    /// Fails if a tool fails or prints nothing of the kind.
    pub fn stop(self) -> Result<Counted> {
        let Reference {
            root,
            perf,
            bpftrace,
        } = self;
        let tree = tree(root)?;
        let threads = tree
            .iter()
            .map(|stat| u64::try_from(stat.num_threads).unwrap_or(0));
        let mut counted = Counted {
            syscalls: syscalls(&interrupt(bpftrace, |child| {
                child
                    .stdout
                    .take()
                    .map(|out| Box::new(out) as Box<dyn Read>)
            })?),
            processes: tree.len() as u64,
            threads: threads.sum(),
            ..Counted::default()
        };
        let printed = interrupt(perf, |child| {
            child
                .stderr
                .take()
                .map(|out| Box::new(out) as Box<dyn Read>)
        })?;
        let events = events(&printed);
        let event = |name: &str| {
            let found = events.get(name).copied();
            found.with_context(|| format!("perf stat did not count {name}: {printed}"))
        };
        counted.cpu_ns = (event("task-clock")? * 1e6) as u64;
        counted.switches = event("context-switches")? as u64;
        counted.faults = (event("minor-faults")? + event("major-faults")?) as u64;
        ensure!(!counted.syscalls.is_empty(), "bpftrace saw no system call");
        Ok(counted)
    }
}

/// Starts to count entries of system calls, also of processes that are forked later.
fn bpftrace(pids: &[String]) -> Result<Child> {
    let set: String = pids.iter().map(|pid| format!("@t[{pid}] = 1; ")).collect();
    let script = format!(
        "BEGIN {{ {set} printf(\"attaching\\n\"); }} \
         tracepoint:sched:sched_process_fork /@t[pid]/ {{ @t[args->child_pid] = 1; }} \
         tracepoint:raw_syscalls:sys_enter /@t[pid]/ {{ @c[args->id] = count(); }} \
         END {{ clear(@t); }}"
    );
    let mut command = process::as_root("bpftrace", &["-e", &script]);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let child = command.spawn();
    let mut child = child.context("cannot start bpftrace: sudo apt-get install -y bpftrace")?;
    let stdout = child.stdout.take().context("its output was asked for")?;
    let mut reader = BufReader::new(stdout);
    let mut line = String::new();
    while line.trim_end() != "attaching" {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            bail!("bpftrace ended before it had attached");
        }
    }
    // Nothing more comes before the end, so that the buffer is empty.
    child.stdout = Some(reader.into_inner());
    Ok(child)
}

/// Interrupts a tool, and returns what it prints then.
fn interrupt(
    mut child: Child,
    output: impl FnOnce(&mut Child) -> Option<Box<dyn Read>>,
) -> Result<String> {
    let mut output = output(&mut child).context("its output was asked for")?;
    process::run_quietly(&mut process::as_root(
        "kill",
        &["-INT", &child.id().to_string()],
    ))?;
    let mut text = String::new();
    output.read_to_string(&mut text)?;
    child.wait()?;
    Ok(text)
}

/// Returns the process and its descendants.
fn tree(root: u32) -> Result<Vec<Stat>> {
    let stats: Vec<Stat> = all_processes()?
        .filter_map(|process: procfs::ProcResult<Process>| process.ok()?.stat().ok())
        .collect();
    let mut ids = BTreeSet::from([root.cast_signed()]);
    loop {
        let before = ids.len();
        let children = stats.iter().filter(|stat| ids.contains(&stat.ppid));
        let children: Vec<i32> = children.map(|stat| stat.pid).collect();
        ids.extend(children);
        if ids.len() == before {
            break;
        }
    }
    let tree: Vec<Stat> = stats
        .into_iter()
        .filter(|stat| ids.contains(&stat.pid))
        .collect();
    ensure!(!tree.is_empty(), "process {root} has ended");
    Ok(tree)
}

/// Parses the lines of `perf stat -x,`: `1234,,context-switches,…`. Clocks are in ms.
fn events(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter_map(|line| {
        let mut fields = line.split(',');
        let count = fields.next()?.parse().ok()?;
        let name = fields.nth(1)?.split(':').next()?;
        Some((name.to_owned(), count))
    });
    lines.collect()
}

/// Parses the lines of bpftrace: `@c[232]: 5678`.
fn syscalls(text: &str) -> BTreeMap<u32, u64> {
    let lines = text.lines().filter_map(|line| {
        let (number, count) = line.strip_prefix("@c[")?.split_once("]: ")?;
        Some((number.parse().ok()?, count.trim().parse().ok()?))
    });
    lines.collect()
}

/// Returns a command's first line of output, for the description of the host.
pub fn first_line(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.unwrap_or_default()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_output_of_both_tools() {
        let perf = "\
# started on Sun Nov 29
4321.50,msec,task-clock,4321500000,100.00,0.864,CPUs utilized
1234,,context-switches,5000000000,100.00,,
56,,minor-faults:u,5000000000,100.00,,
<not counted>,,major-faults,0,0.00,,
";
        let events = events(perf);
        assert_eq!(events.get("task-clock"), Some(&4321.5));
        assert_eq!(events.get("context-switches"), Some(&1234.0));
        assert_eq!(events.get("minor-faults"), Some(&56.0));
        assert_eq!(events.get("major-faults"), None);
        let bpftrace = "\n\n@c[0]: 12\n@c[232]: 5678\n@t[4]: 1\n";
        assert_eq!(syscalls(bpftrace), BTreeMap::from([(0, 12), (232, 5678)]));
    }

    #[test]
    fn finds_this_process_and_its_children() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let ids: Vec<i32> = tree(std::process::id())
            .unwrap()
            .iter()
            .map(|stat| stat.pid)
            .collect();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(ids.contains(&child.id().cast_signed()));
        assert!(ids.contains(&std::process::id().cast_signed()));
    }
}
