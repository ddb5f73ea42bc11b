//! Metrics: the quantities that are compared.

use super::{Per, Unit, WorkName, vocabulary};

vocabulary! {
    /// A quantity that each round has one value of. The order is that of reports.
    MetricId {
        /// Time from exec to the first token.
        StartFirstTokenNs = "start_first_token_ns", "time from exec to the first token";
        /// Time from exec until the server accepts a connection.
        StartListeningNs = "start_listening_ns", "time from exec to listening";
        /// CPU time of a start.
        StartCpuNs = "start_cpu_ns", "CPU time of a start";
        /// Minor page faults of a start.
        StartMinorFaults = "start_minor_faults", "minor page faults of a start";
        /// Major page faults of a start.
        StartMajorFaults = "start_major_faults", "major page faults of a start";
        /// System calls of a start.
        StartSyscalls = "start_syscalls", "syscalls of a start";
        /// Size of the executable.
        StartBinaryBytes = "start_binary_bytes", "size of the executable";
        /// Size of the files that the server needs to run.
        StartInstalledBytes = "start_installed_bytes", "installed size";
        /// CPU time per unit of work.
        CpuNsPerWork = "cpu_ns_per_work", "CPU time per unit of work";
        /// CPU time per token.
        CpuNsPerToken = "cpu_ns_per_token", "CPU time per token";
        /// CPU time per request.
        CpuNsPerRequest = "cpu_ns_per_request", "CPU time per request";
        /// CPU time per second.
        CpuNsPerSecond = "cpu_ns_per_second", "CPU time per second";
        /// Time that event loops were blocked outside of event polling, per token.
        LoopBlockedNsPerToken = "loop_blocked_ns_per_token", "event loop blocked, per token";
        /// Time that event loops were blocked outside of event polling, per unit of work.
        LoopBlockedNsPerWork = "loop_blocked_ns_per_work", "event loop blocked, per unit of work";
        /// Time that event loops waited for a CPU, per token.
        LoopRunQueueNsPerToken = "loop_run_queue_ns_per_token", "event loop in the run queue, per token";
        /// Time that event loops waited for a CPU, per unit of work.
        LoopRunQueueNsPerWork = "loop_run_queue_ns_per_work", "event loop in the run queue, per unit of work";
        /// Event-loop iterations per token.
        LoopIterationsPerToken = "loop_iterations_per_token", "event-loop iterations per token";
        /// Event-loop iterations per unit of work.
        LoopIterationsPerWork = "loop_iterations_per_work", "event-loop iterations per unit of work";
        /// CPU time per event-loop iteration.
        LoopWorkNsPerIteration = "loop_work_ns_per_iteration", "CPU time per event-loop iteration";
        /// Length of event-loop iterations, 99th percentile.
        LoopIterationP99Ns = "loop_iteration_p99_ns", "event-loop iteration, p99";
        /// Event polls that return no event, per token.
        LoopEmptyPollsPerToken = "loop_empty_polls_per_token", "empty event polls per token";
        /// Event polls that return no event, per unit of work.
        LoopEmptyPollsPerWork = "loop_empty_polls_per_work", "empty event polls per unit of work";
        /// Bursts of garbage collection threads per token.
        GcBurstsPerToken = "gc_bursts_per_token", "GC bursts per token";
        /// Bursts of garbage collection threads per unit of work.
        GcBurstsPerWork = "gc_bursts_per_work", "GC bursts per unit of work";
        /// Switches between goroutines on one thread, per token.
        GoroutineSwitchesPerToken = "goroutine_switches_per_token", "goroutine switches per token";
        /// Switches between goroutines on one thread, per unit of work.
        GoroutineSwitchesPerWork = "goroutine_switches_per_work", "goroutine switches per unit of work";
        /// Time of all threads, per second.
        ThreadNsPerSecond = "thread_ns_per_second", "time of all threads, per second";
        /// Time that threads waited for a CPU, per second.
        RunQueueNsPerSecond = "run_queue_ns_per_second", "run-queue time per second";
        /// Resident memory.
        RssBytes = "rss_bytes", "resident memory";
        /// Peak resident memory.
        PeakRssBytes = "peak_rss_bytes", "peak resident memory";
        /// Context switches per token.
        SwitchesPerToken = "switches_per_token", "context switches per token";
        /// Context switches per unit of work.
        SwitchesPerWork = "switches_per_work", "context switches per unit of work";
        /// Wake-ups per token.
        WakeupsPerToken = "wakeups_per_token", "wake-ups per token";
        /// Wake-ups per unit of work.
        WakeupsPerWork = "wakeups_per_work", "wake-ups per unit of work";
        /// System calls per token.
        SyscallsPerToken = "syscalls_per_token", "syscalls per token";
        /// System calls per unit of work.
        SyscallsPerWork = "syscalls_per_work", "syscalls per unit of work";
        /// Page faults per token.
        FaultsPerToken = "faults_per_token", "page faults per token";
        /// Page faults per unit of work.
        FaultsPerWork = "faults_per_work", "page faults per unit of work";
        /// Time to first token, median.
        TtftNs = "ttft_ns", "time to first token (TTFT), median";
        /// Time to first token, 99th percentile.
        TtftP99Ns = "ttft_p99_ns", "time to first token (TTFT), p99";
        /// Inter-token latency, median.
        ItlNs = "itl_ns", "inter-token latency (ITL), median";
        /// Inter-token latency, 99th percentile.
        ItlP99Ns = "itl_p99_ns", "inter-token latency (ITL), p99";
        /// Time of a whole request, median.
        TotalNs = "total_ns", "request duration, median";
        /// Proxy latency (socket in to socket out), mean.
        ProxyLatencyMeanNs = "proxy_latency_mean_ns", "proxy latency, mean";
        /// Proxy latency, median.
        ProxyLatencyNs = "proxy_latency_ns", "proxy latency, median";
        /// Proxy latency, 90th percentile.
        ProxyLatencyP90Ns = "proxy_latency_p90_ns", "proxy latency, p90";
        /// Proxy latency, 99th percentile.
        ProxyLatencyP99Ns = "proxy_latency_p99_ns", "proxy latency, p99";
    }
}

impl MetricId {
    /// Returns the unit of the metric's values.
    pub const fn unit(self) -> Unit {
        use MetricId::*;
        match self {
            StartMinorFaults | StartMajorFaults | FaultsPerToken | FaultsPerWork => Unit::Faults,
            StartSyscalls | SyscallsPerToken | SyscallsPerWork => Unit::Syscalls,
            StartBinaryBytes | StartInstalledBytes | RssBytes | PeakRssBytes => Unit::Bytes,
            LoopIterationsPerToken | LoopIterationsPerWork => Unit::Iterations,
            LoopEmptyPollsPerToken | LoopEmptyPollsPerWork => Unit::Polls,
            GcBurstsPerToken | GcBurstsPerWork => Unit::Bursts,
            GoroutineSwitchesPerToken | GoroutineSwitchesPerWork => Unit::Switches,
            SwitchesPerToken | SwitchesPerWork => Unit::Switches,
            WakeupsPerToken | WakeupsPerWork => Unit::Wakeups,
            _ => Unit::Ns,
        }
    }

    /// Returns the denominator of the metric's values. That of a metric per unit of work has no
    /// name yet; see [`crate::comparison::Metric::per`].
    pub const fn per(self) -> Per {
        use MetricId::*;
        match self {
            StartCpuNs | StartMinorFaults | StartMajorFaults | StartSyscalls => Per::Start,
            CpuNsPerRequest => Per::Request,
            CpuNsPerSecond | ThreadNsPerSecond | RunQueueNsPerSecond => Per::Second,
            LoopWorkNsPerIteration => Per::Iteration,
            CpuNsPerToken
            | LoopBlockedNsPerToken
            | LoopRunQueueNsPerToken
            | LoopIterationsPerToken
            | LoopEmptyPollsPerToken
            | GcBurstsPerToken
            | GoroutineSwitchesPerToken
            | SwitchesPerToken
            | WakeupsPerToken
            | SyscallsPerToken
            | FaultsPerToken => Per::Token,
            CpuNsPerWork
            | LoopBlockedNsPerWork
            | LoopRunQueueNsPerWork
            | LoopIterationsPerWork
            | LoopEmptyPollsPerWork
            | GcBurstsPerWork
            | GoroutineSwitchesPerWork
            | SwitchesPerWork
            | WakeupsPerWork
            | SyscallsPerWork
            | FaultsPerWork => Per::Work(WorkName::UNIT),
            _ => Per::Total,
        }
    }

    /// Returns whether the metric is per unit of work.
    pub const fn is_per_work(self) -> bool {
        matches!(self.per(), Per::Work(_))
    }

    /// Returns whether the metric describes starts of the server rather than a server under load.
    pub const fn is_of_start(self) -> bool {
        use MetricId::*;
        matches!(
            self,
            StartFirstTokenNs
                | StartListeningNs
                | StartCpuNs
                | StartMinorFaults
                | StartMajorFaults
                | StartSyscalls
                | StartBinaryBytes
                | StartInstalledBytes
        )
    }

    /// Returns whether the metric is the CPU time of a unit of work or of a second.
    pub const fn is_cpu_time(self) -> bool {
        use MetricId::*;
        matches!(
            self,
            StartCpuNs | CpuNsPerWork | CpuNsPerToken | CpuNsPerRequest | CpuNsPerSecond
        )
    }

    /// Returns whether the metric is the mean or a percentile of proxy latency.
    pub const fn is_proxy_latency(self) -> bool {
        use MetricId::*;
        matches!(
            self,
            ProxyLatencyMeanNs | ProxyLatencyNs | ProxyLatencyP90Ns | ProxyLatencyP99Ns
        )
    }
}
