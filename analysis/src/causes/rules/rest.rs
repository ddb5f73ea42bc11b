//! Rules of memory, proxy latency and event loops.

use super::super::{Explains, Rule, leak, memory_regions, proxy_latency, stalls};
use crate::about::About;
use recording::vocabulary::{ProxyStage, RegionClass};

/// The rules, those with the most specific pattern first.
pub(super) const RULES: &[Rule] = &[
    Rule {
        about: About {
            id: "leak",
            title: "Memory leak or unbounded cache",
            pattern: "Resident memory that grows as fast in the second half of a round as in the first, and makes up the difference",
            meaning: "The process keeps more memory for every request or token, so the difference grows with time.",
            advice: "Use the runtime's heap profiler to see the objects; record longer (--scenario soak) to see whether growth ends.",
        },
        explains: Explains::Memory,
        consequence: false,
        removable: false,
        check: leak::check,
    },
    Rule {
        about: About {
            id: "binary-size",
            title: "Binary size",
            pattern: "Resident pages of the executable and of libraries",
            meaning: "Code is mapped from files and shared between processes of one binary, so it is paid once per host.",
            advice: "Compare PSS instead of RSS where many such processes run.",
        },
        explains: Explains::Memory,
        consequence: false,
        removable: false,
        check: |pair| memory_regions::check(pair, memory_regions::BINARY),
    },
    Rule {
        about: About {
            id: "jit-memory",
            title: "JIT code",
            pattern: "Resident pages of JIT code",
            meaning: "The JIT reserves a code cache and fills it as the program warms up.",
            advice: "Only a runtime without a JIT, or with a smaller code cache, saves it.",
        },
        explains: Explains::Memory,
        consequence: false,
        removable: false,
        check: |pair| memory_regions::check(pair, &[RegionClass::JitCode]),
    },
    Rule {
        about: About {
            id: "thread-stacks",
            title: "Thread stacks",
            pattern: "Resident pages of thread stacks",
            meaning: "Each thread keeps the deepest stack that it ever used.",
            advice: "Use fewer threads.",
        },
        explains: Explains::Memory,
        consequence: false,
        removable: false,
        check: |pair| memory_regions::check(pair, &[RegionClass::ThreadStacks]),
    },
    Rule {
        about: About {
            id: "retained-heap",
            title: "Runtime heap",
            pattern: "Resident pages of the runtime's heap",
            meaning: "The heap holds live data, garbage that was not collected yet, and free memory that the allocator keeps.",
            advice: "Compare after a forced collection to see the live data; limit the heap (GOMEMLIMIT, bun --smol).",
        },
        explains: Explains::Memory,
        consequence: false,
        removable: false,
        check: memory_regions::heap,
    },
    Rule {
        about: About {
            id: "queueing",
            title: "Queueing before receive",
            pattern: "Time from data readable to data received",
            meaning: "The thread had to wake up, wait for a CPU, or finish other work first.",
            advice: "Look at run-queue time, and at the length of loop iterations.",
        },
        explains: Explains::ProxyLatency,
        consequence: false,
        removable: false,
        check: |pair| proxy_latency::check(pair, proxy_latency::BEFORE_RECEIVE),
    },
    Rule {
        about: About {
            id: "slow-forwarding",
            title: "Receive to send",
            pattern: "Time from receive to send",
            meaning: "This is the program's own work per chunk, including handoffs between its threads.",
            advice: "Look at user code and at thread handoffs.",
        },
        explains: Explains::ProxyLatency,
        consequence: false,
        removable: false,
        check: |pair| proxy_latency::check(pair, &[ProxyStage::ReceiveToSend]),
    },
    Rule {
        about: About {
            id: "collector-pause",
            title: "GC pause",
            pattern: "An event loop that waits in thread synchronization, about as long as GC threads run",
            meaning: "The program stops while garbage is collected.",
            advice: "Allocate less for each unit of work, or choose a concurrent collector.",
        },
        explains: Explains::Blocked,
        consequence: false,
        removable: false,
        check: stalls::gc_pause,
    },
    Rule {
        about: About {
            id: "lock-contention",
            title: "Waiting for another thread",
            pattern: "An event loop that blocks in thread synchronization",
            meaning: "The loop needs a lock or a result of another thread; every connection that it serves waits.",
            advice: "Hold the lock for less time, give each thread its own data, or wait for the result as an event.",
        },
        explains: Explains::Blocked,
        consequence: false,
        removable: true,
        check: stalls::lock_contention,
    },
    Rule {
        about: About {
            id: "loop-blocking",
            title: "Blocked event loop",
            pattern: "An event loop that blocks in syscalls other than event polling",
            meaning: "While the loop blocks in one syscall, it serves no other connection.",
            advice: "Use the asynchronous form of the call, or make it on another thread.",
        },
        explains: Explains::Blocked,
        consequence: false,
        removable: true,
        check: stalls::loop_blocking,
    },
    Rule {
        about: About {
            id: "oversubscription",
            title: "More threads than CPUs",
            pattern: "Run-queue time of an event loop while the target's own threads hold the CPU (where that was not recorded: while they use half of all CPU time)",
            meaning: "The program's other threads compete with the event loop.",
            advice: "Use no more threads than CPUs, or lower the priority of background threads.",
        },
        explains: Explains::RunQueue,
        consequence: false,
        removable: false,
        check: stalls::oversubscription,
    },
    Rule {
        about: About {
            id: "noisy-neighbour",
            title: "Noisy neighbour",
            pattern: "Run-queue time of an event loop while other processes hold the CPU",
            meaning: "Other processes hold the CPUs.",
            advice: "Give the target its own CPUs (--target-cpus), or stop the other processes.",
        },
        explains: Explains::RunQueue,
        consequence: false,
        removable: false,
        check: stalls::noisy_neighbour,
    },
];
