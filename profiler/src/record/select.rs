//! Which processes to record, by something other than their ids.

use super::proc_snapshot::{self, read_lossy};
use super::target::{Process, executable_name};
use super::{ports, quota};
use anyhow::{Context, Result, bail};
use globset::{Glob, GlobMatcher};
use procfs::process::all_processes;
use profiler_common::CgroupKey;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Levels of cgroups that are searched.
const MAX_DEPTH: usize = 16;
/// Prefixes of the names that container engines give to a cgroup, before the id: docker, containerd
/// (Kubernetes, nerdctl), podman and cri-o. Under cgroupfs the id may be the whole name.
const ENGINES: [&str; 6] = [
    "docker-",
    "cri-containerd-",
    "containerd-",
    "nerdctl-",
    "libpod-",
    "crio-",
];
/// Fewest digits of a container's id: `docker ps` shows twelve.
const SHORTEST_ID: usize = 4;

/// Processes of a cgroup and of those below it, those that join later included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cgroup(PathBuf);

impl Cgroup {
    /// Finds a cgroup by its path, as `/proc/PID/cgroup` has it, or by its folder.
    ///
    /// # Errors
    /// There is no such group.
    pub fn at(path: &Path) -> Result<Self> {
        let is_group = |folder: &Path| folder.join("cgroup.procs").is_file();
        let relative = path.strip_prefix("/").unwrap_or(path);
        let mut folders = quota::cgroup_roots()
            .into_iter()
            .map(|root| root.join(relative));
        let folder = match is_group(path) {
            true => Some(path.to_owned()),
            false => folders.find(|folder| is_group(folder)),
        };
        let shown = path.display();
        let folder = folder.with_context(|| {
            format!(
                "there is no cgroup {shown}: `cat /proc/PID/cgroup` shows the cgroup of a process"
            )
        })?;
        Ok(Cgroup(folder))
    }

    /// Finds the cgroup of a systemd unit. A name without a suffix is a service's.
    ///
    /// # Errors
    /// The unit does not run, or several have the name.
    pub fn of_unit(name: &str) -> Result<Self> {
        const SUFFIXES: [&str; 3] = [".service", ".scope", ".slice"];
        let full = match SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
            true => name.to_owned(),
            false => format!("{name}.service"),
        };
        let found = find_groups(|folder| folder == full);
        one_of(
            found,
            &format!("systemd unit {full}"),
            "`systemctl list-units`",
        )
    }

    /// Finds the cgroup of a container by its id, or the beginning of it.
    ///
    /// # Errors
    /// The id is invalid, no such container runs, or several ids begin with it.
    pub fn of_container(id: &str) -> Result<Self> {
        let is_hexadecimal = id.chars().all(|digit| digit.is_ascii_hexdigit());
        if !is_hexadecimal || id.len() < SHORTEST_ID {
            bail!(
                "{id:?} is not a container id: give {SHORTEST_ID} hexadecimal digits of it or more, as `docker ps`, \
                 `podman ps` or `crictl ps` show it"
            );
        }
        let id = id.to_ascii_lowercase();
        let found =
            find_groups(|folder| container_id(folder).is_some_and(|full| full.starts_with(&id)));
        one_of(
            found,
            &format!("container {id}"),
            "`docker ps`, `podman ps` or `crictl ps`",
        )
    }

    /// Returns the processes in the group and below it now.
    pub fn pids(&self) -> BTreeSet<u32> {
        let mut pids = BTreeSet::new();
        walk(&self.0, 0, &mut |folder| {
            let listed = read_lossy(folder.join("cgroup.procs")).unwrap_or_default();
            pids.extend(listed.lines().filter_map(|line| line.parse::<u32>().ok()));
        });
        // 0 stands for processes that this PID namespace does not have.
        pids.remove(&0);
        pids.remove(&std::process::id());
        pids
    }

    /// Returns the key by which the kernel knows the group. `None` if it is gone.
    pub fn key(&self) -> Option<CgroupKey> {
        Some(CgroupKey {
            id: fs::metadata(&self.0).ok()?.ino(),
            hierarchy: quota::hierarchy_of(&self.0)?,
            reserved: 0,
        })
    }

    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        &self.0
    }
}

/// Returns the id in the name of a container's cgroup. Groups named `libpod-conmon-` and
/// `crio-conmon-` hold the engine's monitor, not the container. runc may name the group
/// `SLICE:ENGINE:ID`.
fn container_id(folder: &str) -> Option<&str> {
    const DIGITS: usize = 64;
    let name = folder.strip_suffix(".scope").unwrap_or(folder);
    let name = name.rsplit(':').next().unwrap_or(name);
    let id = ENGINES
        .iter()
        .find_map(|engine| name.strip_prefix(engine))
        .unwrap_or(name);
    let valid = id.len() == DIGITS && id.chars().all(|digit| digit.is_ascii_hexdigit());
    valid.then_some(id)
}

/// Finds the cgroups whose folder has a name, in the first hierarchy that has any.
fn find_groups(fits: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    for root in quota::cgroup_roots() {
        let mut found = Vec::new();
        walk(&root, 0, &mut |folder| {
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            // A container's own groups may repeat the name below it.
            if fits(&name) && !found.iter().any(|above| folder.starts_with(above)) {
                found.push(folder.to_owned());
            }
        });
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// Visits a folder and those below it, outer ones first.
fn walk(folder: &Path, depth: usize, visit: &mut impl FnMut(&Path)) {
    visit(folder);
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    // Links are not followed: there are none among cgroups.
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    for entry in folders.filter(|_| depth < MAX_DEPTH) {
        walk(&entry.path(), depth + 1, visit);
    }
}

/// Returns the only group found. `list` is the command that lists what may be `wanted`.
fn one_of(mut found: Vec<PathBuf>, wanted: &str, list: &str) -> Result<Cgroup> {
    match (found.pop(), found.is_empty()) {
        (Some(folder), true) => Ok(Cgroup(folder)),
        (None, _) => {
            bail!("there is no cgroup of {wanted}: it is not running; {list} lists what is")
        }
        (Some(last), false) => bail!(
            "several cgroups belong to {wanted}, among them {} and {}: select one with --cgroup",
            found[0].display(),
            last.display()
        ),
    }
}

/// Finds the processes that hold a socket that listens on a TCP port.
///
/// # Errors
/// No process does, or their descriptors cannot be read.
pub fn listeners(port: u16) -> Result<Vec<Process>> {
    let found = candidates().filter(|pid| ports::listening_ports(*pid).contains(&port));
    let found: Vec<Process> = found.filter_map(|pid| Process::find(pid).ok()).collect();
    if found.is_empty() {
        bail!(
            "no process found that listens on TCP port {port}: `ss -ltnp` lists the listeners; only root sees those of \
             other users"
        );
    }
    Ok(found)
}

/// Finds the processes whose executable or main thread has a name that fits a pattern (`*`, `?`,
/// `[a-z]`).
///
/// # Errors
/// The pattern is invalid, or no process fits.
pub fn named(pattern: &str) -> Result<Vec<Process>> {
    let glob = Glob::new(pattern).with_context(|| format!("{pattern:?} is not a valid pattern"))?;
    let matcher = glob.compile_matcher();
    let found = candidates().filter(|pid| has_name(*pid, &matcher));
    let found: Vec<Process> = found.filter_map(|pid| Process::find(pid).ok()).collect();
    if found.is_empty() {
        bail!("no process has a name that fits {pattern:?}: `ps -e` lists the names");
    }
    Ok(found)
}

fn has_name(pid: u32, matcher: &GlobMatcher) -> bool {
    let comm = || read_lossy(format!("/proc/{pid}/comm"));
    executable_name(pid).is_some_and(|name| matcher.is_match(name))
        || comm().is_some_and(|name| matcher.is_match(name.trim_end()))
}

/// Returns the processes that a port or a name can select: neither this one and its ancestors, nor
/// threads of the kernel.
fn candidates() -> impl Iterator<Item = u32> {
    let mut own = BTreeSet::new();
    let mut next = std::process::id();
    while next > 1 && own.insert(next) {
        next = proc_snapshot::parent_of(next).unwrap_or_default();
    }
    let all = all_processes().into_iter().flatten().flatten();
    let pids = all.filter(|process| process.exe().is_ok());
    pids.map(|process| process.pid.cast_unsigned())
        .filter(move |pid| !own.contains(pid))
}

#[cfg(test)]
mod tests;
