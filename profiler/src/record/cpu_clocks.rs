//! The clocks that sample CPUs, also those that go offline and come back.
//!
//! The kernel takes a perf event off a CPU that goes offline, and does not put it back.

use anyhow::{Result, anyhow};
use aya::Ebpf;
use aya::programs::Program;
use aya::programs::perf_event::{
    PerfEvent, PerfEventConfig, PerfEventLink, PerfEventScope, SamplePolicy, SoftwareEvent,
};
use recording::host::CpuChange;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;

/// Most changes that a recording lists.
const MOST_CHANGES: usize = 1000;

/// Lives of the CPUs that are online: a CPU that comes back has another one.
type Lives = BTreeMap<u32, u64>;

/// A sampler on the clock of each CPU that is online.
#[derive(Default)]
pub struct CpuClocks {
    /// Name of the sampler.
    sampler: String,
    /// Samples a second on each CPU.
    hz: u32,
    lives: Lives,
    links: BTreeMap<u32, PerfEventLink>,
    /// Changes so far, with monotonic times.
    changes: Vec<CpuChange>,
}

impl CpuClocks {
    /// Attaches a loaded sampler of this name to the clock of each online CPU, `hz` samples a
    /// second.
    ///
    /// # Errors
    /// The kernel refuses one.
    pub fn attach(sampler: &mut PerfEvent, name: &str, hz: u32) -> Result<Self> {
        let lives = lives()?;
        let links = lives.keys().map(|cpu| Ok((*cpu, link(sampler, *cpu, hz)?)));
        Ok(CpuClocks {
            sampler: name.to_owned(),
            hz,
            links: links.collect::<Result<_>>()?,
            lives,
            changes: Vec::new(),
        })
    }

    /// Attaches the sampler to CPUs that came online since the last look, at the monotonic time
    /// `now_ns`, and lists them with those that went offline.
    pub fn follow(&mut self, bpf: &mut Ebpf, now_ns: u64) {
        let Ok(lives) = lives() else { return };
        let Some(Program::PerfEvent(sampler)) = bpf.program_mut(&self.sampler) else {
            return;
        };
        for (cpu, online) in changes(&self.lives, &lives) {
            self.links.remove(&cpu);
            let attached = online.then(|| link(sampler, cpu, self.hz));
            match attached {
                Some(Ok(link)) => drop(self.links.insert(cpu, link)),
                Some(Err(error)) => log::warn!("CPU {cpu} is not sampled: {error:#}"),
                None => (),
            }
            if self.changes.len() < MOST_CHANGES {
                self.changes.push(CpuChange {
                    t_ns: now_ns,
                    cpu,
                    online,
                    sampled: self.links.contains_key(&cpu),
                });
            }
        }
        self.lives = lives;
    }

    /// Returns the changes since a monotonic time, with the times since then.
    pub fn changes_since(&self, start_ns: u64) -> Vec<CpuChange> {
        let changes = self.changes.iter().filter_map(|change| {
            let t_ns = change.t_ns.checked_sub(start_ns)?;
            Some(CpuChange { t_ns, ..*change })
        });
        changes.collect()
    }
}

fn link(sampler: &mut PerfEvent, cpu: u32, hz: u32) -> Result<PerfEventLink> {
    let clock = PerfEventConfig::Software(SoftwareEvent::CpuClock);
    let scope = PerfEventScope::AllProcessesOneCpu { cpu };
    let rate = SamplePolicy::Frequency(hz.into());
    let link = sampler.attach(clock, scope, rate, false)?;
    Ok(sampler.take_link(link)?)
}

/// Returns the CPUs that are online. The kernel makes the folder of a CPU's topology anew each time
/// that it comes online, so that its number stands for a life.
fn lives() -> Result<Lives> {
    let cpus = aya::util::online_cpus().map_err(|(file, error)| anyhow!("{file}: {error}"))?;
    let life = |cpu: u32| {
        let folder = fs::metadata(format!("/sys/devices/system/cpu/cpu{cpu}/topology"));
        (cpu, folder.map_or(0, |folder| folder.ino()))
    };
    Ok(cpus.into_iter().map(life).collect())
}

/// Returns each CPU that went offline (false) or came online (true). One that did both has both.
fn changes(before: &Lives, after: &Lives) -> Vec<(u32, bool)> {
    let gone = before
        .iter()
        .filter(|(cpu, life)| after.get(cpu) != Some(life));
    let come = after
        .iter()
        .filter(|(cpu, life)| before.get(cpu) != Some(life));
    let gone = gone.map(|(cpu, _)| (*cpu, false));
    gone.chain(come.map(|(cpu, _)| (*cpu, true))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_cpus_that_go_and_come() {
        let lives = |lives: &[(u32, u64)]| lives.iter().copied().collect::<Lives>();
        let before = lives(&[(0, 10), (1, 11), (2, 12)]);
        assert_eq!(changes(&before, &before), []);
        let after = lives(&[(0, 10), (2, 22), (3, 23)]);
        let expected = [(1, false), (2, false), (2, true), (3, true)];
        assert_eq!(changes(&before, &after), expected);
    }

    #[test]
    fn keeps_changes_inside_of_the_window() {
        let change = |t_ns| CpuChange {
            t_ns,
            cpu: 1,
            online: false,
            sampled: false,
        };
        let clocks = CpuClocks {
            changes: vec![change(90), change(130)],
            ..CpuClocks::default()
        };
        assert_eq!(clocks.changes_since(100), [change(30)]);
    }

    #[test]
    fn gives_each_online_cpu_a_life() {
        let lives = lives().expect("readable");
        assert!(
            !lives.is_empty() && lives.values().all(|life| *life > 0),
            "{lives:?}"
        );
    }
}
