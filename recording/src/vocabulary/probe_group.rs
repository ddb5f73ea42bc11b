//! Probe groups: eBPF programs that serve one purpose together.

use super::vocabulary;

vocabulary! {
    /// Probes that are attached and detached together.
    ProbeGroup {
        /// Time on a CPU, switches, threads that begin and end.
        Scheduler = "scheduler", "scheduler";
        /// Wake-ups, which separate sleep from waiting for a CPU.
        Wakeups = "wakeups", "wake-ups";
        /// Which thread woke which.
        Wakers = "wakers", "wakers";
        /// Moves between CPUs.
        Migrations = "migrations", "CPU migrations";
        /// System calls: counts, results, time on a CPU and blocked.
        Syscalls = "syscalls", "syscalls";
        /// Bytes of each send and receive.
        Sockets = "sockets", "socket sends and receives";
        /// Arrival of data in a socket.
        SocketArrival = "socket-arrival", "socket arrival";
        /// Connections opened and closed.
        Connections = "connections", "connections";
        /// TCP segments sent again.
        Retransmits = "retransmits", "TCP retransmits";
        /// Requests to block devices.
        BlockIo = "block-io", "block I/O";
        /// Page faults.
        PageFaults = "page-faults", "page faults";
        /// Processes that join a cgroup of the target.
        CgroupJoins = "cgroup-joins", "processes that join a cgroup";
        /// CPU-clock samples.
        CpuSamples = "cpu-samples", "CPU samples";
        /// Threads that begin and end, without any other probe.
        ThreadLifetimes = "thread-lifetimes", "thread lifetimes";
        /// Functions that a runtime calls once for each garbage collection.
        GcCalls = "gc-calls", "garbage collections";
        /// Functions of Go's runtime, in instrumented rounds only.
        GoRuntime = "go-runtime", "Go runtime functions";
    }
}
