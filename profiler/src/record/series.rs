//! Series of a recording: CPU time and memory, a point a second.

use super::drain::{self, Code};
use super::stacks::TakenStacks;
use super::tasks::Tasks;
use super::{memory, ports};
use anyhow::Result;
use aya::Ebpf;
use profiler_common::call_stack::STACK_SLOTS;
use profiler_common::off_cpu::{EPOCH_NS, KEPT_PER_EPOCH, MAX_WAIT_STACKS, MAX_WAITS};
use profiler_common::thread::ON_CPU;
use profiler_common::{Counters, Thread};
use recording::memory::{MemoryPoint, RegionPoint, RegionWalk};
use recording::process::{CpuPoint, SocketPoint};

/// Shortest time from one walk over all pages to the next.
const WALK_INTERVAL_NS: u64 = 2_000_000_000;
/// Time from one walk to the next, in lengths of a walk.
const WALKS_APART: u64 = 100;
/// Points lie a second apart, give or take a tick.
const TICK_NS: u64 = 100_000_000;
/// Points of the series in a second.
pub(super) const POINTS_PER_SECOND: u32 = (1_000_000_000 / TICK_NS) as u32;

/// Points so far.
#[derive(Debug)]
pub struct Series {
    /// CPU samples a second on each CPU: maps fill at that pace.
    sample_hz: u32,
    ports: Vec<u16>,
    /// CPU time.
    pub cpu: Vec<CpuPoint>,
    /// Requests and bytes.
    sockets: Vec<SocketPoint>,
    /// Resident memory.
    pub memory: Vec<MemoryPoint>,
    /// Resident memory by class of region, more rarely the longer it takes to count.
    pub regions: Vec<RegionPoint>,
    /// How it was counted.
    pub walk: RegionWalk,
    next_walk_ns: u64,
    /// Points so far, forgotten ones included.
    points: usize,
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
    pub fn new(pids: &[u32], sample_hz: u32) -> Self {
        Series {
            sample_hz,
            ports: pids
                .iter()
                .flat_map(|pid| ports::listening_ports(*pid))
                .collect(),
            cpu: Vec::new(),
            sockets: Vec::new(),
            memory: Vec::new(),
            regions: Vec::new(),
            walk: RegionWalk::default(),
            next_walk_ns: WALK_INTERVAL_NS - TICK_NS,
            points: 0,
            code: Code::new(),
            stacks: TakenStacks::default(),
            on_cpu_ns: 0,
            kernel_ns: 0,
        }
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
        self.sockets
            .push(socket_point(t_ns, &drain::counters(bpf)?));
        self.memory.push(memory::memory_point(pids, t_ns));
        if t_ns >= self.next_walk_ns {
            self.add_regions(pids, &Tasks::read(bpf), t_ns);
        }
        self.points += 1;
        if self.points.is_multiple_of(points_per_take(self.sample_hz)) {
            drain::take_code(bpf, &mut self.code)?;
        }
        if self
            .points
            .is_multiple_of(points_per_take_of_stacks(self.sample_hz))
        {
            self.stacks.take(bpf)?;
        }
        if self.points.is_multiple_of(points_per_take_of_waits()) {
            self.stacks.waits.take_waits(bpf)?;
        }
        if self.points.is_multiple_of(points_per_take_of_wait_stacks()) {
            self.stacks.waits.take_stacks(bpf)?;
        }
        Ok(())
    }

    /// Forgets the points up to `t_ns`, except the last walk over all pages.
    pub fn forget(&mut self, t_ns: u64) {
        self.cpu.retain(|point| point.t_ns > t_ns);
        self.sockets.retain(|point| point.t_ns > t_ns);
        self.memory.retain(|point| point.t_ns > t_ns);
        let last_ns = self.regions.last().map_or(0, |point| point.t_ns);
        self.regions
            .retain(|point| point.t_ns > t_ns || point.t_ns == last_ns);
    }

    /// Lets the series begin at `t_ns`, when the counters had these values.
    pub fn begin_at(&mut self, t_ns: u64, counters: &Counters) {
        self.forget(t_ns);
        self.regions.retain(|point| point.t_ns > t_ns);
        let before = socket_point(t_ns, counters);
        self.cpu.iter_mut().for_each(|point| point.t_ns -= t_ns);
        self.memory.iter_mut().for_each(|point| point.t_ns -= t_ns);
        self.regions.iter_mut().for_each(|point| point.t_ns -= t_ns);
        for point in &mut self.sockets {
            point.t_ns -= t_ns;
            point.requests = point.requests.saturating_sub(before.requests);
            point.bytes = point.bytes.saturating_sub(before.bytes);
        }
    }

    /// Takes the points of requests and bytes; the last is that of the window's end.
    pub fn take_sockets(&mut self, end_ns: u64, counters: &Counters) -> Vec<SocketPoint> {
        let mut points = std::mem::take(&mut self.sockets);
        points.retain(|point| point.t_ns < end_ns);
        points.push(socket_point(end_ns, counters));
        points
    }

    /// Adds resident memory by class. The next walk is due when this one was 1 % of the time.
    fn add_regions(&mut self, pids: &[u32], tasks: &Tasks, t_ns: u64) {
        let memory = memory::memory_of_all(pids, tasks);
        let last_ns = self.regions.last().map_or(0, |point| point.t_ns);
        let walk = memory.region_walk;
        self.walk = RegionWalk {
            in_pieces: self.walk.in_pieces | walk.in_pieces,
            longest_ns: self.walk.longest_ns.max(walk.longest_ns),
            interval_ns: self.walk.interval_ns.max(t_ns - last_ns),
        };
        self.next_walk_ns = t_ns + next_walk_after(walk.longest_ns);
        self.regions.push(RegionPoint {
            t_ns,
            connections: memory::connections(pids, &self.ports),
            regions: memory.regions,
        });
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

fn socket_point(t_ns: u64, counters: &Counters) -> SocketPoint {
    SocketPoint {
        t_ns,
        requests: counters.requests,
        bytes: counters.send_bytes + counters.recv_bytes,
    }
}

/// Returns the time to the next walk after one that took `walk_ns`.
fn next_walk_after(walk_ns: u64) -> u64 {
    (walk_ns * WALKS_APART).max(WALK_INTERVAL_NS) - TICK_NS
}

/// Returns the points after which the map of code could be half full, if every sample of every CPU
/// fell into another place.
fn points_per_take(sample_hz: u32) -> usize {
    points_until(16_384, sample_hz)
}

/// Returns the points after which the table of stacks could be a quarter full, if every sample had
/// another.
fn points_per_take_of_stacks(sample_hz: u32) -> usize {
    points_until((POINTS_PER_SECOND * STACK_SLOTS / 4) as usize, sample_hz)
}

/// Kept waits of a CPU in a second, twice the budget.
const WAITS_PER_SECOND: u64 = 2 * KEPT_PER_EPOCH * 1_000_000_000 / EPOCH_NS;

/// Returns the points after which the map of waits could be half full, if all were different.
fn points_per_take_of_waits() -> usize {
    points_until(MAX_WAITS as usize / 2, WAITS_PER_SECOND as u32)
}

/// Returns the points after which the map of their stacks could be half full. A wait has two.
fn points_per_take_of_wait_stacks() -> usize {
    points_until(MAX_WAIT_STACKS as usize / 4, WAITS_PER_SECOND as u32)
}

fn points_until(samples: usize, sample_hz: u32) -> usize {
    let cpus = aya::util::online_cpus().map_or(1, |cpus| cpus.len());
    (samples / (sample_hz.max(1) as usize * cpus)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_more_rarely_the_longer_it_takes() {
        assert_eq!(next_walk_after(1_000_000), WALK_INTERVAL_NS - TICK_NS);
        assert_eq!(next_walk_after(60_000_000), 6_000_000_000 - TICK_NS);
        let mut series = Series::new(&[], 499);
        series.add_regions(&[std::process::id()], &Tasks::default(), 2_000_000_000);
        assert!(series.next_walk_ns >= 3_900_000_000, "{series:?}");
        assert!(series.walk.longest_ns > 0 && series.walk.interval_ns == 2_000_000_000);
    }

    #[test]
    fn ends_the_series_of_requests_with_the_window() {
        let mut series = Series::new(&[], 499);
        let counters = |requests, bytes| Counters {
            requests,
            send_bytes: bytes,
            recv_bytes: 2 * bytes,
            ..Counters::default()
        };
        series.sockets = vec![
            socket_point(1_000, &counters(3, 10)),
            socket_point(2_000, &counters(5, 20)),
        ];
        let points = series.take_sockets(2_000, &counters(6, 30));
        let points: Vec<_> = points
            .iter()
            .map(|point| (point.t_ns, point.requests, point.bytes))
            .collect();
        assert_eq!(points, [(1_000, 3, 30), (2_000, 6, 90)]);
    }

    #[test]
    fn begins_at_a_later_instant() {
        let mut series = Series::new(&[], 499);
        let counters = |requests| Counters {
            requests,
            ..Counters::default()
        };
        let points = [(1_000, 3), (2_000, 5), (3_000, 9)];
        for (t_ns, requests) in points {
            series.add_cpu(t_ns, t_ns / 2, 0);
            series.sockets.push(socket_point(t_ns, &counters(requests)));
        }
        series.regions = points.map(|(t_ns, _)| region_point(t_ns)).into();
        series.forget(5_000);
        assert_eq!(
            series.regions.len(),
            1,
            "the time of the last walk is known"
        );
        assert!(series.cpu.is_empty());
        series.add_cpu(6_000, 2_800, 0);
        series.sockets.push(socket_point(6_000, &counters(20)));
        series.begin_at(5_500, &counters(12));
        assert_eq!((series.cpu[0].t_ns, series.cpu[0].on_cpu_ns), (500, 1_300));
        let sockets = series.take_sockets(700, &counters(9));
        let requests: Vec<_> = sockets.iter().map(|it| (it.t_ns, it.requests)).collect();
        assert_eq!(requests, [(500, 8), (700, 9)]);
        assert!(series.regions.is_empty());
    }

    fn region_point(t_ns: u64) -> RegionPoint {
        RegionPoint {
            t_ns,
            connections: 0,
            regions: Vec::new(),
        }
    }

    #[test]
    fn adds_growth_and_keeps_kernel_time_within_it() {
        let mut series = Series::new(&[], 499);
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
