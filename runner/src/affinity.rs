//! CPU affinity of this process and its children.

use super::cpus::Cpus;
use anyhow::Context;
use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    unistd::Pid,
};
use std::{collections::BTreeSet, fs, io};

/// The calling thread.
const SELF: Pid = Pid::from_raw(0);

/// Returns the cores this process may use, each as its set of usable CPUs.
pub fn cores() -> anyhow::Result<Vec<Cpus>> {
    let allowed = sched_getaffinity(SELF).context("cannot read the CPUs this process may use")?;
    let allowed: Cpus = (0..Cpus::LIMIT)
        .filter(|cpu| allowed.is_set(*cpu).unwrap_or(false))
        .collect();
    let mut seen = BTreeSet::new();
    let mut cores = Vec::new();
    for &cpu in &allowed.0 {
        let siblings = siblings(cpu);
        let core: Cpus = siblings.0.intersection(&allowed.0).copied().collect();
        if core.0.iter().all(|cpu| seen.insert(*cpu)) {
            cores.push(core);
        }
    }
    Ok(cores)
}

/// Returns the hardware threads that share a core with `cpu`; `cpu` alone where the kernel has no
/// topology.
fn siblings(cpu: usize) -> Cpus {
    let path = format!("/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list");
    let listed = fs::read_to_string(path)
        .ok()
        .and_then(|text| text.parse().ok());
    let alone = Cpus::from_iter([cpu]);
    listed
        .filter(|cpus: &Cpus| cpus.0.contains(&cpu))
        .unwrap_or(alone)
}

/// Runs `spawn` with this thread on `cpus`, so that a child it starts has them from its first
/// instruction.
///
/// Setting the affinity of a running child would miss the threads it has already created.
///
/// # Errors
/// Fails if this process may not use `cpus`.
pub fn on<T>(cpus: Option<&Cpus>, spawn: impl FnOnce() -> T) -> io::Result<T> {
    let Some(cpus) = cpus else { return Ok(spawn()) };
    let failed = |error| io::Error::other(format!("cannot use CPUs {cpus}: {error}"));
    let mut mask = CpuSet::new();
    for &cpu in &cpus.0 {
        mask.set(cpu).map_err(failed)?;
    }
    let before = sched_getaffinity(SELF).map_err(failed)?;
    sched_setaffinity(SELF, &mask).map_err(failed)?;
    let result = spawn();
    sched_setaffinity(SELF, &before).map_err(failed)?;
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_every_usable_cpu_into_one_core() {
        let cores = cores().unwrap();
        let all: Vec<usize> = cores
            .iter()
            .flat_map(|core| core.0.iter().copied())
            .collect();
        let distinct: BTreeSet<usize> = all.iter().copied().collect();
        assert_eq!(all.len(), distinct.len());
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        assert_eq!(line.unwrap().parse::<Cpus>().unwrap().0, distinct);
    }

    #[test]
    fn places_a_child_and_restores_this_thread() {
        let before = cores().unwrap();
        let last = before
            .last()
            .and_then(|core| core.0.last())
            .copied()
            .unwrap();
        let one = Cpus::from_iter([last]);
        let output = on(Some(&one), || {
            std::process::Command::new("grep")
                .args(["Cpus_allowed_list", "/proc/self/status"])
                .output()
        });
        let output = output.unwrap().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            text.split_whitespace().last(),
            Some(last.to_string().as_str())
        );
        assert_eq!(cores().unwrap(), before);
    }
}
