//! Recordings for tests, built consistently: the process is the sum of its threads.
//!
//! [`Build`] makes one recording, [`three_arms`] a whole run. Only with the cargo feature
//! `testing`.

mod examples;
mod thread;

pub use examples::three_arms;
pub use thread::ThreadBuild;

use crate::load::Distribution;
use crate::memory::{MemoryStack, Region};
use crate::process::{CodeSamples, FaultRegion, WakeSource, Waker};
use crate::stacks::StackFrame;
use crate::vocabulary::{CodePlace, RegionClass, Role, Runtime};
use crate::{Histogram, LOAD_SCHEMA, LoadSummary, RECORDING_SCHEMA, Recording, histogram};

/// The role of threads in tests where it does not matter.
pub const MAIN: Role = Role::MainLoop;

/// Returns a frame of a function with a name.
pub fn frame(function: &str, place: CodePlace) -> StackFrame {
    StackFrame {
        function: function.into(),
        place,
        ..StackFrame::default()
    }
}

/// Builds one recording.
pub struct Build(Recording);

impl Build {
    /// Begins a recording of an arm with nothing in it. The runtime is the one that the arm's name
    /// begins with.
    pub fn arm(arm: &str) -> Self {
        let mut recording = Recording {
            schema: RECORDING_SCHEMA.into(),
            ..Recording::default()
        };
        recording.target.arm = arm.into();
        recording.target.runtime = runtime_of(arm);
        recording.target.pid = 1;
        recording.host.kernel = "6.18".into();
        recording.window.duration_ns = 1_000_000_000;
        Build(recording)
    }

    /// Adds a thread; the process grows with it.
    pub fn thread(
        mut self,
        tid: u32,
        role: impl Into<Role>,
        with: impl FnOnce(ThreadBuild) -> ThreadBuild,
    ) -> Self {
        let thread = with(ThreadBuild::new(tid, role.into())).done();
        let process = &mut self.0.process;
        process.on_cpu_ns += thread.on_cpu_ns;
        process.run_queue_ns += thread.run_queue_ns;
        process.wakeups += thread.wakeups;
        process.voluntary_switches += thread.voluntary_switches;
        process.involuntary_switches += thread.involuntary_switches;
        self.0.wakers.push(Waker {
            from: WakeSource::OtherProcess,
            to: self.0.threads.len(),
            from_role: Role::OtherProcess,
            to_role: thread.role.clone(),
            count: thread.wakeups,
        });
        self.0.faults.minor += thread.faults;
        self.0.faults.regions.push(FaultRegion {
            class: RegionClass::RuntimeHeap,
            count: thread.faults,
        });
        self.0.syscalls.extend(thread.syscalls.iter().cloned());
        self.0.threads.push(thread);
        self
    }

    /// Adds a system call, made by one more thread.
    pub fn call(self, name: &str, count: u64, on_cpu_ns: u64) -> Self {
        self.thread(7, MAIN, |thread| thread.call(name, count, on_cpu_ns))
    }

    /// Lets calls of this name, made before, fail with EAGAIN.
    pub fn fails(mut self, name: &str, count: u64) -> Self {
        let mut calls = self.0.syscalls.iter_mut().rev();
        let call = calls.find(|call| call.name == name).expect("made before");
        call.errors.insert("EAGAIN".into(), count);
        self
    }

    /// Adds samples that found the thread added last in a function of the executable.
    pub fn code(mut self, function: &str, samples: u64) -> Self {
        self.0.code.push(CodeSamples {
            thread: self.0.threads.len() - 1,
            function: function.into(),
            class: RegionClass::BinaryText,
            samples,
            ..CodeSamples::default()
        });
        self
    }

    /// Adds a call site of memory.
    pub fn memory_stack(mut self, stack: MemoryStack) -> Self {
        self.0.memory_stacks.push(stack);
        self
    }

    /// Adds a region; the resident set grows with it.
    pub fn region(mut self, class: RegionClass, bytes: u64) -> Self {
        self.0.memory.rss_bytes += bytes;
        self.0.memory.peak_rss_bytes += bytes;
        self.0.memory.regions.push(Region {
            class,
            rss_bytes: bytes,
            pss_bytes: bytes,
        });
        self
    }

    /// Adds the summary of a load of so many tokens and requests.
    pub fn load(mut self, tokens: u64, requests: u64) -> Self {
        let times = |p50_ns: u64| Distribution {
            count: requests,
            p50_ns,
            p99_ns: 2 * p50_ns,
            ..Distribution::default()
        };
        let mut load = LoadSummary {
            schema: LOAD_SCHEMA.into(),
            tokens,
            ttft: times(21_000_000),
            itl: times(20_000_000),
            total: times(1_010_000_000),
            ..LoadSummary::default()
        };
        load.requests.started = requests;
        load.requests.completed = requests;
        self.0.load = Some(load);
        self
    }

    /// Adds a stage of so many nanoseconds to each of a hundred relays.
    pub fn relays(self, stage: &str, ns: u64) -> Self {
        let before = self.0.latency.get("proxy_latency");
        let before = before.map_or(0, |whole| whole.p50);
        self.latency(stage, &[(ns, 100)])
            .latency("proxy_latency", &[(before + ns, 100)])
    }

    /// Adds a distribution of `(value, count)` pairs.
    pub fn latency(mut self, name: &str, values: &[(u64, u64)]) -> Self {
        self.0.latency.insert(name.into(), distribution(values));
        self
    }

    /// Changes anything else.
    pub fn with(mut self, change: impl FnOnce(&mut Recording)) -> Self {
        change(&mut self.0);
        self
    }

    /// Returns the recording.
    pub fn done(self) -> Recording {
        self.0
    }
}

/// Returns the distribution of `(value, count)` pairs.
pub fn distribution(values: &[(u64, u64)]) -> Histogram {
    let mut counts = vec![0; histogram::BUCKETS];
    for (value, count) in values {
        counts[histogram::bucket_of(*value)] += count;
    }
    Histogram::from_counts(&counts)
}

fn runtime_of(arm: &str) -> Runtime {
    let family = arm.split(|letter: char| !letter.is_ascii_alphabetic());
    let family = family.into_iter().next().unwrap_or_default();
    family.parse().unwrap_or_default()
}
