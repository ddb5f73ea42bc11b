//! Recordings for tests, built so that they are consistent: what threads do adds up to what the process does.

use proptest::prelude::*;
use recording::{
    LoadSummary, RECORDING_SCHEMA, Recording,
    load::Distribution,
    memory::Region,
    process::{FaultRegion, Syscall, Thread, Waker},
};

/// A role for tests that do not care.
pub const MAIN: &str = "main loop";

/// Builds one recording.
pub struct Build(Recording);

impl Build {
    /// A recording of an arm, without anything in it.
    pub fn arm(arm: &str) -> Self {
        let mut recording = Recording {
            schema: RECORDING_SCHEMA.into(),
            ..Recording::default()
        };
        recording.target.arm = arm.into();
        recording.target.runtime = arm.split(':').next().unwrap_or_default().into();
        recording.target.pid = 1;
        recording.host.kernel = "6.18".into();
        recording.window.duration_ns = 1_000_000_000;
        Build(recording)
    }

    /// Adds a thread; the process grows with it.
    pub fn thread(
        mut self,
        tid: u32,
        role: &str,
        with: impl FnOnce(OneThread) -> OneThread,
    ) -> Self {
        let thread = Thread {
            tid,
            name: role.into(),
            role: role.into(),
            ..Thread::default()
        };
        let thread = with(OneThread(thread)).0;
        let process = &mut self.0.process;
        process.on_cpu_ns += thread.on_cpu_ns;
        process.user_ns += thread.user_ns;
        process.kernel_ns += thread.kernel_ns;
        process.wakeups += thread.wakeups;
        process.voluntary_switches += thread.voluntary_switches;
        self.0.wakers.push(Waker {
            from_role: "other process".into(),
            to_role: role.into(),
            count: thread.wakeups,
        });
        self.0.faults.minor += thread.faults;
        self.0.faults.regions.push(FaultRegion {
            class: "runtime heap".into(),
            count: thread.faults,
        });
        self.0.syscalls.extend(thread.syscalls.iter().cloned());
        self.0.threads.push(thread);
        self
    }

    /// Adds a region; the resident set grows with it.
    pub fn region(mut self, class: &str, bytes: u64) -> Self {
        self.0.memory.rss_bytes += bytes;
        self.0.memory.peak_rss_bytes += bytes;
        self.0.memory.regions.push(Region {
            class: class.into(),
            rss_bytes: bytes,
            pss_bytes: bytes,
        });
        self
    }

    /// A load of so many tokens and requests.
    pub fn load(mut self, tokens: u64, requests: u64) -> Self {
        let times = |p50_ns: u64| Distribution {
            count: requests,
            p50_ns,
            p99_ns: 2 * p50_ns,
            ..Distribution::default()
        };
        let mut load = LoadSummary {
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

    /// A system call of one more thread.
    pub fn call(self, name: &str, count: u64, on_cpu_ns: u64) -> Self {
        self.thread(7, MAIN, |thread| thread.call(name, count, on_cpu_ns))
    }

    /// Calls of this name, already made, that failed by EAGAIN.
    pub fn fails(mut self, name: &str, count: u64) -> Self {
        let mut calls = self.0.syscalls.iter_mut().rev();
        let call = calls.find(|call| call.name == name).expect("made before");
        call.errors.insert("EAGAIN".into(), count);
        self
    }

    /// A hundred forwards, in which this part takes so long.
    pub fn forwards(self, part: &str, ns: u64) -> Self {
        let whole = self
            .0
            .latency
            .get("forwarding")
            .map_or(0, |whole| whole.p50);
        let build = self.latency(part, &[(ns, 100)]);
        build.latency("forwarding", &[(whole + ns, 100)])
    }

    /// A distribution of `(value, count)` pairs.
    pub fn latency(mut self, name: &str, values: &[(u64, u64)]) -> Self {
        let mut counts = vec![0; recording::histogram::BUCKETS];
        for (value, count) in values {
            counts[recording::histogram::bucket_of(*value)] += count;
        }
        let histogram = recording::Histogram::from_counts(&counts);
        self.0.latency.insert(name.into(), histogram);
        self
    }

    /// Changes anything else.
    pub fn with(mut self, change: impl FnOnce(&mut Recording)) -> Self {
        change(&mut self.0);
        self
    }

    /// The recording.
    pub fn done(self) -> Recording {
        self.0
    }
}

/// Builds one thread.
pub struct OneThread(Thread);

impl OneThread {
    /// Time in user code, over so many wake-ups.
    pub fn user(mut self, ns: u64, wakeups: u64) -> Self {
        self.0.user_ns += ns;
        self.0.on_cpu_ns += ns;
        self.0.wakeups += wakeups;
        self.0.voluntary_switches += wakeups;
        self
    }

    /// Time in faults and interrupts.
    pub fn fault(mut self, ns: u64, count: u64) -> Self {
        self.0.fault_irq_ns += ns;
        self.0.kernel_ns += ns;
        self.0.on_cpu_ns += ns;
        self.0.faults += count;
        self
    }

    /// Time on the way into system calls and out of them, as samples found it.
    pub fn crossing(mut self, ns: u64) -> Self {
        self.0.crossing_ns += ns;
        self.0.kernel_ns += ns;
        self.0.on_cpu_ns += ns;
        self.0.samples.crossing += u64::from(ns > 0);
        self
    }

    /// Time in being switched back in, after so many preemptions.
    pub fn switching(mut self, ns: u64, count: u64) -> Self {
        self.0.switching_ns += ns;
        self.0.kernel_ns += ns;
        self.0.on_cpu_ns += ns;
        self.0.involuntary_switches += count;
        self.0.samples.switching += 1;
        self
    }

    /// Sleep in calls of this name, already made.
    pub fn blocked(mut self, name: &str, ns: u64) -> Self {
        let mut calls = self.0.syscalls.iter_mut();
        let call = calls.find(|call| call.name == name).expect("made before");
        call.blocked_ns += ns;
        self
    }

    /// A system call.
    pub fn call(mut self, name: &str, count: u64, on_cpu_ns: u64) -> Self {
        self.0.syscalls.push(Syscall {
            name: name.into(),
            count,
            on_cpu_ns,
            ..Syscall::default()
        });
        self.0.syscall_ns += on_cpu_ns;
        self.0.kernel_ns += on_cpu_ns;
        self.0.on_cpu_ns += on_cpu_ns;
        self
    }
}

/// Rounds of a plausible go and a plausible bun, 10,000 tokens each, with a little noise from round to round.
pub fn go_and_bun(rounds: u64) -> Vec<(String, Recording)> {
    let rounds = 1..=rounds;
    rounds
        .flat_map(|round| {
            [
                (format!("go/{round}"), go(round)),
                (format!("bun/{round}"), bun(round)),
            ]
        })
        .collect()
}

fn go(round: u64) -> Recording {
    let noise = 997 + 2 * round;
    Build::arm("go")
        .thread(1, "sysmon", |thread| {
            thread.user(200_000, 300).call("nanosleep", 300, 900_000)
        })
        .thread(2, "M (scheduler thread)", |thread| {
            let thread = thread.user(180_000 * noise, 4_000).fault(300_000, 100);
            let thread = thread.call("epoll_pwait", 4_000, 12_000_000);
            let thread = thread.call("read", 21_000, 40_000_000);
            thread
                .call("write", 10_000, 90_000 * noise)
                .call("futex", 6_000, 30_000_000)
        })
        .region("binary text", 6 << 20)
        .region("runtime heap", 9 << 20)
        .load(10_000, 200)
        .done()
}

fn bun(round: u64) -> Recording {
    let noise = 1_003 - 2 * round;
    Build::arm("bun")
        .thread(1, "main loop", |thread| {
            let thread = thread.user(360_000 * noise, 20_000).fault(2_000_000, 900);
            let thread = thread.call("epoll_pwait2", 31_000, 99_000_000);
            thread.call("sendto", 10_000, 95_000 * noise)
        })
        .thread(2, "HTTP Client", |thread| {
            let thread = thread
                .user(60_000_000, 10_000)
                .call("epoll_pwait2", 10_000, 30_000_000);
            thread.call("recvfrom", 20_000, 40_000_000)
        })
        .region("binary text", 30 << 20)
        .region("runtime heap", 40 << 20)
        .region("jit code", 8 << 20)
        .load(10_000, 200)
        .done()
}

/// Any set of recordings: consistent ones, and ones whose numbers contradict each other.
pub fn any_recordings() -> impl Strategy<Value = Vec<(String, Recording)>> {
    let numbers = prop::collection::vec(0u64..1 << 45, 12);
    let names = prop::sample::select(vec!["a", "b", "c"]);
    prop::collection::vec((names, numbers), 1..7).prop_map(|rounds| {
        let rounds = rounds.into_iter().enumerate();
        rounds
            .map(|(index, (arm, n))| (index.to_string(), any_round(arm, &n)))
            .collect()
    })
}

fn any_code(n: &[u64]) -> Vec<recording::process::CodeSamples> {
    let functions = ["runtime.scanobject", "main.main", "memcpy", "read", ""];
    let found = functions
        .iter()
        .zip(n)
        .map(|(function, n)| recording::process::CodeSamples {
            role: ["main", "other"][*n as usize % 2].into(),
            function: (*function).into(),
            class: "binary text".into(),
            samples: n % 20,
            ..Default::default()
        });
    found.collect()
}

fn any_round(arm: &str, n: &[u64]) -> Recording {
    Build::arm(arm)
        .thread(1, ["main", "other"][n[0] as usize % 2], |thread| {
            let call = ["read", "recvfrom", "futex"][n[1] as usize % 3];
            thread
                .user(n[2], n[3])
                .fault(n[4], n[5] % 7)
                .crossing(n[5] % 3 * n[4])
                .call(call, n[6], n[7])
        })
        .region("runtime heap", n[8])
        .load(n[9] % 100_000, n[10] % 100)
        .with(|recording| {
            recording.process.on_cpu_ns ^= n[11];
            recording.process.run_queue_ns = n[5];
            let thread = &mut recording.threads[0];
            (thread.off_cpu_ns, thread.run_queue_ns) = (n[1], n[3]);
            thread.preempted_ns = (!n[0].is_multiple_of(3)).then_some(n[4]);
            thread.syscalls[0].blocked_ns = n[2];
            recording.waited_for = vec![recording::process::WaitedFor {
                wait_ns: n[10],
                ..Default::default()
            }];
            thread.samples.user = n[6] % 50;
            recording.code = any_code(n);
        })
        .done()
}
