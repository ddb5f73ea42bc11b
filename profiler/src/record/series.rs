//! Series of a recording: CPU time and memory, a point a second.

use super::drain::{self, Code};
use super::links::SAMPLE_HZ;
use super::stacks::TakenStacks;
use super::{memory, ports};
use anyhow::Result;
use aya::Ebpf;
use profiler_common::Thread;
use profiler_common::call_stack::MAX_STACKS;
use profiler_common::thread::ON_CPU;
use recording::memory::{MemoryPoint, RegionPoint};
use recording::process::CpuPoint;

/// Points from one walk over all pages to the next.
const POINTS_PER_WALK: usize = 2;

/// Points so far.
#[derive(Debug)]
pub struct Series {
    ports: Vec<u16>,
    /// CPU time.
    pub cpu: Vec<CpuPoint>,
    /// Resident memory.
    pub memory: Vec<MemoryPoint>,
    /// Resident memory by class of region, every other point.
    pub regions: Vec<RegionPoint>,
    /// Samples of user code, taken out of their map before it fills.
    pub code: Code,
    /// Call stacks of samples, taken out of their maps before these fill.
    pub stacks: TakenStacks,
    on_cpu_ns: u64,
    kernel_ns: u64,
}

impl Series {
    /// Begins the series of some processes. Connections are counted at the ports that they listen
    /// on now.
    pub fn new(pids: &[u32]) -> Self {
        Series {
            ports: pids
                .iter()
                .flat_map(|pid| ports::listening_ports(*pid))
                .collect(),
            cpu: Vec::new(),
            memory: Vec::new(),
            regions: Vec::new(),
            code: Code::new(),
            stacks: TakenStacks::default(),
            on_cpu_ns: 0,
            kernel_ns: 0,
        }
    }

    /// Returns the ports that the processes listened on at the start.
    pub fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// Adds a point at `now`, `t_ns` after the start of the window, from the programs' maps and the
    /// processes' memory. `ended` are the threads that have ended so far.
    ///
    /// # Errors
    /// A map cannot be read.
    pub fn add(
        &mut self,
        bpf: &mut Ebpf,
        pids: &[u32],
        ended: impl Iterator<Item = Thread>,
        (now, t_ns): (u64, u64),
    ) -> Result<()> {
        let live = drain::threads(bpf)?.into_iter();
        let (on_cpu_ns, kernel_ns) = live.chain(ended).fold((0, 0), |sum, thread| {
            let on_cpu_ns = match thread.state {
                ON_CPU => thread.on_cpu_at(now),
                _ => thread.on_cpu_ns,
            };
            (sum.0 + on_cpu_ns, sum.1 + thread.syscall_ns)
        });
        self.add_cpu(t_ns, on_cpu_ns, kernel_ns);
        self.memory.push(memory::memory_point(pids, t_ns));
        if self.memory.len().is_multiple_of(POINTS_PER_WALK) {
            let point = memory::region_point(pids, &self.ports, t_ns);
            self.regions.push(point);
        }
        if self.memory.len().is_multiple_of(points_per_take()) {
            drain::take_code(bpf, &mut self.code)?;
        }
        if self
            .memory
            .len()
            .is_multiple_of(points_per_take_of_stacks())
        {
            self.stacks.take(bpf)?;
        }
        Ok(())
    }

    /// Adds the growth of on-CPU time and of time inside system calls since the point before.
    fn add_cpu(&mut self, t_ns: u64, on_cpu_ns: u64, kernel_ns: u64) {
        let on_cpu = on_cpu_ns.saturating_sub(self.on_cpu_ns);
        let kernel = kernel_ns.saturating_sub(self.kernel_ns).min(on_cpu);
        self.cpu.push(CpuPoint {
            t_ns,
            on_cpu_ns: on_cpu,
            user_ns: on_cpu - kernel,
            kernel_ns: kernel,
        });
        (self.on_cpu_ns, self.kernel_ns) = (on_cpu_ns, kernel_ns);
    }
}

/// Returns the points after which the map of code could be half full, if every sample of every CPU
/// fell into another place.
fn points_per_take() -> usize {
    points_until(16_384)
}

/// Returns the points after which the map of stacks could be half full, if every sample had another.
fn points_per_take_of_stacks() -> usize {
    points_until(MAX_STACKS as usize / 2)
}

fn points_until(samples: usize) -> usize {
    let cpus = aya::util::online_cpus().map_or(1, |cpus| cpus.len());
    (samples / (SAMPLE_HZ as usize * cpus)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_growth_and_keeps_kernel_time_within_it() {
        let mut series = Series::new(&[]);
        series.add_cpu(1_000, 500, 100);
        series.add_cpu(2_000, 600, 300);
        let points: Vec<_> = series
            .cpu
            .iter()
            .map(|point| (point.on_cpu_ns, point.user_ns, point.kernel_ns))
            .collect();
        assert_eq!(points, [(500, 400, 100), (100, 0, 100)]);
    }
}
